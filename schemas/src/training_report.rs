//! Reports of what trainings took: `data.sustainable_training_report`, and the resource that keeps one in a bucket.
//!
//! Both ask the same question and show the same figures, from the same declarations.

use std::collections::BTreeMap;

use tfplugin::{Diagnostics, Path, Schema, Value};

use crate::declare::{
    ANY_NUMBER, ANY_TEXT, Attribute, Kind, LINES, Preset, REGION, Text, declare, declare_output,
    list, out, text,
};
use crate::ml_training::outputs::{METRICS, RANGE};
use crate::ml_training::{Range, Texts};
use crate::report::error;
use crate::{Lists, check, protocol};

declare! {
    /// What a report is about.
    pub struct Query, pub static QUERY;
    "Which runs" {
        s3_bucket_name: String, "The data bucket of the trainings.", text(Text::Bucket).required()
            .more("Runs are found by the manifests in it and in its companion buckets. With `output_s3_uri` the manifests are in that bucket: name it here.");
        dataset_region: String, "Region of the bucket.", text(Text::Region).preset(Preset::Derived("the provider's region; S3 says where the bucket really is"));
        training_job_name: String, "One run, by the name of its training job.", text(Text::UpTo(63));
        name_prefix: String, "Runs whose job name begins so, such as the `name` of a training.", text(Text::UpTo(63))
            .more("With neither of the two the report is about every run.");
        training_regions: Texts, "Regions whose companion buckets are looked into.", list(&REGION, 50)
            .preset(Preset::Derived("those in which the trainings of the bucket ran last"));
        compare_regions: Texts, "Regions that the runs are compared with.", list(&REGION, 50)
            .preset(Preset::Derived("every region of the bucket's partition that offers the instance types"));
    }
}

declare_output! {
    /// One run.
    pub struct Run, pub const RUN;
    training_job_name: String, "Name of the training job.", out(ANY_TEXT);
    name: String, "Name of the training.", out(ANY_TEXT);
    region: String, "Region.", out(ANY_TEXT);
    instance_type: String, "Instance type.", out(ANY_TEXT);
    instance_count: i64, "Number of instances.", out(ANY_NUMBER);
    capacity: String, "`spot` or `on_demand`.", out(ANY_TEXT);
    outcome: String, "How the run ended.", out(ANY_TEXT);
    started_at: Option<String>, "When training began.", out(ANY_TEXT);
    ended_at: Option<String>, "When it ended.", out(ANY_TEXT);
    basis: String, "`measured`, `estimate` or `never_ran`.", out(ANY_TEXT);
    runtime_hours: Option<f64>, "Hours that the instances were in use.", out(ANY_NUMBER);
    energy_kwh: Range, "Energy.", out(Kind::Object(RANGE));
    emissions_kg: Range, "Emissions in kgCO2e.", out(Kind::Object(RANGE));
    cost_usd: Range, "Cost.", out(Kind::Object(RANGE));
    saved_energy_kwh: Option<f64>, "Energy below the baseline's.", out(ANY_NUMBER);
    saved_emissions_kg: Option<f64>, "Emissions below the baseline's.", out(ANY_NUMBER);
    saved_cost_usd: Option<f64>, "Cost below the baseline's.", out(ANY_NUMBER);
    efficiency_percent: Option<f64>, "Energy saved against the baseline, in percent of it.", out(ANY_NUMBER);
    efficiency_score: Option<f64>, "0 to 100: share of the energy that went into work. Null without metrics.", out(ANY_NUMBER);
    bottleneck: Option<String>, "What held the run up: `none`, `data_loading`, `cpu`, `gpu_memory`, `under_use` or `unknown`.", out(ANY_TEXT);
    method: Option<String>, "How `measured` figures come about: `modelled` from measured times, or `measured+modelled` from measured use as well.", out(ANY_TEXT);
    gco2_per_kwh: Option<f64>, "Intensity of the grid by the decision's signal.", out(ANY_NUMBER);
    renewable_percent: Option<f64>, "Share of renewables of the grid over the year.", out(ANY_NUMBER);
    model_parameters_millions: Option<f64>, "Size of the model, as configured.", out(ANY_NUMBER);
    kg_per_million_parameters: Option<f64>, "Emissions per million parameters.", out(ANY_NUMBER);
    model_size_bytes: Option<i64>, "Size of the model artifact.", out(ANY_NUMBER);
    compression_ratio: Option<f64>, "Compressed size to size.", out(ANY_NUMBER);
    final_metrics: Option<BTreeMap<String, f64>>, "Last value of each metric, losses among them.", out(METRICS);
}

declare_output! {
    /// All runs together.
    pub struct Totals, pub const TOTALS;
    runs: i64, "Runs in the report.", out(ANY_NUMBER);
    measured: i64, "Of these, runs whose figures follow from what they took.", out(ANY_NUMBER);
    estimated: i64, "Of these, runs whose figures are the estimate: they are under way, or their record is gone.", out(ANY_NUMBER);
    succeeded: i64, "Runs that succeeded.", out(ANY_NUMBER);
    energy_kwh: Range, "Energy.", out(Kind::Object(RANGE));
    emissions_kg: Range, "Emissions in kgCO2e.", out(Kind::Object(RANGE));
    cost_usd: Range, "Cost.", out(Kind::Object(RANGE));
    saved_energy_kwh: Option<f64>, "Energy below the baselines'.", out(ANY_NUMBER);
    saved_emissions_kg: Option<f64>, "Emissions below the baselines'.", out(ANY_NUMBER);
    saved_cost_usd: Option<f64>, "Cost below the baselines'.", out(ANY_NUMBER);
    efficiency_percent: Option<f64>, "Energy saved against the baselines, in percent of them.", out(ANY_NUMBER);
    renewable_percent: Option<f64>, "Share of renewables of the energy, by the grids' yearly shares.", out(ANY_NUMBER);
    kg_per_million_parameters: Option<f64>, "Mean of the runs that say how large their model is.", out(ANY_NUMBER);
}

declare_output! {
    /// The same runs in one region.
    pub struct Elsewhere, pub const ELSEWHERE;
    region: String, "Region.", out(ANY_TEXT);
    gco2_per_kwh: f64, "Average intensity of its grid, of the catalogue.", out(ANY_NUMBER);
    emissions_kg: f64, "What the runs would have emitted there, in kgCO2e.", out(ANY_NUMBER);
    difference_percent: Option<f64>, "Against what they emit by the report.", out(ANY_NUMBER);
}

declare! {
    /// What both show.
    pub struct Figures, pub static FIGURES;
    "The figures" {
        totals: Totals, "All runs together.", out(Kind::Object(TOTALS));
        remarks: Vec<String>, "What a reader should know: manifests that are damaged, figures that are left out.", out(LINES);
    }
}

declare! {
    /// What the data source shows beside the figures.
    pub struct Contents, pub static CONTENTS;
    "Run by run" {
        runs: Vec<Run>, "The runs, by job name.", out(Kind::Objects(RUN));
        elsewhere: Vec<Elsewhere>, "The same runs in other regions, the least first.", out(Kind::Objects(ELSEWHERE));
        json: String, "The whole report as JSON.", out(ANY_TEXT);
        html: String, "The whole report as one HTML page with charts, which needs nothing beside it.", out(ANY_TEXT);
    }
}

declare! {
    /// What the resource is given beside the question.
    pub struct Config, pub static INPUTS;
    "Where it goes" {
        name: String, "Name of the report.", text(Text::TrainingName).required().replace();
        reports_location: String, "Folder that the report is written to.", text(Text::S3Uri).replace()
            .preset(Preset::Derived("`s3://<s3_bucket_name>/sustainability-reports/<name>/`"));
    }
}

declare! {
    /// What the resource shows beside the figures.
    pub struct Written, pub static WRITTEN;
    "Where it is" {
        id: String, "The folder.", out(ANY_TEXT);
        html_uri: String, "The page.", out(ANY_TEXT);
        json_uri: String, "The same as JSON.", out(ANY_TEXT);
        html_sha256: String, "Digest of the page as it was written.", out(ANY_TEXT).after_apply();
        json_sha256: String, "Digest of the JSON as it was written.", out(ANY_TEXT).after_apply();
        up_to_date: bool, "The files are what the report says, as of the last refresh.", out(Kind::Bool);
    }
}

/// The data source's protocol schema.
pub fn data_schema() -> Schema {
    protocol::schema(0, &[QUERY, FIGURES, CONTENTS])
}

/// The resource's protocol schema.
pub fn resource_schema() -> Schema {
    protocol::schema(0, &[&resource_inputs(), WRITTEN, FIGURES])
}

/// The resource's arguments: another bucket is another report.
pub fn resource_inputs() -> Vec<Attribute> {
    let query = QUERY.iter().map(|input| match input.name {
        "s3_bucket_name" => input.replace(),
        _ => *input,
    });
    INPUTS.iter().copied().chain(query).collect()
}

/// Legal values of the data source.
pub fn validate_data(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    together(config, QUERY, lists)
}

/// Legal values of the resource.
pub fn validate_resource(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    together(config, &resource_inputs(), lists)
}

fn together(config: &Value, inputs: &[Attribute], lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, inputs, lists);
    let set = |name: &str| !config.get(name).is_null();
    if set("training_job_name") && set("name_prefix") {
        found.push(error(
            Path::root("name_prefix"),
            "training_job_name and name_prefix exclude each other",
            "Both say which runs the report is about. Keep training_job_name for one run or name_prefix for several.",
        ));
    }
    crate::report::findable(found, inputs)
}
