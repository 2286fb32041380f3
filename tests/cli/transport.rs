//! What stands between this machine and Google: authorities of one's own, proxies, portals, clocks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{Home, Ran};
use crate::credentials::with;
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
    through(&[("NO_PROXY", HOST)]).ends(2).says("no answer");
    assert_eq!(tunnel.asked().len(), before);
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
