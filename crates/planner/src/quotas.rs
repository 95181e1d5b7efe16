//! Quotas of an account, where they were looked up.

use std::collections::BTreeMap;

use crate::Capacity;

/// Quotas that a training counts against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotas {
    by_place: BTreeMap<(String, String, Capacity), Quota>,
}

/// One quota.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// As Service Quotas calls it.
    pub name: String,
    /// Its code, `L-611FA074`.
    pub code: String,
    /// Instances that may train at once.
    pub value: f64,
}

impl Quotas {
    /// Notes the quota of a type in a region, on demand or on spot.
    pub fn note(&mut self, region: &str, instance_type: &str, capacity: Capacity, quota: Quota) {
        let place = (region.to_owned(), instance_type.to_owned(), capacity);
        self.by_place.insert(place, quota);
    }

    /// The quota, where it was looked up.
    #[must_use]
    pub fn at(&self, region: &str, instance_type: &str, capacity: Capacity) -> Option<&Quota> {
        let place = (region.to_owned(), instance_type.to_owned(), capacity);
        self.by_place.get(&place)
    }
}
