//! What is served already and does not count yet (`--propagation`).
//!
//! "Access changes … are eventually consistent" (doc "Access change propagation", IAM). That page names
//! changes of allow and deny policies (typically 2 minutes, potentially 7 or longer), of group
//! memberships, and refers to "Tag propagation" (doc "Tags overview", Resource Manager) for tags; an API
//! that was just turned on needs "a few minutes for the action to propagate" (the message of
//! `SERVICE_DISABLED`). One delay serves all of these. Boundaries, their bindings and custom roles stand
//! on no such page and are delayed alike (chosen: whoever rehearses learns to wait). Groups cannot be
//! changed here. What exists at all (accounts made, deleted, disabled, their keys) counts at once
//! (chosen: nothing is documented of a delay).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::estate::Estate;
use crate::iam::{AllowPolicy, Member, PolicyMember, Resource};
use crate::text::counted;

/// A change that waits.
enum PendingChange {
    Policy(Resource, AllowPolicy),
    Other(Box<dyn Fn(&mut Estate) + Send + Sync>),
}

/// The estate as it is enforced, behind the one that is served.
pub(crate) struct Lag {
    enforced: Estate,
    delay: SignedDuration,
    /// Oldest first, with when each will count.
    queue: VecDeque<(Timestamp, PendingChange)>,
}

impl fmt::Debug for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} behind by {}",
            counted(self.queue.len(), "change"),
            self.delay
        )
    }
}

impl Lag {
    /// `None` for no delay: then what is served is what is enforced.
    pub fn new(delay: Duration, estate: &Estate) -> Option<Self> {
        (!delay.is_zero()).then(|| Self {
            enforced: estate.clone(),
            delay: SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX),
            queue: VecDeque::new(),
        })
    }

    pub fn enforced(&self) -> &Estate {
        &self.enforced
    }

    /// Whether a change waits whose time has come.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.queue.front().is_some_and(|(due, _)| *due <= now)
    }

    /// Lets changes count whose time has come.
    pub fn settle(&mut self, now: Timestamp) {
        while self.is_due(now) {
            match self.queue.pop_front() {
                Some((_, PendingChange::Policy(resource, policy))) => {
                    self.enforced.put_policy(resource, policy);
                }
                Some((_, PendingChange::Other(change))) => change(&mut self.enforced),
                None => {}
            }
        }
    }

    fn wait(&mut self, now: Timestamp, change: PendingChange) {
        let due = now.checked_add(self.delay).unwrap_or(Timestamp::MAX);
        self.queue.push_back((due, change));
    }

    /// A policy that counts later.
    pub fn put_policy(&mut self, resource: Resource, policy: AllowPolicy, now: Timestamp) {
        self.wait(now, PendingChange::Policy(resource, policy));
    }

    /// Any other change that counts later.
    pub fn put(&mut self, change: impl Fn(&mut Estate) + Send + Sync + 'static, now: Timestamp) {
        self.wait(now, PendingChange::Other(Box::new(change)));
    }

    /// A change that counts at once.
    pub fn at_once(&mut self, change: impl FnOnce(&mut Estate)) {
        change(&mut self.enforced);
    }

    /// Forgets the policies that wait for a resource which is gone.
    pub fn forget(&mut self, gone: &Resource) {
        self.queue
            .retain(|(_, change)| !matches!(change, PendingChange::Policy(on, _) if on == gone));
    }

    /// Lets the policies that wait name one member in the place of another.
    pub fn rename(&mut self, old: &Member, new: &Arc<PolicyMember>) {
        for (_, change) in &mut self.queue {
            let PendingChange::Policy(_, policy) = change else {
                continue;
            };
            for member in policy.bindings.iter_mut().flat_map(|b| &mut b.members) {
                if member.member == *old {
                    *member = Arc::clone(new);
                }
            }
        }
    }
}
