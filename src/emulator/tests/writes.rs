//! Roles, deny policies, deletions and limits: what is written, and what is refused.

use serde_json::{Value, json};

use super::{CALLER, CREATOR, OWNED, message, serve};
use crate::emulator::Options;

const ROLES: &str = "/v1/projects/data-vault/roles";

#[tokio::test]
async fn a_custom_role_lives_and_dies_and_returns() {
    let http = serve("cross-project", Options::default()).await;
    let body = json!({ "roleId": "minter", "role": {
        "title": "Minter", "stage": "GA",
        "includedPermissions": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.get"],
    } });
    let (status, _) = http.ask(CALLER, "POST", ROLES, body.clone()).await;
    assert_eq!(status, 403);
    let (status, made) = http.admin("POST", ROLES, body.clone()).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["name"], "projects/data-vault/roles/minter");
    assert_eq!(made["includedPermissions"][0], "iam.serviceAccounts.get");
    let (status, again) = http.admin("POST", ROLES, body.clone()).await;
    assert_eq!(
        (status, &again["error"]["status"]),
        (409, &json!("ALREADY_EXISTS"))
    );

    // It grants what it holds.
    let grant =
        json!({ "policy": { "bindings": [{ "role": made["name"], "members": [CALLER] }] } });
    let (status, _) = http
        .admin("POST", &format!("{OWNED}:setIamPolicy"), grant)
        .await;
    assert_eq!(status, 200);
    assert_eq!(http.mint(CALLER).await.0, 200);

    let one = format!("{ROLES}/minter");
    let stale = json!({ "stage": "DISABLED", "etag": "BwAAAAAAAAA=" });
    let (status, _) = http
        .admin("PATCH", &format!("{one}?updateMask=stage"), stale)
        .await;
    assert_eq!(status, 409);
    let disable = json!({ "stage": "DISABLED", "title": "ignored", "etag": made["etag"] });
    let (status, off) = http
        .admin("PATCH", &format!("{one}?updateMask=stage"), disable)
        .await;
    assert_eq!(
        (status, &off["stage"], &off["title"]),
        (200, &json!("DISABLED"), &json!("Minter"))
    );
    assert_eq!(http.mint(CALLER).await.0, 403);
    http.admin("PATCH", &one, json!({ "stage": "GA" })).await;
    assert_eq!(http.mint(CALLER).await.0, 200);

    let (status, gone) = http.admin("DELETE", &one, Value::Null).await;
    assert_eq!((status, &gone["deleted"]), (200, &json!(true)));
    assert_eq!(http.mint(CALLER).await.0, 403);
    let (_, list) = http.admin("GET", ROLES, Value::Null).await;
    assert_eq!(list, json!({}));
    let (status, body) = http.admin("POST", ROLES, body).await;
    assert_eq!(status, 400);
    assert!(message(&body).contains("in a deleted state"), "{body}");
    let (status, back) = http
        .admin("POST", &format!("{one}:undelete"), json!({}))
        .await;
    assert_eq!((status, back.get("deleted")), (200, None));
    assert_eq!(http.mint(CALLER).await.0, 200);
    http.running.stop().await;
}

#[tokio::test]
async fn roles_that_cannot_be_are_refused() {
    let http = serve("cross-project", Options::default()).await;
    for (body, words) in [
        (json!({ "roleId": "a-b" }), "underscores and periods"),
        (
            json!({ "roleId": "abc", "role": { "includedPermissions": ["iam.x.y"] } }),
            "Permission iam.x.y is not valid.",
        ),
        (
            json!({ "roleId": "abc", "role": { "stage": "SOON" } }),
            "role.stage",
        ),
    ] {
        let (status, answer) = http.admin("POST", ROLES, body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(message(&answer).contains(words), "{answer}");
    }
    let (status, _) = http
        .admin("PATCH", &format!("{ROLES}/none"), json!({}))
        .await;
    assert_eq!(status, 404);
    let lint = |expression: &str| json!({ "condition": { "expression": expression } });
    let (_, good) = http
        .admin(
            "POST",
            "/v1/iamPolicies:lintPolicy",
            lint("request.time < timestamp('2030-01-01T00:00:00Z')"),
        )
        .await;
    assert_eq!(good, json!({}));
    let (status, bad) = http
        .admin("POST", "/v1/iamPolicies:lintPolicy", lint("request.time <"))
        .await;
    assert_eq!(
        (status, &bad["lintResults"][0]["severity"]),
        (200, &json!("ERROR"))
    );
    http.running.stop().await;
}

#[tokio::test]
async fn a_deny_policy_counts_from_the_moment_it_is_written() {
    let http = serve("inherited", Options::default()).await;
    assert_eq!(http.mint(CALLER).await.0, 200);
    let point =
        "/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdata-vault/denypolicies";
    let rules = json!({ "displayName": "none", "rules": [{ "denyRule": {
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"],
    } }] });
    let create = format!("{point}?policyId=no-minting");
    let (status, _) = http.ask(CALLER, "POST", &create, rules.clone()).await;
    assert_eq!(status, 403);
    let (status, done) = http.admin("POST", &create, rules.clone()).await;
    assert_eq!((status, &done["done"]), (200, &json!(true)), "{done}");
    assert_eq!(http.mint(CALLER).await.0, 403);
    assert_eq!(http.admin("POST", &create, rules).await.0, 409);
    let one = format!("{point}/no-minting");
    let (_, policy) = http.admin("GET", &one, Value::Null).await;
    assert_eq!(policy["kind"], "DenyPolicy");
    let mut spared = policy.clone();
    spared["rules"][0]["denyRule"]["exceptionPrincipals"] = json!([
        "principal://iam.googleapis.com/projects/-/serviceAccounts/run-processor@app-prod.iam.gserviceaccount.com"
    ]);
    let (status, _) = http.admin("PUT", &one, spared.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(http.mint(CALLER).await.0, 200);
    assert_eq!(
        http.admin("PUT", &one, spared).await.0,
        409,
        "its etag is spent"
    );
    let (_, list) = http.admin("GET", point, Value::Null).await;
    assert_eq!(list["policies"].as_array().unwrap().len(), 1);
    for (field, bad) in [
        ("deniedPrincipals", json!(["robot:x"])),
        ("deniedPermissions", json!(["iam.roles.get"])),
        // Not supported in deny policies.
        (
            "deniedPermissions",
            json!(["iam.googleapis.com/denypolicies.delete"]),
        ),
        (
            "exceptionPermissions",
            json!(["cloudresourcemanager.googleapis.com/projects.list"]),
        ),
        // Nor are these groups, though what is in them may be.
        (
            "deniedPermissions",
            json!(["iam.googleapis.com/serviceAccounts.*"]),
        ),
        ("deniedPermissions", json!(["iam.googleapis.com/*.*"])),
        (
            "deniedPermissions",
            json!(["iam.googleapis.com/*.getAccessToken"]),
        ),
        ("deniedPermissions", json!(["*"])),
    ] {
        let mut wrong = json!({ "rules": [{ "denyRule": { "deniedPrincipals": [], "deniedPermissions": [] } }] });
        wrong["rules"][0]["denyRule"][field] = bad;
        assert_eq!(http.admin("PUT", &one, wrong).await.0, 400);
    }
    // The groups of the table are taken, and a permission by its alias.
    let (_, policy) = http.admin("GET", &one, Value::Null).await;
    let mut wide = policy.clone();
    wide["rules"][0]["denyRule"]["deniedPermissions"] = json!([
        "iam.googleapis.com/serviceAccountKeys.*",
        "orgpolicy.googleapis.com/*.*",
        "compute.googleapis.com/instances.get",
        "bigqueryreservation.googleapis.com/reservations.create"
    ]);
    assert_eq!(http.admin("PUT", &one, wide).await.0, 200);
    let (status, _) = http.admin("DELETE", &one, Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(http.admin("GET", &one, Value::Null).await.0, 404);
    http.running.stop().await;
}

/// Old bindings name the deleted account; a namesake gets nothing of them, the account itself does.
#[tokio::test]
async fn a_deleted_accounts_bindings_say_so() {
    let http = serve("cross-project", Options::default()).await;
    http.grant().await;
    let run =
        "/v1/projects/app-prod/serviceAccounts/run-processor@app-prod.iam.gserviceaccount.com";
    http.admin("DELETE", run, Value::Null).await;
    let (_, policy) = http
        .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
        .await;
    let ghost = "deleted:serviceAccount:run-processor@app-prod.iam.gserviceaccount.com?uid=171239585602487953359";
    let binding = |policy: &Value| {
        let all = policy["bindings"].as_array().unwrap().clone();
        all.into_iter().find(|b| b["role"] == CREATOR).unwrap()["members"].clone()
    };
    assert_eq!(binding(&policy), json!([ghost]));
    let home = "/v1/projects/app-prod/serviceAccounts";
    let (_, namesake) = http
        .admin("POST", home, json!({ "accountId": "run-processor" }))
        .await;
    assert_ne!(namesake["uniqueId"], "171239585602487953359");
    assert_eq!(http.mint(CALLER).await.0, 403);
    http.admin("DELETE", run, Value::Null).await;
    let (status, body) = http
        .admin(
            "POST",
            &format!("{home}/171239585602487953359:undelete"),
            json!({}),
        )
        .await;
    assert_eq!(status, 200, "{body}");
    let (_, policy) = http
        .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
        .await;
    assert_eq!(binding(&policy), json!([CALLER]));
    assert_eq!(http.mint(CALLER).await.0, 200);
    http.running.stop().await;
}

#[tokio::test]
async fn a_policy_has_its_limits() {
    let http = serve("cross-project", Options::default()).await;
    let set = |members: Vec<String>, condition: Option<&str>| {
        let mut binding = json!({ "role": CREATOR, "members": members });
        if let Some(expression) = condition {
            binding["condition"] = json!({ "title": "t", "expression": expression });
        }
        json!({ "policy": { "version": 3, "bindings": [binding] } })
    };
    let users = |n: usize| {
        (0..n)
            .map(|i| format!("user:u{i}@example.com"))
            .collect::<Vec<_>>()
    };
    let groups = (0..251)
        .map(|i| format!("group:g{i}@example.com"))
        .collect::<Vec<_>>();
    let path = format!("{OWNED}:setIamPolicy");
    for (body, words) in [
        (
            set(users(1_501), None),
            "The number of members in the policy (1501) is larger than the maximum allowed size 1,500.",
        ),
        (set(groups, None), "domains and groups in the policy (251)"),
        (
            set(users(1), Some("request.time <")),
            "Condition expression compilation failed",
        ),
    ] {
        let (status, answer) = http.admin("POST", &path, body).await;
        assert_eq!(status, 400);
        assert!(message(&answer).contains(words), "{answer}");
    }
    let (status, _) = http.admin("POST", &path, set(users(1_500), None)).await;
    assert_eq!(status, 200);
    http.running.stop().await;
}

#[tokio::test]
async fn parts_of_an_answer_can_be_asked_for() {
    let http = serve("cross-project", Options::default()).await;
    let path =
        "/v1/projects/data-vault/serviceAccounts?pageSize=1&fields=accounts(email),nextPageToken";
    let (status, page) = http.admin("GET", path, Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        page["accounts"][0]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["email"]
    );
    assert!(page["nextPageToken"].is_string());
    for bad in ["fields=accounts(", "alt=proto"] {
        let (status, body) = http
            .admin("GET", &format!("/v3/projects/app-prod?{bad}"), Value::Null)
            .await;
        assert_eq!(
            (status, &body["error"]["status"]),
            (400, &json!("INVALID_ARGUMENT")),
            "{bad}"
        );
    }
    http.running.stop().await;
}

/// A delegated administrator may grant the roles that a condition lists, and no other (doc "Set limits
/// on granting roles").
#[tokio::test]
async fn a_condition_may_limit_which_roles_are_granted() {
    let http = serve("cross-project", Options::default()).await;
    let grant = |role: &str, member: &str| json!({ "role": role, "members": [member] });
    let mut limited = grant("roles/iam.serviceAccountAdmin", "user:dora@example.com");
    limited["condition"] = json!({ "title": "only users", "expression":
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/iam.serviceAccountUser'])" });
    let path = format!("{OWNED}:setIamPolicy");
    let policy =
        |more: Value| json!({ "policy": { "version": 3, "bindings": [limited.clone(), more] } });
    let viewer = grant("roles/viewer", "user:ben@example.com");
    let (status, body) = http.admin("POST", &path, policy(viewer.clone())).await;
    assert_eq!(status, 200, "{body}");
    let dora = "user:dora@example.com";
    let mut next = policy(viewer);
    let more = |next: &mut Value, binding: Value| {
        let bindings = next["policy"]["bindings"].as_array_mut().unwrap();
        bindings.push(binding);
    };
    more(
        &mut next,
        grant("roles/iam.serviceAccountUser", "user:cleo@example.com"),
    );
    let (status, body) = http.ask(dora, "POST", &path, next.clone()).await;
    assert_eq!(status, 200, "{body}");
    more(&mut next, grant(CREATOR, CALLER));
    let (status, _) = http.ask(dora, "POST", &path, next).await;
    assert_eq!(status, 403);
    http.running.stop().await;
}
