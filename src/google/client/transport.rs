//! The HTTP client under every call.

use std::time::Duration;

use super::super::credentials::printable;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// An HTTP client for Google's addresses, or for those below `endpoint`. Proxies are those of the environment
/// (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`); between this machine and itself stands none, whatever it says, or
/// `--demo` would be asked of the proxy.
///
/// # Errors
/// It cannot be set up; in words.
pub(in crate::google) fn transport(endpoint: Option<&str>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder();
    if endpoint.is_some_and(is_here) {
        builder = builder.no_proxy();
    }
    builder
        .user_agent(concat!("bindscope/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(DEADLINE)
        // A redirect could carry the token elsewhere; Google's APIs send none.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| printable(&e.to_string()))
}

/// Whether a base URL leads to this machine.
fn is_here(base: &str) -> bool {
    let host = reqwest::Url::parse(base).ok();
    let host = host
        .as_ref()
        .and_then(|url| url.host_str())
        .unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = address.parse::<std::net::IpAddr>();
    host == "localhost" || loopback.is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_by_its_names() {
        for here in [
            "http://127.0.0.1:8090",
            "http://localhost:1/x",
            "http://[::1]:1",
        ] {
            assert!(is_here(here), "{here}");
        }
        for there in [
            "https://iam.googleapis.com",
            "http://10.0.0.1",
            "http://localhost.example",
        ] {
            assert!(!is_here(there), "{there}");
        }
    }
}
