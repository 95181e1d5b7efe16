//! Files of the user's own: what is read, and for each bad one the message with its line.

use std::io::Write as _;

use catalog::{Catalog, FactorType, Quality, SignalKind, UtcSeconds};
use grid::{Answers, Asked, Grid, Place, Settings, SourceName, What};

use crate::server::{Reply, Server};

/// 2026-03-02T00:00:00Z.
const MIDNIGHT: i64 = 1_772_409_600;
const HOUR: i64 = 3600;

fn settings(content: &[u8], kind: SignalKind) -> (Settings, tempfile::NamedTempFile) {
    let mut file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .expect("a file");
    file.write_all(content).expect("written");
    let mut settings = Settings::new(SourceName::File);
    settings.kind = Some(kind);
    settings.path = Some(file.path().to_owned());
    (settings, file)
}

async fn ask(content: &[u8], kind: SignalKind, places: &[&str], what: What, now: i64) -> Answers {
    let (settings, _file) = settings(content, kind);
    let grid = Grid::new(settings).expect("legal settings");
    let places = places
        .iter()
        .map(|name| Place::Region((*name).to_owned()))
        .collect();
    grid.signals(
        Catalog::embedded(),
        &Asked { places, what },
        UtcSeconds(now),
    )
    .await
}

fn day() -> What {
    What::History {
        from: UtcSeconds(MIDNIGHT),
        until: UtcSeconds(MIDNIGHT + 24 * HOUR),
    }
}

/// What the file gives for Frankfurt: start, step and values, or the reason.
async fn read(
    content: &[u8],
    kind: SignalKind,
) -> Result<(i64, u32, Vec<f64>, bool, Vec<String>), String> {
    let mut answers = ask(
        content,
        kind,
        &["eu-central-1"],
        day(),
        MIDNIGHT + 24 * HOUR,
    )
    .await;
    if let Some(warning) = answers.warnings.pop() {
        return Err(warning.reason);
    }
    let answer = answers
        .by_place
        .remove("eu-central-1")
        .expect("an entry")
        .expect("an answer");
    let series = &answer.signal.series;
    Ok((
        series.start().0 - MIDNIGHT,
        series.step_s(),
        series.values().to_vec(),
        answer.signal.estimated,
        answer.remarks,
    ))
}

/// Name, content, start in seconds after midnight, step, values, whether estimated, remarks.
type Good = (
    &'static str,
    &'static str,
    i64,
    u32,
    &'static [f64],
    bool,
    &'static [&'static str],
);

#[tokio::test]
async fn good_files() {
    let good: [Good; 14] = [
        (
            "one zone without a name",
            "timestamp_utc,gco2_per_kwh\n2026-03-02T00:00:00Z,100\n2026-03-02T01:00:00Z,110.5\n",
            0,
            3600,
            &[100.0, 110.5],
            false,
            &[],
        ),
        (
            "wide, by zone",
            "timestamp_utc,FR,DE\n2026-03-02T00:00Z,1,100\n2026-03-02T00:05Z,2,101\n",
            0,
            300,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "wide, by region before zone",
            "timestamp_utc,DE,eu-central-1\n2026-03-02T00:00Z,1,100\n2026-03-02T01:00Z,2,101\n",
            0,
            3600,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "long, with the zones mixed",
            "zone,timestamp_utc,gco2_per_kwh\nDE,2026-03-02T00:00Z,100\nFR,2026-03-02T00:00Z,1\nDE,2026-03-02T00:15Z,101\nFR,2026-03-02T00:15Z,2\n",
            0,
            900,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "without an offset, which is UTC",
            "timestamp_utc,DE\n2026-03-02 00:00,100\n2026-03-02 00:30,101\n",
            0,
            1800,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "local times with their offsets",
            "timestamp_utc,DE\n2026-03-02T01:00+01:00,100\n2026-03-02T02:00+01:00,101\n",
            0,
            3600,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "a comment, a byte-order mark, Windows lines, spaces",
            "\u{feff}# CC BY 4.0\r\ntimestamp_utc, DE\r\n2026-03-02T00:00Z, 100\r\n2026-03-02T01:00Z, 101\r\n",
            0,
            3600,
            &[100.0, 101.0],
            false,
            &[],
        ),
        (
            "two missing hours, one of them an empty cell",
            "timestamp_utc,DE\n2026-03-02T00:00Z,100\n2026-03-02T01:00Z,\n2026-03-02T03:00Z,130\n",
            0,
            3600,
            &[100.0, 110.0, 120.0, 130.0],
            true,
            &["2 of 4 steps had no value and were bridged"],
        ),
        (
            "marks of estimates and ranges",
            "timestamp_utc,gco2_per_kwh,estimated,low,high\n2026-03-02T00:00Z,100,false,90,120\n2026-03-02T01:00Z,101,true,90,120\n",
            0,
            3600,
            &[100.0, 101.0],
            true,
            &[],
        ),
        (
            "odd but possible",
            "timestamp_utc,DE\n2026-03-02T00:00Z,1600\n2026-03-02T01:00Z,0\n",
            0,
            3600,
            &[1600.0, 0.0],
            false,
            &[
                "1 values of the file are above 1500 g/kWh (first in line 2) and were kept",
                "1 of 2 values are above 1500 g/kWh and were kept",
            ],
        ),
        (
            "only the hours that were asked for",
            "timestamp_utc,DE\n2026-03-02T22:00Z,122\n2026-03-02T23:00Z,123\n2026-03-03T00:00Z,124\n",
            22 * HOUR,
            3600,
            &[122.0, 123.0],
            false,
            &[],
        ),
        (
            "JSON of the Carbon Aware SDK",
            r#"{"Date":"x","Emissions":[{"Location":"eu-central-1","Time":"2026-03-02T01:00:00+00:00","Rating":101,"Duration":"01:00"},{"Location":"eu-central-1","Time":"2026-03-02T00:00:00+00:00","Rating":100.5,"Duration":"01:00:00"}]}"#,
            0,
            3600,
            &[100.5, 101.0],
            false,
            &[],
        ),
        (
            "the list alone, in the service's writing",
            r#"[{"location":"DE","time":"2026-03-02T00:00:00Z","rating":100,"duration":"00:05:00"}]"#,
            0,
            300,
            &[100.0],
            false,
            &[],
        ),
        (
            "a single value is an hour",
            "timestamp_utc,DE\n2026-03-02T05:00Z,100\n",
            5 * HOUR,
            3600,
            &[100.0],
            false,
            &[],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, content, start, step, values, estimated, remarks) in good {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(content.as_bytes()).expect("packed");
        let remarks: Vec<String> = remarks.iter().map(|remark| (*remark).to_owned()).collect();
        let expected = Ok((start, step, values.to_vec(), estimated, remarks));
        for content in [content.as_bytes(), &packed.finish().expect("packed")] {
            let found = read(content, SignalKind::Average).await;
            if found != expected {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn bad_files_name_the_line() {
    let head = "timestamp_utc,DE\n2026-03-02T00:00Z,100\n2026-03-02T01:00Z,110\n";
    let long = "timestamp_utc,gco2_per_kwh";
    let bad: Vec<(String, &str)> = vec![
        (String::new(), "it is empty"),
        ("\n\n".into(), "it is empty"),
        ("timestamp_utc,DE\n".into(), "it has a header and no rows"),
        ("time,DE\n2026-03-02T00:00Z,1\n".into(), "line 1: no column timestamp_utc; a header like timestamp_utc,gco2_per_kwh or timestamp_utc,DE,FR is legal"),
        ("timestamp_utc\n2026-03-02T00:00Z\n".into(), "line 1: no column with values"),
        ("timestamp_utc,DE,DE\n".into(), "line 1: the column DE stands twice"),
        ("timestamp_utc,,DE\n".into(), "line 1: column 2 has no name"),
        (format!("{long},DE\n"), "line 1: the column DE has no meaning beside gco2_per_kwh; legal: timestamp_utc, zone, gco2_per_kwh, issued_utc, estimated, low, high"),
        (format!("{long},low\n"), "line 1: low and high come together"),
        (format!("{head}2026-03-02T02:00Z\n"), "line 4: 1 cells, but the header has 2"),
        (format!("{head}2026-03-02T02:00Z,1,2\n"), "line 4: 3 cells, but the header has 2"),
        (format!("{head}tomorrow,1\n"), "line 4: \"tomorrow\" is no time; 2026-03-02T10:00Z or 2026-03-02T11:00+01:00 is legal"),
        (format!("{head}2026-03-02,1\n"), "line 4: \"2026-03-02\" is no time; 2026-03-02T10:00Z or 2026-03-02T11:00+01:00 is legal"),
        (format!("{head}2026-02-30T02:00Z,1\n"), "line 4: \"2026-02-30T02:00Z\" is no time; 2026-03-02T10:00Z or 2026-03-02T11:00+01:00 is legal"),
        (format!("{head}2026-03-02T02:00Z,n/a\n"), "line 4: DE = \"n/a\" is no number"),
        (format!("{head}2026-03-02T02:00Z,\"1,5\"\n"), "line 4: DE = \"1,5\" is no number"),
        (format!("{head}2026-03-02T02:00Z,-1\n"), "line 4: -1, is below 0: an average cannot be"),
        (format!("{head}2026-03-02T02:00Z,NaN\n"), "line 4: NaN, is no finite number"),
        (format!("{head}2026-03-02T02:00Z,inf\n"), "line 4: inf, is no finite number"),
        (format!("{head}2026-03-02T02:00Z,120000\n"), "line 4: 120000, is not g/kWh: no grid is above 3000"),
        (format!("{head}2026-03-02T01:00Z,120\n"), "line 4: 2026-03-02T01:00:00Z stands in line 3 already; local times have such hours in autumn, UTC has none"),
        (format!("{head}2026-03-01T23:00Z,120\n"), "line 4: 2026-03-01T23:00:00Z comes after 2026-03-02T01:00:00Z; sort the file by time"),
        (format!("{head}2026-03-02T05:00Z,120\n"), "line 4: DE has no value from 2026-03-02T02:00:00Z to 2026-03-02T05:00:00Z; holes of up to 2 h are bridged"),
        (format!("{head}2026-03-02T02:10Z,120\n"), "line 4: 2026-03-02T02:10:00Z lies off the file's step of 60 min"),
        (format!("{head}2026-03-02T01:01Z,120\n"), "line 4: a step of 1 min is not 5 to 60 min"),
        ("timestamp_utc,DE\n2026-03-02T00:00Z,1\n2026-03-02T02:00Z,1\n".into(), "line 3: a step of 120 min is not 5 to 60 min"),
        ("timestamp_utc,DE\n2026-03-02T00:00:00Z,1\n2026-03-02T00:00:30Z,1\n".into(), "line 3: a step of 30 s is not 5 to 60 min"),
        ("timestamp_utc,DE,FR\n2026-03-02T00:00Z,,1\n".into(), "DE has no value at all"),
        (format!("{long},estimated\n2026-03-02T00:00Z,1,perhaps\n"), "line 2: estimated = \"perhaps\"; legal: true, false"),
        (format!("{long},low,high\n2026-03-02T00:00Z,1,2,3\n"), "line 2: 1 does not lie between its low 2 and its high 3"),
        (format!("{long},zone\n2026-03-02T00:00Z,1,\n"), "line 2: the zone is empty"),
        (format!("{long},issued_utc\n2026-03-02T00:00Z,1,yesterday\n"), "line 2: \"yesterday\" is no time; 2026-03-02T10:00Z or 2026-03-02T11:00+01:00 is legal"),
        ("timestamp_utc,FR,ES\n2026-03-02T00:00Z,1,2\n".into(), "it has no column eu-central-1 or DE; it has ES, FR"),
        ("{\"Emissions\": [\n".into(), "line 2: it is no JSON, or breaks off"),
        ("{\"Values\": []}".into(), "line 1: no list Emissions; {\"Emissions\": [{\"Location\": \"DE\", \"Time\": \"2026-03-02T10:00Z\", \"Rating\": 210, \"Duration\": \"01:00\"}]} is legal"),
        ("[]".into(), "it has no entry"),
        ("[\n{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\", \"Rating\": 1, \"Duration\": \"01:00\"},\n{\"Location\": \"{\", \"Rating\": 1}\n]".into(), "line 3: no text Time"),
        ("[\n{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00\", \"Rating\": 1}]".into(), "line 2: Time = \"2026-03-02T00:00:00\" is no time with an offset; 2026-03-02T10:00:00Z is legal"),
        ("{\"Emissions\": [\n\n{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\", \"Rating\": \"1\"}]}".into(), "line 3: Rating is no number"),
        ("[{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\"}]".into(), "line 1: no Rating"),
        ("[{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\", \"Rating\": 1, \"Duration\": \"an hour\"}]".into(), "line 1: Duration = \"an hour\" is no duration; 01:00 or 01:00:00 is legal"),
        ("[{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\", \"Rating\": 1},\n{\"Location\": \"DE\", \"Time\": \"2026-03-02T00:00:00Z\", \"Rating\": 2}]".into(), "line 2: 2026-03-02T00:00:00Z stands in line 1 already; local times have such hours in autumn, UTC has none"),
    ];
    let mut wrong = Vec::new();
    for (content, says) in &bad {
        let found = read(content.as_bytes(), SignalKind::Average).await;
        if found.as_ref().err().map(String::as_str) != Some(*says) {
            wrong.push(format!("{content:?}\n  gives {found:?}\n  wants {says:?}"));
        }
    }
    for (content, says) in [
        (
            &b"timestamp_utc,DE\n2026-03-02T00:00Z,\xff\n"[..],
            "line 2: it is no UTF-8 text",
        ),
        (
            &b"\x1f\x8bnot really"[..],
            "it is packed (gzip), and broken",
        ),
    ] {
        let found = read(content, SignalKind::Average).await;
        if found.as_ref().err().map(String::as_str) != Some(says) {
            wrong.push(format!("{content:?} gives {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_marginal_value_may_be_below_zero() {
    let content = "timestamp_utc,DE\n2026-03-02T00:00Z,-40\n2026-03-02T01:00Z,500\n";
    let (_, _, values, _, remarks) = read(content.as_bytes(), SignalKind::Marginal)
        .await
        .expect("an answer");
    assert_eq!(values, [-40.0, 500.0]);
    assert_eq!(
        remarks[0],
        "1 values of the file are below 0 (first in line 2) and were kept"
    );
}

#[tokio::test]
async fn a_file_without_a_zone_speaks_for_one_place_only() {
    let content = b"timestamp_utc,gco2_per_kwh\n2026-03-02T00:00Z,100\n2026-03-02T01:00Z,110\n";
    let answers = ask(
        content,
        SignalKind::Average,
        &["eu-central-1", "eu-west-3"],
        day(),
        MIDNIGHT,
    )
    .await;
    let reasons: Vec<&str> = answers
        .warnings
        .iter()
        .map(|warning| warning.reason.as_str())
        .collect();
    let says = |zone: &str| {
        format!(
            "its only column gco2_per_kwh names no zone, and several were asked for: give it the zone's name, as in timestamp_utc,{zone}"
        )
    };
    assert_eq!(reasons, [says("DE"), says("FR")]);
    // The user may say whose it is.
    let (mut settings, _file) = settings(content, SignalKind::Average);
    settings
        .zones
        .insert("eu-west-3".to_owned(), "gco2_per_kwh".to_owned());
    let grid = Grid::new(settings).expect("legal");
    let places = ["eu-central-1", "eu-west-3"]
        .map(|name| Place::Region(name.to_owned()))
        .to_vec();
    let answers = grid
        .signals(
            Catalog::embedded(),
            &Asked {
                places,
                what: day(),
            },
            UtcSeconds(MIDNIGHT),
        )
        .await;
    assert!(
        answers.by_place["eu-west-3"]
            .as_ref()
            .is_ok_and(|answer| !answer.fallback)
    );
    assert!(
        answers.by_place["eu-central-1"]
            .as_ref()
            .is_ok_and(|answer| answer.fallback)
    );
}

#[tokio::test]
async fn what_a_file_says_is_kept() {
    let content = b"timestamp_utc,gco2_per_kwh,issued_utc,low,high\n2026-03-02T00:00Z,100,2026-03-01T20:00Z,90,115\n2026-03-02T01:00Z,110,2026-03-01T21:00Z,95,130\n";
    let (mut settings, file) = settings(content, SignalKind::Average);
    settings.factor_type = Some(FactorType::Direct);
    let grid = Grid::new(settings).expect("legal");
    let what = What::Forecast {
        from: UtcSeconds(MIDNIGHT),
        until: UtcSeconds(MIDNIGHT + HOUR),
    };
    let asked = Asked {
        places: vec![Place::Region("eu-central-1".to_owned())],
        what,
    };
    let answers = grid
        .signals(Catalog::embedded(), &asked, UtcSeconds(MIDNIGHT))
        .await;
    let signal = &answers.by_place["eu-central-1"]
        .as_ref()
        .expect("an answer")
        .signal;
    assert_eq!(
        Some(signal.source.as_str()),
        file.path().file_name().and_then(|name| name.to_str())
    );
    assert_eq!(
        (signal.quality, signal.factor_type),
        (Quality::Forecast, FactorType::Direct)
    );
    assert_eq!(signal.issued_at, Some(UtcSeconds(MIDNIGHT - 3 * HOUR)));
    assert_eq!(signal.series.ranges(), [[90.0, 115.0]]);
}

#[tokio::test]
async fn a_file_that_is_not_there_falls_back() {
    let mut settings = Settings::new(SourceName::File);
    settings.kind = Some(SignalKind::Average);
    settings.path = Some("/nowhere/at/all.csv".into());
    let grid = Grid::new(settings).expect("legal");
    let asked = Asked {
        places: vec![Place::Region("eu-central-1".to_owned())],
        what: What::Latest,
    };
    let answers = grid
        .signals(Catalog::embedded(), &asked, UtcSeconds(MIDNIGHT))
        .await;
    assert_eq!(
        answers.warnings[0].reason,
        "/nowhere/at/all.csv cannot be opened: entity not found"
    );
    assert!(
        answers.by_place["eu-central-1"]
            .as_ref()
            .is_ok_and(|answer| answer.fallback)
    );
}

/// The traces that lie beside the repository are in the documented form.
#[tokio::test]
async fn the_traces_are_read_as_they_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("../shared/data/traces/cc-lifecycle_2021_wide.csv.gz");
    if !path.exists() {
        crate::needed::skipped("../shared/data/traces is not there");
        return;
    }
    let mut settings = Settings::new(SourceName::File);
    settings.kind = Some(SignalKind::Average);
    settings.path = Some(path);
    let grid = Grid::new(settings).expect("legal");
    let from = UtcSeconds(1_609_459_200);
    let what = What::History {
        from,
        until: from.plus_hours(8760.0),
    };
    let asked = Asked {
        places: vec![Place::Region("us-east-1".to_owned())],
        what,
    };
    let answers = grid
        .signals(Catalog::embedded(), &asked, from.plus_hours(8760.0))
        .await;
    assert!(answers.warnings.is_empty(), "{:?}", answers.warnings);
    let series = &answers.by_place["us-east-1"]
        .as_ref()
        .expect("an answer")
        .signal
        .series;
    assert_eq!((series.start(), series.values().len()), (from, 8760));
    assert_eq!(series.values()[..2], [372.55, 364.66]);
}

/// A source, what is changed in its good settings, and what is wrong with them then.
type Case = (SourceName, fn(&mut Settings), &'static [&'static str]);

#[tokio::test]
async fn settings_that_cannot_be_right_are_named() {
    let server = Server::start(|_, _| Reply::json("{}")).await;
    let problems = |change: fn(&mut Settings), source: SourceName| {
        let mut settings = Settings::new(source);
        settings.kind = source.kinds().first().copied();
        if source == SourceName::CarbonAwareSdk {
            settings.url = Some(server.url());
        }
        if source == SourceName::File {
            settings.path = Some("x.csv".into());
        }
        change(&mut settings);
        settings
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    use SourceName::{CarbonAwareSdk, Eia, ElectricityMaps, Embedded, File, WattTime};
    let cases: [Case; 17] = [
        (Embedded, |_| {}, &[]),
        (ElectricityMaps, |s| s.kind = None, &[]),
        (
            ElectricityMaps,
            |s| s.kind = Some(SignalKind::Marginal),
            &["kind: electricity_maps gives no marginal signal; legal: average."],
        ),
        (
            WattTime,
            |s| s.kind = None,
            &[
                "kind: watttime gives average, marginal: say which one. They rank regions differently, so that neither can stand for the other.",
            ],
        ),
        (
            Eia,
            |s| s.kind = Some(SignalKind::Marginal),
            &["kind: eia gives no marginal signal; legal: average."],
        ),
        (
            WattTime,
            |s| s.factor_type = Some(FactorType::LifeCycle),
            &["factor_type: watttime gives no life_cycle factors; legal: direct."],
        ),
        (
            WattTime,
            |s| s.api_key = Some("k".into()),
            &["api_key: watttime takes no key. It takes username and password."],
        ),
        (
            ElectricityMaps,
            |s| s.username = Some("u".to_owned()),
            &["username: electricity_maps takes no username; only watttime does."],
        ),
        (
            File,
            |s| s.path = None,
            &["path: file needs the path of a CSV or JSON file."],
        ),
        (
            Eia,
            |s| s.path = Some("x".into()),
            &["path: eia reads no file; only file does."],
        ),
        (
            CarbonAwareSdk,
            |s| s.url = None,
            &[
                "url: carbon_aware_sdk needs the address of your own service, such as http://localhost:8080.",
            ],
        ),
        (
            File,
            |s| s.url = Some("https://example.org".to_owned()),
            &["url: file asks no service."],
        ),
        (
            Eia,
            |s| s.url = Some("example.org".to_owned()),
            &["url: an address like https://example.org/api is legal."],
        ),
        (
            Eia,
            |s| s.url = Some("ftp://example.org".to_owned()),
            &["url: an address like https://example.org/api is legal."],
        ),
        (
            Eia,
            |s| s.url = Some("https://me:secret@example.org".to_owned()),
            &[
                "url: an address like https://example.org/api is legal, without a user or a password in it.",
            ],
        ),
        (
            Eia,
            |s| s.url = Some("https://example.org/?key=1".to_owned()),
            &[
                "url: an address like https://example.org/api is legal, without a query or a fragment.",
            ],
        ),
        (
            Eia,
            |s| s.timeout = std::time::Duration::ZERO,
            &["timeout: a time between 1 ms and 300 s is legal."],
        ),
    ];
    for (source, change, says) in cases {
        assert_eq!(problems(change, source), says, "{source:?}");
    }
}
