//! Applying: a create, a new run or a change in place, carried out by `aws::lifecycle`.
//!
//! Two rules shape everything here. Before the training job exists a failure is an error with what exists, so that a
//! destroy can clean it up; once the job exists nothing is an error any more, since a taint would stop a paid run.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::lifecycle::{self, Change, DashboardChange, ReadOptions};
use aws::{Aws, Control, CreateReport, Handle, Observation, Progress, Remark, RunSpec};
use schemas::ml_training::{Config, Effective, Surroundings};
use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attr, Diagnostic, Diagnostics, Private, Rescue, Value,
    from_value,
};

use super::after::{self, Finish};
use super::decide::{self, decide};
use super::limits::{Limits, timeout};
use super::planned::OPEN_ON_CREATE;
use super::private::{Intent, Remembered};
use super::spec::{self, Ingredients};
use super::{
    alarms, destroy, expiry, fallback, foreign, identity, later, manifest, recover, run, say,
    source,
};
use crate::configured::Configured;
use crate::object::{Object, get, object};
use crate::text::sentence;

/// What an apply is about.
struct Job<'a> {
    configured: &'a Configured,
    request: &'a ApplyRequest,
    planned: Object,
    remembered: Remembered,
}

/// Applies a plan.
pub(crate) async fn apply(
    configured: &Configured,
    request: ApplyRequest,
) -> Result<ApplyResponse, Diagnostics> {
    let remembered = Remembered::read(&request.private)?;
    if request.action() == Action::Destroy {
        return destroy::destroy(configured, &request, remembered).await;
    }
    let planned = object(&request.planned);
    let intent = remembered.intent.unwrap_or(Intent::NewRun);
    let starts = request.action() == Action::Create || intent == Intent::NewRun;
    if starts {
        start(configured, &request, planned, remembered).await
    } else {
        change(configured, &request, planned, remembered).await
    }
}

/// A create or a new run.
async fn start(
    configured: &Configured,
    request: &ApplyRequest,
    mut planned: Object,
    remembered: Remembered,
) -> Result<ApplyResponse, Diagnostics> {
    let (spec, mut diagnostics) = prepare(configured, request, &mut planned, &remembered).await?;
    let aws = configured.aws()?;
    let job = Job {
        configured,
        request,
        planned,
        remembered,
    };
    let progress = Saved { job: &job };
    let control = Control {
        stop: request.stop.receiver(),
        timeout: timeout(request, &spec),
        progress: &progress,
    };
    let report = match &job.remembered.handle {
        Some(previous) if request.action() == Action::Update => {
            lifecycle::rerun(aws, previous, &spec, &control).await
        }
        _ => lifecycle::create(aws, &spec, &control).await,
    };
    let started = job.started(report, &spec, &mut diagnostics);
    let finish = Finish {
        aws,
        request,
        planned: &job.planned,
        timeout: Limits::of(request).update(false),
        harmless: true,
    };
    Ok(finish.follow(started).await)
}

/// Decides again, with everything known, and describes the run. Nothing has been asked of AWS when this refuses.
pub(super) async fn prepare(
    configured: &Configured,
    request: &ApplyRequest,
    planned: &mut Object,
    remembered: &Remembered,
) -> Result<(RunSpec, Diagnostics), Diagnostics> {
    let written = object(&request.config);
    let config: Config = from_value(&request.config)?;
    let mut diagnostics = Diagnostics::new();
    expiry::check(&config, planned, &mut diagnostics)?;
    let previous = if request.prior.is_null() {
        None
    } else {
        super::plan::previous(&object(&request.prior))
    };
    // As planned: what is packed has to agree with it, and the folder is read once.
    let digest = match get(planned, "source_digest").as_str() {
        Some(known) => Attr::Known(known.to_owned()),
        None => source::digest(&config).await?,
    };
    let decided = decide(
        configured,
        &config,
        &written,
        &digest,
        previous,
        remembered.tried.as_ref(),
    )
    .await?;
    let (Some(decision), Some(asked)) = (decided.decision(), &decided.request) else {
        let mut why: Diagnostics = decided.diagnostics;
        why.push(Diagnostic::error(
            "There is no decision to apply",
            "Nothing is feasible within the limits, and on_infeasible = \"warn\" let the plan pass. Move one of the limits that the warning names. Nothing was created.",
        ));
        return Err(why);
    };
    let decided_place = (
        decision.selected_region.as_str(),
        decision.selected_instance_type.as_str(),
    );
    let planned_place = (
        get(planned, "selected_region").as_str(),
        get(planned, "selected_instance_type").as_str(),
    );
    if planned_place != (Some(decided_place.0), Some(decided_place.1)) {
        return Err(Diagnostic::error(
            "The decision is not the planned one",
            format!(
                "Now it would be {} in {}. A file that the decision reads changed after the plan: plan again. Nothing was created.",
                decided_place.1, decided_place.0
            ),
        )
        .into());
    }
    for name in OPEN_ON_CREATE {
        if get(planned, name).is_unknown() {
            planned.insert(name.to_owned(), get(&decided.outputs, name).clone());
        }
    }
    let waits = expiry::lies_ahead(get(planned, "scheduled_start_time").as_str());
    if let Some(error) = later::too_large(&config, &written, planned, waits) {
        return Err(error.into());
    }
    let provider_region = configured.region().await.known().unwrap_or_default();
    let surroundings = Surroundings {
        provider_region: Attr::Known(provider_region.as_str()),
    };
    let effective = Effective::of(&request.config, surroundings)?;
    let catalog = configured.catalog();
    let spec = spec::spec(&Ingredients {
        written: &written,
        config: &effective,
        provider_region: &asked.provider_region,
        decision,
        container: &decided.container,
        planned,
        tags: decide::tags(configured, &config)
            .known()
            .unwrap_or_default(),
        manifest: manifest::manifest(
            &written,
            planned,
            asked,
            decision,
            configured.overrides_digest.as_deref(),
        ),
        may_stop_previous: !say::is_scheduled(&object(&request.prior))
            || config.on_change.as_deref().known() == Some("rerun"),
        further: catalog.map_or_else(Vec::new, |catalog| {
            fallback::types(catalog, &config, decision, &decided.container)
        }),
        catalog: configured.figures(),
    })?;
    Ok((spec, diagnostics))
}

/// A change in place, and the resumption of a wait.
async fn change(
    configured: &Configured,
    request: &ApplyRequest,
    planned: Object,
    mut remembered: Remembered,
) -> Result<ApplyResponse, Diagnostics> {
    let prior = object(&request.prior);
    let found = match get(&prior, "training_job_name") {
        // A provider that died in a change leaves no private state.
        Value::String(_) => {
            recover::handle(configured.aws()?, remembered.handle.clone(), &prior).await?
        }
        _ => remembered.handle.clone(),
    };
    let Some(mut handle) = found else {
        // Nothing of ours exists (a failed create): the inputs are all there is.
        remembered.intent = None;
        return Ok(answer(
            request,
            run::fill(planned, &Object::new()),
            &remembered,
            Diagnostics::new(),
        ));
    };
    if remembered.takes_over() {
        foreign::settle(&mut handle, &planned);
        remembered.handle = Some(handle.clone());
    }
    remembered.intent = None;
    remembered.adopted = false;
    if get(&planned, "wait_for_completion").as_bool() != Some(true) {
        // The wait that an interrupt left open is given up.
        handle.wait_pending = false;
        remembered.handle = Some(handle.clone());
    }
    let wanted = wanted(configured, request, &prior, &planned)?;
    let mut diagnostics = Diagnostics::new();
    let aws = configured.aws()?;
    let limits = Limits::of(request);
    if wanted != Change::default() {
        let progress = aws::NoProgress;
        let control = Control {
            stop: request.stop.receiver(),
            timeout: limits.update(false),
            progress: &progress,
        };
        let report = lifecycle::update(aws, &handle, &wanted, &control).await;
        diagnostics.extend(remarks(&report.remarks));
        handle = report.handle;
        remembered.handle = Some(handle.clone());
        if let Some(failure) = report.failure {
            diagnostics.push(Diagnostic::error(
                failure.error.summary(),
                failure.error.detail(),
            ));
            return Ok(answer(request, prior, &remembered, diagnostics));
        }
    }
    let catalog = configured.figures();
    let mut seen = None;
    if planned.get("outcome").is_some_and(Value::is_unknown) {
        seen = wait(
            aws,
            &mut handle,
            request,
            limits.update(true),
            &mut diagnostics,
        )
        .await;
        remembered.handle = Some(handle.clone());
    }
    let mut outputs = run::outputs(catalog, &planned, &handle, seen.as_ref())?;
    outputs.insert("pending_steps".to_owned(), pending(&handle));
    if seen.is_none() {
        keep_prior(&mut outputs, &prior);
    }
    let state = run::fill(planned.clone(), &outputs);
    diagnostics.extend(seen.and_then(|seen| say::ended_badly(&state, &handle, &seen)));
    let finish = Finish {
        aws,
        request,
        planned: &planned,
        timeout: limits.update(false),
        harmless: false,
    };
    Ok(finish
        .follow(answer(request, state, &remembered, diagnostics))
        .await)
}

/// What AWS has to be told.
fn wanted(
    configured: &Configured,
    request: &ApplyRequest,
    prior: &Object,
    planned: &Object,
) -> Result<Change, Diagnostics> {
    let mut wanted = Change::default();
    if get(prior, "tags_all") != get(planned, "tags_all") {
        let tags: Option<BTreeMap<String, String>> = from_value(get(planned, "tags_all"))?;
        wanted.tags = Some(tags.unwrap_or_default());
    }
    if get(planned, "dashboard_url").is_unknown() {
        let effective = Effective::of(&request.config, Surroundings::default())?;
        let catalog = configured.figures();
        let run = effective
            .dashboard
            .as_ref()
            .known()
            .is_none_or(|dashboard| dashboard == "run");
        wanted.dashboard = Some(if run {
            DashboardChange::Put(super::board::dashboard(catalog, &effective, planned))
        } else {
            DashboardChange::Remove
        });
    }
    wanted.alarms = alarms::change(configured.figures(), prior, planned);
    Ok(wanted)
}

async fn wait(
    aws: &Aws,
    handle: &mut Handle,
    request: &ApplyRequest,
    timeout: Duration,
    diagnostics: &mut Diagnostics,
) -> Option<Observation> {
    let progress = aws::NoProgress;
    let control = Control {
        stop: request.stop.receiver(),
        timeout,
        progress: &progress,
    };
    match lifecycle::wait(aws, handle, ReadOptions::default(), &control).await {
        Ok(report) => {
            diagnostics.extend(remarks(&report.remarks));
            *handle = report.handle;
            if handle.wait_pending {
                diagnostics.push(still_waiting(handle));
            }
            Some(report.observation)
        }
        Err(error) => {
            diagnostics.push(Diagnostic::warning(error.summary(), error.detail()));
            handle.wait_pending = true;
            None
        }
    }
}

impl Job<'_> {
    /// The state after a create or a new run.
    fn started(
        &self,
        report: CreateReport,
        spec: &RunSpec,
        diagnostics: &mut Diagnostics,
    ) -> ApplyResponse {
        let mut diagnostics = std::mem::take(diagnostics);
        diagnostics.extend(remarks(&report.remarks));
        let creates = self.request.action() == Action::Create;
        match &report.failure {
            Some(failure) if !failure.job_exists => {
                let stopped = failure.error.kind() == aws::Kind::Stopped;
                if creates && stopped && !report.handle.is_empty() {
                    // Terraform ends the apply itself; an error here would only taint what the next apply goes on with.
                    diagnostics.push(say::launch_stopped());
                    let state = self.without_job(&report.handle, say::LAUNCHING, "pending");
                    return self.answer(state, report.handle, diagnostics);
                }
                diagnostics.push(failed(failure, spec));
                if creates && report.handle.is_empty() {
                    return ApplyResponse {
                        state: Value::Null,
                        diagnostics,
                        ..ApplyResponse::default()
                    };
                }
                let state = if creates {
                    self.without_job(
                        &report.handle,
                        say::LAUNCH_FAILED,
                        aws::Outcome::FailedToLaunch.as_str(),
                    )
                } else {
                    self.unchanged(&report)
                };
                self.answer(state, report.handle, diagnostics)
            }
            failure => {
                if let Some(failure) = failure {
                    diagnostics.push(Diagnostic::warning(
                        format!(
                            "{}, but a later step failed: {}",
                            match report.handle.schedule {
                                Some(_) => "The start is planned",
                                None => "The training runs",
                            },
                            failure.error.summary()
                        ),
                        failure.error.detail(),
                    ));
                }
                if report.handle.wait_pending {
                    diagnostics.push(still_waiting(&report.handle));
                }
                let state = self.state(
                    &report.handle,
                    report.observation.as_ref(),
                    &mut diagnostics,
                );
                let seen = report.observation.as_ref();
                diagnostics
                    .extend(seen.and_then(|seen| say::ended_badly(&state, &report.handle, seen)));
                self.answer(state, report.handle, diagnostics)
            }
        }
    }

    fn state(
        &self,
        handle: &Handle,
        seen: Option<&Observation>,
        diagnostics: &mut Diagnostics,
    ) -> Object {
        let catalog = self.configured.figures();
        let mut outputs =
            run::outputs(catalog, &self.planned, handle, seen).unwrap_or_else(|errors| {
                diagnostics.extend(errors);
                Object::new()
            });
        if get(&outputs, "training_job_status").is_null() {
            let status = match handle.schedule {
                Some(_) => say::SCHEDULED,
                None => "InProgress",
            };
            outputs.insert("training_job_status".to_owned(), status.into());
        }
        if get(&outputs, "outcome").is_null() {
            outputs.insert("outcome".to_owned(), aws::Outcome::Pending.as_str().into());
        }
        outputs.insert("pending_steps".to_owned(), pending(handle));
        run::fill(self.planned.clone(), &outputs)
    }

    /// A create that came to no job: what exists, so that an apply goes on with it or a destroy removes it.
    fn without_job(&self, handle: &Handle, status: &str, outcome: &str) -> Object {
        let mut state = self.state(handle, None, &mut Diagnostics::new());
        state.insert("training_job_status".to_owned(), status.into());
        state.insert("outcome".to_owned(), outcome.into());
        state
    }

    /// A new run that came to no job: the inputs as they were, and how the old run fares now.
    fn unchanged(&self, report: &CreateReport) -> Object {
        let mut state = object(&self.request.prior);
        let catalog = self.configured.figures();
        if let Some(seen) = &report.observation
            && let Ok(outputs) = run::outputs(catalog, &state, &report.handle, Some(seen))
        {
            state.extend(
                outputs
                    .into_iter()
                    .filter(|(name, value)| !value.is_null() && name != "id"),
            );
        }
        state
    }

    fn answer(&self, state: Object, handle: Handle, diagnostics: Diagnostics) -> ApplyResponse {
        let remembered = Remembered {
            adopted: false,
            handle: Some(handle),
            tried: self.remembered.tried.clone(),
            intent: None,
        };
        answer(self.request, state, &remembered, diagnostics)
    }
}

/// Keeps the state that would be saved if this process were to panic now.
struct Saved<'a> {
    job: &'a Job<'a>,
}

impl Progress for Saved<'_> {
    fn save(&self, handle: &Handle) {
        let state = self.job.state(handle, None, &mut Diagnostics::new());
        let remembered = Remembered {
            adopted: false,
            handle: Some(handle.clone()),
            tried: self.job.remembered.tried.clone(),
            intent: None,
        };
        let rescue: &Rescue = &self.job.request.rescue;
        rescue.keep(Value::Map(state), remembered.write());
    }
}

fn answer(
    request: &ApplyRequest,
    state: Object,
    remembered: &Remembered,
    diagnostics: Diagnostics,
) -> ApplyResponse {
    let private: Private = remembered.write();
    ApplyResponse {
        identity: identity::of(&state).or_else(|| request.identity.clone()),
        state: Value::Map(state),
        private,
        diagnostics,
    }
}

fn keep_prior(outputs: &mut Object, prior: &Object) {
    for name in super::planned::OBSERVED
        .into_iter()
        .chain(super::planned::LAUNCHED)
    {
        if get(outputs, name).is_null() && name != "pending_steps" && name != "dashboard_url" {
            outputs.insert(name.to_owned(), get(prior, name).clone());
        }
    }
}

fn pending(handle: &Handle) -> Value {
    if handle.wait_pending {
        Value::from(vec![after::WAIT])
    } else {
        Value::Null
    }
}

fn still_waiting(handle: &Handle) -> Diagnostic {
    let job = handle.job_name.as_deref().unwrap_or("the training");
    Diagnostic::warning(
        "The training goes on",
        format!(
            "{job} had not ended when this apply stopped waiting for it. It keeps running; the next apply waits on. timeouts sets how long."
        ),
    )
}

fn failed(failure: &aws::Failure, spec: &RunSpec) -> Diagnostic {
    let error = &failure.error;
    let detail = format!("{}\nNo training job was created.", error.detail());
    let diagnostic = Diagnostic::error(error.summary(), detail.trim_start());
    match error.field().and_then(|field| attribute(field, spec)) {
        Some(attribute) => diagnostic.at(attribute),
        None => diagnostic,
    }
}

/// The attribute behind a field of the run's description.
fn attribute(field: &str, spec: &RunSpec) -> Option<&'static str> {
    Some(match field {
        "data_bucket.name" => "s3_bucket_name",
        "data_bucket.region" => "dataset_region",
        "channels" if spec.channels.len() == 1 => "dataset_s3_prefix",
        "channels" => "input_channels",
        "source" => "source_dir",
        "entry_point" => "entry_point",
        "output_s3_uri" => "output_s3_uri",
        "vpc" => "vpc_config",
        "instance_type" => "preferred_instance_types",
        "max_runtime_seconds" => "max_runtime_hours",
        "role" => "role_arn",
        "max_staging_gb" => "max_staging_gb",
        "training_plan_arn" => "training_plan_arn",
        "max_spot_price_percent" => "max_spot_price_percentage",
        "experiment" => "experiment",
        "checkpoint.resume_from" => "resume_from",
        "scheduler_role" => "scheduler_role_arn",
        "hyperparameters" => "hyperparameters",
        "name" => "name",
        "alarms" => "alarm_sns_topic_arn",
        _ => return None,
    })
}

/// What AWS or the provider has to say that is no error.
pub(crate) fn remarks(remarks: &[Remark]) -> impl Iterator<Item = Diagnostic> + '_ {
    remarks.iter().map(|remark| {
        Diagnostic::warning(
            remark.summary.trim_end_matches('.'),
            sentence(&remark.detail),
        )
    })
}
