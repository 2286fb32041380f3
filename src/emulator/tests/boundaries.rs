//! Boundaries and bindings: written, refused, enforced.

use serde_json::{Value, json};

use super::{CALLER, Http, message, serve};
use crate::emulator::Options;

const AT: &str = "/v3/organizations/1001/locations/global";
const RESOURCE: &str = "//cloudresourcemanager.googleapis.com/folders/2002";

fn policy(resource: &str) -> Value {
    json!({ "displayName": "Data", "details": { "rules": [{ "resources": [resource], "effect": "ALLOW" }] } })
}

fn binding(policy: &str) -> Value {
    json!({
        "policy": format!("organizations/1001/locations/global/principalAccessBoundaryPolicies/{policy}"),
        "target": { "principalSet": "//cloudresourcemanager.googleapis.com/folders/2001" },
    })
}

/// A write that must be done at once, and can be asked for again.
async fn done(http: &Http, method: &str, path: &str, body: Value) -> Value {
    let (status, operation) = http.admin(method, path, body).await;
    assert_eq!(
        (status, &operation["done"]),
        (200, &json!(true)),
        "{operation}"
    );
    let name = operation["name"].as_str().unwrap();
    let (status, again) = http.admin("GET", &format!("/v3/{name}"), Value::Null).await;
    assert_eq!((status, &again), (200, &operation));
    operation
}

async fn names(http: &Http, path: &str, field: &str) -> Vec<String> {
    let (status, list) = http.admin("GET", path, Value::Null).await;
    assert_eq!(status, 200, "{list}");
    let ids = list[field].as_array().into_iter().flatten();
    ids.map(|b| {
        b["name"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    })
    .collect()
}

#[tokio::test]
async fn a_boundary_shuts_out_and_its_change_lets_in() {
    let http = serve("boundary", Options::default()).await;
    let here = format!("{AT}/principalAccessBoundaryPolicies");
    assert_eq!(
        http.mint(CALLER).await.0,
        403,
        "the estate's own boundary is in force"
    );
    let known = format!("{here}/prod-only");
    let (_, before) = http.admin("GET", &known, Value::Null).await;
    let wider = json!({
        "etag": before["etag"], "displayName": "ignored",
        "details": { "rules": [{ "resources": [RESOURCE, "//cloudresourcemanager.googleapis.com/folders/2001"], "effect": "ALLOW" }] },
    });
    let masked = format!("{known}?updateMask=details.rules");
    let preview = format!("{masked}&validateOnly=true");
    done(&http, "PATCH", &preview, wider.clone()).await;
    assert_eq!(
        http.admin("GET", &known, Value::Null).await.1,
        before,
        "only validated"
    );
    let operation = done(&http, "PATCH", &masked, wider.clone()).await;
    assert_eq!(
        operation["response"]["@type"],
        "type.googleapis.com/google.iam.v3.PrincipalAccessBoundaryPolicy"
    );
    assert!(
        operation["name"]
            .as_str()
            .unwrap()
            .starts_with("organizations/1001/locations/global/operations/")
    );
    let (_, after) = http.admin("GET", &known, Value::Null).await;
    assert_eq!(after["displayName"], before["displayName"]);
    assert_eq!(
        (&after["uid"], &after["createTime"]),
        (&before["uid"], &before["createTime"])
    );
    assert_eq!(after["details"]["enforcementVersion"], "3");
    assert_eq!(http.mint(CALLER).await.0, 200);
    let (status, _) = http.admin("PATCH", &masked, wider).await;
    assert_eq!(status, 409, "its etag is spent");

    let (status, body) = http.admin("DELETE", &known, Value::Null).await;
    assert_eq!(
        (status, &body["error"]["status"]),
        (400, &json!("FAILED_PRECONDITION"))
    );
    let stale = format!("{known}?force=true&etag=BwAAAAAAAAA%3D");
    assert_eq!(http.admin("DELETE", &stale, Value::Null).await.0, 409);
    done(&http, "DELETE", &format!("{known}?force=true"), Value::Null).await;
    assert_eq!(http.admin("GET", &known, Value::Null).await.0, 404);
    assert!(
        names(&http, &format!("{AT}/policyBindings"), "policyBindings")
            .await
            .is_empty()
    );
    assert_eq!(http.mint(CALLER).await.0, 200);
    http.running.stop().await;
}

#[tokio::test]
async fn a_binding_binds_until_it_is_gone() {
    let http = serve("inherited", Options::default()).await;
    assert_eq!(http.mint(CALLER).await.0, 200);
    let here = format!("{AT}/principalAccessBoundaryPolicies");
    let create = format!("{here}?principalAccessBoundaryPolicyId=prod");
    let narrow = policy("//cloudresourcemanager.googleapis.com/folders/2001");
    let made = done(&http, "POST", &create, narrow.clone()).await;
    assert_eq!(
        made["response"]["details"]["enforcementVersion"], "4",
        "the newest"
    );
    assert!(
        made["response"]["uid"]
            .as_str()
            .unwrap()
            .starts_with("puid_")
    );
    assert_eq!(http.admin("POST", &create, narrow).await.0, 409);
    assert_eq!(
        names(&http, &here, "principalAccessBoundaryPolicies").await,
        ["prod"]
    );
    assert_eq!(http.mint(CALLER).await.0, 200, "it is not bound yet");

    let folder = "/v3/folders/2001/locations/global/policyBindings";
    let bind = format!("{folder}?policyBindingId=prod-apps");
    let made = done(&http, "POST", &bind, binding("prod")).await["response"].clone();
    assert_eq!(made["policyKind"], "PRINCIPAL_ACCESS_BOUNDARY");
    assert!(made["policyUid"].as_str().unwrap().starts_with("puid_"));
    assert_eq!(http.mint(CALLER).await.0, 403);
    let search = format!("{here}/prod:searchPolicyBindings");
    assert_eq!(names(&http, &search, "policyBindings").await, ["prod-apps"]);
    let target = "target=%2F%2Fcloudresourcemanager.googleapis.com%2Ffolders%2F2001";
    let search = format!("{folder}:searchTargetPolicyBindings?{target}");
    assert_eq!(names(&http, &search, "policyBindings").await, ["prod-apps"]);

    let one = format!("{folder}/prod-apps");
    let spared = json!({ "condition": { "expression": "principal.type != 'iam.googleapis.com/ServiceAccount'" } });
    done(
        &http,
        "PATCH",
        &format!("{one}?updateMask=condition"),
        spared,
    )
    .await;
    assert_eq!(
        http.mint(CALLER).await.0,
        200,
        "the condition spares service accounts"
    );
    let moved = json!({ "target": { "principalSet": "//cloudresourcemanager.googleapis.com/folders/2002" } });
    let (status, body) = http
        .admin("PATCH", &format!("{one}?updateMask=target"), moved)
        .await;
    assert_eq!(status, 400);
    assert!(message(&body).contains("immutable"), "{body}");
    done(
        &http,
        "PATCH",
        &format!("{one}?updateMask=condition"),
        json!({}),
    )
    .await;
    assert_eq!(http.mint(CALLER).await.0, 403);
    let gone = done(&http, "DELETE", &one, Value::Null).await;
    assert_eq!(
        gone["response"],
        json!({ "@type": "type.googleapis.com/google.protobuf.Empty" })
    );
    assert_eq!(http.mint(CALLER).await.0, 200);
    assert!(names(&http, &search, "policyBindings").await.is_empty());
    assert_eq!(http.admin("GET", &one, Value::Null).await.0, 404);
    http.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_a_boundary_or_a_binding_is_refused() {
    let http = serve("boundary", Options::default()).await;
    let create =
        format!("{AT}/principalAccessBoundaryPolicies?principalAccessBoundaryPolicyId=abc");
    let version = |version: &str| {
        let mut body = policy(RESOURCE);
        body["details"]["enforcementVersion"] = json!(version);
        body
    };
    let mut effect = policy(RESOURCE);
    effect["details"]["rules"][0]["effect"] = json!("MAYBE");
    for (body, words) in [
        (version("5"), "enforcementVersion"),
        (version("0"), "enforcementVersion"),
        (
            policy("//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"),
            "is not supported",
        ),
        (policy("folders/2002"), "is not supported"),
        (effect, "effect"),
        (json!({ "displayName": "x".repeat(64) }), "63 characters"),
        (json!({ "rules": [] }), "Unknown name"),
        (json!({ "annotations": { "a": 1 } }), "annotations"),
    ] {
        let (status, answer) = http.admin("POST", &create, body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(message(&answer).contains(words), "{answer}");
    }
    let short = format!("{AT}/principalAccessBoundaryPolicies?principalAccessBoundaryPolicyId=Ab");
    assert_eq!(http.admin("POST", &short, policy(RESOURCE)).await.0, 400);
    let unsure = format!("{create}&validateOnly=perhaps");
    assert_eq!(http.admin("POST", &unsure, policy(RESOURCE)).await.0, 400);
    assert_eq!(
        http.admin(
            "GET",
            &format!("{AT}/principalAccessBoundaryPolicies/abc"),
            Value::Null
        )
        .await
        .0,
        404
    );

    let known = format!("{AT}/principalAccessBoundaryPolicies/prod-only?updateMask=");
    for (mask, words) in [
        ("uid,title".to_owned(), "title cannot be updated"),
        (format!("details{}", ".a".repeat(20_000)), "too deep"),
    ] {
        let (status, answer) = http
            .admin("PATCH", &format!("{known}{mask}"), json!({}))
            .await;
        assert_eq!(status, 400, "{answer}");
        assert!(message(&answer).contains(words), "{answer}");
    }

    let create = "/v3/folders/2001/locations/global/policyBindings?policyBindingId=abc";
    let with = |field: &str, value: Value| {
        let mut body = binding("prod-only");
        body[field] = value;
        body
    };
    let condition = |text: &str| with("condition", json!({ "expression": text }));
    for (body, words) in [
        (condition("principal.type =="), "compilation failed"),
        (condition("resource.name == 'x'"), "resource.name"),
        (
            condition("request.time < timestamp('2030-01-01T00:00:00Z')"),
            "request.time",
        ),
        (
            condition(&format!("principal.subject == '{}'", "x".repeat(250))),
            "250",
        ),
        (
            with(
                "target",
                json!({ "principalSet": "//cloudresourcemanager.googleapis.com/folders/2002" }),
            ),
            "principalSet",
        ),
        (with("policyKind", json!("ACCESS")), "policyKind"),
        (with("policy", json!("folders/1")), "policy must be"),
    ] {
        let (status, answer) = http.admin("POST", create, body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(message(&answer).contains(words), "{answer}");
    }
    assert_eq!(http.admin("POST", create, binding("none")).await.0, 404);
    http.running.stop().await;
}

/// Each write asks for its own permission; a binding for one on the policy and one on the target.
#[tokio::test]
async fn every_write_needs_its_own_permission() {
    let http = serve("inherited", Options::default()).await;
    let who = "user:ana@example.com";
    let roles = "/v1/organizations/1001/roles";
    let body = json!({ "roleId": "pab", "role": { "title": "pab", "stage": "GA" } });
    assert_eq!(http.admin("POST", roles, body).await.0, 200);
    let set = "/v3/organizations/1001";
    let (_, mut on) = http
        .admin("POST", &format!("{set}:getIamPolicy"), json!({}))
        .await;
    let bindings = on["bindings"].as_array_mut().unwrap();
    bindings.push(json!({ "role": "organizations/1001/roles/pab", "members": [who] }));
    let (status, body) = http
        .admin(
            "POST",
            &format!("{set}:setIamPolicy"),
            json!({ "policy": on }),
        )
        .await;
    assert_eq!(status, 200, "{body}");
    let hold = async |permissions: &[&str]| {
        let body = json!({ "includedPermissions": permissions });
        let path = format!("{roles}/pab?updateMask=includedPermissions");
        let (status, body) = http.admin("PATCH", &path, body).await;
        assert_eq!(status, 200, "{body}");
    };
    let policies = format!("{AT}/principalAccessBoundaryPolicies");
    let folder = "/v3/folders/2001/locations/global/policyBindings";
    let pab = |verb: &str| format!("iam.principalaccessboundarypolicies.{verb}");
    let on_folder = |verb: &str| format!("resourcemanager.folders.{verb}PolicyBinding");
    let steps: [(&str, String, Value, Vec<String>); 6] = [
        (
            "POST",
            format!("{policies}?principalAccessBoundaryPolicyId=abc"),
            policy(RESOURCE),
            vec![pab("create")],
        ),
        (
            "PATCH",
            format!("{policies}/abc"),
            json!({ "displayName": "b" }),
            vec![pab("update")],
        ),
        (
            "POST",
            format!("{folder}?policyBindingId=abc"),
            binding("abc"),
            vec![on_folder("create"), pab("bind")],
        ),
        (
            "PATCH",
            format!("{folder}/abc"),
            json!({ "displayName": "c" }),
            vec![on_folder("update"), pab("bind")],
        ),
        (
            "DELETE",
            format!("{folder}/abc"),
            Value::Null,
            vec![on_folder("delete"), pab("unbind")],
        ),
        (
            "DELETE",
            format!("{policies}/abc"),
            Value::Null,
            vec![pab("delete")],
        ),
    ];
    for (method, path, body, needed) in steps {
        for held in 0..needed.len() {
            let some: Vec<&str> = needed[..held].iter().map(String::as_str).collect();
            hold(&some).await;
            let (status, answer) = http.ask(who, method, &path, body.clone()).await;
            assert_eq!(status, 403, "{method} {path}: {answer}");
            assert!(message(&answer).contains(&needed[held]), "{answer}");
        }
        let all: Vec<&str> = needed.iter().map(String::as_str).collect();
        hold(&all).await;
        let (status, answer) = http.ask(who, method, &path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        // Whoever started it may see how it went; nobody else without a permission for it.
        let operation = format!("/v3/{}", answer["name"].as_str().unwrap());
        assert_eq!(
            http.ask(who, "GET", &operation, Value::Null).await,
            (200, answer)
        );
        assert_eq!(
            http.ask(CALLER, "GET", &operation, Value::Null).await.0,
            403
        );
    }
    http.running.stop().await;
}

/// The names of Google's table: a boundary stops what its enforcement version can block, and nothing of what
/// it takes to see and undo it.
#[tokio::test]
async fn whoever_is_inside_a_boundary_can_undo_it() {
    let http = serve("inherited", Options::default()).await;
    let who = "user:ana@example.com";
    let set = "/v3/organizations/1001";
    let (_, mut on) = http
        .admin("POST", &format!("{set}:getIamPolicy"), json!({}))
        .await;
    let bindings = on["bindings"].as_array_mut().unwrap();
    for role in [
        "roles/iam.principalAccessBoundaryAdmin",
        "roles/resourcemanager.organizationAdmin",
        "roles/iam.organizationRoleAdmin",
        "roles/iam.denyAdmin",
        "roles/iam.workforcePoolAdmin",
        "roles/orgpolicy.policyAdmin",
        "roles/serviceusage.serviceUsageAdmin",
        "roles/cloudasset.viewer",
    ] {
        bindings.push(json!({ "role": role, "members": [who] }));
    }
    let body = json!({ "policy": on });
    let (status, body) = http
        .admin("POST", &format!("{set}:setIamPolicy"), body)
        .await;
    assert_eq!(status, 200, "{body}");

    let here = format!("{AT}/principalAccessBoundaryPolicies");
    let create = format!("{here}?principalAccessBoundaryPolicyId=apart");
    let bind = format!("{AT}/policyBindings?policyBindingId=apart");
    let bound = json!({
        "policy": "organizations/1001/locations/global/principalAccessBoundaryPolicies/apart",
        "target": { "principalSet": "//cloudresourcemanager.googleapis.com/organizations/1001" },
    });
    // What is asked for, and the version that brings it: outside of the boundary from then on.
    let deny =
        "/v2/policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1001/denypolicies";
    let asked = [
        (set, 2),
        ("/v1/organizations/1001/roles", 3),
        (deny, 3),
        ("/v2/organizations/1001/policies", 3),
        (
            "/v1/locations/global/workforcePools?parent=organizations/1001",
            4,
        ),
        ("/v1/projects/app-prod/services/iam.googleapis.com", 4),
    ];
    let ask = async |path: &str| http.ask(who, "GET", path, Value::Null).await.0;
    for version in ["1", "2", "3", "4", "latest", ""] {
        let mut policy = policy("//cloudresourcemanager.googleapis.com/folders/2002");
        policy["details"]["enforcementVersion"] = json!(version);
        let (status, body) = http.ask(who, "POST", &create, policy).await;
        assert_eq!(status, 200, "version {version:?}: {body}");
        let (status, body) = http.ask(who, "POST", &bind, bound.clone()).await;
        assert_eq!(status, 200, "version {version:?}: {body}");
        let number = version.parse().unwrap_or(4);
        for (path, from) in asked {
            let status = ask(path).await;
            assert_eq!(
                status == 403,
                number >= from,
                "{path} at version {version:?}: {status}"
            );
        }
        for path in [
            format!("{AT}/policyBindings"),
            format!("{AT}/policyBindings/apart"),
            format!("{here}/apart"),
            here.clone(),
            format!("{here}/apart:searchPolicyBindings"),
            format!(
                "{AT}/policyBindings:searchTargetPolicyBindings?target=%2F%2Fcloudresourcemanager.googleapis.com%2Forganizations%2F1001"
            ),
        ] {
            assert_eq!(ask(&path).await, 200, "{path} at version {version:?}");
        }
        let patch = format!("{AT}/policyBindings/apart?updateMask=displayName");
        let (status, body) = http
            .ask(who, "PATCH", &patch, json!({ "displayName": "x" }))
            .await;
        assert_eq!(status, 200, "version {version:?}: {body}");
        let one = format!("{AT}/policyBindings/apart");
        let (status, body) = http.ask(who, "DELETE", &one, Value::Null).await;
        assert_eq!(status, 200, "version {version:?}: {body}");
        for (path, _) in asked {
            assert_ne!(ask(path).await, 403, "{path}, unbound");
        }
        let (status, body) = http
            .ask(who, "DELETE", &format!("{here}/apart"), Value::Null)
            .await;
        assert_eq!(status, 200, "version {version:?}: {body}");
    }
    http.running.stop().await;
}
