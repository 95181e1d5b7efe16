//! `placement`: the decision in force, and a decision that was handed in from `data.sustainable_placement`.
//!
//! Its digest covers the workload inputs as written and the place itself, so that a placement made for another workload,
//! or edited on the way, is refused with a sentence instead of being followed.

use planner::{Capacity, Decision, Place};
use schemas::ml_training::{INPUTS, Placement};
use serde_json::json;
use tfplugin::{Attr, Diagnostic, Value};

use crate::json::plain;
use crate::object::{Object, get};

/// The placement of a decision: where, on what, and the digest. The data source adds the figures.
pub(crate) fn of(decision: &Decision, workload: &str) -> Placement {
    let mut placement = Placement {
        region: Attr::Known(decision.selected_region.clone()),
        instance_type: Attr::Known(decision.selected_instance_type.clone()),
        capacity: Attr::Known(decision.selected_capacity.as_str().to_owned()),
        ..Placement::default()
    };
    placement.digest = Attr::Known(digest(workload, &placement));
    placement
}

/// The workload inputs as written, digested: null and absent are alike, and so are 16 and 16.0.
pub(crate) fn workload(config: &Object, dataset_region: &str, overrides: Option<&str>) -> String {
    let inputs: serde_json::Map<_, _> = INPUTS
        .iter()
        .filter(|input| input.workload && input.name != "dataset_region")
        .map(|input| (input.name, get(config, input.name)))
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), plain(&sorted(name, value))))
        .collect();
    aws::naming::request_digest(&json!({
        "inputs": inputs,
        "dataset_region": dataset_region,
        "catalog_overrides": overrides,
    }))
}

/// Lists whose order says nothing are digested in one order.
fn sorted(name: &str, value: &Value) -> Value {
    match value {
        Value::Seq(items) if super::change::UNORDERED.contains(&name) => {
            let mut items = items.clone();
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Value::Seq(items)
        }
        other => other.clone(),
    }
}

/// The digest over the workload and the place.
pub(crate) fn digest(workload: &str, placement: &Placement) -> String {
    let text = |attribute: &Attr<String>| attribute.as_ref().known().cloned();
    aws::naming::request_digest(&json!({
        "workload": workload,
        "region": text(&placement.region),
        "instance_type": text(&placement.instance_type),
        "capacity": text(&placement.capacity),
        "start_time": text(&placement.start_time),
        "issued_at": text(&placement.issued_at),
        "expires_at": text(&placement.expires_at),
    }))
}

/// The place that a placement names, once its digest was found to be right.
pub(crate) fn place(placement: &Placement, workload: &str) -> Result<Place, Diagnostic> {
    let refused = |detail: &str| {
        Diagnostic::error(
            "This placement cannot be followed",
            format!(
                "{detail} Set placement = data.sustainable_placement.NAME.selected, with the same workload inputs in the data source as in this resource, or leave placement out and let the resource decide."
            ),
        )
        .at("placement")
    };
    let (Some(region), Some(instance_type), Some(capacity), Some(given)) = (
        placement.region.as_ref().known(),
        placement.instance_type.as_ref().known(),
        placement.capacity.as_ref().known(),
        placement.digest.as_ref().known(),
    ) else {
        return Err(refused(
            "It lacks region, instance_type, capacity or digest, so that it does not come from the data source.",
        ));
    };
    if *given != digest(workload, placement) {
        return Err(refused(
            "Its digest does not match: it was decided for other workload inputs than those of this resource, or one of its values was edited.",
        ));
    }
    Ok(Place {
        region: region.clone(),
        instance_type: instance_type.clone(),
        capacity: Capacity::parse(capacity),
    })
}
