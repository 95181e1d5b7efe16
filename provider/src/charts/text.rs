//! The hours of several grids as lines of text, readable in a terminal of 100 columns.
//!
//! Each row has its own scale, which begins at zero: the shape of a clean grid stays visible beside a dirty one, and the
//! figures behind it say how they compare.

use std::fmt::Write;

use catalog::UtcSeconds;

use super::{Chart, MAX_ROWS, Row};
use crate::text::figure;
use crate::time;

/// Columns of the widest row.
const MAX_COLUMNS: u32 = 72;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const MARK: char = '━';

/// The chart; empty without rows.
pub(crate) fn text(chart: &Chart) -> String {
    if chart.rows.is_empty() {
        return String::new();
    }
    let per_column = chart.hours.div_ceil(MAX_COLUMNS).max(1);
    let columns = chart.hours.div_ceil(per_column).max(1);
    let at = |column: u32| chart.from.plus_hours(f64::from(column * per_column));
    let rows = &chart.rows[..chart.rows.len().min(MAX_ROWS)];
    let names = rows
        .iter()
        .map(|row| row.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = format!(
        "gCO2e/kWh ({}) from {} UTC, {per_column} h per column; each row has its own scale from 0\n",
        chart.about,
        time::day_and_hour(chart.from)
    );
    for row in rows {
        let values: Vec<Option<f64>> = (0..columns)
            .map(|column| row.mean(at(column), at(column + 1).min(chart.until())))
            .collect();
        let _ = writeln!(
            text,
            "{:names$}  {}  {}",
            row.name,
            bars(&values),
            bounds(&values)
        );
        if let Some((from, until)) = row.marked {
            marked_line(&mut text, chart, row, (from, until), (names, per_column));
        }
    }
    let _ = writeln!(text, "{:names$}  {}", "UTC", axis(columns, &at));
    if chart.rows.len() > MAX_ROWS {
        let _ = writeln!(text, "and {} more", chart.rows.len() - MAX_ROWS);
    }
    text
}

fn bars(values: &[Option<f64>]) -> String {
    let most = values.iter().flatten().fold(0.0_f64, |a, b| a.max(*b));
    values
        .iter()
        .map(|value| match value {
            None => ' ',
            Some(value) if most <= 0.0 || *value <= 0.0 => BARS[0],
            Some(value) => {
                let level = (value / most * BARS.len() as f64).ceil() as usize;
                BARS[level.clamp(1, BARS.len()) - 1]
            }
        })
        .collect()
}

fn bounds(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied();
    let (least, most) = (
        known().fold(f64::INFINITY, f64::min),
        known().fold(f64::NEG_INFINITY, f64::max),
    );
    if least > most {
        "no values".to_owned()
    } else if figure(least) == figure(most) {
        figure(most)
    } else {
        format!("{} to {}", figure(least), figure(most))
    }
}

/// The line below a row that marks hours.
fn marked_line(
    text: &mut String,
    chart: &Chart,
    row: &Row,
    (from, until): (UtcSeconds, UtcSeconds),
    (names, per_column): (usize, u32),
) {
    let Some(visible) = chart.visible((from, until)) else {
        return;
    };
    let column = |moment: UtcSeconds| moment.hours_since(chart.from) / f64::from(per_column);
    let first = column(visible.0).floor() as usize;
    let last = (column(visible.1).ceil() as usize).max(first + 1);
    let mean = row
        .mean(from, until)
        .map_or_else(String::new, |mean| format!(", mean {}", figure(mean)));
    let _ = writeln!(
        text,
        "{:names$}  {}{}  {}: {} to {}{mean}",
        "",
        " ".repeat(first),
        MARK.to_string().repeat(last - first),
        chart.mark,
        time::day_and_hour(from),
        time::end_of(from, until),
    );
}

/// Hours of the day below the columns.
fn axis(columns: u32, at: &dyn Fn(u32) -> UtcSeconds) -> String {
    let mut line = String::new();
    for column in (0..columns).step_by(6) {
        let padding = (column as usize).saturating_sub(line.chars().count());
        line.push_str(&" ".repeat(padding));
        line.push_str(&time::hour(at(column)));
    }
    line
}

#[cfg(test)]
mod tests {
    use catalog::{Series, UtcSeconds};

    use super::super::{Chart, Row};
    use super::text;

    fn row(name: &str, values: Vec<f64>, chosen: Option<(i64, i64)>) -> Row {
        let start = UtcSeconds(1_772_402_400);
        Row {
            name: name.to_owned(),
            series: Series::new(start, 3600, values).unwrap(),
            marked: chosen.map(|(from, until)| {
                (
                    UtcSeconds(start.0 + from * 3600),
                    UtcSeconds(start.0 + until * 3600),
                )
            }),
        }
    }

    #[test]
    fn hours_grid_and_chosen_run_can_be_read() {
        let chart = Chart {
            about: "average, a file".to_owned(),
            from: UtcSeconds(1_772_402_400),
            hours: 12,
            mark: "chosen".to_owned(),
            rows: vec![
                row(
                    "eu-north-1",
                    (0..12)
                        .map(|hour| 16.0 + f64::from(hour % 6) * 4.0)
                        .collect(),
                    Some((6, 9)),
                ),
                row("us-east-1", vec![400.0; 9], None),
            ],
        };
        let expected = "\
gCO2e/kWh (average, a file) from 1 Mar 22:00 UTC, 1 h per column; each row has its own scale from 0
eu-north-1  ▄▅▆▇██▄▅▆▇██  16 to 36
                  ━━━  chosen: 2 Mar 04:00 to 07:00, mean 20
us-east-1   █████████     400
UTC         22:00 04:00
";
        assert_eq!(text(&chart), expected);
    }

    #[test]
    fn nothing_breaks_at_the_edges() {
        let mut chart = Chart {
            about: "average".to_owned(),
            from: UtcSeconds(1_772_402_400),
            hours: 1,
            mark: "chosen".to_owned(),
            rows: Vec::new(),
        };
        assert_eq!(text(&chart), "");
        // Longer than the widest row, beyond the series, negative and zero, a run that ends after the chart.
        chart.hours = 672;
        chart.rows = vec![
            row("a", vec![-5.0, 0.0], Some((600, 900))),
            row("b", vec![0.0; 700], Some((-50, -20))),
        ];
        let lines: Vec<String> = text(&chart).lines().map(str::to_owned).collect();
        assert!(lines[0].contains("10 h per column"), "{lines:?}");
        assert!(
            lines.iter().all(|line| line.chars().count() < 140),
            "{lines:?}"
        );
    }
}
