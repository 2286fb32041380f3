//! Every line that calls the program can be pasted into a shell as it stands, and asks the same again:
//! run there, it finds the plan that was shown.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::common::{AT, Emulator, Home, Ran};
use super::explain::{asks, stories};

/// The shells that are there; `sh` and one more at least.
fn shells() -> Vec<&'static str> {
    let there = |shell: &&str| Command::new(shell).args(["-c", ":"]).status().is_ok();
    ["sh", "dash", "bash", "zsh"]
        .into_iter()
        .filter(there)
        .collect()
}

/// Whether every story and every shell is tried, as CI does; a person waits for a part of it.
fn whole() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}

/// The lines of a text that begin with the program's name.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let ours = lines.filter(|l| l.starts_with("bindscope "));
    ours.map(str::to_owned).collect()
}

impl Home {
    /// What a shell makes of a line, in this home, with the program on `PATH` and nothing else known.
    fn paste(&self, shell: &str, line: &str) -> Ran {
        let program = Path::new(env!("CARGO_BIN_EXE_bindscope"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = self.command(&[]);
        let variables: Vec<_> = command
            .get_envs()
            .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned())))
            .collect();
        command = Command::new(shell);
        command
            .arg("-c")
            .arg(line)
            .env_clear()
            .envs(variables)
            .env(
                "PATH",
                format!("{}:{path}", program.parent().unwrap().display()),
            )
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the program in this home's directory, so that files are named as people name them.
    fn here(&self, arguments: &[&str], input: &str) -> Ran {
        use std::io::Write;
        let mut command = self.command(arguments);
        command
            .current_dir(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What of a repair must come again.
fn essence(repair: &Value) -> Value {
    let keys = [
        "id",
        "resource",
        "role",
        "member",
        "condition",
        "before",
        "after",
    ];
    keys.iter()
        .map(|k| ((*k).to_owned(), repair[*k].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Asks, and runs the one line that is printed in those shells: its plan is the first of the answer.
#[track_caller]
fn comes_again(home: &Home, arguments: &[&str], input: &str, shells: &[&str], what: &str) {
    let text = home.here(arguments, input);
    let answer = home
        .here(&[arguments, &["--format=json"]].concat(), input)
        .json();
    let printed = lines(&text.out);
    let first = answer["repairs"].as_array().unwrap().first().cloned();
    let Some(first) = first else {
        // A way of several steps stands in no list of single bindings.
        assert!(printed.len() <= 1, "{what}: {printed:?}");
        if let [line] = printed.as_slice() {
            home.paste("sh", &format!("{line} --dry-run")).ends(0);
        }
        return;
    };
    assert_eq!(printed.len(), 1, "{what}: {}", text.out);
    for &shell in shells {
        let line = format!("{} --dry-run --format json", printed[0]);
        let ran = home.paste(shell, &line);
        let json = ran.ends(0).json();
        assert_eq!(
            essence(&json["repair"]),
            essence(&first),
            "{what}: {shell}: {line}"
        );
    }
}

#[test]
fn every_storys_line_finds_the_plan_that_was_shown() {
    let home = Home::new();
    let step = if whole() { 1 } else { 3 };
    let told = stories();
    let told = told.iter().filter(|s| s["name"] != "large");
    for story in told.step_by(step) {
        let mut arguments = asks(story);
        arguments.retain(|a| a != "--format=json");
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let input = story["pasted"].as_str().unwrap_or_default();
        if !input.is_empty() {
            arguments.push("-");
        }
        // How shells quote is asked with the odd names below; here one is enough.
        let name = story["name"].as_str().unwrap();
        comes_again(&home, &arguments, input, &["sh"], name);
    }
}

/// Names that people do not give, and that a shell would take for something else.
#[test]
fn whatever_a_name_holds_the_line_finds_the_same() {
    let home = Home::new();
    let pool = "projects/5100/locations/global/workloadIdentityPools/ci";
    let target = "deploy@heron.iam.gserviceaccount.com";
    let estate = json!({
        "organizations": [{"name": "organizations/7", "displayName": "heron.example"}],
        "projects": [{"name": "projects/5100", "projectId": "heron", "parent": "organizations/7"}],
        "serviceAccounts": [
            {"name": format!("projects/heron/serviceAccounts/{target}"), "email": target, "projectId": "heron", "uniqueId": "101"},
            {"name": "projects/heron/serviceAccounts/hop@heron.iam.gserviceaccount.com", "email": "hop@heron.iam.gserviceaccount.com", "projectId": "heron", "uniqueId": "102"},
        ],
        "iamPolicies": {
            format!("//iam.googleapis.com/projects/heron/serviceAccounts/{target}"): {
                "bindings": [{"role": "roles/iam.workloadIdentityUser",
                    "members": [format!("principalSet://iam.googleapis.com/{pool}/attribute.repository/other's/repo")]}],
            },
        },
        "providers": [{"name": format!("{pool}/providers/gh"), "state": "ACTIVE",
            "attributeMapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
            "oidc": {"issuerUri": "https://ci.example"}}],
    });
    let subject = "repo:heron/a'b:ref=!main;$(touch${IFS}pwned)`id`*[x]~";
    let claims = json!({ "sub": subject, "repository": "heron/a'b", "iss": "https://ci.example" });
    let odd = [
        "plain.json",
        "two words.json",
        "it's !one [*] $HOME `x`.json",
        "-n.json",
        "=ls.json",
        "~.json",
        "a\nb\u{1b}[2J\u{202e}.json",
    ];
    let all = shells();
    for (i, name) in odd.iter().enumerate() {
        // Each name meets a shell, and each shell the names that follow; each meets each in CI.
        let shells = match whole() {
            true => all.as_slice(),
            false => &all[i % all.len()..=i % all.len()],
        };
        home.write(name, &estate.to_string());
        let other = odd[(i + 1) % odd.len()].replace(".json", ".claims");
        home.write(&other, &claims.to_string());
        let caller = format!("principal://iam.googleapis.com/{pool}/subject/{subject}");
        let arguments = [
            "explain".to_owned(),
            format!("--estate={name}"),
            format!("--caller={caller}"),
            format!("--target={target}"),
            format!("--claims={other}"),
            "--attribute=environment=prod two".to_owned(),
            format!("--at={AT}"),
            "--permission=iam.serviceAccounts.signJwt".to_owned(),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        comes_again(&home, &arguments, "", shells, name);
        // By a chain, which takes more than one binding.
        let chain = [
            arguments.as_slice(),
            &["--via=hop@heron.iam.gserviceaccount.com"],
        ]
        .concat();
        let text = home.here(&chain, "");
        let printed = lines(&text.out);
        assert_eq!(printed.len(), 1, "{}", text.out);
        assert!(printed[0].contains(" --via hop@heron.iam.gserviceaccount.com"));
        for shell in shells {
            let dry = home.paste(shell, &format!("{} --dry-run", printed[0]));
            let shown = dry.ends(0).out.matches("The same with gcloud:").count();
            assert_eq!(shown, 2, "{shell}: {}", dry.out);
        }
    }
    assert!(!home.path("pwned").exists());
}

/// Several files, somebody's eyes, a quota project, a role of one's own: all of it comes along.
#[test]
fn a_line_carries_where_facts_come_from() {
    let home = Home::new();
    let whole = std::fs::read_to_string("assets/estates/no-grant.json").unwrap();
    let mut whole: Value = serde_json::from_str(&whole).unwrap();
    let organization = "//cloudresourcemanager.googleapis.com/organizations/1001";
    whole["iamPolicies"][organization] = json!({ "bindings": [
        { "role": "roles/iam.securityReviewer", "members": ["user:ana@example.com"] }] });
    home.write("estate.json", &whole.to_string());
    home.write(
        "more.json",
        r#"{"groups": [{"email": "ops@example.com", "members": []}]}"#,
    );
    let arguments = [
        "--estate",
        "estate.json",
        "--estate",
        "more.json",
        "--as",
        "user:ana@example.com",
        "explain",
        "--caller",
        super::common::CALLER,
        "--target",
        super::common::TARGET,
        "--quota-project",
        "data-vault",
        "--lifetime",
        "1h",
        "--answered",
        "IMPERSONATION_DENIED",
        "--project",
        "data-vault",
    ];
    let text = home.here(&arguments, "");
    let printed = lines(&text.out);
    assert_eq!(printed.len(), 1, "{}", text.out);
    assert!(
        printed[0].ends_with(" --quota-project data-vault --lifetime 1h --estate estate.json --estate more.json --as user:ana@example.com --project data-vault"),
        "{printed:?}"
    );
    comes_again(&home, &arguments, "", &shells(), "several files");
}

/// From the 403 to the change and back, by nothing but pasted lines.
#[test]
fn from_the_answer_to_the_change_and_back_by_pasted_lines() {
    for shell in shells() {
        let home = Home::new();
        let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
        let before = emulator.policy();
        let asked = [
            "explain",
            "--caller",
            super::common::CALLER,
            "--target",
            super::common::TARGET,
        ];
        let answer = emulator.run(&home, &asked);
        let fix = lines(&answer.ends(1).out);
        assert_eq!(fix.len(), 1);
        // Without a terminal it names the line that goes on.
        let stopped = home.paste(shell, &fix[0]);
        let stopped = stopped.ends(2);
        let on = stopped
            .err
            .split("look at the plan above, then: ")
            .nth(1)
            .unwrap();
        let done = home.paste(shell, on.trim());
        let back = done
            .ends(0)
            .out
            .split("take it back: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        assert_ne!(emulator.policy()["bindings"], before["bindings"]);
        home.paste(shell, back).ends(0);
        assert_eq!(emulator.policy()["bindings"], before["bindings"], "{shell}");
    }
}

/// A change in an emulator that ends with the command is not said to be taken back by another.
#[test]
fn what_ends_with_the_command_has_no_line_that_takes_it_back() {
    let home = Home::new();
    let pair = [
        "--caller",
        super::common::CALLER,
        "--target",
        super::common::TARGET,
    ];
    let ran = home.run(&[&["--demo", "fix", "--yes"], pair.as_slice()].concat());
    let out = &ran.ends(0).out;
    assert!(!out.contains("bindscope undo"), "{out}");
    assert!(out.contains("it ends with it"), "{out}");
}

/// The cases that lie beside the project, where they do: every line that is printed for one of their
/// questions finds the first plan of that answer.
#[test]
fn every_line_of_the_cases_beside_the_project_finds_its_plan() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/reports");
    let Ok(cases) = std::fs::read_dir(beside) else {
        return;
    };
    let mut pasted = 0;
    let mut cases: Vec<_> = cases.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let (step, shells) = if whole() {
        (1, shells())
    } else {
        (3, shells().into_iter().take(1).collect())
    };
    for case in cases.into_iter().step_by(step) {
        let home = Home::new();
        for file in std::fs::read_dir(&case).unwrap() {
            let from = file.unwrap().path();
            std::fs::copy(
                &from,
                home.path(from.file_name().unwrap().to_str().unwrap()),
            )
            .unwrap();
        }
        let script = std::fs::read_to_string(case.join("ask.sh")).unwrap_or_default();
        // The script says each command before it runs it.
        let said = home.paste(
            "sh",
            &script
                .replace("\"$BIN\"", ": ")
                .replace(": \"${BIN:?set BIN}\"", ":"),
        );
        let commands = said.out.lines().filter_map(|l| l.strip_prefix("$ "));
        for command in commands.filter(|c| c.contains(" explain ")) {
            let text = home.paste("sh", command);
            let what = format!("{}: {command}", case.display());
            let printed = lines(&text.out);
            assert!(printed.len() <= 1, "{what}: {printed:?}");
            let Some(line) = printed.first() else {
                continue;
            };
            let answer = home.paste("sh", &format!("{command} --format=json")).json();
            for shell in &shells {
                let dry = home.paste(shell, &format!("{line} --dry-run --format=json"));
                let plan = dry.ends(0).json();
                if let Some(first) = answer["repairs"].get(0) {
                    assert_eq!(essence(&plan["repair"]), essence(first), "{what}: {line}");
                }
                pasted += 1;
            }
        }
    }
    assert!(pasted > 0, "no case has a line");
}
