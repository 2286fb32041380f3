//! `fix`: plans, shows, asks, applies, verifies.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Fix, Format, Global};
use super::facts::{self, Facts};
use super::failure::Failure;
use super::levels::{mark, pick};
use super::out::{self, Ink, Page};
use super::{Exit, ask, repairs};
use crate::evaluate::{Cause, Explanation, Outcome, Question, Tri, Verdict, diagnose, explain};
use crate::iam::Permission;
use crate::repair::diff::{Kind, diff};
use crate::repair::equivalents::Change;
use crate::repair::verify::{self, Minted, SOMETIMES, USUALLY, Verified, Waited};
use crate::repair::{Applied, Journal, MayWrite, PlanOptions, Repair, apply, may_write};

/// What has to be typed before anything is written.
const WORD: &str = "grant";
/// Lines of the policy around a change.
const CONTEXT: usize = 3;

/// Mends what is missing.
///
/// # Errors
/// What opening and reading the facts gives; a write that is refused or whose end is not clear.
pub async fn run(global: &Global, args: &Fix) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let exit = mend(&facts, global.format, args).await;
    facts.close().await;
    exit
}

async fn mend(facts: &Facts, format: Format, args: &Fix) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let question = Question {
        permission: args
            .wanted
            .permission
            .clone()
            .unwrap_or_else(Permission::get_access_token),
        ..Question::new(
            args.caller.clone(),
            args.target.clone(),
            args.wanted.at.unwrap_or(now),
        )
    };
    let estate = facts.survey(&question, &|_| ()).await?;
    let explanation = explain(&estate, &question);
    let causes = diagnose(&estate, &explanation);
    let show = Show { format };
    if explanation.outcome == Outcome::WouldSucceed {
        show.nothing_to_do(&explanation)?;
        return Ok(Exit::Done);
    }
    let options = PlanOptions {
        role: args.role.clone(),
        expires: args.expires.and_then(|d| now.checked_add(d).ok()),
        policy: None,
    };
    let repairs = repairs::planned(facts, &estate, &explanation, &causes, options).await?;
    let Some(repair) = repairs.into_iter().find(|r| r.recommended) else {
        show.no_repair(args, &explanation, &causes)?;
        return Ok(Exit::No);
    };
    if repair.already {
        show.already(&repair, &explanation)?;
        return Ok(Exit::Unknown);
    }
    show.plan(&repair, &explanation.question);
    if args.dry_run {
        show.not_applied(&repair, &explanation, "a dry run: nothing was changed")?;
        return Ok(Exit::Done);
    }
    if facts.read_only {
        return Err(Failure::usage(
            "nothing was changed: --read-only",
            "leave --read-only away, or hand the change on: fix --dry-run shows it as a gcloud command",
        ));
    }
    let client = facts.client()?;
    let reader = client.reader();
    if let MayWrite::No { lacks } = may_write(&*reader, &repair.resource).await? {
        show.request(&repair, &explanation.question);
        return Err(Failure::new(
            format!("change the policy of {}", repair.resource),
            format!("you lack {}; nothing was changed", lacks.join(" and ")),
            "ask somebody who may: the letter above says what to do",
        ));
    }
    if !args.yes && !confirmed(&repair)? {
        show.not_applied(&repair, &explanation, "declined: nothing was changed")?;
        return Ok(Exit::No);
    }
    let journal = Journal {
        dir: facts.history.clone(),
        endpoint: client.endpoint().to_owned(),
        estate: facts.label.clone(),
        question: question.clone(),
    };
    let applied = apply(&*reader, &*client.writer(), &repair, &journal).await?;
    show.applied(&repair, &applied);
    // Access counts as of now, whatever time the question was about.
    let now = Question {
        time: Timestamp::now(),
        ..question
    };
    let (verified, exit) = verified(facts, &now, args, show).await?;
    show.end(&repair, &applied, &verified)?;
    Ok(exit)
}

/// Looks whether it works: once, or until it does. The change is made whatever comes of it, so an
/// end that is not through is no failure.
async fn verified(
    facts: &Facts,
    question: &Question,
    args: &Fix,
    show: Show,
) -> Result<(Option<Verified>, Exit), Failure> {
    let reader = facts.client()?.reader();
    let viewer = facts.viewer.as_ref();
    let Some(limit) = args.wait else {
        return match verify::once(&*reader, question, viewer, &explain).await {
            Ok(verified) => Ok((Some(verified), Exit::Done)),
            Err(error) => {
                out::aside(&format!(
                    "the change is made, but could not be verified: {error}"
                ));
                Ok((None, Exit::Done))
            }
        };
    };
    show.note(&format!(
        "waiting until it counts, usually {} minutes, sometimes {} or more",
        USUALLY.as_secs() / 60,
        SOMETIMES.as_secs() / 60
    ));
    let progress = |step: &verify::Progress| {
        let came = match &step.result {
            Ok(seen) if seen.works() => "works".to_owned(),
            Ok(seen) => match &seen.minted {
                Minted::Yes => "works".to_owned(),
                other => other.words(),
            },
            Err(error) => error.why(),
        };
        out::aside(&format!(
            "  {:>4} s, look {}: {came}",
            step.elapsed.as_secs(),
            step.look
        ));
    };
    let waited =
        verify::until_through(&*reader, question, viewer, &explain, limit, &progress).await?;
    Ok(match waited {
        Waited::Through { verified, .. } => (Some(verified), Exit::Done),
        Waited::NotYet { verified, .. } => {
            out::aside(&format!(
                "the change is made and does not count after {} s yet; it may take longer. Look again: bindscope explain",
                limit.as_secs()
            ));
            (verified, Exit::Unknown)
        }
    })
}

/// Asks for the word on a terminal.
///
/// # Errors
/// Where there is no terminal to ask on.
fn confirmed(repair: &Repair) -> Result<bool, Failure> {
    if !ask::somebody_there() {
        return Err(Failure::usage(
            "nothing was changed: there is no terminal to ask on",
            "look at the plan above (or with --dry-run), then add --yes",
        ));
    }
    let mut page = Page::default();
    page.pieces(&[
        (Ink::Plain, "This gives "),
        (Ink::Strong, &repair.member),
        (Ink::Plain, " the role "),
        (Ink::Strong, &repair.role),
        (Ink::Plain, " on "),
        (Ink::Strong, repair.resource.id()),
    ]);
    page.print_aside();
    ask::typed(WORD, "to apply it")
}

/// How progress and results are shown: for people the page goes to stdout, beside JSON to stderr.
#[derive(Clone, Copy)]
struct Show {
    format: Format,
}

impl Show {
    /// Words on the way: stdout for people, stderr beside JSON.
    fn page(self, page: &Page) {
        if self.format == Format::Json {
            page.print_aside();
        } else {
            // The end of the command prints again and reports what is wrong with stdout.
            let _ = page.print();
        }
    }

    fn note(self, text: &str) {
        let mut page = Page::default();
        page.line(Ink::Faint, text);
        self.page(&page);
    }

    fn json(self, value: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.format == Format::Json {
            out::json(&value())?;
        }
        Ok(())
    }

    fn nothing_to_do(self, explanation: &Explanation) -> Result<(), Failure> {
        let mut page = Page::default();
        let question = &explanation.question;
        page.pieces(&[
            (Ink::Good, mark(Tri::Yes)),
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
        self.page(&page);
        self.json(|| result(None, None, explanation.verdict, "nothing was missing"))
    }

    fn no_repair(
        self,
        args: &Fix,
        explanation: &Explanation,
        causes: &[Cause],
    ) -> Result<(), Failure> {
        let mut page = Page::default();
        let with = match (&args.role, args.expires) {
            (Some(role), _) => format!(" with the role {role}"),
            (None, Some(_)) => " for a limited time".to_owned(),
            (None, None) => String::new(),
        };
        page.pieces(&[
            (Ink::Bad, mark(Tri::No)),
            (
                Ink::Strong,
                &format!(" no binding{with} would mend this; nothing was changed"),
            ),
        ]);
        for cause in causes {
            page.wrapped(Ink::Plain, "  ", &cause.message);
            page.wrapped(Ink::Good, &format!("  {} ", pick("→", "->")), &cause.remedy);
        }
        self.page(&page);
        self.json(|| result(None, None, explanation.verdict, "no repair would help"))
    }

    fn already(self, repair: &Repair, explanation: &Explanation) -> Result<(), Failure> {
        let mut page = Page::default();
        page.pieces(&[
            (Ink::Unsure, mark(Tri::UnknownInfo)),
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

    fn plan(self, repair: &Repair, question: &Question) {
        let mut page = Page::default();
        page.line(Ink::Strong, "Plan");
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
                page.line(Ink::Faint, "  …");
            }
            let ink = match line.kind {
                Kind::Same => Ink::Plain,
                Kind::Added => Ink::Good,
                Kind::Removed => Ink::Bad,
            };
            page.line(ink, format!("  {} {}", line.kind.sign(), line.text));
        }
        page.gap();
        if repair.replaces.is_none() {
            page.line(Ink::Faint, "Nobody is removed.");
        }
        if !repair.certain {
            page.wrapped(
                Ink::Unsure,
                "",
                "Something that could not be read (a deny policy, a boundary) may still say no after this.",
            );
        }
        let grant = repair.grant();
        if let Ok(change) = Change::new(&repair.resource, &grant, &repair.before, &repair.after) {
            let change = change.replacing(repair.replaces.as_deref());
            page.line(Ink::Faint, "The same with gcloud:");
            page.line(Ink::Faint, format!("  {}", change.gcloud()));
        }
        page.line(Ink::Faint, format!("It gives {}.", question.permission));
        self.page(&page);
    }

    /// The letter to somebody who may do it.
    fn request(self, repair: &Repair, question: &Question) {
        let grant = repair.grant();
        if let Ok(change) = Change::new(&repair.resource, &grant, &repair.before, &repair.after) {
            let change = change.replacing(repair.replaces.as_deref());
            let mut page = Page::default();
            page.gap();
            page.line(
                Ink::Plain,
                change.request(question.permission.as_str(), None),
            );
            self.page(&page);
        }
    }

    fn not_applied(
        self,
        repair: &Repair,
        explanation: &Explanation,
        why: &str,
    ) -> Result<(), Failure> {
        self.note(why);
        self.json(|| result(Some(repair), None, explanation.verdict, why))
    }

    fn applied(self, repair: &Repair, applied: &Applied) {
        let mut page = Page::default();
        match &applied.history_id {
            Some(id) => {
                page.pieces(&[
                    (Ink::Good, mark(Tri::Yes)),
                    (
                        Ink::Strong,
                        &format!(
                            " applied, etag {} {} {}",
                            applied.etag_before,
                            pick("→", "->"),
                            applied.etag_after
                        ),
                    ),
                ]);
                page.line(Ink::Faint, format!("  take it back: bindscope undo {id}"));
            }
            None => page.line(
                Ink::Strong,
                format!(
                    "somebody else made this change on {} first",
                    repair.resource.id()
                ),
            ),
        }
        if let Some(warning) = &applied.journal_warning {
            page.line(Ink::Unsure, warning);
        }
        self.page(&page);
    }

    fn end(
        self,
        repair: &Repair,
        applied: &Applied,
        verified: &Option<Verified>,
    ) -> Result<(), Failure> {
        if self.format == Format::Json {
            let (verdict, by) = match verified {
                Some(seen) => (seen.verdict, seen.minted.words()),
                None => (Verdict::UnknownInfo, "it could not be looked at".to_owned()),
            };
            return out::json(&result(Some(repair), Some(applied), verdict, &by));
        }
        let mut page = Page::default();
        if let Some(seen) = verified {
            let (tri, words) = if seen.works() {
                (Tri::Yes, "it works")
            } else {
                (
                    Tri::UnknownInfo,
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
