//! The catalogue itself: look-ups over the tables.

use std::borrow::Cow;

use crate::{InstanceType, Offer, Price, Region, Source, SourceId};

/// Every figure that a decision rests on.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) version: Cow<'static, str>,
    pub(crate) regions: Cow<'static, [Region]>,
    pub(crate) types: Cow<'static, [InstanceType]>,
}

static EMBEDDED: Catalog = Catalog {
    version: Cow::Borrowed("0"),
    regions: Cow::Borrowed(&[]),
    types: Cow::Borrowed(&[]),
};

impl Catalog {
    /// The figures that the provider ships with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Version of the figures, e.g. `2026.11`, with the digest of the overrides if any.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every region, in the order of the table.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Every training instance type, in the order of the table.
    #[must_use]
    pub fn instance_types(&self) -> &[InstanceType] {
        &self.types
    }

    /// One region by name.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|r| r.name == name)
    }

    /// One instance type by name (`ml.p4d.24xlarge`).
    #[must_use]
    pub fn instance_type(&self, name: &str) -> Option<&InstanceType> {
        self.types.iter().find(|t| t.name == name)
    }

    /// The price of a type in a region.
    #[must_use]
    pub fn price(&self, _instance_type: &str, _region: &str) -> Option<Price> {
        None
    }

    /// Whether a type is offered in a region.
    #[must_use]
    pub fn offer(&self, _instance_type: &str, _region: &str) -> Offer {
        Offer::Unknown
    }

    /// The citation behind a figure.
    #[must_use]
    pub fn source(&self, _id: SourceId) -> Option<&Source> {
        None
    }
}

/// Names of every training instance type, for validation and near misses.
pub fn instance_type_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.types.iter().map(|t| t.name)
}

/// Names of every region, for validation and near misses.
pub fn region_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.regions.iter().map(|r| r.name)
}
