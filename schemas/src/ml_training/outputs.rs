//! Outputs of `sustainable_ml_training`: what the plan decides and what AWS reports.

use std::collections::BTreeMap;

use crate::declare::{ANY_NUMBER, ANY_TEXT, Kind, LINES, declare, declare_output, out};

declare_output! {
    /// A figure with its plausible range; null where the catalogue has no price.
    pub struct Range, pub const RANGE;
    value: Option<f64>, "Central estimate.", out(ANY_NUMBER);
    low: Option<f64>, "Low end of the plausible range.", out(ANY_NUMBER);
    high: Option<f64>, "High end of the plausible range.", out(ANY_NUMBER);
}

declare_output! {
    /// The estimate of a run.
    pub struct Estimate, pub const ESTIMATE;
    energy_kwh: Range, "Electricity at the meter of the data centre.", out(Kind::Object(RANGE));
    emissions_kg: Range, "Emissions in kgCO2e, manufacture and transfer included.", out(Kind::Object(RANGE));
    cost_usd: Range, "Cost in USD; null where no price is known.", out(Kind::Object(RANGE));
    runtime_hours: Range, "Hours the instances are in use.", out(Kind::Object(RANGE));
}

declare_output! {
    /// What the estimate is made of.
    pub struct Breakdown, pub const BREAKDOWN;
    operational_kg: Option<f64>, "From electricity.", out(ANY_NUMBER);
    embodied_kg: Option<f64>, "The run's share of making the hardware.", out(ANY_NUMBER);
    transfer_kg: Option<f64>, "From moving data between regions.", out(ANY_NUMBER);
    compute_usd: Option<f64>, "Instances.", out(ANY_NUMBER);
    storage_usd: Option<f64>, "Staged copy, and the file system of `use_fsx_lustre`.", out(ANY_NUMBER);
    transfer_usd: Option<f64>, "Data moved between regions.", out(ANY_NUMBER);
}

declare_output! {
    /// The same work on the reference type, on demand, where the data is, at once.
    pub struct Baseline, pub const BASELINE;
    region: String, "Region.", out(ANY_TEXT);
    instance_type: String, "Instance type.", out(ANY_TEXT);
    energy_kwh: Option<f64>, "Energy.", out(ANY_NUMBER);
    emissions_kg: Option<f64>, "Emissions in kgCO2e.", out(ANY_NUMBER);
    cost_usd: Option<f64>, "Cost; null where it is not sold or has no known price.", out(ANY_NUMBER);
    runtime_hours: Option<f64>, "Hours.", out(ANY_NUMBER);
    assumed: bool, "The reference type was not given.", out(Kind::Bool);
    hypothetical: bool, "The reference type is not sold there.", out(Kind::Bool);
}

declare_output! {
    /// Baseline less estimate; negative where the choice emits, uses or costs more.
    pub struct Savings, pub const SAVINGS;
    emissions_kg: Option<f64>, "Emissions in kgCO2e.", out(ANY_NUMBER);
    emissions_percent: Option<f64>, "Emissions in percent of the baseline.", out(ANY_NUMBER);
    energy_kwh: Option<f64>, "Energy.", out(ANY_NUMBER);
    cost_usd: Option<f64>, "Cost.", out(ANY_NUMBER);
    region_kg: Option<f64>, "Due to the region.", out(ANY_NUMBER);
    type_kg: Option<f64>, "Due to the instance type.", out(ANY_NUMBER);
    capacity_kg: Option<f64>, "Due to spot or on-demand capacity; null below a thousandth of the savings.", out(ANY_NUMBER);
    time_kg: Option<f64>, "Due to the start time; null below a thousandth of the savings.", out(ANY_NUMBER);
}

declare_output! {
    /// The carbon signal.
    pub struct Signal, pub const SIGNAL;
    source: String, "Where the figure comes from.", out(ANY_TEXT);
    kind: String, "`average` or `marginal`.", out(ANY_TEXT);
    factor_type: String, "`life_cycle` or `direct`.", out(ANY_TEXT);
    quality: String, "`annual`, `profile`, `forecast` or `live`.", out(ANY_TEXT);
    zone: String, "Grid zone.", out(ANY_TEXT);
    gco2_per_kwh: f64, "Grams of CO2e per kWh.", out(ANY_NUMBER);
    renewable_percent: Option<f64>, "Share of renewables.", out(ANY_NUMBER);
    carbon_free_percent: Option<f64>, "Share of renewables and nuclear.", out(ANY_NUMBER);
    year: Option<i64>, "Year of the figure.", out(ANY_NUMBER);
    issued_at: Option<String>, "When a live value was issued.", out(ANY_TEXT);
}

declare_output! {
    /// The price of an instance.
    pub struct Price, pub const PRICE;
    usd_per_hour: Option<f64>, "USD per instance and hour on demand.", out(ANY_NUMBER);
    source: String, "`AWS price list`, read for this decision, or `catalogue`.", out(ANY_TEXT);
    date: String, "Day of the list, or month of the catalogue's prices.", out(ANY_TEXT);
}

declare_output! {
    /// What the run really took, after its end.
    pub struct Measured, pub const MEASURED;
    runtime_hours: Option<f64>, "Hours over all attempts.", out(ANY_NUMBER);
    energy_kwh: Option<f64>, "Energy.", out(ANY_NUMBER);
    energy_kwh_low: Option<f64>, "Low end of its plausible range.", out(ANY_NUMBER);
    energy_kwh_high: Option<f64>, "High end of its plausible range.", out(ANY_NUMBER);
    emissions_kg: Option<f64>, "Emissions in kgCO2e, manufacture included.", out(ANY_NUMBER);
    emissions_kg_low: Option<f64>, "Low end of their plausible range.", out(ANY_NUMBER);
    emissions_kg_high: Option<f64>, "High end of their plausible range.", out(ANY_NUMBER);
    cost_usd: Option<f64>, "List price of the billable seconds, a warm pool's included.", out(ANY_NUMBER);
    spot_saving_percent: Option<f64>, "Saved by spot capacity.", out(ANY_NUMBER);
    model_size_bytes: Option<i64>, "Size of the model.", out(ANY_NUMBER);
    compression_ratio: Option<f64>, "Compressed size to size.", out(ANY_NUMBER);
    method: Option<String>, "`measured+modelled` (measured times and use, the power of the type at that use) or `modelled` (measured times, the type's usual training power).", out(ANY_TEXT);
    coverage_percent: Option<f64>, "Share of the training time that metrics cover.", out(ANY_NUMBER);
}

declare_output! {
    /// How well the run used what it ran on, after its end. Means are in percent of the whole instances, while training.
    pub struct Efficiency, pub const EFFICIENCY;
    score: Option<f64>, "0 to 100: share of the energy that went into work; null without metrics.", out(ANY_NUMBER);
    bottleneck: String, "`none`, `data_loading`, `cpu`, `gpu_memory`, `under_use`, or `unknown` without metrics.", out(ANY_TEXT);
    gpu_percent: Option<f64>, "Mean use of the accelerators.", out(ANY_NUMBER);
    gpu_memory_percent: Option<f64>, "Mean use of their memory.", out(ANY_NUMBER);
    cpu_percent: Option<f64>, "Mean use of the processors.", out(ANY_NUMBER);
    memory_percent: Option<f64>, "Mean use of the memory.", out(ANY_NUMBER);
    disk_percent: Option<f64>, "Greatest use of the disk.", out(ANY_NUMBER);
    recommendations: Option<Vec<String>>, "What to do about it, the most important first.", out(LINES);
}

/// Numbers by name.
pub(crate) const METRICS: Kind = Kind::Map {
    key: crate::declare::Text::Any,
    of: &ANY_NUMBER,
    most: usize::MAX,
};
const TAGS_ALL: Kind = Kind::Map {
    key: crate::declare::Text::Any,
    of: &ANY_TEXT,
    most: usize::MAX,
};

declare! {
    /// The computed attributes.
    pub struct Outputs, pub static OUTPUTS;
    "The decision" {
        summary: String, "The decision in one line.", out(ANY_TEXT);
        selected_region: String, "Where the run goes.", out(ANY_TEXT);
        selected_instance_type: String, "What it runs on.", out(ANY_TEXT);
        selected_capacity: String, "`spot` or `on_demand`.", out(ANY_TEXT);
        scheduled_start_time: String, "When it is planned to start; null without `earliest_start`, which is at once.", out(ANY_TEXT);
        estimate: Estimate, "What the run will take, with ranges.", out(Kind::Object(ESTIMATE));
        breakdown: Breakdown, "What the estimate is made of.", out(Kind::Object(BREAKDOWN)).in_later_plans();
        cost_ceiling_usd: f64, "The most that the run can cost.", out(ANY_NUMBER);
        baseline: Baseline, "The same work without the decision.", out(Kind::Object(BASELINE));
        savings: Savings, "Baseline less estimate.", out(Kind::Object(SAVINGS));
        signal: Signal, "The carbon signal of the region.", out(Kind::Object(SIGNAL)).in_later_plans();
        candidates: Vec<String>, "Chosen, cheapest, greenest, next best, and the rejected with the reason.", out(LINES);
        recommendations: Vec<String>, "What another setting would bring.", out(LINES);
        assumptions: Vec<String>, "Constants without a source behind the figures.", out(LINES).in_later_plans();
        training_image_resolved: String, "The image that the run uses.", out(ANY_TEXT);
        launchable: bool, "Whether apply can start a run.", out(Kind::Bool);
    }
    "The run" {
        id: String, "`<s3_bucket_name>/<name>`.", out(ANY_TEXT);
        arn: String, "ARN of the training job.", out(ANY_TEXT).after_apply();
        training_job_name: String, "Name of the training job.", out(ANY_TEXT).after_apply();
        training_job_status: String, "Status, as SageMaker reports it.", out(ANY_TEXT).after_apply().more("SageMaker's `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped` and `Deleting`; beside them `NotFound` when the record is gone, `Scheduled` while the start lies in the future, `Launching` while it is made, and `LaunchFailed` when no job could be created.");
        secondary_status: String, "Detailed status, as SageMaker reports it.", out(ANY_TEXT).after_refresh();
        outcome: String, "How the run ended.", out(ANY_TEXT).after_refresh().more("`pending`, `succeeded`, `failed`, `over_run` (stopped at `max_runtime_hours`, a partial model was uploaded), `spot_exhausted` (stopped at `max_wait_hours`), `capacity`, `stopped_by_user`, `failed_to_launch` (the planned start failed), or `unknown` when the record is gone and nobody saw the end. A `postcondition` on it watches a run in CI.");
        failure_reason: String, "Why the run failed.", out(ANY_TEXT).after_refresh();
        last_log_lines: Vec<String>, "Last 20 log lines after a failure.", out(LINES).after_refresh();
        log_url: String, "Opens the logs.", out(ANY_TEXT).after_apply();
        dashboard_url: String, "Opens the dashboard.", out(ANY_TEXT).after_apply();
        actual_instance_type: String, "What SageMaker took of several types.", out(ANY_TEXT).after_refresh().more("Null without `fallback_instance_types`.");
        started_at: String, "When the run started.", out(ANY_TEXT).after_refresh();
        elapsed_hours: f64, "Hours run, as of the last refresh.", out(ANY_NUMBER).after_refresh();
        cost_to_date_usd: f64, "USD spent, as of the last refresh.", out(ANY_NUMBER).after_refresh();
        billable_seconds: i64, "Seconds billed by SageMaker.", out(ANY_NUMBER).after_refresh();
        run_change: String, "What a plan does to a run that exists.", out(ANY_TEXT).more("For example `stops bert-1a2b3c after 31 h and 1,204 USD as of the last refresh, starts a new run`. The plan itself only says \"update\", and `prevent_destroy` does not see a new run; `on_change` guards it.");
        source_digest: String, "Digest of the source folder's content.", out(ANY_TEXT);
        pending_steps: Vec<String>, "What the next apply has to do.", out(LINES).after_refresh()
            .more("`wait_for_completion`, and after the end of a run that succeeded `copy_artifacts` and `register_model`, and after any end `delete_file_system`. The next plan shows an update in place of this attribute.");
    }
    "Results" {
        model_artifacts_location: String, "Folder that holds `model.tar.gz`.", out(ANY_TEXT).after_apply().more("With `output_compression = \"NONE\"` it is the prefix of the uncompressed model.");
        compressed_model_uri: String, "The compressed model; null until it exists.", out(ANY_TEXT).after_refresh();
        artifacts_copied_to: String, "Folder of the copies; null until they are made.", out(ANY_TEXT).after_refresh();
        model_package_arn: String, "The registered model; null until it is.", out(ANY_TEXT).after_refresh();
        reports_location: String, "Folder of the sustainability reports.", out(ANY_TEXT).after_apply();
        measured: Measured, "What the run really took; null until it ends.", out(Kind::Object(MEASURED)).after_refresh();
        efficiency: Efficiency, "How well the run used what it ran on; null until it ends.", out(Kind::Object(EFFICIENCY)).after_refresh();
        final_metrics: BTreeMap<String, f64>, "Last value of each metric.", out(METRICS).after_refresh();
        estimate_error_percent: f64, "Measured energy against the estimate.", out(ANY_NUMBER).after_refresh();
    }
    "What it uses" {
        job_bucket_name: String, "The bucket that the run reads from.", out(ANY_TEXT);
        s3_bucket_arn: String, "ARN of the data bucket.", out(ANY_TEXT);
        bucket_managed: bool, "The bucket that the run reads from was made by this provider.", out(Kind::Bool).after_apply();
        sagemaker_role_arn: String, "The execution role.", out(ANY_TEXT).after_apply();
        tags_all: BTreeMap<String, String>, "The tags, over the provider's `default_tags`.", out(TAGS_ALL).more("What is created also carries `ManagedBy`, `sustainable:training` and `sustainable:run`.");
    }
}
