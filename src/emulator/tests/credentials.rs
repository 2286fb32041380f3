//! Every kind of credential from end to end: keys, assertions, exchanged tokens, the metadata server.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::{CALLER, Http, message, serve};
use crate::emulator::world::keys::Jwt;
use crate::emulator::{Options, start};
use crate::estate::file;
use crate::iam::Resource;

pub(super) const RUN: &str = "run-processor@app-prod.iam.gserviceaccount.com";
pub(super) const KEYS: &str =
    "/v1/projects/app-prod/serviceAccounts/run-processor@app-prod.iam.gserviceaccount.com/keys";

impl Http {
    pub(super) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("{}{path}", self.running.base_url());
        let response = self.client.post(url).form(fields).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(super) async fn assert(&self, assertion: &str) -> (u16, Value) {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.form("/token", &[("grant_type", grant), ("assertion", assertion)])
            .await
    }
}

/// What a client does with a key file.
fn assertion(key: &Value, claims: Value) -> String {
    let pem = key["private_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key["private_key_id"] });
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn claims(key: &Value) -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": key["client_email"], "aud": key["token_uri"], "iat": now, "exp": now + 3_600,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    })
}

#[tokio::test]
async fn a_key_is_made_used_disabled_and_deleted() {
    let http = serve("cross-project", Options::default()).await;
    let (status, _) = http.ask(CALLER, "POST", KEYS, json!({})).await;
    assert_eq!(status, 403);
    let (status, made) = http.admin("POST", KEYS, json!({})).await;
    assert_eq!(status, 200, "{made}");
    let data = STANDARD
        .decode(made["privateKeyData"].as_str().unwrap())
        .unwrap();
    let key: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!(
        key["token_uri"],
        format!("{}/token", http.running.base_url())
    );
    let name = format!("/v1/{}", made["name"].as_str().unwrap());

    let (status, token) = http.assert(&assertion(&key, claims(&key))).await;
    assert_eq!(
        (status, &token["token_type"]),
        (200, &json!("Bearer")),
        "{token}"
    );
    let bearer = token["access_token"].as_str().unwrap().to_owned();
    let (status, info) = http.form("/tokeninfo", &[("access_token", &bearer)]).await;
    assert_eq!((status, &info["email"]), (200, &json!(RUN)));
    let (status, _) = http.mint(&bearer).await;
    assert_eq!(
        status, 403,
        "the token stands for the account, which has no grant yet"
    );

    let mut wanted = claims(&key);
    wanted["target_audience"] = json!("https://example.com");
    let (_, answer) = http.assert(&assertion(&key, wanted)).await;
    let id = Jwt::read(answer["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(
        (id.audiences(), id.text("email")),
        (vec!["https://example.com"], Some(RUN))
    );

    let (_, list) = http
        .admin("GET", &format!("{KEYS}?keyTypes=USER_MANAGED"), Value::Null)
        .await;
    assert_eq!(list["keys"].as_array().unwrap().len(), 1);
    assert!(list["keys"][0].get("privateKeyData").is_none());
    let (_, public) = http
        .admin(
            "GET",
            &format!("{name}?publicKeyType=TYPE_RAW_PUBLIC_KEY"),
            Value::Null,
        )
        .await;
    let pem = STANDARD
        .decode(public["publicKeyData"].as_str().unwrap())
        .unwrap();
    assert!(pem.starts_with(b"-----BEGIN PUBLIC KEY-----"));

    let (status, _) = http
        .admin("POST", &format!("{name}:disable"), json!({}))
        .await;
    assert_eq!(status, 200);
    let (status, refused) = http.assert(&assertion(&key, claims(&key))).await;
    assert_eq!(
        (status, &refused["error"], &refused["error_description"]),
        (
            400,
            &json!("invalid_grant"),
            &json!("Invalid JWT Signature.")
        )
    );
    http.admin("POST", &format!("{name}:enable"), json!({}))
        .await;
    assert_eq!(http.assert(&assertion(&key, claims(&key))).await.0, 200);
    let (status, _) = http.admin("DELETE", &name, Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(http.assert(&assertion(&key, claims(&key))).await.0, 400);
    assert_eq!(http.admin("GET", &name, Value::Null).await.0, 404);
    http.running.stop().await;
}

#[tokio::test]
async fn bad_assertions_get_googles_words() {
    let http = serve("cross-project", Options::default()).await;
    let (_, made) = http.admin("POST", KEYS, json!({})).await;
    let data = STANDARD
        .decode(made["privateKeyData"].as_str().unwrap())
        .unwrap();
    let key: Value = serde_json::from_slice(&data).unwrap();
    for (field, value, error, words) in [
        (
            "iss",
            json!("nobody@app-prod.iam.gserviceaccount.com"),
            "invalid_grant",
            "account not found",
        ),
        (
            "aud",
            json!("https://example.com"),
            "invalid_grant",
            "Invalid JWT: Failed audience check.",
        ),
        (
            "iat",
            Value::Null,
            "invalid_grant",
            "Invalid JWT: iat (issued at) is not set.",
        ),
        (
            "exp",
            Value::Null,
            "invalid_grant",
            "Invalid JWT: exp (expiration time) is not set.",
        ),
        ("exp", json!(1), "invalid_grant", "reasonable timeframe"),
        ("iat", json!(1), "invalid_grant", "reasonable timeframe"),
        ("scope", json!(""), "invalid_scope", "Invalid OAuth scope"),
    ] {
        let mut bad = claims(&key);
        bad[field] = value;
        let (status, body) = http.assert(&assertion(&key, bad)).await;
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{body}");
        assert!(
            body["error_description"].as_str().unwrap().contains(words),
            "{body}"
        );
    }
    let mut other = assertion(&key, claims(&key));
    other.replace_range(other.len() - 8.., "AAAAAAAA");
    assert_eq!(
        http.assert(&other).await.1["error_description"],
        "Invalid JWT Signature."
    );
    let mut digits = claims(&key);
    for field in ["iat", "exp"] {
        digits[field] = json!(digits[field].to_string());
    }
    assert_eq!(http.assert(&assertion(&key, digits)).await.0, 200);
    let (status, body) = http.assert("x").await;
    assert_eq!(
        (status, body),
        (
            400,
            json!({ "error": "invalid_request", "error_description": "Bad Request" })
        )
    );
    let (status, body) = http.form("/token", &[("grant_type", "password")]).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("unsupported_grant_type"))
    );
    let member = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "user:ana@example.com"),
    ];
    let (status, body) = http.form("/token", &member).await;
    assert_eq!((status, body["expires_in"].as_i64()), (200, Some(3_599)));
    http.running.stop().await;
}

pub(super) const PROVIDER: &str =
    "projects/630184729503/locations/global/workloadIdentityPools/github/providers/actions";

async fn with_provider() -> Http {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = include_str!("../../../assets/estates/github.json");
    let mut estate: Value = serde_json::from_str(text).unwrap();
    estate["providers"] = json!([{
        "name": PROVIDER,
        "attributeMapping": { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
        "attributeCondition": "assertion.repository_owner == 'example-org'",
        "oidc": { "issuerUri": "https://token.actions.githubusercontent.com" },
    }]);
    let estate = file::read_text("github", &estate.to_string()).unwrap();
    Http {
        running: start(estate, Options::default()).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

/// A token as GitHub's issuer makes them; nobody verifies its signature here.
pub(super) fn external(change: impl Fn(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "https://token.actions.githubusercontent.com",
        "aud": format!("https://iam.googleapis.com/{PROVIDER}"),
        "sub": "repo:example-org/billing-api:ref:refs/heads/main",
        "repository": "example-org/billing-api", "repository_owner": "example-org",
        "iat": jiff::Timestamp::now().as_second(),
        "exp": jiff::Timestamp::now().as_second() + 300,
    });
    change(&mut claims);
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    format!(
        "{}.{}.AAAA",
        part(&json!({ "alg": "RS256" })),
        part(&claims)
    )
}

pub(super) async fn exchange(http: &Http, path: &str, token: &str, audience: &str) -> (u16, Value) {
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("scope", "https://www.googleapis.com/auth/cloud-platform"),
        ("audience", audience),
        ("subject_token", token),
    ];
    http.form(path, &fields).await
}

#[tokio::test]
async fn a_pool_is_what_a_provider_or_a_member_speaks_of() {
    let http = with_provider().await;
    let (number, _) = PROVIDER.split_once("/workloadIdentityPools").unwrap();
    let (name, _) = PROVIDER.split_once("/providers").unwrap();
    let pool = json!({ "name": name, "state": "ACTIVE" });
    let (status, list) = http
        .admin(
            "GET",
            &format!("/v1/{number}/workloadIdentityPools"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (status, list),
        (200, json!({ "workloadIdentityPools": [pool] }))
    );
    let found = http.admin("GET", &format!("/v1/{name}"), Value::Null).await;
    assert_eq!(found, (200, pool));
    let none = format!("/v1/{number}/workloadIdentityPools/none");
    assert_eq!(http.admin("GET", &none, Value::Null).await.0, 404);
    for path in [
        format!("/v1/{name}"),
        format!("/v1/{number}/workloadIdentityPools"),
    ] {
        let (status, body) = http
            .ask("user:eve@example.com", "GET", &path, Value::Null)
            .await;
        assert_eq!(status, 403);
        assert!(
            message(&body).contains("iam.googleapis.com/workloadIdentityPools."),
            "{body}"
        );
    }

    // A member alone, with the project by its id, and one of Google's own pools, that is none.
    let on = format!("/v1/{}", number.split_once("/locations").unwrap().0);
    let (_, project) = http
        .admin("GET", &on.replace("/v1", "/v3"), Value::Null)
        .await;
    let id = project["projectId"].as_str().unwrap();
    let member = |pool: &str| {
        format!(
            "principalSet://iam.googleapis.com/{}/locations/global/workloadIdentityPools/{pool}/*",
            &on[4..]
        )
    };
    let grant = json!({ "policy": { "bindings": [{
        "role": "roles/viewer", "members": [member("gitlab"), member(&format!("{id}.svc.id.goog"))],
    }] } });
    let set = format!("/v3/projects/{id}:setIamPolicy");
    let (status, body) = http.admin("POST", &set, grant).await;
    assert_eq!(status, 200, "{body}");
    let by_id = format!("/v1/projects/{id}/locations/global/workloadIdentityPools?pageSize=1");
    let (_, first) = http.admin("GET", &by_id, Value::Null).await;
    assert_eq!(first["workloadIdentityPools"][0]["name"], name);
    let token = first["nextPageToken"].as_str().unwrap();
    let (_, second) = http
        .admin("GET", &format!("{by_id}&pageToken={token}"), Value::Null)
        .await;
    assert_eq!(
        second,
        json!({ "workloadIdentityPools": [{
        "name": name.replace("/github", "/gitlab"), "state": "ACTIVE",
    }] })
    );
    http.running.stop().await;
}

/// The repository of the story may impersonate; another of the same pool may not.
#[tokio::test]
async fn an_external_token_is_exchanged_and_its_attributes_decide() {
    let http = with_provider().await;
    let audience = format!("//iam.googleapis.com/{PROVIDER}");
    for (repository, path, expected) in [
        ("example-org/billing-api", "/token", 200),
        ("example-org/billing-api", "/v1/token", 200),
        ("example-org/other", "/v1/token", 403),
    ] {
        let token = external(|c| c["repository"] = json!(repository));
        let (status, given) = exchange(&http, path, &token, &audience).await;
        assert_eq!(status, 200, "{given}");
        assert_eq!(
            given["issued_token_type"],
            "urn:ietf:params:oauth:token-type:access_token"
        );
        let (status, body) = http.mint(given["access_token"].as_str().unwrap()).await;
        assert_eq!(status, expected, "{repository}: {body}");
    }
    let by_id = audience.replace("630184729503", "ops-tools");
    let (_, refused) = exchange(&http, "/v1/token", &external(|_| {}), &by_id).await;
    assert_eq!(refused["error"], "invalid_target", "a project by its id");
    http.running.stop().await;
}

#[tokio::test]
async fn bad_external_tokens_are_refused_as_google_refuses_them() {
    let http = with_provider().await;
    let audience = format!("//iam.googleapis.com/{PROVIDER}");
    let good = external(|_| {});
    for (token, audience, error) in [
        (good.clone(), format!("{audience}x"), "invalid_target"),
        ("x.y".to_owned(), audience.clone(), "invalid_request"),
        (
            external(|c| c["iss"] = json!("https://evil.example")),
            audience.clone(),
            "invalid_grant",
        ),
        (
            external(|c| c["aud"] = json!("a")),
            audience.clone(),
            "invalid_grant",
        ),
        (
            external(|c| c["exp"] = json!(1)),
            audience.clone(),
            "invalid_grant",
        ),
        (
            external(|c| c["sub"] = Value::Null),
            audience.clone(),
            "invalid_grant",
        ),
        (
            external(|c| c["repository_owner"] = json!("evil")),
            audience.clone(),
            "unauthorized_client",
        ),
    ] {
        let (status, body) = exchange(&http, "/v1/token", &token, &audience).await;
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{body}");
    }
    http.running.stop().await;
}

#[tokio::test]
async fn the_metadata_server_gives_the_accounts_tokens() {
    let options = Options {
        metadata_account: Some(RUN.to_owned()),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    let get = |path: &str, flavor: bool| {
        let url = format!("{}{path}", http.running.base_url());
        let mut request = http.client.get(url);
        if flavor {
            request = request.header("Metadata-Flavor", "Google");
        }
        async move {
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["metadata-flavor"], "Google");
            (response.status().as_u16(), response.text().await.unwrap())
        }
    };
    assert_eq!(get("/", false).await.0, 200);
    let base = "/computeMetadata/v1/instance/service-accounts";
    assert_eq!(get(&format!("{base}/default/token"), false).await.0, 403);
    assert_eq!(
        get(&format!("{base}/default/email"), true).await,
        (200, RUN.to_owned())
    );
    let (_, row) = get(&format!("{base}/default/?recursive=true"), true).await;
    assert_eq!(serde_json::from_str::<Value>(&row).unwrap()["email"], RUN);
    let (_, token) = get(&format!("{base}/default/token"), true).await;
    let token: Value = serde_json::from_str(&token).unwrap();
    let bearer = token["access_token"].as_str().unwrap();
    assert_eq!(http.mint(bearer).await.0, 403);
    http.grant().await;
    assert_eq!(http.mint(bearer).await.0, 200);
    let (status, id) = get(
        &format!("{base}/default/identity?audience=a&format=full"),
        true,
    )
    .await;
    let id = Jwt::read(&id).unwrap();
    assert_eq!(
        (status, id.text("email"), id.audiences()),
        (200, Some(RUN), vec!["a"])
    );
    assert_eq!(get(&format!("{base}/default/identity"), true).await.0, 400);
    assert_eq!(
        get(
            &format!("{base}/nobody@app-prod.iam.gserviceaccount.com/token"),
            true
        )
        .await
        .0,
        404
    );
    assert_eq!(
        get("/computeMetadata/v1/project/project-id", true).await,
        (200, "app-prod".to_owned())
    );
    http.running.stop().await;
}

#[tokio::test]
async fn what_the_emulator_signs_can_be_verified() {
    let http = serve("cross-project", Options::default()).await;
    http.grant().await;
    let target =
        Resource::account("-", "bq-privileged@data-vault.iam.gserviceaccount.com").relative();
    let ask = |verb: &str, body: Value| {
        let path = format!("/v1/{target}:{verb}");
        let http = &http;
        async move { http.ask(CALLER, "POST", &path, body).await }
    };
    let (status, jwt) = ask("signJwt", json!({ "payload": "{\"a\":1}" })).await;
    assert_eq!(status, 200, "{jwt}");
    let jwt = Jwt::read(jwt["signedJwt"].as_str().unwrap()).unwrap();
    let (_, blob) = ask("signBlob", json!({ "payload": STANDARD.encode("hello") })).await;
    let email = "bq-privileged@data-vault.iam.gserviceaccount.com";
    let path = format!("/service_accounts/v1/jwk/{email}");
    let (_, certs) = http.admin("GET", &path, Value::Null).await;
    let key = &certs["keys"][0];
    assert_eq!(
        (&key["kid"], &key["kid"]),
        (&jwt.header["kid"], &blob["keyId"])
    );
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let public = ring::signature::RsaPublicKeyComponents {
        n: part("n"),
        e: part("e"),
    };
    let scheme = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    public
        .verify(scheme, jwt.message.as_bytes(), &jwt.signature)
        .unwrap();
    let signed = STANDARD
        .decode(blob["signedBlob"].as_str().unwrap())
        .unwrap();
    public.verify(scheme, b"hello", &signed).unwrap();
    http.running.stop().await;
}

/// Every way to a token heeds the lifetime that the emulator was started with, and what is over is refused.
#[tokio::test]
async fn tokens_live_no_longer_than_is_said() {
    let clock = crate::emulator::Clock::held("2026-11-24T12:00:00Z".parse().unwrap());
    let options = Options {
        clock: clock.clone(),
        metadata_account: Some(RUN.to_owned()),
        token_lifetime: Some(std::time::Duration::from_secs(60)),
        ..Options::default()
    };
    let http = serve("cross-project", options).await;
    let mut tokens = Vec::new();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "user:ana@example.com"),
    ];
    let (_, answer) = http.form("/token", &form).await;
    assert_eq!(answer["expires_in"], 59, "{answer}");
    tokens.push(answer["access_token"].clone());
    http.grant().await;
    let (_, answer) = http.mint(CALLER).await;
    assert_eq!(answer["expireTime"], "2026-11-24T12:01:00Z", "{answer}");
    tokens.push(answer["accessToken"].clone());
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let url = format!("{}{path}", http.running.base_url());
    let asked = http.client.get(url).header("Metadata-Flavor", "Google");
    let answer: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["expires_in"], 59, "{answer}");
    tokens.push(answer["access_token"].clone());
    let list = "/v3/projects:search";
    for token in &tokens {
        let (status, _) = http
            .ask(token.as_str().unwrap(), "GET", list, json!({}))
            .await;
        assert_eq!(status, 200);
    }
    clock.advance(std::time::Duration::from_secs(61));
    for token in &tokens {
        let (status, body) = http
            .ask(token.as_str().unwrap(), "GET", list, json!({}))
            .await;
        assert_eq!(
            (status, super::reason(&body)),
            (401, "ACCESS_TOKEN_EXPIRED")
        );
    }
}
