//! The `carbon_signal` block: which source, which kind of intensity, and what each source takes.

use tfplugin::{Attr, Diagnostics, Path};

use crate::declare::{Kind, Preset, Text, declare, one_of, text};
use crate::report::error;

const ZONE: Kind = Kind::Text(Text::UpTo(64));

declare! {
    /// The `carbon_signal` block.
    pub struct CarbonSignal, pub const CARBON_SIGNAL;
    "" {
        source: String, "Where intensities come from.", one_of(&[
            ("embedded", "the yearly figure of each region and the usual day of its grid, part of the provider"),
            ("file", "a local file; average or marginal, as you say"),
            ("electricity_maps", "Electricity Maps; average"),
            ("watttime", "WattTime; marginal, or its average (`co2_aoer`)"),
            ("gb_carbon_intensity", "the British system operator, for eu-west-2 and without a key; average"),
            ("eia", "the US Energy Information Administration, for regions in the United States; average"),
            ("carbon_aware_sdk", "a Carbon Aware SDK server; average or marginal, as its own source is"),
        ]).preset(Preset::Text("embedded"));
        kind: String, "Which intensity; the two rank regions differently.", one_of(&[
            ("average", "all power of the grid"),
            ("marginal", "the power that one more kWh calls for"),
        ]).preset(Preset::Derived("average with `embedded`; else it must be said"));
        factor_type: String, "Which emissions of power plants count.", one_of(&[
            ("life_cycle", "building, fuel and operation"),
            ("direct", "operation only"),
        ]).preset(Preset::Derived("life_cycle where a source has both; for `file` and `carbon_aware_sdk` say what they hold, else it is unknown"))
            .more("`electricity_maps` and `eia` have both; `watttime` and `gb_carbon_intensity` have direct ones. Two factor types are never compared.");
        zones: crate::ml_training::TextMap, "Your own choice of zone for a region, in the naming of the source.", crate::declare::map(Text::Region, &ZONE, 50)
            .preset(Preset::Derived("the catalogue's zone of each region"))
            .more("For `us-west-2`, where two zones can be defended, or for the columns of a file.");
        api_key: String, "Key of `electricity_maps` or `eia`.", text(Text::UpTo(4096)).secret()
            .preset(Preset::Derived("the environment's ELECTRICITY_MAPS_TOKEN or EIA_API_KEY"));
        username: String, "User of `watttime`.", text(Text::UpTo(256)).preset(Preset::Derived("the environment's WATTTIME_USERNAME"));
        password: String, "Password of `watttime`.", text(Text::UpTo(4096)).secret()
            .preset(Preset::Derived("the environment's WATTTIME_PASSWORD"));
        url: String, "Address of the source.", text(Text::Url).preset(Preset::Derived("the source's own; a `carbon_aware_sdk` has none"));
        path: String, "File of the source.", text(Text::UpTo(4096))
            .more("CSV with a header, `timestamp_utc,gco2_per_kwh` for one zone or `timestamp_utc,ZONE,ZONE` for several, at any even step of 5 to 60 minutes, `.gz` too; or JSON in the form of the Carbon Aware SDK.");
        timeout: String, "How long to wait for an answer.", text(Text::Duration).preset(Preset::Text("5s"));
        cache_ttl: String, "How long an answer is kept on disk for other data sources.", text(Text::Duration)
            .preset(Preset::Derived("nothing is kept"))
            .more("It is also for how long a placement that starts at once is good.");
        fallback: String, "What to do when the source has no answer.", one_of(&[
            ("embedded", "go on with the embedded signal, with a warning that names source, zone and reason"),
            ("none", "no answer: `selected` is null, with the reason"),
        ]).preset(Preset::Derived("embedded; none with `kind = \"marginal\"`, for which nothing may be shipped"));
    }
}

/// Settings that are secrets: never said, not even in part.
pub const SECRETS: &[&str] = &["api_key", "password"];

/// What a source takes, needs and gives.
struct Source {
    /// Its settings; one of another source would be ignored, and is refused instead.
    takes: &'static [&'static str],
    /// Settings without which it cannot be asked at all. A key may also come from the environment.
    needs: &'static [&'static str],
    /// Kinds of intensity that it has.
    kinds: &'static [&'static str],
}

const BOTH: &[&str] = &["average", "marginal"];
const AVERAGE: &[&str] = &["average"];

fn source(name: &str) -> Source {
    const KEY: &[&str] = &[
        "factor_type",
        "zones",
        "api_key",
        "url",
        "timeout",
        "cache_ttl",
        "fallback",
    ];
    const LOGIN: &[&str] = &[
        "zones",
        "username",
        "password",
        "url",
        "timeout",
        "cache_ttl",
        "fallback",
    ];
    const OPEN: &[&str] = &["zones", "url", "timeout", "cache_ttl", "fallback"];
    const OWN: &[&str] = &[
        "url",
        "factor_type",
        "zones",
        "timeout",
        "cache_ttl",
        "fallback",
    ];
    const FILE: &[&str] = &["path", "factor_type", "zones", "fallback"];
    let (takes, needs, kinds): (&[_], &[_], &[_]) = match name {
        "file" => (FILE, &["path"], BOTH),
        "electricity_maps" | "eia" => (KEY, &[], AVERAGE),
        "watttime" => (LOGIN, &[], BOTH),
        "gb_carbon_intensity" => (OPEN, &[], AVERAGE),
        "carbon_aware_sdk" => (OWN, &["url"], BOTH),
        _ => (&[], &[], AVERAGE),
    };
    Source {
        takes,
        needs,
        kinds,
    }
}

/// Rules over several settings of the block.
pub(super) fn check(signal: &CarbonSignal, found: &mut Diagnostics) {
    let at = |name: &str| Path::root("carbon_signal").attribute(name);
    let name = match &signal.source {
        Attr::Null => "embedded",
        Attr::Unknown => return,
        Attr::Known(source) => source.as_str(),
    };
    let source = source(name);
    kind(name, &source, signal, found);
    for (setting, given) in [
        ("factor_type", !signal.factor_type.is_null()),
        ("zones", !signal.zones.is_null()),
        ("api_key", !signal.api_key.is_null()),
        ("username", !signal.username.is_null()),
        ("password", !signal.password.is_null()),
        ("url", !signal.url.is_null()),
        ("path", !signal.path.is_null()),
        ("timeout", !signal.timeout.is_null()),
        ("cache_ttl", !signal.cache_ttl.is_null()),
        ("fallback", !signal.fallback.is_null()),
    ] {
        if given && !source.takes.contains(&setting) {
            found.push(error(
                at(setting),
                format!("carbon_signal.{setting} has no effect"),
                format!(
                    "source = \"{name}\" takes {}. Leave {setting} out.",
                    list(source.takes)
                ),
            ));
        }
        if !given && source.needs.contains(&setting) {
            found.push(error(
                at("source"),
                format!("carbon_signal needs {setting}"),
                format!("source = \"{name}\" needs {}.", list(source.needs)),
            ));
        }
    }
}

/// The kind is said, and the source has it.
fn kind(name: &str, source: &Source, signal: &CarbonSignal, found: &mut Diagnostics) {
    let at = |name: &str| Path::root("carbon_signal").attribute(name);
    let kind = match &signal.kind {
        Attr::Unknown => return,
        Attr::Null if name == "embedded" => return,
        Attr::Null => {
            let said = match source.kinds {
                [one] => format!(
                    "source = \"{name}\" needs kind = \"{one}\", the only kind that it has."
                ),
                _ => {
                    format!("source = \"{name}\" needs kind = \"average\" or kind = \"marginal\".")
                }
            };
            found.push(error(
                at("source"),
                "carbon_signal needs kind",
                format!("Average and marginal intensities rank regions differently, and {said}"),
            ));
            return;
        }
        Attr::Known(kind) => kind.as_str(),
    };
    if !source.kinds.contains(&kind) {
        let advice = if name == "embedded" {
            "No marginal figures may be shipped with the provider: choose a source that has them, such as \"watttime\" or a \"file\" of your own."
        } else {
            "Leave the kind at \"average\", or choose a source that has marginal intensities, such as \"watttime\" or a \"file\" of your own."
        };
        found.push(error(
            at("kind"),
            format!("source = \"{name}\" has no {kind} intensities"),
            advice,
        ));
    }
    if kind == "marginal" && signal.fallback.as_deref().known() == Some("embedded") {
        found.push(error(
            at("fallback"),
            "There is nothing to fall back to",
            "The embedded signal is an average, and an average never stands in for a marginal intensity. Leave fallback out, or set fallback = \"none\".",
        ));
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "no further settings".into()
    } else {
        names.join(", ")
    }
}
