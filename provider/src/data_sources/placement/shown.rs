//! A decision as the data source's typed objects.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{Catalog, UtcSeconds};
use planner::{Decision, Infeasible, Rejection, Request, Rule, Start};
use schemas::data_sources::placement::{Candidate, Outputs, Rejected, Window};
use schemas::ml_training::Placement as Selected;
use tfplugin::{Attr, Diagnostic, Diagnostics};

use super::drawn;
use crate::charts;
use crate::resources::figures;
use crate::resources::live_price;
use crate::resources::placement as place;
use crate::text::{sentence, three};
use crate::time;

/// Rejections shown; the manifest of a run holds all of them.
const MAX_REJECTED: usize = 100;
/// Candidates shown.
const MAX_CANDIDATES: usize = 20;
/// How long a decision for hours that begin now is good.
const GOOD_FOR: Duration = Duration::from_secs(3600);

/// What stands around a decision.
pub(super) struct Around<'a> {
    /// The figures.
    pub(super) catalog: &'a Catalog,
    /// What was asked.
    pub(super) asked: &'a Request,
    /// When the data source was read.
    pub(super) now: UtcSeconds,
    /// How long the user takes an answer for good.
    pub(super) good_for: Option<Duration>,
    /// What a reader should know of a signal, by region.
    pub(super) remarks: &'a BTreeMap<String, Vec<String>>,
    /// Digest of the workload.
    pub(super) workload: Option<&'a str>,
}

impl Around<'_> {
    /// The outputs of a decision.
    pub(super) fn decided(&self, decision: &Decision) -> Outputs {
        let mut selected = place::of(decision, None);
        selected.issued_at = decision.signal.issued_at.clone().into();
        selected.expires_at = self.expires_at(decision).map(time::rfc3339).into();
        selected.summary = Attr::Known(decision.summary.clone());
        selected.estimate = Attr::Known(figures::estimate(&decision.estimate));
        selected.signal = Attr::Known(figures::signal(&decision.signal));
        selected.baseline = Attr::Known(figures::baseline(&decision.baseline));
        selected.savings = Attr::Known(figures::savings(decision));
        selected.price = live_price::of(
            self.catalog,
            &decision.selected_instance_type,
            &decision.selected_region,
        )
        .into();
        place::sign(&mut selected, self.workload);
        let chart = drawn::chart(self.catalog, self.asked, self.now, decision);
        let remarks = self.remarks.get(&decision.selected_region);
        let assumptions = decision
            .assumptions
            .iter()
            .chain(remarks.into_iter().flatten());
        Outputs {
            summary: selected.summary.clone(),
            candidates: Attr::Known(
                decision
                    .ranked
                    .iter()
                    .take(MAX_CANDIDATES)
                    .map(candidate)
                    .collect(),
            ),
            rejected: Attr::Known(rejected(&decision.rejected)),
            recommendations: Attr::Known(decision.recommendations.clone()),
            assumptions: Attr::Known(assumptions.cloned().collect()),
            baseline: selected.baseline.clone(),
            savings: selected.savings.clone(),
            signal: selected.signal.clone(),
            windows: Attr::Known(decision.windows.iter().map(window).collect()),
            chart: Attr::Known(charts::text(&chart)),
            chart_svg: Attr::Known(charts::svg(&chart)),
            issued_at: selected.issued_at.clone(),
            expires_at: selected.expires_at.clone(),
            digest: selected.digest.clone(),
            selected: Attr::Known(selected),
            ..Outputs::default()
        }
    }

    /// A start in the future is good until it comes; a start now for as long as its hours are the same.
    fn expires_at(&self, decision: &Decision) -> Option<UtcSeconds> {
        match (decision.start, self.asked.earliest_start) {
            (Start::At(start), _) => Some(start),
            (Start::AtOnce, None) => None,
            (Start::AtOnce, Some(earliest)) => {
                let good_for = self.good_for.unwrap_or(GOOD_FOR).as_secs_f64();
                Some(self.now.max(earliest).plus_hours(good_for / 3600.0))
            }
        }
    }
}

fn candidate(candidate: &planner::Candidate) -> Candidate {
    Candidate {
        region: candidate.region.to_owned(),
        instance_type: candidate.instance_type.to_owned(),
        capacity: candidate.capacity.as_str().to_owned(),
        start_time: figures::start(candidate.start),
        estimate: figures::estimate(&candidate.estimate),
        cost_ceiling_usd: candidate.cost_ceiling_usd.map(|usd| three(usd.get())),
        gco2_per_kwh: three(candidate.gco2_per_kwh.get()),
    }
}

fn window(window: &planner::Window) -> Window {
    Window {
        start: time::rfc3339(window.start),
        end: time::rfc3339(window.end),
        gco2_per_kwh: three(window.gco2_per_kwh.get()),
        emissions_kg: Some(three(window.kg.get())),
        cost_usd: window.usd.map(|usd| three(usd.get())),
        chosen: window.chosen,
    }
}

fn rejected(rejections: &[Rejection]) -> Vec<Rejected> {
    let by_the_users_own_list = |rejection: &&Rejection| {
        matches!(
            rejection.rule(),
            Rule::Partition | Rule::Regions | Rule::Types
        )
    };
    let mut told: Vec<&Rejection> = rejections.iter().collect();
    told.sort_by_key(by_the_users_own_list);
    let shown = told
        .into_iter()
        .take(MAX_REJECTED)
        .map(|rejection| Rejected {
            region: rejection.region.map(str::to_owned),
            instance_type: rejection.instance_type.map(str::to_owned),
            reason: rejection.reason(),
        });
    shown.collect()
}

/// What the planner warns of.
pub(super) fn warnings(decision: &Decision) -> Diagnostics {
    decision
        .warnings
        .iter()
        .map(|warning| Diagnostic::warning("About this placement", sentence(warning)))
        .collect()
}

/// The outputs when nothing is feasible, and the warning that says so.
pub(super) fn infeasible(infeasible: &Infeasible) -> (Outputs, Diagnostic) {
    let outputs = Outputs {
        selected: Attr::<Selected>::Null,
        reason: Attr::Known(infeasible.summary.clone()),
        rejected: Attr::Known(rejected(&infeasible.rejected)),
        ..Outputs::default()
    };
    let warning = Diagnostic::warning(
        infeasible.summary.trim_end_matches('.'),
        infeasible.detail.trim_end(),
    );
    (outputs, warning)
}
