//! Lists that come in pages.

use std::collections::HashSet;

use serde_json::Value;

use super::{Api, ApiError, Ask, encode};

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
