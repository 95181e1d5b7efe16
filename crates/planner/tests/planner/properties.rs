//! What holds for every request, not for the chosen examples only.

use catalog::Catalog;
use planner::{
    AcceleratorCountPolicy, Answer, Decision, Hours, Kg, Kwh, Memo, ModelType, Objective, Request,
    Residency, Usd, decide,
};
use proptest::prelude::*;

use crate::support;

fn decided(request: &Request) -> Option<Box<Decision>> {
    match decide(Catalog::embedded(), request) {
        Answer::Decided(d) => Some(d),
        Answer::Infeasible(_) => None,
    }
}

/// Names of the candidates, best first.
fn places(d: &Decision) -> Vec<(&'static str, &'static str)> {
    d.ranked
        .iter()
        .map(|c| (c.region, c.instance_type))
        .collect()
}

fn any_request() -> impl Strategy<Value = Request> {
    let models = prop::sample::select(vec![
        ModelType::ComputerVision,
        ModelType::NaturalLanguage,
        ModelType::GenerativeAi,
        ModelType::TabularData,
        ModelType::ReinforcementLearning,
    ]);
    let homes = prop::sample::select(vec![
        "us-east-1",
        "eu-west-1",
        "eu-north-1",
        "ap-south-1",
        "sa-east-1",
        "us-west-2",
    ]);
    let objectives = prop::sample::select(vec![
        Objective::CarbonOptimized,
        Objective::CostOptimized,
        Objective::GpuEfficient,
        Objective::Balanced,
    ]);
    let references = prop::sample::select(vec![
        None,
        Some("ml.g5.xlarge"),
        Some("ml.g5.12xlarge"),
        Some("ml.p5.48xlarge"),
    ]);
    let residencies = prop::sample::select(vec![
        None,
        Some(Residency::Country),
        Some(Residency::Geography),
        Some(Residency::Any),
    ]);
    let policies = prop::sample::select(vec![
        AcceleratorCountPolicy::Same,
        AcceleratorCountPolicy::UpTo,
        AcceleratorCountPolicy::Any,
    ]);
    (
        (models, homes, objectives, references, residencies, policies),
        (
            0.0..90.0_f64,
            0.05..400.0_f64,
            1..9_u32,
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
        ),
    )
        .prop_map(
            |(
                (model, home, objective, reference, residency, policy),
                (gb, hours, n, spot, checkpoint, file),
            )| {
                let mut r = Request::new(model, home, gb, Hours(hours));
                r.instance_priority = objective;
                r.reference_instance_type = reference.map(str::to_owned);
                r.data_residency = residency;
                r.allow_companion_bucket = Some(true);
                r.accelerator_count_policy = policy;
                r.instance_count = n;
                r.use_spot_instances = Some(spot);
                r.supports_checkpointing = checkpoint;
                if !file {
                    r.input_mode = planner::InputMode::FastFile;
                }
                r
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Ranges hold their value, parts sum to the whole, the same request gives the same answer.
    #[test]
    fn figures_hold_together(request in any_request()) {
        let Some(d) = decided(&request) else { return Ok(()) };
        prop_assert_eq!(decide(Catalog::embedded(), &request), Answer::Decided(d.clone()));
        for c in &d.ranked {
            let e = &c.estimate;
            let bands = [
                (e.energy_kwh.low.0, e.energy_kwh.value.0, e.energy_kwh.high.0),
                (e.emissions_kg.low.0, e.emissions_kg.value.0, e.emissions_kg.high.0),
                (e.runtime_hours.low.0, e.runtime_hours.value.0, e.runtime_hours.high.0),
                e.cost_usd.map_or((0.0, 0.0, 0.0), |u| (u.low.0, u.value.0, u.high.0)),
            ];
            for (low, value, high) in bands {
                prop_assert!(0.0 <= low && low <= value && value <= high && high.is_finite(), "{low} {value} {high}");
            }
            let b = &c.breakdown;
            let kg = b.operational_kg.0 + b.embodied_kg.0 + b.transfer_kg.0;
            prop_assert!((kg / e.emissions_kg.value.0 - 1.0).abs() < 1e-9);
            if let (Some(compute), Some(usd)) = (b.compute_usd, e.cost_usd) {
                let sum = compute.0 + b.storage_usd.0 + b.transfer_usd.0;
                prop_assert!((sum / usd.value.0 - 1.0).abs() < 1e-9);
                if let Some(ceiling) = c.cost_ceiling_usd {
                    prop_assert!(ceiling.0 >= usd.value.0);
                }
            }
        }
        let s = &d.savings;
        if let Some(type_kg) = s.type_kg {
            let sum = s.region_kg.0 + type_kg.0 + s.capacity_kg.0 + s.time_kg.0;
            prop_assert!((sum - s.emissions_kg.0).abs() < 1e-9 * d.baseline.emissions_kg.0.max(1.0));
        }
        // The band of a ratio is never wider than dividing the ends would make it.
        let ratio = 1.0 - s.emissions_percent / 100.0;
        let naive = d.estimate.emissions_kg.high.0 / d.estimate.emissions_kg.low.0;
        let own = (1.0 - s.emissions_percent_low / 100.0) / (1.0 - s.emissions_percent_high / 100.0).max(1e-12);
        prop_assert!(s.emissions_percent_low <= s.emissions_percent + 1e-9);
        prop_assert!(s.emissions_percent <= s.emissions_percent_high + 1e-9);
        let base = Request { only: None, ..request.clone() };
        let base = baseline_band(&base);
        prop_assert!(own <= naive * base * (1.0 + 1e-9), "{own} against {naive} x {base} of {ratio}");
    }

    /// Every request has an answer, whatever the numbers in it.
    #[test]
    fn no_number_is_too_strange(gb in any::<f64>(), hours in any::<f64>(), limits in any::<[f64; 6]>(), n in any::<u32>(), workers in any::<u32>()) {
        let mut r = support::bert();
        r.dataset_size_gb = gb.abs();
        r.estimated_training_hours = Hours(hours.abs());
        r.instance_count = n;
        r.num_data_loader_workers = workers;
        r.max_emissions_kg = Some(Kg(limits[0]));
        r.max_cost_usd = Some(Usd(limits[1]));
        r.max_slowdown = Some(limits[2]);
        r.min_gpu_memory_gb = Some(limits[3]);
        r.checkpoint_frequency_minutes = limits[4].abs();
        r.max_runtime_hours = Some(Hours(limits[5]));
        let _ = decide(Catalog::embedded(), &r);
    }

    /// A losing candidate, added or taken away, never changes the winner.
    #[test]
    fn losers_do_not_matter(request in any_request(), seed in any::<u64>()) {
        let Some(all) = decided(&request) else { return Ok(()) };
        let winner = places(&all)[0];
        let named: Vec<&str> = all.ranked.iter().map(|c| c.region).collect();
        let mut fewer = request.clone();
        fewer.data_residency = Some(Residency::Any);
        let mut bits = seed;
        fewer.preferred_training_regions = named
            .iter()
            .filter(|name| {
                bits = bits.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                **name == winner.0 || bits & 1 == 0
            })
            .map(|name| (*name).to_owned())
            .collect();
        let again = decided(&fewer).expect("the winner is still there");
        prop_assert_eq!(places(&again)[0], winner);
    }

    /// The order of lists changes nothing.
    #[test]
    fn order_does_not_matter(mut names in Just(vec!["us-east-1", "eu-north-1", "ca-central-1", "eu-west-3", "sa-east-1"]).prop_shuffle(),
                             mut types in Just(vec!["ml.p4d.24xlarge", "ml.p5.48xlarge", "ml.g5.48xlarge"]).prop_shuffle()) {
        let ask = |regions: &[&str], types: &[&str]| {
            let mut r = support::bert();
            r.max_emissions_kg = None;
            r.preferred_training_regions = regions.iter().map(|n| (*n).to_owned()).collect();
            r.preferred_instance_types = types.iter().map(|n| (*n).to_owned()).collect();
            decide(Catalog::embedded(), &r)
        };
        let shuffled = ask(&names, &types);
        names.sort_unstable();
        types.sort_unstable();
        prop_assert_eq!(shuffled, ask(&names, &types));
    }

    /// A tighter limit never lets a candidate in.
    #[test]
    fn tighter_gates_admit_nobody(request in any_request(), cut in 0.1..1.5_f64, which in 0..4_usize) {
        let Some(open) = decided(&request) else { return Ok(()) };
        let best = &open.ranked[0].estimate;
        let mut tight = request.clone();
        match which {
            0 => tight.max_emissions_kg = Some(Kg(best.emissions_kg.value.0 * cut)),
            1 => tight.max_energy_kwh = Some(Kwh(best.energy_kwh.value.0 * cut)),
            2 => tight.max_cost_usd = best.cost_usd.map(|u| Usd(u.value.0 * cut)),
            _ => tight.max_slowdown = Some(2.0 * cut.min(1.0)),
        }
        let before = places(&open);
        match decide(Catalog::embedded(), &tight) {
            Answer::Decided(after) => {
                for place in places(&after) {
                    prop_assert!(before.contains(&place), "{place:?}");
                }
            }
            Answer::Infeasible(no) => {
                // It says what would have to move, and moving it there would do.
                prop_assert!(no.nearest.is_empty() || no.nearest.iter().all(|n| !n.change.is_empty()));
            }
        }
    }
}

/// How wide the baseline's own range is: high over low.
fn baseline_band(request: &Request) -> f64 {
    let mut alone = request.clone();
    alone.preferred_training_regions = vec![request.dataset_region.clone()];
    alone.preferred_instance_types =
        vec![
            request
                .reference_instance_type
                .clone()
                .unwrap_or_else(|| match request.model_type {
                    ModelType::TabularData | ModelType::TimeSeries => "ml.m5.4xlarge".to_owned(),
                    _ => "ml.p4d.24xlarge".to_owned(),
                }),
        ];
    alone.use_spot_instances = Some(false);
    alone.data_residency = None;
    decided(&alone).map_or(f64::INFINITY, |d| {
        d.estimate.emissions_kg.high.0 / d.estimate.emissions_kg.low.0
    })
}

#[test]
fn the_nearest_answer_is_one_once_the_limit_moves() {
    let mut request = support::bert();
    request.max_emissions_kg = Some(Kg(10.0));
    let Answer::Infeasible(no) = decide(Catalog::embedded(), &request) else {
        panic!("feasible")
    };
    assert_eq!(no.attribute, Some("max_emissions_kg"));
    assert_eq!(no.nearest[0].change, "max_emissions_kg from 10 to 15.4");
    request.max_emissions_kg = Some(Kg(15.4));
    assert_eq!(decided(&request).unwrap().selected_region, "eu-north-1");
}

#[test]
fn what_cannot_be_asked_is_answered_with_the_attribute() {
    let ask = |change: &dyn Fn(&mut Request)| {
        let mut request = support::bert();
        change(&mut request);
        match decide(Catalog::embedded(), &request) {
            Answer::Infeasible(no) => (no.attribute.unwrap_or_default(), no.summary),
            Answer::Decided(d) => ("decided", d.summary),
        }
    };
    let (attribute, summary) = ask(&|r| r.dataset_region = "us-eats-1".to_owned());
    assert_eq!(
        (attribute, summary.as_str()),
        (
            "dataset_region",
            "dataset_region: unknown region \"us-eats-1\"; did you mean us-east-1?"
        )
    );
    assert_eq!(
        ask(&|r| r.preferred_instance_types = vec!["ml.p4.24xlarge".to_owned()]).0,
        "preferred_instance_types"
    );
    assert_eq!(
        ask(&|r| r.estimated_training_hours = Hours(0.0)).0,
        "estimated_training_hours"
    );
    assert_eq!(ask(&|r| r.dataset_size_gb = f64::NAN).0, "dataset_size_gb");
    assert_eq!(ask(&|r| r.instance_count = 0).0, "instance_count");
}

#[test]
fn equal_requests_are_decided_once() {
    let memo = Memo::default();
    let first = memo.decide(Catalog::embedded(), &support::bert());
    let second = memo.decide(Catalog::embedded(), &support::bert());
    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[test]
fn units_do_not_mix_and_convert() {
    assert_eq!((planner::Watts(500.0) * Hours(4.0)).0, 2.0);
    assert_eq!((Kwh(100.0) * planner::GramsPerKwh(20.0)).0, 2.0);
    assert_eq!(Kg::from(planner::Grams(1500.0)).0, 1.5);
    let c = Catalog::embedded();
    assert!(
        (planner::energy_kwh(c, "ml.p5.48xlarge", Hours(2.0), None)
            .unwrap()
            .0
            - 13.384)
            .abs()
            < 1e-9
    );
    assert!(
        (planner::energy_kwh(c, "ml.p5.48xlarge", Hours(1.0), Some(0.0))
            .unwrap()
            .0
            - 2.0397)
            .abs()
            < 1e-9
    );
    assert!(
        planner::energy_kwh(c, "ml.p5.24xlarge", Hours(1.0), None)
            .unwrap_err()
            .contains("did you mean")
    );
    assert!(
        planner::energy_kwh(c, "ml.p5.48xlarge", Hours(1.0), Some(1.5))
            .unwrap_err()
            .contains("legal: 0 to 1")
    );
    assert_eq!(planner::grid_zone(c, "eu-north-1").unwrap(), "SE-SE3");
}

#[test]
fn a_new_run_stays_unless_the_move_pays() {
    let mut request = support::bert();
    request.previous = Some(planner::Place {
        region: "eu-north-1".to_owned(),
        instance_type: "ml.p5en.48xlarge".to_owned(),
        capacity: None,
    });
    assert_eq!(
        decided(&request).unwrap().selected_instance_type,
        "ml.p5.48xlarge",
        "18 % are worth a move"
    );
    let gain =
        catalog::Overrides::parse(r#"{ "constants": { "redecide_gain_percent": 30 } }"#).unwrap();
    let Answer::Decided(stays) = decide(&Catalog::with_overrides(&gain), &request) else {
        panic!()
    };
    assert_eq!(stays.selected_instance_type, "ml.p5en.48xlarge");
    request.redecide = planner::Redecide::EachRun;
    let Answer::Decided(moves) = decide(&Catalog::with_overrides(&gain), &request) else {
        panic!()
    };
    assert_eq!(moves.selected_instance_type, "ml.p5.48xlarge");
}

#[test]
fn own_figures_are_used_and_named() {
    let own = r#"{
        "regions": { "eu-north-1": { "pue": 1.0, "intensity_g_per_kwh": 0, "attribution": "market-based" } },
        "prices": { "ml.p5.48xlarge": { "eu-north-1": { "usd_per_hour": 10 } } }
    }"#;
    let own = Catalog::with_overrides(&catalog::Overrides::parse(own).unwrap());
    let Answer::Decided(d) = decide(&own, &support::bert()) else {
        panic!()
    };
    assert_eq!(
        d.assumptions[0],
        "From catalog_overrides: intensity, PUE and price."
    );
    assert!(
        d.summary
            .contains("market-based figure of catalog_overrides"),
        "{}",
        d.summary
    );
    assert_eq!(
        (d.signal.source.as_str(), d.signal.year),
        ("catalog_overrides, market-based", None)
    );
    assert!(d.breakdown.operational_kg.0 < 0.01 && d.breakdown.embodied_kg.0 > 8.0);
    assert!(
        (d.breakdown.compute_usd.unwrap().0 - 10.0 * 0.45 * d.estimate.runtime_hours.value.0).abs()
            < 1e-6
    );
    assert!(d.audit.catalog_version.contains('+'));
}

#[test]
fn types_are_ranked_by_what_was_measured() {
    let c = Catalog::embedded();
    let all = planner::rank_instance_types(c, &planner::TypeFilter::default());
    let of = |name: &str| all.iter().find(|r| r.instance_type == name).unwrap();
    assert_eq!(of("ml.p4d.24xlarge").performance_per_watt, Some(1.0));
    assert!(of("ml.p5.48xlarge").performance_per_watt.unwrap() > 1.1);
    assert_eq!(of("ml.g5.xlarge").performance_per_watt_document, Some(0.8));
    assert!(
        of("ml.g5.xlarge").performance_per_watt.unwrap()
            < of("ml.g6.xlarge").performance_per_watt.unwrap()
    );
    assert!(
        all.iter().all(|r| r.instance_type != "ml.p3.2xlarge"),
        "retired"
    );
    let here = planner::rank_instance_types(
        c,
        &planner::TypeFilter {
            region: Some("eu-north-1".to_owned()),
            accelerator: Some("h100".to_owned()),
            ..planner::TypeFilter::default()
        },
    );
    assert!(
        here.iter()
            .any(|r| r.instance_type == "ml.p5.48xlarge" && r.usd_per_hour == Some(67.7267))
    );
}
