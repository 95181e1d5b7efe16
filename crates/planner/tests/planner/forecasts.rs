//! What choices by real forecasts keep of the saving that is possible, on CarbonCast's published forecasts
//! with what happened (2021, second half).

use std::sync::Arc;

use catalog::{Catalog, FactorType, Quality, Series, Signal, SignalKind};
use planner::{Answer, Decision, Hours, ModelType, Place, Request, Signals, Start, decide};

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

/// Region and start by `decide` itself, 6 h within 24 h, data in us-east-1: decided by the forecasts of PJM and
/// CISO, and what that choice comes to by what happened.
#[test]
fn region_and_start_by_forecast_keep_almost_all() {
    let Some(file) = shared(FILE) else { return };
    let file = file.to_str().unwrap();
    let zones: Vec<_> = [("us-east-1", "US-MIDA-PJM"), ("us-west-1", "US-CAL-CISO")]
        .into_iter()
        .map(|(region, zone)| (region, read::forecasts(file, zone).unwrap()))
        .collect();
    let mut kg = [0.0; 4];
    for issue in &zones[0].1 {
        let same: Option<Vec<_>> = zones
            .iter()
            .map(|(region, issues)| {
                let own = issues.iter().find(|i| i.issued == issue.issued)?;
                Some((*region, own))
            })
            .collect();
        let Some(same) = same else { continue };
        let forecast = request(&same, |issue| &issue.forecast);
        let actual = request(&same, |issue| &issue.actual);
        let choice = decided(&forecast);
        // The same place and start, at what happened.
        let of = |region: &str, start: Start| {
            let mut then = actual.clone();
            then.only = Some(Place {
                region: region.to_owned(),
                instance_type: TYPE.to_owned(),
                capacity: None,
            });
            then.start = start;
            decided(&then).estimate.emissions_kg.value.0
        };
        let now = Start::At(issue.issued);
        let start = match choice.start {
            Start::AtOnce => now,
            later => later,
        };
        kg[0] += of("us-east-1", now);
        kg[1] += decided(&actual).estimate.emissions_kg.value.0;
        kg[2] += of(&choice.selected_region, start);
        kg[3] += of("us-west-1", now);
    }
    let [oracle, chosen, region] = [1, 2, 3].map(|i| (1.0 - kg[i] / kg[0]) * 100.0);
    eprintln!(
        "region x start: oracle {oracle:.1} %, forecast {chosen:.1} %, us-west-1 at once {region:.1} %"
    );
    assert!(chosen / oracle >= 0.97, "{chosen} of {oracle}");
    assert!(chosen > region, "{chosen} {region}");
}

const TYPE: &str = "ml.p5.48xlarge";

fn request(issues: &[(&str, &rows::Issue)], of: fn(&rows::Issue) -> &Series) -> Request {
    let mut request = Request::new(ModelType::NaturalLanguage, "us-east-1", 0.0, Hours(6.0));
    request.reference_instance_type = Some(TYPE.to_owned());
    request.preferred_instance_types = vec![TYPE.to_owned()];
    request.preferred_training_regions = issues.iter().map(|(r, _)| (*r).to_owned()).collect();
    request.earliest_start = Some(issues[0].1.issued);
    request.max_start_delay_hours = Hours(24.0);
    request.use_spot_instances = Some(false);
    let mut signals = Signals::new(SignalKind::Average);
    for (region, issue) in issues {
        let signal = Signal {
            source: "CarbonCast".to_owned(),
            zone: (*region).to_owned(),
            kind: SignalKind::Average,
            factor_type: FactorType::LifeCycle,
            quality: Quality::Forecast,
            issued_at: Some(issue.issued),
            estimated: false,
            series: of(issue).clone(),
        };
        signals.by_region.insert((*region).to_owned(), signal);
    }
    request.signals = Some(Arc::new(signals));
    request
}

fn decided(request: &Request) -> Box<Decision> {
    match decide(Catalog::embedded(), request) {
        Answer::Decided(decision) => decision,
        Answer::Infeasible(no) => panic!("{}\n{}", no.summary, no.detail),
    }
}
