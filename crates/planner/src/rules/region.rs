//! Filters that look at the region alone.

use catalog::{Region, images};

use super::{Scope, Why};
use crate::model::Model;
use crate::{ImageChoice, Residency};

/// The narrowest `data_residency` that lets the data of `home` go to `region`.
pub(crate) fn least_residency(home: &Region, region: &Region) -> Residency {
    if region.name == home.name {
        Residency::Region
    } else if region.country == home.country {
        Residency::Country
    } else if region.geography == home.geography {
        Residency::Geography
    } else {
        Residency::Any
    }
}

/// Asks the rules about a region; `no` says whether to go on asking.
pub(crate) fn region(
    m: &Model,
    scope: &Scope,
    index: usize,
    no: &mut dyn FnMut(Why) -> bool,
) -> bool {
    let request = m.request;
    let r = &m.regions()[index];
    let home = &m.regions()[m.home];
    if r.partition != home.partition && !no(Why::Partition(r.partition)) {
        return false;
    }
    let least = least_residency(home, r);
    let outside = || Why::Residency {
        scope: scope.residency,
        own: if scope.residency == Residency::Country {
            r.country
        } else {
            r.geography
        },
        least,
        switched_off: !request.enable_cross_region_training,
    };
    if least > scope.residency && !no(outside()) {
        return false;
    }
    if scope.only.is_some_and(|(only, _)| only != index) && !no(Why::NotPlaced) {
        return false;
    }
    if scope.listed_regions.as_ref().is_some_and(|l| !l[index]) && !no(Why::NotListedRegion) {
        return false;
    }
    if let Some(there) = request
        .training_plan_region
        .as_ref()
        .filter(|there| *there != r.name)
        && !no(Why::PlanElsewhere(there.clone()))
    {
        return false;
    }
    let entry = request.regional.get(r.name);
    if r.name != request.provider_region {
        let top = request.region_bound;
        let bound = [
            (
                "vpc_config",
                top.vpc_config,
                entry.is_some_and(|e| e.vpc_config),
            ),
            (
                "kms_key_arn",
                top.kms_key_arn,
                entry.is_some_and(|e| e.kms_key_arn),
            ),
            (
                "volume_kms_key_arn",
                top.volume_kms_key_arn,
                entry.is_some_and(|e| e.volume_kms_key_arn),
            ),
            (
                "output_s3_uri",
                top.output_s3_uri,
                entry.is_some_and(|e| e.output_s3_uri),
            ),
        ];
        for (what, set, given) in bound {
            if set && !given && !no(Why::NoRegional(what)) {
                return false;
            }
        }
    }
    if request.region_bound.mounted && r.name != request.provider_region && !no(Why::Mounted) {
        return false;
    }
    // A vpc_config of the provider's region is missing elsewhere, which has been said.
    let network = request.region_bound.vpc_config || entry.is_some_and(|e| e.vpc_config);
    if request.file_system && !network && !no(Why::NoNetwork) {
        return false;
    }
    let own_image = entry.is_some_and(|e| e.training_image);
    let elsewhere = |there: Option<&str>| {
        there
            .filter(|name| *name != r.name)
            .map(|n| format!("the image is in {n}"))
    };
    let image = match &request.image {
        _ if own_image => None,
        ImageChoice::Given(uri) => elsewhere(images::literal_region(uri)).or_else(|| {
            uri.contains('{')
                .then(|| images::expand(uri, r).err().map(|e| e.message))
                .flatten()
        }),
        ImageChoice::Algorithm(name) if name.starts_with("arn:") => {
            elsewhere(name.split(':').nth(3))
        }
        ImageChoice::Algorithm(name) => images::resolve_algorithm(name, r).err().map(|e| e.message),
        ImageChoice::Default | ImageChoice::Framework(_) => None,
    };
    if let Some(message) = image
        && !no(Why::Image(message))
    {
        return false;
    }
    if m.is_remote(index) {
        if !scope.companion
            && !no(Why::NoCompanion {
                data: request.dataset_size_gb > 0.0,
            })
        {
            return false;
        }
        let (gb, most) = (request.dataset_size_gb, request.max_staging_gb);
        if gb > most && !no(Why::StagingTooBig { gb, most }) {
            return false;
        }
    }
    true
}
