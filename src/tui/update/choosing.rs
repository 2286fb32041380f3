//! Enter behind a letter, in a list so long that it is matched elsewhere: what is taken is the best of all, so it is taken
//! once all is matched. What is typed meanwhile comes after it.

use super::super::keys::command::Command;
use super::super::keys::{Key, KeyContext};
use super::super::message::Message;
use super::super::model::{Choosing, Model, Overlay, Typing};
use super::super::run::effects::Effect;
use super::{run, update};

/// Whether what would be taken is not known yet. It is taken then.
pub(super) fn waits(model: &mut Model) -> bool {
    let waits = is_open(model);
    if waits {
        model.choosing = Some(Choosing {
            context: model.context(),
            behind: Vec::new(),
        });
    }
    waits
}

fn is_open(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Menu(menu)) => !menu.list.is_matched(),
        Some(_) => false,
        None => !(model.pick.caller.is_matched() && model.pick.target.is_matched()),
    }
}

/// Keeps what is typed while something is still to be taken; gives back every other message. Esc gives that up, and
/// Ctrl-C does before it does anything else.
pub(super) fn held(model: &mut Model, message: Message) -> Option<Message> {
    let Some(choosing) = &mut model.choosing else {
        return Some(message);
    };
    let typed = match &message {
        Message::Key(event) => {
            let command = model.keys.lookup(KeyContext::Everywhere, Key::of(event));
            match command {
                Some(Command::Back) => {
                    model.choosing = None;
                    return None;
                }
                Some(Command::Interrupt) => {
                    model.choosing = None;
                    return Some(message);
                }
                _ => Typing::Key(*event),
            }
        }
        Message::Paste(text) => Typing::Paste(text.clone()),
        _ => return Some(message),
    };
    choosing.behind.push(typed);
    None
}

/// Takes it, where it is known by now, and what was typed since after it.
pub(super) fn go_on(model: &mut Model) -> Vec<Effect> {
    let context = model.context();
    // Something else was opened over it, by the mouse: nothing is taken there.
    let chosen = model.choosing.take_if(|c| c.context != context);
    if chosen.is_some() || is_open(model) {
        return Vec::new();
    }
    let Some(Choosing { behind, .. }) = model.choosing.take() else {
        return Vec::new();
    };
    let mut effects = run(model, Command::Open);
    for typed in behind {
        effects.extend(update(
            model,
            match typed {
                Typing::Key(event) => Message::Key(event),
                Typing::Paste(text) => Message::Paste(text),
            },
        ));
    }
    effects
}
