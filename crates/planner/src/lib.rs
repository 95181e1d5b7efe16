//! The decision: in which region, on which instance type and with which capacity a
//! training job runs, and what that means in kWh, kgCO2e and USD.
//!
//! [`decide`] is pure, total and deterministic: the same catalogue and request give
//! the same answer, byte for byte. No clock, no I/O, no randomness, no async.
//!
//! | module | what it does |
//! |---|---|
//! | request, answer, units | what is asked and answered |
//! | rules | the filters, each rejection with its reason |
//! | model | the formulas: hours, kWh, kgCO2e, USD, and the inputs behind them |
//! | factors | ranges of figures and of ratios from named inputs |
//! | solve | candidates through the filters, ranked |
//! | savings | baseline and the split of what is saved |
//! | decide, lines, advice, text | the decision written up, line by line |
//! | storage | size of a file system, input mode by size |
//! | time | start windows: when, and what that is worth |
//! | infeasible | the nearest answers when there is none |
//! | measure, ranking | what needs the catalogue but no decision |
//! | usage, efficiency | how well a run used what it ran on |

mod advice;
mod answer;
mod decide;
mod efficiency;
mod factors;
mod infeasible;
mod lines;
mod measure;
mod memo;
mod model;
mod quotas;
mod ranking;
mod request;
mod rules;
mod savings;
mod solve;
mod storage;
mod text;
mod time;
mod units;
mod usage;

pub use answer::{
    Answer, Audit, Band, Baseline, Breakdown, Candidate, Decision, Estimate, FileSystem,
    Infeasible, Limits, NearMiss, Rejection, Rule, Savings, Signal,
};
pub use decide::decide;
pub use efficiency::{Bottleneck, Efficiency, judge};
pub use measure::{Measured, Method, Run, emissions_kg, energy_kwh, grid_zone, measure};
pub use memo::Memo;
pub use quotas::{Quota, Quotas};
pub use ranking::{RankedType, TypeFilter, rank_instance_types};
pub use request::{
    AcceleratorCountPolicy, Capacity, ComputeOptimization, EstimateFor, GateOn, ImageChoice,
    InputMode, ModelType, Objective, OnInfeasible, Place, Redecide, RegionBound, Regional, Request,
    Residency, TrainingStrategy,
};
pub use time::{
    Curve, Load, Pause, Pausing, Segment, Signals, Split, SpotPrices, Start, Starts, Window,
    best_split, best_start, parse_rfc3339, rfc3339,
};
pub use units::{Grams, GramsPerKwh, Hours, Kg, Kwh, Usd, Watts};
pub use usage::{Sample, Usage};
