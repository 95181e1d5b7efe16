//! A managed resource and its calls.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    private::Private,
    provider::{ClientCapabilities, ValidateRequest},
    schema::{IdentitySchema, Schema},
    stop::Stop,
    value::{Path, Value},
};

/// A managed resource.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Its full name: `sustainable_ml_training`.
    fn type_name(&self) -> &str;

    /// Its schema.
    fn schema(&self) -> Schema;

    /// Its identity, if it has one.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        None
    }

    /// Checks a configuration; parts may be unknown.
    async fn validate(&self, _request: ValidateRequest) -> Diagnostics {
        Diagnostics::new()
    }

    /// Converts a state of an older schema version. The answer is read with the current schema:
    /// attributes that it does not know are dropped, missing ones are null. Not called when the
    /// versions are equal.
    async fn upgrade(&self, request: UpgradeRequest) -> Result<Json, Diagnostics> {
        Ok(request.state)
    }

    /// Converts an identity of an older version, in the manner of [`Resource::upgrade`].
    async fn upgrade_identity(&self, request: UpgradeRequest) -> Result<Json, Diagnostics> {
        Ok(request.state)
    }

    /// Looks at the real object. Start from [`ReadRequest::unchanged`].
    async fn read(&self, request: ReadRequest) -> ReadResponse;

    /// Plans a create or an update. Start from [`PlanRequest::as_proposed`]. A destroy is not asked
    /// for: the server plans it.
    async fn plan(&self, request: PlanRequest) -> PlanResponse;

    /// Creates, updates or destroys, as [`ApplyRequest::action`] says. Start from
    /// [`ApplyRequest::as_planned`].
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;

    /// Finds an existing object. Terraform reads it next.
    async fn import(&self, _request: ImportRequest) -> ImportResponse {
        let name = self.type_name();
        Diagnostic::error(
            "Import is not supported",
            format!("{name} has no way to find an existing object by an ID."),
        )
        .into()
    }

    /// Takes over an object of another resource type or provider (a `moved` block). Called on a
    /// provider that is not configured.
    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        let name = self.type_name();
        let from = &request.source_type_name;
        Diagnostic::error(
            "Move is not supported",
            format!("{name} cannot take over an object from {from}. Import it instead."),
        )
        .into()
    }
}

/// A state or identity of an older version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpgradeRequest {
    /// The version that wrote it.
    pub version: i64,
    /// What it wrote.
    pub state: Json,
}

/// An object to look at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRequest {
    /// The state.
    pub state: Value,
    /// What the resource remembers beside it.
    pub private: Private,
    /// The identity, if one is stored.
    pub identity: Option<Value>,
    /// The user's wish to stop.
    pub stop: Stop,
    /// What the client can do.
    pub client: ClientCapabilities,
}

impl ReadRequest {
    /// An object to look at, outside a server.
    pub fn new(state: Value) -> Self {
        Self {
            state,
            private: Private::new(),
            identity: None,
            stop: Stop::never(),
            client: ClientCapabilities::default(),
        }
    }

    /// The answer that nothing changed.
    pub fn unchanged(&self) -> ReadResponse {
        ReadResponse {
            state: self.state.clone(),
            private: self.private.clone(),
            identity: self.identity.clone(),
            diagnostics: Diagnostics::new(),
        }
    }
}

/// What a look at an object found.
#[derive(Clone, Debug, Default)]
pub struct ReadResponse {
    /// The state now; null when the object is gone.
    pub state: Value,
    /// What to remember beside it.
    pub private: Private,
    /// The identity; it may be set once, and then never changes.
    pub identity: Option<Value>,
    /// Messages. With an error, Terraform keeps the prior state.
    pub diagnostics: Diagnostics,
}

/// A create or an update to plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlanRequest {
    /// The state; null for a create.
    pub prior: Value,
    /// The configuration as written.
    pub config: Value,
    /// What the resource remembers beside the prior state. Terraform plans twice, and the second
    /// call gets what the first one got, not what it answered.
    pub private: Private,
    /// The identity, if one is stored.
    pub identity: Option<Value>,
    /// The user's wish to stop.
    pub stop: Stop,
    /// What the client can do.
    pub client: ClientCapabilities,
    pub(crate) proposed: Deferred,
}

/// A value that is read when somebody asks for it.
#[derive(Clone)]
pub(crate) struct Deferred(Arc<dyn Fn() -> Result<Value, Diagnostics> + Send + Sync>);

impl Deferred {
    pub(crate) fn new(
        read: impl Fn() -> Result<Value, Diagnostics> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }
}

impl std::fmt::Debug for Deferred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Deferred").field(&(self.0)()).finish()
    }
}

impl PlanRequest {
    /// A change to plan, outside a server.
    pub fn new(prior: Value, proposed: Value, config: Value) -> Self {
        Self {
            prior,
            proposed: Deferred::new(move || Ok(proposed.clone())),
            config,
            private: Private::new(),
            identity: None,
            stop: Stop::never(),
            client: ClientCapabilities::default(),
        }
    }

    /// Whether the object does not exist yet.
    pub fn is_create(&self) -> bool {
        self.prior.is_null()
    }

    /// What Terraform proposes: the configuration, with the prior value wherever a computed attribute is not
    /// configured. It is as large as the configuration and read at each call: a resource that decides by what is
    /// written does without.
    ///
    /// # Errors
    /// When it does not fit the schema.
    pub fn proposed(&self) -> Result<Value, Diagnostics> {
        (self.proposed.0)()
    }

    /// The answer that Terraform's proposal is the plan. For a create, computed attributes have to
    /// be made unknown: [`Schema::mark_computed_unknown`].
    pub fn as_proposed(&self) -> PlanResponse {
        let (planned, diagnostics) = match self.proposed() {
            Ok(proposed) => (proposed, Diagnostics::new()),
            Err(unreadable) => (self.prior.clone(), unreadable),
        };
        PlanResponse {
            planned,
            requires_replace: Vec::new(),
            private: self.private.clone(),
            identity: self.identity.clone(),
            diagnostics,
        }
    }
}

/// A planned create or update.
#[derive(Clone, Debug, Default)]
pub struct PlanResponse {
    /// The planned state. Each known value has to come out of apply byte for byte.
    pub planned: Value,
    /// Attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
    /// What apply gets as its private data.
    pub private: Private,
    /// The planned identity; it has to be wholly known or absent.
    pub identity: Option<Value>,
    /// Messages. An error fails the plan.
    pub diagnostics: Diagnostics,
}

/// What an apply is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make the object.
    Create,
    /// Change it.
    Update,
    /// Remove it.
    Destroy,
}

/// A change to carry out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApplyRequest {
    /// The state before; null for a create.
    pub prior: Value,
    /// The planned state; null for a destroy.
    pub planned: Value,
    /// The configuration as written; null for a destroy.
    pub config: Value,
    /// What the plan answered as private data.
    pub private: Private,
    /// The planned identity.
    pub identity: Option<Value>,
    /// The user's wish to stop.
    pub stop: Stop,
    /// Where to put down what exists so far, in case this handler panics.
    pub rescue: Rescue,
    /// What the client can do.
    pub client: ClientCapabilities,
}

impl ApplyRequest {
    /// A change to carry out, outside a server.
    pub fn new(prior: Value, planned: Value, config: Value) -> Self {
        Self {
            prior,
            planned,
            config,
            private: Private::new(),
            identity: None,
            stop: Stop::never(),
            rescue: Rescue::default(),
            client: ClientCapabilities::default(),
        }
    }

    /// Create, update or destroy.
    pub fn action(&self) -> Action {
        if self.planned.is_null() {
            Action::Destroy
        } else if self.prior.is_null() {
            Action::Create
        } else {
            Action::Update
        }
    }

    /// The answer that the plan was carried out; what is unknown has still to be filled in.
    pub fn as_planned(&self) -> ApplyResponse {
        ApplyResponse {
            state: self.planned.clone(),
            private: self.private.clone(),
            identity: self.identity.clone(),
            diagnostics: Diagnostics::new(),
        }
    }

    /// The answer that nothing was done: the prior state, and why.
    pub fn refused(&self, why: impl Into<Diagnostics>) -> ApplyResponse {
        ApplyResponse {
            state: self.prior.clone(),
            private: self.private.clone(),
            identity: self.identity.clone(),
            diagnostics: why.into(),
        }
    }
}

/// What a change led to.
#[derive(Clone, Debug, Default)]
pub struct ApplyResponse {
    /// The state now; null only when nothing exists. With an error, a created object whose state
    /// is returned is tainted; one whose state is not returned is an orphan.
    pub state: Value,
    /// What to remember beside it.
    pub private: Private,
    /// The identity.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// The state to save if an apply panics: what exists is then not lost.
#[derive(Clone, Debug, Default)]
pub struct Rescue(Arc<Mutex<Option<(Value, Private)>>>);

impl Rescue {
    /// From now on, a panic saves this state, and marks the object tainted.
    pub fn keep(&self, state: Value, private: Private) {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some((state, private));
    }

    pub(crate) fn take(&self) -> Option<(Value, Private)> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take()
    }
}

/// An existing object to find.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportRequest {
    /// The ID that the user gave; empty when an identity was given.
    pub id: String,
    /// The identity that the user gave.
    pub identity: Option<Value>,
    /// The user's wish to stop.
    pub stop: Stop,
    /// What the client can do.
    pub client: ClientCapabilities,
}

impl ImportRequest {
    /// An object to find by its ID, outside a server.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            identity: None,
            stop: Stop::never(),
            client: ClientCapabilities::default(),
        }
    }
}

/// An object that was found.
#[derive(Clone, Debug, Default)]
pub struct ImportResponse {
    /// Its state, as far as reading needs it; null when it was not found.
    pub state: Value,
    /// What to remember beside it.
    pub private: Private,
    /// Its identity.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

impl From<Diagnostic> for ImportResponse {
    fn from(why: Diagnostic) -> Self {
        Self {
            diagnostics: why.into(),
            ..Self::default()
        }
    }
}

/// An object of another type to take over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MoveRequest {
    /// Where the other provider comes from.
    pub source_provider_address: String,
    /// The other type.
    pub source_type_name: String,
    /// The version of the other schema.
    pub source_schema_version: i64,
    /// The state of the object.
    pub source_state: Json,
    /// What the other provider remembers beside it.
    pub source_private: Vec<u8>,
    /// The identity of the object, if it has one.
    pub source_identity: Option<Json>,
    /// The version of the other identity.
    pub source_identity_schema_version: i64,
    /// The user's wish to stop.
    pub stop: Stop,
}

/// An object that was taken over.
#[derive(Clone, Debug, Default)]
pub struct MoveResponse {
    /// Its state.
    pub state: Value,
    /// What to remember beside it.
    pub private: Private,
    /// Its identity.
    pub identity: Option<Value>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

impl From<Diagnostic> for MoveResponse {
    fn from(why: Diagnostic) -> Self {
        Self {
            diagnostics: why.into(),
            ..Self::default()
        }
    }
}
