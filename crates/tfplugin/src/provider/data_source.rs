//! A data source and its calls.

use async_trait::async_trait;

use crate::{
    diagnostic::Diagnostics,
    provider::{ClientCapabilities, ValidateRequest},
    schema::Schema,
    stop::Stop,
    value::Value,
};

/// A data source.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// Its full name: `sustainable_placement`.
    fn type_name(&self) -> &str;

    /// Its schema.
    fn schema(&self) -> Schema;

    /// Checks a configuration; parts may be unknown.
    async fn validate(&self, _request: ValidateRequest) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads it. The answer holds the configured values unchanged, and nothing unknown.
    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse;
}

/// A data source to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataSourceReadRequest {
    /// The configuration, wholly known.
    pub config: Value,
    /// The user's wish to stop.
    pub stop: Stop,
    /// What the client can do.
    pub client: ClientCapabilities,
}

impl DataSourceReadRequest {
    /// A data source to read, outside a server.
    pub fn new(config: Value) -> Self {
        Self {
            config,
            stop: Stop::never(),
            client: ClientCapabilities::default(),
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct DataSourceReadResponse {
    /// The configuration with the computed attributes filled in.
    pub state: Value,
    /// Messages.
    pub diagnostics: Diagnostics,
}
