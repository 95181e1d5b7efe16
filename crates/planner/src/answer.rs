//! What is answered. Field names are those of the resource's outputs.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::rules::Why;
use crate::{Capacity, GramsPerKwh, Hours, Kg, Kwh, Pausing, Place, Start, Usd, Window};

/// A value with its plausible range (about 90 %; model and data, the user's hours taken as given).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band<T> {
    /// Central value.
    pub value: T,
    /// Lower end.
    pub low: T,
    /// Upper end.
    pub high: T,
}

impl<T> Band<T> {
    /// The same range in another unit or type.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Band<U> {
        Band {
            value: f(self.value),
            low: f(self.low),
            high: f(self.high),
        }
    }
}

/// `estimate`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Energy at the meter, PUE included.
    pub energy_kwh: Band<Kwh>,
    /// Emissions: operational, embodied, transfer.
    pub emissions_kg: Band<Kg>,
    /// Cost; `None` where a price is unknown.
    pub cost_usd: Option<Band<Usd>>,
    /// Billed time per instance, all attempts.
    pub runtime_hours: Band<Hours>,
}

/// `breakdown`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// From electricity.
    pub operational_kg: Kg,
    /// From manufacture.
    pub embodied_kg: Kg,
    /// From moving the dataset between regions.
    pub transfer_kg: Kg,
    /// Instances.
    pub compute_usd: Option<Usd>,
    /// The staged dataset.
    pub storage_usd: Usd,
    /// Egress.
    pub transfer_usd: Usd,
}

/// `baseline`: the reference type, on demand, in the dataset's region, at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The dataset's region.
    pub region: String,
    /// The reference type.
    pub instance_type: String,
    /// Energy.
    pub energy_kwh: Kwh,
    /// Emissions.
    pub emissions_kg: Kg,
    /// Cost; `None` where not sold.
    pub cost_usd: Option<Usd>,
    /// Time.
    pub runtime_hours: Hours,
    /// The reference was defaulted, not given.
    pub assumed: bool,
    /// The reference is not sold there.
    pub hypothetical: bool,
}

/// `savings` against the baseline; negative = more than the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// Emissions saved.
    pub emissions_kg: Kg,
    /// In percent of the baseline.
    pub emissions_percent: f64,
    /// Plausible range of the percentage.
    pub emissions_percent_low: f64,
    /// Plausible range of the percentage.
    pub emissions_percent_high: f64,
    /// Energy saved.
    pub energy_kwh: Kwh,
    /// USD saved.
    pub cost_usd: Option<Usd>,
    /// By the region.
    pub region_kg: Kg,
    /// By the type; `None` when the reference was assumed.
    pub type_kg: Option<Kg>,
    /// By spot or on demand.
    pub capacity_kg: Kg,
    /// By the start time.
    pub time_kg: Kg,
}

/// `signal`: which grid intensity the decision used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Who says so.
    pub source: String,
    /// `average` or `marginal`.
    pub kind: String,
    /// `life_cycle` or `direct`.
    pub factor_type: String,
    /// `annual`, `profile`, `forecast` or `live`.
    pub quality: String,
    /// Grid zone.
    pub zone: String,
    /// The intensity.
    pub gco2_per_kwh: GramsPerKwh,
    /// Renewable share.
    pub renewable_percent: Option<f64>,
    /// Carbon-free share.
    pub carbon_free_percent: Option<f64>,
    /// Year of the average.
    pub year: Option<u16>,
    /// When a live value was issued (RFC 3339); `None` for embedded figures.
    pub issued_at: Option<String>,
}

/// One feasible place with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Region.
    pub region: &'static str,
    /// Type.
    pub instance_type: &'static str,
    /// Spot or on demand.
    pub capacity: Capacity,
    /// Start.
    pub start: Start,
    /// Figures.
    pub estimate: Estimate,
    /// Parts.
    pub breakdown: Breakdown,
    /// Energy at the racks, without PUE.
    pub it_energy_kwh: Kwh,
    /// Worst bill: price x `max_runtime_hours` and the rest.
    pub cost_ceiling_usd: Option<Usd>,
    /// `max_runtime_hours` that goes with it.
    pub max_runtime_hours: u32,
    /// Grid intensity used: the mean over the run.
    pub gco2_per_kwh: GramsPerKwh,
}

/// Which rule rejected a candidate; in the order in which the rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Another AWS partition.
    Partition,
    /// Data residency.
    Residency,
    /// Not in the list of regions.
    Regions,
    /// A region-bound setting has no entry for the region.
    Regional,
    /// The image lives in another region.
    ImageRegion,
    /// The data would have to be staged, which is not allowed.
    Staging,
    /// Not in the list of types.
    Types,
    /// `cuda`, `cpu`, `neuron`.
    Kind,
    /// `accelerator_count_policy`.
    AcceleratorCount,
    /// Accelerator memory.
    Memory,
    /// vCPUs.
    Vcpu,
    /// Disk.
    Disk,
    /// RAM.
    Ram,
    /// Throughput unknown or without a sound source.
    Throughput,
    /// CUDA of the image.
    Cuda,
    /// Retired by AWS.
    Retired,
    /// Sold through training plans only.
    TrainingPlan,
    /// Not offered there.
    Offer,
    /// No capacity was found there before.
    Capacity,
    /// A quota of the account.
    Quota,
    /// Price unknown.
    Price,
    /// Too slow, or longer than SageMaker lets a job run.
    Runtime,
    /// Too slow for the work that interruptions of spot capacity repeat.
    Interruptions,
    /// No marginal signal, or none that compares with the others'.
    Signal,
    /// `deadline`.
    Deadline,
    /// `carbon_intensity_threshold`.
    Threshold,
    /// `max_emissions_kg`.
    EmissionsGate,
    /// `max_energy_kwh`.
    EnergyGate,
    /// `max_cost_usd`.
    CostGate,
    /// `max_cost_premium_percent`.
    CostPremium,
}

impl Rule {
    /// Whether a setting of the user's could let the candidate in.
    pub(crate) fn can_move(self) -> bool {
        matches!(
            self,
            Self::Residency
                | Self::Regions
                | Self::Regional
                | Self::Staging
                | Self::AcceleratorCount
                | Self::Memory
                | Self::Vcpu
                | Self::Runtime
                | Self::Interruptions
                | Self::Deadline
                | Self::Threshold
                | Self::EmissionsGate
                | Self::EnergyGate
                | Self::CostGate
                | Self::CostPremium
        )
    }

    /// The attribute that sets the rule, if it is one.
    #[must_use]
    pub fn attribute(self) -> Option<&'static str> {
        Some(match self {
            Self::Partition | Self::Residency => "data_residency",
            Self::Regions => "preferred_training_regions",
            Self::Regional => "regional",
            Self::ImageRegion => "training_image",
            Self::Staging => "allow_companion_bucket",
            Self::Types | Self::Kind => "preferred_instance_types",
            Self::AcceleratorCount => "accelerator_count_policy",
            Self::Memory => "min_gpu_memory_gb",
            Self::Vcpu => "num_data_loader_workers",
            Self::Disk | Self::Ram => "dataset_size_gb",
            Self::Throughput => "relative_throughput",
            Self::Cuda => "framework",
            Self::TrainingPlan => "training_plan_arn",
            Self::Runtime => "max_slowdown",
            Self::Interruptions => "use_spot_instances",
            Self::Deadline => "deadline",
            Self::Threshold => "carbon_intensity_threshold",
            Self::EmissionsGate => "max_emissions_kg",
            Self::EnergyGate => "max_energy_kwh",
            Self::CostGate => "max_cost_usd",
            Self::CostPremium => "max_cost_premium_percent",
            Self::Retired
            | Self::Offer
            | Self::Quota
            | Self::Capacity
            | Self::Price
            | Self::Signal => {
                return None;
            }
        })
    }
}

/// A rejected candidate, or a whole region or type (then the other is `None`).
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Region; `None` = in every region.
    pub region: Option<&'static str>,
    /// Type; `None` = every type.
    pub instance_type: Option<&'static str>,
    /// Place of the region in the catalogue.
    pub(crate) region_index: Option<usize>,
    pub(crate) why: Why,
}

impl Rejection {
    /// Which rule.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.why.rule()
    }

    /// Why, as a fragment of a sentence. Made when asked for: most are never printed.
    #[must_use]
    pub fn reason(&self) -> String {
        self.why.reason()
    }
}

impl Serialize for Rejection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Rejection", 4)?;
        out.serialize_field("region", &self.region)?;
        out.serialize_field("instance_type", &self.instance_type)?;
        out.serialize_field("rule", &self.rule())?;
        out.serialize_field("reason", &self.reason())?;
        out.end()
    }
}

/// What an auditor needs beside the figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// What the figures are for.
    pub functional_unit: &'static str,
    /// What is inside.
    pub boundary_in: &'static str,
    /// What is outside.
    pub boundary_out: &'static str,
    /// Version of the method.
    pub methodology_version: &'static str,
    /// Version of the figures, with the digest of the user's own.
    pub catalog_version: String,
    /// Citation of the grid intensity.
    pub intensity_source: String,
    /// From when to when the intensity is taken (RFC 3339, UTC); `None` without time.
    pub intensity_interval: Option<[String; 2]>,
    /// When the forecast behind it was issued (RFC 3339); `None` for embedded figures.
    pub forecast_issued_at: Option<String>,
    /// Citation of the PUE, with its value.
    pub pue: f64,
    /// See `pue`.
    pub pue_source: String,
    /// Lifetime and allocation of the manufacture.
    pub embodied_method: &'static str,
    /// Citation of the manufacture.
    pub embodied_source: String,
    /// Citation of the power.
    pub power_source: String,
    /// `modelled` before the run.
    pub energy_method: &'static str,
    /// What the ranges mean.
    pub uncertainty: &'static str,
    /// GHG Protocol.
    pub scope: &'static str,
    /// Share of primary data.
    pub primary_data_percent: f64,
    /// Why another tool says something else.
    pub comparison: &'static str,
}

/// What SageMaker is told of how long a job may take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Of the run: `max_runtime_hours` in force.
    pub runtime: Hours,
    /// Of waiting for spot capacity and the run together; `None` on demand.
    pub wait: Option<Hours>,
    /// Of the wait for instances; `None`: SageMaker's own.
    pub pending: Option<Hours>,
}

impl Limits {
    /// From the launch to the latest end.
    pub(crate) fn latest(&self) -> Hours {
        let pending = self.pending.map_or(0.0, |pending| pending.0);
        Hours(self.wait.map_or(self.runtime.0 + pending, |wait| wait.0))
    }
}

/// A file system that is made for a run. It is there from its making to its planned deletion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FileSystem {
    /// Capacity in GiB.
    pub gib: u32,
    /// Time for its making, before the launch.
    pub making: Hours,
    /// Time that it is kept from the launch on.
    pub kept: Hours,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// `selected_region`.
    pub selected_region: String,
    /// `selected_instance_type`.
    pub selected_instance_type: String,
    /// `selected_capacity`.
    pub selected_capacity: Capacity,
    /// Instances.
    pub instance_count: u32,
    /// EBS volume to ask for; `None` on NVMe types.
    pub volume_size_gb: Option<u32>,
    /// Start.
    pub start: Start,
    /// The chosen start, starting at once and the next best that differ, earliest first; empty without time.
    pub windows: Vec<Window>,
    /// What pausing would bring, where the run can resume and it saves anything.
    pub pausing: Option<Pausing>,
    /// `max_runtime_hours` in force.
    pub max_runtime_hours: u32,
    /// The dataset has to be staged into `selected_region`.
    pub staging: bool,
    /// The input mode that the size of the dataset has decided; `None`: it did not.
    pub input_mode: Option<crate::InputMode>,
    /// What SageMaker is told of how long the job may take.
    pub limits: Limits,
    /// The file system that is made for the run, if one is.
    pub file_system: Option<FileSystem>,
    /// `estimate`.
    pub estimate: Estimate,
    /// `breakdown`.
    pub breakdown: Breakdown,
    /// `cost_ceiling_usd`.
    pub cost_ceiling_usd: Option<Usd>,
    /// `baseline`.
    pub baseline: Baseline,
    /// `savings`.
    pub savings: Savings,
    /// `signal`.
    pub signal: Signal,
    /// `summary`.
    pub summary: String,
    /// `candidates`: at most five lines.
    pub candidates: Vec<String>,
    /// `recommendations`: lines.
    pub recommendations: Vec<String>,
    /// `assumptions`: a line per unsourced constant behind the chosen figure.
    pub assumptions: Vec<String>,
    /// Sentences for a warning diagnostic.
    pub warnings: Vec<String>,
    /// Every feasible candidate, best first; the first is the chosen one.
    pub ranked: Vec<Candidate>,
    /// Every rejection.
    pub rejected: Vec<Rejection>,
    /// Indexes into `ranked` of those that cannot be told apart from the chosen one.
    pub within_noise: Vec<usize>,
    /// kgCO2e per million parameters, when `model_parameters_millions` was given.
    pub kg_per_million_parameters: Option<f64>,
    /// Labels for report and manifest.
    pub audit: Audit,
}

/// A feasible answer just outside the limits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// Where.
    pub place: Place,
    /// When.
    pub start: Start,
    /// What would have to move, e.g. `max_emissions_kg from 30 to 41.2`.
    pub change: String,
    /// Its figures.
    pub candidate: Candidate,
}

/// There is no feasible answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Infeasible {
    /// One line: what stands in the way.
    pub summary: String,
    /// Several lines for the error's detail: the nearest answers and what to move.
    pub detail: String,
    /// The three nearest feasible answers.
    pub nearest: Vec<NearMiss>,
    /// Every rejection.
    pub rejected: Vec<Rejection>,
    /// The attribute to blame, when it is one.
    pub attribute: Option<&'static str>,
}

/// What [`crate::decide`] answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Answer {
    /// A decision.
    Decided(Box<Decision>),
    /// None is possible.
    Infeasible(Box<Infeasible>),
}
