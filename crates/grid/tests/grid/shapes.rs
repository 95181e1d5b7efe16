//! What is made of each service's values: units, times, marks, and the request that was sent for them.

use std::sync::atomic::{AtomicBool, Ordering};

use catalog::{Catalog, FactorType, Quality, SignalKind, UtcSeconds};
use grid::{Answer, Asked, Grid, Place, Question, SourceName, What};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server};
use crate::stand_ins::{self, NOW, intensity, text};
use crate::trouble::{ask, settings, well};

pub(crate) const HOUR: i64 = 3600;

pub(crate) fn hour() -> i64 {
    NOW.0.div_euclid(HOUR) * HOUR
}

pub(crate) fn ahead(hours: i64) -> What {
    What::Forecast {
        from: NOW,
        until: UtcSeconds(NOW.0 + hours * HOUR),
    }
}

pub(crate) fn past(hours: i64) -> What {
    What::History {
        from: UtcSeconds(hour() - hours * HOUR),
        until: UtcSeconds(hour()),
    }
}

/// What the source itself says, before a forecast is mixed with anything else that is known.
pub(crate) async fn plain(grid: &Grid, region: &str, what: What) -> Result<Answer, String> {
    let (source, catalog) = (grid.as_source(), Catalog::embedded());
    let place = Place::Region(region.to_owned());
    let zone = source
        .zone(catalog, &place)
        .map_err(|failure| failure.to_string())?;
    let question = Question {
        zone: &zone,
        what,
        now: NOW,
        catalog,
        alone: true,
    };
    source
        .ask(question)
        .await
        .map_err(|failure| failure.to_string())
}

/// The answer for one region, from a server that answers like this.
pub(crate) async fn answer(
    source: SourceName,
    region: &str,
    what: What,
    handler: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
) -> (Result<Answer, String>, Vec<Seen>) {
    let server = Server::start(handler).await;
    let grid = Grid::new(settings(source, server.url())).expect("legal settings");
    let answer = plain(&grid, region, what).await;
    (answer, server.seen())
}

#[tokio::test]
async fn electricity_maps() {
    let source = SourceName::ElectricityMaps;
    let plain = |seen: &Seen, _: usize| well(SourceName::ElectricityMaps, seen);
    let (latest, seen) = answer(source, "eu-west-1", What::Latest, plain).await;
    let latest = latest.expect("an answer").signal;
    assert_eq!(seen[0].path, "/carbon-intensity/latest");
    assert_eq!(seen[0].header("auth-token"), Some("the-api-key"));
    assert_eq!(
        (
            seen[0].parameter("zone"),
            seen[0].parameter("emissionFactorType")
        ),
        (Some("IE"), Some("lifecycle"))
    );
    assert_eq!(
        (latest.source.as_str(), latest.zone.as_str()),
        ("Electricity Maps", "IE")
    );
    assert_eq!(
        (latest.kind, latest.factor_type),
        (SignalKind::Average, FactorType::LifeCycle)
    );
    assert_eq!((latest.quality, latest.estimated), (Quality::Live, true));
    assert_eq!(latest.issued_at, Some(UtcSeconds(NOW.0 - 1600)));
    assert_eq!(latest.series.start(), UtcSeconds(hour()));
    assert_eq!(latest.series.values(), [intensity(hour())]);

    for (hours, horizon, values) in [(3, "6", 4), (24, "24", 25), (25, "48", 26), (200, "72", 73)] {
        let (forecast, seen) = answer(source, "eu-west-1", ahead(hours), plain).await;
        let forecast = forecast.expect("an answer").signal;
        assert_eq!(seen[0].parameter("horizonHours"), Some(horizon));
        assert_eq!(
            (forecast.quality, forecast.estimated),
            (Quality::Forecast, false)
        );
        assert_eq!(forecast.issued_at, Some(UtcSeconds(NOW.0 - 1500)));
        assert_eq!(forecast.series.values().len(), values, "{hours}");
    }
    // The last day is free; more is asked for in parts of ten days.
    let (_, seen) = answer(source, "eu-west-1", past(20), plain).await;
    assert_eq!(seen[0].path, "/carbon-intensity/history");
    let (longer, seen) = answer(source, "eu-west-1", past(24 * 21), plain).await;
    assert_eq!(seen.len(), 3);
    assert_eq!(
        longer.expect("an answer").signal.series.values().len(),
        24 * 21
    );

    let server = Server::start(plain).await;
    let mut direct = settings(source, server.url());
    direct.factor_type = Some(FactorType::Direct);
    direct
        .zones
        .insert("us-west-2".to_owned(), "US-NW-BPAT".to_owned());
    let answers = ask(direct, &["us-west-2"], What::Latest).await;
    let signal = &answers.by_place["us-west-2"]
        .as_ref()
        .expect("an answer")
        .signal;
    assert_eq!(
        (signal.factor_type, signal.zone.as_str()),
        (FactorType::Direct, "US-NW-BPAT")
    );
    assert_eq!(
        server.seen()[0].parameter("emissionFactorType"),
        Some("direct")
    );
}

#[tokio::test]
async fn watttime_in_grams_with_one_login() {
    let handler = |seen: &Seen, _: usize| {
        let mut reply = stand_ins::watttime(seen);
        if seen.path == "/v3/historical" {
            let mut document: Value = serde_json::from_slice(&reply.body).expect("JSON");
            document["data"][0]["value"] = json!(911.3);
            document["data"][0]["imputed_data_used"] = json!(true);
            document["data"][1]["value"] = json!(-20);
            document["meta"]["warnings"] =
                json!([{"type": "LATE", "message": "Some values are late."}]);
            reply.body = document.to_string().into_bytes();
        }
        reply
    };
    let (history, seen) = answer(SourceName::WattTime, "us-west-1", past(2), handler).await;
    let history = history.expect("an answer");
    let signal = &history.signal;
    assert_eq!(
        (signal.zone.as_str(), signal.kind),
        ("CAISO_NORTH", SignalKind::Marginal)
    );
    assert_eq!(
        (signal.factor_type, signal.series.step_s()),
        (FactorType::Direct, 300)
    );
    assert!((signal.series.values()[0] - 413.358_726_781).abs() < 1e-9);
    assert!(
        (signal.series.values()[1] + 20.0 * 0.453_592_37).abs() < 1e-12,
        "a marginal rate may be below 0"
    );
    assert!(
        (signal.series.values()[2] - intensity(hour() - 2 * HOUR + 600) * 0.453_592_37).abs()
            < 1e-9
    );
    assert!(signal.estimated);
    assert_eq!(
        history.remarks,
        [
            "WattTime says: Some values are late.",
            "1 of 24 values are below 0 and were kept"
        ]
    );
    assert_eq!(seen[0].path, "/login");
    assert_eq!(seen[1].parameter("signal_type"), Some("co2_moer"));
    assert_eq!(seen[1].parameter("include_imputed_marker"), Some("true"));

    // Four zones at once share a login; the same grid asks again without one, until the token is old.
    let server = Server::start(|seen, _| stand_ins::watttime(seen)).await;
    let grid = Grid::new(settings(SourceName::WattTime, server.url())).expect("legal");
    let regions = ["us-west-1", "us-west-2", "us-east-1", "eu-west-1"];
    let places = regions.map(|name| Place::Region(name.to_owned())).to_vec();
    let asked = Asked {
        places,
        what: What::Latest,
    };
    for (later, logins) in [(0, 1), (24 * 60, 1), (26 * 60, 2)] {
        let answers = grid
            .signals(Catalog::embedded(), &asked, UtcSeconds(NOW.0 + later))
            .await;
        assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
        assert_eq!(
            server
                .seen()
                .iter()
                .filter(|seen| seen.path == "/login")
                .count(),
            logins,
            "{later}"
        );
    }
}

#[tokio::test]
async fn watttime_renews_a_token_that_is_refused() {
    static EXPIRED: AtomicBool = AtomicBool::new(false);
    let server = Server::start(|seen, _| {
        if seen.path == "/login" {
            let token = if EXPIRED.load(Ordering::SeqCst) {
                "watt-token-2"
            } else {
                "watt-token-0"
            };
            return Reply::json(json!({"token": token}).to_string());
        }
        let mut seen = seen.clone();
        let good = if EXPIRED.load(Ordering::SeqCst) {
            "Bearer watt-token-2"
        } else {
            "Bearer watt-token-0"
        };
        if seen.header("authorization") != Some(good) {
            return Reply::status(401, r#"{"error":"token expired"}"#);
        }
        seen.headers.retain(|(name, _)| name != "authorization");
        seen.headers
            .push(("authorization".to_owned(), "Bearer watt-token-1".to_owned()));
        stand_ins::watttime(&seen)
    })
    .await;
    let grid = Grid::new(settings(SourceName::WattTime, server.url())).expect("legal");
    let places = ["us-west-1", "us-west-2", "us-east-1"]
        .map(|name| Place::Region(name.to_owned()))
        .to_vec();
    let asked = Asked {
        places,
        what: What::Latest,
    };
    for _ in 0..2 {
        let answers = grid.signals(Catalog::embedded(), &asked, NOW).await;
        assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
        EXPIRED.store(true, Ordering::SeqCst);
    }
    let logins = server
        .seen()
        .iter()
        .filter(|seen| seen.path == "/login")
        .count();
    assert_eq!(logins, 2, "three refused zones share the second login too");
}

#[tokio::test]
async fn a_wrong_login_is_tried_once() {
    let server =
        Server::start(|_, _| Reply::status(401, r#"{"detail":"Invalid username/password."}"#))
            .await;
    let regions = [
        "us-west-1",
        "us-west-2",
        "us-east-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
    ];
    let answers = ask(
        settings(SourceName::WattTime, server.url()),
        &regions,
        What::Latest,
    )
    .await;
    assert_eq!(server.seen().len(), 1);
    assert_eq!(answers.warnings.len(), 6);
    assert_eq!(
        answers.warnings[0].reason,
        "the key or the login was refused (401: Invalid username/password)"
    );
}

#[tokio::test]
async fn watttime_without_a_subscription_says_what_is_open() {
    let handler = |seen: &Seen, _: usize| match seen.path.as_str() {
        "/login" => stand_ins::watttime(seen),
        _ => Reply::status(403, "<!doctype html><title>Forbidden</title>"),
    };
    let (refused, _) = answer(SourceName::WattTime, "us-east-1", ahead(6), handler).await;
    assert_eq!(
        refused.expect_err("no access"),
        "the key gives no access to this (403); without a subscription only CAISO_NORTH is open"
    );
}

#[tokio::test]
async fn great_britain_as_a_whole_and_by_region() {
    let source = SourceName::GbCarbonIntensity;
    for as_list in [false, true] {
        let handler = move |seen: &Seen, _: usize| stand_ins::gb(seen, as_list);
        let (nation, seen) = answer(source, "eu-west-2", past(3), handler).await;
        let nation = nation.expect("an answer");
        assert_eq!(
            seen[0].path,
            "/intensity/2026-03-02T07:00Z/2026-03-02T10:00Z"
        );
        assert_eq!(
            (nation.signal.zone.as_str(), nation.signal.factor_type),
            ("GB", FactorType::Direct)
        );
        assert_eq!(
            (
                nation.signal.series.values().len(),
                nation.signal.series.step_s()
            ),
            (6, 1800)
        );
        assert!(!nation.signal.estimated);
        assert_eq!(nation.renewable_percent, None);
        let (forecast, seen) = answer(source, "eu-west-2", ahead(60), handler).await;
        assert_eq!(seen[0].path, "/intensity/2026-03-02T10:00Z/fw48h");
        assert_eq!(
            forecast.expect("an answer").signal.series.values().len(),
            96
        );
        // The half hour under way has no estimate of what was yet.
        let (latest, _) = answer(source, "eu-west-2", What::Latest, handler).await;
        assert!(latest.expect("an answer").signal.estimated);

        let server = Server::start(handler).await;
        let mut london = settings(source, server.url());
        london
            .zones
            .insert("eu-west-2".to_owned(), "London".to_owned());
        let answers = ask(london, &["eu-west-2"], past(3)).await;
        let answer = answers.by_place["eu-west-2"].as_ref().expect("an answer");
        assert_eq!(
            server.seen()[0].path,
            "/regional/intensity/2026-03-02T07:00Z/2026-03-02T10:00Z/regionid/13"
        );
        // Regions have forecasts only: what stands for the past is an estimate.
        assert_eq!(
            (answer.signal.zone.as_str(), answer.signal.estimated),
            ("London", true)
        );
        assert_eq!(answer.renewable_percent, Some(37.5));
    }
    let (elsewhere, seen) = answer(source, "eu-west-1", past(3), |_, _| Reply::json("{}")).await;
    assert_eq!(
        elsewhere.expect_err("not covered"),
        "it does not cover eu-west-1 (Europe (Ireland))"
    );
    assert!(seen.is_empty());
}

/// Rows of a few hours, as text and as numbers.
fn eia(rows: &[(i64, &str, Value)]) -> impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static {
    let data: Vec<Value> = rows
        .iter()
        .map(|(ends, fuel, value)| {
            json!({"period": &text(hour() + ends * HOUR)[..13], "respondent": "PJM", "fueltype": fuel, "value": value})
        })
        .collect();
    let body = json!({"response": {"total": data.len().to_string(), "data": data}}).to_string();
    move |_, _| Reply::json(body.clone())
}

#[tokio::test]
async fn the_mix_of_generation_becomes_an_intensity() {
    let rows = [
        (-2, "COL", json!("100")),
        (-2, "NG", json!(200)),
        (-2, "NUC", json!("300")),
        (-2, "WND", json!(400)),
        (-2, "SUN", json!("-12")),
        (-2, "BAT", json!(-250)),
        (-2, "PS", json!(250)),
        (-2, "XYZ", json!(0)),
        (-1, "COL", Value::Null),
        (-1, "NG", json!(200)),
        (-1, "NUC", json!(300)),
        (-1, "WND", json!(400)),
        (-1, "XYZ", json!("0.0")),
        (0, "COL", json!(0)),
        (0, "NG", json!(0)),
        (0, "NUC", json!(0)),
        (0, "WND", json!(500)),
        (0, "XYZ", json!(500)),
    ];
    let what = past(3);
    let (answer_, seen) = answer(SourceName::Eia, "us-east-1", what, eia(&rows)).await;
    let answer_ = answer_.expect("an answer");
    let signal = &answer_.signal;
    // The hour that ends at 08 starts at 07.
    assert_eq!(seen[0].parameter("start"), Some("2026-03-02T08"));
    assert_eq!(seen[0].parameter("end"), Some("2026-03-02T10"));
    assert_eq!(seen[0].parameter("api_key"), Some("the-api-key"));
    assert_eq!(signal.series.start(), UtcSeconds(hour() - 3 * HOUR));
    let mix = (100.0 * 820.0 + 200.0 * 490.0 + 300.0 * 12.0 + 400.0 * 11.0) / 1000.0;
    let other = (500.0 * 11.0 + 500.0 * 700.0) / 1000.0;
    assert_eq!(signal.series.values(), [mix, mix, other]);
    assert!(signal.estimated, "coal of the second hour is carried over");
    assert_eq!(
        answer_.remarks,
        ["the fuel XYZ is not known and counts as other"]
    );
    let share = answer_.renewable_percent.expect("a share");
    assert!((share - (40.0 + 40.0 + 50.0) / 3.0).abs() < 1e-9, "{share}");

    let server = Server::start(eia(&rows)).await;
    let mut direct = settings(SourceName::Eia, server.url());
    direct.factor_type = Some(FactorType::Direct);
    let answers = ask(direct, &["us-east-1"], what).await;
    let signal = &answers.by_place["us-east-1"]
        .as_ref()
        .expect("an answer")
        .signal;
    assert_eq!(
        signal.series.values()[0],
        (100.0 * 760.0 + 200.0 * 370.0) / 1000.0
    );

    // A fuel that matters and is missing for long makes an hour worthless.
    let rows: Vec<(i64, &str, Value)> = (-12..=0)
        .flat_map(|ends| {
            let gas = if (-7..=-4).contains(&ends) || ends > -4 {
                Value::Null
            } else {
                json!(500)
            };
            [(ends, "NG", gas), (ends, "WND", json!(500))]
        })
        .collect();
    let (partly, _) = answer(SourceName::Eia, "us-east-1", past(13), eia(&rows)).await;
    let partly = partly.expect("an answer").signal;
    assert_eq!(
        partly.series.end(),
        UtcSeconds(hour() - 5 * HOUR),
        "three hours are carried, no more"
    );
}

#[tokio::test]
async fn rolling_means_are_said() {
    let handler = |seen: &Seen, _: usize| {
        let mut reply = stand_ins::carbon_aware_sdk(seen, true);
        let mut document: Value = serde_json::from_slice(&reply.body).expect("JSON");
        document[0]["windowSize"] = json!(360);
        reply.body = document.to_string().into_bytes();
        reply
    };
    let (rolling, seen) = answer(SourceName::CarbonAwareSdk, "us-east-1", ahead(6), handler).await;
    let rolling = rolling.expect("an answer");
    assert_eq!(seen[0].parameter("location"), Some("us-east-1"));
    assert_eq!(
        rolling.remarks,
        [
            "each value is the mean of the 360 minutes from its time on: peaks and valleys look flatter than they are"
        ]
    );
    assert_eq!(rolling.signal.issued_at, Some(UtcSeconds(NOW.0 - 300)));
    let handler = |_: &Seen, _: usize| Reply::status(501, "");
    let (history, _) = answer(SourceName::CarbonAwareSdk, "us-east-1", past(6), handler).await;
    assert_eq!(
        history.expect_err("not offered"),
        "the source behind it does not offer this (501)"
    );
}
