//! The state of the imitated cloud and its stores. It knows nothing of HTTP or of any API.

mod certificates;
pub(crate) mod clock;
pub(crate) mod keys;
mod operations;
mod p12;
pub(crate) mod persist;
mod propagation;
mod shared;
mod state;
mod tags;
pub(crate) mod tokens;

pub(crate) use shared::{NamedResources, Setting, Shared};
pub(crate) use state::{RememberedRefusal, Viewer, World};
