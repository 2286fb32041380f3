//! A target that is no service account, or that does not exist.

use super::super::cause::CauseKind;
use super::nearest_accounts;
use super::{Causes, words};
use crate::estate::Estate;
use crate::iam::address::{default_account, is_service_account};
use crate::iam::{Member, Principal, Resource};
use crate::text::visible;

pub(super) fn not_found(estate: &Estate, target: &Resource, causes: &mut Causes) {
    let (kind, message, remedy, meant) = told(estate, target);
    causes.on(kind, target, message, remedy);
    causes.meaning(meant);
}

/// A target that the estate does not hold: which cause that is, what is the case, and what to do.
#[must_use]
pub fn missing(estate: &Estate, target: &Resource) -> (CauseKind, String, String) {
    let (kind, message, remedy, _) = told(estate, target);
    (kind, message, remedy)
}

/// The same, with the accounts that may be meant.
fn told(estate: &Estate, target: &Resource) -> (CauseKind, String, String, Vec<String>) {
    if target.id().contains('@') && !is_service_account(target.id()) {
        let near = nearest_accounts(estate, target.id(), 3);
        let (message, remedy) = no_service_account(estate, target, &near);
        return (CauseKind::TargetIsNoServiceAccount, message, remedy, near);
    }
    let elsewhere = estate.account(target.id()).map(|a| {
        estate
            .project(&a.project_id)
            .map_or(a.project_id.clone(), |p| p.project_id.clone())
    });
    let (message, remedy, meant) = match (target, elsewhere) {
        (Resource::ServiceAccount { project, account }, Some(owner)) => (
            format!("The project {project} has no service account {account}."),
            format!("It belongs to the project {owner}: name it there."),
            vec![account.to_string()],
        ),
        _ => match missing_default(estate, target.id()) {
            Some(told) => told,
            None => {
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
                    near,
                )
            }
        },
    };
    (CauseKind::TargetNotFound, message, remedy, meant)
}

/// A person is acted for by domain-wide delegation, which is set up with the Workspace and goes
/// through a service account (doc "Best practices for using service accounts securely", on
/// domain-wide delegation).
fn no_service_account(estate: &Estate, target: &Resource, near: &[String]) -> (String, String) {
    let address = visible(target.id());
    let what = what_it_is(estate, target.id());
    let meant = if near.is_empty() {
        String::new()
    } else {
        format!(" If a service account is meant: {}?", near.join(", "))
    };
    (
        format!(
            "{address} is no service account but {what}. Nobody gets tokens of it through IAM, whatever is granted."
        ),
        format!(
            "To act for a person of a Google Workspace there is domain-wide delegation: an administrator of that Workspace allows a service account's client id the scopes it needs, and that account signs a JWT whose subject is {address}. What it takes in IAM is iam.serviceAccounts.signJwt on that service account: ask about that one.{meant}"
        ),
    )
}

/// As far as policies and groups tell; an address alone does not.
fn what_it_is(estate: &Estate, address: &str) -> &'static str {
    let named = |wanted: &Member| estate.members().any(|m| m.member == *wanted);
    if estate.groups().any(|g| *g.email == *address) || named(&Member::Group(address.to_owned())) {
        "a group's address"
    } else if named(&Member::One(Principal::User(address.to_owned()))) {
        "a person's address"
    } else {
        "the address of a person or a group"
    }
}

/// Which default account is not there, and why not (doc "Types of service accounts": a service
/// makes its default account when it is enabled or first used).
fn missing_default(estate: &Estate, address: &str) -> Option<(String, String, Vec<String>)> {
    let (kind, written) = default_account(address)?;
    let service = kind.service();
    let project = estate.project(written);
    let place = project.map_or(written, |p| &p.project_id);
    let right = project
        .map(|p| {
            let number = words::number(&p.name);
            kind.address(&p.project_id, number)
        })
        .filter(|right| right != address);
    if let Some(right) = right {
        return Some((
            format!(
                "There is no service account {address}: the {service} default account of the project {place} goes by another name."
            ),
            format!("Did you mean {right}?"),
            vec![right],
        ));
    }
    Some((
        format!(
            "The project {place} has no {service} default account ({address}). It is made when the {service} API ({}) is enabled there or first used: either it never was, or the account was deleted.",
            kind.api()
        ),
        format!(
            "Name the account that the workload really runs as, best one of its own; or find out in the project {place} whether {service} is in use there, and whether the account was deleted (for 30 days it can be brought back: gcloud iam service-accounts undelete)."
        ),
        Vec::new(),
    ))
}
