//! The picture: what is folded and unfolded, what is drawn of what is missing, what stands raw.

use bindscope::answer::signs::Glyphs;
use ratatui::style::Modifier;
use serde_json::json;

use crate::play::{Opening, Play};
use crate::{CALLER, TARGET, on_pair, story};

const RUN: &str = "run@app-prod.iam.gserviceaccount.com";
const VAULT: &str = "bq@data-vault.iam.gserviceaccount.com";

/// An organization, four folders that both have in common, then five on each side; the grant stands on the
/// caller's, and one for somebody whose name is nearly the caller's on the target's.
fn deep() -> Opening {
    let mut folders = Vec::new();
    let mut chain = |parent: &str, first: usize, count: usize, name: &str| {
        let mut parent = parent.to_owned();
        for n in first..first + count {
            folders.push(json!({"name": format!("folders/{n}"), "parent": parent, "displayName": format!("{name}-{n}")}));
            parent = format!("folders/{n}");
        }
        parent
    };
    let joint = chain("organizations/1001", 1, 4, "common");
    let apps = chain(&joint, 11, 5, "apps");
    let data = chain(&joint, 21, 5, "data");
    let role = "roles/iam.serviceAccountTokenCreator";
    let account = |email: &str, project: &str| json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "email": email, "projectId": project, "uniqueId": format!("{}", email.len())});
    let facts = json!({
        "organizations": [{"name": "organizations/1001", "displayName": "example.com"}],
        "folders": folders,
        "projects": [
            {"name": "projects/1", "projectId": "app-prod", "parent": apps},
            {"name": "projects/2", "projectId": "data-vault", "parent": data},
        ],
        "serviceAccounts": [account(RUN, "app-prod"), account(VAULT, "data-vault")],
        "iamPolicies": {
            "//cloudresourcemanager.googleapis.com/folders/13": {"bindings": [{"role": role, "members": [format!("serviceAccount:{RUN}")]}]},
            "//cloudresourcemanager.googleapis.com/projects/data-vault": {"version": 3, "etag": "BwYAAAE=", "bindings": [
                {"role": role, "members": ["serviceAccount:rnu@app-prod.iam.gserviceaccount.com", "user:ana@example.com"]},
                {"role": "roles/iam.serviceAccountUser", "members": [format!("serviceAccount:{RUN}")],
                 "condition": {"title": "for now", "expression": "request.time < timestamp('2099-01-01T00:00:00Z') && resource.type == 'x'"}},
            ]},
        },
    });
    Opening {
        facts: Some(facts.to_string()),
        pair: Some((RUN, VAULT)),
        ..Opening::default()
    }
}

/// The common ancestor and both branches are there, whatever lies between them.
#[test]
fn a_deep_hierarchy_keeps_both_branches_and_where_they_meet() {
    let mut play = deep().play();
    for said in [
        "common-4",
        "nothing here",
        "apps-13 folder ◐ Token Creator, off the path",
        "run the caller",
        "data-vault project ≠ Token Creator, misses",
        "▸ ┠ ≠ Token Creator rnu@app-prod misspelled: letters swapped",
        "bq the target",
        "╌ Token Creator run@app-prod missing: f adds it",
    ] {
        play.says(said);
    }
    // A fold opens where it stands, and closes again.
    play.never_says("data-22").keys("kk");
    for key in ["l", "<Enter>"] {
        play.keys(key).says("data-22");
        play.keys("h").never_says("data-22");
    }
    play.resize(120, 50);
    play.says("common-2").says("data-22").says("apps-15");
}

#[test]
fn a_level_unfolds_to_its_bindings_members_and_clauses() {
    let mut play = deep().play();
    play.resize(120, 50);
    play.keys("l")
        .says("· Token Creator 2 members for others")
        .says("≠ rnu@app-prod misspelled: letters swapped")
        .says("· user:ana@example.com")
        .says("Service Account User run@app-prod not enough")
        .says("✓ if request.time <")
        .says("◑ and resource.type == 'x' not known here");
    play.keys("h").never_says("2 members");
}

/// The differing letters are marked without a colour too.
#[test]
fn letters_that_differ_are_marked() {
    let play = deep().play();
    let marked = play.style_of("nu@app-prod");
    assert!(marked.add_modifier.contains(Modifier::UNDERLINED));
    let whole = play.style_of("@app-prod  misspelled");
    assert!(!whole.add_modifier.contains(Modifier::UNDERLINED));
}

/// A ghost is a promise: none where the plan adds nothing, or something else is in the way.
#[test]
fn what_is_missing_is_drawn_only_where_f_would_add_it() {
    let ghost = |play: &Play| play.screen().contains("╌ ");
    for name in ["no-grant", "cross-project", "typo", "owner", "delegation"] {
        assert!(ghost(&Opening::story(story(name)).play()), "{name}");
    }
    for name in [
        "denied",
        "boundary",
        "disabled",
        "caller-disabled",
        "caller-deleted",
        "target-missing",
        "project-shut-down",
        "domain-restricted",
        "api-off",
        "expired",
        "inherited",
    ] {
        assert!(!ghost(&Opening::story(story(name)).play()), "{name}");
    }
    // What could not be read may grant it already.
    let mut play = Opening::story(story("unreadable")).play();
    play.says("╌ Token Creator run-processor@app-prod not seen: f adds it");
}

#[test]
fn every_picture_can_be_drawn_in_ascii() {
    for story in bindscope::emulator::stories::index() {
        if story.name == "large" {
            continue;
        }
        let play = Opening {
            glyphs: Glyphs::Ascii,
            ..Opening::story(story)
        }
        .play();
        let screen = play.screen();
        let picture = screen
            .lines()
            .skip(3)
            .take_while(|l| !l.contains("- why -"));
        for line in picture {
            assert!(line.is_ascii(), "{}: {line}", story.name);
        }
    }
}

#[test]
fn the_policy_stands_as_it_is_and_is_searched() {
    let mut play = Opening {
        size: (100, 40),
        ..deep()
    }
    .play();
    play.keys("Y")
        .says("policies as they stand: data-vault")
        .says("\"etag\": \"BwYAAAE=\"")
        .says("\"version\": 3")
        .says("\"role\": \"roles/iam.serviceAccountTokenCreator\"");
    // Keys, what they hold, and what a cause blames look each their own way.
    let looks = ["\"etag\"", "\"BwYAAAE=\"", "\"serviceAccount:rnu@"];
    let looks = looks.map(|words| play.style_of(words).fg);
    assert!(looks[0] != looks[1] && looks[1] != looks[2], "{looks:?}");
    play.keys("/rnu@<Enter>").says("1 of ");
    play.keys("<Esc>y");
    let copied = play.copied().unwrap();
    let policy: serde_json::Value = serde_json::from_str(copied).unwrap();
    assert_eq!(policy["bindings"].as_array().unwrap().len(), 2);
    play.keys("<Esc>").says("where bindings are");
}

#[test]
fn a_panel_takes_the_screen_and_gives_it_back() {
    let mut play = on_pair("cross-project");
    play.keys("z")
        .says("where bindings are")
        .never_says("─ why");
    play.keys("<Tab>")
        .says("━ why ━")
        .never_says("where bindings are")
        .says("the caller's token.");
    play.keys("z").says("where bindings are");
}

/// An account that is not there has no policy, and nobody says that it could not be read.
#[test]
fn what_does_not_exist_has_no_policy() {
    for name in ["target-missing", "caller-missing"] {
        let mut play = Opening {
            size: (160, 45),
            ..Opening::story(story(name))
        }
        .play();
        play.says("It does not exist, so it has no policy.");
        play.keys("Y")
            .says("It does not exist, so it has no policy.")
            .keys("<Esc><Enter>")
            .says("It does not exist, so it has no policy.")
            .never_says("was not read");
    }
}

/// A default account is never called as its project is.
#[test]
fn a_default_account_keeps_its_kind() {
    let mut play = Opening::story(story("default-account")).play();
    play.says("on the account app-prod@appspot itself, not on its project")
        .says("grant Service Account User on app-prod@appspot itself");
    play.keys("f")
        .says("ci-deploy → app-prod@appspot › confirmation");
}

/// On the smallest screen, too, the target stands in the picture: the line that is for words is given to it.
#[test]
fn the_smallest_screen_has_a_line_more_while_nothing_is_said() {
    let mut play = Opening {
        size: (40, 12),
        ..Opening::story(story("cross-project"))
    }
    .play();
    play.says("◐ run-processor@app-prod")
        .says("┗ bq-privileged");
    // What is said takes it, and gives it back.
    play.keys("a").says("Only a federated").keys("j");
    play.says("┗ bq-privileged");
}

/// What a grant with an end came to is said in one band.
#[test]
fn one_band_says_what_was_what_is_and_until_when() {
    let mut play = Opening {
        size: (120, 40),
        pair: Some((CALLER, TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("ftgrant<Enter>").says("It works");
    play.keys("<Esc>")
        .says("now ✗ 403 before → ✓ token at")
        .says("ends 20")
        .says("u undoes it")
        .says("✓ run-processor@app-prod grants, until 20");
}

/// Deny rules and boundaries unfold as leaves, and each clause of their conditions is told with its value: in the
/// picture, in the level in full, and below the policies as they stand.
#[test]
fn conditions_of_every_kind_of_policy_tell_each_clause() {
    const FACTS: &str = r#"{"organizations":[{"name":"organizations/1","displayName":"example.com"}],
        "projects":[{"name":"projects/11","projectId":"p","parent":"organizations/1"}],
        "serviceAccounts":[
          {"name":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com","projectId":"p","email":"a@p.iam.gserviceaccount.com","uniqueId":"1"},
          {"name":"projects/p/serviceAccounts/b@p.iam.gserviceaccount.com","projectId":"p","email":"b@p.iam.gserviceaccount.com","uniqueId":"2"}],
        "tags":{"//cloudresourcemanager.googleapis.com/projects/p":[{"namespacedTagKey":"1/env","namespacedTagValue":"1/env/prod","tagKey":"tagKeys/1","tagValue":"tagValues/2"}]},
        "iamPolicies":{
          "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com":{"version":3,"bindings":[
            {"role":"roles/iam.serviceAccountTokenCreator","members":["serviceAccount:a@p.iam.gserviceaccount.com"],
             "condition":{"title":"t","expression":"request.time > timestamp('2020-01-01T00:00:00Z') && request.time < timestamp('2021-01-01T00:00:00Z') && 'x' in request.auth.access_levels"}}]}},
        "denyPolicies":[{"name":"policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d","rules":[
          {"denyRule":{"deniedPrincipals":["principalSet://goog/public:all"],"deniedPermissions":["iam.googleapis.com/serviceAccounts.getAccessToken"],
           "denialCondition":{"expression":"resource.matchTag('1/env', 'prod') && resource.matchTag('1/tier', 'one')"}}}]}],
        "principalAccessBoundaryPolicies":[{"name":"organizations/1/locations/global/principalAccessBoundaryPolicies/b","details":{"enforcementVersion":"3","rules":[
          {"effect":"ALLOW","resources":["//cloudresourcemanager.googleapis.com/projects/p"]},
          {"effect":"DENY","resources":["//cloudresourcemanager.googleapis.com/projects/other"]}]}}],
        "policyBindings":[{"name":"organizations/1/locations/global/policyBindings/pb","policyKind":"PRINCIPAL_ACCESS_BOUNDARY",
          "target":{"principalSet":"//cloudresourcemanager.googleapis.com/organizations/1"},
          "policy":"organizations/1/locations/global/principalAccessBoundaryPolicies/b",
          "condition":{"expression":"principal.type == 'iam.googleapis.com/ServiceAccount' && principal.subject.endsWith('@p.iam.gserviceaccount.com')"}}]}"#;
    let open = || {
        Opening {
            facts: Some(FACTS.to_owned()),
            pair: Some(("a@p.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com")),
            size: (200, 50),
            ..Opening::default()
        }
        .play()
    };
    // The target: allow condition, boundary with its condition and rules, in the picture.
    let mut play = open();
    play.keys("/the target<Enter>").keys("<Left><Right>");
    play.says("✓ if request.time > timestamp('2020-01-01T00:00:00Z') true")
        .says("◔ and request.time < timestamp('2021-01-01T00:00:00Z') false now")
        .says("◑ and 'x' in request.auth.access_levels not known here")
        .says("✓ if principal.type == 'iam.googleapis.com/ServiceAccount' true")
        .says("and principal.subject.endsWith('@p.iam.gserviceaccount.com') true")
        .says("✓ rule 1 ALLOW project p covers this")
        .says("· rule 2 DENY project other does not concern this");
    // In full.
    play.keys("<Enter>")
        .says("true request.time > timestamp('2020-01-01T00:00:00Z')")
        .says("false now request.time < timestamp('2021-01-01T00:00:00Z')")
        .says("not known 'x' in request.auth.access_levels")
        .says("true principal.type == 'iam.googleapis.com/ServiceAccount'")
        .says("rule 1: ALLOW project p: covers this")
        .keys("<Esc>");
    // As they stand, and copied without a word of ours.
    play.keys("Y")
        .says("\"expression\": \"request.time > timestamp")
        .says("false now request.time < timestamp('2021-01-01T00:00:00Z')")
        .says("Binding of a principal access boundary")
        .says("true principal.type == 'iam.googleapis.com/ServiceAccount'");
    play.keys("G")
        .says("Principal access boundary")
        .says("\"DENY\"");
    play.keys("y");
    let copied = play.copied().unwrap().to_owned();
    let policy: serde_json::Value = serde_json::from_str(&copied).unwrap();
    assert_eq!(
        policy["bindings"][0]["role"],
        "roles/iam.serviceAccountTokenCreator"
    );
    // The project: the deny rule.
    let mut play = open();
    play.keys("gj<Left><Right>")
        .says("deny rule 1 principalSet://goog/public:all condition not met")
        .says("✓ if resource.matchTag('1/env', 'prod') true")
        .says("◔ and resource.matchTag('1/tier', 'one') false now");
    play.keys("<Enter>")
        .says("true resource.matchTag('1/env', 'prod')")
        .says("false now resource.matchTag('1/tier', 'one')")
        .keys("<Esc>");
    play.keys("Y")
        .says("Deny policy")
        .says("true resource.matchTag('1/env', 'prod')")
        .says("false now resource.matchTag('1/tier', 'one')");
}
