//! Who can reach an account, and what a caller can reach.

use crate::play::Opening;
use crate::{CALLER, on_pair};

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
