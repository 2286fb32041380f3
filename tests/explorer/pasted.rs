//! Errors that are pasted.

use crate::{demo, on_pair};

#[test]
fn a_pasted_error_starts_a_question() {
    let mut play = demo("cross-project");
    let url = "POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com:generateAccessToken";
    let body = r#"{"error":{"code":403,"message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).","status":"PERMISSION_DENIED"}}"#;
    play.paste(&format!("{url}\n{body}"))
        .says("The pasted error names the target. Who called?")
        .says("→ bq-privileged@data-vault");
    play.keys("runproc<Enter><Enter>").says("403 until granted");
    play.paste("a shopping list\n- milk")
        .says("it was left alone");
    play.says("403 until granted");
}

#[test]
fn a_pasted_error_of_another_kind_is_told_and_changes_nothing() {
    let mut play = on_pair("cross-project");
    for (text, says, never) in [
        (
            "ERROR: Permission 'storage.buckets.get' denied on resource (or it may not exist).",
            "Something else was refused, by storage.googleapis.com: the permission storage.buckets.get.",
            "getAccessToken",
        ),
        (
            "googleapi: Error 400: Role roles/iam.ServiceAccountTokenCreator is not supported for this resource., badRequest",
            "roles/iam.serviceAccountTokenCreator is meant",
            "Check the address",
        ),
        (
            "unauthorized_client: Client is unauthorized to retrieve access tokens using this method",
            "Domain-wide delegation",
            "Sign in again",
        ),
        (
            "googleapi: Error 403: Cloud Run Admin API has not been used in project 12 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=12 then retry., accessNotConfigured",
            "The API run.googleapis.com is off on the project 12",
            "Who called?",
        ),
    ] {
        play.paste(text).says("The pasted error").says(says);
        let screen = play.screen();
        assert!(!screen.contains(never), "{screen}");
    }
    play.keys("<Esc>").says("403 until granted");
}

#[test]
fn a_pasted_error_of_attaching_asks_for_attaching() {
    let mut play = demo("cross-project");
    play.paste("ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'iam.serviceaccounts.\nactAs' denied on service account bq-privileged@data-vault.iam.gser\nviceaccount.com (or it may not exist). This command is authenticated as run-processor@app-prod.iam.gserviceaccount.com using the credentials in /tmp/x.json")
        .says("Caller, target and permission are from the pasted error.")
        .says("actAs");
}

#[test]
fn a_pasted_refusal_of_an_exchange_is_told_above_the_question() {
    let mut play = demo("cross-project");
    play.paste("failed to generate Google Cloud federated token for //iam.googleapis.com/projects/700000000022/locations/global/workloadIdentityPools/hub/providers/forge: {\"error\":\"invalid_grant\",\"error_description\":\"The given credential is rejected by the attribute condition.\"}")
        .says("refused by the attribute condition of the provider forge of the pool hub")
        .says("names neither caller nor target");
    play.keys("<Esc>").says("caller");
    assert!(!play.screen().contains("attribute condition"));
}
