//! Bindings whose role does not do: off, unknown, or without the permission.

use super::View;
use crate::estate::policies::FoundRole;
use crate::evaluate::cause::CauseKind;
use crate::evaluate::diagnose::Causes;
use crate::evaluate::diagnose::elsewhere::is_target;
use crate::evaluate::diagnose::words::{self};
use crate::evaluate::explanation::{BindingExplanation, PolicyExplanation, RoleState};
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::truth::Truth;
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Resource, ResourceKind};
use crate::text::shell;

impl View<'_> {
    pub(super) fn roles(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        if binding.matches == Truth::No {
            return;
        }
        let (name, hidden) = without_hidden_condition(&binding.role);
        let has = if binding.matches == Truth::Yes {
            "has"
        } else {
            "may have"
        };
        let start = format!(
            "{} {has} the role {} on {}",
            self.names.caller,
            words::role(self.estate, name),
            self.place(policy)
        );
        let permission = &self.explanation.question.permission;
        let (kind, message, remedy) = match binding.role_state {
            RoleState::Included | RoleState::NotIncluded => return,
            RoleState::Disabled => (
                CauseKind::RoleDisabled,
                format!("{start}, but the role is disabled, and a disabled role grants nothing."),
                format!("Enable the role {name} again, or grant another one."),
            ),
            RoleState::Deleted => (
                CauseKind::RoleDeleted,
                format!("{start}, but the role was deleted, and a deleted role grants nothing."),
                format!("Undelete the role {name} (within 7 days), or grant another one."),
            ),
            RoleState::Unreadable if hidden => (
                CauseKind::ConditionUndecided,
                format!(
                    "{start} with a condition that was not read, so whether it grants is not known."
                ),
                "Read the policy with version 3 (gcloud does so by itself).".to_owned(),
            ),
            RoleState::Unreadable => (
                CauseKind::RoleNotReadable,
                format!(
                    "{start}. The role could not be read, so whether it holds {permission} is not known."
                ),
                format!("Ask somebody who may read the role {name} (permission iam.roles.get)."),
            ),
            RoleState::Unknown => (
                CauseKind::RoleUnknown,
                format!(
                    "{start}. No such role is known here, so whether it holds {permission} is not known."
                ),
                "Look it up.".to_owned(),
            ),
        };
        let look_up = (binding.role_state == RoleState::Unknown).then(|| describe_role(name));
        causes.on(kind, &policy.resource, message, remedy);
        causes.with(look_up);
    }

    /// Roles that look as if they were meant for this and do not hold the permission.
    pub(super) fn weak_roles(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        if binding.role_state != RoleState::NotIncluded || binding.matches != Truth::Yes {
            return;
        }
        let (name, _) = without_hidden_condition(&binding.role);
        let permission = &self.explanation.question.permission;
        let start = format!(
            "{} has {} on {}",
            self.names.caller,
            words::role(self.estate, name),
            self.place(policy)
        );
        let remedy = words::grant(self.explanation, &self.names);
        if BASIC.contains(&name) {
            causes.on(
                CauseKind::BasicRoleNotEnough,
                &policy.resource,
                format!("{start}, and that role does not hold {permission}: being owner or editor is not enough to act as an account."),
                remedy,
            );
            return;
        }
        let kin = self.estate.role(name).known().is_some_and(|r| is_kin(&r));
        if name == "roles/viewer" {
            return;
        }
        if !kin && policy.resource.kind() != ResourceKind::ServiceAccount {
            return;
        }
        let instead = if self
            .estate
            .role(name)
            .known()
            .is_some_and(|r| r.includes(ACT_AS))
        {
            " It lets the caller attach the account to resources (actAs), not get its tokens."
        } else {
            ""
        };
        causes.on(
            CauseKind::RoleLacksPermission,
            &policy.resource,
            format!("{start}, and that role does not hold {permission}.{instead}"),
            remedy,
        );
    }

    pub(super) fn self_grants(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        if binding.role_state != RoleState::Included
            || binding.matches == Truth::Yes
            || !is_meant_for_it(&binding.role)
        {
            return;
        }
        let members = self.all_members(&policy.resource, binding);
        let mut members = members.iter();
        let Some(target) = members.find(|m| is_target(self.explanation, &m.member)) else {
            return;
        };
        let told = causes.len();
        let start = format!(
            "Granted on {} to {} itself, the account that should be impersonated.",
            self.place(policy),
            self.names.target
        );
        let caller = &self.explanation.question.caller;
        if caller.is_federated() {
            causes.on(
                CauseKind::FederatedMismatch,
                &policy.resource,
                format!(
                    "{start} What calls is no service account yet but the federated identity {}, and that one needs the grant.",
                    self.names.caller
                ),
                format!(
                    "{} As a member write {caller}, or a principalSet:// of its pool.",
                    words::grant(self.explanation, &self.names)
                ),
            );
            causes.in_place_of(CauseKind::SelfGrant);
        } else {
            causes.on(
                CauseKind::SelfGrant,
                &policy.resource,
                format!(
                    "{start} The grant has to go to whoever calls: {}.",
                    self.names.caller
                ),
                words::grant(self.explanation, &self.names),
            );
        }
        causes.blame(told, &policy.resource, &binding.role, Some(&target.text));
    }
}

/// Whether a role is given so that somebody acts as an account: one of IAM's own, or one that people
/// made. Basic roles and those of other services hold such permissions among thousands (Editor holds
/// actAs), and default accounts and service agents have them on their own project without anybody
/// having mixed anything up.
pub(in crate::evaluate::diagnose) fn is_meant_for_it(role: &str) -> bool {
    let (name, _) = without_hidden_condition(role);
    name.starts_with("roles/iam.") || !name.starts_with("roles/")
}

/// gcloud's command that shows a role with its permissions (`list` leaves them out); a custom one is named by its id and
/// its place.
#[must_use]
pub fn describe_role(role: &str) -> String {
    let place = role.split_once("/roles/").and_then(|(home, id)| {
        let (kind, of) = home.split_once('/')?;
        let flag = kind.strip_suffix('s')?;
        Some(format!(
            "{} {}",
            shell(id),
            shell(&format!("--{flag}={of}"))
        ))
    });
    format!(
        "gcloud iam roles describe {}",
        place.unwrap_or_else(|| shell(role))
    )
}

/// Basic roles that are taken for enough to act as an account.
const BASIC: [&str; 2] = ["roles/owner", "roles/editor"];

/// Whether a role looks as if it were meant for acting as accounts.
fn is_kin(role: &FoundRole) -> bool {
    [
        ACT_AS,
        GET_ACCESS_TOKEN,
        GET_OPEN_ID_TOKEN,
        IMPLICIT_DELEGATION,
        SIGN_BLOB,
        SIGN_JWT,
    ]
    .iter()
    .any(|p| role.includes(p))
}

/// Whether a binding of this role on this resource is worth telling to somebody for whom it is not
/// enough; so that a reader knows whose groups to look into.
#[must_use]
pub fn is_taken_for_enough(role: &str, found: &FoundRole, on: &Resource) -> bool {
    let (name, _) = without_hidden_condition(role);
    name != "roles/viewer"
        && (BASIC.contains(&name) || is_kin(found) || on.kind() == ResourceKind::ServiceAccount)
}
