//! One page in the registry's layout.

use super::Generated;
use super::values::{default, legal, type_name};
use crate::declare::{Attribute, Class, Kind, Known, Need};
use crate::ml_training;
use crate::refusals::{self, Refusal};

/// A page while it is written.
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins with the front matter that the registry reads.
    pub(super) fn new(title: &str, description: &str) -> Self {
        Self {
            text: format!(
                "---\npage_title: \"{title}\"\nsubcategory: \"\"\ndescription: |-\n  {description}\n---\n"
            ),
        }
    }

    /// The provider's own page, which stands above all categories.
    pub(super) fn index(title: &str, description: &str) -> Self {
        Self {
            text: format!("---\npage_title: \"{title}\"\ndescription: |-\n  {description}\n---\n"),
        }
    }

    pub(super) fn title(&mut self, title: &str) {
        self.text(&format!("# {title}"));
    }

    pub(super) fn heading(&mut self, heading: &str) {
        self.text(&format!("## {heading}"));
    }

    /// A paragraph or several.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push('\n');
        self.text.push_str(text.trim());
        self.text.push('\n');
    }

    /// A fenced block, when there is something to show.
    pub(super) fn code(&mut self, language: &str, code: Option<String>) {
        if let Some(code) = code {
            self.text(&format!("```{language}\n{}\n```", code.trim_end()));
        }
    }

    /// A heading with a fenced block, when there is something to show.
    pub(super) fn example(&mut self, heading: &str, language: &str, code: Option<String>) {
        if code.is_some() {
            self.heading(heading);
            self.code(language, code);
        }
    }

    /// What users set, by section.
    pub(super) fn arguments(&mut self, attributes: &[Attribute], classes: bool) {
        self.sections(attributes, |attribute| argument(attribute, classes, 0));
    }

    /// What the provider sets, by section.
    pub(super) fn attributes(&mut self, attributes: &[Attribute]) {
        let marked = attributes
            .iter()
            .any(|attribute| attribute.known != Known::InPlan);
        self.sections(attributes, |attribute| output(attribute, marked, 0));
    }

    /// What users set, a line each.
    pub(super) fn briefly(&mut self, attributes: &[Attribute]) {
        self.sections(attributes, |attribute| {
            let required = if attribute.need == Need::Required {
                ", required"
            } else {
                ""
            };
            format!(
                "- `{}` ({}{required}) {}\n",
                attribute.name,
                type_name(&attribute.kind),
                attribute.short
            )
        });
    }

    fn sections(&mut self, attributes: &[Attribute], line: impl Fn(&Attribute) -> String) {
        let mut section = "";
        let mut lines = String::new();
        for attribute in attributes {
            if attribute.section != section {
                if !lines.is_empty() {
                    self.text(&lines);
                    lines.clear();
                }
                section = attribute.section;
                self.text(&format!("### {section}"));
            }
            lines.push_str(&line(attribute));
        }
        self.text(&lines);
    }

    /// Settings that reach the training code.
    pub(super) fn handed_over(&mut self) {
        self.heading("Environment of the training code");
        self.text("These settings reach the training code as environment variables, and the code has to honour them: the [training contract](../guides/training-contract.md) says how, with a script that does. A setting without a value is not passed. `SUSTAINABLE_COMPRESSED_URI` says where a compressed model goes, and `SUSTAINABLE_CHECKPOINT_URI` where the checkpoint folder is copied to.");
        let lines: Vec<String> = ml_training::handed_over()
            .map(|input| format!("- `{}`: `{}`", input.variable(), input.name))
            .collect();
        self.text(&lines.join("\n"));
    }

    /// Values that are refused.
    pub(super) fn not_yet(&mut self, refusals: &[Refusal]) {
        self.heading("Not yet");
        self.text("These values are part of the design and refused by the plan until their part is there.");
        let lines: Vec<String> = refusals
            .iter()
            .map(|refusal| {
                format!(
                    "- {} {}",
                    refused_value(refusal),
                    refusal.sentence.replace('|', "\\|")
                )
            })
            .collect();
        self.text(&lines.join("\n"));
    }

    /// Ends the page.
    pub(super) fn done(self, path: &str) -> Generated {
        Generated {
            path: path.to_owned(),
            text: self.text,
        }
    }
}

fn refused_value(refusal: &Refusal) -> String {
    let name = refusal.attribute;
    let each: Vec<String> = refusal
        .values
        .iter()
        .map(|value| format!("`{name} = \"{value}\"`"))
        .collect();
    format!("{}:", each.join(", "))
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Replace => "*Replaces.*",
        Class::Run => "*New run.*",
        Class::Decision => "*Next run.*",
        Class::InPlace => "*In place.*",
        Class::DestroyTime => "*At destroy.*",
    }
}

/// Whether this value of the attribute is refused.
fn refused_choice(attribute: &Attribute, value: &str) -> bool {
    refusals::TRAINING
        .iter()
        .any(|refusal| refusal.attribute == attribute.name && refusal.values.contains(&value))
}

fn argument(attribute: &Attribute, classes: bool, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut marks = vec![type_name(&attribute.kind)];
    if attribute.need == Need::Required {
        marks.push("required".into());
    }
    if attribute.sensitive {
        marks.push("sensitive".into());
    }
    let mut sentences = vec![attribute.short.to_owned()];
    sentences.extend(legal(&attribute.kind));
    sentences.extend(default(attribute));
    if !attribute.more.is_empty() {
        sentences.push(attribute.more.to_owned());
    }
    let fields = match attribute.kind {
        Kind::Object(fields)
        | Kind::Objects(fields)
        | Kind::Block(fields)
        | Kind::ObjectMap { of: fields, .. } => fields,
        _ => &[],
    };
    // What the provider fills in stands among the attributes already, most of it.
    let filled_in = !fields.is_empty() && fields.iter().all(|field| field.need == Need::Computed);
    let told = ml_training::OUTPUTS
        .iter()
        .any(|output| output.name == attribute.name);
    if filled_in && told {
        sentences.push(format!(
            "The fields of the attribute [`{}`](#the-decision).",
            attribute.name
        ));
    }
    if classes && depth == 0 {
        sentences.push(class(attribute.class).to_owned());
    }
    let mut text = format!(
        "{indent}- `{}` ({}) {}\n",
        attribute.name,
        marks.join(", "),
        sentences.join(" ")
    );
    if let Kind::OneOf(choices) = &attribute.kind {
        for (value, meaning) in *choices {
            let not_yet = if classes && refused_choice(attribute, value) {
                " ([not yet](#not-yet))"
            } else {
                ""
            };
            text.push_str(&format!("{indent}  - `{value}`: {meaning}{not_yet}\n"));
        }
    }
    if !(filled_in && told) {
        for field in fields {
            text.push_str(&argument(field, classes, depth + 1));
        }
    }
    text
}

fn known(attribute: &Attribute) -> &'static str {
    match attribute.known {
        Known::InPlan => " *In the plan.*",
        Known::InLaterPlans => " *After apply; in the plan of a later run.*",
        Known::AfterApply => " *After apply.*",
        Known::AfterRefresh => " *After a refresh.*",
    }
}

fn output(attribute: &Attribute, marked: bool, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let more = if attribute.more.is_empty() {
        String::new()
    } else {
        format!(" {}", attribute.more)
    };
    let (fields, range): (&[Attribute], bool) = match attribute.kind {
        Kind::Object(fields) | Kind::Objects(fields) => {
            (fields, fields.len() == 3 && fields[0].name == "value")
        }
        _ => (&[], false),
    };
    let kind = if range {
        "`value`, `low`, `high`".to_owned()
    } else {
        type_name(&attribute.kind)
    };
    let mark = if marked && depth == 0 {
        known(attribute)
    } else {
        ""
    };
    let mut text = format!(
        "{indent}- `{}` ({kind}) {}{more}{mark}\n",
        attribute.name, attribute.short
    );
    if !range {
        for field in fields {
            text.push_str(&output(field, marked, depth + 1));
        }
    }
    text
}
