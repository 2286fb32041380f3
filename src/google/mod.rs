//! Google Cloud as we speak to it.

pub mod listing;
pub mod survey;
pub mod wire;
