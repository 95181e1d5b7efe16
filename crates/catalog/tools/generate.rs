//! Turns `data/*.csv` into `src/generated.rs`: `cargo run -p sustainable-catalog --example generate`.

use std::path::Path;
use std::process::ExitCode;

mod tables;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match tables::generate(&root.join("data")) {
        Ok(text) => match std::fs::write(root.join("src/generated.rs"), text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("src/generated.rs: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
