//! The tables are what the data files say, and hold together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use catalog::{Basis, Catalog, Kind, Offer, Overrides, Quality, SourceId, UtcSeconds, images};

#[path = "../tools/tables/mod.rs"]
mod tables;

#[test]
fn the_committed_tables_are_the_data_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = tables::generate(&root.join("data")).unwrap();
    let committed = std::fs::read_to_string(root.join("src/generated.rs")).unwrap();
    assert!(
        expected == committed,
        "src/generated.rs is stale: run `cargo run -p sustainable-catalog --example generate`"
    );
}

#[test]
fn every_figure_is_possible_and_cited() {
    let c = Catalog::embedded();
    assert_eq!((c.regions().len(), c.instance_types().len()), (38, 145));
    for r in c.regions() {
        for (what, figure) in [("intensity", r.intensity), ("pue", r.pue)] {
            assert!(
                figure.low <= figure.value && figure.value <= figure.high,
                "{} {what}",
                r.name
            );
            assert!(c.source(figure.source).is_some(), "{} {what}", r.name);
        }
        assert!(r.pue.low >= 1.0 && r.intensity.low > 0.0, "{}", r.name);
        assert!(
            r.variability.h24 >= r.variability.h96 && r.variability.h96 >= 0.0,
            "{}",
            r.name
        );
        if let (Some(renewable), Some(free)) = (r.renewable_percent, r.carbon_free_percent) {
            assert!(renewable <= free && free <= 100.0, "{}", r.name);
        }
        if r.partition == "aws" {
            assert!(
                c.egress_usd_per_gb(r.name, "nowhere").is_some(),
                "{}",
                r.name
            );
        }
    }
    for t in c.instance_types() {
        assert!(
            0.0 < t.idle_w && t.idle_w < t.half_w && t.half_w < t.full_w && t.train_w <= t.full_w,
            "power of {}",
            t.name
        );
        assert!(
            t.embodied_g_per_h > 0.0 && t.vcpu > 0 && t.ram_gib > 0.0,
            "{}",
            t.name
        );
        assert_eq!(t.accelerator.is_some(), t.kind != Kind::Cpu, "{}", t.name);
        assert_eq!(t.accelerator_count > 0, t.kind != Kind::Cpu, "{}", t.name);
        assert!(
            c.source(t.power_source).is_some() && c.source(t.embodied_source).is_some(),
            "{}",
            t.name
        );
        for width in t.power_width.into_iter().chain(t.embodied_width) {
            assert!((0.0..2.0).contains(&width), "{}", t.name);
        }
        for r in c.regions() {
            let Some(price) = c.price(t.name, r.name) else {
                continue;
            };
            assert_eq!(
                price.on_demand_usd_h.is_none(),
                price.basis == Basis::Unknown,
                "{} {}",
                t.name,
                r.name
            );
            assert!(c.source(price.source).is_some(), "{} {}", t.name, r.name);
        }
    }
    for row in c.throughputs() {
        assert!(row.relative.low <= row.relative.value && row.relative.value <= row.relative.high);
    }
    for zone in catalog::signal_zones() {
        assert!(c.source(zone.source).is_some(), "{}", zone.region);
    }
    for factor in catalog::generation_factors() {
        assert!(c.source(factor.source).is_some(), "{}", factor.code);
        assert!(factor.life_cycle <= 1000.0, "{}", factor.code);
    }
    for name in catalog::Constants::NAMES {
        assert!(c.meaning(name).is_some(), "{name}");
    }
}

/// A new file is held to it too: its rows are found by themselves. What `sources.csv` demands is title, date and licence.
#[test]
fn every_row_of_every_file_names_its_source() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let rows = |path: &Path| -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(path).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    };
    let known: BTreeSet<String> = rows(&data.join("sources.csv"))
        .into_iter()
        .map(|mut row| row.remove("key").unwrap())
        .collect();
    // The citations themselves, and the catalogue's own version and dates.
    let without = ["sources.csv", "catalog.csv"];
    // Names a service, not a citation.
    let of_a_service = "signal_source";
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".csv") && !without.contains(&name.as_str()) {
                files += 1;
                for (index, row) in rows(&path).iter().enumerate() {
                    let cited: Vec<&String> = row
                        .iter()
                        .filter(|(column, _)| *column == "source" || column.ends_with("_source"))
                        .filter(|(column, _)| *column != of_a_service)
                        .map(|(_, key)| key)
                        .collect();
                    assert!(
                        !cited.is_empty() && cited.iter().all(|key| known.contains(*key)),
                        "{name}, line {}: {cited:?} are not keys of sources.csv",
                        index + 2
                    );
                }
            }
        }
    }
    assert!(files > 20, "{files} files");
}

#[test]
fn known_facts_come_out() {
    let c = Catalog::embedded();
    assert_eq!(
        c.price("ml.p5.48xlarge", "eu-north-1")
            .unwrap()
            .on_demand_usd_h,
        Some(67.7267)
    );
    assert_eq!(c.offer("ml.p5.48xlarge", "eu-north-1"), Offer::Offered);
    assert_eq!(c.offer("ml.p5.48xlarge", "eu-west-3"), Offer::NotOffered);
    // Spot Advisor alone is no offer; a region that no list covers is unknown.
    assert_eq!(c.offer("ml.t3.medium", "mx-central-1"), Offer::NotOffered);
    assert_eq!(c.offer("ml.p5.48xlarge", "cn-north-1"), Offer::Unknown);
    assert_eq!(c.egress_usd_per_gb("us-east-1", "us-east-2"), Some(0.01));
    assert_eq!(c.egress_usd_per_gb("sa-east-1", "us-east-2"), Some(0.138));
    // A host shared out by accelerators: published ratios of power and manufacture.
    for (name, power, embodied) in [
        ("ml.g6.xlarge", 1.86_f64, 2.36_f64),
        ("ml.g5.xlarge", 1.34, 1.97),
        ("ml.g6e.xlarge", 1.31, 2.04),
    ] {
        let t = c.instance_type(name).unwrap();
        assert!(
            (t.power_width[1] - 0.22_f64.hypot(power.ln())).abs() < 0.01,
            "{name}"
        );
        let rest = (t.embodied_kg[2] / t.embodied_kg[0])
            .ln()
            .hypot(1.5_f64.ln());
        assert!(
            (t.embodied_width[1] - rest.hypot(embodied.ln())).abs() < 0.01,
            "{name}"
        );
    }
    assert!((c.instance_type("ml.p5.48xlarge").unwrap().power_w(0.5) - 6367.0).abs() < 1e-9);
    for (model_type, name) in [
        ("tabular_data", "ml.m5.4xlarge"),
        ("natural_language", "ml.p4d.24xlarge"),
    ] {
        assert_eq!(catalog::reference_type(model_type), name);
    }
}

#[test]
fn images_are_found_or_refused_with_what_exists() {
    let c = Catalog::embedded();
    let region = |name| c.region(name).unwrap();
    let on = |name| c.instance_type(name).unwrap();
    let uri = |framework, t, r| {
        images::resolve(framework, on(t), region(r))
            .map(|i| i.uri)
            .map_err(|e| e.message)
    };
    assert_eq!(
        uri(None, "ml.p5.48xlarge", "eu-north-1").unwrap(),
        "763104351884.dkr.ecr.eu-north-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
    );
    assert_eq!(
        uri(Some("pytorch:2.x"), "ml.m5.xlarge", "cn-north-1").unwrap(),
        "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch:2.13-cpu-amzn2023-sagemaker"
    );
    // CUDA 13 does not drive a V100.
    assert!(
        uri(None, "ml.p3dn.24xlarge", "us-east-1")
            .unwrap()
            .contains("2.8.0-gpu-py312-cu129")
    );
    assert!(uri(Some("pytorch:2.13"), "ml.p3dn.24xlarge", "us-east-1").is_err());
    assert!(
        uri(None, "ml.trn1.32xlarge", "us-east-1")
            .unwrap()
            .contains("neuronx")
    );
    assert!(
        uri(None, "ml.trn1.32xlarge", "eu-north-1")
            .unwrap_err()
            .contains("no Neuron image")
    );
    assert!(
        uri(Some("pytroch:2.x"), "ml.p5.48xlarge", "us-east-1")
            .unwrap_err()
            .contains("did you mean pytorch?")
    );
    assert!(
        uri(Some("pytorch:1.0"), "ml.p5.48xlarge", "us-east-1")
            .unwrap_err()
            .contains("known versions: 2.13")
    );
    assert_eq!(
        images::resolve_algorithm("xgboost:1.7-1", region("us-east-1"))
            .unwrap()
            .uri,
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    );
    assert!(
        images::resolve_algorithm("kmeans:2", region("us-east-1"))
            .unwrap_err()
            .message
            .contains("legal: 1")
    );
    assert_eq!(
        images::expand(
            "{account}.dkr.ecr.{region}.{suffix}/x:1",
            region("cn-north-1")
        )
        .unwrap(),
        "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/x:1"
    );
    assert!(images::expand("{zone}/x", region("us-east-1")).is_err());
    assert_eq!(
        images::literal_region("1.dkr.ecr.eu-west-1.amazonaws.com/x"),
        Some("eu-west-1")
    );
    assert_eq!(
        images::literal_region("1.dkr.ecr.{region}.amazonaws.com/x"),
        None
    );
}

#[test]
fn own_figures_are_laid_over_and_marked() {
    let text = r#"{
        "regions": { "eu-north-1": { "pue": 1.05, "intensity_g_per_kwh": { "value": 0.5, "low": 0, "high": 1 }, "attribution": "market-based" } },
        "prices": {
            "ml.p5.48xlarge": { "eu-north-1": { "usd_per_hour": 40 }, "*": { "discount_percent": 10 } },
            "ml.p4d.24xlarge": { "us-east-1": { "discount_percent": 10 }, "*": { "discount_percent": 50 } }
        },
        "instance_types": { "ml.g5.xlarge": { "training_w": 250 } },
        "throughput": { "TRN1": { "vision": { "amp": 0.4 } } },
        "constants": { "startup_hours": { "value": 0.2, "low": 0.1, "high": 0.3 } }
    }"#;
    let overrides = Overrides::parse(text).unwrap();
    assert_eq!(overrides.digest().len(), 64);
    let c = Catalog::with_overrides(&overrides);
    assert!(c.version().contains('+'));
    let region = c.region("eu-north-1").unwrap();
    assert_eq!(
        (region.pue.value, region.pue.source),
        (1.05, SourceId::OVERRIDE)
    );
    assert_eq!(
        (region.intensity.high, region.attribution.as_str()),
        (1.0, "market-based")
    );
    assert_eq!(
        c.price("ml.p5.48xlarge", "eu-north-1")
            .unwrap()
            .on_demand_usd_h,
        Some(40.0)
    );
    let elsewhere = c.price("ml.p5.48xlarge", "us-east-1").unwrap();
    assert_eq!(
        (elsewhere.on_demand_usd_h, elsewhere.basis),
        (Some(56.9664), Basis::Own)
    );
    // A region's own entry stands alone: it is not taken off what the entry for all regions left.
    for (region, kept) in [("us-east-1", 0.9), ("us-east-2", 0.5)] {
        let usd = |c: &Catalog| c.price("ml.p4d.24xlarge", region).unwrap().on_demand_usd_h;
        let (own, listed) = (usd(&c).unwrap(), usd(Catalog::embedded()).unwrap());
        assert!(
            (own - kept * listed).abs() < 1e-6,
            "{region}: {own} of {listed}"
        );
    }
    assert_eq!(
        c.instance_type("ml.g5.xlarge").unwrap().power_source,
        SourceId::OVERRIDE
    );
    assert!(
        c.throughputs()
            .iter()
            .any(|t| t.accelerator == "TRN1" && t.relative.source == SourceId::OVERRIDE)
    );
    assert!(c.meaning("startup_hours").unwrap().1);
    // The embedded figures are untouched.
    assert_eq!(
        Catalog::embedded().region("eu-north-1").unwrap().pue.value,
        1.09
    );
}

#[test]
fn wrong_own_figures_are_named_all_at_once() {
    let text = r#"{
        "regons": {},
        "regions": { "eu-nort-1": {}, "eu-north-1": { "pue": 0.5, "attribution": "green", "pu": 1 } },
        "prices": { "ml.p5.48xlarge": { "*": { "usd_per_hour": "40" }, "eu-north-1": 3, "af-south-1": { "discount_percent": 5 } } },
        "instance_types": { "ml.p4d.24xlarge": { "training_w": 10 } },
        "constants": { "nvme_gb_per_s": { "value": 1, "low": 0, "high": 2 }, "startup_hours": { "low": 1 } }
    }"#;
    let errors: Vec<String> = Overrides::parse(text)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "constants.nvme_gb_per_s: has to be above 0",
        "constants.startup_hours: an object needs a value, with low and high if it has a range",
        "instance_types.ml.p4d.24xlarge: training_w (10) has to be above idle_w (744.8): give both",
        "prices.ml.p5.48xlarge.*.usd_per_hour: a number is expected, not a string",
        "prices.ml.p5.48xlarge.af-south-1: discount_percent is taken off the list price, and none is known there: give usd_per_hour",
        "prices.ml.p5.48xlarge.eu-north-1: an object is expected, not a number",
        "regions.eu-nort-1: unknown region \"eu-nort-1\"; did you mean eu-north-1?",
        "regions.eu-north-1.attribution: \"green\", legal: \"location-based\", \"market-based\"",
        "regions.eu-north-1.pu: unknown key, legal: pue, intensity_g_per_kwh, attribution, renewable_percent, carbon_free_percent; did you mean pue?",
        "regions.eu-north-1.pue: 0.5, legal: 1 to 3",
        "regons: unknown key, legal: regions, prices, instance_types, throughput, constants; did you mean regions?",
    ];
    let mut sorted = errors.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    assert!(
        Overrides::parse("{").unwrap_err()[0]
            .message
            .starts_with("not JSON")
    );
}

#[test]
fn grids_have_their_usual_hours_or_are_flat() {
    let c = Catalog::embedded();
    // Monday, 2026-06-01, for a year; asked in the middle of an hour.
    let from = UtcSeconds(1_780_272_000 + 1800);
    let mut shaped = Vec::new();
    for region in c.regions() {
        let signal = region.expected(from, 365 * 24);
        let series = &signal.series;
        assert_eq!(series.start(), UtcSeconds(1_780_272_000));
        let mean = series.values().iter().sum::<f64>() / series.values().len() as f64;
        assert!(
            (mean / region.intensity.value - 1.0).abs() < 0.005,
            "{}: {mean}",
            region.name
        );
        if signal.quality == Quality::Profile {
            let profile = region.profile().unwrap();
            assert!(c.source(profile.source).is_some(), "{}", region.name);
            assert_eq!(series.ranges().len(), series.values().len());
            shaped.push(region.name);
        } else {
            assert_eq!(signal.quality, Quality::Annual);
            assert!(series.values().iter().all(|v| *v == region.intensity.value));
            assert!(series.ranges().is_empty());
        }
    }
    assert_eq!(
        shaped,
        [
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "eu-central-1",
            "eu-north-1",
            "eu-south-2",
            "ap-southeast-2",
            "us-gov-east-1"
        ]
    );
    // California at noon (20:00 UTC) against its evening (03:00 UTC), on a weekday in June.
    let california = c.region("us-west-1").unwrap().expected(from, 48).series;
    let [noon, evening] = [20, 27].map(|hour| california.values()[hour]);
    assert!(noon < 0.75 * evening, "{noon} {evening}");
    // Sunday evening in Germany against Monday evening.
    let germany = c.region("eu-central-1").unwrap().expected(from, 168).series;
    let [monday, sunday] = [18, 162].map(|hour| germany.values()[hour]);
    assert!(sunday < 0.95 * monday, "{sunday} {monday}");
}
