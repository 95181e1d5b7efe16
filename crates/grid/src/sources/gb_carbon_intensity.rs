//! The Carbon Intensity API of Great Britain's system operator: no key, half hours in UTC, operational
//! (not life-cycle) factors; CC BY 4.0.

use std::collections::BTreeMap;

use async_trait::async_trait;
use catalog::{Catalog, FactorType, SignalKind, UtcSeconds};
use serde_json::Value;

use super::{named, not_too_long, spans, zone};
use crate::http::{Call, Client, Exchange, array, field, moment, number, text};
use crate::moment::{ceil, floor, minutes};
use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Settings, Source, SourceName, What};

const USUAL: &str = "https://api.carbonintensity.org.uk";
const STEP_S: i64 = 1800;
/// A range may be this long.
const MOST_DAYS: i64 = 14;
const LATEST_AGE_S: i64 = 2 * 3600;
/// What counts as renewable in its mix of generation.
const RENEWABLE: [&str; 4] = ["biomass", "hydro", "solar", "wind"];

#[derive(Debug)]
pub(super) struct GbCarbonIntensity {
    client: Client,
    zones: BTreeMap<String, String>,
}

/// Whom it speaks of.
enum Area {
    /// The whole grid.
    Nation,
    /// One of 17 regions, by its number.
    Region(u8),
    /// The region of the first half of a postcode.
    Postcode(String),
}

impl Area {
    /// `GB`, a region's name or number, or an outward postcode.
    fn parse(zone: &str) -> Result<Self, Failure> {
        if zone.eq_ignore_ascii_case("GB") {
            return Ok(Self::Nation);
        }
        let known = catalog::gb_regions()
            .iter()
            .find(|(id, name)| name.eq_ignore_ascii_case(zone) || id.to_string() == zone);
        if let Some((id, _)) = known {
            return Ok(Self::Region(*id));
        }
        let letters = zone.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = &zone.as_bytes()[letters..];
        if (1..=2).contains(&letters)
            && (1..=2).contains(&rest.len())
            && rest[0].is_ascii_digit()
            && rest.iter().all(u8::is_ascii_alphanumeric)
        {
            return Ok(Self::Postcode(zone.to_owned()));
        }
        Err(Failure::new(
            Reason::NotCovered,
            "it covers GB, the 17 regions of Great Britain by name or number (London or 13), and outward postcodes (E1)",
        ))
    }

    /// The end of a path, for one area.
    fn narrow(&self, call: Call) -> Call {
        match self {
            Self::Nation => call,
            Self::Region(id) => call.below("regionid").below(&id.to_string()),
            Self::Postcode(code) => call.below("postcode").below(code),
        }
    }
}

impl GbCarbonIntensity {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            client: Client::new(settings, USUAL),
            zones: settings.zones.clone(),
        }
    }

    async fn points(
        &self,
        exchange: &Exchange<'_>,
        Question { zone, what, .. }: Question<'_>,
    ) -> Result<Vec<Point>, Failure> {
        let area = Area::parse(zone)?;
        let nation = matches!(area, Area::Nation);
        let from_here = |begin: UtcSeconds| {
            let path = if nation {
                "/intensity"
            } else {
                "/regional/intensity"
            };
            Call::get(format!("{path}/{}", minutes(begin)))
        };
        let mut points = Vec::new();
        match what {
            What::Latest => {
                let call = if nation {
                    Call::get("/intensity")
                } else {
                    area.narrow(Call::get("/regional"))
                };
                add(&mut points, &exchange.json(&call).await?, Prefer::Actual)?;
            }
            What::Forecast { from, until } => {
                not_too_long(from, until)?;
                let call = area.narrow(from_here(floor(from, STEP_S)).below("fw48h"));
                add(&mut points, &exchange.json(&call).await?, Prefer::Forecast)?;
            }
            What::History { from, until } => {
                not_too_long(from, until)?;
                for (begin, end) in spans(floor(from, STEP_S), ceil(until, STEP_S), MOST_DAYS) {
                    let call = Call::get(format!(
                        "{}/{}/{}",
                        if nation {
                            "/intensity"
                        } else {
                            "/regional/intensity"
                        },
                        minutes(begin),
                        minutes(end)
                    ));
                    let document = exchange.json(&area.narrow(call)).await?;
                    add(&mut points, &document, Prefer::Actual)?;
                }
            }
        }
        Ok(points)
    }
}

/// Which of the two values of a half hour counts.
#[derive(Clone, Copy, PartialEq)]
enum Prefer {
    Forecast,
    /// The estimate of what was; a region has none, so that its forecast stands in, marked as estimated.
    Actual,
}

/// `data` is a list of half hours, one half hour, a region with such a list, or a list of such regions.
fn add(points: &mut Vec<Point>, document: &Value, prefer: Prefer) -> Result<(), Failure> {
    let mut pending: Vec<&Value> = vec![field(document, "data")?];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(list) => pending.extend(list.iter().rev()),
            Value::Object(object) if object.contains_key("intensity") => {
                points.extend(half_hour(value, prefer)?);
            }
            _ => pending.push(field(value, "data")?),
        }
    }
    Ok(())
}

fn half_hour(value: &Value, prefer: Prefer) -> Result<Option<Point>, Failure> {
    let intensity = field(value, "intensity")?;
    let read = |name: &str| match intensity.get(name) {
        None => Ok(None),
        Some(_) => number(intensity, name),
    };
    if intensity.get("actual").is_none() {
        field(intensity, "forecast")?;
    }
    let (forecast, actual) = (read("forecast")?, read("actual")?);
    let (value_now, estimated) = match prefer {
        Prefer::Forecast => (forecast.or(actual), false),
        Prefer::Actual => (actual.or(forecast), actual.is_none()),
    };
    let Some(now) = value_now else {
        return Ok(None);
    };
    let mut point = Point::new(moment(value, "from")?, now);
    point.estimated = estimated;
    if let Some(mix) = value.get("generationmix") {
        let mut share = 0.0;
        for part in array(mix, "generationmix")? {
            if RENEWABLE.contains(&text(part, "fuel")?) {
                share += number(part, "perc")?.unwrap_or(0.0);
            }
        }
        point.renewable = Some(share.clamp(0.0, 100.0));
    }
    Ok(Some(point))
}

#[async_trait]
impl Source for GbCarbonIntensity {
    fn name(&self) -> SourceName {
        SourceName::GbCarbonIntensity
    }

    fn kind(&self) -> SignalKind {
        SignalKind::Average
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        let zone = zone(&self.zones, catalog, place, |region| {
            named(self.name(), region)
        })?;
        Area::parse(&zone).map(|_| zone)
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let points = self
            .client
            .within(|exchange| async move { self.points(&exchange, question).await })
            .await?;
        let reading = Reading {
            source: self.name().title(),
            zone: question.zone,
            kind: self.kind(),
            factor_type: FactorType::Direct,
            // It does not say when it issued a value, and keeps only the newest.
            issued_at: Some(question.now),
            points,
            step_s: Some(STEP_S),
            latest_age_s: LATEST_AGE_S,
            remarks: Vec::new(),
        };
        answer(reading, question.what, question.now)
    }
}
