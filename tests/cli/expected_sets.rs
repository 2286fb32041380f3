//! `test FILE` where a caller is a set: of all of its members, or of none.

use serde_json::json;

use super::common::Home;

const POOL: &str =
    "principalSet://iam.googleapis.com/projects/3/locations/global/workloadIdentityPools/gh";

#[test]
fn of_a_set_all_may_or_none() {
    let home = Home::new();
    let at = |name: &str| format!("{name}@app.iam.gserviceaccount.com");
    let account = |name: &str, id: &str| json!({ "name": format!("projects/app/serviceAccounts/{}", at(name)), "email": at(name), "projectId": "app", "uniqueId": id });
    let on = |name: &str| {
        format!(
            "//iam.googleapis.com/projects/app/serviceAccounts/{}",
            at(name)
        )
    };
    let token = |members: &[&str]| json!({ "bindings": [{ "role": "roles/iam.serviceAccountTokenCreator", "members": members }] });
    let all = format!("{POOL}/*");
    let build = format!("serviceAccount:{}", at("build"));
    let estate = json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C1" }],
        "projects": [{ "name": "projects/3", "projectId": "app", "parent": "organizations/1" }],
        "serviceAccounts": [account("web", "11"), account("build", "12"), account("prod", "13")],
        "groups": [{ "email": "ops@example.com", "members": ["user:ana@example.com"] }],
        "iamPolicies": {
            on("web"): token(&["domain:example.com", &all]),
            on("build"): token(&["group:ops@example.com"]),
            on("prod"): token(&[&build]) },
        "denyPolicies": [{
            "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fapp/denypolicies/d",
            "rules": [{ "denyRule": { "deniedPrincipals": ["principal://goog/subject/eve@example.com"],
                "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }] });
    let estate = home.write("estate.json", &estate.to_string());
    let accounts =
        "principalSet://cloudresourcemanager.googleapis.com/projects/3/type/ServiceAccount";
    let repository = format!("{POOL}/attribute.repository/o/r");
    // Who, on what, what is expected, what comes of it, with which words.
    let cases = [
        (
            "domain:example.com",
            "web",
            "yes",
            "OTHERWISE",
            "eve@example.com does not get it",
        ),
        (
            "domain:example.com",
            "web",
            "no",
            "OTHERWISE",
            "domain:example.com on projects/app",
        ),
        ("domain:other.com", "*", "no", "AS_EXPECTED", ""),
        (all.as_str(), "web", "yes", "AS_EXPECTED", ""),
        (repository.as_str(), "web", "yes", "AS_EXPECTED", ""),
        (repository.as_str(), "prod", "no", "AS_EXPECTED", ""),
        ("group:ops@example.com", "build", "yes", "AS_EXPECTED", ""),
        (
            "group:ops@example.com",
            "prod",
            "no",
            "OTHERWISE",
            "from there: build@",
        ),
        (
            "group:nobody-knows@example.com",
            "prod",
            "no",
            "UNKNOWN",
            "the members of nobody-knows@example.com were not read",
        ),
        (
            "allUsers",
            "web",
            "yes",
            "OTHERWISE",
            "neither allUsers nor",
        ),
        (accounts, "prod", "no", "OTHERWISE", "build@"),
        (accounts, "web", "no", "AS_EXPECTED", ""),
        // Misspelled: a project that is not there, a pool by its project's id.
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/ap/type/ServiceAccount",
            "web",
            "no",
            "UNKNOWN",
            "projects/ap is not in sight",
        ),
        (
            "principalSet://iam.googleapis.com/projects/app/locations/global/workloadIdentityPools/gh/*",
            "web",
            "no",
            "OTHERWISE",
            "no identity is in",
        ),
        (
            "principalSet://gh/*",
            "web",
            "no",
            "OTHERWISE",
            "is no set that can",
        ),
    ];
    let text: String = cases
        .iter()
        .map(|(caller, target, may, ..)| {
            let target = if *target == "*" {
                (*target).to_owned()
            } else {
                at(target)
            };
            format!("[[expect]]\ncaller = \"{caller}\"\ntarget = \"{target}\"\nmay = \"{may}\"\n\n")
        })
        .collect();
    let file = home.write("access.toml", &text).display().to_string();
    let estate = estate.to_str().unwrap();
    let ran = home.run(&["--estate", estate, "test", &file, "--format", "json"]);
    ran.ends(1);
    let told = ran.json();
    for (case, result) in cases.iter().zip(told["results"].as_array().unwrap()) {
        assert_eq!(result["result"], case.3, "{case:?}: {result}");
        assert!(result.to_string().contains(case.4), "{case:?}: {result}");
    }
    assert_eq!(told["results"][2]["pairs"], 3);
    // What explains a set is who gets there.
    let line = told["results"][0]["astray"][0]["explain"].as_str().unwrap();
    assert!(line.starts_with("bindscope who --target web@"), "{line}");
    let tap = home.run(&["--estate", estate, "test", &file, "--format", "tap"]);
    assert!(tap.out.contains("\nok 4 - "), "{}", tap.out);
    let junit = home.run(&["--estate", estate, "test", &file, "--format", "junit"]);
    assert!(
        junit
            .out
            .contains("tests=\"15\" failures=\"7\" errors=\"2\""),
        "{}",
        junit.out
    );
}
