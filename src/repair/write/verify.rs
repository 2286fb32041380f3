//! Whether access works now: read again, judge again, and where possible mint a real token.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

use crate::evaluate::{Outcome, Question, Verdict, explain};
use crate::google::api::iam_credentials::{MintedToken, mint as mint_token};
use crate::google::api::lacked_permissions;
use crate::google::survey::survey;
use crate::iam::permission::{GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Principal, Resource};
use crate::wire::{ApiError, Ask};

/// What one look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// IAM's answer on what was read just now.
    pub verdict: Verdict,
    /// What the caller would see.
    pub outcome: Outcome,
    /// What came of minting.
    pub minted: MintOutcome,
}

/// What came of minting a token with the caller's identity. The token itself is dropped unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintOutcome {
    /// Google gave one: the proof.
    Yes,
    /// The caller was refused; why.
    Refused(String),
    /// The viewer cannot act as the caller, so it was not tried; why.
    NotPossible(String),
}

impl MintOutcome {
    /// What the answer rests on, for people and for `verifiedBy`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Yes => "a real token was minted".to_owned(),
            Self::Refused(why) => format!("minting a token is refused: {why}"),
            Self::NotPossible(why) => {
                format!("judged by the policies alone, not proven by a token: {why}")
            }
        }
    }
}

impl Verified {
    /// Whether the caller is through: proven by a token, or judged so where none can be minted.
    #[must_use]
    pub fn works(&self) -> bool {
        match self.minted {
            MintOutcome::Yes => true,
            MintOutcome::Refused(_) => false,
            MintOutcome::NotPossible(_) => self.outcome == Outcome::WouldSucceed,
        }
    }
}

/// How long a change of an allow policy usually takes to count, and how long it may take "or longer"
/// (Google's page "Access change propagation").
pub const USUALLY: Duration = Duration::from_secs(120);
/// See [`USUALLY`].
pub const SOMETIMES: Duration = Duration::from_secs(420);

/// What is expected of the wait, for people.
pub const EXPECTED: &str = "usually 2 minutes, sometimes 7 or more";

/// The first pause between two looks, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// One look of a wait, for whoever shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyProgress {
    /// Which look this was, from 1.
    pub look: u32,
    /// Since the wait began.
    pub elapsed: Duration,
    /// What it came to; an error here is one that the wait goes on after.
    pub result: Result<Verified, ApiError>,
    /// The pause until the next look; `None` when this was the last.
    pub pause: Option<Duration>,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The caller is through ([`Verified::works`]).
    Through {
        /// The last look.
        verified: Verified,
        /// Since the wait began.
        elapsed: Duration,
    },
    /// Time is up.
    NotYet {
        /// The last look that came to something.
        verified: Option<Verified>,
        /// Why the last look came to nothing, when it did.
        error: Option<ApiError>,
        /// Since the wait began.
        elapsed: Duration,
    },
}

/// Looks until the caller is through, or `limit` is over: at once, then after pauses that grow from
/// one second to fifteen. There is always a last look when the time is up. Dropping the future
/// cancels the wait; nothing is left behind.
///
/// A look that fails for want of an answer is no reason to give up: the next one may get through. `first`: a
/// look that was taken already.
///
/// # Errors
/// When signed out: no later look could come to more.
pub async fn until_through(
    reader: &dyn Ask,
    question: &Question,
    viewer: Option<&Principal>,
    limit: Duration,
    mut first: Option<Verified>,
    progress: &(dyn Fn(&VerifyProgress) + Sync),
) -> Result<Waited, ApiError> {
    let begun = Instant::now();
    let mut pauses = ExponentialBuilder::default()
        .with_factor(1.5)
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .build();
    let mut last = None;
    for look in 1.. {
        let result = match first.take() {
            Some(first) => Ok(first),
            None => once(reader, question, viewer).await,
        };
        let elapsed = begun.elapsed();
        let works = result.as_ref().is_ok_and(Verified::works);
        let left = limit.saturating_sub(elapsed);
        let signed_out = matches!(result, Err(ApiError::Unauthenticated { .. }));
        let pause = pauses
            .next()
            .map(|pause| pause.min(left))
            .filter(|pause| !pause.is_zero() && !works && !signed_out);
        progress(&VerifyProgress {
            look,
            elapsed,
            result: result.clone(),
            pause,
        });
        let error = match result {
            Ok(verified) if works => return Ok(Waited::Through { verified, elapsed }),
            Err(error) if signed_out => return Err(error),
            Ok(verified) => {
                last = Some(verified);
                None
            }
            Err(error) => Some(error),
        };
        let Some(pause) = pause else {
            return Ok(Waited::NotYet {
                verified: last,
                error,
                elapsed,
            });
        };
        tokio::time::sleep(pause).await;
    }
    // Never reached: the numbers do not run out before the time does.
    Ok(Waited::NotYet {
        verified: last,
        error: None,
        elapsed: begun.elapsed(),
    })
}

/// One look. `viewer` is whoever the reader is signed in as, when known.
///
/// # Errors
/// When signed out, or when there is no connection.
pub async fn once(
    reader: &dyn Ask,
    question: &Question,
    viewer: Option<&Principal>,
) -> Result<Verified, ApiError> {
    let quiet = |_| ();
    let minting = mint(reader, question, viewer);
    let reading = survey(reader, question, &quiet);
    let (minted, estate) = futures::try_join!(minting, reading)?;
    let explanation = explain(&estate, question);
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
) -> Result<MintOutcome, ApiError> {
    match Minting::possible(reader, question, viewer).await? {
        Ok(minting) => minting.mint(reader, question).await,
        Err(why) => Ok(MintOutcome::NotPossible(why)),
    }
}

/// How a token can be minted with the caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minting {
    kind: MintedToken,
    delegates: Vec<String>,
}

impl Minting {
    /// Whether the viewer can act as the caller, and how; the inner error says why not. What is being granted
    /// has no say in it: it can be asked before.
    ///
    /// # Errors
    /// As [`mint`].
    pub async fn possible(
        reader: &dyn Ask,
        question: &Question,
        viewer: Option<&Principal>,
    ) -> Result<Result<Self, String>, ApiError> {
        let kind = match question.permission.as_str() {
            GET_ACCESS_TOKEN => MintedToken::Access,
            GET_OPEN_ID_TOKEN => MintedToken::Id,
            other => return Ok(Err(format!("{other} mints no token"))),
        };
        let mut delegates = Vec::new();
        if viewer != Some(&question.caller) {
            let Principal::ServiceAccount(caller) = &question.caller else {
                let why = "the caller is no service account, so nobody else can act as it";
                return Ok(Err(why.into()));
            };
            if let Some(why) = cannot_delegate(reader, caller).await? {
                return Ok(Err(why));
            }
            delegates.push(caller.clone());
        }
        delegates.extend(question.via.iter().map(|hop| hop.id().to_owned()));
        Ok(Ok(Self { kind, delegates }))
    }

    /// Mints.
    ///
    /// # Errors
    /// As [`mint`].
    pub async fn mint(
        &self,
        reader: &dyn Ask,
        question: &Question,
    ) -> Result<MintOutcome, ApiError> {
        match mint_token(reader, question.target.id(), self.kind, &self.delegates).await {
            Ok(true) => Ok(MintOutcome::Yes),
            Ok(false) => Ok(MintOutcome::Refused("the answer held no token".into())),
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => Ok(MintOutcome::Refused(error.why())),
        }
    }
}

/// Why the viewer cannot go through the caller; `None` when it can. Asked first, since a refused
/// chain does not say which hop was refused.
async fn cannot_delegate(reader: &dyn Ask, caller: &str) -> Result<Option<String>, ApiError> {
    let on = Resource::account("-", caller);
    match lacked_permissions(reader, &on, &[IMPLICIT_DELEGATION.to_owned()]).await {
        Ok(lacked) => Ok((!lacked.is_empty()).then(|| {
            format!("you lack {IMPLICIT_DELEGATION} on the caller, so no token can be minted with its identity")
        })),
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => Ok(Some(error.why())),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
