//! The reference pages, written from the declarations.
//!
//! [`pages`] is pure: it takes the examples' text and answers path and content of each page. The binary
//! `sustainable-docs` reads and writes the files.

mod page;
mod values;

use crate::data_sources::{carbon_intensity, instance_types, placement};
use crate::functions::{FUNCTIONS, Function, POLICY_FEATURES};
use crate::refusals::{self, Refusal};
use crate::{ml_training, provider_config, training_dashboard, training_report};
use page::Page;

/// Answers the text of a file under `examples/`, if it exists.
pub type Examples<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A generated page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Path under `docs/`.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Every page.
pub fn pages(examples: Examples<'_>) -> Vec<Generated> {
    let mut all = vec![
        provider(examples),
        training(examples),
        dashboards(examples),
        types(examples),
        places(examples),
        intensity(examples),
        report(examples),
        kept_report(examples),
    ];
    all.extend(
        FUNCTIONS
            .iter()
            .map(|function| self::function(function, examples)),
    );
    all
}

fn provider(examples: Examples<'_>) -> Generated {
    let mut page = Page::index(
        "sustainable Provider",
        "Where, on what and at what price in carbon, energy and money a model is trained: decided in the plan, carried out on AWS SageMaker.",
    );
    page.title("sustainable Provider");
    page.text(include_str!("provider.md"));
    page.example(
        "Example Usage",
        "terraform",
        examples("provider/provider.tf"),
    );
    page.heading("Arguments");
    page.text("All arguments are optional.");
    page.arguments(provider_config::INPUTS, false);
    page.text("The Terraform and OpenTofu releases that the provider is tested with are in its changelog.");
    page.done("index.md")
}

fn training(examples: Examples<'_>) -> Generated {
    let name = "sustainable_ml_training";
    let mut page = Page::new(
        &format!("{name} Resource - sustainable"),
        "Trains a model on SageMaker where and on what it emits, costs or uses least, and shows the numbers in the plan.",
    );
    page.title(&format!("{name} (Resource)"));
    page.text(include_str!("ml_training.md"));
    page.example(
        "Example Usage",
        "terraform",
        examples(&format!("resources/{name}/resource.tf")),
    );
    page.heading("Arguments");
    page.text("What a change of an argument does to a training that exists stands at its end: *replaces* the resource, starts a *new run*, waits for the *next run*, takes effect *in place*, or is read *at destroy*. A default is applied inside: an argument that you leave out stays null in plan and state.");
    page.arguments(ml_training::INPUTS, true);
    page.heading("Attributes");
    page.text("An attribute is shown *in the plan*, filled in *after apply*, or *after a refresh*: status, cost and measurements are read by `terraform refresh` and every later plan, and by an apply with `wait_for_completion`.");
    page.attributes(ml_training::OUTPUTS);
    page.handed_over();
    page.not_yet(refusals::TRAINING);
    page.text(include_str!("ml_training_after.md"));
    page.heading("Import");
    page.text("The arguments come back from the run's manifest, so that the next plan is empty. The manifest holds no values of `environment`: the first apply after an import takes them from the configuration without a new run. A job that this provider did not make comes with what SageMaker tells of it; [switching](../guides/switching.md) says how, and how an `aws_sagemaker_training_job` moves here.");
    page.code("shell", examples(&format!("resources/{name}/import.sh")));
    page.code(
        "terraform",
        examples(&format!("resources/{name}/import-by-identity.tf")),
    );
    page.done("resources/ml_training.md")
}

fn dashboards(examples: Examples<'_>) -> Generated {
    let name = "sustainable_training_dashboard";
    let mut page = Page::new(
        &format!("{name} Resource - sustainable"),
        "One CloudWatch dashboard for many runs.",
    );
    page.title(&format!("{name} (Resource)"));
    page.text(include_str!("training_dashboard.md"));
    page.example(
        "Example Usage",
        "terraform",
        examples(&format!("resources/{name}/resource.tf")),
    );
    page.heading("Arguments");
    page.arguments(training_dashboard::INPUTS, true);
    page.heading("Attributes");
    page.attributes(training_dashboard::OUTPUTS);
    page.heading("Import");
    page.text("What the dashboard was made from stands in it, in a line that CloudWatch does not show, so that the next plan is empty.");
    page.code("shell", examples(&format!("resources/{name}/import.sh")));
    page.done("resources/training_dashboard.md")
}

fn types(examples: Examples<'_>) -> Generated {
    data_source(
        "sustainable_instance_types",
        "Training instance types, the most efficient first.",
        include_str!("instance_types.md"),
        examples,
        |page| {
            page.arguments(instance_types::INPUTS, false);
            page.heading("Attributes");
            page.attributes(instance_types::OUTPUTS);
        },
    )
}

fn places(examples: Examples<'_>) -> Generated {
    data_source(
        "sustainable_placement",
        "The decision of a training, without the training.",
        include_str!("placement.md"),
        examples,
        |page| {
            page.text("They mean what they mean on [`sustainable_ml_training`](../resources/ml_training.md), where rules and defaults are described.");
            page.briefly(&placement::workload());
            page.text("And what is looked up for this decision:");
            page.arguments(placement::LOOKUPS, false);
            page.text("And, for a pipeline of SageMaker's in place of a resource:");
            page.arguments(placement::FURTHER, false);
            page.heading("Attributes");
            page.attributes(placement::OUTPUTS);
            let has = |refusal: &&Refusal| {
                placement::inputs()
                    .iter()
                    .any(|input| input.name == refusal.attribute)
            };
            let refused: Vec<Refusal> = refusals::TRAINING.iter().filter(has).copied().collect();
            page.not_yet(&refused);
        },
    )
}

fn intensity(examples: Examples<'_>) -> Generated {
    data_source(
        "sustainable_carbon_intensity",
        "What a grid emits per kWh: now, in the next hours, or in the last ones.",
        include_str!("carbon_intensity.md"),
        examples,
        |page| {
            page.arguments(carbon_intensity::INPUTS, false);
            page.heading("Attributes");
            page.attributes(carbon_intensity::OUTPUTS);
        },
    )
}

fn report(examples: Examples<'_>) -> Generated {
    data_source(
        "sustainable_training_report",
        "What trainings took: energy, emissions and cost of one run or of many, and what they would have emitted elsewhere.",
        include_str!("training_report.md"),
        examples,
        |page| {
            page.arguments(training_report::QUERY, false);
            page.heading("Attributes");
            page.attributes(training_report::FIGURES);
            page.attributes(training_report::CONTENTS);
        },
    )
}

fn kept_report(examples: Examples<'_>) -> Generated {
    let name = "sustainable_training_report";
    let mut page = Page::new(
        &format!("{name} Resource - sustainable"),
        "Keeps a report of what trainings took in a bucket, as a page and as JSON.",
    );
    page.title(&format!("{name} (Resource)"));
    page.text(include_str!("kept_training_report.md"));
    page.example(
        "Example Usage",
        "terraform",
        examples(&format!("resources/{name}/resource.tf")),
    );
    page.heading("Arguments");
    page.arguments(&training_report::resource_inputs(), true);
    page.heading("Attributes");
    page.attributes(training_report::WRITTEN);
    page.attributes(training_report::FIGURES);
    page.done("resources/training_report.md")
}

fn data_source(
    name: &str,
    description: &str,
    intro: &str,
    examples: Examples<'_>,
    body: impl FnOnce(&mut Page),
) -> Generated {
    let mut page = Page::new(&format!("{name} Data Source - sustainable"), description);
    page.title(&format!("{name} (Data Source)"));
    page.text(intro);
    page.example(
        "Example Usage",
        "terraform",
        examples(&format!("data-sources/{name}/data-source.tf")),
    );
    page.heading("Arguments");
    body(&mut page);
    page.done(&format!(
        "data-sources/{}.md",
        name.trim_start_matches("sustainable_")
    ))
}

fn function(function: &Function, examples: Examples<'_>) -> Generated {
    let name = function.name;
    let mut page = Page::new(&format!("{name} function - sustainable"), function.summary);
    page.title(&format!("function: {name}"));
    page.text(function.description);
    page.example(
        "Example Usage",
        "terraform",
        examples(&format!("functions/{name}/function.tf")),
    );
    page.heading("Signature");
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|one| format!("{} {}", one.name, values::wire_type(&one.kind)))
        .chain(
            function
                .optional
                .map(|one| format!("{} {}...", one.name, values::wire_type(&one.kind))),
        )
        .collect();
    page.code(
        "text",
        Some(format!(
            "{name}({}) {}\n",
            parameters.join(", "),
            values::wire_type(&function.gives)
        )),
    );
    page.heading("Arguments");
    let lines: Vec<String> = function
        .parameters
        .iter()
        .chain(&function.optional)
        .map(|one| {
            format!(
                "- `{}` ({}) {}",
                one.name,
                values::type_name(&one.kind),
                one.says
            )
        })
        .collect();
    page.text(&lines.join("\n"));
    if name == "iam_policy" {
        page.heading("Features");
        let lines: Vec<String> = POLICY_FEATURES
            .iter()
            .map(|(name, what)| format!("- `{name}`: {what}"))
            .collect();
        page.text(&lines.join("\n"));
    }
    page.done(&format!("functions/{name}.md"))
}
