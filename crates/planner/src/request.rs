//! What is asked: the workload, where it may run, and the limits.
//!
//! Field names are those of the resource's attributes. `None` means "the default",
//! which is applied here, never by the caller.

use std::collections::BTreeMap;

use std::sync::Arc;

use catalog::UtcSeconds;
use serde::{Deserialize, Serialize};

use crate::time::{Signals, SpotPrices, Start, as_optional_text};
use crate::{GramsPerKwh, Hours, Kg, Kwh, Quotas, Usd};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, as the user writes it.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// As the user writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// From what the user wrote.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names! {
    /// `model_type`.
    ModelType {
        /// Images.
        ComputerVision = "computer_vision",
        /// Text.
        NaturalLanguage = "natural_language",
        /// Tables.
        TabularData = "tabular_data",
        /// Agents.
        ReinforcementLearning = "reinforcement_learning",
        /// Large generative models.
        GenerativeAi = "generative_ai",
        /// Time series.
        TimeSeries = "time_series",
    }
}

names! {
    /// `estimate_for`: what `estimated_training_hours` is for.
    EstimateFor {
        /// The run as configured, techniques included.
        ConfiguredRun = "configured_run",
        /// The run without the techniques.
        PlainRun = "plain_run",
    }
}

names! {
    /// `compute_optimization`.
    ComputeOptimization {
        /// Nothing.
        None = "none",
        /// Automatic mixed precision.
        MixedPrecision = "mixed_precision",
        /// Smaller numbers in the trained model.
        Quantization = "quantization",
        /// Fewer weights in the trained model.
        Pruning = "pruning",
        /// A student model.
        Distillation = "distillation",
        /// A search over architectures.
        NeuralArchitectureSearch = "neural_architecture_search",
    }
}

names! {
    /// `training_strategy`.
    TrainingStrategy {
        /// Where and when it is clean.
        CarbonAwareScheduling = "carbon_aware_scheduling",
        /// A smaller model.
        EfficientArchitecture = "efficient_architecture",
        /// Lower precision.
        MixedPrecision = "mixed_precision",
        /// Compute for memory.
        GradientCheckpointing = "gradient_checkpointing",
        /// Several regions.
        FederatedLearning = "federated_learning",
    }
}

names! {
    /// `instance_priority`: what the decision minimises.
    Objective {
        /// IT energy.
        GpuEfficient = "gpu_efficient",
        /// USD.
        CostOptimized = "cost_optimized",
        /// kgCO2e.
        CarbonOptimized = "carbon_optimized",
        /// The product of kgCO2e, USD and kWh.
        Balanced = "balanced",
    }
}

names! {
    /// `accelerator_count_policy`.
    AcceleratorCountPolicy {
        /// As many per instance as the reference.
        Same = "same",
        /// At most as many.
        UpTo = "up_to",
        /// Any number.
        Any = "any",
    }
}

names! {
    /// `data_residency`.
    Residency {
        /// The dataset's region.
        Region = "region",
        /// Its country.
        Country = "country",
        /// Its geography.
        Geography = "geography",
        /// Anywhere in the partition.
        Any = "any",
    }
}

names! {
    /// `gate_on`: which end of the range a gate tests.
    GateOn {
        /// The central value.
        Value = "value",
        /// The upper end.
        High = "high",
        /// The cost ceiling (USD; kg and kWh then use the upper end).
        Ceiling = "ceiling",
    }
}

names! {
    /// `on_infeasible`.
    OnInfeasible {
        /// The plan fails.
        Error = "error",
        /// The plan warns, apply refuses.
        Warn = "warn",
        /// Threshold and delay are dropped.
        RunNow = "run_now",
    }
}

names! {
    /// `redecide`.
    Redecide {
        /// A new run stays where it was while feasible and the gain is below 10 %.
        Keep = "keep",
        /// Every run is decided afresh.
        EachRun = "each_run",
    }
}

names! {
    /// How the channel's data reach the container.
    InputMode {
        /// Downloaded first.
        File = "File",
        /// Streamed as files.
        FastFile = "FastFile",
        /// Streamed as a pipe.
        Pipe = "Pipe",
    }
}

names! {
    /// How the capacity is bought.
    Capacity {
        /// At the list price.
        OnDemand = "on_demand",
        /// Spare capacity that can be taken back.
        Spot = "spot",
    }
}

/// One place a job can run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// AWS region.
    pub region: String,
    /// Training instance type.
    pub instance_type: String,
    /// Spot or on demand; `None` = by the rule.
    pub capacity: Option<Capacity>,
}

/// Which container runs; decides the CUDA filter and the regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ImageChoice {
    /// The image of `framework` (`None`: the newest PyTorch).
    #[default]
    Default,
    /// `framework`.
    Framework(String),
    /// `algorithm`, built in or an ARN.
    Algorithm(String),
    /// `training_image`: nothing is known of its CUDA.
    Given(String),
}

/// Which of the region-bound settings stand at the top level, where they hold in the
/// provider's region only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RegionBound {
    /// `vpc_config` is set.
    pub vpc_config: bool,
    /// `kms_key_arn` is set.
    pub kms_key_arn: bool,
    /// `volume_kms_key_arn` is set.
    pub volume_kms_key_arn: bool,
    /// `output_s3_uri` is set.
    pub output_s3_uri: bool,
    /// A channel reads a file system of the user's own, which stands in one network of that region.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mounted: bool,
}

/// What the `regional` entry of one region sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Regional {
    /// `vpc_config` is set.
    pub vpc_config: bool,
    /// `kms_key_arn` is set.
    pub kms_key_arn: bool,
    /// `volume_kms_key_arn` is set.
    pub volume_kms_key_arn: bool,
    /// `output_s3_uri` is set.
    pub output_s3_uri: bool,
    /// `training_image` is set.
    pub training_image: bool,
    /// `dataset_s3_uri` is set: a replica is there, nothing has to be staged.
    pub dataset_s3_uri: bool,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `model_type`.
    pub model_type: ModelType,
    /// `dataset_region`, resolved (the provider's region when not set).
    pub dataset_region: String,
    /// The provider's region, for top-level region-bound settings.
    pub provider_region: String,
    /// `dataset_size_gb`.
    pub dataset_size_gb: f64,
    /// `estimated_training_hours`.
    pub estimated_training_hours: Hours,
    /// `estimate_for`.
    pub estimate_for: EstimateFor,
    /// `model_parameters_millions`.
    pub model_parameters_millions: Option<f64>,
    /// `reference_instance_type`.
    pub reference_instance_type: Option<String>,
    /// `relative_throughput`.
    pub relative_throughput: BTreeMap<String, f64>,
    /// `instance_count`.
    pub instance_count: u32,
    /// `volume_size_gb`; `None` = as much as the dataset needs.
    pub volume_size_gb: Option<f64>,
    /// How the data reach the container (the most demanding channel's mode).
    pub input_mode: InputMode,
    /// The user named no mode and the container reads files as they come: the size of the dataset decides.
    pub input_mode_by_size: bool,
    /// `use_fsx_lustre`: the data are read through a file system made for the run.
    pub file_system: bool,
    /// `num_data_loader_workers`.
    pub num_data_loader_workers: u32,
    /// `cache_dataset_in_memory`.
    pub cache_dataset_in_memory: bool,
    /// `compute_optimization`.
    pub compute_optimization: ComputeOptimization,
    /// `training_strategy`.
    pub training_strategy: TrainingStrategy,
    /// `enable_automatic_mixed_precision`.
    pub enable_automatic_mixed_precision: Option<bool>,
    /// Which container runs.
    pub image: ImageChoice,
    /// `supports_checkpointing`.
    pub supports_checkpointing: bool,
    /// `checkpoint_frequency_minutes`.
    pub checkpoint_frequency_minutes: f64,
    /// `preferred_training_regions`; empty = what residency allows.
    pub preferred_training_regions: Vec<String>,
    /// `preferred_instance_types`; empty = every comparable type.
    pub preferred_instance_types: Vec<String>,
    /// `data_residency`.
    pub data_residency: Option<Residency>,
    /// `enable_cross_region_training`.
    pub enable_cross_region_training: bool,
    /// `allow_companion_bucket`.
    pub allow_companion_bucket: Option<bool>,
    /// `max_staging_gb`.
    pub max_staging_gb: f64,
    /// `regional`.
    pub regional: BTreeMap<String, Regional>,
    /// Region-bound settings at the top level.
    pub region_bound: RegionBound,
    /// `use_spot_instances`.
    pub use_spot_instances: Option<bool>,
    /// `max_spot_price_percentage`.
    pub max_spot_price_percentage: f64,
    /// `max_runtime_hours`.
    pub max_runtime_hours: Option<Hours>,
    /// `max_wait_hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_hours: Option<Hours>,
    /// `max_pending_hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pending_hours: Option<Hours>,
    /// `training_plan_arn` is set.
    pub training_plan: bool,
    /// Region of `training_plan_arn`, where alone it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_plan_region: Option<String>,
    /// `keep_alive_minutes`: how long the instances idle after the run.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub keep_alive: Hours,
    /// `fallback_instance_types` asks for some: SageMaker chooses among several types on demand only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_types: bool,
    /// `instance_priority`.
    pub instance_priority: Objective,
    /// `accelerator_count_policy`.
    pub accelerator_count_policy: AcceleratorCountPolicy,
    /// `max_slowdown`.
    pub max_slowdown: Option<f64>,
    /// `max_cost_premium_percent`.
    pub max_cost_premium_percent: Option<f64>,
    /// `min_gpu_memory_gb`.
    pub min_gpu_memory_gb: Option<f64>,
    /// `carbon_intensity_threshold`.
    pub carbon_intensity_threshold: Option<GramsPerKwh>,
    /// `max_emissions_kg`.
    pub max_emissions_kg: Option<Kg>,
    /// `max_energy_kwh`.
    pub max_energy_kwh: Option<Kwh>,
    /// `max_cost_usd`.
    pub max_cost_usd: Option<Usd>,
    /// `gate_on`.
    pub gate_on: GateOn,
    /// `on_infeasible`.
    pub on_infeasible: OnInfeasible,
    /// Exactly this start and no other (a `placement` that was decided elsewhere); [`Start::AtOnce`]
    /// leaves the choice open.
    pub start: Start,
    /// `earliest_start`. `None`: the decision knows no time, and everything starts at once.
    #[serde(default, with = "as_optional_text")]
    pub earliest_start: Option<UtcSeconds>,
    /// `max_start_delay_hours` after `earliest_start`.
    #[serde(default)]
    pub max_start_delay_hours: Hours,
    /// `deadline`: the upper end of the plausible runtime is over by then.
    #[serde(default, with = "as_optional_text")]
    pub deadline: Option<UtcSeconds>,
    /// Intensities from outside the catalogue, for requests with `earliest_start`. No part of what is
    /// written down of a request: what was decided with them is.
    #[serde(skip)]
    pub signals: Option<Arc<Signals>>,
    /// Spot prices over time, where they are known; like `signals`.
    #[serde(skip)]
    pub spot_prices: Option<Arc<SpotPrices>>,
    /// Quotas of the account, where they were looked up; like `signals`.
    #[serde(skip)]
    pub quotas: Option<Arc<Quotas>>,
    /// Where the previous run was, for `redecide = "keep"`.
    pub previous: Option<Place>,
    /// `redecide`.
    pub redecide: Redecide,
    /// Exactly this place and no other (a `placement` that was decided elsewhere).
    pub only: Option<Place>,
    /// Places that found no capacity when they were tried (`on_capacity = "next_candidate"`), whatever capacity that was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoid: Vec<Place>,
}

fn is_none_at_all(hours: &Hours) -> bool {
    hours.0 <= 0.0
}

impl Request {
    /// A request with every default.
    #[must_use]
    pub fn new(
        model_type: ModelType,
        dataset_region: impl Into<String>,
        dataset_size_gb: f64,
        estimated_training_hours: Hours,
    ) -> Self {
        let dataset_region = dataset_region.into();
        Self {
            model_type,
            provider_region: dataset_region.clone(),
            dataset_region,
            dataset_size_gb,
            estimated_training_hours,
            estimate_for: EstimateFor::ConfiguredRun,
            model_parameters_millions: None,
            reference_instance_type: None,
            relative_throughput: BTreeMap::new(),
            instance_count: 1,
            volume_size_gb: None,
            input_mode: InputMode::File,
            input_mode_by_size: false,
            file_system: false,
            num_data_loader_workers: 4,
            cache_dataset_in_memory: false,
            compute_optimization: ComputeOptimization::MixedPrecision,
            training_strategy: TrainingStrategy::CarbonAwareScheduling,
            enable_automatic_mixed_precision: None,
            image: ImageChoice::Default,
            supports_checkpointing: false,
            checkpoint_frequency_minutes: 30.0,
            preferred_training_regions: Vec::new(),
            preferred_instance_types: Vec::new(),
            data_residency: None,
            enable_cross_region_training: true,
            allow_companion_bucket: None,
            max_staging_gb: 100.0,
            regional: BTreeMap::new(),
            region_bound: RegionBound::default(),
            use_spot_instances: None,
            max_spot_price_percentage: 80.0,
            max_runtime_hours: None,
            max_wait_hours: None,
            max_pending_hours: None,
            training_plan: false,
            training_plan_region: None,
            keep_alive: Hours(0.0),
            several_types: false,
            instance_priority: Objective::CarbonOptimized,
            accelerator_count_policy: AcceleratorCountPolicy::Same,
            max_slowdown: None,
            max_cost_premium_percent: None,
            min_gpu_memory_gb: None,
            carbon_intensity_threshold: None,
            max_emissions_kg: None,
            max_energy_kwh: None,
            max_cost_usd: None,
            gate_on: GateOn::Value,
            on_infeasible: OnInfeasible::Error,
            start: Start::AtOnce,
            earliest_start: None,
            max_start_delay_hours: Hours(0.0),
            deadline: None,
            signals: None,
            spot_prices: None,
            quotas: None,
            previous: None,
            redecide: Redecide::Keep,
            only: None,
            avoid: Vec::new(),
        }
    }
}
