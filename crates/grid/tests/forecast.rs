//! Forecasts from made-up histories: what any grid may rely on.

use catalog::{Catalog, FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};
use grid::forecast::{blend, from_history};

/// 2026-06-01T00:00:00Z, a Monday.
const NOW: UtcSeconds = UtcSeconds(1_780_272_000);
const HOUR: i64 = 3600;

fn signal(kind: SignalKind, from: UtcSeconds, step_s: u32, values: Vec<f64>) -> Signal {
    Signal {
        source: "made up".to_owned(),
        zone: "ZZ".to_owned(),
        kind,
        factor_type: FactorType::LifeCycle,
        quality: Quality::Live,
        issued_at: Some(from),
        estimated: false,
        series: Series::new(from, step_s, values).expect("finite values"),
    }
}

/// A history of so many hours that ends `lag` hours before [`NOW`].
fn history(hours: i64, lag: i64, value: impl Fn(i64) -> f64) -> Signal {
    let from = UtcSeconds(NOW.0 - (hours + lag) * HOUR);
    let values = (-(hours + lag)..-lag).map(value).collect();
    signal(SignalKind::Average, from, 3600, values)
}

fn flat(level: f64, hours: usize) -> Signal {
    let from = UtcSeconds(NOW.0 - 28 * 24 * HOUR);
    let mut out = signal(
        SignalKind::Average,
        from,
        3600,
        vec![level; 28 * 24 + hours],
    );
    out.quality = Quality::Annual;
    out
}

fn until(hours: i64) -> UtcSeconds {
    UtcSeconds(NOW.0 + hours * HOUR)
}

/// Dark hours at 400, six bright ones at 200.
fn sunny(hour: i64) -> f64 {
    if (9..15).contains(&hour.rem_euclid(24)) {
        200.0
    } else {
        400.0
    }
}

#[test]
fn what_never_varies_is_forecast_as_it_is() {
    for hours in [24, 30, 168, 400, 1000] {
        let forecast = from_history(
            &history(hours, 0, |_| 652.0),
            &flat(600.0, 240),
            NOW,
            until(240),
        )
        .expect("a forecast");
        let series = &forecast.series;
        assert_eq!(
            (series.start(), series.end(), series.step_s()),
            (NOW, until(240), 3600)
        );
        assert_eq!(
            (forecast.quality, forecast.issued_at),
            (Quality::Forecast, Some(NOW))
        );
        for (value, [low, high]) in series.values().iter().zip(series.ranges()) {
            assert!(
                (value - 652.0).abs() < 1e-9 && high - low < 1e-9,
                "{hours} h of history"
            );
        }
        // No start is better than another, and none is inside a noise either.
        assert_eq!(series.difference_sd(NOW, until(12), 6.0, 20.0), Some(0.0));
    }
}

#[test]
fn a_daily_shape_goes_on_whatever_the_history_looks_like() {
    // Minutes, half hours, a lag of a day as with EIA, one day only, a part of an hour at the end.
    let fine = |step: i64, hours: i64| {
        let from = UtcSeconds(NOW.0 - hours * HOUR);
        let values = (0..hours * HOUR / step)
            .map(|i| sunny((from.0 + i * step).div_euclid(HOUR) - NOW.0 / HOUR))
            .collect();
        signal(SignalKind::Average, from, step as u32, values)
    };
    let mut part = fine(300, 700);
    let mut values = part.series.values().to_vec();
    values.truncate(values.len() - 7);
    part.series = Series::new(part.series.start(), 300, values).expect("finite values");
    for (name, history) in [
        ("hours", history(700, 0, sunny)),
        ("5 min", fine(300, 700)),
        ("30 min", fine(1800, 700)),
        ("part of an hour", part),
        ("a day late", history(700, 26, sunny)),
        ("one day", history(24, 0, sunny)),
        ("ten days", history(240, 0, sunny)),
    ] {
        for (kind, now) in [
            ("on the hour", NOW),
            ("within it", UtcSeconds(NOW.0 + 1234)),
        ] {
            let forecast = from_history(&history, &flat(350.0, 96), now, until(96));
            let forecast = forecast.unwrap_or_else(|error| panic!("{name}: {error}"));
            let series = &forecast.series;
            assert_eq!(series.start(), NOW, "{name} {kind}");
            for (hour, (value, [low, high])) in
                series.values().iter().zip(series.ranges()).enumerate()
            {
                let came = sunny(hour as i64);
                assert!(
                    (value / came - 1.0).abs() < 0.15,
                    "{name} {kind} {hour}: {value}"
                );
                assert!(low <= value && value <= high, "{name} {kind} {hour}");
            }
            // The usual start of the best six hours.
            let best = (0..=24).min_by(|a, b| {
                let mean = |h: i64| series.mean(until(h), 6.0).expect("within reach");
                mean(*a).total_cmp(&mean(*b))
            });
            assert_eq!(best, Some(9), "{name} {kind}");
        }
    }
}

#[test]
fn what_is_no_history_is_refused_with_the_reason() {
    let say = |history: &Signal| {
        from_history(history, &flat(350.0, 96), NOW, until(96))
            .map(|_| ())
            .expect_err("no forecast")
    };
    assert!(say(&history(23, 0, sunny)).contains("23 h of history are too few"));
    assert!(say(&history(600, 200, sunny)).contains("ends 200 h ago"));
    assert!(say(&history(600, 0, |_| 0.0)).contains("not positive"));
    assert!(say(&history(600, 0, |h| h as f64)).contains("not positive"));
}

/// The usual hours of the average say nothing of the marginal plant; the other weights are used.
#[test]
fn usual_hours_help_only_their_own_kind() {
    let catalog = Catalog::embedded();
    let region = catalog
        .region("us-west-1")
        .expect("a region with a profile");
    let expected = region.expected(UtcSeconds(NOW.0 - 28 * 24 * HOUR), 28 * 24 + 96);
    let average = history(700, 0, sunny);
    let mut marginal = average.clone();
    marginal.kind = SignalKind::Marginal;
    let of = |history: &Signal, expected: &Signal| {
        from_history(history, expected, NOW, until(96))
            .expect("a forecast")
            .series
    };
    assert_ne!(of(&average, &expected), of(&average, &flat(208.0, 96)));
    assert_eq!(of(&marginal, &expected), of(&marginal, &flat(208.0, 96)));
    // A day of history takes most of its shape from the usual hours.
    let short = of(&history(24, 0, |_| 208.0), &expected);
    let usual = |hour: usize| expected.series.values()[28 * 24 + hour];
    assert!(short.values()[28] > short.values()[44] && usual(28) > usual(44));
}

#[test]
fn a_blend_keeps_the_steps_and_fades_into_what_is_usual() {
    let shifted = |i: i64, step: i64| 0.8 * sunny((i * step).div_euclid(HOUR));
    let known = history(700, 0, sunny);
    for step in [300, 1800, 3600] {
        let values = (0..72 * HOUR / step).map(|i| shifted(i, step)).collect();
        let forecast = signal(SignalKind::Average, NOW, step as u32, values);
        let other = signal(
            SignalKind::Marginal,
            NOW,
            step as u32,
            vec![900.0; (72 * HOUR / step) as usize],
        );
        for (name, mixed) in [
            ("history", blend(&forecast, &flat(350.0, 240), Some(&known))),
            ("nothing", blend(&forecast, &flat(350.0, 240), None)),
            (
                "a history of another kind",
                blend(&other, &flat(350.0, 240), Some(&known)),
            ),
            (
                "a short expectation",
                blend(&forecast, &flat(350.0, 24), Some(&known)),
            ),
        ] {
            let series = &mixed.series;
            assert_eq!(i64::from(series.step_s()), step, "{name}");
            let reach = if name == "a short expectation" {
                72
            } else {
                240
            };
            assert!(
                series.end() >= until(72) && series.end() <= until(reach),
                "{name}"
            );
            assert_eq!(series.ranges().len(), series.values().len(), "{name}");
            let at = |hour: i64| series.at(until(hour)).expect("within reach");
            match name {
                // Between the forecast and the history, nearer to the forecast on the first day; alike in the end.
                "history" => {
                    assert_eq!(series.end(), until(240));
                    assert!((320.0..344.0).contains(&at(20)), "{}", at(20));
                    assert!((330.0..390.0).contains(&at(64)), "{}", at(64));
                    assert!((390.0..410.0).contains(&at(236)), "{}", at(236));
                }
                "a history of another kind" => assert!((at(20) - 900.0).abs() < 1e-6),
                _ => assert!((280.0..344.0).contains(&at(20)), "{name}: {}", at(20)),
            }
        }
    }
}
