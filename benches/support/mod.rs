//! A generated organization: always the same for the same size.

use bindscope::estate::{Coverage, Estate, Folder, Group, Organization, Project, ServiceAccount};
use bindscope::iam::{AllowPolicy, Binding, Condition, DenyPolicy, Resource};
use std::sync::Arc;

/// How large.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Projects, spread over folders of 100.
    pub projects: usize,
    /// Accounts in each project.
    pub accounts: usize,
    /// Bindings in the policy of each account; projects have 20 beside them.
    pub bindings: usize,
}

const ROLES: [&str; 8] = [
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountAdmin",
    "roles/viewer",
    "roles/iam.serviceAccountTokenCreator",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/storage.objectViewer",
    "roles/iam.workloadIdentityUser",
];

/// The e-mail of an account.
pub fn email(project: usize, account: usize) -> String {
    format!("sa-{account}@proj-{project:05}.iam.gserviceaccount.com")
}

/// The organization with all its policies. The account 0 of project 0 may mint tokens of the account 1
/// of project 1 through a condition, of the account 2 of project 1 through the folder, and of nothing
/// else in project 2; it stands in many bindings of roles that do not hold the permission.
pub fn estate(size: Size) -> Estate {
    let mut e = Estate::new(Coverage::Whole);
    e.put_organization(Organization {
        name: "organizations/1".to_owned(),
        display_name: "example.com".to_owned(),
        directory_customer_id: Some("C0".to_owned()),
        ..Organization::default()
    });
    for folder in 0..size.projects.div_ceil(100) {
        e.put_folder(Folder {
            name: format!("folders/{}", 1_000 + folder),
            parent: "organizations/1".to_owned(),
            ..Folder::default()
        });
    }
    for p in 0..size.projects {
        let id = format!("proj-{p:05}");
        e.put_project(Project {
            name: format!("projects/{}", 100_000 + p),
            project_id: id.clone(),
            parent: format!("folders/{}", 1_000 + p / 100),
            state: "ACTIVE".to_owned(),
            ..Project::default()
        });
        for a in 0..size.accounts {
            let address = email(p, a);
            e.put_account(ServiceAccount {
                name: format!("projects/{id}/serviceAccounts/{address}"),
                email: address,
                project_id: id.clone(),
                unique_id: (1_000_000_000 + p * 1_000 + a).to_string(),
                ..ServiceAccount::default()
            });
        }
    }
    for group in 0..200_usize {
        let members = (0..20)
            .map(|i| format!("user:u{}@example.com", (group * 37 + i * 11) % 5_000))
            .collect();
        e.put_group(&Group {
            email: format!("team-{group}@example.com"),
            members,
        });
    }
    for p in 0..size.projects {
        let id = format!("proj-{p:05}");
        let own = (0..20).map(|b| some(size, p, 7_919, b)).collect();
        e.put_policy(Resource::project(&id), policy(own));
        for a in 0..size.accounts {
            let own = (0..size.bindings).map(|b| some(size, p, a, b)).collect();
            e.put_policy(Resource::account(&id, &email(p, a)), policy(own));
        }
    }
    special(&mut e, size);
    e
}

fn policy(bindings: Vec<Binding>) -> AllowPolicy {
    AllowPolicy {
        version: Some(3),
        bindings,
        ..AllowPolicy::default()
    }
}

/// A binding that looks like any other, by its place.
fn some(size: Size, project: usize, account: usize, binding: usize) -> Binding {
    let seed = project * 31 + account * 17 + binding * 7;
    let role = ROLES[seed % ROLES.len()];
    let other = (seed * 7_919) % size.projects;
    let member = match seed % 4 {
        0 => format!("group:team-{}@example.com", seed % 200),
        1 => format!("user:u{}@example.com", seed % 5_000),
        _ => format!("serviceAccount:{}", email(other, seed % size.accounts)),
    };
    Binding::new(role, &[&member])
}

fn special(e: &mut Estate, size: Size) {
    let caller = format!("serviceAccount:{}", email(0, 0));
    let creator = "roles/iam.serviceAccountTokenCreator";
    let account = |project: usize, account: usize| {
        Resource::account(&format!("proj-{project:05}"), &email(project, account))
    };
    let add = |e: &mut Estate, on: Resource, binding: Binding| {
        let mut policy = e
            .allow_policy(&on)
            .known()
            .flatten()
            .map(|p| AllowPolicy::clone(p))
            .unwrap_or_default();
        policy.bindings.push(binding);
        e.put_policy(on, policy);
    };
    let mut conditional = Binding::new(creator, &[&caller]);
    conditional.condition = Some(Arc::new(Condition {
        expression: "request.time < timestamp('2030-01-01T00:00:00Z') && resource.matchTag('1/env', 'prod') == false".to_owned(),
        ..Condition::default()
    }));
    add(e, account(1, 1), conditional);
    add(
        e,
        Resource::Folder("1000".into()),
        Binding::new(
            creator,
            &["group:team-1@example.com", "user:root@example.com"],
        ),
    );
    // The usual mistake: on the caller's own project.
    add(
        e,
        Resource::project("proj-00000"),
        Binding::new(creator, &[&caller]),
    );
    // And many bindings that name the caller.
    for p in (3..size.projects).step_by(10) {
        add(
            e,
            account(p, 0),
            Binding::new("roles/iam.serviceAccountUser", &[&caller]),
        );
    }
    let deny: DenyPolicy = serde_json::from_value(serde_json::json!({
        "name": "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1/denypolicies/d",
        "rules": [{"denyRule": {
            "deniedPrincipals": ["principalSet://goog/public:all"],
            "exceptionPrincipals": ["principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAccount", "principalSet://goog/cloudIdentityCustomerId/C0"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]
    }))
    .unwrap_or_default();
    e.put_deny_policy(deny);
}
