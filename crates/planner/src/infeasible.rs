//! No candidate: what is nearest, and which limit to move by how much.

use crate::answer::{Infeasible, NearMiss, Rejection};
use crate::decide::{Written, candidate, line};
use crate::model::{Buying, Pace};
use crate::rules::{self, Why};
use crate::solve::{Found, Malformed, Solver};
use crate::text::list;
use crate::{Capacity, Place, Rule, Start};

/// The answer to a request that cannot be asked.
pub(crate) fn malformed(malformed: Malformed) -> Infeasible {
    Infeasible {
        summary: format!("{}: {}", malformed.attribute, malformed.message),
        detail: format!("{}: {}.", malformed.attribute, malformed.message),
        nearest: Vec::new(),
        rejected: Vec::new(),
        attribute: Some(malformed.attribute),
    }
}

struct Near {
    found: Found,
    pace: Pace,
    broken: Vec<Why>,
    distance: f64,
}

/// Looks for the nearest answers outside the limits.
pub(crate) fn explain(solver: &Solver, rejected: Vec<Rejection>) -> Infeasible {
    let mut near = Vec::new();
    let m = &solver.m;
    for t in 0..m.types().len() {
        for r in 0..m.regions().len() {
            near.extend(reach(solver, t, r));
        }
    }
    near.sort_by(|a, b| {
        let name = |n: &Near| {
            (
                m.regions()[n.found.region].name,
                m.types()[n.found.instance_type].name,
            )
        };
        a.distance
            .total_cmp(&b.distance)
            .then_with(|| a.found.objective.total_cmp(&b.found.objective))
            .then_with(|| name(a).cmp(&name(b)))
    });
    // Three that differ in what has to move, or else simply the next ones.
    let mut picked: Vec<usize> = Vec::new();
    let rules_of = |n: &Near| n.broken.iter().map(Why::rule).collect::<Vec<Rule>>();
    for distinct in [true, false] {
        for (i, candidate) in near.iter().enumerate() {
            let seen = picked.contains(&i)
                || (distinct
                    && picked
                        .iter()
                        .any(|p| rules_of(&near[*p]) == rules_of(candidate)));
            if picked.len() < 3 && !seen {
                picked.push(i);
            }
        }
    }
    picked.sort_unstable();

    let mut nearest = Vec::new();
    let mut lines = Vec::new();
    for near in picked.iter().map(|i| &near[*i]) {
        let written = Written::new(solver, &near.pace, &near.found);
        let (region, instance_type) = (
            &m.regions()[near.found.region],
            &m.types()[near.found.instance_type],
        );
        let mut changes: Vec<String> = near
            .broken
            .iter()
            .filter_map(|why| why.remedy(region, instance_type))
            .collect();
        changes.dedup();
        let names: Vec<&str> = changes.iter().map(String::as_str).collect();
        let change = list(&names);
        lines.push(format!(
            "  {}: needs {change}.",
            line(solver, &near.found, &written.estimate())
        ));
        nearest.push(NearMiss {
            place: Place {
                region: region.name.to_owned(),
                instance_type: instance_type.name.to_owned(),
                capacity: Some(near.found.buying.capacity()),
            },
            start: near.found.when.map_or(Start::AtOnce, |when| when.start()),
            change,
            candidate: candidate(solver, &written),
        });
    }
    let first = picked.first().and_then(|i| near[*i].broken.first());
    let attribute = first
        .map(Why::rule)
        .or_else(|| commonest(&rejected))
        .and_then(Rule::attribute);
    let summary = match (first, attribute) {
        (Some(_), Some(attribute)) => {
            format!("no place meets every limit; nearest to it: move {attribute}")
        }
        _ => "no place can run this job".to_owned(),
    };
    let detail = if lines.is_empty() {
        format!(
            "Nothing can run this job, whatever limit is moved:\n{}",
            reasons(&rejected).join("\n")
        )
    } else {
        format!(
            "The nearest answers, and what each needs:\n{}",
            lines.join("\n")
        )
    };
    Infeasible {
        summary,
        detail,
        nearest,
        rejected,
        attribute,
    }
}

/// A place with every limit that it breaks; `None` if one of them cannot be moved.
fn reach(solver: &Solver, t: usize, r: usize) -> Option<Near> {
    let m = &solver.m;
    let (region, instance_type) = (&m.regions()[r], &m.types()[t]);
    let mut broken = Vec::new();
    let mut no = |why: Why| {
        let movable = why.remedy(region, instance_type).is_some();
        if movable {
            broken.push(why);
        }
        movable
    };
    if !rules::region(m, &solver.scope, r, &mut no) || !rules::signal(m, r, &mut no) {
        return None;
    }
    let (pace, choice) = rules::instance_type(m, &solver.scope, t, &mut no)?;
    if !rules::threshold(m, r, &mut no) || !rules::offer(m, &solver.scope, t, r, choice, &mut no) {
        return None;
    }
    let mut found = solver.evaluate(&pace, t, r);
    let in_time =
        |found: &Found| rules::runtime(m, &solver.scope, t, found.compute_high_h, &mut |_| false);
    if found.buying.capacity() == Capacity::Spot && !in_time(&found) {
        let on_demand = solver.evaluate_as(&pace, t, r, Buying::OnDemand);
        if in_time(&on_demand) {
            no(Why::Interrupted {
                high_h: found.compute_high_h,
                checkpoints: m.request.supports_checkpointing,
            });
            found = on_demand;
        }
    }
    if !rules::runtime(m, &solver.scope, t, found.compute_high_h, &mut no)
        || !solver.settle(&mut found, &mut no)
        || !solver.passes(&pace, &mut found, &mut no)
    {
        return None;
    }
    let distance = broken.iter().map(Why::distance).sum();
    Some(Near {
        found,
        pace,
        broken,
        distance,
    })
}

fn commonest(rejected: &[Rejection]) -> Option<Rule> {
    let mut counts: Vec<(usize, Rule)> = Vec::new();
    // What another partition or a list of the user's leaves out is no obstacle.
    let obstacle = |rule: &Rule| !matches!(rule, Rule::Partition | Rule::Regions | Rule::Types);
    for rule in rejected.iter().map(Rejection::rule).filter(obstacle) {
        match counts.iter_mut().find(|(_, r)| *r == rule) {
            Some((n, _)) => *n += 1,
            None => counts.push((1, rule)),
        }
    }
    counts
        .into_iter()
        .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
        .map(|(_, rule)| rule)
}

/// One line per rule, with one example.
fn reasons(rejected: &[Rejection]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for r in rejected {
        if !seen.contains(&r.rule()) {
            seen.push(r.rule());
            let place = [r.region, r.instance_type]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", ");
            lines.push(format!("  {place}: {}.", r.reason()));
        }
    }
    lines
}
