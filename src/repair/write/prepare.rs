//! A plan with what it needs read beside the survey: the organization policies that say who may stand in a
//! policy, and, where it is to be carried out unasked, whether the viewer may. All of it side by side.

use futures::future::{join, join_all};

use super::carry_out::KnownRights;
use crate::estate::Estate;
use crate::evaluate::explanation::RoleState;
use crate::evaluate::{Cause, CauseKind, Explanation, Outcome, Question, diagnose, explain};
use crate::google::api::{iam, lacked_permissions, org_policy};
use crate::google::patience::{Patience, WaitLimits};
use crate::google::survey::PoliciesAsRead;
use crate::iam::org_policy::{ALLOWED_DOMAINS, ALLOWED_MEMBERS, collection};
use crate::iam::{OrgPolicy, Resource, ResourceKind, Role};
use crate::repair::plan::needs::permissions;
use crate::repair::plan::remedy::{Plan, remedies};
use crate::repair::plan::repair::PlanOptions;
use crate::wire::{ApiError, Ask, NOT_PERMITTED, is_plain_name};

/// The constraints on members of allow policies.
const ON_MEMBERS: [&str; 2] = [ALLOWED_DOMAINS, ALLOWED_MEMBERS];

/// What comes of a constraint on a level, as far as that was answered.
type SaidThere = (Resource, &'static str, Result<OrgPolicy, ApiError>);

/// What a plan needs, read before it is known whether there will be one.
#[derive(Debug, Default)]
pub struct ReadAhead {
    said: Vec<SaidThere>,
    /// Whether the viewer may change what will be changed, most likely.
    pub rights: KnownRights,
}

/// Reads what a plan will need, by what is known so far: a policy that turns out to be changed beside these is
/// asked about when it is planned, as any other.
pub async fn read_ahead(ask: &dyn Ask, estate: Estate, question: &Question) -> ReadAhead {
    let explanation = explain(&estate, question);
    if explanation.outcome == Outcome::WouldSucceed {
        return ReadAhead::default();
    }
    let ask = &Patience::new(ask, WaitLimits::PLAN);
    let places = likely_places(&estate, explanation.clone());
    let hops = hops(&explanation).iter();
    let targets = hops.filter_map(|hop| estate.resolve(&hop.question.target).exists());
    let rights = targets.map(|on| async move {
        let lacks = lacked_permissions(ask, &on, &permissions(&on)).await;
        lacks.ok().map(|lacks| (on, lacks))
    });
    let (said, rights) = join(constraints(ask, &places), join_all(rights)).await;
    ReadAhead {
        said,
        rights: rights.into_iter().flatten().collect(),
    }
}

/// [`places`], as if each role that is not read yet held the permission: a member that is to be put right may
/// stand in its binding.
fn likely_places(estate: &Estate, explanation: Explanation) -> Vec<Resource> {
    let bindings = hops(&explanation)
        .iter()
        .flat_map(|hop| hop.allow.iter().map(move |level| (hop, level)))
        .flat_map(|(hop, level)| level.bindings.iter().map(move |binding| (hop, binding)));
    let unread = bindings.filter(|(_, binding)| {
        let open = matches!(
            binding.role_state,
            RoleState::Unreadable | RoleState::Unknown
        );
        open && !binding.role.starts_with("roles/")
    });
    let as_if: Vec<Role> = unread
        .map(|(hop, binding)| Role {
            name: binding.role.to_string(),
            included_permissions: vec![hop.question.permission.to_string()],
            ..Role::default()
        })
        .collect();
    if as_if.is_empty() {
        let causes = diagnose(estate, &explanation);
        return places(estate, &explanation, &causes);
    }
    let mut estate = estate.clone();
    as_if.into_iter().for_each(|role| estate.put_role(role));
    let explanation = explain(&estate, &explanation.question);
    let causes = diagnose(&estate, &explanation);
    places(&estate, &explanation, &causes)
}

/// What comes of the constraints on members, on each of these levels.
async fn constraints(ask: &dyn Ask, places: &[Resource]) -> Vec<SaidThere> {
    let wanted = places.iter().flat_map(|on| ON_MEMBERS.map(|c| (on, c)));
    let asked = wanted.map(|(on, constraint)| async move {
        let answer = org_policy::effective(ask, on, constraint).await;
        (on.clone(), constraint, answer)
    });
    join_all(asked).await
}

/// Plans, on policies as they were read. What is read beside is put into the estate.
///
/// # Errors
/// When signed out. A policy that may not be read is planned without; organization policies that may not
/// be (for whatever reason) are unknown, which the plan says.
pub async fn prepare(
    ask: &dyn Ask,
    (estate, policies): (&mut Estate, PoliciesAsRead),
    explanation: &Explanation,
    causes: &[Cause],
    options: PlanOptions,
    ahead: ReadAhead,
) -> Result<Plan, ApiError> {
    if explanation.outcome == Outcome::WouldSucceed {
        return Ok(Plan::default());
    }
    let ask = &Patience::new(ask, WaitLimits::PLAN);
    let mut places = places(estate, explanation, causes);
    places.retain(|on| !ahead.said.iter().any(|(there, ..)| there == on));
    let role = async {
        match &options.role {
            Some(role) => look_up(ask, estate, role).await,
            None => Ok(None),
        }
    };
    let (role, said) = join(role, constraints(ask, &places)).await;
    match role? {
        Some(NamedRole::Found(role)) => estate.put_role(role),
        Some(NamedRole::Missing(name)) => estate.put_missing_role(&name),
        None => {}
    }
    for (on, constraint, answer) in ahead.said.into_iter().chain(said) {
        match answer {
            Ok(policy) => estate.put_effective_org_policy(on, constraint, policy),
            Err(error) => {
                let name = collection(&on);
                let why = error.why();
                let lacking = why
                    .starts_with(NOT_PERMITTED)
                    .then(|| estate.why_not_given(&name));
                estate.mark_unreadable(&name, &lacking.flatten().unwrap_or(why));
            }
        }
    }
    let options = PlanOptions {
        policies: policies.into(),
        ..options
    };
    let plan = remedies(estate, explanation, causes, &options);
    if plan.refused.is_empty() {
        return Ok(plan);
    }
    where_set(ask, estate, &plan).await;
    Ok(remedies(estate, explanation, causes, &options))
}

/// What came of looking for a role by its name.
enum NamedRole {
    Found(Role),
    Missing(String),
}

/// Reads a role that was asked for by name, unless it is known. One that is not there is told so; of one that
/// may not be read nothing is known: it may well be there.
async fn look_up(
    ask: &dyn Ask,
    estate: &Estate,
    role: &str,
) -> Result<Option<NamedRole>, ApiError> {
    if estate.role(role).known().is_some() {
        return Ok(None);
    }
    let missing = || Ok(Some(NamedRole::Missing(role.to_owned())));
    if !is_plain_name(role) {
        return missing();
    }
    match iam::role(ask, role).await {
        Ok(found) => Ok(Some(NamedRole::Found(found))),
        // Files do not hold every custom role that there is.
        Err(ApiError::Refused { status: 404, .. })
            if estate.is_given() && !role.starts_with("roles/") =>
        {
            Ok(None)
        }
        // 400: a name of a form that no role has.
        Err(ApiError::Refused {
            status: 400 | 404, ..
        }) => missing(),
        Err(error) if error.is_signed_out() => Err(error),
        Err(_) => Ok(None),
    }
}

fn hops(explanation: &Explanation) -> &[Explanation] {
    if explanation.hops.is_empty() {
        std::slice::from_ref(explanation)
    } else {
        &explanation.hops
    }
}

/// The levels whose organization policies count for what a plan may change: the project of each
/// account, and the levels above where a member there may be put right.
fn places(estate: &Estate, explanation: &Explanation, causes: &[Cause]) -> Vec<Resource> {
    let corrected = causes.iter().any(|c| {
        matches!(
            c.kind,
            CauseKind::MemberMisspelled | CauseKind::MemberKindMismatch | CauseKind::MemberDeleted
        )
    });
    let mut all: Vec<Resource> = Vec::new();
    for hop in hops(explanation) {
        let levels = estate.ancestry(&hop.question.target).levels;
        let above = levels
            .into_iter()
            .filter(|l| l.kind() != ResourceKind::ServiceAccount);
        for level in above.take(if corrected { usize::MAX } else { 1 }) {
            if !all.contains(&level) && level.id() != "-" {
                all.push(level);
            }
        }
    }
    all
}

/// Looks where the policies that refuse are set. What may not be read stays untold.
async fn where_set(ask: &dyn Ask, estate: &mut Estate, plan: &Plan) {
    let mut levels: Vec<Resource> = Vec::new();
    for repair in plan
        .refused
        .iter()
        .flat_map(super::super::plan::remedy::Remedy::bindings)
    {
        for level in estate.ancestry(&repair.resource).levels {
            if level.kind() != ResourceKind::ServiceAccount && !levels.contains(&level) {
                levels.push(level);
            }
        }
    }
    let wanted = levels.iter().flat_map(|on| ON_MEMBERS.map(|c| (on, c)));
    let asked = wanted.map(|(on, constraint)| async move {
        let answer = org_policy::set_on(ask, on, constraint).await;
        (on, constraint, answer)
    });
    for (on, constraint, answer) in join_all(asked).await {
        match answer {
            Ok(Some(policy)) => {
                estate.put_org_policy(policy);
            }
            Ok(None) => estate.put_no_org_policy(on.clone(), constraint),
            Err(_) => {}
        }
    }
}
