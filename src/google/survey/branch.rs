//! One branch of the hierarchy: an account, its project, the folders and organization above, and
//! the policies on each.

use std::sync::{MutexGuard, PoisonError};

use futures::future::try_join_all;

use super::{Surveyor, Wanted, side_by_side};
use crate::estate::{Estate, Folder, Organization, Project, ServiceAccount};
use crate::google::api::{
    allow_policy, boundaries, deny_policies, iam, org_policy, resource_manager,
};
use crate::iam::owner::{self, project_of};
use crate::iam::{AllowPolicy, DenyPolicy, Resource, deny, org_policy as constraints};
use crate::wire::{ApiError, is_plain_name};

/// Folders nest ten deep; with organization and project this is more than enough.
const DEEPEST: usize = 16;

/// What came of asking for an account.
enum Found {
    /// It is there, or may be: the project it is in, as far as that can be told, and the name its policy is
    /// kept under.
    There(Option<String>, Resource),
    /// It does not exist; the project it would be in, where that one's accounts could be listed.
    Gone(Option<String>),
}

/// What is above a project.
enum Above {
    /// Folders and organization, from below.
    Told(Vec<Resource>),
    /// The parent; each level names the next.
    From(Resource),
    /// Nothing, or nothing that is known.
    Nothing,
}

/// The project that an account is in by its address, unless another was named.
fn likely_home(account: &Resource) -> Option<String> {
    let likely = project_of(account.id())?;
    match account {
        Resource::ServiceAccount { project, .. } if &**project != "-" && &**project != likely => {
            None
        }
        _ => Some(likely.to_owned()),
    }
}

fn is_number(project: &str) -> bool {
    project.bytes().all(|b| b.is_ascii_digit())
}

impl Surveyor<'_> {
    /// An account and everything above it. What its address tells is asked for side by side with itself.
    pub(super) async fn account_branch(
        &self,
        account: Resource,
        wanted: Wanted,
    ) -> Result<(), ApiError> {
        let Some(likely) = likely_home(&account) else {
            let found = self.account(&account).await?;
            return self.branch_of(&account, found, wanted).await;
        };
        let there = Resource::account(&likely, account.id());
        let itself = async {
            let found = self.account(&account).await?;
            match &found {
                Found::There(_, canonical) if *canonical != there => {
                    self.policy(canonical).await?;
                }
                _ => {}
            }
            Ok(found)
        };
        // Policies are kept under ids. That of what turns out not to be there says nothing.
        let policy = async {
            if is_number(&likely) {
                return Ok(None);
            }
            self.asked_policy(&there).await
        };
        let branch = self.project_branch(likely.clone(), wanted);
        let (found, policy, ()) = futures::try_join!(itself, policy, branch)?;
        let project = match &found {
            Found::There(project, canonical) => {
                if *canonical == there {
                    self.keep_policy(&there, policy);
                    self.policy(&there).await?;
                }
                project
            }
            Found::Gone(project) => project,
        };
        let was_read = match project {
            Some(project) => self.is_same_project(&likely, project),
            // Its address is all that tells.
            None => owner::of(account.id())
                .is_some_and(|owner| owner.resource == Resource::project(&likely)),
        };
        if was_read {
            return Ok(());
        }
        self.branch_of(&account, found, wanted).await
    }

    /// Whether a project, by id or number, is the one of that id.
    pub(super) fn is_same_project(&self, named: &str, id: &str) -> bool {
        let found = |estate: &Estate| estate.project(named).is_some_and(|p| p.project_id == id);
        named == id || self.known.with(found)
    }

    /// What is above an account, by what came of asking for it.
    async fn branch_of(
        &self,
        account: &Resource,
        found: Found,
        wanted: Wanted,
    ) -> Result<(), ApiError> {
        let (project, canonical) = match found {
            Found::There(Some(project), canonical) => (project, canonical),
            Found::There(None, canonical) => {
                let own = self.address_branch(account, wanted);
                // Google's own are read by nobody; their address says whose they are.
                if owner::of(account.id()).is_some_and(|owner| owner.agent) {
                    return own.await;
                }
                return futures::try_join!(self.policy(&canonical), own).map(drop);
            }
            // What was granted around it names it still, if it was there once.
            Found::Gone(Some(project)) => return self.project_branch(project, wanted).await,
            Found::Gone(None) => return self.address_branch(account, wanted).await,
        };
        futures::try_join!(
            self.policy(&canonical),
            self.project_branch(project, wanted)
        )?;
        Ok(())
    }

    /// What an account's address says is above it.
    async fn address_branch(&self, account: &Resource, wanted: Wanted) -> Result<(), ApiError> {
        match owner::of(account.id()).map(|owner| owner.resource) {
            Some(Resource::Project(project)) => {
                self.project_branch(project.to_string(), wanted).await
            }
            Some(level) => {
                let levels = self.levels_told(level).await?;
                let tasks = levels.iter().map(|level| self.level(level, wanted));
                try_join_all(tasks).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// Reads an account.
    async fn account(&self, account: &Resource) -> Result<Found, ApiError> {
        let label = format!("account {}", account.id());
        let answer = self.watch(&label, iam::account(self.ask, account)).await?;
        let error = match answer {
            Ok(found) => return Ok(self.keep_account(found)),
            Err(error) => error,
        };
        let named = match account {
            Resource::ServiceAccount { project, .. } if &**project != "-" => {
                Some(project.to_string())
            }
            _ => None,
        };
        if error.status() == Some(404) {
            self.missing([account.clone(), Resource::account("-", account.id())]);
            let home = self.neighbours(account, named.as_deref()).await?;
            return Ok(Found::Gone(home));
        }
        if named.is_some() {
            return Ok(Found::There(named, account.clone()));
        }
        // With the wildcard an account that does not exist answers 403 (discovery document iam v1,
        // `serviceAccounts.get`, `name`). Asked for in the project that its address was made for
        // (`NAME@PROJECT.iam.gserviceaccount.com`), the answer is definite.
        let Some(likely) = project_of(account.id()) else {
            return Ok(Found::There(None, account.clone()));
        };
        let there = Resource::account(likely, account.id());
        let label = format!("account {} in {likely}", account.id());
        match self.watch(&label, iam::account(self.ask, &there)).await? {
            Ok(found) => Ok(self.keep_account(found)),
            Err(error) if error.status() == Some(404) => {
                self.missing([account.clone(), there]);
                Ok(Found::Gone(self.neighbours(account, None).await?))
            }
            Err(_) => Ok(Found::There(Some(likely.to_owned()), there)),
        }
    }

    fn missing(&self, accounts: [Resource; 2]) {
        self.known
            .put(|estate| accounts.into_iter().for_each(|a| estate.put_missing(a)));
    }

    fn keep_account(&self, found: ServiceAccount) -> Found {
        let canonical = Resource::account(&found.project_id, &found.email);
        let project = found.project_id.clone();
        self.known.put(|estate| estate.put_account(found));
        Found::There(Some(project), canonical)
    }

    /// A project and everything above it.
    pub(super) async fn project_branch(
        &self,
        project: String,
        wanted: Wanted,
    ) -> Result<(), ApiError> {
        let constraint = async {
            match wanted.org_policy {
                Some(constraint) => self.org_policy(&project, constraint).await,
                None => Ok(()),
            }
        };
        // Policies are kept under ids.
        let own = async {
            if is_number(&project) {
                return Ok(());
            }
            self.level(&Resource::project(&project), wanted).await
        };
        let branch = async {
            let (here, above) = self.project_told(&project).await?;
            futures::try_join!(self.level(&here, wanted), self.above(above, wanted)).map(drop)
        };
        futures::try_join!(own, branch, constraint).map(drop)
    }

    /// The policies of what is above a project, side by side with its names where it is known.
    async fn above(&self, above: Above, wanted: Wanted) -> Result<(), ApiError> {
        let levels = match above {
            Above::Told(levels) => {
                let policies = levels.iter().map(|level| self.level(level, wanted));
                let names = self.containers(&levels);
                return futures::try_join!(names, try_join_all(policies)).map(drop);
            }
            Above::From(parent) => self.levels_above(parent).await?,
            Above::Nothing => return Ok(()),
        };
        let policies = levels.iter().map(|level| self.level(level, wanted));
        try_join_all(policies).await.map(drop)
    }

    /// What comes of a constraint's organization policies on a project.
    async fn org_policy(&self, project: &str, constraint: &str) -> Result<(), ApiError> {
        let on = Resource::project(project);
        let label = format!("organization policy {constraint} of {project}");
        // That this API gives no answer says nothing of the others: unknown, whatever went wrong.
        let read = async {
            let read = org_policy::effective(self.ask, &on, constraint).await;
            Ok(read.map_err(|error| error.why()))
        };
        let answer = self.watch(&label, read).await?;
        let answer = answer.map_err(|error| error.why()).and_then(|read| read);
        self.known.put(|estate| match answer {
            Ok(policy) => estate.put_effective_org_policy(on, constraint, policy),
            Err(why) => estate.mark_unreadable(&constraints::collection(&on), &why),
        });
        Ok(())
    }

    /// The policies of one level.
    async fn level(&self, level: &Resource, wanted: Wanted) -> Result<(), ApiError> {
        futures::try_join!(
            self.policy(level),
            async {
                if wanted.deny {
                    self.deny(level).await
                } else {
                    Ok(())
                }
            },
            async {
                if wanted.boundaries {
                    self.bindings(level).await
                } else {
                    Ok(())
                }
            }
        )?;
        Ok(())
    }

    /// The levels from a project up, put into the estate as far as they can be read.
    pub(super) async fn hierarchy(&self, project: &str) -> Result<Vec<Resource>, ApiError> {
        let (here, above) = self.project_told(project).await?;
        let mut levels = vec![here];
        match above {
            Above::Told(rest) => {
                self.containers(&rest).await?;
                levels.extend(rest);
            }
            Above::From(parent) => levels.extend(self.levels_above(parent).await?),
            Above::Nothing => {}
        }
        Ok(levels)
    }

    /// Reads a project, and which levels are above it.
    async fn project_told(&self, project: &str) -> Result<(Resource, Above), ApiError> {
        let (ancestry_label, label) = (
            format!("ancestry of {project}"),
            format!("project {project}"),
        );
        let (ancestry, own) = futures::try_join!(
            self.watch(
                &ancestry_label,
                resource_manager::ancestry(self.ask, project)
            ),
            self.watch(&label, resource_manager::project(self.ask, project))
        )?;
        // From the project up, the project itself first.
        let above = ancestry.ok();
        let id = own
            .as_ref()
            .ok()
            .map(|p| p.project_id.clone())
            .or_else(|| {
                let first = above.as_ref()?.first()?;
                matches!(first, Resource::Project(_)).then(|| first.id().to_owned())
            })
            .unwrap_or_else(|| project.to_owned());
        let here = Resource::project(&id);
        let parent = above
            .as_ref()
            .map(|levels| levels.get(1).map(Resource::relative).unwrap_or_default());
        let up = match own {
            Ok(own) => {
                let up = own.parent.clone();
                self.known.put(|estate| estate.put_project(own));
                up
            }
            // Known from its ancestry alone; nothing is known of it when that was refused too.
            Err(_) => match parent {
                Some(parent) => {
                    let project = Project {
                        name: here.relative(),
                        project_id: id.clone(),
                        parent: parent.clone(),
                        ..Project::default()
                    };
                    self.known.put(|estate| estate.put_project(project));
                    parent
                }
                None => return Ok((here, Above::Nothing)),
            },
        };
        let above = match above {
            Some(above) => Above::Told(above.into_iter().skip(1).collect()),
            None => Resource::parse(&up).map_or(Above::Nothing, Above::From),
        };
        Ok((here, above))
    }

    /// Folders and organizations of which each is in the next.
    async fn containers(&self, levels: &[Resource]) -> Result<(), ApiError> {
        let tasks = levels.iter().enumerate().map(|(i, level)| {
            let parent = levels.get(i + 1).map(Resource::relative);
            self.container(level, parent.unwrap_or_default())
        });
        try_join_all(tasks).await.map(drop)
    }

    /// A folder or organization and what is above it, step by step: each folder names its parent.
    pub(super) async fn levels_above(&self, level: Resource) -> Result<Vec<Resource>, ApiError> {
        let mut levels = Vec::new();
        let mut next = Some(level);
        while levels.len() < DEEPEST
            && let Some(level) = next.filter(|level| !levels.contains(level))
        {
            let up = self.container(&level, String::new()).await?;
            levels.push(level);
            next = Resource::parse(&up).ok();
        }
        Ok(levels)
    }

    /// A folder or organization, for its name, and for its parent where that is not known yet.
    async fn container(&self, level: &Resource, parent: String) -> Result<String, ApiError> {
        if !self.first(&level.full_name()) {
            let above = self.known.with(|estate| estate.parent(level));
            return Ok(above.map(|p| p.relative()).unwrap_or(parent));
        }
        let label = format!("{} {}", level.kind().word(), level.id());
        let name = level.relative();
        if let Resource::Organization(_) = level {
            let read = resource_manager::organization(self.ask, level);
            let read = self.watch(&label, read).await?;
            let organization = read.unwrap_or(Organization {
                name,
                ..Organization::default()
            });
            self.known
                .put(|estate| estate.put_organization(organization));
            return Ok(String::new());
        }
        let read = resource_manager::folder(self.ask, level);
        match self.watch(&label, read).await? {
            Ok(folder) => {
                let parent = folder.parent.clone();
                self.known.put(|estate| estate.put_folder(folder));
                Ok(parent)
            }
            Err(_) => {
                if !parent.is_empty() {
                    let folder = Folder {
                        name,
                        parent: parent.clone(),
                        ..Folder::default()
                    };
                    self.known.put(|estate| estate.put_folder(folder));
                }
                Ok(parent)
            }
        }
    }

    /// The allow policy of one level.
    pub(super) async fn policy(&self, resource: &Resource) -> Result<(), ApiError> {
        let read = self.asked_policy(resource).await?;
        self.keep_policy(resource, read);
        Ok(())
    }

    /// Asks for an allow policy; `None` where that was done before.
    async fn asked_policy(
        &self,
        resource: &Resource,
    ) -> Result<Option<Result<AllowPolicy, ApiError>>, ApiError> {
        if !self.first(&format!("policy {}", resource.full_name())) {
            return Ok(None);
        }
        let label = format!("policy of {}", resource.relative());
        let read = self.watch(&label, allow_policy(self.ask, resource));
        read.await.map(Some)
    }

    fn keep_policy(&self, of: &Resource, read: Option<Result<AllowPolicy, ApiError>>) {
        self.known.put(|estate| match read {
            Some(Ok(policy)) => estate.put_policy(of.clone(), policy),
            Some(Err(error)) => estate.mark_unreadable(&of.full_name(), &error.why()),
            None => {}
        });
    }

    /// The deny policies of one level: the list has no rules (discovery document iam v2,
    /// `listPolicies`: "policy rules are omitted"), so each is read on its own, by [`Self::deny_rules`]:
    /// until then it is not known what is denied here.
    async fn deny(&self, level: &Resource) -> Result<(), ApiError> {
        let collection = deny::collection(level);
        if !self.first(&collection) {
            return Ok(());
        }
        let label = format!("deny policies of {}", level.relative());
        let names = deny_policies::deny_policy_names(self.ask, level);
        let names = match self.watch(&label, names).await? {
            Ok(names) => names,
            Err(error) => {
                self.unreadable(&collection, &error.why());
                return Ok(());
            }
        };
        if names.is_empty() {
            self.known.put(|estate| estate.put_deny_read(level.clone()));
        } else {
            self.denying().push((level.clone(), names));
        }
        Ok(())
    }

    fn denying(&self) -> MutexGuard<'_, Vec<(Resource, Vec<String>)>> {
        self.denying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules of the deny policies that were listed since this was done last.
    pub(super) async fn deny_rules(&self) -> Result<(), ApiError> {
        let listed = std::mem::take(&mut *self.denying());
        let levels = listed.iter().map(|(level, names)| async move {
            let read = try_join_all(names.iter().map(|name| self.deny_policy(name))).await?;
            let collection = deny::collection(level);
            self.known.put(|estate| {
                for policy in read {
                    match policy {
                        Ok(policy) => {
                            if !estate.put_deny_policy(policy) {
                                let why = "a policy has a name of another form";
                                estate.mark_unreadable(&collection, why);
                            }
                        }
                        Err(why) => estate.mark_unreadable(&collection, &why),
                    }
                }
                estate.put_deny_read(level.clone());
            });
            Ok::<_, ApiError>(())
        });
        side_by_side(levels).await.map(drop)
    }

    async fn deny_policy(&self, name: &str) -> Result<Result<DenyPolicy, String>, ApiError> {
        if !is_plain_name(name) {
            return Ok(Err("a deny policy has a name of another form".into()));
        }
        let label = format!("deny policy {}", name.rsplit('/').next().unwrap_or(name));
        let read = self
            .watch(&label, deny_policies::deny_policy(self.ask, name))
            .await?;
        Ok(read.map_err(|error| error.why()))
    }

    /// The boundary bindings of one level (IAM v3, `policyBindings.list`).
    pub(super) async fn bindings(&self, level: &Resource) -> Result<(), ApiError> {
        let collection = format!("{}/locations/global/policyBindings", level.relative());
        if !self.first(&collection) {
            return Ok(());
        }
        let label = format!("boundaries bound at {}", level.relative());
        let list = boundaries::policy_bindings(self.ask, level);
        let answer = self.watch(&label, list).await?;
        self.known.put(|estate| match answer {
            Ok(list) => {
                estate.put_policy_bindings_read(level);
                for binding in list {
                    estate.put_policy_binding(binding);
                }
            }
            Err(error) => estate.mark_unreadable(&collection, &error.why()),
        });
        Ok(())
    }
}
