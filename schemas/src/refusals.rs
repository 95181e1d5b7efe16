//! Values whose effect does not exist yet. They are refused when a plan is made, never accepted and ignored.
//!
//! This is the only list of them: an entry goes when its part lands. The reference pages read it.

use tfplugin::{Diagnostics, Path, Value};

use crate::report::error;

/// One refusal.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// The attribute.
    pub attribute: &'static str,
    /// Which of its values.
    pub values: &'static [&'static str],
    /// One sentence for people.
    pub sentence: &'static str,
}

/// Refused in `sustainable_ml_training`, and in `data.sustainable_placement` as far as it has the attribute.
pub static TRAINING: &[Refusal] = &[
    Refusal {
        attribute: "training_strategy",
        values: &["federated_learning"],
        sentence: "Federated learning over several regions is not available yet: one training is one job in one region.",
    },
    Refusal {
        attribute: "spot_interruption_behavior",
        values: &["stop", "on_demand"],
        sentence: "Only \"checkpoint\" is available yet: SageMaker restarts a reclaimed run from its last checkpoint.",
    },
];

/// Adds an error for each value that is refused.
pub(crate) fn check(config: &Value, refusals: &[Refusal], found: &mut Diagnostics) {
    for refusal in refusals {
        let at = Path::root(refusal.attribute);
        let value = config.get(refusal.attribute);
        if value
            .as_str()
            .is_some_and(|text| refusal.values.contains(&text))
        {
            found.push(refused(at, refusal));
        }
    }
}

fn refused(at: Path, refusal: &Refusal) -> tfplugin::Diagnostic {
    error(
        at.clone(),
        format!("{at} is not available yet"),
        refusal.sentence,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_an_attribute_that_exists() {
        for refusal in TRAINING {
            let name = refusal.attribute;
            let inputs = crate::ml_training::INPUTS;
            assert!(inputs.iter().any(|input| input.name == name), "{name}");
            assert!(refusal.sentence.ends_with('.'), "{name}");
        }
    }
}
