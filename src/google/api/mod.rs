//! The APIs that are spoken, one file each: the only place that knows their paths.

mod policies;

pub use policies::read_policy;
