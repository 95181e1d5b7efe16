//! The formulas: what a run takes on a type in a region.
//!
//! Symbols as in the guide "How the decision is made": T hours of training, r share of
//! repeated work on spot, o start-up, H billed hours, D gigabytes.

use catalog::{Catalog, Figure, InstanceType, ModelClass, Precision, Region, Throughput};

use crate::factors::{Factors, Input, METRICS, Metric};
use crate::{
    Capacity, ComputeOptimization, EstimateFor, InputMode, ModelType, Request, TrainingStrategy,
};

/// GiB to GB, as memory is sold.
pub(crate) const GB_PER_GIB: f64 = 1.0737;

/// What the throughput table calls a model type.
pub(crate) fn class_of(model_type: ModelType) -> Option<ModelClass> {
    match model_type {
        ModelType::ComputerVision => Some(ModelClass::Vision),
        ModelType::NaturalLanguage => Some(ModelClass::Nlp),
        ModelType::GenerativeAi => Some(ModelClass::Llm),
        ModelType::TabularData | ModelType::ReinforcementLearning | ModelType::TimeSeries => None,
    }
}

/// Half-widths of a figure in natural logarithms.
pub(crate) fn widths(figure: Figure) -> [f64; 2] {
    let ln = |ratio: f64| {
        if ratio > 0.0 && ratio.is_finite() {
            ratio.ln().max(0.0)
        } else {
            0.0
        }
    };
    [
        ln(figure.value / figure.low),
        ln(figure.high / figure.value),
    ]
}

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

/// Everything about the request that does not depend on the candidate.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) request: &'a Request,
    pub(crate) class: Option<ModelClass>,
    pub(crate) reference: usize,
    pub(crate) home: usize,
    pub(crate) instances: f64,
}

/// Central figures of one candidate. Plain numbers; units are in the names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) training_h: f64,
    /// Share of repeated work.
    pub(crate) repeated: f64,
    pub(crate) startup_h: f64,
    pub(crate) billed_h: f64,
    train_kwh: f64,
    idle_kwh: f64,
    network_kwh: f64,
    storage_kwh: f64,
    pub(crate) kwh: f64,
    pub(crate) it_kwh: f64,
    pub(crate) run_kg: f64,
    train_kg: f64,
    pub(crate) storage_kg: f64,
    pub(crate) embodied_kg: f64,
    pub(crate) network_kg: f64,
    pub(crate) kg: f64,
    /// NaN where the price is unknown.
    pub(crate) compute_usd: f64,
    pub(crate) storage_usd: f64,
    pub(crate) egress_usd: f64,
    pub(crate) usd: f64,
    /// Price per instance and hour on demand; NaN where unknown.
    pub(crate) list_usd_h: f64,
    /// Elasticity of the training hours, repeated work included, to T.
    per_training: f64,
    /// The same to the hazard of an interruption.
    per_hazard: f64,
    /// The same to start-up times.
    per_startup: f64,
    spot_saving: f64,
}

/// How the capacity is bought, with what spot needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Buying {
    OnDemand,
    Spot {
        saving: f64,
        interruption_percent: f64,
    },
}

impl Buying {
    pub(crate) fn capacity(self) -> Capacity {
        match self {
            Self::OnDemand => Capacity::OnDemand,
            Self::Spot { .. } => Capacity::Spot,
        }
    }
}

impl<'a> Model<'a> {
    pub(crate) fn types(&self) -> &'a [InstanceType] {
        self.catalog.instance_types()
    }

    pub(crate) fn regions(&self) -> &'a [Region] {
        self.catalog.regions()
    }

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

    fn scaling(&self, instance_type: &InstanceType) -> (u8, Figure) {
        let constants = self.catalog.constants();
        let each = instance_type.network_gbps_each();
        if instance_type.efa && each >= 50.0 {
            (0, constants.scaling_fast)
        } else if each >= 12.5 {
            (1, constants.scaling_medium)
        } else {
            (2, constants.scaling_slow)
        }
    }

    /// Hours of downloading the dataset at the start of every attempt.
    pub(crate) fn download_h(&self, instance_type: &InstanceType) -> f64 {
        if self.request.input_mode != InputMode::File {
            return 0.0;
        }
        let constants = self.catalog.constants();
        let speed = if instance_type.has_nvme() {
            constants.nvme_gb_per_s
        } else {
            constants.ebs_gb_per_s
        };
        self.request.dataset_size_gb / (3600.0 * speed.value)
    }

    /// Whether the dataset would have to be moved to run in a region.
    pub(crate) fn is_remote(&self, region: usize) -> bool {
        region != self.home
            && !self
                .request
                .regional
                .get(self.regions()[region].name)
                .is_some_and(|r| r.dataset_s3_uri)
    }

    /// Central figures on a type in a region.
    pub(crate) fn figures(
        &self,
        pace: &Pace,
        instance_type: usize,
        region: usize,
        buying: Buying,
    ) -> Figures {
        let c = self.catalog.constants();
        let t = &self.types()[instance_type];
        let r = &self.regions()[region];
        let n = self.instances;
        let training_h = pace.hours;
        let download = self.download_h(t);
        let startup_h = c.startup_hours.value + download + c.upload_hours.value;

        let (mut repeated, mut per_training, mut per_hazard, mut per_startup) =
            (0.0, 1.0, 0.0, 0.0);
        if let Buying::Spot {
            interruption_percent,
            ..
        } = buying
        {
            let hazard =
                -(1.0 - interruption_percent / 100.0).ln() / c.spot_exposure_hours.value * n;
            if self.request.supports_checkpointing {
                let lost = self.request.checkpoint_frequency_minutes / 60.0 / 2.0;
                let restart = c.restart_hours.value + download;
                repeated = hazard * (lost + restart);
                per_hazard = repeated / (1.0 + repeated);
                per_startup = hazard * restart / (1.0 + repeated);
            } else {
                let x = hazard * training_h;
                if x > 1e-9 {
                    repeated = x.exp_m1() / x - 1.0;
                    per_training = x * x.exp() / x.exp_m1();
                    per_hazard = per_training - 1.0;
                }
            }
        }
        let compute_h = training_h * (1.0 + repeated);
        let billed_h = compute_h + startup_h;

        let pue = r.pue.value;
        let ci = r.intensity.value;
        let train_it = n * t.train_w * compute_h / 1000.0;
        let idle_it = n * t.idle_w * startup_h / 1000.0;
        let (train_kwh, idle_kwh) = (pue * train_it, pue * idle_it);
        let moved_gb = if self.is_remote(region) {
            self.request.dataset_size_gb
        } else {
            0.0
        };
        let network_kwh = moved_gb * c.network_kwh_per_gb.value;
        let storage_kwh = moved_gb / 1000.0 * c.storage_wh_per_tb_h.value * billed_h / 1000.0;
        let (train_kg, idle_kg) = (train_kwh * ci / 1000.0, idle_kwh * ci / 1000.0);
        let storage_kg = storage_kwh * ci / 1000.0;
        let home_ci = self.regions()[self.home].intensity.value;
        let network_kg = network_kwh * (ci + home_ci) / 2.0 / 1000.0;
        let embodied_kg = t.embodied_g_per_h * n * billed_h / 1000.0;

        let list_usd_h = self
            .catalog
            .price_at(instance_type, region)
            .and_then(|p| p.on_demand_usd_h)
            .unwrap_or(f64::NAN);
        let spot_saving = match buying {
            Buying::OnDemand => 0.0,
            Buying::Spot { saving, .. } => saving,
        };
        let compute_usd = list_usd_h * n * billed_h * (1.0 - spot_saving);
        let egress_usd = if moved_gb > 0.0 {
            let home = self.regions()[self.home].name;
            moved_gb
                * self
                    .catalog
                    .egress_usd_per_gb(home, r.name)
                    .unwrap_or(f64::NAN)
        } else {
            0.0
        };
        let storage_usd =
            moved_gb * c.storage_usd_per_gb_month.value * billed_h / c.hours_per_month.value;
        Figures {
            training_h,
            repeated,
            startup_h,
            billed_h,
            train_kwh,
            idle_kwh,
            network_kwh,
            storage_kwh,
            kwh: train_kwh + idle_kwh + network_kwh + storage_kwh,
            it_kwh: train_it + idle_it,
            run_kg: train_kg + idle_kg,
            train_kg,
            storage_kg,
            embodied_kg,
            network_kg,
            kg: train_kg + idle_kg + storage_kg + embodied_kg + network_kg,
            compute_usd,
            storage_usd,
            egress_usd,
            usd: compute_usd + storage_usd + egress_usd,
            list_usd_h,
            per_training,
            per_hazard,
            per_startup,
            spot_saving,
        }
    }

    /// The inputs behind a candidate's figures, with their exponents.
    pub(crate) fn factors(
        &self,
        pace: &Pace,
        x: &Figures,
        instance_type: usize,
        region: usize,
    ) -> Factors {
        let c = self.catalog.constants();
        let half = self.catalog.half_widths();
        let t = &self.types()[instance_type];
        let r = &self.regions()[region];
        let mut factors = Factors::default();

        // An input of the hours: `training` on T(1+r), `startup` on o.
        let of_hours = |training: f64, startup: f64| {
            let compute_h = x.billed_h - x.startup_h;
            let hours = (training * compute_h + startup * x.startup_h) / x.billed_h;
            let idle_kg = x.run_kg - x.train_kg;
            let idle_it = x.it_kwh - x.train_kwh / r.pue.value;
            exponents([
                (
                    Metric::Kg,
                    (x.train_kg * training
                        + idle_kg * startup
                        + (x.storage_kg + x.embodied_kg) * hours)
                        / x.kg,
                ),
                (
                    Metric::Kwh,
                    (x.train_kwh * training + x.idle_kwh * startup + x.storage_kwh * hours) / x.kwh,
                ),
                (Metric::Usd, (x.compute_usd + x.storage_usd) * hours / x.usd),
                (Metric::Hours, hours),
                (
                    Metric::ItKwh,
                    (x.train_kwh / r.pue.value * training + idle_it * startup) / x.it_kwh,
                ),
                (Metric::Compute, training),
            ])
        };
        for (input, width, exponent) in &pace.inputs {
            factors.push(*input, *width, of_hours(exponent * x.per_training, 0.0));
        }
        factors.push(
            Input::StartUp,
            widths(c.startup_hours),
            of_hours(x.per_startup, 1.0),
        );
        if x.per_hazard > 0.0 {
            // A longer exposure is a smaller hazard.
            let [down, up] = widths(c.spot_exposure_hours);
            factors.push(Input::SpotExposure, [up, down], of_hours(x.per_hazard, 0.0));
        }

        let run = |kg: f64, kwh: f64, it: f64| {
            exponents([
                (Metric::Kg, kg / x.kg),
                (Metric::Kwh, kwh / x.kwh),
                (Metric::ItKwh, it),
            ])
        };
        let (run_kwh, train_it) = (
            x.train_kwh + x.idle_kwh,
            x.train_kwh / r.pue.value / x.it_kwh,
        );
        factors.push(
            Input::Power(self.family(instance_type)),
            t.power_width,
            run(x.run_kg, run_kwh, 1.0),
        );
        let a = t.accelerator_share;
        if a > 0.0 {
            factors.push(
                Input::LoadAccelerator,
                half.load_accelerator,
                run(a * x.train_kg, a * x.train_kwh, a * train_it),
            );
        }
        let h = 1.0 - a;
        factors.push(
            Input::LoadHost,
            half.load_host,
            run(h * x.train_kg, h * x.train_kwh, h * train_it),
        );
        factors.push(
            Input::Pue(index(region)),
            widths(r.pue),
            run(x.run_kg, run_kwh, 0.0),
        );

        let grid = |kg: f64| exponents([(Metric::Kg, kg / x.kg)]);
        let zone = self.zone(region);
        let home = &self.regions()[self.home];
        let here =
            r.intensity.value / (r.intensity.value + home.intensity.value).max(f64::MIN_POSITIVE);
        let at_site = x.run_kg + x.storage_kg;
        factors.push(
            Input::Intensity(zone),
            widths(r.intensity),
            grid(at_site + x.network_kg * here),
        );
        if x.network_kg > 0.0 {
            let there = x.network_kg * (1.0 - here);
            factors.push(
                Input::Intensity(self.zone(self.home)),
                widths(home.intensity),
                grid(there),
            );
            let network = c.network_kwh_per_gb;
            let (kg, kwh) = (x.network_kg / x.kg, x.network_kwh / x.kwh);
            // Its range begins at zero, so the displacement is computed, not linearised.
            let moved = |share: f64| {
                let to = |end: f64| (1.0 - share + share * end / network.value).max(1e-9).ln();
                [-to(network.low), to(network.high)]
            };
            let width = moved(kg.max(kwh));
            let scale = kg.max(kwh).max(f64::MIN_POSITIVE);
            factors.push(
                Input::Network,
                width,
                exponents([(Metric::Kg, kg / scale), (Metric::Kwh, kwh / scale)]),
            );
        }
        let spread = straying(r, x.training_h);
        factors.push(Input::Variability(zone), [spread, spread], grid(at_site));
        factors.push(Input::Embodied, t.embodied_width, grid(x.embodied_kg));

        if x.usd.is_finite() {
            let share = exponents([(Metric::Usd, x.compute_usd / x.usd)]);
            let width = match self.catalog.price_at(instance_type, region) {
                Some(p) if p.basis == catalog::Basis::Own => [0.0, 0.0],
                Some(p) if p.verified => half.price_verified,
                _ => half.price_inferred,
            };
            factors.push(Input::Price(self.family(instance_type)), width, share);
            if x.spot_saving > 0.0 {
                // Points of saving move what is paid the other way.
                let paid = 1.0 - x.spot_saving;
                let [less, more] = half.spot_saving_points.map(|p| p / 100.0);
                let width = [
                    (paid / (paid - more).max(0.01)).ln(),
                    ((paid + less) / paid).ln(),
                ];
                factors.push(
                    Input::Spot(self.family(instance_type), index(region)),
                    width,
                    share,
                );
            }
        }
        factors
    }

    /// The first type of the family: one name for what the family shares.
    fn family(&self, instance_type: usize) -> u16 {
        let family = self.types()[instance_type].family;
        index(
            self.types()
                .iter()
                .position(|t| t.family == family)
                .unwrap_or(instance_type),
        )
    }

    /// The first region of the zone.
    fn zone(&self, region: usize) -> u16 {
        let zone = self.regions()[region].zone;
        index(
            self.regions()
                .iter()
                .position(|r| r.zone == zone)
                .unwrap_or(region),
        )
    }
}

fn index(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

fn exponents<const N: usize>(list: [(Metric, f64); N]) -> [f64; METRICS] {
    let mut all = [0.0; METRICS];
    for (metric, exponent) in list {
        all[metric as usize] = if exponent.is_finite() { exponent } else { 0.0 };
    }
    all
}

/// How far a run of some hours strays from the annual average: between 24 h and 96 h on
/// the logarithm of the hours.
fn straying(region: &Region, hours: f64) -> f64 {
    let v = region.variability;
    let place = ((hours / 24.0).ln() / 4.0_f64.ln()).clamp(0.0, 1.0);
    v.h24 + (v.h96 - v.h24) * place
}

impl Model<'_> {
    /// Upward half-widths of the training hours (repeated work included) and of the
    /// billed hours: the part of [`Model::factors`] that every candidate needs.
    pub(crate) fn time_widths(&self, pace: &Pace, x: &Figures) -> [f64; 2] {
        let c = self.catalog.constants();
        let compute_h = x.billed_h - x.startup_h;
        let mut square = [0.0, 0.0];
        let mut add = |[down, up]: [f64; 2], training: f64, startup: f64| {
            let exponents = [
                training,
                (training * compute_h + startup * x.startup_h) / x.billed_h,
            ];
            for (sum, e) in square.iter_mut().zip(exponents) {
                let above = (-e * down).max(e * up).max(0.0);
                *sum += above * above;
            }
        };
        for (_, width, exponent) in &pace.inputs {
            add(*width, exponent * x.per_training, 0.0);
        }
        add(widths(c.startup_hours), x.per_startup, 1.0);
        if x.per_hazard > 0.0 {
            let [down, up] = widths(c.spot_exposure_hours);
            add([up, down], x.per_hazard, 0.0);
        }
        square.map(f64::sqrt)
    }
}
