//! `alarm_sns_topic_arn`: who is told of a run, and whether the topic is where the run is.

use aws::lifecycle::AlarmChange;
use aws::spec::{Alarms, Waste};
use catalog::{Catalog, Kind};
use tfplugin::Diagnostic;

use crate::object::{Object, get};

const TOPIC: &str = "alarm_sns_topic_arn";

/// What the planned state asks for; none without a topic.
pub(crate) fn alarms(catalog: &Catalog, planned: &Object) -> Option<Alarms> {
    let topic_arn = get(planned, TOPIC).as_str()?.to_owned();
    let kind = get(planned, "selected_instance_type")
        .as_str()
        .and_then(|name| catalog.instance_type(name));
    let constants = catalog.constants();
    // CloudWatch has no figures of Trainium.
    let waste = kind
        .filter(|kind| kind.kind == Kind::Cuda)
        .map(|kind| Waste {
            below_percent: constants.usage_waiting_percent.value,
            minutes: constants.waste_minutes.value.round() as u32,
            accelerators: kind.accelerator_count,
        });
    Some(Alarms { topic_arn, waste })
}

/// What an apply in place has to do about them; none where nothing differs.
pub(crate) fn change(catalog: &Catalog, prior: &Object, planned: &Object) -> Option<AlarmChange> {
    if get(prior, TOPIC) == get(planned, TOPIC) {
        return None;
    }
    Some(match alarms(catalog, planned) {
        Some(alarms) => AlarmChange::Put(alarms),
        None => AlarmChange::Remove,
    })
}

/// A rule's target and an alarm's action are in their own region: a topic elsewhere is refused by the plan.
pub(crate) fn check(planned: &Object) -> Result<(), Diagnostic> {
    let (Some(topic), Some(region)) = (
        get(planned, TOPIC).as_str(),
        get(planned, "selected_region").as_str(),
    ) else {
        return Ok(());
    };
    match topic.split(':').nth(3) {
        Some(there) if there != region => Err(Diagnostic::error(
            "The topic is in another region than the run",
            format!(
                "{TOPIC} names a topic in {there}, and the run goes to {region}: EventBridge and CloudWatch tell topics of their own region only. Give a topic in {region}, or keep the run in {there} with preferred_training_regions."
            ),
        )
        .at(TOPIC)),
        _ => Ok(()),
    }
}
