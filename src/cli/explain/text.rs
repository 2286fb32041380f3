//! `explain` for people: the answer first, then what mends it, then every policy that was looked at.

use super::super::facts::FactSource;
use super::super::out::{Ink, TextPage, glyphs, mark};
use super::super::unread;
use super::policies::policies;
use crate::answer::Answer;
use crate::answer::limits;
use crate::answer::second::SecondOpinion;
use crate::estate::Estate;
use crate::evaluate::explanation::AccountState;
use crate::evaluate::{Cause, Outcome, Question, Truth, org_policy};
use crate::iam::address::is_service_account;
use crate::iam::{Principal, Resource};

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
    unread::page(page, &answer.not_read, &answer.causes);
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
        Outcome::WouldSucceed => mark(Truth::Yes),
        Outcome::WouldFail => mark(Truth::No),
        Outcome::Unknown => mark(Truth::UnknownInfo),
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
    if let Some((project, Truth::No)) = &explanation.api {
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
            // A hop that fails and what it fails by are mended by the same; once is enough.
            let before = i.checked_sub(1).and_then(|i| answer.causes.get(i));
            let same = |before: &Cause| {
                (&before.remedy, &before.command) == (&cause.remedy, &cause.command)
            };
            if !before.is_some_and(same) {
                page.wrapped(Ink::Good, &arrow, &cause.remedy);
                // On a line of its own, so that it can be pasted.
                if let Some(command) = &cause.command {
                    page.line(Ink::Faint, format!("      {command}"));
                }
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

/// What Policy Troubleshooter says, below all that is said here.
pub(super) fn second(page: &mut TextPage, answer: &Answer, second: &SecondOpinion) {
    page.line(Ink::Plain, "");
    let ink = match second.agrees() {
        Some(true) => Ink::Good,
        Some(false) => Ink::Unsure,
        None => Ink::Faint,
    };
    let because = answer.causes.first().map(|cause| cause.message.as_str());
    for words in second.words(because) {
        page.wrapped(ink, "", &words);
    }
}

/// A command of several lines below its sentence.
fn indented(command: &str) -> String {
    format!("    {}", command.replace('\n', "\n    "))
}

fn not_covered(page: &mut TextPage, answer: &Answer) {
    let explanation = &answer.explanation;
    page.gap();
    for notice in org_policy::notices(&answer.estate, explanation) {
        page.wrapped(Ink::Unsure, "! ", &notice);
    }
    let all = limits::not_judged(explanation);
    let names: Vec<&str> = all.iter().map(|not| not.words).collect();
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
    let encode = crate::wire::encode;
    let project = encode(&account.project_id);
    (!account.unique_id.is_empty()).then(|| {
        format!(
            "https://console.cloud.google.com/iam-admin/serviceaccounts/details/{}/permissions?project={project}",
            encode(&account.unique_id),
        )
    })
}
