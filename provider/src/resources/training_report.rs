//! `sustainable_training_report`: a report that is kept in a bucket, as a page and as JSON.
//!
//! A refresh makes the report anew and looks at the files. Where they differ from it, `up_to_date` turns false, and the
//! next plan writes them again; so a plan itself asks nobody.

use aws::documents::{self, Place, Removed};
use schemas::training_report::{self, Config, Query, Written};
use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attr, Diagnostic, Diagnostics, Path, PlanRequest,
    PlanResponse, ReadRequest, ReadResponse, Resource, Schema, Severity, ValidateRequest, Value,
    async_trait, from_value, to_value,
};

use crate::configured::{Configured, Shared};
use crate::lists;
use crate::object::{Object, get, object};
use crate::report::{self, Report};

/// The resource.
pub(crate) struct TrainingReport {
    shared: Shared,
}

/// Filled in by an apply that writes.
const WRITES: [&str; 4] = ["html_sha256", "json_sha256", "totals", "remarks"];

impl TrainingReport {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    async fn destroy(&self, request: &ApplyRequest) -> Result<ApplyResponse, Diagnostic> {
        let configured = self.shared.get();
        let aws = configured.aws()?;
        let prior = object(&request.prior);
        let region = region(&configured, &prior).await;
        let mut diagnostics = Diagnostics::new();
        for form in FORMS {
            let place = form.place(&prior, &region);
            let Some(digest) = get(&prior, form.digest).as_str() else {
                continue;
            };
            let removed = documents::remove(aws, &place, digest)
                .await
                .map_err(failed)?;
            if removed == Removed::Changed {
                diagnostics.push(Diagnostic::warning(
                    "A report was changed and stays",
                    format!(
                        "{} is no longer what this provider wrote, and was not removed.",
                        place.uri
                    ),
                ));
            }
        }
        Ok(ApplyResponse {
            state: Value::Null,
            diagnostics,
            ..ApplyResponse::default()
        })
    }

    async fn write(&self, request: &ApplyRequest) -> Result<ApplyResponse, Diagnostic> {
        let configured = self.shared.get();
        let aws = configured.aws()?;
        let mut state = object(&request.planned);
        let query: Query = from_value(&request.config).map_err(unreadable)?;
        let report = report::make(&configured, &query).await.map_err(|mut why| {
            why.severity = Severity::Error;
            why
        })?;
        let prior = object(&request.prior);
        let region = region(&configured, &state).await;
        let mut diagnostics = Diagnostics::new();
        for form in FORMS {
            let text = (form.text)(&report);
            let before = !get(&prior, form.digest).is_null();
            let written = documents::write(
                aws,
                &form.place(&state, &region),
                text.clone().into_bytes(),
                form.content_type,
                // A file that was written before is put right, whatever somebody made of it.
                |bytes| before || report::is_ours(bytes),
            )
            .await;
            if let Err(error) = written {
                diagnostics.push(failed(error));
                break;
            }
            state.insert(
                form.digest.to_owned(),
                aws::naming::sha256_hex(text.as_bytes()).into(),
            );
        }
        let whole = diagnostics.is_empty();
        let nothing = FORMS.iter().all(|form| {
            get(&state, form.digest).is_unknown() && get(&prior, form.digest).is_null()
        });
        if nothing {
            return Ok(ApplyResponse {
                state: request.prior.clone(),
                diagnostics,
                ..ApplyResponse::default()
            });
        }
        for form in FORMS {
            if get(&state, form.digest).is_unknown() {
                state.insert(form.digest.to_owned(), get(&prior, form.digest).clone());
            }
        }
        state.extend(shown(&report).map_err(unreadable)?);
        state.insert("up_to_date".to_owned(), whole.into());
        Ok(ApplyResponse {
            state: Value::Map(state),
            diagnostics,
            ..ApplyResponse::default()
        })
    }
}

/// One of the two files.
struct Form {
    uri: &'static str,
    digest: &'static str,
    content_type: &'static str,
    text: fn(&Report) -> String,
}

const FORMS: [Form; 2] = [
    Form {
        uri: "html_uri",
        digest: "html_sha256",
        content_type: "text/html; charset=utf-8",
        text: Report::html,
    },
    Form {
        uri: "json_uri",
        digest: "json_sha256",
        content_type: "application/json",
        text: Report::json,
    },
];

impl Form {
    fn place(&self, state: &Object, region: &str) -> Place {
        Place {
            region: region.to_owned(),
            uri: get(state, self.uri).as_str().unwrap_or_default().to_owned(),
        }
    }
}

async fn region(configured: &Configured, state: &Object) -> String {
    match get(state, "dataset_region").as_str() {
        Some(region) => region.to_owned(),
        None => configured
            .region()
            .await
            .known()
            .unwrap_or_else(|| "us-east-1".to_owned()),
    }
}

fn failed(error: aws::Error) -> Diagnostic {
    Diagnostic::error(error.summary(), error.detail())
}

fn unreadable(why: impl Into<Diagnostics>) -> Diagnostic {
    let why: Diagnostics = why.into();
    why.into_iter()
        .next()
        .unwrap_or_else(|| Diagnostic::error("The report could not be read", "Please report this."))
}

fn shown(report: &Report) -> Result<Object, Diagnostics> {
    Ok(object(&to_value(&report.figures())?))
}

/// The places that follow from names.
fn named(config: &Value) -> Result<Object, Diagnostics> {
    let Config {
        name,
        reports_location,
    } = from_value(config)?;
    let bucket = config.get("s3_bucket_name");
    let folder = match (reports_location, bucket.as_str(), name) {
        (Attr::Known(uri), ..) => Attr::Known(format!("{}/", uri.trim_end_matches('/'))),
        (Attr::Null, Some(bucket), Attr::Known(name)) => {
            Attr::Known(format!("s3://{bucket}/sustainability-reports/{name}/"))
        }
        _ => Attr::Unknown,
    };
    let file = |name: &str| folder.clone().map(|folder| format!("{folder}{name}"));
    let written = Written {
        html_uri: file("report.html"),
        json_uri: file("report.json"),
        id: folder.clone(),
        ..Written::default()
    };
    let mut named = object(&to_value(&written)?);
    named.retain(|name, _| ["id", "html_uri", "json_uri"].contains(&name.as_str()));
    Ok(named)
}

fn plan(request: &PlanRequest) -> Result<PlanResponse, Diagnostics> {
    let prior = object(&request.prior);
    let mut planned = object(&request.config);
    planned.extend(named(&request.config)?);
    let inputs = training_report::resource_inputs();
    let differs = |name: &str| get(&planned, name) != get(&prior, name);
    let replaced: Vec<Path> = ["name", "s3_bucket_name", "reports_location"]
        .into_iter()
        .filter(|name| !prior.is_empty() && differs(name))
        .map(Path::root)
        .collect();
    let writes = prior.is_empty()
        || get(&prior, "up_to_date").as_bool() != Some(true)
        || inputs.iter().any(|input| differs(input.name));
    for name in WRITES {
        let value = if writes {
            Value::Unknown
        } else {
            get(&prior, name).clone()
        };
        planned.insert(name.to_owned(), value);
    }
    planned.insert("up_to_date".to_owned(), true.into());
    Ok(PlanResponse {
        planned: Value::Map(planned),
        requires_replace: replaced,
        private: request.private.clone(),
        ..PlanResponse::default()
    })
}

#[async_trait]
impl Resource for TrainingReport {
    fn type_name(&self) -> &str {
        "sustainable_training_report"
    }

    fn schema(&self) -> Schema {
        training_report::resource_schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| training_report::validate_resource(&request.config, lists))
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let prior = request.prior.clone();
        plan(&request).unwrap_or_else(|diagnostics| PlanResponse {
            planned: prior,
            diagnostics,
            ..PlanResponse::default()
        })
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let done = if request.action() == Action::Destroy {
            self.destroy(&request).await
        } else {
            self.write(&request).await
        };
        done.unwrap_or_else(|why| request.refused(why))
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let mut response = request.unchanged();
        match self.current(&request).await {
            Ok(current) => response.state.set("up_to_date", current),
            Err(mut why) => {
                why.severity = Severity::Warning;
                response.diagnostics.push(why);
            }
        }
        response
    }
}

impl TrainingReport {
    /// Whether the files are what the report says now.
    async fn current(&self, request: &ReadRequest) -> Result<bool, Diagnostic> {
        let configured = self.shared.get();
        let aws = configured.aws()?;
        let state = object(&request.state);
        let query: Query = from_value(&request.state).map_err(unreadable)?;
        let report = report::make(&configured, &query).await?;
        let region = region(&configured, &state).await;
        for form in FORMS {
            let wanted = aws::naming::sha256_hex((form.text)(&report).as_bytes());
            let there = documents::digest(aws, &form.place(&state, &region))
                .await
                .map_err(failed)?;
            if there.as_deref() != Some(wanted.as_str()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
