//! The HTTP client under every call.

use std::time::Duration;

use super::super::credentials::printable;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// An HTTP client for Google's addresses, or for those below `endpoint`.
///
/// # Errors
/// It cannot be set up; in words.
pub(in crate::google) async fn transport(
    endpoint: Option<&str>,
) -> Result<reqwest::Client, String> {
    let _ = endpoint;
    reqwest::Client::builder()
        .user_agent(concat!("bindscope/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(DEADLINE)
        // A redirect could carry the token elsewhere; Google's APIs send none.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| printable(&e.to_string()))
}
