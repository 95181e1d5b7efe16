//! Private state: what a resource remembers beside its state, unseen by users.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};

use crate::diagnostic::Diagnostic;

/// A JSON object that Terraform keeps for a resource beside its state. It is stored in the clear: no
/// secrets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private(Map<String, Json>);

impl Private {
    /// Nothing remembered.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is remembered under `key`; `None` when nothing is, or when it does not read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        T::deserialize(self.0.get(key)?).ok()
    }

    /// Remembers `value` under `key`.
    ///
    /// # Errors
    /// When `value` has no JSON form (a map with keys that are no text).
    pub fn set<T: Serialize>(&mut self, key: &str, value: &T) -> Result<(), serde_json::Error> {
        self.0.insert(key.to_owned(), serde_json::to_value(value)?);
        Ok(())
    }

    /// Forgets what is remembered under `key`.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// The object itself.
    pub fn as_json(&self) -> &Map<String, Json> {
        &self.0
    }

    /// Reads what Terraform kept. Nothing kept is an empty object.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Diagnostic> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes).map(Self).map_err(|error| {
            Diagnostic::error(
                "Malformed private state",
                format!(
                    "The private data that Terraform keeps for this object is not the JSON object this provider wrote: {error}. \
                     Another provider may have written it."
                ),
            )
        })
    }

    /// What Terraform is to keep.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        Json::Object(self.0.clone()).to_string().into_bytes()
    }
}

impl From<Map<String, Json>> for Private {
    fn from(object: Map<String, Json>) -> Self {
        Self(object)
    }
}
