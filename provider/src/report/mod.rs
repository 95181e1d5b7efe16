//! Reports of what trainings took: runs found in a bucket become figures, a page and JSON.
//!
//! Nothing in a report is the time at which it was made: the same answers of AWS give the same bytes.

mod chart;
mod figures;
mod page;

use aws::runs::{self, Wanted};
use schemas::training_report::{Contents, Elsewhere, Figures, Query, Run, Totals};
use serde::Serialize;
use tfplugin::{Attr, Diagnostic};

use crate::configured::Configured;
use crate::settings::known_list;
use crate::text::sentence;

/// By which a document of ours is known.
const GENERATOR: &str = "terraform-provider-sustainable";

/// A report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// What it is about, in words.
    title: String,
    /// The newest moment in it.
    as_of: Option<String>,
    runs: Vec<Run>,
    totals: Totals,
    elsewhere: Vec<Elsewhere>,
    remarks: Vec<String>,
    catalog_version: String,
}

/// Makes a report.
///
/// # Errors
/// The provider block is not known yet, or the bucket cannot be looked into.
pub(crate) async fn make(configured: &Configured, query: &Query) -> Result<Report, Diagnostic> {
    let aws = configured.aws()?;
    let catalog = configured.figures();
    let bucket = query.s3_bucket_name.as_deref().known().unwrap_or_default();
    let region = match query.dataset_region.as_ref().known() {
        Some(region) => region.clone(),
        None => configured
            .region()
            .await
            .known()
            .unwrap_or_else(|| "us-east-1".to_owned()),
    };
    let given = known_list(&query.training_regions);
    let wanted = Wanted {
        bucket,
        region: &region,
        job_name: query.training_job_name.as_deref().known(),
        name_prefix: query.name_prefix.as_deref().known(),
        regions: given.as_deref(),
    };
    let found = runs::find(aws, &wanted).await.map_err(|error| {
        let diagnostic = Diagnostic::warning(error.summary(), error.detail());
        match error.field() {
            Some(_) => diagnostic.at("s3_bucket_name"),
            None => diagnostic,
        }
    })?;
    let compared = known_list(&query.compare_regions);
    let mut report = figures::report(catalog, &found, compared.as_deref(), &region);
    report.title = match (wanted.job_name, wanted.name_prefix) {
        (Some(job), _) => format!("Training job {job} in {bucket}"),
        (None, Some(prefix)) => format!("Trainings {prefix}* in {bucket}"),
        (None, None) => format!("All trainings in {bucket}"),
    };
    if report.runs.is_empty() {
        let remark = format!("No run was found for \"{}\".", report.title);
        report.remarks.insert(0, remark);
    }
    Ok(report)
}

/// Whether a document was written by this provider.
pub(crate) fn is_ours(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    [
        format!("<meta name=\"generator\" content=\"{GENERATOR}\">"),
        format!("\"generator\": \"{GENERATOR}\""),
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

impl Report {
    /// A report that could not be made, and why.
    pub(crate) fn empty(why: String) -> Self {
        Self {
            title: "No report".to_owned(),
            remarks: vec![sentence(&why)],
            ..Self::default()
        }
    }

    /// Totals and remarks.
    pub(crate) fn figures(&self) -> Figures {
        Figures {
            totals: Attr::Known(self.totals.clone()),
            remarks: if self.remarks.is_empty() {
                Attr::Null
            } else {
                Attr::Known(self.remarks.clone())
            },
        }
    }

    /// Runs, other regions, and both forms.
    pub(crate) fn contents(&self) -> Contents {
        Contents {
            runs: Attr::Known(self.runs.clone()),
            elsewhere: Attr::Known(self.elsewhere.clone()),
            json: Attr::Known(self.json()),
            html: Attr::Known(self.html()),
        }
    }

    /// The page.
    pub(crate) fn html(&self) -> String {
        page::page(self)
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            format: u32,
            generator: &'a str,
            title: &'a str,
            as_of: Option<&'a str>,
            catalog_version: &'a str,
            totals: &'a Totals,
            runs: &'a [Run],
            elsewhere: &'a [Elsewhere],
            remarks: &'a [String],
        }
        let document = Document {
            format: 1,
            generator: GENERATOR,
            title: &self.title,
            as_of: self.as_of.as_deref(),
            catalog_version: &self.catalog_version,
            totals: &self.totals,
            runs: &self.runs,
            elsewhere: &self.elsewhere,
            remarks: &self.remarks,
        };
        // Plain structs and text keys: this has a JSON form.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }
}

/// A remark of the search as a line.
fn line(remark: &aws::Remark) -> String {
    let summary = remark.summary.trim_end_matches('.');
    if remark.detail.is_empty() {
        sentence(summary)
    } else {
        format!("{summary}: {}", sentence(&remark.detail))
    }
}
