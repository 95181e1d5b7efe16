//! Every source over real local sockets, in the shapes that the services are known to answer in.

mod contract;
mod many;
mod server;
mod stand_ins;
mod trouble;
