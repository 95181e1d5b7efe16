//! Bytes from anywhere: the first half names a type, the rest is decoded as a value of it. What is
//! decoded has to be encoded to something that decodes to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tfplugin::{
    Type,
    codec::{
        json::{self, Extra},
        msgpack,
    },
};

fuzz_target!(|input: (&str, &[u8])| {
    let (type_text, bytes) = input;
    let json = serde_json_type(type_text);
    let Some(ty) = json else { return };
    if let Ok(value) = msgpack::decode(bytes, &ty) {
        let again = msgpack::encode(&value, &ty).expect("what was decoded can be encoded");
        assert_eq!(msgpack::decode(&again, &ty).as_ref(), Ok(&value));
    }
    let _ = json::decode(bytes, &ty, Extra::Drop);
});

/// The type that the text names, or one that holds every other.
fn serde_json_type(text: &str) -> Option<Type> {
    if text.is_empty() {
        return Some(Type::Dynamic);
    }
    Type::from_json(&serde_json::from_str(text).ok()?)
}
