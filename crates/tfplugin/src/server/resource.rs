//! Calls about managed resources.

use super::{
    registry::{Registry, ResourceEntry},
    wire,
};
use crate::{
    codec::{
        fit::fit,
        json::{self, Extra},
    },
    diagnostic::{Diagnostic, Diagnostics},
    pb::tfplugin6 as pb,
    private::Private,
    provider::{
        ApplyRequest, ImportRequest, MoveRequest, PlanRequest, ReadRequest, Rescue, UpgradeRequest,
        ValidateRequest,
    },
    stop::Stop,
    value::Value,
};

pub(super) async fn validate(
    registry: &Registry,
    request: pb::validate_resource_config::Request,
) -> Result<Diagnostics, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let compiled = entry.compiled();
    let config = compiled.decode(request.config.as_ref())?;
    let client = wire::client(request.client_capabilities);
    let mut diagnostics = Diagnostics::new();
    if compiled.has_write_only && !client.write_only_attributes_allowed {
        diagnostics.extend(
            compiled
                .schema
                .write_only_set(&config)
                .into_iter()
                .map(|path| {
                    Diagnostic::error(
                        "Write-only attribute not supported",
                        format!(
                            "{path} is write-only, which needs Terraform or OpenTofu 1.11 or later."
                        ),
                    )
                    .at(path)
                }),
        );
    }
    diagnostics.extend(
        entry
            .resource
            .validate(ValidateRequest { config, client })
            .await,
    );
    Ok(diagnostics)
}

pub(super) async fn upgrade(
    registry: &Registry,
    request: pb::upgrade_resource_state::Request,
) -> Result<pb::upgrade_resource_state::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let compiled = entry.compiled();
    let raw = wire::raw_json(request.raw_state.as_ref())?;
    let (found, ours) = (request.version, compiled.schema.version);
    newer_than_ours(&request.type_name, "state", found, ours)?;
    // Terraform asks at every refresh, also when nothing changed (pitfall P22).
    let raw = if found < ours {
        entry
            .resource
            .upgrade(UpgradeRequest {
                version: found,
                state: raw,
            })
            .await?
    } else {
        raw
    };
    let mut state = json::from_json(&raw, &compiled.ty, Extra::Drop).map_err(wire::unreadable)?;
    compiled.schema.fill_absent_blocks(&mut state);
    Ok(pb::upgrade_resource_state::Response {
        upgraded_state: Some(compiled.encode(state)?),
        diagnostics: Vec::new(),
    })
}

pub(super) async fn upgrade_identity(
    registry: &Registry,
    request: pb::upgrade_resource_identity::Request,
) -> Result<pb::upgrade_resource_identity::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let name = &request.type_name;
    let identity = entry.identity().ok_or_else(|| {
        Diagnostic::error("No identity", format!("{name} has no identity to convert."))
    })?;
    let raw = wire::raw_json(request.raw_identity.as_ref())?;
    let (found, ours) = (request.version, identity.schema.version);
    newer_than_ours(name, "identity", found, ours)?;
    let raw = if found < ours {
        entry
            .resource
            .upgrade_identity(UpgradeRequest {
                version: found,
                state: raw,
            })
            .await?
    } else {
        raw
    };
    let value = json::from_json(&raw, &identity.ty, Extra::Drop).map_err(wire::unreadable)?;
    Ok(pb::upgrade_resource_identity::Response {
        upgraded_identity: wire::encode_identity(Some(value), Some(identity))?,
        diagnostics: Vec::new(),
    })
}

/// A state of a newer provider could lose data when read with an older schema.
fn newer_than_ours(name: &str, what: &str, found: i64, ours: i64) -> Result<(), Diagnostics> {
    if found <= ours {
        return Ok(());
    }
    Err(Diagnostic::error(
        format!("The {what} is of a newer provider"),
        format!(
            "The saved {what} of {name} has version {found}; this provider knows versions up to {ours}. Upgrade the provider."
        ),
    )
    .into())
}

pub(super) async fn read(
    registry: &Registry,
    stop: Stop,
    request: pb::read_resource::Request,
) -> Result<pb::read_resource::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let (compiled, identity) = (entry.compiled(), entry.identity());
    let request = ReadRequest {
        state: compiled.decode(request.current_state.as_ref())?,
        private: wire::private(&request.private)?,
        identity: wire::decode_identity(request.current_identity.as_ref(), identity)?,
        stop,
        client: wire::client(request.client_capabilities),
    };
    let response = entry.resource.read(request).await;
    Ok(pb::read_resource::Response {
        new_state: Some(compiled.encode(response.state)?),
        diagnostics: wire::diagnostics(response.diagnostics),
        private: response.private.to_bytes(),
        new_identity: wire::encode_identity(response.identity, identity)?,
    })
}

/// The answer of a failed read: what was there before.
pub(super) fn read_failed(
    request: pb::read_resource::Request,
    diagnostics: Diagnostics,
) -> pb::read_resource::Response {
    pb::read_resource::Response {
        new_state: request.current_state,
        diagnostics: wire::diagnostics(diagnostics),
        private: request.private,
        new_identity: request.current_identity,
    }
}

pub(super) async fn plan(
    registry: &Registry,
    stop: Stop,
    request: pb::plan_resource_change::Request,
) -> Result<pb::plan_resource_change::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let (compiled, identity) = (entry.compiled(), entry.identity());
    if wire::is_null(request.proposed_new_state.as_ref()) {
        // A destroy: there is one plan for it (pitfall P16).
        return Ok(pb::plan_resource_change::Response {
            planned_state: Some(compiled.encode(Value::Null)?),
            planned_private: request.prior_private,
            planned_identity: request.prior_identity,
            ..Default::default()
        });
    }
    let request = PlanRequest {
        prior: compiled.decode(request.prior_state.as_ref())?,
        proposed: compiled.defer(request.proposed_new_state),
        config: compiled.decode(request.config.as_ref())?,
        private: wire::private(&request.prior_private)?,
        identity: wire::decode_identity(request.prior_identity.as_ref(), identity)?,
        stop,
        client: wire::client(request.client_capabilities),
    };
    let response = entry.resource.plan(request).await;
    // Terraform and OpenTofu fail on an identity that is not wholly known.
    let known = response.identity.filter(Value::is_wholly_known);
    Ok(pb::plan_resource_change::Response {
        planned_state: Some(compiled.encode(response.planned)?),
        requires_replace: response
            .requires_replace
            .iter()
            .map(wire::attribute_path)
            .collect(),
        planned_private: response.private.to_bytes(),
        diagnostics: wire::diagnostics(response.diagnostics),
        planned_identity: wire::encode_identity(known, identity)?,
    })
}

pub(super) fn plan_failed(diagnostics: Diagnostics) -> pb::plan_resource_change::Response {
    pb::plan_resource_change::Response {
        diagnostics: wire::diagnostics(diagnostics),
        ..Default::default()
    }
}

pub(super) async fn apply(
    registry: &Registry,
    stop: Stop,
    rescue: Rescue,
    request: pb::apply_resource_change::Request,
) -> Result<pb::apply_resource_change::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let (compiled, identity) = (entry.compiled(), entry.identity());
    let request = ApplyRequest {
        prior: compiled.decode(request.prior_state.as_ref())?,
        planned: compiled.decode(request.planned_state.as_ref())?,
        config: compiled.decode(request.config.as_ref())?,
        private: wire::private(&request.planned_private)?,
        identity: wire::decode_identity(request.planned_identity.as_ref(), identity)?,
        stop,
        rescue,
        client: Default::default(),
    };
    let response = entry.resource.apply(request).await;
    let (new_state, mut diagnostics) = save(entry, response.state);
    diagnostics.extend(response.diagnostics);
    let new_identity = wire::encode_identity(response.identity, identity);
    let new_identity = new_identity.unwrap_or_else(|wrong| {
        diagnostics.extend(wrong);
        None
    });
    Ok(pb::apply_resource_change::Response {
        new_state,
        private: response.private.to_bytes(),
        diagnostics: wire::diagnostics(diagnostics),
        new_identity,
    })
}

/// Writes a state of something that exists. If a part of it does not fit the schema, the rest is
/// still saved: an error without a state would leave an orphan.
fn save(entry: &ResourceEntry, state: Value) -> (Option<pb::DynamicValue>, Diagnostics) {
    let compiled = entry.compiled();
    match compiled.encode(state.clone()) {
        Ok(state) => (Some(state), Diagnostics::new()),
        Err(wrong) => (compiled.encode(fit(state, &compiled.ty)).ok(), wrong),
    }
}

/// The answer of a failed apply: the state that the handler left for this case, or the state before.
pub(super) fn apply_failed(
    registry: &Registry,
    rescue: &Rescue,
    request: pb::apply_resource_change::Request,
    diagnostics: Diagnostics,
) -> pb::apply_resource_change::Response {
    let entry = registry.resource(&request.type_name).ok();
    let rescued = rescue
        .take()
        .and_then(|(state, private): (Value, Private)| {
            Some((save(entry?, state.unknown_as_null()).0?, private.to_bytes()))
        });
    let (new_state, private) = match rescued {
        Some((state, private)) => (Some(state), private),
        None => (request.prior_state, request.planned_private),
    };
    pb::apply_resource_change::Response {
        new_state,
        private,
        diagnostics: wire::diagnostics(diagnostics),
        new_identity: request.planned_identity,
    }
}

pub(super) async fn import(
    registry: &Registry,
    stop: Stop,
    request: pb::import_resource_state::Request,
) -> Result<pb::import_resource_state::Response, Diagnostics> {
    let entry = registry.resource(&request.type_name)?;
    let (compiled, identity) = (entry.compiled(), entry.identity());
    let type_name = request.type_name;
    let request = ImportRequest {
        id: request.id,
        identity: wire::decode_identity(request.identity.as_ref(), identity)?,
        stop,
        client: wire::client(request.client_capabilities),
    };
    let response = entry.resource.import(request).await;
    let mut imported_resources = Vec::new();
    if !response.state.is_null() {
        let mut state = fit_partial(response.state, entry);
        compiled.schema.fill_absent_blocks(&mut state);
        imported_resources.push(pb::import_resource_state::ImportedResource {
            type_name,
            state: Some(compiled.encode(state)?),
            private: response.private.to_bytes(),
            identity: wire::encode_identity(response.identity, identity)?,
        });
    }
    Ok(pb::import_resource_state::Response {
        imported_resources,
        diagnostics: wire::diagnostics(response.diagnostics),
    })
}

/// An import may give only what reading needs; the other attributes are null.
fn fit_partial(mut state: Value, entry: &ResourceEntry) -> Value {
    if let (Value::Map(entries), crate::value::Type::Object(attributes)) =
        (&mut state, entry.compiled().ty.as_ref())
    {
        for name in attributes.keys() {
            entries.entry(name.clone()).or_default();
        }
    }
    state
}

pub(super) fn import_failed(diagnostics: Diagnostics) -> pb::import_resource_state::Response {
    pb::import_resource_state::Response {
        imported_resources: Vec::new(),
        diagnostics: wire::diagnostics(diagnostics),
    }
}

pub(super) async fn move_state(
    registry: &Registry,
    stop: Stop,
    request: pb::move_resource_state::Request,
) -> Result<pb::move_resource_state::Response, Diagnostics> {
    let entry = registry.resource(&request.target_type_name)?;
    let (compiled, identity) = (entry.compiled(), entry.identity());
    let source_identity = match &request.source_identity {
        Some(raw) if !raw.json.is_empty() => Some(wire::raw_json(Some(raw))?),
        _ => None,
    };
    let request = MoveRequest {
        source_provider_address: request.source_provider_address,
        source_type_name: request.source_type_name,
        source_schema_version: request.source_schema_version,
        source_state: wire::raw_json(request.source_state.as_ref())?,
        source_private: request.source_private,
        source_identity,
        source_identity_schema_version: request.source_identity_schema_version,
        stop,
    };
    let response = entry.resource.move_state(request).await;
    let mut state = fit_partial(response.state, entry);
    compiled.schema.fill_absent_blocks(&mut state);
    Ok(pb::move_resource_state::Response {
        target_state: Some(compiled.encode(state)?),
        diagnostics: wire::diagnostics(response.diagnostics),
        target_private: response.private.to_bytes(),
        target_identity: wire::encode_identity(response.identity, identity)?,
    })
}

pub(super) fn move_failed(diagnostics: Diagnostics) -> pb::move_resource_state::Response {
    pb::move_resource_state::Response {
        diagnostics: wire::diagnostics(diagnostics),
        ..Default::default()
    }
}
