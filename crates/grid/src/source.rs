//! What every source is.

use async_trait::async_trait;
use catalog::{Catalog, SignalKind, UtcSeconds};

use crate::{Answer, Place, SourceName, What};

/// Where signals come from. `crate::contract` says what each one has to keep to.
#[async_trait]
pub trait Source: Send + Sync + std::fmt::Debug {
    /// Which source it is.
    fn name(&self) -> SourceName;

    /// The kind of every signal that it gives.
    fn kind(&self) -> SignalKind;

    /// The zone of a place in its own naming.
    ///
    /// # Errors
    /// [`Reason::NotCovered`] where it speaks for no such place. A zone is never guessed.
    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure>;

    /// The signal of a zone.
    ///
    /// # Errors
    /// Whatever went wrong, as a reason that holds no secret.
    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure>;
}

/// One zone, some hours, and the clock.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The zone, in the source's naming.
    pub zone: &'a str,
    /// Which hours.
    pub what: What,
    /// The time of day, which nothing else in this crate knows.
    pub now: UtcSeconds,
    /// The figures in force.
    pub catalog: &'a Catalog,
    /// Whether no other zone is asked for with it: only then may a file of one zone without a name answer.
    pub alone: bool,
}

/// What kind of trouble a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The source does not speak for this place.
    NotCovered,
    /// The source has no such hours by its nature: no forecast, no history.
    CannotGive,
    /// It has no value for these hours.
    NoData,
    /// Its newest value is too old, or from the future.
    Skew,
    /// No key, or one that is refused.
    Unauthorized,
    /// The key is good, but not for this.
    Forbidden,
    /// Too many requests.
    Throttled,
    /// The request is refused for another reason.
    Refused,
    /// The service is out of order.
    Unavailable,
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The answer is not what it should be.
    Unreadable,
}

impl Reason {
    /// Whether the next zone would meet the same trouble, so that it is not asked for.
    #[must_use]
    pub fn concerns_every_zone(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Unreachable | Self::TimedOut
        )
    }
}

/// Why a source gave no signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of trouble.
    pub reason: Reason,
    /// A fragment without a full stop: `the key was refused (401)`.
    pub message: String,
}

impl Failure {
    /// Parts of the message may be a service's or a file's own words: it becomes one line that is not too long.
    pub(crate) fn new(reason: Reason, message: impl AsRef<str>) -> Self {
        Self {
            reason,
            message: one_line(message.as_ref()),
        }
    }
}

/// Words may be this long, in characters.
const MOST_WORDS: usize = 400;

/// Somebody else's words, fit to be printed.
pub(crate) fn one_line(words: &str) -> String {
    let mut line: String = words
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(MOST_WORDS)
        .collect();
    if words.chars().nth(MOST_WORDS).is_some() {
        line.push_str("...");
    }
    line
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
