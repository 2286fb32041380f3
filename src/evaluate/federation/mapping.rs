//! One provider and one token: what its mapping makes of the claims, and whether its condition lets them
//! in (discovery document iam v1, `WorkloadIdentityPoolProvider.attributeMapping`, `.attributeCondition`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::condition::{CompileOptions, ConditionContext, Fail, Value, compile_with};
use crate::estate::Provider;

/// The mapped attribute that every token has.
pub(super) const SUBJECT: &str = "google.subject";
/// The mapped attribute that members name as `group/`.
const GROUPS: &str = "google.groups";

/// The mapping of a provider, with what stands for one that is not written down.
///
/// AWS: "if no attribute mapping is defined, the following default mapping applies" (discovery document
/// iam v1, `attributeMapping`). X.509: "by default … `assertion.subject.dn.cn`" (doc "Configure Workload
/// Identity Federation with X.509 certificates").
pub(super) fn mapping_of(provider: &Provider) -> BTreeMap<String, String> {
    if !provider.attribute_mapping.is_empty() {
        return provider.attribute_mapping.clone();
    }
    let default: &[(&str, &str)] = if provider.extra.contains_key("aws") {
        &[
            (SUBJECT, "assertion.arn"),
            (
                "attribute.aws_role",
                "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
            ),
        ]
    } else if provider.extra.contains_key("x509") {
        &[(SUBJECT, "assertion.subject.dn.cn")]
    } else {
        &[]
    };
    let owned = default.iter().map(|(k, v)| ((*k).into(), (*v).into()));
    owned.collect()
}

/// The name under which members ask for a mapped attribute: `repository`, `groups`.
pub(super) fn asked_as(target: &str) -> Option<&str> {
    match target {
        GROUPS => Some("groups"),
        other => other.strip_prefix("attribute."),
    }
}

/// What is known of a token.
pub(super) enum ExternalToken<'a> {
    /// All its claims.
    Claims(&'a Json),
    /// What its caller is called, and attributes that it is said to have.
    Told {
        subject: &'a str,
        attributes: &'a [(String, String)],
    },
}

/// What a mapping makes of a token.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    /// Attribute (`google.subject`, `attribute.repository`) to its value.
    pub values: BTreeMap<String, Value>,
    /// Those that the token gives no value for.
    pub failed: Vec<String>,
    /// Those whose value cannot be told here.
    pub open: BTreeSet<String>,
}

impl Mapped {
    /// By the names that members use; one of several values stands several times.
    pub fn attributes(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (target, value) in &self.values {
            let Some(name) = asked_as(target) else {
                continue;
            };
            match value {
                Value::List(items) => {
                    all.extend(items.iter().map(|item| (name.to_owned(), item.to_text())));
                }
                other => all.push((name.to_owned(), other.to_text())),
            }
        }
        all
    }

    pub fn subject(&self) -> Option<String> {
        self.values.get(SUBJECT).map(Value::to_text)
    }
}

/// Maps a token. Whose groups come from elsewhere too (`extraAttributesOauth2Client`: "the additional user
/// attributes in a separate backchannel call") has claims that are not in it.
pub(super) fn map(provider: &Provider, token: &ExternalToken<'_>) -> Mapped {
    let mapping = mapping_of(provider);
    let known = variables(&mapping, token);
    let more = provider.extra.contains_key("extraAttributesOauth2Client");
    let mut mapped = Mapped::default();
    for (target, expression) in &mapping {
        let compiled = compile_with(expression, &options(&known));
        let context = ConditionContext {
            extra: &known,
            ..ConditionContext::default()
        };
        match compiled.map(|c| c.evaluate_value(&context)) {
            // The emulator, as Google's service, wants a value for each.
            Ok(Ok(Value::Null) | Err(Fail::Error(_)))
                if matches!(token, ExternalToken::Claims(_)) && !more =>
            {
                mapped.failed.push(target.clone());
            }
            Ok(Ok(value)) if !matches!(value, Value::Null) => {
                mapped.values.insert(target.clone(), value);
            }
            _ => {
                mapped.open.insert(target.clone());
            }
        }
    }
    if let ExternalToken::Told {
        subject,
        attributes,
    } = token
    {
        mapped
            .values
            .insert(SUBJECT.to_owned(), Value::string(*subject));
        mapped.open.remove(SUBJECT);
        for target in mapping.keys() {
            let Some(name) = asked_as(target) else {
                continue;
            };
            let told: Vec<&str> = attributes
                .iter()
                .filter(|(n, _)| n == name || (name == "groups" && n == "group"))
                .map(|(_, v)| v.as_str())
                .collect();
            let value = match (told.as_slice(), name) {
                ([], _) => continue,
                (all, "groups") => Value::strings(all.iter().copied()),
                ([one, ..], _) => Value::string(*one),
            };
            mapped.values.insert(target.clone(), value);
            mapped.open.remove(target);
        }
    }
    mapped
}

/// The variables of the provider's expressions, as far as the token is known.
///
/// Without its claims some of them are told by what they are mapped to: with
/// `google.subject=assertion.sub` the claim `sub` is the subject.
pub(super) fn variables(
    mapping: &BTreeMap<String, String>,
    token: &ExternalToken<'_>,
) -> Vec<(String, Value)> {
    match token {
        ExternalToken::Claims(claims) => vec![("assertion".to_owned(), Value::from_json(claims))],
        ExternalToken::Told {
            subject,
            attributes,
        } => mapping
            .iter()
            .filter_map(|(target, expression)| {
                let claim = expression.trim().strip_prefix("assertion.")?;
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if claim.is_empty() || !claim.chars().all(plain) {
                    return None;
                }
                let value = if target == SUBJECT {
                    *subject
                } else {
                    let name = target.strip_prefix("attribute.")?;
                    attributes
                        .iter()
                        .find(|(n, _)| n == name)
                        .map(|(_, v)| v.as_str())?
                };
                Some((format!("assertion.{claim}"), Value::string(value)))
            })
            .collect(),
    }
}

pub(super) fn options(known: &[(String, Value)]) -> CompileOptions {
    let base = ["assertion", "google", "attribute"].map(str::to_owned);
    let dotted = known.iter().map(|(name, _)| name.clone());
    CompileOptions {
        variables: base.into_iter().chain(dotted).collect(),
        unchecked: true,
    }
}
