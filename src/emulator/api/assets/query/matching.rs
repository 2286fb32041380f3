//! Whether what was found meets a term.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::PERMISSIONS;

/// Words that are looked for in their order, side by side.
#[derive(Debug, PartialEq)]
pub(crate) struct Phrase {
    words: Vec<String>,
    /// Each word may have any ending (`us-west*`: "contains both `us` and `west` as prefixes").
    open: bool,
}

/// What is asked of a field's values.
#[derive(Debug, PartialEq)]
pub(crate) enum Test {
    /// `:*`
    Exists,
    /// `:`
    Has(Phrase),
    /// `=`
    Is(String),
    /// At least this and before that.
    Within(Option<Timestamp>, Option<Timestamp>),
}

/// The values of what is searched.
pub(crate) trait Facts {
    /// Those of one field.
    fn values(&self, path: &[String]) -> Vec<Cow<'_, str>>;
    /// Those of every searchable field.
    fn all(&self) -> Vec<Cow<'_, str>>;
}

/// Runs of letters, digits, `_` and `&`, in lower case (doc "Search query syntax", tokenization).
fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '&'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Phrase {
    pub fn new(text: &str) -> Self {
        Self {
            words: tokens(text),
            open: text.ends_with('*'),
        }
    }

    /// No word: nothing is found (chosen).
    fn fits(&self, text: &str) -> bool {
        let have = tokens(text);
        !self.words.is_empty()
            && have.windows(self.words.len()).any(|window| {
                self.words.iter().zip(window).all(|(wanted, word)| {
                    if self.open {
                        word.starts_with(wanted)
                    } else {
                        word == wanted
                    }
                })
            })
    }
}

impl Test {
    pub fn fits(&self, values: &[Cow<'_, str>]) -> bool {
        values.iter().any(|value| match self {
            Self::Exists => !value.is_empty(),
            Self::Has(phrase) => phrase.fits(value),
            Self::Is(wanted) => value == wanted,
            Self::Within(from, before) => value.parse::<Timestamp>().is_ok_and(|time| {
                // Times have seconds ("Timestamp.nanos will always be 0").
                let time = time.as_second();
                from.is_none_or(|from| from.as_second() <= time)
                    && before.is_none_or(|before| time < before.as_second())
            }),
        })
    }
}

/// All texts of a value, the names in it too where they are data (labels).
fn texts<'v>(value: &'v Value, names: bool, into: &mut Vec<Cow<'v, str>>) {
    match value {
        Value::String(text) => into.push(text.into()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, names, into)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if names {
                    into.push(name.into());
                }
                texts(field, names, into);
            }
        }
        _ => {}
    }
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Fields whose names are a user's own.
const NAMED: [&str; 3] = ["labels", "relationships", "sccSecurityMarks"];

fn under<'v>(row: &'v Value, path: &[String]) -> Vec<Cow<'v, str>> {
    let mut found = Vec::new();
    let mut value = Some(row);
    for part in path {
        value = value.and_then(|v| v.get(part));
    }
    let names = matches!(path, [one] if NAMED.contains(&one.as_str()));
    if let Some(value) = value {
        texts(value, names, &mut found);
    }
    found
}

/// A `ResourceSearchResult`, with its effective tags.
pub(crate) struct OfResource<'r>(pub &'r Value);

impl OfResource<'_> {
    /// One part of each tag: `tagKeys`, `effectiveTagValueIds` and so on.
    fn tags(&self, field: &str) -> Option<Vec<Cow<'_, str>>> {
        let (effective, part) = match field.strip_prefix("effectiveTag") {
            Some(part) => (true, part),
            None => (false, field.strip_prefix("tag")?),
        };
        let part = match part {
            "Keys" => "tagKey",
            "KeyIds" => "tagKeyId",
            "Values" => "tagValue",
            "ValueIds" => "tagValueId",
            _ => return None,
        };
        let mut rows: Vec<&Value> = Vec::new();
        if effective {
            for detail in items(self.0.get("effectiveTags")) {
                rows.extend(items(detail.get("effectiveTags")));
            }
        } else {
            rows.extend(items(self.0.get("tags")));
        }
        Some(
            rows.into_iter()
                .filter_map(|tag| tag.get(part)?.as_str().map(Cow::from))
                .collect(),
        )
    }
}

impl Facts for OfResource<'_> {
    fn values(&self, path: &[String]) -> Vec<Cow<'_, str>> {
        if let [field] = path {
            if let Some(tags) = self.tags(field) {
                return tags;
            }
            if self.0.get(field).is_none() {
                return under(self.0, &["additionalAttributes".to_owned(), field.clone()]);
            }
        }
        under(self.0, path)
    }

    fn all(&self) -> Vec<Cow<'_, str>> {
        let mut found = Vec::new();
        for (name, value) in self.0.as_object().into_iter().flatten() {
            // Neither times nor inherited tags are found by words alone.
            if !["createTime", "updateTime", "effectiveTags"].contains(&name.as_str()) {
                texts(value, NAMED.contains(&name.as_str()), &mut found);
            }
        }
        found
    }
}

/// One binding of a policy: "the query string is compared against each IAM policy binding, including
/// its principals, roles, and IAM conditions" (cloudasset v1, `searchAllIamPolicies`, query).
pub(crate) struct OfPolicy<'p> {
    /// The `IamPolicySearchResult` without its policy.
    pub row: &'p Value,
    pub binding: &'p Map<String, Value>,
    /// The permissions of the binding's role.
    pub permissions: &'p dyn Fn() -> Vec<String>,
}

impl OfPolicy<'_> {
    fn role(&self) -> Option<Cow<'_, str>> {
        self.binding.get("role")?.as_str().map(Cow::from)
    }

    fn members(&self) -> impl Iterator<Item = &str> {
        items(self.binding.get("members")).filter_map(Value::as_str)
    }

    /// Members, with and without their kind (`policy=amy.2020@gmail.com` is an example of the page).
    fn identities(&self) -> Vec<Cow<'_, str>> {
        self.members()
            .flat_map(|member| [Some(member), member.split_once(':').map(|(_, id)| id)])
            .flatten()
            .map(Cow::from)
            .collect()
    }

    fn policy(&self) -> Vec<Cow<'_, str>> {
        let mut found = self.identities();
        found.extend(self.role());
        if let Some(condition) = self.binding.get("condition") {
            texts(condition, false, &mut found);
        }
        found
    }
}

impl Facts for OfPolicy<'_> {
    fn values(&self, path: &[String]) -> Vec<Cow<'_, str>> {
        match path.join(".").as_str() {
            PERMISSIONS => (self.permissions)().into_iter().map(Cow::from).collect(),
            "policy" => self.policy(),
            "policy.role" | "roles" => self.role().into_iter().collect(),
            "policy.members" => self.identities(),
            "memberTypes" => self
                .members()
                .map(|m| m.split_once(':').map_or(m, |(kind, _)| kind).into())
                .collect(),
            _ => under(self.row, path),
        }
    }

    fn all(&self) -> Vec<Cow<'_, str>> {
        let mut found = self.policy();
        texts(self.row, false, &mut found);
        found
    }
}
