//! The baseline, and what the choice saves against it.

use crate::answer::{Baseline, Savings};
use crate::decide::Written;
use crate::factors::{Factors, Metric};
use crate::model::{Buying, Pace};
use crate::solve::{Found, Solver};
use crate::{Hours, Kg, Kwh, Usd};

/// Baseline and savings, with what the warnings need to know.
pub(crate) struct Compared {
    pub(crate) baseline: Baseline,
    pub(crate) savings: Savings,
}

impl Compared {
    /// The reference type, on demand, in the dataset's region, at once, by the same method.
    pub(crate) fn new(solver: &Solver, chosen: &Written) -> Self {
        let m = &solver.m;
        let (found, home, reference) = (chosen.found, m.home, m.reference);
        let plain = m.plain_pace();
        let base = solver.evaluate_as(&plain, reference, home, Buying::OnDemand);
        let sold = m.catalog.offer_at(reference, home) == catalog::Offer::Offered
            && !m.types()[reference].retired;
        let assumed = m.request.reference_instance_type.is_none();

        // Two players, region and type, both on demand; capacity and time take what is left.
        let pace = solver.pace_of(found.instance_type);
        let kg = |pace: &Pace, t, r| solver.evaluate_as(pace, t, r, Buying::OnDemand).x.kg;
        let neither = base.x.kg;
        let region_only = kg(&plain, reference, found.region);
        let type_only = kg(&pace, found.instance_type, home);
        let both = kg(&pace, found.instance_type, found.region);
        // Bought as chosen and started at once: what is left is the capacity's, and then the time's.
        let at_once = solver.evaluate_as(&pace, found.instance_type, found.region, found.buying);
        let at_once = if found.when.is_some_and(|when| !when.at_once) {
            at_once.x.kg
        } else {
            found.x.kg
        };
        let region_kg = ((neither - region_only) + (type_only - both)) / 2.0;
        let type_kg = ((neither - type_only) + (region_only - both)) / 2.0;

        let factors = factors_of(solver, &plain, &base);
        let [down, up] = chosen.factors.ratio(&factors, &[Metric::Kg]);
        let ratio = found.x.kg / neither;
        let usd = |found: &Found| found.x.usd.is_finite().then_some(found.x.usd);
        let base_usd = usd(&base).filter(|_| sold);
        Self {
            baseline: Baseline {
                region: m.regions()[home].name.to_owned(),
                instance_type: m.types()[reference].name.to_owned(),
                energy_kwh: Kwh(base.x.kwh),
                emissions_kg: Kg(neither),
                cost_usd: base_usd.map(Usd),
                runtime_hours: Hours(base.x.billed_h),
                assumed,
                hypothetical: !sold,
            },
            savings: Savings {
                emissions_kg: Kg(neither - found.x.kg),
                emissions_percent: (1.0 - ratio) * 100.0,
                emissions_percent_low: (1.0 - ratio * up.exp()) * 100.0,
                emissions_percent_high: (1.0 - ratio * (-down).exp()) * 100.0,
                energy_kwh: Kwh(base.x.kwh - found.x.kwh),
                cost_usd: base_usd.zip(usd(found)).map(|(base, own)| Usd(base - own)),
                region_kg: Kg(region_kg),
                type_kg: (!assumed).then_some(Kg(type_kg)),
                capacity_kg: Kg(both - at_once),
                time_kg: Kg(at_once - found.x.kg),
            },
        }
    }
}

fn factors_of(solver: &Solver, pace: &Pace, found: &Found) -> Factors {
    solver.factors(pace, found)
}
