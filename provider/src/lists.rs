//! The catalogue's names, as legal values for validation. Built once, on first use.

use std::sync::OnceLock;

use catalog::Catalog;
use schemas::{InstanceType, Lists, Region};

static NAMES: OnceLock<(Vec<Region<'static>>, Vec<InstanceType<'static>>)> = OnceLock::new();

/// Calls with the lists.
pub(crate) fn with<T>(call: impl FnOnce(&Lists<'_>) -> T) -> T {
    let (regions, instance_types) = NAMES.get_or_init(|| {
        let catalog = Catalog::embedded();
        let regions = catalog.regions().iter().map(|region| Region {
            name: region.name,
            partition: region.partition,
        });
        let types = catalog.instance_types().iter().map(|kind| InstanceType {
            name: kind.name,
            nvme_gb: kind.nvme_gb,
        });
        (regions.collect(), types.collect())
    });
    call(&Lists {
        regions,
        instance_types,
    })
}
