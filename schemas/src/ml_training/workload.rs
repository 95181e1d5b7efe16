//! Rules over several workload inputs: the resource and `data.sustainable_placement` share them.

use catalog::{Constants, reference_type};
use tfplugin::{Attr, Diagnostics, Path, Value};

use super::nested::{Regional, TextMap};
use super::{Config, MAX_RUN_HOURS};
use crate::report::{all, error, group, invalid, plain, warning};
use crate::{Lists, refusals};

/// Refusals and rules for a configuration that holds workload inputs only.
pub fn check_workload(config: &Value, lists: &Lists<'_>, found: &mut Diagnostics) {
    refusals::check(config, refusals::TRAINING, found);
    if let Ok(typed) = Config::read(config) {
        check(&typed, lists, found);
    }
}

pub(super) fn check(config: &Config, lists: &Lists<'_>, found: &mut Diagnostics) {
    partitions(config, lists, found);
    residency(config, found);
    regional(config, found);
    run_limits(config, found);
    start(config, found);
    reserved(config, found);
    disks(config, lists, found);
    throughput(config, found);
    details(config, found);
    if config.algorithm.is_known() && config.training_image.is_known() {
        found.push(error(
            Path::root("algorithm"),
            "algorithm and training_image exclude each other",
            "Both say which container runs. Keep algorithm for a built-in algorithm or training_image for a container of your own.",
        ));
    }
    if config.framework.is_known() {
        for (name, other) in [
            ("algorithm", &config.algorithm),
            ("training_image", &config.training_image),
        ] {
            if other.is_known() {
                found.push(error(
                    Path::root("framework"),
                    format!("framework and {name} exclude each other"),
                    format!("framework picks the image that runs a source, and {name} already says which container runs. Leave one of them out."),
                ));
            }
        }
    }
}

/// The members of a list that are known, with their positions.
pub(super) fn members(list: &Attr<Vec<Attr<String>>>) -> impl Iterator<Item = (usize, &str)> {
    let items = list.as_ref().known().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((index, item.as_deref().known()?)))
}

/// Whether every member is known.
pub(super) fn all_known(list: &Attr<Vec<Attr<String>>>) -> bool {
    list.as_ref()
        .known()
        .is_some_and(|items| items.iter().all(Attr::is_known))
}

/// The known entries of a map.
pub(super) fn entries(map: &Attr<TextMap>) -> impl Iterator<Item = (&str, Option<&str>)> {
    map.as_ref()
        .known()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_deref().known()))
}

/// Data and capacity of two partitions never meet.
fn partitions(config: &Config, lists: &Lists<'_>, found: &mut Diagnostics) {
    let partition = |name: &str| lists.region(name).map(|region| region.partition);
    let first = config.dataset_region.as_deref().known().or_else(|| {
        members(&config.preferred_training_regions)
            .map(|(_, name)| name)
            .find(|name| partition(name).is_some())
    });
    let Some((first, home)) = first.and_then(|name| Some((name, partition(name)?))) else {
        return;
    };
    let list = members(&config.preferred_training_regions)
        .map(|(index, name)| (Path::root("preferred_training_regions").index(index), name));
    let keys = config
        .regional
        .as_ref()
        .known()
        .into_iter()
        .flatten()
        .map(|(key, _)| (Path::root("regional").key(key), key.as_str()));
    for (at, name) in list.chain(keys) {
        if let Some(other) = partition(name).filter(|other| *other != home) {
            found.push(invalid(
                at,
                format!("\"{name}\" is in the partition {other} and \"{first}\" in {home}. Accounts, data and roles do not cross partitions: use one resource and one provider per partition."),
            ));
        }
    }
}

fn residency(config: &Config, found: &mut Diagnostics) {
    if config.enable_cross_region_training != Attr::Known(false) {
        return;
    }
    if let Some(residency) = config
        .data_residency
        .as_deref()
        .known()
        .filter(|residency| *residency != "region")
    {
        found.push(error(
            Path::root("data_residency"),
            "data_residency contradicts enable_cross_region_training",
            format!("enable_cross_region_training = false keeps the data in its region, and data_residency = \"{residency}\" lets it go further. Leave one of them out."),
        ));
    }
    if let Some(home) = config.dataset_region.as_deref().known() {
        for (index, name) in
            members(&config.preferred_training_regions).filter(|(_, name)| *name != home)
        {
            found.push(error(
                Path::root("preferred_training_regions").index(index),
                "preferred_training_regions contradicts enable_cross_region_training",
                format!("\"{name}\" is not dataset_region (\"{home}\"), and enable_cross_region_training = false keeps the training there. Leave one of them out."),
            ));
        }
    }
}

fn regional(config: &Config, found: &mut Diagnostics) {
    let Some(regional) = config.regional.as_ref().known() else {
        return;
    };
    let named: Vec<&str> = members(&config.preferred_training_regions)
        .map(|(_, name)| name)
        .collect();
    for (region, entry) in regional {
        let at = Path::root("regional").key(region);
        if all_known(&config.preferred_training_regions) && !named.contains(&region.as_str()) {
            found.push(error(
                at.clone(),
                format!("regional has an entry for \"{region}\", where nothing can run"),
                format!("preferred_training_regions names {}. Add \"{region}\" to it or remove the entry.", all(named.iter().copied())),
            ));
        }
        if *entry == Regional::default() {
            found.push(invalid(
                at.clone(),
                "The entry is empty. Set what differs in this region or remove the entry.",
            ));
        }
        if entry.training_image.is_known() && config.algorithm.is_known() {
            found.push(error(
                at.clone().attribute("training_image"),
                "algorithm and training_image exclude each other",
                "Both say which container runs. AWS has the image of a built-in algorithm in every region: leave one of them out.",
            ));
        }
        for (name, arn) in [
            ("kms_key_arn", &entry.kms_key_arn),
            ("volume_kms_key_arn", &entry.volume_kms_key_arn),
        ] {
            let there = arn.as_deref().known().and_then(|arn| arn.split(':').nth(3));
            if let Some(there) = there.filter(|there| *there != region && there.contains('-')) {
                found.push(invalid(
                    at.clone().attribute(name),
                    format!("The key is in \"{there}\", and a job in \"{region}\" can only use keys of its own region."),
                ));
            }
        }
        if let Some(there) = entry
            .training_image
            .as_deref()
            .known()
            .and_then(image_region)
            && there != region
        {
            found.push(invalid(
                    at.clone().attribute("training_image"),
                    format!("The image is in \"{there}\", and a job in \"{region}\" can only use images of its own region. Replicate it, or write {{region}} in its place."),
                ));
        }
    }
}

/// The literal region of an image in a private registry.
fn image_region(image: &str) -> Option<&str> {
    let (_, rest) = image.split_once(".dkr.ecr.")?;
    let (region, _) = rest.split_once(".amazonaws.com")?;
    (!region.contains('{')).then_some(region)
}

fn run_limits(config: &Config, found: &mut Diagnostics) {
    let (runtime, wait) = (
        config.max_runtime_hours.known(),
        config.max_wait_hours.known(),
    );
    if let (Some(runtime), Some(wait)) = (runtime, wait)
        && wait < runtime
    {
        found.push(invalid(
                Path::root("max_wait_hours"),
                format!("{} is below max_runtime_hours ({}). It counts waiting and running together; leave it out for max_runtime_hours + 24.", plain(wait), plain(runtime)),
            ));
    }
    if wait.is_some() && config.use_spot_instances == Attr::Known(false) {
        found.push(error(
            Path::root("max_wait_hours"),
            "max_wait_hours needs spot capacity",
            "It limits the wait for spot capacity, and use_spot_instances is false. Leave it out, or use max_pending_hours to limit the wait for on-demand capacity.",
        ));
    }
    hour_on_spot(config, found);
    let quota = Constants::EMBEDDED.longest_run_quota_hours.value;
    if let Some(runtime) = runtime.filter(|runtime| *runtime > quota && *runtime <= MAX_RUN_HOURS) {
        found.push(warning(
            Path::root("max_runtime_hours"),
            "max_runtime_hours is above the default quota",
            format!("{} hours need the quota \"Longest run time for a training job\" of SageMaker raised in the job's region: it is {} seconds ({} hours) in new accounts.", plain(runtime), group(&plain(quota * 3600.0)), plain(quota)),
        ));
    }
}

/// SageMaker's own limit for algorithms that cannot be resumed.
fn hour_on_spot(config: &Config, found: &mut Diagnostics) {
    let without_checkpoints = matches!(
        config.supports_checkpointing,
        Attr::Null | Attr::Known(false)
    );
    let long = match config.max_wait_hours {
        Attr::Null => true,
        Attr::Unknown => false,
        Attr::Known(hours) => hours > 1.0,
    };
    if config.algorithm.is_known()
        && config.use_spot_instances == Attr::Known(true)
        && without_checkpoints
        && long
    {
        found.push(error(
            Path::root("use_spot_instances"),
            "An algorithm without checkpoints has an hour on spot",
            "SageMaker lets an algorithm that writes no checkpoints wait and run on spot capacity for an hour at most. Set supports_checkpointing = true if it writes them, max_wait_hours = 1 for a short run, or use_spot_instances = false.",
        ));
    }
}

fn start(config: &Config, found: &mut Diagnostics) {
    let time = |attr: &Attr<String>| {
        attr.as_deref()
            .known()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
    };
    if let (Some(earliest), Some(deadline)) = (time(&config.earliest_start), time(&config.deadline))
        && deadline <= earliest
    {
        found.push(invalid(
            Path::root("deadline"),
            format!("{deadline} is not after earliest_start ({earliest})."),
        ));
    }
}

/// Warm pools and training plans are not for spot capacity.
fn reserved(config: &Config, found: &mut Diagnostics) {
    let spot = config.use_spot_instances == Attr::Known(true);
    let warm = config
        .keep_alive_minutes
        .known()
        .is_some_and(|minutes| minutes > 0);
    let caching = config.enable_model_caching == Attr::Known(true);
    if caching && config.keep_alive_minutes == Attr::Known(0) {
        found.push(error(
            Path::root("enable_model_caching"),
            "enable_model_caching contradicts keep_alive_minutes",
            "enable_model_caching = true keeps the instances for 30 minutes, and keep_alive_minutes = 0 for none. Leave one of them out.",
        ));
    }
    for (name, set, what) in [
        ("keep_alive_minutes", warm, "A warm pool"),
        ("enable_model_caching", caching && !warm, "A warm pool"),
        (
            "training_plan_arn",
            config.training_plan_arn.is_known(),
            "A training plan",
        ),
    ] {
        if set && spot {
            found.push(error(
                Path::root(name),
                format!("{name} excludes spot capacity"),
                format!("{what} is on-demand capacity, and use_spot_instances is true. Leave one of them out."),
            ));
        }
    }
    let there = config
        .training_plan_arn
        .as_deref()
        .known()
        .and_then(|arn| arn.split(':').nth(3));
    let regions: Vec<&str> = members(&config.preferred_training_regions)
        .map(|(_, name)| name)
        .collect();
    if let Some(there) = there
        && all_known(&config.preferred_training_regions)
        && !regions.contains(&there)
    {
        found.push(invalid(
            Path::root("training_plan_arn"),
            format!("The plan is in \"{there}\", and preferred_training_regions names {}. A plan can be used in its own region only.", all(regions.iter().copied())),
        ));
    }
}

/// A volume on types that bring their own disks.
fn disks(config: &Config, lists: &Lists<'_>, found: &mut Diagnostics) {
    let Some(volume) = config.volume_size_gb.known() else {
        return;
    };
    if !all_known(&config.preferred_instance_types) {
        return;
    }
    let types: Option<Vec<_>> = members(&config.preferred_instance_types)
        .map(|(_, name)| lists.instance_type(name))
        .collect();
    let Some(types) =
        types.filter(|types| !types.is_empty() && types.iter().all(|one| one.nvme_gb > 0))
    else {
        return;
    };
    if types.iter().all(|one| volume > i64::from(one.nvme_gb)) {
        let sizes: Vec<String> = types
            .iter()
            .map(|one| format!("{} has {} GB", one.name, one.nvme_gb))
            .collect();
        found.push(invalid(
            Path::root("volume_size_gb"),
            format!("{volume} GB cannot be had: these types come with NVMe disks and take no EBS volume ({}). Leave volume_size_gb out, or name types with room.", sizes.join(", ")),
        ));
    }
}

fn throughput(config: &Config, found: &mut Diagnostics) {
    let reference = match &config.reference_instance_type {
        Attr::Known(reference) => Some(reference.as_str()),
        Attr::Null => (config.model_type.as_deref().known()).map(reference_type),
        Attr::Unknown => None,
    };
    let (Some(reference), Some(own)) = (reference, config.relative_throughput.as_ref().known())
    else {
        return;
    };
    if let Some(speed) = own
        .get(reference)
        .and_then(|speed| speed.known())
        .filter(|speed| *speed != 1.0)
    {
        found.push(invalid(
            Path::root("relative_throughput").key(reference),
            format!("{} is the speed of reference_instance_type against itself, which is 1. Leave the entry out.", plain(speed)),
        ));
    }
}

/// Details of techniques that are not asked for.
fn details(config: &Config, found: &mut Diagnostics) {
    for (name, set, switch, on) in [
        (
            "early_stopping_patience",
            config.early_stopping_patience.is_known(),
            "enable_early_stopping",
            &config.enable_early_stopping,
        ),
        (
            "target_model_size_reduction",
            config.target_model_size_reduction.is_known(),
            "enable_model_compression",
            &config.enable_model_compression,
        ),
    ] {
        if set && !on.is_unknown() && *on != Attr::Known(true) {
            found.push(warning(
                Path::root(name),
                format!("{name} has no effect"),
                format!("It is handed to the training code only with {switch} = true."),
            ));
        }
    }
}
