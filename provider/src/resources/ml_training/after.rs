//! What is done after the end of a run: the wait that ended early, the copy of the artifacts, the registered model, the
//! end of its file system.
//!
//! What is still to do follows from what is wanted (inputs) and what there is (outputs, and file systems in the handle)
//! alone, so that a plan, a refresh and an apply say the same, and nothing has to be remembered that a kill could lose.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::after::{AfterStep, Registration, copied_to};
use aws::{Aws, Control, Handle, lifecycle};
use tfplugin::{ApplyRequest, ApplyResponse, Diagnostic, Value};

use super::apply::remarks;
use super::private::Remembered;
use crate::object::{Object, get, object};

/// The wait for the end goes on.
pub(crate) const WAIT: &str = "wait_for_completion";
/// `copy_artifacts_to`.
const COPY: &str = "copy_artifacts";
/// `model_package_group_name`.
const REGISTER: &str = "register_model";

/// The file system of the run, which bills until its planned deletion.
const DELETE: &str = "delete_file_system";

/// A step and the output that it fills: no refresh touches these.
pub(crate) const STEPS: [(&str, &str); 2] = [
    (COPY, "artifacts_copied_to"),
    (REGISTER, "model_package_arn"),
];

/// Whether no refresh, but one of the steps fills the output.
pub(crate) fn fills(output: &str) -> bool {
    STEPS.iter().any(|(_, filled)| *filled == output)
}

/// What is still to do of a run with these outputs, by what the inputs ask for.
pub(crate) fn to_do(inputs: &Object, outputs: &Object) -> Vec<&'static str> {
    if get(outputs, "outcome").as_str() != Some("succeeded") {
        return Vec::new();
    }
    STEPS
        .into_iter()
        .map(|(step, _)| step)
        .filter(|step| is_open(step, inputs, outputs))
        .collect()
}

/// The prefix of `copy_artifacts_to`, where a copy to it is due.
pub(crate) fn copy_due(state: &Object) -> Option<String> {
    to_do(state, state)
        .contains(&COPY)
        .then(|| get(state, "copy_artifacts_to").as_str().map(str::to_owned))?
}

fn is_open(step: &str, inputs: &Object, outputs: &Object) -> bool {
    let (wanted, made) = match step {
        COPY => ("copy_artifacts_to", "artifacts_copied_to"),
        _ => ("model_package_group_name", "model_package_arn"),
    };
    let made = get(outputs, made).as_str();
    match (get(inputs, wanted), step) {
        // Known only in the apply: it may be another one then.
        (Value::Unknown, _) => true,
        (Value::String(prefix), COPY) => {
            let job = get(outputs, "training_job_name")
                .as_str()
                .unwrap_or_default();
            made != Some(copied_to(prefix, job).as_str())
        }
        (Value::String(group), _) => made.is_none_or(|arn| group_of(arn) != Some(group)),
        _ => false,
    }
}

/// `arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION`; SageMaker's ARNs may be in lower case.
fn group_of(arn: &str) -> Option<&str> {
    arn.split('/').nth(1)
}

/// The run is over, however it ended, and its file system bills still.
fn is_idle(handle: &Handle, outputs: &Object) -> bool {
    let outcome = get(outputs, "outcome").as_str();
    handle.file_systems.iter().any(|known| !known.deleting)
        && outcome.is_some_and(|outcome| outcome != "pending")
}

/// `pending_steps` of a state.
pub(crate) fn pending(waiting: bool, handle: &Handle, state: &Object) -> Value {
    let mut steps = to_do(state, state);
    if is_idle(handle, state) {
        steps.push(DELETE);
    }
    if waiting {
        steps.insert(0, WAIT);
    }
    if steps.is_empty() {
        Value::Null
    } else {
        Value::from(steps)
    }
}

/// Whether a state says that the wait goes on.
pub(crate) fn waits(state: &Object) -> bool {
    get(state, "pending_steps")
        .as_seq()
        .is_some_and(|steps| steps.iter().any(|step| step.as_str() == Some(WAIT)))
}

/// An apply of which the run has just ended, or had ended before.
pub(crate) struct Finish<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) request: &'a ApplyRequest,
    pub(crate) planned: &'a Object,
    pub(crate) timeout: Duration,
    /// A failure is a warning: an error of the apply that made the run would taint it.
    pub(crate) harmless: bool,
}

impl Finish<'_> {
    /// Does what the plan has left open, saves after each step, and tells in the state what is still to do.
    pub(crate) async fn follow(&self, mut response: ApplyResponse) -> ApplyResponse {
        let Ok(mut remembered) = Remembered::read(&response.private) else {
            return response;
        };
        let Some(mut handle) = remembered.handle.clone() else {
            return response;
        };
        let mut state = object(&response.state);
        if !get(self.planned, "pending_steps").is_unknown() || state.is_empty() {
            return response;
        }
        let open = to_do(&state, &state);
        let shown = |output: &str| get(self.planned, output).is_unknown();
        let idle = is_idle(&handle, &state).then_some((DELETE, None));
        let steps: Vec<(&str, Option<&str>)> = STEPS
            .into_iter()
            .filter(|(step, output)| open.contains(step) && shown(output))
            .map(|(step, output)| (step, Some(output)))
            .chain(idle)
            .collect();
        for (step, output) in steps {
            let progress = aws::NoProgress;
            let control = Control {
                stop: self.request.stop.receiver(),
                timeout: self.timeout,
                progress: &progress,
            };
            let wanted = wanted(step, &state);
            let report = lifecycle::after_end(self.aws, &handle, &wanted, &control).await;
            response.diagnostics.extend(remarks(&report.remarks));
            handle = report.handle;
            if let (Some(made), Some(output)) = (report.made, output) {
                state.insert(output.to_owned(), made.into());
            }
            if let Some(error) = report.failure {
                response
                    .diagnostics
                    .push(self.failed(&handle, step, &error));
            }
            remembered.handle = Some(handle.clone());
            let waiting = handle.wait_pending;
            state.insert(
                "pending_steps".to_owned(),
                pending(waiting, &handle, &state),
            );
            self.request
                .rescue
                .keep(Value::Map(state.clone()), remembered.write());
        }
        let waiting = handle.wait_pending;
        state.insert(
            "pending_steps".to_owned(),
            pending(waiting, &handle, &state),
        );
        response.state = Value::Map(state);
        response.private = remembered.write();
        response
    }

    fn failed(&self, handle: &Handle, step: &str, error: &aws::Error) -> Diagnostic {
        let (attribute, what) = match step {
            COPY => ("copy_artifacts_to", "The artifacts were not copied"),
            DELETE => ("use_fsx_lustre", "The file system was not deleted"),
            _ => ("model_package_group_name", "The model was not registered"),
        };
        let job = handle.job_name.as_deref().unwrap_or("The training");
        let left = match (step, handle.file_systems.first()) {
            (DELETE, Some(known)) => format!(
                "{job} is over, and its file system bills until its planned deletion at {}.",
                known.deleted_at
            ),
            _ => format!("{job} ended well, and nothing of it is lost."),
        };
        let detail = format!(
            "{}.\n{}\n{left} The next apply tries this again.",
            error.summary(),
            error.detail(),
        );
        if self.harmless {
            Diagnostic::warning(what, detail)
        } else {
            Diagnostic::error(what, detail)
        }
        .at(attribute)
    }
}

fn wanted(step: &str, state: &Object) -> AfterStep {
    let text = |name: &str| get(state, name).as_str().map(str::to_owned);
    if step == DELETE {
        return AfterStep::DeleteFileSystem;
    }
    if step == COPY {
        return AfterStep::CopyArtifacts {
            to: text("copy_artifacts_to").unwrap_or_default(),
        };
    }
    AfterStep::RegisterModel(Registration {
        group: text("model_package_group_name").unwrap_or_default(),
        image: text("training_image_resolved"),
        algorithm: text("algorithm"),
        properties: properties(state),
        tags: tags(state),
    })
}

fn tags(state: &Object) -> BTreeMap<String, String> {
    get(state, "tags_all")
        .as_map()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// What the registry says of the run: measured where there is a measure, else estimated, and which of the two.
fn properties(state: &Object) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            properties.insert(key.to_owned(), value);
        }
    };
    for name in [
        "selected_region",
        "selected_instance_type",
        "selected_capacity",
    ] {
        let key = name.trim_start_matches("selected_");
        put(key, get(state, name).as_str().map(str::to_owned));
    }
    // Of several types the one that SageMaker took.
    if let Some(taken) = get(state, "actual_instance_type").as_str() {
        put("instance_type", Some(taken.to_owned()));
    }
    let measured = get(state, "measured");
    for (name, tracked) in [
        ("energy_kwh", "track_energy_usage"),
        ("emissions_kg", "track_carbon_emissions"),
        ("cost_usd", ""),
    ] {
        if get(state, tracked).as_bool() == Some(false) {
            continue;
        }
        let figure = if measured.is_null() {
            get(state, "estimate").get(name).get("value").as_f64()
        } else {
            measured.get(name).as_f64()
        };
        put(name, figure.map(|figure| figure.to_string()));
    }
    let method = measured.get("method").as_str().unwrap_or("estimated");
    put("figures", Some(method.to_owned()));
    let signal = get(state, "signal");
    put(
        "gco2_per_kwh",
        signal
            .get("gco2_per_kwh")
            .as_f64()
            .map(|grams| grams.to_string()),
    );
    put(
        "carbon_signal",
        signal.get("source").as_str().map(str::to_owned),
    );
    properties
}

/// What a copy into another region costs, said before it is made. Its size is known once the run has ended; whether the
/// bucket is in another region is not, before S3 is asked.
pub(crate) fn copy_costs(
    catalog: &catalog::Catalog,
    steps: &[&str],
    outputs: &Object,
) -> Option<Diagnostic> {
    let region = get(outputs, "selected_region").as_str()?;
    let usd_per_gb = catalog
        .regions()
        .iter()
        .filter_map(|to| catalog.egress_usd_per_gb(region, to.name))
        .fold(0.0, f64::max);
    let bytes = get(outputs, "measured").get("model_size_bytes").as_f64()?;
    let (gigabytes, usd) = (bytes / 1e9, bytes / 1e9 * usd_per_gb);
    if !steps.contains(&COPY) || usd < 0.01 {
        return None;
    }
    Some(
        Diagnostic::warning(
            "This apply copies the model",
            format!(
                "{} GB from {region}. To a bucket in another region that costs up to {} USD ({} USD per GB), in the same region nothing.",
                crate::text::figure(gigabytes),
                crate::text::figure(usd),
                crate::text::figure(usd_per_gb),
            ),
        )
        .at("copy_artifacts_to"),
    )
}

/// Steps of the last run that a new run leaves undone.
pub(crate) fn given_up(inputs: &Object, prior: &Object) -> Option<Diagnostic> {
    let steps = to_do(inputs, prior);
    if steps.is_empty() {
        return None;
    }
    let diagnostics: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    Some(Diagnostic::warning(
        "A new run leaves steps of the last one undone",
        format!(
            "Of {}, these are still to do: {}. After the new run they are done for its model alone. To do them for the last one first, apply once without the change.",
            get(prior, "training_job_name")
                .as_str()
                .unwrap_or("the last run"),
            crate::text::list(&diagnostics),
        ),
    ))
}
