//! The hours of several grids as one SVG document that needs nothing beside it: no script, no style sheet, no font.

use std::fmt::Write;

use catalog::UtcSeconds;

use super::{Chart, MAX_ROWS, Row};
use crate::text::{escaped, figure};
use crate::time;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 400.0;
/// The drawing inside: left, top, right, bottom.
const LEFT: f64 = 56.0;
const TOP: f64 = 74.0;
const RIGHT: f64 = WIDTH - 170.0;
const BOTTOM: f64 = HEIGHT - 52.0;

/// Colours that people with a colour-vision deficiency can tell apart (Okabe and Ito), darkest first.
const COLOURS: [&str; MAX_ROWS] = [
    "#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#555555", "#999933",
];

/// The document; empty without rows.
pub(crate) fn svg(chart: &Chart) -> String {
    if chart.rows.is_empty() {
        return String::new();
    }
    let rows = &chart.rows[..chart.rows.len().min(MAX_ROWS)];
    let plot = Plot::new(chart, rows);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="12">"#
    );
    let title = format!("Carbon intensity, {}", chart.about);
    let _ = write!(
        out,
        r##"<title>{0}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/><text x="{LEFT}" y="24" font-size="15" font-weight="bold" fill="#222222">{0}</text><text x="{LEFT}" y="44" fill="#555555">gCO2e per kWh, {1} to {2} UTC</text>"##,
        escaped(&title),
        time::day_and_hour(chart.from),
        time::day_and_hour(chart.until()),
    );
    plot.window(&mut out);
    plot.axes(&mut out);
    for (index, row) in rows.iter().enumerate().rev() {
        plot.line(&mut out, row, COLOURS[index % COLOURS.len()]);
    }
    plot.labels(&mut out);
    out.push_str("</svg>\n");
    out
}

struct Plot<'a> {
    chart: &'a Chart,
    rows: &'a [Row],
    /// The value at the upper edge, and at the lower one.
    most: f64,
    least: f64,
    /// Between two lines of the grid.
    step: f64,
}

impl<'a> Plot<'a> {
    fn new(chart: &'a Chart, rows: &'a [Row]) -> Self {
        let all = || {
            rows.iter()
                .flat_map(|row| steps(chart, row).into_iter().map(|(_, _, value)| value))
        };
        let highest = all().fold(0.0_f64, f64::max);
        let lowest = all().fold(0.0_f64, f64::min);
        let step = nice((highest - lowest).max(1.0) / 5.0);
        Self {
            chart,
            rows,
            most: (highest / step).ceil().max(1.0) * step,
            least: (lowest / step).floor() * step,
            step,
        }
    }

    fn x(&self, moment: UtcSeconds) -> f64 {
        let share = moment.hours_since(self.chart.from) / f64::from(self.chart.hours);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.least) / (self.most - self.least);
        BOTTOM - share * (BOTTOM - TOP)
    }

    /// The marked hours, behind everything.
    fn window(&self, out: &mut String) {
        let chosen = self
            .rows
            .iter()
            .enumerate()
            .find_map(|(index, row)| Some((index, row, row.marked?)));
        let Some((index, row, chosen)) = chosen else {
            return;
        };
        let Some((from, until)) = self.chart.visible(chosen) else {
            return;
        };
        let colour = COLOURS[index % COLOURS.len()];
        let (left, right) = (self.x(from), self.x(until).max(self.x(from) + 2.0));
        let _ = write!(
            out,
            r#"<rect x="{left:.1}" y="{TOP}" width="{:.1}" height="{:.1}" fill="{colour}" fill-opacity="0.13"/><rect x="{left:.1}" y="{:.1}" width="{:.1}" height="4" fill="{colour}"/>"#,
            right - left,
            BOTTOM - TOP,
            TOP - 4.0,
            right - left,
        );
        let mean = row
            .mean(chosen.0, chosen.1)
            .map_or_else(String::new, |mean| format!(", mean {}", figure(mean)));
        let label = format!(
            "{}, {}: {} to {}{mean}",
            row.name,
            self.chart.mark,
            time::day_and_hour(chosen.0),
            time::end_of(chosen.0, chosen.1)
        );
        // At most 7.2 units per character: the label stays inside, whatever side the run is on.
        let width = label.chars().count() as f64 * 7.2;
        let x = left.min(RIGHT - width).max(LEFT);
        let _ = write!(
            out,
            r#"<text x="{x:.1}" y="{:.1}" fill="{colour}" font-weight="bold">{}</text>"#,
            TOP - 10.0,
            escaped(&label)
        );
    }

    fn axes(&self, out: &mut String) {
        let lines = ((self.most - self.least) / self.step).round() as i32;
        for line in 0..=lines {
            let value = self.least + f64::from(line) * self.step;
            let y = self.y(value);
            let colour = if value.abs() < self.step / 1e6 {
                "#888888"
            } else {
                "#dddddd"
            };
            let _ = write!(
                out,
                r##"<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}" stroke="{colour}"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="#555555">{}</text>"##,
                LEFT - 8.0,
                y + 4.0,
                figure(value)
            );
        }
        for moment in ticks(self.chart) {
            let x = self.x(moment);
            let day = if moment.0.rem_euclid(86_400) == 0 {
                format!(
                    r##"<tspan x="{x:.1}" dy="15">{}</tspan>"##,
                    time::day(moment)
                )
            } else {
                String::new()
            };
            let _ = write!(
                out,
                r##"<line x1="{x:.1}" x2="{x:.1}" y1="{BOTTOM}" y2="{:.1}" stroke="#888888"/><text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="#555555">{}{day}</text>"##,
                BOTTOM + 5.0,
                BOTTOM + 19.0,
                time::hour(moment)
            );
        }
    }

    /// The values as steps, since each holds until the next.
    fn line(&self, out: &mut String, row: &Row, colour: &str) {
        let mut path = String::new();
        let mut before: Option<UtcSeconds> = None;
        for (from, until, value) in steps(self.chart, row) {
            let pen = if before == Some(from) { 'L' } else { 'M' };
            let y = self.y(value);
            let _ = write!(path, "{pen}{:.1} {y:.1}H{:.1}", self.x(from), self.x(until));
            before = Some(until);
        }
        let width = if row.marked.is_some() { 2.5 } else { 1.6 };
        let _ = write!(
            out,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>"#
        );
    }

    /// Names at the right, each as near to the end of its line as the others allow.
    fn labels(&self, out: &mut String) {
        const APART: f64 = 16.0;
        let mut places: Vec<(usize, f64)> = self
            .rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| {
                let (_, _, last) = *steps(self.chart, row).last()?;
                Some((index, self.y(last)))
            })
            .collect();
        places.sort_by(|one, other| one.1.total_cmp(&other.1));
        for place in 1..places.len() {
            places[place].1 = places[place].1.max(places[place - 1].1 + APART);
        }
        // What was pushed below the edge goes up again, from below.
        let mut limit = BOTTOM;
        for place in places.iter_mut().rev() {
            place.1 = place.1.min(limit);
            limit = place.1 - APART;
        }
        for (index, y) in places {
            let row = &self.rows[index];
            let weight = if row.marked.is_some() {
                r#" font-weight="bold""#
            } else {
                ""
            };
            let _ = write!(
                out,
                r#"<text x="{:.1}" y="{:.1}" fill="{}"{weight}>{}</text>"#,
                RIGHT + 8.0,
                y + 4.0,
                COLOURS[index % COLOURS.len()],
                escaped(&row.name)
            );
        }
    }
}

/// What is drawn of a row: from, until, value; hourly at the finest, coarser where a pixel holds more.
fn steps(chart: &Chart, row: &Row) -> Vec<(UtcSeconds, UtcSeconds, f64)> {
    let hours = f64::from(chart.hours.div_ceil(336).max(1));
    let count = (f64::from(chart.hours) / hours).ceil() as u32;
    (0..count)
        .filter_map(|index| {
            let from = chart.from.plus_hours(f64::from(index) * hours);
            let until = from.plus_hours(hours).min(chart.until());
            Some((from, until, row.mean(from, until)?))
        })
        .collect()
}

/// Full hours at an even distance, at most ten.
fn ticks(chart: &Chart) -> Vec<UtcSeconds> {
    let distance = [1, 2, 3, 6, 12, 24, 48, 96]
        .into_iter()
        .find(|hours| chart.hours / hours <= 9)
        .map_or(168, i64::from)
        * 3600;
    let first = (chart.from.0 + distance - 1).div_euclid(distance) * distance;
    (0..)
        .map(|index| UtcSeconds(first + index * distance))
        .take_while(|moment| *moment <= chart.until())
        .collect()
}

/// 1, 2 or 5 times a power of ten, and not less than the value.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= value)
        .unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use catalog::{Series, UtcSeconds};

    use super::super::{Chart, Row};
    use super::svg;

    fn chart(hours: u32, rows: Vec<(&str, Vec<f64>)>) -> Chart {
        let from = UtcSeconds(1_772_402_400);
        Chart {
            about: "average, <a & b>".to_owned(),
            from,
            hours,
            mark: "chosen".to_owned(),
            rows: rows
                .into_iter()
                .enumerate()
                .map(|(index, (name, values))| Row {
                    name: name.to_owned(),
                    series: Series::new(from, 3600, values).unwrap(),
                    marked: (index == 0).then(|| (from.plus_hours(6.0), from.plus_hours(30.0))),
                })
                .collect(),
        }
    }

    #[test]
    fn a_picture_is_well_formed_whatever_the_values_are() {
        for chart in [
            chart(
                24,
                vec![("eu-north-1", vec![20.0; 24]), ("b", vec![400.0; 5])],
            ),
            chart(672, vec![("a", vec![0.0; 672])]),
            chart(1, vec![("a", vec![-300.0])]),
        ] {
            let svg = svg(&chart);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            assert!(svg.contains("average, &lt;a &amp; b&gt;"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
        assert_eq!(svg(&chart(5, vec![])), "");
    }
}
