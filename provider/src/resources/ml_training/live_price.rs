//! The price that a placement was decided by, laid over the catalogue's: a run that follows the placement shows, and is
//! measured by, the same price.

use std::borrow::Cow;

use catalog::{Catalog, LivePrice, SourceId};
use schemas::ml_training::Price;
use tfplugin::Value;

/// `source` of a price from AWS's price list.
const LIVE: &str = "AWS price list";
/// `source` of a price that is part of the provider or the user's own.
const KEPT: &str = "catalogue";

/// The price of a place, as a placement shows it; none where it is unknown.
pub(crate) fn of(catalog: &Catalog, instance_type: &str, region: &str) -> Option<Price> {
    let price = catalog.price(instance_type, region)?;
    let live = price.source == SourceId::LIVE;
    Some(Price {
        usd_per_hour: Some(price.on_demand_usd_h?),
        source: if live { LIVE } else { KEPT }.to_owned(),
        date: catalog.price_as_of(instance_type, region).to_owned(),
    })
}

/// The figures with the live price of this placement, if it has one.
pub(crate) fn over<'a>(catalog: &'a Catalog, placement: &Value) -> Cow<'a, Catalog> {
    let price = placement.get("price");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let live = || {
        Some(LivePrice {
            instance_type: text(placement.get("instance_type"))?,
            region: text(placement.get("region"))?,
            usd_per_hour: price
                .get("usd_per_hour")
                .as_f64()
                .filter(|usd| *usd > 0.0)?,
            published: text(price.get("date"))?,
        })
    };
    match (price.get("source").as_str() == Some(LIVE))
        .then(live)
        .flatten()
    {
        Some(live) => Cow::Owned(catalog.with_live_prices(&[live])),
        None => Cow::Borrowed(catalog),
    }
}
