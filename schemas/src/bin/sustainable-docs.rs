//! Writes the reference pages under `docs/` from the declarations, or compares them (`--check`).
//!
//! Run it from the repository's root.

use std::path::Path;
use std::process::ExitCode;

use schemas::docs::pages;

fn main() -> ExitCode {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => {
            return fail(&format!(
                "unknown argument {other}; there is --check, which compares and writes nothing"
            ));
        }
    };
    let example = |path: &str| std::fs::read_to_string(Path::new("examples").join(path)).ok();
    let mut stale = Vec::new();
    for page in pages(&example) {
        let path = Path::new("docs").join(&page.path);
        if std::fs::read_to_string(&path).is_ok_and(|text| text == page.text) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
        } else if let Err(error) = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, &page.text))
        {
            return fail(&format!("cannot write {}: {error}", path.display()));
        }
    }
    if stale.is_empty() {
        return ExitCode::SUCCESS;
    }
    fail(&format!(
        "not up to date: {}. Run cargo run -p sustainable-schemas --bin sustainable-docs",
        stale.join(", ")
    ))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
