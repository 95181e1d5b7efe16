//! Whatever stands in a single place of an answer: it is an answer that is possible, or a reason. Never a panic,
//! never a value that no grid has.

use catalog::{SignalKind, UtcSeconds};
use grid::{SourceName, What};
use serde_json::{Value, json};

use crate::server::Server;
use crate::stand_ins::NOW;
use crate::trouble::{SERVICES, ask, settings, well};

/// As many places of a document are tried: the first values, and what stands around the list.
const MOST_PLACES: usize = 15;

/// The paths of every value in a document.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate().take(2) {
                places(value, &format!("{path}/{index}"), found);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                places(
                    value,
                    &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        _ => {}
    }
}

fn stand_in(
    source: SourceName,
) -> impl Fn(&crate::server::Seen, usize) -> crate::server::Reply + Send + Sync {
    move |seen, _| well(source, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_single_place_of_an_answer_breaks_anything() {
    let odd = [
        json!(null),
        json!(-1),
        serde_json::from_str("1e400").expect("a number"),
        json!("x"),
        json!("9999-12-31T23:59:59Z"),
        json!([]),
        json!({}),
        json!({"data": {"data": {}}}),
    ];
    for (source, region) in SERVICES {
        let past = What::History {
            from: UtcSeconds(NOW.0 - 6 * 3600),
            until: UtcSeconds(NOW.0 - 2 * 3600),
        };
        let ahead = What::Forecast {
            from: NOW,
            until: UtcSeconds(NOW.0 + 2 * 3600),
        };
        // A forecast of EIA's is made from four weeks of the same rows.
        let questions = [What::Latest, past, ahead];
        let questions = &questions[..if source == SourceName::Eia { 2 } else { 3 }];
        for what in questions.iter().copied() {
            // What a good answer looks like is taken from a first request.
            let server = Server::start(stand_in(source)).await;
            ask(settings(source, server.url()), &[region], what).await;
            let Some(seen) = server
                .seen()
                .into_iter()
                .rfind(|seen| seen.path != "/login")
            else {
                continue;
            };
            let document: Value = serde_json::from_slice(&well(source, &seen).body).expect("JSON");
            let mut paths = Vec::new();
            places(&document, "", &mut paths);
            paths.truncate(MOST_PLACES);
            for path in paths {
                for value in &odd {
                    let mut mutant = document.clone();
                    *mutant.pointer_mut(&path).expect("a place") = value.clone();
                    let body = mutant.to_string();
                    let server = Server::start(move |seen, _| {
                        let mut reply = well(source, seen);
                        if seen.path != "/login" {
                            reply.body = body.clone().into_bytes();
                        }
                        reply
                    })
                    .await;
                    let answers = ask(settings(source, server.url()), &[region], what).await;
                    let case = format!("{source:?} {what:?} {path} = {value}");
                    match (&answers.by_place[region], answers.warnings.first()) {
                        (Ok(answer), None) => {
                            let least = match answer.signal.kind {
                                SignalKind::Average => 0.0,
                                SignalKind::Marginal => -3000.0,
                            };
                            let possible = answer
                                .signal
                                .series
                                .values()
                                .iter()
                                .all(|value| (least..=3000.0).contains(value));
                            assert!(possible && !answer.fallback, "{case}: {answer:?}");
                            assert!(answer.signal.series.values().len() <= 100, "{case}");
                        }
                        (_, Some(warning)) => {
                            assert!(
                                !warning.reason.is_empty() && warning.reason.chars().count() <= 403,
                                "{case}: {warning}"
                            );
                        }
                        (Err(missing), None) => panic!("{case}: no warning: {missing:?}"),
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn no_single_byte_of_a_file_breaks_anything() {
    let csv = "zone,timestamp_utc,gco2_per_kwh,estimated,low,high,issued_utc\nDE,2026-03-02T09:00Z,100,true,90,110,2026-03-02T01:00Z\nDE,2026-03-02T10:00Z,110.5,false,,,\n";
    let json = r#"{"Emissions":[{"Location":"DE","Time":"2026-03-02T09:00:00Z","Rating":1.5e2,"Duration":"01:00"},
{"Location":"DE","Time":"2026-03-02T10:00:00+00:00","Rating":90,"Duration":"01:00:00"}]}"#;
    let folder = tempfile::tempdir().expect("a folder");
    let mut unlike = 0;
    for (name, good) in [("mutant.csv", csv), ("mutant.json", json)] {
        let path = folder.path().join(name);
        for place in 0..good.len() {
            for byte in [b'\n', b'"', b'9', 0xff] {
                let mut content = good.as_bytes().to_vec();
                content[place] = byte;
                std::fs::write(&path, content).expect("written");
                let mut settings = grid::Settings::new(SourceName::File);
                settings.kind = Some(SignalKind::Average);
                settings.path = Some(path.clone());
                let answers = ask(settings, &["eu-central-1"], What::Latest).await;
                let case = format!("{name}, {place} = {byte}");
                match (&answers.by_place["eu-central-1"], answers.warnings.first()) {
                    (Ok(answer), None) => {
                        let value = answer.signal.series.values()[0];
                        assert!((0.0..=3000.0).contains(&value), "{case}: {value}");
                    }
                    (_, Some(warning)) => {
                        unlike += 1;
                        let reason = &warning.reason;
                        assert!(
                            !reason.is_empty() && !reason.contains('\n'),
                            "{case}: {reason:?}"
                        );
                    }
                    (Err(missing), None) => panic!("{case}: no warning: {missing:?}"),
                }
            }
        }
    }
    assert!(unlike > 300, "{unlike}");
}
