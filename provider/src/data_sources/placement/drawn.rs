//! What the charts of a decision show: the hours of each grid that could be chosen, and the run.

use catalog::{Catalog, Series, UtcSeconds};
use planner::{Candidate, Decision, Request, Start};

use crate::charts::{Chart, Row};

/// A chart shows a day at least and a week at most.
const HOURS: (f64, f64) = (24.0, 168.0);

/// The chart, the chosen region first.
pub(super) fn chart(
    catalog: &Catalog,
    asked: &Request,
    now: UtcSeconds,
    decision: &Decision,
) -> Chart {
    let earliest = asked.earliest_start.unwrap_or(now);
    let from = UtcSeconds(earliest.0.div_euclid(3600) * 3600);
    let runtime = decision.estimate.runtime_hours.value.get();
    let hours = (asked.max_start_delay_hours.get() + runtime)
        .ceil()
        .clamp(HOURS.0, HOURS.1);
    let mut rows: Vec<Row> = Vec::new();
    for candidate in &decision.ranked {
        if rows.iter().any(|row| row.name == candidate.region) {
            continue;
        }
        if let Some(series) = series(catalog, asked, candidate, earliest, from, hours) {
            let marked = rows.is_empty().then(|| {
                let start = start(candidate.start, earliest);
                (start, start.plus_hours(runtime))
            });
            rows.push(Row {
                name: candidate.region.to_owned(),
                series,
                marked,
            });
        }
    }
    Chart {
        about: format!("{}, {}", decision.signal.kind, source(asked, decision)),
        from,
        hours: hours as u32,
        mark: "chosen".to_owned(),
        rows,
    }
}

/// Who says so: for the embedded signal that, and not who its yearly figure is by.
fn source<'a>(asked: &Request, decision: &'a Decision) -> &'a str {
    let live = asked
        .signals
        .as_ref()
        .is_some_and(|signals| signals.by_region.contains_key(&decision.selected_region));
    if live {
        &decision.signal.source
    } else {
        "embedded"
    }
}

fn start(start: Start, earliest: UtcSeconds) -> UtcSeconds {
    match start {
        Start::AtOnce => earliest,
        Start::At(moment) => moment,
    }
}

/// The hours of the candidate's grid at the level that it was decided by: where a signal only shapes the hours, its own
/// level is not the one, and a decision without a time goes by the yearly figure.
fn series(
    catalog: &Catalog,
    asked: &Request,
    candidate: &Candidate,
    earliest: UtcSeconds,
    from: UtcSeconds,
    hours: f64,
) -> Option<Series> {
    let signals = asked.signals.as_ref();
    let own = match signals.and_then(|signals| signals.by_region.get(candidate.region)) {
        Some(signal) => signal.series.clone(),
        None => {
            let region = catalog.region(candidate.region)?;
            region.expected(from, hours as usize + 1).series
        }
    };
    let mean = own.mean(
        start(candidate.start, earliest),
        candidate.estimate.runtime_hours.value.get(),
    );
    let level = match mean {
        Some(mean) if mean > 0.0 => candidate.gco2_per_kwh.get() / mean,
        _ => 1.0,
    };
    // What is the same but for its last digits is the same.
    if (level - 1.0).abs() < 0.005 {
        return Some(own);
    }
    let values = own.values().iter().map(|value| value * level);
    Series::new(own.start(), own.step_s(), values.collect()).ok()
}
