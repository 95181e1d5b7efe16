//! The provider block as `aws` wants it: plain settings, or nothing while a part is unknown.

use std::collections::BTreeMap;

use std::time::Duration;

use aws::{AssumeRole, RetryMode, Secret, Service, Settings, Timing};
use schemas::provider_config::{Config, endpoints};
use tfplugin::{Attr, Diagnostic, Value};

/// Factor of every wait, for tests.
const TIME_SCALE: &str = "SUSTAINABLE_TIME_SCALE";

/// The settings; none while one that matters for reaching AWS is unknown. The region is none of them: what exists has
/// its region in the state.
pub(crate) fn settings(config: &Config, written: &Value, timing: Timing) -> Option<Settings> {
    let apart = [
        "region",
        "default_tags",
        "carbon_signal",
        "catalog_overrides",
    ];
    let entries = written.as_map()?;
    if entries
        .iter()
        .any(|(name, value)| !apart.contains(&name.as_str()) && !value.is_wholly_known())
    {
        return None;
    }
    let assume_role = config
        .assume_role
        .as_ref()
        .known()
        .filter(|block| !block.role_arn.is_null())
        .map(|block| AssumeRole {
            role_arn: text(&block.role_arn).unwrap_or_default(),
            session_name: text(&block.session_name),
            external_id: text(&block.external_id),
            duration: text(&block.duration)
                .and_then(|text| schemas::duration_seconds(&text).map(Duration::from_secs_f64)),
        });
    let endpoints = config
        .endpoints
        .as_ref()
        .known()
        .map(endpoints)
        .unwrap_or_default();
    Some(Settings {
        region: text(&config.region),
        profile: text(&config.profile),
        access_key: text(&config.access_key),
        secret_key: text(&config.secret_key).map(Secret::new),
        token: text(&config.token).map(Secret::new),
        shared_config_files: known_list(&config.shared_config_files).unwrap_or_default(),
        shared_credentials_files: known_list(&config.shared_credentials_files).unwrap_or_default(),
        assume_role,
        allowed_account_ids: known_list(&config.allowed_account_ids).unwrap_or_default(),
        max_retries: config
            .max_retries
            .as_ref()
            .known()
            .and_then(|retries| u32::try_from(*retries).ok()),
        retry_mode: match config.retry_mode.as_ref().known().map(String::as_str) {
            Some("adaptive") => RetryMode::Adaptive,
            _ => RetryMode::Standard,
        },
        s3_use_path_style: config
            .s3_use_path_style
            .as_ref()
            .known()
            .copied()
            .unwrap_or_default(),
        endpoints: endpoints
            .into_iter()
            .filter_map(|(name, url)| Some((Service::from_key(name)?, url)))
            .collect(),
        multipart_copy_threshold_bytes: None,
        timing,
        user_agent: Some(format!(
            "terraform-provider-sustainable/{}",
            env!("CARGO_PKG_VERSION")
        )),
    })
}

/// How long waits take: as usual, or scaled by `SUSTAINABLE_TIME_SCALE`, which tests set.
pub(crate) fn timing() -> Result<Timing, Diagnostic> {
    let Some(scale) = std::env::var(TIME_SCALE)
        .ok()
        .filter(|scale| !scale.is_empty())
    else {
        return Ok(Timing::default());
    };
    Timing::parse_scaled(&scale).map_err(|error| {
        Diagnostic::error(
            format!("{TIME_SCALE} is no factor of time"),
            format!("The environment variable {TIME_SCALE} shortens every wait of the provider in tests: {error}. Unset it."),
        )
    })
}

/// `default_tags`; none while one of them is unknown.
pub(crate) fn default_tags(config: &Config) -> Option<BTreeMap<String, String>> {
    match &config.default_tags {
        Attr::Null => Some(BTreeMap::new()),
        Attr::Unknown => None,
        Attr::Known(block) => known_map(&block.tags),
    }
}

/// A map of text; empty when null, none while a part is unknown. An entry that is null is left out.
pub(crate) fn known_map(
    map: &Attr<BTreeMap<String, Attr<String>>>,
) -> Option<BTreeMap<String, String>> {
    match map {
        Attr::Null => Some(BTreeMap::new()),
        Attr::Unknown => None,
        Attr::Known(entries) => {
            let mut known = BTreeMap::new();
            for (key, value) in entries {
                match value {
                    Attr::Unknown => return None,
                    Attr::Null => {}
                    Attr::Known(text) => {
                        known.insert(key.clone(), text.clone());
                    }
                }
            }
            Some(known)
        }
    }
}

fn text(attribute: &Attr<String>) -> Option<String> {
    attribute.as_ref().known().cloned()
}

/// The items of a list that are known; none without a list.
pub(crate) fn known_list(list: &Attr<Vec<Attr<String>>>) -> Option<Vec<String>> {
    let items = list.as_ref().known()?.iter();
    Some(
        items
            .filter_map(|item| item.as_ref().known().cloned())
            .collect(),
    )
}
