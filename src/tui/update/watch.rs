//! Watching: the answer that is shown is asked for anew at intervals; when it turns, the terminal's bell and title
//! say so, and what others changed is said by level.

use std::collections::VecDeque;

use super::super::model::{Asked, KnownAnswer, Model, Overlay, Screen, Ticket, Watch, WatchState};
use super::super::run::effects::Effect;
use super::super::words::{in_zone, pause_words, verdict_word};
use super::answer;
use crate::answer::turned::turned;

/// Watches the answer that is shown, or no longer.
pub(super) fn switch(model: &mut Model) -> Vec<Effect> {
    if model.watch.take().is_some() {
        model.say("Watched no longer.");
        return vec![Effect::StopWatching, Effect::Title(None)];
    }
    begin(model)
}

/// Begins to watch what is shown.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    let Some(of) = model.asked().map(|asked| asked.ticket) else {
        return Vec::new();
    };
    let every = model.watching.every;
    let known = model.asked().and_then(Asked::read);
    let first = known.map(|k| WatchState::Answered(k.explanation.outcome));
    let under_way = first.is_none();
    model.watch = Some(Watch {
        due: 0,
        asking: under_way.then_some(of),
        throttled: None,
        states: VecDeque::from_iter(first),
        pause: every,
        turned: None,
        changed: None,
    });
    let key = model.with_keys("{watch}");
    model.say(format!(
        "Watched: asked anew every {}; {key} ends it.",
        pause_words(every)
    ));
    let mut effects = pause(model);
    effects.extend(title(model));
    effects
}

/// Waits until the next asking is due.
fn pause(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    let Some(watch) = &mut model.watch else {
        return Vec::new();
    };
    watch.due = ticket;
    vec![Effect::WatchPause {
        ticket,
        pause: watch.pause,
    }]
}

/// A pause is over: asks, unless something else goes on. It never overlaps itself, and stands back while something is
/// confirmed, supposed or read.
pub(super) fn due(model: &mut Model, ticket: Ticket) -> Vec<Effect> {
    let Some(watch) = model.watch.as_ref().filter(|w| w.due == ticket) else {
        return Vec::new();
    };
    let confirms = model
        .overlays
        .iter()
        .any(|o| matches!(o, Overlay::Confirm(_)));
    let busy = watch.asking.is_some() || confirms || model.screen != Screen::Answer;
    let supposes = model.asked().is_none_or(|a| a.as_read.is_some());
    if busy || supposes {
        return pause(model);
    }
    let mut effects = answer::refresh(model);
    let ticket = model.asked().map(|asked| asked.ticket);
    if let Some(watch) = &mut model.watch {
        watch.asking = ticket;
    }
    effects.extend(pause(model));
    effects
}

/// Another question is shown: its states begin anew.
pub(super) fn follow(model: &mut Model) {
    let ticket = model.asked().map(|asked| asked.ticket);
    let known = model.asked().and_then(Asked::read);
    let state = known.map(|k| WatchState::Answered(k.explanation.outcome));
    if let (Some(watch), Some(ticket)) = (&mut model.watch, ticket) {
        watch.states = VecDeque::from_iter(state);
        watch.turned = None;
        watch.changed = None;
        watch.asking = state.is_none().then_some(ticket);
    }
}

/// Whether that reading is one of those at intervals.
pub(super) fn is_asking(model: &Model, ticket: Ticket) -> bool {
    model
        .watch
        .as_ref()
        .is_some_and(|w| w.asking == Some(ticket))
}

/// The answer that is watched, before a reading of it comes in.
pub(super) fn before(model: &Model, ticket: Ticket) -> Option<KnownAnswer> {
    let asked = model.asked().filter(|asked| asked.ticket == ticket)?;
    // What our own writes changed is told where they are shown.
    let own = !is_asking(model, ticket);
    asked.read().filter(|_| !own).cloned()
}

/// The server wants fewer calls.
pub(super) fn throttled(model: &mut Model, ticket: Ticket) {
    if let Some(watch) = &mut model.watch {
        watch.throttled = Some(ticket);
    }
}

/// Nothing is asked any more: it was stopped.
pub(super) fn stopped(model: &mut Model) {
    if let Some(watch) = &mut model.watch {
        watch.asking = None;
    }
}

/// A reading ended. `before`: the answer until then, where it was asked for at intervals.
pub(super) fn ended(model: &mut Model, ticket: Ticket, before: Option<KnownAnswer>) -> Vec<Effect> {
    if model.watch.is_none() {
        return Vec::new();
    }
    let every = model.watching.every;
    let bell = model.watching.bell;
    let Some(asked) = model.asked().filter(|a| a.ticket == ticket) else {
        return Vec::new();
    };
    let failed = asked.stale.is_some() || asked.known().is_none();
    let state = match asked.read() {
        Some(known) if !failed => WatchState::Answered(known.explanation.outcome),
        _ => WatchState::Failed,
    };
    let at = asked.read().map(|k| in_zone(k.read_at, "%H:%M:%S"));
    let changed = match (&before, asked.read().filter(|_| !failed)) {
        (Some(was), Some(is)) => turned(
            (&was.estate, &was.explanation),
            (&is.estate, &is.explanation),
        ),
        _ => Vec::new(),
    };
    let word = verdict_word(asked);
    let Some(watch) = &mut model.watch else {
        return Vec::new();
    };
    watch.asking = None;
    let patience = watch.throttled.take() == Some(ticket);
    watch.paced(every, patience || failed);
    let turns = watch.add(state);
    let at = at.unwrap_or_default();
    if turns {
        watch.turned = Some(at.clone());
    }
    let mut effects = Vec::new();
    if !changed.is_empty() {
        watch.changed = Some(at.clone());
    }
    if turns || !changed.is_empty() {
        let turn = if turns {
            format!("Turned at {at}: {word}. ")
        } else {
            String::new()
        };
        let what = if changed.is_empty() {
            "No binding of these levels was changed.".to_owned()
        } else {
            format!("Changed by others: {}.", changed.join("; "))
        };
        model.say(format!("{turn}{what}"));
    }
    if turns && bell {
        effects.push(Effect::Bell);
    }
    effects.extend(title(model));
    effects
}

/// What the terminal's title says, where it may.
fn title(model: &Model) -> Option<Effect> {
    if !model.watching.title {
        return None;
    }
    let asked = model.asked()?;
    let caller = asked.question.caller.short();
    let target = crate::iam::address::short(asked.question.target.id());
    let words = format!("{}: {caller} as {target} - bindscope", verdict_word(asked));
    Some(Effect::Title(Some(crate::text::visible(&words))))
}
