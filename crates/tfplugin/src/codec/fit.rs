//! Saving what can be saved of a value that does not fit its schema.

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
        (Value::Map(mut entries), Type::Map(element)) => {
            for value in entries.values_mut() {
                *value = fit(std::mem::take(value), element);
            }
            Value::Map(entries)
        }
        (Value::Map(entries), Type::Object(attributes)) => {
            // Both are in the order of the names.
            let mut entries = entries.into_iter().peekable();
            Value::object(attributes.iter().map(|(name, ty)| {
                while entries.next_if(|(other, _)| other < name).is_some() {}
                let value = entries.next_if(|(other, _)| other == name);
                let value = value.map_or(Value::Null, |(_, value)| value);
                (name.clone(), fit(value, ty))
            }))
        }
        (value @ (Value::Null | Value::Unknown), _)
        | (value @ Value::Bool(_), Type::Bool)
        | (value @ Value::Number(_), Type::Number)
        | (value @ Value::String(_), Type::String) => value,
        _ => Value::Null,
    }
}
