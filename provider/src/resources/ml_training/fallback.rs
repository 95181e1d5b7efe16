//! `fallback_instance_types`: further types that SageMaker may take where the first has no capacity
//! (`InstancePreferences`). They are the next best candidates of the same region, on demand, that the same request fits:
//! the same image, the same kind of disk and as many accelerators, so that one request and one training code fit them all.

use catalog::Catalog;
use planner::{Candidate, Capacity, Decision, Start};
use schemas::ml_training::Config;

use super::image::{self, Container};
use crate::text::{figure, list};
use crate::time;

/// The further types, the best first; each has passed every limit by itself.
pub(crate) fn types<'a>(
    catalog: &Catalog,
    config: &Config,
    decision: &'a Decision,
    container: &Container,
) -> Vec<&'a Candidate> {
    let most = config
        .fallback_instance_types
        .known()
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or_default();
    if most == 0 || decision.selected_capacity != Capacity::OnDemand {
        return Vec::new();
    }
    let region = decision.selected_region.as_str();
    let shape = |name: &str| {
        let kind = catalog.instance_type(name)?;
        Some((kind.kind, kind.accelerator_count, kind.has_nvme()))
    };
    // A candidate was judged at its own best start; this run starts when the first one does.
    let deadline = config.deadline.as_deref().known().and_then(time::parse);
    let in_time = |candidate: &Candidate| match (decision.start, deadline) {
        (Start::At(start), Some(deadline)) => {
            let hours = candidate.estimate.runtime_hours.high.get();
            start.plus_hours(hours) <= deadline
        }
        _ => true,
    };
    let fits = |candidate: &&Candidate| {
        candidate.region == region
            && candidate.capacity == Capacity::OnDemand
            && candidate.instance_type != decision.selected_instance_type
            && shape(candidate.instance_type) == shape(&decision.selected_instance_type)
            && in_time(candidate)
            && image::container(catalog, config, region, candidate.instance_type)
                .is_ok_and(|other| other == *container)
    };
    decision.ranked.iter().filter(fits).take(most).collect()
}

/// The most that the run can cost on any of them.
pub(crate) fn ceiling_usd(decision: &Decision, further: &[&Candidate]) -> Option<f64> {
    let first = decision.cost_ceiling_usd?.get();
    let mut others = further.iter().map(|candidate| candidate.cost_ceiling_usd);
    others.try_fold(first, |most, other| Some(most.max(other?.get())))
}

/// What the plan says of them.
pub(crate) fn line(further: &[&Candidate]) -> Option<String> {
    if further.is_empty() {
        return None;
    }
    let names: Vec<String> = further
        .iter()
        .map(|candidate| match &candidate.estimate.cost_usd {
            Some(usd) => format!(
                "{} ({} kgCO2e, {} USD)",
                candidate.instance_type,
                figure(candidate.estimate.emissions_kg.value.get()),
                figure(usd.value.get())
            ),
            None => candidate.instance_type.to_owned(),
        })
        .collect();
    Some(format!(
        "SageMaker takes {} where the selected type has no capacity, in this order (fallback_instance_types); the figures of this plan are for the selected type.",
        list(&names)
    ))
}
