//! Rules over several inputs of the resource alone.

use tfplugin::{Attr, Diagnostic, Diagnostics, Path};

use super::nested::{InputChannel, MAX_TAGS};
use super::workload::{entries, members};
use super::{Config, handed_over};
use crate::Lists;
use crate::report::{all, error, invalid, warning};

/// Hyperparameters that the provider sets for the training toolkit when there is a source.
pub(super) const TOOLKIT_HYPERPARAMETERS: &[&str] = &[
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_region",
    "sagemaker_job_name",
    "sagemaker_container_log_level",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_mpi_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_instance_type",
];

/// Variables that SageMaker sets.
const PLATFORM_VARIABLES: &[&str] = &[
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_REGION",
    "TRAINING_JOB_ARN",
    "TRAINING_JOB_NAME",
];

/// Variables that would override the source.
const SOURCE_VARIABLES: &[&str] = &["SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"];

pub(super) fn check(config: &Config, _lists: &Lists<'_>, found: &mut Diagnostics) {
    code(config, found);
    channels(config, found);
    hyperparameters(config, found);
    environment(config, found);
    checkpoints(config, found);
    role(config, found);
    places(config, found);
    placement(config, found);
    super::tracking::check(config, found);
    further_types(config, found);
}

/// SageMaker chooses among several types on demand only, and not together with what is bound to one type.
fn further_types(config: &Config, found: &mut Diagnostics) {
    if config
        .fallback_instance_types
        .known()
        .is_none_or(|number| number == 0)
    {
        return;
    }
    let spot = config.use_spot_instances == Attr::Known(true);
    let warm = config
        .keep_alive_minutes
        .known()
        .is_some_and(|minutes| minutes > 0)
        || config.enable_model_caching == Attr::Known(true);
    for (set, name, why) in [
        (
            spot,
            "use_spot_instances",
            "SageMaker takes several types on demand only",
        ),
        (warm, "keep_alive_minutes", "a warm pool is of one type"),
        (
            config.training_plan_arn.is_known(),
            "training_plan_arn",
            "a training plan is of one type",
        ),
        (
            config.placement.is_known(),
            "placement",
            "a placement names one type",
        ),
        (
            config.use_fsx_lustre == Attr::Known(true),
            "use_fsx_lustre",
            "the file system goes by the runtime limit of one type",
        ),
        (
            config.distribution.as_deref().known() == Some("smddp"),
            "distribution = \"smddp\"",
            "the library has to be told its type beforehand",
        ),
    ] {
        if set {
            found.push(error(
                Path::root("fallback_instance_types"),
                format!("fallback_instance_types excludes {name}"),
                format!("With fallback_instance_types SageMaker chooses the type, and {why}. Leave one of them out."),
            ));
        }
    }
}

/// Exactly one code source, and what goes with it.
fn code(config: &Config, found: &mut Diagnostics) {
    let (dir, uri) = (&config.source_dir, &config.source_s3_uri);
    let source = dir.is_known() || uri.is_known();
    let no_source = dir.is_null() && uri.is_null();
    if dir.is_known() && uri.is_known() {
        found.push(error(
            Path::root("source_s3_uri"),
            "source_dir and source_s3_uri exclude each other",
            "Both say where the training code is. Keep one of them.",
        ));
    }
    if let Some(path) = dir.as_deref().known().filter(|path| path.starts_with('~')) {
        found.push(invalid(
            Path::root("source_dir"),
            format!("Terraform does not expand \"~\" in \"{path}\". Write pathexpand(\"{path}\")."),
        ));
    }
    if source && config.algorithm.is_known() {
        let name = if dir.is_known() {
            "source_dir"
        } else {
            "source_s3_uri"
        };
        found.push(error(
            Path::root("algorithm"),
            format!("algorithm and {name} exclude each other"),
            "A built-in algorithm brings its own code. Keep algorithm, or leave it out to run the source in a framework's image.",
        ));
    }
    if source && config.entry_point.is_null() {
        let name = if dir.is_known() {
            "source_dir"
        } else {
            "source_s3_uri"
        };
        found.push(error(
            Path::root(name),
            format!("{name} needs entry_point"),
            "entry_point names the script in the source that starts the training, such as \"train.py\".",
        ));
    }
    if no_source {
        for (name, set, why) in [
            (
                "entry_point",
                config.entry_point.is_known(),
                "It names a script inside the source.",
            ),
            (
                "framework",
                config.framework.is_known()
                    && config.algorithm.is_null()
                    && config.training_image.is_null(),
                "It picks the image that runs the source.",
            ),
            (
                "distribution",
                config
                    .distribution
                    .as_deref()
                    .known()
                    .is_some_and(|distribution| distribution != "none"),
                "The training toolkit starts the processes of a source; an image or algorithm of its own starts them itself.",
            ),
        ] {
            if set {
                found.push(error(
                    Path::root(name),
                    format!("{name} needs a source"),
                    format!("{why} Set source_dir or source_s3_uri, or leave {name} out."),
                ));
            }
        }
    }
    if config.source_exclude.is_known() && dir.is_null() {
        found.push(error(
            Path::root("source_exclude"),
            "source_exclude needs source_dir",
            "It names files of the local folder that stay out of the archive. Set source_dir or leave source_exclude out.",
        ));
    }
    let asked_for = config.framework.is_known() || config.entry_point.is_known();
    if no_source && !asked_for && config.algorithm.is_null() && config.training_image.is_null() {
        found.push(warning(
            Path::root("name"),
            "No training code; apply will refuse",
            "The plan shows every number. Before apply, set source_dir or source_s3_uri with entry_point, or training_image, or algorithm.",
        ));
    }
}

fn channels(config: &Config, found: &mut Diagnostics) {
    let regional = config.regional.as_ref().known();
    let elsewhere = regional
        .into_iter()
        .flatten()
        .any(|(_, entry)| !entry.vpc_config.is_null());
    let nowhere = config.vpc_config.is_null() && !config.regional.is_unknown() && !elsewhere;
    if config.use_fsx_lustre == Attr::Known(true) && nowhere {
        found.push(error(
            Path::root("use_fsx_lustre"),
            "use_fsx_lustre needs vpc_config",
            "A file system is reached through a VPC. Set vpc_config with a subnet in its zone.",
        ));
    }
    file_system(config, found);
    let Some(channels) = config.input_channels.as_ref().known() else {
        return;
    };
    isolated_source(config, channels.contains_key("code"), channels.len(), found);
    if config.dataset_s3_prefix.is_known() {
        found.push(error(
            Path::root("dataset_s3_prefix"),
            "dataset_s3_prefix and input_channels exclude each other",
            "dataset_s3_prefix is the channel \"train\" by itself. Move it into input_channels as s3_uri, or leave input_channels out.",
        ));
    }
    for (name, channel) in channels {
        let at = Path::root("input_channels").key(name);
        self::channel(config, &at, channel, found);
    }
}

/// A file system that is made for the run: in one subnet, for prefixes in S3, and not before the run.
fn file_system(config: &Config, found: &mut Diagnostics) {
    if config.use_fsx_lustre != Attr::Known(true) {
        return;
    }
    let mut networks = vec![(Path::root("vpc_config"), &config.vpc_config)];
    for (region, entry) in config.regional.as_ref().known().into_iter().flatten() {
        let at = Path::root("regional").key(region);
        networks.push((at.attribute("vpc_config"), &entry.vpc_config));
    }
    for (at, network) in networks {
        let subnets = network
            .as_ref()
            .known()
            .and_then(|vpc| vpc.subnets.as_ref().known());
        if subnets.is_some_and(|subnets| subnets.len() > 1) {
            found.push(error(
                at.attribute("subnets"),
                "use_fsx_lustre needs one subnet",
                "The file system is in one zone. Instances in another would read across zones, and pay for it. Name the one subnet.",
            ));
        }
    }
    for (name, set) in [
        (
            "max_start_delay_hours",
            config
                .max_start_delay_hours
                .known()
                .is_some_and(|hours| hours > 0.0),
        ),
        ("deadline", config.deadline.is_known()),
        ("earliest_start", config.earliest_start.is_known()),
        ("training_plan_arn", config.training_plan_arn.is_known()),
    ] {
        if set {
            found.push(error(
                Path::root(name),
                format!("{name} and use_fsx_lustre exclude each other"),
                "The file system would stand and bill from the apply until the start. Leave one of them out: input_mode = \"FastFile\" needs no file system.",
            ));
        }
    }
    let Some(channels) = config.input_channels.as_ref().known() else {
        return;
    };
    if channels.len() > 8 {
        found.push(invalid(
            Path::root("input_channels"),
            format!("It has {} entries. A file system is linked to at most 8 prefixes, so with use_fsx_lustre at most 8 are possible.", channels.len()),
        ));
    }
    for (name, channel) in channels {
        mounted(
            &Path::root("input_channels").key(name),
            channel,
            "use_fsx_lustre",
            found,
        );
    }
}

/// Settings that only objects have.
fn mounted(at: &Path, channel: &InputChannel, what: &str, found: &mut Diagnostics) {
    let other = |value: &Attr<String>, usual: &str| {
        value.as_deref().known().is_some_and(|value| value != usual)
    };
    for (name, set) in [
        ("input_mode", other(&channel.input_mode, "File")),
        ("compression", other(&channel.compression, "None")),
        ("record_wrapper", other(&channel.record_wrapper, "None")),
        ("s3_data_type", other(&channel.s3_data_type, "S3Prefix")),
        (
            "distribution",
            other(&channel.distribution, "FullyReplicated"),
        ),
        ("shuffle_seed", channel.shuffle_seed.is_known()),
    ] {
        if set {
            found.push(error(
                at.clone().attribute(name),
                format!("{name} and {what} exclude each other"),
                "A file system is mounted as it is: every instance sees every file, in File mode. Leave one of them out.",
            ));
        }
    }
}

/// Without a network the container cannot fetch its code: it arrives as a channel.
fn isolated_source(config: &Config, taken: bool, count: usize, found: &mut Diagnostics) {
    let source = config.source_dir.is_known() || config.source_s3_uri.is_known();
    if !source || config.enable_network_isolation != Attr::Known(true) {
        return;
    }
    if taken {
        found.push(invalid(
            Path::root("input_channels").key("code"),
            "With enable_network_isolation = true the source arrives as the channel \"code\". Choose another name for this one.",
        ));
    }
    if count == 20 {
        found.push(invalid(
            Path::root("input_channels"),
            "It has 20 entries. With enable_network_isolation = true the source is a channel of its own, so at most 19 are possible.",
        ));
    }
}

fn channel(config: &Config, at: &Path, channel: &InputChannel, found: &mut Diagnostics) {
    match (&channel.s3_uri, &channel.file_system) {
        (Attr::Null, Attr::Null) => found.push(error(
            at.clone(),
            format!("{at} has no data"),
            "Set s3_uri to where the channel's objects are.",
        )),
        (Attr::Known(_), Attr::Known(_)) => found.push(error(
            at.clone().attribute("file_system"),
            format!("{at} has two sources"),
            "s3_uri and file_system exclude each other. Keep one of them.",
        )),
        _ => {}
    }
    if channel.file_system.is_known() && config.vpc_config.is_null() {
        found.push(error(
            at.clone().attribute("file_system"),
            "file_system needs vpc_config",
            "A file system is reached through a VPC. Set vpc_config with a subnet in its zone.",
        ));
    }
    if channel.file_system.is_known() {
        mounted(at, channel, "file_system", found);
        return;
    }
    if let (Some(mode), Some((name, value))) =
        (channel.input_mode.as_deref().known(), needs_pipe(channel))
        && mode != "Pipe"
    {
        found.push(error(
            at.clone().attribute(name),
            format!("{name} = \"{value}\" needs input_mode = \"Pipe\""),
            format!("SageMaker takes it for a channel in Pipe mode only, and this one is in {mode} mode. Leave input_mode out, or set it to \"Pipe\"."),
        ));
    }
    if let (Some(uri), Some(bucket)) = (
        channel.s3_uri.as_deref().known(),
        config.s3_bucket_name.as_deref().known(),
    ) {
        own_objects(&at.clone().attribute("s3_uri"), uri, bucket, "read", found);
    }
}

/// The first setting of a channel that SageMaker takes in Pipe mode only, and its value.
pub fn needs_pipe(channel: &InputChannel) -> Option<(&'static str, &'static str)> {
    [
        ("compression", &channel.compression, "Gzip"),
        ("record_wrapper", &channel.record_wrapper, "RecordIO"),
        (
            "s3_data_type",
            &channel.s3_data_type,
            "AugmentedManifestFile",
        ),
    ]
    .into_iter()
    .find(|(_, value, pipe)| value.as_deref().known() == Some(*pipe))
    .map(|(name, _, pipe)| (name, pipe))
}

/// The provider's own objects are in no channel and under no output.
pub(super) fn own_objects(at: &Path, uri: &str, bucket: &str, what: &str, found: &mut Diagnostics) {
    let Some(rest) = uri.strip_prefix("s3://") else {
        return;
    };
    let (found_bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if found_bucket != bucket {
        return;
    }
    // A prefix is no folder: what the name of ours begins with would read it too.
    let covers = what == "read" && "sustainable/".starts_with(key);
    if key == "sustainable" || key.starts_with("sustainable/") || covers {
        found.push(invalid(
            at.clone(),
            format!("\"{uri}\" would {what} the provider's own objects, which are under \"sustainable/\" in this bucket. Use another prefix, such as \"s3://{bucket}/data/\"."),
        ));
    }
}

fn hyperparameters(config: &Config, found: &mut Diagnostics) {
    let source = config.source_dir.is_known() || config.source_s3_uri.is_known();
    for (key, _) in entries(&config.hyperparameters) {
        if TOOLKIT_HYPERPARAMETERS.contains(&key) {
            found.push(invalid(
                Path::root("hyperparameters").key(key),
                format!("\"{key}\" is set by the provider for the training toolkit. Leave it out; source_dir, source_s3_uri, entry_point and distribution decide it."),
            ));
        }
    }
    let count = entries(&config.hyperparameters).count();
    let room = 100 - TOOLKIT_HYPERPARAMETERS.len();
    if source && (room + 1..=100).contains(&count) {
        found.push(invalid(
            Path::root("hyperparameters"),
            format!("It has {count} entries. SageMaker takes 100, of which the training toolkit needs {} for the source, so at most {room} are possible.", TOOLKIT_HYPERPARAMETERS.len()),
        ));
    }
}

fn environment(config: &Config, found: &mut Diagnostics) {
    let path = config.checkpoint_local_path.as_deref().known();
    if let Some(length) = path
        .map(|path| path.chars().count())
        .filter(|length| *length > 512)
    {
        found.push(invalid(
            Path::root("checkpoint_local_path"),
            format!("It has {length} characters. The code is told of it in a variable of the environment, which SageMaker limits to 512."),
        ));
    }
    let source = config.source_dir.is_known() || config.source_s3_uri.is_known();
    for (key, _) in entries(&config.environment) {
        let owner = if key.starts_with("SUSTAINABLE_") {
            Some(
                "the provider, which hands its settings to the training code in variables of that prefix",
            )
        } else if key.starts_with("SM_") {
            Some("the training toolkit, which describes the job in variables of that prefix")
        } else if PLATFORM_VARIABLES.contains(&key) {
            Some("SageMaker")
        } else if source && SOURCE_VARIABLES.contains(&key) {
            Some("the provider; source_dir, source_s3_uri and entry_point decide it")
        } else {
            None
        };
        if let Some(owner) = owner {
            found.push(invalid(
                Path::root("environment").key(key),
                format!("\"{key}\" is set by {owner}. Choose another name."),
            ));
        }
    }
    let ours = handed_over().count() + 1;
    let count = entries(&config.environment).count();
    if (100 - ours + 1..=100).contains(&count) {
        found.push(invalid(
            Path::root("environment"),
            format!("It has {count} entries. SageMaker takes 100, of which the provider needs up to {ours}, so at most {} are possible.", 100 - ours),
        ));
    }
}

fn checkpoints(config: &Config, found: &mut Diagnostics) {
    if config.supports_checkpointing.is_unknown()
        || config.supports_checkpointing == Attr::Known(true)
    {
        return;
    }
    for (name, set) in [
        (
            "resume_from",
            config
                .resume_from
                .as_deref()
                .known()
                .is_some_and(|from| from != "none"),
        ),
        (
            "checkpoint_local_path",
            config.checkpoint_local_path.is_known(),
        ),
    ] {
        if set {
            found.push(error(
                Path::root(name),
                format!("{name} needs supports_checkpointing = true"),
                "Without it the run has no checkpoint folder. Set supports_checkpointing when the code writes and restores checkpoints.",
            ));
        }
    }
}

fn role(config: &Config, found: &mut Diagnostics) {
    if !config.role_arn.is_known() {
        return;
    }
    for (name, set) in [
        (
            "permissions_boundary_arn",
            config.permissions_boundary_arn.is_known(),
        ),
        ("iam_path", config.iam_path.is_known()),
    ] {
        if set {
            found.push(error(
                Path::root(name),
                format!("{name} and role_arn exclude each other"),
                format!("role_arn is used as it is, and {name} is for the role that is created without it. Leave one of them out."),
            ));
        }
    }
}

fn places(config: &Config, found: &mut Diagnostics) {
    if let (Some(uri), Some(bucket)) = (
        config.output_s3_uri.as_deref().known(),
        config.s3_bucket_name.as_deref().known(),
    ) {
        own_objects(&Path::root("output_s3_uri"), uri, bucket, "mix with", found);
    }
}

/// A placement names a region and a type, and one that the lists allow.
fn placement(config: &Config, found: &mut Diagnostics) {
    let Some(placement) = config.placement.as_ref().known() else {
        return;
    };
    for (name, value) in [
        ("region", &placement.region),
        ("instance_type", &placement.instance_type),
    ] {
        if value.is_null() {
            found.push(error(
                Path::root("placement").attribute(name),
                format!("placement needs {name}"),
                "A placement names a region and an instance type. Take it from data.sustainable_placement, or leave it out for the embedded decision.",
            ));
        }
    }
    for (name, value, list, what) in [
        (
            "region",
            &placement.region,
            &config.preferred_training_regions,
            "preferred_training_regions",
        ),
        (
            "instance_type",
            &placement.instance_type,
            &config.preferred_instance_types,
            "preferred_instance_types",
        ),
    ] {
        let Some(value) = value.as_deref().known() else {
            continue;
        };
        let named: Vec<&str> = members(list).map(|(_, name)| name).collect();
        if super::workload::all_known(list) && !named.contains(&value) {
            found.push(error(
                Path::root("placement").attribute(name),
                format!("placement contradicts {what}"),
                format!("\"{value}\" is not in {what}, which names {}. Give data.sustainable_placement the same list.", all(named)),
            ));
        }
    }
}

/// An error when `tags` and the provider's `default_tags` are too many together.
pub fn too_many_tags(all: usize) -> Option<Diagnostic> {
    (all > MAX_TAGS).then(|| {
        error(
            Path::root("tags"),
            "Too many tags",
            format!("tags and the provider's default_tags are {all} together. AWS allows 50, of which four are the provider's own, so at most {MAX_TAGS} are possible."),
        )
    })
}
