//! A question to its answer: the order of judgement (docs/semantics.md, "Order of
//! judgement"), and what lies beyond IAM.

use super::explanation::Seen;
use super::explanation::{
    AccountState, BoundariesExplanation, Call, DenyExplanation, Explanation, Outcome,
    PolicyExplanation, Question, Verdict,
};
use super::federation::Exchange;
use super::judge::Judge;
use super::truth::Truth;
use super::{allow, belonging, boundary, deny, may, org_policy};
use crate::estate::{Ancestry, Assumption, Coverage, Estate, Existence, Read};
use crate::iam::permission::{
    GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Permission, Principal, Resource, address, owner};

/// The API that mints and signs.
const CREDENTIALS_API: &str = "iamcredentials.googleapis.com";

/// Judges a question. Never fails: what is not known makes the answer unknown.
///
/// The verdict is the caller's own on the target. With a delegation chain (`question.via`) each hop
/// is judged in [`Explanation::hops`], and the outcome is that of the chain.
#[must_use]
pub fn explain(estate: &Estate, question: &Question) -> Explanation {
    let mut explanation = judge_question(estate, question, true);
    if question.via.is_empty() {
        return explanation;
    }
    let mut caller = explanation.question.caller.clone();
    let last = question.via.len();
    for (i, target) in question.via.iter().chain([&question.target]).enumerate() {
        let permission = if i == last {
            question.permission.clone()
        } else {
            Permission::parse(IMPLICIT_DELEGATION).unwrap_or_else(|_| question.permission.clone())
        };
        let hop = Question {
            caller: caller.clone(),
            target: target.clone(),
            permission,
            time: question.time,
            via: Vec::new(),
            attributes: if i == 0 {
                question.attributes.clone()
            } else {
                Vec::new()
            },
            claims: if i == 0 {
                question.claims.clone()
            } else {
                None
            },
            call: Call {
                quota_project: question.call.quota_project.clone().filter(|_| i == 0),
                lifetime: question.call.lifetime.filter(|_| i == last),
                seen: question.call.seen.filter(|_| i == 0),
                written: question.call.written,
            },
        };
        let hop = judge_question(estate, &hop, i == 0);
        caller = account_of(estate, &hop.question.target);
        explanation.hops.push(hop);
    }
    explanation.outcome = chain_outcome(&explanation.hops);
    explanation
}

/// The account as a caller.
fn account_of(estate: &Estate, target: &Resource) -> Principal {
    let email = estate
        .account(target.id())
        .map_or_else(|| target.id().to_owned(), |a| a.email.to_lowercase());
    Principal::ServiceAccount(email)
}

fn chain_outcome(hops: &[Explanation]) -> Outcome {
    if hops.iter().any(|h| h.outcome == Outcome::WouldFail) {
        Outcome::WouldFail
    } else if hops.iter().all(|h| h.outcome == Outcome::WouldSucceed) {
        Outcome::WouldSucceed
    } else {
        Outcome::Unknown
    }
}

/// One judgement; `bills` says whether this caller's project pays for the call.
fn judge_question(estate: &Estate, question: &Question, bills: bool) -> Explanation {
    let (target, target_state, ancestry) = locate(estate, &question.target);
    let question = Question {
        target: target.clone(),
        ..question.clone()
    };
    let judge = Judge::new(
        estate,
        &question.caller,
        &question.permission,
        &target,
        question.time,
    )
    .with_identity(&question.attributes, question.claims.as_ref());

    let hidden = if ancestry.complete {
        Truth::No
    } else {
        Truth::UnknownInfo
    };
    let mut allow: Vec<PolicyExplanation> = ancestry
        .levels
        .iter()
        .map(|level| allow::explain(&judge, level, true))
        .collect();
    let allowed = allow.iter().fold(hidden, |sum, p| sum.or(p.grants));
    let deny: Vec<_> = ancestry
        .levels
        .iter()
        .filter_map(|level| deny::explain(&judge, level))
        .collect();
    let hidden = if estate.assumes_no_other_deny() {
        Truth::No
    } else {
        hidden
    };
    let denied = deny.iter().fold(hidden, |sum, d| sum.or(d.denies));
    let boundaries = if ancestry.levels.is_empty() {
        no_boundaries()
    } else {
        boundary::explain(&judge)
    };
    let answer = if target_state == AccountState::NotFound {
        Truth::No
    } else {
        boundaries.eligible.and(denied.negate()).and(allowed)
    };
    if matches!(answer, Truth::UnknownInfo | Truth::UnknownConditional) && allowed != Truth::Yes {
        for policy in &mut allow {
            policy.decides = !matches!(policy.grants, Truth::Yes | Truth::No);
        }
    }
    let verdict = match answer {
        Truth::Yes => Verdict::CanAccess,
        Truth::No => Verdict::CannotAccess,
        Truth::UnknownInfo => Verdict::UnknownInfo,
        Truth::UnknownConditional => Verdict::UnknownConditional,
    };
    let caller_state = caller_state(estate, &question.caller);
    let api = if bills {
        billed_api(estate, &question)
    } else {
        None
    };
    let quota = if bills {
        quota_project(estate, &question)
    } else {
        None
    };
    let extended = extended(estate, &question);
    let shut_down = shut_down(estate, &question);
    let off_path = off_path(&judge, &ancestry);
    let mut assumptions: Vec<Assumption> = estate.assumptions().collect();
    // An account is of no use where its project was shut down.
    let home = belonging::home(estate, &question.caller);
    if target_state == AccountState::Unknown || is_shut_down_perhaps(estate, &question.target) {
        assumptions.push(Assumption::TargetIsActive);
    }
    if caller_state == AccountState::Unknown
        || home.is_some_and(|home| is_shut_down_perhaps(estate, &home))
    {
        assumptions.push(Assumption::CallerIsActive);
    }
    if api
        .as_ref()
        .is_some_and(|(_, on)| !matches!(on, Truth::Yes | Truth::No))
    {
        assumptions.push(Assumption::IamCredentialsApiIsEnabled);
    }
    if quota
        .as_ref()
        .is_some_and(|(_, may)| !matches!(may, Truth::Yes | Truth::No))
    {
        assumptions.push(Assumption::QuotaProjectMayBeUsed);
    }
    let as_written = |d: &DenyExplanation| {
        let mut rules = d.policies.iter().flat_map(|p| &p.rules);
        rules.any(|r| r.as_written.is_some() && r.denies != Truth::No)
    };
    if deny.iter().any(as_written) {
        assumptions.push(Assumption::DenyGroupTakenAsWritten);
    }
    let exchange = judge.exchange.clone();
    if let Some(exchange) = exchange.as_deref().filter(|e| !e.is_refused()) {
        if exchange.pool_unread.is_some() {
            assumptions.push(Assumption::PoolIsActive);
        }
        // Without its claims nobody can tell what a provider makes of a token.
        if exchange.providers_unknown.is_some()
            || (exchange.passes != Truth::Yes && question.claims.is_none())
        {
            assumptions.push(Assumption::TokenIsAdmitted);
        }
    }
    let from_policies = if shut_down.is_empty() {
        outcome(verdict, target_state, caller_state, api.as_ref())
    } else {
        Outcome::WouldFail
    };
    let from_policies = exchanged(from_policies, exchange.as_deref(), &question);
    Explanation {
        outcome: with_call(from_policies, &question, quota.as_ref(), extended),
        question,
        verdict,
        target_state,
        caller_state,
        shut_down,
        api,
        exchange,
        quota,
        extended,
        allow,
        ancestry_complete: ancestry.complete,
        off_path,
        allowed,
        deny,
        denied,
        boundaries,
        hops: Vec::new(),
        assumptions,
    }
}

fn no_boundaries() -> BoundariesExplanation {
    BoundariesExplanation {
        boundaries: Vec::new(),
        unreadable: Vec::new(),
        unplaced: None,
        assumed: false,
        eligible: Truth::Yes,
        undecided: None,
    }
}

/// What is known of an account's state apart from a definite one is taken for granted: hardly any
/// viewer may read the caller's account, and the answer says so among its assumptions.
fn outcome(
    verdict: Verdict,
    target: AccountState,
    caller: AccountState,
    api: Option<&(String, Truth)>,
) -> Outcome {
    use AccountState::{Deleted, Disabled, NotFound};
    let gone = |state| matches!(state, Disabled | Deleted | NotFound);
    if gone(target) || gone(caller) || api.is_some_and(|(_, on)| *on == Truth::No) {
        return Outcome::WouldFail;
    }
    match verdict {
        Verdict::CanAccess => Outcome::WouldSucceed,
        Verdict::CannotAccess => Outcome::WouldFail,
        Verdict::UnknownInfo | Verdict::UnknownConditional => Outcome::Unknown,
    }
}

/// Counts what comes of a federated caller's token exchange. What a provider makes of claims that are
/// known and that nobody here can evaluate leaves even a grant open.
fn exchanged(outcome: Outcome, exchange: Option<&Exchange>, question: &Question) -> Outcome {
    match exchange {
        Some(exchange) if exchange.is_refused() => Outcome::WouldFail,
        Some(exchange)
            if exchange.passes != Truth::Yes
                && question.claims.is_some()
                && outcome == Outcome::WouldSucceed =>
        {
            Outcome::Unknown
        }
        _ => outcome,
    }
}

/// Longest lifetime of an access token, and the longest for accounts that an organization policy names
/// (docs/semantics.md, "Beyond IAM"), in seconds.
pub(super) const LIFETIME: u32 = 3_600;
pub(super) const EXTENDED_LIFETIME: u32 = 43_200;

/// The lifetime that an access token is asked for, where it is longer than the usual longest.
pub(super) fn long_lifetime(question: &Question) -> Option<u32> {
    let wanted = |_: &u32| question.permission.as_str() == GET_ACCESS_TOKEN;
    let lifetime = question.call.lifetime.filter(wanted);
    lifetime.filter(|s| *s > LIFETIME)
}

/// Whether the organization's policies extend the target's longest lifetime, where that is asked.
fn extended(estate: &Estate, question: &Question) -> Option<Truth> {
    let seen = question.call.seen == Some(Seen::LifetimeTooLong);
    let asked = seen || long_lifetime(question).is_some();
    asked.then(|| org_policy::lifetime_extended(estate, &question.target).0)
}

/// Counts what is known of the call itself. Between the two lifetimes an organization policy decides.
fn with_call(
    outcome: Outcome,
    question: &Question,
    quota: Option<&(String, Truth)>,
    extended: Option<Truth>,
) -> Outcome {
    let call = &question.call;
    let lifetime = long_lifetime(question);
    let refused = quota.is_some_and(|(_, may)| *may == Truth::No)
        || lifetime.is_some_and(|s| s > EXTENDED_LIFETIME || extended == Some(Truth::No))
        || call
            .seen
            .is_some_and(|seen| stands(seen, question, quota, extended));
    if refused {
        Outcome::WouldFail
    } else if lifetime.is_some() && extended != Some(Truth::Yes) && outcome == Outcome::WouldSucceed
    {
        Outcome::Unknown
    } else {
        outcome
    }
}

/// Whether an answer that was seen still means something: of a quota project that is known, its
/// policy of today is judged; of a lifetime that is known, the organization policy of today.
pub(super) fn stands(
    seen: Seen,
    question: &Question,
    quota: Option<&(String, Truth)>,
    extended: Option<Truth>,
) -> bool {
    match seen {
        Seen::QuotaProjectDenied => quota.is_none_or(|(_, may)| *may != Truth::Yes),
        Seen::LifetimeTooLong => {
            let now = long_lifetime(question).filter(|s| *s <= EXTENDED_LIFETIME);
            now.is_none() || extended != Some(Truth::Yes)
        }
        // The policies of today are judged.
        Seen::PermissionDenied => false,
        Seen::ScopeInsufficient | Seen::CredentialsExpired => true,
    }
}

/// Whether the caller may use the quota project (discovery document serviceusage v1: `services.use`;
/// google-github-actions/auth#250).
fn quota_project(estate: &Estate, question: &Question) -> Option<(String, Truth)> {
    let given = question.call.quota_project.as_deref()?;
    let Some(project) = estate.project(given) else {
        return Some((given.to_owned(), Truth::UnknownInfo));
    };
    let on = Resource::project(&project.project_id);
    let permission = Permission::parse("serviceusage.services.use").ok()?;
    let judge = Judge::new(estate, &question.caller, &permission, &on, question.time)
        .with_identity(&question.attributes, question.claims.as_ref());
    Some((project.project_id.clone(), may::judge(&judge)))
}

/// Which account is meant, its state, and the way up from it.
pub(super) fn locate(estate: &Estate, target: &Resource) -> (Resource, AccountState, Ancestry) {
    let guess = |state| {
        let resource = guess(estate, target);
        let ancestry = match &resource {
            Resource::ServiceAccount { project, .. } if &**project == "-" => Ancestry {
                levels: vec![resource.clone()],
                complete: false,
            },
            _ => estate.ancestry(&resource),
        };
        (resource, state, ancestry)
    };
    match estate.resolve(target) {
        Existence::Exists(resource) => {
            let disabled = estate.account(resource.id()).is_some_and(|a| a.disabled);
            let state = if disabled {
                AccountState::Disabled
            } else {
                AccountState::Active
            };
            let ancestry = estate.ancestry(&resource);
            (resource, state, ancestry)
        }
        Existence::Deleted => guess(AccountState::Deleted),
        // Whatever may be read of it: no service account has such an address.
        _ if target.id().contains('@') && !address::is_service_account(target.id()) => {
            guess(AccountState::NotFound)
        }
        Existence::Missing => guess(AccountState::NotFound),
        Existence::Unknown(_) => guess(AccountState::Unknown),
    }
}

/// The project as the name gives it; else, for an account that people made, the one in its address
/// when that project, or its policy, is known.
fn guess(estate: &Estate, target: &Resource) -> Resource {
    let Resource::ServiceAccount { project, account } = target else {
        return target.clone();
    };
    if let Some(deleted) = estate.deleted_account(account) {
        let owner = estate.project(&deleted.project_id);
        let owner = owner.map_or(&*deleted.project_id, |p| &p.project_id);
        return Resource::account(owner, &deleted.email);
    }
    let named = if &**project == "-" {
        owner::project_of(account).and_then(|p| estate.project(p))
    } else {
        estate.project(project)
    };
    if let Some(project) = named {
        return Resource::account(&project.project_id, account);
    }
    // Its policy may be known, and nothing else of it.
    let home = owner::project_of(account).filter(|_| &**project == "-");
    let home = home.filter(|p| {
        let policy = estate.allow_policy(&Resource::project(p)).known();
        policy.flatten().is_some()
    });
    home.map_or_else(|| target.clone(), |p| Resource::account(p, account))
}

pub(super) fn caller_state(estate: &Estate, caller: &Principal) -> AccountState {
    let email = match caller {
        Principal::ServiceAccount(email) => email,
        // Nobody's: a person has no such address.
        Principal::User(email) if address::is_service_account(email) => {
            return AccountState::NotFound;
        }
        _ => return AccountState::Active,
    };
    match estate.resolve(&Resource::account("-", email)) {
        Existence::Exists(_) => match estate.account(email) {
            Some(account) if account.disabled => AccountState::Disabled,
            _ => AccountState::Active,
        },
        Existence::Deleted => AccountState::Deleted,
        _ if !address::is_service_account(email) => AccountState::NotFound,
        // An account of a project that the estate does not hold may well exist elsewhere.
        Existence::Missing => {
            let told = estate.coverage() == crate::estate::Coverage::Partial;
            let ours = owner::project_of(email).is_some_and(|p| estate.project(p).is_some());
            if told || ours {
                AccountState::NotFound
            } else {
                AccountState::Unknown
            }
        }
        Existence::Unknown(_) => AccountState::Unknown,
    }
}

/// Projects that the call needs and that were shut down, each once (doc "Delete and restore projects": such
/// a project is unusable at once; a call that is billed to one is answered "Project #N has been deleted",
/// googleapis/google-api-php-client#2422). That an account of one neither gives nor gets tokens is *chosen*
/// as the meaning of unusable.
fn shut_down(estate: &Estate, question: &Question) -> Vec<Resource> {
    let of = |account: &Resource| match account {
        Resource::ServiceAccount { project, .. } | Resource::Project(project) => {
            Some(project.to_string())
        }
        _ => None,
    };
    let needed = [
        of(&question.target),
        belonging::home(estate, &question.caller)
            .as_ref()
            .and_then(of),
        question.call.quota_project.clone(),
    ];
    let mut found = Vec::new();
    for project in needed.iter().flatten().filter_map(|id| estate.project(id)) {
        let name = Resource::project(&project.project_id);
        if project.is_shut_down() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Whether it is not known that the project of an account, or a project, was not shut down: its record could
/// not be read. A file that says nothing of a project's state means that it is in use.
fn is_shut_down_perhaps(estate: &Estate, of: &Resource) -> bool {
    let (Resource::ServiceAccount { project, .. } | Resource::Project(project)) = of else {
        return false;
    };
    let named = &**project != "-";
    let project = || estate.project(project);
    estate.coverage() == Coverage::Partial && named && project().is_none_or(|p| p.state.is_empty())
}

/// Whether an account's project is known to have been shut down.
pub(super) fn is_shut_down(estate: &Estate, account: &Resource) -> bool {
    match estate.resolve(account) {
        Existence::Exists(Resource::ServiceAccount { project, .. }) => estate
            .project(&project)
            .is_some_and(crate::estate::Project::is_shut_down),
        _ => false,
    }
}

/// The project that is billed for the call, and whether the API is on there (docs/semantics.md, "Beyond
/// IAM"): the quota project, else the caller account's own, else its pool's; a user's is not known.
fn billed_api(estate: &Estate, question: &Question) -> Option<(String, Truth)> {
    let through_credentials = [
        GET_ACCESS_TOKEN,
        GET_OPEN_ID_TOKEN,
        SIGN_BLOB,
        SIGN_JWT,
        IMPLICIT_DELEGATION,
    ]
    .contains(&question.permission.as_str());
    if !through_credentials {
        return None;
    }
    let project = match &question.call.quota_project {
        Some(given) => estate
            .project(given)
            .map_or(given.as_str(), |p| &p.project_id)
            .into(),
        None => match belonging::home(estate, &question.caller)? {
            Resource::ServiceAccount { project, .. } | Resource::Project(project) => project,
            _ => return None,
        },
    };
    let on = match estate.service_enabled(&project, CREDENTIALS_API) {
        Read::Known(true) => Truth::Yes,
        Read::Known(false) => Truth::No,
        Read::Unreadable(_) => Truth::UnknownInfo,
    };
    Some((project.to_string(), on))
}

/// The caller's own branch up to the first level that it shares with the target.
fn off_path(judge: &Judge<'_>, target: &Ancestry) -> Vec<PolicyExplanation> {
    let Some(home) = belonging::home(judge.estate, &judge.caller) else {
        return Vec::new();
    };
    judge
        .estate
        .ancestry(&home)
        .levels
        .iter()
        .take_while(|level| !target.levels.contains(level))
        .map(|level| allow::explain(judge, level, false))
        .collect()
}
