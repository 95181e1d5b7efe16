//! A SageMaker training instance type: shape, power, manufacture.

use crate::SourceId;

/// What kind of script runs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// No accelerator.
    Cpu,
    /// NVIDIA GPUs.
    Cuda,
    /// AWS Trainium.
    Neuron,
}

impl Kind {
    /// `cpu`, `cuda` or `neuron`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Neuron => "neuron",
        }
    }
}

/// How far a power figure is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Measured or calibrated on measurements.
    Medium,
    /// Modelled.
    Low,
    /// Modelled on parts whose own power is not published.
    Guess,
}

/// An accelerator model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accelerator {
    /// Key of the throughput table, e.g. `A100-40`.
    pub key: &'static str,
    /// `NVIDIA A100 SXM4 40GB`.
    pub name: &'static str,
    /// Memory of one in GiB.
    pub memory_gib: f64,
    /// Thermal design power of one in W.
    pub tdp_w: f64,
    /// Dense TFLOPS in bf16 or fp16.
    pub bf16_tflops: Option<f64>,
}

/// One training instance type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceType {
    /// `ml.p4d.24xlarge`.
    pub name: &'static str,
    /// `p4d`.
    pub family: &'static str,
    /// What kind of script runs on it.
    pub kind: Kind,
    /// The accelerator, if any.
    pub accelerator: Option<&'static Accelerator>,
    /// How many of them.
    pub accelerator_count: u32,
    /// Virtual CPUs.
    pub vcpu: u32,
    /// Memory in GiB.
    pub ram_gib: f64,
    /// Network in Gbit/s.
    pub network_gbps: f64,
    /// Whether the instance has an Elastic Fabric Adapter.
    pub efa: bool,
    /// Local NVMe in GB, 0 = EBS only.
    pub nvme_gb: u32,
    /// No longer offered by AWS.
    pub retired: bool,
    /// Sold through training plans only.
    pub training_plan_only: bool,
    /// Least CUDA version (major, minor) the accelerator needs.
    pub needs_cuda: Option<(u8, u8)>,
    /// Power at idle in W, without PUE.
    pub idle_w: f64,
    /// Power at half load in W.
    pub half_w: f64,
    /// Power at full load in W.
    pub full_w: f64,
    /// Typical power while training in W.
    pub train_w: f64,
    /// Part of `train_w` drawn by the accelerators, in W.
    pub train_accelerator_w: f64,
    /// How far the power is to be trusted.
    pub power_confidence: Confidence,
    /// Source of the power figures.
    pub power_source: SourceId,
    /// Embodied emissions in kgCO2e: central, least, greatest.
    pub embodied_kg: [f64; 3],
    /// Embodied emissions per hour over six years in gCO2e.
    pub embodied_g_per_h: f64,
    /// Source of the embodied figures.
    pub embodied_source: SourceId,
    /// How many times more power falls to this fraction of a host if the host is
    /// shared out by accelerators instead of by vCPUs (>= 1).
    pub power_share: f64,
    /// The same for embodied emissions.
    pub embodied_share: f64,
}

impl InstanceType {
    /// Memory of all accelerators in GiB.
    #[must_use]
    pub fn accelerator_memory_gib(&self) -> f64 {
        self.accelerator
            .map_or(0.0, |a| a.memory_gib * f64::from(self.accelerator_count))
    }

    /// Whether its disk is local NVMe (then no EBS volume is attached).
    #[must_use]
    pub fn has_nvme(&self) -> bool {
        self.nvme_gb > 0
    }
}
