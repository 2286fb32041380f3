//! The subject token that a program gives: run only where its user has allowed that.
//!
//! Fields, variables and answer are as in AIP-4117 ("External Account Credentials", for executables) and in google-auth
//! for Python, `pluggable`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::process::Command;

use super::file::account_in;
use super::{Secret, told};

/// Set to `1` by whoever lets programs of credentials files run.
const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
const WAIT_MS: u64 = 30_000;
const SHORTEST_WAIT_MS: u64 = 5_000;
const LONGEST_WAIT_MS: u64 = 120_000;

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const SAML: &str = "urn:ietf:params:oauth:token-type:saml2";

/// A program, and the file where it may leave its answer for the next time.
pub(super) struct ProgramSource {
    command: Vec<String>,
    wait: Duration,
    output: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl ProgramSource {
    /// Reads a file whose `credential_source` has an `executable`.
    ///
    /// # Errors
    /// What cannot be used of it.
    pub fn new(content: &Value) -> Result<Self, String> {
        let executable = &content["credential_source"]["executable"];
        let text = |key: &str| executable.get(key).and_then(Value::as_str);
        let command = text("command").and_then(shlex::split).unwrap_or_default();
        if command.is_empty() {
            return Err("its executable names no command".to_owned());
        }
        let wait = match executable.get("timeout_millis").filter(|v| !v.is_null()) {
            None => WAIT_MS,
            Some(wait) => wait
                .as_u64()
                .filter(|ms| (SHORTEST_WAIT_MS..=LONGEST_WAIT_MS).contains(ms))
                .ok_or("its timeout_millis has to be from 5000 to 120000")?,
        };
        let mut variables = vec![
            ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0".to_owned()),
            ("GOOGLE_EXTERNAL_ACCOUNT_REVOKE", "0".to_owned()),
        ];
        let field = |key: &str| content.get(key).and_then(Value::as_str);
        let acts_as = field("service_account_impersonation_url").and_then(account_in);
        for (name, value) in [
            ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", field("audience")),
            (
                "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE",
                field("subject_token_type"),
            ),
            ("GOOGLE_EXTERNAL_ACCOUNT_ID", acts_as.as_deref()),
            (
                "GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL",
                acts_as.as_deref(),
            ),
            ("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", text("output_file")),
        ] {
            variables.extend(value.map(|value| (name, value.to_owned())));
        }
        Ok(Self {
            command,
            wait: Duration::from_millis(wait),
            output: text("output_file").map(PathBuf::from),
            variables,
        })
    }

    /// The token that lies in its file and still counts, else what it prints.
    ///
    /// # Errors
    /// That it may not run; how it failed, without what it printed in place of a token.
    pub async fn subject(&self) -> Result<Secret, String> {
        let name = self.command.first().map(String::as_str).unwrap_or_default();
        let name = told::printable(name);
        if std::env::var(ALLOWED).is_ok_and(|v| v == "1") {
            self.given(&name).await
        } else {
            Err(format!(
                "the subject token comes from the program {name}, which may not run. {} export {ALLOWED}=1",
                told::MEND
            ))
        }
    }

    async fn given(&self, name: &str) -> Result<Secret, String> {
        if let Some(kept) = self.kept().await {
            return Ok(kept);
        }
        let bad = |why: String| format!("the subject token's program {name} {why}");
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| bad("is none".to_owned()))?;
        let run = Command::new(program)
            .args(arguments)
            .envs(self.variables.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            // Whoever leaves, or waits no longer, leaves no program behind.
            .kill_on_drop(true)
            .output();
        let ran = tokio::time::timeout(self.wait, run).await;
        let ran = ran.map_err(|_| bad(format!("gave nothing for {} s", self.wait.as_secs())))?;
        let ran = ran.map_err(|e| bad(format!("cannot be run: {e}")))?;
        if !ran.status.success() {
            let words = String::from_utf8_lossy(&ran.stderr);
            let words = told::scrubbed(words.trim());
            let how = format!("failed ({})", ran.status);
            return Err(bad(if words.is_empty() {
                how
            } else {
                format!("{how}: {words}")
            }));
        }
        let in_file = ran.stdout.is_empty() && self.output.is_some();
        let printed = if in_file {
            self.file().await.unwrap_or_default()
        } else {
            ran.stdout
        };
        token_in(&printed, self.output.is_some(), Timestamp::now())
            .map_err(|why| bad(format!("gives no token: {why}")))
    }

    async fn file(&self) -> Option<Vec<u8>> {
        tokio::fs::read(self.output.as_ref()?).await.ok()
    }

    async fn kept(&self) -> Option<Secret> {
        token_in(&self.file().await?, true, Timestamp::now()).ok()
    }
}

/// The token of an answer. `ends`: it has to say until when it counts, as where a file keeps it.
fn token_in(answer: &[u8], ends: bool, now: Timestamp) -> Result<Secret, String> {
    // Nothing of it is told: it may be a token.
    let answer: Value = crate::text::decoded(answer)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or("its answer is no JSON")?;
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    match answer.get("version").and_then(Value::as_i64) {
        Some(1) => {}
        Some(other) => return Err(format!("its answer is of version {other}; there is 1")),
        None => return Err("its answer has no version".to_owned()),
    }
    match answer.get("success").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => {
            let words = [text("code"), text("message")];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            return Err(told::scrubbed(&words.join(": ")));
        }
        None => return Err("its answer does not say success".to_owned()),
    }
    let until = answer.get("expiration_time").and_then(Value::as_i64);
    if until.is_none() && ends {
        return Err("its answer has no expiration_time".to_owned());
    }
    if until.is_some_and(|until| until < now.as_second()) {
        return Err("what it gives has expired".to_owned());
    }
    let field = match text("token_type") {
        Some(JWT | ID_TOKEN) => "id_token",
        Some(SAML) => "saml_response",
        Some(other) => {
            return Err(format!("its token_type is {}", told::scrubbed(other)));
        }
        None => return Err("its answer has no token_type".to_owned()),
    };
    let token = text(field)
        .map(Secret::new)
        .filter(|t| !t.reveal().is_empty());
    token.ok_or(format!("its answer has no {field}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_a_token_or_says_why_not() {
        let now = Timestamp::from_second(1_000).unwrap();
        let good = json!({ "version": 1, "success": true, "token_type": JWT, "id_token": "subject-x",
            "expiration_time": 1_001 });
        let with = |key: &str, value: Value| {
            let mut answer = good.clone();
            answer[key] = value;
            answer
        };
        let without = |key: &str| {
            let mut answer = good.clone();
            answer.as_object_mut().unwrap().remove(key);
            answer
        };
        let read = |answer: &Value, ends| token_in(answer.to_string().as_bytes(), ends, now);
        for ends in [true, false] {
            assert_eq!(read(&good, ends).unwrap().reveal(), "subject-x");
        }
        assert!(read(&without("expiration_time"), false).is_ok());
        let mut saml = with("token_type", json!(SAML));
        saml["saml_response"] = json!("PHNhbWw+");
        assert_eq!(read(&saml, true).unwrap().reveal(), "PHNhbWw+");
        let failed =
            json!({ "version": 1, "success": false, "code": "401", "message": "no session" });
        for (answer, words) in [
            (without("expiration_time"), "no expiration_time"),
            (with("expiration_time", json!(999)), "expired"),
            (with("version", json!(2)), "version 2"),
            (without("version"), "no version"),
            (without("success"), "success"),
            (failed, "401: no session"),
            (with("token_type", json!("x")), "token_type is x"),
            (without("token_type"), "no token_type"),
            (without("id_token"), "no id_token"),
            (with("id_token", json!(" ")), "no id_token"),
            (json!([]), "no version"),
        ] {
            let why = read(&answer, true).unwrap_err();
            assert!(why.contains(words), "{words}: {why}");
            assert!(!why.contains("subject-x"), "{why}");
        }
        assert!(
            token_in(b"subject-x", true, now)
                .unwrap_err()
                .contains("no JSON")
        );
    }

    #[test]
    fn a_command_is_words_and_a_wait_is_short() {
        let file = |executable: Value| {
            json!({ "audience": "a", "subject_token_type": JWT, "credential_source": { "executable": executable },
                "service_account_impersonation_url": "https://x/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken" })
        };
        let read =
            ProgramSource::new(&file(json!({ "command": "/bin/give 'a token' --now" }))).unwrap();
        assert_eq!(read.command, ["/bin/give", "a token", "--now"]);
        let email = (
            "GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL",
            "a@p.iam.gserviceaccount.com".to_owned(),
        );
        assert!(read.variables.contains(&email), "{:?}", read.variables);
        for (executable, words) in [
            (json!({}), "no command"),
            (json!({ "command": "  " }), "no command"),
            (json!({ "command": "a 'b" }), "no command"),
            (
                json!({ "command": "a", "timeout_millis": 1 }),
                "timeout_millis",
            ),
            (
                json!({ "command": "a", "timeout_millis": "x" }),
                "timeout_millis",
            ),
        ] {
            let why = ProgramSource::new(&file(executable)).err().unwrap();
            assert!(why.contains(words), "{why}");
        }
    }
}
