//! A proxy between the program and the emulator that goes wrong where a test says: it resets,
//! truncates, refuses and stalls, before or after the call has taken place.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed; the call never took place.
    ResetBefore,
    /// The connection is closed, the call never took place, and somebody else writes the policy first:
    /// a binding of their own.
    ResetBeforeOthers,
    /// The call took place; the connection is closed without an answer.
    ResetAfter,
    /// The call took place, somebody else writes a binding of their own after it, and the connection is
    /// closed without an answer.
    ResetAfterOthers,
    /// The call took place; half of the answer comes.
    Truncated,
    /// This status; the call never took place.
    Status(u16),
    /// The call took place; this status comes all the same.
    StatusAfter(u16),
    /// Nothing more happens; the call never took place.
    StallBefore,
    /// The call took place; nothing more happens.
    StallAfter,
}

/// Which calls a fault befalls.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What the path must hold, all of it.
    pub path: Vec<String>,
    /// Whether only after a `setIamPolicy` has passed.
    pub after_write: bool,
    /// How many of them pass first.
    pub skip: usize,
    /// How many it then befalls.
    pub times: usize,
    /// The fault.
    pub fault: Fault,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    written: bool,
    /// Paths of the calls that took place.
    passed: Vec<String>,
}

/// The proxy; it ends with the test's runtime.
#[derive(Clone)]
pub struct Proxy {
    base: String,
    behind: String,
    state: Arc<Mutex<State>>,
    stalled: Arc<Semaphore>,
    http: reqwest::Client,
}

impl Proxy {
    /// Stands before `behind`, a base URL.
    pub async fn before(behind: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            behind: behind.to_owned(),
            state: Arc::default(),
            stalled: Arc::new(Semaphore::new(0)),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = serving.clone();
                tokio::spawn(async move { proxy.serve(stream).await });
            }
        });
        proxy
    }

    /// Its base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// From now on this goes wrong, and nothing else.
    pub fn set(&self, rules: Vec<Rule>) {
        let mut state = self.state.lock().unwrap();
        state.rules = rules;
        state.written = false;
        state.passed.clear();
    }

    /// Ends when a call stalls.
    pub async fn stalled(&self) {
        self.stalled.acquire().await.unwrap().forget();
    }

    /// How many calls of this verb took place since the last [`Self::set`].
    pub fn count(&self, verb: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.passed.iter().filter(|p| p.contains(verb)).count()
    }

    fn fault(&self, path: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let written = state.written;
        if path.contains(":setIamPolicy") {
            state.written = true;
        }
        for rule in &mut state.rules {
            let meant = rule.path.iter().all(|part| path.contains(part.as_str()));
            if !meant || (rule.after_write && !written) || rule.times == 0 {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fault);
        }
        None
    }

    /// One call a connection: each answer closes it.
    async fn serve(self, mut stream: TcpStream) {
        let Some((method, path, headers, body)) = read(&mut stream).await else {
            return;
        };
        let fault = self.fault(&path);
        match fault {
            Some(Fault::ResetBefore) => return,
            Some(Fault::ResetBeforeOthers) => return self.others(&path, headers).await,
            Some(Fault::Status(status)) => {
                answer(&mut stream, status, &refusal(status), None).await;
                return;
            }
            Some(Fault::StallBefore) => return self.stall(stream).await,
            _ => {}
        }
        let (status, text) = self.forward(&method, &path, headers.clone(), body).await;
        self.state.lock().unwrap().passed.push(path.clone());
        match fault {
            Some(Fault::ResetAfter) => {}
            Some(Fault::ResetAfterOthers) => self.others(&path, headers).await,
            Some(Fault::StallAfter) => self.stall(stream).await,
            Some(Fault::StatusAfter(status)) => {
                answer(&mut stream, status, &refusal(status), None).await;
            }
            Some(Fault::Truncated) => {
                answer(&mut stream, status, &text, Some(text.len() / 2)).await;
            }
            _ => answer(&mut stream, status, &text, None).await,
        }
    }

    /// Somebody else's write to the policy that `path` sets.
    async fn others(&self, path: &str, headers: Vec<(String, String)>) {
        let read = path.replace(
            ":setIamPolicy",
            ":getIamPolicy?options.requestedPolicyVersion=3",
        );
        let (_, text) = self
            .forward("POST", &read, headers.clone(), b"{}".to_vec())
            .await;
        let mut policy: serde_json::Value = serde_json::from_str(&text).unwrap();
        if policy["bindings"].is_null() {
            policy["bindings"] = serde_json::json!([]);
        }
        policy["bindings"].as_array_mut().unwrap().push(others());
        let body = serde_json::json!({ "policy": policy }).to_string();
        let (status, text) = self.forward("POST", path, headers, body.into_bytes()).await;
        assert_eq!(status, 200, "{text}");
    }

    async fn stall(&self, mut stream: TcpStream) {
        self.stalled.add_permits(1);
        // Until the other side is gone.
        let _ = stream.read(&mut [0; 1]).await;
    }

    async fn forward(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> (u16, String) {
        let url = format!("{}{path}", self.behind);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            if ["authorization", "content-type", "x-goog-user-project"].contains(&&*name) {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// What somebody else writes.
pub fn others() -> serde_json::Value {
    serde_json::json!({ "role": "roles/iam.serviceAccountUser", "members": ["user:cleo@example.com"] })
}

type Call = (String, String, Vec<(String, String)>, Vec<u8>);

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(n, _)| n == "content-length");
    let length: usize = length.map_or(0, |(_, v)| v.parse().unwrap_or(0));
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => body.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
    Some((method, path, headers, body))
}

async fn answer(stream: &mut TcpStream, status: u16, text: &str, cut: Option<usize>) {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let body = &text.as_bytes()[..cut.unwrap_or(text.len())];
    let _ = stream.write_all(body).await;
    let _ = stream.shutdown().await;
}

fn refusal(status: u16) -> String {
    let name = match status {
        401 => "UNAUTHENTICATED",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "UNKNOWN",
    };
    format!(r#"{{"error":{{"code":{status},"message":"as the test wants it","status":"{name}"}}}}"#)
}
