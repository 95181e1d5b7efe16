//! Instance types ranked by training efficiency, for `data.sustainable_instance_types`.

use catalog::{Catalog, Kind};
use serde::{Deserialize, Serialize};

use crate::{ModelType, Watts};

/// Which types to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeFilter {
    /// Throughput class; `None` = natural language.
    pub model_type: Option<ModelType>,
    /// Part of an accelerator's name or key, case-insensitive (`a100`, `Trainium`).
    pub accelerator: Option<String>,
    /// `cpu`, `cuda` or `neuron`.
    pub kind: Option<Kind>,
    /// Least memory per accelerator in GB.
    pub min_gpu_memory_gb: Option<f64>,
    /// Least and greatest number of accelerators.
    pub accelerator_count: Option<(u32, u32)>,
    /// Offered there and with a known price.
    pub region: Option<String>,
    /// Least performance per watt relative to the A100.
    pub min_performance_per_watt: Option<f64>,
    /// Also those that AWS no longer sells, or sells through training plans only.
    pub include_unavailable: bool,
}

/// One ranked type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedType {
    /// `ml.p5.48xlarge`.
    pub instance_type: String,
    /// `cpu`, `cuda` or `neuron`.
    pub kind: String,
    /// `NVIDIA H100 SXM5 80GB`.
    pub accelerator: Option<String>,
    /// How many.
    pub accelerator_count: u32,
    /// GB per accelerator.
    pub gpu_memory_gb: Option<f64>,
    /// vCPUs.
    pub vcpu: u32,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// Local NVMe in GB.
    pub nvme_gb: u32,
    /// Typical power while training.
    pub training_watts: Watts,
    /// `medium`, `low` or `low (guess)`.
    pub power_confidence: String,
    /// Embodied emissions per hour in gCO2e.
    pub embodied_g_per_hour: f64,
    /// Training throughput of the whole instance, A100 40 GB = 1 per accelerator.
    pub relative_throughput: Option<f64>,
    /// Throughput per node watt relative to `ml.p4d.24xlarge`, from the catalogue's figures.
    pub performance_per_watt: Option<f64>,
    /// The same ratio per accelerator as the product's founding document rates it, for comparison.
    pub performance_per_watt_document: Option<f64>,
    /// How the throughput is known: measured, proxy, derived, weak, guess.
    pub throughput_basis: Option<String>,
    /// On-demand USD per hour in `region`.
    pub usd_per_hour: Option<f64>,
    /// Regions that offer it with a known price.
    pub regions: Vec<String>,
}

/// Lists types, most efficient first; those without a figure last, by name.
#[must_use]
pub fn rank_instance_types(_catalog: &Catalog, _filter: &TypeFilter) -> Vec<RankedType> {
    Vec::new()
}
