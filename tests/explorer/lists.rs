//! Who can reach an account, and what a caller can reach.

use crate::play::Opening;
use crate::{CALLER, TARGET, demo, on_pair};
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
