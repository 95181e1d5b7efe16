//! The entry point: a request in, a decision with every line about it out.

use catalog::Catalog;

use crate::answer::{Audit, Breakdown, Candidate, Decision, Estimate};
use crate::factors::{Factors, Metric};
use crate::model::{Buying, Pace};
use crate::rules::NoSpot;
use crate::savings::Compared;
use crate::solve::{Found, Ranking, Solver};
use crate::text::{hours, money, percent, plain, sig2, sig3};
use crate::time::{shown, words};
use crate::{
    Answer, Band, GramsPerKwh, Hours, InputMode, Kg, Kwh, OnInfeasible, Request, Start, Usd,
    advice, infeasible, lines, rules,
};

/// Decides. The same catalogue and request give the same answer; every request has one.
#[must_use]
pub fn decide(catalog: &Catalog, request: &Request) -> Answer {
    let request = &*crate::storage::with_input_mode(catalog, request);
    let answer = attempt(catalog, request);
    let may_drop = request.on_infeasible == OnInfeasible::RunNow
        && request.carbon_intensity_threshold.is_some();
    if !may_drop || matches!(answer, Answer::Decided(_)) {
        return answer;
    }
    let mut relaxed = request.clone();
    relaxed.carbon_intensity_threshold = None;
    relaxed.max_start_delay_hours = Hours(0.0);
    match attempt(catalog, &relaxed) {
        Answer::Decided(mut decision) => {
            decision.warnings.insert(
                0,
                "No place meets carbon_intensity_threshold; it was dropped (on_infeasible = \"run_now\").".to_owned(),
            );
            Answer::Decided(decision)
        }
        Answer::Infeasible(_) => answer,
    }
}

fn attempt(catalog: &Catalog, request: &Request) -> Answer {
    let mut solver = match Solver::new(catalog, request) {
        Ok(solver) => solver,
        Err(malformed) => return Answer::Infeasible(Box::new(infeasible::malformed(malformed))),
    };
    let ranking = solver.rank();
    if ranking.found.is_empty() {
        solver.look_further();
        return Answer::Infeasible(Box::new(infeasible::explain(&solver, ranking.rejected)));
    }
    Answer::Decided(Box::new(write_up(&solver, ranking)))
}

/// A feasible candidate with its ranges.
pub(crate) struct Written<'a> {
    pub(crate) found: &'a Found,
    pub(crate) factors: Factors,
}

impl<'a> Written<'a> {
    pub(crate) fn new(solver: &Solver, pace: &Pace, found: &'a Found) -> Self {
        Self {
            found,
            factors: solver.factors(pace, found),
        }
    }

    fn band(&self, value: f64, metric: Metric) -> Band<f64> {
        let [down, up] = self.factors.band(metric);
        Band {
            value,
            low: value * (-down).exp(),
            high: value * up.exp(),
        }
    }

    pub(crate) fn estimate(&self) -> Estimate {
        let x = &self.found.x;
        Estimate {
            energy_kwh: self.band(x.kwh, Metric::Kwh).map(Kwh),
            emissions_kg: self.band(x.kg, Metric::Kg).map(Kg),
            cost_usd: x
                .usd
                .is_finite()
                .then(|| self.band(x.usd, Metric::Usd).map(Usd)),
            runtime_hours: self.band(x.billed_h, Metric::Hours).map(Hours),
        }
    }
}

pub(crate) fn breakdown(found: &Found) -> Breakdown {
    let x = &found.x;
    Breakdown {
        operational_kg: Kg(x.run_kg + x.storage_kg),
        embodied_kg: Kg(x.embodied_kg),
        transfer_kg: Kg(x.network_kg),
        compute_usd: x.compute_usd.is_finite().then_some(Usd(x.compute_usd)),
        storage_usd: Usd(x.storage_usd),
        transfer_usd: Usd(if x.egress_usd.is_finite() {
            x.egress_usd
        } else {
            0.0
        }),
    }
}

pub(crate) fn candidate(solver: &Solver, written: &Written) -> Candidate {
    let found = written.found;
    Candidate {
        region: solver.m.regions()[found.region].name,
        instance_type: solver.m.types()[found.instance_type].name,
        capacity: found.buying.capacity(),
        start: found.when.map_or(Start::AtOnce, |when| when.start()),
        estimate: written.estimate(),
        breakdown: breakdown(found),
        it_energy_kwh: Kwh(found.x.it_kwh),
        cost_ceiling_usd: solver.ceiling_usd(found).map(Usd),
        max_runtime_hours: whole(found.limits.runtime.0),
        gco2_per_kwh: GramsPerKwh(found.x.ci),
    }
}

/// A number of hours that a job may take, as SageMaker counts them.
pub(crate) fn whole(hours: f64) -> u32 {
    hours.ceil().max(1.0) as u32
}

/// `eu-north-1, ml.p5.48xlarge, spot, 49 h: 360 kWh, 15.3 kgCO2e (11 to 25), 1,510 USD`.
pub(crate) fn line(solver: &Solver, found: &Found, estimate: &Estimate) -> String {
    let count = match solver.m.request.instance_count {
        1 => String::new(),
        n => format!("{n} x "),
    };
    let usd = estimate.cost_usd.map_or_else(
        || "price unknown".to_owned(),
        |c| format!("{} USD", sig3(c.value.0)),
    );
    format!(
        "{}, {count}{}, {}, {}{}: {} kWh, {} kgCO2e ({} to {}), {usd}",
        solver.m.regions()[found.region].name,
        solver.m.types()[found.instance_type].name,
        capacity(solver, found),
        words::start(solver, found),
        hours(estimate.runtime_hours.value.0),
        sig3(estimate.energy_kwh.value.0),
        sig3(estimate.emissions_kg.value.0),
        sig2(estimate.emissions_kg.low.0),
        sig2(estimate.emissions_kg.high.0),
    )
}

/// `spot`, `on-demand`, or why it is on demand although spot was wanted.
fn capacity(solver: &Solver, found: &Found) -> &'static str {
    if is_spot(found) {
        return "spot";
    }
    match rules::spot(&solver.m, found.instance_type, found.region) {
        Err(NoSpot::NoMarket) => "on-demand (no spot market)",
        Err(NoSpot::TooDear(_)) => "on-demand (spot above max_spot_price_percentage)",
        Ok(_) | Err(NoSpot::NotWanted) => "on-demand",
    }
}

fn write_up(solver: &Solver, ranking: Ranking) -> Decision {
    let m = &solver.m;
    let request = m.request;
    let Ranking { found, rejected } = ranking;
    // Types come in runs of regions: one pace each.
    let mut paces: Vec<Option<Pace>> = vec![None; m.types().len()];
    for f in &found {
        paces[f.instance_type].get_or_insert_with(|| solver.pace_of(f.instance_type));
    }
    let written: Vec<Written> = found
        .iter()
        .filter_map(|f| {
            paces[f.instance_type]
                .as_ref()
                .map(|pace| Written::new(solver, pace, f))
        })
        .collect();
    let ranked: Vec<Candidate> = written.iter().map(|w| candidate(solver, w)).collect();
    let (chosen, place) = (&found[0], &ranked[0]);
    let within_noise = noise(solver, &written);

    let region = &m.regions()[chosen.region];
    let instance_type = &m.types()[chosen.instance_type];
    let compared = Compared::new(solver, &written[0]);
    let prices = place.estimate.cost_usd.map_or_else(String::new, |_| {
        let as_of = m.catalog.price_as_of(instance_type.name, region.name);
        format!(", prices {as_of}")
    });
    let summary = format!(
        "{}; {} kgCO2e, {}{prices}{}{}{}",
        line(solver, chosen, &place.estimate),
        percent(-compared.savings.emissions_percent),
        words::basis(region, m.grid(chosen.region)),
        moved(solver, chosen),
        words::no_later(chosen.when, m.grid(chosen.region)),
        noise_line(&ranked, &within_noise),
    );
    let candidates = lines::candidates(solver, &found, &ranked, &rejected);
    let advice = advice::give(solver, chosen, &compared);
    let pausing = shown::pausing(solver, chosen);
    let mut recommendations = advice.recommendations;
    recommendations.extend(pausing.as_ref().map(words::pausing));
    let needs_disk = !instance_type.has_nvme();
    Decision {
        selected_region: region.name.to_owned(),
        selected_instance_type: instance_type.name.to_owned(),
        selected_capacity: place.capacity,
        instance_count: request.instance_count,
        volume_size_gb: needs_disk.then(|| volume_gb(m.catalog, request)),
        start: place.start,
        windows: shown::windows(solver, chosen),
        pausing,
        max_runtime_hours: place.max_runtime_hours,
        staging: m.is_remote(chosen.region),
        input_mode: request.input_mode_by_size.then_some(request.input_mode),
        limits: chosen.limits,
        file_system: m.file_system(&chosen.limits),
        estimate: place.estimate,
        breakdown: place.breakdown,
        cost_ceiling_usd: place.cost_ceiling_usd,
        baseline: compared.baseline,
        savings: compared.savings,
        signal: words::signal(region, m.grid(chosen.region), chosen.x.ci),
        summary,
        candidates,
        recommendations,
        assumptions: advice.assumptions,
        warnings: advice.warnings,
        kg_per_million_parameters: request
            .model_parameters_millions
            .filter(|p| *p > 0.0)
            .map(|p| place.estimate.emissions_kg.value.0 / p),
        audit: audit(solver, chosen),
        ranked,
        rejected,
        within_noise,
    }
}

/// What it costs to bring the dataset to another region, as a part of the cost.
fn moved(solver: &Solver, chosen: &Found) -> String {
    if !solver.m.is_remote(chosen.region) || !chosen.x.egress_usd.is_finite() {
        return String::new();
    }
    format!(
        "; copying {} GB there is {} of it",
        plain(solver.m.request.dataset_size_gb),
        money(chosen.x.egress_usd).trim_start_matches('+')
    )
}

/// A disk that holds the dataset beside the container.
fn volume_gb(catalog: &Catalog, request: &Request) -> u32 {
    let c = catalog.constants();
    let downloaded = if request.input_mode == InputMode::File {
        request.dataset_size_gb
    } else {
        0.0
    };
    request
        .volume_size_gb
        .unwrap_or(downloaded + c.volume_base_gb.value)
        .ceil()
        .min(c.volume_most_gb.value)
        .max(1.0) as u32
}

/// Those whose objective may be as good: the band of the ratio to the chosen one reaches 1.
fn noise(solver: &Solver, written: &[Written]) -> Vec<usize> {
    let Some((chosen, others)) = written.split_first() else {
        return Vec::new();
    };
    let metrics = solver.objective_metrics();
    let reaches = |other: &Written| {
        let ratio = other.found.objective / chosen.found.objective;
        let [down, _] = other.factors.ratio(&chosen.factors, metrics);
        ratio.is_finite() && ratio * (-down).exp() <= 1.0
    };
    (1..=others.len())
        .filter(|i| reaches(&written[*i]))
        .collect()
}

fn noise_line(ranked: &[Candidate], within: &[usize]) -> String {
    let name = |i: &usize| format!("{} {}", ranked[*i].region, ranked[*i].instance_type);
    match within {
        [] => String::new(),
        [one] => format!("; within noise of: {}", name(one)),
        [one, two] => format!("; within noise of: {}, {}", name(one), name(two)),
        [one, two, rest @ ..] => {
            format!(
                "; within noise of: {}, {} and {} more",
                name(one),
                name(two),
                rest.len()
            )
        }
    }
}

fn audit(solver: &Solver, chosen: &Found) -> Audit {
    let m = &solver.m;
    let (r, t) = (
        &m.regions()[chosen.region],
        &m.types()[chosen.instance_type],
    );
    let cite = |id| {
        m.catalog
            .source(id)
            .map_or_else(String::new, |s| format!("{} ({})", s.title, s.date))
    };
    let (interval, issued) = match (m.grid(chosen.region), chosen.when) {
        (Some(grid), Some(when)) => {
            let (interval, issued) = words::audit(&grid.told, when, chosen.x.billed_h);
            (Some(interval), issued)
        }
        _ => (None, None),
    };
    Audit {
        functional_unit: "one completed run, all attempts",
        boundary_in: "instances, PUE, hardware manufacture, staging, transfer",
        boundary_out: "buildings, network hardware, failed experiments elsewhere, inference",
        methodology_version: m.catalog.methodology_version(),
        catalog_version: m.catalog.version().to_owned(),
        intensity_source: cite(r.intensity.source),
        intensity_interval: interval,
        forecast_issued_at: issued,
        pue: r.pue.value,
        pue_source: cite(r.pue.source),
        embodied_method: "six years of use, allocated by the hour; fractions of a host by vCPU",
        embodied_source: cite(t.embodied_source),
        power_source: cite(t.power_source),
        energy_method: "modelled",
        uncertainty: "about 90 % plausible range, model and data uncertainty; the user's hours are taken as given",
        scope: "GHG Protocol scope 3 category 1",
        primary_data_percent: 0.0,
        comparison: "will not equal AWS's own carbon tool, because that reports market-based monthly totals per account with its own power and manufacture data",
    }
}

/// Whether a place is bought on the spot market, for lines that say so.
pub(crate) fn is_spot(found: &Found) -> bool {
    matches!(found.buying, Buying::Spot { .. })
}
