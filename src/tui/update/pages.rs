//! Pages that lie over the screen: opening, scrolling, copying them.

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::look::page::{ScreenPage, line};
use super::super::look::theme::StyleRole;
use super::super::model::{Asked, Loading, Model, Overlay, Panel, Reading, WhyRow};
use super::super::pages;
use super::super::run::effects::Effect;
use super::{answer, back, find};
use crate::evaluate::Outcome;
use crate::google::RecordedCall;
use crate::iam::Resource;

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let step = isize::try_from(model.room().max(2) - 1).unwrap_or(1);
    let Some(Overlay::Page(page)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    let by = match command {
        Command::Up => -1,
        Command::Down => 1,
        Command::HalfUp => -step / 2,
        Command::HalfDown => step / 2,
        Command::PageUp => -step,
        Command::PageDown => step,
        Command::Top => isize::MIN / 2,
        Command::Bottom => isize::MAX / 2,
        Command::Copy => {
            let (what, text) = page
                .copy
                .clone()
                .unwrap_or_else(|| (page.title.clone(), page.plain()));
            return vec![Effect::Copy { what, text }];
        }
        Command::Back if page.find.is_shown() => {
            find::forget(model);
            return Vec::new();
        }
        Command::Back => return back(model),
        Command::Refresh if page.of_facts => {
            back(model);
            return answer::refresh(model);
        }
        Command::Refresh => {
            model.say("Nothing on this page was read from anywhere.");
            return Vec::new();
        }
        Command::Find => {
            find::open(model);
            return Vec::new();
        }
        Command::FindNext | Command::FindPrevious => {
            find::step(model, command == Command::FindNext);
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    page.reveal = false;
    page.offset = page.offset.saturating_add_signed(by);
    Vec::new()
}

fn show(model: &mut Model, page: ScreenPage) {
    model.overlays.push(Overlay::Page(page));
}

/// The keys of what is in focus.
pub(super) fn help(model: &mut Model) {
    let page = pages::help_page(model.context(), &model.keys);
    show(model, page);
}

/// What was said last, whole: it may have been longer than its line, or be gone already.
pub(super) fn said(model: &mut Model) {
    let waiting = model.spoken().map(|notice| notice.text);
    match model.said.clone().or(waiting) {
        Some(said) => {
            let page = ScreenPage::new("what was said last", vec![line(StyleRole::Text, &said)]);
            show(model, page.copying("what was said last", said));
        }
        None => model.say("Nothing was said yet."),
    }
}

/// The signs and what they mean.
pub(super) fn legend(model: &mut Model) {
    let page = pages::legend_page(model.glyphs);
    show(model, page);
}

/// The calls made so far.
pub(super) fn log(model: &mut Model, calls: &[RecordedCall]) {
    show(model, pages::log_page(calls));
}

/// Enter: the selected level or cause in full.
pub(super) fn open_selected(model: &mut Model) {
    let Some(asked) = model.asked() else { return };
    let Some(known) = asked.known() else {
        if let Reading::Failed(why) = &asked.reading {
            let page = ScreenPage::new(
                "why it could not be read",
                vec![line(StyleRole::Text, why.clone())],
            );
            show(model, page);
        }
        return;
    };
    let page = match asked.panel {
        Panel::Tree | Panel::Policy => pages::level_page(asked, known, &model.keys),
        Panel::Why => pages::cause_page(asked, known),
    };
    show(model, page);
}

/// Why no fix is offered, and what would help.
pub(super) fn no_repair(model: &mut Model) {
    if let Some(known) = model.asked().and_then(Asked::known) {
        let page = pages::no_fix_page(known, &model.keys);
        show(model, page);
    }
}

/// The ways to mend it, side by side.
pub(super) fn ways(model: &mut Model) {
    let Some(known) = model.asked().and_then(Asked::known) else {
        model.say("The answer is not there yet.");
        return;
    };
    if known.explanation.outcome == Outcome::WouldSucceed {
        model.say("Nothing is missing: the call would succeed as it is.");
        return;
    }
    if known.plan.remedies.is_empty() && known.plan.refused.is_empty() {
        no_repair(model);
        return;
    }
    let listed = matches!(&model.accounts, Loading::Done(listing) if listing.unreadable.is_empty());
    let count = |at: &Resource| match at {
        Resource::ServiceAccount { .. } => Some(1),
        Resource::Project(id) if listed => Some(model.pick.caller.belong_to(id)),
        _ => None,
    };
    let page = pages::ways_page(known, &count, usize::from(model.size.0));
    show(model, page);
}

/// What to ask an administrator for.
pub(super) fn request(model: &mut Model) {
    let viewer = model.viewer.clone();
    let Some(known) = model.asked().and_then(Asked::known) else {
        model.say("The answer is not there yet.");
        return;
    };
    let copies = model.keys.fill(KeyContext::Read, "{copy} copies it");
    match pages::request_page(known, viewer.as_deref(), &copies) {
        Some(page) => show(model, page),
        None => model.say("Nothing has to be asked for: it works, and all that decides was read."),
    }
}

/// The policies of the level that is selected, as they stand.
pub(super) fn raw_policy(model: &mut Model) {
    let page = model.asked().and_then(|asked| {
        let row = asked.known()?.rows.get(asked.tree_row)?;
        let at = row.resource.as_ref();
        let known = asked.read()?;
        Some(pages::raw_page(
            known,
            at.unwrap_or(&known.explanation.question.target),
        ))
    });
    match page {
        Some(page) => show(model, page),
        None => model.say("The answer is not there yet."),
    }
}

/// What whoever acts as the target may do.
pub(super) fn meaning(model: &mut Model) {
    if let Some(known) = model.asked().and_then(Asked::known) {
        let page = pages::meaning_page(known);
        show(model, page);
    }
}

/// The console's page for what is selected: shown and copied, since no program is started from here.
pub(super) fn console(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let Some(known) = asked.known() else {
        return Vec::new();
    };
    let selected = match asked.panel {
        Panel::Tree | Panel::Policy => known
            .rows
            .get(asked.tree_row)
            .and_then(|r| r.resource.clone()),
        Panel::Why => match asked.selected_why() {
            Some(WhyRow::Cause(i)) => known.causes.get(i).and_then(|c| c.resource.clone()),
            Some(WhyRow::Unread(_)) | None => None,
        },
    };
    let resource = selected.unwrap_or_else(|| known.explanation.question.target.clone());
    let Some(url) = pages::console_url(known, &resource) else {
        model.say("The console has no page for it: it is not there, or its project is not known.");
        return Vec::new();
    };
    vec![Effect::Copy {
        what: format!("the console's page {url}"),
        text: url,
    }]
}
