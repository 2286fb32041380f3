//! What one judgement carries from rule to rule: who asks for what, where, when, and what has been
//! worked out already.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::condition::EffectiveTag;
use super::explanation::RoleState;
use super::federation::{self, Attributes, Exchange};
use super::truth::Truth;
use crate::estate::Estate;
use crate::iam::{Permission, Principal, Resource};

/// One caller, one permission, one resource, one moment.
pub(crate) struct Judge<'e> {
    /// What is known.
    pub estate: &'e Estate,
    /// Who asks.
    pub caller: Principal,
    /// For what.
    pub permission: Permission,
    /// On what, in canonical form where it is known.
    pub on: Resource,
    /// `request.time`.
    pub time: Timestamp,
    /// A federated caller's attributes, as given or mapped from its claims.
    pub attributes: Attributes,
    /// What comes of its token exchange; `None` for a caller that needs none, or where that was not asked.
    pub exchange: Option<Arc<Exchange>>,
    /// For a request that sets an allow policy: the roles whose grants it changes, where known.
    pub modified_roles: Option<Vec<String>>,
    /// Answers of groups, by address.
    pub(crate) groups: RefCell<HashMap<String, Membership>>,
    /// Answers of roles, by name.
    pub(crate) roles: RefCell<HashMap<Arc<str>, RoleState>>,
    /// The tags in effect on the resource, or why they are not known.
    pub(crate) tags: OnceCell<Result<Vec<EffectiveTag>, Arc<str>>>,
}

impl<'e> Judge<'e> {
    /// A judge for one question; `on` in canonical form.
    pub fn new(
        estate: &'e Estate,
        caller: &Principal,
        permission: &Permission,
        on: &Resource,
        time: Timestamp,
    ) -> Self {
        Self {
            estate,
            caller: caller.clone(),
            permission: permission.clone(),
            on: on.clone(),
            time,
            attributes: Attributes::default(),
            exchange: None,
            modified_roles: None,
            groups: RefCell::default(),
            roles: RefCell::default(),
            tags: OnceCell::new(),
        }
    }

    /// The same with what the caller brought: attributes and token claims.
    pub fn with_identity(
        mut self,
        attributes: &[(String, String)],
        claims: Option<&Arc<Value>>,
    ) -> Self {
        let exchange =
            federation::exchange(self.estate, &self.caller, attributes, claims.map(|c| &**c));
        if let Some(exchange) = exchange {
            self.attributes = exchange.attributes.clone();
            self.exchange = Some(Arc::new(exchange));
        }
        self
    }
}

/// The answer for one member.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Membership {
    /// Whether the caller is in it.
    pub matches: Truth,
    /// Why, without a full stop; may be empty.
    pub why: String,
    /// The groups on the way, outermost first.
    pub path: Vec<String>,
}

impl Membership {
    pub(super) fn new(matches: Truth, why: impl Into<String>) -> Self {
        Self {
            matches,
            why: why.into(),
            path: Vec::new(),
        }
    }

    pub(super) fn yes() -> Self {
        Self::new(Truth::Yes, "")
    }

    pub(super) fn no() -> Self {
        Self::new(Truth::No, "")
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::new(Truth::UnknownInfo, why)
    }

    pub(super) fn from(answer: bool) -> Self {
        if answer { Self::yes() } else { Self::no() }
    }
}
