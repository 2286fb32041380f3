//! What `explain` says of a token exchange is what the exchange comes to, over HTTP, and the other way round.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Http;
use super::credentials::exchange;
use crate::emulator::{Options, start};
use crate::estate::file;
use crate::evaluate::{Outcome, Question, explain};
use crate::iam::{Principal, Resource};

/// What is done to an estate file.
type Change = Box<dyn Fn(&mut Value)>;

const POOL: &str = "projects/630184729503/locations/global/workloadIdentityPools/lab-jobs";
const STAFF: &str = "locations/global/workforcePools/lab-staff";
const TARGET: &str = "bq-privileged@data-vault.iam.gserviceaccount.com";
const SUBJECT: &str = "job: Nightly Build";

/// The token as its issuer would write it; without keys in the provider its signature is not looked at.
fn jwt(claims: &Value) -> String {
    use base64::Engine as _;
    let part = |v: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(v.to_string());
    format!("{}.{}.AAAA", part(&json!({ "alg": "RS256" })), part(claims))
}

fn claims() -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({ "iss": "https://lab.example", "aud": format!("https://iam.googleapis.com/{POOL}/providers/lab"),
        "sub": SUBJECT, "team": "Blue", "branch": "main", "groups": ["ops", "dev"], "iat": now, "exp": now + 600 })
}

fn estate(member: &str) -> Value {
    let text = include_str!("../../../assets/estates/github.json");
    let mut estate: Value = serde_json::from_str(text).unwrap();
    let account = format!("//iam.googleapis.com/projects/data-vault/serviceAccounts/{TARGET}");
    estate["iamPolicies"][account] = json!({ "version": 3, "bindings": [
        { "role": "roles/iam.workloadIdentityUser", "members": [member] }] });
    estate["pools"] = json!([
        { "name": POOL, "state": "ACTIVE" },
        { "name": STAFF, "state": "ACTIVE", "parent": "organizations/1001" },
    ]);
    estate["providers"] = json!([{
        "name": format!("{POOL}/providers/lab"), "state": "ACTIVE",
        "attributeMapping": { "google.subject": "assertion.sub", "attribute.team": "assertion.team",
            "google.groups": "assertion.groups" },
        "oidc": { "issuerUri": "https://lab.example" },
    }]);
    estate
}

/// Which way it goes, by `explain` and by the service; with what the service said.
async fn both(file: &Value, claims: &Value, provider: &str) -> (Outcome, bool, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let estate = file::read_text("lab", &file.to_string()).unwrap();
    let (pool, _) = provider.split_once("/providers/").unwrap();
    let subject = claims["sub"].as_str().unwrap();
    let caller = format!("principal://iam.googleapis.com/{pool}/subject/{subject}");
    let question = Question {
        claims: Some(Arc::new(claims.clone())),
        ..Question::new(
            Principal::parse(&caller).unwrap(),
            Resource::parse_account(TARGET).unwrap(),
            jiff::Timestamp::now(),
        )
    };
    let outcome = explain(&estate, &question).outcome;
    let http = Http {
        running: start(estate, Options::default()).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let audience = format!("//iam.googleapis.com/{provider}");
    let (status, given) = exchange(&http, "/v1/token", &jwt(claims), &audience).await;
    let (through, said) = if status == 200 {
        let bearer = given["access_token"].as_str().unwrap();
        let (status, body) = http.mint(bearer).await;
        (status == 200, body.to_string())
    } else {
        (false, given.to_string())
    };
    http.running.stop().await;
    (outcome, through, said)
}

fn set(tail: &str) -> String {
    format!("principalSet://iam.googleapis.com/{POOL}/{tail}")
}

#[tokio::test]
async fn explain_and_the_exchange_agree() {
    let lab = format!("{POOL}/providers/lab");
    let own = format!("principal://iam.googleapis.com/{POOL}/subject/{SUBJECT}");
    let change = |path: &str, value: Value| -> Change {
        let path = path.to_owned();
        Box::new(move |estate: &mut Value| *estate.pointer_mut(&path).unwrap() = value.clone())
    };
    let add = |path: &str, name: &str, value: Value| -> Change {
        let (path, name) = (path.to_owned(), name.to_owned());
        Box::new(move |estate: &mut Value| {
            estate.pointer_mut(&path).unwrap()[&name] = value.clone();
        })
    };
    let claim = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let nothing = || -> Change { Box::new(|_| ()) };
    let long = "x".repeat(128);
    let mapping = "/providers/0/attributeMapping";
    let condition = |text: &str| add("/providers/0", "attributeCondition", json!(text));
    let rows: Vec<(&str, String, Change, Value, bool)> = vec![
        ("the subject", own.clone(), nothing(), claims(), true),
        ("the pool", set("*"), nothing(), claims(), true),
        (
            "the attribute",
            set("attribute.team/Blue"),
            nothing(),
            claims(),
            true,
        ),
        (
            "another value",
            set("attribute.team/Red"),
            nothing(),
            claims(),
            false,
        ),
        (
            "in lower case",
            set("attribute.team/blue"),
            nothing(),
            claims(),
            false,
        ),
        ("a group", set("group/ops"), nothing(), claims(), true),
        (
            "another group",
            set("group/admins"),
            nothing(),
            claims(),
            false,
        ),
        (
            "not mapped",
            set("attribute.branch/main"),
            nothing(),
            claims(),
            false,
        ),
        (
            "mapped",
            set("attribute.branch/main"),
            add(mapping, "attribute.branch", json!("assertion.branch")),
            claims(),
            true,
        ),
        (
            "a mapping that is calculated",
            set("attribute.kind/job"),
            add(
                mapping,
                "attribute.kind",
                json!("assertion.sub.split(':')[0]"),
            ),
            claims(),
            true,
        ),
        (
            "by extract",
            set("attribute.kind/ Nightly Build"),
            add(
                mapping,
                "attribute.kind",
                json!("assertion.sub.extract('job:{name}')"),
            ),
            claims(),
            true,
        ),
        (
            "a claim that is missing",
            own.clone(),
            add(mapping, "attribute.env", json!("assertion.env")),
            claims(),
            false,
        ),
        (
            "a pool that is disabled",
            own.clone(),
            add("/pools/0", "disabled", json!(true)),
            claims(),
            false,
        ),
        (
            "a pool that is deleted",
            own.clone(),
            change("/pools/0/state", json!("DELETED")),
            claims(),
            false,
        ),
        (
            "a provider that is disabled",
            own.clone(),
            add("/providers/0", "disabled", json!(true)),
            claims(),
            false,
        ),
        (
            "a provider that is deleted",
            own.clone(),
            change("/providers/0/state", json!("DELETED")),
            claims(),
            false,
        ),
        (
            "another issuer",
            own.clone(),
            nothing(),
            claim("iss", json!("https://other.example")),
            false,
        ),
        (
            "a slash more",
            own.clone(),
            nothing(),
            claim("iss", json!("https://lab.example/")),
            false,
        ),
        (
            "another audience",
            own.clone(),
            nothing(),
            claim("aud", json!("other")),
            false,
        ),
        (
            "the audience without https",
            own.clone(),
            nothing(),
            claim("aud", json!(format!("//iam.googleapis.com/{lab}"))),
            true,
        ),
        (
            "one of several audiences",
            own.clone(),
            nothing(),
            claim("aud", json!(["x", format!("//iam.googleapis.com/{lab}")])),
            true,
        ),
        (
            "the default audience where others are allowed",
            own.clone(),
            add("/providers/0/oidc", "allowedAudiences", json!(["lab"])),
            claims(),
            false,
        ),
        (
            "an audience that is allowed",
            own.clone(),
            add("/providers/0/oidc", "allowedAudiences", json!(["lab"])),
            claim("aud", json!("lab")),
            true,
        ),
        (
            "a condition that holds",
            own.clone(),
            condition("assertion.team == 'Blue' && 'ops' in google.groups"),
            claims(),
            true,
        ),
        (
            "a condition that does not",
            own.clone(),
            condition("attribute.team == 'blue'"),
            claims(),
            false,
        ),
        (
            "one on the subject",
            own.clone(),
            condition("google.subject.startsWith('job:')"),
            claims(),
            true,
        ),
        (
            "one that goes wrong",
            own.clone(),
            condition("assertion.nothing == 'x'"),
            claims(),
            false,
        ),
        (
            "one that asks first",
            own.clone(),
            condition("!has(assertion.nothing) || assertion.nothing == 'x'"),
            claims(),
            true,
        ),
        (
            "a subject that is too long",
            format!("principal://iam.googleapis.com/{POOL}/subject/{long}"),
            nothing(),
            claim("sub", json!(long)),
            false,
        ),
        (
            "a subject of 127 bytes",
            format!(
                "principal://iam.googleapis.com/{POOL}/subject/{}",
                "x".repeat(127)
            ),
            nothing(),
            claim("sub", json!("x".repeat(127))),
            true,
        ),
        (
            "a member by the project's id",
            own.replace("630184729503", "ops-tools"),
            nothing(),
            claims(),
            false,
        ),
        (
            "a Google group",
            "group:devs@example.com".to_owned(),
            nothing(),
            claims(),
            false,
        ),
        (
            "signed-in accounts",
            "allAuthenticatedUsers".to_owned(),
            nothing(),
            claims(),
            false,
        ),
        (
            "everybody",
            "allUsers".to_owned(),
            nothing(),
            claims(),
            true,
        ),
    ];
    for (what, member, change, claims, expected) in rows {
        let mut file = estate(&member);
        change(&mut file);
        let (outcome, through, said) = both(&file, &claims, &lab).await;
        assert_eq!(through, expected, "{what}: {said}");
        let wanted = if expected {
            Outcome::WouldSucceed
        } else {
            Outcome::WouldFail
        };
        assert_eq!(outcome, wanted, "{what}: {said}");
    }
}

#[tokio::test]
async fn so_they_do_of_workforce_pools() {
    let okta = format!("{STAFF}/providers/okta");
    let member = format!("principalSet://iam.googleapis.com/{STAFF}/group/ops");
    let token = |name: &str, value: Value| {
        let mut claims = claims();
        claims["aud"] = json!("lab-app");
        claims[name] = value;
        claims
    };
    for (what, pool_more, claims, expected) in [
        (
            "as it should be",
            json!({}),
            token("sub", json!("ana")),
            true,
        ),
        (
            "another client",
            json!({}),
            token("aud", json!("other")),
            false,
        ),
        (
            "in no such group",
            json!({}),
            token("groups", json!(["dev"])),
            false,
        ),
        (
            "disabled",
            json!({ "disabled": true }),
            token("sub", json!("ana")),
            false,
        ),
        (
            "deleted",
            json!({ "state": "DELETED" }),
            token("sub", json!("ana")),
            false,
        ),
        (
            "kept out",
            json!({ "accessRestrictions": { "disableProgrammaticSignin": true } }),
            token("sub", json!("ana")),
            false,
        ),
    ] {
        let mut file = estate(&member);
        let more = pool_more.as_object().unwrap().clone();
        file["pools"][1].as_object_mut().unwrap().extend(more);
        file["providers"].as_array_mut().unwrap().push(json!({
            "name": okta, "attributeMapping": { "google.subject": "assertion.sub", "google.groups": "assertion.groups" },
            "oidc": { "issuerUri": "https://lab.example", "clientId": "lab-app" },
        }));
        let (outcome, through, said) = both(&file, &claims, &okta).await;
        assert_eq!(through, expected, "{what}: {said}");
        let wanted = if expected {
            Outcome::WouldSucceed
        } else {
            Outcome::WouldFail
        };
        assert_eq!(outcome, wanted, "{what}: {said}");
    }
}

/// Who cannot exist is nobody's bearer; any other identity is, whatever its subject holds.
#[tokio::test]
async fn a_bearer_that_no_identity_is_called_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spaced = format!("principal://iam.googleapis.com/{POOL}/subject/é {SUBJECT} \"x\"");
    let file = estate(&spaced);
    let estate = file::read_text("lab", &file.to_string()).unwrap();
    let http = Http {
        running: start(estate, Options::default()).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let long = format!(
        "principal://iam.googleapis.com/{POOL}/subject/{}",
        "x".repeat(128)
    );
    for (who, status) in [
        (spaced.as_str(), 200),
        (
            &format!("principal://iam.googleapis.com/{POOL}/subject/other"),
            403,
        ),
        (&spaced.replace("630184729503", "ops-tools"), 401),
        ("principal://iam.googleapis.com/lab-jobs/subject/x", 401),
        (&spaced.replace("lab-jobs", "lab-gone"), 401),
        (&long, 401),
    ] {
        let (came, body) = http.mint(who).await;
        assert_eq!(came, status, "{who}: {body}");
    }
    http.running.stop().await;
}
