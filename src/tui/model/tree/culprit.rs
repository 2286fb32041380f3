//! The binding that the first cause blames, and the one that is missing: where each stands, and what is said of it.

use super::row::{differing, leaf_row, short_member};
use super::supposed::place_of;
use super::{LeafKind, Picture, Rank, TreeRow};
use crate::answer::levels::{is_caller, title};
use crate::answer::states::LevelState;
use crate::evaluate::explanation::{BindingExplanation, PolicyExplanation};
use crate::evaluate::{CauseKind, Outcome, Suspect};
use crate::iam::Resource;
use crate::repair::{RemedyStep, Repair};

/// What a binding does that a cause of that kind speaks of.
pub(super) fn state_of(kind: CauseKind, outcome: Outcome) -> LevelState {
    match kind {
        CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere => LevelState::OffPath,
        CauseKind::ConditionFalse => LevelState::ConditionNotMet,
        CauseKind::ConditionUndecided
        | CauseKind::ConditionUnsupportedAttribute
        | CauseKind::RoleUnknown
        | CauseKind::RoleNotReadable
        | CauseKind::GroupNotReadable => LevelState::Depends,
        CauseKind::FederatedMismatch if outcome == Outcome::Unknown => LevelState::Depends,
        _ => LevelState::Misses,
    }
}

/// The binding that a cause speaks of, and what is the matter with it.
pub(super) fn suspect_row(picture: Picture<'_>, i: usize, suspect: &Suspect) -> TreeRow {
    let explanation = picture.explanation;
    let state = state_of(suspect.kind, explanation.outcome);
    let member = suspect.member.as_deref().unwrap_or("");
    let name = short_member(member);
    let caller = short_member(&explanation.question.caller.to_string());
    let (marks, differs) = match suspect.kind {
        CauseKind::MemberMisspelled => differing(&caller, &name),
        _ => (Vec::new(), String::new()),
    };
    let label = picture.estate.label(&suspect.resource);
    let word = match (suspect.kind, &suspect.resource) {
        (CauseKind::MemberMisspelled, _) => format!("misspelled: {differs}"),
        (CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere, at)
            if is_caller(explanation, at) =>
        {
            "says who may act as the caller".to_owned()
        }
        (CauseKind::GrantElsewhere, Resource::ServiceAccount { .. }) => {
            format!("acts as {label}, stops here")
        }
        (CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere, _) => {
            format!("acts as accounts of {label}, stops here")
        }
        (kind, _) => wrong(kind).to_owned(),
    };
    let mut row = leaf_row(
        &suspect.resource,
        state,
        &title(picture.estate, &suspect.role),
        &name,
        &word,
    );
    row.blamed = i == 0;
    if row.blamed {
        row.rank = Rank::Must;
    }
    if let Some(leaf) = &mut row.leaf {
        leaf.marks = marks;
        leaf.place = place_of(picture.estate, suspect);
        leaf.said_above = row.blamed || state == LevelState::OffPath;
        if let (LevelState::OffPath, Resource::Project(project)) = (state, &suspect.resource) {
            leaf.what = LeafKind::Reach(project.to_string());
        }
    }
    row
}

pub(super) fn binding_of<'a>(
    policy: &'a PolicyExplanation,
    suspect: &Suspect,
) -> Option<&'a BindingExplanation> {
    policy.bindings.iter().find(|b| {
        let among = |m: &str| b.members.iter().any(|o| *o.member.text == *m);
        b.role == suspect.role && suspect.member.as_deref().is_none_or(among)
    })
}

/// The one binding whose lack is all that is in the way, as the first fix adds it.
pub(super) fn missing(picture: Picture<'_>) -> Option<&Repair> {
    let way = picture.plan.remedies.first()?;
    let switches = way.steps.iter().any(|s| matches!(s, RemedyStep::Switch(_)));
    way.steps.iter().find_map(|step| match step {
        RemedyStep::Binding(repair) if !switches => Some(&**repair),
        _ => None,
    })
}

pub(super) fn ghost(picture: Picture<'_>, repair: &Repair) -> TreeRow {
    // The view knows by which key; while something is supposed, nothing is written.
    let key = if picture.supposed.is_empty() {
        "{fix}"
    } else {
        "{what-if}"
    };
    let word = match &repair.replaces {
        Some(old) => format!(
            "missing: {key} puts it in the place of {}",
            short_member(old)
        ),
        // What was not read may grant it already.
        None if picture.explanation.outcome == Outcome::Unknown => {
            format!("not seen: {key} adds it")
        }
        None => format!("missing: {key} adds it"),
    };
    let role = title(picture.estate, &repair.role);
    let name = short_member(&repair.member);
    let mut row = leaf_row(&repair.resource, LevelState::Missing, &role, &name, &word);
    row.rank = Rank::Must;
    if let Some(leaf) = &mut row.leaf {
        leaf.what = LeafKind::Grant(repair.role.clone(), repair.member.clone());
    }
    row
}

/// What is wrong, in the fewest words that say it.
pub(super) fn wrong(kind: CauseKind) -> &'static str {
    use CauseKind as K;
    match kind {
        K::MemberMisspelled => "misspelled",
        K::MemberDeleted => "a deleted account, another identity",
        K::MemberKindMismatch => "another kind of identity",
        K::AttributeNotMapped => "no provider maps that attribute",
        K::FederatedMismatch => "the caller is none of them",
        K::GrantOnCallersProject | K::GrantElsewhere => "off the path",
        K::BasicRoleNotEnough | K::RoleLacksPermission => "not enough",
        K::SelfGrant => "given to the target itself",
        K::NotInGroup => "the caller is not in it",
        K::NoGrant => "another account of that name",
        K::RoleDisabled => "the role is disabled",
        K::RoleDeleted => "the role is deleted",
        K::RoleUnknown => "a role not known here",
        K::RoleNotReadable => "a role not readable here",
        K::ConditionFalse => "condition not met",
        K::ConditionError => "condition broken",
        K::ConditionUnsupportedAttribute => "asks for what accounts do not have",
        K::ConditionUndecided => "hangs on its condition",
        K::GroupNotReadable => "hangs on who is in it",
        K::PolicyNotReadable => "not readable",
        K::Denied => "denied here",
        K::OutsideBoundary | K::BoundaryUndecided => "boundary",
        K::BrokenHop => "the hop breaks here",
        K::ProjectShutDown => "shut down",
        K::ApiDisabled => "IAM Credentials API off",
        K::QuotaProjectDenied => "the caller may not bill it",
        K::ScopeInsufficient => "its token's scopes leave IAM out",
        K::CredentialsExpired => "its token has expired or is not valid",
        K::LifetimeTooLong => "asked for longer than it may live",
        K::PoolUnusable => "its pool gives no tokens",
        K::ProviderRefuses => "its provider refuses the token",
        K::SubjectTooLong => "its subject is too long",
        K::TargetIsNoServiceAccount => "no service account",
        K::TargetNotFound | K::CallerNotFound => "does not exist",
        K::TargetDeleted | K::CallerDeleted => "deleted",
        K::TargetDisabled | K::CallerDisabled => "disabled",
        K::MayBePropagating => "may not count everywhere yet",
    }
}
