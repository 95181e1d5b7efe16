//! Plans, as Terraform asks for them: a table of what was there, what is wanted, and what has to come out.

use schemas::ml_training::Placement;
use serde_json::{Value as Json, json};
use tfplugin::{Attr, PlanRequest, PlanResponse, Private, Value, to_value};

use super::placement;
use super::plan::plan;
use super::private::Remembered;
use crate::configured::Configured;
use crate::json::{from_json, to_json};
use crate::object::{Object, get, object};

/// A configuration with everything that is required; `?` is an unknown value.
pub(super) fn config(changes: &Json) -> Value {
    let block = schemas::ml_training::resource_schema().block;
    let names = block
        .attributes
        .iter()
        .map(|attribute| attribute.name.to_string());
    let mut config: Object = names.map(|name| (name, Value::Null)).collect();
    let required = json!({
        "name": "bert", "model_type": "natural_language", "s3_bucket_name": "data", "dataset_region": "us-east-1",
        "dataset_size_gb": 16, "estimated_training_hours": 96, "training_image": "image:1",
        "preferred_training_regions": ["eu-north-1", "us-east-1"],
    });
    for (name, value) in required
        .as_object()
        .into_iter()
        .chain(changes.as_object())
        .flatten()
    {
        config.insert(name.clone(), unknown(from_json(value)));
    }
    Value::Map(config)
}

fn unknown(value: Value) -> Value {
    match value {
        Value::String(text) if text == "?" => Value::Unknown,
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, unknown(value)))
                .collect(),
        ),
        other => other,
    }
}

pub(super) fn provider() -> Configured {
    let config = schemas::provider_config::Config {
        region: Attr::Known("us-east-1".to_owned()),
        ..schemas::provider_config::Config::default()
    };
    Configured::new(
        &config,
        &Value::object([("region", Value::from("us-east-1"))]),
    )
    .unwrap()
}

pub(super) async fn planned(
    prior: Value,
    wanted: Value,
    private: Private,
) -> Result<PlanResponse, String> {
    let mut request = PlanRequest::new(prior, wanted.clone(), wanted);
    request.private = private;
    plan(&provider(), request).await.map_err(|errors| {
        errors
            .iter()
            .map(|error| format!("{}: {}", error.summary, error.detail))
            .collect()
    })
}

/// The state after an apply of the required configuration and these changes, with a running job.
pub(super) async fn state(changes: &Json, outputs: &Json) -> Value {
    let created = planned(Value::Null, config(changes), Private::new())
        .await
        .unwrap();
    let mut state = object(&created.planned.unknown_as_null());
    let job = json!({
        "arn": "arn:aws:sagemaker:eu-north-1:123456789012:training-job/bert-1a2b3c", "training_job_name": "bert-1a2b3c",
        "training_job_status": "InProgress", "outcome": "pending", "elapsed_hours": 31, "cost_to_date_usd": 1204,
        "dashboard_url": "https://example.org",
    });
    for (name, value) in job
        .as_object()
        .into_iter()
        .chain(outputs.as_object())
        .flatten()
    {
        state.insert(name.clone(), from_json(value));
    }
    let placement = in_force(&state);
    state.insert("placement".to_owned(), placement);
    Value::Map(state)
}

/// The placement that an apply puts down, made as the data source makes it.
fn in_force(state: &Object) -> Value {
    let text = |name: &str| Attr::Known(get(state, name).as_str().unwrap().to_owned());
    let mut placement = Placement {
        region: text("selected_region"),
        instance_type: text("selected_instance_type"),
        capacity: text("selected_capacity"),
        ..Placement::default()
    };
    let workload = placement::workload(state, "us-east-1", None).unwrap();
    placement.digest = Attr::Known(placement::digest(&workload, &placement));
    to_value(&placement).unwrap()
}

fn shown(response: &PlanResponse, name: &str) -> Json {
    match response.planned.get(name) {
        Value::Unknown => json!("?"),
        known => to_json(known),
    }
}

#[tokio::test]
async fn a_create_shows_the_decision_and_leaves_open_what_only_aws_knows() {
    let quiet = json!({"outcome": "pending", "measured": null, "secondary_status": null, "pending_steps": null});
    let waiting =
        json!({"outcome": "?", "measured": "?", "secondary_status": "?", "pending_steps": "?"});
    for (changes, expected) in [
        (json!({}), quiet),
        (json!({"wait_for_completion": true}), waiting.clone()),
        (json!({"wait_for_completion": "?"}), waiting),
        (
            json!({"name": "?"}),
            json!({"id": "?", "selected_region": "eu-north-1"}),
        ),
        (
            json!({"hyperparameters": {"lr": "?"}}),
            json!({"selected_region": "eu-north-1", "launchable": true}),
        ),
        (
            json!({"tags": {"team": "?"}}),
            json!({"tags_all": "?", "selected_region": "eu-north-1"}),
        ),
        (
            json!({"dataset_size_gb": "?"}),
            json!({"selected_region": "?", "estimate": "?", "id": "data/bert"}),
        ),
        (
            json!({"training_image": null}),
            json!({"launchable": false, "selected_region": "eu-north-1"}),
        ),
        (
            json!({"max_emissions_kg": 0.001, "on_infeasible": "warn"}),
            json!({"selected_region": null, "launchable": false}),
        ),
        (
            json!({"role_arn": "arn:aws:iam::1:role/r"}),
            json!({"sagemaker_role_arn": "arn:aws:iam::1:role/r"}),
        ),
        (
            json!({"create_bucket": true}),
            json!({"bucket_managed": "?"}),
        ),
    ] {
        let response = planned(Value::Null, config(&changes), Private::new())
            .await
            .unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(shown(&response, name), *value, "{changes}: {name}");
        }
        for name in ["arn", "training_job_name", "training_job_status"] {
            assert_eq!(shown(&response, name), json!("?"), "{changes}: {name}");
        }
    }
}

#[tokio::test]
async fn both_plans_of_an_apply_agree() {
    let one = planned(Value::Null, config(&json!({})), Private::new())
        .await
        .unwrap();
    let other = planned(Value::Null, config(&json!({})), Private::new())
        .await
        .unwrap();
    assert_eq!(one.planned, other.planned);
}

#[tokio::test]
async fn what_a_plan_does_to_a_run_that_exists() {
    let running = json!({});
    let ended = json!({"outcome": "succeeded", "training_job_status": "Completed"});
    let lost = json!({"outcome": "failed", "training_job_status": "NotFound"});
    let tidied = json!({"outcome": "succeeded", "training_job_status": "NotFound"});
    let odd = json!({"summary": "decided by an older catalogue", "estimate": null});
    let rerun = json!({"hyperparameters": {"lr": "2"}, "on_change": "rerun"});
    for (what, had, outputs, wanted, expected) in [
        ("nothing", json!({}), &running, json!({}), Ok(json!("same"))),
        (
            "a newer catalogue",
            json!({}),
            &odd,
            json!({}),
            Ok(json!("same")),
        ),
        (
            "a record that was tidied up",
            json!({}),
            &tidied,
            json!({}),
            Ok(json!("same")),
        ),
        (
            "regions in another order",
            json!({}),
            &running,
            json!({"preferred_training_regions": ["us-east-1", "eu-north-1"]}),
            Ok(json!("same")),
        ),
        (
            "a corrected estimate",
            json!({}),
            &running,
            json!({"estimated_training_hours": 10, "max_emissions_kg": 0.001}),
            Ok(
                json!({"training_job_name": "bert-1a2b3c", "selected_region": "eu-north-1", "run_change": null}),
            ),
        ),
        (
            "a hyperparameter while the run is at work",
            json!({}),
            &running,
            json!({"hyperparameters": {"lr": "2"}}),
            Err(
                "this changed: hyperparameters. But bert-1a2b3c is still at work: 31 h and 1,200 USD so far",
            ),
        ),
        (
            "the same with leave",
            json!({}),
            &running,
            rerun.clone(),
            Ok(json!({
                "run_change": "stops bert-1a2b3c after 31 h and 1,200 USD as of the last refresh, starts a new run",
                "training_job_name": "?", "id": "data/bert", "selected_region": "eu-north-1", "outcome": "pending",
            })),
        ),
        (
            "the same after its end",
            json!({}),
            &ended,
            json!({"hyperparameters": {"lr": "2"}}),
            Ok(
                json!({"run_change": "starts a new run after bert-1a2b3c (succeeded)", "training_job_name": "?"}),
            ),
        ),
        (
            "a hyperparameter that is not known yet",
            json!({"hyperparameters": {"lr": "1"}}),
            &running,
            json!({"hyperparameters": {"lr": "?"}}),
            Ok(
                json!({"run_change": "?", "training_job_name": "?", "selected_region": "eu-north-1", "id": "data/bert"}),
            ),
        ),
        (
            "a run that is gone",
            json!({}),
            &lost,
            json!({}),
            Ok(
                json!({"run_change": "starts a new run after bert-1a2b3c (failed)", "training_job_name": "?"}),
            ),
        ),
        (
            "tags",
            json!({}),
            &running,
            json!({"tags": {"team": "nlp"}}),
            Ok(
                json!({"tags_all": {"team": "nlp"}, "training_job_name": "bert-1a2b3c", "outcome": "pending"}),
            ),
        ),
        (
            "a dashboard that was removed elsewhere",
            json!({}),
            &json!({"dashboard_url": null}),
            json!({}),
            Ok(json!({"dashboard_url": "?", "training_job_name": "bert-1a2b3c"})),
        ),
        (
            "a wait that was cut short",
            json!({"wait_for_completion": true}),
            &json!({"pending_steps": ["wait_for_completion"]}),
            json!({"wait_for_completion": true}),
            Ok(json!({"pending_steps": "?", "outcome": "?", "training_job_name": "bert-1a2b3c"})),
        ),
    ] {
        let prior = state(&had, outputs).await;
        let private = Remembered::default().write();
        match (
            planned(prior.clone(), config(&wanted), private).await,
            expected,
        ) {
            (Ok(response), Ok(expected)) if expected == "same" => {
                assert_eq!(response.planned, prior, "{what}")
            }
            (Ok(response), Ok(expected)) => {
                for (name, value) in expected.as_object().unwrap() {
                    assert_eq!(shown(&response, name), *value, "{what}: {name}");
                }
            }
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{what}: {error}"),
            (other, _) => panic!("{what}: {:?}", other.map(|response| response.planned)),
        }
    }
}

#[tokio::test]
async fn a_replacement_names_what_forces_it() {
    let prior = state(&json!({}), &json!({})).await;
    let response = planned(prior, config(&json!({"name": "other"})), Private::new())
        .await
        .unwrap();
    assert_eq!(response.requires_replace, [tfplugin::Path::root("name")]);
}

#[tokio::test]
async fn the_placement_in_force_outlives_what_the_data_source_says_next() {
    let prior = state(&json!({}), &json!({})).await;
    let mut wanted = config(&json!({}));
    let mut moved = prior.get("placement").clone();
    moved.set("region", "us-east-1");
    wanted.set("placement", moved);
    let response = planned(prior.clone(), wanted, Private::new())
        .await
        .unwrap();
    assert_eq!(response.planned.get("placement"), prior.get("placement"));
    let fresh = planned(
        Value::Null,
        {
            let mut fresh = config(&json!({}));
            fresh.set("placement", prior.get("placement").clone());
            fresh
        },
        Private::new(),
    )
    .await;
    assert!(fresh.is_ok(), "{fresh:?}");
    let mut edited = config(&json!({}));
    let mut other = prior.get("placement").clone();
    other.set("region", "us-east-1");
    edited.set("placement", other);
    let refused = planned(Value::Null, edited, Private::new())
        .await
        .unwrap_err();
    assert!(
        refused.contains("one of its values was edited"),
        "{refused}"
    );
}
