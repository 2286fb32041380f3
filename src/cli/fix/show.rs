//! What `fix` shows: the plan, what was done, what came of it.

use serde_json::{Value, json};

use super::super::args::{FixArgs, Format};
use super::super::failure::Failure;
use super::super::out::{self, Ink, TextPage};
use super::super::out::{glyphs, mark};
use super::super::repairs;
use super::super::unread;
use crate::answer::not_read::NotRead;
use crate::evaluate::{Cause, Explanation, Question, Truth, Verdict};
use crate::repair::diff::{DiffKind, diff};
use crate::repair::equivalents::Equivalents;
use crate::repair::verify::Verified;
use crate::repair::{Applied, CommandLine, Plan, Remedy, RemedyStep, Repair, StepDone, Switch};

/// Lines of the policy around a change.
const CONTEXT: usize = 3;

/// How progress and results are shown: for people the page goes to stdout, beside JSON to stderr.
#[derive(Clone, Copy)]
pub(super) struct Show<'a> {
    pub(super) format: Format,
    pub(super) line: &'a CommandLine,
}

impl Show<'_> {
    /// Words on the way: stdout for people, stderr beside JSON.
    fn page(self, page: &TextPage) {
        if self.format == Format::Json {
            page.print_aside();
        } else {
            // The end of the command prints again and reports what is wrong with stdout.
            let _ = page.print();
        }
    }

    pub(super) fn note(self, text: &str) {
        let mut page = TextPage::default();
        page.line(Ink::Faint, text);
        self.page(&page);
    }

    fn json(self, value: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.format == Format::Json {
            out::json(&value())?;
        }
        Ok(())
    }

    /// What was not read, and who can change that.
    pub(super) fn unread(self, not_read: &[NotRead], causes: &[Cause]) {
        let mut page = TextPage::default();
        unread::page(&mut page, not_read, causes);
        self.page(&page);
    }

    pub(super) fn nothing_to_do(
        self,
        explanation: &Explanation,
        causes: &[Cause],
    ) -> Result<(), Failure> {
        let mut page = TextPage::default();
        let question = &explanation.question;
        page.pieces(&[
            (Ink::Good, mark(Truth::Yes)),
            (
                Ink::Strong,
                &format!(
                    " nothing to do: {} has {} on {} already",
                    question.caller.short(),
                    question.permission,
                    question.target.id()
                ),
            ),
        ]);
        // That it may not count yet is the one cause of a yes.
        for cause in causes {
            page.wrapped(Ink::Unsure, "? ", &cause.message);
            page.wrapped(Ink::Plain, "  ", &cause.remedy);
        }
        self.page(&page);
        self.json(|| result(None, None, explanation.verdict, "nothing was missing"))
    }

    pub(super) fn no_repair(
        self,
        args: &FixArgs,
        explanation: &Explanation,
        causes: &[Cause],
        plan: &Plan,
        lacks: Option<String>,
    ) -> Result<(), Failure> {
        let mut page = TextPage::default();
        let with = match (&args.role, args.expires) {
            (Some(role), _) => format!(" with the role {role}"),
            (None, Some(_)) => " for a limited time".to_owned(),
            (None, None) => String::new(),
        };
        page.pieces(&[
            (Ink::Bad, mark(Truth::No)),
            (
                Ink::Strong,
                &if plan.is_refused() {
                    format!(
                        " a binding{with} would mend this, and an organization policy refuses it; nothing was changed"
                    )
                } else {
                    format!(" no binding{with} would mend this; nothing was changed")
                },
            ),
        ]);
        if let Some(words) = lacks {
            page.wrapped(Ink::Plain, "  ", &words);
        }
        for cause in causes {
            page.wrapped(Ink::Plain, "  ", &cause.message);
            if !plan.is_refused() {
                page.wrapped(
                    Ink::Good,
                    &format!("  {} ", glyphs().arrow()),
                    &cause.remedy,
                );
                if let Some(command) = &cause.command {
                    page.line(Ink::Faint, format!("    {command}"));
                }
            }
        }
        for switch in plan
            .remedies
            .iter()
            .flat_map(|r| &r.steps)
            .filter_map(switch)
        {
            page.wrapped(Ink::Plain, "  by hand: ", &switch.title());
            page.wrapped(Ink::Unsure, "    ", switch.caution());
            page.line(Ink::Faint, format!("    {}", switch.gcloud()));
        }
        for other in &plan.elsewhere {
            page.wrapped(Ink::Plain, "  ", &other.what);
            page.wrapped(Ink::Faint, "    ", &other.who);
            for line in other.command.lines() {
                page.line(Ink::Faint, format!("    {line}"));
            }
        }
        self.page(&page);
        self.json(|| {
            let mut object = result(None, None, explanation.verdict, "no repair would help");
            if let Some(fields) = object.as_object_mut()
                && !plan.elsewhere.is_empty()
            {
                fields.insert("elsewhere".to_owned(), repairs::elsewhere(plan));
            }
            object
        })
    }

    pub(super) fn already(self, repair: &Repair, explanation: &Explanation) -> Result<(), Failure> {
        let mut page = TextPage::default();
        page.pieces(&[
            (Ink::Unsure, mark(Truth::UnknownInfo)),
            (
                Ink::Strong,
                &format!(
                    " nothing to do: the policy of {} has this binding already",
                    repair.resource.id()
                ),
            ),
        ]);
        self.page(&page);
        self.json(|| {
            result(
                Some(repair),
                None,
                explanation.verdict,
                "the binding was there already",
            )
        })
    }

    pub(super) fn plan(
        self,
        remedy: &Remedy,
        question: &Question,
        meanings: Vec<Vec<String>>,
        warnings: &[String],
    ) {
        let mut page = TextPage::default();
        page.line(Ink::Strong, "Plan");
        let mut meanings = meanings.into_iter();
        for step in &remedy.steps {
            match step {
                RemedyStep::Binding(repair) => {
                    binding(&mut page, repair);
                    for sentence in meanings.next().into_iter().flatten() {
                        page.wrapped(Ink::Plain, "", &sentence);
                    }
                    page.gap();
                }
                RemedyStep::Switch(switch) => {
                    page.pieces(&[(Ink::Plain, "  "), (Ink::Strong, &switch.title())]);
                    page.wrapped(Ink::Unsure, "  ", switch.caution());
                    page.line(Ink::Faint, format!("  {}", switch.gcloud()));
                    page.gap();
                }
            }
        }
        if !remedy.certain {
            page.wrapped(
                Ink::Unsure,
                "",
                "Something that could not be read (a deny policy, a boundary) may still say no after this.",
            );
        }
        for warning in warnings {
            page.wrapped(Ink::Unsure, "! ", warning);
        }
        page.line(Ink::Faint, format!("It gives {}.", question.permission));
        self.page(&page);
    }

    /// The letters to somebody who may do it.
    pub(super) fn request(self, remedy: &Remedy, question: &Question) {
        let mut page = TextPage::default();
        for step in &remedy.steps {
            page.gap();
            match step {
                RemedyStep::Binding(repair) => {
                    let grant = repair.grant();
                    let (on, before, after) = (&repair.resource, &repair.before, &repair.after);
                    if let Ok(change) = Equivalents::new(on, &grant, before, after) {
                        let change = change.replacing(repair.replaces.as_deref());
                        let letter = change.request(question.permission.as_str(), None);
                        page.block(Ink::Plain, letter);
                    }
                }
                RemedyStep::Switch(switch) => {
                    page.line(Ink::Plain, format!("Please {}.", switch.title()));
                    page.line(Ink::Plain, format!("  {}", switch.gcloud()));
                }
            }
        }
        self.page(&page);
    }

    pub(super) fn not_applied(
        self,
        remedy: &Remedy,
        explanation: &Explanation,
        why: &str,
    ) -> Result<(), Failure> {
        self.note(why);
        self.json(|| result(remedy.bindings().last(), None, explanation.verdict, why))
    }

    /// What became of a step.
    pub(super) fn done(self, step: &RemedyStep, done: &StepDone) {
        let mut page = TextPage::default();
        let words = match done {
            StepDone::Applied(applied) => format!(
                " applied, etag {} {} {}",
                applied.etag_before,
                glyphs().arrow(),
                applied.etag_after
            ),
            StepDone::TurnedOn(_) => format!(" done: {}", step.title()),
        };
        match (done.history_id(), done) {
            (Some(id), _) => {
                page.pieces(&[(Ink::Good, mark(Truth::Yes)), (Ink::Strong, &words)]);
                match self.line.undo(id) {
                    Some(undo) => page.line(Ink::Faint, format!("  take it back: {undo}")),
                    // Its emulator ends with this command.
                    None => page.line(
                        Ink::Faint,
                        "  in an emulator of this command's own: it ends with it, the change too",
                    ),
                }
            }
            (None, StepDone::Applied(_)) => page.line(
                Ink::Strong,
                format!(
                    "somebody else made this change on {} first",
                    step.resource().id()
                ),
            ),
            (None, StepDone::TurnedOn(_)) => {
                page.line(Ink::Strong, format!("it is so already: {}", step.title()));
            }
        }
        if let Some(warning) = done.journal_warning() {
            page.line(Ink::Unsure, warning);
        }
        self.page(&page);
    }

    pub(super) fn end(
        self,
        remedy: &Remedy,
        done: &[StepDone],
        verified: &Option<Verified>,
    ) -> Result<(), Failure> {
        if self.format == Format::Json {
            let (verdict, by) = match verified {
                Some(seen) => (seen.verdict, seen.minted.words()),
                None => (Verdict::UnknownInfo, "it could not be looked at".to_owned()),
            };
            return out::json(&ended(remedy, done, verdict, &by));
        }
        let mut page = TextPage::default();
        if let Some(seen) = verified {
            let (tri, words) = if seen.works() {
                (Truth::Yes, "it works")
            } else {
                (
                    Truth::UnknownInfo,
                    "it does not count yet; that takes 2 minutes usually, look again with explain or use --wait 10m",
                )
            };
            let ink = if seen.works() { Ink::Good } else { Ink::Unsure };
            page.pieces(&[(ink, mark(tri)), (Ink::Strong, &format!(" {words}"))]);
            page.wrapped(Ink::Faint, "  ", &seen.minted.words());
        }
        page.print()
    }
}

/// One binding: what, the policy with and without it, the same with gcloud.
fn binding(page: &mut TextPage, repair: &Repair) {
    let kind = repair.resource.kind().word();
    let condition = repair.condition.as_ref().map(|c| c.expression.clone());
    let rows = [
        ("on", Some(format!("{} ({kind})", repair.resource.id()))),
        ("to", Some(repair.member.clone())),
        ("instead of", repair.replaces.clone()),
        ("role", Some(repair.role.clone())),
        ("while", condition),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            page.pieces(&[(Ink::Faint, &format!("  {name:<11}")), (Ink::Plain, &value)]);
        }
    }
    page.gap();
    for line in diff(&repair.before, &repair.after, CONTEXT).lines {
        if line.gap_before {
            page.line(Ink::Faint, format!("  {}", glyphs().pick("…", "...")));
        }
        let ink = match line.kind {
            DiffKind::Same => Ink::Plain,
            DiffKind::Added => Ink::Good,
            DiffKind::Removed => Ink::Bad,
        };
        page.line(ink, format!("  {} {}", line.kind.sign(), line.text));
    }
    page.gap();
    if repair.replaces.is_none() {
        page.line(Ink::Faint, "Nobody is removed.");
    }
    let grant = repair.grant();
    if let Ok(change) = Equivalents::new(&repair.resource, &grant, &repair.before, &repair.after) {
        let change = change.replacing(repair.replaces.as_deref());
        page.line(Ink::Faint, "The same with gcloud:");
        page.block(Ink::Faint, format!("  {}", change.gcloud()));
    }
}

fn switch(step: &RemedyStep) -> Option<&Switch> {
    match step {
        RemedyStep::Switch(switch) => Some(switch),
        RemedyStep::Binding(_) => None,
    }
}

/// The contract's object of what was done: of several steps the last binding's, with all of them
/// in `steps`.
fn ended(remedy: &Remedy, done: &[StepDone], verdict: Verdict, verified_by: &str) -> Value {
    let applied = done.iter().rev().find_map(|d| match d {
        StepDone::Applied(applied) => Some(applied),
        StepDone::TurnedOn(_) => None,
    });
    let mut object = result(remedy.bindings().last(), applied, verdict, verified_by);
    if remedy.single().is_none()
        && let Some(fields) = object.as_object_mut()
    {
        let steps = remedy.steps.iter().zip(done);
        let steps: Vec<Value> = steps
            .map(|(step, done)| json!({ "title": step.title(), "history": done.history_id() }))
            .collect();
        let any = done.iter().any(|d| d.history_id().is_some());
        fields.insert("applied".to_owned(), any.into());
        fields.insert("steps".to_owned(), steps.into());
    }
    object
}

/// The contract's object. Without a write `before` and `after` are the policy as it stands.
fn result(
    repair: Option<&Repair>,
    applied: Option<&Applied>,
    verdict: Verdict,
    verified_by: &str,
) -> Value {
    let policies = match (applied, repair) {
        (Some(applied), _) => (applied.before.clone(), applied.after.clone()),
        (None, Some(repair)) => (repair.before.clone(), repair.after.clone()),
        (None, None) => (Value::Null, Value::Null),
    };
    let id = applied.and_then(|a| a.history_id.clone());
    json!({
        "applied": id.is_some(),
        "repair": repair.map(repairs::as_json),
        "before": policies.0,
        "after": policies.1,
        "history": id,
        "verdictAfter": verdict.word(),
        "verifiedBy": verified_by,
    })
}
