//! docs/semantics.md, "Delegation".

use serde_json::json;

use super::super::account;
use super::{C, N, T, TOKEN_CREATOR, World, question};
use crate::evaluate::{CauseKind, Outcome, Question, Verdict};
use crate::iam::Permission;
use crate::iam::permission::{GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION};

const N_EMAIL: &str = "n@p.iam.gserviceaccount.com";

fn n_level() -> String {
    format!("//iam.googleapis.com/projects/p/serviceAccounts/{N_EMAIL}")
}

/// A custom role with one permission.
fn role(world: World, permission: &str) -> (World, String) {
    let id = permission.rsplit('.').next().unwrap();
    let name = format!("organizations/1/roles/{id}");
    let role = json!({"name": name, "stage": "GA", "includedPermissions": [permission]});
    (world.with("roles", role), name)
}

fn through(via: &[&str]) -> Question {
    let mut question = question(C);
    question.via = via.iter().map(|v| account(v)).collect();
    question
}

/// c may delegate through n, n may mint tokens of t, each with no more than it needs.
fn chain(first: &str, second: &str) -> World {
    let (world, one) = role(World::new(), first);
    let (world, two) = if first == second {
        (world, one.clone())
    } else {
        role(world, second)
    };
    world
        .set(
            "iamPolicies",
            &n_level(),
            json!({"bindings": [{"role": one, "members": [C]}]}),
        )
        .grant("t", &two, N)
}

#[test]
fn every_hop_but_the_last_needs_implicit_delegation_the_last_the_permission_itself() {
    for (first, second, expected) in [
        (IMPLICIT_DELEGATION, GET_ACCESS_TOKEN, Outcome::WouldSucceed),
        (GET_ACCESS_TOKEN, GET_ACCESS_TOKEN, Outcome::WouldFail),
        (IMPLICIT_DELEGATION, IMPLICIT_DELEGATION, Outcome::WouldFail),
    ] {
        let answer = chain(first, second).explain(&through(&[N_EMAIL]));
        assert_eq!(answer.outcome, expected, "{first}, then {second}");
        let hops: Vec<(String, &str)> = answer
            .hops
            .iter()
            .map(|h| {
                (
                    h.question.caller.to_string(),
                    h.question.permission.as_str(),
                )
            })
            .collect();
        assert_eq!(
            hops,
            [
                (C.to_owned(), IMPLICIT_DELEGATION),
                (N.to_owned(), GET_ACCESS_TOKEN)
            ]
        );
        assert_eq!(
            answer.verdict,
            Verdict::CannotAccess,
            "the caller's own access to the target"
        );
    }
}

#[test]
fn the_last_hop_asks_for_the_permission_that_is_asked() {
    let mut question = through(&[N_EMAIL]);
    question.permission = Permission::parse(GET_OPEN_ID_TOKEN).unwrap();
    assert_eq!(
        chain(IMPLICIT_DELEGATION, GET_OPEN_ID_TOKEN)
            .explain(&question)
            .outcome,
        Outcome::WouldSucceed
    );
    assert_eq!(
        chain(IMPLICIT_DELEGATION, GET_ACCESS_TOKEN)
            .explain(&question)
            .outcome,
        Outcome::WouldFail
    );
}

#[test]
fn token_creator_holds_both() {
    let world = World::new()
        .set(
            "iamPolicies",
            &n_level(),
            json!({"bindings": [{"role": TOKEN_CREATOR, "members": [C]}]}),
        )
        .grant("t", TOKEN_CREATOR, N);
    assert_eq!(
        world.explain(&through(&[N_EMAIL])).outcome,
        Outcome::WouldSucceed
    );
}

#[test]
fn each_hop_is_a_judgement_of_its_own_and_the_broken_ones_are_named() {
    let world = chain(IMPLICIT_DELEGATION, GET_ACCESS_TOKEN);
    for (what, world, hop) in [
        (
            "a disabled delegate",
            {
                let mut w = world.clone();
                w.0["serviceAccounts"][1]["disabled"] = json!(true);
                w
            },
            "Hop 1 of 2",
        ),
        (
            "nothing on the target",
            {
                let mut w = world.clone();
                w.0["iamPolicies"][super::level("t")] = json!({"bindings": []});
                w
            },
            "Hop 2 of 2",
        ),
    ] {
        let causes = world.causes(&through(&[N_EMAIL]));
        assert_eq!(causes[0].kind, CauseKind::BrokenHop, "{what}");
        assert!(
            causes[0].message.starts_with(hop),
            "{what}: {}",
            causes[0].message
        );
    }
    let denied = world.deny(
        "projects/p",
        json!({"deniedPrincipals": ["principal://iam.googleapis.com/projects/-/serviceAccounts/n@p.iam.gserviceaccount.com"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}),
    );
    let answer = denied.explain(&through(&[N_EMAIL]));
    assert_eq!(answer.hops[0].verdict, Verdict::CanAccess);
    assert_eq!(answer.hops[1].verdict, Verdict::CannotAccess);
}

#[test]
fn a_chain_of_three_asks_every_pair() {
    let m = "c2@q.iam.gserviceaccount.com";
    let world = World::new()
        .with("serviceAccounts", json!({"name": format!("projects/q/serviceAccounts/{m}"), "email": m, "projectId": "q", "uniqueId": "202"}))
        .set("iamPolicies", &format!("projects/q/serviceAccounts/{m}"), json!({"bindings": [{"role": TOKEN_CREATOR, "members": [C]}]}))
        .set("iamPolicies", &n_level(), json!({"bindings": [{"role": TOKEN_CREATOR, "members": [format!("serviceAccount:{m}")]}]}))
        .grant("t", TOKEN_CREATOR, N);
    let answer = world.explain(&through(&[m, N_EMAIL]));
    assert_eq!(answer.outcome, Outcome::WouldSucceed);
    assert_eq!(answer.hops.len(), 3);
    assert_eq!(answer.hops[2].question.target.id(), T);
    assert_eq!(
        world.explain(&through(&[N_EMAIL, m])).outcome,
        Outcome::WouldFail,
        "the order counts"
    );
}

#[test]
fn a_hop_that_cannot_be_told_leaves_the_chain_unknown() {
    let world = chain(IMPLICIT_DELEGATION, GET_ACCESS_TOKEN).unreadable(&n_level());
    let answer = world.explain(&through(&[N_EMAIL]));
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert_eq!(
        world.kinds(&through(&[N_EMAIL])),
        [CauseKind::PolicyNotReadable]
    );
}

/// What a hop fails by is told once, by its own cause; the hop says that it follows.
#[test]
fn what_a_hop_fails_by_is_told_once() {
    let mut world = chain(IMPLICIT_DELEGATION, GET_ACCESS_TOKEN);
    world.0["serviceAccounts"][1]["disabled"] = json!(true);
    let causes = world.causes(&through(&[N_EMAIL]));
    let [hop, why, ..] = causes.as_slice() else {
        panic!("{causes:?}");
    };
    assert_eq!(hop.kind, CauseKind::BrokenHop);
    assert!(
        hop.message
            .ends_with(", for the reason that is given next."),
        "{}",
        hop.message
    );
    assert!(why.message.contains("is disabled"), "{}", why.message);
    assert!(!hop.message.contains(&why.message), "{}", hop.message);
}
