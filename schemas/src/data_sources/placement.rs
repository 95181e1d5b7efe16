//! `data.sustainable_placement`: the decision without a resource.
//!
//! Its inputs are the workload inputs of `sustainable_ml_training`, from the same declarations.

use tfplugin::{Diagnostics, Schema, Value};

use crate::declare::{
    ANY_NUMBER, ANY_TEXT, Attribute, Kind, LINES, Preset, Text, declare, declare_output, flag,
    list, map, of, one_of, out, text,
};
use crate::ml_training::inputs::{DISTRIBUTIONS, HYPERPARAMETER, REGEX, VARIABLE};
use crate::ml_training::{
    self, Baseline, Estimate, PLACEMENT, Placement, Savings, Signal, TextMap, Texts, outputs,
};
use crate::{Lists, check, protocol};

/// What the user typed: the resource's struct, of which only the workload inputs can be set here.
pub type Config = ml_training::Config;

/// The rule of `expires_at`, in words.
const EXPIRES: &str = "A start in the future is good until it comes. A run that starts at once is good for `cache_ttl` of the provider's `carbon_signal`, or for an hour, counted from the time at which Terraform read the data source. A decision from yearly figures alone never goes stale.";

declare! {
    /// What the data source alone is asked: it may look at the account and the price list, a resource's plan never does.
    pub struct Lookups, pub static LOOKUPS;
    "Looked up for this decision" {
        use_live_prices: bool, "Decide by the prices of AWS's price list.", flag().preset(Preset::Bool(false))
            .more("Read in up to 15 regions, from the Pricing API. Where it cannot be read the catalogue's prices stand, with a warning; prices of your own (`catalog_overrides`) stand always. `selected.price` says which it was.");
        check_quotas: bool, "Leave out what the account's quotas do not allow.", flag().preset(Preset::Bool(false))
            .more("Read in the up to 6 best regions, from Service Quotas. A type whose quota is below `instance_count` is rejected with the quota's name and code. Where they cannot be read, a warning says so.");
    }
}

const STEP: Kind = Kind::Text(Text::Entity(64));

declare! {
    /// A training step of a pipeline: what a decision does not say.
    pub struct PipelineStep, pub const PIPELINE_STEP;
    "" {
        name: String, "Name of the step.", text(Text::Entity(64)).preset(Preset::Text("Training"));
        role_arn: String, "Execution role of the job.", text(Text::Arn("iam", "role")).required();
        output_s3_uri: String, "Where the model goes.", text(Text::S3Uri).required();
        dataset_s3_uri: String, "The channel `train`, unless `input_channels` names others.", text(Text::S3Uri);
        source_s3_uri: String, "Archive with the training code.", text(Text::S3Uri);
        entry_point: String, "Script in it that starts the training.", text(Text::RelativePath);
        checkpoint_s3_uri: String, "Where checkpoints go.", text(Text::S3Uri);
        hyperparameters: TextMap, "Hyperparameters of the training code.", map(Text::UpTo(256), &HYPERPARAMETER, 91);
        environment: TextMap, "Environment of the container.", map(Text::Variable, &VARIABLE, 99);
        metric_definitions: TextMap, "Regular expressions that read metrics from the log.", map(Text::UpTo(255), &REGEX, 40);
        distribution: String, "How processes are started on several devices.", one_of(DISTRIBUTIONS);
        depends_on: Texts, "Steps that come before.", list(&STEP, 50);
    }
}

declare! {
    /// What can be set here and not in the resource.
    pub struct Further, pub static FURTHER;
    "A pipeline" {
        pipeline_step: PipelineStep, "Asks for `pipeline_step_json`.", of(Kind::Object(PIPELINE_STEP))
            .more("The step runs in the region of `selected`, and everything that it names has to be there: narrow `preferred_training_regions` or `data_residency` to the pipeline's own region.");
    }
}

/// The workload inputs.
pub fn workload() -> Vec<Attribute> {
    let all = ml_training::INPUTS.iter().copied();
    all.filter(|input| input.workload).collect()
}

/// The workload inputs, and what is looked up.
pub fn inputs() -> Vec<Attribute> {
    [workload(), LOOKUPS.to_vec(), FURTHER.to_vec()].concat()
}

declare_output! {
    /// One feasible answer.
    pub struct Candidate, pub const CANDIDATE;
    region: String, "Region.", out(ANY_TEXT);
    instance_type: String, "Instance type.", out(ANY_TEXT);
    capacity: String, "`spot` or `on_demand`.", out(ANY_TEXT);
    start_time: Option<String>, "Start; null is at once.", out(ANY_TEXT);
    estimate: Estimate, "What the run would take.", out(Kind::Object(outputs::ESTIMATE));
    cost_ceiling_usd: Option<f64>, "The most that it can cost.", out(ANY_NUMBER);
    gco2_per_kwh: f64, "Intensity of the grid.", out(ANY_NUMBER);
}

declare_output! {
    /// One place that was left out.
    pub struct Rejected, pub const REJECTED;
    region: Option<String>, "Region; null is every region.", out(ANY_TEXT);
    instance_type: Option<String>, "Instance type; null is every type.", out(ANY_TEXT);
    reason: String, "Why.", out(ANY_TEXT);
}

declare_output! {
    /// One start that was weighed for the chosen place.
    pub struct Window, pub const WINDOW;
    start: String, "When the run would start.", out(ANY_TEXT);
    end: String, "When it would end.", out(ANY_TEXT);
    gco2_per_kwh: f64, "Mean intensity of the grid in between.", out(ANY_NUMBER);
    emissions_kg: Option<f64>, "Emissions of the run in kgCO2e.", out(ANY_NUMBER);
    cost_usd: Option<f64>, "Cost of the run; null where no price is known.", out(ANY_NUMBER);
    chosen: bool, "Whether the decision is to start then.", out(Kind::Bool);
}

declare! {
    /// The answer.
    pub struct Outputs, pub static OUTPUTS;
    "Result" {
        selected: Placement, "The decision, for the resource's `placement`; null when nothing is feasible.",
            out(Kind::Object(PLACEMENT));
        reason: String, "Why nothing is feasible.", out(ANY_TEXT);
        summary: String, "The decision in one line.", out(ANY_TEXT);
        candidates: Vec<Candidate>, "Feasible answers, the best first.", out(Kind::Objects(CANDIDATE))
            .more("At most 20.");
        rejected: Vec<Rejected>, "Places that were left out, and why.", out(Kind::Objects(REJECTED))
            .more("At most 100; what another partition or a list of yours leaves out comes last.");
        recommendations: Vec<String>, "What another setting would bring.", out(LINES);
        assumptions: Vec<String>, "Constants without a source behind the figures.", out(LINES);
        baseline: Baseline, "The same work without the decision.", out(Kind::Object(outputs::BASELINE));
        savings: Savings, "Baseline less estimate.", out(Kind::Object(outputs::SAVINGS));
        signal: Signal, "The carbon signal of the region.", out(Kind::Object(outputs::SIGNAL));
        windows: Vec<Window>, "Starts that were weighed for the chosen place, the earliest first.", out(Kind::Objects(WINDOW))
            .more("The chosen one, starting at once, and the next best that differ; empty where hours say nothing.");
        chart: String, "The hours of the grids as text, for an output in a terminal.", out(ANY_TEXT);
        chart_svg: String, "The same as a picture: one SVG document.", out(ANY_TEXT)
            .more("For a file, or for a comment in a pull request.");
        issued_at: String, "When the signal was issued; null for the embedded one.", out(ANY_TEXT);
        expires_at: String, "When the decision goes stale; null is never.", out(ANY_TEXT)
            .more(EXPIRES);
        digest: String, "Digest over the workload and the decision.", out(ANY_TEXT);
        pipeline_step_json: String, "The decision as a Training step of SageMaker Pipelines.", out(ANY_TEXT)
            .more("For `jsondecode` in the `pipeline_definition` of an `aws_sagemaker_pipeline`: `Name`, `Type` and `Arguments` (the CreateTrainingJob request without a name), as in definition version 2020-12-01. Null without `pipeline_step`, and while nothing says what runs (`training_image`, `algorithm` or `pipeline_step.source_s3_uri`).");
    }
}

/// The protocol schema.
pub fn schema() -> Schema {
    protocol::schema(0, &[&inputs(), OUTPUTS])
}

/// Legal values, the resource's cross-field rules as far as they concern the workload, and refusals.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let inputs = inputs();
    let mut found = check::object(config, &inputs, lists);
    check::and_where_legal(&mut found, |further| {
        ml_training::check_workload(config, lists, further);
        let step = config.get("pipeline_step");
        for (name, other) in [
            ("source_s3_uri", "entry_point"),
            ("entry_point", "source_s3_uri"),
        ] {
            if !step.get(name).is_null() && step.get(other).is_null() {
                further.push(crate::report::error(
                    tfplugin::Path::root("pipeline_step").attribute(name),
                    format!("pipeline_step.{name} needs {other}"),
                    "source_s3_uri is the archive with the training code, and entry_point the script in it that starts the training.",
                ));
            }
        }
    });
    crate::report::findable(found, &inputs)
}
