//! Everything that could not be read, in one sentence.

use crate::evaluate::{Cause, CauseKind};

/// What could not be read, by its sort: how many, and what it is called for one and for several.
fn sort(cause: &Cause) -> (&'static str, &'static str) {
    match cause.kind {
        CauseKind::GroupNotReadable => ("group", "groups"),
        CauseKind::RoleNotReadable => ("custom role", "custom roles"),
        _ if cause.place.ends_with("/policyBindings") => {
            ("list of boundaries", "lists of boundaries")
        }
        _ if cause.place.contains("/denypolicies") => {
            ("set of deny policies", "sets of deny policies")
        }
        _ => ("policy", "policies"),
    }
}

/// `7 things could not be read and may decide it: 3 policies, 2 lists of boundaries, 2 groups.`
#[must_use]
pub fn unread_words(causes: &[&Cause]) -> String {
    let mut sorts: Vec<((&str, &str), usize)> = Vec::new();
    for cause in causes {
        let sort = sort(cause);
        match sorts.iter_mut().find(|(known, _)| *known == sort) {
            Some((_, count)) => *count += 1,
            None => sorts.push((sort, 1)),
        }
    }
    let each: Vec<String> = sorts
        .iter()
        .map(|((one, many), n)| format!("{n} {}", if *n == 1 { one } else { many }))
        .collect();
    format!(
        "{} things could not be read and may decide it: {}.",
        causes.len(),
        each.join(", ")
    )
}
