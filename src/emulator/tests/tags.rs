//! Tags: made, bound, seen by conditions, taken off again.

use serde_json::{Value, json};

use super::{CALLER, OWNED, serve};
use crate::emulator::Options;

const BINDINGS: &str = "/v3/tagBindings";
const VAULT: &str = "//cloudresourcemanager.googleapis.com/projects/data-vault";

/// Makes a key `env` with the values `prod` and `dev`; gives the ids of the three.
async fn made(http: &super::Http) -> [String; 3] {
    let name = |(status, body): (u16, Value)| {
        assert_eq!((status, &body["done"]), (200, &json!(true)), "{body}");
        body["response"]["name"].as_str().unwrap().to_owned()
    };
    let body = json!({ "parent": "organizations/1001", "shortName": "env" });
    let key = name(http.admin("POST", "/v3/tagKeys", body).await);
    let mut values = Vec::new();
    for short in ["prod", "dev"] {
        let body = json!({ "parent": key, "shortName": short });
        values.push(name(http.admin("POST", "/v3/tagValues", body).await));
    }
    [key, values.remove(0), values.remove(0)]
}

async fn bind(http: &super::Http, value: &str) -> (u16, Value) {
    let body = json!({ "parent": VAULT, "tagValue": value });
    http.admin("POST", BINDINGS, body).await
}

#[tokio::test]
async fn a_condition_sees_a_tag_that_was_bound_and_no_longer_one_that_was_taken_off() {
    let http = serve("cross-project", Options::default()).await;
    let [_, prod, _] = made(&http).await;
    let (_, mut policy) = http
        .admin("POST", &format!("{OWNED}:getIamPolicy"), json!({}))
        .await;
    policy["version"] = json!(3);
    policy["bindings"].as_array_mut().unwrap().push(json!({
        "role": "roles/iam.serviceAccountTokenCreator", "members": [CALLER],
        "condition": { "title": "prod", "expression": "resource.matchTag('1001/env', 'prod')" },
    }));
    let body = json!({ "policy": policy });
    assert_eq!(
        http.admin("POST", &format!("{OWNED}:setIamPolicy"), body)
            .await
            .0,
        200
    );
    assert_eq!(http.mint(CALLER).await.0, 403);
    let (status, bound) = bind(&http, &prod).await;
    assert_eq!(status, 200, "{bound}");
    assert_eq!(http.mint(CALLER).await.0, 200, "inherited from the project");

    let path = format!("{BINDINGS}?parent={VAULT}");
    let (_, list) = http.admin("GET", &path, Value::Null).await;
    let one = &list["tagBindings"][0];
    assert_eq!(
        (&one["tagValue"], &one["tagValueNamespacedName"]),
        (&json!(prod), &json!("1001/env/prod"))
    );
    // The name holds the project's number, and leads back to the binding.
    let name = one["name"].as_str().unwrap();
    assert_eq!(bound["response"]["name"], name);
    // gcloud escapes it once more.
    for name in [name.to_owned(), name.replace('%', "%25")] {
        let path = format!("/v3/{name}");
        let (status, gone) = http.admin("DELETE", &path, Value::Null).await;
        assert_eq!(status, 200, "{gone}");
        assert_eq!(http.mint(CALLER).await.0, 403);
        assert_eq!(bind(&http, &prod).await.0, 200);
    }
    http.running.stop().await;
}

#[tokio::test]
async fn what_tags_refuse() {
    let http = serve("cross-project", Options::default()).await;
    let [key, prod, dev] = made(&http).await;
    assert_eq!(bind(&http, "1001/env/prod").await.0, 400, "no id");
    assert_eq!(bind(&http, &prod).await.0, 200);
    let (status, second) = bind(&http, &dev).await;
    assert_eq!(status, 400);
    let message = second["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("A binding already exists"), "{message}");
    // A value that is bound and a key that has values stay.
    for name in [&prod, &key] {
        let (status, body) = http
            .admin("DELETE", &format!("/v3/{name}"), Value::Null)
            .await;
        assert_eq!(
            (status, &body["error"]["status"]),
            (400, &json!("FAILED_PRECONDITION"))
        );
    }
    let trial = format!("/v3/{dev}?validateOnly=true");
    for _ in 0..2 {
        let (status, _) = http.admin("DELETE", &trial, Value::Null).await;
        assert_eq!(status, 200, "a trial deletes nothing");
    }
    let (status, _) = http
        .admin("DELETE", &format!("/v3/{dev}"), Value::Null)
        .await;
    assert_eq!(status, 200);
    let again = json!({ "parent": key, "shortName": "prod" });
    assert_eq!(http.admin("POST", "/v3/tagValues", again).await.0, 409);
    let bad = json!({ "parent": "organizations/1001", "shortName": "-x" });
    assert_eq!(http.admin("POST", "/v3/tagKeys", bad).await.0, 400);
    // Nobody else may bind, look or make.
    let body = json!({ "parent": VAULT, "tagValue": prod });
    assert_eq!(http.ask(CALLER, "POST", BINDINGS, body).await.0, 403);
    for path in [
        format!("{BINDINGS}?parent={VAULT}"),
        format!("/v3/{key}"),
        "/v3/tagKeys?parent=organizations/1001".to_owned(),
    ] {
        assert_eq!(
            http.ask(CALLER, "GET", &path, Value::Null).await.0,
            403,
            "{path}"
        );
    }
    // What is not there is refused alike.
    assert_eq!(
        http.admin("GET", "/v3/tagValues/1", Value::Null).await.0,
        403
    );
    http.running.stop().await;
}
