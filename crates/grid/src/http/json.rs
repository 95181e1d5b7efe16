//! Reading JSON that may be of several shapes, with errors that say where.

use catalog::UtcSeconds;
use serde_json::Value;

use crate::Failure;
use crate::source::Reason;

fn unreadable(message: String) -> Failure {
    Failure::new(Reason::Unreadable, message)
}

/// A field that has to be there.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Failure> {
    value
        .get(name)
        .ok_or_else(|| unreadable(format!("its answer has no {name}")))
}

/// A list.
pub(crate) fn array<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Failure> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| unreadable(format!("{name} in its answer is no list")))
}

/// A text that has to be there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    field(value, name)?
        .as_str()
        .ok_or_else(|| unreadable(format!("{name} in its answer is no text")))
}

/// A moment that has to be there; without an offset it is UTC, as all these services mean it.
pub(crate) fn moment(value: &Value, name: &str) -> Result<UtcSeconds, Failure> {
    let text = text(value, name)?;
    crate::moment::parse(text, true).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        unreadable(format!("{name} in its answer is no time: {shown:?}"))
    })
}

/// A number, written as a number or as a text; `None` for null.
pub(crate) fn number(value: &Value, name: &str) -> Result<Option<f64>, Failure> {
    let number = match field(value, name)? {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number
        .filter(|number| number.is_finite())
        .map(Some)
        .ok_or_else(|| unreadable(format!("{name} in its answer is no number")))
}
