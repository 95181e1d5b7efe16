//! `data.sustainable_training_report`: what trainings took. It looks and changes nothing.
//!
//! A bucket that cannot be read gives an empty report with a warning: a data source that fails blocks unrelated plans and
//! even a destroy.

use schemas::training_report::{self, Contents, Figures, Query};
use serde::Serialize;
use tfplugin::{
    DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostics, Schema,
    ValidateRequest, Value, async_trait, from_value,
};

use crate::configured::Shared;
use crate::lists;
use crate::report::{self, Report};

/// The data source.
pub(crate) struct TrainingReport {
    shared: Shared,
}

/// Everything that it shows.
#[derive(Serialize)]
struct Outputs {
    #[serde(flatten)]
    figures: Figures,
    #[serde(flatten)]
    contents: Contents,
}

impl TrainingReport {
    /// Over the provider's configuration.
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    async fn answer(&self, config: &Value) -> Result<(Outputs, Diagnostics), Diagnostics> {
        let query: Query = from_value(config)?;
        let mut diagnostics = Diagnostics::new();
        let report = match report::make(&self.shared.get(), &query).await {
            Ok(report) => report,
            Err(mut why) => {
                why.severity = tfplugin::Severity::Warning;
                let report = Report::empty(format!("{}: {}", why.summary, why.detail));
                diagnostics.push(why);
                report
            }
        };
        let outputs = Outputs {
            figures: report.figures(),
            contents: report.contents(),
        };
        Ok((outputs, diagnostics))
    }
}

#[async_trait]
impl DataSource for TrainingReport {
    fn type_name(&self) -> &str {
        "sustainable_training_report"
    }

    fn schema(&self) -> Schema {
        training_report::data_schema()
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        lists::with(|lists| training_report::validate_data(&request.config, lists))
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let answered = self.answer(&request.config).await;
        super::response(request.config, answered)
    }
}
