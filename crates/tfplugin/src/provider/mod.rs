//! What a provider author implements: [`Provider`], [`Resource`], [`DataSource`], [`Function`].
//!
//! The server calls one handler per request, each in a task of its own. Values are decoded and
//! encoded by schema around the call, so a handler sees only [`Value`]s.

mod data_source;
mod function;
mod resource;
mod upgrades;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{diagnostic::Diagnostics, schema::Schema, stop::Stop, value::Value};

pub use data_source::{DataSource, DataSourceReadRequest, DataSourceReadResponse};
pub use function::{Function, FunctionError, Parameter, Signature};
pub(crate) use resource::Deferred;
pub use resource::{
    Action, ApplyRequest, ApplyResponse, ImportRequest, ImportResponse, MoveRequest, MoveResponse,
    PlanRequest, PlanResponse, ReadRequest, ReadResponse, Rescue, Resource, UpgradeRequest,
};
pub use upgrades::{Upgrade, Upgrades};

/// A provider: its configuration, and what it offers.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The schema of the `provider` block.
    fn schema(&self) -> Schema {
        Schema::default()
    }

    /// Checks the `provider` block; parts may be unknown.
    async fn validate(&self, _request: ValidateRequest) -> Diagnostics {
        Diagnostics::new()
    }

    /// Takes the configuration; parts may be unknown. Called before every plan, apply, read and
    /// import, but not before validation, upgrades, moves and functions.
    async fn configure(&self, _request: ConfigureRequest) -> Diagnostics {
        Diagnostics::new()
    }

    /// The resources, made once.
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        Vec::new()
    }

    /// The data sources, made once.
    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        Vec::new()
    }

    /// The functions, made once.
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        Vec::new()
    }
}

/// What the client can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// It understands deferred answers. This crate offers none.
    pub deferral_allowed: bool,
    /// It understands write-only attributes.
    pub write_only_attributes_allowed: bool,
}

/// A configuration to check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValidateRequest {
    /// The block as written; unknown where it depends on what is not known yet.
    pub config: Value,
    /// What the client can do.
    pub client: ClientCapabilities,
}

impl ValidateRequest {
    /// A configuration to check, outside a server.
    pub fn new(config: Value) -> Self {
        Self {
            config,
            client: ClientCapabilities::default(),
        }
    }
}

/// A provider configuration to take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfigureRequest {
    /// The `provider` block as written; unknown where it depends on what is not known yet.
    pub config: Value,
    /// The version of Terraform or OpenTofu that calls.
    pub terraform_version: String,
    /// The user's wish to stop.
    pub stop: Stop,
    /// What the client can do.
    pub client: ClientCapabilities,
}
