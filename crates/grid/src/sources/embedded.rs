//! The figures that ship with the provider: no key, no network, the same everywhere.

use async_trait::async_trait;
use catalog::{Catalog, Quality, Region, SignalKind, UtcSeconds};

use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Source, SourceName, What};

/// Hours that a question may reach over: a year and a day.
pub(super) const MOST_HOURS: f64 = 367.0 * 24.0;

/// The catalogue's expectation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Embedded;

#[async_trait]
impl Source for Embedded {
    fn name(&self) -> SourceName {
        SourceName::Embedded
    }

    fn kind(&self) -> SignalKind {
        SignalKind::Average
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        region(catalog, place).map(|region| region.zone.to_owned())
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let region = region(question.catalog, &Place::Zone(question.zone.to_owned()))?;
        expected(region, question.what, question.now)
    }
}

/// The catalogue's region of a place: by its name, or the first one in a zone.
pub(crate) fn region<'a>(catalog: &'a Catalog, place: &Place) -> Result<&'a Region, Failure> {
    let found = match place {
        Place::Region(name) => catalog.region(name),
        Place::Zone(zone) => catalog.regions().iter().find(|region| region.zone == zone),
    };
    found.ok_or_else(|| {
        let what = match place {
            Place::Region(name) => format!("the catalogue has no region {name}"),
            Place::Zone(zone) => format!("no region of the catalogue stands in a zone {zone}"),
        };
        Failure::new(Reason::NotCovered, what)
    })
}

/// What the catalogue expects of a region in the hours that are asked for.
pub(crate) fn expected(region: &Region, what: What, now: UtcSeconds) -> Result<Answer, Failure> {
    let (from, until) = match what {
        What::Latest => (now, now.plus_hours(1.0)),
        What::Forecast { from, until } | What::History { from, until } => (from, until),
    };
    let begin = UtcSeconds(from.0.div_euclid(3600) * 3600);
    let hours = until.hours_since(begin).ceil();
    if until <= from || hours > MOST_HOURS {
        return Err(Failure::new(
            Reason::NoData,
            "these are no hours: between one and a year's are legal",
        ));
    }
    let hours = if what == What::Latest { 1.0 } else { hours };
    let signal = region.expected(from, hours as usize);
    let mut remarks = Vec::new();
    if signal.quality == Quality::Annual {
        remarks.push("one figure for the year: it says nothing about single hours".to_owned());
    }
    if let Some(profile) = region
        .profile()
        .filter(|profile| profile.series != profile.zone)
    {
        remarks.push(format!(
            "the usual hours are those of {}, the nearest grid with hours that may be shipped",
            profile.series
        ));
    }
    Ok(Answer {
        signal,
        renewable_percent: region.renewable_percent,
        fallback: false,
        remarks,
    })
}
