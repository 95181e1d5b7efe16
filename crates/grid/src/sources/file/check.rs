//! The rules for a zone's rows: in order, at one step, no time twice, nothing impossible. Small holes are
//! bridged and said; each trouble names its line.

use catalog::{SignalKind, UtcSeconds};

use super::Zone;
use crate::moment;
use crate::points::{MOST_BRIDGED_S, PLAUSIBLE, Point, STEPS, impossible};

/// One value and the line that it stands in.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) at: UtcSeconds,
    /// `None`: the cell is empty.
    pub(super) value: Option<f64>,
    pub(super) estimated: bool,
    pub(super) range: Option<[f64; 2]>,
    pub(super) issued_at: Option<UtcSeconds>,
    /// Its step, where the file says so.
    pub(super) step_s: Option<i64>,
}

/// The values of a zone, or what is wrong with them and where.
pub(super) fn zone(name: &str, rows: Vec<Row>, kind: SignalKind) -> Result<Zone, String> {
    let step_s = step(&rows)?;
    for pair in rows.windows(2) {
        let distance = pair[1].at.0 - pair[0].at.0;
        if distance % step_s != 0 {
            return Err(format!(
                "line {}: {} lies off the file's step of {} min",
                pair[1].line,
                moment::full(pair[1].at),
                step_s / 60
            ));
        }
    }
    let mut points: Vec<Point> = Vec::with_capacity(rows.len());
    let mut zone = Zone {
        step_s,
        ..Zone::default()
    };
    let (mut odd, mut below) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(value) = row.value else { continue };
        if let Some(trouble) = impossible(value, kind) {
            return Err(format!("line {}: {trouble}", row.line));
        }
        if let Some([low, high]) = row.range
            && !(low <= value && value <= high)
        {
            return Err(format!(
                "line {}: {value} does not lie between its low {low} and its high {high}",
                row.line
            ));
        }
        if value > PLAUSIBLE {
            odd.push(row.line);
        }
        if value < 0.0 {
            below.push(row.line);
        }
        if let Some(last) = points.last() {
            let hole = row.at.0 - last.at.0 - step_s;
            if hole > MOST_BRIDGED_S {
                return Err(format!(
                    "line {}: {} has no value from {} to {}; holes of up to 2 h are bridged",
                    row.line,
                    shown(name),
                    moment::full(UtcSeconds(last.at.0 + step_s)),
                    moment::full(row.at)
                ));
            }
        }
        zone.issued_at = zone.issued_at.max(row.issued_at);
        points.push(Point {
            estimated: row.estimated,
            range: row.range,
            ..Point::new(row.at, value)
        });
    }
    if points.is_empty() {
        return Err(format!("{} has no value at all", shown(name)));
    }
    for (lines, what) in [
        (odd, format!("above {PLAUSIBLE} g/kWh")),
        (below, "below 0".to_owned()),
    ] {
        if let Some(first) = lines.first() {
            zone.remarks.push(format!(
                "{} values of the file are {what} (first in line {first}) and were kept",
                lines.len()
            ));
        }
    }
    zone.points = points;
    Ok(zone)
}

/// How a zone is called in a message.
fn shown(name: &str) -> String {
    if name == super::UNNAMED {
        "the file".to_owned()
    } else {
        name.to_owned()
    }
}

/// The shortest distance between two rows, in order.
fn step(rows: &[Row]) -> Result<i64, String> {
    let mut least: Option<(i64, u64)> = None;
    for pair in rows.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let distance = after.at.0 - before.at.0;
        let time = moment::full(after.at);
        if distance == 0 {
            return Err(format!(
                "line {}: {time} stands in line {} already; local times have such hours in autumn, UTC has none",
                after.line, before.line
            ));
        }
        if distance < 0 {
            return Err(format!(
                "line {}: {time} comes after {}; sort the file by time",
                after.line,
                moment::full(before.at)
            ));
        }
        if least.is_none_or(|(least, _)| distance < least) {
            least = Some((distance, after.line));
        }
    }
    let stated = rows
        .iter()
        .find_map(|row| row.step_s.map(|step| (step, row.line)));
    let (step, line) = match (stated, least) {
        (Some(stated), Some(least)) if stated.0 > least.0 => least,
        (Some(stated), _) => stated,
        (None, Some(least)) => least,
        (None, None) => (3600, 0),
    };
    if STEPS.contains(&step) {
        Ok(step)
    } else {
        Err(format!(
            "line {line}: a step of {} is not 5 to 60 min",
            spoken(step)
        ))
    }
}

fn spoken(seconds: i64) -> String {
    if seconds % 60 == 0 {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}
