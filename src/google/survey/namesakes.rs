//! Accounts that may have been meant: those of the target's name in other projects (a grant on one of
//! these, and none on the target, is a mix-up that the branches alone do not show), and those whose
//! names are near to one that does not exist.

use super::branch::made_in;
use super::{Surveyor, side_by_side};
use crate::estate::ServiceAccount;
use crate::evaluate::{CauseKind, Question, diagnose, explain};
use crate::google::listing::{Scope, list_projects};
use crate::google::wire::{Api, ApiError, path_of};
use crate::iam::Resource;

/// More projects than this are not looked into: it is a hint, and costs a call each.
const PROJECTS_AT_MOST: usize = 200;

/// Letters by which a project's id may differ from one that was meant.
const TYPO: usize = 2;

impl Surveyor<'_> {
    /// Reads which accounts there are where one was looked for that does not exist: in its project, or
    /// in projects that are called nearly so. They are for "did you mean"; a refusal is none of its
    /// business. Gives its project where that one's accounts could be listed.
    pub(super) async fn neighbours(
        &self,
        account: &Resource,
        project: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let Some(project) = project.or_else(|| made_in(account.id())).map(str::to_owned) else {
            return Ok(None);
        };
        if !self.first(&format!("neighbours in {project}")) {
            return Ok(None);
        }
        if self.accounts_of(&project).await?.is_none() {
            return Ok(Some(project));
        }
        let label = format!("projects called nearly as {project}");
        let mut unlisted = Vec::new();
        let list = list_projects(self.ask, &Scope::Everything, &mut unlisted);
        let Ok(projects) = self.watch(&label, list).await? else {
            return Ok(None);
        };
        let near = projects
            .into_iter()
            .map(|p| p.project_id)
            .filter(|id| *id != project && strsim::damerau_levenshtein(id, &project) <= TYPO);
        side_by_side(near.map(|id| async move { self.accounts_of(&id).await }))
            .await
            .map(|_| None)
    }

    /// Looks for them where nothing that was read explains a refusal, and reads their policies.
    pub(super) async fn namesakes(&self, question: &Question) -> Result<(), ApiError> {
        if !self.nothing_explains(question) {
            return Ok(());
        }
        let found = self
            .known
            .with(|estate| estate.account(question.target.id()).cloned());
        let Some((name, own)) = found.and_then(|account| {
            let (name, domain) = account.email.split_once('@')?;
            // Accounts that Google made are called otherwise in each project.
            domain.strip_suffix(".iam.gserviceaccount.com")?;
            Some((name.to_owned(), account.project_id.clone()))
        }) else {
            return Ok(());
        };
        let label = "projects, for accounts of the same name";
        let mut unlisted = Vec::new();
        let list = list_projects(self.ask, &Scope::Everything, &mut unlisted);
        let Ok(projects) = self.watch(label, list).await? else {
            return Ok(());
        };
        let others = projects.iter().map(|p| p.project_id.clone());
        let others = others.filter(|id| *id != own).take(PROJECTS_AT_MOST);
        side_by_side(others.map(|id| self.namesake(id, name.clone())))
            .await
            .map(drop)
    }

    /// Whether the answer so far is a no for which there is no better reason than that nothing grants
    /// it.
    fn nothing_explains(&self, question: &Question) -> bool {
        let causes = self.known.with(|estate| {
            let explanation = explain(estate, question);
            diagnose(estate, &explanation)
        });
        !causes.is_empty()
            && causes
                .iter()
                .all(|c| matches!(c.kind, CauseKind::NoGrant | CauseKind::BrokenHop))
    }

    /// An account of that name there, with its policy. Hardly any project has one, so its absence is
    /// not reported.
    async fn namesake(&self, project: String, name: String) -> Result<(), ApiError> {
        let email = format!("{name}@{project}.iam.gserviceaccount.com");
        let account = Resource::account(&project, &email);
        let path = format!("v1/{}", path_of(&account));
        let read = match self.ask.get(Api::Iam, &path).await {
            Err(error) if error.is_fatal() => return Err(error),
            read => read,
        };
        let found = read
            .ok()
            .and_then(|v| serde_json::from_value::<ServiceAccount>(v).ok());
        let Some(found) = found.filter(|f| f.email.eq_ignore_ascii_case(&email)) else {
            return Ok(());
        };
        self.known.put(|estate| estate.put_account(found));
        self.policy(&account).await
    }
}
