//! Every source passes the one suite, in every variant of its answers that is known.

use catalog::{Catalog, SignalKind};
use grid::contract::{Trial, breaches};
use grid::{Grid, Place, Secret, Settings, SourceName};

use crate::server::{Reply, Seen, Server};
use crate::stand_ins::{self, NOW, intensity, text};

fn region(name: &str) -> Place {
    Place::Region(name.to_owned())
}

fn trial(covered: &str, uncovered: Place) -> Trial {
    Trial {
        covered: region(covered),
        uncovered,
        now: NOW,
        past_hours: 20,
        late_hours: 0,
        ahead_hours: 24,
        secrets: vec![
            "watt-password".into(),
            "watt-token-1".into(),
            "the-api-key".into(),
        ],
    }
}

async fn passes(settings: Settings, trial: Trial) {
    let source = settings.source;
    let grid = Grid::new(settings).expect("legal settings");
    let found = breaches(&grid, Catalog::embedded(), &trial).await;
    assert_eq!(found, Vec::<String>::new(), "{source:?}");
}

/// The settings of a service that a stand-in plays.
async fn service(
    source: SourceName,
    handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Settings {
    let server = Server::start(move |seen, _| handler(seen)).await;
    let mut settings = Settings::new(source);
    settings.url = Some(server.url());
    match source {
        SourceName::WattTime => {
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

#[tokio::test]
async fn embedded() {
    let trial = trial("eu-central-1", Place::Zone("NOWHERE".to_owned()));
    passes(Settings::new(SourceName::Embedded), trial).await;
}

#[tokio::test]
async fn file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wide.csv");
    let mut csv = "timestamp_utc,DE,us-east-1\n".to_owned();
    for index in -30..40_i64 {
        let at = NOW.0.div_euclid(3600) * 3600 + index * 3600;
        csv += &format!("{},{},{}\n", text(at), intensity(at), 2.0 * intensity(at));
    }
    std::fs::write(&path, csv).expect("written");
    let mut settings = Settings::new(SourceName::File);
    settings.kind = Some(SignalKind::Average);
    settings.path = Some(path);
    passes(settings, trial("eu-central-1", region("eu-north-1"))).await;
}

#[tokio::test]
async fn electricity_maps() {
    let settings = service(SourceName::ElectricityMaps, stand_ins::electricity_maps).await;
    passes(
        settings.clone(),
        trial("eu-west-1", Place::Zone("NOWHERE".to_owned())),
    )
    .await;
    // More than a day back goes another way, in parts.
    let mut longer = trial("eu-west-1", Place::Zone("NOWHERE".to_owned()));
    longer.past_hours = 25 * 24;
    longer.ahead_hours = 60;
    passes(settings, longer).await;
}

#[tokio::test]
async fn watttime() {
    for kind in [SignalKind::Marginal, SignalKind::Average] {
        let mut settings = service(SourceName::WattTime, stand_ins::watttime).await;
        settings.kind = Some(kind);
        passes(
            settings.clone(),
            trial("us-west-1", region("ap-southeast-6")),
        )
        .await;
        let mut longer = trial("us-west-1", region("ca-west-1"));
        longer.past_hours = 35 * 24;
        passes(settings, longer).await;
    }
}

#[tokio::test]
async fn gb_carbon_intensity() {
    for as_list in [false, true] {
        let settings = service(SourceName::GbCarbonIntensity, move |seen| {
            stand_ins::gb(seen, as_list)
        })
        .await;
        let mut longer = trial("eu-west-2", region("eu-west-1"));
        longer.past_hours = 15 * 24;
        passes(settings.clone(), longer.clone()).await;
        for zone in ["London", "13", "E1", "gb"] {
            longer.covered = Place::Zone(zone.to_owned());
            longer.uncovered = Place::Zone("Atlantis".to_owned());
            passes(settings.clone(), longer.clone()).await;
        }
    }
}

#[tokio::test]
async fn eia() {
    for as_text in [false, true] {
        let settings = service(SourceName::Eia, move |seen| stand_ins::eia(seen, as_text)).await;
        let mut trial = trial("us-east-1", region("eu-west-1"));
        (trial.ahead_hours, trial.late_hours) = (0, 2);
        passes(settings.clone(), trial.clone()).await;
        // Four fuels for 60 days are two pages.
        trial.past_hours = 60 * 24;
        passes(settings, trial).await;
    }
}

#[tokio::test]
async fn carbon_aware_sdk() {
    for as_list in [false, true] {
        let mut settings = service(SourceName::CarbonAwareSdk, move |seen| {
            stand_ins::carbon_aware_sdk(seen, as_list)
        })
        .await;
        settings.kind = Some(SignalKind::Marginal);
        passes(
            settings,
            trial("us-east-1", Place::Zone("NOWHERE".to_owned())),
        )
        .await;
    }
}
