//! The gRPC server: two services on one port, and the life of the process around them.

mod call;
mod data_source;
mod function;
mod lifetime;
mod provider;
mod registry;
mod resource;
mod schema;
mod service;
mod wire;

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tonic::{body::Body, transport::Server};
use tower_service::Service;

use crate::{
    pb::{
        plugin::grpc_controller_server::GrpcControllerServer,
        tfplugin6::provider_server::ProviderServer,
    },
    provider::Provider,
    transport::{self, Environment},
};
use lifetime::Lifetime;
use registry::Registry;
use service::{Controller, ProviderService};

/// What the plugin loader itself allows; tonic's own limit of 4 MiB is too small for real states
/// (pitfall P14).
const MAX_MESSAGE_BYTES: usize = 256 << 20;
/// Flow-control windows: with the default of 64 KiB a large state needs many round trips.
const WINDOW_BYTES: u32 = 1 << 20;
/// How long to wait for the socket's removal at the end.
const CLEANUP_LIMIT: Duration = Duration::from_millis(200);

/// Serves until Terraform is done.
///
/// # Errors
/// When there is nowhere to listen.
pub(crate) async fn run(
    provider: Box<dyn Provider>,
    address: &str,
    environment: &Environment,
    debug: bool,
) -> io::Result<()> {
    let lifetime = Arc::new(Lifetime::new(debug));
    // Before the handshake line: from then on a Ctrl-C may come (pitfall P11).
    lifetime.watch_signals()?;
    let (incoming, listening) =
        transport::listen(environment, address, debug, lifetime.connections())?;
    let registry = Arc::new(Registry::new(provider));
    let services = Services {
        provider: ProviderServer::new(ProviderService::new(registry, Arc::clone(&lifetime)))
            .max_decoding_message_size(MAX_MESSAGE_BYTES),
        controller: GrpcControllerServer::new(Controller::new(Arc::clone(&lifetime))),
    };
    let serve = Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .serve_with_incoming_shutdown(services, incoming, lifetime.shutdown());
    tokio::select! {
        served = serve => served.map_err(io::Error::other)?,
        () = lifetime.drained() => {}
        () = lifetime.orphaned() => {}
    }
    // The listener removes its socket once nobody takes connections any more.
    let _ = tokio::time::timeout(CLEANUP_LIMIT, listening).await;
    Ok(())
}

/// The two services, told apart by path: no router is needed. An unknown path answers UNIMPLEMENTED
/// (pitfall P9).
#[derive(Clone)]
struct Services {
    provider: ProviderServer<ProviderService>,
    controller: GrpcControllerServer<Controller>,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Service<Request<Body>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path().starts_with("/tfplugin6.Provider/") {
            self.provider.call(request)
        } else {
            self.controller.call(request)
        }
    }
}
