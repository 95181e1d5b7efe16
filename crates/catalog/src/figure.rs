//! A figure and where it comes from.

/// Which entry of the sources table a figure cites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u8);

impl SourceId {
    /// The user's own file of figures (`catalog_overrides`).
    pub const OVERRIDE: Self = Self(u8::MAX);
    /// AWS's price list, read while the provider ran.
    pub const LIVE: Self = Self(u8::MAX - 1);
}

/// Where figures come from, and what may be done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short name used in the data files.
    pub key: &'static str,
    /// What it is, as a citation.
    pub title: &'static str,
    /// Date or version of the copy the figures were taken from.
    pub date: &'static str,
    /// Licence or other ground for shipping the figures.
    pub licence: &'static str,
}

/// A value with its plausible range and its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Central value.
    pub value: f64,
    /// Lower end of the plausible range.
    pub low: f64,
    /// Upper end of the plausible range.
    pub high: f64,
    /// Where it comes from.
    pub source: SourceId,
}

impl Figure {
    /// A figure whose range is given as half-widths in natural logarithms.
    #[must_use]
    pub fn from_ln(value: f64, down: f64, up: f64, source: SourceId) -> Self {
        Self {
            value,
            low: value * (-down).exp(),
            high: value * up.exp(),
            source,
        }
    }
}
