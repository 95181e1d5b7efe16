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

impl Confidence {
    /// `medium`, `low` or `low (guess)`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Guess => "low (guess)",
        }
    }
}

/// An accelerator model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accelerator {
    /// Key of the throughput table, e.g. `A100-40`.
    pub key: &'static str,
    /// `NVIDIA A100 SXM4 40GB`.
    pub name: &'static str,
    /// Thermal design power of one in W.
    pub tdp_w: f64,
    /// Dense TFLOPS in fp32.
    pub fp32_tflops: Option<f64>,
    /// Dense TFLOPS in tf32; `None` = it has no tf32.
    pub tf32_tflops: Option<f64>,
    /// Dense TFLOPS in bf16 or fp16.
    pub bf16_tflops: Option<f64>,
    /// Dense TFLOPS in fp8.
    pub fp8_tflops: Option<f64>,
    /// Least CUDA version (major, minor) that it needs.
    pub needs_cuda: Option<(u8, u8)>,
    /// Performance per watt against the A100 as a widely copied table rates it.
    pub document_rating: Option<f64>,
    /// Source of the shape.
    pub source: SourceId,
}

/// One training instance type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceType {
    /// `ml.p4d.24xlarge`.
    pub name: &'static str,
    /// `p4d`.
    pub family: &'static str,
    /// The family's digit: 5 of m5, c5, r5d; CPU types of one generation train at
    /// the same speed per vCPU.
    pub generation: u8,
    /// What kind of script runs on it.
    pub kind: Kind,
    /// The accelerator, if any.
    pub accelerator: Option<&'static Accelerator>,
    /// How many of them.
    pub accelerator_count: u32,
    /// Memory of one of them in GiB.
    pub accelerator_memory_gib: f64,
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
    /// Source of the shape.
    pub shape_source: SourceId,
    /// Power at idle in W, without PUE.
    pub idle_w: f64,
    /// Power at 10 % load in W.
    pub tenth_w: f64,
    /// Power at half load in W.
    pub half_w: f64,
    /// Power at full load in W.
    pub full_w: f64,
    /// Typical power while training in W.
    pub train_w: f64,
    /// Part of `train_w` drawn by the accelerators, 0 to 1.
    pub accelerator_share: f64,
    /// Half-widths of the power in natural logarithms, down and up. Up includes the
    /// share of a host that falls to a fraction of it when the host is shared out by
    /// accelerators instead of by vCPUs.
    pub power_width: [f64; 2],
    /// How far the power is to be trusted.
    pub power_confidence: Confidence,
    /// Source of the power figures.
    pub power_source: SourceId,
    /// Embodied emissions in kgCO2e: central, least, greatest.
    pub embodied_kg: [f64; 3],
    /// Embodied emissions per hour over six years in gCO2e.
    pub embodied_g_per_h: f64,
    /// Half-widths of the embodied emissions in natural logarithms, down and up.
    pub embodied_width: [f64; 2],
    /// Source of the embodied figures.
    pub embodied_source: SourceId,
}

impl InstanceType {
    /// Memory of all accelerators in GiB.
    #[must_use]
    pub fn accelerators_memory_gib(&self) -> f64 {
        self.accelerator_memory_gib * f64::from(self.accelerator_count)
    }

    /// Network per accelerator, per instance without accelerators, in Gbit/s.
    #[must_use]
    pub fn network_gbps_each(&self) -> f64 {
        self.network_gbps / f64::from(self.accelerator_count.max(1))
    }

    /// Whether its accelerators talk over NVLink or NeuronLink rather than PCIe.
    #[must_use]
    pub fn has_nvlink(&self) -> bool {
        self.accelerator.is_some() && !self.family.starts_with('g')
    }

    /// Power at a load between 0 and 1 in W, without PUE: straight lines between
    /// idle, 10 %, 50 % and full load.
    #[must_use]
    pub fn power_w(&self, load: f64) -> f64 {
        let points = [
            (0.0, self.idle_w),
            (0.1, self.tenth_w),
            (0.5, self.half_w),
            (1.0, self.full_w),
        ];
        let load = load.clamp(0.0, 1.0);
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            if load <= x1 {
                return y0 + (y1 - y0) * (load - x0) / (x1 - x0);
            }
        }
        self.full_w
    }

    /// The load at which it draws its usual training power: the inverse of [`Self::power_w`] at `train_w`.
    #[must_use]
    pub fn training_load(&self) -> f64 {
        let points = [
            (0.0, self.idle_w),
            (0.1, self.tenth_w),
            (0.5, self.half_w),
            (1.0, self.full_w),
        ];
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            if self.train_w <= y1 && y1 > y0 {
                return (x0 + (x1 - x0) * (self.train_w - y0) / (y1 - y0)).max(0.0);
            }
        }
        1.0
    }

    /// Whether its disk is local NVMe (then no EBS volume is attached).
    #[must_use]
    pub fn has_nvme(&self) -> bool {
        self.nvme_gb > 0
    }
}
