//! Filters that look at type and region together, and how the capacity is bought.

use catalog::{Offer, images};

use super::{Scope, Why};
use crate::model::{Buying, Model};

/// Asks the rules about an offer: type and region together, before any figure.
pub(crate) fn offer(
    m: &Model,
    scope: &Scope,
    instance_type: usize,
    region: usize,
    choice: Option<images::Choice>,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let alone = scope.is_named_alone(region, instance_type);
    let known = match m.catalog.offer_at(instance_type, region) {
        Offer::Offered => true,
        Offer::NotOffered => no(Why::NotOffered),
        Offer::Unknown => alone || no(Why::OfferUnknown),
    };
    if !known {
        return false;
    }
    let r = &m.regions()[region];
    let name = m.types()[instance_type].name;
    let tried = |place: &crate::Place| place.region == r.name && place.instance_type == name;
    if m.request.avoid.iter().any(tried) && !no(Why::Tried) {
        return false;
    }
    let own_image = m
        .request
        .regional
        .get(r.name)
        .is_some_and(|e| e.training_image);
    if let Some(choice) = choice.filter(|c| !own_image && !c.is_published_in(r)) {
        let message = choice
            .in_region(r)
            .err()
            .map_or_else(String::new, |e| e.message);
        if !no(Why::Image(message)) {
            return false;
        }
    }
    let price = m
        .catalog
        .price_at(instance_type, region)
        .and_then(|p| p.on_demand_usd_h);
    if price.is_none() && !alone && !no(Why::PriceUnknown) {
        return false;
    }
    let capacity = buying(m, instance_type, region).capacity();
    let quotas = m.request.quotas.as_ref();
    if let Some(quota) = quotas.and_then(|quotas| quotas.at(r.name, name, capacity))
        && quota.value < m.instances
        && !no(Why::Quota {
            quota: Box::new(quota.clone()),
            needed: m.instances,
        })
    {
        return false;
    }
    true
}

/// Why there is no spot capacity in a place.
pub(crate) enum NoSpot {
    NotWanted,
    NoMarket,
    /// It costs this many percent of the price on demand.
    TooDear(f64),
}

/// How the capacity is bought in a place.
pub(crate) fn buying(m: &Model, instance_type: usize, region: usize) -> Buying {
    spot(m, instance_type, region).unwrap_or(Buying::OnDemand)
}

/// Spot capacity in a place, or why there is none.
pub(crate) fn spot(m: &Model, instance_type: usize, region: usize) -> Result<Buying, NoSpot> {
    if !wants_spot(m) {
        return Err(NoSpot::NotWanted);
    }
    let least = m.catalog.constants().spot_least_saving_percent.value;
    let market = m
        .catalog
        .price_at(instance_type, region)
        .filter(|p| p.on_demand_usd_h.is_some())
        .and_then(|p| p.spot)
        .filter(|market| market.saving_percent >= least)
        .ok_or(NoSpot::NoMarket)?;
    let saving = m.catalog.believed_saving_percent(market);
    if 100.0 - saving > m.request.max_spot_price_percentage {
        return Err(NoSpot::TooDear(100.0 - saving));
    }
    Ok(Buying::Spot {
        saving: saving / 100.0,
        interruption_percent: market.interruption_percent,
    })
}

/// Whether spot is wanted at all.
pub(crate) fn wants_spot(m: &Model) -> bool {
    let request = m.request;
    match request.only.as_ref().and_then(|p| p.capacity) {
        Some(capacity) => capacity == crate::Capacity::Spot,
        None => {
            request
                .use_spot_instances
                .unwrap_or(request.supports_checkpointing && request.keep_alive.0 <= 0.0)
                && !request.training_plan
        }
    }
}
