//! What a reviewer of a pull request reads, per workload. `UPDATE_GOLDEN=1` writes the files anew;
//! read the difference by eye before committing it.

use std::fmt::Write as _;
use std::path::Path;

use catalog::Catalog;
use planner::{Answer, decide, rfc3339};

use crate::support;

#[test]
fn every_workload_reads_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut stale = Vec::new();
    for (name, request) in support::workloads().into_iter().chain(support::timed()) {
        let text = render(&decide(Catalog::embedded(), &request));
        let file = folder.join(format!("{name}.txt"));
        if update {
            std::fs::write(&file, &text).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(format!("--- {name}\n{text}"));
        }
    }
    assert!(
        stale.is_empty(),
        "run with UPDATE_GOLDEN=1 and read the difference:\n{}",
        stale.join("\n")
    );
}

fn render(answer: &Answer) -> String {
    let mut out = String::new();
    match answer {
        Answer::Infeasible(no) => {
            let _ = writeln!(
                out,
                "infeasible: {}\nattribute: {}\n{}",
                no.summary,
                no.attribute.unwrap_or("-"),
                no.detail
            );
        }
        Answer::Decided(d) => {
            let _ = writeln!(out, "{}", d.summary);
            let (b, s, e) = (&d.baseline, &d.savings, &d.estimate);
            let _ = writeln!(
                out,
                "baseline: {}, {}, {:.2} h, {:.1} kWh, {:.2} kg, {:?} USD, assumed {}, hypothetical {}",
                b.region,
                b.instance_type,
                b.runtime_hours.0,
                b.energy_kwh.0,
                b.emissions_kg.0,
                b.cost_usd.map(|u| u.0.round()),
                b.assumed,
                b.hypothetical
            );
            let _ = writeln!(
                out,
                "saves: {:.2} kg = {:.2} region + {:?} type + {:.3} capacity; {:.1} % ({:.1} to {:.1})",
                s.emissions_kg.0,
                s.region_kg.0,
                s.type_kg.map(|k| (k.0 * 100.0).round() / 100.0),
                s.capacity_kg.0,
                s.emissions_percent,
                s.emissions_percent_low,
                s.emissions_percent_high
            );
            if s.time_kg.0 != 0.0 {
                let _ = writeln!(out, "of it by the start: {:.3} kg", s.time_kg.0);
            }
            for w in &d.windows {
                let _ = writeln!(
                    out,
                    "{} {} to {}: {:.1} g/kWh, {:.3} kg, {:?} USD",
                    if w.chosen { "chosen" } else { "window" },
                    rfc3339(w.start),
                    rfc3339(w.end),
                    w.gco2_per_kwh.0,
                    w.kg.0,
                    w.usd.map(|u| u.0.round())
                );
            }
            let _ = writeln!(
                out,
                "ranges: {:.1} to {:.1} kWh, {:.2} to {:.2} kg, {:?} USD, {:.1} to {:.1} h; ceiling {:?} USD at {} h",
                e.energy_kwh.low.0,
                e.energy_kwh.high.0,
                e.emissions_kg.low.0,
                e.emissions_kg.high.0,
                e.cost_usd.map(|c| (c.low.0.round(), c.high.0.round())),
                e.runtime_hours.low.0,
                e.runtime_hours.high.0,
                d.cost_ceiling_usd.map(|u| u.0.round()),
                d.max_runtime_hours
            );
            for (title, lines) in [
                ("candidates", &d.candidates),
                ("recommendations", &d.recommendations),
                ("assumptions", &d.assumptions),
                ("warnings", &d.warnings),
            ] {
                if !lines.is_empty() {
                    let _ = writeln!(out, "{title}:");
                }
                for line in lines {
                    let _ = writeln!(out, "  {line}");
                }
            }
        }
    }
    out
}
