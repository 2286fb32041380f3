//! What the emulator knows: the estate as served, the estate as enforced, tokens, refusals.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;

use super::keys::PublicKey;
use super::operations::Operations;
use super::persist::{Buried, PersistedState};
use super::propagation::Lag;
use super::tags::Catalog;
use super::tokens::TokenStore;
use crate::estate::{Estate, Existence, Read, ServiceAccount};
use crate::iam::owner::project_of;
use crate::iam::{AllowPolicy, PolicyMember, Principal, Resource, deny, org_policy};

/// How many refusals are remembered for `troubleshootError`.
const REFUSALS: usize = 1_000;

/// So many projects' accounts are looked for one by one; then all are sorted by their projects.
const LISTS_ONE_BY_ONE: usize = 8;

/// A refusal that can be explained later.
#[derive(Clone, Debug)]
pub(crate) struct RememberedRefusal {
    pub id: String,
    pub who: Principal,
    pub permission: String,
    pub resource: Resource,
    pub time: Timestamp,
}

/// For whom the emulator was started.
#[derive(Debug)]
pub(crate) struct Viewer {
    /// `None`: an administrator.
    pub principal: Option<Principal>,
    /// The token that stands for it.
    pub token: String,
}

/// The state itself.
#[derive(Debug)]
pub(crate) struct World {
    /// What is served.
    pub estate: Estate,
    /// What is enforced, where that lags behind.
    pub lag: Option<Lag>,
    /// Project id to the e-mails of its accounts; made when it is first asked for.
    by_project: OnceLock<BTreeMap<String, BTreeSet<String>>>,
    /// How often a project's accounts were asked for before that.
    lists: AtomicUsize,
    /// Deleted accounts that can still come back, by unique id.
    pub graveyard: BTreeMap<String, Buried>,
    /// The public halves of accounts' keys, by lower-case address.
    keys: BTreeMap<String, Vec<PublicKey>>,
    /// Allow policies that the viewer may not read.
    hidden_policies: HashSet<Resource>,
    /// Collections, groups and roles that the viewer may not read.
    hidden_names: HashSet<String>,
    pub viewer: Option<Principal>,
    pub viewer_token: String,
    pub tokens: TokenStore,
    refusals: VecDeque<RememberedRefusal>,
    /// Tag keys and values, bound or not.
    pub tags: Catalog,
    /// What IAM v3 did, to be asked for.
    pub operations: Operations,
    /// Counts writes, so that no two etags are alike.
    pub writes: u64,
    /// Counts whatever alters what is kept on disk.
    changes: u64,
}

impl World {
    /// The world of an estate, with what an earlier run left.
    pub fn new(
        kept: PersistedState,
        viewer: Viewer,
        propagation: Duration,
        now: Timestamp,
    ) -> Self {
        let PersistedState {
            estate,
            buried,
            keys,
        } = kept;
        let (mut hidden_policies, mut hidden_names) = (HashSet::new(), HashSet::new());
        for (name, _) in estate.unreadable() {
            if let Ok(resource) = Resource::parse(name) {
                hidden_policies.insert(canonical(&estate, resource));
            } else if let Some(point) = deny::attachment_point(name) {
                hidden_names.insert(deny::collection(&canonical(&estate, point)));
            } else if let Some(on) = org_policy::collection_of(name) {
                hidden_names.insert(org_policy::collection(&canonical(&estate, on)));
            } else {
                hidden_names.insert(name.to_owned());
            }
        }
        let mut estate = estate.without_unreadable();
        // What an earlier run left has their policies too.
        let mut graveyard: BTreeMap<String, Buried> = estate
            .deleted_accounts()
            .map(|account| Buried::of(account, now))
            .chain(buried)
            .map(|b| (b.account.unique_id.clone(), b))
            .collect();
        graveyard.remove("");
        for buried in graveyard.values() {
            estate.put_deleted(buried.record());
        }
        let lag = Lag::new(propagation, &estate);
        let tags = Catalog::of(&estate);
        Self {
            estate,
            lag,
            by_project: OnceLock::new(),
            lists: AtomicUsize::new(0),
            graveyard,
            keys,
            hidden_policies,
            hidden_names,
            viewer: viewer.principal,
            viewer_token: viewer.token,
            tokens: TokenStore::default(),
            refusals: VecDeque::new(),
            tags,
            operations: Operations::default(),
            writes: 0,
            changes: 0,
        }
    }

    /// Counts whatever altered what is kept on disk.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The estate that decides.
    pub fn enforced(&self) -> &Estate {
        self.lag.as_ref().map_or(&self.estate, Lag::enforced)
    }

    /// Stores a policy: served at once, enforced after the propagation delay.
    pub fn put_policy(&mut self, resource: &Resource, policy: AllowPolicy, now: Timestamp) {
        if let Some(lag) = &mut self.lag {
            lag.put_policy(resource.clone(), policy.clone(), now);
        }
        self.changes += 1;
        self.estate.put_policy(resource.clone(), policy);
    }

    /// A project under its number, as Google's names have it; everything else as it is.
    pub fn by_number(&self, on: &Resource) -> Resource {
        match on {
            Resource::Project(id) => self
                .estate
                .project(id)
                .map_or_else(|| on.clone(), |p| Resource::project(p.number())),
            other => other.clone(),
        }
    }

    /// A change that is served at once and enforced after the propagation delay.
    pub fn spread(&mut self, now: Timestamp, change: impl Fn(&mut Estate) + Send + Sync + 'static) {
        self.changes += 1;
        change(&mut self.estate);
        if let Some(lag) = &mut self.lag {
            lag.put(change, now);
        }
    }

    /// The keys of an account, by lower-case address.
    pub fn keys(&self, email: &str) -> &[PublicKey] {
        self.keys.get(email).map_or(&[], Vec::as_slice)
    }

    /// Changes the keys of an account; `None` says that nothing was changed.
    pub fn change_keys(
        &mut self,
        email: &str,
        change: impl FnOnce(&mut Vec<PublicKey>) -> Option<()>,
    ) -> Option<()> {
        let keys = self.keys.entry(email.to_owned()).or_default();
        let changed = change(keys);
        if keys.is_empty() {
            self.keys.remove(email);
        }
        if changed.is_some() {
            self.changes += 1;
        }
        changed
    }

    /// What is kept on disk.
    pub fn snapshot(&self) -> PersistedState {
        let mut estate = self.estate.clone();
        for name in self.hidden() {
            estate.mark_unreadable(&name, "may not be read");
        }
        PersistedState {
            estate,
            buried: self.graveyard.values().cloned().collect(),
            keys: self.keys.clone(),
        }
    }

    /// Lets every policy that names one member name another in its place: after an account's deletion
    /// its bindings show as `deleted:…?uid=…` (doc "Delete and undelete service accounts"), after its
    /// return as before.
    pub fn rename_member(&mut self, from: &str, to: &str) {
        let new = Arc::new(PolicyMember::v1(to));
        let old = PolicyMember::v1(from).member;
        self.change(|estate| {
            let places: BTreeSet<Resource> = estate
                .grants_naming(from)
                .iter()
                .map(|place| place.resource.clone())
                .collect();
            for resource in places {
                let Read::Known(Some(policy)) = estate.allow_policy(&resource) else {
                    continue;
                };
                let mut policy = (**policy).clone();
                for member in policy.bindings.iter_mut().flat_map(|b| &mut b.members) {
                    if member.member == old {
                        *member = Arc::clone(&new);
                    }
                }
                estate.put_policy(resource, policy);
            }
        });
        if let Some(lag) = &mut self.lag {
            lag.rename(&old, &new);
        }
    }

    /// A change that counts at once, in both estates.
    pub fn change(&mut self, change: impl Fn(&mut Estate)) {
        self.changes += 1;
        change(&mut self.estate);
        if let Some(lag) = &mut self.lag {
            lag.at_once(change);
        }
    }

    /// Takes a policy away with the resource that it was on, at once.
    pub fn remove_policy(&mut self, gone: &Resource) {
        if let Some(lag) = &mut self.lag {
            lag.forget(gone);
        }
        self.change(|estate| estate.remove_policy(gone));
    }

    /// The e-mails of a project's accounts, by its id.
    pub fn accounts_of(&self, project: &str) -> BTreeSet<String> {
        // Once is cheaper than all; for many projects all of it once is.
        let few = self.by_project.get().is_none()
            && self.lists.fetch_add(1, Ordering::Relaxed) < LISTS_ONE_BY_ONE;
        if few && let Some(own) = self.estate.stored_accounts_of(project) {
            return own.iter().map(|a| a.email.to_lowercase()).collect();
        }
        let by_project = self.by_project.get_or_init(|| {
            let mut by_project: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for account in self.estate.accounts() {
                let project = self.estate.project_id_of(account);
                let emails = by_project.entry(project.to_owned()).or_default();
                emails.insert(account.email.to_lowercase());
            }
            by_project
        });
        by_project.get(project).cloned().unwrap_or_default()
    }

    /// Takes an account out of its project's list.
    pub fn forget_account(&mut self, account: &ServiceAccount) {
        let by_project = self.by_project.get_mut();
        if let Some(emails) = by_project.and_then(|all| all.get_mut(&account.project_id)) {
            emails.remove(&account.email.to_lowercase());
        }
    }

    /// Adds or replaces an account.
    pub fn put_account(&mut self, account: &ServiceAccount) {
        if let Some(by_project) = self.by_project.get_mut() {
            let emails = by_project.entry(account.project_id.clone()).or_default();
            emails.insert(account.email.to_lowercase());
        }
        self.change(|estate| estate.put_account(account.clone()));
    }

    /// Whether an address looks like an account of people's, or a default account, of a project of
    /// this estate.
    pub fn owns_address(&self, email: &str) -> bool {
        project_of(email).is_some_and(|project| self.estate.project(project).is_some())
    }

    /// The canonical name of something that exists.
    pub fn find(&self, resource: &Resource) -> Option<Resource> {
        self.estate.resolve(resource).exists()
    }

    /// Whether the viewer is kept from this resource's allow policy.
    pub fn hides_policy(&self, resource: &Resource) -> bool {
        self.hidden_policies.contains(resource)
    }

    /// The resources whose allow policies the viewer is kept from.
    pub fn hidden_policies(&self) -> impl Iterator<Item = &Resource> {
        self.hidden_policies.iter()
    }

    /// Whether the viewer is kept from a collection, `groups/…` or a role.
    pub fn hides(&self, name: &str) -> bool {
        self.hidden_names.contains(name)
    }

    /// Everything that the viewer is kept from, by the names of the estate file.
    pub fn hidden(&self) -> impl Iterator<Item = String> {
        self.hidden_policies
            .iter()
            .map(Resource::full_name)
            .chain(self.hidden_names.iter().cloned())
    }

    /// A refusal that is remembered.
    pub fn refused(&self, id: &str) -> Option<&RememberedRefusal> {
        self.refusals.iter().find(|r| r.id == id)
    }

    /// Remembers a refusal.
    pub fn remember(&mut self, refused: RememberedRefusal) {
        if self.refusals.len() >= REFUSALS {
            self.refusals.pop_front();
        }
        self.refusals.push_back(refused);
    }
}

fn canonical(estate: &Estate, resource: Resource) -> Resource {
    match estate.resolve(&resource) {
        Existence::Exists(found) => found,
        _ => resource,
    }
}
