//! A create that is killed, refused or loses its answer at each of its calls in turn, against an AWS emulator; without
//! `SUSTAINABLE_EMULATOR_URL` nothing is run.

#![allow(clippy::unwrap_used)] // helpers of tests are no tests to the lint

mod common;

use std::sync::Mutex;
use std::time::Duration;

use aws::lifecycle::{self, DestroyOptions, OnDestroy};
use aws::{Control, Handle, Progress, RunSpec};
use serde_json::{Value, json};

use common::{World, succeeded, world};

struct Keep(Mutex<Option<Handle>>);

impl Progress for Keep {
    fn save(&self, handle: &Handle) {
        *self.0.lock().unwrap() = Some(handle.clone());
    }
}

/// Kills a create after each of its calls in turn, creates again and destroys.
async fn kill_everywhere(
    world: &World,
    spec: &RunSpec,
    options: DestroyOptions,
    clean: impl AsyncFn(usize),
) {
    let log = || {
        let answer = world.call("GET", "requests", "");
        answer["requests"]
            .as_array()
            .or(answer.as_array())
            .map_or(0, Vec::len)
    };
    for nth in 1..200 {
        let before = log();
        let keep = Keep(Mutex::new(None));
        let control = Control {
            progress: &keep,
            ..world.control()
        };
        let killed = tokio::select! {
            report = lifecycle::create(&world.aws, spec, &control) => { succeeded(&report); false }
            () = async {
                while log() < before + nth {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            } => true,
        };
        world.post("clock", &json!({ "advance_seconds": 120 }));
        let handle = if killed {
            let second = world.create(spec).await;
            succeeded(&second);
            second.handle
        } else {
            keep.0.into_inner().unwrap().unwrap()
        };
        let gone = lifecycle::destroy(&world.aws, &handle, options, &world.control()).await;
        assert!(
            gone.failure.is_none() && gone.handle.is_empty(),
            "{nth}: {gone:?}"
        );
        let left = world.inventory();
        for kind in ["claims", "dashboards", "jobs", "roles"] {
            assert_eq!(left[kind], json!([]), "{nth}: {kind}");
        }
        clean(nth).await;
        if !killed {
            println!("{} calls", nth - 1);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_call_a_second_apply_converges_and_a_destroy_leaves_nothing() {
    let Some(world) = world(5).await else { return };
    world.data(2, 10).await;
    let options = DestroyOptions {
        on_destroy: OnDestroy::Delete,
        force: false,
    };
    kill_everywhere(&world, &world.spec(), options, async |nth| {
        let keys = world.keys(&world.bucket()).await;
        assert!(
            keys.iter()
                .all(|key| key.starts_with("data/") || key.starts_with("sustainable/runs/")),
            "{nth}: {keys:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_buckets_of_our_own() {
    let Some(world) = world(7).await else {
        return;
    };
    let mut spec = world.abroad();
    spec.data_bucket.create = true;
    spec.dataset_size_gb = 0.0;
    spec.channels.clear();
    let options = DestroyOptions {
        on_destroy: OnDestroy::Delete,
        force: true,
    };
    kill_everywhere(&world, &spec, options, async |nth| {
        assert_eq!(world.inventory()["buckets"], json!([]), "{nth}");
    })
    .await;
}

/// One fault at each call of a create and of a destroy in turn: whatever it does, a destroy leaves nothing.
async fn fault_everywhere(world: &World, spec: &RunSpec, fault: &Value, must_succeed: bool) {
    let hit = |nth: usize| {
        let mut rule = fault.clone();
        rule["nth"] = json!(nth);
        world.post("faults", &rule);
    };
    let fired = || {
        world.call("GET", "faults", "")["faults"][0]["fired"]
            .as_u64()
            .unwrap_or_else(|| panic!("{}", world.call("GET", "faults", "")))
    };
    for nth in 1..200 {
        hit(nth);
        let report = world.create(spec).await;
        let in_create = fired() > 0;
        if must_succeed {
            assert!(report.failure.is_none(), "{nth}: {:?}", report.failure);
        }
        let jobs = world.inventory()["jobs"].as_array().map_or(0, Vec::len);
        assert_eq!(
            jobs,
            usize::from(report.handle.job_name.is_some()),
            "{nth}: {report:?}"
        );
        let mut handle = report.handle;
        // Two tries: the fault may hit the destroy.
        for _ in 0..2 {
            handle = world.destroy(&handle, true).await.handle;
        }
        assert!(handle.is_empty(), "{nth}: {handle:?}");
        let left = world.inventory();
        for kind in ["claims", "dashboards", "jobs", "roles"] {
            assert_eq!(left[kind], json!([]), "{nth}: {kind}");
        }
        let buckets = left["buckets"].as_array().unwrap();
        assert_eq!(buckets.len(), 1, "{nth}: {buckets:?}");
        let in_destroy = fired() > 0;
        world.call("DELETE", "faults", "");
        if !in_create && !in_destroy {
            println!("{} calls", nth - 1);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_at_any_call_is_no_trouble() {
    let Some(world) = world(11).await else { return };
    world.data(2, 10).await;
    let spec = world.abroad();
    fault_everywhere(&world, &spec, &json!({ "kind": "lost_after" }), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_at_any_call_a_destroy_still_leaves_nothing() {
    let Some(world) = world(12).await else { return };
    world.data(2, 10).await;
    let spec = world.abroad();
    fault_everywhere(&world, &spec, &json!({ "kind": "refused" }), false).await;
}
