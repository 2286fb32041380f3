//! What if: bindings are switched in memory, the verdict answers at once, and nothing is written.

use crate::play::Opening;
use crate::{creators, on_pair, story};

/// The account that is asked about by [`two_accounts`].
const ON_B: &str = "//iam.googleapis.com/projects/p/serviceAccounts/b@p.iam.gserviceaccount.com";

/// An organization with a project of two accounts, a who asks about b; `policies`: entries of its allow policies,
/// `more`: what else its file says, from a comma on.
fn two_accounts(policies: &str, more: &str) -> Opening {
    let account = |name: &str, id: &str| {
        format!(
            r#"{{"name":"projects/p/serviceAccounts/{name}@p.iam.gserviceaccount.com","projectId":"p","email":"{name}@p.iam.gserviceaccount.com","uniqueId":"{id}"}}"#
        )
    };
    let facts = format!(
        r#"{{"organizations":[{{"name":"organizations/1","displayName":"example.com"}}],
        "projects":[{{"name":"projects/11","projectId":"p","parent":"organizations/1"}}],
        "serviceAccounts":[{},{}],
        "iamPolicies":{{{policies}}}{more}}}"#,
        account("a", "1"),
        account("b", "2"),
    );
    Opening {
        facts: Some(facts),
        pair: Some(("a@p.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com")),
        ..Opening::default()
    }
}

/// On b, Token Creator for a, under that condition.
fn conditional(expression: &str) -> String {
    format!(
        r#""{ON_B}":{{"version":3,"bindings":[
            {{"role":"roles/iam.serviceAccountTokenCreator","members":["serviceAccount:a@p.iam.gserviceaccount.com"],
              "condition":{{"title":"t","expression":"{expression}"}}}}]}}"#
    )
}

/// On b, Token Creator for a.
fn granted() -> String {
    format!(
        r#""{ON_B}":{{"bindings":[
            {{"role":"roles/iam.serviceAccountTokenCreator","members":["serviceAccount:a@p.iam.gserviceaccount.com"]}}]}}"#
    )
}

/// The binding that is missing is supposed to be there, taken back by its own key, and by Esc.
#[test]
fn a_missing_grant_is_supposed_to_be_there() {
    let mut play = on_pair("cross-project");
    play.keys("G").says("▸       └ ╌ Token Creator");
    play.keys("<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 1 switched, nothing written; as read: would fail. Backspace: back")
        .says("on: Token Creator for run-processor@app-prod on bq-privileged@data-vault")
        .says("grants, what if it is there")
        .never_says("f  grant");
    assert!(creators(&play).is_empty());
    // The same key switches it off again.
    play.keys("<Space>")
        .says("403 until granted")
        .never_says("WHAT IF")
        .says("f  grant Token Creator");
    play.keys("<Space>")
        .says("WHAT IF")
        .keys("<BS>")
        .says("The answer as it was read")
        .never_says("WHAT IF");
    play.keys("<Space>")
        .says("WHAT IF")
        .keys("<Esc>")
        .never_says("WHAT IF")
        .says("where bindings are");
    play.keys("<BS>").says("Nothing is switched");
    assert!(creators(&play).is_empty());
}

/// A grant that works is switched off: the verdict turns at once, and the row stays to be switched on again.
#[test]
fn a_grant_is_switched_off() {
    let mut play = Opening::story(story("boundary-v1")).play();
    play.says("the call would succeed")
        .says("✓ Token Creator run-processor@app-prod grants");
    play.keys("<Space>")
        .says("✗ what if: the call would fail")
        .says("WHAT IF 1 switched, nothing written; as read: would succeed.")
        .says("▸       └ ✗ Token Creator  run-processor@app-prod  switched off, what if")
        .says("off: Token Creator for run-processor@app-prod on bq-privileged@data-vault");
    play.keys("<Space>")
        .says("▸       └ ✓ Token Creator")
        .never_says("WHAT IF")
        .never_says("what if:");
}

/// Nothing that writes, copies or asks for something is to be had while anything is switched.
#[test]
fn nothing_is_written_copied_or_asked_for_while_something_is_switched() {
    let mut play = on_pair("cross-project");
    play.keys("G<Space>").says("WHAT IF");
    play.keys("f")
        .says("While something is switched, no policy is changed: Backspace takes all back first.")
        .never_says("Give access?");
    play.keys("u")
        .says("no policy is changed")
        .never_says("Take back");
    play.keys("y")
        .says("nothing is copied")
        .keys("R")
        .says("nothing is asked for");
    play.keys("S").says("nothing is saved");
    assert!(play.copied().is_none());
    // The policy as it stands is what was read.
    play.keys("Y")
        .says("policies as they stand")
        .never_says("serviceAccountTokenCreator")
        .keys("<Esc>");
    play.says("WHAT IF");
    // What is printed at the end is what was read.
    play.press("Q");
    let words = format!("{:?}", play.left().unwrap());
    assert!(words.contains("403 until granted"), "{words}");
    assert!(!words.contains("what if"), "{words}");
    assert!(creators(&play).is_empty());
}

/// Reading anew and leaving end it.
#[test]
fn reading_anew_and_leaving_end_it() {
    for away in ["r", "p<Esc>", "s<Esc>", "x<Esc>", "mactas<Enter><Esc>"] {
        let mut play = on_pair("cross-project");
        play.keys("G<Space>").says("WHAT IF");
        play.keys(away)
            .says("where bindings are")
            .says("403 until granted")
            .never_says("WHAT IF");
    }
}

/// A level with one binding is switched as a whole; one with several unfolds, and one of its members alone can go.
#[test]
fn levels_and_members_are_switched() {
    let open = |members: &str| {
        let policies = format!(
            r#""//cloudresourcemanager.googleapis.com/projects/p":{{"bindings":[
                {{"role":"roles/iam.serviceAccountTokenCreator","members":[{members}]}}]}},
              "{ON_B}":{{"bindings":[
                {{"role":"roles/viewer","members":["user:eva@example.com"]}},
                {{"role":"roles/iam.serviceAccountUser","members":["user:eva@example.com"]}}]}}"#
        );
        two_accounts(&policies, "").play()
    };
    let mut play = open(r#""serviceAccount:a@p.iam.gserviceaccount.com""#);
    play.says("the call would succeed");
    play.keys("gj").says("▸ ┗ p");
    play.keys("<Space>")
        .says("what if: the call would fail")
        .says("off: Token Creator for a@p on p");
    // Several: it unfolds, and says what to do.
    let mut play = open(r#""serviceAccount:a@p.iam.gserviceaccount.com","user:eva@example.com""#);
    play.keys("gjl").says("2 members");
    play.keys("jj")
        .says("▸")
        .keys("<Space>")
        .says("off: Token Creator for a@p on p")
        .says("what if: the call would fail");
    play.keys("<BS>").says("the call would succeed");
    play.keys("<Esc>");
    play.keys("g")
        .keys("<Space>")
        .says("Nothing was read there that could be switched");
}

/// A deny rule is switched off: by its own row, and by its level's, where it is all that is there.
#[test]
fn a_deny_rule_is_switched_off() {
    let mut play = Opening::story(story("denied")).play();
    play.says("▸   ┠ ⊘ deny rule 1").says("the call would fail");
    for to in ["", "k"] {
        play.keys(to);
        play.keys("<Space>")
            .says("✓ what if: the call would succeed")
            .says("WHAT IF 1 switched, nothing written; as read: would fail.")
            .says("off: deny rule 1 for principalSet://goog/public:all on data")
            .says("✗ deny rule 1 principalSet://goog/public:all switched off, what if")
            .never_says("⊘");
        play.keys("<Space>")
            .says("⊘ deny rule 1")
            .says("✗ the call would fail")
            .never_says("WHAT IF");
    }
    // In the causes, what is blamed.
    play.keys("<Tab><Space>")
        .says("what if: the call would succeed")
        .keys("<BS>")
        .says("denied here");
    // Nothing was sent that writes.
    play.keys("L")
        .says("calls to Google Cloud")
        .never_says("setIamPolicy")
        .never_says("PATCH")
        .never_says("PUT ");
}

/// A boundary's binding is switched off, or one of its rules.
#[test]
fn a_boundary_and_its_rules_are_switched_off() {
    let mut play = Opening::story(story("boundary")).play();
    play.says("▸       ├ ▣ boundary").keys("<Space>");
    play.says("✓ what if: the call would succeed")
        .says("off: boundary Production only")
        .says("✗ boundary Production only switched off, what if")
        .keys("<Space>")
        .says("outside boundary")
        .never_says("WHAT IF");
    let mut play = Opening {
        size: (120, 40),
        ..Opening::story(story("boundary-deny-only"))
    }
    .play();
    play.says("may leave the target out");
    // The rule below it, once the level is unfolded: a boundary without rules shuts nobody out.
    play.keys("G<Left>")
        .keys("<Right>")
        .says("rule 1 DENY folder prod");
    play.keys("/rule 1<Enter>").keys("<Space>");
    play.says("✓ what if: the call would succeed")
        .says("off: rule 1, DENY folder prod")
        .keys("<BS>")
        .never_says("WHAT IF");
}

/// A condition is supposed to hold, as a whole or by one of its clauses; what others of it say counts as before.
#[test]
fn a_condition_and_its_clauses_are_supposed_to_hold() {
    let mut play = Opening::story(story("conditional")).play();
    play.keys("/request.time<Enter>")
        .says("▸")
        .keys("<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 1 switched, nothing written; as read: would fail.")
        .says("✗ if request.time < time…")
        .says("supposed true, what if")
        .says("true in Token Creator on bq-privileged@data-vault: request.time <");
    play.keys("<Space>")
        .says("403 until granted")
        .says("false now")
        .never_says("WHAT IF");
    // One that cannot be read at all is supposed as a whole.
    let mut play = Opening::story(story("condition-broken")).play();
    play.keys("/getHours<Enter><Space>")
        .says("what if: the call would succeed");
    // A clause of several: the verdict is that of the others.
    for (second, name, outcome, is_true) in [
        (
            "request.time > timestamp('2019-01-01T00:00:00Z')",
            "2019",
            "✓ what if: the call would succeed",
            true,
        ),
        (
            "request.time > timestamp('2039-01-01T00:00:00Z')",
            "2039",
            "✗ what if: the call would fail",
            false,
        ),
        (
            "'x' in request.auth.access_levels",
            "access_levels",
            "? what if: ",
            false,
        ),
    ] {
        let clauses = format!("request.time < timestamp('2020-01-01T00:00:00Z') && {second}");
        let mut play = two_accounts(&conditional(&clauses), "").play();
        play.resize(200, 40);
        play.keys("G<Left>").keys("<Right>");
        play.keys("/2020<Enter><Space>")
            .says(outcome)
            .says("if request.time < timestamp('2020-01-01T00:00:00Z') supposed true, what if")
            .says(second);
        // Beside the picture it is written as it is judged, with no blanks where the clause stood.
        play.says(&format!("  true && {second}"));
        play.keys("<Space>")
            .says("request.time < timestamp('2020-01-01T00:00:00Z') false now")
            .never_says("WHAT IF");
        // Both, each by itself: what is true is supposed false.
        let (value, outcome) = if is_true {
            ("false", "✗ what if: the call would fail")
        } else {
            ("true", "✓ what if: the call would succeed")
        };
        play.keys("<Space>")
            .keys(&format!("/<Ctrl-u>{name}<Enter><Space>"))
            .says(outcome)
            .says(&format!("  true && {value}"))
            .says(&format!("and {second} supposed {value}, what if"))
            .says("WHAT IF 2 switched");
        // One is taken back, the other stays.
        play.keys("/<Ctrl-u>2020<Enter><Space>")
            .says("WHAT IF 1 switched")
            .says(&format!("and {second} supposed {value}, what if"));
    }
}

/// A clause of a deny rule's condition, and of a boundary's, is supposed to be what it is not; one that cannot be told
/// is true first, then false, then as it was read.
#[test]
fn clauses_of_deny_rules_and_boundaries_are_supposed_to_be_otherwise() {
    let denying = |expression: &str| {
        let more = format!(
            r#","tags":{{"//cloudresourcemanager.googleapis.com/projects/p":[{{"namespacedTagKey":"1/env","namespacedTagValue":"1/env/prod","tagKey":"tagKeys/1","tagValue":"tagValues/2"}}]}},
            "denyPolicies":[{{"name":"policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d","rules":[
              {{"denyRule":{{"deniedPrincipals":["principalSet://goog/public:all"],"deniedPermissions":["iam.googleapis.com/serviceAccounts.getAccessToken"],
                "denialCondition":{{"expression":"{expression}"}}}}}}]}}]"#
        );
        let mut play = two_accounts(&granted(), &more).play();
        play.resize(200, 50);
        play.keys("/<Ctrl-u>project<Enter>gj<Left>").keys("<Right>");
        play
    };
    let mut play =
        denying("resource.matchTag('1/env', 'prod') && !resource.matchTag('1/env', 'test')");
    play.says("✗ the call would fail").says("deny rule 1");
    play.keys("/<Ctrl-u>'prod'<Enter><Space>")
        .says("✓ what if: the call would succeed")
        .says("false in deny rule 1 on p: resource.matchTag('1/env', 'prod')")
        .says("if resource.matchTag('1/env', 'prod') supposed false, what if")
        .says("  false && !resource.matchTag('1/env', 'test')")
        .keys("<Space>")
        .says("✗ the call would fail")
        .never_says("WHAT IF");
    let mut play =
        denying("resource.matchTag('1/env', 'prod') && resource.matchTag('1/env', 'test')");
    play.says("✓ the call would succeed");
    play.keys("/<Ctrl-u>'test'<Enter><Space>")
        .says("✗ what if: the call would fail")
        .says("true in deny rule 1 on p: resource.matchTag('1/env', 'test')")
        .keys("<BS>")
        .says("✓ the call would succeed");

    // A boundary, whose binding counts while its condition holds.
    let more = |expression: &str| {
        format!(
            r#","principalAccessBoundaryPolicies":[{{"name":"organizations/1/locations/global/principalAccessBoundaryPolicies/b","displayName":"Elsewhere","details":{{"enforcementVersion":"3","rules":[
              {{"effect":"ALLOW","resources":["//cloudresourcemanager.googleapis.com/projects/other"]}}]}}}}],
            "policyBindings":[{{"name":"organizations/1/locations/global/policyBindings/pb","policyKind":"PRINCIPAL_ACCESS_BOUNDARY",
              "target":{{"principalSet":"//cloudresourcemanager.googleapis.com/organizations/1"}},
              "policy":"organizations/1/locations/global/principalAccessBoundaryPolicies/b",
              "condition":{{"expression":"{expression}"}}}}]"#
        )
    };
    let expression = "principal.type == 'iam.googleapis.com/ServiceAccount' && principal.subject.startsWith('a@')";
    let mut play = two_accounts(&granted(), &more(expression)).play();
    play.resize(200, 50);
    play.says("✗ the call would fail");
    play.keys("/the target<Enter><Left>").keys("<Right>");
    play.keys("/<Ctrl-u>startsWith<Enter><Space>")
        .says("✓ what if: the call would succeed")
        .says("false in boundary Elsewhere: principal.subject.startsWith('a@')")
        .says("and principal.subject.startsWith('a@') supposed false, what if");
    play.keys("<Space>").says("✗ the call would fail");

    // What is not known is supposed to be either.
    let clauses =
        "'x' in request.auth.access_levels && request.time > timestamp('2019-01-01T00:00:00Z')";
    let mut play = two_accounts(&conditional(clauses), "").play();
    play.resize(200, 40);
    play.keys("G<Left>").keys("<Right>");
    play.keys("/access_levels<Enter><Space>")
        .says("✓ what if: the call would succeed")
        .says("access_levels supposed true, what if");
    play.keys("<Space>")
        .says("✗ what if: the call would fail")
        .says("access_levels supposed false, what if");
    play.keys("<Space>")
        .says("access_levels not known here")
        .never_says("WHAT IF");
}

/// What an organization policy keeps out may be let in, what if; and what a fix would add then is switched on.
#[test]
fn an_organization_policy_is_switched_off() {
    let mut play = Opening::story(story("domain-restricted")).play();
    play.says("⊘ organization policy iam.allowed")
        .says("Domains refuses the grant")
        .says("the grant would be refused");
    play.keys("/organization policy<Enter>").keys("<Space>");
    play.says("off: organization policy iam.allowedPolicyMemberDomains on example.com")
        .says("╌ Token Creator")
        .never_says("the grant would be refused");
    play.keys("G<Space>")
        .says("✓ what if: the call would succeed")
        .says("WHAT IF 2 switched");
    play.keys("<BS>").says("the grant would be refused");
}

/// At 40 columns the band says it too, and with which key all is taken back.
#[test]
fn a_narrow_screen_says_it_too() {
    let mut play = Opening {
        size: (40, 12),
        pair: Some((crate::CALLER, crate::TARGET)),
        ..Opening::default()
    }
    .play();
    play.keys("G<Space>")
        .says("WHAT IF")
        .says("1 switched. Backspace: back")
        .says("would work");
}

/// The fixes side by side, with what each would allow beyond what is asked for; on a narrow screen one below the other.
#[test]
fn the_fixes_stand_side_by_side() {
    let mut play = Opening {
        size: (120, 40),
        ..Opening::story(story("typo"))
    }
    .play();
    play.resize(120, 40)
        .keys("F")
        .says("fixes, and what each would allow")
        .says("3. Token Creator on");
    let screen = play.screen();
    assert!(
        screen
            .lines()
            .any(|l| l.contains("1. Token") && l.contains("3. Token")),
        "{screen}"
    );
    play.says("1 account, the target")
        .says("token, sign bytes, sign JWT,")
        .says("permissions")
        .says("the caller alone");
    let mut play = on_pair("cross-project");
    play.keys("F")
        .says("the one fix, and what it would allow")
        .says("1 account, the target")
        .says("new for it");
    let mut play = Opening::story(story("boundary-v1")).play();
    play.keys("F").says("Nothing is missing");
    let mut play = Opening::story(story("denied")).play();
    play.keys("F").says("would mend this");
}

/// What is turned on grants nothing, and gives back to everybody what was granted.
#[test]
fn what_is_turned_on_is_not_said_to_help_the_caller_alone() {
    for name in ["disabled", "api-off"] {
        let mut play = Opening::story(story(name)).play();
        play.keys("F")
            .says("no policy changes")
            .says("who gains everybody who is granted it already")
            .never_says("the caller alone")
            .never_says("nothing was seen");
    }
}
