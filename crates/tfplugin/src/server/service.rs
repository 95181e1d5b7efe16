//! The services of the protocol: each call finds its handler, runs it guarded, and has an answer for
//! the case that it fails.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use super::{
    call::{self, Call},
    data_source, function,
    lifetime::Lifetime,
    provider,
    registry::Registry,
    resource, wire,
};
use crate::{
    pb::{
        plugin::{Empty, grpc_controller_server::GrpcController},
        tfplugin6::{self as pb, provider_server::Provider},
    },
    provider::Rescue,
};

type Answer<T> = Result<Response<T>, Status>;

/// The `Provider` service.
#[derive(Clone)]
pub(super) struct ProviderService {
    registry: Arc<Registry>,
    lifetime: Arc<Lifetime>,
}

impl ProviderService {
    pub(super) fn new(registry: Arc<Registry>, lifetime: Arc<Lifetime>) -> Self {
        Self { registry, lifetime }
    }

    fn call(&self, rpc: &'static str, subject: &str) -> Call {
        Call {
            rpc,
            subject: subject.to_owned(),
            running: self.lifetime.enter(),
        }
    }

    /// Answers a question about the provider's offer, whose answer cannot fail.
    async fn describe<R: Default + Send + 'static>(
        &self,
        rpc: &'static str,
        answer: fn(&Registry) -> R,
        failed: fn(Vec<pb::Diagnostic>) -> R,
    ) -> Answer<R> {
        let registry = Arc::clone(&self.registry);
        let work = async move { Ok(answer(&registry)) };
        call::run(self.call(rpc, ""), work, move |why| {
            failed(wire::diagnostics(why))
        })
        .await
    }
}

#[async_trait]
impl Provider for ProviderService {
    async fn get_metadata(
        &self,
        _request: Request<pb::get_metadata::Request>,
    ) -> Answer<pb::get_metadata::Response> {
        self.describe("GetMetadata", provider::metadata, |diagnostics| {
            pb::get_metadata::Response {
                diagnostics,
                ..Default::default()
            }
        })
        .await
    }

    async fn get_provider_schema(
        &self,
        _request: Request<pb::get_provider_schema::Request>,
    ) -> Answer<pb::get_provider_schema::Response> {
        self.describe("GetProviderSchema", provider::schemas, |diagnostics| {
            pb::get_provider_schema::Response {
                diagnostics,
                ..Default::default()
            }
        })
        .await
    }

    async fn get_resource_identity_schemas(
        &self,
        _request: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Answer<pb::get_resource_identity_schemas::Response> {
        self.describe(
            "GetResourceIdentitySchemas",
            provider::identity_schemas,
            |diagnostics| pb::get_resource_identity_schemas::Response {
                diagnostics,
                ..Default::default()
            },
        )
        .await
    }

    async fn get_functions(
        &self,
        _request: Request<pb::get_functions::Request>,
    ) -> Answer<pb::get_functions::Response> {
        self.describe("GetFunctions", provider::functions, |diagnostics| {
            pb::get_functions::Response {
                diagnostics,
                ..Default::default()
            }
        })
        .await
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::validate_provider_config::Request>,
    ) -> Answer<pb::validate_provider_config::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let answer = |why| pb::validate_provider_config::Response {
            diagnostics: wire::diagnostics(why),
        };
        let work = async move { provider::validate(&registry, request).await.map(answer) };
        call::run(self.call("ValidateProviderConfig", ""), work, answer).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<pb::validate_resource_config::Request>,
    ) -> Answer<pb::validate_resource_config::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let call = self.call("ValidateResourceConfig", &request.type_name);
        let answer = |why| pb::validate_resource_config::Response {
            diagnostics: wire::diagnostics(why),
        };
        let work = async move { resource::validate(&registry, request).await.map(answer) };
        call::run(call, work, answer).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::validate_data_resource_config::Request>,
    ) -> Answer<pb::validate_data_resource_config::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let call = self.call("ValidateDataResourceConfig", &request.type_name);
        let answer = |why| pb::validate_data_resource_config::Response {
            diagnostics: wire::diagnostics(why),
        };
        let work = async move { data_source::validate(&registry, request).await.map(answer) };
        call::run(call, work, answer).await
    }

    async fn configure_provider(
        &self,
        request: Request<pb::configure_provider::Request>,
    ) -> Answer<pb::configure_provider::Response> {
        self.lifetime.new_command();
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let answer = |why| pb::configure_provider::Response {
            diagnostics: wire::diagnostics(why),
        };
        let work = async move {
            provider::configure(&registry, stop, request)
                .await
                .map(answer)
        };
        call::run(self.call("ConfigureProvider", ""), work, answer).await
    }

    /// Handlers learn of it; the server goes on, or their answers would be lost (pitfall P11).
    async fn stop_provider(
        &self,
        _request: Request<pb::stop_provider::Request>,
    ) -> Answer<pb::stop_provider::Response> {
        tracing::info!("Terraform asks to stop");
        self.lifetime.request_stop();
        Ok(Response::new(pb::stop_provider::Response::default()))
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> Answer<pb::upgrade_resource_state::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let call = self.call("UpgradeResourceState", &request.type_name);
        let work = async move { resource::upgrade(&registry, request).await };
        call::run(call, work, |why| pb::upgrade_resource_state::Response {
            upgraded_state: None,
            diagnostics: wire::diagnostics(why),
        })
        .await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> Answer<pb::upgrade_resource_identity::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let call = self.call("UpgradeResourceIdentity", &request.type_name);
        let work = async move { resource::upgrade_identity(&registry, request).await };
        call::run(call, work, |why| pb::upgrade_resource_identity::Response {
            upgraded_identity: None,
            diagnostics: wire::diagnostics(why),
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> Answer<pb::read_resource::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let (call, before) = (
            self.call("ReadResource", &request.type_name),
            request.clone(),
        );
        let work = async move { resource::read(&registry, stop, request).await };
        call::run(call, work, |why| resource::read_failed(before, why)).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> Answer<pb::plan_resource_change::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let call = self.call("PlanResourceChange", &request.type_name);
        let work = async move { resource::plan(&registry, stop, request).await };
        call::run(call, work, resource::plan_failed).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> Answer<pb::apply_resource_change::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let (stop, rescue) = (self.lifetime.stop_handle(), Rescue::default());
        let call = self.call("ApplyResourceChange", &request.type_name);
        let (before, kept, known) = (request.clone(), rescue.clone(), Arc::clone(&registry));
        let work = async move { resource::apply(&registry, stop, rescue, request).await };
        call::run(call, work, move |why| {
            resource::apply_failed(&known, &kept, before, why)
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> Answer<pb::import_resource_state::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let call = self.call("ImportResourceState", &request.type_name);
        let work = async move { resource::import(&registry, stop, request).await };
        call::run(call, work, resource::import_failed).await
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> Answer<pb::move_resource_state::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let call = self.call("MoveResourceState", &request.target_type_name);
        let work = async move { resource::move_state(&registry, stop, request).await };
        call::run(call, work, resource::move_failed).await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> Answer<pb::read_data_source::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let stop = self.lifetime.stop_handle();
        let call = self.call("ReadDataSource", &request.type_name);
        let work = async move { data_source::read(&registry, stop, request).await };
        call::run(call, work, data_source::failed).await
    }

    async fn call_function(
        &self,
        request: Request<pb::call_function::Request>,
    ) -> Answer<pb::call_function::Response> {
        let (registry, request) = (Arc::clone(&self.registry), request.into_inner());
        let call = self.call("CallFunction", &request.name);
        let work = async move { function::call(&registry, request).await };
        call::run(call, work, function::failed).await
    }
}

/// The service that ends the process.
pub(super) struct Controller(Arc<Lifetime>);

impl Controller {
    pub(super) fn new(lifetime: Arc<Lifetime>) -> Self {
        Self(lifetime)
    }
}

#[async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _request: Request<Empty>) -> Answer<Empty> {
        self.0.request_shutdown();
        Ok(Response::new(Empty {}))
    }
}
