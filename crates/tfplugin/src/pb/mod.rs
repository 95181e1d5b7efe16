//! The messages of the protocol, generated from `proto/` and committed (pitfall P25).

/// The service that ends a plugin.
#[rustfmt::skip]
pub(crate) mod plugin;
/// Plugin protocol 6.
#[rustfmt::skip]
pub(crate) mod tfplugin6;
