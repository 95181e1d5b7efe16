//! What users write and read: one declaration per attribute, and all that follows from it.
//!
//! A declaration ([`declare::Attribute`]) says name, type, legal values, default, class and words. From it come the
//! protocol schema ([`ml_training::resource_schema`] and its like), validation ([`ml_training::validate`]), the
//! reference pages ([`docs`]) and the check of the examples ([`examples`]). [`ml_training::Config`] is what the user
//! typed; [`ml_training::Effective`] what it means once defaults are applied.
//!
//! The crate is pure: no clock, no disk, no network, and no catalogue; [`Lists`] brings the names that are legal.

pub mod data_sources;
pub mod declare;
pub mod docs;
pub mod examples;
pub mod functions;
pub mod ml_training;
pub mod provider_config;
pub mod refusals;
pub mod training_dashboard;
pub mod training_report;

mod check;
mod hcl;
mod lists;
mod near;
mod protocol;
mod report;
mod text;

pub use lists::{InstanceType, Lists, Region};
pub use near::nearest;
pub use protocol::type_of;
pub use text::{JOB_NAME_MAX, NAME_MAX, duration_seconds};
