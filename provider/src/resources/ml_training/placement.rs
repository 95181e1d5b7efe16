//! `placement`: the decision in force, and a decision that was handed in from `data.sustainable_placement`.
//!
//! Its digest covers the workload inputs as written and the place itself, so that a placement made for another workload,
//! or edited on the way, is refused with a sentence instead of being followed.

use planner::{Capacity, Decision, Place};
use schemas::ml_training::{INPUTS, Placement};
use serde_json::json;
use tfplugin::{Attr, Diagnostic, Value, to_value};

use crate::json::plain;
use crate::object::{Object, get};

/// The placement of a decision: where, on what, and the digest. The data source adds the figures.
pub(crate) fn of(decision: &Decision, workload: Option<&str>) -> Placement {
    let mut placement = Placement {
        region: Attr::Known(decision.selected_region.clone()),
        instance_type: Attr::Known(decision.selected_instance_type.clone()),
        capacity: Attr::Known(decision.selected_capacity.as_str().to_owned()),
        start_time: super::figures::start(decision.start).into(),
        ..Placement::default()
    };
    sign(&mut placement, workload);
    placement
}

/// Puts the digest to everything else that the placement says; unknown while the workload is.
pub(crate) fn sign(placement: &mut Placement, workload: Option<&str>) {
    placement.digest = match workload {
        Some(workload) => Attr::Known(digest(workload, placement)),
        None => Attr::Unknown,
    };
}

/// The workload inputs as written, digested: null and absent are alike, and so are 16 and 16.0. None while one of them is
/// unknown.
pub(crate) fn workload(
    config: &Object,
    dataset_region: &str,
    overrides: Option<&str>,
) -> Option<String> {
    let mut inputs = serde_json::Map::new();
    for input in INPUTS
        .iter()
        .filter(|input| input.workload && input.name != "dataset_region")
    {
        let value = get(config, input.name);
        if !value.is_wholly_known() {
            return None;
        }
        if !value.is_null() {
            inputs.insert(input.name.to_owned(), plain(&sorted(input.name, value)));
        }
    }
    Some(aws::naming::request_digest(&json!({
        "inputs": inputs,
        "dataset_region": dataset_region,
        "catalog_overrides": overrides,
    })))
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

/// The digest over the workload and everything else that the placement says, figures included: the resource shows them
/// as they are, so that none of them may be edited on the way.
pub(crate) fn digest(workload: &str, placement: &Placement) -> String {
    let mut values = to_value(placement).unwrap_or(Value::Null);
    values.set("digest", Value::Null);
    aws::naming::request_digest(&json!({
        "workload": workload,
        "placement": plain(&values),
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
