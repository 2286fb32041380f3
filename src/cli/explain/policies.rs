//! What was looked at: every level's policy, deny policies and boundaries, each with its state.

use super::super::out::{Ink, TextPage, glyphs, mark};
use crate::answer::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::explanation::{
    BindingExplanation, BoundaryExplanation, ConditionExplanation, DenyExplanation,
    MemberExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{Explanation, Truth, caller_place};
use crate::iam::{Resource, ResourceKind};
use crate::text::counted;

/// More members of a binding than this are counted, not named.
const MEMBERS_NAMED: usize = 4;

/// Every level, deny policy and boundary, with what it does for the question.
pub(super) fn policies(page: &mut TextPage, estate: &Estate, explanation: &Explanation) {
    page.gap();
    page.line(
        Ink::Strong,
        "Where bindings are, from the top to the target",
    );
    for policy in explanation.allow.iter().rev() {
        level(page, estate, policy);
    }
    if !explanation.ancestry_complete {
        let words = "  There may be levels above that could not be seen.";
        page.line(Ink::Unsure, words);
    }
    if !explanation.off_path.is_empty() {
        page.line(
            Ink::Strong,
            "The caller's own branch, which the target is not on",
        );
        for policy in explanation.off_path.iter().rev() {
            level(page, estate, policy);
        }
    }
    denials(page, estate, explanation);
    boundaries(page, explanation);
}

fn level(page: &mut TextPage, estate: &Estate, policy: &PolicyExplanation) {
    let state = LevelState::of_policy(policy);
    let name = format!(
        "{} {}",
        policy.resource.kind().word(),
        name(estate, &policy.resource)
    );
    let word = match &policy.unreadable {
        Some(why) => format!("{} ({why})", state.word()),
        None => state.word().to_owned(),
    };
    page.pieces(&[
        (Ink::of(state), &format!("  {:<2}", state.glyph(glyphs()))),
        (Ink::Plain, &format!("{name:<48} ")),
        (Ink::of(state), &word),
    ]);
    for found in &policy.bindings {
        binding(page, found);
    }
}

/// Without the number's prefix where nothing better is known.
fn name(estate: &Estate, resource: &Resource) -> String {
    let label = estate.label(resource);
    if resource.kind() == ResourceKind::ServiceAccount {
        return label;
    }
    match label.rsplit_once('/') {
        Some((_, number)) => number.to_owned(),
        None => label,
    }
}

fn binding(page: &mut TextPage, found: &BindingExplanation) {
    let ink = match found.grants {
        Truth::Yes => Ink::Good,
        Truth::No => Ink::Faint,
        Truth::UnknownInfo | Truth::UnknownConditional => Ink::Unsure,
    };
    let role = match found.role_state {
        RoleState::Included => "",
        RoleState::NotIncluded => ": lacks the permission",
        RoleState::Disabled => ": the role is disabled and grants nothing",
        RoleState::Deleted => ": the role is deleted and grants nothing",
        RoleState::Unreadable => ": the role could not be read",
        RoleState::Unknown => ": no such role is known",
    };
    page.pieces(&[
        (ink, &format!("      {} ", mark(found.grants))),
        (Ink::Plain, &format!("{}{role}", found.role)),
    ]);
    if found.role_state == RoleState::NotIncluded {
        // Whom it does not help is of no interest, unless it is the caller.
        for member in found.members.iter().filter(|m| m.matches == Truth::Yes) {
            member_line(page, "        ", member);
        }
        return;
    }
    let (ours, others): (Vec<_>, Vec<_>) =
        found.members.iter().partition(|m| m.matches != Truth::No);
    for member in &ours {
        member_line(page, "        ", member);
    }
    let named = others.len().min(MEMBERS_NAMED.saturating_sub(ours.len()));
    for member in others.iter().take(named) {
        member_line(page, "        ", member);
    }
    let left = found.member_count.saturating_sub(ours.len() + named);
    if left > 0 {
        page.line(
            Ink::Faint,
            format!("        and {}", counted(left, "other member")),
        );
    }
    if let Some(explained) = &found.condition {
        condition(page, "        ", explained);
    }
}

fn member_line(page: &mut TextPage, indent: &str, member: &MemberExplanation) {
    let ink = match member.matches {
        Truth::Yes => Ink::Good,
        Truth::No => Ink::Faint,
        Truth::UnknownInfo | Truth::UnknownConditional => Ink::Unsure,
    };
    let why = if member.why.is_empty() {
        String::new()
    } else {
        format!("  ({})", member.why)
    };
    page.pieces(&[
        (ink, &format!("{indent}{} ", mark(member.matches))),
        (Ink::Plain, &member.member.text),
        (Ink::Faint, &why),
    ]);
}

fn condition(page: &mut TextPage, indent: &str, explained: &ConditionExplanation) {
    let (ink, word) = match (&explained.evaluation, explained.holds) {
        (Err(_), _) => (Ink::Bad, "does not compile, so that it grants nothing"),
        (_, Truth::Yes) => (Ink::Good, "holds"),
        (_, Truth::No) => (Ink::Bad, "does not hold"),
        (_, Truth::UnknownInfo | Truth::UnknownConditional) => (Ink::Unsure, "cannot be decided"),
    };
    let title = explained.condition.title.as_deref().unwrap_or_default();
    let title = if title.is_empty() {
        String::new()
    } else {
        format!(" '{title}'")
    };
    page.pieces(&[
        (Ink::Plain, &format!("{indent}condition{title} ")),
        (ink, word),
    ]);
    for line in explained.condition.expression.lines() {
        page.line(Ink::Faint, format!("{indent}  {line}"));
    }
    match &explained.evaluation {
        Err(why) => page.line(Ink::Bad, format!("{indent}  {why}")),
        Ok(evaluation) => {
            for missing in &evaluation.missing {
                let words = format!("{indent}  {} is not known: {}", missing.name, missing.why);
                page.line(Ink::Unsure, words);
            }
        }
    }
}

fn denials(page: &mut TextPage, estate: &Estate, explanation: &Explanation) {
    let worth = |deny: &&DenyExplanation| deny.unreadable.is_some() || !deny.policies.is_empty();
    let levels: Vec<_> = explanation.deny.iter().filter(worth).collect();
    if levels.is_empty() {
        // What was not seen at all may hold some.
        if explanation.ancestry_complete {
            page.line(Ink::Faint, "No deny policy stands on the way.");
        } else {
            let words = "No deny policy stands on the way as far as the levels above are known.";
            page.line(Ink::Unsure, words);
        }
        return;
    }
    page.line(Ink::Strong, "Deny policies");
    for deny in levels.iter().rev() {
        let state = LevelState::of_deny(deny, explanation);
        let place = format!(
            "{} {}",
            deny.resource.kind().word(),
            name(estate, &deny.resource)
        );
        let (glyph, ink, word) = match state {
            Some(state) => (state.glyph(glyphs()), Ink::of(state), state.word()),
            None => (mark(Truth::Yes), Ink::Faint, "denies nothing of this"),
        };
        page.pieces(&[
            (ink, &format!("  {glyph:<2}")),
            (Ink::Plain, &format!("{place:<48} ")),
            (ink, word),
        ]);
        if let Some(why) = &deny.unreadable {
            page.line(Ink::Faint, format!("      {why}"));
        }
        for policy in &deny.policies {
            for rule in &policy.rules {
                let (ink, word) = match rule.denies {
                    Truth::Yes => (Ink::Bad, "denies"),
                    Truth::No => (Ink::Faint, "does not apply"),
                    Truth::UnknownInfo | Truth::UnknownConditional => (Ink::Unsure, "may deny"),
                };
                let short = policy.policy.name.rsplit('/').next().unwrap_or_default();
                let rule_name = format!("      {short}, rule {}: ", rule.index + 1);
                page.pieces(&[(Ink::Plain, &rule_name), (ink, word)]);
                if rule.unsupported {
                    let words = format!(
                        "        it names {}, which deny policies do not support, so it has no effect on it",
                        explanation.question.permission
                    );
                    page.line(Ink::Faint, words);
                    continue;
                }
                if rule.permission == Truth::No {
                    page.line(Ink::Faint, "        it is about other permissions");
                    continue;
                }
                if let Some(group) = &rule.as_written {
                    let words = format!(
                        "        it names the group {group}, which deny policies do not support; it is taken for what it says"
                    );
                    page.line(Ink::Unsure, words);
                }
                for member in &rule.denied {
                    member_line(page, "        denied ", member);
                }
                for member in &rule.exceptions {
                    member_line(page, "        excepted ", member);
                }
                if let Some(explained) = &rule.condition {
                    condition(page, "        ", explained);
                }
            }
        }
    }
}

fn boundaries(page: &mut TextPage, explanation: &Explanation) {
    let all = &explanation.boundaries;
    if all.boundaries.is_empty() && all.unreadable.is_empty() && all.unplaced.is_none() {
        let words = if all.assumed {
            "Principal access boundaries are not known, and taken to be none."
        } else {
            "No principal access boundary is bound to the caller."
        };
        page.line(Ink::Faint, words);
        return;
    }
    page.line(Ink::Strong, "Principal access boundaries");
    for bound in &all.boundaries {
        boundary(page, bound, all.eligible);
    }
    for (collection, why) in &all.unreadable {
        let decides = !matches!(all.eligible, Truth::Yes | Truth::No);
        let state = LevelState::unread(decides);
        page.pieces(&[
            (Ink::of(state), &format!("  {:<2}", state.glyph(glyphs()))),
            (Ink::Plain, &format!("{collection} ")),
            (Ink::of(state), &format!("{} ({why})", state.word())),
        ]);
    }
    if let Some((what, why)) = &all.unplaced {
        let decides = !matches!(all.eligible, Truth::Yes | Truth::No);
        let state = LevelState::unread(decides);
        page.pieces(&[
            (Ink::of(state), &format!("  {:<2}", state.glyph(glyphs()))),
            (Ink::Plain, &format!("{} ", caller_place(what))),
            (Ink::of(state), &format!("{} ({why})", state.word())),
        ]);
    }
    if let Some(words) = &all.undecided {
        page.wrapped(Ink::Unsure, "  ", words);
    }
}

fn boundary(page: &mut TextPage, bound: &BoundaryExplanation, eligible: Truth) {
    let inside = bound
        .rules
        .iter()
        .fold(Truth::No, |sum, rule| sum.or(*rule));
    let (state, ink, word) = match bound.applies {
        Truth::No => (mark(Truth::Yes), Ink::Faint, "is not bound to this caller"),
        _ if bound.reaches_permission == Truth::No => (
            mark(Truth::Yes),
            Ink::Faint,
            "does not reach this permission",
        ),
        Truth::Yes if inside == Truth::No && eligible == Truth::No => {
            let outside = LevelState::OutsideBoundary;
            (outside.glyph(glyphs()), Ink::of(outside), outside.word())
        }
        Truth::Yes if inside == Truth::Yes => (mark(Truth::Yes), Ink::Good, "the target is inside"),
        Truth::Yes if inside == Truth::No => (
            mark(Truth::Yes),
            Ink::Faint,
            "another boundary lets the target in",
        ),
        _ => (
            mark(Truth::UnknownInfo),
            Ink::Unsure,
            LevelState::Depends.word(),
        ),
    };
    let short = bound.policy_name.rsplit('/').next().unwrap_or_default();
    page.pieces(&[
        (ink, &format!("  {state:<2}")),
        (Ink::Plain, &format!("{short:<48} ")),
        (ink, word),
    ]);
    page.line(
        Ink::Faint,
        format!("      bound to {}", bound.principal_set),
    );
    if !bound.why.is_empty() {
        page.wrapped(Ink::Plain, "      ", &bound.why);
    }
    if let Some(explained) = &bound.condition {
        condition(page, "      ", explained);
    }
}
