//! Organization policies: served, written, and enforced.

use serde_json::{Value, json};

use super::{CALLER, CREATOR, OWNED, TARGET, message, serve};
use crate::emulator::Options;

const POLICIES: &str = "/v2/projects/data-vault/policies";
const DOMAINS: &str = "iam.allowedPolicyMemberDomains";

/// The number of the demo's project and of its organization.
async fn numbers(http: &super::Http) -> (String, String) {
    let (_, project) = http
        .admin("GET", "/v3/projects/data-vault", Value::Null)
        .await;
    let (_, ancestry) = http
        .admin("POST", "/v1/projects/data-vault:getAncestry", json!({}))
        .await;
    let top = ancestry["ancestor"].as_array().unwrap().last().unwrap();
    let number = project["name"].as_str().unwrap();
    (
        number.strip_prefix("projects/").unwrap().to_owned(),
        top["resourceId"]["id"].as_str().unwrap().to_owned(),
    )
}

fn policy(on: &str, constraint: &str, spec: Value) -> Value {
    json!({ "name": format!("{on}/policies/{constraint}"), "spec": spec })
}

#[tokio::test]
async fn a_policy_is_made_read_changed_and_taken_away() {
    let http = serve("cross-project", Options::default()).await;
    let (number, organization) = numbers(&http).await;
    assert_eq!(
        http.admin("GET", POLICIES, Value::Null).await,
        (200, json!({}))
    );
    let one = format!("{POLICIES}/{DOMAINS}");
    let (status, _) = http.admin("GET", &one, Value::Null).await;
    assert_eq!(status, 404);
    let spec = json!({ "inheritFromParent": true, "rules": [{ "values": { "allowedValues": ["is:C0more"] } }] });
    let body = policy("projects/data-vault", DOMAINS, spec);
    let (status, _) = http.ask(CALLER, "POST", POLICIES, body.clone()).await;
    assert_eq!(status, 403);
    let (status, made) = http.admin("POST", POLICIES, body.clone()).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        made["name"],
        format!("projects/{number}/policies/{DOMAINS}")
    );
    let etag = made["spec"]["etag"].as_str().unwrap();
    assert_eq!(made["etag"], format!("{etag}-"));
    let (status, again) = http.admin("POST", POLICIES, body.clone()).await;
    assert_eq!(
        (status, &again["error"]["status"]),
        (409, &json!("ALREADY_EXISTS"))
    );
    assert_eq!(
        http.admin("GET", &one, Value::Null).await,
        (200, made.clone())
    );
    let (_, list) = http.admin("GET", POLICIES, Value::Null).await;
    assert_eq!(list, json!({ "policies": [made] }));

    // Merged with what is set above.
    let above = policy(
        &format!("organizations/{organization}"),
        DOMAINS,
        json!({ "rules": [{ "values": { "allowedValues": ["is:C0top"] } }] }),
    );
    let (status, _) = http
        .admin(
            "POST",
            &format!("/v2/organizations/{organization}/policies"),
            above,
        )
        .await;
    assert_eq!(status, 200);
    let (_, effective) = http
        .admin("GET", &format!("{one}:getEffectivePolicy"), Value::Null)
        .await;
    assert_eq!(
        effective,
        json!({ "name": made["name"], "spec": { "rules": [{ "values": { "allowedValues": ["is:C0more", "is:C0top"] } }] } })
    );
    let (_, older) = http
        .admin(
            "POST",
            "/v1/projects/data-vault:getEffectiveOrgPolicy",
            json!({ "constraint": format!("constraints/{DOMAINS}") }),
        )
        .await;
    assert_eq!(
        older,
        json!({ "constraint": format!("constraints/{DOMAINS}"), "listPolicy": { "allowedValues": ["is:C0more", "is:C0top"] } })
    );
    let (_, default) = http
        .admin(
            "GET",
            &format!("{POLICIES}/iam.disableCrossProjectServiceAccountUsage:getEffectivePolicy"),
            Value::Null,
        )
        .await;
    assert_eq!(default["spec"], json!({ "rules": [{ "enforce": true }] }));

    let mut changed = made.clone();
    changed["spec"] = json!({ "rules": [{ "allowAll": true }] });
    changed["etag"] = json!("stale");
    assert_eq!(http.admin("PATCH", &one, changed.clone()).await.0, 409);
    changed["etag"] = made["etag"].clone();
    let (status, now) = http.admin("PATCH", &one, changed).await;
    assert_eq!(status, 200, "{now}");
    assert_ne!(now["etag"], made["etag"]);
    let stale = format!("{one}?etag=stale");
    assert_eq!(http.admin("DELETE", &stale, Value::Null).await.0, 409);
    assert_eq!(
        http.admin("DELETE", &one, Value::Null).await,
        (200, json!({}))
    );
    assert_eq!(http.admin("DELETE", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_policy_that_cannot_be_is_refused() {
    let http = serve("cross-project", Options::default()).await;
    for (constraint, spec, status, words) in [
        (
            DOMAINS,
            json!({ "rules": [{ "enforce": true }] }),
            400,
            "takes rules with values",
        ),
        (
            DOMAINS,
            json!({ "reset": true, "inheritFromParent": true }),
            400,
            "reset goes with no rules",
        ),
        (
            "nothing",
            json!({ "rules": [{ "enforce": true }] }),
            404,
            "was not found",
        ),
        (
            DOMAINS,
            json!({ "rules": [{ "allowAll": true, "condition": { "expression": "(" } }] }),
            400,
            "does not compile",
        ),
    ] {
        let body = policy("projects/data-vault", constraint, spec);
        let (code, said) = http.admin("POST", POLICIES, body).await;
        assert_eq!(code, status, "{said}");
        assert!(message(&said).contains(words), "{said}");
    }
    let elsewhere = policy("projects/app-prod", DOMAINS, json!({}));
    assert_eq!(http.admin("POST", POLICIES, elsewhere).await.0, 400);
}

#[tokio::test]
async fn a_member_from_outside_is_refused_and_so_is_whoever_comes_after_one() {
    let http = serve("cross-project", Options::default()).await;
    let grant = |members: Value| json!({ "policy": { "bindings": [{ "role": CREATOR, "members": members }] } });
    let set = format!("{OWNED}:setIamPolicy");
    let outside = "user:someone@gmail.com";
    let domains = policy(
        "projects/data-vault",
        DOMAINS,
        json!({ "rules": [{ "values": { "allowedValues": ["is:C0nobody"] } }] }),
    );
    assert_eq!(http.admin("POST", POLICIES, domains).await.0, 200);
    let (status, said) = http.admin("POST", &set, grant(json!([outside]))).await;
    assert_eq!(
        (status, said["error"]["status"].as_str()),
        (400, Some("FAILED_PRECONDITION"))
    );
    assert_eq!(
        message(&said),
        "One or more users named in the policy do not belong to a permitted customer."
    );
    let violation = &said["error"]["details"][0]["violations"][0];
    assert_eq!(violation["type"], format!("constraints/{DOMAINS}"));
    assert_eq!(
        violation["description"],
        "User someone@gmail.com is not in permitted organization."
    );

    // The whole policy is judged: one who stands there keeps the next one out.
    let one = format!("{POLICIES}/{DOMAINS}");
    assert_eq!(http.admin("DELETE", &one, Value::Null).await.0, 200);
    assert_eq!(
        http.admin("POST", &set, grant(json!([outside]))).await.0,
        200
    );
    let own = policy(
        "projects/data-vault",
        "iam.managed.allowedPolicyMembers",
        json!({ "rules": [{ "enforce": true, "parameters": { "allowedMemberSubjects": [CALLER] } }] }),
    );
    assert_eq!(http.admin("POST", POLICIES, own).await.0, 200);
    assert_eq!(
        http.admin("POST", &set, grant(json!([CALLER]))).await.0,
        200
    );
    let (status, said) = http
        .admin("POST", &set, grant(json!([CALLER, outside])))
        .await;
    assert_eq!(status, 400);
    let info = &said["error"]["details"][0];
    assert_eq!(info["reason"], "CUSTOM_ORG_POLICY_VIOLATION");
    assert_eq!(
        info["metadata"]["customConstraints"],
        "constraints/iam.managed.allowedPolicyMembers"
    );
}

#[tokio::test]
async fn lifetimes_and_keys_hang_on_organization_policies() {
    let http = serve("cross-project", Options::default()).await;
    http.grant().await;
    let long = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "43200s" });
    let mint = format!("{TARGET}:generateAccessToken");
    assert_eq!(http.ask(CALLER, "POST", &mint, long.clone()).await.0, 400);
    let email = TARGET.rsplit('/').next().unwrap();
    let extension = policy(
        "projects/data-vault",
        "iam.allowServiceAccountCredentialLifetimeExtension",
        json!({ "rules": [{ "values": { "allowedValues": [email] } }] }),
    );
    assert_eq!(http.admin("POST", POLICIES, extension).await.0, 200);
    let (status, token) = http.ask(CALLER, "POST", &mint, long).await;
    assert_eq!(status, 200, "{token}");

    let keys = format!("{OWNED}/keys");
    let forbidden = policy(
        "projects/data-vault",
        "iam.disableServiceAccountKeyCreation",
        json!({ "rules": [{ "enforce": true }] }),
    );
    assert_eq!(http.admin("POST", POLICIES, forbidden).await.0, 200);
    let (status, said) = http.admin("POST", &keys, json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(
        said["error"]["details"][0]["violations"][0],
        json!({
            "type": "constraints/iam.disableServiceAccountKeyCreation",
            "subject": format!("projects/data-vault/serviceAccounts/{email}?configvalue={}", email.replace('@', "%40")),
            "description": "Key creation is not allowed on this service account.",
        })
    );
}
