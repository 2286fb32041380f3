//! The verdict and the question, in words.

use super::super::model::{Asked, KnownAnswer, Reading};
use crate::evaluate::{CauseKind, Outcome, Question};
use crate::text::visible;

/// The verdict in one line, for people.
#[must_use]
pub fn verdict_words(asked: &Asked) -> String {
    if asked.as_read.is_some() {
        let word = match asked.outcome() {
            Some(Outcome::WouldSucceed) => "the call would succeed",
            Some(Outcome::WouldFail) => "the call would fail",
            _ => "cannot be told",
        };
        return format!("what if: {word}");
    }
    // A token in hand is worth more than what was read before it.
    if let Some(at) = &asked.proven {
        return format!("works: token minted at {at}");
    }
    if asked.applied.is_some() {
        return "applied, not seen to work yet".to_owned();
    }
    let Some(known) = asked.known() else {
        return match &asked.reading {
            Reading::Failed(_) => "could not be read".to_owned(),
            Reading::Stopped => "stopped".to_owned(),
            _ => "reading …".to_owned(),
        };
    };
    match known.explanation.outcome {
        Outcome::WouldSucceed => "the call would succeed".to_owned(),
        Outcome::WouldFail => {
            let grantable = known.plan.remedies.iter().any(|w| w.single().is_some());
            if grantable {
                "403 until granted".to_owned()
            } else {
                "the call would fail".to_owned()
            }
        }
        Outcome::Unknown => match likely(known) {
            Some(why) => format!("not certain, likely 403: {why}"),
            None => "cannot be told".to_owned(),
        },
    }
}

/// What most likely stands in the way of a call of which nothing is certain, in a few words: what is known to
/// be amiss is likelier than that something unread mends it.
fn likely(known: &KnownAnswer) -> Option<&'static str> {
    use CauseKind as K;
    Some(match known.causes.first()?.kind {
        K::GrantOnCallersProject => "wrong project",
        K::GrantElsewhere => "granted elsewhere",
        K::BasicRoleNotEnough | K::RoleLacksPermission => "wrong role",
        K::SelfGrant => "granted to itself",
        K::NotInGroup => "not in the group",
        K::MemberMisspelled => "misspelled",
        K::MemberDeleted => "granted to a deleted one",
        K::MemberKindMismatch => "wrong kind of member",
        K::AttributeNotMapped | K::FederatedMismatch => "wrong member",
        K::ConditionFalse => "condition not met",
        K::RoleDisabled | K::RoleDeleted => "role is off",
        _ => return None,
    })
}

/// The verdict in one word, for a narrow screen.
#[must_use]
pub fn verdict_word(asked: &Asked) -> &'static str {
    if asked.as_read.is_some() {
        return match asked.outcome() {
            Some(Outcome::WouldSucceed) => "would work",
            Some(Outcome::WouldFail) => "would fail",
            _ => "unknown, if",
        };
    }
    if asked.proven.is_some() {
        return "works";
    }
    if asked.applied.is_some() {
        return "applied";
    }
    match (&asked.reading, asked.outcome()) {
        (_, Some(Outcome::WouldSucceed)) => "works",
        (_, Some(Outcome::WouldFail)) => "fails",
        (_, Some(Outcome::Unknown)) if asked.known().and_then(likely).is_some() => "likely 403",
        (_, Some(Outcome::Unknown)) => "unknown",
        (Reading::Failed(_), None) => "not read",
        (Reading::Stopped, None) => "stopped",
        (_, None) => "reading",
    }
}

/// The answer as plain lines, for the normal screen and the clipboard.
#[must_use]
pub fn printed(asked: &Asked) -> Vec<String> {
    let question = &asked.question;
    let mut lines = vec![
        format!("caller      {}", question.caller),
        format!("target      {}", question.target.id()),
        format!("permission  {}", question.permission),
    ];
    let beside = beside(question).into_iter();
    lines.extend(beside.map(|(what, said)| format!("{what:<12}{said}")));
    lines.push(format!("answer      {}", verdict_words(asked)));
    if let Some(known) = asked.known().filter(|_| asked.proven.is_none()) {
        for (i, cause) in known.causes.iter().enumerate() {
            lines.push(format!("{}. {}", i + 1, cause.message));
            lines.push(format!("   {}", cause.remedy));
            lines.extend(cause.command.iter().map(|c| format!("   {c}")));
        }
    }
    lines.iter().map(|l| visible(l)).collect()
}

/// What a question says beside the rest, in words: what it is, and the words.
#[must_use]
pub fn beside(question: &Question) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if !question.via.is_empty() {
        let hops: Vec<String> = question.via.iter().map(|hop| visible(hop.id())).collect();
        out.push(("via", hops.join(", then ")));
    }
    let mut said: Vec<String> = question
        .attributes
        .iter()
        .map(|(name, value)| format!("{}={}", visible(name), visible(value)))
        .collect();
    if question.claims.is_some() {
        said.push("the claims of its token".to_owned());
    }
    if !said.is_empty() {
        out.push(("brings", said.join(", ")));
    }
    out
}
