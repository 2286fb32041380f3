//! Shortest paths and cuts on random estates of every kind of policy: against `reach`, the quick check pair by pair,
//! and every smaller choice there is.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;

use super::generate::{self, ACCOUNTS};
use super::reach::ask as quick;
use super::{account, at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::reach::{
    BindingUnit, Brings, PathRequest, Separation, ShortestPaths, StepsBy, reach_by, separate,
    shortest_paths,
};
use crate::evaluate::{Truth, Verdict, WayIn, reach};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Permission, Resource};

const NOW: &str = "2026-11-24T00:00:00Z";

/// Of each estate a few of the callers, of another others: each pair is asked in many ways.
fn callers(file: &Value) -> Vec<String> {
    let first = file.to_string().len() % 6;
    let all = generate::callers().into_iter();
    all.skip(first).step_by(6).collect()
}

fn by(permission: &str) -> StepsBy {
    StepsBy::Permission(Permission::parse(permission).unwrap())
}

fn paths(estate: &Estate, caller: &str, email: &str, by: &StepsBy, all: bool) -> ShortestPaths {
    let (caller, target) = (principal(caller), account(email));
    let request = PathRequest {
        caller: &caller,
        brings: &Brings::default(),
        target: &target,
        by,
        time: at(NOW),
    };
    shortest_paths(estate, &request, all, 1_000)
}

fn cut(estate: &Estate, caller: &str, email: &str, by: &StepsBy) -> Separation {
    let (caller, target) = (principal(caller), account(email));
    let request = PathRequest {
        caller: &caller,
        brings: &Brings::default(),
        target: &target,
        by,
        time: at(NOW),
    };
    separate(estate, &request)
}

/// The names on a path.
fn names(found: &ShortestPaths, path: &[usize]) -> Vec<String> {
    let first = found.steps_of(path).next().map(|step| step.from.clone());
    let rest = found.steps_of(path).map(|step| step.to.clone());
    first.into_iter().chain(rest).collect()
}

fn id_of(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((rest, email)) if rest.ends_with("/serviceAccounts") => {
            format!("serviceAccount:{email}")
        }
        _ => name.to_owned(),
    }
}

/// Every way of the fewest certain steps to an access token, by asking pair after pair.
fn by_pairs(estate: &Estate, caller: &str, target: &str) -> BTreeSet<Vec<String>> {
    let yes =
        |from: &str, permission: &str, to: &str| quick(estate, from, permission, to) == Truth::Yes;
    let mut seen: BTreeSet<String> = BTreeSet::from([caller.to_owned()]);
    let mut layer: BTreeSet<Vec<String>> = BTreeSet::from([vec![caller.to_owned()]]);
    while !layer.is_empty() {
        let ends: BTreeSet<Vec<String>> = layer
            .iter()
            .filter(|way| {
                let back = way.len() > 1 && caller == format!("serviceAccount:{target}");
                !back && yes(way.last().unwrap(), GET_ACCESS_TOKEN, target)
            })
            .map(|way| [way.as_slice(), &[format!("serviceAccount:{target}")]].concat())
            .collect();
        if !ends.is_empty() {
            return ends;
        }
        let mut next = BTreeSet::new();
        for way in &layer {
            for (email, _) in ACCOUNTS {
                let id = format!("serviceAccount:{email}");
                let from = way.last().unwrap();
                let leads =
                    yes(from, GET_ACCESS_TOKEN, email) || yes(from, IMPLICIT_DELEGATION, email);
                if leads && !seen.contains(&id) && !estate.account(email).unwrap().disabled {
                    next.insert([way.as_slice(), &[id]].concat());
                }
            }
        }
        seen.extend(next.iter().map(|way| way.last().unwrap().clone()));
        layer = next;
    }
    BTreeSet::new()
}

proptest! {
    #![proptest_config(generate::cases(2))]

    #[test]
    fn a_path_is_as_reach_and_each_pair_say(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for caller in callers(&file) {
            for permission in [GET_ACCESS_TOKEN, ACT_AS, GET_OPEN_ID_TOKEN] {
                let asked = Permission::parse(permission).unwrap();
                let whole = reach(&estate, &principal(&caller), &asked, at(NOW));
                for (email, _) in ACCOUNTS {
                    let found = paths(&estate, &caller, email, &by(permission), false);
                    let row = whole.results.iter().find(|r| r.target.id() == email);
                    let told = format!("{caller} to {email} by {permission}: {found:?} and {row:?}");
                    let certain = row.is_some_and(|r| r.verdict == Verdict::CanAccess);
                    prop_assert_eq!(found.verdict == Verdict::CanAccess, certain, "{}", told);
                    let length = found.paths.first().map(Vec::len);
                    if let Some(row) = row {
                        let steps = row.trail.path().len() - 1;
                        prop_assert!(length.is_some_and(|l| l <= steps), "{told}");
                        prop_assert!(!certain || length == Some(steps), "{told}");
                        if certain {
                            prop_assert_eq!(row.outcome, found.outcome, "{}", told);
                        }
                    }
                    let direct = quick(&estate, &caller, permission, email);
                    if length.is_none() {
                        prop_assert!(direct == Truth::No || !found.complete, "{told}: {direct:?}");
                        let no = if found.complete { Verdict::CannotAccess } else { Verdict::UnknownInfo };
                        prop_assert_eq!(found.verdict, no, "{}", told);
                    }
                    // Each step by itself is what the quick check says of it.
                    for step in found.paths.iter().flat_map(|path| found.steps_of(path)) {
                        let to = step.to.rsplit('/').next().unwrap();
                        let each = step.edges.iter().map(|way| quick(&estate, &id_of(&step.from), way.permission(), to));
                        let best = each.fold(Truth::No, Truth::or);
                        prop_assert_eq!(Truth::from(step.verdict), best, "{}", told);
                        prop_assert!(!step.via.is_empty(), "{told}");
                    }
                }
            }
        }
    }

    #[test]
    fn all_paths_are_those_that_asking_pair_after_pair_finds(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for caller in callers(&file) {
            for (email, _) in ACCOUNTS {
                let found = paths(&estate, &caller, email, &by(GET_ACCESS_TOKEN), true);
                let told: Vec<Vec<String>> = found.paths.iter().map(|path| names(&found, path)).collect();
                let one = paths(&estate, &caller, email, &by(GET_ACCESS_TOKEN), false);
                let first = one.paths.first().map(|path| names(&one, path));
                prop_assert_eq!(told.first(), first.as_ref(), "{} to {}", caller, email);
                prop_assert_eq!(found.total, told.len() as u64);
                if found.verdict == Verdict::CanAccess {
                    let ids: BTreeSet<Vec<String>> =
                        told.iter().map(|path| path.iter().map(|n| id_of(n)).collect()).collect();
                    prop_assert_eq!(ids.len(), told.len(), "each once");
                    prop_assert_eq!(ids, by_pairs(&estate, &caller, email), "{} to {}", caller, email);
                }
            }
        }
    }

    #[test]
    fn a_path_by_kinds_is_as_reach_by_them(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        let sets: [&[WayIn]; 3] = [
            &WayIn::ALL,
            &[WayIn::Token, WayIn::Delegation, WayIn::IdToken],
            &[WayIn::IdToken, WayIn::ActAs, WayIn::ProjectPolicy],
        ];
        for caller in callers(&file) {
            for ways in sets {
                let whole = reach_by(&estate, &principal(&caller), &Brings::default(), ways, at(NOW));
                for (email, _) in ACCOUNTS {
                    let found = paths(&estate, &caller, email, &StepsBy::Ways(ways.to_vec()), false);
                    let row = whole.results.iter().find(|r| r.target.as_ref().is_some_and(|t| t.id() == email));
                    let told = format!("{caller} to {email} by {ways:?}: {found:?} and {row:?}");
                    let certain = row.is_some_and(|r| r.verdict == Verdict::CanAccess);
                    prop_assert_eq!(found.verdict == Verdict::CanAccess, certain, "{}", told);
                    let length = found.paths.first().map(Vec::len);
                    match row {
                        Some(row) if certain => prop_assert_eq!(length, Some(row.trail.path().len() - 1), "{}", told),
                        Some(_) => prop_assert!(length.is_some(), "{told}"),
                        None => prop_assert!(length.is_none() || !whole.complete, "{told}"),
                    }
                }
            }
        }
    }
}

/// The file without some bindings.
fn without(file: &Value, units: &[BindingUnit]) -> Value {
    let mut file = file.clone();
    for unit in units {
        let policy = &mut file["iamPolicies"][unit.resource.full_name()];
        for binding in policy["bindings"].as_array_mut().unwrap() {
            let condition = unit
                .condition
                .as_ref()
                .map(|c| serde_json::to_value(&**c).unwrap());
            if binding["role"] == *unit.role && binding.get("condition") == condition.as_ref() {
                let members = binding["members"].as_array_mut().unwrap();
                members.retain(|member| *member != *unit.member);
            }
        }
    }
    file
}

/// Every member of every binding.
fn units(estate: &Estate) -> Vec<BindingUnit> {
    let mut all = BTreeSet::new();
    for (resource, policy) in estate.policies() {
        for binding in &policy.bindings {
            all.extend(binding.members.iter().map(|member| BindingUnit {
                resource: resource.clone(),
                role: binding.role.clone(),
                member: member.text.clone(),
                condition: binding.condition.clone(),
            }));
        }
    }
    all.into_iter().collect()
}

fn is_joined(file: &Value, caller: &str, email: &str, by: &StepsBy) -> bool {
    let estate = from_value(file, Coverage::Whole);
    !paths(&estate, caller, email, by, false).paths.is_empty()
}

/// Whether so few bindings would do, by trying every choice of them.
fn would_do(
    file: &Value,
    all: &[BindingUnit],
    few: usize,
    joined: &dyn Fn(&Value) -> bool,
) -> bool {
    if few == 0 {
        return !joined(file);
    }
    let each = all.iter().enumerate();
    let mut tried = each.map(|(at, unit)| (at, without(file, std::slice::from_ref(unit))));
    tried.any(|(at, less)| would_do(&less, &all[at + 1..], few - 1, joined))
}

fn check(file: &Value, by: &StepsBy, most: usize) -> Result<(), TestCaseError> {
    let estate = from_value(file, Coverage::Whole);
    let all = units(&estate);
    // Who is in a group hangs on no binding, but where it holds whoever has a role.
    let plain = !file["groups"].to_string().contains("projectOwner");
    for caller in callers(file) {
        for (email, _) in ACCOUNTS {
            let found = cut(&estate, &caller, email, by);
            let told = format!("{caller} to {email} by {by:?}: {found:?}");
            if matches!(by, StepsBy::Ways(_)) && found.itself {
                prop_assert_eq!(&found.cut, &None, "{}", told);
                continue;
            }
            let separation = found.cut.as_ref();
            prop_assert!(separation.is_some() && !found.bounded, "{told}");
            let cut = separation.unwrap();
            let less = without(file, &cut.units);
            let joined = |file: &Value| is_joined(file, &caller, email, by);
            prop_assert!(!joined(&less), "{told}");
            if let StepsBy::Permission(asked) = by {
                let after = from_value(&less, Coverage::Whole);
                let direct = quick(&after, &caller, asked.as_str(), email);
                prop_assert!(
                    direct == Truth::No || (direct != Truth::Yes && !found.complete),
                    "{told}: {direct:?}"
                );
                let reached = reach(&after, &principal(&caller), asked, at(NOW)).results;
                prop_assert!(!reached.iter().any(|r| r.target.id() == email), "{told}");
            }
            prop_assert!(!plain || cut.is_minimum(), "{told}");
            let size = cut.units.len();
            prop_assert_eq!(size == 0, !joined(file), "{}", told);
            if size > 1 && size <= most {
                let fewer = would_do(file, &all, size - 1, &joined);
                prop_assert!(!fewer || !cut.is_minimum(), "{told}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(generate::cases(2))]

    /// By trying everything smaller, where that is not too much.
    #[test]
    fn a_cut_separates_and_no_smaller_one_does(file in generate::estate()) {
        check(&file, &by(GET_ACCESS_TOKEN), 2)?;
        check(&file, &by(ACT_AS), 1)?;
    }

    #[test]
    fn a_cut_by_kinds_separates_and_no_smaller_one_does(file in generate::estate()) {
        check(&file, &StepsBy::Ways(WayIn::ALL.to_vec()), 1)?;
        check(&file, &StepsBy::Ways(vec![WayIn::Token, WayIn::RoleEdit, WayIn::IdToken]), 2)?;
    }
}

fn sa(name: &str) -> String {
    format!("{name}@p.iam.gserviceaccount.com")
}

/// One project with some accounts, in which these have a role on these; nobody else is there.
fn small(grants: &[(&str, &str, &str)]) -> Estate {
    from_value(&small_file(grants), Coverage::Whole)
}

fn small_file(grants: &[(&str, &str, &str)]) -> Value {
    let accounts = ["a", "b", "c", "d", "t"];
    let accounts = accounts.iter().enumerate().map(|(i, name)| {
        serde_json::json!({ "name": format!("projects/p/serviceAccounts/{}", sa(name)), "email": sa(name),
            "projectId": "p", "uniqueId": format!("{i}") })
    });
    let mut policies: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (on, role, member) in grants {
        let on = match *on {
            "project" => "//cloudresourcemanager.googleapis.com/projects/p".to_owned(),
            name => format!(
                "//iam.googleapis.com/projects/p/serviceAccounts/{}",
                sa(name)
            ),
        };
        let member = match *member {
            name if name.len() == 1 => format!("serviceAccount:{}", sa(name)),
            other => other.to_owned(),
        };
        let binding = serde_json::json!({ "role": role, "members": [member] });
        policies.entry(on).or_default().push(binding);
    }
    let policies = policies.into_iter();
    let policies: serde_json::Map<String, Value> = policies
        .map(|(on, bindings)| (on, serde_json::json!({ "bindings": bindings })))
        .collect();
    serde_json::json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
        "projects": [{ "name": "projects/3", "projectId": "p", "parent": "organizations/1" }],
        "serviceAccounts": accounts.collect::<Vec<Value>>(),
        "groups": [{ "email": "g@example.com", "members": ["user:ana@example.com"] }],
        "iamPolicies": policies,
    })
}

const TOKEN: &str = "roles/iam.serviceAccountTokenCreator";
const ANA: &str = "user:ana@example.com";

fn removed(found: &Separation) -> Vec<(Resource, String, String)> {
    let units = found.cut.as_ref().unwrap().units.iter();
    units
        .map(|unit| {
            (
                unit.resource.clone(),
                unit.role.to_string(),
                unit.member.to_string(),
            )
        })
        .collect()
}

/// Four ways between, and one binding that all of them need: no cut of edges is as small.
#[test]
fn one_binding_that_opens_many_steps_is_removed_once() {
    let estate = small(&[
        ("project", TOKEN, "group:g@example.com"),
        ("t", TOKEN, "a"),
        ("t", TOKEN, "b"),
        ("t", TOKEN, "c"),
    ]);
    let found = cut(&estate, ANA, &sa("t"), &by(GET_ACCESS_TOKEN));
    assert!(found.cut.as_ref().unwrap().is_minimum() && found.complete);
    let on = Resource::project("p");
    assert_eq!(
        removed(&found),
        [(on, TOKEN.to_owned(), "group:g@example.com".to_owned())]
    );
}

/// Whoever is in by `projectOwner` is out by losing Owner, however many bindings name that.
#[test]
fn the_role_that_a_set_stands_for_is_removed_once() {
    let estate = small(&[
        ("project", "roles/owner", ANA),
        ("a", TOKEN, "projectOwner:p"),
        ("b", TOKEN, "projectOwner:p"),
        ("t", TOKEN, "a"),
        ("t", TOKEN, "b"),
        ("t", TOKEN, "projectOwner:p"),
    ]);
    let found = cut(&estate, ANA, &sa("t"), &by(GET_ACCESS_TOKEN));
    assert!(found.cut.as_ref().unwrap().is_minimum());
    let owner = ("roles/owner".to_owned(), ANA.to_owned());
    assert_eq!(
        removed(&found),
        [(Resource::project("p"), owner.0, owner.1)]
    );
}

/// A narrow binding is removed rather than a broad one, where one does.
#[test]
fn the_narrowest_of_the_smallest_is_taken() {
    let estate = small(&[("project", TOKEN, "a"), ("a", TOKEN, ANA)]);
    let found = cut(&estate, ANA, &sa("t"), &by(GET_ACCESS_TOKEN));
    let on = estate.resolve(&account(&sa("a"))).exists().unwrap();
    assert_eq!(removed(&found), [(on, TOKEN.to_owned(), ANA.to_owned())]);
}
