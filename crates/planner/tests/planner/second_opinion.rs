//! Every workload decided again by `tests/second_opinion.py`, which shares the data files with the
//! catalogue and no code with the planner.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use catalog::Catalog;
use planner::decide;
use serde_json::json;

use crate::{needed, support};

#[test]
fn another_implementation_decides_the_same() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_opinion.py");
    let name = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python = Command::new(&name)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut python = match python {
        Ok(python) => python,
        Err(error) => {
            needed::missing(&format!(
                "{name} cannot be started ({error}), and $PYTHON can name another"
            ));
            return;
        }
    };
    let workloads = support::workloads();
    assert!(workloads.len() >= 28);
    let cases: Vec<_> = workloads
        .iter()
        .map(|(name, request)| {
            json!({ "name": name, "request": request, "answer": decide(Catalog::embedded(), request) })
        })
        .collect();
    let mut input = python.stdin.take().unwrap();
    input
        .write_all(serde_json::to_string(&cases).unwrap().as_bytes())
        .unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
