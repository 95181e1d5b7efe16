//! `sustainable_training_dashboard`: one dashboard for many runs.
//!
//! What it shows follows from its configuration alone, so that a plan knows the digest of the body; a body with another
//! digest was edited elsewhere, and the next apply puts it back.

use aws::dashboard::fleet::{self, Fleet, FleetJob};
use schemas::training_dashboard;
use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attr, Diagnostic, Diagnostics, ImportRequest,
    ImportResponse, Path, PlanRequest, PlanResponse, ReadRequest, ReadResponse, Resource, Schema,
    ValidateRequest, Value, async_trait,
};

use crate::configured::{Configured, Shared};
use crate::lists;
use crate::object::{Object, get, object};

/// The resource.
pub(crate) struct TrainingDashboard {
    shared: Shared,
}

impl TrainingDashboard {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

#[async_trait]
impl Resource for TrainingDashboard {
    fn type_name(&self) -> &str {
        "sustainable_training_dashboard"
    }

    fn schema(&self) -> Schema {
        training_dashboard::schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| training_dashboard::validate(&request.config, lists))
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        plan(&self.shared.get(), &request).await
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let refused = request.clone();
        apply(&self.shared.get(), request)
            .await
            .unwrap_or_else(|why| refused.refused(why))
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let unchanged = request.unchanged();
        read(&self.shared.get(), request)
            .await
            .unwrap_or_else(|diagnostics| ReadResponse {
                diagnostics,
                ..unchanged
            })
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        import(&self.shared.get(), request)
            .await
            .unwrap_or_else(|diagnostics| ImportResponse {
                diagnostics,
                ..ImportResponse::default()
            })
    }
}

async fn plan(configured: &Configured, request: &PlanRequest) -> PlanResponse {
    let mut planned = object(&request.config);
    let name = get(&planned, "name").clone();
    let prior = object(&request.prior);
    let replaced = !request.prior.is_null() && *get(&prior, "name") != name;
    planned.insert("id".to_owned(), name.clone());
    let shown = match name.as_str() {
        Some(name) => fleet::dashboard_name(name).into(),
        None => Value::Unknown,
    };
    planned.insert("dashboard_name".to_owned(), shown);
    let wholly_known = Value::Map(planned.clone()).is_wholly_known();
    let region = match get(&prior, "dashboard_url").as_str() {
        Some(url) if !replaced => region_of(url).map_or(Attr::Unknown, Attr::Known),
        _ => configured.region().await,
    };
    let digest = match (&region, wholly_known) {
        (Attr::Known(region), true) => digest(&planned, region).into(),
        _ => Value::Unknown,
    };
    planned.insert("digest".to_owned(), digest);
    let url = if request.prior.is_null() || replaced {
        Value::Unknown
    } else {
        get(&prior, "dashboard_url").clone()
    };
    planned.insert("dashboard_url".to_owned(), url);
    PlanResponse {
        planned: Value::Map(planned),
        requires_replace: if replaced {
            vec![Path::root("name")]
        } else {
            Vec::new()
        },
        private: request.private.clone(),
        ..PlanResponse::default()
    }
}

async fn apply(
    configured: &Configured,
    request: ApplyRequest,
) -> Result<ApplyResponse, Diagnostics> {
    let aws = configured.aws()?;
    let failed = |error: aws::Error| {
        let diagnostic = Diagnostic::error(error.summary(), error.detail());
        Diagnostics::from(match error.field() {
            Some("name") => diagnostic.at("name"),
            _ => diagnostic,
        })
    };
    let source = object(if request.planned.is_null() {
        &request.prior
    } else {
        &request.planned
    });
    let region = region(configured, &source).await?;
    let fleet = fleet_of(&source);
    match request.action() {
        Action::Destroy => {
            let ours = fleet::delete(aws, &region, &fleet.name)
                .await
                .map_err(failed)?;
            let mut response = ApplyResponse::default();
            if !ours {
                let name = fleet::dashboard_name(&fleet.name);
                response.diagnostics.push(Diagnostic::warning(
                    "Destroyed; this stays",
                    format!("  - dashboard {name}: it is no longer what this provider made"),
                ));
            }
            return Ok(response);
        }
        Action::Create => {
            let tags = configured.default_tags.clone().unwrap_or_default();
            fleet::create(aws, &region, &fleet, &tags)
                .await
                .map_err(failed)?;
        }
        Action::Update => fleet::update(aws, &region, &fleet).await.map_err(failed)?,
    }
    let mut state = object(&request.planned);
    for (name, value) in [
        ("digest", digest(&source, &region)),
        ("dashboard_url", fleet::url(&fleet.name, &region)),
    ] {
        if get(&state, name).is_unknown() {
            state.insert(name.to_owned(), value.into());
        }
    }
    Ok(ApplyResponse {
        state: Value::Map(state),
        private: request.private,
        ..ApplyResponse::default()
    })
}

async fn read(configured: &Configured, request: ReadRequest) -> Result<ReadResponse, Diagnostics> {
    let mut response = request.unchanged();
    let aws = match configured.aws() {
        Ok(aws) => aws,
        Err(why) => {
            response.diagnostics.push(Diagnostic::warning(
                "Not refreshed",
                format!("{}. {}", why.summary, why.detail),
            ));
            return Ok(response);
        }
    };
    let mut state = object(&request.state);
    let region = region(configured, &state).await?;
    let name = get(&state, "name").as_str().unwrap_or_default().to_owned();
    let found = fleet::find(aws, &region, &name)
        .await
        .map_err(|error| Diagnostics::from(Diagnostic::error(error.summary(), error.detail())))?;
    response.state = match found {
        // Gone: Terraform makes it again.
        None => Value::Null,
        Some(found) => {
            state.insert("digest".to_owned(), found.digest.into());
            Value::Map(state)
        }
    };
    Ok(response)
}

async fn import(
    configured: &Configured,
    request: ImportRequest,
) -> Result<ImportResponse, Diagnostics> {
    let aws = configured.aws()?;
    let region = region(configured, &Object::new()).await?;
    let prefix = fleet::dashboard_name("");
    let name = request.id.strip_prefix(&prefix).unwrap_or(&request.id);
    let found = fleet::find(aws, &region, name)
        .await
        .map_err(|error| Diagnostics::from(Diagnostic::error(error.summary(), error.detail())))?;
    let shown = fleet::dashboard_name(name);
    let Some(found) = found else {
        return Err(Diagnostic::error(
            "There is no such dashboard",
            format!("CloudWatch has no dashboard {shown}. Give the name of a sustainable_training_dashboard."),
        )
        .into());
    };
    let Some(made) = found.fleet else {
        return Err(Diagnostic::error(
            "The dashboard is not this provider's",
            format!("{shown} does not say what it was made from. Delete it, or give the resource another name."),
        )
        .into());
    };
    let optional = |text: Option<String>| text.map_or(Value::Null, Value::from);
    let job = |job: FleetJob| {
        Value::object([
            ("name", Value::from(job.name)),
            ("region", Value::from(job.region)),
            (
                "instance_count",
                job.instance_count
                    .map_or(Value::Null, |count| Value::from(i64::from(count))),
            ),
        ])
    };
    let state = Value::object([
        ("id", Value::from(name)),
        ("name", Value::from(name)),
        ("job_name_prefix", optional(made.job_name_prefix)),
        (
            "regions",
            made.regions.map_or(Value::Null, |regions| {
                Value::Seq(regions.into_iter().map(Value::from).collect())
            }),
        ),
        (
            "jobs",
            made.jobs.map_or(Value::Null, |jobs| {
                Value::Seq(jobs.into_iter().map(job).collect())
            }),
        ),
        ("dashboard_name", Value::from(shown)),
        ("dashboard_url", Value::from(fleet::url(name, &region))),
        ("digest", Value::from(found.digest)),
    ]);
    Ok(ImportResponse {
        state,
        ..ImportResponse::default()
    })
}

/// The region whose endpoint is asked: that of the state, else the provider's. Dashboards are global in an account.
async fn region(configured: &Configured, state: &Object) -> Result<String, Diagnostics> {
    if let Some(region) = get(state, "dashboard_url").as_str().and_then(region_of) {
        return Ok(region);
    }
    match configured.region().await {
        Attr::Known(region) => Ok(region),
        _ => Err(Diagnostic::error(
            "No region",
            "A dashboard belongs to the account, and some region's endpoint has to be asked. Set region in the provider block or AWS_REGION.",
        )
        .into()),
    }
}

fn region_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    rest.split('.').next().map(str::to_owned)
}

fn digest(written: &Object, region: &str) -> String {
    fleet::digest(&fleet::body(&fleet_of(written), region))
}

/// As written: what is null stays away.
fn fleet_of(written: &Object) -> Fleet {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let jobs = get(written, "jobs").as_seq();
    let regions = get(written, "regions").as_seq();
    Fleet {
        name: text(get(written, "name")).unwrap_or_default(),
        job_name_prefix: text(get(written, "job_name_prefix")),
        regions: regions.map(|all| all.iter().filter_map(text).collect()),
        jobs: jobs.map(|all| {
            let job = |job: &Value| FleetJob {
                name: text(job.get("name")).unwrap_or_default(),
                region: text(job.get("region")).unwrap_or_default(),
                // Checked when the configuration is validated: 1 to 500.
                instance_count: job.get("instance_count").as_f64().map(|count| count as u32),
            };
            all.iter().map(job).collect()
        }),
    }
}
