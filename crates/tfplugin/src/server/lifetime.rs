//! When the process stops, and when it must not.
//!
//! | event | what happens |
//! |---|---|
//! | Ctrl-C (SIGINT, sent to the whole process group) | ignored: Terraform decides (pitfall P11) |
//! | StopProvider | handlers are asked to finish; the server goes on, so that their answer arrives |
//! | SIGTERM, SIGHUP | handlers are asked to finish, then the process ends |
//! | GRPCController.Shutdown | the same, within the two seconds before Terraform kills it (P10) |
//! | the connection is lost | nothing: a running create finishes (P13) |
//! | Terraform is dead, no handler runs | the process ends (P17) |

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::stop::Stop;

/// How long handlers may go on after a Shutdown: Terraform kills after 2 s.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(1_500);
/// How long open connections may go on once no handler runs.
const DRAIN_LIMIT: Duration = Duration::from_millis(300);
/// How long handlers may go on after a SIGTERM: what init systems and CI runners grant.
#[cfg(unix)]
const TERMINATE_LIMIT: Duration = Duration::from_secs(25);
/// How often to look whether Terraform is still there while it is not connected.
const ORPHAN_INTERVAL: Duration = Duration::from_secs(1);
/// Where a process cannot see its parent, how long without a connection means that it is gone. gRPC
/// clients drop an idle connection after 30 minutes and come back for the next call.
const ORPHAN_LIMIT: Duration = Duration::from_secs(12 * 3600);

/// What the process is doing, and whether it should end.
pub(super) struct Lifetime {
    debug: bool,
    stop: watch::Sender<bool>,
    shutdown: watch::Sender<bool>,
    calls: watch::Sender<usize>,
    connections: watch::Sender<usize>,
}

/// A running handler. It counts until it is dropped.
pub(super) struct RunningCall(watch::Sender<usize>);

impl Drop for RunningCall {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Lifetime {
    pub(super) fn new(debug: bool) -> Self {
        Self {
            debug,
            stop: watch::Sender::new(false),
            shutdown: watch::Sender::new(false),
            calls: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        }
    }

    /// Counts a handler.
    pub(super) fn enter(&self) -> RunningCall {
        self.calls.send_modify(|running| *running += 1);
        RunningCall(self.calls.clone())
    }

    /// Where the number of open connections is kept.
    pub(super) fn connections(&self) -> watch::Sender<usize> {
        self.connections.clone()
    }

    /// What handlers get.
    pub(super) fn stop_handle(&self) -> Stop {
        Stop::new(self.stop.subscribe())
    }

    /// Asks handlers to finish.
    pub(super) fn request_stop(&self) {
        self.stop.send_replace(true);
    }

    /// A new command begins. In debug mode one process serves many, and the last one may have been
    /// interrupted.
    pub(super) fn new_command(&self) {
        if self.debug {
            self.stop.send_replace(false);
        }
    }

    /// Asks handlers to finish and the server to end.
    pub(super) fn request_shutdown(&self) {
        self.request_stop();
        self.shutdown.send_replace(true);
    }

    /// Returns once the server is to end: it then closes connections that are idle.
    pub(super) fn shutdown(&self) -> impl Future<Output = ()> + use<> {
        let mut shutdown = self.shutdown.subscribe();
        async move {
            wait_for(&mut shutdown, |shutdown| *shutdown).await;
        }
    }

    /// Returns once the server has to end, whatever still runs.
    pub(super) async fn drained(&self) {
        self.shutdown().await;
        let _ = tokio::time::timeout(SHUTDOWN_LIMIT, self.no_calls()).await;
        tokio::time::sleep(DRAIN_LIMIT).await;
    }

    /// Returns once Terraform is gone and no handler runs. In debug mode Terraform comes and goes.
    pub(super) async fn orphaned(&self) {
        if self.debug {
            return std::future::pending().await;
        }
        let parent = parent();
        loop {
            wait_for(&mut self.connections.subscribe(), |open| *open == 0).await;
            let since = Instant::now();
            while *self.connections.borrow() == 0 {
                tokio::time::sleep(ORPHAN_INTERVAL).await;
                let gone = match parent {
                    Some(_) => self::parent() != parent,
                    None => since.elapsed() > ORPHAN_LIMIT,
                };
                if gone && *self.connections.borrow() == 0 {
                    self.no_calls().await;
                    tracing::warn!("terraform is gone");
                    return;
                }
            }
        }
    }

    /// Installs the signal handlers. Must be called inside the runtime.
    #[cfg(unix)]
    pub(super) fn watch_signals(self: &Arc<Self>) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};

        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let lifetime = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => lifetime.interrupted(),
                    _ = terminate.recv() => lifetime.terminate().await,
                    _ = hangup.recv() => lifetime.terminate().await,
                }
            }
        });
        Ok(())
    }

    /// Installs the signal handlers. Must be called inside the runtime.
    #[cfg(not(unix))]
    pub(super) fn watch_signals(self: &Arc<Self>) -> io::Result<()> {
        let lifetime = Arc::clone(self);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                lifetime.interrupted();
            }
        });
        Ok(())
    }

    /// Ctrl-C ends a debug server, which the user started; everywhere else Terraform gets the same
    /// signal and says what to do.
    fn interrupted(&self) {
        if self.debug {
            self.request_shutdown();
        }
    }

    #[cfg(unix)]
    async fn terminate(&self) {
        self.request_stop();
        let _ = tokio::time::timeout(TERMINATE_LIMIT, self.no_calls()).await;
        self.request_shutdown();
    }

    async fn no_calls(&self) {
        wait_for(&mut self.calls.subscribe(), |running| *running == 0).await;
    }
}

/// Waits until the value is as wanted. The senders live as long as the server.
async fn wait_for<T>(receiver: &mut watch::Receiver<T>, wanted: impl FnMut(&T) -> bool) {
    if receiver.wait_for(wanted).await.is_err() {
        std::future::pending().await
    }
}

/// The process that started this one, where one can know: it changes when that process dies.
fn parent() -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::process::parent_id());
    #[cfg(not(unix))]
    None
}
