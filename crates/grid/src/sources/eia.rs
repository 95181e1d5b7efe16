//! The hourly generation mix of the U.S. Energy Information Administration, turned into an intensity with the
//! catalogue's factors; public domain. It is what stands in a balancing authority's area: imports are not in it.
//!
//! There is no forecast, and the newest hours are one to two hours old (some authorities: a day).

use std::collections::BTreeMap;

use async_trait::async_trait;
use catalog::{Catalog, FactorType, GenerationFactor, SignalKind, UtcSeconds};
use serde_json::Value;

use super::{named, not_too_long, zone};
use crate::http::{Call, Client, Exchange, array, field, moment, number, text};
use crate::moment::{ceil, floor, hour};
use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Secret, Settings, Source, SourceName, What};

const USUAL: &str = "https://api.eia.gov";
const HOUR_S: i64 = 3600;
/// Rows of a page; more are not given.
const PAGE: usize = 5000;
/// A year of 15 fuels has 27 pages.
const MOST_PAGES: usize = 30;
/// Some authorities report a day late.
const LATEST_AGE_S: i64 = 36 * 3600;
/// A fuel that says nothing for an hour is taken to run as it did this many hours before or after.
const CARRIED_HOURS: i64 = 3;
/// A fuel with less than this share of the generation may be missing without making an hour worthless.
const SMALL_SHARE: f64 = 0.05;
/// What an unknown fuel counts as.
const OTHER: &str = "OTH";

#[derive(Debug)]
pub(super) struct Eia {
    client: Client,
    key: Option<Secret>,
    factor_type: FactorType,
    zones: BTreeMap<String, String>,
}

/// MWh of each hour (by its start), by fuel; `None` where the authority says nothing.
type Mix = BTreeMap<i64, BTreeMap<String, Option<f64>>>;

impl Eia {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            client: Client::new(settings, USUAL),
            key: settings.api_key.clone(),
            factor_type: settings.factor_type_in_force(),
            zones: settings.zones.clone(),
        }
    }

    /// Every row from one hour to another.
    async fn mix(
        &self,
        exchange: &Exchange<'_>,
        respondent: &str,
        from: UtcSeconds,
        until: UtcSeconds,
    ) -> Result<Mix, Failure> {
        let key = self.key.as_ref().ok_or_else(|| {
            Failure::new(
                Reason::Unauthorized,
                "it needs a key, and api_key is not set",
            )
        })?;
        let mut mix = Mix::new();
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            // A period is named by its end, and both bounds are included.
            let call = Call::get("/v2/electricity/rto/fuel-type-data/data/")
                .with("api_key", key.expose())
                .with("frequency", "hourly")
                .with("data[0]", "value")
                .with("facets[respondent][]", respondent)
                .with("start", &hour(UtcSeconds(floor(from, HOUR_S).0 + HOUR_S)))
                .with("end", &hour(ceil(until, HOUR_S)))
                .with("sort[0][column]", "period")
                .with("sort[0][direction]", "asc")
                .with("offset", &offset.to_string())
                .with("length", &PAGE.to_string());
            let document = exchange.json(&call).await?;
            let response = field(&document, "response")?;
            let rows = array(field(response, "data")?, "data")?;
            for row in rows {
                add(&mut mix, row, respondent)?;
            }
            offset += rows.len();
            let total = number(response, "total")?.unwrap_or(0.0);
            if rows.is_empty() || offset as f64 >= total {
                return Ok(mix);
            }
        }
        Err(Failure::new(
            Reason::Unreadable,
            "its answer has too many pages",
        ))
    }
}

fn add(mix: &mut Mix, row: &Value, respondent: &str) -> Result<(), Failure> {
    let given = text(row, "respondent")?;
    if given != respondent {
        return Err(Failure::new(
            Reason::Unreadable,
            format!("it answered for another respondent, {given}"),
        ));
    }
    let start = moment(row, "period")?.0 - HOUR_S;
    let value = number(row, "value")?;
    mix.entry(start)
        .or_default()
        .insert(text(row, "fueltype")?.to_owned(), value);
    Ok(())
}

/// The intensity of each hour, with a mark where a fuel was missing.
fn intensities(mix: &Mix, factor_type: FactorType, remarks: &mut Vec<String>) -> Vec<Point> {
    let factors = catalog::generation_factors();
    let other = factors.iter().find(|factor| factor.code == OTHER);
    let mut fuels: BTreeMap<&str, &GenerationFactor> = BTreeMap::new();
    for code in mix.values().flat_map(BTreeMap::keys) {
        if fuels.contains_key(code.as_str()) {
            continue;
        }
        let known = factors.iter().find(|factor| factor.code == code);
        if known.is_none() {
            remarks.push(format!("the fuel {code} is not known and counts as other"));
        }
        if let Some(factor) = known.or(other) {
            fuels.insert(code, factor);
        }
    }
    fuels.retain(|_, factor| !factor.storage);
    let generated = |start: i64, code: &str| {
        // Below 0 is a plant's own use, at night or at rest.
        mix.get(&start)?
            .get(code)
            .copied()
            .flatten()
            .map(|mwh| mwh.max(0.0))
    };
    let totals: BTreeMap<&str, f64> = fuels
        .keys()
        .map(|code| {
            (
                *code,
                mix.keys().filter_map(|start| generated(*start, code)).sum(),
            )
        })
        .collect();
    let everything: f64 = totals.values().sum();

    let mut points = Vec::new();
    'hours: for start in mix.keys().copied() {
        let (mut mwh, mut kg, mut renewable, mut estimated) = (0.0, 0.0, 0.0, false);
        for (code, factor) in &fuels {
            let near = || {
                (1..=CARRIED_HOURS)
                    .flat_map(|hours| [start - hours * HOUR_S, start + hours * HOUR_S])
                    .find_map(|start| generated(start, code))
            };
            let value = match generated(start, code) {
                Some(value) => value,
                None if totals[code] == 0.0 => 0.0,
                None => {
                    estimated = true;
                    match near() {
                        Some(value) => value,
                        None if totals[code] < SMALL_SHARE * everything => 0.0,
                        None => continue 'hours,
                    }
                }
            };
            mwh += value;
            kg += value
                * match factor_type {
                    FactorType::Direct => factor.direct,
                    _ => factor.life_cycle,
                };
            renewable += if factor.renewable { value } else { 0.0 };
        }
        if mwh > 0.0 {
            let mut point = Point::new(UtcSeconds(start), kg / mwh);
            point.estimated = estimated;
            point.renewable = Some(100.0 * renewable / mwh);
            points.push(point);
        }
    }
    points
}

#[async_trait]
impl Source for Eia {
    fn name(&self) -> SourceName {
        SourceName::Eia
    }

    fn kind(&self) -> SignalKind {
        SignalKind::Average
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        zone(&self.zones, catalog, place, |region| {
            named(self.name(), region)
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let now = question.now;
        let (from, until) = match question.what {
            What::Latest => (UtcSeconds(now.0 - LATEST_AGE_S), now),
            What::History { from, until } => (from, until),
            What::Forecast { .. } => {
                return Err(Failure::new(
                    Reason::CannotGive,
                    "it has no forecast, only what was generated",
                ));
            }
        };
        not_too_long(from, until)?;
        let mix = self
            .client
            .within(|exchange| async move { self.mix(&exchange, question.zone, from, until).await })
            .await?;
        if mix.is_empty() {
            return Err(Failure::new(
                Reason::NoData,
                format!("it has no rows for {} in these hours", question.zone),
            ));
        }
        let mut remarks = Vec::new();
        let points = intensities(&mix, self.factor_type, &mut remarks);
        let reading = Reading {
            source: self.name().title(),
            zone: question.zone,
            kind: self.kind(),
            factor_type: self.factor_type,
            // It does not date its rows.
            issued_at: Some(now),
            points,
            step_s: Some(HOUR_S),
            latest_age_s: LATEST_AGE_S,
            remarks,
        };
        answer(reading, question.what, now)
    }
}
