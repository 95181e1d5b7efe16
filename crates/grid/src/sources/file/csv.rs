//! CSV: `timestamp_utc,gco2_per_kwh` (one zone), the same with a column `zone` (long), or
//! `timestamp_utc,ZONE,ZONE,...` (wide). Lines that begin with `#` are comments.
//!
//! The long forms may also have `issued_utc`, `estimated` (true or false), and `low` with `high`.

use std::collections::BTreeMap;

use catalog::UtcSeconds;
use csv::{ReaderBuilder, StringRecord, Trim};

use super::UNNAMED;
use super::check::Row;
use crate::moment;

const TIME: &str = "timestamp_utc";
/// Every column of the long forms.
const LONG: [&str; 7] = [
    TIME,
    "zone",
    UNNAMED,
    "issued_utc",
    "estimated",
    "low",
    "high",
];

/// The rows of each zone, in the file's order.
pub(super) fn rows(text: &str) -> Result<BTreeMap<String, Vec<Row>>, String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut head: Option<Head> = None;
    let mut zones: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut record = StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| {
            format!(
                "line {}: {error}",
                error.position().map_or(0, csv::Position::line)
            )
        })?;
        if !more {
            break;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let Some(head) = &head else {
            head = Some(Head::read(&record, line)?);
            continue;
        };
        if record.len() != head.columns {
            return Err(format!(
                "line {line}: {} cells, but the header has {}",
                record.len(),
                head.columns
            ));
        }
        head.add(&record, line, &mut zones)?;
    }
    if head.is_none() {
        return Err(format!(
            "it has no header: {TIME},{UNNAMED} or {TIME},ZONE,ZONE,..."
        ));
    }
    if zones.is_empty() {
        return Err("it has a header and no rows".to_owned());
    }
    Ok(zones)
}

/// What stands in which column.
struct Head {
    columns: usize,
    time: usize,
    form: Form,
}

enum Form {
    Wide(Vec<(usize, String)>),
    Long {
        value: usize,
        /// `zone`, `issued_utc`, `estimated`, `low`, `high`.
        others: [Option<usize>; 5],
    },
}

impl Head {
    fn read(record: &StringRecord, line: u64) -> Result<Self, String> {
        let names: Vec<&str> = record.iter().collect();
        let place = |name: &str| names.iter().position(|given| *given == name);
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err(format!("line {line}: column {} has no name", index + 1));
            }
            if names[..index].contains(name) {
                return Err(format!("line {line}: the column {name} stands twice"));
            }
        }
        let Some(time) = place(TIME) else {
            return Err(format!(
                "line {line}: no column {TIME}; a header like {TIME},{UNNAMED} or {TIME},DE,FR is legal"
            ));
        };
        let form = if let Some(value) = place(UNNAMED) {
            if let Some(name) = names.iter().find(|name| !LONG.contains(name)) {
                return Err(format!(
                    "line {line}: the column {name} has no meaning beside {UNNAMED}; legal: {}",
                    LONG.join(", ")
                ));
            }
            let others = ["zone", "issued_utc", "estimated", "low", "high"].map(place);
            if others[3].is_some() != others[4].is_some() {
                return Err(format!("line {line}: low and high come together"));
            }
            Form::Long { value, others }
        } else {
            let zones: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != time)
                .map(|(index, name)| (index, (*name).to_owned()))
                .collect();
            if zones.is_empty() {
                return Err(format!("line {line}: no column with values"));
            }
            Form::Wide(zones)
        };
        Ok(Self {
            columns: names.len(),
            time,
            form,
        })
    }

    fn add(
        &self,
        record: &StringRecord,
        line: u64,
        zones: &mut BTreeMap<String, Vec<Row>>,
    ) -> Result<(), String> {
        let cell = |index: usize| record.get(index).unwrap_or_default();
        let at = time(cell(self.time), line)?;
        let row = |value| Row {
            line,
            at,
            value,
            estimated: false,
            range: None,
            issued_at: None,
            step_s: None,
        };
        match &self.form {
            Form::Wide(columns) => {
                for (index, zone) in columns {
                    let value = number(cell(*index), zone, line)?;
                    match zones.get_mut(zone) {
                        Some(rows) => rows.push(row(value)),
                        None => {
                            zones.insert(zone.clone(), vec![row(value)]);
                        }
                    }
                }
            }
            Form::Long { value, others } => {
                let [zone, issued, estimated, low, high] =
                    others.map(|place| place.map(cell).filter(|cell| !cell.is_empty()));
                if others[0].is_some() && zone.is_none() {
                    return Err(format!("line {line}: the zone is empty"));
                }
                let mut row = row(number(cell(*value), UNNAMED, line)?);
                row.issued_at = issued.map(|cell| time(cell, line)).transpose()?;
                row.estimated = match estimated {
                    None | Some("false") => false,
                    Some("true") => true,
                    Some(other) => {
                        return Err(format!(
                            "line {line}: estimated = {other:?}; legal: true, false"
                        ));
                    }
                };
                row.range = match (low, high) {
                    (Some(low), Some(high)) => number(low, "low", line)?
                        .zip(number(high, "high", line)?)
                        .map(<[f64; 2]>::from),
                    _ => None,
                };
                zones
                    .entry(zone.unwrap_or(UNNAMED).to_owned())
                    .or_default()
                    .push(row);
            }
        }
        Ok(())
    }
}

/// A time; without an offset it is UTC, as the column's name says.
fn time(cell: &str, line: u64) -> Result<UtcSeconds, String> {
    moment::parse(cell, true).ok_or_else(|| {
        format!(
            "line {line}: {cell:?} is no time; 2026-03-02T10:00Z or 2026-03-02T11:00+01:00 is legal"
        )
    })
}

/// A number, or nothing.
fn number(cell: &str, column: &str, line: u64) -> Result<Option<f64>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    cell.parse()
        .map(Some)
        .map_err(|_| format!("line {line}: {column} = {cell:?} is no number"))
}
