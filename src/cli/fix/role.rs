//! `--role`: whether there is such a role, and whether it would do.

use super::super::failure::Failure;
use crate::estate::Estate;
use crate::evaluate::diagnose::describe_role;
use crate::iam::{Permission, predefined};

/// So many names are offered in the place of one that is none.
const OFFERED: usize = 3;

/// Refuses a role that was asked for and is not there.
///
/// # Errors
/// There is no such role, or the files hold none: with the one that was meant.
pub(super) fn exists(estate: &Estate, role: &str) -> Result<(), Failure> {
    if estate.is_missing_role(role) {
        let next =
            "look it up: gcloud iam roles list, or leave --role away for the narrowest that helps";
        let why = format!("there is no such role: {role}");
        return Err(none(estate, role, why, next.to_owned()));
    }
    // Files hold the custom roles that they hold: there may well be others.
    if !role.starts_with("roles/")
        && estate.role(role).known().is_none()
        && estate.why_not_given(role).is_some()
    {
        let next = format!(
            "give with another --estate what this prints: {} --format=json",
            describe_role(role)
        );
        let why = format!("the files hold no role {role}, so that what it gives is not known");
        return Err(none(estate, role, why, next));
    }
    Ok(())
}

/// The role is none; where no other one is near, `otherwise` is what to do.
fn none(estate: &Estate, role: &str, why: String, otherwise: String) -> Failure {
    let near = nearest(estate, role);
    let next = match near.as_slice() {
        [] => otherwise,
        [one] if one.eq_ignore_ascii_case(role) => {
            format!("did you mean {one}? Role names are case-sensitive")
        }
        _ => format!("did you mean {}?", near.join(" or ")),
    };
    Failure::usage(why, next)
}

/// One that differs by capitals alone, else those that are nearest.
fn nearest(estate: &Estate, role: &str) -> Vec<String> {
    let wanted = role.to_lowercase();
    let custom: Vec<String> = estate.roles().map(|r| r.name.clone()).collect();
    let names = || {
        predefined::all()
            .map(|r| r.name)
            .chain(custom.iter().map(String::as_str))
    };
    if let Some(same) = names().find(|name| name.to_lowercase() == wanted) {
        return vec![same.to_owned()];
    }
    let mut near: Vec<(usize, &str)> = names()
        .map(|name| {
            let lower = name.to_lowercase();
            (strsim::damerau_levenshtein(&wanted, &lower), name)
        })
        .filter(|(distance, _)| *distance <= wanted.len() / 5)
        .collect();
    near.sort_unstable();
    let near = near.into_iter().take(OFFERED);
    near.map(|(_, name)| name.to_owned()).collect()
}

/// Why a role that exists would not help: it does not hold the permission.
pub(super) fn lacks(estate: &Estate, role: &str, permission: &Permission) -> Option<String> {
    let known = estate.role(role).known()?;
    let holds = known.includes(permission.as_str()) && !known.disabled() && !known.deleted();
    (!holds).then(|| format!("The role {role} does not give {permission}."))
}
