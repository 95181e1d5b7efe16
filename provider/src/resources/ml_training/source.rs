//! The digest of the user's code folder: with `catalog_overrides` the only thing that a plan reads from disk.

use std::path::Path;

use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostic};

/// The digest with the version of its definition: `v1:...`; null without a folder, unknown while its name is.
pub(crate) async fn digest(config: &Config) -> Result<Attr<String>, Diagnostic> {
    let dir = match &config.source_dir {
        Attr::Known(dir) => dir.clone(),
        Attr::Null => return Ok(Attr::Null),
        Attr::Unknown => return Ok(Attr::Unknown),
    };
    let Some(exclude) = exclude(config) else {
        return Ok(Attr::Unknown);
    };
    let found =
        tokio::task::spawn_blocking(move || aws::source::digest(Path::new(&dir), &exclude)).await;
    match found {
        Ok(Ok(digest)) => Ok(Attr::Known(format!(
            "v{}:{digest}",
            aws::source::DIGEST_VERSION
        ))),
        Ok(Err(error)) => Err(Diagnostic::error(error.summary(), error.detail()).at("source_dir")),
        Err(error) => Err(
            Diagnostic::error("source_dir could not be read", error.to_string()).at("source_dir"),
        ),
    }
}

/// `source_exclude`; none while a pattern is unknown.
pub(crate) fn exclude(config: &Config) -> Option<Vec<String>> {
    match &config.source_exclude {
        Attr::Null => Some(Vec::new()),
        Attr::Unknown => None,
        Attr::Known(patterns) => patterns
            .iter()
            .map(|pattern| pattern.as_ref().known().cloned())
            .collect(),
    }
}

/// The digest alone, as `aws` makes it.
pub(crate) fn bare(versioned: &str) -> &str {
    versioned
        .split_once(':')
        .map_or(versioned, |(_, digest)| digest)
}
