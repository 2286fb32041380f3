//! What the address of a service account says: whether it is one at all, and where it belongs (docs "Types of service accounts",
//! "Service agents").

use super::resource::Resource;

/// Where an address says that its account belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The project (by id or number), folder or organization. Whether it exists is not said.
    pub resource: Resource,
    /// Whether it is an account that Google manages and that no project lists: a service agent, the
    /// accounts of Cloud Build and of Google APIs.
    pub agent: bool,
}

const DOMAIN: &str = ".iam.gserviceaccount.com";

/// Domains of service agents that do not begin with `gcp-sa-` or `gcp-ri-` (doc "Service agents").
const OF_AGENTS: [&str; 30] = [
    "bigquery-encryption",
    "cloud-filer",
    "cloud-memcache-sa",
    "cloud-ml",
    "cloud-redis",
    "cloud-tpu",
    "cloudcomposer-accounts",
    "compute-system",
    "container-analysis",
    "container-engine-robot",
    "containerregistry",
    "dataflow-service-producer-prod",
    "dataproc-accounts",
    "dlp-api",
    "endpoints-portal",
    "firebase-rules",
    "gae-api-prod",
    "gcf-admin-robot",
    "gcp-gae-service",
    "gs-project-accounts",
    "remotebuildexecution",
    "security-center-api",
    "serverless-robot-prod",
    "service-consumer-management",
    "service-networking",
    "sourcerepo-service-accounts",
    "storage-transfer-service",
    "system",
    "genomics-api",
    "websecurityscanner",
];

/// What the address of a service account says of where it belongs; `None` where it does not say.
#[must_use]
pub fn owner(email: &str) -> Option<Owner> {
    let (local, domain) = email.split_once('@')?;
    let of = |resource, agent| Some(Owner { resource, agent });
    match domain {
        "cloudbuild.gserviceaccount.com" | "cloudservices.gserviceaccount.com" => {
            return of(Resource::project(number(local)?), true);
        }
        "developer.gserviceaccount.com" => {
            return of(
                Resource::project(number(local.strip_suffix("-compute")?)?),
                false,
            );
        }
        "appspot.gserviceaccount.com" => return of(Resource::project(plain(local)?), false),
        _ => {}
    }
    let project = domain.strip_suffix(DOMAIN)?;
    if project.starts_with("gcp-sa-")
        || project.starts_with("gcp-ri-")
        || OF_AGENTS.contains(&project)
    {
        return of(of_agent(local)?, true);
    }
    match project.split_once('.') {
        // A project of the days of domain-scoped ones, `example.com:app`, has `app.example.com` there.
        Some((id, scope)) => of(Resource::project(&format!("{scope}:{}", plain(id)?)), false),
        None => of(Resource::project(plain(project)?), false),
    }
}

/// `service-NUMBER`, `service-org-NUMBER`, `service-folder-NUMBER`, and the older forms of single
/// services: `project-NUMBER`, `bq-NUMBER`, `pNUMBER-ID`, `oNUMBER-ID`, `fNUMBER-ID` and their like.
fn of_agent(local: &str) -> Option<Resource> {
    let digits = local.find(|c: char| c.is_ascii_digit())?;
    let (prefix, rest) = local.split_at_checked(digits)?;
    let number = number(rest.split('-').next()?)?;
    match prefix.strip_prefix("service-").unwrap_or(prefix) {
        "org-" | "o" | "organizations-" => Resource::parse(&format!("organizations/{number}")).ok(),
        "folder-" | "f" => Resource::parse(&format!("folders/{number}")).ok(),
        _ => Some(Resource::project(number)),
    }
}

fn number(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// What can stand in a path.
fn plain(text: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_:.".contains(&b);
    (!text.is_empty() && text.bytes().all(fits)).then_some(text)
}

/// The organization and the project in the name of an agent identity,
/// `principal://agents.global.org-NUMBER.system.id.goog/resources/SERVICE/projects/NUMBER/…` (doc
/// "Principal identifiers").
#[must_use]
pub fn of_agent_identity(principal: &str) -> Option<(Resource, Option<Resource>)> {
    let rest = principal.strip_prefix("principal://agents.global.org-")?;
    let (trust_domain, path) = rest.split_once('/')?;
    let organization = number(trust_domain.strip_suffix(".system.id.goog")?)?;
    let organization = Resource::parse(&format!("organizations/{organization}")).ok()?;
    let mut parts = path.split('/').skip_while(|part| *part != "projects");
    let project = parts.nth(1).and_then(number).map(Resource::project);
    Some((organization, project))
}

/// What the conditions of boundaries know an agent identity by: `resources/SERVICE/…` (doc "Attribute
/// reference for IAM Conditions", `principal.subject`).
#[must_use]
pub fn subject_of_agent_identity(principal: &str) -> Option<&str> {
    of_agent_identity(principal)?;
    let (_, subject) = principal.strip_prefix("principal://")?.split_once('/')?;
    Some(subject)
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

/// The project (id or number) that an account of people's or a default account was made for; service
/// agents are in no project of ours.
#[must_use]
pub fn project_of(email: &str) -> Option<&str> {
    if let Some((_, project)) = default_account(email) {
        return Some(project);
    }
    let (_, domain) = email.split_once('@')?;
    let project = domain.strip_suffix(".iam.gserviceaccount.com")?;
    let agent = owner(email).is_some_and(|owner| owner.agent) || project.starts_with("gcp-sa-");
    let ours = !project.is_empty() && !project.contains('.') && !agent;
    ours.then_some(project)
}

#[cfg(test)]
mod tests {
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
    fn an_address_says_where_its_account_belongs() {
        for (email, resource, agent) in [
            ("a@app-1.iam.gserviceaccount.com", "projects/app-1", false),
            (
                "a@app.example.com.iam.gserviceaccount.com",
                "projects/example.com:app",
                false,
            ),
            (
                "70001-compute@developer.gserviceaccount.com",
                "projects/70001",
                false,
            ),
            ("app-1@appspot.gserviceaccount.com", "projects/app-1", false),
            (
                "70001@cloudbuild.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "70001@cloudservices.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "service-70001@gcp-sa-pubsub.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "service-70001@compute-system.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "project-70001@storage-transfer-service.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "bq-70001@bigquery-encryption.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "p70001-12@gcp-sa-logging.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "bqcx-70001-ab1c@gcp-sa-bigquery-condel.iam.gserviceaccount.com",
                "projects/70001",
                true,
            ),
            (
                "service-folder-80@gcp-sa-logging.iam.gserviceaccount.com",
                "folders/80",
                true,
            ),
            (
                "f80-12@gcp-sa-logging.iam.gserviceaccount.com",
                "folders/80",
                true,
            ),
            (
                "service-org-90@security-center-api.iam.gserviceaccount.com",
                "organizations/90",
                true,
            ),
            (
                "o90-12@gcp-sa-logging.iam.gserviceaccount.com",
                "organizations/90",
                true,
            ),
            (
                "organizations-90@gcp-sa-riskmanager.iam.gserviceaccount.com",
                "organizations/90",
                true,
            ),
            // Its project may be called anything: only Google's own are known.
            (
                "service-5@app-1.iam.gserviceaccount.com",
                "projects/app-1",
                false,
            ),
        ] {
            let expected = Owner {
                resource: Resource::parse(resource).unwrap(),
                agent,
            };
            assert_eq!(owner(email), Some(expected), "{email}");
        }
        for email in [
            "cloud-logs@system.gserviceaccount.com",
            "some@gcp-sa-pubsub.iam.gserviceaccount.com",
            "x@cloudbuild.gserviceaccount.com",
            "70001@developer.gserviceaccount.com",
            "ana@example.com",
            "@.iam.gserviceaccount.com",
            "nothing",
        ] {
            assert_eq!(owner(email), None, "{email}");
        }
    }

    #[test]
    fn an_agent_identity_names_its_organization() {
        let name = "principal://agents.global.org-90.system.id.goog/resources/aiplatform/projects/70001/locations/l/reasoningEngines/r";
        let (organization, project) = of_agent_identity(name).unwrap();
        assert_eq!(organization.relative(), "organizations/90");
        assert_eq!(project, Some(Resource::project("70001")));
        assert!(
            subject_of_agent_identity(name)
                .unwrap()
                .starts_with("resources/aiplatform/")
        );
        assert_eq!(
            of_agent_identity("principal://agents.global.org-x.system.id.goog/r"),
            None
        );
        assert_eq!(of_agent_identity("principal://elsewhere.example/r"), None);
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
