//! Identities from elsewhere: a subject token is exchanged at the Security Token Service for one of a pool's (discovery
//! document sts v1; RFC 8693).
//!
//! Which fields a file has is as in Google's libraries (google-auth for Python, `identity_pool` and `external_account`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::amazon::AmazonSource;
use super::program::ProgramSource;
use super::{HeldToken, SCOPE, Secret, exchange, told};
use crate::google::api::security_tokens;
use crate::google::transport::transport;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How long an address may take to give a subject token (the same in Google's library for Rust).
pub(super) const SUBJECT_WAIT: Duration = Duration::from_secs(10);

/// The exchange, as a credentials file has it.
pub(super) struct TokenExchange {
    audience: String,
    subject_token_type: String,
    token_url: String,
    user_project: Option<String>,
    client: Option<(String, Secret)>,
}

impl TokenExchange {
    /// Reads its fields; `otherwise`: where it is asked for when the file does not say it.
    pub fn new(content: &Value, otherwise: &str) -> Result<Self, String> {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        let field = |key: &str| {
            text(key)
                .map(str::to_owned)
                .ok_or(format!("{key} is missing"))
        };
        let audience = field("audience")?;
        let user_project = text("workforce_pool_user_project").map(str::to_owned);
        if user_project.is_some() && !audience.contains("/locations/global/workforcePools/") {
            return Err(
                "it names a workforce_pool_user_project, and its audience is no workforce pool's"
                    .to_owned(),
            );
        }
        let client = text("client_id").map(|id| {
            let secret = text("client_secret").unwrap_or_default();
            (id.to_owned(), Secret::new(secret))
        });
        Ok(Self {
            audience,
            subject_token_type: field("subject_token_type")?,
            token_url: text("token_url").unwrap_or(otherwise).to_owned(),
            user_project,
            client,
        })
    }

    /// The pool's token for a subject token.
    pub async fn token(&self, http: &reqwest::Client, subject: &str) -> Result<HeldToken, String> {
        let mut form = vec![
            ("grant_type", GRANT),
            ("audience", &self.audience),
            ("scope", SCOPE),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token", subject),
            ("subject_token_type", &self.subject_token_type),
        ];
        let options = match (&self.user_project, &self.client) {
            (Some(project), None) => json!({ "userProject": project }).to_string(),
            _ => String::new(),
        };
        if !options.is_empty() {
            form.push(("options", &options));
        }
        let mut request = http.post(&self.token_url).form(&form);
        if let Some((id, secret)) = &self.client {
            request = request.basic_auth(id, Some(secret.reveal()));
        }
        let asked = Timestamp::now();
        let answer = exchange::answered(&self.token_url, request).await?;
        exchange::of_oauth(&answer, asked)
    }
}

/// A file that names where the subject token comes from, and the token that it gave last.
pub(super) struct SubjectSource {
    http: reqwest::Client,
    exchange: TokenExchange,
    place: SubjectPlace,
    /// Of a file and of an address: the field of the JSON that it stands in; `None`: it is all that is there.
    field: Option<String>,
    held: Mutex<Option<HeldToken>>,
}

enum SubjectPlace {
    File(PathBuf),
    Address {
        http: reqwest::Client,
        url: String,
        headers: BTreeMap<String, String>,
    },
    /// A signed call of Amazon's stands for it.
    Amazon(AmazonSource),
    Program(ProgramSource),
}

impl SubjectSource {
    /// Reads its fields; the subject token is read at each exchange, since it is renewed by others.
    pub fn new(content: &Value) -> Result<Self, String> {
        let source = &content["credential_source"];
        let text = |at: &str| source.pointer(at).and_then(Value::as_str);
        let has = |key: &str| source.get(key).is_some_and(|v| !v.is_null());
        let otherwise = format!("https://{}", security_tokens::BY_SUBJECT);
        let exchange = TokenExchange::new(content, &otherwise)?;
        let place = match (text("/file"), text("/url")) {
            // The address of such a source is where the machine's roles are.
            (None, _) if has("environment_id") && !has("executable") => {
                SubjectPlace::Amazon(AmazonSource::new(source, &exchange.audience)?)
            }
            (None, None) if has("executable") && !has("environment_id") => {
                SubjectPlace::Program(ProgramSource::new(content)?)
            }
            (Some(file), None) if !has("executable") && !has("environment_id") => {
                SubjectPlace::File(PathBuf::from(file))
            }
            (None, Some(url)) if !has("executable") => {
                let headers = source.get("headers").and_then(Value::as_object);
                let headers = headers.into_iter().flatten();
                let headers =
                    headers.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
                SubjectPlace::Address {
                    http: transport(Some(url))?,
                    url: url.to_owned(),
                    headers: headers.collect(),
                }
            }
            _ => {
                return Err(
                    "its credential_source has to name one of file, url, executable, environment_id and certificate"
                        .to_owned(),
                );
            }
        };
        let field = match text("/format/type") {
            None | Some("text") => None,
            Some("json") => {
                let name = text("/format/subject_token_field_name");
                let name = name.ok_or("its format's subject_token_field_name is missing")?;
                Some(name.to_owned())
            }
            Some(other) => {
                return Err(format!(
                    "its format is {}; there are text and json",
                    told::scrubbed(other)
                ));
            }
        };
        Ok(Self {
            http: transport(Some(&exchange.token_url))?,
            exchange,
            place,
            field,
            held: Mutex::default(),
        })
    }

    /// A token of the pool's.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.as_ref().filter(|h| h.is_fresh()) {
            return Ok(fresh.clone());
        }
        let subject = self.subject().await?;
        let new = self.exchange.token(&self.http, subject.reveal()).await?;
        *held = Some(new.clone());
        Ok(new)
    }

    async fn subject(&self) -> Result<Secret, String> {
        let (bytes, place) = match &self.place {
            SubjectPlace::Amazon(source) => return source.subject().await,
            SubjectPlace::Program(source) => return source.subject().await,
            SubjectPlace::File(path) => {
                let place = told::printable(&path.display().to_string());
                let read = tokio::fs::read(path).await;
                let read = read.map_err(|e| format!("the subject token {place}: {e}"));
                (read?, place)
            }
            SubjectPlace::Address { http, url, headers } => {
                let mut request = http.get(url).timeout(SUBJECT_WAIT);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let bytes = exchange::text(url, request).await;
                let bytes = bytes.map_err(|why| format!("the subject token: {why}"));
                (bytes?, format!("of {}", exchange::host(url)))
            }
        };
        // Its text is told to nobody, also where it is none.
        let bad = |why: &str| format!("the subject token {place}: {why}");
        let found = match &self.field {
            None => crate::text::decoded(&bytes).map_err(|_| bad("it is no text"))?,
            Some(field) => {
                let no_json = || bad("what is there is no JSON");
                let value: Value =
                    serde_json::from_str(&crate::text::decoded(&bytes).map_err(|_| no_json())?)
                        .map_err(|_| no_json())?;
                let text = value.get(field).and_then(Value::as_str);
                let field = told::printable(field);
                text.ok_or_else(|| bad(&format!("there is no text in the field {field}")))?
                    .to_owned()
            }
        };
        let found = Secret::new(&found);
        if found.reveal().is_empty() {
            return Err(bad("it is empty"));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(source: Value) -> Value {
        json!({ "audience": "a", "subject_token_type": "t", "credential_source": source })
    }

    #[test]
    fn a_source_is_one_place_and_one_form() {
        for source in [
            json!({ "file": "/f" }),
            json!({ "url": "http://127.0.0.1/" }),
            json!({ "url": "http://127.0.0.1/", "environment_id": "aws1" }),
            json!({ "environment_id": "aws1" }),
            json!({ "executable": { "command": "/c" } }),
        ] {
            assert!(
                SubjectSource::new(&with(source.clone())).is_ok(),
                "{source}"
            );
        }
        let json_form = json!({ "type": "json" });
        for (source, words) in [
            (
                json!({ "file": "/f", "url": "http://127.0.0.1/" }),
                "one of file, url",
            ),
            (json!({}), "one of file, url"),
            (
                json!({ "file": "/f", "environment_id": "aws1" }),
                "one of file, url",
            ),
            (
                json!({ "executable": { "command": "/c" }, "environment_id": "aws1" }),
                "one of file, url",
            ),
            (json!({ "environment_id": "aws2" }), "there is aws1"),
            (
                json!({ "file": "/f", "format": json_form }),
                "subject_token_field_name",
            ),
            (
                json!({ "file": "/f", "format": { "type": "xml" } }),
                "its format is xml",
            ),
        ] {
            let why = SubjectSource::new(&with(source)).err().unwrap();
            assert!(why.contains(words), "{why}");
        }
        let mut workload = with(json!({ "file": "/f" }));
        workload["workforce_pool_user_project"] = json!("p");
        let why = SubjectSource::new(&workload).err().unwrap();
        assert!(why.contains("no workforce pool's"), "{why}");
    }
}
