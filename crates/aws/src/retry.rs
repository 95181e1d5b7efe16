//! What is tried again and for how long, beyond the SDK's own retries.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::control::Control;
use crate::error::{Error, Kind};
use crate::timing::{Pauses, Timing};

/// SageMaker's sentences for a role or policy that has not arrived everywhere yet.
const PROPAGATING: [&str; 6] = [
    "Could not assume role",
    "Unauthorized to List objects under S3 URL",
    "Access denied to OutputDataConfig S3 bucket",
    "no identity-based policy allows the s3:ListBucket action",
    "Access denied to hub content",
    "Access denied for repository",
];

/// The error may go away once IAM has caught up.
pub(crate) fn is_propagating(error: &Error) -> bool {
    error.code() == Some("ValidationException")
        && PROPAGATING
            .iter()
            .any(|text| error.message().contains(text))
}

/// The control with its deadline fixed.
pub(crate) struct Watch<'a> {
    control: &'a Control<'a>,
    timing: &'a Timing,
    deadline: Instant,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(control: &'a Control<'a>, timing: &'a Timing) -> Self {
        Watch {
            control,
            timing,
            deadline: Instant::now() + control.timeout,
        }
    }

    pub(crate) fn control(&self) -> &'a Control<'a> {
        self.control
    }

    pub(crate) fn timing(&self) -> &'a Timing {
        self.timing
    }

    /// The user asked to stop, or the time is over.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if *self.control.stop.borrow() {
            return Err(Error::new(Kind::Stopped, "stopped on request").advise(
                "What exists is in the state; apply again to go on, or destroy to remove it.",
            ));
        }
        if Instant::now() >= self.deadline {
            return Err(self.over());
        }
        Ok(())
    }

    fn over(&self) -> Error {
        let seconds = self.control.timeout.as_secs();
        Error::new(Kind::Timeout, format!("not finished after {seconds} s"))
            .advise("Raise the value in the timeouts block, or apply again to go on.")
    }

    /// Sleeps; wakes early for a stop or the deadline.
    pub(crate) async fn sleep(&self, span: Duration) -> Result<(), Error> {
        self.unless_over(tokio::time::sleep(span)).await
    }

    /// Does something; gives it up for a stop or the deadline.
    pub(crate) async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        self.check()?;
        let mut stop = self.control.stop.clone();
        tokio::select! {
            done = work => return Ok(done),
            () = tokio::time::sleep_until(self.deadline) => {}
            () = async {
                // A dropped sender can never ask: work on.
                if stop.wait_for(|stop| *stop).await.is_err() {
                    std::future::pending::<()>().await;
                }
            } => {}
        }
        // One of the two has come.
        self.check()?;
        Err(self.over())
    }
}

/// Pauses of a poll that starts quickly and calms down.
pub(crate) struct Poll {
    next: Duration,
    most: Duration,
}

impl Poll {
    pub(crate) fn new(pauses: Pauses) -> Self {
        Poll {
            next: pauses.first,
            most: pauses.most,
        }
    }

    pub(crate) fn pause(&mut self) -> Duration {
        let now = self.next;
        self.next = (now + now / 2).min(self.most);
        now
    }
}

/// Up to a quarter longer, by chance: resources that were throttled together do not come back together.
#[expect(clippy::cast_precision_loss, reason = "a number below 1024")]
pub(crate) fn spread(pause: Duration) -> Duration {
    // The keys of a new hasher are random.
    let random = RandomState::new().build_hasher().finish() % 1024;
    pause.mul_f64(1.0 + random as f64 / 4096.0)
}

/// Repeats a call on a bucket or a role that was made a moment ago: bucket configurations and IAM are eventually consistent.
pub(crate) async fn settle<T, F, Fut>(watch: &Watch<'_>, mut call: F) -> Result<T, Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let until = Instant::now() + watch.timing().settling;
    let mut poll = Poll::new(watch.timing().short);
    loop {
        match call().await {
            Err(error)
                if matches!(
                    error.code(),
                    Some("NoSuchBucket" | "OperationAborted" | "NoSuchEntity")
                ) && Instant::now() < until =>
            {
                watch.sleep(poll.pause()).await?;
            }
            other => return other,
        }
    }
}
