//! Policy Troubleshooter beside our own answer.

use serde_json::{Value, json};

use crate::common::{AT, CALLER, Emulator, Home, Ran, TARGET, attempt, side_by_side};

/// The whole text, on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asks about the pair of a story that somebody else serves.
fn ask(home: &Home, emulator: &Emulator, format: &str, more: &[&str]) -> Ran {
    let at = format!("--at={AT}");
    let pair = ["--caller", CALLER, "--target", TARGET];
    let all = [&[format, "explain", &at], &pair[..], more].concat();
    emulator.run(home, &all)
}

fn story(home: &Home, name: &str, faults: &str) -> Emulator {
    let faults = match faults {
        "" => &[][..],
        some => &["--faults", some],
    };
    Emulator::start(home, &[&["--demo", name], faults].concat())
}

#[test]
fn it_is_asked_beside_where_somebody_else_serves_the_facts() {
    let home = Home::new();
    let emulator = story(&home, "boundary", "");
    let text = ask(&home, &emulator, "--format=text", &[]);
    let line = "Policy Troubleshooter says the same: CANNOT_ACCESS.";
    assert!(
        text.ends(1).out.ends_with(&format!("\n\n{line}\n")),
        "{}",
        text.out
    );
    let json = ask(&home, &emulator, "--format=json", &[]).ends(1).json();
    let said = json!({
        "agrees": true,
        "verdict": "CANNOT_ACCESS",
        "about": "QUESTION",
        "allow": "ALLOW_ACCESS_STATE_GRANTED",
        "deny": "DENY_ACCESS_STATE_NOT_DENIED",
        "boundary": "PAB_ACCESS_STATE_NOT_ALLOWED",
    });
    assert_eq!(json["secondOpinion"], said);
    let without = ask(&home, &emulator, "--format=json", &["--no-second-opinion"]);
    assert_eq!(without.ends(1).json().get("secondOpinion"), None);
}

/// An emulator of our own would give our own opinion.
#[test]
fn of_a_demo_it_is_asked_by_name_alone() {
    let home = Home::new();
    let ask = |more: &[&str]| {
        let pair = ["--caller", CALLER, "--target", TARGET];
        let all = [
            &["--demo=boundary", "--format=json", "explain"],
            &pair[..],
            more,
        ]
        .concat();
        home.run(&all).ends(1).json()
    };
    assert_eq!(ask(&[]).get("secondOpinion"), None);
    assert_eq!(ask(&["--second-opinion"])["secondOpinion"]["agrees"], true);
}

/// Who may not read a group in Cloud Identity may be an administrator in the Admin console, whose right Policy
/// Troubleshooter goes by.
#[test]
fn where_it_knows_more_both_reasons_stand_side_by_side() {
    let home = Home::new();
    let emulator = story(&home, "group", "GET /v1/groups* = 403");
    let text = ask(&home, &emulator, "--format=text", &[]);
    let said = flat(&text.ends(3).out);
    for words in [
        "says otherwise: CAN_ACCESS (allow ALLOW_ACCESS_STATE_GRANTED, deny DENY_ACCESS_STATE_NOT_DENIED,",
        "Here it is UNKNOWN_INFO: ",
        "a policy that one of the two may not read",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let json = ask(&home, &emulator, "--format=json", &[]).ends(3).json();
    // Ours stands whatever it says.
    assert_eq!(json["verdict"], "UNKNOWN_INFO");
    let second = &json["secondOpinion"];
    assert_eq!(
        (&second["agrees"], &second["verdict"]),
        (&json!(false), &json!("CAN_ACCESS"))
    );
    assert_eq!(second["here"]["verdict"], "UNKNOWN_INFO");
    assert_eq!(second["here"]["because"], json["causes"][0]["message"]);
}

#[test]
fn version_3_leaves_boundaries_out_and_that_is_told() {
    let home = Home::new();
    let emulator = story(&home, "boundary", "POST /v3beta/iam:troubleshoot = 404");
    let text = ask(&home, &emulator, "--format=text", &[]);
    let said = flat(&text.ends(1).out);
    let words = "says otherwise: CAN_ACCESS (allow ALLOW_ACCESS_STATE_GRANTED, deny DENY_ACCESS_STATE_NOT_DENIED). Here it is CANNOT_ACCESS: ";
    assert!(said.contains(words), "{said}");
    assert!(
        said.contains("asked in version 3, which leaves principal access boundaries out"),
        "{said}"
    );
    let json = ask(&home, &emulator, "--format=json", &[]).ends(1).json();
    assert_eq!(json["secondOpinion"].get("boundary"), None);
    assert_eq!(json["secondOpinion"]["here"]["verdict"], "CANNOT_ACCESS");
}

/// Refused, off, unknown, no JSON, silent: the answer stands, and nobody who did not ask hears of it.
#[test]
fn where_it_says_nothing_nothing_is_said_of_it() {
    let home = Home::new();
    let faults = ["403", "429:1h", "html:200", "slow:1h", "reset", "truncate"];
    side_by_side(&faults, |fault| {
        let home = Home::new();
        let faults = format!("POST *iam:troubleshoot = {fault}");
        let emulator = story(&home, "cross-project", &faults);
        let text = ask(&home, &emulator, "--format=text", &[]);
        assert!(
            text.ends(1).out.contains("does not get through to"),
            "{fault}"
        );
        assert!(
            !text.out.contains("Troubleshooter"),
            "{fault}: {}",
            text.out
        );
        let json = ask(&home, &emulator, "--format=json", &[]).ends(1).json();
        let second = &json["secondOpinion"];
        assert_eq!(
            (&second["agrees"], &second["verdict"]),
            (&Value::Null, &Value::Null),
            "{fault}"
        );
        assert!(second["why"].is_string(), "{fault}: {json}");
    });
    let emulator = story(&home, "cross-project", "POST *iam:troubleshoot = 403");
    let text = ask(&home, &emulator, "--format=text", &["--second-opinion"]);
    text.ends(1);
    assert!(
        text.out
            .contains("Policy Troubleshooter was not heard: not permitted"),
        "{}",
        text.out
    );
}

/// The error of a call that the emulator refuses, as its caller meets it.
fn refused(emulator: &Emulator) -> String {
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        emulator.url
    );
    let body = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
    attempt(&url, CALLER, &body.to_string())
        .unwrap()
        .to_string()
}

#[test]
fn a_pasted_error_is_asked_about_by_its_id() {
    let home = Home::new();
    let faults = "POST /v3beta/iam:troubleshootError #3+ = 404";
    let emulator = story(&home, "cross-project", faults);
    let error = refused(&emulator);
    assert!(error.contains("error_info_id"), "{error}");
    let pasted = |format: &str, more: &[&str]| {
        let pair = ["--caller", CALLER, "--target", TARGET];
        let arguments = [
            &emulator.options()[..],
            &[format, "explain", "-"],
            &pair[..],
            more,
        ];
        let ran = home.pipe(&arguments.concat(), &error);
        ran.ends(1);
        ran
    };
    let text = flat(&pasted("--format=text", &[]).out);
    let line = "Policy Troubleshooter says the same of the call that was refused: CANNOT_ACCESS.";
    assert!(text.ends_with(line), "{text}");
    let second = pasted("--format=json", &[]).json()["secondOpinion"].clone();
    assert_eq!(
        (&second["about"], &second["agrees"]),
        (&json!("REFUSED_CALL"), &json!(true))
    );
    // From now on it is not found: the question itself is asked, and a script does not wait for an hour.
    let late = pasted("--format=text", &[]);
    let text = flat(&late.out);
    let line = "says the same: CANNOT_ACCESS. The call that was refused is not found there yet; that can take minutes.";
    assert!(text.ends_with(line), "{text}");
    assert!(
        late.err.contains("--wait 1h asks about it again"),
        "{}",
        late.err
    );
    let late = pasted("--format=json", &["--wait", "10s"]);
    assert!(
        late.err.contains("it was not found in that time"),
        "{}",
        late.err
    );
    let about = &late.json()["secondOpinion"]["about"];
    assert_eq!(about, "QUESTION_IN_PLACE_OF_REFUSED_CALL");
}
