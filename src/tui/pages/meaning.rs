//! What whoever acts as the target may do, and who can already.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::KnownAnswer;
use super::super::model::tree;
use super::level::matter;
use super::no_policy;
use crate::estate::Read;
use crate::evaluate::explanation::RoleState;
use crate::iam::Principal;
use crate::repair::meaning::{HeldRole, held};

/// What whoever acts as the target may do.
#[must_use]
pub fn meaning_page(known: &KnownAnswer) -> ScreenPage {
    let target = &known.explanation.question.target;
    let email = known
        .estate
        .account(target.id())
        .map_or_else(|| target.id().to_owned(), |a| a.email.to_lowercase());
    let held = held(&known.estate, &Principal::ServiceAccount(email));
    let name = known.estate.label(target);
    let title = format!("what {name} may do");
    if no_policy(known, target).is_some() {
        let mut lines = matter(known, target);
        let nobody = "So nobody acts as it, and nothing can be said of what it may do.";
        lines.extend([Vec::new(), line(StyleRole::Text, nobody)]);
        return ScreenPage::new(title, lines);
    }
    let mut lines = vec![line(
        StyleRole::Text,
        format!(
            "Whoever acts as {name} may do what its roles allow. Seen in the policies that were read for this question:"
        ),
    )];
    lines.push(Vec::new());
    let (certain, perhaps): (Vec<&HeldRole>, Vec<&HeldRole>) =
        held.iter().partition(|h| !h.uncertain);
    lines.extend(certain.into_iter().map(|one| held_line(known, one)));
    if !perhaps.is_empty() {
        lines.push(Vec::new());
        lines.push(line(
            StyleRole::Heading,
            "And perhaps, through groups whose members were not read",
        ));
        lines.extend(perhaps.into_iter().map(|one| held_line(known, one)));
    }
    if held.is_empty() {
        lines.push(line(
            StyleRole::Dim,
            "None of its roles stands there; it may hold roles elsewhere.",
        ));
    }
    lines.push(Vec::new());
    lines.push(line(StyleRole::Heading, "Who can act as it already"));
    let others = who_holds(known);
    if others.is_empty() {
        lines.push(line(
            StyleRole::Dim,
            "Nobody, as far as the policies that were read say.",
        ));
    }
    lines.extend(others.into_iter().map(|t| line(StyleRole::Text, t)));
    lines.push(Vec::new());
    lines.push(line(
        StyleRole::Dim,
        "Roles on resources of other services (buckets, data sets) and in other projects are not read here.",
    ));
    ScreenPage::new(title, lines)
}

fn held_line(known: &KnownAnswer, one: &HeldRole) -> Text {
    let mut beside = format!(
        " on the {} {}",
        one.resource.kind().word(),
        known.estate.label(&one.resource)
    );
    if let Some(through) = &one.through {
        beside.push_str(&format!(", through {through}"));
    }
    if one.conditional {
        beside.push_str(", under a condition");
    }
    vec![
        piece(StyleRole::Text, one.title.clone()),
        piece(StyleRole::Dim, format!("{beside}: {}", one.power.word())),
    ]
}

/// Members of bindings on the path whose role holds the permission.
fn who_holds(known: &KnownAnswer) -> Vec<String> {
    let mut found = Vec::new();
    for policy in &known.explanation.allow {
        let Read::Known(Some(whole)) = known.estate.allow_policy(&policy.resource) else {
            continue;
        };
        for binding in policy
            .bindings
            .iter()
            .filter(|b| b.role_state == RoleState::Included)
        {
            let Some(full) = whole.bindings.get(binding.index) else {
                continue;
            };
            for member in &full.members {
                let when = if full.condition.is_some() {
                    ", with a condition"
                } else {
                    ""
                };
                found.push(format!(
                    "{member}  {} on {}{when}",
                    tree::title(&known.estate, &full.role),
                    known.estate.label(&policy.resource)
                ));
            }
        }
    }
    found
}
