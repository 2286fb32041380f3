//! Cloud Asset: what the search language finds, its order and fields, and access by impersonation.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::asset::ORGANIZATION;
use super::{Http, OWNED, message, serve};
use crate::emulator::Options;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The last parts of the results' names.
fn ends(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap().rsplit('/').next().unwrap())
        .map(|end| end.split('@').next().unwrap().to_owned())
        .collect()
}

impl Http {
    async fn resources(&self, query: &str, more: &str) -> Vec<String> {
        let query = encoded(query);
        let path = format!("{ORGANIZATION}:searchAllResources?query={query}{more}");
        ends(&self.every(&path, "results").await, "name")
    }

    async fn policies(&self, query: &str) -> Vec<Value> {
        let query = encoded(query);
        let path = format!("{ORGANIZATION}:searchAllIamPolicies?query={query}");
        self.every(&path, "results").await
    }
}

#[tokio::test]
async fn resources_are_found_by_whole_expressions() {
    let http = serve("cross-project", Options::default()).await;
    for (query, expected) in [
        (
            "displayName:(prod OR data) assetType:Folder",
            &["2001", "2002"][..],
        ),
        (
            "name:(bq-privileged OR bq-reader) NOT name:reader",
            &["bq-privileged"],
        ),
        (
            "projectId=app-prod OR projectId=data-vault",
            &["app-prod", "data-vault"],
        ),
        (
            "(folders:2002 AND assetType:ServiceAccount) -name:bq*",
            &["looker-export", "dataflow-worker"],
        ),
        ("name:run-processor state:DISABLED", &[]),
        ("state:DISABLED", &["bq-archive"]),
    ] {
        let found = http.resources(query, "").await;
        assert_eq!(found, expected, "{query}");
    }
    let (status, body) = http
        .admin(
            "GET",
            &format!("{ORGANIZATION}:searchAllResources?query=(a"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["status"], "INVALID_ARGUMENT");
    assert!(message(&body).contains("')' expected"), "{body}");
}

#[tokio::test]
async fn a_policy_shows_the_bindings_that_match() {
    let http = serve("cross-project", Options::default()).await;
    let roles = |rows: &[Value]| -> Vec<String> {
        rows.iter()
            .flat_map(|row| row["policy"]["bindings"].as_array().unwrap())
            .map(|b| b["role"].as_str().unwrap().to_owned())
            .collect()
    };
    let rows = http.policies("resource:data-vault policy:bq-reader").await;
    assert_eq!(
        roles(&rows),
        ["roles/bigquery.dataViewer", "roles/bigquery.jobUser"]
    );
    let rows = http
        .policies("policy:bq-reader NOT roles:roles/bigquery.jobUser")
        .await;
    assert_eq!(roles(&rows), ["roles/bigquery.dataViewer"]);
    let rows = http
        .policies("roles=roles/browser OR memberTypes:domain")
        .await;
    assert_eq!(roles(&rows), ["roles/browser"]);
    let rows = http
        .policies("policy=ana@example.com policy.role.permissions:iam.serviceAccounts.act*")
        .await;
    assert_eq!(roles(&rows), ["roles/iam.serviceAccountUser"]);
    assert_eq!(
        rows[0]["explanation"]["matchedPermissions"]["roles/iam.serviceAccountUser"],
        json!({ "permissions": ["iam.serviceAccounts.actAs"] })
    );
    // A role whose permissions the caller may not read is left out of a search for permissions.
    let http = serve("custom-role-disabled", Options::default()).await;
    let query = "policy.role.permissions:iam.serviceAccounts.getAccessToken";
    let all = http.policies(query).await;
    let custom = |rows: &[Value]| roles(rows).iter().any(|r| r.contains("/roles/"));
    assert!(custom(&all), "{all:?}");
    let path = "/v3/organizations/1001";
    let (_, mut policy) = http
        .admin("POST", &format!("{path}:getIamPolicy"), json!({}))
        .await;
    let zoe = json!({ "role": "roles/cloudasset.viewer", "members": ["user:zoe@example.org"] });
    policy["bindings"].as_array_mut().unwrap().push(zoe);
    let body = json!({ "policy": policy });
    let (status, _) = http
        .admin("POST", &format!("{path}:setIamPolicy"), body)
        .await;
    assert_eq!(status, 200);
    let query = encoded(query);
    let path = format!("{ORGANIZATION}:searchAllIamPolicies?query={query}&pageSize=500");
    let (status, body) = http
        .ask("user:zoe@example.org", "GET", &path, Value::Null)
        .await;
    assert_eq!(status, 200, "{body}");
    let rows = body["results"].as_array().cloned().unwrap_or_default();
    assert!(!custom(&rows), "{rows:?}");
}

#[tokio::test]
async fn results_come_in_the_order_and_with_the_fields_asked_for() {
    let http = serve("cross-project", Options::default()).await;
    let up = http.resources("assetType:Project", "&orderBy=name").await;
    let mut down = http
        .resources("assetType:Project", "&orderBy=name%20DESC")
        .await;
    assert!(up.len() > 3, "more than one page");
    down.reverse();
    assert_eq!(up, down);
    let path = format!("{ORGANIZATION}:searchAllResources?orderBy=asset_type%20desc,%20name");
    let kinds: Vec<Value> = http
        .every(&path, "results")
        .await
        .iter()
        .map(|r| r["assetType"].clone())
        .collect();
    assert!(kinds.is_sorted_by(|a, b| a.as_str() >= b.as_str()));
    let path = format!("{ORGANIZATION}:searchAllResources?readMask=name,location");
    for row in http.every(&path, "results").await {
        let mut names: Vec<&String> = row.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["location", "name"]);
    }
    for bad in [
        "orderBy=folders",
        "orderBy=name%20UP",
        "readMask=colour",
        "assetTypes=compute.*",
    ] {
        let path = format!("{ORGANIZATION}:searchAllResources?{bad}");
        let (status, body) = http.admin("GET", &path, Value::Null).await;
        assert_eq!(status, 400, "{bad}: {body}");
    }
    let path = format!("{ORGANIZATION}:searchAllResources?pageSize=-1");
    assert_eq!(http.admin("GET", &path, Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_page_token_serves_its_own_question_only() {
    let http = serve("cross-project", Options::default()).await;
    let ask = |query: &str| format!("{ORGANIZATION}:searchAllResources?{query}");
    let (_, first) = http
        .admin("GET", &ask("pageSize=1&query=vault"), Value::Null)
        .await;
    let token = first["nextPageToken"].as_str().unwrap();
    for (query, status) in [
        // The page's size and form may change.
        (
            "pageSize=2&query=vault&fields=results&prettyPrint=false",
            200,
        ),
        ("pageSize=1&query=prod", 400),
        ("pageSize=1&query=vault&orderBy=name%20desc", 400),
    ] {
        let path = ask(&format!("{query}&pageToken={token}"));
        assert_eq!(
            http.admin("GET", &path, Value::Null).await.0,
            status,
            "{query}"
        );
    }
    let path = format!("/v1/projects/data-vault/serviceAccounts?pageToken={token}");
    assert_eq!(http.admin("GET", &path, Value::Null).await.0, 400);
}

fn analysis(more: &str) -> String {
    format!("{ORGANIZATION}:analyzeIamPolicy?{more}")
}

#[tokio::test]
async fn access_by_impersonation_is_found_from_the_identity() {
    let http = serve("cross-project", Options::default()).await;
    let asked = "analysisQuery.identitySelector.identity=user%3Aana@example.com&analysisQuery.accessSelector.permissions=bigquery.jobs.create";
    let (status, body) = http.admin("GET", &analysis(asked), Value::Null).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["mainAnalysis"].get("analysisResults"), None);
    assert_eq!(body.get("serviceAccountImpersonationAnalysis"), None);
    let asked = format!("{asked}&analysisQuery.options.analyzeServiceAccountImpersonation=true");
    let (status, body) = http.admin("GET", &analysis(&asked), Value::Null).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["fullyExplored"], true);
    let found = body["serviceAccountImpersonationAnalysis"]
        .as_array()
        .unwrap();
    assert_eq!(found.len(), 2, "{body}");
    let link = &found[0]["analysisQuery"];
    assert_eq!(link["identitySelector"]["identity"], "user:ana@example.com");
    assert_eq!(
        link["accessSelector"]["permissions"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    assert_eq!(
        found[0]["analysisResults"][0]["accessControlLists"][0]["accesses"],
        json!([{ "permission": "iam.serviceAccounts.actAs" }])
    );
    let access = &found[1];
    let account = "serviceAccount:bq-privileged@data-vault.iam.gserviceaccount.com";
    assert_eq!(
        access["analysisQuery"]["identitySelector"]["identity"],
        account
    );
    assert_eq!(
        access["analysisResults"][0]["attachedResourceFullName"],
        "//cloudresourcemanager.googleapis.com/projects/data-vault"
    );
}

#[tokio::test]
async fn access_by_impersonation_is_found_from_the_resource() {
    let http = serve("cross-project", Options::default()).await;
    let asked = "analysisQuery.resourceSelector.fullResourceName=//cloudresourcemanager.googleapis.com/projects/data-vault&analysisQuery.accessSelector.permissions=bigquery.datasets.create&analysisQuery.options.analyzeServiceAccountImpersonation=true";
    let (status, body) = http.admin("GET", &analysis(asked), Value::Null).await;
    assert_eq!(status, 200, "{body}");
    let found = body["serviceAccountImpersonationAnalysis"]
        .as_array()
        .unwrap();
    let asked_of: Vec<String> = found
        .iter()
        .map(|a| &a["analysisQuery"]["resourceSelector"]["fullResourceName"])
        .map(|name| {
            name.as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        asked_of[0], "bq-privileged@data-vault.iam.gserviceaccount.com",
        "{body}"
    );
    let who: Vec<&str> = found[0]["analysisResults"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r["identityList"]["identities"].as_array().unwrap())
        .map(|i| i["name"].as_str().unwrap())
        .collect();
    assert!(who.contains(&"user:ana@example.com"), "{who:?}");
    assert!(who.iter().any(|w| w.contains("terraform@")), "{who:?}");
}

#[tokio::test]
async fn an_analysis_refuses_what_the_document_refuses() {
    let http = serve("cross-project", Options::default()).await;
    let identity = "analysisQuery.identitySelector.identity=user%3Aana@example.com";
    let folder = "analysisQuery.resourceSelector.fullResourceName=//cloudresourcemanager.googleapis.com/folders/2002";
    let access = "analysisQuery.accessSelector.roles=roles/viewer";
    let on = |option: &str| format!("analysisQuery.options.{option}=true");
    for bad in [
        format!("{identity}&{}", on("expandGroups")),
        format!("{access}&{}", on("expandRoles")),
        format!("{folder}&{}", on("expandResources")),
        format!("{identity}&analysisQuery.options.expandResources=maybe"),
        format!("{identity}&analysisQuery.conditionContext.accessTime=2020-01-01T00:00:00Z"),
        format!("{identity}&analysisQuery.conditionContext.accessTime=soon"),
    ] {
        let (status, body) = http.admin("GET", &analysis(&bad), Value::Null).await;
        assert_eq!(status, 400, "{bad}");
        assert_eq!(body["error"]["status"], "INVALID_ARGUMENT");
    }
    let saved = "savedAnalysisQuery=organizations/1001/savedQueries/q";
    assert_eq!(
        http.admin("GET", &analysis(saved), Value::Null).await.0,
        404
    );
}

#[tokio::test]
async fn a_project_is_expanded_to_what_lies_in_it() {
    let http = serve("cross-project", Options::default()).await;
    let asked = "analysisQuery.resourceSelector.fullResourceName=//cloudresourcemanager.googleapis.com/projects/data-vault&analysisQuery.accessSelector.permissions=iam.serviceAccounts.setIamPolicy";
    let places = |body: &Value| -> Vec<String> {
        let results = body["mainAnalysis"]["analysisResults"].as_array().unwrap();
        ends(results, "attachedResourceFullName")
    };
    let (_, body) = http.admin("GET", &analysis(asked), Value::Null).await;
    assert_eq!(places(&body), ["data-vault"]);
    let more = format!(
        "{asked}&analysisQuery.options.expandResources=true&analysisQuery.options.outputResourceEdges=true"
    );
    let (_, body) = http.admin("GET", &analysis(&more), Value::Null).await;
    assert_eq!(places(&body), ["data-vault", "bq-privileged"]);
    let list = &body["mainAnalysis"]["analysisResults"][0]["accessControlLists"][0];
    let resources = list["resources"].as_array().unwrap();
    assert!(resources.len() > 3, "{list}");
    assert_eq!(
        list["resourceEdges"].as_array().unwrap().len(),
        resources.len() - 1
    );
}

/// Groups that the viewer may not look into are not told by an analysis either.
#[tokio::test]
async fn a_group_kept_from_the_viewer_is_not_expanded() {
    let http = serve("group-unreadable", Options::default()).await;
    let asked = "analysisQuery.accessSelector.permissions=iam.serviceAccounts.getAccessToken&analysisQuery.options.expandGroups=true";
    let (status, body) = http.admin("GET", &analysis(asked), Value::Null).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["fullyExplored"], false, "{body}");
    let errors = body["mainAnalysis"]["nonCriticalErrors"]
        .as_array()
        .unwrap();
    assert_eq!(errors[0]["code"], "PERMISSION_DENIED");
    let policy = http
        .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
        .await
        .1;
    assert!(policy["bindings"].is_array(), "{policy}");
}
