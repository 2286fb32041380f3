//! Google Cloud as we speak to it.

pub mod api;
pub mod client;
pub mod credentials;
mod errors;
pub mod listing;
pub mod org_policies;
pub mod pasted;
pub mod survey;
pub mod troubleshooter;

pub use client::{Call, Client, Connect, CredentialsChoice, SignedIn};
pub use credentials::CredentialsError;
