//! What changes in place: tags, the dashboard and the alarms.

use crate::clients::Aws;
use crate::dashboard;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::lifecycle::{AlarmChange, Change, DashboardChange};
use crate::naming;
use crate::report::{Failure, Remark, UpdateReport};
use crate::retry::Watch;
use crate::s3::Bucket;
use crate::steps;
use crate::tags::{self, Tags};

/// What [`crate::lifecycle::update`] does.
pub(crate) async fn update(
    aws: &Aws,
    handle: &Handle,
    change: &Change,
    watch: &Watch<'_>,
) -> UpdateReport {
    let mut report = UpdateReport {
        handle: handle.clone(),
        failure: None,
        remarks: Vec::new(),
    };
    let result = apply(aws, &mut report, change, watch).await;
    if let Err((step, error)) = result {
        report.failure = Some(Failure {
            step,
            error,
            job_exists: handle.job_name.is_some(),
        });
    }
    watch.control().progress.save(&report.handle);
    report
}

async fn apply(
    aws: &Aws,
    report: &mut UpdateReport,
    change: &Change,
    watch: &Watch<'_>,
) -> Result<(), (&'static str, Error)> {
    if let Some(tags) = &change.tags {
        watch.check().map_err(|error| ("tags", error))?;
        retag_job(aws, &mut report.handle, tags, watch)
            .await
            .map_err(|error| ("tags", error))?;
        if let Err(error) = retag_parts(aws, &report.handle, tags).await {
            report.remarks.push(Remark::new(
                "not everything has the new tags",
                format!("The job's are. {error}"),
            ));
        }
    }
    match &change.dashboard {
        None => {}
        Some(DashboardChange::Put(facts)) => {
            watch.check().map_err(|error| ("dashboard", error))?;
            let bucket = report
                .handle
                .data_bucket
                .as_ref()
                .map(|bucket| bucket.name.clone())
                .unwrap_or_default();
            let name = report
                .handle
                .dashboard
                .clone()
                .unwrap_or_else(|| naming::dashboard_name(&bucket, &report.handle.name));
            let job = report.handle.job_name.clone().unwrap_or_default();
            let body = dashboard::run::body(&report.handle, &job, facts);
            match dashboard::put(aws, &report.handle.region, &name, &body, &Tags::new()).await {
                Ok(()) => report.handle.dashboard = Some(name),
                // A picture holds nothing else up.
                Err(error) => report.remarks.push(Remark::new(
                    "no dashboard",
                    format!(
                        "The next apply tries again; dashboard = \"none\" avoids the call. {error}"
                    ),
                )),
            }
        }
        Some(DashboardChange::Remove) => {
            if let Some(name) = report.handle.dashboard.clone() {
                dashboard::delete(aws, &report.handle.region, &name)
                    .await
                    .map_err(|error| ("dashboard", error))?;
                report.handle.dashboard = None;
            }
        }
    }
    if let Some(change) = &change.alarms {
        watch.check().map_err(|error| ("alarms", error))?;
        let bucket = report
            .handle
            .data_bucket
            .as_ref()
            .map(|bucket| bucket.name.clone())
            .unwrap_or_default();
        let wanted = match change {
            AlarmChange::Put(alarms) => Some(alarms),
            AlarmChange::Remove => None,
        };
        steps::change_alarms(aws, &mut report.handle, &bucket, wanted)
            .await
            .map_err(|error| ("alarms", error))?;
    }
    Ok(())
}

/// Brings the job's tags to what is wanted; ours stay.
async fn retag_job(
    aws: &Aws,
    handle: &mut Handle,
    wanted: &Tags,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let Some(name) = handle.job_name.clone() else {
        return Ok(());
    };
    if steps::retag_schedule(aws, handle, wanted, watch).await? {
        handle.tags = tags::with_own(wanted, &handle.name, &handle.nonce);
        return Ok(());
    }
    let Some(job) = steps::describe(aws, &handle.region, &name).await? else {
        if let Some(planned) = &handle.schedule {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "training job {name} is being started: it was due at {}",
                    planned.at
                ),
            )
            .advise("Apply again once it runs."));
        }
        return Err(Error::new(
            Kind::NotFound,
            format!("training job {name} is gone: its tags cannot be changed"),
        )
        .advise("Refresh, then apply again."));
    };
    let now = job.tags(aws).await?;
    steps::sagemaker_tags::change(aws, &handle.region, job.arn(), &now, wanted)
        .await
        .map_err(|error| error.about(format!("training job {name}")))?;
    let own = now.into_iter().filter(|(key, _)| naming::is_own_tag(key));
    handle.tags = tags::of_user(wanted).into_iter().chain(own).collect();
    Ok(())
}

/// Everything else that carries tags of this training follows.
async fn retag_parts(aws: &Aws, handle: &Handle, tags: &Tags) -> Result<(), Error> {
    if let Some(role) = &handle.managed_role {
        steps::retag_role(aws, handle, role, tags).await?;
    }
    if let Some(role) = &handle.managed_scheduler_role {
        steps::retag_role(aws, handle, role, tags).await?;
    }
    steps::retag_scheduling(aws, handle, tags).await?;
    steps::retag_file_systems(aws, handle, tags).await?;
    steps::retag_alarms(aws, handle, tags).await?;
    steps::retag_experiments(aws, handle, tags).await?;
    steps::retag_model_group(aws, handle, tags).await?;
    for reference in handle
        .data_bucket
        .iter()
        .chain(&handle.companions)
        .filter(|bucket| bucket.managed)
    {
        let bucket = Bucket::of(aws, reference, &handle.account_id).await;
        steps::retag_bucket(&bucket, tags, &handle.name).await?;
    }
    Ok(())
}
