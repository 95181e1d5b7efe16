//! Central figures: hours, kWh, kgCO2e, USD.

use catalog::UtcSeconds;

use super::{Buying, Model, Pace};
use crate::answer::FileSystem;
use crate::time::{Curve, Load};
use crate::units::GB_PER_GIB;

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
    /// The warm pool after the run.
    pub(crate) pool_kwh: f64,
    pub(super) network_kwh: f64,
    pub(super) storage_kwh: f64,
    /// From the making of the file system to its planned deletion; 0 where there is none.
    pub(crate) file_system_h: f64,
    /// Of `storage_kwh`, the file system's.
    pub(super) file_system_kwh: f64,
    /// Of `storage_usd`, the same.
    pub(crate) file_system_usd: f64,
    pub(crate) kwh: f64,
    pub(crate) it_kwh: f64,
    pub(crate) run_kg: f64,
    pub(super) train_kg: f64,
    pub(super) idle_kg: f64,
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
    /// When it starts; `None` without time.
    pub(crate) start: Option<UtcSeconds>,
    /// Mean intensity over the run.
    pub(crate) ci: f64,
    /// What it draws at the meter over time, the stored dataset included.
    pub(crate) load: Load,
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
                let restart = c.restart_hours.value + download;
                repeated = hazard * (self.lost_h() + restart);
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
        let ci = self.level(region);
        let train_it = n * t.train_w * compute_h / 1000.0;
        let idle_it = n * t.idle_w * startup_h / 1000.0;
        let pool_h = self.request.keep_alive.0;
        let pool_it = n * t.idle_w * pool_h / 1000.0;
        let (train_kwh, idle_kwh, pool_kwh) = (pue * train_it, pue * idle_it, pue * pool_it);
        let moved_gb = if self.is_remote(region) {
            self.request.dataset_size_gb
        } else {
            0.0
        };
        let network_kwh = moved_gb * c.network_kwh_per_gb.value;
        let storage_kwh = moved_gb / 1000.0 * c.storage_wh_per_tb_h.value * billed_h / 1000.0;
        let home_ci = self.level(self.home);
        let network_kg = network_kwh * (ci + home_ci) / 2.0 / 1000.0;
        let embodied_kg = t.embodied_g_per_h * n * (billed_h + pool_h) / 1000.0;

        let list_usd_h = self
            .catalog
            .price_at(instance_type, region)
            .and_then(|p| p.on_demand_usd_h)
            .unwrap_or(f64::NAN);
        let spot_saving = match buying {
            Buying::OnDemand => 0.0,
            Buying::Spot { saving, .. } => saving,
        };
        let compute_usd = list_usd_h * n * (billed_h * (1.0 - spot_saving) + pool_h);
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
        let storage_kw = kw(storage_kwh, billed_h);
        let mut figures = Figures {
            training_h,
            repeated,
            startup_h,
            billed_h,
            train_kwh,
            idle_kwh,
            pool_kwh,
            network_kwh,
            storage_kwh,
            file_system_h: 0.0,
            file_system_kwh: 0.0,
            file_system_usd: 0.0,
            kwh: train_kwh + idle_kwh + pool_kwh + network_kwh + storage_kwh,
            it_kwh: train_it + idle_it + pool_it,
            run_kg: 0.0,
            train_kg: 0.0,
            idle_kg: 0.0,
            storage_kg: 0.0,
            embodied_kg,
            network_kg,
            kg: 0.0,
            compute_usd,
            storage_usd,
            egress_usd,
            usd: compute_usd + storage_usd + egress_usd,
            list_usd_h,
            per_training,
            per_hazard,
            per_startup,
            spot_saving,
            start: None,
            ci,
            load: Load {
                startup_kw: kw(idle_kwh, startup_h) + storage_kw,
                startup_h,
                training_kw: kw(train_kwh, compute_h) + storage_kw,
                training_h: compute_h,
            },
        };
        let limits = self.limits(self.high_h(pace, &figures), buying);
        if let Some(file_system) = self.file_system(&limits) {
            self.add(&file_system, &mut figures);
        }
        match &self.time {
            None => figures.set_intensity([ci; 3]),
            Some(time) => {
                let earliest = time.earliest;
                self.start_at(&mut figures, instance_type, region, buying, earliest);
            }
        }
        figures
    }

    /// Counts a file system until its planned deletion, idle hours included.
    fn add(&self, file_system: &FileSystem, x: &mut Figures) {
        let c = self.catalog.constants();
        let gib = f64::from(file_system.gib);
        let hours = file_system.making.0 + file_system.kept.0;
        let kwh = gib * GB_PER_GIB / 1000.0 * c.fsx_wh_per_tb_h.value * hours / 1000.0;
        let usd = gib * c.fsx_usd_per_gb_month.value * hours / c.hours_per_month.value;
        (x.file_system_h, x.file_system_kwh, x.file_system_usd) = (hours, kwh, usd);
        x.storage_kwh += kwh;
        x.kwh += kwh;
        x.storage_usd += usd;
        x.usd += usd;
        // What time sees of it is the run's.
        x.load.startup_kw += kw(kwh, x.billed_h);
        x.load.training_kw += kw(kwh, x.billed_h);
    }

    /// Work that an interruption costs on average where there are checkpoints.
    fn lost_h(&self) -> f64 {
        self.request.checkpoint_frequency_minutes / 60.0 / 2.0
    }

    /// Share of repeated work with checkpoints in the worst market, for a download of so many hours.
    pub(crate) fn repeated_at_most(&self, download: f64) -> f64 {
        let c = self.catalog.constants();
        let worst = catalog::WORST_INTERRUPTION_PERCENT / 100.0;
        let hazard = -(1.0 - worst).ln() / c.spot_exposure_hours.value * self.instances;
        hazard * (self.lost_h() + c.restart_hours.value + download)
    }

    /// Sets what depends on the start.
    pub(crate) fn start_at(
        &self,
        x: &mut Figures,
        instance_type: usize,
        region: usize,
        buying: Buying,
        start: UtcSeconds,
    ) {
        let level = self.level(region);
        x.start = Some(start);
        x.set_intensity(match self.grid(region) {
            Some(grid) => x.load.means(&grid.curve, start),
            None => [level; 3],
        });
        let names = (
            self.regions()[region].name,
            self.types()[instance_type].name,
        );
        let series = self
            .time
            .as_ref()
            .and_then(|time| time.spot_price(names.0, names.1));
        if let (Buying::Spot { .. }, Some(series)) = (buying, series) {
            let paid_usd_h = Curve::from(series).integral(start, x.billed_h);
            x.compute_usd = paid_usd_h * self.instances;
            x.usd = x.compute_usd + x.storage_usd + x.egress_usd;
            x.spot_saving = 1.0 - paid_usd_h / x.billed_h / x.list_usd_h;
        }
    }
}

impl Figures {
    /// Sets the emissions from the mean intensities of start-up, training and the whole run.
    pub(crate) fn set_intensity(&mut self, [startup, training, run]: [f64; 3]) {
        self.ci = run;
        self.train_kg = self.train_kwh * training / 1000.0;
        self.idle_kg = self.idle_kwh * startup / 1000.0;
        let pool_kg = self.pool_kwh * run / 1000.0;
        self.run_kg = self.train_kg + self.idle_kg + pool_kg;
        self.storage_kg = self.storage_kwh * run / 1000.0;
        self.kg = self.run_kg + self.storage_kg + self.embodied_kg + self.network_kg;
    }
}

fn kw(kwh: f64, hours: f64) -> f64 {
    if hours > 0.0 { kwh / hours } else { 0.0 }
}
