//! What the sources of carbon signals call a region's grid, and what each fuel emits.

use crate::{SourceId, generated};

/// The zone of a region in the naming of a signal source that has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalZone {
    /// AWS region.
    pub region: &'static str,
    /// The source, as it is written in a configuration: `watttime`.
    pub signal_source: &'static str,
    /// The zone in its naming: `CAISO_NORTH`.
    pub zone: &'static str,
    /// Who says that they belong together.
    pub source: SourceId,
}

/// Every region that a signal source with its own naming covers.
#[must_use]
pub fn signal_zones() -> &'static [SignalZone] {
    &generated::SIGNAL_ZONES
}

/// What one kWh from a fuel emits, in gCO2e.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GenerationFactor {
    /// EIA's code: `NG`.
    pub code: &'static str,
    /// `natural gas`.
    pub fuel: &'static str,
    /// With building and fuel.
    pub life_cycle: f64,
    /// Operation only.
    pub direct: f64,
    /// Counts as renewable.
    pub renewable: bool,
    /// Gives back what was generated before: counted neither as generation nor as emission.
    pub storage: bool,
    /// Where the factors come from.
    pub source: SourceId,
}

/// The factors of every fuel code.
#[must_use]
pub fn generation_factors() -> &'static [GenerationFactor] {
    &generated::GENERATION_FACTORS
}

/// Number and name of each region that Great Britain's operator speaks of on its own: `(13, "London")`.
#[must_use]
pub fn gb_regions() -> &'static [(u8, &'static str)] {
    &generated::GB_REGIONS
}
