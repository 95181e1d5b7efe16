//! What starting at once, deferring and deferring with interruption would have emitted on a grid, hour by
//! hour of a trace:
//!
//! ```shell
//! cargo run --release -p planner --example replay -- TRACE --job-hours 6 --slack-hours 24
//! ```
//!
//! The columns are those of Sukprasert et al. (EuroSys 2024), in grams for a job of 1 kW.

mod read;
mod rows;

use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "\
usage: replay TRACE --job-hours H --slack-hours H [--zone ZONE]
       replay --forecast FILE --zone ZONE --job-hours H --slack-hours H

TRACE     CSV, also .csv.gz, with a header: timestamp_utc,gco2_per_kwh, or timestamp_utc,ZONE,ZONE,...
          (then --zone picks one); every step has the same length, 5 to 60 minutes
--forecast  CSV with the columns zone, issued_utc, timestamp_utc, actual_gco2_per_kwh, forecast_gco2_per_kwh:
          what a choice by each forecast emits, next to the choice by what happened; TRACE is not needed

Printed per start: what starting at once emits (slack_0), the best start within the slack
(non_interrupt) and the best hours within it (interrupt), in grams for a job of 1 kW; with --forecast
also forecast_non_interrupt, the start that the forecast picks, at what it then emitted.";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    trace: Option<String>,
    forecast: Option<String>,
    zone: Option<String>,
    job_h: f64,
    slack_h: f64,
}

fn arguments(given: Vec<String>) -> Result<Arguments, String> {
    let wrong = |message: String| format!("{message}\n\n{USAGE}");
    let (mut trace, mut forecast, mut zone, mut job, mut slack) = (None, None, None, None, None);
    let mut given = given.into_iter();
    while let Some(name) = given.next() {
        let mut value = || {
            let value = given.next();
            value.ok_or_else(|| wrong(format!("{name} needs a value")))
        };
        let hours = |text: String| match text.parse::<f64>() {
            Ok(hours) if hours.is_finite() && hours >= 0.0 => Ok(hours),
            _ => Err(wrong(format!("{text:?} is no number of hours"))),
        };
        match name.as_str() {
            "--help" | "-h" => return Err(USAGE.to_owned()),
            "--forecast" => forecast = Some(value()?),
            "--zone" => zone = Some(value()?),
            "--job-hours" => job = Some(hours(value()?)?),
            "--slack-hours" => slack = Some(hours(value()?)?),
            _ if name.starts_with('-') => return Err(wrong(format!("unknown option {name}"))),
            _ if trace.is_some() => return Err(wrong(format!("one TRACE only, not also {name}"))),
            _ => trace = Some(name),
        }
    }
    let job_h = job
        .filter(|hours| *hours > 0.0)
        .ok_or_else(|| wrong("--job-hours is needed, above 0".to_owned()))?;
    let slack_h = slack.ok_or_else(|| wrong("--slack-hours is needed".to_owned()))?;
    if trace.is_none() && forecast.is_none() {
        return Err(wrong("a TRACE or --forecast FILE is needed".to_owned()));
    }
    Ok(Arguments {
        trace,
        forecast,
        zone,
        job_h,
        slack_h,
    })
}

fn run(given: Vec<String>) -> Result<(), String> {
    let asked = arguments(given)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = |text: String| match writeln!(out, "{text}") {
        // Whoever reads may have read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.to_string()),
        Ok(()) => Ok(true),
    };
    let zone = asked.zone.as_deref();
    if let Some(file) = &asked.forecast {
        let zone = zone.ok_or_else(|| format!("--forecast needs --zone\n\n{USAGE}"))?;
        let issues = read::forecasts(file, zone)?;
        line("issued_utc,slack_0,non_interrupt,interrupt,forecast_non_interrupt".to_owned())?;
        for issue in &issues {
            let row = rows::by_forecast(issue, asked.job_h, asked.slack_h)?;
            let issued = planner::rfc3339(issue.issued);
            let text = format!("{issued},{},{:.2}", show(&row.oracle), row.forecast);
            if !line(text)? {
                return Ok(());
            }
        }
    } else if let Some(file) = &asked.trace {
        let trace = read::trace(file, zone)?;
        line("slack_0,non_interrupt,interrupt".to_owned())?;
        for row in rows::oracle(&trace, asked.job_h, asked.slack_h)? {
            if !line(show(&row))? {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn show(row: &rows::Row) -> String {
    format!(
        "{:.2},{:.2},{:.2}",
        row.at_once, row.deferred, row.interrupted
    )
}
