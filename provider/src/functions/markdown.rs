//! `plan_markdown`: a table for a pull-request comment.

use std::fmt::Write;

use tfplugin::{FunctionError, Value};

use crate::text::figure;

/// The table.
pub(crate) fn plan_markdown(arguments: &[Value]) -> Result<Value, FunctionError> {
    let at = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
    let (summary, estimate, baseline, candidates) = (at(0), at(1), at(2), at(3));
    let mut text = String::new();
    if let Some(summary) = summary.as_str() {
        let _ = writeln!(text, "**{}**\n", escaped(summary));
    }
    text.push_str("| | estimate | low | high | baseline |\n|---|---:|---:|---:|---:|\n");
    for (name, label) in [
        ("emissions_kg", "kgCO2e"),
        ("energy_kwh", "kWh"),
        ("cost_usd", "USD"),
        ("runtime_hours", "hours"),
    ] {
        let range = estimate.get(name);
        let _ = writeln!(
            text,
            "| {label} | {} | {} | {} | {} |",
            cell(range.get("value")),
            cell(range.get("low")),
            cell(range.get("high")),
            cell(baseline.get(name)),
        );
    }
    if let (Some(kind), Some(region)) = (
        baseline.get("instance_type").as_str(),
        baseline.get("region").as_str(),
    ) {
        let assumed = if baseline.get("assumed").as_bool() == Some(true) {
            " (assumed)"
        } else {
            ""
        };
        let _ = writeln!(text, "\nBaseline: {kind}{assumed}, on demand, in {region}.");
    }
    let lines = candidates.as_seq().unwrap_or_default();
    if !lines.is_empty() {
        text.push('\n');
        for line in lines.iter().filter_map(Value::as_str) {
            let _ = writeln!(text, "- {}", escaped(line));
        }
    }
    Ok(Value::from(text))
}

fn cell(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), figure)
}

/// Line breaks and bars would end a line or a cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
