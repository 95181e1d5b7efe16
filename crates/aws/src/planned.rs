//! A run that has not begun, found again without its handle: from the manifest that was written before its start was
//! planned.

use crate::clients::Aws;
use crate::error::Error;
use crate::handle::{Handle, ScheduleRef};
use crate::naming;
use crate::request;
use crate::s3::Bucket;
use crate::steps::Document;

/// What a state knows of such a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedRun {
    /// Region of the job.
    pub region: String,
    /// Its name.
    pub job_name: String,
    /// Bucket of results and manifest.
    pub work_bucket: String,
    /// The user's bucket.
    pub data_bucket: String,
    /// Name of the resource.
    pub name: String,
    /// The planned start, RFC 3339.
    pub at: String,
}

/// The handle; `None` where there is no manifest of that run.
pub(crate) async fn find(aws: &Aws, run: &PlannedRun) -> Result<Option<Handle>, Error> {
    Ok(document(aws, run).await?.map(|document| document.handle))
}

/// Its manifest, with a handle that names the planned start.
pub(crate) async fn document(aws: &Aws, run: &PlannedRun) -> Result<Option<Document>, Error> {
    let account = aws.account_id().await?;
    let bucket = Bucket::new(aws, &run.work_bucket, &run.region, &account).await;
    let key = naming::manifest_key(&run.job_name);
    let Some(mut document) = Document::read(&bucket, &key).await? else {
        return Ok(None);
    };
    let handle = &mut document.handle;
    handle.account_id = account;
    handle.job_arn = Some(request::job_arn(handle, &run.job_name));
    handle.job_name = Some(run.job_name.clone());
    // The next look tells whether it still lies in the future.
    handle.schedule = Some(ScheduleRef {
        group: naming::scheduling_name(&run.data_bucket, &run.name),
        at: run.at.clone(),
        failure: None,
    });
    Ok(Some(document))
}
