//! What went wrong with a token, in words that hold none.

use serde_json::Value;

use super::CredentialKind;
pub(super) use crate::google::safe::{printable, scrubbed};
use crate::google::transport::unanswered;

/// An error with what led to it, without anything that could be a token.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(words) = unanswered(error) {
        return words;
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    scrubbed(&refusal(&words).unwrap_or(words))
}

/// What a token endpoint's answer says (RFC 6749, 5.2; Google's own errors), found inside other words.
fn refusal(words: &str) -> Option<String> {
    let (start, end) = (words.find('{')?, words.rfind('}')?);
    let body = words.get(start..=end)?;
    body_words(&serde_json::from_str(body).ok()?)
}

/// The words of an error's body.
pub(super) fn body_words(value: &Value) -> Option<String> {
    if let Some(message) = value.pointer("/error/message").and_then(Value::as_str) {
        return Some(printable(message));
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let parts = [
        text("error"),
        text("error_subtype"),
        text("error_description"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| printable(&parts.join(": ")))
}

/// Words with what mends it, which is said once.
pub(super) fn mending(why: &str, mend: &str) -> String {
    if why.contains(MEND) {
        return why.to_owned();
    }
    format!("{}. {MEND} {mend}", why.trim_end_matches('.'))
}

pub(super) const MEND: &str = "To mend it:";

/// Whether whoever gives tokens said no, and not nothing: then the clocks may be why.
pub(in crate::google) fn is_refusal(why: &str) -> bool {
    let signs = [
        "invalid_",
        "unauthorized",
        "JWT",
        "UNAUTHENTICATED",
        "HTTP 400",
        "HTTP 401",
        "HTTP 403",
    ];
    signs.iter().any(|sign| why.contains(sign))
}

/// Adds the command that mends it, where new credentials do.
pub(super) fn with_remedy(kind: CredentialKind, why: &str) -> String {
    // `invalid_rapt`: the organization's session length is over (doc "Set session length for Google Cloud
    // services"); `invalid_grant`: the login or the key is gone.
    let over = [
        "invalid_grant",
        "invalid_rapt",
        "invalid_client",
        "unauthorized_client",
        "Reauthentication",
        "rapt_required",
    ];
    let why = scrubbed(why);
    let skewed = ["iat", "exp", "clock", "too early", "reasonable timeframe"];
    // A key's assertion is signed with the time; a login may be over beside.
    if why.contains("this machine's clock") && kind == CredentialKind::ServiceAccount {
        return why;
    }
    if why.contains("JWT") && skewed.iter().any(|word| why.contains(word)) {
        return format!(
            "{why}. This machine's clock may be wrong: it says {}",
            jiff::Timestamp::now()
        );
    }
    let is_over = over.iter().any(|word| why.contains(word)) || is_refusal(&why);
    if is_over || matches!(kind, CredentialKind::Gcloud) {
        return mending(&why, kind.mended_by());
    }
    if is_of_this_machine(&why) {
        return mending(&why, HERE);
    }
    mending(&why, LATER)
}

/// Whether what is wrong is wrong here, with what the credentials file names, and nobody was asked or did not answer.
fn is_of_this_machine(why: &str) -> bool {
    let named = ["the subject token", "the certificate", "the trust chain"];
    let asked = ["no answer", "HTTP ", "connection"];
    named.iter().any(|name| why.starts_with(name)) && !asked.iter().any(|sign| why.contains(sign))
}

/// What helps where the file names what is not there: waiting does not.
const HERE: &str = "see that the file's credential_source says what is so on this machine \
                    (gcloud iam workload-identity-pools create-cred-config makes such a file)";

/// What helps where nobody said no: nothing came, or something else than an answer.
pub(super) const LATER: &str =
    "try again in a while; bindscope doctor says what of Google can be reached from here";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_is_over_names_the_command() {
        let words = "cannot get it: <{\"error\": \"invalid_grant\", \"error_subtype\": \"invalid_rapt\", \"error_description\": \"reauth related error (invalid_rapt)\"}>";
        let told = with_remedy(CredentialKind::AuthorizedUser, &refusal(words).unwrap());
        assert_eq!(
            told,
            "invalid_grant: invalid_rapt: reauth related error (invalid_rapt). To mend it: sign in again: gcloud auth application-default login"
        );
    }
}
