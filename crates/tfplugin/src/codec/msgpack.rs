//! Values in MessagePack.

use std::collections::BTreeMap;

use rmp::{Marker, decode as read, encode as write};

use super::mismatch;
use crate::{
    typed::ValueError,
    value::{MAX_DEPTH, Number, Step, Type, Value},
};

/// An unknown value: extension 0 with one byte, as Terraform itself writes it.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// The most elements that memory is set aside for before they are seen.
const MAX_RESERVE: usize = 1024;

/// Reads a value of type `ty`.
///
/// # Errors
/// When the bytes are no such value; the error says where.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    let mut reader = bytes;
    let value = decode_at(&mut reader, ty, 0)?;
    match reader.len() {
        0 => Ok(value),
        left => Err(ValueError::new(format!("{left} bytes follow the value"))),
    }
}

/// Writes a value of type `ty`.
///
/// # Errors
/// When the value is not of that type; the error says where.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::with_capacity(256);
    encode_at(&mut out, value, ty)?;
    Ok(out)
}

fn decode_at(reader: &mut &[u8], ty: &Type, depth: usize) -> Result<Value, ValueError> {
    if depth > MAX_DEPTH {
        return Err(ValueError::new(format!(
            "nests deeper than {MAX_DEPTH} levels"
        )));
    }
    let marker = Marker::from_u8(*reader.first().ok_or_else(truncated)?);
    match marker {
        Marker::Null => {
            *reader = &reader[1..];
            return Ok(Value::Null);
        }
        // Every extension is an unknown value: 0 a plain one, 12 one with refinements (pitfall P19).
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => {
            let meta = read::read_ext_meta(reader).map_err(malformed)?;
            take(reader, meta.size)?;
            return Ok(Value::Unknown);
        }
        _ => {}
    }
    match ty {
        Type::Bool => read::read_bool(reader).map(Value::Bool).map_err(malformed),
        Type::String => Ok(Value::String(text(reader)?.to_owned())),
        Type::Number => number(reader, marker).map(Value::Number),
        Type::List(element) | Type::Set(element) => {
            let length = read::read_array_len(reader).map_err(malformed)?;
            let mut items = Vec::with_capacity((length as usize).min(MAX_RESERVE));
            for index in 0..length {
                let item = decode_at(reader, element, depth + 1);
                items.push(item.map_err(|e| e.inside(Step::Index(index.into())))?);
            }
            Ok(Value::Seq(items))
        }
        Type::Tuple(types) => {
            let length = read::read_array_len(reader).map_err(malformed)? as usize;
            if length != types.len() {
                return Err(wrong_length(length, types.len()));
            }
            let items = types.iter().enumerate().map(|(index, ty)| {
                decode_at(reader, ty, depth + 1).map_err(|e| e.inside(Step::Index(index as i64)))
            });
            items.collect::<Result<_, _>>().map(Value::Seq)
        }
        Type::Map(element) => {
            let length = read::read_map_len(reader).map_err(malformed)?;
            let mut entries = BTreeMap::new();
            for _ in 0..length {
                let key = text(reader)?;
                let value = decode_at(reader, element, depth + 1);
                entries.insert(key.to_owned(), value.map_err(|e| e.inside(key_step(key)))?);
            }
            Ok(Value::Map(entries))
        }
        Type::Object(attributes) => object(reader, attributes, depth),
        Type::Dynamic => dynamic(reader, depth),
    }
}

fn object(
    reader: &mut &[u8],
    attributes: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<Value, ValueError> {
    let length = read::read_map_len(reader).map_err(malformed)?;
    let mut entries = Vec::with_capacity((length as usize).min(attributes.len()));
    // Terraform sends attributes in the order of their names, which is the order here: then nothing
    // is searched for.
    let mut expected = attributes.iter();
    for _ in 0..length {
        let name = text(reader)?;
        let step = || Step::Attribute(name.to_owned());
        let ty = match expected.next() {
            Some((next, ty)) if next == name => ty,
            _ => attributes
                .get(name)
                .ok_or_else(|| ValueError::new("is not in the schema").inside(step()))?,
        };
        let value = decode_at(reader, ty, depth + 1).map_err(|e| e.inside(step()))?;
        entries.push((name.to_owned(), value));
    }
    let mut entries: BTreeMap<_, _> = entries.into_iter().collect();
    // An object holds every attribute, so that a handler need not tell absent from null.
    if entries.len() < attributes.len() {
        for name in attributes.keys() {
            if !entries.contains_key(name) {
                entries.insert(name.clone(), Value::Null);
            }
        }
    }
    Ok(Value::Map(entries))
}

/// A value that brings its type: `[type as JSON, value]` (pitfall P20).
fn dynamic(reader: &mut &[u8], depth: usize) -> Result<Value, ValueError> {
    if read::read_array_len(reader).map_err(malformed)? != 2 {
        return Err(ValueError::new(
            "a dynamic value is a pair of type and value",
        ));
    }
    let length = read::read_bin_len(reader).map_err(malformed)?;
    let json = serde_json::from_slice(take(reader, length)?).map_err(malformed)?;
    let ty = Type::from_json(&json)
        .ok_or_else(|| ValueError::new("the type of a dynamic value is not a type"))?;
    let value = decode_at(reader, &ty, depth + 1)?;
    Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
}

/// A number comes as whatever holds it exactly: an integer, a float, or decimal text (pitfall P18).
fn number(reader: &mut &[u8], marker: Marker) -> Result<Number, ValueError> {
    let not_finite = || ValueError::new("is not a finite number");
    match marker {
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            text(reader)?.parse().map_err(ValueError::new)
        }
        Marker::F32 => {
            let number = read::read_f32(reader).map_err(malformed)?;
            Number::from_f64(number.into()).ok_or_else(not_finite)
        }
        Marker::F64 => {
            let number = read::read_f64(reader).map_err(malformed)?;
            Number::from_f64(number).ok_or_else(not_finite)
        }
        Marker::U64 => read::read_u64(reader).map(Number::from).map_err(malformed),
        _ => read::read_int(reader).map(Number::Int).map_err(malformed),
    }
}

fn text<'a>(reader: &mut &'a [u8]) -> Result<&'a str, ValueError> {
    let length = read::read_str_len(reader).map_err(malformed)?;
    std::str::from_utf8(take(reader, length)?).map_err(malformed)
}

fn take<'a>(reader: &mut &'a [u8], length: u32) -> Result<&'a [u8], ValueError> {
    let (taken, rest) = reader
        .split_at_checked(length as usize)
        .ok_or_else(truncated)?;
    *reader = rest;
    Ok(taken)
}

fn encode_at(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), ValueError> {
    match (value, ty) {
        (Value::Unknown, _) => out.extend(UNKNOWN),
        (Value::Null, _) => out.push(0xc0),
        (Value::Dynamic(actual, inner), Type::Dynamic) => {
            write::write_array_len(out, 2).map_err(malformed)?;
            let json = actual.to_json().to_string();
            write::write_bin(out, json.as_bytes()).map_err(malformed)?;
            encode_at(out, inner, actual)?;
        }
        // A value that a handler made has no wrapping yet: it is of the type that it looks like.
        (value, Type::Dynamic) => {
            let ty = value.inferred_type();
            encode_at(
                out,
                &Value::Dynamic(Box::new(ty), Box::new(value.clone())),
                &Type::Dynamic,
            )?;
        }
        // The schema knows the type, so the wrapping is not needed.
        (Value::Dynamic(_, inner), ty) => encode_at(out, inner, ty)?,
        (Value::Bool(flag), Type::Bool) => write::write_bool(out, *flag).map_err(malformed)?,
        (Value::Number(number), Type::Number) => match number {
            Number::Int(number) => {
                write::write_sint(out, *number).map_err(malformed)?;
            }
            Number::Uint(number) => {
                write::write_uint(out, *number).map_err(malformed)?;
            }
            // Never as a float: Terraform re-reads its state at 512 bits (pitfall P18).
            Number::Dec(text) => write::write_str(out, text).map_err(malformed)?,
        },
        (Value::String(text), Type::String) => write::write_str(out, text).map_err(malformed)?,
        (Value::Seq(items), Type::List(element) | Type::Set(element)) => {
            write::write_array_len(out, length(items.len())?).map_err(malformed)?;
            for (index, item) in items.iter().enumerate() {
                encode_at(out, item, element).map_err(|e| e.inside(Step::Index(index as i64)))?;
            }
        }
        (Value::Seq(items), Type::Tuple(types)) => {
            if items.len() != types.len() {
                return Err(wrong_length(items.len(), types.len()));
            }
            write::write_array_len(out, length(items.len())?).map_err(malformed)?;
            for (index, (item, ty)) in items.iter().zip(types).enumerate() {
                encode_at(out, item, ty).map_err(|e| e.inside(Step::Index(index as i64)))?;
            }
        }
        (Value::Map(entries), Type::Map(element)) => {
            write::write_map_len(out, length(entries.len())?).map_err(malformed)?;
            for (key, value) in entries {
                write::write_str(out, key).map_err(malformed)?;
                encode_at(out, value, element).map_err(|e| e.inside(key_step(key)))?;
            }
        }
        (Value::Map(entries), Type::Object(attributes)) => {
            // Every attribute has to be there; a missing one is null (pitfall P19). Both sides are in
            // the order of the names, so that an entry nobody takes is one the schema does not have.
            write::write_map_len(out, length(attributes.len())?).map_err(malformed)?;
            let mut given = entries.iter().peekable();
            for (name, ty) in attributes {
                let value = given.next_if(|(given, _)| *given == name);
                write::write_str(out, name).map_err(malformed)?;
                encode_at(out, value.map_or(&Value::Null, |(_, value)| value), ty)
                    .map_err(|e| e.inside(Step::Attribute(name.clone())))?;
            }
            if let Some((name, _)) = given.next() {
                let step = Step::Attribute(name.clone());
                return Err(ValueError::new("is not in the schema").inside(step));
            }
        }
        (value, ty) => return Err(mismatch(value, ty)),
    }
    Ok(())
}

fn key_step(key: &str) -> Step {
    Step::Key(key.to_owned())
}

fn length(length: usize) -> Result<u32, ValueError> {
    u32::try_from(length).map_err(|_| ValueError::new("has more elements than MessagePack counts"))
}

fn wrong_length(found: usize, wanted: usize) -> ValueError {
    ValueError::new(format!("has {found} elements; the schema says {wanted}"))
}

fn truncated() -> ValueError {
    ValueError::new("the MessagePack data end too early")
}

fn malformed(error: impl std::fmt::Display) -> ValueError {
    ValueError::new(format!("malformed MessagePack: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terraform_sends_is_understood() {
        let number = |bytes: &[u8]| match decode(bytes, &Type::Number) {
            Ok(Value::Number(number)) => number.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(number(&[0x07]), "7");
        assert_eq!(number(&[0xff]), "-1");
        assert_eq!(
            number(&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]),
            u64::MAX.to_string()
        );
        assert_eq!(number(b"\xa30.1"), "0.1");
        assert_eq!(number(&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), "1.5");
        // Plain unknown, and unknown with the refinement "not null".
        assert_eq!(decode(&[0xd4, 0, 0], &Type::String), Ok(Value::Unknown));
        assert_eq!(
            decode(&[0xc7, 3, 12, 0x81, 0x01, 0xc2], &Type::String),
            Ok(Value::Unknown)
        );
    }

    #[test]
    fn an_error_says_where() {
        let ty = Type::object([("a", Type::map(Type::list(Type::Bool)))]);
        let message = |bytes: &[u8]| decode(bytes, &ty).unwrap_err().to_string();
        assert_eq!(message(b"\x81\xa1b\xc0"), "b: is not in the schema");
        assert!(message(b"\x81\xa1a\x81\xa1k\x92\xc3\x05").starts_with("a[\"k\"][1]: malformed"));
        assert_eq!(
            message(b"\x81\xa1a\x81\xa1k\x92\xc3"),
            "a[\"k\"][1]: the MessagePack data end too early"
        );
        assert_eq!(message(b"\xc0\xc0"), "1 bytes follow the value");
        let wrong = Value::object([("a", Value::object([("k", Value::from(vec![1]))]))]);
        assert_eq!(
            encode(&wrong, &ty).unwrap_err().to_string(),
            "a[\"k\"][0]: is a number; the schema says bool"
        );
    }

    #[test]
    fn attributes_may_come_in_any_order_and_be_missing() {
        let ty = Type::object([("a", Type::Bool), ("b", Type::Bool), ("c", Type::Bool)]);
        let full = |a: Value, b: Value, c: Value| Value::object([("a", a), ("b", b), ("c", c)]);
        let (yes, no) = (|| Value::from(true), || Value::from(false));
        for (bytes, wanted) in [
            (
                &b"\x83\xa1a\xc3\xa1b\xc2\xa1c\xc3"[..],
                full(yes(), no(), yes()),
            ),
            (b"\x83\xa1c\xc3\xa1a\xc3\xa1b\xc2", full(yes(), no(), yes())),
            (b"\x81\xa1c\xc3", full(Value::Null, Value::Null, yes())),
            (b"\x80", full(Value::Null, Value::Null, Value::Null)),
        ] {
            assert_eq!(decode(bytes, &ty), Ok(wanted));
        }
        let missing = Value::object([("b", yes())]);
        assert_eq!(
            encode(&missing, &ty).unwrap(),
            b"\x83\xa1a\xc0\xa1b\xc3\xa1c\xc0"
        );
        for other in ["A", "aa", "d"] {
            let value = Value::object([("a", yes()), (other, no()), ("c", yes())]);
            assert_eq!(
                encode(&value, &ty).unwrap_err().to_string(),
                format!("{other}: is not in the schema")
            );
            // What can be saved of it is the rest.
            let rest = full(yes(), Value::Null, yes());
            assert_eq!(crate::codec::fit::fit(value, &ty), rest);
        }
    }

    #[test]
    fn depth_is_bounded() {
        // Each level: an array of [type "dynamic", value].
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            bytes.extend(b"\x92\xc4\x09\"dynamic\"");
        }
        let error = decode(&bytes, &Type::Dynamic).unwrap_err();
        assert_eq!(error.message, "nests deeper than 64 levels");
    }
}
