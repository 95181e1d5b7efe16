//! Advice is followed to the letter, and has to lead where it says.

use catalog::Catalog;
use planner::{Answer, Decision, Hours, ModelType, RegionBound, Request, Residency};

fn request(home: &str) -> Request {
    let mut r = Request::new(
        ModelType::NaturalLanguage,
        home.to_owned(),
        16.0,
        Hours(96.0),
    );
    r.reference_instance_type = Some("ml.g5.xlarge".to_owned());
    r.preferred_instance_types = vec!["ml.g5.xlarge".to_owned()];
    r
}

fn decide(request: &Request) -> Decision {
    match planner::decide(Catalog::embedded(), request) {
        Answer::Decided(decision) => *decision,
        Answer::Infeasible(no) => panic!("{no:?}"),
    }
}

/// Does what a line says between its brackets.
fn follow(request: &mut Request, setting: &str) {
    let quoted = || setting.split('"').nth(1).and_then(Residency::parse);
    match setting.split(' ').collect::<Vec<_>>()[..] {
        [region, "in", "preferred_training_regions"] => {
            request.preferred_training_regions.push(region.to_owned());
        }
        ["data_residency", "=", _] => request.data_residency = quoted(),
        ["enable_cross_region_training", "=", "true"] => {
            request.enable_cross_region_training = true
        }
        ["allow_companion_bucket", "=", "true"] => request.allow_companion_bucket = Some(true),
        ["max_staging_gb", "=", gb] => request.max_staging_gb = gb.parse().expect("a number of GB"),
        _ => panic!("nobody knows how to follow \"{setting}\""),
    }
}

#[test]
fn a_region_that_is_advised_is_reached_by_what_the_line_names() {
    let listed = |r: &mut Request| r.preferred_training_regions = vec!["us-east-1".to_owned()];
    type Change = fn(&mut Request);
    let cases: [(&str, Change); 6] = [
        ("us-east-1", |_| {}),
        ("us-east-1", |r| r.data_residency = Some(Residency::Country)),
        ("us-east-1", |r| r.allow_companion_bucket = Some(false)),
        ("us-east-1", |r| r.enable_cross_region_training = false),
        ("us-east-1", |r| r.dataset_size_gb = 150.0),
        ("eu-central-1", |r| {
            r.data_residency = Some(Residency::Region)
        }),
    ];
    for (home, change) in cases {
        for with_list in [false, true] {
            let mut asked = request(home);
            change(&mut asked);
            if with_list && home == "us-east-1" {
                listed(&mut asked);
            }
            let mut found = 0;
            for line in decide(&asked).recommendations {
                let Some((region, rest)) = line
                    .strip_prefix("Allowing ")
                    .and_then(|line| line.split_once(" ("))
                    .filter(|(place, _)| !place.starts_with("ml."))
                else {
                    continue;
                };
                let mut followed = asked.clone();
                let settings = rest.split_once("): ").unwrap().0;
                settings
                    .split(", ")
                    .for_each(|setting| follow(&mut followed, setting));
                assert_eq!(
                    decide(&followed).selected_region,
                    region,
                    "{line}\n{asked:?}"
                );
                found += 1;
            }
            assert!(
                found > 0,
                "{home} has greener places, and none is named: {asked:?}"
            );
        }
    }
}

#[test]
fn spot_above_the_gate_says_so_and_what_would_open_it() {
    let mut asked = request("eu-central-1");
    asked.supports_checkpointing = true;
    asked.max_spot_price_percentage = 10.0;
    let decision = decide(&asked);
    assert!(
        decision.candidates[0].contains("on-demand (spot above max_spot_price_percentage)"),
        "{:?}",
        decision.candidates
    );
    let most = decision
        .recommendations
        .iter()
        .find_map(|line| line.strip_prefix("max_spot_price_percentage = "))
        .and_then(|rest| rest.split_once(": "))
        .unwrap_or_else(|| panic!("{:?}", decision.recommendations));
    asked.max_spot_price_percentage = most.0.parse().unwrap();
    assert!(decide(&asked).candidates[0].contains(", spot,"));
}

/// On spot capacity there are no warm pools and no choice among several types: validation would refuse the advice.
#[test]
fn spot_is_not_advised_where_it_is_excluded() {
    let advised = |change: fn(&mut Request)| {
        let mut asked = request("us-east-1");
        change(&mut asked);
        let lines = decide(&asked).recommendations;
        lines
            .iter()
            .any(|line| line.starts_with("use_spot_instances"))
    };
    assert!(advised(|_| {}));
    assert!(!advised(|r| r.keep_alive = Hours(0.5)));
    assert!(!advised(|r| r.several_types = true));
}

#[test]
fn a_file_system_of_ones_own_keeps_the_run_where_it_is() {
    let mut asked = request("us-east-1");
    asked.preferred_training_regions = vec!["eu-north-1".to_owned(), "us-east-1".to_owned()];
    asked.provider_region = "us-east-1".to_owned();
    assert_eq!(decide(&asked).selected_region, "eu-north-1");
    asked.region_bound = RegionBound {
        mounted: true,
        ..RegionBound::default()
    };
    assert_eq!(decide(&asked).selected_region, "us-east-1");
}

/// The nearest answers of a request that has none.
fn nearest(request: &Request) -> Vec<planner::NearMiss> {
    match planner::decide(Catalog::embedded(), request) {
        Answer::Decided(decision) => panic!("{}", decision.summary),
        Answer::Infeasible(no) => no.nearest,
    }
}

#[test]
fn a_place_without_a_known_price_is_advised_alone() {
    let mut asked = request("ap-southeast-2");
    asked.reference_instance_type = None;
    asked.data_residency = Some(Residency::Country);
    asked.preferred_training_regions = vec!["us-west-2".to_owned()];
    asked.preferred_instance_types = vec!["ml.p5.4xlarge".to_owned()];
    let unpriced = |near: &&planner::NearMiss| near.candidate.estimate.cost_usd.is_none();
    for near in nearest(&asked).iter().filter(unpriced) {
        assert!(near.change.contains("named alone"), "{}", near.change);
    }
}

#[test]
fn what_interruptions_make_too_long_is_advised_on_demand() {
    let mut asked = request("us-east-1");
    asked.model_type = ModelType::ComputerVision;
    asked.estimated_training_hours = Hours(168.0);
    asked.use_spot_instances = Some(true);
    let near = &nearest(&asked)[0];
    assert_eq!(near.place.region, "us-east-1");
    assert_eq!(near.place.instance_type, "ml.g5.xlarge");
    assert!(
        near.change.starts_with("use_spot_instances = false"),
        "{}",
        near.change
    );
    asked.use_spot_instances = Some(false);
    let followed = decide(&asked).ranked.swap_remove(0);
    assert_eq!(followed.estimate, near.candidate.estimate);
}

#[test]
fn an_unknown_price_makes_no_baseline_hypothetical() {
    let mut asked = request("sa-east-1");
    asked.model_type = ModelType::TimeSeries;
    asked.reference_instance_type = None;
    asked.preferred_training_regions = vec!["sa-east-1".to_owned()];
    asked.preferred_instance_types = vec!["ml.m5.4xlarge".to_owned()];
    let baseline = decide(&asked).baseline;
    assert!(
        !baseline.hypothetical && baseline.cost_usd.is_none(),
        "{baseline:?}"
    );
}

#[test]
fn a_run_as_long_as_sagemaker_allows_is_warned_of() {
    let mut asked = request("us-east-1");
    asked.estimated_training_hours = Hours(672.0);
    let warned = decide(&asked).warnings;
    assert!(
        warned
            .iter()
            .any(|line| line.contains("stops every run at 672 h")),
        "{warned:?}"
    );
    asked.estimated_training_hours = Hours(600.0);
    assert!(decide(&asked).warnings.is_empty());
}
