//! What a survey and a repair ask of the client: three calls, whatever carries them.
//!
//! The client's reader implements [`Ask`], its writer [`Tell`]. Retry, deadlines and credentials are
//! theirs; here is only what came back, told apart as far as callers must act differently.

use std::collections::HashSet;

use futures::future::BoxFuture;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::iam::Resource;

/// The APIs that are spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `iam.googleapis.com`: v1, v2 (deny policies), v3 (boundaries).
    Iam,
    /// `iamcredentials.googleapis.com`
    IamCredentials,
    /// `cloudresourcemanager.googleapis.com`
    ResourceManager,
    /// `serviceusage.googleapis.com`
    ServiceUsage,
    /// `cloudidentity.googleapis.com`
    CloudIdentity,
    /// `orgpolicy.googleapis.com`
    OrgPolicy,
    /// `policytroubleshooter.googleapis.com`
    PolicyTroubleshooter,
}

/// Why a call gave no answer. Its words never hold a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server answered with an error.
    #[error("{what}: HTTP {status} {message}")]
    Refused {
        /// What was tried.
        what: String,
        /// The HTTP status.
        status: u16,
        /// `ErrorInfo.reason`, else the type of the first precondition that failed, when given.
        reason: Option<String>,
        /// The server's words.
        message: String,
    },
    /// No credentials, or the server did not take them (401).
    #[error("{what}: not signed in: {message}")]
    Unauthenticated {
        /// What was tried.
        what: String,
        /// The words.
        message: String,
    },
    /// No whole answer came. Of a write it is then not known whether it took place.
    #[error("{what}: no answer: {message}")]
    Unreachable {
        /// What was tried.
        what: String,
        /// The words.
        message: String,
    },
}

impl ApiError {
    /// Whether nothing else can be expected to work either: signed out, or no connection.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// The HTTP status, when one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unauthenticated { .. } => Some(401),
            Self::Unreachable { .. } => None,
        }
    }

    /// Why something could not be read, short, without control characters.
    #[must_use]
    pub fn why(&self) -> String {
        let text = match self {
            Self::Refused {
                reason: Some(reason),
                message,
                ..
            } if reason == "SERVICE_DISABLED" => format!("the API is not enabled: {message}"),
            Self::Refused {
                status: 403,
                message,
                ..
            } => format!("not permitted: {message}"),
            Self::Refused {
                status: 404,
                message,
                ..
            } => format!("not found: {message}"),
            Self::Refused {
                status, message, ..
            } => format!("HTTP {status}: {message}"),
            Self::Unauthenticated { message, .. } | Self::Unreachable { message, .. } => {
                message.clone()
            }
        };
        text.chars().filter(|c| !c.is_control()).take(400).collect()
    }
}

/// Reading. `path` begins with the version and is already encoded: `v1/projects/p/serviceAccounts/e`.
pub trait Ask: Send + Sync {
    /// A GET.
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>>;

    /// A POST that changes nothing: `getIamPolicy`, `testIamPermissions`, `generateAccessToken`.
    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>>;
}

/// Writing. A write is sent once; whoever asked decides what an unclear end means.
pub trait Tell: Send + Sync {
    /// A POST that changes something.
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>>;
}

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@')
    .remove(b':');

/// Encodes one path segment or query value.
#[must_use]
pub fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// The relative name of a resource with its parts encoded.
#[must_use]
pub fn path_of(resource: &Resource) -> String {
    resource
        .relative()
        .split('/')
        .map(encode)
        .collect::<Vec<_>>()
        .join("/")
}

/// Whether a name that came from a server may be used in a path as it is: it could otherwise lead
/// the request elsewhere.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 1_000
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.~@:%/".contains(&b))
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Reads the allow policy of a resource in version 3, so that conditions show (discovery documents
/// iam v1 `getIamPolicy`, `options.requestedPolicyVersion` in the query; cloudresourcemanager v3,
/// `GetIamPolicyRequest.options` in the body).
///
/// # Errors
/// As the client reports them.
pub async fn read_policy(ask: &dyn Ask, resource: &Resource) -> Result<Value, ApiError> {
    let name = path_of(resource);
    if let Resource::ServiceAccount { .. } = resource {
        let path = format!("v1/{name}:getIamPolicy?options.requestedPolicyVersion=3");
        ask.ask(Api::Iam, &path, &json!({})).await
    } else {
        let path = format!("v3/{name}:getIamPolicy");
        let body = json!({ "options": { "requestedPolicyVersion": 3 } });
        ask.ask(Api::ResourceManager, &path, &body).await
    }
}

/// Follows `nextPageToken` and gathers the elements of `field`.
///
/// # Errors
/// The first page's error, or a later one's; a token that was given before counts as a refusal,
/// since that would never end.
pub async fn all_pages(
    ask: &dyn Ask,
    api: Api,
    path: &str,
    field: &str,
) -> Result<Vec<Value>, ApiError> {
    let mut all = Vec::new();
    let mut turned = Turned::default();
    let mut token = String::new();
    loop {
        let (items, next) = one_page(ask, api, path, field, &token).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        turned.to(path, &next)?;
        token = next;
    }
}

/// The page tokens that one list gave so far.
#[derive(Debug, Default)]
pub struct Turned(HashSet<String>);

/// More pages than this are no list that anyone could mean (chosen).
const PAGES_AT_MOST: usize = 100_000;

impl Turned {
    /// Notes the token of the next page.
    ///
    /// # Errors
    /// It was given before, so that the list would never end; or there are more than 100,000 pages.
    pub fn to(&mut self, path: &str, token: &str) -> Result<(), ApiError> {
        let message = if !self.0.insert(token.to_owned()) {
            "the server gave the same page token twice, so the list would never end"
        } else if self.0.len() > PAGES_AT_MOST {
            "the server gave more than 100,000 pages"
        } else {
            return Ok(());
        };
        Err(odd_answer(path, message))
    }
}

/// An answer with success, of a form that is not documented: nothing can be taken from it.
fn odd_answer(path: &str, message: &str) -> ApiError {
    ApiError::Refused {
        what: format!("list {path}"),
        status: 200,
        reason: None,
        message: message.to_owned(),
    }
}

/// One page of a list: its elements, and the next page's token (empty at the end).
///
/// # Errors
/// As the client reports them; and when what stands under `field` is no list.
pub async fn one_page(
    ask: &dyn Ask,
    api: Api,
    path: &str,
    field: &str,
    token: &str,
) -> Result<(Vec<Value>, String), ApiError> {
    let full = if token.is_empty() {
        path.to_owned()
    } else {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}pageToken={}", encode(token))
    };
    let mut page = ask.get(api, &full).await?;
    let items = match page.get_mut(field).map(Value::take) {
        Some(Value::Array(items)) => items,
        // An empty list is left out of an answer (doc of protocol buffers, "ProtoJSON Format").
        None | Some(Value::Null) => Vec::new(),
        // Taking it for an empty list would say "none" of what was not understood.
        Some(_) => return Err(odd_answer(path, &format!("`{field}` is no list"))),
    };
    let next = page
        .get("nextPageToken")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok((items, next.to_owned()))
}
