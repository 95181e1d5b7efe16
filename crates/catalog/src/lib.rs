//! Figures with source and date: regions, instance types, prices, throughput,
//! transfer, container images.
//!
//! The figures live in `data/` as plain CSV files. `tools/` turns them into
//! constant Rust tables (`src/generated.rs`, committed, compared by a test), so
//! that a start of the provider parses nothing. [`Catalog::embedded`] is those
//! tables; [`Catalog::with_overrides`] puts a user's own figures over them.
//!
//! Nothing here decides anything: that is the planner's.

mod figure;
pub mod images;
mod instance_type;
mod overrides;
mod price;
mod region;
mod tables;

pub use figure::{Figure, Source, SourceId};
pub use instance_type::{Accelerator, Confidence, InstanceType, Kind};
pub use overrides::{OverrideError, Overrides};
pub use price::{Offer, Price, SpotMarket};
pub use region::{Geography, Partition, Region};
pub use tables::{Catalog, instance_type_names, region_names};
