//! The start of a candidate: which is best, and whether it is better than at once beyond doubt.

use catalog::{SD_PER_SIDE, UtcSeconds, sd_of_difference};

use super::grid::Grid;
use super::windows::{Limits, search};
use super::{Curve, Load, Start, Starts};
use crate::model::Figures;
use crate::rules::Why;
use crate::solve::{Found, Solver, nine_digits};

/// When a candidate starts, and what is known about that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct When {
    pub(crate) start: UtcSeconds,
    /// Whether that is as early as allowed.
    pub(crate) at_once: bool,
    /// A later start that promises less, if it is not the one that was chosen.
    pub(crate) tempting: Option<UtcSeconds>,
    /// Whether there was more than one start to choose from.
    pub(crate) choice: bool,
}

impl When {
    pub(crate) fn start(&self) -> Start {
        if self.at_once {
            Start::AtOnce
        } else {
            Start::At(self.start)
        }
    }
}

impl Solver<'_> {
    /// Gives a candidate its start; `no` says whether to go on with one that meets no limit.
    pub(crate) fn settle(&self, found: &mut Found, no: &mut dyn FnMut(Why) -> bool) -> bool {
        let m = &self.m;
        let (Some(time), Some(grid)) = (&m.time, m.grid(found.region)) else {
            return true;
        };
        let at_once = Starts {
            first: time.earliest,
            last: time.earliest,
        };
        let starts = match (time.starts(found.high_h), time.deadline) {
            (Some(starts), _) => starts,
            (None, None) => at_once,
            (None, Some(deadline)) => {
                let ends = time.first().plus_hours(found.high_h);
                if !no(Why::Deadline { ends, deadline }) {
                    return false;
                }
                at_once
            }
        };
        let most_mean = m.request.carbon_intensity_threshold.map(|most| most.0);
        let limits = Limits {
            most_mean: most_mean.unwrap_or(f64::INFINITY),
            least_gain: m.catalog.constants().start_least_gain.value,
            is_sure: &|first, later| self.is_sure(&found.x.load, grid, first, later),
        };
        let choice = starts.on(&grid.curve).nth(1).is_some();
        let settled = match self.by_price(found, grid, starts, limits.most_mean) {
            Some(start) => start.map(|start| (start, None)),
            None => search(&found.x.load, &grid.curve, starts, &limits)
                .map(|s| (s.best, s.tempting.filter(|t| *t != s.best))),
        };
        let (start, tempting) = match settled {
            Some(settled) => settled,
            None => {
                let most = most_mean.unwrap_or_default();
                let hours = found.x.load.hours();
                let least = |starts| best_mean(&grid.curve, hours, starts);
                let (start, own) = least(starts);
                // How much more time would do?
                let most_h = m.catalog.constants().proposed_delay_hours.value;
                let more = Starts {
                    last: starts.first.plus_hours(most_h),
                    ..starts
                };
                let enough = more.on(&grid.curve).find(|start| {
                    *start > starts.last && grid.curve.integral(*start, hours) / hours <= most
                });
                let delays = enough.map(|start| {
                    [time.last, start].map(|moment| moment.hours_since(time.earliest))
                });
                if !no(Why::Threshold { own, most, delays }) {
                    return false;
                }
                (start, None)
            }
        };
        self.move_to(found, start);
        found.when = Some(When {
            start,
            at_once: start == time.earliest,
            tempting,
            choice,
        });
        true
    }

    /// Gives a candidate another start and its figures.
    pub(crate) fn move_to(&self, found: &mut Found, start: UtcSeconds) {
        self.m.start_at(
            &mut found.x,
            found.instance_type,
            found.region,
            found.buying,
            start,
        );
        found.objective = self.objective(&found.x);
        if let (Some(when), Some(time)) = (&mut found.when, &self.m.time) {
            when.start = start;
            when.at_once = start == time.earliest;
            when.tempting = when.tempting.filter(|t| *t != start);
        }
    }

    /// Whether a later start emits less than an earlier one by more than the error of the difference, times
    /// `start_noise_multiple`: the expected saving is real long before a single run proves it.
    fn is_sure(&self, load: &Load, grid: &Grid, first: UtcSeconds, later: UtcSeconds) -> bool {
        let Some([low, high]) = &grid.ranges else {
            return true;
        };
        let c = self.m.catalog.constants();
        let hours = load.hours();
        let sd = [first, later].map(|start| {
            let width = high.integral(start, hours) - low.integral(start, hours);
            width / hours / (2.0 * SD_PER_SIDE)
        });
        let gain = load.total(&grid.curve, first) - load.total(&grid.curve, later);
        let least = c.start_noise_multiple.value * load.training_kw * hours;
        // Errors that have something in common differ by less than independent ones: no need to ask further.
        if gain > least * sd[0].hypot(sd[1]) {
            return true;
        }
        let memory = c.start_noise_memory_hours.value;
        let error = sd_of_difference(sd, later.hours_since(first), hours, memory);
        gain > least * error
    }

    /// Where the price changes over time and counts: every start is looked at. `None` where it does not;
    /// `Some(None)` where no start is below the threshold.
    fn by_price(
        &self,
        found: &Found,
        grid: &Grid,
        starts: Starts,
        most_mean: f64,
    ) -> Option<Option<UtcSeconds>> {
        let (m, time) = (&self.m, self.m.time.as_ref()?);
        let (r, t) = (&m.regions()[found.region], &m.types()[found.instance_type]);
        if !matches!(found.buying, crate::model::Buying::Spot { .. }) {
            return None;
        }
        time.spot_price(r.name, t.name)?;
        let hours = found.x.load.hours();
        let mut best: Option<(f64, f64, UtcSeconds)> = None;
        for start in starts.on(&grid.curve) {
            if grid.curve.integral(start, hours) / hours > most_mean {
                continue;
            }
            let mut x = found.x;
            m.start_at(
                &mut x,
                found.instance_type,
                found.region,
                found.buying,
                start,
            );
            let own = (self.objective(&x), nine_digits(x.kg), start);
            if best.is_none_or(|b| (own.0, own.1) < (b.0, b.1)) {
                best = Some(own);
            }
        }
        Some(best.map(|(.., start)| start))
    }

    /// A bound below every start's figures.
    pub(crate) fn at_best(&self, x: &Figures, region: usize) -> Figures {
        let mut best = *x;
        if let Some(grid) = self.m.grid(region) {
            best.set_intensity([grid.curve.bounds()[0]; 3]);
        }
        best
    }
}

/// The start with the least mean, and that mean.
fn best_mean(curve: &Curve, hours: f64, starts: Starts) -> (UtcSeconds, f64) {
    let (start, total) = super::best_start(&Load::flat(hours), curve, starts);
    (start, total / hours)
}
