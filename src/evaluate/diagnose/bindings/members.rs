//! Bindings whose member is not the caller, and nearly is.

use super::{View, related};
use crate::estate::Existence;
use crate::evaluate::cause::CauseKind;
use crate::evaluate::diagnose::Causes;
use crate::evaluate::diagnose::elsewhere::is_target;
use crate::evaluate::diagnose::nearest::slip;
use crate::evaluate::explanation::{BindingExplanation, PolicyExplanation, RoleState};
use crate::evaluate::truth::Truth;
use crate::iam::{Member, PolicyMember, Principal, Resource};
use crate::text::visible;

impl View<'_> {
    pub(super) fn members(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        if binding.role_state != RoleState::Included || binding.matches == Truth::Yes {
            return;
        }
        for member in &binding.members {
            if !matches!(member.matches, Truth::Yes | Truth::No) {
                let told = causes.len();
                self.unknown_member(policy, &member.member, &member.why, causes);
                let text = Some(&*member.member.text);
                causes.blame(told, &policy.resource, &binding.role, text);
            }
        }
        if binding.grants != Truth::No && binding.matches != Truth::No {
            return;
        }
        let members = self.all_members(&policy.resource, binding);
        for member in &members {
            let told = causes.len();
            self.misspelled(policy, member, causes);
            causes.blame(told, &policy.resource, &binding.role, Some(&member.text));
        }
        for member in &members {
            let told = causes.len();
            self.deleted(policy, member, causes);
            self.other_kind(policy, member, causes);
            let why = binding
                .members
                .iter()
                .find(|m| m.member.text == member.text)
                .map_or("", |m| m.why.as_str());
            self.federated(policy, member, why, causes);
            causes.blame(told, &policy.resource, &binding.role, Some(&member.text));
        }
    }

    pub(super) fn unknown_member(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        why: &str,
        causes: &mut Causes,
    ) {
        if member.member.is_unknown() {
            return self.not_understood(policy, member, causes);
        }
        let place = self.place(policy);
        let (kind, remedy) = match &member.member {
            Member::PoolGroup(..) | Member::PoolAttribute(..) | Member::PoolAll(_) => (
                CauseKind::FederatedMismatch,
                "Give the caller's attributes (--attribute NAME=VALUE) or its token's claims (--claims FILE).",
            ),
            Member::Group(_) => (
                CauseKind::GroupNotReadable,
                "Ask somebody who may read the group's members whether the caller is in it.",
            ),
            _ => (
                CauseKind::GroupNotReadable,
                "Ask somebody who can tell who belongs to it.",
            ),
        };
        causes.on(
            kind,
            &policy.resource,
            format!(
                "Granted to {member} on {place}; whether {} belongs to it is not known: {why}.",
                self.names.caller
            ),
            remedy,
        );
    }

    /// A member of no kind that is known here. Google takes none of an unknown type into a policy ("The member … is of an
    /// unknown type. Please set a valid type prefix for the member.", kestra-io/plugin-gcp#318), so a file that has one was
    /// not printed by it, or is newer than this program: it is never taken for nobody.
    fn not_understood(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        causes: &mut Causes,
    ) {
        let place = self.place(policy);
        let caller = &self.explanation.question.caller;
        let meant = Member::spelled_right(&member.text);
        let start = format!(
            "Granted to {member} on {place}: no kind of member that is known here is written so, and Google refuses one of an unknown type"
        );
        if let Some(meant) = &meant
            && Member::parse_v1(meant) == Member::One(caller.clone())
        {
            let meant = visible(meant);
            causes.on(
                CauseKind::MemberMisspelled,
                &policy.resource,
                format!("{start}. {meant} is the caller; whether this stands for it is not known."),
                format!("Grant the role to {meant}, and take {member} out."),
            );
            return;
        }
        causes.on(
            CauseKind::PolicyNotReadable,
            &policy.resource,
            format!(
                "{start}; whether it stands for {} is not known.",
                self.names.caller
            ),
            match meant {
                Some(meant) => format!("Write it as {} if that is meant.", visible(&meant)),
                None => "Look up who is meant, and name them as IAM does (user:, serviceAccount:, group:, domain:, principal://, principalSet://), or take it out.".to_owned(),
            },
        );
    }

    pub(super) fn misspelled(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        causes: &mut Causes,
    ) {
        let ((Member::One(Principal::ServiceAccount(written)), Principal::ServiceAccount(meant))
        | (Member::One(Principal::User(written)), Principal::User(meant))) =
            (&member.member, &self.explanation.question.caller)
        else {
            return;
        };
        let exists = matches!(
            self.estate.resolve(&Resource::account("-", written)),
            Existence::Exists(_)
        );
        if exists || is_target(self.explanation, &member.member) || !slip(written, meant) {
            return;
        }
        causes.on(
            CauseKind::MemberMisspelled,
            &policy.resource,
            format!(
                "Granted on {} to {written}, which differs from the caller {meant} by a letter or two: most likely misspelled.",
                self.place(policy)
            ),
            format!("Grant the role to {meant}, and take {written} out."),
        );
    }

    pub(super) fn deleted(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        causes: &mut Causes,
    ) {
        let Member::Deleted { address, uid, .. } = &member.member else {
            return;
        };
        let caller = &self.explanation.question.caller;
        if caller.email() != Some(address) && caller.to_string() != *address {
            return;
        }
        let which = uid
            .as_deref()
            .map_or_else(String::new, |u| format!(" (unique id {u})"));
        let now = caller
            .email()
            .and_then(|e| self.estate.account(e))
            .map(|a| a.unique_id.as_str())
            .filter(|id| !id.is_empty());
        let today = match (uid.as_deref(), now) {
            (Some(old), Some(now)) if old == now => format!(
                "{} has that very id, so it was brought back after the policy was read or the member was written by hand; as it stands there it names nobody.",
                self.names.caller
            ),
            (_, Some(now)) => format!(
                "The {} of today (unique id {now}) is another identity, and the old grant does not apply to it.",
                self.names.caller
            ),
            (_, None) => format!(
                "The {} of today is another identity, and the old grant does not apply to it.",
                self.names.caller
            ),
        };
        causes.on(
            CauseKind::MemberDeleted,
            &policy.resource,
            format!(
                "Granted on {} to a deleted account of the same address{which}. {today}",
                self.place(policy)
            ),
            format!(
                "Grant the role to {} anew, and take the deleted member out of the policy.",
                self.names.caller
            ),
        );
    }

    pub(super) fn other_kind(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        causes: &mut Causes,
    ) {
        let (other, word, own) = match (&member.member, &self.explanation.question.caller) {
            (Member::One(Principal::User(a)), Principal::ServiceAccount(b)) if related(a, b) => {
                (a, "a person's account", "a service account")
            }
            (Member::One(Principal::ServiceAccount(a)), Principal::User(b)) if related(a, b) => {
                (a, "a service account", "a person's account")
            }
            _ => return,
        };
        if is_target(self.explanation, &member.member) {
            return;
        }
        causes.on(
            CauseKind::MemberKindMismatch,
            &policy.resource,
            format!(
                "Granted on {} to {}: {other} is {word}. The caller {} is {own}, another identity although the names are alike.",
                self.place(policy),
                member.text,
                self.explanation.question.caller
            ),
            format!("Grant the role to {}.", self.explanation.question.caller),
        );
    }
}
