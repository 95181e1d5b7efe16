//! What a configuration means: the same fields with every default applied.
//!
//! A pure step. Defaults are used here and inside the decision; plan and state keep null where the user wrote nothing.

use std::collections::BTreeMap;
use std::ops::Deref;

use tfplugin::{Attr, Number, Value, ValueError};

use super::{Config, INPUTS};
use crate::declare::{Attribute, Preset};

/// Where the configuration stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// The provider's region.
    pub provider_region: Attr<&'a str>,
}

/// A configuration in which null means "none", not "the default".
///
/// What depends on the decision stays null: `max_runtime_hours`, `max_wait_hours`, `volume_size_gb`, `framework`,
/// `use_spot_instances`, `max_slowdown`, `min_gpu_memory_gb`, `reference_instance_type`.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    value: Value,
    config: Config,
}

impl Deref for Effective {
    type Target = Config;
    fn deref(&self) -> &Config {
        &self.config
    }
}

impl Effective {
    /// Applies the defaults to a configuration, raw as Terraform sends it.
    ///
    /// # Errors
    /// When the value does not have the schema's shape.
    pub fn of(config: &Value, surroundings: Surroundings<'_>) -> Result<Self, ValueError> {
        let mut value = config.clone();
        for input in INPUTS {
            if value.get(input.name).is_null()
                && let Some(preset) = fixed(input)
            {
                value.set(input.name, preset);
            }
        }
        let mut config: Config = Config::read(&value)?;
        derive(&mut config, surroundings);
        Ok(Self { value, config })
    }

    /// What is handed to the training code: variable to value. Settings without a value, and details of a technique
    /// that is not asked for, are left out.
    pub fn handed_over(&self) -> BTreeMap<String, Attr<String>> {
        INPUTS
            .iter()
            .filter(|input| input.handed_over)
            .filter_map(|input| Some((input.variable(), self.handed(input)?)))
            .collect()
    }

    fn handed(&self, input: &Attribute) -> Option<Attr<String>> {
        match input.name {
            "early_stopping_patience" => {
                with(&self.enable_early_stopping, &self.early_stopping_patience)
            }
            "checkpoint_local_path" => {
                with(&self.supports_checkpointing, &self.checkpoint_local_path)
            }
            "target_model_size_reduction" => with(
                &self.enable_model_compression,
                &self.target_model_size_reduction,
            ),
            _ => match self.value.get(input.name) {
                Value::Unknown => Some(Attr::Unknown),
                Value::Bool(flag) => Some(Attr::Known(flag.to_string())),
                Value::Number(number) => Some(Attr::Known(number.to_string())),
                Value::String(text) => Some(Attr::Known(text.clone())),
                _ => None,
            },
        }
    }
}

/// A detail of a technique, when the technique is asked for.
fn with<T: ToString>(technique: &Attr<bool>, detail: &Attr<T>) -> Option<Attr<String>> {
    match (technique, detail) {
        (Attr::Unknown, _) | (Attr::Known(true), Attr::Unknown) => Some(Attr::Unknown),
        (Attr::Known(true), Attr::Known(detail)) => Some(Attr::Known(detail.to_string())),
        _ => None,
    }
}

/// The default, where it is a fixed value.
fn fixed(input: &Attribute) -> Option<Value> {
    match input.preset {
        Preset::Bool(flag) => Some(Value::Bool(flag)),
        Preset::Whole(number) => Some(number.into()),
        Preset::Number(number) => Number::from_f64(number).map(Value::Number),
        Preset::Text(text) => Some(text.into()),
        Preset::Absent | Preset::Derived(_) => None,
    }
}

/// Defaults that depend on other inputs. An unknown input makes what is derived from it unknown.
fn derive(config: &mut Config, surroundings: Surroundings<'_>) {
    if config.dataset_region.is_null() {
        config.dataset_region = surroundings.provider_region.map(str::to_owned);
    }
    if config.keep_alive_minutes.is_null() {
        config.keep_alive_minutes = kept_warm(&config.enable_model_caching);
    }
    if config.early_stopping_patience.is_null() {
        config.early_stopping_patience = Attr::Known(5);
    }
    let listed = config
        .preferred_training_regions
        .as_ref()
        .map(|_| true)
        .or(false);
    if config.allow_companion_bucket.is_null() {
        config.allow_companion_bucket = listed;
    }
    if config.data_residency.is_null() {
        config.data_residency =
            listed.map(|listed| if listed { "any" } else { "region" }.to_owned());
    }
    if config.enable_cross_region_training == Attr::Known(false) {
        config.data_residency = Attr::Known("region".to_owned());
    }
    if config.output_compression.is_null() {
        config.output_compression = config.model_type.as_deref().map(|kind| {
            if kind == "generative_ai" {
                "NONE"
            } else {
                "GZIP"
            }
            .to_owned()
        });
    }
}

/// `keep_alive_minutes` that `enable_model_caching` stands for.
pub fn kept_warm(caching: &Attr<bool>) -> Attr<i64> {
    match caching {
        Attr::Unknown => Attr::Unknown,
        Attr::Known(true) => Attr::Known(30),
        _ => Attr::Known(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(set: &[(&str, Value)]) -> Effective {
        let config = Value::object(set.iter().map(|(name, value)| (*name, value.clone())));
        Effective::of(
            &config,
            Surroundings {
                provider_region: Attr::Known("us-east-1"),
            },
        )
        .unwrap()
    }

    #[test]
    fn defaults_follow_from_other_inputs() {
        let regions = Value::Seq(vec!["eu-north-1".into()]);
        let plain = effective(&[("model_type", "time_series".into())]);
        assert_eq!(plain.dataset_region, Attr::Known("us-east-1".into()));
        assert_eq!(plain.data_residency, Attr::Known("region".into()));
        assert_eq!(plain.allow_companion_bucket, Attr::Known(false));
        assert_eq!(plain.output_compression, Attr::Known("GZIP".into()));
        assert_eq!(
            (&plain.max_slowdown, &plain.use_spot_instances),
            (&Attr::Null, &Attr::Null)
        );

        let listed = effective(&[
            ("model_type", "generative_ai".into()),
            ("preferred_training_regions", regions.clone()),
        ]);
        assert_eq!(listed.data_residency, Attr::Known("any".into()));
        assert_eq!(listed.allow_companion_bucket, Attr::Known(true));
        assert_eq!(listed.output_compression, Attr::Known("NONE".into()));

        let home = effective(&[
            ("preferred_training_regions", regions),
            ("enable_cross_region_training", false.into()),
        ]);
        assert_eq!(home.data_residency, Attr::Known("region".into()));

        let unknown = effective(&[
            ("model_type", Value::Unknown),
            ("preferred_training_regions", Value::Unknown),
        ]);
        assert_eq!(unknown.data_residency, Attr::Unknown);
    }

    #[test]
    fn the_reference_page_names_the_catalogues_reference_types() {
        let input = INPUTS
            .iter()
            .find(|input| input.name == "reference_instance_type")
            .unwrap();
        let Preset::Derived(text) = input.preset else {
            panic!("{:?}", input.preset);
        };
        let [tables, others] = ["tabular_data", "natural_language"].map(catalog::reference_type);
        assert_eq!(
            text,
            format!("{others}; {tables} for tabular_data and time_series")
        );
        assert_eq!(catalog::reference_type("time_series"), tables);
    }

    #[test]
    fn only_settings_with_a_value_are_handed_over() {
        let names = |config: &Effective| config.handed_over().into_keys().collect::<Vec<_>>();
        assert_eq!(
            names(&effective(&[])),
            [
                "SUSTAINABLE_CHECKPOINT_FREQUENCY_MINUTES",
                "SUSTAINABLE_COMPUTE_OPTIMIZATION",
                "SUSTAINABLE_ENABLE_MODEL_COMPRESSION",
                "SUSTAINABLE_NUM_DATA_LOADER_WORKERS",
                "SUSTAINABLE_SUPPORTS_CHECKPOINTING",
                "SUSTAINABLE_TRAINING_STRATEGY",
            ]
        );
        let asked = effective(&[
            ("enable_early_stopping", true.into()),
            ("enable_model_compression", Value::Unknown),
        ]);
        let given = asked.handed_over();
        assert_eq!(
            given["SUSTAINABLE_EARLY_STOPPING_PATIENCE"],
            Attr::Known("5".into())
        );
        assert_eq!(
            given["SUSTAINABLE_TARGET_MODEL_SIZE_REDUCTION"],
            Attr::Unknown
        );
    }
}
