//! Over a whole estate: who can get at an account, what a caller can get to, and the graph of both.
//!
//! Policies are gone through once (`relevant`): only bindings whose role holds the permission are
//! kept, found again by member. Nothing here asks every pair.
//!
//! What is judged is IAM's own answer, as in [`super::explain`]'s verdict. Keys of accounts, and what
//! else leads to an account without a grant of impersonation, are not followed.

mod all;
mod below;
mod chains;
mod closure;
mod covered;
mod cut;
mod edge_walk;
mod edges;
mod graph;
mod hitting;
mod identity;
mod layers;
mod mover;
mod of_set;
mod paths;
mod relevant;
mod sets;
mod standing;
mod step_kind;
mod steps;
mod trail;
mod who;

use std::sync::Arc;

use jiff::Timestamp;

use super::explanation::{Outcome, Verdict};
use super::truth::Truth;
use super::ways::WayIn;
use crate::estate::Estate;
use crate::iam::{Condition, Member, Permission, Principal, Resource};

pub use all::{AccountHolder, AccountHolders, WhoOfEach};
pub use chains::{reach, reach_bringing};
pub use closure::{CallerAccounts, CallerReach, Closure, closure};
pub use cut::{BindingUnit, Cut, Separation, separate};
pub use edge_walk::reach_by;
pub use edges::who_by;
pub use graph::{graph, graph_by};
pub use of_set::{AccountsListed, SetAnswer, SetQuestion, any_of, every_of};
pub use paths::{PathRequest, PathStep, ShortestPaths, StepBinding, StepsBy, shortest_paths};
pub use trail::Trail;
pub use who::{who, who_bringing};

/// What a federated caller brings beside its name.
#[derive(Clone, Debug, Default)]
pub struct Brings {
    /// Attributes: name (`repository`, or `groups`) to value.
    pub attributes: Vec<(String, String)>,
    /// Its token's claims.
    pub claims: Option<Arc<serde_json::Value>>,
}

/// One binding on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Via {
    /// Whose policy holds it.
    pub resource: Resource,
    /// The role.
    pub role: Arc<str>,
    /// The member that lets the principal in, as written: itself, a group, a set.
    pub member: Arc<str>,
    /// When it holds; `None` for always.
    pub condition: Option<Arc<Condition>>,
    /// What this hop needs: the permission asked for; in a chain `getAccessToken` or
    /// `implicitDelegation` for the hops before the last.
    pub permission: Permission,
    /// The kinds of edge that it makes, where kinds were asked for ([`reach_by`], [`who_by`]).
    pub edges: Vec<WayIn>,
}

/// What takes access from some of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TakenBy {
    /// A rule of a deny policy.
    DenyRule,
    /// A principal access boundary that is bound to them.
    Boundary,
}

impl TakenBy {
    /// Its name in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DenyRule => "DENY_RULE",
            Self::Boundary => "BOUNDARY",
        }
    }
}

/// Some of a set that is granted something, who do not have it all the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TakenAway {
    /// By what.
    pub by: TakenBy,
    /// The deny policy's name, or the policy binding's; of a list of bindings that was not read, the list's.
    pub name: String,
    /// Whom it names, as far as they may be of the set; nobody where it was not read.
    pub principals: Vec<String>,
    /// Whom of them it leaves out.
    pub but: Vec<String>,
    /// Whether it is certain that it counts.
    pub certain: bool,
}

/// One principal that can, or may be able to.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// An IAM member identifier: one identity, or a set that cannot be listed (`allUsers`,
    /// `domain:…`, a pool's set, a group that may not be read).
    pub principal: Arc<str>,
    /// Never `CannotAccess`. Of a set: what holds for it as a set; [`Self::except`] tells whom rules shut out.
    pub verdict: Verdict,
    /// What the call would come to: as the verdict, but for accounts that are off or gone and pools that
    /// give no tokens.
    pub outcome: Outcome,
    /// From the principal through the groups it is in, innermost first, to the target's full name.
    pub path: Vec<Arc<str>>,
    /// The bindings that grant; where the verdict is unknown those that may.
    pub via: Vec<Via>,
    /// Of a set: who of it is shut out.
    pub except: Vec<TakenAway>,
}

/// The answer of [`who`].
#[derive(Clone, Debug, PartialEq)]
pub struct Who {
    /// The account, in canonical form where it is known.
    pub target: Resource,
    /// What was asked.
    pub permission: Permission,
    /// By principal.
    pub results: Vec<Holder>,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

/// One account that the caller can get to, or may be able to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The account.
    pub target: Resource,
    /// Never `CannotAccess`.
    pub verdict: Verdict,
    /// What the calls on the way would come to: as the verdict, but for accounts that are off or gone and
    /// a pool that gives the caller no token.
    pub outcome: Outcome,
    /// The caller, the accounts on the way, the target: the caller as a member identifier, accounts
    /// by full resource name. A direct grant has two entries, and every binding that grants; a chain one
    /// binding for each hop.
    pub trail: Trail,
}

/// The answer of [`reach`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Who asks.
    pub caller: Principal,
    /// What was asked.
    pub permission: Permission,
    /// By target.
    pub results: Vec<Reached>,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

/// One end of the ways of some kinds: who becomes an account, or which account a caller becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeEnd {
    /// A member identifier, or an account's full name.
    pub name: String,
    /// Never `CannotAccess`.
    pub verdict: Verdict,
    /// What the calls would come to.
    pub outcome: Outcome,
    /// From the caller to the target. One step: every binding that opens one of the ways. A chain: one binding for
    /// each hop.
    pub trail: Trail,
    /// The kinds of the last step, the surest first.
    pub ways: Vec<WayIn>,
    /// What it hangs on that no policy says; empty where the verdict is yes.
    pub conditions: Vec<Arc<str>>,
    /// Of a set: who of it is shut out.
    pub except: Vec<TakenAway>,
    /// The account, where that is the end.
    pub target: Option<Resource>,
}

/// The answer of [`reach_by`] and [`who_by`].
#[derive(Clone, Debug, PartialEq)]
pub struct EdgesAnswer {
    /// The account that was asked about, in canonical form where it is known.
    pub target: Option<Resource>,
    /// By name.
    pub results: Vec<EdgeEnd>,
    /// Whether so many pairs were judged that the search was given up: there may be more, and surer ways.
    pub bounded: bool,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

/// What a node of the graph stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A user.
    User,
    /// A service account, as caller and as target.
    ServiceAccount,
    /// An identity of workload or workforce federation, GKE's included.
    Federated,
    /// A group.
    Group,
    /// A set of identities other than a group.
    Set,
    /// A project, whose policy reaches its accounts.
    Project,
    /// A folder.
    Folder,
    /// An organization.
    Organization,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Unique: a member identifier (`serviceAccount:E` for accounts), or a full resource name.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it stands for.
    pub kind: NodeKind,
}

/// Why two nodes are joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A binding: `from` may act as the account `to`, or as every account below `to`.
    Grant {
        /// The role.
        role: Arc<str>,
        /// Whose policy holds the binding.
        resource: Resource,
        /// It holds under a condition only.
        conditional: bool,
        /// Whether it counts at the time asked for: never `No`.
        holds: Truth,
        /// The ways that it opens, where ways were asked for.
        ways: Vec<WayIn>,
    },
    /// `from` is a direct member of the group `to`.
    Member,
    /// `to` (a folder, a project, an account) lies right below `from`.
    Contains,
}

/// One edge, by the ids of its nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Why.
    pub kind: EdgeKind,
}

/// The answer of [`graph`]: grants as they stand in allow policies. Deny rules and boundaries are
/// not in it; [`who`] and [`reach`] count them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// By id.
    pub nodes: Vec<Node>,
    /// By their ends.
    pub edges: Vec<Edge>,
    /// Whether everything that may hold a grant was read.
    pub complete: bool,
    /// What was not, sorted.
    pub not_read: Vec<String>,
}

/// What deny rules and boundaries leave of sets that are granted something, for one permission.
pub(super) struct SetsLeft<'e>(relevant::Ground<'e>);

impl<'e> SetsLeft<'e> {
    /// Allow policies are not looked at.
    pub fn new(estate: &'e Estate, permission: Permission, time: Timestamp) -> Self {
        Self(relevant::Ground::new(
            estate,
            vec![permission],
            time,
            Some(&[]),
        ))
    }

    /// Whether a set has what a binding on a resource gives it: `No` where all of it is shut out.
    pub fn left(&self, set: &Member, on: &Resource) -> Truth {
        let ancestry = self.0.estate.ancestry(on);
        let left = sets::SetOnAccount::new(&self.0, set, on).left(&ancestry.levels);
        if ancestry.complete {
            left.answer
        } else {
            left.answer.and(Truth::UnknownInfo)
        }
    }
}

/// What a verdict comes to, where something beside policies may stand in the way.
fn outcome(verdict: Verdict, fails: bool) -> Outcome {
    match verdict {
        _ if fails => Outcome::WouldFail,
        Verdict::CanAccess => Outcome::WouldSucceed,
        Verdict::CannotAccess => Outcome::WouldFail,
        Verdict::UnknownInfo | Verdict::UnknownConditional => Outcome::Unknown,
    }
}

/// The verdict of an answer that is not no.
fn verdict(answer: Truth) -> Option<Verdict> {
    match answer {
        Truth::Yes => Some(Verdict::CanAccess),
        Truth::No => None,
        Truth::UnknownInfo => Some(Verdict::UnknownInfo),
        Truth::UnknownConditional => Some(Verdict::UnknownConditional),
    }
}
