//! A Carbon Aware SDK web service of the user's own. What kind of statement it makes depends on the source
//! behind it, which it does not say: so the user does.

use std::collections::BTreeMap;

use async_trait::async_trait;
use catalog::{Catalog, FactorType, SignalKind, UtcSeconds};
use serde_json::Value;

use super::{not_too_long, zone};
use crate::http::{Call, Client, Exchange, array, moment, number};
use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Settings, Source, SourceName, What};

/// Never asked: the settings have to name an address.
const USUAL: &str = "http://localhost:8080";
const LATEST_AGE_S: i64 = 3 * 3600;
/// So far back the newest value is looked for, in seconds.
const LOOK_BACK_S: i64 = 6 * 3600;

#[derive(Debug)]
pub(super) struct CarbonAwareSdk {
    client: Client,
    kind: SignalKind,
    factor_type: FactorType,
    zones: BTreeMap<String, String>,
}

impl CarbonAwareSdk {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            client: Client::new(settings, USUAL),
            kind: settings.kind_in_force(),
            factor_type: settings.factor_type_in_force(),
            zones: settings.zones.clone(),
        }
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
            What::Forecast { from, until } => {
                not_too_long(from, until)?;
                // Bounds outside the forecast are an error there, so that the whole of it is asked for.
                let call = Call::get("/emissions/forecasts/current").with("location", zone);
                values.add_forecasts(&document(exchange, &call).await?)?;
            }
            What::Latest => {
                let from = UtcSeconds(now.0 - LOOK_BACK_S);
                let call = measured(zone, from, now);
                values.add_emissions(&document(exchange, &call).await?)?;
            }
            What::History { from, until } => {
                not_too_long(from, until)?;
                let call = measured(zone, from, until);
                values.add_emissions(&document(exchange, &call).await?)?;
            }
        }
        Ok(values)
    }
}

fn measured(zone: &str, from: UtcSeconds, until: UtcSeconds) -> Call {
    Call::get("/emissions/bylocation")
        .with("location", zone)
        .with("time", &crate::moment::full(from))
        .with("toTime", &crate::moment::full(until))
}

/// The document; 204 means that there is none.
async fn document(exchange: &Exchange<'_>, call: &Call) -> Result<Value, Failure> {
    let reply = exchange.get(call).await?;
    match reply.status() {
        204 => Err(Failure::new(
            Reason::NoData,
            "it has no value for these hours (204)",
        )),
        501 => Err(Failure::new(
            Reason::CannotGive,
            "the source behind it does not offer this (501)",
        )),
        _ if reply.is_success() => reply.json(),
        _ => Err(exchange.failure(&reply)),
    }
}

#[derive(Default)]
struct Values {
    points: Vec<Point>,
    issued_at: Option<UtcSeconds>,
    step_s: Option<i64>,
    remarks: Vec<String>,
}

impl Values {
    fn add_forecasts(&mut self, document: &Value) -> Result<(), Failure> {
        for forecast in array(document, "the answer")? {
            if forecast.get("generatedAt").is_some_and(|at| !at.is_null()) {
                self.issued_at = self.issued_at.max(Some(moment(forecast, "generatedAt")?));
            }
            // `optimalDataPoints`, in older versions `optimalDataPoint`, is the service's own choice of a
            // window; the choice is made elsewhere here.
            let Some(values) = forecast
                .get("forecastData")
                .filter(|values| !values.is_null())
            else {
                continue;
            };
            let values = array(values, "forecastData")?;
            for value in values {
                if let Some(intensity) = number(value, "value")? {
                    self.points
                        .push(Point::new(moment(value, "timestamp")?, intensity));
                }
            }
            let times: Vec<i64> = self.points.iter().map(|point| point.at.0).collect();
            let step = times.windows(2).map(|pair| pair[1] - pair[0]).min();
            let window = forecast
                .get("windowSize")
                .or_else(|| values.first()?.get("duration"))
                .and_then(Value::as_f64);
            if let (Some(step), Some(window)) = (step, window)
                && window * 60.0 > step as f64
            {
                self.remarks.push(format!(
                    "each value is the mean of the {window:.0} minutes from its time on: peaks and valleys look flatter than they are"
                ));
            }
        }
        Ok(())
    }

    fn add_emissions(&mut self, document: &Value) -> Result<(), Failure> {
        for value in array(document, "the answer")? {
            if let Some(intensity) = number(value, "rating")? {
                self.points
                    .push(Point::new(moment(value, "time")?, intensity));
            }
            if let Some(step) = value
                .get("duration")
                .and_then(Value::as_str)
                .and_then(crate::moment::duration)
            {
                self.step_s = Some(step);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Source for CarbonAwareSdk {
    fn name(&self) -> SourceName {
        SourceName::CarbonAwareSdk
    }

    fn kind(&self) -> SignalKind {
        self.kind
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        // Its own table of locations is by the cloud's names of regions.
        zone(&self.zones, catalog, place, |region| {
            Some(region.name.to_owned())
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
            kind: self.kind,
            factor_type: self.factor_type,
            issued_at: values.issued_at.or(Some(question.now)),
            points: values.points,
            step_s: values.step_s,
            latest_age_s: LATEST_AGE_S,
            remarks: values.remarks,
        };
        answer(reading, question.what, question.now)
    }
}
