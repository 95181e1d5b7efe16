//! What choices by real forecasts keep of the saving that is possible, on CarbonCast's published forecasts
//! with what happened (2021, second half).

use planner::{Curve, Load, Starts, best_start};

use crate::replay::{read, rows, shared};

const FILE: &str = "traces/cc-forecast-lifecycle_2021H2.csv.gz";

/// Savings against starting at once, in percent: with everything known, and by the forecast.
fn savings(issues: &[rows::Issue], job_h: f64, slack_h: f64) -> [f64; 2] {
    let (mut at_once, mut oracle, mut forecast) = (0.0, 0.0, 0.0);
    for issue in issues {
        let row = rows::by_forecast(issue, job_h, slack_h).expect("a row");
        at_once += row.oracle.at_once;
        oracle += row.oracle.deferred;
        forecast += row.forecast;
    }
    [oracle, forecast].map(|own| (1.0 - own / at_once) * 100.0)
}

#[test]
fn forecasts_keep_most_of_the_saving() {
    let Some(file) = shared(FILE) else { return };
    let file = file.to_str().unwrap();
    let zones = read::zones(file).unwrap();
    let all: Vec<_> = zones
        .iter()
        .map(|zone| read::forecasts(file, zone).unwrap())
        .collect();
    for (job_h, slack_h, least) in [
        (6.0, 24.0, 80.0),
        (24.0, 24.0, 45.0),
        (24.0, 72.0, 45.0),
        (6.0, 72.0, 60.0),
    ] {
        let each: Vec<[f64; 2]> = all.iter().map(|z| savings(z, job_h, slack_h)).collect();
        let mean = |i: usize| each.iter().map(|s| s[i]).sum::<f64>() / each.len() as f64;
        let (oracle, forecast) = (mean(0), mean(1));
        let kept = forecast / oracle * 100.0;
        eprintln!(
            "{job_h} h, slack {slack_h} h: oracle {oracle:.1} %, forecast {forecast:.1} %, kept {kept:.0} %"
        );
        assert!(kept >= least, "{job_h} h, slack {slack_h} h: {kept}");
    }
}

/// Region and start together: the zone and the hour that the forecasts say, at what they then emitted,
/// against the mean of starting at once in each.
#[test]
fn region_and_start_by_forecast_keep_almost_all() {
    let Some(file) = shared(FILE) else { return };
    let file = file.to_str().unwrap();
    let known = read::zones(file).unwrap();
    let zones: Vec<_> = ["US-MIDA-PJM", "US-CAL-CISO", "US-TEX-ERCO"]
        .into_iter()
        .filter(|zone| known.iter().any(|k| k == zone))
        .map(|zone| read::forecasts(file, zone).unwrap())
        .collect();
    let load = Load::flat(6.0);
    let (mut at_once, mut oracle, mut chosen) = (0.0, 0.0, 0.0);
    for issue in &zones[0] {
        let same: Vec<&rows::Issue> = zones
            .iter()
            .filter_map(|z| z.iter().find(|i| i.issued == issue.issued))
            .collect();
        if same.len() < zones.len() {
            continue;
        }
        let starts = Starts {
            first: issue.issued,
            last: issue.issued.plus_hours(24.0),
        };
        let mut best = f64::INFINITY;
        let mut by_forecast = (f64::INFINITY, 0.0);
        for zone in &same {
            let (actual, forecast) = (Curve::from(&zone.actual), Curve::from(&zone.forecast));
            at_once += load.total(&actual, issue.issued) / same.len() as f64;
            best = best.min(best_start(&load, &actual, starts).1);
            let (start, promised) = best_start(&load, &forecast, starts);
            if promised < by_forecast.0 {
                by_forecast = (promised, load.total(&actual, start));
            }
        }
        oracle += best;
        chosen += by_forecast.1;
    }
    let [oracle, chosen] = [oracle, chosen].map(|own| (1.0 - own / at_once) * 100.0);
    eprintln!(
        "region x start, {} zones: oracle {oracle:.1} %, forecast {chosen:.1} %",
        zones.len()
    );
    assert!(chosen / oracle >= 0.97, "{chosen} of {oracle}");
}
