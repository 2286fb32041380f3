//! A federated caller's attributes: given by name, or mapped from its token's claims as the pool's
//! provider says (discovery document iam v1, `WorkloadIdentityPoolProvider.attributeMapping`).

use serde_json::Value as Json;

use super::condition::{Context, Options, Outcome, Value, compile_with};
use super::judge::Attributes;
use crate::estate::{Estate, Provider};
use crate::iam::{Pool, Principal};

/// Reads `NAME=VALUE`, also as `attribute.NAME=VALUE`; neither may be empty.
#[must_use]
pub fn read_attribute(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once('=')?;
    let name = name.strip_prefix("attribute.").unwrap_or(name);
    let whole = !name.is_empty() && !value.is_empty();
    whole.then(|| (name.to_owned(), value.to_owned()))
}

/// What is known of the caller's attributes. Given ones win over mapped ones.
pub(crate) fn attributes(
    estate: &Estate,
    caller: &Principal,
    given: &[(String, String)],
    claims: Option<&Json>,
) -> Attributes {
    let mut known = Attributes {
        given: given
            .iter()
            .map(|(name, value)| {
                let name = name.strip_prefix("attribute.").unwrap_or(name);
                (name.to_owned(), value.clone())
            })
            .collect(),
        complete: false,
        refused: None,
    };
    let (Principal::Federated { pool, .. }, Some(claims)) = (caller, claims) else {
        return known;
    };
    let providers: Vec<_> = estate
        .providers()
        .filter(|p| provider_pool(estate, &p.name, pool) && issued_by(p, claims))
        .collect();
    // With several providers nobody here can tell which one admitted the token.
    let [provider] = providers.as_slice() else {
        return known;
    };
    let variables = vec![("assertion".to_owned(), Value::from_json(claims))];
    if provider.disabled {
        known.refused = Some(format!("its provider {} is disabled", id(provider)));
        return known;
    }
    let mut whole = true;
    let mut mapped = Vec::new();
    for (target, expression) in &provider.attribute_mapping {
        match value(expression, &variables) {
            Some(value) => mapped.push((target.clone(), value)),
            None => whole = false,
        }
    }
    if let Some(condition) = provider
        .attribute_condition
        .as_deref()
        .filter(|c| !c.trim().is_empty())
        && whole
        && refuses(condition, &variables, &mapped)
    {
        known.refused = Some(format!(
            "the attribute condition of its provider {} refuses its token: {condition}",
            id(provider)
        ));
    }
    for (target, value) in mapped {
        let name = match target.strip_prefix("attribute.") {
            Some(name) => name.to_owned(),
            None if target == "google.groups" => "groups".to_owned(),
            None => continue,
        };
        if known.given.iter().any(|(n, _)| *n == name) {
            continue;
        }
        match value {
            Value::List(items) => known
                .given
                .extend(items.iter().map(|item| (name.clone(), item.to_text()))),
            other => known.given.push((name, other.to_text())),
        }
    }
    known.complete = whole;
    known
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
    let variables = vec![("assertion".to_owned(), Value::from_json(claims))];
    let mut mapped = Vec::new();
    for (target, expression) in &provider.attribute_mapping {
        let value = value(expression, &variables);
        let value = value
            .filter(|value| !matches!(value, Value::Null))
            .ok_or_else(|| Rejected::Mapping(target.clone()))?;
        mapped.push((target.clone(), value));
    }
    if let Some(condition) = provider
        .attribute_condition
        .as_deref()
        .filter(|c| !c.trim().is_empty())
        && !meets(condition, &variables, &mapped)
    {
        return Err(Rejected::Condition);
    }
    let mut subject = None;
    let mut attributes = Vec::new();
    for (target, value) in mapped {
        match (target.strip_prefix("attribute."), target.as_str(), value) {
            (Some(name), _, value) => attributes.push((name.to_owned(), value.to_text())),
            (None, "google.subject", value) => subject = Some(value.to_text()),
            (None, "google.groups", Value::List(groups)) => attributes.extend(
                groups
                    .iter()
                    .map(|group| ("groups".to_owned(), group.to_text())),
            ),
            (None, "google.groups", value) => {
                attributes.push(("groups".to_owned(), value.to_text()));
            }
            _ => {}
        }
    }
    match subject.filter(|s| !s.is_empty()) {
        Some(subject) => Ok((subject, attributes)),
        None => Err(Rejected::Mapping("google.subject".to_owned())),
    }
}

fn id(provider: &Provider) -> &str {
    provider.name.rsplit('/').next().unwrap_or(&provider.name)
}

fn provider_pool(estate: &Estate, name: &str, pool: &Pool) -> bool {
    let Some((path, _)) = name.split_once("/providers/") else {
        return false;
    };
    Pool::split(&format!("{path}/"))
        .is_some_and(|(own, _)| super::membership::same_pool(estate, &own, pool) == Some(true))
}

/// Whether the token can come through this provider, as far as its issuer says.
fn issued_by(provider: &Provider, claims: &Json) -> bool {
    let issuer = provider.extra.get("oidc").and_then(|o| o.get("issuerUri"));
    match (
        issuer.and_then(Json::as_str),
        claims.get("iss").and_then(Json::as_str),
    ) {
        (Some(want), Some(have)) => want.trim_end_matches('/') == have.trim_end_matches('/'),
        _ => true,
    }
}

fn options() -> Options {
    Options {
        variables: ["assertion", "google", "attribute"]
            .map(str::to_owned)
            .to_vec(),
        unchecked: true,
    }
}

fn value(expression: &str, variables: &[(String, Value)]) -> Option<Value> {
    let context = Context {
        extra: variables,
        ..Context::default()
    };
    compile_with(expression, &options())
        .ok()?
        .evaluate_value(&context)
        .ok()
}

/// Whether the condition is definitely not met.
fn refuses(condition: &str, variables: &[(String, Value)], mapped: &[(String, Value)]) -> bool {
    outcome(condition, variables, mapped) == Some(Outcome::False)
}

/// Whether the condition is definitely met.
fn meets(condition: &str, variables: &[(String, Value)], mapped: &[(String, Value)]) -> bool {
    outcome(condition, variables, mapped) == Some(Outcome::True)
}

/// What comes of the condition; `None` when it does not compile.
fn outcome(
    condition: &str,
    variables: &[(String, Value)],
    mapped: &[(String, Value)],
) -> Option<Outcome> {
    let part = |prefix: &str| {
        let fields: serde_json::Map<String, Json> = mapped
            .iter()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix(prefix)?;
                let json = match value {
                    Value::List(items) => {
                        Json::from(items.iter().map(Value::to_text).collect::<Vec<_>>())
                    }
                    other => Json::from(other.to_text()),
                };
                Some((name.to_owned(), json))
            })
            .collect();
        Value::from_json(&Json::Object(fields))
    };
    let mut extra = variables.to_vec();
    extra.push(("google".to_owned(), part("google.")));
    extra.push(("attribute".to_owned(), part("attribute.")));
    let context = Context {
        extra: &extra,
        ..Context::default()
    };
    let compiled = compile_with(condition, &options()).ok()?;
    Some(compiled.decide(&context))
}
