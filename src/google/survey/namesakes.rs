//! What may have been meant: accounts whose names are near to one that does not exist; and, where nothing
//! on the two branches explains a refusal, places elsewhere at which the caller was granted what it lacks:
//! accounts of the target's name in other projects, other accounts of its project, other projects.

use super::{Surveyor, side_by_side};
use crate::evaluate::{CauseKind, Outcome, Question, diagnose, explain};
use crate::google::api::{allow_policy, iam};
use crate::google::listing::{Scope, list_projects};
use crate::iam::owner::project_of;
use crate::iam::{Member, Principal, Resource};
use crate::wire::ApiError;

/// More projects than this are not looked into: it is a hint, and costs a call each.
const PROJECTS_AT_MOST: usize = 200;

/// More accounts beside the target than this are not looked into.
const ACCOUNTS_AT_MOST: usize = 100;

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
        let Some(project) = project
            .or_else(|| project_of(account.id()))
            .map(str::to_owned)
        else {
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

    /// Looks for grants that were made elsewhere, where nothing that was read explains a refusal better: on
    /// accounts of the target's name in other projects, on other accounts of its project, and on other
    /// projects as a whole.
    pub(super) async fn namesakes(&self, question: &Question) -> Result<(), ApiError> {
        if !self.nothing_explains(question) {
            return Ok(());
        }
        let target = self
            .known
            .with(|estate| estate.account(question.target.id()).cloned());
        let own = target.as_ref().map(|t| t.project_id.clone());
        // Accounts that Google made are called otherwise in each project.
        let name = target.as_ref().and_then(|t| {
            let (name, domain) = t.email.split_once('@')?;
            domain.strip_suffix(".iam.gserviceaccount.com")?;
            Some(name.to_owned())
        });
        let label = "projects, for grants that were made elsewhere";
        let mut unlisted = Vec::new();
        let list = list_projects(self.ask, &Scope::Everything, &mut unlisted);
        let beside = async {
            match &own {
                Some(own) => self.accounts_beside(question, own).await,
                None => Ok(()),
            }
        };
        let (projects, ()) = futures::try_join!(self.watch(label, list), beside)?;
        let projects = projects.unwrap_or_default();
        let others = projects.iter().map(|p| p.project_id.clone());
        let others = others
            .filter(|id| own.as_ref() != Some(id))
            .take(PROJECTS_AT_MOST);
        side_by_side(others.map(|id| {
            let name = name.clone();
            async move {
                let on = Resource::project(&id);
                let namesake = async {
                    match name {
                        Some(name) => self.namesake(id, name).await,
                        None => Ok(()),
                    }
                };
                futures::try_join!(namesake, self.policy_naming(question, on)).map(drop)
            }
        }))
        .await?;
        // Those that were found may name roles that nobody has asked for yet.
        self.roles().await
    }

    /// The other accounts of the target's project, as far as their policies name the caller.
    async fn accounts_beside(&self, question: &Question, project: &str) -> Result<(), ApiError> {
        self.accounts_of(project).await?;
        let beside: Vec<Resource> = self.known.with(|estate| {
            let there = estate.accounts().filter(|a| a.project_id == project);
            there
                .filter(|a| a.email != question.target.id())
                .map(|a| Resource::account(project, &a.email))
                .take(ACCOUNTS_AT_MOST)
                .collect()
        });
        side_by_side(
            beside
                .into_iter()
                .map(|on| self.policy_naming(question, on)),
        )
        .await
        .map(drop)
    }

    /// Keeps a policy that names the caller, or an account on the way. It is a hint: what may not be
    /// read, or names others, says nothing.
    async fn policy_naming(&self, question: &Question, on: Resource) -> Result<(), ApiError> {
        let what = format!("policy {}", on.full_name());
        if !self.first(&what) {
            return Ok(());
        }
        let read = match allow_policy(self.ask, &on).await {
            Err(error) if error.is_signed_out() => return Err(error),
            read => read,
        };
        let Ok(policy) = read else { return Ok(()) };
        let own_pool = match &question.caller {
            Principal::Federated { pool, .. } => Some(pool.id()),
            Principal::Kubernetes { pool, .. } => Some(pool.as_str()),
            _ => None,
        };
        let names_it = |member: &Member| match member {
            Member::One(one @ Principal::ServiceAccount(email)) => {
                *one == question.caller || question.via.iter().any(|hop| hop.id() == email)
            }
            Member::One(one) => *one == question.caller,
            // Whether the caller is in it is for the judgement.
            Member::PoolAll(pool)
            | Member::PoolGroup(pool, _)
            | Member::PoolAttribute(pool, ..)
            | Member::PoolNamespace(pool, _) => own_pool == Some(pool.id()),
            _ => false,
        };
        let mut members = policy.bindings.iter().flat_map(|b| &b.members);
        if members.any(|m| names_it(&m.member)) {
            self.known.put(|estate| estate.put_policy(on, policy));
        }
        Ok(())
    }

    /// Whether the answer so far is none for which there is a better reason than that nothing grants
    /// it, or that this is not known.
    pub(super) fn nothing_explains(&self, question: &Question) -> bool {
        let (outcome, causes) = self.known.with(|estate| {
            let explanation = explain(estate, question);
            let causes = diagnose(estate, &explanation);
            (explanation.outcome, causes)
        });
        let weak = |kind| kind == CauseKind::BrokenHop || kind >= CauseKind::BasicRoleNotEnough;
        outcome != Outcome::WouldSucceed && causes.iter().all(|c| weak(c.kind))
    }

    /// An account of that name there, with its policy. Hardly any project has one, so its absence is
    /// not reported.
    async fn namesake(&self, project: String, name: String) -> Result<(), ApiError> {
        let email = format!("{name}@{project}.iam.gserviceaccount.com");
        let account = Resource::account(&project, &email);
        let read = match iam::account(self.ask, &account).await {
            Err(error) if error.is_signed_out() => return Err(error),
            read => read,
        };
        let found = read.ok().filter(|f| f.email.eq_ignore_ascii_case(&email));
        let Some(found) = found else {
            return Ok(());
        };
        self.known.put(|estate| estate.put_account(found));
        self.policy(&account).await
    }
}
