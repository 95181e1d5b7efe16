//! `data.sustainable_carbon_intensity`: what a grid emits per kWh, now, in the next hours or in the last ones.
//!
//! Like every data source here it never fails for what lies outside the configuration: the values are null then, with the
//! reason, and a warning.

use std::time::Duration;

use catalog::{Catalog, Region, Series, Signal, UtcSeconds};
use grid::{Answer, Asked, Place, What};
use schemas::data_sources::carbon_intensity::{self, Best, Config, MAX_POINTS, Outputs, Point};
use tfplugin::{
    Attr, DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostic, Diagnostics,
    Schema, ValidateRequest, Value, async_trait, from_value,
};

use crate::charts::{self, Chart, Row};
use crate::configured::Shared;
use crate::text::sentence;
use crate::{clock, lists, signal, time};

/// The data source.
pub(crate) struct CarbonIntensity {
    shared: Shared,
}

impl CarbonIntensity {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    async fn answer(&self, written: &Value) -> Result<(Outputs, Diagnostics), Diagnostics> {
        let config: Config = from_value(written)?;
        let configured = self.shared.get();
        let Some(catalog) = configured.catalog() else {
            return Ok(none(
                "the name of the catalog_overrides file is known only after apply",
            ));
        };
        let Some(carbon) = &configured.carbon else {
            return Ok(none(
                "the carbon_signal of the provider block is known only after apply",
            ));
        };
        let now = clock::moment();
        let asked = Question::new(&config, now);
        let question = Asked {
            places: vec![asked.place.clone()],
            what: asked.what(),
        };
        let mut answers = carbon.grid.signals(catalog, &question, now).await;
        let mut diagnostics = signal::warnings(&answers.warnings);
        let reason = answers
            .warnings
            .first()
            .map(|warning| sentence(&warning.reason));
        let answer = answers.by_place.remove(asked.place.name());
        let mut outputs = match answer {
            Some(Ok(answer)) => asked.outputs(catalog, &answer),
            Some(Err(missing)) => {
                if diagnostics.is_empty() {
                    diagnostics.push(no_values(&missing.reason));
                }
                Outputs {
                    reason: Attr::Known(sentence(&missing.reason)),
                    ..Outputs::default()
                }
            }
            None => Outputs::default(),
        };
        if let (Attr::Null, Some(reason)) = (&outputs.reason, reason) {
            outputs.reason = Attr::Known(reason);
        }
        Ok((outputs, diagnostics))
    }
}

#[async_trait]
impl DataSource for CarbonIntensity {
    fn type_name(&self) -> &str {
        "sustainable_carbon_intensity"
    }

    fn schema(&self) -> Schema {
        carbon_intensity::schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| carbon_intensity::validate(&request.config, lists))
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let answered = self.answer(&request.config).await;
        super::response(request.config, answered)
    }
}

fn no_values(reason: &str) -> Diagnostic {
    Diagnostic::warning("There are no intensities", sentence(reason))
}

fn none(reason: &str) -> (Outputs, Diagnostics) {
    let outputs = Outputs {
        reason: Attr::Known(sentence(reason)),
        ..Outputs::default()
    };
    (outputs, no_values(reason).into())
}

/// Which hours of the period.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Period {
    Forecast,
    History,
    Latest,
}

/// What is asked, with its defaults.
#[derive(Debug)]
struct Question {
    place: Place,
    period: Period,
    at: UtcSeconds,
    hours: f64,
    window_hours: Vec<f64>,
}

impl Question {
    fn new(config: &Config, now: UtcSeconds) -> Self {
        let text = |attribute: &Attr<String>| attribute.as_ref().known().cloned();
        let windows = config.window_hours.as_ref().known();
        Self {
            place: match text(&config.region) {
                Some(region) => Place::Region(region),
                None => Place::Zone(text(&config.zone).unwrap_or_default()),
            },
            period: match text(&config.period).as_deref() {
                Some("history") => Period::History,
                Some("latest") => Period::Latest,
                _ => Period::Forecast,
            },
            at: text(&config.at)
                .and_then(|at| time::parse(&at))
                .unwrap_or(now),
            hours: config.hours.known().unwrap_or(24.0),
            window_hours: windows
                .into_iter()
                .flatten()
                .filter_map(|hours| hours.known())
                .collect(),
        }
    }

    /// From and until.
    fn bounds(&self) -> (UtcSeconds, UtcSeconds) {
        match self.period {
            Period::Forecast | Period::Latest => (self.at, self.at.plus_hours(self.hours)),
            Period::History => (self.at.plus_hours(-self.hours), self.at),
        }
    }

    fn what(&self) -> What {
        let (from, until) = self.bounds();
        match self.period {
            Period::Forecast => What::Forecast { from, until },
            Period::History => What::History { from, until },
            Period::Latest => What::Latest,
        }
    }

    fn outputs(&self, catalog: &Catalog, answer: &Answer) -> Outputs {
        let signal = &answer.signal;
        let region = catalog.regions().iter().find(|region| match &self.place {
            Place::Region(name) => region.name == name,
            Place::Zone(zone) => region.zone == zone,
        });
        let mut outputs = about(signal, region, answer);
        let steps = self.steps(&signal.series);
        let Some(series) = steps.as_ref() else {
            outputs.reason = Attr::Known(format!(
                "{} has values from {} to {}, and none in the period that was asked for.",
                signal.source,
                time::rfc3339(signal.series.start()),
                time::rfc3339(signal.series.end())
            ));
            return outputs;
        };
        let (from, until) = match self.period {
            Period::Latest => (series.start(), series.end()),
            _ => self.bounds(),
        };
        let (from, until) = (from.max(series.start()), until.min(series.end()));
        let hours = until.hours_since(from);
        let values = series.values();
        let known = |value: Option<f64>| value.map(thousandth).into();
        outputs.gco2_per_kwh = known(match self.period {
            Period::History => values.last().copied(),
            _ => series.at(self.at).or_else(|| values.first().copied()),
        });
        outputs.mean = known(series.mean(from, hours));
        outputs.min = known(values.iter().copied().reduce(f64::min));
        outputs.max = known(values.iter().copied().reduce(f64::max));
        outputs.covered_hours = known(Some(hours));
        let best: Vec<Best> = self
            .window_hours
            .iter()
            .filter_map(|hours| best(series, from, until, *hours))
            .collect();
        if self.period != Period::Latest {
            outputs.chart = Attr::Known(charts::text(&Chart {
                about: format!("{}, {}", signal.kind.as_str(), signal.source),
                from: series.start(),
                hours: (series.end().hours_since(series.start()).ceil() as u32).max(1),
                mark: best
                    .first()
                    .map_or_else(String::new, |best| format!("best {} h", best.hours)),
                rows: vec![Row {
                    name: self.place.name().to_owned(),
                    series: series.clone(),
                    marked: best.first().and_then(|best| {
                        Some((time::parse(&best.start)?, time::parse(&best.end)?))
                    }),
                }],
            }));
        }
        outputs.best_windows = Attr::Known(best);
        outputs.series = Attr::Known(points(series));
        outputs
    }

    /// The steps of the series that fall into the period, with three digits behind the point, so that whoever computes
    /// with what is shown gets what is shown; hourly ones where there would be too many.
    fn steps(&self, series: &Series) -> Option<Series> {
        let step = i64::from(series.step_s());
        let (from, until) = match self.period {
            Period::Latest => {
                let at = self.at.max(series.start());
                let last = UtcSeconds(series.end().0 - step);
                let from = at.min(last);
                (from, UtcSeconds(from.0 + 1))
            }
            _ => self.bounds(),
        };
        let first = (from.0 - series.start().0).div_euclid(step).max(0);
        let end = ((until.0 - series.start().0) + step - 1).div_euclid(step);
        let values = series.values();
        let first = usize::try_from(first).ok()?.min(values.len());
        let end = usize::try_from(end.max(0)).ok()?.min(values.len());
        let inside = values.get(first..end)?;
        let start = UtcSeconds(series.start().0 + first as i64 * step);
        if inside.len() > MAX_POINTS {
            return hourly(
                series,
                start,
                UtcSeconds(start.0 + inside.len() as i64 * step),
            );
        }
        let rounded = inside.iter().map(|value| thousandth(*value)).collect();
        Series::new(start, series.step_s(), rounded).ok()
    }
}

/// Means of whole hours from the first one on; what is left of an hour at the end is left out.
fn hourly(series: &Series, from: UtcSeconds, until: UtcSeconds) -> Option<Series> {
    let hours = until.hours_since(from).floor() as u32;
    let means: Option<Vec<f64>> = (0..hours)
        .map(|hour| {
            series
                .mean(from.plus_hours(f64::from(hour)), 1.0)
                .map(thousandth)
        })
        .collect();
    Series::new(from, 3600, means?).ok()
}

fn thousandth(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn about(signal: &Signal, region: Option<&Region>, answer: &Answer) -> Outputs {
    let known = |text: &str| Attr::Known(text.to_owned());
    Outputs {
        source: known(&signal.source),
        signal_zone: known(&signal.zone),
        kind: known(signal.kind.as_str()),
        factor_type: known(signal.factor_type.as_str()),
        quality: known(signal.quality.as_str()),
        estimated: Attr::Known(signal.estimated),
        issued_at: signal.issued_at.map(time::rfc3339).into(),
        renewable_percent: answer
            .renewable_percent
            .or_else(|| region.and_then(|region| region.renewable_percent))
            .map(thousandth)
            .into(),
        carbon_free_percent: region
            .and_then(|region| region.carbon_free_percent)
            .map(thousandth)
            .into(),
        remarks: Attr::Known(answer.remarks.clone()),
        ..Outputs::default()
    }
}

/// The hours with the least mean; the earliest of equal ones.
fn best(series: &Series, from: UtcSeconds, until: UtcSeconds, hours: f64) -> Option<Best> {
    let first = series.mean(from, hours)?;
    let step = Duration::from_secs(series.step_s().into()).as_secs() as i64;
    let later = (1..)
        .map(|index| UtcSeconds(series.start().0 + index * step))
        .skip_while(|start| *start <= from)
        .take_while(|start| start.plus_hours(hours) <= until);
    let mut least = (from, first);
    if from.plus_hours(hours) > until {
        return None;
    }
    for start in later {
        match series.mean(start, hours) {
            // A sum that differs in its last digits is no better hour.
            Some(mean) if mean < least.1 - 1e-9 * least.1.abs() => least = (start, mean),
            _ => {}
        }
    }
    Some(Best {
        hours,
        start: time::rfc3339(least.0),
        end: time::rfc3339(least.0.plus_hours(hours)),
        gco2_per_kwh: thousandth(least.1),
        below_first_percent: (first > 0.0).then(|| thousandth((1.0 - least.1 / first) * 100.0)),
    })
}

fn points(series: &Series) -> Vec<Point> {
    series
        .values()
        .iter()
        .enumerate()
        .map(|(index, value)| Point {
            start: time::rfc3339(UtcSeconds(
                series.start().0 + index as i64 * i64::from(series.step_s()),
            )),
            gco2_per_kwh: *value,
        })
        .collect()
}
