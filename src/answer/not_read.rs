//! What was not read, and what to ask an administrator for so that it is.

use serde_json::Value;

use crate::estate::{Assumption, Estate, NOT_GIVEN};
use crate::evaluate::{Cause, CauseKind, Explanation};
use crate::iam::owner::project_of;
use crate::iam::{Pool, Principal, Resource, deny, org_policy};
use crate::repair::edit::Grant;
use crate::repair::equivalents::Equivalents;
use crate::text::shell;
use crate::wire::{API_OFF, NOT_PERMITTED};

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// By the names of an estate file's `unreadable`; for levels that are not known, the full resource name
    /// of the last one that is.
    pub name: String,
    /// For people: `the deny policies of the organization example.com`.
    pub what: String,
    /// Why, without a full stop; empty where something else that was not read is why.
    pub why: String,
    /// What to ask for; `None` where nobody has to be asked: it was not answered, and may be next time.
    pub request: Option<ReadRequest>,
}

/// What to ask an administrator for; or what to give beside the files that facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The permission that is lacked; `None` where it is none of IAM's.
    pub permission: Option<&'static str>,
    /// The role that brings it.
    pub role: Option<&'static str>,
    /// The full name of the resource that it is granted on.
    pub on: Option<String>,
    /// What the command prints for the files that lack it, for people; `None`: it is to ask an administrator for.
    pub prints: Option<String>,
    /// The command that does it, for a POSIX shell. `MEMBER` stands for whoever looks, where that is not
    /// known.
    pub command: String,
}

/// A permission to read, with a predefined role that has it and grants no change: the one that the page
/// named tells for viewing, else the smallest fitting one of the table of roles.
#[derive(Clone, Copy)]
struct Sight {
    permission: &'static str,
    role: &'static str,
}

const PROJECT_POLICY: Sight = Sight {
    permission: "resourcemanager.projects.getIamPolicy",
    role: "roles/browser",
};
const FOLDER_POLICY: Sight = Sight {
    permission: "resourcemanager.folders.getIamPolicy",
    role: "roles/iam.securityReviewer",
};
const ORGANIZATION_POLICY: Sight = Sight {
    permission: "resourcemanager.organizations.getIamPolicy",
    role: "roles/iam.securityReviewer",
};
const ACCOUNT_POLICY: Sight = Sight {
    permission: "iam.serviceAccounts.getIamPolicy",
    role: "roles/iam.serviceAccountViewer",
};
const ACCOUNTS: Sight = Sight {
    permission: "iam.serviceAccounts.list",
    role: "roles/iam.serviceAccountViewer",
};
/// Doc "Deny access to resources", Required roles: on the organization.
const DENY_POLICIES: Sight = Sight {
    permission: "iam.denypolicies.list",
    role: "roles/iam.denyReviewer",
};
/// Doc "View principal access boundary policies" names roles that change policies too; this one only reads.
const BINDINGS: Sight = Sight {
    permission: "iam.policybindings.list",
    role: "roles/iam.securityReviewer",
};
/// Doc "View principal access boundary policies", Required roles: on the organization.
const BOUNDARY: Sight = Sight {
    permission: "iam.principalaccessboundarypolicies.get",
    role: "roles/iam.principalAccessBoundaryViewer",
};
const ROLE: Sight = Sight {
    permission: "iam.roles.get",
    role: "roles/iam.roleViewer",
};
const ORG_POLICIES: Sight = Sight {
    permission: "orgpolicy.policy.get",
    role: "roles/orgpolicy.policyViewer",
};
const WORKLOAD_POOL: Sight = Sight {
    permission: "iam.googleapis.com/workloadIdentityPools.get",
    role: "roles/iam.workloadIdentityPoolViewer",
};
const WORKLOAD_PROVIDERS: Sight = Sight {
    permission: "iam.googleapis.com/workloadIdentityPoolProviders.list",
    role: "roles/iam.workloadIdentityPoolViewer",
};
const WORKFORCE_POOL: Sight = Sight {
    permission: "iam.googleapis.com/workforcePools.get",
    role: "roles/iam.workforcePoolViewer",
};
const WORKFORCE_PROVIDERS: Sight = Sight {
    permission: "iam.googleapis.com/workforcePoolProviders.list",
    role: "roles/iam.workforcePoolViewer",
};
const PROJECT: Sight = Sight {
    permission: "resourcemanager.projects.get",
    role: "roles/browser",
};
const FOLDER: Sight = Sight {
    permission: "resourcemanager.folders.get",
    role: "roles/browser",
};

const ORGANIZATION: Sight = Sight {
    permission: "resourcemanager.organizations.get",
    role: "roles/resourcemanager.organizationViewer",
};

const SERVICES: Sight = Sight {
    permission: "serviceusage.services.get",
    role: "roles/serviceusage.serviceUsageViewer",
};

/// A thing by its name: for people, what it takes to read it, and where that is granted.
struct Thing {
    what: String,
    sight: Option<(Sight, Resource)>,
}

/// Everything that an answer asked for and could not read, by name. `viewer`: who looks.
#[must_use]
pub fn not_read(
    estate: &Estate,
    explanation: &Explanation,
    viewer: Option<&Principal>,
) -> Vec<NotRead> {
    let mut all: Vec<NotRead> = estate
        .unreadable()
        .map(|(name, why)| {
            let thing = thing(estate, name);
            let what = thing
                .as_ref()
                .map_or_else(|| name.to_owned(), |t| t.what.clone());
            let sight = thing.and_then(|t| t.sight);
            let request = match sight {
                Some((sight, on)) if why.starts_with(NOT_GIVEN) => {
                    printed(estate, sight, &on, &what)
                }
                sight => request(sight, name, why, viewer),
            };
            NotRead {
                name: name.to_owned(),
                what,
                why: why.trim_end_matches('.').to_owned(),
                request,
            }
        })
        .collect();
    let hops = std::slice::from_ref(explanation)
        .iter()
        .chain(&explanation.hops);
    for hop in hops {
        let above = hop.allow.last().filter(|_| !hop.ancestry_complete);
        // Where the caller belongs is told by its boundaries.
        let unplaced = hop.boundaries.unplaced.as_ref();
        let unplaced = unplaced.and_then(|(what, _)| Resource::parse(what).ok());
        for level in above
            .map(|level| level.resource.clone())
            .into_iter()
            .chain(unplaced)
        {
            let Some(level) = levels_above(estate, &level, viewer) else {
                continue;
            };
            if !all.contains(&level) {
                all.push(level);
            }
        }
    }
    if explanation
        .assumptions
        .contains(&Assumption::IamCredentialsApiIsEnabled)
        && let Some((project, _)) = &explanation.api
    {
        let on = Resource::project(project);
        let what = format!(
            "whether the IAM Credentials API is on in {}",
            said(estate, &on)
        );
        all.push(NotRead {
            name: format!("{}/services/iamcredentials.googleapis.com", on.relative()),
            request: granted_or_printed(estate, SERVICES, &on, &what, viewer),
            what,
            why: String::new(),
        });
    }
    all
}

/// What is above a level that is known.
fn levels_above(estate: &Estate, level: &Resource, viewer: Option<&Principal>) -> Option<NotRead> {
    let (sight, on) = match level {
        Resource::ServiceAccount { account, .. } => {
            (PROJECT, Resource::project(project_of(account)?))
        }
        Resource::Project(_) => (PROJECT, level.clone()),
        Resource::Folder(_) => (FOLDER, level.clone()),
        Resource::Organization(_) => (ORGANIZATION, level.clone()),
    };
    let what = format!("what lies above {}", said(estate, level));
    Some(NotRead {
        name: level.full_name(),
        request: granted_or_printed(estate, sight, &on, &what, viewer),
        what,
        why: String::new(),
    })
}

/// By where facts come from.
fn granted_or_printed(
    estate: &Estate,
    sight: Sight,
    on: &Resource,
    what: &str,
    viewer: Option<&Principal>,
) -> Option<ReadRequest> {
    if estate.is_given() {
        return printed(estate, sight, on, what);
    }
    granted(sight, on, viewer)
}

/// The command that prints what the files lack, in a form that is read beside them (gcloud 528, `asset list`; doc
/// "Asset types").
fn printed(estate: &Estate, sight: Sight, on: &Resource, what: &str) -> Option<ReadRequest> {
    const LEVELS: &str = "cloudresourcemanager.googleapis.com/Organization,cloudresourcemanager.googleapis.com/Folder,cloudresourcemanager.googleapis.com/Project";
    let lists = |id: &str| estate.accounts().any(|a| estate.project_id_of(a) == id);
    let unlisted = sight.permission == ACCOUNT_POLICY.permission
        && (estate.assumes(Assumption::NoAccountListInExport)
            || (estate.is_part() && !lists(on.id())));
    let tells = if unlisted {
        "which accounts there are"
    } else {
        what
    };
    let (content, types) = match sight.permission {
        permission if permission == PROJECT_POLICY.permission => {
            ("iam-policy", "cloudresourcemanager.googleapis.com/Project")
        }
        permission if permission == FOLDER_POLICY.permission => {
            ("iam-policy", "cloudresourcemanager.googleapis.com/Folder")
        }
        permission if permission == ORGANIZATION_POLICY.permission => (
            "iam-policy",
            "cloudresourcemanager.googleapis.com/Organization",
        ),
        // Policies name accounts by their unique id: which there are is what is lacking first.
        _ if unlisted => ("resource", "iam.googleapis.com/ServiceAccount"),
        permission if permission == ACCOUNT_POLICY.permission => {
            ("iam-policy", "iam.googleapis.com/ServiceAccount")
        }
        permission if permission == ACCOUNTS.permission => {
            ("resource", "iam.googleapis.com/ServiceAccount")
        }
        permission if permission == DENY_POLICIES.permission => {
            ("resource", "iam.googleapis.com/PolicyV2")
        }
        permission if [BINDINGS.permission, BOUNDARY.permission].contains(&permission) => (
            "resource",
            "iam.googleapis.com/PolicyBinding,iam.googleapis.com/PrincipalAccessBoundaryPolicy",
        ),
        permission if permission == ROLE.permission => ("resource", "iam.googleapis.com/Role"),
        permission if permission == ORG_POLICIES.permission => {
            ("resource", "orgpolicy.googleapis.com/Policy")
        }
        permission if permission == SERVICES.permission => {
            ("resource", "serviceusage.googleapis.com/Service")
        }
        permission
            if [WORKLOAD_POOL.permission, WORKLOAD_PROVIDERS.permission].contains(&permission) =>
        {
            (
                "resource",
                "iam.googleapis.com/WorkloadIdentityPool,iam.googleapis.com/WorkloadIdentityPoolProvider",
            )
        }
        permission
            if [WORKFORCE_POOL.permission, WORKFORCE_PROVIDERS.permission]
                .contains(&permission) =>
        {
            (
                "resource",
                "iam.googleapis.com/WorkforcePool,iam.googleapis.com/WorkforcePoolProvider",
            )
        }
        _ => ("resource", LEVELS),
    };
    let scope = match on {
        Resource::Organization(number) => format!("--organization={number}"),
        Resource::Folder(number) => format!("--folder={number}"),
        Resource::Project(id) => format!("--project={id}"),
        Resource::ServiceAccount { .. } => return None,
    };
    Some(ReadRequest {
        permission: None,
        role: None,
        on: Some(on.full_name()),
        prints: Some(tells.to_owned()),
        command: format!(
            "gcloud asset list {} --content-type={content} --asset-types={types} --format=json",
            shell(&scope)
        ),
    })
}

/// Whether two names are of one thing: an account that could not be seen is asked for without its project.
fn is_same(one: &str, other: &str) -> bool {
    let account = |name: &str| match Resource::parse(name) {
        Ok(Resource::ServiceAccount { account, .. }) => Some(account),
        _ => None,
    };
    one == other || account(one).is_some_and(|one| account(other) == Some(one))
}

/// Gives causes that hang on something that was not read the command that lets it be read.
pub(super) fn advise(causes: &mut [Cause], not_read: &[NotRead]) {
    for cause in causes {
        let unread = matches!(
            cause.kind,
            CauseKind::PolicyNotReadable | CauseKind::GroupNotReadable | CauseKind::RoleNotReadable
        );
        if !unread || cause.command.is_some() {
            continue;
        }
        let above = cause.message.starts_with("What lies above");
        let found = not_read.iter().find(|thing| match cause.kind {
            CauseKind::PolicyNotReadable => {
                is_same(&thing.name, &cause.place) && thing.why.is_empty() == above
            }
            CauseKind::GroupNotReadable => thing
                .name
                .strip_prefix("groups/")
                .is_some_and(|group| cause.message.contains(&format!("group:{group}"))),
            _ => cause.remedy.contains(&format!("{} ", thing.name)),
        });
        let Some(request) = found.and_then(|thing| thing.request.as_ref()) else {
            continue;
        };
        if let Some(tells) = &request.prints {
            cause.remedy = format!(
                "Give with another --estate a file that tells {}, as this command prints it{}",
                tells,
                match cause.remedy.split_once(", or grant ") {
                    Some((_, grant)) => format!("; or grant {grant}"),
                    None => ".".to_owned(),
                }
            );
            cause.command = Some(request.command.clone());
            continue;
        }
        let words = match request.role {
            Some(_) => " An administrator can let you.",
            None => " Somebody who sees it can tell.",
        };
        cause.remedy.push_str(words);
        cause.command = Some(request.command.clone());
    }
}

fn request(
    sight: Option<(Sight, Resource)>,
    name: &str,
    why: &str,
    viewer: Option<&Principal>,
) -> Option<ReadRequest> {
    if why.starts_with(API_OFF) {
        return switched_on(why);
    }
    if !why.starts_with(NOT_PERMITTED) {
        return None;
    }
    if let Some(group) = name.strip_prefix("groups/") {
        // Who is in a group is the Workspace's to tell, not IAM's (gcloud 528,
        // `surface/identity/groups/memberships/list`).
        return Some(ReadRequest {
            permission: None,
            role: None,
            on: None,
            prints: None,
            command: format!(
                "gcloud identity groups memberships list {}",
                shell(&format!("--group-email={group}"))
            ),
        });
    }
    let (sight, on) = sight?;
    granted(sight, &on, viewer)
}

/// The grant that brings sight; `None` where the resource's name is none that a command would take.
fn granted(sight: Sight, on: &Resource, viewer: Option<&Principal>) -> Option<ReadRequest> {
    let grant = Grant {
        role: sight.role.to_owned(),
        member: viewer.map_or_else(|| "MEMBER".to_owned(), Principal::member),
        condition: None,
    };
    let command = Equivalents::new(on, &grant, &Value::Null, &Value::Null).ok()?;
    Some(ReadRequest {
        permission: Some(sight.permission),
        role: Some(sight.role),
        on: Some(on.full_name()),
        prints: None,
        command: command.gcloud_unread(),
    })
}

/// An API that is off is told with the page on which it is turned on, `…/apis/api/SERVICE/overview?project=P`,
/// as pasted errors show it (`google::pasted`).
fn switched_on(why: &str) -> Option<ReadRequest> {
    let (service, rest) = why
        .split_once("/apis/api/")?
        .1
        .split_once("/overview?project=")?;
    let project = rest
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .next()?;
    let plain = service
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    (plain && !project.is_empty()).then(|| ReadRequest {
        permission: Some("serviceusage.services.enable"),
        role: None,
        on: Some(Resource::project(project).full_name()),
        prints: None,
        command: format!(
            "gcloud services enable {} {}",
            shell(service),
            shell(&format!("--project={project}"))
        ),
    })
}

/// Reads the name of something that could not be read.
fn thing(estate: &Estate, name: &str) -> Option<Thing> {
    let at = |what: &str, sight: Sight, on: Resource| {
        Some(Thing {
            what: what.to_owned(),
            sight: Some((sight, on)),
        })
    };
    if name.starts_with("//") {
        let on = Resource::parse(name).ok()?;
        let what = format!("the policy of {}", said(estate, &on));
        return match &on {
            Resource::Project(_) => at(&what, PROJECT_POLICY, on),
            Resource::Folder(_) => at(&what, FOLDER_POLICY, on),
            Resource::Organization(_) => at(&what, ORGANIZATION_POLICY, on),
            Resource::ServiceAccount { project, .. } => {
                at(&what, ACCOUNT_POLICY, Resource::project(project))
            }
        };
    }
    if let Some(email) = name.strip_prefix("groups/") {
        return Some(Thing {
            what: format!("the members of the group {email}"),
            sight: None,
        });
    }
    if name.ends_with("/denypolicies") {
        let on = deny::attachment_point(name)?;
        let what = format!("the deny policies of {}", said(estate, &on));
        return at(&what, DENY_POLICIES, top(estate, on));
    }
    if let Some(parent) = name.strip_suffix("/locations/global/policyBindings") {
        let on = Resource::parse(parent).ok()?;
        let what = format!("the boundaries bound at {}", said(estate, &on));
        return at(&what, BINDINGS, on);
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    if let Some((parent, _)) = name.split_once("/locations/global/principalAccessBoundaryPolicies/")
    {
        return at(
            &format!("the boundary {last}"),
            BOUNDARY,
            Resource::parse(parent).ok()?,
        );
    }
    if let Some((parent, _)) = name.split_once("/roles/") {
        return at(
            &format!("the role {name}"),
            ROLE,
            Resource::parse(parent).ok()?,
        );
    }
    if let Some(project) = name.strip_suffix("/serviceAccounts") {
        let on = Resource::parse(project).ok()?;
        return at(
            &format!("the accounts of {}", said(estate, &on)),
            ACCOUNTS,
            on,
        );
    }
    if let Some(on) = org_policy::collection_of(name) {
        let what = format!("the organization policies of {}", said(estate, &on));
        return at(&what, ORG_POLICIES, on);
    }
    pool(estate, name)
}

/// An identity pool, or its providers.
fn pool(estate: &Estate, name: &str) -> Option<Thing> {
    let path = format!("{name}/");
    let (pool, rest) = Pool::split(&path)?;
    let providers = rest.starts_with("providers");
    let (sight, on) = match &pool {
        Pool::Workload { project, .. } => (
            if providers {
                WORKLOAD_PROVIDERS
            } else {
                WORKLOAD_POOL
            },
            Some(Resource::project(project)),
        ),
        Pool::Workforce { pool } => (
            if providers {
                WORKFORCE_PROVIDERS
            } else {
                WORKFORCE_POOL
            },
            estate.workforce_organization(pool),
        ),
    };
    let what = if providers {
        format!("the providers of the identity pool {}", pool.id())
    } else {
        format!("the identity pool {}", pool.id())
    };
    Some(Thing {
        what,
        sight: on.map(|on| (sight, on)),
    })
}

/// The organization above a level, where it is known; else the level itself.
fn top(estate: &Estate, level: Resource) -> Resource {
    let last = estate.ancestry(&level).levels.pop();
    last.filter(|top| matches!(top, Resource::Organization(_)))
        .unwrap_or(level)
}

fn said(estate: &Estate, resource: &Resource) -> String {
    let label = estate.label(resource);
    // Without a name it is `folders/2001`.
    let short = match resource {
        Resource::ServiceAccount { .. } => &*label,
        _ => label.rsplit('/').next().unwrap_or(&label),
    };
    format!("the {} {short}", resource.kind().word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::predefined;

    #[test]
    fn each_role_has_its_permission() {
        for sight in [
            PROJECT_POLICY,
            FOLDER_POLICY,
            ORGANIZATION_POLICY,
            ACCOUNT_POLICY,
            ACCOUNTS,
            DENY_POLICIES,
            Sight {
                permission: "iam.denypolicies.get",
                ..DENY_POLICIES
            },
            BINDINGS,
            BOUNDARY,
            ROLE,
            ORG_POLICIES,
            WORKLOAD_POOL,
            WORKLOAD_PROVIDERS,
            WORKFORCE_POOL,
            WORKFORCE_PROVIDERS,
            PROJECT,
            FOLDER,
            ORGANIZATION,
            SERVICES,
        ] {
            let role = predefined::role(sight.role).unwrap();
            assert!(
                role.includes(sight.permission),
                "{}: {}",
                sight.role,
                sight.permission
            );
        }
    }

    #[test]
    fn an_api_that_is_off_is_turned_on_where_the_answer_says() {
        let why = "the API is not enabled: Cloud Identity API has not been used in project 630184729503 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/cloudidentity.googleapis.com/overview?project=630184729503 then retry.";
        let asked = request(None, "groups/g@example.com", why, None).unwrap();
        assert_eq!(
            asked.command,
            "gcloud services enable cloudidentity.googleapis.com --project=630184729503"
        );
        let odd = why.replace("cloudidentity", "x y");
        assert_eq!(request(None, "groups/g@example.com", &odd, None), None);
    }
}
