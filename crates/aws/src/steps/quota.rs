//! New accounts have a quota of 0 for nearly every training type: better said before data are moved.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Step;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::run::Run;
use crate::settings::Service;

pub(crate) struct Quota;

/// Answers of 100 quotas each; SageMaker has some 1,500.
const PAGES: usize = 40;

#[async_trait]
impl Step for Quota {
    fn name(&self) -> &'static str {
        "quota"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if !run.spec.check_quota {
            return Ok(());
        }
        let name = quota_name(&run.spec.instance_type, run.spec.spot);
        let found = match look_up(run.aws, &run.spec.region, &name).await {
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
        let Some((value, code)) = found else {
            run.remark(
                "quota not checked",
                format!("Service Quotas lists no \"{name}\" in {}.", run.spec.region),
            );
            return Ok(());
        };
        let needed = f64::from(run.spec.instance_count);
        if value < needed {
            return Err(too_small(&name, value, &code, &run.spec.region, needed));
        }
        Ok(())
    }
}

/// Name of the quota that a training job counts against.
pub(crate) fn quota_name(instance_type: &str, spot: bool) -> String {
    if spot {
        format!("{instance_type} for spot training job usage")
    } else {
        format!("{instance_type} for training job usage")
    }
}

async fn look_up(aws: &Aws, region: &str, name: &str) -> Result<Option<(f64, String)>, Error> {
    let mut token = Value::Null;
    for _ in 0..PAGES {
        let mut body = json!({ "ServiceCode": "sagemaker", "MaxResults": 100 });
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let answer = aws
            .json(Service::Servicequotas, region, "ListServiceQuotas", &body)
            .await?;
        if let Some(found) = answer["Quotas"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|quota| quota["QuotaName"].as_str() == Some(name))
        {
            let code = found["QuotaCode"].as_str().unwrap_or_default().to_owned();
            return Ok(found["Value"].as_f64().map(|value| (value, code)));
        }
        token = answer["NextToken"].clone();
        if token.as_str().is_none_or(str::is_empty) {
            return Ok(None);
        }
    }
    Ok(None)
}

fn too_small(name: &str, value: f64, code: &str, region: &str, needed: f64) -> Error {
    Error::new(Kind::Quota, format!("the quota \"{name}\" ({code}) in {region} is {value}, the run needs {needed}"))
        .advise(format!(
            "Ask for more: aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {code} --desired-value {needed} --region {region}; \
             or choose another instance type or region, or spot training, which has a quota of its own."
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
