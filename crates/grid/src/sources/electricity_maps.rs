//! Electricity Maps, v3: average, flow-traced, life-cycle unless direct is asked for; hourly.
//!
//! `datetime` is the start of the hour, `updatedAt` when a value was computed. The past is revised for days,
//! which is why the time of issue and the mark of an estimate stay with every value.

use std::collections::BTreeMap;

use async_trait::async_trait;
use catalog::{Catalog, FactorType, SignalKind, UtcSeconds};
use http::HeaderName;
use serde_json::Value;

use super::{not_too_long, spans, zone};
use crate::http::{Call, Client, Exchange, array, field, moment, number};
use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Secret, Settings, Source, SourceName, What};

const USUAL: &str = "https://api.electricitymaps.com/v3";
const TOKEN: HeaderName = HeaderName::from_static("auth-token");
/// The horizons that can be asked for, in hours.
const HORIZONS: [i64; 4] = [6, 24, 48, 72];
/// `past-range` gives hours for so many days at once.
const MOST_DAYS: i64 = 10;
/// The hour under way is published within minutes, as an estimate.
const LATEST_AGE_S: i64 = 3 * 3600;

#[derive(Debug)]
pub(super) struct ElectricityMaps {
    client: Client,
    key: Option<Secret>,
    factor_type: FactorType,
    zones: BTreeMap<String, String>,
}

impl ElectricityMaps {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            client: Client::new(settings, USUAL),
            key: settings.api_key.clone(),
            factor_type: settings.factor_type_in_force(),
            zones: settings.zones.clone(),
        }
    }

    fn call(&self, path: &str, zone: &str) -> Result<Call, Failure> {
        let key = self.key.as_ref().ok_or_else(|| {
            Failure::new(
                Reason::Unauthorized,
                "it needs a token, and api_key is not set",
            )
        })?;
        let factors = match self.factor_type {
            FactorType::Direct => "direct",
            _ => "lifecycle",
        };
        Call::get(format!("/carbon-intensity/{path}"))
            .with("zone", zone)
            .with("emissionFactorType", factors)
            .with_secret(TOKEN, key.expose())
    }

    async fn values(
        &self,
        exchange: &Exchange<'_>,
        Question {
            zone, what, now, ..
        }: Question<'_>,
    ) -> Result<Values, Failure> {
        let mut values = Values::default();
        match what {
            What::Latest => {
                let document = exchange.json(&self.call("latest", zone)?).await?;
                same_zone(&document, zone)?;
                values.add(&document)?;
            }
            What::Forecast { from, until } => {
                not_too_long(from, until)?;
                let hours = (until.0 - now.0 + 3599).div_euclid(3600);
                let horizon = HORIZONS
                    .into_iter()
                    .find(|horizon| *horizon >= hours)
                    .unwrap_or(HORIZONS[3]);
                let call = self
                    .call("forecast", zone)?
                    .with("horizonHours", &horizon.to_string());
                let document = exchange.json(&call).await?;
                same_zone(&document, zone)?;
                values.add_all(&document, "forecast")?;
                if document.get("updatedAt").is_some() {
                    values.issued_at = Some(moment(&document, "updatedAt")?);
                }
            }
            // The last day, and the hour that its beginning lies in, come without a paid plan; what lies
            // before needs one.
            What::History { from, until } if from.0 >= now.0 - 25 * 3600 => {
                not_too_long(from, until)?;
                let document = exchange.json(&self.call("history", zone)?).await?;
                same_zone(&document, zone)?;
                values.add_all(&document, "history")?;
            }
            What::History { from, until } => {
                not_too_long(from, until)?;
                for (begin, end) in spans(from, until, MOST_DAYS) {
                    let call = self
                        .call("past-range", zone)?
                        .with("start", &crate::moment::full(begin))
                        .with("end", &crate::moment::full(end));
                    let document = exchange.json(&call).await?;
                    same_zone(&document, zone)?;
                    values.add_all(&document, "data")?;
                }
            }
        }
        Ok(values)
    }
}

#[derive(Default)]
struct Values {
    points: Vec<Point>,
    issued_at: Option<UtcSeconds>,
    factor_type: Option<FactorType>,
}

impl Values {
    fn add_all(&mut self, document: &Value, name: &str) -> Result<(), Failure> {
        array(field(document, name)?, name)?
            .iter()
            .try_for_each(|value| self.add(value))
    }

    /// One value; null means that the zone has none for this hour.
    fn add(&mut self, value: &Value) -> Result<(), Failure> {
        let Some(intensity) = number(value, "carbonIntensity")? else {
            return Ok(());
        };
        let mut point = Point::new(moment(value, "datetime")?, intensity);
        point.estimated = value.get("isEstimated").and_then(Value::as_bool) == Some(true);
        self.points.push(point);
        if value
            .get("updatedAt")
            .is_some_and(|updated| !updated.is_null())
        {
            self.issued_at = self.issued_at.max(Some(moment(value, "updatedAt")?));
        }
        match value.get("emissionFactorType").and_then(Value::as_str) {
            Some("lifecycle") => self.factor_type = Some(FactorType::LifeCycle),
            Some("direct") => self.factor_type = Some(FactorType::Direct),
            _ => {}
        }
        Ok(())
    }
}

/// An answer for another zone would be taken for this one's.
fn same_zone(document: &Value, zone: &str) -> Result<(), Failure> {
    match document.get("zone").and_then(Value::as_str) {
        Some(other) if other != zone => Err(Failure::new(
            Reason::Unreadable,
            format!("it answered for another zone, {other}"),
        )),
        _ => Ok(()),
    }
}

#[async_trait]
impl Source for ElectricityMaps {
    fn name(&self) -> SourceName {
        SourceName::ElectricityMaps
    }

    fn kind(&self) -> SignalKind {
        SignalKind::Average
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        zone(&self.zones, catalog, place, |region| {
            Some(region.zone.to_owned())
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let values = self
            .client
            .within(|exchange| async move { self.values(&exchange, question).await })
            .await?;
        let reading = Reading {
            source: self.name().title(),
            zone: question.zone,
            kind: self.kind(),
            factor_type: values.factor_type.unwrap_or(self.factor_type),
            issued_at: values.issued_at.or(Some(question.now)),
            points: values.points,
            step_s: None,
            latest_age_s: LATEST_AGE_S,
            remarks: Vec::new(),
        };
        answer(reading, question.what, question.now)
    }
}
