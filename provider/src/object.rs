//! Small helpers over an object value: look up, never index.

use std::collections::BTreeMap;

use tfplugin::Value;

/// The attributes of a resource, data source or provider block by name.
pub(crate) type Object = BTreeMap<String, Value>;

/// The attribute, null when it is not there.
pub(crate) fn get<'a>(object: &'a Object, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// The attributes of a value; none for null.
pub(crate) fn object(value: &Value) -> Object {
    value.as_map().cloned().unwrap_or_default()
}

/// The same of a value that nobody else needs: of a thousand resources, none is copied.
pub(crate) fn into_object(value: Value) -> Object {
    match value {
        Value::Map(entries) => entries,
        other => object(&other),
    }
}
