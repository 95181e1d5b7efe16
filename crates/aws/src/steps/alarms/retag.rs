//! Tags of rule and alarm, changed in place.

use serde_json::{Value, json};

use super::{Of, carried, every};
use crate::clients::Aws;
use crate::error::Error;
use crate::handle::{Handle, Watcher};
use crate::settings::Service;
use crate::tags::{self, Tags};

/// Brings the tags of both to what is wanted; ours stay.
pub(crate) async fn retag(aws: &Aws, handle: &Handle, wanted: &Tags) -> Result<(), Error> {
    for of in [Of::Rule, Of::Alarm] {
        for watcher in every(handle, of) {
            let Some(found) = carried(aws, handle, of, &watcher).await? else {
                continue;
            };
            if !tags::belong_to(&found, &handle.name) {
                continue;
            }
            let (changed, removed) = tags::changes(&found, wanted);
            let arn = of.arn(handle, &watcher);
            // Removing first keeps below the limit of 50.
            if !removed.is_empty() {
                call(
                    aws,
                    of,
                    &watcher,
                    "UntagResource",
                    &arn,
                    &untagging(&removed),
                )
                .await?;
            }
            if !changed.is_empty() {
                call(aws, of, &watcher, "TagResource", &arn, &tagging(&changed)).await?;
            }
        }
    }
    Ok(())
}

/// One call about tags in both protocols: the body as JSON, and as flat parameters.
struct Tagging {
    json: (&'static str, Value),
    flat: Vec<(String, String)>,
}

fn untagging(keys: &[String]) -> Tagging {
    let member =
        |(index, key): (usize, &String)| (format!("TagKeys.member.{}", index + 1), key.clone());
    Tagging {
        json: ("TagKeys", json!(keys)),
        flat: keys.iter().enumerate().map(member).collect(),
    }
}

fn tagging(tags: &Tags) -> Tagging {
    Tagging {
        json: ("Tags", tags::as_json(tags)),
        flat: tags::as_query(tags),
    }
}

async fn call(
    aws: &Aws,
    of: Of,
    watcher: &Watcher,
    operation: &'static str,
    arn: &str,
    tagging: &Tagging,
) -> Result<(), Error> {
    let wrap = |error: Error| error.about(of.words(&watcher.name));
    match of {
        Of::Rule => {
            let mut body = json!({ "ResourceARN": arn });
            body[tagging.json.0] = tagging.json.1.clone();
            aws.json(Service::Events, &watcher.region, operation, &body)
                .await
                .map_err(wrap)?;
        }
        Of::Alarm => {
            let mut pairs = vec![("ResourceARN", arn)];
            pairs.extend(
                tagging
                    .flat
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str())),
            );
            aws.query(Service::Cloudwatch, &watcher.region, operation, &pairs)
                .await
                .map_err(wrap)?;
        }
    }
    Ok(())
}
