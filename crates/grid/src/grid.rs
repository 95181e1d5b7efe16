//! The question for many places at once, and what stands in for a source that fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use catalog::{Catalog, Region, SignalKind, UtcSeconds};
use futures_util::StreamExt;

use crate::cache::Cache;
use crate::source::{Question, Reason};
use crate::{
    Answer, Answers, Asked, Failure, Fallback, Missing, Place, Settings, SettingsError, Source,
    SourceName, Warning, What, moment, outlook, points, sources,
};

/// Requests under way at the same time.
pub const MOST_IN_FLIGHT: usize = 4;

/// A source of signals, ready to be asked.
#[derive(Clone, Debug)]
pub struct Grid {
    source: Arc<dyn Source>,
    fallback: Fallback,
    cache: Option<Cache>,
}

/// A zone, who wants it, and how its answer came out.
struct Zone {
    name: String,
    places: Vec<Place>,
    outcome: Result<Answer, Failure>,
}

/// From the start of the first hour to the end of the last; no hours stay no hours.
fn whole_hours(what: What) -> What {
    let widened = |from: UtcSeconds, until: UtcSeconds| {
        if until <= from {
            (from, until)
        } else {
            (moment::floor(from, 3600), moment::ceil(until, 3600))
        }
    };
    match what {
        What::Latest => What::Latest,
        What::Forecast { from, until } => {
            let (from, until) = widened(from, until);
            What::Forecast { from, until }
        }
        What::History { from, until } => {
            let (from, until) = widened(from, until);
            What::History { from, until }
        }
    }
}

impl Grid {
    /// Opens no connection and reads no file.
    ///
    /// # Errors
    /// The first of [`Settings::problems`].
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        // What is on this machine already is not kept on it again.
        let local = matches!(settings.source, SourceName::Embedded | SourceName::File);
        let common = [
            settings.source.as_str(),
            settings.url.as_deref().unwrap_or(""),
            settings.kind_in_force().as_str(),
            settings.factor_type_in_force().as_str(),
        ];
        let cache = settings.cache.as_ref().filter(|_| !local);
        Ok(Self {
            fallback: settings.fallback,
            cache: cache.and_then(|cache| Cache::new(cache, common.join(" "))),
            source: sources::of(&settings),
        })
    }

    /// The source that is asked.
    #[must_use]
    pub fn source(&self) -> SourceName {
        self.source.name()
    }

    /// The source itself, for one zone at a time.
    #[must_use]
    pub fn as_source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// The kind of every signal that it gives.
    #[must_use]
    pub fn kind(&self) -> SignalKind {
        self.source.kind()
    }

    /// Asks for every place: one request per zone, at most four under way at once. A source that fails is no
    /// error: the embedded signal stands in, or the reason does, and a warning says so.
    pub async fn signals(&self, catalog: &Catalog, asked: &Asked, now: UtcSeconds) -> Answers {
        let mut zones: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        let mut done: Vec<Zone> = Vec::new();
        for place in &asked.places {
            match self.source.zone(catalog, place) {
                Ok(zone) => zones.entry(zone).or_default().push(place.clone()),
                Err(failure) => done.push(Zone {
                    name: place.name().to_owned(),
                    places: vec![place.clone()],
                    outcome: Err(failure),
                }),
            }
        }
        // A refused key is refused for every zone, and a service that is down stays down for a plan's time.
        // One zone may be slow by itself; two in a row are the service.
        let halted: OnceLock<Failure> = OnceLock::new();
        let slow = AtomicUsize::new(0);
        let alone = zones.len() == 1 && done.is_empty();
        let questions = zones.into_iter().map(|(name, places)| {
            let (halted, slow) = (&halted, &slow);
            async move {
                let outcome = match halted.get() {
                    Some(failure) => Err(failure.clone()),
                    None => {
                        let question = Question {
                            zone: &name,
                            what: asked.what,
                            now,
                            catalog,
                            alone,
                        };
                        let region = places
                            .iter()
                            .find_map(|place| sources::region_of(self.source(), catalog, place));
                        self.answer(question, region).await
                    }
                };
                if let Err(failure) = &outcome
                    && failure.reason.concerns_every_zone()
                    && (failure.reason != Reason::TimedOut
                        || slow.fetch_add(1, Ordering::Relaxed) > 0)
                {
                    let _ = halted.set(failure.clone());
                }
                Zone {
                    name,
                    places,
                    outcome,
                }
            }
        });
        let mut answered: Vec<Zone> = futures_util::stream::iter(questions)
            .buffer_unordered(MOST_IN_FLIGHT)
            .collect()
            .await;
        answered.sort_by(|one, other| one.name.cmp(&other.name));
        done.extend(answered);

        let mut answers = Answers::default();
        for zone in done {
            self.enter(&mut answers, catalog, zone, asked, now);
        }
        answers
    }

    /// What the source says of a zone; of hours to come, together with what is known of the region's grid.
    async fn answer(
        &self,
        question: Question<'_>,
        region: Option<&Region>,
    ) -> Result<Answer, Failure> {
        match question.what {
            What::Forecast { from, until } if self.source() != SourceName::Embedded => {
                outlook::ahead(self, question, region, from, until).await
            }
            _ => self.fetch(question).await,
        }
    }

    /// The source's answer, or the one that was kept. What is kept is whole hours, so that the next question of
    /// the same hour finds it.
    pub(crate) async fn fetch(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let Some(cache) = &self.cache else {
            return self.source.ask(question).await;
        };
        let whole = Question {
            what: whole_hours(question.what),
            ..question
        };
        let answer = match cache.get(whole.zone, whole.what, whole.now) {
            Some(answer) => answer,
            None => {
                let answer = self.source.ask(whole).await?;
                cache.put(whole.zone, whole.what, whole.now, &answer);
                answer
            }
        };
        points::cut(answer, question.what)
    }

    /// Enters a zone's answer for each place that wanted it, or what stands in for it.
    fn enter(
        &self,
        answers: &mut Answers,
        catalog: &Catalog,
        zone: Zone,
        asked: &Asked,
        now: UtcSeconds,
    ) {
        let failure = match zone.outcome {
            Ok(answer) => {
                for place in zone.places {
                    answers
                        .by_place
                        .insert(place.name().to_owned(), Ok(answer.clone()));
                }
                return;
            }
            Err(failure) => failure,
        };
        let mut fell_back = false;
        for place in &zone.places {
            let entry = self
                .instead(catalog, place, asked, now)
                .ok_or_else(|| Missing {
                    reason: format!(
                        "{} gave no signal for {}: {failure}",
                        self.source().title(),
                        zone.name
                    ),
                });
            fell_back |= entry.is_ok();
            answers.by_place.insert(place.name().to_owned(), entry);
        }
        answers.warnings.push(Warning {
            source: self.source(),
            zone: zone.name,
            places: zone
                .places
                .iter()
                .map(|place| place.name().to_owned())
                .collect(),
            reason: failure.message,
            fallback: fell_back,
        });
    }

    /// The embedded signal for a place, where it may stand in. Never for a marginal one.
    fn instead(
        &self,
        catalog: &Catalog,
        place: &Place,
        asked: &Asked,
        now: UtcSeconds,
    ) -> Option<Answer> {
        if self.fallback == Fallback::None
            || self.kind() == SignalKind::Marginal
            || self.source() == SourceName::Embedded
        {
            return None;
        }
        let region = sources::region_of(self.source(), catalog, place)?;
        let mut answer = sources::expected(region, asked.what, now).ok()?;
        answer.fallback = true;
        Some(answer)
    }
}
