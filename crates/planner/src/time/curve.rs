//! An intensity (or a price) over time as its running sum, so that any window costs a few look-ups.

use catalog::{Series, UtcSeconds};

/// The running sum of values that each hold for one step. Beyond its end the mean of all of it goes on,
/// before its start the first value.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    start: UtcSeconds,
    step_s: u32,
    /// `sums[i]` is the sum of the values before step `i`, so that no values have to be kept beside it.
    sums: Vec<f64>,
    least: f64,
    most: f64,
}

impl From<&Series> for Curve {
    fn from(series: &Series) -> Self {
        let mut curve = Self::with_capacity(series.start(), series.step_s(), series.values().len());
        curve.extend(series.values().iter().copied());
        curve
    }
}

impl Curve {
    /// No value yet, and room for some.
    pub(super) fn with_capacity(start: UtcSeconds, step_s: u32, steps: usize) -> Self {
        let mut sums = Vec::with_capacity(steps + 1);
        sums.push(0.0);
        Self {
            start,
            step_s: step_s.max(1),
            sums,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }

    /// Adds steps.
    pub(super) fn extend(&mut self, values: impl Iterator<Item = f64>) {
        let (mut least, mut most) = (self.least, self.most);
        let mut sum = self.sums.last().copied().unwrap_or(0.0);
        self.sums.extend(values.map(|value| {
            least = f64::min(least, value);
            most = f64::max(most, value);
            sum += value;
            sum
        }));
        (self.least, self.most) = (least, most);
    }

    /// Hours per step.
    #[must_use]
    pub fn step_h(&self) -> f64 {
        f64::from(self.step_s) / 3600.0
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(&self) -> UtcSeconds {
        UtcSeconds(self.start.0 + (self.sums.len() as i64 - 1) * i64::from(self.step_s))
    }

    /// Its least and its greatest value.
    #[must_use]
    pub fn bounds(&self) -> [f64; 2] {
        [self.least, self.most]
    }

    /// The mean of all of it.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let steps = self.sums.len() - 1;
        self.sums[steps] / (steps.max(1) as f64)
    }

    /// The integral over `hours` from `from` in value times hours, exact for parts of a step.
    #[must_use]
    pub fn integral(&self, from: UtcSeconds, hours: f64) -> f64 {
        let place = self.place(from);
        (self.before(place + hours / self.step_h()) - self.before(place)) * self.step_h()
    }

    /// Where a moment lies, in steps from the start.
    pub(super) fn place(&self, moment: UtcSeconds) -> f64 {
        (moment.0 - self.start.0) as f64 / f64::from(self.step_s)
    }

    /// The moment at a place, to the second.
    pub(super) fn moment(&self, place: f64) -> UtcSeconds {
        UtcSeconds(self.start.0 + (place * f64::from(self.step_s)).round() as i64)
    }

    /// The sum of the values before a place, which may lie within a step.
    pub(super) fn before(&self, place: f64) -> f64 {
        let steps = self.sums.len() - 1;
        if place < 0.0 {
            return place * self.value(0);
        }
        let whole = place as usize;
        if whole >= steps {
            return self.sums[steps] + (place - steps as f64) * self.mean();
        }
        let below = self.sums[whole];
        below + (place - whole as f64) * (self.sums[whole + 1] - below)
    }

    /// The value of a step; beyond the end the mean.
    pub(super) fn value(&self, step: usize) -> f64 {
        match (self.sums.get(step), self.sums.get(step + 1)) {
            (Some(below), Some(above)) => above - below,
            _ => self.mean(),
        }
    }
}
