//! The run that this one follows: let go of first, then stopped.

use std::time::Duration;

use async_trait::async_trait;

use super::job::{self, Stopping};
use super::{Step, pool, schedule};
use crate::error::{Error, Kind};
use crate::run::Run;

pub(crate) struct StopPrevious;

#[async_trait]
impl Step for StopPrevious {
    fn name(&self) -> &'static str {
        "previous run"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(previous) = run.previous else {
            return Ok(());
        };
        let Some(name) = previous.job_name.clone() else {
            return Ok(());
        };
        if run.adopted && name == run.job_name {
            return Ok(());
        }
        if previous.schedule.is_some() && !schedule::cancel(run.aws, previous, &run.watch).await? {
            return Ok(());
        }
        if previous.schedule.is_some() && !run.spec.may_stop_previous {
            return Err(Error::new(
                Kind::Conflict,
                format!("training job {name} began while this change was being applied"),
            )
            .advise(
                "It goes on as it was, and nothing was changed. Plan again: on_change says whether a new run may stop it.",
            ));
        }
        let stopped = job::let_go_and_stop(run.aws, previous, &run.watch, &mut run.remarks).await?;
        // The new run may take the pool over; where it cannot, nobody is to pay for it.
        let fits = run.spec.keep_alive_seconds.is_some()
            && previous.region == run.spec.region
            && previous.instance_type == run.spec.instance_type
            && previous.instance_count == run.spec.instance_count;
        if previous.warm_pool && !matches!(stopped, Stopping::NotOurs) {
            if fits {
                let left = (previous.region.clone(), name.clone());
                run.handle.former_pools.push(left);
            } else {
                pool::end(run.aws, &previous.region, &name, &run.watch).await?;
            }
        }
        match stopped {
            Stopping::Gone | Stopping::WasOver => {}
            Stopping::NotOurs => run.remark(
                format!("training job {name} left alone"),
                "It no longer carries this run's tag: somebody else has created a job of the same name.",
            ),
            Stopping::Stopped { seconds } => {
                run.stopped_previous = true;
                let took = Duration::from_secs(seconds);
                run.remark(format!("training job {name} stopped"), format!("It was stopped for the new run; it took {} s to end.", took.as_secs()));
            }
        }
        Ok(())
    }
}
