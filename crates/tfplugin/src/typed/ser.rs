//! Rust data into values.

use std::collections::BTreeMap;

use serde::{
    Serialize, Serializer,
    ser::{
        Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{ValueError, magic};
use crate::value::{Number, Step, Type, Value};

/// Makes one value.
pub(super) struct ValueSerializer;

impl Serializer for ValueSerializer {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = VariantItems;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = VariantEntries;

    fn serialize_bool(self, flag: bool) -> Result<Value, ValueError> {
        Ok(Value::Bool(flag))
    }

    fn serialize_i8(self, number: i8) -> Result<Value, ValueError> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<Value, ValueError> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<Value, ValueError> {
        self.serialize_i64(number.into())
    }

    fn serialize_i64(self, number: i64) -> Result<Value, ValueError> {
        Ok(Value::Number(Number::Int(number)))
    }

    fn serialize_u8(self, number: u8) -> Result<Value, ValueError> {
        self.serialize_u64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<Value, ValueError> {
        self.serialize_u64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<Value, ValueError> {
        self.serialize_u64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<Value, ValueError> {
        Ok(Value::Number(number.into()))
    }

    fn serialize_f32(self, number: f32) -> Result<Value, ValueError> {
        // By way of its shortest text: 0.1f32 is meant to be 0.1, not 0.10000000149011612.
        number
            .is_finite()
            .then(|| Number::parse(&number.to_string()))
            .flatten()
            .map(Value::Number)
            .ok_or_else(|| ValueError::new(format!("is {number}; a finite number is needed")))
    }

    fn serialize_f64(self, number: f64) -> Result<Value, ValueError> {
        Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| ValueError::new(format!("is {number}; a finite number is needed")))
    }

    fn serialize_char(self, letter: char) -> Result<Value, ValueError> {
        Ok(Value::String(letter.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Value, ValueError> {
        Ok(text.into())
    }

    fn serialize_bytes(self, _bytes: &[u8]) -> Result<Value, ValueError> {
        Err(ValueError::new("bytes have no counterpart among values"))
    }

    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, data: &T) -> Result<Value, ValueError> {
        data.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, ValueError> {
        Ok(if name == magic::UNKNOWN {
            Value::Unknown
        } else {
            Value::Null
        })
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, ValueError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        data: &T,
    ) -> Result<Value, ValueError> {
        match name {
            // Decimal text comes wrapped in JSON's number, which writes itself as text.
            magic::NUMBER => {
                let json = serde_json::to_string(data)
                    .map_err(|error| ValueError::new(error.to_string()))?;
                json.parse().map(Value::Number).map_err(ValueError::new)
            }
            magic::DYNAMIC => match data.serialize(self)? {
                Value::Seq(pair) => dynamic(pair),
                _ => Err(ValueError::new("a dynamic value is a type and a value")),
            },
            _ => data.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        data: &T,
    ) -> Result<Value, ValueError> {
        let inner = data
            .serialize(self)
            .map_err(|error| error.inside(Step::Attribute(variant.to_owned())))?;
        Ok(Value::object([(variant, inner)]))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, ValueError> {
        Ok(Items(Vec::with_capacity(length.unwrap_or(0))))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, ValueError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        length: usize,
    ) -> Result<Items, ValueError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<VariantItems, ValueError> {
        Ok(VariantItems(variant, Items(Vec::new())))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Entries, ValueError> {
        Ok(Entries {
            step: Step::Key,
            ..Entries::default()
        })
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Entries, ValueError> {
        Ok(Entries::default())
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<VariantEntries, ValueError> {
        Ok(VariantEntries(variant, Entries::default()))
    }
}

/// A dynamic value from its type, as JSON made a value, and itself.
fn dynamic(pair: Vec<Value>) -> Result<Value, ValueError> {
    let wrong = || ValueError::new("a dynamic value is a type and a value");
    let [ty, inner] = <[Value; 2]>::try_from(pair).map_err(|_| wrong())?;
    let json = serde_json::to_value(&ty).map_err(|error| ValueError::new(error.to_string()))?;
    let ty = Type::from_json(&json).ok_or_else(wrong)?;
    Ok(Value::Dynamic(Box::new(ty), Box::new(inner)))
}

/// A list under construction.
pub(super) struct Items(Vec<Value>);

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        let position = self.0.len() as i64;
        let item = data
            .serialize(ValueSerializer)
            .map_err(|error| error.inside(Step::Index(position)))?;
        self.0.push(item);
        Ok(())
    }
}

impl SerializeSeq for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        self.push(data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Seq(self.0))
    }
}

impl SerializeTuple for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        self.push(data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Seq(self.0))
    }
}

impl SerializeTupleStruct for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        self.push(data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Seq(self.0))
    }
}

/// A tuple variant under construction.
pub(super) struct VariantItems(&'static str, Items);

impl SerializeTupleVariant for VariantItems {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        self.1.push(data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::object([(self.0, Value::Seq(self.1.0))]))
    }
}

/// A map or object under construction.
pub(super) struct Entries {
    entries: BTreeMap<String, Value>,
    key: String,
    step: fn(String) -> Step,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            key: String::new(),
            step: Step::Attribute,
        }
    }
}

impl Entries {
    fn insert<T: Serialize + ?Sized>(&mut self, key: String, data: &T) -> Result<(), ValueError> {
        let value = data
            .serialize(ValueSerializer)
            .map_err(|error| error.inside((self.step)(key.clone())))?;
        self.entries.insert(key, value);
        Ok(())
    }
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.key = key.serialize(KeySerializer)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), ValueError> {
        let key = std::mem::take(&mut self.key);
        self.insert(key, data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Map(self.entries))
    }
}

impl SerializeStruct for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        data: &T,
    ) -> Result<(), ValueError> {
        self.insert(key.to_owned(), data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Map(self.entries))
    }
}

/// A struct variant under construction.
pub(super) struct VariantEntries(&'static str, Entries);

impl SerializeStructVariant for VariantEntries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        data: &T,
    ) -> Result<(), ValueError> {
        self.1.insert(key.to_owned(), data)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::object([(self.0, Value::Map(self.1.entries))]))
    }
}

/// Makes the key of a map entry: text, or something that has one obvious text.
struct KeySerializer;

macro_rules! keys_from_display {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, key: $type) -> Result<String, ValueError> {
            Ok(key.to_string())
        }
    )*};
}

macro_rules! no_keys {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, ValueError> {
            Err(no_key())
        }
    )*};
}

fn no_key() -> ValueError {
    ValueError::new("the keys of a map have to be text")
}

impl Serializer for KeySerializer {
    type Ok = String;
    type Error = ValueError;
    type SerializeSeq = Impossible<String, ValueError>;
    type SerializeTuple = Impossible<String, ValueError>;
    type SerializeTupleStruct = Impossible<String, ValueError>;
    type SerializeTupleVariant = Impossible<String, ValueError>;
    type SerializeMap = Impossible<String, ValueError>;
    type SerializeStruct = Impossible<String, ValueError>;
    type SerializeStructVariant = Impossible<String, ValueError>;

    keys_from_display! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_char: char,
        serialize_str: &str,
    }

    no_keys! {
        serialize_f32(f32) -> String;
        serialize_f64(f64) -> String;
        serialize_bytes(&[u8]) -> String;
        serialize_none() -> String;
        serialize_unit() -> String;
        serialize_unit_struct(&'static str) -> String;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<String, ValueError> {
        Ok(variant.to_owned())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, data: &T) -> Result<String, ValueError> {
        data.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        data: &T,
    ) -> Result<String, ValueError> {
        data.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _data: &T,
    ) -> Result<String, ValueError> {
        Err(no_key())
    }
}
