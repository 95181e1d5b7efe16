//! New accounts have a quota of 0 for nearly every training type: better said before data are moved.

use async_trait::async_trait;

use super::Step;
use crate::error::{Error, Kind};
use crate::market::{Quota, quota_name, quotas};
use crate::run::Run;

pub(crate) struct MayWe;

#[async_trait]
impl Step for MayWe {
    fn name(&self) -> &'static str {
        "quota"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if !run.spec.check_quota {
            return Ok(());
        }
        let name = quota_name(&run.spec.instance_type, run.spec.spot);
        let further = run.spec.fallback_types.iter();
        let mut names: Vec<String> = further.map(|other| quota_name(other, false)).collect();
        names.push(name.clone());
        if run.spec.max_runtime_seconds > run.spec.longest_run_quota_seconds {
            names.push(LONGEST.to_owned());
        }
        let found = match quotas(run.aws, &run.spec.region, &names).await {
            Ok(found) => found,
            Err(error) => {
                run.remark(
                    "quota not checked",
                    format!(
                        "The quota \"{name}\" in {} could not be looked up: {error}",
                        run.spec.region
                    ),
                );
                return Ok(());
            }
        };
        let needed = f64::from(run.spec.instance_count);
        leave_out(run, &found, needed);
        let longest = found.iter().find(|quota| quota.name == LONGEST);
        if let Some(quota) =
            longest.filter(|quota| quota.value < f64::from(run.spec.max_runtime_seconds))
        {
            return Err(too_long(run, quota));
        }
        let first = found.into_iter().find(|quota| quota.name == name);
        let Some(Quota { value, code, .. }) = first else {
            run.remark(
                "quota not checked",
                format!("Service Quotas lists no \"{name}\" in {}.", run.spec.region),
            );
            return Ok(());
        };
        if run.spec.keep_alive_seconds.is_some() {
            warm_pool(run, needed).await;
        }
        if value < needed {
            return Err(too_small(&name, value, &code, &run.spec.region, needed));
        }
        Ok(())
    }
}

/// A further type that the account may not run would not help, and may make SageMaker refuse the whole list.
fn leave_out(run: &mut Run<'_>, found: &[Quota], needed: f64) {
    let mut kept = run.spec.fallback_types.clone();
    for quota in found.iter().filter(|quota| quota.value < needed) {
        let before = kept.len();
        kept.retain(|other| quota_name(other, false) != quota.name);
        if kept.len() < before {
            run.remark(
                "SageMaker has one type less to choose from",
                format!("The quota \"{}\" ({}) in {} is {}, the run needs {needed}: the type is left out of fallback_instance_types.", quota.name, quota.code, run.spec.region, quota.value),
            );
        }
    }
    run.handle.fallback_types = kept;
}

/// Without a quota for it there is silently no pool: worth a remark, and no reason to hold the run up.
async fn warm_pool(run: &mut Run<'_>, needed: f64) {
    let name = format!("{} for training warm pool usage", run.spec.instance_type);
    let region = run.spec.region.clone();
    let found = match quotas(run.aws, &region, std::slice::from_ref(&name)).await {
        Ok(found) => found,
        Err(error) => {
            run.remark(
                "quota of the warm pool not checked",
                format!("The quota \"{name}\" in {region} could not be looked up: {error}"),
            );
            return;
        }
    };
    if let Some(Quota { value, code, .. }) = found.into_iter().find(|quota| quota.value < needed) {
        run.remark(
            "there will be no warm pool",
            format!("The quota \"{name}\" ({code}) in {region} is {value}, keep_alive_minutes needs {needed}: SageMaker runs the job and keeps no instances."),
        );
    }
}

/// SageMaker's quota for `MaxRuntimeInSeconds`, in seconds (Service Quotas, SageMaker).
const LONGEST: &str = "Longest run time for a training job";

fn too_long(run: &Run<'_>, quota: &Quota) -> Error {
    let (hours, region) = (
        f64::from(run.spec.max_runtime_seconds) / 3600.0,
        &run.spec.region,
    );
    Error::new(
        Kind::Quota,
        format!(
            "the quota \"{LONGEST}\" ({}) in {region} is {} s ({:.1} h), and the run may take {hours:.1} h",
            quota.code,
            quota.value,
            quota.value / 3600.0
        ),
    )
    .advise(format!(
        "Lower max_runtime_hours, or ask for more: aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {} --desired-value {} --region {region}.",
        quota.code, run.spec.max_runtime_seconds
    ))
    .on("max_runtime_seconds")
}

fn too_small(name: &str, value: f64, code: &str, region: &str, needed: f64) -> Error {
    Error::new(Kind::Quota, format!("the quota \"{name}\" ({code}) in {region} is {value}, the run needs {needed}"))
        .advise(format!(
            "Ask for more: aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {code} --desired-value {needed} --region {region}; \
             or choose another instance type or region, or spot training, which has a quota of its own. check_quotas = true of data.sustainable_placement leaves out what the account may not run."
        ))
        .on("instance_type")
}

/// Adds the quota's name to the answer of CreateTrainingJob, whose sentence holds it between quotes.
pub(crate) fn explain(error: Error, region: &str) -> Error {
    if error.kind() != Kind::Quota {
        return error;
    }
    let Some((name, value)) = parse(error.message()) else {
        return error;
    };
    let advice = format!(
        "The quota is \"{name}\" (now {value}) in {region}. Ask for more in Service Quotas, or choose another instance type or region."
    );
    error.advise(advice).on("instance_type")
}

/// Quota name and value in `The account-level service limit 'NAME' is VALUE, with current utilization of ...`.
fn parse(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("service limit '")?;
    let (name, rest) = rest.split_once("' is ")?;
    let (value, _) = rest.split_once([',', '.'])?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_read_out_of_the_sentence_that_aws_sends() {
        let message = "The account-level service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances \
             and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota.";
        assert_eq!(
            parse(message),
            Some((quota_name("ml.p3.2xlarge", false).as_str(), "0 Instances"))
        );
        assert_eq!(parse("You have too many jobs"), None);
    }
}
