//! Whether a provider lets a token in: its attribute condition, and what would have to differ (discovery document
//! iam v1, `WorkloadIdentityPoolProvider.attributeCondition`).

use serde_json::Value as Json;

use super::super::condition::{
    self, Compiled, ConditionContext, ConditionOutcome, Value, compile_with,
};
use super::mapping::{ExternalToken, Mapped, SUBJECT, map, mapping_of, options, variables};
use crate::estate::Provider;

/// What a provider's attribute condition comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It lets the token in, or there is none.
    Yes,
    /// It does not.
    No {
        /// The part that is false, or why it cannot be evaluated for this token.
        why: String,
        /// It would, were upper and lower case one.
        by_case: bool,
        /// The condition with the names spelled as the token has them, when that would do.
        meant: Option<String>,
    },
    /// It hangs on what is not known.
    Open,
}

/// Whether the provider's condition lets the token in.
pub(super) fn admission(
    provider: &Provider,
    token: &ExternalToken<'_>,
    mapped: &Mapped,
) -> Admission {
    let Some(text) = condition_of(provider) else {
        return Admission::Yes;
    };
    let known = with_mapped(provider, token, mapped);
    // What does not compile here may well do so at Google, which checked it when it was set.
    let Ok(compiled) = compile_with(text, &options(&known)) else {
        return Admission::Open;
    };
    match decide(&compiled, &known) {
        ConditionOutcome::True => Admission::Yes,
        ConditionOutcome::Unknown(_) => Admission::Open,
        // A name that was not told is missing, not wrong.
        ConditionOutcome::Error(_) if matches!(token, ExternalToken::Told { .. }) => {
            Admission::Open
        }
        ConditionOutcome::Error(why) => Admission::No {
            why,
            by_case: false,
            meant: None,
        },
        ConditionOutcome::False => {
            let (by_case, meant) = case_alone(text, &known);
            Admission::No {
                why: failing(&compiled, &known, text),
                by_case,
                meant,
            }
        }
    }
}

/// The condition, where there is one.
pub(super) fn condition_of(provider: &Provider) -> Option<&str> {
    let text = provider.attribute_condition.as_deref()?;
    (!text.trim().is_empty()).then_some(text)
}

pub(super) fn decide(compiled: &Compiled, known: &[(String, Value)]) -> ConditionOutcome {
    compiled.decide(&ConditionContext {
        extra: known,
        ..ConditionContext::default()
    })
}

/// The first clause that is false.
pub(super) fn failing(compiled: &Compiled, known: &[(String, Value)], text: &str) -> String {
    let evaluation = compiled.evaluate(&ConditionContext {
        extra: known,
        ..ConditionContext::default()
    });
    let clauses = condition::failing_clauses(&evaluation, text);
    clauses
        .first()
        .map_or(text, |clause| clause.text.as_str())
        .trim()
        .to_owned()
}

/// The claims with what they are mapped to: whole maps where all is known, else name by name.
pub(super) fn with_mapped(
    provider: &Provider,
    token: &ExternalToken<'_>,
    mapped: &Mapped,
) -> Vec<(String, Value)> {
    let mapping = mapping_of(provider);
    let mut known = variables(&mapping, token);
    let plain = |value: &Value| match value {
        Value::List(items) => Value::strings(items.iter().map(Value::to_text)),
        other => Value::string(other.to_text()),
    };
    if mapped.open.is_empty() && mapped.failed.is_empty() {
        for root in ["google", "attribute"] {
            let fields: Vec<(Value, Value)> = mapped
                .values
                .iter()
                .filter_map(|(name, value)| {
                    let name = name.strip_prefix(root)?.strip_prefix('.')?;
                    Some((Value::string(name), plain(value)))
                })
                .collect();
            known.push((root.to_owned(), Value::Map(fields.into())));
        }
    } else {
        let each = mapped.values.iter();
        known.extend(each.map(|(name, value)| (name.clone(), plain(value))));
    }
    known
}

/// Whether the condition would hold if letters had no case; and the condition with its texts spelled as
/// the token spells them, where that makes it hold.
pub(super) fn case_alone(text: &str, known: &[(String, Value)]) -> (bool, Option<String>) {
    let holds = |text: &str, known: &[(String, Value)]| {
        compile_with(text, &options(known))
            .is_ok_and(|compiled| decide(&compiled, known) == ConditionOutcome::True)
    };
    let low: Vec<(String, Value)> = known
        .iter()
        .map(|(name, value)| (name.clone(), lowered(value)))
        .collect();
    if !holds(
        &rewritten(text, &|literal| Some(literal.to_lowercase())),
        &low,
    ) {
        return (false, None);
    }
    let mut spelled = Vec::new();
    for (_, value) in known {
        texts(value, &mut spelled);
    }
    let meant = rewritten(text, &|literal| {
        let low = literal.to_lowercase();
        let found = spelled.iter().find(|s| s.to_lowercase() == low);
        found
            .filter(|s| **s != literal && !s.contains(['\\', '\'', '"', '\n', '\r']))
            .cloned()
    });
    let differs = meant != text;
    (true, Some(meant).filter(|m| differs && holds(m, known)))
}

pub(super) fn lowered(value: &Value) -> Value {
    match value {
        Value::String(s) => Value::string(s.to_lowercase()),
        Value::List(items) => Value::List(items.iter().map(lowered).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(k, v)| (k.clone(), lowered(v)))
                .collect(),
        ),
        other => other.clone(),
    }
}

pub(super) fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(s) => into.push(s.to_string()),
        Value::List(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Map(entries) => entries.iter().for_each(|(_, v)| texts(v, into)),
        _ => {}
    }
}

/// The expression with the inside of each of its string literals replaced, where `with` says by what.
/// Literals with an escape in them stay as they are (a raw one has none).
pub(super) fn rewritten(expression: &str, with: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(at) = rest.find(['\'', '"', '/']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = tail.strip_prefix("//") {
            let end = comment.find('\n').unwrap_or(comment.len()) + 2;
            let (comment, after) = tail.split_at(end);
            out.push_str(comment);
            rest = after;
            continue;
        }
        if let Some(after) = tail.strip_prefix('/') {
            out.push('/');
            rest = after;
            continue;
        }
        let triple = ["'''", "\"\"\""].into_iter().find(|q| tail.starts_with(q));
        let quote = triple.unwrap_or(if tail.starts_with('\'') { "'" } else { "\"" });
        let raw = before.ends_with(['r', 'R']);
        let body = tail.strip_prefix(quote).unwrap_or_default();
        let mut end = None;
        let mut escaped = false;
        for (i, c) in body.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' && !raw {
                escaped = true;
            } else if body.get(i..).is_some_and(|b| b.starts_with(quote)) {
                end = Some(i);
                break;
            }
        }
        let Some(end) = end else {
            out.push_str(tail);
            return out;
        };
        let (inner, after) = body.split_at(end);
        let replaced = (raw || !inner.contains('\\'))
            .then(|| with(inner))
            .flatten();
        out.push_str(quote);
        out.push_str(replaced.as_deref().unwrap_or(inner));
        out.push_str(quote);
        rest = after.strip_prefix(quote).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Why a provider does not let a token in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Its attribute condition is not met, or cannot be evaluated for this token.
    Condition,
    /// The mapping of this attribute gives nothing for this token; `google.subject` must give something.
    Mapping(String),
}

/// What a provider makes of a token's claims: the subject, and every attribute (`repository`,
/// `groups`). The token's signature, issuer and audience are not looked at here.
///
/// # Errors
/// The provider does not let it in.
pub fn admit(
    provider: &Provider,
    claims: &Json,
) -> Result<(String, Vec<(String, String)>), Rejected> {
    let token = ExternalToken::Claims(claims);
    let mapped = map(provider, &token);
    let missing = mapped.failed.first().or_else(|| mapped.open.first());
    if let Some(target) = missing {
        return Err(Rejected::Mapping(target.clone()));
    }
    if admission(provider, &token, &mapped) != Admission::Yes {
        return Err(Rejected::Condition);
    }
    match mapped.subject().filter(|s| !s.is_empty()) {
        Some(subject) => Ok((subject, mapped.attributes())),
        None => Err(Rejected::Mapping(SUBJECT.to_owned())),
    }
}

/// The issuer that a provider wants, where the token's is another: (wanted, had).
///
/// "The issuer in ID Token … does not match the expected one in config": letter by letter, a slash at the
/// end counts. An AWS provider's account likewise (`Aws.accountId`). Claims that do not say are taken to fit.
#[must_use]
pub fn other_issuer(provider: &Provider, claims: &Json) -> Option<(String, String)> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    let of = |kind: &str, field: &str| {
        let kind = provider.extra.get(kind)?;
        kind.get(field).and_then(Json::as_str)
    };
    let (wanted, had) = if provider.extra.contains_key("oidc") {
        (of("oidc", "issuerUri")?, text("iss")?)
    } else if provider.extra.contains_key("aws") {
        match (of("aws", "accountId"), text("account"), text("iss")) {
            (_, _, Some(iss)) => ("an AWS GetCallerIdentity token", iss),
            (Some(wanted), Some(had), None) => (wanted, had),
            _ => return None,
        }
    } else if provider.extra.contains_key("saml") {
        ("a SAML assertion", text("iss")?)
    } else if provider.extra.contains_key("x509") {
        ("an X.509 certificate", text("iss")?)
    } else {
        return None;
    };
    (wanted != had).then(|| (wanted.to_owned(), had.to_owned()))
}

/// The audiences that a provider takes, where the token has none of them: (wanted, had). `name` is the
/// provider's, its project by number.
///
/// "If this list is empty, the OIDC token audience must be equal to the full canonical resource name …,
/// with or without the HTTPS prefix" (discovery document iam v1, `Oidc.allowedAudiences`); a workforce
/// provider's `clientId` "must match the audience claim". Claims that do not say are taken to fit.
#[must_use]
pub fn other_audience(
    provider: &Provider,
    name: &str,
    claims: &Json,
) -> Option<(Vec<String>, Vec<String>)> {
    let oidc = provider.extra.get("oidc")?;
    let had: Vec<&str> = match claims.get("aud")? {
        Json::String(one) => vec![one],
        Json::Array(all) => all.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let canonical = format!("//iam.googleapis.com/{name}");
    let wanted: Vec<String> = match oidc.get("clientId").and_then(Json::as_str) {
        Some(client) => vec![client.to_owned()],
        None => oidc
            .get("allowedAudiences")
            .and_then(Json::as_array)
            .map(|list| {
                list.iter()
                    .filter_map(Json::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default(),
    };
    let wanted = if wanted.is_empty() {
        vec![canonical.clone(), format!("https:{canonical}")]
    } else {
        wanted
    };
    let fits = had
        .iter()
        .any(|have| wanted.iter().any(|want| want == have));
    (!fits).then(|| (wanted, had.into_iter().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_alone_are_rewritten() {
        let low = |text: &str| rewritten(text, &|s| Some(s.to_lowercase()));
        for (text, want) in [
            (
                "a.startsWith('Ab') && B == \"Cd\"",
                "a.startsWith('ab') && B == \"cd\"",
            ),
            ("x == r'A\\B'", "x == r'a\\b'"),
            ("x == 'A\\'B' || y == 'C'", "x == 'A\\'B' || y == 'c'"),
            (
                "x == '''A'B''' + 1 / 2 // 'Z'\n== 'Y'",
                "x == '''a'b''' + 1 / 2 // 'Z'\n== 'y'",
            ),
            ("x == 'Open", "x == 'Open"),
            ("É == 'É'", "É == 'é'"),
        ] {
            assert_eq!(low(text), want);
        }
    }
}
