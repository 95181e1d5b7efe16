//! Figures with source and date: regions, instance types, prices, throughput,
//! transfer, container images, and the rules' own constants.
//!
//! The figures live in `data/` as plain CSV files. `tools/generate.rs` turns them into
//! constant Rust tables (`src/generated.rs`, committed, compared by a test), so
//! that a start of the provider parses nothing. [`Catalog::embedded`] is those
//! tables; [`Catalog::with_overrides`] puts a user's own figures over them.
//!
//! Nothing here decides anything: that is the planner's.

mod constants;
mod figure;
#[rustfmt::skip]
mod generated;
mod generation;
pub mod images;
mod instance_type;
mod lead_table;
mod live;
mod nearest;
mod overrides;
mod price;
mod profile;
mod region;
mod series;
mod signal;
mod tables;
mod throughput;

pub use constants::{Constants, HalfWidths, Meaning};
pub use figure::{Figure, Source, SourceId};
pub use generation::{GenerationFactor, SignalZone, gb_regions, generation_factors, signal_zones};
pub use instance_type::{Accelerator, Confidence, InstanceType, Kind};
pub use lead_table::LeadTable;
pub use live::LivePrice;
pub use nearest::nearest;
pub use overrides::{OverrideError, Overrides};
pub use price::{Basis, Offer, Price, SpotMarket, WORST_INTERRUPTION_PERCENT};
pub use profile::Profile;
pub use region::{Attribution, Region, Variability};
pub use series::{SD_PER_SIDE, Series, SeriesError, UtcSeconds, sd_of_difference, sd_of_mean};
pub use signal::{FactorType, Quality, Signal, SignalKind};
pub use tables::{Catalog, instance_type_names, reference_type, region_names};
pub use throughput::{ModelClass, Precision, Technique, Throughput, ThroughputBasis};
