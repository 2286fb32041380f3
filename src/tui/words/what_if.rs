//! What is supposed, in words.

use super::super::model::KnownAnswer;
use super::super::model::tree::title;
use crate::answer::what_if::Supposed;
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
        let role = title(&known.estate, &one.role);
        let at = known.estate.label(&one.on);
        match &one.what {
            Supposed::Off { whom, .. } => format!("off: {role} for {} on {at}", name(whom)),
            Supposed::There {
                member, replaces, ..
            } => {
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
