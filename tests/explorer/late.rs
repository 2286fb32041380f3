//! What is large and no longer wished is freed elsewhere: of a million rows that takes half a second, and no key waits
//! for it.

use std::sync::{Arc, Weak};

use bindscope::answer::inventory::{EstateRead, EstateTable};
use bindscope::estate::Estate;
use bindscope::evaluate::review::ReviewOptions;
use bindscope::iam::{Principal, Resource};
use bindscope::tui::message::Message;
use bindscope::tui::model::{Overlay, PathRow, Paths, Rows, Table};
use bindscope::tui::run::effects::Effect;
use bindscope::tui::update;
use bindscope::tui::update::VISITS;
use crossterm::event::KeyCode;
use jiff::Timestamp;

use crate::{CALLER, listed};

const STALE: u64 = u64::MAX;

/// It is handed on, and not freed by whoever took the message.
#[track_caller]
fn is_let_go<T>(effects: Vec<Effect>, what: &Weak<T>) {
    assert_eq!(what.strong_count(), 1, "freed on the way, or kept");
    drop(effects);
    assert_eq!(what.strong_count(), 0, "kept");
}

fn pair() -> (Principal, Resource) {
    let caller = Principal::parse(&format!("serviceAccount:{CALLER}")).unwrap();
    (caller, Resource::account("app-prod", CALLER))
}

fn paths() -> Arc<Paths> {
    Arc::new(Paths {
        title: "who".to_owned(),
        who: true,
        complete: true,
        rows: vec![PathRow {
            name: "run-processor".to_owned(),
            certain: true,
            way: "Token Creator".to_owned(),
            pair: Some(pair()),
        }],
        notes: Vec::new(),
        read_at: Timestamp::UNIX_EPOCH,
    })
}

#[test]
fn what_comes_too_late_is_freed_elsewhere() {
    let mut model = listed::model();
    let table = Arc::new(EstateTable::listed(std::iter::empty()));
    let known = Arc::downgrade(&table);
    let effects = update::update(&mut model, Message::TableMade(STALE, table));
    is_let_go(effects, &known);

    let read = Arc::new(EstateRead {
        estate: Estate::default(),
        not_read: Vec::new(),
        assumptions: Vec::new(),
        time: Timestamp::UNIX_EPOCH,
        unlisted: Vec::new(),
        options: ReviewOptions::default(),
        suppressions: Vec::new(),
    });
    let known = Arc::downgrade(&read);
    let effects = update::update(&mut model, Message::EstateRead(STALE, Ok(read)));
    is_let_go(effects, &known);

    let paths = paths();
    let known = Arc::downgrade(&paths);
    let effects = update::update(&mut model, Message::Paths(STALE, Ok(paths)));
    is_let_go(effects, &known);
}

/// A list to which a way back leads stays, and goes elsewhere once none does.
#[test]
fn a_list_that_is_forgotten_is_freed_elsewhere() {
    let mut model = listed::model();
    let paths = paths();
    let known = Arc::downgrade(&paths);
    let mut table = Table::loading("who", 1);
    assert!(table.fill(Rows::Paths(paths)).is_none());
    model.overlays.push(Overlay::Table(table));
    drop(update::update(
        &mut model,
        Message::Key(KeyCode::Enter.into()),
    ));
    assert!(model.overlays.is_empty());
    let (caller, target) = pair();
    for _ in 0..VISITS {
        let permission = model.permission.clone();
        let effects = update::ask(&mut model, caller.clone(), target.clone(), permission);
        let kept = known.strong_count();
        drop(effects);
        assert_eq!(kept, 1, "freed on the way");
    }
    assert_eq!(known.strong_count(), 0, "kept");
}
