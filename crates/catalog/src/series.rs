//! Values over time at an even step, and their exact means over any interval.

/// Seconds since 1970-01-01T00:00:00Z. Only the edges of the provider turn text into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcSeconds(pub i64);

impl UtcSeconds {
    /// This many hours later (earlier, when negative), to the second; at the ends of time it stays there.
    #[must_use]
    pub fn plus_hours(self, hours: f64) -> Self {
        Self(self.0.saturating_add((hours * 3600.0).round() as i64))
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

    /// Standard deviation of the error of `mean(first) - mean(second)` over runs of `hours` from either moment, in
    /// the series' unit; `None` without ranges or where the series does not reach.
    ///
    /// A range is read as 1.645 standard deviations to either side; `memory` as in [`sd_of_difference`].
    #[must_use]
    pub fn difference_sd(
        &self,
        first: UtcSeconds,
        second: UtcSeconds,
        hours: f64,
        memory: f64,
    ) -> Option<f64> {
        let sd_over = |from: UtcSeconds| -> Option<f64> {
            let step = f64::from(self.step_s);
            let begin = (from.0 - self.start.0) as f64 / step;
            let end = begin + hours * 3600.0 / step;
            if begin < 0.0 || end > self.ranges.len() as f64 + 1e-9 {
                return None;
            }
            // Whole steps are near enough for a width.
            let begin = begin as usize;
            let covered = self
                .ranges
                .get(begin..(end.ceil() as usize).max(begin + 1))?;
            let width: f64 = covered.iter().map(|[low, high]| high - low).sum();
            Some(width / covered.len() as f64 / (2.0 * SD_PER_SIDE))
        };
        let (sd_first, sd_second) = (sd_over(first)?, sd_over(second)?);
        let apart = second.hours_since(first).abs();
        Some(sd_of_difference(
            [sd_first, sd_second],
            apart,
            hours,
            memory,
        ))
    }

    /// Sum of the values before a place that may lie within a step.
    fn sum_before(&self, place: f64) -> f64 {
        let whole = (place.floor() as usize).min(self.values.len());
        let part = place - whole as f64;
        let within = self.values.get(whole).map_or(0.0, |value| value * part);
        self.sums[whole] + within
    }
}

/// Standard deviations from the middle of a normal distribution to its quantile of 95 %.
pub const SD_PER_SIDE: f64 = 1.645;

/// Standard deviation of the error of the difference of two means over `hours`, which begin `apart` hours from
/// each other, from the standard deviations of the single hours' errors in either.
///
/// Errors of one forecast are alike in hours that are near each other: their correlation is taken as
/// `exp(-t / memory)`, `memory` in hours (the catalogue's `start_noise_memory_hours`). For an error with that
/// correlation and a standard deviation of 1, the mean over `t` hours has the variance
/// `2/x (1 - (1 - exp(-x))/x)`, `x = t / memory`, and two such means that begin `d >= t` hours apart have the
/// covariance `exp(-d/memory) (exp(x) + exp(-x) - 2)/x^2` (integrals over both windows). Runs that overlap share
/// their middle, so that only their ends differ.
#[must_use]
pub fn sd_of_difference(
    [sd_first, sd_second]: [f64; 2],
    apart: f64,
    hours: f64,
    memory: f64,
) -> f64 {
    if apart == 0.0 {
        return 0.0;
    }
    // Over no time at all the mean is the value in force: the limit of a short run.
    let length = hours.min(apart).max(memory * 1e-6);
    let distance = hours.max(apart);
    let share = if hours > 0.0 {
        length / hours.max(length)
    } else {
        1.0
    };
    let x = length / memory;
    let variance = variance_of_mean(x);
    // exp(x) + exp(-x) - 2 loses its digits near 0: a series instead.
    let spread = if x < 1e-3 {
        1.0 + x * x / 12.0
    } else {
        2.0 * (x.cosh() - 1.0) / (x * x)
    };
    let covariance = (-distance / memory).exp() * spread;
    let square = (sd_first * sd_first + sd_second * sd_second) * variance
        - 2.0 * sd_first * sd_second * covariance;
    share * square.max(0.0).sqrt()
}

/// Standard deviation of the error of a mean over `hours`, as a share of that of a single hour's error, with
/// the correlation of [`sd_of_difference`].
#[must_use]
pub fn sd_of_mean(hours: f64, memory: f64) -> f64 {
    variance_of_mean(hours.max(0.0) / memory).sqrt()
}

fn variance_of_mean(x: f64) -> f64 {
    // Its terms lose their digits near 0: a series instead.
    if x < 1e-3 {
        1.0 - x / 3.0
    } else {
        2.0 / x * (1.0 + (-x).exp_m1() / x)
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

    /// Against the double sum over the hours of both runs, weighted by what each adds to the difference.
    #[test]
    fn the_error_of_a_difference_is_the_sum_over_all_pairs_of_hours() {
        let half = |i: usize| 1.645 * (10.0 + i as f64 / 50.0);
        // Steps of a minute stand for the integral.
        let values: Vec<f64> = (0..60 * 60).map(|_| 200.0).collect();
        let ranges: Vec<[f64; 2]> = (0..values.len())
            .map(|_| [200.0 - half(0), 200.0 + half(0)])
            .collect();
        let series = Series::new(UtcSeconds(0), 60, values)
            .and_then(|series| series.with_ranges(ranges))
            .expect("even");
        let memory = 20.0;
        for (run, apart) in [
            (1.0, 12.0),
            (6.0, 12.0),
            (24.0, 24.0),
            (24.0, 5.0),
            (6.0, 1.0),
        ] {
            let mut weights = vec![0.0; 60 * 60];
            let (run_min, apart_min) = ((run * 60.0) as usize, (apart * 60.0) as usize);
            for minute in 0..run_min {
                weights[minute] += 1.0 / run_min as f64;
                weights[minute + apart_min] -= 1.0 / run_min as f64;
            }
            let used: Vec<(usize, f64)> = weights
                .into_iter()
                .enumerate()
                .filter(|(_, w)| *w != 0.0)
                .collect();
            let mut variance = 0.0;
            for (i, a) in &used {
                for (j, b) in &used {
                    let hours = i.abs_diff(*j) as f64 / 60.0;
                    variance += a * b * 100.0 * (-hours / memory).exp();
                }
            }
            let sd = series
                .difference_sd(
                    UtcSeconds(0),
                    UtcSeconds((apart * 3600.0) as i64),
                    run,
                    memory,
                )
                .expect("within reach");
            assert!(
                (sd / variance.sqrt() - 1.0).abs() < 0.01,
                "{run} {apart}: {sd}"
            );
        }
        let sd = |second, run| series.difference_sd(UtcSeconds(0), UtcSeconds(second), run, memory);
        assert_eq!(sd(0, 6.0), Some(0.0));
        assert_eq!(sd(3600 * 55, 6.0), None);
        assert!(sd(3600, 0.0).is_some_and(|sd| (sd / 3.1229 - 1.0).abs() < 1e-3));
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
