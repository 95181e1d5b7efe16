//! Regions and instance types: names of the catalogue, with the nearest one for a slip.

use crate::Lists;
use crate::near::did_you_mean;
use crate::report::{either, shown};

pub(super) fn region(value: &str, lists: &Lists<'_>) -> Result<(), String> {
    if lists.regions.is_empty() || lists.region(value).is_some() {
        return Ok(());
    }
    let near = did_you_mean(value, lists.region_names());
    if near.is_empty() {
        return Err(format!(
            "There is no region \"{}\" with SageMaker training. Regions: {}.",
            shown(value),
            either(lists.region_names())
        ));
    }
    Err(format!(
        "There is no region \"{}\" with SageMaker training.{near}",
        shown(value)
    ))
}

pub(super) fn instance_type(value: &str, lists: &Lists<'_>) -> Result<(), String> {
    if lists.instance_types.is_empty() || lists.instance_type(value).is_some() {
        return Ok(());
    }
    let family = value
        .trim_start_matches("ml.")
        .split('.')
        .next()
        .unwrap_or_default();
    if is_graviton(family) {
        return Err(format!(
            "\"{}\" is a Graviton type, and SageMaker trains on none of them. Leave preferred_instance_types out to compare every type that can do the work.",
            shown(value)
        ));
    }
    if family.starts_with("inf") {
        return Err(format!(
            "\"{}\" is an Inferentia type, which serves models. Trainium types such as \"ml.trn1.32xlarge\" train them.",
            shown(value)
        ));
    }
    // Only within the letter of the family: "ml.z9.xlarge" is no slip for "ml.c4.xlarge".
    let letter = family.chars().next();
    let akin = lists
        .type_names()
        .filter(|name| name.trim_start_matches("ml.").chars().next() == letter);
    let near = did_you_mean(value, akin);
    if !near.is_empty() {
        return Err(format!(
            "SageMaker has no training instance type \"{}\".{near}",
            shown(value)
        ));
    }
    let same_family: Vec<&str> = lists
        .type_names()
        .filter(|name| name.trim_start_matches("ml.").split('.').next() == Some(family))
        .collect();
    if same_family.is_empty() {
        let mut families: Vec<&str> = lists
            .type_names()
            .filter_map(|name| name.trim_start_matches("ml.").split('.').next())
            .collect();
        families.sort_unstable();
        families.dedup();
        return Err(format!(
            "SageMaker has no training instance type \"{}\". A type is \"ml.\", a family and a size, such as \"ml.p4d.24xlarge\"; the families are {}.",
            shown(value),
            families.join(", ")
        ));
    }
    Err(format!(
        "SageMaker has no training instance type \"{}\". Of that family it has {}.",
        shown(value),
        either(same_family)
    ))
}

/// `m6g`, `c7gn`, `r6gd`, `g5g`, `t4g`: a `g` after the generation.
fn is_graviton(family: &str) -> bool {
    let after = family
        .trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < family.len() && after.starts_with('g') && !family.starts_with('p')
}
