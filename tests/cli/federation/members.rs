//! Which members name a federated identity, and which hold none.

use serde_json::json;

use super::*;

#[test]
fn a_pool_goes_by_its_projects_number_and_its_whole_path() {
    let by_id = subject(SUBJECT).replace(NUMBER, "otter-ci");
    let case = Case::new(&estate(&[&subject(SUBJECT), &by_id]), &claims());
    let json = comes_to(
        &case.explain(&by_id, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "goes by its project's number",
    );
    let remedy = json["causes"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains(&subject(SUBJECT)), "{remedy}");
    assert_eq!(json["repairs"], json!([]));
    let short = format!("principal://iam.googleapis.com/ci-jobs/subject/{SUBJECT}");
    let json = comes_to(
        &case.explain(&short, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "by its whole path",
    );
    let remedy = json["causes"][0]["remedy"].as_str().unwrap();
    assert!(
        remedy.contains(&format!(
            "projects/NUMBER/locations/global/workloadIdentityPools/ci-jobs/subject/{SUBJECT}"
        )),
        "{remedy}"
    );
    // A set calls nobody; the full form of one that does is named.
    case.explain(
        "principalSet://iam.googleapis.com/ci-jobs/attribute.repository/otter-labs/ledger",
        &[],
    )
    .ends(2)
    .says("projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT");
    // A member that names the pool so matches nobody; it is put right in its place.
    for wrong in [
        set("attribute.repository/otter-labs/ledger").replace(NUMBER, "otter-ci"),
        "principalSet://iam.googleapis.com/ci-jobs/attribute.repository/otter-labs/ledger"
            .to_owned(),
    ] {
        let case = Case::new(&estate(&[&wrong]), &claims());
        let json = comes_to(
            &case.explain(&subject(SUBJECT), &["--claims", "CLAIMS"]),
            "CANNOT_ACCESS",
            "WOULD_FAIL",
            &["FEDERATED_MISMATCH"],
            "",
        );
        let full = set("attribute.repository/otter-labs/ledger");
        let remedy = json["causes"][0]["remedy"].as_str().unwrap();
        assert!(remedy.contains(&full), "{remedy}");
        let members: Vec<&str> = json["repairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["member"].as_str().unwrap())
            .collect();
        assert!(members.contains(&full.as_str()), "{members:?}");
        assert_eq!(
            case.run(&["who", "--format", "json", "--target", TARGET])
                .json()["results"],
            json!([])
        );
    }
}

#[test]
fn a_google_group_holds_no_federated_identity() {
    let pool = "locations/global/workforcePools/otter-staff";
    let callers = [
        subject(SUBJECT),
        format!("principal://iam.googleapis.com/{pool}/subject/ana"),
        "serviceAccount:otter-ci.svc.id.goog[ops/runner]".to_owned(),
        "principal://agents.global.org-6001.system.id.goog/resources/aiplatform/projects/1/agents/a".to_owned(),
    ];
    let mut world = estate(&["group:release@otter.example", "group:unread@otter.example"]);
    world["groups"] = json!([{ "email": "release@otter.example", "members": [callers[0], "user:ana@otter.example"] }]);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    for caller in &callers {
        let json = case.explain(caller, &[]).json();
        assert_eq!(
            (&json["verdict"], &json["outcome"]),
            (&json!("CANNOT_ACCESS"), &json!("WOULD_FAIL")),
            "{caller}"
        );
        assert!(
            !kinds(&json).contains(&"NOT_IN_GROUP")
                && !kinds(&json).contains(&"GROUP_NOT_READABLE"),
            "{json:#}"
        );
        let reach = case.run(&["reach", "--format", "json", "--caller", caller]);
        assert_eq!(reach.json()["results"], json!([]), "{caller}");
    }
    // A person may be in the group that nobody may read.
    assert_eq!(
        case.explain("user:eve@otter.example", &[]).json()["verdict"],
        "UNKNOWN_INFO"
    );
    let who = case
        .run(&["who", "--format", "json", "--target", TARGET])
        .json();
    let names: Vec<&str> = who["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["principal"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["group:unread@otter.example", "user:ana@otter.example"]
    );
    // A deny rule on an unread group does not reach it either.
    let mut world = estate(&[&subject(SUBJECT)]);
    world["denyPolicies"] = json!([{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fotter-app/denypolicies/no-tokens",
        "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/group/unread@otter.example"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }]);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    comes_to(
        &case.explain(&subject(SUBJECT), &[]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    // In a chain only the first caller is federated.
    let hop = "stage@otter-app.iam.gserviceaccount.com";
    let mut world = estate(&["group:unread@otter.example"]);
    world["serviceAccounts"]
        .as_array_mut()
        .unwrap()
        .push(account(hop));
    world["iamPolicies"]
        [format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{hop}")] = json!({ "bindings": [{ "role": CREATOR, "members": [subject(SUBJECT), "group:unread@otter.example"] }] });
    world["iamPolicies"]
        [format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{TARGET}")]["bindings"]
        [0]["role"] = json!(CREATOR);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    let json = case.explain(&subject(SUBJECT), &["--via", hop]).json();
    let hops: Vec<&str> = json["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(hops, ["CAN_ACCESS", "UNKNOWN_INFO"]);
}

#[test]
fn reach_takes_attributes_and_claims() {
    let caller = subject(SUBJECT);
    let member = set("attribute.repository/otter-labs/ledger");
    let case = Case::new(&estate(&[&member]), &claims());
    for (more, verdict) in [
        (&["--claims", "CLAIMS"][..], Some("CAN_ACCESS")),
        (
            &["--attribute", "repository=otter-labs/ledger"],
            Some("CAN_ACCESS"),
        ),
        (&["--attribute", "repository=otter-labs/other"], None),
        (&[], Some("UNKNOWN_INFO")),
    ] {
        let all = [&["reach", "--format", "json", "--caller", &caller], more].concat();
        let json = case.run(&all).ends(0).json();
        assert_eq!(
            json["results"]
                .get(0)
                .map(|r| r["verdict"].as_str().unwrap()),
            verdict,
            "{more:?}"
        );
    }
}
