//! Tags: which are ours, what they say, and what a change of the user's has to do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::naming;
use crate::signed::tag;

/// Keys and values.
pub(crate) type Tags = BTreeMap<String, String>;

/// The user's tags and our three.
pub(crate) fn with_own(tags: &Tags, name: &str, nonce: &str) -> Tags {
    let own = [
        (naming::TAG_MANAGED_BY, naming::MANAGED_BY),
        (naming::TAG_TRAINING, name),
        (naming::TAG_RUN, nonce),
    ];
    let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
    tags.clone().into_iter().chain(own).collect()
}

/// The user's among them.
pub(crate) fn of_user(tags: &Tags) -> Tags {
    let own = |key: &str| !naming::is_own_tag(key);
    tags.iter()
        .filter(|(key, _)| own(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// They say that what carries them was made for this training.
pub(crate) fn belong_to(tags: &Tags, name: &str) -> bool {
    let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
    is(naming::TAG_MANAGED_BY, naming::MANAGED_BY) && is(naming::TAG_TRAINING, name)
}

/// What has to be set and which keys have to go, so that the user's tags are as wanted. Ours stay.
pub(crate) fn changes(now: &Tags, wanted: &Tags) -> (Tags, Vec<String>) {
    let set = of_user(wanted)
        .into_iter()
        .filter(|(key, value)| now.get(key) != Some(value))
        .collect();
    let gone = of_user(now)
        .into_keys()
        .filter(|key| !wanted.contains_key(key))
        .collect();
    (set, gone)
}

/// As most JSON protocols take them.
pub(crate) fn as_json(tags: &Tags) -> Value {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// What [`as_json`] makes, read.
pub(crate) fn from_json(tags: &Value) -> Tags {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = tags.as_array().into_iter().flatten();
    pairs
        .map(|tag| (text(&tag["Key"]), text(&tag["Value"])))
        .collect()
}

/// What an answer of the query protocol says of one thing's tags.
pub(crate) fn from_xml(answer: &str) -> Tags {
    let members = answer.split("<member>").skip(1);
    members
        .filter_map(|member| {
            Some((
                tag(member, "Key")?,
                tag(member, "Value").unwrap_or_default(),
            ))
        })
        .collect()
}

/// As the query protocol takes them.
pub(crate) fn as_query(tags: &Tags) -> Vec<(String, String)> {
    let member = |(index, (key, value)): (usize, (&String, &String))| {
        let member = format!("Tags.member.{}", index + 1);
        [
            (format!("{member}.Key"), key.clone()),
            (format!("{member}.Value"), value.clone()),
        ]
    };
    tags.iter().enumerate().flat_map(member).collect()
}

/// Parameters of a query, borrowed.
pub(crate) fn pairs(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}
