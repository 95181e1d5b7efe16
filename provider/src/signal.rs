//! `carbon_signal` of the provider block as `grid` wants it, keys from the environment included.
//!
//! Only data sources ask a grid: the resource's own plan has to come out the same in its second process.

use std::path::PathBuf;
use std::time::Duration;

use catalog::{FactorType, SignalKind};
use grid::{CacheSettings, Fallback, Grid, Secret, Settings, SourceName};
use schemas::provider_config::CarbonSignal;
use tfplugin::{Attr, Diagnostic, Diagnostics, Path, Value};

use crate::settings::known_map;
use crate::text::{list, sentence};

/// The signal of the provider block.
#[derive(Debug)]
pub(crate) struct CarbonSource {
    /// Asks for signals.
    pub(crate) grid: Grid,
    /// How long an answer is good, where the user said so.
    pub(crate) cache_ttl: Option<Duration>,
}

impl CarbonSource {
    /// From the block; none while a part of it is unknown.
    pub(crate) fn new(
        block: &Attr<CarbonSignal>,
        written: &Value,
    ) -> Result<Option<Self>, Diagnostics> {
        let empty = CarbonSignal::default();
        let block = match block {
            Attr::Unknown => return Ok(None),
            Attr::Known(_) if !written.is_wholly_known() => return Ok(None),
            Attr::Known(block) => block,
            Attr::Null => &empty,
        };
        let settings = settings(block);
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(problems
                .iter()
                .map(|problem| {
                    Diagnostic::error(
                        format!("Invalid carbon_signal.{}", problem.attribute),
                        sentence(&problem.message),
                    )
                    .at(Path::root("carbon_signal").attribute(problem.attribute))
                })
                .collect());
        }
        let cache_ttl = settings.cache.as_ref().map(|cache| cache.ttl);
        let grid = Grid::new(settings).map_err(|problem| {
            Diagnostic::error("Invalid carbon_signal", sentence(&problem.to_string()))
                .at("carbon_signal")
        })?;
        Ok(Some(Self { grid, cache_ttl }))
    }

    /// Its figures ship with the provider: nobody is asked.
    pub(crate) fn is_embedded(&self) -> bool {
        self.grid.source() == SourceName::Embedded
    }
}

pub(crate) fn settings(block: &CarbonSignal) -> Settings {
    let text = |attribute: &Attr<String>| attribute.as_ref().known().cloned();
    let span = |attribute: &Attr<String>| {
        text(attribute)
            .and_then(|text| schemas::duration_seconds(&text))
            .map(Duration::from_secs_f64)
    };
    let source = text(&block.source)
        .and_then(|name| SourceName::parse(&name))
        .unwrap_or(SourceName::Embedded);
    let mut settings = Settings::new(source);
    settings.kind = match block.kind.as_deref().known() {
        Some("average") => Some(SignalKind::Average),
        Some("marginal") => Some(SignalKind::Marginal),
        _ => None,
    };
    settings.factor_type = match block.factor_type.as_deref().known() {
        Some("life_cycle") => Some(FactorType::LifeCycle),
        Some("direct") => Some(FactorType::Direct),
        _ => None,
    };
    // A key in the environment is for its own source; one in the block is refused elsewhere.
    let or_environment = |attribute: &Attr<String>, variable: Option<&str>| {
        text(attribute).or_else(|| variable.and_then(environment))
    };
    let key = match source {
        SourceName::ElectricityMaps => Some("ELECTRICITY_MAPS_TOKEN"),
        SourceName::Eia => Some("EIA_API_KEY"),
        _ => None,
    };
    let login = source == SourceName::WattTime;
    settings.api_key = or_environment(&block.api_key, key).map(Secret::new);
    settings.username = or_environment(&block.username, login.then_some("WATTTIME_USERNAME"));
    settings.password =
        or_environment(&block.password, login.then_some("WATTTIME_PASSWORD")).map(Secret::new);
    settings.url = text(&block.url);
    settings.path = text(&block.path).map(PathBuf::from);
    settings.zones = known_map(&block.zones).unwrap_or_default();
    if let Some(timeout) = span(&block.timeout) {
        settings.timeout = timeout;
        settings.connect_timeout = settings.connect_timeout.min(timeout);
    }
    settings.cache = span(&block.cache_ttl).map(|ttl| CacheSettings {
        ttl,
        ..CacheSettings::default()
    });
    settings.fallback = match (block.fallback.as_deref().known(), settings.kind) {
        (Some("none"), _) | (None, Some(SignalKind::Marginal)) => Fallback::None,
        _ => Fallback::Embedded,
    };
    settings
}

/// A variable of the environment; an empty one is none.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A reason speaks of the source as "it"; at the beginning of a sentence that is "It".
fn capital(sentence: &str) -> String {
    match sentence.strip_prefix("it ") {
        Some(rest) => format!("It {rest}"),
        None => sentence.to_owned(),
    }
}

/// One warning for all zones that failed for one reason.
pub(crate) fn warnings(warnings: &[grid::Warning]) -> Diagnostics {
    let mut groups: Vec<(&grid::Warning, Vec<&str>)> = Vec::new();
    for warning in warnings {
        let alike = groups.iter_mut().find(|(first, _)| {
            (first.source, &first.reason, first.fallback)
                == (warning.source, &warning.reason, warning.fallback)
        });
        match alike {
            Some((_, zones)) => zones.push(&warning.zone),
            None => groups.push((warning, vec![&warning.zone])),
        }
    }
    groups
        .into_iter()
        .map(|(first, zones)| {
            let rest = if first.fallback {
                "The embedded signal stands in; fallback = \"none\" in carbon_signal asks for no answer instead."
            } else {
                "Nothing stands in for it."
            };
            Diagnostic::warning(
                format!("{} gave no signal for {}", first.source.title(), list(&zones)),
                format!("{} {rest}", capital(&sentence(&first.reason))),
            )
        })
        .collect()
}
