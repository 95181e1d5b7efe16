//! How long an apply may take.

use std::time::Duration;

use aws::RunSpec;
use schemas::ml_training::MAX_RUN_HOURS;
use tfplugin::{Action, ApplyRequest};

/// `timeouts`, with their defaults.
pub(crate) struct Limits {
    create: Option<f64>,
    update: Option<f64>,
    delete: Option<f64>,
}

impl Limits {
    const HOUR: f64 = 3600.0;

    /// Reads them from the configuration, or from the state for a destroy.
    pub(crate) fn of(request: &ApplyRequest) -> Self {
        let source = if request.config.is_null() {
            &request.prior
        } else {
            &request.config
        };
        let seconds = |name: &str| {
            source
                .get("timeouts")
                .get(name)
                .as_str()
                .and_then(schemas::duration_seconds)
        };
        Self {
            create: seconds("create"),
            update: seconds("update"),
            delete: seconds("delete"),
        }
    }

    /// For a change in place; `waits`: for the end of the run too.
    pub(crate) fn update(&self, waits: bool) -> Duration {
        let wait = if waits {
            MAX_RUN_HOURS * Self::HOUR
        } else {
            0.0
        };
        Duration::from_secs_f64(self.update.unwrap_or(Self::HOUR + wait))
    }

    /// For a destroy.
    pub(crate) fn delete(&self) -> Duration {
        Duration::from_secs_f64(self.delete.unwrap_or(Self::HOUR / 2.0))
    }
}

/// For a create or a new run.
pub(crate) fn timeout(request: &ApplyRequest, spec: &RunSpec) -> Duration {
    let limits = Limits::of(request);
    let given = if request.action() == Action::Create {
        limits.create
    } else {
        limits.update
    };
    let run = if spec.wait_for_completion {
        let run = spec.max_wait_seconds.unwrap_or(spec.max_runtime_seconds);
        f64::from(run) + super::expiry::seconds_until(spec.start.as_deref())
    } else {
        0.0
    };
    Duration::from_secs_f64(given.unwrap_or(Limits::HOUR + run))
}
