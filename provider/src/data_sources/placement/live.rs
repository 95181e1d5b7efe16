//! Which grids are asked for, and what becomes of the answers.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Catalog, SignalKind, UtcSeconds};
use grid::{Asked, Place, SourceName, What};
use planner::{Answer, Request, Signals};
use tfplugin::Diagnostics;

use crate::resources::request::without_limits;
use crate::signal::{self, CarbonSource};
use crate::text::sentence;

const WEEK_HOURS: f64 = 168.0;

/// What the source said.
pub(super) struct Live {
    /// Signals by region; none where the embedded ones are meant, and the reason where there must be no decision.
    pub(super) signals: Result<Option<Signals>, String>,
    /// What failed.
    pub(super) diagnostics: Diagnostics,
    /// What a reader should know, by region.
    pub(super) remarks: BTreeMap<String, Vec<String>>,
}

/// Asks for the regions that could be chosen and for the dataset's, which everything is compared with.
pub(super) async fn ask(
    carbon: &CarbonSource,
    catalog: &Catalog,
    request: &Request,
    now: UtcSeconds,
) -> Live {
    let mut live = Live {
        signals: Ok(None),
        diagnostics: Diagnostics::new(),
        remarks: BTreeMap::new(),
    };
    if carbon.is_embedded() {
        return live;
    }
    let Some((regions, hours)) = open_to(catalog, request) else {
        return live;
    };
    let regions: BTreeSet<String> = regions.into_iter().collect();
    let from = request.earliest_start.unwrap_or(now);
    // Where a signal only shapes the hours, they are measured by its own mean: of a file, which holds as much as it is
    // asked for, that is the mean of a week at least, and not of the few hours that a run may take.
    let hours = match carbon.grid.source() {
        SourceName::File => hours.max(WEEK_HOURS),
        _ => hours,
    };
    let asked = Asked {
        places: regions.into_iter().map(Place::Region).collect(),
        what: What::Forecast {
            from,
            until: from.plus_hours(hours),
        },
    };
    let answers = carbon.grid.signals(catalog, &asked, now).await;
    live.diagnostics = signal::warnings(&answers.warnings);
    let kind = carbon.grid.kind();
    let mut signals = Signals {
        kind,
        by_region: BTreeMap::new(),
        missing: BTreeMap::new(),
    };
    for (region, answer) in answers.by_place {
        match answer {
            // The planner knows the embedded figures itself.
            Ok(answer) if answer.fallback => {}
            Ok(answer) => {
                live.remarks.insert(region.clone(), answer.remarks);
                signals.by_region.insert(region, answer.signal);
            }
            Err(missing) => {
                signals.missing.insert(region, missing.reason);
            }
        }
    }
    // An average that is missing without a fallback is what the user wants to know of before anything is decided.
    let missing = signals.missing.iter().next();
    live.signals = match (kind, missing) {
        (SignalKind::Average, Some((region, reason))) => Err(format!(
            "there is no carbon signal for {region}: {}",
            sentence(reason)
        )),
        (SignalKind::Marginal, _) => Ok(Some(signals)),
        _ if signals.by_region.is_empty() => Ok(None),
        _ => Ok(Some(signals)),
    };
    live
}

/// The regions that stand open but for what a signal or a price decides, the most wanted first, and the hours that a run
/// there could reach over.
pub(super) fn open_to(catalog: &Catalog, request: &Request) -> Option<(Vec<String>, f64)> {
    let mut open = request.clone();
    without_limits(&mut open);
    let Answer::Decided(decision) = planner::decide(catalog, &open) else {
        return None;
    };
    let longest = decision
        .ranked
        .iter()
        .map(|candidate| candidate.estimate.runtime_hours.high.get())
        .fold(1.0, f64::max);
    // Signals are compared over every region that may be used, whatever of it is on offer there.
    let ranked = decision.ranked.iter().map(|candidate| candidate.region);
    let rejected = decision
        .rejected
        .iter()
        .filter(|rejection| rejection.instance_type.is_some())
        .filter_map(|rejection| rejection.region);
    let mut regions: Vec<String> = Vec::new();
    for region in ranked
        .chain([request.dataset_region.as_str()])
        .chain(rejected)
    {
        if !regions.iter().any(|known| known == region) {
            regions.push(region.to_owned());
        }
    }
    Some((regions, request.max_start_delay_hours.get() + longest))
}
