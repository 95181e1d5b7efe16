//! What a run that is about to be made will show: the outputs that follow from the decision and from names.

use std::collections::BTreeMap;

use aws::spec::JobBucket;
use planner::{Candidate, Decision};
use schemas::ml_training::{Config, Outputs, Placement, too_many_tags};
use tfplugin::{Attr, Diagnostics, Value, to_value};

use super::image::{Container, has_code};
use super::planned::DECIDED;
use super::{fallback, figures};
use crate::object::Object;
use crate::text::list;

/// Everything beside the decision that the outputs of a run follow from.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// What was configured.
    pub(crate) config: &'a Config,
    /// Where the data bucket is.
    pub(crate) dataset_region: Attr<String>,
    /// The digest of the source folder.
    pub(crate) source_digest: Attr<String>,
    /// A placement that was handed in is followed: what else was weighed stands in the data source.
    pub(crate) follows: bool,
    /// Settings written for the training code to carry out.
    pub(crate) for_the_code: Vec<&'static str>,
    /// Tags of this resource and of the provider.
    pub(crate) tags: Attr<BTreeMap<String, String>>,
}

/// The outputs of a run that follows this decision.
pub(crate) fn decided(
    decision: &Decision,
    placement: &Placement,
    container: &Container,
    known: &Known<'_>,
    further: &[&Candidate],
) -> Result<Object, Diagnostics> {
    let mut outputs = object(&Outputs {
        summary: Attr::Known(decision.summary.clone()),
        selected_region: Attr::Known(decision.selected_region.clone()),
        selected_instance_type: Attr::Known(decision.selected_instance_type.clone()),
        selected_capacity: Attr::Known(decision.selected_capacity.as_str().to_owned()),
        scheduled_start_time: start(decision, known),
        estimate: Attr::Known(figures::estimate(&decision.estimate)),
        breakdown: Attr::Known(figures::breakdown(decision)),
        cost_ceiling_usd: fallback::ceiling_usd(decision, further)
            .map(crate::text::three)
            .into(),
        baseline: Attr::Known(figures::baseline(&decision.baseline)),
        savings: Attr::Known(figures::savings(decision)),
        signal: Attr::Known(figures::signal(&decision.signal)),
        candidates: lines(&decision.candidates),
        recommendations: lines(&recommendations(decision, known, further)),
        assumptions: lines(&decision.assumptions),
        training_image_resolved: container.image(),
        launchable: has_code(known.config),
        bucket_managed: bucket_managed(known, &decision.selected_region),
        job_bucket_name: job_bucket(known, &decision.selected_region),
        ..named(known)
    })?;
    outputs.insert("placement".to_owned(), to_value(placement)?);
    Ok(outputs)
}

/// The decided start; without a choice of one, the moment before which the run is not to start.
fn start(decision: &Decision, known: &Known<'_>) -> Attr<String> {
    let decided = figures::start(decision.start);
    decided.or_else(|| earliest(known.config)).into()
}

/// `earliest_start` as outputs show moments.
pub(crate) fn earliest(config: &Config) -> Option<String> {
    let written = config.earliest_start.as_ref().known()?;
    crate::time::parse(written).map(crate::time::rfc3339)
}

/// The planner's, and what only the training code can carry out.
fn recommendations(decision: &Decision, known: &Known<'_>, further: &[&Candidate]) -> Vec<String> {
    let mut lines: Vec<String> = fallback::line(further).into_iter().collect();
    if !known.follows {
        lines.extend(decision.recommendations.iter().cloned());
    }
    if !known.for_the_code.is_empty() {
        lines.push(format!(
            "Honour {} in the training code, which finds each in its environment as SUSTAINABLE_*: the provider only hands it over.",
            list(&known.for_the_code)
        ));
    }
    lines
}

/// The outputs while the decision is not known, or when there is none.
pub(crate) fn undecided(known: &Known<'_>, unknown: bool) -> Result<Object, Diagnostics> {
    let mut outputs = object(&named(known))?;
    if unknown {
        for name in DECIDED.into_iter().chain(["training_image_resolved"]) {
            let at_once = name == "scheduled_start_time"
                && known.config.earliest_start.is_null()
                && known.config.placement.is_null();
            if name != "source_digest" && !at_once {
                outputs.insert(name.to_owned(), Value::Unknown);
            }
        }
    }
    let launchable = if unknown {
        to_value(&launchable_while_unknown(known))?
    } else {
        // Apply will refuse: there is no run whose outcome could be awaited.
        outputs.insert("outcome".to_owned(), Value::Null);
        Value::Bool(false)
    };
    outputs.insert("launchable".to_owned(), launchable);
    Ok(outputs)
}

/// Without code nothing can be launched, whatever the decision will be.
fn launchable_while_unknown(known: &Known<'_>) -> Attr<bool> {
    match has_code(known.config) {
        Attr::Known(false) => Attr::Known(false),
        _ => Attr::Unknown,
    }
}

/// The outputs that follow from names and tags.
fn named(known: &Known<'_>) -> Outputs {
    let bucket = known.config.s3_bucket_name.as_ref();
    let name = known.config.name.as_ref();
    Outputs {
        id: both(bucket, name).map(|(bucket, name)| id(bucket, name)),
        s3_bucket_arn: both(bucket, known.dataset_region.as_ref()).map(|(bucket, region)| {
            format!("arn:{}:s3:::{bucket}", aws::naming::partition(region))
        }),
        source_digest: known.source_digest.clone(),
        tags_all: shown(&known.tags),
        sagemaker_role_arn: known.config.role_arn.clone(),
        outcome: Attr::Known(aws::Outcome::Pending.as_str().to_owned()),
        ..Outputs::default()
    }
}

/// The outputs that the configuration's own names give to a job that is taken over.
pub(crate) fn names(config: &Config) -> Result<Object, Diagnostics> {
    let both = both(config.s3_bucket_name.as_ref(), config.name.as_ref());
    let id = both.map(|(bucket, name)| id(bucket, name));
    Ok(Object::from([("id".to_owned(), to_value(&id)?)]))
}

/// `id`: stable, since both parts force a replacement.
pub(crate) fn id(bucket: &str, name: &str) -> String {
    format!("{bucket}/{name}")
}

/// The bucket that the run reads from.
fn job_bucket(known: &Known<'_>, region: &str) -> Attr<String> {
    let entry = known
        .config
        .regional
        .as_ref()
        .known()
        .and_then(|regional| regional.get(region));
    let replica = match entry.map(|entry| &entry.dataset_s3_uri) {
        Some(Attr::Unknown) => return Attr::Unknown,
        Some(Attr::Known(uri)) => Some(uri.as_str()),
        Some(Attr::Null) | None => None,
    };
    let data = both(
        known.config.s3_bucket_name.as_ref(),
        known.dataset_region.as_ref(),
    );
    data.map(|(bucket, home)| {
        let job_bucket = JobBucket::of(bucket, home, region, replica);
        job_bucket.name(bucket).to_owned()
    })
}

/// Whether we make that bucket: one that exists is used as it is, so only a `false` can be foreseen.
fn bucket_managed(known: &Known<'_>, region: &str) -> Attr<bool> {
    let entry = known
        .config
        .regional
        .as_ref()
        .known()
        .and_then(|regional| regional.get(region));
    let replica = entry.is_some_and(|entry| entry.dataset_s3_uri.is_known());
    let at_home = known.dataset_region.as_deref().known() == Some(region);
    let users_own = matches!(known.config.create_bucket, Attr::Known(false) | Attr::Null);
    if replica || at_home && users_own {
        Attr::Known(false)
    } else {
        Attr::Unknown
    }
}

fn both<A, B>(one: Attr<A>, other: Attr<B>) -> Attr<(A, B)> {
    match (one, other) {
        (Attr::Known(one), Attr::Known(other)) => Attr::Known((one, other)),
        (Attr::Unknown, _) | (_, Attr::Unknown) => Attr::Unknown,
        _ => Attr::Null,
    }
}

fn lines(lines: &[String]) -> Attr<Vec<String>> {
    if lines.is_empty() {
        Attr::Null
    } else {
        Attr::Known(lines.to_vec())
    }
}

/// Typed outputs as attributes.
pub(crate) fn object(outputs: &Outputs) -> Result<Object, Diagnostics> {
    match to_value(outputs)? {
        Value::Map(entries) => Ok(entries),
        _ => Ok(Object::new()),
    }
}

/// No tags are null, so that they say nothing.
fn shown(tags: &Attr<BTreeMap<String, String>>) -> Attr<BTreeMap<String, String>> {
    match tags {
        Attr::Known(tags) if tags.is_empty() => Attr::Null,
        other => other.clone(),
    }
}

/// `tags_all`.
pub(crate) fn tags_all(tags: &Attr<BTreeMap<String, String>>) -> Result<Value, Diagnostics> {
    within_limit(tags)?;
    Ok(to_value(&shown(tags))?)
}

/// Too many tags are an error of the plan, not of the apply.
pub(crate) fn within_limit(tags: &Attr<BTreeMap<String, String>>) -> Result<(), Diagnostics> {
    let known = tags.as_ref().known();
    match known.and_then(|all| too_many_tags(all.len())) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
