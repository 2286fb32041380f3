//! The confirmation: a diff, a word to be typed, the write, and the proof.

use std::sync::Arc;
use std::time::Duration;

use tui_input::Input;

use super::super::keys::command::Command;
use super::super::keys::{Key, KeyContext};
use super::super::model::{Act, Asked, Change, Confirm, KnownAnswer, Model, Overlay, Phase};
use super::super::run::effects::Effect;
use super::{answer, edit, menu, pages, uncover, what_if};
use crate::evaluate::{Outcome, Question};
use crate::iam::{Permission, Principal, Resource};
use crate::repair::history::ChangeRecord;
use crate::repair::plan::switch::SwitchKind;
use crate::repair::{PlanOptions, Power, Remedy, RemedyStep, Word, meaning, remedies, word};
use crate::text::visible;

/// The word for taking a change back.
const UNDO: &str = "undo";
/// How long a grant for a limited time holds.
pub(super) const LIMITED: Duration = Duration::from_secs(2 * 3_600);

/// Plans a fix and shows it; nothing is applied.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if what_if::refuses(model, Command::Fix) {
        return Vec::new();
    }
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    if let Some(ticket) = asked.applied {
        match model.waiting.iter().position(|c| c.ticket == ticket) {
            Some(at) => {
                let confirm = model.waiting.remove(at);
                model.overlays.push(Overlay::Confirm(Box::new(confirm)));
            }
            None => {
                model.say(model.with_keys(
                    "It was applied, and is no longer watched; {history} lists what was changed.",
                ));
            }
        }
        return Vec::new();
    }
    let Some(known) = asked.known() else {
        model.say("The answer is not there yet.");
        return Vec::new();
    };
    if known.explanation.outcome == Outcome::WouldSucceed {
        model.say("Nothing is missing: the call would succeed as it is.");
        return Vec::new();
    }
    let Some(first) = known.plan.remedies.first().cloned() else {
        pages::no_repair(model);
        return Vec::new();
    };
    let question = known.explanation.question.clone();
    let ways = known.plan.remedies.clone();
    let warnings = known.plan.warnings.clone();
    let Weighed { word, meaning } = weigh(known, &first, model.two_steps_from);
    let forbidden = forbidden(model, known, &first);
    let asks = forbidden.is_none();
    let ticket = model.ticket();
    model.overlays.push(Overlay::Confirm(Box::new(Confirm {
        ticket,
        question,
        act: Act::Grant {
            ways,
            chosen: 0,
            limited: None,
        },
        word: word.text,
        weighty: word.because,
        input: Input::default(),
        phase: Phase::Asking { note: None },
        forbidden,
        meaning,
        warnings,
        offset: 0,
    })));
    if !asks {
        return Vec::new();
    }
    vec![Effect::MayWrite {
        ticket,
        way: Box::new(first),
    }]
}

fn read_only(model: &Model) -> Option<String> {
    model
        .read_only
        .then(|| "this is a read-only session".to_owned())
}

/// Why a way may not be carried from here, as far as is known without asking.
fn forbidden(model: &Model, known: &KnownAnswer, way: &Remedy) -> Option<String> {
    let target = &known.explanation.question.target;
    read_only(model).or_else(|| model.closed.forbids(&known.estate, target, way))
}

/// What a way means, and the word that it asks for.
struct Weighed {
    word: Word,
    meaning: Vec<String>,
}

fn weigh(known: &KnownAnswer, way: &Remedy, from: Power) -> Weighed {
    let mut sentences = Vec::new();
    let mut meanings = Vec::new();
    for step in &way.steps {
        match step {
            RemedyStep::Binding(repair) => {
                let means = meaning(&known.estate, &known.explanation, repair);
                let name = known.estate.label(&repair.resource);
                let who = crate::iam::Principal::parse(&repair.member)
                    .map_or_else(|_| repair.member.clone(), |p| p.short());
                sentences.push(format!("{who} will be able to act as {name}."));
                sentences.extend(means.sentences(&known.estate));
                meanings.push(means);
            }
            RemedyStep::Switch(switch) => sentences.push(switch.caution().to_owned()),
        }
    }
    sentences.dedup();
    if !way.certain {
        sentences.push("Whether the caller is through then cannot be told: something that may still refuse it could not be read.".to_owned());
    }
    Weighed {
        word: word(way, &meanings, from),
        meaning: sentences,
    }
}

/// Why a change is not taken back, where none of its kind is.
pub(super) fn stays_on(change: &Change) -> Option<String> {
    let switch = change.entry.record.switched()?;
    matches!(switch.kind, SwitchKind::Api { .. }).then(|| {
        let command = switch.gcloud_undo();
        visible(&format!("An API is not turned off again from here: others may have come to use it since. Where you know better: {command}"))
    })
}

/// Takes a change back: shows it and asks first.
pub(super) fn open_undo(model: &mut Model, change: Change) -> Vec<Effect> {
    if what_if::refuses(model, Command::Undo) {
        return Vec::new();
    }
    let record = &change.entry.record;
    if !change.here {
        model.fail(format!(
            "That change was made in another place ({} at {}); open that one to take it back.",
            visible(&record.estate),
            visible(&record.endpoint)
        ));
        return Vec::new();
    }
    if let Some(stays) = stays_on(&change) {
        model.fail(stays);
        return Vec::new();
    }
    let Some(question) = asked_then(record).or_else(|| model.asked().map(|a| a.question.clone()))
    else {
        model.fail("The history does not say which question that change belongs to.");
        return Vec::new();
    };
    let ticket = model.ticket();
    let forbidden = read_only(model).or_else(|| {
        let estate = model.asked().and_then(Asked::known).map(|k| &*k.estate);
        let resource = change.entry.resource()?;
        model.closed.forbids_writing(estate, &resource)
    });
    model.overlays.push(Overlay::Confirm(Box::new(Confirm {
        ticket,
        question,
        act: Act::Undo(Box::new(change)),
        word: UNDO.to_owned(),
        weighty: None,
        input: Input::default(),
        phase: Phase::Asking { note: None },
        forbidden,
        meaning: vec![
            "Only what was added is taken out; whatever others changed since stays.".to_owned(),
        ],
        warnings: Vec::new(),
        offset: 0,
    })));
    Vec::new()
}

/// The question that a change was made for.
fn asked_then(record: &ChangeRecord) -> Option<Question> {
    let caller = Principal::parse(&record.caller).ok()?;
    let target = Resource::parse(&record.target).ok()?;
    let mut question = Question::new(caller, target, record.time);
    question.permission = Permission::parse(&record.permission).ok()?;
    Some(question)
}

/// Whether a key types: letters do, except that some (`t`, `y`, `i`) are commands before the first one of a
/// word that does not begin with them.
pub(super) fn types(model: &mut Model, key: Key) -> bool {
    let is_command = model.keys.lookup(KeyContext::Confirm, key).is_some();
    let Some(confirm) = model.confirm_mut() else {
        return false;
    };
    // Where no word applies anything, none is asked for.
    if confirm.forbidden.is_some() {
        return false;
    }
    match key.character() {
        Some(c) if confirm.input.value().is_empty() => !is_command || confirm.word.starts_with(c),
        Some(_) => true,
        None => key.edits(),
    }
}

pub(super) fn text(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(confirm) = model.confirm_mut() {
        edit(&mut confirm.input, key);
    }
    Vec::new()
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let asking = matches!(
        model.confirm_mut().map(|c| &c.phase),
        Some(Phase::Asking { .. })
    );
    match command {
        Command::Back => return close(model),
        Command::Open if asking => return apply(model),
        Command::Open => return close(model),
        Command::Copy => menu::copy_change(model),
        Command::Meaning => pages::meaning(model),
        Command::NextRepair if asking => return next(model),
        Command::ForTwoHours if asking => limit(model),
        Command::Undo if !asking => return super::applied::undo_applied(model),
        Command::PageDown | Command::HalfDown => scroll(model, 1),
        Command::PageUp | Command::HalfUp => scroll(model, -1),
        Command::Down => scroll_by(model, 1),
        Command::Up => scroll_by(model, -1),
        _ => {}
    }
    Vec::new()
}

fn scroll(model: &mut Model, pages: isize) {
    let page = isize::try_from(model.room().max(2) - 1).unwrap_or(1);
    scroll_by(model, page * pages);
}

fn scroll_by(model: &mut Model, lines: isize) {
    if let Some(confirm) = model.confirm_mut() {
        confirm.offset = confirm.offset.saturating_add_signed(lines);
    }
}

/// Esc: first what is typed, then the confirmation. After the write the answer is read again.
fn close(model: &mut Model) -> Vec<Effect> {
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    match &confirm.phase {
        Phase::Asking { .. } if !confirm.input.value().is_empty() => {
            confirm.input.reset();
            Vec::new()
        }
        Phase::Asking { .. } => {
            model.overlays.pop();
            model.say("Nothing was changed.");
            Vec::new()
        }
        Phase::Applying { .. } => {
            model.say("It was sent; its answer is awaited. q leaves without it.");
            Vec::new()
        }
        Phase::Undone(_) => {
            // The confirmation of what was taken back lies below.
            let gone = uncover(model);
            let mut effects = answer::refresh(model);
            effects.push(gone);
            effects
        }
        Phase::Verifying { .. } => {
            // The watch goes on: until it works, nothing may look as if it did.
            if let Some(Overlay::Confirm(confirm)) = model.overlays.pop() {
                model.waiting.push(*confirm);
            }
            model.say(model.with_keys(
                "Applied; it is still watched until it works. {fix} shows how far that is.",
            ));
            answer::refresh(model)
        }
        Phase::Proven { .. } => {
            model.overlays.pop();
            answer::refresh(model)
        }
        Phase::Failed(_) => {
            model.overlays.pop();
            answer::refresh(model)
        }
    }
}

fn next(model: &mut Model) -> Vec<Effect> {
    let known = model.asked().and_then(Asked::known).cloned();
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    let Act::Grant {
        ways,
        chosen,
        limited,
    } = &mut confirm.act
    else {
        return Vec::new();
    };
    let count = limited.as_ref().unwrap_or(ways).len();
    if count < 2 {
        model.say("There is no other fix.");
        return Vec::new();
    }
    *chosen = (*chosen + 1) % count;
    show_chosen(model, known.as_ref())
}

/// After another way was chosen: its word, its meaning, and whether it may be written.
fn show_chosen(model: &mut Model, known: Option<&KnownAnswer>) -> Vec<Effect> {
    let from = model.two_steps_from;
    let chosen = model.confirm_mut().and_then(|c| c.way().cloned());
    let forbidden = match (known, &chosen) {
        (Some(known), Some(way)) => forbidden(model, known, way),
        _ => read_only(model),
    };
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    confirm.offset = 0;
    confirm.input.reset();
    let Some(way) = confirm.way().cloned() else {
        return Vec::new();
    };
    if let Some(known) = known {
        let weighed = weigh(known, &way, from);
        confirm.word = weighed.word.text;
        confirm.weighty = weighed.word.because;
        confirm.meaning = weighed.meaning;
    }
    let asks = forbidden.is_none();
    confirm.forbidden = forbidden;
    let ticket = confirm.ticket;
    if !asks {
        return Vec::new();
    }
    vec![Effect::MayWrite {
        ticket,
        way: Box::new(way),
    }]
}

/// The same grant with an end, or without one again.
fn limit(model: &mut Model) {
    let Some(known) = model.asked().and_then(Asked::known).cloned() else {
        return;
    };
    let Some(confirm) = model.confirm_mut() else {
        return;
    };
    let first = confirm.repair().filter(|r| r.as_read);
    let first = first.map(|r| (r.resource.clone(), r.before.clone()));
    let Act::Grant {
        limited, chosen, ..
    } = &mut confirm.act
    else {
        return;
    };
    *chosen = 0;
    confirm.offset = 0;
    if limited.take().is_some() {
        return;
    }
    let options = PlanOptions {
        // From when it was read, whatever moment the question is about.
        expires: known.read_at.checked_add(LIMITED).ok(),
        policies: Arc::new(first.into_iter().collect()),
        ..PlanOptions::default()
    };
    let plan = remedies(&known.estate, &known.explanation, &known.causes, &options);
    if plan.remedies.is_empty() {
        model.say("A grant for a limited time would not help here.");
        return;
    }
    *limited = Some(plan.remedies);
}

/// Enter: applies when the word stands there, and only then.
fn apply(model: &mut Model) -> Vec<Effect> {
    let Some(confirm) = model.confirm_mut() else {
        return Vec::new();
    };
    if let Some(why) = confirm.forbidden.clone() {
        let hint = model.with_keys("{copy} copies it as a request to somebody who may");
        model.fail(format!("Not applied: {why}; {hint}."));
        return Vec::new();
    }
    if confirm.input.value().trim() != confirm.word {
        let (word, nothing) = (confirm.word.clone(), confirm.input.value().is_empty());
        model.say(if nothing {
            format!("Nothing is applied yet: type {word}, then Enter.")
        } else {
            format!("That is not the word: type {word}, then Enter. Nothing is applied.")
        });
        return Vec::new();
    }
    let ticket = confirm.ticket;
    let question = confirm.question.clone();
    let effect = match (&confirm.act, confirm.way()) {
        (Act::Undo(change), _) => Effect::Undo {
            ticket,
            change: change.clone(),
        },
        (_, Some(way)) => Effect::Apply {
            ticket,
            question,
            way: Box::new(way.clone()),
        },
        _ => return Vec::new(),
    };
    confirm.input.reset();
    confirm.offset = 0;
    confirm.phase = Phase::Applying { step: 0 };
    vec![effect]
}
