//! What is asked, and what comes back.

use std::collections::BTreeMap;

use catalog::{Signal, UtcSeconds};

use crate::SourceName;

/// What a signal is wanted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An AWS region; the catalogue knows its zone.
    Region(String),
    /// A grid zone in the source's own naming: `DE`, `CAISO_NORTH`, `London`, `PJM`.
    Zone(String),
}

impl Place {
    /// Its name, which is the key of its answer.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Region(name) | Self::Zone(name) => name,
        }
    }
}

/// Which hours are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The step that is under way, or the newest one known.
    Latest,
    /// The hours to come. A source may reach less far: the series then ends earlier.
    Forecast {
        /// The first moment.
        from: UtcSeconds,
        /// The first moment that is not wanted any more.
        until: UtcSeconds,
    },
    /// Hours that are over.
    History {
        /// The first moment.
        from: UtcSeconds,
        /// The first moment that is not wanted any more.
        until: UtcSeconds,
    },
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// For what; one request per zone, however many regions share it.
    pub places: Vec<Place>,
    /// Which hours.
    pub what: What,
}

/// A signal and what has to be said with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The signal; its own fields say source, zone, kind, factor type, quality, issue time.
    pub signal: Signal,
    /// Renewable share of the generation over the hours of the signal, in percent, where the source says it.
    pub renewable_percent: Option<f64>,
    /// Whether the embedded signal stands in for the source that was asked.
    pub fallback: bool,
    /// What a reader should know: hours that were bridged, a forecast that is a rolling mean.
    pub remarks: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The reason, as one sentence.
    pub reason: String,
}

/// A zone that a source gave no answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The source that was asked.
    pub source: SourceName,
    /// The zone in its naming; the region's name where it has none.
    pub zone: String,
    /// The places that wanted this zone.
    pub places: Vec<String>,
    /// What went wrong.
    pub reason: String,
    /// Whether the embedded signal stands in; otherwise there is none.
    pub fallback: bool,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            source,
            zone,
            reason,
            ..
        } = self;
        write!(
            f,
            "{} gave no signal for {zone}: {reason}. ",
            source.title()
        )?;
        if self.fallback {
            write!(f, "The embedded signal stands in.")
        } else {
            write!(f, "Nothing stands in for it.")
        }
    }
}

/// Answers by the name of the place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// One entry per place that was asked for.
    pub by_place: BTreeMap<String, Result<Answer, Missing>>,
    /// One entry per zone that failed.
    pub warnings: Vec<Warning>,
}
