//! Why no answer came.

use std::error::Error as _;

use super::super::credentials::printable;
use super::calls::unclear;
use crate::wire::ApiError;

/// The innermost cause says it best; an address in the words could hold a query.
pub(in crate::google) fn lost(what: &str, error: &reqwest::Error) -> ApiError {
    let mut cause = error.source();
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    unclear(what, printable(&words))
}
