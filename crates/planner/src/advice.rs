//! What a reviewer should know beside the figures: recommendations with the figure they
//! would change, assumptions behind the chosen figure, warnings.

use catalog::{Confidence, Kind};

use crate::decide::is_spot;
use crate::model::{NoPace, SCALING};
use crate::rules::NoSpot;
use crate::savings::Compared;
use crate::solve::{Found, Solver};
use crate::text::{hours, list, money, percent, plain, sig3};
use crate::{AcceleratorCountPolicy, InputMode, Objective, Request, Residency, rules};

pub(crate) struct Advice {
    pub(crate) recommendations: Vec<String>,
    pub(crate) assumptions: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

pub(crate) fn give(solver: &Solver, chosen: &Found, compared: &Compared) -> Advice {
    Advice {
        recommendations: recommendations(solver, chosen),
        assumptions: assumptions(solver, chosen, compared),
        warnings: warnings(solver, chosen, compared),
    }
}

fn recommendations(solver: &Solver, chosen: &Found) -> Vec<String> {
    let m = &solver.m;
    let request = m.request;
    let mut lines = Vec::new();
    if request.only.is_some() {
        return lines;
    }
    pool(solver, chosen, &mut lines);
    elsewhere(solver, chosen, &mut lines);
    other_types(solver, chosen, &mut lines);
    spot(solver, chosen, &mut lines);
    later(solver, chosen, &mut lines);
    let c = m.catalog.constants();
    let download = m.download_h(&m.types()[chosen.instance_type]) / chosen.x.billed_h * 100.0;
    let startup = chosen.x.startup_h / chosen.x.billed_h * 100.0;
    if request.input_mode == InputMode::File && download >= c.worth_percent.value {
        lines.push(format!(
            "input_mode = \"FastFile\" in input_channels: {} of the billed time (no download first).",
            percent(-download)
        ));
    } else if startup >= c.worth_startup_percent.value {
        lines.push(format!(
            "Start-up is {} % of the billed time: put several short runs into one job.",
            sig3(startup.round())
        ));
    }
    lines.truncate(4);
    lines
}

/// The best of a changed request, if it beats the chosen one by enough.
fn what_if(solver: &Solver, chosen: &Found, change: impl FnOnce(&mut Request)) -> Option<Found> {
    let mut request = solver.m.request.clone();
    change(&mut request);
    request.previous = None;
    let other = solver.with(&request).ok()?;
    let best = other.best()?;
    let gain = (1.0 - best.objective / chosen.objective) * 100.0;
    (gain >= solver.m.catalog.constants().worth_percent.value).then_some(best)
}

/// `-92 % kgCO2e, +0.33 USD transfer`.
fn effect(chosen: &Found, other: &Found) -> String {
    let change = |new: f64, old: f64| (new / old - 1.0) * 100.0;
    let mut text = format!("{} kgCO2e", percent(change(other.x.kg, chosen.x.kg)));
    let usd = change(other.x.usd, chosen.x.usd);
    if usd.is_finite() && usd.abs() >= 1.0 {
        text.push_str(&format!(", {} USD", percent(usd)));
    }
    let moved = |f: &Found| f.x.egress_usd + f.x.storage_usd;
    let transfer = moved(other) - moved(chosen);
    if chosen.region != other.region && transfer.is_finite() && transfer.abs() >= 0.01 {
        text.push_str(&format!(", {} transfer", money(transfer)));
    }
    text
}

fn elsewhere(solver: &Solver, chosen: &Found, lines: &mut Vec<String>) {
    let m = &solver.m;
    let request = m.request;
    let wider: &[Residency] = match (
        solver.scope.residency,
        request.preferred_training_regions.is_empty(),
    ) {
        (Residency::Region | Residency::Country, true) => &[Residency::Geography, Residency::Any],
        _ => &[Residency::Any],
    };
    if solver.scope.residency == Residency::Any
        && request.preferred_training_regions.is_empty()
        && request.allow_companion_bucket == Some(true)
        && request.dataset_size_gb <= request.max_staging_gb
    {
        return;
    }
    let mut named = Vec::new();
    for residency in wider {
        let best = what_if(solver, chosen, |r| {
            r.preferred_training_regions.clear();
            r.data_residency = Some(*residency);
            r.enable_cross_region_training = true;
            r.allow_companion_bucket = Some(true);
            r.max_staging_gb = r.max_staging_gb.max(r.dataset_size_gb);
        });
        let Some(best) = best.filter(|b| b.region != chosen.region && !named.contains(&b.region))
        else {
            continue;
        };
        named.push(best.region);
        // Only what leads there when it is followed to the letter.
        let (allowing, settings) = allowing(solver, best.region);
        let followed = what_if(solver, chosen, |r| *r = allowing);
        if let Some(best) = followed.filter(|b| b.region == best.region) {
            lines.push(format!(
                "Allowing {} ({}): {}.",
                m.regions()[best.region].name,
                settings.join(", "),
                effect(chosen, &best)
            ));
        }
    }
}

/// The request that lets a run go to a region, and the settings that differ.
fn allowing(solver: &Solver, region: usize) -> (Request, Vec<String>) {
    let m = &solver.m;
    let name = m.regions()[region].name;
    let mut request = m.request.clone();
    let mut settings = Vec::new();
    let has_list = !request.preferred_training_regions.is_empty();
    if has_list && !request.preferred_training_regions.iter().any(|r| r == name) {
        request.preferred_training_regions.push(name.to_owned());
        settings.push(format!("{name} in preferred_training_regions"));
    }
    if !request.enable_cross_region_training {
        request.enable_cross_region_training = true;
        settings.push("enable_cross_region_training = true".to_owned());
    }
    let least = rules::least_residency(&m.regions()[m.home], &m.regions()[region]);
    if least > rules::residency(&request) {
        request.data_residency = Some(least);
        settings.push(format!("data_residency = \"{}\"", least.as_str()));
    }
    if m.is_remote(region) {
        if !request.allow_companion_bucket.unwrap_or(has_list) {
            request.allow_companion_bucket = Some(true);
            settings.push("allow_companion_bucket = true".to_owned());
        }
        if request.dataset_size_gb > request.max_staging_gb {
            request.max_staging_gb = request.dataset_size_gb.ceil();
            settings.push(format!("max_staging_gb = {}", request.max_staging_gb));
        }
    }
    (request, settings)
}

fn other_types(solver: &Solver, chosen: &Found, lines: &mut Vec<String>) {
    let m = &solver.m;
    let name = |found: &Found| m.types()[found.instance_type].name;
    if !m.request.preferred_instance_types.is_empty() {
        let best = what_if(solver, chosen, |r| r.preferred_instance_types.clear());
        if let Some(best) = best.filter(|b| b.instance_type != chosen.instance_type) {
            lines.push(format!(
                "Allowing {} (preferred_instance_types): {}.",
                name(&best),
                effect(chosen, &best)
            ));
        }
    } else if m.request.accelerator_count_policy == AcceleratorCountPolicy::Same
        && m.types()[m.reference].kind == Kind::Cuda
    {
        let best = what_if(solver, chosen, |r| {
            r.accelerator_count_policy = AcceleratorCountPolicy::Any
        });
        if let Some(best) = best.filter(|b| {
            m.types()[b.instance_type].accelerator_count
                != m.types()[chosen.instance_type].accelerator_count
        }) {
            let count = m.types()[best.instance_type].accelerator_count;
            lines.push(format!(
                "Allowing {} (accelerator_count_policy = \"any\", if the script makes use of {count}): {}.",
                name(&best),
                effect(chosen, &best)
            ));
        }
    }
}

/// What the instances cost that wait for the next job.
fn pool(solver: &Solver, chosen: &Found, lines: &mut Vec<String>) {
    let kept = solver.m.request.keep_alive;
    if kept.0 <= 0.0 {
        return;
    }
    let m = &solver.m;
    let usd = chosen.x.list_usd_h * m.instances * kept.0;
    let made_g = m.types()[chosen.instance_type].embodied_g_per_h * m.instances * kept.0;
    lines.push(format!(
        "keep_alive_minutes = 0, unless another job takes the warm pool over: {} kWh, {} kgCO2e and {} less.",
        sig3(chosen.x.pool_kwh),
        sig3((chosen.x.pool_kwh * chosen.x.ci + made_g) / 1000.0),
        if usd.is_finite() {
            format!("{} USD", sig3(usd))
        } else {
            "an unknown price".to_owned()
        },
    ));
}

/// Whether work is lost on spot that checkpoints would save.
fn repeats_much(solver: &Solver, chosen: &Found) -> bool {
    let least = solver.m.catalog.constants().worth_repeated_share.value;
    !solver.m.request.supports_checkpointing && chosen.x.repeated > least
}

fn spot(solver: &Solver, chosen: &Found, lines: &mut Vec<String>) {
    let m = &solver.m;
    let request = m.request;
    if is_spot(chosen) {
        if repeats_much(solver, chosen) {
            let without = chosen.x.billed_h;
            let mut with = request.clone();
            with.supports_checkpointing = true;
            if let Some(best) = solver.with(&with).ok().and_then(|s| s.best()) {
                lines.push(format!(
                    "supports_checkpointing = true, once the script saves and resumes: {} instead of {}.",
                    hours(best.x.billed_h),
                    hours(without)
                ));
            }
        }
        return;
    }
    let mut with = request.clone();
    let what = match rules::spot(m, chosen.instance_type, chosen.region) {
        Err(NoSpot::TooDear(percent_of_list)) => {
            with.max_spot_price_percentage = percent_of_list.ceil();
            format!(
                "max_spot_price_percentage = {}",
                with.max_spot_price_percentage
            )
        }
        // On spot capacity there are no training plans, no warm pools and no choice among several types.
        Err(NoSpot::NotWanted)
            if !(request.training_plan || request.several_types || request.keep_alive.0 > 0.0) =>
        {
            with.use_spot_instances = Some(true);
            with.supports_checkpointing = true;
            let also = if request.supports_checkpointing {
                ""
            } else {
                " with supports_checkpointing = true"
            };
            format!("use_spot_instances = true{also}")
        }
        _ => return,
    };
    let best = solver.with(&with).ok().and_then(|s| s.best());
    if let Some(best) = best.filter(is_spot) {
        let usd = (best.x.usd / chosen.x.usd - 1.0) * 100.0;
        if usd <= -m.catalog.constants().worth_percent.value {
            lines.push(format!("{what}: {} USD.", percent(usd)));
        }
    }
}

/// What some patience would bring where none is allowed.
fn later(solver: &Solver, chosen: &Found, lines: &mut Vec<String>) {
    let request = solver.m.request;
    if request.max_start_delay_hours.0 > 0.0 || request.deadline.is_some() {
        return;
    }
    let Some(earliest) = request.earliest_start else {
        return;
    };
    let mut with = request.clone();
    let c = solver.m.catalog.constants();
    let patience = c.worth_patience_hours.value;
    with.max_start_delay_hours = crate::Hours(patience);
    with.only = None;
    with.previous = None;
    let best = Solver::new(solver.m.catalog, &with)
        .ok()
        .and_then(|s| s.best());
    let start = best.as_ref().and_then(|b| b.when).map(|when| when.start);
    if let (Some(best), Some(start)) = (best, start)
        && start > earliest
        && (1.0 - best.x.kg / chosen.x.kg) * 100.0 >= c.worth_percent.value
    {
        lines.push(format!(
            "max_start_delay_hours = {}: {} (start +{}).",
            plain(patience),
            effect(chosen, &best),
            hours(start.hours_since(earliest))
        ));
    }
}

fn assumptions(solver: &Solver, chosen: &Found, compared: &Compared) -> Vec<String> {
    let m = &solver.m;
    let c = m.catalog.constants();
    let t = &m.types()[chosen.instance_type];
    let mut lines = Vec::new();
    let mut constant = |name: &str, figure: catalog::Figure| {
        if let Some((meaning, false)) = m
            .catalog
            .meaning(name)
            .filter(|_| m.catalog.is_guess(figure.source))
        {
            let unit = if meaning.unit.is_empty() {
                String::new()
            } else {
                format!(" {}", meaning.unit)
            };
            lines.push(format!(
                "{} = {}{unit} ({} to {}): {}, no source.",
                meaning.name,
                plain(figure.value),
                plain(figure.low),
                plain(figure.high),
                meaning.what
            ));
        }
    };
    if is_spot(chosen) {
        constant("spot_exposure_hours", c.spot_exposure_hours);
    }
    let uses_pcie = |index: usize| {
        let t = &m.types()[index];
        t.accelerator_count > 1 && !t.has_nvlink()
    };
    let given = m.request.relative_throughput.contains_key(t.name);
    if !given
        && chosen.instance_type != m.reference
        && uses_pcie(chosen.instance_type) != uses_pcie(m.reference)
    {
        constant("efficiency_pcie", c.efficiency_pcie);
    }
    if m.instances > 1.0 && chosen.instance_type != m.reference && !given {
        let classes = [t, &m.types()[m.reference]].map(|t| m.scaling(t));
        // Of one class they cancel.
        for (class, figure) in classes.into_iter().filter(|_| classes[0].0 != classes[1].0) {
            constant(SCALING[usize::from(class)], figure);
        }
    }
    if m.request.file_system {
        constant("fsx_wh_per_tb_h", c.fsx_wh_per_tb_h);
    }
    constant("startup_hours", c.startup_hours);
    if m.request.input_mode == InputMode::File
        && m.download_h(t) / chosen.x.billed_h > c.worth_download_share.value
    {
        if t.has_nvme() {
            constant("nvme_gb_per_s", c.nvme_gb_per_s);
        } else {
            constant("ebs_gb_per_s", c.ebs_gb_per_s);
        }
    }
    let mut first = crate::time::words::remarks(solver, chosen);
    first.extend(storage(solver, chosen));
    first.extend(own_figures(solver, chosen));
    if compared.baseline.assumed {
        first.push(format!(
            "Baseline: {} is assumed, since reference_instance_type is not set; what the type saves is not claimed.",
            compared.baseline.instance_type
        ));
    }
    if t.kind == Kind::Cpu && chosen.instance_type != m.reference && !given {
        first.push(format!(
            "{} is as fast as the reference: one CPU generation, no measurement.",
            t.name
        ));
    }
    if t.power_confidence == Confidence::Guess {
        first.push(format!("The power of {} is a guess.", t.name));
    }
    if m.request.relative_throughput.is_empty() && m.pace(m.reference).is_ok() && m.class.is_none()
    {
        let alone = matches!(m.pace(chosen.instance_type), Err(NoPace::Class))
            || chosen.instance_type == m.reference;
        if alone && t.kind != Kind::Cpu {
            first.push(format!(
                "No throughput figures for {}: only the reference type is compared.",
                m.request.model_type.as_str()
            ));
        }
    }
    first.append(&mut lines);
    first.truncate(5);
    first
}

/// How the data reach the container, where that is no choice of the user's or costs of its own.
fn storage(solver: &Solver, chosen: &Found) -> Vec<String> {
    let m = &solver.m;
    let mut lines = Vec::new();
    if m.request.file_system {
        lines.push(format!(
            "File system: {} GiB for {}, until its planned deletion: {} of the cost. An apply or a destroy after the run deletes it sooner.",
            plain(f64::from(crate::storage::file_system_gib(m.catalog.constants(), m.request.dataset_size_gb))),
            hours(chosen.x.file_system_h),
            money(chosen.x.file_system_usd).trim_start_matches('+')
        ));
    } else if m.request.input_mode_by_size && m.request.input_mode == InputMode::FastFile {
        lines.push(format!(
            "input_mode = \"FastFile\", since none is set and {} GB are more than {}: streamed on first read, nothing is downloaded first.",
            plain(m.request.dataset_size_gb),
            plain(m.catalog.constants().file_mode_gb.value)
        ));
    }
    lines
}

/// Which of the chosen figures are the user's own.
fn own_figures(solver: &Solver, chosen: &Found) -> Option<String> {
    let m = &solver.m;
    let (r, t) = (
        &m.regions()[chosen.region],
        &m.types()[chosen.instance_type],
    );
    let price = m.catalog.price_at(chosen.instance_type, chosen.region);
    let own = [
        ("intensity", r.intensity.source),
        ("PUE", r.pue.source),
        ("power", t.power_source),
        ("manufacture", t.embodied_source),
        ("price", price.map_or(r.zone_source, |p| p.source)),
    ];
    let mut names: Vec<&str> = own
        .iter()
        .filter(|(_, source)| *source == catalog::SourceId::OVERRIDE)
        .map(|(name, _)| *name)
        .collect();
    let constants = catalog::Constants::NAMES
        .iter()
        .filter(|name| m.catalog.meaning(name).is_some_and(|(_, own)| own));
    names.extend(constants);
    (!names.is_empty()).then(|| format!("From catalog_overrides: {}.", list(&names)))
}

fn warnings(solver: &Solver, chosen: &Found, compared: &Compared) -> Vec<String> {
    let m = &solver.m;
    let mut lines = Vec::new();
    let percent_saved = compared.savings.emissions_percent;
    if percent_saved < 0.0 {
        let why = match m.request.instance_priority {
            Objective::CostOptimized => ", because instance_priority = \"cost_optimized\"",
            Objective::GpuEfficient => {
                ", because instance_priority = \"gpu_efficient\" does not look at the grid"
            }
            _ => "",
        };
        lines.push(format!(
            "The choice emits {} kgCO2e against the baseline{why}.",
            percent(-percent_saved)
        ));
    }
    let (name, region) = (
        m.types()[chosen.instance_type].name,
        m.regions()[chosen.region].name,
    );
    if m.catalog.offer_at(chosen.instance_type, chosen.region) == catalog::Offer::Unknown {
        lines.push(format!(
            "Whether {name} is offered in {region} is not known: no list says, and it is taken because it is named alone."
        ));
    }
    if !chosen.x.usd.is_finite() {
        lines.push(format!(
            "The price of {name} in {region} is unknown: cost_usd is null and no limit in USD can be tested."
        ));
    }
    if is_spot(chosen) && repeats_much(solver, chosen) {
        lines.push(format!(
            "Spot without checkpoints repeats lost work: {} of training become {}.",
            hours(chosen.x.training_h),
            hours(chosen.x.training_h * (1.0 + chosen.x.repeated))
        ));
    }
    let high_h = chosen.compute_high_h + chosen.x.startup_h;
    let cap_h = m.catalog.constants().max_training_hours.value;
    match m.request.max_runtime_hours {
        Some(most) if high_h > most.0 => lines.push(format!(
            "max_runtime_hours = {} is below the plausible {}: SageMaker would stop the run.",
            plain(most.0),
            hours(high_h)
        )),
        None if high_h > cap_h => lines.push(format!(
            "The run may take {high_h:.1} h with its start-up, and SageMaker stops every run at {} h.",
            plain(cap_h)
        )),
        _ => {}
    }
    lines
}
