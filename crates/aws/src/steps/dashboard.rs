//! The run's CloudWatch dashboard. Dashboards are global in an account; each widget names its region.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Step;
use crate::clients::Aws;
use crate::error::Error;
use crate::handle::Handle;
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::settings::Service;
use crate::spec::Dashboard as Facts;

const NAMESPACE: &str = "/aws/sagemaker/TrainingJobs";
/// Metrics of one graph that stay readable.
const METRICS_PER_GRAPH: usize = 20;

pub(crate) struct Dashboard;

#[async_trait]
impl Step for Dashboard {
    fn name(&self) -> &'static str {
        "dashboard"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(facts) = &run.spec.dashboard else {
            return Ok(());
        };
        let name = naming::dashboard_name(&run.spec.data_bucket.name, &run.spec.name);
        let known = run
            .previous
            .is_some_and(|previous| previous.dashboard.is_some());
        let body = body(&run.handle, &run.job_name, facts);
        match put(run.aws, &run.spec.region, &name, &body).await {
            Ok(()) => {
                run.handle.dashboard = Some(name);
                if !known {
                    run.made(self.name());
                }
            }
            // A picture is no reason to refuse a run.
            Err(error) => run.remark(
                "no dashboard",
                format!(
                    "The run goes on without it; dashboard = \"none\" avoids the call. {error}"
                ),
            ),
        }
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.made.contains(&self.name())
            && let Some(name) = run.handle.dashboard.clone()
        {
            delete(run.aws, &run.spec.region, &name).await?;
            run.handle.dashboard = None;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if let Some(name) = removal.handle.dashboard.clone() {
            delete(removal.aws, &removal.handle.region, &name).await?;
            removal.handle.dashboard = None;
        }
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let name = look.handle.dashboard.as_ref()?;
        let error = look
            .aws
            .query(
                Service::Cloudwatch,
                &look.handle.region,
                "GetDashboard",
                &[("DashboardName", name)],
            )
            .await
            .err()?;
        (error.kind() == crate::error::Kind::NotFound).then(|| format!("dashboard {name} is gone"))
    }
}

pub(crate) async fn put(aws: &Aws, region: &str, name: &str, body: &Value) -> Result<(), Error> {
    let text = body.to_string();
    let parameters = [("DashboardName", name), ("DashboardBody", text.as_str())];
    aws.query(Service::Cloudwatch, region, "PutDashboard", &parameters)
        .await
        .map_err(|error| error.about(format!("dashboard {name}")))?;
    Ok(())
}

pub(crate) async fn delete(aws: &Aws, region: &str, name: &str) -> Result<(), Error> {
    let answer = aws
        .query(
            Service::Cloudwatch,
            region,
            "DeleteDashboards",
            &[("DashboardNames.member.1", name)],
        )
        .await;
    Removal::gone_is_fine(answer.map_err(|error| error.about(format!("dashboard {name}"))))?;
    Ok(())
}

/// Text on the left, graphs below: two a row.
pub(crate) fn body(handle: &Handle, job: &str, facts: &Facts) -> Value {
    let region = handle.region.as_str();
    let mut text = format!("# {}\n", handle.name);
    for line in &facts.estimate {
        text.push_str(line);
        text.push_str("\n\n");
    }
    let mut table = "| | |\n|---|---|\n".to_owned();
    let own = [
        ("Training job", job),
        ("Region", region),
        ("Instance type", handle.instance_type.as_str()),
    ];
    let own = own
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value.to_owned()));
    for (label, value) in own.chain(facts.facts.iter().cloned()) {
        table.push_str(&format!(
            "| {} | {} |\n",
            label.replace('|', "/"),
            value.replace('|', "/")
        ));
    }
    let mut widgets = vec![
        json!({ "type": "text", "x": 0, "y": 0, "width": 12, "height": 8, "properties": { "markdown": text } }),
        json!({ "type": "text", "x": 12, "y": 0, "width": 12, "height": 8, "properties": { "markdown": table } }),
    ];
    let hosts: Vec<String> = (1..=handle.instance_count)
        .map(|number| format!("{job}/algo-{number}"))
        .collect();
    let mut graphs: Vec<(&str, Vec<Value>)> = Vec::new();
    let of_hosts = |metrics: &[&str]| -> Vec<Value> {
        let pairs = hosts.iter().flat_map(|host| {
            metrics
                .iter()
                .map(move |metric| json!([NAMESPACE, metric, "Host", host]))
        });
        pairs.take(METRICS_PER_GRAPH).collect()
    };
    if facts.accelerators > 0 {
        graphs.push((
            "GPU utilisation (100 % for each GPU)",
            of_hosts(&["GPUUtilization", "GPUMemoryUtilization"]),
        ));
    }
    graphs.push((
        "CPU, memory and disk utilisation",
        of_hosts(&["CPUUtilization", "MemoryUtilization", "DiskUtilization"]),
    ));
    let of_algorithm = |names: Vec<&String>| -> Vec<Value> {
        names
            .into_iter()
            .take(METRICS_PER_GRAPH)
            .map(|name| json!([NAMESPACE, name, "TrainingJobName", job]))
            .collect()
    };
    let (losses, others): (Vec<&String>, Vec<&String>) = handle
        .metric_names
        .iter()
        .partition(|name| name.to_lowercase().contains("loss"));
    if !losses.is_empty() {
        graphs.push(("Training and validation loss", of_algorithm(losses)));
    }
    if !others.is_empty() {
        graphs.push(("Metrics of the training code", of_algorithm(others)));
    }
    for (number, (title, metrics)) in graphs.into_iter().enumerate() {
        widgets.push(json!({
            "type": "metric",
            "x": if number % 2 == 0 { 0 } else { 12 },
            "y": 8 + number / 2 * 6,
            "width": 12,
            "height": 6,
            "properties": { "title": title, "region": region, "view": "timeSeries", "stacked": false, "period": 60, "stat": "Average", "metrics": metrics }
        }));
    }
    json!({ "widgets": widgets })
}
