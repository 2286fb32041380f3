//! Members that stand for many: those that can be listed, and what rules say of those that cannot.

use super::super::deny;
use super::relevant::Ground;
use crate::evaluate::explanation::Tri;
use crate::iam::{Member, PolicyMember, Principal, Resource};

/// Kinds of identities: two sets of different kinds share nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Users,
    Accounts,
    Federated,
    Any,
}

fn kind(member: &Member) -> Kind {
    match member {
        Member::One(Principal::User(_)) | Member::Domain(_) | Member::Customer(_) => Kind::Users,
        Member::One(Principal::ServiceAccount(_))
        | Member::ServiceAccountsOf(_)
        | Member::ServiceAgentsOf(_) => Kind::Accounts,
        Member::One(_)
        | Member::PoolAll(_)
        | Member::PoolGroup(..)
        | Member::PoolAttribute(..)
        | Member::PoolNamespace(..)
        | Member::PoolPart(_) => Kind::Federated,
        _ => Kind::Any,
    }
}

/// Whether all of a set is in a member: yes, none of it is, or a part may be.
fn inside(set: &Member, member: &Member) -> Tri {
    match member {
        Member::AllUsers => Tri::Yes,
        Member::Deleted { .. } | Member::Impossible(_) => Tri::No,
        _ if set == member => Tri::Yes,
        _ => match (kind(set), kind(member)) {
            (a, b) if a == b || a == Kind::Any || b == Kind::Any => Tri::UnknownInfo,
            _ => Tri::No,
        },
    }
}

/// Whether deny rules on these levels leave a set its access: `No` when all of it is denied,
/// unknown when a part may be.
pub(super) fn not_denied(ground: &Ground<'_>, set: &Member, levels: &[Resource]) -> Tri {
    let mut denied = Tri::No;
    for level in levels {
        if ground.denying(level).is_none() {
            denied = denied.or(Tri::UnknownInfo);
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
                        .map_or(Tri::No, |p| deny::permission(p, deny));
                    let any = |list: &[std::sync::Arc<PolicyMember>]| {
                        list.iter()
                            .fold(Tri::No, |sum, m| sum.or(inside(set, &m.member)))
                    };
                    let condition = if deny.denial_condition.is_some() {
                        Tri::UnknownInfo
                    } else {
                        Tri::Yes
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
