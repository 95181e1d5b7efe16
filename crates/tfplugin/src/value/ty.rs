//! Types of values, and their JSON form on the wire: `"string"`, `["list","number"]`,
//! `["object",{"name":"string"}]`.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value as Json, json};

/// How deep a type may nest. Deeper ones are refused instead of exhausting the stack (pitfall P24).
pub(crate) const MAX_DEPTH: usize = 64;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any type; the value brings its own.
    Dynamic,
    /// true or false.
    Bool,
    /// A number.
    Number,
    /// Text.
    String,
    /// Elements of one type, in order.
    List(Box<Type>),
    /// Elements of one type, each once, without order.
    Set(Box<Type>),
    /// Entries of one type by name.
    Map(Box<Type>),
    /// Attributes, each with its own type.
    Object(BTreeMap<String, Type>),
    /// Elements, each with its own type.
    Tuple(Vec<Type>),
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object from its attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Type)>) -> Self {
        // As for `Value::object`: one kind of iterator.
        let attributes: Vec<_> = attributes.into_iter().map(|(k, t)| (k.into(), t)).collect();
        Self::Object(attributes.into_iter().collect())
    }

    /// The JSON form of the wire.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Dynamic => json!("dynamic"),
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(k, t)| (k.clone(), t.to_json()));
                json!(["object", Json::Object(attributes.collect())])
            }
            Self::Tuple(elements) => {
                json!([
                    "tuple",
                    elements.iter().map(Self::to_json).collect::<Vec<_>>()
                ])
            }
        }
    }

    /// Reads the JSON form; `None` if it is no type, or nests too deeply.
    pub fn from_json(json: &Json) -> Option<Self> {
        Self::from_json_at(json, 0)
    }

    fn from_json_at(json: &Json, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let inner = |json: &Json| Self::from_json_at(json, depth + 1);
        match json {
            Json::String(name) => match name.as_str() {
                "dynamic" => Some(Self::Dynamic),
                "bool" => Some(Self::Bool),
                "number" => Some(Self::Number),
                "string" => Some(Self::String),
                _ => None,
            },
            // An object type may carry a third element, the names of its optional attributes.
            Json::Array(parts) => match (parts.first()?.as_str()?, parts.get(1)?) {
                ("list", element) => Some(Self::list(inner(element)?)),
                ("set", element) => Some(Self::set(inner(element)?)),
                ("map", element) => Some(Self::map(inner(element)?)),
                ("object", Json::Object(attributes)) => attributes
                    .iter()
                    .map(|(name, ty)| Some((name.clone(), inner(ty)?)))
                    .collect::<Option<Vec<_>>>()
                    .map(Self::object),
                ("tuple", Json::Array(elements)) => elements
                    .iter()
                    .map(inner)
                    .collect::<Option<_>>()
                    .map(Self::Tuple),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the type holds [`Type::Dynamic`] at any depth.
    pub(crate) fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
        }
    }
}

impl fmt::Display for Type {
    /// As HCL writes it: `list(string)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dynamic => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (position, (name, ty)) in attributes.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{name} = {ty}")?;
                }
                f.write_str("})")
            }
            Self::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (position, ty) in elements.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{ty}")?;
                }
                f.write_str("])")
            }
        }
    }
}
