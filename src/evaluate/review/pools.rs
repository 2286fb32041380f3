//! Identities of a pool are let in that nothing narrows down to one's own.
//!
//! GitHub, GitLab, Terraform Cloud and their like issue tokens to all of their customers from one address, so
//! what a token claims of a branch or an environment any customer can claim; only the names of repository,
//! owner, group, project or organization belong to one (docs "Best practices for using Workload Identity
//! Federation", "Configure Workload Identity Federation with deployment pipelines").

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::facts::ReviewFacts;
use super::found::{FoundInBinding, FoundMember};
use super::rule::{ReviewRule, Severity};
use super::{NotReviewed, Review};
use crate::estate::Provider;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Pool};

/// Who issues tokens to all of its customers from one address: GitHub, GitLab's own service, HCP Terraform (doc
/// "Configure Workload Identity Federation with deployment pipelines", attribute conditions). Others that it
/// names give each customer an issuer of its own.
const MANY_TENANTS: [&str; 3] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
];

/// Claims that say whose token it is (GitHub "OpenID Connect reference", GitLab "ID token authentication",
/// HCP Terraform "Workload identity tokens"). The audience is none of them: whoever asks for a token chooses it.
const WHOSE: [&str; 21] = [
    "sub",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise",
    "enterprise_id",
    "job_workflow_ref",
    "workflow_ref",
    "namespace_id",
    "namespace_path",
    "project_id",
    "project_path",
    "user_id",
    "user_login",
    "user_email",
    "terraform_organization_id",
    "terraform_organization_name",
    "terraform_project_id",
    "terraform_workspace_id",
    "terraform_run_id",
];

/// Claims that tell branches and environments apart.
const WHERE: [&str; 7] = [
    "ref",
    "environment",
    "ref_protected",
    "job_workflow_ref",
    "workflow_ref",
    "ref_path",
    "sub",
];

pub(super) fn find(facts: &ReviewFacts<'_>, review: &mut Review) {
    let mut known: HashMap<String, Option<Vec<Arc<Provider>>>> = HashMap::new();
    for placed in facts.placed.iter().filter(|p| !p.role.ways.is_empty()) {
        let mut found: BTreeMap<OpenPool, (&str, Vec<FoundMember>)> = BTreeMap::new();
        for member in &placed.binding.members {
            let Some(pool) = member.member.pool() else {
                continue;
            };
            if pool.is_of_gke() || !pool.is_in_full() {
                continue;
            }
            let providers = known
                .entry(pool.path())
                .or_insert_with(|| providers(facts, pool));
            if providers.is_none() && matches!(member.member, Member::PoolAttribute(..)) {
                review.not_judged.push(NotReviewed {
                    rule: ReviewRule::PoolUnconstrained,
                    why: format!("the providers of {} are not in sight, so what its attributes stand for is not known", pool.path()),
                });
            }
            let Some((how, why, remedy)) = judged(&member.member, providers.as_deref()) else {
                continue;
            };
            let ways = &placed.role.ways;
            let holds = facts.becomes(placed, &member.member, placed.resource, ways);
            if holds == Truth::No {
                continue;
            }
            let (_, members) = found.entry(how).or_insert((remedy, Vec::new()));
            members.push(FoundMember {
                member: Arc::clone(&member.text),
                holds,
                why,
                inner: None,
            });
        }
        for (how, (remedy, members)) in found {
            let found = FoundInBinding {
                rule: ReviewRule::PoolUnconstrained,
                severity: how.severity(),
                placed,
                which: how.word(),
                verbs: ["has", "have"],
                remedy: remedy.to_owned(),
                members,
            };
            review.findings.extend(found.finding());
        }
    }
}

/// How open a pool, or a part of it, is to others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OpenPool {
    /// Whoever is a customer of its issuer comes in.
    ToCustomers,
    /// All of it; what its providers ask for is not in sight.
    PerhapsToCustomers,
    /// All of it, of those whom its providers let in.
    Whole,
    /// Whoever can push any branch.
    AnyBranch,
}

impl OpenPool {
    fn severity(self) -> Severity {
        match self {
            Self::ToCustomers => Severity::Critical,
            Self::PerhapsToCustomers => Severity::High,
            Self::Whole => Severity::Medium,
            Self::AnyBranch => Severity::Low,
        }
    }

    /// For ids, which stay as they are.
    fn word(self) -> &'static str {
        match self {
            Self::ToCustomers => "customers",
            Self::PerhapsToCustomers => "unseen",
            Self::Whole => "whole",
            Self::AnyBranch => "branch",
        }
    }
}

/// The pool's providers that are on; `None` where none is in sight.
fn providers(facts: &ReviewFacts<'_>, pool: &Pool) -> Option<Vec<Arc<Provider>>> {
    let inside = format!("{}/providers/", facts.estate.with_number(&pool.path()));
    let all: Vec<Arc<Provider>> = facts
        .estate
        .providers()
        .filter(|provider| {
            facts
                .estate
                .with_number(&provider.name)
                .starts_with(&inside)
        })
        .cloned()
        .collect();
    if all.is_empty() {
        return None;
    }
    Some(all.into_iter().filter(|p| !p.disabled).collect())
}

/// Whether a provider's issuer gives tokens to many.
fn many_tenants(provider: &Provider) -> bool {
    let issuer = provider
        .extra
        .get("oidc")
        .and_then(|oidc| oidc.get("issuerUri"));
    let issuer = issuer
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let host = issuer.trim_start_matches("https://");
    let host = host.split('/').next().unwrap_or_default();
    MANY_TENANTS.contains(&host)
}

/// The claims that an expression looks at.
fn claims(expression: &str) -> Vec<&str> {
    expression
        .split("assertion.")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            end.map_or(rest, |end| rest.get(..end).unwrap_or_default())
        })
        .collect()
}

/// Whether what a provider asks for names somebody: a claim of [`WHOSE`], or an attribute that is one.
fn narrows(provider: &Provider) -> bool {
    let Some(condition) = &provider.attribute_condition else {
        return false;
    };
    let mapped = provider
        .attribute_mapping
        .iter()
        .filter(|(name, _)| condition.contains(name.as_str()));
    let mapped = mapped.flat_map(|(_, expression)| claims(expression));
    claims(condition)
        .into_iter()
        .chain(mapped)
        .any(|claim| WHOSE.contains(&claim))
}

type PoolJudged = (OpenPool, String, &'static str);

const CONDITION: &str = "Give the provider an attribute condition on whose tokens these are (assertion.repository_owner_id == \"…\", assertion.namespace_id, assertion.terraform_organization_id), and name repository and branch in the member instead of all.";

fn judged(member: &Member, providers: Option<&[Arc<Provider>]>) -> Option<PoolJudged> {
    let open: Vec<&Arc<Provider>> = providers
        .into_iter()
        .flatten()
        .filter(|provider| many_tenants(provider) && !narrows(provider))
        .collect();
    match member {
        Member::PoolAll(_) => Some(match (providers, open.first()) {
            (_, Some(provider)) => (
                OpenPool::ToCustomers,
                format!(
                    "every identity of the pool is let in, and {} takes tokens that any customer of its issuer gets",
                    provider.name
                ),
                CONDITION,
            ),
            (None, None) => (
                OpenPool::PerhapsToCustomers,
                "every identity of the pool is let in; what its providers ask for is not in sight"
                    .to_owned(),
                CONDITION,
            ),
            (Some([]), None) => return None,
            (Some(_), None) => (
                OpenPool::Whole,
                "every identity of the pool is let in, whatever it is for".to_owned(),
                "Name the subject, the repository or the group that needs it, instead of the whole pool.",
            ),
        }),
        Member::PoolAttribute(_, name, _) => {
            let key = format!("attribute.{name}");
            let of = |provider: &Provider| -> Vec<String> {
                let expression = provider.attribute_mapping.get(&key);
                let found = expression.map(|e| claims(e)).unwrap_or_default();
                found.into_iter().map(str::to_owned).collect()
            };
            let anybodys = open.iter().find(|provider| {
                let claims = of(provider);
                !claims.is_empty() && !claims.iter().any(|c| WHOSE.contains(&c.as_str()))
            });
            if let Some(provider) = anybodys {
                return Some((
                    OpenPool::ToCustomers,
                    format!(
                        "the attribute {name} is what any customer of the issuer of {} can claim",
                        provider.name
                    ),
                    CONDITION,
                ));
            }
            let mut shared = providers.into_iter().flatten().filter(|p| many_tenants(p));
            let branchless = shared.find(|provider| {
                let claims = of(provider);
                let condition = provider.attribute_condition.as_deref().unwrap_or_default();
                let asked = self::claims(condition);
                !claims.is_empty()
                    && !claims.iter().any(|c| WHERE.contains(&c.as_str()))
                    && !asked.iter().any(|c| WHERE.contains(c) && *c != "sub")
            });
            branchless.map(|_| {
                (
                    OpenPool::AnyBranch,
                    format!("whoever can push any branch gets it: the attribute {name} does not say which branch or environment"),
                    "Map the branch or environment too (assertion.ref, assertion.environment), and ask for it in the provider's condition or in the member.",
                )
            })
        }
        _ => None,
    }
}
