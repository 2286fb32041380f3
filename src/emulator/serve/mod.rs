//! HTTP in front: the table of routes, faults, latency, the quota, the record.

mod dispatch;
pub mod faults;
pub(crate) mod http;
pub(crate) mod line;
mod quota;
pub(crate) mod record;
pub(crate) mod table;
