//! Traces and forecasts from CSV files, plain or gzipped.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};

use catalog::{Series, UtcSeconds};
use planner::parse_rfc3339;

use super::rows::Issue;

fn text(file: &str) -> Result<String, String> {
    let open = File::open(file).map_err(|error| format!("{file}: {error}"))?;
    let mut text = String::new();
    let mut plain = BufReader::new(open);
    let packed = plain
        .fill_buf()
        .is_ok_and(|head| head.starts_with(&[0x1f, 0x8b]));
    let read = if packed {
        flate2::read::MultiGzDecoder::new(plain).read_to_string(&mut text)
    } else {
        plain.read_to_string(&mut text)
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

/// A line's fields with its number, from 1.
type Line<'a> = (usize, Vec<&'a str>);

/// The header and the lines below it.
fn table(text: &str) -> Option<(Vec<&str>, impl Iterator<Item = Line<'_>>)> {
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| (i + 1, line.split(',').map(str::trim).collect::<Vec<_>>()));
    let (_, header) = lines.next()?;
    Some((header, lines))
}

fn moment(file: &str, line: usize, text: Option<&&str>) -> Result<UtcSeconds, String> {
    let text = text.copied().unwrap_or_default();
    parse_rfc3339(text).ok_or_else(|| {
        format!("{file}, line {line}: {text:?} is no moment like 2022-01-01T00:00:00Z")
    })
}

fn value(file: &str, line: usize, text: Option<&&str>) -> Result<f64, String> {
    let text = text.copied().unwrap_or_default();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!(
            "{file}, line {line}: {text:?} is no intensity in gCO2e/kWh"
        )),
    }
}

/// Values at an even step.
fn even(file: &str, rows: &[(usize, UtcSeconds, f64)]) -> Result<Series, String> {
    let [(_, first, _), (_, second, _), ..] = rows else {
        return Err(format!("{file}: fewer than two values"));
    };
    let step = second.0 - first.0;
    if !(300..=3600).contains(&step) {
        return Err(format!("{file}: a step of {step} s, not 5 to 60 minutes"));
    }
    for pair in rows.windows(2) {
        let ((_, before, _), (line, own, _)) = (pair[0], pair[1]);
        if own.0 - before.0 != step {
            return Err(format!(
                "{file}, line {line}: {} s after the line before it, the step is {step} s",
                own.0 - before.0
            ));
        }
    }
    let values = rows.iter().map(|(.., value)| *value).collect();
    Series::new(*first, step as u32, values).map_err(|error| format!("{file}: {error}"))
}

/// A trace, long (`timestamp_utc,gco2_per_kwh`) or wide (a column per zone).
pub(crate) fn trace(file: &str, zone: Option<&str>) -> Result<Series, String> {
    let text = text(file)?;
    let (header, lines) = table(&text).ok_or_else(|| format!("{file}: it is empty"))?;
    let zones = header.get(1..).unwrap_or_default();
    let column = match (zones, zone) {
        ([], _) => return Err(format!("{file}: the header names no column of values")),
        ([_], None) => 1,
        (_, None) => {
            return Err(format!(
                "{file}: --zone is needed, one of {}",
                zones.join(", ")
            ));
        }
        (_, Some(zone)) => {
            let found = zones.iter().position(|name| *name == zone);
            1 + found
                .ok_or_else(|| format!("{file}: no zone {zone:?}, it has {}", zones.join(", ")))?
        }
    };
    let rows: Vec<_> = lines
        .map(|(line, fields)| {
            let at = moment(file, line, fields.first())?;
            Ok((line, at, value(file, line, fields.get(column))?))
        })
        .collect::<Result<_, String>>()?;
    even(file, &rows)
}

/// The zones of a file of forecasts, in the order of their names.
#[allow(
    dead_code,
    reason = "the tests go over all of them, the example is told one"
)]
pub(crate) fn zones(file: &str) -> Result<Vec<String>, String> {
    let text = text(file)?;
    let (header, lines) = table(&text).ok_or_else(|| format!("{file}: it is empty"))?;
    let place = header.iter().position(|own| *own == "zone");
    let place = place.ok_or_else(|| format!("{file}: no column zone"))?;
    let names = lines.filter_map(|(_, fields)| fields.get(place).map(|name| (*name).to_owned()));
    Ok(names
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect())
}

/// Numbers of some columns, as the files of results hold them.
#[allow(
    dead_code,
    reason = "the tests read files of results, the example writes them"
)]
pub(crate) fn columns<const N: usize>(
    file: &str,
    names: [&str; N],
) -> Result<Vec<[f64; N]>, String> {
    let text = text(file)?;
    let (header, lines) = table(&text).ok_or_else(|| format!("{file}: it is empty"))?;
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let found = header.iter().position(|own| *own == name);
        *place = found.ok_or_else(|| format!("{file}: no column {name}"))?;
    }
    lines
        .map(|(line, fields)| {
            let mut row = [0.0; N];
            for (cell, place) in row.iter_mut().zip(places) {
                *cell = value(file, line, fields.get(place))?;
            }
            Ok(row)
        })
        .collect()
}

/// The forecasts of a zone, each with what happened, in the order of their issue. An issue that stands
/// twice in the file counts once.
pub(crate) fn forecasts(file: &str, zone: &str) -> Result<Vec<Issue>, String> {
    let text = text(file)?;
    let (header, lines) = table(&text).ok_or_else(|| format!("{file}: it is empty"))?;
    let place = |name: &str| {
        let found = header.iter().position(|own| *own == name);
        found.ok_or_else(|| format!("{file}: no column {name}, it has {}", header.join(", ")))
    };
    let (zones, issued, at) = (
        place("zone")?,
        place("issued_utc")?,
        place("timestamp_utc")?,
    );
    let actual = place("actual_gco2_per_kwh")?;
    let forecast = place("forecast_gco2_per_kwh")?;
    let mut known: Vec<String> = Vec::new();
    let mut issues = std::collections::BTreeMap::new();
    for (line, fields) in lines {
        let own = fields.get(zones).copied().unwrap_or_default();
        if own != zone {
            if !known.iter().any(|name| name == own) {
                known.push(own.to_owned());
            }
            continue;
        }
        let issue = moment(file, line, fields.get(issued))?;
        let hour = moment(file, line, fields.get(at))?;
        let pair = (
            value(file, line, fields.get(actual))?,
            value(file, line, fields.get(forecast))?,
        );
        let hours: &mut std::collections::BTreeMap<_, _> = issues.entry(issue).or_default();
        hours.entry(hour).or_insert((line, pair));
    }
    if issues.is_empty() {
        return Err(format!(
            "{file}: no zone {zone:?}, it has {}",
            known.join(", ")
        ));
    }
    issues
        .into_iter()
        .map(|(issued, hours)| {
            let of = |which: fn((f64, f64)) -> f64| {
                let rows: Vec<_> = hours
                    .iter()
                    .map(|(at, (line, pair))| (*line, *at, which(*pair)))
                    .collect();
                even(file, &rows)
            };
            Ok(Issue {
                issued,
                actual: of(|pair| pair.0)?,
                forecast: of(|pair| pair.1)?,
            })
        })
        .collect()
}
