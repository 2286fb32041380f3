//! Turning on an account or an API, and an account off again. Both calls can be repeated without
//! harm, so a lost answer is settled by looking.

use std::time::Duration;

use serde_json::Value;

use crate::google::api::{iam, service_usage};
use crate::repair::history::ledger::{Ledger, WriteEnd};
use crate::repair::plan::switch::{Switch, SwitchKind};
use crate::wire::{ApiError, Ask, Tell};

/// How often, and how far apart, it is looked whether an API is on: enabling is an operation that
/// takes its time (discovery document serviceusage v1, `services.enable`).
const LOOKS: u32 = 60;
/// How often it is sent at most.
const SENDS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Why it was not turned on, or not for certain.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// Its state could not be read, so nothing was sent.
    #[error(
        "nothing was changed: {title} was not tried, since its state could not be read: {error}"
    )]
    NotRead {
        /// What was wanted.
        title: String,
        /// What came back.
        error: ApiError,
    },
    /// It was refused.
    #[error("refused, nothing was changed: {title}: {error}")]
    Refused {
        /// What was wanted.
        title: String,
        /// What came back.
        error: ApiError,
    },
    /// It was sent, and is not so yet.
    #[error(
        "not settled: {title} was sent, and it is not so yet. `history` tells whether it is by then"
    )]
    NotYet {
        /// What was wanted.
        title: String,
    },
    /// The journal could not be written.
    #[error(
        "nothing was changed: the history could not be kept: {0}. Check the state directory and its permissions"
    )]
    Journal(std::io::Error),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedOn {
    /// The journal's entry; `None` when it was on already.
    pub history_id: Option<String>,
    /// Whether the journal could not be completed, and why.
    pub journal_warning: Option<String>,
}

/// Turns it on, with a line in the journal before and after.
///
/// # Errors
/// [`SwitchError`], which says in each case whether anything was changed.
pub async fn turn_on(
    reader: &dyn Ask,
    writer: &dyn Tell,
    switch: &Switch,
    ledger: &dyn Ledger,
) -> Result<TurnedOn, SwitchError> {
    let title = switch.title();
    match is_on(reader, switch).await {
        Ok(true) => {
            return Ok(TurnedOn {
                history_id: None,
                journal_warning: None,
            });
        }
        Ok(false) => {}
        Err(error) => return Err(SwitchError::NotRead { title, error }),
    }
    let id = ledger.begin_switch(switch).map_err(SwitchError::Journal)?;
    let end = set(reader, writer, switch, true).await;
    let text = end.as_ref().err().map(ToString::to_string);
    let why = text.as_deref().unwrap_or_default();
    let note = match &end {
        Ok(()) => WriteEnd::Applied {
            after: &Value::Null,
        },
        Err(SwitchError::NotYet { .. }) => WriteEnd::Unclear { why },
        Err(_) => WriteEnd::NotApplied { why },
    };
    let kept = ledger.complete(&id, &note);
    end?;
    Ok(TurnedOn {
        history_id: Some(id),
        journal_warning: kept
            .err()
            .map(|e| format!("it is turned on, but the history could not be completed: {e}")),
    })
}

/// Turns it on or off, and looks until it is so.
pub(super) async fn set(
    reader: &dyn Ask,
    writer: &dyn Tell,
    switch: &Switch,
    on: bool,
) -> Result<(), SwitchError> {
    let title = switch.title();
    let mut lost = true;
    for look in 0..LOOKS {
        // Where no answer came it is sent again: twice is the same as once.
        if lost && look < SENDS {
            let sent = send(writer, switch, on).await;
            lost = sent.is_err();
            if let Err(error) = sent
                && !matches!(error.status(), None | Some(408 | 409 | 500..))
            {
                return Err(SwitchError::Refused { title, error });
            }
        }
        if is_on(reader, switch).await.is_ok_and(|is| is == on) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(SwitchError::NotYet { title })
}

/// Whether it is on.
///
/// # Errors
/// When that could not be read.
pub async fn is_on(reader: &dyn Ask, switch: &Switch) -> Result<bool, ApiError> {
    match &switch.kind {
        SwitchKind::Account => {
            let account = iam::account(reader, &switch.resource).await?;
            Ok(!account.disabled)
        }
        SwitchKind::Api { service } => {
            let on = service_usage::is_enabled(reader, switch.resource.id(), service).await?;
            Ok(on == Some(true))
        }
    }
}

async fn send(writer: &dyn Tell, switch: &Switch, on: bool) -> Result<(), ApiError> {
    match &switch.kind {
        SwitchKind::Account => iam::switch_account(writer, &switch.resource, on).await,
        SwitchKind::Api { service } => {
            service_usage::switch(writer, switch.resource.id(), service, on).await
        }
    }
}
