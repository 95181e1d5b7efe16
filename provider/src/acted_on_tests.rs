//! No input is accepted and ignored: while everything else stays the same, some two of its values make different things
//! come out, in what the provider answers or in what it hands to `aws` and `grid`. (What those two do with it is tried by
//! their own tests.)
//!
//! The pairs of values to try come from the declarations, so that a new attribute is tried by itself, fields of objects
//! too. What comes out is said by a `look` per object, which leaves out the echo of the input, digests over all inputs, and
//! texts that only name settings. Where an input has an effect only beside another, or only later, a short table says so.

use std::collections::BTreeMap;
use std::path::Path;

use schemas::declare::{Attribute, Kind, Need, Text};
use schemas::{data_sources, provider_config, training_dashboard, training_report};
use serde_json::{Map, Value as Json, json};
use tfplugin::{DataSource, DataSourceReadRequest, PlanRequest, Resource, Value, from_value};

use crate::configured::{Configured, Shared};
use crate::data_sources::{CarbonIntensity, InstanceTypes, Placement};
use crate::json::from_json;
use crate::resources::{TrainingDashboard, TrainingReport};

/// Two values of one input, null where it is left out.
pub(crate) type Pair = (Json, Json);

/// Pairs for each input by its path, those of an object by its fields. A pair is a whole value of the attribute.
pub(crate) fn pairs(one: &Attribute) -> BTreeMap<String, Vec<Pair>> {
    let (fields, wrap): (_, fn(Json, Json) -> Json) = match one.kind {
        Kind::Object(of) | Kind::Block(of) => (of, |_, object| object),
        Kind::Objects(of) => (of, |_, object| json!([object])),
        Kind::ObjectMap { of, .. } => (
            of,
            |key, object| json!({ key.as_str().unwrap_or_default(): object }),
        ),
        _ => return BTreeMap::from([(one.name.to_owned(), plain(one))]),
    };
    let key = match one.kind {
        Kind::ObjectMap { key, .. } => texts(key)[0].clone(),
        _ => Json::Null,
    };
    let mut found = BTreeMap::new();
    for field in fields {
        for (path, inner) in pairs(field) {
            let whole = |full: bool, value: &Json| {
                let mut object = fields_of(fields, full);
                object.insert(field.name.to_owned(), value.clone());
                wrap(key.clone(), Json::Object(object))
            };
            // With no other field, and with all of them.
            let inner = [false, true].into_iter().flat_map(|full| {
                let pair = move |(a, b): &Pair| (whole(full, a), whole(full, b));
                inner.iter().map(pair).collect::<Vec<_>>()
            });
            let inner = inner.collect();
            found.insert(format!("{}.{path}", one.name), inner);
        }
    }
    found
}

/// Left out against each value, and one value against the others.
fn plain(one: &Attribute) -> Vec<Pair> {
    let values = values(one);
    let absent = (one.need != Need::Required).then_some(Json::Null);
    let first = absent.iter().chain(values.first());
    first
        .flat_map(|a| values.iter().map(move |b| (a.clone(), b.clone())))
        .filter(|(a, b)| a != b)
        .collect()
}

/// An object with what it has to hold, or with everything.
fn fields_of(fields: &[Attribute], full: bool) -> Map<String, Json> {
    let value = |field: &Attribute| match full || field.need == Need::Required {
        true => values(field)[0].clone(),
        false => Json::Null,
    };
    let fields = fields.iter();
    fields
        .map(|field| (field.name.to_owned(), value(field)))
        .collect()
}

/// Legal values, as far as one attribute can say.
fn values(one: &Attribute) -> Vec<Json> {
    if let Some((_, values)) = own().into_iter().find(|(name, _)| *name == one.name) {
        return values;
    }
    of_kind(&one.kind)
}

fn of_kind(kind: &Kind) -> Vec<Json> {
    match kind {
        Kind::Bool => vec![json!(true), json!(false)],
        Kind::OneOf(choices) => choices.iter().map(|(name, _)| json!(name)).collect(),
        Kind::Number { least, most, .. } => [0.01, 0.9, 1.5, 20.0, 60.0, 150.0, 9000.0]
            .into_iter()
            .filter(|number| number >= least && number <= most)
            .map(|number| json!(number))
            .collect(),
        Kind::Whole { least, most } => [0, 1, 2, 8, 45, 500]
            .into_iter()
            .filter(|number| number >= least && number <= most)
            .map(|number| json!(number))
            .collect(),
        Kind::Text(rule) => texts(*rule),
        Kind::List { of, .. } => of_kind(of).into_iter().map(|one| json!([one])).collect(),
        Kind::Map { key, of, .. } => {
            let key = texts(*key)[0].clone();
            let key = key.as_str().unwrap_or_default();
            of_kind(of)
                .into_iter()
                .map(|one| json!({ key: one }))
                .collect()
        }
        Kind::Object(fields) | Kind::Block(fields) => vec![Json::Object(fields_of(fields, false))],
        other => panic!("{other:?} has fields to try instead"),
    }
}

fn texts(rule: Text) -> Vec<Json> {
    let two = |shape: &str| {
        ["1", "2"]
            .map(|end| json!(shape.replace('*', end)))
            .to_vec()
    };
    match rule {
        Text::Region => vec![
            json!("eu-north-1"),
            json!("us-east-1"),
            json!("ca-central-1"),
        ],
        Text::InstanceType => ["ml.g5.48xlarge", "ml.p4d.24xlarge", "ml.m5.4xlarge"]
            .map(|name| json!(name))
            .to_vec(),
        Text::Arn(service, resource) => two(&format!(
            "arn:aws:{service}:eu-north-1:123456789012:{resource}/*"
        )),
        Text::S3Uri | Text::ResumeFrom => two("s3://other/*/"),
        Text::Time => two("2090-03-0*T00:00:00Z"),
        Text::Duration => two("9*m"),
        Text::Id(prefix) => two(&format!("{prefix}*")),
        Text::Url => two("https://example.org/*"),
        Text::Account => two("12345678901*"),
        Text::IamPath | Text::ContainerPath => two("/*/"),
        Text::Framework => vec![json!("pytorch:2.6"), json!("tensorflow:2.18")],
        Text::Algorithm => vec![json!("xgboost:1.7-1"), json!("object-detection:1")],
        Text::Metric => two("loss*=(.*)"),
        _ => two("some*"),
    }
}

/// Values of attributes whose declaration does not say enough to make some.
fn own() -> [(&'static str, Vec<Json>); 5] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = |name: &str| json!(root.join(name).display().to_string());
    [
        (
            "catalog_overrides",
            vec![file("examples/provider/own-figures.json")],
        ),
        (
            "source_dir",
            vec![
                file("examples/scenarios/bert/train"),
                file("examples/scenarios/vision/train"),
            ],
        ),
        ("source_exclude", vec![json!(["*.py"])]),
        ("accelerator", vec![json!("a100"), json!("h100")]),
        ("zone", vec![json!("SE-SE1"), json!("FR")]),
    ]
}

/// Objects that say one thing together: `b` over `a`.
pub(crate) fn over(a: &Json, b: &Json) -> Json {
    let all = [a, b].into_iter().filter_map(Json::as_object).flatten();
    Json::Object(
        all.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Fails for inputs of which no pair makes a difference, and for entries of the tables that are not needed.
pub(crate) fn judge(what: &str, all: Vec<String>, acting: &[String], later: &[(&str, &str)]) {
    let is_later = |path: &String| later.iter().any(|(name, _)| name == path);
    let ignored: Vec<_> = all
        .iter()
        .filter(|path| !acting.contains(path) && !is_later(path))
        .collect();
    assert!(
        ignored.is_empty(),
        "{what}: accepted and ignored: {ignored:?}"
    );
    for (name, test) in later {
        assert!(
            all.iter().any(|path| path == name),
            "{what}: there is no {name}"
        );
        assert!(
            !acting.iter().any(|path| path == name),
            "{what}: {name} is no exception"
        );
        let (file, function) = test.split_once("::").expect("FILE::FUNCTION");
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file));
        let text = text.expect("the file of the test that is named");
        let last = name.rsplit('.').next().unwrap_or(name);
        assert!(
            text.contains(&format!("{function}(")) && text.contains(last),
            "{test} does not try {name}"
        );
    }
}

/// The same for an object of which one look says everything. `beside` is what an input needs beside it.
async fn check<F: Future<Output = String>>(
    what: &str,
    inputs: &[Attribute],
    base: Json,
    beside: &[(&str, Json)],
    later: &[(&str, &str)],
    look: impl Fn(Value) -> F,
) {
    let (mut all, mut acting) = (Vec::new(), Vec::new());
    for one in inputs {
        for (path, pairs) in pairs(one) {
            let needed = beside
                .iter()
                .find(|(name, _)| path == *name || path.starts_with(&format!("{name}.")));
            let base = needed.map_or(base.clone(), |(_, needed)| over(&base, needed));
            let config = |value: &Json| whole(inputs, &over(&base, &json!({ one.name: value })));
            let plain = whole(inputs, &base);
            assert_eq!(
                look(plain.clone()).await,
                look(plain).await,
                "{what}: nothing moves by itself"
            );
            for (a, b) in pairs {
                if look(config(&a)).await != look(config(&b)).await {
                    acting.push(path.clone());
                    break;
                }
            }
            all.push(path);
        }
    }
    judge(what, all, &acting, later);
}

/// A configuration with null for what is left out, in blocks and objects too.
fn whole(inputs: &[Attribute], given: &Json) -> Value {
    let value = |one: &Attribute| match (one.kind, &given[one.name]) {
        (Kind::Object(of) | Kind::Block(of), given @ Json::Object(_)) => whole(of, given),
        (_, given) => from_json(given),
    };
    Value::object(inputs.iter().map(|one| (one.name, value(one))))
}

/// What a data source answers, without its arguments.
async fn answer(source: impl DataSource, config: Value, inputs: &[Attribute]) -> String {
    let response = source.read(DataSourceReadRequest::new(config)).await;
    let errors: Vec<_> = response
        .diagnostics
        .iter()
        .filter(|one| one.is_error())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    without(&response.state, inputs)
}

fn without(state: &Value, inputs: &[Attribute]) -> String {
    let mut shown = state.clone();
    for input in inputs {
        shown.set(input.name, Value::Null);
    }
    format!("{shown:?}")
}

fn configured(written: &Value) -> Configured {
    let config = from_value(written).expect("the shape of the schema");
    Configured::new(&config, written).expect("a legal block")
}

fn shared() -> Shared {
    let written = json!({ "region": "us-east-1" });
    let shared = Shared::default();
    shared.set(configured(&whole(provider_config::INPUTS, &written)));
    shared
}

#[tokio::test]
async fn the_provider_block_reaches_settings_tags_figures_and_signals() {
    let look = |written: Value| async move {
        let config: provider_config::Config =
            from_value(&written).expect("the shape of the schema");
        let timing = crate::settings::timing().expect("no scale");
        let settings = crate::settings::settings(&config, &written, timing);
        let tags = crate::settings::default_tags(&config);
        let signal = config
            .carbon_signal
            .as_ref()
            .known()
            .map(crate::signal::settings);
        let mut written = written;
        written.set("carbon_signal", Value::Null);
        let figures = configured(&written).overrides_digest;
        format!("{settings:?} {tags:?} {signal:?} {figures:?}")
    };
    let inputs = provider_config::INPUTS;
    check("provider", inputs, json!({}), &[], &[], look).await;
}

#[tokio::test]
async fn every_filter_of_instance_types_filters() {
    let inputs = data_sources::instance_types::INPUTS;
    let look = |config| answer(InstanceTypes::new(Shared::default()), config, inputs);
    check(
        "data.sustainable_instance_types",
        inputs,
        json!({}),
        &[],
        &[],
        look,
    )
    .await;
}

#[tokio::test]
async fn every_question_about_an_intensity_is_answered() {
    let inputs = data_sources::carbon_intensity::INPUTS;
    let look = |config| answer(CarbonIntensity::new(shared()), config, inputs);
    let base = json!({ "region": "eu-north-1", "at": "2090-03-01T06:00:00Z" });
    let beside = [("zone", json!({ "region": null }))];
    check(
        "data.sustainable_carbon_intensity",
        inputs,
        base,
        &beside,
        &[],
        look,
    )
    .await;
}

/// What the data source has beyond the inputs of a training. Those it reads by the resource's own function, and those that
/// decide nothing are there for the digest of a placement.
#[tokio::test]
async fn what_a_placement_alone_is_asked_is_answered() {
    let all = data_sources::placement::inputs();
    let inputs: Vec<_> = [
        data_sources::placement::LOOKUPS,
        data_sources::placement::FURTHER,
    ]
    .concat();
    let look = |config: Value| {
        let mut asked = whole(
            &data_sources::placement::inputs(),
            &json!({
                "model_type": "natural_language", "dataset_region": "us-east-1", "dataset_size_gb": 16,
                "estimated_training_hours": 96, "training_image": "image:1", "earliest_start": "2090-03-01T00:00:00Z",
                "supports_checkpointing": true,
            }),
        );
        for (name, value) in config.as_map().into_iter().flatten() {
            asked.set(name, value.clone());
        }
        async {
            let source = Placement::new(shared());
            let state = source.read(DataSourceReadRequest::new(asked)).await.state;
            format!("{:?}", state.get("pipeline_step_json"))
        }
    };
    let later = [
        (
            "use_live_prices",
            "tests/e2e/test_live_prices.py::test_live_prices_from_plan_to_measured",
        ),
        (
            "check_quotas",
            "tests/e2e/test_live_prices.py::test_a_quota_that_is_too_small",
        ),
    ];
    assert!(all.len() > inputs.len());
    check(
        "data.sustainable_placement",
        &inputs,
        json!({}),
        &[],
        &later,
        look,
    )
    .await;
}

#[tokio::test]
async fn every_argument_of_a_dashboard_changes_the_dashboard() {
    let inputs = training_dashboard::INPUTS;
    let look = |config: Value| async move {
        let resource = TrainingDashboard::new(shared());
        let request = PlanRequest::new(Value::Null, config.clone(), config);
        without(&resource.plan(request).await.planned, inputs)
    };
    let base = json!({ "name": "fleet" });
    let beside = [("regions", json!({ "job_name_prefix": "bert" }))];
    check(
        "sustainable_training_dashboard",
        inputs,
        base,
        &beside,
        &[],
        look,
    )
    .await;
}

#[tokio::test]
async fn every_argument_of_a_kept_report_says_where() {
    let look = |config: Value| async move {
        let inputs = training_report::resource_inputs();
        let asked = json!({ "s3_bucket_name": "data" });
        let mut wanted = whole(&inputs, &asked);
        for (name, value) in config.as_map().into_iter().flatten() {
            wanted.set(name, value.clone());
        }
        let resource = TrainingReport::new(shared());
        let request = PlanRequest::new(Value::Null, wanted.clone(), wanted);
        without(&resource.plan(request).await.planned, &inputs)
    };
    let base = json!({ "name": "quarter" });
    check(
        "sustainable_training_report",
        training_report::INPUTS,
        base,
        &[],
        &[],
        look,
    )
    .await;
}

/// What a report is about is asked of AWS: here only the source of the one function that asks is looked at, for the field of
/// each argument.
#[test]
fn every_argument_of_a_report_is_read() {
    let asks = include_str!("report/mod.rs");
    for one in training_report::QUERY {
        let read = format!("query.{}", one.name);
        assert!(asks.contains(&read), "{read} is not read");
    }
}
