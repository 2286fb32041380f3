//! One request, taken apart: `/v1/projects/p/serviceAccounts/e:verb?query`.
//!
//! Colons inside a path are beyond what axum's router matches, so [`crate::emulator::route`] matches them.

use std::sync::Arc;

use axum::http::Method;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::etag::fingerprint;
use super::refusal::StatusError;
use crate::iam::Principal;

/// What a federated identity brought along: attribute to value.
pub(crate) type TokenAttributes = Option<Arc<[(String, String)]>>;

/// The principal behind a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// Not asked yet, or nobody who is known.
    Nobody,
    /// May do everything, except read what the estate calls unreadable.
    Administrator,
    /// May do what the estate's policies say.
    Principal(Principal),
}

/// One request.
#[derive(Debug)]
pub(crate) struct ApiCall {
    pub method: Method,
    /// The raw path, for errors.
    pub path: String,
    /// Decoded segments; the last one without its verb.
    pub segments: Vec<String>,
    /// What stands after the last colon of the last segment, when it is a method's name.
    pub verb: String,
    /// What the path has at the places that its route's pattern names.
    pub places: Vec<(&'static str, String)>,
    pub query: Vec<(String, String)>,
    /// The JSON body; `null` when there is none.
    pub body: Value,
    /// The raw body, for forms.
    pub raw: String,
    pub bearer: Option<String>,
    /// `x-goog-user-project`.
    pub quota_project: Option<String>,
    /// Whether `Metadata-Flavor: Google` came.
    pub metadata_flavor: bool,
    /// The host as the client calls it.
    pub host: String,
    pub now: Timestamp,
    pub who: Requester,
    /// What a federated caller's token carries.
    pub attributes: TokenAttributes,
}

impl ApiCall {
    /// So many seconds after the call, when what is made now ends.
    pub fn after(&self, seconds: i64) -> Timestamp {
        let end = self.now.checked_add(SignedDuration::from_secs(seconds));
        end.unwrap_or(self.now)
    }

    /// Reads the parts of a request. A body that is not JSON is refused, except a form's.
    pub fn read(parts: &Parts, bytes: &[u8], now: Timestamp) -> Result<Self, StatusError> {
        let path = parts.uri.path().to_owned();
        let segments: Vec<String> = path
            .trim_start_matches('/')
            .split('/')
            .map(decode)
            .collect();
        let mut query = pairs(parts.uri.query().unwrap_or_default());
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::trim)
        };
        let raw = String::from_utf8_lossy(bytes).into_owned();
        let form = header("content-type").is_some_and(|t| t.contains("x-www-form-urlencoded"));
        // Google's Python client sends a GET whose query is too long for a URL as a POST with the query
        // as its form (googleapiclient/http.py, HttpRequest.execute).
        let overridden = header("x-http-method-override")
            .filter(|_| parts.method == Method::POST)
            .and_then(|name| name.parse::<Method>().ok());
        if overridden.is_some() && form {
            query.extend(pairs(&raw));
        }
        let body = if form || raw.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(bytes)
                .map_err(|e| StatusError::invalid(format!("Invalid JSON payload received. {e}")))?
        };
        // A member as a token may hold letters of any alphabet, which a header's text may not.
        let authorization = parts.headers.get("authorization");
        let bearer = authorization
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(|h| {
                let (kind, token) = h.split_once(' ')?;
                kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
            })
            .filter(|t| !t.is_empty())
            .map(str::to_owned);
        Ok(Self {
            method: overridden.unwrap_or_else(|| parts.method.clone()),
            path,
            segments,
            verb: String::new(),
            places: Vec::new(),
            query,
            body,
            raw,
            bearer,
            quota_project: header("x-goog-user-project").map(str::to_owned),
            metadata_flavor: header("metadata-flavor") == Some("Google"),
            host: header("host").unwrap_or("127.0.0.1").to_owned(),
            now,
            who: Requester::Nobody,
            attributes: None,
        })
    }

    /// Where the client reaches this emulator, without a slash at the end.
    pub fn base(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Takes the verb off the last segment, where it is one of those that there are: a project id may
    /// hold a colon too (`example.com:app`).
    pub fn split_verb(&mut self, known: impl Fn(&str) -> bool) {
        if let Some(last) = self.segments.last_mut()
            && let Some((name, word)) = last.rsplit_once(':')
            && known(word)
        {
            self.verb = word.to_owned();
            *last = name.to_owned();
        }
    }

    /// What the path has where its route's pattern says `{name}`.
    pub fn place(&self, name: &str) -> &str {
        self.places
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, text)| text)
    }

    /// The organization, folder or project of the path: `{level}/{id}`.
    pub fn level(&self) -> String {
        format!("{}/{}", self.place("level"), self.place("id"))
    }

    /// The caller in words, for the record and the quota.
    pub fn caller(&self) -> String {
        match &self.who {
            Requester::Nobody => String::new(),
            Requester::Administrator => "administrator".to_owned(),
            Requester::Principal(who) => who.to_string(),
        }
    }

    /// A query parameter, the first of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    /// Whether a query parameter is set; gcloud writes `True`.
    pub fn flag(&self, name: &str) -> bool {
        self.param(name)
            .is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    /// Every value of a query parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.query
            .iter()
            .filter(|(k, _)| k == name)
            .map(|(_, v)| v.clone())
            .collect()
    }

    /// A string of the body, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }

    /// A string from the body or, for a GET, the query.
    pub fn either(&self, name: &str) -> Option<&str> {
        self.param(name).or_else(|| self.text(&format!("/{name}")))
    }

    /// The list of strings under a name of the body.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.body
            .get(name)
            .and_then(Value::as_array)
            .map(|list| {
                list.iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// `pageSize`, within Google's limits for the method.
    ///
    /// # Errors
    /// It is no number, or negative.
    pub fn page_size(&self, default: usize, largest: usize) -> Result<usize, StatusError> {
        let number = match (self.param("pageSize"), self.body.get("pageSize")) {
            (Some(text), _) => text.parse::<i64>().ok(),
            (None, Some(value)) => value.as_i64(),
            (None, None) => Some(0),
        };
        match number.map(usize::try_from) {
            Some(Ok(0)) => Ok(default),
            Some(Ok(n)) => Ok(n.min(largest)),
            _ => Err(StatusError::invalid(
                "Request contains an invalid argument: pageSize must not be negative.",
            )),
        }
    }

    /// One page of items that come in the order of their keys. The token is the last key served, so
    /// that a page stays right when items come and go between two calls.
    ///
    /// # Errors
    /// A token that was not issued here, or for another question.
    pub fn page<T>(
        &self,
        items: impl Iterator<Item = (String, T)>,
        size: usize,
    ) -> Result<(Vec<T>, Option<String>), StatusError> {
        let after = self.last_key()?;
        let mut page = Vec::new();
        let mut last = String::new();
        for (key, item) in items {
            if after.as_ref().is_some_and(|a| key <= *a) {
                continue;
            }
            if page.len() == size {
                return Ok((page, Some(self.token_after(&last))));
            }
            page.push(item);
            last = key;
        }
        Ok((page, None))
    }

    /// The key that the page before ended with; `None` for the first page.
    ///
    /// # Errors
    /// A token that was not issued here, or for another question: "all other parameters … must match
    /// the call that provided the page token" (AIP-158; discovery documents cloudasset v1 and
    /// cloudidentity v1, `pageToken`).
    pub fn last_key(&self) -> Result<Option<String>, StatusError> {
        let Some(token) = self.either("pageToken").filter(|t| !t.is_empty()) else {
            return Ok(None);
        };
        let invalid = || StatusError::invalid("The page token is invalid.");
        let bytes = B64.decode(token).map_err(|_| invalid())?;
        let (question, key) = bytes.split_first_chunk::<8>().ok_or_else(invalid)?;
        if *question != self.question() {
            return Err(invalid());
        }
        let key = std::str::from_utf8(key).map_err(|_| invalid())?;
        Ok(Some(key.to_owned()))
    }

    /// The token that leads to what comes after this key.
    pub fn token_after(&self, key: &str) -> String {
        let mut bytes = self.question().to_vec();
        bytes.extend(key.as_bytes());
        B64.encode(bytes)
    }

    /// What is asked, whichever page of it and however it is to be shown.
    fn question(&self) -> [u8; 8] {
        let mut query: Vec<&(String, String)> = self
            .query
            .iter()
            .filter(|(name, _)| !OF_THE_FORM.contains(&name.as_str()))
            .collect();
        query.sort();
        let mut body = self.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.retain(|name, _| !OF_THE_FORM.contains(&name.as_str()));
        }
        fingerprint(&format!(
            "{:?} {} {query:?} {body}",
            self.segments, self.verb
        ))
    }
}

/// Parameters that do not change what is asked: the page, and Google's standard ones (the discovery
/// documents' `parameters`).
const OF_THE_FORM: [&str; 13] = [
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "pageSize",
    "pageToken",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// `a=b&c=d`, decoded.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plus = |s: &str| decode(&s.replace('+', " "));
            (plus(key), plus(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
