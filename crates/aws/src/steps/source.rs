//! The user's code: packed before anything is created, uploaded before the job.

use async_trait::async_trait;

use super::Step;
use crate::error::{Error, Kind};
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::s3::Only;
use crate::source;
use crate::spec::Source;

pub(crate) struct Pack;

#[async_trait]
impl Step for Pack {
    fn name(&self) -> &'static str {
        "source"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Source::Directory {
            path,
            exclude,
            digest,
        } = &run.spec.source
        else {
            return Ok(());
        };
        if let Some(entry) = &run.spec.entry_point {
            let script = entry.split_whitespace().next().unwrap_or(entry);
            if !path.join(script).is_file() {
                return Err(Error::new(
                    Kind::Local,
                    format!("{} holds no {script}", path.display()),
                )
                .advise("entry_point is relative to source_dir.")
                .on("entry_point"));
            }
        }
        let (folder, patterns) = (path.clone(), exclude.clone());
        let packing = tokio::task::spawn_blocking(move || source::pack(&folder, &patterns));
        let packed = packing.await.map_err(|error| {
            Error::new(
                Kind::Local,
                format!("packing {} broke off: {error}", path.display()),
            )
            .on("source")
        })??;
        if packed.digest != *digest {
            return Err(Error::new(
                Kind::Local,
                format!("{} has changed since the plan was made", path.display()),
            )
            .advise("Plan and apply again, so that what runs is what was reviewed.")
            .on("source"));
        }
        run.archive = Some(packed.archive);
        Ok(())
    }
}

pub(crate) struct Upload;

#[async_trait]
impl Step for Upload {
    fn name(&self) -> &'static str {
        "source upload"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Source::Directory { digest, .. } = &run.spec.source else {
            run.handle.source_key = None;
            return Ok(());
        };
        let Some(archive) = run.archive.take() else {
            return Ok(());
        };
        let key = naming::source_key(&run.spec.name, digest);
        let bucket = run.work_bucket().await?;
        if bucket.size(&key).await? != Some(archive.len() as u64) {
            bucket
                .put(
                    &key,
                    archive,
                    "application/gzip",
                    &Only::Always,
                    run.spec.kms_key_arn.as_deref(),
                )
                .await?;
            run.made(self.name());
        }
        run.handle.source_key = Some(key);
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.made.contains(&self.name()) {
            if let Some(key) = run.handle.source_key.take() {
                let by_version = run
                    .handle
                    .work_bucket
                    .as_ref()
                    .is_some_and(|bucket| bucket.managed);
                run.work_bucket()
                    .await?
                    .purge(&key, by_version, &|_| false)
                    .await?;
            }
        } else if run.previous.is_none() {
            run.handle.source_key = None;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained {
            return Ok(());
        }
        let prefix = naming::source_prefix(&removal.handle.name);
        remove_prefix(removal, &prefix).await?;
        removal.handle.source_key = None;
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        // A run that has begun has read it.
        let planned = look.handle.schedule.as_ref()?;
        let (key, work) = (
            look.handle.source_key.as_ref()?,
            look.handle.work_bucket.as_ref()?,
        );
        let size = look.bucket(work).await.size(key).await;
        matches!(size, Ok(None)).then(|| {
            format!(
                "source s3://{}/{key} is gone: the start that is planned for {} will fail",
                work.name, planned.at
            )
        })
    }
}

/// Removes a prefix of ours from every bucket that this resource has worked in.
pub(crate) async fn remove_prefix(removal: &mut Removal<'_>, prefix: &str) -> Result<(), Error> {
    let mut buckets = removal.handle.companions.clone();
    buckets.extend(removal.handle.work_bucket.clone());
    buckets.extend(removal.handle.worked_in.clone());
    // The record that knows the bucket to be ours comes first.
    buckets.sort_by(|left, right| (&left.name, right.managed).cmp(&(&right.name, left.managed)));
    buckets.dedup_by(|left, right| left.name == right.name);
    for reference in buckets {
        let bucket = removal.bucket(&reference).await;
        Removal::gone_is_fine(bucket.purge(prefix, reference.managed, &|_| false).await)?;
    }
    Ok(())
}
