//! Causes beyond policies: accounts that are off or gone, the API that is not enabled.

use super::super::cause::CauseKind;
use super::super::explanation::{AccountState, Explanation, RoleState, Tri};
use super::nearest::slip;
use super::words::{self, Names};
use super::{Causes, nearest_accounts};
use crate::estate::Estate;
use crate::iam::{Member, Principal, Resource};
use crate::text::visible;

pub(super) fn accounts(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let names = Names::of(estate, explanation);
    let target = &explanation.question.target;
    match explanation.target_state {
        AccountState::Active | AccountState::Unknown => {}
        AccountState::Disabled => causes.on(
            CauseKind::TargetDisabled,
            target,
            format!(
                "The account {} is disabled, and a disabled account gives no tokens to anybody.",
                names.target
            ),
            format!(
                "Find out why it was disabled; enable it again with: gcloud iam service-accounts enable {}",
                target.id()
            ),
        ),
        AccountState::Deleted => causes.on(
            CauseKind::TargetDeleted,
            target,
            format!("The account {} was deleted{}.", target.id(), when(estate, target.id())),
            format!(
                "Within 30 days it can be brought back (gcloud iam service-accounts undelete {}). A new account of the same address is another identity, and the old bindings do not apply to it.",
                unique_id(estate, target.id())
            ),
        ),
        AccountState::NotFound => not_found(estate, target, causes),
    }
    let caller = explanation.question.caller.email().unwrap_or_default();
    let place = Resource::account("-", caller);
    match explanation.caller_state {
        AccountState::Active | AccountState::Unknown => {}
        AccountState::Disabled => causes.on(
            CauseKind::CallerDisabled,
            &place,
            format!("The caller {caller} is disabled, and a disabled account can call nothing."),
            format!("Enable it again with: gcloud iam service-accounts enable {caller}"),
        ),
        AccountState::Deleted => causes.on(
            CauseKind::CallerDeleted,
            &place,
            format!("The caller {caller} was deleted{}.", when(estate, caller)),
            format!(
                "Bring it back within 30 days (gcloud iam service-accounts undelete {}), or call with another account and grant the role to that one.",
                unique_id(estate, caller)
            ),
        ),
        AccountState::NotFound => {
            let near = meant(estate, explanation, caller);
            let hint = if near.is_empty() {
                "Check the address letter by letter.".to_owned()
            } else {
                format!("Did you mean {}?", near.join(", "))
            };
            causes.on(
                CauseKind::CallerNotFound,
                &place,
                format!("There is no service account {caller}."),
                hint,
            );
        }
    }
}

/// ` at TIME`, where it is known.
fn when(estate: &Estate, account: &str) -> String {
    let deleted = estate.deleted_account(account);
    deleted
        .and_then(|d| d.deleted_at())
        .map_or_else(String::new, |time| format!(" at {}", visible(time)))
}

/// What `undelete` takes.
fn unique_id<'a>(estate: &'a Estate, account: &str) -> &'a str {
    let id = estate.deleted_account(account).map(|d| &*d.unique_id);
    id.filter(|id| !id.is_empty()).unwrap_or("UNIQUE_ID")
}

/// Accounts that a caller that is not there may have meant: first those that have a role for this on the
/// target's path, then others that are known.
fn meant(estate: &Estate, explanation: &Explanation, caller: &str) -> Vec<String> {
    let mut near: Vec<String> = explanation
        .allow
        .iter()
        .flat_map(|p| &p.bindings)
        .filter(|b| b.role_state == RoleState::Included)
        .flat_map(|b| &b.members)
        .filter_map(|m| match &m.member.member {
            Member::One(Principal::ServiceAccount(email)) if slip(caller, email) => {
                Some(email.clone())
            }
            _ => None,
        })
        .collect();
    near.extend(nearest_accounts(estate, caller, 3));
    let mut seen = std::collections::HashSet::new();
    near.retain(|email| seen.insert(email.clone()));
    near.truncate(3);
    near
}

fn not_found(estate: &Estate, target: &Resource, causes: &mut Causes) {
    let elsewhere = estate.account(target.id()).map(|a| {
        estate
            .project(&a.project_id)
            .map_or(a.project_id.clone(), |p| p.project_id.clone())
    });
    let (message, remedy) = match (target, elsewhere) {
        (Resource::ServiceAccount { project, account }, Some(owner)) => (
            format!("The project {project} has no service account {account}."),
            format!("It belongs to the project {owner}: name it there."),
        ),
        _ => {
            let near = nearest_accounts(estate, target.id(), 3);
            let remedy = if near.is_empty() {
                "Check the address letter by letter; Google answers 403 for an account that does not exist too."
                    .to_owned()
            } else {
                format!("Did you mean {}?", near.join(", "))
            };
            (
                format!("There is no service account {}.", target.id()),
                remedy,
            )
        }
    };
    causes.on(CauseKind::TargetNotFound, target, message, remedy);
}

pub(super) fn api(explanation: &Explanation, causes: &mut Causes) {
    let Some((project, Tri::No)) = &explanation.api else {
        return;
    };
    let caller = words::short(&explanation.question.caller);
    causes.on(
        CauseKind::ApiDisabled,
        &Resource::project(project),
        format!(
            "The IAM Credentials API is not enabled on {project}, the project that {caller}'s calls are billed to."
        ),
        format!(
            "Enable it: gcloud services enable iamcredentials.googleapis.com --project {project}"
        ),
    );
}
