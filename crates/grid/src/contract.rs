//! What every source keeps to, as one suite that each of them is tried with.
//!
//! A new source passes when [`breaches`] finds nothing, tried against the service or a server that answers in
//! its recorded shapes.

use catalog::{Catalog, Signal, SignalKind, UtcSeconds};

use crate::{Answer, Asked, Failure, Grid, Place, Question, Reason, SourceName, What};

/// What a source is tried with.
#[derive(Clone, Debug)]
pub struct Trial {
    /// A place that it covers.
    pub covered: Place,
    /// A place that it does not.
    pub uncovered: Place,
    /// The time of day of the trial, at which the source has a newest value.
    pub now: UtcSeconds,
    /// Hours back for which it has values.
    pub past_hours: i64,
    /// The newest hours that it may lack, because it publishes them late.
    pub late_hours: i64,
    /// Hours ahead for which it has values; 0 = it has no forecast.
    pub ahead_hours: i64,
    /// Texts that must show up nowhere.
    pub secrets: Vec<String>,
}

/// Every rule that a source breaks, as sentences; empty is a pass.
pub async fn breaches(grid: &Grid, catalog: &Catalog, trial: &Trial) -> Vec<String> {
    let mut suite = Suite {
        grid,
        catalog,
        trial,
        found: Vec::new(),
    };
    suite.latest().await;
    suite.hours().await;
    suite.no_hours().await;
    suite.places().await;
    suite.silence();
    suite.found
}

struct Suite<'a> {
    grid: &'a Grid,
    catalog: &'a Catalog,
    trial: &'a Trial,
    found: Vec<String>,
}

impl Suite<'_> {
    fn expect(&mut self, kept: bool, rule: impl FnOnce() -> String) {
        if !kept {
            self.found.push(rule());
        }
    }

    async fn ask(&mut self, place: &Place, what: What) -> Result<Answer, Failure> {
        let source = self.grid.as_source();
        let zone = source.zone(self.catalog, place)?;
        let question = Question {
            zone: &zone,
            what,
            now: self.trial.now,
            catalog: self.catalog,
            alone: true,
        };
        let answer = source.ask(question).await;
        if let Err(failure) = &answer {
            let message = failure.to_string();
            self.expect(
                !message.is_empty() && !message.ends_with('.') && !message.contains('\n'),
                || format!("a reason is a fragment on one line, not {message:?}"),
            );
            self.quiet("a reason", &message);
        }
        answer
    }

    fn quiet(&mut self, what: &str, text: &str) {
        for secret in &self.trial.secrets {
            if text.contains(secret) {
                self.found.push(format!("{what} shows a secret"));
            }
        }
    }

    /// The newest value is one step, and not of the future.
    async fn latest(&mut self) {
        let now = self.trial.now;
        match self.ask(&self.trial.covered.clone(), What::Latest).await {
            Ok(answer) => {
                let signal = &answer.signal;
                self.labels(signal);
                self.values(signal);
                self.expect(signal.series.values().len() == 1, || {
                    "the latest value is one".to_owned()
                });
                self.expect(signal.series.start() <= now, || {
                    "the latest value lies in the future".to_owned()
                });
                self.quiet("an answer", &format!("{answer:?}"));
            }
            Err(failure) => self.found.push(format!("no latest value: {failure}")),
        }
    }

    /// The hours that were asked for and no others, the same each time, and the same as a part of more.
    async fn hours(&mut self) {
        let (now, place) = (self.trial.now, self.trial.covered.clone());
        let ahead = What::Forecast {
            from: now,
            until: UtcSeconds(now.0 + self.trial.ahead_hours.max(1) * 3600),
        };
        match self.ask(&place, ahead).await {
            Ok(answer) => self.window(&answer, ahead),
            Err(failure) if self.trial.ahead_hours == 0 => {
                self.expect(failure.reason == Reason::CannotGive, || {
                    format!("a source without a forecast says so, not: {failure}")
                });
            }
            Err(failure) => self.found.push(format!("no forecast: {failure}")),
        }
        let begin = now.0 - self.trial.past_hours * 3600;
        let past = |from, until| What::History {
            from: UtcSeconds(from),
            until: UtcSeconds(until),
        };
        // Off the steps, so that both ends lie within one.
        let all = past(begin + 700, now.0 - 3500);
        match (self.ask(&place, all).await, self.ask(&place, all).await) {
            (Ok(answer), Ok(again)) => {
                self.window(&answer, all);
                self.expect(answer == again, || {
                    "the same question has the same answer".to_owned()
                });
                self.part(&place, &answer.signal, past).await;
            }
            (Err(failure), _) | (_, Err(failure)) => {
                self.found.push(format!("no history: {failure}"));
            }
        }
    }

    async fn part(&mut self, place: &Place, whole: &Signal, past: impl Fn(i64, i64) -> What) {
        let (start, end) = (whole.series.start().0, whole.series.end().0);
        let step = i64::from(whole.series.step_s());
        let middle = start + (end - start) / step / 2 * step;
        match self.ask(place, past(middle, end)).await {
            Ok(part) => {
                let series = &part.signal.series;
                let same = series.values().iter().enumerate().all(|(index, value)| {
                    whole
                        .series
                        .at(UtcSeconds(series.start().0 + index as i64 * step))
                        == Some(*value)
                });
                self.expect(same, || {
                    "a part of the hours has the values of the whole".to_owned()
                });
            }
            Err(failure) => self.found.push(format!("no history of a part: {failure}")),
        }
    }

    fn window(&mut self, answer: &Answer, what: What) {
        let signal = &answer.signal;
        self.labels(signal);
        self.values(signal);
        self.quiet("an answer", &format!("{answer:?}"));
        let (What::Forecast { from, until } | What::History { from, until }) = what else {
            return;
        };
        let (start, end) = (signal.series.start().0, signal.series.end().0);
        let step = i64::from(signal.series.step_s());
        self.expect(start > from.0 - step && start <= from.0, || {
            format!(
                "the series starts {} s after the first hour",
                start - from.0
            )
        });
        self.expect(end < until.0 + step, || {
            "the series goes beyond the last hour".to_owned()
        });
        if matches!(what, What::History { .. }) {
            self.expect(end >= until.0 - self.trial.late_hours * 3600, || {
                format!("the series ends {} s before the last hour", until.0 - end)
            });
        }
        if let Some(percent) = answer.renewable_percent {
            self.expect((0.0..=100.0).contains(&percent), || {
                format!("a renewable share of {percent} %")
            });
        }
    }

    /// Who says it, of which zone, what kind of statement it is, and when it was issued.
    fn labels(&mut self, signal: &Signal) {
        let name = self.grid.source();
        self.expect(!signal.source.is_empty() && !signal.zone.is_empty(), || {
            "a signal names its source and its zone".to_owned()
        });
        self.expect(
            signal.kind == self.grid.kind() && name.kinds().contains(&signal.kind),
            || {
                format!(
                    "a {} signal of a source that gives none",
                    signal.kind.as_str()
                )
            },
        );
        self.expect(name.factor_types().contains(&signal.factor_type), || {
            format!(
                "{} factors of a source that has none",
                signal.factor_type.as_str()
            )
        });
        let asks_a_service = !matches!(name, SourceName::Embedded | SourceName::File);
        self.expect(signal.issued_at.is_some() || !asks_a_service, || {
            "a service's signal says when it was issued".to_owned()
        });
        let now = self.trial.now;
        self.expect(
            signal
                .issued_at
                .is_none_or(|issued| issued.0 <= now.0 + 3600),
            || "a signal is not issued in the future".to_owned(),
        );
    }

    /// An even series of possible values.
    fn values(&mut self, signal: &Signal) {
        let step = signal.series.step_s();
        self.expect((300..=3600).contains(&step), || {
            format!("a step of {step} s")
        });
        let least = match signal.kind {
            SignalKind::Average => 0.0,
            SignalKind::Marginal => -3000.0,
        };
        let possible = signal
            .series
            .values()
            .iter()
            .all(|value| (least..=3000.0).contains(value));
        self.expect(possible, || "a value that no grid has".to_owned());
    }

    /// Questions for no hours, or for hours that no source knows, are failures.
    async fn no_hours(&mut self) {
        let (now, place) = (self.trial.now, self.trial.covered.clone());
        let before = UtcSeconds(now.0 - 3600);
        for (from, until) in [(now, now), (now, before)] {
            for what in [
                What::Forecast { from, until },
                What::History { from, until },
            ] {
                let answer = self.ask(&place, what).await;
                self.expect(answer.is_err(), || format!("an answer to {what:?}"));
            }
        }
        if self.grid.source() != SourceName::Embedded {
            let from = UtcSeconds(now.0 + 4000 * 3600);
            let until = UtcSeconds(from.0 + 3600);
            let answer = self.ask(&place, What::Forecast { from, until }).await;
            self.expect(answer.is_err(), || {
                "a forecast for half a year ahead".to_owned()
            });
        }
    }

    /// Each place that is asked for has an entry; one that is not covered has a reason, never a guess.
    async fn places(&mut self) {
        let source = self.grid.as_source();
        let (covered, uncovered) = (self.trial.covered.clone(), self.trial.uncovered.clone());
        self.expect(source.zone(self.catalog, &covered).is_ok(), || {
            "the covered place has no zone".to_owned()
        });
        let failure = self.ask(&uncovered, What::Latest).await.err();
        self.expect(
            failure
                .as_ref()
                .is_some_and(|failure| failure.reason == Reason::NotCovered),
            || format!("a place that is not covered is said to be that, not: {failure:?}"),
        );
        let asked = Asked {
            places: vec![covered.clone(), uncovered.clone(), covered.clone()],
            what: What::Latest,
        };
        let answers = self
            .grid
            .signals(self.catalog, &asked, self.trial.now)
            .await;
        for place in [&covered, &uncovered] {
            self.expect(answers.by_place.contains_key(place.name()), || {
                format!("no entry for {}", place.name())
            });
        }
        let warned = answers
            .warnings
            .iter()
            .any(|warning| warning.places == [uncovered.name()]);
        self.expect(warned, || {
            "no warning for a place that is not covered".to_owned()
        });
        for warning in &answers.warnings {
            self.quiet("a warning", &warning.to_string());
        }
    }

    fn silence(&mut self) {
        let shown = format!("{:?}", self.grid);
        self.quiet("Debug", &shown);
    }
}
