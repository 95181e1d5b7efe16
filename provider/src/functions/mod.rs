//! Functions: pure, no AWS, no configuration. Names, parameters and words come from `schemas`; here is what they do.

mod markdown;
mod mean;

use std::sync::Arc;

use catalog::Catalog;
use planner::{GramsPerKwh, Hours, Kwh};
use tfplugin::{
    Function, FunctionError, Number, Parameter, Signature, Value, async_trait, from_value,
};

use crate::text::three;

/// A plan whose decision is not known, or that was tolerated without one, has these null.
const NULLABLE: [&str; 4] = ["summary", "estimate", "baseline", "candidates"];

type Body = fn(&[Value]) -> Result<Value, FunctionError>;

/// Every function that `schemas` declares.
pub(crate) fn all() -> Vec<Arc<dyn Function>> {
    schemas::functions::FUNCTIONS
        .iter()
        .filter_map(|declared| {
            Some(Arc::new(Declared {
                declared,
                body: body(declared.name)?,
            }) as Arc<dyn Function>)
        })
        .collect()
}

fn body(name: &str) -> Option<Body> {
    Some(match name {
        "grid_zone" => grid_zone,
        "emissions_kg" => emissions_kg,
        "energy_kwh" => energy_kwh,
        "mean_intensity" => mean::mean_intensity,
        "plan_markdown" => markdown::plan_markdown,
        "iam_policy" => iam_policy,
        _ => return None,
    })
}

struct Declared {
    declared: &'static schemas::functions::Function,
    body: Body,
}

#[async_trait]
impl Function for Declared {
    fn name(&self) -> &str {
        self.declared.name
    }

    fn signature(&self) -> Signature {
        let parameters = self
            .declared
            .parameters
            .iter()
            .map(|parameter| {
                let declared = Parameter::new(parameter.name, schemas::type_of(&parameter.kind))
                    .describe(parameter.says);
                if NULLABLE.contains(&parameter.name) {
                    declared.allow_null()
                } else {
                    declared
                }
            })
            .collect();
        let signature = Signature::new(parameters, schemas::type_of(&self.declared.gives))
            .describe(self.declared.summary, self.declared.description);
        match &self.declared.optional {
            Some(optional) => signature.variadic(
                Parameter::new(optional.name, schemas::type_of(&optional.kind))
                    .describe(optional.says),
            ),
            None => signature,
        }
    }

    async fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        (self.body)(&arguments)
    }
}

fn text(arguments: &[Value], index: usize) -> &str {
    arguments
        .get(index)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn number(arguments: &[Value], index: usize) -> f64 {
    arguments
        .get(index)
        .and_then(Value::as_f64)
        .unwrap_or_default()
}

fn at_least_nought(arguments: &[Value], index: usize, name: &str) -> Result<f64, FunctionError> {
    let value = number(arguments, index);
    if value < 0.0 {
        return Err(FunctionError::argument(
            index,
            format!("{name} is {value}; it has to be 0 or more"),
        ));
    }
    Ok(value)
}

/// Terraform puts a full stop behind the text of a function's error.
fn fragment(why: &str) -> &str {
    why.trim_end().trim_end_matches('.')
}

fn figure(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn grid_zone(arguments: &[Value]) -> Result<Value, FunctionError> {
    planner::grid_zone(Catalog::embedded(), text(arguments, 0))
        .map(Value::from)
        .map_err(|why| FunctionError::argument(0, fragment(&why)))
}

fn emissions_kg(arguments: &[Value]) -> Result<Value, FunctionError> {
    let energy = at_least_nought(arguments, 0, "kwh")?;
    let intensity = at_least_nought(arguments, 1, "gco2_per_kwh")?;
    Ok(figure(
        planner::emissions_kg(Kwh(energy), GramsPerKwh(intensity)).get(),
    ))
}

fn energy_kwh(arguments: &[Value]) -> Result<Value, FunctionError> {
    let hours = at_least_nought(arguments, 1, "hours")?;
    let load = arguments.get(2).and_then(Value::as_f64);
    planner::energy_kwh(Catalog::embedded(), text(arguments, 0), Hours(hours), load)
        .map(|energy| figure(three(energy.get())))
        .map_err(|why| FunctionError::new(fragment(&why)))
}

fn iam_policy(arguments: &[Value]) -> Result<Value, FunctionError> {
    let features: Vec<String> = from_value(arguments.first().unwrap_or(&Value::Null))?;
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let partition = match arguments.get(1) {
        None => "aws",
        Some(given) => given.as_str().unwrap_or_default(),
    };
    if !aws::policy::PARTITIONS.contains(&partition) || arguments.len() > 2 {
        let legal = aws::policy::PARTITIONS.join(", ");
        return Err(FunctionError::argument(
            1,
            format!("after the features comes one partition at most; legal are {legal}"),
        ));
    }
    aws::policy::iam_policy(&features, partition)
        .map(Value::from)
        .map_err(|why| FunctionError::argument(0, fragment(&why)))
}

#[cfg(test)]
mod tests {
    use super::{all, body};

    #[test]
    fn every_declared_function_has_a_body() {
        assert_eq!(all().len(), schemas::functions::FUNCTIONS.len());
        assert!(body("unheard_of").is_none());
    }

    #[test]
    fn the_documented_policy_features_are_those_that_exist() {
        let documented: Vec<_> = schemas::functions::POLICY_FEATURES
            .iter()
            .map(|(name, _)| *name)
            .collect();
        let existing: Vec<_> = aws::policy::FEATURES
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(documented, existing);
    }
}
