//! The provider block as it is understood: settings for AWS, figures for the planner, tags for everything.
//!
//! Any part may be unknown while something is planned; each part says so for itself, so that what does not depend on it
//! is still answered. Nothing here talks to AWS.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws::Aws;
use catalog::{Catalog, Overrides};
use planner::Memo;
use schemas::provider_config::Config;
use tfplugin::{Attr, Diagnostic, Diagnostics, Value};

use crate::settings;
use crate::signal::CarbonSource;

/// The provider block, understood.
#[derive(Default)]
pub(crate) struct Configured {
    /// How to reach AWS; absent while the block holds unknown values.
    aws: Option<Aws>,
    /// `region` as written.
    region: Attr<String>,
    /// `default_tags`; absent while unknown.
    pub(crate) default_tags: Option<BTreeMap<String, String>>,
    /// The figures; absent while the file's name is unknown.
    catalog: Option<Cow<'static, Catalog>>,
    /// Carbon signals, for data sources alone; absent while a part of the block is unknown.
    pub(crate) carbon: Option<CarbonSource>,
    /// Digest of the user's own figures.
    pub(crate) overrides_digest: Option<String>,
    /// Equal requests are decided once.
    pub(crate) memo: Memo,
}

impl Configured {
    /// Understands the block. Errors name the attribute.
    pub(crate) fn new(config: &Config, written: &Value) -> Result<Self, Diagnostics> {
        let settings = settings::settings(config, written, settings::timing()?);
        let (catalog, overrides_digest) = match &config.catalog_overrides {
            Attr::Null => (Some(Cow::Borrowed(Catalog::embedded())), None),
            Attr::Unknown => (None, None),
            Attr::Known(file) => {
                let overrides = read_overrides(file)?;
                let digest = overrides.digest().to_owned();
                (
                    Some(Cow::Owned(Catalog::with_overrides(&overrides))),
                    Some(digest),
                )
            }
        };
        Ok(Self {
            aws: settings.map(Aws::new),
            region: config.region.clone(),
            default_tags: settings::default_tags(config),
            catalog,
            carbon: CarbonSource::new(&config.carbon_signal, written.get("carbon_signal"))?,
            overrides_digest,
            memo: Memo::default(),
        })
    }

    /// Access to AWS, or why there is none.
    pub(crate) fn aws(&self) -> Result<&Aws, Diagnostic> {
        self.aws.as_ref().ok_or_else(|| {
            Diagnostic::error(
                "The provider configuration is not known yet",
                "The provider block depends on values that are only known after apply. Apply what they come from first, for example with -target, or write them out.",
            )
        })
    }

    /// The figures; none while the name of the user's own file is unknown.
    pub(crate) fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_deref()
    }

    /// The figures, the embedded ones while the user's own are not known: for what is not decided by them.
    pub(crate) fn figures(&self) -> &Catalog {
        self.catalog().unwrap_or_else(|| Catalog::embedded())
    }

    /// The provider's own region: as written, else from the environment or the profile.
    pub(crate) async fn region(&self) -> Attr<String> {
        match (&self.region, &self.aws) {
            (Attr::Null, Some(aws)) => aws.region().await.map_or(Attr::Null, Attr::Known),
            (Attr::Null, None) => Attr::Unknown,
            (written, _) => written.clone(),
        }
    }
}

fn read_overrides(file: &str) -> Result<Overrides, Diagnostics> {
    let at =
        |summary: &str, detail: String| Diagnostic::error(summary, detail).at("catalog_overrides");
    let text = std::fs::read_to_string(file).map_err(|error| {
        Diagnostics::from(at(
            "catalog_overrides cannot be read",
            format!("{file}: {error}. Give the path of a JSON file with figures of your own, relative to the folder in which Terraform runs, or leave catalog_overrides out."),
        ))
    })?;
    Overrides::parse(&text).map_err(|errors| {
        errors
            .iter()
            .map(|error| {
                at(
                    "catalog_overrides holds a wrong figure",
                    crate::text::sentence(&format!("{file}: {error}")),
                )
            })
            .collect()
    })
}

/// The configuration in force, shared by everything that the provider offers. Functions are called before there is one.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<RwLock<Arc<Configured>>>);

impl Shared {
    /// The configuration in force.
    pub(crate) fn get(&self) -> Arc<Configured> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in force.
    pub(crate) fn set(&self, configured: Configured) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(configured);
    }
}
