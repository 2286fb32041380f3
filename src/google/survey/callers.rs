//! Where callers belong, with the boundaries that are bound there: a policy and the set that it is bound to
//! are in one organization, so the target's own branch says nothing of them (docs/semantics.md, "Principal access
//! boundaries").

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use serde_json::Value;

use super::{Surveyor, Wanted, side_by_side};
use crate::estate::policies::FoundRole;
use crate::estate::{Estate, Read};
use crate::google::api::resource_manager;
use crate::iam::{BasicRole, Member, PolicyMember, Pool, Principal, Resource, address, owner};
use crate::wire::ApiError;

/// More places than this are not looked at for one answer (chosen: each takes several calls).
const PLACES_AT_MOST: usize = 500;

/// What is wanted of a caller's branch.
pub(super) const OF_CALLER: Wanted = Wanted {
    deny: false,
    boundaries: true,
    org_policy: None,
};

/// Where one or many callers belong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The organization of a domain's users.
    Domain(String),
    /// A project, by id or number.
    Project(String),
    /// A folder or an organization.
    Level(Resource),
    /// The organization of a workforce pool.
    Workforce(String),
}

/// Where a caller belongs, as far as its name says.
pub(super) fn place_of(caller: &Principal) -> Option<Place> {
    match caller {
        Principal::User(email) => {
            let (_, domain) = email.rsplit_once('@')?;
            (!address::is_consumer(domain)).then(|| Place::Domain(domain.to_owned()))
        }
        Principal::ServiceAccount(email) => match owner::of(email)?.resource {
            Resource::Project(project) => Some(Place::Project(project.to_string())),
            level => Some(Place::Level(level)),
        },
        Principal::Federated { pool, .. } => Some(of_pool(pool)),
        Principal::Kubernetes { pool, .. } => {
            let project = pool.strip_suffix(".svc.id.goog")?;
            Some(Place::Project(project.to_owned()))
        }
        Principal::Other(text) => {
            let (organization, project) = owner::of_agent_identity(text)?;
            Some(match project {
                Some(project) => Place::Project(project.id().to_owned()),
                None => Place::Level(organization),
            })
        }
    }
}

/// Where the identities of a pool belong.
fn of_pool(pool: &Pool) -> Place {
    match pool {
        Pool::Workload { project, .. } => Place::Project(project.clone()),
        Pool::Workforce { pool } => Place::Workforce(pool.clone()),
    }
}

/// Where those belong whom a member stands for, where that is one place.
fn place_of_member(estate: &Estate, member: &Member) -> Option<Place> {
    match member {
        Member::One(one) => place_in(estate, one),
        set => set.pool().map(of_pool),
    }
}

impl Surveyor<'_> {
    /// The branch that a caller belongs to, with the boundaries bound there.
    pub(super) async fn caller(&self, caller: &Principal) -> Result<(), ApiError> {
        match place_of(caller) {
            Some(Place::Project(project)) => self.project_branch(project, OF_CALLER).await,
            Some(place) => self.place(place).await,
            None => Ok(()),
        }
    }

    /// The boundaries bound where callers belong.
    async fn place(&self, place: Place) -> Result<(), ApiError> {
        match place {
            Place::Domain(domain) => self.domain(&domain).await,
            Place::Project(project) => {
                let levels = self.hierarchy(&project).await?;
                try_join_all(levels.iter().map(|level| self.bindings(level))).await?;
                Ok(())
            }
            Place::Level(level) => {
                let levels = self.levels_told(level).await?;
                try_join_all(levels.iter().map(|level| self.bindings(level))).await?;
                Ok(())
            }
            Place::Workforce(pool) => self.workforce(&pool).await,
        }
    }

    /// The organizations that have a domain.
    async fn domain(&self, domain: &str) -> Result<(), ApiError> {
        if !self.first(&format!("domain {domain}")) {
            return Ok(());
        }
        let name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
        if !domain.chars().all(name) {
            return Ok(());
        }
        let label = format!("organization of {domain}");
        let search = resource_manager::organizations_of(self.ask, domain);
        let found = match self.watch(&label, search).await? {
            Ok(found) => found,
            Err(error) => {
                let why = error.why();
                self.known
                    .put(|estate| estate.put_domain(domain, Err(&why)));
                return Ok(());
            }
        };
        let levels = self.known.put(|estate| {
            let mut levels = Vec::new();
            for organization in found {
                if let Ok(level @ Resource::Organization(_)) = Resource::parse(&organization.name) {
                    estate.put_organization(organization);
                    levels.push(level);
                }
            }
            estate.put_domain(domain, Ok(&levels));
            levels
        });
        try_join_all(levels.iter().map(|level| self.bindings(level))).await?;
        Ok(())
    }

    /// A workforce pool, for the organization that it belongs to (iam v1, `locations.workforcePools.get`,
    /// `WorkforcePool.parent`).
    async fn workforce(&self, pool: &str) -> Result<(), ApiError> {
        let pool = Pool::Workforce {
            pool: pool.to_owned(),
        };
        self.pool(&pool).await?;
        let parent = self.known.with(|estate| {
            let found = estate.pool(&pool.path())?;
            let parent = found.extra.get("parent").and_then(Value::as_str)?;
            Resource::parse(parent).ok()
        });
        match parent {
            // Nothing is above it, so that its name is not waited for.
            Some(level @ Resource::Organization(_)) => {
                futures::try_join!(self.levels_above(level.clone()), self.bindings(&level))
                    .map(drop)
            }
            _ => Ok(()),
        }
    }

    /// A folder or organization that a caller's name tells of, and what is above it; nothing where it may not
    /// be seen, or is not there.
    pub(super) async fn levels_told(&self, level: Resource) -> Result<Vec<Resource>, ApiError> {
        let known = |estate: &Estate| estate.resolve(&level).exists().is_some();
        if !self.known.with(known) && !self.is_seen(&level).await? {
            return Ok(Vec::new());
        }
        self.levels_above(level).await
    }

    /// Reads a folder or organization; whether it could be seen.
    async fn is_seen(&self, level: &Resource) -> Result<bool, ApiError> {
        let label = format!("{} {}", level.kind().word(), level.id());
        if let Resource::Organization(_) = level {
            let read = resource_manager::organization(self.ask, level);
            match self.watch(&label, read).await? {
                Ok(found) => self.known.put(|estate| estate.put_organization(found)),
                Err(_) => return Ok(false),
            }
        } else {
            let read = resource_manager::folder(self.ask, level);
            match self.watch(&label, read).await? {
                Ok(found) => self.known.put(|estate| estate.put_folder(found)),
                Err(_) => return Ok(false),
            }
        }
        // It need not be asked for again on the way up.
        self.first(&level.full_name());
        Ok(true)
    }

    /// Where those belong that bindings with one of these roles let in, group members among them: for an
    /// answer about many callers.
    /// `among`: as bindings on these levels alone let in.
    pub(super) async fn callers(
        &self,
        holds: &(dyn Fn(&FoundRole) -> bool + Sync),
        among: Option<&[Resource]>,
    ) -> Result<(), ApiError> {
        let mut places = self
            .known
            .with(|estate| places_of_callers(estate, holds, among));
        self.known.with(|estate| {
            places.retain(|place| match place {
                Place::Project(project) => !was_read(estate, project),
                _ => true,
            });
        });
        let within: Vec<Place> = places.into_iter().take(PLACES_AT_MOST).collect();
        let tasks: Vec<BoxFuture<'_, Result<(), ApiError>>> = within
            .into_iter()
            .map(|place| self.place(place).boxed())
            .collect();
        side_by_side(tasks).await.map(drop)
    }
}

/// Whether a project's branch was read already.
fn was_read(estate: &Estate, project: &str) -> bool {
    estate.project(project).is_some_and(|p| {
        let level = Resource::project(&p.project_id);
        estate.policy_bindings_at(&level).is_known()
    })
}

/// Whom bindings with one of these roles let in, as they name them, and who is in groups.
pub(super) fn let_in<'e>(
    estate: &'e Estate,
    holds: &'e (dyn Fn(&FoundRole) -> bool + Sync),
    among: Option<&'e [Resource]>,
) -> impl Iterator<Item = &'e Arc<PolicyMember>> {
    let may_hold = |role: &str| match estate.role(role) {
        Read::Known(role) => holds(&role),
        Read::Unreadable(_) => true,
    };
    let all = among.is_none().then(|| estate.policies());
    let all = all.into_iter().flatten().map(|(_, policy)| policy);
    let some = among.into_iter().flatten();
    let some = some.filter_map(|on| estate.allow_policy(on).known().flatten());
    let granted = all
        .chain(some)
        .flat_map(|policy| policy.bindings.iter())
        .filter(move |b| may_hold(&b.role))
        .flat_map(|b| b.members.iter());
    granted.chain(estate.groups().flat_map(|group| group.members.iter()))
}

/// The same, of the groups those alone that lead on from there, as a survey follows them.
pub(super) fn let_in_and_followed<'e>(
    estate: &'e Estate,
    holds: &'e (dyn Fn(&FoundRole) -> bool + Sync),
    among: &'e [Resource],
) -> Vec<&'e Arc<PolicyMember>> {
    let may_hold = |role: &str| match estate.role(role) {
        Read::Known(role) => holds(&role),
        Read::Unreadable(_) => true,
    };
    let policies = among
        .iter()
        .filter_map(|on| estate.allow_policy(on).known());
    let bindings = policies.flatten().flat_map(|policy| policy.bindings.iter());
    let mut found: Vec<&Arc<PolicyMember>> = bindings
        .filter(|b| may_hold(&b.role))
        .flat_map(|b| b.members.iter())
        .collect();
    let rules = among
        .iter()
        .filter_map(|on| estate.deny_policies(on).known());
    let rules = rules.flatten().flat_map(|policy| policy.rules.iter());
    let denied = rules.filter_map(|r| r.deny_rule.as_ref()).flat_map(|rule| {
        let all = rule.denied_principals.iter();
        all.chain(&rule.exception_principals)
    });
    let email = |member: &'e PolicyMember| match &member.member {
        Member::Group(email) => Some(email.as_str()),
        _ => None,
    };
    let mut queue: Vec<&str> = denied.filter_map(|m| email(m)).collect();
    queue.extend(found.iter().filter_map(|m| email(m)));
    let mut seen: HashSet<&str> = HashSet::new();
    while let Some(at) = queue.pop() {
        if seen.insert(at)
            && let Read::Known(group) = estate.group(at)
        {
            queue.extend(group.members.iter().filter_map(|m| email(m)));
            found.extend(&group.members);
        }
    }
    found
}

pub(super) fn places_of_callers(
    estate: &Estate,
    holds: &(dyn Fn(&FoundRole) -> bool + Sync),
    among: Option<&[Resource]>,
) -> BTreeSet<Place> {
    places_of(estate, let_in(estate, holds, among))
}

pub(super) fn places_of<'e>(
    estate: &'e Estate,
    members: impl IntoIterator<Item = &'e Arc<PolicyMember>>,
) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for member in members {
        let place = match &member.member {
            // Those with a basic role on that project.
            Member::ProjectRole(role, project) => {
                places.extend(with_basic_role(estate, *role, project));
                continue;
            }
            other => place_of_member(estate, other),
        };
        places.extend(place);
    }
    places
}

/// Where a caller belongs; an account that is known, where its record says.
fn place_in(estate: &Estate, caller: &Principal) -> Option<Place> {
    if let Principal::ServiceAccount(email) = caller
        && let Some(account) = estate.account(email)
    {
        return Some(Place::Project(account.project_id.clone()));
    }
    place_of(caller)
}

fn with_basic_role(estate: &Estate, role: BasicRole, project: &str) -> Vec<Place> {
    let Some(found) = estate.project(project) else {
        return Vec::new();
    };
    let policy = estate.allow_policy(&Resource::project(&found.project_id));
    let bindings = policy.known().flatten().map_or(&[][..], |p| &p.bindings);
    bindings
        .iter()
        .filter(|b| &*b.role == role.role())
        .flat_map(|b| &b.members)
        .filter_map(|member| place_of_member(estate, &member.member))
        .collect()
}
