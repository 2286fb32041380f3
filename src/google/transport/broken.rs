//! Why no answer came, in words, and whether the next call may get one.

use std::error::Error;

use crate::google::errors::PROXY_LOGIN;
use crate::google::safe::printable;

/// Why, in words alone.
pub(in crate::google) fn why_lost(error: &reqwest::Error) -> String {
    why_final(error).0
}

/// The innermost cause says it best; an address in the words could hold a query. What another call does not mend
/// is final: nobody listens, a certificate is not trusted, a proxy does not let it through.
pub(in crate::google) fn why_final(error: &reqwest::Error) -> (String, bool) {
    let mut cause = error.source();
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    let mut is_final = false;
    while let Some(inner) = cause {
        words = inner.to_string();
        if let Some((said, last)) = known(inner) {
            return (said, last);
        }
        is_final |= words.contains("refused");
        cause = inner.source();
    }
    (printable(&words), is_final)
}

/// Why a crate's own call gave no answer, and whose, found in what led to its error; `None`: there was one.
pub(in crate::google) fn unanswered(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(lost) = inner.downcast_ref::<reqwest::Error>()
            && !lost.is_status()
            && !lost.is_decode()
        {
            let host = lost.url().and_then(reqwest::Url::host_str);
            let host = host.unwrap_or("the token endpoint");
            return Some(format!("no answer from {host}: {}", why_lost(lost)));
        }
        cause = inner.source();
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    printable(&words)
}

fn known(cause: &(dyn Error + 'static)) -> Option<(String, bool)> {
    // hyper-util does not let its tunnel's errors be told apart but by their words.
    let words = cause.to_string();
    if words == "tunnel error: proxy authorization required" {
        return Some((format!("HTTP 407: {PROXY_LOGIN}"), true));
    }
    if words == "tunnel error: failed to create underlying connection" {
        let why = innermost(cause);
        return Some((
            format!("the proxy of HTTPS_PROXY gives no answer: {why}"),
            true,
        ));
    }
    if words == "dns error" {
        let why = innermost(cause);
        let said = format!(
            "its name cannot be looked up ({why}): this machine is offline, or its network wants a proxy (HTTPS_PROXY)"
        );
        return Some((said, false));
    }
    if words == "tunnel error: unsuccessful" {
        let said = "the proxy of HTTPS_PROXY did not let the connection through: have it allowed there, or name the host in NO_PROXY";
        return Some((said.to_owned(), true));
    }
    let tls = tls_error(cause)?;
    let rustls::Error::InvalidCertificate(why) = tls else {
        return None;
    };
    let said = match why {
        // An authority of the same name with another key is none that is trusted.
        rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature => {
            "the server's certificate is signed by nobody whom this machine trusts; where a proxy or a network signs with a certificate of its own, name the file of its authority: SSL_CERT_FILE=ca.pem".to_owned()
        }
        rustls::CertificateError::Expired
        | rustls::CertificateError::ExpiredContext { .. }
        | rustls::CertificateError::NotValidYet
        | rustls::CertificateError::NotValidYetContext { .. } => format!(
            "the server's certificate is not in force now, which may be this machine's clock: it says {}",
            jiff::Timestamp::now()
        ),
        other => format!("the server's certificate is not taken: {}", printable(&other.to_string())),
    };
    Some((said, true))
}

/// A TLS error, also where I/O errors stand around it, which do not give it as their cause.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = cause;
    loop {
        if let Some(found) = cause.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        cause = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}
