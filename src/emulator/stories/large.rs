//! The generated estate `large`: the story of `cross-project` among many accounts, to be searched.

use serde_json::{Map, Value, json};

use crate::iam::resource::Resource;

/// Fewest accounts and projects: the story itself needs two of each.
const LEAST: usize = 2;
/// Projects of one leaf folder.
const PROJECTS_PER_FOLDER: usize = 25;
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const TEAMS: [&str; 10] = [
    "orders", "billing", "search", "media", "ledger", "fraud", "mobile", "growth", "maps", "stock",
];
const SYSTEMS: [&str; 8] = [
    "prod", "staging", "batch", "events", "reports", "edge", "tools", "ml",
];
const TASKS: [&str; 12] = [
    "api",
    "worker",
    "loader",
    "exporter",
    "scheduler",
    "deployer",
    "reader",
    "writer",
    "indexer",
    "backup",
    "notifier",
    "gateway",
];

/// An estate file with exactly `accounts` service accounts over exactly `projects` projects (at
/// least two of each; fewer are raised to two), below one organization, its two folders `prod` and
/// `data`, and one leaf folder for every 25 generated projects. The same numbers always give the
/// same value. The pair of the story is `run-processor@app-prod` (Token Creator on its own project)
/// and `bq-privileged@data-vault`; no generated grant concerns either.
#[must_use]
pub fn large(accounts: usize, projects: usize) -> Value {
    let accounts = accounts.max(LEAST);
    let projects = projects.max(LEAST);
    let mut made = Made::default();
    made.story();
    let generated = projects - LEAST;
    for folder in 0..generated.div_ceil(PROJECTS_PER_FOLDER) {
        made.folders.push(json!({
            "name": format!("folders/{}", leaf(folder)),
            "parent": if folder % 2 == 0 { "folders/2001" } else { "folders/2002" },
            "displayName": format!("team-{}-{}", pick(&TEAMS, folder), folder / TEAMS.len() + 1),
            "state": "ACTIVE",
        }));
    }
    for n in 0..generated {
        made.project(n);
    }
    for n in 0..accounts - LEAST {
        made.account(n, projects);
    }
    json!({
        "organizations": [{
            "name": "organizations/1001", "displayName": "example.com",
            "directoryCustomerId": "C0example", "state": "ACTIVE",
        }],
        "folders": made.folders,
        "projects": made.projects,
        "serviceAccounts": made.accounts,
        "groups": [
            { "email": "developers@example.com", "members": ["user:ana@example.com", "user:ben@example.com"] },
        ],
        "iamPolicies": made.policies,
    })
}

#[derive(Default)]
struct Made {
    folders: Vec<Value>,
    projects: Vec<Value>,
    accounts: Vec<Value>,
    policies: Map<String, Value>,
}

impl Made {
    fn story(&mut self) {
        for (name, display) in [("2001", "prod"), ("2002", "data")] {
            self.folders.push(json!({
                "name": format!("folders/{name}"), "parent": "organizations/1001",
                "displayName": display, "state": "ACTIVE",
            }));
        }
        for (number, id, parent, display) in [
            ("418023915701", "app-prod", "folders/2001", "App"),
            ("572910364802", "data-vault", "folders/2002", "Data vault"),
        ] {
            self.projects.push(json!({
                "name": format!("projects/{number}"), "parent": parent, "projectId": id,
                "displayName": display, "state": "ACTIVE",
            }));
        }
        let caller = self.push_account("run-processor", "app-prod", "Cloud Run: order processor");
        let target =
            self.push_account("bq-privileged", "data-vault", "BigQuery owner of the vault");
        self.policy(
            &Resource::Organization("1001".into()),
            json!([{ "role": "roles/browser", "members": ["domain:example.com"] }]),
        );
        self.policy(
            &Resource::project("app-prod"),
            json!([{ "role": TOKEN_CREATOR, "members": [format!("serviceAccount:{caller}")] }]),
        );
        self.policy(
            &Resource::project("data-vault"),
            json!([{ "role": "roles/bigquery.dataOwner", "members": [format!("serviceAccount:{target}")] }]),
        );
        self.policy(
            &Resource::account("data-vault", &target),
            json!([{ "role": "roles/iam.serviceAccountUser", "members": ["user:ana@example.com"] }]),
        );
    }

    fn project(&mut self, n: usize) {
        let id = project_id(n);
        self.projects.push(json!({
            "name": format!("projects/{}", 100_000_000_000_u64 + number(n) * 7_919),
            "parent": format!("folders/{}", leaf(n / PROJECTS_PER_FOLDER)),
            "projectId": id,
            "displayName": format!("{} {}", pick(&TEAMS, n), pick(&SYSTEMS, n / TEAMS.len())),
            "state": "ACTIVE",
        }));
        self.policy(
            &Resource::project(&id),
            json!([
                { "role": "roles/logging.viewer", "members": ["group:developers@example.com"] },
                { "role": "roles/viewer", "members": ["group:developers@example.com"] },
            ]),
        );
    }

    /// Accounts go round the projects, the two of the story included.
    fn account(&mut self, n: usize, projects: usize) {
        let home = |n: usize| match n % projects {
            0 => "app-prod".to_owned(),
            1 => "data-vault".to_owned(),
            p => project_id(p - LEAST),
        };
        let name = |n: usize| {
            let round = n / projects;
            format!("{}-{:03}", pick(&TASKS, round + n), round + 1)
        };
        let project = home(n);
        let email = self.push_account(&name(n), &project, "");
        // Every fourth may be used by the account made just before it, of another project.
        if n % 4 == 3 {
            let before = address(&name(n - 1), &home(n - 1));
            self.policy(
                &Resource::account(&project, &email),
                json!([{ "role": TOKEN_CREATOR, "members": [format!("serviceAccount:{before}")] }]),
            );
        }
    }

    fn push_account(&mut self, name: &str, project: &str, display: &str) -> String {
        let email = address(name, project);
        // 21 digits, as Google's are.
        let unique = format!("1{:020}", number(self.accounts.len()) * 104_729 + 2_026);
        self.accounts.push(json!({
            "name": format!("projects/{project}/serviceAccounts/{email}"),
            "projectId": project, "uniqueId": unique, "email": email, "displayName": display,
            "etag": "MDEwMjE5MjA=", "oauth2ClientId": unique,
        }));
        email
    }

    fn policy(&mut self, resource: &Resource, bindings: Value) {
        use base64::Engine as _;
        let mut bytes = [7, 6, 0, 0, 0, 0, 0, 0];
        let (_, rest) = bytes.split_at_mut(4);
        rest.copy_from_slice(
            &u32::try_from(self.policies.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        let etag = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.policies.insert(
            resource.full_name(),
            json!({ "version": 1, "etag": etag, "bindings": bindings }),
        );
    }
}

fn leaf(folder: usize) -> usize {
    3001 + folder
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX / 1_000_000)
}

fn project_id(n: usize) -> String {
    format!(
        "{}-{}-{:03}",
        pick(&TEAMS, n),
        pick(&SYSTEMS, n / TEAMS.len()),
        n + 1
    )
}

fn address(name: &str, project: &str) -> String {
    format!("{name}@{project}.iam.gserviceaccount.com")
}

fn pick(words: &[&'static str], n: usize) -> &'static str {
    words.get(n % words.len()).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn distinct(estate: &Value, list: &str, field: &str) -> usize {
        let items = estate[list].as_array().unwrap();
        let seen: BTreeSet<&str> = items.iter().map(|i| i[field].as_str().unwrap()).collect();
        assert_eq!(seen.len(), items.len(), "{list}.{field} repeats");
        seen.len()
    }

    #[test]
    fn it_has_the_accounts_and_projects_asked_for() {
        let estate = large(20_000, 500);
        for field in ["name", "email", "uniqueId"] {
            assert_eq!(distinct(&estate, "serviceAccounts", field), 20_000);
        }
        assert!(
            estate["serviceAccounts"]
                .as_array()
                .unwrap()
                .iter()
                .all(|a| { a["uniqueId"].as_str().unwrap().len() == 21 })
        );
        for field in ["name", "projectId"] {
            assert_eq!(distinct(&estate, "projects", field), 500);
        }
        assert_eq!(distinct(&estate, "folders", "name"), 2 + 20);
        let folders: BTreeSet<&str> = estate["folders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["name"].as_str().unwrap())
            .collect();
        for project in estate["projects"].as_array().unwrap() {
            assert!(folders.contains(project["parent"].as_str().unwrap()));
        }
        // 1 organization, 500 projects, the target, and every fourth of the others.
        assert_eq!(
            estate["iamPolicies"].as_object().unwrap().len(),
            502 + 19_998 / 4
        );
    }

    #[test]
    fn it_is_always_the_same_and_never_smaller_than_the_story() {
        assert_eq!(large(50, 10), large(50, 10));
        assert_eq!(large(0, 0), large(2, 2));
        assert_eq!(distinct(&large(0, 0), "serviceAccounts", "email"), 2);
    }

    #[test]
    fn the_pair_of_the_story_stays_alone() {
        let estate = large(4_000, 40);
        let caller = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com";
        let with: Vec<&str> = estate["iamPolicies"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, policy)| policy.to_string().contains(caller))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            with,
            ["//cloudresourcemanager.googleapis.com/projects/app-prod"]
        );
    }
}
