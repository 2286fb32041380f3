//! An answer: the picture, the causes, and what can be done from there.

use super::super::keys::command::Command;
use super::super::look::find::Find;
use super::super::model::tree::{LeafKind, Opened, first_place};
use super::super::model::{
    Asked, AskedFrom, KeptList, KnownAnswer, Loading, Model, Overlay, Panel, Reading, Screen, Step,
    Ticket, Undoing, WhyRow,
};
use super::super::run::effects::Effect;
use super::super::words::in_zone;
use super::estate::let_go;
use super::{back, beside, confirm, find, menu, pages, pairs, panels, pick, table, watch, what_if};
use crate::answer::second::SecondOpinion;
use crate::evaluate::{Cause, CauseKind, Outcome, Question};
use crate::google::survey::{Progress, ProgressState};
use crate::iam::{Permission, Principal, Resource};
use crate::text::visible;

/// So many questions are kept, to go back to (chosen).
pub const VISITS: usize = 50;

/// Asks a question: a new visit, whose facts are read.
pub fn ask(
    model: &mut Model,
    caller: Principal,
    target: Resource,
    permission: Permission,
) -> Vec<Effect> {
    let time = model.at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut question = Question::new(caller, target, time);
    question.permission = permission;
    if let Some(given) = &model.given {
        keep(&mut question, given);
    }
    let mut error_id = None;
    if let Some(pasted) = model.pick.pasted.take()
        && pasted.is_about(&question.caller, &question.target)
    {
        question.call = pasted.call();
        error_id.clone_from(&pasted.error_info_id);
    }
    let effects = ask_question(model, question);
    if let Some(asked) = model.asked_mut() {
        asked.error_id = error_id;
    }
    effects
}

/// Asks Policy Troubleshooter about an answer that is there. One that this process serves itself would be asked
/// for its own opinion.
pub(super) fn second_opinion(model: &mut Model, ticket: Ticket) -> Vec<Effect> {
    let own = model.line.source.is_passing();
    let Some(asked) = model.asked_by(ticket).filter(|_| !own) else {
        return Vec::new();
    };
    let error_id = asked.error_id.clone();
    let known = asked.known().filter(|_| asked.stale.is_none());
    let explanation = known.map(|known| Box::new(known.explanation.clone()));
    let effect = explanation.map(|explanation| Effect::SecondOpinion {
        ticket,
        explanation,
        error_id,
    });
    effect.into_iter().collect()
}

/// What it says. That it was not heard is nothing that anybody asked for.
pub(super) fn second_came(model: &mut Model, ticket: Ticket, opinion: SecondOpinion) {
    if let Some(asked) = model.asked_by(ticket) {
        asked.second = Some(opinion).filter(|opinion| opinion.agrees().is_some());
    }
}

/// What a caller brings goes with the caller, a chain and what is known of the call with the pair.
fn keep(question: &mut Question, given: &Question) {
    if question.caller == given.caller {
        question.attributes.clone_from(&given.attributes);
        question.claims.clone_from(&given.claims);
        if question.target.id() == given.target.id() {
            question.via.clone_from(&given.via);
            question.call.clone_from(&given.call);
        }
    }
}

/// The same with everything that a question may say.
pub(super) fn ask_question(model: &mut Model, question: Question) -> Vec<Effect> {
    what_if::end(model);
    let ticket = model.ticket();
    let lists = model.overlays.iter().filter_map(|o| match o {
        Overlay::Table(table) => Some(KeptList::Table(table.clone())),
        Overlay::Estate(kind) => Some(KeptList::Estate(*kind)),
        Overlay::Page(page) if page.of_finding.is_some() => {
            Some(KeptList::Finding(Box::new(page.clone())))
        }
        _ => None,
    });
    let lists = lists.collect();
    let before = match model.screen {
        Screen::Answer if !model.visits.is_empty() => AskedFrom::Answer(lists),
        _ => AskedFrom::Pick(lists),
    };
    let asked = Asked {
        ticket,
        question: question.clone(),
        steps: Vec::new(),
        reading: Reading::Running,
        panel: Panel::Tree,
        tree_row: 0,
        tree_offset: 0,
        zoomed: false,
        opened: Opened::default(),
        reach: None,
        was: None,
        why_row: 0,
        why_offset: 0,
        why_scrolled: false,
        policy_offset: 0,
        find: Find::default(),
        hit: None,
        proven: None,
        applied: None,
        lasts: false,
        stale: None,
        come_back_to: false,
        second: None,
        error_id: None,
        before,
        as_read: None,
    };
    // As a browser does: what lay ahead is given up.
    let ahead = (model.visit + 1).min(model.visits.len());
    let mut forgotten = model.visits.split_off(ahead);
    model.visits.push(asked);
    // Each holds an estate of its own; the oldest is forgotten first.
    let over = model.visits.len().saturating_sub(VISITS);
    forgotten.extend(model.visits.drain(..over));
    model.pick.behind = model.pick.behind.and_then(|at| at.checked_sub(over));
    model.visit = model.visits.len() - 1;
    model.permission = question.permission.clone();
    model.given = Some(question.clone());
    model.screen = Screen::Answer;
    let covered = std::mem::take(&mut model.overlays);
    let kept = pairs::asked(model);
    let survey = Effect::Survey {
        ticket,
        question,
        fixed: model.at.is_some(),
    };
    let mut effects: Vec<Effect> = [survey, let_go((covered, forgotten))]
        .into_iter()
        .chain(kept)
        .collect();
    if std::mem::take(&mut model.watching.begins) {
        effects.extend(watch::begin(model));
    }
    watch::follow(model);
    effects
}

pub(super) fn progress(model: &mut Model, ticket: Ticket, progress: Progress) {
    let Some(asked) = model.asked_by(ticket) else {
        return;
    };
    let label = visible(&progress.label);
    let state = match progress.state {
        ProgressState::Unreadable(why) => ProgressState::Unreadable(visible(&why)),
        other => other,
    };
    match asked.steps.iter_mut().find(|s| s.label == label) {
        Some(step) => step.state = state,
        None => asked.steps.push(Step { label, state }),
    }
}

pub(super) fn surveyed(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Box<KnownAnswer>, String>,
) {
    let Some(asked) = model.asked_by(ticket) else {
        return;
    };
    match result {
        Ok(mut known) => {
            asked.end_what_if();
            asked.question.time = known.explanation.question.time;
            let cause = cause_of(asked);
            let why = known.why_rows();
            let same = cause.and_then(|one| why.iter().position(|row| holds(&known, row, &one)));
            asked.why_row = same
                .unwrap_or(asked.why_row)
                .min(why.len().saturating_sub(1));
            // What was read later and says no counts again: somebody may have taken it out.
            if known.explanation.outcome == Outcome::WouldFail {
                asked.proven = None;
                asked.applied = None;
            }
            // A grant with which a token was minted counts.
            if asked.proven.is_some() {
                known
                    .causes
                    .retain(|c| c.kind != CauseKind::MayBePropagating);
            }
            let before = asked
                .known()
                .and_then(|k| k.rows.get(asked.tree_row))
                .cloned();
            known.unfold(&asked.opened);
            // A refresh keeps the place; a first answer shows what the first cause speaks of.
            let same = before.and_then(|row| known.rows.iter().position(|r| r.is_same(&row)));
            asked.tree_row = same.unwrap_or_else(|| first_place(&known.rows));
            asked.stale = None;
            asked.come_back_to = false;
            asked.second = None;
            asked.reading = Reading::Known(known);
            count_reach(model);
        }
        Err(why) => {
            let why = visible(&why);
            match asked.known().map(|known| known.read_at) {
                // What was read is worth more than nothing, as long as it says how old it is.
                Some(read) => {
                    // A watch that fails says so once; its row says it of each asking.
                    let told = asked.stale.replace(why.clone()).is_some();
                    if told && model.watch.is_some() {
                        return;
                    }
                    let read = in_zone(read, "%H:%M:%S");
                    model.fail(format!("Not read again; this is as of {read}: {why}"));
                }
                None => asked.reading = Reading::Failed(why),
            }
        }
    }
}

/// The cause that is selected.
fn cause_of(asked: &Asked) -> Option<Cause> {
    match asked.selected_why()? {
        WhyRow::Cause(at) => asked.known()?.causes.get(at).cloned(),
        WhyRow::Unread(which) => asked.known()?.causes.get(*which.first()?).cloned(),
    }
}

fn holds(known: &KnownAnswer, row: &WhyRow, one: &Cause) -> bool {
    let same = |at: &usize| {
        let cause = known.causes.get(*at);
        cause.is_some_and(|c| (c.kind, &c.place) == (one.kind, &one.place))
    };
    match row {
        WhyRow::Cause(at) => same(at),
        WhyRow::Unread(which) => which.iter().any(same),
    }
}

/// Counts the accounts of projects to which the reach of a grant is drawn, as far as all are listed.
pub(super) fn count_reach(model: &mut Model) {
    let all = matches!(&model.accounts, Loading::Done(listing) if listing.is_all());
    if !all {
        return;
    }
    let accounts = &model.pick.caller;
    for asked in &mut model.visits {
        let Reading::Known(known) = &asked.reading else {
            continue;
        };
        let project = known
            .rows
            .iter()
            .find_map(|r| match &r.leaf.as_ref()?.what {
                LeafKind::Reach(project) => Some(project),
                _ => None,
            });
        if let Some(project) = project
            && asked.reach.as_ref().is_none_or(|(of, _)| of != project)
        {
            asked.reach = Some((project.clone(), accounts.belong_to(project)));
        }
    }
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if what_if::refuses(model, command) {
        return Vec::new();
    }
    match command {
        Command::WhatIf => {
            what_if::switch(model);
            Vec::new()
        }
        Command::AsRead => {
            if !what_if::end(model) {
                model.say("Nothing is switched: this is the answer as it was read.");
            }
            Vec::new()
        }
        Command::Pick => {
            what_if::end(model);
            model.screen = Screen::Pick;
            model.pick.behind = Some(model.visit);
            model.pick.is_old = true;
            model.pick.on_target = false;
            if let Some(asked) = model.asked() {
                let (caller, target) =
                    (asked.question.caller.clone(), asked.question.target.clone());
                pick::preset(model, Some(caller), Some(target));
            }
            Vec::new()
        }
        Command::Back if find::forget(model) => Vec::new(),
        Command::Back => back(model),
        Command::Find => {
            find::open(model);
            Vec::new()
        }
        Command::FindNext | Command::FindPrevious => {
            find::step(model, command == Command::FindNext);
            Vec::new()
        }
        Command::Star => pairs::star(model),
        Command::Pairs => {
            pairs::open(model);
            Vec::new()
        }
        Command::NextPanel | Command::PreviousPanel => {
            let beside = model.layout.policy.is_some();
            if let Some(asked) = model.asked_mut() {
                asked.panel =
                    panels::other_panel(asked.panel, command == Command::NextPanel, beside);
            }
            Vec::new()
        }
        Command::Swap => swap(model),
        Command::Fix => confirm::open(model),
        Command::Watch => watch::switch(model),
        Command::CompareFixes => {
            pages::ways(model);
            Vec::new()
        }
        Command::Copy => {
            menu::copy(model);
            Vec::new()
        }
        Command::Save => {
            if model.asked().and_then(Asked::known).is_none() {
                model.say("The answer is not there yet.");
                return Vec::new();
            }
            vec![Effect::Save]
        }
        Command::Permission => {
            menu::permissions(model);
            Vec::new()
        }
        Command::Via => {
            beside::chain(model);
            Vec::new()
        }
        Command::Attributes => {
            beside::attributes(model);
            Vec::new()
        }
        Command::Refresh => refresh(model),
        Command::Earlier | Command::Later => {
            visit(model, command == Command::Later);
            Vec::new()
        }
        Command::Open => {
            if !panels::open_fold(model) {
                pages::open_selected(model);
            }
            Vec::new()
        }
        Command::Meaning => {
            pages::meaning(model);
            Vec::new()
        }
        Command::Request => {
            pages::request(model);
            Vec::new()
        }
        Command::Meant => beside::meant(model),
        Command::RawPolicy => {
            pages::raw_policy(model);
            Vec::new()
        }
        Command::Zoom => {
            if let Some(asked) = model.asked_mut() {
                asked.zoomed = !asked.zoomed;
            }
            Vec::new()
        }
        Command::Console => pages::console(model),
        Command::Who | Command::Reach => {
            what_if::end(model);
            table::open_paths(model, command == Command::Who)
        }
        Command::Undo => table::undo(model, Undoing::Newest),
        other => {
            panels::moved(model, other);
            Vec::new()
        }
    }
}

/// Caller and target change places, where that makes a question: a person cannot be a target.
fn swap(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let question = &asked.question;
    let Principal::ServiceAccount(caller) = &question.caller else {
        model.say("Only service accounts can be acted as; this caller is none, so it cannot be the target.");
        return Vec::new();
    };
    let target = asked.known().map_or_else(
        || question.target.id().to_owned(),
        |k| k.explanation.question.target.id().to_owned(),
    );
    let (caller, permission) = (Resource::account("-", caller), question.permission.clone());
    match Principal::parse(&target) {
        Ok(new_caller) => ask(model, new_caller, caller, permission),
        Err(_) => {
            model.say("The target is named by its unique id, and a caller needs an address.");
            Vec::new()
        }
    }
}

/// Reads everything again; the picture stays until the new one is there.
pub(super) fn refresh(model: &mut Model) -> Vec<Effect> {
    let ticket = model.ticket();
    let fixed = model.at.is_some();
    what_if::end(model);
    let Some(asked) = model.asked_mut() else {
        return Vec::new();
    };
    asked.ticket = ticket;
    asked.steps.clear();
    if asked.known().is_none() {
        asked.reading = Reading::Running;
    }
    let question = asked.question.clone();
    vec![Effect::Survey {
        ticket,
        question,
        fixed,
    }]
}

/// Shows a question that was asked before; what is asked next begins with what it asks for.
fn show(model: &mut Model, visit: usize) {
    what_if::end(model);
    model.visit = visit;
    let question = model.asked_mut().map(|asked| {
        asked.come_back_to = true;
        asked.question.clone()
    });
    if let Some(question) = question {
        model.permission = question.permission.clone();
        model.given = Some(question);
    }
    watch::follow(model);
}

/// One step back from an answer: to the list or the answer that it was asked from, or to the pair.
pub(super) fn step_back(model: &mut Model) {
    match model.asked().map(|asked| asked.before.clone()) {
        Some(AskedFrom::Answer(lists)) if model.visit > 0 => {
            show(model, model.visit - 1);
            model.overlays = lists.into_iter().map(KeptList::shown).collect();
        }
        Some(AskedFrom::Pick(lists)) => {
            model.screen = Screen::Pick;
            model.overlays = lists.into_iter().map(KeptList::shown).collect();
        }
        Some(AskedFrom::Given) => {
            model.say(
                model.with_keys("Nothing to go back to: {pick} picks another pair, {quit} leaves."),
            );
        }
        _ => model.screen = Screen::Pick,
    }
}

/// From choosing a pair back to the answer that it was begun from, if there is one.
pub(super) fn return_to(model: &mut Model, visit: usize) {
    show(model, visit.min(model.visits.len().saturating_sub(1)));
    model.screen = Screen::Answer;
}

fn visit(model: &mut Model, later: bool) {
    let to = if later {
        model.visit + 1
    } else {
        match model.visit.checked_sub(1) {
            Some(to) => to,
            None => {
                model.say("This is the first question.");
                return;
            }
        }
    };
    if to < model.visits.len() {
        show(model, to);
    } else {
        model.say("This is the newest question.");
    }
}
