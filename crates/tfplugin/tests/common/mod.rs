//! What the tests share: the example providers, and the commands that drive them.
#![allow(
    unreachable_pub,
    reason = "a module of a test crate is reached by nobody else"
)]
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod cli;
pub mod client;
#[path = "../../../../tests/needed.rs"]
pub mod needed;
pub mod plugin;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// The binary of an example of this crate. Only a plain `cargo test` builds examples, so it is built
/// here, once per test run.
pub fn example(name: &str) -> PathBuf {
    static DIR: LazyLock<PathBuf> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--examples",
            "--package",
            env!("CARGO_PKG_NAME"),
        ]);
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "{cargo:?}");
        profile.join("examples")
    });
    DIR.join(name)
}

/// Asks again and again, up to 20 seconds.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it never happened: {what}");
}

/// Sends a signal to a process, or with a negative number to a process group.
pub fn signal(name: &str, process: i64) {
    let status = Command::new("kill")
        .args(["-s", name, "--", &process.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill -s {name} {process}");
}

/// Whether a process is there and no zombie.
pub fn is_running(process: i64) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z")
    })
}
