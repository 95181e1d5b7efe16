//! `data.sustainable_placement`: the decision without a resource.
//!
//! Its inputs are the workload inputs of `sustainable_ml_training`, from the same declarations.

use tfplugin::{Diagnostics, Schema, Value};

use crate::declare::{
    ANY_NUMBER, ANY_TEXT, Attribute, Kind, LINES, Preset, declare, declare_output, flag, out,
};
use crate::ml_training::{
    self, Baseline, Estimate, PLACEMENT, Placement, Savings, Signal, outputs,
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

/// The workload inputs.
pub fn workload() -> Vec<Attribute> {
    let all = ml_training::INPUTS.iter().copied();
    all.filter(|input| input.workload).collect()
}

/// The workload inputs, and what is looked up.
pub fn inputs() -> Vec<Attribute> {
    [workload(), LOOKUPS.to_vec()].concat()
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
        candidates: Vec<Candidate>, "Feasible answers, the best first.", out(Kind::Objects(CANDIDATE));
        rejected: Vec<Rejected>, "Places that were left out, and why.", out(Kind::Objects(REJECTED));
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
        ml_training::check_workload(config, lists, further)
    });
    crate::report::findable(found, &inputs)
}
