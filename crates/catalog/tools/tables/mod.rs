//! The generator: reads the data files, checks that they refer to each other soundly,
//! and writes constant Rust tables. It computes nothing that is not a range or a ratio
//! of figures in the files.

mod images;
mod leads;
mod model;
mod prices;
mod profiles;
mod read;
mod regions;
mod signals;
mod sources;
mod throughput;
mod types;

use std::path::Path;

use read::{Files, Result};
use sources::Sources;

/// Generates the text of `src/generated.rs`.
pub(crate) fn generate(data: &Path) -> Result<String> {
    let files = Files { data };
    let mut out = String::from(
        "//! Generated from `data/*.csv` by `tools/generate.rs`; do not edit.\n\n\
         use crate::constants::{Constants, HalfWidths, Meaning};\n\
         use crate::generation::{GenerationFactor, SignalZone};\n\
         use crate::images::{Algorithm, Device, FrameworkImage};\n\
         use crate::instance_type::{Accelerator, Confidence, InstanceType, Kind};\n\
         use crate::lead_table::LeadTable;\n\
         use crate::price::Cell;\n\
         use crate::profile::Profile;\n\
         use crate::region::{Attribution, Region, Variability};\n\
         use crate::throughput::{ModelClass, Precision, Technique, Throughput, ThroughputBasis};\n\
         use crate::{Figure, Source, SourceId};\n\n\
         const fn f(value: f64, low: f64, high: f64, source: u8) -> Figure { Figure { value, low, high, source: SourceId(source) } }\n\
         const fn c(micro_usd: u32, spot_saving: i8, band: u8, source: u8, flags: u8) -> Cell { Cell { micro_usd, spot_saving, band, source: SourceId(source), flags } }\n\n",
    );
    let sources = Sources::read(&files)?;
    sources.write(&mut out);
    model::catalog_facts(&files, &mut out)?;
    let widths = model::half_widths(&files, &sources, &mut out)?;
    model::constants(&files, &sources, &mut out)?;
    let regions = regions::regions(&files, &sources, &widths, &mut out)?;
    regions::transfer(&files, &sources, &regions, &mut out)?;
    signals::zones(&files, &sources, &regions, &mut out)?;
    signals::factors(&files, &sources, &mut out)?;
    profiles::profiles(&files, &sources, &mut out)?;
    leads::leads(&files, &sources, &mut out)?;
    signals::gb_regions(&files, &sources, &mut out)?;
    let accelerators = types::accelerators(&files, &sources, &mut out)?;
    let types = types::instance_types(&files, &sources, &widths, &accelerators, &mut out)?;
    types::reference_types(&files, &sources, &types, &mut out)?;
    let bands = prices::bands(&files, &sources, &mut out)?;
    prices::cells(&files, &sources, &regions, &types, &bands, &mut out)?;
    throughput::throughput(&files, &sources, &accelerators, &mut out)?;
    throughput::techniques(&files, &sources, &mut out)?;
    images::images(&files, &sources, &regions, &mut out)?;
    Ok(out)
}
