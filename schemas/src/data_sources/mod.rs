//! Data sources: instance types by efficiency, and the decision without a resource.

pub mod instance_types;
pub mod placement;
