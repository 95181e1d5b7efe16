//! The hours to come, as a user gets them: a forecast drawn towards the usual, or one made from the past.

use catalog::{Catalog, Quality, SignalKind, UtcSeconds};
use grid::{Answer, Asked, Grid, Place, Settings, SourceName, What};

use crate::server::{Reply, Server};
use crate::shapes::{HOUR, ahead, hour, plain};
use crate::stand_ins::{self, NOW, intensity, text};
use crate::trouble::{SERVICES, ask, settings, well};

fn only(answers: &grid::Answers) -> &Answer {
    assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
    answers
        .by_place
        .values()
        .next()
        .expect("an entry")
        .as_ref()
        .expect("an answer")
}

#[tokio::test]
async fn a_services_forecast_has_ranges_and_says_what_was_done_with_it() {
    for (source, region) in SERVICES {
        if source == SourceName::Eia {
            continue;
        }
        let server = Server::start(move |seen, _| well(source, seen)).await;
        let grid = Grid::new(settings(source, server.url())).expect("legal");
        let raw = plain(&grid, region, ahead(96))
            .await
            .expect("an answer")
            .signal;
        let answers = ask(settings(source, server.url()), &[region], ahead(96)).await;
        let answer = only(&answers);
        let series = &answer.signal.series;
        assert_eq!(
            (series.start(), series.step_s()),
            (raw.series.start(), raw.series.step_s())
        );
        assert_eq!(series.ranges().len(), series.values().len(), "{source:?}");
        assert_eq!(
            (answer.signal.quality, answer.signal.kind),
            (Quality::Forecast, raw.kind)
        );
        assert_eq!(
            (
                &answer.signal.source,
                &answer.signal.zone,
                answer.signal.issued_at
            ),
            (&raw.source, &raw.zone, raw.issued_at)
        );
        assert!(
            answer.remarks[0].starts_with("its forecast is drawn towards the usual"),
            "{:?}",
            answer.remarks
        );
        // An average goes on with the usual; a marginal signal ends where its source does.
        let until = UtcSeconds(NOW.0 + 96 * HOUR);
        let goes_on = raw.kind == SignalKind::Average;
        assert_eq!(series.end() >= until, goes_on, "{source:?}");
        assert_eq!(series.end() == raw.series.end(), !goes_on, "{source:?}");
        assert_eq!(
            answer.remarks.len(),
            if goes_on { 2 } else { 1 },
            "{:?}",
            answer.remarks
        );
    }
}

#[tokio::test]
async fn a_source_without_a_forecast_gets_one_from_its_past() {
    let server = Server::start(|seen, _| stand_ins::eia(seen, true)).await;
    let answers = ask(
        settings(SourceName::Eia, server.url()),
        &["us-east-1"],
        ahead(48),
    )
    .await;
    let answer = only(&answers);
    let series = &answer.signal.series;
    assert_eq!(series.start(), UtcSeconds(hour()));
    assert!(series.end().0 >= NOW.0 + 48 * HOUR);
    assert_eq!(
        (answer.signal.source.as_str(), answer.signal.quality),
        ("EIA", Quality::Forecast)
    );
    assert_eq!(series.ranges().len(), series.values().len());
    // Each day of the stand-in is like the one before, and unlike the usual ones there: it is at least much better
    // than the mean of all days.
    let hours = 0..series.values().len();
    let right = |index: usize| intensity(hour() + index as i64 * HOUR);
    let mean = hours.clone().map(right).sum::<f64>() / hours.len() as f64;
    let wrong = |made: &dyn Fn(usize) -> f64| {
        hours
            .clone()
            .map(|index| (made(index) - right(index)).abs())
            .sum::<f64>()
    };
    assert!(wrong(&|index| series.values()[index]) < 0.7 * wrong(&|_| mean));
    assert_eq!(
        answer.remarks,
        [
            "made from the 671 hours of its past up to 2026-03-02T09:00:00Z, since it has no forecast"
        ]
    );
    // Where the past is missing too, both are said.
    let server = Server::start(|_, _| Reply::status(503, "").with("retry-after", "0")).await;
    let answers = ask(
        settings(SourceName::Eia, server.url()),
        &["us-east-1"],
        ahead(48),
    )
    .await;
    assert_eq!(
        answers.warnings[0].reason,
        "it has no forecast, only what was generated; and of its past, it is out of order (503)"
    );
    assert!(
        answers.by_place["us-east-1"]
            .as_ref()
            .is_ok_and(|answer| answer.fallback)
    );
}

#[tokio::test]
async fn a_file_is_taken_to_the_digit_or_its_past_is_carried_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, hours: std::ops::Range<i64>| {
        let mut csv = "timestamp_utc,DE\n".to_owned();
        for index in hours {
            csv += &format!(
                "{},{}\n",
                text(hour() + index * HOUR),
                intensity(hour() + index * HOUR)
            );
        }
        let path = folder.path().join(name);
        std::fs::write(&path, csv).expect("written");
        let mut settings = Settings::new(SourceName::File);
        settings.kind = Some(SignalKind::Average);
        settings.path = Some(path);
        settings
    };
    let asked = Asked {
        places: vec![Place::Region("eu-central-1".to_owned())],
        what: ahead(30),
    };
    let answer = |settings: Settings| {
        let asked = asked.clone();
        async move {
            let grid = Grid::new(settings).expect("legal");
            grid.signals(Catalog::embedded(), &asked, NOW).await
        }
    };
    let answers = answer(write("ahead.csv", -400..20)).await;
    let whole = only(&answers);
    let values: Vec<f64> = (0..20)
        .map(|index| intensity(hour() + index * HOUR))
        .collect();
    assert_eq!(whole.signal.series.values(), values);
    assert!(whole.remarks.is_empty());

    let answers = answer(write("past.csv", -400..-2)).await;
    let made = only(&answers);
    assert!(made.signal.series.end().0 >= NOW.0 + 30 * HOUR);
    assert!(
        made.remarks[0].starts_with("made from the 398 hours of its past"),
        "{:?}",
        made.remarks
    );

    for (name, hours, says) in [
        (
            "old.csv",
            -1000..-700,
            "it ends at 2026-02-01T06:00:00Z, before the hours that were asked for; and of its past, it has no value",
        ),
        (
            "short.csv",
            -12..-2,
            "it ends at 2026-03-02T08:00:00Z, before the hours that were asked for; and of its past, ",
        ),
    ] {
        let answers = answer(write(name, hours)).await;
        let reason = &answers.warnings[0].reason;
        assert!(reason.starts_with(says), "{reason}");
    }
}

#[tokio::test]
async fn what_is_embedded_stays_as_it_is() {
    let grid = Grid::new(Settings::new(SourceName::Embedded)).expect("legal");
    let asked = Asked {
        places: vec![Place::Region("eu-central-1".to_owned())],
        what: What::Forecast {
            from: NOW,
            until: UtcSeconds(NOW.0 + 5 * HOUR),
        },
    };
    let answers = grid.signals(Catalog::embedded(), &asked, NOW).await;
    let region = Catalog::embedded()
        .region("eu-central-1")
        .expect("a region");
    assert_eq!(only(&answers).signal, region.expected(NOW, 6));
}

#[tokio::test]
async fn an_hour_is_the_same_however_many_are_asked_for() {
    for (source, region) in SERVICES {
        if source == SourceName::Eia {
            continue;
        }
        let server = Server::start(move |seen, _| well(source, seen)).await;
        let mut first = Vec::new();
        for hours in [2, 6, 12, 24, 48] {
            let answers = ask(settings(source, server.url()), &[region], ahead(hours)).await;
            first.push(only(&answers).signal.series.values()[0]);
        }
        assert!(
            first.iter().all(|value| *value == first[0]),
            "{source:?}: {first:?}"
        );
    }
}
