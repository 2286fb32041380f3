//! The forms of errors, as tables. Within a table the more particular stands first.
//!
//! Sources are the tools and libraries named, and public reports of users; names of the examples are ours.

use std::sync::LazyLock;

use super::form::Form;
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, SIGN_BLOB, SIGN_JWT};

/// A table as it is written: the form, and the permission that it means without naming it.
type FormRows = &'static [(&'static str, Option<&'static str>)];

/// A table, read.
pub(super) type FormTable = LazyLock<Vec<Form>>;

/// A form that cannot be read is left out; a test counts them.
fn table(rows: FormRows) -> Vec<Form> {
    rows.iter().copied().filter_map(Form::new).collect()
}

const TOKEN: Option<&str> = Some(GET_ACCESS_TOKEN);
const IDENTITY: Option<&str> = Some(GET_OPEN_ID_TOKEN);
const BLOB: Option<&str> = Some(SIGN_BLOB);
const JWT: Option<&str> = Some(SIGN_JWT);
const ACT: Option<&str> = Some(ACT_AS);

/// A refusal in one sentence: permission, and account or caller where they are said.
const SAID_ROWS: FormRows = &[
    // Cloud Functions, first generation.
    (
        "missing necessary permission {permission} for {caller} on (the|) (account) {target}",
        None,
    ),
    (
        "missing necessary permission {permission} for {word} on (the|) (account) {target}",
        None,
    ),
    (
        "missing necessary permission {permission} {…} service account {target}",
        None,
    ),
    // BigQuery Data Transfer.
    (
        "{caller} does not have (the|) (IAM|) (permission|) {permission} (permission|access|) to perform impersonation on (the|) (account) {target}",
        None,
    ),
    // Cloud Functions of the second generation; Compute Engine; Cloud Tasks and Cloud Scheduler.
    (
        "{caller} is missing (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "{caller} does not have (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "{caller} lacks (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "{caller} needs (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "is missing (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "does not have (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "do not have (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "lacks (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "needs (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "requires (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    (
        "missing (the|) (permission|) {permission} (on|for) (the|) (account) {target}",
        None,
    ),
    // Firebase.
    (
        "must have (the|) (IAM|) (permission|) {permission} (permission|access|) (on|to|for) (the|) (account) {target}",
        None,
    ),
    // IAM, Cloud Run, Compute Engine, Workflows, Eventarc.
    (
        "{permission} denied (on|for|to) (the|) (account) {target}",
        None,
    ),
    (
        "{permission} permission denied (on|for|to) (the|) (account) {target}",
        None,
    ),
    (
        "{permission} is required to perform (this|the) operation on (the|) (account) {target}",
        None,
    ),
    (
        "{permission} is denied (on|for) (the|) (account) {target}",
        None,
    ),
    (
        "{permission} is missing (on|for) (the|) (account) {target}",
        None,
    ),
    (
        "{permission} is required (on|for) (the|) (account) {target}",
        None,
    ),
    (
        "required {permission} permission (for|on) (the|) (account) {target}",
        None,
    ),
    (
        "{permission} permission (on|for) (the|) (account) {target}",
        None,
    ),
];

/// The words of attaching an account without its permission's name.
const ACTING_ROWS: FormRows = &[
    // Dataproc.
    (
        "not authorized to act as (the|) service account {target}",
        ACT,
    ),
    // Dataflow.
    ("cannot act as (the|) service account {target}", ACT),
    ("can not act as (the|) service account {target}", ACT),
    // App Engine, Vertex AI, Cloud Build, Dataform.
    ("permission to act as (the|this|) (account) {target}", ACT),
    ("permissions to act as (the|this|) (account) {target}", ACT),
    (
        "not have permission to act as (the|this|) service account",
        ACT,
    ),
    ("not authorized to act as (the|this|) service account", ACT),
    ("cannot act as (the|this|) service account", ACT),
    ("actAs permission (on|for) (the|) (account) {target}", ACT),
    ("actAs access (on|to|for) (the|) (account) {target}", ACT),
    ("actAs (is|) denied (on|for) (the|) (account) {target}", ACT),
    // Compute Engine.
    (
        "the user does not have access to service account {target} user: {caller}",
        ACT,
    ),
    (
        "user {caller} does not have access to service account {target}",
        ACT,
    ),
    (
        "does not have access to service account {target} {…} serviceAccountUser",
        ACT,
    ),
    (
        "{permission} permission on the instance's service account",
        None,
    ),
    ("permission on the instance's service account", ACT),
    ("permission to use (the|) service account {target}", ACT),
];

/// The call itself: its address and method.
const CALL_ROWS: FormRows = &[
    ("serviceAccounts/{target}:generateAccessToken", TOKEN),
    ("serviceAccounts/{target}:generateIdToken", IDENTITY),
    ("serviceAccounts/{target}:getOpenIdToken", IDENTITY),
    ("serviceAccounts/{target}:signBlob", BLOB),
    ("serviceAccounts/{target}:signJwt", JWT),
];

/// The names of methods, where the account stands elsewhere.
const METHOD_ROWS: FormRows = &[
    ("generateAccessToken", TOKEN),
    ("generateIdToken", IDENTITY),
    ("generate_access_token", TOKEN),
    ("generate_id_token", IDENTITY),
    ("IAMCredentials.SignJwt", JWT),
    ("IAMCredentials.SignBlob", BLOB),
    (
        "methodName: (google.iam.credentials.v1.IAMCredentials.|)SignJwt",
        JWT,
    ),
    (
        "methodName: (google.iam.credentials.v1.IAMCredentials.|)SignBlob",
        BLOB,
    ),
];

/// Words of tools and libraries that fail to get a token or a signature.
const TOOL_ROWS: FormRows = &[
    // google-github-actions/auth.
    (
        "failed to sign JWT (using|for|with|as) (the|) (account) {target}",
        JWT,
    ),
    (
        "failed to sign (the|) (blob|bytes|url|data|payload|provided bytes|) (using|for|with|as) (the|) (account) {target}",
        BLOB,
    ),
    ("Google Cloud access token for (account) {target}", TOKEN),
    (
        "Google Cloud OAuth 2.0 access token for (account) {target}",
        TOKEN,
    ),
    ("Google Cloud auth token for (account) {target}", TOKEN),
    (
        "Google Cloud (OAuth 2.0|) ID token for (account) {target}",
        IDENTITY,
    ),
    ("identity token for (account) {target}", IDENTITY),
    ("id token for (account) {target}", IDENTITY),
    ("access token for (account) {target}", TOKEN),
    ("auth token for (account) {target}", TOKEN),
    // The metadata servers of GKE and Compute Engine.
    ("instance/service-accounts/{target}/token", TOKEN),
    ("instance/service-accounts/{target}/identity", IDENTITY),
    // gcloud (googlecloudsdk/core/credentials/store.py and its error texts).
    ("failed to impersonate {target}", TOKEN),
    ("unable to impersonate {target}", TOKEN),
    ("could not impersonate (account) {target}", TOKEN),
    // The same without the account.
    ("failed to sign JWT", JWT),
    ("google_service_account_jwt", JWT),
    ("failed to sign the provided bytes", BLOB),
    ("trying to sign provided bytes", BLOB),
    ("trying to sign the provided bytes", BLOB),
    ("calling the IAM signBlob API", BLOB),
    ("calling the IAM signBytes API", BLOB),
    ("failed to sign blob", BLOB),
    ("unable to sign blob", BLOB),
    ("unable to sign bytes", BLOB),
    ("unable to generate access token; IAM returned", TOKEN),
    ("unable to generate identity token; IAM returned", IDENTITY),
    ("unable to generate id token; IAM returned", IDENTITY),
    ("google_service_account_access_token", TOKEN),
    ("google_service_account_id_token", IDENTITY),
    ("google cloud access token for", TOKEN),
    ("google cloud oauth 2.0 access token for", TOKEN),
    ("google cloud id token for", IDENTITY),
    ("unable to acquire impersonated credentials", TOKEN),
    ("impersonate: status code", TOKEN),
    ("impersonate: unable to generate access token", TOKEN),
    ("IDTokenCredentials", IDENTITY),
    ("ImpersonatedCredential", TOKEN),
    ("impersonated_credentials", TOKEN),
    ("impersonated_service_account", TOKEN),
    ("Error requesting access token", TOKEN),
    ("failed to impersonate", TOKEN),
    ("unable to impersonate", TOKEN),
];

/// A permission alone. Keys first: an ErrorInfo's metadata, an audit log's authorizationInfo.
const PERMISSION_ROWS: FormRows = &[
    ("permission(=>|:|=){named}", None),
    ("missing permissions(=>|:|=|){permission}", None),
    ("missing permission(=>|:|=|){permission}", None),
    ("permissions(=>|:|=){permission}", None),
    ("{permission} denied", None),
    ("{permission} is denied", None),
    ("{permission} is missing", None),
    ("{permission} is required", None),
    ("permission {permission}", None),
    ("permissions {permission}", None),
    ("{permission} permission", None),
    ("{permission} access", None),
    ("does not have {permission}", None),
    ("do not have {permission}", None),
    ("lacks (the|) (IAM|) {permission}", None),
    ("lacking {permission}", None),
    ("missing {permission}", None),
    ("requires {permission}", None),
    ("required {permission}", None),
    ("needs {permission}", None),
    ("with {permission}", None),
];

/// A permission on accounts wherever it stands, when no sentence is known.
const MENTION_ROWS: FormRows = &[("iam.{permission}", None)];

/// An account that is meant to be acted as, the plainest first.
const TARGET_ROWS: FormRows = &[
    ("impersonation is used to impersonate {target}", None),
    (
        "service account impersonation. All API calls will be executed as {target}",
        None,
    ),
    // Options and settings of gcloud, Terraform and Google's libraries.
    ("impersonate_service_account(=>|:|=){target}", None),
    ("auth_impersonate_service_account(=>|:|=){target}", None),
    ("google_impersonate_service_account(=>|:|=){target}", None),
    ("impersonate-service-account(=>|:|=|){target}", None),
    ("impersonateServiceAccount(=>|:|=){target}", None),
    ("target_service_account(=>|:|=){target}", None),
    ("target-service-account(=>|:|=){target}", None),
    ("targetServiceAccount(=>|:|=){target}", None),
    ("target service account(=>|:|=|){target}", None),
    ("target_principal(=>|:|=){target}", None),
    ("targetPrincipal(=>|:|=){target}", None),
    ("target principal(=>|:|=|){target}", None),
    ("principal = {target}", None),
    // No such account.
    ("not found for email(:|){target}", None),
    ("unknown service account(:|){target}", None),
    // Resource names: audit logs, requests, ErrorInfo.
    ("iam.gke.io/gcp-service-account(=>|:|=|){target}", None),
    ("on (the|) service account {target}", None),
    ("access to (the|) service account {target}", None),
    ("serviceAccounts/{target}", None),
    ("email_id(=>|:|=){target}", None),
    ("impersonate (as|) (the|) (account) {target}", None),
    ("impersonating (as|) (the|) (account) {target}", None),
    ("target(:|=){target}", None),
];

/// No such account, or one that is off.
const STATE_ROWS: FormRows = &[
    (
        "service account(:|) {target} (does not exist|was not found|not found|could not be found|is deleted|has been deleted)",
        None,
    ),
    ("unknown service account(:|){target}", None),
    ("not found for email(:|){target}", None),
];

const OFF_ROWS: FormRows = &[
    (
        "service account(:|) {target} (is disabled|has been disabled|was disabled|is in a disabled state)",
        None,
    ),
    ("account disabled(:|) {target}", None),
];

/// Cloud Audit Logs: the subject says more than the address of a federated caller, and is there without one.
const SUBJECT_ROWS: FormRows = &[("principalSubject(=>|:|=){caller}", None)];

/// Who called, the surest first.
const CALLER_ROWS: FormRows = &[
    ("principalEmail(=>|:|=){caller}", None),
    ("principalSubject(=>|:|=){caller}", None),
    // gcloud.
    ("authenticated as {caller} (which|using|,|.)", None),
    ("authenticated as {caller}", None),
    ("user {caller} does not have", None),
    ("{caller} does not have permission", None),
    ("active account(:|) {caller}", None),
    ("missing necessary permission {word} for {caller} on", None),
    ("caller {caller} is missing", None),
    ("user {caller} does not", None),
    (
        "the user does not have access to service account {word} user: {caller}",
        None,
    ),
    // Cloud Storage, BigQuery and others name the caller first.
    ("{caller} does not have", None),
    ("{caller} lacks", None),
    ("caller(:|=|=>){caller}", None),
    ("source_principal(=>|:|=){caller}", None),
    ("client_email(=>|:|=){caller}", None),
    ("caller {caller}", None),
    ("user: {caller}", None),
];

const SERVICE_ROWS: FormRows = &[
    ("service(=>|:|=){service}", None),
    ("serviceName(=>|:|=){service}", None),
    ("key: service value: {service}", None),
    ("apis/api/{service}/", None),
    ("apis/library/{service}", None),
    ("services enable {service}", None),
    ("API {service} (is|) (not enabled|disabled)", None),
    ("https://{service}/", None),
    ("http://{service}/", None),
    ("host: {service}", None),
];

const PROJECT_ROWS: FormRows = &[
    ("consumer(=>|:|=)projects/{project}", None),
    ("key: consumer value: projects/{project}", None),
    ("overview?project={project}", None),
    ("has not been used in project {project} before", None),
    ("not enabled (on|for|in) project {project}", None),
    ("permission to use project {project}", None),
    ("containerInfo(=>|:|=){project}", None),
    ("Project #{project} has been deleted", None),
    ("Project {project} has been deleted", None),
    ("has not been used in project {project}", None),
];

const ERROR_ID_ROWS: FormRows = &[
    ("error_info_id(=>|:|=){id}", None),
    ("errorInfoId(=>|:|=){id}", None),
];

const PROVIDER_ROWS: FormRows = &[
    ("workloadIdentityPools/{pool}/providers/{provider}", None),
    ("workforcePools/{pool}/providers/{provider}", None),
];

const HOME_ROWS: FormRows = &[(
    "projects/{project}/locations/global/workloadIdentityPools/",
    None,
)];

const POOL_ROWS: FormRows = &[
    ("identity pool does not exist {pool}", None),
    ("workloadIdentityPools/{pool}/", None),
    ("workforcePools/{pool}/", None),
    ("identity pool {pool}", None),
];

macro_rules! tables {
    ($($name:ident = $rows:ident),* $(,)?) => {
        $(pub(super) static $name: FormTable = LazyLock::new(|| table($rows));)*

        #[cfg(test)]
        pub(super) fn sizes() -> Vec<(&'static str, usize, usize)> {
            vec![$((stringify!($name), $rows.len(), $name.len())),*]
        }
    };
}

tables! {
    SAID = SAID_ROWS,
    ACTING = ACTING_ROWS,
    CALL = CALL_ROWS,
    METHOD = METHOD_ROWS,
    TOOL = TOOL_ROWS,
    PERMISSION = PERMISSION_ROWS,
    MENTION = MENTION_ROWS,
    TARGET = TARGET_ROWS,
    STATE = STATE_ROWS,
    OFF = OFF_ROWS,
    SUBJECT = SUBJECT_ROWS,
    CALLER = CALLER_ROWS,
    SERVICE = SERVICE_ROWS,
    PROJECT = PROJECT_ROWS,
    ERROR_ID = ERROR_ID_ROWS,
    PROVIDER = PROVIDER_ROWS,
    HOME = HOME_ROWS,
    POOL = POOL_ROWS,
}
