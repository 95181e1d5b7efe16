//! Values as JSON and back, numbers kept digit by digit: the form of the run manifest and of digests.

use serde_json::{Map, Value as Json};
use tfplugin::{Number, Value};

/// As JSON; unknown becomes null.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => number.to_string().parse().map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.clone()),
        Value::Seq(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)))
                .collect(),
        ),
        Value::Dynamic(_, inner) => to_json(inner),
    }
}

/// From JSON.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            Number::parse(&number.to_string()).map_or(Value::Null, Value::Number)
        }
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Seq(items.iter().map(from_json).collect()),
        Json::Object(entries) => Value::object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value))),
        ),
    }
}

/// The same without nulls and with numbers by value (`16` and `16.0` alike), for digests.
pub(crate) fn plain(value: &Value) -> Json {
    match value {
        Value::Number(number) => {
            serde_json::Number::from_f64(number.as_f64()).map_or(Json::Null, Json::Number)
        }
        Value::Seq(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Map(entries) => {
            let kept = entries.iter().filter(|(_, value)| !value.is_null());
            Json::Object(
                kept.map(|(key, value)| (key.clone(), plain(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        other => to_json(other),
    }
}
