//! External tokens whose provider has its keys, pools that are off, and workforce pools.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::Http;
use super::credentials::{PROVIDER, exchange};
use crate::emulator::world::keys::Signer;
use crate::emulator::{Options, start};
use crate::estate::file;

const WORKFORCE: &str = "locations/global/workforcePools/staff/providers/okta";

/// What signs for the provider: an RSA key and one on the curve P-256.
struct Issuer {
    rsa: Signer,
    ec: EcdsaKeyPair,
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
        Self {
            rsa: Signer::new("issuer", jiff::Timestamp::now()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(scheme, document.as_ref(), &random).unwrap(),
        }
    }

    fn jwks(&self) -> String {
        let point = self.ec.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let ec = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "ec",
            "x": part(&point[1..33]), "y": part(&point[33..]) });
        json!({ "keys": [self.rsa.public.jwk(), ec] }).to_string()
    }

    fn es256(&self, claims: &Value) -> String {
        let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let message = format!(
            "{}.{}",
            part(&json!({ "alg": "ES256", "kid": "ec" })),
            part(claims)
        );
        let signature = self
            .ec
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn rs256(&self, claims: &Value) -> String {
        self.rsa.jwt(&claims.to_string()).unwrap()
    }
}

async fn serve(change: impl Fn(&mut Value)) -> Http {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = include_str!("../../../assets/estates/github.json");
    let mut estate: Value = serde_json::from_str(text).unwrap();
    change(&mut estate);
    let estate = file::read_text("github", &estate.to_string()).unwrap();
    Http {
        running: start(estate, Options::default()).await.unwrap(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

fn provider(jwks: &str) -> Value {
    json!({
        "name": PROVIDER,
        "attributeMapping": { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
        "attributeCondition": "assertion.repository_owner == 'example-org'",
        "oidc": { "issuerUri": "https://issuer.example", "allowedAudiences": ["mine"], "jwksJson": jwks },
    })
}

fn claims() -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": "https://issuer.example", "aud": "mine", "sub": "repo:example-org/billing-api",
        "repository": "example-org/billing-api", "repository_owner": "example-org",
        "iat": now, "exp": now + 600,
    })
}

#[tokio::test]
async fn a_signature_is_verified_where_the_keys_are_known() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let jwks = issuer.jwks();
    let http = serve(|estate| estate["providers"] = json!([provider(&jwks)])).await;
    let audience = format!("//iam.googleapis.com/{PROVIDER}");
    for token in [issuer.rs256(&claims()), issuer.es256(&claims())] {
        let (status, given) = exchange(&http, "/v1/token", &token, &audience).await;
        assert_eq!(status, 200, "{given}");
        let seconds = given["expires_in"].as_i64().unwrap();
        assert!(
            (590..=600).contains(&seconds),
            "as long as the token: {seconds}"
        );
        let bearer = given["access_token"].as_str().unwrap();
        assert_eq!(http.mint(bearer).await.0, 200);
        let (status, info) = http.form("/tokeninfo", &[("access_token", bearer)]).await;
        assert_eq!((status, &info["error"]), (400, &json!("invalid_token")));
        let (_, seen) = http.form("/v1/introspect", &[("token", bearer)]).await;
        let who = format!(
            "principal://iam.googleapis.com/{}/subject/repo:example-org/billing-api",
            PROVIDER.split("/providers/").next().unwrap()
        );
        assert_eq!(
            (&seen["active"], &seen["username"]),
            (&json!(true), &json!(who))
        );
        let (status, seen) = http.form("/v1/introspect", &[("token", "other")]).await;
        assert_eq!((status, seen), (200, json!({ "active": false })));
    }
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        issuer.rs256(&claims)
    };
    let now = jiff::Timestamp::now().as_second();
    let cut = |token: String| {
        let (head, _) = token.rsplit_once('.').unwrap();
        format!("{head}.AAAA")
    };
    let stale = "is stale to sign-in.";
    let long = "r".repeat(128);
    for (token, error, words) in [
        (
            cut(issuer.rs256(&claims())),
            "invalid_grant",
            "Unable to verify the ID Token signature.",
        ),
        (
            other.es256(&claims()),
            "invalid_grant",
            "Unable to verify the ID Token signature.",
        ),
        (
            other.rs256(&claims()),
            "invalid_grant",
            "Error connecting to the given credential's issuer.",
        ),
        (
            with("iss", json!("https://evil.example")),
            "invalid_grant",
            "The issuer in ID Token https://evil.example does not match the expected one in config: https://issuer.example",
        ),
        (
            with("iss", Value::Null),
            "invalid_grant",
            "The issuer in ID Token null does not match",
        ),
        (
            with("aud", json!("yours")),
            "invalid_grant",
            "The audience in ID Token [yours] does not match the expected audience.",
        ),
        (
            with(
                "aud",
                json!(format!("https://iam.googleapis.com/{PROVIDER}")),
            ),
            "invalid_grant",
            "does not match the expected audience.",
        ),
        (with("exp", json!(now - 120)), "invalid_grant", stale),
        (with("exp", Value::Null), "invalid_grant", stale),
        (
            with("iat", Value::Null),
            "invalid_grant",
            "ID Token issued at null is stale to sign-in.",
        ),
        (with("iat", json!(now + 300)), "invalid_grant", stale),
        (with("iat", json!(now - 90_000)), "invalid_grant", stale),
        (
            with("repository_owner", json!("evil")),
            "unauthorized_client",
            "The given credential is rejected by the attribute condition.",
        ),
        (
            with("sub", json!(long)),
            "invalid_request",
            "exceeds the 127 bytes limit",
        ),
    ] {
        let (status, body) = exchange(&http, "/v1/token", &token, &audience).await;
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{body}");
        let said = body["error_description"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
    }
    // Within the minute that clocks may differ.
    let (status, given) =
        exchange(&http, "/v1/token", &with("exp", json!(now - 30)), &audience).await;
    assert_eq!(status, 200, "{given}");
    http.running.stop().await;
}

#[tokio::test]
async fn what_is_not_served_is_refused_in_words() {
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    let http = serve(|estate| estate["providers"] = json!([provider(&jwks)])).await;
    let (grant, kind) = (
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:token-type:",
    );
    let audience = format!("//iam.googleapis.com/{PROVIDER}");
    let good = json!({
        "grantType": grant, "audience": audience, "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requestedTokenType": format!("{kind}access_token"), "subjectTokenType": format!("{kind}jwt"),
        "subjectToken": issuer.rs256(&claims()),
    });
    assert_eq!(http.ask("", "POST", "/v1/token", good.clone()).await.0, 200);
    for (field, value, words) in [
        (
            "subjectTokenType",
            json!(format!("{kind}access_token")),
            "does not downscope",
        ),
        (
            "subjectTokenType",
            json!(format!("{kind}saml2")),
            ":jwt and :id_token only",
        ),
        (
            "requestedTokenType",
            json!(""),
            "Invalid requested_token_type",
        ),
        ("actorToken", json!("x"), "actor_token"),
        ("scope", json!(""), "missing: scope"),
        ("options", json!("{"), "JSON object"),
        (
            "options",
            json!(r#"{"accessBoundary":{}}"#),
            "accessBoundary",
        ),
        ("options", json!(r#"{"userProject":7}"#), "userProject"),
        ("audience", json!("x"), "Invalid value for \"audience\""),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let (status, body) = http.ask("", "POST", "/v1/token", bad).await;
        assert_eq!(
            (status, &body["error"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
        assert!(
            body["error_description"].as_str().unwrap().contains(words),
            "{body}"
        );
    }
    // The project of the options pays: without the permission to use it nothing is called.
    let mut billed = good;
    billed["options"] = json!(r#"{"userProject":"ops-tools"}"#);
    let (_, given) = http.ask("", "POST", "/v1/token", billed).await;
    let (status, body) = http.mint(given["access_token"].as_str().unwrap()).await;
    assert_eq!(
        (status, super::reason(&body)),
        (403, "USER_PROJECT_DENIED"),
        "{body}"
    );
    http.running.stop().await;
}

/// A pool that is off takes no tokens, and those that it gave out are worth nothing; a provider that is
/// off gives no more.
#[tokio::test]
async fn what_is_off_refuses() {
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    let pool = PROVIDER.split("/providers/").next().unwrap();
    let audience = format!("//iam.googleapis.com/{PROVIDER}");
    for (what, on_pool, on_provider) in [
        ("a disabled pool", json!({ "disabled": true }), json!({})),
        ("a deleted pool", json!({ "state": "DELETED" }), json!({})),
        (
            "a disabled provider",
            json!({}),
            json!({ "disabled": true }),
        ),
        (
            "a deleted provider",
            json!({}),
            json!({ "state": "DELETED" }),
        ),
    ] {
        let http = serve(|estate| {
            let mut pool = json!({ "name": pool });
            pool.as_object_mut()
                .unwrap()
                .extend(on_pool.as_object().unwrap().clone());
            let mut provider = provider(&jwks);
            provider
                .as_object_mut()
                .unwrap()
                .extend(on_provider.as_object().unwrap().clone());
            estate["pools"] = json!([pool]);
            estate["providers"] = json!([provider]);
        })
        .await;
        let token = issuer.rs256(&claims());
        let (status, body) = exchange(&http, "/v1/token", &token, &audience).await;
        assert_eq!(
            (status, &body["error"]),
            (400, &json!("invalid_target")),
            "{what}"
        );
        let member = format!("principal://iam.googleapis.com/{pool}/subject/x");
        let expected = if on_pool == json!({}) { 403 } else { 401 };
        assert_eq!(http.mint(&member).await.0, expected, "{what}");
        http.running.stop().await;
    }
}

#[tokio::test]
async fn a_workforce_pool_may_keep_programs_out() {
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    let http = serve(|estate| {
        estate["pools"] = json!([{
            "name": "locations/global/workforcePools/staff",
            "accessRestrictions": { "disableProgrammaticSignin": true },
        }]);
        estate["providers"] = json!([{
            "name": WORKFORCE,
            "attributeMapping": { "google.subject": "assertion.sub" },
            "oidc": { "issuerUri": "https://issuer.example", "clientId": "mine", "jwksJson": jwks },
        }]);
    })
    .await;
    let audience = format!("//iam.googleapis.com/{WORKFORCE}");
    let (status, body) = exchange(&http, "/v1/token", &issuer.rs256(&claims()), &audience).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("unauthorized_client"))
    );
    http.running.stop().await;
}

#[tokio::test]
async fn a_workforce_pool_gives_its_people_tokens() {
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    let http = serve(|estate| {
        estate["pools"] = json!([{ "name": "locations/global/workforcePools/staff", "sessionDuration": "7200s" }]);
        estate["providers"] = json!([{
            "name": WORKFORCE,
            "attributeMapping": { "google.subject": "assertion.sub", "google.groups": "assertion.groups" },
            "oidc": { "issuerUri": "https://issuer.example", "clientId": "mine", "jwksJson": jwks },
        }]);
        let group = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/group/sre";
        let account = "//iam.googleapis.com/projects/data-vault/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com";
        estate["iamPolicies"][account] = json!({ "bindings": [{ "role": super::CREATOR, "members": [group] }] });
    })
    .await;
    let audience = format!("//iam.googleapis.com/{WORKFORCE}");
    for (groups, expected) in [(json!(["sre", "dev"]), 200), (json!(["dev"]), 403)] {
        let mut claims = claims();
        claims["groups"] = groups;
        let token = issuer.rs256(&claims);
        let (status, given) = exchange(&http, "/v1/token", &token, &audience).await;
        assert_eq!(
            (status, &given["expires_in"]),
            (200, &json!(7_199)),
            "{given}"
        );
        let bearer = given["access_token"].as_str().unwrap();
        assert_eq!(http.mint(bearer).await.0, expected);
    }
    http.running.stop().await;
}
