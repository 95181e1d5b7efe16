//! No input of a training is accepted and ignored: see `crate::acted_on_tests`.

use aws::RunSpec;
use schemas::ml_training::{Config, INPUTS, OUTPUTS, PLACEMENT, Placement};
use schemas::refusals::{Refusal, TRAINING};
use serde_json::{Value as Json, json};
use tfplugin::{ApplyRequest, Attr, Private, Value, from_value, to_value};

use super::after::to_do;
use super::apply::prepare;
use super::destroy::options;
use super::limits::{Limits, timeout};
use super::placement::{sign, workload};
use super::plan_tests::{config, planned, provider, state};
use super::private::Remembered;
use crate::acted_on_tests::{judge, over, pairs};
use crate::json::{from_json, to_json};
use crate::object::object;

/// What an input needs beside it to have an effect; an object stands for all of its fields. What is not here has one by
/// itself.
fn beside() -> Vec<(&'static str, Json)> {
    let types = |names: &[&str]| json!({ "preferred_instance_types": names });
    let spot = json!({ "supports_checkpointing": true });
    let tracked = json!({ "enable_experiment_tracking": true });
    let cpu = json!({ "reference_instance_type": "ml.m5.4xlarge" });
    let close = json!({ "instance_priority": "cost_optimized", "preferred_training_regions": ["eu-north-1"] });
    let code = format!(
        "{}/../examples/scenarios/bert/train",
        env!("CARGO_MANIFEST_DIR")
    );
    vec![
        ("algorithm", json!({ "training_image": null })),
        (
            "framework",
            json!({ "training_image": null, "source_s3_uri": "s3://code/a.tar.gz" }),
        ),
        ("source_exclude", json!({ "source_dir": code })),
        (
            "relative_throughput",
            types(&["ml.g5.48xlarge", "ml.p4d.24xlarge"]),
        ),
        (
            "early_stopping_patience",
            json!({ "enable_early_stopping": true }),
        ),
        (
            "target_model_size_reduction",
            json!({ "enable_model_compression": true }),
        ),
        ("checkpoint_local_path", spot.clone()),
        ("resume_from", spot.clone()),
        ("volume_size_gb", over(&cpu, &types(&["ml.m5.4xlarge"]))),
        ("max_spot_price_percentage", spot.clone()),
        ("max_wait_hours", spot),
        ("gate_on", json!({ "max_cost_usd": 5000 })),
        ("on_infeasible", json!({ "max_cost_usd": 1 })),
        ("redecide", over(&close, &types(&["ml.p5.48xlarge", NEXT]))),
        (
            "enable_experiment_tracking",
            json!({ "experiment": { "name": "bert" } }),
        ),
        ("experiment", tracked.clone()),
        ("mlflow_resource_arn", tracked),
    ]
}

/// A type that is nearly as good as the first.
const NEXT: &str = "ml.p5en.48xlarge";

/// What shows only where there are clocks, changes or an account, with the test that shows it.
const LATER: &[(&str, &str)] = &[
    (
        "model_parameters_millions",
        "tests/e2e/test_reports.py::test_runs_of_every_kind",
    ),
    (
        "on_stale",
        "tests/e2e/test_live_placement.py::test_an_expired_placement",
    ),
    (
        "rerun_triggers",
        "tests/e2e/test_replacements.py::test_rerun_triggers",
    ),
];

/// What comes out of a configuration, in three parts: the plan, the run that an apply makes, and what happens to it later.
async fn look(changes: &Json, part: usize) -> String {
    let refused = |one: &Refusal| {
        one.values
            .iter()
            .any(|value| changes[one.attribute] == *value)
    };
    if let Some(refusal) = TRAINING.iter().find(|one| refused(one)) {
        return refusal.sentence.to_owned();
    }
    let wanted = config(changes);
    assert!(
        Config::read(&wanted).is_ok(),
        "{changes} has the shape of the schema"
    );
    let response = match planned(Value::Null, wanted.clone(), Private::new()).await {
        Ok(response) => response,
        Err(refused) => return refused,
    };
    match part {
        0 => shown(&response.planned),
        1 => {
            let mut plan = object(&response.planned);
            let request = ApplyRequest::new(Value::Null, response.planned, wanted);
            match prepare(&provider(), &request, &mut plan, &Remembered::default()).await {
                Ok((run, said)) => {
                    let limits = Limits::of(&request);
                    let times = (
                        timeout(&request, &run),
                        limits.update(false),
                        limits.delete(),
                    );
                    format!("{} {said:?} {times:?}", told(run))
                }
                Err(refused) => format!("{refused:?}"),
            }
        }
        _ => {
            if response.planned.get("selected_region").is_null() {
                return String::new();
            }
            later(changes, wanted).await
        }
    }
}

/// What the plan decided. The texts that name settings are left out: to be named is no effect.
fn shown(planned: &Value) -> String {
    let named = ["assumptions", "recommendations"];
    let outputs = OUTPUTS
        .iter()
        .filter(|output| !named.contains(&output.name));
    let values: Vec<_> = outputs.map(|output| planned.get(output.name)).collect();
    format!("{values:?}")
}

/// The run without what only repeats the inputs: the manifest, and their digest.
fn told(mut run: RunSpec) -> String {
    run.manifest = Json::Null;
    run.request_digest = String::new();
    run.job_name_base = String::new();
    format!("{run:?}")
}

/// What the next plan does to a run that is at work or has ended, and what a destroy would do.
async fn later(changes: &Json, wanted: Value) -> String {
    let mut seen = Vec::new();
    let elsewhere = json!({ "outcome": "succeeded", "selected_instance_type": NEXT });
    let ends =
        ["pending", "succeeded", "capacity", "spot_exhausted"].map(|end| json!({ "outcome": end }));
    for outputs in ends.into_iter().chain([elsewhere]) {
        let prior = state(changes, &outputs).await;
        let other = over(changes, &json!({ "hyperparameters": { "again": "1" } }));
        for wanted in [wanted.clone(), config(&other)] {
            let private = Remembered::default().write();
            match planned(prior.clone(), wanted, private).await {
                Ok(response) => seen.push(shown(&response.planned)),
                Err(refused) => seen.push(refused),
            }
        }
        let prior = object(&prior);
        seen.push(format!("{:?} {:?}", to_do(&prior, &prior), options(&prior)));
    }
    seen.join("\n")
}

#[tokio::test]
async fn nothing_is_accepted_and_ignored() {
    let beside = beside();
    let (mut all, mut acting) = (Vec::new(), Vec::new());
    for (name, needed) in &beside {
        for part in 0..3 {
            let (once, again) = (look(needed, part).await, look(needed, part).await);
            assert_eq!(once, again, "{name}: nothing moves by itself");
        }
    }
    for input in INPUTS.iter().filter(|input| input.name != "placement") {
        for (path, pairs) in pairs(input) {
            let needed = beside
                .iter()
                .find(|(name, _)| *name == path || *name == input.name);
            let needed = needed.map_or(json!({}), |(_, needed)| needed.clone());
            let config = |value: &Json| over(&needed, &json!({ input.name: value }));
            'found: for part in 0..3 {
                for (a, b) in &pairs {
                    if look(&config(a), part).await != look(&config(b), part).await {
                        acting.push(path.clone());
                        break 'found;
                    }
                }
            }
            all.push(path);
        }
    }
    judge("sustainable_ml_training", all, &acting, LATER);
}

/// A placement is followed in all that it says, when it is signed. Its digest is the signature, and when it was issued is
/// for people.
#[tokio::test]
async fn nothing_of_a_placement_is_ignored() {
    let prior = object(&state(&json!({}), &json!({})).await);
    let placement: Placement = from_value(&prior["placement"]).expect("the shape of the schema");
    let placement = Placement {
        start_time: Attr::Known("2090-03-01T00:00:00Z".to_owned()),
        ..placement
    };
    let workload = workload(&object(&config(&json!({}))), "us-east-1", None);
    let signed = |value: &Value| {
        let mut placement: Placement = from_value(value).expect("the shape of the schema");
        sign(&mut placement, workload.as_deref());
        let value = to_value(&placement).expect("a value");
        json!({ "placement": to_json(&value) })
    };
    let whole = to_value(&placement).expect("a value");
    let doubled = |name: &str| twice(to_json(&prior[name]));
    let other = [
        ("region", json!("us-east-1")),
        ("instance_type", json!("ml.p4d.24xlarge")),
        ("capacity", json!("spot")),
        ("start_time", json!("2090-03-02T00:00:00Z")),
        ("issued_at", json!("2026-01-01T00:00:00Z")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("summary", json!("another")),
        ("estimate", doubled("estimate")),
        ("signal", json!({ "source": "file", "gco2_per_kwh": 1 })),
        (
            "price",
            json!({ "usd_per_hour": 1, "source": "AWS price list", "date": "2026-11-01" }),
        ),
        ("baseline", doubled("baseline")),
        ("savings", doubled("savings")),
    ];
    let mut ignored = Vec::new();
    for field in PLACEMENT.iter().filter(|field| field.name != "digest") {
        let (_, value) = other
            .iter()
            .find(|(name, _)| *name == field.name)
            .expect(field.name);
        let mut changed = whole.clone();
        changed.set(field.name, from_json(value));
        let mut differs = false;
        for part in 0..2 {
            differs |= look(&signed(&whole), part).await != look(&signed(&changed), part).await;
        }
        if !differs {
            ignored.push(field.name);
        }
    }
    assert_eq!(ignored, ["issued_at"]);
}

/// The same figures, each twice as large.
fn twice(value: Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64().unwrap_or_default() * 2.0),
        Json::Object(entries) => entries
            .into_iter()
            .map(|(name, value)| (name, twice(value)))
            .collect(),
        other => other,
    }
}
