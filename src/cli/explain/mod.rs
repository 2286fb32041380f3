//! `explain`: the verdict, its causes, and each binding and rule that counted or did not.

mod json;
mod paste;
mod policies;
mod second;
mod text;
mod watch;

use std::time::Duration;

use jiff::Timestamp;

use super::Exit;
use super::args::{ExplainArgs, Format, Global};
use super::claims;
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, TextPage};
use crate::answer::Answer;
use crate::answer::second::SecondOpinion;
use crate::evaluate::{Outcome, Question};
use crate::google::pasted::Pasted;
use crate::iam::Permission;
use crate::repair::{CommandLine, FixWith, PlanOptions};

/// Answers the question.
///
/// # Errors
/// What opening and reading the facts gives, claims or a pasted text that cannot be read.
pub async fn run(global: &Global, args: &ExplainArgs) -> Result<Exit, Failure> {
    let pasted = match &args.paste {
        Some(_) if global.estate.iter().any(|path| path.as_os_str() == "-") => {
            return Err(Failure::usage(
                "standard input (-) cannot hold both the error and the estate",
                "give the estate as a file, or caller and target by --caller and --target",
            ));
        }
        Some(_) => Some(paste::read()?),
        None => None,
    };
    let claims = args.beside.brought.claims()?;
    let (caller, target) = paste::sides(args, pasted.as_ref())?;
    let derived = caller.is_none() && claims.is_some();
    let Some(target) = target.filter(|_| caller.is_some() || derived) else {
        return paste::lacking(global.format, args, pasted.as_ref());
    };
    let facts = facts::open(global).await?;
    let end = async {
        let caller =
            claims::caller(&facts, caller.as_ref(), claims.as_ref(), Some(&target)).await?;
        let named = pasted.as_ref().map(Pasted::question);
        let question = Question {
            caller,
            target,
            permission: args
                .wanted
                .permission
                .clone()
                .or(named)
                .unwrap_or_else(Permission::get_access_token),
            time: args.wanted.at.unwrap_or_else(Timestamp::now),
            via: args.beside.via.clone(),
            attributes: args.beside.brought.attribute.clone(),
            claims,
            call: args
                .beside
                .call(pasted.as_ref().map(Pasted::call).unwrap_or_default()),
        };
        let line = CommandLine {
            source: facts.source.clone(),
            at: args.wanted.at,
            claims: args.beside.brought.claims.clone(),
        };
        if let Some(seconds) = args.watch {
            let every = Duration::from_secs(seconds.into());
            let fixed = args.wanted.at.is_some();
            return watch::watch(&facts, question, every, fixed, global.format).await;
        }
        let fix = line.fix(&question, &FixWith::default());
        let given = args.wanted.permission.is_some();
        let error_id = pasted.as_ref().and_then(|p| p.error_info_id.as_deref());
        let shown = ShownAnswer {
            format: global.format,
            facts: &facts,
            fix: &fix,
            pasted: pasted.as_ref().map(|pasted| (pasted, given)),
        };
        let Some(asked) = second::AskedBeside::of(args, &facts, error_id) else {
            let answer = facts.answer(question, PlanOptions::default()).await?;
            claims::consistent(&answer.explanation)?;
            shown.whole(&answer, None)?;
            return Ok(exit(answer.explanation.outcome));
        };
        asked.explain(question, &shown).await
    };
    let end = end.await;
    facts.close();
    end
}

/// What stands around an answer when it is shown.
struct ShownAnswer<'a> {
    format: Format,
    facts: &'a FactSource,
    fix: &'a str,
    /// What was found in a pasted text, and whether the permission was given beside it.
    pasted: Option<(&'a Pasted, bool)>,
}

impl ShownAnswer<'_> {
    /// Prints it; as JSON with the second opinion, which text has below it.
    fn whole(&self, answer: &Answer, second: Option<&SecondOpinion>) -> Result<(), Failure> {
        let mut page = TextPage::default();
        if let Some((pasted, permission_given)) = self.pasted {
            paste::meaning(&mut page, pasted);
            paste::beside(&mut page, pasted, permission_given);
        }
        if self.format == Format::Json {
            page.print_aside();
            let pasted = self.pasted.map(|(pasted, _)| pasted);
            return out::json(&json::whole(answer, pasted, second));
        }
        page.gap();
        text::page(&mut page, answer, self.facts, self.fix);
        page.print()
    }
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::WouldSucceed => Exit::Done,
        Outcome::WouldFail => Exit::No,
        Outcome::Unknown => Exit::Unknown,
    }
}
