//! Whether each API answers, and whether it is Google that does.

use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use super::api::probes::smallest;
use super::client::{Client, bearer, host, lost, url};
use super::clock;
use super::errors::{refused, stranger};
use super::log;
use super::transport::{UnreadBody, body, transport};
use crate::wire::{Api, ApiError};

/// Every API that is spoken.
pub const APIS: [Api; 8] = [
    Api::Iam,
    Api::IamCredentials,
    Api::ResourceManager,
    Api::ServiceUsage,
    Api::CloudIdentity,
    Api::OrgPolicy,
    Api::PolicyTroubleshooter,
    Api::CloudAsset,
];
/// How long one API may take to answer (chosen).
const DEADLINE: Duration = Duration::from_secs(10);

/// Nothing that is asked here is answered at more length (chosen).
const LONGEST: usize = 1 << 20;

/// What came back from an API.
#[derive(Clone, Debug)]
pub struct Reachability {
    /// Which.
    pub api: Api,
    /// Its host at Google.
    pub host: &'static str,
    /// What came back.
    pub found: ReachFinding,
    /// The server's clock less ours, in seconds, where it was told.
    pub ahead: Option<i64>,
}

/// What came back.
#[derive(Clone, Debug)]
pub enum ReachFinding {
    /// An answer in the API's form, success or refusal: the refusal.
    Answered(Option<ApiError>),
    /// Something else answers in Google's stead: in words.
    Stranger(String),
    /// Nothing came back.
    Silent(String),
}

/// Asks each API once, side by side. With a client, with its credentials.
///
/// # Errors
/// The HTTP client could not be set up.
pub async fn reachability(
    client: Option<&Client>,
    endpoint: Option<&str>,
    project: Option<&str>,
) -> Result<Vec<Reachability>, String> {
    let http = transport(endpoint)?;
    let header = match client {
        Some(client) => client.probing_token().await,
        None => None,
    };
    let header = header.as_ref().and_then(bearer);
    let asked = APIS.iter().map(|api| {
        let (path, body) = smallest(*api, project);
        let method = body.as_ref().map_or(Method::GET, |_| Method::POST);
        let url = url(endpoint, *api, &path);
        let mut request = http.request(method.clone(), &url).timeout(DEADLINE);
        if let Some(header) = &header {
            request = request.header(AUTHORIZATION, header);
        }
        // As all other calls: else a login that names one is told of a refusal that its calls never meet.
        if let Some(project) = client.and_then(Client::billed_to) {
            request = request.header("x-goog-user-project", project);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        ask(*api, (method, url), request)
    });
    Ok(join_all(asked).await)
}

async fn ask(
    api: Api,
    (method, url): (Method, String),
    request: reqwest::RequestBuilder,
) -> Reachability {
    let host = host(api);
    let mut ahead = None;
    let begun = Instant::now();
    let answer = request.send().await;
    let status = answer.as_ref().ok().map(|a| a.status().as_u16());
    log::call(method.as_str(), &url, status, begun.elapsed(), None);
    let found = match answer {
        Err(e) => silent(&lost(host, &e).error),
        Ok(answer) => {
            ahead = clock::ahead(answer.headers(), Timestamp::now());
            let status = answer.status().as_u16();
            let other = stranger(status, answer.headers());
            match body(answer, LONGEST).await {
                Err(UnreadBody::Broken(e)) => silent(&lost(host, &e).error),
                Err(UnreadBody::TooLong) => {
                    ReachFinding::Stranger("an answer of more than 1 MiB".to_owned())
                }
                Ok(_) if other.is_some() => ReachFinding::Stranger(other.unwrap_or_default()),
                Ok(bytes) => judged(host, status, &bytes),
            }
        }
    };
    Reachability {
        api,
        host,
        found,
        ahead,
    }
}

fn silent(error: &ApiError) -> ReachFinding {
    ReachFinding::Silent(error.why())
}

/// What Google's APIs send is JSON, whatever the status, but for the pages of its front end from 403 on.
fn judged(host: &str, status: u16, body: &[u8]) -> ReachFinding {
    let json = serde_json::from_slice::<Value>(body).is_ok();
    match status {
        200..300 if json => ReachFinding::Answered(None),
        _ if json => ReachFinding::Answered(Some(refused(host, status, body))),
        _ => ReachFinding::Stranger(refused(host, status, body).why()),
    }
}
