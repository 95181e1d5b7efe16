//! Bodies of CloudWatch dashboards, and the calls that put and remove them.
//!
//! Dashboards are global in an account; each widget names its region. Limits (user guide): 500 widgets, 500 metrics a
//! widget, 2,500 metrics a dashboard.

pub mod fleet;
pub(crate) mod run;

use serde_json::{Value, json};

use crate::clients::Aws;
use crate::error::Error;
use crate::metrics::NAMESPACE;
use crate::removal::Removal;
use crate::settings::Service;
use crate::tags::{self, Tags};

/// Metrics of one graph that stay readable.
const LINES_PER_GRAPH: usize = 20;

pub(crate) async fn put(
    aws: &Aws,
    region: &str,
    name: &str,
    body: &Value,
    tags: &Tags,
) -> Result<(), Error> {
    let mut parameters = vec![
        ("DashboardName".to_owned(), name.to_owned()),
        ("DashboardBody".to_owned(), body.to_string()),
    ];
    parameters.extend(tags::as_query(tags));
    let pairs: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    aws.query(Service::Cloudwatch, region, "PutDashboard", &pairs)
        .await
        .map_err(|error| error.about(format!("dashboard {name}")))?;
    Ok(())
}

/// The body as it is; `None` where there is no such dashboard.
pub(crate) async fn get(aws: &Aws, region: &str, name: &str) -> Result<Option<Value>, Error> {
    let answer = aws
        .query(
            Service::Cloudwatch,
            region,
            "GetDashboard",
            &[("DashboardName", name)],
        )
        .await
        .map_err(|error| error.about(format!("dashboard {name}")));
    let Some(answer) = Removal::gone_is_fine(answer)? else {
        return Ok(None);
    };
    let body = crate::signed::tag(&answer, "DashboardBody").unwrap_or_default();
    Ok(Some(serde_json::from_str(&body).unwrap_or_default()))
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

/// A widget of text.
fn text(x: usize, y: usize, width: usize, height: usize, markdown: &str) -> Value {
    json!({
        "type": "text", "x": x, "y": y, "width": width, "height": height,
        "properties": { "markdown": markdown }
    })
}

/// Graphs of half the width, two a row, from this row on.
fn graphs(y: usize, region: &str, graphs: Vec<Value>) -> Vec<Value> {
    let place = |(number, properties): (usize, Value)| {
        let mut properties = properties;
        if properties["region"].is_null() {
            properties["region"] = json!(region);
        }
        json!({
            "type": "metric",
            "x": if number % 2 == 0 { 0 } else { 12 },
            "y": y + number / 2 * 6,
            "width": 12,
            "height": 6,
            "properties": properties,
        })
    };
    graphs.into_iter().enumerate().map(place).collect()
}

/// A graph over time.
fn graph(title: &str, metrics: Vec<Value>) -> Value {
    json!({
        "title": title, "view": "timeSeries", "stacked": false,
        "period": 60, "stat": "Average", "metrics": metrics
    })
}

/// A metric of one instance.
fn of_host(metric: &str, host: &str, options: Value) -> Value {
    let mut entry = vec![json!(NAMESPACE), json!(metric), json!("Host"), json!(host)];
    if !options.is_null() {
        entry.push(options);
    }
    Value::Array(entry)
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "/")
}
