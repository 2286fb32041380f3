//! What is known of an organization, and what is known to be unknown.
//!
//! An [`Estate`] is plain data with indices: filled from an estate file, an asset export, or a survey
//! of live Google Cloud, then only read. Members and roles are shared, so that a million bindings fit.

mod assumption;
pub mod file;
mod given;
pub mod hierarchy;
pub mod index;
mod members;
pub mod org_policies;
pub mod policies;
mod puts;
pub mod records;
mod shared;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use hashbrown::{HashMap, HashSet};

use crate::iam::{
    AllowPolicy, BoundaryPolicy, DenyPolicy, OrgPolicy, PolicyBinding, PolicyMember, Resource, Role,
};

use shared::SharedMap;
use stored::{
    Layered, StoredAccounts, StoredGroups, StoredIds, StoredMembers, StoredNumbers, StoredPolicies,
    StoredProjects,
};

pub use assumption::Assumption;
pub use given::NOT_GIVEN;
pub use hierarchy::{Ancestry, Existence};
pub use records::{
    Folder, Group, IdentityPool, Organization, PolicyInsight, Project, Provider, Read,
    ServiceAccount, ServiceAccountKey, Tag,
};

/// What a missing entry means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// Everything there is stands in the estate: what is missing does not exist or is empty
    /// (an estate file).
    #[default]
    Whole,
    /// Only what was asked for was read: what is missing is unknown (a survey of live Google Cloud).
    Partial,
    /// All that is in it was looked into: what is missing of its organizations, folders, projects and accounts is
    /// empty, and of what else there may be nothing is known (a survey of all that a file holds).
    Listed,
}

/// What an organization policy is on one resource, by constraint.
pub(crate) type ByConstraint<T> = BTreeMap<Arc<str>, T>;

/// Things by name, in the order of the names.
type SortedThings<T> = Arc<BTreeMap<Arc<str>, T>>;
/// Things by name.
type NamedThings<T> = Arc<HashMap<Arc<str>, T>>;
/// Projects by id.
pub(crate) type ProjectsById = Layered<SortedThings<Project>, StoredProjects>;

/// Keys by their account's lower-case e-mail.
pub type KeysByAccount = Arc<BTreeMap<Arc<str>, Vec<ServiceAccountKey>>>;

/// The numbers of the organizations of a domain, or why none is known.
pub(crate) type OrganizationsOf = Result<Vec<Arc<str>>, Arc<str>>;

/// An organization as far as it is known. A clone shares what is not changed afterwards.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    pub(crate) coverage: Coverage,
    pub(crate) organizations: Arc<BTreeMap<Arc<str>, Organization>>,
    pub(crate) folders: Arc<BTreeMap<Arc<str>, Folder>>,
    pub(crate) projects: ProjectsById,
    /// Project number to id.
    pub(crate) numbers: Layered<NamedThings<Arc<str>>, StoredNumbers>,
    /// By lower-case e-mail.
    pub(crate) accounts: Layered<SortedThings<Arc<ServiceAccount>>, StoredAccounts>,
    /// Unique id to e-mail.
    pub(crate) unique_ids: Layered<NamedThings<Arc<str>>, StoredIds>,
    /// Accounts that were deleted, by lower-case e-mail: one address may have had several.
    pub(crate) deleted_accounts: Arc<BTreeMap<Arc<str>, Vec<Arc<ServiceAccount>>>>,
    /// By their account; of an account that is not in it none is known, nor that there is
    /// none.
    pub(crate) keys: KeysByAccount,
    /// What Google saw of the use of roles, as it was given; sorted by name.
    pub(crate) insights: Arc<Vec<PolicyInsight>>,
    /// Resources that were asked for and are not there (survey).
    pub(crate) missing: Arc<HashSet<Resource>>,
    /// Roles that were asked for and are not there (survey).
    pub(crate) missing_roles: Arc<BTreeSet<String>>,
    /// Identity pools that were asked for and are not there (survey).
    pub(crate) missing_pools: Arc<BTreeSet<String>>,
    pub(crate) allow: Layered<SharedMap<Resource, Arc<AllowPolicy>>, StoredPolicies>,
    /// Resources of whose allow policy a part is known (canonical names).
    pub(crate) partly: Arc<BTreeSet<Resource>>,
    pub(crate) deny: Arc<HashMap<Resource, Vec<Arc<DenyPolicy>>>>,
    pub(crate) boundaries: Arc<BTreeMap<Arc<str>, Arc<BoundaryPolicy>>>,
    /// By parent collection, `organizations/1/locations/global/policyBindings`.
    pub(crate) policy_bindings: Arc<BTreeMap<Arc<str>, Vec<Arc<PolicyBinding>>>>,
    /// By where they are set (canonical name), then by constraint; `None`: it was looked for, and
    /// is not set there.
    pub(crate) org_policies: Arc<BTreeMap<Resource, ByConstraint<Option<Arc<OrgPolicy>>>>>,
    /// What Google says that comes of them on a resource, by constraint.
    pub(crate) effective_org_policies: Arc<BTreeMap<Resource, ByConstraint<Arc<OrgPolicy>>>>,
    pub(crate) roles: Arc<HashMap<Arc<str>, Arc<Role>>>,
    pub(crate) groups: Layered<NamedThings<Arc<index::GroupMembers>>, StoredGroups>,
    pub(crate) tags: Arc<HashMap<Resource, Vec<Tag>>>,
    /// Project id to enabled services.
    pub(crate) services: Arc<HashMap<Arc<str>, BTreeSet<String>>>,
    pub(crate) pools: Arc<BTreeMap<Arc<str>, Arc<IdentityPool>>>,
    pub(crate) providers: Arc<BTreeMap<Arc<str>, Arc<Provider>>>,
    /// What exists and may not be read, by the names of the estate file, with why.
    pub(crate) unreadable: Arc<BTreeMap<String, Arc<str>>>,
    /// The files that its facts come from, where they come from such.
    pub(crate) given: Option<given::FilesGiven>,
    /// Domains whose organization was asked for: the organizations' numbers, or why none is known.
    pub(crate) domains: Arc<BTreeMap<String, OrganizationsOf>>,
    /// Whether nothing is outside of it: who belongs nowhere in it is bound by nothing.
    pub(crate) all_there_is: bool,
    /// What every answer from this estate takes for granted.
    pub(crate) assumptions: Arc<BTreeSet<Assumption>>,
    /// Members seen in allow policies to where they stand; made when it is first asked for: most answers need it not,
    /// and it is a third of what a large estate would hold. Of policies in a file (`allow`) it is not made.
    pub(crate) by_member: OnceLock<index::PlacesOfMembers>,
    /// The same of members whose policies were changed, where policies are in a file.
    pub(crate) moved: index::PlacesOfMembers,
    /// Each member once, by its text.
    pub(crate) interned: Layered<SharedMap<Arc<str>, Arc<PolicyMember>>, StoredMembers>,
    /// Names of roles in allow policies, each once in memory.
    pub(crate) role_names: Arc<HashSet<Arc<str>>>,
}

impl Estate {
    /// An empty estate.
    #[must_use]
    pub fn new(coverage: Coverage) -> Self {
        Self {
            coverage,
            ..Self::default()
        }
    }

    /// What a missing entry means here.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Whether what the estate does not hold of a resource (canonical name) is empty, and not unknown.
    pub(crate) fn is_told_of(&self, resource: &Resource) -> bool {
        match self.coverage {
            Coverage::Whole => true,
            Coverage::Partial => false,
            Coverage::Listed => match resource {
                Resource::Organization(number) => self.organizations.contains_key(number),
                Resource::Folder(number) => self.folders.contains_key(number),
                Resource::Project(id) => self.projects.contains_key(id),
                Resource::ServiceAccount { account, .. } => self.accounts.contains_key(account),
            },
        }
    }

    /// What every answer from this estate takes for granted.
    pub fn assumptions(&self) -> impl Iterator<Item = Assumption> {
        self.assumptions.iter().copied()
    }

    /// Whether an answer takes this for granted.
    #[must_use]
    pub fn assumes(&self, what: Assumption) -> bool {
        self.assumptions.contains(&what)
    }

    /// Whether it is known to be a part: what is not in it may be there, and no list made of it is all.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.why_part().is_some()
    }

    /// What it is a part for, as far as it is known to be one.
    #[must_use]
    pub fn why_part(&self) -> Option<Assumption> {
        Assumption::OF_PARTS
            .into_iter()
            .find(|part| self.assumes(*part))
    }

    /// Whether no deny policy is taken to stand where nothing is known: what the files could hold of them is read.
    #[must_use]
    pub fn assumes_no_other_deny(&self) -> bool {
        self.assumes(Assumption::NoDenyPoliciesInExport)
            || self.assumes(Assumption::PartOfTheEstate)
    }

    /// Adds to [`Self::assumptions`].
    pub fn assume(&mut self, what: Assumption) {
        Arc::make_mut(&mut self.assumptions).insert(what);
    }

    /// The name under which the list of a project's accounts stands among what may not be read.
    #[must_use]
    pub fn accounts_of(project: &str) -> String {
        format!("projects/{project}/serviceAccounts")
    }

    /// The name under which the state of a project's APIs stands among what may not be read.
    #[must_use]
    pub fn services_of(project: &str) -> String {
        format!("projects/{project}/services")
    }

    /// Marks something that exists and may not be read, by its name in the estate file's
    /// `unreadable` list; `why` is for people.
    pub fn mark_unreadable(&mut self, name: &str, why: &str) {
        // It stands inside of sentences that end by themselves.
        let why = why.trim_end().trim_end_matches('.');
        Arc::make_mut(&mut self.unreadable).insert(name.to_owned(), why.into());
    }

    /// What exists and may not be read, with why.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unreadable
            .iter()
            .map(|(name, why)| (name.as_str(), &**why))
    }

    /// The same estate with nothing marked unreadable, and nothing outside of it: what a judge sees that
    /// knows all of it.
    #[must_use]
    pub fn without_unreadable(mut self) -> Self {
        self.unreadable = Arc::default();
        self.all_there_is = true;
        self
    }

    /// Whether nothing is outside of it. A file is silent about the organizations that are not in it; the
    /// emulator, whose world it is, knows that there are none.
    #[must_use]
    pub fn is_all_there_is(&self) -> bool {
        self.all_there_is
    }

    /// Why `name` is not readable, when it is not.
    pub(crate) fn why_unreadable(&self, name: &str) -> Option<Arc<str>> {
        self.unreadable.get(name).cloned()
    }

    pub(crate) fn not_fetched(&self) -> Arc<str> {
        "was not read".into()
    }
}
