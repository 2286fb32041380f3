//! Cloud Asset: what is listed can be read as an export, what is searched is found.

use serde_json::{Value, json};

use super::{CALLER, Http, serve};
use crate::emulator::{Options, stories};
use crate::estate::{Read, file};

pub(super) const ORGANIZATION: &str = "/v1/organizations/1001";

impl Http {
    /// All pages.
    pub(super) async fn every(&self, path: &str, field: &str) -> Vec<Value> {
        let (mut rows, mut page) = (Vec::new(), String::new());
        loop {
            let and = if path.contains('?') { '&' } else { '?' };
            let (status, body) = self
                .admin("GET", &format!("{path}{and}pageSize=3{page}"), Value::Null)
                .await;
            assert_eq!(status, 200, "{body}");
            rows.extend(body[field].as_array().cloned().unwrap_or_default());
            match body["nextPageToken"].as_str() {
                Some(next) => page = format!("&pageToken={next}"),
                None => return rows,
            }
        }
    }
}

/// Reader and emulator agree on what an export is: what comes out is what went in.
#[tokio::test]
async fn the_listed_assets_are_an_export_of_the_estate() {
    for name in ["cross-project", "custom-role-disabled", "typo", "group"] {
        let http = serve(name, Options::default()).await;
        let mut lines = String::new();
        for content in ["RESOURCE", "IAM_POLICY"] {
            for asset in http
                .every(
                    &format!("{ORGANIZATION}/assets?contentType={content}"),
                    "assets",
                )
                .await
            {
                lines.push_str(&format!("{asset}\n"));
            }
        }
        let source = file::SourceFile::text(name, lines);
        let loaded = file::read(vec![source], &mut |_| {}).unwrap();
        assert_eq!((loaded.skipped.len(), loaded.nameless), (0, 0));
        let (given, read) = (stories::load(name).unwrap(), loaded.estate);
        assert_eq!(given.accounts().count(), read.accounts().count());
        for (resource, policy) in given.policies() {
            let Read::Known(known) = read.allow_policy(resource) else {
                panic!("{name}: {resource} is unknown");
            };
            let bindings = known.map_or(&[][..], |p| &p.bindings);
            assert_eq!(bindings, policy.bindings, "{name}: {resource}");
            assert_eq!(given.ancestry(resource), read.ancestry(resource));
        }
        for role in given.roles() {
            let Read::Known(known) = read.role(&role.name) else {
                panic!("{} is unknown", role.name);
            };
            assert_eq!(known.disabled(), role.stage == crate::iam::Stage::Disabled);
        }
        http.running.stop().await;
    }
}

#[tokio::test]
async fn searches_find_what_they_say() {
    let http = serve("cross-project", Options::default()).await;
    let names = |rows: &[Value], field: &str| -> Vec<String> {
        rows.iter()
            .map(|r| {
                r[field]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let all = http
        .every(&format!("{ORGANIZATION}:searchAllResources"), "results")
        .await;
    let accounts = http
        .every(
            &format!("{ORGANIZATION}:searchAllResources?assetTypes=iam.googleapis.com.*"),
            "results",
        )
        .await;
    let known = stories::load("cross-project").unwrap();
    assert_eq!(accounts.len(), known.accounts().count());
    assert_eq!(
        all.len(),
        accounts.len() + known.projects().count() + known.folders().count() + 1
    );
    for (query, expected) in [
        (
            "name:bq-privileged",
            &["bq-privileged@data-vault.iam.gserviceaccount.com"][..],
        ),
        ("displayName=prod", &["2001"]),
        ("projectId=app-prod", &["app-prod"]),
        (
            "vault%20folders:2002%20-assetType:ServiceAccount",
            &["data-vault"],
        ),
        ("name:nothing", &[]),
    ] {
        let rows = http
            .every(
                &format!("{ORGANIZATION}:searchAllResources?query={query}"),
                "results",
            )
            .await;
        assert_eq!(names(&rows, "name"), expected, "{query}");
    }
    let inside = http
        .every("/v1/projects/data-vault:searchAllResources", "results")
        .await;
    assert!(
        inside
            .iter()
            .all(|r| r["project"] == "projects/572910364802"),
        "{inside:?}"
    );

    let caller = CALLER.replace(':', "%3A").replace('@', "%40");
    for (query, expected) in [
        (format!("policy:%22{caller}%22"), vec!["app-prod"]),
        (
            "policy.role.permissions:iam.serviceAccounts.getAccessToken".to_owned(),
            vec!["app-prod"],
        ),
        ("policy:roles/browser".to_owned(), vec!["1001"]),
    ] {
        let rows = http
            .every(
                &format!("{ORGANIZATION}:searchAllIamPolicies?query={query}"),
                "results",
            )
            .await;
        assert!(
            names(&rows, "resource").iter().any(|n| n == expected[0]),
            "{query}: {rows:?}"
        );
        for row in &rows {
            assert!(!row["policy"]["bindings"].as_array().unwrap().is_empty());
        }
    }
    let (status, _) = http
        .admin(
            "GET",
            &format!("{ORGANIZATION}:searchAllResources?query=a%20OR"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 400);
    let (status, _) = http
        .ask(
            CALLER,
            "GET",
            &format!("{ORGANIZATION}:searchAllResources"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 403);
    http.running.stop().await;
}

#[tokio::test]
async fn an_analysis_says_who_may_do_what_where() {
    let http = serve("group", Options::default()).await;
    let story = stories::index().iter().find(|s| s.name == "group").unwrap();
    let target = format!(
        "//iam.googleapis.com/projects/data-vault/serviceAccounts/{}",
        story.target
    );
    let ask = |more: String| {
        let path = format!(
            "{ORGANIZATION}:analyzeIamPolicy?analysisQuery.resourceSelector.fullResourceName={target}&analysisQuery.accessSelector.permissions=iam.serviceAccounts.getAccessToken{more}"
        );
        let http = &http;
        async move { http.admin("GET", &path, Value::Null).await }
    };
    let caller = story.caller.replace(':', "%3A");
    let (status, body) = ask(format!("&analysisQuery.identitySelector.identity={caller}")).await;
    assert_eq!(status, 200, "{body}");
    let results = body["mainAnalysis"]["analysisResults"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{body}");
    assert_eq!(
        results[0]["identityList"]["identities"],
        json!([{ "name": story.caller }])
    );
    assert_eq!(
        results[0]["accessControlLists"][0]["accesses"],
        json!([{ "permission": "iam.serviceAccounts.getAccessToken" }])
    );
    assert_eq!(body["fullyExplored"], true);
    let (_, body) = ask(
        "&analysisQuery.options.expandGroups=true&analysisQuery.options.outputGroupEdges=true"
            .into(),
    )
    .await;
    let list = &body["mainAnalysis"]["analysisResults"][0]["identityList"];
    assert!(
        list["identities"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": story.caller })),
        "{list}"
    );
    assert!(!list["groupEdges"].as_array().unwrap().is_empty());
    let (_, body) =
        ask("&analysisQuery.identitySelector.identity=user%3Anobody@elsewhere.example".into())
            .await;
    assert_eq!(body["mainAnalysis"].get("analysisResults"), None);
    let (status, _) = http
        .admin(
            "GET",
            &format!("{ORGANIZATION}:analyzeIamPolicy"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 400);

    let (status, body) = http
        .admin(
            "GET",
            &format!("{ORGANIZATION}/effectiveIamPolicies:batchGet?names={target}"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 200, "{body}");
    let row = &body["policyResults"][0];
    assert_eq!(row["fullResourceName"], target);
    let places: Vec<&str> = row["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["attachedResource"].as_str().unwrap())
        .collect();
    assert_eq!(
        places.last(),
        Some(&"//cloudresourcemanager.googleapis.com/organizations/1001")
    );
    http.running.stop().await;
}

#[tokio::test]
async fn groups_are_searched_through_groups() {
    let http = serve("group", Options::default()).await;
    let story = stories::index().iter().find(|s| s.name == "group").unwrap();
    let key = story.caller.split_once(':').unwrap().1;
    let query = format!(
        "query=member_key_id%20%3D%3D%20'{key}'%20%26%26%20'cloudidentity.googleapis.com%2Fgroups.discussion_forum'%20in%20labels"
    );
    let found = http
        .every(
            &format!("/v1/groups/-/memberships:searchTransitiveGroups?{query}"),
            "memberships",
        )
        .await;
    let kinds: Vec<&str> = found
        .iter()
        .map(|g| g["relationType"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"DIRECT") && kinds.contains(&"INDIRECT"),
        "{found:?}"
    );
    for group in &found {
        let path = format!(
            "/v1/{}/memberships:checkTransitiveMembership?{query}",
            group["group"].as_str().unwrap()
        );
        assert_eq!(
            http.admin("GET", &path, Value::Null).await,
            (200, json!({ "hasMembership": true }))
        );
        let path = format!(
            "/v1/{}/memberships:searchTransitiveMemberships",
            group["group"].as_str().unwrap()
        );
        let members = http.every(&path, "memberships").await;
        assert!(
            members
                .iter()
                .any(|m| m["preferredMemberKey"][0]["id"] == key),
            "{members:?}"
        );
        let path = path.replace(
            "searchTransitiveMemberships",
            "checkTransitiveMembership?query=member_key_id%20%3D%3D%20'no@example.com'",
        );
        assert_eq!(
            http.admin("GET", &path, Value::Null).await,
            (200, json!({}))
        );
    }
    let (status, _) = http
        .admin(
            "GET",
            "/v1/groups/-/memberships:searchTransitiveGroups?query=x",
            Value::Null,
        )
        .await;
    assert_eq!(status, 400);
    http.running.stop().await;
}
