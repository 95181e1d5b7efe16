//! From a configuration to the decision and the outputs that follow from it: pure but for the source folder's digest.

use std::sync::Arc;

use planner::{Answer, Decision, Infeasible, OnInfeasible, Place};
use schemas::ml_training::{Config, Placement};
use tfplugin::{Attr, Diagnostic, Diagnostics};

use super::foreseen::{self, Known};
use super::image::{self, Container};
use super::request::{Around, NoRequest, request};
use super::{placement, source};
use crate::configured::Configured;
use crate::object::{Object, get};
use crate::settings::known_map;
use crate::text::{list, sentence};

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

/// Decides a run that starts from `config`; `previous` is where the run before it was.
pub(crate) async fn decide(
    configured: &Configured,
    config: &Config,
    written: &Object,
    previous: Option<Place>,
) -> Result<Decided, Diagnostics> {
    let region = configured.region().await;
    let dataset_region = match &config.dataset_region {
        Attr::Null => region.clone(),
        given => given.clone(),
    };
    let known = Known {
        config,
        dataset_region: dataset_region.clone(),
        source_digest: source::digest(config).await?,
        tags: tags(configured, config),
        for_the_code: schemas::ml_training::handed_over()
            .map(|input| input.name)
            .filter(|name| !get(written, name).is_null())
            .collect(),
    };
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
    let workload = match &dataset_region {
        Attr::Known(region) => {
            placement::workload(written, region, configured.overrides_digest.as_deref())
        }
        _ => String::new(),
    };
    let handed_in = get(written, "placement");
    let only = match &config.placement {
        Attr::Known(_) if !handed_in.is_wholly_known() => return undecided(true, diagnostics),
        Attr::Unknown => return undecided(true, diagnostics),
        Attr::Known(given)
            if dataset_region.is_known() && given.digest.is_known() || is_written(given) =>
        {
            Some(placement::place(given, &workload)?)
        }
        _ => None,
    };
    let around = Around {
        region,
        previous,
        only,
    };
    let requests = match (
        request(config, &around, false),
        request(config, &around, true),
    ) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(NoRequest::NoRegion), _) | (_, Err(NoRequest::NoRegion)) => {
            return Err(no_region().into());
        }
        (Err(NoRequest::Unknown(names)), _) | (_, Err(NoRequest::Unknown(names))) => {
            diagnostics.push(not_yet(&names));
            return undecided(true, diagnostics);
        }
    };
    let answer = configured.memo.decide(catalog, &requests.0);
    if requests.0 != requests.1 && configured.memo.decide(catalog, &requests.1) != answer {
        // Whether a region-bound setting is set decides where the run may go, and that is not known yet.
        return undecided(true, diagnostics);
    }
    match answer.as_ref() {
        Answer::Infeasible(infeasible) => {
            let tolerated = requests.0.on_infeasible == OnInfeasible::Warn;
            diagnostics.push(nothing_feasible(infeasible, tolerated));
            undecided(false, diagnostics)
        }
        Answer::Decided(decision) => {
            let container = image::container(
                catalog,
                config,
                &decision.selected_region,
                &decision.selected_instance_type,
            )?;
            let in_force = match (&config.placement, &requests.0.only) {
                (Attr::Known(given), Some(_)) => given.clone(),
                _ => placement::of(decision, &workload),
            };
            let outputs = foreseen::decided(decision, &in_force, &container, &known)?;
            for warning in &decision.warnings {
                diagnostics.push(Diagnostic::warning(headline(warning), sentence(warning)));
            }
            Ok(Decided {
                request: Some(requests.0),
                decision: Some(Arc::clone(&answer)),
                container,
                outputs,
                diagnostics,
            })
        }
    }
}

/// Any leaf of the placement was written by the user.
fn is_written(placement: &Placement) -> bool {
    placement.region.is_known()
        || placement.instance_type.is_known()
        || placement.capacity.is_known()
}

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

fn headline(warning: &str) -> String {
    let first = warning.split(". ").next().unwrap_or(warning);
    first.trim_end_matches('.').chars().take(120).collect()
}

fn not_yet(names: &[&str]) -> Diagnostic {
    let depends = if names.len() == 1 {
        "it depends on"
    } else {
        "it depends on all of"
    };
    Diagnostic::warning(
        "The decision is known only after apply",
        format!(
            "{depends} {}, known only after apply. Gates and limits are tested then. Write the values out, or apply what they come from first, to see the decision in the plan.",
            list(names)
        ),
    )
}

fn no_region() -> Diagnostic {
    Diagnostic::error(
        "No region",
        "Where the dataset is decides what every other region is compared with, and no region is given. Set dataset_region here, or region in the provider block, or AWS_REGION, or the region of the AWS profile.",
    )
    .at("dataset_region")
}

fn nothing_feasible(infeasible: &Infeasible, tolerated: bool) -> Diagnostic {
    let mut detail = infeasible.detail.trim_end().to_owned();
    let mut diagnostic = if tolerated {
        detail.push_str("\n\nThe plan goes on without a decision, as on_infeasible = \"warn\" asks; apply will refuse.");
        Diagnostic::warning(infeasible.summary.trim_end_matches('.'), detail)
    } else {
        Diagnostic::error(infeasible.summary.trim_end_matches('.'), detail)
    };
    if let Some(attribute) = infeasible.attribute {
        diagnostic = diagnostic.at(attribute);
    }
    diagnostic
}
