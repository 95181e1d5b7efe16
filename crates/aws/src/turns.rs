//! Turns at a call that AWS allows so many times a second: whoever comes first goes first, and nobody is refused.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::error::Error;
use crate::retry::Watch;

/// When the next call may go out. The lock is fair, and is held until a call was answered.
type Queue = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// Turns by region.
#[derive(Default)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<String, Queue>>,
}

/// The right to make one call.
pub(crate) struct Turn {
    next: OwnedMutexGuard<Option<Instant>>,
    between: Duration,
}

impl Turns {
    /// Waits until it is the caller's turn in this region; wakes early for a stop or the deadline, and gives the turn up.
    pub(crate) async fn take(
        &self,
        region: &str,
        between: Duration,
        watch: &Watch<'_>,
    ) -> Result<Turn, Error> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(region.to_owned()).or_default())
        };
        let begun = Instant::now();
        let next = watch.unless_over(queue.lock_owned()).await?;
        if let Some(at) = *next {
            watch.unless_over(tokio::time::sleep_until(at)).await?;
        }
        let waited = begun.elapsed();
        if waited > between {
            tracing::debug!(region, ?waited, "waited for a turn");
        }
        Ok(Turn { next, between })
    }
}

impl Turn {
    /// Makes the call. The next one goes out a pause after this one's answer, since calls that are sent a pause apart may
    /// arrive closer together; a call that hangs or is tried again holds up the others for five pauses at most.
    pub(crate) async fn with<T>(self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        tokio::select! {
            answer = &mut call => return answer,
            () = tokio::time::sleep(self.between * 5) => {}
        }
        drop(self);
        call.await
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.next = Some(Instant::now() + self.between);
    }
}
