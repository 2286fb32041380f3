//! Members that stand for many: those that can be listed, and what rules say of those that cannot.

use super::super::deny;
use super::relevant::Ground;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, PolicyMember, Principal, Resource};

/// Kinds of identities: two sets of different kinds share nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IdentityKind {
    Users,
    Accounts,
    Federated,
    Any,
}

fn kind(member: &Member) -> IdentityKind {
    match member {
        Member::One(Principal::User(_)) | Member::Domain(_) | Member::Customer(_) => {
            IdentityKind::Users
        }
        Member::One(Principal::ServiceAccount(_))
        | Member::ServiceAccountsOf(_)
        | Member::ServiceAgentsOf(_) => IdentityKind::Accounts,
        Member::One(_)
        | Member::PoolAll(_)
        | Member::PoolGroup(..)
        | Member::PoolAttribute(..)
        | Member::PoolNamespace(..)
        | Member::PoolPart(_) => IdentityKind::Federated,
        _ => IdentityKind::Any,
    }
}

/// Whether all of a set is in a member: yes, none of it is, or a part may be.
fn inside(set: &Member, member: &Member) -> Truth {
    match member {
        Member::AllUsers => Truth::Yes,
        Member::Deleted { .. } | Member::Impossible(_) => Truth::No,
        _ if set == member => Truth::Yes,
        _ => match (kind(set), kind(member)) {
            (a, b) if a == b || a == IdentityKind::Any || b == IdentityKind::Any => {
                Truth::UnknownInfo
            }
            _ => Truth::No,
        },
    }
}

/// Whether deny rules on these levels leave a set its access: `No` when all of it is denied,
/// unknown when a part may be.
pub(super) fn not_denied(ground: &Ground<'_>, set: &Member, levels: &[Resource]) -> Truth {
    let mut denied = Truth::No;
    for level in levels {
        if ground.denying(level).is_none() {
            denied = denied.or(Truth::UnknownInfo);
        }
        let policies = ground
            .estate
            .deny_policies(level)
            .known()
            .unwrap_or_default();
        for rule in policies.iter().flat_map(|p| &p.rules) {
            denied = denied.or(match &rule.deny_rule {
                None => deny::strange(rule),
                Some(deny) => {
                    let speaks = ground
                        .permissions
                        .first()
                        .map_or(Truth::No, |p| deny::permission(p, deny));
                    let any = |list: &[std::sync::Arc<PolicyMember>]| {
                        list.iter()
                            .fold(Truth::No, |sum, m| sum.or(inside(set, &m.member)))
                    };
                    let condition = if deny.denial_condition.is_some() {
                        Truth::UnknownInfo
                    } else {
                        Truth::Yes
                    };
                    speaks
                        .and(any(&deny.denied_principals))
                        .and(any(&deny.exception_principals).negate())
                        .and(condition)
                }
            });
        }
    }
    denied.negate()
}
