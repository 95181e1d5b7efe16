//! Word of a run to an SNS topic: an EventBridge rule for the end that nobody wants, and a CloudWatch alarm for
//! accelerators that wait.
//!
//! Both name the job, so they come after its name, and before the launch: an event of the first minute is not missed.
//! Both stand in the job's region, as the topic has to (user guides: a rule's target and an alarm's action are in the
//! same region). Names are fixed, tags say whose they are: what is there already is taken over only if it is ours.

mod bodies;
mod retag;

use async_trait::async_trait;
use serde_json::{Value, json};

pub(crate) use retag::retag;

use self::bodies::{alarm, rule};
use super::Step;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{Handle, Watcher};
use crate::naming;
use crate::removal::Removal;
use crate::run::Run;
use crate::settings::Service;
use crate::signed::tag;
use crate::spec::Alarms;
use crate::tags::{self, Tags};

/// The rule's one target.
const TARGET: &str = "topic";
/// An alarm looks at means of so many seconds.
const PERIOD_SECONDS: u32 = 300;

/// Tells of a run that failed, was stopped or ran over its limit.
pub(crate) struct EndRule;

/// Tells of accelerators that wait.
pub(crate) struct WasteAlarm;

#[async_trait]
impl Step for EndRule {
    fn name(&self) -> &'static str {
        "event rule"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let wanted = run.spec.alarms.clone();
        let body = |handle: &Handle, job: &str, alarms: &Alarms| {
            Some(Body::Rule(Box::new(rule(handle, job, alarms))))
        };
        make(self.name(), Of::Rule, run, wanted.as_ref(), body).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        unmake(self.name(), Of::Rule, run).await
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        remove(Of::Rule, removal).await
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        observe(Of::Rule, look).await
    }
}

#[async_trait]
impl Step for WasteAlarm {
    fn name(&self) -> &'static str {
        "waste alarm"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let wanted = run.spec.alarms.clone();
        let body = |handle: &Handle, job: &str, alarms: &Alarms| {
            let waste = alarms.waste.as_ref()?;
            Some(Body::Alarm(alarm(handle, job, &alarms.topic_arn, waste)))
        };
        make(self.name(), Of::Alarm, run, wanted.as_ref(), body).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        unmake(self.name(), Of::Alarm, run).await
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        remove(Of::Alarm, removal).await
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        observe(Of::Alarm, look).await
    }
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Rule,
    Alarm,
}

impl Of {
    fn kind(self) -> &'static str {
        match self {
            Of::Rule => "rule",
            Of::Alarm => "alarm",
        }
    }

    fn words(self, name: &str) -> String {
        match self {
            Of::Rule => format!("EventBridge rule {name}"),
            Of::Alarm => format!("CloudWatch alarm {name}"),
        }
    }

    fn arn(self, handle: &Handle, watcher: &Watcher) -> String {
        let (partition, account) = (&handle.partition, &handle.account_id);
        let (region, name) = (&watcher.region, &watcher.name);
        match self {
            Of::Rule => format!("arn:{partition}:events:{region}:{account}:rule/{name}"),
            Of::Alarm => format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"),
        }
    }
}

/// What AWS is sent.
enum Body {
    /// The rule and its target.
    Rule(Box<(Value, Value)>),
    /// Parameters of the alarm, tags not included.
    Alarm(Vec<(String, String)>),
}

async fn make(
    step: &'static str,
    of: Of,
    run: &mut Run<'_>,
    wanted: Option<&Alarms>,
    body: impl Fn(&Handle, &str, &Alarms) -> Option<Body>,
) -> Result<(), Error> {
    let name = naming::dashboard_name(&run.spec.data_bucket.name, &run.spec.name);
    let here = Watcher {
        kind: of.kind().to_owned(),
        name,
        region: run.spec.region.clone(),
    };
    let body = wanted.and_then(|alarms| body(&run.handle, &run.job_name, alarms));
    let tags = run.tags();
    let aws = run.aws;
    if let Some(body) = body {
        let had = run.handle.watchers.contains(&here);
        let result = put(aws, &mut run.handle, of, here.clone(), &body, &tags).await;
        // Half of it may exist: a rule without its target.
        if !had && run.handle.watchers.contains(&here) {
            run.made(step);
        }
        run.save();
        result?;
    } else if run.handle.watchers.contains(&here) {
        delete(aws, &mut run.handle, of, &here).await?;
    }
    // The run before was elsewhere: nothing happens there any more.
    let elsewhere = |watcher: &&Watcher| watcher.kind == here.kind && watcher.region != here.region;
    let old: Vec<Watcher> = run
        .handle
        .watchers
        .iter()
        .filter(elsewhere)
        .cloned()
        .collect();
    for watcher in old {
        delete(aws, &mut run.handle, of, &watcher).await?;
    }
    Ok(())
}

async fn unmake(step: &'static str, of: Of, run: &mut Run<'_>) -> Result<(), Error> {
    if !run.made.contains(&step) {
        return Ok(());
    }
    let region = run.spec.region.clone();
    let made = |watcher: &&Watcher| watcher.kind == of.kind() && watcher.region == region;
    if let Some(watcher) = run.handle.watchers.iter().find(made).cloned() {
        delete(run.aws, &mut run.handle, of, &watcher).await?;
    }
    Ok(())
}

async fn remove(of: Of, removal: &mut Removal<'_>) -> Result<(), Error> {
    let ours: Vec<Watcher> = every(&removal.handle, of);
    for watcher in ours {
        let kept = delete(removal.aws, &mut removal.handle, of, &watcher).await?;
        if let Some(line) = kept {
            removal.leave(line);
        }
    }
    Ok(())
}

async fn observe(of: Of, look: &Removal<'_>) -> Option<String> {
    for watcher in every(&look.handle, of) {
        let there = match of {
            Of::Rule => carried(look.aws, &look.handle, of, &watcher)
                .await
                .map(|found| found.is_some()),
            Of::Alarm => alarm_exists(look.aws, &watcher).await,
        };
        if matches!(there, Ok(false)) {
            return Some(format!("{} is gone", of.words(&watcher.name)));
        }
    }
    None
}

fn every(handle: &Handle, of: Of) -> Vec<Watcher> {
    let of_kind = |watcher: &&Watcher| watcher.kind == of.kind();
    handle.watchers.iter().filter(of_kind).cloned().collect()
}

/// Notes what exists of this training, for a handle that was found again: a change in place leaves no trace in the manifest.
/// Not allowed to look: not known.
pub(crate) async fn find(aws: &Aws, handle: &mut Handle) {
    let Some(bucket) = handle.data_bucket.as_ref() else {
        return;
    };
    let name = naming::dashboard_name(&bucket.name, &handle.name);
    for of in [Of::Rule, Of::Alarm] {
        let watcher = Watcher {
            kind: of.kind().to_owned(),
            name: name.clone(),
            region: handle.region.clone(),
        };
        if handle.watchers.contains(&watcher) {
            continue;
        }
        match carried(aws, handle, of, &watcher).await {
            Ok(Some(found)) if tags::belong_to(&found, &handle.name) => {
                handle.watchers.push(watcher)
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "rule or alarm could not be looked for"),
        }
    }
}

/// Changes both in place; none wanted: takes them away.
pub(crate) async fn change(
    aws: &Aws,
    handle: &mut Handle,
    bucket: &str,
    wanted: Option<&Alarms>,
) -> Result<(), Error> {
    let job = handle.job_name.clone().unwrap_or_default();
    let tags = tags::with_own(&tags::of_user(&handle.tags), &handle.name, &handle.nonce);
    let made = match wanted {
        Some(alarms) => [
            Some(Body::Rule(Box::new(rule(handle, &job, alarms)))),
            alarms
                .waste
                .as_ref()
                .map(|waste| Body::Alarm(alarm(handle, &job, &alarms.topic_arn, waste))),
        ],
        None => [None, None],
    };
    for (of, body) in [Of::Rule, Of::Alarm].into_iter().zip(made) {
        let here = Watcher {
            kind: of.kind().to_owned(),
            name: naming::dashboard_name(bucket, &handle.name),
            region: handle.region.clone(),
        };
        match body {
            Some(body) => {
                put(aws, handle, of, here, &body, &tags).await?;
            }
            None if handle.watchers.contains(&here) => {
                delete(aws, handle, of, &here).await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Puts it, new or over ours.
async fn put(
    aws: &Aws,
    handle: &mut Handle,
    of: Of,
    watcher: Watcher,
    body: &Body,
    wanted: &Tags,
) -> Result<(), Error> {
    let about = of.words(&watcher.name);
    let found = carried(aws, handle, of, &watcher).await?;
    if found
        .as_ref()
        .is_some_and(|found| !tags::belong_to(found, &handle.name))
    {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "{about} exists in {} and does not carry this training's tags",
                watcher.region
            ),
        )
        .advise("Delete it, or leave alarm_sns_topic_arn out.")
        .on("alarms"));
    }
    let new = found.is_none();
    // From here on it may exist.
    if !handle.watchers.contains(&watcher) {
        handle.watchers.push(watcher.clone());
    }
    let wrap = |error: Error| error.about(about.clone()).on("alarms");
    match body {
        Body::Rule(both) => {
            let (rule, target) = both.as_ref();
            let mut rule = rule.clone();
            rule["Name"] = json!(watcher.name);
            // Tags of a rule that exists are not taken from the request (API reference, PutRule).
            if new {
                rule["Tags"] = tags::as_json(wanted);
            }
            let region = &watcher.region;
            aws.json(Service::Events, region, "PutRule", &rule)
                .await
                .map_err(wrap)?;
            let targets = json!({ "Rule": watcher.name, "Targets": [target] });
            let answer = aws
                .json(Service::Events, region, "PutTargets", &targets)
                .await
                .map_err(wrap)?;
            refused(&answer, "PutTargets").map_err(wrap)?;
        }
        Body::Alarm(parameters) => {
            let mut all = parameters.clone();
            all.push(("AlarmName".to_owned(), watcher.name.clone()));
            if new {
                all.extend(tags::as_query(wanted));
            }
            aws.query(
                Service::Cloudwatch,
                &watcher.region,
                "PutMetricAlarm",
                &tags::pairs(&all),
            )
            .await
            .map_err(wrap)?;
        }
    }
    Ok(())
}

/// Removes it if it is ours; else says that it stays.
async fn delete(
    aws: &Aws,
    handle: &mut Handle,
    of: Of,
    watcher: &Watcher,
) -> Result<Option<String>, Error> {
    let about = of.words(&watcher.name);
    let mut left = None;
    match carried(aws, handle, of, watcher).await? {
        None => {}
        Some(found) if !tags::belong_to(&found, &handle.name) => {
            left = Some(format!("{about}: it no longer carries our tags"));
        }
        Some(_) => {
            let wrap = |error: Error| error.about(about.clone());
            let region = &watcher.region;
            match of {
                Of::Rule => {
                    let targets = json!({ "Rule": watcher.name, "Ids": [TARGET] });
                    let answer = aws.json(Service::Events, region, "RemoveTargets", &targets);
                    if let Some(answer) = Removal::gone_is_fine(answer.await.map_err(wrap))? {
                        refused(&answer, "RemoveTargets").map_err(wrap)?;
                    }
                    let rule = json!({ "Name": watcher.name });
                    let answer = aws.json(Service::Events, region, "DeleteRule", &rule);
                    Removal::gone_is_fine(answer.await.map_err(wrap))?;
                }
                Of::Alarm => {
                    let names = [("AlarmNames.member.1", watcher.name.as_str())];
                    let answer = aws.query(Service::Cloudwatch, region, "DeleteAlarms", &names);
                    Removal::gone_is_fine(answer.await.map_err(wrap))?;
                }
            }
        }
    }
    handle.watchers.retain(|other| other != watcher);
    Ok(left)
}

/// Its tags; `None` where it does not exist.
async fn carried(
    aws: &Aws,
    handle: &Handle,
    of: Of,
    watcher: &Watcher,
) -> Result<Option<Tags>, Error> {
    let arn = of.arn(handle, watcher);
    let operation = "ListTagsForResource";
    let wrap = |error: Error| error.about(of.words(&watcher.name)).on("alarms");
    let found = match of {
        Of::Rule => {
            let asked = json!({ "ResourceARN": arn });
            let answer = aws.json(Service::Events, &watcher.region, operation, &asked);
            Removal::gone_is_fine(answer.await.map_err(wrap))?
                .map(|answer| tags::from_json(&answer["Tags"]))
        }
        // Documented for an unknown alarm is ResourceNotFoundException; not every endpoint keeps to it.
        Of::Alarm if !alarm_exists(aws, watcher).await? => None,
        Of::Alarm => {
            let asked = [("ResourceARN", arn.as_str())];
            let answer = aws.query(Service::Cloudwatch, &watcher.region, operation, &asked);
            Removal::gone_is_fine(answer.await.map_err(wrap))?.map(|answer| tags::from_xml(&answer))
        }
    };
    Ok(found)
}

/// Whether there is a metric alarm of this name (API reference, DescribeAlarms: a name that is unknown is left out).
async fn alarm_exists(aws: &Aws, watcher: &Watcher) -> Result<bool, Error> {
    let asked = [("AlarmNames.member.1", watcher.name.as_str())];
    let answer = aws
        .query(
            Service::Cloudwatch,
            &watcher.region,
            "DescribeAlarms",
            &asked,
        )
        .await
        .map_err(|error| error.about(Of::Alarm.words(&watcher.name)).on("alarms"))?;
    Ok(tag(&answer, "AlarmName").is_some_and(|found| found == watcher.name))
}

/// EventBridge answers 200 and says in the body which targets it refused.
fn refused(answer: &Value, operation: &'static str) -> Result<(), Error> {
    let Some(entry) = answer["FailedEntries"]
        .as_array()
        .and_then(|all| all.first())
    else {
        return Ok(());
    };
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Err(Error::answer(
        Service::Events,
        operation,
        Some(200),
        Some(text("ErrorCode")),
        text("ErrorMessage"),
        None,
    ))
}
