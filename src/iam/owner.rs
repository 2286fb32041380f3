//! Where the address of a service account says that it belongs, and the name of an agent identity (docs "Types of
//! service accounts", "Service agents", "Principal identifiers").

use super::address::{DOMAIN, default_account, number};
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
pub fn of(email: &str) -> Option<Owner> {
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

/// The project (id or number) that an account of people's or a default account was made for; service
/// agents are in no project of ours.
#[must_use]
pub fn project_of(email: &str) -> Option<&str> {
    if let Some((_, project)) = default_account(email) {
        return Some(project);
    }
    let (_, domain) = email.split_once('@')?;
    let project = domain.strip_suffix(".iam.gserviceaccount.com")?;
    let agent = of(email).is_some_and(|owner| owner.agent) || project.starts_with("gcp-sa-");
    let ours = !project.is_empty() && !project.contains('.') && !agent;
    ours.then_some(project)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(of(email), Some(expected), "{email}");
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
            assert_eq!(of(email), None, "{email}");
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
}
