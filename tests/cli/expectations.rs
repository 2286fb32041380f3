//! `test FILE`: expectations as the documentation writes them, and what comes of others.

use serde_json::json;

use super::common::{CALLER, Home, TARGET};

/// The first block of that language on the documentation's page.
fn documented(language: &str) -> String {
    let page = include_str!("../../docs/expectations.md");
    let open = format!("```{language}\n");
    let (_, rest) = page.split_once(&open).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn expecting(home: &Home, text: &str) -> String {
    home.write("access.toml", text).display().to_string()
}

#[test]
fn the_documented_file_holds_and_its_recipe_runs() {
    let home = Home::new();
    let file = expecting(&home, &documented("toml"));
    let ran = home.run(&["--demo", "test", &file]);
    ran.ends(0);
    assert!(
        ran.out.contains("3 as expected, 0 otherwise, 0 unknown"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("(6 pairs)"), "{}", ran.out);

    let estate = home.path("estate.json");
    home.run(&["--demo", "export", estate.to_str().unwrap()])
        .ends(0);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_bindscope"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = std::process::Command::new("sh")
        .args(["-ec", &documented("sh")])
        .current_dir(home.dir.path())
        .env_clear()
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("HOME", home.dir.path())
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(home.path("access.xml")).unwrap();
    assert!(
        report.contains("tests=\"3\" failures=\"0\" errors=\"0\""),
        "{report}"
    );
}

#[test]
fn a_grant_that_was_not_to_be_fails_with_its_binding_and_the_command() {
    let home = Home::new();
    let terraform = "serviceAccount:terraform@ops-tools.iam.gserviceaccount.com";
    let text = format!(
        "[[expect]]\nname = \"a & b # <c>\"\ncaller = \"{terraform}\"\ntarget = \"{TARGET}\"\nmay = \"no\"\n\n[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"yes\"\n"
    );
    let file = expecting(&home, &text);
    let ran = home.run(&["--demo", "test", &file]);
    ran.ends(1);
    for words in [
        "roles/iam.serviceAccountTokenCreator on folders/2002",
        "0 as expected, 2 otherwise, 0 unknown",
        "--demo",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let line = ran
        .out
        .lines()
        .find(|l| l.contains("bindscope explain"))
        .unwrap();
    assert!(line.contains("--caller") && line.contains(TARGET), "{line}");

    let json = home
        .run(&["--demo", "test", &file, "--format", "json"])
        .ends(1)
        .json();
    assert_eq!(json["results"][0]["result"], "OTHERWISE");
    assert_eq!(json["results"][1]["astray"][0]["caller"], CALLER);

    let tap = home
        .run(&["--demo", "test", &file, "--format", "tap"])
        .ends(1)
        .out
        .clone();
    assert!(
        tap.starts_with("TAP version 14\n1..2\nnot ok 1 - a & b \\# <c>\n  ---\n"),
        "{tap}"
    );
    let junit = home
        .run(&["--demo", "test", &file, "--format", "junit"])
        .ends(1)
        .out
        .clone();
    assert!(junit.contains("name=\"a &amp; b # &lt;c&gt;\""), "{junit}");
    assert!(junit.contains("failures=\"2\""), "{junit}");
}

/// What is refused directly and reached over another account is not refused.
#[test]
fn a_chain_is_a_way_too() {
    let home = Home::new();
    let ask = |more: &str| {
        format!("[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"no\"\n{more}")
    };
    let file = expecting(&home, &ask(""));
    // As in the story, but for the second hop, which is granted.
    let estate = include_str!("../../assets/estates/delegation.json").replace(
        "serviceAccount:token-broker@ops-tools.iam.gserviceaccount.com",
        "serviceAccount:token-broker@app-prod.iam.gserviceaccount.com",
    );
    let estate = home.write("estate.json", &estate).display().to_string();
    let ran = home.run(&["--estate", &estate, "test", &file]);
    ran.ends(1);
    let chain = "run-processor@app-prod.iam.gserviceaccount.com -> token-broker@app-prod.iam.gserviceaccount.com ->";
    let plain = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        plain.contains("by a chain: ") && plain.contains(chain),
        "{plain}"
    );
    // With a chain of its own the expectation is about that chain.
    let via = "via = [\"token-broker@app-prod.iam.gserviceaccount.com\"]\n";
    let file = expecting(&home, &ask(via));
    home.run(&["--estate", &estate, "test", &file]).ends(1);
    home.run(&["--demo=delegation", "test", &file]).ends(0);
}

/// What is granted and only switched off can be switched on again.
#[test]
fn what_is_only_off_is_no_refusal() {
    let home = Home::new();
    let text = format!("[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"no\"");
    let ran = home.run(&["--demo=disabled", "test", &expecting(&home, &text)]);
    ran.ends(1);
    assert!(ran.out.contains("it is granted, by"), "{}", ran.out);
}

#[test]
fn what_is_not_there_or_not_known_does_not_pass() {
    let home = Home::new();
    for (caller, target, words) in [
        (
            CALLER,
            "bq-privilegd@data-vault.iam.gserviceaccount.com",
            "There is no service account",
        ),
        (
            "serviceAccount:nobody-*@app-prod.iam.gserviceaccount.com",
            TARGET,
            "no service account fits",
        ),
        ("user:*@example.com", TARGET, "service accounts alone"),
    ] {
        let text =
            format!("[[expect]]\ncaller = \"{caller}\"\ntarget = \"{target}\"\nmay = \"no\"");
        let ran = home.run(&["--demo", "test", &expecting(&home, &text)]);
        ran.ends(1);
        let plain = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            plain.contains(words) || plain.contains("does not exist"),
            "{plain}"
        );
    }
    for may in ["yes", "no"] {
        let text =
            format!("[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"{may}\"");
        let ran = home.run(&["--demo=unreadable", "test", &expecting(&home, &text)]);
        ran.ends(3);
        assert!(ran.out.contains("1 unknown"), "{}", ran.out);
    }
}

#[test]
fn a_file_that_expects_nothing_is_refused() {
    let home = Home::new();
    for text in [
        "",
        "expect = []",
        "[[expect]]\ncaller = 1",
        "[[expect]]\nwho = \"a\"",
    ] {
        home.run(&["--demo", "test", &expecting(&home, text)])
            .ends(2)
            .says("read the expectations in");
    }
    home.run(&["--demo", "test", "/nowhere/access.toml"])
        .ends(2);
}

/// A `*` on both sides is every pair of accounts that fit, none with itself; on one side it is of accounts alone.
#[test]
fn patterns_on_both_sides_are_every_pair() {
    let home = Home::new();
    let account = |email: &str, id: &str| json!({ "name": format!("projects/app/serviceAccounts/{email}"), "email": email, "projectId": "app", "uniqueId": id });
    let at = |name: &str| format!("{name}@app.iam.gserviceaccount.com");
    let (one, two, prod) = (at("ci-1"), at("ci-2"), at("prod"));
    let file = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com" }],
        "projects": [{ "name": "projects/3", "projectId": "app", "parent": "organizations/1" }],
        "serviceAccounts": [account(&one, "11"), account(&two, "12"), account(&prod, "13")],
        "iamPolicies": { format!("//iam.googleapis.com/projects/app/serviceAccounts/{prod}"): { "bindings": [
            { "role": "roles/iam.serviceAccountTokenCreator", "members": [format!("serviceAccount:{two}")] }] } } });
    let estate = home.write("estate.json", &file.to_string());
    let estate = estate.to_str().unwrap();
    let result = |caller: &str, target: &str, may: &str| {
        let text =
            format!("[[expect]]\ncaller = \"{caller}\"\ntarget = \"{target}\"\nmay = \"{may}\"\n");
        let expected = expecting(&home, &text);
        let ran = home.run(&["--estate", estate, "test", &expected, "--format", "json"]);
        ran.json()["results"][0].clone()
    };
    // Every pair: three accounts are six; those of ci among each other two, towards all four.
    for (caller, target, pairs) in [
        ("*", "*", 6),
        ("ci-*@app.iam.gserviceaccount.com", "ci-*", 2),
        ("serviceAccount:ci-*", "*", 4),
        ("*-1@*", "*", 2),
        ("user:ana@example.com", "*", 3),
        ("*", &prod, 2),
    ] {
        let told = result(caller, target, "no");
        assert_eq!(told["pairs"], json!(pairs), "{caller} {target}: {told}");
    }
    // The one pair that is otherwise is told, and no other.
    let told = result("*", "*", "no");
    assert_eq!(told["result"], "OTHERWISE");
    let astray = told["astray"].as_array().unwrap();
    assert_eq!(astray.len(), 1, "{told}");
    assert_eq!(astray[0]["caller"], json!(format!("serviceAccount:{two}")));
    assert_eq!(astray[0]["target"], json!(prod));
    assert_eq!(result("ci-1*", "*", "no")["result"], "AS_EXPECTED");
    // What fits nothing, or nobody but itself, is no expectation that holds.
    for (caller, target) in [
        ("none-*", "*"),
        ("prod*", "prod*"),
        ("user:*@example.com", "*"),
    ] {
        for may in ["yes", "no"] {
            let told = result(caller, target, may);
            assert_eq!(told["result"], "OTHERWISE", "{caller} {target}: {told}");
            assert!(told["notAsked"].is_string(), "{told}");
        }
    }
}
