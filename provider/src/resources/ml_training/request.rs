//! What was configured, as the planner is asked: defaults are the planner's, unknown inputs are named.

use std::collections::BTreeMap;

use catalog::UtcSeconds;
use planner::{Hours, ImageChoice, InputMode, ModelType, Place, RegionBound, Regional, Request};
use schemas::ml_training::{Config, InputChannel, kept_warm};
use tfplugin::Attr;

use crate::time;

/// Why there is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRequest {
    /// The decision depends on these inputs, which are known only after apply.
    Unknown(Vec<&'static str>),
    /// There is no region: neither in the resource, nor in the provider block, nor in the environment.
    NoRegion,
}

/// What stands around the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Around {
    /// The provider's region.
    pub(crate) region: Attr<String>,
    /// Where the run was before.
    pub(crate) previous: Option<Place>,
    /// A placement that the user handed in.
    pub(crate) only: Option<Place>,
    /// What a data source counts a delay from when `earliest_start` is not set. A plan has no clock: none.
    pub(crate) now: Option<UtcSeconds>,
}

/// The request. Of a region-bound setting only the presence matters; `assume_set` stands in where that is unknown.
pub(crate) fn request(
    config: &Config,
    around: &Around,
    assume_set: bool,
) -> Result<Request, NoRequest> {
    let mut read = Reader::default();
    let dataset_region = match &config.dataset_region {
        Attr::Null => read
            .option("the provider's region", &around.region)
            .cloned(),
        written => read.option("dataset_region", written).cloned(),
    };
    let model_type = read.parsed("model_type", &config.model_type, ModelType::parse);
    let size = read
        .option("dataset_size_gb", &config.dataset_size_gb)
        .copied();
    let hours = read
        .option("estimated_training_hours", &config.estimated_training_hours)
        .copied();
    let mut request = Request::new(
        model_type.unwrap_or(ModelType::NaturalLanguage),
        dataset_region.clone().unwrap_or_default(),
        size.unwrap_or_default(),
        Hours(hours.unwrap_or_default()),
    );
    workload(config, &mut read, &mut request);
    places(config, &mut read, &mut request, assume_set);
    limits(config, &mut read, &mut request);
    times(config, around, &mut read, &mut request);
    request.previous = around.previous.clone();
    request.only = around.only.clone();
    if request.only.is_some() {
        without_limits(&mut request);
    }
    // The provider's own region says nothing but where settings at the top level hold.
    let bound = request.region_bound != RegionBound::default();
    let home = if bound {
        read.option("the provider's region", &around.region)
    } else {
        around.region.as_ref().known()
    };
    if !read.unknown.is_empty() {
        return Err(NoRequest::Unknown(read.unknown));
    }
    let Some(dataset_region) = dataset_region else {
        return Err(NoRequest::NoRegion);
    };
    request.provider_region = home.cloned().unwrap_or(dataset_region);
    Ok(request)
}

fn workload(config: &Config, read: &mut Reader, request: &mut Request) {
    read.parse_into(
        "estimate_for",
        &config.estimate_for,
        planner::EstimateFor::parse,
        &mut request.estimate_for,
    );
    request.model_parameters_millions = read
        .option(
            "model_parameters_millions",
            &config.model_parameters_millions,
        )
        .copied();
    request.reference_instance_type = read
        .option("reference_instance_type", &config.reference_instance_type)
        .cloned();
    request.relative_throughput = read.numbers("relative_throughput", &config.relative_throughput);
    read.whole_into(
        "instance_count",
        &config.instance_count,
        &mut request.instance_count,
    );
    request.volume_size_gb = read
        .option("volume_size_gb", &config.volume_size_gb)
        .map(|gb| *gb as f64);
    read.input_mode(config, request);
    read.whole_into(
        "num_data_loader_workers",
        &config.num_data_loader_workers,
        &mut request.num_data_loader_workers,
    );
    read.into(
        "cache_dataset_in_memory",
        &config.cache_dataset_in_memory,
        &mut request.cache_dataset_in_memory,
    );
    read.parse_into(
        "compute_optimization",
        &config.compute_optimization,
        planner::ComputeOptimization::parse,
        &mut request.compute_optimization,
    );
    read.parse_into(
        "training_strategy",
        &config.training_strategy,
        planner::TrainingStrategy::parse,
        &mut request.training_strategy,
    );
    request.enable_automatic_mixed_precision = read
        .option(
            "enable_automatic_mixed_precision",
            &config.enable_automatic_mixed_precision,
        )
        .copied();
    request.image = read.image(config);
    read.into(
        "supports_checkpointing",
        &config.supports_checkpointing,
        &mut request.supports_checkpointing,
    );
    if let Some(minutes) = read.option(
        "checkpoint_frequency_minutes",
        &config.checkpoint_frequency_minutes,
    ) {
        request.checkpoint_frequency_minutes = *minutes as f64;
    }
    let plan = read.option("training_plan_arn", &config.training_plan_arn);
    request.training_plan = plan.is_some();
    request.training_plan_region = plan
        .and_then(|arn| arn.split(':').nth(3))
        .map(str::to_owned);
    let kept_warm = match &config.keep_alive_minutes {
        Attr::Null => kept_warm(&config.enable_model_caching),
        written => *written,
    };
    if let Some(minutes) = read.option("keep_alive_minutes", &kept_warm) {
        request.keep_alive = Hours(*minutes as f64 / 60.0);
    }
}

fn places(config: &Config, read: &mut Reader, request: &mut Request, assume_set: bool) {
    request.preferred_training_regions = read.texts(
        "preferred_training_regions",
        &config.preferred_training_regions,
    );
    request.preferred_instance_types =
        read.texts("preferred_instance_types", &config.preferred_instance_types);
    request.data_residency = read.parsed(
        "data_residency",
        &config.data_residency,
        planner::Residency::parse,
    );
    read.into(
        "enable_cross_region_training",
        &config.enable_cross_region_training,
        &mut request.enable_cross_region_training,
    );
    request.allow_companion_bucket = read
        .option("allow_companion_bucket", &config.allow_companion_bucket)
        .copied();
    read.into(
        "max_staging_gb",
        &config.max_staging_gb,
        &mut request.max_staging_gb,
    );
    request.region_bound = RegionBound {
        vpc_config: is_set(&config.vpc_config, assume_set),
        kms_key_arn: is_set(&config.kms_key_arn, assume_set),
        volume_kms_key_arn: is_set(&config.volume_kms_key_arn, assume_set),
        output_s3_uri: is_set(&config.output_s3_uri, assume_set),
        mounted: read
            .option("input_channels", &config.input_channels)
            .is_some_and(|channels| {
                channels
                    .values()
                    .any(|channel| is_set(&channel.file_system, assume_set))
            }),
    };
    let entries = read.option("regional", &config.regional);
    request.regional = entries
        .into_iter()
        .flatten()
        .map(|(region, entry)| {
            let entry = Regional {
                vpc_config: is_set(&entry.vpc_config, assume_set),
                kms_key_arn: is_set(&entry.kms_key_arn, assume_set),
                volume_kms_key_arn: is_set(&entry.volume_kms_key_arn, assume_set),
                output_s3_uri: is_set(&entry.output_s3_uri, assume_set),
                training_image: is_set(&entry.training_image, assume_set),
                dataset_s3_uri: is_set(&entry.dataset_s3_uri, assume_set),
            };
            (region.clone(), entry)
        })
        .collect();
}

fn limits(config: &Config, read: &mut Reader, request: &mut Request) {
    request.use_spot_instances = read
        .option("use_spot_instances", &config.use_spot_instances)
        .copied();
    // SageMaker chooses among several types on demand only.
    let further = read.option("fallback_instance_types", &config.fallback_instance_types);
    if further.is_some_and(|number| *number > 0) {
        request.several_types = true;
        request.use_spot_instances.get_or_insert(false);
    }
    read.into(
        "max_spot_price_percentage",
        &config.max_spot_price_percentage,
        &mut request.max_spot_price_percentage,
    );
    request.max_runtime_hours = read
        .option("max_runtime_hours", &config.max_runtime_hours)
        .map(|hours| Hours(*hours));
    request.max_wait_hours = read
        .option("max_wait_hours", &config.max_wait_hours)
        .map(|hours| Hours(*hours));
    request.max_pending_hours = read
        .option("max_pending_hours", &config.max_pending_hours)
        .map(|hours| Hours(*hours));
    read.parse_into(
        "instance_priority",
        &config.instance_priority,
        planner::Objective::parse,
        &mut request.instance_priority,
    );
    read.parse_into(
        "accelerator_count_policy",
        &config.accelerator_count_policy,
        planner::AcceleratorCountPolicy::parse,
        &mut request.accelerator_count_policy,
    );
    request.max_slowdown = read.option("max_slowdown", &config.max_slowdown).copied();
    request.max_cost_premium_percent = read
        .option("max_cost_premium_percent", &config.max_cost_premium_percent)
        .copied();
    request.min_gpu_memory_gb = read
        .option("min_gpu_memory_gb", &config.min_gpu_memory_gb)
        .copied();
    request.carbon_intensity_threshold = read
        .option(
            "carbon_intensity_threshold",
            &config.carbon_intensity_threshold,
        )
        .map(|value| (*value).into());
    request.max_emissions_kg = read
        .option("max_emissions_kg", &config.max_emissions_kg)
        .map(|value| (*value).into());
    request.max_energy_kwh = read
        .option("max_energy_kwh", &config.max_energy_kwh)
        .map(|value| (*value).into());
    request.max_cost_usd = read
        .option("max_cost_usd", &config.max_cost_usd)
        .map(|value| (*value).into());
    read.parse_into(
        "gate_on",
        &config.gate_on,
        planner::GateOn::parse,
        &mut request.gate_on,
    );
    read.parse_into(
        "on_infeasible",
        &config.on_infeasible,
        planner::OnInfeasible::parse,
        &mut request.on_infeasible,
    );
    read.parse_into(
        "redecide",
        &config.redecide,
        planner::Redecide::parse,
        &mut request.redecide,
    );
}

fn times(config: &Config, around: &Around, read: &mut Reader, request: &mut Request) {
    let mut moment = |name, attribute| {
        read.option(name, attribute)
            .and_then(|text: &String| time::parse(text))
    };
    request.earliest_start = moment("earliest_start", &config.earliest_start);
    request.deadline = moment("deadline", &config.deadline);
    if let Some(hours) = read.option("max_start_delay_hours", &config.max_start_delay_hours) {
        request.max_start_delay_hours = Hours(*hours);
    }
    let hours_count = request.max_start_delay_hours.get() > 0.0 || request.deadline.is_some();
    if hours_count && config.earliest_start.is_null() {
        request.earliest_start = around.now;
    }
}

/// Takes away what goes by a signal, a price or the clock. A placement was found within these limits by its own signal, and
/// its digest covers them: another signal says nothing about it.
pub(crate) fn without_limits(request: &mut Request) {
    request.carbon_intensity_threshold = None;
    request.max_emissions_kg = None;
    request.max_energy_kwh = None;
    request.max_cost_usd = None;
    request.max_cost_premium_percent = None;
    request.earliest_start = None;
    request.max_start_delay_hours = Hours(0.0);
    request.deadline = None;
}

fn is_set<T>(attribute: &Attr<T>, assume_set: bool) -> bool {
    match attribute {
        Attr::Null => false,
        Attr::Known(_) => true,
        Attr::Unknown => assume_set,
    }
}

/// Reads attributes and remembers which were unknown.
#[derive(Default)]
struct Reader {
    unknown: Vec<&'static str>,
}

impl Reader {
    fn option<'a, T>(&mut self, name: &'static str, attribute: &'a Attr<T>) -> Option<&'a T> {
        if attribute.is_unknown() && !self.unknown.contains(&name) {
            self.unknown.push(name);
        }
        attribute.as_ref().known()
    }

    fn into<T: Clone>(&mut self, name: &'static str, attribute: &Attr<T>, place: &mut T) {
        if let Some(value) = self.option(name, attribute) {
            *place = value.clone();
        }
    }

    fn whole_into(&mut self, name: &'static str, attribute: &Attr<i64>, place: &mut u32) {
        if let Some(value) = self
            .option(name, attribute)
            .and_then(|value| u32::try_from(*value).ok())
        {
            *place = value;
        }
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        attribute: &Attr<String>,
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.option(name, attribute).and_then(|text| parse(text))
    }

    fn parse_into<T>(
        &mut self,
        name: &'static str,
        attribute: &Attr<String>,
        parse: fn(&str) -> Option<T>,
        place: &mut T,
    ) {
        if let Some(value) = self.parsed(name, attribute, parse) {
            *place = value;
        }
    }

    fn texts(&mut self, name: &'static str, list: &Attr<Vec<Attr<String>>>) -> Vec<String> {
        let items = self.option(name, list);
        items
            .into_iter()
            .flatten()
            .filter_map(|item| self.option(name, item).cloned())
            .collect()
    }

    fn numbers(
        &mut self,
        name: &'static str,
        map: &Attr<BTreeMap<String, Attr<f64>>>,
    ) -> BTreeMap<String, f64> {
        let entries = self.option(name, map);
        entries
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), *self.option(name, value)?)))
            .collect()
    }

    /// The most demanding channel's mode: one channel that is downloaded needs the disk. Where no channel says that it
    /// is, the size of the dataset decides about those that say nothing.
    fn input_mode(&mut self, config: &Config, request: &mut Request) {
        self.into(
            "use_fsx_lustre",
            &config.use_fsx_lustre,
            &mut request.file_system,
        );
        let modes: Vec<Option<InputMode>> =
            match self.option("input_channels", &config.input_channels) {
                None => vec![None],
                Some(channels) => channels
                    .values()
                    .map(|channel| self.mode_of(channel))
                    .collect(),
            };
        // Whether a built-in algorithm streams depends on the algorithm and its data.
        let own_code = self.option("algorithm", &config.algorithm).is_none();
        request.input_mode = if request.file_system {
            // Read over the network as it is needed, like a stream.
            InputMode::FastFile
        } else {
            [
                Some(InputMode::File),
                None,
                Some(InputMode::FastFile),
                Some(InputMode::Pipe),
            ]
            .into_iter()
            .find(|mode| modes.contains(mode))
            .flatten()
            .unwrap_or(InputMode::File)
        };
        request.input_mode_by_size = own_code
            && !request.file_system
            && modes.contains(&None)
            && !modes.contains(&Some(InputMode::File));
    }

    /// What a channel says of its mode; `None`: nothing.
    fn mode_of(&mut self, channel: &InputChannel) -> Option<InputMode> {
        let named = self.parsed("input_channels", &channel.input_mode, InputMode::parse);
        let mounted = channel.file_system.is_known();
        let streamed = schemas::ml_training::needs_pipe(channel).is_some();
        named
            .or(mounted.then_some(InputMode::FastFile))
            .or(streamed.then_some(InputMode::Pipe))
    }

    fn image(&mut self, config: &Config) -> ImageChoice {
        if let Some(image) = self.option("training_image", &config.training_image) {
            return ImageChoice::Given(image.clone());
        }
        if let Some(algorithm) = self.option("algorithm", &config.algorithm) {
            return ImageChoice::Algorithm(algorithm.clone());
        }
        match self.option("framework", &config.framework) {
            Some(framework) => ImageChoice::Framework(framework.clone()),
            None => ImageChoice::Default,
        }
    }
}
