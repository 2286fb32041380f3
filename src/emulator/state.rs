//! What the emulator knows: the estate as served, the estate as enforced, tokens, refusals.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;
use super::faults::{Latency, Play};
use super::iam_v3_write::Operations;
use super::keys::{PublicKey, Signer};
use super::persist::{Buried, Keeper, State};
use super::propagation::Lag;
use super::quota::Quota;
use super::record::Record;
use super::tags::Catalog;
use super::tokens::Tokens;
use super::{Options, StartError};
use crate::estate::{Estate, Existence, Read, ServiceAccount};
use crate::iam::address::project_of;
use crate::iam::{AllowPolicy, PolicyMember, Principal, Resource, deny, org_policy};

/// How many refusals are remembered for `troubleshootError`.
const REFUSALS: usize = 1_000;

/// One emulator's state, shared by its calls.
#[derive(Debug)]
pub(crate) struct Shared {
    world: RwLock<World>,
    clock: Clock,
    latency: Latency,
    seed: u64,
    /// Requests so far.
    count: AtomicU64,
    pub faults: Play,
    pub quota: Quota,
    pub record: Option<Record>,
    keeper: Option<Keeper>,
    /// Whose tokens the metadata server gives out.
    pub metadata_account: Option<String>,
    /// What ID tokens are signed with; made when it is first needed.
    signer: OnceLock<Signer>,
    /// What accounts sign with, by their unique id; each made when it is first needed.
    signers: Mutex<HashMap<String, Arc<Signer>>>,
}

/// A refusal that can be explained later.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub id: String,
    pub who: Principal,
    pub permission: String,
    pub resource: Resource,
    pub time: Timestamp,
}

/// The state itself.
#[derive(Debug)]
pub(crate) struct World {
    /// What is served.
    pub estate: Estate,
    /// What is enforced, where that lags behind.
    lag: Option<Lag>,
    /// Project id to the e-mails of its accounts.
    pub by_project: BTreeMap<String, BTreeSet<String>>,
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
    pub tokens: Tokens,
    refusals: VecDeque<Refused>,
    /// Tag keys and values, bound or not.
    pub tags: Catalog,
    /// What IAM v3 did, to be asked for.
    pub operations: Operations,
    /// Counts writes, so that no two etags are alike.
    pub writes: u64,
    /// Counts whatever alters what is kept on disk.
    changes: u64,
}

impl Shared {
    /// # Errors
    /// A file of the options cannot be read or written.
    pub fn new(estate: Estate, options: Options, viewer_token: String) -> Result<Self, StartError> {
        let keeper = options.persist.map(Keeper::new);
        let kept = match &keeper {
            Some(keeper) => keeper.load()?,
            None => None,
        };
        let record = options.record.as_deref().map(Record::create).transpose()?;
        let (estate, buried, keys) = match kept {
            Some(state) => (state.estate, state.buried, state.keys),
            None => (estate, Vec::new(), BTreeMap::new()),
        };
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
            .map(|account| Buried::of(account, options.clock.now()))
            .chain(buried)
            .map(|b| (b.account.unique_id.clone(), b))
            .collect();
        graveyard.remove("");
        for buried in graveyard.values() {
            estate.put_deleted(buried.record());
        }
        let mut by_project: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for account in estate.accounts() {
            let project = estate
                .project(&account.project_id)
                .map_or(account.project_id.as_str(), |p| p.project_id.as_str());
            by_project
                .entry(project.to_owned())
                .or_default()
                .insert(account.email.to_lowercase());
        }
        let lag = Lag::new(options.propagation, &estate);
        let tags = Catalog::of(&estate);
        Ok(Self {
            clock: options.clock,
            latency: options.latency,
            seed: options.seed,
            count: AtomicU64::new(0),
            faults: Play::new(options.faults, options.seed),
            quota: Quota::new(options.quota),
            record,
            keeper,
            metadata_account: options.metadata_account,
            signer: OnceLock::new(),
            signers: Mutex::new(HashMap::new()),
            world: RwLock::new(World {
                estate,
                lag,
                by_project,
                graveyard,
                keys,
                hidden_policies,
                hidden_names,
                viewer: options.viewer,
                viewer_token,
                tokens: Tokens::default(),
                refusals: VecDeque::new(),
                tags,
                operations: Operations::default(),
                writes: 0,
                changes: 0,
            }),
        })
    }

    /// The key that ID tokens are signed with, Google's own there.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn signer(&self, now: Timestamp) -> io::Result<&Signer> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let made = Signer::new("federated-signon.system.gserviceaccount.com", now)?;
        // Another call may have been quicker; then its key is the one.
        Ok(self.signer.get_or_init(|| made))
    }

    /// The key that an account signs with: its system-managed one.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn signer_of(&self, account: &ServiceAccount, now: Timestamp) -> io::Result<Arc<Signer>> {
        let of = |signers: &HashMap<String, Arc<Signer>>| signers.get(&account.unique_id).cloned();
        let known = of(&self.signers.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(signer) = known {
            return Ok(signer);
        }
        // Outside the lock: a key takes a while. Another call may have been quicker; then its key is it.
        let made = Arc::new(Signer::new(&account.email, now)?);
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(
            signers.entry(account.unique_id.clone()).or_insert(made),
        ))
    }

    /// How long the next answer waits.
    pub fn wait(&self) -> Duration {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        self.latency.nth(self.seed, n)
    }

    /// The newest change, when it is to be kept on disk and is not there yet.
    pub fn unsaved(&self) -> Option<u64> {
        let saved = self.keeper.as_ref()?.saved();
        let change = self.read().changes;
        (saved < change).then_some(change)
    }

    /// Returns once this change is on disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, change: u64) -> io::Result<()> {
        match &self.keeper {
            Some(keeper) => keeper.save(change, || {
                let world = self.read();
                (world.changes, world.snapshot())
            }),
            None => Ok(()),
        }
    }

    /// A lock that a panic poisoned still guards whole values: nothing here is left half-written.
    ///
    /// # Panics
    /// In builds with debug assertions, when this thread holds the world already: with a writer waiting
    /// in between, that would wait for itself.
    pub fn read(&self) -> Held<RwLockReadGuard<'_, World>> {
        Held::new(|| self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`State::read`].
    pub fn write(&self) -> Held<RwLockWriteGuard<'_, World>> {
        Held::new(|| self.world.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets changes count whose time has come.
    pub fn settle(&self, now: Timestamp) {
        let due = self.read().lag.as_ref().is_some_and(|lag| lag.is_due(now));
        if due {
            let mut world = self.write();
            if let Some(lag) = &mut world.lag {
                lag.settle(now);
            }
        }
    }
}

thread_local! {
    /// Whether this thread holds the world.
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// The world while it is held. The same thread must not ask for it a second time.
pub(crate) struct Held<G>(G);

impl<G> Held<G> {
    fn new(lock: impl FnOnce() -> G) -> Self {
        debug_assert!(
            !HELD.get(),
            "the emulator's world was asked for by a thread that holds it"
        );
        HELD.set(true);
        Self(lock())
    }
}

impl<G> Drop for Held<G> {
    fn drop(&mut self) {
        HELD.set(false);
    }
}

impl<G: Deref<Target = World>> Deref for Held<G> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl<G: DerefMut<Target = World>> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.0
    }
}

impl World {
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
    fn snapshot(&self) -> State {
        let mut estate = self.estate.clone();
        for name in self.hidden() {
            estate.mark_unreadable(&name, "may not be read");
        }
        State {
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

    /// Adds or replaces an account.
    pub fn put_account(&mut self, account: &ServiceAccount) {
        self.by_project
            .entry(account.project_id.clone())
            .or_default()
            .insert(account.email.to_lowercase());
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
    pub fn refused(&self, id: &str) -> Option<&Refused> {
        self.refusals.iter().find(|r| r.id == id)
    }

    /// Remembers a refusal.
    pub fn remember(&mut self, refused: Refused) {
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
