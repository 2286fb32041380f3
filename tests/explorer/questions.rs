//! Picking, typing and changing what is asked.

use crate::play::Opening;
use crate::{CALLER, TARGET, demo, on_pair, story};
use bindscope::iam::Resource;
use ratatui::style::Modifier;

#[test]
fn a_chain_is_built_and_taken_apart() {
    let mut play = Opening {
        via: Vec::new(),
        size: (100, 40),
        ..Opening::story(story("delegation"))
    }
    .play();
    play.never_says(" via ");
    play.keys("v").says("go through which account?");
    play.keys("broker app<Enter>")
        .says("via     token-broker@app-prod.iam.gserviceaccount.com")
        .says("hop 1 of 2")
        .says("hop 2 of 2");
    // What is on the way already is no place to go through once more.
    play.keys("v")
        .keys("token-broker app<Enter>")
        .says("The way leads through token-broker@")
        .says("hop 2 of 2");
    play.keys("y").keys("explain, as<Enter>");
    let copied = play.copied().unwrap();
    let options = " --via token-broker@app-prod.iam.gserviceaccount.com --at 2026-11-24T12:00:00Z --demo=delegation";
    assert!(copied.ends_with(options), "{copied}");
    play.keys("v").says("and then through which account?");
    play.says("not through token-broker@");
    play.keys("<Enter>").never_says("hop 1 of 2");
    // The question before is there, whole.
    play.keys("[").says("hop 1 of 2");
}

/// An answer that is come back to is of when it was read, until it is read again.
#[test]
fn what_is_come_back_to_says_of_when_it_is() {
    let mut play = on_pair("cross-project");
    play.says("verdict in ").never_says("as of ");
    play.keys(":why run-frontend@app-prod bq-privileged@data-vault<Enter>")
        .says("verdict in ");
    play.keys("[").says("as of ").never_says("verdict in ");
    play.keys("]").says("as of ");
    play.keys("r").says("verdict in ").never_says("as of ");
    play.keys("<Esc>")
        .says("caller run-processor")
        .says("as of ");
}

#[test]
fn a_typed_address_is_gone_through_too() {
    let mut play = on_pair("cross-project");
    play.keys("v")
        .keys("nobody@elsewhere.iam.gserviceaccount.com");
    play.says("Enter takes the address as it is typed");
    play.keys("<Enter>").says("via     nobody@elsewhere");
}

#[test]
fn what_a_federated_caller_brings_is_said_and_unsaid() {
    let mut play = Opening {
        attributes: Vec::new(),
        size: (80, 40),
        ..Opening::story(story("github"))
    }
    .play();
    play.never_says("brings")
        .says("a  say what the caller's token says");
    play.keys("a").says("what does the caller's token say?");
    play.says("a binding asks for it");
    play.keys("repository=example-org/billing<Enter>")
        .says("brings  repository=example-org/billing");
    // An attribute has one value.
    play.keys("a")
        .keys("attribute.repository=example-org/other<Enter>")
        .says("brings  repository=example-org/other")
        .never_says("example-org/billing,");
    play.keys("a")
        .keys("ref=refs/heads/main<Enter>")
        .says("brings  repository=example-org/other, ref=refs/heads/main");
    play.keys("y").keys("explain, as<Enter>");
    let copied = play.copied().unwrap();
    assert!(
        copied.contains(" --attribute repository=example-org/other"),
        "{copied}"
    );
    assert!(
        copied.contains(" --attribute ref=refs/heads/main"),
        "{copied}"
    );
    // And where it was asked.
    assert!(copied.ends_with(" --demo=github"), "{copied}");
    // Picking the same caller again keeps what it brings.
    play.keys("p<Enter><Enter>").says("ref=refs/heads/main");
    play.keys("a<Enter>")
        .never_says("repository=example-org/other");
}

#[test]
fn an_account_brings_no_attributes() {
    let mut play = on_pair("cross-project");
    play.keys("a").says("known by its address");
}

#[test]
fn typing_filters_and_the_letters_show() {
    let mut play = demo("cross-project");
    play.keys("bqr")
        .says(" 1 of 3, 10 in all ")
        .says("bq-reader");
    assert!(
        play.style_of("bq-reader")
            .add_modifier
            .contains(Modifier::UNDERLINED),
        "matched letters are marked"
    );
    play.keys("<Down>").says(" 2 of 3, 10 in all ");
    play.keys("<Esc>").never_says("10 in all");
    play.says(" 2 of 10, in 4 projects ");
    play.keys("zzz").says("No account matches");
    play.keys("<Enter>").says("No caller is chosen");
    play.keys("<Ctrl-u>ana@example.com<Enter>priv")
        .says(" ana@example.com → bq-privileged")
        .never_says("zzz");
    play.keys("<Enter>").says("caller, a person");
}

#[test]
fn questions_are_gone_through_like_pages() {
    let mut play = on_pair("cross-project");
    play.keys("s").says("caller bq-privileged@data-vault");
    play.keys("[")
        .says("caller run-processor@app-prod")
        .says("403 until granted");
    play.keys("[").says("This is the first question.");
    play.keys("]").says("caller bq-privileged@data-vault");
    play.keys("]").says("This is the newest question.");
    play.keys("[m").says("ask about which permission?");
    play.keys("actas<Enter>").says("act as (attach)");
}

#[test]
fn an_unknown_account_is_an_answer() {
    let mut play = Opening {
        pair: Some((CALLER, "bq-priviledged@data-vault.iam.gserviceaccount.com")),
        ..Opening::default()
    }
    .play();
    play.says("There is no service account bq-priviledged@data-vault");
    play.keys("f").says("would mend this");
}

#[test]
fn the_large_estate_is_searched_while_it_loads() {
    let mut play = Opening {
        facts: Some(bindscope::emulator::stories::large::large(20_000, 500).to_string()),
        ..Opening::default()
    }
    .play();
    play.says("20000 in 500 projects");
    play.keys("runproc<Tab>bqpriv<Enter>")
        .says("403 until granted");
    assert_eq!(
        Resource::parse_account(TARGET).unwrap().id(),
        "bq-privileged@data-vault.iam.gserviceaccount.com"
    );
}

#[test]
fn the_palette_takes_a_question_and_a_filter() {
    let mut play = demo("cross-project");
    play.keys("<F2>").keys(&format!("why {CALLER} {TARGET}"));
    play.says("Enter asks about run-processor@app-prod and bq-privileged@data-vault.")
        .keys("<Enter>")
        .says("403 until granted");
    play.keys(":sa @data /bq<Enter>")
        .says("bq-privileged")
        .never_says("run-frontend");
    play.keys("<Esc><Esc>").says("403 until granted");
}

#[test]
fn the_palette_takes_accounts_as_they_are_printed() {
    let mut play = demo("cross-project");
    play.keys("<F2>")
        .keys("why run-processor@app-prod bq-privileged@data-vault<Enter>")
        .says("caller run-processor@app-prod")
        .says("403 until granted");
}

#[test]
fn filters_are_there_again_after_esc() {
    let mut play = demo("cross-project");
    play.keys("run<Tab>priv<Enter>").says("where bindings are");
    play.keys("<Esc>")
        .says("Who calls")
        .says("run-frontend@app-prod → bq-privileged@data-vault")
        .says(" of 5, 10 in all ");
}

/// A line that is a command says what is wrong with it; another one never passes for one.
#[test]
fn the_palette_says_what_is_wrong_with_a_line() {
    let mut play = demo("cross-project");
    play.keys("<F2>why run-processor bq-privileged@data-vault")
        .says("run-processor is no caller: name@project,");
    play.keys("<Enter>")
        .says("commands")
        .says("run-processor is no caller");
    play.keys("<Ctrl-u>why run-processor@app-prod")
        .says("which account is wanted?")
        .keys("<Enter>")
        .says("which account is wanted?");
    play.keys("<Ctrl-u>fix")
        .says("fix does nothing here; where it does: the answer.");
    play.keys("<Enter>").says("commands");
    play.keys("<Ctrl-u>whyever")
        .says("No such command. Also: why CALLER TARGET");
    play.keys("<Ctrl-u>mouse off<Enter>").says("Mouse off");
    play.keys("<F2>:mouse off<Enter>")
        .says("off already")
        .keys("<Esc><Esc>");
    let permission = "iam.serviceAccounts.actAs";
    play.keys(&format!(
        "<F2>why run-processor@app-prod bq-privileged@data-vault {permission}<Enter>"
    ))
    .says("act as (attach)");
    play.keys("p<F2>quit<Enter>");
    assert!(play.left().is_some());
}

/// What bindscope prints is understood in every field.
#[test]
fn a_name_as_it_is_printed_is_understood_in_every_field() {
    let mut play = Opening {
        size: (160, 45),
        ..Opening::default()
    }
    .play();
    play.keys("nobody@app-prod")
        .says("serviceAccount:nobody@app-prod.iam.gserviceaccount.com: taken as typed.");
    play.keys("<Tab>nothing@data-vault")
        .says("nothing@data-vault.iam.gserviceaccount.com: taken as typed.");
    play.keys("<Enter>")
        .says("caller nobody@app-prod")
        .says("target nothing@data-vault");
    play.keys("vhop@app-prod<Enter>")
        .says("via     hop@app-prod.iam.gserviceaccount.com");
}

/// What a command does stands whole on its line, or below while it is selected.
#[test]
fn the_palette_tells_each_command_whole() {
    use bindscope::tui::keys::command::Command;
    use bindscope::tui::keys::{KeyContext, Keymap};
    let rows = Keymap::table().rows(KeyContext::Answer);
    for size in [(40, 12), (80, 24), (130, 40)] {
        let mut play = Opening {
            size,
            pair: Some((CALLER, TARGET)),
            ..Opening::default()
        }
        .play();
        play.keys(":");
        for _ in 0..40 {
            let screen = play.screen();
            let bare = |line: &str| line.trim_matches(['│', '┃', ' ']).to_owned();
            let mut lines = screen.lines().skip_while(|line| !line.contains("│ ▸ "));
            let marked = lines.next().unwrap();
            let marked = marked.rsplit("│ ▸ ").next().unwrap();
            let name = marked.split(' ').next().unwrap();
            let command = Command::named(name).unwrap_or_else(|| panic!("no {name}"));
            let row = rows.iter().find(|row| row.entry.command == command);
            let help = row.map_or(command.help(), |row| row.entry.help());
            let below = lines.map(bare).collect::<Vec<_>>().join(" ");
            assert!(
                marked.contains(help) || below.contains(help),
                "{help:?} is not on\n{screen}"
            );
            play.press("<Down>");
        }
    }
}

/// A name that is nobody's: a key asks again about the one that was meant, of several about the one that is chosen.
#[test]
fn the_account_that_was_meant_is_one_key_away() {
    let mut play = Opening::story(story("target-missing")).play();
    play.says("Did you mean bq-privileged@data-vault")
        .says("d  ask again about bq-privileged@data-vault")
        .keys("d")
        .says("the call would succeed")
        .says("target  bq-privileged@data-vault");
    play.keys("<Esc>").says("bq-priviliged");
    let mut play = Opening::story(story("caller-missing")).play();
    play.says("d  ask again about run-processor@app-prod")
        .keys(":meant<Enter>")
        .says("caller  run-processor@app-prod")
        .says("the call would succeed")
        .keys("d")
        .says("No name here is nobody's");
    // Two that are as near.
    let account = |name: &str| {
        let email = format!("{name}@p.iam.gserviceaccount.com");
        format!(
            r#"{{"name":"projects/p/serviceAccounts/{email}","email":"{email}","projectId":"p","uniqueId":"1{}"}}"#,
            name.len()
        )
    };
    let facts = format!(
        r#"{{"projects":[{{"name":"projects/11","projectId":"p"}}],"serviceAccounts":[{},{}]}}"#,
        account("loader"),
        account("loaders1")
    );
    let mut play = Opening {
        facts: Some(facts),
        pair: Some((
            "loader@p.iam.gserviceaccount.com",
            "loaders@p.iam.gserviceaccount.com",
        )),
        ..Opening::default()
    }
    .play();
    play.says("d  choose which of 2 accounts was meant")
        .keys("d")
        .says("which account was meant?")
        .keys("s1<Enter>")
        .says("target  loaders1@p");
}
