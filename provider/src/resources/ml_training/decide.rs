//! From a configuration to the decision and the outputs that follow from it.

use std::sync::Arc;

use planner::{Answer, Decision, OnInfeasible, Place};
use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostics};

use super::again::Tried;
use super::follow::follow;
use super::foreseen::{self, Known};
use super::image::{self, Container};
use super::live_price;
use super::planned::merge;
use super::request::{Around, NoRequest, request};
use super::{fallback, later, placement, say};
use crate::configured::Configured;
use crate::object::{Object, get};
use crate::settings::known_map;

/// The decision for a run, if there is one, and what it will show.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The decision; none when it is not known yet or when nothing is feasible and that is tolerated.
    pub(crate) decision: Option<Arc<Answer>>,
    /// What the planner was asked.
    pub(crate) request: Option<planner::Request>,
    /// The container of the run.
    pub(crate) container: Container,
    /// The outputs of the run.
    pub(crate) outputs: Object,
    /// Warnings and errors.
    pub(crate) diagnostics: Diagnostics,
}

impl Decided {
    /// The decision itself.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match self.decision.as_deref() {
            Some(Answer::Decided(decision)) => Some(decision),
            _ => None,
        }
    }
}

/// Decides a run that starts from `config` with the code of `source_digest`; `previous` is where the run before it was,
/// `tried` what had no capacity.
pub(crate) async fn decide(
    configured: &Configured,
    config: &Config,
    written: &Object,
    source_digest: &Attr<String>,
    previous: Option<Place>,
    tried: Option<&Tried>,
) -> Result<Decided, Diagnostics> {
    let region = configured.region().await;
    let dataset_region = match &config.dataset_region {
        Attr::Null => region.clone(),
        given => given.clone(),
    };
    let known = Known {
        config,
        dataset_region: dataset_region.clone(),
        source_digest: source_digest.clone(),
        follows: !config.placement.is_null(),
        tags: tags(configured, config),
        for_the_code: schemas::ml_training::handed_over()
            .map(|input| input.name)
            .filter(|name| *name != STATEMENT && !get(written, name).is_null())
            .collect(),
    };
    foreseen::within_limit(&known.tags)?;
    let undecided = |unknown: bool, diagnostics: Diagnostics| {
        Ok(Decided {
            decision: None,
            request: None,
            container: Container::Unknown,
            outputs: foreseen::undecided(&known, unknown)?,
            diagnostics,
        })
    };
    let mut diagnostics = Diagnostics::new();
    let Some(catalog) = configured.catalog() else {
        return undecided(true, diagnostics);
    };
    let priced = live_price::over(catalog, get(written, "placement"));
    let catalog = priced.as_ref();
    let workload = match &dataset_region {
        Attr::Known(region) => {
            placement::workload(written, region, configured.overrides_digest.as_deref())
        }
        _ => None,
    };
    if let Some(error) = say::no_clock(config) {
        return Err(error.into());
    }
    let only = match (&config.placement, &workload) {
        (Attr::Null, _) => None,
        (Attr::Known(given), Some(workload)) if get(written, "placement").is_wholly_known() => {
            Some(placement::place(given, workload)?)
        }
        _ => return undecided(true, diagnostics),
    };
    let around = Around {
        region,
        previous,
        only,
        now: None,
    };
    let asked = |assume_set| {
        let mut asked = request(config, &around, assume_set);
        if let (Ok(asked), Some(tried)) = (&mut asked, tried) {
            tried.limit(asked);
        }
        asked
    };
    let requests = match (asked(false), asked(true)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(NoRequest::NoRegion), _) | (_, Err(NoRequest::NoRegion)) => {
            return Err(say::no_region().into());
        }
        (Err(NoRequest::Unknown(names)), _) | (_, Err(NoRequest::Unknown(names))) => {
            diagnostics.push(say::not_yet(&names));
            return undecided(true, diagnostics);
        }
    };
    let answer = configured.memo.decide(catalog, &requests.0);
    let decision = match answer.as_ref() {
        Answer::Decided(decision) => decision,
        Answer::Infeasible(infeasible) if requests.0 == requests.1 => {
            let tolerated = requests.0.on_infeasible == OnInfeasible::Warn;
            diagnostics.push(say::nothing_feasible(infeasible, tolerated));
            return undecided(false, diagnostics);
        }
        Answer::Infeasible(_) => return undecided(true, diagnostics),
    };
    let show = |decision: &Decision| {
        let (region, kind) = (&decision.selected_region, &decision.selected_instance_type);
        let container = image::container(catalog, config, region, kind)?;
        let in_force = match (&config.placement, &requests.0.only) {
            (Attr::Known(given), Some(_)) => given.clone(),
            _ => placement::of(decision, workload.as_deref()),
        };
        let further = fallback::types(catalog, config, decision, &container);
        let mut outputs = foreseen::decided(decision, &in_force, &container, &known, &further)?;
        if requests.0.only.is_some() {
            let earliest = foreseen::earliest(config);
            follow(&mut outputs, get(written, "placement"), decision, earliest);
        }
        Ok::<_, Diagnostics>((container, outputs))
    };
    let (container, mut outputs) = show(decision)?;
    if requests.0 != requests.1 {
        // Whether a region-bound setting is set is not known yet: what is the same either way is.
        match configured.memo.decide(catalog, &requests.1).as_ref() {
            Answer::Decided(other) => outputs = merge(outputs, &show(other)?.1),
            Answer::Infeasible(_) => return undecided(true, diagnostics),
        }
    }
    if let Some(error) = later::too_large(config, written, &outputs, false) {
        return Err(error.into());
    }
    // What the data source had to say of a placement it has said already.
    if !known.follows {
        diagnostics.extend(decision.warnings.iter().map(|warning| say::warned(warning)));
    }
    let chosen = &decision.selected_instance_type;
    if catalog
        .instance_type(chosen)
        .is_some_and(|kind| kind.has_nvme())
    {
        diagnostics.extend(say::without_volume(config, chosen));
    }
    Ok(Decided {
        request: Some(requests.0),
        decision: Some(Arc::clone(&answer)),
        container,
        outputs,
        diagnostics,
    })
}

/// Handed over as well, but it says something of the code and asks nothing of it.
const STATEMENT: &str = "supports_checkpointing";

/// Tags of the resource over those of the provider; unknown while one of them is.
pub(crate) fn tags(
    configured: &Configured,
    config: &Config,
) -> Attr<std::collections::BTreeMap<String, String>> {
    match (&configured.default_tags, known_map(&config.tags)) {
        (Some(defaults), Some(own)) => {
            let mut all = defaults.clone();
            all.extend(own);
            Attr::Known(all)
        }
        _ => Attr::Unknown,
    }
}
