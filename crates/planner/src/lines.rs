//! The lines of `candidates`.

use crate::answer::{Candidate, Rejection, Rule};
use crate::decide::line;
use crate::solve::{Found, Solver};
use crate::text::list;

/// At most five lines: chosen, cheapest, greenest, next best, then the rejected with the reason.
pub(crate) fn candidates(
    solver: &Solver,
    found: &[Found],
    ranked: &[Candidate],
    rejected: &[Rejection],
) -> Vec<String> {
    let least = |value: &dyn Fn(&Found) -> f64| {
        let mut best = 0;
        for (i, f) in found.iter().enumerate() {
            if value(f) < value(&found[best]) {
                best = i;
            }
        }
        best
    };
    let mut labels: Vec<(usize, Vec<&str>)> = vec![(0, vec!["chosen"])];
    let mut label =
        |place: usize, name: &'static str| match labels.iter_mut().find(|(p, _)| *p == place) {
            Some((_, names)) => names.push(name),
            None => labels.push((place, vec![name])),
        };
    let cheapest = least(&|f| {
        if f.x.usd.is_finite() {
            f.x.usd
        } else {
            f64::INFINITY
        }
    });
    let greenest = least(&|f| f.x.kg);
    label(cheapest, "cheapest");
    label(greenest, "greenest");
    if let Some(next) = (1..found.len()).find(|i| *i != cheapest && *i != greenest) {
        label(next, "next best");
    }
    let mut lines: Vec<String> = labels
        .iter()
        .map(|(place, names)| {
            format!(
                "{}: {}",
                list(names),
                line(solver, &found[*place], &ranked[*place].estimate)
            )
        })
        .collect();
    for rejection in telling(solver, rejected)
        .into_iter()
        .take(5 - lines.len().min(5))
    {
        let place = match (rejection.region, rejection.instance_type) {
            (Some(region), Some(instance_type)) => format!("{region}, {instance_type}"),
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => continue,
        };
        lines.push(format!("rejected: {place}: {}", rejection.reason()));
    }
    lines
}

/// Of the rejected, those that the user would miss, one per rule: what was named, then what a
/// setting could let in, then what came furthest; on the cleanest grid. What a list of the
/// user's own leaves out needs no line, but for home.
fn telling<'r>(solver: &Solver, rejected: &'r [Rejection]) -> Vec<&'r Rejection> {
    let request = solver.m.request;
    let home = request.dataset_region.as_str();
    let regions = solver.m.regions();
    // Sorted downwards: named, weight, cleanest grid.
    let worth = |r: &Rejection| {
        let named = r
            .region
            .is_some_and(|n| request.preferred_training_regions.iter().any(|p| p == n))
            || r.instance_type
                .is_some_and(|n| request.preferred_instance_types.iter().any(|p| p == n))
            || (r.region == Some(home) && r.instance_type.is_none());
        // A place that just misses says more than a region, a region more than a type.
        let weight = match (r.rule().can_move(), r.region, r.instance_type) {
            (false, ..) => 0,
            (true, Some(_), Some(_)) => 3,
            (true, Some(_), None) => 2,
            (true, None, _) => 1,
        };
        let intensity = r.region_index.map_or(0.0, |i| regions[i].intensity.value);
        (named, weight, -intensity)
    };
    let retired = |r: &Rejection| {
        let known = r
            .instance_type
            .and_then(|t| solver.m.catalog.instance_type(t));
        known.is_some_and(|t| t.retired)
    };
    let mut best: Vec<(Rule, (bool, u8, f64), &Rejection)> = Vec::new();
    for rejection in rejected {
        let rule = rejection.rule();
        match rule {
            Rule::Regions if rejection.region != Some(home) => continue,
            Rule::Types | Rule::Partition => continue,
            _ => {}
        }
        let own = worth(rejection);
        let known = best.iter_mut().find(|(r, ..)| *r == rule);
        // Equal worth: the first in the order of the tables stays.
        if known.as_ref().is_some_and(|(_, theirs, _)| own <= *theirs)
            || (rule != Rule::Retired && retired(rejection))
        {
            continue;
        }
        match known {
            Some(entry) => *entry = (rule, own, rejection),
            None => best.push((rule, own, rejection)),
        }
    }
    best.sort_by(|a, b| {
        let key = |(rule, (named, weight, _), _): &(Rule, (bool, u8, f64), &Rejection)| {
            (*named, *weight, *rule)
        };
        key(b).cmp(&key(a))
    });
    best.into_iter().map(|(.., rejection)| rejection).collect()
}
