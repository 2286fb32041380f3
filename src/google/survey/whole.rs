//! Fetches a whole scope: every project and account in it with their policies, and what those name.

use std::collections::HashSet;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::groups::Worth;
use super::{Progress, Surveyor, Wanted, side_by_side};
use crate::estate::Estate;
use crate::estate::policies::FoundRole;
use crate::google::api::iam;
use crate::google::listing::{SEARCH_FROM, Scope, list_projects};
use crate::google::patience::{Patience, WaitLimits};
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Permission, Principal, Resource};
use crate::wire::{ApiError, Ask};

/// More groups than this are not followed (chosen: thousands of calls).
const GROUPS_AT_MOST: usize = 5_000;

/// A project and why its accounts may not be listed, when they may not.
type Refused = Option<(String, String)>;

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct Everything {
    /// Every project in here, with its accounts; `None` for none.
    pub scope: Option<Scope>,
    /// These accounts too, with all that is above them.
    pub accounts: Vec<Resource>,
    /// Whether the policies of the scope's accounts are read too.
    pub account_policies: bool,
    /// Which groups are looked into.
    pub groups: Groups,
    /// These groups too, whoever grants them something.
    pub named_groups: Vec<String>,
    /// Who asks, when somebody does: its boundaries are read too, wherever it belongs, and its pool.
    pub caller: Option<Principal>,
    /// Whether those of everybody are who is granted something (as [`Self::groups`] says what).
    pub callers: bool,
    /// An organization policy that has a say, read as it comes to on each project.
    pub org_policy: Option<&'static str>,
}

impl Everything {
    /// Whether an account or a caller is asked for, beside what a scope holds.
    fn names_somebody(&self) -> bool {
        !self.accounts.is_empty() || self.caller.is_some()
    }

    /// Whether it is about who gets to accounts, and nothing else.
    pub(super) fn asks_who(&self) -> bool {
        !self.accounts.is_empty() && self.callers && !self.account_policies
    }

    /// What it takes to say who gets to an account. The accounts in scope are needed by name, where a
    /// set of them is granted something.
    #[must_use]
    pub fn to_target(target: &Resource, permission: &Permission, scope: &Scope) -> Self {
        Self {
            scope: Some(scope.clone()),
            accounts: vec![target.clone()],
            account_policies: false,
            groups: Groups::Holding(vec![permission.clone()]),
            named_groups: Vec::new(),
            caller: None,
            callers: true,
            org_policy: None,
        }
    }

    /// What it takes to say which accounts a caller gets to, in one step or several: a step goes by a
    /// token of the account between, or through it by delegation.
    #[must_use]
    pub fn from_caller(caller: &Principal, permission: &Permission, scope: &Scope) -> Self {
        let mut permissions = vec![permission.clone()];
        for carrying in [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION] {
            permissions.extend(Permission::parse(carrying));
        }
        let own = match caller {
            Principal::ServiceAccount(email) => vec![Resource::account("-", email)],
            _ => Vec::new(),
        };
        Self {
            scope: Some(scope.clone()),
            accounts: own,
            account_policies: true,
            groups: Groups::Holding(permissions),
            named_groups: Vec::new(),
            caller: Some(caller.clone()),
            callers: false,
            org_policy: None,
        }
    }
}

/// Which groups are looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Groups {
    /// None.
    #[default]
    None,
    /// Those that are granted a role with one of these permissions, or named in a deny rule.
    Holding(Vec<Permission>),
    /// All that are granted something, or named in a deny rule.
    All,
}

/// Reads a scope into an estate of
/// [partial](crate::estate::Coverage::Partial) coverage. Beside it stands what could not be listed
/// (`projects/P`, `folders/N`), with why: whatever lies there was not seen at all.
///
/// # Errors
/// When signed out, when nothing at all was answered, or when the search for projects gives nothing and
/// nothing else was asked for.
pub async fn whole(
    ask: &dyn Ask,
    everything: &Everything,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(Estate, Vec<(String, String)>), ApiError> {
    let ask = &Patience::new(ask, WaitLimits::SCOPE);
    let surveyor = Surveyor::new(ask, progress);
    let mut unlisted = Vec::new();
    let projects = match &everything.scope {
        Some(scope) => match list_projects(ask, scope, &mut unlisted).await {
            Ok(projects) => projects,
            // What is asked about can be read all the same.
            Err(error) if everything.names_somebody() && !error.is_signed_out() => {
                unlisted.push((scope.name(), error.why()));
                Vec::new()
            }
            Err(error) => return Err(error),
        },
        None => Vec::new(),
    };
    let both = Wanted {
        deny: true,
        boundaries: true,
        org_policy: everything.org_policy,
    };
    let mut tasks: Vec<BoxFuture<'_, Result<Refused, ApiError>>> = Vec::new();
    for account in &everything.accounts {
        let branch = surveyor.account_branch(account.clone(), both);
        tasks.push(async move { branch.await.map(|()| None) }.boxed());
    }
    let many = projects.len() > SEARCH_FROM;
    let around = many && everything.asks_who();
    if !around {
        for project in &projects {
            tasks.push(surveyor.project(&project.project_id, both).boxed());
        }
    }
    let refused = side_by_side(tasks).await?;
    ask.something_heard()?;
    surveyor.deny_rules().await?;
    unlisted.extend(refused.into_iter().flatten());
    unlisted.sort();
    let accounts: Vec<Resource> = surveyor.known.with(|estate| {
        let named = estate.accounts();
        named
            .map(|a| Resource::account(&a.project_id, &a.email))
            .collect()
    });
    // Those of the scope; the others' policies were read with their branch.
    if everything.account_policies {
        if let Some(scope) = everything.scope.as_ref().filter(|_| many) {
            surveyor.searched_policies(scope).await?;
        }
        side_by_side(accounts.iter().map(|account| surveyor.policy(account))).await?;
    }
    futures::try_join!(
        surveyor.roles(),
        surveyor.tags_of(&accounts),
        surveyor.basic_roles(),
        surveyor.pools_named()
    )?;
    if let Some(caller) = &everything.caller {
        surveyor.pool_of(caller).await?;
    }
    let holds = |role: &FoundRole| match &everything.groups {
        Groups::None => false,
        Groups::Holding(wanted) => wanted.iter().any(|p| role.includes(p.as_str())),
        Groups::All => true,
    };
    let worth = |_: &Resource, _: &str, role: &FoundRole| holds(role).then_some(Worth::Decides);
    if everything.groups != Groups::None {
        let named = &everything.named_groups;
        surveyor.groups_where(&worth, named, GROUPS_AT_MOST).await?;
    }
    let levels: Vec<Resource> = surveyor.known.with(|estate| {
        let asked = everything.accounts.iter();
        let found = asked.map(|a| estate.resolve(a).exists().unwrap_or_else(|| a.clone()));
        found.flat_map(|a| estate.ancestry(&a).levels).collect()
    });
    let among = around.then_some(levels.as_slice());
    let mut looked_into = None;
    if let Some(levels) = among {
        let read = surveyor.around(&holds, levels, &projects, both).await?;
        surveyor.deny_rules().await?;
        unlisted.extend(read.refused);
        unlisted.sort();
        looked_into = Some(read.projects);
    }
    if everything.callers {
        surveyor.callers(&holds, among).await?;
    }
    if let Some(caller) = &everything.caller {
        surveyor.caller(caller).await?;
    }
    // What is bound there was named just now.
    surveyor.boundary_policies().await?;
    let unread: HashSet<&str> = unlisted.iter().map(|(name, _)| name.as_str()).collect();
    surveyor.ghosts(&|project| {
        projects.iter().any(|p| {
            (p.project_id == project || p.number() == project)
                && looked_into
                    .as_ref()
                    .is_none_or(|read| read.contains(&p.project_id))
                && !unread.contains(format!("projects/{}", p.project_id).as_str())
        })
    });
    Ok((surveyor.known.into_estate(), unlisted))
}

impl Surveyor<'_> {
    /// A project's branch, its accounts, and the state of its API. Gives the project and why, when its
    /// accounts may not be listed.
    pub(super) async fn project(&self, project: &str, wanted: Wanted) -> Result<Refused, ApiError> {
        let ((), on, refused) = futures::try_join!(
            self.project_branch(project.to_owned(), wanted),
            self.credentials_state(project),
            self.accounts_of(project)
        )?;
        // Under the name that the branch found.
        self.keep_credentials_state(project, on);
        Ok(refused.map(|why| (format!("projects/{project}"), why)))
    }

    /// Puts the accounts of a project into the estate; gives why, when they may not be listed.
    pub(super) async fn accounts_of(&self, project: &str) -> Result<Option<String>, ApiError> {
        let label = format!("accounts of {project}");
        let list = iam::accounts(self.ask, project);
        let found = match self.watch(&label, list).await? {
            Ok(found) => found,
            Err(error) => return Ok(Some(error.why())),
        };
        self.known.put(|estate| {
            for account in found {
                estate.put_account(account);
            }
        });
        Ok(None)
    }
}
