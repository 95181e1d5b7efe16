//! Tags of rule and alarm, changed in place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Of, every, ours, tags};
use crate::clients::Aws;
use crate::error::Error;
use crate::handle::{Handle, Watcher};
use crate::naming;
use crate::settings::Service;

/// Brings the tags of both to what is wanted; ours stay.
pub(crate) async fn retag(
    aws: &Aws,
    handle: &Handle,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Error> {
    for of in [Of::Rule, Of::Alarm] {
        for watcher in every(handle, of) {
            let Some(found) = tags(aws, handle, of, &watcher).await? else {
                continue;
            };
            if !ours(&found, handle) {
                continue;
            }
            let own = |key: &str| key == naming::TAG_MANAGED_BY || key.starts_with("sustainable:");
            let changed: Vec<(&String, &String)> = wanted
                .iter()
                .filter(|(key, value)| !own(key) && found.get(*key) != Some(value))
                .collect();
            let removed: Vec<&String> = found
                .keys()
                .filter(|key| !own(key) && !wanted.contains_key(*key))
                .collect();
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

fn untagging(keys: &[&String]) -> Tagging {
    let member =
        |(index, key): (usize, &&String)| (format!("TagKeys.member.{}", index + 1), (*key).clone());
    Tagging {
        json: ("TagKeys", json!(keys)),
        flat: keys.iter().enumerate().map(member).collect(),
    }
}

fn tagging(tags: &[(&String, &String)]) -> Tagging {
    let mut flat = Vec::new();
    for (index, (key, value)) in tags.iter().enumerate() {
        let member = format!("Tags.member.{}", index + 1);
        flat.push((format!("{member}.Key"), (*key).clone()));
        flat.push((format!("{member}.Value"), (*value).clone()));
    }
    let pairs = tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }));
    Tagging {
        json: ("Tags", pairs.collect()),
        flat,
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
