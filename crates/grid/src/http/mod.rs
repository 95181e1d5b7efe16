//! The little of HTTP that the sources need: GET, with time limits, repetitions, proxies, and no secret in any
//! word that comes out.

mod base;
mod client;
mod connect;
mod json;
mod reply;

pub(crate) use base::Base;
pub(crate) use client::{Call, Client, Exchange};
pub(crate) use json::{array, field, moment, number, text};
pub(crate) use reply::Reply;
