//! Times: clocks that differ, values that are old, holes, and the two nights a year when clocks are set.

use catalog::{Catalog, UtcSeconds};
use grid::{Asked, Grid, Place, SourceName, What};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server};
use crate::shapes::{HOUR, ahead, answer, hour, past};
use crate::stand_ins::{self, NOW, text};
use crate::trouble::settings;

/// A forecast or a history of single values, in Electricity Maps' form.
fn values(
    list: &'static str,
    updated: i64,
    times: Vec<(String, f64)>,
) -> impl Fn(&Seen, usize) -> Reply + Send + Sync {
    move |seen, _| {
        let zone = seen.parameter("zone").expect("a zone");
        let values: Vec<Value> = times
            .iter()
            .map(|(time, value)| json!({"datetime": time, "carbonIntensity": value}))
            .collect();
        Reply::json(json!({"zone": zone, list: values, "updatedAt": text(updated)}).to_string())
    }
}

#[tokio::test]
async fn clocks_that_differ_and_values_that_are_old() {
    let source = SourceName::ElectricityMaps;
    let from_now = |hours: i64| text(hour() + hours * HOUR);
    let run = || {
        (0..7)
            .map(|hours| (from_now(hours), 300.0))
            .collect::<Vec<_>>()
    };
    for (updated, says) in [
        (NOW.0 + 600, None),
        (
            NOW.0 + 2 * HOUR,
            Some(
                "it is dated 2026-03-02T12:12:00Z, but here it is 2026-03-02T10:12:00Z: check the clock of this machine",
            ),
        ),
        (NOW.0 - 20 * HOUR, None),
        (
            NOW.0 - 30 * HOUR,
            Some("its newest forecast was issued at 2026-03-01T04:12:00Z, more than a day ago"),
        ),
    ] {
        let (forecast, _) = answer(
            source,
            "eu-west-1",
            ahead(6),
            values("forecast", updated, run()),
        )
        .await;
        assert_eq!(forecast.err().as_deref(), says);
    }
    let latest = |hours: i64| {
        move |_: &Seen, _: usize| {
            Reply::json(
                json!({"datetime": text(hour() + hours * HOUR), "carbonIntensity": 300})
                    .to_string(),
            )
        }
    };
    for (hours, says) in [
        (0, None),
        (-3, None),
        (
            -5,
            Some("its newest value is of 2026-03-02T05:00:00Z, 4 h before now"),
        ),
        (
            2,
            Some(
                "its first value is of 2026-03-02T12:00:00Z, but here it is 2026-03-02T10:12:00Z: check the clock of this machine",
            ),
        ),
    ] {
        let (latest, _) = answer(source, "eu-west-1", What::Latest, latest(hours)).await;
        assert_eq!(latest.err().as_deref(), says, "{hours}");
    }
    let old: Vec<(String, f64)> = (-40..-30).map(|hours| (from_now(hours), 300.0)).collect();
    let (ended, _) = answer(
        source,
        "eu-west-1",
        ahead(6),
        values("forecast", NOW.0, old),
    )
    .await;
    assert_eq!(
        ended.expect_err("too old"),
        "it has no value from 2026-03-02T10:12:00Z to 2026-03-02T16:12:00Z; it has 2026-02-28T18:00:00Z to 2026-03-01T04:00:00Z"
    );
}

#[tokio::test]
async fn holes_are_bridged_or_end_the_series() {
    let times = |hours: &[i64]| {
        hours
            .iter()
            .map(|at| (text(hour() + at * HOUR), 100.0 + 10.0 * *at as f64))
            .collect::<Vec<_>>()
    };
    let source = SourceName::ElectricityMaps;
    let (bridged, _) = answer(
        source,
        "eu-west-1",
        ahead(8),
        values("forecast", NOW.0, times(&[0, 1, 4, 5])),
    )
    .await;
    let bridged = bridged.expect("an answer");
    assert_eq!(
        bridged.signal.series.values(),
        [100.0, 110.0, 120.0, 130.0, 140.0, 150.0]
    );
    assert!(bridged.signal.estimated);
    assert_eq!(
        bridged.remarks,
        ["2 of 6 steps had no value and were bridged"]
    );
    let (ended, _) = answer(
        source,
        "eu-west-1",
        ahead(12),
        values("forecast", NOW.0, times(&[0, 1, 2, 6, 7])),
    )
    .await;
    let ended = ended.expect("an answer");
    assert_eq!(ended.signal.series.values(), [100.0, 110.0, 120.0]);
    assert_eq!(
        ended.remarks,
        [
            "its values have a hole from 2026-03-02T13:00:00Z to 2026-03-02T16:00:00Z; what lies after it was left out"
        ]
    );
    let (newest, _) = answer(
        source,
        "eu-west-1",
        past(12),
        values("history", NOW.0, times(&[-9, -8, -3, -2, -1])),
    )
    .await;
    assert_eq!(
        newest.expect("an answer").signal.series.start(),
        UtcSeconds(hour() - 3 * HOUR)
    );
    // Unsorted, and one hour twice: the one that comes later counts.
    let (sorted, _) = answer(
        source,
        "eu-west-1",
        ahead(3),
        values("forecast", NOW.0, {
            let mut times = times(&[2, 0, 1, 1]);
            times[3].1 = 99.0;
            times
        }),
    )
    .await;
    assert_eq!(
        sorted.expect("an answer").signal.series.values(),
        [100.0, 99.0, 120.0]
    );
}

#[tokio::test]
async fn hours_of_daylight_saving_are_hours_like_all_others() {
    // Local times of Europe/Berlin with their offsets: the hour from 02:00 is missing in spring and double in autumn.
    let spring = [
        "2026-03-29T00:00:00+01:00",
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-03-29T04:00:00+02:00",
    ];
    let autumn = [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ];
    for times in [spring, autumn] {
        let start: jiff::Timestamp = times[0].parse().expect("a time");
        let now = UtcSeconds(start.as_second() + 4 * HOUR);
        let server = Server::start(values(
            "history",
            now.0,
            times
                .iter()
                .enumerate()
                .map(|(index, time)| ((*time).to_owned(), 100.0 + index as f64))
                .collect(),
        ))
        .await;
        let grid = Grid::new(settings(SourceName::ElectricityMaps, server.url())).expect("legal");
        let asked = Asked {
            places: vec![Place::Region("eu-central-1".to_owned())],
            what: What::History {
                from: UtcSeconds(start.as_second()),
                until: now,
            },
        };
        let answers = grid.signals(Catalog::embedded(), &asked, now).await;
        let answer = answers.by_place["eu-central-1"]
            .as_ref()
            .expect("an answer");
        assert!(
            answers.warnings.is_empty() && answer.remarks.is_empty(),
            "{answers:?}"
        );
        assert_eq!(answer.signal.series.values(), [100.0, 101.0, 102.0, 103.0]);
        assert_eq!(answer.signal.series.start().0, start.as_second());
    }
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let (latest, seen) = answer(
        SourceName::ElectricityMaps,
        "eu-west-1",
        What::Latest,
        |seen, _| {
            let reply = stand_ins::electricity_maps(seen);
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packer, &reply.body).expect("packed");
            Reply {
                body: packer.finish().expect("packed"),
                ..reply.with("content-encoding", "gzip")
            }
        },
    )
    .await;
    assert!(latest.is_ok());
    assert_eq!(seen[0].header("accept-encoding"), Some("gzip"));
}
