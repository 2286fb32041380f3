//! docs/semantics.md, "Beyond IAM".

use serde_json::json;

use super::super::{account, at};
use super::{C, NOW, POOL, T, TOKEN_CREATOR, World, question};
use crate::estate::Assumption;
use crate::evaluate::{CauseKind, Outcome, Question, Seen, Verdict};
use crate::iam::Permission;

fn granted() -> World {
    World::new().grant("t", TOKEN_CREATOR, "allUsers")
}

/// IAM says yes, and the call fails, for one reason.
fn fails(world: &World, question: &Question, kind: CauseKind) {
    let answer = world.explain(question);
    assert_eq!(answer.verdict, Verdict::CanAccess, "{kind:?}");
    assert_eq!(answer.outcome, Outcome::WouldFail, "{kind:?}");
    assert_eq!(world.kinds(question), [kind]);
}

#[test]
fn a_disabled_target_gives_no_tokens_and_a_disabled_caller_calls_nothing() {
    let mut world = granted();
    world.0["serviceAccounts"][0]["disabled"] = json!(true);
    fails(&world, &question(C), CauseKind::TargetDisabled);
    let mut world = granted();
    world.0["serviceAccounts"][2]["disabled"] = json!(true);
    fails(&world, &question(C), CauseKind::CallerDisabled);
    assert_eq!(
        world.explain(&question("user:ana@example.com")).outcome,
        Outcome::WouldSucceed
    );
}

#[test]
fn a_deleted_account_neither_calls_nor_is_called() {
    for (email, kind) in [
        (T, CauseKind::TargetDeleted),
        ("c@q.iam.gserviceaccount.com", CauseKind::CallerDeleted),
    ] {
        let mut estate = granted().estate();
        estate.delete_account(email).unwrap();
        let answer = crate::evaluate::explain(&estate, &question(C));
        assert_eq!(answer.outcome, Outcome::WouldFail, "{kind:?}");
        let kinds: Vec<_> = crate::evaluate::diagnose(&estate, &answer)
            .iter()
            .map(|c| c.kind)
            .collect();
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    // By its unique id too.
    let mut estate = granted().estate();
    estate.delete_account(T).unwrap();
    let question = Question::new(super::super::who(C), account("101"), at(NOW));
    let answer = crate::evaluate::explain(&estate, &question);
    assert_eq!(
        answer.target_state,
        crate::evaluate::explanation::AccountState::Deleted
    );
}

#[test]
fn an_account_that_is_not_there_is_an_answer_with_the_nearest_names() {
    let mut question = question(C);
    question.target = account("tt@p.iam.gserviceaccount.com");
    let mut world = granted();
    world.0["serviceAccounts"][0]["email"] = json!("target@p.iam.gserviceaccount.com");
    question.target = account("targett@p.iam.gserviceaccount.com");
    let answer = world.explain(&question);
    assert_eq!(
        (answer.verdict, answer.outcome),
        (Verdict::CannotAccess, Outcome::WouldFail)
    );
    let causes = world.causes(&question);
    assert_eq!(causes[0].kind, CauseKind::TargetNotFound);
    assert_eq!(
        causes[0].remedy,
        "Did you mean target@p.iam.gserviceaccount.com?"
    );
    // An account named with a project that does not own it.
    let wrong = Question::new(
        super::super::who(C),
        crate::iam::Resource::account("q", T),
        at(NOW),
    );
    let causes = granted().causes(&wrong);
    assert_eq!(causes[0].kind, CauseKind::TargetNotFound);
    assert!(
        causes[0].remedy.contains("belongs to the project p"),
        "{causes:?}"
    );
    let gone = "serviceAccount:cc@q.iam.gserviceaccount.com";
    fails(
        &granted(),
        &super::question(gone),
        CauseKind::CallerNotFound,
    );
}

#[test]
fn the_api_must_be_on_where_the_call_is_billed() {
    let off =
        |project: &str| granted().set("enabledServices", project, json!(["iam.googleapis.com"]));
    let federated = format!("principal://{POOL}/subject/s");
    // The caller account's own project.
    fails(&off("projects/20"), &question(C), CauseKind::ApiDisabled);
    assert_eq!(
        off("projects/10").explain(&question(C)).outcome,
        Outcome::WouldSucceed
    );
    // The pool's project.
    fails(
        &off("projects/20"),
        &question(&federated),
        CauseKind::ApiDisabled,
    );
    // The quota project, when one is named, and only that.
    let mut named = question(C);
    named.call.quota_project = Some("p".to_owned());
    let may = |w: World| w.grant("p", "roles/serviceusage.serviceUsageConsumer", C);
    fails(&may(off("projects/10")), &named, CauseKind::ApiDisabled);
    assert_eq!(
        may(off("projects/20")).explain(&named).outcome,
        Outcome::WouldSucceed
    );
    // A user's is not known.
    let user = question("user:ana@example.com");
    assert_eq!(off("projects/20").explain(&user).api, None);
    // actAs is no call of that API.
    let mut act_as = question(C);
    act_as.permission = Permission::parse("iam.serviceAccounts.actAs").unwrap();
    assert_eq!(off("projects/20").explain(&act_as).api, None);
}

#[test]
fn the_caller_needs_to_use_the_quota_project() {
    let mut named = question(C);
    named.call.quota_project = Some("10".to_owned());
    fails(&granted(), &named, CauseKind::QuotaProjectDenied);
    for (on, role) in [
        ("p", "roles/serviceusage.serviceUsageConsumer"),
        ("2", "roles/editor"),
    ] {
        let world = granted().grant(on, role, C);
        assert_eq!(
            world.explain(&named).outcome,
            Outcome::WouldSucceed,
            "{role}"
        );
        assert_eq!(world.kinds(&named), []);
    }
    let unread = granted().unreadable(&super::level("p")).explain(&named);
    assert_eq!(unread.outcome, Outcome::WouldSucceed);
    assert!(
        unread
            .assumptions
            .contains(&Assumption::QuotaProjectMayBeUsed)
    );
    // Seen in an error: without the project it stands, with one it is judged as it is today.
    let mut seen = question(C);
    seen.call.seen = Some(Seen::QuotaProjectDenied);
    fails(&granted(), &seen, CauseKind::QuotaProjectDenied);
    seen.call.quota_project = Some("p".to_owned());
    let mended = granted().grant("p", "roles/serviceusage.serviceUsageConsumer", C);
    assert_eq!(mended.explain(&seen).outcome, Outcome::WouldSucceed);
}

#[test]
fn a_token_lives_an_hour_or_twelve_where_an_organization_policy_says_so() {
    let extension = "iam.allowServiceAccountCredentialLifetimeExtension";
    let values = |list: &[&str]| json!({"rules": [{"values": {"allowedValues": list}}]});
    let named = granted().org_policy("organizations/1", extension, values(&[T]));
    let other = granted().org_policy(
        "folders/2",
        extension,
        values(&["n@p.iam.gserviceaccount.com"]),
    );
    let unread = granted().unreadable("folders/2/policies");
    let long = || vec![CauseKind::LifetimeTooLong];
    for (what, world, lifetime, outcome, kinds, words) in [
        ("usual", granted(), 3_600, Outcome::WouldSucceed, vec![], ""),
        (
            "not set",
            granted(),
            3_601,
            Outcome::WouldFail,
            long(),
            "does not name it.",
        ),
        (
            "named",
            named.clone(),
            43_200,
            Outcome::WouldSucceed,
            vec![],
            "",
        ),
        (
            "named",
            named.clone(),
            43_201,
            Outcome::WouldFail,
            long(),
            "no account gives",
        ),
        (
            "another",
            other,
            3_601,
            Outcome::WouldFail,
            long(),
            "set on the folder data, does not name it",
        ),
        (
            "unread",
            unread.clone(),
            3_601,
            Outcome::Unknown,
            long(),
            "could not be read (may not be read)",
        ),
        (
            "unread",
            unread,
            43_201,
            Outcome::WouldFail,
            long(),
            "no account gives",
        ),
    ] {
        let mut asked = question(C);
        asked.call.lifetime = Some(lifetime);
        assert_eq!(world.explain(&asked).outcome, outcome, "{what} {lifetime}");
        assert_eq!(world.kinds(&asked), kinds, "{what} {lifetime}");
        let said = world.causes(&asked).first().map(|c| c.message.clone());
        let said = said.unwrap_or_default();
        assert!(said.contains(words), "{what} {lifetime}: {said}");
    }
    // Seen in an error: without the lifetime it stands, with one it is judged as it is today.
    let mut seen = question(C);
    seen.call.seen = Some(Seen::LifetimeTooLong);
    fails(&granted(), &seen, CauseKind::LifetimeTooLong);
    fails(&named, &seen, CauseKind::LifetimeTooLong);
    seen.call.lifetime = Some(7_200);
    assert_eq!(named.explain(&seen).outcome, Outcome::WouldSucceed);
}

#[test]
fn scopes_and_credentials_are_not_mended_by_a_binding() {
    for (seen, kind) in [
        (Seen::ScopeInsufficient, CauseKind::ScopeInsufficient),
        (Seen::CredentialsExpired, CauseKind::CredentialsExpired),
    ] {
        let mut asked = question(C);
        asked.call.seen = Some(seen);
        fails(&granted(), &asked, kind);
    }
}

/// A policy carries no time, so only who knows of a write can tell that a grant is young.
#[test]
fn a_grant_that_was_just_written_may_not_count_yet() {
    for (written, kinds) in [
        ("2026-11-24T11:59:00Z", vec![CauseKind::MayBePropagating]),
        ("2026-11-24T11:51:00Z", vec![CauseKind::MayBePropagating]),
        ("2026-11-24T11:49:00Z", vec![]),
        ("2026-11-24T12:01:00Z", vec![]),
    ] {
        let mut asked = question(C);
        asked.call.written = Some(at(written));
        let answer = granted().explain(&asked);
        assert_eq!(answer.outcome, Outcome::WouldSucceed, "{written}");
        assert_eq!(granted().kinds(&asked), kinds, "{written}");
    }
    let mut asked = question(C);
    asked.call.written = Some(at("2026-11-24T11:59:00Z"));
    assert_eq!(
        World::new().kinds(&asked),
        [CauseKind::NoGrant],
        "a no is a no"
    );
}

/// The target's project, the caller's own, and the one that is billed; `who` and `reach` say the same.
#[test]
fn nothing_in_a_project_that_was_shut_down_can_be_used() {
    for (index, name) in [(0, "p"), (1, "q")] {
        let mut world = World::new().grant("t", TOKEN_CREATOR, C).grant(
            "t",
            TOKEN_CREATOR,
            "user:ana@example.com",
        );
        let project = &mut world.0["projects"][index];
        assert_eq!(project["projectId"], name);
        project["state"] = json!("DELETE_REQUESTED");
        fails(&world, &question(C), CauseKind::ProjectShutDown);
        let causes = world.causes(&question(C));
        assert_eq!(causes.len(), 1, "{causes:?}");
        assert_eq!(
            causes[0].command.as_deref(),
            Some(format!("gcloud projects undelete {name}").as_str())
        );
        let estate = world.estate();
        let at = question(C).time;
        let permission = question(C).permission;
        let who = crate::evaluate::who(&estate, &account(T), &permission, at);
        let row = who.results.iter().find(|row| &*row.principal == C);
        let row = row.unwrap_or_else(|| panic!("{:?}", who.results));
        assert_eq!(row.outcome, Outcome::WouldFail);
        let caller = super::super::who(C);
        let reach = crate::evaluate::reach(&estate, &caller, &permission, at);
        assert!(
            reach
                .results
                .iter()
                .all(|row| row.outcome == Outcome::WouldFail)
        );
    }
    let mut world = World::new()
        .grant("t", TOKEN_CREATOR, C)
        .grant("t", TOKEN_CREATOR, "user:ana@example.com")
        .grant(
            "q",
            "roles/serviceusage.serviceUsageConsumer",
            "user:ana@example.com",
        );
    world.0["projects"][1]["state"] = json!("DELETE_REQUESTED");
    let ana = "user:ana@example.com";
    assert_eq!(
        world.explain(&question(ana)).outcome,
        Outcome::WouldSucceed,
        "a user's own project is not asked"
    );
    let mut billed = question(ana);
    billed.call.quota_project = Some("q".to_owned());
    fails(&world, &billed, CauseKind::ProjectShutDown);
}
