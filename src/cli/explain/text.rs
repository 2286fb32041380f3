//! `explain` for people: the answer first, then what mends it, then every policy that was looked at.

use super::super::facts::FactSource;
use super::super::out::{Ink, TextPage};
use super::super::out::{glyphs, mark};
use crate::answer::Answer;
use crate::answer::limits::{self, NOT_JUDGED};
use crate::answer::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::explanation::{
    AccountState, BindingExplanation, BoundaryExplanation, ConditionExplanation, DenyExplanation,
    MemberExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{Explanation, Outcome, Question, Tri, caller_place, org_policy};
use crate::iam::address::is_service_account;
use crate::iam::{Principal, Resource, ResourceKind};

/// More members of a binding than this are counted, not named.
const MEMBERS_NAMED: usize = 4;

/// The whole page; `fix`: the line that carries the plan out.
pub(super) fn page(page: &mut TextPage, answer: &Answer, facts: &FactSource, fix: &str) {
    let explanation = &answer.explanation;
    headline(page, answer, facts);
    causes(page, answer);
    mending(page, answer, fix);
    if explanation.target_state == AccountState::NotFound {
        // There is no policy to show.
    } else if explanation.hops.is_empty() {
        policies(page, &answer.estate, explanation);
    } else {
        for (i, hop) in explanation.hops.iter().enumerate() {
            page.gap();
            let sign = sign(hop.outcome);
            let title = format!(
                "Hop {} of {}: {} on {}, {}",
                i + 1,
                explanation.hops.len(),
                hop.question.caller.short(),
                answer.estate.label(&hop.question.target),
                hop.question.permission
            );
            page.pieces(&[
                (ink(hop.outcome), sign),
                (Ink::Strong, &format!(" {title}")),
            ]);
            policies(page, &answer.estate, hop);
        }
    }
    not_covered(page, answer);
}

fn ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::WouldSucceed => Ink::Good,
        Outcome::WouldFail => Ink::Bad,
        Outcome::Unknown => Ink::Unsure,
    }
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WouldSucceed => mark(Tri::Yes),
        Outcome::WouldFail => mark(Tri::No),
        Outcome::Unknown => mark(Tri::UnknownInfo),
    }
}

fn headline(page: &mut TextPage, answer: &Answer, facts: &FactSource) {
    let explanation = &answer.explanation;
    let question = &explanation.question;
    let verb = match explanation.outcome {
        Outcome::WouldSucceed => "gets through to",
        Outcome::WouldFail => "does not get through to",
        Outcome::Unknown => "may or may not get through to",
    };
    let target = answer.estate.label(&question.target);
    page.pieces(&[
        (ink(explanation.outcome), sign(explanation.outcome)),
        (
            Ink::Strong,
            &format!(" {} {verb} {target}", question.caller.short()),
        ),
    ]);
    let rows = [
        ("caller", question.caller.to_string()),
        ("target", question.target.full_name()),
        ("wants", question.permission.to_string()),
        (
            "IAM says",
            format!(
                "{}; the call {}",
                explanation.verdict.word(),
                match explanation.outcome {
                    Outcome::WouldSucceed => "would succeed",
                    Outcome::WouldFail => "would fail",
                    Outcome::Unknown => "cannot be foretold",
                }
            ),
        ),
        (
            "judged",
            format!(
                "as of {} on {}{}",
                question.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                facts.label,
                facts
                    .viewer_words
                    .as_ref()
                    .map(|w| format!(", seen as {w}"))
                    .unwrap_or_default()
            ),
        ),
    ];
    for (name, value) in rows {
        page.pieces(&[(Ink::Faint, &format!("  {name:<9}")), (Ink::Plain, &value)]);
    }
    for (name, state) in [
        ("target", explanation.target_state),
        ("caller", explanation.caller_state),
    ] {
        let words = match state {
            AccountState::Active | AccountState::Unknown => continue,
            AccountState::Disabled => "is disabled",
            AccountState::Deleted => "is deleted",
            AccountState::NotFound if is_somebody(question, name) => "is no service account",
            AccountState::NotFound => "does not exist",
        };
        page.line(Ink::Bad, format!("  the {name} {words}"));
    }
    for project in &explanation.shut_down {
        page.line(
            Ink::Bad,
            format!("  the project {} was shut down", project.id()),
        );
    }
    if let Some((project, Tri::No)) = &explanation.api {
        let words = format!("  the IAM Credentials API is off on {project}, the project billed");
        page.line(Ink::Bad, words);
    }
}

/// Whether a target is a person or a group.
fn is_somebody(question: &Question, name: &str) -> bool {
    let id = question.target.id();
    name == "target" && id.contains('@') && !is_service_account(id)
}

fn causes(page: &mut TextPage, answer: &Answer) {
    if answer.causes.is_empty() {
        return;
    }
    page.gap();
    page.line(Ink::Strong, "Why");
    for (i, cause) in answer.causes.iter().enumerate() {
        page.wrapped(Ink::Plain, &format!("  {} ", i + 1), &cause.message);
        let arrow = format!("    {} ", glyphs().arrow());
        if !answer.plan.is_refused() {
            page.wrapped(Ink::Good, &arrow, &cause.remedy);
            // On a line of its own, so that it can be pasted.
            if let Some(command) = &cause.command {
                page.line(Ink::Faint, format!("      {command}"));
            }
        }
        let kind = serde_json::to_value(cause.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default();
        page.line(Ink::Faint, format!("    {kind} at {}", cause.place));
    }
}

fn mending(page: &mut TextPage, answer: &Answer, fix: &str) {
    if answer.explanation.outcome == Outcome::WouldSucceed {
        return;
    }
    page.gap();
    page.line(Ink::Strong, "What mends it");
    let plan = &answer.plan;
    if plan.remedies.is_empty() {
        page.line(Ink::Plain, "  No binding alone would: see above.");
    }
    for remedy in &plan.remedies {
        let star = if remedy.recommended { "*" } else { "-" };
        let doubt = if remedy.certain {
            ""
        } else {
            " (as far as can be read: something else may still say no)"
        };
        let words = format!("{}{doubt}", remedy.title);
        page.wrapped(Ink::Plain, &format!("  {star} "), &words);
        if remedy.steps.len() > 1 {
            for (i, step) in remedy.steps.iter().enumerate() {
                page.wrapped(Ink::Faint, &format!("    {}. ", i + 1), &step.title());
            }
        }
    }
    for other in &plan.elsewhere {
        page.wrapped(Ink::Plain, "  - ", &other.what);
        page.wrapped(Ink::Faint, "    ", &other.who);
        page.block(Ink::Faint, indented(&other.command));
    }
    for warning in &plan.warnings {
        page.wrapped(Ink::Unsure, "  ! ", warning);
    }
    // What is turned on is never recommended, and `fix` offers it all the same.
    let first = plan.recommended().or(plan.remedies.first());
    if first.is_some_and(|r| r.single().is_none_or(|repair| !repair.already)) {
        page.line(Ink::Faint, format!("  {fix}"));
    }
}

/// A command of several lines below its sentence.
fn indented(command: &str) -> String {
    format!("    {}", command.replace('\n', "\n    "))
}

fn policies(page: &mut TextPage, estate: &Estate, explanation: &Explanation) {
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
        Tri::Yes => Ink::Good,
        Tri::No => Ink::Faint,
        Tri::UnknownInfo | Tri::UnknownConditional => Ink::Unsure,
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
        for member in found.members.iter().filter(|m| m.matches == Tri::Yes) {
            member_line(page, "        ", member);
        }
        return;
    }
    let (ours, others): (Vec<_>, Vec<_>) = found.members.iter().partition(|m| m.matches != Tri::No);
    for member in &ours {
        member_line(page, "        ", member);
    }
    let named = others.len().min(MEMBERS_NAMED.saturating_sub(ours.len()));
    for member in others.iter().take(named) {
        member_line(page, "        ", member);
    }
    let left = found.member_count.saturating_sub(ours.len() + named);
    if left > 0 {
        let s = if left == 1 { "" } else { "s" };
        page.line(Ink::Faint, format!("        and {left} other member{s}"));
    }
    if let Some(explained) = &found.condition {
        condition(page, "        ", explained);
    }
}

fn member_line(page: &mut TextPage, indent: &str, member: &MemberExplanation) {
    let ink = match member.matches {
        Tri::Yes => Ink::Good,
        Tri::No => Ink::Faint,
        Tri::UnknownInfo | Tri::UnknownConditional => Ink::Unsure,
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
        (_, Tri::Yes) => (Ink::Good, "holds"),
        (_, Tri::No) => (Ink::Bad, "does not hold"),
        (_, Tri::UnknownInfo | Tri::UnknownConditional) => (Ink::Unsure, "cannot be decided"),
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
            None => (mark(Tri::Yes), Ink::Faint, "denies nothing of this"),
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
                    Tri::Yes => (Ink::Bad, "denies"),
                    Tri::No => (Ink::Faint, "does not apply"),
                    Tri::UnknownInfo | Tri::UnknownConditional => (Ink::Unsure, "may deny"),
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
                if rule.permission == Tri::No {
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
        let decides = !matches!(all.eligible, Tri::Yes | Tri::No);
        let state = LevelState::unread(decides);
        page.pieces(&[
            (Ink::of(state), &format!("  {:<2}", state.glyph(glyphs()))),
            (Ink::Plain, &format!("{collection} ")),
            (Ink::of(state), &format!("{} ({why})", state.word())),
        ]);
    }
    if let Some((what, why)) = &all.unplaced {
        let decides = !matches!(all.eligible, Tri::Yes | Tri::No);
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

fn boundary(page: &mut TextPage, bound: &BoundaryExplanation, eligible: Tri) {
    let inside = bound.rules.iter().fold(Tri::No, |sum, rule| sum.or(*rule));
    let (state, ink, word) = match bound.applies {
        Tri::No => (mark(Tri::Yes), Ink::Faint, "is not bound to this caller"),
        _ if bound.reaches_permission == Tri::No => {
            (mark(Tri::Yes), Ink::Faint, "does not reach this permission")
        }
        Tri::Yes if inside == Tri::No && eligible == Tri::No => {
            let outside = LevelState::OutsideBoundary;
            (outside.glyph(glyphs()), Ink::of(outside), outside.word())
        }
        Tri::Yes if inside == Tri::Yes => (mark(Tri::Yes), Ink::Good, "the target is inside"),
        Tri::Yes if inside == Tri::No => (
            mark(Tri::Yes),
            Ink::Faint,
            "another boundary lets the target in",
        ),
        _ => (
            mark(Tri::UnknownInfo),
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

fn not_covered(page: &mut TextPage, answer: &Answer) {
    let explanation = &answer.explanation;
    page.gap();
    for notice in org_policy::notices(&answer.estate, explanation) {
        page.wrapped(Ink::Unsure, "! ", &notice);
    }
    let names: Vec<&str> = NOT_JUDGED.iter().map(|not| not.words).collect();
    page.wrapped(
        Ink::Faint,
        "Not judged: ",
        &format!("{}.", names.join(", ")),
    );
    if let Some(words) = limits::taken_for_granted(&explanation.assumptions) {
        page.wrapped(Ink::Unsure, limits::TAKEN, &words);
    }
    if let Some(url) = console(&answer.estate, &explanation.question.target) {
        page.pieces(&[(Ink::Faint, "In the console: "), (Ink::Faint, &url)]);
    }
    if let Principal::Other(_) = explanation.question.caller {
        page.line(
            Ink::Faint,
            "The caller's form is not known here; it is compared as written.",
        );
    }
}

/// The console's page of the account, which it names by unique id, with the tab of those who may act
/// as it.
fn console(estate: &Estate, target: &Resource) -> Option<String> {
    let account = estate.account(target.id())?;
    let encode = crate::google::wire::encode;
    let project = encode(&account.project_id);
    (!account.unique_id.is_empty()).then(|| {
        format!(
            "https://console.cloud.google.com/iam-admin/serviceaccounts/details/{}/permissions?project={project}",
            encode(&account.unique_id),
        )
    })
}
