//! Checkpoints: a prefix of the run's own, filled from where it resumes.

use std::collections::HashMap;

use async_trait::async_trait;

use super::Step;
use super::source::remove_prefix;
use super::staging::Copying;
use crate::error::{Error, Kind};
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::s3::Bucket;
use crate::spec::ResumeFrom;

pub(crate) struct Checkpoints;

#[async_trait]
impl Step for Checkpoints {
    fn name(&self) -> &'static str {
        "checkpoints"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(checkpoint) = &run.spec.checkpoint else {
            run.handle.checkpoint_uri = None;
            return Ok(());
        };
        let bucket = run.work_bucket().await?;
        let prefix = naming::checkpoint_prefix(&run.spec.name, &run.job_name);
        let uri = bucket.uri(&prefix);
        let from = match &checkpoint.resume_from {
            ResumeFrom::None => None,
            ResumeFrom::PreviousRun => run
                .previous
                .and_then(|previous| previous.checkpoint_uri.clone()),
            ResumeFrom::Uri(uri) => Some(uri.clone()),
        };
        run.handle.checkpoint_uri = Some(uri.clone());
        let Some(from) = from.filter(|from| !run.adopted && *from != uri) else {
            return Ok(());
        };
        run.made(self.name());
        copy(run, &from, &bucket, &prefix).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.made.contains(&self.name()) {
            let managed = run
                .handle
                .work_bucket
                .as_ref()
                .is_some_and(|bucket| bucket.managed);
            let prefix = naming::checkpoint_prefix(&run.spec.name, &run.job_name);
            run.work_bucket()
                .await?
                .purge(&prefix, managed, &|_| false)
                .await?;
        }
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained {
            return Ok(());
        }
        let prefix = naming::checkpoints_prefix(&removal.handle.name);
        remove_prefix(removal, &prefix).await?;
        removal.handle.checkpoint_uri = None;
        Ok(())
    }
}

async fn copy(run: &mut Run<'_>, from: &str, target: &Bucket, prefix: &str) -> Result<(), Error> {
    let refuse = |why: String| {
        Error::new(Kind::NotFound, why)
            .advise("Correct resume_from, or leave it out to start afresh.")
            .on("checkpoint.resume_from")
    };
    let (name, key) =
        naming::split_s3_uri(from).ok_or_else(|| refuse(format!("\"{from}\" is no S3 URI")))?;
    let folder = if key.is_empty() || key.ends_with('/') {
        key.to_owned()
    } else {
        format!("{key}/")
    };
    let region = match known_region(run, name) {
        Some(region) => region,
        None => Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id)
            .await
            .region_of()
            .await
            .map_err(|error| match error.kind() {
                Kind::NotFound => refuse(format!("there is no bucket {name}")),
                _ => error.on("checkpoint.resume_from"),
            })?,
    };
    let source = Bucket::new(run.aws, name, &region, &run.handle.account_id).await;
    let objects = source
        .list(&folder, None)
        .await
        .map_err(|error| error.on("checkpoint.resume_from"))?;
    let given = run
        .spec
        .checkpoint
        .as_ref()
        .is_some_and(|checkpoint| matches!(checkpoint.resume_from, ResumeFrom::Uri(_)));
    if objects.is_empty() {
        if given {
            return Err(refuse(format!("{from} holds no checkpoint")));
        }
        run.remark(
            "no checkpoint to resume from",
            format!("The previous run left none under {from}; the new one starts afresh."),
        );
        return Ok(());
    }
    let copying = Copying::new(run.aws, &source, target, run.spec.kms_key_arn.as_deref());
    // An earlier try that was killed may have copied some.
    let there: HashMap<String, u64> = target
        .list(prefix, None)
        .await?
        .into_iter()
        .map(|object| (object.key, object.size))
        .collect();
    for object in &objects {
        run.watch.check()?;
        let name = object.key.strip_prefix(&folder).unwrap_or(&object.key);
        let key = format!("{prefix}{name}");
        if there.get(&key) == Some(&object.size) {
            continue;
        }
        copying
            .copy_to(object, &key)
            .await
            .map_err(|error| error.about(source.uri(&object.key)))?;
    }
    Ok(())
}

/// Region of a bucket that we have met.
fn known_region(run: &Run<'_>, name: &str) -> Option<String> {
    let handles = [run.previous, Some(&run.handle)];
    let met = handles
        .into_iter()
        .flatten()
        .flat_map(|handle| [&handle.data_bucket, &handle.work_bucket, &handle.job_bucket]);
    met.flatten()
        .find(|bucket| bucket.name == name)
        .map(|bucket| bucket.region.clone())
}
