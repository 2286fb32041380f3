//! What an export does not tell: kinds of facts of which it holds none, and things that it names without
//! telling them. None of it is absent; it is not known, or is taken for granted and said.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};

use super::super::{Estate, ServiceAccount};
use super::draft::Draft;
use super::kept::At;
use crate::estate::Assumption;
use crate::estate::policies::policy_bindings_of;
use crate::estate::records::is_number;
use crate::iam::{Member, Pool, Resource, ResourceKind, deny, org_policy};

const NOT_IN_EXPORT: &str = "it is not in the asset export";
const NO_POLICIES: &str = "the asset export holds no IAM policies";
const NONE_OF_KIND: &str = "the asset export holds no IAM policy of anything of its kind";
const NO_ORG_POLICIES: &str =
    "the asset export holds no organization policies (content type ORG_POLICY)";
const ABOVE_NOT_IN_EXPORT: &str = "the asset export does not hold everything above it";
const NOT_GIVEN: &str = "the files do not hold it";
const BY_ID: &str = "something is attached to a project that is named by its number, and this one is known by its id alone";
const CONDITIONAL: &str =
    "the asset export does not show organization policies that have conditions";
const NO_API_STATES: &str = "the asset export tells no state of an API of it";
const NO_ROLE: &str = "it is not in the asset export";
const NO_POOL: &str = "the asset export does not hold it";

/// What must be looked at before the draft is taken apart.
pub(super) struct ToldKinds {
    /// Numbers of projects that an estate file lists: what it leaves out of them is as the file says.
    by_file: HashSet<String>,
    /// An asset names an account or a project whose state no asset tells: data of an account has its unique
    /// id, data of a project its state (discovery documents iam v1 and cloudresourcemanager v1 and v3).
    stateless: bool,
    /// Something told which accounts there are: an asset with an account's own data, or an estate file that tells of
    /// all projects. Search results tell of those that were searched for.
    accounts_listed: bool,
    /// Accounts of assets, where not one asset of an account has a policy.
    without_policies: Vec<Resource>,
    /// Accounts that a single command printed, or Terraform holds: their own policies are told elsewhere, or
    /// nowhere.
    single: Vec<Resource>,
}

impl ToldKinds {
    pub fn of(draft: &Draft) -> Self {
        let listed = draft.projects.iter().filter(|(_, _, at)| !at.asset);
        let mut accounts = draft.accounts.iter();
        let single = draft.accounts.iter().filter(|(_, _, at)| at.single);
        let mut projects = draft.projects.iter();
        let whole = |a: &ServiceAccount| !a.unique_id.is_empty() && a.has_address();
        let mut listed_accounts = draft.accounts.iter();
        let unasked = draft.export.any_policy
            && !draft.export.tells_policies_of(ResourceKind::ServiceAccount);
        let of_assets = draft.accounts.iter();
        let of_assets = of_assets.filter(|(_, _, at)| at.asset && !at.single && unasked);
        Self {
            without_policies: of_assets
                .map(|(_, a, _)| Resource::account("-", &a.email))
                .collect(),
            accounts_listed: listed_accounts.any(|(_, a, at)| {
                at.asset && whole(a) && !draft.export.searched.contains(&at.source)
            }) || (draft.projects.iter().next().is_some()
                && draft
                    .projects
                    .iter()
                    .all(|(_, _, at)| !at.asset && !at.single)),
            single: single
                .map(|(_, a, _)| Resource::account("-", &a.email))
                .collect(),
            by_file: listed.map(|(number, _, _)| number.to_owned()).collect(),
            stateless: accounts.any(|(_, a, at)| at.asset && !whole(a))
                || projects.any(|(_, p, at)| at.asset && p.state.is_empty()),
        }
    }
}

/// Kinds of facts of which no file holds any.
pub(super) fn assume(estate: &mut Estate, draft: &Draft, told: &ToldKinds) {
    if draft.export.any {
        let none = [
            (!draft.says_deny, Assumption::NoDenyPoliciesInExport),
            (!draft.says_boundaries, Assumption::NoBoundariesInExport),
            (!draft.says_tags, Assumption::NoTagsInExport),
            (!told.accounts_listed, Assumption::NoAccountListInExport),
            (told.stateless, Assumption::NoAccountStatesInExport),
        ];
        for (_, assumption) in none.into_iter().filter(|(none, _)| *none) {
            estate.assume(assumption);
        }
    }
    let nothing = draft.export.empty_list && !draft.export.any && estate_is_bare(draft);
    if draft.export.part || nothing || draft.accounts.iter().any(|(_, a, _)| !a.has_address()) {
        estate.assume(Assumption::PartOfTheEstate);
    }
    if !draft.export.searched.is_empty() {
        estate.assume(Assumption::SearchResultsAreAll);
    }
}

/// Whether nothing was read of which anything could be told.
fn estate_is_bare(draft: &Draft) -> bool {
    let levels = (
        draft.organizations.iter().next(),
        draft.folders.iter().next(),
    );
    matches!(levels, (None, None))
        && draft.projects.iter().next().is_none()
        && draft.accounts.iter().next().is_none()
        && draft.policies.is_empty()
}

/// Marks what is named and not told.
pub(super) fn mark(
    estate: &mut Estate,
    draft: &Draft,
    judged: &HashMap<Resource, At>,
    told: &ToldKinds,
) {
    if !draft.export.any {
        return;
    }
    levels(estate, draft, judged, told);
    told_in_part(estate, draft, judged, told);
    org_policies(estate, draft);
    services(estate, told);
    roles(estate);
    pools(estate);
}

/// A project of an export with no asset of an API: which are on is not known.
fn services(estate: &mut Estate, told: &ToldKinds) {
    let silent = |p: &&crate::estate::Project| {
        !told.by_file.contains(p.number()) && estate.services(&p.project_id).is_none()
    };
    let silent: Vec<String> = estate
        .projects()
        .filter(silent)
        .map(|p| Estate::services_of(&p.project_id))
        .collect();
    for name in silent {
        estate.mark_unreadable(&name, NO_API_STATES);
    }
}

/// A custom role that is granted and not in the export may hold anything.
fn roles(estate: &mut Estate) {
    let custom = |name: &&std::sync::Arc<str>| !name.starts_with("roles/");
    let missing: Vec<String> = estate
        .role_names
        .iter()
        .filter(custom)
        .filter(|name| !estate.roles.contains_key(*name))
        .map(|name| name.to_string())
        .collect();
    for name in missing {
        estate.mark_unreadable(&name, NO_ROLE);
    }
}

/// A pool that is granted something and not in the export: whether it is on, and whom its providers let in.
fn pools(estate: &mut Estate) {
    let named: BTreeSet<String> = estate
        .members()
        .filter_map(|m| Member::pool(&m.member))
        .filter(|pool| !matches!(pool, Pool::Workload { pool, .. } if pool.contains('.')))
        .map(|pool| estate.with_number(&pool.path()))
        .collect();
    let mut missing = Vec::new();
    for name in named {
        let inside = format!("{name}/");
        let mut providers = estate.providers();
        if !providers.any(|p| estate.with_number(&p.name).starts_with(&inside)) {
            missing.push(format!("{name}/providers"));
        }
        if estate.pool(&name).is_none() {
            missing.push(name);
        }
    }
    for name in missing {
        estate.mark_unreadable(&name, NO_POOL);
    }
}

/// What an export did not list was not read: its policy is unknown, not empty.
fn levels(estate: &mut Estate, draft: &Draft, judged: &HashMap<Resource, At>, told: &ToldKinds) {
    let mut listed: HashSet<Resource> = HashSet::new();
    for level in &draft.export.listed {
        listed.extend(estate.resolve(level).exists());
    }
    let levels: Vec<Resource> = draft
        .export
        .above
        .iter()
        .flat_map(|(below, (above, _))| [below, above])
        .chain(&draft.export.listed)
        .filter_map(|level| estate.resolve(level).exists())
        .chain(
            draft
                .export
                .project_ids
                .values()
                .filter_map(|id| estate.resolve(&Resource::project(id)).exists()),
        )
        .collect();
    for level in levels {
        if judged.contains_key(&level) {
            continue;
        }
        if !draft.export.any_policy {
            estate.mark_unreadable(&level.full_name(), NO_POLICIES);
        } else if !listed.contains(&level) {
            estate.mark_unreadable(&level.full_name(), NOT_IN_EXPORT);
        } else if !draft.export.tells_policies_of(level.kind()) {
            estate.mark_unreadable(&level.full_name(), NONE_OF_KIND);
        }
    }
    for account in &told.without_policies {
        if let Some(account) = estate
            .resolve(account)
            .exists()
            .filter(|a| !judged.contains_key(a))
        {
            estate.mark_unreadable(&account.full_name(), NONE_OF_KIND);
        }
    }
    if !draft.export.any_policy {
        let accounts: Vec<Resource> = estate
            .accounts()
            .filter_map(|a| estate.resolve(&Resource::account("-", &a.email)).exists())
            .filter(|account| !judged.contains_key(account))
            .collect();
        for account in accounts {
            estate.mark_unreadable(&account.full_name(), NO_POLICIES);
        }
    }
}

/// What single commands printed, and what Terraform holds: a policy that none of it tells is not known, nor
/// what is attached to a project's number where its id alone is known.
fn told_in_part(
    estate: &mut Estate,
    draft: &Draft,
    judged: &HashMap<Resource, At>,
    told: &ToldKinds,
) {
    let mut listed: HashSet<Resource> = HashSet::new();
    for level in &draft.export.listed {
        listed.extend(estate.resolve(level).exists());
    }
    let levels = draft.export.told.iter().chain(&told.single);
    let levels: BTreeSet<Resource> = levels.filter_map(|l| estate.resolve(l).exists()).collect();
    for level in levels {
        if !judged.contains_key(&level) && !listed.contains(&level) {
            estate.mark_unreadable(&level.full_name(), NOT_GIVEN);
        }
    }
    let numbered = |name: &str, point: Option<Resource>| {
        let point = point.or_else(|| Resource::parse(name.split("/locations/").next()?).ok());
        matches!(point, Some(Resource::Project(p)) if is_number(&p) && estate.project(&p).is_none())
    };
    let denied = (estate.deny.values().flatten())
        .any(|policy| numbered(&policy.name, policy.attachment_point()));
    let bound = (estate.policy_bindings.values().flatten()).any(|b| numbered(&b.name, None));
    let alone: Vec<Resource> = (estate.projects())
        .filter(|p| !is_number(p.number()))
        .map(|p| Resource::project(&p.project_id))
        .collect();
    for project in alone {
        if denied {
            estate.mark_unreadable(&deny::collection(&project), BY_ID);
        }
        if bound {
            estate.mark_unreadable(&policy_bindings_of(&project), BY_ID);
        }
    }
}

/// Organization policies have a place in an export. Where it holds none, none was read; and what
/// counts on a resource is known only where all above it is in the export too.
fn org_policies(estate: &mut Estate, draft: &Draft) {
    if draft.says_org_policies {
        return;
    }
    let resolved = |list: &BTreeSet<Resource>| -> HashSet<Resource> {
        let found = list.iter().filter_map(|l| estate.resolve(l).exists());
        found.collect()
    };
    let listed = resolved(&draft.export.listed);
    let conditional = resolved(&draft.export.conditional);
    let levels: Vec<Resource> = estate.levels().collect();
    for level in levels {
        let ancestry = estate.ancestry(&level);
        let why = if !draft.export.any_org_policy {
            NO_ORG_POLICIES
        } else if ancestry.levels.iter().any(|l| !listed.contains(l)) {
            ABOVE_NOT_IN_EXPORT
        } else if ancestry.levels.iter().any(|l| conditional.contains(l)) {
            CONDITIONAL
        } else {
            continue;
        };
        estate.mark_unreadable(&org_policy::collection(&level), why);
    }
}
