//! The whole lifecycle against an AWS emulator; without `SUSTAINABLE_EMULATOR_URL` nothing is run.
//!
//! `tests/emulator/README.md` says how to start one. Each test has an account of its own, so they may run at once.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use aws::lifecycle::{
    self, Change, DashboardChange, DestroyOptions, ImportId, OnDestroy, ReadOptions,
};
use aws::spec::{
    Algorithm, Channel, Checkpoint, Compression, Dashboard, DataBucket, Distribution, JobBucket,
    ResumeFrom, Role, Source,
};
use aws::{
    Aws, Control, CreateReport, Handle, Kind, NoProgress, Outcome, Progress, RunSpec, Secret,
    Service, Settings, naming,
};
use serde_json::{Value, json};
use tokio::sync::watch;

struct World {
    url: String,
    account: String,
    aws: Aws,
    s3: aws_sdk_s3::Client,
    stop: watch::Sender<bool>,
}

/// A fresh account of the emulator, or `None` where there is none.
async fn world(number: u64) -> Option<World> {
    let url = std::env::var("SUSTAINABLE_EMULATOR_URL").ok()?;
    let account = format!("{number:012}");
    let key = format!("AKIAEMUL{account}");
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        access_key: Some(key.clone()),
        secret_key: Some(Secret::new("secret")),
        s3_use_path_style: true,
        endpoints: Service::ALL
            .into_iter()
            .map(|service| (service, url.clone()))
            .collect(),
        multipart_copy_threshold_bytes: Some(6 << 20),
        ..Settings::default()
    };
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_s3::config::Region::new("us-east-1"))
            .credentials_provider(aws_sdk_s3::config::Credentials::new(
                key, "secret", None, None, "test",
            ))
            .endpoint_url(&url)
            .force_path_style(true)
            .build(),
    );
    let world = World {
        url,
        account,
        aws: Aws::new(settings),
        s3,
        stop: watch::channel(false).0,
    };
    world.post("reset", &json!({}));
    Some(world)
}

impl World {
    fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /_test/{path}{separator}account={} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.account,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 2"),
            "{method} {path}: {head} {body}"
        );
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, &body.to_string())
    }

    fn inventory(&self) -> Value {
        self.call("GET", "inventory", "")
    }

    fn calls(&self, operation: &str) -> usize {
        let answer = self.call("GET", &format!("requests?operation={operation}"), "");
        answer["requests"]
            .as_array()
            .or(answer.as_array())
            .map_or(0, Vec::len)
    }

    fn bucket(&self) -> String {
        format!("data-{}", self.account)
    }

    async fn data(&self, objects: usize, bytes: usize) {
        self.s3
            .create_bucket()
            .bucket(self.bucket())
            .send()
            .await
            .unwrap();
        for number in 0..objects {
            let body = vec![b'x'; bytes];
            self.s3
                .put_object()
                .bucket(self.bucket())
                .key(format!("data/part-{number:04}"))
                .body(body.into())
                .send()
                .await
                .unwrap();
        }
    }

    async fn keys(&self, bucket: &str) -> Vec<String> {
        let answer = self
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .send()
            .await
            .unwrap();
        answer
            .contents()
            .iter()
            .filter_map(|object| object.key().map(str::to_owned))
            .collect()
    }

    fn control(&self) -> Control<'static> {
        Control {
            stop: self.stop.subscribe(),
            timeout: Duration::from_secs(120),
            progress: &NoProgress,
        }
    }

    fn spec(&self) -> RunSpec {
        let digest = naming::request_digest(&json!({ "image": "x" }));
        RunSpec {
            name: "bert".to_owned(),
            job_name_base: naming::job_name_base("bert", &digest),
            request_digest: digest,
            region: "us-east-1".to_owned(),
            data_bucket: DataBucket { name: self.bucket(), region: "us-east-1".to_owned(), create: false },
            job_bucket: JobBucket::Data,
            channels: vec![Channel { name: "train".to_owned(), s3_uri: format!("s3://{}/data/", self.bucket()), ..Channel::default() }],
            dataset_size_gb: 1.0,
            max_staging_gb: Some(100.0),
            algorithm: Algorithm::Image("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker".to_owned()),
            container_entrypoint: Vec::new(),
            container_arguments: Vec::new(),
            source: Source::None,
            entry_point: None,
            distribution: Distribution::None,
            instance_type: "ml.g5.xlarge".to_owned(),
            instance_count: 1,
            volume_gb: None,
            spot: false,
            max_runtime_seconds: 36_000,
            max_wait_seconds: None,
            max_pending_seconds: None,
            max_retry_attempts: None,
            hyperparameters: BTreeMap::from([("epochs".to_owned(), "3".to_owned())]),
            environment: BTreeMap::from([("SUSTAINABLE_X".to_owned(), "secret value".to_owned())]),
            pass_compressed_uri: true,
            metric_definitions: BTreeMap::from([("train:loss".to_owned(), "loss=([0-9.]+)".to_owned())]),
            checkpoint: None,
            role: Role::Managed { path: None, boundary: None },
            vpc: None,
            kms_key_arn: None,
            volume_kms_key_arn: None,
            network_isolation: false,
            encrypt_inter_container_traffic: false,
            output_s3_uri: None,
            output_compression: Compression::Gzip,
            tags: BTreeMap::from([("team".to_owned(), "nlp".to_owned())]),
            dashboard: Some(Dashboard { estimate: vec!["15 kgCO2e".to_owned()], facts: vec![("a".to_owned(), "b".to_owned())], accelerators: 1 }),
            check_quota: true,
            capture_logs: true,
            wait_for_completion: false,
            manifest: json!({ "inputs": { "name": "bert" } }),
        }
    }

    /// The same in another region, with a companion bucket.
    fn abroad(&self) -> RunSpec {
        let mut spec = self.spec();
        spec.region = "eu-north-1".to_owned();
        if let Algorithm::Image(uri) = &mut spec.algorithm {
            *uri = uri.replace("us-east-1", "eu-north-1");
        }
        spec.job_bucket = JobBucket::Companion {
            name: naming::companion_bucket(&self.bucket(), "eu-north-1"),
        };
        spec
    }

    async fn create(&self, spec: &RunSpec) -> CreateReport {
        lifecycle::create(&self.aws, spec, &self.control()).await
    }

    async fn destroy(&self, handle: &Handle, force: bool) -> aws::DestroyReport {
        let options = DestroyOptions {
            on_destroy: OnDestroy::Delete,
            force,
        };
        lifecycle::destroy(&self.aws, handle, options, &self.control()).await
    }
}

#[track_caller]
fn succeeded(report: &CreateReport) {
    assert!(
        report.failure.is_none(),
        "{:?} {:?}",
        report.failure,
        report.remarks
    );
    assert!(report.handle.job_name.is_some());
}

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
    assert_eq!(world.calls("UploadPartCopy") % 3, 0);
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

struct Keep(Mutex<Option<Handle>>);

impl Progress for Keep {
    fn save(&self, handle: &Handle) {
        *self.0.lock().unwrap() = Some(handle.clone());
    }
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
