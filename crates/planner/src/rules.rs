//! The filters: who may run, and if not, why not.

use catalog::{InstanceType, Kind, Offer, Region, images};

use crate::model::{Buying, GB_PER_GIB, Model, NoPace, Pace};
use crate::text::{hours, plain, sig3};
use crate::{AcceleratorCountPolicy, GateOn, ImageChoice, InputMode, ModelType, Residency, Rule};

/// Why a candidate is out. Holds numbers, not sentences: most are never printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Why {
    Partition(&'static str),
    Residency(Residency, &'static str),
    NotListedRegion,
    NoRegional(&'static str),
    Image(String),
    NoCompanion,
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
    Threshold {
        own: f64,
        most: f64,
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
            Self::Residency(..) => Rule::Residency,
            Self::NotListedRegion | Self::NotPlaced => Rule::Regions,
            Self::NoRegional(_) => Rule::Regional,
            Self::Image(_) => Rule::ImageRegion,
            Self::NoCompanion | Self::StagingTooBig { .. } => Rule::Staging,
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
            Self::TrainingPlan => Rule::TrainingPlan,
            Self::NotOffered | Self::OfferUnknown => Rule::Offer,
            Self::PriceUnknown => Rule::Price,
            Self::TooSlow { .. } | Self::TooLong { .. } => Rule::Runtime,
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
            Self::Residency(..) => "data_residency = \"any\"".to_owned(),
            Self::NotListedRegion => format!("{r} in preferred_training_regions"),
            Self::NoRegional(what) => format!("{what} in regional[\"{r}\"]"),
            Self::NoCompanion => "allow_companion_bucket = true".to_owned(),
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
            Self::Threshold { own, most } => {
                format!(
                    "carbon_intensity_threshold from {} to {}",
                    plain(*most),
                    up(*own)
                )
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
            Self::TooSlow { high_h, most_h, .. } => (high_h / most_h).ln().max(0.0),
            Self::StagingTooBig { gb, most } => (gb / most.max(1e-9)).ln().max(0.0),
            Self::GpuMemory { own, least } => (least / own.max(1e-9)).ln().max(0.0),
            Self::Threshold { own, most }
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
            Self::Residency(residency, own) => match residency {
                Residency::Region => "data_residency = \"region\"".to_owned(),
                _ => format!("data_residency = \"{}\" ({own})", residency.as_str()),
            },
            Self::NotListedRegion => "not in preferred_training_regions".to_owned(),
            Self::NotPlaced => "not the given placement".to_owned(),
            Self::NoRegional(what) => format!("no {what} for it in regional"),
            Self::Image(message) => message.clone(),
            Self::NoCompanion => {
                "the data would have to be staged there, allow_companion_bucket is false".to_owned()
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
            Self::NotOffered => "not offered there".to_owned(),
            Self::OfferUnknown => "no list says what is offered there".to_owned(),
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
            Self::TooLong { high_h, most_h } => {
                format!(
                    "up to {}, SageMaker stops a job after {}",
                    hours(*high_h),
                    hours(*most_h)
                )
            }
            Self::Threshold { own, most } => {
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

/// The request's lists, by places in the tables.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) residency: Residency,
    pub(crate) listed_regions: Option<Vec<bool>>,
    pub(crate) listed_types: Option<Vec<bool>>,
    companion: bool,
    /// One region and one type are named: an unknown price does not reject them.
    single: bool,
    only: Option<(usize, usize)>,
}

impl Scope {
    pub(crate) fn new(m: &Model) -> Self {
        let request = m.request;
        let list = |names: &[String], all: &mut dyn Iterator<Item = &'static str>| {
            (!names.is_empty()).then(|| {
                all.map(|name| names.iter().any(|n| n == name))
                    .collect::<Vec<bool>>()
            })
        };
        let only = request.only.as_ref().and_then(|p| {
            Some((
                m.catalog.region_index(&p.region)?,
                m.catalog.instance_type_index(&p.instance_type)?,
            ))
        });
        let has_list = !request.preferred_training_regions.is_empty();
        let residency = if request.enable_cross_region_training {
            request.data_residency.unwrap_or(if has_list {
                Residency::Any
            } else {
                Residency::Region
            })
        } else {
            Residency::Region
        };
        Self {
            residency,
            listed_regions: list(
                &request.preferred_training_regions,
                &mut m.regions().iter().map(|r| r.name),
            ),
            listed_types: list(
                &request.preferred_instance_types,
                &mut m.types().iter().map(|t| t.name),
            ),
            companion: request.allow_companion_bucket.unwrap_or(has_list),
            single: only.is_some()
                || (request.preferred_training_regions.len() == 1
                    && request.preferred_instance_types.len() == 1),
            only,
        }
    }

    fn is_named(&self, index: usize) -> bool {
        self.only.is_some_and(|(_, t)| t == index)
            || self.listed_types.as_ref().is_some_and(|l| l[index])
    }
}

/// Asks the rules about a region; `no` says whether to go on asking.
pub(crate) fn region(
    m: &Model,
    scope: &Scope,
    index: usize,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let request = m.request;
    let r = &m.regions()[index];
    let home = &m.regions()[m.home];
    if r.partition != home.partition && !no(Why::Partition(r.partition)) {
        return false;
    }
    let inside = match scope.residency {
        Residency::Region => index == m.home,
        Residency::Country => r.country == home.country,
        Residency::Geography => r.geography == home.geography,
        Residency::Any => true,
    };
    let own = if scope.residency == Residency::Country {
        r.country
    } else {
        r.geography
    };
    if !inside && !no(Why::Residency(scope.residency, own)) {
        return false;
    }
    if scope.only.is_some_and(|(only, _)| only != index) && !no(Why::NotPlaced) {
        return false;
    }
    if scope.listed_regions.as_ref().is_some_and(|l| !l[index]) && !no(Why::NotListedRegion) {
        return false;
    }
    let entry = request.regional.get(r.name);
    if r.name != request.provider_region {
        let top = request.region_bound;
        let bound = [
            (
                "vpc_config",
                top.vpc_config,
                entry.is_some_and(|e| e.vpc_config),
            ),
            (
                "kms_key_arn",
                top.kms_key_arn,
                entry.is_some_and(|e| e.kms_key_arn),
            ),
            (
                "volume_kms_key_arn",
                top.volume_kms_key_arn,
                entry.is_some_and(|e| e.volume_kms_key_arn),
            ),
            (
                "output_s3_uri",
                top.output_s3_uri,
                entry.is_some_and(|e| e.output_s3_uri),
            ),
        ];
        for (what, set, given) in bound {
            if set && !given && !no(Why::NoRegional(what)) {
                return false;
            }
        }
    }
    let own_image = entry.is_some_and(|e| e.training_image);
    let elsewhere = |there: Option<&str>| {
        there
            .filter(|name| *name != r.name)
            .map(|n| format!("the image is in {n}"))
    };
    let image = match &request.image {
        _ if own_image => None,
        ImageChoice::Given(uri) => elsewhere(images::literal_region(uri)).or_else(|| {
            uri.contains('{')
                .then(|| images::expand(uri, r).err().map(|e| e.message))
                .flatten()
        }),
        ImageChoice::Algorithm(name) if name.starts_with("arn:") => {
            elsewhere(name.split(':').nth(3))
        }
        ImageChoice::Algorithm(name) => images::resolve_algorithm(name, r).err().map(|e| e.message),
        ImageChoice::Default | ImageChoice::Framework(_) => None,
    };
    if let Some(message) = image
        && !no(Why::Image(message))
    {
        return false;
    }
    if m.is_remote(index) {
        if !scope.companion && !no(Why::NoCompanion) {
            return false;
        }
        let (gb, most) = (request.dataset_size_gb, request.max_staging_gb);
        if gb > most && !no(Why::StagingTooBig { gb, most }) {
            return false;
        }
    }
    true
}

/// Asks the rules about a type; `Err` = no sense in asking further.
pub(crate) fn instance_type(
    m: &Model,
    scope: &Scope,
    index: usize,
    no: &mut dyn FnMut(Why) -> bool,
) -> Option<(Pace, Option<images::Choice>)> {
    let request = m.request;
    let t = &m.types()[index];
    let reference = &m.types()[m.reference];
    let named = scope.is_named(index);
    let exempt = named || index == m.reference;
    if scope.only.is_some_and(|(_, only)| only != index) && !no(Why::NotPlaced) {
        return None;
    }
    if scope.listed_types.as_ref().is_some_and(|l| !l[index]) && !no(Why::NotListedType) {
        return None;
    }
    if !exempt {
        if t.kind != reference.kind
            && t.kind != Kind::Neuron
            && !no(Why::Kind {
                own: t.kind,
                reference: reference.kind,
            })
        {
            return None;
        }
        if t.kind == Kind::Neuron && !no(Why::NeuronUnnamed) {
            return None;
        }
        let (own, there) = (t.accelerator_count, reference.accelerator_count);
        let fits = match request.accelerator_count_policy {
            AcceleratorCountPolicy::Same => own == there,
            AcceleratorCountPolicy::UpTo => own <= there,
            AcceleratorCountPolicy::Any => true,
        };
        let policy = request.accelerator_count_policy;
        if t.kind != Kind::Cpu
            && !fits
            && !no(Why::Count {
                own,
                reference: there,
                policy,
            })
        {
            return None;
        }
        if request.model_type == ModelType::GenerativeAi && t.kind != Kind::Cpu {
            let share = m.catalog.constants().generative_memory_share.value;
            let own = t.accelerators_memory_gib() * GB_PER_GIB;
            let least = reference.accelerators_memory_gib() * share * GB_PER_GIB;
            if own < least && !no(Why::TotalMemory { own, least }) {
                return None;
            }
        }
    }
    if t.kind != Kind::Cpu {
        let own = t.accelerator_memory_gib * GB_PER_GIB;
        let least = match request.min_gpu_memory_gb {
            Some(explicit) => explicit,
            None if exempt => 0.0,
            None => reference.accelerator_memory_gib * GB_PER_GIB,
        };
        if own < least && !no(Why::GpuMemory { own, least }) {
            return None;
        }
    }
    if !exempt {
        let needed = request.num_data_loader_workers * t.accelerator_count;
        if t.vcpu < needed
            && !no(Why::Loaders {
                vcpu: t.vcpu,
                needed,
            })
        {
            return None;
        }
        if t.kind == Kind::Cpu && reference.kind == Kind::Cpu {
            if t.vcpu != reference.vcpu
                && !no(Why::OtherVcpu {
                    own: t.vcpu,
                    reference: reference.vcpu,
                })
            {
                return None;
            }
            if t.ram_gib < reference.ram_gib
                && !no(Why::LessRam {
                    own: t.ram_gib,
                    reference: reference.ram_gib,
                })
            {
                return None;
            }
            if matches!(t.family, "t3" | "m4" | "c4") && !no(Why::OldCpu) {
                return None;
            }
        }
    }
    let gb = request.dataset_size_gb;
    if request.input_mode == InputMode::File {
        let own = if t.has_nvme() {
            f64::from(t.nvme_gb)
        } else {
            request.volume_size_gb.unwrap_or(16_384.0)
        };
        if gb > own && !no(Why::Disk { gb, own }) {
            return None;
        }
    }
    let own = t.ram_gib * GB_PER_GIB;
    if request.cache_dataset_in_memory && gb > own && !no(Why::DatasetInRam { gb, own }) {
        return None;
    }
    let pace = match m.pace(index) {
        Ok(pace) => pace,
        Err(why) => {
            let class = m.class.map_or(request.model_type.as_str(), |c| c.as_str());
            let accelerator = t.accelerator.map_or("CPU", |a| a.key);
            no(Why::NoPace {
                why,
                class,
                accelerator,
            });
            return None;
        }
    };
    let mut choice = None;
    let framework = match &request.image {
        ImageChoice::Default => Some(None),
        ImageChoice::Framework(name) => Some(Some(name.as_str())),
        ImageChoice::Algorithm(_) | ImageChoice::Given(_) => None,
    };
    if let Some(framework) = framework {
        match images::choose(framework, t) {
            Ok(found) => {
                choice = Some(found);
                let needs = t.accelerator.and_then(|a| a.needs_cuda);
                if let (Some(image), Some(needs)) = (found.cuda(), needs)
                    && image < needs
                    && !no(Why::Cuda { image, needs })
                {
                    return None;
                }
            }
            Err(error) => {
                if !no(Why::Image(error.message)) {
                    return None;
                }
            }
        }
    }
    if t.retired && !no(Why::Retired) {
        return None;
    }
    if t.training_plan_only && !request.training_plan && !no(Why::TrainingPlan) {
        return None;
    }
    Some((pace, choice))
}

/// Asks the rules about an offer: type and region together, before any figure.
pub(crate) fn offer(
    m: &Model,
    scope: &Scope,
    instance_type: usize,
    region: usize,
    choice: Option<images::Choice>,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let known = match m.catalog.offer_at(instance_type, region) {
        Offer::Offered => true,
        Offer::NotOffered => no(Why::NotOffered),
        Offer::Unknown => scope.single || no(Why::OfferUnknown),
    };
    if !known {
        return false;
    }
    let r = &m.regions()[region];
    let own_image = m
        .request
        .regional
        .get(r.name)
        .is_some_and(|e| e.training_image);
    if let Some(choice) = choice.filter(|c| !own_image && !c.is_published_in(r)) {
        let message = choice
            .in_region(r)
            .err()
            .map_or_else(String::new, |e| e.message);
        if !no(Why::Image(message)) {
            return false;
        }
    }
    let price = m
        .catalog
        .price_at(instance_type, region)
        .and_then(|p| p.on_demand_usd_h);
    if price.is_none() && !scope.single && !no(Why::PriceUnknown) {
        return false;
    }
    true
}

/// Asks the rules about the run's time; `high_h` is the upper end of the training hours.
pub(crate) fn runtime(
    m: &Model,
    scope: &Scope,
    index: usize,
    high_h: f64,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let estimated = m.request.estimated_training_hours.0;
    let slowdown = match m.request.max_slowdown {
        Some(explicit) => Some(explicit),
        None if scope.is_named(index) => None,
        None => Some(2.0),
    };
    if let Some(slowdown) = slowdown {
        let most_h = slowdown * estimated;
        if high_h > most_h
            && !no(Why::TooSlow {
                high_h,
                most_h,
                slowdown,
            })
        {
            return false;
        }
    }
    let most_h = m.catalog.constants().max_training_hours.value;
    high_h <= most_h || no(Why::TooLong { high_h, most_h })
}

/// What the gates look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gated {
    pub(crate) kg: f64,
    pub(crate) kg_high: f64,
    pub(crate) kwh: f64,
    pub(crate) kwh_high: f64,
    pub(crate) usd: Option<f64>,
    pub(crate) usd_high: Option<f64>,
    pub(crate) usd_ceiling: Option<f64>,
}

/// Asks the threshold.
pub(crate) fn threshold(m: &Model, region: usize, no: &mut dyn FnMut(Why) -> bool) -> bool {
    let own = m.regions()[region].intensity.value;
    match m.request.carbon_intensity_threshold {
        Some(most) if own > most.0 => no(Why::Threshold { own, most: most.0 }),
        _ => true,
    }
}

/// Asks the gates.
pub(crate) fn gates(m: &Model, x: &Gated, no: &mut dyn FnMut(Why) -> bool) -> bool {
    let request = m.request;
    let (kg, kwh, usd, on, on_usd) = match request.gate_on {
        GateOn::Value => (x.kg, x.kwh, x.usd, "", ""),
        GateOn::High => (
            x.kg_high,
            x.kwh_high,
            x.usd_high,
            " at the upper end",
            " at the upper end",
        ),
        GateOn::Ceiling => (
            x.kg_high,
            x.kwh_high,
            x.usd_ceiling,
            " at the upper end",
            " at the ceiling",
        ),
    };
    if let Some(most) = request
        .max_emissions_kg
        .map(|l| l.0)
        .filter(|most| kg > *most)
        && !no(Why::Emissions { own: kg, most, on })
    {
        return false;
    }
    if let Some(most) = request
        .max_energy_kwh
        .map(|l| l.0)
        .filter(|most| kwh > *most)
        && !no(Why::Energy { own: kwh, most, on })
    {
        return false;
    }
    if let Some(most) = request.max_cost_usd.map(|l| l.0) {
        let why = match usd {
            None => Some(Why::CostUnknown),
            Some(own) if own > most => Some(Why::Cost {
                own,
                most,
                on: on_usd,
            }),
            Some(_) => None,
        };
        if let Some(why) = why {
            return no(why);
        }
    }
    true
}

/// Whether spot is wanted, and how the capacity is bought in a place.
pub(crate) fn buying(m: &Model, instance_type: usize, region: usize) -> Buying {
    let request = m.request;
    if let Some(crate::Capacity::OnDemand) = request.only.as_ref().and_then(|p| p.capacity) {
        return Buying::OnDemand;
    }
    if !wants_spot(m) {
        return Buying::OnDemand;
    }
    let c = m.catalog.constants();
    let market = m
        .catalog
        .price_at(instance_type, region)
        .filter(|p| p.on_demand_usd_h.is_some())
        .and_then(|p| p.spot);
    match market {
        Some(market) if market.saving_percent >= c.spot_least_saving_percent.value => {
            let saving = market.saving_percent.min(c.spot_most_saving_percent.value);
            if 100.0 - saving <= request.max_spot_price_percentage {
                Buying::Spot {
                    saving: saving / 100.0,
                    interruption_percent: market.interruption_percent,
                }
            } else {
                Buying::OnDemand
            }
        }
        _ => Buying::OnDemand,
    }
}

/// Whether spot is wanted at all.
pub(crate) fn wants_spot(m: &Model) -> bool {
    let request = m.request;
    match request.only.as_ref().and_then(|p| p.capacity) {
        Some(capacity) => capacity == crate::Capacity::Spot,
        None => {
            request
                .use_spot_instances
                .unwrap_or(request.supports_checkpointing)
                && !request.training_plan
        }
    }
}
