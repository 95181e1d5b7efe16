//! FSx for Lustre, call by call: looking, waiting, linking, importing, deleting.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::folder_uri;
use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::handle::FileSystemRef;
use crate::naming;
use crate::removal::Removal;
use crate::retry::Watch;
use crate::run::Run;
use crate::settings::Service;
use crate::tags::{self, Tags};

/// Tag that tells the file systems of one resource's runs apart.
pub(super) const TAG_TOKEN: &str = "sustainable:file-system";
/// Looks at a file system whose deletion is refused while it imports.
const IMPORT_LOOKS: u32 = 20;

pub(super) fn explain(error: Error, region: &str) -> Error {
    let error = error.about(format!("a file system in {region}"));
    match error.code() {
        Some("ServiceLimitExceeded") => error.advise(
            "Ask for more in Service Quotas (Amazon FSx: Lustre scratch storage), delete file systems that nobody uses, or stream from S3 with \
             input_mode = \"FastFile\".",
        ),
        Some("InvalidNetworkSettings") => error
            .advise(
                "The subnet needs free addresses, and the security group has to let its own members in on TCP ports 988 and 1018 to 1023.",
            )
            .on("vpc"),
        _ if error.kind() == Kind::AccessDenied => error.advise(
            "The credentials need what iam_policy lists for the feature fsx; the permissions guide shows it.",
        ),
        _ => error,
    }
}

/// What FSx says of a file system; `None` when there is none.
pub(super) async fn describe(aws: &Aws, region: &str, id: &str) -> Result<Option<Value>, Error> {
    let body = json!({ "FileSystemIds": [id] });
    let answer = aws
        .json(Service::Fsx, region, "DescribeFileSystems", &body)
        .await
        .map_err(|error| error.about(format!("file system {id} in {region}")));
    Ok(Removal::gone_is_fine(answer)?.map(|answer| answer["FileSystems"][0].clone()))
}

/// It is on its way out.
pub(super) fn is_going(found: &Value) -> bool {
    found["Lifecycle"] == "DELETING"
}

/// The file system with this token on it; one that is on its way out only if there is no other.
pub(super) async fn find(aws: &Aws, known: &FileSystemRef) -> Result<Option<Value>, Error> {
    let (mut token, mut going) = (Value::Null, None);
    loop {
        let mut body = json!({});
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let answer = aws
            .json(Service::Fsx, &known.region, "DescribeFileSystems", &body)
            .await
            .map_err(|error| explain(error, &known.region))?;
        let listed = answer["FileSystems"].as_array().into_iter().flatten();
        for found in listed
            .filter(|found| tags::from_json(&found["Tags"]).get(TAG_TOKEN) == Some(&known.token))
        {
            if !is_going(found) {
                return Ok(Some(found.clone()));
            }
            going = Some(found.clone());
        }
        token = answer["NextToken"].clone();
        if token.is_null() {
            return Ok(going);
        }
    }
}

/// Brings the user's tags of a file system to what is wanted; ours stay.
pub(super) async fn retag(
    aws: &Aws,
    region: &str,
    found: &Value,
    wanted: &Tags,
) -> Result<(), Error> {
    let (new, gone) = tags::changes(&tags::from_json(&found["Tags"]), wanted);
    let arn = &found["ResourceARN"];
    let ask = async |call: &'static str, body: Value| {
        let answer = aws.json(Service::Fsx, region, call, &body).await;
        answer.map_err(|error| explain(error, region))
    };
    if !gone.is_empty() {
        let body = json!({ "ResourceARN": arn, "TagKeys": gone });
        ask("UntagResource", body).await?;
    }
    if !new.is_empty() {
        let body = json!({ "ResourceARN": arn, "Tags": tags::as_json(&new) });
        ask("TagResource", body).await?;
    }
    Ok(())
}

/// Waits until it can be linked and mounted.
pub(super) async fn available(
    aws: &Aws,
    made: &FileSystemRef,
    watch: &Watch<'_>,
) -> Result<Value, Error> {
    let id = made.id.as_deref().unwrap_or_default();
    loop {
        let found = describe(aws, &made.region, id).await?;
        let state = found.as_ref().and_then(|found| found["Lifecycle"].as_str());
        match (state, &found) {
            (Some("AVAILABLE"), Some(found)) => return Ok(found.clone()),
            (Some("CREATING"), _) => tracing::info!(id, "waiting for the file system"),
            (state, _) => {
                return Err(failed(
                    &format!("file system {id} in {}", made.region),
                    state,
                    found.as_ref(),
                ));
            }
        }
        watch.sleep(aws.timing().file_system).await?;
    }
}

fn failed(what: &str, state: Option<&str>, found: Option<&Value>) -> Error {
    let there = found.is_some_and(Value::is_object);
    let state = state.unwrap_or(if there {
        "in no state that FSx names"
    } else {
        "gone"
    });
    let why = found.and_then(|found| found["FailureDetails"]["Message"].as_str());
    Error::new(
        Kind::Other,
        format!(
            "{what} is {state}: {}",
            why.unwrap_or("FSx gives no reason")
        ),
    )
    .advise("Correct what FSx names, then apply again: a new one is made.")
}

/// Links what the channels read, and brings the names of the objects into the folders; contents come when they are read.
pub(super) async fn link(
    run: &Run<'_>,
    made: &FileSystemRef,
    links: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let (aws, region) = (run.aws, made.region.as_str());
    let id = made.id.as_deref().unwrap_or_default();
    let about = |folder: &str| format!("folder /{folder} of file system {id} in {region}");
    let there = associations(aws, region, id).await?;
    for (uri, folder) in links {
        if there.iter().any(|known| {
            known["DataRepositoryPath"]
                .as_str()
                .map(folder_uri)
                .as_ref()
                == Some(uri)
        }) {
            continue;
        }
        let body = json!({
            "FileSystemId": id,
            "FileSystemPath": format!("/{folder}"),
            "DataRepositoryPath": uri,
            "ClientRequestToken": naming::link_token(&made.token, uri),
        });
        aws.json(
            Service::Fsx,
            region,
            "CreateDataRepositoryAssociation",
            &body,
        )
        .await
        .map_err(|error| explain(error, region).about(about(folder)))?;
    }
    loop {
        let mut waiting = false;
        for known in associations(aws, region, id).await? {
            let folder = known["FileSystemPath"].as_str().unwrap_or_default();
            match known["Lifecycle"].as_str() {
                Some("AVAILABLE") => {}
                Some("CREATING" | "UPDATING") => waiting = true,
                state => {
                    return Err(failed(
                        &about(folder.trim_start_matches('/')),
                        state,
                        Some(&known),
                    ));
                }
            }
        }
        if !waiting {
            break;
        }
        run.watch.sleep(aws.timing().file_system).await?;
    }
    import(run, made).await
}

async fn associations(aws: &Aws, region: &str, id: &str) -> Result<Vec<Value>, Error> {
    let body = json!({ "Filters": [{ "Name": "file-system-id", "Values": [id] }] });
    let answer = aws
        .json(
            Service::Fsx,
            region,
            "DescribeDataRepositoryAssociations",
            &body,
        )
        .await
        .map_err(|error| error.about(format!("file system {id} in {region}")))?;
    Ok(answer["Associations"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

/// Without it the folders would look empty: nothing is imported by itself.
async fn import(run: &Run<'_>, made: &FileSystemRef) -> Result<(), Error> {
    let (aws, region) = (run.aws, made.region.as_str());
    let id = made.id.as_deref().unwrap_or_default();
    let about = format!("the import into file system {id} in {region}");
    let body = json!({
        "Type": "IMPORT_METADATA_FROM_REPOSITORY",
        "FileSystemId": id,
        "Report": { "Enabled": false },
        "ClientRequestToken": made.token,
    });
    let answer = aws
        .json(Service::Fsx, region, "CreateDataRepositoryTask", &body)
        .await
        .map_err(|error| explain(error, region).about(about.clone()))?;
    let mut task = answer["DataRepositoryTask"].clone();
    let ask = json!({ "TaskIds": [task["TaskId"]] });
    loop {
        match task["Lifecycle"].as_str() {
            Some("SUCCEEDED") => return Ok(()),
            Some("PENDING" | "EXECUTING") => run.watch.sleep(aws.timing().file_system).await?,
            state => return Err(failed(&about, state, Some(&task))),
        }
        let answer = aws
            .json(Service::Fsx, region, "DescribeDataRepositoryTasks", &ask)
            .await
            .map_err(|error| error.about(about.clone()))?;
        task = answer["DataRepositoryTasks"][0].clone();
    }
}

/// FSx refuses while an import runs, which a killed apply may have left.
pub(super) async fn request_end(
    aws: &Aws,
    region: &str,
    id: &str,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let body = json!({ "FileSystemId": id });
    let mut looks = 0;
    loop {
        let answer = aws
            .json(Service::Fsx, region, "DeleteFileSystem", &body)
            .await
            .map_err(|error| error.about(format!("file system {id} in {region}")));
        match answer {
            Err(error) if error.code() == Some("BadRequest") && looks < IMPORT_LOOKS => {
                looks += 1;
                watch.sleep(aws.timing().file_system).await?;
            }
            other => return Removal::gone_is_fine(other).map(|_| ()),
        }
    }
}

pub(super) async fn gone(
    aws: &Aws,
    region: &str,
    id: &str,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    while describe(aws, region, id).await?.is_some() {
        tracing::info!(id, "waiting for the end of the file system");
        watch.sleep(aws.timing().file_system).await?;
    }
    Ok(())
}
