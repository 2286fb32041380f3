//! Bindings for federated identities that miss the caller.

use super::View;
use crate::evaluate::cause::CauseKind;
use crate::evaluate::diagnose::Causes;
use crate::evaluate::diagnose::words::{self};
use crate::evaluate::explanation::PolicyExplanation;
use crate::evaluate::federation::in_full;
use crate::evaluate::federation::mend::{full_name, id};
use crate::evaluate::membership::same_pool;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, PolicyMember, Pool, Principal};

impl View<'_> {
    /// `why`: what the judgement said of the member.
    pub(super) fn federated(
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
    pub(super) fn unmapped<'m>(&self, member: &'m Member) -> Option<&'m str> {
        let exchange = self.explanation.exchange.as_deref()?;
        let (pool, name) = match member {
            Member::PoolAttribute(pool, name, _) => (pool, name.as_str()),
            Member::PoolGroup(pool, _) => (pool, "groups"),
            _ => return None,
        };
        let own = pool.path() == exchange.pool;
        (own && exchange.attributes.never(name)).then_some(name)
    }

    pub(super) fn not_mapped(
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
    pub(super) fn written_in_full(&self, member: &PolicyMember) -> Option<String> {
        let Principal::Federated { pool: own, .. } = &self.explanation.question.caller else {
            return None;
        };
        in_full(&member.text, own)
    }

    /// What to do where another Kubernetes account of the caller's namespace was granted: a pod runs as
    /// the one that its spec names (`serviceAccountName`), and as `default` where it names none.
    pub(super) fn other_pod(&self, member: &Member) -> Option<String> {
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
    pub(super) fn in_words(&self, member: &Member) -> Option<String> {
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
    pub(super) fn misnamed(&self, member: &Member) -> Option<String> {
        let pool = member.pool().filter(|pool| !pool.is_in_full())?;
        let Pool::Workload { project, .. } = pool else {
            return None;
        };
        Some(format!(
            "a pool goes by its project's number, and {project} is its id"
        ))
    }

    /// How the pool of a member differs from the caller's.
    pub(super) fn other_pool(&self, member: &Member) -> Option<String> {
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
}
