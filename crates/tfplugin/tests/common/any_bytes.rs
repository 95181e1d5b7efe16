//! What holds for any bytes, whoever sent them. The tests of this crate try it with random ones, and the fuzz target
//! does nothing but call it.

use tfplugin::{
    Type,
    codec::{
        json::{self, Extra},
        msgpack,
    },
};

/// Bytes are decoded as a value of a type or refused, without a panic, and what is decoded is encoded to something that
/// decodes to the same. `ty` is the type's JSON; an empty text means the type that holds every other.
pub(crate) fn decode(ty: &str, bytes: &[u8]) {
    let Some(ty) = named(ty) else { return };
    if let Ok(value) = msgpack::decode(bytes, &ty) {
        let again = msgpack::encode(&value, &ty).expect("what was decoded can be encoded");
        assert_eq!(msgpack::decode(&again, &ty).as_ref(), Ok(&value));
    }
    let _ = json::decode(bytes, &ty, Extra::Drop);
}

fn named(ty: &str) -> Option<Type> {
    if ty.is_empty() {
        return Some(Type::Dynamic);
    }
    Type::from_json(&serde_json::from_str(ty).ok()?)
}
