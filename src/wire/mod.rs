//! The port: what a survey and a repair ask of Google, three calls, whatever carries them.
//!
//! It knows no transport. The client's reader implements [`Ask`], its writer [`Tell`]. Retry, deadlines and credentials are
//! theirs; here is only what came back, told apart as far as callers must act differently.

use futures::future::BoxFuture;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::iam::Resource;

mod pages;

pub use pages::{Turned, all_pages, one_page};

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
    /// `cloudasset.googleapis.com`
    CloudAsset,
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

/// How [`ApiError::why`] begins where whoever asks lacks a permission.
pub const NOT_PERMITTED: &str = "not permitted";

/// How [`ApiError::why`] begins where it is not there, or not for whoever asked.
pub const NOT_FOUND: &str = "not found";

/// How [`ApiError::why`] begins where an API is off in the project that calls are billed to.
pub const API_OFF: &str = "the API is not enabled";

impl ApiError {
    /// Whether the credentials were not taken: nothing else can be expected to work either.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Self::Unauthenticated { .. })
    }

    /// Whether it was no answer to the call itself: signed out, or no connection.
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
            } if reason == "SERVICE_DISABLED" => format!("{API_OFF}: {message}"),
            Self::Refused {
                status: 403,
                message,
                ..
            } => format!("{NOT_PERMITTED}: {message}"),
            Self::Refused {
                status: 404,
                message,
                ..
            } => format!("{NOT_FOUND}: {message}"),
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
