//! What an error means and what mends it, for people: from its kind alone, so that the advice is never that of another.

mod exchange;
mod write;

use super::exchange::Credentials;
use super::kind::Detail;
use super::{Pasted, PastedKind};
use crate::iam::Permission;
use crate::text::visible;

/// In words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What the error says.
    pub what: String,
    /// What mends it.
    pub remedy: String,
    /// Commands for that, each a line that can be pasted into a shell; what has to be filled in is in capitals.
    pub commands: Vec<String>,
}

impl Meaning {
    /// The same with a command.
    pub(super) fn by(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// How one signs in for libraries, and for gcloud itself.
const LOGIN: [&str; 2] = ["gcloud auth application-default login", "gcloud auth login"];

pub(super) fn said(what: impl Into<String>, remedy: impl Into<String>) -> Meaning {
    Meaning {
        what: what.into(),
        remedy: remedy.into(),
        commands: Vec::new(),
    }
}

impl Pasted {
    /// What it means and what mends it.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match (self.kind, &self.detail) {
            (PastedKind::ImpersonationDenied, _) => said(
                "A service account may not be acted as: IAM refused the permission on it.",
                "The causes say which grant is missing, and where.",
            ),
            (PastedKind::ApiDisabled, _) => self.api_disabled(),
            (PastedKind::AccountNotFound, _) => said(
                format!(
                    "There is no service account {}. No grant mends that.",
                    self.account_or("of that name")
                ),
                "Check the address letter by letter, and its project; an account that was deleted less than 30 days ago can be undeleted by its unique id.",
            ),
            (PastedKind::AccountDisabled, _) => said(
                format!(
                    "{} is disabled: it gives no tokens and makes no calls, whatever is granted.",
                    self.target.as_ref().map_or_else(
                        || "A service account".to_owned(),
                        |t| format!("The service account {}", visible(t))
                    )
                ),
                "Find out why it was disabled, then enable it again.",
            )
            .by(format!(
                "gcloud iam service-accounts enable {}",
                self.target
                    .as_deref()
                    .map_or_else(|| "ACCOUNT".to_owned(), crate::text::shell)
            )),
            (PastedKind::ProjectShutDown, _) => said(
                format!(
                    "{} was shut down and waits to be deleted: the one that the call is billed to, or the account's own. Nothing in it can be used, whatever is granted.",
                    self.project.as_ref().map_or_else(
                        || "A project that the call needs".to_owned(),
                        |p| format!("The project {}", visible(p))
                    )
                ),
                "Find out why. For 30 days after the shutdown whoever has resourcemanager.projects.undelete can bring it back; then link its billing account again. Where only the bill went there, name another quota project.",
            )
            .by(format!(
                "gcloud projects undelete {}",
                self.project
                    .as_deref()
                    .map_or_else(|| "PROJECT".to_owned(), crate::text::shell)
            )),
            (PastedKind::ScopeInsufficient, _) => said(
                "The caller's own token was made for fewer scopes than the call needs. No grant mends that.",
                "Ask for the scope https://www.googleapis.com/auth/cloud-platform: on a VM set its access scopes (the VM has to be stopped for that), in a library pass it as scope, with gcloud sign in again.",
            ),
            (PastedKind::CredentialsExpired, Detail::Credentials(Credentials::Reauthentication)) => said(
                "The session's time is over: Google asks that the person signs in again (reauthentication, set by the organization), and a program cannot do that for him. IAM was not asked. No grant mends that.",
                "Sign in again, for libraries by the first command, for gcloud itself by the second. What runs without a person should run as a service account, or impersonate one.",
            )
            .by(LOGIN[0])
            .by(LOGIN[1]),
            (PastedKind::CredentialsExpired, Detail::Credentials(Credentials::Key)) => said(
                "The key that signed is not one of the account's: it was deleted or disabled, or the account was made anew. IAM was not asked. No grant mends that.",
                "Use a key that is there, or better none: impersonate the account. Check the machine's clock too. Compare private_key_id in the key file with the keys that there are:",
            )
            .by("gcloud iam service-accounts keys list --iam-account=ACCOUNT"),
            (PastedKind::CredentialsExpired, _) => said(
                "The caller's credentials are expired, revoked or not valid: Google does not know who calls. No grant mends that.",
                "Sign in again, for libraries by the first command, for gcloud itself by the second; for a key, check that it was not deleted or disabled.",
            )
            .by(LOGIN[0])
            .by(LOGIN[1]),
            (PastedKind::CredentialsMissing, _) => said(
                "No credentials were found where the program looks, or none were sent: nobody called as far as Google knows. No grant mends that.",
                "Give it some: on one's own machine by signing in (the second command is for gcloud itself); elsewhere GOOGLE_APPLICATION_CREDENTIALS with the path of a credential file; on Google Cloud, a service account attached to the machine or workload.",
            )
            .by(LOGIN[0])
            .by(LOGIN[1]),
            (PastedKind::TokenTypeUnsupported, _) => self.token_type(),
            (PastedKind::TokenExchangeRefused, Detail::ExchangeFault(why)) => exchange::words(self, *why),
            (PastedKind::TokenExchangeRefused, _) => {
                exchange::words(self, super::exchange::ExchangeFault::Other)
            }
            (PastedKind::DelegationRefused, _) => said(
                "The Workspace does not let this service account act for its people (domain-wide delegation): the account's client id is not authorized there for the scopes that were asked for, or the person's address is not of that Workspace. IAM was not asked: no role mends that.",
                "An administrator of the Workspace enters the account's client id (its unique id) with exactly these scopes: Admin console, Security, API controls, Domain-wide delegation. It may take up to 24 hours. Compare the scopes letter by letter, and the subject with a person of that Workspace.",
            ),
            (PastedKind::WriteRefused, Detail::Write(refused)) => write::words(self, refused),
            (PastedKind::WriteRefused, _) => said(
                "A policy was not written: IAM did not take the request.",
                "Correct the request; no grant mends that.",
            ),
            (PastedKind::QuotaProjectDenied, _) => said(
                format!(
                    "The caller may not use {}, the project that the call is billed to (serviceusage.services.use). The target was not looked at yet.",
                    self.project.as_ref().map_or_else(
                        || "the quota project".to_owned(),
                        |p| format!("the project {}", visible(p))
                    )
                ),
                "Grant the caller Service Usage Consumer (roles/serviceusage.serviceUsageConsumer) on that project, or name another quota project, by the command or by GOOGLE_CLOUD_QUOTA_PROJECT.",
            )
            .by("gcloud auth application-default set-quota-project PROJECT"),
            (PastedKind::LifetimeTooLong, _) => said(
                "The token was asked to live longer than the account may give: 3600 seconds, unless an organization policy extends it.",
                "Ask for 3600 seconds or less. For up to 12 hours the account has to be listed in constraints/iam.allowServiceAccountCredentialLifetimeExtension, one address to a value.",
            ),
            (PastedKind::OtherDenied, _) => self.other_denied(),
            (PastedKind::None, _) => said(
                "This text is not about access, as far as can be told.",
                "Paste the whole error, with the lines before and after it; or give --caller and --target.",
            ),
        }
    }

    /// What the answer about the policies does not say, where one follows: an error of this kind has another reason.
    /// `None` where the answer is about the error itself.
    #[must_use]
    pub fn beside(&self, permission_given: bool) -> Option<String> {
        let words = match self.kind {
            PastedKind::ImpersonationDenied if self.asked().is_some() || permission_given => {
                return None;
            }
            PastedKind::ImpersonationDenied => "What follows is about the pair of the error.",
            PastedKind::QuotaProjectDenied
            | PastedKind::ScopeInsufficient
            | PastedKind::CredentialsExpired
            | PastedKind::LifetimeTooLong
            | PastedKind::AccountNotFound
            | PastedKind::AccountDisabled
            | PastedKind::ProjectShutDown => return None,
            PastedKind::ApiDisabled if self.is_about_iam() => return None,
            PastedKind::TokenExchangeRefused => {
                "What follows is what is known here of the caller and the target: pool and provider as far as they can be read, then IAM's policies."
            }
            PastedKind::CredentialsMissing => {
                "What follows is what IAM's policies say of the caller once it has credentials."
            }
            PastedKind::TokenTypeUnsupported => {
                "What follows is what IAM's policies say of the caller and the target; the type of the token is another matter."
            }
            _ => {
                "What follows is not about this error: it is what IAM says of the caller and the target."
            }
        };
        let asked = match self.asked() {
            Some(_) => String::new(),
            None if permission_given => String::new(),
            None => format!(
                " The text names no permission on service accounts: {} is asked for unless --permission names another.",
                Permission::get_access_token()
            ),
        };
        Some(format!("{words}{asked}"))
    }

    fn account_or(&self, words: &str) -> String {
        self.target
            .as_deref()
            .map_or_else(|| words.to_owned(), visible)
    }

    fn api_disabled(&self) -> Meaning {
        let about = self.is_about_iam();
        let known = self.service.as_deref();
        let name = match known {
            Some(api) => format!("The API {}", visible(api)),
            None => "An API that the call needs".to_owned(),
        };
        let what = format!(
            "{name} is off on {}, the project that the call is billed to. IAM was not asked yet.{}",
            self.project.as_ref().map_or_else(
                || "a project".to_owned(),
                |p| format!("the project {}", visible(p))
            ),
            if about {
                ""
            } else {
                " It is not about acting as a service account."
            },
        );
        let remedy = "Enable it. It counts after a few minutes. Where the project is not yours, the credentials name the wrong quota project.";
        let command = format!(
            "gcloud services enable {} --project={}",
            known.map_or_else(|| "API".to_owned(), crate::text::shell),
            self.project
                .as_deref()
                .map_or_else(|| "PROJECT".to_owned(), crate::text::shell),
        );
        said(what, remedy).by(command)
    }

    fn token_type(&self) -> Meaning {
        let call = match self.permission.as_ref().map(Permission::as_str) {
            Some("iam.serviceAccounts.signJwt") => "The method signJwt",
            Some("iam.serviceAccounts.signBlob") => "The method signBlob",
            _ => "The method",
        };
        said(
            format!(
                "{call} does not take a token of this type: a federated token (from an identity pool) or another that is no access token of an account. The token is good, and nobody was refused. No grant mends that."
            ),
            "Get an access token of the service account first (generateAccessToken; for google-github-actions/auth name service_account), and call the method with that. For this the caller needs iam.serviceAccounts.getAccessToken on the account, and the account the method's permission on itself or on the account that signs.",
        )
    }

    fn other_denied(&self) -> Meaning {
        let permission = self.permission.as_ref();
        // The permission tells whose it is, where the text does not.
        let host = permission.map(Permission::fqdn);
        let host = host.as_deref().and_then(|f| f.split('/').next());
        let service = self
            .service
            .as_deref()
            .filter(|s| !is_token_service(s))
            .or(host);
        let on = self.target.as_ref().map_or_else(String::new, |t| {
            format!(" on the service account {}", visible(t))
        });
        let by = service.map_or_else(String::new, |s| format!(", by {}", visible(s)));
        let what = match permission {
            Some(permission) => {
                format!("Something else was refused{by}: the permission {permission}{on}.")
            }
            None if service.is_some() => {
                format!("Something else was refused{by}; the text does not say which permission.")
            }
            None => "Something was refused, and the text does not say which permission.".to_owned(),
        };
        let managing = permission.is_some_and(|p| p.as_str().starts_with("iam.serviceAccount"));
        let not = if managing {
            "It is about managing the account, not about acting as it."
        } else {
            "It is not about acting as a service account, as far as the text says."
        };
        let remedy = match permission {
            Some(_) => format!(
                "{not} A role with this permission is needed where the resource is; where the caller runs as a service account, that account needs it."
            ),
            None => format!(
                "{not} Paste the whole error, with the lines before and after it: they name the permission or the call."
            ),
        };
        said(what, remedy)
    }
}

fn is_token_service(name: &str) -> bool {
    name == "iamcredentials.googleapis.com" || name == "sts.googleapis.com"
}
