//! Which project our own calls are billed to (doc "Set the quota project"): `x-goog-user-project`.

use super::{Origin, gcloud};

/// The variable that Google's client libraries read.
const VARIABLE: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";

/// A project that calls are billed to, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaProject {
    /// Its id or number.
    pub project: String,
    /// The option, variable, file or setting that names it.
    pub from: String,
}

impl QuotaProject {
    /// What the option says; else the variable, the credentials file, gcloud's setting, in the order of
    /// Google's client libraries, which do not know the last.
    pub(in crate::google) fn of(given: Option<&str>, origin: &Origin) -> Option<Self> {
        let from = |project: &str, from: &str| {
            self::project(project).map(|project| Self {
                project,
                from: from.to_owned(),
            })
        };
        given
            .and_then(|p| from(p, "--billing-project"))
            .or_else(|| from(&std::env::var(VARIABLE).ok()?, VARIABLE))
            .or_else(|| from(origin.quota_project.as_deref()?, &origin.place))
            .or_else(|| from(&gcloud::quota_project()?, "gcloud's billing/quota_project"))
    }
}

/// A project as a header's value; `None`: it can be none.
pub(super) fn project(text: &str) -> Option<String> {
    let project = text.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || "-.:_".contains(c);
    (!project.is_empty() && project.chars().all(good)).then(|| project.to_owned())
}
