//! WattTime, v3: the marginal rate (`co2_moer`), or the average one (`co2_aoer`) where that is asked for;
//! five-minute steps, in pounds of CO2 per MWh.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::{Catalog, FactorType, SignalKind, UtcSeconds};
use http::header::AUTHORIZATION;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{named, not_too_long, spans, zone};
use crate::http::{Call, Client, Exchange, array, field, moment, number, text};
use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Secret, Settings, Source, SourceName, What};

const USUAL: &str = "https://api.watttime.org";
/// g/kWh per lb/MWh: the international pound is 0.45359237 kg by definition.
const GRAMS: f64 = 0.453_592_37;
/// The unit of every rate.
const UNIT: &str = "lbs_co2_per_mwh";
/// A token is good for 30 minutes; it is renewed before that.
const TOKEN_AGE_S: i64 = 25 * 60;
/// A forecast reaches this far, in hours.
const MOST_HOURS: i64 = 72;
/// History is given for 32 days at once; the service's own client asks for 30.
const MOST_DAYS: i64 = 30;
const LATEST_AGE_S: i64 = 2 * 3600;

#[derive(Debug)]
pub(super) struct WattTime {
    client: Client,
    username: Option<String>,
    password: Option<Secret>,
    kind: SignalKind,
    zones: BTreeMap<String, String>,
    /// One login serves all zones, also while four are asked for at once.
    login: Mutex<Option<Login>>,
}

/// How the last login came out, and when.
#[derive(Debug)]
struct Login {
    at: UtcSeconds,
    outcome: Result<Secret, Failure>,
}

impl WattTime {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            client: Client::new(settings, USUAL),
            username: settings.username.clone(),
            password: settings.password.clone(),
            kind: settings.kind_in_force(),
            zones: settings.zones.clone(),
            login: Mutex::new(None),
        }
    }

    fn signal_type(&self) -> &'static str {
        match self.kind {
            SignalKind::Marginal => "co2_moer",
            SignalKind::Average => "co2_aoer",
        }
    }

    /// A token that is good, and not the one that was just refused.
    async fn token(
        &self,
        exchange: &Exchange<'_>,
        now: UtcSeconds,
        refused: Option<&Secret>,
    ) -> Result<Secret, Failure> {
        let mut login = self.login.lock().await;
        if let Some(Login { at, outcome }) = login.as_ref()
            && (0..TOKEN_AGE_S).contains(&(now.0 - at.0))
        {
            match outcome {
                Ok(token) if refused != Some(token) => return Ok(token.clone()),
                // A login that failed fails again in the same second: 100 in five minutes are allowed.
                Err(failure) if *at == now => return Err(failure.clone()),
                _ => {}
            }
        }
        let outcome = self.log_in(exchange).await;
        *login = Some(Login {
            at: now,
            outcome: outcome.clone(),
        });
        outcome
    }

    async fn log_in(&self, exchange: &Exchange<'_>) -> Result<Secret, Failure> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Err(Failure::new(
                Reason::Unauthorized,
                "it needs a login, and username or password is not set",
            ));
        };
        let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
        self.client.keep_secret(&pair);
        let call = Call::get("/login").with_secret(AUTHORIZATION, &format!("Basic {pair}"))?;
        let document = exchange.json(&call).await?;
        let token = text(&document, "token")?;
        self.client.keep_secret(token);
        Ok(Secret::new(token))
    }

    /// A document, after logging in; once more with a new token where the old one is refused.
    async fn get(
        &self,
        exchange: &Exchange<'_>,
        call: &Call,
        now: UtcSeconds,
    ) -> Result<Value, Failure> {
        let mut refused = None;
        loop {
            let token = self.token(exchange, now, refused.as_ref()).await?;
            let call = call
                .clone()
                .with_secret(AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
            let reply = exchange.get(&call).await?;
            if reply.status() == 401 && refused.is_none() {
                refused = Some(token);
                continue;
            }
            if reply.is_success() {
                return reply.json();
            }
            let failure = exchange.failure(&reply);
            if failure.reason == Reason::Forbidden {
                let message = format!(
                    "{}; without a subscription only CAISO_NORTH is open",
                    failure.message
                );
                return Err(Failure::new(Reason::Forbidden, message));
            }
            return Err(failure);
        }
    }

    async fn values(
        &self,
        exchange: &Exchange<'_>,
        Question {
            zone, what, now, ..
        }: Question<'_>,
    ) -> Result<Values, Failure> {
        let call = |path: &str| {
            Call::get(path)
                .with("region", zone)
                .with("signal_type", self.signal_type())
        };
        let mut values = Values::default();
        match what {
            What::Latest => {
                let call = call("/v3/forecast").with("horizon_hours", "0");
                values.add(
                    &self.get(exchange, &call, now).await?,
                    self.signal_type(),
                    true,
                )?;
            }
            What::Forecast { from, until } => {
                not_too_long(from, until)?;
                let hours = (until.0 - now.0 + 3599)
                    .div_euclid(3600)
                    .clamp(1, MOST_HOURS);
                let call = call("/v3/forecast").with("horizon_hours", &hours.to_string());
                values.add(
                    &self.get(exchange, &call, now).await?,
                    self.signal_type(),
                    false,
                )?;
            }
            What::History { from, until } => {
                not_too_long(from, until)?;
                for (begin, end) in spans(from, until, MOST_DAYS) {
                    let call = call("/v3/historical")
                        .with("start", &crate::moment::full(begin))
                        .with("end", &crate::moment::full(end))
                        .with("include_imputed_marker", "true");
                    values.add(
                        &self.get(exchange, &call, now).await?,
                        self.signal_type(),
                        false,
                    )?;
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
    step_s: Option<i64>,
    remarks: Vec<String>,
}

impl Values {
    fn add(&mut self, document: &Value, signal: &str, estimated: bool) -> Result<(), Failure> {
        let meta = field(document, "meta")?;
        let units = text(meta, "units")?;
        if units != UNIT {
            return Err(Failure::new(
                Reason::Unreadable,
                format!("its unit is {units}, not {UNIT}"),
            ));
        }
        if let Some(given) = meta.get("signal_type").and_then(Value::as_str)
            && given != signal
        {
            return Err(Failure::new(
                Reason::Unreadable,
                format!("it answered with {given}, not with {signal}"),
            ));
        }
        // The service writes the first of these, some clients' models the second.
        for name in ["data_point_period_seconds", "data_point_periods_second"] {
            if let Some(step) = meta.get(name).and_then(Value::as_i64) {
                self.step_s = Some(step);
            }
        }
        if meta
            .get("generated_at")
            .is_some_and(|issued| !issued.is_null())
        {
            self.issued_at = self.issued_at.max(Some(moment(meta, "generated_at")?));
        }
        for warning in meta
            .get("warnings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let words = warning
                .get("message")
                .and_then(Value::as_str)
                .or(warning.as_str());
            if let Some(words) = words {
                let remark = format!("WattTime says: {words}");
                if !self.remarks.contains(&remark) {
                    self.remarks.push(remark);
                }
            }
        }
        for value in array(field(document, "data")?, "data")? {
            let Some(pounds) = number(value, "value")? else {
                continue;
            };
            let mut point = Point::new(moment(value, "point_time")?, pounds * GRAMS);
            point.estimated =
                estimated || value.get("imputed_data_used").and_then(Value::as_bool) == Some(true);
            self.points.push(point);
            if value
                .get("last_updated")
                .is_some_and(|updated| !updated.is_null())
            {
                self.issued_at = self.issued_at.max(Some(moment(value, "last_updated")?));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Source for WattTime {
    fn name(&self) -> SourceName {
        SourceName::WattTime
    }

    fn kind(&self) -> SignalKind {
        self.kind
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        zone(&self.zones, catalog, place, |region| {
            named(self.name(), region)
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let values = self
            .client
            .within(|exchange| async move { self.values(&exchange, question).await })
            .await?;
        let remarks = values
            .remarks
            .iter()
            .map(|remark| self.client.redacted(remark))
            .collect();
        let reading = Reading {
            source: self.name().title(),
            zone: question.zone,
            kind: self.kind,
            factor_type: FactorType::Direct,
            issued_at: values.issued_at.or(Some(question.now)),
            points: values.points,
            step_s: values.step_s,
            latest_age_s: LATEST_AGE_S,
            remarks,
        };
        answer(reading, question.what, question.now)
    }
}
