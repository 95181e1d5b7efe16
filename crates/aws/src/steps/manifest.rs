//! The run manifest: what was decided and what is about to be sent, beside the results. It stays after a destroy and
//! makes an import complete.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Step;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::naming;
use crate::removal::Removal;
use crate::request;
use crate::run::Run;
use crate::s3::{Bucket, Only};

/// The document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) format: u32,
    /// What exists, as known just before CreateTrainingJob.
    pub(crate) handle: Handle,
    /// [`crate::RunSpec::manifest`].
    pub(crate) run: Value,
    /// The CreateTrainingJob request, values of the environment as digests.
    pub(crate) request: Value,
}

pub(crate) struct Manifest;

#[async_trait]
impl Step for Manifest {
    fn name(&self) -> &'static str {
        "manifest"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        write(run).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.made.contains(&self.name()) {
            if let Some(key) = run.handle.manifest_key.clone() {
                let managed = run
                    .handle
                    .work_bucket
                    .as_ref()
                    .is_some_and(|bucket| bucket.managed);
                run.work_bucket()
                    .await?
                    .purge(&key, managed, &|found| found != key)
                    .await?;
                run.handle.manifest_key = None;
            }
        } else if run.previous.is_none() {
            run.handle.manifest_key = None;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        let (Some(key), Some(bucket)) = (
            removal.handle.manifest_key.clone(),
            removal.handle.work_bucket.clone(),
        ) else {
            return Ok(());
        };
        removal.leave(format!("run manifest s3://{}/{key}", bucket.name));
        removal.handle.manifest_key = None;
        Ok(())
    }
}

impl Document {
    /// What is written.
    pub(crate) const FORMAT: u32 = 1;

    /// The manifest under a key; `None` where there is none.
    ///
    /// # Errors
    /// The bucket cannot be read, or what is there is no manifest.
    pub(crate) async fn read(bucket: &Bucket, key: &str) -> Result<Option<Self>, Error> {
        let Some(found) = bucket.get(key).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&found.bytes)
            .map(Some)
            .map_err(|error| {
                Error::new(
                    Kind::Invalid,
                    format!("{} is no run manifest: {error}", bucket.uri(key)),
                )
                .advise("It may be of a newer version of the provider.")
            })
    }
}

/// Writes the manifest for the job name that was chosen.
pub(crate) async fn write(run: &mut Run<'_>) -> Result<(), Error> {
    let key = naming::manifest_key(&run.job_name);
    run.handle.manifest_key = Some(key.clone());
    run.made("manifest");
    let mut handle = run.handle.clone();
    handle.job_name = Some(run.job_name.clone());
    handle.job_arn = Some(request::job_arn(&run.handle, &run.job_name));
    handle.tags = run.tags();
    let document = Document {
        format: Document::FORMAT,
        handle,
        run: run.spec.manifest.clone(),
        request: request::without_secrets(request::build(run)?),
    };
    let bytes = serde_json::to_vec_pretty(&document)
        .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
    run.work_bucket()
        .await?
        .put(
            &key,
            bytes,
            "application/json",
            &Only::Always,
            run.spec.kms_key_arn.as_deref(),
        )
        .await?;
    Ok(())
}
