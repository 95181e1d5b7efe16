//! Values on the wire: MessagePack both ways, JSON from saved states.
//!
//! Both are directed by a [`Type`]: MessagePack says neither whether a string is text
//! or a number, nor whether a map is an object. Decoding is bounded: no more than 64 levels deep,
//! and no memory is set aside for elements that are merely announced (pitfall P24).

pub(crate) mod fit;
pub mod json;
pub mod msgpack;

use crate::{
    typed::ValueError,
    value::{Type, Value},
};

/// An error that a value is of another kind than the schema says.
fn mismatch(value: &Value, ty: &Type) -> ValueError {
    ValueError::new(format!("is {}; the schema says {ty}", value.kind()))
}
