//! What a repair grants, other permissions, other ways, what may not be read.

use serde_json::{Value, json};

use super::*;

#[test]
fn a_repair_goes_by_what_the_binding_goes_by() {
    let caller = subject(SUBJECT);
    for (there, first) in [
        (
            set("attribute.repository/otter-labs/other"),
            set("attribute.repository/otter-labs/ledger"),
        ),
        (subject("repo:otter-labs/other"), caller.clone()),
    ] {
        let case = Case::new(&estate(&[&there]), &claims());
        let json = case.explain(&caller, &["--claims", "CLAIMS"]).json();
        assert_eq!(json["repairs"][0]["member"], first, "{there}");
        assert_eq!(json["repairs"][0]["recommended"], true);
        let fix = case.fix(&caller, &["--claims", "CLAIMS"]);
        assert_eq!(fix.ends(0).json()["repair"]["member"], first);
    }
    // Only in upper and lower case.
    let case = Case::new(
        &estate(&[&set("attribute.repository/Otter-Labs/Ledger")]),
        &claims(),
    );
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "only in upper and lower case",
    );
}

/// The account between gives its token to the caller, and may act as the target.
fn with_stone() -> Value {
    let stone = "cicd@otter-app.iam.gserviceaccount.com";
    let mut world = estate(&[]);
    world["serviceAccounts"]
        .as_array_mut()
        .unwrap()
        .push(account(stone));
    let name =
        |email: &str| format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{email}");
    world["iamPolicies"][name(stone)] = json!({ "bindings": [{ "role": USER, "members": [set("attribute.repository/otter-labs/ledger")] }] });
    world["iamPolicies"][name(TARGET)] = json!({ "bindings": [{ "role": CREATOR, "members": [format!("serviceAccount:{stone}")] }] });
    world
}

#[test]
fn a_way_in_two_steps_is_mentioned() {
    let case = Case::new(&with_stone(), &claims());
    let caller = subject(SUBJECT);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["NO_GRANT"],
        "It gets there in two steps all the same: repo:otter-labs/ledger:ref:refs/heads/main may act as cicd, and cicd has it on release.",
    );
    // Of a caller of another repository that is not so.
    let json = case
        .explain(
            &subject("repo:otter-labs/other"),
            &["--attribute", "repository=otter-labs/other"],
        )
        .json();
    assert!(!json.to_string().contains("two steps"), "{json:#}");
    // As a chain in one call it takes more than Workload Identity User.
    let json = case
        .explain(
            &caller,
            &[
                "--claims",
                "CLAIMS",
                "--via",
                "cicd@otter-app.iam.gserviceaccount.com",
            ],
        )
        .json();
    assert_eq!(kinds(&json)[0], "BROKEN_HOP");
    assert_eq!(json["repairs"][0]["role"], CREATOR);
    let reach = case
        .run(&[
            "reach", "--format", "json", "--caller", &caller, "--claims", "CLAIMS",
        ])
        .ends(0)
        .json();
    assert_eq!(reach["results"].as_array().unwrap().len(), 2, "{reach:#}");
}

#[test]
fn signing_takes_another_role() {
    let mut world = estate(&[&set("attribute.repository/otter-labs/ledger")]);
    world["iamPolicies"]["//cloudresourcemanager.googleapis.com/projects/otter-app"] = json!({ "bindings": [{ "role": CREATOR, "members": [format!("serviceAccount:{TARGET}")] }] });
    let case = Case::new(&world, &claims());
    let ran = case.explain(
        &subject(SUBJECT),
        &[
            "--claims",
            "CLAIMS",
            "--permission",
            "iam.serviceAccounts.signJwt",
        ],
    );
    let json = ran.ends(1).json();
    assert_eq!(kinds(&json)[0], "ROLE_LACKS_PERMISSION", "{json:#}");
    assert_eq!(json["repairs"][0]["role"], CREATOR);
    case.explain(&subject(SUBJECT), &["--claims", "CLAIMS"])
        .ends(0);
}

#[test]
fn what_may_not_be_read_is_said() {
    let caller = subject(SUBJECT);
    let mut world = estate(&[&set("attribute.repository/otter-labs/ledger")]);
    world["pools"][0]["disabled"] = json!(true);
    world["unreadable"] = json!([POOL, format!("{POOL}/providers")]);
    let case = Case::new(&world, &claims());
    let json = case
        .explain(&caller, &["--attribute", "repository=otter-labs/ledger"])
        .json();
    assert_eq!(json["outcome"], "WOULD_SUCCEED");
    assert_eq!(
        json["assumptions"],
        json!(["POOL_IS_ACTIVE", "TOKEN_IS_ADMITTED"])
    );
    // Claims cannot be mapped by what is not known.
    let json = case.explain(&caller, &["--claims", "CLAIMS"]).json();
    assert_eq!(json["verdict"], "UNKNOWN_INFO", "{json:#}");
}
