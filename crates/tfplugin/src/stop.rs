//! The user's wish to stop, as a handler sees it.

use tokio::sync::watch;

/// Tells a handler that the user pressed Ctrl-C: finish the step at hand, then answer with what
/// exists, and a warning. An error would taint a fresh object, and the next apply would destroy it
/// (pitfall P12).
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// A stop that is never asked for, for calls outside a server.
    pub fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// Whether a stop was asked for.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once a stop is asked for; never, if none is.
    pub async fn wait(&self) {
        // The sender is dropped only with the server: nobody can ask any more.
        if self.0.clone().wait_for(|stop| *stop).await.is_err() {
            std::future::pending().await
        }
    }

    /// The same as a watch channel, for code that does not know this crate.
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }
}
