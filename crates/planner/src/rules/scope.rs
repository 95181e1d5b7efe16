//! What the request's lists mean, by places in the tables.

use crate::model::Model;
use crate::{Request, Residency};

/// `data_residency` in force: without one, a list of regions says where the data may go.
pub(crate) fn residency(request: &Request) -> Residency {
    if !request.enable_cross_region_training {
        return Residency::Region;
    }
    let has_list = !request.preferred_training_regions.is_empty();
    let unless_given = if has_list {
        Residency::Any
    } else {
        Residency::Region
    };
    request.data_residency.unwrap_or(unless_given)
}

/// The request's lists, by places in the tables.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) residency: Residency,
    pub(crate) listed_regions: Option<Vec<bool>>,
    pub(crate) listed_types: Option<Vec<bool>>,
    pub(super) companion: bool,
    /// One region and one type are named: that nobody knows a price or an offer does not reject them.
    single: bool,
    pub(super) only: Option<(usize, usize)>,
}

impl Scope {
    pub(crate) fn new(m: &Model) -> Self {
        let request = m.request;
        let list = |names: &[String], all: &mut dyn Iterator<Item = &'static str>| {
            (!names.is_empty()).then(|| {
                all.map(|name| names.iter().any(|n| n == name))
                    .collect::<Vec<bool>>()
            })
        };
        let only = request.only.as_ref().and_then(|p| {
            Some((
                m.catalog.region_index(&p.region)?,
                m.catalog.instance_type_index(&p.instance_type)?,
            ))
        });
        let has_list = !request.preferred_training_regions.is_empty();
        Self {
            residency: residency(request),
            listed_regions: list(
                &request.preferred_training_regions,
                &mut m.regions().iter().map(|r| r.name),
            ),
            listed_types: list(
                &request.preferred_instance_types,
                &mut m.types().iter().map(|t| t.name),
            ),
            companion: request.allow_companion_bucket.unwrap_or(has_list),
            single: only.is_some()
                || (request.preferred_training_regions.len() == 1
                    && request.preferred_instance_types.len() == 1),
            only,
        }
    }

    /// It is the one place that the request names.
    pub(super) fn is_named_alone(&self, region: usize, instance_type: usize) -> bool {
        let listed =
            |list: &Option<Vec<bool>>, index: usize| list.as_ref().is_none_or(|l| l[index]);
        match self.only {
            Some(only) => only == (region, instance_type),
            None => {
                self.single
                    && listed(&self.listed_regions, region)
                    && listed(&self.listed_types, instance_type)
            }
        }
    }

    pub(super) fn is_named(&self, index: usize) -> bool {
        self.only.is_some_and(|(_, t)| t == index)
            || self.listed_types.as_ref().is_some_and(|l| l[index])
    }
}
