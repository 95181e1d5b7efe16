//! Function calls.

use super::{registry::Registry, wire};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    pb::tfplugin6 as pb,
    provider::{FunctionError, Signature},
    value::{Type, Value},
};

pub(super) async fn call(
    registry: &Registry,
    request: pb::call_function::Request,
) -> Result<pb::call_function::Response, Diagnostics> {
    let outcome = outcome(registry, request).await;
    Ok(outcome.unwrap_or_else(|error| pb::call_function::Response {
        result: None,
        error: Some(pb::FunctionError {
            text: error.text,
            function_argument: error.argument.and_then(|index| index.try_into().ok()),
        }),
    }))
}

async fn outcome(
    registry: &Registry,
    request: pb::call_function::Request,
) -> Result<pb::call_function::Response, FunctionError> {
    let name = &request.name;
    let entry = registry.functions().get(name).ok_or_else(|| {
        FunctionError::new(format!(
            "this version of the provider has no function {name:?}"
        ))
    })?;
    let signature = entry.signature();
    let arguments = arguments(signature, &request.arguments)?;
    let result = entry.function.call(arguments).await?;
    let result = wire::encode(&result, &signature.returns).map_err(|error| {
        FunctionError::new(format!(
            "the provider has a bug: the result of {name} does not fit its signature: {error}"
        ))
    })?;
    Ok(pb::call_function::Response {
        result: Some(result),
        error: None,
    })
}

/// The arguments, each read as its parameter says; those beyond the last are variadic.
fn arguments(
    signature: &Signature,
    sent: &[pb::DynamicValue],
) -> Result<Vec<Value>, FunctionError> {
    let parameters = &signature.parameters;
    if sent.len() < parameters.len() {
        let (found, wanted) = (sent.len(), parameters.len());
        return Err(FunctionError::new(format!(
            "{found} arguments were given; {wanted} are needed"
        )));
    }
    let read = |(index, argument): (usize, &pb::DynamicValue)| {
        let parameter = parameters.get(index).or(signature.variadic.as_ref());
        let ty: &Type = match parameter {
            Some(parameter) => &parameter.ty,
            None => return Err(FunctionError::argument(index, "is one argument too many")),
        };
        wire::decode(Some(argument), ty)
            .map_err(|error| FunctionError::argument(index, error.to_string()))
    };
    sent.iter().enumerate().map(read).collect()
}

/// The answer of a failed call.
pub(super) fn failed(diagnostics: Diagnostics) -> pb::call_function::Response {
    let texts = diagnostics.into_iter().map(
        |Diagnostic {
             summary, detail, ..
         }| { format!("{summary}: {detail}") },
    );
    let text = texts.collect::<Vec<_>>().join("\n");
    pb::call_function::Response {
        result: None,
        error: Some(pb::FunctionError {
            text,
            function_argument: None,
        }),
    }
}
