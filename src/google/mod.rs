//! Google Cloud as we speak to it.

pub mod api;
pub mod client;
pub mod clock;
pub mod credentials;
mod errors;
pub mod listing;
mod log;
mod pace;
pub mod pasted;
pub mod patience;
pub mod reachability;
mod safe;
pub mod survey;
mod transport;

pub use client::{CallWait, Client, Connect, CredentialsChoice, RecordedCall, SignedIn, WaitNews};
pub use credentials::CredentialsError;
