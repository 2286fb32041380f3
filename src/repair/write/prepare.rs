//! A plan with what it needs read beside the survey: the target's policy exactly as it stands, and the
//! organization policies that say who may stand in it. All of it side by side.

use futures::future::{join, join_all};

use crate::estate::{Estate, Existence};
use crate::evaluate::{Cause, CauseKind, Explanation, Outcome};
use crate::google::api::{iam, org_policy, read_policy};
use crate::google::patience::{Patience, WaitLimits};
use crate::iam::org_policy::{ALLOWED_DOMAINS, ALLOWED_MEMBERS, collection};
use crate::iam::{Resource, ResourceKind};
use crate::repair::plan::remedy::{Plan, remedies};
use crate::repair::plan::repair::PlanOptions;
use crate::wire::{ApiError, Ask, is_plain_name};

/// The constraints on members of allow policies.
const ON_MEMBERS: [&str; 2] = [ALLOWED_DOMAINS, ALLOWED_MEMBERS];

/// Plans. What is read is put into the estate.
///
/// # Errors
/// When signed out. A policy that may not be read is planned without; organization policies that may not
/// be (for whatever reason) are unknown, which the plan says.
pub async fn prepare(
    ask: &dyn Ask,
    estate: &mut Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: PlanOptions,
) -> Result<Plan, ApiError> {
    if explanation.outcome == Outcome::WouldSucceed {
        return Ok(Plan::default());
    }
    let ask = &Patience::new(ask, WaitLimits::PLAN);
    // In a chain it is not the target's policy alone that may have to change.
    let target = match estate.resolve(&explanation.question.target) {
        Existence::Exists(target) if explanation.hops.is_empty() => Some(target),
        _ => None,
    };
    let policy = async {
        match &target {
            Some(target) => match read_policy(ask, target).await {
                Ok(policy) => Ok(Some(policy)),
                Err(error) if error.is_signed_out() => Err(error),
                Err(_) => Ok(None),
            },
            None => Ok(None),
        }
    };
    if let Some(role) = &options.role {
        look_up(ask, estate, role).await?;
    }
    let places = places(estate, explanation, causes);
    let wanted = places.iter().flat_map(|on| ON_MEMBERS.map(|c| (on, c)));
    let asked = wanted.map(|(on, constraint)| async move {
        let answer = org_policy::effective(ask, on, constraint).await;
        (on, constraint, answer)
    });
    let (policy, said) = join(policy, join_all(asked)).await;
    for (on, constraint, answer) in said {
        match answer {
            Ok(policy) => estate.put_effective_org_policy(on.clone(), constraint, policy),
            Err(error) => estate.mark_unreadable(&collection(on), &error.why()),
        }
    }
    let options = PlanOptions {
        policy: policy?,
        ..options
    };
    let plan = remedies(estate, explanation, causes, &options);
    if plan.refused.is_empty() {
        return Ok(plan);
    }
    where_set(ask, estate, &plan).await;
    Ok(remedies(estate, explanation, causes, &options))
}

/// Reads a role that was asked for by name, unless it is known. One that is not there is remembered
/// so; one that may not be read may well be there.
async fn look_up(ask: &dyn Ask, estate: &mut Estate, role: &str) -> Result<(), ApiError> {
    if estate.role(role).known().is_some() {
        return Ok(());
    }
    if !is_plain_name(role) {
        estate.put_missing_role(role);
        return Ok(());
    }
    match iam::role(ask, role).await {
        Ok(found) => estate.put_role(found),
        // 400: a name of a form that no role has.
        Err(ApiError::Refused {
            status: 400 | 404, ..
        }) => estate.put_missing_role(role),
        Err(error) if error.is_signed_out() => return Err(error),
        Err(_) => {}
    }
    Ok(())
}

/// The levels whose organization policies count for what a plan may change: the project of each
/// account, and the levels above where a member there may be put right.
fn places(estate: &Estate, explanation: &Explanation, causes: &[Cause]) -> Vec<Resource> {
    let hops = if explanation.hops.is_empty() {
        std::slice::from_ref(explanation)
    } else {
        &explanation.hops
    };
    let corrected = causes.iter().any(|c| {
        matches!(
            c.kind,
            CauseKind::MemberMisspelled | CauseKind::MemberKindMismatch | CauseKind::MemberDeleted
        )
    });
    let mut all: Vec<Resource> = Vec::new();
    for hop in hops {
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
