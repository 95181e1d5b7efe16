//! What a user says about where signals come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use catalog::{FactorType, SignalKind};

use crate::Secret;

/// Connecting takes no longer than this, unless the user says so.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The whole answer for a zone, with login, pages and repetitions, takes no longer than this.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// Where signals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceName {
    /// The figures that ship with the provider.
    Embedded,
    /// A file of the user's own.
    File,
    /// Electricity Maps, v3.
    ElectricityMaps,
    /// WattTime, v3.
    WattTime,
    /// The Carbon Intensity API of Great Britain's system operator.
    GbCarbonIntensity,
    /// The hourly generation mix of the U.S. Energy Information Administration.
    Eia,
    /// A Carbon Aware SDK web service of the user's own.
    CarbonAwareSdk,
}

impl SourceName {
    /// Every source.
    pub const ALL: [Self; 7] = [
        Self::Embedded,
        Self::File,
        Self::ElectricityMaps,
        Self::WattTime,
        Self::GbCarbonIntensity,
        Self::Eia,
        Self::CarbonAwareSdk,
    ];

    /// As it is written in a configuration: `electricity_maps`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::File => "file",
            Self::ElectricityMaps => "electricity_maps",
            Self::WattTime => "watttime",
            Self::GbCarbonIntensity => "gb_carbon_intensity",
            Self::Eia => "eia",
            Self::CarbonAwareSdk => "carbon_aware_sdk",
        }
    }

    /// The source of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// As it is printed: `Electricity Maps`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::File => "file",
            Self::ElectricityMaps => "Electricity Maps",
            Self::WattTime => "WattTime",
            Self::GbCarbonIntensity => "GB Carbon Intensity",
            Self::Eia => "EIA",
            Self::CarbonAwareSdk => "Carbon Aware SDK",
        }
    }

    /// The kinds that it can give. Where there are two, the user has to say which: neither is a default of
    /// the other.
    #[must_use]
    pub fn kinds(self) -> &'static [SignalKind] {
        use SignalKind::{Average, Marginal};
        match self {
            Self::Embedded | Self::ElectricityMaps | Self::GbCarbonIntensity | Self::Eia => {
                &[Average]
            }
            Self::File | Self::WattTime | Self::CarbonAwareSdk => &[Average, Marginal],
        }
    }

    /// The factor types that can be chosen; the first is what it gives unasked.
    #[must_use]
    pub fn factor_types(self) -> &'static [FactorType] {
        use FactorType::{Direct, LifeCycle, Unknown};
        match self {
            Self::Embedded => &[LifeCycle],
            Self::ElectricityMaps | Self::Eia => &[LifeCycle, Direct],
            Self::WattTime | Self::GbCarbonIntensity => &[Direct],
            Self::File | Self::CarbonAwareSdk => &[Unknown, LifeCycle, Direct],
        }
    }
}

/// What stands in for a source that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// The embedded signal, with a warning. Never for a marginal one: no marginal figures ship with the provider.
    #[default]
    Embedded,
    /// Nothing: the answer says why.
    None,
}

impl Fallback {
    /// `embedded` or `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::None => "none",
        }
    }
}

/// Whether answers may be kept on disk, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Where; `None` is the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`, on Windows `LOCALAPPDATA`).
    pub folder: Option<PathBuf>,
    /// An answer is used for this long.
    pub ttl: Duration,
    /// All answers together take no more than this many bytes.
    pub most_bytes: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            folder: None,
            ttl: Duration::from_secs(15 * 60),
            most_bytes: 32 << 20,
        }
    }
}

/// The provider block's `carbon_signal`. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where signals come from.
    pub source: SourceName,
    /// Average or marginal; needed where a source can give both.
    pub kind: Option<SignalKind>,
    /// What the factors count, where a source leaves the choice; for a file, what it holds.
    pub factor_type: Option<FactorType>,
    /// Key or token of `electricity_maps` and `eia`.
    pub api_key: Option<Secret>,
    /// User of `watttime`.
    pub username: Option<String>,
    /// Password of `watttime`.
    pub password: Option<Secret>,
    /// Another address than the source's own; the service's address for `carbon_aware_sdk`.
    pub url: Option<String>,
    /// The file of `file`.
    pub path: Option<PathBuf>,
    /// The user's own choice of zone per region, in the source's naming: `{"us-west-2" = "US-NW-BPAT"}`.
    pub zones: BTreeMap<String, String>,
    /// Connecting takes no longer than this.
    pub connect_timeout: Duration,
    /// The answer for a zone, with login, pages and repetitions, takes no longer than this.
    pub timeout: Duration,
    /// What stands in for a source that fails.
    pub fallback: Fallback,
    /// Keeps answers on disk. Only for data sources: the resource's own plan reads nothing of it.
    pub cache: Option<CacheSettings>,
}

impl Settings {
    /// A source with everything else as it is by default.
    #[must_use]
    pub fn new(source: SourceName) -> Self {
        Self {
            source,
            kind: None,
            factor_type: None,
            api_key: None,
            username: None,
            password: None,
            url: None,
            path: None,
            zones: BTreeMap::new(),
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
            fallback: Fallback::default(),
            cache: None,
        }
    }

    /// Everything that is wrong with it; a missing key is not: that is a source that fails, and falls back.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsError> {
        let mut problems = Vec::new();
        let mut problem = |attribute, message: String| {
            problems.push(SettingsError { attribute, message });
        };
        let name = self.source.as_str();
        let kinds = list(self.source.kinds().iter().map(|kind| kind.as_str()));
        match self.kind {
            None if self.source.kinds().len() > 1 => problem(
                "kind",
                format!(
                    "{name} gives {kinds}: say which one. They rank regions differently, so that neither can stand for the other."
                ),
            ),
            Some(kind) if !self.source.kinds().contains(&kind) => problem(
                "kind",
                format!("{name} gives no {} signal; legal: {kinds}.", kind.as_str()),
            ),
            _ => {}
        }
        let types = self.source.factor_types();
        if let Some(asked) = self.factor_type
            && !types.contains(&asked)
        {
            let legal = list(types.iter().map(|kind| kind.as_str()));
            problem(
                "factor_type",
                format!(
                    "{name} gives no {} factors; legal: {legal}.",
                    asked.as_str()
                ),
            );
        }
        let takes = |sources: &[SourceName]| sources.contains(&self.source);
        if self.api_key.is_some() && !takes(&[SourceName::ElectricityMaps, SourceName::Eia]) {
            let instead = match self.source {
                SourceName::WattTime => " It takes username and password.",
                _ => "",
            };
            problem("api_key", format!("{name} takes no key.{instead}"));
        }
        for (attribute, given) in [
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
        ] {
            if given && !takes(&[SourceName::WattTime]) {
                problem(
                    attribute,
                    format!("{name} takes no {attribute}; only watttime does."),
                );
            }
        }
        match (&self.path, self.source) {
            (None, SourceName::File) => {
                problem(
                    "path",
                    "file needs the path of a CSV or JSON file.".to_owned(),
                );
            }
            (Some(_), source) if source != SourceName::File => {
                problem("path", format!("{name} reads no file; only file does."));
            }
            _ => {}
        }
        match (&self.url, self.source) {
            (Some(_), SourceName::Embedded | SourceName::File) => {
                problem("url", format!("{name} asks no service."));
            }
            (None, SourceName::CarbonAwareSdk) => problem(
                "url",
                "carbon_aware_sdk needs the address of your own service, such as http://localhost:8080.".to_owned(),
            ),
            (Some(url), _) => {
                if let Err(message) = crate::http::Base::parse(url) {
                    problem("url", message);
                }
            }
            (None, _) => {}
        }
        for (attribute, span) in [
            ("connect_timeout", self.connect_timeout),
            ("timeout", self.timeout),
        ] {
            if span.is_zero() || span > Duration::from_secs(300) {
                problem(
                    attribute,
                    "a time between 1 ms and 300 s is legal.".to_owned(),
                );
            }
        }
        problems
    }

    /// The kind in force.
    pub(crate) fn kind_in_force(&self) -> SignalKind {
        self.kind.unwrap_or(self.source.kinds()[0])
    }

    /// The factor type in force.
    pub(crate) fn factor_type_in_force(&self) -> FactorType {
        self.factor_type.unwrap_or(self.source.factor_types()[0])
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What is wrong with an attribute of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The attribute of `carbon_signal`.
    pub attribute: &'static str,
    /// What is wrong, and what would be legal.
    pub message: String,
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.attribute, self.message)
    }
}

impl std::error::Error for SettingsError {}
