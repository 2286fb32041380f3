//! What a service account's address tells: whether it is one at all, and the project it was made for
//! (doc "Types of service accounts").

/// What service accounts' domains end in.
const OWN: &str = "gserviceaccount.com";

/// A service account that a service makes for itself in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultAccount {
    /// `PROJECT_ID@appspot.gserviceaccount.com`
    AppEngine,
    /// `PROJECT_NUMBER-compute@developer.gserviceaccount.com`
    Compute,
}

impl DefaultAccount {
    /// The service, as people call it.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::AppEngine => "App Engine",
            Self::Compute => "Compute Engine",
        }
    }

    /// Its API.
    #[must_use]
    pub fn api(self) -> &'static str {
        match self {
            Self::AppEngine => "appengine.googleapis.com",
            Self::Compute => "compute.googleapis.com",
        }
    }

    /// The address in the project of that id and number.
    #[must_use]
    pub fn address(self, id: &str, number: &str) -> String {
        match self {
            Self::AppEngine => format!("{id}@appspot.{OWN}"),
            Self::Compute => format!("{number}-compute@developer.{OWN}"),
        }
    }
}

/// Whether a service account can have this address; every other one is somebody's mailbox, a
/// group, or nobody's.
#[must_use]
pub fn is_service_account(email: &str) -> bool {
    email
        .split_once('@')
        .is_some_and(|(_, domain)| domain == OWN || domain.ends_with(".gserviceaccount.com"))
}

/// Which default account the address is, with the project as it is written there: by id for App
/// Engine, by number for Compute Engine, whatever really stands there.
#[must_use]
pub fn default_account(email: &str) -> Option<(DefaultAccount, &str)> {
    let (local, domain) = email.split_once('@')?;
    let found = match domain.strip_suffix(OWN)? {
        "appspot." => (DefaultAccount::AppEngine, local),
        "developer." => (DefaultAccount::Compute, local.strip_suffix("-compute")?),
        _ => return None,
    };
    (!found.1.is_empty()).then_some(found)
}

/// The project (id or number) that an account of people's or a default account was made for; service
/// agents are in no project of ours.
#[must_use]
pub fn project_of(email: &str) -> Option<&str> {
    if let Some((_, project)) = default_account(email) {
        return Some(project);
    }
    let (_, domain) = email.split_once('@')?;
    let project = domain.strip_suffix(".iam.gserviceaccount.com")?;
    let ours = !project.is_empty() && !project.contains('.') && !project.starts_with("gcp-sa-");
    ours.then_some(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_it_is() {
        use DefaultAccount::{AppEngine, Compute};
        for (email, own, default, project) in [
            ("a@p.iam.gserviceaccount.com", true, None, Some("p")),
            (
                "p-1@appspot.gserviceaccount.com",
                true,
                Some(AppEngine),
                Some("p-1"),
            ),
            (
                "51-compute@developer.gserviceaccount.com",
                true,
                Some(Compute),
                Some("51"),
            ),
            ("51@developer.gserviceaccount.com", true, None, None),
            (
                "service-5@gcp-sa-pubsub.iam.gserviceaccount.com",
                true,
                None,
                None,
            ),
            ("51@cloudbuild.gserviceaccount.com", true, None, None),
            ("ana@example.com", false, None, None),
            ("ana@fakegserviceaccount.com", false, None, None),
            ("101", false, None, None),
        ] {
            assert_eq!(is_service_account(email), own, "{email}");
            assert_eq!(default_account(email).map(|d| d.0), default, "{email}");
            assert_eq!(project_of(email), project, "{email}");
        }
    }
}
