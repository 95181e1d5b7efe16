//! Saving what can be saved of a value that does not fit its schema.

use std::collections::BTreeMap;

use crate::value::{Type, Value};

/// The value with everything made null that is not of type `ty`.
///
/// An object that was just created must not be lost because one of its attributes is wrong.
pub(crate) fn fit(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Dynamic(actual, inner), Type::Dynamic) => {
            let inner = fit(*inner, &actual);
            Value::Dynamic(actual, Box::new(inner))
        }
        (value, Type::Dynamic) => value,
        (Value::Dynamic(_, inner), ty) => fit(*inner, ty),
        (Value::Seq(items), Type::List(element) | Type::Set(element)) => {
            Value::Seq(items.into_iter().map(|item| fit(item, element)).collect())
        }
        (Value::Seq(items), Type::Tuple(types)) if items.len() == types.len() => Value::Seq(
            items
                .into_iter()
                .zip(types)
                .map(|(item, ty)| fit(item, ty))
                .collect(),
        ),
        (Value::Map(entries), Type::Map(element)) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, fit(value, element)))
                .collect(),
        ),
        (Value::Map(mut entries), Type::Object(attributes)) => {
            let fitted = attributes.iter().map(|(name, ty)| {
                (
                    name.clone(),
                    fit(entries.remove(name).unwrap_or_default(), ty),
                )
            });
            Value::Map(fitted.collect::<BTreeMap<_, _>>())
        }
        (value @ (Value::Null | Value::Unknown), _)
        | (value @ Value::Bool(_), Type::Bool)
        | (value @ Value::Number(_), Type::Number)
        | (value @ Value::String(_), Type::String) => value,
        _ => Value::Null,
    }
}
