//! What a run took and how well it used what it ran on, from series as CloudWatch has them.

use catalog::Catalog;
use planner::{
    Bottleneck, Capacity, GramsPerKwh, Hours, Method, Run, Sample, Usage, judge, measure,
};

/// Accelerators, their memory, processors, memory; in percent.
type Minute = [f64; 4];

fn sample([accelerator, accelerator_memory, cpu, memory]: Minute) -> Sample {
    let share = |percent: f64| (percent >= 0.0).then_some(percent / 100.0);
    Sample {
        cpu: share(cpu),
        memory: share(memory),
        accelerator: share(accelerator),
        accelerator_memory: share(accelerator_memory),
        disk: Some(0.4),
    }
}

/// Two hours of minutes, each instance with its own pattern.
fn usage(hosts: &[&[Minute]]) -> Usage {
    let host = |pattern: &&[Minute]| {
        pattern
            .iter()
            .cycle()
            .take(120)
            .map(|m| sample(*m))
            .collect()
    };
    Usage {
        period: Hours(1.0 / 60.0),
        hosts: hosts.iter().map(host).collect(),
    }
}

fn run<'a>(instance_type: &'a str, usage: Option<&'a Usage>) -> Run<'a> {
    Run {
        region: "eu-north-1",
        instance_type,
        instance_count: usage.map_or(1, |usage| usage.hosts.len() as u32),
        capacity: Capacity::OnDemand,
        training_hours: Hours(2.0),
        other_hours: Hours(0.1),
        pool_hours: Hours(0.0),
        billable_hours: None,
        usage,
        intensity: None,
    }
}

const GPU: &str = "ml.g5.12xlarge";
const CPU: &str = "ml.m5.4xlarge";

#[test]
fn what_held_a_run_up() {
    // No accelerators: no figures of any.
    let cpu = |cpu, memory| [-1.0, -1.0, cpu, memory];
    type Case<'a> = (
        &'a str,
        &'a str,
        &'a [&'a [Minute]],
        Bottleneck,
        [f64; 2],
        &'a str,
    );
    let cases: &[Case] = &[
        (
            "an image model, well fed",
            GPU,
            &[&[[96.0, 82.0, 55.0, 30.0], [98.0, 82.0, 60.0, 30.0]]],
            Bottleneck::None,
            [88.0, 99.0],
            "",
        ),
        (
            "JPEGs decoded by too few CPUs",
            GPU,
            &[&[[38.0, 60.0, 97.0, 40.0], [52.0, 60.0, 99.0, 41.0]]],
            Bottleneck::Cpu,
            [30.0, 60.0],
            "CPUs are at their limit (mean 98 %)",
        ),
        (
            "many small files: minutes of work, minutes of waiting",
            GPU,
            &[&[
                [95.0, 70.0, 20.0, 20.0],
                [94.0, 70.0, 25.0, 20.0],
                [4.0, 70.0, 8.0, 20.0],
                [2.0, 70.0, 6.0, 20.0],
            ]],
            Bottleneck::DataLoading,
            [50.0, 80.0],
            "raise num_data_loader_workers",
        ),
        (
            "steadily half fed",
            GPU,
            &[&[[45.0, 85.0, 40.0, 30.0]]],
            Bottleneck::DataLoading,
            [35.0, 65.0],
            "accelerators wait (mean 45 %",
        ),
        (
            "a batch as large as the memory",
            GPU,
            &[&[[58.0, 97.0, 30.0, 30.0], [62.0, 98.0, 30.0, 30.0]]],
            Bottleneck::GpuMemory,
            [50.0, 80.0],
            "memory is full (97 % to 98 % in nine tenths of the time)",
        ),
        (
            "a small model on a large machine",
            GPU,
            &[&[[9.0, 6.0, 4.0, 5.0], [14.0, 6.0, 5.0, 5.0]]],
            Bottleneck::UnderUse,
            [5.0, 30.0],
            "all little used",
        ),
        (
            "trees on every core",
            CPU,
            &[&[cpu(97.0, 40.0)]],
            Bottleneck::None,
            [85.0, 99.0],
            "",
        ),
        (
            "trees on one core",
            CPU,
            &[&[cpu(7.0, 20.0)]],
            Bottleneck::UnderUse,
            [5.0, 30.0],
            "all 16 vCPUs",
        ),
        (
            "bursts between reads",
            CPU,
            &[&[cpu(92.0, 20.0), cpu(12.0, 20.0), cpu(8.0, 20.0)]],
            Bottleneck::DataLoading,
            [30.0, 70.0],
            "work in bursts",
        ),
    ];
    for (what, instance_type, hosts, expected, [least, most], words) in cases {
        let usage = usage(hosts);
        let judged = judge(Catalog::embedded(), &run(instance_type, Some(&usage))).unwrap();
        assert_eq!(judged.bottleneck, *expected, "{what}: {judged:?}");
        let score = judged.score.unwrap();
        assert!((*least..=*most).contains(&score), "{what}: {score}");
        let lines = judged.recommendations.join("\n");
        assert!(lines.contains(words), "{what}: {lines}");
        assert_eq!(words.is_empty(), lines.is_empty(), "{what}: {lines}");
    }
}

#[test]
fn what_else_is_worth_a_word() {
    let busy: &[Minute] = &[[95.0, 70.0, 50.0, 96.0]];
    let idle: &[Minute] = &[[40.0, 70.0, 50.0, 30.0]];
    let two = usage(&[busy, idle]);
    let mut long_download = run(GPU, Some(&two));
    long_download.other_hours = Hours(1.0);
    let lines = judge(Catalog::embedded(), &long_download)
        .unwrap()
        .recommendations;
    for words in [
        "compare with fewer of them",
        "algo-2 worked at 40 %, algo-1 at 95 %",
        "Memory was up to 96 % used, of 192 GiB",
        "33 % of the time in use was download",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(words)),
            "{words}: {lines:?}"
        );
    }
}

#[test]
fn without_enough_metrics_there_is_no_judgement_and_training_counts_at_its_usual_power() {
    let catalog = Catalog::embedded();
    let mut sparse = usage(&[&[[90.0, 50.0, 50.0, 50.0]]]);
    sparse.hosts[0].truncate(50);
    // Trainium has no accelerator metrics in CloudWatch.
    let trainium = usage(&[&[[-1.0, -1.0, 50.0, 50.0]]]);
    for run in [
        run(GPU, None),
        run(GPU, Some(&sparse)),
        run("ml.trn1.32xlarge", Some(&trainium)),
    ] {
        let judged = judge(catalog, &run).unwrap();
        assert_eq!(
            (judged.bottleneck, judged.score),
            (Bottleneck::Unknown, None)
        );
        let words = if run.instance_type == GPU {
            "cloudwatch:GetMetricData"
        } else {
            "no figures of Trainium"
        };
        assert!(judged.recommendations[0].contains(words));
        let measured = measure(catalog, &run).unwrap();
        assert_eq!(measured.method, Method::Modelled);
        assert!(measured.coverage < 0.5);
        let bare = Run {
            usage: None,
            ..run.clone()
        };
        assert_eq!(
            measured.energy_kwh,
            measure(catalog, &bare).unwrap().energy_kwh
        );
    }
    let never = Run {
        training_hours: Hours(0.0),
        other_hours: Hours(0.0),
        pool_hours: Hours(0.0),
        ..run(GPU, None)
    };
    assert_eq!(judge(catalog, &never), None);
}

#[test]
fn energy_follows_use_within_its_range() {
    let catalog = Catalog::embedded();
    for (instance_type, full) in [(GPU, 1.0), (CPU, 0.9)] {
        let t = catalog.instance_type(instance_type).unwrap();
        let usual = t.training_load() * 100.0;
        let at = |share: f64| {
            let cpu = if t.accelerator_count > 0 {
                usual
            } else {
                share * 100.0
            };
            let usage = usage(&[&[[share * 100.0, 50.0, cpu, 50.0]]]);
            measure(catalog, &run(instance_type, Some(&usage))).unwrap()
        };
        let assumed = measure(catalog, &run(instance_type, None)).unwrap();
        // Fully used it is what an estimate takes for training; a type's training power is rounded.
        let ratio = at(full).energy_kwh.value / assumed.energy_kwh.value;
        assert!((ratio - 1.0).abs() < 0.01, "{instance_type}: {ratio}");
        let mut before = 0.0;
        for percent in 0..=100 {
            let measured = at(f64::from(percent) / 100.0);
            let kwh = measured.energy_kwh;
            assert!(kwh.value.get() > before, "{instance_type} at {percent} %");
            assert!(kwh.low < kwh.value && kwh.value < kwh.high);
            let kg = measured.emissions_kg;
            assert!(kg.low < kg.value && kg.value < kg.high);
            assert_eq!(measured.coverage, 1.0);
            before = kwh.value.get();
        }
        // Idle for two hours is the idle power of the catalogue, PUE included.
        let pue = catalog.region("eu-north-1").unwrap().pue.value;
        let idle = at(0.0).energy_kwh.value.get();
        if t.accelerator_count == 0 {
            assert!(
                (idle - pue * t.idle_w * 2.1 / 1000.0).abs() < 1e-9,
                "{idle}"
            );
        }
        // What is measured is less uncertain than what is assumed.
        let width = |m: &planner::Measured| m.energy_kwh.high / m.energy_kwh.low;
        assert!(width(&at(0.8)) < width(&assumed), "{instance_type}");
    }
}

#[test]
fn emissions_follow_the_intensity_that_was_decided_with() {
    let catalog = Catalog::embedded();
    let clean = run(GPU, None);
    let dirty = Run {
        intensity: Some(GramsPerKwh(700.0)),
        ..run(GPU, None)
    };
    let [clean, dirty] = [clean, dirty].map(|run| measure(catalog, &run).unwrap());
    assert_eq!(clean.energy_kwh, dirty.energy_kwh);
    assert!(dirty.emissions_kg.value.get() > 10.0 * clean.emissions_kg.value.get());
}
