//! Causes beyond policies: accounts that are off or gone, the API that is not enabled.

use super::super::cause::CauseKind;
use super::super::explain::caller_state;
use super::super::explanation::{AccountState, Explanation, RoleState};
use super::super::truth::Truth;
use super::nearest::slip;
use super::words::{self, Names};
use super::{Causes, nearest_accounts, target};
use crate::estate::Estate;
use crate::iam::address::is_service_account;
use crate::iam::{Member, Principal, Resource};
use crate::text::{shell, visible};

pub(super) fn accounts(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let names = Names::of(estate, explanation);
    let target = &explanation.question.target;
    match explanation.target_state {
        AccountState::Active | AccountState::Unknown => {}
        AccountState::Disabled => {
            causes.on(
                CauseKind::TargetDisabled,
                target,
                format!(
                    "The account {} is disabled, and a disabled account gives no tokens to anybody.",
                    names.target
                ),
                "Find out why it was disabled; then enable it again.",
            );
            causes.with(gcloud_account("enable", target));
        }
        AccountState::Deleted => {
            causes.on(
                CauseKind::TargetDeleted,
                target,
                format!("The account {} was deleted{}.", target.id(), when(estate, target.id())),
                "A new account of the same address is another identity, and the old bindings do not apply to it. Within 30 days this one can be brought back.",
            );
            causes.with(undelete(estate, target.id()));
        }
        AccountState::NotFound => target::not_found(estate, target, causes),
    }
    let caller = explanation.question.caller.email().unwrap_or_default();
    let place = Resource::account("-", caller);
    match explanation.caller_state {
        AccountState::Active | AccountState::Unknown => {}
        AccountState::Disabled => {
            causes.on(
                CauseKind::CallerDisabled,
                &place,
                format!(
                    "The caller {caller} is disabled, and a disabled account can call nothing."
                ),
                "Find out why it was disabled; then enable it again.",
            );
            let known = estate.resolve(&place).exists();
            causes.with(gcloud_account("enable", known.as_ref().unwrap_or(&place)));
        }
        AccountState::Deleted => {
            causes.on(
                CauseKind::CallerDeleted,
                &place,
                format!("The caller {caller} was deleted{}.", when(estate, caller)),
                "Call with another account and grant the role to that one; or, within 30 days, bring this one back.",
            );
            causes.with(undelete(estate, caller));
        }
        AccountState::NotFound => {
            let near = meant(estate, explanation, caller);
            let (message, remedy) = no_caller(&explanation.question.caller, &near);
            causes.on(CauseKind::CallerNotFound, &place, message, remedy);
            causes.meaning(near);
        }
    }
}

/// Projects that were shut down (doc "Delete and restore projects": 30 days, `gcloud projects undelete`,
/// the billing account is not linked again by itself, services may take up to 36 hours).
pub(super) fn projects(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let names = Names::of(estate, explanation);
    let question = &explanation.question;
    for project in &explanation.shut_down {
        let id = project.id();
        let of_target = matches!(&question.target, Resource::ServiceAccount { project, .. } if &**project == id);
        let quota = question.call.quota_project.as_deref();
        let billed = quota.and_then(|quota| estate.project(quota));
        let which = if of_target {
            format!("{id}, the project of {},", names.target)
        } else if billed.is_some_and(|billed| billed.project_id == id) {
            format!("{id}, the project that the call is billed to (its quota project),")
        } else {
            format!("{id}, the caller's own project,")
        };
        causes.on(
            CauseKind::ProjectShutDown,
            project,
            format!("{which} was shut down and waits to be deleted: nothing in it can be used, whatever is granted."),
            "Find out why. For 30 days after the shutdown whoever has resourcemanager.projects.undelete can bring it back; then link its billing account again, and give services up to 36 hours.",
        );
        causes.with(Some(format!("gcloud projects undelete {}", shell(id))));
    }
}

/// What is the case, and what to do, where there is no such caller as far as the estate holds all of the
/// project that it would be in; `None` where there is one, or nobody can tell.
#[must_use]
pub fn missing_caller(estate: &Estate, caller: &Principal) -> Option<(String, String)> {
    let state = caller_state(estate, caller);
    (state == AccountState::NotFound).then(|| {
        let near = nearest_accounts(estate, caller.email().unwrap_or_default(), 3);
        no_caller(caller, &near)
    })
}

fn no_caller(caller: &Principal, near: &[String]) -> (String, String) {
    let address = caller.email().unwrap_or_default();
    if is_of_another_kind(caller) {
        let (is, write) = if is_service_account(address) {
            ("a service account", "serviceAccount")
        } else {
            ("a person or a group", "user")
        };
        return (
            format!("Nobody is {caller}: {address} is an address of {is}."),
            format!("Ask about {write}:{address}."),
        );
    }
    let hint = if near.is_empty() {
        "Check the address letter by letter.".to_owned()
    } else {
        format!("Did you mean {}?", near.join(", "))
    };
    (format!("There is no service account {address}."), hint)
}

/// Whether an address stands behind a kind that it cannot be of.
fn is_of_another_kind(caller: &Principal) -> bool {
    match caller {
        Principal::ServiceAccount(email) => !is_service_account(email),
        Principal::User(email) => is_service_account(email),
        _ => false,
    }
}

/// ` at TIME`, where it is known.
fn when(estate: &Estate, account: &str) -> String {
    let deleted = estate.deleted_account(account);
    deleted
        .and_then(|d| d.deleted_at())
        .map_or_else(String::new, |time| format!(" at {}", visible(time)))
}

/// The command that brings an account back, where what it takes is known: the unique id.
fn undelete(estate: &Estate, account: &str) -> Option<String> {
    let deleted = estate.deleted_account(account)?;
    let id = Some(&*deleted.unique_id).filter(|id| !id.is_empty())?;
    Some(format!(
        "gcloud iam service-accounts undelete {}",
        shell(id)
    ))
}

/// A command on an account, in its project where that is known: gcloud takes its own otherwise.
fn gcloud_account(verb: &str, account: &Resource) -> Option<String> {
    let mut out = format!("gcloud iam service-accounts {verb} {}", shell(account.id()));
    if let Resource::ServiceAccount { project, .. } = account
        && &**project != "-"
    {
        out.push_str(&format!(" {}", shell(&format!("--project={project}"))));
    }
    Some(out)
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

pub(super) fn api(explanation: &Explanation, causes: &mut Causes) {
    let Some((project, Truth::No)) = &explanation.api else {
        return;
    };
    let caller = words::short(&explanation.question.caller);
    causes.on(
            CauseKind::ApiDisabled,
            &Resource::project(project),
            format!(
                "The IAM Credentials API is not enabled on {project}, the project that {caller}'s calls are billed to."
            ),
            "Enable it.",
        );
    causes.with(Some(format!(
        "gcloud services enable iamcredentials.googleapis.com {}",
        shell(&format!("--project={project}"))
    )));
}
