//! The decision: in which region, on which instance type and with which capacity a
//! training job runs, and what that means in kWh, kgCO2e and USD.
//!
//! [`decide`] is pure, total and deterministic: the same catalogue and request give
//! the same answer, byte for byte. No clock, no I/O, no randomness, no async.

mod answer;
mod decide;
mod memo;
mod ranking;
mod request;
mod units;

pub use answer::{
    Answer, Band, Baseline, Breakdown, Candidate, Decision, Estimate, Infeasible, NearMiss,
    Rejection, Rule, Savings, Signal,
};
pub use decide::{decide, emissions_kg, energy_kwh};
pub use memo::Memo;
pub use ranking::{RankedType, TypeFilter, rank_instance_types};
pub use request::{
    AcceleratorCountPolicy, Capacity, ComputeOptimization, EstimateFor, GateOn, ImageChoice,
    InputMode, ModelType, Objective, OnInfeasible, Place, Redecide, RegionBound, Regional, Request,
    Residency, Start, TrainingStrategy,
};
pub use units::{Grams, GramsPerKwh, Hours, Kg, Kwh, Usd, Watts};
