//! Values as Terraform sees them: a [`Value`] is null, unknown, or data whose [`Type`] the schema gives.
//!
//! A value does not repeat its type: lists, sets and tuples are all [`Value::Seq`], maps and objects
//! are both [`Value::Map`]. The codec puts the schema's type beside the value when it crosses the wire.

mod number;
mod path;
mod ty;

use std::collections::BTreeMap;

pub use number::Number;
pub use path::{Path, Step};
pub(crate) use ty::MAX_DEPTH;
pub use ty::Type;

/// A value of a configuration, a plan or a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// Not known yet; Terraform prints "(known after apply)".
    Unknown,
    /// A boolean.
    Bool(bool),
    /// A number, kept exactly as it was written.
    Number(Number),
    /// Text.
    String(String),
    /// The elements of a list, a set or a tuple.
    Seq(Vec<Value>),
    /// The entries of a map, or the attributes of an object.
    Map(BTreeMap<String, Value>),
    /// A value of an attribute of [`Type::Dynamic`], with the type that it turned out to have.
    Dynamic(Box<Type>, Box<Value>),
}

/// What [`Value::get`] answers for an attribute that is not there.
static NULL: Value = Value::Null;

impl Value {
    /// An object from its attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Value)>) -> Self {
        // A map is built by sorting, and what sorts is compiled once per kind of iterator: so it gets one kind.
        let attributes: Vec<_> = attributes.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self::Map(attributes.into_iter().collect())
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(_, inner) => inner.is_null(),
            _ => false,
        }
    }

    /// Whether the value itself is unknown. What it holds may be, too: [`Value::is_wholly_known`].
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Dynamic(_, inner) => inner.is_unknown(),
            _ => false,
        }
    }

    /// Whether nothing in the value, at any depth, is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Seq(items) => items.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.values().all(Self::is_wholly_known),
            Self::Dynamic(_, inner) => inner.is_wholly_known(),
            _ => true,
        }
    }

    /// The same value with every unknown part made null.
    #[must_use]
    pub fn unknown_as_null(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            Self::Seq(items) => Self::Seq(items.into_iter().map(Self::unknown_as_null).collect()),
            Self::Map(mut entries) => {
                for value in entries.values_mut() {
                    *value = std::mem::take(value).unknown_as_null();
                }
                Self::Map(entries)
            }
            Self::Dynamic(ty, inner) => Self::Dynamic(ty, Box::new(inner.unknown_as_null())),
            other => other,
        }
    }

    /// The attribute or map entry `key`; null when there is none, or when this is no map.
    pub fn get(&self, key: &str) -> &Value {
        match self {
            Self::Map(entries) => entries.get(key).unwrap_or(&NULL),
            Self::Dynamic(_, inner) => inner.get(key),
            _ => &NULL,
        }
    }

    /// Sets the attribute or map entry `key`. A null or unknown value becomes a map first.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(BTreeMap::new());
        }
        if let Self::Map(entries) = self {
            entries.insert(key.into(), value.into());
        }
    }

    /// The value that `path` leads to; `None` where it leads nowhere.
    pub fn at(&self, path: &Path) -> Option<&Value> {
        path.steps()
            .iter()
            .try_fold(self, |value, step| match (value, step) {
                (Self::Dynamic(_, inner), step) => inner.at(&Path::from(vec![step.clone()])),
                (Self::Map(entries), Step::Attribute(key) | Step::Key(key)) => entries.get(key),
                (Self::Seq(items), Step::Index(index)) => {
                    usize::try_from(*index).ok().and_then(|i| items.get(i))
                }
                _ => None,
            })
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Dynamic(_, inner) => inner.as_str(),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Dynamic(_, inner) => inner.as_bool(),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Dynamic(_, inner) => inner.as_number(),
            _ => None,
        }
    }

    /// The nearest `f64`, if this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The elements, if this is a list, a set or a tuple.
    pub fn as_seq(&self) -> Option<&[Value]> {
        match self {
            Self::Seq(items) => Some(items),
            Self::Dynamic(_, inner) => inner.as_seq(),
            _ => None,
        }
    }

    /// The entries, if this is a map or an object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Self::Map(entries) => Some(entries),
            Self::Dynamic(_, inner) => inner.as_map(),
            _ => None,
        }
    }

    /// The type that a value without a schema looks like, as HCL takes its literals: lists are
    /// tuples, maps are objects.
    pub(crate) fn inferred_type(&self) -> Type {
        match self {
            Self::Null | Self::Unknown => Type::Dynamic,
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::Seq(items) => Type::Tuple(items.iter().map(Self::inferred_type).collect()),
            Self::Map(entries) => Type::object(
                entries
                    .iter()
                    .map(|(key, value)| (key, value.inferred_type())),
            ),
            Self::Dynamic(ty, _) => (**ty).clone(),
        }
    }

    /// What kind of thing this is, in the words of an error message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Seq(_) => "a list",
            Self::Map(_) => "an object",
            Self::Dynamic(_, inner) => inner.kind(),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Number::Int(number))
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::Seq(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<BTreeMap<String, T>> for Value {
    fn from(entries: BTreeMap<String, T>) -> Self {
        Self::object(entries.into_iter().map(|(k, v)| (k, v.into())))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
