//! An account of the emulator, and a run that works in it.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)] // shared by several test binaries

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws::lifecycle::{self, DestroyOptions, OnDestroy};
use aws::spec::{
    Algorithm, Channel, Compression, Dashboard, DataBucket, Distribution, JobBucket, Role,
    SchedulerRole, Source,
};
use aws::{
    Aws, Control, CreateReport, Handle, NoProgress, RunSpec, Secret, Service, Settings, Timing,
    naming,
};
use serde_json::{Value, json};
use tokio::sync::watch;

#[path = "../../../../tests/needed.rs"]
mod needed;

/// An account of the emulator.
pub struct World {
    pub url: String,
    pub account: String,
    pub aws: Aws,
    pub s3: aws_sdk_s3::Client,
    pub stop: watch::Sender<bool>,
}

/// A fresh account of the emulator, or `None` where there is none.
pub async fn world(number: u64) -> Option<World> {
    let Ok(url) = std::env::var("SUSTAINABLE_EMULATOR_URL") else {
        needed::missing("SUSTAINABLE_EMULATOR_URL is not set (scripts/with_emulator.py sets it)");
        return None;
    };
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
        timing: Timing::scaled(0.02).unwrap(),
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
    pub fn call(&self, method: &str, path: &str, body: &str) -> Value {
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

    pub fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, &body.to_string())
    }

    pub fn inventory(&self) -> Value {
        self.call("GET", "inventory", "")
    }

    pub fn calls(&self, operation: &str) -> usize {
        let answer = self.call("GET", &format!("requests?operation={operation}"), "");
        answer["requests"]
            .as_array()
            .or(answer.as_array())
            .map_or(0, Vec::len)
    }

    pub fn bucket(&self) -> String {
        format!("data-{}", self.account)
    }

    pub async fn data(&self, objects: usize, bytes: usize) {
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

    pub async fn keys(&self, bucket: &str) -> Vec<String> {
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

    pub fn control(&self) -> Control<'static> {
        Control {
            stop: self.stop.subscribe(),
            timeout: Duration::from_secs(120),
            progress: &NoProgress,
        }
    }

    pub fn spec(&self) -> RunSpec {
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
            dataset_size_factor: 2.0,
            file_system: None,
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
            start: None,
            scheduler_role: SchedulerRole::Managed { path: None, boundary: None },
            may_stop_previous: true,
            vpc: None,
            kms_key_arn: None,
            volume_kms_key_arn: None,
            network_isolation: false,
            encrypt_inter_container_traffic: false,
            output_s3_uri: None,
            output_compression: Compression::Gzip,
            experiment: None,
            mlflow_resource_arn: None,
            tags: BTreeMap::from([("team".to_owned(), "nlp".to_owned())]),
            dashboard: Some(Dashboard { estimate: vec!["15 kgCO2e".to_owned()], facts: vec![("a".to_owned(), "b".to_owned())], accelerators: 1, ..Dashboard::default() }),
            alarms: Some(aws::spec::Alarms {
                topic_arn: "arn:aws:sns:us-east-1:123456789012:ml".to_owned(),
                waste: Some(aws::spec::Waste { below_percent: 10.0, minutes: 30, accelerators: 1 }),
            }),
            fallback_types: Vec::new(),
            keep_alive_seconds: None,
            training_plan_arn: None,
            max_spot_price_percent: None,
            check_quota: true,
            longest_run_quota_seconds: 432_000,
            capture_logs: true,
            wait_for_completion: false,
            manifest: json!({ "inputs": { "name": "bert" } }),
        }
    }

    /// The same in another region, with a companion bucket.
    pub fn abroad(&self) -> RunSpec {
        let mut spec = self.spec();
        spec.region = "eu-north-1".to_owned();
        // A topic is where the run is.
        spec.alarms.as_mut().unwrap().topic_arn =
            "arn:aws:sns:eu-north-1:123456789012:ml".to_owned();
        if let Algorithm::Image(uri) = &mut spec.algorithm {
            *uri = uri.replace("us-east-1", "eu-north-1");
        }
        spec.job_bucket = JobBucket::Companion {
            name: naming::companion_bucket(&self.bucket(), "eu-north-1"),
        };
        spec
    }

    pub async fn create(&self, spec: &RunSpec) -> CreateReport {
        lifecycle::create(&self.aws, spec, &self.control()).await
    }

    pub async fn destroy(&self, handle: &Handle, force: bool) -> aws::DestroyReport {
        let options = DestroyOptions {
            on_destroy: OnDestroy::Delete,
            force,
            copy_due: None,
        };
        lifecycle::destroy(&self.aws, handle, options, &self.control()).await
    }
}

#[track_caller]
pub fn succeeded(report: &CreateReport) {
    assert!(
        report.failure.is_none(),
        "{:?} {:?}",
        report.failure,
        report.remarks
    );
    assert!(report.handle.job_name.is_some());
}
