//! What was read so far, of all files, before it becomes an estate: here the same thing said twice is
//! noticed, and names are judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroI64;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::records::{DELETE_TIME, POLICY_INSIGHTS, is_number};
use super::super::{
    Folder, Group, IdentityPool, Organization, PolicyInsight, Project, Provider, ServiceAccount,
    ServiceAccountKey, Tag,
};
use super::asset_policies::Pieces;
use super::kept::{At, Fault, Kept};
use super::key::FileKey;
use crate::estate::Assumption;
use crate::iam::allow::PARTIAL;
use crate::iam::{
    AllowPolicy, BoundaryPolicy, DenyPolicy, OrgPolicy, PolicyBinding, Resource, ResourceKind,
    Role, deny, org_policy,
};

pub(super) type Taken = Result<(), Fault>;

/// An allow policy, not settled yet whose.
#[derive(Debug)]
pub(super) struct PolicyOf {
    pub resource: Resource,
    pub policy: AllowPolicy,
    pub at: At,
}

/// All that was read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Where reading is.
    pub at: At,
    pub organizations: Kept<Organization>,
    pub folders: Kept<Folder>,
    /// By number.
    pub projects: Kept<Project>,
    /// By lower-case e-mail.
    pub accounts: Kept<ServiceAccount>,
    /// Accounts that were not told of yet, where somebody wants to hear of them as they come.
    pub fresh: Option<Vec<ServiceAccount>>,
    /// By lower-case e-mail and unique id.
    pub deleted: Kept<ServiceAccount>,
    /// By name: of an asset export and of single commands.
    pub keys: Kept<ServiceAccountKey>,
    /// Of an estate file, by account: all that it has.
    pub told_keys: Vec<(Resource, Vec<ServiceAccountKey>, At)>,
    /// By name.
    pub insights: Kept<PolicyInsight>,
    pub roles: Kept<Role>,
    /// By lower-case e-mail.
    pub groups: Kept<Group>,
    pub deny: Kept<DenyPolicy>,
    pub boundaries: Kept<BoundaryPolicy>,
    pub bindings: Kept<PolicyBinding>,
    pub org_policies: Kept<OrgPolicy>,
    pub pools: Kept<IdentityPool>,
    pub providers: Kept<Provider>,
    pub policies: Vec<PolicyOf>,
    pub tags: Vec<(Resource, Vec<Tag>, At)>,
    pub services: Vec<(Resource, BTreeSet<String>, At)>,
    pub unreadable: BTreeSet<String>,
    pub assumptions: BTreeSet<Assumption>,
    /// Some estate file speaks of deny policies, perhaps to say that there are none.
    pub says_deny: bool,
    /// Likewise of boundaries or their bindings.
    pub says_boundaries: bool,
    /// Likewise of organization policies.
    pub says_org_policies: bool,
    /// Likewise of tags.
    pub says_tags: bool,
    /// What an export tells beside the things themselves.
    pub export: Export,
}

/// Ancestors, nearest first.
#[derive(Debug)]
pub(super) struct WayUp {
    /// As they are told.
    pub names: Vec<String>,
    /// As they are.
    pub levels: Vec<Resource>,
}

impl WayUp {
    /// # Errors
    /// One names no resource.
    pub fn of(names: Vec<String>) -> Result<Self, Fault> {
        let levels = names.iter().map(|name| Resource::parse(name));
        let levels: Result<_, _> = levels.collect();
        let levels = levels.map_err(|e| Fault::from(e.to_string()))?;
        Ok(Self { names, levels })
    }
}

/// Ancestors that were gone up, with the file and the moment that tell them.
pub(super) type Climbed = ((usize, Option<NonZeroI64>), Arc<WayUp>);

/// What only an asset export tells.
#[derive(Debug, Default)]
pub(super) struct Export {
    /// Some asset was read.
    pub any: bool,
    /// Some asset carried an allow policy.
    pub any_policy: bool,
    /// The kinds of resources of which some asset carried one.
    pub policy_kinds: BTreeSet<ResourceKind>,
    /// Some asset of another type carried one: policies of all types were asked for.
    pub policy_elsewhere: bool,
    /// Some list of assets is empty.
    pub empty_list: bool,
    /// Some asset is a key of an account, whole.
    pub any_key: bool,
    /// Accounts that assets tell of, by lower-case e-mail, where any key is among the assets.
    pub accounts: Vec<String>,
    /// Keys of which a search tells that they are there, and no more.
    pub untold_keys: u64,
    /// Some asset carried organization policies.
    pub any_org_policy: bool,
    /// Resources with organization policies that the export does not show whole.
    pub conditional: BTreeSet<Resource>,
    /// What lies right above, from `ancestors` and parents.
    pub above: HashMap<Resource, (Resource, At)>,
    /// The ancestors that were gone up last.
    pub climbed: Option<Climbed>,
    /// Organizations, folders and projects that are assets themselves.
    pub listed: BTreeSet<Resource>,
    /// Project number to id, as accounts name both.
    pub project_ids: BTreeMap<String, String>,
    /// Assets that count for nothing here, by type.
    pub skipped: BTreeMap<String, u64>,
    /// Things that an older asset tells otherwise than a newer one.
    pub outdated: u64,
    /// Files that hold results of a search, of which nobody can tell how wide it was.
    pub searched: BTreeSet<usize>,
    /// What single commands printed, or Terraform holds, is among it.
    pub part: bool,
    /// Levels that such a file tells of: a policy of theirs that none tells is not known.
    pub told: BTreeSet<Resource>,
    /// What the file was said to be about was needed.
    pub key_used: bool,
    /// The level that was read last of those above a project.
    pub chain: Option<Resource>,
    /// Members of groups that are told one at a time.
    pub memberships: BTreeMap<String, (Group, At)>,
    /// The page that was read last says that there are more.
    pub cut_off: Vec<(&'static str, At)>,
    /// Accounts of which the export tells the unique id alone.
    pub nameless: u64,
    /// What stands on several lines of it.
    pub pieces: Pieces,
}

impl Export {
    /// Whether an asset of that kind without a policy has none: where not one of its kind has a policy, it may be that
    /// they were not asked for.
    pub fn tells_policies_of(&self, kind: ResourceKind) -> bool {
        self.policy_elsewhere || self.policy_kinds.contains(&kind)
    }

    /// Whether a file that is said to be about something needed that said; ends the file.
    pub fn key_fits(&mut self, key: Option<&FileKey>) -> bool {
        self.chain = None;
        std::mem::take(&mut self.key_used) || key.is_none()
    }
}

/// The fields of an account that decide something, and one that is like them.
const ACCOUNT: &[&str] = &[
    "name",
    "email",
    "projectId",
    "uniqueId",
    "displayName",
    "disabled",
    "oauth2ClientId",
];

impl Draft {
    pub fn organization(&mut self, it: Organization) -> Taken {
        named(&it.name, "organizations/NUMBER", |r| {
            matches!(r, Resource::Organization(_))
        })?;
        self.near(
            &it.extra,
            &["name", "displayName", "directoryCustomerId", "state"],
        )?;
        self.organizations.add(it.name.clone(), it, self.at)
    }

    pub fn folder(&mut self, it: Folder) -> Taken {
        named(&it.name, "folders/NUMBER", |r| {
            matches!(r, Resource::Folder(_))
        })?;
        self.near(&it.extra, &["name", "parent", "displayName", "state"])?;
        self.told_parent(&it.parent);
        self.folders.add(it.name.clone(), it, self.at)
    }

    pub fn project(&mut self, it: Project) -> Taken {
        // One that is known by its id alone goes by it.
        named(
            &it.name,
            "projects/NUMBER",
            |r| matches!(r, Resource::Project(n) if is_number(n) || **n == *it.project_id),
        )?;
        if it.project_id.is_empty() {
            return Err("a project has no projectId: expected its id, as app-prod".into());
        }
        named(
            &format!("projects/{}", it.project_id),
            "a project id",
            |_| true,
        )?;
        self.near(
            &it.extra,
            &["name", "parent", "projectId", "displayName", "state"],
        )?;
        self.told_parent(&it.parent);
        self.projects.add(it.number().to_owned(), it, self.at)
    }

    /// What lies above something that a single command printed is told of by it, and no more.
    fn told_parent(&mut self, parent: &str) {
        if self.at.single {
            self.export.told.extend(Resource::parse(parent));
        }
    }

    pub fn account(&mut self, it: ServiceAccount) -> Taken {
        let it = sound(it)?;
        self.near(&it.extra, ACCOUNT)?;
        if let Some(fresh) = &mut self.fresh {
            fresh.push(it.clone());
        }
        self.accounts.add(it.email.to_lowercase(), it, self.at)
    }

    /// As an account, with the time of its deletion where it is known.
    pub fn deleted_account(&mut self, it: ServiceAccount) -> Taken {
        let it = sound(it)?;
        let known: Vec<&str> = ACCOUNT.iter().copied().chain([DELETE_TIME]).collect();
        self.near(&it.extra, &known)?;
        if let Some(time) = it.extra.get(DELETE_TIME) {
            let text = time.as_str().unwrap_or_default();
            if text.parse::<jiff::Timestamp>().is_err() {
                let shown = time.to_string();
                return Err(not(&shown, "a deleteTime as 2026-11-24T12:00:00Z"));
            }
        }
        let key = format!("{}?uid={}", it.email.to_lowercase(), it.unique_id);
        self.deleted.add(key, it, self.at)
    }

    /// A key, of what tells of keys one at a time.
    pub fn key(&mut self, it: ServiceAccountKey) -> Taken {
        sound_key(&it)?;
        self.keys.add(it.name.clone(), it, self.at)
    }

    /// All keys of an account.
    pub fn keys_of(&mut self, account: &str, keys: Vec<ServiceAccountKey>) -> Taken {
        let Ok(of @ Resource::ServiceAccount { .. }) = Resource::parse(account) else {
            return Err(not(account, "projects/P/serviceAccounts/E"));
        };
        keys.iter().try_for_each(sound_key)?;
        self.told_keys.push((of, keys, self.at));
        Ok(())
    }

    pub fn role(&mut self, it: Role) -> Taken {
        let parts: Vec<&str> = it.name.split('/').collect();
        let good = match parts.as_slice() {
            ["roles", id] | ["projects" | "organizations", _, "roles", id] => !id.is_empty(),
            _ => false,
        };
        if !good {
            return Err(not(
                &it.name,
                "roles/ID, projects/P/roles/ID or organizations/N/roles/ID",
            ));
        }
        self.near(
            &it.extra,
            &[
                "name",
                "title",
                "description",
                "includedPermissions",
                "stage",
                "deleted",
            ],
        )?;
        self.roles.add(it.name.clone(), it, self.at)
    }

    pub fn group(&mut self, it: Group) -> Taken {
        if !crate::iam::address::is_email(&it.email) {
            return Err(not(&it.email, "the group's e-mail address"));
        }
        self.groups.add(it.email.to_lowercase(), it, self.at)
    }

    pub fn deny_policy(&mut self, it: DenyPolicy) -> Taken {
        let point = it.attachment_point();
        if point.is_none() || !it.name.contains("/denypolicies/") || it.id().is_empty() {
            return Err(not(
                &it.name,
                "policies/cloudresourcemanager.googleapis.com%2Fprojects%2FP/denypolicies/ID (or folders, organizations)",
            ));
        }
        self.near(&it.extra, &["name", "displayName", "rules", "etag"])?;
        for rule in &it.rules {
            self.near(&rule.extra, &["description", "denyRule"])?;
            if let Some(rule) = &rule.deny_rule {
                self.near(
                    &rule.extra,
                    &[
                        "deniedPrincipals",
                        "exceptionPrincipals",
                        "deniedPermissions",
                        "exceptionPermissions",
                        "denialCondition",
                    ],
                )?;
            }
        }
        self.deny.add(it.name.clone(), it, self.at)
    }

    pub fn boundary(&mut self, it: BoundaryPolicy) -> Taken {
        if !it.name.contains("/principalAccessBoundaryPolicies/") {
            return Err(not(
                &it.name,
                "organizations/N/locations/global/principalAccessBoundaryPolicies/ID",
            ));
        }
        self.near(&it.extra, &["name", "displayName", "details", "etag"])?;
        self.boundaries.add(it.name.clone(), it, self.at)
    }

    pub fn binding(&mut self, it: PolicyBinding) -> Taken {
        if !it.name.contains("/policyBindings/") {
            return Err(not(&it.name, "PARENT/locations/global/policyBindings/ID"));
        }
        self.near(
            &it.extra,
            &[
                "name",
                "displayName",
                "target",
                "policyKind",
                "policy",
                "condition",
                "etag",
            ],
        )?;
        self.bindings.add(it.name.clone(), it, self.at)
    }

    pub fn org_policy(&mut self, it: OrgPolicy) -> Taken {
        if org_policy::split(&it.name).is_none() {
            return Err(not(
                &it.name,
                "projects/NUMBER/policies/CONSTRAINT, folders/NUMBER/policies/CONSTRAINT or organizations/NUMBER/policies/CONSTRAINT",
            ));
        }
        let top = ["name", "spec", "dryRunSpec", "alternate", "etag"];
        self.near(&it.extra, &top)?;
        for spec in [&it.spec, &it.dry_run_spec].into_iter().flatten() {
            self.near(
                &spec.extra,
                &["etag", "updateTime", "rules", "inheritFromParent", "reset"],
            )?;
            for rule in &spec.rules {
                self.near(
                    &rule.extra,
                    &[
                        "values",
                        "allowAll",
                        "denyAll",
                        "enforce",
                        "condition",
                        "parameters",
                    ],
                )?;
                if let Some(values) = &rule.values {
                    self.near(&values.extra, &["allowedValues", "deniedValues"])?;
                }
            }
        }
        if let Some(flaw) = it.flaw() {
            return Err(format!("the policy '{}' cannot be: {flaw}", it.name).into());
        }
        self.org_policies.add(it.name.clone(), it, self.at)
    }

    /// What Google saw of the use of a role.
    pub fn insight(&mut self, it: PolicyInsight) -> Taken {
        if !it.name.contains(POLICY_INSIGHTS) {
            return Err(not(
                &it.name,
                "projects/N/locations/global/insightTypes/google.iam.policy.Insight/insights/ID (or folders, organizations)",
            ));
        }
        let content = &it.content;
        if content.role.is_empty() || content.member.is_empty() || it.target_resources.is_empty() {
            return Err("an insight without role, member or targetResources: expected what gcloud recommender insights list --format=json prints".into());
        }
        if it.days().is_none() {
            return Err(not(
                &it.observation_period,
                "an observationPeriod as 7776000s",
            ));
        }
        self.insights.add(it.name.clone(), it, self.at)
    }

    pub fn pool(&mut self, it: IdentityPool) -> Taken {
        if !is_pool(&it.name) {
            return Err(not(
                &it.name,
                "projects/N/locations/global/workloadIdentityPools/POOL or locations/global/workforcePools/POOL",
            ));
        }
        self.near(&it.extra, &["name", "disabled", "state", "parent"])?;
        self.pools.add(it.name.clone(), it, self.at)
    }

    pub fn provider(&mut self, it: Provider) -> Taken {
        if !it.name.contains("/providers/") {
            return Err(not(
                &it.name,
                "projects/N/locations/global/workloadIdentityPools/POOL/providers/ID, or the workforce form",
            ));
        }
        self.near(
            &it.extra,
            &[
                "name",
                "attributeMapping",
                "attributeCondition",
                "disabled",
                "oidc",
                "state",
            ],
        )?;
        self.providers.add(it.name.clone(), it, self.at)
    }

    pub fn policy(&mut self, name: &str, policy: AllowPolicy) -> Taken {
        let resource = Resource::parse(name).map_err(|e| Fault::from(e.to_string()))?;
        self.policy_on(resource, policy)
    }

    /// The allow policy of a resource.
    pub fn policy_on(&mut self, resource: Resource, policy: AllowPolicy) -> Taken {
        self.near(
            &policy.extra,
            &["version", "etag", "bindings", "auditConfigs", PARTIAL],
        )?;
        for binding in &policy.bindings {
            self.near(&binding.extra, &["role", "members", "condition"])?;
            if binding.role.is_empty() {
                return Err("a binding has no role: expected its name, as roles/viewer".into());
            }
        }
        self.policies.push(PolicyOf {
            resource,
            policy,
            at: self.at,
        });
        Ok(())
    }

    pub fn tags(&mut self, name: &str, tags: Vec<Tag>) -> Taken {
        let resource = Resource::parse(name).map_err(|e| Fault::from(e.to_string()))?;
        // Of such a one no condition would ever be met, and a deny rule would let everybody by.
        if tags
            .iter()
            .any(|tag| tag.namespaced_tag_value.is_empty() && tag.tag_value.is_empty())
        {
            return Err("a tag that names no value: expected namespacedTagKey and namespacedTagValue (1001/env and 1001/env/prod), tagKey and tagValue, or all four".into());
        }
        self.tags.push((resource, tags, self.at));
        Ok(())
    }

    pub fn services(&mut self, name: &str, services: BTreeSet<String>) -> Taken {
        let Ok(project @ Resource::Project(_)) = Resource::parse(name) else {
            return Err(not(name, "projects/NUMBER"));
        };
        self.services.push((project, services, self.at));
        Ok(())
    }

    /// The names are put into the one form under which they are looked up.
    pub fn unreadable(&mut self, name: String) -> Taken {
        let known = if Resource::parse(&name).is_ok() && name.starts_with("//") {
            name
        } else if let Some(point) = deny::attachment_point(&name)
            && name.ends_with("/denypolicies")
        {
            deny::collection(&point)
        } else if let Some(on) = org_policy::collection_of(&name) {
            org_policy::collection(&on)
        } else if let Some(email) = name.strip_prefix("groups/")
            && crate::iam::address::is_email(email)
        {
            format!("groups/{}", email.to_lowercase())
        } else if name.ends_with("/locations/global/policyBindings")
            || name.contains("/principalAccessBoundaryPolicies/")
            || name.starts_with("roles/")
            || name.contains("/roles/")
            || is_pool(name.strip_suffix("/providers").unwrap_or(&name))
            || is_list_of(&name, "serviceAccounts")
            || is_list_of(&name, "services")
            || is_list_of(&name, "record")
        {
            name
        } else {
            return Err(not(
                &name,
                "a full resource name, policies/…/denypolicies, …/locations/global/policyBindings, organizations/N/policies (or folders, projects), groups/EMAIL, a role, projects/ID/serviceAccounts, projects/ID/services, or an identity pool's name (with /providers behind it: its providers)",
            ));
        };
        self.unreadable.insert(known);
        Ok(())
    }

    pub fn assumption(&mut self, name: String) -> Taken {
        let known = Assumption::OF_ESTATES;
        let Some(assumption) = known.into_iter().find(|a| a.name() == name) else {
            return Err(not(&name, &known.map(Assumption::name).join(" or ")));
        };
        self.assumptions.insert(assumption);
        Ok(())
    }

    /// A field that is almost one that decides would be kept and never looked at: it is refused, as
    /// is snake case. Not in exports, which nobody writes by hand.
    fn near(&self, extra: &Map<String, Value>, known: &[&str]) -> Taken {
        if self.at.asset {
            return Ok(());
        }
        let plain = |s: &str| s.replace(['_', '-'], "").to_lowercase();
        for field in extra.keys().filter(|f| !known.contains(&f.as_str())) {
            if let Some(meant) = known.iter().find(|k| {
                plain(k) == plain(field)
                    || (field.len() > 4
                        && strsim::damerau_levenshtein(&plain(k), &plain(field)) == 1)
            }) {
                return Err(format!("unknown field '{field}': did you mean '{meant}'?").into());
            }
        }
        Ok(())
    }
}

/// E-mail and project may stand in the name alone.
pub(super) fn sound(mut it: ServiceAccount) -> Result<ServiceAccount, Fault> {
    const FORM: &str = "projects/PROJECT/serviceAccounts/EMAIL";
    let Ok(Resource::ServiceAccount { project, account }) = Resource::parse(&it.name) else {
        return Err(not(&it.name, FORM));
    };
    it.settle_ids();
    if it.project_id.is_empty() && &*project != "-" {
        it.project_id = project.to_string();
    }
    if it.has_address() && !crate::iam::address::is_email(&it.email) {
        return Err(not(&it.email, "the account's e-mail address"));
    }
    if account.contains('@') && *account != *it.email.to_lowercase() {
        return Err(format!(
            "the name '{}' and the email '{}' are of two accounts: expected the same",
            it.name, it.email
        )
        .into());
    }
    named(&format!("projects/{}", it.project_id), FORM, |_| true)?;
    Ok(it)
}

pub(super) fn not(text: &str, expected: &str) -> Fault {
    let shown: String = text.chars().take(200).collect();
    format!("found '{shown}', expected {expected}").into()
}

fn named(name: &str, form: &str, right: impl Fn(&Resource) -> bool) -> Taken {
    match Resource::parse(name) {
        Ok(resource) if right(&resource) && !name.starts_with("//") => Ok(()),
        _ => Err(not(name, form)),
    }
}

/// `projects/ID/serviceAccounts`, `projects/ID/services`: which there are in a project.
fn is_list_of(name: &str, what: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", id, list] if !id.is_empty() && *list == what)
}

/// Whether a name is that of an identity pool.
fn is_pool(name: &str) -> bool {
    let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
    parent.ends_with("/workloadIdentityPools") || parent.ends_with("/workforcePools")
}

/// Whether a key's name and times are what they are to be.
fn sound_key(key: &ServiceAccountKey) -> Taken {
    match (key.parts(), key.unsound_time()) {
        (None, _) => Err(not(&key.name, "projects/P/serviceAccounts/E/keys/KEY")),
        (_, Some(time)) => Err(not(time, "a time as 2026-11-24T12:00:00Z")),
        _ => Ok(()),
    }
}
