//! Data sources. They need no AWS credentials, and they alone ask for live carbon signals.

mod carbon_intensity;
mod instance_types;
mod placement;

use serde::Serialize;
use tfplugin::{DataSourceReadResponse, Diagnostics, Value, to_value};

use crate::object::object;

pub(crate) use carbon_intensity::CarbonIntensity;
pub(crate) use instance_types::InstanceTypes;
pub(crate) use placement::Placement;

/// What was configured together with the outputs, or as it is beside the errors.
fn response<T: Serialize>(
    config: Value,
    answered: Result<(T, Diagnostics), Diagnostics>,
) -> DataSourceReadResponse {
    let together = answered.and_then(|(outputs, diagnostics)| {
        let mut state = config.clone();
        for (name, value) in object(&to_value(&outputs)?) {
            state.set(name, value);
        }
        Ok(DataSourceReadResponse { state, diagnostics })
    });
    together.unwrap_or_else(|diagnostics| DataSourceReadResponse {
        state: config,
        diagnostics,
    })
}
