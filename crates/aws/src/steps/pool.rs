//! Warm pools: instances that a job leaves behind for the next one. They bill until they are taken over or their time is
//! up, and they survive StopTrainingJob, so that a destroy has to end them by hand.

use aws_sdk_sagemaker::types::{ResourceConfigForUpdate, WarmPoolResourceStatus};

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
    fn pool(&self) -> Option<&WarmPoolResourceStatus> {
        self.0.warm_pool_status().and_then(|pool| pool.status())
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
            Some(WarmPoolResourceStatus::Available | WarmPoolResourceStatus::Inuse) if !asked => {
                asked = true;
                let none = ResourceConfigForUpdate::builder()
                    .keep_alive_period_in_seconds(0)
                    .build();
                let client = aws.sagemaker(region).await;
                let answer = client
                    .update_training_job()
                    .training_job_name(name)
                    .resource_config(none)
                    .send()
                    .await;
                if let Err(error) = answer {
                    let error = Error::sdk(Service::Sagemaker, "UpdateTrainingJob", &error)
                        .about(format!("warm pool of training job {name} in {region}"));
                    // It has ended, or was taken over: a moment ago, or by this call, whose answer was lost. The next look
                    // tells.
                    failure = Some(error);
                }
                continue;
            }
            Some(WarmPoolResourceStatus::Available | WarmPoolResourceStatus::Inuse) => {
                // Refused, for it is just ending.
                let ending = |error: &Error| matches!(error.kind(), Kind::Invalid | Kind::NotFound);
                if let Some(error) = failure.take_if(|error| !ending(error)) {
                    return Err(error);
                }
            }
            Some(WarmPoolResourceStatus::Reused) => {
                let by = job
                    .0
                    .warm_pool_status()
                    .and_then(|pool| pool.reused_by_job());
                return Ok(Pool::Taken(by.unwrap_or("another job").to_owned()));
            }
            _ if asked => return Ok(Pool::Ended),
            _ => return Ok(Pool::None),
        }
        tracing::debug!(name, "waiting for the end of the warm pool");
        watch.sleep(poll.pause()).await?;
    }
}
