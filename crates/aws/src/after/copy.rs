//! Copies the artifacts of a run to a second place of the user's: by S3 itself, into another region too.
//!
//! Only the run's own folder under the given prefix is touched, nothing is ever deleted or overwritten there, and what
//! an earlier try has copied is not copied again.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::copied_to;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::naming;
use crate::retry::Watch;
use crate::s3::{Bucket, Listed};
use crate::steps::Copying;

/// Copies under way at once.
const PARALLEL: usize = 16;

/// Copies what is not there yet, looks whether it arrived, and returns the folder.
pub(super) async fn artifacts(
    aws: &Aws,
    handle: &Handle,
    to: &str,
    watch: &Watch<'_>,
) -> Result<String, Error> {
    let refuse = |why: &str| {
        Error::new(Kind::Invalid, why)
            .advise("Write s3://bucket/prefix.")
            .on("copy_artifacts_to")
    };
    let job = handle.job_name.as_deref().unwrap_or_default();
    let from = handle.model_artifacts_location().unwrap_or_default();
    let (source, folder) =
        naming::split_s3_uri(&from).ok_or_else(|| refuse("the run has no artifacts"))?;
    let wanted = copied_to(to, job);
    let (target, prefix) =
        naming::split_s3_uri(&wanted).ok_or_else(|| refuse(&format!("\"{to}\" is no S3 URI")))?;
    let source = Bucket::new(aws, source, &handle.region, &handle.account_id).await;
    let folder = format!("{folder}/");
    let objects = source.list(&folder, None).await?;
    if objects.is_empty() {
        return Err(Error::new(Kind::NotFound, format!("nothing is under {from}/"))
            .advise("The artifacts were moved or deleted. Remove copy_artifacts_to, or put them back and apply again."));
    }
    let target = bucket(aws, handle, target).await?;
    let prefix = format!("{prefix}/");
    let name_of = |object: &Listed| {
        let rest = object.key.strip_prefix(&folder).unwrap_or(&object.key);
        format!("{prefix}{rest}")
    };
    let there = look(&target, &prefix).await?;
    let mut missing = Vec::new();
    for object in &objects {
        match there.get(&name_of(object)) {
            None => missing.push((object.clone(), name_of(object))),
            Some(found) if found.size == object.size => {}
            Some(found) => {
                return Err(Error::new(
                    Kind::Conflict,
                    format!(
                        "{} is there already, with {} bytes instead of {}",
                        target.uri(&found.key),
                        found.size,
                        object.size
                    ),
                )
                .advise("Nothing there is overwritten. Move it away, or set copy_artifacts_to to another prefix.")
                .on("copy_artifacts_to"));
            }
        }
    }
    // The user's bucket has its own encryption.
    let copying = Arc::new(Copying::new(aws, &source, &target, None));
    copy_all(&copying, missing, watch)
        .await
        .map_err(|error| error.on("copy_artifacts_to"))?;
    let arrived = look(&target, &prefix).await?;
    for object in &objects {
        verify(&source, &target, object, arrived.get(&name_of(object))).await?;
    }
    Ok(wanted)
}

/// Breaks off what an earlier try has left unfinished of the copy of a job's artifacts: its parts bill as storage.
pub(super) async fn abandon(aws: &Aws, handle: &Handle, job: &str, to: &str) -> Result<(), Error> {
    let wanted = copied_to(to, job);
    let Some((target, prefix)) = naming::split_s3_uri(&wanted) else {
        return Ok(());
    };
    let target = bucket(aws, handle, target).await?;
    target
        .abort_uploads(&format!("{prefix}/"), &|_| false)
        .await
}

/// The user's bucket, in whatever region it is.
async fn bucket(aws: &Aws, handle: &Handle, name: &str) -> Result<Bucket, Error> {
    let guess = Bucket::new(aws, name, &handle.region, &handle.account_id).await;
    let region = guess.region_of().await;
    let region = region.map_err(|error| error.on("copy_artifacts_to"))?;
    Ok(Bucket::new(aws, name, &region, &handle.account_id).await)
}

async fn look(bucket: &Bucket, prefix: &str) -> Result<HashMap<String, Listed>, Error> {
    let found = bucket
        .list(prefix, None)
        .await
        .map_err(|error| error.on("copy_artifacts_to"))?;
    Ok(found
        .into_iter()
        .map(|object| (object.key.clone(), object))
        .collect())
}

async fn copy_all(
    copying: &Arc<Copying>,
    missing: Vec<(Listed, String)>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let gate = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks: JoinSet<Result<(), Error>> = JoinSet::new();
    let mut first = None;
    let note = |first: &mut Option<Error>, done: Result<Result<(), Error>, _>| {
        if let Ok(Err(error)) = done {
            first.get_or_insert(error);
        }
    };
    for (object, key) in missing {
        if let Err(stop) = watch.check() {
            first.get_or_insert(stop);
        }
        if first.is_some() {
            break;
        }
        let permit = Arc::clone(&gate)
            .acquire_owned()
            .await
            .map_err(|error| Error::new(Kind::Other, error.to_string()))?;
        let copying = Arc::clone(copying);
        tasks.spawn(async move {
            let about = format!(
                "the copy of s3://{}/{} to {}",
                copying.source,
                object.key,
                copying.target.uri(&key)
            );
            tracing::info!(
                to = copying.target.uri(&key),
                bytes = object.size,
                "copying an artifact"
            );
            let result = copying.copy_to(&object, &key).await;
            drop(permit);
            result.map_err(|error| error.about(about))
        });
        while let Some(done) = tasks.try_join_next() {
            note(&mut first, done);
        }
    }
    while let Some(done) = tasks.join_next().await {
        note(&mut first, done);
    }
    first.map_or(Ok(()), Err)
}

/// The size always; the entity tag where it is a digest of the content on both sides, which it is not for objects that
/// were uploaded in parts or are encrypted with a KMS key (S3 user guide, "Checking object integrity").
async fn verify(
    source: &Bucket,
    target: &Bucket,
    object: &Listed,
    arrived: Option<&Listed>,
) -> Result<(), Error> {
    let wrong = |what: String| {
        Err(Error::new(Kind::Other, what)
            .advise(
                "Nothing was deleted. Look at the object; the next apply copies what is missing.",
            )
            .on("copy_artifacts_to"))
    };
    let Some(arrived) = arrived else {
        return wrong(format!(
            "the copy of {} did not arrive in {}",
            source.uri(&object.key),
            target.name
        ));
    };
    if arrived.size != object.size {
        return wrong(format!(
            "{} has {} bytes, its source {}",
            target.uri(&arrived.key),
            arrived.size,
            object.size
        ));
    }
    let digest = |etag: &str| etag.len() == 32 && !etag.contains('-');
    if arrived.etag != object.etag
        && digest(&arrived.etag)
        && digest(&object.etag)
        && source.plainly_encrypted(&object.key).await?
        && target.plainly_encrypted(&arrived.key).await?
    {
        return wrong(format!(
            "{} has another content than its source {}",
            target.uri(&arrived.key),
            source.uri(&object.key)
        ));
    }
    Ok(())
}
