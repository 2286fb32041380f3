//! One write: told by every story, under every fault, and beside other writers.

mod background;
mod faults;
#[path = "../proxy/mod.rs"]
mod proxy;
mod stories;
mod writers;
