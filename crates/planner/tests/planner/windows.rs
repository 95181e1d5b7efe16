//! The arithmetic of windows against the plainest way to do it.

use catalog::{Series, UtcSeconds};
use planner::{Curve, Load, Pause, Starts, best_split, best_start};
use proptest::prelude::*;

const START: i64 = 1_795_572_000;

fn values(most: usize) -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(0.0..900.0_f64, 2..most),
        // Few levels: many equal windows.
        prop::collection::vec(prop::sample::select(vec![20.0, 100.0, 400.0]), 2..most),
        (50.0..500.0_f64, 2..most).prop_map(|(level, n)| vec![level; n]),
    ]
}

fn load() -> impl Strategy<Value = Load> {
    (0.0..3.0_f64, 0.0..2.0_f64, 0.1..9.0_f64, 0.1..30.0_f64).prop_map(
        |(startup_kw, startup_h, training_kw, training_h)| Load {
            startup_kw,
            startup_h,
            training_kw,
            training_h,
        },
    )
}

fn curve(values: &[f64], step_s: u32) -> Curve {
    let series = Series::new(UtcSeconds(START), step_s, values.to_vec());
    Curve::from(&series.expect("an even series"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Skipping what cannot be better finds what looking at every start finds.
    #[test]
    fn no_better_start_is_skipped(values in values(400), load in load(), offset in 0..7200_i64, slack in 0.0..40.0_f64,
                                  step in prop::sample::select(vec![300_u32, 900, 1800, 3600])) {
        let curve = curve(&values, step);
        let first = UtcSeconds(START + offset);
        let starts = Starts { first, last: first.plus_hours(slack) };
        let (start, total) = best_start(&load, &curve, starts);
        let mut best = (first, load.total(&curve, first));
        for own in starts.on(&curve) {
            let total = load.total(&curve, own);
            if total < best.1 - 1e-9 * best.1.abs() {
                best = (own, total);
            }
        }
        prop_assert!((total - best.1).abs() <= 1e-6 * best.1.abs().max(1.0), "{total} against {}", best.1);
        prop_assert_eq!(start, best.0);
    }

    /// A longer slack never emits more, and neither does the freedom to pause.
    #[test]
    fn freedom_never_emits_more(values in values(200), hours in 1..20_u32, slack in 0..60_u32, more in 0..60_u32) {
        let curve = curve(&values, 3600);
        let load = Load::flat(f64::from(hours));
        let starts = |slack: u32| Starts { first: UtcSeconds(START), last: UtcSeconds(START + i64::from(slack) * 3600) };
        let at_once = load.total(&curve, UtcSeconds(START));
        let (_, short) = best_start(&load, &curve, starts(slack));
        let (_, long) = best_start(&load, &curve, starts(slack + more));
        let split = best_split(&load, &curve, starts(slack), Pause::default()).expect("whole hours").total;
        let hair = 1e-9 * at_once.max(1.0);
        prop_assert!(split <= short + hair && short <= at_once + hair && long <= short + hair, "{split} {short} {long} {at_once}");
    }

    /// A series that is shifted in time shifts the answer by as much.
    #[test]
    fn a_shift_of_the_series_shifts_the_answer(values in values(200), load in load(), shift in -1_000_000..1_000_000_i64) {
        let at = |start: i64| {
            let series = Series::new(UtcSeconds(start), 1800, values.clone()).expect("even");
            let starts = Starts { first: UtcSeconds(start), last: UtcSeconds(start + 36 * 3600) };
            let curve = Curve::from(&series);
            (best_start(&load, &curve, starts), best_split(&load, &curve, starts, Pause { hours: 0.2, kw: 1.0 }))
        };
        let ((start, total), split) = at(START);
        let ((shifted, same), moved) = at(START + shift);
        prop_assert_eq!((start.0 + shift, total), (shifted.0, same));
        prop_assert_eq!(split.as_ref().map(|s| s.total), moved.as_ref().map(|s| s.total));
        let first = |s: &Option<planner::Split>| s.as_ref().map(|s| s.segments[0].start.0);
        prop_assert_eq!(first(&split).map(|s| s + shift), first(&moved));
    }

    /// The best split is the best of all choices of whole cells and one in part, pauses included.
    #[test]
    fn no_better_split_exists(values in prop::collection::vec(0.0..500.0_f64, 9), half in 2..9_u32,
                              kw in 0.0..2.0_f64, pause_h in 0.0..1.0_f64, startup_kw in 0.0..1.0_f64) {
        let curve = curve(&values, 3600);
        let training_h = f64::from(half) / 2.0;
        let load = Load { startup_kw, startup_h: 1.0, training_kw: 1.0, training_h };
        let starts = Starts { first: UtcSeconds(START), last: UtcSeconds(START).plus_hours(8.0 - training_h) };
        let pause = Pause { hours: pause_h, kw };
        let split = best_split(&load, &curve, starts, pause).expect("it fits");
        let best = every_split(&load, &curve, 8, pause);
        prop_assert!((split.total - best).abs() < 1e-6, "{} against {best}", split.total);
        let trained: f64 = split.segments.iter().map(|s| s.end.hours_since(s.start)).sum();
        prop_assert!((trained - training_h).abs() < 1e-6);
        for pair in split.segments.windows(2) {
            prop_assert!(pair[1].start.hours_since(pair[0].end) >= pause_h - 1e-3);
        }
    }
}

/// Half hours of training in any order over hours that are each one cell: tried out one by one.
fn every_split(load: &Load, curve: &Curve, cells: usize, pause: Pause) -> f64 {
    let halves = cells * 2;
    let wanted = (load.training_h * 2.0).round() as u32;
    let from = UtcSeconds(START + 3600);
    let mut best = f64::INFINITY;
    for mask in 0_u32..1 << halves {
        let in_part = (0..cells)
            .filter(|i| matches!(mask >> (2 * i) & 3, 1 | 2))
            .count();
        if mask.count_ones() != wanted || in_part > 1 {
            continue;
        }
        let on = |i: usize| mask >> i & 1 == 1;
        let mut total = 0.0;
        let mut ended: Option<usize> = None;
        let mut legal = true;
        for i in 0..halves {
            let at = from.plus_hours(i as f64 / 2.0);
            if !on(i) {
                continue;
            }
            total += load.training_kw * curve.integral(at, 0.5);
            let begins = i == 0 || !on(i - 1);
            if begins {
                let (hours, kw) = match ended {
                    None => (load.startup_h, load.startup_kw),
                    Some(end) => {
                        legal &= (i - end) as f64 / 2.0 + 1e-9 >= pause.hours;
                        (pause.hours, pause.kw)
                    }
                };
                total += kw * curve.integral(at.plus_hours(-hours), hours);
            }
            ended = Some(i + 1);
        }
        if legal {
            best = best.min(total);
        }
    }
    best
}

#[test]
fn a_constant_series_starts_at_once() {
    let curve = curve(&[123.4; 300], 900);
    let starts = Starts {
        first: UtcSeconds(START + 77),
        last: UtcSeconds(START + 60 * 3600),
    };
    let (start, _) = best_start(&Load::flat(7.3), &curve, starts);
    assert_eq!(start, starts.first);
}
