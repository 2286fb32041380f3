//! The accounts on their way to the lists: made ready here, so that what is left to the loop is merging, and
//! handed over a few times a second, so that thousands of pages are not thousands of frames.

use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{MissedTickBehavior, interval};

use super::super::message::Message;
use super::super::model::Account;
use super::super::model::list::Item;
use crate::google::listing::{ListNews, ListProgress, Listing, Scope, list_accounts};
use crate::wire::{ApiError, Ask};

/// How often what came is handed over (chosen).
const OFTEN: Duration = Duration::from_millis(50);
/// Most accounts that are handed over at once (chosen: merging them in takes a few milliseconds).
const AT_ONCE: usize = 2_000;

#[derive(Default)]
struct Pending {
    accounts: Vec<Arc<Account>>,
    progress: Option<ListProgress>,
}

/// Lists what is in scope, sending on what comes.
///
/// # Errors
/// As [`list_accounts`].
pub(super) async fn list(
    ask: &dyn Ask,
    scope: &Scope,
    send: &UnboundedSender<Message>,
) -> Result<Listing, ApiError> {
    let pending = Mutex::new(Pending::default());
    let with = |news: ListNews| {
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            ListNews::Accounts(page) => {
                let ready = page.iter().map(|account| Arc::new(Account::new(account)));
                pending.accounts.extend(ready);
            }
            ListNews::Progress(progress) => pending.progress = Some(progress),
        }
    };
    let hand_over = || {
        let Pending {
            mut accounts,
            progress,
        } = take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
        accounts.sort_unstable_by(|a, b| a.text().cmp(b.text()));
        let mut accounts = accounts.into_iter().peekable();
        while accounts.peek().is_some() {
            let some = accounts.by_ref().take(AT_ONCE).collect();
            let _ = send.send(Message::Accounts(some));
        }
        if let Some(progress) = progress {
            let _ = send.send(Message::ListProgress(progress));
        }
    };
    let mut each = with;
    let listing = list_accounts(ask, scope, &mut each);
    tokio::pin!(listing);
    let mut often = interval(OFTEN);
    often.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            end = &mut listing => {
                hand_over();
                return end;
            }
            _ = often.tick() => hand_over(),
        }
    }
}
