//! Values into Rust data.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
        Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{ValueError, magic};
use crate::value::{Number, Step, Type, Value};

/// Reads one value; with the type that it brought where the schema says "any".
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de>(&'de Value, Option<&'de Type>);

impl<'de> ValueDeserializer<'de> {
    /// Reads `value`.
    pub(super) fn new(value: &'de Value) -> Self {
        match value {
            Value::Dynamic(ty, inner) => Self(Self::new(inner).0, Some(ty)),
            value => Self(value, None),
        }
    }

    fn wrong(self, wanted: &str) -> ValueError {
        ValueError::new(match self.0 {
            Value::Null => format!("is null; {wanted} is needed"),
            Value::Unknown => format!("is not known yet; {wanted} is needed now"),
            other => format!("is {}; {wanted} is needed", other.kind()),
        })
    }

    fn number(self, wanted: &str) -> Result<&'de Number, ValueError> {
        match self.0 {
            Value::Number(number) => Ok(number),
            _ => Err(self.wrong(wanted)),
        }
    }

    fn i64(self) -> Result<i64, ValueError> {
        let number = self.number("a whole number")?;
        number
            .as_i64()
            .ok_or_else(|| ValueError::new(format!("is {number}; a whole number is needed")))
    }

    fn u64(self) -> Result<u64, ValueError> {
        let number = self.number("a whole number that is not negative")?;
        number.as_u64().ok_or_else(|| {
            ValueError::new(format!(
                "is {number}; a whole number that is not negative is needed"
            ))
        })
    }

    fn f64(self) -> Result<f64, ValueError> {
        let number = self.number("a number")?;
        let float = number.as_f64();
        if float.is_finite() {
            Ok(float)
        } else {
            Err(ValueError::new(format!(
                "is {number}; a number of at most 1.8e308 is needed"
            )))
        }
    }

    fn text(self) -> Result<&'de str, ValueError> {
        match self.0 {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong("text")),
        }
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Unknown => Err(self.wrong("a value")),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(Number::Int(number)) => visitor.visit_i64(*number),
            Value::Number(Number::Uint(number)) => visitor.visit_u64(*number),
            Value::Number(_) => visitor.visit_f64(self.f64()?),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Seq(items) => visitor.visit_seq(Items {
                items: items.iter(),
                position: 0,
            }),
            Value::Map(entries) => visitor.visit_map(Entries::keys(entries.iter())),
            Value::Dynamic(_, inner) => Self::new(inner).deserialize_any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.i64()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.i64()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.i64()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.i64()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(self.u64()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(self.u64()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(self.u64()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(self.u64()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f64(self.f64()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f64(self.f64()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            // An unknown value is an error for the inner type, and seen by `Attr` and `Value`.
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong("null")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if let (magic::VALUE, Some(ty)) = (name, self.1) {
            return visitor.visit_enum(DynamicVariant { ty, value: self.0 });
        }
        match (name, self.0) {
            (magic::ATTR, Value::Unknown) => visitor.visit_unit(),
            (magic::VALUE, Value::Unknown) => visitor.visit_none(),
            (magic::VALUE, Value::Null) => visitor.visit_unit(),
            // No value is bytes: they stand for decimal text.
            (magic::VALUE, Value::Number(Number::Dec(text))) => {
                visitor.visit_borrowed_bytes(text.as_bytes())
            }
            (magic::VALUE, _) => self.deserialize_any(visitor),
            (magic::NUMBER, _) => match self.number("a number")? {
                Number::Int(number) => visitor.visit_i64(*number),
                Number::Uint(number) => visitor.visit_u64(*number),
                Number::Dec(text) => visitor.visit_borrowed_str(text),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Seq(items) => visitor.visit_seq(Items {
                items: items.iter(),
                position: 0,
            }),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Map(entries) => visitor.visit_map(Entries::keys(entries.iter())),
            _ => Err(self.wrong("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Map(entries) => visitor.visit_map(Entries::attributes(entries.iter())),
            _ => Err(self.wrong("an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Map(entries) if entries.len() == 1 => match entries.iter().next() {
                Some((variant, value)) => visitor.visit_enum(Variant { variant, value }),
                None => Err(self.wrong("text")),
            },
            _ => Err(self.wrong("text")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        // Unlike `deserialize_any`, an unknown value that nobody looks at is no error.
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf identifier }
}

impl<'de> IntoDeserializer<'de, ValueError> for ValueDeserializer<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The elements of a list.
struct Items<'de> {
    items: std::slice::Iter<'de, Value>,
    position: i64,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let position = self.position;
        self.position += 1;
        seed.deserialize(ValueDeserializer::new(item))
            .map(Some)
            .map_err(|error| error.inside(Step::Index(position)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of a map, or the attributes of an object.
struct Entries<'de, I> {
    entries: I,
    current: Option<(&'de str, &'de Value)>,
    step: fn(String) -> Step,
}

impl<'de, I: Iterator<Item = (&'de String, &'de Value)>> Entries<'de, I> {
    fn keys(entries: I) -> Self {
        Self {
            entries,
            current: None,
            step: Step::Key,
        }
    }

    fn attributes(entries: I) -> Self {
        Self {
            entries,
            current: None,
            step: Step::Attribute,
        }
    }
}

impl<'de, I: Iterator<Item = (&'de String, &'de Value)>> MapAccess<'de> for Entries<'de, I> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ValueError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.current = Some((key, value));
        seed.deserialize(StrDeserializer::new(key))
            .map(Some)
            .map_err(|error: ValueError| error.inside((self.step)(key.to_owned())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ValueError> {
        let (key, value) = self
            .current
            .take()
            .ok_or_else(|| ValueError::custom("a value was read before its key"))?;
        seed.deserialize(ValueDeserializer::new(value))
            .map_err(|error| error.inside((self.step)(key.to_owned())))
    }
}

/// An enum variant with data: an object of one attribute.
struct Variant<'de> {
    variant: &'de str,
    value: &'de Value,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ValueError> {
        let variant = seed.deserialize(StrDeserializer::<ValueError>::new(self.variant))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Deserialize::deserialize(ValueDeserializer::new(self.value))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ValueError> {
        let read = seed.deserialize(ValueDeserializer::new(self.value));
        if self.variant.is_empty() {
            return read;
        }
        read.map_err(|error| error.inside(Step::Attribute(self.variant.to_owned())))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        ValueDeserializer::new(self.value).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        ValueDeserializer::new(self.value).deserialize_struct("", fields, visitor)
    }
}

/// A value with the type that it brought, for [`Value`] to take both.
struct DynamicVariant<'de> {
    ty: &'de Type,
    value: &'de Value,
}

impl<'de> EnumAccess<'de> for DynamicVariant<'de> {
    type Error = ValueError;
    type Variant = Variant<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Variant<'de>), ValueError> {
        let ty = self.ty.to_json().to_string();
        let ty = seed.deserialize(IntoDeserializer::<ValueError>::into_deserializer(ty))?;
        Ok((
            ty,
            Variant {
                variant: "",
                value: self.value,
            },
        ))
    }
}
