//! Errors as people really paste them. Names are ours; forms are those of the tools and threads named.

use super::super::{Pasted, PastedKind, read};

const RUN: &str = "run@app.iam.gserviceaccount.com";
const VAULT: &str = "bq@vault.iam.gserviceaccount.com";
const ANA: &str = "ana@example.com";
const GET: &str = "iam.serviceAccounts.getAccessToken";

/// What is expected of a text; fields left out must not be found.
#[derive(Default)]
struct Expected {
    kind: Option<PastedKind>,
    permission: &'static str,
    target: &'static str,
    caller: &'static str,
    service: &'static str,
    project: &'static str,
    id: &'static str,
}

fn check(name: &str, text: &str, expected: &Expected) {
    let found = read(text);
    let Pasted {
        kind,
        permission,
        target,
        caller,
        service,
        project,
        error_info_id,
        ..
    } = &found;
    let permission = permission.as_ref().map(|p| p.as_str().to_owned());
    let given = |text: &'static str| (!text.is_empty()).then(|| text.to_owned());
    let all = (
        Some(*kind),
        permission,
        target.clone(),
        caller.clone(),
        service.clone(),
        project.clone(),
        error_info_id.clone(),
    );
    let wanted = (
        expected.kind,
        given(expected.permission),
        given(expected.target),
        given(expected.caller),
        given(expected.service),
        given(expected.project),
        given(expected.id),
    );
    assert_eq!(all, wanted, "{name}\n{text}");
}

fn denied() -> Expected {
    Expected {
        kind: Some(PastedKind::ImpersonationDenied),
        permission: GET,
        ..Expected::default()
    }
}

fn of(kind: PastedKind) -> Expected {
    Expected {
        kind: Some(kind),
        ..Expected::default()
    }
}

const BODY: &str = r#"{
  "error": {
    "code": 403,
    "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    "status": "PERMISSION_DENIED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": "iam.googleapis.com",
        "metadata": {
          "permission": "iam.serviceAccounts.getAccessToken"
        }
      }
    ]
  }
}"#;

#[test]
fn googles_own_body_names_the_permission_alone() {
    check("body", BODY, &denied());
    let one_line: String = BODY.lines().map(str::trim).collect();
    check("compact", &one_line, &denied());
    let with_id = BODY.replace(
        r#""permission": "iam"#,
        r#""error_info_id": "5a09c9dedbf690798f19", "permission": "iam"#,
    );
    let expected = Expected {
        id: "5a09c9dedbf690798f19",
        ..denied()
    };
    check("with an id", &with_id, &expected);
}

#[test]
fn the_request_line_before_a_body_names_the_target() {
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken"
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check(
        "curl",
        &format!("curl -X POST \"{url}\"\n{BODY}"),
        &expected,
    );
    check(
        "encoded",
        &format!("POST {}\n{BODY}", url.replace('@', "%40")),
        &expected,
    );
    let java = format!(
        "Caused by: java.io.IOException: Error requesting access token\n\tat com.google.auth.oauth2.ImpersonatedCredentials.refreshAccessToken(ImpersonatedCredentials.java:243)\nCaused by: com.google.api.client.http.HttpResponseException: 403 Forbidden\nPOST {url}\n{BODY}"
    );
    check("Java", &java, &expected);
    let go = format!(
        "oauth2/google: unable to generate access token: Post \"{url}\": oauth2/google: status code 403: {BODY}"
    );
    check("Go", &go, &expected);
    let id = url.replace(VAULT, "133323741463357392526");
    let by_id = Expected {
        target: "133323741463357392526",
        ..expected
    };
    check("unique id", &format!("{id}\n{BODY}"), &by_id);
}

#[test]
fn gcloud() {
    let text = format!(
        "WARNING: This command is using service account impersonation. All API calls will be executed as [{VAULT}].\n\
         ERROR: (gcloud.auth.print-access-token) PERMISSION_DENIED: Failed to impersonate [{VAULT}]. Make sure the account that's trying to impersonate it has access to the service account itself and the \"roles/iam.serviceAccountTokenCreator\" role. Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist). This command is authenticated as {ANA} which is the active account specified by the [core/account] property. Impersonation is used to impersonate {VAULT}. \n\
         - '@type': type.googleapis.com/google.rpc.ErrorInfo\n  domain: iam.googleapis.com\n  metadata:\n    error_info_id: 5a09c9dedbf690798f19d016484901ed\n    permission: iam.serviceAccounts.getAccessToken\n  reason: IAM_PERMISSION_DENIED\n"
    );
    let expected = Expected {
        target: VAULT,
        caller: ANA,
        id: "5a09c9dedbf690798f19d016484901ed",
        ..denied()
    };
    check("stderr", &text, &expected);
    check(
        "in colour",
        &text.replace("ERROR:", "\u{1b}[1;31mERROR:\u{1b}[0m"),
        &expected,
    );
    let windows = text.replace('\n', "\r\n");
    check("from Windows", &windows, &expected);
    let other = format!(
        "ERROR: (gcloud.projects.describe) [{RUN}] does not have permission to access projects instance [analytics] (or it may not exist): Permission 'resourcemanager.projects.get' denied on resource '//cloudresourcemanager.googleapis.com/projects/analytics' (or it may not exist)."
    );
    let expected = Expected {
        permission: "resourcemanager.projects.get",
        caller: RUN,
        ..of(PastedKind::OtherDenied)
    };
    check("another permission", &other, &expected);
}

#[test]
fn python() {
    let plain = format!(
        "google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', {})",
        python_repr(BODY)
    );
    check("google-auth", &plain, &denied());
    let trace = format!(
        "    self._update_token(request)\n  File \"/usr/lib/google/auth/impersonated_credentials.py\", line 282, in _update_token\nprincipal = '{VAULT}'\nheaders = {{'Content-Type': 'application/json'}}\niam_endpoint_override = 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken'\n{plain}"
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("pytest", &trace, &expected);
    let grpc = format!(
        "debug_error_string = \"UNKNOWN:Error received from peer  {{grpc_message:\\\"Getting metadata from plugin failed with error: {}\\\"}}\"",
        plain.replace('\\', "\\\\").replace('"', "\\\"")
    );
    check("gRPC", &grpc, &denied());
    let gaia = "google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', '{\\n  \"error\": {\\n    \"code\": 404,\\n    \"message\": \"Not found; Gaia id not found for email bq@vault.iam.gserviceaccount.com\",\\n    \"status\": \"NOT_FOUND\"\\n  }\\n}\\n')";
    let expected = Expected {
        permission: GET,
        target: VAULT,
        ..of(PastedKind::AccountNotFound)
    };
    check("no such account", gaia, &expected);
    check(
        "a bug of the library",
        "TypeError: 'str' object is not callable\n  File \"google/auth/impersonated_credentials.py\", line 289, in _refresh_token",
        &of(PastedKind::None),
    );
}

/// As Python's repr writes a text that holds single quotes and double quotes.
fn python_repr(text: &str) -> String {
    format!("'{}'", text.replace('\'', "\\'").replace('\n', "\\n"))
}

#[test]
fn node() {
    let text = format!(
        "Error: unable to impersonate: Error: PERMISSION_DENIED: unable to impersonate: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\n    at Impersonated.refreshToken (/app/node_modules/google-auth-library/build/src/auth/impersonated.js:150:27)\n  config: {{\n    url: 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken',\n    method: 'POST',"
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("GaxiosError", &text, &expected);
}

#[test]
fn other_languages() {
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken"
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    let php = format!(
        "PHP Fatal error:  Uncaught GuzzleHttp\\Exception\\ClientException: Client error: `POST {url}` resulted in a `403 Forbidden` response:\n{BODY}"
    );
    check("PHP", &php, &expected);
    let dotnet = "Google.Apis.Auth.OAuth2.Responses.TokenResponseException: Error:\"Server response does not contain a JSON object. Status code is: Forbidden\", Description:\"\", Uri:\"\"\n   at Google.Apis.Auth.OAuth2.ImpersonatedCredential.RequestAccessTokenAsync(CancellationToken taskCancellationToken)";
    check(".NET", dotnet, &denied());
    let curl = format!(
        "> POST /v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken HTTP/2\n> Host: iamcredentials.googleapis.com\n< HTTP/2 403\n{BODY}"
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("curl -v", &curl, &expected);
    let signing = "google.auth.exceptions.TransportError: Error calling the IAM signBlob API: b'{\\n  \"error\": {\\n    \"code\": 403,\\n    \"message\": \"Permission \\'iam.serviceAccounts.signBlob\\' denied on resource (or it may not exist).\",\\n    \"status\": \"PERMISSION_DENIED\"\\n  }\\n}\\n'";
    let expected = Expected {
        permission: "iam.serviceAccounts.signBlob",
        ..of(PastedKind::ImpersonationDenied)
    };
    check("signing", signing, &expected);
}

#[test]
fn terraform() {
    let text = "│ Error: googleapi: Error 403: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\n│ Details:\n│ [\n│   {\n│     \"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\",\n│     \"domain\": \"iam.googleapis.com\",\n│     \"metadata\": {\n│       \"permission\": \"iam.serviceAccounts.getAccessToken\"\n│     },\n│     \"reason\": \"IAM_PERMISSION_DENIED\"\n│   }\n│ ]\n│ , forbidden\n│ \n│   with data.google_service_account_access_token.default,\n│   on main.tf line 30, in data \"google_service_account_access_token\" \"default\":\n│   30: data \"google_service_account_access_token\" \"default\" {\n";
    check("data source", text, &denied());
    let with_config = format!("{text}  target_service_account = \"{VAULT}\"\n");
    let expected = Expected {
        target: VAULT,
        ..denied()
    };
    check("with its configuration", &with_config, &expected);
    let old = "Error: googleapi: Error 403: The caller does not have permission, forbidden\n\n  on providers.tf line 30, in data \"google_service_account_access_token\" \"default\":\n";
    check("the older wording", old, &denied());
    let provider = format!(
        "Error: Get \"https://storage.googleapis.com/storage/v1/b?alt=json&prettyPrint=false&project=x\": impersonate: status code 403: {{\n  \"error\": {{\n    \"code\": 403,\n    \"message\": \"The caller does not have permission\",\n    \"status\": \"PERMISSION_DENIED\"\n  }}\n}}\nprovider \"google\" {{\n  impersonate_service_account = \"{VAULT}\"\n}}"
    );
    let expected = Expected {
        target: VAULT,
        service: "storage.googleapis.com",
        ..denied()
    };
    check("provider", &provider, &expected);
    let binding = "Error: Error applying IAM policy: googleapi: Error 403: Permission iam.serviceAccounts.setIamPolicy is required to perform this operation on service account projects/vault/serviceAccounts/bq@vault.iam.gserviceaccount.com., forbidden";
    let expected = Expected {
        permission: "iam.serviceAccounts.setIamPolicy",
        target: VAULT,
        ..of(PastedKind::OtherDenied)
    };
    check("setIamPolicy", binding, &expected);
}

#[test]
fn github_actions() {
    let masked = BODY.replace(['{', '}'], "***");
    let text = format!(
        "Error: google-github-actions/auth failed with: failed to generate Google Cloud OAuth 2.0 Access Token for {VAULT}: {masked}"
    );
    let expected = Expected {
        target: VAULT,
        ..denied()
    };
    check("braces masked", &text, &expected);
    let hidden = format!(
        "Error: google-github-actions/auth failed with: retry function failed after 4 attempts: failed to generate Google Cloud access token for ***: (403) {BODY}"
    );
    check("account masked", &hidden, &denied());
    let old = "Error: google-github-actions/auth failed with: retry function failed with 0 attempts: failed to generate Google Cloud access token for ***: {\n  \"error\": {\n    \"code\": 403,\n    \"message\": \"The caller does not have permission\",\n    \"status\": \"PERMISSION_DENIED\"\n  }\n}";
    check("the older wording", old, &denied());
    let debug = format!(
        "2026-04-13T19:07:51.8573814Z ##[debug]IAMCredentialsClient.generateAccessToken: Built request, {{\n2026-04-13T19:07:51.8576Z ##[debug]  \"path\": \"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken\",\n2026-04-13T19:07:51.8612Z ##[debug]    \"lifetime\": \"3600s\"\n{}",
        BODY.lines()
            .map(|l| format!("2026-04-13T19:07:51.86Z ##[debug]{l}\n"))
            .collect::<String>()
    );
    let expected = Expected {
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("debug log", &debug, &expected);
    check(
        "attribute condition",
        "failed to generate Google Cloud federated token for //iam.googleapis.com/***: {\"error\":\"unauthorized_client\",\"error_description\":\"The given credential is rejected by the attribute condition.\"}",
        &of(PastedKind::TokenExchangeRefused),
    );
}

#[test]
fn the_metadata_server_of_gke() {
    let text = "com.google.cloud.storage.StorageException: Unexpected Error code 403 trying to get security access token from Compute Engine metadata for the default service account: Unable to generate access token; IAM returned 403 Forbidden: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\nThis error could be caused by a missing IAM policy binding on the target IAM service account.";
    check("Java on GKE", text, &denied());
    let with_pod = format!("{text}\nserviceAccount:app-prod.svc.id.goog[jobs/runner]");
    let expected = Expected {
        caller: "serviceAccount:app-prod.svc.id.goog[jobs/runner]",
        ..denied()
    };
    check("with the pod's member", &with_pod, &expected);
}

#[test]
fn cloud_logging() {
    let entry = format!(
        r#"{{
  "protoPayload": {{
    "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
    "status": {{ "code": 7, "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)." }},
    "authenticationInfo": {{ "principalEmail": "{RUN}", "principalSubject": "serviceAccount:{RUN}" }},
    "serviceName": "iamcredentials.googleapis.com",
    "methodName": "GenerateAccessToken",
    "authorizationInfo": [ {{ "permission": "iam.serviceAccounts.getAccessToken", "resourceAttributes": {{}} }} ],
    "resourceName": "projects/-/serviceAccounts/133323741463357392526",
    "request": {{ "name": "projects/-/serviceAccounts/{VAULT}", "@type": "type.googleapis.com/google.iam.credentials.v1.GenerateAccessTokenRequest" }}
  }},
  "resource": {{ "type": "service_account", "labels": {{ "project_id": "vault", "email_id": "{VAULT}", "unique_id": "133323741463357392526" }} }}
}}"#
    );
    let expected = Expected {
        target: VAULT,
        caller: RUN,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("audit entry", &entry, &expected);
    let subject = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/repo:o/r:ref:refs/heads/main";
    let federated = entry
        .replace(&format!("\"principalEmail\": \"{RUN}\", "), "")
        .replace(&format!("serviceAccount:{RUN}"), subject);
    let expected = Expected {
        target: VAULT,
        caller: subject,
        service: "iamcredentials.googleapis.com",
        ..denied()
    };
    check("federated", &federated, &expected);
    let yaml = format!(
        "protoPayload:\n  authenticationInfo:\n    principalEmail: {ANA}\n  authorizationInfo:\n  - permission: iam.serviceAccounts.signBlob\n    resource: projects/-/serviceAccounts/{VAULT}\n  serviceName: iamcredentials.googleapis.com\n  status:\n    code: 7\n    message: Permission denied\n"
    );
    let expected = Expected {
        permission: "iam.serviceAccounts.signBlob",
        target: VAULT,
        caller: ANA,
        service: "iamcredentials.googleapis.com",
        ..of(PastedKind::ImpersonationDenied)
    };
    check("as gcloud logging read prints it", &yaml, &expected);
}

#[test]
fn an_api_that_is_off() {
    let text = "{\"error\": {\"code\": 403, \"message\": \"IAM Service Account Credentials API has not been used in project 418023915701 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=418023915701 then retry.\", \"status\": \"PERMISSION_DENIED\", \"details\": [{\"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\", \"reason\": \"SERVICE_DISABLED\", \"domain\": \"googleapis.com\", \"metadata\": {\"service\": \"iamcredentials.googleapis.com\", \"consumer\": \"projects/418023915701\"}}]}}";
    let expected = Expected {
        service: "iamcredentials.googleapis.com",
        project: "418023915701",
        ..of(PastedKind::ApiDisabled)
    };
    check("body", text, &expected);
    let go = "googleapi: Error 403: Identity and Access Management (IAM) API has not been used in project tef-olapp before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iam.googleapis.com/overview?project=tef-olapp then retry., accessNotConfigured";
    let expected = Expected {
        service: "iam.googleapis.com",
        project: "tef-olapp",
        ..of(PastedKind::ApiDisabled)
    };
    check("Go, words alone", go, &expected);
}

#[test]
fn a_quota_project_that_may_not_be_used() {
    let text = "RefreshError: ('Unable to acquire impersonated credentials', '{\\n  \"error\": {\\n    \"code\": 403,\\n    \"message\": \"Caller does not have required permission to use project billing-x. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission, by visiting https://console.developers.google.com/iam-admin/iam/project?project=billing-x and then retry.\",\\n    \"status\": \"PERMISSION_DENIED\",\\n    \"details\": [\\n      {\\n        \"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\",\\n        \"reason\": \"USER_PROJECT_DENIED\",\\n        \"domain\": \"googleapis.com\",\\n        \"metadata\": {\\n          \"containerInfo\": \"billing-x\",\\n          \"service\": \"iamcredentials.googleapis.com\",\\n          \"consumer\": \"projects/billing-x\"\\n        }\\n      }\\n    ]\\n  }\\n}\\n')";
    let expected = Expected {
        permission: "serviceusage.services.use",
        service: "iamcredentials.googleapis.com",
        project: "billing-x",
        ..of(PastedKind::QuotaProjectDenied)
    };
    check("google-auth", text, &expected);
    let gcloud = format!(
        "ERROR: (gcloud.scc.notifications.describe) PERMISSION_DENIED: Caller does not have required permission to use project billing-x. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission. This command is authenticated as {ANA} which is the active account specified by the [core/account] property. Impersonation is used to impersonate {VAULT}."
    );
    let expected = Expected {
        permission: "serviceusage.services.use",
        target: VAULT,
        caller: ANA,
        project: "billing-x",
        ..of(PastedKind::QuotaProjectDenied)
    };
    check("gcloud", &gcloud, &expected);
}

#[test]
fn other_ends_at_the_same_moment() {
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{VAULT}:generateAccessToken"
    );
    let call = |kind| Expected {
        permission: GET,
        target: VAULT,
        service: "iamcredentials.googleapis.com",
        ..of(kind)
    };
    let body = |code: u16, status: &str, message: &str, reason: &str| {
        format!(
            "POST {url}\n{{\"error\": {{\"code\": {code}, \"message\": \"{message}\", \"status\": \"{status}\", \"details\": [{{\"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\", \"reason\": \"{reason}\", \"domain\": \"googleapis.com\"}}]}}}}"
        )
    };
    for (text, kind) in [
        (
            body(
                403,
                "PERMISSION_DENIED",
                "Request had insufficient authentication scopes.",
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            ),
            PastedKind::ScopeInsufficient,
        ),
        (
            body(
                403,
                "PERMISSION_DENIED",
                "Request had insufficient authentication scopes.",
                "forbidden",
            ),
            PastedKind::ScopeInsufficient,
        ),
        (
            body(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
                "ACCESS_TOKEN_EXPIRED",
            ),
            PastedKind::CredentialsExpired,
        ),
        (
            body(
                401,
                "UNAUTHENTICATED",
                "Request is missing required authentication credential.",
                "CREDENTIALS_MISSING",
            ),
            PastedKind::CredentialsMissing,
        ),
        (
            body(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
                "ACCOUNT_STATE_INVALID",
            ),
            PastedKind::AccountDisabled,
        ),
        (
            body(
                400,
                "INVALID_ARGUMENT",
                "The access token lifetime cannot exceed 3600 seconds, unless it is extended by the organization policy constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension.",
                "x",
            ),
            PastedKind::LifetimeTooLong,
        ),
        (
            body(404, "NOT_FOUND", "Requested entity was not found.", "x"),
            PastedKind::AccountNotFound,
        ),
    ] {
        check("a call", &text, &call(kind));
    }
    let disabled = format!(
        "google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', '{{\"error\": {{\"code\": 400, \"message\": \"Service account {VAULT} is disabled.\", \"status\": \"FAILED_PRECONDITION\"}}}}')"
    );
    let expected = Expected {
        permission: GET,
        target: VAULT,
        ..of(PastedKind::AccountDisabled)
    };
    check("disabled", &disabled, &expected);
    let unknown = format!("googleapi: Error 404: Unknown service account: {VAULT}, notFound");
    let expected = Expected {
        target: VAULT,
        ..of(PastedKind::AccountNotFound)
    };
    check("unknown", &unknown, &expected);
    for expired in [
        "google.auth.exceptions.RefreshError: ('invalid_grant: Token has been expired or revoked.', {'error': 'invalid_grant', 'error_description': 'Token has been expired or revoked.'})",
        "oauth2: cannot fetch token: 400 Bad Request\nResponse: {\n  \"error\": \"invalid_grant\",\n  \"error_description\": \"reauth related error (rapt_required)\",\n  \"error_subtype\": \"rapt_required\"\n}",
        "ERROR: (gcloud.projects.list) There was a problem refreshing your current auth tokens: Reauthentication failed. cannot prompt during non-interactive execution.",
    ] {
        check("expired", expired, &of(PastedKind::CredentialsExpired));
    }
}

#[test]
fn a_denial_behind_a_failed_refresh_is_a_denial() {
    let text = format!(
        "ERROR: (gcloud.compute.ssh) There was a problem refreshing your current auth tokens: Unable to acquire impersonated credentials\n{BODY}\nPlease run:\n\n  $ gcloud auth login\n\nto obtain new credentials."
    );
    check("gcloud", &text, &denied());
}

#[test]
fn other_refusals() {
    let storage = format!(
        "403 GET https://storage.googleapis.com/storage/v1/b/data: {RUN} does not have storage.buckets.get access to the Google Cloud Storage bucket. Permission 'storage.buckets.get' denied on resource (or it may not exist)."
    );
    let expected = Expected {
        permission: "storage.buckets.get",
        caller: RUN,
        service: "storage.googleapis.com",
        ..of(PastedKind::OtherDenied)
    };
    check("Cloud Storage", &storage, &expected);
    let act_as = format!(
        "ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'iam.serviceaccounts.actAs' denied on service account {VAULT} (or it may not exist)."
    );
    let expected = Expected {
        permission: "iam.serviceAccounts.actAs",
        target: VAULT,
        ..of(PastedKind::ImpersonationDenied)
    };
    check("attaching", &act_as, &expected);
    check(
        "Google's page of HTML",
        "<html><head><title>403 Forbidden</title></head><body>Your client does not have permission to get URL /v1/projects from this server.</body></html>",
        &of(PastedKind::OtherDenied),
    );
}

#[test]
fn what_is_not_about_access() {
    for text in [
        "",
        "\n\n",
        "thread 'main' panicked at src/main.rs:1:1: index out of bounds",
        "Error: connect ECONNREFUSED 127.0.0.1:5432",
        "\u{0}\u{1}\u{2}",
    ] {
        check("other", text, &of(PastedKind::None));
    }
}

#[test]
fn every_kind_has_words_and_no_hidden_character() {
    for text in [
        BODY,
        "invalid_grant",
        "nothing",
        "rejected by the attribute condition",
        "Could not load the default credentials",
        "of an unknown type. Please set a valid type prefix for the member",
        "is \u{1b}[31mpermission_denied",
    ] {
        let meaning = read(text).meaning();
        assert!(meaning.what.ends_with('.') && !meaning.remedy.is_empty());
        assert!(!meaning.what.chars().any(crate::text::is_hidden));
    }
}
