//! The HTTP client under every call.

use std::time::Duration;

use super::safe::printable;

mod broken;

pub(super) use broken::{unanswered, why_final, why_lost};

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long a machine's metadata server may take to say that it is there (chosen): it is on the same machine.
pub(super) const NEAR: Duration = Duration::from_millis(1_500);

/// The variable that names a file of certificate authorities, as for OpenSSL and rustls-native-certs.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// An HTTP client for Google's addresses, or for those below `endpoint`. Proxies are those of the environment
/// (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`); between this machine and itself stands none, whatever it says, or
/// `--demo` would be asked of the proxy.
///
/// # Errors
/// It cannot be set up; in words.
pub(super) fn transport(endpoint: Option<&str>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder();
    if endpoint.is_some_and(is_here) {
        builder = builder.no_proxy();
    }
    let plain = endpoint.is_some_and(|base| base.starts_with("http://") && is_here(base));
    // Without TLS nobody's authorities are needed, and a machine that has none can do.
    builder = if plain {
        builder.tls_certs_only([])
    } else {
        builder.tls_certs_merge(authorities()?)
    };
    built(builder)
}

/// One for a machine's own metadata server, which nothing stands between; a machine that has none finds that out soon.
///
/// # Errors
/// As [`transport`].
pub(super) fn to_metadata() -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .connect_timeout(NEAR)
        .redirect(reqwest::redirect::Policy::none());
    built(builder)
}

/// One that shows a client certificate to whoever asks for one: its chain and its key as PEM.
///
/// # Errors
/// There is no certificate and key in it, or they do not belong together; in words.
pub(super) fn with_certificate(pem: &[u8]) -> Result<reqwest::Client, String> {
    let identity = reqwest::Identity::from_pem(pem).map_err(|e| cause_of(&e))?;
    let builder = reqwest::Client::builder().tls_certs_merge(authorities()?);
    built(builder.identity(identity))
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    builder
        // Google packs answers for those who say so in this header too (page "Performance Tips").
        .user_agent(concat!("bindscope/", env!("CARGO_PKG_VERSION"), " (gzip)"))
        .connect_timeout(Duration::from_secs(10))
        .timeout(DEADLINE)
        // A redirect could carry the token elsewhere; Google's APIs send none.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| {
            let why = cause_of(&e);
            if why.contains("No CA certificates") {
                format!("{why}: install this system's ca-certificates, or name a file of them: {AUTHORITIES}=ca.pem")
            } else {
                why
            }
        })
}

/// The authorities of `SSL_CERT_FILE`. Where the system's own store does not heed it (macOS, Windows) they
/// count beside that.
fn authorities() -> Result<Vec<reqwest::Certificate>, String> {
    let Some(file) = std::env::var_os(AUTHORITIES).filter(|v| !v.is_empty()) else {
        return Ok(Vec::new());
    };
    let file = std::path::PathBuf::from(file);
    let told = |why: &str| {
        let shown = printable(&file.display().to_string());
        format!(
            "{AUTHORITIES} names {shown}, {why}; name a file of certificates in PEM form, or unset it"
        )
    };
    let pem = std::fs::read(&file).map_err(|e| told(&format!("which cannot be read: {e}")))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(found) if found.is_empty() => Err(told("which holds no certificate")),
        Ok(found) => Ok(found),
        Err(_) => Err(told("which holds something else than certificates")),
    }
}

/// Why an answer was not read to its end.
pub(super) enum UnreadBody {
    Broken(reqwest::Error),
    TooLong,
}

/// An answer's body, unpacked; a longer one than `most` bytes is refused, not gathered.
pub(super) async fn body(
    mut answer: reqwest::Response,
    most: usize,
) -> Result<Vec<u8>, UnreadBody> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(UnreadBody::Broken)? {
        if bytes.len() + chunk.len() > most {
            return Err(UnreadBody::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost cause: what stands around it is "builder error".
fn cause_of(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    printable(&words)
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
