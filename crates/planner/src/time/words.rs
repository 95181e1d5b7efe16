//! A decision's time in words: what the summary, the signal and the remarks say of it.

use catalog::{Attribution, Quality, Region, SignalKind, SourceId, UtcSeconds};

use super::grid::Told;
use super::moment::{rfc3339, short};
use super::{Grid, Pausing, When};
use crate::GramsPerKwh;
use crate::answer::Signal;
use crate::solve::{Found, Solver};
use crate::text::{hours, percent, sig3};

/// `start 2026-11-25 02:00 UTC (+7 h), `; nothing at once.
pub(crate) fn start(solver: &Solver, found: &Found) -> String {
    match (&solver.m.time, found.when) {
        (Some(time), Some(when)) if !when.at_once => format!(
            "start {} (+{}), ",
            short(when.start),
            hours(when.start.hours_since(time.earliest))
        ),
        _ => String::new(),
    }
}

/// What the summary adds where a later start could have been chosen and was not.
pub(crate) fn no_later(when: Option<When>, grid: Option<&Grid>) -> &'static str {
    let yearly = grid.is_some_and(|grid| grid.told.quality == Quality::Annual);
    match when {
        Some(w) if w.at_once && w.choice && w.tempting.is_some() => {
            "; no start time is better than now by more than the forecast's error"
        }
        // Of its hours nothing is known, which is not the same as nothing to gain.
        Some(w) if w.at_once && w.choice && yearly => {
            "; no start-time benefit known: a yearly figure only"
        }
        Some(w) if w.at_once && w.choice => "; no start-time benefit on this grid",
        _ => "",
    }
}

/// `location-based average 2025`, with what is known of its hours, or whose figure it is.
pub(crate) fn basis(region: &Region, grid: Option<&Grid>) -> String {
    let level = if region.intensity.source == SourceId::OVERRIDE {
        format!(
            "{} figure of catalog_overrides",
            region.attribution.as_str()
        )
    } else {
        format!(
            "{} average {}",
            region.attribution.as_str(),
            region.intensity_year
        )
    };
    let Some(told) = grid.map(|grid| &grid.told) else {
        return level;
    };
    let Some(source) = &told.source else {
        return match told.quality {
            Quality::Annual => level,
            _ => format!("{level} with the usual hours"),
        };
    };
    let issued = told
        .issued_at
        .map_or_else(String::new, |at| format!(" of {}", short(at)));
    let by = format!("{source} {}{issued}", told.quality.as_str());
    if told.shaped {
        format!("{level}, hours by {by}")
    } else {
        let factors = told.factor_type.as_str().replace('_', "-");
        format!("{} ({factors}), {by}", told.kind.as_str())
    }
}

/// `signal`.
pub(crate) fn signal(region: &Region, grid: Option<&Grid>, gco2_per_kwh: f64) -> Signal {
    let own = region.intensity.source == SourceId::OVERRIDE;
    let level = match (own, region.attribution) {
        (true, attribution) => format!("catalog_overrides, {}", attribution.as_str()),
        (false, Attribution::MarketBased) => "Electricity Maps, declared market-based".to_owned(),
        (false, Attribution::LocationBased) => "Electricity Maps".to_owned(),
    };
    let mut signal = Signal {
        source: level,
        kind: SignalKind::Average.as_str().to_owned(),
        factor_type: "life_cycle".to_owned(),
        quality: "annual".to_owned(),
        zone: region.zone.to_owned(),
        gco2_per_kwh: GramsPerKwh(gco2_per_kwh),
        renewable_percent: region.renewable_percent,
        carbon_free_percent: region.carbon_free_percent,
        year: (!own).then_some(region.intensity_year),
        issued_at: None,
    };
    let Some(told) = grid.map(|grid| &grid.told) else {
        return signal;
    };
    told.quality.as_str().clone_into(&mut signal.quality);
    signal.issued_at = told.issued_at.map(rfc3339);
    if let Some(source) = &told.source {
        if told.shaped {
            signal.source = format!("{}, hours by {source}", signal.source);
        } else {
            signal.source.clone_from(source);
            signal.zone.clone_from(&told.zone);
            told.kind.as_str().clone_into(&mut signal.kind);
            told.factor_type
                .as_str()
                .clone_into(&mut signal.factor_type);
            signal.year = None;
        }
    }
    signal
}

/// Lines for the assumptions: what of the run's hours the series does not reach, what was left out.
pub(crate) fn remarks(solver: &Solver, found: &Found) -> Vec<String> {
    let (Some(time), Some(grid), Some(when)) =
        (&solver.m.time, solver.m.grid(found.region), found.when)
    else {
        return Vec::new();
    };
    let region = solver.m.regions()[found.region].name;
    let told = &grid.told;
    let mut lines = Vec::new();
    let end = when.start.plus_hours(found.x.billed_h);
    match (&told.source, told.covers) {
        (Some(source), Some(covers)) if !within(covers, when.start, end) => {
            let rest = match told.kind {
                SignalKind::Average => "what the catalogue expects of the hour",
                SignalKind::Marginal => "the mean of the series",
            };
            lines.push(format!(
                "{source} reaches from {} to {}; outside of it: {rest}.",
                short(covers[0]),
                short(covers[1])
            ));
        }
        (None, _) if time.has_signals() => lines.push(format!(
            "{region} has no series ({}): what the catalogue expects.",
            time.missing(region)
                .unwrap_or_else(|| "it says nothing of these hours".to_owned())
        )),
        _ => {}
    }
    if told.shaped {
        lines.push(
            "The series shape the hours only, since they do not rank every candidate's grid by one measure: the level is the annual average."
                .to_owned(),
        );
    }
    if told.estimated {
        lines.push("Some of the series' values are the source's own estimates.".to_owned());
    }
    lines
}

fn within([from, until]: [UtcSeconds; 2], start: UtcSeconds, end: UtcSeconds) -> bool {
    from <= start && end <= until
}

/// What pausing would bring, as a line of the recommendations.
pub(crate) fn pausing(pausing: &Pausing) -> String {
    let pauses = match pausing.segments.len() - 1 {
        1 => "one pause".to_owned(),
        n => format!("{n} pauses"),
    };
    format!(
        "In {} stretches with {pauses} it would emit {} kgCO2e ({} kg): each pause takes {} more and {} kWh. It is decided in one piece.",
        pausing.segments.len(),
        percent(-pausing.saves_percent),
        sig3(pausing.saves_kg.0),
        hours(pausing.overhead_hours.0),
        sig3(pausing.overhead_kwh.0)
    )
}

/// The interval and the issue that an auditor asks for.
pub(crate) fn audit(told: &Told, when: When, hours: f64) -> ([String; 2], Option<String>) {
    let end = when.start.plus_hours(hours);
    let forecast = told.issued_at.map(rfc3339);
    ([rfc3339(when.start), rfc3339(end)], forecast)
}
