//! What is supposed, in words.

use super::super::model::KnownAnswer;
use super::super::model::tree::title;
use crate::answer::what_if::{ConditionOf, Supposed, SwitchedRule};
use crate::iam::address::short;
use crate::text::visible;

/// What is supposed, a line each, in the order in which it was switched.
#[must_use]
pub fn supposed(known: &KnownAnswer) -> Vec<String> {
    let name = |member: &str| match member.strip_prefix("serviceAccount:") {
        Some(email) => short(email).to_owned(),
        None => member.to_owned(),
    };
    let each = known.supposed.iter().map(|one| {
        let at = known.estate.label(&one.on);
        match &one.what {
            Supposed::Off { role, whom, .. } => {
                let role = title(&known.estate, role);
                format!("off: {role} for {} on {at}", name(whom))
            }
            Supposed::Condition(one) => {
                let (value, text) = (one.value, &one.text);
                match one.of {
                    ConditionOf::Binding(_) => {
                        let role = title(&known.estate, &one.whose);
                        format!("{value} in {role} on {at}: {text}")
                    }
                    ConditionOf::DenyRule { .. } => {
                        format!("{value} in {} on {at}: {text}", one.whose)
                    }
                    ConditionOf::Boundary(_) => format!("{value} in {}: {text}", one.whose),
                }
            }
            Supposed::RuleOff {
                rule, title, name, ..
            } => match rule {
                SwitchedRule::Deny { .. } if name.is_empty() => format!("off: {title} on {at}"),
                SwitchedRule::Deny { .. } => format!("off: {title} for {name} on {at}"),
                SwitchedRule::OrgPolicy { .. } => format!("off: {title} {name} on {at}"),
                SwitchedRule::Boundary { .. } => format!("off: {title} {name}"),
                SwitchedRule::BoundaryRule { .. } => format!("off: {title}, {name}"),
            },
            Supposed::There {
                role,
                member,
                replaces,
                ..
            } => {
                let role = title(&known.estate, role);
                let of = replaces
                    .as_ref()
                    .map(|old| format!(", in the place of {}", name(old)));
                format!(
                    "on: {role} for {}{} on {at}",
                    name(member),
                    of.unwrap_or_default()
                )
            }
        }
    });
    each.map(|text| visible(&text)).collect()
}
