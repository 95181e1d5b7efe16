//! `data.sustainable_placement`: the decision without a resource, and the one door through which live signals come in.
//!
//! It never fails because nothing is feasible, because a source cannot be reached or because an answer is stale: a data
//! source that fails blocks unrelated plans and even a destroy. `selected` is null then, with the reason.

mod drawn;
mod live;
mod market;
mod pipeline;
mod shown;

use std::sync::Arc;

use planner::{Answer, Request, Signals};
use schemas::data_sources::placement::{self, Config, Outputs};
use tfplugin::{
    Attr, DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostic, Diagnostics,
    Schema, ValidateRequest, Value, async_trait, from_value,
};

use crate::configured::Shared;
use crate::object::object;
use crate::resources::image;
use crate::resources::placement as place;
use crate::resources::request::{Around, NoRequest, request};
use crate::text::{list, sentence};
use crate::{clock, lists};

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
                Diagnostics::new(),
            ));
        };
        let Some(carbon) = &configured.carbon else {
            return Ok(none(
                "the carbon_signal of the provider block is known only after apply",
                Diagnostics::new(),
            ));
        };
        let now = clock::moment();
        let around = Around {
            region,
            previous: None,
            only: None,
            now: Some(now),
        };
        let mut asked = match request(&config, &around, false) {
            Ok(asked) => asked,
            Err(NoRequest::Unknown(names)) => {
                let reason = format!("{} known only after apply", list(&names));
                return Ok(none(&reason, Diagnostics::new()));
            }
            Err(NoRequest::NoRegion) => {
                return Ok(none(
                    "no region is given: set dataset_region, or region in the provider block",
                    Diagnostics::new(),
                ));
            }
        };
        let workload = place::workload(
            &object(written),
            &home.known().unwrap_or_default(),
            configured.overrides_digest.as_deref(),
        );
        let wants = |name: &str| written.get(name).as_bool().unwrap_or_default();
        let mut diagnostics = Diagnostics::new();
        let mut priced = None;
        let aws = configured.aws();
        if wants("use_live_prices") {
            match &aws {
                Ok(aws) => {
                    let open = live::open_to(catalog, &asked).map(|open| open.0);
                    let regions = open.unwrap_or_default();
                    priced = market::priced(aws, catalog, &regions, &mut diagnostics).await;
                }
                Err(why) => diagnostics.push(Diagnostic::warning(
                    "Some prices are not live",
                    format!("{}. {}", why.summary, why.detail),
                )),
            }
        }
        let catalog = priced.as_ref().unwrap_or(catalog);
        let live = live::ask(carbon, catalog, &asked, now).await;
        diagnostics.extend(live.diagnostics);
        match live.signals {
            Ok(None) => {}
            Ok(Some(signals)) => with_signals(&mut asked, signals, now),
            Err(reason) => return Ok(none(&reason, diagnostics)),
        }
        if wants("check_quotas") {
            match &aws {
                Ok(aws) => market::limited(aws, catalog, &mut asked, &mut diagnostics).await,
                Err(why) => diagnostics.push(Diagnostic::warning(
                    "Some quotas were not checked",
                    format!("{}. {}", why.summary, why.detail),
                )),
            }
        }
        match planner::decide(catalog, &asked) {
            Answer::Decided(decision) => {
                diagnostics.extend(shown::warnings(&decision));
                let around = shown::Around {
                    catalog,
                    asked: &asked,
                    now,
                    good_for: carbon.cache_ttl,
                    remarks: &live.remarks,
                    workload: workload.as_deref(),
                };
                let mut outputs = around.decided(&decision);
                match pipeline::json(&configured, written, &decision, &asked.provider_region) {
                    Ok(step) => outputs.pipeline_step_json = step,
                    // An error of a data source would hold up what has nothing to do with it, a destroy too.
                    Err(why) => {
                        outputs.pipeline_step_json = Attr::Null;
                        diagnostics.extend(why.into_iter().map(no_step));
                    }
                }
                Ok((outputs, diagnostics))
            }
            Answer::Infeasible(infeasible) => {
                let (outputs, warning) = shown::infeasible(&infeasible);
                diagnostics.push(warning);
                Ok((outputs, diagnostics))
            }
        }
    }
}

/// Why there is no `pipeline_step_json`, as a warning.
fn no_step(why: Diagnostic) -> Diagnostic {
    let summary = format!("pipeline_step_json is null: {}", why.summary);
    Diagnostic::warning(summary, why.detail).at("pipeline_step")
}

/// Values of these hours mean something only for a run in these hours: it starts now, unless the user said otherwise.
fn with_signals(asked: &mut Request, signals: Signals, now: catalog::UtcSeconds) {
    asked.earliest_start.get_or_insert(now);
    asked.signals = Some(Arc::new(signals));
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
        let mut found = lists::with(|lists| placement::validate(&request.config, lists));
        found.extend(image::unknown(&request.config));
        found
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let answered = self.answer(&request.config).await;
        super::response(request.config, answered)
    }
}

/// No decision, for a reason that lies outside the workload.
fn none(reason: &str, mut diagnostics: Diagnostics) -> (Outputs, Diagnostics) {
    let outputs = Outputs {
        reason: Attr::Known(sentence(reason)),
        ..Outputs::default()
    };
    if diagnostics.is_empty() {
        diagnostics.push(Diagnostic::warning(
            "There is no placement yet",
            sentence(reason),
        ));
    }
    (outputs, diagnostics)
}
