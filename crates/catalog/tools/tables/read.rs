//! Rows and cells of the data files, with errors that name file and line.

use std::collections::HashMap;
use std::path::Path;

pub(super) type Row = HashMap<String, String>;
pub(super) type Result<T> = std::result::Result<T, String>;

pub(super) struct Files<'a> {
    pub(super) data: &'a Path,
}

impl Files<'_> {
    pub(super) fn rows(&self, name: &str) -> Result<Vec<Row>> {
        let mut reader =
            csv::Reader::from_path(self.data.join(name)).map_err(|e| format!("{name}: {e}"))?;
        let head = reader
            .headers()
            .map_err(|e| format!("{name}: {e}"))?
            .clone();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| format!("{name}: {e}"))?;
            let mut row: Row = head
                .iter()
                .zip(record.iter())
                .map(|(k, v)| (k.to_owned(), v.trim().to_owned()))
                .collect();
            row.insert("#".to_owned(), format!("{name}, line {}", rows.len() + 2));
            rows.push(row);
        }
        Ok(rows)
    }
}

pub(super) fn text<'a>(row: &'a Row, column: &str) -> Result<&'a str> {
    row.get(column)
        .map(String::as_str)
        .ok_or_else(|| format!("{}: no column {column:?}", row["#"]))
}

pub(super) fn number(row: &Row, column: &str) -> Result<f64> {
    let cell = text(row, column)?;
    let value: f64 = cell
        .parse()
        .map_err(|_| format!("{}: {column} = {cell:?} is no number", row["#"]))?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!("{}: {column} is not finite", row["#"]))
    }
}

pub(super) fn optional(row: &Row, column: &str) -> Result<Option<f64>> {
    if text(row, column)?.is_empty() {
        Ok(None)
    } else {
        number(row, column).map(Some)
    }
}

pub(super) fn yes(row: &Row, column: &str) -> Result<bool> {
    match text(row, column)? {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(format!(
            "{}: {column} = {other:?}, legal: yes, no",
            row["#"]
        )),
    }
}

pub(super) fn pick<'a>(row: &Row, column: &str, legal: &[(&str, &'a str)]) -> Result<&'a str> {
    let cell = text(row, column)?;
    legal
        .iter()
        .find(|(name, _)| *name == cell)
        .map(|(_, rust)| *rust)
        .ok_or_else(|| {
            let names: Vec<&str> = legal.iter().map(|(name, _)| *name).collect();
            format!(
                "{}: {column} = {cell:?}, legal: {}",
                row["#"],
                names.join(", ")
            )
        })
}

pub(super) fn figure(value: f64, low: f64, high: f64, source: usize) -> String {
    format!("f({value:?}, {low:?}, {high:?}, {source})")
}

pub(super) fn ranged(row: &Row, value: &str, source: usize) -> Result<String> {
    let (value, low, high) = (
        number(row, value)?,
        number(row, "low")?,
        number(row, "high")?,
    );
    if low <= value && value <= high {
        Ok(figure(value, low, high, source))
    } else {
        Err(format!("{}: not low <= value <= high", row["#"]))
    }
}

pub(super) fn version(row: &Row, column: &str) -> Result<String> {
    let cell = text(row, column)?;
    if cell.is_empty() {
        return Ok("None".to_owned());
    }
    let (major, minor) = cell
        .split_once('.')
        .ok_or_else(|| format!("{}: {column} = {cell:?}", row["#"]))?;
    let parse = |part: &str| {
        part.parse::<u8>()
            .map_err(|_| format!("{}: {column} = {cell:?}", row["#"]))
    };
    Ok(format!("Some(({}, {}))", parse(major)?, parse(minor)?))
}
