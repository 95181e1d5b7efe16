//! The rows of a replay, by the planner's own windows.

use catalog::{Series, UtcSeconds};
use planner::{Curve, Load, Pause, Starts, best_split, best_start};

/// What a job of 1 kW emits in grams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Started at once.
    pub(crate) at_once: f64,
    /// In one piece at the best start within the slack.
    pub(crate) deferred: f64,
    /// In the best hours within the slack.
    pub(crate) interrupted: f64,
}

/// What happened from the issue of a forecast on, and what had been forecast.
#[derive(Clone, Debug)]
pub(crate) struct Issue {
    pub(crate) issued: UtcSeconds,
    pub(crate) actual: Series,
    pub(crate) forecast: Series,
}

/// A choice by a forecast next to the best.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByForecast {
    pub(crate) oracle: Row,
    /// Started when the forecast said.
    pub(crate) forecast: f64,
}

/// For every start but the last that a trace holds in full (as in the published files), with all of
/// the trace known.
pub(crate) fn oracle(trace: &Series, job_h: f64, slack_h: f64) -> Result<Vec<Row>, String> {
    let curve = Curve::from(trace);
    let last = trace.end().plus_hours(-job_h);
    if last < trace.start() {
        return Err(format!("the trace is shorter than the job's {job_h} h"));
    }
    let every = Starts {
        first: trace.start(),
        last,
    };
    Ok(every
        .on(&curve)
        .filter(|start| *start < last)
        .map(|start| row(&curve, start, last, job_h, slack_h))
        .collect())
}

/// At the issue of a forecast: the choice by what happened, and by the forecast.
pub(crate) fn by_forecast(issue: &Issue, job_h: f64, slack_h: f64) -> Result<ByForecast, String> {
    let (actual, forecast) = (Curve::from(&issue.actual), Curve::from(&issue.forecast));
    let last = issue.actual.end().plus_hours(-job_h);
    if last < issue.issued {
        return Err(format!("the forecast is shorter than the job's {job_h} h"));
    }
    let starts = Starts {
        first: issue.issued,
        last: last.min(issue.issued.plus_hours(slack_h)),
    };
    let load = Load::flat(job_h);
    let (picked, _) = best_start(&load, &forecast, starts);
    Ok(ByForecast {
        oracle: row(&actual, issue.issued, last, job_h, slack_h),
        forecast: load.total(&actual, picked),
    })
}

fn row(curve: &Curve, start: UtcSeconds, last: UtcSeconds, job_h: f64, slack_h: f64) -> Row {
    let load = Load::flat(job_h);
    let starts = Starts {
        first: start,
        last: last.min(start.plus_hours(slack_h)),
    };
    let (_, deferred) = best_start(&load, curve, starts);
    // A job shorter than a step has nothing to interrupt.
    let split = best_split(&load, curve, starts, Pause::default());
    Row {
        at_once: load.total(curve, start),
        deferred,
        interrupted: split.map_or(deferred, |split| split.total.min(deferred)),
    }
}
