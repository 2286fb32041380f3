//! `explain -` over an estate of its own: public reports, told again with other names.

use serde_json::{Value, json};

use super::common::{Home, Ran};

const DEPLOYER: &str = "deploy@quail-shop.iam.gserviceaccount.com";
const RUNTIME: &str = "700000000011-compute@developer.gserviceaccount.com";
const MAIL: &str = "mail-audit@quail-shop.iam.gserviceaccount.com";
const POOL: &str = "projects/700000000011/locations/global/workloadIdentityPools/hub";

/// A deployer without actAs on the runtime account, and a job that signs in from outside.
fn estate(home: &Home) -> String {
    let account = |email: &str, id: &str| {
        json!({
            "name": format!("projects/quail-shop/serviceAccounts/{email}"),
            "projectId": "quail-shop", "email": email, "uniqueId": id, "displayName": "",
        })
    };
    let estate = json!({
        "organizations": [{ "name": "organizations/91", "displayName": "quail.example", "directoryCustomerId": "C0quail" }],
        "projects": [{ "name": "projects/700000000011", "projectId": "quail-shop", "parent": "organizations/91", "displayName": "shop", "state": "ACTIVE" }],
        "serviceAccounts": [account(DEPLOYER, "104857600000000000041"), account(RUNTIME, "104857600000000000042"), account(MAIL, "104857600000000000043")],
        "iamPolicies": {
            format!("//iam.googleapis.com/projects/quail-shop/serviceAccounts/{DEPLOYER}"): {
                "version": 1, "etag": "BwYAAAE=",
                "bindings": [{ "role": "roles/iam.serviceAccountUser", "members": [format!("serviceAccount:{DEPLOYER}")] }],
            },
            format!("//iam.googleapis.com/projects/quail-shop/serviceAccounts/{MAIL}"): {
                "version": 1, "etag": "BwYAAAE=",
                "bindings": [{ "role": "roles/iam.workloadIdentityUser", "members": [format!("principalSet://iam.googleapis.com/{POOL}/attribute.repository/quails/audit")] }],
            },
        },
        "pools": [{ "name": POOL, "state": "ACTIVE" }],
        "providers": [{
            "name": format!("{POOL}/providers/forge"), "state": "ACTIVE",
            "attributeMapping": { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
            "attributeCondition": "assertion.repository_owner == 'Quails'",
            "oidc": { "issuerUri": "https://forge.example" },
        }],
    });
    written(home, "estate.json", &estate.to_string())
}

fn written(home: &Home, name: &str, text: &str) -> String {
    home.write(name, text).to_str().unwrap().to_owned()
}

fn words(ran: &Ran) -> String {
    let all = format!("{} {}", ran.out, ran.err);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_form_of_a_refused_deployment_asks_about_the_runtime_account() {
    let home = Home::new();
    let estate = estate(&home);
    for text in [
        format!(
            "ERROR: (gcloud.functions.deploy) ResponseError: status=[403], code=[Ok], message=[Missing necessary permission iam.serviceAccounts.actAs for $MEMBER on the service account {RUNTIME}. Ensure that service account {RUNTIME} is a member of the project quail-shop, and then grant $MEMBER the role 'roles/iam.serviceAccountUser'.]"
        ),
        format!(
            "ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'iam.serviceaccounts.actAs' denied on service account {RUNTIME} (or it may not exist). This command is authenticated as {DEPLOYER} using the credentials in /tmp/gha-creds-00.json, specified by the [auth/credential_file_override] property."
        ),
        format!(
            "ERROR: (gcloud.run.deploy) User [x] does not have permission to access namespace [quail-shop] (or it may not exist): Permission '\niam.serviceaccounts.actAs' denied on service account {RUNTIME} (or it may not exist)."
        ),
        format!(
            "googleapi: Error 403: Could not create Cloud Run service w. Permission ‘iam.serviceaccounts.actAs’ denied on service account [{RUNTIME}](mailto:{RUNTIME}) (or it may not exist)."
        ),
        format!(
            "Error: Missing permissions required for functions deploy. You must have permission iam.serviceAccounts.ActAs on service account {RUNTIME}."
        ),
    ] {
        let ran = home.pipe(
            &[
                "--estate",
                &estate,
                "--format=json",
                "explain",
                "-",
                "--caller",
                DEPLOYER,
            ],
            &text,
        );
        let json = ran.ends(1).json();
        assert_eq!(json["pasted"]["kind"], "IMPERSONATION_DENIED", "{text}");
        assert_eq!(json["permission"], "iam.serviceAccounts.actAs", "{text}");
        assert_eq!(json["pasted"]["target"], RUNTIME, "{text}");
        assert_eq!(
            json["repairs"][0]["role"], "roles/iam.serviceAccountUser",
            "{text}"
        );
        assert!(!words(&ran).contains("not about acting"), "{text}");
    }
}

#[test]
fn a_refused_exchange_names_pool_and_provider_and_no_role() {
    let home = Home::new();
    let estate = estate(&home);
    let head = format!(
        "Error: google-github-actions/auth failed with: failed to generate Google Cloud federated token for //iam.googleapis.com/{POOL}/providers/forge: "
    );
    let condition = format!(
        "{head}{}",
        r#"{"error":"unauthorized_client","error_description":"The given credential is rejected by the attribute condition."}"#
    );
    let gone = format!(
        "{head}{}",
        r#"{"error":"invalid_target","error_description":"The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist."}"#
    );
    for (text, says) in [
        (&condition, "attribute condition"),
        (&gone, "disabled or deleted, or does not exist"),
    ] {
        let ran = home.pipe(
            &["--estate", &estate, "--format=json", "explain", "-"],
            text,
        );
        let pasted = ran.ends(2).json()["pasted"].clone();
        assert_eq!(pasted["kind"], "TOKEN_EXCHANGE_REFUSED");
        assert_eq!(
            (&pasted["pool"], &pasted["provider"]),
            (&json!("hub"), &json!("forge"))
        );
        assert_eq!(pasted["permission"], Value::Null);
        let words = words(&ran);
        assert!(
            words.contains(says) && words.contains("before any binding counts"),
            "{words}"
        );
        assert!(!words.contains("A role with this permission"), "{words}");
    }
    let claims = written(
        &home,
        "claims.json",
        r#"{"iss":"https://forge.example","sub":"repo:quails/audit","aud":"x","repository":"quails/audit","repository_owner":"quails"}"#,
    );
    let caller = format!("principal://iam.googleapis.com/{POOL}/subject/repo:quails/audit");
    let ran = home.pipe(
        &[
            "--estate", &estate, "explain", "-", "--caller", &caller, "--target", MAIL, "--claims",
            &claims,
        ],
        &condition,
    );
    let words = words(ran.ends(1));
    assert!(
        words.contains("refused by the attribute condition of the provider forge of the pool hub"),
        "{words}"
    );
    assert!(
        words.contains("pool and provider as far as they can be read"),
        "{words}"
    );
}

#[test]
fn signing_for_a_workspace_is_about_sign_jwt() {
    let home = Home::new();
    let estate = estate(&home);
    let denied = format!(
        "Error: google-github-actions/auth failed with: failed to sign JWT using {MAIL}: {{\n  \"error\": {{\n    \"code\": 403,\n    \"message\": \"The caller does not have permission\",\n    \"status\": \"PERMISSION_DENIED\"\n  }}\n}}"
    );
    let caller = format!("principal://iam.googleapis.com/{POOL}/subject/repo:quails/audit");
    let ran = home.pipe(
        &[
            "--estate",
            &estate,
            "--format=json",
            "explain",
            "-",
            "--caller",
            &caller,
            "--attribute",
            "repository=quails/audit",
        ],
        &denied,
    );
    let json = ran.ends(1).json();
    assert_eq!(json["permission"], "iam.serviceAccounts.signJwt");
    assert_eq!(json["pasted"]["target"], MAIL);
    assert_eq!(json["causes"][0]["kind"], "ROLE_LACKS_PERMISSION");
    let unsupported = denied
        .replace("403", "401")
        .replace("The caller does not have permission", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.")
        .replace("\"PERMISSION_DENIED\"", "\"UNAUTHENTICATED\",\n \"details\": [{\"reason\": \"ACCESS_TOKEN_TYPE_UNSUPPORTED\", \"metadata\": {\"service\": \"iamcredentials.googleapis.com\", \"method\": \"google.iam.credentials.v1.IAMCredentials.SignJwt\"}}]");
    let ran = home.pipe(&["--estate", &estate, "explain", "-"], &unsupported);
    let words = words(ran.ends(2));
    assert!(
        words.contains("does not take a token of this type"),
        "{words}"
    );
    assert!(
        !words.contains("Sign in again") && !words.contains("expired"),
        "{words}"
    );
}

#[test]
fn a_refused_write_is_about_the_write() {
    let home = Home::new();
    let estate = estate(&home);
    let resource = format!(
        "Error setting IAM policy for service account 'projects/quail-shop/serviceAccounts/{MAIL}': googleapi: Error 400:"
    );
    for (text, says) in [
        (
            format!(
                "{resource} Identity Pool does not exist (quail-shop.svc.id.goog). Please check that you specified a valid resource name as returned in the `name` attribute in the configuration API., badRequest"
            ),
            "The workload identity pool quail-shop.svc.id.goog does not exist",
        ),
        (
            format!(
                "{resource} The member principalSet://iam.googleapis.com/hub/attribute.repository/quails/audit is of an unknown type. Please set a valid type prefix for the member., badRequest"
            ),
            "principalSet://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/hub/attribute.repository/quails/audit",
        ),
        (
            format!(
                "{resource} Role roles/iam.ServiceAccountUser is not supported for this resource., badRequest"
            ),
            "roles/iam.serviceAccountUser is meant",
        ),
    ] {
        let ran = home.pipe(&["--estate", &estate, "explain", "-"], &text);
        let words = words(ran.ends(2));
        assert!(words.contains(says), "{words}");
        for never in [
            "There is no service account",
            "letter by letter, and its project",
            "not about access",
            "getAccessToken",
        ] {
            assert!(!words.contains(never), "{never}: {words}");
        }
    }
}

#[test]
fn a_provider_that_reads_a_project_is_refused_a_token() {
    let home = Home::new();
    let estate = estate(&home);
    let text = "Error: Error when reading or editing Project \"quail-shop\": Get \"https://cloudresourcemanager.googleapis.com/v1/projects/quail-shop?alt=json\": oauth2/google: status code 403: {\n  \"error\": {\n    \"code\": 403,\n    \"message\": \"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\",\n    \"status\": \"PERMISSION_DENIED\"\n  }\n}\n\n  with provider[\"registry.terraform.io/hashicorp/google\"],\n  on main.tf line 9, in provider \"google\":\n";
    let ran = home.pipe(
        &["--estate", &estate, "--format=json", "explain", "-"],
        text,
    );
    let pasted = ran.ends(2).json()["pasted"].clone();
    assert_eq!(pasted["kind"], "IMPERSONATION_DENIED");
    assert_eq!(pasted["permission"], "iam.serviceAccounts.getAccessToken");
    assert_eq!(pasted["target"], Value::Null);
}
