//! Who can reach a target, what a caller can reach: the answer's ways as rows.

use jiff::Timestamp;

use super::super::model::tree::title;
use super::super::model::{PathRow, Paths};

use crate::answer::limits;
use crate::answer::paths::{NotThere, PathEnd, PathsAnswer, PathsQuestion, Ways};
use crate::estate::Estate;
use crate::evaluate::reach::{Brings, TakenAway, Via};
use crate::evaluate::{Outcome, Question, Verdict};
use crate::google::listing::Scope;
use crate::iam::{Resource, address};
use crate::text::visible;

/// What is asked: everybody who can reach the question's target (`who`), or every account that its
/// caller can reach, chains included.
#[must_use]
pub fn asked(question: &Question, who: bool, scope: &Scope) -> PathsQuestion {
    let brings = Brings {
        attributes: question.attributes.clone(),
        claims: question.claims.clone(),
    };
    // What is brought is the caller's own, and would be taken for everybody's.
    let brought = !brings.attributes.is_empty() || brings.claims.is_some();
    PathsQuestion {
        ways: if who {
            Ways::To {
                target: question.target.clone(),
                caller: brought.then(|| question.caller.clone()),
            }
        } else {
            Ways::From(question.caller.clone())
        },
        permission: question.permission.clone(),
        edges: Vec::new(),
        brings,
        time: question.time,
        scope: scope.clone(),
    }
}

/// The answer for the screen.
///
/// # Errors
/// The target does not exist, in words.
pub fn rows(answer: PathsAnswer) -> Result<Paths, String> {
    let estate = &answer.estate;
    let who = matches!(answer.question.ways, Ways::To { .. });
    let complete = answer.not_read.is_empty();
    let mut notes = Vec::new();
    let (title, itself) = match (&answer.question.ways, answer.not_there) {
        (Ways::To { .. }, Some(NotThere { words, next })) => {
            // A message of several sentences ends by itself.
            let between = if words.ends_with('.') { "" } else { ":" };
            return Err(format!("{words}{between} {next}"));
        }
        (Ways::To { target, .. }, None) => {
            let name = visible(&estate.label(target));
            (format!("who can reach {name}"), None)
        }
        (Ways::From(caller), not_there) => {
            notes.extend(not_there.map(|n| visible(&format!("{} {}", n.words, n.next))));
            let name = visible(&caller.short());
            (format!("what {name} can reach"), Some(caller.member()))
        }
    };
    let row = |end: PathEnd| PathRow {
        certain: end.verdict == Verdict::CanAccess,
        way: format!(
            "{}{}{}{}",
            no_use(end.outcome),
            all_but(&end.except),
            chain(estate, itself.is_some().then(|| end.trail.path())),
            way(
                estate,
                &end.trail.via(),
                itself.as_deref().unwrap_or(&end.name)
            )
        ),
        name: match (&itself, &end.target) {
            (Some(_), Some(target)) => visible(target.id()),
            _ => visible(&end.name),
        },
        pair: end.pair(&answer.question.ways),
    };
    let rows = answer.ends.into_iter().map(row).collect();
    notes.extend(gaps(estate, &answer.not_read));
    let taken = limits::taken_for_granted(&answer.assumptions);
    notes.extend(taken.map(|words| format!("{}{words}", limits::TAKEN)));
    Ok(Paths {
        title,
        who,
        complete,
        rows,
        notes,
        read_at: Timestamp::now(),
    })
}

/// That a grant is of no use: an account is off, gone or nobody's, or there is no token to be had.
fn no_use(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WouldFail => "would fail: ",
        Outcome::WouldSucceed | Outcome::Unknown => "",
    }
}

/// Who of a set is shut out.
fn all_but(except: &[TakenAway]) -> String {
    if except.is_empty() {
        return String::new();
    }
    let named = except.iter().flat_map(|taken| &taken.principals);
    let names: Vec<String> = named.map(|name| visible(name)).collect();
    match names.as_slice() {
        [] => "perhaps not all of it: ".to_owned(),
        names => format!("all but {}: ", names.join(", ")),
    }
}

/// The accounts between the two ends of a chain.
fn chain(estate: &Estate, path: Option<Vec<&str>>) -> String {
    match path.as_deref().unwrap_or_default() {
        [_, between @ .., _] if !between.is_empty() => {
            let names: Vec<String> = between.iter().map(|hop| short(estate, hop)).collect();
            format!("through {}: ", names.join(", "))
        }
        _ => String::new(),
    }
}

fn short(estate: &Estate, name: &str) -> String {
    match Resource::parse(name) {
        Ok(resource) => visible(&estate.label(&resource)),
        Err(_) => visible(name),
    }
}

/// `Token Creator on data, as group:devs@example.com`; who holds it by name is not said twice.
fn way(estate: &Estate, via: &[&Via], itself: &str) -> String {
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
fn gaps(estate: &Estate, not_read: &[String]) -> Option<String> {
    let (one, rest) = not_read.split_first()?;
    let first = match Resource::parse(one) {
        // Whom a policy names and nobody has seen: perhaps nobody, perhaps a step of a way on.
        Ok(Resource::ServiceAccount { account, .. }) if estate.account(&account).is_none() => {
            format!(
                "a policy names {}, and no such account was seen",
                visible(address::short(&account))
            )
        }
        Ok(resource) => format!("{} was not read", visible(&estate.label(&resource))),
        Err(_) => format!("{} was not read", visible(one)),
    };
    let more = match rest.len() {
        0 => String::new(),
        1 => ", and 1 more was not read".to_owned(),
        n => format!(", and {n} more were not read"),
    };
    Some(format!("Not complete: {first}{more}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Coverage;

    /// Whom a policy names of a project that is not in sight was not left unread: nobody of it was seen.
    #[test]
    fn an_account_that_is_not_in_sight_is_not_called_unread() {
        let name = |email: &str| Resource::account("-", email).full_name();
        let one = [name("runner@elsewhere-1.iam.gserviceaccount.com")];
        let estate = Estate::new(Coverage::Partial);
        assert_eq!(
            gaps(&estate, &one).as_deref(),
            Some("Not complete: a policy names runner@elsewhere-1, and no such account was seen.")
        );
        assert_eq!(gaps(&estate, &[]), None);
    }
}
