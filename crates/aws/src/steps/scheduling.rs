//! What a later start needs in the job's region: a schedule group, a role that starts the run, and a queue for the
//! start that failed. None of them costs anything while it waits.

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Step, file_system, role};
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{Handle, SchedulingRef};
use crate::naming;
use crate::removal::Removal;
use crate::retry::{Poll, Watch};
use crate::run::Run;
use crate::settings::Service;
use crate::spec::SchedulerRole;
use crate::tags::{self, Tags};

/// SQS keeps a message for two weeks at most.
const RETENTION_SECONDS: &str = "1209600";
/// As in the execution role: a policy for each run.
pub(super) const STARTS: &str = "start-";

pub(crate) struct Scheduling;

#[async_trait]
impl Step for Scheduling {
    fn name(&self) -> &'static str {
        "scheduling"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if !run.needs_scheduling() {
            return Ok(());
        }
        let (bucket, name) = (run.spec.data_bucket.name.clone(), run.spec.name.clone());
        let region = run.spec.region.clone();
        let shared = naming::scheduling_name(&bucket, &name);
        if run.handle.scheduling_in(&region).is_none() {
            // Noted first: what is made by a call that is never answered is removed all the same.
            run.handle.scheduling.push(SchedulingRef {
                region: region.clone(),
                group: shared.clone(),
                queue: shared.clone(),
                queue_url: String::new(),
            });
            run.made(self.name());
            run.save();
        }
        group(run, &region, &shared).await?;
        let url = queue(run, &region, &shared).await?;
        if let Some(known) = run
            .handle
            .scheduling
            .iter_mut()
            .find(|known| known.region == region)
        {
            known.queue_url = url;
        }
        starter(run, &name, &bucket).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let region = run.spec.region.clone();
        if run.made.contains(&self.name())
            && let Some(known) = run.handle.scheduling_in(&region).cloned()
        {
            remove(run.aws, &known, &run.spec.name, &run.watch).await?;
            run.handle.scheduling.retain(|one| one.region != region);
        }
        let Some(name) = run.handle.managed_scheduler_role.clone() else {
            return Ok(());
        };
        if run.made.contains(&STARTER) {
            role::delete(&run.aws.iam(&region), &name).await?;
            run.handle.managed_scheduler_role = None;
            run.handle.scheduler_role_arn = None;
            return Ok(());
        }
        role::disallow(run, &name, STARTS).await
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained && !removal.handle.file_systems.is_empty() {
            for known in removal.handle.scheduling.clone() {
                removal.leave(format!(
                    "schedule group and queue {} in {}: the end of the file system is planned there",
                    known.group, known.region
                ));
            }
            if let Some(role) = removal.handle.managed_scheduler_role.clone() {
                removal.leave(format!("role {role}: it deletes the file system then"));
            }
            return Ok(());
        }
        let name = removal.handle.name.clone();
        for known in removal.handle.scheduling.clone() {
            for line in remove(removal.aws, &known, &name, &removal.watch).await? {
                removal.leave(line);
            }
            removal
                .handle
                .scheduling
                .retain(|one| one.region != known.region);
        }
        if let Some(role) = removal.handle.managed_scheduler_role.clone() {
            role::remove_ours(removal, &role).await?;
            removal.handle.managed_scheduler_role = None;
        }
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let role = look.handle.managed_scheduler_role.as_ref()?;
        let fails = match &look.handle.schedule {
            Some(planned) => format!("the start that is planned for {} will fail", planned.at),
            None => {
                let (known, id) = file_system::expected(look)?;
                format!(
                    "the end of file system {id} that is planned for {} will fail, and it bills on",
                    known.deleted_at
                )
            }
        };
        let found = look.aws.iam(&look.handle.region).role(role).await;
        let is_gone = found.ok()?.is_none();
        is_gone.then(|| format!("role {role} is gone: {fails}"))
    }
}

const STARTER: &str = "scheduler role";

fn group_arn(handle: &Handle, region: &str, group: &str) -> String {
    format!(
        "arn:{}:scheduler:{region}:{}:schedule-group/{group}",
        naming::partition(region),
        handle.account_id
    )
}

fn queue_arn(handle: &Handle, known: &SchedulingRef) -> String {
    format!(
        "arn:{}:sqs:{}:{}:{}",
        naming::partition(&known.region),
        known.region,
        handle.account_id,
        known.queue
    )
}

impl Handle {
    /// What there is in a region to start something later with.
    pub(crate) fn scheduling_in(&self, region: &str) -> Option<&SchedulingRef> {
        self.scheduling.iter().find(|known| known.region == region)
    }

    /// ARN of the dead-letter queue in a region.
    pub(crate) fn dead_letters_in(&self, region: &str) -> Option<String> {
        self.scheduling_in(region)
            .map(|known| queue_arn(self, known))
    }
}

/// The group, new or ours from before.
async fn group(run: &Run<'_>, region: &str, name: &str) -> Result<(), Error> {
    let about = format!("schedule group {name} in {region}");
    let body = json!({ "Tags": tags::as_json(&run.tags()), "ClientToken": run.handle.nonce });
    let path = ["schedule-groups", name];
    let until = Instant::now() + run.aws.timing().resting;
    let mut poll = Poll::new(run.aws.timing().create);
    loop {
        let call = ("POST", "CreateScheduleGroup");
        let answer = run
            .aws
            .rest(Service::Scheduler, region, call, &path, &[], Some(&body))
            .await;
        let error = match answer {
            Ok(_) => return Ok(()),
            Err(error) => error.about(about.clone()),
        };
        if error.kind() != Kind::Conflict {
            return Err(error);
        }
        let call = ("GET", "GetScheduleGroup");
        let found = run
            .aws
            .rest(Service::Scheduler, region, call, &path, &[], None)
            .await
            .map_err(|error| error.about(about.clone()));
        match Removal::gone_is_fine(found)? {
            Some(found) if found["State"] != "DELETING" => {
                let arn = group_arn(&run.handle, region, name);
                let tags = group_tags(run.aws, region, &arn).await?;
                return match tags::belong_to(&tags, &run.spec.name) {
                    true => Ok(()),
                    false => Err(not_ours(&about)),
                };
            }
            _ if Instant::now() >= until => return Err(error),
            // Going, or gone by now.
            _ => run.watch.sleep(poll.pause()).await?,
        }
    }
}

/// The queue's URL, new or ours from before.
async fn queue(run: &Run<'_>, region: &str, name: &str) -> Result<String, Error> {
    let about = format!("queue {name} in {region}");
    let body = json!({
        "QueueName": name,
        "Attributes": { "MessageRetentionPeriod": RETENTION_SECONDS, "SqsManagedSseEnabled": "true" },
        "tags": run.tags(),
    });
    let until = Instant::now() + run.aws.timing().resting;
    let mut poll = Poll::new(run.aws.timing().create);
    // Made with other tags, by an earlier run of this resource or by somebody else: the tags that it has decide.
    let found = find_queue(run.aws, region, name).await?;
    let url = loop {
        if let Some(url) = found {
            break url;
        }
        match run
            .aws
            .json(Service::Sqs, region, "CreateQueue", &body)
            .await
        {
            Ok(answer) => return Ok(answer["QueueUrl"].as_str().unwrap_or_default().to_owned()),
            Err(error) => {
                let resting = error
                    .code()
                    .is_some_and(|code| code.ends_with("QueueDeletedRecently"));
                if !resting || Instant::now() >= until {
                    return Err(error.about(about));
                }
                tracing::info!(
                    "the name of the queue that was deleted rests for a minute; waiting"
                );
                run.watch.sleep(poll.pause()).await?;
            }
        }
    };
    let tags = queue_tags(run.aws, region, &url).await?;
    match tags::belong_to(&tags, &run.spec.name) {
        true => Ok(url),
        false => Err(not_ours(&about)),
    }
}

async fn find_queue(aws: &Aws, region: &str, name: &str) -> Result<Option<String>, Error> {
    let body = json!({ "QueueName": name });
    let found = aws
        .json(Service::Sqs, region, "GetQueueUrl", &body)
        .await
        .map_err(|error| error.about(format!("queue {name} in {region}")));
    Ok(Removal::gone_is_fine(found)?
        .and_then(|answer| answer["QueueUrl"].as_str().map(str::to_owned)))
}

async fn queue_tags(aws: &Aws, region: &str, url: &str) -> Result<Tags, Error> {
    let body = json!({ "QueueUrl": url });
    let answer = aws
        .json(Service::Sqs, region, "ListQueueTags", &body)
        .await
        .map_err(|error| error.about(format!("queue {url}")))?;
    let tags = answer["Tags"].as_object().into_iter().flatten();
    Ok(tags
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect())
}

async fn group_tags(aws: &Aws, region: &str, arn: &str) -> Result<Tags, Error> {
    let call = ("GET", "ListTagsForResource");
    let answer = aws
        .rest(Service::Scheduler, region, call, &["tags", arn], &[], None)
        .await
        .map_err(|error| error.about(arn.to_owned()))?;
    Ok(tags::from_json(&answer["Tags"]))
}

fn not_ours(what: &str) -> Error {
    Error::new(
        Kind::Conflict,
        format!("{what} exists and does not carry this training's tags"),
    )
    .advise("Delete it, or give this resource another name.")
    .on("name")
}

/// The role that starts the run: what it may do is exactly that, and to tell of a failure.
async fn starter(run: &mut Run<'_>, name: &str, bucket: &str) -> Result<(), Error> {
    let (path, boundary) = match &run.spec.scheduler_role {
        SchedulerRole::Given { arn } => {
            run.handle.scheduler_role_arn = Some(arn.clone());
            return Ok(());
        }
        SchedulerRole::Managed { path, boundary } => (path.clone(), boundary.clone()),
    };
    let region = run.spec.region.clone();
    let role_name = naming::scheduler_role_name(bucket, name);
    let groups: Vec<String> = run
        .handle
        .scheduling
        .iter()
        .map(|known| group_arn(&run.handle, &known.region, &known.group))
        .collect();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "scheduler.amazonaws.com" },
            "Action": "sts:AssumeRole",
            // The group: AWS never names the schedule here.
            "Condition": { "StringEquals": { "aws:SourceAccount": run.handle.account_id, "aws:SourceArn": groups } }
        }]
    });
    let known = run
        .previous
        .is_some_and(|previous| previous.managed_scheduler_role.as_deref() == Some(&role_name));
    let (arn, made) = role::ensure(
        run,
        &role::Wanted {
            name: &role_name,
            path: path.unwrap_or_else(|| "/".to_owned()),
            boundary,
            description: format!("Starts training {name} on s3://{bucket} later"),
            trust: trust.to_string(),
            known,
            advice: "Delete or rename it, or give the run a role of its own with scheduler_role_arn.",
            field: "scheduler_role",
        },
    )
    .await?;
    if made {
        run.made(STARTER);
    }
    run.handle.scheduler_role_arn = Some(arn);
    run.handle.managed_scheduler_role = Some(role_name.clone());
    run.save();
    let policy = policy(run, &region).to_string();
    role::allow(run, &role_name, &role::policy_of_run(run, STARTS), &policy).await
}

fn policy(run: &Run<'_>, region: &str) -> Value {
    let (partition, account) = (naming::partition(region), &run.handle.account_id);
    // SageMaker wrote the names in its ARNs in lower case, and no longer does so everywhere
    // (awslabs/service-workbench-on-aws issue 1176, boto/boto3 issue 4606).
    let jobs =
        |name: &str| format!("arn:{partition}:sagemaker:{region}:{account}:training-job/{name}-*");
    let mut started = vec![jobs(&run.spec.name), jobs(&run.spec.name.to_lowercase())];
    started.dedup();
    // A training plan asks for it as well (AWS managed policy AmazonSageMakerFullAccess, AllowUseOfTrainingPlanResources).
    if let Some(plan) = &run.spec.training_plan_arn {
        started.push(plan.clone());
        started.push(format!(
            "arn:{partition}:sagemaker:{region}:{account}:reserved-capacity/*"
        ));
    }
    let queues: Vec<String> = run
        .handle
        .scheduling
        .iter()
        .map(|known| queue_arn(&run.handle, known))
        .collect();
    let mut statements = vec![
        json!({ "Sid": "Start", "Effect": "Allow", "Action": ["sagemaker:CreateTrainingJob", "sagemaker:AddTags"], "Resource": started }),
        json!({
            "Sid": "PassExecutionRole", "Effect": "Allow", "Action": "iam:PassRole", "Resource": run.handle.role_arn,
            "Condition": { "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } }
        }),
        json!({ "Sid": "TellOfFailures", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues }),
    ];
    if run.spec.file_system.is_some() {
        statements.push(json!({
            "Sid": "DeleteFileSystem", "Effect": "Allow", "Action": "fsx:DeleteFileSystem",
            "Resource": format!("arn:{partition}:fsx:{region}:{account}:file-system/*"),
            "Condition": { "StringEquals": {
                format!("aws:ResourceTag/{}", naming::TAG_MANAGED_BY): naming::MANAGED_BY,
                format!("aws:ResourceTag/{}", naming::TAG_TRAINING): run.spec.name,
            } }
        }));
    }
    let keys: Vec<&String> = [&run.spec.kms_key_arn, &run.spec.volume_kms_key_arn]
        .into_iter()
        .flatten()
        .collect();
    if !keys.is_empty() {
        statements.push(json!({
            "Sid": "Keys", "Effect": "Allow", "Resource": keys,
            "Action": ["kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant"],
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Removes group and queue of a region if they are ours; what stays, a line each.
async fn remove(
    aws: &Aws,
    known: &SchedulingRef,
    name: &str,
    watch: &Watch<'_>,
) -> Result<Vec<String>, Error> {
    let region = known.region.as_str();
    let mut left = Vec::new();
    let path = ["schedule-groups", known.group.as_str()];
    let get = ("GET", "GetScheduleGroup");
    let about = format!("schedule group {} in {region}", known.group);
    let look = || async {
        let found = aws
            .rest(Service::Scheduler, region, get, &path, &[], None)
            .await
            .map_err(|error| error.about(about.clone()));
        Removal::gone_is_fine(found)
    };
    if let Some(found) = look().await? {
        let arn = found["Arn"].as_str().unwrap_or_default().to_owned();
        let deleting = found["State"] == "DELETING";
        if deleting || tags::belong_to(&group_tags(aws, region, &arn).await?, name) {
            let delete = ("DELETE", "DeleteScheduleGroup");
            if !deleting {
                let answer = aws
                    .rest(Service::Scheduler, region, delete, &path, &[], None)
                    .await
                    .map_err(|error| error.about(about.clone()));
                Removal::gone_is_fine(answer)?;
            }
            let mut poll = Poll::new(aws.timing().end);
            while look().await?.is_some() {
                watch.sleep(poll.pause()).await?;
            }
        } else {
            left.push(format!("{about}: it no longer carries our tags"));
        }
    }
    if let Some(url) = find_queue(aws, region, &known.queue).await? {
        if tags::belong_to(&queue_tags(aws, region, &url).await?, name) {
            let body = json!({ "QueueUrl": url });
            let answer = aws
                .json(Service::Sqs, region, "DeleteQueue", &body)
                .await
                .map_err(|error| error.about(format!("queue {} in {region}", known.queue)));
            Removal::gone_is_fine(answer)?;
            // It answers for up to a minute more (API reference, DeleteQueue): an apply meanwhile would take it for there.
            let until = Instant::now() + aws.timing().resting;
            let mut poll = Poll::new(aws.timing().end);
            while Instant::now() < until && find_queue(aws, region, &known.queue).await?.is_some() {
                watch.sleep(poll.pause()).await?;
            }
        } else {
            left.push(format!(
                "queue {} in {region}: it no longer carries our tags",
                known.queue
            ));
        }
    }
    Ok(left)
}

/// Brings the tags of group and queue to what is wanted; ours stay.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    for known in &handle.scheduling {
        let region = known.region.as_str();
        let arn = group_arn(handle, region, &known.group);
        let now = group_tags(aws, region, &arn).await?;
        let (new, gone) = tags::changes(&now, wanted);
        let path = ["tags", arn.as_str()];
        if !gone.is_empty() {
            let keys: Vec<(&str, &str)> =
                gone.iter().map(|key| ("TagKeys", key.as_str())).collect();
            let call = ("DELETE", "UntagResource");
            aws.rest(Service::Scheduler, region, call, &path, &keys, None)
                .await?;
            let body = json!({ "QueueUrl": known.queue_url, "TagKeys": gone });
            aws.json(Service::Sqs, region, "UntagQueue", &body).await?;
        }
        if !new.is_empty() {
            let call = ("POST", "TagResource");
            aws.rest(
                Service::Scheduler,
                region,
                call,
                &path,
                &[],
                Some(&json!({ "Tags": tags::as_json(&new) })),
            )
            .await?;
            let body = json!({ "QueueUrl": known.queue_url, "Tags": new });
            aws.json(Service::Sqs, region, "TagQueue", &body).await?;
        }
    }
    Ok(())
}
