//! The closure of all callers against `reach` of each, over random estates of every kind of policy.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::generate;
use super::{at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::membership::canonical;
use crate::evaluate::reach::{
    Brings, CallerAccounts, CallerReach, Closure, StepsBy, closure, reach_by,
};
use crate::evaluate::{Outcome, Verdict, WayIn, reach};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal};

const NOW: &str = "2026-11-24T00:00:00Z";

/// What `reach` says of one caller.
struct One {
    certain: BTreeSet<String>,
    perhaps: BTreeSet<String>,
    fails: usize,
    complete: bool,
    not_read: Vec<String>,
}

impl One {
    fn of(
        rows: impl Iterator<Item = (String, Verdict, Outcome)>,
        complete: bool,
        not_read: Vec<String>,
    ) -> Self {
        let mut one = Self {
            certain: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            fails: 0,
            complete,
            not_read,
        };
        for (name, verdict, outcome) in rows {
            if verdict == Verdict::CanAccess {
                one.fails += usize::from(outcome == Outcome::WouldFail);
                one.certain.insert(name);
            } else {
                one.perhaps.insert(name);
            }
        }
        one
    }

    fn asked(estate: &Estate, caller: &Principal, by: &StepsBy) -> Self {
        match by {
            StepsBy::Permission(permission) => {
                let answer = reach(estate, caller, permission, at(NOW));
                let rows = answer.results.into_iter();
                let rows = rows.map(|r| (r.target.full_name(), r.verdict, r.outcome));
                Self::of(rows, answer.complete, answer.not_read)
            }
            StepsBy::Ways(ways) => {
                let answer = reach_by(estate, caller, &Brings::default(), ways, at(NOW));
                let rows = answer.results.into_iter();
                let rows = rows.map(|r| (r.name, r.verdict, r.outcome));
                Self::of(rows, answer.complete, answer.not_read)
            }
        }
    }
}

fn callers(estate: &Estate) -> BTreeSet<Principal> {
    let named = |text: String| canonical(estate, &principal(&text));
    let known = |one: &Principal| {
        let in_groups = estate
            .groups()
            .filter(|g| estate.group(&g.email).is_known());
        let in_groups = in_groups.flat_map(|g| &g.members);
        let mut members = estate.members().chain(in_groups);
        matches!(one, Principal::ServiceAccount(email) if estate.account(email).is_some())
            || members
                .any(|m| matches!(&m.member, Member::One(own) if canonical(estate, own) == *one))
    };
    generate::callers()
        .into_iter()
        .map(named)
        .filter(known)
        .collect()
}

/// All that a closure says of each caller is what `reach` says of it.
fn same(estate: &Estate, by: &StepsBy) -> Result<(), TestCaseError> {
    let all = closure(estate, by, at(NOW));
    let mut complete = true;
    for caller in callers(estate) {
        let one = One::asked(estate, &caller, by);
        complete &= one.complete;
        for name in &one.not_read {
            prop_assert!(
                all.not_read.contains(name),
                "{caller}: {name} and {:?}",
                all.not_read
            );
        }
        let Some(row) = all.results.iter().find(|row| row.caller == caller) else {
            prop_assert!(
                one.certain.is_empty() && one.perhaps.is_empty(),
                "{caller} has no row"
            );
            prop_assert!(
                one.complete || !all.not_read.is_empty() || estate.is_part(),
                "{caller}"
            );
            continue;
        };
        let (certain, perhaps) = listed(&all, row);
        prop_assert_eq!(&certain, &one.certain, "{} by {:?}", caller, by);
        prop_assert_eq!(&perhaps, &one.perhaps, "{} by {:?}", caller, by);
        prop_assert_eq!(row.certain, certain.len(), "{} by {:?}", caller, by);
        prop_assert_eq!(row.perhaps, perhaps.len(), "{} by {:?}", caller, by);
        prop_assert_eq!(row.fails, one.fails, "{} by {:?}", caller, by);
        prop_assert_eq!(
            row.complete,
            one.complete,
            "{} by {:?}: {:?}",
            caller,
            by,
            one.not_read
        );
    }
    prop_assert!(complete || !all.complete);
    Ok(())
}

fn listed(all: &Closure, row: &CallerReach) -> (BTreeSet<String>, BTreeSet<String>) {
    let own = all.accounts_of(row);
    let lists: BTreeMap<u32, CallerAccounts> = all.shared().into_iter().collect();
    let (mut certain, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
    let mut next = own.shared;
    while let Some(list) = next.and_then(|number| lists.get(&number)) {
        certain.extend(list.certain.iter().cloned());
        perhaps.extend(list.perhaps.iter().cloned());
        next = list.shared;
    }
    if let Some(without) = &own.without {
        certain.remove(without);
        perhaps.remove(without);
    }
    certain.extend(own.certain);
    perhaps.extend(own.perhaps);
    perhaps.retain(|name| !certain.contains(name));
    (certain, perhaps)
}

/// Where nothing that was read gives somebody anything, what may be bound to him is no reason for what is not known: of one
/// as of all.
#[test]
fn whom_only_what_was_not_read_may_let_in_has_the_same_reasons() {
    let email = "a0@p0.iam.gserviceaccount.com";
    let account = |project: &str, email: &str, id: &str| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    let file = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
        "folders": [{ "name": "folders/2", "parent": "organizations/1" }, { "name": "folders/3", "parent": "folders/2" }],
        "projects": [{ "name": "projects/30", "projectId": "p0", "parent": "folders/2" },
            { "name": "projects/31", "projectId": "p1", "parent": "folders/3" }],
        "serviceAccounts": [account("p0", email, "100"), account("p1", "b0@p1.iam.gserviceaccount.com", "102")],
        "iamPolicies": { "//cloudresourcemanager.googleapis.com/folders/3": { "version": 3, "bindings": [{
            "role": "roles/iam.serviceAccountTokenCreator", "members": ["allAuthenticatedUsers"],
            "condition": { "title": "t", "expression": "request.time <" } }] } },
        "unreadable": ["//cloudresourcemanager.googleapis.com/organizations/1"],
    });
    let caller = principal(&format!("serviceAccount:{email}"));
    for coverage in [Coverage::Whole, Coverage::Listed, Coverage::Partial] {
        let estate = from_value(&file, coverage);
        for permission in [GET_ACCESS_TOKEN, ACT_AS] {
            let asked = Permission::parse(permission).unwrap();
            let one = reach(&estate, &caller, &asked, at(NOW));
            let all = closure(&estate, &StepsBy::Permission(asked), at(NOW));
            assert!(!one.complete && !all.complete);
            for name in &one.not_read {
                assert!(all.not_read.contains(name), "{name} and {:?}", all.not_read);
            }
        }
    }
}

proptest! {
    #![proptest_config(generate::slow_cases(64))]

    #[test]
    fn a_closure_is_reach_of_each_caller(file in generate::estate()) {
        for coverage in [Coverage::Whole, Coverage::Listed, Coverage::Partial] {
            let estate = from_value(&file, coverage);
            for permission in [GET_ACCESS_TOKEN, ACT_AS, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION] {
                same(&estate, &StepsBy::Permission(Permission::parse(permission).unwrap()))?;
            }
        }
    }

    #[test]
    fn a_closure_by_kinds_is_reach_by_kinds_of_each_caller(file in generate::estate()) {
        for coverage in [Coverage::Whole, Coverage::Partial] {
            let estate = from_value(&file, coverage);
            let one = WayIn::ALL.map(|way| vec![way]).into_iter();
            for ways in one.chain([
                vec![WayIn::Token, WayIn::Delegation],
                vec![WayIn::Token, WayIn::Delegation, WayIn::ActAs, WayIn::Key],
                WayIn::ALL.to_vec(),
            ]) {
                same(&estate, &StepsBy::Ways(ways))?;
            }
        }
    }
}
