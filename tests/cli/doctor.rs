//! `doctor` and a server that asks for patience, from the real program to stubs over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::common::{Emulator, Home, Ran};

const TOKEN: &str = "ya29.a-token-that-is-nobodys";

/// A server that answers the n-th request with status line, headers and body as given.
fn stub(answer: impl Fn(usize) -> String + Send + 'static) -> (String, Arc<AtomicUsize>) {
    listening(move |n, _| answer(n))
}

/// The same, with the header lines of the request, lower case.
fn listening(
    answer: impl Fn(usize, &str) -> String + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut line, mut length, mut headers) = (String::new(), 0, String::new());
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                headers += &line.to_lowercase();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let text = answer(counter.fetch_add(1, Ordering::Relaxed), &headers);
            let _ = reader.get_mut().write_all(text.as_bytes());
        }
    });
    (url, asked)
}

fn response(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn with(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = home.command(arguments);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN));
    ran
}

fn doctor(home: &Home, url: &str) -> Ran {
    let arguments = ["doctor", "--endpoint", url, "--format", "json"];
    with(home, &arguments, &[("BINDSCOPE_ACCESS_TOKEN", TOKEN)])
}

#[track_caller]
fn check(ran: &Ran, name: &str) -> Value {
    let value = ran.json();
    let all = value["checks"].as_array().unwrap();
    let found = all.iter().find(|c| c["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name}: {value}"))
        .clone()
}

#[track_caller]
fn is(ran: &Ran, name: &str, state: &str, words: &str) {
    let found = check(ran, name);
    assert_eq!(found["state"], state, "{found}");
    assert!(found.to_string().contains(words), "{found}");
}

#[test]
fn all_is_well_with_the_emulator() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--demo", "--format", "json"]);
    ran.ends(0);
    assert_eq!(ran.json()["healthy"], true);
    for check in ran.json()["checks"].as_array().unwrap() {
        assert_eq!(check["state"], "OK", "{check}");
    }
    is(&ran, "iamcredentials.googleapis.com", "OK", "answers");
    assert!(!home.path("state").exists(), "it left something behind");

    let emulator = Emulator::start(&home, &["--demo"]);
    let ran = with(
        &home,
        &["doctor", "--endpoint", &emulator.url],
        &[("BINDSCOPE_ACCESS_TOKEN", "user:ana@example.com")],
    );
    ran.ends(0);
    assert!(ran.out.contains("user:ana@example.com"), "{}", ran.out);
    assert!(ran.out.contains("clock"), "{}", ran.out);
}

#[test]
fn an_api_that_is_off_names_the_command() {
    let home = Home::new();
    let (url, _) = stub(|_| {
        response(
            "403 Forbidden\r\nContent-Type: application/json",
            r#"{"error":{"code":403,"message":"It is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}"#,
        )
    });
    let ran = doctor(&home, &url);
    ran.ends(2);
    is(
        &ran,
        "iam.googleapis.com",
        "PROBLEM",
        "gcloud services enable iam.googleapis.com",
    );
    is(
        &ran,
        "cloudidentity.googleapis.com",
        "WARNING",
        "gcloud services enable",
    );
}

#[test]
fn a_token_that_is_not_taken() {
    let home = Home::new();
    let (url, _) = stub(|_| response("401 Unauthorized", r#"{"error":{"message":"no"}}"#));
    let ran = doctor(&home, &url);
    ran.ends(2);
    is(&ran, "iam.googleapis.com", "PROBLEM", "not accepted");
}

/// A login whose calls are billed to a project asks with it, or Google refuses what it would not refuse.
#[test]
fn it_asks_as_other_calls_are_made() {
    let home = Home::new();
    let (url, _) = listening(|_, headers| {
        if headers.contains("x-goog-user-project: app-prod") {
            response("200 OK\r\nContent-Type: application/json", "{}")
        } else {
            response(
                "403 Forbidden\r\nContent-Type: application/json",
                r#"{"error":{"code":403,"message":"the API requires a quota project, which is not set by default","status":"PERMISSION_DENIED"}}"#,
            )
        }
    });
    let ask = |more: &[&str]| {
        let mut arguments = vec!["doctor", "--endpoint", &url, "--format", "json"];
        arguments.extend(more);
        with(&home, &arguments, &[("BINDSCOPE_ACCESS_TOKEN", TOKEN)])
    };
    let without = ask(&[]);
    assert!(without.out.contains("--billing-project"), "{}", without.out);
    let billed = ask(&["--billing-project", "app-prod"]);
    assert!(
        !billed.out.contains("quota project, which"),
        "{}",
        billed.out
    );
    is(&billed, "iam.googleapis.com", "OK", "");
}

#[test]
fn a_captive_portal_is_not_google() {
    let home = Home::new();
    let (url, _) = stub(|_| response("302 Found\r\nLocation: http://portal.example/in?who=me", ""));
    let ran = doctor(&home, &url);
    ran.ends(2);
    is(
        &ran,
        "iam.googleapis.com",
        "PROBLEM",
        "http://portal.example/in",
    );
    is(&ran, "iam.googleapis.com", "PROBLEM", "captive portal");
    assert!(!ran.out.contains("who=me"), "{}", ran.out);

    let (url, _) = stub(|_| response("200 OK", "<html><body>Welcome to our hotel</body></html>"));
    let ran = doctor(&home, &url);
    ran.ends(2);
    is(
        &ran,
        "iam.googleapis.com",
        "PROBLEM",
        "Welcome to our hotel",
    );
    is(&ran, "clock", "UNKNOWN", "");
}

/// Whatever is asked, not by the doctor alone.
#[test]
fn what_answers_in_googles_stead_is_told_by_every_command() {
    let home = Home::new();
    let variables = [("BINDSCOPE_ACCESS_TOKEN", "user:ana@example.com")];
    for (head, words) in [
        (
            "302 Found\r\nLocation: http://portal.example/in?who=me",
            "sent on to http://portal.example/in, as by a network that wants a login first",
        ),
        (
            "511 Network Authentication Required",
            "this network wants a login first",
        ),
        (
            "407 Proxy Authentication Required",
            "the proxy wants a login",
        ),
    ] {
        let (url, _) = stub(move |_| response(head, ""));
        let ran = with(&home, &["list", "projects", "--endpoint", &url], &variables);
        ran.ends(2).says(words);
        assert!(!ran.err.contains("who=me"), "{}", ran.err);
    }
}

#[test]
fn proxies_are_those_of_the_environment_and_none_stands_before_this_machine() {
    let home = Home::new();
    let (proxy, _) = listening(|_, request| {
        let asked = request.starts_with("get http://iam.example.test/v");
        let head = if asked { "200 OK" } else { "500 X" };
        response(head, "{}")
    });
    let listed = |endpoint: &str, variables: &[(&str, &str)]| {
        let mut all = vec![
            ("BINDSCOPE_ACCESS_TOKEN", "user:ana@example.com"),
            ("NO_PROXY", ""),
        ];
        all.extend(variables);
        with(&home, &["list", "projects", "--endpoint", endpoint], &all)
    };
    let there = "http://iam.example.test";
    listed(there, &[("HTTP_PROXY", &proxy)]).ends(0);
    listed(
        there,
        &[("HTTP_PROXY", &proxy), ("NO_PROXY", "iam.example.test")],
    )
    .ends(2);

    let nobody = [("HTTP_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "")];
    with(&home, &["list", "projects", "--demo"], &nobody).ends(0);
    with(&home, &["doctor", "--demo"], &nobody).ends(0);
}

#[test]
fn nobody_listens() {
    let home = Home::new();
    let ran = doctor(&home, "http://127.0.0.1:9");
    ran.ends(2);
    is(&ran, "iam.googleapis.com", "PROBLEM", "check the network");
}

/// Behind a proxy that is not there, without any credentials.
#[test]
fn offline_and_nobody() {
    let home = Home::new();
    let ran = with(
        &home,
        &["doctor", "--format", "json"],
        &[
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
            ("GCE_METADATA_HOST", "127.0.0.1:9"),
        ],
    );
    ran.ends(2);
    is(
        &ran,
        "credentials",
        "PROBLEM",
        "gcloud auth application-default login",
    );
    is(&ran, "iam.googleapis.com", "PROBLEM", "HTTPS_PROXY");
    is(&ran, "quota project", "UNKNOWN", "");
}

#[test]
fn a_clock_that_is_wrong() {
    let home = Home::new();
    let (url, _) = stub(|_| response("200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT", "{}"));
    let ran = doctor(&home, &url);
    ran.ends(2);
    is(&ran, "clock", "PROBLEM", "ahead of the server's");
    is(&ran, "clock", "PROBLEM", "timedatectl");
}

#[test]
fn what_is_broken_at_home_is_told_with_the_rest() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".config/bindscope")).unwrap();
    home.write(".config/bindscope/config.toml", "readonly = true");
    home.write("file", "");
    let state = home.path("file");
    let ran = with(
        &home,
        &["doctor", "--demo", "--format", "json"],
        &[("XDG_STATE_HOME", state.to_str().unwrap())],
    );
    ran.ends(2);
    is(&ran, "configuration", "PROBLEM", "Did you mean read-only?");
    is(&ran, "history", "PROBLEM", "XDG_STATE_HOME");
    is(&ran, "iam.googleapis.com", "OK", "answers");
}

#[test]
fn a_wait_that_the_server_asks_for_is_said_and_kept() {
    let home = Home::new();
    let limited = |after: &str| {
        let head = format!("429 Too Many Requests\r\nRetry-After: {after}");
        response(&head, r#"{"error":{"message":"slow down"}}"#)
    };
    let variables = [("BINDSCOPE_ACCESS_TOKEN", "user:ana@example.com")];
    let (url, asked) = stub(move |n| match n {
        0 => limited("1"),
        _ => response("200 OK", "{}"),
    });
    let arguments = ["list", "projects", "--endpoint", &url];
    with(&home, &arguments, &variables)
        .ends(0)
        .says("waiting: HTTP 429 from cloudresourcemanager.googleapis.com: again in 2 s");
    assert!(asked.load(Ordering::Relaxed) >= 2);

    let (url, _) = stub(move |_| limited("3600"));
    let arguments = ["list", "projects", "--endpoint", &url];
    with(&home, &arguments, &variables)
        .ends(2)
        .says("try again in 3600 s");
}
