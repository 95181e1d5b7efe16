//! When: start windows over intensities that change, and what they are worth.
//!
//! | module | what it does |
//! |---|---|
//! | asked | what a request says about time: start, signals, spot prices |
//! | answered | what a decision says about time: windows and pauses |
//! | moment | moments as text |

mod answered;
mod asked;
mod moment;

pub use answered::{Pausing, Segment, Window};
pub(crate) use asked::problem;
pub use asked::{Signals, SpotPrices, Start};
pub(crate) use moment::{as_optional_text, as_text};
pub use moment::{parse_rfc3339, rfc3339};
