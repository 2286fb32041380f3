//! docs/semantics.md, "Where policies count".

use serde_json::json;

use super::super::{account, at};
use super::{C, N, NO, NOW, T, TOKEN_CREATOR, UNREAD, World, YES, level, question, table};
use crate::evaluate::{Question, Verdict};
use crate::iam::Resource;

#[test]
fn grants_are_inherited_from_project_folders_and_organization() {
    for on in ["t", "p", "2", "1"] {
        assert_eq!(
            World::new().grant(on, TOKEN_CREATOR, C).verdict(C),
            YES,
            "{on}"
        );
    }
}

#[test]
fn a_lower_level_cannot_take_away_what_a_higher_one_grants() {
    let world = World::new()
        .grant("1", TOKEN_CREATOR, C)
        .set("iamPolicies", &level("t"), json!({"bindings": []}))
        .set("iamPolicies", &level("p"), json!({"bindings": []}));
    assert_eq!(world.verdict(C), YES);
}

#[test]
fn the_callers_own_branch_does_not_matter() {
    for on in ["c", "q", "3"] {
        assert_eq!(
            World::new().grant(on, TOKEN_CREATOR, C).verdict(C),
            NO,
            "{on}"
        );
    }
}

#[test]
fn the_parent_is_the_project_of_the_name_not_of_the_address() {
    // A default account's address names no project; another's may name one that does not own it.
    let default = "20-compute@developer.gserviceaccount.com";
    let world = World::new()
        .with(
            "serviceAccounts",
            json!({"name": format!("projects/p/serviceAccounts/{default}"),
            "email": default, "projectId": "p", "uniqueId": "103"}),
        )
        .grant("p", TOKEN_CREATOR, C);
    let mut question = question(C);
    question.target = account(default);
    let answer = world.explain(&question);
    assert_eq!(answer.verdict, Verdict::CanAccess);
    assert_eq!(answer.question.target, Resource::account("p", default));
    let other = World::new()
        .with(
            "serviceAccounts",
            json!({"name": "projects/p/serviceAccounts/m@q.iam.gserviceaccount.com",
            "email": "m@q.iam.gserviceaccount.com", "projectId": "p", "uniqueId": "104"}),
        )
        .grant("q", TOKEN_CREATOR, C);
    question.target = account("m@q.iam.gserviceaccount.com");
    assert_eq!(other.explain(&question).verdict, Verdict::CannotAccess);
}

#[test]
fn deny_policies_attach_to_projects_folders_and_organizations_only() {
    // What hangs on an account's name is no deny policy of the account.
    let estate = World::new().grant("t", TOKEN_CREATOR, C);
    let answer = estate.explain(&question(C));
    let levels: Vec<String> = answer.deny.iter().map(|d| d.resource.relative()).collect();
    assert_eq!(levels, ["projects/p", "folders/2", "organizations/1"]);
}

#[test]
fn a_name_may_carry_a_wildcard_a_number_or_a_unique_id() {
    let world = World::new().grant("t", TOKEN_CREATOR, C);
    for name in [
        format!("projects/-/serviceAccounts/{T}"),
        format!("projects/p/serviceAccounts/{T}"),
        format!("projects/10/serviceAccounts/{T}"),
        "projects/-/serviceAccounts/101".to_owned(),
        "projects/10/serviceAccounts/101".to_owned(),
        "101".to_owned(),
        T.to_uppercase().replace("T@P.IAM", "T@p.iam"),
    ] {
        let question = Question::new(super::super::who(C), account(&name), at(NOW));
        let answer = world.explain(&question);
        assert_eq!(answer.verdict, Verdict::CanAccess, "{name}");
        assert_eq!(answer.question.target.full_name(), level("t"), "{name}");
    }
}

#[test]
fn policies_may_stand_under_the_projects_number() {
    let world = World::new().set(
        "iamPolicies",
        "//cloudresourcemanager.googleapis.com/projects/10",
        json!({"bindings": [{"role": TOKEN_CREATOR, "members": [C]}]}),
    );
    assert_eq!(world.verdict(C), YES);
}

#[test]
fn a_level_that_nobody_may_read_matters_only_where_it_could_change_the_answer() {
    table(vec![
        (
            "may hold the grant",
            World::new().unreadable(&level("p")),
            UNREAD,
        ),
        (
            "granted below",
            World::new()
                .grant("t", TOKEN_CREATOR, C)
                .unreadable(&level("p")),
            YES,
        ),
        (
            "granted in the unread one",
            World::new()
                .grant("p", TOKEN_CREATOR, C)
                .unreadable(&level("p")),
            UNREAD,
        ),
        (
            "of another branch",
            World::new().unreadable(&level("q")),
            NO,
        ),
        (
            "by the project's number",
            World::new().unreadable("//cloudresourcemanager.googleapis.com/projects/10"),
            UNREAD,
        ),
        (
            "by the account's unique id",
            World::new().unreadable("//iam.googleapis.com/projects/p/serviceAccounts/101"),
            UNREAD,
        ),
    ]);
}

#[test]
fn a_hierarchy_that_is_not_known_to_its_top_may_hold_a_grant() {
    let mut world = World::new();
    world.0["projects"][0]["parent"] = json!("folders/99");
    assert_eq!(world.verdict(C), UNREAD);
    assert_eq!(
        world.clone().grant("t", TOKEN_CREATOR, C).verdict(C),
        UNREAD,
        "a deny rule may stand there"
    );
    world.0["projects"][0]["parent"] = json!("");
    assert_eq!(world.verdict(C), NO, "a project that stands alone");
}

#[test]
fn being_in_the_same_project_gives_nothing() {
    assert_eq!(World::new().verdict(N), NO);
}
