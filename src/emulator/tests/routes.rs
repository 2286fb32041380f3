//! The table of routes: each row is asked for, with and without what it says that it needs.

use std::collections::BTreeSet;

use axum::http::Request;
use jiff::Timestamp;

use super::*;
use crate::emulator::call::ApiCall;
use crate::emulator::route::{Needs, Route, place};
use crate::emulator::serve::table::{find, routes};
use crate::estate::file;

const ACCOUNT: &str = "run@app.iam.gserviceaccount.com";
const EVERYTHING: &str = "user:everything@example.com";
const NOTHING: &str = "user:nothing@example.com";

/// One way to call a row: its path with something that is there at every place.
struct Sample {
    route: &'static Route,
    /// The organization, folder or project of the path, or the kind of tag.
    alternative: &'static str,
    path: String,
    query: String,
    body: Value,
}

impl Sample {
    /// The permissions that the row names for this path.
    fn permissions(&self) -> Vec<String> {
        match self.route.needs {
            Needs::All(permissions) => permissions
                .iter()
                .map(|p| {
                    p.replace("{level}", self.alternative)
                        .replace("{kind}", self.alternative)
                })
                .collect(),
            Needs::Each(permission) => vec![permission.to_owned()],
            Needs::Rule(_) | Needs::Somebody | Needs::Nothing => Vec::new(),
        }
    }

    fn url(&self) -> String {
        format!("{}?{}", self.path, self.query)
    }

    fn method(&self) -> &'static str {
        match self.route.method {
            "*" => "DELETE",
            method => method,
        }
    }
}

/// A row once for each of its alternatives.
fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for route in routes() {
        let alternatives = route
            .pattern
            .split(['/', ':'])
            .filter_map(place)
            .map(|(_, alternatives)| alternatives)
            .find(|alternatives| !alternatives.is_empty() && *alternatives != ["**"])
            .unwrap_or_else(|| vec![""]);
        for alternative in alternatives {
            all.push(sample(route, alternative));
        }
    }
    all
}

fn sample(route: &'static Route, alternative: &'static str) -> Sample {
    let verb = route.verb();
    let pattern = match verb {
        "" => route.pattern,
        verb => route.pattern.strip_suffix(&format!(":{verb}")).unwrap(),
    };
    let boundary = pattern.contains("principalAccessBoundaryPolicies");
    let credentials = [
        "generateAccessToken",
        "generateIdToken",
        "signBlob",
        "signJwt",
    ];
    let parts: Vec<String> = pattern
        .split('/')
        .map(|part| match place(part) {
            None => part.to_owned(),
            Some(("level" | "kind" | "version" | "service", list)) if !list.is_empty() => {
                alternative.to_owned()
            }
            Some((name, _)) => match (name, alternative) {
                ("id", "organizations") => "1001",
                ("id", "folders") => "2001",
                ("id", "projects") => "app",
                ("id", "tagKeys") => "1",
                ("id", "tagValues") | ("value", _) => "2",
                ("project", _) if credentials.contains(&verb) => "-",
                ("project", _) => "app",
                ("account", _) if verb == "undelete" => "777",
                ("account", _) => ACCOUNT,
                ("role", _) if pattern == "/v1/roles/{role}" => "owner",
                ("role", _) => "custom",
                ("pool", _) => "github",
                ("provider", _) => "oidc",
                ("key", _) => "0123",
                ("point", _) => "cloudresourcemanager.googleapis.com%2Fprojects%2Fapp",
                ("policy", _) if boundary => "b01",
                ("policy", _) => "deny-nothing",
                ("binding", _) => "pb1",
                ("operation", _) => "operation-1",
                ("parent", _) => "%2F%2Fcloudresourcemanager.googleapis.com%2Fprojects%2F3001",
                ("constraint", _) => "iam.disableServiceAccountKeyCreation",
                ("service", _) => "iam.googleapis.com",
                // devs@example.com
                ("group", _) => "64657673406578616d706c652e636f6d",
                ("path", _) => "instance/service-accounts/",
                (other, _) => panic!("{}: nothing to put for {other}", route.pattern),
            }
            .to_owned(),
        })
        .collect();
    let mut path = parts.join("/");
    if !verb.is_empty() {
        path = format!("{path}:{verb}");
    }
    let level = format!("{alternative}/{}", parts.get(3).map_or("", String::as_str));
    let project = "//cloudresourcemanager.googleapis.com/projects/app";
    let query = match pattern {
        "/v3/folders" | "/v2/folders" | "/v1/locations/global/workforcePools" => {
            "parent=organizations/1001"
        }
        "/v3/projects" => "parent=folders/2001",
        "/v3/{kind=tagKeys|tagValues}" if alternative == "tagKeys" => "parent=organizations/1001",
        "/v3/{kind=tagKeys|tagValues}" => "parent=tagKeys/1",
        "/v3/tagBindings" | "/v3/effectiveTags" => {
            "parent=//cloudresourcemanager.googleapis.com/projects/app"
        }
        _ if pattern.ends_with("/policyBindings") => "policyBindingId=pb2",
        _ => "",
    };
    let body = match (route.method, pattern) {
        ("POST", "/v3/tagBindings") => json!({ "parent": project, "tagValue": "tagValues/2" }),
        ("POST", "/v3/tagKeys") => json!({ "parent": "organizations/1001", "shortName": "team" }),
        ("POST", "/v3/tagValues") => json!({ "parent": "tagKeys/1", "shortName": "test" }),
        ("POST", pattern) if pattern.ends_with("/policyBindings") => json!({
            "target": { "principalSet": format!("//cloudresourcemanager.googleapis.com/{level}") },
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b01",
        }),
        ("POST", "/v1/roles" | "/v1/permissions") => json!({ "fullResourceName": project }),
        _ => json!({}),
    };
    Sample {
        route,
        alternative,
        path,
        query: query.to_owned(),
        body,
    }
}

/// Who has every permission of the table except the one of that number.
fn all_but(number: usize) -> String {
    format!("user:without-{number}@example.com")
}

/// One of everything that rows are about, and a user for every permission that is to be missed.
fn estate(permissions: &[String]) -> Value {
    let role =
        |name: String, held: Vec<&String>| json!({ "name": name, "includedPermissions": held });
    let mut roles = vec![
        role("organizations/1001/roles/custom".into(), vec![]),
        role("projects/app/roles/custom".into(), vec![]),
        role(
            "organizations/1001/roles/everything".into(),
            permissions.iter().collect(),
        ),
    ];
    let mut bindings = vec![json!({
        "role": "organizations/1001/roles/everything", "members": [EVERYTHING],
    })];
    for number in 0..permissions.len() {
        let name = format!("organizations/1001/roles/without{number}");
        let others = permissions.iter().enumerate().filter(|(n, _)| *n != number);
        roles.push(role(name.clone(), others.map(|(_, p)| p).collect()));
        bindings.push(json!({ "role": name, "members": [all_but(number)] }));
    }
    let bound = |level: &str| {
        json!({
            "name": format!("{level}/locations/global/policyBindings/pb1"),
            "target": { "principalSet": format!("//cloudresourcemanager.googleapis.com/{level}") },
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b01",
        })
    };
    let workload = "projects/3001/locations/global/workloadIdentityPools/github";
    let account = |id: &str| {
        let email = if id == "777" {
            "gone@app.iam.gserviceaccount.com"
        } else {
            ACCOUNT
        };
        json!({ "name": format!("projects/app/serviceAccounts/{email}"), "email": email, "projectId": "app", "uniqueId": id })
    };
    json!({
        "organizations": [{ "name": "organizations/1001", "displayName": "example.com" }],
        "folders": [{ "name": "folders/2001", "parent": "organizations/1001", "displayName": "prod" }],
        "projects": [{ "name": "projects/3001", "projectId": "app", "parent": "folders/2001", "state": "ACTIVE" }],
        "serviceAccounts": [account("101")],
        "deletedServiceAccounts": [account("777")],
        "groups": [{ "email": "devs@example.com", "members": ["user:ana@example.com"] }],
        "roles": roles,
        "iamPolicies": { "//cloudresourcemanager.googleapis.com/organizations/1001": { "bindings": bindings } },
        "denyPolicies": [{
            "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp/denypolicies/deny-nothing",
            "rules": [],
        }],
        "principalAccessBoundaryPolicies": [{
            "name": "organizations/1001/locations/global/principalAccessBoundaryPolicies/b01",
            "details": { "rules": [{
                "effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/organizations/1001"],
            }] },
        }],
        "policyBindings": [bound("organizations/1001"), bound("folders/2001"), bound("projects/app")],
        "tags": { "//cloudresourcemanager.googleapis.com/projects/app": [{
            "namespacedTagKey": "1001/env", "namespacedTagValue": "1001/env/prod",
            "tagKey": "tagKeys/1", "tagValue": "tagValues/2",
        }] },
        "pools": [{ "name": workload }],
        "providers": [{
            "name": format!("{workload}/providers/oidc"),
            "attributeMapping": { "google.subject": "assertion.sub" },
            "oidc": { "issuerUri": "https://token.actions.githubusercontent.com" },
        }],
        "orgPolicies": [],
    })
}

/// Every permission of the table, each once.
fn permissions(samples: &[Sample]) -> Vec<String> {
    let all: BTreeSet<String> = samples.iter().flat_map(Sample::permissions).collect();
    all.into_iter().collect()
}

async fn serve_all(samples: &[Sample]) -> Http {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = estate(&permissions(samples)).to_string();
    let estate = file::read_text("the estate of every route", &text).unwrap();
    Http {
        running: start(estate, Options::default()).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

impl Http {
    /// Status and body, `null` where it is no JSON.
    async fn call(&self, who: &str, sample: &Sample) -> (u16, Value) {
        let url = format!("{}{}", self.running.base_url(), sample.url());
        let mut request = self.client.request(sample.method().parse().unwrap(), url);
        if !who.is_empty() {
            request = request.bearer_auth(who);
        }
        if sample.method() != "GET" {
            request = request.json(&sample.body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

#[tokio::test]
async fn every_route_asks_its_permission() {
    let samples = samples();
    let permissions = permissions(&samples);
    let http = serve_all(&samples).await;
    let mut wrong = Vec::new();
    for sample in &samples {
        let said = format!("{} {}", sample.method(), sample.url());
        if let Needs::All(_) = sample.route.needs {
            for permission in sample.permissions() {
                let number = permissions.iter().position(|p| *p == permission).unwrap();
                // Whoever has all others is refused, and so is whoever has none.
                let (status, body) = http.call(&all_but(number), sample).await;
                let info = &body["error"]["details"][0];
                let right = status == 403
                    && body["error"]["code"] == 403
                    && body["error"]["status"] == "PERMISSION_DENIED"
                    && message(&body)
                        .starts_with(&format!("Permission '{permission}' denied on resource"))
                    && info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
                    && info["reason"] == "IAM_PERMISSION_DENIED"
                    && info["metadata"]["permission"] == permission
                    && info["metadata"]["error_info_id"]
                        .as_str()
                        .is_some_and(|id| id.len() == 32);
                if !right {
                    wrong.push(format!("{said} without {permission}: {status} {body}"));
                }
                let (status, body) = http.call(NOTHING, sample).await;
                if (status, reason(&body)) != (403, "IAM_PERMISSION_DENIED") {
                    wrong.push(format!("{said} with nothing: {status} {body}"));
                }
            }
        }
        if let Needs::Each(_) = sample.route.needs {
            let seen = http.call(NOTHING, sample).await;
            if seen != (200, json!({})) {
                wrong.push(format!("{said} with nothing: {seen:?}"));
            }
        }
        let (status, body) = http.call("", sample).await;
        let open = matches!(sample.route.needs, Needs::Nothing);
        if (status == 401) == open {
            wrong.push(format!("{said} without a token: {status} {body}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What changes something comes after what reads it, and what deletes it last.
    let rank = |sample: &Sample| match sample.method() {
        "GET" => 0,
        "DELETE" => 2,
        _ => 1,
    };
    let mut ordered: Vec<&Sample> = samples.iter().collect();
    ordered.sort_by_key(|sample| rank(sample));
    for sample in ordered {
        let (status, body) = http.call(EVERYTHING, sample).await;
        if status == 401 || reason(&body) == "IAM_PERMISSION_DENIED" {
            wrong.push(format!(
                "{} {} asks for more than the table says: {status} {body}",
                sample.method(),
                sample.url()
            ));
        }
        if matches!(sample.route.needs, Needs::Each(_)) && body == json!({}) {
            wrong.push(format!("{} shows nothing", sample.url()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    http.running.stop().await;
}

#[test]
fn no_row_stands_in_anothers_way() {
    for sample in samples() {
        let request = Request::builder()
            .method(sample.method())
            .uri(&sample.path)
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let mut call = ApiCall::read(&parts, b"", Timestamp::UNIX_EPOCH).unwrap();
        let found = find(&mut call).map(|route| (route.method, route.pattern));
        assert_eq!(found, Some((sample.route.method, sample.route.pattern)));
        for (name, text) in &call.places {
            assert!(!text.is_empty(), "{}: {name}", sample.path);
        }
    }
}

#[test]
fn a_name_with_a_colon_is_no_verb() {
    let read = |path: &str| {
        let request = Request::builder().uri(path).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let mut call = ApiCall::read(&parts, b"", Timestamp::UNIX_EPOCH).unwrap();
        let pattern = find(&mut call).map(|route| route.pattern);
        (pattern, call.place("id").to_owned())
    };
    let (pattern, id) = read("/v1/projects/example.com:app");
    assert_eq!(pattern, Some("/v1/{level=organizations|projects}/{id}"));
    assert_eq!(id, "example.com:app");
    assert_eq!(read("/v1/projects/app:signBlob").0, None);
    assert_eq!(read("/v1/projects/app/more").0, None);
    assert_eq!(read("/v2/projects/app").0, None);
}
