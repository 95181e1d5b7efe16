//! Constants of the model, each with its range and source.

use crate::Figure;

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Constants of the model (`data/constants.csv`).
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Constants {
            $($(#[$doc])* pub $name: Figure),+
        }

        impl Constants {
            /// Names of the constants, as an overrides file writes them.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// As the provider ships with them, for what has to be constant: limits in declarations.
            pub const EMBEDDED: Self = crate::generated::CONSTANTS;

            pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Figure> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

constants! {
    /// Instance start and image pull before training, in h.
    startup_hours,
    /// Upload of the model after training, in h.
    upload_hours,
    /// Download of the dataset onto NVMe, in GB/s.
    nvme_gb_per_s,
    /// Download of the dataset onto EBS, in GB/s.
    ebs_gb_per_s,
    /// Restart after an interruption, in h.
    restart_hours,
    /// Time over which an interruption band is read as a hazard, in h.
    spot_exposure_hours,
    /// Network between regions, in kWh/GB.
    network_kwh_per_gb,
    /// Stored data, in Wh/(TB h).
    storage_wh_per_tb_h,
    /// Stored data, in USD/(GB month).
    storage_usd_per_gb_month,
    /// Hours of a month.
    hours_per_month,
    /// A scratch file system of FSx for Lustre, in USD/(GB month).
    fsx_usd_per_gb_month,
    /// Its least capacity, in GiB.
    fsx_least_gib,
    /// What its larger capacities are multiples of, in GiB.
    fsx_step_gib,
    /// Its electricity, in Wh/(TB h).
    fsx_wh_per_tb_h,
    /// Its making, before the launch, in h.
    fsx_making_hours,
    /// How long it is there after the latest end of the run, in h.
    fsx_ending_hours,
    /// Least limit of the wait for instances, in h.
    least_pending_hours,
    /// Wait for spot capacity beside the longest run, in h.
    spot_wait_hours,
    /// Longest wait and run together, in h.
    longest_wait_hours,
    /// Slowest choice, as a multiple of the estimated hours.
    max_slowdown,
    /// Limit of a run, as a multiple of the upper end of its billed hours.
    runtime_limit_multiple,
    /// Volume beside the dataset, in GB.
    volume_base_gb,
    /// Largest volume, in GB.
    volume_most_gb,
    /// Datasets up to this size are downloaded first, in GB.
    file_mode_gb,
    /// Efficiency of several accelerators over NVLink.
    efficiency_nvlink,
    /// Efficiency of several accelerators over PCIe.
    efficiency_pcie,
    /// Loss per doubling of instances, fast network.
    scaling_fast,
    /// Loss per doubling of instances, medium network.
    scaling_medium,
    /// Loss per doubling of instances, slow network.
    scaling_slow,
    /// Network of each accelerator from which it is fast, in Gbit/s.
    scaling_fast_gbps,
    /// Network of each accelerator from which it is medium, in Gbit/s.
    scaling_medium_gbps,
    /// Least saving of a spot market, in percent.
    spot_least_saving_percent,
    /// Greatest saving that is believed, in percent.
    spot_most_saving_percent,
    /// Longest training job, in h.
    max_training_hours,
    /// Longest training job that every account may have, in h.
    longest_run_quota_hours,
    /// Gain that moves a new run, in percent.
    redecide_gain_percent,
    /// Gain from which a recommendation is worth a line, in percent.
    worth_percent,
    /// Share of start-up from which it is worth a line, in percent.
    worth_startup_percent,
    /// Share of repeated work above which it is worth a line.
    worth_repeated_share,
    /// Share of the download above which its rate is worth a line.
    worth_download_share,
    /// Delay of the start whose gain is shown where none is allowed, in h.
    worth_patience_hours,
    /// Longest delay that is proposed, in h.
    proposed_delay_hours,
    /// Factor by which the dataset's size may be off.
    dataset_size_factor,
    /// How many coefficients of variation a short run may stray from the annual average.
    variability_multiple,
    /// Least accelerator memory of a generative model against the reference.
    generative_memory_share,
    /// Standard deviations of the difference that a later start has to save.
    start_noise_multiple,
    /// Hours after which two errors of one forecast are alike to 1/e.
    start_noise_memory_hours,
    /// Least share of starting at once that a later start has to save.
    start_least_gain,
    /// Size of a checkpoint per parameter, in bytes.
    checkpoint_bytes_per_parameter,
    /// Size of a checkpoint where the model's size is not known, in GB.
    checkpoint_gb,
    /// Use below which a processor counts as under-used, in percent.
    usage_busy_percent,
    /// Use above which a processor or memory is at its limit, in percent.
    usage_saturated_percent,
    /// Use below which an accelerator waits, in percent.
    usage_waiting_percent,
    /// Percentile of the use that says whether a processor ever was at work, in percent.
    usage_peak_percentile,
    /// Percentile of the use that says whether it ever waited, in percent.
    usage_lull_percentile,
    /// Share of the time from which a limit is what holds a run up, in percent.
    usage_mostly_percent,
    /// Difference between instances above which their shares of the work are uneven, in percentage points.
    usage_uneven_percent,
    /// Share of the time that is not training above which it is worth a word, in percent.
    usage_overhead_percent,
    /// Share of the training time that metrics have to cover, in percent.
    usage_least_coverage_percent,
    /// Time for which accelerators have to wait before an alarm calls it waste, in minutes.
    waste_minutes,
}

/// What each constant is, in words; the same order as [`Constants::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Name.
    pub name: &'static str,
    /// Unit, may be empty.
    pub unit: &'static str,
    /// In words.
    pub what: &'static str,
}

/// Half-widths that are no part of a single figure (`data/half-widths.csv`), down and up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfWidths {
    /// Accelerators' share of the training power, ln.
    pub load_accelerator: [f64; 2],
    /// Host's share of the training power, ln.
    pub load_host: [f64; 2],
    /// Price with a checked uplift, ln.
    pub price_verified: [f64; 2],
    /// Price with an inferred uplift, ln.
    pub price_inferred: [f64; 2],
    /// Spot saving, percentage points.
    pub spot_saving_points: [f64; 2],
}
