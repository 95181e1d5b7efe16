//! Hours on a type from the hours on the reference.

use catalog::{Figure, InstanceType, Precision, Throughput};

use super::{Model, widths};
use crate::factors::Input;
use crate::{ComputeOptimization, EstimateFor, Request, TrainingStrategy};

/// Hours of training on a type, with the inputs behind them.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    pub(crate) hours: f64,
    /// Input, half-widths, exponent on the hours.
    pub(crate) inputs: Vec<(Input, [f64; 2], f64)>,
}

impl Pace {
    fn times(&mut self, factor: f64, input: Input, widths: [f64; 2], exponent: f64) {
        self.hours *= factor;
        match self.inputs.iter_mut().find(|(i, _, _)| *i == input) {
            Some((_, _, sum)) => *sum += exponent,
            None => self.inputs.push((input, widths, exponent)),
        }
    }
}

/// Why the hours on a type are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPace {
    /// The model type has no throughput class.
    Class,
    /// No row for the type's accelerator.
    Row(Precision),
    /// The row is a guess or weak.
    Unsound(Precision),
    /// The same of the reference's accelerator.
    Reference,
    /// CPU of another generation or size.
    Generation,
    /// CPU against accelerator.
    Kind,
}

/// The arithmetic of a run on a type.
pub(crate) fn precision(request: &Request, instance_type: &InstanceType) -> Precision {
    let amp = request.enable_automatic_mixed_precision != Some(false)
        && request.compute_optimization != ComputeOptimization::None;
    if amp {
        Precision::Amp
    } else {
        plain_precision(instance_type)
    }
}

fn plain_precision(instance_type: &InstanceType) -> Precision {
    match instance_type.accelerator {
        Some(a) if a.key == "T4" || a.key == "K80" || a.key.starts_with("V100") => Precision::Fp32,
        _ => Precision::Tf32,
    }
}

/// Names of the constants of [`Model::scaling`], by class.
pub(crate) const SCALING: [&str; 3] = ["scaling_fast", "scaling_medium", "scaling_slow"];

impl<'a> Model<'a> {
    fn row(
        &self,
        instance_type: &InstanceType,
        precision: Precision,
    ) -> Option<(u16, &'a Throughput)> {
        let index = self.catalog.throughput_index(
            instance_type.accelerator?.key,
            self.class?,
            precision,
        )?;
        Some((
            u16::try_from(index).ok()?,
            &self.catalog.throughputs()[index],
        ))
    }

    /// Hours of the reference as the user gave them, before any technique.
    pub(crate) fn plain_pace(&self) -> Pace {
        Pace {
            hours: self.request.estimated_training_hours.0,
            inputs: Vec::new(),
        }
    }

    /// Hours of the reference in the run as configured.
    pub(crate) fn reference_pace(&self) -> Pace {
        let mut pace = self.plain_pace();
        if self.request.estimate_for == EstimateFor::ConfiguredRun {
            return pace;
        }
        let reference = &self.types()[self.reference];
        let (base, with) = (
            plain_precision(reference),
            precision(self.request, reference),
        );
        if base != with && reference.accelerator.is_some() {
            match (self.row(reference, base), self.row(reference, with)) {
                (Some((plain, p)), Some((amp, a))) => {
                    pace.times(
                        p.relative.value,
                        Input::Throughput(plain),
                        widths(p.relative),
                        1.0,
                    );
                    pace.times(
                        1.0 / a.relative.value,
                        Input::Throughput(amp),
                        widths(a.relative),
                        -1.0,
                    );
                }
                _ => {
                    let known =
                        self.class
                            .and(self.catalog.technique("mixed_precision", self.class, base));
                    if let Some(technique) = known {
                        let factor = technique.time_factor;
                        pace.times(factor.value, Input::Technique(0), widths(factor), 1.0);
                    }
                }
            }
        }
        if self.request.training_strategy == TrainingStrategy::GradientCheckpointing
            && let Some(technique) =
                self.catalog
                    .technique("gradient_checkpointing", self.class, base)
        {
            let factor = technique.time_factor;
            pace.times(factor.value, Input::Technique(1), widths(factor), 1.0);
        }
        pace
    }

    /// Hours on a type in the run as configured.
    pub(crate) fn pace(&self, index: usize) -> Result<Pace, NoPace> {
        let mut pace = self.reference_pace();
        if index == self.reference {
            return Ok(pace);
        }
        let reference = &self.types()[self.reference];
        let candidate = &self.types()[index];
        if let Some(own) = self.request.relative_throughput.get(candidate.name) {
            pace.hours /= own;
        } else if reference.accelerator.is_none() && candidate.accelerator.is_none() {
            if candidate.generation != reference.generation || candidate.vcpu != reference.vcpu {
                return Err(NoPace::Generation);
            }
        } else if reference.accelerator.is_none() || candidate.accelerator.is_none() {
            return Err(NoPace::Kind);
        } else {
            if self.class.is_none() {
                return Err(NoPace::Class);
            }
            let (p_ref, p) = (
                precision(self.request, reference),
                precision(self.request, candidate),
            );
            let (r, row_ref) = self.row(reference, p_ref).ok_or(NoPace::Reference)?;
            if !row_ref.basis.is_sound() {
                return Err(NoPace::Reference);
            }
            let (c, row) = self.row(candidate, p).ok_or(NoPace::Row(p))?;
            if !row.basis.is_sound() {
                return Err(NoPace::Unsound(p));
            }
            pace.times(
                row_ref.relative.value,
                Input::Throughput(r),
                widths(row_ref.relative),
                1.0,
            );
            pace.times(
                1.0 / row.relative.value,
                Input::Throughput(c),
                widths(row.relative),
                -1.0,
            );
            pace.hours *=
                f64::from(reference.accelerator_count) / f64::from(candidate.accelerator_count);
            for (instance_type, sign) in [(reference, 1.0), (candidate, -1.0)] {
                if instance_type.accelerator_count > 1 {
                    let (input, figure) = self.efficiency(instance_type);
                    pace.times(figure.value.powf(sign), input, widths(figure), sign);
                }
            }
        }
        let doublings = self.instances.log2();
        if doublings > 0.0 {
            for (instance_type, sign) in [(candidate, 1.0), (reference, -1.0)] {
                let (class, loss) = self.scaling(instance_type);
                let slower = 1.0 + loss.value * doublings;
                let exponent = loss.value * doublings / slower;
                pace.times(
                    slower.powf(sign),
                    Input::Scaling(class),
                    widths(loss),
                    sign * exponent,
                );
            }
        }
        Ok(pace)
    }

    fn efficiency(&self, instance_type: &InstanceType) -> (Input, Figure) {
        let constants = self.catalog.constants();
        if instance_type.has_nvlink() {
            (Input::Nvlink, constants.efficiency_nvlink)
        } else {
            (Input::Pcie, constants.efficiency_pcie)
        }
    }

    /// The loss of a type's network with several instances: its class, by the network of each accelerator, and the figure
    /// of that class (its name is in [`SCALING`]).
    pub(crate) fn scaling(&self, instance_type: &InstanceType) -> (u8, Figure) {
        let constants = self.catalog.constants();
        let each = instance_type.network_gbps_each();
        if instance_type.efa && each >= constants.scaling_fast_gbps.value {
            (0, constants.scaling_fast)
        } else if each >= constants.scaling_medium_gbps.value {
            (1, constants.scaling_medium)
        } else {
            (2, constants.scaling_slow)
        }
    }
}
