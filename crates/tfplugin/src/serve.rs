//! Running a provider.

use std::{io::Write, process::ExitCode};

use crate::{log, provider::Provider, server, transport::Environment};

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
            .extend(targets.iter().map(|target| (*target).to_owned()));
        self
    }
}

/// Runs `provider` until Terraform is done with it: the whole body of `main`.
///
/// With `-debug` or `--debug` as an argument, it waits for a Terraform that was told to attach to it.
pub fn serve(provider: impl Provider, options: ServeOptions) -> ExitCode {
    let debug = std::env::args()
        .skip(1)
        .any(|argument| matches!(argument.as_str(), "-debug" | "--debug"));
    let environment = Environment::read();
    if !debug && !environment.started_by_terraform {
        return fail(
            "This program is a provider for Terraform and OpenTofu, which start it themselves.\n\
             To debug it, run it with -debug.",
        );
    }
    log::start(&options.log_targets);
    log::catch_panics_in_handlers();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The provider cannot start: {error}")),
    };
    let served = runtime.block_on(server::run(
        Box::new(provider),
        &options.address,
        &environment,
        debug,
    ));
    // Handlers that still run are beyond saving: Terraform has given up on them.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!(
            "The provider cannot listen for Terraform: {error}"
        )),
    }
}

/// Two threads, however many cores there are: handlers wait for the network most of the time, and
/// one that computes must not keep the others, or a Ctrl-C, waiting. What computes or reads for
/// longer than a decision takes belongs on a thread of its own (`spawn_blocking`).
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// Tells whoever started the program, on stderr: stdout belongs to the handshake.
fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}
