//! `data.sustainable_placement`: the decision without a resource. It never fails because nothing is feasible: a data source
//! that fails blocks unrelated plans and even a destroy. `selected` is null then, with the reason.

use planner::{Answer, Decision, Infeasible, Rejection};
use schemas::data_sources::placement::{self, Candidate, Config, Outputs, Rejected};
use schemas::ml_training::Placement as Selected;
use tfplugin::{
    Attr, DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostic, Diagnostics,
    Schema, ValidateRequest, Value, async_trait, from_value, to_value,
};

use crate::configured::Shared;
use crate::lists;
use crate::object::object;
use crate::resources::figures;
use crate::resources::placement as place;
use crate::resources::request::{Around, NoRequest, request};
use crate::text::{list, sentence, three};

/// Rejections shown; the manifest of a run holds all of them.
const MAX_REJECTED: usize = 100;
/// Candidates shown.
const MAX_CANDIDATES: usize = 20;

/// The data source.
pub(crate) struct Placement {
    shared: Shared,
}

impl Placement {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    async fn answer(&self, written: &Value) -> Result<(Outputs, Diagnostics), Diagnostics> {
        let config: Config = from_value(written)?;
        let configured = self.shared.get();
        let region = configured.region().await;
        let home = match &config.dataset_region {
            Attr::Null => region.clone(),
            given => given.clone(),
        };
        let Some(catalog) = configured.catalog() else {
            return Ok(none(
                "the name of the catalog_overrides file is known only after apply",
            ));
        };
        let around = Around {
            region,
            previous: None,
            only: None,
        };
        let asked = match request(&config, &around, false) {
            Ok(asked) => asked,
            Err(NoRequest::Unknown(names)) => {
                return Ok(none(&format!("{} known only after apply", list(&names))));
            }
            Err(NoRequest::NoRegion) => {
                return Ok(none(
                    "no region is given: set dataset_region, or region in the provider block",
                ));
            }
        };
        let workload = place::workload(
            &object(written),
            &home.known().unwrap_or_default(),
            configured.overrides_digest.as_deref(),
        );
        match configured.memo.decide(catalog, &asked).as_ref() {
            Answer::Decided(decision) => {
                Ok((decided(decision, workload.as_deref()), warnings(decision)))
            }
            Answer::Infeasible(infeasible) => Ok(infeasible_answer(infeasible)),
        }
    }
}

#[async_trait]
impl DataSource for Placement {
    fn type_name(&self) -> &str {
        "sustainable_placement"
    }

    fn schema(&self) -> Schema {
        placement::schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| placement::validate(&request.config, lists))
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let answered = self
            .answer(&request.config)
            .await
            .and_then(|(outputs, diagnostics)| {
                let mut state = request.config.clone();
                for (name, value) in object(&to_value(&outputs)?) {
                    state.set(name, value);
                }
                Ok(DataSourceReadResponse { state, diagnostics })
            });
        answered.unwrap_or_else(|diagnostics| DataSourceReadResponse {
            state: request.config,
            diagnostics,
        })
    }
}

fn decided(decision: &Decision, workload: Option<&str>) -> Outputs {
    let mut selected = place::of(decision, workload);
    selected.estimate = Attr::Known(figures::estimate(&decision.estimate));
    selected.signal = Attr::Known(figures::signal(&decision.signal));
    selected.baseline = Attr::Known(figures::baseline(&decision.baseline));
    selected.savings = Attr::Known(figures::savings(decision));
    Outputs {
        summary: Attr::Known(decision.summary.clone()),
        candidates: Attr::Known(
            decision
                .ranked
                .iter()
                .take(MAX_CANDIDATES)
                .map(candidate)
                .collect(),
        ),
        rejected: Attr::Known(rejected(&decision.rejected)),
        recommendations: Attr::Known(decision.recommendations.clone()),
        assumptions: Attr::Known(decision.assumptions.clone()),
        baseline: selected.baseline.clone(),
        savings: selected.savings.clone(),
        signal: selected.signal.clone(),
        digest: selected.digest.clone(),
        selected: Attr::Known(selected),
        ..Outputs::default()
    }
}

fn candidate(candidate: &planner::Candidate) -> Candidate {
    Candidate {
        region: candidate.region.to_owned(),
        instance_type: candidate.instance_type.to_owned(),
        capacity: candidate.capacity.as_str().to_owned(),
        start_time: None,
        estimate: figures::estimate(&candidate.estimate),
        cost_ceiling_usd: candidate.cost_ceiling_usd.map(|usd| three(usd.get())),
        gco2_per_kwh: three(candidate.gco2_per_kwh.get()),
    }
}

fn rejected(rejections: &[Rejection]) -> Vec<Rejected> {
    let shown = rejections
        .iter()
        .take(MAX_REJECTED)
        .map(|rejection| Rejected {
            region: rejection.region.map(str::to_owned),
            instance_type: rejection.instance_type.map(str::to_owned),
            reason: rejection.reason(),
        });
    shown.collect()
}

fn warnings(decision: &Decision) -> Diagnostics {
    decision
        .warnings
        .iter()
        .map(|warning| Diagnostic::warning("About this placement", sentence(warning)))
        .collect()
}

fn infeasible_answer(infeasible: &Infeasible) -> (Outputs, Diagnostics) {
    let outputs = Outputs {
        selected: Attr::<Selected>::Null,
        reason: Attr::Known(infeasible.summary.clone()),
        rejected: Attr::Known(rejected(&infeasible.rejected)),
        ..Outputs::default()
    };
    let warning = Diagnostic::warning(
        infeasible.summary.trim_end_matches('.'),
        infeasible.detail.trim_end(),
    );
    (outputs, warning.into())
}

/// No decision, for a reason that lies outside the workload.
fn none(reason: &str) -> (Outputs, Diagnostics) {
    let outputs = Outputs {
        reason: Attr::Known(reason.to_owned()),
        ..Outputs::default()
    };
    (
        outputs,
        Diagnostic::warning("There is no placement yet", sentence(reason)).into(),
    )
}
