//! The survey against canned answers: what is asked, and what each refusal becomes.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;
use crate::estate::{Existence, Read};
use crate::evaluate::{Verdict, explain};
use crate::google::listing::{ListNews, Scope, list_accounts};
use crate::wire::{Api, all_pages};

const CALLER: &str = "run@app.iam.gserviceaccount.com";
const TARGET: &str = "vault@data.iam.gserviceaccount.com";

/// Answers by path; what is not there is refused with the status.
struct Canned {
    answers: HashMap<String, Value>,
    status: u16,
    asked: Mutex<Vec<String>>,
}

impl Canned {
    fn answer(&self, path: &str) -> Result<Value, ApiError> {
        self.asked.lock().unwrap().push(path.to_owned());
        self.answers.get(path).cloned().ok_or(ApiError::Refused {
            what: path.to_owned(),
            status: self.status,
            reason: None,
            message: "no \u{1b}[31m".into(),
        })
    }
}

impl Ask for Canned {
    fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move { self.answer(path) })
    }

    fn ask<'a>(
        &'a self,
        _: Api,
        path: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move { self.answer(path) })
    }
}

/// A caller in one project, the target in another below a folder; the organization refuses.
fn canned() -> Canned {
    let account = |project: &str, email: &str| {
        let name = format!("projects/{project}/serviceAccounts/{email}");
        json!({"name": name, "email": email, "projectId": project, "uniqueId": "7"})
    };
    let up = json!({"ancestor": [{"resourceId": {"type": "project", "id": "data"}},
        {"resourceId": {"type": "folder", "id": "20"}}, {"resourceId": {"type": "organization", "id": "1"}}]});
    let group = json!([{"role": "roles/iam.serviceAccountTokenCreator", "members": ["group:g@example.com"]}]);
    let deny = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata/denypolicies";
    let version = "options.requestedPolicyVersion=3";
    let answers = [
        (
            format!("v1/projects/-/serviceAccounts/{TARGET}"),
            account("data", TARGET),
        ),
        (
            format!("v1/projects/-/serviceAccounts/{CALLER}"),
            account("app", CALLER),
        ),
        ("v1/projects/data:getAncestry".into(), up),
        (
            "v3/projects/data".into(),
            json!({"name": "projects/2", "projectId": "data", "parent": "folders/20"}),
        ),
        (
            "v3/projects/app".into(),
            json!({"name": "projects/1", "projectId": "app"}),
        ),
        (
            format!("v1/projects/data/serviceAccounts/{TARGET}:getIamPolicy?{version}"),
            json!({"etag": "E"}),
        ),
        (
            "v3/projects/data:getIamPolicy".into(),
            json!({"bindings": group}),
        ),
        ("v3/folders/20:getIamPolicy".into(), json!({})),
        (
            format!("v2/{deny}"),
            json!({"policies": [{"name": format!("{deny}/d")}]}),
        ),
        (
            format!("v2/{deny}/d"),
            json!({"name": format!("{deny}/d"), "rules": [{"denyRule": {}}]}),
        ),
        (
            "v1/groups:lookup?groupKey.id=g@example.com".into(),
            json!({"name": "groups/x"}),
        ),
        (
            "v1/groups/x/memberships?view=FULL&pageSize=500".into(),
            json!({"memberships": [{"preferredMemberKey": {"id": "h@example.com"}, "type": "GROUP"}]}),
        ),
        (
            "v1/projects/app/services/iamcredentials.googleapis.com".into(),
            json!({"state": "DISABLED"}),
        ),
    ];
    Canned {
        answers: answers.into(),
        status: 403,
        asked: Mutex::default(),
    }
}

fn question() -> Question {
    let caller = Principal::ServiceAccount(CALLER.into());
    Question::new(
        caller,
        Resource::account("-", TARGET),
        jiff::Timestamp::UNIX_EPOCH,
    )
}

fn run(canned: &Canned, seen: &Mutex<Vec<Progress>>) -> Result<Estate, ApiError> {
    let note = |p| seen.lock().unwrap().push(p);
    block_on(survey(canned, &question(), &note))
}

#[test]
fn what_can_be_read_is_known_and_what_cannot_is_marked() {
    let (canned, seen) = (canned(), Mutex::default());
    let estate = run(&canned, &seen).unwrap();
    let target = Resource::account("data", TARGET);
    assert_eq!(
        estate.resolve(&question().target),
        Existence::Exists(target.clone())
    );
    let folder = Resource::parse("folders/20").unwrap();
    let organization = Resource::parse("organizations/1").unwrap();
    let ancestry = estate.ancestry(&target);
    assert!(ancestry.complete);
    assert_eq!(
        ancestry.levels,
        [
            target.clone(),
            Resource::project("data"),
            folder.clone(),
            organization.clone()
        ]
    );
    assert!(
        matches!(estate.allow_policy(&target), Read::Known(Some(p)) if p.etag.as_deref() == Some("E"))
    );
    assert!(estate.allow_policy(&folder).is_known());
    let Read::Unreadable(why) = estate.allow_policy(&organization) else {
        panic!("the organization was refused");
    };
    assert_eq!(
        &*why, "not permitted: no [31m",
        "without control characters"
    );
    let deny = estate
        .deny_policies(&Resource::project("data"))
        .known()
        .unwrap();
    assert_eq!(
        deny[0].rules.len(),
        1,
        "each deny policy is read for its rules"
    );
    assert!(!estate.deny_policies(&folder).is_known());
    assert!(estate.group("g@example.com").is_known());
    assert!(!estate.group("h@example.com").is_known());
    assert_eq!(
        estate.service_enabled("app", "iamcredentials.googleapis.com"),
        Read::Known(false)
    );
    assert_eq!(explain(&estate, &question()).verdict, Verdict::UnknownInfo);
}

#[test]
fn nothing_is_asked_twice_and_each_step_ends() {
    let (canned, seen) = (canned(), Mutex::default());
    run(&canned, &seen).unwrap();
    let mut asked = canned.asked.into_inner().unwrap();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all);
    assert!(
        !asked.iter().any(|p| p.contains("effectiveTags")),
        "no condition looks at tags"
    );
    let seen = seen.into_inner().unwrap();
    let started = seen
        .iter()
        .filter(|p| p.state == ProgressState::Started)
        .count();
    assert_eq!(started * 2, seen.len());
}

#[test]
fn an_account_that_is_not_there_is_an_answer() {
    let mut canned = canned();
    canned.status = 404;
    canned
        .answers
        .remove(&format!("v1/projects/-/serviceAccounts/{TARGET}"));
    let estate = run(&canned, &Mutex::default()).unwrap();
    assert_eq!(estate.resolve(&question().target), Existence::Missing);
}

#[test]
fn an_account_that_refuses_leaves_its_levels_readable() {
    let mut canned = canned();
    canned
        .answers
        .remove(&format!("v1/projects/-/serviceAccounts/{TARGET}"));
    let estate = run(&canned, &Mutex::default()).unwrap();
    assert!(matches!(
        estate.resolve(&question().target),
        Existence::Unknown(_)
    ));
    assert!(
        estate
            .allow_policy(&Resource::account("data", TARGET))
            .is_known()
    );
    assert!(estate.allow_policy(&Resource::project("data")).is_known());
}

#[test]
fn nothing_heard_at_all_is_an_error() {
    struct Down;
    fn down(what: &str) -> ApiError {
        ApiError::Unreachable {
            what: what.into(),
            message: "refused".into(),
        }
    }
    impl Ask for Down {
        fn get<'a>(&'a self, _: Api, p: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
            Box::pin(async move { Err(down(p)) })
        }
        fn ask<'a>(
            &'a self,
            _: Api,
            p: &'a str,
            _: &'a Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            Box::pin(async move { Err(down(p)) })
        }
    }
    let answer = block_on(survey(&Down, &question(), &|_| ()));
    assert!(matches!(answer, Err(ApiError::Unreachable { .. })));
}

#[test]
fn a_listing_streams_pages_over_all_projects() {
    let page = |emails: &[&str], next: &str| {
        let list: Vec<Value> = emails
            .iter()
            .map(|e| json!({"name": e, "email": e}))
            .collect();
        json!({"accounts": list, "nextPageToken": next})
    };
    let projects = json!({"projects": [{"name": "projects/1", "projectId": "app", "state": "ACTIVE"},
        {"name": "projects/2", "projectId": "closed"}, {"name": "projects/3", "projectId": "gone", "state": "DELETE_REQUESTED"}]});
    let canned = Canned {
        answers: [
            ("v3/projects:search?pageSize=500".into(), projects),
            (
                "v1/projects/app/serviceAccounts?pageSize=100".into(),
                page(&["a@x", "b@x"], "n=1"),
            ),
            (
                "v1/projects/app/serviceAccounts?pageSize=100&pageToken=n%3D1".into(),
                page(&["c@x"], ""),
            ),
        ]
        .into(),
        status: 403,
        asked: Mutex::default(),
    };
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut each = |news: ListNews| match news {
        ListNews::Accounts(page) => pages.push(page.into_iter().map(|a| a.email).collect()),
        ListNews::Progress(_) => {}
    };
    let listing = block_on(list_accounts(&canned, &Scope::Everything, &mut each)).unwrap();
    assert_eq!(pages, [vec!["a@x", "b@x"], vec!["c@x"]]);
    assert_eq!((listing.projects, listing.accounts), (2, 3));
    assert_eq!(listing.unreadable[0].0, "projects/closed");
}

/// A server whose page tokens go in a circle.
struct Circle;

impl Ask for Circle {
    fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            if path.starts_with("v3/projects:search") {
                return Ok(json!({"projects": [{"name": "projects/1", "projectId": "app"}]}));
            }
            let next = if path.contains("pageToken=b") {
                "c"
            } else {
                "b"
            };
            let next = if path.contains("pageToken=a") {
                "b"
            } else {
                next
            };
            let next = if path.contains("pageToken=c") {
                "a"
            } else {
                next
            };
            Ok(json!({"accounts": [{"name": "x", "email": "x@y"}], "nextPageToken": next}))
        })
    }

    fn ask<'a>(
        &'a self,
        _: Api,
        path: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.get(Api::Iam, path)
    }
}

#[test]
fn page_tokens_that_go_in_a_circle_end_with_an_error() {
    let error = block_on(all_pages(&Circle, Api::Iam, "v1/x", "accounts")).unwrap_err();
    assert!(
        error.to_string().contains("the same page token twice"),
        "{error}"
    );
    // What came of it is shown, and that it is not all is said.
    let mut accounts = 0;
    let mut each = |news: ListNews| accounts += news.accounts().len();
    let listing = block_on(list_accounts(&Circle, &Scope::Everything, &mut each)).unwrap();
    assert_eq!(listing.unreadable.len(), 1, "{listing:?}");
    assert!(
        listing.unreadable[0]
            .1
            .contains("the same page token twice")
    );
    // The first page, then each of the three once.
    assert_eq!(accounts, 4);
}

#[test]
fn what_stands_in_the_place_of_a_list_is_not_taken_for_an_empty_one() {
    let answers = [("v1/x".to_owned(), json!({"accounts": {"a": 1}}))];
    let canned = Canned {
        answers: answers.into(),
        status: 403,
        asked: Mutex::default(),
    };
    let error = block_on(all_pages(&canned, Api::Iam, "v1/x", "accounts")).unwrap_err();
    assert!(
        error.to_string().contains("`accounts` is no list"),
        "{error}"
    );
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}
