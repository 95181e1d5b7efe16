//! Waiting for the end of a run.

use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::lifecycle::ReadOptions;
use crate::read;
use crate::report::{ReadReport, Remark};
use crate::retry::{Poll, Watch};

/// What [`crate::lifecycle::wait`] does.
pub(crate) async fn wait(
    aws: &Aws,
    handle: &Handle,
    options: ReadOptions,
    watch: &Watch<'_>,
) -> Result<ReadReport, Error> {
    let mut poll = Poll::new(aws.timing().run);
    let early = loop {
        let mut looked = handle.clone();
        match read::look(aws, &mut looked).await {
            Ok(found) => match found.observation(&looked) {
                Some(seen) if !seen.is_terminal() => {
                    tracing::info!(
                        name = handle.job_name,
                        status = seen.status,
                        "waiting for the end"
                    )
                }
                _ => break None,
            },
            // A wait of days outlasts an outage; what will not pass by itself is told at once.
            Err(error) if error.may_pass() => {
                tracing::warn!(name = handle.job_name, %error, "not seen; waiting on");
            }
            Err(error) => return Err(error),
        }
        match watch.sleep(poll.pause()).await {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), Kind::Stopped | Kind::Timeout) => {
                break Some(error);
            }
            Err(error) => return Err(error),
        }
    };
    let mut report = read::read(aws, handle, options).await?;
    if let Some(error) = early {
        report.handle.wait_pending = !report.observation.is_terminal();
        if report.handle.wait_pending {
            let name = handle.job_name.as_deref().unwrap_or_default();
            report.remarks.push(Remark::new(
                format!("training job {name} goes on"),
                format!("Waiting ended early ({}). The next apply waits again; the job is not affected.", error.message()),
            ));
        }
    }
    Ok(report)
}
