//! What `--log` is told of calls and tokens: never a secret, never a body.
//!
//! Only our own words are told, on targets of this crate; what other crates trace is not taken in, since
//! nobody here can say what it holds.

use std::time::Duration;

/// A call that was made, answered or not. `why` is what came back instead of success, without anything that
/// could be a token.
pub(super) fn call(
    method: &str,
    url: &str,
    status: Option<u16>,
    took: Duration,
    why: Option<&str>,
) {
    let (host, path) = host_and_path(url);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(method, host, path, status, ms, why, "call");
}

/// A token that was asked for by way of credentials of a kind; why there is none, without anything that could
/// be one.
pub(super) fn token(kind: &str, why: Option<&String>) {
    match why {
        None => tracing::info!(kind, "a token came"),
        Some(why) => tracing::info!(kind, why, "no token came"),
    }
}

/// Without scheme, user and query: either may hold a secret.
fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (host, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_query_is_told() {
        for (url, told) in [
            (
                "https://iam.googleapis.com/v1/a:b?key=secret",
                ("iam.googleapis.com", "/v1/a:b"),
            ),
            ("http://me:secret@h:1/v1#secret", ("h:1", "/v1")),
            ("http://h:1", ("h:1", "")),
            ("", ("", "")),
        ] {
            assert_eq!(host_and_path(url), told, "{url}");
        }
    }
}
