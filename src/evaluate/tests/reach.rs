//! `who`, `reach` and the graph: against the quick check pair by pair, and on the stories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::generate::{self, ACCOUNTS};
use super::{account, at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::membership::canonical;
use crate::evaluate::reach::{EdgeKind, NodeKind, TakenAway, WhoOfEach};
use crate::evaluate::{Outcome, Truth, Verdict, belongs, graph, may, reach, who};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal, Resource};

const NOW: &str = "2026-11-24T00:00:00Z";

pub(super) fn ask(estate: &Estate, caller: &str, permission: &str, email: &str) -> Truth {
    let target = estate.resolve(&account(email)).exists().unwrap();
    may(estate, &principal(caller), permission, &target, at(NOW))
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

/// Whether the caller is among those whom a rule takes out of a set, or may be.
fn names(estate: &Estate, taken: &TakenAway, caller: &str) -> bool {
    let caller = principal(caller);
    let among = |list: &[String]| {
        let each = list
            .iter()
            .map(|text| belongs(estate, &caller, &Member::parse_v2(text)));
        each.fold(Truth::No, Truth::or)
    };
    taken.principals.is_empty()
        || among(&taken.principals).and(among(&taken.but).negate()) != Truth::No
}

proptest! {
    #![proptest_config(generate::cases(64))]

    #[test]
    fn who_agrees_with_the_quick_check(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for (email, _) in ACCOUNTS {
            let answer = who(&estate, &account(email), &Permission::get_access_token(), at(NOW));
            let told: BTreeMap<&str, Truth> =
                answer.results.iter().map(|r| (&*r.principal, Truth::from(r.verdict))).collect();
            prop_assert_eq!(told.len(), answer.results.len(), "each once");
            for caller in generate::callers() {
                let one = ask(&estate, &caller, GET_ACCESS_TOKEN, email);
                // A set's row says who of it is shut out.
                let shut_out = |set: &str| {
                    let row = answer.results.iter().find(|r| &*r.principal == set);
                    row.is_some_and(|r| r.except.iter().any(|taken| names(&estate, taken, &caller)))
                };
                let sets_say_yes =
                    told.iter().any(|(s, v)| *v == Truth::Yes && holds(s, &caller) && !shut_out(s));
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

    /// Over ground worked out once, each account has the holders that it has when it is asked about alone.
    #[test]
    fn who_of_each_is_who(file in generate::estate()) {
        let permission = Permission::get_access_token();
        for coverage in [Coverage::Whole, Coverage::Partial] {
            let estate = from_value(&file, coverage);
            let mut each = WhoOfEach::new(&estate, &permission, at(NOW));
            for account in estate.accounts() {
                let target = Resource::account(&account.project_id, &account.email);
                let alone = who(&estate, &target, &permission, at(NOW));
                let found = each.of(account);
                let brief: Vec<_> = found.holders.iter().map(|h| (h.principal.clone(), h.verdict, h.in_part)).collect();
                let same: Vec<_> = alone.results.iter().map(|h| (h.principal.clone(), h.verdict, !h.except.is_empty())).collect();
                prop_assert_eq!(brief, same, "{}", account.email);
                prop_assert_eq!(found.complete, alone.complete, "{}: {:?}", account.email, alone.not_read);
                for (one, whole) in found.holders.iter().zip(&alone.results) {
                    let outcome = if found.is_off { Outcome::WouldFail } else { one.outcome };
                    prop_assert_eq!(outcome, whole.outcome, "{} on {}", one.principal, account.email);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(generate::slow_cases(64))]

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
                        Some(r) if r.trail.path().len() == 2 => {
                            prop_assert_eq!(Truth::from(r.verdict), direct, "{} to {}", caller, email);
                        }
                        Some(r) => {
                            prop_assert!(direct != Truth::Yes, "{caller} to {email} needs no chain");
                            prop_assert_eq!(r.trail.via().len() + 1, r.trail.path().len());
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
pub(super) fn closure(estate: &Estate, caller: &str, permission: &str) -> BTreeSet<&'static str> {
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
        one.trail.path(),
        [
            "user:ana@example.com",
            "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
            "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com"
        ]
    );
    let via = one.trail.via();
    let hops: Vec<(&str, &str)> = via
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
        .find(|r| &*r.principal == "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com")
        .unwrap();
    assert_eq!(one.verdict, Verdict::CanAccess);
    assert_eq!(
        one.path.iter().map(|name| &**name).collect::<Vec<&str>>(),
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
        EdgeKind::Grant { role, resource, conditional: false, holds: Truth::Yes, .. }
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
        !answer.results.iter().any(|r| *r.principal == *caller),
        "{answer:?}"
    );
}

/// What `who` says of the sets that are granted something on `a`, with these lists beside.
fn sets(
    members: &[&str],
    beside: serde_json::Value,
) -> (Vec<(String, Verdict, Vec<String>)>, bool) {
    let email = "a@p.iam.gserviceaccount.com";
    let estate = granting(email, members, &beside);
    let answer = who(
        &estate,
        &account(email),
        &Permission::get_access_token(),
        at(NOW),
    );
    let row = |holder: crate::evaluate::reach::Holder| {
        let except = holder.except.iter();
        let except = except.map(|taken| {
            let sure = if taken.certain { "" } else { "? " };
            format!(
                "{sure}{} but {}",
                taken.principals.join(" "),
                taken.but.join(" ")
            )
        });
        (
            holder.principal.to_string(),
            holder.verdict,
            except.collect(),
        )
    };
    (
        answer.results.into_iter().map(row).collect(),
        answer.complete,
    )
}

/// An account that is granted to these, with these lists beside.
fn granting(email: &str, members: &[&str], beside: &serde_json::Value) -> Estate {
    let mut file = serde_json::json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C1" }],
        "projects": [{ "name": "projects/3", "projectId": "p", "parent": "organizations/1" }],
        "serviceAccounts": [{ "name": format!("projects/p/serviceAccounts/{email}"), "email": email,
            "projectId": "p", "uniqueId": "1" }],
        "iamPolicies": { format!("//iam.googleapis.com/projects/p/serviceAccounts/{email}"): { "bindings": [
            { "role": "roles/iam.serviceAccountTokenCreator", "members": members }] } }
    });
    for (key, list) in beside.as_object().unwrap() {
        file[key] = list.clone();
    }
    from_value(&file, Coverage::Whole)
}

fn denied(principals: &[&str], but: &[&str]) -> serde_json::Value {
    serde_json::json!({ "denyPolicies": [{
        "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
        "rules": [{ "denyRule": { "deniedPrincipals": principals, "exceptionPrincipals": but,
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }] })
}

const POOL: &str =
    "principalSet://iam.googleapis.com/projects/3/locations/global/workloadIdentityPools/gh";

#[test]
fn a_set_that_is_granted_can() {
    let of_pool = format!("{POOL}/*");
    let by_repository = format!("{POOL}/attribute.repository/o/r");
    let granted = [
        "allUsers",
        "allAuthenticatedUsers",
        "domain:example.com",
        &of_pool,
        &by_repository,
    ];
    let (rows, complete) = sets(&granted, serde_json::json!({}));
    assert_eq!(rows.len(), granted.len(), "{rows:?}");
    for (principal, verdict, except) in rows {
        assert_eq!(
            (verdict, except.len()),
            (Verdict::CanAccess, 0),
            "{principal}"
        );
    }
    assert!(complete);
    // Whose organization nobody here has seen, and what is bound there.
    let (rows, complete) = sets(&["domain:elsewhere.com"], serde_json::json!({}));
    assert_eq!(rows[0].1, Verdict::UnknownInfo);
    assert!(!complete);
}

#[test]
fn a_set_says_who_of_it_is_denied() {
    let ana = "principal://goog/subject/ana@example.com";
    let bob = "principal://goog/subject/bob@elsewhere.com";
    let group = "principalSet://goog/group/g@example.com";
    let everybody = "principalSet://goog/public:all";
    let customer = "principalSet://goog/cloudIdentityCustomerId/C1";
    let stranger = "principalSet://goog/cloudIdentityCustomerId/C9";
    let of_pool = format!("{POOL}/*");
    let (can, unknown) = (Some(Verdict::CanAccess), Some(Verdict::UnknownInfo));
    type Case<'a> = (
        &'a str,
        &'a [&'a str],
        &'a [&'a str],
        Option<Verdict>,
        usize,
    );
    let cases: [Case<'_>; 14] = [
        ("allUsers", &[ana], &[], can, 1),
        ("allUsers", &[group], &[], can, 1),
        ("allUsers", &[customer], &[], can, 1),
        ("allUsers", &[everybody], &[], None, 0),
        // The set as a set has nothing left but those who are named.
        ("allUsers", &[everybody], &[ana], unknown, 1),
        ("allAuthenticatedUsers", &[&of_pool], &[], can, 0),
        ("domain:example.com", &[ana, bob], &[], can, 1),
        ("domain:example.com", &[bob], &[], can, 0),
        ("domain:example.com", &[customer], &[], None, 0),
        ("domain:example.com", &[everybody], &[customer], can, 0),
        ("domain:example.com", &[stranger], &[], can, 0),
        ("domain:example.com", &[group], &[], can, 1),
        (&of_pool, &[group, customer], &[], can, 0),
        (&of_pool, &[everybody], &[], None, 0),
    ];
    for (set, principals, but, verdict, except) in cases {
        let (rows, _) = sets(&[set], denied(principals, but));
        let told = rows
            .first()
            .map(|(_, verdict, except)| (*verdict, except.len()));
        assert_eq!(
            told,
            verdict.map(|v| (v, except)),
            "{set} without {principals:?} but {but:?}: {rows:?}"
        );
    }
    let (rows, _) = sets(&["domain:example.com"], denied(&[ana, bob], &[]));
    assert_eq!(rows[0].2, ["principal://goog/subject/ana@example.com but "]);
}

/// One identity can be in several sets of its pool at once, also where a provider makes one attribute of the subject:
/// whom a rule on one of them shuts out is told of every other.
#[test]
fn sets_of_one_pool_share_whom_they_share() {
    let pools = [
        (
            "iam.googleapis.com/projects/3/locations/global/workloadIdentityPools/gh",
            "projects/3/locations/global/workloadIdentityPools/gh",
        ),
        (
            "iam.googleapis.com/locations/global/workforcePools/staff",
            "locations/global/workforcePools/staff",
        ),
    ];
    for (pool, name) in pools {
        let caller = principal(&format!("principal://{pool}/subject/ana"));
        let brought = [
            ("team".to_owned(), "red".to_owned()),
            ("groups".to_owned(), "ops".to_owned()),
        ];
        let own = [
            format!("principalSet://{pool}/attribute.actor/ana"),
            format!("principalSet://{pool}/attribute.team/red"),
            format!("principalSet://{pool}/group/ops"),
            format!("principalSet://{pool}/*"),
            format!("principal://{pool}/subject/ana"),
        ];
        for set in &own[..4] {
            for shut_out in &own {
                let mut beside = denied(&[shut_out], &[]);
                beside["pools"] =
                    serde_json::json!([{ "name": name, "parent": "organizations/1" }]);
                beside["providers"] = serde_json::json!([{ "name": format!("{name}/providers/one"),
                    "attributeMapping": { "google.subject": "assertion.sub", "attribute.actor": "assertion.sub",
                        "attribute.team": "assertion.team", "google.groups": "assertion.groups" } }]);
                let (rows, _) = sets(&[set], beside.clone());
                // Nobody is left of a set that is denied as such.
                let whole = set == shut_out || shut_out.ends_with("/*");
                let told = rows
                    .first()
                    .map(|(_, verdict, except)| (*verdict, except.len()));
                let right = (!whole).then_some((Verdict::CanAccess, 1));
                assert_eq!(told, right, "{set} without {shut_out}: {rows:?}");
                // And so it is for one who is in both.
                let email = "a@p.iam.gserviceaccount.com";
                let estate = granting(email, &[set], &beside);
                let mut question =
                    crate::evaluate::Question::new(caller.clone(), account(email), at(NOW));
                question.attributes = brought.to_vec();
                let verdict = crate::evaluate::explain(&estate, &question).verdict;
                assert_eq!(verdict, Verdict::CannotAccess, "{set} without {shut_out}");
            }
        }
    }
}

#[test]
fn a_set_says_whom_boundaries_shut_out() {
    let bound = |set: &str, condition: &str| {
        serde_json::json!({
            "principalAccessBoundaryPolicies": [{
                "name": "organizations/1/locations/global/principalAccessBoundaryPolicies/b",
                "details": { "enforcementVersion": "3", "rules": [{ "effect": "ALLOW",
                    "resources": ["//cloudresourcemanager.googleapis.com/projects/other"] }] } }],
            "policyBindings": [{
                "name": "organizations/1/locations/global/policyBindings/pb",
                "target": { "principalSet": set }, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": "organizations/1/locations/global/principalAccessBoundaryPolicies/b",
                "condition": { "expression": condition } }] })
    };
    let organization = "//cloudresourcemanager.googleapis.com/organizations/1";
    let of = |set: &str, beside| sets(&[set], beside).0;
    // Everybody can, but those of the organization.
    let rows = of("allUsers", bound(organization, ""));
    assert_eq!(
        (rows[0].1, rows[0].2.len()),
        (Verdict::CanAccess, 1),
        "{rows:?}"
    );
    // All of its users are shut out.
    assert_eq!(of("domain:example.com", bound(organization, "")), []);
    let rows = of(
        "domain:example.com",
        bound(
            organization,
            "principal.type == 'iam.googleapis.com/ServiceAccount'",
        ),
    );
    assert_eq!(
        (rows[0].1, rows[0].2.len()),
        (Verdict::CanAccess, 0),
        "{rows:?}"
    );
    let rows = of(
        "domain:example.com",
        bound(organization, "principal.subject == 'ana@example.com'"),
    );
    assert_eq!(
        (rows[0].1, rows[0].2.len()),
        (Verdict::CanAccess, 1),
        "{rows:?}"
    );
    let rows = of(
        "domain:example.com",
        bound(organization, "principal.subject != 'ana@example.com'"),
    );
    assert_eq!(rows[0].1, Verdict::UnknownInfo, "{rows:?}");
}

/// Every estate is put into maps of another order; what is said of it is the same.
#[test]
fn an_answer_does_not_hang_on_the_order_of_a_hash() {
    let token = "roles/iam.serviceAccountTokenCreator";
    let emails: Vec<String> = (0..6)
        .map(|i| format!("a{i}@p.iam.gserviceaccount.com"))
        .collect();
    let groups: Vec<String> = (0..8).map(|i| format!("g{i}@example.com")).collect();
    let members: Vec<String> = groups.iter().map(|g| format!("group:{g}")).collect();
    let in_group = |g: &String| serde_json::json!({ "email": g, "members": ["user:ana@example.com", "serviceAccount:a0@p.iam.gserviceaccount.com"] });
    let bindings = serde_json::json!({ "bindings": [
        { "role": token, "members": members },
        { "role": token, "members": ["user:ana@example.com", "domain:example.com"] },
        { "role": "roles/iam.workloadIdentityUser", "members": members }] });
    let mut policies = serde_json::Map::new();
    for name in ["organizations/1", "folders/2", "projects/p"] {
        policies.insert(
            format!("//cloudresourcemanager.googleapis.com/{name}"),
            bindings.clone(),
        );
    }
    for email in &emails {
        policies.insert(
            format!("//iam.googleapis.com/projects/p/serviceAccounts/{email}"),
            bindings.clone(),
        );
    }
    let file = serde_json::json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com" }],
        "folders": [{ "name": "folders/2", "parent": "organizations/1" }],
        "projects": [{ "name": "projects/3", "projectId": "p", "parent": "folders/2" }],
        "serviceAccounts": emails.iter().enumerate().map(|(i, email)| serde_json::json!({
            "name": format!("projects/p/serviceAccounts/{email}"), "email": email, "projectId": "p", "uniqueId": i.to_string() }))
            .collect::<Vec<_>>(),
        "groups": groups.iter().map(in_group).collect::<Vec<_>>(),
        "iamPolicies": policies
    });
    let answers = || {
        let estate = from_value(&file, Coverage::Whole);
        let permission = Permission::get_access_token();
        let ana = principal("user:ana@example.com");
        (
            who(&estate, &account(&emails[1]), &permission, at(NOW)),
            reach(&estate, &ana, &permission, at(NOW)),
            graph(&estate, &permission, at(NOW)),
        )
    };
    let first = answers();
    assert_eq!(first.1.results.len(), emails.len());
    for _ in 0..12 {
        assert_eq!(answers(), first);
    }
}
