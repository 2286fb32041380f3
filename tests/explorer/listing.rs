//! The accounts of many projects on their way to the lists.

use std::sync::Arc;

use bindscope::estate::ServiceAccount;
use bindscope::google::listing::{ListProgress, ListWay, Listing};
use bindscope::tui::message::Message;
use bindscope::tui::model::Account;
use bindscope::tui::model::list::Batch;
use jiff::Timestamp;
use serde_json::json;

use crate::demo;
use crate::play::{Opening, Play};

/// More projects than are asked one by one.
fn many(viewer: Option<&'static str>, faults: Option<&'static str>) -> Play {
    let project = |n: usize| json!({ "name": format!("projects/{}", 700_000 + n), "projectId": format!("p{n:04}"), "parent": "organizations/1" });
    let account = |n: usize| {
        let email = format!("worker-{n:04}@p{n:04}.iam.gserviceaccount.com");
        json!({ "name": format!("projects/p{n:04}/serviceAccounts/{email}"), "email": email, "projectId": format!("p{n:04}") })
    };
    let eve = |role: &str| json!({ "role": role, "members": ["user:eve@example.com"] });
    let facts = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com" }],
        "projects": (0..1_001).map(project).collect::<Vec<_>>(),
        "serviceAccounts": (0..1_001).step_by(4).map(account).collect::<Vec<_>>(),
        "iamPolicies": { "//cloudresourcemanager.googleapis.com/organizations/1":
            { "bindings": [eve("roles/browser"), eve("roles/iam.serviceAccountViewer")] } },
    });
    Opening {
        facts: Some(facts.to_string()),
        viewer,
        faults,
        size: (120, 24),
        ..Opening::default()
    }
    .play()
}

#[test]
fn many_projects_are_searched_and_what_that_leaves_out_is_said() {
    let mut play = many(None, None);
    play.says("251 in 1001 projects, by Asset search")
        .says("Listed by Asset search");
    play.keys("worker-0400").says("worker-0400");
    play.keys("x9")
        .says("the list may not be")
        .says("typed as a whole");
    play.keys("<Esc><F5>")
        .says("251 in 1001 projects, by Asset search");
}

#[test]
fn where_search_is_refused_each_project_is_asked_and_that_is_said() {
    let mut play = many(Some("user:eve@example.com"), None);
    play.says("251 in 1001 projects")
        .never_says("by Asset search")
        .says("as Asset search could not be used");
    play.keys("x9").says("No account matches.");
}

/// A quota that is spent, and a page that does not come: each project is asked, and that is said.
#[test]
fn a_search_that_breaks_off_is_said_and_each_project_asked() {
    for faults in [
        "GET *:searchAllResources = 429:1h",
        "GET *:searchAllResources #2+ = 400",
        "GET *:searchAllResources #3+ = html:200",
    ] {
        let mut play = many(None, Some(faults));
        play.says("251 in 1001 projects")
            .never_says("by Asset search")
            .says("as Asset search could not be used");
        play.keys("x9").says("No account matches.");
    }
    let faults = "GET *:searchAllResources #3+ = 400; GET /v1/projects/p0500/serviceAccounts = 403";
    let mut play = many(None, Some(faults));
    play.says("250 in 1001 projects, 1 not read");
    play.keys("x9")
        .says("the list may not be")
        .never_says("No account matches.");
}

/// How far it is, in what room there is; what came stays when it is stopped.
#[test]
fn how_far_the_list_is_stands_above_it() {
    let progress = |way, projects, asked| {
        Message::ListProgress(ListProgress {
            way,
            projects,
            asked,
        })
    };
    let mut play = demo("cross-project");
    play.resize(160, 24);
    play.press("<F5>");
    play.take(progress(ListWay::Projects, None, 0));
    play.says("so far, still loading");
    play.take(progress(ListWay::Projects, Some(5_000), 340));
    play.says("so far, 340 of 5000 projects asked");
    play.take(progress(ListWay::Search, Some(5_000), 0));
    play.says("so far in 5000 projects, by Asset search");
    for (width, height) in [(80, 24), (40, 12)] {
        play.resize(width, height);
        play.says("so far");
    }
    play.resize(160, 24);
    play.press("<Ctrl-c>");
    play.says(", as of ").says("Stopped. F5 reads again");
    // What comes late changes nothing of that.
    play.take(progress(ListWay::Projects, Some(5_000), 341));
    let listing = Listing {
        projects: 3,
        unreadable: vec![("projects/p".to_owned(), "not permitted".to_owned())],
        ..Listing::default()
    };
    play.take(Message::Listed(Ok(listing.clone()), Timestamp::now()));
    play.says(", as of ")
        .never_says("so far")
        .never_says("in 3 projects");
    play.press("<F5>");
    play.take(Message::Listed(Ok(listing), Timestamp::now()));
    play.says("in 3 projects, 1 not read").never_says("as of");
    // Of files that hold a part what is not in the list may be there.
    play.press("<F5>");
    let part = Listing {
        projects: 3,
        way: ListWay::Part,
        ..Listing::default()
    };
    play.take(Message::Listed(Ok(part), Timestamp::now()));
    play.says("in 3 projects, a part")
        .says("The files name no service account");
    play.keys("x9").says("0 of 0 known").never_says("in all");
}

/// What was read is worth more than nothing: it stays, with its age, where it cannot be read again, and what is read
/// anew takes its place as a whole.
#[test]
fn a_list_that_is_come_back_to_says_its_age_and_is_read_anew() {
    let mut play = demo("cross-project");
    play.says("run-processor").never_says("as of");
    play.keys("run-proc<Enter>bq-priv<Enter>");
    play.until("verdict in");
    // The list behind an answer.
    play.keys("p");
    for (width, height) in [(160, 24), (80, 24), (40, 12)] {
        play.resize(width, height);
        play.says("as of ");
    }
    play.keys("<F5>").never_says("as of");

    // It does not come: what was there is there, and says of when it is.
    let mut play = Opening {
        faults: Some("GET /v3/projects:search #2+ = 403"),
        size: (120, 24),
        ..Opening::default()
    }
    .play();
    play.says("run-processor").never_says("as of");
    play.keys("<F5>")
        .says("not read again; these are as of ")
        .says("run-processor")
        .says(", as of ");
}

/// What comes is shown as a whole: until then the list is the one that was read.
#[test]
fn a_list_is_read_anew_behind_the_one_that_is_shown() {
    let mut play = demo("cross-project");
    play.resize(160, 24);
    play.press("<F5>");
    play.says("run-processor").says("0 so far").says(", as of ");
    play.settle();
    play.says("run-processor").never_says("as of");
}

/// Enter behind a letter takes the best of all, also where they are so many that they are matched elsewhere; what is typed
/// meanwhile comes after it, and Esc gives it up.
#[test]
fn what_is_typed_behind_enter_comes_after_it() {
    let mut play = demo("cross-project");
    let account = |n: usize| {
        let email = format!("worker-{n:05}@p.iam.gserviceaccount.com");
        let account = ServiceAccount {
            name: format!("projects/p/serviceAccounts/{email}"),
            email,
            project_id: "p".to_owned(),
            ..ServiceAccount::default()
        };
        Arc::new(Account::new(&account))
    };
    play.press("<F5>");
    for batch in Batch::of((0..20_000).map(account)) {
        let (callers, targets) = (Arc::clone(&batch), batch);
        play.take(Message::Accounts { callers, targets });
    }
    play.take(Message::Listed(
        Ok(Listing::default()),
        jiff::Timestamp::UNIX_EPOCH,
    ));
    play.settle();
    play.press("7<Enter>9<Enter>:")
        .says("Looking for the best match")
        .never_says("commands");
    play.settle();
    play.says("commands");
    play.keys("<Esc>")
        .says("caller worker-")
        .says("target worker-");
    play.keys("<Esc>").press("<Tab>1<Enter>x<Esc>");
    play.never_says("Looking for the best match");
    play.settle();
    play.never_says("x").never_says("get access token ·");
}
