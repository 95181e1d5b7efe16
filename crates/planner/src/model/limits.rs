//! How long a job may take: the limits that SageMaker is given, and until when a file system has to be there.

use super::{Buying, Figures, Model, Pace};
use crate::Hours;
use crate::answer::{FileSystem, Limits};

impl Model<'_> {
    /// Upper end of the billed hours.
    pub(crate) fn high_h(&self, pace: &Pace, x: &Figures) -> f64 {
        let [_, up] = self.time_widths(pace, x);
        x.billed_h * up.exp()
    }

    /// The limits of a run that may be billed for up to so many hours.
    pub(crate) fn limits(&self, high_h: f64, buying: Buying) -> Limits {
        let (c, request) = (self.catalog.constants(), self.request);
        let runtime = match request.max_runtime_hours {
            Some(given) => given.0,
            None => (c.runtime_limit_multiple.value * high_h)
                .ceil()
                .min(c.max_training_hours.value)
                .max(1.0),
        };
        let waited = || (runtime + c.spot_wait_hours.value).min(c.longest_wait_hours.value);
        let wait = matches!(buying, Buying::Spot { .. }).then(|| {
            request
                .max_wait_hours
                .map_or_else(waited, |given| given.0)
                .max(runtime)
        });
        // Without a limit a job may wait for its instances for a month, and a file system with it.
        let usual = (request.file_system && wait.is_none()).then_some(c.least_pending_hours.value);
        Limits {
            runtime: Hours(runtime),
            wait: wait.map(Hours),
            pending: request.max_pending_hours.or(usual.map(Hours)),
        }
    }

    /// The file system of a run with these limits, where one is asked for: deleted once the longest run must be over.
    pub(crate) fn file_system(&self, limits: &Limits) -> Option<FileSystem> {
        let c = self.catalog.constants();
        self.request.file_system.then(|| FileSystem {
            gib: crate::storage::file_system_gib(c, self.request.dataset_size_gb),
            making: Hours(c.fsx_making_hours.value),
            kept: Hours(limits.latest().0 + c.fsx_ending_hours.value),
        })
    }
}
