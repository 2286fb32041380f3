//! What single commands of gcloud print: an allow policy, those of a project and above it, lists of accounts,
//! their keys, insights, projects, folders, organizations, roles, services, deny policies, boundaries, pools, members of a group.
//! Each tells of what it names and is silent about all else.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::records::POLICY_INSIGHTS;
use super::super::{
    Group, IdentityPool, PolicyInsight, Provider, ServiceAccount, ServiceAccountKey,
};
use super::draft::{Draft, Taken, not};
use super::forms::{AnyFolder, AnyOrganization, AnyProject};
use super::kept::Fault;
use super::key::FileKey;
use super::{refused, terraform, words};
use crate::iam::{
    AllowPolicy, BoundaryPolicy, DenyPolicy, OrgPolicy, PolicyBinding, Resource, Role, owner,
};

/// Keys with which such an object begins, beside those of assets and search results: gcloud sorts them.
pub(super) const KEYS: &[&str] = &[
    "associatedRecommendations",
    "attributeCondition",
    "attributeMapping",
    "auditConfigs",
    "bindings",
    "category",
    "condition",
    "config",
    "content",
    "creationTime",
    "details",
    "disabled",
    "dryRunSpec",
    "email",
    "etag",
    "id",
    "includedPermissions",
    "keyAlgorithm",
    "keyOrigin",
    "keyType",
    "kind",
    "lastRefreshTime",
    "lifecycleState",
    "oauth2ClientId",
    "oidc",
    "observationPeriod",
    "owner",
    "parent",
    "preferredMemberKey",
    "projectId",
    "projectNumber",
    "rules",
    "spec",
    "stage",
    "stateInfo",
    "targetResources",
    "title",
    "type",
    "uniqueId",
    "validAfterTime",
    "validBeforeTime",
    "version",
];

/// What an allow policy alone is told.
const WHOSE: &str = "this is one allow policy, as get-iam-policy prints it, and it does not say whose: put the name of its resource before the file, as in --estate projects/my-project=policy.yaml (or folders/N, organizations/N, the e-mail address of an account)";
/// What a membership alone is told.
const OF_WHICH: &str = "these are members of a group, as `gcloud identity groups memberships list` prints them, and they do not say of which: put its address before the file, as in --estate groups/devs@example.com=members.json";

impl Draft {
    /// Takes in an object that is no asset.
    pub(super) fn single(
        &mut self,
        name: &str,
        policy: Option<AllowPolicy>,
        fields: Map<String, Value>,
        key: Option<&FileKey>,
    ) -> Taken {
        self.at.single = true;
        let taken = self.one_of(name, policy, fields, key);
        self.at.single = false;
        taken
    }

    fn one_of(
        &mut self,
        name: &str,
        policy: Option<AllowPolicy>,
        mut fields: Map<String, Value>,
        key: Option<&FileKey>,
    ) -> Taken {
        if !name.is_empty() {
            fields.insert("name".into(), name.into());
        }
        if terraform::is(&fields) {
            return self.terraform(&fields);
        }
        let has = |key: &str| fields.contains_key(key);
        if let Some(words) = refused::object(name, policy.is_some(), &fields) {
            return Err(words.into());
        }
        if has("preferredMemberKey") {
            return self.membership(&fields, key);
        }
        self.export.any = true;
        self.export.part = true;
        let alone = |k: &String| {
            matches!(
                k.as_str(),
                "bindings" | "etag" | "version" | "auditConfigs" | "partial"
            )
        };
        if name.is_empty() && policy.is_none() && !fields.is_empty() && fields.keys().all(alone) {
            return self.policy_of(told(fields)?, key);
        }
        if let (Some(policy), true) = (&policy, has("id") && has("type")) {
            return self.ancestor(policy.clone(), &fields);
        }
        let part = |part: &str| name.contains(part);
        if part(POLICY_INSIGHTS) {
            return self.insight(told::<PolicyInsight>(fields)?);
        }
        if part("/serviceAccounts/") && part("/keys/") {
            return self.key(told::<ServiceAccountKey>(fields)?);
        }
        if part("/serviceAccounts/") || (has("email") && has("uniqueId")) {
            let account: ServiceAccount = told(fields)?;
            if let Ok(Resource::ServiceAccount { project, .. }) = Resource::parse(&account.name) {
                self.export.told.insert(Resource::Project(project));
            }
            self.account(account)
        } else if has("projectId") {
            let project: super::super::Project = told::<AnyProject>(fields)?.into();
            self.export.told.extend(Resource::parse(&project.name));
            self.project(project)
        } else if part("/denypolicies/") {
            self.deny_of(name, has("rules"), fields)
        } else if part("/principalAccessBoundaryPolicies/") {
            self.says_boundaries = true;
            self.boundary(told::<BoundaryPolicy>(fields)?)
        } else if part("/policyBindings/") {
            self.says_boundaries = true;
            self.binding(told::<PolicyBinding>(fields)?)
        } else if part("/providers/") {
            self.provider(told::<Provider>(fields)?)
        } else if part("/workloadIdentityPools/") || part("/workforcePools/") {
            self.pool(told::<IdentityPool>(fields)?)
        } else if part("/services/") {
            let project = name.split("/services/").next().unwrap_or_default();
            self.export.told.extend(Resource::parse(project));
            let full = format!("//serviceusage.googleapis.com/{name}");
            self.policy_asset(
                "serviceusage.googleapis.com/Service",
                &full,
                &Value::Object(fields),
            )
            .map(drop)
        } else if part("/policies/") {
            self.org_policy(told::<OrgPolicy>(fields)?)
        } else if part("roles/") && has("includedPermissions") {
            self.role(told::<Role>(fields)?)
        } else if name.starts_with("folders/") {
            self.export.told.extend(Resource::parse(name));
            self.folder(told::<AnyFolder>(fields)?.into())
        } else if name.starts_with("organizations/") && !part("roles/") {
            self.export.told.extend(Resource::parse(name));
            self.organization(told::<AnyOrganization>(fields)?.into())
        } else {
            Err(refused::unknown(name, &fields).into())
        }
    }

    /// An allow policy that does not say whose it is.
    fn policy_of(&mut self, policy: AllowPolicy, key: Option<&FileKey>) -> Taken {
        let Some(FileKey::Resource(of)) = key else {
            return Err(WHOSE.into());
        };
        if self.export.key_used {
            return Err(format!("a second policy of {of}: expected one in a file").into());
        }
        self.export.key_used = true;
        let of = self.named(of)?;
        self.policy(&of.full_name(), policy)
    }

    /// A resource that a name tells of, and no more.
    pub(super) fn named(&mut self, of: &Resource) -> Result<Resource, Fault> {
        let Resource::ServiceAccount { project, account } = of else {
            self.export.told.insert(of.clone());
            return Ok(of.clone());
        };
        let home = match &**project {
            "-" => owner::project_of(account).ok_or_else(|| {
                not(
                    account,
                    "the account with its project, projects/P/serviceAccounts/E",
                )
            })?,
            project => project,
        };
        let of = Resource::account(home, account);
        self.export.told.insert(Resource::project(home));
        self.account(ServiceAccount {
            name: of.relative(),
            ..ServiceAccount::default()
        })?;
        Ok(of)
    }

    /// One level of what `gcloud projects get-ancestors-iam-policy` prints, from the project up.
    fn ancestor(&mut self, policy: AllowPolicy, fields: &Map<String, Value>) -> Taken {
        let text = |key: &str| fields.get(key).map(plain).unwrap_or_default();
        let level =
            Resource::parse(&format!("{}s/{}", text("type"), text("id"))).map_err(|_| {
                not(
                    &text("type"),
                    "project, folder or organization, with its id",
                )
            })?;
        let below = self.export.chain.take();
        if let Some(below) = below.filter(|_| !matches!(level, Resource::Project(_))) {
            self.lies_below(below, level.clone())?;
        }
        if !matches!(level, Resource::Organization(_)) {
            self.export.chain = Some(level.clone());
        }
        self.export.told.insert(level.clone());
        // With --include-deny deny policies stand among them.
        if policy.extra.contains_key("rules") {
            let policy = serde_json::to_value(&policy).unwrap_or_default();
            let fields = policy.as_object().cloned().unwrap_or_default();
            let name = fields.get("name").map(plain).unwrap_or_default();
            return self.deny_of(&name, true, fields);
        }
        self.policy(&level.full_name(), policy)
    }

    /// A deny policy. Lists of them are without their rules.
    fn deny_of(&mut self, name: &str, whole: bool, fields: Map<String, Value>) -> Taken {
        if whole {
            self.says_deny = true;
            return self.deny_policy(told::<DenyPolicy>(fields)?);
        }
        let collection = name.split("/denypolicies/").next().unwrap_or_default();
        self.unreadable(format!("{collection}/denypolicies"))
    }

    fn membership(&mut self, fields: &Map<String, Value>, key: Option<&FileKey>) -> Taken {
        let Some(FileKey::Group(group)) = key else {
            return Err(OF_WHICH.into());
        };
        self.export.key_used = true;
        let of = |key: &str| fields.get(key).map(plain).unwrap_or_default();
        let member = fields.get("preferredMemberKey").and_then(|k| k.get("id"));
        let member = member.map(plain).unwrap_or_default();
        let kind = match of("type").as_str() {
            "USER" => "user",
            "GROUP" => "group",
            "SERVICE_ACCOUNT" => "serviceAccount",
            _ if member.ends_with(".gserviceaccount.com") => "serviceAccount",
            "" => return Err("a membership without a type: whether it is a person's or a group's is not said; add --view=full to the command".into()),
            other => return Err(not(other, "USER, GROUP or SERVICE_ACCOUNT as the type of a membership")),
        };
        let at = self.at;
        let known = self.export.memberships.entry(group.clone());
        let (group, _) = known.or_insert_with(|| {
            let group = Group {
                email: group.clone(),
                members: Vec::new(),
            };
            (group, at)
        });
        group.members.push(format!("{kind}:{member}"));
        Ok(())
    }
}

/// A value as text; what is none is empty.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A thing out of its fields; what is null is not there.
fn told<T: for<'de> Deserialize<'de>>(mut fields: Map<String, Value>) -> Result<T, Fault> {
    fields.retain(|_, value| !value.is_null());
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|e| {
        let at = e.path().to_string();
        let what = words::plain(&e.inner().to_string());
        Fault::from(if at == "." {
            what
        } else {
            format!("in {at}: {what}")
        })
    })
}
