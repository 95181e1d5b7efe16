//! Every source over real local sockets, in the shapes that the services are known to answer in.

mod cache;
mod contract;
mod files;
mod many;
mod mutants;
#[path = "../../../../tests/needed.rs"]
mod needed;
mod outlook;
mod proxies;
mod secrets;
mod server;
mod shapes;
mod stand_ins;
mod time;

mod trouble;
