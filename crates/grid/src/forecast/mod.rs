//! Forecasts from a signal's own history, and a better one out of somebody else's forecast.
//!
//! [`from_history`] is a linear regression on lags, directly for each lead, with the same weights for every grid: what
//! is left over is on grids that it has not seen as small as on those that it was fitted on, and 28 days of history
//! are too few to fit weights on each. [`blend`] mixes a forecast with that, or with the grid's usual hours, by
//! weights that shrink with the lead: errors of a forecast grow with the lead, those of a usual shape do not.
//!
//! Weights and the widths of the ranges are `crates/catalog/data/forecast.csv`, fitted and measured by
//! `examples/skill`. Functions here are pure, and take well below a millisecond for 96 h.

mod blend;
mod lags;
mod past;

pub use blend::{beside, blend, spread};
pub use lags::{Features, LAGS, from_history};
pub use past::{PAST_HOURS, Past};
