//! The catalogue itself: look-ups over the tables.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::constants::Meaning;
use crate::price::{Cell, OFFERED};
use crate::{
    Constants, HalfWidths, InstanceType, ModelClass, Offer, Precision, Price, Region, Source,
    SourceId, SpotMarket, Technique, Throughput, generated,
};

/// Every figure that a decision rests on.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) version: Cow<'static, str>,
    pub(crate) regions: Cow<'static, [Region]>,
    pub(crate) types: Cow<'static, [InstanceType]>,
    /// One row per type, one cell per region, both in table order.
    pub(crate) cells: Cow<'static, [[Cell; generated::REGION_COUNT]]>,
    pub(crate) throughput: Cow<'static, [Throughput]>,
    pub(crate) constants: Constants,
    /// Names of the constants that the user replaced.
    pub(crate) own_constants: Vec<&'static str>,
    /// Days of the price lists that were read while the provider ran, by index of the region; none: embedded prices only.
    pub(crate) prices_days: BTreeMap<usize, String>,
}

static EMBEDDED: Catalog = Catalog {
    version: Cow::Borrowed(generated::VERSION),
    regions: Cow::Borrowed(&generated::REGIONS),
    types: Cow::Borrowed(&generated::INSTANCE_TYPES),
    cells: Cow::Borrowed(&generated::CELLS),
    throughput: Cow::Borrowed(&generated::THROUGHPUT),
    constants: generated::CONSTANTS,
    own_constants: Vec::new(),
    prices_days: BTreeMap::new(),
};

static LIVE_SOURCE: Source = Source {
    key: "aws-price-list",
    title: "AWS price list (GetProducts), read for this decision",
    date: "",
    licence: "figure",
};

static OVERRIDE_SOURCE: Source = Source {
    key: "catalog_overrides",
    title: "your own figure (catalog_overrides)",
    date: "",
    licence: "own",
};

impl Catalog {
    /// The figures that the provider ships with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Version of the figures, e.g. `2026.11`; with overrides, their digest behind a plus sign.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Version of the method behind ranges that are computed with the tables.
    #[must_use]
    pub fn methodology_version(&self) -> &'static str {
        generated::METHODOLOGY
    }

    /// The saving of a spot market as far as it is believed: a share of the list price, in percent.
    #[must_use]
    pub fn believed_saving_percent(&self, market: SpotMarket) -> f64 {
        let most = self.constants.spot_most_saving_percent.value;
        market.saving_percent.clamp(0.0, most)
    }

    /// Month of the price lists, `2026-07`.
    #[must_use]
    pub fn prices_as_of(&self) -> &'static str {
        generated::PRICES_AS_OF
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

    /// Every throughput row.
    #[must_use]
    pub fn throughputs(&self) -> &[Throughput] {
        &self.throughput
    }

    /// Place of a region in [`Catalog::regions`].
    #[must_use]
    pub fn region_index(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|r| r.name == name)
    }

    /// Place of a type in [`Catalog::instance_types`].
    #[must_use]
    pub fn instance_type_index(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|t| t.name == name)
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

    /// The price of a type in a region; `None` = no price row at all.
    #[must_use]
    pub fn price(&self, instance_type: &str, region: &str) -> Option<Price> {
        self.price_at(
            self.instance_type_index(instance_type)?,
            self.region_index(region)?,
        )
    }

    /// As [`Catalog::price`], by the places in the tables.
    #[must_use]
    pub fn price_at(&self, instance_type: usize, region: usize) -> Option<Price> {
        self.cells.get(instance_type)?.get(region)?.price()
    }

    /// Whether a type is offered in a region.
    #[must_use]
    pub fn offer(&self, instance_type: &str, region: &str) -> Offer {
        match (
            self.instance_type_index(instance_type),
            self.region_index(region),
        ) {
            (Some(t), Some(r)) => self.offer_at(t, r),
            _ => Offer::NotOffered,
        }
    }

    /// As [`Catalog::offer`], by the places in the tables.
    #[must_use]
    pub fn offer_at(&self, instance_type: usize, region: usize) -> Offer {
        match self
            .cells
            .get(instance_type)
            .and_then(|row| row.get(region))
        {
            Some(cell) if cell.flags & OFFERED != 0 => Offer::Offered,
            Some(_) if !generated::OFFERS_KNOWN[region] => Offer::Unknown,
            _ => Offer::NotOffered,
        }
    }

    /// USD per GB from one region to another; `None` = unknown. 0 within a region.
    #[must_use]
    pub fn egress_usd_per_gb(&self, from: &str, to: &str) -> Option<f64> {
        if from == to {
            return Some(0.0);
        }
        let exact = generated::TRANSFER
            .iter()
            .find(|(f, t, _)| *f == from && *t == to);
        exact
            .or_else(|| {
                generated::TRANSFER
                    .iter()
                    .find(|(f, t, _)| *f == from && *t == "*")
            })
            .map(|(_, _, usd)| *usd)
    }

    /// Place in [`Catalog::throughputs`] of an accelerator's row.
    #[must_use]
    pub fn throughput_index(
        &self,
        accelerator: &str,
        class: ModelClass,
        precision: Precision,
    ) -> Option<usize> {
        self.throughput.iter().position(|t| {
            t.class == class && t.precision == precision && t.accelerator == accelerator
        })
    }

    /// What a technique does to the time, for a class and against a base arithmetic.
    #[must_use]
    pub fn technique(
        &self,
        name: &str,
        class: Option<ModelClass>,
        base: Precision,
    ) -> Option<&'static Technique> {
        generated::TECHNIQUES.iter().find(|t| {
            t.name == name
                && (t.class.is_none() || t.class == class)
                && t.base.is_none_or(|b| b == base)
        })
    }

    /// Constants of the model.
    #[must_use]
    pub fn constants(&self) -> &Constants {
        &self.constants
    }

    /// What a constant is, and whether it is the user's own.
    #[must_use]
    pub fn meaning(&self, name: &str) -> Option<(&'static Meaning, bool)> {
        let meaning = generated::MEANINGS.iter().find(|m| m.name == name)?;
        Some((meaning, self.own_constants.contains(&meaning.name)))
    }

    /// Half-widths of the model.
    #[must_use]
    pub fn half_widths(&self) -> &'static HalfWidths {
        &generated::HALF_WIDTHS
    }

    /// The citation behind a figure.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Option<&'static Source> {
        if id == SourceId::LIVE {
            return Some(&LIVE_SOURCE);
        }
        if id == SourceId::OVERRIDE {
            return Some(&OVERRIDE_SOURCE);
        }
        generated::SOURCES.get(usize::from(id.0))
    }

    /// Whether a figure has no source of its own (a guess).
    #[must_use]
    pub fn is_guess(&self, id: SourceId) -> bool {
        self.source(id).is_some_and(|s| s.key == "guess")
    }
}

/// Names of every training instance type, for validation and near misses.
pub fn instance_type_names() -> impl Iterator<Item = &'static str> {
    generated::INSTANCE_TYPES.iter().map(|t| t.name)
}

/// The instance type that hours are measured on where none is named.
#[must_use]
pub fn reference_type(model_type: &str) -> &'static str {
    generated::REFERENCE_TYPES
        .iter()
        .find(|(model, _)| *model == model_type)
        .map_or(generated::REFERENCE_TYPE, |(_, name)| name)
}

/// Names of every region, for validation and near misses.
pub fn region_names() -> impl Iterator<Item = &'static str> {
    generated::REGIONS.iter().map(|r| r.name)
}
