//! What stands between this machine and Google: authorities of one's own, proxies, portals, clocks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::{Emulator, Home, Ran, call};
use crate::credentials::{login, whoami, with, with_file};
use crate::tls::{Authority, TlsServer, Tunnel};

const HOST: &str = "google.example.test";
const TOKEN: (&str, &str) = ("BINDSCOPE_ACCESS_TOKEN", "user:ana@example.com");

fn projects() -> (String, String) {
    let head = "200 OK\r\nContent-Type: application/json";
    let body = r#"{"projects":[{"name":"projects/1","projectId":"by-tls","state":"ACTIVE"}]}"#;
    (head.to_owned(), body.to_owned())
}

fn list(home: &Home, url: &str, variables: &[(&str, &str)]) -> Ran {
    let mut all = vec![TOKEN];
    all.extend(variables);
    with(home, &["list", "projects", "--endpoint", url], &all)
}

#[test]
fn an_authority_of_ones_own_is_named_by_a_variable() {
    let home = Home::new();
    let authority = Authority::new();
    let server = TlsServer::start(&authority, "localhost", None, |_| projects());
    let url = server.url("localhost");
    let file = authority.file(&home, "ca.pem");

    let ran = list(&home, &url, &[("SSL_CERT_FILE", &file)]);
    ran.ends(0);
    assert!(ran.out.contains("by-tls"), "{}", ran.out);

    // Another's: told with what to do, and asked once, since it stays so.
    let before = server.met();
    let other = Authority::new().file(&home, "other.pem");
    list(&home, &url, &[("SSL_CERT_FILE", &other)])
        .ends(2)
        .says("signed by nobody whom this machine trusts")
        .says("SSL_CERT_FILE=ca.pem");
    assert_eq!(server.met() - before, 1);
    // The doctor says the same of each API.
    let ran = with(
        &home,
        &["doctor", "--endpoint", &url],
        &[TOKEN, ("SSL_CERT_FILE", &other)],
    );
    ran.ends(2);
    let flat: Vec<&str> = ran.out.split_whitespace().collect();
    assert!(
        flat.join(" ").contains("whom this machine trusts"),
        "{}",
        ran.out
    );

    let empty = home.write("empty.pem", "nothing\n");
    for (file, words) in [
        (
            "/nowhere/ca.pem",
            "SSL_CERT_FILE names /nowhere/ca.pem, which cannot be read",
        ),
        (empty.to_str().unwrap(), "holds no certificate"),
    ] {
        list(&home, &url, &[("SSL_CERT_FILE", file)])
            .ends(2)
            .says(words);
    }
    // Without TLS nothing depends on it.
    let broken = [("SSL_CERT_FILE", "/nowhere/ca.pem")];
    with(&home, &["list", "projects", "--demo"], &broken).ends(0);
}

/// A server with another's name is none.
#[test]
fn a_certificate_of_another_name_is_not_taken() {
    let home = Home::new();
    let authority = Authority::new();
    let server = TlsServer::start(&authority, HOST, None, |_| projects());
    let file = authority.file(&home, "ca.pem");
    let ran = list(&home, &server.url("localhost"), &[("SSL_CERT_FILE", &file)]);
    ran.ends(2).says("the server's certificate is not taken");
    assert_eq!(server.met(), 1);
}

#[test]
fn https_goes_through_the_proxy_of_the_environment() {
    let home = Home::new();
    let authority = Authority::new();
    let server = TlsServer::start(&authority, HOST, None, |_| projects());
    let file = authority.file(&home, "ca.pem");
    let tunnel = Tunnel::to(server.port, None);
    let proxy = format!("http://{}", tunnel.address);
    let through = |more: &[(&str, &str)]| {
        let mut all = vec![
            ("SSL_CERT_FILE", file.as_str()),
            ("HTTPS_PROXY", proxy.as_str()),
            ("NO_PROXY", ""),
        ];
        all.extend(more);
        list(&home, &format!("https://{HOST}"), &all)
    };
    let ran = through(&[]);
    ran.ends(0);
    assert!(ran.out.contains("by-tls"), "{}", ran.out);
    let asked = tunnel.asked();
    assert!(
        asked[0].starts_with(&format!("CONNECT {HOST}:443 ")),
        "{asked:?}"
    );
    // The token is for the server alone.
    assert!(
        !asked.iter().any(|a| a.contains("ana@example.com")),
        "{asked:?}"
    );
    assert!(server.asked()[0].contains("Bearer user:ana@example.com"));

    let before = tunnel.asked().len();
    through(&[("NO_PROXY", HOST)])
        .ends(2)
        .says("its name cannot be looked up")
        .says("HTTPS_PROXY");
    assert_eq!(tunnel.asked().len(), before);
    let nobody = "http://127.0.0.1:9";
    through(&[("HTTPS_PROXY", nobody)])
        .ends(2)
        .says("the proxy of HTTPS_PROXY gives no answer")
        .says("refused");
}

/// Tokens are got by the same way, whichever crate gets them.
#[test]
fn tokens_come_by_the_same_way() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let authority = Authority::new();
    let server = TlsServer::start(&authority, HOST, None, |_| {
        let head = "200 OK\r\nContent-Type: application/json";
        let token = json!({ "access_token": TOKEN.1, "expires_in": 3_600, "token_type": "Bearer" });
        (head.to_owned(), token.to_string())
    });
    let keys = format!(
        "{}/v1/projects/app-prod/serviceAccounts/run-processor@app-prod.iam.gserviceaccount.com/keys",
        emulator.url
    );
    let made = call(&keys, &emulator.bearer(), "{}");
    let key = STANDARD
        .decode(made["privateKeyData"].as_str().unwrap())
        .unwrap();
    let mut key: Value = serde_json::from_slice(&key).unwrap();
    let address = format!("https://{HOST}/token");
    key["token_uri"] = json!(address);
    let mut person = login("", "1//0-a-refresh-token-that-is-nobodys");
    person["token_uri"] = json!(address);
    person["quota_project_id"] = Value::Null;
    let ours = authority.file(&home, "ca.pem");
    let others = Authority::new().file(&home, "other.pem");
    for file in [&person, &key] {
        let run = |authorities: &str, login: Option<&'static str>| {
            let tunnel = Tunnel::to(server.port, login);
            let proxy = format!("http://{}", tunnel.address);
            let variables = [
                ("SSL_CERT_FILE", authorities),
                ("HTTPS_PROXY", proxy.as_str()),
                ("NO_PROXY", "127.0.0.1"),
            ];
            let ran = with_file(&home, file, &whoami(&emulator.url), &variables);
            (ran, tunnel.asked().len())
        };
        let (ran, asked) = run(&ours, None);
        assert_eq!(ran.json()["principal"], TOKEN.1, "{}", ran.err);
        assert_eq!(asked, 1);
        let (ran, asked) = run(&ours, Some("Basic x"));
        ran.ends(2).says("HTTP 407: the proxy wants a login");
        assert_eq!(asked, 1);
        let (ran, _) = run(&others, None);
        ran.ends(2).says("SSL_CERT_FILE=ca.pem");
    }
    person["token_uri"] = json!("https://nowhere.example.test/token");
    with_file(&home, &person, &whoami(&emulator.url), &[])
        .ends(2)
        .says("no answer from nowhere.example.test: its name cannot be looked up");
}

#[test]
fn a_proxy_that_wants_a_login_is_told_and_given_one() {
    let home = Home::new();
    let authority = Authority::new();
    let server = TlsServer::start(&authority, HOST, None, |_| projects());
    let file = authority.file(&home, "ca.pem");
    // "ana:a-proxys-password"
    let login = "Basic YW5hOmEtcHJveHlzLXBhc3N3b3Jk";
    let tunnel = Tunnel::to(server.port, Some(login));
    let through = |user: &str| {
        let proxy = format!("http://{user}{}", tunnel.address);
        let all = [
            ("SSL_CERT_FILE", file.as_str()),
            ("HTTPS_PROXY", proxy.as_str()),
            ("NO_PROXY", ""),
        ];
        list(&home, &format!("https://{HOST}"), &all)
    };
    through("")
        .ends(2)
        .says("HTTP 407: the proxy wants a login")
        .says("http://USER:PASSWORD@HOST:PORT");
    assert_eq!(tunnel.asked().len(), 1, "it was asked again");
    let ran = through("ana:a-proxys-password@");
    ran.ends(0);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    for text in [&ran.out, &ran.err, &log] {
        assert!(!text.contains("a-proxys-password"), "{text}");
    }
}

/// A server that answers everything alike, and counts.
fn alike(answer: &str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, answer) = (Arc::new(AtomicUsize::new(0)), answer.to_owned());
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Answers come packed, to whoever says so twice; what unpacks to more than anybody asked for is not gathered.
#[test]
fn answers_come_packed() {
    let home = Home::new();
    let authority = Authority::new();
    let file = authority.file(&home, "ca.pem");
    for (text, words) in [
        (projects().1, ""),
        (" ".repeat(80 << 20), "longer than 64 MiB"),
    ] {
        let server = TlsServer::packing(&authority, "localhost", text);
        let ran = list(&home, &server.url("localhost"), &[("SSL_CERT_FILE", &file)]);
        if words.is_empty() {
            ran.ends(0);
            assert!(ran.out.contains("by-tls"), "{}", ran.out);
        } else {
            ran.ends(2).says(words);
        }
        assert_eq!(server.met(), 1);
        let asked = server.asked()[0].to_lowercase();
        assert!(asked.contains("accept-encoding: gzip"), "{asked}");
        assert!(asked.contains("(gzip)"), "{asked}");
    }
}

/// What answers in Google's stead goes on to do so: it is asked once.
#[test]
fn a_portal_is_not_asked_again_and_again() {
    let home = Home::new();
    for (head, body) in [
        ("302 Found\r\nLocation: http://portal.example/in", ""),
        ("407 Proxy Authentication Required", ""),
        ("511 Network Authentication Required", "<html>in</html>"),
        (
            "200 OK",
            "<!DOCTYPE html><html><body>Welcome to our hotel</body></html>",
        ),
    ] {
        let (url, asked) = alike(&response(head, body));
        list(&home, &url, &[]).ends(2).says("log");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{head}");
    }
    // What is only cut off may come whole.
    let (url, asked) = alike(&response("200 OK", "{\"projects\":"));
    list(&home, &url, &[]).ends(2);
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

/// Whatever is asked, not by the doctor alone: where a token is refused and the clocks differ.
#[test]
fn a_clock_that_is_wrong_is_told_where_a_token_is_refused() {
    let home = Home::new();
    let refusal = r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#;
    let head = "401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT";
    let (url, _) = alike(&response(head, refusal));
    let pair = [
        "--caller",
        crate::common::CALLER,
        "--target",
        crate::common::TARGET,
    ];
    for command in [
        &["list", "projects"][..],
        &["list", "service-accounts"],
        &[&["explain"], &pair[..]].concat(),
        &["who", "--target", crate::common::TARGET],
    ] {
        let ran = with(&home, &[command, &["--endpoint", &url]].concat(), &[TOKEN]);
        ran.ends(2)
            .says("s ahead of the server's; signed tokens are refused")
            .says("timedatectl");
    }
    // Where they agree, nothing is said of them.
    let (url, _) = alike(&response("401 Unauthorized", refusal));
    let ran = list(&home, &url, &[]);
    ran.ends(2).says("To mend it: get a fresh one");
    assert!(!ran.err.contains("clock"), "{}", ran.err);
}
