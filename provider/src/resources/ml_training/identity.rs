//! The resource's identity: `{s3_bucket_name, name}`, stable since both force a replacement.

use tfplugin::Value;

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
