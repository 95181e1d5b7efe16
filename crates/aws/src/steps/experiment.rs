//! The experiment and the trial under which the job is recorded.
//!
//! SageMaker records a job only under an experiment that exists, and makes a trial of its own where none is named: that
//! one would carry no tags and block the experiment's deletion, so a trial is always named. The record itself (the trial
//! component) is SageMaker's, made with the job; it goes when the job's record goes.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Step, sagemaker_tags};
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{ExperimentRef, Handle};
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::settings::Service;
use crate::tags::{self, Tags};

pub(crate) struct Experiment;

#[async_trait]
impl Step for Experiment {
    fn name(&self) -> &'static str {
        "experiment"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(wanted) = wanted(run) else {
            return Ok(());
        };
        let region = run.spec.region.clone();
        // Noted before it is made: whoever cleans up looks whether it is there and ours.
        let known = run
            .handle
            .experiments
            .iter_mut()
            .find(|known| known.is_same_trial(&wanted));
        match known {
            Some(known) => known.job_arn.clone_from(&wanted.job_arn),
            None => {
                run.handle.experiments.push(wanted.clone());
                run.made(self.name());
            }
        }
        run.save();
        let tags = tags::as_json(&run.tags());
        let body = json!({ "ExperimentName": wanted.experiment });
        find_or_make(run.aws, &region, &EXPERIMENT, &body, &tags).await?;
        let body = json!({ "TrialName": wanted.trial, "ExperimentName": wanted.experiment });
        let found = find_or_make(run.aws, &region, &TRIAL, &body, &tags).await?;
        match found["ExperimentName"].as_str() {
            // Names are not case-sensitive (API reference, CreateTrial).
            Some(other) if !other.eq_ignore_ascii_case(&wanted.experiment) => Err(Error::new(
                Kind::Conflict,
                format!(
                    "trial {} belongs to experiment {other}, not {}",
                    wanted.trial, wanted.experiment
                ),
            )
            .advise("Give experiment.trial another name, or name that experiment.")
            .on("experiment")),
            _ => Ok(()),
        }
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(wanted) = wanted(run).filter(|_| run.made.contains(&self.name())) else {
            return Ok(());
        };
        remove(run.aws, &wanted, &run.handle.name, false).await?;
        run.handle
            .experiments
            .retain(|known| !known.is_same_trial(&wanted));
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained {
            return Ok(());
        }
        let record_is_gone = removal.delete_record();
        for reference in removal.handle.experiments.clone() {
            let name = removal.handle.name.clone();
            let left = remove(removal.aws, &reference, &name, record_is_gone).await?;
            for line in left {
                removal.leave(line);
            }
            removal
                .handle
                .experiments
                .retain(|known| *known != reference);
        }
        Ok(())
    }
}

/// What the configuration names, with a trial of the resource's own where it names none.
fn wanted(run: &Run<'_>) -> Option<ExperimentRef> {
    let given = run.spec.experiment.as_ref()?;
    Some(ExperimentRef {
        region: run.spec.region.clone(),
        experiment: given.name.clone(),
        trial: given
            .trial
            .clone()
            .unwrap_or_else(|| naming::role_name(&run.spec.data_bucket.name, &run.spec.name)),
        job_arn: crate::request::job_arn(&run.handle, &run.job_name),
    })
}

/// `ExperimentConfig` of the job; MLflow is told by the environment instead.
pub(crate) fn config(run: &Run<'_>) -> Option<Value> {
    let given = run.spec.experiment.as_ref()?;
    let names = wanted(run)?;
    let mut config = json!({
        "ExperimentName": names.experiment,
        "TrialName": names.trial,
        "TrialComponentDisplayName": run.job_name,
    });
    if let Some(name) = &given.run {
        config["RunName"] = json!(name);
    }
    Some(config)
}

/// The calls of one kind of thing.
struct Kinds {
    title: &'static str,
    describe: &'static str,
    create: &'static str,
    key: &'static str,
    arn: &'static str,
}

const EXPERIMENT: Kinds = Kinds {
    title: "experiment",
    describe: "DescribeExperiment",
    create: "CreateExperiment",
    key: "ExperimentName",
    arn: "ExperimentArn",
};

const TRIAL: Kinds = Kinds {
    title: "trial",
    describe: "DescribeTrial",
    create: "CreateTrial",
    key: "TrialName",
    arn: "TrialArn",
};

async fn call(
    aws: &Aws,
    region: &str,
    operation: &'static str,
    body: &Value,
    about: String,
) -> Result<Value, Error> {
    aws.json(Service::Sagemaker, region, operation, body)
        .await
        .map_err(|error| error.about(about).on("experiment"))
}

fn about(kind: &Kinds, body: &Value) -> String {
    format!(
        "{} {}",
        kind.title,
        body[kind.key].as_str().unwrap_or_default()
    )
}

async fn find(aws: &Aws, region: &str, kind: &Kinds, body: &Value) -> Result<Option<Value>, Error> {
    let only = json!({ kind.key: body[kind.key] });
    let answer = call(aws, region, kind.describe, &only, about(kind, body)).await;
    Removal::gone_is_fine(answer)
}

/// Looks, makes it if it is missing, and looks again where the answer was lost or somebody else was quicker.
async fn find_or_make(
    aws: &Aws,
    region: &str,
    kind: &Kinds,
    body: &Value,
    tags: &Value,
) -> Result<Value, Error> {
    if let Some(found) = find(aws, region, kind, body).await? {
        return Ok(found);
    }
    let mut request = body.clone();
    request["Tags"] = tags.clone();
    match call(aws, region, kind.create, &request, about(kind, body)).await {
        Ok(_) => Ok(body.clone()),
        Err(error) => match find(aws, region, kind, body).await {
            Ok(Some(found)) => Ok(found),
            _ => Err(error),
        },
    }
}

/// Removes trial and experiment as far as they are ours and empty; says what stays. Once the job's record is gone, its
/// trial component goes too.
async fn remove(
    aws: &Aws,
    reference: &ExperimentRef,
    name: &str,
    record_is_gone: bool,
) -> Result<Vec<String>, Error> {
    let region = reference.region.as_str();
    let trial = json!({ "TrialName": reference.trial });
    let about = format!("trial {}", reference.trial);
    let records = format!(
        "records of runs under trial {} of experiment {}, {region}",
        reference.trial, reference.experiment
    );
    if record_is_gone {
        forget(aws, reference).await?;
    }
    if let Some(found) = find(aws, region, &TRIAL, &trial).await?
        && ours(aws, region, &found, &TRIAL, name).await?
    {
        let listing = json!({ "TrialName": reference.trial, "MaxResults": 1 });
        let held = call(aws, region, "ListTrialComponents", &listing, about.clone()).await?;
        if holds(&held, "TrialComponentSummaries") {
            return Ok(vec![records]);
        }
        Removal::gone_is_fine(call(aws, region, "DeleteTrial", &trial, about).await)?;
    }
    let body = json!({ "ExperimentName": reference.experiment });
    let about = format!("experiment {}", reference.experiment);
    let Some(found) = find(aws, region, &EXPERIMENT, &body).await? else {
        return Ok(Vec::new());
    };
    if !ours(aws, region, &found, &EXPERIMENT, name).await? {
        return Ok(Vec::new());
    }
    let listing = json!({ "ExperimentName": reference.experiment, "MaxResults": 1 });
    let held = call(aws, region, "ListTrials", &listing, about.clone()).await?;
    if holds(&held, "TrialSummaries") {
        return Ok(vec![format!(
            "experiment {} in {region}: it holds other trials",
            reference.experiment
        )]);
    }
    Removal::gone_is_fine(call(aws, region, "DeleteExperiment", &body, about).await)?;
    Ok(Vec::new())
}

/// Brings the tags of experiments and trials to what is wanted, where they are ours.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    for reference in &handle.experiments {
        let region = reference.region.as_str();
        for (kind, name) in [
            (&EXPERIMENT, &reference.experiment),
            (&TRIAL, &reference.trial),
        ] {
            let found = find(aws, region, kind, &json!({ kind.key: name })).await?;
            if let Some(arn) = found.as_ref().and_then(|found| found[kind.arn].as_str()) {
                sagemaker_tags::change_ours(aws, region, arn, wanted, &handle.name).await?;
            }
        }
    }
    Ok(())
}

fn holds(answer: &Value, list: &str) -> bool {
    answer[list].as_array().is_some_and(|list| !list.is_empty())
}

/// Deletes the trial component of a job whose record is gone. It is found by the job, not in the trial: an earlier try
/// may have taken it out there already.
async fn forget(aws: &Aws, reference: &ExperimentRef) -> Result<(), Error> {
    let region = reference.region.as_str();
    let about = format!("the record of {}", reference.job_arn);
    // The record names the job by an ARN in lower case (aws/sagemaker-experiments pull request 172), or as it is.
    let mut arns = vec![reference.job_arn.clone(), reference.job_arn.to_lowercase()];
    arns.dedup();
    let mut records = Vec::new();
    for arn in arns {
        let body = json!({ "SourceArn": arn, "MaxResults": 100 });
        let answer = call(aws, region, "ListTrialComponents", &body, about.clone()).await?;
        records.extend(
            answer["TrialComponentSummaries"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
    }
    for found in records {
        let component = &found["TrialComponentName"];
        let both = json!({ "TrialComponentName": component, "TrialName": reference.trial });
        let one = json!({ "TrialComponentName": component });
        for (operation, body) in [
            ("DisassociateTrialComponent", &both),
            ("DeleteTrialComponent", &one),
        ] {
            let answer = call(aws, region, operation, body, about.clone()).await;
            Removal::gone_is_fine(answer)?;
        }
    }
    Ok(())
}

async fn ours(
    aws: &Aws,
    region: &str,
    found: &Value,
    kind: &Kinds,
    name: &str,
) -> Result<bool, Error> {
    match found[kind.arn].as_str() {
        Some(arn) => sagemaker_tags::are_ours(aws, region, arn, name).await,
        None => Ok(false),
    }
}
