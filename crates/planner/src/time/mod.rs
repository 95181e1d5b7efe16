//! When: start windows over intensities that change, and what they are worth.
//!
//! | module | what it does |
//! |---|---|
//! | asked | what a request says about time: start, signals, spot prices |
//! | answered | what a decision says about time: windows and pauses |
//! | curve | an intensity as its running sum |
//! | windows | what a start comes to, and the best of many |
//! | grid | what a region's grid is taken to emit: series from outside over the catalogue's expectation |
//! | timing | a request's time and its grids |
//! | settle | the start of a candidate, and whether it is better beyond doubt |
//! | shown | windows and pauses of the chosen candidate |
//! | split | the best stretches of a run that may pause |
//! | words | a decision's time in words |
//! | moment | moments as text |

mod answered;
mod asked;
mod curve;
mod grid;
mod moment;
mod settle;
pub(crate) mod shown;
mod split;
mod timing;
mod windows;
pub(crate) mod words;

pub use answered::{Pausing, Segment, Window};
pub(crate) use asked::problem;
pub use asked::{Signals, SpotPrices, Start};
pub use curve::Curve;
pub(crate) use grid::Grid;
pub(crate) use moment::{as_optional_text, as_text, minute_up, short};
pub use moment::{parse_rfc3339, rfc3339};
pub(crate) use settle::When;
pub use split::{Pause, Split, best_split};
pub(crate) use timing::Timing;
pub use windows::{Load, Starts, best_start};
