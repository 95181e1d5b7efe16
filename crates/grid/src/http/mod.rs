//! The little of HTTP that the sources need.

mod base;

pub(crate) use base::Base;
