//! One branch of the hierarchy: an account, its project, and what is above that.

use futures::future::try_join_all;

use super::hierarchy::Above;
use super::{Surveyor, Wanted};
use crate::estate::{Estate, ServiceAccount};
use crate::google::api::iam;
use crate::iam::Resource;
use crate::iam::owner::{self, project_of};
use crate::wire::ApiError;

/// What came of asking for an account.
enum Found {
    /// It is there, or may be: the project it is in, as far as that can be told, and the name its policy is
    /// kept under.
    There(Option<String>, Resource),
    /// It does not exist; the project it would be in, where that one's accounts could be listed.
    Gone(Option<String>),
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
}
