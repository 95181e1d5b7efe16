//! The resource's identity: `{s3_bucket_name, name}`, stable since both force a replacement.

use tfplugin::Value;

use super::private::Remembered;
use crate::object::{Object, get};

/// The identity; none unless it is wholly known (an unknown one is refused by OpenTofu).
pub(crate) fn of(state: &Object) -> Option<Value> {
    let bucket = get(state, "s3_bucket_name").as_str()?;
    let name = get(state, "name").as_str()?;
    Some(Value::object([
        ("s3_bucket_name", Value::from(bucket)),
        ("name", Value::from(name)),
    ]))
}

/// The identity of a state. A job that was taken over has none until its first apply: a job that is not ours has no name
/// of ours, the configuration gives it one, and an identity may never change.
pub(crate) fn settled(state: &Object, remembered: &Remembered) -> Option<Value> {
    if remembered.takes_over() {
        None
    } else {
        of(state)
    }
}
