//! Messages of the protocol into our types and back.

use std::sync::Arc;

use super::registry::{Compiled, CompiledIdentity};
use crate::{
    codec::{
        json::{self, Extra},
        msgpack,
    },
    diagnostic::{Diagnostic, Diagnostics, Severity},
    pb::tfplugin6 as pb,
    private::Private,
    provider::{ClientCapabilities, Deferred},
    typed::ValueError,
    value::{Path, Step, Type, Value},
};

/// Reads a value of type `ty`; a value that is not there is null.
pub(super) fn decode(value: Option<&pb::DynamicValue>, ty: &Type) -> Result<Value, ValueError> {
    match value {
        // JSON is legal, too, wherever MessagePack is (pitfall P20).
        Some(value) if value.msgpack.is_empty() && !value.json.is_empty() => {
            json::decode(&value.json, ty, Extra::Refuse)
        }
        Some(value) if !value.msgpack.is_empty() => msgpack::decode(&value.msgpack, ty),
        _ => Ok(Value::Null),
    }
}

/// Whether it is null, without reading it.
pub(super) fn is_null(value: Option<&pb::DynamicValue>) -> bool {
    value.is_none_or(|value| match value.msgpack.first() {
        Some(marker) => *marker == 0xc0,
        None => value.json.is_empty() || value.json.trim_ascii() == b"null",
    })
}

/// Writes a value of type `ty`.
pub(super) fn encode(value: &Value, ty: &Type) -> Result<pb::DynamicValue, ValueError> {
    let msgpack = msgpack::encode(value, ty)?;
    Ok(pb::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

/// The error of a value from Terraform that does not fit the schema.
pub(super) fn unreadable(error: ValueError) -> Diagnostics {
    about(
        "Malformed value from Terraform",
        "Terraform and this provider disagree about the schema. Run \"terraform init -upgrade\"; \
         if that does not help, please report it to the developers of the provider.",
        error,
    )
}

/// The error of a value from a handler that does not fit the schema.
pub(super) fn unwritable(error: ValueError) -> Diagnostics {
    about(
        "The provider has a bug",
        "It made a value that does not fit its own schema. Please report this to the developers \
         of the provider.",
        error,
    )
}

fn about(summary: &str, advice: &str, error: ValueError) -> Diagnostics {
    let diagnostic = Diagnostic::error(summary, format!("{error}. {advice}"));
    if error.path.is_empty() {
        diagnostic.into()
    } else {
        diagnostic.at(error.path).into()
    }
}

impl Compiled {
    /// Reads a configuration or a state.
    pub(super) fn decode(&self, value: Option<&pb::DynamicValue>) -> Result<Value, Diagnostics> {
        decode(value, &self.ty).map_err(unreadable)
    }

    /// Reads it when it is asked for.
    pub(super) fn defer(&self, value: Option<pb::DynamicValue>) -> Deferred {
        let ty = Arc::clone(&self.ty);
        Deferred::new(move || decode(value.as_ref(), &ty).map_err(unreadable))
    }

    /// Writes a planned or new state.
    pub(super) fn encode(&self, mut state: Value) -> Result<pb::DynamicValue, Diagnostics> {
        if self.has_write_only {
            self.schema.strip_write_only(&mut state);
        }
        encode(&state, &self.ty).map_err(unwritable)
    }
}

/// Reads an identity; none is stored for an object of an older provider or Terraform.
pub(super) fn decode_identity(
    identity: Option<&pb::ResourceIdentityData>,
    compiled: Option<&CompiledIdentity>,
) -> Result<Option<Value>, Diagnostics> {
    let (Some(identity), Some(compiled)) = (identity, compiled) else {
        return Ok(None);
    };
    let value = decode(identity.identity_data.as_ref(), &compiled.ty).map_err(unreadable)?;
    Ok(if value.is_null() { None } else { Some(value) })
}

/// Writes an identity.
pub(super) fn encode_identity(
    identity: Option<Value>,
    compiled: Option<&CompiledIdentity>,
) -> Result<Option<pb::ResourceIdentityData>, Diagnostics> {
    let (Some(identity), Some(compiled)) = (identity, compiled) else {
        return Ok(None);
    };
    let identity_data = Some(encode(&identity, &compiled.ty).map_err(unwritable)?);
    Ok(Some(pb::ResourceIdentityData { identity_data }))
}

/// Reads private data.
pub(super) fn private(bytes: &[u8]) -> Result<Private, Diagnostics> {
    Private::from_bytes(bytes).map_err(Diagnostics::from)
}

/// Reads a saved state or identity as JSON.
pub(super) fn raw_json(raw: Option<&pb::RawState>) -> Result<serde_json::Value, Diagnostics> {
    let raw = raw.map_or(&[][..], |raw| &raw.json);
    if raw.is_empty() {
        // The flat map of Terraform 0.11: no provider of protocol 6 ever wrote one.
        return Err(Diagnostic::error(
            "Unreadable saved state",
            "The saved state is not JSON; Terraform 0.11 or older wrote it. Upgrade it with Terraform 0.12 first.",
        )
        .into());
    }
    serde_json::from_slice(raw).map_err(|error| {
        Diagnostic::error(
            "Unreadable saved state",
            format!("The saved state is no valid JSON: {error}."),
        )
        .into()
    })
}

/// What the client can do.
pub(super) fn client(capabilities: Option<pb::ClientCapabilities>) -> ClientCapabilities {
    let capabilities = capabilities.unwrap_or_default();
    ClientCapabilities {
        deferral_allowed: capabilities.deferral_allowed,
        write_only_attributes_allowed: capabilities.write_only_attributes_allowed,
    }
}

/// Messages for the user.
pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    let severity = |severity| match severity {
        Severity::Error => pb::diagnostic::Severity::Error,
        Severity::Warning => pb::diagnostic::Severity::Warning,
    };
    let message = |diagnostic: Diagnostic| pb::Diagnostic {
        severity: severity(diagnostic.severity).into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic
            .path
            .filter(|path| !path.is_empty())
            .as_ref()
            .map(attribute_path),
    };
    diagnostics.into_iter().map(message).collect()
}

/// A path.
pub(super) fn attribute_path(path: &Path) -> pb::AttributePath {
    use pb::attribute_path::{Step as PbStep, step::Selector};
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        PbStep {
            selector: Some(selector),
        }
    };
    pb::AttributePath {
        steps: path.steps().iter().map(step).collect(),
    }
}
