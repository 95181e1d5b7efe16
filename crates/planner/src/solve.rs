//! Candidates in, the ranking out.

use std::rc::Rc;

use catalog::Catalog;

use crate::answer::{Limits, Rejection};
use crate::factors::{Factors, Metric};
use crate::model::{Buying, Figures, Model, Pace, class_of};
use crate::rules::{self, Gated, Scope, Why};
use crate::time::{self, Timing, When};
use crate::{Objective, Redecide, Request};

/// A request that cannot even be asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Malformed {
    pub(crate) attribute: &'static str,
    pub(crate) message: String,
}

/// A feasible candidate.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) region: usize,
    pub(crate) instance_type: usize,
    pub(crate) buying: Buying,
    pub(crate) x: Figures,
    /// Of the training hours, repeated work included.
    pub(crate) compute_high_h: f64,
    /// Upper end of the billed hours.
    pub(crate) high_h: f64,
    /// What SageMaker is told.
    pub(crate) limits: Limits,
    /// What is minimised, rounded to nine digits.
    pub(crate) objective: f64,
    /// `None`: the request knows no time, or the start is not chosen yet.
    pub(crate) when: Option<When>,
}

/// The ranking.
#[derive(Debug)]
pub(crate) struct Ranking {
    pub(crate) found: Vec<Found>,
    pub(crate) rejected: Vec<Rejection>,
}

/// A request against a catalogue, with every default applied.
#[derive(Debug)]
pub(crate) struct Solver<'a> {
    pub(crate) m: Model<'a>,
    pub(crate) scope: Scope,
}

impl<'a> Solver<'a> {
    pub(crate) fn new(catalog: &'a Catalog, request: &'a Request) -> Result<Self, Malformed> {
        let mut solver = Self::timeless(catalog, request)?;
        if request.earliest_start.is_none() {
            return Ok(solver);
        }
        solver.reach_over(solver.longest_run_h());
        match solver.no_baseline() {
            None => Ok(solver),
            Some(why) => Err(Malformed {
                attribute: "dataset_region",
                message: format!(
                    "{why}: there is nothing to compare with in {}",
                    request.dataset_region
                ),
            }),
        }
    }

    /// The same for a changed request, over the same time.
    pub(crate) fn with<'r>(&self, request: &'r Request) -> Result<Solver<'r>, Malformed>
    where
        'a: 'r,
    {
        let mut solver = Solver::timeless(self.m.catalog, request)?;
        solver.m.time.clone_from(&self.m.time);
        Ok(solver)
    }

    /// Looks at all that SageMaker allows, and at later starts: for answers just outside the limits.
    pub(crate) fn look_further(&mut self) {
        let c = self.m.catalog.constants();
        let run_h = c.max_training_hours.value + c.proposed_delay_hours.value;
        self.m.time = self.m.time.as_ref().map(|time| Rc::new(time.over(run_h)));
    }

    /// Looks at the grids over runs of so many hours.
    fn reach_over(&mut self, run_h: f64) {
        let m = &self.m;
        let among: Vec<usize> = std::iter::once(m.home)
            .chain(
                (0..m.regions().len())
                    .filter(|r| *r != m.home && rules::region(m, &self.scope, *r, &mut |_| false)),
            )
            .collect();
        let time = Timing::new(m.catalog, m.request, &among, run_h);
        self.m.time = time.map(Rc::new);
    }

    /// No run that may be chosen is longer, start-up included.
    fn longest_run_h(&self) -> f64 {
        let (m, c) = (&self.m, self.m.catalog.constants());
        let estimated = m.request.estimated_training_hours.0;
        let named = self.scope.listed_types.is_some() || m.request.only.is_some();
        let most = match m.request.max_slowdown {
            None if named => f64::INFINITY,
            slowdown => slowdown.unwrap_or(c.max_slowdown.value) * estimated,
        };
        let download = m.request.dataset_size_gb / (3600.0 * c.ebs_gb_per_s.value);
        let startup = c.startup_hours.value + download + c.upload_hours.value;
        // Work that is lost as a whole may take as long as the rules let it.
        let repeated = match (rules::wants_spot(m), m.request.supports_checkpointing) {
            (false, _) => 0.0,
            (true, true) => m.repeated_at_most(download),
            (true, false) => f64::INFINITY,
        };
        let longest = (0..m.types().len())
            .filter_map(|t| rules::instance_type(m, &self.scope, t, &mut |_| false))
            .map(|(pace, _)| pace.hours * (1.0 + repeated))
            .fold(0.0, f64::max);
        let training = longest.min(most).min(c.max_training_hours.value);
        training.max(estimated) + startup
    }

    /// Why the region of the baseline has no signal.
    fn no_baseline(&self) -> Option<String> {
        let time = self.m.time.as_ref()?;
        let grid = time.grid(self.m.catalog, self.m.home);
        grid.err().map(str::to_owned)
    }

    /// With every default applied, but without time.
    fn timeless(catalog: &'a Catalog, request: &'a Request) -> Result<Self, Malformed> {
        let bad = |attribute, message| Err(Malformed { attribute, message });
        let unknown = |what: &str, name: &str, names: &mut dyn Iterator<Item = &'static str>| {
            let near = catalog::nearest(name, names, 1);
            let hint = near
                .first()
                .map(|n| format!("; did you mean {n}?"))
                .unwrap_or_default();
            format!("unknown {what} {name:?}{hint}")
        };
        let region = |attribute, name: &str| {
            catalog.region_index(name).ok_or_else(|| Malformed {
                attribute,
                message: unknown("region", name, &mut catalog::region_names()),
            })
        };
        let instance_type = |attribute, name: &str| {
            catalog.instance_type_index(name).ok_or_else(|| Malformed {
                attribute,
                message: unknown("instance type", name, &mut catalog::instance_type_names()),
            })
        };
        let home = region("dataset_region", &request.dataset_region)?;
        for name in &request.preferred_training_regions {
            region("preferred_training_regions", name)?;
        }
        for name in &request.preferred_instance_types {
            instance_type("preferred_instance_types", name)?;
        }
        if let Some(place) = &request.only {
            region("placement", &place.region)?;
            instance_type("placement", &place.instance_type)?;
        }
        for (name, speed) in &request.relative_throughput {
            instance_type("relative_throughput", name)?;
            if !(speed.is_finite() && *speed > 0.0) {
                return bad(
                    "relative_throughput",
                    format!("{name} = {speed}, it has to be above 0"),
                );
            }
        }
        let reference = match &request.reference_instance_type {
            Some(name) => instance_type("reference_instance_type", name)?,
            None => instance_type(
                "reference_instance_type",
                catalog::reference_type(request.model_type.as_str()),
            )?,
        };
        let hours = request.estimated_training_hours.0;
        if !(hours.is_finite() && hours > 0.0) {
            return bad(
                "estimated_training_hours",
                format!("{hours}, it has to be above 0"),
            );
        }
        let size = request.dataset_size_gb;
        if !(size.is_finite() && size >= 0.0) {
            return bad("dataset_size_gb", format!("{size}, it has to be 0 or more"));
        }
        let every = request.checkpoint_frequency_minutes;
        if !(every.is_finite() && every >= 0.0) {
            return bad(
                "checkpoint_frequency_minutes",
                format!("{every}, it has to be 0 or more"),
            );
        }
        if request.instance_count == 0 {
            return bad("instance_count", "0, it has to be 1 or more".to_owned());
        }
        if let Some((attribute, message)) = time::problem(catalog, request) {
            return bad(attribute, message);
        }
        let m = Model {
            catalog,
            request,
            class: class_of(request.model_type),
            reference,
            home,
            instances: f64::from(request.instance_count),
            time: None,
        };
        let scope = Scope::new(&m);
        Ok(Self { m, scope })
    }

    /// Every feasible candidate, best first, and every rejection.
    pub(crate) fn rank(&self) -> Ranking {
        let m = &self.m;
        let mut rejected = Vec::new();
        let mut first = |region: Option<usize>, instance_type: Option<usize>, why: Why| {
            rejected.push(Rejection {
                region: region.map(|r| m.regions()[r].name),
                region_index: region,
                instance_type: instance_type.map(|t| m.types()[t].name),
                why,
            });
            false
        };
        let regions: Vec<usize> = (0..m.regions().len())
            .filter(|r| {
                let mut no = |why| first(Some(*r), None, why);
                rules::region(m, &self.scope, *r, &mut no)
                    && rules::signal(m, *r, &mut no)
                    && rules::threshold(m, *r, &mut no)
            })
            .collect();
        let mut found = Vec::new();
        for t in 0..m.types().len() {
            let asked =
                rules::instance_type(m, &self.scope, t, &mut |why| first(None, Some(t), why));
            let Some((pace, choice)) = asked else {
                continue;
            };
            for r in regions.iter().copied() {
                let mut no = |why| first(Some(r), Some(t), why);
                if !rules::offer(m, &self.scope, t, r, choice, &mut no) {
                    continue;
                }
                let mut candidate = self.evaluate(&pace, t, r);
                if rules::runtime(m, &self.scope, t, candidate.compute_high_h, &mut no)
                    && self.settle(&mut candidate, &mut no)
                    && self.passes(&pace, &mut candidate, &mut no)
                {
                    found.push(candidate);
                }
            }
        }
        if let Some(most) = m.request.max_cost_premium_percent {
            let cheapest = found.iter().map(|f| f.x.usd).fold(f64::INFINITY, f64::min);
            found.retain(|f| {
                let percent = (f.x.usd / cheapest - 1.0) * 100.0;
                percent.is_nan()
                    || percent <= most
                    || first(
                        Some(f.region),
                        Some(f.instance_type),
                        Why::Premium { percent, most },
                    )
            });
        }
        found.sort_by(|a, b| self.order(a, b));
        self.keep_previous(&mut found);
        Ranking { found, rejected }
    }

    /// The first of [`Solver::rank`] without the rest: for asking "what if".
    pub(crate) fn best(&self) -> Option<Found> {
        let m = &self.m;
        if m.request.max_cost_premium_percent.is_some() || m.request.previous.is_some() {
            return self.rank().found.into_iter().next();
        }
        let mut no = |_: Why| false;
        let regions: Vec<usize> = (0..m.regions().len())
            .filter(|r| {
                rules::region(m, &self.scope, *r, &mut no)
                    && rules::signal(m, *r, &mut no)
                    && rules::threshold(m, *r, &mut no)
            })
            .collect();
        let mut best: Option<Found> = None;
        for t in 0..m.types().len() {
            let Some((pace, choice)) = rules::instance_type(m, &self.scope, t, &mut no) else {
                continue;
            };
            for r in regions.iter().copied() {
                if !rules::offer(m, &self.scope, t, r, choice, &mut no) {
                    continue;
                }
                let buying = rules::buying(m, t, r);
                let x = m.figures(&pace, t, r, buying);
                // What is no better need not be asked about its range.
                let priced = m.time.as_ref().is_some_and(|time| time.has_prices());
                if best
                    .as_ref()
                    .is_some_and(|b| !priced && self.objective(&self.at_best(&x, r)) > b.objective)
                {
                    continue;
                }
                let mut candidate = self.with_times(&pace, t, r, buying, x);
                if rules::runtime(m, &self.scope, t, candidate.compute_high_h, &mut no)
                    && self.settle(&mut candidate, &mut no)
                    && self.passes(&pace, &mut candidate, &mut no)
                    && best
                        .as_ref()
                        .is_none_or(|b| self.order(&candidate, b).is_lt())
                {
                    best = Some(candidate);
                }
            }
        }
        best
    }

    /// A new run stays where the last one was unless the gain is worth the move.
    fn keep_previous(&self, found: &mut [Found]) {
        let m = &self.m;
        let (Some(previous), Redecide::Keep) = (&m.request.previous, m.request.redecide) else {
            return;
        };
        let stood = found.iter().position(|f| {
            m.regions()[f.region].name == previous.region
                && m.types()[f.instance_type].name == previous.instance_type
        });
        if let Some(place) = stood {
            let gain = (1.0 - found[0].objective / found[place].objective) * 100.0;
            if gain < m.catalog.constants().redecide_gain_percent.value {
                found[..=place].rotate_right(1);
            }
        }
    }

    pub(crate) fn evaluate(&self, pace: &Pace, instance_type: usize, region: usize) -> Found {
        let buying = rules::buying(&self.m, instance_type, region);
        self.evaluate_as(pace, instance_type, region, buying)
    }

    pub(crate) fn evaluate_as(
        &self,
        pace: &Pace,
        instance_type: usize,
        region: usize,
        buying: Buying,
    ) -> Found {
        let x = self.m.figures(pace, instance_type, region, buying);
        self.with_times(pace, instance_type, region, buying, x)
    }

    /// What is minimised, rounded to nine digits.
    pub(crate) fn objective(&self, x: &Figures) -> f64 {
        nine_digits(match self.m.request.instance_priority {
            Objective::CarbonOptimized => x.kg,
            Objective::CostOptimized => x.usd,
            Objective::GpuEfficient => x.it_kwh,
            Objective::Balanced => x.kg * x.usd * x.kwh,
        })
    }

    fn with_times(
        &self,
        pace: &Pace,
        instance_type: usize,
        region: usize,
        buying: Buying,
        x: Figures,
    ) -> Found {
        let compute_h = x.training_h * (1.0 + x.repeated);
        let [up_compute, _] = self.m.time_widths(pace, &x);
        let high_h = self.m.high_h(pace, &x);
        Found {
            region,
            instance_type,
            buying,
            compute_high_h: compute_h * up_compute.exp(),
            high_h,
            limits: self.m.limits(high_h, buying),
            when: None,
            objective: self.objective(&x),
            x,
        }
    }

    pub(crate) fn factors(&self, pace: &Pace, found: &Found) -> Factors {
        self.m
            .factors(pace, &found.x, found.instance_type, found.region)
    }

    /// The most that could be billed: the list price for as long as the job may run.
    pub(crate) fn ceiling_usd(&self, found: &Found) -> Option<f64> {
        let x = &found.x;
        let longest_h = found.limits.runtime.0 + self.m.request.keep_alive.0;
        let compute = x.list_usd_h * self.m.instances * longest_h;
        let usd = compute + x.storage_usd + x.egress_usd;
        usd.is_finite().then_some(usd)
    }

    /// Asks the gates; a start that is better only by less than the error is taken where they need it.
    pub(crate) fn passes(
        &self,
        pace: &Pace,
        candidate: &mut Found,
        no: &mut dyn FnMut(Why) -> bool,
    ) -> bool {
        if !self.has_gates() {
            return true;
        }
        let quiet = |f: &Found| rules::gates(&self.m, &self.gated(pace, f), &mut |_| false);
        if let Some(tempting) = candidate.when.and_then(|when| when.tempting)
            && !quiet(candidate)
        {
            let mut later = candidate.clone();
            self.move_to(&mut later, tempting);
            if quiet(&later) {
                *candidate = later;
                return true;
            }
        }
        rules::gates(&self.m, &self.gated(pace, candidate), no)
    }

    fn has_gates(&self) -> bool {
        let r = self.m.request;
        r.max_emissions_kg.is_some() || r.max_energy_kwh.is_some() || r.max_cost_usd.is_some()
    }

    pub(crate) fn gated(&self, pace: &Pace, found: &Found) -> Gated {
        let factors = self.factors(pace, found);
        let high = |x: f64, metric| x * factors.band(metric)[1].exp();
        let x = &found.x;
        let usd = x.usd.is_finite().then_some(x.usd);
        Gated {
            kg: x.kg,
            kg_high: high(x.kg, Metric::Kg),
            kwh: x.kwh,
            kwh_high: high(x.kwh, Metric::Kwh),
            usd,
            usd_high: usd.map(|usd| high(usd, Metric::Usd)),
            usd_ceiling: self.ceiling_usd(found),
        }
    }

    /// Least first; ties by kg, USD, region, type, capacity.
    fn order(&self, a: &Found, b: &Found) -> std::cmp::Ordering {
        let m = &self.m;
        let usd = |f: &Found| {
            if f.x.usd.is_finite() {
                nine_digits(f.x.usd)
            } else {
                f64::INFINITY
            }
        };
        let objective = |f: &Found| {
            if f.objective.is_finite() {
                f.objective
            } else {
                f64::INFINITY
            }
        };
        objective(a)
            .total_cmp(&objective(b))
            .then_with(|| nine_digits(a.x.kg).total_cmp(&nine_digits(b.x.kg)))
            .then_with(|| usd(a).total_cmp(&usd(b)))
            .then_with(|| m.regions()[a.region].name.cmp(m.regions()[b.region].name))
            .then_with(|| {
                m.types()[a.instance_type]
                    .name
                    .cmp(m.types()[b.instance_type].name)
            })
            .then_with(|| a.buying.capacity().cmp(&b.buying.capacity()))
    }

    /// The figures that the objective is made of, for the band of a ratio.
    pub(crate) fn objective_metrics(&self) -> &'static [Metric] {
        match self.m.request.instance_priority {
            Objective::CarbonOptimized => &[Metric::Kg],
            Objective::CostOptimized => &[Metric::Usd],
            Objective::GpuEfficient => &[Metric::ItKwh],
            Objective::Balanced => &[Metric::Kg, Metric::Usd, Metric::Kwh],
        }
    }

    /// A name of the tables, with its pace. The type is known to be feasible.
    pub(crate) fn pace_of(&self, instance_type: usize) -> Pace {
        self.m
            .pace(instance_type)
            .unwrap_or_else(|_| self.m.reference_pace())
    }
}

/// Nine significant digits: what is closer than that is a tie.
pub(crate) fn nine_digits(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let scale = 10.0_f64.powi(8 - x.abs().log10().floor() as i32);
    (x * scale).round() / scale
}
