//! The kinds of step that a closure goes by: what each asks for, and what it leads to.

use super::super::chains::takes_delegates;
use super::super::relevant::Ground;
use crate::evaluate::ways::{Hangs, WayIn};
use crate::iam::ResourceKind;
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};

/// Where a step's permission is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HopAt {
    /// On the account.
    Account,
    /// On a level of this kind above it.
    Level(ResourceKind),
    /// Where a custom role belongs that the mover has on the account or above it.
    Role,
}

/// What whoever takes a step is then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Onward {
    Nothing,
    Account,
    /// A link of a delegation chain only.
    Link,
}

/// A kind of step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    /// Which of the ground's permissions.
    pub permission: usize,
    pub at: HopAt,
    /// Whether a credential of the account has to be left by rules too.
    pub credential: bool,
    /// Whether the account it leads to is told.
    pub told: bool,
    pub onward: Onward,
    pub hangs: Hangs,
    /// Whether a link of a chain takes it too.
    pub by_link: bool,
}

/// Of one permission, as in [`super::super::reach()`]: the ground's first.
pub(super) fn of_permission(ground: &Ground<'_>) -> Vec<Hop> {
    let Some(asked) = ground.permissions.first() else {
        return Vec::new();
    };
    let delegates = takes_delegates(asked);
    let hop = |(place, permission): (usize, &crate::iam::Permission)| {
        let onward = match permission.as_str() {
            GET_ACCESS_TOKEN => Onward::Account,
            // Where what is asked takes delegates, a link does all that the account does.
            IMPLICIT_DELEGATION if delegates => Onward::Account,
            IMPLICIT_DELEGATION => Onward::Link,
            _ => Onward::Nothing,
        };
        Hop {
            permission: place,
            at: HopAt::Account,
            credential: false,
            told: place == 0,
            onward,
            hangs: Hangs::Never,
            by_link: place != 0,
        }
    };
    ground.permissions.iter().enumerate().map(hop).collect()
}

/// Of ways, as in [`super::super::reach_by`].
pub(super) fn of_ways(ground: &Ground<'_>, ways: &[WayIn]) -> Vec<Hop> {
    let place = |name: &str| ground.permissions.iter().position(|p| p.as_str() == name);
    let mut all = Vec::new();
    for way in ways {
        let at = match way {
            WayIn::ProjectPolicy | WayIn::DeployOver => HopAt::Level(ResourceKind::Project),
            WayIn::FolderPolicy => HopAt::Level(ResourceKind::Folder),
            WayIn::OrganizationPolicy => HopAt::Level(ResourceKind::Organization),
            WayIn::RoleEdit => HopAt::Role,
            _ => HopAt::Account,
        };
        let onward = match way {
            WayIn::Delegation => Onward::Link,
            way if way.leads_on() => Onward::Account,
            _ => Onward::Nothing,
        };
        let own = way.permissions().iter();
        let asked = own.filter_map(|name| match way {
            // Of a role that is edited the permission is whatever is put into it.
            WayIn::RoleEdit => place(WayIn::Token.permission()),
            _ => place(name),
        });
        all.extend(asked.map(|permission| Hop {
            permission,
            at,
            credential: way.is_whole() && !WayIn::CREDENTIALS.contains(way),
            told: true,
            onward,
            hangs: way.hangs(),
            by_link: way.takes_delegates(),
        }));
    }
    all
}
