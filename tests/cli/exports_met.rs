//! Files as strangers have them, `tests/data/exports`, each asked what it once was answered wrongly.

use std::fs;

use serde_json::{Value, json};

use super::common::{AT, Home, Ran, met};

const RUNNER: &str = "serviceAccount:runner@shop-app.iam.gserviceaccount.com";
const VAULT: &str = "vault@shop-data.iam.gserviceaccount.com";
const VAULT_NAME: &str = "//iam.googleapis.com/projects/shop-data/serviceAccounts/vault@shop-data.iam.gserviceaccount.com";
/// Of service accounts that no file names.
const GHOST: &str = "ghost@shop-data.iam.gserviceaccount.com";
const PUBSUB: &str = "service-810000000001@gcp-sa-pubsub.iam.gserviceaccount.com";

fn ask(home: &Home, name: &str, line: &[&str]) -> Ran {
    let source = format!("--estate={}", met(name));
    home.run(&[&[source.as_str(), "--format=json"], line].concat())
}

fn who(home: &Home, name: &str, target: &str) -> Ran {
    ask(home, name, &["who", "--at", AT, "--target", target])
}

/// What stands under this key in each of a list.
fn each<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap().iter();
    list.filter_map(|one| one[key].as_str()).collect()
}

struct Met {
    file: &'static str,
    caller: &'static str,
    verdict: &'static str,
    outcome: &'static str,
    code: i32,
    causes: &'static [&'static str],
    assumed: &'static [&'static str],
    not_assumed: &'static [&'static str],
}

/// Where the file does not say so, it holds one grant, and nothing in its way.
const GRANTED: Met = Met {
    file: "",
    caller: RUNNER,
    verdict: "CAN_ACCESS",
    outcome: "WOULD_SUCCEED",
    code: 0,
    causes: &[],
    assumed: &[],
    not_assumed: &[],
};

#[test]
fn what_stands_in_an_export_beside_its_policies_counts() {
    let home = Home::new();
    let refused = Met {
        verdict: "CANNOT_ACCESS",
        outcome: "WOULD_FAIL",
        code: 1,
        ..GRANTED
    };
    let met = [
        Met {
            file: "01-deny-policy-asset.ndjson",
            causes: &["DENIED"],
            not_assumed: &["NO_DENY_POLICIES_IN_EXPORT"],
            ..refused
        },
        Met {
            file: "02-boundary-assets.ndjson",
            causes: &["OUTSIDE_BOUNDARY"],
            not_assumed: &["NO_BOUNDARIES_IN_EXPORT"],
            ..refused
        },
        Met {
            file: "03-tag-bindings.ndjson",
            not_assumed: &["NO_TAGS_IN_EXPORT"],
            ..GRANTED
        },
        Met {
            file: "05-policies-only.ndjson",
            verdict: "UNKNOWN_INFO",
            outcome: "UNKNOWN",
            code: 3,
            causes: &["POLICY_NOT_READABLE"],
            assumed: &["PART_OF_THE_ESTATE"],
            ..GRANTED
        },
        Met {
            file: "08-service-agent-caller.ndjson",
            caller: PUBSUB,
            assumed: &["NO_BOUNDARIES_IN_EXPORT"],
            ..GRANTED
        },
        Met {
            file: "11-search-all-iam-policies.json",
            assumed: &["SEARCH_RESULTS_ARE_ALL"],
            ..GRANTED
        },
        Met {
            file: "13-service-disabled.ndjson",
            outcome: "WOULD_FAIL",
            code: 1,
            causes: &["API_DISABLED"],
            not_assumed: &["IAM_CREDENTIALS_API_IS_ENABLED"],
            ..GRANTED
        },
        Met {
            file: "19-empty-condition.ndjson",
            ..GRANTED
        },
        Met {
            file: "22-moved-between-two-exports.ndjson",
            ..GRANTED
        },
    ];
    for met in met {
        let source = format!("--estate={}", super::common::met(met.file));
        let ran = home.explain(&[&source], met.caller, VAULT);
        let told = ran.ends(met.code).json();
        let label = format!("{}: {told:#}", met.file);
        assert_eq!(told["verdict"], met.verdict, "{label}");
        assert_eq!(told["outcome"], met.outcome, "{label}");
        assert_eq!(each(&told["causes"], "kind"), met.causes, "{label}");
        let assumed = told["assumptions"].as_array().unwrap();
        for name in met.assumed {
            assert!(assumed.contains(&json!(name)), "{name} {label}");
        }
        for name in met.not_assumed {
            assert!(!assumed.contains(&json!(name)), "{name} {label}");
        }
    }
}

/// `who`, `reach` and `explain` say one thing of a caller that no export lists.
#[test]
fn a_service_agent_that_no_export_lists_is_answered_alike_by_all() {
    let home = Home::new();
    let file = "08-service-agent-caller.ndjson";
    let told = who(&home, file, VAULT).json();
    assert_eq!(
        each(&told["results"], "principal"),
        [format!("serviceAccount:{PUBSUB}")]
    );
    assert_eq!(each(&told["results"], "verdict"), ["CAN_ACCESS"]);
    assert!(
        told["assumptions"]
            .as_array()
            .unwrap()
            .contains(&json!("NO_BOUNDARIES_IN_EXPORT")),
        "{told}"
    );
    let told = ask(&home, file, &["reach", "--at", AT, "--caller", PUBSUB]).json();
    assert_eq!(each(&told["results"], "target"), [VAULT_NAME]);
    assert_eq!(each(&told["results"], "verdict"), ["CAN_ACCESS"]);
}

#[test]
fn policies_alone_are_asked_by_the_unique_id() {
    let home = Home::new();
    let file = "05-policies-only.ndjson";
    let told = who(&home, file, "100000000000000000002").json();
    assert_eq!(each(&told["results"], "principal"), [RUNNER], "{told}");
    let told = ask(&home, file, &["list", "service-accounts"]).json();
    assert_eq!(told["complete"], false, "{told}");
    // By address nobody can tell.
    let ran = who(&home, file, VAULT);
    let told = ran.ends(0).json();
    assert_eq!(told["complete"], false, "{told}");
    assert!(!ran.err.contains("does not exist"), "{}", ran.err);
}

#[test]
fn a_search_for_resources_lists_what_it_found() {
    let home = Home::new();
    let file = "07-search-all-resources.json";
    let told = ask(&home, file, &["list", "service-accounts"]).json();
    let runner = RUNNER.strip_prefix("serviceAccount:").unwrap();
    assert_eq!(each(&told["serviceAccounts"], "email"), [runner, VAULT]);
    assert_eq!(told["complete"], false, "{told}");
    let told = ask(&home, file, &["list", "projects"]).json();
    assert_eq!(
        each(&told["projects"], "projectId"),
        ["shop-app", "shop-data"]
    );
    let parents = each(&told["projects"], "parent");
    assert_eq!(parents, ["folders/400500600700"; 2], "{told}");
    let told = who(&home, file, VAULT).json();
    assert_eq!(told["complete"], false, "{told}");
    let unread = told["notRead"].as_array().unwrap();
    assert!(unread.contains(&json!(VAULT_NAME)), "{told}");
}

#[test]
fn a_search_for_policies_is_read_as_policies() {
    let home = Home::new();
    let file = "11-search-all-iam-policies.json";
    let told = ask(&home, file, &["list", "bindings"]).json();
    assert!(
        each(&told["bindings"], "resource").contains(&VAULT_NAME),
        "{told}"
    );
    assert_eq!(told["bindings"].as_array().unwrap().len(), 5, "{told}");
    let told = who(&home, file, VAULT).json();
    assert_eq!(each(&told["results"], "principal"), [RUNNER], "{told}");
}

/// No more is a custom role not there for that a file does not hold it; one of Google's is in the built-in table.
#[test]
fn a_custom_role_that_a_file_leaves_out_is_not_said_not_to_be() {
    let home = Home::new();
    let ask = |role: &str| {
        let line = [
            "fix",
            "--dry-run",
            "--at",
            AT,
            "--role",
            role,
            "--caller",
            "user:ana@example.net",
            "--target",
            VAULT,
        ];
        ask(&home, "19-empty-condition.ndjson", &line)
    };
    let ran = ask("organizations/900100200300/roles/minter");
    assert!(!ran.err.contains("no such role"), "{}{}", ran.out, ran.err);
    ran.ends(2)
        .says("the files hold no role organizations/900100200300/roles/minter")
        .says("gcloud iam roles describe minter --organization=900100200300 --format=json");
    ask("roles/iam.serviceAccountMinter")
        .ends(2)
        .says("there is no such role");
}

/// A project lay elsewhere when the older of two exports was made.
#[test]
fn of_two_exports_in_one_file_the_newer_line_counts_and_that_is_said() {
    let home = Home::new();
    let ran = ask(
        &home,
        "22-moved-between-two-exports.ndjson",
        &["list", "projects"],
    );
    ran.ends(0)
        .says("the one with the later update_time counts");
    let newest = fs::read_to_string(met("22-moved-between-two-exports.ndjson")).unwrap();
    let newest = newest
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|asset| {
            asset["name"]
                .as_str()
                .unwrap()
                .ends_with("projects/810000000002")
        })
        .max_by_key(|asset| asset["update_time"].as_str().unwrap().to_owned())
        .unwrap();
    let told = ran.json();
    let projects = told["projects"].as_array().unwrap();
    let moved = projects
        .iter()
        .find(|p| p["projectId"] == "shop-data")
        .unwrap();
    assert_eq!(moved["parent"], newest["ancestors"][1], "{told}");
}

#[test]
fn what_gcloud_lists_is_read_as_it_is_printed() {
    let home = Home::new();
    let told = ask(&home, "24-gcloud-lists.json", &["list", "service-accounts"]).json();
    assert_eq!(each(&told["serviceAccounts"], "email"), [VAULT]);
    assert_eq!(told["complete"], false, "{told}");
}

/// That an account is not there only a list of accounts could tell: a file without one leaves it unknown, whatever is
/// asked, and says how to come by it.
#[test]
fn an_account_that_a_file_without_a_list_leaves_out_is_never_said_not_to_be() {
    let home = Home::new();
    // Levels of their own data, and policies; no account.
    let levels: Vec<String> = fs::read_to_string(met("19-empty-condition.ndjson"))
        .unwrap()
        .lines()
        .filter(|line| !line.contains("/serviceAccounts/"))
        .map(str::to_owned)
        .collect();
    let levels = home.write("levels.ndjson", &levels.join("\n"));
    let levels = levels.to_str().unwrap().to_owned();
    let expected = home.write(
        "expected.toml",
        &format!(
            "[[expect]]\ncaller = \"user:ana@example.net\"\ntarget = \"{GHOST}\"\nmay = \"no\"\n"
        ),
    );
    let expected = expected.to_str().unwrap().to_owned();
    let gone = [
        "TARGET_NOT_FOUND",
        "CALLER_NOT_FOUND",
        "There is no service account",
        "does not exist",
    ];
    for file in [
        met("11-search-all-iam-policies.json"),
        met("07-search-all-resources.json"),
        met("05-policies-only.ndjson"),
        levels,
    ] {
        let source = format!("--estate={file}");
        let both =
            |line: &[&str], format: &str| home.run(&[&[source.as_str(), format], line].concat());
        let ghost = format!("serviceAccount:{GHOST}");
        let target: &[&str] = &[
            "--at",
            AT,
            "--caller",
            "user:ana@example.net",
            "--target",
            GHOST,
        ];
        for (line, code) in [
            ([&["explain"], target].concat(), 3),
            ([&["fix", "--dry-run"], &target[2..]].concat(), 1),
            ([&["path"], target].concat(), 3),
            ([&["cut"], target].concat(), 3),
            (vec!["who", "--at", AT, "--target", GHOST], 0),
            (vec!["reach", "--at", AT, "--caller", &ghost], 0),
            (vec!["test", "--at", AT, &expected], 3),
            (vec!["list", "service-accounts"], 0),
            (vec!["review", "--at", AT], 3),
            (vec!["graph"], 0),
        ] {
            // All of it of the file that has an account, and what is told first of the others. A picture has its own forms.
            let formats: &[&str] = match line[0] {
                "graph" if !file.contains("/11-") => continue,
                "graph" => &["--read-only"],
                "explain" | "who" | "list" => &["--format=text", "--format=json"],
                _ if file.contains("/11-") => &["--format=text", "--format=json"],
                _ => continue,
            };
            for format in formats {
                let ran = both(&line, format);
                let all = format!("{}{}", ran.out, ran.err);
                for words in gone {
                    assert!(!all.contains(words), "{file} {line:?}: {words}\n{all}");
                }
                assert_eq!(ran.code, code, "{file} {line:?}\n{all}");
                if *format == "--format=json" && ran.out.contains("\"complete\"") {
                    assert_eq!(ran.json()["complete"], false, "{file} {line:?}\n{all}");
                }
            }
        }
        let told = both(&[&["explain"], target].concat(), "--format=json").json();
        assert_eq!(told["verdict"], "UNKNOWN_INFO", "{file}: {told:#}");
        // As the caller it may be there or not.
        let told = home.explain(&[&source], &ghost, VAULT).json();
        assert!(
            told["assumptions"]
                .as_array()
                .unwrap()
                .contains(&json!("CALLER_IS_ACTIVE")),
            "{file}: {told:#}"
        );
    }
}
