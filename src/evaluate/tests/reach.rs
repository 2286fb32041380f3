//! `who`, `reach` and the graph: against the quick check pair by pair, and on the stories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::generate::{self, ACCOUNTS};
use super::{account, at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::membership::canonical;
use crate::evaluate::reach::{EdgeKind, NodeKind};
use crate::evaluate::{Truth, Verdict, graph, may, reach, who};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal, Resource};

const NOW: &str = "2026-11-24T00:00:00Z";

fn ask(estate: &Estate, caller: &str, permission: &str, email: &str) -> Truth {
    let target = estate.resolve(&account(email)).exists().unwrap();
    may(estate, &principal(caller), permission, &target, at(NOW))
}

fn word(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::CanAccess => Truth::Yes,
        Verdict::CannotAccess => Truth::No,
        Verdict::UnknownInfo => Truth::UnknownInfo,
        Verdict::UnknownConditional => Truth::UnknownConditional,
    }
}

/// Whether a set that stands for itself may hold the caller: everything but a plain mismatch.
fn may_hold(set: &str, caller: &str) -> bool {
    match (Member::parse_v1(set), principal(caller)) {
        (Member::Domain(domain), Principal::User(email)) => email.ends_with(&format!("@{domain}")),
        (Member::Domain(_), _) => false,
        (Member::AllAuthenticatedUsers, p) => !p.is_federated(),
        _ => true,
    }
}

/// Whether a set certainly holds the caller.
fn holds(set: &str, caller: &str) -> bool {
    let caller = principal(caller);
    match Member::parse_v1(set) {
        Member::AllUsers => true,
        Member::AllAuthenticatedUsers => !caller.is_federated(),
        Member::Domain(domain) => {
            matches!(&caller, Principal::User(email) if email.ends_with(&format!("@{domain}")))
        }
        Member::PoolAll(pool) => {
            matches!(&caller, Principal::Federated { pool: own, .. } if *own == pool)
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(generate::cases(64))]

    #[test]
    fn who_agrees_with_the_quick_check(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for (email, _) in ACCOUNTS {
            let answer = who(&estate, &account(email), &Permission::get_access_token(), at(NOW));
            let told: BTreeMap<&str, Truth> =
                answer.results.iter().map(|r| (r.principal.as_str(), word(r.verdict))).collect();
            prop_assert_eq!(told.len(), answer.results.len(), "each once");
            for caller in generate::callers() {
                let one = ask(&estate, &caller, GET_ACCESS_TOKEN, email);
                let sets_say_yes = told.iter().any(|(s, v)| *v == Truth::Yes && holds(s, &caller));
                // A set's row is silent about organizations that are not known, where some of it belong.
                let nowhere = caller == generate::STRANGER && one == Truth::UnknownInfo;
                prop_assert!(!sets_say_yes || one == Truth::Yes || nowhere, "{caller} on {email}: {one:?}, and a set of it has access");
                // Of an identity's several names `who` tells one.
                let name = canonical(&estate, &principal(&caller)).to_string();
                match told.get(name.as_str()) {
                    Some(verdict) => prop_assert_eq!(*verdict, one, "{} on {}", caller, email),
                    None => {
                        let sets: Vec<_> = told.iter().filter(|(s, _)| may_hold(s, &caller)).collect();
                        prop_assert!(one != Truth::Yes || !sets.is_empty(), "{caller} on {email} is missing");
                        prop_assert!(
                            one == Truth::No || !answer.complete || sets.iter().any(|(s, _)| !s.starts_with("serviceAccount:")),
                            "{caller} on {email} may, and the answer says it is complete"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn reach_agrees_with_the_quick_check(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for caller in generate::callers() {
            for permission in [GET_ACCESS_TOKEN, ACT_AS, GET_OPEN_ID_TOKEN] {
                let answer = reach(&estate, &principal(&caller), &Permission::parse(permission).unwrap(), at(NOW));
                let certain = closure(&estate, &caller, permission);
                for (email, _) in ACCOUNTS {
                    let found = answer.results.iter().find(|r| r.target.id() == email);
                    let direct = ask(&estate, &caller, permission, email);
                    match found {
                        Some(r) if r.path.len() == 2 => {
                            prop_assert_eq!(word(r.verdict), direct, "{} to {}", caller, email);
                        }
                        Some(r) => {
                            prop_assert!(direct != Truth::Yes, "{caller} to {email} needs no chain");
                            prop_assert_eq!(r.via.len() + 1, r.path.len());
                        }
                        None => {
                            prop_assert!(direct != Truth::Yes, "{caller} to {email} is missing");
                            prop_assert!(direct == Truth::No || !answer.complete, "{caller} to {email}: {direct:?}");
                        }
                    }
                    let told = found.is_some_and(|r| r.verdict == Verdict::CanAccess);
                    prop_assert_eq!(told, certain.contains(email), "{} to {} by {}", caller, email, permission);
                }
            }
        }
    }
}

/// What a caller certainly gets to, by asking pair after pair.
fn closure(estate: &Estate, caller: &str, permission: &str) -> BTreeSet<&'static str> {
    let yes =
        |from: &str, permission: &str, to: &str| ask(estate, from, permission, to) == Truth::Yes;
    let delegable = permission != ACT_AS;
    // (identity, whether its token is held)
    let mut known: BTreeSet<(String, bool)> = BTreeSet::from([(caller.to_owned(), true)]);
    loop {
        let mut next = known.clone();
        for (from, _) in &known {
            for (email, _) in ACCOUNTS {
                let id = format!("serviceAccount:{email}");
                if id == caller || estate.account(email).unwrap().disabled {
                    continue;
                }
                if yes(from, GET_ACCESS_TOKEN, email) {
                    next.insert((id.clone(), true));
                }
                if yes(from, IMPLICIT_DELEGATION, email) {
                    next.insert((id, delegable));
                }
            }
        }
        if next == known {
            break;
        }
        known = next;
    }
    ACCOUNTS
        .iter()
        .map(|(email, _)| *email)
        .filter(|email| {
            known.iter().any(|(from, token)| {
                *token
                    && (from == caller || format!("serviceAccount:{email}") != caller)
                    && yes(from, permission, email)
            })
        })
        .collect()
}

fn story(name: &str) -> Estate {
    let text = super::stories::files()
        .into_iter()
        .find(|(n, _)| *n == name)
        .unwrap()
        .1;
    super::estate(text)
}

#[test]
fn a_chain_is_told_with_its_hops() {
    let estate = super::estate(
        r#"{"organizations": [{"name": "organizations/1", "displayName": "example.com"}],
        "projects": [{"name": "projects/1", "projectId": "p"}],
        "serviceAccounts": [
          {"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "email": "a@p.iam.gserviceaccount.com", "projectId": "p"},
          {"name": "projects/p/serviceAccounts/b@p.iam.gserviceaccount.com", "email": "b@p.iam.gserviceaccount.com", "projectId": "p"}],
        "roles": [{"name": "projects/p/roles/delegate", "stage": "GA", "includedPermissions": ["iam.serviceAccounts.implicitDelegation"]}],
        "iamPolicies": {
          "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com": {"bindings": [{"role": "projects/p/roles/delegate", "members": ["user:ana@example.com"]}]},
          "projects/p/serviceAccounts/b@p.iam.gserviceaccount.com": {"bindings": [
            {"role": "roles/iam.serviceAccountTokenCreator", "members": ["serviceAccount:a@p.iam.gserviceaccount.com"]},
            {"role": "roles/iam.serviceAccountUser", "members": ["serviceAccount:a@p.iam.gserviceaccount.com"]}]}}}"#,
    );
    let ana = principal("user:ana@example.com");
    let answer = reach(&estate, &ana, &Permission::get_access_token(), at(NOW));
    let [one] = answer.results.as_slice() else {
        panic!("{answer:?}");
    };
    assert!(answer.complete);
    assert_eq!(
        one.path,
        [
            "user:ana@example.com",
            "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
            "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com"
        ]
    );
    let hops: Vec<(&str, &str)> = one
        .via
        .iter()
        .map(|v| (&*v.role, v.permission.as_str()))
        .collect();
    assert_eq!(
        hops,
        [
            ("projects/p/roles/delegate", IMPLICIT_DELEGATION),
            ("roles/iam.serviceAccountTokenCreator", GET_ACCESS_TOKEN)
        ]
    );
    // A delegate's token is not held, and actAs takes no delegates.
    let act_as = reach(&estate, &ana, &Permission::parse(ACT_AS).unwrap(), at(NOW));
    assert_eq!(act_as.results, []);
}

#[test]
fn groups_are_listed_with_the_way_through_them() {
    let answer = who(
        &story("group"),
        &account("bq-privileged@data-vault.iam.gserviceaccount.com"),
        &Permission::get_access_token(),
        at(NOW),
    );
    assert!(answer.complete);
    let one = answer
        .results
        .iter()
        .find(|r| r.principal == "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com")
        .unwrap();
    assert_eq!(one.verdict, Verdict::CanAccess);
    assert_eq!(
        one.path,
        [
            "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com",
            "group:data-robots@example.com",
            "group:data-users@example.com",
            "//iam.googleapis.com/projects/data-vault/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com"
        ]
    );
    assert_eq!(&*one.via[0].member, "group:data-users@example.com");
}

#[test]
fn the_graph_joins_members_groups_levels_and_accounts() {
    let answer = graph(
        &story("inherited"),
        &Permission::get_access_token(),
        at(NOW),
    );
    let folder = "//cloudresourcemanager.googleapis.com/folders/2002";
    let caller = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
    let grant = answer
        .edges
        .iter()
        .find(|e| e.from == caller && e.to == folder)
        .unwrap();
    assert!(matches!(
        &grant.kind,
        EdgeKind::Grant { role, resource, conditional: false, holds: Truth::Yes }
            if &**role == "roles/iam.serviceAccountTokenCreator"
                && *resource == Resource::parse("folders/2002").unwrap()
    ));
    assert!(answer.edges.iter().any(|e| {
        e.kind == EdgeKind::Contains
            && e.to == "serviceAccount:bq-privileged@data-vault.iam.gserviceaccount.com"
    }));
    let ids: BTreeSet<&str> = answer.nodes.iter().map(|n| n.id.as_str()).collect();
    assert!(
        answer
            .edges
            .iter()
            .all(|e| ids.contains(&*e.from) && ids.contains(&*e.to))
    );
    assert!(
        answer
            .nodes
            .iter()
            .any(|n| n.kind == NodeKind::Folder && n.label == "data")
    );
    assert!(answer.complete);
}

/// A federated identity that is named for itself is not in doubt by a group of unknown members.
#[test]
fn a_group_of_unknown_members_leaves_a_federated_identity_out() {
    let pool = "iam.googleapis.com/projects/30/locations/global/workloadIdentityPools/gh";
    let caller = format!("principal://{pool}/subject/s");
    let email = "a0@p0.iam.gserviceaccount.com";
    let past = serde_json::json!({ "title": "t",
        "expression": "request.time < timestamp('2020-01-01T00:00:00Z')" });
    let role = "roles/iam.serviceAccountTokenCreator";
    let file = serde_json::json!({
        "projects": [{ "name": "projects/30", "projectId": "p0" }],
        "serviceAccounts": [{ "name": format!("projects/p0/serviceAccounts/{email}"), "email": email,
            "projectId": "p0", "uniqueId": "100" }],
        "groups": [{ "email": "g@example.com", "members": ["robot:from-the-future"] }],
        "iamPolicies": { format!("//iam.googleapis.com/projects/p0/serviceAccounts/{email}"): { "bindings": [
            { "role": role, "members": [caller], "condition": past },
            { "role": role, "members": ["group:g@example.com"] }] } }
    });
    let estate = from_value(&file, Coverage::Whole);
    let answer = who(
        &estate,
        &account(email),
        &Permission::get_access_token(),
        at(NOW),
    );
    assert_eq!(ask(&estate, &caller, GET_ACCESS_TOKEN, email), Truth::No);
    assert!(
        !answer.results.iter().any(|r| r.principal == caller),
        "{answer:?}"
    );
}
