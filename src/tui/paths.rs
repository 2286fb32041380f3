//! Who can reach a target, what a caller can reach: read over the whole scope, as rows.

use super::model::{PathRow, Paths};
use super::tree::title;
use crate::estate::Estate;
use crate::evaluate::reach::{self, Brings, Via};
use crate::evaluate::{Outcome, Question, Verdict};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, whole};
use crate::google::wire::Ask;
use crate::iam::{Principal, Resource};
use crate::text::visible;

/// Everybody who can reach the question's target.
///
/// # Errors
/// When signed out, when there is no connection, or when the scope cannot be searched.
pub async fn who(ask: &dyn Ask, question: &Question, scope: &Scope) -> Result<Paths, String> {
    let everything = Everything::to_target(&question.target, &question.permission, scope);
    let (estate, unlisted) = read(ask, &everything).await?;
    let answer = reach::who(
        &estate,
        &question.target,
        &question.permission,
        question.time,
    );
    let target = answer.target.clone();
    let rows = answer
        .results
        .into_iter()
        .map(|holder| PathRow {
            pair: Principal::parse(&holder.principal)
                .ok()
                .map(|caller| (caller, target.clone())),
            certain: holder.verdict == Verdict::CanAccess,
            way: format!(
                "{}{}",
                no_use(holder.outcome),
                way(&estate, &holder.via, &holder.principal)
            ),
            name: visible(&holder.principal),
        })
        .collect();
    Ok(Paths {
        title: format!("who can reach {}", visible(&estate.label(&target))),
        rows,
        gaps: gaps(answer.not_read, unlisted),
    })
}

/// That a grant is of no use: an account is off or gone, or there is no token to be had.
fn no_use(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WouldFail => "would fail: ",
        Outcome::WouldSucceed | Outcome::Unknown => "",
    }
}

/// Every account that the question's caller can reach, chains included.
///
/// # Errors
/// When signed out, when there is no connection, or when the scope cannot be searched.
pub async fn reached(ask: &dyn Ask, question: &Question, scope: &Scope) -> Result<Paths, String> {
    let everything = Everything::from_caller(&question.caller, &question.permission, scope);
    let (estate, unlisted) = read(ask, &everything).await?;
    let brings = Brings {
        attributes: question.attributes.clone(),
        claims: question.claims.clone(),
    };
    let answer = reach::reach_bringing(
        &estate,
        &question.caller,
        &brings,
        &question.permission,
        question.time,
    );
    let caller = question.caller.member();
    let rows = answer
        .results
        .into_iter()
        .map(|reached| {
            let between = reached.path.len().saturating_sub(2);
            let chain = match between {
                0 => String::new(),
                _ => {
                    let hops = reached.path.iter().skip(1).take(between);
                    let names = hops.map(|h| short(&estate, h)).collect::<Vec<_>>();
                    format!("through {}: ", names.join(", "))
                }
            };
            PathRow {
                name: visible(reached.target.id()),
                certain: reached.verdict == Verdict::CanAccess,
                way: format!(
                    "{}{chain}{}",
                    no_use(reached.outcome),
                    way(&estate, &reached.via, &caller)
                ),
                pair: Some((question.caller.clone(), reached.target)),
            }
        })
        .collect();
    Ok(Paths {
        title: format!("what {} can reach", visible(&question.caller.short())),
        rows,
        gaps: gaps(answer.not_read, unlisted),
    })
}

async fn read(
    ask: &dyn Ask,
    everything: &Everything,
) -> Result<(Estate, Vec<(String, String)>), String> {
    whole(ask, everything, &|_| ())
        .await
        .map_err(|e| e.to_string())
}

fn short(estate: &Estate, name: &str) -> String {
    match Resource::parse(name) {
        Ok(resource) => visible(&estate.label(&resource)),
        Err(_) => visible(name),
    }
}

/// `Token Creator on data, as group:devs@example.com`; who holds it by name is not said twice.
fn way(estate: &Estate, via: &[Via], itself: &str) -> String {
    let parts = via.iter().map(|via| {
        let held = format!(
            "{} on {}",
            title(estate, &via.role),
            visible(&estate.label(&via.resource))
        );
        if &*via.member == itself || via.member.starts_with("serviceAccount:") {
            held
        } else {
            format!("{held}, as {}", visible(&via.member))
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// What was not read, in a line or two.
fn gaps(not_read: Vec<String>, unlisted: Vec<(String, String)>) -> Vec<String> {
    let mut names: Vec<String> = not_read;
    names.extend(unlisted.into_iter().map(|(name, _)| name));
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("Not complete: {} was not read.", visible(one))],
        [one, rest @ ..] => vec![format!(
            "Not complete: {} and {} more were not read.",
            visible(one),
            rest.len()
        )],
    }
}
