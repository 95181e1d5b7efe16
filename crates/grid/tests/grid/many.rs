//! Many zones at once, and what stands in for a source that fails.

use std::time::Duration;

use catalog::{Catalog, SignalKind};
use grid::{Fallback, SourceName, What};

use crate::server::{Reply, Server};
use crate::stand_ins;
use crate::trouble::{SERVICES, ask, settings, well};

#[tokio::test]
async fn an_empty_answer_of_the_sdk_is_no_data() {
    let server = Server::start(|_, _| Reply::status(204, "")).await;
    let answers = ask(
        settings(SourceName::CarbonAwareSdk, server.url()),
        &["us-east-1"],
        What::Latest,
    )
    .await;
    assert_eq!(
        answers.warnings[0].reason,
        "it has no value for these hours (204)"
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_is_asked_once() {
    // A port that was free a moment ago.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let regions = [
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eu-north-1",
        "eu-south-1",
        "us-east-1",
    ];
    let answers = ask(
        settings(SourceName::ElectricityMaps, url),
        &regions,
        What::Latest,
    )
    .await;
    assert_eq!(answers.warnings.len(), 6);
    for warning in &answers.warnings {
        assert!(
            warning
                .reason
                .starts_with(&format!("no connection to 127.0.0.1:{port}: ")),
            "{warning}"
        );
    }
    assert!(
        answers
            .by_place
            .values()
            .all(|entry| entry.as_ref().is_ok_and(|answer| answer.fallback))
    );
}

#[tokio::test]
async fn one_request_per_zone_and_at_most_four_at_once() {
    let server =
        Server::start(|seen, _| stand_ins::electricity_maps(seen).after(Duration::from_millis(60)))
            .await;
    let regions: Vec<&str> = catalog::region_names().collect();
    let answers = ask(
        settings(SourceName::ElectricityMaps, server.url()),
        &regions,
        What::Latest,
    )
    .await;
    assert_eq!(answers.by_place.len(), regions.len());
    assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
    let mut zones: Vec<&str> = Catalog::embedded()
        .regions()
        .iter()
        .map(|region| region.zone)
        .collect();
    zones.sort_unstable();
    zones.dedup();
    assert!(zones.len() < regions.len());
    let seen = server.seen();
    let mut asked: Vec<&str> = seen
        .iter()
        .filter_map(|seen| seen.parameter("zone"))
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, zones);
    assert_eq!(server.most_under_way(), 4);
}

#[tokio::test]
async fn one_slow_zone_holds_up_no_other_and_a_slow_service_is_given_up() {
    let regions: Vec<&str> = catalog::region_names().collect();
    for all in [false, true] {
        let server = Server::start(move |seen, _| {
            let reply = stand_ins::electricity_maps(seen);
            let slow = all || seen.parameter("zone") == Some("AE");
            reply.after(Duration::from_secs(if slow { 60 } else { 0 }))
        })
        .await;
        let mut settings = settings(SourceName::ElectricityMaps, server.url());
        settings.timeout = Duration::from_secs(2);
        let answers = ask(settings, &regions, What::Latest).await;
        let slow: Vec<&str> = answers
            .warnings
            .iter()
            .map(|warning| warning.zone.as_str())
            .collect();
        if all {
            // Four at once, and those that were begun before two of them had failed.
            assert!(server.seen().len() <= 6, "{}", server.seen().len());
            assert!(slow.len() > 20);
        } else {
            assert_eq!(slow, ["AE"]);
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_not_tried_for_every_zone() {
    let server =
        Server::start(|_, _| Reply::status(401, "").after(Duration::from_millis(20))).await;
    let regions: Vec<&str> = catalog::region_names().collect();
    let answers = ask(
        settings(SourceName::ElectricityMaps, server.url()),
        &regions,
        What::Latest,
    )
    .await;
    assert!(server.seen().len() <= 4, "{}", server.seen().len());
    assert!(
        answers
            .by_place
            .values()
            .all(|entry| entry.as_ref().is_ok_and(|answer| answer.fallback))
    );
}

#[tokio::test]
async fn a_missing_key_falls_back_without_a_request() {
    for (source, region) in SERVICES {
        let server = Server::start(move |seen, _| well(source, seen)).await;
        let mut settings = settings(source, server.url());
        let needs = settings.api_key.take().is_some() | settings.password.take().is_some();
        let answers = ask(settings, &[region], What::Latest).await;
        assert_eq!(answers.warnings.len(), usize::from(needs), "{source:?}");
        assert_eq!(server.seen().is_empty(), needs, "{source:?}");
        for warning in &answers.warnings {
            assert!(warning.reason.ends_with("is not set"), "{warning}");
        }
    }
}

#[tokio::test]
async fn nothing_stands_in_where_the_user_says_so_or_the_kind_is_marginal() {
    let server = Server::start(|_, _| Reply::status(403, "")).await;
    let mut none = settings(SourceName::ElectricityMaps, server.url());
    none.fallback = Fallback::None;
    let mut marginal = settings(SourceName::CarbonAwareSdk, server.url());
    marginal.kind = Some(SignalKind::Marginal);
    for (settings, region) in [(none, "eu-west-1"), (marginal, "us-east-1")] {
        let title = settings.source.title();
        let answers = ask(settings, &[region], What::Latest).await;
        let missing = answers.by_place[region].as_ref().expect_err("no answer");
        assert!(
            missing
                .reason
                .starts_with(&format!("{title} gave no signal for ")),
            "{}",
            missing.reason
        );
        assert!(!answers.warnings[0].fallback);
        assert!(
            answers.warnings[0]
                .to_string()
                .ends_with("Nothing stands in for it.")
        );
    }
}
