//! Instance types ranked by training efficiency, for `data.sustainable_instance_types`.

use catalog::{Catalog, InstanceType, Kind, ModelClass, Offer, Precision, ThroughputBasis};
use serde::{Deserialize, Serialize};

use crate::model::class_of;
use crate::units::GB_PER_GIB;
use crate::{ModelType, Watts};

/// Which types to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeFilter {
    /// Throughput class; `None` = natural language.
    pub model_type: Option<ModelType>,
    /// Part of an accelerator's name or key, case-insensitive (`a100`, `Trainium`).
    pub accelerator: Option<String>,
    /// `cpu`, `cuda` or `neuron`.
    pub kind: Option<Kind>,
    /// Least memory per accelerator in GB.
    pub min_gpu_memory_gb: Option<f64>,
    /// Least and greatest number of accelerators.
    pub accelerator_count: Option<(u32, u32)>,
    /// Offered there and with a known price.
    pub region: Option<String>,
    /// Least performance per watt relative to the A100.
    pub min_performance_per_watt: Option<f64>,
    /// Also those that AWS no longer sells, or sells through training plans only.
    pub include_unavailable: bool,
}

/// One ranked type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedType {
    /// `ml.p5.48xlarge`.
    pub instance_type: String,
    /// `cpu`, `cuda` or `neuron`.
    pub kind: String,
    /// `NVIDIA H100 SXM5 80GB`.
    pub accelerator: Option<String>,
    /// How many.
    pub accelerator_count: u32,
    /// GB per accelerator.
    pub gpu_memory_gb: Option<f64>,
    /// vCPUs.
    pub vcpu: u32,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// Local NVMe in GB.
    pub nvme_gb: u32,
    /// Typical power while training.
    pub training_watts: Watts,
    /// `medium`, `low` or `low (guess)`.
    pub power_confidence: String,
    /// Embodied emissions per hour in gCO2e.
    pub embodied_g_per_hour: f64,
    /// Training throughput of the whole instance, A100 40 GB = 1 per accelerator.
    pub relative_throughput: Option<f64>,
    /// Throughput per node watt relative to `ml.p4d.24xlarge`, from the catalogue's figures.
    pub performance_per_watt: Option<f64>,
    /// The same ratio per accelerator as the product's founding document rates it, for comparison.
    pub performance_per_watt_document: Option<f64>,
    /// How the throughput is known: measured, proxy, derived, weak, guess.
    pub throughput_basis: Option<String>,
    /// On-demand USD per hour in `region`.
    pub usd_per_hour: Option<f64>,
    /// Regions that offer it with a known price.
    pub regions: Vec<String>,
}

/// Lists types, most efficient first; those without a figure last, by name.
#[must_use]
pub fn rank_instance_types(catalog: &Catalog, filter: &TypeFilter) -> Vec<RankedType> {
    let class = filter.model_type.map_or(Some(ModelClass::Nlp), class_of);
    // The reference of every relative figure: the A100 40 GB in its node.
    let a100 = catalog
        .instance_type("ml.p4d.24xlarge")
        .and_then(|t| throughput(catalog, class, t).map(|(speed, _)| speed / t.train_w));
    let mut ranked: Vec<RankedType> = catalog
        .instance_types()
        .iter()
        .enumerate()
        .filter(|(_, t)| matches(filter, t))
        .filter_map(|(index, t)| {
            let speed = throughput(catalog, class, t);
            let per_watt = speed
                .zip(a100)
                .map(|((speed, _), a100)| speed / t.train_w / a100);
            if filter
                .min_performance_per_watt
                .is_some_and(|least| per_watt.is_none_or(|own| own < least))
            {
                return None;
            }
            let sold: Vec<usize> = (0..catalog.regions().len())
                .filter(|r| {
                    catalog.offer_at(index, *r) == Offer::Offered
                        && usd(catalog, index, *r).is_some()
                })
                .collect();
            let wanted = filter
                .region
                .as_deref()
                .map(|name| catalog.region_index(name));
            let here = match wanted {
                None => None,
                Some(Some(region)) if sold.contains(&region) => Some(region),
                Some(_) if filter.include_unavailable => None,
                Some(_) => return None,
            };
            Some(RankedType {
                instance_type: t.name.to_owned(),
                kind: t.kind.as_str().to_owned(),
                accelerator: t.accelerator.map(|a| a.name.to_owned()),
                accelerator_count: t.accelerator_count,
                gpu_memory_gb: t.accelerator.map(|_| t.accelerator_memory_gib * GB_PER_GIB),
                vcpu: t.vcpu,
                memory_gib: t.ram_gib,
                nvme_gb: t.nvme_gb,
                training_watts: Watts(t.train_w),
                power_confidence: t.power_confidence.as_str().to_owned(),
                embodied_g_per_hour: t.embodied_g_per_h,
                relative_throughput: speed.map(|(speed, _)| speed),
                performance_per_watt: per_watt,
                performance_per_watt_document: t.accelerator.and_then(|a| a.document_rating),
                throughput_basis: speed.map(|(_, basis)| basis.as_str().to_owned()),
                usd_per_hour: here.and_then(|region| usd(catalog, index, region)),
                regions: sold
                    .iter()
                    .map(|r| catalog.regions()[*r].name.to_owned())
                    .collect(),
            })
        })
        .collect();
    ranked.sort_by(|a, b| {
        let key = |r: &RankedType| r.performance_per_watt.unwrap_or(f64::NEG_INFINITY);
        key(b)
            .total_cmp(&key(a))
            .then_with(|| a.instance_type.cmp(&b.instance_type))
    });
    ranked
}

fn usd(catalog: &Catalog, instance_type: usize, region: usize) -> Option<f64> {
    catalog
        .price_at(instance_type, region)
        .and_then(|p| p.on_demand_usd_h)
}

fn matches(filter: &TypeFilter, t: &InstanceType) -> bool {
    let named = filter.accelerator.as_deref().is_none_or(|wanted| {
        let wanted = wanted.to_ascii_lowercase();
        t.accelerator.is_some_and(|a| {
            a.key.to_ascii_lowercase().contains(&wanted)
                || a.name.to_ascii_lowercase().contains(&wanted)
        })
    });
    let enough = filter
        .min_gpu_memory_gb
        .is_none_or(|least| t.accelerator_memory_gib * GB_PER_GIB >= least);
    let count = filter
        .accelerator_count
        .is_none_or(|(least, most)| (least..=most).contains(&t.accelerator_count));
    let sold = filter.include_unavailable || !(t.retired || t.training_plan_only);
    named && enough && count && sold && filter.kind.is_none_or(|kind| kind == t.kind)
}

/// Throughput of the whole instance with AMP, or the best that it has.
fn throughput(
    catalog: &Catalog,
    class: Option<ModelClass>,
    t: &InstanceType,
) -> Option<(f64, ThroughputBasis)> {
    let (class, key) = (class?, t.accelerator?.key);
    let index = [Precision::Amp, Precision::Tf32, Precision::Fp32]
        .into_iter()
        .find_map(|precision| catalog.throughput_index(key, class, precision))?;
    let row = &catalog.throughputs()[index];
    let constants = catalog.constants();
    let efficiency = match (t.accelerator_count, t.has_nvlink()) {
        (0 | 1, _) => 1.0,
        (_, true) => constants.efficiency_nvlink.value,
        (_, false) => constants.efficiency_pcie.value,
    };
    Some((
        row.relative.value * f64::from(t.accelerator_count) * efficiency,
        row.basis,
    ))
}
