//! The first free name for the job.

use async_trait::async_trait;

use super::{Step, describe};
use crate::error::{Error, Kind};
use crate::naming;
use crate::run::Run;

/// Suffixes run to `-999`.
const MOST: u32 = 999;

pub(crate) struct JobName;

#[async_trait]
impl Step for JobName {
    fn name(&self) -> &'static str {
        "job name"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.adopted {
            return Ok(());
        }
        choose(run, 0).await
    }
}

/// Chooses the first free name from the given attempt on, and notes it in the claim: after a crash the job is found
/// by it.
pub(crate) async fn choose(run: &mut Run<'_>, from: u32) -> Result<(), Error> {
    for attempt in from..MOST {
        let name = naming::job_name(&run.spec.job_name_base, attempt);
        if let Some(job) = describe(run.aws, &run.spec.region, &name).await? {
            let followed = run
                .previous
                .and_then(|previous| previous.job_name.as_deref())
                == Some(name.as_str());
            if !followed && !job.is_terminal() && job.belongs_to(run).await? {
                return Err(Error::new(
                    Kind::Conflict,
                    format!(
                        "training job {name} in {} already runs for \"{}\" on {}",
                        run.spec.region, run.spec.name, run.spec.data_bucket.name
                    ),
                )
                .advise(format!(
                    "Import it (terraform import ADDRESS {}/{name}), or stop it and apply again.",
                    run.spec.region
                ))
                .on("name"));
            }
            continue;
        }
        if name.len() > naming::JOB_NAME_MAX {
            break;
        }
        run.job_name.clone_from(&name);
        let key = naming::manifest_key(&name);
        let uri = format!("s3://{}/{key}", run.work_bucket_name()?);
        if let Some(claim) = &run.claim {
            claim
                .set(|body| {
                    body.job_name = Some(name);
                    body.manifest_uri = Some(uri);
                })
                .await?;
        }
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, format!("no free job name was found for {}", run.spec.job_name_base))
        .advise("Delete records of old training jobs (aws sagemaker delete-training-job), or choose another name.")
        .on("name"))
}
