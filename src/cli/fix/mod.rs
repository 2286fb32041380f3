//! `fix`: plans, shows, asks, applies, verifies.

mod role;
mod show;

use jiff::Timestamp;

use super::args::{FixArgs, Format, Global};
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::{Exit, ask, claims};
use crate::answer::Answer;
use crate::evaluate::{Call, Outcome, Question};
use crate::iam::Permission;
use crate::repair::history;
use crate::repair::verify::{self, MintOutcome, SOMETIMES, USUALLY, Verified, Waited};
use crate::repair::was_reverted;
use crate::repair::{
    ApplyError, CarryEvent, CommandLine, Consent, FixWith, GrantMeaning, Journal, KnownRights,
    LookedAt, MayWrite, PlanOptions, Power, Remedy, RemedyStep, StepError, carry_out,
    carry_out_unasked, may_carry_out, meaning, word,
};
use crate::tui::run::leaving::Leaving;
use show::Show;

/// Mends what is missing.
///
/// # Errors
/// What opening and reading the facts gives; a write that is refused or whose end is not clear.
pub async fn run(global: &Global, args: &FixArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let exit = mend(&facts, global, args).await;
    facts.close();
    exit
}

async fn mend(facts: &FactSource, global: &Global, args: &FixArgs) -> Result<Exit, Failure> {
    let format = global.format;
    let now = Timestamp::now();
    let claims = args.beside.brought.claims()?;
    let caller = args.caller.as_ref();
    let caller = claims::caller(facts, caller, claims.as_ref(), Some(&args.target)).await?;
    let question = Question {
        permission: args
            .wanted
            .permission
            .clone()
            .unwrap_or_else(Permission::get_access_token),
        via: args.beside.via.clone(),
        attributes: args.beside.brought.attribute.clone(),
        claims,
        call: args.beside.call(Call::default()),
        ..Question::new(caller, args.target.clone(), args.wanted.at.unwrap_or(now))
    };
    let line = CommandLine {
        source: facts.source.clone(),
        at: args.wanted.at,
        claims: args.beside.brought.claims.clone(),
    };
    let show = Show {
        format,
        line: &line,
    };
    let options = PlanOptions {
        role: args.role.clone(),
        expires: args.expires.and_then(|d| now.checked_add(d).ok()),
        ..PlanOptions::default()
    };
    let (answer, rights) = if args.yes && !args.dry_run && !facts.read_only {
        facts.answer_to_mend(question.clone(), options).await?
    } else {
        let answer = facts.answer(question.clone(), options).await?;
        (answer, KnownRights::new())
    };
    let Answer {
        estate,
        explanation,
        causes,
        plan,
        not_read,
    } = answer;
    if let Some(role) = &args.role {
        role::exists(&estate, role)?;
    }
    claims::consistent(&explanation)?;
    if explanation.outcome == Outcome::WouldSucceed {
        show.nothing_to_do(&explanation, &causes)?;
        return Ok(Exit::Done);
    }
    // What turns something on is never recommended: a person may still choose it.
    let offered = plan
        .remedies
        .first()
        .filter(|_| !args.yes && (args.dry_run || ask::somebody_there()));
    let Some(remedy) = plan.recommended().or(offered) else {
        let lacks = args.role.as_deref();
        let lacks = lacks.and_then(|role| role::lacks(&estate, role, &question.permission));
        show.no_repair(args, &explanation, &causes, &plan, lacks)?;
        return Ok(Exit::No);
    };
    if let Some(repair) = remedy.single().filter(|r| r.already) {
        show.already(repair, &explanation)?;
        return Ok(Exit::Unknown);
    }
    let meanings: Vec<GrantMeaning> = remedy
        .bindings()
        .map(|repair| meaning(&estate, &explanation, repair))
        .collect();
    let sentences = meanings.iter().map(|m| m.sentences(&estate)).collect();
    let mut warnings = plan.warnings.clone();
    // A history that cannot be read stops the write, not the plan.
    let listing = history::list(&facts.history).unwrap_or_default();
    warnings.extend(remedy.bindings().filter_map(|r| was_reverted(&listing, r)));
    show.plan(remedy, &explanation.question, sentences, &warnings);
    if explanation.outcome == Outcome::Unknown {
        show.unread(&not_read, &causes);
    }
    if args.dry_run {
        show.not_applied(remedy, &explanation, "a dry run: nothing was changed")?;
        if format != Format::Json {
            show.note("To be asked, and to apply it:");
            show.note(&format!("  {}", line.fix(&question, &with(args, false))));
        }
        return Ok(Exit::Done);
    }
    if facts.read_only {
        return Err(Failure::usage(
            "nothing was changed: --read-only",
            "leave --read-only away, or hand the change on: fix --dry-run shows it as a gcloud command",
        ));
    }
    let target = &explanation.question.target;
    if let Some(why) = facts.closed.forbids(&estate, target, remedy) {
        return Err(Failure::usage(
            format!("nothing was changed: {why}"),
            "give --write to open this run, or hand the change on: fix --dry-run shows it as a gcloud command",
        ));
    }
    let client = facts.client()?;
    let reader = client.reader();
    if let MayWrite::No { lacks } = may_carry_out(&*reader, remedy, &rights).await? {
        show.request(remedy, &explanation.question);
        return Err(Failure::new(
            remedy.title.clone(),
            format!("you lack {}; nothing was changed", lacks.join(" and ")),
            "ask somebody who may: the letter above says what to do",
        ));
    }
    let unasked = line.fix(&question, &with(args, true));
    if !args.yes && !confirmed(remedy, &meanings, global.two_steps_from, &unasked)? {
        show.not_applied(remedy, &explanation, "declined: nothing was changed")?;
        return Ok(Exit::No);
    }
    let journal = Journal {
        dir: facts.history.clone(),
        endpoint: client.endpoint().to_owned(),
        estate: facts.label.clone(),
        question: question.clone(),
    };
    let writer = facts.closed.guard(client.writer());
    // Access counts as of now, whatever time the question was about.
    let now = Question {
        time: Timestamp::now(),
        ..question.clone()
    };
    let mut remedy = remedy.clone();
    let looked_at = LookedAt {
        estate: &estate,
        question: &now,
        viewer: facts.viewer.as_ref(),
    };
    let (carried, look) = loop {
        let (carried, look) = if args.yes {
            carry_out_unasked(&*reader, &*writer, &remedy, &journal, looked_at).await
        } else {
            let shown = Consent::AsShown;
            let quiet = |_: CarryEvent<'_>| ();
            let carried = carry_out(&*reader, &*writer, &remedy, &journal, shown, &quiet).await;
            (carried, None)
        };
        // The policy is another than the one that was shown: it is shown again, and asked again.
        let Some(StepError::Apply(ApplyError::Changed { fresh })) = &carried.error else {
            break (carried, look);
        };
        if !carried.done.is_empty() {
            break (carried, look);
        }
        let fresh = RemedyStep::Binding(fresh.clone());
        let same = |step: &&mut RemedyStep| step.resource() == fresh.resource();
        if let Some(step) = remedy.steps.iter_mut().find(same) {
            *step = fresh;
        }
        out::aside(
            "the policy was changed by somebody else meanwhile, and nothing of this was written: look at it again",
        );
        let meanings: Vec<GrantMeaning> = remedy
            .bindings()
            .map(|repair| meaning(&estate, &explanation, repair))
            .collect();
        let sentences = meanings.iter().map(|m| m.sentences(&estate)).collect();
        show.plan(&remedy, &explanation.question, sentences, &warnings);
        if !confirmed(&remedy, &meanings, global.two_steps_from, &unasked)? {
            show.not_applied(&remedy, &explanation, "declined: nothing was changed")?;
            return Ok(Exit::No);
        }
    };
    let remedy = &remedy;
    for (step, done) in remedy.steps.iter().zip(&carried.done) {
        show.done(step, done);
    }
    if let Some(error) = carried.error {
        if !carried.done.is_empty() {
            out::aside(&format!(
                "{} of {} steps done; each can be taken back with undo",
                carried.done.len(),
                remedy.steps.len()
            ));
        }
        return Err(error.into());
    }
    let (verified, exit) = verified(facts, &now, args, show, look).await?;
    show.end(remedy, &carried.done, &verified)?;
    Ok(exit)
}

/// What the options say beside the question.
fn with(args: &FixArgs, yes: bool) -> FixWith {
    FixWith {
        role: args.role.clone(),
        expires: args.expires,
        yes,
    }
}

/// Looks whether it works: once, or until it does; `first` is a look that was taken already. The change is made whatever comes of it, so an
/// end that is not through is no failure.
async fn verified(
    facts: &FactSource,
    question: &Question,
    args: &FixArgs,
    show: Show<'_>,
    first: Option<Verified>,
) -> Result<(Option<Verified>, Exit), Failure> {
    let reader = facts.client()?.reader();
    let viewer = facts.viewer.as_ref();
    let Some(limit) = args.wait else {
        if first.is_some() {
            return Ok((first, Exit::Done));
        }
        return match verify::once(&*reader, question, viewer).await {
            Ok(verified) => Ok((Some(verified), Exit::Done)),
            Err(error) => {
                out::aside(&format!(
                    "the change is made, but could not be verified: {error}"
                ));
                Ok((None, Exit::Done))
            }
        };
    };
    // The time that was asked about is past once something is changed.
    let now = CommandLine {
        at: None,
        ..show.line.clone()
    };
    let again = if show.line.source.is_passing() {
        String::new()
    } else {
        format!("Look again: {}", now.explain(question))
    };
    show.note(&format!(
        "waiting until it counts, usually {} minutes, sometimes {} or more",
        USUALLY.as_secs() / 60,
        SOMETIMES.as_secs() / 60
    ));
    let progress = |step: &verify::VerifyProgress| {
        let came = match &step.result {
            Ok(seen) if seen.works() => "works".to_owned(),
            Ok(seen) => match &seen.minted {
                MintOutcome::Yes => "works".to_owned(),
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
    let wait = verify::until_through(&*reader, question, viewer, limit, first, &progress);
    // Where no signal can be listened for, one ends the process by itself.
    let mut leaving = Leaving::listen(3).ok();
    let asked = async {
        match &mut leaving {
            Some(leaving) => leaving.asked().await,
            None => std::future::pending().await,
        }
    };
    let waited = tokio::select! {
        waited = wait => waited,
        () = asked => {
            out::aside(&format!("stopped waiting: the change is made, and counts in a while. {again}"));
            return Ok((None, Exit::Unknown));
        }
    };
    Ok(match waited {
        Ok(Waited::Through { verified, .. }) => (Some(verified), Exit::Done),
        Ok(Waited::NotYet { verified, .. }) => {
            out::aside(&format!(
                "the change is made and does not count after {} s yet; it may take longer. {again}",
                limit.as_secs()
            ));
            (verified, Exit::Unknown)
        }
        Err(error) => {
            out::aside(&format!(
                "the change is made, but could not be verified: {error}"
            ));
            (None, Exit::Unknown)
        }
    })
}

/// Asks for the word on a terminal: for a powerful target, and where something is turned on, it is
/// the account's name.
///
/// # Errors
/// Where there is no terminal to ask on.
fn confirmed(
    remedy: &Remedy,
    meanings: &[GrantMeaning],
    from: Power,
    unasked: &str,
) -> Result<bool, Failure> {
    if !ask::somebody_there() {
        return Err(Failure::usage(
            "nothing was changed: there is no terminal to ask on",
            format!("look at the plan above, then: {unasked}"),
        ));
    }
    let mut page = TextPage::default();
    for step in &remedy.steps {
        page.pieces(&[(Ink::Plain, "This will "), (Ink::Strong, &step.title())]);
    }
    page.print_aside();
    ask::typed(&word(remedy, meanings, from).text, "to apply it")
}
