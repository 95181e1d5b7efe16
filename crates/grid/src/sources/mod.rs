//! The sources, each as a [`Source`](crate::Source).

mod carbon_aware_sdk;
mod eia;
mod electricity_maps;
mod embedded;
mod file;
mod gb_carbon_intensity;
mod watttime;

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{Catalog, Region, UtcSeconds};

use crate::source::Reason;
use crate::{Failure, Place, Settings, Source, SourceName};

pub(crate) use embedded::{expected, region};

/// The source that the settings name.
pub(crate) fn of(settings: &Settings) -> Arc<dyn Source> {
    match settings.source {
        SourceName::Embedded => Arc::new(embedded::Embedded),
        SourceName::File => Arc::new(file::File::new(settings)),
        SourceName::ElectricityMaps => Arc::new(electricity_maps::ElectricityMaps::new(settings)),
        SourceName::WattTime => Arc::new(watttime::WattTime::new(settings)),
        SourceName::GbCarbonIntensity => {
            Arc::new(gb_carbon_intensity::GbCarbonIntensity::new(settings))
        }
        SourceName::Eia => Arc::new(eia::Eia::new(settings)),
        SourceName::CarbonAwareSdk => Arc::new(carbon_aware_sdk::CarbonAwareSdk::new(settings)),
    }
}

/// The zone of a place: as it is given, as the user says, or as the catalogue knows it. Never a guess.
fn zone(
    own: &BTreeMap<String, String>,
    catalog: &Catalog,
    place: &Place,
    known: impl Fn(&Region) -> Option<String>,
) -> Result<String, Failure> {
    let name = match place {
        Place::Zone(zone) => return Ok(zone.clone()),
        Place::Region(name) => name,
    };
    if let Some(zone) = own.get(name) {
        return Ok(zone.clone());
    }
    let region = region(catalog, place)?;
    known(region).ok_or_else(|| {
        Failure::new(
            Reason::NotCovered,
            format!("it does not cover {name} ({})", region.location),
        )
    })
}

/// The zone that the catalogue knows for a source with its own naming.
fn named(source: SourceName, region: &Region) -> Option<String> {
    catalog::signal_zones()
        .iter()
        .find(|zone| zone.region == region.name && zone.signal_source == source.as_str())
        .map(|zone| zone.zone.to_owned())
}

/// The catalogue's region behind a place, also where the place is a zone in the source's own naming.
pub(crate) fn region_of<'a>(
    source: SourceName,
    catalog: &'a Catalog,
    place: &Place,
) -> Option<&'a Region> {
    let by_own_name = || {
        let known = catalog::signal_zones()
            .iter()
            .find(|zone| zone.signal_source == source.as_str() && zone.zone == place.name())?;
        catalog.region(known.region)
    };
    // A Carbon Aware SDK and a file may call a zone by the region.
    let by_region = || catalog.region(place.name());
    region(catalog, place)
        .ok()
        .or_else(by_own_name)
        .or_else(by_region)
}

/// Parts of at most so many days, in order.
fn spans(from: UtcSeconds, until: UtcSeconds, days: i64) -> Vec<(UtcSeconds, UtcSeconds)> {
    let mut parts = Vec::new();
    let mut begin = from;
    while begin < until {
        let end = UtcSeconds((begin.0 + days * 86_400).min(until.0));
        parts.push((begin, end));
        begin = end;
    }
    parts
}

/// No more hours than a year's are asked for at once.
fn not_too_long(from: UtcSeconds, until: UtcSeconds) -> Result<(), Failure> {
    if until <= from {
        return Err(crate::points::no_hours());
    }
    if until.hours_since(from) > embedded::MOST_HOURS {
        return Err(Failure::new(
            Reason::Refused,
            "more than a year was asked for",
        ));
    }
    Ok(())
}
