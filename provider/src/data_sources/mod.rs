//! Data sources. They need no AWS credentials, and they alone ask for live carbon signals.

mod carbon_intensity;
mod instance_types;
mod placement;

pub(crate) use carbon_intensity::CarbonIntensity;
pub(crate) use instance_types::InstanceTypes;
pub(crate) use placement::Placement;
