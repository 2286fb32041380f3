//! Carrying out what nobody is asked about, and looking at once whether it works: the first look shares its trip
//! with the read-back of the policy, so that a whole `fix --yes` takes two trips beyond the answer.

use std::sync::{Mutex, PoisonError};

use futures::future::join;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::carry_out::{Carried, CarryEvent, StepDone, carry_out};
use super::verify::{MintOutcome, Minting, Verified};
use super::{Applied, Consent};
use crate::estate::Estate;
use crate::evaluate::{Question, explain};
use crate::iam::{AllowPolicy, Principal};
use crate::repair::history::ledger::Ledger;
use crate::repair::plan::remedy::Remedy;
use crate::wire::{Ask, Tell};

/// What the first look is about.
#[derive(Clone, Copy, Debug)]
pub struct LookedAt<'a> {
    /// The facts that the plan was made on, a moment ago.
    pub estate: &'a Estate,
    /// The question, as of now.
    pub question: &'a Question,
    /// Whoever the reader is signed in as, when known.
    pub viewer: Option<&'a Principal>,
}

/// [`carry_out`], unseen. Beside it stands what the first look came to: a token that was minted as soon as the
/// last step had been taken, and the verdict on the facts of the plan with the policy as it was read back. It is
/// `None` where the way is more than one binding, and where something did not go as it should: then the look is
/// taken as any other.
pub async fn carry_out_unasked(
    reader: &dyn Ask,
    writer: &dyn Tell,
    remedy: &Remedy,
    ledger: &dyn Ledger,
    looked_at: LookedAt<'_>,
) -> (Carried, Option<Verified>) {
    if remedy.single().is_none() {
        let quiet = |_: CarryEvent<'_>| ();
        let carried = carry_out(reader, writer, remedy, ledger, Consent::Unseen, &quiet).await;
        return (carried, None);
    }
    let (taken, heard) = oneshot::channel();
    let carrying = async {
        let taken = Mutex::new(Some(taken));
        let told = |event: CarryEvent<'_>| {
            if let CarryEvent::Taken(_) = event
                && let Some(taken) = taken.lock().unwrap_or_else(PoisonError::into_inner).take()
            {
                // Where nobody listens any more there is no first look.
                let _ = taken.send(());
            }
        };
        // What tells is dropped with this: whoever listens waits no longer than the write takes.
        carry_out(reader, writer, remedy, ledger, Consent::Unseen, &told).await
    };
    let (carried, minted) = join(carrying, minted(reader, looked_at, heard)).await;
    let look = match (&carried, minted) {
        (Carried { done, error: None }, Some(minted)) => match done.as_slice() {
            [StepDone::Applied(applied)] => judged(remedy, looked_at, applied, minted),
            _ => None,
        },
        _ => None,
    };
    (carried, look)
}

/// Mints once the change has been taken; whether the viewer can is asked meanwhile.
async fn minted(
    reader: &dyn Ask,
    looked_at: LookedAt<'_>,
    taken: oneshot::Receiver<()>,
) -> Option<MintOutcome> {
    let LookedAt {
        question, viewer, ..
    } = looked_at;
    let (minting, taken) = join(Minting::possible(reader, question, viewer), taken).await;
    taken.ok()?;
    match minting.ok()? {
        Ok(minting) => minting.mint(reader, question).await.ok(),
        Err(why) => Some(MintOutcome::NotPossible(why)),
    }
}

fn judged(
    remedy: &Remedy,
    looked_at: LookedAt<'_>,
    applied: &Applied,
    minted: MintOutcome,
) -> Option<Verified> {
    let on = &remedy.single()?.resource;
    let policy = AllowPolicy::deserialize(&applied.after).ok()?;
    let mut estate = looked_at.estate.clone();
    estate.put_policy(on.clone(), policy);
    let explanation = explain(&estate, looked_at.question);
    Some(Verified {
        verdict: explanation.verdict,
        outcome: explanation.outcome,
        minted,
    })
}
