//! A file system for the run's data: FSx for Lustre, linked to S3, there before the job and gone after it.
//!
//! It bills from its creation on. So its deletion is scheduled as soon as its id is known, for the latest moment at
//! which the run can end; the next new run, or a destroy, deletes it sooner. A file system has no name: it is found again by
//! a tag with the run's token, which is also the client request token, so that no run has two.
//!
//! The link only reads: nothing is exported to the bucket, and no event notifications are set up on it.

mod fsx;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Value, json};

use self::fsx::{TAG_TOKEN, available, describe, explain, find, gone, is_going, link, request_end};
use super::Step;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::{FileSystemRef, Handle};
use crate::naming;
use crate::removal::Removal;
use crate::retry::Watch;
use crate::run::Run;
use crate::scheduler::{self, LATE_IS_FINE, OneTime};
use crate::settings::Service;
use crate::spec::{FileSystem as Wanted, Mounted};
use crate::tags::{self, Tags};

/// The newest Lustre version; links to S3 need 2.12 or later, and the API's own default is 2.10.
const VERSION: &str = "2.15";
/// Links of one file system (FSx API reference, CreateDataRepositoryAssociation).
const LINKS_MAX: usize = 8;

pub(crate) struct FileSystem;

#[async_trait]
impl Step for FileSystem {
    fn name(&self) -> &'static str {
        "file system"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let token =
            naming::file_system_token(&run.spec.data_bucket.name, &run.spec.name, &run.job_name);
        former(run, &token).await?;
        let Some(wanted) = run.spec.file_system.clone() else {
            return Ok(());
        };
        let links = links(run)?;
        if links.is_empty() {
            return Ok(());
        }
        let mut made = note(run, &token).await?;
        let found = match look(run.aws, &made).await? {
            // Its token is free, and what it was called is made anew, once it is gone.
            Some(found) if is_going(&found) => {
                let id = id_of(&found);
                gone(run.aws, &made.region, &id, &run.watch).await?;
                None
            }
            found => found,
        };
        let found = match found {
            Some(found) => found,
            // The job that is taken over has read it, and it is gone.
            None if run.adopted => return Ok(()),
            None => {
                let found = create(run, &wanted, &token).await?;
                run.made(self.name());
                found
            }
        };
        made.id = Some(id_of(&found));
        keep(run, &made);
        let making = i64::from(wanted.making_seconds) + i64::from(wanted.kept_seconds);
        schedule(run, &mut made, making).await?;
        let found = available(run.aws, &made, &run.watch).await?;
        let mount = found["LustreConfiguration"]["MountName"].as_str();
        made.mount_name = mount.map(str::to_owned);
        keep(run, &made);
        link(run, &made, &links).await?;
        // Its making took longer than planned: the run still gets all of its time.
        let kept = i64::from(wanted.kept_seconds);
        if scheduler::seconds(&made.deleted_at).is_some_and(|end| end < run.aws.now() + kept) {
            schedule(run, &mut made, kept).await?;
        }
        for channel in &run.spec.channels {
            if let Some(folder) = run
                .inputs
                .get(&channel.name)
                .and_then(|uri| links.get(&folder_uri(uri)))
            {
                let mounted = Mounted {
                    file_system_id: made.id.clone().unwrap_or_default(),
                    directory_path: format!("/{}/{folder}", mount.unwrap_or_default()),
                };
                run.mounted.insert(channel.name.clone(), mounted);
            }
        }
        if run.spec.kms_key_arn.is_some() || run.spec.volume_kms_key_arn.is_some() {
            run.remark(
                "the file system is encrypted with a key of FSx's own",
                "A scratch file system takes no other key. What it holds is a copy of the data, and goes with it.",
            );
        }
        Ok(())
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let token =
            naming::file_system_token(&run.spec.data_bucket.name, &run.spec.name, &run.job_name);
        let own = run
            .handle
            .file_systems
            .iter()
            .find(|known| known.token == token);
        let Some(own) = own.cloned() else {
            return Ok(());
        };
        // Its creation may have been answered by nothing at all.
        delete(run.aws, &own, &run.spec.name, &run.watch).await?;
        run.handle.file_systems.retain(|known| known.token != token);
        Ok(())
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        if removal.retained {
            for known in removal.handle.file_systems.clone() {
                removal.leave(format!(
                    "file system {} in {}: the retained job reads from it; it is deleted at {}",
                    known.id.as_deref().unwrap_or("(unknown)"),
                    known.region,
                    known.deleted_at
                ));
            }
        } else {
            let left = end(removal.aws, &mut removal.handle, &removal.watch).await?;
            left.into_iter().for_each(|line| removal.leave(line));
        }
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let (known, id) = expected(look)?;
        let found = describe(look.aws, &known.region, id).await.ok()?;
        if found.as_ref().is_none_or(is_going) {
            return Some(format!("file system {id} is gone"));
        }
        let end = naming::file_system_schedule(&known.token);
        let planned = scheduler::get(look.aws, &known.region, &known.group, &end).await;
        matches!(planned, Ok(None)).then(|| {
            format!(
                "the planned end of file system {id} is gone: it bills beyond {} unless an apply after the end of the run, or a destroy, deletes it",
                known.deleted_at
            )
        })
    }
}

/// The file system that has to be there, and its id: nobody of ours has asked for its end, and the planned one lies ahead.
pub(super) fn expected<'a>(look: &'a Removal<'_>) -> Option<(&'a FileSystemRef, &'a str)> {
    let known = look.handle.file_systems.last()?;
    let over = scheduler::seconds(&known.deleted_at).is_some_and(|end| look.aws.now() > end);
    let id = known.id.as_deref()?;
    (!known.deleting && !over).then_some((known, id))
}

/// File systems of runs that are over: their data were copies.
async fn former(run: &mut Run<'_>, token: &str) -> Result<(), Error> {
    for known in run.handle.file_systems.clone() {
        if known.token != token {
            if let Gone::NotOurs(id) = delete(run.aws, &known, &run.spec.name, &run.watch).await? {
                run.remark(
                    format!("file system {id} in {} stays", known.region),
                    "It was made for an earlier run and no longer carries our tags: delete it if nobody uses it.",
                );
            }
            run.handle
                .file_systems
                .retain(|one| one.token != known.token);
            run.save();
        }
    }
    Ok(())
}

/// Folder of the file system for each prefix that the run reads, by URI; two channels of one prefix share it.
fn links(run: &Run<'_>) -> Result<BTreeMap<String, String>, Error> {
    let mut links = BTreeMap::new();
    for channel in &run.spec.channels {
        // Left out, or a file system of the user's own.
        if let Some(uri) = run.inputs.get(&channel.name)
            && channel.file_system.is_none()
            && !run.left_out.contains(&channel.name)
        {
            links
                .entry(folder_uri(uri))
                .or_insert_with(|| channel.name.clone());
        }
    }
    if links.len() > LINKS_MAX {
        return Err(Error::new(
            Kind::Invalid,
            format!(
                "{} prefixes would be linked; a file system takes {LINKS_MAX}",
                links.len()
            ),
        )
        .advise("Put channels under one prefix, or leave use_fsx_lustre out.")
        .on("channels"));
    }
    Ok(links)
}

/// A link is a folder, whether or not the channel's prefix says so.
fn folder_uri(uri: &str) -> String {
    format!("{}/", uri.trim_end_matches('/'))
}

/// Notes the file system in the state and in the claim before it is made: a call that is never answered may have
/// made it.
async fn note(run: &mut Run<'_>, token: &str) -> Result<FileSystemRef, Error> {
    let known = run
        .handle
        .file_systems
        .iter()
        .find(|known| known.token == token);
    let known = known.cloned().unwrap_or_else(|| FileSystemRef {
        region: run.spec.region.clone(),
        token: token.to_owned(),
        // Known before the schedule is made: a run that is lost in between is cleaned up with it.
        group: run
            .handle
            .scheduling_in(&run.spec.region)
            .map(|known| known.group.clone())
            .unwrap_or_default(),
        ..FileSystemRef::default()
    });
    keep(run, &known);
    if let Some(claim) = &run.claim {
        let all = run.handle.file_systems.clone();
        claim.set(|body| body.file_systems = all).await?;
    }
    Ok(known)
}

fn keep(run: &mut Run<'_>, known: &FileSystemRef) {
    run.handle
        .file_systems
        .retain(|one| one.token != known.token);
    run.handle.file_systems.push(known.clone());
    run.save();
}

/// Creates it, or is told of the one that a lost answer has created.
async fn create(run: &Run<'_>, wanted: &Wanted, token: &str) -> Result<Value, Error> {
    let region = run.spec.region.as_str();
    let vpc = run.spec.vpc.as_ref();
    let subnet = vpc.and_then(|vpc| vpc.subnets.first()).ok_or_else(|| {
        Error::new(Kind::Invalid, "a file system needs a subnet")
            .advise("Set vpc_config.")
            .on("vpc")
    })?;
    let mut tags = run.tags();
    // The token names the run, and is the same however often the run is tried: so is the whole request.
    tags.remove(naming::TAG_RUN);
    tags.insert(TAG_TOKEN.to_owned(), token.to_owned());
    let body = json!({
        "ClientRequestToken": token,
        "FileSystemType": "LUSTRE",
        "FileSystemTypeVersion": VERSION,
        "StorageType": "SSD",
        "StorageCapacity": wanted.capacity_gib,
        "SubnetIds": [subnet],
        "SecurityGroupIds": vpc.map(|vpc| vpc.security_group_ids.clone()),
        "Tags": tags::as_json(&tags),
        "LustreConfiguration": { "DeploymentType": "SCRATCH_2" },
    });
    let answer = run
        .aws
        .json(Service::Fsx, region, "CreateFileSystem", &body)
        .await
        .map_err(|error| explain(error, region))?;
    Ok(answer["FileSystem"].clone())
}

/// Plans the deletion, in so many seconds.
async fn schedule(run: &mut Run<'_>, made: &mut FileSystemRef, seconds: i64) -> Result<(), Error> {
    let (Some(id), Some(place), Some(role), Some(dead_letters)) = (
        &made.id,
        run.handle.scheduling_in(&made.region),
        &run.handle.scheduler_role_arn,
        run.handle.dead_letters_in(&made.region),
    ) else {
        return Err(Error::new(
            Kind::Other,
            "nothing is there that could delete the file system later",
        ));
    };
    let end = run.aws.now() + seconds;
    let group = place.group.clone();
    let name = naming::file_system_schedule(&made.token);
    let input = json!({ "FileSystemId": id }).to_string();
    let description = format!("Deletes the file system of training {}", run.spec.name);
    let deletion = OneTime {
        region: &made.region,
        group: &group,
        name: &name,
        at: end,
        target: "fsx:deleteFileSystem",
        input: &input,
        role_arn: role,
        dead_letters: &dead_letters,
        description: &description,
        patience: LATE_IS_FINE,
    };
    // The moment belongs to the call: with the token of another moment it would be taken for that one, and done.
    let call = format!("{}-{end}", made.token);
    match deletion.create(run.aws, &call, &run.watch).await {
        // It is planned for another moment already.
        Err(error) if error.kind() == Kind::Conflict => {
            deletion.update(run.aws, &run.watch).await?;
        }
        other => other?,
    }
    made.group = group;
    made.deleted_at = format!("{}Z", scheduler::clock_time(end));
    keep(run, made);
    Ok(())
}

/// What a deletion found.
enum Gone {
    /// It was gone, or never there.
    Nothing,
    /// It is on its way out.
    Going(String),
    /// Somebody has taken our tags off.
    NotOurs(String),
}

/// Deletes it if it is ours, then its planned deletion: in this order a kill in between leaves nothing that bills.
async fn delete(
    aws: &Aws,
    known: &FileSystemRef,
    name: &str,
    watch: &Watch<'_>,
) -> Result<Gone, Error> {
    let gone = match look(aws, known).await? {
        None => Gone::Nothing,
        Some(found) => {
            let id = id_of(&found);
            if !tags::belong_to(&tags::from_json(&found["Tags"]), name) {
                Gone::NotOurs(id)
            } else {
                if !is_going(&found) {
                    request_end(aws, &known.region, &id, watch).await?;
                }
                Gone::Going(id)
            }
        }
    };
    if !known.group.is_empty() {
        let schedule = naming::file_system_schedule(&known.token);
        scheduler::delete(aws, &known.region, &known.group, &schedule).await?;
    }
    Ok(gone)
}

/// Deletes every file system of a run that is over, and waits until they are gone: until then their network interfaces hold
/// subnet and security groups. What is not ours stays, a line each.
pub(crate) async fn end(
    aws: &Aws,
    handle: &mut Handle,
    watch: &Watch<'_>,
) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    for known in handle.file_systems.clone() {
        match delete(aws, &known, &handle.name, watch).await? {
            Gone::NotOurs(id) => left.push(format!(
                "file system {id} in {}: it no longer carries our tags",
                known.region
            )),
            Gone::Going(id) => gone(aws, &known.region, &id, watch).await?,
            Gone::Nothing => {}
        }
        handle.file_systems.retain(|one| one.token != known.token);
    }
    Ok(left)
}

/// Forgets those that are gone, and notes which are on their way out: their network interfaces stay for minutes, so that
/// a destroy has to wait for them still. One that cannot be asked for counts as there.
pub(crate) async fn forget_gone(aws: &Aws, handle: &mut Handle) {
    for mut known in std::mem::take(&mut handle.file_systems) {
        match look(aws, &known).await {
            Ok(None) => continue,
            Ok(Some(found)) => known.deleting = is_going(&found),
            Err(error) => tracing::debug!(%error, "the file system cannot be looked at"),
        }
        handle.file_systems.push(known);
    }
}

/// What FSx says of it, by its id, or by its token where a creation was never answered.
async fn look(aws: &Aws, known: &FileSystemRef) -> Result<Option<Value>, Error> {
    match &known.id {
        Some(id) => describe(aws, &known.region, id).await,
        None => find(aws, known).await,
    }
}

fn id_of(found: &Value) -> String {
    found["FileSystemId"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Brings the tags of file systems to what is wanted; ours stay.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    for known in &handle.file_systems {
        // Deleted by now, or on its way out.
        if let Some(found) = look(aws, known).await?.filter(|found| !is_going(found)) {
            fsx::retag(aws, &known.region, &found, wanted).await?;
        }
    }
    Ok(())
}
