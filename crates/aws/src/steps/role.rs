//! The execution role: what the container may do, and nothing else.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Step;
use super::scheduling::STARTS;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::Handle;
use crate::iam::{FoundRole, Iam, NewRole};
use crate::naming;
use crate::removal::Removal;
use crate::retry::settle;
use crate::run::Run;
use crate::spec::{Algorithm, Role};
use crate::tags::{self, Tags};

/// Each run has a policy of its own, of this beginning: what the one before it may do stands until it has ended.
const POLICY: &str = "training-";

pub(crate) struct ExecutionRole;

#[async_trait]
impl Step for ExecutionRole {
    fn name(&self) -> &'static str {
        "execution role"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let (path, boundary) = match &run.spec.role {
            Role::Given { arn } => {
                run.handle.role_arn = Some(arn.clone());
                return Ok(());
            }
            Role::Managed { path, boundary } => (
                path.clone().unwrap_or_else(|| "/".to_owned()),
                boundary.clone(),
            ),
        };
        let name = naming::role_name(&run.spec.data_bucket.name, &run.spec.name);
        let known = run
            .previous
            .is_some_and(|previous| previous.managed_role.as_deref() == Some(name.as_str()));
        let wanted = Wanted {
            name: &name,
            path,
            boundary,
            description: format!(
                "SageMaker training {} on s3://{}",
                run.spec.name, run.spec.data_bucket.name
            ),
            trust: trust(&run.handle.account_id).to_string(),
            known,
            advice: "Delete or rename it, or give the run a role of its own with role_arn.",
            field: "role",
        };
        let (arn, made) = ensure(run, &wanted).await?;
        if made {
            run.made(self.name());
        }
        run.handle.role_arn = Some(arn);
        run.handle.managed_role = Some(name.clone());
        run.save();
        let policy = policy(run)?.to_string();
        allow(run, &name, &policy_of_run(run, POLICY), &policy).await
    }

    async fn undo(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(name) = run.handle.managed_role.clone() else {
            return Ok(());
        };
        let iam = run.aws.iam(&run.spec.region);
        if run.made.contains(&self.name()) {
            delete(&iam, &name).await?;
            run.handle.managed_role = None;
            run.handle.role_arn = None;
            return Ok(());
        }
        match &run.spec.role {
            Role::Managed { .. } => disallow(run, &name, POLICY).await,
            Role::Given { .. } => Ok(()),
        }
    }

    async fn remove(&self, removal: &mut Removal<'_>) -> Result<(), Error> {
        let Some(name) = removal.handle.managed_role.clone() else {
            return Ok(());
        };
        if removal.retained {
            removal.leave(format!("role {name}: the retained job uses it"));
            return Ok(());
        }
        remove_ours(removal, &name).await?;
        removal.handle.managed_role = None;
        Ok(())
    }

    async fn observe(&self, look: &Removal<'_>) -> Option<String> {
        let name = look.handle.managed_role.as_ref()?;
        let found = look.aws.iam(&look.handle.region).role(name).await;
        let is_gone = found.ok()?.is_none();
        is_gone.then(|| format!("execution role {name} is gone"))
    }
}

/// What only the runs before this one were allowed. The new one is there: a failure is a remark.
pub(crate) struct FormerPermissions;

#[async_trait]
impl Step for FormerPermissions {
    fn name(&self) -> &'static str {
        "former permissions"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.previous.is_none() {
            return Ok(());
        }
        let roles = [
            (run.handle.managed_role.clone(), POLICY),
            (run.handle.managed_scheduler_role.clone(), STARTS),
        ];
        for (role, beginning) in roles {
            let Some(role) = role else { continue };
            if let Err(error) = disallow_others(run, &role, beginning).await {
                run.remark(
                    format!("role {role} still allows what the run before needed"),
                    format!("The next new run tries again to take it away. {error}"),
                );
            }
        }
        Ok(())
    }
}

/// Name of the policy of this run: what a run is and where it is decides the base of its name.
pub(super) fn policy_of_run(run: &Run<'_>, beginning: &str) -> String {
    format!("{beginning}{}", run.spec.job_name_base)
}

/// Puts a policy, new or once more.
pub(super) async fn allow(
    run: &Run<'_>,
    role: &str,
    policy: &str,
    document: &str,
) -> Result<(), Error> {
    let iam = run.aws.iam(&run.spec.region);
    settle(&run.watch, || iam.put_policy(role, policy, document)).await
}

/// Takes the policy of a run that failed out of a role from before. What a role holds is limited (IAM, quotas: 10,240
/// characters of inline policies): new runs that fail must not fill it up. A run before this one with the very same
/// request, seen or lost, has the same policy: that one stays.
pub(super) async fn disallow(run: &Run<'_>, role: &str, beginning: &str) -> Result<(), Error> {
    let shared = run
        .previous
        .is_none_or(|previous| previous.request_digest == run.spec.request_digest);
    if shared {
        return Ok(());
    }
    let iam = run.aws.iam(&run.spec.region);
    iam.delete_policy(role, &policy_of_run(run, beginning))
        .await
}

async fn disallow_others(run: &Run<'_>, role: &str, beginning: &str) -> Result<(), Error> {
    let iam = run.aws.iam(&run.spec.region);
    let own = policy_of_run(run, beginning);
    let policies = iam.policies(role).await?;
    let former = policies
        .iter()
        .filter(|policy| policy.starts_with(beginning) && **policy != own);
    for policy in former {
        iam.delete_policy(role, policy).await?;
    }
    Ok(())
}

/// A role that is to be there.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) path: String,
    pub(super) boundary: Option<String>,
    pub(super) description: String,
    /// The trust policy.
    pub(super) trust: String,
    /// An earlier run of this resource has made it.
    pub(super) known: bool,
    /// What to do when somebody else has one of this name.
    pub(super) advice: &'static str,
    pub(super) field: &'static str,
}

/// Makes a role, or finds ours: its ARN, and whether it was made. A crash or a lost answer may have made it before.
pub(super) async fn ensure(run: &Run<'_>, wanted: &Wanted<'_>) -> Result<(String, bool), Error> {
    let iam = run.aws.iam(&run.spec.region);
    let name = wanted.name;
    let on_field = |error: Error| error.on(wanted.field);
    let mut found = match wanted.known {
        true => iam.role(name).await.map_err(on_field)?,
        false => None,
    };
    if found.is_none() {
        let new = NewRole {
            name,
            path: &wanted.path,
            boundary: wanted.boundary.as_deref(),
            description: &wanted.description,
            trust: &wanted.trust,
            tags: run.tags(),
        };
        match iam.create_role(&new).await {
            Ok(arn) => return Ok((arn, true)),
            Err(error) if error.code() == Some("EntityAlreadyExists") => {
                found = iam.role(name).await.map_err(on_field)?;
            }
            Err(error) => return Err(on_field(error)),
        }
    }
    let Some(role) = found.filter(|role| tags::belong_to(&role.tags, &run.spec.name)) else {
        return Err(Error::new(
            Kind::Conflict,
            format!("role {name} exists and does not carry this training's tags"),
        )
        .advise(wanted.advice)
        .on(wanted.field));
    };
    as_asked(wanted, &role)?;
    settle(&run.watch, || iam.trust(name, &wanted.trust)).await?;
    Ok((role.arn, false))
}

/// Boundary and path are given to a role that is made. One from before that has others would run with less of a limit
/// than was asked for, and nobody would see it.
fn as_asked(wanted: &Wanted<'_>, role: &FoundRole) -> Result<(), Error> {
    let name = wanted.name;
    if let Some(boundary) =
        (wanted.boundary.as_deref()).filter(|own| role.boundary.as_deref() != Some(own))
    {
        let now = role.boundary.as_deref().unwrap_or("none");
        return Err(Error::new(
            Kind::Invalid,
            format!("role {name} was made before with the permissions boundary {now}, not {boundary}"),
        )
        .advise(format!(
            "Set it (aws iam put-role-permissions-boundary --role-name {name} --permissions-boundary {boundary}) and apply again, or destroy and apply: the role is made anew."
        ))
        .on(wanted.field));
    }
    if wanted.path != role.path {
        return Err(Error::new(
            Kind::Invalid,
            format!("role {name} was made before with the path {}, not {}", role.path, wanted.path),
        )
        .advise("A role cannot move. Set iam_path as it was, or destroy and apply: the role is made anew.")
        .on(wanted.field));
    }
    Ok(())
}

/// Removes a role that carries our tags.
pub(super) async fn remove_ours(removal: &mut Removal<'_>, name: &str) -> Result<(), Error> {
    let iam = removal.aws.iam(&removal.handle.region);
    match iam.role(name).await? {
        None => {}
        Some(role) if tags::belong_to(&role.tags, &removal.handle.name) => {
            delete(&iam, name).await?;
        }
        Some(_) => removal.leave(format!("role {name}: it no longer carries our tags")),
    }
    Ok(())
}

/// Deletes a role with all that it allows.
pub(super) async fn delete(iam: &Iam<'_>, name: &str) -> Result<(), Error> {
    for policy in iam.policies(name).await? {
        iam.delete_policy(name, &policy).await?;
    }
    iam.delete_role(name).await.map_err(|error| {
        if error.code() == Some("DeleteConflict") {
            error.advise("Somebody attached a policy or an instance profile to it: detach that and destroy again.")
        } else {
            error
        }
    })
}

/// Brings the role's tags to what is wanted; ours stay.
pub(crate) async fn retag(
    aws: &Aws,
    handle: &Handle,
    role: &str,
    wanted: &Tags,
) -> Result<(), Error> {
    let iam = aws.iam(&handle.region);
    let Some(found) = iam.role(role).await? else {
        return Err(Error::new(Kind::NotFound, format!("role {role} is gone")));
    };
    let (changed, removed) = tags::changes(&found.tags, wanted);
    if !removed.is_empty() {
        iam.untag_role(role, &removed).await?;
    }
    if !changed.is_empty() {
        iam.tag_role(role, &changed).await?;
    }
    Ok(())
}

fn trust(account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "sagemaker.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": account } }
        }]
    })
}

/// Prefixes that the container reads and writes.
fn policy(run: &Run<'_>) -> Result<Value, Error> {
    let spec = run.spec;
    let (partition, region, account) =
        (&run.handle.partition, &spec.region, &run.handle.account_id);
    let object = |bucket: &str, prefix: &str| format!("arn:{partition}:s3:::{bucket}/{prefix}*");
    let work = run.work_bucket_name()?;
    let output = run.output_path()?;
    let (output_bucket, output_prefix) = naming::split_s3_uri(&output).unwrap_or_default();
    // The old run works on until the new one is created.
    let mut bases = vec![spec.job_name_base.clone()];
    bases.extend(run.previous.and_then(|previous| previous.job_name.clone()));
    let slash = if output_prefix.is_empty() { "" } else { "/" };
    let runs: Vec<String> = bases
        .iter()
        .map(|base| format!("{output_prefix}{slash}{base}"))
        .collect();
    let checkpoints = naming::checkpoints_prefix(&spec.name);
    let sources = naming::source_prefix(&spec.name);
    let reports = format!("sustainability-reports/{}/", spec.name);

    // Bucket and prefix that may be read, channel by channel; staged copies have names that are known only later.
    let mut reads: Vec<(String, String)> = vec![
        (work.to_owned(), sources.clone()),
        (work.to_owned(), checkpoints.clone()),
    ];
    // Through a file system it reads no object of them.
    let by_uri = spec.channels.iter().filter(|_| spec.file_system.is_none());
    for channel in by_uri {
        let Some((bucket, prefix)) = naming::split_s3_uri(&channel.s3_uri) else {
            continue;
        };
        match &spec.job_bucket {
            crate::spec::JobBucket::Companion { name } if bucket == spec.data_bucket.name => {
                reads.push((name.clone(), "sustainable/staged/".to_owned()))
            }
            _ => reads.push((bucket.to_owned(), prefix.to_owned())),
        }
        // A manifest names objects anywhere; those in its own bucket can be foreseen.
        let listed = channel.s3_data_type.as_deref();
        if listed.is_some_and(|kind| kind != "S3Prefix") {
            reads.push((bucket.to_owned(), String::new()));
        }
    }
    if let crate::spec::Source::S3(uri) = &spec.source
        && let Some((bucket, key)) = naming::split_s3_uri(uri)
    {
        reads.push((bucket.to_owned(), key.to_owned()));
    }
    reads.sort();
    reads.dedup();
    let mut writes: Vec<(String, String)> = runs
        .iter()
        .map(|prefix| (output_bucket.to_owned(), prefix.clone()))
        .collect();
    writes.push((work.to_owned(), checkpoints.clone()));
    writes.push((work.to_owned(), reports));

    let mut statements = Vec::new();
    let mut listed: Vec<String> = reads
        .iter()
        .chain(&writes)
        .map(|(bucket, _)| bucket.clone())
        .collect();
    listed.sort();
    listed.dedup();
    for (number, bucket) in listed.iter().enumerate() {
        let mut prefixes: Vec<String> = reads
            .iter()
            .chain(&writes)
            .filter(|(known, _)| known == bucket)
            .map(|(_, prefix)| format!("{prefix}*"))
            .collect();
        prefixes.sort();
        prefixes.dedup();
        statements.push(json!({
            "Sid": format!("List{number}"),
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": format!("arn:{partition}:s3:::{bucket}"),
            "Condition": { "StringLike": { "s3:prefix": prefixes } }
        }));
    }
    let arns = |pairs: &[(String, String)]| -> Vec<String> {
        pairs
            .iter()
            .map(|(bucket, prefix)| object(bucket, prefix))
            .collect()
    };
    statements.push(json!({ "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": arns(&reads) }));
    statements.push(json!({
        "Sid": "Write", "Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": arns(&writes)
    }));
    // SageMaker mirrors the checkpoint folder, deletions included.
    statements.push(json!({ "Sid": "MirrorCheckpoints", "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": object(work, &checkpoints) }));
    if let Algorithm::Image(uri) = &spec.algorithm {
        statements.push(json!({ "Sid": "EcrToken", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" }));
        if let Some(repository) = repository_arn(uri, partition) {
            statements.push(json!({
                "Sid": "EcrPull",
                "Effect": "Allow",
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                "Resource": repository
            }));
        }
    }
    statements.push(json!({
        "Sid": "Logs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": format!("arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs*")
    }));
    statements.push(json!({
        "Sid": "Metrics",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": { "StringEquals": { "cloudwatch:namespace": "/aws/sagemaker/TrainingJobs" } }
    }));
    if let Some(arn) = &spec.mlflow_resource_arn {
        statements.push(json!({ "Sid": "Mlflow", "Effect": "Allow", "Action": "sagemaker-mlflow:*", "Resource": arn }));
    }
    if spec.vpc.is_some() {
        statements.push(json!({
            "Sid": "Vpc",
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs", "ec2:DescribeDhcpOptions",
                "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"
            ],
            "Resource": "*"
        }));
    }
    let keys: Vec<&String> = [&spec.kms_key_arn, &spec.volume_kms_key_arn]
        .into_iter()
        .flatten()
        .collect();
    if !keys.is_empty() {
        statements.push(json!({
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
            "Resource": keys
        }));
    }
    if let Some(key) = &spec.volume_kms_key_arn {
        statements.push(json!({
            "Sid": "VolumeKey",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": key,
            "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } }
        }));
    }
    Ok(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG` as an ARN; other registries need no permission.
fn repository_arn(uri: &str, partition: &str) -> Option<String> {
    let (host, rest) = uri.split_once('/')?;
    let mut parts = host.split('.');
    let (account, dkr, ecr, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if dkr != "dkr" || !ecr.starts_with("ecr") {
        return None;
    }
    let repository = rest.split(['@', ':']).next()?;
    Some(format!(
        "arn:{partition}:ecr:{region}:{account}:repository/{repository}"
    ))
}
