//! The way into the explorer.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::args::{Global, StartArgs};
use super::facts::{FactSource, ReadingTold};
use super::failure::Failure;
use super::out::{Ink, TextPage};
use super::review::read_suppressions;
use super::{Exit, claims, facts};
use crate::evaluate::review::ReviewOptions;
use crate::evaluate::{Call, Question};
use crate::iam::{Permission, Principal};
use crate::repair::CommandLine;
use crate::tui::model::ReviewKnown;
use crate::tui::{self, Explorer, Leave};
use jiff::Timestamp;
use tokio::runtime::Runtime;

/// Opens the explorer on what the options ask for. Where there are no credentials it offers the
/// demo, and opens that when it is taken up.
///
/// # Errors
/// No terminal, or what opening the facts gives.
pub fn run(global: &Global, start: &StartArgs, runtime: &Runtime) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "the explorer needs a terminal, and here is none",
            format!("use a command: {}", instead(global, start)),
        ));
    }
    if global.preferences.plain {
        return line_by_line(global, start, runtime);
    }
    if global.demo.is_none() && !global.estate.is_empty() {
        return on_files(global, start, runtime);
    }
    // Credentials may take seconds to be found: the first frame does not wait for them.
    let mut screen = None;
    let mut facts = if global.demo.is_none() {
        let mut taken = Explorer::take(runtime.handle(), &global.preferences).map_err(no_screen)?;
        let source = global.endpoint.as_deref().unwrap_or("live");
        let asked = global.clone();
        let opened = async move { facts::open(&asked).await };
        let found = taken.wait(source, "Looking for credentials …", opened);
        let found = found.map_err(no_screen)?;
        let Some(found) = found else {
            return Ok(Exit::Done);
        };
        let found = found?;
        screen = Some(taken);
        found
    } else {
        runtime.block_on(facts::open(global))?
    };
    loop {
        let taken = match screen.take() {
            Some(taken) => taken,
            None => Explorer::take(runtime.handle(), &global.preferences).map_err(no_screen)?,
        };
        let left = taken
            .run(opening(&facts, global, start)?)
            .map_err(no_screen)?;
        match left {
            Leave::Quit { words } => return over(Some(facts), words),
            Leave::Accepted => {
                // Whatever led to no credentials is no part of the demo.
                drop(facts);
                facts = runtime.block_on(facts::open(&demo_of(global)))?;
            }
        }
    }
}

/// What is said when it is left. Nothing is closed with care here, nor freed: whoever left waits for nobody.
fn over(facts: Option<FactSource>, words: Vec<String>) -> Result<Exit, Failure> {
    let mut page = TextPage::default();
    if let Some(mut facts) = facts {
        for note in std::mem::take(&mut facts.notes) {
            page.line(Ink::Faint, format!("note: {note}"));
        }
        std::mem::forget(facts);
    }
    for line in words {
        page.line(Ink::Plain, line);
    }
    page.print()?;
    Ok(Exit::Done)
}

/// Opens it on files while they are read.
fn on_files(global: &Global, start: &StartArgs, runtime: &Runtime) -> Result<Exit, Failure> {
    let explorer = Explorer::take(runtime.handle(), &global.preferences).map_err(no_screen)?;
    let known = tui::Start {
        reading: Some("reading".to_owned()),
        ..opening(&facts::awaited(global)?, global, start)?
    };
    // It serves what was read for as long as the explorer is there.
    let kept: Arc<Mutex<Option<FactSource>>> = Arc::default();
    let (asked, args, keep) = (global.clone(), start.clone(), Arc::clone(&kept));
    let left = explorer.run_reading(known, |teller| async move {
        let facts = facts::open_telling(&asked, ReadingTold::Here(teller)).await?;
        let opened = opening(&facts, &asked, &args)?;
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
        Ok::<_, Failure>(opened)
    });
    let words = match left.map_err(no_screen)?? {
        Leave::Quit { words } => words,
        Leave::Accepted => Vec::new(),
    };
    let facts = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    over(facts, words)
}

/// The same without a screen.
fn line_by_line(global: &Global, start: &StartArgs, runtime: &Runtime) -> Result<Exit, Failure> {
    let mut facts = runtime.block_on(facts::open(global))?;
    loop {
        let left = tui::plain::run(opening(&facts, global, start)?, runtime.handle());
        match left.map_err(no_screen)? {
            Leave::Quit { words } => {
                let mut page = TextPage::default();
                for line in words {
                    page.line(Ink::Plain, line.replace(" ·", ";"));
                }
                page.print()?;
                return Ok(Exit::Done);
            }
            Leave::Accepted => {
                drop(facts);
                facts = runtime.block_on(facts::open(&demo_of(global)))?;
            }
        }
    }
}

/// The demo, with what else was asked for.
fn demo_of(global: &Global) -> Global {
    Global {
        demo: Some(None),
        read_only: global.read_only,
        two_steps_from: global.two_steps_from,
        preferences: global.preferences.clone(),
        ..Global::default()
    }
}

/// The command that asks what the explorer would have opened on.
fn instead(global: &Global, start: &StartArgs) -> String {
    let (Some(caller), Some(target)) = (&start.caller, &start.target) else {
        return "bindscope explain --caller … --target …".to_owned();
    };
    let time = start.at.unwrap_or(Timestamp::UNIX_EPOCH);
    let mut question = Question::new(caller.clone(), target.clone(), time);
    if let Some(permission) = &start.permission {
        question.permission = permission.clone();
    }
    question.via.clone_from(&start.via);
    question.attributes.clone_from(&start.attribute);
    question.claims = start.claims.as_ref().map(|_| Arc::default());
    question.call = start.call(Call::default());
    let line = CommandLine {
        source: global.source(),
        at: start.at,
        claims: start.claims.clone(),
    };
    line.explain(&question)
}

fn no_screen(error: std::io::Error) -> Failure {
    Failure::new(
        "draw on the terminal",
        error.to_string(),
        "use a command instead: bindscope explain --caller … --target …",
    )
}

/// What is asked for, and otherwise the story of a built-in estate, selected but not asked yet.
fn opening(facts: &FactSource, global: &Global, start: &StartArgs) -> Result<tui::Start, Failure> {
    let given = start.caller.is_some() && start.target.is_some();
    let story = facts.story.as_ref();
    // What a story tells beside its pair goes with that pair alone.
    let told = story.filter(|_| start.caller.is_none() && start.target.is_none());
    let (mut via, mut attributes) = (start.via.clone(), start.attribute.clone());
    if let Some(story) = told {
        if via.is_empty() {
            via.clone_from(&story.via);
        }
        if attributes.is_empty() {
            attributes.clone_from(&story.attributes);
        }
    }
    Ok(tui::Start {
        call: start.call(told.map(|s| s.call.clone()).unwrap_or_default()),
        client: facts.client.clone(),
        source: facts.label.clone(),
        viewer: match (&facts.origin, &facts.viewer) {
            (Some(_), viewer) => viewer.as_ref().map(Principal::to_string),
            (None, _) => facts.viewer_words.clone(),
        },
        origin: facts.origin.clone(),
        principal: facts.viewer.clone(),
        scope: facts.scope.clone(),
        reading: None,
        read_only: facts.read_only,
        caller: start
            .caller
            .clone()
            .or_else(|| story.map(|s| s.caller.clone())),
        target: start
            .target
            .clone()
            .or_else(|| story.map(|s| s.target.clone())),
        permission: start
            .permission
            .clone()
            .or_else(|| story.map(|s| s.permission.clone()))
            .unwrap_or_else(Permission::get_access_token),
        via,
        attributes,
        claims: start.claims.as_deref().map(claims::read).transpose()?,
        open: given,
        history: facts.history.clone(),
        offer: Some("look around in the demo, which needs no credentials".to_owned()),
        time: start.at,
        two_steps_from: global.two_steps_from,
        assumptions: facts.assumptions.clone(),
        notes: facts.notes.clone(),
        at_hand: facts.whole().cloned(),
        given: facts.given().cloned(),
        keys: facts
            .whole()
            .map(crate::estate::Estate::all_keys)
            .unwrap_or_default(),
        review: ReviewKnown {
            options: ReviewOptions {
                own: start.domains.clone(),
                // Of a file and a story all is in sight.
                sees_all_projects: facts.whole().is_some() || facts.story.is_some(),
                ..ReviewOptions::default()
            },
            suppressions: match &start.suppressions {
                Some(path) => read_suppressions(path)?,
                None => Vec::new(),
            },
            insights: facts
                .whole()
                .map(crate::estate::Estate::all_insights)
                .unwrap_or_default(),
        },
        line: CommandLine {
            source: facts.source.clone(),
            at: start.at,
            claims: start.claims.clone(),
        },
        preferences: global.preferences.clone(),
        watching: tui::model::WatchOptions {
            every: start
                .watch
                .map_or(tui::model::WatchOptions::default().every, |seconds| {
                    Duration::from_secs(seconds.into())
                }),
            begins: start.watch.is_some(),
            bell: !start.no_bell,
            title: !start.no_title,
        },
    })
}
