//! What a question says beside caller, target and permission: a delegation chain, and what a federated
//! caller's token says.

use super::super::keys::KeyContext;
use super::super::model::{Asked, Choice, ChoiceAct, Model, Typed};
use super::super::run::effects::Effect;
use super::{answer, menu};
use crate::evaluate::{Question, read_attribute};
use crate::iam::address;
use crate::iam::{Member, Principal, Resource};
use crate::text::visible;

/// Opens the menu of accounts to go through; what is on the way already can be taken out.
pub(super) fn chain(model: &mut Model) {
    let Some(asked) = model.asked() else { return };
    let question = &asked.question;
    let choices: Vec<Choice> = (0..question.via.len())
        .map(|i| {
            let mut without = question.clone();
            let hop = without.via.remove(i);
            Choice {
                text: format!("not through {}", visible(hop.id())),
                note: format!("hop {}", i + 1),
                act: ChoiceAct::Ask(Box::new(without)),
            }
        })
        .collect();
    let title = match question.via.len() {
        0 => "go through which account?",
        _ => "and then through which account?",
    };
    let accounts = model.pick.target.alike();
    menu::open_accounts(model, title, choices, accounts);
}

/// Opens the menu of what the caller's token says: what was given can be taken out, what bindings on
/// the way ask for can be said.
pub(super) fn attributes(model: &mut Model) {
    let Some(asked) = model.asked() else { return };
    let question = &asked.question;
    if !question.caller.is_federated() {
        model.say("Only a federated caller brings attributes: this one is known by its address.");
        return;
    }
    let mut choices: Vec<Choice> = (0..question.attributes.len())
        .map(|i| {
            let mut without = question.clone();
            let (name, value) = without.attributes.remove(i);
            Choice {
                text: format!("{}={}", visible(&name), visible(&value)),
                note: "take it out".to_owned(),
                act: ChoiceAct::Ask(Box::new(without)),
            }
        })
        .collect();
    choices.extend(asked_for(asked).into_iter().map(|(name, value)| Choice {
        text: format!("{}={}", visible(&name), visible(&value)),
        note: "a binding asks for it".to_owned(),
        act: ChoiceAct::Ask(Box::new(saying(question, name, value))),
    }));
    let title = "what does the caller's token say?";
    menu::open(model, title, KeyContext::Answer, choices, Typed::Attribute);
}

/// The attributes that bindings on the way to the target ask for and that are not given.
fn asked_for(asked: &Asked) -> Vec<(String, String)> {
    let policies = asked.known().map(|k| &k.explanation.allow);
    let bindings = policies.into_iter().flatten().flat_map(|p| &p.bindings);
    let mut found: Vec<(String, String)> = bindings
        .flat_map(|b| &b.members)
        .filter_map(|m| match &m.member.member {
            Member::PoolAttribute(_, name, value) => Some((name.clone(), value.clone())),
            Member::PoolGroup(_, group) => Some((GROUPS.to_owned(), group.clone())),
            _ => None,
        })
        .filter(|one| !asked.question.attributes.contains(one))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The one attribute that has several values.
const GROUPS: &str = "groups";

/// The question with an attribute more; an attribute has one value, groups aside.
fn saying(question: &Question, name: String, value: String) -> Question {
    let mut question = question.clone();
    question
        .attributes
        .retain(|(n, v)| *n != name || (name == GROUPS && *v != value));
    question.attributes.push((name, value));
    question
}

/// A typed `NAME=VALUE`.
pub(super) fn attribute(model: &Model, text: &str) -> Option<ChoiceAct> {
    let (name, value) = read_attribute(text)?;
    let question = saying(&model.asked()?.question, name, value);
    Some(ChoiceAct::Ask(Box::new(question)))
}

/// Asks again about the account that was meant; of several, one is chosen.
pub(super) fn meant(model: &mut Model) -> Vec<Effect> {
    let Some(known) = model.asked().and_then(Asked::known) else {
        model.say("The answer is not there yet.");
        return Vec::new();
    };
    let question = &known.explanation.question;
    let mut ways: Vec<(String, Question)> = Vec::new();
    for cause in &known.causes {
        let wrong = cause.resource.as_ref().map(Resource::id);
        let meant = wrong.into_iter().flat_map(|wrong| {
            let each = cause.meant.iter();
            each.map(move |right| (right.clone(), instead(question, wrong, right)))
        });
        ways.extend(meant.filter(|(_, other)| other != question));
    }
    if let [(_, one)] = ways.as_slice() {
        let one = one.clone();
        return answer::ask_question(model, one);
    }
    if ways.is_empty() {
        model.say("No name here is nobody's with another one like it.");
        return Vec::new();
    }
    let choices = ways.into_iter().map(|(right, question)| Choice {
        text: visible(address::short(&right)),
        note: visible(&right),
        act: ChoiceAct::Ask(Box::new(question)),
    });
    let choices = choices.collect();
    menu::open(
        model,
        "which account was meant?",
        KeyContext::Answer,
        choices,
        Typed::Nothing,
    );
    Vec::new()
}

/// The question with an account in the place of another, wherever that stands.
fn instead(question: &Question, wrong: &str, right: &str) -> Question {
    let mut question = question.clone();
    if question.caller.email() == Some(wrong) {
        question.caller = Principal::ServiceAccount(right.to_owned());
    }
    let hops = question.via.iter_mut();
    for account in hops.chain(std::iter::once(&mut question.target)) {
        if account.id() == wrong {
            *account = Resource::account("-", right);
        }
    }
    question
}

/// A typed account.
pub(super) fn hop(text: &str) -> Option<ChoiceAct> {
    Resource::parse_account(text).ok().map(ChoiceAct::Through)
}

/// The question that goes through one account more; or why that is no way.
pub(super) fn through(model: &Model, hop: Resource) -> Option<Result<Question, String>> {
    let mut question = model.asked()?.question.clone();
    let name = visible(hop.id());
    let is_caller = matches!(&question.caller, Principal::ServiceAccount(e) if e == hop.id());
    Some(if is_caller {
        Err(format!("{name} is the caller itself."))
    } else if question.target.id() == hop.id() {
        Err(format!("{name} is the target itself."))
    } else if question.via.iter().any(|known| known.id() == hop.id()) {
        Err(format!("The way leads through {name} already."))
    } else {
        question.via.push(hop);
        Ok(question)
    })
}
