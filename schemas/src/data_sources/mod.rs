//! Data sources: instance types by efficiency, the decision without a resource, and the intensity of a grid.

pub mod carbon_intensity;
pub mod instance_types;
pub mod placement;
