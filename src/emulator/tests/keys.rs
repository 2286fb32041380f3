//! Service account keys of every kind, and the signatures that receivers verify.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::credentials::{KEYS, RUN, claims};
use super::{Http, message, serve};
use crate::emulator::Options;
use crate::emulator::world::keys::KeyPair;

/// What a client does with a private key, whatever the id it believes the key to have.
fn signed(private: &str, kid: Option<&str>, claims: &Value) -> String {
    let key = SigningKey::<Sha256>::new(PrivateKey::from_pkcs8_pem(private).unwrap());
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn text(answer: &Value, field: &str) -> String {
    let data = STANDARD.decode(answer[field].as_str().unwrap()).unwrap();
    String::from_utf8(data).unwrap()
}

async fn made(http: &Http, body: Value) -> (Value, Value) {
    let (status, made) = http.admin("POST", KEYS, body).await;
    assert_eq!(status, 200, "{made}");
    let file = serde_json::from_str(&text(&made, "privateKeyData")).unwrap();
    (made, file)
}

#[tokio::test]
async fn a_key_of_either_size_signs_with_or_without_its_id() {
    let http = serve("cross-project", Options::default()).await;
    for (algorithm, bits) in [("KEY_ALG_RSA_1024", 128), ("KEY_ALG_RSA_2048", 256)] {
        let (made, file) = made(&http, json!({ "keyAlgorithm": algorithm })).await;
        assert_eq!(made["keyAlgorithm"], algorithm);
        let private = file["private_key"].as_str().unwrap();
        for kid in [file["private_key_id"].as_str(), None, Some("wrong")] {
            let assertion = signed(private, kid, &claims(&file));
            let signature = assertion.rsplit('.').next().unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap().len(), bits);
            let (status, given) = http.assert(&assertion).await;
            assert_eq!(status, 200, "{algorithm} {kid:?}: {given}");
        }
        let mut other = claims(&file);
        other["sub"] = json!("user:ana@example.com");
        let (status, refused) = http.assert(&signed(private, None, &other)).await;
        assert_eq!(
            (status, &refused["error"]),
            (400, &json!("unauthorized_client"))
        );
        let mut evil = claims(&file);
        evil["aud"] = json!("https://evil.googleapis.com/token");
        let (_, refused) = http.assert(&signed(private, None, &evil)).await;
        assert_eq!(refused["error"], "invalid_grant", "{refused}");
    }
    for wrong in [
        json!({ "keyAlgorithm": "x" }),
        json!({ "privateKeyType": "x" }),
    ] {
        assert_eq!(http.admin("POST", KEYS, wrong).await.0, 400);
    }
    http.running.stop().await;
}

/// AIP-4111: a token that the account's key signed for the service itself, no endpoint asked.
#[tokio::test]
async fn a_jwt_of_a_key_is_a_bearer_token() {
    let http = serve("cross-project", Options::default()).await;
    let (made, file) = made(&http, json!({})).await;
    let private = file["private_key"].as_str().unwrap();
    let own = |change: &dyn Fn(&mut Value)| {
        let mut own = claims(&file);
        own["sub"] = json!(RUN);
        own["aud"] = json!("https://iamcredentials.googleapis.com/");
        own["scope"] = Value::Null;
        change(&mut own);
        signed(private, None, &own)
    };
    http.grant().await;
    for (what, token, expected) in [
        ("an audience", own(&|_| {}), 200),
        (
            "a scope",
            own(&|c| {
                c["aud"] = Value::Null;
                c["scope"] = json!("https://www.googleapis.com/auth/cloud-platform");
            }),
            200,
        ),
        (
            "another audience",
            own(&|c| c["aud"] = json!("https://example.com/")),
            401,
        ),
        (
            "another subject",
            own(&|c| c["sub"] = json!("ana@example.com")),
            401,
        ),
        ("expired", own(&|c| c["exp"] = json!(1)), 401),
    ] {
        assert_eq!(http.mint(&token).await.0, expected, "{what}");
    }
    let name = made["name"].as_str().unwrap();
    let disable = format!("/v1/{name}:disable");
    assert_eq!(http.admin("POST", &disable, json!({})).await.0, 200);
    assert_eq!(http.mint(&own(&|_| {})).await.0, 401, "disabled");
    http.running.stop().await;
}

#[tokio::test]
async fn an_account_has_ten_keys_at_most_and_its_system_managed_one() {
    let http = serve("cross-project", Options::default()).await;
    for _ in 0..10 {
        let small = json!({ "keyAlgorithm": "KEY_ALG_RSA_1024" });
        assert_eq!(http.admin("POST", KEYS, small).await.0, 200);
    }
    let (status, refused) = http.admin("POST", KEYS, json!({})).await;
    assert_eq!(
        (status, message(&refused), &refused["error"]["status"]),
        (
            400,
            "Precondition check failed.",
            &json!("FAILED_PRECONDITION")
        )
    );
    let count = |query: &'static str| {
        let http = &http;
        async move {
            let (status, list) = http
                .admin("GET", &format!("{KEYS}{query}"), Value::Null)
                .await;
            let rows = list["keys"].as_array().cloned().unwrap_or_default();
            (status, rows)
        }
    };
    assert_eq!(count("?keyTypes=USER_MANAGED").await.1.len(), 10);
    let (_, system) = count("?keyTypes=SYSTEM_MANAGED").await;
    assert_eq!(
        (system.len(), &system[0]["keyType"]),
        (1, &json!("SYSTEM_MANAGED"))
    );
    assert_eq!(count("").await.1.len(), 11);
    for wrong in [
        "?keyTypes=KEY_TYPE_UNSPECIFIED",
        "?keyTypes=USER_MANAGED&keyTypes=USER_MANAGED",
        "?keyTypes=x",
    ] {
        assert_eq!(count(wrong).await.0, 400, "{wrong}");
    }
    // It can be read, and nobody but the emulator takes it away.
    let system = format!("/v1/{}", system[0]["name"].as_str().unwrap());
    let path = format!("{system}?publicKeyType=TYPE_X509_PEM_FILE");
    let (_, shown) = http.admin("GET", &path, Value::Null).await;
    assert!(text(&shown, "publicKeyData").starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(http.admin("DELETE", &system, Value::Null).await.0, 404);
    http.running.stop().await;
}

#[tokio::test]
async fn an_uploaded_certificates_key_signs() {
    let http = serve("cross-project", Options::default()).await;
    let now = jiff::Timestamp::now();
    let pair = KeyPair::new(2_048, "unused", now).unwrap();
    let certificate = &pair.public.certificate;
    let upload = |text: &str| {
        let body =
            json!({ "publicKeyData": base64::engine::general_purpose::URL_SAFE.encode(text) });
        let http = &http;
        async move { http.admin("POST", &format!("{KEYS}:upload"), body).await }
    };
    let (status, key) = upload(certificate).await;
    assert_eq!(status, 200, "{key}");
    assert_eq!(
        (
            &key["keyOrigin"],
            &key["keyType"],
            &key["keyAlgorithm"],
            key.get("privateKeyData")
        ),
        (
            &json!("USER_PROVIDED"),
            &json!("USER_MANAGED"),
            &json!("KEY_ALG_RSA_2048"),
            None
        )
    );
    let name = format!("/v1/{}", key["name"].as_str().unwrap());
    let path = format!("{name}?publicKeyType=TYPE_X509_PEM_FILE");
    let (_, shown) = http.admin("GET", &path, Value::Null).await;
    assert_eq!(&text(&shown, "publicKeyData"), certificate);
    let grant =
        json!({ "client_email": RUN, "token_uri": format!("{}/token", http.running.base_url()) });
    let assertion = signed(&pair.pem().unwrap(), None, &claims(&grant));
    assert_eq!(http.assert(&assertion).await.0, 200);
    assert_eq!(http.admin("DELETE", &name, Value::Null).await.0, 200);
    let (_, refused) = http.assert(&assertion).await;
    assert_eq!(refused["error_description"], "Invalid JWT Signature.");
    let (status, refused) = upload("no certificate").await;
    assert_eq!(status, 400);
    assert!(
        message(&refused).contains("no X.509 certificate"),
        "{refused}"
    );
    let (status, _) = http
        .ask(super::CALLER, "POST", &format!("{KEYS}:upload"), json!({}))
        .await;
    assert_eq!(status, 403);
    http.running.stop().await;
}

/// `--persist`: a key signs after a restart, and its certificate is the same.
#[tokio::test]
async fn a_kept_key_still_signs() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        persist: Some(folder.path().join("state.json")),
        ..Options::default()
    };
    let http = serve("cross-project", options.clone()).await;
    let (made, file) = made(&http, json!({})).await;
    let path = format!(
        "/v1/{}?publicKeyType=TYPE_X509_PEM_FILE",
        made["name"].as_str().unwrap()
    );
    let (_, before) = http.admin("GET", &path, Value::Null).await;
    http.running.stop().await;
    let kept = std::fs::read_to_string(folder.path().join("state.json")).unwrap();
    assert!(!kept.contains("PRIVATE KEY"));

    let http = serve("cross-project", options).await;
    let (_, after) = http.admin("GET", &path, Value::Null).await;
    assert_eq!(before, after);
    let mut claims = claims(&file);
    claims["aud"] = json!(format!("{}/token", http.running.base_url()));
    let private = file["private_key"].as_str().unwrap();
    assert_eq!(http.assert(&signed(private, None, &claims)).await.0, 200);
    http.running.stop().await;
}

/// One account's signature is not another's, and both are found where receivers look.
#[tokio::test]
async fn each_account_signs_with_its_own_key() {
    let http = serve("cross-project", Options::default()).await;
    let (target, reader) = (
        "bq-privileged@data-vault.iam.gserviceaccount.com",
        "bq-reader@data-vault.iam.gserviceaccount.com",
    );
    let mut ids = Vec::new();
    for email in [target, reader] {
        let path = format!("/v1/projects/-/serviceAccounts/{email}:signBlob");
        let (status, signed) = http
            .admin("POST", &path, json!({ "payload": "aGVsbG8=" }))
            .await;
        assert_eq!(status, 200, "{signed}");
        let id = signed["keyId"].as_str().unwrap().to_owned();
        for path in [
            "service_accounts/v1/metadata/x509",
            "robot/v1/metadata/x509",
        ] {
            let (_, all) = http
                .ask("", "GET", &format!("/{path}/{email}"), Value::Null)
                .await;
            assert_eq!(all.as_object().unwrap().len(), 1, "{all}");
            let pem = all[&id].as_str().unwrap();
            assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
        }
        for path in [
            "service_accounts/v1/jwk",
            "service_accounts/v1/metadata/jwk",
        ] {
            let (_, all) = http
                .ask("", "GET", &format!("/{path}/{email}"), Value::Null)
                .await;
            assert_eq!(all["keys"][0]["kid"], json!(id));
        }
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    let (_, google) = http.ask("", "GET", "/oauth2/v1/certs", Value::Null).await;
    assert!(google.get(&ids[0]).is_none() && google.as_object().unwrap().len() == 1);
    let nobody = "/robot/v1/metadata/x509/nobody@example.com";
    assert_eq!(http.ask("", "GET", nobody, Value::Null).await.0, 404);

    let path = format!("/v1/projects/-/serviceAccounts/{target}:signJwt");
    let now = jiff::Timestamp::now().as_second();
    for (payload, expected) in [
        (json!({ "exp": now + 43_000 }).to_string(), 200),
        (json!({ "exp": now + 43_300 }).to_string(), 400),
        (json!({ "exp": now - 100 }).to_string(), 400),
        (json!({ "exp": "soon" }).to_string(), 400),
        ("[]".to_owned(), 400),
    ] {
        let (status, answer) = http
            .admin("POST", &path, json!({ "payload": payload }))
            .await;
        assert_eq!(status, expected, "{payload}: {answer}");
    }
    http.running.stop().await;
}
