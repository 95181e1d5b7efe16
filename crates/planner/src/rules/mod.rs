//! The filters: who may run, and if not, why not.
//!
//! Each asks in a fixed order and hands what it finds to `no`, which says whether to go on:
//! a decision stops at the first, the search for the nearest answer collects them all.

mod gates;
mod instance_type;
mod offer;
mod region;
mod scope;
mod why;

pub(crate) use gates::{Gated, gates, runtime, signal, threshold};
pub(crate) use instance_type::instance_type;
pub(crate) use offer::{NoSpot, buying, offer, spot, wants_spot};
pub(crate) use region::{least_residency, region};
pub(crate) use scope::{Scope, residency};
pub(crate) use why::Why;
