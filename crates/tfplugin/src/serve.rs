//! Running a provider.

use std::process::ExitCode;

use crate::provider::Provider;

/// How to run a provider.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Its source address: `registry.terraform.io/sustainable-ml/sustainable`.
    pub address: String,
    /// Crates whose log lines go to Terraform, beside this one. Others may log what users sent
    /// them, secrets included, so none is in unless it is named.
    pub log_targets: Vec<String>,
}

impl ServeOptions {
    /// A provider at this source address.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            log_targets: Vec::new(),
        }
    }

    /// Sends the log lines of these crates to Terraform, too.
    #[must_use]
    pub fn log(mut self, targets: &[&str]) -> Self {
        self.log_targets
            .extend(targets.iter().map(|t| (*t).to_owned()));
        self
    }
}

/// Runs `provider` until Terraform is done with it: the whole body of `main`.
///
/// With `-debug` or `--debug` as an argument, it waits for a Terraform that was told to attach to it.
pub fn serve(provider: impl Provider, options: ServeOptions) -> ExitCode {
    let _ = (provider, options);
    ExitCode::FAILURE
}
