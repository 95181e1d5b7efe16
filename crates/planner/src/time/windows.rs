//! What a run emits when it starts at a moment, and the best of many moments.
//!
//! The emissions of a start `s` are `a (C(s+o) - C(s)) + b (C(s+H) - C(s+o))`, where `C` is the running
//! integral of the intensity, `a` and `b` the power during start-up and training, `o` and `H` the hours
//! until training begins and ends. As `s` moves by a step `d`, they change by no more than
//! `d max(a, b) (greatest - least intensity)`. So a start whose emissions are above the best known by
//! some amount rules out those that follow within a known distance; they are skipped, and the answer is
//! the same as if each had been looked at.

use catalog::UtcSeconds;

use super::Curve;

/// What a run draws: first at one power, then at another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// kW during start-up.
    pub startup_kw: f64,
    /// Hours of start-up.
    pub startup_h: f64,
    /// kW during training.
    pub training_kw: f64,
    /// Hours of training, repeated work included.
    pub training_h: f64,
}

impl Load {
    /// One kW for some hours, without any start-up.
    #[must_use]
    pub fn flat(hours: f64) -> Self {
        Self {
            startup_kw: 0.0,
            startup_h: 0.0,
            training_kw: 1.0,
            training_h: hours,
        }
    }

    /// Hours from start to end.
    #[must_use]
    pub fn hours(&self) -> f64 {
        self.startup_h + self.training_h
    }

    /// What a start comes to: kW times hours times the curve's unit, grams for an intensity.
    #[must_use]
    pub fn total(&self, curve: &Curve, start: UtcSeconds) -> f64 {
        self.total_at(curve, curve.place(start))
    }

    pub(super) fn total_at(&self, curve: &Curve, place: f64) -> f64 {
        let steps_h = curve.step_h();
        let from = curve.before(place);
        let training = curve.before(place + self.startup_h / steps_h);
        let end = curve.before(place + self.hours() / steps_h);
        (self.startup_kw * (training - from) + self.training_kw * (end - training)) * steps_h
    }

    /// The means of the curve over start-up, training and the whole run.
    pub(crate) fn means(&self, curve: &Curve, start: UtcSeconds) -> [f64; 3] {
        let mean = |from_h: f64, hours: f64| {
            let place = curve.place(start) + from_h / curve.step_h();
            let steps = hours / curve.step_h();
            if steps > 0.0 {
                (curve.before(place + steps) - curve.before(place)) / steps
            } else {
                curve.value(place.max(0.0) as usize)
            }
        };
        [
            mean(0.0, self.startup_h),
            mean(self.startup_h, self.training_h),
            mean(0.0, self.hours()),
        ]
    }

    /// The most that the total can fall as the start moves by one step of the curve.
    fn fall_per_step(&self, curve: &Curve) -> f64 {
        let [least, most] = curve.bounds();
        self.startup_kw.max(self.training_kw) * (most - least) * curve.step_h()
    }
}

/// The moments at which a run may start: the first, then every boundary of the curve's steps until the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Starts {
    /// The first moment.
    pub first: UtcSeconds,
    /// No start is later.
    pub last: UtcSeconds,
}

impl Starts {
    /// Every start on the curve's grid, earliest first.
    pub fn on(self, curve: &Curve) -> impl Iterator<Item = UtcSeconds> {
        let (first, last) = (curve.place(self.first), curve.place(self.last));
        std::iter::successors(Some(first), move |place| {
            let next = place.floor() + 1.0;
            (next <= last).then_some(next)
        })
        .map(|place| curve.moment(place))
    }
}

/// What a start has to meet beside emitting little.
pub(crate) struct Limits<'a> {
    /// The greatest mean of the curve over the run.
    pub(crate) most_mean: f64,
    /// By which share of it a later start has to come to less than the first one within `most_mean`.
    pub(crate) least_gain: f64,
    /// Whether a later start is better than that first one beyond doubt, given both.
    pub(crate) is_sure: &'a dyn Fn(UtcSeconds, UtcSeconds) -> bool,
}

/// A later start has to be better by more than this share: less is the rounding of the sums.
const TIE: f64 = 1e-9;

/// The start with the least total, the earliest among equals, and the total.
#[must_use]
pub fn best_start(load: &Load, curve: &Curve, starts: Starts) -> (UtcSeconds, f64) {
    let limits = Limits {
        most_mean: f64::INFINITY,
        least_gain: 0.0,
        is_sure: &|_, _| true,
    };
    let best = search(load, curve, starts, &limits).map_or(starts.first, |found| found.best);
    (best, load.total(curve, best))
}

/// What a search finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// The first start within the limit on the mean.
    pub(crate) first: UtcSeconds,
    /// The best start.
    pub(crate) best: UtcSeconds,
    /// The best one of all, sure or not, if it comes to less than the first by `least_gain`.
    pub(crate) tempting: Option<UtcSeconds>,
}

/// The best start within limits; `None` where no start meets the limit on the mean.
pub(crate) fn search(load: &Load, curve: &Curve, starts: Starts, limits: &Limits) -> Option<Found> {
    let (mut place, last) = (curve.place(starts.first), curve.place(starts.last));
    let steps = load.hours() / curve.step_h();
    let [low, high] = curve.bounds();
    let fall = load.fall_per_step(curve);
    let mean_fall = (high - low) / steps.max(f64::MIN_POSITIVE);

    let mut found: Option<Found> = None;
    // Of the first, the best and the tempting start.
    let (mut of_first, mut of_best, mut of_tempting) = (0.0, 0.0, f64::INFINITY);
    loop {
        let over = if limits.most_mean < high {
            mean(load, curve, place) - limits.most_mean
        } else {
            f64::NEG_INFINITY
        };
        let ahead = if over > 0.0 {
            steps_ahead(over, mean_fall)
        } else {
            let total = load.total_at(curve, place);
            let f = found.get_or_insert_with(|| {
                (of_first, of_best) = (total, total);
                let first = curve.moment(place);
                Found {
                    first,
                    best: first,
                    tempting: None,
                }
            });
            let to_beat = (of_best - TIE * of_best.abs()).min(of_first * (1.0 - limits.least_gain));
            if total < to_beat {
                let moment = curve.moment(place);
                if total < of_tempting {
                    (f.tempting, of_tempting) = (Some(moment), total);
                }
                if (limits.is_sure)(f.first, moment) {
                    (f.best, of_best) = (moment, total);
                }
            }
            steps_ahead(total - to_beat, fall)
        };
        // A hair less than what is ruled out: a start at its very end is looked at.
        let next = (place.floor() + 1.0).max((place + ahead - 1e-6).ceil());
        if next > last {
            return found;
        }
        place = next;
    }
}

fn mean(load: &Load, curve: &Curve, place: f64) -> f64 {
    let steps = load.hours() / curve.step_h();
    if steps > 0.0 {
        (curve.before(place + steps) - curve.before(place)) / steps
    } else {
        curve.value(place.max(0.0) as usize)
    }
}

/// How many steps it takes at least to come down by `above` when each brings no more than `fall`.
fn steps_ahead(above: f64, fall: f64) -> f64 {
    if above <= 0.0 {
        0.0
    } else if fall > 0.0 {
        above / fall
    } else {
        f64::INFINITY
    }
}
