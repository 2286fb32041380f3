//! The APIs that are spoken, one file each: the only place that knows their paths.
//!
//! Each function is one method of one API (or all pages of a list), named in its words with the discovery
//! document that tells of it. What it gives is read into the types of the estate; an answer of another
//! shape is a refusal, never an empty answer.

pub mod boundaries;
pub mod cloud_asset;
pub mod cloud_identity;
pub mod deny_policies;
pub mod iam;
pub mod iam_credentials;
pub mod identity_pools;
pub mod metadata_server;
pub mod org_policy;
mod policies;
pub mod policy_troubleshooter;
pub mod probes;
pub mod resource_manager;
pub mod security_tokens;
pub mod service_usage;

pub use policies::{
    allow_policy, allow_policy_as_read, lacked_permissions, read_policy, write_policy,
};

use futures::stream::{self, BoxStream, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{Api, ApiError, Ask, Turned, all_pages, one_page};

/// Gets one thing.
async fn get_as<T: DeserializeOwned>(ask: &dyn Ask, api: Api, path: &str) -> Result<T, ApiError> {
    shaped(path, ask.get(api, path).await?)
}

/// Gets all pages of a list, each element of which must have its shape.
async fn list_as<T: DeserializeOwned>(
    ask: &dyn Ask,
    api: Api,
    path: &str,
    field: &str,
) -> Result<Vec<T>, ApiError> {
    let all = all_pages(ask, api, path, field).await?;
    all.into_iter().map(|v| shaped(path, v)).collect()
}

/// What comes after a page.
enum NextPage {
    At(String),
    /// The list cannot be followed to its end, so that what came of it is not all.
    Broken(ApiError),
}

/// The pages of a list, one after the other, each as `read` takes it; an error ends it.
fn pages_of<'a, T: Send + 'a>(
    ask: &'a dyn Ask,
    api: Api,
    path: String,
    field: &'static str,
    read: impl Fn(Vec<Value>) -> Vec<T> + Send + Copy + 'a,
) -> BoxStream<'a, Result<Vec<T>, ApiError>> {
    let start = Some(NextPage::At(String::new()));
    let state = (path, Turned::default(), start);
    stream::unfold(state, move |(path, mut turned, next)| async move {
        let token = match next? {
            NextPage::At(token) => token,
            NextPage::Broken(error) => return Some((Err(error), (path, turned, None))),
        };
        let (page, next) = match one_page(ask, api, &path, field, &token).await {
            Ok((items, next)) => {
                let next = match turned.to(&path, &next) {
                    _ if next.is_empty() => None,
                    Ok(()) => Some(NextPage::At(next)),
                    Err(error) => Some(NextPage::Broken(error)),
                };
                (Ok(read(items)), next)
            }
            Err(error) => (Err(error), None),
        };
        Some((page, (path, turned, next)))
    })
    .boxed()
}

/// Those that have the shape: of a list in which others name nothing that could be judged.
fn those_shaped<T: DeserializeOwned>(all: Vec<Value>) -> Vec<T> {
    let read = all.into_iter().map(serde_json::from_value);
    read.filter_map(Result::ok).collect()
}

/// Reads a value of a known shape.
fn shaped<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| odd_form(what, &error))
}

/// An answer whose shape is not the one that is documented.
fn odd_form(what: &str, error: &serde_json::Error) -> ApiError {
    let message = format!("the answer has another form than documented: {error}");
    odd_answer(what, message)
}

/// An answer with success from which nothing can be taken.
fn odd_answer(what: &str, message: String) -> ApiError {
    ApiError::Refused {
        what: what.to_owned(),
        status: 200,
        reason: None,
        message,
    }
}
