//! Decisions over time, from outside: with forecasts, without, and where there is nothing to gain.

use std::sync::Arc;

use catalog::{Catalog, FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};
use planner::{
    Answer, Decision, GramsPerKwh, Hours, Infeasible, Kg, ModelType, Objective, OnInfeasible,
    Request, Signals, SpotPrices, Start, decide, parse_rfc3339,
};
use proptest::prelude::*;

fn now() -> UtcSeconds {
    parse_rfc3339("2026-11-25T00:00:00Z").expect("a moment")
}

fn at(hours: f64) -> UtcSeconds {
    now().plus_hours(hours)
}

/// Six hours on an A100 node, in these regions, with a day to wait.
fn request(regions: &[&str]) -> Request {
    let mut request = Request::new(ModelType::NaturalLanguage, regions[0], 1.0, Hours(6.0));
    request.preferred_training_regions = regions.iter().map(|r| (*r).to_owned()).collect();
    request.preferred_instance_types = vec!["ml.p4d.24xlarge".to_owned()];
    request.earliest_start = Some(now());
    request.max_start_delay_hours = Hours(24.0);
    request
}

fn signal(values: Vec<f64>, step_s: u32) -> Signal {
    Signal {
        source: "a forecast".to_owned(),
        zone: "ZONE".to_owned(),
        kind: SignalKind::Average,
        factor_type: FactorType::LifeCycle,
        quality: Quality::Forecast,
        issued_at: Some(now()),
        estimated: false,
        series: Series::new(now(), step_s, values).expect("even values"),
    }
}

/// 400 g/kWh but for six hours of `clean` from hour `from` on.
fn dip(clean: f64, from: usize) -> Vec<f64> {
    let mut values = vec![400.0; 72];
    values[from..from + 7].fill(clean);
    values
}

fn with(request: &Request, kind: SignalKind, all: Vec<(&str, Signal)>) -> Request {
    let mut signals = Signals::new(kind);
    for (region, signal) in all {
        signals.by_region.insert(region.to_owned(), signal);
    }
    let mut request = request.clone();
    request.signals = Some(Arc::new(signals));
    request
}

fn ask(request: &Request) -> Result<Box<Decision>, Box<Infeasible>> {
    match decide(Catalog::embedded(), request) {
        Answer::Decided(d) => Ok(d),
        Answer::Infeasible(no) => Err(no),
    }
}

fn decided(request: &Request) -> Box<Decision> {
    ask(request).unwrap_or_else(|no| panic!("{}\n{}", no.summary, no.detail))
}

#[test]
fn a_clean_night_is_waited_for_and_shown() {
    let asked = with(
        &request(&["us-east-1"]),
        SignalKind::Average,
        vec![("us-east-1", signal(dip(100.0, 10), 3600))],
    );
    let d = decided(&asked);
    assert_eq!(d.start, Start::At(at(10.0)));
    assert!(
        d.summary
            .contains("start 2026-11-25 10:00 UTC (+10 h), 6.1 h:"),
        "{}",
        d.summary
    );
    assert!(
        d.summary
            .contains("a forecast forecast of 2026-11-25 00:00 UTC"),
        "{}",
        d.summary
    );
    assert!((d.signal.gco2_per_kwh.0 - 100.0).abs() < 1e-9);
    assert_eq!(d.signal.issued_at.as_deref(), Some("2026-11-25T00:00:00Z"));
    let s = &d.savings;
    let parts = s.region_kg.0 + s.capacity_kg.0 + s.time_kg.0;
    assert!(
        (parts - s.emissions_kg.0).abs() < 1e-9 && s.time_kg.0 > 8.0,
        "{s:?}"
    );
    assert!(d.windows.iter().any(|w| w.start == now() && !w.chosen));
    let chosen = d.windows.iter().find(|w| w.chosen).expect("the chosen one");
    assert!(d.windows.iter().all(|w| w.kg.0 >= chosen.kg.0 - 1e-9));
    assert_eq!(chosen.kg, d.estimate.emissions_kg.value);
    let interval = d.audit.intensity_interval.clone().expect("an interval");
    assert_eq!(interval[0], "2026-11-25T10:00:00Z");
}

#[test]
fn without_benefit_it_starts_at_once_and_says_so() {
    let yearly = decided(&request(&["ap-southeast-1"]));
    assert_eq!(yearly.start, Start::AtOnce);
    let text = "no start-time benefit known: a yearly figure only";
    assert!(yearly.summary.contains(text), "{}", yearly.summary);
    let level = vec![("us-east-1", signal(vec![400.0; 72], 3600))];
    let flat = decided(&with(&request(&["us-east-1"]), SignalKind::Average, level));
    assert_eq!(flat.start, Start::AtOnce);
    assert!(
        flat.summary.contains("no start-time benefit on this grid"),
        "{}",
        flat.summary
    );
    // Three percent less, in hours that may be wrong by half, ten hours from now.
    let mut unsure = signal(dip(388.0, 10), 3600);
    let ranges = unsure
        .series
        .values()
        .iter()
        .map(|v| [v * 0.5, v * 1.5])
        .collect();
    unsure.series = unsure.series.with_ranges(ranges).expect("ranges");
    let asked = with(
        &request(&["us-east-1"]),
        SignalKind::Average,
        vec![("us-east-1", unsure)],
    );
    let d = decided(&asked);
    assert_eq!(d.start, Start::AtOnce);
    assert!(
        d.summary
            .contains("no start time is better than now by more than the forecast's error"),
        "{}",
        d.summary
    );
    // Where a gate needs the later start, it is taken all the same.
    let now_kg = d.estimate.emissions_kg.value.0;
    let mut gated = asked.clone();
    gated.max_emissions_kg = Some(Kg(now_kg * 0.985));
    assert_eq!(decided(&gated).start, Start::At(at(10.0)));
    // Without a delay there is nothing to say.
    let mut prompt = request(&["ap-southeast-1"]);
    prompt.max_start_delay_hours = Hours(0.0);
    assert!(!decided(&prompt).summary.contains("start"));
}

#[test]
fn the_range_of_a_forecast_replaces_the_annual_one() {
    let ask = |width: f64| {
        let mut own = signal(vec![400.0; 72], 3600);
        let ranges = own
            .series
            .values()
            .iter()
            .map(|v| [v * (1.0 - width), v * (1.0 + width)]);
        let ranges = ranges.collect();
        own.series = own.series.with_ranges(ranges).expect("ranges");
        let asked = with(
            &request(&["us-east-1"]),
            SignalKind::Average,
            vec![("us-east-1", own)],
        );
        decided(&asked).estimate.emissions_kg
    };
    let (narrow, wide) = (ask(0.01), ask(0.4));
    assert!((narrow.value.0 - wide.value.0).abs() < 1e-9);
    assert!(narrow.low.0 > wide.low.0 && narrow.high.0 < wide.high.0);
}

#[test]
fn series_rank_regions_only_where_they_compare() {
    let two = request(&["us-east-1", "us-west-2"]);
    let (dirty, clean) = (signal(vec![400.0; 72], 3600), signal(vec![50.0; 72], 3600));
    let both = |east: Signal, west: Signal| {
        let all = vec![("us-east-1", east), ("us-west-2", west)];
        decided(&with(&two, SignalKind::Average, all))
    };
    // Compared as they are: the east is cleaner by its series, dirtier by the catalogue.
    let d = both(clean.clone(), dirty.clone());
    assert_eq!(
        (d.selected_region.as_str(), d.signal.gco2_per_kwh.0.round()),
        ("us-east-1", 50.0)
    );
    // From two sources, or direct against life-cycle, they only shape the hours.
    for change in [
        (|s: &mut Signal| s.source = "another".to_owned()) as fn(&mut Signal),
        |s| s.factor_type = FactorType::Direct,
        |s| s.kind = SignalKind::Marginal,
    ] {
        let mut other = dirty.clone();
        change(&mut other);
        let d = both(clean.clone(), other);
        assert_eq!(d.selected_region, "us-west-2", "{}", d.summary);
        assert!(d.signal.gco2_per_kwh.0 > 150.0);
    }
    // A shape keeps the level: clean hours are cleaner than the average, not what the series says.
    let alone = with(
        &two,
        SignalKind::Average,
        vec![("us-east-1", signal(dip(100.0, 10), 3600))],
    );
    let d = decided(&alone);
    assert!(d.signal.gco2_per_kwh.0 > 100.0, "{}", d.summary);
}

#[test]
fn marginal_is_never_filled_with_an_average() {
    let two = request(&["us-east-1", "us-west-2"]);
    let marginal = |level: f64| {
        let mut own = signal(vec![level; 12], 3600);
        own.kind = SignalKind::Marginal;
        own
    };
    let asked = with(
        &two,
        SignalKind::Marginal,
        vec![("us-east-1", marginal(700.0))],
    );
    let d = decided(&asked);
    assert_eq!(
        (d.selected_region.as_str(), d.signal.kind.as_str()),
        ("us-east-1", "marginal")
    );
    // Beyond the twelve hours its own mean goes on, and that is said.
    assert!((d.signal.gco2_per_kwh.0 - 700.0).abs() < 1e-6);
    let west = d
        .rejected
        .iter()
        .find(|r| r.region == Some("us-west-2"))
        .expect("rejected");
    assert_eq!(west.reason(), "no marginal signal");
    let nothing = with(
        &two,
        SignalKind::Marginal,
        vec![("us-west-2", marginal(300.0))],
    );
    let no = ask(&nothing).expect_err("nothing to compare with");
    assert!(
        no.summary.contains("nothing to compare with in us-east-1"),
        "{}",
        no.summary
    );
}

#[test]
fn a_threshold_waits_for_its_hours_and_says_what_would_do() {
    let values = dip(100.0, 30);
    let mut asked = with(
        &request(&["us-east-1"]),
        SignalKind::Average,
        vec![("us-east-1", signal(values, 3600))],
    );
    asked.carbon_intensity_threshold = Some(GramsPerKwh(150.0));
    let no = ask(&asked).expect_err("no start within a day");
    assert_eq!(no.attribute, Some("carbon_intensity_threshold"));
    let change = &no.nearest[0].change;
    assert!(
        change.contains("or max_start_delay_hours from 24 to 29"),
        "{change}"
    );
    asked.max_start_delay_hours = Hours(29.0);
    assert_eq!(decided(&asked).start, Start::At(at(29.0)));
    asked.max_start_delay_hours = Hours(24.0);
    asked.on_infeasible = OnInfeasible::RunNow;
    let d = decided(&asked);
    assert_eq!(d.start, Start::AtOnce);
    assert!(d.warnings[0].contains("dropped"), "{:?}", d.warnings);
}

#[test]
fn a_deadline_bounds_the_start_and_is_rejected_with_numbers() {
    let series = vec![("us-east-1", signal(dip(100.0, 20), 3600))];
    let mut asked = with(&request(&["us-east-1"]), SignalKind::Average, series);
    assert_eq!(decided(&asked).start, Start::At(at(20.0)));
    // The upper end of the runtime has to be over by then.
    let high_h = decided(&asked).estimate.runtime_hours.high.0;
    asked.deadline = Some(at(20.0 + high_h - 0.1));
    assert_ne!(decided(&asked).start, Start::At(at(20.0)));
    asked.deadline = Some(at(20.0 + high_h + 0.1));
    assert_eq!(decided(&asked).start, Start::At(at(20.0)));
    asked.deadline = Some(at(3.0));
    let no = ask(&asked).expect_err("too short");
    let change = no
        .nearest
        .iter()
        .find(|near| near.place.instance_type == "ml.p4d.24xlarge")
        .map_or("", |near| near.change.as_str());
    assert!(
        change.starts_with("deadline from 2026-11-25T03:00:00Z to 2026-11-25T06:"),
        "{}",
        no.detail
    );
}

#[test]
fn pausing_is_shown_where_it_saves() {
    let mut values = vec![400.0; 72];
    for hour in [3, 4, 5, 12, 13, 14, 15] {
        values[hour] = 50.0;
    }
    let series = vec![("us-east-1", signal(values, 3600))];
    let mut asked = with(&request(&["us-east-1"]), SignalKind::Average, series);
    assert_eq!(decided(&asked).pausing, None, "it cannot resume");
    asked.supports_checkpointing = true;
    asked.use_spot_instances = Some(false);
    asked.model_parameters_millions = Some(340.0);
    let d = decided(&asked);
    let pausing = d.pausing.as_ref().expect("two clean stretches");
    assert_eq!(pausing.segments.len(), 2, "{pausing:?}");
    assert!((pausing.checkpoint_gb - 4.76).abs() < 1e-9);
    let trained: f64 = pausing
        .segments
        .iter()
        .map(|s| s.end.hours_since(s.start))
        .sum();
    assert!((trained - 6.0).abs() < 0.01, "{trained}");
    assert!(pausing.saves_kg.0 > 0.0 && pausing.saves_kg.0 < d.estimate.emissions_kg.value.0);
}

#[test]
fn a_price_over_time_moves_the_cheapest_start() {
    let mut asked = request(&["us-east-1"]);
    asked.instance_priority = Objective::CostOptimized;
    asked.preferred_instance_types = vec!["ml.g5.12xlarge".to_owned()];
    asked.reference_instance_type = Some("ml.g5.12xlarge".to_owned());
    asked.use_spot_instances = Some(true);
    asked.supports_checkpointing = true;
    let before = decided(&asked).estimate.cost_usd.expect("a price").value.0;
    let mut prices = vec![5.0; 48];
    prices[9..17].fill(1.0);
    let series = Series::new(now(), 3600, prices).expect("even");
    let mut by_place = SpotPrices::default();
    by_place
        .by_place
        .entry("us-east-1".to_owned())
        .or_default()
        .insert("ml.g5.12xlarge".to_owned(), series);
    asked.spot_prices = Some(Arc::new(by_place));
    let d = decided(&asked);
    let Start::At(start) = d.start else {
        panic!("{}", d.summary)
    };
    assert!(
        (9.0..11.0).contains(&start.hours_since(now())),
        "{}",
        d.summary
    );
    let usd = d.estimate.cost_usd.expect("a price").value.0;
    assert!(
        (usd - d.estimate.runtime_hours.value.0).abs() < 1e-6 && usd < before,
        "{usd}"
    );
}

#[test]
fn time_without_a_first_moment_is_refused() {
    let mut asked = request(&["us-east-1"]);
    asked.earliest_start = None;
    assert_eq!(
        ask(&asked).expect_err("no clock").attribute,
        Some("max_start_delay_hours")
    );
    asked.max_start_delay_hours = Hours(0.0);
    asked.deadline = Some(at(5.0));
    assert_eq!(
        ask(&asked).expect_err("no clock").attribute,
        Some("deadline")
    );
}

fn hours() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(20.0..800.0_f64, 100..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Over two grids and four types: every start of every candidate, one request each, and the least of them.
    #[test]
    fn the_answer_is_the_least_of_all_starts(east in hours(), west in hours(), delay in 0..30_u32, job in 1.0..12.0_f64) {
        let mut asked = request(&["us-east-1", "us-west-2"]);
        asked.preferred_instance_types = vec!["ml.p4d.24xlarge".to_owned(), "ml.p5.48xlarge".to_owned()];
        asked.estimated_training_hours = Hours(job);
        asked.max_start_delay_hours = Hours(f64::from(delay));
        let series = vec![("us-east-1", signal(east, 3600)), ("us-west-2", signal(west, 3600))];
        let asked = with(&asked, SignalKind::Average, series);
        let d = decided(&asked);
        let mut least = f64::INFINITY;
        for hour in 0..=delay {
            let mut pinned = asked.clone();
            pinned.start = Start::At(at(f64::from(hour)));
            let same = decided(&pinned);
            least = least.min(same.estimate.emissions_kg.value.0);
            // The baseline starts at once, whatever start is given.
            prop_assert_eq!(&same.baseline, &d.baseline);
            if same.start == d.start {
                prop_assert_eq!((same.estimate, same.savings), (d.estimate, d.savings));
            }
        }
        let own = d.estimate.emissions_kg.value.0;
        // A start that saves less than one percent of the electricity's emissions is not waited for.
        prop_assert!(own >= least * (1.0 - 1e-9) && own <= least / (1.0 - 0.0101), "{own} against {least}");
        for c in &d.ranked {
            let e = &c.estimate.emissions_kg;
            prop_assert!(0.0 <= e.low.0 && e.low.0 <= e.value.0 && e.value.0 <= e.high.0 && e.high.0.is_finite());
        }
        prop_assert_eq!(decide(Catalog::embedded(), &asked), Answer::Decided(d));
    }

    /// More time never emits more, whatever the forecast's error.
    #[test]
    fn more_time_never_emits_more(values in hours(), delay in 0..30_u32, more in 0..30_u32, width in 0.0..0.6_f64) {
        let mut own = signal(values, 3600);
        let ranges = own.series.values().iter().map(|v| [v * (1.0 - width), v * (1.0 + width)]).collect();
        own.series = own.series.with_ranges(ranges).expect("ranges");
        let mut asked = with(&request(&["us-east-1"]), SignalKind::Average, vec![("us-east-1", own)]);
        let mut kg = |delay: u32| {
            asked.max_start_delay_hours = Hours(f64::from(delay));
            decided(&asked).estimate.emissions_kg.value.0
        };
        let (short, long) = (kg(delay), kg(delay + more));
        prop_assert!(long <= short * (1.0 + 1e-9), "{short} {long}");
    }

    /// A series that is shifted in time shifts the answer by as much.
    #[test]
    fn a_shift_in_time_shifts_the_decision(values in hours(), days in -300..300_i64) {
        let asked = with(&request(&["us-east-1"]), SignalKind::Average, vec![("us-east-1", signal(values.clone(), 3600))]);
        let shift = days * 86_400;
        let mut moved = signal(values.clone(), 3600);
        moved.series = Series::new(UtcSeconds(now().0 + shift), 3600, values).expect("even");
        let mut later = with(&request(&["us-east-1"]), SignalKind::Average, vec![("us-east-1", moved)]);
        later.earliest_start = Some(UtcSeconds(now().0 + shift));
        let (one, two) = (decided(&asked), decided(&later));
        let after = |start: Start, from: i64| match start {
            Start::AtOnce => 0,
            Start::At(moment) => moment.0 - from,
        };
        prop_assert_eq!(after(one.start, now().0), after(two.start, now().0 + shift));
        prop_assert_eq!(one.estimate, two.estimate);
    }

    /// Every request with a time has an answer, whatever the numbers in it.
    #[test]
    fn no_time_is_too_strange(earliest in any::<i64>(), delay in any::<f64>(), deadline in any::<Option<i64>>(), start in any::<i64>(), threshold in any::<f64>()) {
        let mut asked = request(&["us-east-1"]);
        asked.earliest_start = Some(UtcSeconds(earliest));
        asked.max_start_delay_hours = Hours(delay);
        asked.deadline = deadline.map(UtcSeconds);
        asked.start = Start::At(UtcSeconds(start));
        asked.carbon_intensity_threshold = Some(GramsPerKwh(threshold));
        let _ = decide(Catalog::embedded(), &asked);
        asked.earliest_start = Some(UtcSeconds(earliest.rem_euclid(250_000_000_000)));
        asked.max_start_delay_hours = Hours(delay.abs() % 600.0);
        asked.start = Start::AtOnce;
        let _ = decide(Catalog::embedded(), &asked);
    }
}
