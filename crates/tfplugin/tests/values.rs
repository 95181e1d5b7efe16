//! Values through the codec and the typed layer: nothing is lost, nothing panics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "common/any_bytes.rs"]
mod any_bytes;

use std::collections::BTreeMap;

use proptest::{collection, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{
    Attr, Diagnostic, Number, Path, Type, Value,
    codec::{
        json::{self, Extra},
        msgpack,
    },
    from_value, to_value,
};

/// Any type, down to a few levels. Sets are left to the lists: on the wire they are the same.
fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Number),
        Just(Type::String),
        Just(Type::Dynamic),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::map),
            collection::vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(Type::Object),
        ]
    })
}

fn numbers() -> impl Strategy<Value = Number> {
    let text = "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?(e-?[0-9]{1,3})?";
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        text.prop_filter_map("decimal", |text: String| Number::parse(&text)),
    ]
}

/// Any value of the type; `unknowns` says whether parts may be unknown.
fn values(ty: Type, unknowns: bool) -> BoxedStrategy<Value> {
    let data = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => numbers().prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::List(element) | Type::Set(element) => {
            collection::vec(values(*element, unknowns), 0..4)
                .prop_map(Value::Seq)
                .boxed()
        }
        Type::Map(element) => {
            let entries = collection::btree_map(any::<String>(), values(*element, unknowns), 0..4);
            entries.prop_map(Value::Map).boxed()
        }
        Type::Tuple(types) => {
            let items: Vec<_> = types.into_iter().map(|ty| values(ty, unknowns)).collect();
            items.prop_map(Value::Seq).boxed()
        }
        Type::Object(attributes) => {
            let (names, types): (Vec<_>, Vec<_>) = attributes.into_iter().unzip();
            let items: Vec<_> = types.into_iter().map(|ty| values(ty, unknowns)).collect();
            items
                .prop_map(move |items| Value::object(names.iter().cloned().zip(items)))
                .boxed()
        }
        Type::Dynamic => {
            let plain = prop_oneof![
                Just(Type::Bool),
                Just(Type::Number),
                Just(Type::list(Type::String)),
                Just(Type::Tuple(vec![Type::Number, Type::map(Type::Bool)])),
            ];
            plain
                .prop_flat_map(move |ty| {
                    let wrap = move |value| Value::Dynamic(Box::new(ty.clone()), Box::new(value));
                    values(ty_of(&wrap), unknowns).prop_map(wrap)
                })
                .boxed()
        }
    };
    if unknowns {
        prop_oneof![8 => data, 1 => Just(Value::Null), 1 => Just(Value::Unknown)].boxed()
    } else {
        prop_oneof![8 => data, 1 => Just(Value::Null)].boxed()
    }
}

/// The type that a wrapper wraps with.
fn ty_of(wrap: &impl Fn(Value) -> Value) -> Type {
    match wrap(Value::Null) {
        Value::Dynamic(ty, _) => *ty,
        _ => Type::Dynamic,
    }
}

fn typed_values(unknowns: bool) -> impl Strategy<Value = (Type, Value)> {
    types().prop_flat_map(move |ty| (Just(ty.clone()), values(ty, unknowns)))
}

/// The JSON of a state file, written without the code under test.
fn to_json(value: &Value, ty: &Type) -> Json {
    match (value, ty) {
        (Value::Dynamic(actual, inner), _) => {
            json!({ "type": actual.to_json(), "value": to_json(inner, actual) })
        }
        (Value::Bool(flag), _) => json!(flag),
        (Value::Number(number), _) => number
            .to_string()
            .parse::<serde_json::Number>()
            .map_or(Json::String(number.to_string()), Json::Number),
        (Value::String(text), _) => json!(text),
        (Value::Seq(items), Type::Tuple(types)) => items
            .iter()
            .zip(types)
            .map(|(item, ty)| to_json(item, ty))
            .collect(),
        (Value::Seq(items), Type::List(element)) => {
            items.iter().map(|item| to_json(item, element)).collect()
        }
        (Value::Map(entries), Type::Map(element)) => entries
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value, element)))
            .collect(),
        (Value::Map(entries), Type::Object(attributes)) => attributes
            .iter()
            .map(|(name, ty)| (name.clone(), to_json(&entries[name], ty)))
            .collect(),
        _ => Json::Null,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back((ty, value) in typed_values(true)) {
        let bytes = msgpack::encode(&value, &ty).unwrap();
        let read = msgpack::decode(&bytes, &ty).unwrap();
        prop_assert_eq!(&read, &value);
        // To the byte: numbers keep their text.
        prop_assert_eq!(msgpack::encode(&read, &ty).unwrap(), bytes);
        prop_assert_eq!(Type::from_json(&ty.to_json()), Some(ty));
    }

    #[test]
    fn a_saved_state_is_read_back((ty, value) in typed_values(false)) {
        let text = to_json(&value, &ty).to_string();
        prop_assert_eq!(json::decode(text.as_bytes(), &ty, Extra::Refuse).unwrap(), value);
    }

    #[test]
    fn the_typed_layer_keeps_values_whole((_ty, value) in typed_values(true)) {
        prop_assert_eq!(&to_value(&value).unwrap(), &value);
        prop_assert_eq!(from_value::<Value>(&value).unwrap(), value);
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(
        (ty, value) in typed_values(true),
        changes in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        noise in collection::vec(any::<u8>(), 0..64),
    ) {
        let named = ty.to_json().to_string();
        let mut bytes = msgpack::encode(&value, &ty).unwrap();
        any_bytes::decode(&named, &bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for ty in [named.as_str(), ""] {
            any_bytes::decode(ty, &bytes);
            any_bytes::decode(ty, &noise);
        }
    }

    #[test]
    fn any_text_names_a_type_or_none(text in any::<String>(), noise in collection::vec(any::<u8>(), 0..64)) {
        any_bytes::decode(&text, &noise);
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Plain,
    Fancy,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    count: u8,
    ratio: Attr<f64>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Outer {
    kind: Kind,
    text: Attr<String>,
    maybe: Option<bool>,
    exact: Attr<Number>,
    list: Attr<Vec<Inner>>,
    map: BTreeMap<String, Inner>,
    #[serde(default)]
    any: Value,
}

fn outer() -> Value {
    let inner = |count: i64| Value::object([("count", count.into()), ("ratio", Value::Unknown)]);
    Value::object([
        ("kind", "fancy".into()),
        ("text", Value::Unknown),
        ("maybe", Value::Null),
        ("exact", Value::Number(Number::parse("0.10").unwrap())),
        ("list", Value::Seq(vec![inner(1), inner(2)])),
        ("map", Value::object([("k", inner(3))])),
        ("any", Value::Seq(vec![Value::Unknown, true.into()])),
    ])
}

#[test]
fn structs_come_and_go_with_null_and_unknown_apart() {
    let data: Outer = from_value(&outer()).unwrap();
    assert_eq!(data.kind, Kind::Fancy);
    assert_eq!(data.text, Attr::Unknown);
    assert_eq!(data.list.as_ref().map(|list| list[1].count), Attr::Known(2));
    assert_eq!(data.exact.as_ref().known().unwrap().to_string(), "0.10");
    assert_eq!(to_value(&data).unwrap(), outer());

    // Fields that are not there are null.
    let sparse = Value::object([
        ("kind", "plain".into()),
        ("map", Value::object::<String>([])),
    ]);
    assert_eq!(from_value::<Outer>(&sparse).unwrap(), Outer::default());
}

#[test]
fn errors_say_where_and_what_is_needed() {
    let says = |path: &[&str], value: Value| {
        let mut data = outer();
        let mut slot = &mut data;
        for key in path {
            slot = match slot {
                Value::Map(entries) => entries.get_mut(*key).unwrap(),
                Value::Seq(items) => &mut items[key.parse::<usize>().unwrap()],
                other => panic!("{other:?}"),
            };
        }
        *slot = value;
        from_value::<Outer>(&data).unwrap_err().to_string()
    };
    assert_eq!(
        says(&["list", "1", "count"], "x".into()),
        "list[1].count: is a string; a whole number that is not negative is needed"
    );
    assert_eq!(
        says(&["map", "k", "count"], Value::Unknown),
        "map[\"k\"].count: is not known yet; a whole number that is not negative is needed now"
    );
    assert_eq!(
        says(&["map", "k", "count"], Value::from(300)),
        "map[\"k\"].count: invalid value: integer `300`, expected u8"
    );
    assert_eq!(
        says(&["kind"], "odd".into()),
        "kind: unknown variant `odd`, expected `plain` or `fancy`"
    );
    assert_eq!(
        says(&["maybe"], Value::Unknown),
        "maybe: is not known yet; true or false is needed now"
    );
    assert_eq!(says(&["map"], Value::Null), "map: is null; a map is needed");

    let error = from_value::<Outer>(&Value::object([("kind", Value::Null)])).unwrap_err();
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.path, Some(Path::root("kind")));

    let infinite = BTreeMap::from([("a", vec![0.5, f64::INFINITY])]);
    assert_eq!(
        to_value(&infinite).unwrap_err().to_string(),
        "[\"a\"][1]: is inf; a finite number is needed"
    );
}

#[test]
fn json_reads_into_the_same_structs() {
    let text = r#"{"kind":"fancy","text":null,"exact":12345678901234567890.5,
        "list":[{"count":1,"ratio":0.1}],"map":{},"any":[1e400]}"#;
    let data: Outer = serde_json::from_str(text).unwrap();
    assert_eq!(
        data.exact.known().unwrap().to_string(),
        "12345678901234567890.5"
    );
    assert_eq!(data.list.known().unwrap()[0].ratio, Attr::Known(0.1));
    assert_eq!(
        data.any,
        Value::Seq(vec![Value::Number(Number::parse("1e400").unwrap())])
    );
}
