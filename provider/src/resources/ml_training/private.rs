//! What the provider remembers about a training beside its state: nothing that a user reads, nothing secret.

use aws::Handle;
use serde::{Deserialize, Serialize};
use tfplugin::{Diagnostic, Private};

use super::again::Tried;

/// Layout of the record. A newer one is refused, so that an older provider never works on what it does not understand.
const VERSION: u32 = 1;

/// What an apply has to do, as its plan said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Intent {
    /// Start a new run.
    NewRun,
    /// Change what exists.
    InPlace,
}

/// The record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Remembered {
    /// Imported or moved, and not applied since.
    pub(crate) adopted: bool,
    /// Names of everything that exists.
    pub(crate) handle: Option<Handle>,
    /// Between a plan and its apply.
    pub(crate) intent: Option<Intent>,
    /// What had no capacity before this run.
    pub(crate) tried: Option<Tried>,
}

impl Remembered {
    /// Imported or moved from elsewhere, not applied since, and not made by this provider.
    pub(crate) fn takes_over(&self) -> bool {
        self.adopted && self.handle.as_ref().is_some_and(|handle| handle.foreign)
    }

    /// The job that it stands for was not made by this provider.
    pub(crate) fn is_foreign(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| handle.foreign)
    }

    /// Reads the record.
    pub(crate) fn read(private: &Private) -> Result<Self, Diagnostic> {
        if private
            .get::<u32>("version")
            .is_some_and(|version| version > VERSION)
        {
            return Err(Diagnostic::error(
                "This state was written by a newer provider",
                "Use at least the version of the provider that last applied this resource.",
            ));
        }
        Ok(Self {
            adopted: private.get("adopted").unwrap_or_default(),
            handle: private.get("handle"),
            intent: private.get("intent"),
            tried: private.get("tried"),
        })
    }

    /// Writes the record.
    pub(crate) fn write(&self) -> Private {
        let mut private = Private::new();
        // Each of these has a JSON form: text keys only.
        let _ = private.set("version", &VERSION);
        if self.adopted {
            let _ = private.set("adopted", &true);
        }
        if let Some(handle) = &self.handle {
            let _ = private.set("handle", handle);
        }
        if let Some(tried) = &self.tried {
            let _ = private.set("tried", tried);
        }
        if let Some(intent) = &self.intent {
            let _ = private.set("intent", intent);
        }
        private
    }
}
