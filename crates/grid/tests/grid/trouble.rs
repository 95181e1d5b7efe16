//! What services do when they are not well: each trouble against each of them, and what the user is told.

use std::time::Duration;

use catalog::{Catalog, SignalKind, UtcSeconds};
use futures_util::StreamExt;
use grid::{Answers, Asked, Grid, Place, Secret, Settings, SourceName, What};
use serde_json::Value;

use crate::server::{Reply, Seen, Server};
use crate::stand_ins::{self, NOW};

/// The services, with a region that each covers.
pub(crate) const SERVICES: [(SourceName, &str); 5] = [
    (SourceName::ElectricityMaps, "eu-west-1"),
    (SourceName::WattTime, "us-west-1"),
    (SourceName::GbCarbonIntensity, "eu-west-2"),
    (SourceName::Eia, "us-east-1"),
    (SourceName::CarbonAwareSdk, "us-east-1"),
];

/// How a service answers when it is well.
pub(crate) fn well(source: SourceName, seen: &Seen) -> Reply {
    match source {
        SourceName::ElectricityMaps => stand_ins::electricity_maps(seen),
        SourceName::WattTime => stand_ins::watttime(seen),
        SourceName::GbCarbonIntensity => stand_ins::gb(seen, true),
        SourceName::Eia => stand_ins::eia(seen, true),
        _ => stand_ins::carbon_aware_sdk(seen, true),
    }
}

/// Settings for a server at this address, with keys.
pub(crate) fn settings(source: SourceName, url: String) -> Settings {
    let mut settings = Settings::new(source);
    settings.url = Some(url);
    settings.kind = Some(SignalKind::Average);
    // A machine that is busy with other tests is no slow service.
    settings.timeout = Duration::from_secs(30);
    match source {
        SourceName::WattTime => {
            settings.kind = Some(SignalKind::Marginal);
            settings.username = Some("user".to_owned());
            settings.password = Some(Secret::new("watt-password"));
        }
        SourceName::ElectricityMaps | SourceName::Eia => {
            settings.api_key = Some(Secret::new("the-api-key"));
        }
        _ => {}
    }
    settings
}

pub(crate) async fn ask(settings: Settings, regions: &[&str], what: What) -> Answers {
    let places = regions
        .iter()
        .map(|name| Place::Region((*name).to_owned()))
        .collect();
    let grid = Grid::new(settings).expect("legal settings");
    grid.signals(Catalog::embedded(), &Asked { places, what }, NOW)
        .await
}

/// How a server answers the n-th request, after a login where there is one.
type Behaviour = fn(SourceName, &Seen, usize) -> Reply;

struct Trouble {
    name: &'static str,
    behaviour: Behaviour,
    /// What the reason says; `None` = it comes well in the end.
    says: Option<&'static str>,
    /// Requests that are sent, the login apart.
    requests: usize,
}

const TROUBLES: [Trouble; 21] = [
    Trouble {
        name: "401",
        behaviour: |_, _, _| Reply::status(401, r#"{"error":"Invalid auth-token"}"#),
        says: Some("the key or the login was refused (401: Invalid auth-token)"),
        requests: 1,
    },
    Trouble {
        name: "403 with words",
        behaviour: |_, _, _| {
            Reply::status(
                403,
                r#"{"error":"Invalid query parameters","message":"Invalid scope for region"}"#,
            )
        },
        says: Some(
            "the key gives no access to this (403: Invalid query parameters: Invalid scope for region)",
        ),
        requests: 1,
    },
    Trouble {
        name: "403 as a page",
        behaviour: |_, _, _| Reply {
            headers: vec![("content-type", "text/html".to_owned())],
            ..Reply::status(403, "<html><body>Forbidden</body></html>")
        },
        says: Some("the key gives no access to this (403)"),
        requests: 1,
    },
    Trouble {
        name: "404",
        behaviour: |_, _, _| {
            Reply::status(
                404,
                r#"{"status":"error","message":"Zone does not exist."}"#,
            )
        },
        says: Some("it knows nothing of this (404: Zone does not exist)"),
        requests: 1,
    },
    Trouble {
        name: "400 of RFC 7807",
        behaviour: |_, _, _| {
            Reply::status(
                400,
                r#"{"type":"about:blank","title":"One or more validation errors occurred.","status":400,"errors":{"location":["The location field is required."]}}"#,
            )
        },
        says: Some(
            "it refused the request (400: One or more validation errors occurred.: The location field is required)",
        ),
        requests: 1,
    },
    Trouble {
        name: "400 of GB",
        behaviour: |_, _, _| {
            Reply::status(
                400,
                r#"{"error":{"code":"400 Bad Request","message":"Please enter a valid date."}}"#,
            )
        },
        says: Some("it refused the request (400: Please enter a valid date)"),
        requests: 1,
    },
    Trouble {
        name: "429 once, with Retry-After",
        behaviour: |source, seen, n| match n {
            0 => Reply::status(429, "").with("retry-after", "0"),
            _ => well(source, seen),
        },
        says: None,
        requests: 2,
    },
    Trouble {
        name: "429 for longer than there is time",
        behaviour: |_, _, _| {
            Reply::status(429, r#"{"message":"slow down"}"#).with("retry-after", "60")
        },
        says: Some("too many requests (429: slow down); it wants to be asked again after 60 s"),
        requests: 1,
    },
    Trouble {
        name: "429 until a date",
        behaviour: |source, seen, n| match n {
            0 => Reply::status(429, "")
                .with("date", "Mon, 02 Mar 2026 10:12:00 GMT")
                .with("retry-after", "Mon, 02 Mar 2026 10:12:01 GMT"),
            _ => well(source, seen),
        },
        says: None,
        requests: 2,
    },
    Trouble {
        name: "429 for ever",
        behaviour: |_, _, _| Reply::status(429, ""),
        says: Some("too many requests (429)"),
        requests: 4,
    },
    Trouble {
        name: "500 twice",
        behaviour: |source, seen, n| {
            if n < 2 {
                Reply::status(500, "oh")
            } else {
                well(source, seen)
            }
        },
        says: None,
        requests: 3,
    },
    Trouble {
        name: "503 for ever",
        behaviour: |_, _, _| Reply::status(503, "<html>").with("retry-after", "0"),
        says: Some("it is out of order (503)"),
        requests: 4,
    },
    Trouble {
        name: "501",
        behaviour: |_, _, _| Reply::status(501, ""),
        says: Some("(501)"),
        requests: 1,
    },
    Trouble {
        name: "a redirect",
        behaviour: |_, _, _| Reply::status(302, "").with("location", "https://example.org/"),
        says: Some("it redirects to another address (302)"),
        requests: 1,
    },
    Trouble {
        name: "slow",
        behaviour: |source, seen, _| well(source, seen).after(Duration::from_secs(30)),
        says: Some("gave no answer within 1 s"),
        requests: 1,
    },
    Trouble {
        name: "broken off in the middle of the connection",
        behaviour: |source, seen, n| match n {
            0 => well(source, seen).cut(10),
            _ => well(source, seen),
        },
        says: None,
        requests: 2,
    },
    Trouble {
        name: "broken off in the middle of the document",
        behaviour: |source, seen, _| {
            let mut reply = well(source, seen);
            reply.body.truncate(reply.body.len() / 2);
            reply
        },
        says: Some("its answer breaks off in the middle"),
        requests: 1,
    },
    Trouble {
        name: "a page instead of a document",
        behaviour: |_, _, _| Reply::json("<html>maintenance</html>"),
        says: Some("its answer is no JSON (line 1)"),
        requests: 1,
    },
    Trouble {
        name: "nothing",
        behaviour: |_, _, _| Reply::json(" "),
        says: Some("its answer is empty"),
        requests: 1,
    },
    Trouble {
        name: "an answer without an end",
        behaviour: |_, _, _| Reply::json(" ".repeat(17 << 20)),
        says: Some("its answer is longer than 16 MB"),
        requests: 1,
    },
    Trouble {
        name: "a small answer that unpacks without an end",
        behaviour: |_, _, _| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packer, &vec![b' '; 17 << 20]).expect("packed");
            let body = packer.finish().expect("packed");
            Reply {
                body,
                ..Reply::json("").with("content-encoding", "gzip")
            }
        },
        says: Some("its answer is longer than 16 MB"),
        requests: 1,
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_trouble_of_each_service_is_told_and_stood_in_for() {
    let cases = SERVICES.iter().flat_map(|(source, region)| {
        TROUBLES
            .iter()
            .map(|trouble| case(*source, region, trouble))
    });
    let found: Vec<Vec<String>> = futures_util::stream::iter(cases)
        .buffer_unordered(12)
        .collect()
        .await;
    let found = found.concat();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

async fn case(source: SourceName, region: &'static str, trouble: &'static Trouble) -> Vec<String> {
    let logins = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |seen, number| {
        if seen.path == "/login" {
            logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return well(source, seen);
        }
        let before = logins.load(std::sync::atomic::Ordering::SeqCst);
        (trouble.behaviour)(source, seen, number - before)
    })
    .await;
    let mut settings = settings(source, server.url());
    if trouble.name == "slow" {
        settings.timeout = Duration::from_secs(1);
    }
    let average = settings.kind == Some(SignalKind::Average);
    let answers = ask(settings, &[region], What::Latest).await;
    let mut wrong = Vec::new();
    let mut expect = |good: bool, what: String| {
        if !good {
            wrong.push(format!("{} / {}: {what}", source.as_str(), trouble.name));
        }
    };
    let entry = &answers.by_place[region];
    match trouble.says {
        None => {
            let good = entry.as_ref().is_ok_and(|answer| !answer.fallback);
            expect(good && answers.warnings.is_empty(), format!("{answers:?}"));
        }
        Some(says) => {
            let reason = answers
                .warnings
                .first()
                .map_or("", |warning| warning.reason.as_str());
            expect(
                reason.contains(says),
                format!("{reason:?} does not say {says:?}"),
            );
            expect(
                answers.warnings.len() == 1,
                format!("{} warnings", answers.warnings.len()),
            );
            let stood_in = entry
                .as_ref()
                .is_ok_and(|answer| answer.fallback && answer.signal.source == "embedded");
            expect(stood_in == average, format!("{entry:?}"));
        }
    }
    let asked = server
        .seen()
        .iter()
        .filter(|seen| seen.path != "/login")
        .count();
    // WattTime logs in once more before it believes a 401.
    let twice = usize::from(source == SourceName::WattTime && trouble.name == "401");
    expect(
        asked == trouble.requests + twice,
        format!("{asked} requests"),
    );
    wrong
}

#[tokio::test]
async fn documents_of_a_wrong_form_are_told_by_field() {
    let hour = NOW.0.div_euclid(3600) * 3600;
    let past = What::History {
        from: UtcSeconds(hour - 6 * 3600),
        until: UtcSeconds(hour),
    };
    let ahead = What::Forecast {
        from: NOW,
        until: UtcSeconds(NOW.0 + 6 * 3600),
    };
    let cases: [(SourceName, What, &str, &str, &str); 24] = {
        use SourceName::{CarbonAwareSdk, Eia, ElectricityMaps, GbCarbonIntensity, WattTime};
        [
            (
                ElectricityMaps,
                What::Latest,
                "/carbonIntensity",
                "\"high\"",
                "carbonIntensity in its answer is no number",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/carbonIntensity",
                "-5",
                "its value of 2026-03-02T10:00:00Z, -5, is below 0: an average cannot be",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/carbonIntensity",
                "300000",
                "its value of 2026-03-02T10:00:00Z, 300000, is not g/kWh: no grid is above 3000",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/carbonIntensity",
                "null",
                "it has no value at all",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/datetime",
                "17",
                "datetime in its answer is no text",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/datetime",
                "\"today\"",
                "datetime in its answer is no time: \"today\"",
            ),
            (
                ElectricityMaps,
                What::Latest,
                "/zone",
                "\"DE\"",
                "it answered for another zone, DE",
            ),
            (
                ElectricityMaps,
                past,
                "/history",
                "[]",
                "it has no value at all",
            ),
            (
                ElectricityMaps,
                past,
                "/history",
                "{}",
                "history in its answer is no list",
            ),
            (
                ElectricityMaps,
                ahead,
                "/forecast",
                "null",
                "forecast in its answer is no list",
            ),
            (
                ElectricityMaps,
                ahead,
                "/forecast/2/datetime",
                "\"2026-03-02T12:10:00Z\"",
                "its values are uneven: ",
            ),
            (WattTime, ahead, "/data", "[]", "it has no value at all"),
            (
                WattTime,
                ahead,
                "/data/0/value",
                "true",
                "value in its answer is no number",
            ),
            (
                WattTime,
                ahead,
                "/meta/units",
                "\"g_per_kwh\"",
                "its unit is g_per_kwh, not lbs_co2_per_mwh",
            ),
            (
                WattTime,
                ahead,
                "/meta/signal_type",
                "\"health_damage\"",
                "it answered with health_damage, not with co2_moer",
            ),
            (WattTime, ahead, "/meta", "null", "its answer has no units"),
            (
                GbCarbonIntensity,
                ahead,
                "/data",
                "[]",
                "it has no value at all",
            ),
            (
                GbCarbonIntensity,
                ahead,
                "/data/0/intensity",
                "7",
                "its answer has no forecast",
            ),
            (
                GbCarbonIntensity,
                ahead,
                "/data/0/from",
                "null",
                "from in its answer is no text",
            ),
            (
                Eia,
                past,
                "/response/data",
                "[]",
                "it has no rows for PJM in these hours",
            ),
            (
                Eia,
                past,
                "/response/data/0/value",
                "\"much\"",
                "value in its answer is no number",
            ),
            (
                Eia,
                past,
                "/response/data/0/respondent",
                "\"CISO\"",
                "it answered for another respondent, CISO",
            ),
            (
                CarbonAwareSdk,
                ahead,
                "/0/forecastData",
                "null",
                "it has no value at all",
            ),
            (
                CarbonAwareSdk,
                ahead,
                "/0/forecastData/0/value",
                "\"x\"",
                "value in its answer is no number",
            ),
        ]
    };
    let mut wrong = Vec::new();
    for (source, what, pointer, replacement, says) in cases {
        let server = Server::start(move |seen, _| {
            let mut reply = well(source, seen);
            if seen.path != "/login" {
                let mut document: Value = serde_json::from_slice(&reply.body).expect("JSON");
                let place = document.pointer_mut(pointer).expect("such a place");
                *place = serde_json::from_str(replacement).expect("JSON");
                reply.body = document.to_string().into_bytes();
            }
            reply
        })
        .await;
        let region = SERVICES
            .iter()
            .find(|(name, _)| *name == source)
            .expect("a service")
            .1;
        let answers = ask(settings(source, server.url()), &[region], what).await;
        let reason = answers
            .warnings
            .first()
            .map_or("", |warning| warning.reason.as_str());
        if !reason.contains(says) {
            wrong.push(format!(
                "{} {pointer} = {replacement}: {reason:?} does not say {says:?}",
                source.as_str()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
