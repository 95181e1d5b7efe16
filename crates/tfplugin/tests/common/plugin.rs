//! A provider process, started the way Terraform starts it.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::example;

const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// A running provider and what its handshake said. It is killed when dropped.
pub struct Plugin {
    pub child: Child,
    pub network: String,
    pub address: String,
    pub certificate: String,
}

/// The command of an example, without what the tests' own environment says.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(example(name));
    for variable in [
        "TF_LOG",
        "TF_LOG_PROVIDER",
        "PLUGIN_CLIENT_CERT",
        "PLUGIN_UNIX_SOCKET_DIR",
    ] {
        command.env_remove(variable);
    }
    command
        .env(COOKIE.0, COOKIE.1)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Plugin {
    /// Starts `command` and reads the handshake line.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let fields: Vec<&str> = line.trim_end_matches('\n').split('|').collect();
        let ["1", "6", network, address, "grpc", certificate] = fields[..] else {
            panic!("{line:?} is no handshake");
        };
        let (network, address) = (network.to_owned(), address.to_owned());
        Self {
            network,
            address,
            certificate: certificate.to_owned(),
            child,
        }
    }

    /// Starts the example with this client certificate pinned.
    pub fn pinned(name: &str, client_pem: &str) -> Self {
        let mut command = command(name);
        command.env("PLUGIN_CLIENT_CERT", client_pem);
        Self::start(command)
    }

    pub fn id(&self) -> i64 {
        self.child.id().into()
    }

    /// Ends it and returns what it wrote to stderr.
    pub fn stderr(mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Killed, it could not remove its socket.
        if self.network == "unix"
            && let Some(dir) = Path::new(&self.address).parent()
        {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}
