//! Rules over several attributes of the provider block.

use tfplugin::{Attr, Diagnostics, Path};

use super::{CarbonSignal, Config};
use crate::report::error;

pub(super) fn check(config: &Config, found: &mut Diagnostics) {
    credentials(config, found);
    if let Some(signal) = config.carbon_signal.as_ref().known() {
        carbon_signal(signal, found);
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

fn carbon_signal(signal: &CarbonSignal, found: &mut Diagnostics) {
    let at = |name: &str| Path::root("carbon_signal").attribute(name);
    let source = match &signal.source {
        Attr::Null => "embedded",
        Attr::Unknown => return,
        Attr::Known(source) => source.as_str(),
    };
    let set = |attr: &Attr<String>| !matches!(attr, Attr::Null);
    if source != "embedded" && !set(&signal.kind) {
        found.push(error(
            at("source"),
            "carbon_signal needs kind",
            format!("Average and marginal intensities rank regions differently, so source = \"{source}\" needs kind = \"average\" or kind = \"marginal\"."),
        ));
    }
    // What each source takes; a setting of another source would be ignored, and is refused instead.
    let takes: &[&str] = match source {
        "file" => &["path"],
        "electricity_maps" => &["api_key", "url", "timeout", "cache_ttl"],
        "watttime" => &["username", "password", "url", "timeout", "cache_ttl"],
        "gb_carbon_intensity" => &["url", "timeout", "cache_ttl"],
        "eia" => &["api_key", "url", "timeout", "cache_ttl"],
        "carbon_aware_sdk" => &["url", "timeout", "cache_ttl"],
        _ => &[],
    };
    let needs: &[&str] = match source {
        "file" => &["path"],
        "electricity_maps" | "eia" => &["api_key"],
        "watttime" => &["username", "password"],
        "carbon_aware_sdk" => &["url"],
        _ => &[],
    };
    for (name, attr) in [
        ("api_key", &signal.api_key),
        ("username", &signal.username),
        ("password", &signal.password),
        ("url", &signal.url),
        ("path", &signal.path),
        ("timeout", &signal.timeout),
        ("cache_ttl", &signal.cache_ttl),
    ] {
        if set(attr) && !takes.contains(&name) {
            found.push(error(
                at(name),
                format!("carbon_signal.{name} has no effect"),
                format!(
                    "source = \"{source}\" takes {}. Leave {name} out.",
                    list(takes)
                ),
            ));
        }
        if !set(attr) && needs.contains(&name) {
            found.push(error(
                at("source"),
                format!("carbon_signal needs {name}"),
                format!("source = \"{source}\" needs {}.", list(needs)),
            ));
        }
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "no further settings".into()
    } else {
        names.join(", ")
    }
}
