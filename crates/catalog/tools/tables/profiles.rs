//! The usual shape of a grid's hours, as whole numbers of ten thousandths.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::read::{Files, Result, Row, number, pick, text};
use super::sources::Sources;

/// Rows of one profile: twelve months, seven weekdays, the range.
const PARTS: [(&str, usize); 4] = [("month", 12), ("weekday", 7), ("low", 1), ("high", 1)];

pub(super) fn profiles(files: &Files, sources: &Sources, out: &mut String) -> Result<()> {
    let rows = files.rows("profiles.csv")?;
    let known = files.rows("regions.csv")?;
    let mut zones: BTreeMap<&str, BTreeMap<(&str, usize), String>> = BTreeMap::new();
    let mut heads: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for row in &rows {
        let zone = text(row, "zone")?;
        if !known.iter().any(|region| region["zone"] == zone) {
            return Err(format!("{}: no region has the zone {zone:?}", row["#"]));
        }
        let head = (text(row, "series")?, sources.id(row, "source")?);
        if *heads.entry(zone).or_insert(head) != head {
            return Err(format!("{}: another series or source for {zone}", row["#"]));
        }
        let part = pick(row, "part", &PARTS.map(|(part, _)| (part, part)))?;
        let index = number(row, "index")? as usize;
        let hours = zones.entry(zone).or_default();
        if hours.insert((part, index), day(row)?).is_some() {
            return Err(format!("{}: stands twice", row["#"]));
        }
    }
    let _ = writeln!(
        out,
        "pub(crate) static PROFILES: [Profile; {}] = [",
        zones.len()
    );
    for (zone, hours) in &zones {
        let (series, source) = heads[zone];
        let _ = write!(
            out,
            "    Profile {{ zone: {zone:?}, series: {series:?}, source: SourceId({source})"
        );
        for (part, count) in PARTS {
            let first = usize::from(count > 1);
            let days: Vec<&str> = (first..first + count)
                .map(|index| {
                    hours
                        .get(&(part, index))
                        .map(String::as_str)
                        .ok_or_else(|| format!("profiles.csv: {zone} has no {part} {index}"))
                })
                .collect::<Result<_>>()?;
            let _ = match count {
                1 => write!(out, ", {part}: {}", days[0]),
                _ => write!(out, ", {part}: [{}]", days.join(", ")),
            };
        }
        out.push_str(" },\n");
    }
    out.push_str("];\n");
    Ok(())
}

/// The 24 factors of a row.
fn day(row: &Row) -> Result<String> {
    let hours: Vec<String> = (0..24)
        .map(|hour| {
            let factor = number(row, &format!("h{hour:02}"))? * 10_000.0;
            if (1.0..=f64::from(u16::MAX)).contains(&factor) {
                Ok(format!("{factor:.0}"))
            } else {
                Err(format!(
                    "{}: a factor that is not 0.0001 to 6.5535",
                    row["#"]
                ))
            }
        })
        .collect::<Result<_>>()?;
    Ok(format!("[{}]", hours.join(", ")))
}
