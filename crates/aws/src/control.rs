//! What the caller keeps in its hands while something runs: a way to stop, a limit, a place to save.

use std::time::Duration;

use tokio::sync::watch;

use crate::handle::Handle;

/// Control of a long call.
#[derive(Clone)]
pub struct Control<'a> {
    /// Becomes true when the user asks to stop; honoured between steps and during waits. What exists is reported.
    pub stop: watch::Receiver<bool>,
    /// Limit of the whole call.
    pub timeout: Duration,
    /// Told after each step.
    pub progress: &'a dyn Progress,
}

/// Receives the handle each time that it has grown, so that a panic or a lost connection loses nothing.
pub trait Progress: Send + Sync {
    /// `handle` is what exists now.
    fn save(&self, handle: &Handle);
}

/// Forgets every save.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn save(&self, _handle: &Handle) {}
}
