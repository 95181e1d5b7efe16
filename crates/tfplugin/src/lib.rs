#![doc = include_str!("../README.md")]

pub mod codec;
pub mod provider;
pub mod schema;
pub mod typed;
pub mod value;

mod diagnostic;
mod log;
#[allow(
    clippy::all,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "generated code"
)]
mod pb;
mod private;
mod serve;
mod server;
mod stop;
mod transport;

pub use async_trait::async_trait;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use private::Private;
pub use provider::{
    Action, ApplyRequest, ApplyResponse, ClientCapabilities, ConfigureRequest, DataSource,
    DataSourceReadRequest, DataSourceReadResponse, Function, FunctionError, ImportRequest,
    ImportResponse, MoveRequest, MoveResponse, Parameter, PlanRequest, PlanResponse, Provider,
    ReadRequest, ReadResponse, Rescue, Resource, Signature, Upgrade, UpgradeRequest, Upgrades,
    ValidateRequest,
};
pub use schema::{
    AttrType, Attribute, Block, BlockNesting, IdentityAttribute, IdentitySchema, NestedBlock,
    Nesting, Schema, problems,
};
pub use serve::{ServeOptions, serve};
pub use stop::Stop;
pub use typed::{Attr, ValueError, from_value, to_value};
pub use value::{Number, Path, Step, Type, Value};
