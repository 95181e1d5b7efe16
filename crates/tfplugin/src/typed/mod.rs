//! The typed layer: values into and out of Rust structs through serde.
//!
//! An object or map becomes a struct or a map, a list or set a sequence, text a string or a unit
//! variant of an enum. Null and unknown are told apart by the field's type:
//!
//! | field | null | unknown |
//! |---|---|---|
//! | `T` | error | error |
//! | `Option<T>` | `None` | error |
//! | [`Attr<T>`] | [`Attr::Null`] | [`Attr::Unknown`] |
//! | [`Value`] | [`Value::Null`] | [`Value::Unknown`] |
//!
//! A field that is not there reads as null where the type has one, but for [`Value`], which wants a
//! `#[serde(default)]`. A value of an attribute of any type keeps the type it brought in a [`Value`].
//!
//! Errors carry the path of the attribute. `#[serde(flatten)]` and untagged or internally tagged
//! enums work on known values only: serde copies those into a form that has no unknown, and no
//! numbers beyond 64 bits.

mod attr;
mod de;
mod exact;
mod ser;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    value::{Path, Step, Value},
};

pub use attr::{Attr, Unknown};

/// Names that the serializers and deserializers of this module recognise. They never reach the wire.
mod magic {
    pub(super) const ATTR: &str = "$tfplugin::Attr";
    pub(super) const DYNAMIC: &str = "$tfplugin::Dynamic";
    pub(super) const NUMBER: &str = "$tfplugin::Number";
    pub(super) const UNKNOWN: &str = "$tfplugin::Unknown";
    pub(super) const VALUE: &str = "$tfplugin::Value";
}

/// Reads `value` as a `T`.
///
/// # Errors
/// When it has another shape; the error says where.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, ValueError> {
    T::deserialize(de::ValueDeserializer::new(value))
}

/// Makes a value of `data`.
///
/// # Errors
/// When it has no counterpart among values: bytes, NaN, map keys that are no text.
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, ValueError> {
    data.serialize(ser::ValueSerializer)
}

/// Why a value does not fit a type, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueError {
    /// The attribute it is about.
    pub path: Path,
    /// What is wrong with it.
    pub message: String,
}

impl ValueError {
    /// An error about the whole value.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            path: Path::empty(),
            message: message.into(),
        }
    }

    /// The same error, seen from one level further out.
    pub(crate) fn inside(self, step: Step) -> Self {
        Self {
            path: self.path.prefixed(step),
            ..self
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for ValueError {}

impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl serde::ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl From<ValueError> for Diagnostic {
    fn from(error: ValueError) -> Self {
        let diagnostic = Self::error("Invalid value", error.to_string());
        if error.path.is_empty() {
            diagnostic
        } else {
            diagnostic.at(error.path)
        }
    }
}

impl From<ValueError> for Diagnostics {
    fn from(error: ValueError) -> Self {
        Diagnostic::from(error).into()
    }
}
