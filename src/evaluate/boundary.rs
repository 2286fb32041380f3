//! Principal access boundaries (docs/semantics.md, "Principal access boundaries"; discovery document
//! policytroubleshooter v3beta, `GoogleIamV3…`).

use super::conditions::{self, Site};
use super::explanation::{BoundariesExplanation, BoundaryExplanation};
use super::judge::Judge;
use super::truth::Truth;
use super::{membership, place};
use crate::estate::Assumption;
use crate::estate::policies::policy_bindings_of;
use crate::estate::{Estate, Read};
use crate::iam::blockable::LATEST;
use crate::iam::boundary::Operation;
use crate::iam::{
    BoundaryPolicy, BoundaryRule, Member, Permission, PolicyBinding, Principal, Resource,
    RuleEffect,
};

/// The boundaries that are bound where the caller belongs, and what they come to.
pub(crate) fn explain(judge: &Judge<'_>) -> BoundariesExplanation {
    let mut all = BoundariesExplanation {
        boundaries: Vec::new(),
        unreadable: Vec::new(),
        unplaced: None,
        assumed: judge.estate.assumes(Assumption::NoBoundariesInExport),
        eligible: Truth::Yes,
        undecided: None,
    };
    if all.assumed {
        return all;
    }
    let place = place::of(judge.estate, &judge.caller);
    for level in &place.levels {
        match judge.estate.policy_bindings_at(level) {
            Read::Known(bindings) => all.boundaries.extend(
                bindings
                    .into_iter()
                    .filter(|b| b.is_boundary())
                    .map(|b| bound(judge, b)),
            ),
            Read::Unreadable(why) => all.unreadable.push((policy_bindings_of(level), why)),
        }
    }
    all.unplaced = place.open.map(|open| (open.what, open.why));
    let parts: Vec<Part> = all.boundaries.iter().map(Part::of).collect();
    let hidden = !all.unreadable.is_empty() || all.unplaced.is_some();
    let (eligible, undecided) = combine(&parts, hidden);
    all.eligible = eligible;
    all.undecided = undecided.then(|| UNDECIDED.to_owned());
    all
}

const UNDECIDED: &str = "a boundary that holds DENY rules only is bound to the caller, and none of them applies here; Google does not document whether such a boundary makes everything else eligible or nothing";

/// The answer alone; quick where nothing is bound.
pub(crate) fn decide(judge: &Judge<'_>) -> Truth {
    if is_free(judge.estate, &judge.caller) {
        Truth::Yes
    } else {
        explain(judge).eligible
    }
}

/// Whether nothing is bound anywhere where the caller belongs, and all of that was looked at.
pub(crate) fn is_free(estate: &Estate, caller: &Principal) -> bool {
    if estate.assumes(Assumption::NoBoundariesInExport) {
        return true;
    }
    let place = place::of(estate, caller);
    place.open.is_none()
        && place.levels.iter().all(|level| {
            estate
                .policy_bindings_at(level)
                .known()
                .is_some_and(|list| list.is_empty())
        })
}

/// What was not read of what may bind the caller, by the names of an estate file and of [`place::Open`].
pub(crate) fn not_read(estate: &Estate, caller: &Principal) -> Vec<String> {
    if estate.assumes(Assumption::NoBoundariesInExport) {
        return Vec::new();
    }
    let place = place::of(estate, caller);
    let lists = place.levels.iter();
    let lists = lists.filter(|level| !estate.policy_bindings_at(level).is_known());
    let mut names: Vec<String> = lists.map(policy_bindings_of).collect();
    names.extend(place.open.map(|open| open.what));
    names
}

/// Whether a boundary takes the resource from some of a set that the judge's caller stands for, whom it may be
/// bound to, and whether for certain; `None` where it takes it from none of them, and where it takes it from all of
/// them, which [`decide`] says. `of_all`: of everybody, wherever they belong.
pub(crate) fn shuts_out(judge: &Judge<'_>, binding: &PolicyBinding, of_all: bool) -> Option<bool> {
    let told = bound(judge, binding);
    let by_name = asks_for_name(binding);
    if !of_all && told.applies == Truth::No && !by_name {
        return None;
    }
    let certain = !by_name;
    let part = Part::of(&BoundaryExplanation {
        applies: Truth::Yes,
        ..told
    });
    match part.counts.and(part.denies.or(part.allows.negate())) {
        Truth::No => None,
        shut => Some(certain && shut == Truth::Yes),
    }
}

/// Whether a binding tells apart those whom it is bound to by what they are called.
fn asks_for_name(binding: &PolicyBinding) -> bool {
    let condition = binding.condition.as_ref();
    condition.is_some_and(|c| c.expression.contains("principal.subject"))
}

/// Whether one of the bindings that count for the judge's caller does.
pub(crate) fn asks_for_names(judge: &Judge<'_>) -> bool {
    let place = place::of(judge.estate, &judge.caller);
    place.levels.iter().any(|level| {
        let list = judge.estate.policy_bindings_at(level).known();
        list.is_some_and(|list| list.into_iter().any(|b| asks_for_name(b)))
    })
}

/// The lists of policy bindings that count for the judge's caller, by name.
pub(crate) fn levels_of(judge: &Judge<'_>) -> Vec<String> {
    let place = place::of(judge.estate, &judge.caller);
    let own = place.levels.iter().flat_map(|level| {
        let mut names = vec![policy_bindings_of(level)];
        if let Resource::Project(id) = level
            && let Some(project) = judge.estate.project(id)
        {
            names.push(policy_bindings_of(&Resource::project(project.number())));
        }
        names
    });
    own.collect()
}

fn principal_set(estate: &Estate, text: &str) -> Member {
    match text.strip_prefix("//iam.googleapis.com/locations/global/workspace/") {
        Some(id) if !id.is_empty() && !id.contains('/') => Member::Customer(id.to_owned()),
        // A set is named as a resource is: its project by number or id.
        _ => match text.strip_prefix("//iam.googleapis.com/") {
            Some(path) => {
                let path = estate.with_number(path);
                Member::parse_v2(&format!("//iam.googleapis.com/{path}"))
            }
            None => Member::parse_v2(text),
        },
    }
}

fn bound(judge: &Judge<'_>, binding: &PolicyBinding) -> BoundaryExplanation {
    let set = binding.target.principal_set.clone().unwrap_or_default();
    let inside = membership::member(judge, &principal_set(judge.estate, &set));
    let condition = binding
        .condition
        .as_ref()
        .filter(|c| inside.matches != Truth::No && !c.expression.trim().is_empty())
        .map(|c| conditions::explain(judge, c, Site::Boundary));
    let applies = inside
        .matches
        .and(condition.as_ref().map_or(Truth::Yes, |c| c.holds));
    let (policy, unread) = match judge.estate.boundary(&binding.policy) {
        Read::Known(policy) => (policy.cloned(), None),
        Read::Unreadable(why) => (None, Some(why)),
    };
    let reaches = policy.as_ref().map_or(Truth::UnknownInfo, |p| {
        version_reaches(p.details.enforcement_version.as_deref(), &judge.permission)
    });
    let rules: Vec<Truth> = policy
        .iter()
        .flat_map(|p| &p.details.rules)
        .map(|r| rule_applies(judge, r))
        .collect();
    let why = words(
        judge,
        applies,
        &inside.why,
        reaches,
        policy.as_deref(),
        unread.as_deref(),
        &rules,
    );
    BoundaryExplanation {
        binding: binding.name.clone(),
        policy_name: binding.policy.clone(),
        policy,
        principal_set: set,
        applies,
        condition,
        reaches_permission: reaches,
        rules,
        why,
    }
}

/// The number behind an enforcement version; `None` for a text that is none.
pub(crate) fn effective_version(version: Option<&str>) -> Option<u32> {
    match version.unwrap_or_default() {
        "" | "latest" => Some(LATEST),
        text => text.parse().ok().filter(|number| *number > 0),
    }
}

/// Whether an enforcement version can block the permission at all. One that is newer than the table holds
/// what the table has, and may hold more.
fn version_reaches(version: Option<&str>, permission: &Permission) -> Truth {
    match (effective_version(version), permission.blocked_from()) {
        (None, _) => Truth::UnknownInfo,
        (Some(number), Some(from)) if number >= from => Truth::Yes,
        (Some(number), _) if number > LATEST => Truth::UnknownInfo,
        _ => Truth::No,
    }
}

fn rule_applies(judge: &Judge<'_>, rule: &BoundaryRule) -> Truth {
    let operation = rule
        .operation
        .as_ref()
        .is_none_or(|o| covers(o, &judge.permission));
    if !operation {
        return Truth::No;
    }
    lies_in_any(judge, &rule.resources).and(lies_in_any(judge, &rule.excluded_resources).negate())
}

fn covers(operation: &Operation, permission: &Permission) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|p| permission.matches(p));
    any(&operation.permissions) && !any(&operation.excluded_permissions)
}

fn lies_in_any(judge: &Judge<'_>, resources: &[String]) -> Truth {
    resources.iter().fold(Truth::No, |sum, name| {
        sum.or(lies_in(judge.estate, &judge.on, name))
    })
}

/// Whether a resource is the one named or lies below it.
pub(crate) fn lies_in(estate: &Estate, below: &Resource, name: &str) -> Truth {
    let Ok(above) = Resource::parse(name) else {
        return Truth::UnknownInfo;
    };
    match estate.lies_in(below, &above) {
        Some(true) => Truth::Yes,
        Some(false) => Truth::No,
        None => Truth::UnknownInfo,
    }
}

/// One boundary as far as it decides.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Whether it counts for this caller and permission.
    counts: Truth,
    /// Whether a DENY rule of it applies.
    denies: Truth,
    /// Whether an ALLOW rule of it applies.
    allows: Truth,
    /// It has DENY rules alone, so what it allows is not documented.
    deny_only: bool,
}

impl Part {
    fn of(boundary: &BoundaryExplanation) -> Self {
        let counts = boundary.applies.and(boundary.reaches_permission);
        let Some(policy) = &boundary.policy else {
            return Self {
                counts,
                denies: Truth::UnknownInfo,
                allows: Truth::UnknownInfo,
                deny_only: false,
            };
        };
        // "The PAB policy doesn't have any rules" is among what Policy Troubleshooter calls not
        // enforced (discovery document policytroubleshooter v3beta, PAB_ACCESS_STATE_NOT_ENFORCED).
        let counts = if policy.details.rules.is_empty() {
            Truth::No
        } else {
            counts
        };
        let mut part = Self {
            counts,
            denies: Truth::No,
            allows: Truth::No,
            deny_only: false,
        };
        let mut has_allow = false;
        for (rule, applies) in policy.details.rules.iter().zip(&boundary.rules) {
            match rule.effect {
                RuleEffect::Allow => {
                    has_allow = true;
                    part.allows = part.allows.or(*applies);
                }
                RuleEffect::Deny => part.denies = part.denies.or(*applies),
                // An effect from the future may do either.
                RuleEffect::Other(_) => {
                    has_allow = true;
                    let open = applies.and(Truth::UnknownInfo);
                    part.allows = part.allows.or(open);
                    part.denies = part.denies.or(open);
                }
            }
        }
        part.deny_only = !has_allow;
        if part.deny_only {
            part.allows = Truth::UnknownInfo;
        }
        part
    }
}

/// Whether the caller is eligible, and whether an undocumented form is what leaves it open.
///
/// A DENY that counts is a no. Else: no boundary that counts is no limit; of those that count one
/// must allow. A boundary of which it is open whether it counts is thought through both ways.
fn combine(parts: &[Part], hidden: bool) -> (Truth, bool) {
    let parts: Vec<Part> = parts
        .iter()
        .copied()
        .filter(|p| p.counts != Truth::No)
        .collect();
    let denied = parts
        .iter()
        .fold(Truth::No, |sum, p| sum.or(p.counts.and(p.denies)));
    if denied == Truth::Yes {
        return (Truth::No, false);
    }
    let certain = parts.iter().any(|p| p.counts == Truth::Yes);
    let allowed = parts
        .iter()
        .any(|p| p.counts == Truth::Yes && p.allows == Truth::Yes);
    let may_be_barred = !allowed && (certain || parts.iter().any(|p| p.allows != Truth::Yes));
    let may_be_let_in = !certain || hidden || parts.iter().any(|p| p.allows != Truth::No);
    let unknown = |list: &[Part]| {
        let info = list
            .iter()
            .any(|p| [p.counts, p.denies, p.allows].contains(&Truth::UnknownInfo));
        if info || hidden {
            Truth::UnknownInfo
        } else {
            Truth::UnknownConditional
        }
    };
    let union = match (may_be_barred, may_be_let_in) {
        (false, _) => Truth::Yes,
        (true, false) => Truth::No,
        (true, true) => unknown(&parts),
    };
    let union = if hidden {
        union.and(Truth::UnknownInfo)
    } else {
        union
    };
    let eligible = union.and(denied.negate());
    let undecided =
        !matches!(eligible, Truth::Yes | Truth::No) && parts.iter().any(|p| p.deny_only);
    (eligible, undecided)
}

fn words(
    judge: &Judge<'_>,
    applies: Truth,
    inside: &str,
    reaches: Truth,
    policy: Option<&BoundaryPolicy>,
    unread: Option<&str>,
    rules: &[Truth],
) -> String {
    let who = judge.caller.short();
    let what = judge.estate.label(&judge.on);
    if applies == Truth::No {
        return format!("It is not bound to {who}");
    }
    let Some(policy) = policy else {
        return format!(
            "The boundary policy could not be read: {}",
            unread.unwrap_or("it is bound, and is not known here")
        );
    };
    let version = policy
        .details
        .enforcement_version
        .as_deref()
        .filter(|v| !v.is_empty())
        .unwrap_or("latest");
    if reaches == Truth::No {
        return format!(
            "Its enforcement version {version} does not reach {}, so it stops nothing here",
            judge.permission
        );
    }
    let denied = policy
        .details
        .rules
        .iter()
        .zip(rules)
        .any(|(r, t)| r.effect == RuleEffect::Deny && *t == Truth::Yes);
    let allowed = policy
        .details
        .rules
        .iter()
        .zip(rules)
        .any(|(r, t)| r.effect == RuleEffect::Allow && *t == Truth::Yes);
    let open = rules.iter().any(|t| !matches!(t, Truth::Yes | Truth::No));
    let mut text = if denied {
        format!("It makes {what} ineligible for {who} by a DENY rule")
    } else if allowed {
        format!("It includes {what}, so {who} may reach it")
    } else if open {
        format!("Whether it includes {what} is not known")
    } else {
        format!("It does not include {what}")
    };
    if !matches!(applies, Truth::Yes) {
        text.push_str(&format!("; whether it is bound to {who} is not known"));
        if !inside.is_empty() {
            text.push_str(&format!(" ({inside})"));
        }
    }
    if !matches!(reaches, Truth::Yes) {
        text.push_str(&format!(
            "; whether its enforcement version {version} reaches {} is not known",
            judge.permission
        ));
    }
    text
}
