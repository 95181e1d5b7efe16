//! From the value that Terraform sends to [`Config`].

use tfplugin::{Value, ValueError, from_value};

use super::{Config, INPUTS};
use crate::declare::{Attribute, Kind, Need};

impl Config {
    /// Reads a configuration, whatever of it is unknown.
    ///
    /// Objects are held as plain structs where they stand in a map or are filled in by the provider. One that is
    /// unknown, or holds something unknown, makes the whole attribute unknown.
    ///
    /// # Errors
    /// When the value does not have the schema's shape.
    pub fn read(value: &Value) -> Result<Self, ValueError> {
        if value.is_wholly_known() {
            return from_value(value);
        }
        let mut value = value.clone();
        settle(&mut value, INPUTS);
        from_value(&value)
    }
}

fn settle(object: &mut Value, attributes: &[Attribute]) {
    for attribute in attributes {
        let held = object.get(attribute.name);
        if held.is_null() || held.is_wholly_known() {
            continue;
        }
        let settled = match attribute.kind {
            Kind::ObjectMap { of, .. } => entries(held, of),
            Kind::Object(fields) if fields.iter().all(|field| field.need == Need::Computed) => {
                Value::Unknown
            }
            Kind::Object(fields) | Kind::Block(fields) => {
                let mut inner = held.clone();
                if matches!(inner, Value::Map(_)) {
                    settle(&mut inner, fields);
                }
                inner
            }
            _ => continue,
        };
        object.set(attribute.name, settled);
    }
}

/// A map of objects, or unknown when one of them is.
fn entries(held: &Value, fields: &[Attribute]) -> Value {
    let Value::Map(entries) = held else {
        return held.clone();
    };
    if entries.values().any(Value::is_unknown) {
        return Value::Unknown;
    }
    Value::object(entries.iter().map(|(key, entry)| {
        let mut entry = entry.clone();
        settle(&mut entry, fields);
        (key, entry)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_configuration_may_be_unknown() {
        let object = |fields: &[(&str, Value)]| Value::object(fields.iter().cloned());
        let unknown = || Value::Unknown;
        for (attribute, value, is_unknown) in [
            ("regional", object(&[("eu-north-1", unknown())]), true),
            (
                "regional",
                object(&[("eu-north-1", object(&[("kms_key_arn", unknown())]))]),
                false,
            ),
            (
                "regional",
                object(&[("eu-north-1", object(&[("vpc_config", unknown())]))]),
                false,
            ),
            (
                "input_channels",
                object(&[("train", object(&[("s3_uri", unknown())]))]),
                false,
            ),
            (
                "input_channels",
                object(&[("train", object(&[("file_system", unknown())]))]),
                false,
            ),
            (
                "vpc_config",
                object(&[("subnets", Value::Seq(vec![unknown()]))]),
                false,
            ),
            ("hyperparameters", object(&[("epochs", unknown())]), false),
            (
                "placement",
                object(&[("estimate", object(&[("energy_kwh", unknown())]))]),
                false,
            ),
            ("timeouts", object(&[("create", unknown())]), false),
        ] {
            let config = Value::object([(attribute, value)]);
            let read = Config::read(&config).unwrap_or_else(|error| panic!("{attribute}: {error}"));
            let again = tfplugin::to_value(&read).unwrap();
            assert_eq!(again.get(attribute).is_unknown(), is_unknown, "{attribute}");
        }
    }
}
