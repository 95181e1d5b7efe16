//! How far staging is, for whoever waits: a line in the log every few seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;

use crate::steps::data::gigabytes;

/// What is to be done, and what is done.
pub(super) struct Progress {
    /// Where from and where to.
    what: String,
    objects: u64,
    bytes: u64,
    objects_done: AtomicU64,
    bytes_done: AtomicU64,
    /// Of `bytes_done`, what this very walk has copied: the rest was there.
    bytes_copied: AtomicU64,
    begun: Instant,
}

/// Reports until it is dropped.
pub(super) struct Reporting(JoinHandle<()>);

impl Drop for Reporting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Progress {
    pub(super) fn new(what: String, objects: u64, bytes: u64) -> Arc<Self> {
        Arc::new(Progress {
            what,
            objects,
            bytes,
            objects_done: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
            bytes_copied: AtomicU64::new(0),
            begun: Instant::now(),
        })
    }

    /// Bytes that were there already.
    pub(super) fn found(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that were copied just now.
    pub(super) fn copied(&self, bytes: u64) {
        self.bytes_copied.fetch_add(bytes, Ordering::Relaxed);
        self.found(bytes);
    }

    /// A whole object is there.
    pub(super) fn object_done(&self) {
        self.objects_done.fetch_add(1, Ordering::Relaxed);
    }

    /// A line every `interval`, from now on.
    pub(super) fn report(self: &Arc<Self>, interval: Duration) -> Reporting {
        let progress = Arc::clone(self);
        let reports = async move {
            loop {
                tokio::time::sleep(interval).await;
                tracing::info!("{}", progress.line());
            }
        };
        Reporting(tokio::spawn(reports.in_current_span()))
    }

    /// `staging s3://b/data/ in eu-north-1: 10 of 50 objects, 1.2 of 6.0 GB, 210 MB/s, about 23 s left`.
    pub(super) fn line(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        let done = self.bytes_done.load(Ordering::Relaxed);
        let speed = mega(self.bytes_copied.load(Ordering::Relaxed)) / seconds.max(1e-3);
        let mut line = format!(
            "{}: {} of {} objects, {:.1} of {:.1} GB, {speed:.0} MB/s",
            self.what,
            self.objects_done.load(Ordering::Relaxed),
            self.objects,
            gigabytes(done),
            gigabytes(self.bytes),
        );
        let left = mega(self.bytes.saturating_sub(done)) / speed;
        if left.is_finite() && left > 0.0 {
            line.push_str(&format!(", about {} left", span(left)));
        }
        line
    }
}

fn mega(bytes: u64) -> f64 {
    gigabytes(bytes) * 1e3
}

/// Seconds in words.
fn span(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
