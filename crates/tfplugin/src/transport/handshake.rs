//! The one line on stdout.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::json;

/// Where the provider listens.
#[derive(Debug, PartialEq)]
pub(super) struct Address {
    /// `unix` or `tcp`.
    pub(super) network: &'static str,
    /// A path, or host and port.
    pub(super) text: String,
}

/// The line that the plugin loader waits for: core protocol, plugin protocol, network, address,
/// gRPC, and the certificate in unpadded standard base64, or nothing (pitfall P3).
pub(super) fn line(address: &Address, certificate: &[u8]) -> String {
    let Address { network, text } = address;
    format!(
        "1|6|{network}|{text}|grpc|{}\n",
        STANDARD_NO_PAD.encode(certificate)
    )
}

/// What to paste into a shell so that Terraform attaches to this process (pitfall P23). `Test` keeps
/// Terraform from stopping it.
pub(super) fn reattach(provider: &str, address: &Address) -> String {
    let reattach = json!({ provider: {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": address.network, "String": address.text },
    }});
    format!(
        "Provider started. To attach Terraform to it, set this in the shell that runs Terraform:\n\n\
         \tTF_REATTACH_PROVIDERS='{reattach}'\n\n\
         Press Ctrl-C here to stop it.\n"
    )
}

/// Prints the text. Nothing else ever goes to stdout.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
