//! Pairs that are kept: favourites and recent ones.

use std::collections::HashMap;

use super::super::keys::KeyContext;
use super::super::model::{Asked, Choice, ChoiceAct, KeptPair, Model, Typed};
use super::super::run::effects::Effect;
use super::super::words::permission_words;
use super::menu;
use crate::evaluate::Question;
use crate::iam::{Permission, Principal, Resource, address};
use crate::text::visible;

fn pair_of(asked: &Asked) -> KeptPair {
    let question = &asked.question;
    KeptPair {
        caller: question.caller.to_string(),
        target: question.target.full_name(),
        permission: question.permission.to_string(),
        favourite: false,
        other: serde_json::Map::default(),
    }
}

fn question_of(pair: &KeptPair, time: jiff::Timestamp) -> Option<Question> {
    let caller = Principal::parse(&pair.caller).ok()?;
    let target = Resource::parse(&pair.target).ok()?;
    let mut question = Question::new(caller, target, time);
    question.permission = Permission::parse(&pair.permission).ok()?;
    Some(question)
}

/// What was asked just now is the newest.
pub(super) fn asked(model: &mut Model) -> Option<Effect> {
    let pair = model.asked().map(pair_of)?;
    Some(put(model, pair, None))
}

fn put(model: &mut Model, pair: KeptPair, favourite: Option<bool>) -> Effect {
    pair.clone().put(&mut model.pairs, favourite);
    pin(model);
    Effect::KeepPair(Box::new(pair), favourite)
}

/// Has the accounts of these pairs stand first where a pair is chosen, those of the favourites, then the newest; and
/// marked as what they are.
fn pin(model: &mut Model) {
    let pairs = model.pairs.iter();
    let both = pairs.map(|pair| {
        let accounts = [pair.caller_account(), pair.target_account()];
        (accounts, pair.favourite)
    });
    let mut first = [Vec::new(), Vec::new()];
    let mut kept = [HashMap::new(), HashMap::new()];
    for (accounts, favourite) in both {
        for ((account, first), kept) in accounts.into_iter().zip(&mut first).zip(&mut kept) {
            // The favourites come before the others.
            if let Some(account) = account
                && !kept.contains_key(&account)
            {
                first.push(account.clone());
                kept.insert(account, favourite);
            }
        }
    }
    let [callers, targets] = first;
    model.pick.caller.pin(&callers);
    model.pick.target.pin(&targets);
    model.pick.kept = kept;
}

/// Among the favourites, or no longer.
pub(super) fn star(model: &mut Model) -> Vec<Effect> {
    let Some(pair) = model.asked().map(pair_of) else {
        return Vec::new();
    };
    let is = !pair.is_favourite(&model.pairs);
    let kept = put(model, pair, Some(is));
    let words = if is {
        "This pair is among the favourites: {pairs} lists them."
    } else {
        "This pair is no longer among the favourites."
    };
    model.say(model.with_keys(words));
    vec![kept]
}

/// Those that were kept before; what was asked since stands before them. What cannot be read is left as it is.
pub(super) fn came(model: &mut Model, kept: Result<Vec<KeptPair>, String>) {
    match kept {
        Ok(kept) => {
            let since = std::mem::replace(&mut model.pairs, kept);
            for pair in since.into_iter().rev() {
                pair.put(&mut model.pairs, None);
            }
            pin(model);
        }
        // What was said of something else is not talked over.
        Err(why) if model.notice.is_none() => {
            model.say(visible(&format!("Pairs are not kept: {why}.")));
        }
        Err(_) => {}
    }
}

/// The list to choose from.
pub(super) fn open(model: &mut Model) {
    let time = model.at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let choices: Vec<Choice> = model
        .pairs
        .iter()
        .filter_map(|pair| {
            let question = question_of(pair, time)?;
            let mark = if pair.favourite { "* " } else { "  " };
            let arrow = model.glyphs.arrow();
            let caller = question.caller.short();
            let target = address::short(question.target.id());
            Some(Choice {
                text: visible(&format!("{mark}{caller} {arrow} {target}")),
                note: visible(&permission_words(&question.permission)),
                act: ChoiceAct::Ask(Box::new(question)),
            })
        })
        .collect();
    if choices.is_empty() {
        model.say("No pair was asked about yet.");
        return;
    }
    let title = "favourites and pairs asked about";
    menu::open(model, title, KeyContext::Answer, choices, Typed::Nothing);
}
