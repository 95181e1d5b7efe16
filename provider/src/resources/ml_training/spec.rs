//! A decided run as `aws` carries it out: no default is left open and nothing is chosen here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws::RunSpec;
use aws::naming;
use aws::spec::{
    Algorithm, Channel, Checkpoint, Compression, Dashboard, DataBucket, Distribution, FileSystem,
    JobBucket, Mounted, ResumeFrom, Role, Source, Vpc,
};
use planner::{Candidate, Capacity, Decision};
use schemas::ml_training::{Effective, InputChannel, Regional, VpcConfig};
use serde_json::Value as Json;
use tfplugin::{Attr, Diagnostic};

use super::image::Container;
use super::source::{bare, exclude};
use super::{alarms, board, later, manifest};
use crate::object::Object;
use crate::settings::known_map;

/// What a run is made of.
#[derive(Debug)]
pub(crate) struct Ingredients<'a> {
    /// As written.
    pub(crate) written: &'a Object,
    /// As meant.
    pub(crate) config: &'a Effective,
    /// The provider's region; empty when there is none.
    pub(crate) provider_region: &'a str,
    /// What was decided.
    pub(crate) decision: &'a Decision,
    /// What runs.
    pub(crate) container: &'a Container,
    /// The planned state.
    pub(crate) planned: &'a Object,
    /// Tags of the resource and of the provider.
    pub(crate) tags: BTreeMap<String, String>,
    /// For the manifest.
    pub(crate) manifest: Json,
    /// The run before this one may be stopped although the plan saw that it had not begun.
    pub(crate) may_stop_previous: bool,
    /// Figures of the chosen type, and of the rules.
    pub(crate) catalog: &'a catalog::Catalog,
    /// Further types that SageMaker may take.
    pub(crate) further: Vec<&'a Candidate>,
}

/// The run.
pub(crate) fn spec(from: &Ingredients<'_>) -> Result<RunSpec, Diagnostic> {
    let config = from.config;
    let decision = from.decision;
    let region = decision.selected_region.as_str();
    let here = Here {
        from,
        entry: config
            .regional
            .as_ref()
            .known()
            .and_then(|regional| regional.get(region)),
    };
    let name = text(&config.name);
    let data_bucket = DataBucket {
        name: text(&config.s3_bucket_name),
        region: text(&config.dataset_region),
        create: flag(&config.create_bucket),
    };
    let request_digest = manifest::request_digest(
        from.written,
        decision,
        crate::object::get(from.planned, "source_digest"),
    );
    let spot = decision.selected_capacity == Capacity::Spot;
    let limits = &decision.limits;
    // Long enough for the slowest that may be taken.
    let others = from.further.iter().map(|other| other.max_runtime_hours);
    let slowest = config
        .max_runtime_hours
        .is_null()
        .then(|| others.max().map_or(0.0, f64::from));
    let runtime_hours = limits.runtime.0.max(slowest.unwrap_or_default());
    let mut environment = pairs(&config.environment);
    for (variable, value) in config.handed_over() {
        if let Attr::Known(value) = value {
            environment.insert(variable, value);
        }
    }
    Ok(RunSpec {
        job_name_base: naming::job_name_base(&name, &request_digest),
        request_digest,
        region: region.to_owned(),
        job_bucket: here.job_bucket(&data_bucket),
        channels: here.channels(&data_bucket),
        data_bucket,
        dataset_size_gb: config.dataset_size_gb.known().unwrap_or_default(),
        dataset_size_factor: from.catalog.constants().dataset_size_factor.value,
        file_system: decision.file_system.map(|planned| FileSystem {
            capacity_gib: planned.gib,
            making_seconds: seconds(planned.making.0),
            kept_seconds: seconds(planned.kept.0),
        }),
        max_staging_gb: config.max_staging_gb.known(),
        algorithm: match from.container {
            Container::Image(uri) => Algorithm::Image(uri.clone()),
            Container::AlgorithmArn(arn) => Algorithm::Arn(arn.clone()),
            Container::None | Container::Unknown => return Err(no_code()),
        },
        container_entrypoint: texts(&config.container_entrypoint),
        container_arguments: texts(&config.container_arguments),
        source: source(from)?,
        entry_point: config.entry_point.as_ref().known().cloned(),
        distribution: match config.distribution.as_ref().known().map(String::as_str) {
            Some("torchrun") => Distribution::Torchrun,
            Some("mpi") => Distribution::Mpi,
            Some("smddp") => Distribution::Smddp,
            _ => Distribution::None,
        },
        instance_type: decision.selected_instance_type.clone(),
        instance_count: decision.instance_count,
        volume_gb: decision.volume_size_gb,
        spot,
        fallback_types: from
            .further
            .iter()
            .map(|candidate| candidate.instance_type.to_owned())
            .collect(),
        keep_alive_seconds: config
            .keep_alive_minutes
            .known()
            .filter(|minutes| *minutes > 0 && !spot)
            .and_then(|minutes| u32::try_from(minutes * 60).ok()),
        training_plan_arn: config.training_plan_arn.as_ref().known().cloned(),
        max_spot_price_percent: spot
            .then(|| config.max_spot_price_percentage.known())
            .flatten(),
        max_runtime_seconds: seconds(runtime_hours),
        max_wait_seconds: limits.wait.map(|hours| seconds(hours.0)),
        max_pending_seconds: limits.pending.map(|hours| seconds(hours.0)),
        max_retry_attempts: config
            .max_retry_attempts
            .known()
            .and_then(|attempts| u32::try_from(attempts).ok()),
        hyperparameters: pairs(&config.hyperparameters),
        environment,
        pass_compressed_uri: flag(&config.enable_model_compression),
        metric_definitions: pairs(&config.metric_definitions),
        checkpoint: flag(&config.supports_checkpointing).then(|| Checkpoint {
            local_path: text(&config.checkpoint_local_path),
            resume_from: match config.resume_from.as_ref().known().map(String::as_str) {
                None | Some("none") => ResumeFrom::None,
                Some("previous_run") => ResumeFrom::PreviousRun,
                Some(uri) => ResumeFrom::Uri(uri.to_owned()),
            },
        }),
        role: match config.role_arn.as_ref().known() {
            Some(arn) => Role::Given { arn: arn.clone() },
            None => Role::Managed {
                path: config.iam_path.as_ref().known().cloned(),
                boundary: config.permissions_boundary_arn.as_ref().known().cloned(),
            },
        },
        start: later::start(from.planned, config),
        scheduler_role: later::role(config),
        may_stop_previous: from.may_stop_previous,
        vpc: here
            .setting(|entry| &entry.vpc_config, &config.vpc_config)
            .map(vpc),
        kms_key_arn: here
            .setting(|entry| &entry.kms_key_arn, &config.kms_key_arn)
            .cloned(),
        volume_kms_key_arn: here
            .setting(
                |entry| &entry.volume_kms_key_arn,
                &config.volume_kms_key_arn,
            )
            .cloned(),
        network_isolation: flag(&config.enable_network_isolation),
        encrypt_inter_container_traffic: flag(&config.encrypt_inter_container_traffic),
        output_s3_uri: here
            .setting(|entry| &entry.output_s3_uri, &config.output_s3_uri)
            .cloned(),
        output_compression: match config
            .output_compression
            .as_ref()
            .known()
            .map(String::as_str)
        {
            Some("NONE") => Compression::None,
            _ => Compression::Gzip,
        },
        experiment: config
            .experiment
            .as_ref()
            .known()
            .filter(|_| flag(&config.enable_experiment_tracking))
            .map(|experiment| aws::spec::Experiment {
                name: text(&experiment.name),
                trial: experiment.trial.as_ref().known().cloned(),
                run: experiment.run.as_ref().known().cloned(),
            }),
        mlflow_resource_arn: config
            .mlflow_resource_arn
            .as_ref()
            .known()
            .filter(|_| flag(&config.enable_experiment_tracking))
            .cloned(),
        tags: from.tags.clone(),
        dashboard: dashboard(from),
        alarms: alarms::alarms(from.catalog, from.planned),
        check_quota: true,
        longest_run_quota_seconds: seconds(from.catalog.constants().longest_run_quota_hours.value),
        capture_logs: config.capture_logs.known().unwrap_or(true),
        wait_for_completion: flag(&config.wait_for_completion),
        manifest: from.manifest.clone(),
        name,
    })
}

/// The run's dashboard; none when none is wanted.
pub(crate) fn dashboard(from: &Ingredients<'_>) -> Option<Dashboard> {
    let wanted = from
        .config
        .dashboard
        .as_ref()
        .known()
        .is_none_or(|dashboard| dashboard == "run");
    wanted.then(|| board::dashboard(from.catalog, from.config, from.planned))
}

fn source(from: &Ingredients<'_>) -> Result<Source, Diagnostic> {
    if let Some(uri) = from.config.source_s3_uri.as_ref().known() {
        return Ok(Source::S3(uri.clone()));
    }
    let Some(dir) = from.config.source_dir.as_ref().known() else {
        return Ok(Source::None);
    };
    let digest = crate::object::get(from.planned, "source_digest")
        .as_str()
        .unwrap_or_default();
    Ok(Source::Directory {
        path: PathBuf::from(dir),
        exclude: exclude(from.config).unwrap_or_default(),
        digest: bare(digest).to_owned(),
    })
}

/// What holds in the region of the run.
struct Here<'a> {
    from: &'a Ingredients<'a>,
    entry: Option<&'a Regional>,
}

impl<'a> Here<'a> {
    /// The region's own value, else the top-level one, which holds in the provider's region only.
    fn setting<T>(&self, own: fn(&Regional) -> &Attr<T>, top: &'a Attr<T>) -> Option<&'a T> {
        let own = self.entry.and_then(|entry| own(entry).as_ref().known());
        let at_home = self.from.decision.selected_region == self.from.provider_region;
        own.or_else(|| if at_home { top.as_ref().known() } else { None })
    }

    fn replica(&self) -> Option<&'a String> {
        self.entry
            .and_then(|entry| entry.dataset_s3_uri.as_ref().known())
    }

    fn job_bucket(&self, data: &DataBucket) -> JobBucket {
        let region = &self.from.decision.selected_region;
        let replica = self.replica().map(String::as_str);
        JobBucket::of(&data.name, &data.region, region, replica)
    }

    fn channels(&self, data: &DataBucket) -> Vec<Channel> {
        let prefix = text(&self.from.config.dataset_s3_prefix);
        let dataset = format!("s3://{}/{prefix}", data.name);
        // Where a replica stands in for the dataset, so it does for what lies in the dataset's folder.
        let moved = |uri: &str| match (self.replica(), uri.strip_prefix(&dataset)) {
            (Some(replica), Some("")) => replica.clone(),
            (Some(replica), Some(rest)) => format!("{}/{rest}", replica.trim_end_matches('/')),
            _ => uri.to_owned(),
        };
        match self.from.config.input_channels.as_ref().known() {
            None => vec![Channel {
                name: "train".to_owned(),
                s3_uri: moved(&dataset),
                input_mode: self.usual_mode(),
                ..Channel::default()
            }],
            Some(channels) => channels
                .iter()
                .map(|(name, channel)| {
                    let settings = settings_of(name, channel);
                    let needed =
                        schemas::ml_training::needs_pipe(channel).map(|_| "Pipe".to_owned());
                    Channel {
                        s3_uri: moved(channel.s3_uri.as_ref().known().map_or("", String::as_str)),
                        input_mode: settings.input_mode.or(needed).or_else(|| self.usual_mode()),
                        ..settings
                    }
                })
                .collect(),
        }
    }

    /// The mode of a channel that names none and needs none; `None`: downloaded, which is SageMaker's own default.
    fn usual_mode(&self) -> Option<String> {
        let mode = self.from.decision.input_mode?;
        (mode != planner::InputMode::File).then(|| mode.as_str().to_owned())
    }
}

fn settings_of(name: &str, channel: &InputChannel) -> Channel {
    let own = |attribute: &Attr<String>| attribute.as_ref().known().cloned();
    Channel {
        name: name.to_owned(),
        s3_uri: String::new(),
        input_mode: own(&channel.input_mode),
        content_type: own(&channel.content_type),
        compression: own(&channel.compression),
        record_wrapper: own(&channel.record_wrapper),
        s3_data_type: own(&channel.s3_data_type),
        distribution: own(&channel.distribution),
        shuffle_seed: channel.shuffle_seed.known(),
        file_system: channel.file_system.as_ref().known().map(|mounted| Mounted {
            file_system_id: text(&mounted.id),
            directory_path: text(&mounted.directory_path),
        }),
    }
}

fn vpc(config: &VpcConfig) -> Vpc {
    Vpc {
        subnets: texts(&config.subnets),
        security_group_ids: texts(&config.security_group_ids),
    }
}

/// The error of an apply that has nothing to run.
pub(crate) fn no_code() -> Diagnostic {
    Diagnostic::error(
        "No training code",
        "There is nothing to run. Set source_dir or source_s3_uri with entry_point, or training_image, or algorithm. Nothing was created.",
    )
}

fn text(attribute: &Attr<String>) -> String {
    attribute.as_ref().known().cloned().unwrap_or_default()
}

fn texts(list: &Attr<Vec<Attr<String>>>) -> Vec<String> {
    list.as_ref()
        .known()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_ref().known().cloned())
        .collect()
}

fn flag(attribute: &Attr<bool>) -> bool {
    attribute.known().unwrap_or_default()
}

fn pairs(map: &Attr<BTreeMap<String, Attr<String>>>) -> BTreeMap<String, String> {
    known_map(map).unwrap_or_default()
}

fn seconds(hours: f64) -> u32 {
    // Bounds are checked when the configuration is validated: 672 h fit.
    (hours * 3600.0).round() as u32
}
