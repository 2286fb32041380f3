//! Bindings on the target's path that were meant to grant and do not.

use std::sync::Arc;

use super::super::cause::CauseKind;
use super::super::condition::{self, ConditionOutcome, TimeHint};
use super::super::conditions;
use super::super::explanation::{BindingExplanation, Explanation, PolicyExplanation, RoleState};
use super::super::federation::in_full;
use super::super::federation::mend::{full_name, id};
use super::super::membership::same_pool;
use super::super::role::without_hidden_condition;
use super::super::truth::Truth;
use super::Causes;
use super::elsewhere::is_target;
use super::nearest::slip;
use super::words::{self, Names};
use crate::estate::policies::FoundRole;
use crate::estate::{Estate, Existence, Read};
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::{Member, PolicyMember, Pool, Principal, Resource, ResourceKind};
use crate::text::shell;

/// So many groups that the caller is not in are named at most.
const MOST_GROUPS: usize = 3;

pub(super) fn causes(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    let before = causes.len();
    let view = View {
        estate,
        explanation,
        names: Names::of(estate, explanation),
    };
    for policy in &explanation.allow {
        for binding in &policy.bindings {
            // A binding is told once, by what is most likely wrong with it.
            let told = causes.len();
            for part in [
                View::conditions,
                View::roles,
                View::members,
                View::weak_roles,
                View::self_grants,
            ] {
                part(&view, policy, binding, causes);
                if causes.len() > told {
                    break;
                }
            }
        }
    }
    if causes.len() == before {
        view.groups(causes);
    }
}

struct View<'a> {
    estate: &'a Estate,
    explanation: &'a Explanation,
    names: Names,
}

impl View<'_> {
    fn place(&self, policy: &PolicyExplanation) -> String {
        words::level(self.estate, &policy.resource)
    }

    /// Every member of a binding, the ones that the explanation left out included.
    fn all_members(&self, at: &Resource, binding: &BindingExplanation) -> Vec<Arc<PolicyMember>> {
        self.estate
            .allow_policy(at)
            .known()
            .flatten()
            .and_then(|p| p.bindings.get(binding.index))
            .map(|b| b.members.clone())
            .unwrap_or_default()
    }

    fn conditions(
        &self,
        policy: &PolicyExplanation,
        binding: &BindingExplanation,
        causes: &mut Causes,
    ) {
        let Some(explained) = &binding.condition else {
            return;
        };
        if binding.role_state != RoleState::Included || binding.matches != Truth::Yes {
            return;
        }
        let text = &explained.condition.expression;
        let title = explained
            .condition
            .title
            .as_deref()
            .filter(|t| !t.is_empty())
            .map_or_else(String::new, |t| format!(" '{t}'"));
        let start = format!(
            "{} has {} on {}, with a condition{title}",
            self.names.caller,
            words::role(self.estate, &binding.role),
            self.place(policy)
        );
        let renew = "Grant it again with a condition that holds, or without one.";
        let (kind, message, remedy) = match &explained.evaluation {
            Err(why) => (
                CauseKind::ConditionError,
                format!("{start} that cannot be read, so it grants nothing: {why}."),
                "Correct the condition.".to_owned(),
            ),
            Ok(evaluation) => match &evaluation.outcome {
                ConditionOutcome::True => return,
                ConditionOutcome::Error(why) => (
                    CauseKind::ConditionError,
                    format!("{start} that goes wrong, so it grants nothing: {why}."),
                    "Correct the condition.".to_owned(),
                ),
                ConditionOutcome::False => {
                    let message = match self.time_hint(text) {
                        Some(TimeHint::ExpiredAt(t)) => format!("{start} that expired on {t}."),
                        Some(TimeHint::StartsAt(t)) => {
                            format!("{start} that holds only from {t} on.")
                        }
                        None => {
                            let failing = condition::failing_clauses(evaluation, text);
                            match failing.first() {
                                Some(clause) => format!(
                                    "{start} that does not hold: {} is false.{}",
                                    clause.text.trim(),
                                    self.tags(&clause.text)
                                ),
                                None => format!("{start} that does not hold: {}.", text.trim()),
                            }
                        }
                    };
                    (CauseKind::ConditionFalse, message, renew.to_owned())
                }
                ConditionOutcome::Unknown(missing) => {
                    let unsupported = missing.iter().any(|m| {
                        ["resource.name", "resource.type", "resource.service"].contains(&m.as_str())
                    }) && policy_is_about_accounts(self.explanation);
                    if unsupported {
                        (
                            CauseKind::ConditionUnsupportedAttribute,
                            format!(
                                "{start} that asks for {}, which IAM does not offer for service accounts.",
                                missing.join(", ")
                            ),
                            format!(
                                "Grant the role on the account {} itself, or use tags or a time in the condition.",
                                self.names.target
                            ),
                        )
                    } else {
                        (
                            CauseKind::ConditionUndecided,
                            format!(
                                "{start} that hangs on something not known here: {}.",
                                missing.join(", ")
                            ),
                            "Find out that value, or try the call.".to_owned(),
                        )
                    }
                }
            },
        };
        causes.on(kind, &policy.resource, message, remedy);
    }

    /// What a clause about tags would have to find, next to what there is.
    fn tags(&self, clause: &str) -> String {
        if !conditions::compiled(clause).is_ok_and(|c| c.uses("resource.tags")) {
            return String::new();
        }
        let Read::Known(tags) = self
            .estate
            .effective_tags(&self.explanation.question.target)
        else {
            return String::new();
        };
        let there: Vec<String> = tags
            .iter()
            .map(|t| t.namespaced_tag_value.clone())
            .filter(|t| !t.is_empty())
            .collect();
        if there.is_empty() {
            format!(" {} has no tags.", self.names.target)
        } else {
            format!(
                " The tags of {} are {}.",
                self.names.target,
                words::list(&there)
            )
        }
    }

    fn time_hint(&self, text: &str) -> Option<TimeHint> {
        let compiled = conditions::compiled(text).ok()?;
        condition::time_hint(
            &compiled,
            &condition::ConditionContext {
                time: Some(self.explanation.question.time),
                ..condition::ConditionContext::default()
            },
        )
    }

    fn roles(&self, policy: &PolicyExplanation, binding: &BindingExplanation, causes: &mut Causes) {
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
        let look_up = (binding.role_state == RoleState::Unknown).then(|| describe(name));
        causes.on(kind, &policy.resource, message, remedy);
        causes.with(look_up);
    }

    fn members(
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
                self.unknown_member(policy, &member.member, &member.why, causes);
            }
        }
        if binding.grants != Truth::No && binding.matches != Truth::No {
            return;
        }
        let members = self.all_members(&policy.resource, binding);
        for member in &members {
            self.misspelled(policy, member, causes);
        }
        for member in &members {
            self.deleted(policy, member, causes);
            self.other_kind(policy, member, causes);
            let why = binding
                .members
                .iter()
                .find(|m| m.member.text == member.text)
                .map_or("", |m| m.why.as_str());
            self.federated(policy, member, why, causes);
        }
    }

    fn unknown_member(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        why: &str,
        causes: &mut Causes,
    ) {
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

    fn misspelled(&self, policy: &PolicyExplanation, member: &PolicyMember, causes: &mut Causes) {
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

    fn deleted(&self, policy: &PolicyExplanation, member: &PolicyMember, causes: &mut Causes) {
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

    fn other_kind(&self, policy: &PolicyExplanation, member: &PolicyMember, causes: &mut Causes) {
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

    /// `why`: what the judgement said of the member.
    fn federated(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        why: &str,
        causes: &mut Causes,
    ) {
        let caller = &self.explanation.question.caller;
        if !caller.is_federated() {
            return;
        }
        let place = self.place(policy);
        let message = match &member.member {
            Member::Impossible(why) => {
                format!("Granted on {place} to {member}, which is no member that can work: {why}.")
            }
            Member::PoolAttribute(..)
            | Member::PoolAll(_)
            | Member::PoolNamespace(..)
            | Member::PoolGroup(..)
            | Member::One(Principal::Federated { .. } | Principal::Kubernetes { .. }) => {
                let unnamed = self.misnamed(&member.member);
                let reason = match (why, unnamed.or_else(|| self.other_pool(&member.member))) {
                    ("", Some(reason)) => format!(": {reason}"),
                    ("", None) => String::new(),
                    (why, _) => format!(": {why}"),
                };
                let (whom, not) = match self.in_words(&member.member) {
                    Some(words) => (words, "is none of them"),
                    None => (member.to_string(), "is not in it"),
                };
                format!(
                    "Granted on {place} to {whom}, and {} {not}{reason}.",
                    self.names.caller
                )
            }
            _ => return,
        };
        let known = self.explanation.allow.iter().any(|p| {
            p.bindings.iter().any(|b| {
                b.members
                    .iter()
                    .any(|m| m.member.text == member.text && m.matches != Truth::No)
            })
        });
        if known {
            return;
        }
        if let Some(name) = self.unmapped(&member.member) {
            self.not_mapped(policy, member, name, causes);
            return;
        }
        let in_full = || match self.written_in_full(member) {
            Some(full) => format!("Write {full} in its place; or grant the role to {caller}."),
            None => format!(
                "Compare pool, project number, attribute name and value with the token's; or grant the role to {caller}."
            ),
        };
        let remedy = self.other_pod(&member.member).unwrap_or_else(in_full);
        causes.on(
            CauseKind::FederatedMismatch,
            &policy.resource,
            message,
            remedy,
        );
    }

    /// The attribute that a member of the caller's pool asks for and that no provider maps.
    fn unmapped<'m>(&self, member: &'m Member) -> Option<&'m str> {
        let exchange = self.explanation.exchange.as_deref()?;
        let (pool, name) = match member {
            Member::PoolAttribute(pool, name, _) => (pool, name.as_str()),
            Member::PoolGroup(pool, _) => (pool, "groups"),
            _ => return None,
        };
        let own = pool.path() == exchange.pool;
        (own && exchange.attributes.never(name)).then_some(name)
    }

    fn not_mapped(
        &self,
        policy: &PolicyExplanation,
        member: &PolicyMember,
        name: &str,
        causes: &mut Causes,
    ) {
        let Some(exchange) = self.explanation.exchange.as_deref() else {
            return;
        };
        let question = &self.explanation.question;
        let ids: Vec<String> = exchange
            .providers
            .iter()
            .map(|p| id(p).to_owned())
            .collect();
        let (who, whose) = match ids.as_slice() {
            [one] => (format!("the provider {one} does not map"), one.clone()),
            many => (
                format!("none of the providers {} maps", words::list(many)),
                "the provider that the token comes through".to_owned(),
            ),
        };
        let target = if name == "groups" {
            "google.groups".to_owned()
        } else {
            format!("attribute.{name}")
        };
        let whom = self
            .in_words(&member.member)
            .unwrap_or_else(|| member.to_string());
        let said = if question.attributes.iter().any(|(n, _)| n == name) {
            " (whatever attributes are given here)"
        } else {
            ""
        };
        let claim = question.claims.as_ref().and_then(|claims| claims.get(name));
        let has = match (question.claims.is_some(), claim) {
            (true, Some(_)) => format!(": the token has the claim {name}"),
            (true, None) => {
                format!(", by a claim that holds it (the token has none called {name})")
            }
            (false, _) => String::new(),
        };
        let place = exchange
            .providers
            .first()
            .filter(|_| ids.len() == 1)
            .map_or_else(|| full_name(&exchange.pool), |p| full_name(p));
        causes.push(
            CauseKind::AttributeNotMapped,
            None,
            place,
            format!(
                "Granted on {} to {whom}, but {who} {target}, so that no identity of the pool {} can have it{said}.",
                self.place(policy),
                id(&exchange.pool)
            ),
            format!(
                "Add {target}=assertion.{name} to the attribute mapping of {whose}{has}; or grant the role to {}.",
                question.caller
            ),
        );
    }

    /// A member whose pool is not named in full, as it would be for the caller's pool.
    fn written_in_full(&self, member: &PolicyMember) -> Option<String> {
        let Principal::Federated { pool: own, .. } = &self.explanation.question.caller else {
            return None;
        };
        in_full(&member.text, own)
    }

    /// What to do where another Kubernetes account of the caller's namespace was granted: a pod runs as
    /// the one that its spec names (`serviceAccountName`), and as `default` where it names none.
    fn other_pod(&self, member: &Member) -> Option<String> {
        let Member::One(one) = member else {
            return None;
        };
        let (own, other) = (
            self.explanation.question.caller.kubernetes()?,
            one.kubernetes()?,
        );
        let same = own.pool == other.pool && own.namespace == other.namespace;
        same.then(|| {
            let now = if own.name == words::NAMELESS {
                "it names none, so it runs as default".to_owned()
            } else {
                format!("it runs as {}", own.name)
            };
            format!(
                "Name the Kubernetes service account {} in the pod's spec (serviceAccountName: {0}); {now}. Or grant the role to {}.",
                other.name,
                self.explanation.question.caller
            )
        })
    }

    /// A set of the caller's own pool, in words; the set itself stands with the policy's bindings.
    fn in_words(&self, member: &Member) -> Option<String> {
        let Principal::Federated { pool: own, .. } = &self.explanation.question.caller else {
            return None;
        };
        let (pool, who) = match member {
            Member::PoolAttribute(pool, name, value) => (pool, format!("whose {name} is {value}")),
            Member::PoolGroup(pool, group) => (pool, format!("in the group {group}")),
            _ => return None,
        };
        let same = same_pool(own, pool);
        same.then(|| format!("the identities of the pool {} {who}", pool.id()))
    }

    /// That no identity is named as the member names it.
    fn misnamed(&self, member: &Member) -> Option<String> {
        let pool = member.pool().filter(|pool| !pool.is_in_full())?;
        let Pool::Workload { project, .. } = pool else {
            return None;
        };
        Some(format!(
            "a pool goes by its project's number, and {project} is its id"
        ))
    }

    /// How the pool of a member differs from the caller's.
    fn other_pool(&self, member: &Member) -> Option<String> {
        let Principal::Federated { pool: own, .. } = &self.explanation.question.caller else {
            return None;
        };
        let (Member::PoolAll(pool)
        | Member::PoolGroup(pool, _)
        | Member::PoolAttribute(pool, ..)
        | Member::PoolNamespace(pool, _)
        | Member::One(Principal::Federated { pool, .. })) = member
        else {
            return None;
        };
        let same = same_pool(own, pool);
        Some(if same {
            "its subject is another one".to_owned()
        } else {
            format!(
                "the caller comes from the pool {}, the member names the pool {}",
                own.path(),
                pool.path()
            )
        })
    }

    /// Roles that look as if they were meant for this and do not hold the permission.
    fn weak_roles(
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

    fn self_grants(
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
        if !members
            .iter()
            .any(|m| is_target(self.explanation, &m.member))
        {
            return;
        }
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
    }

    fn groups(&self, causes: &mut Causes) {
        // One cannot be put into a Google group.
        if self.explanation.question.caller.is_federated() {
            return;
        }
        let mut told = 0;
        for policy in &self.explanation.allow {
            for binding in &policy.bindings {
                if binding.role_state != RoleState::Included || binding.matches != Truth::No {
                    continue;
                }
                for member in &binding.members {
                    let Member::Group(group) = &member.member.member else {
                        continue;
                    };
                    if told == MOST_GROUPS {
                        return;
                    }
                    told += 1;
                    causes.on(
                        CauseKind::NotInGroup,
                        &policy.resource,
                        format!(
                            "Granted on {} to the group {group}, and {} is not in it.",
                            self.place(policy),
                            self.names.caller
                        ),
                        format!(
                            "Add {} to the group, or grant the role to it directly.",
                            self.names.caller
                        ),
                    );
                }
            }
        }
    }
}

/// Whether a role is given so that somebody acts as an account: one of IAM's own, or one that people
/// made. Basic roles and those of other services hold such permissions among thousands (Editor holds
/// actAs), and default accounts and service agents have them on their own project without anybody
/// having mixed anything up.
pub(super) fn is_meant_for_it(role: &str) -> bool {
    let (name, _) = without_hidden_condition(role);
    name.starts_with("roles/iam.") || !name.starts_with("roles/")
}

/// The command that shows a role; a custom one is named by its id and its place.
fn describe(role: &str) -> String {
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

fn policy_is_about_accounts(explanation: &Explanation) -> bool {
    explanation.question.target.kind() == ResourceKind::ServiceAccount
}

/// The same address, or the same name before the `@`.
fn related(a: &str, b: &str) -> bool {
    a == b || words::local(a) == words::local(b)
}
