//! Who can reach an account, and what a caller can reach.

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, demo, on_pair, story};
use bindscope::estate::Assumption;

#[test]
fn who_and_reach_list_ways_and_lead_on() {
    let mut play = on_pair("cross-project");
    play.keys("w")
        .says("who can reach bq-privileged@data-vault")
        .says("terraform@ops-tools")
        .says("Token Creator on data");
    insta::assert_snapshot!("who", play.steady());
    play.keys("<Enter>")
        .says("caller terraform@ops-tools")
        .says("✓ the call would succeed");
    play.keys("x")
        .says("what terraform@ops-tools can reach")
        .says("bq-reader@data-vault");
    insta::assert_snapshot!("reach", play.steady());
    play.keys("<Esc>").says("where bindings are");
}

#[test]
fn who_reaches_an_account_that_does_not_exist_is_told_with_the_nearest() {
    let mut play = Opening {
        pair: Some((CALLER, "bq-priviledged@data-vault.iam.gserviceaccount.com")),
        ..Opening::default()
    }
    .play();
    play.keys("w")
        .says("does not exist: did you mean bq-privileged@data-vault");
}

/// `/` filters, and says how many are left; the selection stays on its row, and Esc takes the filter back first.
#[test]
fn a_list_is_filtered_and_says_where_one_is() {
    let mut play = demo("large");
    // Pasted: typed, each letter is matched against 20,000 accounts, which is slow unoptimized.
    for caller in ["ops@app-prod", "run-processor@app-prod"] {
        let pair = format!("why {caller} bq-privileged@data-vault");
        play.keys("<F2>").paste(&pair).keys("<Enter>");
    }
    play.keys("x").says(" 1 of 61 ");
    let all = play.screen();
    play.keys("G").says(" 61 of 61 ");
    play.keys("g/exporter")
        .says("/ exporter")
        .says(", 61 in all ");
    play.keys("<Ctrl-a>zz")
        .says("None of the 61 holds zzexporter. Esc takes the filter back.");
    play.keys("<Esc>").says(" of 61 ").never_says("│ / ");
    play.keys("/api<Enter>j").says("/ api").says(" 2 of ");
    play.keys("y");
    assert!(play.copied().unwrap().starts_with("api-"));
    play.keys("<Esc>").says(" 2 of 61 ").never_says("│ / ");
    play.keys("g");
    assert_eq!(play.screen(), all);
    play.keys("<Esc>").says("where bindings are");
}

/// A name is readable on the smallest screen, its way stands below, and what has no room is one key away.
#[test]
fn names_ways_and_notes_are_whole_on_the_smallest_screen() {
    let mut play = Opening {
        size: (40, 12),
        pair: Some((CALLER, TARGET)),
        assumptions: vec![
            Assumption::NoDenyPoliciesInExport,
            Assumption::NoBoundariesInExport,
        ],
        ..Opening::default()
    }
    .play();
    play.keys("w")
        .says("▸ terraform@ops-tools")
        .says("Token Creator on data")
        .says("more of this: i");
    play.keys("i")
        .says("the selected way, and the list")
        .says("serviceAccount:terraform@ops-tools.")
        .keys("G")
        .says("principal access boundaries (the")
        .says("the end, of");
}

/// `/` searches a page, `n` and `N` go through what was found.
#[test]
fn a_page_is_searched() {
    use ratatui::style::Modifier;
    let mut play = on_pair("cross-project");
    play.keys("?").says("lines more: j, PgDn");
    play.keys("/THE PALETTE").says("nowhere here");
    play.keys("<Ctrl-u>mouse").says("/ mouse").says("1 of ");
    play.keys("<Enter>n").says(" 2 of ");
    let marked = play.style_of("ouse");
    assert!(marked.add_modifier.contains(Modifier::UNDERLINED));
    play.keys("n").says("From the top again.");
    play.keys("N").says("From the end again.");
    // Moving on leaves what was found behind.
    play.keys("g").says("Keys: the answer");
    play.keys("<Esc>")
        .never_says("/ mouse")
        .says("Keys: the answer");
    play.keys("G").says("the end, of");
    play.keys("<Esc>").says("where bindings are");
    play.keys("!n").says("Nothing is looked for yet");
}

/// Every list says how many there are and where one is, at every width, and takes a filter that says how many are left.
#[test]
fn every_list_counts_says_where_one_is_and_is_filtered() {
    let place = regex::Regex::new(r" (\d+) of (\d+)[ ,]").unwrap();
    let count = |play: &Play, what: &str| -> (usize, usize) {
        let screen = play.screen();
        let title = screen.lines().find_map(|l| place.captures(l));
        let title = title.unwrap_or_else(|| panic!("{what}: no place on\n{screen}"));
        (title[1].parse().unwrap(), title[2].parse().unwrap())
    };
    // How it is opened, how its filter is begun, and what is looked for in it.
    for (open, filter, words) in [
        ("w", "/", "terra"),
        ("x", "/", "reader"),
        ("fgrant<Enter><Esc>H", "/", "zzz"),
        ("A", "/", "terra"),
        ("B", "/", "bigquery"),
        ("O", "/", "vault"),
        ("V", "/", "vault"),
        (":", "", "undo"),
        ("y", "", "curl"),
        ("m", "", "signBlob"),
        ("v", "", "terra"),
        ("s[P", "", "zzz"),
        // Its first row says how many there are alone.
        ("p<Down>", "", "terra"),
    ] {
        let mut play = on_pair("cross-project");
        play.keys(open);
        let (at, all) = count(&play, open);
        assert!(at >= 1 && at <= all, "{open}: {at} of {all}");
        if all > 1 {
            play.keys("<Down>");
            assert_ne!(count(&play, open).0, at, "{open}:\n{}", play.screen());
        }
        for (width, height) in [(40, 12), (200, 50), (80, 24)] {
            play.resize(width, height);
            assert_eq!(count(&play, open).1, all, "{open}:\n{}", play.screen());
        }
        play.keys(&format!("{filter}{words}"));
        // Where none is left it says so of all.
        let (at, left) = count(&play, open);
        assert!(
            all == 1 || at == 0 || left < all,
            "{open}: {left} of {all} are left\n{}",
            play.screen()
        );
    }
}

/// On the smallest screen what a menu cuts stands whole below it, and a binding says whose it is.
#[test]
fn what_is_cut_on_the_smallest_screen_stands_below() {
    let mut play = on_pair("cross-project");
    play.resize(40, 12);
    play.keys("m").says("iam.serviceAccounts.getAccessToken");
    play.keys("<Esc>s[P")
        .says("bq-privileged@data-vault → run-processor@app-prod");
    let mut play = Opening {
        size: (40, 12),
        ..Opening::story(story("wrong-kind"))
    }
    .play();
    play.keys("B/TokenCreator<Enter>")
        .says("user:run-processor@example.com on")
        .says("bq-privileged@data-vault");
}

/// A change whose line is too long stands below the list, whole.
#[test]
fn a_change_is_told_whole_on_every_size() {
    let mut play = on_pair("cross-project");
    play.keys("fgrant<Enter><Esc>H")
        .says("run-processor@app-prod on bq-privileged@data-vault: iam.serviceAccountTokenCreator");
    play.resize(40, 12);
    play.says("run-processor@app-prod on")
        .says("bq-privileged@data-vault:");
    play.keys("/nothing").says("None of the 1 holds nothing.");
    play.keys("<Ctrl-u>force").says("1 of 1");
}

/// A name that is nobody's, of a project whose accounts were listed, leaves nothing open: nothing is called unread, and the
/// list is whole. Who can act as the target says of it that the call fails.
#[test]
fn a_name_that_is_nobody_s_leaves_nothing_open() {
    let mut play = Opening::story(story("typo")).play();
    play.keys("x")
        .says("No account: no grant lets this caller do it anywhere.")
        .never_says("was not read")
        .never_says("no such account was seen");
    play.keys("<Esc>w")
        .says("run-procesor@app-prod")
        .says("would fail");
}

/// On the smallest screen the name of a leaf is whole, or what is said of it is.
#[test]
fn a_leaf_is_told_on_the_smallest_screen() {
    for (name, leaf) in [
        ("delegation", "≠ token-broker@ops-tools"),
        ("unreadable", "not seen"),
        ("boundary", "▣ boundary  Production only"),
    ] {
        let mut play = Opening {
            size: (40, 12),
            ..Opening::story(story(name))
        }
        .play();
        play.says(leaf);
    }
}
