//! What is said of every member of a set, and of any: against its members one by one, and case by case.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{self, ACCOUNTS};
use super::reach::closure;
use super::{account, at, from_value, who as principal};
use crate::estate::{Coverage, Estate};
use crate::evaluate::reach::{AccountsListed, SetAnswer, SetQuestion, any_of, every_of};
use crate::evaluate::{Outcome, Question, Truth, Verdict, belongs, explain, who};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN};
use crate::iam::{Member, Permission, PolicyMember, Principal};

const NOW: &str = "2026-11-24T00:00:00Z";
const POOL: &str = "iam.googleapis.com/projects/32/locations/global/workloadIdentityPools/gh";
const GKE: &str =
    "iam.googleapis.com/projects/31/locations/global/workloadIdentityPools/p1.svc.id.goog";

fn sets() -> Vec<String> {
    let mut all: Vec<String> = [
        "allUsers",
        "allAuthenticatedUsers",
        "domain:example.com",
        "domain:other.example",
        "domain:gmail.com",
        "group:g0@example.com",
        "group:g1@example.com",
        "principalSet://cloudresourcemanager.googleapis.com/projects/p0/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/projects/31/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/folders/2/type/ServiceAccount",
        "principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAccount",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!("principalSet://{POOL}/*"));
    all.push(format!("principalSet://{POOL}/attribute.repository/o/r"));
    all.push(format!("principalSet://{GKE}/*"));
    all.push(format!("principalSet://{GKE}/namespace/ns"));
    all
}

fn question(set: &str, email: &str, permission: &str) -> SetQuestion {
    SetQuestion {
        set: PolicyMember::v1(set),
        target: account(email),
        permission: Permission::parse(permission).unwrap(),
        time: at(NOW),
        listed: AccountsListed {
            everywhere: true,
            ..AccountsListed::default()
        },
    }
}

/// Whether a caller, with these attributes, is in a set: not where it is not known.
fn inside(estate: &Estate, caller: &str, set: &str) -> Option<Vec<(String, String)>> {
    let caller = principal(caller);
    let member = Member::parse_v1(set);
    if belongs(estate, &caller, &member) == Truth::Yes {
        return Some(Vec::new());
    }
    match member {
        Member::PoolAttribute(pool, name, value) => {
            let own = matches!(&caller, Principal::Federated { pool: own, .. } if *own == pool);
            own.then(|| vec![(name, value)])
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(generate::slow_cases(32))]

    /// Every member of which all have it has it; none of which none has it, not over other accounts either.
    #[test]
    fn of_a_set_is_said_what_holds_of_its_members(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for (email, permission) in ACCOUNTS.iter().map(|(email, _)| (*email, GET_ACCESS_TOKEN)).chain([(ACCOUNTS[0].0, ACT_AS)]) {
            for set in sets() {
                let asked = question(&set, email, permission);
                let every = every_of(&estate, &asked).answer;
                let any = any_of(&estate, &asked, false).answer;
                let led = any_of(&estate, &asked, true).answer;
                prop_assert!(led == Truth::Yes || any != Truth::Yes, "{set} on {email}: {any:?}, {led:?}");
                prop_assert!(led != Truth::No || any == Truth::No, "{set} on {email}: {any:?}, {led:?}");
                prop_assert!(every != Truth::Yes || any == Truth::Yes, "{set} on {email}: {every:?}, {any:?}");
                if any == Truth::Yes {
                    let told = who(&estate, &account(email), &asked.permission, at(NOW));
                    prop_assert!(!told.results.is_empty(), "{set} on {email}: nobody can");
                }
                if every != Truth::Yes && any != Truth::No {
                    continue;
                }
                for caller in generate::callers() {
                    if caller == format!("serviceAccount:{email}") {
                        continue;
                    }
                    let Some(attributes) = inside(&estate, &caller, &set) else { continue };
                    let one = explain(&estate, &Question {
                        permission: asked.permission.clone(),
                        attributes,
                        ..Question::new(principal(&caller), account(email), at(NOW))
                    });
                    if every == Truth::Yes {
                        prop_assert_eq!(one.outcome, Outcome::WouldSucceed, "{} of {} on {}", caller, set, email);
                    }
                    if any == Truth::No {
                        prop_assert_eq!(one.verdict, Verdict::CannotAccess, "{} of {} on {}", caller, set, email);
                    }
                    if led == Truth::No {
                        let reached = closure(&estate, &caller, permission);
                        prop_assert!(!reached.contains(email), "{caller} of {set} gets to {email}");
                    }
                }
            }
        }
    }
}

const TARGET: &str = "t@p.iam.gserviceaccount.com";
const OTHER: &str = "o@p.iam.gserviceaccount.com";
const OUTSIDE: &str = "b@q.iam.gserviceaccount.com";

/// An organization with two projects; `members` are granted tokens of the target.
fn granted(members: &[&str], beside: &Value) -> Estate {
    let one = |email: &str, project: &str, id: &str| {
        json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "email": email,
            "projectId": project, "uniqueId": id })
    };
    let token = "roles/iam.serviceAccountTokenCreator";
    let mut file = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C1" }],
        "projects": [
            { "name": "projects/3", "projectId": "p", "parent": "organizations/1" },
            { "name": "projects/4", "projectId": "q", "parent": "organizations/1" }],
        "serviceAccounts": [one(TARGET, "p", "1"), one(OTHER, "p", "2"), one(OUTSIDE, "q", "3")],
        "groups": [
            { "email": "g@example.com", "members": ["user:ana@example.com", "group:inner@example.com"] },
            { "email": "inner@example.com", "members": ["user:ben@example.com"] },
            { "email": "none@example.com", "members": [] }],
        "iamPolicies": { format!("//iam.googleapis.com/projects/p/serviceAccounts/{TARGET}"): { "version": 3, "bindings": [
            { "role": token, "members": members }] } }
    });
    for (key, value) in beside.as_object().unwrap() {
        match key.as_str() {
            "condition" => {
                let name = format!("//iam.googleapis.com/projects/p/serviceAccounts/{TARGET}");
                file["iamPolicies"][name]["bindings"][0]["condition"] =
                    json!({ "expression": value });
            }
            "onOther" => {
                let name = format!("//iam.googleapis.com/projects/p/serviceAccounts/{OTHER}");
                file["iamPolicies"][name] =
                    json!({ "bindings": [{ "role": token, "members": value }] });
            }
            "disabled" => {
                file["serviceAccounts"][value.as_u64().unwrap() as usize]["disabled"] = true.into();
            }
            _ => file[key] = value.clone(),
        }
    }
    from_value(&file, Coverage::Whole)
}

fn denied(principals: &[&str], but: &[&str]) -> Value {
    json!({ "denyPolicies": [{
        "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
        "rules": [{ "denyRule": { "deniedPrincipals": principals, "exceptionPrincipals": but,
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }] })
}

#[test]
fn case_by_case() {
    use Truth::{No, UnknownInfo as Open, Yes};
    let of = |project: &str| {
        format!(
            "principalSet://cloudresourcemanager.googleapis.com/projects/{project}/type/ServiceAccount"
        )
    };
    let (of_p, of_q) = (of("3"), of("q"));
    let pool =
        "principalSet://iam.googleapis.com/projects/3/locations/global/workloadIdentityPools/gh";
    let subject = "principal://iam.googleapis.com/projects/3/locations/global/workloadIdentityPools/gh/subject/s";
    let (all_of_pool, repository) = (
        format!("{pool}/*"),
        format!("{pool}/attribute.repository/o/r"),
    );
    let domain = "domain:example.com";
    let (everybody, signed_in) = ("allUsers", "allAuthenticatedUsers");
    let (other, outside) = (
        format!("serviceAccount:{OTHER}"),
        format!("serviceAccount:{OUTSIDE}"),
    );
    let nothing = json!({});
    let ana = "principal://goog/subject/ana@example.com";
    let bob = "principal://goog/subject/bob@elsewhere.com";
    let public = "principalSet://goog/public:all";
    let past = json!({ "condition": "request.time < timestamp('2020-01-01T00:00:00Z')" });
    let tag = json!({ "condition": "'a' in request.auth.access_levels" });
    // A set, who is granted, what else, whether every member has it, whether any has or gets there.
    type Case<'a> = (&'a str, Vec<&'a str>, Value, Truth, Truth);
    let cases: Vec<Case<'_>> = vec![
        (domain, vec![domain], nothing.clone(), Yes, Yes),
        (
            "domain:EXAMPLE.com",
            vec![domain],
            nothing.clone(),
            Yes,
            Yes,
        ),
        (domain, vec![signed_in], nothing.clone(), Yes, Yes),
        (domain, vec!["domain:other.com"], nothing.clone(), No, No),
        (
            domain,
            vec!["user:ana@example.com"],
            nothing.clone(),
            No,
            Yes,
        ),
        (domain, vec!["user:ana@other.com"], nothing.clone(), No, No),
        (
            domain,
            vec!["group:g@example.com"],
            nothing.clone(),
            No,
            Yes,
        ),
        (
            domain,
            vec!["group:unknown@example.com"],
            nothing.clone(),
            No,
            Open,
        ),
        (domain, vec![domain], past.clone(), No, No),
        (domain, vec![domain], tag, Open, Open),
        (domain, vec![domain], denied(&[ana], &[]), No, Yes),
        (domain, vec![domain], denied(&[bob], &[]), Yes, Yes),
        (domain, vec![domain], denied(&[public], &[]), No, No),
        (domain, vec![domain], denied(&[public], &[ana]), Open, Open),
        // A domain of which no organization is known.
        (
            "domain:far.com",
            vec!["domain:far.com"],
            nothing.clone(),
            Open,
            Open,
        ),
        (
            "domain:gmail.com",
            vec![everybody],
            nothing.clone(),
            Yes,
            Yes,
        ),
        (domain, vec![domain], json!({ "disabled": 0 }), No, Yes),
        (everybody, vec![everybody], nothing.clone(), Open, Yes),
        (everybody, vec![], nothing.clone(), No, No),
        (everybody, vec![subject], nothing.clone(), No, Yes),
        (signed_in, vec![subject], nothing.clone(), No, No),
        (signed_in, vec![domain], nothing.clone(), No, Yes),
        (
            "group:g@example.com",
            vec!["group:g@example.com"],
            nothing.clone(),
            Yes,
            Yes,
        ),
        (
            "group:g@example.com",
            vec!["group:inner@example.com"],
            nothing.clone(),
            No,
            Yes,
        ),
        (
            "group:inner@example.com",
            vec!["group:g@example.com"],
            nothing.clone(),
            Yes,
            Yes,
        ),
        (
            "group:g@example.com",
            vec![domain],
            nothing.clone(),
            Yes,
            Yes,
        ),
        (
            "group:g@example.com",
            vec![domain],
            denied(&["principal://goog/subject/ben@example.com"], &[]),
            No,
            Yes,
        ),
        (
            "group:g@example.com",
            vec!["user:eve@example.com"],
            nothing.clone(),
            No,
            No,
        ),
        (
            "group:none@example.com",
            vec![everybody],
            nothing.clone(),
            No,
            No,
        ),
        (
            "group:unknown@example.com",
            vec![everybody],
            nothing.clone(),
            Open,
            Open,
        ),
        (
            "group:unknown@example.com",
            vec![],
            nothing.clone(),
            Open,
            Open,
        ),
        (&all_of_pool, vec![&all_of_pool], nothing.clone(), Yes, Yes),
        (&repository, vec![&all_of_pool], nothing.clone(), Yes, Yes),
        (&repository, vec![&repository], nothing.clone(), Yes, Yes),
        (&all_of_pool, vec![&repository], nothing.clone(), No, Yes),
        (&repository, vec![subject], nothing.clone(), No, Open),
        (&all_of_pool, vec![subject], nothing.clone(), No, Yes),
        (
            &all_of_pool,
            vec![domain, "group:g@example.com"],
            nothing.clone(),
            No,
            No,
        ),
        (&of_p, vec![&of_p], nothing.clone(), Yes, Yes),
        (&of_p, vec![&of_p], json!({ "disabled": 1 }), No, Yes),
        (&of_p, vec![&of_q], nothing.clone(), No, No),
        (&of_p, vec![&other], nothing.clone(), No, Yes),
        // Nobody is asked about itself.
        (
            &of_p,
            vec!["serviceAccount:t@p.iam.gserviceaccount.com"],
            nothing.clone(),
            No,
            No,
        ),
        // Over another account.
        (
            &of_q,
            vec![&other],
            json!({ "onOther": [outside] }),
            No,
            Yes,
        ),
        (
            domain,
            vec![&other],
            json!({ "onOther": [domain] }),
            No,
            Yes,
        ),
        (
            domain,
            vec![&other],
            json!({ "onOther": ["user:eve@other.com"] }),
            No,
            No,
        ),
        (
            domain,
            vec![&of_p],
            json!({ "onOther": ["user:eve@example.com"] }),
            No,
            Yes,
        ),
        (
            &all_of_pool,
            vec![signed_in],
            json!({ "onOther": [all_of_pool] }),
            No,
            Open,
        ),
        // An account that nobody here can look at leads there.
        (
            domain,
            vec!["serviceAccount:x@elsewhere.iam.gserviceaccount.com"],
            nothing.clone(),
            No,
            Open,
        ),
        (
            domain,
            vec![],
            json!({ "unreadable": ["//cloudresourcemanager.googleapis.com/organizations/1"] }),
            Open,
            Open,
        ),
    ];
    for (set, members, beside, every, any) in cases {
        let estate = granted(&members, &beside);
        let asked = question(set, TARGET, GET_ACCESS_TOKEN);
        let found: [SetAnswer; 2] = [every_of(&estate, &asked), any_of(&estate, &asked, true)];
        let told = found.clone().map(|one| match one.answer {
            Truth::UnknownConditional => Open,
            answer => answer,
        });
        assert_eq!(
            told,
            [every, any],
            "{set} with {members:?} {beside}: {found:?}"
        );
        for one in &found {
            let plain =
                one == &found[0] && one.answer == Yes || one == &found[1] && one.answer == No;
            assert!(plain || !one.why.is_empty(), "{set} with {members:?}");
        }
    }
}
