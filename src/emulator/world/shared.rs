//! The world as calls share it: the lock around it, the clock, the keys that sign, the file that keeps it.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;
use super::keys::Signer;
use super::persist::{Keeper, PersistedState};
use super::state::{Viewer, World};
use crate::estate::{Estate, ServiceAccount};
use crate::iam::Resource;

/// How a world begins.
#[derive(Debug)]
pub(crate) struct Setting {
    pub viewer: Viewer,
    /// How long a change of access is served before it counts.
    pub propagation: Duration,
    pub clock: Clock,
    /// The state is kept in this file. A file that is there takes the place of the estate given.
    pub persist: Option<PathBuf>,
    /// Whose tokens the metadata server gives out.
    pub metadata_account: Option<String>,
    /// How long tokens live at most, in seconds.
    pub token_lifetime: i64,
}

/// One emulator's state, shared by its calls.
#[derive(Debug)]
pub(crate) struct Shared {
    world: RwLock<World>,
    clock: Clock,
    keeper: Option<Keeper>,
    /// Whose tokens the metadata server gives out.
    pub metadata_account: Option<String>,
    /// How long tokens live at most, in seconds.
    pub token_lifetime: i64,
    /// What ID tokens are signed with; made when it is first needed.
    signer: OnceLock<Signer>,
    /// What accounts sign with, by their unique id; each made when it is first needed.
    signers: Mutex<HashMap<String, Arc<Signer>>>,
    /// What is below the scope that was searched last: page after page asks for the same.
    below: Mutex<Option<ScopeContents>>,
}

/// Resources by their full names, in that order.
pub(crate) type NamedResources = Arc<[(String, Resource)]>;

/// What is below a scope, as of a change of the world.
#[derive(Debug)]
struct ScopeContents {
    change: u64,
    scope: Resource,
    all: NamedResources,
}

impl Shared {
    /// # Errors
    /// The file that the state is kept in cannot be read.
    pub fn new(estate: Estate, setting: Setting) -> io::Result<Self> {
        let keeper = setting.persist.map(Keeper::new);
        let kept = match &keeper {
            Some(keeper) => keeper.load()?,
            None => None,
        };
        let kept = kept.unwrap_or_else(|| PersistedState::of(estate));
        let now = setting.clock.now();
        Ok(Self {
            world: RwLock::new(World::new(kept, setting.viewer, setting.propagation, now)),
            clock: setting.clock,
            keeper,
            metadata_account: setting.metadata_account,
            token_lifetime: setting.token_lifetime,
            signer: OnceLock::new(),
            signers: Mutex::new(HashMap::new()),
            below: Mutex::new(None),
        })
    }

    /// What is below a scope; `find` looks for it where that was not done since the world changed last.
    pub fn below(
        &self,
        world: &World,
        scope: &Resource,
        find: impl FnOnce() -> Vec<(String, Resource)>,
    ) -> NamedResources {
        let change = world.changes();
        let fits = |below: &ScopeContents| below.change == change && below.scope == *scope;
        let mut kept = self.below.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(below) = kept.as_ref().filter(|below| fits(below)) {
            return Arc::clone(&below.all);
        }
        let all: NamedResources = find().into();
        *kept = Some(ScopeContents {
            change,
            scope: scope.clone(),
            all: Arc::clone(&all),
        });
        all
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

    /// The newest change, when it is to be kept on disk and is not there yet.
    pub fn unsaved(&self) -> Option<u64> {
        let saved = self.keeper.as_ref()?.saved();
        let change = self.read().changes();
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
                (world.changes(), world.snapshot())
            }),
            None => Ok(()),
        }
    }

    /// A lock that a panic poisoned still guards whole values: nothing here is left half-written.
    ///
    /// # Panics
    /// In builds with debug assertions, when this thread holds the world already: with a writer waiting
    /// in between, that would wait for itself.
    pub fn read(&self) -> HeldWorld<RwLockReadGuard<'_, World>> {
        HeldWorld::new(|| self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`Self::read`].
    pub fn write(&self) -> HeldWorld<RwLockWriteGuard<'_, World>> {
        HeldWorld::new(|| self.world.write().unwrap_or_else(PoisonError::into_inner))
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
pub(crate) struct HeldWorld<G>(G);

impl<G> HeldWorld<G> {
    fn new(lock: impl FnOnce() -> G) -> Self {
        debug_assert!(
            !HELD.get(),
            "the emulator's world was asked for by a thread that holds it"
        );
        HELD.set(true);
        Self(lock())
    }
}

impl<G> Drop for HeldWorld<G> {
    fn drop(&mut self) {
        HELD.set(false);
    }
}

impl<G: Deref<Target = World>> Deref for HeldWorld<G> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl<G: DerefMut<Target = World>> DerefMut for HeldWorld<G> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.0
    }
}
