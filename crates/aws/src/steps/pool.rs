//! Warm pools: instances that a job leaves behind for the next one. They bill until they are taken over or their time is
//! up, and they survive StopTrainingJob, so that a destroy has to end them by hand.

use serde_json::json;

use super::job::{Job, describe};
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::retry::{Poll, Watch};
use crate::settings::Service;

/// What became of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pool {
    /// There was none, or it had ended.
    None,
    /// It was ended now.
    Ended,
    /// Another job has taken it over, and ends it or keeps it.
    Taken(String),
}

impl Job {
    fn pool(&self) -> Option<&str> {
        self.0["WarmPoolStatus"]["Status"].as_str()
    }
}

/// Ends the pool of a job that has ended itself, and waits until it is gone: the shortest time that it may be kept is
/// none at all.
pub(crate) async fn end(
    aws: &Aws,
    region: &str,
    name: &str,
    watch: &Watch<'_>,
) -> Result<Pool, Error> {
    let mut poll = Poll::new(watch.timing().end);
    let (mut asked, mut failure) = (false, None);
    loop {
        let Some(job) = describe(aws, region, name).await? else {
            return Ok(Pool::None);
        };
        match job.pool() {
            Some("Available" | "InUse") if !asked => {
                asked = true;
                let none = json!({
                    "TrainingJobName": name,
                    "ResourceConfig": { "KeepAlivePeriodInSeconds": 0 },
                });
                let answer = aws
                    .json(Service::Sagemaker, region, "UpdateTrainingJob", &none)
                    .await;
                if let Err(error) = answer {
                    let error =
                        error.about(format!("warm pool of training job {name} in {region}"));
                    // It has ended, or was taken over: a moment ago, or by this call, whose answer was lost. The next look
                    // tells.
                    failure = Some(error);
                }
                continue;
            }
            Some("Available" | "InUse") => {
                // Refused, for it is just ending.
                let ending = |error: &Error| matches!(error.kind(), Kind::Invalid | Kind::NotFound);
                if let Some(error) = failure.take_if(|error| !ending(error)) {
                    return Err(error);
                }
            }
            Some("Reused") => {
                let by = job.0["WarmPoolStatus"]["ReusedByJob"].as_str();
                return Ok(Pool::Taken(by.unwrap_or("another job").to_owned()));
            }
            _ if asked => return Ok(Pool::Ended),
            _ => return Ok(Pool::None),
        }
        tracing::debug!(name, "waiting for the end of the warm pool");
        watch.sleep(poll.pause()).await?;
    }
}
