//! What the plugin loader says through the environment.

use std::{ops::RangeInclusive, path::PathBuf};

/// The variable by which the loader shows that it is one, and its value for Terraform providers.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// The settings of the plugin loader.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Whether a plugin loader started this process (pitfall P8).
    pub(crate) started_by_terraform: bool,
    /// The loader's certificate, in PEM; none means plaintext (TF_DISABLE_PLUGIN_TLS, reattach).
    pub(super) client_certificate: Option<String>,
    /// Where to put the socket.
    pub(super) socket_dir: PathBuf,
    /// The ports to try, where there are no Unix sockets.
    pub(super) ports: RangeInclusive<u16>,
}

impl Environment {
    /// Reads the environment of this process.
    pub(crate) fn read() -> Self {
        Self::from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let port = |name: &str, default: u16| {
            variable(name)
                .and_then(|value| value.parse().ok())
                .unwrap_or(default)
        };
        Self {
            started_by_terraform: variable(COOKIE.0).as_deref() == Some(COOKIE.1),
            client_certificate: variable("PLUGIN_CLIENT_CERT"),
            socket_dir: variable("PLUGIN_UNIX_SOCKET_DIR")
                .map_or_else(std::env::temp_dir, PathBuf::from),
            ports: port("PLUGIN_MIN_PORT", 10_000)..=port("PLUGIN_MAX_PORT", 25_000),
        }
    }
}
