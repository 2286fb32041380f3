//! A server between the program and an emulator: it hands on what it does not know, answers what no emulator serves (a
//! workforce's logins, Amazon's metadata, a subject token at an address), plays one fault, and keeps what was asked
//! and which secrets went through it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Method and path.
pub type Called = (String, String);

/// Whom the stand-in's tokens are of.
pub const ANA: &str = "user:ana@tern.example";
/// What the stand-in alone serves, and the emulator does not.
#[rustfmt::skip]
const STOOD_IN: [(&str, &str); 7] = [
    // A workforce login's (gcloud writes this address into its file).
    ("POST", "/v1/oauthtoken"),
    // The exchange of what the emulator does not take: Amazon's requests, certificates.
    ("POST", "/foreign/v1/token"),
    ("GET", "/subject"),
    ("PUT", "/aws/token"),
    ("GET", "/aws/region"),
    ("GET", "/aws/roles"),
    ("GET", "/aws/roles/runner"),
];
pub const SUBJECT: &str = "a-subject-that-is-nobodys-business";
pub const MACHINE: [&str; 4] = [
    "AKIAOFNOBODYATALL",
    "the-secret-key-of-amazons",
    "the-session-token-of-amazons",
    "the-imds-token-of-amazons",
];

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// As the emulator's word says.
    Word(&'static str),
    /// The answer's object has another value there; `None`: nothing.
    Field(String, Option<Value>),
    /// Success, and this.
    Says(&'static str),
}

/// A fault on the calls of one method and path; on the first of them alone where it says so.
#[derive(Clone, Debug)]
pub struct Fault {
    pub call: Called,
    pub first: bool,
    pub effect: Effect,
}

#[derive(Default)]
pub struct Seen {
    /// How often each call was made.
    pub calls: BTreeMap<Called, usize>,
    /// What no output may hold.
    pub secrets: BTreeSet<String>,
    /// The objects that came back.
    pub objects: BTreeMap<Called, Value>,
}

pub struct Front {
    pub url: String,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Behind {
    emulator: String,
    fault: Option<Fault>,
    seen: Arc<Mutex<Seen>>,
}

impl Front {
    /// Before the emulator at this host.
    pub async fn start(emulator: &str, fault: Option<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let behind = Arc::new(Behind {
            emulator: emulator.to_owned(),
            fault,
            seen: Arc::clone(&seen),
        });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let behind = Arc::clone(&behind);
                tokio::spawn(async move { behind.serve(stream).await });
            }
        });
        Self { url, seen, task }
    }

    pub fn seen(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

struct Asked {
    call: Called,
    /// The path with its query.
    target: String,
    /// The lines of the head after the first.
    head: String,
    body: Vec<u8>,
}

struct Reply {
    /// Status line and headers, without those that say how long it is.
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn new(status: &str, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            head: format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"),
            body: body.into(),
        }
    }

    fn json(status: &str, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    fn whole(&self) -> Vec<u8> {
        let length = self.body.len();
        let head = format!(
            "{}Content-Length: {length}\r\nConnection: close\r\n\r\n",
            self.head
        );
        [head.as_bytes(), &self.body].concat()
    }
}

async fn asked(stream: &mut BufStream<TcpStream>) -> Option<Asked> {
    let mut lines = String::new();
    while !lines.ends_with("\r\n\r\n") {
        if stream.read_line(&mut lines).await.ok()? == 0 {
            return None;
        }
    }
    let (first, head) = lines.split_once("\r\n")?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let length = head.lines().find_map(|line| {
        let line = line.to_lowercase();
        line.strip_prefix("content-length:")?.trim().parse().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let path = target.split('?').next()?;
    Some(Asked {
        call: (method.to_owned(), path.to_owned()),
        target: target.to_owned(),
        head: head.trim_end().to_owned(),
        body,
    })
}

impl Behind {
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufStream::new(stream);
        let Some(asked) = asked(&mut stream).await else {
            return;
        };
        let nth = {
            let mut seen = self.seen.lock().unwrap();
            seen.secrets.extend(secrets_asked(&asked));
            let nth = seen.calls.entry(asked.call.clone()).or_default();
            *nth += 1;
            *nth
        };
        let reply = self.real(&asked).await;
        {
            let mut seen = self.seen.lock().unwrap();
            let value: Option<Value> = serde_json::from_slice(&reply.body).ok();
            if let Some(value @ Value::Object(_)) = value {
                secrets_in(&value, &mut seen.secrets);
                seen.objects.insert(asked.call.clone(), value);
            } else if asked.call.1.ends_with("/identity") {
                let token = String::from_utf8_lossy(&reply.body).into_owned();
                seen.secrets.insert(token);
            }
        }
        let fault = self.fault.as_ref();
        let met = fault.filter(|f| f.call == asked.call && (nth == 1 || !f.first));
        match met {
            None => {
                let _ = stream.write_all(&reply.whole()).await;
                let _ = stream.flush().await;
            }
            Some(fault) => play(&mut stream, &fault.effect, reply).await,
        }
    }

    /// The answer without a fault.
    async fn real(&self, asked: &Asked) -> Reply {
        let call = (asked.call.0.as_str(), asked.call.1.as_str());
        if !STOOD_IN.contains(&call) {
            return self.handed_on(asked).await;
        }
        let plain = |text: &str| Reply::new("200 OK", "text/plain", text);
        match call.1 {
            "/subject" => Reply::json("200 OK", &json!({ "value": SUBJECT })),
            "/aws/token" => plain(MACHINE[3]),
            "/aws/region" => plain("eu-west-1b"),
            "/aws/roles" => plain("runner"),
            "/aws/roles/runner" => {
                let [id, secret, token, _] = MACHINE;
                let keys = json!({ "AccessKeyId": id, "SecretAccessKey": secret, "Token": token });
                Reply::json("200 OK", &keys)
            }
            _ => {
                let form = format!("grant_type=refresh_token&refresh_token={ANA}");
                let minted = Asked {
                    call: ("POST".to_owned(), "/token".to_owned()),
                    target: "/token".to_owned(),
                    head: "Host: x\r\nContent-Type: application/x-www-form-urlencoded".to_owned(),
                    body: form.into_bytes(),
                };
                let minted = self.handed_on(&minted).await;
                let mut answer: Value = serde_json::from_slice(&minted.body).unwrap();
                answer["issued_token_type"] =
                    json!("urn:ietf:params:oauth:token-type:access_token");
                Reply::json("200 OK", &answer)
            }
        }
    }

    async fn handed_on(&self, asked: &Asked) -> Reply {
        let gone = |line: &&str| {
            let line = line.to_lowercase();
            let names = ["connection:", "accept-encoding:", "content-length:"];
            !names.iter().any(|name| line.starts_with(name))
        };
        let head: Vec<&str> = asked.head.lines().filter(gone).collect();
        let request = format!(
            "{} {} HTTP/1.1\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            asked.call.0,
            asked.target,
            head.join("\r\n"),
            asked.body.len()
        );
        let mut stream = TcpStream::connect(&self.emulator).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(&asked.body).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let kept = head.lines().filter(gone).map(|line| format!("{line}\r\n"));
        Reply {
            head: kept.collect(),
            body: answer[end + 4..].to_vec(),
        }
    }
}

/// The credentials of a request.
fn secrets_asked(asked: &Asked) -> Vec<String> {
    let mut found = Vec::new();
    for line in asked.head.lines() {
        if line.to_lowercase().starts_with("authorization:") {
            found.extend(line.split(' ').nth(2).map(str::to_owned));
        }
    }
    let body = String::from_utf8_lossy(&asked.body);
    for pair in body.split('&') {
        if let Some(assertion) = pair.strip_prefix("assertion=") {
            found.push(assertion.to_owned());
        }
    }
    found
}

const SECRET: [&str; 7] = [
    "access_token",
    "accessToken",
    "id_token",
    "value",
    "AccessKeyId",
    "SecretAccessKey",
    "Token",
];

fn secrets_in(value: &Value, into: &mut BTreeSet<String>) {
    for key in SECRET {
        into.extend(value.get(key).and_then(Value::as_str).map(str::to_owned));
    }
}

/// What a fault makes of an answer: the emulator's words as in its `serve::faults`.
async fn play(stream: &mut BufStream<TcpStream>, effect: &Effect, real: Reply) {
    let refusal = |code: &str, message: &str| {
        let status = json!({ "error": { "code": code.parse::<u16>().unwrap(), "message": message, "status": "UNAVAILABLE" } });
        Reply::json(&format!("{code} X"), &status)
    };
    let whole = match effect {
        Effect::Says(text) => Reply::new("200 OK", "application/json", *text).whole(),
        Effect::Field(name, value) => {
            let mut object: Value = serde_json::from_slice(&real.body).unwrap_or_default();
            let map = object.as_object_mut().unwrap();
            match value {
                Some(value) => map.insert(name.clone(), value.clone()),
                None => map.remove(name),
            };
            let body = object.to_string().into_bytes();
            Reply { body, ..real }.whole()
        }
        Effect::Word(word) => {
            let (word, detail) = word.split_once(':').unwrap_or((word, ""));
            match word {
                "reset" | "reset after" => {
                    let _ = stream.get_ref().set_zero_linger();
                    return;
                }
                "truncate" => {
                    let all = real.whole();
                    let length = real.body.len();
                    let kept = detail.parse().unwrap_or(length / 2);
                    all[..all.len() - length + kept].to_vec()
                }
                "garbled" => {
                    let half = real.body[..real.body.len() / 2].to_vec();
                    Reply { body: half, ..real }.whole()
                }
                "html" => {
                    let code = if detail.is_empty() { "502" } else { detail };
                    let page = format!(
                        "<!DOCTYPE html>\n<html><body><h1>{code}</h1><p>The proxy could not reach the server.</p></body></html>\n"
                    );
                    Reply::new(&format!("{code} X"), "text/html; charset=UTF-8", page).whole()
                }
                "expired" => {
                    refusal("401", "Request had invalid authentication credentials.").whole()
                }
                "slow" => {
                    let all = real.whole();
                    let first = all.len() - real.body.len() + 1;
                    let _ = stream.write_all(&all[..first.min(all.len())]).await;
                    let _ = stream.flush().await;
                    // Until whoever asked leaves.
                    let left = stream.read_u8();
                    let _ = tokio::time::timeout(Duration::from_secs(3_600), left).await;
                    return;
                }
                code => {
                    let mut reply = refusal(code, "It is refused on purpose.");
                    if !detail.is_empty() {
                        let seconds = if detail == "1h" { 3_600 } else { 1 };
                        reply.head += &format!("Retry-After: {seconds}\r\n");
                    }
                    reply.whole()
                }
            }
        }
    };
    let _ = stream.write_all(&whole).await;
    let _ = stream.flush().await;
}

/// Whether the stand-in alone serves it.
pub fn is_stood_in(call: &Called) -> bool {
    STOOD_IN.contains(&(&*call.0, &*call.1))
}

/// What it serves, to be asked for by one way at least.
pub fn stood_in() -> impl Iterator<Item = Called> {
    STOOD_IN
        .iter()
        .map(|(m, p)| ((*m).to_owned(), (*p).to_owned()))
}
