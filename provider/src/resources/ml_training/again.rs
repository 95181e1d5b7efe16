//! What follows a run that found no capacity: a new run somewhere else (`on_capacity = "next_candidate"`) or on demand
//! (`on_spot_exhausted = "on_demand"`).
//!
//! Nothing is started behind anybody's back: the next plan shows the new run, with the reason in `run_change`. What was
//! tried is remembered beside the state, so that no place is tried twice. Once a run has got its capacity, or the user
//! asks for a new run by a change of the inputs alone, the memory ends.

use planner::{Capacity, Place};
use schemas::ml_training::Config;
use serde::{Deserialize, Serialize};
use tfplugin::{Diagnostic, Diagnostics, Value};

use super::private::Remembered;
use super::say;
use crate::object::{Object, get};
use crate::text::{list, sentence};

/// What was tried in vain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// Places that had no capacity.
    #[serde(default)]
    pub(crate) places: Vec<Place>,
    /// Spot capacity never came: on demand from now on.
    #[serde(default)]
    pub(crate) on_demand: bool,
}

impl Tried {
    /// Puts it to a request for a decision.
    pub(crate) fn limit(&self, request: &mut planner::Request) {
        request.avoid.clone_from(&self.places);
        if self.on_demand {
            request.use_spot_instances = Some(false);
        }
    }
}

/// What the next run has to heed, when the last one ended in a way that calls for one.
pub(crate) fn next(prior: &Object, config: &Config, remembered: &Remembered) -> Option<Tried> {
    let wants = |attribute: &tfplugin::Attr<String>, value: &str| {
        attribute
            .as_ref()
            .known()
            .is_some_and(|given| given == value)
    };
    let mut tried = remembered.tried.clone().unwrap_or_default();
    match get(prior, "outcome").as_str()? {
        "capacity" if wants(&config.on_capacity, "next_candidate") => {
            let text = |name| get(prior, name).as_str().map(str::to_owned);
            let place = Place {
                region: text("selected_region")?,
                instance_type: text("selected_instance_type")?,
                capacity: text("selected_capacity").and_then(|text| Capacity::parse(&text)),
            };
            // SageMaker has tried the further types of the same request as well.
            let further = remembered
                .handle
                .iter()
                .flat_map(|handle| &handle.fallback_types);
            for name in std::iter::once(&place.instance_type).chain(further) {
                let place = Place {
                    instance_type: name.clone(),
                    ..place.clone()
                };
                if !tried.places.contains(&place) {
                    tried.places.push(place);
                }
            }
        }
        "spot_exhausted" if wants(&config.on_spot_exhausted, "on_demand") => {
            tried.on_demand = true;
        }
        _ => return None,
    }
    Some(tried)
}

/// `run_change` of such a run.
pub(crate) fn run_change(prior: &Object, tried: &Tried) -> Value {
    let job = get(prior, "training_job_name")
        .as_str()
        .unwrap_or("the job");
    let text = if get(prior, "outcome").as_str() == Some("spot_exhausted") {
        format!(
            "starts a new run on demand after {job} (spot_exhausted): spot capacity did not come within max_wait_hours"
        )
    } else {
        format!(
            "starts a new run on the next candidate after {job} (capacity): none for {}",
            list(&names(tried))
        )
    };
    Value::String(text)
}

fn names(tried: &Tried) -> Vec<String> {
    tried
        .places
        .iter()
        .map(|place| format!("{} in {}", place.instance_type, place.region))
        .collect()
}

/// A placement says where the run goes, so there is no candidate to go to.
pub(crate) fn placed(prior: &Object) -> Diagnostic {
    Diagnostic::warning(
        "There is no next candidate: placement says where the run goes",
        format!(
            "{} ended with outcome {}, and the reaction that is asked for would go elsewhere. Leave placement out, so that the resource decides, or give the data source other limits; then the next apply starts a new run.",
            get(prior, "training_job_name")
                .as_str()
                .unwrap_or("The run"),
            get(prior, "outcome").as_str().unwrap_or_default(),
        ),
    )
}

/// Nothing is left to try within the limits.
pub(crate) fn nowhere(prior: &Object, tried: &Tried, why: &Diagnostics) -> Diagnostic {
    let mut detail = format!(
        "{} ended with outcome {}.",
        get(prior, "training_job_name")
            .as_str()
            .unwrap_or("The run"),
        get(prior, "outcome").as_str().unwrap_or_default(),
    );
    if !tried.places.is_empty() {
        detail.push_str(&format!(" Tried: {}.", list(&names(tried))));
    }
    if let Some(why) = why.iter().next() {
        detail.push_str(&format!(" {}\n{}", sentence(&why.summary), why.detail));
    }
    detail.push_str(&format!("\n{}", say::RUN_AGAIN));
    Diagnostic::warning("There is no next candidate within the limits", detail)
}
