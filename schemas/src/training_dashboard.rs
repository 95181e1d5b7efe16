//! `sustainable_training_dashboard`: one dashboard for many runs.

use tfplugin::{Attr, Diagnostics, Path, Schema, Value};

use crate::declare::{ANY_TEXT, Kind, Preset, REGION, Text, declare, list, of, out, text, whole};
use crate::report::{self, error};
use crate::{Lists, check, protocol};

/// Metrics that CloudWatch draws in one widget: a metric of each instance.
pub const MAX_INSTANCES: i64 = 500;

declare! {
    /// A run by name.
    pub struct Job, pub const JOB;
    "" {
        name: String, "Name of the training job.", text(Text::UpTo(63)).required();
        region: String, "Its region.", text(Text::Region).required();
        instance_count: i64, "Number of instances.", whole(1, MAX_INSTANCES).preset(Preset::Whole(1));
    }
}

declare! {
    /// What a user writes.
    pub struct Config, pub static INPUTS;
    "The runs" {
        name: String, "Name of the dashboard.", text(Text::TrainingName).required().replace()
            .more("In CloudWatch it is `sustainable-fleet-<name>`; dashboards are global in an account.");
        job_name_prefix: String, "Runs whose job names begin with these words.", text(Text::UpTo(63))
            .more("CloudWatch finds them by itself, those of later runs too, as long as they have had metrics within two weeks, and at most 500 instances. It compares words, not characters: `bert-lr` also finds `lr-bert`.");
        regions: Vec<Attr<String>>, "Regions in which to look for the prefix.", list(&REGION, 40)
            .preset(Preset::Derived("the provider's region"));
        jobs: Vec<Job>, "Runs by name, in any region.", of(Kind::Objects(JOB))
            .more("All together at most 500 instances, which is what CloudWatch draws in one graph.");
    }
}

declare! {
    /// What the provider sets.
    pub struct Outputs, pub static OUTPUTS;
    "The dashboard" {
        id: String, "The name.", out(ANY_TEXT);
        dashboard_name: String, "Name in CloudWatch.", out(ANY_TEXT);
        dashboard_url: String, "Opens the dashboard.", out(ANY_TEXT).after_apply();
        digest: String, "Digest of the dashboard's body.", out(ANY_TEXT)
            .more("Another one in CloudWatch means that somebody has edited the dashboard: the next plan puts it back.");
    }
}

/// The protocol schema.
pub fn schema() -> Schema {
    protocol::schema(0, &[INPUTS, OUTPUTS])
}

/// Legal values, and the rules over several of them.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, INPUTS, lists);
    check::and_where_legal(&mut found, |further| rules(config, further));
    report::findable(found, INPUTS)
}

fn rules(config: &Value, found: &mut Diagnostics) {
    let [prefix, jobs, regions] =
        ["job_name_prefix", "jobs", "regions"].map(|name| config.get(name));
    if prefix.is_null() && jobs.is_null() {
        found.push(error(
            Path::root("job_name_prefix"),
            "No runs are named",
            "Set job_name_prefix, or jobs with the name and the region of each run, or both.",
        ));
    }
    if prefix.is_null() && !regions.is_null() {
        found.push(error(
            Path::root("regions"),
            "regions needs job_name_prefix",
            "It says where the prefix is looked for; each entry of jobs names its own region. Set job_name_prefix or leave regions out.",
        ));
    }
    let Some(jobs) = jobs.as_seq() else { return };
    if jobs.is_empty() && prefix.is_null() {
        found.push(error(
            Path::root("jobs"),
            "jobs is empty",
            "Name at least one run, or set job_name_prefix.",
        ));
    }
    let count = |job: &Value| job.get("instance_count").as_f64().unwrap_or(1.0) as i64;
    let instances: i64 = jobs.iter().map(count).sum();
    if instances > MAX_INSTANCES {
        found.push(error(
            Path::root("jobs"),
            "Too many instances for one graph",
            format!("The runs have {instances} instances, and CloudWatch draws {MAX_INSTANCES} in one graph. Make a dashboard for a part of them each, or use job_name_prefix."),
        ));
    }
}
