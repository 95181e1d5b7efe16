//! The best split of a run into stretches with pauses between them.
//!
//! Time is cut into cells, mostly the steps of the curve. The training fills whole cells, and one of them
//! in part, at the beginning or the end of a stretch, when its hours are no multiple. Where pauses cost
//! nothing that loses nothing: with the intensity constant within a cell, what a stretch does at its two
//! ends is linear in how far it reaches into the cells there, and of a linear problem with one sum to keep
//! some solution has at most one end within a cell.
//!
//! Without a cost per pause the cells with the least intensity are the answer, since they do not depend
//! on each other. Otherwise the answer is the best of all such splits, by dynamic programming over (cells passed, cells of
//! training done, partial cell used or not, training or not at the end of the cell).

use catalog::UtcSeconds;

use super::windows::Starts;
use super::{Curve, Load, Segment};

/// What a pause takes, at start-up power, in the time before training goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pause {
    /// Hours to save, start again and load.
    pub hours: f64,
    /// kW meanwhile.
    pub kw: f64,
}

/// A run in stretches, and what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The stretches of training, earliest first.
    pub segments: Vec<Segment>,
    /// kW times hours times the curve's unit, start-up and pauses included.
    pub total: f64,
}

/// More work than this is not done: the cells become longer.
const MOST_STATES: usize = 30_000;

/// The best split of a run that starts no earlier than `starts.first` and ends no later than if it had
/// started at `starts.last` in one piece. `None` where the time is too short for one run in one piece
/// on the cells' grid.
#[must_use]
pub fn best_split(load: &Load, curve: &Curve, starts: Starts, pause: Pause) -> Option<Split> {
    let until = starts.last.plus_hours(load.hours());
    let first = starts.first.plus_hours(load.startup_h);
    let from = curve.moment((curve.place(first) - 1e-6).ceil());
    let mut cell_h = curve.step_h();
    loop {
        let cells = Cells::new(load, curve, from, until, cell_h, pause)?;
        let fits = cells.count() * (cells.whole + 1) <= MOST_STATES && pause.hours <= cell_h;
        if fits || cells.whole == 0 {
            return cells.solve();
        }
        cell_h *= 2.0;
    }
}

/// How a cell ends: without training, with it, or without it after a part of the cell.
const IDLE: usize = 0;
const TRAINS: usize = 1;
const ENDED: usize = 2;
/// How many they are.
const ENDS: usize = 3;
/// What is done in a cell, beside how the one before it ended: nothing, all of it, its first part, its last.
const REST: usize = 0;
const WHOLE: usize = 4;
const HEAD: usize = 8;
const TAIL: usize = 12;

/// The time in which a run may train, cut into cells.
struct Cells<'a> {
    load: &'a Load,
    curve: &'a Curve,
    from: UtcSeconds,
    cell_h: f64,
    /// The integral of the curve over each cell.
    sums: Vec<f64>,
    pause: Pause,
    /// Whole cells of training, and the part of one that is left.
    whole: usize,
    part: f64,
}

impl<'a> Cells<'a> {
    fn new(
        load: &'a Load,
        curve: &'a Curve,
        from: UtcSeconds,
        until: UtcSeconds,
        cell_h: f64,
        pause: Pause,
    ) -> Option<Self> {
        let count = (until.hours_since(from) / cell_h + 1e-9).floor() as usize;
        let whole = (load.training_h / cell_h + 1e-9).floor();
        let part = (load.training_h / cell_h - whole).max(0.0);
        let part = if part < 1e-6 { 0.0 } else { part };
        let whole = whole as usize;
        let first = curve.place(from);
        let sums: Vec<f64> = (0..count)
            .map(|i| {
                let at = |i: usize| curve.before(first + i as f64 * cell_h / curve.step_h());
                (at(i + 1) - at(i)) * curve.step_h()
            })
            .collect();
        (count >= whole + usize::from(part > 0.0) && whole > 0).then_some(Self {
            load,
            curve,
            from,
            cell_h,
            sums,
            pause,
            whole,
            part,
        })
    }

    fn count(&self) -> usize {
        self.sums.len()
    }

    fn solve(&self) -> Option<Split> {
        let free = self.pause.kw * self.pause.hours == 0.0
            && self.load.startup_kw * self.load.startup_h == 0.0
            && self.part == 0.0;
        let filled = if free {
            self.cheapest()
        } else {
            self.planned()?
        };
        Some(self.written(&filled))
    }

    /// The cells with the least sums; the earlier of equals.
    fn cheapest(&self) -> Vec<(usize, f64, f64)> {
        let mut order: Vec<usize> = (0..self.count()).collect();
        order.sort_by(|a, b| self.sums[*a].total_cmp(&self.sums[*b]).then(a.cmp(b)));
        order.truncate(self.whole);
        order.sort_unstable();
        order.into_iter().map(|i| (i, 0.0, 1.0)).collect()
    }

    /// What beginning to train at the start of a cell (or later in it) costs: the start-up before the
    /// first stretch, a pause before each other.
    fn begin(&self, cell: usize, later: f64, first: bool) -> f64 {
        let (hours, kw) = if first {
            (self.load.startup_h, self.load.startup_kw)
        } else {
            (self.pause.hours, self.pause.kw)
        };
        let from = self
            .from
            .plus_hours((cell as f64 + later) * self.cell_h - hours);
        kw * self.curve.integral(from, hours)
    }

    /// The integral of the curve over a stretch of a cell.
    fn within(&self, cell: usize, begins: f64, ends: f64) -> f64 {
        let from = self.curve.place(self.from) * self.curve.step_h() / self.cell_h + cell as f64;
        let at = |within: f64| {
            let place = (from + within) * self.cell_h / self.curve.step_h();
            self.curve.before(place)
        };
        (at(ends) - at(begins)) * self.curve.step_h()
    }

    /// Exact by dynamic programming; for each cell that trains, where in it training begins and ends.
    fn planned(&self) -> Option<Vec<(usize, f64, f64)>> {
        let (n, m) = (self.count(), self.whole);
        let parts = if self.part > 0.0 { 2 } else { 1 };
        let kw = self.load.training_kw;
        let index = |done: usize, part: usize, end: usize| (done * parts + part) * ENDS + end;
        let states = (m + 1) * parts * ENDS;
        let mut cost = vec![f64::INFINITY; states];
        cost[index(0, 0, IDLE)] = 0.0;
        let mut moves: Vec<u8> = vec![0; n * states];
        // Whether what is left of a cell that trained in part is enough for a pause.
        let brief = (1.0 - self.part) * self.cell_h + 1e-9 >= self.pause.hours;
        for i in 0..n {
            let mut next = vec![f64::INFINITY; states];
            let mut offer = |to: usize, value: f64, way: usize| {
                if value < next[to] {
                    next[to] = value;
                    moves[i * states + to] = way as u8;
                }
            };
            let late = 1.0 - self.part;
            let begin = [false, true].map(|first| self.begin(i, 0.0, first));
            let begin_late = [false, true].map(|first| self.begin(i, late, first));
            let whole = kw * self.sums[i];
            let head = kw * self.within(i, 0.0, self.part);
            let tail = kw * self.within(i, late, 1.0);
            for done in 0..=m.min(i) {
                for part in 0..parts {
                    let first = usize::from(done == 0 && part == 0);
                    for end in [IDLE, TRAINS, ENDED] {
                        let so_far = cost[index(done, part, end)];
                        if so_far == f64::INFINITY {
                            continue;
                        }
                        offer(index(done, part, IDLE), so_far, end | REST);
                        let starting = match end {
                            TRAINS => 0.0,
                            ENDED if !brief => f64::INFINITY,
                            _ => begin[first],
                        };
                        if done < m {
                            let value = so_far + starting + whole;
                            offer(index(done + 1, part, TRAINS), value, end | WHOLE);
                        }
                        if part + 1 < parts {
                            // The last of a stretch, or the first of one.
                            let value = so_far + starting + head;
                            offer(index(done, 1, ENDED), value, end | HEAD);
                            if end == IDLE {
                                let value = so_far + begin_late[first] + tail;
                                offer(index(done, 1, TRAINS), value, end | TAIL);
                            }
                        }
                    }
                }
            }
            cost = next;
        }
        let (mut done, mut part) = (m, parts - 1);
        let of = |end: usize| cost[index(m, parts - 1, end)];
        let mut end = [IDLE, TRAINS, ENDED]
            .into_iter()
            .min_by(|a, b| of(*a).total_cmp(&of(*b)))?;
        of(end).is_finite().then_some(())?;
        let mut filled = Vec::new();
        for i in (0..n).rev() {
            let way = usize::from(moves[i * states + index(done, part, end)]);
            match way & !3 {
                WHOLE => {
                    done -= 1;
                    filled.push((i, 0.0, 1.0));
                }
                HEAD => {
                    part = 0;
                    filled.push((i, 0.0, self.part));
                }
                TAIL => {
                    part = 0;
                    filled.push((i, 1.0 - self.part, 1.0));
                }
                _ => {}
            }
            end = way & 3;
        }
        filled.reverse();
        Some(filled)
    }

    /// Stretches from cells that touch, and their total.
    fn written(&self, filled: &[(usize, f64, f64)]) -> Split {
        let at =
            |cell: usize, within: f64| self.from.plus_hours((cell as f64 + within) * self.cell_h);
        let mut segments: Vec<Segment> = Vec::new();
        let mut total = 0.0;
        for (cell, begins, ends) in filled.iter().copied() {
            let (start, end) = (at(cell, begins), at(cell, ends));
            total += self.load.training_kw * self.within(cell, begins, ends);
            match segments.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => {
                    total += self.begin(cell, begins, segments.is_empty());
                    segments.push(Segment { start, end });
                }
            }
        }
        Split { segments, total }
    }
}
