//! Workloads that several tests use.

use planner::{
    AcceleratorCountPolicy, ComputeOptimization, EstimateFor, GateOn, GramsPerKwh, Hours,
    InputMode, Kg, Kwh, ModelType, Objective, Request, Residency, TrainingStrategy, Usd,
};

fn new(model_type: ModelType, region: &str, gb: f64, hours: f64) -> Request {
    Request::new(model_type, region, gb, Hours(hours))
}

fn with(mut request: Request, change: impl FnOnce(&mut Request)) -> Request {
    change(&mut request);
    request
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|n| (*n).to_owned()).collect()
}

/// The BERT run of the design: 96 h on an A100 node, data in us-east-1.
pub(crate) fn bert() -> Request {
    with(
        new(ModelType::NaturalLanguage, "us-east-1", 16.0, 96.0),
        |r| {
            r.carbon_intensity_threshold = Some(GramsPerKwh(50.0));
            r.preferred_training_regions = names(&["ca-central-1", "eu-north-1"]);
            r.use_spot_instances = Some(true);
            r.supports_checkpointing = true;
            r.max_emissions_kg = Some(Kg(30.0));
        },
    )
}

/// Every named workload: the document's examples, the scenarios, and one for each rule.
pub(crate) fn workloads() -> Vec<(&'static str, Request)> {
    use ModelType::{
        ComputerVision, GenerativeAi, NaturalLanguage, ReinforcementLearning, TabularData,
        TimeSeries,
    };
    let any = |r: &mut Request| {
        r.data_residency = Some(Residency::Any);
        r.allow_companion_bucket = Some(true);
    };
    vec![
        (
            "document-usage",
            with(new(NaturalLanguage, "us-east-1", 50.0, 12.0), |r| {
                r.carbon_intensity_threshold = Some(GramsPerKwh(100.0));
                r.preferred_training_regions = names(&["us-west-2", "eu-north-1", "ca-central-1"]);
                r.preferred_instance_types =
                    names(&["ml.p4d.24xlarge", "ml.g5.48xlarge", "ml.trn1.32xlarge"]);
                r.use_spot_instances = Some(true);
                r.supports_checkpointing = true;
            }),
        ),
        (
            "document-efficientnet",
            with(new(ComputerVision, "us-east-1", 100.0, 24.0), |r| {
                r.cache_dataset_in_memory = true;
                r.preferred_instance_types = names(&["ml.p4d.24xlarge", "ml.g5.48xlarge"]);
            }),
        ),
        (
            "document-distilbert",
            with(new(NaturalLanguage, "us-east-1", 200.0, 24.0), |r| {
                r.compute_optimization = ComputeOptimization::Distillation;
            }),
        ),
        (
            "document-gpt",
            with(new(GenerativeAi, "us-east-1", 500.0, 168.0), |r| {
                r.compute_optimization = ComputeOptimization::Pruning;
                r.preferred_instance_types = names(&["ml.p4d.24xlarge"]);
            }),
        ),
        (
            "document-bert",
            with(new(NaturalLanguage, "us-east-1", 16.0, 96.0), |r| {
                r.carbon_intensity_threshold = Some(GramsPerKwh(50.0));
                r.preferred_training_regions = names(&["ca-central-1", "eu-north-1"]);
                r.use_spot_instances = Some(true);
                r.max_spot_price_percentage = 70.0;
            }),
        ),
        (
            "streamed-by-size",
            with(new(NaturalLanguage, "us-east-1", 200.0, 24.0), |r| {
                r.input_mode_by_size = true;
            }),
        ),
        (
            "warm-pool",
            with(new(NaturalLanguage, "us-east-1", 20.0, 2.0), |r| {
                r.keep_alive = Hours(0.5);
            }),
        ),
        (
            "document-gpt-on-fsx",
            with(new(GenerativeAi, "us-east-1", 5000.0, 168.0), |r| {
                r.preferred_instance_types = names(&["ml.p4d.24xlarge"]);
                r.input_mode = InputMode::FastFile;
                r.file_system = true;
                r.region_bound.vpc_config = true;
            }),
        ),
        (
            "spot-on-fsx",
            with(new(ComputerVision, "us-east-2", 3000.0, 60.0), |r| {
                r.preferred_instance_types = names(&["ml.p4d.24xlarge"]);
                r.supports_checkpointing = true;
                r.input_mode = InputMode::FastFile;
                r.file_system = true;
                r.region_bound.vpc_config = true;
            }),
        ),
        ("scenario-bert", bert()),
        (
            "scenario-vision",
            with(new(ComputerVision, "eu-central-1", 100.0, 12.0), |r| {
                r.reference_instance_type = Some("ml.g5.2xlarge".to_owned());
                r.data_residency = Some(Residency::Geography);
                r.allow_companion_bucket = Some(true);
                r.supports_checkpointing = true;
            }),
        ),
        (
            "scenario-generative",
            with(new(GenerativeAi, "us-west-2", 80.0, 72.0), |r| {
                r.instance_count = 4;
                r.input_mode = InputMode::FastFile;
                r.model_parameters_millions = Some(7000.0);
                r.reference_instance_type = Some("ml.p4d.24xlarge".to_owned());
                any(r);
            }),
        ),
        (
            "scenario-cheapest",
            with(new(ComputerVision, "us-east-1", 10.0, 8.0), |r| {
                r.instance_priority = Objective::CostOptimized;
                r.reference_instance_type = Some("ml.g5.xlarge".to_owned());
                r.supports_checkpointing = true;
                any(r);
            }),
        ),
        (
            "scenario-strict-budget",
            with(new(NaturalLanguage, "eu-west-1", 5.0, 6.0), |r| {
                r.reference_instance_type = Some("ml.g5.xlarge".to_owned());
                r.max_emissions_kg = Some(Kg(1.0));
                r.max_cost_usd = Some(Usd(20.0));
                r.gate_on = GateOn::High;
                r.data_residency = Some(Residency::Geography);
                r.allow_companion_bucket = Some(true);
            }),
        ),
        (
            "infeasible-gates",
            with(bert(), |r| {
                r.max_emissions_kg = Some(Kg(10.0));
                r.max_cost_usd = Some(Usd(1000.0));
            }),
        ),
        ("home-only", new(NaturalLanguage, "us-east-1", 16.0, 96.0)),
        (
            "home-spot",
            with(new(NaturalLanguage, "us-east-1", 16.0, 96.0), |r| {
                r.supports_checkpointing = true
            }),
        ),
        (
            "spot-unchecked",
            with(new(NaturalLanguage, "us-east-1", 16.0, 96.0), |r| {
                r.use_spot_instances = Some(true);
                r.preferred_instance_types = names(&["ml.p4d.24xlarge", "ml.p5.48xlarge"]);
            }),
        ),
        (
            "country",
            with(new(ComputerVision, "us-east-1", 40.0, 30.0), |r| {
                r.data_residency = Some(Residency::Country);
                r.allow_companion_bucket = Some(true);
            }),
        ),
        (
            "no-staging",
            with(new(ComputerVision, "us-east-1", 40.0, 30.0), |r| {
                r.data_residency = Some(Residency::Any)
            }),
        ),
        (
            "small-up-to",
            with(new(ComputerVision, "eu-west-1", 2.0, 2.0), |r| {
                r.reference_instance_type = Some("ml.g5.12xlarge".to_owned());
                r.accelerator_count_policy = AcceleratorCountPolicy::UpTo;
                r.max_slowdown = Some(6.0);
            }),
        ),
        (
            "any-count",
            with(new(NaturalLanguage, "eu-west-1", 2.0, 2.0), |r| {
                r.reference_instance_type = Some("ml.g5.xlarge".to_owned());
                r.accelerator_count_policy = AcceleratorCountPolicy::Any;
                any(r);
            }),
        ),
        (
            "balanced",
            with(new(NaturalLanguage, "eu-central-1", 20.0, 20.0), |r| {
                r.instance_priority = Objective::Balanced;
                any(r);
            }),
        ),
        (
            "gpu-efficient",
            with(new(GenerativeAi, "ap-south-1", 20.0, 20.0), |r| {
                r.instance_priority = Objective::GpuEfficient;
                any(r);
            }),
        ),
        (
            "cost-anywhere",
            with(new(NaturalLanguage, "eu-north-1", 20.0, 20.0), |r| {
                r.instance_priority = Objective::CostOptimized;
                any(r);
            }),
        ),
        (
            "premium",
            with(new(ComputerVision, "us-east-1", 20.0, 20.0), |r| {
                r.max_cost_premium_percent = Some(5.0);
                any(r);
            }),
        ),
        (
            "tabular",
            with(new(TabularData, "us-east-1", 5.0, 3.0), any),
        ),
        ("tabular-home", new(TabularData, "eu-central-1", 5.0, 3.0)),
        (
            "time-series-large",
            with(new(TimeSeries, "us-east-1", 50.0, 10.0), |r| {
                r.reference_instance_type = Some("ml.c5.9xlarge".to_owned());
                any(r);
            }),
        ),
        (
            "reinforcement",
            with(new(ReinforcementLearning, "us-east-1", 1.0, 10.0), |r| {
                r.reference_instance_type = Some("ml.g4dn.xlarge".to_owned());
                any(r);
            }),
        ),
        (
            "own-throughput",
            with(new(ReinforcementLearning, "us-east-1", 1.0, 10.0), |r| {
                r.reference_instance_type = Some("ml.g4dn.xlarge".to_owned());
                r.preferred_instance_types = names(&["ml.g4dn.xlarge", "ml.g6.xlarge"]);
                r.relative_throughput.insert("ml.g6.xlarge".to_owned(), 1.8);
                any(r);
            }),
        ),
        (
            "no-amp",
            with(new(ComputerVision, "us-west-2", 30.0, 40.0), |r| {
                r.enable_automatic_mixed_precision = Some(false);
                any(r);
            }),
        ),
        (
            "plain-run",
            with(new(NaturalLanguage, "us-east-1", 30.0, 40.0), |r| {
                r.estimate_for = EstimateFor::PlainRun;
                r.reference_instance_type = Some("ml.p4d.24xlarge".to_owned());
                any(r);
            }),
        ),
        (
            "plain-llm-checkpointing",
            with(new(GenerativeAi, "us-east-1", 30.0, 40.0), |r| {
                r.estimate_for = EstimateFor::PlainRun;
                r.training_strategy = TrainingStrategy::GradientCheckpointing;
                any(r);
            }),
        ),
        (
            "trainium-named",
            with(new(NaturalLanguage, "us-east-1", 30.0, 40.0), |r| {
                r.preferred_instance_types = names(&["ml.trn1.32xlarge", "ml.p4d.24xlarge"]);
            }),
        ),
        (
            "pcie-instances",
            with(new(ComputerVision, "us-east-1", 60.0, 20.0), |r| {
                r.reference_instance_type = Some("ml.g5.12xlarge".to_owned());
                r.instance_count = 8;
                r.accelerator_count_policy = AcceleratorCountPolicy::Any;
                any(r);
            }),
        ),
        (
            "batch-of-minutes",
            with(new(ComputerVision, "eu-west-2", 1.0, 0.2), |r| {
                r.reference_instance_type = Some("ml.g4dn.xlarge".to_owned());
            }),
        ),
        (
            "long-run",
            with(new(GenerativeAi, "eu-west-1", 900.0, 600.0), |r| {
                r.max_staging_gb = 1000.0;
                r.max_energy_kwh = Some(Kwh(1e6));
                r.instance_count = 2;
                any(r);
            }),
        ),
        (
            "china",
            with(new(NaturalLanguage, "cn-north-1", 10.0, 20.0), |r| {
                r.preferred_training_regions = names(&["cn-north-1"]);
                r.preferred_instance_types = names(&["ml.p4d.24xlarge"]);
            }),
        ),
        (
            "china-unnamed",
            new(NaturalLanguage, "cn-north-1", 10.0, 20.0),
        ),
        (
            "too-much-data",
            with(new(ComputerVision, "us-east-1", 9000.0, 20.0), |r| {
                r.data_residency = Some(Residency::Any);
                r.allow_companion_bucket = Some(true);
            }),
        ),
        (
            "impossible-threshold",
            with(new(NaturalLanguage, "us-east-1", 9.0, 20.0), |r| {
                r.carbon_intensity_threshold = Some(GramsPerKwh(30.0));
            }),
        ),
        (
            "run-now",
            with(new(NaturalLanguage, "us-east-1", 9.0, 20.0), |r| {
                r.carbon_intensity_threshold = Some(GramsPerKwh(30.0));
                r.on_infeasible = planner::OnInfeasible::RunNow;
            }),
        ),
    ]
}

/// Workloads with time, on the catalogue's usual hours.
pub(crate) fn timed() -> Vec<(&'static str, Request)> {
    let at = |text: &str, delay: f64, mut request: Request| {
        request.earliest_start = planner::parse_rfc3339(text);
        request.max_start_delay_hours = Hours(delay);
        request
    };
    let home = |region: &str, hours: f64| {
        with(new(ModelType::NaturalLanguage, region, 16.0, hours), |r| {
            r.reference_instance_type = Some("ml.p4d.24xlarge".to_owned());
            r.supports_checkpointing = true;
        })
    };
    vec![
        (
            "time-germany",
            at("2026-06-25T19:23:07Z", 24.0, home("eu-central-1", 6.0)),
        ),
        (
            "time-california-week",
            at("2026-06-25T19:23:07Z", 168.0, home("us-west-1", 30.0)),
        ),
        (
            "time-yearly",
            at("2026-11-25T19:23:07Z", 24.0, home("ap-southeast-1", 6.0)),
        ),
        (
            "time-no-patience",
            at("2026-06-25T19:23:07Z", 0.0, home("eu-central-1", 6.0)),
        ),
        (
            "time-deadline",
            with(
                at("2026-06-25T19:23:07Z", 48.0, home("eu-central-1", 6.0)),
                |r| {
                    r.deadline = planner::parse_rfc3339("2026-06-26T01:00:00Z");
                },
            ),
        ),
        (
            "time-threshold",
            with(
                at("2026-06-25T19:23:07Z", 3.0, home("eu-central-1", 6.0)),
                |r| {
                    r.carbon_intensity_threshold = Some(GramsPerKwh(300.0));
                    r.allow_companion_bucket = Some(false);
                },
            ),
        ),
        ("time-bert", at("2026-11-25T19:23:07Z", 48.0, bert())),
    ]
}
