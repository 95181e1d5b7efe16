//! Calls about the provider as a whole.

use super::{registry::Registry, schema, wire};
use crate::{
    diagnostic::Diagnostics,
    pb::tfplugin6 as pb,
    provider::{ConfigureRequest, ValidateRequest},
    stop::Stop,
};

/// What this crate does beyond the oldest protocol 6 (pitfall P16): destroys are planned, the schema
/// is asked for once per command, `moved` blocks across types are possible.
fn capabilities() -> Option<pb::ServerCapabilities> {
    Some(pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    })
}

pub(super) fn metadata(registry: &Registry) -> pb::get_metadata::Response {
    use pb::get_metadata::{DataSourceMetadata, FunctionMetadata, ResourceMetadata};
    let resource = |type_name: &String| ResourceMetadata {
        type_name: type_name.clone(),
    };
    let data_source = |type_name: &String| DataSourceMetadata {
        type_name: type_name.clone(),
    };
    let function = |name: &String| FunctionMetadata { name: name.clone() };
    pb::get_metadata::Response {
        server_capabilities: capabilities(),
        diagnostics: Vec::new(),
        data_sources: registry.data_sources().keys().map(data_source).collect(),
        resources: registry.resources().keys().map(resource).collect(),
        functions: registry.functions().keys().map(function).collect(),
    }
}

pub(super) fn schemas(registry: &Registry) -> pb::get_provider_schema::Response {
    let resources = registry.resources().iter();
    let data_sources = registry.data_sources().iter();
    pb::get_provider_schema::Response {
        provider: Some(schema::schema(&registry.config().schema)),
        resource_schemas: resources
            .map(|(name, entry)| (name.clone(), schema::schema(&entry.compiled().schema)))
            .collect(),
        data_source_schemas: data_sources
            .map(|(name, entry)| (name.clone(), schema::schema(&entry.compiled().schema)))
            .collect(),
        diagnostics: Vec::new(),
        provider_meta: None,
        server_capabilities: capabilities(),
        functions: functions(registry).functions,
    }
}

/// Always answered, also when no resource has an identity: Terraform 1.12 and later fail otherwise.
pub(super) fn identity_schemas(registry: &Registry) -> pb::get_resource_identity_schemas::Response {
    let identities = registry.resources().iter().filter_map(|(name, entry)| {
        Some((name.clone(), schema::identity(&entry.identity()?.schema)))
    });
    pb::get_resource_identity_schemas::Response {
        identity_schemas: identities.collect(),
        diagnostics: Vec::new(),
    }
}

pub(super) fn functions(registry: &Registry) -> pb::get_functions::Response {
    let functions = registry.functions().iter();
    pb::get_functions::Response {
        functions: functions
            .map(|(name, entry)| (name.clone(), schema::function(entry.signature())))
            .collect(),
        diagnostics: Vec::new(),
    }
}

pub(super) async fn validate(
    registry: &Registry,
    request: pb::validate_provider_config::Request,
) -> Result<Diagnostics, Diagnostics> {
    let config = registry.config().decode(request.config.as_ref())?;
    Ok(registry
        .provider
        .validate(ValidateRequest::new(config))
        .await)
}

pub(super) async fn configure(
    registry: &Registry,
    stop: Stop,
    request: pb::configure_provider::Request,
) -> Result<Diagnostics, Diagnostics> {
    let request = ConfigureRequest {
        config: registry.config().decode(request.config.as_ref())?,
        terraform_version: request.terraform_version,
        stop,
        client: wire::client(request.client_capabilities),
    };
    Ok(registry.provider.configure(request).await)
}
