//! `sustainable_ml_training`: its declarations, and what follows from them.

mod effective;
pub(crate) mod inputs;
mod nested;
pub mod outputs;
mod reading;
mod rules;
mod tracking;
mod workload;

use tfplugin::{Diagnostics, IdentityAttribute, IdentitySchema, Schema, Value};

pub use effective::{Effective, Surroundings, kept_warm};
pub use inputs::{Config, INPUTS, MAX_RUN_HOURS};
pub use nested::{
    EXPERIMENT, Experiment, FILE_SYSTEM, FileSystem, INPUT_CHANNEL, InputChannel, MAX_TAGS,
    PLACEMENT, Placement, REGIONAL, Regional, TIMEOUTS, TextMap, Texts, Timeouts, VPC_CONFIG,
    VpcConfig, tags,
};
pub use outputs::{
    Baseline, Breakdown, Efficiency, Estimate, Measured, OUTPUTS, Outputs, Price, Range, Savings,
    Signal,
};
pub use rules::{needs_pipe, too_many_tags};
pub use workload::check_workload;

use crate::declare::Attribute;
pub use crate::declare::{Class, Known};
use crate::{Lists, check, protocol, refusals, report};

/// The protocol schema.
pub fn resource_schema() -> Schema {
    protocol::schema(0, &[INPUTS, OUTPUTS])
}

/// What tells one training from every other.
pub fn identity_schema() -> IdentitySchema {
    IdentitySchema::new(vec![
        IdentityAttribute::string("s3_bucket_name").describe("The data bucket."),
        IdentityAttribute::string("name").describe("Name of the training."),
    ])
}

/// Everything that can be said without AWS: legal values, rules over several attributes, refusals.
pub fn validate(config: &Value, lists: &Lists<'_>) -> Diagnostics {
    let mut found = check::object(config, INPUTS, lists);
    check::and_where_legal(&mut found, |further| {
        refusals::check(config, refusals::TRAINING, further);
        if let Ok(typed) = Config::read(config) {
            workload::check(&typed, lists, further);
            rules::check(&typed, lists, further);
        }
    });
    report::findable(found, INPUTS)
}

/// The declaration of an input.
pub fn input(name: &str) -> Option<&'static Attribute> {
    INPUTS.iter().find(|input| input.name == name)
}

/// Whether users may set the attribute.
pub fn is_input(name: &str) -> bool {
    input(name).is_some()
}

/// What a change of an input does; none for what only the provider sets, and for `placement`, whose value is the
/// decision in force.
pub fn class_of(name: &str) -> Option<Class> {
    input(name)
        .filter(|input| input.name != "placement")
        .map(|input| input.class)
}

/// Outputs that become known at that time.
pub fn outputs_known(when: Known) -> impl Iterator<Item = &'static str> {
    OUTPUTS
        .iter()
        .filter(move |output| output.known == when)
        .map(|output| output.name)
}

/// Inputs that are handed to the training code; [`Attribute::variable`] names the variable.
pub fn handed_over() -> impl Iterator<Item = &'static Attribute> {
    INPUTS.iter().filter(|input| input.handed_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_pass_terraforms_own_checks() {
        for schema in [
            resource_schema(),
            crate::provider_config::schema(),
            crate::data_sources::instance_types::schema(),
            crate::data_sources::placement::schema(),
            crate::data_sources::carbon_intensity::schema(),
            crate::training_dashboard::schema(),
        ] {
            assert_eq!(schema.problems(), Vec::<String>::new());
        }
        assert_eq!(identity_schema().problems(), Vec::<String>::new());
    }

    #[test]
    fn what_is_unknown_or_absent_is_no_mistake() {
        for value in [Value::Null, Value::Unknown] {
            let config = Value::object(INPUTS.iter().map(|input| (input.name, value.clone())));
            let errors: Vec<_> = validate(&config, &Lists::default())
                .into_iter()
                .filter(|one| one.is_error())
                .collect();
            assert_eq!(errors, []);
        }
        // One unknown member must not hide what is wrong with its neighbour.
        let list = Value::Seq(vec![Value::Unknown, "eu-nort-1".into()]);
        let regions = [crate::Region {
            name: "eu-north-1",
            partition: "aws",
        }];
        let lists = Lists {
            regions: &regions,
            instance_types: &[],
        };
        let config = Value::object([("preferred_training_regions", list)]);
        assert!(validate(&config, &lists).has_errors());
    }

    #[test]
    fn no_value_of_any_shape_ends_in_a_panic() {
        let shapes = || {
            let text = [
                "",
                "\0",
                "s3://",
                "arn:",
                "arn:aws:kms:::",
                "ml.",
                "ü".repeat(3000).as_str(),
                "1h1",
                "9".repeat(400).as_str(),
            ]
            .map(Value::from)
            .to_vec();
            let numbers = ["-1e400", "1e-400", "0.1", "18446744073709551616"]
                .map(|text| Value::Number(text.parse().unwrap()));
            let nested = [
                Value::Seq(vec![Value::Null, Value::Unknown, "x".into()]),
                Value::object([("", Value::Null), ("x", Value::Unknown), ("ü", "x".into())]),
                Value::object([(
                    "x",
                    Value::object(
                        [("kms_key_arn", "arn:x"), ("s3_uri", "s3://")]
                            .map(|(k, v)| (k, Value::from(v))),
                    ),
                )]),
            ];
            [
                text,
                numbers.to_vec(),
                nested.to_vec(),
                vec![Value::Bool(true)],
            ]
            .concat()
        };
        for input in INPUTS {
            for value in shapes() {
                let config = Value::object([(input.name, value)]);
                let _ = validate(&config, &Lists::default());
                let _ = Effective::of(&config, Surroundings::default());
            }
        }
    }
}
