//! The whole estate as tables: accounts, bindings, projects.

use std::sync::Arc;

use bindscope::answer::inventory::{Arrangement, EstateRead, EstateTable, EstateTableKind};
use bindscope::emulator::stories;
use bindscope::estate::ServiceAccountKey;
use bindscope::evaluate::review::ReviewOptions;
use bindscope::evaluate::{reach, who};
use bindscope::iam::{Permission, Principal, Resource};
use bindscope::repair::meaning;
use serde_json::{Value, json};

use crate::play::{Opening, Play};
use crate::{demo, on_pair};

const AT: &str = "2026-11-24T12:00:00Z";

fn opened(estate: &'static str, size: (u16, u16)) -> Play {
    let mut play = Opening {
        estate,
        size,
        ..Opening::default()
    }
    .play();
    play.keys("<F4>");
    play
}

/// A row of the screen.
fn row(play: &Play, name: &str) -> String {
    let screen = play.screen();
    let line = screen.lines().find(|line| line.contains(name));
    line.unwrap_or_else(|| panic!("no {name} on\n{screen}"))
        .to_owned()
}

#[test]
fn accounts_are_a_table_that_is_sorted_filtered_and_left_as_it_was() {
    let mut play = opened("cross-project", (120, 24));
    play.says("accounts, as of ")
        .says("account▲")
        .says(" 1 of 10 ");
    // The columns one after the other, and the other way round.
    play.keys("sss").says("used by▼");
    play.keys("d").says("used by▲").keys("d");
    play.keys("h").says("state▲").keys("l").says("used by▼");
    play.keys("/data-vault<Enter>").says("/ data-vault");
    play.keys("j").says(" 2 of ").says(", 10 in all");
    let before = play.picture();
    // Who gets at it, and back to the very same.
    play.keys("<Enter>").says("who can reach ").keys("<Esc>");
    assert!(play.picture() == before, "{}", play.screen());
    // Left, and opened again.
    play.keys("<Esc>")
        .never_says("/ data-vault")
        .says(" of 10 ");
    play.keys("<Esc>")
        .says("Who calls")
        .keys("<F4>")
        .says("used by▼");
}

#[test]
fn a_filter_may_name_its_column() {
    let mut play = opened("cross-project", (120, 24));
    play.keys("/project:ops-tools")
        .says("terraform")
        .never_says("bq-reader");
    play.keys("<Ctrl-u>state:disabled")
        .says("bq-archive")
        .says("1 of 1, 10 in all");
    play.keys("<Ctrl-u>account:zzz")
        .says("None of the 10 holds account:zzz. Esc takes the filter back.");
    play.keys("<Esc>").says(" of 10 ");
}

/// The account's own list of who can reach it has as many rows as its cell counts.
#[test]
fn what_is_counted_is_what_the_lists_show() {
    for story in [
        "cross-project",
        "group",
        "expired",
        "delegation",
        "denied",
        "boundary",
        "group-unreadable",
    ] {
        let estate = stories::load(story).unwrap();
        let time: jiff::Timestamp = AT.parse().unwrap();
        let read = Arc::new(EstateRead {
            not_read: Vec::new(),
            assumptions: Vec::new(),
            time,
            unlisted: Vec::new(),
            options: ReviewOptions {
                sees_all_projects: true,
                ..ReviewOptions::default()
            },
            suppressions: Vec::new(),
            estate: estate.clone(),
        });
        let table = EstateTable::made(EstateTableKind::Accounts, &read, &mut |_| true).unwrap();
        table.count(&false.into(), &mut |_| {});
        let permission = Permission::get_access_token();
        for at in 0..table.len() {
            let email = table.whole_cell(at, 0).words().into_owned();
            let Some(account) = estate.account(&email) else {
                continue;
            };
            let target = Resource::account(&account.project_id, &email);
            let alone = who(&estate, &target, &permission, time);
            let certain = alone.results.iter();
            let certain = certain
                .filter(|h| h.verdict == bindscope::evaluate::Verdict::CanAccess)
                .count();
            let cell = table.cell(at, 3).words().into_owned();
            assert_eq!(
                cell.trim_end_matches('+'),
                certain.to_string(),
                "{story}: {email}"
            );
            let sure = certain == alone.results.len() && alone.complete;
            assert_eq!(!cell.ends_with('+'), sure, "{story}: {email}");
            let principal = Principal::ServiceAccount(email.clone());
            let direct = reach(&estate, &principal, &permission, time);
            let direct = direct.results.iter();
            let direct = direct
                .filter(|r| {
                    r.trail.path().len() == 2
                        && r.verdict == bindscope::evaluate::Verdict::CanAccess
                })
                .count();
            let cell = table.cell(at, 6).words().into_owned();
            assert_eq!(
                cell.trim_end_matches('+'),
                direct.to_string(),
                "{story}: {email} reaches"
            );
            let held = meaning::held(&estate, &principal).into_iter();
            let held = held
                .filter(|h| h.resource != target && !h.uncertain)
                .map(|h| h.power)
                .max()
                .unwrap_or_default();
            let cell = table.cell(at, 7).words().into_owned();
            // Nothing seen where not all was read is not nothing.
            let open = cell == "not read" && held == bindscope::repair::Power::Nothing;
            assert!(
                open || cell.trim_end_matches('+') == held.word(),
                "{story}: {email} may: {cell}"
            );
            assert_eq!(
                table.cell(at, 8).words(),
                "not read",
                "no source holds keys"
            );
        }
    }
}

#[test]
fn bindings_and_projects_lead_on() {
    let mut play = opened("cross-project", (120, 24));
    play.says("Enter who ");
    play.keys("<Tab>").says("bindings, as of").says("resource▲");
    play.says("Enter answer ");
    play.keys("/terraform iam.serviceAccountTokenCreator<Enter>");
    play.keys("<Tab>")
        .says("projects, as of")
        .says("Enter accounts ")
        .says("data-vault");
    assert!(
        row(&play, "data-vault").contains("data"),
        "{}",
        play.screen()
    );
    play.keys("/data-vault<Enter><Enter>")
        .says("accounts, as of")
        .says("/ project:data-vault")
        .says("bq-reader")
        .never_says("terraform");
}

#[test]
fn a_binding_leads_to_its_answer_and_back() {
    let mut play = opened("cross-project", (120, 30));
    play.keys("B/resource:bq-privileged member:ci-deployer<Enter>");
    play.says("1 of 1, 18 in all");
    let before = play.picture();
    play.keys("<Enter>")
        .says("caller ci-deployer@ops-tools")
        .says("where bindings are");
    play.keys("<Esc>");
    assert!(play.picture() == before, "{}", play.screen());
    play.keys("<Esc><Esc><Esc>").says("Who calls");
}

#[test]
fn rows_are_marked_and_taken_along() {
    let mut play = opened("cross-project", (120, 24));
    play.keys("<Space><Space>").says("2 marked");
    play.keys("SCSV to the<Enter>");
    let csv = play.copied().unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("account,project,state,usedBy,"), "{csv}");
    assert!(csv.contains(",not read,"), "{csv}");
    play.keys("<Backspace>").never_says("marked");
    play.keys("SJSON to the<Enter>");
    let told: Value = serde_json::from_str(play.copied().unwrap()).unwrap();
    assert_eq!(told["accounts"].as_array().unwrap().len(), 10);
    assert_eq!(told["accounts"][0]["keys"], Value::Null);
    assert_eq!(told["complete"], json!(true));
    play.keys("SJSON into<Enter>")
        .says("Written: ")
        .says("bindscope-accounts.json");
}

/// Whoever may read little sees that it is little, and no zero where nothing was read.
#[test]
fn what_was_not_read_is_never_none() {
    let mut play = Opening {
        estate: "large",
        viewer: Some("user:nobody@example.com"),
        size: (200, 50),
        ..Opening::default()
    }
    .play();
    play.keys("<F4>");
    let screen = play.screen();
    assert!(!screen.contains(" 0 "), "{screen}");
    let mut play = opened("cross-project", (200, 50));
    play.says("keys").says("not read");
}

/// Keys that a file tells of are counted: those that people made and that open something. Of other accounts they stay
/// unread.
#[test]
fn keys_that_a_file_tells_of_are_counted() {
    let estate = stories::load("cross-project").unwrap();
    let first = estate.accounts().next().unwrap();
    let key = |id: &str, kind: &str, disabled: bool| ServiceAccountKey {
        name: format!("{}/keys/{id}", first.name),
        key_type: kind.to_owned(),
        disabled,
        ..ServiceAccountKey::default()
    };
    let keys = vec![
        key("k1", "USER_MANAGED", false),
        key("k2", "USER_MANAGED", false),
        key("k3", "USER_MANAGED", true),
        key("g1", "SYSTEM_MANAGED", false),
    ];
    let mut known = stories::load("cross-project").unwrap();
    known.put_keys(&first.email, keys);
    let mut play = Opening {
        estate: "cross-project",
        size: (200, 50),
        keys: known.all_keys(),
        ..Opening::default()
    }
    .play();
    play.keys("<F4>");
    play.says("keys").says("not read");
    play.keys("SJSON to the<Enter>");
    let told: Value = serde_json::from_str(play.copied().unwrap()).unwrap();
    let rows = told["accounts"].as_array().unwrap();
    let (with, without): (Vec<&Value>, Vec<&Value>) =
        rows.iter().partition(|row| row["keys"] != Value::Null);
    assert_eq!(with.len(), 1, "{told}");
    assert_eq!(with[0]["account"], json!(first.email));
    assert_eq!(with[0]["keys"], json!(2), "{told}");
    assert!(!without.is_empty());
}

#[test]
fn the_table_fits_every_screen() {
    let mut play = opened("large", (200, 50));
    play.says("account").says("not read").keys("s");
    play.says("project▲");
    for (width, height) in [(40, 12), (200, 50)] {
        let mut play = opened("cross-project", (width, height));
        play.says("account");
        for _ in 0..9 {
            play.keys("s");
            let screen = play.screen();
            assert!(screen.contains('▼') || screen.contains('▲'), "{screen}");
        }
    }
    let mut play = opened("cross-project", (80, 24));
    insta::assert_snapshot!("accounts_80x24", times_off(&play.steady()));
    play.resize(120, 40);
    insta::assert_snapshot!("accounts_120x40", times_off(&play.steady()));
    play.keys("B");
    insta::assert_snapshot!("bindings_120x40", times_off(&play.steady()));
}

/// Columns are as wide as what stands in them: nothing is cut while there is room, and what needs little takes little.
#[test]
fn columns_take_what_they_need() {
    let mut play = opened("cross-project", (200, 50));
    for key in ["", "B", "O"] {
        play.keys(key);
        let screen = play.screen();
        let cut = screen.lines().skip(2).take(20).find(|l| l.contains('…'));
        assert_eq!(cut, None, "{screen}");
    }
    let mut play = opened("cross-project", (120, 40));
    // What says nothing in any row has room after all others.
    play.says("power")
        .never_says("keys")
        .never_says("conditions");
}

/// Without the time of day.
fn times_off(screen: &str) -> String {
    let time = regex::Regex::new(r"as of \d\d:\d\d").unwrap();
    time.replace_all(screen, "as of 12:00").into_owned()
}

#[test]
fn the_tables_lie_over_an_answer_too() {
    let mut play = on_pair("cross-project");
    play.keys("A")
        .says("accounts, as of")
        .keys("<Esc>")
        .says("where bindings are");
    play.keys(":projects<Enter>")
        .says("projects, as of")
        .keys("q")
        .says("where bindings are");
    let mut play = demo("cross-project");
    play.keys("<F2>bindings<Enter>")
        .says("bindings, as of")
        .keys("i")
        .says("the selected row, whole")
        // The table stays in sight around it.
        .says("bindings, as of");
}

/// Many rows: what is asked for comes, in order, and a row that was selected stays so.
#[test]
fn many_rows_are_arranged() {
    let names = (0..100_000).map(|n| {
        (
            format!("a{:06}@p.iam.gserviceaccount.com", n * 7_919 % 100_000),
            format!("p{}", n % 97),
            n % 5 == 0,
        )
    });
    let table = EstateTable::listed(names);
    let wish = Arrangement {
        column: 0,
        down: true,
        query: "project:p13".to_owned(),
    };
    let found = table.arranged(&wish, Some(13), &|| true).unwrap();
    let name = |row: u32| table.cell(row as usize, 0).words().into_owned();
    assert!(
        found
            .rows
            .windows(2)
            .all(|pair| name(pair[0]) > name(pair[1]))
    );
    assert!(found.rows.iter().all(|row| row % 97 == 13));
    assert_eq!(found.rows[found.at.unwrap()], 13);
    assert_eq!(table.arranged(&wish, None, &|| false), None);
}

/// Where one is stands above the footer, and is cut from its beginning.
#[test]
fn the_way_back_is_said() {
    let mut play = opened("cross-project", (120, 24));
    play.says("pick › accounts");
    play.keys("/account:bq-privileged<Enter><Enter>")
        .says("pick › accounts /account:bq-privileged › who can reach bq-privileged@data-vault");
    play.keys("<Enter>").says("› terraform → bq-privileged");
    play.resize(40, 12);
    play.says("… › ");
    play.keys("<Esc>").says("… › who can ");
}

/// Who was asked about stands first where a pair is chosen, and says so.
#[test]
fn favourites_and_recent_ones_stand_first() {
    let mut play = on_pair("cross-project");
    play.keys("s*").keys("p");
    play.keys("<Ctrl-u>");
    let screen = play.screen();
    let first = |name: &str| {
        let at = screen.lines().position(|line| line.contains(name));
        at.unwrap_or_else(|| panic!("no {name} on\n{screen}"))
    };
    assert!(screen.contains('★'), "{screen}");
    assert!(first("bq-privileged") < first("bq-archive"), "{screen}");
}
