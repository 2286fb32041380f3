//! A question and its answer, as plain values.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::condition::Evaluation;
use super::federation::Exchange;
use super::truth::Truth;
use crate::estate::Assumption;
use crate::iam::{
    BoundaryPolicy, Condition, DenyPolicy, Permission, PolicyMember, Principal, Resource,
};

/// Who wants what, on which account, when.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Who wants access.
    pub caller: Principal,
    /// The service account to be impersonated, as given.
    pub target: Resource,
    /// What is wanted.
    pub permission: Permission,
    /// `request.time`.
    pub time: Timestamp,
    /// A delegation chain between caller and target, as given; empty for none.
    pub via: Vec<Resource>,
    /// A federated caller's attributes: name (`repository`, or `groups`) to value. `None`: not given.
    pub attributes: Vec<(String, String)>,
    /// A federated caller's token claims.
    pub claims: Option<Arc<serde_json::Value>>,
    /// What is known of the call beside who and whom.
    pub call: Call,
}

/// What is known of the call itself: how it is made, what it came to, what was changed before it.
/// Policies say nothing of these, so they are only known where somebody gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The project (id or number) in `x-goog-user-project`: it is billed, and the caller needs
    /// `serviceusage.services.use` there.
    pub quota_project: Option<String>,
    /// The token lifetime asked for, in seconds.
    pub lifetime: Option<u32>,
    /// What the call was answered with, when that was no question of IAM policies.
    pub seen: Option<Seen>,
    /// When a policy that may count here was last written, as a journal of writes knows it.
    pub written: Option<Timestamp>,
}

/// An answer to a call that no policy of the target explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// `ACCESS_TOKEN_SCOPE_INSUFFICIENT`.
    ScopeInsufficient,
    /// 401: the caller's token has expired or is not valid.
    CredentialsExpired,
    /// `USER_PROJECT_DENIED`.
    QuotaProjectDenied,
    /// 400: a token of that lifetime is not given.
    LifetimeTooLong,
    /// 403: IAM refused the permission itself. Whether policies still do is judged; where they do not, the
    /// grant may not count everywhere yet.
    PermissionDenied,
}

impl Seen {
    /// Every one of them.
    pub const ALL: &[Self] = &[
        Self::PermissionDenied,
        Self::ScopeInsufficient,
        Self::CredentialsExpired,
        Self::QuotaProjectDenied,
        Self::LifetimeTooLong,
    ];

    /// The word on a command line: the kind of pasted error that says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PermissionDenied => "IMPERSONATION_DENIED",
            Self::ScopeInsufficient => "SCOPE_INSUFFICIENT",
            Self::CredentialsExpired => "CREDENTIALS_EXPIRED",
            Self::QuotaProjectDenied => "QUOTA_PROJECT_DENIED",
            Self::LifetimeTooLong => "LIFETIME_TOO_LONG",
        }
    }
}

impl Question {
    /// Whether `caller` may mint an access token of `target` at `time`.
    #[must_use]
    pub fn new(caller: Principal, target: Resource, time: Timestamp) -> Self {
        Self {
            caller,
            target,
            permission: Permission::get_access_token(),
            time,
            via: Vec::new(),
            attributes: Vec::new(),
            claims: None,
            call: Call::default(),
        }
    }
}

/// IAM's answer, in Policy Troubleshooter's four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Yes.
    CanAccess,
    /// No.
    CannotAccess,
    /// Something that decides it could not be read.
    UnknownInfo,
    /// A condition needs a value that was not given.
    UnknownConditional,
}

impl From<Verdict> for Truth {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::CanAccess => Self::Yes,
            Verdict::CannotAccess => Self::No,
            Verdict::UnknownInfo => Self::UnknownInfo,
            Verdict::UnknownConditional => Self::UnknownConditional,
        }
    }
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CanAccess => "CAN_ACCESS",
            Self::CannotAccess => "CANNOT_ACCESS",
            Self::UnknownInfo => "UNKNOWN_INFO",
            Self::UnknownConditional => "UNKNOWN_CONDITIONAL",
        }
    }
}

/// What the caller would see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// The call succeeds.
    WouldSucceed,
    /// The call fails.
    WouldFail,
    /// Nobody here can tell.
    Unknown,
}

impl Outcome {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WouldSucceed => "WOULD_SUCCEED",
            Self::WouldFail => "WOULD_FAIL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Whether a member stands for the caller, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberExplanation {
    /// As the policy has it.
    pub member: Arc<PolicyMember>,
    /// Whether the caller is in it.
    pub matches: Truth,
    /// Through which groups, or why it is not known; a sentence without a full stop, may be empty.
    pub why: String,
    /// The groups on the way, outermost first, when it matches through groups.
    pub path: Vec<String>,
}

/// Whether a role holds the permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleState {
    /// It does.
    Included,
    /// It does not.
    NotIncluded,
    /// It would, and the role is disabled.
    Disabled,
    /// It would, and the role is deleted.
    Deleted,
    /// The role is of a form that can be read and was not.
    Unreadable,
    /// No such role is known.
    Unknown,
}

/// A condition and what came of it.
#[derive(Clone, Debug)]
pub struct ConditionExplanation {
    /// The condition.
    pub condition: Arc<Condition>,
    /// What came of it; `Err` when it does not compile (it then grants nothing), with why.
    pub evaluation: Result<Evaluation, String>,
    /// The same, as an answer.
    pub holds: Truth,
}

/// One binding of an allow policy.
#[derive(Clone, Debug)]
pub struct BindingExplanation {
    /// Its place in the policy.
    pub index: usize,
    /// The role.
    pub role: Arc<str>,
    /// Whether the role holds the permission.
    pub role_state: RoleState,
    /// The members that matter: those that match or may match, and (when few) the others.
    pub members: Vec<MemberExplanation>,
    /// How many members there are in all.
    pub member_count: usize,
    /// Whether the caller is among the members.
    pub matches: Truth,
    /// The condition, when there is one.
    pub condition: Option<ConditionExplanation>,
    /// Whether this binding grants.
    pub grants: Truth,
}

/// One level's allow policy.
#[derive(Clone, Debug)]
pub struct PolicyExplanation {
    /// Where it is.
    pub resource: Resource,
    /// Whether it lies on the target's ancestry; if not it is here for the tree and the diagnosis.
    pub on_path: bool,
    /// Why it was not read, or not as a whole, where that matters.
    pub unreadable: Option<Arc<str>>,
    /// Its bindings, those that count first is NOT assumed: in the policy's order.
    pub bindings: Vec<BindingExplanation>,
    /// What this policy alone gives.
    pub grants: Truth,
    /// Whether the verdict hangs on it (only ever true when it is not readable or undecided).
    pub decides: bool,
}

/// One deny rule.
#[derive(Clone, Debug)]
pub struct DenyRuleExplanation {
    /// Its place in the policy, from 0.
    pub index: usize,
    /// Whether the permission is denied and not excepted.
    pub permission: Truth,
    /// The rule names the permission, and deny does not support it: no effect.
    pub unsupported: bool,
    /// The permission group by which it denies, when it is none that deny policies support: taken for
    /// what it says (chosen).
    pub as_written: Option<String>,
    /// Denied principals that match or may match.
    pub denied: Vec<MemberExplanation>,
    /// Exceptions that match or may match.
    pub exceptions: Vec<MemberExplanation>,
    /// The condition, when there is one.
    pub condition: Option<ConditionExplanation>,
    /// Whether this rule denies.
    pub denies: Truth,
}

/// One deny policy.
#[derive(Clone, Debug)]
pub struct DenyPolicyExplanation {
    /// The policy.
    pub policy: Arc<DenyPolicy>,
    /// Its rules.
    pub rules: Vec<DenyRuleExplanation>,
    /// Whether it denies.
    pub denies: Truth,
}

/// The deny policies of one level.
#[derive(Clone, Debug)]
pub struct DenyExplanation {
    /// Where they are attached.
    pub resource: Resource,
    /// Why they were not read, when they were not.
    pub unreadable: Option<Arc<str>>,
    /// The policies.
    pub policies: Vec<DenyPolicyExplanation>,
    /// Whether anything here denies.
    pub denies: Truth,
}

/// One boundary that is bound where the caller belongs.
#[derive(Clone, Debug)]
pub struct BoundaryExplanation {
    /// The binding's name.
    pub binding: String,
    /// The policy's name.
    pub policy_name: String,
    /// The policy, when it was read.
    pub policy: Option<Arc<BoundaryPolicy>>,
    /// The set it is bound to, as written.
    pub principal_set: String,
    /// Whether the caller is in the set and the binding's condition holds.
    pub applies: Truth,
    /// The binding's condition, when there is one.
    pub condition: Option<ConditionExplanation>,
    /// Whether its enforcement version reaches the permission.
    pub reaches_permission: Truth,
    /// Per rule: whether it applies to the target and the permission.
    pub rules: Vec<Truth>,
    /// Words for people on what it does.
    pub why: String,
}

/// All boundaries together.
#[derive(Clone, Debug)]
pub struct BoundariesExplanation {
    /// Each.
    pub boundaries: Vec<BoundaryExplanation>,
    /// Lists of bindings that were not read: collection name and why.
    pub unreadable: Vec<(String, Arc<str>)>,
    /// What of the caller's own branch is not known, and why: boundaries may be bound there. A name as
    /// `domain:D` (the organization of a user's domain), `projects/P`, `folders/N`,
    /// `locations/global/workforcePools/POOL`.
    pub unplaced: Option<(String, Arc<str>)>,
    /// Whether boundaries are not known at all, and taken to be none: an answer's assumption says so.
    pub assumed: bool,
    /// Whether the caller may reach the target as far as boundaries go.
    pub eligible: Truth,
    /// Words on an undecided form, when there is one.
    pub undecided: Option<String>,
}

/// The state of an account beside what policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// It is there and enabled (or is not a service account).
    Active,
    /// It is disabled.
    Disabled,
    /// It was deleted.
    Deleted,
    /// There is none of that name.
    NotFound,
    /// It could not be read.
    Unknown,
}

/// The whole answer to one question, without a delegation chain.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The question, its target resolved where it could be.
    pub question: Question,
    /// IAM's answer.
    pub verdict: Verdict,
    /// What the caller would see.
    pub outcome: Outcome,
    /// The target's state.
    pub target_state: AccountState,
    /// The caller's state.
    pub caller_state: AccountState,
    /// Projects that the call needs and that were shut down: the target's, the caller's own, the one that
    /// is billed.
    pub shut_down: Vec<Resource>,
    /// The IAM Credentials API on the project that is billed: the project (id), and whether it is on.
    pub api: Option<(String, Truth)>,
    /// What comes of a federated caller's token exchange; `None` for others.
    pub exchange: Option<Arc<Exchange>>,
    /// The quota project that was given, and whether the caller may use it.
    pub quota: Option<(String, Truth)>,
    /// Whether an organization policy lets the target's access tokens live for up to 12 hours; `None`
    /// where the call asks for nothing of the kind.
    pub extended: Option<Truth>,
    /// Allow policies on the target's ancestry, target first, then up.
    pub allow: Vec<PolicyExplanation>,
    /// Whether the ancestry's top was reached.
    pub ancestry_complete: bool,
    /// Allow policies off the path, on the caller's branch: the caller's own account policy first,
    /// then up to (not including) the first common ancestor.
    pub off_path: Vec<PolicyExplanation>,
    /// Whether allow policies grant.
    pub allowed: Truth,
    /// Deny policies, nearest level first.
    pub deny: Vec<DenyExplanation>,
    /// Whether a deny rule denies.
    pub denied: Truth,
    /// Principal access boundaries.
    pub boundaries: BoundariesExplanation,
    /// Each hop of a delegation chain, in order, when there is one.
    pub hops: Vec<Explanation>,
    /// What it takes for granted.
    pub assumptions: Vec<Assumption>,
}
