//! What an error means and what mends it, for people.

use super::{Kind, Pasted};

/// In words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What the error says.
    pub what: String,
    /// What mends it.
    pub remedy: String,
}

impl Pasted {
    /// What it means and what mends it.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        let service = self.service.as_deref();
        let api = service.unwrap_or("iamcredentials.googleapis.com");
        let project = self.project.as_deref();
        let (what, remedy) = match self.kind {
            Kind::ImpersonationDenied => (
                "A service account may not be acted as: IAM refused the permission on it.".to_owned(),
                "The causes say which grant is missing, and where.".to_owned(),
            ),
            Kind::ApiDisabled => (
                format!(
                    "The API {api} is off on {}, the project that the call is billed to. IAM was not asked yet.",
                    project.map_or_else(|| "a project".to_owned(), |p| format!("the project {p}"))
                ),
                format!(
                    "Enable it: gcloud services enable {api} --project={}. It counts after a few minutes. Where the project is not yours, the credentials name the wrong quota project.",
                    project.unwrap_or("PROJECT")
                ),
            ),
            Kind::AccountNotFound => (
                "There is no service account of that name. No grant mends that.".to_owned(),
                "Check the address letter by letter, and its project; an account that was deleted less than 30 days ago can be undeleted by its unique id.".to_owned(),
            ),
            Kind::AccountDisabled => (
                "A service account is disabled: it gives no tokens and makes no calls, whatever is granted.".to_owned(),
                "Find out why it was disabled; enable it again with: gcloud iam service-accounts enable ACCOUNT".to_owned(),
            ),
            Kind::ScopeInsufficient => (
                "The caller's own token was made for fewer scopes than the call needs. No grant mends that.".to_owned(),
                "Ask for the scope https://www.googleapis.com/auth/cloud-platform: on a VM set its access scopes (the VM has to be stopped for that), in a library pass it as scope, with gcloud sign in again.".to_owned(),
            ),
            Kind::CredentialsExpired => (
                "The caller's credentials are expired, revoked or missing: Google does not know who calls. No grant mends that.".to_owned(),
                "Sign in again: gcloud auth application-default login (for libraries) or gcloud auth login (for gcloud); for a key, check that it was not deleted or disabled.".to_owned(),
            ),
            Kind::QuotaProjectDenied => (
                format!(
                    "The caller may not use {}, the project that the call is billed to (serviceusage.services.use). The target was not looked at yet.",
                    project.map_or_else(|| "the quota project".to_owned(), |p| format!("the project {p}"))
                ),
                "Grant the caller Service Usage Consumer (roles/serviceusage.serviceUsageConsumer) on that project, or name another quota project: gcloud auth application-default set-quota-project PROJECT, or GOOGLE_CLOUD_QUOTA_PROJECT.".to_owned(),
            ),
            Kind::LifetimeTooLong => (
                "The token was asked to live longer than the account may give: 3600 seconds, unless an organization policy extends it.".to_owned(),
                "Ask for 3600 seconds or less. For up to 12 hours the account has to be listed in constraints/iam.allowServiceAccountCredentialLifetimeExtension, one address to a value.".to_owned(),
            ),
            Kind::OtherDenied => (
                match (&self.permission, service) {
                    (Some(permission), _) => format!("Something else was refused: the permission {permission}."),
                    (None, Some(service)) => format!("Something else was refused, by {service}."),
                    (None, None) => "Something was refused, and the text does not say which permission.".to_owned(),
                },
                "It is not about acting as a service account. Grant a role with the permission where the resource is; where the caller runs as a service account, to that account.".to_owned(),
            ),
            Kind::None => (
                "This text is not about access, as far as can be told.".to_owned(),
                "Paste the whole error, with the lines before and after it; or give --caller and --target.".to_owned(),
            ),
        };
        Meaning { what, remedy }
    }
}
