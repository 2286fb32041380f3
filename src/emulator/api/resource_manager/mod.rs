//! Resource Manager v1, v2 and v3.

pub(crate) mod lists;
pub(crate) mod resources;
pub(crate) mod tags;
