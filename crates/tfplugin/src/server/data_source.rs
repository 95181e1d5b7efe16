//! Calls about data sources.

use super::{registry::Registry, wire};
use crate::{
    diagnostic::Diagnostics,
    pb::tfplugin6 as pb,
    provider::{DataSourceReadRequest, ValidateRequest},
    stop::Stop,
};

pub(super) async fn validate(
    registry: &Registry,
    request: pb::validate_data_resource_config::Request,
) -> Result<Diagnostics, Diagnostics> {
    let entry = registry.data_source(&request.type_name)?;
    let config = entry.compiled().decode(request.config.as_ref())?;
    Ok(entry
        .data_source
        .validate(ValidateRequest::new(config))
        .await)
}

pub(super) async fn read(
    registry: &Registry,
    stop: Stop,
    request: pb::read_data_source::Request,
) -> Result<pb::read_data_source::Response, Diagnostics> {
    let entry = registry.data_source(&request.type_name)?;
    let compiled = entry.compiled();
    let request = DataSourceReadRequest {
        config: compiled.decode(request.config.as_ref())?,
        stop,
        client: wire::client(request.client_capabilities),
    };
    let response = entry.data_source.read(request).await;
    Ok(pb::read_data_source::Response {
        state: Some(compiled.encode(response.state)?),
        diagnostics: wire::diagnostics(response.diagnostics),
    })
}

/// The answer of a failed read: Terraform does not look at the state then.
pub(super) fn failed(diagnostics: Diagnostics) -> pb::read_data_source::Response {
    pb::read_data_source::Response {
        state: None,
        diagnostics: wire::diagnostics(diagnostics),
    }
}
