//! What the account and AWS's price list say, for the placement alone: live prices and quotas. A look-up that fails is a
//! warning, and what the provider knows by itself stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws::Aws;
use catalog::{Catalog, LivePrice};
use planner::{Answer, Capacity, Quota, Quotas, Request};
use tfplugin::{Diagnostic, Diagnostics};

use crate::text::{list, sentence};

/// Regions whose price list is read, at most: two or three answers each.
const PRICED: usize = 15;
/// Regions whose quotas are read, at most: up to fifteen answers each.
const LIMITED: usize = 6;

/// The catalogue with the live prices of these regions, the most wanted first; none where nothing was found.
pub(super) async fn priced(
    aws: &Aws,
    catalog: &Catalog,
    regions: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<Catalog> {
    let mut prices: Vec<LivePrice> = Vec::new();
    let mut missing: Vec<&str> = Vec::new();
    let mut why = None;
    for region in regions.iter().take(PRICED) {
        match aws::market::training_prices(aws, region).await {
            Ok(found) if found.is_empty() => missing.push(region),
            Ok(found) => prices.extend(found.into_iter().map(|price| LivePrice {
                instance_type: price.instance_type,
                region: price.region,
                usd_per_hour: price.usd_h,
                published: day(price.published_at.as_deref()),
            })),
            Err(error) => {
                missing.push(region);
                // The others would be refused in the same words.
                let hopeless = matches!(
                    error.kind(),
                    aws::Kind::AccessDenied | aws::Kind::Credentials
                );
                why.get_or_insert(error.to_string());
                if hopeless {
                    missing = regions.iter().take(PRICED).map(String::as_str).collect();
                    prices.clear();
                    break;
                }
            }
        }
    }
    missing.extend(regions.iter().skip(PRICED).map(String::as_str));
    if !missing.is_empty() {
        let why = why.unwrap_or_else(|| {
            format!("the price list names none there, or more than {PRICED} regions are open")
        });
        diagnostics.push(Diagnostic::warning(
            "Some prices are not live",
            format!(
                "The catalogue's prices ({}) stand for {}: {}",
                catalog.prices_as_of(),
                list(&missing),
                sentence(&why)
            ),
        ));
    }
    (!prices.is_empty()).then(|| catalog.with_live_prices(&prices))
}

/// `2026-11-20` of `2026-11-20T12:00:00Z`.
fn day(moment: Option<&str>) -> String {
    let moment = moment.unwrap_or_default();
    moment.get(..10).unwrap_or("without a date").to_owned()
}

/// Puts the quotas of the feasible places to the request.
pub(super) async fn limited(
    aws: &Aws,
    catalog: &Catalog,
    asked: &mut Request,
    diagnostics: &mut Diagnostics,
) {
    let Answer::Decided(decision) = planner::decide(catalog, asked) else {
        return;
    };
    let mut regions: Vec<&str> = Vec::new();
    let mut wanted: BTreeMap<&str, BTreeSet<(&str, Capacity)>> = BTreeMap::new();
    for candidate in &decision.ranked {
        if !regions.contains(&candidate.region) {
            regions.push(candidate.region);
        }
        wanted
            .entry(candidate.region)
            .or_default()
            .insert((candidate.instance_type, candidate.capacity));
    }
    let mut quotas = Quotas::default();
    let mut unread: Vec<&str> = Vec::new();
    let mut why = None;
    for (number, region) in regions.iter().enumerate() {
        let places = &wanted[region];
        let name =
            |place: &(&str, Capacity)| aws::market::quota_name(place.0, place.1 == Capacity::Spot);
        let names: Vec<String> = places.iter().map(name).collect();
        if number >= LIMITED {
            unread.push(region);
            continue;
        }
        match aws::market::quotas(aws, region, &names).await {
            Ok(found) => {
                for place in places {
                    if let Some(quota) = found.iter().find(|quota| quota.name == name(place)) {
                        quotas.note(
                            region,
                            place.0,
                            place.1,
                            Quota {
                                name: quota.name.clone(),
                                code: quota.code.clone(),
                                value: quota.value,
                            },
                        );
                    }
                }
            }
            Err(error) => {
                unread.push(region);
                why.get_or_insert(error.to_string());
            }
        }
    }
    if !unread.is_empty() {
        let why = why.unwrap_or_else(|| format!("more than {LIMITED} regions are open"));
        diagnostics.push(Diagnostic::warning(
            "Some quotas were not checked",
            format!(
                "The quotas for training in {} are not known: {}",
                list(&unread),
                sentence(&why)
            ),
        ));
    }
    asked.quotas = Some(Arc::new(quotas));
}
