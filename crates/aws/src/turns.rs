//! Turns at a call that AWS allows so many times a second: whoever comes first goes first, and nobody is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::retry::Watch;

/// Turns by region.
#[derive(Default)]
pub(crate) struct Turns {
    /// When the next call may go out. The lock is held by whoever waits for that, and is fair.
    next: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Instant>>>>>,
}

impl Turns {
    /// Waits until it is the caller's turn in this region; wakes early for a stop or the deadline, and gives the turn up.
    pub(crate) async fn wait(
        &self,
        region: &str,
        between: Duration,
        watch: &Watch<'_>,
    ) -> Result<(), Error> {
        let queue = {
            let mut queues = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(region.to_owned()).or_default())
        };
        let begun = Instant::now();
        let mut next = watch.unless_over(queue.lock()).await?;
        if let Some(at) = *next {
            watch.unless_over(tokio::time::sleep_until(at)).await?;
        }
        let waited = begun.elapsed();
        if waited > between {
            tracing::debug!(region, ?waited, "waited for a turn at CreateTrainingJob");
        }
        *next = Some(Instant::now() + between);
        Ok(())
    }
}
