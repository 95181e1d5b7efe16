//! The provider binary: glue between what users write (`schemas`), what is decided (`planner`, `catalog`), what is carried
//! out (`aws`) and how Terraform asks for it (`tfplugin`).

#[cfg(test)]
mod acted_on_tests;
mod charts;
mod clock;
mod configured;
mod data_sources;
mod functions;
mod json;
mod lists;
mod object;
mod provider;
mod report;
mod resources;
mod settings;
mod signal;
mod text;
mod time;

use std::io::Write;
use std::process::ExitCode;

use tfplugin::ServeOptions;

/// musl's own doubles the CPU of a large plan: ARCHITECTURE.md, "A static binary on Linux".
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Where users find the provider.
const ADDRESS: &str = "registry.terraform.io/sustainable-ml/sustainable";

fn main() -> ExitCode {
    let asked_for_version = std::env::args()
        .skip(1)
        .any(|argument| argument == "--version" || argument == "-version");
    if asked_for_version {
        let version = concat!("terraform-provider-sustainable ", env!("CARGO_PKG_VERSION"));
        return writeln!(std::io::stdout(), "{version}")
            .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    tfplugin::serve(
        provider::Sustainable::default(),
        ServeOptions::new(ADDRESS).log(&["aws", "grid", "planner"]),
    )
}
