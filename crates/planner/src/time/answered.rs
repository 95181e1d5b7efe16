//! What a decision says about time.

use catalog::UtcSeconds;
use serde::Serialize;

use super::as_text;
use crate::{GramsPerKwh, Hours, Kg, Kwh, Usd};

/// One start of the chosen candidate, and what it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Window {
    /// When it starts.
    #[serde(with = "as_text")]
    pub start: UtcSeconds,
    /// When it ends: start and the central runtime.
    #[serde(with = "as_text")]
    pub end: UtcSeconds,
    /// Mean intensity from start to end, in the signal's kind.
    pub gco2_per_kwh: GramsPerKwh,
    /// Emissions of the run: operational, embodied, transfer.
    pub kg: Kg,
    /// Cost; `None` where a price is unknown.
    pub usd: Option<Usd>,
    /// Whether it is the one that was chosen.
    pub chosen: bool,
}

/// A stretch of a run between two pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Training begins or goes on.
    #[serde(with = "as_text")]
    pub start: UtcSeconds,
    /// Training ends or pauses.
    #[serde(with = "as_text")]
    pub end: UtcSeconds,
}

/// What pausing the chosen candidate would bring. The decision itself runs in one piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pausing {
    /// The stretches in which it would train.
    pub segments: Vec<Segment>,
    /// Time that each pause adds: saving, starting again, loading.
    pub overhead_hours: Hours,
    /// Energy that each pause adds, PUE included.
    pub overhead_kwh: Kwh,
    /// Size of the checkpoint that this follows from, in GB.
    pub checkpoint_gb: f64,
    /// Emissions that it would save against the decision, pauses included.
    pub saves_kg: Kg,
    /// The same in percent of the decision's emissions.
    pub saves_percent: f64,
}
