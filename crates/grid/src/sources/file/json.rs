//! The JSON file of the Carbon Aware SDK: `{"Emissions": [{"Location", "Time", "Rating", "Duration"}]}`, or
//! the list alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::Row;
use crate::moment;

/// The rows of each location, in the file's order.
pub(super) fn rows(text: &str) -> Result<BTreeMap<String, Vec<Row>>, String> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| format!("line {}: it is no JSON, or breaks off", error.line()))?;
    let list = match &document {
        Value::Array(list) => list,
        other => get(other, "Emissions")
            .and_then(Value::as_array)
            .ok_or("line 1: no list Emissions; {\"Emissions\": [{\"Location\": \"DE\", \"Time\": \"2026-03-02T10:00Z\", \"Rating\": 210, \"Duration\": \"01:00\"}]} is legal")?,
    };
    let lines = lines_of_objects(text, if document.is_array() { 1 } else { 2 });
    let mut zones: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for (index, entry) in list.iter().enumerate() {
        let line = lines.get(index).copied().unwrap_or(1);
        let wrong = |what: String| format!("line {line}: {what}");
        let text = |name: &str| {
            get(entry, name)
                .and_then(Value::as_str)
                .ok_or_else(|| wrong(format!("no text {name}")))
        };
        let (location, time) = (text("Location")?, text("Time")?);
        let at = moment::parse(time, false).ok_or_else(|| {
            wrong(format!(
                "Time = {time:?} is no time with an offset; 2026-03-02T10:00:00Z is legal"
            ))
        })?;
        let value = match get(entry, "Rating") {
            None => return Err(wrong("no Rating".to_owned())),
            Some(Value::Null) => None,
            Some(rating) => Some(
                rating
                    .as_f64()
                    .ok_or_else(|| wrong("Rating is no number".to_owned()))?,
            ),
        };
        let step_s = match get(entry, "Duration").and_then(Value::as_str) {
            None => None,
            Some(duration) => Some(moment::duration(duration).ok_or_else(|| {
                wrong(format!(
                    "Duration = {duration:?} is no duration; 01:00 or 01:00:00 is legal"
                ))
            })?),
        };
        zones.entry(location.to_owned()).or_default().push(Row {
            line,
            at,
            value,
            estimated: false,
            range: None,
            issued_at: None,
            step_s,
        });
    }
    if zones.is_empty() {
        return Err("it has no entry".to_owned());
    }
    // The SDK's own files come in any order; a time that stands twice is found after sorting too.
    for rows in zones.values_mut() {
        rows.sort_by_key(|row| row.at);
    }
    Ok(zones)
}

/// A field, whichever way its first letter is written.
fn get<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The line of each object that opens `depth` levels down.
fn lines_of_objects(text: &str, depth: usize) -> Vec<u64> {
    let (mut level, mut line, mut quoted, mut escaped) = (0, 1, false, false);
    let mut lines = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                if level == depth && byte == b'{' {
                    lines.push(line);
                }
                level += 1;
            }
            b'}' | b']' => level -= 1,
            _ => {}
        }
    }
    lines
}
