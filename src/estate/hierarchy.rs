//! Organizations, folders, projects and accounts, and the way from an account up.

use std::sync::Arc;

use super::records::is_number;
use super::stored::Layered;
use super::{
    Assumption, Coverage, Estate, Folder, KeysByAccount, Organization, PolicyInsight, Project,
    ServiceAccount, ServiceAccountKey,
};
use crate::iam::{Principal, Resource, ResourceKind, address, owner};

/// The way up from a resource, nearest first, the resource itself included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestry {
    /// The levels.
    pub levels: Vec<Resource>,
    /// Whether the top was reached: an organization, or a project known to stand alone. If not,
    /// there may be levels above that nobody here has seen.
    pub complete: bool,
}

/// Whether something is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existence<T> {
    /// It is.
    Exists(T),
    /// It was and is deleted.
    Deleted,
    /// It is not.
    Missing,
    /// Nobody here can tell; why.
    Unknown(Arc<str>),
}

impl<T> Existence<T> {
    /// The thing, when it is there.
    pub fn exists(self) -> Option<T> {
        match self {
            Self::Exists(t) => Some(t),
            _ => None,
        }
    }
}

/// Why nobody can tell whether something is there that is not in the estate.
const PART: &str = "the files hold a part of the estate";
const SEARCHED: &str = "the file holds what a search found, which may have left it out";
const NO_LIST: &str = "the export holds no list of accounts";

/// Longer chains than Google allows (folders nest ten deep) are cycles in a damaged file.
pub(crate) const DEEPEST: usize = 64;

impl Estate {
    /// Adds or replaces an organization.
    pub fn put_organization(&mut self, organization: Organization) {
        let number = last(&organization.name);
        Arc::make_mut(&mut self.organizations).insert(number, organization);
    }

    /// Adds or replaces a folder.
    pub fn put_folder(&mut self, folder: Folder) {
        let number = last(&folder.name);
        Arc::make_mut(&mut self.folders).insert(number, folder);
    }

    /// Adds or replaces a project.
    pub fn put_project(&mut self, project: Project) {
        let id: Arc<str> = project.project_id.as_str().into();
        self.numbers
            .insert(project.number().into(), Arc::clone(&id));
        self.projects.insert(id, project);
    }

    /// Adds or replaces a service account.
    pub fn put_account(&mut self, account: ServiceAccount) {
        let email: Arc<str> = account.email.to_lowercase().into();
        if !account.unique_id.is_empty() {
            let id = account.unique_id.as_str().into();
            self.unique_ids.insert(id, Arc::clone(&email));
        }
        if self.deleted_accounts.contains_key(&email) {
            self.forget_deleted(&email, &account.unique_id);
        }
        self.accounts.insert(email, Arc::new(account));
    }

    /// Adds many service accounts, each once.
    pub(super) fn put_accounts(&mut self, all: impl Iterator<Item = ServiceAccount>) {
        if !self.accounts.is_empty() || !self.deleted_accounts.is_empty() {
            all.for_each(|account| self.put_account(account));
            return;
        }
        let ids = &mut self.unique_ids;
        let accounts = all.map(|account| {
            let email: Arc<str> = account.email.to_lowercase().into();
            if !account.unique_id.is_empty() {
                ids.insert(account.unique_id.as_str().into(), Arc::clone(&email));
            }
            (email, Arc::new(account))
        });
        self.accounts = Layered::of(Arc::new(accounts.collect()));
    }

    /// An account of that id is there (again); one made anew under the address of a deleted one is another.
    fn forget_deleted(&mut self, email: &Arc<str>, id: &str) {
        let deleted = Arc::make_mut(&mut self.deleted_accounts);
        if let Some(known) = deleted.get_mut(email) {
            known.retain(|d| !d.unique_id.is_empty() && d.unique_id != id);
            if known.is_empty() {
                deleted.remove(email);
            }
        }
    }

    /// Remembers an account that was deleted; `deleteTime` among its fields says when, where it is known.
    pub fn put_deleted(&mut self, account: ServiceAccount) {
        let email: Arc<str> = account.email.to_lowercase().into();
        let known = Arc::make_mut(&mut self.deleted_accounts)
            .entry(email)
            .or_default();
        known.retain(|d| d.unique_id != account.unique_id);
        known.push(Arc::new(account));
    }

    /// Takes an account out of what is known.
    pub(crate) fn forget_account(&mut self, email: &str) {
        if let Some(account) = self.accounts.remove(email) {
            self.unique_ids.remove(account.unique_id.as_str());
        }
    }

    /// Takes an account away and remembers that it was there.
    pub fn delete_account(&mut self, email: &str) -> Option<Arc<ServiceAccount>> {
        let email = email.to_lowercase();
        let account = self.accounts.remove(email.as_str())?;
        self.unique_ids.remove(account.unique_id.as_str());
        self.put_deleted(ServiceAccount::clone(&account));
        Some(account)
    }

    /// Remembers that something asked for is not there.
    pub fn put_missing(&mut self, resource: Resource) {
        Arc::make_mut(&mut self.missing).insert(resource);
    }

    /// All organizations, by number.
    pub fn organizations(&self) -> impl Iterator<Item = &Organization> {
        self.organizations.values()
    }

    /// All folders, by number.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        self.folders.values()
    }

    /// All projects, by id.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }

    /// All organizations, folders and projects.
    pub fn levels(&self) -> impl Iterator<Item = Resource> {
        let organizations = self.organizations().map(|o| o.name.clone());
        let folders = self.folders().map(|f| f.name.clone());
        let projects = self
            .projects()
            .map(|p| format!("projects/{}", p.project_id));
        let names = organizations.chain(folders).chain(projects);
        names.filter_map(|name| Resource::parse(&name).ok())
    }

    /// The id of the account's project, where the account's record may have its number.
    #[must_use]
    pub fn project_id_of<'a>(&'a self, account: &'a ServiceAccount) -> &'a str {
        self.project(&account.project_id)
            .map_or(account.project_id.as_str(), |p| p.project_id.as_str())
    }

    /// All service accounts, by e-mail.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<ServiceAccount>> {
        self.accounts.values()
    }

    /// The accounts of a project (id) where most accounts lie in a file and are not made for it; `None` where all are in
    /// memory.
    pub(crate) fn stored_accounts_of(&self, project: &str) -> Option<Vec<&Arc<ServiceAccount>>> {
        let stored = self.accounts.stored()?;
        // Most records name a project by its id, and that of another is not looked up further.
        let is_it = |named: &str| {
            named == project
                || (!self.projects.contains_key(named) && self.is_named(project, named))
        };
        let some = self.accounts.some(stored.of_projects(is_it));
        let own = some.filter(|(_, account)| self.project_id_of(account) == project);
        Some(own.map(|(_, account)| account).collect())
    }

    fn is_named(&self, project: &str, named: &str) -> bool {
        self.project(named).is_some_and(|p| p.project_id == project)
    }

    /// The organization of that number.
    #[must_use]
    pub fn organization(&self, number: &str) -> Option<&Organization> {
        self.organizations.get(number)
    }

    /// The folder of that number.
    #[must_use]
    pub fn folder(&self, number: &str) -> Option<&Folder> {
        self.folders.get(number)
    }

    /// The project of that id or number.
    #[must_use]
    pub fn project(&self, id_or_number: &str) -> Option<&Project> {
        self.projects
            .get(id_or_number)
            .or_else(|| self.projects.get(self.numbers.get(id_or_number)?))
    }

    /// The account of that e-mail (any case) or unique id.
    #[must_use]
    pub fn account(&self, email_or_id: &str) -> Option<&Arc<ServiceAccount>> {
        self.accounts.get(email_or_id).or_else(|| {
            self.accounts
                .get(email_or_id.to_lowercase().as_str())
                .or_else(|| self.accounts.get(self.unique_ids.get(email_or_id)?))
        })
    }

    /// What Google saw of the use of roles.
    pub fn insights(&self) -> impl Iterator<Item = &PolicyInsight> {
        self.insights.iter()
    }

    /// What Google saw of the use of roles, whole.
    #[must_use]
    pub fn all_insights(&self) -> Arc<Vec<PolicyInsight>> {
        Arc::clone(&self.insights)
    }

    /// The keys of all accounts of which they are known.
    #[must_use]
    pub fn all_keys(&self) -> KeysByAccount {
        Arc::clone(&self.keys)
    }

    /// The keys of an account (e-mail); `None`: they are not known.
    #[must_use]
    pub fn keys_of(&self, email: &str) -> Option<&[ServiceAccountKey]> {
        let known = self.keys.get(email);
        let known = known.or_else(|| self.keys.get(&*email.to_lowercase()));
        known.map(Vec::as_slice)
    }

    /// Accounts known to be deleted, by e-mail, of one address in the order in which they were learnt of.
    pub fn deleted_accounts(&self) -> impl Iterator<Item = &Arc<ServiceAccount>> {
        self.deleted_accounts.values().flatten()
    }

    /// The deleted account of that e-mail (the last that is known) or unique id.
    #[must_use]
    pub fn deleted_account(&self, email_or_id: &str) -> Option<&Arc<ServiceAccount>> {
        if self.deleted_accounts.is_empty() {
            return None;
        }
        let by_email = self
            .deleted_accounts
            .get(email_or_id.to_lowercase().as_str());
        by_email.and_then(|known| known.last()).or_else(|| {
            let digits = email_or_id.bytes().all(|b| b.is_ascii_digit());
            digits
                .then(|| self.deleted_accounts())?
                .find(|d| d.unique_id == email_or_id)
        })
    }

    /// Settles which resource is meant, in canonical form: project id, e-mail in lower case.
    ///
    /// An account named with a project that does not own it is missing, as Google answers 404 for it.
    #[must_use]
    pub fn resolve(&self, resource: &Resource) -> Existence<Resource> {
        let found = match resource {
            Resource::Organization(n) => {
                self.organizations.contains_key(n).then(|| resource.clone())
            }
            Resource::Folder(n) => self.folders.contains_key(n).then(|| resource.clone()),
            Resource::Project(p) => self.project(p).map(|p| Resource::project(&p.project_id)),
            Resource::ServiceAccount { project, account } => {
                if self.is_deleted(account) {
                    return Existence::Deleted;
                }
                self.account(account).and_then(|found| {
                    let owner = self
                        .project(&found.project_id)
                        .map_or(&*found.project_id, |p| &p.project_id);
                    let same = &**project == "-"
                        || **project == *owner
                        || self.project(project).is_some_and(|p| p.project_id == owner);
                    same.then(|| Resource::account(owner, &found.email))
                })
            }
        };
        match found {
            Some(resource) => Existence::Exists(resource),
            None if let Some(why) = self.accounts_unread(resource) => Existence::Unknown(why),
            None if let Some(why) = self.left_out(resource) => Existence::Unknown(why.into()),
            None if self.coverage == Coverage::Whole || self.missing.contains(resource) => {
                Existence::Missing
            }
            None => Existence::Unknown(self.not_fetched()),
        }
    }

    /// Why something that the estate does not hold may be there all the same. An account that is known, and was named
    /// with a project that it is not of, is not there.
    fn left_out(&self, resource: &Resource) -> Option<&'static str> {
        let of_another = matches!(resource, Resource::ServiceAccount { account, .. }
            if self.account(account).is_some());
        match self.why_part().filter(|_| !of_another)? {
            Assumption::SearchResultsAreAll => Some(SEARCHED),
            Assumption::NoAccountListInExport => Some(NO_LIST),
            _ => Some(PART),
        }
    }

    /// Why it is not known which accounts there are in the project that an account is of.
    fn accounts_unread(&self, account: &Resource) -> Option<Arc<str>> {
        let Resource::ServiceAccount { project, account } = account else {
            return None;
        };
        let named = if &**project == "-" {
            owner::project_of(account)?
        } else {
            project
        };
        let id = self.project(named).map_or(named, |p| &p.project_id);
        self.unreadable.get(&Self::accounts_of(id)).cloned()
    }

    /// By e-mail in lower case or unique id. An account made anew under the same address has another id.
    pub(crate) fn is_deleted(&self, account: &str) -> bool {
        self.deleted_account(account).is_some()
            && !self.accounts.contains_key(account)
            && !self.unique_ids.contains_key(account)
    }

    /// The resource right above, `None` at the top. For canonical names.
    #[must_use]
    pub fn parent(&self, resource: &Resource) -> Option<Resource> {
        let parent = match resource {
            Resource::Organization(_) => return None,
            Resource::Folder(n) => &self.folders.get(n)?.parent,
            Resource::Project(p) => &self.project(p)?.parent,
            Resource::ServiceAccount { project, .. } => {
                return Some(self.project(project).map_or_else(
                    || Resource::Project(Arc::clone(project)),
                    |p| Resource::project(&p.project_id),
                ));
            }
        };
        Resource::parse(parent).ok()
    }

    /// The way up, nearest first. Never loops, whatever a file says.
    #[must_use]
    pub fn ancestry(&self, resource: &Resource) -> Ancestry {
        let mut levels = vec![resource.clone()];
        let mut at = resource.clone();
        while let Some(parent) = self.parent(&at) {
            if levels.len() >= DEEPEST || levels.contains(&parent) {
                return Ancestry {
                    levels,
                    complete: false,
                };
            }
            levels.push(parent.clone());
            at = parent;
        }
        let complete = match &at {
            Resource::Organization(_) => true,
            Resource::Project(p) => self
                .project(p)
                .is_some_and(|p| p.parent.is_empty() && !self.is_known_by_name(p)),
            _ => false,
        };
        Ancestry { levels, complete }
    }

    /// The name under which it stands among what may not be read that a project is known by its id alone:
    /// its number is not, nor, where it has no parent, what lies above it.
    #[must_use]
    pub fn record_of(project: &str) -> String {
        format!("projects/{project}/record")
    }

    /// Whether no more than a name of the project is known.
    fn is_known_by_name(&self, project: &Project) -> bool {
        !self.unreadable.is_empty()
            && (self.unreadable).contains_key(&Self::record_of(&project.project_id))
    }

    /// Whether one project is named by its id and the other by its number, and nobody here can tell whether
    /// they are the same.
    fn may_be_same(&self, one: &Resource, other: &Resource) -> bool {
        let (Resource::Project(one), Resource::Project(other)) = (one, other) else {
            return false;
        };
        let half = |id: &str| (self.project(id)).is_none_or(|p| p.number() == p.project_id);
        is_number(one) != is_number(other) && half(one) && half(other)
    }

    /// Whether `below` is `above` or lies below it; `None` when the way up is not known to its end.
    #[must_use]
    pub fn lies_in(&self, below: &Resource, above: &Resource) -> Option<bool> {
        let above = match self.resolve(above) {
            Existence::Exists(r) => r,
            _ => above.clone(),
        };
        let ancestry = self.ancestry(below);
        if ancestry.levels.contains(&above) {
            return Some(true);
        }
        if (ancestry.levels.iter()).any(|level| self.may_be_same(level, &above)) {
            return None;
        }
        // A project or account can only lie above what names it, so no missing level can add one.
        let settled = ancestry.complete
            || matches!(above.kind(), ResourceKind::ServiceAccount)
            || (above.kind() == ResourceKind::Project
                && ancestry
                    .levels
                    .iter()
                    .any(|l| l.kind() == ResourceKind::Project));
        settled.then_some(false)
    }

    /// The project a principal lives in, when it is a service account that is known.
    #[must_use]
    pub fn home(&self, principal: &Principal) -> Option<&Project> {
        let Principal::ServiceAccount(email) = principal else {
            return None;
        };
        self.account(email)
            .and_then(|a| self.project(&a.project_id))
    }

    /// The name for people: display name, project id, e-mail; the number when nothing better is known.
    #[must_use]
    pub fn label(&self, resource: &Resource) -> String {
        let given = match resource {
            Resource::Organization(n) => self.organizations.get(n).map(|o| o.display_name.clone()),
            Resource::Folder(n) => self.folders.get(n).map(|f| f.display_name.clone()),
            Resource::Project(_) => None,
            Resource::ServiceAccount { account, .. } => Some(address::short(account).to_owned()),
        };
        given
            .filter(|g| !g.is_empty())
            .unwrap_or_else(|| match resource {
                Resource::Project(p) => p.to_string(),
                other => other.relative(),
            })
    }
}

fn last(name: &str) -> Arc<str> {
    name.rsplit('/').next().unwrap_or(name).into()
}
