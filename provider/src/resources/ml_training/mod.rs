//! `sustainable_ml_training`: glue between schemas, planner, aws and state.
//!
//! - `change` says what differs, `request` and `decide` what a run will be, `plan` puts both into a planned state.
//! - `spec` and `manifest` describe a decided run; `apply`, `destroy`, `read` and `import` carry it out and look at it.
//! - `private` is what is remembered beside the state.

#[cfg(test)]
mod acted_on_tests;
mod after;
mod again;
mod alarms;
mod apply;
mod board;
mod change;
mod decide;
mod destroy;
mod expiry;
mod fallback;
pub(crate) mod figures;
mod follow;
mod foreign;
mod foreseen;
mod identity;
pub(crate) mod image;
mod import;
mod later;
mod limits;
pub(crate) mod live_price;
pub(crate) mod manifest;
pub(crate) mod measured;
mod moved;
pub(crate) mod placement;
mod plan;
#[cfg(test)]
mod plan_tests;
mod planned;
mod private;
mod read;
mod recover;
pub(crate) mod request;
mod run;
mod say;
mod source;
pub(crate) mod spec;
mod upgrade;

use serde_json::Value as Json;
use tfplugin::{
    ApplyRequest, ApplyResponse, Diagnostics, IdentitySchema, ImportRequest, ImportResponse,
    MoveRequest, MoveResponse, PlanRequest, PlanResponse, ReadRequest, ReadResponse, Resource,
    Schema, UpgradeRequest, ValidateRequest, async_trait,
};

use crate::configured::Shared;
use crate::lists;

/// The resource.
pub(crate) struct MlTraining {
    shared: Shared,
}

impl MlTraining {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

#[async_trait]
impl Resource for MlTraining {
    fn type_name(&self) -> &str {
        "sustainable_ml_training"
    }

    fn schema(&self) -> Schema {
        schemas::ml_training::resource_schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(schemas::ml_training::identity_schema())
    }

    async fn upgrade(&self, request: UpgradeRequest) -> Result<Json, Diagnostics> {
        upgrade::UPGRADES.run(request)
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        let mut found = lists::with(|lists| schemas::ml_training::validate(&request.config, lists));
        found.extend(image::unknown(&request.config));
        found
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let prior = request.prior.clone();
        plan::plan(&self.shared.get(), request)
            .await
            .unwrap_or_else(|diagnostics| PlanResponse {
                planned: prior,
                diagnostics,
                ..PlanResponse::default()
            })
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let refused = request.clone();
        apply::apply(&self.shared.get(), request)
            .await
            .unwrap_or_else(|why| refused.refused(why))
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let unchanged = request.unchanged();
        read::read(&self.shared.get(), request)
            .await
            .unwrap_or_else(|diagnostics| ReadResponse {
                diagnostics,
                ..unchanged
            })
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        import::import(&self.shared.get(), request)
            .await
            .unwrap_or_else(|diagnostics| ImportResponse {
                diagnostics,
                ..ImportResponse::default()
            })
    }

    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        moved::moved(&request).unwrap_or_else(MoveResponse::from)
    }
}
