//! What forecasts keep of the perfect choice's saving, on data that lie beside the repository.

use std::path::{Path, PathBuf};

#[path = "../examples/skill/data.rs"]
mod data;
#[path = "../../../tests/needed.rs"]
mod needed;
#[path = "../examples/skill/score.rs"]
mod score;

use catalog::{Catalog, FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};
use data::Data;
use grid::forecast::from_history;
use score::{Method, errors, kept, region_and_time, share};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traces")
}

/// The folder's data, or `None` with the reason printed.
fn data() -> Option<Data> {
    if folder().is_dir() {
        Some(Data::read(&folder()).expect("traces and forecasts"))
    } else {
        needed::skipped("no traces in ../shared/data/traces");
        None
    }
}

/// Bars: what has to be kept of the oracle's saving, in percent, on the grids with issued forecasts. Nothing was
/// fitted on October to December.
#[test]
fn most_of_the_possible_saving_is_kept() {
    let Some(data) = data() else { return };
    let cases = [(6, 24), (24, 24), (24, 72), (6, 72)];
    let shares = |method: Method, late: bool| -> [f64; 4] {
        let of_zones: Vec<_> = data
            .forecasts
            .keys()
            .map(|zone| (zone, kept(&data, zone, method, &cases, late)))
            .collect();
        // Who knows more than the last days leaves no grid worse off than at once by more than 1 %.
        for (zone, cells) in &of_zones {
            for (cell, case) in cells.iter().zip(cases) {
                let guess = [Method::LastDay, Method::LastWeek, Method::Usual].contains(&method);
                assert!(
                    guess || cell.saved() > -0.01,
                    "{zone} {} {case:?}",
                    method.name()
                );
            }
        }
        std::array::from_fn(|i| share(&of_zones.iter().map(|z| z.1[i]).collect::<Vec<_>>()))
    };
    let meets = |method: Method, late: bool, bars: [f64; 4]| {
        let shares = shares(method, late);
        println!("{}, late {late}, {cases:?}: {shares:.1?}", method.name());
        let bad = shares.iter().zip(bars).any(|(share, bar)| *share < bar);
        assert!(
            !bad,
            "{} late {late}: {shares:.1?} < {bars:?}",
            method.name()
        );
    };
    for method in Method::ALL {
        meets(
            method,
            false,
            match method {
                Method::AtOnce => [0.0; 4],
                Method::LastDay => [70.0, -5.0, -5.0, 45.0],
                Method::LastWeek => [70.0, 5.0, 5.0, 50.0],
                Method::Usual => [75.0, 20.0, 25.0, 60.0],
                Method::Lags => [83.0, 37.0, 37.0, 68.0],
                Method::History => [84.0, 39.0, 41.0, 70.0],
                Method::Issued => [88.0, 55.0, 54.0, 70.0],
                Method::Blend => [90.0, 61.0, 63.0, 78.0],
                Method::BlendLags => [89.0, 58.0, 60.0, 76.0],
                Method::BlendUsual => [88.0, 58.0, 60.0, 76.0],
                Method::Quiet => [90.0, 58.0, 60.0, 78.0],
            },
        );
    }
    meets(Method::Blend, true, [86.0, 61.0, 63.0, 75.0]);
    meets(Method::Quiet, true, [86.0, 58.0, 61.0, 75.0]);
}

#[test]
fn a_forecast_is_better_with_history_and_its_ranges_hold() {
    let Some(data) = data() else { return };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    for late in [false, true] {
        for (method, zones) in [
            (Method::Blend, data.forecasts.keys().collect::<Vec<_>>()),
            (Method::BlendUsual, data.forecasts.keys().collect()),
            (Method::History, data.traces.keys().collect()),
            (Method::Lags, data.traces.keys().collect()),
        ] {
            let of_zones: Vec<_> = zones
                .iter()
                .map(|zone| errors(&data, zone, method, late))
                .collect();
            let days: Vec<f64> = (0..4)
                .map(|day| mean(of_zones.iter().map(|z| z.1[day]).collect()))
                .collect();
            println!(
                "{} late {late}: {days:.1?} % within the range",
                method.name()
            );
            for held in &days {
                assert!(
                    (85.0..=95.0).contains(held),
                    "{} late {late}: {days:?}",
                    method.name()
                );
            }
        }
        let error = |method| {
            mean(
                data.forecasts
                    .keys()
                    .map(|zone| mean(errors(&data, zone, method, late).0.to_vec()))
                    .collect(),
            )
        };
        assert!(error(Method::Blend) < 0.95 * error(Method::Issued));
        assert!(error(Method::History) < 0.95 * error(Method::Usual));
        assert!(error(Method::Usual) < error(Method::LastWeek));
    }
}

/// PJM at once against the best of PJM, CISO and ERCO at the best time: a mean profile keeps 44.5 of 45.6 %.
#[test]
fn region_and_time_together_keep_almost_all() {
    let Some(data) = data() else { return };
    for (method, bar) in [
        (Method::Blend, 44.5),
        (Method::Quiet, 44.5),
        (Method::History, 44.0),
    ] {
        let [oracle, saved, alone] = region_and_time(&data, method, (6, 24));
        println!(
            "{}: {saved:.2} of {oracle:.2} %, best grid alone {alone:.2}",
            method.name()
        );
        assert!((oracle - 45.6).abs() < 0.05 && (alone - 13.6).abs() < 0.05);
        assert!(saved >= bar, "{}: {saved:.2}", method.name());
    }
}

/// The script that built the profiles and the same arithmetic here agree, and a grid that does not vary gains nothing.
#[test]
fn the_shipped_profiles_are_what_the_traces_say() {
    let Some(data) = data() else { return };
    let catalog = Catalog::embedded();
    for (region, zone) in [
        ("eu-central-1", "DE"),
        ("eu-south-2", "ES"),
        ("eu-north-1", "SE"),
        ("ap-southeast-2", "AU-QLD"),
    ] {
        let profile = catalog
            .region(region)
            .expect("a known region with a profile")
            .profile()
            .expect("a known region with a profile");
        let trace = &data.traces[zone];
        let here = data::usual(data.start, trace, trace.len());
        let most = here
            .iter()
            .enumerate()
            .map(|(hour, usual)| {
                (profile.factor(UtcSeconds(data.start.0 + hour as i64 * 3600)) / usual - 1.0).abs()
            })
            .fold(0.0, f64::max);
        // Four decimals in the file, and a mean over another number of days.
        assert!(most < 0.002, "{zone}: {most}");
    }
}

/// Hourly consumption series of 2022, which may not be shipped; `None` with the reason printed.
fn settled(zones: &[&str]) -> Option<Vec<Vec<f64>>> {
    let Ok(file) = std::fs::File::open(folder().join("electricitymaps_2022_wide.csv.gz")) else {
        needed::skipped("no traces of 2022 in ../shared/data/traces");
        return None;
    };
    let mut rows = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let head = rows.headers().expect("a header").clone();
    let rows: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
    let trace = |zone: &&str| {
        let column = head
            .iter()
            .position(|name| name == *zone)
            .expect("a column");
        rows.iter()
            .map(|row| row[column].parse().expect("a number"))
            .collect()
    };
    Some(zones.iter().map(trace).collect())
}

/// An hour of 2022.
fn hour_of_2022(place: usize) -> UtcSeconds {
    UtcSeconds(1_640_995_200 + place as i64 * 3600)
}

fn values_of_2022(from: usize, values: &[f64]) -> Signal {
    Signal {
        source: "test".to_owned(),
        zone: String::new(),
        kind: SignalKind::Average,
        factor_type: FactorType::LifeCycle,
        quality: Quality::Annual,
        issued_at: None,
        estimated: false,
        series: Series::new(hour_of_2022(from), 3600, values.to_vec()).expect("finite values"),
    }
}

/// What starting at once and what a chooser emits over the year, and how often the latter moves.
fn over_the_year(
    trace: &[f64],
    (job, slack): (usize, usize),
    said: impl Fn(usize) -> Series,
) -> (f64, f64, usize) {
    let (mut at_once, mut chosen, mut moved) = (0.0, 0.0, 0);
    for place in (28 * 24..trace.len() - data::REACH).step_by(29) {
        let delay = score::choice(Method::Quiet, &said(place), (job, slack));
        assert!(delay <= slack);
        let mean = |delay: usize| {
            trace[place + delay..place + delay + job]
                .iter()
                .sum::<f64>()
                / job as f64
        };
        at_once += mean(0);
        chosen += mean(delay);
        moved += usize::from(delay > 0);
    }
    (at_once, chosen, moved)
}

/// Grids that hardly vary within a day: a start moves only for what is measured to be a gain, and never loses by noise.
#[test]
fn flat_grids_lose_nothing() {
    let zones = ["HK", "ID", "SG", "KR", "ZA", "IN-WE"];
    let Some(traces) = settled(&zones) else {
        return;
    };
    for (zone, trace) in zones.into_iter().zip(&traces) {
        for case in [(6, 24), (24, 24), (24, 72), (96, 168)] {
            let (at_once, chosen, moved) = over_the_year(trace, case, |place| {
                let from = place - 28 * 24;
                let history = values_of_2022(from, &trace[from..place]);
                let [now, until] = [0, data::REACH].map(|hours| hour_of_2022(place + hours));
                // A flat expectation is not looked at.
                from_history(&history, &history, now, until)
                    .expect("a forecast")
                    .series
            });
            println!(
                "{zone} {case:?}: saved {:.2} %, moved {moved}",
                100.0 * (1.0 - chosen / at_once)
            );
            assert!(chosen <= at_once * 1.0005, "{zone} {case:?}");
            assert!(
                moved == 0 || !["HK", "ID"].contains(&zone),
                "{zone} {case:?}"
            );
        }
    }
}

/// The usual hours that ship, without any history, on other series (consumption, not production) of a year that those
/// of DE, ES, SE-SE3 and AU-NSW had not seen: what they keep of the possible saving for 6 h within 24 h, and that nobody loses 1 %.
#[test]
fn the_shipped_profiles_help_in_another_year() {
    let regions = [
        ("eu-central-1", 65.0),
        ("eu-south-2", 65.0),
        ("us-west-1", 93.0),
        ("us-east-1", 55.0),
        ("ap-southeast-2", 85.0),
        ("eu-north-1", 0.0),
    ];
    let catalog = Catalog::embedded();
    let regions = regions.map(|(name, bar)| (catalog.region(name).expect("a region"), bar));
    let Some(traces) = settled(&regions.map(|(region, _)| region.zone)) else {
        return;
    };
    for ((region, bar), trace) in regions.into_iter().zip(&traces) {
        let said = |place| region.expected(hour_of_2022(place), data::REACH).series;
        for case in [(6, 24), (24, 24), (24, 72), (6, 168), (96, 168)] {
            let (at_once, chosen, moved) = over_the_year(trace, case, said);
            let saved = 100.0 * (1.0 - chosen / at_once);
            println!(
                "{} {case:?}: saved {saved:.2} %, moved {moved}",
                region.name
            );
            assert!(saved > -1.0, "{} {case:?}", region.name);
            if case == (6, 24) {
                let places = (28 * 24..trace.len() - data::REACH).step_by(29);
                let oracle: f64 = places
                    .map(|p| score::best(&values_of_2022(p, &trace[p..p + 30]).series, 6, 24).1)
                    .sum();
                let kept = 100.0 * (at_once - chosen) / (at_once - oracle);
                println!("{}: {kept:.1} % kept", region.name);
                assert!(kept >= bar, "{}: {kept}", region.name);
            }
        }
        let year = region.expected(hour_of_2022(0), trace.len()).series;
        let mean = trace.iter().sum::<f64>() / trace.len() as f64;
        let held = year
            .ranges()
            .iter()
            .zip(trace)
            .filter(|([low, high], value)| {
                (*low..=*high).contains(&(*value / mean * region.intensity.value))
            })
            .count();
        let held = 100.0 * held as f64 / trace.len() as f64;
        println!("{}: {held:.1} % within the range", region.name);
        assert!((83.0..=97.0).contains(&held), "{}", region.name);
    }
}
