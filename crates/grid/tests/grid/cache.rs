//! Answers on disk: used while they are good, never wrong, bounded, and safe among many.

use std::path::Path;
use std::time::Duration;

use catalog::{Catalog, UtcSeconds};
use grid::{Answers, Asked, CacheSettings, Grid, Place, Settings, SourceName, What};

use crate::server::{Reply, Server};
use crate::stand_ins::{self, NOW};
use crate::trouble::{SERVICES, settings, well};

fn cached(mut settings: Settings, folder: &Path, most_bytes: u64) -> Grid {
    settings.cache = Some(CacheSettings {
        folder: Some(folder.to_owned()),
        ttl: Duration::from_secs(900),
        most_bytes,
    });
    Grid::new(settings).expect("legal")
}

async fn ask(grid: &Grid, region: &str, what: What, now: i64) -> Answers {
    let places = vec![Place::Region(region.to_owned())];
    grid.signals(
        Catalog::embedded(),
        &Asked { places, what },
        UtcSeconds(now),
    )
    .await
}

fn ahead(from: i64) -> What {
    What::Forecast {
        from: UtcSeconds(from),
        until: UtcSeconds(from + 6 * 3600),
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    entries.unwrap_or_default()
}

#[tokio::test]
async fn an_answer_is_read_again_while_it_is_good_and_is_the_same() {
    for (source, region) in SERVICES {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(move |seen, _| well(source, seen)).await;
        let plain = Grid::new(settings(source, server.url())).expect("legal");
        let past = |now: i64| What::History {
            from: UtcSeconds(now - 5 * 3600),
            until: UtcSeconds(now - 2 * 3600),
        };
        let questions = [
            What::Latest,
            past(NOW.0),
            if source == SourceName::Eia {
                past(NOW.0)
            } else {
                ahead(NOW.0)
            },
        ];
        for what in questions {
            let direct = ask(&plain, region, what, NOW.0).await;
            let kept = cached(settings(source, server.url()), folder.path(), 1 << 20);
            assert_eq!(
                ask(&kept, region, what, NOW.0).await,
                direct,
                "{source:?} {what:?}"
            );
            let before = server.seen().len();
            // Another process would have another grid.
            let again = cached(settings(source, server.url()), folder.path(), 1 << 20);
            assert_eq!(
                ask(&again, region, what, NOW.0 + 60).await,
                direct,
                "{source:?} {what:?}"
            );
            assert_eq!(server.seen().len(), before, "{source:?} {what:?}");
        }
        let text = files(folder.path())
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("text"))
            .collect::<String>();
        for secret in ["the-api-key", "watt-password", "watt-token-1", "user"] {
            assert!(!text.contains(secret));
        }
    }
}

#[tokio::test]
async fn an_answer_is_asked_for_anew_when_it_is_old_or_of_another_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(|seen, _| stand_ins::electricity_maps(seen)).await;
    let base = settings(SourceName::ElectricityMaps, server.url());
    let grid = cached(base.clone(), folder.path(), 1 << 20);
    let mut direct = base.clone();
    direct.factor_type = Some(catalog::FactorType::Direct);
    let direct = cached(direct, folder.path(), 1 << 20);
    let mut requests = 0;
    for (grid, region, what, now, asks) in [
        (&grid, "eu-west-1", ahead(NOW.0), NOW.0, true),
        (&grid, "eu-west-1", ahead(NOW.0 + 300), NOW.0 + 300, false),
        (&grid, "eu-west-1", ahead(NOW.0), NOW.0 + 899, false),
        (&grid, "eu-west-1", ahead(NOW.0), NOW.0 + 900, true),
        // A clock that was set back.
        (&grid, "eu-west-1", ahead(NOW.0), NOW.0 - 60, true),
        (&grid, "eu-west-1", What::Latest, NOW.0, true),
        (&grid, "eu-west-3", What::Latest, NOW.0, true),
        (&direct, "eu-west-3", What::Latest, NOW.0, true),
        (&direct, "eu-west-3", What::Latest, NOW.0, false),
    ] {
        let answers = ask(grid, region, what, now).await;
        assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
        requests += usize::from(asks);
        assert_eq!(server.seen().len(), requests, "{region} {what:?} {now}");
    }
}

#[tokio::test]
async fn what_is_broken_or_fails_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(|seen, number| match number {
        0 => Reply::status(403, ""),
        _ => stand_ins::electricity_maps(seen),
    })
    .await;
    let grid = cached(
        settings(SourceName::ElectricityMaps, server.url()),
        folder.path(),
        1 << 20,
    );
    assert_eq!(
        ask(&grid, "eu-west-1", What::Latest, NOW.0)
            .await
            .warnings
            .len(),
        1
    );
    assert!(files(folder.path()).is_empty());
    let good = ask(&grid, "eu-west-1", What::Latest, NOW.0).await;
    assert!(good.warnings.is_empty());
    let path = files(folder.path()).pop().expect("a file");
    for broken in [
        "",
        "{",
        "{}",
        "[1]",
        r#"{"form":1,"kept_at":1772446320,"zone":"IE"}"#,
    ] {
        std::fs::write(&path, broken).expect("written");
        assert_eq!(
            ask(&grid, "eu-west-1", What::Latest, NOW.0).await,
            good,
            "{broken}"
        );
    }
    // A folder that cannot be made is no cache, and no trouble.
    let grid = cached(
        settings(SourceName::ElectricityMaps, server.url()),
        &path.join("below-a-file"),
        1 << 20,
    );
    assert_eq!(ask(&grid, "eu-west-1", What::Latest, NOW.0).await, good);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_see_whole_answers_and_the_folder_stays_small() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(|seen, _| stand_ins::electricity_maps(seen)).await;
    let most_bytes = 12_000;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_i64 {
        let grid = cached(
            settings(SourceName::ElectricityMaps, server.url()),
            folder.path(),
            most_bytes,
        );
        tasks.spawn(async move {
            for round in 0..12_i64 {
                let hours = What::History {
                    from: UtcSeconds(NOW.0 - (4 + (task + round) % 10) * 3600),
                    until: UtcSeconds(NOW.0 - 3600),
                };
                let answers = ask(&grid, "eu-west-1", hours, NOW.0).await;
                assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
                let length = answers.by_place["eu-west-1"]
                    .as_ref()
                    .expect("an answer")
                    .signal
                    .series
                    .values()
                    .len();
                assert_eq!(length as i64, 4 + (task + round) % 10);
            }
        });
    }
    tasks.join_all().await;
    let files = files(folder.path());
    assert!(
        files
            .iter()
            .all(|path| path.extension().is_some_and(|ending| ending == "json")),
        "{files:?}"
    );
    let bytes: u64 = files
        .iter()
        .map(|path| std::fs::metadata(path).expect("there").len())
        .sum();
    // A neighbour may have written while the last one tidied.
    assert!(bytes <= most_bytes + 2000, "{bytes}");
}

#[tokio::test]
async fn what_is_local_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let grid = cached(Settings::new(SourceName::Embedded), folder.path(), 1 << 20);
    assert!(
        ask(&grid, "eu-west-1", What::Latest, NOW.0)
            .await
            .warnings
            .is_empty()
    );
    assert!(files(folder.path()).is_empty());
}
