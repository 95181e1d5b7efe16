//! The dashboard of one run: estimate, facts and links, use of the instances, what the estimate's power model makes of it,
//! and what the training code publishes.

use serde_json::{Value, json};

use super::{LINES_PER_GRAPH, cell, graph, graphs, of_host, text};
use crate::handle::Handle;
use crate::metrics::{NAMESPACE, host};
use crate::naming;
use crate::spec::{Dashboard, Graph};

/// Instances that are drawn one by one; more are drawn as their mean, least and greatest.
const HOSTS_APART: usize = 8;
/// Instances that enter an expression.
const HOSTS_MAX: u32 = 100;

/// Text on the left, graphs below: two a row.
pub(crate) fn body(handle: &Handle, job: &str, facts: &Dashboard) -> Value {
    let region = handle.region.as_str();
    let hosts: Vec<String> = (1..=handle.instance_count.min(HOSTS_MAX))
        .map(|number| host(job, number))
        .collect();
    let mut drawn: Vec<Value> = Vec::new();
    if facts.accelerators > 0 {
        drawn.push(utilisation(
            "GPU utilisation (100 % for each GPU)",
            "GPUUtilization",
            &hosts,
        ));
        drawn.push(utilisation(
            "GPU memory (100 % for each GPU)",
            "GPUMemoryUtilization",
            &hosts,
        ));
    }
    drawn.push(utilisation(
        "CPU utilisation (100 % for each vCPU)",
        "CPUUtilization",
        &hosts,
    ));
    let mut space = lines("MemoryUtilization", "m", &hosts);
    space.extend(lines("DiskUtilization", "d", &hosts));
    drawn.push(graph("Memory and disk (%)", space));
    let modelled = facts.modelled.iter();
    drawn.extend(modelled.map(|graph| self::modelled(graph, job, &hosts, facts)));
    let of_algorithm = |names: Vec<&String>| -> Vec<Value> {
        let names = names.into_iter().take(LINES_PER_GRAPH);
        names
            .map(|name| json!([NAMESPACE, name, "TrainingJobName", job]))
            .collect()
    };
    let (losses, others): (Vec<&String>, Vec<&String>) = handle
        .metric_names
        .iter()
        .partition(|name| name.to_lowercase().contains("loss"));
    if !losses.is_empty() {
        drawn.push(graph("Training and validation loss", of_algorithm(losses)));
    }
    if !others.is_empty() {
        drawn.push(graph("Metrics of the training code", of_algorithm(others)));
    }
    let mut widgets = vec![
        text(0, 0, 12, 9, &summary(handle, facts)),
        text(12, 0, 12, 9, &table(handle, job, facts)),
    ];
    widgets.extend(graphs(9, region, drawn));
    let mut body = json!({ "widgets": widgets });
    if let Some(span) = &facts.span {
        body["start"] = json!(format!("-{span}"));
    }
    body
}

fn summary(handle: &Handle, facts: &Dashboard) -> String {
    let mut text = format!("# {}\n", handle.name);
    for line in &facts.estimate {
        text.push_str(line);
        text.push_str("\n\n");
    }
    text
}

fn table(handle: &Handle, job: &str, facts: &Dashboard) -> String {
    let mut table = "| | |\n|---|---|\n".to_owned();
    let types = std::iter::once(&handle.instance_type).chain(&handle.fallback_types);
    let types: Vec<&str> = types.map(String::as_str).collect();
    let types = types.join(", else ");
    let own = [
        ("Training job", job),
        ("Region", handle.region.as_str()),
        ("Instance type", types.as_str()),
    ];
    let own = own.map(|(label, value)| (label.to_owned(), value.to_owned()));
    for (label, value) in own.into_iter().chain(facts.facts.iter().cloned()) {
        table.push_str(&format!("| {} | {} |\n", cell(&label), cell(&value)));
    }
    let links: Vec<String> = links(handle, job)
        .into_iter()
        .map(|(label, url)| format!("[{label}]({url})"))
        .collect();
    table.push_str(&format!("\n{}\n", links.join(" · ")));
    table
}

/// Pages of the console: the job, its logs, what it leaves in S3.
fn links(handle: &Handle, job: &str) -> Vec<(&'static str, String)> {
    let (region, console) = (&handle.region, naming::console_domain(&handle.partition));
    let named = Handle {
        job_name: Some(job.to_owned()),
        ..handle.clone()
    };
    let folder = |uri: Option<String>| {
        let uri = uri?;
        let (bucket, key) = naming::split_s3_uri(&uri)?;
        Some(format!(
            "https://{region}.{console}/s3/buckets/{bucket}?region={region}&prefix={}/",
            key.trim_end_matches('/')
        ))
    };
    let mut links = vec![(
        "Training job",
        format!("https://{region}.{console}/sagemaker/home?region={region}#/jobs/{job}"),
    )];
    links.extend(named.log_url().map(|url| ("Logs", url)));
    links.extend(folder(named.model_artifacts_location()).map(|url| ("Artifacts", url)));
    links.extend(folder(named.reports_location()).map(|url| ("Reports", url)));
    links
}

fn utilisation(title: &str, metric: &str, hosts: &[String]) -> Value {
    graph(title, lines(metric, "m", hosts))
}

/// One line for each instance, or three for many of them.
fn lines(metric: &str, id: &str, hosts: &[String]) -> Vec<Value> {
    if hosts.len() <= HOSTS_APART {
        return hosts
            .iter()
            .map(|host| of_host(metric, host, Value::Null))
            .collect();
    }
    let mut all = hidden(metric, id, hosts);
    let list = list(id, hosts.len());
    for (function, word) in [("AVG", "mean"), ("MIN", "least"), ("MAX", "greatest")] {
        all.push(json!([{
            "expression": format!("{function}({list})"),
            "id": format!("{id}{}", function.to_lowercase()),
            "label": format!("{metric}, {word}")
        }]));
    }
    all
}

fn hidden(metric: &str, id: &str, hosts: &[String]) -> Vec<Value> {
    let entry = |(index, host): (usize, &String)| {
        let options = json!({ "id": format!("{id}{}", index + 1), "visible": false });
        of_host(metric, host, options)
    };
    hosts.iter().enumerate().map(entry).collect()
}

fn list(id: &str, count: usize) -> String {
    let ids: Vec<String> = (1..=count).map(|number| format!("{id}{number}")).collect();
    format!("[{}]", ids.join(","))
}

/// A graph over `cpu` and `gpu`, the mean shares of processors and accelerators at work, 0 to 1.
fn modelled(wanted: &Graph, job: &str, hosts: &[String], facts: &Dashboard) -> Value {
    let mut metrics = hidden("CPUUtilization", "c", hosts);
    let share = |id: &str, of: &str, each: u32| {
        json!([{
            "expression": format!("AVG({})/{}", list(of, hosts.len()), 100 * each.max(1)),
            "id": id,
            "visible": false
        }])
    };
    let cpu = share("cpu", "c", facts.vcpus);
    if facts.accelerators > 0 {
        metrics.extend(hidden("GPUUtilization", "g", hosts));
        metrics.push(share("gpu", "g", facts.accelerators));
    }
    metrics.push(cpu);
    if let Some(name) = &wanted.live {
        let options = json!({ "id": "live", "visible": false });
        metrics.push(json!([NAMESPACE, name, "TrainingJobName", job, options]));
    }
    for line in &wanted.lines {
        let mut entry = json!({ "expression": line.expression, "id": line.id });
        match &line.label {
            Some(label) => {
                entry["label"] = json!(label);
                if line.right {
                    entry["yAxis"] = json!("right");
                }
            }
            None => entry["visible"] = json!(false),
        }
        metrics.push(json!([entry]));
    }
    let mut graph = graph(&wanted.title, metrics);
    if !wanted.marks.is_empty() {
        let marks: Vec<Value> = wanted
            .marks
            .iter()
            .map(|(label, value)| json!({ "label": label, "value": value }))
            .collect();
        graph["annotations"] = json!({ "horizontal": marks });
    }
    graph["yAxis"] = json!({ "left": { "label": wanted.unit, "min": 0, "showUnits": false }, "right": { "min": 0, "showUnits": false } });
    graph
}
