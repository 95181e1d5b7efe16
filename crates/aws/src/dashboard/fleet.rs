//! One dashboard for many runs: found by the beginning of their names, or named one by one.
//!
//! The first line of its text is a link definition, which Markdown does not show: what the dashboard was made from. An
//! import reads it, and a dashboard without it is not ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{cell, delete as remove, get, graph, graphs, of_host, put, text};
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::metrics::{NAMESPACE, host};
use crate::naming;
use crate::tags::Tags;

/// Runs that are listed; CloudWatch's text widgets are not made for books.
const LISTED: usize = 100;
const MARK: &str = "[sustainable]: # (";

/// What a dashboard is made from, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// Name of the resource.
    pub name: String,
    /// Beginning of the jobs' names.
    pub job_name_prefix: Option<String>,
    /// Where to look for it; `None`: in `home`.
    pub regions: Option<Vec<String>>,
    /// Runs by name.
    pub jobs: Option<Vec<FleetJob>>,
}

/// A run of a fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetJob {
    /// Name of the job.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its instances; `None`: 1.
    pub instance_count: Option<u32>,
}

/// A dashboard as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// [`digest`] of its body.
    pub digest: String,
    /// What it was made from; `None`: it is not ours.
    pub fleet: Option<Fleet>,
}

/// Its name in CloudWatch.
pub fn dashboard_name(name: &str) -> String {
    format!("sustainable-fleet-{name}")
}

/// Its page in the console of this region.
pub fn url(name: &str, region: &str) -> String {
    let console = naming::console_domain(naming::partition(region));
    let name = dashboard_name(name);
    format!(
        "https://{region}.{console}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"
    )
}

/// Digest of a body; the order of keys says nothing.
pub fn digest(body: &Value) -> String {
    naming::request_digest(body).chars().take(16).collect()
}

/// The dashboard of this name.
///
/// # Errors
/// CloudWatch refused, or could not be reached.
pub async fn find(aws: &Aws, region: &str, name: &str) -> Result<Option<Found>, Error> {
    let found = get(aws, region, &dashboard_name(name)).await?;
    Ok(found.map(|body| Found {
        digest: digest(&body),
        fleet: made_from(&body),
    }))
}

/// Makes it. One that is there already is taken over only where it shows the same.
///
/// # Errors
/// The name is taken, or CloudWatch refused.
pub async fn create(
    aws: &Aws,
    region: &str,
    fleet: &Fleet,
    tags: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let wanted = body(fleet, region);
    match find(aws, region, &fleet.name).await? {
        // Lost in a crash, or its answer was.
        Some(found) if found.digest == digest(&wanted) => Ok(()),
        Some(found) => {
            let name = dashboard_name(&fleet.name);
            let advice = match found.fleet {
                Some(_) => format!(
                    "Import it (terraform import ADDRESS {}), or give this one another name.",
                    fleet.name
                ),
                None => "It is not this provider's. Delete it, or give this one another name."
                    .to_owned(),
            };
            Err(
                Error::new(Kind::Conflict, format!("dashboard {name} exists already"))
                    .advise(advice)
                    .on("name"),
            )
        }
        None => {
            let mut all = tags.clone();
            all.insert(
                naming::TAG_MANAGED_BY.to_owned(),
                naming::MANAGED_BY.to_owned(),
            );
            put(aws, region, &dashboard_name(&fleet.name), &wanted, &all).await
        }
    }
}

/// Brings it to what is wanted.
///
/// # Errors
/// CloudWatch refused.
pub async fn update(aws: &Aws, region: &str, fleet: &Fleet) -> Result<(), Error> {
    let name = dashboard_name(&fleet.name);
    put(aws, region, &name, &body(fleet, region), &Tags::new()).await
}

/// Removes it. `false`: it is no longer ours and stays.
///
/// # Errors
/// CloudWatch refused.
pub async fn delete(aws: &Aws, region: &str, name: &str) -> Result<bool, Error> {
    match find(aws, region, name).await? {
        Some(found) if found.fleet.is_none() => Ok(false),
        Some(_) => remove(aws, region, &dashboard_name(name))
            .await
            .map(|()| true),
        None => Ok(true),
    }
}

fn made_from(body: &Value) -> Option<Fleet> {
    let markdown = body["widgets"][0]["properties"]["markdown"].as_str()?;
    let line = markdown.lines().next()?;
    let json = line.strip_prefix(MARK)?.strip_suffix(')')?;
    serde_json::from_str(json).ok()
}

/// The body; `home` is the region in which a prefix is looked for by default.
pub fn body(fleet: &Fleet, home: &str) -> Value {
    let jobs = fleet.jobs.as_deref().unwrap_or_default();
    let mark = serde_json::to_string(fleet).unwrap_or_default();
    let mut markdown = format!("{MARK}{mark})\n# {}\n", fleet.name);
    if let Some(prefix) = &fleet.job_name_prefix {
        markdown.push_str(&format!("\nRuns whose names begin with **{prefix}**\n"));
    }
    if !jobs.is_empty() {
        markdown.push_str("\n| Training job | Region | Instances | Logs |\n|---|---|---|---|\n");
    }
    for job in jobs.iter().take(LISTED) {
        let (name, region) = (cell(&job.name), cell(&job.region));
        let console = naming::console_domain(naming::partition(&region));
        let (page, logs) = (
            format!("https://{region}.{console}/sagemaker/home?region={region}#/jobs/{name}"),
            format!(
                "https://{region}.{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3D{name}$252F"
            ),
        );
        markdown.push_str(&format!(
            "| [{name}]({page}) | {region} | {} | [Logs]({logs}) |\n",
            instances(job)
        ));
    }
    if jobs.len() > LISTED {
        markdown.push_str(&format!("\nand {} more\n", jobs.len() - LISTED));
    }
    let rows = 4 + jobs.len().min(LISTED);
    let height = (rows / 2).clamp(3, 20);
    let mut drawn = Vec::new();
    let kinds = [
        ("GPU utilisation (100 % for each GPU)", "GPUUtilization"),
        ("GPU memory (100 % for each GPU)", "GPUMemoryUtilization"),
        ("CPU utilisation (100 % for each vCPU)", "CPUUtilization"),
        ("Memory (%)", "MemoryUtilization"),
    ];
    if !jobs.is_empty() {
        drawn.extend(kinds.map(|(title, metric)| graph(title, named(metric, jobs))));
    }
    if let Some(prefix) = &fleet.job_name_prefix {
        let home = vec![home.to_owned()];
        for region in fleet.regions.as_ref().unwrap_or(&home) {
            for (title, metric) in kinds {
                let terms = format!("MetricName=\"{metric}\" {}", words(prefix));
                let title = format!("{title}, {prefix}, {region}");
                drawn.push(searched(&title, region, "Host", &terms));
            }
            let title = format!("Loss, {prefix}, {region}");
            let terms = format!("loss {}", words(prefix));
            drawn.push(searched(&title, region, "TrainingJobName", &terms));
        }
    }
    let mut widgets = vec![text(0, 0, 24, height, &markdown)];
    widgets.extend(graphs(height, home, drawn));
    json!({ "widgets": widgets })
}

fn instances(job: &FleetJob) -> u32 {
    job.instance_count.unwrap_or(1).max(1)
}

/// A line for each run: its instance, or the mean of its instances.
fn named(metric: &str, jobs: &[FleetJob]) -> Vec<Value> {
    let mut lines = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        if instances(job) == 1 {
            let options = json!({ "label": job.name, "region": job.region });
            lines.push(of_host(metric, &host(&job.name, 1), options));
            continue;
        }
        let id = |number: u32| format!("j{}n{number}", index + 1);
        let ids: Vec<String> = (1..=instances(job)).map(id).collect();
        for (number, id) in (1..).zip(&ids) {
            let options = json!({ "id": id, "visible": false, "region": job.region });
            lines.push(of_host(metric, &host(&job.name, number), options));
        }
        lines.push(json!([{
            "expression": format!("AVG([{}])", ids.join(",")),
            "id": format!("j{}", index + 1),
            "label": format!("{}, mean of {}", job.name, ids.len()),
            "region": job.region
        }]));
    }
    lines
}

/// Whatever CloudWatch finds: at most 500 series, of the last two weeks (user guide, "Search expression syntax").
fn searched(title: &str, region: &str, dimension: &str, terms: &str) -> Value {
    let expression = format!("SEARCH('{{{NAMESPACE},{dimension}}} {terms}', 'Average', 300)");
    let entry = json!([{ "expression": expression, "id": "found", "region": region }]);
    let mut graph = graph(title, vec![entry]);
    graph["region"] = json!(region);
    graph
}

/// The prefix as CloudWatch compares it: word by word, no quotes that would end the expression.
fn words(prefix: &str) -> String {
    let parts = prefix.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_tells_what_it_was_made_from() {
        let job = |number: u32| FleetJob {
            name: format!("bert-{number}"),
            region: "eu-north-1".to_owned(),
            instance_count: number.is_multiple_of(2).then_some(3),
        };
        let fleet = Fleet {
            name: "sweep".to_owned(),
            job_name_prefix: Some("bert-lr".to_owned()),
            regions: None,
            jobs: Some((1..=200).map(job).collect()),
        };
        let body = body(&fleet, "us-east-1");
        assert_eq!(made_from(&body), Some(fleet));
        // 100 of one and 100 of three instances, each of the latter with its mean: beyond what validation lets pass,
        // and every widget still within CloudWatch's 500 metrics.
        for widget in body["widgets"].as_array().unwrap() {
            let metrics = widget["properties"]["metrics"].as_array();
            assert!(
                metrics.is_none_or(|all| all.len() <= 500),
                "{}",
                widget["properties"]["title"]
            );
        }
        assert_eq!(made_from(&json!({ "widgets": [] })), None);
    }
}
