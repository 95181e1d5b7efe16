//! Carbon signals: what a grid emits per kWh, now, in the past and in the hours to come.
//!
//! [`Grid`] asks one [`Source`] for many places at once and answers with [`catalog::Signal`]s. Each says who
//! issued it and when, for which zone, what kind of statement it is and whether it was estimated. Nothing here
//! decides anything: that is the planner's. Nothing here reads a clock either: the caller says what time it is.
//!
//! A source that fails is no error, which would block plans that have nothing to do with it: the embedded
//! signal stands in, with a warning, or the reason stands where the signal would.

mod ask;
mod cache;
pub mod contract;
pub mod forecast;
mod grid;
mod http;
mod moment;
mod outlook;
mod points;
mod secret;
mod settings;
mod source;
mod sources;

pub use ask::{Answer, Answers, Asked, Missing, Place, Warning, What};
pub use grid::{Grid, MOST_IN_FLIGHT};
pub use secret::Secret;
pub use settings::{
    CONNECT_TIMEOUT, CacheSettings, Fallback, Settings, SettingsError, SourceName, TIMEOUT,
};
pub use source::{Failure, Question, Reason, Source};
