//! One identity, or a set, and every way in which it becomes an account.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;

use super::identity::{Identity, JudgedSpot};
use super::relevant::{Ground, held_bit};
use super::sets::SetOnAccount;
use super::standing::Match;
use super::steps::JudgedSteps;
use super::{TakenAway, Via};
use crate::estate::{Estate, Read};
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::{STARTS_CODE, WayIn};
use crate::iam::{Member, Permission, Resource, ResourceKind};

/// What roles have to hold, of a ground for these ways. A way that grants itself a role needs a credential of the
/// account that nothing forbids.
pub(super) fn permissions_of(ways: &[WayIn]) -> Vec<Permission> {
    let mut names = WayIn::all_permissions(ways);
    let edits = |way: &WayIn| way.is_whole() && !WayIn::CREDENTIALS.contains(way);
    if ways.iter().any(edits) {
        names.extend(WayIn::CREDENTIALS.map(WayIn::permission));
    }
    names.sort_unstable();
    names.dedup();
    let parsed = names.iter().map(|name| Permission::parse(name));
    parsed.filter_map(Result::ok).collect()
}

/// What a custom role belongs to; `None` for a predefined one.
pub(super) fn role_home(estate: &Estate, role: &str) -> Option<Resource> {
    let (level, _) = role.split_once("/roles/")?;
    let level = match level.split_once('/')? {
        ("projects", id) => Resource::project(id),
        ("organizations", id) => Resource::Organization(id.into()),
        _ => return None,
    };
    Some(estate.resolve(&level).exists().unwrap_or(level))
}

/// One way of becoming an account that is open, or may be.
#[derive(Clone, Debug)]
pub(super) struct EdgeStep {
    /// Which.
    pub way: WayIn,
    /// What the policies say: never no.
    pub answer: Truth,
    /// The bindings.
    pub via: Vec<Via>,
    /// What it hangs on that no policy says.
    pub condition: Option<Arc<str>>,
}

impl EdgeStep {
    /// The answer, with what it hangs on.
    pub fn verdict(&self) -> Truth {
        match &self.condition {
            Some(_) => self.answer.and(Truth::UnknownConditional),
            None => self.answer,
        }
    }
}

/// Who moves.
pub(super) enum Moving<'g> {
    /// The identity itself.
    Itself,
    /// A set, as a set: the identity is nobody. Whether it is known who is in it.
    Set { member: &'g Member, known: bool },
}

/// Steps of a project's accounts; `None`: they are not alike.
struct AlikeSteps {
    project: Arc<str>,
    delegate: bool,
    steps: Option<Rc<[EdgeStep]>>,
}

/// What is decided on a level, once for all accounts below.
type OnLevel = Rc<(Truth, Vec<Via>)>;

/// An identity with the bindings that it is in.
pub(super) struct Mover<'g, 'e> {
    pub identity: Identity<'g, 'e>,
    ground: &'g Ground<'e>,
    who: Moving<'g>,
    ways: &'g [WayIn],
    pub by_level: HashMap<&'e Resource, Vec<Match<'e>>>,
    on_levels: RefCell<HashMap<(usize, Resource), OnLevel>>,
    /// What of the permissions its bindings on a level hold, or may.
    held: HashMap<&'e Resource, u64>,
    /// The same on any level.
    pub held_anywhere: u64,
    /// Whether a step of it may be neither yes nor no.
    pub unsure: bool,
    /// The last project, and whether as a link: what holds for each account there that nothing tells from the others.
    /// Accounts are asked for project by project.
    alike: RefCell<Option<AlikeSteps>>,
    /// Who of a set is shut out.
    pub except: RefCell<Vec<TakenAway>>,
    /// What searches share.
    pub judged_steps: RefCell<JudgedSteps>,
}

impl<'g, 'e> Mover<'g, 'e> {
    pub fn new(
        ground: &'g Ground<'e>,
        identity: Identity<'g, 'e>,
        who: Moving<'g>,
        ways: &'g [WayIn],
        matches: Vec<Match<'e>>,
    ) -> Self {
        let mut by_level: HashMap<&'e Resource, Vec<Match<'e>>> = HashMap::new();
        let mut held: HashMap<&'e Resource, u64> = HashMap::new();
        let mut unsure = !ground.is_certain();
        for one in matches {
            if let Some(entry) = ground.entries.get(one.entry) {
                *held.entry(entry.resource).or_default() |= entry.held;
                unsure |= entry.open || one.matches != Truth::Yes;
                by_level.entry(entry.resource).or_default().push(one);
            }
        }
        // They come in the order of a hash, which is another in each run.
        for on in by_level.values_mut() {
            on.sort_by(|a, b| (a.entry, &a.member.text).cmp(&(b.entry, &b.member.text)));
        }
        let held_anywhere = held.values().fold(0, |all, on| all | on);
        let mut mover = Self {
            held_anywhere,
            unsure: true,
            identity,
            ground,
            who,
            ways,
            by_level,
            held,
            on_levels: RefCell::default(),
            alike: RefCell::default(),
            except: RefCell::default(),
            judged_steps: RefCell::default(),
        };
        // What a role belongs to may lie where less was read.
        mover.unsure = unsure || mover.edits_roles() || !mover.identity.is_free();
        mover
    }

    /// Whether it may edit some role, so that bindings count together.
    pub fn edits_roles(&self) -> bool {
        let update = WayIn::RoleEdit.permission();
        let at = self.index(update);
        self.ways.contains(&WayIn::RoleEdit)
            && at.is_some_and(|at| self.held_anywhere & held_bit(at) != 0)
    }

    /// Every way in which it becomes an account (canonical name), in the order of the table. `delegate`: only as
    /// a link of a chain.
    pub fn steps(&self, target: &Resource, delegate: bool) -> Rc<[EdgeStep]> {
        let Resource::ServiceAccount { project, .. } = target else {
            return Rc::default();
        };
        // Of a set it matters who of it is shut out, account by account.
        let plain = matches!(self.who, Moving::Itself)
            && !self.by_level.contains_key(target)
            && !self.ground.policy_unread(target);
        if !plain {
            return self.judged(target, delegate);
        }
        let of_this = |last: &&AlikeSteps| last.project == *project && last.delegate == delegate;
        let last = self
            .alike
            .borrow()
            .as_ref()
            .filter(of_this)
            .map(|l| l.steps.clone());
        match last {
            Some(Some(steps)) => self.with_keys_of(target, steps),
            Some(None) => self.judged(target, delegate),
            None => {
                let steps = self.judged(target, delegate);
                let above = self.ground.above(project);
                let matches = above.levels.iter();
                let matches = matches.filter_map(|level| self.by_level.get(level));
                let same = self.identity.same_below(&above, matches.flatten());
                *self.alike.borrow_mut() = Some(AlikeSteps {
                    project: Arc::clone(project),
                    delegate,
                    steps: same.then(|| Rc::clone(&steps)),
                });
                steps
            }
        }
    }

    /// The steps to every account of the project that was asked for last on which nothing stands itself; `None` where
    /// they may differ.
    pub fn alike_in(&self, project: &Arc<str>, delegate: bool) -> Option<Rc<[EdgeStep]>> {
        let last = self.alike.borrow();
        let last = last
            .as_ref()
            .filter(|last| last.project == *project && last.delegate == delegate)?;
        let steps = last.steps.as_ref()?;
        let keys = steps.iter().any(|step| step.way == WayIn::Key);
        (!keys || self.ground.keys_are_alike(project)).then(|| Rc::clone(steps))
    }

    /// The same steps, with what an organization policy says of keys of this account.
    fn with_keys_of(&self, account: &Resource, steps: Rc<[EdgeStep]>) -> Rc<[EdgeStep]> {
        let Some(at) = steps.iter().position(|step| step.way == WayIn::Key) else {
            return steps;
        };
        let condition = self.keys(account);
        let known = steps.get(at).and_then(|step| step.condition.as_deref());
        if known == condition.as_deref() {
            return steps;
        }
        let mut own = steps.to_vec();
        if let Some(step) = own.get_mut(at) {
            step.condition = condition;
        }
        own.into()
    }

    fn judged(&self, target: &Resource, delegate: bool) -> Rc<[EdgeStep]> {
        let Some(spot) = JudgedSpot::of(self.ground, target) else {
            return Rc::default();
        };
        let ways = self
            .ways
            .iter()
            .filter(|w| !delegate || w.takes_delegates());
        ways.filter_map(|way| self.step(*way, &spot)).collect()
    }

    /// What one permission comes to on an account (canonical name), with the bindings that grant it or may.
    pub fn granted(&self, permission: &str, target: &Resource) -> (Truth, Vec<Via>) {
        match JudgedSpot::of(self.ground, target) {
            Some(spot) => self.decide(permission, &spot),
            None => (Truth::No, Vec::new()),
        }
    }

    fn step(&self, way: WayIn, spot: &JudgedSpot<'_>) -> Option<EdgeStep> {
        let (answer, via, condition) = match way {
            WayIn::Token
            | WayIn::IdToken
            | WayIn::SignBlob
            | WayIn::SignJwt
            | WayIn::Delegation => {
                let (answer, via) = self.decide(way.permission(), spot);
                (answer, via, None)
            }
            WayIn::Key => {
                let (answer, via) = self.decide(way.permission(), spot);
                let condition = match answer {
                    Truth::No => None,
                    _ => self.keys(spot.on),
                };
                (answer, via, condition)
            }
            WayIn::AccountPolicy => {
                let (answer, via) = self.decide(way.permission(), spot);
                (answer.and(self.credential_left(answer, spot)), via, None)
            }
            WayIn::ActAs => self.act_as(spot),
            WayIn::ProjectPolicy => self.policy_above(way, ResourceKind::Project, spot),
            WayIn::FolderPolicy => self.policy_above(way, ResourceKind::Folder, spot),
            WayIn::OrganizationPolicy => self.policy_above(way, ResourceKind::Organization, spot),
            WayIn::RoleEdit => self.role_edit(spot),
            WayIn::DeployOver => self.deploy_over(spot),
        };
        // Without a binding it is only what was not read that leaves it open.
        if answer == Truth::No || via.is_empty() {
            return None;
        }
        Some(EdgeStep {
            way,
            answer,
            via,
            condition,
        })
    }

    fn index(&self, permission: &str) -> Option<usize> {
        let mut all = self.ground.permissions.iter();
        all.position(|p| p.as_str() == permission)
    }

    /// The answer on an account or level.
    fn decide(&self, permission: &str, spot: &JudgedSpot<'_>) -> (Truth, Vec<Via>) {
        let Some(permission) = self.index(permission) else {
            return (Truth::No, Vec::new());
        };
        let own = (spot.on.kind() == ResourceKind::ServiceAccount).then_some(spot.on);
        let levels = own.into_iter().chain(&spot.above.levels);
        // Without a binding that holds it there is none to lead anywhere.
        let held = levels
            .clone()
            .fold(0, |all, level| all | self.held_on(level));
        if held & held_bit(permission) == 0 {
            return (Truth::No, Vec::new());
        }
        let matches = levels
            .filter_map(|level| self.by_level.get(level))
            .flatten();
        let (allowed, leads) = self.identity.allowed_at(permission, spot, matches);
        if allowed == Truth::No || leads.is_empty() {
            return (Truth::No, Vec::new());
        }
        let via = leads.into_iter();
        let via = via.filter_map(|m| self.identity.via(permission, m));
        let via = via.collect();
        (allowed.and(self.left(permission, spot)), via)
    }

    /// What deny rules and boundaries leave.
    fn left(&self, permission: usize, spot: &JudgedSpot<'_>) -> Truth {
        match &self.who {
            Moving::Itself => self.identity.left(permission, spot),
            Moving::Set { member, known } => {
                let on = SetOnAccount::by(self.ground, permission, member, spot.on);
                let left = on.left(&spot.above.levels);
                let mut except = self.except.borrow_mut();
                for taken in left.except {
                    if !except.contains(&taken) {
                        except.push(taken);
                    }
                }
                let sure = if *known && spot.above.complete {
                    Truth::Yes
                } else {
                    Truth::UnknownInfo
                };
                left.answer.and(sure)
            }
        }
    }

    /// Whether a binding on one of these levels holds it, or may.
    fn may_hold(&self, permission: &str, levels: &[Resource]) -> bool {
        self.index(permission).is_some_and(|at| {
            let held = levels
                .iter()
                .fold(0, |all, level| all | self.held_on(level));
            held & held_bit(at) != 0
        })
    }

    /// What of the permissions its bindings on a level hold, or may.
    pub fn held_on(&self, level: &Resource) -> u64 {
        self.held.get(level).copied().unwrap_or_default()
    }

    /// On a level, once for all below it.
    pub fn on_level(&self, permission: &str, level: &Resource) -> OnLevel {
        let Some(index) = self.index(permission) else {
            return Rc::new((Truth::No, Vec::new()));
        };
        let key = (index, level.clone());
        if let Some(known) = self.on_levels.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.decide(permission, &JudgedSpot::level(self.ground, level)));
        self.on_levels.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// Whether a credential of the account could be had by a role that is granted: asked where it matters.
    fn credential_left(&self, so_far: Truth, spot: &JudgedSpot<'_>) -> Truth {
        if so_far == Truth::No {
            return Truth::No;
        }
        WayIn::CREDENTIALS
            .iter()
            .fold(Truth::No, |sum, way| match sum {
                Truth::Yes => sum,
                _ => match self.index(way.permission()) {
                    Some(index) => sum.or(self.left(index, spot)),
                    None => sum,
                },
            })
    }

    /// Whether keys may not be had, in words.
    fn keys(&self, account: &Resource) -> Option<Arc<str>> {
        match self.ground.keys_disabled(account) {
            Truth::No => None,
            Truth::Yes => Some(
                "the organization policy iam.disableServiceAccountKeyCreation forbids new keys here; a key can still be uploaded where iam.disableServiceAccountKeyUpload does not forbid that".into(),
            ),
            _ => Some(
                "no organization policy forbids keys here (iam.disableServiceAccountKeyCreation, iam.disableServiceAccountKeyUpload)".into(),
            ),
        }
    }

    fn act_as(&self, spot: &JudgedSpot<'_>) -> (Truth, Vec<Via>, Option<Arc<str>>) {
        let (answer, mut via) = self.decide(WayIn::ActAs.permission(), spot);
        let Some(project) = spot.above.levels.first().filter(|_| answer != Truth::No) else {
            return (Truth::No, Vec::new(), None);
        };
        let name = project.relative();
        let starts = STARTS_CODE.iter().find_map(|permission| {
            if !self.may_hold(permission, &spot.above.levels) {
                return None;
            }
            let found = self.on_level(permission, project);
            (found.0 == Truth::Yes).then_some((permission, found))
        });
        let condition = match starts {
            Some((permission, found)) => {
                via.extend(found.1.first().cloned());
                format!(
                    "what {permission} lets it make in {name} is switched on and free to run its code"
                )
            }
            None => format!(
                "the account can be attached to something that runs code: in {name} nothing in sight lets the caller make it, so in another project, or by somebody else"
            ),
        };
        (answer, via, Some(condition.into()))
    }

    fn policy_above(
        &self,
        way: WayIn,
        kind: ResourceKind,
        spot: &JudgedSpot<'_>,
    ) -> (Truth, Vec<Via>, Option<Arc<str>>) {
        let (mut answer, mut via) = (Truth::No, Vec::new());
        for (at, level) in spot.above.levels.iter().enumerate() {
            let here = spot.above.levels.get(at..).unwrap_or_default();
            if level.kind() != kind || !self.may_hold(way.permission(), here) {
                continue;
            }
            let found = self.on_level(way.permission(), level);
            let both = answer.or(found.0);
            if both != answer {
                (answer, via) = (both, found.1.clone());
            }
        }
        (answer.and(self.credential_left(answer, spot)), via, None)
    }

    fn role_edit(&self, spot: &JudgedSpot<'_>) -> (Truth, Vec<Via>, Option<Arc<str>>) {
        let update = WayIn::RoleEdit.permission();
        let (mut answer, mut via) = (Truth::No, Vec::new());
        let edits = self.index(update).map_or(0, held_bit);
        if self.held_anywhere & edits == 0 {
            return (answer, via, None);
        }
        let Some(token) = self.index(WayIn::Token.permission()) else {
            return (answer, via, None);
        };
        let levels = std::iter::once(spot.on).chain(&spot.above.levels);
        // A binding's members come together before its condition, as where roles are not edited.
        let mut entries: Vec<(Truth, &Match<'e>)> = Vec::new();
        for one in levels.filter_map(|l| self.by_level.get(l)).flatten() {
            match entries
                .iter_mut()
                .find(|(_, known)| known.entry == one.entry)
            {
                Some((inside, lead)) => {
                    let both = inside.or(one.matches);
                    if both != *inside && one.matches == both {
                        *lead = one;
                    }
                    *inside = both;
                }
                None => entries.push((one.matches, one)),
            }
        }
        for (inside, one) in entries {
            let Some(entry) = self.ground.entries.get(one.entry) else {
                continue;
            };
            let (role, hidden) = without_hidden_condition(&entry.binding.role);
            let Some(home) = role_home(self.ground.estate, role) else {
                continue;
            };
            let there = match self.ground.estate.role(role) {
                Read::Known(role) if role.deleted() => Truth::No,
                Read::Known(_) => Truth::Yes,
                Read::Unreadable(_) => Truth::UnknownInfo,
            };
            let edits = self.on_level(update, &home);
            let mut this = inside.and(there).and(edits.0);
            if hidden {
                this = this.and(Truth::UnknownInfo);
            }
            if this == Truth::No {
                continue;
            }
            this = this.and(self.identity.condition_of(token, spot.on, entry.binding));
            let both = answer.or(this);
            if both == answer {
                continue;
            }
            answer = both;
            via = self.identity.via(token, one).into_iter().collect();
            via.extend(edits.1.first().cloned());
        }
        (answer.and(self.credential_left(answer, spot)), via, None)
    }

    fn deploy_over(&self, spot: &JudgedSpot<'_>) -> (Truth, Vec<Via>, Option<Arc<str>>) {
        let Some(project) = spot.above.levels.first() else {
            return (Truth::No, Vec::new(), None);
        };
        let mut best: Option<(&str, OnLevel)> = None;
        for permission in WayIn::DeployOver.permissions() {
            if !self.may_hold(permission, &spot.above.levels) {
                continue;
            }
            let found = self.on_level(permission, project);
            let more = best
                .as_ref()
                .is_none_or(|(_, known)| known.0.or(found.0) != known.0);
            if found.0 != Truth::No && more {
                best = Some((permission, found));
            }
        }
        let Some((permission, found)) = best else {
            return (Truth::No, Vec::new(), None);
        };
        let condition = format!(
            "something in {} runs as the account, and {permission} changes what it runs; the service may ask for iam.serviceAccounts.actAs too",
            project.relative()
        );
        (found.0, found.1.clone(), Some(condition.into()))
    }
}
