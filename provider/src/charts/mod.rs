//! Charts of grids over time: pure functions from series to text and to a picture.

mod svg;
mod text;

use catalog::{Series, UtcSeconds};

pub(crate) use svg::svg;
pub(crate) use text::text;

/// Rows of a text chart and lines of a picture: more of them cannot be told apart.
pub(crate) const MAX_ROWS: usize = 8;

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// What the values are: `average, Electricity Maps`.
    pub(crate) about: String,
    /// The first moment.
    pub(crate) from: UtcSeconds,
    /// What the marked hours are: `chosen`, `best 6 h`.
    pub(crate) mark: String,
    /// Hours from there on, 1 or more.
    pub(crate) hours: u32,
    /// One row per grid, the most interesting first.
    pub(crate) rows: Vec<Row>,
}

/// One grid.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Region or zone.
    pub(crate) name: String,
    /// gCO2e/kWh.
    pub(crate) series: Series,
    /// The marked hours: from and until.
    pub(crate) marked: Option<(UtcSeconds, UtcSeconds)>,
}

impl Chart {
    /// The moment at which the chart ends.
    fn until(&self) -> UtcSeconds {
        self.from.plus_hours(f64::from(self.hours))
    }

    /// The part of the marked hours that lies within the chart.
    fn visible(&self, marked: (UtcSeconds, UtcSeconds)) -> Option<(UtcSeconds, UtcSeconds)> {
        let (from, until) = (marked.0.max(self.from), marked.1.min(self.until()));
        (from < until).then_some((from, until))
    }
}

impl Row {
    /// The mean over as much of the stretch as the series covers.
    fn mean(&self, from: UtcSeconds, until: UtcSeconds) -> Option<f64> {
        let from = from.max(self.series.start());
        let until = until.min(self.series.end());
        if from >= until {
            return None;
        }
        self.series.mean(from, until.hours_since(from))
    }
}
