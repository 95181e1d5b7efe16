//! Prices that were read from AWS's price list while the provider ran, laid over the embedded ones.

use std::borrow::Cow;

use crate::price::{BASIS_SHIFT, OFFERED, ROW, VERIFIED};
use crate::{Catalog, SourceId};

/// One price of a list that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct LivePrice {
    /// `ml.*` type.
    pub instance_type: String,
    /// Region.
    pub region: String,
    /// USD per instance and hour on demand.
    pub usd_per_hour: f64,
    /// Day of the list, `2026-11-20`.
    pub published: String,
}

/// Bits of [`crate::price::Cell::flags`] that say how a price is known.
const BASIS: u8 = 3 << BASIS_SHIFT;
/// Published by AWS.
const PUBLISHED: u8 = 1 << BASIS_SHIFT;

impl Catalog {
    /// These figures with live prices in place of the embedded ones. The user's own figures stand, and names that the
    /// tables do not know are left out.
    #[must_use]
    pub fn with_live_prices(&self, prices: &[LivePrice]) -> Self {
        let mut catalog = self.clone();
        let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
        for price in prices {
            let (Some(t), Some(r)) = (
                self.instance_type_index(&price.instance_type),
                self.region_index(&price.region),
            ) else {
                continue;
            };
            if self.cells[t][r].source == SourceId::OVERRIDE {
                continue;
            }
            let cell = &mut catalog.cells.to_mut()[t][r];
            cell.micro_usd = (price.usd_per_hour * 1e6).round() as u32;
            cell.flags = cell.flags & !BASIS | ROW | VERIFIED | OFFERED | PUBLISHED;
            cell.source = SourceId::LIVE;
            for part in [t as u64, r as u64, u64::from(cell.micro_usd)] {
                digest = (digest ^ part).wrapping_mul(0x0100_0000_01b3);
            }
            catalog.prices_days.insert(r, price.published.clone());
        }
        if let Some(day) = catalog.prices_days.values().max() {
            // Equal versions mean equal figures.
            catalog.version = Cow::Owned(format!("{}+prices-{day}-{digest:016x}", self.version));
        }
        catalog
    }

    /// Date of the price of a type in a region: the day of the list that was read, or the month of the embedded ones.
    #[must_use]
    pub fn price_as_of(&self, instance_type: &str, region: &str) -> &str {
        let live = self
            .price(instance_type, region)
            .is_some_and(|price| price.source == SourceId::LIVE);
        let day = self
            .region_index(region)
            .and_then(|region| self.prices_days.get(&region));
        match day {
            Some(day) if live => day,
            _ => self.prices_as_of(),
        }
    }
}
