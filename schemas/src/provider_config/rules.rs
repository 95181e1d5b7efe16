//! Rules over several attributes of the provider block.

use tfplugin::{Attr, Diagnostics, Path};

use super::{Config, carbon_signal};
use crate::report::error;

pub(super) fn check(config: &Config, found: &mut Diagnostics) {
    credentials(config, found);
    if let Some(signal) = config.carbon_signal.as_ref().known() {
        carbon_signal::check(signal, found);
    }
}

fn credentials(config: &Config, found: &mut Diagnostics) {
    let set = |attr: &Attr<String>| !matches!(attr, Attr::Null);
    for (name, attr, other, partner) in [
        (
            "access_key",
            &config.access_key,
            "secret_key",
            &config.secret_key,
        ),
        (
            "secret_key",
            &config.secret_key,
            "access_key",
            &config.access_key,
        ),
        ("token", &config.token, "access_key", &config.access_key),
    ] {
        if set(attr) && !set(partner) {
            found.push(error(
                Path::root(name),
                format!("{name} needs {other}"),
                format!("{name} is set and {other} is not. Set both, or neither, to use the environment, a profile or the instance's role."),
            ));
        }
    }
    if set(&config.access_key) && set(&config.profile) {
        found.push(error(
            Path::root("profile"),
            "profile and access_key exclude each other",
            "Both say whose credentials to use. Keep one of them.",
        ));
    }
}
