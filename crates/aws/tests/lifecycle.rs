//! The whole lifecycle against an AWS emulator; without `SUSTAINABLE_EMULATOR_URL` nothing is run, and that is said.
//!
//! `tests/emulator/README.md` says how to start one. Each test has an account of its own, so they may run at once.

#![allow(clippy::unwrap_used)] // helpers of tests are no tests to the lint

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use aws::lifecycle::{self, Change, DashboardChange, ImportId, ReadOptions};
use aws::spec::{Checkpoint, Dashboard, ResumeFrom, Source};
use aws::{Kind, Outcome, RunSpec, naming};
use serde_json::json;

use common::{succeeded, world};

#[tokio::test(flavor = "multi_thread")]
async fn create_read_update_destroy_leaves_the_users_data_and_the_manifest() {
    let Some(world) = world(1).await else { return };
    world.data(3, 10).await;
    let code = tempfile::tempdir().unwrap();
    std::fs::write(code.path().join("train.py"), "print('x')").unwrap();
    let mut spec = world.spec();
    spec.source = Source::Directory {
        path: code.path().to_owned(),
        exclude: vec![],
        digest: aws::source::digest(code.path(), &[]).unwrap(),
    };
    spec.entry_point = Some("train.py".to_owned());
    let report = world.create(&spec).await;
    println!("{:#?}", report.remarks);
    succeeded(&report);
    println!("{}", world.inventory());
    let mut handle = report.handle;
    let seen = loop {
        let seen = lifecycle::read(&world.aws, &handle, ReadOptions::default())
            .await
            .unwrap();
        handle = seen.handle.clone();
        assert_eq!(seen.missing, Vec::<String>::new());
        if seen.observation.is_terminal() {
            break seen;
        }
    };
    assert_eq!(
        seen.observation.outcome,
        Outcome::Succeeded,
        "{:?}",
        seen.observation
    );
    assert!(
        seen.handle
            .claim
            .as_ref()
            .is_some_and(|claim| claim.confirmed)
    );
    println!("{:#?}", seen.observation);

    let change = Change {
        tags: Some(BTreeMap::from([("team".to_owned(), "vision".to_owned())])),
        dashboard: Some(DashboardChange::Put(Dashboard::default())),
        alarms: None,
    };
    let updated = lifecycle::update(&world.aws, &handle, &change, &world.control()).await;
    assert!(
        updated.failure.is_none() && updated.remarks.is_empty(),
        "{updated:?}"
    );
    assert_eq!(updated.handle.tags["team"], "vision");

    let imported = lifecycle::import(
        &world.aws,
        &ImportId::parse(handle.job_arn.as_deref().unwrap()).unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(imported.manifest, Some(spec.manifest.clone()));
    assert_eq!(imported.handle.managed_role, handle.managed_role);
    let by_name = ImportId::Identity {
        bucket: world.bucket(),
        region: None,
        name: "bert".to_owned(),
    };
    assert_eq!(
        lifecycle::import(&world.aws, &by_name)
            .await
            .unwrap()
            .handle,
        imported.handle
    );

    // The name is taken.
    let again = world.create(&spec).await;
    let failure = again.failure.unwrap();
    assert_eq!(failure.error.kind(), Kind::Conflict, "{}", failure.error);
    assert!(again.handle.is_empty(), "{:?}", again.handle);

    let gone = world.destroy(&updated.handle, false).await;
    assert!(gone.failure.is_none() && gone.handle.is_empty(), "{gone:?}");
    println!("{:#?}\n{}", gone.left, world.inventory());
    let keys = world.keys(&world.bucket()).await;
    assert!(
        keys.iter()
            .all(|key| key.starts_with("data/") || key.starts_with("sustainable/runs/")),
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companion_bucket_is_made_filled_shared_and_removed() {
    let Some(world) = world(2).await else { return };
    world.data(20, 100).await;
    world
        .s3
        .put_object()
        .bucket(world.bucket())
        .key("data/big")
        .body(vec![b'y'; 13 << 20].into())
        .send()
        .await
        .unwrap();
    let spec = |name: &str| {
        let mut spec = world.abroad();
        spec.name = name.to_owned();
        spec.job_name_base = naming::job_name_base(name, &spec.request_digest);
        spec.checkpoint = Some(Checkpoint {
            local_path: "/opt/ml/checkpoints".to_owned(),
            resume_from: ResumeFrom::None,
        });
        spec.spot = true;
        spec.max_wait_seconds = Some(72_000);
        spec
    };
    let (left, right) = (spec("left"), spec("right"));
    let (one, two) = tokio::join!(world.create(&left), world.create(&right));
    succeeded(&one);
    succeeded(&two);
    // Three parts: each copies them all, or goes on with what the other has begun.
    let parts = world.calls("UploadPartCopy");
    assert!((3..=6).contains(&parts), "{parts}");
    let gone = world.destroy(&one.handle, true).await;
    assert!(gone.failure.is_none(), "{gone:?}");
    println!("{:#?}", gone.left);
    let seen = lifecycle::read(&world.aws, &two.handle, ReadOptions::default())
        .await
        .unwrap();
    assert_eq!(seen.missing, Vec::<String>::new());
    let gone = world.destroy(&two.handle, true).await;
    assert!(gone.failure.is_none(), "{gone:?}");
    let buckets = world.s3.list_buckets().send().await.unwrap();
    let names: Vec<&str> = buckets
        .buckets()
        .iter()
        .filter_map(|bucket| bucket.name())
        .collect();
    assert_eq!(names, [world.bucket()], "{}", world.inventory());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_stops_the_old_one_and_takes_the_next_name() {
    let Some(world) = world(3).await else { return };
    world.data(1, 10).await;
    world.post("jobs", &json!({ "name": "bert-*", "steps": ["Starting", { "status": "Training", "forever": true }] }));
    let spec = world.spec();
    let first = world.create(&spec).await;
    succeeded(&first);
    let mut next = spec.clone();
    next.checkpoint = Some(Checkpoint {
        local_path: "/opt/ml/checkpoints".to_owned(),
        resume_from: ResumeFrom::PreviousRun,
    });
    let second = lifecycle::rerun(&world.aws, &first.handle, &next, &world.control()).await;
    succeeded(&second);
    println!("{:#?}", second.remarks);
    assert_eq!(
        second.handle.job_name,
        first
            .handle
            .job_name
            .as_ref()
            .map(|name| format!("{name}-2"))
    );
    let old = lifecycle::read(
        &world.aws,
        &first.handle,
        ReadOptions {
            check_parts: false,
            ..ReadOptions::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (old.observation.outcome, old.observation.released),
        (Outcome::StoppedByUser, true)
    );
    // A failed new run gives the previous one back.
    world.post("faults", &json!({ "kind": "error", "service": "sagemaker", "operation": "CreateTrainingJob", "code": "ResourceLimitExceeded", "status": 400, "count": 1,
        "message": "The account-level service limit 'ml.g5.xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances." }));
    let third = lifecycle::rerun(&world.aws, &second.handle, &next, &world.control()).await;
    let failure = third.failure.unwrap();
    assert!(
        failure
            .error
            .to_string()
            .contains("ml.g5.xlarge for training job usage"),
        "{}",
        failure.error
    );
    assert_eq!(third.handle.job_name, second.handle.job_name);
    let fourth = lifecycle::rerun(&world.aws, &third.handle, &next, &world.control()).await;
    succeeded(&fourth);
    let gone = world.destroy(&fourth.handle, false).await;
    assert!(gone.failure.is_none(), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_no_second_job() {
    let Some(world) = world(4).await else { return };
    world.data(1, 10).await;
    world.post("faults", &json!({ "kind": "lost_after", "service": "sagemaker", "operation": "CreateTrainingJob", "count": 1 }));
    let report = world.create(&world.spec()).await;
    succeeded(&report);
    println!("{:#?}", report.remarks);
    assert_eq!(report.handle.job_name, Some(world.spec().job_name_base));
    assert!(world.destroy(&report.handle, false).await.failure.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_its_reason_and_its_last_lines() {
    let Some(world) = world(8).await else { return };
    world.data(1, 10).await;
    world.post("jobs", &json!({ "name": "bert-*", "log": ["epoch 1", "Killed"], "steps": ["Starting", "Training", { "status": "Failed", "reason": "AlgorithmError: exit code 137" }] }));
    let mut spec = world.spec();
    spec.wait_for_completion = true;
    let report = world.create(&spec).await;
    succeeded(&report);
    let seen = report.observation.unwrap();
    assert_eq!(seen.outcome, Outcome::Failed);
    assert_eq!(
        seen.failure_reason.as_deref(),
        Some("AlgorithmError: exit code 137")
    );
    assert!(
        seen.last_log_lines
            .iter()
            .any(|line| line.contains("Killed")),
        "{:?} {:?}",
        seen.last_log_lines,
        report.remarks
    );
    assert!(!report.handle.wait_pending);
    // What is deleted behind our back is said, and a destroy still works.
    world
        .s3
        .delete_object()
        .bucket(world.bucket())
        .key(naming::claim_key("bert"))
        .send()
        .await
        .unwrap();
    let seen = lifecycle::read(&world.aws, &report.handle, ReadOptions::default())
        .await
        .unwrap();
    assert_eq!(seen.missing.len(), 1, "{:?}", seen.missing);
    assert!(world.destroy(&seen.handle, false).await.failure.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_the_wait_keeps_everything() {
    let Some(world) = world(9).await else { return };
    world.data(1, 10).await;
    world.post("jobs", &json!({ "name": "bert-*", "steps": ["Starting", { "status": "Training", "forever": true }] }));
    let mut spec = world.spec();
    spec.wait_for_completion = true;
    let stop = world.stop.clone();
    let (report, ()) = tokio::join!(world.create(&spec), async {
        while world.calls("DescribeTrainingJob") < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send_replace(true);
    });
    succeeded(&report);
    assert!(report.handle.wait_pending, "{report:?}");
    world.stop.send_replace(false);
    assert!(world.destroy(&report.handle, false).await.failure.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_preflights_refuse_is_a_remark_and_a_refused_copy_costs_no_other() {
    let Some(world) = world(10).await else { return };
    world.data(6, 10).await;
    world.post("faults", &json!([
        { "kind": "refused", "service": "service-quotas", "count": -1 },
        { "kind": "refused", "service": "cloudwatch", "operation": "PutDashboard", "count": -1 },
        { "kind": "refused", "service": "s3", "operation": "CopyObject", "params": { "Key": "*part-0003" }, "count": -1 },
    ]));
    let spec = world.abroad();
    let report = world.create(&spec).await;
    let failure = report.failure.unwrap();
    println!("{}", failure.error);
    assert_eq!(failure.step, "staging");
    assert!(
        failure.error.to_string().contains("1 of 6 objects"),
        "{}",
        failure.error
    );
    assert!(
        report
            .remarks
            .iter()
            .any(|remark| remark.summary == "quota not checked"),
        "{:?}",
        report.remarks
    );
    assert_eq!(report.handle.companions.len(), 1);
    world.call("DELETE", "faults", "");
    let before = world.calls("CopyObject");
    let again = world.create(&spec).await;
    succeeded(&again);
    assert_eq!(world.calls("CopyObject") - before, 1);
    let gone = world.destroy(&again.handle, true).await;
    assert!(gone.failure.is_none(), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_field_and_leave_nothing() {
    let Some(world) = world(6).await else { return };
    world.data(1, 10).await;
    type Break = fn(&mut RunSpec);
    let table: [(Break, &str, &str); 4] = [
        (
            |spec| spec.data_bucket.name.push('x'),
            "data_bucket.name",
            "Did you mean",
        ),
        (
            |spec| spec.data_bucket.region = "eu-west-1".to_owned(),
            "data_bucket.region",
            "is in us-east-1",
        ),
        (
            |spec| spec.channels[0].s3_uri.push_str("typo/"),
            "channels",
            "The bucket holds: data/",
        ),
        (
            |spec| spec.instance_type = "ml.bogus".to_owned(),
            "",
            "instanceType",
        ),
    ];
    for (change, field, text) in table {
        let mut spec = world.spec();
        change(&mut spec);
        let report = world.create(&spec).await;
        let failure = report.failure.unwrap();
        println!("{}\n", failure.error);
        assert_eq!(
            failure.error.field().unwrap_or_default(),
            field,
            "{}",
            failure.error
        );
        assert!(
            failure.error.to_string().contains(text),
            "{}",
            failure.error
        );
        assert!(
            report.handle.is_empty(),
            "{:?} {:?}",
            report.handle,
            report.remarks
        );
        assert_eq!(world.keys(&world.bucket()).await, ["data/part-0000"]);
    }
}
