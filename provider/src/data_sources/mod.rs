//! Data sources. Both answer from the catalogue alone and need no credentials.

mod instance_types;
mod placement;

pub(crate) use instance_types::InstanceTypes;
pub(crate) use placement::Placement;
