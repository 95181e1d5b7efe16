//! Planning: what changes, whether that is allowed, and what the run will be.

use planner::{Capacity, Place};
use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostic, Diagnostics, Path, PlanRequest, PlanResponse, Value, to_value};

use super::after;
use super::again::{self, Tried};
use super::change::{Change, Facts, classify};
use super::decide::{self, decide};
use super::planned::{Parts, planned};
use super::private::{Intent, Remembered};
use super::{alarms, foreign, foreseen, identity, say, source};
use crate::configured::Configured;
use crate::object::{Object, get, into_object};

/// Plans a create or an update.
pub(crate) async fn plan(
    configured: &Configured,
    request: PlanRequest,
) -> Result<PlanResponse, Diagnostics> {
    let config = Config::read(&request.config)?;
    let written = into_object(request.config);
    let prior = if request.prior.is_null() {
        None
    } else {
        Some(into_object(request.prior))
    };
    let mut remembered = Remembered::read(&request.private)?;
    let mut diagnostics = Diagnostics::new();

    let digest = source::digest(&config).await?;
    let mut change = changes(&written, prior.as_ref(), &remembered, &digest);
    let mut again = None;
    if let (true, Some(prior)) = (remembered.takes_over(), &prior) {
        let (in_place, warning) = foreign::taken_over(change, &written, prior);
        change = in_place;
        diagnostics.extend(warning);
    } else if let Some(prior) = &prior {
        let tried = again::next(prior, &config, &remembered);
        let asked = matches!(change, Change::None | Change::InPlace(_));
        if let Some(tried) = tried.filter(|_| !matches!(change, Change::Replace(_))) {
            let found = elsewhere(configured, &config, &written, &digest, prior, &tried).await;
            match found {
                Ok(()) => {
                    if asked {
                        change = Change::NewRun(Vec::new());
                    }
                    again = Some(tried);
                }
                Err(why) if asked => diagnostics.push(why),
                // The user wants a run by another change: it goes where it went before.
                Err(_) => {}
            }
        }
    }
    let (outputs, run_change) = match (&change, &prior) {
        (Change::NewRun(changed) | Change::PerhapsNewRun(changed), Some(prior)) => {
            let certain = matches!(change, Change::NewRun(_));
            if certain
                && say::is_running(prior)
                && config
                    .on_change
                    .as_ref()
                    .known()
                    .is_none_or(|on| on == "error")
            {
                return Err(say::guarded(prior, changed).into());
            }
            let decided = decide(
                configured,
                &config,
                &written,
                &digest,
                previous(prior),
                again.as_ref(),
            )
            .await?;
            diagnostics.extend(decided.diagnostics);
            let run_change = match &again {
                Some(tried) => again::run_change(prior, tried),
                None => say::run_change(prior),
            };
            (decided.outputs, run_change)
        }
        (Change::InPlace(_) | Change::None, Some(prior)) => {
            let mut outputs = kept(configured, &config, prior, &digest)?;
            if remembered.takes_over() {
                outputs.extend(foreseen::names(&config)?);
            }
            (outputs, Value::Null)
        }
        _ => {
            let decided = decide(configured, &config, &written, &digest, None, None).await?;
            diagnostics.extend(decided.diagnostics);
            (decided.outputs, Value::Null)
        }
    };
    let change = with_upkeep(
        change,
        &config,
        prior.as_ref(),
        &outputs,
        remembered.is_foreign(),
    );
    let wants_wait = !matches!(
        config.wait_for_completion.as_ref().known(),
        None | Some(false)
    ) || config.wait_for_completion.is_unknown();
    let waiting = prior.as_ref().is_some_and(after::waits);
    let finishes = match (&change, &prior) {
        (Change::None | Change::InPlace(_) | Change::PerhapsNewRun(_), Some(prior)) => {
            after::to_do(&written, prior)
        }
        (Change::NewRun(_), Some(prior)) => {
            diagnostics.extend(after::given_up(&written, prior));
            Vec::new()
        }
        _ => Vec::new(),
    };
    if let (Some(prior), Some(catalog)) = (&prior, configured.catalog()) {
        diagnostics.extend(after::copy_costs(catalog, &finishes, prior));
    }
    let waits = match (&change, &prior) {
        (Change::None, _) => waiting && wants_wait,
        (Change::InPlace(_), Some(prior)) => {
            wants_wait && (say::is_running(prior) || say::is_scheduled(prior))
        }
        _ => wants_wait,
    };
    let parts = Parts {
        foreseen: &outputs,
        run_change,
        waits,
        resumes: !finishes.is_empty()
            || prior
                .as_ref()
                .is_some_and(|prior| !get(prior, "pending_steps").is_null()),
        finishes,
    };
    let planned = planned(&written, prior.as_ref(), &change, &parts);
    if change != Change::None {
        alarms::check(&planned)?;
    }

    remembered.intent = Some(match change {
        Change::InPlace(_) | Change::None => Intent::InPlace,
        _ => {
            remembered.tried = again;
            Intent::NewRun
        }
    });
    let nothing = prior.as_ref() == Some(&planned);
    Ok(PlanResponse {
        identity: identity::of(&planned),
        planned: Value::Map(planned),
        requires_replace: match &change {
            Change::Replace(names) => names.iter().map(|name| Path::root(name.as_str())).collect(),
            _ => Vec::new(),
        },
        private: if nothing {
            request.private
        } else {
            remembered.write()
        },
        diagnostics,
    })
}

/// Whether there is somewhere to go after a run that found no capacity, or why not.
async fn elsewhere(
    configured: &Configured,
    config: &Config,
    written: &Object,
    digest: &Attr<String>,
    prior: &Object,
    tried: &Tried,
) -> Result<(), Diagnostic> {
    if !config.placement.is_null() {
        return Err(again::placed(prior));
    }
    let previous = previous(prior);
    let why = match decide(configured, config, written, digest, previous, Some(tried)).await {
        Ok(decided) if decided.decision().is_some() => return Ok(()),
        Ok(decided) => decided.diagnostics,
        Err(why) => why,
    };
    Err(again::nowhere(prior, tried, &why))
}

fn changes(
    written: &Object,
    prior: Option<&Object>,
    remembered: &Remembered,
    digest: &Attr<String>,
) -> Change {
    let Some(prior) = prior else {
        return Change::Create;
    };
    let status = get(prior, "training_job_status").as_str();
    let succeeded = get(prior, "outcome").as_str() == Some("succeeded");
    let facts = Facts {
        adopted: remembered.adopted,
        source_digest: digest.as_deref().known(),
        lost: status == Some("NotFound") && !succeeded || say::launch_was_stopped(prior),
        scheduled: say::is_scheduled(prior),
    };
    classify(written, Some(prior), facts)
}

/// Where the run of this state is.
pub(crate) fn previous(prior: &Object) -> Option<Place> {
    Some(Place {
        region: get(prior, "selected_region").as_str()?.to_owned(),
        instance_type: get(prior, "selected_instance_type").as_str()?.to_owned(),
        capacity: get(prior, "selected_capacity")
            .as_str()
            .and_then(Capacity::parse),
    })
}

/// What an apply in place can still change: tags, and the digest of code that was taken over without one. Everything else
/// of the run stands.
fn kept(
    configured: &Configured,
    config: &Config,
    prior: &Object,
    digest: &Attr<String>,
) -> Result<Object, Diagnostics> {
    let mut outputs = prior.clone();
    outputs.insert(
        "tags_all".to_owned(),
        foreseen::tags_all(&decide::tags(configured, config))?,
    );
    if get(prior, "source_digest").is_null() {
        outputs.insert("source_digest".to_owned(), to_value(digest)?);
    }
    Ok(outputs)
}

/// Adds what has to be put right although no input changed: tags that came or went, a dashboard that is gone.
fn with_upkeep(
    change: Change,
    config: &Config,
    prior: Option<&Object>,
    outputs: &Object,
    foreign: bool,
) -> Change {
    let Some(prior) = prior else { return change };
    let mut changed = match change {
        Change::None => Vec::new(),
        Change::InPlace(changed) => changed,
        other => return other,
    };
    for name in ["id", "tags_all", "source_digest"] {
        if get(outputs, name) != get(prior, name) {
            changed.push(name.to_owned());
        }
    }
    let wants_dashboard = config
        .dashboard
        .as_ref()
        .known()
        .is_none_or(|dashboard| dashboard == "run");
    let out_of_date = get(prior, "dashboard_url").is_null()
        || changed.iter().any(|name| name.starts_with("track_"));
    if wants_dashboard
        && !foreign
        && out_of_date
        && get(prior, "training_job_name").as_str().is_some()
        && !changed.iter().any(|name| name == "dashboard")
    {
        changed.push("dashboard".to_owned());
    }
    if changed.is_empty() {
        Change::None
    } else {
        Change::InPlace(changed)
    }
}
