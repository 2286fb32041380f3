//! Google Cloud as we speak to it.

pub mod api;
pub mod client;
pub mod credentials;
mod errors;
pub mod listing;
mod log;
mod pace;
pub mod pasted;
pub mod patience;
pub mod reachability;
pub mod survey;

pub use client::{Client, Connect, CredentialsChoice, RecordedCall, SignedIn};
pub use credentials::CredentialsError;
