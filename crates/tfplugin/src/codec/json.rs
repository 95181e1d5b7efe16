//! Values in JSON, as states are saved.

use serde_json::Value as Json;

use crate::{
    typed::ValueError,
    value::{MAX_DEPTH, Number, Step, Type, Value},
};

/// What to do with attributes that the schema does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// An error: the data are for this schema.
    Refuse,
    /// Leave them out: the data are of an older schema (pitfall P22).
    Drop,
}

/// Reads a value of type `ty` from JSON text.
///
/// # Errors
/// When the text is no such value; the error says where.
pub fn decode(text: &[u8], ty: &Type, extra: Extra) -> Result<Value, ValueError> {
    let json: Json = serde_json::from_slice(text)
        .map_err(|error| ValueError::new(format!("malformed JSON: {error}")))?;
    from_json(&json, ty, extra)
}

/// Reads a value of type `ty`; attributes that are not there are null.
///
/// # Errors
/// When it is no such value; the error says where.
pub fn from_json(json: &Json, ty: &Type, extra: Extra) -> Result<Value, ValueError> {
    at(json, ty, extra, 0)
}

fn at(json: &Json, ty: &Type, extra: Extra, depth: usize) -> Result<Value, ValueError> {
    if depth > MAX_DEPTH {
        return Err(ValueError::new(format!(
            "nests deeper than {MAX_DEPTH} levels"
        )));
    }
    let inner = |json: &Json, ty: &Type, step: Step| {
        at(json, ty, extra, depth + 1).map_err(|error| error.inside(step))
    };
    let index = |position: usize| Step::Index(position as i64);
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Bool(flag), Type::Bool) => Ok(Value::Bool(*flag)),
        (Json::Number(number), Type::Number) => exact(&number.to_string()),
        (Json::String(text), Type::String) => Ok(Value::String(text.clone())),
        // Primitives convert the way Terraform converts them, so that a changed type need not be a
        // new version.
        (Json::String(text), Type::Number) => exact(text),
        (Json::String(text), Type::Bool) => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(mismatch(json, ty)),
        },
        (Json::Number(number), Type::String) => Ok(Value::String(number.to_string())),
        (Json::Bool(flag), Type::String) => Ok(Value::String(flag.to_string())),
        (Json::Object(pair), Type::Dynamic) => {
            // {"type": ..., "value": ...} (pitfall P20).
            let ty = pair
                .get("type")
                .and_then(Type::from_json)
                .ok_or_else(|| ValueError::new("the type of a dynamic value is not a type"))?;
            let value = at(
                pair.get("value").unwrap_or(&Json::Null),
                &ty,
                extra,
                depth + 1,
            )?;
            Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
        }
        (Json::Array(items), Type::List(element) | Type::Set(element)) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(i, json)| inner(json, element, index(i)));
            items.collect::<Result<_, _>>().map(Value::Seq)
        }
        (Json::Array(items), Type::Tuple(types)) if items.len() == types.len() => {
            let pairs = items.iter().zip(types).enumerate();
            let items = pairs.map(|(i, (json, ty))| inner(json, ty, index(i)));
            items.collect::<Result<_, _>>().map(Value::Seq)
        }
        (Json::Object(entries), Type::Map(element)) => {
            let entries = entries.iter().map(|(key, json)| {
                Ok((key.clone(), inner(json, element, Step::Key(key.clone()))?))
            });
            entries.collect::<Result<Vec<_>, _>>().map(Value::object)
        }
        (Json::Object(entries), Type::Object(attributes)) => {
            let unknown = entries.keys().find(|name| !attributes.contains_key(*name));
            if let (Some(name), Extra::Refuse) = (unknown, extra) {
                let step = Step::Attribute(name.clone());
                return Err(ValueError::new("is not in the schema").inside(step));
            }
            let entries = attributes.iter().map(|(name, ty)| {
                let json = entries.get(name).unwrap_or(&Json::Null);
                Ok((
                    name.clone(),
                    inner(json, ty, Step::Attribute(name.clone()))?,
                ))
            });
            entries.collect::<Result<Vec<_>, _>>().map(Value::object)
        }
        _ => Err(mismatch(json, ty)),
    }
}

fn exact(text: &str) -> Result<Value, ValueError> {
    text.parse::<Number>()
        .map(Value::Number)
        .map_err(ValueError::new)
}

fn mismatch(json: &Json, ty: &Type) -> ValueError {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    ValueError::new(format!("is {kind}; the schema says {ty}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_an_older_schema_is_read() {
        let ty = Type::object([
            ("name", Type::String),
            ("count", Type::Number),
            ("big", Type::Number),
            ("any", Type::Dynamic),
            ("new", Type::list(Type::String)),
        ]);
        let state = br#"{"name": 5, "count": "7", "gone": [1],
            "big": 12345678901234567890.123456789,
            "any": {"type": ["tuple", ["bool"]], "value": [true]}}"#;
        let value = decode(state, &ty, Extra::Drop).unwrap();
        assert_eq!(value.get("name").as_str(), Some("5"));
        assert_eq!(value.get("count"), &Value::from(7));
        assert_eq!(
            value.get("big").as_number().unwrap().to_string(),
            "12345678901234567890.123456789"
        );
        assert_eq!(value.get("any").as_seq(), Some(&[Value::Bool(true)][..]));
        assert!(value.get("new").is_null());
        let error = decode(state, &ty, Extra::Refuse).unwrap_err();
        assert_eq!(error.to_string(), "gone: is not in the schema");
    }
}
