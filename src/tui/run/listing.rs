//! The accounts on their way to the lists: made ready here, so that what is left to the loop is merging, and
//! handed over a few times a second, so that thousands of pages are not thousands of frames.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{MissedTickBehavior, interval};

use super::super::message::Message;
use super::super::model::Account;
use super::super::model::list::{Batch, Item};
use crate::estate::{Estate, ServiceAccount};
use crate::google::listing::{ListNews, ListProgress, Listing, Scope, list_accounts, list_at_hand};
use crate::wire::{ApiError, Ask};

/// How often what came is handed over (chosen).
const OFTEN: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Pending {
    accounts: Vec<Arc<Account>>,
    progress: Option<ListProgress>,
}

/// One that is known by its unique id alone can be asked about, and nobody knows as whom it calls.
fn came(targets: Arc<Batch<Account>>) -> Message {
    let all = targets.items().all(|account| account.has_address);
    let callers = if all {
        Arc::clone(&targets)
    } else {
        let callers = targets.items().filter(|account| account.has_address);
        Batch::of(callers.cloned()).pop().unwrap_or_default()
    };
    Message::Accounts { callers, targets }
}

/// Makes accounts ready and hands them over, in the order of their texts.
fn hand(mut accounts: Vec<Arc<Account>>, send: &UnboundedSender<Message>) {
    accounts.sort_unstable_by(|a, b| a.text().cmp(b.text()));
    for targets in Batch::of(accounts) {
        let _ = send.send(came(targets));
    }
}

/// Tells the explorer what is read for it, while it is used: words, and accounts as they are found.
pub struct ReadingTeller {
    send: UnboundedSender<Message>,
    found: Vec<Arc<Account>>,
    /// A hash of each address that was handed over: a file may be read twice.
    known: HashSet<u64>,
    told: Option<Instant>,
}

impl ReadingTeller {
    pub(in crate::tui) fn new(send: UnboundedSender<Message>) -> Self {
        Self {
            send,
            found: Vec::new(),
            known: HashSet::new(),
            told: None,
        }
    }

    /// How far it is, and the accounts that were found since. They are handed over a few times a second.
    pub fn tell(&mut self, words: impl FnOnce() -> String, accounts: &[ServiceAccount]) {
        for account in accounts {
            let mut hasher = DefaultHasher::new();
            account.email.to_lowercase().hash(&mut hasher);
            if self.known.insert(hasher.finish()) {
                self.found.push(Arc::new(Account::new(account)));
            }
        }
        if self.told.is_some_and(|told| told.elapsed() < OFTEN) {
            return;
        }
        // Nobody looks any more once it is left.
        let _ = self.send.send(Message::Reading(words()));
        hand(take(&mut self.found), &self.send);
        self.told = Some(Instant::now());
    }
}

/// Lists what an estate at hand holds, sending it on part by part.
pub(super) fn list_near(
    estate: &Estate,
    wished: &dyn Fn() -> bool,
    send: &UnboundedSender<Message>,
) {
    let mut each = |news: ListNews| match news {
        ListNews::Accounts(page) => {
            let ready = page.iter().map(|account| Arc::new(Account::new(account)));
            hand(ready.collect(), send);
        }
        ListNews::Progress(progress) => {
            let _ = send.send(Message::ListProgress(progress));
        }
    };
    if let Some(listing) = list_at_hand(estate, wished, &mut each) {
        let _ = send.send(Message::Listed(Ok(listing), Timestamp::now()));
    }
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
        let Pending { accounts, progress } =
            take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
        hand(accounts, send);
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
