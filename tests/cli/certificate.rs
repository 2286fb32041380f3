//! Federation by an X.509 certificate, from the real program to a token endpoint that demands one in the TLS
//! handshake.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::common::{Emulator, Home, TARGET};
use crate::credentials::{is, let_mint, whoami, with_file};
use crate::tls::{Authority, Signed, TlsServer};

const ANA: &str = "user:ana@example.com";
const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";
const MTLS: &str = "urn:ietf:params:oauth:token-type:mtls";

/// Everything that such a login needs.
struct Scene {
    home: Home,
    emulator: Emulator,
    clients: Authority,
    workload: Signed,
    sts: TlsServer,
    authorities: String,
}

impl Scene {
    fn new(expires_in: i64) -> Self {
        let home = Home::new();
        let emulator = Emulator::start(&home, &["--demo"]);
        let (servers, clients) = (Authority::new(), Authority::new());
        let sts = TlsServer::start(&servers, "localhost", Some(&clients), move |_| {
            let answer = json!({
                "access_token": ANA, "expires_in": expires_in, "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            });
            (
                "200 OK\r\nContent-Type: application/json".to_owned(),
                answer.to_string(),
            )
        });
        Self {
            authorities: servers.file(&home, "servers.pem"),
            workload: clients.client(|_| {}),
            home,
            emulator,
            clients,
            sts,
        }
    }

    /// The file of `gcloud iam workload-identity-pools create-cred-config --credential-cert-path=…`.
    fn file(&self, certificate: Value) -> Value {
        json!({
            "universe_domain": "googleapis.com",
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": MTLS,
            "token_url": format!("{}/v1/token", self.sts.url("localhost")),
            "credential_source": { "certificate": certificate },
        })
    }

    /// The certificate's own file, as that command leaves it.
    fn configure(&self, path: &Path, workload: &Signed) {
        let (certificate, key) = workload.files(&self.home);
        let text = json!({
            "cert_configs": { "workload": { "cert_path": certificate, "key_path": key } },
        });
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.to_string()).unwrap();
    }

    fn run(&self, file: &Value, more: &[(&str, &str)]) -> crate::common::Ran {
        let mut variables = vec![("SSL_CERT_FILE", self.authorities.as_str())];
        variables.extend(more);
        with_file(&self.home, file, &whoami(&self.emulator.url), &variables)
    }

    /// A field of the form that was sent last.
    fn sent(&self, field: &str) -> String {
        let asked = self.sts.asked().pop().unwrap();
        let form = asked.lines().last().unwrap().to_owned();
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        let mut found = pairs
            .filter(|(name, _)| *name == field)
            .map(|(_, v)| v.replace('+', " "));
        let value = found
            .next_back()
            .unwrap_or_else(|| panic!("no {field} in {asked}"));
        percent_decode_str(&value)
            .decode_utf8()
            .unwrap()
            .into_owned()
    }

    fn chain(&self) -> Vec<Vec<u8>> {
        let list: Vec<String> = serde_json::from_str(&self.sent("subject_token")).unwrap();
        list.iter().map(|c| STANDARD.decode(c).unwrap()).collect()
    }
}

#[test]
fn it_is_shown_in_the_handshake_and_sent_as_the_subject_token() {
    let scene = Scene::new(3_600);
    let by_default = json!({ "use_default_certificate_config": true });
    let place = scene.home.path(".config/gcloud/certificate_config.json");
    scene.configure(&place, &scene.workload);
    let ran = scene.run(&scene.file(by_default.clone()), &[]);
    let value = is(&ran, ANA, "external_account");
    assert!(value["until"].is_string(), "{value}");
    assert_eq!(value["renewed"], true);
    let leaf = scene.workload.certificate.der().to_vec();
    assert_eq!(scene.chain(), [leaf]);
    for (field, value) in [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("audience", AUDIENCE),
        ("scope", "https://www.googleapis.com/auth/cloud-platform"),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token_type", MTLS),
    ] {
        assert_eq!(scene.sent(field), value);
    }

    // Elsewhere: by the variable, by the file itself.
    let elsewhere = scene.home.path("elsewhere/config.json");
    std::fs::rename(&place, scene.home.path("gone")).unwrap();
    scene.configure(&elsewhere, &scene.workload);
    let named = elsewhere.to_str().unwrap();
    let variable = [("GOOGLE_API_CERTIFICATE_CONFIG", named)];
    is(
        &scene.run(&scene.file(by_default.clone()), &variable),
        ANA,
        "external_account",
    );
    let located = json!({ "certificate_config_location": named });
    is(
        &scene.run(&scene.file(located), &[]),
        ANA,
        "external_account",
    );
    // By default and not there: what to do is said.
    scene
        .run(&scene.file(by_default), &[])
        .ends(2)
        .says("certificate_config.json")
        .says("create-cred-config")
        .says("GOOGLE_API_CERTIFICATE_CONFIG");
}

#[test]
fn a_trust_chain_goes_with_it() {
    let scene = Scene::new(3_600);
    let config = scene.home.path("config.json");
    scene.configure(&config, &scene.workload);
    let leaf = &scene.workload.certificate;
    let between = &scene.clients.certificate;
    let with = |text: String| {
        let chain = scene.home.write("chain.pem", &text);
        let file = scene.file(json!({
            "certificate_config_location": config, "trust_chain_path": chain,
        }));
        scene.run(&file, &[])
    };
    let whole = [leaf.der().to_vec(), between.der().to_vec()];
    for text in [between.pem(), format!("{}{}", leaf.pem(), between.pem())] {
        is(&with(text), ANA, "external_account");
        assert_eq!(scene.chain(), whole);
    }
    with(format!("{}{}", between.pem(), leaf.pem()))
        .ends(2)
        .says("chain.pem")
        .says("has to be the first");
    with("nothing".to_owned())
        .ends(2)
        .says("holds no certificate");
}

#[test]
fn it_acts_as_an_account() {
    let scene = Scene::new(3_600);
    let_mint(&scene.emulator, TARGET, ANA);
    let config = scene.home.path("config.json");
    scene.configure(&config, &scene.workload);
    let mut file = scene.file(json!({ "certificate_config_location": config }));
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        scene.emulator.url
    );
    file["service_account_impersonation_url"] = json!(url);
    file["service_account_impersonation"] = json!({ "token_lifetime_seconds": 600 });
    let value = is(
        &scene.run(&file, &[]),
        &format!("serviceAccount:{TARGET}"),
        "external_account",
    );
    let until: jiff::Timestamp = value["until"].as_str().unwrap().parse().unwrap();
    let left = jiff::Timestamp::now().duration_until(until).as_secs();
    assert!((1..=600).contains(&left), "{left}");

    // The same by a file of the other kind, by way of a delegate.
    let between = "run-processor@app-prod.iam.gserviceaccount.com";
    let_mint(&scene.emulator, between, ANA);
    let_mint(
        &scene.emulator,
        TARGET,
        &format!("serviceAccount:{between}"),
    );
    let around = json!({
        "type": "impersonated_service_account",
        "service_account_impersonation_url": url,
        "delegates": [format!("projects/-/serviceAccounts/{between}")],
        "source_credentials": scene.file(json!({ "certificate_config_location": config })),
    });
    is(
        &scene.run(&around, &[]),
        &format!("serviceAccount:{TARGET}"),
        "impersonated_service_account",
    );

    // Somebody who may not is told of whom.
    file["service_account_impersonation_url"] =
        json!(url.replace(TARGET, "nobody@app-prod.iam.gserviceaccount.com"));
    scene
        .run(&file, &[])
        .ends(2)
        .says("acting as nobody@app-prod.iam.gserviceaccount.com");
}

#[test]
fn what_is_wrong_with_it_is_told_without_the_key() {
    let scene = Scene::new(3_600);
    let config = scene.home.path("config.json");
    let file = scene.file(json!({ "certificate_config_location": config }));
    // Signed by somebody whom the server does not know.
    scene.configure(&config, &Authority::new().client(|_| {}));
    scene
        .run(&file, &[])
        .ends(2)
        .says("by the certificate")
        .says("workload.pem");
    assert_eq!(scene.sts.asked().len(), 0);
    // Over.
    let over = scene.clients.client(|params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    scene.configure(&config, &over);
    scene
        .run(&file, &[])
        .ends(2)
        .says("is over since 2021-01-01")
        .says("has to renew it");
    // The key of another, no key, no file.
    scene.configure(&config, &scene.workload);
    let other = scene.clients.client(|_| {});
    scene
        .home
        .write("workload-key.pem", &other.key.serialize_pem());
    scene
        .run(&file, &[])
        .ends(2)
        .says("workload-key.pem")
        .says("cannot be used");
    scene
        .home
        .write("workload-key.pem", "-----BEGIN NOTHING-----\n");
    scene.run(&file, &[]).ends(2).says("workload-key.pem");
    std::fs::remove_file(scene.home.path("workload-key.pem")).unwrap();
    scene
        .run(&file, &[])
        .ends(2)
        .says("the key")
        .says("cannot be read");
    std::fs::write(&config, json!({ "cert_configs": {} }).to_string()).unwrap();
    scene
        .run(&file, &[])
        .ends(2)
        .says("cert_configs.workload.cert_path is missing");
}

/// A refusal of the service's, in its words.
#[test]
fn a_pool_that_does_not_take_it_is_told() {
    let scene = Scene::new(3_600);
    let config = scene.home.path("config.json");
    scene.configure(&config, &scene.workload);
    let servers = Authority::new();
    let refusing = TlsServer::start(&servers, "localhost", Some(&scene.clients), |_| {
        let answer = json!({ "error": "invalid_grant", "error_description": "The certificate chain is not trusted." });
        (
            "400 Bad Request\r\nContent-Type: application/json".to_owned(),
            answer.to_string(),
        )
    });
    let mut file = scene.file(json!({ "certificate_config_location": config }));
    file["token_url"] = json!(format!("{}/v1/token", refusing.url("localhost")));
    let authorities = servers.file(&scene.home, "others.pem");
    scene
        .run(&file, &[("SSL_CERT_FILE", &authorities)])
        .ends(2)
        .says("invalid_grant: The certificate chain is not trusted")
        .says("gcloud iam workload-identity-pools providers describe");
}
