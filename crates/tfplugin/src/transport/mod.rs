//! How Terraform's plugin loader and the provider find and trust each other.
//!
//! Terraform starts the binary with a cookie and its certificate in the environment; the provider
//! listens, and prints one line that says where, with its own certificate. Only the holder of the
//! pinned certificate gets in.

mod connection;
mod environment;
mod handshake;
mod listener;
mod tls;

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

pub(crate) use connection::{Connection, Incoming};
pub(crate) use environment::Environment;

use listener::Listener;

/// A peer that has not finished its TLS handshake by then is sent away.
const TLS_HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait after the system refused a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens as `environment` says, and says so on stdout. The number of open connections is kept in
/// `connections`. The task that listens removes its socket and ends once the connections are no
/// longer wanted.
///
/// # Errors
/// When there is no place to listen, or the client's certificate cannot be read: then there is no
/// falling back to an open door (pitfall P5).
pub(crate) fn listen(
    environment: &Environment,
    address: &str,
    debug: bool,
    connections: watch::Sender<usize>,
) -> io::Result<(Incoming, JoinHandle<()>)> {
    let identity = match &environment.client_certificate {
        Some(pem) if !debug => Some(tls::identity(pem)?),
        _ => None,
    };
    let listener = Listener::bind(environment, identity.is_some())?;
    let text = match &identity {
        _ if debug => handshake::reattach(address, &listener.address()?),
        Some(identity) => handshake::line(&listener.address()?, &identity.certificate),
        None => handshake::line(&listener.address()?, &[]),
    };
    handshake::print(&text)?;
    let (sender, receiver) = mpsc::channel(16);
    let acceptor = identity.map(|identity| TlsAcceptor::from(identity.config));
    let listening = tokio::spawn(accept(listener, acceptor, sender, Arc::new(connections)));
    Ok((Incoming::new(receiver), listening))
}

/// Takes in connections until nobody wants them any more. The listener removes its socket when it
/// is dropped.
async fn accept(
    listener: Listener,
    acceptor: Option<TlsAcceptor>,
    sender: mpsc::Sender<Connection>,
    connections: Arc<watch::Sender<usize>>,
) {
    loop {
        let stream = tokio::select! {
            stream = listener.accept() => stream,
            () = sender.closed() => return,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (acceptor, sender, connections) =
            (acceptor.clone(), sender.clone(), Arc::clone(&connections));
        // In a task of its own: a peer that says nothing holds up nobody.
        tokio::spawn(async move {
            let stream = match acceptor {
                None => stream,
                Some(acceptor) => {
                    match tokio::time::timeout(TLS_HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => Box::new(stream),
                        Ok(Err(error)) => {
                            tracing::warn!(%error, "a TLS handshake was refused");
                            return;
                        }
                        Err(_) => return,
                    }
                }
            };
            // An error means that the server is gone.
            let _ = sender.send(Connection::new(stream, connections)).await;
        });
    }
}
