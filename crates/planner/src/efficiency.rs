//! How well a run used what it ran on: a score, what held it up, and what to do about it. Pure: metrics in, judgement out.
//!
//! Score = 100 x (energy that went into work) / (energy that the instances drew, download and upload included). Energy
//! that goes into work is what the same work draws on processors that are fully at work; the rest is drawn by what waits.
//! That is the efficiency of Barroso and Hölzle, "The Case for Energy-Proportional Computing" (IEEE Computer 40(12),
//! 2007): work per energy, against the same at full utilisation. It says nothing of whether the work was worth doing.
//!
//! The bottleneck is modelled on the built-in profiling rules of SageMaker Debugger (LowGPUUtilization, BatchSize,
//! CPUBottleneck) and takes their thresholds, on minutes instead of half seconds. The order of the questions, and the limit
//! of memory, are our own.
//!
//! A warm pool that waits for the next job is none of the run's time, and is not judged.

use catalog::{Catalog, InstanceType, Kind};

use crate::measure::{Metered, Run};
use crate::usage::{Of, Usage};

/// What held a run up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// Nothing: what was paid for was at work.
    None,
    /// Waiting for data (or for other instances), with nothing at its limit.
    DataLoading,
    /// Processors that prepare the data, at their limit.
    Cpu,
    /// Memory of the accelerators, full.
    GpuMemory,
    /// More was paid for than the run can use.
    UnderUse,
    /// There are no metrics that tell.
    Unknown,
}

impl Bottleneck {
    /// The name that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DataLoading => "data_loading",
            Self::Cpu => "cpu",
            Self::GpuMemory => "gpu_memory",
            Self::UnderUse => "under_use",
            Self::Unknown => "unknown",
        }
    }
}

/// The judgement of a run. Means are in percent of the whole instances, over the time of training.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    /// 0 to 100; `None` without metrics.
    pub score: Option<f64>,
    /// What held it up.
    pub bottleneck: Bottleneck,
    /// Mean use of the accelerators.
    pub accelerator_percent: Option<f64>,
    /// Mean use of their memory.
    pub accelerator_memory_percent: Option<f64>,
    /// Mean use of the processors.
    pub cpu_percent: Option<f64>,
    /// Mean use of the memory.
    pub memory_percent: Option<f64>,
    /// Greatest use of the disk.
    pub disk_percent: Option<f64>,
    /// What to do, a line each, the most important first.
    pub recommendations: Vec<String>,
}

const CPU: Of = |sample| sample.cpu;
const MEMORY: Of = |sample| sample.memory;
const ACCELERATOR: Of = |sample| sample.accelerator;
const ACCELERATOR_MEMORY: Of = |sample| sample.accelerator_memory;
const DISK: Of = |sample| sample.disk;

/// Thresholds as shares.
struct Limits {
    busy: f64,
    saturated: f64,
    waiting: f64,
    peak: f64,
    lull: f64,
    mostly: f64,
    uneven: f64,
    overhead: f64,
}

impl Limits {
    fn of(catalog: &Catalog) -> Self {
        let c = catalog.constants();
        Self {
            busy: c.usage_busy_percent.value / 100.0,
            saturated: c.usage_saturated_percent.value / 100.0,
            waiting: c.usage_waiting_percent.value / 100.0,
            peak: c.usage_peak_percentile.value / 100.0,
            lull: c.usage_lull_percentile.value / 100.0,
            mostly: c.usage_mostly_percent.value / 100.0,
            uneven: c.usage_uneven_percent.value / 100.0,
            overhead: c.usage_overhead_percent.value / 100.0,
        }
    }
}

/// Judges a run that has ended. `None` for an unknown type, or a run that never ran.
#[must_use]
pub fn judge(catalog: &Catalog, run: &Run) -> Option<Efficiency> {
    let t = catalog.instance_type(run.instance_type)?;
    let (training, other) = (run.training_hours.0.max(0.0), run.other_hours.0.max(0.0));
    if training + other <= 0.0 {
        return None;
    }
    let limits = Limits::of(catalog);
    let metered = Metered::of(catalog, t, run);
    let usage = run.usage.filter(|_| metered.is_some());
    let score = metered.map(|metered| {
        let drawn = metered.watts * training + t.idle_w * other;
        (100.0 * metered.useful_watts * training / drawn)
            .round()
            .clamp(0.0, 100.0)
    });
    let bottleneck = usage.map_or(Bottleneck::Unknown, |usage| bottleneck(t, usage, &limits));
    let mut recommendations = Vec::new();
    match usage {
        Some(usage) => {
            recommendations.extend(remedy(t, run, usage, bottleneck, &limits));
            recommendations.extend(uneven(t, usage, &limits));
            recommendations.extend(full(t, usage, &limits));
        }
        None if t.kind == Kind::Neuron => recommendations.push(
            "CloudWatch has no figures of Trainium: how busy it was is not known.".to_owned(),
        ),
        None => recommendations.push(
            "CloudWatch has too few figures of this run to judge it. A short run has none; otherwise the refresh may have to be allowed cloudwatch:GetMetricData."
                .to_owned(),
        ),
    }
    let share = other / (training + other);
    if share > limits.overhead {
        recommendations.push(format!(
            "{} of the time in use was download, upload and restarts: input_mode = \"FastFile\" in input_channels starts without a download, and several short runs can share one job.",
            percent(share)
        ));
    }
    let mean = |of| usage.and_then(|usage| usage.mean(of)).map(|x| x * 100.0);
    Some(Efficiency {
        score,
        bottleneck,
        accelerator_percent: mean(ACCELERATOR),
        accelerator_memory_percent: mean(ACCELERATOR_MEMORY),
        cpu_percent: mean(CPU),
        memory_percent: mean(MEMORY),
        disk_percent: usage
            .and_then(|usage| usage.quantile(DISK, 1.0))
            .map(|x| x * 100.0),
        recommendations,
    })
}

/// The rules, most certain first. What an accelerator or a processor is at for most of the time decides; its 95th
/// percentile says whether it ever was at work.
fn bottleneck(t: &InstanceType, usage: &Usage, limits: &Limits) -> Bottleneck {
    let worker = if t.accelerator_count > 0 {
        ACCELERATOR
    } else {
        CPU
    };
    let mean = usage.mean(worker).unwrap_or_default();
    let peak = usage.quantile(worker, limits.peak).unwrap_or_default();
    let lull = usage.quantile(worker, limits.lull).unwrap_or_default();
    let reaches = |of, limit: f64| {
        let most = usage.quantile(of, limits.peak);
        most.is_some_and(|x| x >= limit)
    };
    if mean >= limits.busy && lull >= limits.waiting || mean >= limits.saturated {
        return Bottleneck::None;
    }
    if t.accelerator_count > 0 {
        // CPUBottleneck: more than half of the time.
        let limited = usage.share_from(CPU, limits.saturated);
        if limited.is_some_and(|share| share > limits.mostly) {
            return Bottleneck::Cpu;
        }
        if peak >= limits.busy {
            return Bottleneck::DataLoading;
        }
        if reaches(ACCELERATOR_MEMORY, limits.saturated) {
            return Bottleneck::GpuMemory;
        }
        if !reaches(CPU, limits.busy) && !reaches(ACCELERATOR_MEMORY, limits.busy) {
            return Bottleneck::UnderUse;
        }
        return Bottleneck::DataLoading;
    }
    if peak >= limits.busy {
        Bottleneck::DataLoading
    } else {
        Bottleneck::UnderUse
    }
}

fn remedy(
    t: &InstanceType,
    run: &Run,
    usage: &Usage,
    bottleneck: Bottleneck,
    limits: &Limits,
) -> Option<String> {
    let mean = |of| usage.mean(of).map_or("?".to_owned(), percent);
    let range = |of| {
        let end = |share| usage.quantile(of, share).map_or("?".to_owned(), percent);
        format!("{} to {}", end(limits.lull), end(limits.peak))
    };
    let with_others = if run.instance_count > 1 {
        " What is waited for can also be the other instances: compare with fewer of them."
    } else {
        ""
    };
    Some(match bottleneck {
        Bottleneck::None | Bottleneck::Unknown => return None,
        Bottleneck::Cpu => format!(
            "The CPUs are at their limit (mean {}) while the accelerators wait (mean {}): store the data as the model needs it instead of preparing it in every epoch, or name types with more vCPUs per accelerator in preferred_instance_types.",
            mean(CPU),
            mean(ACCELERATOR)
        ),
        Bottleneck::DataLoading if t.accelerator_count == 0 => format!(
            "The CPUs work in bursts ({} in nine tenths of the time, mean {}) and wait in between: store the data in fewer and larger files, raise num_data_loader_workers, or set cache_dataset_in_memory where {} GiB hold the data.{with_others}",
            range(CPU),
            mean(CPU),
            t.ram_gib
        ),
        Bottleneck::DataLoading => format!(
            "The accelerators wait (mean {}, {} in nine tenths of the time) and neither the CPUs nor the accelerators' memory are at their limit: raise num_data_loader_workers, store the data in fewer and larger files, or set cache_dataset_in_memory where {} GiB hold the data.{with_others}",
            mean(ACCELERATOR),
            range(ACCELERATOR),
            t.ram_gib
        ),
        Bottleneck::GpuMemory => format!(
            "The accelerators' memory is full ({} in nine tenths of the time) and the accelerators are at {}: mixed precision, gradient checkpointing, or min_gpu_memory_gb above {} make room for a larger batch. A framework that reserves all memory looks the same.",
            range(ACCELERATOR_MEMORY),
            mean(ACCELERATOR),
            t.accelerator_memory_gib
        ),
        Bottleneck::UnderUse if t.accelerator_count == 0 => format!(
            "The CPUs are at {} (mean): name smaller types in preferred_instance_types, or let the training use all {} vCPUs.",
            mean(CPU),
            t.vcpu
        ),
        Bottleneck::UnderUse => format!(
            "Accelerators (mean {}), their memory ({}) and the CPUs ({}) are all little used: raise the batch size, or name types with fewer or smaller accelerators in preferred_instance_types.",
            mean(ACCELERATOR),
            mean(ACCELERATOR_MEMORY),
            mean(CPU)
        ),
    })
}

/// Instances that do not share the work evenly.
fn uneven(t: &InstanceType, usage: &Usage, limits: &Limits) -> Option<String> {
    let worker = if t.accelerator_count > 0 {
        ACCELERATOR
    } else {
        CPU
    };
    let means = usage.means(worker);
    let least = means.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let most = means.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (most.1 - least.1 > limits.uneven).then(|| {
        format!(
            "algo-{} worked at {}, algo-{} at {}: split the work evenly, for example with distribution = \"ShardedByS3Key\" over files of one size, or take fewer instances.",
            least.0,
            percent(least.1),
            most.0,
            percent(most.1)
        )
    })
}

/// Memory and disk that are about to run out.
fn full(t: &InstanceType, usage: &Usage, limits: &Limits) -> Vec<String> {
    let over = |of| {
        usage
            .quantile(of, 1.0)
            .filter(|x| *x >= limits.saturated)
            .map(percent)
    };
    let mut lines = Vec::new();
    if let Some(used) = over(MEMORY) {
        lines.push(format!(
            "Memory was up to {used} used, of {} GiB: fewer num_data_loader_workers, or a type with more memory, before the system ends the run.",
            t.ram_gib
        ));
    }
    if let Some(used) = over(DISK) {
        let more = if t.has_nvme() {
            "input_mode = \"FastFile\" in input_channels, or a type with a larger disk"
        } else {
            "a larger volume_size_gb, or input_mode = \"FastFile\" in input_channels"
        };
        lines.push(format!("The disk was up to {used} full: {more}."));
    }
    lines
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
