//! The search language of Cloud Asset v1, as far as it is spoken here: terms `FIELD:WORDS`,
//! `FIELD=TEXT` and free words, joined by spaces or AND, each with NOT or `-` before it (doc "Searching
//! resources", "Query syntax"). What is not understood is refused, never ignored.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::Refusal;
use crate::estate::Estate;
use crate::iam::predefined;

/// A query.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<Term>);

#[derive(Debug)]
struct Term {
    not: bool,
    /// Empty for free words.
    field: String,
    exact: bool,
    value: String,
}

impl Query {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refused = || {
            Refusal::invalid(
                "The query is not supported by this emulator: expected terms FIELD:WORDS, FIELD=TEXT or words, joined by spaces or AND; without OR and parentheses.",
            )
        };
        let mut terms = Vec::new();
        let mut not = false;
        for word in words(text).ok_or_else(refused)? {
            match word.as_str() {
                "AND" => continue,
                "NOT" => {
                    not = true;
                    continue;
                }
                _ => {}
            }
            let (negative, word) = match word.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, word.as_str()),
            };
            if word == "OR" || word.contains(['(', ')', '<', '>']) {
                return Err(refused());
            }
            let end = word.find([':', '=']).filter(|at| {
                // A member (user:ana@…) is a word of its own, not a field.
                let field = word.get(..*at).unwrap_or_default();
                ![
                    "user",
                    "serviceAccount",
                    "group",
                    "domain",
                    "deleted",
                    "https",
                    "http",
                ]
                .contains(&field)
            });
            let (field, exact, value) = match end {
                Some(at) => (
                    word.get(..at).unwrap_or_default().to_owned(),
                    word.get(at..).is_some_and(|rest| rest.starts_with('=')),
                    word.get(at + 1..).unwrap_or_default(),
                ),
                None => (String::new(), false, word),
            };
            let value = value.replace('"', "");
            if value.is_empty() {
                return Err(refused());
            }
            terms.push(Term {
                not: negative || std::mem::take(&mut not),
                field,
                exact,
                value,
            });
        }
        Ok(Self(terms))
    }

    /// Whether a `ResourceSearchResult` meets it.
    pub fn holds(&self, row: &Value) -> bool {
        self.0.iter().all(|term| {
            let held = if term.field.is_empty() {
                texts(row).iter().any(|text| term.fits(text))
            } else {
                field(row, &term.field).iter().any(|text| term.fits(text))
            };
            held != term.not
        })
    }

    /// The bindings of a policy that meet it, and which roles hold the permissions asked for; `None`
    /// when the policy does not meet it. `row` is the `IamPolicySearchResult` without its policy.
    pub fn bindings(
        &self,
        estate: &Estate,
        row: &Map<String, Value>,
        policy: &Map<String, Value>,
    ) -> Option<(Vec<Value>, BTreeMap<String, Value>)> {
        let row = Value::Object(row.clone());
        let mut bindings: Vec<Value> = policy.get("bindings")?.as_array()?.clone();
        let mut matched = BTreeMap::new();
        for term in &self.0 {
            let of_policy = term.field.is_empty() || term.field.starts_with("policy");
            let of_row = if term.field.is_empty() {
                texts(&row).iter().any(|text| term.fits(text))
            } else {
                !of_policy && field(&row, &term.field).iter().any(|text| term.fits(text))
            };
            if of_row {
                if term.not {
                    return None;
                }
                continue;
            }
            if !of_policy {
                if term.not {
                    continue;
                }
                return None;
            }
            bindings.retain(|binding| term.binding(estate, binding, &mut matched) != term.not);
            if bindings.is_empty() {
                return None;
            }
        }
        Some((bindings, matched))
    }
}

impl Term {
    /// Whether a text meets the value: all of it, or its words, a `*` at a word's end for any more.
    fn fits(&self, text: &str) -> bool {
        let (text, value) = (text.to_lowercase(), self.value.to_lowercase());
        if self.exact {
            return text == value;
        }
        let have: Vec<&str> = split(&text).collect();
        value
            .split_whitespace()
            .flat_map(split_pattern)
            .all(|wanted| match wanted.strip_suffix('*') {
                Some(start) => have.iter().any(|word| word.starts_with(start)),
                None => have.contains(&wanted),
            })
    }

    fn binding(
        &self,
        estate: &Estate,
        binding: &Value,
        matched: &mut BTreeMap<String, Value>,
    ) -> bool {
        let role = binding
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if self.field == "policy.role.permissions" {
            let permissions = permissions(estate, role);
            let held: Vec<&String> = permissions.iter().filter(|p| self.fits(p)).collect();
            if !held.is_empty() && !self.not {
                matched.insert(role.to_owned(), json!({ "permissions": held }));
            }
            return !held.is_empty();
        }
        let members = binding
            .get("members")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        match self.field.as_str() {
            "policy.role" => self.fits(role),
            _ => self.fits(role) || members.into_iter().any(|member| self.fits(member)),
        }
    }
}

/// The permissions of a role that is known.
pub(super) fn permissions(estate: &Estate, role: &str) -> Vec<String> {
    if let Some(given) = estate.roles().find(|r| r.name == role) {
        return given.included_permissions.clone();
    }
    predefined::role(role)
        .map(|r| r.permissions().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Words, a quoted part kept whole; `None` when a quote does not end.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    (!quoted).then_some(words)
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn split_pattern(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '*'))
        .filter(|word| !word.is_empty() && *word != "*")
}

/// All texts of a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The texts under a field; additional attributes are found by their own names.
fn field<'a>(row: &'a Value, name: &str) -> Vec<&'a str> {
    let name = name.strip_prefix("additionalAttributes.").unwrap_or(name);
    let name = if name == "parent" {
        "parentFullResourceName"
    } else {
        name
    };
    row.get(name)
        .or_else(|| row.get("additionalAttributes").and_then(|a| a.get(name)))
        .map(texts)
        .unwrap_or_default()
}
