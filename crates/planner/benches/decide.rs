//! How long a decision takes: `cargo bench -p planner`.

use std::hint::black_box;

use catalog::Catalog;
use criterion::Criterion;
use planner::{AcceleratorCountPolicy, Hours, Memo, ModelType, Request, Residency, decide};

fn anywhere() -> Request {
    let mut request = Request::new(ModelType::NaturalLanguage, "us-east-1", 16.0, Hours(96.0));
    request.data_residency = Some(Residency::Any);
    request.allow_companion_bucket = Some(true);
    request.supports_checkpointing = true;
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
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
