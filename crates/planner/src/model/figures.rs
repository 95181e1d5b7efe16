//! Central figures: hours, kWh, kgCO2e, USD.

use super::{Buying, Model, Pace};

/// Central figures of one candidate. Plain numbers; units are in the names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) training_h: f64,
    /// Share of repeated work.
    pub(crate) repeated: f64,
    pub(crate) startup_h: f64,
    pub(crate) billed_h: f64,
    pub(super) train_kwh: f64,
    pub(super) idle_kwh: f64,
    pub(super) network_kwh: f64,
    pub(super) storage_kwh: f64,
    pub(crate) kwh: f64,
    pub(crate) it_kwh: f64,
    pub(crate) run_kg: f64,
    pub(super) train_kg: f64,
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
    pub(super) per_training: f64,
    /// The same to the hazard of an interruption.
    pub(super) per_hazard: f64,
    /// The same to start-up times.
    pub(super) per_startup: f64,
    pub(super) spot_saving: f64,
}

impl Model<'_> {
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
}
