//! Values over time at an even step, and their exact means over any interval.

/// Seconds since 1970-01-01T00:00:00Z. Only the edges of the provider turn text into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcSeconds(pub i64);

impl UtcSeconds {
    /// This many hours later (earlier, when negative), to the second.
    #[must_use]
    pub fn plus_hours(self, hours: f64) -> Self {
        Self(self.0 + (hours * 3600.0).round() as i64)
    }

    /// Hours from `earlier` to this moment.
    #[must_use]
    pub fn hours_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 3600.0
    }
}

/// Why values are not a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeriesError {
    /// There is no value at all.
    Empty,
    /// The step is not 1 s to 24 h.
    Step(u32),
    /// A value is not finite.
    NotFinite {
        /// Its place, from 0.
        index: usize,
    },
    /// There are not as many ranges as values, or one does not hold its value.
    Range {
        /// The place of the first one that is wrong.
        index: usize,
    },
}

impl std::fmt::Display for SeriesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "no value"),
            Self::Step(seconds) => write!(f, "a step of {seconds} s, not 1 s to 24 h"),
            Self::NotFinite { index } => write!(f, "value {index} is not a finite number"),
            Self::Range { index } => write!(f, "range {index} does not hold its value"),
        }
    }
}

impl std::error::Error for SeriesError {}

/// Values that each hold for one step: value `i` from `start + i step` until `start + (i + 1) step`.
///
/// Sums are kept beside the values, so that the mean over any interval takes two look-ups.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    start: UtcSeconds,
    step_s: u32,
    values: Vec<f64>,
    /// `sums[i]` is the sum of the values before `i`.
    sums: Vec<f64>,
    /// Least and greatest plausible value of each step (about 90 %); empty where none is known.
    ranges: Vec<[f64; 2]>,
}

impl Series {
    /// Values from `start` at a step of `step_s` seconds.
    ///
    /// # Errors
    /// No value, a step that is not 1 s to 24 h, a value that is not finite.
    pub fn new(start: UtcSeconds, step_s: u32, values: Vec<f64>) -> Result<Self, SeriesError> {
        if values.is_empty() {
            return Err(SeriesError::Empty);
        }
        if !(1..=86_400).contains(&step_s) {
            return Err(SeriesError::Step(step_s));
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(SeriesError::NotFinite { index });
        }
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for value in &values {
            sum += value;
            sums.push(sum);
        }
        Ok(Self {
            start,
            step_s,
            values,
            sums,
            ranges: Vec::new(),
        })
    }

    /// With the least and the greatest plausible value of each step.
    ///
    /// # Errors
    /// As many ranges as values are needed, each with low <= value <= high.
    pub fn with_ranges(mut self, ranges: Vec<[f64; 2]>) -> Result<Self, SeriesError> {
        let holds = |(value, [low, high]): (&f64, &[f64; 2])| {
            low.is_finite() && high.is_finite() && low <= value && value <= high
        };
        if ranges.len() != self.values.len() {
            let index = ranges.len().min(self.values.len());
            return Err(SeriesError::Range { index });
        }
        if let Some(index) = self
            .values
            .iter()
            .zip(&ranges)
            .position(|pair| !holds(pair))
        {
            return Err(SeriesError::Range { index });
        }
        self.ranges = ranges;
        Ok(self)
    }

    /// The first moment that it speaks of.
    #[must_use]
    pub fn start(&self) -> UtcSeconds {
        self.start
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(&self) -> UtcSeconds {
        UtcSeconds(self.start.0 + self.values.len() as i64 * i64::from(self.step_s))
    }

    /// Seconds per value.
    #[must_use]
    pub fn step_s(&self) -> u32 {
        self.step_s
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Least and greatest plausible value of each step; empty where none is known.
    #[must_use]
    pub fn ranges(&self) -> &[[f64; 2]] {
        &self.ranges
    }

    /// The value in force at a moment; `None` outside the series.
    #[must_use]
    pub fn at(&self, moment: UtcSeconds) -> Option<f64> {
        let index = (moment.0 - self.start.0).div_euclid(i64::from(self.step_s));
        self.values.get(usize::try_from(index).ok()?).copied()
    }

    /// The mean over `hours` from `from`, exact for parts of a step; `None` where the series does not
    /// reach over all of it. Over no time at all it is the value in force.
    #[must_use]
    pub fn mean(&self, from: UtcSeconds, hours: f64) -> Option<f64> {
        if hours <= 0.0 {
            return self.at(from);
        }
        let step = f64::from(self.step_s);
        let begin = (from.0 - self.start.0) as f64 / step;
        let end = begin + hours * 3600.0 / step;
        // A run that ends with the series may be rounded to a hair beyond it.
        let most = self.values.len() as f64;
        if begin < 0.0 || end > most + 1e-9 {
            return None;
        }
        Some((self.sum_before(end.min(most)) - self.sum_before(begin)) / (end.min(most) - begin))
    }

    /// Sum of the values before a place that may lie within a step.
    fn sum_before(&self, place: f64) -> f64 {
        let whole = (place.floor() as usize).min(self.values.len());
        let part = place - whole as f64;
        let within = self.values.get(whole).map_or(0.0, |value| value * part);
        self.sums[whole] + within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_exact_for_parts_of_a_step() {
        let series = Series::new(UtcSeconds(7200), 3600, vec![100.0, 200.0, 400.0]).expect("even");
        let mean = |from, hours| series.mean(UtcSeconds(from), hours);
        assert_eq!(mean(7200, 3.0), Some(700.0 / 3.0));
        assert_eq!(mean(9000, 1.0), Some(150.0));
        assert_eq!(mean(9000, 2.25), Some((50.0 + 200.0 + 300.0) / 2.25));
        assert_eq!(mean(7200, 0.0), Some(100.0));
        assert_eq!(mean(7199, 1.0), None);
        assert_eq!(mean(7200, 3.01), None);
        assert_eq!(series.at(UtcSeconds(18_000)), None);
        assert_eq!(series.end(), UtcSeconds(18_000));
    }

    #[test]
    fn what_is_no_series_is_refused() {
        let new = |step, values| Series::new(UtcSeconds(0), step, values);
        assert_eq!(new(3600, vec![]), Err(SeriesError::Empty));
        assert_eq!(new(0, vec![1.0]), Err(SeriesError::Step(0)));
        let index = 1;
        assert_eq!(
            new(300, vec![1.0, f64::NAN]),
            Err(SeriesError::NotFinite { index })
        );
        let series = new(300, vec![1.0, 2.0]).expect("even");
        let ranges = vec![[0.5, 1.5], [2.1, 3.0]];
        assert_eq!(
            series.with_ranges(ranges),
            Err(SeriesError::Range { index })
        );
    }
}
