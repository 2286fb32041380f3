//! `fix`: plans, shows, asks, applies, verifies.

mod show;

use jiff::Timestamp;

use super::args::{Fix, Format, Global};
use super::facts::{self, Facts};
use super::failure::Failure;
use super::out::{self, Ink, Page};
use super::{Exit, ask, repairs};
use crate::evaluate::{Outcome, Question, diagnose, explain};
use crate::iam::Permission;
use crate::repair::verify::{self, Minted, SOMETIMES, USUALLY, Verified, Waited};
use crate::repair::{
    Journal, MayWrite, PlanOptions, Remedy, Repair, apply, apply_unseen, may_write,
};
use show::Show;

/// What has to be typed before anything is written.
const WORD: &str = "grant";

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
    let plan = repairs::planned(facts, &estate, &explanation, &causes, options).await?;
    let Some(repair) = plan.recommended().and_then(Remedy::single).cloned() else {
        show.no_repair(args, &explanation, &causes, &plan)?;
        return Ok(Exit::No);
    };
    if repair.already {
        show.already(&repair, &explanation)?;
        return Ok(Exit::Unknown);
    }
    show.plan(&repair, &explanation.question, &plan.warnings);
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
    let writer = client.writer();
    let applied = if args.yes {
        apply_unseen(&*reader, &*writer, &repair, &journal).await?
    } else {
        apply(&*reader, &*writer, &repair, &journal).await?
    };
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
