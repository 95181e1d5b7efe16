//! How long a decision takes, and how that grows with each dimension: `cargo bench -p planner`.

use std::hint::black_box;
use std::sync::Arc;

use catalog::{Catalog, FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};
use criterion::{BenchmarkId, Criterion};
use planner::{
    AcceleratorCountPolicy, Hours, Memo, ModelType, Request, Residency, Signals, decide,
};

/// 2026-11-25T00:00:00Z.
const NOW: UtcSeconds = UtcSeconds(1_795_564_800);

fn anywhere() -> Request {
    let mut request = Request::new(ModelType::NaturalLanguage, "us-east-1", 16.0, Hours(96.0));
    request.data_residency = Some(Residency::Any);
    request.allow_companion_bucket = Some(true);
    request.supports_checkpointing = true;
    request
}

/// A forecast for every region: days with sun, weather that comes and goes, a range of a tenth.
fn forecasts(step_s: u32, hours: usize) -> Arc<Signals> {
    let mut signals = Signals::new(SignalKind::Average);
    for (place, region) in Catalog::embedded().regions().iter().enumerate() {
        let count = hours * 3600 / step_s as usize;
        let values: Vec<f64> = (0..count)
            .map(|i| {
                let hour = i as f64 * f64::from(step_s) / 3600.0 + place as f64;
                let day = (hour / 24.0 * std::f64::consts::TAU).sin();
                let weather = (hour / 57.0 * std::f64::consts::TAU).sin();
                region.intensity.value * (1.0 + 0.2 * day + 0.15 * weather)
            })
            .collect();
        let ranges = values.iter().map(|v| [v * 0.9, v * 1.1]).collect();
        let series = Series::new(NOW, step_s, values).and_then(|s| s.with_ranges(ranges));
        let signal = Signal {
            source: "bench".to_owned(),
            zone: region.zone.to_owned(),
            kind: SignalKind::Average,
            factor_type: FactorType::LifeCycle,
            quality: Quality::Forecast,
            issued_at: Some(NOW),
            estimated: false,
            series: series.expect("values at an even step"),
        };
        signals.by_region.insert(region.name.to_owned(), signal);
    }
    Arc::new(signals)
}

fn over_time(days: f64, step_s: u32) -> Request {
    let mut request = anywhere();
    request.earliest_start = Some(NOW);
    request.max_start_delay_hours = Hours(days * 24.0);
    request.signals = Some(forecasts(step_s, 24 * 16));
    request
}

fn benches(c: &mut Criterion) {
    let catalog = Catalog::embedded();
    let request = anywhere();
    c.bench_function("38 regions x 145 types", |b| {
        b.iter(|| decide(black_box(catalog), black_box(&request)))
    });
    let mut every = anywhere();
    every.accelerator_count_policy = AcceleratorCountPolicy::Any;
    every.min_gpu_memory_gb = Some(1.0);
    every.max_slowdown = Some(100.0);
    every.num_data_loader_workers = 1;
    c.bench_function("38 regions x 145 types, any count", |b| {
        b.iter(|| decide(black_box(catalog), black_box(&every)))
    });
    c.bench_function("1,000 equal requests through the memo", |b| {
        b.iter(|| {
            let memo = Memo::default();
            for _ in 0..1000 {
                black_box(memo.decide(catalog, black_box(&request)));
            }
        });
    });
    time(c);
}

/// 38 regions x 145 types x 7 days in steps of 5 minutes, and each dimension on its own.
fn time(c: &mut Criterion) {
    let catalog = Catalog::embedded();
    let mut group = c.benchmark_group("time");
    let mut ask = |name: &str, value: String, request: &Request| {
        group.bench_function(BenchmarkId::new(name, value), |b| {
            b.iter(|| decide(black_box(catalog), black_box(request)))
        });
    };
    let week = over_time(7.0, 300);
    ask(
        "all",
        "38 regions, 145 types, 7 days, 5 min".to_owned(),
        &week,
    );
    let names: Vec<String> = catalog
        .regions()
        .iter()
        .map(|r| r.name.to_owned())
        .collect();
    for count in [5, 10, 20, 34] {
        let mut some = week.clone();
        some.preferred_training_regions = names.iter().take(count).cloned().collect();
        ask("regions", count.to_string(), &some);
    }
    let mut any = week.clone();
    any.accelerator_count_policy = AcceleratorCountPolicy::Any;
    any.min_gpu_memory_gb = Some(1.0);
    ask("types", "any accelerator count".to_owned(), &any);
    for types in [1, 2, 4] {
        let named = [
            "ml.p4d.24xlarge",
            "ml.p5.48xlarge",
            "ml.g5.48xlarge",
            "ml.g6e.48xlarge",
        ];
        let mut some = week.clone();
        some.preferred_instance_types = named[..types].iter().map(|n| (*n).to_owned()).collect();
        ask("types", types.to_string(), &some);
    }
    for days in [0.0, 1.0, 2.0, 4.0, 7.0] {
        ask("days", days.to_string(), &over_time(days, 300));
    }
    for step_s in [3600, 1800, 900, 300] {
        ask(
            "step",
            format!("{} min", step_s / 60),
            &over_time(7.0, step_s),
        );
    }
    for hours in [1.0, 6.0, 24.0, 96.0] {
        let mut some = week.clone();
        some.estimated_training_hours = Hours(hours);
        ask("job", format!("{hours} h"), &some);
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
