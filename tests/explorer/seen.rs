//! What somebody sees who looks at everything: nothing said twice or against another panel, nothing cut that tells one
//! thing from another, nothing named that does nothing here.

use crate::play::{Opening, Play};
use crate::{demo, on_pair, story};

/// A story on a screen of that size.
fn at(name: &str, size: (u16, u16)) -> Play {
    Opening {
        size,
        ..Opening::story(story(name))
    }
    .play()
}

/// The lines of the window that is open.
fn window(play: &Play) -> String {
    let screen = play.screen();
    let lines = screen.lines().skip_while(|line| !line.contains('┌'));
    let mut words = Vec::new();
    for line in lines.take_while(|line| !line.contains('└')).skip(1) {
        let inside = line.split(['│', '┃']).max_by_key(|part| part.len());
        words.extend(inside.unwrap_or_default().split_whitespace());
    }
    words.join(" ")
}

fn footer(play: &Play) -> String {
    play.screen().lines().last().unwrap_or_default().to_owned()
}

/// What Google itself said of the token's scopes is not among what was not looked at.
#[test]
fn what_is_the_cause_was_looked_at() {
    let mut play = at("scopes", (140, 40));
    play.says("limited to scopes that do not include IAM");
    play.says("Not looked at: VPC Service Controls, most organization policies.");
    play.never_says("scopes of the caller's token");
    let mut play = at("cross-project", (140, 40));
    play.says("scopes of the caller's token.");
}

/// That no grant helps is said once on the page that says what does.
#[test]
fn that_no_grant_helps_is_said_once() {
    for name in ["denied", "boundary", "pool-deleted", "provider-refuses"] {
        let mut play = at(name, (110, 60));
        play.keys("f");
        let page = window(&play);
        assert!(
            page.starts_with("No binding on the target"),
            "{name}: {page}"
        );
        assert!(!page.contains("No grant mends this"), "{name}: {page}");
    }
}

/// A level's panel and page say what is the matter with it, where no policy of it does.
#[test]
fn a_level_says_what_is_the_matter_with_it() {
    for (name, words) in [
        (
            "api-off",
            "The IAM Credentials API is not enabled on app-prod",
        ),
        ("quota-denied", "may not use ops-tools"),
        ("disabled", "is disabled"),
        ("target-deleted", "was deleted"),
        ("caller-disabled", "is disabled"),
        ("project-shut-down", "was shut down"),
        ("scopes", "limited to scopes"),
    ] {
        let play = at(name, (200, 50));
        let screen = play.screen();
        let panel: Vec<&str> = screen
            .lines()
            .filter_map(|line| line.rsplit_once('│').map(|(_, panel)| panel.trim()))
            .collect();
        let panel = panel.join(" ");
        assert!(panel.contains(words), "{name}: {panel}");
    }
    let mut play = at("api-off", (80, 24));
    play.keys("<Enter>");
    play.says("project app-prod");
    play.says("The IAM Credentials API is not enabled on app-prod");
}

/// Names stand whole where there is room for them, and what says nothing gives way to them.
#[test]
fn names_stand_whole_where_there_is_room() {
    let mut play = at("conditional", (80, 24));
    play.keys("w");
    play.says("▸ batch-loader@app-prod  Token Creator on bq-privileged@data-vault");
    let mut play = at("inherited", (80, 24));
    play.keys("B");
    play.says("iam.serviceAccountTokenCreator  run-processor@app-prod");
    let mut play = at("cross-project", (40, 12));
    play.keys("Aj");
    for name in ["bq-privileged@data-vault", "bq-archive@analytics"] {
        play.says(name);
    }
    play.never_says("gserviceaccount");
    let mut play = at("cross-project", (120, 40));
    play.keys("A");
    play.says("418023915701-…ute@developer  app-prod");
    play.never_says("not read");
    // Where there is room for all it stands there again.
    play.resize(200, 50).says("not read");
    for name in ["default-account", "cross-project"] {
        let mut play = at(name, (120, 40));
        play.keys("v");
        play.never_says("@appspot@").never_says("@developer@");
    }
    let mut play = demo("cross-project");
    play.never_says("gserviceaccount");
}

/// Of a pool's identity the history names what tells it from others.
#[test]
fn the_history_names_identities_of_pools() {
    let mut play = at("github", (120, 40));
    play.keys("fgrant<Enter><Esc>H");
    play.says("principalSet:github/attribute.repository/example-org/billing on bq-privileged");
}

/// What has no room below a table is marked, with the key that shows it.
#[test]
fn what_is_cut_below_a_table_is_marked() {
    let mut play = at("cross-project", (40, 12));
    play.keys("V");
    play.says("more of this: i");
    play.keys("i").says("the selected row, whole");
    let mut play = at("cross-project", (120, 40));
    play.keys("V").never_says("more of this");
}

/// A role's name is not torn where it has a line for itself.
#[test]
fn a_roles_name_is_not_torn() {
    let mut play = at("cross-project", (40, 12));
    play.keys("<Tab>");
    for _ in 0..30 {
        play.never_says("serviceAccountTokenCre ");
        play.keys("j");
    }
}

/// No page of the console is named that is not there.
#[test]
fn the_console_has_a_page_for_what_is_there() {
    for name in [
        "caller-missing",
        "target-missing",
        "person-target",
        "caller-deleted",
    ] {
        let mut play = at(name, (140, 50));
        play.keys("<Enter>");
        assert!(!window(&play).contains("Console"), "{name}");
        play.keys("<Esc>o");
        play.says("The console has no page for it");
    }
    let mut play = at("caller-disabled", (140, 50));
    play.keys("<Tab><Enter>")
        .says("permissions?project=app-prod");
    play.keys("<Esc><Tab>");
    let mut play = at("person-target", (140, 50));
    play.keys("<Enter>").never_says("service account ana@");
    play.keys("<Esc>i").says("So nobody acts as it");
}

/// The footer names no key that does nothing here.
#[test]
fn the_footer_names_what_does_something() {
    let mut play = on_pair("cross-project");
    play.keys("H");
    assert_eq!(footer(&play).trim(), "Esc back   ? help");
    play.keys("<Esc>w");
    assert!(footer(&play).contains("Enter open"));
    play.keys("/zzz<Enter>");
    assert_eq!(footer(&play).trim(), "/ filter   Esc back   ? help");
    play.keys("<Esc><Esc>g<Enter>");
    assert!(!footer(&play).contains("down"), "{}", footer(&play));
    play.resize(40, 12);
    assert!(footer(&play).contains("j down"), "{}", footer(&play));
    play.resize(80, 24);
    play.keys("<Esc>A/zzz<Enter>");
    assert!(!footer(&play).contains("mark"), "{}", footer(&play));
    assert!(footer(&play).contains("Esc back"), "{}", footer(&play));
}

/// Asking for what is asked already asks nothing.
#[test]
fn the_same_permission_is_no_new_question() {
    let mut play = on_pair("cross-project");
    play.keys("m<Enter>").says("That is what is asked about.");
    play.keys("[").says("This is the first question.");
}

/// An API that was turned on stays on: no key is offered that would turn it off, and no word is asked for.
#[test]
fn what_stays_on_is_not_offered_to_be_taken_back() {
    let mut play = Opening::story(story("api-off")).play();
    play.keys("f").says("type app-prod to apply");
    play.keys("app-prod<Enter>").says("It works");
    assert!(!footer(&play).contains("undo"), "{}", footer(&play));
    play.keys("<Esc>").never_says("undoes it");
    play.keys("u").never_says("Take it back?");
    play.says("An API is not turned off again from here");
    play.keys("<Esc>Hu").says("changes made with bindscope");
    play.says("An API is not turned off again from here");
    let mut play = Opening::story(story("disabled")).play();
    play.keys("fbq-privileged<Enter><Esc>").says("undoes it");
    play.keys("u").says("Take it back?");
}

/// Of an account that is gone nothing was counted, which is not none.
#[test]
fn nothing_is_counted_of_who_is_gone() {
    let mut play = at("typo", (120, 50));
    play.keys("AG").says("deleted");
    play.keys("i").says("state deleted");
    let page = window(&play);
    assert!(!page.contains("used by none"), "{page}");
    assert!(!page.contains("keys none"), "{page}");
}

/// What a key would do stands whole beside it, on the smallest screen too; and a run of levels is counted.
#[test]
fn what_a_key_does_is_told_whole() {
    let mut play = at("unreadable", (40, 12));
    play.keys("<Tab>G");
    let mut all = String::new();
    for _ in 0..40 {
        play.keys("k");
        all.push_str(&play.screen());
    }
    assert!(!all.contains("administra…"), "{all}");
    let mut play = at("owner", (40, 12));
    play.keys("fgrant<Enter><Esc>");
    play.says("3 levels, nothing here");
}
