//! The inputs behind a candidate's figures, with their half-widths and exponents.

use catalog::{Figure, Region, UtcSeconds, sd_of_mean};

use super::{Figures, Model, Pace, widths};
use crate::factors::{Factors, Input, METRICS, Metric};

impl Model<'_> {
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
        let pool_h = self.request.keep_alive.0;
        let mut factors = Factors::default();

        // An input of the hours: `training` on T(1+r), `startup` on o.
        let of_hours = |training: f64, startup: f64| {
            let compute_h = x.billed_h - x.startup_h;
            let hours = (training * compute_h + startup * x.startup_h) / x.billed_h;
            // A warm pool lasts as long as it is asked to and a file system until its planned deletion, whatever the hours
            // of the run.
            let embodied_kg = x.embodied_kg * x.billed_h / (x.billed_h + pool_h);
            let compute_usd = x.compute_usd - x.list_usd_h * self.instances * pool_h;
            let storage_kwh = x.storage_kwh - x.file_system_kwh;
            let storage_kg = storage_kwh * x.ci / 1000.0;
            let storage_usd = x.storage_usd - x.file_system_usd;
            exponents([
                (
                    Metric::Kg,
                    (x.train_kg * training
                        + x.idle_kg * startup
                        + (storage_kg + embodied_kg) * hours)
                        / x.kg,
                ),
                (
                    Metric::Kwh,
                    (x.train_kwh * training + x.idle_kwh * startup + storage_kwh * hours) / x.kwh,
                ),
                (Metric::Usd, (compute_usd + storage_usd) * hours / x.usd),
                (Metric::Hours, hours),
                (
                    Metric::ItKwh,
                    (x.train_kwh * training + x.idle_kwh * startup) / r.pue.value / x.it_kwh,
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
            factors.push(
                Input::SpotExposure,
                self.hazard_widths(x),
                of_hours(x.per_hazard, 0.0),
            );
        }

        let run = |kg: f64, kwh: f64, it: f64| {
            exponents([
                (Metric::Kg, kg / x.kg),
                (Metric::Kwh, kwh / x.kwh),
                (Metric::ItKwh, it),
            ])
        };
        let (run_kwh, train_it) = (
            x.train_kwh + x.idle_kwh + x.pool_kwh,
            x.train_kwh / r.pue.value / x.it_kwh,
        );
        factors.push(
            Input::Power(t.family),
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
            Input::Pue(r.name),
            widths(r.pue),
            run(x.run_kg, run_kwh, 0.0),
        );

        let grid = |kg: f64| exponents([(Metric::Kg, kg / x.kg)]);
        let zone = r.zone;
        let home = &self.regions()[self.home];
        let (own, theirs) = (self.level(region), self.level(self.home));
        let here = own / (own + theirs).max(f64::MIN_POSITIVE);
        let at_site = x.run_kg + x.storage_kg;
        let (hours, level) = self.hours(x, region);
        factors.push(
            Input::Intensity(zone),
            widths(r.intensity),
            grid(at_site * level + x.network_kg * here),
        );
        if x.network_kg > 0.0 {
            let there = x.network_kg * (1.0 - here);
            factors.push(
                Input::Intensity(home.zone),
                widths(home.intensity),
                grid(there),
            );
            // Its range begins at zero and its share can be large: what each end does to each
            // figure is computed, not linearised, so the two ends are two inputs of width 1.
            let network = c.network_kwh_per_gb;
            let share = [x.network_kg / x.kg, x.network_kwh / x.kwh];
            let [less, more] = moved(network, share);
            factors.push(Input::NetworkLess, [0.0, 1.0], less);
            factors.push(Input::NetworkMore, [0.0, 1.0], more);
        }
        match hours {
            Some((start, width)) => {
                // What a later start shares with the error of starting at once, and what is its own.
                let first = self.time.as_ref().map_or(start, |time| time.earliest);
                let memory = c.start_noise_memory_hours.value;
                let shared = (-start.hours_since(first) / memory).exp();
                let own = (1.0 - shared * shared).max(0.0).sqrt();
                factors.push(Input::Hours(zone, first.0), width, grid(at_site * shared));
                if own > 0.0 {
                    factors.push(Input::Hours(zone, start.0), width, grid(at_site * own));
                }
            }
            None => {
                let spread = c.variability_multiple.value * straying(r, x.training_h);
                factors.push(Input::Variability(zone), [spread, spread], grid(at_site));
            }
        }
        if x.file_system_kwh > 0.0 {
            let (kwh, kg) = (x.file_system_kwh, x.file_system_kwh * x.ci / 1000.0);
            // As wide as the network's, and with as large a share.
            let [less, more] = moved(c.fsx_wh_per_tb_h, [kg / x.kg, kwh / x.kwh]);
            factors.push(Input::FileSystemPowerLess, [0.0, 1.0], less);
            factors.push(Input::FileSystemPowerMore, [0.0, 1.0], more);
            if x.usd.is_finite() {
                let price = exponents([(Metric::Usd, x.file_system_usd / x.usd)]);
                factors.push(
                    Input::FileSystemPrice,
                    widths(c.fsx_usd_per_gb_month),
                    price,
                );
            }
        }
        factors.push(Input::Embodied, t.embodied_width, grid(x.embodied_kg));

        if x.usd.is_finite() {
            let share = exponents([(Metric::Usd, x.compute_usd / x.usd)]);
            let width = match self.catalog.price_at(instance_type, region) {
                Some(p) if p.basis == catalog::Basis::Own => [0.0, 0.0],
                Some(p) if p.verified => half.price_verified,
                _ => half.price_inferred,
            };
            factors.push(Input::Price(t.family), width, share);
            if x.spot_saving > 0.0 {
                // Points of saving move what is paid the other way.
                let paid = 1.0 - x.spot_saving;
                let [less, more] = half.spot_saving_points.map(|p| p / 100.0);
                let width = [
                    (paid / (paid - more).max(0.01)).ln(),
                    ((paid + less) / paid).ln(),
                ];
                factors.push(Input::Spot(t.family, r.name), width, share);
            }
        }
        factors
    }
}

/// What the two ends of a figure do to emissions and energy, of which it makes these shares.
fn moved(figure: Figure, [kg, kwh]: [f64; 2]) -> [[f64; METRICS]; 2] {
    [figure.low, figure.high].map(|end| {
        let to = |share: f64| (1.0 - share + share * end / figure.value).max(1e-9).ln();
        exponents([(Metric::Kg, to(kg)), (Metric::Kwh, to(kwh))])
    })
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
pub(crate) fn straying(region: &Region, hours: f64) -> f64 {
    let v = region.variability;
    let place = ((hours / 24.0).ln() / 4.0_f64.ln()).clamp(0.0, 1.0);
    v.h24 + (v.h96 - v.h24) * place
}

impl Model<'_> {
    /// The start and the half-widths of the mean intensity over a run, where a forecast or a profile gives
    /// its hours a range, and how much of the run's level is the annual average: all of it, unless a
    /// series from outside is taken as it is.
    ///
    /// Errors of hours that are far from each other differ, so that the mean of a long run errs less than
    /// its hours do ([`catalog::sd_of_mean`]).
    fn hours(&self, x: &Figures, region: usize) -> (Option<(UtcSeconds, [f64; 2])>, f64) {
        let (Some(grid), Some(start)) = (self.grid(region), x.start) else {
            return (None, 1.0);
        };
        let Some(ends) = &grid.ranges else {
            return (None, 1.0);
        };
        let memory = self.catalog.constants().start_noise_memory_hours.value;
        let share = sd_of_mean(x.billed_h, memory);
        let [low, high] = ends.each_ref().map(|end| {
            let end = x.load.means(end, start)[2] / x.ci.max(f64::MIN_POSITIVE);
            1.0 + (end - 1.0) * share
        });
        let width = [-low.max(0.01).ln(), high.max(1.0).ln()].map(|w| w.max(0.0));
        let outside = match grid.told.covers {
            Some([from, until]) if !grid.told.shaped => {
                let end = start.plus_hours(x.billed_h).min(until);
                let covered = end.hours_since(start.max(from)).max(0.0) / x.billed_h;
                (1.0 - covered).clamp(0.0, 1.0)
            }
            _ => 1.0,
        };
        (Some((start, width)), outside)
    }

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
            add(self.hazard_widths(x), x.per_hazard, 0.0);
        }
        square.map(f64::sqrt)
    }

    /// Half-widths of the hazard. A longer exposure is a smaller hazard, and no hazard at all
    /// saves no more than the repeated work.
    fn hazard_widths(&self, x: &Figures) -> [f64; 2] {
        let [shorter, longer] = widths(self.catalog.constants().spot_exposure_hours);
        [longer.min(x.repeated.ln_1p() / x.per_hazard), shorter]
    }
}
