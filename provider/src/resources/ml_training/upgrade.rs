//! States of older schemas of `sustainable_ml_training`.
//!
//! So far every change of the schema was an attribute that came: a state that lacks it is read with null there, and no
//! conversion is needed. An attribute that is renamed or changes its meaning gets an entry here, and the schema the next
//! version; `tests/e2e/states/` gets a state of the version that goes.

use tfplugin::Upgrades;

/// The conversions, oldest first.
pub(crate) const UPGRADES: Upgrades = Upgrades(&[]);

#[cfg(test)]
mod tests {
    use super::UPGRADES;

    #[test]
    fn each_version_of_the_schema_has_its_conversion() {
        let schema = schemas::ml_training::resource_schema();
        assert_eq!(schema.version, UPGRADES.version());
    }
}
