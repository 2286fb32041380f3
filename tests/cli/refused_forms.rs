//! Files of forms that are known and not read: each of them is given, and refused by its name.

use std::collections::BTreeSet;

use bindscope::estate::file::REFUSED;

use super::common::Home;

/// A file, and what the form that it is of is called.
const FILES: &[(&str, &str)] = &[
    (
        "resource \"google_project\" \"x\" {\n}\n",
        "Terraform configuration (HCL)",
    ),
    (
        r#"{"resource": {"google_project": {"x": {"project_id": "p"}}}}"#,
        "Terraform configuration as JSON",
    ),
    (
        r#"{"@level": "info", "@message": "Terraform 1.9.5", "type": "version"}"#,
        "the log of terraform plan -json",
    ),
    (
        "name,asset_type\n//a,b\n",
        "a table of comma-separated values (CSV)",
    ),
    (
        "NAME  EMAIL  DISABLED\nx  y  False\n",
        "a table that gcloud prints for people",
    ),
    ("<!DOCTYPE html><html></html>", "a web page (HTML or XML)"),
    (
        r#"{"asset": {"name": "x"}, "priorAssetState": "PRESENT"}"#,
        "a message of a Cloud Asset feed",
    ),
    (
        r#"{"priorAsset": {"name": "x"}, "window": {}}"#,
        "a message of a Cloud Asset feed",
    ),
    (
        r#"{"asset": {"name": "x"}}"#,
        "a message of a Cloud Asset feed",
    ),
    (
        r#"{"name": "projects/1/feeds/f", "feedOutputConfig": {"pubsubDestination": {}}}"#,
        "the description of a Cloud Asset feed",
    ),
    (
        r#"[{"window": {"startTime": "2026-01-01T00:00:00Z"}, "asset": {"name": "x"}}]"#,
        "the history of assets (gcloud asset get-history)",
    ),
    (
        r#"{"assets": [{"asset": {"name": "x"}, "window": {}}]}"#,
        "the history of assets (gcloud asset get-history)",
    ),
    (
        r#"{"mainAnalysis": {}}"#,
        "an analysis of policies (gcloud asset analyze-iam-policy)",
    ),
    (
        r#"{"serviceAccountImpersonationAnalysis": []}"#,
        "an analysis of policies (gcloud asset analyze-iam-policy)",
    ),
    (
        r#"{"analysisQuery": {}}"#,
        "an analysis of policies (gcloud asset analyze-iam-policy)",
    ),
    (
        r#"[{"identityList": {}}]"#,
        "an analysis of policies (gcloud asset analyze-iam-policy)",
    ),
    (
        r#"{"policyResults": []}"#,
        "effective policies (gcloud asset get-effective-iam-policy)",
    ),
    (
        r#"{"overallAccessState": "CAN_ACCESS"}"#,
        "an answer of Policy Troubleshooter",
    ),
    (
        r#"{"accessTuple": {}}"#,
        "an answer of Policy Troubleshooter",
    ),
    (
        r#"{"explainedPolicies": []}"#,
        "an answer of Policy Troubleshooter",
    ),
    (
        "apiVersion: iam.cnrm.cloud.google.com/v1beta1\nkind: IAMPolicyMember\nmetadata:\n  name: x\n",
        "a Kubernetes or Config Connector manifest",
    ),
    (
        r#"{"apiVersion": "v1", "kind": "List", "items": []}"#,
        "a Kubernetes or Config Connector manifest",
    ),
    (
        r#"[{"violation_data": "x"}]"#,
        "a list of violations of Forseti",
    ),
    (
        r#"[{"violation_type": "x"}]"#,
        "a list of violations of Forseti",
    ),
    (r#"[{"rule_name": "x"}]"#, "a list of violations of Forseti"),
    (
        r#"[{"name": "x", "insightSubtype": "PERMISSIONS_USAGE", "content": {}}]"#,
        "a recommendation, or an insight of another type than google.iam.policy.Insight",
    ),
    (
        r#"[{"name": "x", "recommenderSubtype": "REMOVE_ROLE"}]"#,
        "a recommendation, or an insight of another type than google.iam.policy.Insight",
    ),
    (r#"[{"insertId": "a"}]"#, "a log entry"),
    (r#"{"protoPayload": {}}"#, "a log entry"),
    (
        r#"[{"name": "projects/p/roles/r", "title": "R", "stage": "GA"}]"#,
        "a list of roles without their permissions",
    ),
    (
        r#"[{"name": "tagBindings/x", "parent": "//x/projects/1", "tagValue": "tagValues/1"}]"#,
        "a list of tag bindings",
    ),
    (
        r#"[{"namespacedTagValue": "1/env/prod"}]"#,
        "a list of tag bindings",
    ),
    (
        r#"[{"tagValueNamespacedName": "1/env/prod"}]"#,
        "a list of tag bindings",
    ),
];

#[test]
fn each_form_that_is_not_read_is_refused_by_its_name() {
    let home = Home::new();
    for (text, name) in FILES {
        let form = REFUSED.iter().find(|form| form.name == *name).unwrap();
        let source = home.write("file", text).display().to_string();
        home.run(&["--estate", &source, "list", "projects"])
            .ends(2)
            .says(&format!("this is {name}: "))
            .says(form.instead);
    }
    let given: BTreeSet<&str> = FILES.iter().map(|(_, name)| *name).collect();
    let known: BTreeSet<&str> = REFUSED.iter().map(|form| form.name).collect();
    assert_eq!(given, known, "each form is given, and none that is unknown");
}
