//! Is there data, and about as much as was said?

use async_trait::async_trait;

use super::Step;
use crate::error::{Error, Kind};
use crate::naming;
use crate::run::Run;
use crate::s3::Bucket;
use crate::spec::Channel;

/// Objects that are looked at for the size: 50 calls.
const LOOK_AT: usize = 50_000;

pub(crate) struct Check;

#[async_trait]
impl Step for Check {
    fn name(&self) -> &'static str {
        "data check"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let mut bytes = 0u64;
        let mut complete = true;
        let by_uri = |channel: &&Channel| channel.file_system.is_none();
        for channel in run.spec.channels.iter().filter(by_uri) {
            let (name, prefix) = naming::split_s3_uri(&channel.s3_uri).ok_or_else(|| {
                Error::new(
                    Kind::Invalid,
                    format!(
                        "\"{}\" of channel {} is no S3 URI",
                        channel.s3_uri, channel.name
                    ),
                )
                .advise("Write s3://bucket/prefix.")
                .on("channels")
            })?;
            let own = name == run.spec.data_bucket.name;
            let bucket = if own {
                run.data_bucket().await
            } else {
                Bucket::new(run.aws, name, &run.spec.region, &run.handle.account_id).await
            };
            let objects = match bucket.list(prefix, Some(LOOK_AT)).await {
                Ok(objects) => objects,
                // Somebody else's bucket: the job's role may well be allowed what we are not.
                Err(error) if !own => {
                    run.remark(
                        format!("channel {} not checked", channel.name),
                        error.to_string(),
                    );
                    complete = false;
                    continue;
                }
                Err(error) => return Err(error.on("channels")),
            };
            complete &= objects.len() < LOOK_AT;
            bytes += objects.iter().map(|object| object.size).sum::<u64>();
            if objects.iter().all(|object| object.key.ends_with('/')) {
                if run.spec.dataset_size_gb > 0.0 {
                    return Err(empty(&bucket, &channel.name, prefix).await);
                }
                // SageMaker refuses a channel without objects.
                run.remark(
                    format!("channel {} is left out", channel.name),
                    format!(
                        "{} holds no objects, as dataset_size_gb = 0 allows.",
                        bucket.uri(prefix)
                    ),
                );
                run.left_out.push(channel.name.clone());
            }
        }
        let (stated, factor) = (run.spec.dataset_size_gb, run.spec.dataset_size_factor);
        let found = gigabytes(bytes);
        let too_much = found > stated * factor;
        if stated > 0.0
            && run.spec.channels.iter().any(|channel| by_uri(&channel))
            && run.spec.channels.iter().all(|channel| by_uri(&channel))
            && (too_much || complete && found < stated / factor)
        {
            run.remark(
                "the dataset's size differs from dataset_size_gb",
                format!("dataset_size_gb is {stated}, the channels hold {found:.3} GB. Transfer, storage and start-up in the estimate are off accordingly."),
            );
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for a sentence")]
pub(crate) fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

async fn empty(bucket: &Bucket, channel: &str, prefix: &str) -> Error {
    let found = bucket.top().await.unwrap_or_default();
    let advice = if found.is_empty() {
        "The bucket holds nothing else either. Upload the data first; dataset_size_gb = 0 says that none are needed.".to_owned()
    } else {
        let shown: Vec<&str> = found.iter().take(10).map(String::as_str).collect();
        format!(
            "The bucket holds: {}. Correct the prefix, or upload the data; dataset_size_gb = 0 says that none are needed.",
            shown.join(", ")
        )
    };
    Error::new(
        Kind::NotFound,
        format!(
            "channel {channel} has no data: {} holds no objects",
            bucket.uri(prefix)
        ),
    )
    .advise(advice)
    .on("channels")
}
