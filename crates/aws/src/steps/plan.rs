//! `training_plan_arn`: the plan has to be of this region, for training jobs, of the run's type, and not over.

use async_trait::async_trait;
use serde_json::json;

use super::Step;
use crate::error::{Error, Kind};
use crate::run::Run;
use crate::settings::Service;

pub(crate) struct TrainingPlan;

#[async_trait]
impl Step for TrainingPlan {
    fn name(&self) -> &'static str {
        "training plan"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(arn) = &run.spec.training_plan_arn else {
            return Ok(());
        };
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let body = json!({ "TrainingPlanName": name });
        let region = &run.spec.region;
        let plan = match run
            .aws
            .json(Service::Sagemaker, region, "DescribeTrainingPlan", &body)
            .await
        {
            Ok(plan) => plan,
            Err(error) if error.kind() == Kind::NotFound => {
                return Err(error
                    .about(format!("training plan {name} in {region}"))
                    .advise("Give the ARN of a plan of this account in the region of the run.")
                    .on("training_plan_arn"));
            }
            Err(error) => {
                run.remark(
                    "training plan not checked",
                    format!("Training plan {name} in {region} could not be looked up: {error}"),
                );
                return Ok(());
            }
        };
        let refuse = |what: String, advice: &str| {
            Err(Error::new(Kind::Invalid, what)
                .advise(advice)
                .on("training_plan_arn"))
        };
        let status = plan["Status"].as_str().unwrap_or_default();
        if matches!(status, "Expired" | "Failed") {
            return refuse(
                format!("training plan {name} in {region} is {status}"),
                "Buy another one, or leave training_plan_arn out.",
            );
        }
        let for_jobs = plan["TargetResources"]
            .as_array()
            .is_none_or(|targets| targets.iter().any(|target| target == "training-job"));
        if !for_jobs {
            return refuse(
                format!("training plan {name} in {region} is not for training jobs"),
                "Plans are bought for one kind of resource: give one whose target is training-job.",
            );
        }
        let reserved: Vec<&str> = plan["ReservedCapacitySummaries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|capacity| capacity["InstanceType"].as_str())
            .collect();
        if !reserved.is_empty() && !reserved.contains(&run.spec.instance_type.as_str()) {
            return refuse(
                format!(
                    "training plan {name} reserves {}, the run is on {}",
                    reserved.join(", "),
                    run.spec.instance_type
                ),
                "Name the plan's type in preferred_instance_types.",
            );
        }
        let total = plan["TotalInstanceCount"].as_u64();
        if let Some(total) = total.filter(|total| *total < u64::from(run.spec.instance_count)) {
            return refuse(
                format!(
                    "training plan {name} reserves {total} instances, the run needs {}",
                    run.spec.instance_count
                ),
                "Lower instance_count, or buy a larger plan.",
            );
        }
        Ok(())
    }
}
