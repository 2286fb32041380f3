//! `who` and `reach`: everyone who gets to an account, every account that a caller gets to.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::args::{Format, Global, Reach, Wanted, Who};
use super::claims;
use super::facts::{self, Facts};
use super::failure::Failure;
use super::out::{self, Ink, Page};
use super::out::{glyphs, mark};
use super::scope::{self, Surveyed};
use crate::estate::{Estate, Existence};
use crate::evaluate::diagnose::{missing_caller, missing_target, nearest_accounts};
use crate::evaluate::federation::exchange_of;
use crate::evaluate::reach::{self, Brings, Via};
use crate::evaluate::{Outcome, Tri, Verdict};
use crate::google::survey::Everything;
use crate::iam::address::{default_account, is_service_account};
use crate::iam::{Permission, Principal, Resource};

/// Lists who gets to the target.
///
/// # Errors
/// What opening and reading the facts gives.
pub async fn who(global: &Global, args: &Who) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let permission = wanted(&args.wanted);
    let brings = args.brought.brings()?;
    let end = async {
        // The claims say whose they are; attributes alone are nobody's.
        let caller = match &brings.claims {
            Some(claims) => {
                Some(claims::caller(&facts, None, Some(claims), Some(&args.target)).await?)
            }
            None => None,
        };
        let everything = Everything {
            caller: caller.clone(),
            ..Everything::to_target(&args.target, &permission, &facts.scope)
        };
        let seen = scope::survey(&facts, &everything).await?;
        let time = args.wanted.at.unwrap_or_else(Timestamp::now);
        exists(&seen, &args.target)?;
        fits(&seen.estate, caller.as_ref(), &brings)?;
        let asked = caller.as_ref();
        let answer = reach::who_bringing(
            &seen.estate,
            &args.target,
            &permission,
            time,
            asked,
            &brings,
        );
        let rows: Vec<Row> = answer
            .results
            .into_iter()
            .map(|holder| Row {
                name: holder.principal,
                verdict: holder.verdict,
                outcome: holder.outcome,
                path: holder.path,
                via: holder.via,
            })
            .collect();
        let head = Head {
            role: "target",
            name: answer.target.full_name(),
            permission: &permission,
            of_row: "principal",
        };
        shown(
            &facts,
            global.format,
            &seen,
            &head,
            &rows,
            answer.complete,
            &answer.not_read,
        )
    };
    let end = end.await;
    facts.close().await;
    end
}

/// Lists what the caller gets to.
///
/// # Errors
/// What opening and reading the facts gives.
pub async fn reach(global: &Global, args: &Reach) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let permission = wanted(&args.wanted);
    let brings = args.brought.brings()?;
    let end = async {
        let caller = args.caller.as_ref();
        let caller = claims::caller(&facts, caller, brings.claims.as_ref(), None).await?;
        let everything = Everything::from_caller(&caller, &permission, &facts.scope);
        let seen = scope::survey(&facts, &everything).await?;
        note_missing(&seen, &caller);
        let time = args.wanted.at.unwrap_or_else(Timestamp::now);
        fits(&seen.estate, Some(&caller), &brings)?;
        let answer = reach::reach_bringing(&seen.estate, &caller, &brings, &permission, time);
        let rows: Vec<Row> = answer
            .results
            .into_iter()
            .map(|reached| Row {
                name: reached.target.full_name(),
                verdict: reached.verdict,
                outcome: reached.outcome,
                path: reached.path,
                via: reached.via,
            })
            .collect();
        let head = Head {
            role: "caller",
            name: caller.to_string(),
            permission: &permission,
            of_row: "target",
        };
        shown(
            &facts,
            global.format,
            &seen,
            &head,
            &rows,
            answer.complete,
            &answer.not_read,
        )
    };
    let end = end.await;
    facts.close().await;
    end
}

/// That what a caller brings is its own.
///
/// # Errors
/// It contradicts the caller or itself; a caller that is not federated brings nothing.
fn fits(estate: &Estate, caller: Option<&Principal>, brings: &Brings) -> Result<(), Failure> {
    let Some(caller) = caller else {
        return Ok(());
    };
    match exchange_of(estate, caller, &brings.attributes, brings.claims.as_deref()) {
        Some(exchange) => claims::agrees(caller, &exchange),
        None if brings.claims.is_some() => {
            claims::not_federated(caller);
            Ok(())
        }
        None => Ok(()),
    }
}

/// That nobody reaches an account that does not exist would be no answer.
fn exists(seen: &Surveyed, target: &Resource) -> Result<(), Failure> {
    let somebody = target.id().contains('@') && !is_service_account(target.id());
    match seen.estate.resolve(target) {
        Existence::Exists(_) => Ok(()),
        Existence::Unknown(_) if !somebody => Ok(()),
        Existence::Deleted => Err(Failure::usage(
            format!("the service account {} is deleted", target.id()),
            "within 30 days it can be brought back; a new one of the same address is another identity",
        )),
        Existence::Missing | Existence::Unknown(_)
            if somebody || default_account(target.id()).is_some() =>
        {
            let (_, message, remedy) = missing_target(&seen.estate, target);
            Err(Failure::usage(message, remedy))
        }
        Existence::Missing | Existence::Unknown(_) => {
            let near = nearest_accounts(&seen.estate, target.id(), 3);
            let next = if near.is_empty() {
                "check the address letter by letter".to_owned()
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            let came_back = format!("the service account {} does not exist", target.id());
            Err(Failure::usage(came_back, next))
        }
    }
}

/// What a caller that does not exist reaches is nothing, which would say too little by itself.
fn note_missing(seen: &Surveyed, caller: &Principal) {
    if let Some((message, remedy)) = missing_caller(&seen.estate, caller) {
        out::aside(&format!("note: {message} {remedy}"));
    }
}

fn wanted(wanted: &Wanted) -> Permission {
    let given = wanted.permission.clone();
    given.unwrap_or_else(Permission::get_access_token)
}

/// One result.
struct Row {
    name: String,
    verdict: Verdict,
    outcome: Outcome,
    path: Vec<String>,
    via: Vec<Via>,
}

/// What was asked.
struct Head<'a> {
    role: &'a str,
    name: String,
    permission: &'a Permission,
    of_row: &'a str,
}

fn shown(
    facts: &Facts,
    format: Format,
    seen: &Surveyed,
    head: &Head<'_>,
    rows: &[Row],
    complete: bool,
    not_read: &[String],
) -> Result<Exit, Failure> {
    let (complete, not_read) = seen.limits(complete, not_read);
    seen.tell();
    if format == Format::Json {
        let mut object = json!({
            "permission": head.permission.as_str(),
            "results": rows.iter().map(|row| as_json(row, head.of_row)).collect::<Vec<_>>(),
            "complete": complete,
            "notRead": not_read,
        });
        if let Some(map) = object.as_object_mut() {
            map.shift_insert(0, head.role.to_owned(), head.name.clone().into());
        }
        out::json(&object)?;
    } else {
        text(facts, head, rows, complete, &not_read).print()?;
    }
    Ok(Exit::Done)
}

fn as_json(row: &Row, of_row: &str) -> Value {
    let via: Vec<Value> = row
        .via
        .iter()
        .map(|via| {
            json!({ "resource": via.resource.full_name(), "role": via.role, "member": via.member })
        })
        .collect();
    let mut object = json!({ "verdict": row.verdict.word(), "outcome": row.outcome.word(), "path": row.path, "via": via });
    if let Some(map) = object.as_object_mut() {
        map.shift_insert(0, of_row.to_owned(), row.name.clone().into());
    }
    object
}

fn text(facts: &Facts, head: &Head<'_>, rows: &[Row], complete: bool, not_read: &[String]) -> Page {
    let mut page = Page::default();
    let title = if head.role == "target" {
        format!("Who has {} on {}", head.permission, head.name)
    } else {
        format!("What {} reaches by {}", head.name, head.permission)
    };
    page.line(Ink::Strong, title);
    let seen = facts.viewer_words.as_ref();
    let seen = seen.map(|w| format!(", seen as {w}")).unwrap_or_default();
    page.line(Ink::Faint, format!("on {}{seen}", facts.label));
    page.gap();
    if rows.is_empty() {
        page.line(Ink::Plain, "Nobody and nothing, as far as can be read.");
    }
    let arrow = format!(" {} ", glyphs().arrow());
    for row in rows {
        let (tri, ink, word) = match row.verdict {
            Verdict::CanAccess => (Tri::Yes, Ink::Good, ""),
            Verdict::CannotAccess => (Tri::No, Ink::Bad, ""),
            Verdict::UnknownInfo => (
                Tri::UnknownInfo,
                Ink::Unsure,
                "  perhaps: something that decides could not be read",
            ),
            Verdict::UnknownConditional => (
                Tri::UnknownConditional,
                Ink::Unsure,
                "  perhaps: a condition needs a value that is not known",
            ),
        };
        // Granted, and of no use: an account is off or gone, a pool gives no tokens.
        let (tri, ink, word) = match row.outcome {
            Outcome::WouldFail => (
                Tri::No,
                Ink::Bad,
                "  granted, but the call would fail: an account is off or gone, or there is no token to be had",
            ),
            _ => (tri, ink, word),
        };
        page.pieces(&[
            (ink, mark(tri)),
            (Ink::Plain, " "),
            (Ink::Strong, &short(&row.name)),
            (ink, word),
        ]);
        if row.path.len() > 2 {
            let path: Vec<String> = row.path.iter().map(|step| short(step)).collect();
            page.wrapped(Ink::Plain, "    by way of ", &path.join(&arrow));
        }
        for via in &row.via {
            page.line(
                Ink::Faint,
                format!(
                    "    {} to {} on {}",
                    via.role,
                    via.member,
                    via.resource.relative()
                ),
            );
        }
    }
    page.gap();
    let words = format!("{} in all", rows.len());
    page.line(Ink::Faint, words);
    if !complete {
        page.line(
            Ink::Unsure,
            "There may be more: not everything could be read.",
        );
        for name in not_read {
            page.line(Ink::Unsure, format!("  not read: {name}"));
        }
    }
    page
}

/// An account without the service's name before it.
fn short(name: &str) -> String {
    let account = name.strip_prefix("//iam.googleapis.com/");
    account
        .and_then(|path| path.rsplit_once('/'))
        .map_or(name, |(_, email)| email)
        .to_owned()
}
