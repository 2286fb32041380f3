//! One estate in every form in which it can be given: the same answers. Random estates in memory, and one through
//! the built program.

use std::collections::BTreeMap;

use bindscope::estate::Estate;
use bindscope::estate::file::{FileKey, SourceFile, read, read_text, to_json};
use bindscope::evaluate::{Question, explain, reach, who};
use bindscope::iam::{Permission, Principal, Resource};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::common::{AT, Home};

const MANAGER: &str = "//cloudresourcemanager.googleapis.com";
const ROLES: [&str; 4] = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/owner",
    "roles/viewer",
];
const PEOPLE: [&str; 2] = ["user:ana@wren.example", "user:bob@wren.example"];
const CONDITION: &str =
    "request.time < timestamp(\"2026-11-25T12:00:01Z\")\n  && \"x # y: z\" != ''";

/// What the forms are made of.
#[derive(Clone, Debug)]
struct Spec {
    /// Whether each project lies in the folder.
    projects: Vec<bool>,
    /// Of which project, and whether it is off.
    accounts: Vec<(usize, bool)>,
    /// Where (organization, folder, projects, accounts in this order), which role, to whom, while what.
    grants: Vec<(usize, usize, usize, bool)>,
}

prop_compose! {
    fn spec()(
        projects in prop::collection::vec(any::<bool>(), 1..4),
        accounts in prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.2)), 1..5),
        grants in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, any::<prop::sample::Index>(), any::<bool>()), 0..8),
    ) -> Spec {
        let accounts: Vec<_> = accounts.iter().map(|(at, off)| (at.index(projects.len()), *off)).collect();
        let places = 2 + projects.len() + accounts.len();
        let members = PEOPLE.len() + 1 + accounts.len();
        let grants = grants.into_iter().map(|(at, role, to, when)| (at.index(places), role, to.index(members), when));
        Spec { grants: grants.collect(), projects, accounts }
    }
}

/// What comes to be a file: its name, what it is of, its text.
pub type Files = Vec<(String, Option<String>, String)>;

impl Spec {
    fn number(project: usize) -> String {
        format!("7{project}1")
    }

    fn email(&self, account: usize) -> String {
        format!(
            "sa-{account}@{}.iam.gserviceaccount.com",
            Self::id(self.accounts[account].0)
        )
    }

    fn id(project: usize) -> String {
        format!("wren-{project}")
    }

    fn parent(&self, project: usize) -> &'static str {
        if self.projects[project] {
            "folders/71"
        } else {
            "organizations/70"
        }
    }

    /// All members that may be granted something.
    fn members(&self) -> Vec<String> {
        let mut all: Vec<String> = PEOPLE.iter().map(|p| (*p).to_owned()).collect();
        all.push("group:devs@wren.example".to_owned());
        all.extend((0..self.accounts.len()).map(|a| format!("serviceAccount:{}", self.email(a))));
        all
    }

    /// The policy of each place, by its relative name.
    fn policies(&self) -> BTreeMap<String, Value> {
        let mut places = vec!["organizations/70".to_owned(), "folders/71".to_owned()];
        places.extend((0..self.projects.len()).map(|p| format!("projects/{}", Self::id(p))));
        places.extend((0..self.accounts.len()).map(|a| self.account_name(a)));
        let mut bindings: Vec<Vec<Value>> = vec![Vec::new(); places.len()];
        let members = self.members();
        for (at, role, to, when) in &self.grants {
            let mut binding = json!({ "role": ROLES[*role], "members": [members[*to]] });
            if *when && ROLES[*role] != "roles/owner" {
                binding["condition"] = json!({ "title": "while: so", "expression": CONDITION });
            }
            bindings[*at].push(binding);
        }
        places
            .into_iter()
            .zip(bindings)
            .map(|(place, bindings)| {
                (
                    place,
                    json!({ "version": 3, "etag": "BwYAAAE=", "bindings": bindings }),
                )
            })
            .collect()
    }

    fn account_name(&self, account: usize) -> String {
        let (project, _) = self.accounts[account];
        format!(
            "projects/{}/serviceAccounts/{}",
            Self::id(project),
            self.email(account)
        )
    }

    fn account(&self, account: usize) -> Value {
        let (project, off) = self.accounts[account];
        let mut told = json!({ "name": self.account_name(account), "email": self.email(account),
            "projectId": Self::id(project), "uniqueId": format!("10{account}"), "displayName": "" });
        if off {
            told["disabled"] = true.into();
        }
        told
    }

    fn project(project: usize, parent: &str) -> Value {
        let (kind, id) = parent.split_once('/').unwrap();
        json!({ "projectId": Self::id(project), "projectNumber": Self::number(project), "name": "one",
            "lifecycleState": "ACTIVE", "parent": { "type": kind.trim_end_matches('s'), "id": id } })
    }

    fn groups() -> Value {
        json!({ "groups": [{ "email": "devs@wren.example", "members": ["user:bob@wren.example"] }] })
    }

    fn file(&self) -> Value {
        let policies: Map<String, Value> = self
            .policies()
            .into_iter()
            .map(|(place, policy)| (Resource::parse(&place).unwrap().full_name(), policy))
            .collect();
        let projects: Vec<Value> = (0..self.projects.len())
            .map(|p| json!({ "name": format!("projects/{}", Self::number(p)), "projectId": Self::id(p), "parent": self.parent(p), "displayName": "one", "state": "ACTIVE" })).collect();
        json!({
            "organizations": [{ "name": "organizations/70", "displayName": "wren.example" }],
            "folders": [{ "name": "folders/71", "parent": "organizations/70", "displayName": "prod" }],
            "projects": projects,
            "serviceAccounts": (0..self.accounts.len()).map(|a| self.account(a)).collect::<Vec<_>>(),
            "iamPolicies": policies,
        })
    }

    /// Assets with everything that is told of each, in snake case.
    fn assets(&self) -> Vec<Value> {
        let policies = self.policies();
        let policy = |place: &str| policies[place].clone();
        let asset = |kind: &str, name: String, data: Value, policy: Value, above: Vec<String>| {
            json!({ "name": name, "asset_type": kind, "resource": { "version": "v1", "data": data }, "iam_policy": policy,
                "ancestors": above, "update_time": "2026-05-01T10:00:00Z" })
        };
        let up = |p: usize| {
            let mut up = vec![format!("projects/{}", Self::number(p))];
            up.extend(self.projects[p].then(|| "folders/71".to_owned()));
            up.push("organizations/70".to_owned());
            up
        };
        let mut all = vec![
            asset(
                "cloudresourcemanager.googleapis.com/Organization",
                format!("{MANAGER}/organizations/70"),
                json!({ "name": "organizations/70", "displayName": "wren.example", "lifecycleState": "ACTIVE" }),
                policy("organizations/70"),
                vec!["organizations/70".into()],
            ),
            asset(
                "cloudresourcemanager.googleapis.com/Folder",
                format!("{MANAGER}/folders/71"),
                json!({ "name": "folders/71", "parent": "organizations/70", "displayName": "prod", "lifecycleState": "ACTIVE" }),
                policy("folders/71"),
                vec!["folders/71".into(), "organizations/70".into()],
            ),
        ];
        for p in 0..self.projects.len() {
            all.push(asset(
                "cloudresourcemanager.googleapis.com/Project",
                format!("{MANAGER}/projects/{}", Self::number(p)),
                Self::project(p, self.parent(p)),
                policy(&format!("projects/{}", Self::id(p))),
                up(p),
            ));
        }
        for a in 0..self.accounts.len() {
            let name = format!(
                "//iam.googleapis.com/projects/{}/serviceAccounts/10{a}",
                Self::id(self.accounts[a].0)
            );
            all.push(asset(
                "iam.googleapis.com/ServiceAccount",
                name,
                self.account(a),
                policy(&self.account_name(a)),
                up(self.accounts[a].0),
            ));
        }
        all
    }

    /// Two lines for each asset, one per content type.
    fn export(&self) -> String {
        let mut lines = Vec::new();
        for (left_out, _) in [("iam_policy", 0), ("resource", 1)] {
            for mut asset in self.assets() {
                asset.as_object_mut().unwrap().remove(left_out);
                lines.push(asset.to_string());
            }
        }
        lines.join("\n")
    }

    fn page(&self) -> Value {
        let camel = |asset: Value| {
            let names = [
                ("asset_type", "assetType"),
                ("iam_policy", "iamPolicy"),
                ("update_time", "updateTime"),
            ];
            let named = |key: String| {
                names
                    .iter()
                    .find(|(old, _)| *old == key)
                    .map_or(key.clone(), |(_, new)| (*new).to_owned())
            };
            let fields = asset.as_object().unwrap().clone().into_iter();
            Value::Object(fields.map(|(key, value)| (named(key), value)).collect())
        };
        json!({ "readTime": "2026-05-01T10:00:00Z", "assets": self.assets().into_iter().map(camel).collect::<Vec<_>>() })
    }

    fn rows(&self) -> String {
        let row = |mut asset: Value| {
            asset["resource"]["data"] = asset["resource"]["data"].to_string().into();
            asset["iam_policy"]["version"] = "3".into();
            asset["update_time"] = "2026-05-01 10:00:00.5 UTC".into();
            asset.to_string()
        };
        self.assets()
            .into_iter()
            .map(row)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// What the two searches print.
    fn searches(&self) -> (Value, Value) {
        let (mut resources, mut policies) = (Vec::new(), Vec::new());
        for asset in self.assets() {
            let kind = asset["asset_type"].as_str().unwrap();
            let data = &asset["resource"]["data"];
            let account = kind.ends_with("ServiceAccount");
            let name = if account {
                format!("//iam.googleapis.com/{}", data["name"].as_str().unwrap())
            } else {
                asset["name"].as_str().unwrap().to_owned()
            };
            let above: Vec<&str> = asset["ancestors"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let mut place = json!({ "assetType": kind, "organization": "organizations/70" });
            for level in &above {
                if level.starts_with("projects/") {
                    place["project"] = json!(level);
                }
                if level.starts_with("folders/") {
                    place["folders"] = json!([level]);
                }
            }
            let (mut resource, mut policy) = (place.clone(), place);
            let off = data["disabled"] == true;
            let parent = if account { above.first() } else { above.get(1) };
            resource["name"] = name.clone().into();
            resource["state"] = if off { "DISABLED" } else { "ACTIVE" }.into();
            resource["displayName"] = if kind.ends_with("Organization") {
                "wren.example"
            } else {
                "x"
            }
            .into();
            resource["additionalAttributes"] = json!({ "email": data["email"], "uniqueId": data["uniqueId"], "projectId": data["projectId"] });
            resource["additionalAttributes"]
                .as_object_mut()
                .unwrap()
                .retain(|_, v| !v.is_null());
            if let Some(parent) = parent {
                resource["parentFullResourceName"] = format!("{MANAGER}/{parent}").into();
            }
            policy["resource"] = name.into();
            policy["policy"] = asset["iam_policy"].clone();
            resources.push(resource);
            policies.push(policy);
        }
        (json!(resources), json!(policies))
    }

    /// What single commands print, policies in YAML.
    fn singles(&self) -> Files {
        let list = |name: &str, value: Value| (name.to_owned(), None, value.to_string());
        let projects: Vec<Value> = (0..self.projects.len())
            .map(|p| Self::project(p, self.parent(p)))
            .collect();
        let accounts: Vec<Value> = (0..self.accounts.len()).map(|a| self.account(a)).collect();
        let mut files = vec![
            list(
                "organizations.json",
                json!([{ "name": "organizations/70", "displayName": "wren.example", "lifecycleState": "ACTIVE", "creationTime": "2020-01-01T00:00:00Z" }]),
            ),
            list(
                "folders.json",
                json!([{ "name": "folders/71", "parent": "organizations/70", "displayName": "prod", "lifecycleState": "ACTIVE" }]),
            ),
            list("projects.json", json!(projects)),
            list("accounts.json", json!(accounts)),
        ];
        for (i, (place, policy)) in self.policies().into_iter().enumerate() {
            files.push((format!("policy-{i}.yaml"), Some(place), yaml(&policy, 0)));
        }
        files
    }

    /// A state of Terraform's that manages all of it.
    fn terraform(&self, stored: bool) -> Value {
        let mut all: Vec<(&str, &str, Value)> = vec![
            (
                "data",
                "google_organization",
                json!({ "org_id": "70", "domain": "wren.example", "name": "organizations/70" }),
            ),
            (
                "managed",
                "google_folder",
                json!({ "name": "folders/71", "folder_id": "71", "parent": "organizations/70", "display_name": "prod" }),
            ),
        ];
        for p in 0..self.projects.len() {
            let (folder, organization) = if self.projects[p] {
                ("71", "")
            } else {
                ("", "70")
            };
            all.push(("managed", "google_project", json!({ "project_id": Self::id(p), "number": Self::number(p), "name": "one", "folder_id": folder, "org_id": organization })));
        }
        for a in 0..self.accounts.len() {
            let (project, off) = self.accounts[a];
            all.push(("managed", "google_service_account", json!({ "account_id": format!("sa-{a}"), "email": self.email(a), "project": Self::id(project),
                "unique_id": format!("10{a}"), "disabled": off, "name": self.account_name(a), "display_name": "" })));
        }
        for (place, policy) in self.policies() {
            let id = place.split_once('/').unwrap().1.to_owned();
            let data = policy.to_string();
            all.push(match Resource::parse(&place).unwrap() {
                Resource::Organization(_) => (
                    "managed",
                    "google_organization_iam_policy",
                    json!({ "org_id": id, "policy_data": data }),
                ),
                Resource::Folder(_) => (
                    "managed",
                    "google_folder_iam_policy",
                    json!({ "folder": place, "policy_data": data }),
                ),
                Resource::Project(_) => (
                    "managed",
                    "google_project_iam_policy",
                    json!({ "project": id, "policy_data": data }),
                ),
                Resource::ServiceAccount { .. } => (
                    "managed",
                    "google_service_account_iam_policy",
                    json!({ "service_account_id": place, "policy_data": data }),
                ),
            });
        }
        if stored {
            let resources: Vec<Value> = all.into_iter().map(|(mode, kind, values)| json!({ "mode": mode, "type": kind, "name": "x", "instances": [{ "attributes": values }] })).collect();
            return json!({ "version": 4, "terraform_version": "1.9.5", "serial": 1, "lineage": "l", "outputs": {}, "resources": resources });
        }
        let resources: Vec<Value> = all.into_iter().enumerate().map(|(i, (mode, kind, values))| json!({ "address": format!("{kind}.x{i}"), "mode": mode, "type": kind, "values": values, "sensitive_values": {} })).collect();
        json!({ "format_version": "1.0", "terraform_version": "1.9.5", "values": { "root_module": { "child_modules": [{ "resources": resources }] } } })
    }

    /// Every form.
    fn forms(&self) -> Vec<(&'static str, Files)> {
        let one = |name: &str, text: String| vec![(name.to_owned(), None, text)];
        let (resources, policies) = self.searches();
        let both = [
            one("resources.yaml", documents(&resources)),
            one("policies.json", json!({ "results": policies }).to_string()),
        ];
        let mut forms = vec![
            ("estate file", one("estate.json", self.file().to_string())),
            (
                "estate file in YAML",
                one("estate.yaml", yaml(&self.file(), 0)),
            ),
            ("export", one("export.ndjson", self.export())),
            ("page", one("page.json", self.page().to_string())),
            (
                "list in YAML",
                one("list.yaml", documents(&self.page()["assets"])),
            ),
            ("rows of BigQuery", one("rows.json", self.rows())),
            ("searches", both.concat()),
            ("single commands", self.singles()),
            (
                "state of Terraform",
                one("state.json", self.terraform(false).to_string()),
            ),
            (
                "stored state of Terraform",
                one("terraform.tfstate", self.terraform(true).to_string()),
            ),
        ];
        for (_, files) in &mut forms {
            files.push(("groups.json".to_owned(), None, Self::groups().to_string()));
        }
        forms
    }
}

/// Block YAML as gcloud writes it: keys sorted, `|-` for several lines, quotes where they are needed.
fn yaml(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            sorted
                .into_iter()
                .map(|(key, value)| {
                    let key = if key.contains([':', '/']) {
                        format!("'{key}'")
                    } else {
                        key.clone()
                    };
                    match value {
                        Value::Object(m) if !m.is_empty() => {
                            format!("{pad}{key}:\n{}", yaml(value, depth + 1))
                        }
                        Value::Array(l) if !l.is_empty() => {
                            format!("{pad}{key}:\n{}", yaml(value, depth))
                        }
                        Value::String(text) if text.contains('\n') => {
                            let lines: String = text
                                .lines()
                                .map(|line| format!("{pad}  {line}\n"))
                                .collect();
                            format!("{pad}{key}: |-\n{lines}")
                        }
                        other => format!("{pad}{key}: {}\n", scalar(other)),
                    }
                })
                .collect()
        }
        Value::Array(list) => list
            .iter()
            .map(|item| match item {
                Value::Object(m) if !m.is_empty() => {
                    let text = yaml(item, depth + 1);
                    format!("{pad}- {}", &text[pad.len() + 2..])
                }
                other => format!("{pad}- {}\n", scalar(other)),
            })
            .collect(),
        other => format!("{pad}{}\n", scalar(other)),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let plain = text
                .chars()
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
                && !text.contains(": ")
                && !text.contains(" #")
                && !text.ends_with(':');
            if plain {
                text.clone()
            } else {
                format!("'{}'", text.replace('\'', "''"))
            }
        }
        other => other.to_string(),
    }
}

fn documents(list: &Value) -> String {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| format!("---\n{}", yaml(one, 0)))
        .collect()
}

fn load(files: &Files) -> Estate {
    let sources = files.iter().map(|(name, key, text)| {
        SourceFile::text(name, text.as_str()).about(key.as_deref().and_then(FileKey::parse))
    });
    let loaded = read(sources.collect(), &mut |_| {});
    loaded.unwrap_or_else(|e| panic!("{e}\n{files:#?}")).estate
}

/// What is said of everybody and every account.
fn answers(spec: &Spec, estate: &Estate) -> BTreeMap<String, String> {
    let time: Timestamp = AT.parse().unwrap();
    let permission = Permission::get_access_token();
    let mut all = BTreeMap::new();
    let callers: Vec<Principal> = (spec.members().iter())
        .filter(|m| !m.starts_with("group:"))
        .map(|m| Principal::parse(m).unwrap())
        .collect();
    for a in 0..spec.accounts.len() {
        let target = Resource::parse_account(&spec.email(a)).unwrap();
        for caller in &callers {
            let told = explain(estate, &Question::new(caller.clone(), target.clone(), time));
            all.insert(
                format!("explain {caller} {a}"),
                told.verdict.word().to_owned(),
            );
        }
        for one in who(estate, &target, &permission, time).results {
            all.insert(
                format!("who {a} {}", one.principal),
                format!("{} {:?}", one.verdict.word(), one.outcome),
            );
        }
    }
    for caller in &callers {
        for one in reach(estate, caller, &permission, time).results {
            all.insert(
                format!("reach {caller} {}", one.target),
                format!("{} {:?}", one.verdict.word(), one.outcome),
            );
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_same_estate_in_every_form_gives_the_same_answers(spec in spec()) {
        let mut first: Option<BTreeMap<String, String>> = None;
        for (form, files) in spec.forms() {
            let estate = load(&files);
            let told = answers(&spec, &estate);
            // What is written is read, and says the same.
            let written = to_json(&estate).to_string();
            let again = read_text("written.json", &written);
            let again = again.map_err(|e| TestCaseError::fail(format!("{form}: {e}\n{written}")))?;
            prop_assert_eq!(&told, &answers(&spec, &again), "{} written and read", form);
            match &first {
                None => first = Some(told),
                Some(first) => prop_assert_eq!(first, &told, "{}", form),
            }
        }
    }
}

fn cases() -> u32 {
    let set = std::env::var("PROPTEST_CASES").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(24)
}

/// One small estate.
fn few() -> Spec {
    Spec {
        projects: vec![true, false],
        accounts: vec![(0, false), (1, false), (1, true)],
        grants: vec![
            (2, 0, 0, false),
            (5, 0, 3, true),
            (1, 0, 2, false),
            (6, 1, 1, false),
        ],
    }
}

/// It in every form.
pub fn a_few() -> Vec<(&'static str, Files)> {
    few().forms()
}

#[test]
fn every_form_says_the_same_through_the_program() {
    let spec = few();
    let ask: [&[&str]; 3] = [
        &["who", "--target", "sa-1@wren-1.iam.gserviceaccount.com"],
        &["reach", "--caller", "user:ana@wren.example"],
        &[
            "explain",
            "--caller",
            "user:bob@wren.example",
            "--target",
            "sa-0@wren-0.iam.gserviceaccount.com",
        ],
    ];
    let mut first: Vec<Value> = Vec::new();
    for (form, files) in spec.forms() {
        let home = Home::new();
        let mut line = Vec::new();
        for (name, key, text) in &files {
            let path = home.write(name, text).display().to_string();
            line.push("--estate".to_owned());
            line.push(
                key.as_ref()
                    .map_or(path.clone(), |key| format!("{key}={path}")),
            );
        }
        let mut told = Vec::new();
        for asked in ask {
            let all: Vec<&str> = line
                .iter()
                .map(String::as_str)
                .chain(["--format=json"])
                .chain(asked.iter().copied())
                .chain(["--at", AT])
                .collect();
            let answer = home.run(&all).json();
            told.push(match answer.get("verdict") {
                Some(verdict) => verdict.clone(),
                None => {
                    let rows = answer["results"]
                        .as_array()
                        .unwrap_or_else(|| panic!("{form}: {answer}"))
                        .iter();
                    rows.map(|row| {
                        json!([row["principal"], row["target"], row["verdict"], row["path"]])
                    })
                    .collect()
                }
            });
        }
        if first.is_empty() {
            assert!(
                told[0].to_string().contains("CAN_ACCESS")
                    && told[1].to_string().contains("CAN_ACCESS"),
                "{told:?}"
            );
            assert_eq!(told[2], "CAN_ACCESS");
            first.clone_from(&told);
        }
        assert_eq!(first, told, "{form}");
    }
}
