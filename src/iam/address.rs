//! How addresses are spelled, and what kind of account an address is of (doc "Types of service accounts").

/// Whether the text looks like `local@domain` and holds nothing that could not stand in one.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let plain = |c: char| match c {
        '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '\\' | '"' | '/' => false,
        '!'..='~' => true,
        _ => !c.is_whitespace() && !c.is_control(),
    };
    text.len() <= 320
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

pub(super) const DOMAIN: &str = ".iam.gserviceaccount.com";

pub(super) fn number(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// Domains whose accounts are people's own and in no Workspace (docs/semantics.md, "Principal access
/// boundaries").
#[must_use]
pub fn is_consumer(domain: &str) -> bool {
    ["gmail.com", "googlemail.com"].contains(&domain)
}

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

/// The address as people call it, where no other could be called so: `run@app-prod`,
/// `app-prod@appspot`, `51-compute@developer`.
#[must_use]
pub fn short(email: &str) -> &str {
    if default_account(email).is_some() {
        return email.strip_suffix(".gserviceaccount.com").unwrap_or(email);
    }
    email
        .strip_suffix(".iam.gserviceaccount.com")
        .unwrap_or(email)
}

/// How a sentence calls an account, by its address or by what [`short`] makes of it: what stands before the `@`. A
/// default account is called after its project, so that it keeps the rest: `app-prod@appspot`.
#[must_use]
pub fn name(email: &str) -> &str {
    match email.split_once('@') {
        Some((_, "appspot" | "developer")) => email,
        _ if default_account(email).is_some() => short(email),
        Some((local, _)) => local,
        None => email,
    }
}

/// The whole address of an account that is written as people call it ([`short`]), lower case: `run@app-prod`,
/// `app-prod@appspot`, `51-compute@developer`. `None` for everything else. Nobody's mailbox is meant: its
/// domain has a dot.
#[must_use]
pub fn in_full(short: &str) -> Option<String> {
    let short = short.to_lowercase();
    let (local, project) = short.split_once('@')?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if [local, project]
        .iter()
        .any(|part| part.is_empty() || !part.bytes().all(fits))
    {
        return None;
    }
    let default = format!("{short}.{OWN}");
    let compute = project == "developer"
        && local
            .strip_suffix("-compute")
            .is_some_and(|n| number(n).is_some());
    if project == "appspot" || compute {
        return Some(default);
    }
    Some(format!("{short}{DOMAIN}"))
}

#[cfg(test)]
mod tests {
    use super::super::owner::project_of;
    use super::*;

    #[test]
    fn what_people_call_an_account_is_read_again() {
        for email in [
            "run@app-prod.iam.gserviceaccount.com",
            "app-prod@appspot.gserviceaccount.com",
            "51-compute@developer.gserviceaccount.com",
            "service-51@gcp-sa-pubsub.iam.gserviceaccount.com",
            "51@cloudbuild.gserviceaccount.com",
        ] {
            let called = short(email);
            assert!(
                called == email || in_full(called).as_deref() == Some(email),
                "{called}"
            );
        }
        assert_eq!(
            in_full("Run@App-Prod").as_deref(),
            Some("run@app-prod.iam.gserviceaccount.com")
        );
        for other in [
            "ana@example.com",
            "run",
            "@p",
            "run@",
            "a@b@c",
            "1026",
            "a/b@p",
        ] {
            assert_eq!(in_full(other), None, "{other}");
        }
    }

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
        assert_eq!(short("a@p.iam.gserviceaccount.com"), "a@p");
        assert_eq!(short("p@appspot.gserviceaccount.com"), "p@appspot");
        let agent = "51@cloudbuild.gserviceaccount.com";
        assert_eq!(short(agent), agent);
    }
}
