//! Every key of the table of keys, pressed where it holds: each does what the table says.

use crate::play::{Opening, Play};
use crate::{creators, on_pair};
use bindscope::tui::Leave;
use bindscope::tui::keys::command::Command;
use bindscope::tui::keys::{Entry, Key, KeyContext, Keymap, TABLE};
use bindscope::tui::run::effects::Effect;

use Command as Do;
use KeyContext as In;

/// What is seen once the key was pressed.
enum Then {
    /// The screen says this.
    Says(&'static str),
    /// The screen is another than before, or looks another.
    Changes,
    /// Something that begins so was copied.
    Copies(&'static str),
    /// The explorer is left.
    Leaves,
    /// The terminal is asked for something.
    Asks(fn(&Effect) -> bool),
}

use Then::{Asks, Changes, Copies, Leaves, Says};

/// From which screen: what is done before.
enum From {
    /// On an answer, after these keys.
    Answer(&'static str),
    /// The same, once the grant is applied and seen to work.
    Applied(&'static str),
    /// Without credentials.
    SignedOut,
}

use From::{Answer, Applied, SignedOut};

/// A row of the table: where the key is pressed, and what is seen then.
#[rustfmt::skip]
fn case(context: KeyContext, command: Command) -> Option<(From, Then)> {
    Some(match (context, command) {
        (In::Everywhere, Do::Up | Do::HalfUp | Do::PageUp | Do::Top) => (Answer("?G"), Changes),
        (In::Everywhere, Do::Down | Do::HalfDown | Do::PageDown | Do::Bottom) => (Answer("?g"), Changes),
        (In::Everywhere, Do::NextPanel | Do::PreviousPanel) => (Answer("p"), Changes),
        (In::Everywhere, Do::Back) => (Answer("s"), Says("caller run-processor@app-prod")),
        (In::Everywhere, Do::Help) => (Answer("!"), Says("Keys: a page to read")),
        (In::Everywhere, Do::Palette) => (Answer("!"), Says("commands")),
        (In::Everywhere, Do::Mouse) => (Answer(""), Asks(|e| matches!(e, Effect::Mouse(_)))),
        (In::Everywhere, Do::Repaint) => (Answer(""), Asks(|e| matches!(e, Effect::Repaint))),
        (In::Everywhere, Do::Suspend) => (Answer(""), Asks(|e| matches!(e, Effect::Suspend))),
        (In::Everywhere, Do::Interrupt) => (Answer("?"), Leaves),
        (In::Everywhere, Do::Quit) => (Answer("?"), Says("where bindings are")),
        (In::Everywhere, Do::QuitPrinting) => (Answer("?"), Leaves),
        (In::Everywhere, Do::Said) => (Answer("a"), Says("what was said last")),
        (In::Everywhere, Do::Log) => (Answer(""), Says("calls to Google Cloud, newest first")),
        (In::Everywhere, Do::History) => (Answer(""), Says("changes made with bindscope")),
        (In::Pick, Do::NextPanel) => (Answer("p"), Changes),
        (In::Pick, Do::Open) => (Answer("p<Tab>"), Says("where bindings are")),
        (In::Pick, Do::Back) => (Answer("pzzz"), Says(" 10, as of ")),
        (In::Pick, Do::Help) => (Answer("p"), Says("Keys: choosing caller and target")),
        (In::Pick, Do::Palette) => (Answer("p"), Says("commands")),
        (In::Pick, Do::Refresh) => (Answer("p"), Says("10 in 4 projects")),
        (In::Pick, Do::Permission) => (Answer("p"), Says("ask about which permission?")),
        (In::Pick, Do::Interrupt) => (Answer("p"), Leaves),
        (In::Answer, Do::Fix) => (Answer(""), Says("Give access?")),
        (In::Answer, Do::Open) => (Answer(""), Changes),
        (In::Answer, Do::NextPanel) => (Answer(""), Changes),
        (In::Answer, Do::Pick) => (Answer(""), Says("Who calls")),
        (In::Answer, Do::Copy) => (Answer(""), Says("copy what?")),
        (In::Answer, Do::Find) => (Answer(""), Says("Enter keep it")),
        (In::Answer, Do::FindNext) => (Answer("/app<Enter>"), Says(" 2 of ")),
        (In::Answer, Do::FindPrevious) => (Answer("/app<Enter>"), Says("From the end again.")),
        (In::Answer, Do::Star) => (Answer(""), Says("among the favourites")),
        (In::Answer, Do::Pairs) => (Answer("s["), Says("favourites and pairs asked about")),
        (In::Pick, Do::Pairs) => (Answer("p"), Says("favourites and pairs asked about")),
        (In::Answer, Do::Save) => (Answer(""), Says("Written: ")),
        (In::Answer, Do::Request) => (Answer(""), Says("a request to an administrator: y copies it")),
        (In::Answer, Do::Meant) => (Answer(""), Says("No name here is nobody's")),
        (In::Answer, Do::Who) => (Answer(""), Says("who can reach bq-privileged@data-vault")),
        (In::Answer, Do::Reach) => (Answer(""), Says("what run-processor@app-prod can reach")),
        (In::Answer, Do::Swap) => (Answer(""), Says("caller bq-privileged@data-vault")),
        (In::Answer, Do::Permission) => (Answer(""), Says("ask about which permission?")),
        (In::Answer, Do::Via) => (Answer(""), Says("go through which account?")),
        (In::Answer, Do::Attributes) => (Answer(""), Says("this one is known by its address")),
        (In::Answer, Do::Meaning) => (Answer(""), Says("what bq-privileged@data-vault may do")),
        (In::Answer, Do::RawPolicy) => (Answer(""), Says("policies as they stand")),
        (In::Answer, Do::Watch) => (Answer(""), Says("Watched: asked anew every 10 s")),
        (In::Answer, Do::CompareFixes) => (Answer(""), Says("the one fix, and what it would allow")),
        (In::Answer, Do::WhatIf) => (Answer("G"), Says("WHAT IF")),
        (In::Answer, Do::AsRead) => (Answer("G<Space>"), Says("The answer as it was read")),
        (In::Answer, Do::Zoom) => (Answer(""), Changes),
        (In::Answer, Do::Console) => (Answer(""), Copies("https://console.cloud.google.com/")),
        (In::Answer, Do::Refresh) => (Answer(""), Says("verdict in")),
        (In::Answer, Do::Undo) => (Answer(""), Says("Nothing to take back")),
        (In::Answer, Do::Earlier) => (Answer("s"), Says("caller run-processor@app-prod")),
        (In::Answer, Do::Later) => (Answer("s["), Says("caller bq-privileged@data-vault")),
        (In::Answer, Do::Legend) => (Answer(""), Says("switched off, gone or refused")),
        (In::Answer, Do::Right) => (Answer("h"), Changes),
        (In::Answer, Do::Left) => (Answer("l"), Changes),
        (In::Answer, Do::Palette) => (Answer(""), Says("commands")),
        (In::Answer, Do::Help) => (Answer(""), Says("Keys: the answer")),
        (In::Answer, Do::Quit) => (Answer(""), Leaves),
        (In::Read, Do::Down) => (Answer("?g"), Changes),
        (In::Read, Do::Up) => (Answer("?G"), Changes),
        (In::Read, Do::Find) => (Answer("?"), Says("Enter keep it")),
        (In::Read, Do::FindNext) => (Answer("?/mouse<Enter>"), Says(" 2 of ")),
        (In::Read, Do::FindPrevious) => (Answer("?/mouse<Enter>"), Says("From the end again.")),
        (In::Read, Do::Copy) => (Answer("?"), Copies("Keys: the answer")),
        (In::Read, Do::Refresh) => (Answer("<Enter>"), Says("where bindings are")),
        (In::Read, Do::Back) => (Answer("?"), Says("where bindings are")),
        (In::Confirm, Do::Open) => (Answer("f"), Says("Nothing is applied yet: type grant, then Enter.")),
        (In::Confirm, Do::Back) => (Answer("f"), Says("Nothing was changed.")),
        (In::Confirm, Do::NextRepair) => (Answer("f"), Changes),
        (In::Confirm, Do::ForTwoHours) => (Answer("f"), Says("until 20")),
        (In::Confirm, Do::Copy) => (Answer("f"), Says("copy what?")),
        (In::Confirm, Do::Meaning) => (Answer("f"), Says("what bq-privileged@data-vault may do")),
        (In::Confirm, Do::Help) => (Answer("f"), Says("Keys: the confirmation")),
        (In::Confirm, Do::PageDown) => (Answer("ft"), Changes),
        (In::Confirm, Do::PageUp) => (Answer("ft<PgDn><PgDn>"), Changes),
        (In::Applied, Do::Undo) => (Applied(""), Says("Take it back?")),
        (In::Applied, Do::Copy) => (Applied(""), Says("copy what?")),
        (In::Applied, Do::Back) => (Applied(""), Says("works: token minted at")),
        (In::Applied, Do::QuitPrinting) => (Applied(""), Leaves),
        (In::Menu, Do::Open) => (Answer("ycaller"), Copies("serviceAccount:run-processor@")),
        (In::Menu, Do::Back) => (Answer("y"), Says("where bindings are")),
        (In::List, Do::Open) => (Answer("x"), Says("where bindings are")),
        (In::List, Do::Down) => (Answer("xg"), Says(" 2 of ")),
        (In::List, Do::Up) => (Answer("xgj"), Says(" 1 of ")),
        (In::List, Do::Find) => (Answer("x"), Says("Enter keep it")),
        (In::List, Do::Meaning) => (Answer("x"), Says("the selected way, and the list")),
        (In::List, Do::Refresh) => (Answer("x"), Says("read at ")),
        (In::List, Do::Undo) => (Applied("<Esc>H"), Says("Take it back?")),
        (In::List, Do::Copy) => (Answer("x"), Copies("")),
        (In::List, Do::Back) => (Answer("x"), Says("where bindings are")),
        (In::List, Do::Help) => (Answer("x"), Says("Keys: a list")),
        (In::Everywhere, Do::Accounts) => (Answer(""), Says("accounts, as of")),
        (In::Everywhere, Do::Bindings) => (Answer(""), Says("bindings, as of")),
        (In::Everywhere, Do::Projects) => (Answer(""), Says("projects, as of")),
        (In::Everywhere, Do::Review) => (Answer(""), Says("findings, as of")),
        (In::Estate, Do::Suppression) => (Answer("V"), Copies("[[suppress]]")),
        (In::Finding, Do::Open) => (Answer("V<Enter>"), Says("ask about which?")),
        (In::Finding, Do::Down) => (Answer("V<Enter>g"), Changes),
        (In::Finding, Do::Up) => (Answer("V<Enter>G"), Changes),
        (In::Finding, Do::Copy) => (Answer("V<Enter>"), Copies("")),
        (In::Finding, Do::Suppression) => (Answer("V<Enter>"), Copies("[[suppress]]")),
        (In::Finding, Do::Find) => (Answer("V<Enter>"), Says("Enter keep it")),
        (In::Finding, Do::FindNext) => (Answer("V<Enter>/roles<Enter>"), Says(" 2 of ")),
        (In::Finding, Do::FindPrevious) => (Answer("V<Enter>/roles<Enter>"), Says("From the end again.")),
        (In::Finding, Do::Back) => (Answer("V<Enter>"), Says("findings, as of")),
        (In::Finding, Do::Help) => (Answer("V<Enter>"), Says("Keys: a finding")),
        (In::Estate, Do::Open) => (Answer("A"), Says("who can reach ")),
        (In::Estate, Do::Sort | Do::Right | Do::Left | Do::SortReverse) => (Answer("A"), Changes),
        (In::Estate, Do::Find) => (Answer("A"), Says("Enter keep it")),
        (In::Estate, Do::Mark) => (Answer("A<Backspace>"), Says(", 1 marked")),
        (In::Estate, Do::UnmarkAll) => (Answer("A<Space>"), Changes),
        (In::Estate, Do::Save) => (Answer("A"), Says("take these rows along as what?")),
        (In::Estate, Do::Meaning) => (Answer("A"), Says("the selected row, whole")),
        (In::Estate, Do::NextPanel) => (Answer("A"), Says("bindings, as of")),
        (In::Estate, Do::PreviousPanel) => (Answer("A"), Says("findings, as of")),
        (In::Estate, Do::Copy) => (Answer("A"), Copies("")),
        (In::Estate, Do::Refresh) => (Answer("A"), Says("accounts, as of")),
        (In::Estate, Do::Back) => (Answer("A"), Says("where bindings are")),
        (In::Estate, Do::Help) => (Answer("A"), Says("Keys: a table of the estate")),
        (In::Find, Do::Open | Do::Back) => (Answer("x/bq"), Says("/ filter")),
        (In::SignedOut, Do::Accept | Do::Quit) => (SignedOut, Leaves),
        _ => return None,
    })
}

/// Where it is begun; an answer that nothing was written for is gone back to.
fn begin(from: &From, before: Option<Play>) -> Play {
    match (from, before) {
        (Answer(lead), Some(mut play)) => {
            for _ in 0..12 {
                if play.screen().contains("Nothing to go back to") {
                    break;
                }
                play.keys("<Esc>");
            }
            play.keys(lead);
            play
        }
        (Answer(lead), None) => {
            let mut play = on_pair("cross-project");
            play.keys(lead);
            play
        }
        (Applied(lead), _) => {
            let mut play = on_pair("cross-project");
            play.keys("fgrant<Enter>").says("It works").keys(lead);
            play
        }
        (SignedOut, _) => Opening {
            signed_out: true,
            ..Opening::default()
        }
        .play(),
    }
}

/// Presses one key, and looks what came of it.
fn pressed(play: &mut Play, name: &str, then: &Then, what: &str) {
    let before = play.picture();
    play.effects.clear();
    play.keys(&format!("<{name}>"));
    let screen = play.screen();
    match then {
        Says(words) => {
            play.says(words);
        }
        Changes => assert!(
            play.picture() != before,
            "{what} changes nothing:\n{screen}"
        ),
        Copies(start) => {
            let copied = play
                .copied()
                .unwrap_or_else(|| panic!("{what} copies nothing"));
            assert!(copied.starts_with(start), "{what} copies {copied}");
        }
        Leaves => assert!(play.left().is_some(), "{what} does not leave:\n{screen}"),
        Asks(for_what) => assert!(play.effects.iter().any(for_what), "{what} asks for nothing"),
    }
    if !matches!(then, Leaves) {
        assert!(play.left().is_none(), "{what} leaves");
    }
}

fn play_context(context: KeyContext) {
    let mut last = None;
    for entry in TABLE.iter().filter(|e| e.context == context) {
        let Entry { command, keys, .. } = entry;
        let Some((from, then)) = case(context, *command) else {
            panic!("no play for {} in {}", command.name(), context.title());
        };
        for name in *keys {
            let what = format!("{name} ({}, {})", command.name(), context.title());
            let mut play = begin(&from, last.take());
            pressed(&mut play, name, &then, &what);
            if !matches!(from, Applied(_) | SignedOut) {
                assert!(creators(&play).is_empty(), "{what} wrote");
                last = Some(play);
            }
        }
    }
}

macro_rules! contexts {
    ($($test:ident $context:ident,)*) => {
        $(#[test]
        fn $test() {
            play_context(KeyContext::$context);
        })*

        #[test]
        fn no_context_is_left_out() {
            let played = [$(KeyContext::$context),*];
            for entry in TABLE {
                assert!(played.contains(&entry.context), "{}", entry.context.title());
            }
        }
    };
}

contexts! {
    keys_that_hold_everywhere Everywhere,
    keys_of_the_pick Pick,
    keys_of_the_answer Answer,
    keys_of_a_page Read,
    keys_of_the_confirmation Confirm,
    keys_after_the_confirmation Applied,
    keys_of_a_menu Menu,
    keys_of_a_list List,
    keys_of_the_tables Estate,
    keys_of_a_finding Finding,
    keys_of_a_filter Find,
    keys_without_credentials SignedOut,
}

/// A row that every context overrides would be a key that is in no use.
#[test]
fn what_holds_everywhere_is_in_force_somewhere() {
    let contexts = || Keymap::table().sections().map(|(context, _)| context);
    for entry in TABLE.iter().filter(|e| e.context == KeyContext::Everywhere) {
        for name in entry.keys {
            let key = Key::parse(name).unwrap();
            let used = contexts()
                .filter(|c| *c != KeyContext::Everywhere)
                .any(|c| Keymap::table().lookup(c, key) == Some(entry.command));
            assert!(used, "{name} is in force nowhere");
        }
    }
}

#[test]
fn what_is_offered_without_credentials_is_taken_up() {
    let mut play = begin(&SignedOut, None);
    play.says("Not signed in to Google Cloud").keys("d");
    assert_eq!(play.left(), Some(&Leave::Accepted));
}
