//! States of older schemas: a chain of conversions, one for each version.

use serde_json::Value as Json;

use super::UpgradeRequest;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Converts a state of one schema version to the next.
pub type Upgrade = fn(Json) -> Result<Json, Diagnostic>;

/// The conversions of a schema, oldest first: the one at index `n` leads from version `n` to `n + 1`.
///
/// A schema needs one when an attribute is renamed, or means something else than before. An attribute that is new, gone, or
/// written as another primitive type needs none: states of the same version are read with the current schema.
#[derive(Clone, Copy, Debug)]
pub struct Upgrades(pub &'static [Upgrade]);

impl Upgrades {
    /// The version that the last conversion leads to: the schema's.
    pub const fn version(&self) -> i64 {
        self.0.len() as i64
    }

    /// Converts the state of an older version, step by step.
    ///
    /// # Errors
    /// What a conversion says, or that the version is none of this schema's.
    pub fn run(&self, request: UpgradeRequest) -> Result<Json, Diagnostics> {
        let from = usize::try_from(request.version).ok();
        let Some(steps) = from.and_then(|from| self.0.get(from..)) else {
            return Err(Diagnostic::error(
                "A state of an unknown version",
                format!(
                    "The saved state has schema version {}; this provider knows versions 0 to {}.",
                    request.version,
                    self.version()
                ),
            )
            .into());
        };
        let mut state = request.state;
        for step in steps {
            state = step(state)?;
        }
        Ok(state)
    }
}
