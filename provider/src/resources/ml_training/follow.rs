//! A placement that was handed in is followed: its figures are those of the signal that it was decided by, and the
//! resource shows them as they are. The planner is asked for what does not depend on a signal, such as disks and limits.

use planner::Decision;
use tfplugin::{Number, Value};

use crate::object::{Object, get};
use crate::text::three;

/// What a placement says of itself and the resource shows.
const FIGURES: [&str; 5] = ["baseline", "estimate", "savings", "signal", "summary"];

/// Puts what the placement says over what the embedded figures would have said. `earliest`: the moment before which the run
/// is not to start, whether or not there was a choice of starts.
pub(crate) fn follow(
    outputs: &mut Object,
    placement: &Value,
    decision: &Decision,
    earliest: Option<String>,
) {
    let start = match placement.get("start_time") {
        Value::Null => earliest.map_or(Value::Null, Value::from),
        start => start.clone(),
    };
    outputs.insert("scheduled_start_time".to_owned(), start);
    // What else was weighed stands in the data source.
    outputs.insert("candidates".to_owned(), Value::Null);
    for name in FIGURES {
        if has_figures(placement, name) {
            outputs.insert(name.to_owned(), placement.get(name).clone());
        }
    }
    let kg = placement.get("estimate").get("emissions_kg").get("value");
    if let Some(kg) = kg.as_f64() {
        let parts = &decision.breakdown;
        let operational = kg - parts.embodied_kg.get() - parts.transfer_kg.get();
        let mut breakdown = get(outputs, "breakdown").clone();
        let operational = Number::from_f64(three(operational)).map_or(Value::Null, Value::Number);
        breakdown.set("operational_kg", operational);
        outputs.insert("breakdown".to_owned(), breakdown);
    }
}

/// A placement in force of another resource names a place and no figures: the embedded ones are its own, then.
fn has_figures(placement: &Value, name: &str) -> bool {
    fn holds(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Map(entries) => entries.values().any(holds),
            _ => true,
        }
    }
    holds(placement.get(name))
}
