//! `doctor`: whether everything that bindscope stands on is in order, and what to do where it is not.

use std::io::IsTerminal;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::args::{Format, Global};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::{Exit, config, facts};
use crate::google::clock;
use crate::google::credentials::CredentialKind;
use crate::google::reachability::{ReachFinding, Reachability, reachability};
use crate::google::{CredentialsError, SignedIn};
use crate::repair::history;
use crate::wire::{Api, ApiError};

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// Something is missing that is not always needed.
    Warning,
    Bad,
    Unknown,
}

impl Health {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "OK",
            Self::Warning => "WARNING",
            Self::Bad => "PROBLEM",
            Self::Unknown => "UNKNOWN",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Good => Ink::Good,
            Self::Warning | Self::Unknown => Ink::Unsure,
            Self::Bad => Ink::Bad,
        }
    }
}

/// One thing that was looked at.
struct Check {
    name: String,
    health: Health,
    found: String,
    /// What to do; empty where nothing is.
    next: String,
}

impl Check {
    fn new(name: &str, health: Health, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            health,
            found: found.into(),
            next: next.into(),
        }
    }
}

/// Looks at everything. Ends with 2 where something is a problem.
///
/// # Errors
/// The output cannot be written.
pub async fn run(global: &Global) -> Result<Exit, Failure> {
    let mut checks = vec![terminal(), configuration(), history_folder()];
    match facts::open(global).await {
        Ok(facts) => {
            checks.extend(outside(&facts).await);
            facts.close();
        }
        Err(failure) => {
            checks.push(Check::new(
                "facts",
                Health::Bad,
                said(&failure),
                failure.next.clone(),
            ));
        }
    }
    let bad = checks.iter().any(|c| c.health == Health::Bad);
    if global.format == Format::Json {
        let rows: Vec<_> = checks.iter().map(as_json).collect();
        out::json(&json!({ "healthy": !bad, "checks": rows }))?;
    } else {
        as_text(&checks).print()?;
    }
    Ok(if bad { Exit::Failed } else { Exit::Done })
}

fn as_json(check: &Check) -> serde_json::Value {
    let next = (!check.next.is_empty()).then_some(&check.next);
    json!({ "name": check.name, "state": check.health.word(), "found": check.found, "next": next })
}

fn as_text(checks: &[Check]) -> TextPage {
    let mut page = TextPage::default();
    for check in checks {
        page.pieces(&[
            (check.health.ink(), &format!("{:<8}", check.health.word())),
            (Ink::Strong, &check.name),
        ]);
        page.block(Ink::Plain, indented(&check.found));
        if !check.next.is_empty() {
            page.block(Ink::Faint, indented(&format!("next: {}", check.next)));
        }
    }
    page
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("        {line}")).collect();
    lines.join("\n")
}

fn said(failure: &Failure) -> String {
    if failure.tried.is_empty() {
        return failure.came_back.clone();
    }
    format!("{}: {}", failure.tried, failure.came_back)
}

fn terminal() -> Check {
    let kind = std::env::var("TERM").unwrap_or_default();
    if !std::io::stdout().is_terminal() {
        let found = "the output is no terminal, so the explorer cannot open; commands work";
        return Check::new("terminal", Health::Good, found, "");
    }
    let (width, height) = crossterm::terminal::size().unwrap_or_default();
    let found = format!("{kind}, {width}×{height}");
    match kind.as_str() {
        "" | "dumb" => Check::new(
            "terminal",
            Health::Warning,
            "TERM says that this terminal can draw nothing",
            "set TERM to what your terminal is, xterm-256color for most",
        ),
        _ if width < 40 || height < 12 => Check::new(
            "terminal",
            Health::Warning,
            found,
            "make it 40×12 or larger for the explorer",
        ),
        _ => Check::new("terminal", Health::Good, found, ""),
    }
}

fn configuration() -> Check {
    let settled = config::load()
        .and_then(|file| config::settle(&mut Global::default(), &file, config::variable));
    match settled {
        Ok(_) => Check::new(
            "configuration",
            Health::Good,
            "it can be read, or there is none",
            "",
        ),
        Err(e) => Check::new("configuration", Health::Bad, said(&e), e.next.clone()),
    }
}

/// Nothing is left behind: not even the folder is made.
fn history_folder() -> Check {
    let dir = match history::default_dir() {
        Ok(dir) => dir,
        Err(e) => {
            let next = "set HOME or XDG_STATE_HOME";
            return Check::new("history", Health::Bad, e.to_string(), next);
        }
    };
    let there = dir
        .ancestors()
        .find(|d| d.exists())
        .unwrap_or(Path::new("/"));
    match tempfile::tempfile_in(there) {
        Ok(_) => Check::new(
            "history",
            Health::Good,
            format!("{} can be written", dir.display()),
            "",
        ),
        Err(e) => Check::new(
            "history",
            Health::Bad,
            format!("nothing can be written into {}: {e}", there.display()),
            format!(
                "give yourself the right to write into {}, or set XDG_STATE_HOME; without it nothing is changed",
                there.display()
            ),
        ),
    }
}

async fn outside(facts: &facts::FactSource) -> Vec<Check> {
    let mut checks = Vec::new();
    let client = facts.client.as_ref().ok();
    let identity = match &facts.client {
        Ok(client) => client.identity().await,
        Err(e) => Err(e.clone()),
    };
    let mut project = client.and_then(crate::google::Client::default_project);
    match &identity {
        Ok(found) => {
            project = project.or_else(|| found.quota.as_ref().map(|q| q.project.clone()));
            checks.push(credentials(found, Timestamp::now()));
            checks.push(quota(found, facts.endpoint.is_none()));
        }
        Err(e) => {
            let next = match e {
                CredentialsError::Transport(_) => {
                    "mend what is said here; it has nothing to do with the credentials"
                }
                _ => "get credentials as said here, or look around without any: bindscope --demo",
            };
            checks.push(Check::new("credentials", Health::Bad, e.to_string(), next));
            let found = "not known without credentials";
            checks.push(Check::new("quota project", Health::Unknown, found, ""));
        }
    }
    let signed = client.filter(|_| identity.is_ok());
    match reachability(signed, facts.endpoint.as_deref(), project.as_deref()).await {
        Ok(found) => {
            checks.extend(found.iter().map(|r| reach(r, signed.is_some())));
            checks.push(clock_of(&found));
        }
        Err(e) => checks.push(Check::new(
            "network",
            Health::Bad,
            e,
            "check SSL_CERT_FILE and HTTPS_PROXY",
        )),
    }
    checks
}

fn credentials(found: &SignedIn, now: Timestamp) -> Check {
    let who = match (&found.principal, &found.origin.provider) {
        (Some(principal), _) => principal.to_string(),
        (None, Some(provider)) => format!("an identity that {provider} admits"),
        (None, None) => "somebody: they do not tell who".to_owned(),
    };
    let from = format!("{}: {}", found.origin.kind.words(), found.origin.place);
    match found.until {
        Some(until) if until <= now => Check::new(
            "credentials",
            Health::Bad,
            format!("{who}\n{from}\nover since {until}"),
            "get a fresh token: gcloud auth print-access-token",
        ),
        Some(until) => Check::new(
            "credentials",
            Health::Good,
            format!("{who}\n{from}\nuntil {until}"),
            "",
        ),
        None => Check::new("credentials", Health::Good, format!("{who}\n{from}"), ""),
    }
}

fn quota(found: &SignedIn, live: bool) -> Check {
    let name = "quota project";
    match &found.quota {
        Some(q) => Check::new(
            name,
            Health::Good,
            format!("{} ({})", q.project, q.from),
            "",
        ),
        None if live && found.origin.kind == CredentialKind::AuthorizedUser => Check::new(
            name,
            Health::Warning,
            "none, and a user's login needs one for many APIs",
            "gcloud auth application-default set-quota-project PROJECT, or --billing-project PROJECT",
        ),
        None => Check::new(name, Health::Good, "none of your choice", ""),
    }
}

/// Without these nothing can be said; the others narrow an answer.
fn is_needed(api: Api) -> bool {
    matches!(api, Api::Iam | Api::IamCredentials | Api::ResourceManager)
}

fn reach(found: &Reachability, signed: bool) -> Check {
    let lacking = if is_needed(found.api) {
        Health::Bad
    } else {
        Health::Warning
    };
    let (health, words, next) = match &found.found {
        ReachFinding::Answered(None) => (Health::Good, "answers".to_owned(), String::new()),
        ReachFinding::Answered(Some(error)) => answered(found.host, error, signed, lacking),
        ReachFinding::Stranger(words) => (
            Health::Bad,
            format!("another than Google answers: {words}"),
            "a captive portal or a proxy: sign in to the network with a browser, or set HTTPS_PROXY and NO_PROXY as your network wants them".to_owned(),
        ),
        ReachFinding::Silent(words) => (
            Health::Bad,
            format!("no answer: {words}"),
            "check the network, HTTPS_PROXY and NO_PROXY; where a proxy signs with a certificate of its own, set SSL_CERT_FILE".to_owned(),
        ),
    };
    Check::new(found.host, health, words, next)
}

/// A refusal in Google's own form.
fn answered(
    host: &str,
    error: &ApiError,
    signed: bool,
    lacking: Health,
) -> (Health, String, String) {
    let why = error.why();
    match error {
        ApiError::Refused { reason: Some(reason), .. } if reason == "SERVICE_DISABLED" => (
            lacking,
            why,
            format!("gcloud services enable {host} --project=PROJECT, the one that calls are billed to"),
        ),
        ApiError::Refused { message, .. } if message.contains("requires a quota project") => (
            lacking,
            why,
            "gcloud auth application-default set-quota-project PROJECT, or --billing-project PROJECT".to_owned(),
        ),
        ApiError::Refused { status: 429 | 500.., .. } => {
            (Health::Warning, why, "try again in a minute".to_owned())
        }
        ApiError::Unauthenticated { .. } if signed => (
            Health::Bad,
            why,
            "the token was not accepted: get a fresh one, as bindscope whoami tells it is got".to_owned(),
        ),
        _ => (Health::Good, format!("answers ({})", short(&why)), String::new()),
    }
}

fn short(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(120)
        .collect()
}

fn clock_of(found: &[Reachability]) -> Check {
    let Some(ahead) = found
        .iter()
        .filter(|r| matches!(r.found, ReachFinding::Answered(_)))
        .find_map(|r| r.ahead)
    else {
        let words = "no answer told the time";
        return Check::new("clock", Health::Unknown, words, "");
    };
    match clock::skewed(ahead) {
        None => {
            let words = format!("within {} s of the server's", clock::SKEW);
            Check::new("clock", Health::Good, words, "")
        }
        Some(words) => Check::new("clock", Health::Bad, words, clock::SET_IT),
    }
}
