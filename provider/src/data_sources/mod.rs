//! Data sources. They alone ask for live carbon signals; AWS is asked for runs to report on, and where a placement wants live
//! prices or quotas.

mod carbon_intensity;
mod instance_types;
mod placement;
mod training_report;

use serde::Serialize;
use tfplugin::{DataSourceReadResponse, Diagnostics, Value, to_value};

use crate::object::object;

pub(crate) use carbon_intensity::CarbonIntensity;
pub(crate) use instance_types::InstanceTypes;
pub(crate) use placement::Placement;
pub(crate) use training_report::TrainingReport;

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
