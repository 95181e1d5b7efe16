//! Inputs of `sustainable_ml_training`: one declaration per attribute.
//!
//! The struct is low level (what the user typed); [`super::Effective`] says what it means.

use std::collections::BTreeMap;

use catalog::Constants;
use tfplugin::Attr;

use super::nested::{
    EXPERIMENT, Experiment, INPUT_CHANNEL, InputChannel, PLACEMENT, Placement, REGIONAL, Regional,
    TIMEOUTS, TextMap, Texts, Timeouts, VPC_CONFIG, VpcConfig, tags,
};
use crate::declare::{
    Kind, Preset, REGION, Text, above, declare, flag, list, map, number, of, one_of, text, whole,
};

/// AWS's own limits.
const LIMITS: Constants = Constants::EMBEDDED;
/// Longest run that SageMaker allows.
pub const MAX_RUN_HOURS: f64 = LIMITS.max_training_hours.value;

const INSTANCE_TYPE: Kind = Kind::Text(Text::InstanceType);
const THROUGHPUT: Kind = Kind::Number {
    least: 0.0,
    above: true,
    most: 1000.0,
};
pub(crate) const HYPERPARAMETER: Kind = Kind::Text(Text::Line(2500));
pub(crate) const VARIABLE: Kind = Kind::Text(Text::AtMost(512));
pub(crate) const REGEX: Kind = Kind::Text(Text::Metric);
/// How processes are started.
pub(crate) const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("none", "one process per instance"),
    ("torchrun", "one process per accelerator, by torchrun"),
    ("mpi", "by mpirun"),
    ("smddp", "SageMaker's data-parallel library"),
];
const ANYTHING: Kind = Kind::Text(Text::Any);
const ARGUMENT: Kind = Kind::Text(Text::Line(256));
const GLOB: Kind = Kind::Text(Text::UpTo(1024));

/// Arguments keep their order and may repeat.
const fn arguments() -> crate::declare::Attribute {
    of(Kind::List {
        of: &ARGUMENT,
        least: 1,
        most: 100,
        distinct: false,
    })
}

declare! {
    /// What the user typed in a `sustainable_ml_training` block.
    pub struct Config, pub static INPUTS;

    "What to train" {
        name: String, "Name of the training; part of the job's name.", text(Text::TrainingName).required().replace();
        model_type: String, "Kind of model.", one_of(&[
            ("computer_vision", "images and video"),
            ("natural_language", "text, below the size of a large language model"),
            ("tabular_data", "rows and columns"),
            ("reinforcement_learning", "agents and simulations"),
            ("generative_ai", "large language and diffusion models"),
            ("time_series", "forecasts"),
        ]).required().decision().workload().more("Decides which throughput figures apply; see [how the decision is made](../guides/how-the-decision-is-made.md).");
        algorithm: String, "Built-in algorithm or algorithm ARN.", text(Text::Algorithm).run().workload()
            .more("One of `algorithm`, `training_image` and a source (`source_dir` or `source_s3_uri`) says what to run; a source may accompany `training_image`. With none of them the plan still shows every number, with a warning, and apply refuses.");
        training_image: String, "Image of the training container.", text(Text::Image).run().workload()
            .more("May hold `{region}`, `{account}` and `{suffix}`, so that one value serves every region. A private registry with a literal region limits the candidates to that region.");
        framework: String, "Framework whose image runs the source.", text(Text::Framework).run().workload()
            .preset(Preset::Derived("the newest PyTorch"))
            .more("Not with `training_image` or `algorithm`, which bring their own.");
        source_dir: String, "Local folder with the training code.", text(Text::UpTo(4096)).run()
            .more("Packed into an archive whose digest depends on the content alone and is shown as `source_digest`. A file that changes between plan and apply makes Terraform say \"Provider produced inconsistent final plan\": plan again. Moving the folder without changing its content starts no run. It is read for every plan: what it holds beyond 5 GB, or packs to beyond 500 MB, is refused, since data belong into an input channel.");
        source_exclude: Texts, "Patterns of files to leave out of the archive.", list(&GLOB, 100).run()
            .more("`*` and `?` stay within one part of a path, `**` goes across; a pattern without `/` means a name at any depth, and one that means a folder leaves out all of it. Always left out: `.git`, `.hg`, `.svn`, `__pycache__`, `*.pyc`, `.DS_Store`, `.terraform`, `.ipynb_checkpoints`.");
        source_s3_uri: String, "Archive with the training code.", text(Text::S3Uri).run();
        entry_point: String, "Script that starts the training.", text(Text::RelativePath).run()
            .more("Needed with a source.");
        container_entrypoint: Texts, "Replaces the image's entry point.", arguments().run();
        container_arguments: Texts, "Arguments of the container.", arguments().run();
        hyperparameters: TextMap, "Hyperparameters of the training code.", map(Text::UpTo(256), &HYPERPARAMETER, 100).run().preset(Preset::Derived("none"))
            .more("With a source at most 91, since SageMaker's training toolkit needs 9. Public: they appear in the plan, in the job's record and in the manifest. Settings of this resource are never added to them, since strict parsers stop at a flag that they do not know; the training toolkit's own `sagemaker_*` keys are set by the provider.");
        environment: TextMap, "Environment of the container.", map(Text::Variable, &VARIABLE, 100).run().secret().preset(Preset::Derived("none"))
            .more("At most 85 of your own, since the provider needs up to 15. Names that begin with `SUSTAINABLE_` or `SM_` are set by the provider and the training toolkit.");
        metric_definitions: TextMap, "Regular expressions that read metrics from the log.", map(Text::UpTo(255), &REGEX, 40).run().preset(Preset::Derived("none"))
            .more("They feed `final_metrics` and the dashboard.");
        distribution: String, "How processes are started on several devices.", one_of(DISTRIBUTIONS).run().preset(Preset::Text("none"));
    }

    "The data" {
        s3_bucket_name: String, "The data bucket.", text(Text::Bucket).required().replace();
        create_bucket: bool, "Create the data bucket when it is missing.", flag().decision().preset(Preset::Bool(false))
            .more("A missing bucket is an error otherwise: a typo must not become a bucket.");
        dataset_region: String, "Region of the data bucket.", text(Text::Region).decision().workload().preset(Preset::Derived("the provider's region"))
            .more("Checked at apply before anything is created.");
        dataset_s3_prefix: String, "Where the dataset is in the bucket.", text(Text::Prefix).run().preset(Preset::Text("data/"))
            .more("Becomes the channel `train`. A prefix without objects is an error at apply that names the prefixes found, unless `dataset_size_gb = 0`.");
        input_channels: BTreeMap<String, InputChannel>, "Input channels, in place of `dataset_s3_prefix`.",
            of(Kind::ObjectMap { key: Text::Channel, of: INPUT_CHANNEL, most: 20 }).run().workload();
        dataset_size_gb: f64, "Size of the dataset.", number(0.0, 10_000.0).required().decision().workload();
        cache_dataset_in_memory: bool, "Ask the training code to keep the dataset in memory.", flag().run().workload().handed_over()
            .preset(Preset::Derived("not passed"))
            .more("Instance types with less memory than the dataset are left out.");
        use_fsx_lustre: bool, "Read the data through a file system of FSx for Lustre that is made for the run.", flag().run().workload().preset(Preset::Bool(false))
            .more("Needs `vpc_config` with one subnet. It is linked to the data and deleted after the run, at the latest by a schedule; its cost until then is in the estimate. Worth it for many epochs over terabytes or millions of small files; see [data and storage](../guides/data-and-storage.md).");
    }

    "The estimate" {
        estimated_training_hours: f64, "Hours on the reference instances.", above(0.0, MAX_RUN_HOURS).required().decision().workload()
            .more("On `instance_count` instances of `reference_instance_type`. Correcting it starts no run.");
        estimate_for: String, "What the hours are for.", one_of(&[
            ("configured_run", "the run as configured, its techniques included"),
            ("plain_run", "the same run without them; their factors then apply to the estimate"),
        ]).decision().workload().preset(Preset::Text("configured_run"));
        model_parameters_millions: f64, "Size of the model, in millions of parameters.", above(0.0, f64::INFINITY).decision().workload()
            .more("For emissions per million parameters.");
        reference_instance_type: String, "Instance type that the hours were measured on.", text(Text::InstanceType).decision().workload()
            .preset(Preset::Derived("ml.p4d.24xlarge; ml.m5.4xlarge for tabular_data and time_series"))
            .more("When it is not given, `baseline.assumed` is true and no savings are attributed to the instance type.");
        relative_throughput: BTreeMap<String, Attr<f64>>, "Your own measurements: instance type to speed.",
            map(Text::InstanceType, &THROUGHPUT, 200).decision().workload().preset(Preset::Derived("the catalogue's"))
            .more("Whole instance against whole reference instance, so 2 is twice as fast. They beat the catalogue.");
    }

    "Efficiency, handed to the training code" {
        training_strategy: String, "Strategy that the training code follows.", one_of(&[
            ("carbon_aware_scheduling", "nothing to change in the code"),
            ("efficient_architecture", "a smaller architecture"),
            ("mixed_precision", "16-bit arithmetic"),
            ("gradient_checkpointing", "less memory for more computation"),
            ("federated_learning", "several regions, one model"),
        ]).run().workload().handed_over().preset(Preset::Text("carbon_aware_scheduling"))
            .more("Changes neither where nor when the run takes place.");
        compute_optimization: String, "Optimisation that the training code applies.", one_of(&[
            ("none", "full precision"),
            ("mixed_precision", "16-bit arithmetic"),
            ("quantization", "smaller weights, for inference"),
            ("pruning", "fewer weights, for inference"),
            ("distillation", "a smaller student model"),
            ("neural_architecture_search", "a search, which costs energy itself"),
        ]).run().workload().handed_over().preset(Preset::Text("mixed_precision"))
            .more("Quantization, pruning and distillation save inference, not training; see [what the claims mean](../guides/claims.md).");
        enable_automatic_mixed_precision: bool, "Ask for automatic mixed precision.", flag().run().workload().handed_over().preset(Preset::Derived("not passed"));
        enable_gradient_accumulation: bool, "Ask for gradient accumulation.", flag().run().workload().handed_over().preset(Preset::Derived("not passed"));
        enable_data_augmentation: bool, "Ask for data augmentation.", flag().run().workload().handed_over().preset(Preset::Derived("not passed"));
        enable_early_stopping: bool, "Ask for early stopping.", flag().run().workload().handed_over().preset(Preset::Derived("not passed"));
        early_stopping_patience: i64, "Evaluations without progress before stopping.", whole(1, 1000).run().workload().handed_over()
            .preset(Preset::Derived("5, passed with `enable_early_stopping`"));
        enable_model_compression: bool, "Ask for a compressed model beside the full one.", flag().run().workload().handed_over().preset(Preset::Bool(false))
            .more("The training code uploads it to `SUSTAINABLE_COMPRESSED_URI`; `compressed_model_uri` is null until it exists.");
        target_model_size_reduction: f64, "Share by which the compressed model is smaller.", number(0.0, 0.95).run().workload().handed_over()
            .preset(Preset::Number(0.5));
        num_data_loader_workers: i64, "Data loader processes per accelerator.", whole(0, 128).run().workload().handed_over().preset(Preset::Whole(4))
            .more("Instance types with fewer vCPUs than workers times accelerators are left out.");
    }

    "Checkpoints" {
        supports_checkpointing: bool, "The training code writes and restores checkpoints.", flag().run().workload().handed_over().preset(Preset::Bool(false))
            .more("Makes spot capacity the default.");
        checkpoint_frequency_minutes: i64, "Minutes between checkpoints.", whole(1, 1440).run().workload().handed_over().preset(Preset::Whole(30));
        checkpoint_local_path: String, "Checkpoint folder in the container.", text(Text::ContainerPath).run().handed_over().preset(Preset::Text("/opt/ml/checkpoints"));
        resume_from: String, "Where the first checkpoint comes from.", text(Text::ResumeFrom).run().preset(Preset::Text("none"))
            .more("A URI names a checkpoint folder. The objects are copied; the old ones stay.");
    }

    "Instances" {
        instance_priority: String, "What the choice minimises.", one_of(&[
            ("carbon_optimized", "kgCO2e"),
            ("cost_optimized", "USD"),
            ("gpu_efficient", "the instances' own energy, then kgCO2e"),
            ("balanced", "the product of kgCO2e, USD and kWh"),
        ]).decision().workload().preset(Preset::Text("carbon_optimized"));
        preferred_instance_types: Texts, "Instance types to choose from.", list(&INSTANCE_TYPE, 200).decision().workload()
            .preset(Preset::Derived("every comparable type"))
            .more("Order says nothing. Named types are exempt from the rules on kind, accelerator count, memory, vCPUs and the default `max_slowdown`; never from explicit limits, disk, weak throughput figures, offer or price. Training on SageMaker knows no Graviton types.");
        instance_count: i64, "Number of instances.", whole(1, 1000).run().workload().preset(Preset::Whole(1));
        accelerator_count_policy: String, "Accelerators per instance, against the reference.", one_of(&[
            ("same", "as many"),
            ("up_to", "as many or fewer"),
            ("any", "any number"),
        ]).decision().workload().preset(Preset::Text("same"));
        min_gpu_memory_gb: f64, "Least memory per accelerator.", above(0.0, 10_000.0).decision().workload().preset(Preset::Derived("the reference's"));
        max_slowdown: f64, "Slowest choice, as a multiple of the estimated hours.", above(0.0, 1000.0).decision().workload()
            .preset(Preset::Derived("2; not for types named in `preferred_instance_types`"));
        max_cost_premium_percent: f64, "Dearest choice, over the cheapest feasible one.", number(0.0, f64::INFINITY).decision().workload();
        volume_size_gb: i64, "Size of the EBS volume of each instance.", whole(1, LIMITS.volume_most_gb.value as i64).run().workload()
            .preset(Preset::Derived("30; in File mode 30 and the dataset"))
            .more("Types with NVMe disks come with their own size and take no volume.");
        training_plan_arn: String, "SageMaker training plan to run under.", text(Text::Arn("sagemaker", "training-plan")).run().workload()
            .more("Capacity that was bought in advance: on demand, in the plan's own region, on its type. Looked at by the apply: it must not be over, has to be for training jobs, and large enough. `cost_usd` is the list price all the same, since the plan is paid already.");
        keep_alive_minutes: i64, "Minutes that the instances stay warm afterwards.", whole(0, 60).decision().workload()
            .preset(Preset::Derived("0; 30 with `enable_model_caching`"))
            .more("A warm pool: the next run with the same instances, role, network and encryption starts on them without waiting. They idle and are billed at the list price until then, which is in the estimate; not on spot capacity, and the account needs the quota \"for training warm pool usage\". Applies to the next run. A destroy ends the pool.");
        enable_model_caching: bool, "Another name for `keep_alive_minutes = 30`.", flag().decision().workload().preset(Preset::Bool(false));
    }

    "Where" {
        preferred_training_regions: Texts, "Regions to choose from.", list(&REGION, 50).decision().workload()
            .preset(Preset::Derived("what `data_residency` allows"))
            .more("Order says nothing. A list is consent to move the data there.");
        carbon_intensity_threshold: f64, "Highest gCO2e per kWh of the grid.", above(0.0, 5000.0).decision().workload()
            .more("Hard when set. By location 7 of the 38 regions are below 150.");
        data_residency: String, "How far the data may go.", one_of(&[
            ("region", "it stays in `dataset_region`"),
            ("country", "the same country"),
            ("geography", "the same geography, such as Europe"),
            ("any", "anywhere in the partition"),
        ]).decision().workload().preset(Preset::Derived("region; any when `preferred_training_regions` is given"))
            .more("Filters `preferred_training_regions` too when set.");
        enable_cross_region_training: bool, "Allow another region than the data's.", flag().decision().workload().preset(Preset::Bool(true))
            .more("False is `data_residency = \"region\"`.");
        regional: BTreeMap<String, Regional>, "Settings that differ by region.",
            of(Kind::ObjectMap { key: Text::Region, of: REGIONAL, most: 50 }).decision().workload()
            .more("Top-level `vpc_config`, keys and `output_s3_uri` apply in the provider's region. If one of them is set, every other region needs its own entry, else it is rejected with the reason. An image with a literal region holds there only.");
        allow_companion_bucket: bool, "Allow a bucket in the job's region for a copy of the data.", flag().decision().workload()
            .preset(Preset::Derived("true when `preferred_training_regions` is given"))
            .more("SageMaker reads its input only from the job's own region. The companion is `<s3_bucket_name>-<region>`.");
        max_staging_gb: f64, "Largest dataset to copy to another region.", number(0.0, 10_000.0).decision().workload().preset(Preset::Number(100.0));
    }

    "Spot capacity and limits of the run" {
        use_spot_instances: bool, "Use spot capacity.", flag().run().workload()
            .preset(Preset::Derived("spot when `supports_checkpointing`, else on demand"))
            .more("True is spot wherever there is a market below `max_spot_price_percentage`, else on demand, and the plan says so.");
        max_spot_price_percentage: f64, "Highest spot price, in percent of on demand.", above(0.0, 100.0).decision().workload().preset(Preset::Number(80.0))
            .more("A gate before the run, not a bid: SageMaker takes no price. Asked in the plan on the catalogue's figure, and by the apply, before anything is launched, on the prices that EC2 publishes for the same machine at that moment: above it the apply fails and creates nothing. See [prices and capacity](../guides/prices-and-capacity.md).");
        spot_interruption_behavior: String, "What happens when spot capacity is reclaimed.", one_of(&[
            ("checkpoint", "SageMaker restarts from the last checkpoint"),
            ("stop", "the run ends"),
            ("on_demand", "the rest runs on demand"),
        ]).decision().preset(Preset::Text("checkpoint"));
        max_runtime_hours: f64, "Hours after which SageMaker stops the run.", number(1.0, MAX_RUN_HOURS).decision().workload()
            .preset(Preset::Derived("1.5 times the high end of the estimate, rounded up"));
        max_wait_hours: f64, "Hours for waiting and running on spot together.", number(1.0, LIMITS.longest_wait_hours.value).decision().workload()
            .preset(Preset::Derived("`max_runtime_hours` + 24"));
        max_pending_hours: f64, "Hours to wait for capacity.", number(LIMITS.least_pending_hours.value, MAX_RUN_HOURS).decision().workload()
            .preset(Preset::Derived("SageMaker's own limit; 2 with `use_fsx_lustre` on demand"));
        max_retry_attempts: i64, "Retries after an internal error of SageMaker.", whole(1, 30).decision();
        on_capacity: String, "What to do when there is no capacity.", one_of(&[
            ("keep", "report it"),
            ("next_candidate", "the next plan shows a new run on the best place that was not tried yet"),
        ]).preset(Preset::Text("keep"))
            .more("After an `outcome` of `capacity`. Within every limit and gate, never without a plan that shows it, and no place twice. See [prices and capacity](../guides/prices-and-capacity.md).");
        on_spot_exhausted: String, "What to do when spot capacity never came.", one_of(&[
            ("keep", "report it"),
            ("on_demand", "the next plan shows a new run on demand"),
        ]).preset(Preset::Text("keep"))
            .more("After an `outcome` of `spot_exhausted`.");
        fallback_instance_types: i64, "Further types that SageMaker may take.", whole(0, 4).decision().preset(Preset::Whole(0))
            .more("The next best candidates of the same region with the same image, the same kind of disk and as many accelerators, each within every limit: SageMaker takes the first with capacity (`InstancePreferences`), and `actual_instance_type` says which. On demand only; not with `placement`, a warm pool, a training plan, `use_fsx_lustre` or `smddp`.");
    }

    "Network, encryption and permissions" {
        vpc_config: VpcConfig, "Network of the instances.", of(Kind::Object(VPC_CONFIG)).run().workload();
        kms_key_arn: String, "Key for our S3 objects and the results.", text(Text::Arn("kms", "key")).run().workload();
        volume_kms_key_arn: String, "Key for the volumes.", text(Text::Arn("kms", "key")).run().workload()
            .more("Types with NVMe disks take no key: it is dropped there, with a warning in the plan.");
        enable_network_isolation: bool, "No network for the container.", flag().run().preset(Preset::Bool(false));
        encrypt_inter_container_traffic: bool, "Encrypt traffic between instances.", flag().run().preset(Preset::Bool(false));
        role_arn: String, "Execution role to use as it is.", text(Text::Arn("iam", "role")).decision()
            .preset(Preset::Derived("a role of its own with the least permissions"));
        scheduler_role_arn: String, "Role that starts the run later.", text(Text::Arn("iam", "role")).decision()
            .preset(Preset::Derived("a role of its own that may start this training and nothing else"))
            .more("It has to trust `scheduler.amazonaws.com`; a condition on `aws:SourceArn` has to name the schedule group. Used only where the start lies in the future.");
        permissions_boundary_arn: String, "Boundary of the role that is created.", text(Text::Arn("iam", "policy")).decision()
            .more("A role from before that has another one is refused, with the command that sets it.");
        iam_path: String, "Path of the role that is created.", text(Text::IamPath).decision().preset(Preset::Text("/"));
    }

    "Results" {
        output_s3_uri: String, "Where the model goes.", text(Text::S3Uri).run().workload().preset(Preset::Derived("the job's bucket"));
        output_compression: String, "How the model is packed.", one_of(&[
            ("GZIP", "one `model.tar.gz`"),
            ("NONE", "files as they are"),
        ]).run().preset(Preset::Derived("GZIP; NONE for generative_ai"));
        copy_artifacts_to: String, "A second place for the model.", text(Text::S3Uri)
            .more("After the end of a run that succeeded, its artifacts are copied by S3 itself into a folder of the run's name under this prefix, in another region too. The first apply after the end does it (the plan shows `pending_steps`); with `wait_for_completion` the same apply. Nothing there is overwritten or deleted, at destroy neither. See [After the run](../guides/after-the-run.md).");
        capture_logs: bool, "Keep the last 20 log lines of a failed run.", flag().preset(Preset::Bool(true))
            .more("They hold what the script prints, and end up in the state.");
    }

    "When" {
        earliest_start: String, "Not before this time.", text(Text::Time).decision().workload()
            .more("A plan has no clock of its own: write `plantimestamp()` for the time of the plan, which is the same when the plan is applied. A later value changes nothing of a run that exists, and is no difference.");
        max_start_delay_hours: f64, "Longest delay of the start.", number(0.0, MAX_RUN_HOURS).decision().workload().preset(Preset::Number(0.0))
            .more("Counted from `earliest_start`, which it needs. The decision compares the hours in between by the usual day of the grid, or by the signal of `data.sustainable_placement`. A start that lies in the future is made by EventBridge Scheduler: see [Choosing start times](../guides/choosing-start-times.md).");
        deadline: String, "When the run must have ended.", text(Text::Time).decision().workload()
            .more("The plan reckons with the upper end of its hours; the apply that makes the run looks again, with the central estimate. Needs `earliest_start`.");
    }

    "Gates" {
        max_emissions_kg: f64, "Most kgCO2e; a plan above it fails.", above(0.0, f64::INFINITY).decision().workload()
            .more("Gates are tested when a new run is decided.");
        max_energy_kwh: f64, "Most kWh; a plan above it fails.", above(0.0, f64::INFINITY).decision().workload();
        max_cost_usd: f64, "Most USD; a plan above it fails.", above(0.0, f64::INFINITY).decision().workload();
        gate_on: String, "Which figure the gates test.", one_of(&[
            ("value", "the central estimate"),
            ("high", "the high end of the range"),
            ("ceiling", "the most that the run can cost; kg and kWh use the high end"),
        ]).decision().workload().preset(Preset::Text("value"));
        on_infeasible: String, "What to do when nothing passes.", one_of(&[
            ("error", "the plan fails and names the nearest answers"),
            ("warn", "the plan shows no decision, and apply refuses"),
            ("run_now", "the threshold and the delay are dropped, never residency or gates"),
        ]).decision().preset(Preset::Text("error"));
    }

    "Life cycle" {
        placement: Placement, "The decision in force.", of(Kind::Object(PLACEMENT)).or_computed().decision()
            .more("Set it to `data.sustainable_placement.NAME.selected` to take a decision from there. It is followed when a run is decided and kept until the next run, with its own figures. Where the data source has no answer, its `selected` is null, and that is as if `placement` were left out: the run is decided by the figures that are part of the provider. A `precondition` that `selected` is not null has no run made then; it also stops later plans for as long as there is no answer.");
        on_stale: String, "What to do with a placement that has expired.", one_of(&[
            ("error", "apply refuses"),
            ("keep", "apply follows it all the same, with a warning"),
        ]).preset(Preset::Text("error"))
            .more("Asked by an apply that is about to make a run, never by a plan and never for a run that exists.");
        on_change: String, "What to do with a change that needs a new run while one is at work.", one_of(&[
            ("error", "the plan fails and names the job, its hours and its USD"),
            ("rerun", "the run is stopped and a new one started"),
        ]).preset(Preset::Text("error"))
            .more("After the end of a run a change simply starts a new one.");
        redecide: String, "Whether a new run may move.", one_of(&[
            ("keep", "it stays while that is feasible and moving gains less than 10 %"),
            ("each_run", "each run is decided afresh"),
        ]).preset(Preset::Text("keep"));
        rerun_triggers: TextMap, "Any values; a change starts a new run.", map(Text::Any, &ANYTHING, 100).run().preset(Preset::Derived("none"));
        wait_for_completion: bool, "Wait for the end of the run.", flag().preset(Preset::Bool(false));
        timeouts: Timeouts, "How long operations may take.", of(Kind::Block(TIMEOUTS));
        on_destroy: String, "What destroy does to the job.", one_of(&[
            ("stop", "stop it and keep its record"),
            ("delete", "stop it and delete its record"),
            ("retain", "leave it; role, claim and buckets stay while it runs"),
        ]).destroy_time().preset(Preset::Text("stop"));
        force_destroy: bool, "Empty managed buckets at destroy.", flag().destroy_time().preset(Preset::Bool(false))
            .more("Artifacts, reports and manifests in them go too.");
    }

    "Watching and records" {
        dashboard: String, "CloudWatch dashboard.", one_of(&[
            ("run", "one for this training"),
            ("none", "none"),
        ]).preset(Preset::Text("run"));
        track_carbon_emissions: bool, "Report emissions.", flag().preset(Preset::Bool(true))
            .more("False leaves the figure out of the dashboard, `measured` and the reports; reports go by what a run was made with.");
        track_energy_usage: bool, "Report energy.", flag().preset(Preset::Bool(true))
            .more("False leaves the figure out of the dashboard, `measured` and the reports; reports go by what a run was made with.");
        enable_experiment_tracking: bool, "Track the run as an experiment.", flag().decision().preset(Preset::Bool(false))
            .more("Needs `experiment`, `mlflow_resource_arn` or both.");
        experiment: Experiment, "Experiment to record under.", of(Kind::Object(EXPERIMENT)).decision()
            .more("SageMaker Experiments. What is made here and holds no record any more goes at destroy.");
        mlflow_resource_arn: String, "MLflow app or tracking server.", text(Text::Arn("sagemaker", "mlflow")).decision()
            .more("Reaches the container as `MLFLOW_TRACKING_URI`, for an image with `mlflow` and `sagemaker-mlflow`; the execution role that is made here may write to it. The artifact store behind it is a bucket of yours: a role that logs artifacts needs it in its policy.");
        model_package_group_name: String, "Registry group for the model.", text(Text::Entity(63))
            .more("After the end of a run that succeeded, its model becomes a version of this group, waiting for approval, with energy, emissions, cost and region in its metadata. The first apply after the end does it (the plan shows `pending_steps`); with `wait_for_completion` the same apply. A group that is missing is made; see [After the run](../guides/after-the-run.md).");
        alarm_sns_topic_arn: String, "Topic that is told of a bad end and of waste.", text(Text::Arn("sns", ""))
            .more("It has to be in the run's region, and its policy has to let `events.amazonaws.com` and `cloudwatch.amazonaws.com` publish. An EventBridge rule tells of a run that failed, was stopped or ran over its limit; an alarm tells of GPUs that wait.");
        tags: TextMap, "Tags, over the provider's `default_tags`.", tags().preset(Preset::Derived("none"));
    }
}
