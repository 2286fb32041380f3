//! What comes of organization policies: rules inherited along the hierarchy, conditions over tags,
//! and the constraints that have a say in impersonation. Three-valued.
//!
//! Sources: discovery document orgpolicy v2 (`PolicySpec`, `PolicyRule`); discovery document
//! cloudresourcemanager v1 (`ListPolicy`, `BooleanPolicy`, with examples); doc "Understand hierarchy
//! evaluation".

mod guard;

use std::sync::Arc;

use jiff::Timestamp;

use super::belonging;
use super::conditions::{self, Site};
use super::explanation::Explanation;
use super::judge::Judge;
use super::truth::Truth;
use crate::estate::{Estate, Read};
use crate::iam::org_policy::{
    CROSS_PROJECT, Constraint, ConstraintKind, KEY_CREATION, LIFETIME_EXTENSION, OrgPolicyRule,
    StringValues, constraint,
};
use crate::iam::permission::ACT_AS;
use crate::iam::{OrgPolicy, Permission, Principal, Resource, ResourceKind};

pub use guard::{Guard, Guards};

/// One rule and whether it counts.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The rule.
    pub rule: OrgPolicyRule,
    /// Whether its condition holds; yes where it has none.
    pub holds: Truth,
}

/// What comes of a constraint's policies on a resource.
#[derive(Clone, Debug)]
pub struct EffectivePolicy<'n> {
    /// The constraint.
    pub constraint: Constraint<'n>,
    /// Every rule that is set there or inherited, the nearest level's first. Empty: the constraint's
    /// default holds.
    pub rules: Vec<Counted>,
    /// Where they are set, nearest first; empty where that is not known.
    pub set_on: Vec<Resource>,
}

/// What comes of a constraint on a resource (canonical name): of the policies set above it where all
/// that count are known, else as Google said.
#[must_use]
pub fn effective<'n>(
    estate: &Estate,
    on: &Resource,
    constraint: &Constraint<'n>,
) -> Read<EffectivePolicy<'n>> {
    let composed = composed(estate, on, constraint);
    let settled = |e: &EffectivePolicy<'_>| {
        let open = |c: &Counted| !matches!(c.holds, Truth::Yes | Truth::No);
        !e.rules.iter().any(open)
    };
    match (composed, said(estate, on, constraint)) {
        (Read::Known(effective), None) => Read::Known(effective),
        (Read::Known(effective), _) if settled(&effective) => Read::Known(effective),
        (_, Some(said)) => Read::Known(said),
        (unreadable, None) => unreadable,
    }
}

/// From the policies themselves. A level without one says nothing; one that inherits adds to what is
/// set above; any other hides it (orgpolicy v2, `PolicySpec.inheritFromParent`, `reset`). A dry run
/// is never enforced.
fn composed<'n>(
    estate: &Estate,
    on: &Resource,
    constraint: &Constraint<'n>,
) -> Read<EffectivePolicy<'n>> {
    let mut all = EffectivePolicy {
        constraint: *constraint,
        rules: Vec::new(),
        set_on: Vec::new(),
    };
    let ancestry = estate.ancestry(on);
    for level in &ancestry.levels {
        if level.kind() == ResourceKind::ServiceAccount {
            continue;
        }
        let policy = match estate.org_policy(level, constraint.name) {
            Read::Known(policy) => policy,
            Read::Unreadable(why) => return Read::Unreadable(why),
        };
        let Some(spec) = policy.and_then(|p| p.spec.as_ref()) else {
            continue;
        };
        all.set_on.push(level.clone());
        all.rules.extend(counted(estate, on, &spec.rules));
        if spec.reset || !spec.inherit_from_parent || constraint.kind != ConstraintKind::List {
            return Read::Known(all);
        }
    }
    if ancestry.complete {
        Read::Known(all)
    } else {
        Read::Unreadable("the hierarchy above it is not known".into())
    }
}

fn counted(estate: &Estate, on: &Resource, rules: &[OrgPolicyRule]) -> Vec<Counted> {
    let mut judge = None;
    let rules = rules.iter().map(|rule| Counted {
        rule: rule.clone(),
        holds: match rule.when() {
            None => Truth::Yes,
            // Conditions know tags alone, as those of deny rules do.
            Some(condition) => {
                let judge = judge.get_or_insert_with(|| on_tags(estate, on));
                conditions::decide(judge, condition, Site::Deny)
            }
        },
    });
    rules.collect()
}

/// A judge of tags: caller and permission play no part.
fn on_tags<'e>(estate: &'e Estate, on: &Resource) -> Judge<'e> {
    let nobody = Principal::Other(String::new());
    let permission = Permission::get_access_token();
    Judge::new(estate, &nobody, &permission, on, Timestamp::UNIX_EPOCH)
}

/// As Google said (`getEffectivePolicy`: merged, conditions evaluated). It was asked of a project or
/// above; what an account's own tags would change of it is not in it (chosen: taken as it is).
fn said<'n>(
    estate: &Estate,
    on: &Resource,
    constraint: &Constraint<'n>,
) -> Option<EffectivePolicy<'n>> {
    let levels = estate.ancestry(on).levels;
    let found = |level: &Resource| estate.effective_org_policy(level, constraint.name);
    let asked = levels
        .iter()
        .find(|l| l.kind() != ResourceKind::ServiceAccount)?;
    let spec = found(asked)?.spec.clone().unwrap_or_default();
    let set = |level: &&Resource| {
        let policy = estate.org_policy(level, constraint.name).known().flatten();
        policy.is_some_and(|p: &Arc<OrgPolicy>| p.spec.is_some())
    };
    Some(EffectivePolicy {
        constraint: *constraint,
        rules: counted(estate, on, &spec.rules),
        set_on: levels.iter().filter(set).take(1).cloned().collect(),
    })
}

impl EffectivePolicy<'_> {
    /// Whether a list constraint allows a value; `is` says whether the value is the one written.
    ///
    /// Denied beats allowed (doc "Understand hierarchy evaluation"); rules that only deny leave the
    /// rest allowed (cloudresourcemanager v1, `ListPolicy`, example 3). Where no rule counts, the
    /// default holds (chosen).
    pub(super) fn allows(&self, is: impl Fn(&str) -> Truth) -> Truth {
        let any = |list: &[String]| {
            list.iter()
                .fold(Truth::No, |sum, value| sum.or(is(bare(value))))
        };
        let (mut some, mut limited, mut allowed, mut denied) =
            (Truth::No, Truth::No, Truth::No, Truth::No);
        for Counted { rule, holds } in &self.rules {
            some = some.or(*holds);
            let values = rule.values.clone().unwrap_or_default();
            if rule.allow_all == Some(true) {
                (limited, allowed) = (limited.or(*holds), allowed.or(*holds));
            } else if !values.allowed_values.is_empty() {
                limited = limited.or(*holds);
                allowed = allowed.or(holds.and(any(&values.allowed_values)));
            }
            if rule.deny_all == Some(true) {
                denied = denied.or(*holds);
            }
            denied = denied.or(holds.and(any(&values.denied_values)));
        }
        let by_rules = allowed.or(limited.negate()).and(denied.negate());
        either(some, by_rules, self.default())
    }

    /// What a boolean or managed constraint comes to, by what each of its rules comes to: a rule with
    /// a condition that is true comes before the one without (orgpolicy v2, `PolicySpec.rules`).
    pub(super) fn decides(&self, rule: impl Fn(&OrgPolicyRule) -> Truth) -> Truth {
        let always = self.rules.iter().find(|c| c.rule.when().is_none());
        let start = always.map_or(self.default(), |c| rule(&c.rule));
        let when = self.rules.iter().filter(|c| c.rule.when().is_some());
        when.rev()
            .fold(start, |rest, c| either(c.holds, rule(&c.rule), rest))
    }

    /// The rules as Google shows what comes of them: one, merged, without conditions (orgpolicy v2,
    /// `getEffectivePolicy`). A condition that is not decided does not count.
    #[must_use]
    pub fn merged(&self) -> OrgPolicyRule {
        let counting = || {
            let rules = self.rules.iter().filter(|c| c.holds == Truth::Yes);
            rules.map(|c| &c.rule)
        };
        if self.constraint.kind != ConstraintKind::List {
            let when = counting().find(|r| r.when().is_some());
            let rule = when.or_else(|| counting().next()).cloned();
            return OrgPolicyRule {
                condition: None,
                ..rule.unwrap_or(OrgPolicyRule {
                    enforce: Some(!self.constraint.default_allows),
                    ..OrgPolicyRule::default()
                })
            };
        }
        let mut values = StringValues::default();
        for given in counting().filter_map(|r| r.values.as_ref()) {
            let both = [
                (&mut values.allowed_values, &given.allowed_values),
                (&mut values.denied_values, &given.denied_values),
            ];
            for (all, more) in both {
                for value in more {
                    if !all.contains(value) {
                        all.push(value.clone());
                    }
                }
            }
        }
        let any =
            |flag: fn(&OrgPolicyRule) -> Option<bool>| counting().any(|r| flag(r) == Some(true));
        let nothing = counting().next().is_none();
        let (deny, allow) = (any(|r| r.deny_all), any(|r| r.allow_all));
        if deny || (nothing && !self.constraint.default_allows) {
            return OrgPolicyRule {
                deny_all: Some(true),
                ..OrgPolicyRule::default()
            };
        }
        if allow {
            values.allowed_values.clear();
        }
        if nothing || (allow && values.denied_values.is_empty()) {
            return OrgPolicyRule {
                allow_all: Some(true),
                ..OrgPolicyRule::default()
            };
        }
        OrgPolicyRule {
            values: Some(values),
            ..OrgPolicyRule::default()
        }
    }

    fn default(&self) -> Truth {
        answer(self.constraint.default_allows)
    }

    /// Whether a boolean constraint is enforced.
    fn enforced(&self) -> Truth {
        self.decides(|rule| answer(rule.enforce != Some(true)))
            .negate()
    }
}

fn answer(yes: bool) -> Truth {
    if yes { Truth::Yes } else { Truth::No }
}

/// One or the other; where it is open which, what both say.
fn either(first: Truth, one: Truth, other: Truth) -> Truth {
    match first {
        Truth::Yes => one,
        Truth::No => other,
        _ if one == other => one,
        open => open,
    }
}

/// A value without `is:`, which says nothing more (orgpolicy v2, `StringValues`).
pub(super) fn bare(value: &str) -> &str {
    value.strip_prefix("is:").unwrap_or(value)
}

/// Whether a constraint that is known here answers on a resource, with why not.
fn ask(
    estate: &Estate,
    on: &Resource,
    name: &str,
    decide: impl Fn(&EffectivePolicy<'_>) -> Truth,
) -> (Truth, Result<Vec<Resource>, Arc<str>>) {
    let Some(constraint) = constraint(name) else {
        return (Truth::UnknownInfo, Ok(Vec::new()));
    };
    match effective(estate, on, constraint) {
        Read::Known(effective) => (decide(&effective), Ok(effective.set_on)),
        Read::Unreadable(why) => (Truth::UnknownInfo, Err(why)),
    }
}

/// Whether access tokens of an account (canonical name) may live for up to 12 hours: whether
/// `constraints/iam.allowServiceAccountCredentialLifetimeExtension` names it. And where that is set,
/// or why it is not known.
pub fn lifetime_extended(
    estate: &Estate,
    account: &Resource,
) -> (Truth, Result<Vec<Resource>, Arc<str>>) {
    let id = account.id();
    let email = estate.account(id).map_or(id, |a| &a.email);
    ask(estate, account, LIFETIME_EXTENSION, |e| {
        e.allows(|value| answer(value.eq_ignore_ascii_case(email)))
    })
}

/// Whether keys of an account (canonical name) may not be made.
#[must_use]
pub fn keys_disabled(estate: &Estate, account: &Resource) -> Truth {
    ask(estate, account, KEY_CREATION, |e| e.enforced()).0
}

/// The same for every account of a project (canonical name); `None` where conditions or what was not read may tell one
/// from the other.
#[must_use]
pub fn keys_disabled_below(estate: &Estate, project: &Resource) -> Option<Truth> {
    let policy = effective(estate, project, constraint(KEY_CREATION)?).known()?;
    let plain = policy.rules.iter().all(|c| c.rule.when().is_none());
    plain.then(|| policy.enforced())
}

/// What beside IAM's policies a person should know of an answer, sentences: an account that may be
/// acted as, and not be attached to what the caller would attach it to.
///
/// `iam.disableCrossProjectServiceAccountUsage` counts on the project that the account is in (doc
/// "Attach service accounts to resources"). Where the resource is, nobody asked: told when the caller
/// is an account of another project.
#[must_use]
pub fn notices(estate: &Estate, explanation: &Explanation) -> Vec<String> {
    let question = &explanation.question;
    if question.permission.as_str() != ACT_AS {
        return Vec::new();
    }
    let home = |principal: &Principal| match belonging::home(estate, principal) {
        Some(Resource::ServiceAccount { project, .. } | Resource::Project(project)) => {
            Some(project)
        }
        _ => None,
    };
    let Resource::ServiceAccount { project, .. } = &question.target else {
        return Vec::new();
    };
    let Some(own) = home(&question.caller).filter(|own| own != project) else {
        return Vec::new();
    };
    let on = Resource::Project(Arc::clone(project));
    let (enforced, seen) = ask(estate, &on, CROSS_PROJECT, |e| e.enforced());
    let hindered = format!(
        "attaching an account of {project} to a resource of another project, such as {own},"
    );
    match (enforced, seen) {
        (Truth::No, _) => Vec::new(),
        (Truth::Yes, _) => vec![format!(
            "The organization policy {CROSS_PROJECT} is enforced on {project}: {hindered} is refused whatever roles say."
        )],
        (_, seen) => {
            let why = seen
                .err()
                .map_or_else(String::new, |why| format!(" ({why})"));
            vec![format!(
                "The organization policy {CROSS_PROJECT} of {project} could not be told{why}. It is enforced unless the project turns it off, and then {hindered} is refused whatever roles say."
            )]
        }
    }
}
