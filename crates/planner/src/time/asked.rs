//! What a request says about time.

use std::collections::BTreeMap;

use catalog::{Catalog, Series, Signal, SignalKind, UtcSeconds};
use serde::{Deserialize, Serialize};

use super::{as_text, moment::short};
use crate::Request;

/// When a job starts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Start {
    /// As soon as it is created; with `earliest_start`, then.
    #[default]
    AtOnce,
    /// At this moment, which is later than `earliest_start`.
    At(#[serde(with = "as_text")] UtcSeconds),
}

/// Intensities over time from outside the catalogue. Without them the catalogue's expectation is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Signals {
    /// What all of them count. A series of the other kind is left out, with that reason.
    pub kind: SignalKind,
    /// By AWS region.
    pub by_region: BTreeMap<String, Signal>,
    /// Why there is none, by AWS region.
    pub missing: BTreeMap<String, String>,
}

/// Spot prices over time in USD per instance and hour, by AWS region and instance type. They replace the
/// catalogue's saving where spot is bought; beyond their reach their mean goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpotPrices {
    /// By AWS region, then by type.
    pub by_place: BTreeMap<String, BTreeMap<String, Series>>,
}

/// What is wrong with what a request says about time: the attribute, and why.
pub(crate) fn problem(catalog: &Catalog, request: &Request) -> Option<(&'static str, String)> {
    let delay = request.max_start_delay_hours.0;
    // A wait that is longer than the longest run is not planned.
    let most = catalog.constants().max_training_hours.value;
    if !(0.0..=most).contains(&delay) {
        return Some((
            "max_start_delay_hours",
            format!("{delay}, it has to be 0 to {most}"),
        ));
    }
    let Some(earliest) = request.earliest_start else {
        let without = "needs earliest_start: a plan has no clock";
        return if delay > 0.0 {
            Some(("max_start_delay_hours", without.to_owned()))
        } else if request.deadline.is_some() {
            Some(("deadline", without.to_owned()))
        } else if request.start != Start::AtOnce {
            Some(("placement", without.to_owned()))
        } else if request.signals.is_some() || request.spot_prices.is_some() {
            Some(("earliest_start", "signals over time need it".to_owned()))
        } else {
            None
        };
    };
    // Beyond these years, moments in seconds and their text part ways.
    let legal = |moment: UtcSeconds| (0..253_402_300_800).contains(&moment.0);
    if !legal(earliest) {
        return Some((
            "earliest_start",
            "it has to lie between 1970 and 9999".to_owned(),
        ));
    }
    match request.deadline {
        Some(deadline) if !legal(deadline) => {
            Some(("deadline", "it has to lie between 1970 and 9999".to_owned()))
        }
        Some(deadline) if deadline <= earliest => Some((
            "deadline",
            format!(
                "{} is not after earliest_start = {}",
                short(deadline),
                short(earliest)
            ),
        )),
        _ => None,
    }
}
