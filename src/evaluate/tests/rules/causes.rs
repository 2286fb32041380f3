//! The contract's closed set of causes: each is given by an estate of its own, in the words of which it
//! is part. Kinds that a table of another section is about are met there too.

use serde_json::{Value, json};

use super::super::account;
use super::{C, N, POOL, T, TOKEN_CREATOR, World, level, question};
use crate::evaluate::{CauseKind, Question, Seen, diagnose, explain};

const MINT: &str = "iam.googleapis.com/serviceAccounts.getAccessToken";

fn custom(role: Value) -> World {
    World::new()
        .with("roles", role)
        .grant("t", "organizations/1/roles/r", C)
}

fn role(extra: &Value) -> Value {
    let mut role = json!({"name": "organizations/1/roles/r", "stage": "GA",
        "includedPermissions": ["iam.serviceAccounts.getAccessToken"]});
    role.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    role
}

fn group(members: Value) -> World {
    World::new()
        .with(
            "groups",
            json!({"email": "devs@example.com", "members": members}),
        )
        .grant("t", TOKEN_CREATOR, "group:devs@example.com")
}

fn granted() -> World {
    World::new().grant("t", TOKEN_CREATOR, C)
}

fn call(change: impl FnOnce(&mut Question)) -> Question {
    let mut question = question(C);
    change(&mut question);
    question
}

fn set(mut world: World, pointer: &str, value: Value) -> World {
    *world.0.pointer_mut(pointer).unwrap() = value;
    world
}

/// One estate and question for each kind, with words that must be in its message and its remedy.
fn cases() -> Vec<(CauseKind, World, Question, &'static str, &'static str)> {
    use CauseKind as K;
    let organization = "//cloudresourcemanager.googleapis.com/organizations/1";
    let usual = || question(C);
    let everybody = json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": [MINT]});
    let deny_alone = json!([{"effect": "DENY", "resources": [level("q")]}]);
    let apps_alone = json!([{"effect": "ALLOW", "resources": [level("3")]}]);
    let via = |question: &mut Question| question.via = vec![account("n@p.iam.gserviceaccount.com")];
    vec![
        (
            K::NoGrant,
            World::new(),
            usual(),
            "looked at the account t, the project p, the folder data and the organization example.com",
            "Grant c the role Service Account Token Creator",
        ),
        (
            K::GrantOnCallersProject,
            World::new().grant("q", TOKEN_CREATOR, C),
            usual(),
            "Granted on the caller's own project",
            "on the account t itself, not on its project",
        ),
        (
            K::GrantElsewhere,
            World::new().grant("3", TOKEN_CREATOR, C),
            usual(),
            "the folder apps",
            "on the account t itself",
        ),
        (
            K::SelfGrant,
            World::new().grant("p", TOKEN_CREATOR, &format!("serviceAccount:{T}")),
            usual(),
            "to t itself",
            "Grant c",
        ),
        (
            K::RoleLacksPermission,
            World::new().grant("t", "roles/iam.serviceAccountUser", C),
            usual(),
            "actAs",
            "Token Creator",
        ),
        (
            K::BasicRoleNotEnough,
            World::new().grant("p", "roles/owner", C),
            usual(),
            "being owner or editor is not enough",
            "Token Creator",
        ),
        (
            K::RoleDisabled,
            custom(role(&json!({"stage": "DISABLED"}))),
            usual(),
            "disabled",
            "Enable the role organizations/1/roles/r",
        ),
        (
            K::RoleDeleted,
            custom(role(&json!({"deleted": true}))),
            usual(),
            "was deleted",
            "Undelete the role organizations/1/roles/r",
        ),
        (
            K::RoleUnknown,
            World::new().grant("t", "organizations/1/roles/r", C),
            usual(),
            "No such role is known here",
            "gcloud iam roles describe",
        ),
        (
            K::MemberMisspelled,
            set(
                World::new().grant(
                    "t",
                    TOKEN_CREATOR,
                    "serviceAccount:run-procesor@q.iam.gserviceaccount.com",
                ),
                "/serviceAccounts/2/email",
                json!("run-processor@q.iam.gserviceaccount.com"),
            ),
            question("serviceAccount:run-processor@q.iam.gserviceaccount.com"),
            "differs from the caller",
            "take run-procesor@q.iam.gserviceaccount.com out",
        ),
        (
            K::MemberDeleted,
            World::new().grant(
                "t",
                TOKEN_CREATOR,
                "deleted:serviceAccount:c@q.iam.gserviceaccount.com?uid=9",
            ),
            usual(),
            "unique id 9",
            "anew",
        ),
        (
            K::MemberKindMismatch,
            World::new().grant("t", TOKEN_CREATOR, "user:c@example.com"),
            usual(),
            "is a person's account",
            "Grant the role to serviceAccount:c@",
        ),
        (
            K::NotInGroup,
            group(json!([N])),
            usual(),
            "the group devs@example.com, and c is not in it",
            "Add c to the group",
        ),
        (
            K::FederatedMismatch,
            World::new().grant(
                "t",
                "roles/iam.workloadIdentityUser",
                &format!("principalSet://{POOL}/subject/s"),
            ),
            question(&format!("principal://{POOL}/subject/s")),
            "no member that can work",
            "Compare pool",
        ),
        (
            K::ConditionFalse,
            World::new().when("request.time < timestamp('2025-01-01T00:00:00Z')"),
            usual(),
            "expired on 2025-01-01T00:00:00Z",
            "Grant it again",
        ),
        (
            K::ConditionError,
            World::new().when("request.time <"),
            usual(),
            "cannot be read, so it grants nothing",
            "Correct the condition",
        ),
        (
            K::ConditionUnsupportedAttribute,
            World::new().when("resource.name == 'x'"),
            usual(),
            "IAM does not offer for service accounts",
            "use tags or a time",
        ),
        (
            K::ConditionUndecided,
            World::new().when("'x' in request.auth.access_levels"),
            usual(),
            "not known here",
            "Find out that value",
        ),
        (
            K::Denied,
            granted().deny("folders/2", everybody),
            usual(),
            "Rule 1 of the deny policy 'd0' on the folder data",
            "No grant mends this",
        ),
        (
            K::OutsideBoundary,
            granted().boundary(organization, "3", apps_alone),
            usual(),
            "lies outside of it",
            "No grant mends this",
        ),
        (
            K::BoundaryUndecided,
            granted().boundary(organization, "3", deny_alone),
            usual(),
            "does not document",
            "ALLOW rule",
        ),
        (
            K::BrokenHop,
            World::new(),
            call(via),
            "Hop 1 of 2",
            "Grant c",
        ),
        (
            K::TargetNotFound,
            World::new(),
            call(|q| q.target = account("zzzz@p.iam.gserviceaccount.com")),
            "There is no service account zzzz",
            "letter by letter",
        ),
        (
            K::TargetDisabled,
            set(
                granted(),
                "/serviceAccounts/0",
                json!({"name": format!("projects/p/serviceAccounts/{T}"), "email": T, "projectId": "p", "disabled": true}),
            ),
            usual(),
            "is disabled",
            "service-accounts enable",
        ),
        (
            K::CallerNotFound,
            granted(),
            question("serviceAccount:zzzz@q.iam.gserviceaccount.com"),
            "There is no service account zzzz",
            "letter by letter",
        ),
        (
            K::CallerDisabled,
            set(
                granted(),
                "/serviceAccounts/2",
                json!({"name": "projects/q/serviceAccounts/c@q.iam.gserviceaccount.com", "email": "c@q.iam.gserviceaccount.com", "projectId": "q", "disabled": true}),
            ),
            usual(),
            "can call nothing",
            "service-accounts enable",
        ),
        (
            K::ApiDisabled,
            granted().set("enabledServices", "projects/20", json!([])),
            usual(),
            "not enabled on q",
            "gcloud services enable",
        ),
        (
            K::PolicyNotReadable,
            World::new().unreadable(&level("1")),
            usual(),
            "The policy of the organization example.com could not be read",
            "grant the role on t itself",
        ),
        (
            K::GroupNotReadable,
            group(json!([])).unreadable("groups/devs@example.com"),
            usual(),
            "group:devs@example.com",
            "read the group's members",
        ),
        (
            K::RoleNotReadable,
            custom(role(&json!({}))).unreadable("organizations/1/roles/r"),
            usual(),
            "could not be read",
            "iam.roles.get",
        ),
        (
            K::MayBePropagating,
            granted(),
            call(|q| q.call.written = Some(q.time)),
            "was changed just now",
            "Wait and try again",
        ),
        (
            K::QuotaProjectDenied,
            granted(),
            call(|q| q.call.quota_project = Some("q".to_owned())),
            "serviceusage.services.use",
            "roles/serviceusage.serviceUsageConsumer",
        ),
        (
            K::ScopeInsufficient,
            granted(),
            call(|q| q.call.seen = Some(Seen::ScopeInsufficient)),
            "IAM, whatever is granted",
            "cloud-platform",
        ),
        (
            K::CredentialsExpired,
            granted(),
            call(|q| q.call.seen = Some(Seen::CredentialsExpired)),
            "IAM was not asked",
            "Sign in again",
        ),
        (
            K::LifetimeTooLong,
            granted(),
            call(|q| q.call.lifetime = Some(7_200)),
            "7200 seconds",
            "at most 3600",
        ),
        (
            K::TargetIsNoServiceAccount,
            World::new(),
            call(|q| q.target = account("ana@example.com")),
            "no service account",
            "domain-wide delegation",
        ),
    ]
}

/// Deleted accounts have no place in an estate file: they come from a survey, or the emulator.
fn deleted() -> Vec<(CauseKind, &'static str)> {
    vec![
        (CauseKind::TargetDeleted, T),
        (CauseKind::CallerDeleted, "c@q.iam.gserviceaccount.com"),
    ]
}

#[test]
fn each_cause_is_found_and_says_what_is_and_what_to_do() {
    for (kind, world, question, message, remedy) in cases() {
        let causes = world.causes(&question);
        let cause = causes
            .iter()
            .find(|c| c.kind == kind)
            .unwrap_or_else(|| panic!("{kind:?} is not among {causes:?}"));
        assert!(
            cause.message.contains(message),
            "{kind:?}: {}",
            cause.message
        );
        let advice = cause.advice();
        assert!(advice.contains(remedy), "{kind:?}: {advice}");
        assert_eq!(causes[0].kind, kind, "{kind:?} comes first: {causes:?}");
    }
    for (kind, email) in deleted() {
        let mut estate = granted().estate();
        estate.delete_account(email).unwrap();
        let answer = explain(&estate, &question(C));
        let causes = diagnose(&estate, &answer);
        assert_eq!(causes[0].kind, kind, "{causes:?}");
    }
}

/// In the order in which a person should act: what is off first, then what no grant mends, then grants.
#[test]
fn causes_come_in_the_order_of_acting() {
    let organization = "//cloudresourcemanager.googleapis.com/organizations/1";
    let world = World::new()
        .grant("q", TOKEN_CREATOR, C)
        .set("enabledServices", "projects/20", json!([]))
        .boundary(organization, "3", json!([{"effect": "ALLOW", "resources": [level("3")]}]))
        .deny("folders/2", json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": [MINT]}));
    let world = set(
        world,
        "/serviceAccounts/0",
        json!({"name": format!("projects/p/serviceAccounts/{T}"), "email": T, "projectId": "p", "disabled": true}),
    );
    assert_eq!(
        world.kinds(&question(C)),
        [
            CauseKind::TargetDisabled,
            CauseKind::ApiDisabled,
            CauseKind::OutsideBoundary,
            CauseKind::Denied,
            CauseKind::GrantOnCallersProject,
        ]
    );
}

#[test]
fn an_answer_of_yes_carries_none_of_the_denying_causes() {
    let world = granted()
        .grant("q", TOKEN_CREATOR, C)
        .grant("p", "roles/owner", C)
        .unreadable(&level("1"));
    assert_eq!(world.kinds(&question(C)), []);
}

/// A member that Google would not take into a policy (kestra-io/plugin-gcp#318) is told as that, and never as a group that
/// could not be read; whom it stands for stays unknown, in allow policies and in deny rules.
#[test]
fn a_member_of_no_kind_that_is_known_is_told_as_such() {
    use CauseKind as K;
    let slip = C.replace("serviceAccount:", "ServiceAccount:");
    let right = format!("Grant the role to {C}, and take {slip} out.");
    for (member, kind, remedy) in [
        (&*slip, K::MemberMisspelled, &*right),
        (
            "SERVICEACCOUNT:other@p.iam.gserviceaccount.com",
            K::PolicyNotReadable,
            "Write it as serviceAccount:other@p.iam.gserviceaccount.com if",
        ),
        (
            "Group:devs@example.com",
            K::PolicyNotReadable,
            "Write it as group:devs@example.com if",
        ),
        ("foo:bar", K::PolicyNotReadable, "or take it out"),
        ("user:a b", K::NoGrant, ""),
    ] {
        let causes = World::new()
            .grant("t", TOKEN_CREATOR, member)
            .causes(&question(C));
        assert_eq!(causes[0].kind, kind, "{member}: {causes:?}");
        assert!(causes[0].remedy.contains(remedy), "{member}: {causes:?}");
        if kind != K::NoGrant {
            assert!(causes[0].message.contains(member), "{member}: {causes:?}");
        }
    }
    let rule = json!({ "deniedPrincipals": ["foo:bar"], "deniedPermissions": [MINT] });
    let causes = granted().deny("folders/2", rule).causes(&question(C));
    assert_eq!(causes[0].kind, K::PolicyNotReadable, "{causes:?}");
    assert!(
        causes[0].message.contains("is written foo:bar"),
        "{causes:?}"
    );
}
