//! Fits the weights and ranges of `crates/catalog/data/forecast.csv`.
//!
//! Lags: weighted least squares over 13 grids from January 2020 to June 2021, each grid counting by the inverse of its
//! variance. Blend: the forecasts issued from July to September 2021. Nothing from October on is looked at, and no history
//! forecast is fitted on the half year by which it is judged.
//! The ranges of lags are the errors in the first half of 2021 of weights that were fitted on 2020.

use std::fmt::Write as _;

use catalog::Signal;
use grid::forecast::{Features, Past, beside, blend};

use crate::data::{Data, Error, REACH};

/// Leads at which one row of lags begins; the next one ends it.
const LAG_LEADS: [usize; 16] = [0, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 168, REACH];
/// The same for the blend and for ranges.
const BLEND_LEADS: [usize; 8] = [0, 3, 6, 12, 24, 48, 72, 96];
const RANGE_LEADS: [usize; 10] = [0, 3, 6, 12, 24, 48, 72, 96, 168, REACH];
/// Against weights that cancel each other.
const RIDGE: f64 = 1e-3;
/// Every so many hours a forecast is made: no divisor of a day.
const EVERY: usize = 19;
const PAST: usize = 28 * 24;

/// What was seen and what came, over one grid's level: one entry per issue.
struct Sample {
    zone: usize,
    spread: f64,
    seen: Vec<[f64; 10]>,
    came: Vec<f64>,
}

fn middle(leads: &[usize], row: usize) -> f64 {
    (leads[row] + leads[row + 1] - 1) as f64 / 2.0
}

fn samples(data: &Data, from: usize, until: usize) -> Vec<Sample> {
    let mut out = Vec::new();
    for (zone, (name, trace)) in data.traces.iter().enumerate() {
        for place in (from.max(PAST)..until - REACH).step_by(EVERY) {
            let history = data.history(name, place);
            let expected = data.expected(name, place, true);
            let Ok(past) = Past::new(&history.series, data.at(place)) else {
                continue;
            };
            let features = Features::new(&past, Some(&expected));
            out.push(Sample {
                zone,
                spread: past.spread,
                seen: (0..REACH).filter_map(|lead| features.at(lead)).collect(),
                came: trace[place..place + REACH]
                    .iter()
                    .map(|v| v / past.level - 1.0)
                    .collect(),
            });
        }
    }
    out
}

/// Weights of the first `columns` features per row of leads.
fn weights(samples: &[Sample], columns: usize) -> Vec<[f64; 10]> {
    let zones = samples.iter().map(|s| s.zone).max().map_or(0, |z| z + 1);
    let mut variance = vec![(0.0, 0.0); zones];
    for sample in samples {
        for value in &sample.came {
            let cell = &mut variance[sample.zone];
            *cell = (cell.0 + value * value, cell.1 + 1.0);
        }
    }
    (0..LAG_LEADS.len() - 1)
        .map(|row| {
            let mut a = vec![vec![0.0; columns]; columns];
            let mut b = vec![0.0; columns];
            for sample in samples {
                let (sum, count) = variance[sample.zone];
                let weight = count / sum;
                for lead in LAG_LEADS[row]..LAG_LEADS[row + 1] {
                    let x = &sample.seen[lead];
                    for i in 0..columns {
                        b[i] += weight * x[i] * sample.came[lead];
                        for j in 0..columns {
                            a[i][j] += weight * x[i] * x[j];
                        }
                    }
                }
            }
            let trace: f64 = (0..columns).map(|i| a[i][i]).sum();
            for (i, line) in a.iter_mut().enumerate() {
                line[i] += RIDGE * trace / columns as f64;
            }
            let found = solve(a, b);
            std::array::from_fn(|i| found.get(i).copied().unwrap_or(0.0))
        })
        .collect()
}

/// Gauss with pivots.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n)
            .max_by(|x, y| a[*x][i].abs().total_cmp(&a[*y][i].abs()))
            .unwrap_or(i);
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in i + 1..n {
            let factor = a[row][i] / a[i][i];
            let (upper, lower) = a.split_at_mut(row);
            for (to, from) in lower[0][i..].iter_mut().zip(&upper[i][i..]) {
                *to -= factor * from;
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let rest: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - rest) / a[i][i];
    }
    b
}

/// Prediction with weights between the rows of leads, as the catalogue reads them.
fn predict(weights: &[[f64; 10]], lead: usize, seen: &[f64; 10]) -> f64 {
    let lead = lead as f64;
    let after = (0..weights.len()).find(|row| middle(&LAG_LEADS, *row) > lead);
    let row = match after {
        Some(0) => weights[0],
        None => weights[weights.len() - 1],
        Some(row) => {
            let (from, to) = (middle(&LAG_LEADS, row - 1), middle(&LAG_LEADS, row));
            let share = (lead - from) / (to - from);
            std::array::from_fn(|i| {
                weights[row - 1][i] + share * (weights[row][i] - weights[row - 1][i])
            })
        }
    };
    row.iter().zip(seen).map(|(w, x)| w * x).sum()
}

pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

fn lags_csv(data: &Data, out: &mut String) {
    let year = 366 * 24;
    let all = samples(data, 0, data.july);
    let first = samples(data, 0, year);
    let second = samples(data, year, data.july);
    let mut ranges = vec![Vec::new(); RANGE_LEADS.len() - 1];
    for (name, columns) in [("lags", 9), ("lags_profile", 10)] {
        for (row, numbers) in weights(&all, columns).iter().enumerate() {
            line(out, name, middle(&LAG_LEADS, row), &numbers[..columns]);
        }
        let earlier = weights(&first, columns);
        for (row, cells) in ranges.iter_mut().enumerate() {
            let mut errors: Vec<f64> = second
                .iter()
                .flat_map(|sample| {
                    let earlier = &earlier;
                    (RANGE_LEADS[row]..RANGE_LEADS[row + 1]).map(move |lead| {
                        (sample.came[lead] - predict(earlier, lead, &sample.seen[lead]))
                            / sample.spread
                    })
                })
                .collect();
            cells.extend([quantile(&mut errors, 0.05), quantile(&mut errors, 0.95)]);
        }
    }
    for (row, cells) in ranges.iter().enumerate() {
        line(out, "range_lags", middle(&RANGE_LEADS, row), cells);
    }
}

/// What a forecast is mixed with, by column of the table.
pub(crate) fn others(data: &Data, zone: &str, place: usize) -> [(Signal, Option<Signal>); 4] {
    let history = || Some(data.history(zone, place));
    let expected = |shaped| data.expected(zone, place, shaped);
    [
        (expected(true), history()),
        (expected(false), history()),
        (expected(true), None),
        (expected(false), None),
    ]
}

fn issues(data: &Data) -> Vec<(&str, usize, usize)> {
    let mut out = Vec::new();
    for (zone, issued) in &data.forecasts {
        for (index, (place, _)) in issued.iter().enumerate() {
            if *place < data.october - 96 {
                out.push((zone.as_str(), index, *place));
            }
        }
    }
    out
}

/// The weight of the forecast, by least squares.
fn blend_csv(data: &Data, out: &mut String) {
    let mut found = vec![Vec::new(); BLEND_LEADS.len() - 1];
    for column in 0..4 {
        let mut sums = vec![(0.0, 0.0); BLEND_LEADS.len() - 1];
        for (zone, index, place) in issues(data) {
            let forecast = data.forecast(zone, index);
            let (expected, history) = &others(data, zone, place)[column];
            let other = beside(&forecast, expected, history.as_ref());
            let trace = &data.traces[zone];
            let mean = trace[..data.july].iter().sum::<f64>() / data.july as f64;
            let variance = trace[..data.july]
                .iter()
                .map(|v| (v - mean).powi(2))
                .sum::<f64>();
            for (row, cell) in sums.iter_mut().enumerate() {
                for lead in BLEND_LEADS[row]..BLEND_LEADS[row + 1] {
                    let rest = other[lead];
                    let x = forecast.series.values()[lead] - rest;
                    let y = trace[place + lead] - rest;
                    *cell = (cell.0 + x * y / variance, cell.1 + x * x / variance);
                }
            }
        }
        for (row, (xy, xx)) in sums.iter().enumerate() {
            found[row].push((xy / xx).clamp(0.0, 1.0));
        }
    }
    for (row, cells) in found.iter().enumerate() {
        line(out, "blend", middle(&BLEND_LEADS, row), cells);
    }
}

/// Errors of the blend, with the weights that are in the catalogue.
fn blend_ranges_csv(data: &Data, out: &mut String) {
    let mut found = vec![Vec::new(); RANGE_LEADS.len() - 1];
    for column in 0..4 {
        let mut errors = vec![Vec::new(); RANGE_LEADS.len() - 1];
        for (zone, index, place) in issues(data) {
            let forecast = data.forecast(zone, index);
            let (expected, history) = &others(data, zone, place)[column];
            let mixed = blend(&forecast, expected, history.as_ref());
            let spread = grid::forecast::spread(&forecast, history.as_ref());
            for (row, cell) in errors.iter_mut().enumerate() {
                for lead in RANGE_LEADS[row]..RANGE_LEADS[row + 1] {
                    let (Some(value), Some(came)) = (
                        mixed.series.values().get(lead),
                        data.traces[zone].get(place + lead),
                    ) else {
                        continue;
                    };
                    cell.push((came - value) / spread);
                }
            }
        }
        for (row, errors) in errors.iter_mut().enumerate() {
            found[row].extend([quantile(errors, 0.05), quantile(errors, 0.95)]);
        }
    }
    for (row, cells) in found.iter().enumerate() {
        line(out, "range_blend", middle(&RANGE_LEADS, row), cells);
    }
}

fn line(out: &mut String, table: &str, lead: f64, numbers: &[f64]) {
    let _ = write!(out, "{table},{lead},start-skill-2021");
    for column in 0..10 {
        out.push(',');
        if let Some(number) = numbers.get(column) {
            let _ = write!(out, "{number:.4}");
        }
    }
    out.push('\n');
}

/// One of the file's three parts; each needs the one before it in the catalogue.
pub(crate) fn part(data: &Data, part: &str) -> Result<String, Error> {
    let mut out = String::new();
    match part {
        "lags" => lags_csv(data, &mut out),
        "blend" => blend_csv(data, &mut out),
        "ranges" => blend_ranges_csv(data, &mut out),
        other => return Err(format!("{other}: not lags, blend or ranges").into()),
    }
    Ok(out)
}
