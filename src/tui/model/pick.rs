//! Choosing a pair: the accounts, the two lists, what is typed.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::list::{Batch, Filtered, Item};
use crate::estate::ServiceAccount;
use crate::google::listing::{ListProgress, Listing};
use crate::google::pasted::Pasted;
use crate::iam::{Principal, Resource};
use crate::text::visible;

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address, in lower case.
    pub email: String,
    /// The project that owns it.
    pub project: String,
    /// Switched off.
    pub disabled: bool,
    /// Whether its address is known, as whom it calls.
    pub has_address: bool,
    /// `name@project  display name`: what is matched.
    text: String,
    /// How many characters of `text` are the name, and how many name, `@` and project are.
    name: usize,
    place: usize,
}

impl Account {
    /// Takes an account as IAM lists it. Its texts are made safe to show.
    #[must_use]
    pub fn new(account: &ServiceAccount) -> Self {
        let email = visible(&account.email).to_lowercase();
        let project = visible(&account.project_id);
        let (name, domain) = email.split_once('@').unwrap_or((&email, ""));
        // Google's own accounts have addresses that do not tell their project.
        let own = domain.strip_suffix(".iam.gserviceaccount.com") == Some(project.as_str());
        let name = if own {
            name.to_owned()
        } else {
            let of = domain
                .strip_suffix(".gserviceaccount.com")
                .unwrap_or(domain);
            format!("{name}@{of}")
        };
        let shown = if own {
            format!("{name}@{project}")
        } else {
            format!("{name} {project}")
        };
        let text = if account.display_name.is_empty() {
            shown.clone()
        } else {
            format!("{shown}  {}", visible(&account.display_name))
        };
        Self {
            name: name.chars().count(),
            place: shown.chars().count(),
            disabled: account.disabled,
            has_address: account.has_address(),
            text,
            project,
            email,
        }
    }

    /// The characters of its three columns, as ranges of [`Item::text`]: name, project, description.
    #[must_use]
    pub fn columns(&self) -> [std::ops::Range<usize>; 3] {
        let end = self.text.chars().count();
        [
            0..self.name,
            self.name + 1..self.place,
            (self.place + 2).min(end)..end,
        ]
    }
}

impl Item for Account {
    fn key(&self) -> &str {
        &self.email
    }
    fn text(&self) -> &str {
        &self.text
    }
    fn belongs_to(&self) -> &str {
        &self.project
    }
}

/// How far the list of accounts is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    /// Under way.
    Running(ListProgress),
    /// Complete, with what could not be listed.
    Done(Listing),
    /// It could not be read; why.
    Failed(String),
    /// It was stopped.
    Stopped,
}

impl Loading {
    /// At its beginning.
    #[must_use]
    pub fn begun() -> Self {
        Self::Running(ListProgress::default())
    }

    /// Whether it is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }
}

/// Which of the two is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who calls.
    Caller,
    /// Which account is wanted.
    Target,
}

/// A list of accounts that is filtered as one types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountList {
    /// One of the two that a pair is chosen from.
    Pick(Side),
    /// That of the menu on top.
    Menu,
}

/// Choosing a pair.
pub struct Pick {
    /// Who calls.
    pub caller: Filtered<Account>,
    /// Which account is wanted.
    pub target: Filtered<Account>,
    /// A caller that is no account of the list: typed, pasted or given.
    pub other_caller: Option<Principal>,
    /// A target that is not in the list.
    pub other_target: Option<Resource>,
    /// Which list has the focus.
    pub on_target: bool,
    /// An error that was pasted: what it says of the call counts for the next question, if that is about its
    /// pair.
    pub pasted: Option<Pasted>,
    /// The answer that another pair is chosen from, by its place among those asked.
    pub behind: Option<usize>,
    /// When the list was read; `None`: it was not read whole.
    pub read_at: Option<Timestamp>,
    /// It is come back to, or could not be read again, and says when it was read.
    pub is_old: bool,
    /// What comes where it is read anew: what was read is shown until all has come.
    pub coming: Option<Coming>,
    /// The accounts of pairs that are kept, by address, and whether that is a favourite: callers, then targets.
    pub kept: [HashMap<String, bool>; 2],
}

/// A list on its way that takes the place of another.
pub struct Coming {
    /// Both lists as far as they have come, so that taking their place costs nothing.
    caller: Filtered<Account>,
    target: Filtered<Account>,
    /// What was said of the list that is shown.
    pub before: Listing,
}

impl Coming {
    /// Keeps what came.
    pub fn take(&mut self, callers: Arc<Batch<Account>>, targets: Arc<Batch<Account>>) {
        self.caller.take(callers);
        self.target.take(targets);
    }

    /// How many accounts have come.
    #[must_use]
    pub fn total(&self) -> usize {
        self.target.total()
    }
}

impl Default for Pick {
    fn default() -> Self {
        let list = || {
            let mut list = Filtered::default();
            list.sorted = true;
            list
        };
        Self {
            caller: list(),
            target: list(),
            other_caller: None,
            other_target: None,
            on_target: false,
            pasted: None,
            behind: None,
            read_at: None,
            is_old: false,
            coming: None,
            kept: Default::default(),
        }
    }
}

impl Pick {
    /// What comes now takes the place of what was read, once all of it has come.
    pub fn read_anew(&mut self, before: Listing) {
        self.coming = Some(Coming {
            caller: self.caller.to_be_filled(),
            target: self.target.to_be_filled(),
            before,
        });
    }

    /// All has come: it takes the place of what was read before, which is given back, as it may take long to free.
    pub fn exchange(&mut self) -> Option<Box<dyn Any + Send>> {
        let coming = self.coming.take()?;
        let gone = [
            self.caller.exchange(coming.caller),
            self.target.exchange(coming.target),
        ];
        Some(Box::new(gone))
    }

    /// It does not come: what was read before stays, and says when that was. What had come of it is given beside, as it
    /// may take long to free.
    pub fn keep(&mut self) -> Option<(Listing, Box<dyn Any + Send>)> {
        let coming = self.coming.take()?;
        self.is_old = true;
        Some((coming.before, Box::new((coming.caller, coming.target))))
    }

    /// The list in focus.
    pub fn focused(&mut self) -> &mut Filtered<Account> {
        if self.on_target {
            &mut self.target
        } else {
            &mut self.caller
        }
    }

    /// Whether an account stands in a pair that is kept, and whether that is a favourite.
    #[must_use]
    pub fn kept(&self, side: Side, email: &str) -> Option<bool> {
        let [callers, targets] = &self.kept;
        let kept = match side {
            Side::Caller => callers,
            Side::Target => targets,
        };
        kept.get(email).copied()
    }

    /// One of the two lists.
    #[must_use]
    pub fn list(&self, side: Side) -> &Filtered<Account> {
        match side {
            Side::Caller => &self.caller,
            Side::Target => &self.target,
        }
    }

    /// The same, to be changed.
    pub fn list_mut(&mut self, side: Side) -> &mut Filtered<Account> {
        match side {
            Side::Caller => &mut self.caller,
            Side::Target => &mut self.target,
        }
    }

    /// What is typed, when it names a caller and the list has nothing for it.
    #[must_use]
    pub fn typed_caller(&self) -> Option<Principal> {
        let text = self.caller.input.value().trim();
        let whole = text.contains('@') || text.contains("://") || text.contains(':');
        if self.caller.selected().is_some_and(|a| a.email == text) || !whole {
            return None;
        }
        Principal::typed(text).ok()
    }

    /// What is typed, when it names an account and the list has nothing for it.
    #[must_use]
    pub fn typed_target(&self) -> Option<Resource> {
        let text = self.target.input.value().trim();
        let whole = text.contains('@') || text.len() > 15;
        if self.target.selected().is_some_and(|a| a.email == text) || !whole {
            return None;
        }
        Resource::parse_account(text).ok()
    }

    /// Who would be asked about: what is typed, else what is selected, else what was given.
    #[must_use]
    pub fn chosen_caller(&self) -> Option<Principal> {
        if (self.caller.shown() == 0 || self.caller.input.value().contains(':'))
            && let Some(typed) = self.typed_caller()
        {
            return Some(typed);
        }
        if self.caller.input.value().is_empty()
            && let Some(other) = &self.other_caller
        {
            return Some(other.clone());
        }
        self.caller
            .selected()
            .map(|a| Principal::ServiceAccount(a.email.clone()))
            .or_else(|| self.typed_caller())
    }

    /// Which account would be asked about.
    #[must_use]
    pub fn chosen_target(&self) -> Option<Resource> {
        if self.target.shown() == 0
            && let Some(typed) = self.typed_target()
        {
            return Some(typed);
        }
        if self.target.input.value().is_empty()
            && let Some(other) = &self.other_target
        {
            return Some(other.clone());
        }
        self.target
            .selected()
            .map(|a| Resource::account(&a.project, &a.email))
            .or_else(|| self.typed_target())
    }
}
