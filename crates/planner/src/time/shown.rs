//! What is shown of the chosen candidate's time: its windows, and what pausing would bring.

use catalog::UtcSeconds;

use super::split::best_split;
use super::{Load, Pause, Pausing, Starts, Window};
use crate::solve::{Found, Solver, nine_digits};
use crate::{GramsPerKwh, Hours, Kg, Kwh, Usd};

/// Windows beside the chosen one and starting at once.
const OTHERS: usize = 3;

/// The chosen start, starting at once, and the best of those that begin a good while from every better one.
pub(crate) fn windows(solver: &Solver, chosen: &Found) -> Vec<Window> {
    let m = &solver.m;
    let (Some(time), Some(grid), Some(when)) = (&m.time, m.grid(chosen.region), chosen.when) else {
        return Vec::new();
    };
    let of = |start: UtcSeconds| {
        let mut found = chosen.clone();
        solver.move_to(&mut found, start);
        Window {
            start,
            end: start.plus_hours(found.x.billed_h),
            gco2_per_kwh: GramsPerKwh(found.x.ci),
            kg: Kg(found.x.kg),
            usd: found.x.usd.is_finite().then_some(Usd(found.x.usd)),
            chosen: start == when.start,
        }
    };
    let Some(starts) = time.starts(chosen.high_h) else {
        return vec![of(when.start)];
    };
    let mut all: Vec<(f64, UtcSeconds)> = starts
        .on(&grid.curve)
        .map(|start| (nine_digits(chosen.x.load.total(&grid.curve, start)), start))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Far enough that it is another opportunity and not the same one a little later: half of what they would be apart
    // if they were spread evenly.
    let apart = starts.last.hours_since(starts.first) / (2 * (OTHERS + 1)) as f64;
    let most = m
        .request
        .carbon_intensity_threshold
        .map_or(f64::INFINITY, |most| most.0);
    let mut shown = vec![when.start];
    // Equal to one that is shown already: no opportunity of its own.
    let own = nine_digits(chosen.x.load.total(&grid.curve, when.start));
    let mut last = own;
    for (total, start) in all {
        if total == last || total == own {
            continue;
        }
        let fits = |known: &UtcSeconds| start.hours_since(*known).abs() >= apart.max(1.0);
        let mean = grid.curve.integral(start, chosen.x.billed_h) / chosen.x.billed_h;
        if shown.len() <= OTHERS && shown.iter().all(fits) && mean <= most {
            shown.push(start);
            last = total;
        }
    }
    if !shown.contains(&starts.first) {
        shown.push(starts.first);
    }
    shown.sort_unstable();
    shown.into_iter().map(of).collect()
}

/// What pausing would bring where the run can resume; `None` where it saves nothing worth mentioning.
pub(crate) fn pausing(solver: &Solver, chosen: &Found) -> Option<Pausing> {
    let m = &solver.m;
    let request = m.request;
    let (time, grid) = (m.time.as_ref()?, m.grid(chosen.region)?);
    let starts: Starts = time.starts(chosen.high_h)?;
    if !request.supports_checkpointing || starts.last <= starts.first {
        return None;
    }
    let c = m.catalog.constants();
    let t = &m.types()[chosen.instance_type];
    let checkpoint_gb = match request.model_parameters_millions {
        Some(millions) if millions > 0.0 => {
            millions * c.checkpoint_bytes_per_parameter.value / 1000.0
        }
        _ => c.checkpoint_gb.value,
    };
    let speed = if t.has_nvme() {
        c.nvme_gb_per_s
    } else {
        c.ebs_gb_per_s
    };
    // Saved once and loaded once; a job that goes on starts like any other.
    let moved_h = 2.0 * checkpoint_gb / (3600.0 * speed.value);
    let again_h = chosen
        .x
        .startup_h
        .max(c.restart_hours.value + m.download_h(t));
    let load: Load = chosen.x.load;
    let pause = Pause {
        hours: again_h + moved_h,
        kw: load.startup_kw,
    };
    let split = best_split(&load, &grid.curve, starts, pause)?;
    if split.segments.len() < 2 {
        return None;
    }
    // The time that pauses add uses the hardware too; the stored dataset waits, which is next to nothing.
    let pauses = (split.segments.len() - 1) as f64;
    let embodied_kg = t.embodied_g_per_h * m.instances * pause.hours * pauses / 1000.0;
    let saves_kg = (load.total(&grid.curve, chosen.x.start?) - split.total) / 1000.0 - embodied_kg;
    let least = c.start_least_gain.value * chosen.x.kg;
    (saves_kg > least).then(|| Pausing {
        segments: split.segments,
        overhead_hours: Hours(pause.hours),
        overhead_kwh: Kwh(pause.hours * pause.kw),
        checkpoint_gb,
        saves_kg: Kg(saves_kg),
        saves_percent: saves_kg / chosen.x.kg * 100.0,
    })
}
