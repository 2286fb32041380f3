//! Whether access works now: read again, judge again, and where possible mint a real token.

use serde_json::{Value, json};

use super::plan::Judge;
use crate::evaluate::{Outcome, Question, Verdict};
use crate::google::survey::survey;
use crate::google::wire::{Api, ApiError, Ask, encode};
use crate::iam::permission::{GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Principal, Resource};

/// What one look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// IAM's answer on what was read just now.
    pub verdict: Verdict,
    /// What the caller would see.
    pub outcome: Outcome,
    /// What came of minting.
    pub minted: Minted,
}

/// What came of minting a token with the caller's identity. The token itself is dropped unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Minted {
    /// Google gave one: the proof.
    Yes,
    /// The caller was refused; why.
    Refused(String),
    /// The viewer cannot act as the caller, so it was not tried; why.
    NotPossible(String),
}

impl Verified {
    /// Whether the caller is through: proven by a token, or judged so where none can be minted.
    #[must_use]
    pub fn works(&self) -> bool {
        match self.minted {
            Minted::Yes => true,
            Minted::Refused(_) => false,
            Minted::NotPossible(_) => self.outcome == Outcome::WouldSucceed,
        }
    }
}

/// One look. `viewer` is whoever the reader is signed in as, when known.
///
/// # Errors
/// When signed out, or when there is no connection.
pub async fn once(
    reader: &dyn Ask,
    question: &Question,
    viewer: Option<&Principal>,
    judge: Judge<'_>,
) -> Result<Verified, ApiError> {
    let minted = mint(reader, question, viewer).await?;
    let quiet = |_| ();
    let estate = survey(reader, question, &quiet).await?;
    let explanation = judge(&estate, question);
    Ok(Verified {
        verdict: explanation.verdict,
        outcome: explanation.outcome,
        minted,
    })
}

/// Mints as the caller: directly when the viewer is the caller, else by delegation through it, for
/// which the viewer needs `implicitDelegation` on it and the caller the permission asked on the
/// target (discovery document iamcredentials v1, `GenerateAccessTokenRequest.delegates`).
///
/// # Errors
/// When signed out, or when there is no connection.
pub async fn mint(
    reader: &dyn Ask,
    question: &Question,
    viewer: Option<&Principal>,
) -> Result<Minted, ApiError> {
    let (verb, mut body) = match question.permission.as_str() {
        // The least that a token can be for; it is dropped at once.
        GET_ACCESS_TOKEN => (
            "generateAccessToken",
            json!({ "scope": ["https://www.googleapis.com/auth/userinfo.email"], "lifetime": "60s" }),
        ),
        GET_OPEN_ID_TOKEN => ("generateIdToken", json!({ "audience": "bindscope" })),
        other => {
            let why = format!("{other} mints no token");
            return Ok(Minted::NotPossible(why));
        }
    };
    let mut delegates = Vec::new();
    if viewer != Some(&question.caller) {
        let Principal::ServiceAccount(caller) = &question.caller else {
            let why = "the caller is no service account, so nobody else can act as it";
            return Ok(Minted::NotPossible(why.into()));
        };
        if let Some(why) = cannot_delegate(reader, caller).await? {
            return Ok(Minted::NotPossible(why));
        }
        delegates.push(account_name(caller));
    }
    delegates.extend(question.via.iter().map(|hop| account_name(hop.id())));
    if !delegates.is_empty()
        && let Some(map) = body.as_object_mut()
    {
        map.insert("delegates".to_owned(), json!(delegates));
    }
    let target = encode(question.target.id());
    let path = format!("v1/projects/-/serviceAccounts/{target}:{verb}");
    match reader.ask(Api::IamCredentials, &path, &body).await {
        Ok(answer) => {
            let token = answer.get("accessToken").or_else(|| answer.get("token"));
            let there = token.and_then(Value::as_str).is_some_and(|t| !t.is_empty());
            Ok(if there {
                Minted::Yes
            } else {
                Minted::Refused("the answer held no token".into())
            })
        }
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => Ok(Minted::Refused(error.why())),
    }
}

/// Why the viewer cannot go through the caller; `None` when it can. Asked first, since a refused
/// chain does not say which hop was refused.
async fn cannot_delegate(reader: &dyn Ask, caller: &str) -> Result<Option<String>, ApiError> {
    let path = format!(
        "v1/projects/-/serviceAccounts/{}:testIamPermissions",
        encode(caller)
    );
    let body = json!({ "permissions": [IMPLICIT_DELEGATION] });
    match reader.ask(Api::Iam, &path, &body).await {
        Ok(answer) => {
            let held = answer.get("permissions").and_then(Value::as_array);
            let may = held.is_some_and(|l| l.iter().any(|p| p == IMPLICIT_DELEGATION));
            Ok((!may).then(|| {
                format!("you lack {IMPLICIT_DELEGATION} on the caller, so no token can be minted with its identity")
            }))
        }
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => Ok(Some(error.why())),
    }
}

/// The wildcard is required (discovery document iamcredentials v1, `delegates`).
fn account_name(email: &str) -> String {
    Resource::account("-", email).relative()
}
