//! Why a candidate is out, in numbers and in words.

use catalog::{InstanceType, Kind, Region, UtcSeconds};

use crate::model::NoPace;
use crate::text::{hours, plain, sig3};
use crate::time::{minute_up, rfc3339, short};
use crate::{AcceleratorCountPolicy, Residency, Rule};

/// Why a candidate is out. Holds numbers, not sentences: most are never printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Why {
    Partition(&'static str),
    Residency {
        scope: Residency,
        /// The region's own country or geography.
        own: &'static str,
        /// What would let the data go there.
        least: Residency,
        /// By `enable_cross_region_training = false`.
        switched_off: bool,
    },
    NotListedRegion,
    /// The region that the training plan is in.
    PlanElsewhere(String),
    NoRegional(&'static str),
    NoNetwork,
    /// A channel's own file system is in the provider's region.
    Mounted,
    Image(String),
    /// `data` would have to be copied there; else only the results need a bucket.
    NoCompanion {
        data: bool,
    },
    StagingTooBig {
        gb: f64,
        most: f64,
    },
    NotListedType,
    NotPlaced,
    Kind {
        own: Kind,
        reference: Kind,
    },
    NeuronUnnamed,
    Count {
        own: u32,
        reference: u32,
        policy: AcceleratorCountPolicy,
    },
    TotalMemory {
        own: f64,
        least: f64,
    },
    GpuMemory {
        own: f64,
        least: f64,
    },
    Loaders {
        vcpu: u32,
        needed: u32,
    },
    OtherVcpu {
        own: u32,
        reference: u32,
    },
    LessRam {
        own: f64,
        reference: f64,
    },
    OldCpu,
    Disk {
        gb: f64,
        own: f64,
    },
    DatasetInRam {
        gb: f64,
        own: f64,
    },
    NoPace {
        why: NoPace,
        class: &'static str,
        accelerator: &'static str,
    },
    Cuda {
        image: (u8, u8),
        needs: (u8, u8),
    },
    Retired,
    TrainingPlan,
    NotOffered,
    OfferUnknown,
    Tried,
    Quota {
        quota: Box<crate::Quota>,
        needed: f64,
    },
    PriceUnknown,
    TooSlow {
        high_h: f64,
        most_h: f64,
        slowdown: f64,
    },
    TooLong {
        high_h: f64,
        most_h: f64,
    },
    /// Too slow on spot capacity, whose interruptions repeat work, and not on demand.
    Interrupted {
        high_h: f64,
        checkpoints: bool,
    },
    /// No signal of the kind that is asked for, or none that compares.
    NoSignal(String),
    /// The upper end of the runtime, from the earliest start on.
    Deadline {
        ends: UtcSeconds,
        deadline: UtcSeconds,
    },
    /// With time: the least mean of any start, and the delay in force and the one that would do.
    Threshold {
        own: f64,
        most: f64,
        delays: Option<[f64; 2]>,
    },
    Emissions {
        own: f64,
        most: f64,
        on: &'static str,
    },
    Energy {
        own: f64,
        most: f64,
        on: &'static str,
    },
    Cost {
        own: f64,
        most: f64,
        on: &'static str,
    },
    CostUnknown,
    Premium {
        percent: f64,
        most: f64,
    },
}

impl Why {
    pub(crate) fn rule(&self) -> Rule {
        match self {
            Self::Partition(_) => Rule::Partition,
            Self::Residency { .. } => Rule::Residency,
            Self::NotListedRegion | Self::NotPlaced => Rule::Regions,
            Self::NoRegional(_) | Self::NoNetwork | Self::Mounted => Rule::Regional,
            Self::Image(_) => Rule::ImageRegion,
            Self::NoCompanion { .. } | Self::StagingTooBig { .. } => Rule::Staging,
            Self::NotListedType => Rule::Types,
            Self::Kind { .. } | Self::NeuronUnnamed => Rule::Kind,
            Self::Count { .. } => Rule::AcceleratorCount,
            Self::TotalMemory { .. } | Self::GpuMemory { .. } => Rule::Memory,
            Self::Loaders { .. } | Self::OtherVcpu { .. } => Rule::Vcpu,
            Self::LessRam { .. } | Self::DatasetInRam { .. } => Rule::Ram,
            Self::Disk { .. } => Rule::Disk,
            Self::OldCpu | Self::NoPace { .. } => Rule::Throughput,
            Self::Cuda { .. } => Rule::Cuda,
            Self::Retired => Rule::Retired,
            Self::TrainingPlan | Self::PlanElsewhere(_) => Rule::TrainingPlan,
            Self::NotOffered | Self::OfferUnknown => Rule::Offer,
            Self::Tried => Rule::Capacity,
            Self::Quota { .. } => Rule::Quota,
            Self::PriceUnknown => Rule::Price,
            Self::TooSlow { .. } | Self::TooLong { .. } => Rule::Runtime,
            Self::Interrupted { .. } => Rule::Interruptions,
            Self::NoSignal(_) => Rule::Signal,
            Self::Deadline { .. } => Rule::Deadline,
            Self::Threshold { .. } => Rule::Threshold,
            Self::Emissions { .. } => Rule::EmissionsGate,
            Self::Energy { .. } => Rule::EnergyGate,
            Self::Cost { .. } | Self::CostUnknown => Rule::CostGate,
            Self::Premium { .. } => Rule::CostPremium,
        }
    }

    /// What the user could change, and to what; `None` = nothing would help.
    pub(crate) fn remedy(&self, region: &Region, instance_type: &InstanceType) -> Option<String> {
        let (r, t) = (region.name, instance_type.name);
        let up = |x: f64| plain(crate::text::round_up(x));
        Some(match self {
            Self::Residency {
                least,
                switched_off,
                ..
            } => {
                let on = if *switched_off {
                    "enable_cross_region_training = true and "
                } else {
                    ""
                };
                format!("{on}data_residency = \"{}\"", least.as_str())
            }
            Self::OfferUnknown | Self::PriceUnknown => {
                format!("{r} and {t} named alone (then without USD)")
            }
            Self::Quota { quota, needed } => format!(
                "the quota \"{}\" ({}) in {r} raised from {} to {}",
                quota.name,
                quota.code,
                plain(quota.value),
                plain(*needed)
            ),
            Self::NotListedRegion => format!("{r} in preferred_training_regions"),
            Self::NoRegional(what) => format!("{what} in regional[\"{r}\"]"),
            Self::NoNetwork => format!("vpc_config in regional[\"{r}\"]"),
            Self::NoCompanion { .. } => "allow_companion_bucket = true".to_owned(),
            Self::StagingTooBig { gb, most } => {
                format!("max_staging_gb from {} to {}", plain(*most), plain(*gb))
            }
            Self::NotListedType | Self::NeuronUnnamed => format!("{t} in preferred_instance_types"),
            Self::Count { .. }
            | Self::OtherVcpu { .. }
            | Self::LessRam { .. }
            | Self::TotalMemory { .. } => {
                format!("{t} in preferred_instance_types")
            }
            Self::GpuMemory { own, least } => {
                format!(
                    "min_gpu_memory_gb from {} to {}",
                    sig3(*least),
                    plain(own.floor())
                )
            }
            Self::Loaders { vcpu, needed } => {
                format!("num_data_loader_workers lower ({needed} vCPUs needed, {vcpu} there)")
            }
            Self::TooSlow {
                high_h,
                most_h,
                slowdown,
            } => {
                format!(
                    "max_slowdown from {} to {}",
                    plain(*slowdown),
                    up(slowdown * high_h / most_h)
                )
            }
            Self::Interrupted { checkpoints, .. } => {
                let or = if *checkpoints {
                    ""
                } else {
                    " (or supports_checkpointing = true, where the code goes on from its checkpoints)"
                };
                format!("use_spot_instances = false{or}")
            }
            Self::Deadline { ends, deadline } => format!(
                "deadline from {} to {}",
                rfc3339(*deadline),
                rfc3339(minute_up(*ends))
            ),
            Self::Threshold { own, most, delays } => {
                let mut text = format!(
                    "carbon_intensity_threshold from {} to {}",
                    plain(*most),
                    up(*own)
                );
                if let Some([now, enough]) = delays {
                    text.push_str(&format!(
                        " or max_start_delay_hours from {} to {}",
                        plain(*now),
                        plain((enough * 10.0 - 1e-6).ceil() / 10.0)
                    ));
                }
                text
            }
            Self::Emissions { own, most, .. } => {
                format!("max_emissions_kg from {} to {}", plain(*most), up(*own))
            }
            Self::Energy { own, most, .. } => {
                format!("max_energy_kwh from {} to {}", plain(*most), up(*own))
            }
            Self::Cost { own, most, .. } => {
                format!("max_cost_usd from {} to {}", plain(*most), up(*own))
            }
            Self::Premium { percent, most } => {
                format!(
                    "max_cost_premium_percent from {} to {}",
                    plain(*most),
                    up(*percent)
                )
            }
            _ => return None,
        })
    }

    /// How far a numeric limit is missed, as a logarithm; a limit that is no number counts as one.
    pub(crate) fn distance(&self) -> f64 {
        match self {
            // A plan without USD is the last thing to propose.
            Self::OfferUnknown | Self::PriceUnknown => 10.0,
            // The same type in the same place: nearer than another of either.
            Self::Interrupted { .. } => 0.5,
            Self::TooSlow { high_h, most_h, .. } => (high_h / most_h).ln().max(0.0),
            Self::StagingTooBig { gb, most } => (gb / most.max(1e-9)).ln().max(0.0),
            Self::GpuMemory { own, least } => (least / own.max(1e-9)).ln().max(0.0),
            Self::Threshold { own, most, .. }
            | Self::Emissions { own, most, .. }
            | Self::Energy { own, most, .. }
            | Self::Cost { own, most, .. } => (own / most.max(1e-9)).ln().max(0.0),
            Self::Premium { percent, most } => ((100.0 + percent) / (100.0 + most)).ln().max(0.0),
            _ => 1.0,
        }
    }

    /// The reason as a fragment of a sentence.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Partition(own) => format!("another AWS partition ({own})"),
            Self::Residency {
                switched_off: true, ..
            } => "enable_cross_region_training = false".to_owned(),
            Self::Residency { scope, own, .. } => match scope {
                Residency::Region => "data_residency = \"region\"".to_owned(),
                _ => format!("data_residency = \"{}\" ({own})", scope.as_str()),
            },
            Self::NotListedRegion => "not in preferred_training_regions".to_owned(),
            Self::NotPlaced => "not the given placement".to_owned(),
            Self::NoRegional(what) => format!("no {what} for it in regional"),
            Self::NoNetwork => "a file system needs a vpc_config there".to_owned(),
            Self::Mounted => "the file_system of a channel is in the provider's region".to_owned(),
            Self::Image(message) => message.clone(),
            Self::NoCompanion { data } => {
                let what = if *data {
                    "the data would have to be staged there"
                } else {
                    "the run would need a bucket there"
                };
                format!("{what}, allow_companion_bucket is false")
            }
            Self::StagingTooBig { gb, most } => {
                format!(
                    "{} GB to stage, max_staging_gb = {}",
                    plain(*gb),
                    plain(*most)
                )
            }
            Self::NotListedType => "not in preferred_instance_types".to_owned(),
            Self::Kind { own, reference } => {
                format!(
                    "{} type, the reference is {}",
                    own.as_str(),
                    reference.as_str()
                )
            }
            Self::NeuronUnnamed => "Trainium runs no CUDA script; only when it is named".to_owned(),
            Self::Count {
                own,
                reference,
                policy,
            } => format!(
                "{own} accelerators, the reference has {reference} (accelerator_count_policy = \"{}\")",
                policy.as_str()
            ),
            Self::TotalMemory { own, least } => {
                format!(
                    "{} GB of accelerator memory, {} GB needed",
                    sig3(*own),
                    sig3(*least)
                )
            }
            Self::GpuMemory { own, least } => {
                format!(
                    "{} GB per accelerator, {} GB needed",
                    sig3(*own),
                    sig3(*least)
                )
            }
            Self::Loaders { vcpu, needed } => format!("{vcpu} vCPUs, {needed} data loader workers"),
            Self::OtherVcpu { own, reference } => {
                format!("{own} vCPUs, the reference has {reference}")
            }
            Self::LessRam { own, reference } => {
                format!(
                    "{} GiB of memory, the reference has {}",
                    plain(*own),
                    plain(*reference)
                )
            }
            Self::OldCpu => "burstable or old CPU family".to_owned(),
            Self::Disk { gb, own } => {
                format!("{} GB of data, {} GB of disk", plain(*gb), plain(*own))
            }
            Self::DatasetInRam { gb, own } => {
                format!(
                    "{} GB of data to cache, {} GB of memory",
                    plain(*gb),
                    plain(own.floor())
                )
            }
            Self::NoPace {
                why,
                class,
                accelerator,
            } => match why {
                NoPace::Class => {
                    format!("no throughput figures for {class}; give relative_throughput")
                }
                NoPace::Row(p) => {
                    format!("no {} throughput of {accelerator} for {class}", p.as_str())
                }
                NoPace::Unsound(p) => {
                    format!(
                        "{} throughput of {accelerator} for {class} is a guess; give relative_throughput",
                        p.as_str()
                    )
                }
                NoPace::Reference => {
                    format!("no sound {class} throughput of the reference's accelerator")
                }
                NoPace::Generation => {
                    "CPU of another generation or size; give relative_throughput".to_owned()
                }
                NoPace::Kind => "CPU against accelerator; give relative_throughput".to_owned(),
            },
            Self::Cuda { image, needs } => {
                format!(
                    "needs CUDA {}.{}, the image has {}.{}",
                    needs.0, needs.1, image.0, image.1
                )
            }
            Self::Retired => "retired by AWS".to_owned(),
            Self::TrainingPlan => "sold through training plans only".to_owned(),
            Self::PlanElsewhere(there) => format!("training_plan_arn is in {there}"),
            Self::NotOffered => "not offered there".to_owned(),
            Self::OfferUnknown => "no list says what is offered there".to_owned(),
            Self::Tried => "no capacity when it was tried".to_owned(),
            Self::Quota { quota, needed } => format!(
                "quota \"{}\" ({}) is {}, {} needed",
                quota.name,
                quota.code,
                plain(quota.value),
                plain(*needed)
            ),
            Self::PriceUnknown => "price unknown".to_owned(),
            Self::TooSlow {
                high_h,
                most_h,
                slowdown,
            } => {
                format!(
                    "up to {}, max_slowdown = {} allows {}",
                    hours(*high_h),
                    plain(*slowdown),
                    hours(*most_h)
                )
            }
            Self::Interrupted { high_h, .. } => {
                format!(
                    "up to {} with the interruptions of spot capacity",
                    hours(*high_h)
                )
            }
            Self::TooLong { high_h, most_h } => {
                format!(
                    "up to {}, SageMaker stops a job after {}",
                    hours(*high_h),
                    hours(*most_h)
                )
            }
            Self::NoSignal(why) => why.clone(),
            Self::Deadline { ends, deadline } => format!(
                "may end as late as {}, deadline = {}",
                short(minute_up(*ends)),
                short(*deadline)
            ),
            Self::Threshold { own, most, .. } => {
                format!(
                    "{} gCO2e/kWh, carbon_intensity_threshold = {}",
                    sig3(*own),
                    plain(*most)
                )
            }
            Self::Emissions { own, most, on } => {
                format!(
                    "{} kgCO2e{on}, max_emissions_kg = {}",
                    sig3(*own),
                    plain(*most)
                )
            }
            Self::Energy { own, most, on } => {
                format!("{} kWh{on}, max_energy_kwh = {}", sig3(*own), plain(*most))
            }
            Self::Cost { own, most, on } => {
                format!("{} USD{on}, max_cost_usd = {}", sig3(*own), plain(*most))
            }
            Self::CostUnknown => "price unknown, max_cost_usd cannot be tested".to_owned(),
            Self::Premium { percent, most } => {
                format!(
                    "{} % dearer than the cheapest, max_cost_premium_percent = {}",
                    sig3(*percent),
                    plain(*most)
                )
            }
        }
    }
}
