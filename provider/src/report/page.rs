//! A report as one HTML page. It loads nothing: no script, no picture, no font, no style from elsewhere.

use std::fmt::Write;

use schemas::ml_training::Range;
use schemas::training_report::{Elsewhere, Run};

use super::chart::{Bar, bars};
use super::{GENERATOR, Report};
use crate::text::{escaped, figure};

/// Bars that can be told apart.
const MOST_BARS: usize = 20;

const STYLE: &str = "body{font:15px/1.5 Helvetica,Arial,sans-serif;color:#222;max-width:1000px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}p.about{color:#555;margin-top:0}\
.cards{display:flex;flex-wrap:wrap;gap:.8rem}.card{flex:1 1 190px;border:1px solid #ddd;border-radius:6px;padding:.7rem .9rem}\
.card b{display:block;font-size:1.35rem}.card span{color:#555;font-size:.85rem;display:block}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{padding:.3rem .5rem;border-bottom:1px solid #e5e5e5;text-align:right;white-space:nowrap}\
th:first-child,td:first-child,.text{text-align:left}svg{width:100%;height:auto}.key{color:#555;font-size:.85rem}.key i{display:inline-block;width:.7rem;height:.7rem;margin:0 .3rem 0 .8rem}";

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"{GENERATOR}\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escaped(&report.title)
    );
    let totals = &report.totals;
    let as_of = report
        .as_of
        .as_deref()
        .map(|moment| format!(", the last of them at {}", escaped(moment)))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "<p class=\"about\">{}: {} measured, {} by estimate, {} succeeded{as_of}. Figures of catalogue {}.</p>",
        runs(totals.runs),
        totals.measured,
        totals.estimated,
        totals.succeeded,
        escaped(&report.catalog_version),
    );
    cards(&mut out, report);
    emissions(&mut out, report);
    elsewhere(&mut out, report);
    table(&mut out, &report.runs);
    usage(&mut out, &report.runs);
    results(&mut out, &report.runs);
    remarks(&mut out, report);
    out.push_str(METHOD);
    out.push_str("</body>\n</html>\n");
    out
}

const METHOD: &str = "<h2>How the figures come about</h2>\n<p>Measured: the hours that SageMaker reports for each phase, over all attempts, times the power of the instance type (at the use that CloudWatch tells, where it tells) and the data centre's overhead, times the intensity of the grid, and the hours' share of making the hardware. The power is modelled: the range says how well. The score is the share of the energy that went into work, by the use that CloudWatch tells; without its figures there is none. What was paid to move data between regions is not in it. Estimate: what the plan of the run showed. Saved: the baseline that the run was decided with, over the time that the run took, less its figure; runs that came to nothing save nothing. Elsewhere: each run's emissions in proportion to what the catalogue's yearly averages say of both regions. Location-based; kgCO2e.</p>\n";

fn runs(number: i64) -> String {
    if number == 1 {
        "1 run".to_owned()
    } else {
        format!("{number} runs")
    }
}

fn shown(range: &Range) -> String {
    match (range.value, range.low, range.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{} ({} to {})", figure(value), figure(low), figure(high))
        }
        (Some(value), ..) => figure(value),
        _ => "–".to_owned(),
    }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{} %", figure(value)))
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), figure)
}

fn cards(out: &mut String, report: &Report) {
    let totals = &report.totals;
    out.push_str("<div class=\"cards\">\n");
    let mut card = |value: String, unit: &str, label: &str| {
        let _ = writeln!(
            out,
            "<div class=\"card\"><b>{value}</b>{unit}<span>{label}</span></div>"
        );
    };
    card(shown(&totals.emissions_kg), "kgCO2e", "emitted");
    card(shown(&totals.energy_kwh), "kWh", "used");
    card(shown(&totals.cost_usd), "USD", "cost");
    if let Some(saved) = totals.saved_emissions_kg {
        card(figure(saved), "kgCO2e", "below the baselines");
    }
    if let Some(saved) = totals.saved_cost_usd {
        card(figure(saved), "USD", "below the baselines");
    }
    if let Some(percent) = totals.efficiency_percent {
        card(figure(percent), "%", "less energy than the baselines");
    }
    if let Some(percent) = totals.renewable_percent {
        card(
            figure(percent),
            "%",
            "renewable, by the grids' yearly shares",
        );
    }
    if let Some(kg) = totals.kg_per_million_parameters {
        card(figure(kg), "kgCO2e", "per million parameters");
    }
    out.push_str("</div>\n");
}

fn emissions(out: &mut String, report: &Report) {
    let mut all: Vec<(&Run, f64)> = report
        .runs
        .iter()
        .filter_map(|run| Some((run, run.emissions_kg.value?)))
        .collect();
    all.sort_by(|one, other| other.1.total_cmp(&one.1));
    let drawn: Vec<Bar> = all
        .iter()
        .take(MOST_BARS)
        .map(|(run, kg)| Bar {
            label: run.training_job_name.clone(),
            value: *kg,
            mark: run.saved_emissions_kg.map(|saved| kg + saved),
            strong: run.basis == "measured",
        })
        .collect();
    if drawn.is_empty() {
        return;
    }
    out.push_str("<h2>Emissions by run</h2>\n");
    if all.len() > MOST_BARS {
        let _ = writeln!(out, "<p>The {MOST_BARS} greatest of {}.</p>", all.len());
    }
    out.push_str(&bars("Emissions by run in kgCO2e", "kg", &drawn));
    out.push_str("\n<p class=\"key\"><i style=\"background:#0072b2\"></i>measured<i style=\"background:#9fb8c8\"></i>estimate<i style=\"background:#d55e00\"></i>baseline</p>\n");
}

fn elsewhere(out: &mut String, report: &Report) {
    if report.elsewhere.is_empty() {
        return;
    }
    let used: Vec<&str> = report.runs.iter().map(|run| run.region.as_str()).collect();
    out.push_str("<h2>The same runs in other regions</h2>\n");
    let bar = |row: &Elsewhere| Bar {
        label: format!("{}, {} g/kWh", row.region, figure(row.gco2_per_kwh)),
        value: row.emissions_kg,
        mark: None,
        strong: used.contains(&row.region.as_str()),
    };
    // The ends of the list and where the runs were; the whole list is in the JSON.
    let rows = &report.elsewhere;
    let half = MOST_BARS / 2;
    let drawn: Vec<Bar> = rows
        .iter()
        .enumerate()
        .filter(|(index, row)| {
            rows.len() <= MOST_BARS
                || *index < half
                || *index >= rows.len() - half
                || used.contains(&row.region.as_str())
        })
        .map(|(_, row)| bar(row))
        .collect();
    if drawn.len() < rows.len() {
        let _ = writeln!(
            out,
            "<p>The least and the greatest of {} regions; the JSON has all.</p>",
            rows.len()
        );
    }
    out.push_str(&bars(
        "Emissions of the same runs by region in kgCO2e",
        "kg",
        &drawn,
    ));
    out.push_str(
        "\n<p class=\"key\"><i style=\"background:#0072b2\"></i>a region of the runs</p>\n",
    );
}

fn table(out: &mut String, all: &[Run]) {
    if all.is_empty() {
        return;
    }
    out.push_str("<h2>Runs</h2>\n<div class=\"wide\"><table>\n<tr><th>training job</th><th class=\"text\">where</th><th class=\"text\">outcome</th><th class=\"text\">basis</th><th>h</th><th>kWh</th><th>kgCO2e</th><th>USD</th><th>kg saved</th><th>USD saved</th><th>energy saved</th></tr>\n");
    for run in all {
        let count = if run.instance_count == 1 {
            String::new()
        } else {
            format!("{} x ", run.instance_count)
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"text\">{}, {count}{}, {}</td><td class=\"text\">{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&run.training_job_name),
            escaped(&run.region),
            escaped(&run.instance_type),
            escaped(&run.capacity.replace('_', " ")),
            escaped(&run.outcome.replace('_', " ")),
            escaped(&run.basis.replace('_', " ")),
            optional(run.runtime_hours),
            optional(run.energy_kwh.value),
            optional(run.emissions_kg.value),
            optional(run.cost_usd.value),
            optional(run.saved_emissions_kg),
            optional(run.saved_cost_usd),
            percent(run.efficiency_percent),
        );
    }
    out.push_str("</table></div>\n");
}

/// How well the instances were used: for runs that were measured.
fn usage(out: &mut String, all: &[Run]) {
    let mut rows = all.iter().filter(|run| run.method.is_some()).peekable();
    if rows.peek().is_none() {
        return;
    }
    out.push_str("<h2>How well the instances were used</h2>\n<div class=\"wide\"><table>\n<tr><th>training job</th><th>score of 100</th><th class=\"text\">held up by</th><th>kWh</th><th>kgCO2e</th><th class=\"text\">method</th></tr>\n");
    for run in rows {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>",
            escaped(&run.training_job_name),
            optional(run.efficiency_score),
            escaped(&run.bottleneck.as_deref().unwrap_or("–").replace('_', " ")),
            shown(&run.energy_kwh),
            shown(&run.emissions_kg),
            escaped(run.method.as_deref().unwrap_or_default()),
        );
    }
    out.push_str("</table></div>\n");
}

/// What came out: for runs that tell.
fn results(out: &mut String, all: &[Run]) {
    let telling: Vec<&Run> = all
        .iter()
        .filter(|run| {
            run.final_metrics.is_some()
                || run.model_size_bytes.is_some()
                || run.kg_per_million_parameters.is_some()
        })
        .collect();
    if telling.is_empty() {
        return;
    }
    out.push_str("<h2>Models</h2>\n<div class=\"wide\"><table>\n<tr><th>training job</th><th>MB</th><th>compressed to</th><th>kg per million parameters</th><th class=\"text\">final metrics</th></tr>\n");
    for run in telling {
        let metrics: Vec<String> = run
            .final_metrics
            .iter()
            .flatten()
            .map(|(name, value)| format!("{name} {}", figure(*value)))
            .collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>",
            escaped(&run.training_job_name),
            optional(run.model_size_bytes.map(|bytes| bytes as f64 / 1e6)),
            percent(run.compression_ratio.map(|ratio| ratio * 100.0)),
            optional(run.kg_per_million_parameters),
            escaped(&metrics.join(", ")),
        );
    }
    out.push_str("</table></div>\n");
}

fn remarks(out: &mut String, report: &Report) {
    if report.remarks.is_empty() {
        return;
    }
    out.push_str("<h2>Remarks</h2>\n<ul>\n");
    for remark in &report.remarks {
        let _ = writeln!(out, "<li>{}</li>", escaped(remark));
    }
    out.push_str("</ul>\n");
}
