//! docs/semantics.md, "Members of allow policies".

use serde_json::{Value, json};

use super::super::{at, who};
use super::{C, N, NO, NOW, POOL, TOKEN_CREATOR, UNREAD, World, YES, member, question};
use crate::evaluate::{Truth, Verdict, may};
use crate::iam::Resource;

#[test]
fn addresses_compare_without_regard_to_case() {
    member(
        "user:Ana@Example.com",
        &[("user:ana@example.COM", YES), ("user:anna@example.com", NO)],
    );
    member(
        "serviceAccount:C@q.iam.gserviceaccount.com",
        &[(C, YES), (N, NO)],
    );
    let world = World::new()
        .with(
            "groups",
            json!({"email": "devs@example.com", "members": ["user:ana@example.com"]}),
        )
        .grant("t", TOKEN_CREATOR, "group:Devs@Example.com");
    assert_eq!(world.verdict("user:ana@example.com"), YES);
}

#[test]
fn a_user_and_a_service_account_of_one_address_are_two() {
    member(
        "user:x@example.com",
        &[
            ("serviceAccount:x@example.com", NO),
            ("user:x@example.com", YES),
        ],
    );
    member(
        "serviceAccount:x@example.com",
        &[("user:x@example.com", NO)],
    );
}

#[test]
fn a_group_covers_its_members_transitively_and_cycles_end() {
    let world = World::new()
        .with("groups", json!({"email": "a@example.com", "members": ["group:b@example.com"]}))
        .with("groups", json!({"email": "b@example.com", "members": ["group:a@example.com", "group:d@example.com"]}))
        .with("groups", json!({"email": "d@example.com", "members": [C, "group:d@example.com"]}))
        .grant("t", TOKEN_CREATOR, "group:a@example.com");
    assert_eq!(world.verdict(C), YES);
    assert_eq!(world.verdict(N), NO);
    let answer = world.explain(&question(C));
    assert_eq!(
        answer.allow[0].bindings[0].members[0].path,
        ["a@example.com", "b@example.com", "d@example.com"]
    );
}

#[test]
fn a_group_that_nobody_may_read_is_unknown_not_empty() {
    let group = |members: serde_json::Value| {
        World::new()
            .with(
                "groups",
                json!({"email": "a@example.com", "members": members}),
            )
            .grant("t", TOKEN_CREATOR, "group:a@example.com")
    };
    let hidden = group(json!([N])).unreadable("groups/a@example.com");
    assert_eq!(hidden.verdict(C), UNREAD);
    assert_eq!(hidden.verdict(N), UNREAD, "its content decides nothing");
    let inner = group(json!([C, "group:nobody-knows@example.com"]));
    assert_eq!(
        inner.verdict(C),
        YES,
        "in it by name, whatever the inner one holds"
    );
    assert_eq!(inner.verdict(N), UNREAD);
    assert_eq!(
        World::new()
            .grant("t", TOKEN_CREATOR, "group:z@example.com")
            .verdict(C),
        UNREAD
    );
}

#[test]
fn a_group_cannot_lead_back_into_a_policy() {
    // Would go in circles: the owners of q are the group that holds the owners of q.
    let world = World::new()
        .with("groups", json!({"email": "a@example.com", "members": ["projectOwner:q", "user:ana@example.com"]}))
        .grant("q", "roles/owner", "group:a@example.com")
        .grant("t", TOKEN_CREATOR, "projectOwner:q");
    assert_eq!(world.verdict(C), NO);
    assert_eq!(world.verdict("user:ana@example.com"), YES);
}

#[test]
fn domain_is_its_users_alone() {
    member(
        "domain:Example.com",
        &[
            ("user:ana@example.com", YES),
            ("user:ana@sub.example.com", NO),
            ("user:ana@notexample.com", NO),
            ("serviceAccount:x@example.com", NO),
            (C, NO),
        ],
    );
}

#[test]
fn all_authenticated_users_is_every_google_account_and_service_account() {
    let federated = format!("principal://{POOL}/subject/s");
    member(
        "allAuthenticatedUsers",
        &[
            ("user:eve@gmail.com", YES),
            (C, YES),
            (federated.as_str(), NO),
            ("serviceAccount:q.svc.id.goog[ns/ksa]", NO),
            (
                "principal://agents.global.org-1.system.id.goog/resources/x/y",
                NO,
            ),
            ("principal://nova.example/x", UNREAD),
        ],
    );
}

#[test]
fn all_users_is_everybody() {
    let federated = format!("principal://{POOL}/subject/s");
    member(
        "allUsers",
        &[
            ("user:eve@gmail.com", YES),
            (C, YES),
            (federated.as_str(), YES),
            (
                "principal://agents.global.org-1.system.id.goog/resources/x/y",
                YES,
            ),
        ],
    );
}

#[test]
fn a_set_of_service_accounts_is_those_of_the_project_or_below() {
    let set = |of: &str| {
        format!("principalSet://cloudresourcemanager.googleapis.com/{of}/type/ServiceAccount")
    };
    for (of, expected) in [
        ("projects/20", YES),
        ("projects/10", NO),
        ("folders/3", YES),
        ("folders/2", NO),
        ("organizations/1", YES),
        ("organizations/9", NO),
    ] {
        member(&set(of), &[(C, expected), ("user:ana@example.com", NO)]);
    }
    // An account whose project nobody here knows may live anywhere.
    member(
        &set("organizations/1"),
        &[("serviceAccount:x@far.iam.gserviceaccount.com", UNREAD)],
    );
}

#[test]
fn a_set_of_service_agents_is_those_of_the_project_or_below() {
    let set = "principalSet://cloudresourcemanager.googleapis.com/folders/3/type/ServiceAgent";
    member(
        set,
        &[
            (
                "serviceAccount:service-20@compute-system.iam.gserviceaccount.com",
                YES,
            ),
            ("serviceAccount:20@cloudservices.gserviceaccount.com", YES),
            (
                "serviceAccount:service-10@compute-system.iam.gserviceaccount.com",
                NO,
            ),
            (C, NO),
            (
                "serviceAccount:service-77@compute-system.iam.gserviceaccount.com",
                UNREAD,
            ),
        ],
    );
}

#[test]
fn a_federated_subject_matches_exactly() {
    for pool in [
        POOL,
        "iam.googleapis.com/locations/global/workforcePools/staff",
    ] {
        let one = format!("principal://{pool}/subject/repo:o/r:ref:refs/heads/main");
        let case = format!("principal://{pool}/subject/Repo:o/r:ref:refs/heads/main");
        let other = format!("principal://{pool}/subject/repo:o/r");
        member(&one, &[(&one, YES), (&case, NO), (&other, NO)]);
    }
    // A pool goes by its project's number: with the id in its place nobody is named.
    let by_id = "principal://iam.googleapis.com/projects/q/locations/global/workloadIdentityPools/gh/subject/s";
    let own = format!("principal://{POOL}/subject/s");
    member(by_id, &[(&own, NO), (by_id, NO)]);
    member(&own, &[(by_id, NO)]);
    for set in ["*", "attribute.a/b", "group/g"] {
        let set = format!(
            "principalSet://iam.googleapis.com/projects/q/locations/global/workloadIdentityPools/gh/{set}"
        );
        member(&set, &[(&own, NO), (by_id, NO)]);
    }
    // Any character may stand in it.
    let spaced =
        format!("principal://{POOL}/subject/organization:o:project:Default Project:run_phase:plan");
    let other = spaced.replace("plan", "apply");
    member(
        &spaced,
        &[
            (&spaced, YES),
            (&other, NO),
            (C, NO),
            ("user:ana@example.com", NO),
        ],
    );
}

#[test]
fn a_federated_identity_is_in_no_google_group() {
    let members = json!([
        "user:ana@example.com",
        format!("principal://{POOL}/subject/s")
    ]);
    let world = |groups: &[Value]| {
        let mut world = World::new().grant("t", TOKEN_CREATOR, "group:devs@example.com");
        for group in groups {
            world = world.with("groups", group.clone());
        }
        world
    };
    let read = json!({"email": "devs@example.com", "members": members});
    for caller in [
        &format!("principal://{POOL}/subject/s"),
        "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ana",
        "serviceAccount:q.svc.id.goog[ns/ksa]",
        "principal://agents.global.org-1.system.id.goog/resources/x/y",
    ] {
        assert_eq!(
            world(std::slice::from_ref(&read)).verdict(caller),
            NO,
            "{caller}"
        );
        assert_eq!(world(&[]).verdict(caller), NO, "{caller}, unread");
    }
    assert_eq!(world(&[]).verdict("user:ana@example.com"), UNREAD);
}

#[test]
fn a_pools_set_matches_every_identity_of_it() {
    let other = POOL.replace("gh", "other");
    member(
        &format!("principalSet://{POOL}/*"),
        &[
            (&format!("principal://{POOL}/subject/s"), YES),
            (&format!("principal://{other}/subject/s"), NO),
            (C, NO),
        ],
    );
}

#[test]
fn groups_and_attributes_of_a_pool_are_unknown_unless_given() {
    let caller = format!("principal://{POOL}/subject/s");
    for (set, name, value) in [
        ("attribute.repository/o/r", "repository", "o/r"),
        ("group/admins", "groups", "admins"),
    ] {
        let world = World::new().grant("t", TOKEN_CREATOR, &format!("principalSet://{POOL}/{set}"));
        let mut question = question(&caller);
        assert_eq!(
            world.explain(&question).verdict,
            Verdict::UnknownInfo,
            "{set}"
        );
        question.attributes = vec![(name.to_owned(), value.to_owned())];
        assert_eq!(
            world.explain(&question).verdict,
            Verdict::CanAccess,
            "{set}"
        );
        question.attributes = vec![(name.to_owned(), "else".to_owned())];
        assert_eq!(
            world.explain(&question).verdict,
            Verdict::CannotAccess,
            "{set}"
        );
    }
}

#[test]
fn a_kubernetes_account_is_a_principal_of_its_own() {
    member(
        "serviceAccount:q.svc.id.goog[ns/ksa]",
        &[
            ("serviceAccount:q.svc.id.goog[ns/ksa]", YES),
            ("serviceAccount:q.svc.id.goog[ns/other]", NO),
            ("serviceAccount:q.svc.id.goog[other/ksa]", NO),
            (C, NO),
        ],
    );
}

/// The same workload by its newer name, and the sets it is in (doc "About Workload Identity Federation for
/// GKE", principal identifiers: subject, namespace, cluster, unique id).
#[test]
fn a_kubernetes_account_goes_by_two_names() {
    const GKE: &str =
        "iam.googleapis.com/projects/20/locations/global/workloadIdentityPools/q.svc.id.goog";
    let old = |name: &str| format!("serviceAccount:q.svc.id.goog[{name}]");
    let new = |tail: &str| format!("principal://{GKE}/subject/{tail}");
    let (ksa, other) = (old("ns/ksa"), old("ns/other"));
    let (subject, strange) = (new("ns/ns/sa/ksa"), new("ns/ns/sa/other"));
    let people = [(C, NO), ("user:ana@example.com", NO)];
    let rows = |rows: &[(&str, &str)], text: &str| {
        let all: Vec<(&str, &str)> = rows.iter().chain(&people).copied().collect();
        member(text, &all);
    };
    for name in [&ksa, &subject] {
        rows(
            &[
                (ksa.as_str(), YES),
                (subject.as_str(), YES),
                (other.as_str(), NO),
                (strange.as_str(), NO),
            ],
            name,
        );
    }
    // The pool of another project is another pool.
    let elsewhere = subject.replace("projects/20/", "projects/10/");
    rows(&[(ksa.as_str(), NO)], &elsewhere);
    let elsewhere = subject.replace("q.svc.id.goog", "p.svc.id.goog");
    rows(&[(ksa.as_str(), NO), (subject.as_str(), NO)], &elsewhere);
    let set = |tail: &str| format!("principalSet://{GKE}/{tail}");
    let outside = old("outside/ksa");
    rows(
        &[
            (ksa.as_str(), YES),
            (subject.as_str(), YES),
            (other.as_str(), YES),
            (outside.as_str(), NO),
        ],
        &set("namespace/ns"),
    );
    // By either name it is an identity of the pool.
    rows(&[(ksa.as_str(), YES), (subject.as_str(), YES)], &set("*"));
    // In which cluster it runs and which unique id it has are not known; nobody else can be meant.
    let cluster = "https://container.googleapis.com/v1/projects/q/locations/x/clusters/c";
    for text in [
        set(&format!("kubernetes.cluster/{cluster}")),
        format!("principal://{GKE}/kubernetes.serviceaccount.uid/7d3c"),
    ] {
        rows(&[(ksa.as_str(), UNREAD), (subject.as_str(), UNREAD)], &text);
    }
}

#[test]
fn a_deleted_member_matches_nothing_that_exists() {
    member(
        "deleted:serviceAccount:c@q.iam.gserviceaccount.com?uid=200",
        &[(C, NO)],
    );
    member(
        "deleted:user:ana@example.com?uid=1",
        &[("user:ana@example.com", NO)],
    );
    member(
        "deleted:serviceAccount:c@q.iam.gserviceaccount.com?uid=201",
        &[(C, NO)],
    );
}

#[test]
fn project_owner_editor_and_viewer_are_resolved_on_that_project() {
    for (member, role) in [
        ("projectOwner:q", "roles/owner"),
        ("projectEditor:q", "roles/editor"),
        ("projectViewer:q", "roles/viewer"),
    ] {
        let world = World::new().grant("t", TOKEN_CREATOR, member);
        assert_eq!(world.verdict(C), NO, "{member}");
        assert_eq!(
            world.clone().grant("q", role, C).verdict(C),
            YES,
            "{member}"
        );
        assert_eq!(
            world.clone().grant("p", role, C).verdict(C),
            NO,
            "{member}: on another project"
        );
        assert_eq!(
            world.unreadable(&super::level("q")).verdict(C),
            UNREAD,
            "{member}"
        );
    }
    member("projectOwner:nobody-knows", &[(C, UNREAD)]);
}

#[test]
fn a_form_that_is_not_known_is_unknown_not_a_mismatch() {
    member("robot:from-the-future", &[(C, UNREAD)]);
    member(
        "principalSet://goog/nova",
        &[("user:ana@example.com", UNREAD), (C, UNREAD)],
    );
    // What names a pool or a trust domain is no user and no service account; a malformed `user:` is nobody
    // else, and so on.
    let federated = format!("principal://{POOL}/subject/s");
    let agent = "principal://agents.global.org-1.system.id.goog/resources/x/y";
    for (text, unread) in [
        (
            "principalSet://nova.example/x",
            &[federated.as_str(), agent][..],
        ),
        (
            "principalSet://agents.global.org-1.system.id.goog/*",
            &[&federated, agent][..],
        ),
        ("principal://nova.example/a b", &[&federated, agent][..]),
        (
            &format!("principal://{POOL}/nova"),
            &[&federated, agent][..],
        ),
        ("user:a b", &["user:ana@example.com"][..]),
        (
            "serviceAccount:a b",
            &[C, "serviceAccount:q.svc.id.goog[ns/ksa]"][..],
        ),
        ("group:a b", &["user:ana@example.com", C][..]),
    ] {
        let all = [
            "user:ana@example.com",
            C,
            "serviceAccount:q.svc.id.goog[ns/ksa]",
            &federated,
            agent,
        ];
        for caller in all {
            let gke = caller.contains("svc.id.goog") && text.starts_with("principal");
            let expected = if unread.contains(&caller) || gke {
                UNREAD
            } else {
                NO
            };
            member(text, &[(caller, expected)]);
        }
    }
    // Whatever it is, it is a part of that pool.
    let part = format!("principalSet://{POOL}/nova/x");
    let inside = format!("principal://{POOL}/subject/s");
    member(
        &part,
        &[
            (inside.as_str(), UNREAD),
            (C, NO),
            ("user:ana@example.com", NO),
        ],
    );
}

#[test]
fn any_permission_on_any_level_can_be_asked() {
    let estate = World::new()
        .grant("2", "roles/storage.objectViewer", C)
        .estate();
    for (permission, on, expected) in [
        ("storage.objects.get", Resource::project("p"), Truth::Yes),
        ("storage.objects.create", Resource::project("p"), Truth::No),
        ("storage.objects.get", Resource::project("q"), Truth::No),
        ("no permission", Resource::project("p"), Truth::No),
    ] {
        assert_eq!(
            may(&estate, &who(C), permission, &on, at(NOW)),
            expected,
            "{permission}"
        );
    }
}
