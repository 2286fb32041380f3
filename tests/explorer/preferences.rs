//! What a user settled: keys, looks, projects that are closed.

use std::sync::Arc;

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, creators};
use bindscope::repair::{ClosedPattern, ClosedProjects};
use bindscope::tui::keys::command::Command;
use bindscope::tui::keys::{Key, KeySetting, Keymap};
use bindscope::tui::look::theme::{Background, ThemeChoice};
use bindscope::tui::message::Message;
use bindscope::tui::preferences::Preferences;
use ratatui::style::Color;

fn with_keys(settings: &[(Command, &[&str])]) -> Play {
    let settings: Vec<KeySetting> = settings
        .iter()
        .map(|(command, keys)| KeySetting {
            command: *command,
            context: None,
            keys: keys.iter().map(|k| Key::parse(k).unwrap()).collect(),
            place: "config.toml:7".to_owned(),
        })
        .collect();
    on_pair(Preferences {
        keys: Arc::new(Keymap::with(&settings).unwrap()),
        ..Preferences::default()
    })
}

fn on_pair(preferences: Preferences) -> Play {
    Opening {
        pair: Some((CALLER, TARGET)),
        preferences,
        ..Opening::default()
    }
    .play()
}

/// The footer, the help, the palette, the line of `f` and the words in between name the user's keys, and those do it.
#[test]
fn ones_own_keys_are_shown_and_do_what_they_say() {
    let mut play = with_keys(&[
        (Command::Fix, &["F"]),
        (Command::Log, &["f"]),
        (Command::Refresh, &["X"]),
        (Command::Copy, &["C"]),
    ]);
    play.says("F fix").says("C copy").says("missing: F adds it");
    play.says("F grant Token Creator on bq-privileged");
    play.keys("?").says("F plan a fix");
    play.keys("<PgDn>").says("X read everything again");
    play.keys("G")
        .says("f is log by config.toml:7; fix has it no more");
    play.keys("<Esc>:fix").says("F").keys("<Esc><Esc>");
    play.keys("f").says("calls to Google Cloud").keys("<Esc>");
    play.keys("F").says("Give access?").says("C copy as");
    // In the confirmation its letter is a command before the word's first letter, and then a letter.
    play.keys("C").says("copy what?").keys("<Esc>");
    play.keys("gC")
        .says("type grant to apply: gC")
        .keys("<Esc><Esc>");
    play.hang_up();
    play.keys("X").says("Not read again");
}

#[test]
fn a_command_without_a_key_is_done_by_its_name() {
    let mut play = with_keys(&[(Command::Swap, &[]), (Command::Undo, &[])]);
    play.keys("s").says("s does nothing here");
    play.keys(":swap<Enter>")
        .says("caller bq-privileged@data-vault");
    play.keys("?")
        .never_says("let caller and target change places");
}

fn closed(glob: &str) -> Preferences {
    let pattern = ClosedPattern {
        glob: glob.to_owned(),
        place: "config.toml:3".to_owned(),
    };
    Preferences {
        closed: ClosedProjects::new(vec![pattern]),
        ..Preferences::default()
    }
}

/// The header and the confirmation say that a project is closed, and nothing is written there.
#[test]
fn nothing_is_written_in_a_closed_project() {
    let mut play = on_pair(closed("data-*"));
    play.says("read-only: data-*");
    play.keys("f")
        .says("bq-privileged@data-vault is in a project that is read-only: data-* (config.toml:3)")
        .never_says("type grant");
    play.keys("grant<Enter>").says("Not applied");
    assert!(creators(&play).is_empty());
    let mut play = on_pair(closed("prod-*"));
    play.never_says("read-only")
        .keys("fgrant<Enter>")
        .says("It works");
}

/// The terminal's answer changes the look, and nothing but the look.
#[test]
fn the_look_follows_the_terminals_background() {
    let mut play = on_pair(Preferences {
        theme: ThemeChoice::named("auto").unwrap(),
        ..Preferences::default()
    });
    let before = play.screen();
    play.take(Message::Background(Background::Light));
    assert_eq!(play.screen(), before);
    let light = ThemeChoice::named("light").unwrap().light;
    let denied = light.style(bindscope::tui::look::theme::StyleRole::Denied);
    assert_eq!(play.style_of("✗ 403").fg, denied.fg);
    play.take(Message::Background(Background::Dark));
    assert_ne!(play.style_of("✗ 403").fg, denied.fg);
    assert_ne!(play.style_of("✗ 403").fg, Some(Color::Reset));
}
