//! Fetches exactly the facts that a question needs, side by side, into an estate.
//!
//! What may not be read is marked so and is no error: for most people the organization's policies
//! are out of sight, and an answer that says which level was not read is worth more than none.

mod admitting;
mod around;
mod at_hand;
mod basic_roles;
mod boundaries;
mod branch;
mod callers;
mod ghosts;
mod groups;
mod hierarchy;
mod known;
mod levels;
mod namesakes;
mod providers;
mod roles;
mod searched;
mod steps;
mod tags;
mod whole;

pub use admitting::admitting;
pub use at_hand::at_hand;
pub use whole::{Everything, Groups, whole};

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt, try_join_all};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use self::callers::OF_CALLER;
use self::known::FoundSoFar;
use crate::estate::Estate;
use crate::evaluate::{Question, Seen};
use crate::google::api::service_usage;
use crate::google::patience::{Patience, WaitLimits};
use crate::iam::org_policy::{CROSS_PROJECT, LIFETIME_EXTENSION};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN};
use crate::iam::{Pool, Principal, Resource, owner};
use crate::wire::{ApiError, Ask};

/// One step of a survey, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read, for people: `policy of folders/2002`.
    pub label: String,
    /// How far it is.
    pub state: ProgressState,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressState {
    /// Asked.
    Started,
    /// Answered.
    Done,
    /// It may not be read, or is not there; why.
    Unreadable(String),
}

/// Allow policies exactly as they were read, by what they stand on.
pub type PoliciesAsRead = HashMap<Resource, Value>;

/// What a survey for a plan found.
#[derive(Debug)]
pub struct FactsRead {
    /// The facts.
    pub estate: Estate,
    /// The allow policies among them, as a plan edits them.
    pub policies: PoliciesAsRead,
}

/// Reads the facts that `question` needs into an estate of
/// [partial](crate::estate::Coverage::Partial) coverage.
///
/// # Errors
/// When signed out (401), or when nothing at all was answered. A refusal (403, 404, an API that is off), and
/// what was not answered within [`WaitLimits::QUESTION`], is never an error: it is marked in the estate.
pub async fn survey(
    ask: &dyn Ask,
    question: &Question,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Estate, ApiError> {
    Ok(survey_for_plan(ask, question, progress).await?.estate)
}

/// As [`survey`], with the policies as they were read.
///
/// # Errors
/// As [`survey`].
pub async fn survey_for_plan(
    ask: &dyn Ask,
    question: &Question,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<FactsRead, ApiError> {
    let ask = Patience::new(ask, WaitLimits::QUESTION);
    let surveyor = Surveyor::keeping_policies(&ask, progress);
    surveyor.first_wave(question).await?;
    ask.something_heard()?;
    surveyor.second_wave(question).await?;
    surveyor.ghosts(&|_| false);
    surveyor.steps(question).await?;
    surveyor.namesakes(question).await?;
    Ok(surveyor.into_facts())
}

/// As [`survey_for_plan`], without the search for what may have been meant: it serves whoever reads why, and
/// no plan. `beside` reads what a plan needs beyond these facts, at the same time as the last wave, by what the
/// waves before it found.
///
/// # Errors
/// As [`survey`].
pub async fn survey_to_mend<'a, T: Send + 'a>(
    ask: &'a dyn Ask,
    question: &'a Question,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    beside: impl FnOnce(Estate) -> BoxFuture<'a, T> + Send,
) -> Result<(FactsRead, T), ApiError> {
    let patient = Patience::new(ask, WaitLimits::QUESTION);
    let surveyor = Surveyor::keeping_policies(&patient, progress);
    surveyor.first_wave(question).await?;
    patient.something_heard()?;
    let beside = beside(surveyor.known.with(Estate::clone));
    let (found, beside) = futures::join!(surveyor.second_wave(question), beside);
    found?;
    surveyor.ghosts(&|_| false);
    Ok((surveyor.into_facts(), beside))
}

/// Levels with the names of their deny policies.
type ListedDenials = Vec<(Resource, Vec<String>)>;

/// What the parts of a survey share.
struct Surveyor<'a> {
    ask: &'a Patience<'a>,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    known: FoundSoFar,
    /// What was asked for already.
    begun: Mutex<HashSet<String>>,
    /// Deny policies of levels that were listed and not read yet.
    denying: Mutex<ListedDenials>,
    /// Allow policies as they were read, where somebody is to edit them.
    as_read: Option<Mutex<PoliciesAsRead>>,
}

/// Which facts of a branch are wanted beside its allow policies.
#[derive(Clone, Copy)]
struct Wanted {
    /// Deny policies of its levels: for accounts that are impersonated.
    deny: bool,
    /// Boundary bindings of its levels: for whoever calls.
    boundaries: bool,
    /// What comes of a constraint's organization policies on its project.
    org_policy: Option<&'static str>,
}

impl<'a> Surveyor<'a> {
    /// One that has asked for nothing yet.
    fn new(ask: &'a Patience<'a>, progress: &'a (dyn Fn(Progress) + Send + Sync)) -> Self {
        Self {
            ask,
            progress,
            known: FoundSoFar::new(),
            begun: Mutex::default(),
            denying: Mutex::default(),
            as_read: None,
        }
    }

    /// One that keeps allow policies as they are read.
    fn keeping_policies(
        ask: &'a Patience<'a>,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Self {
        Self {
            as_read: Some(Mutex::default()),
            ..Self::new(ask, progress)
        }
    }

    fn keep_as_read(&self, of: &Resource, policy: Value) {
        if let Some(kept) = &self.as_read {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(of.clone(), policy);
        }
    }

    /// All that was found out.
    fn into_facts(self) -> FactsRead {
        let policies = self.as_read.unwrap_or_default();
        FactsRead {
            estate: self.known.into_estate(),
            policies: policies
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Surveyor<'_> {
    /// Hierarchy, policies, boundaries, the API's state: what names tell at once, what is above that next.
    async fn first_wave(&self, question: &Question) -> Result<(), ApiError> {
        let mut tasks: Vec<BoxFuture<'_, Result<(), ApiError>>> = Vec::new();
        for hop in &question.via {
            let wanted = Wanted {
                deny: true,
                boundaries: true,
                org_policy: None,
            };
            tasks.push(Box::pin(self.account_branch(hop.clone(), wanted)));
        }
        let of_target = Wanted {
            deny: true,
            boundaries: false,
            org_policy: constraint_for(question),
        };
        tasks.push(Box::pin(
            self.account_branch(question.target.clone(), of_target),
        ));
        // Whether the caller may use the project that is billed is judged too.
        if let Some(project) = &question.call.quota_project {
            let of_quota = Wanted {
                deny: true,
                boundaries: false,
                org_policy: None,
            };
            tasks.push(Box::pin(self.project_branch(project.clone(), of_quota)));
        }
        match &question.caller {
            Principal::ServiceAccount(email) => {
                let account = Resource::account("-", email);
                tasks.push(Box::pin(async move {
                    let likely = owner::project_of(email);
                    let state = async {
                        match likely {
                            Some(likely) => self.credentials_state(likely).await,
                            None => Ok(None),
                        }
                    };
                    let branch = self.account_branch(account.clone(), OF_CALLER);
                    let ((), on) = futures::try_join!(branch, state)?;
                    match self.project_of(&account) {
                        Some(project)
                            if likely.is_some_and(|l| self.is_same_project(l, &project)) =>
                        {
                            self.keep_credentials_state(&project, on);
                            Ok(())
                        }
                        Some(project) => self.credentials_api(&project).await,
                        None => Ok(()),
                    }
                }));
            }
            Principal::Federated {
                pool: Pool::Workload { project, .. },
                ..
            } => {
                let project = project.clone();
                tasks.push(Box::pin(async move {
                    let ((), (), on) = futures::try_join!(
                        self.project_branch(project.clone(), OF_CALLER),
                        self.pool_of(&question.caller),
                        self.credentials_state(&project)
                    )?;
                    self.keep_credentials_state(&project, on);
                    Ok(())
                }));
            }
            Principal::Kubernetes { pool, .. } => {
                let project = pool.strip_suffix(".svc.id.goog").unwrap_or(pool).to_owned();
                tasks.push(Box::pin(async move {
                    let ((), on) = futures::try_join!(
                        self.project_branch(project.clone(), OF_CALLER),
                        self.credentials_state(&project)
                    )?;
                    self.keep_credentials_state(&project, on);
                    Ok(())
                }));
            }
            caller => tasks.push(Box::pin(self.caller(caller))),
        }
        try_join_all(tasks).await.map(drop)
    }

    /// What only the policies name: rules, roles, tags, then groups.
    async fn second_wave(&self, question: &Question) -> Result<(), ApiError> {
        let ((), (), (), tagged, ()) = futures::try_join!(
            self.deny_rules(),
            self.roles(),
            self.boundary_policies(),
            self.tags(question),
            self.basic_roles()
        )?;
        // A deny rule may be the first that looks at tags.
        if !tagged {
            self.tags(question).await?;
        }
        self.groups(question).await
    }

    /// Remembers that something may not be read, and why.
    fn unreadable(&self, name: &str, why: &str) {
        self.known.put(|estate| estate.mark_unreadable(name, why));
    }

    /// Whether this is the first to ask for `what`.
    fn first(&self, what: &str) -> bool {
        self.begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(what.to_owned())
    }

    fn report(&self, label: &str, state: ProgressState) {
        (self.progress)(Progress {
            label: label.to_owned(),
            state,
        });
    }

    /// Waits for an answer and reports on it. The inner error is a refusal, which is for the estate.
    async fn watch<T>(
        &self,
        label: &str,
        answer: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<Result<T, ApiError>, ApiError> {
        self.report(label, ProgressState::Started);
        match answer.await {
            Ok(value) => {
                self.report(label, ProgressState::Done);
                Ok(Ok(value))
            }
            Err(error) => {
                self.report(label, ProgressState::Unreadable(error.why()));
                if error.is_signed_out() {
                    Err(error)
                } else {
                    Ok(Err(error))
                }
            }
        }
    }

    /// The project (id) of an account, when it is known; of one that Google manages, by its address.
    fn project_of(&self, account: &Resource) -> Option<String> {
        self.known.with(|estate| {
            if let Some(found) = estate.account(account.id()) {
                return Some(found.project_id.clone());
            }
            match owner::of(account.id())?.resource {
                Resource::Project(id) => Some(estate.project(&id)?.project_id.clone()),
                _ => None,
            }
        })
    }

    /// Reads whether the IAM Credentials API is on, of a project that was read before. Its state is IAM's too: each switches the other (docs/semantics.md, "Beyond IAM").
    async fn credentials_api(&self, project: &str) -> Result<(), ApiError> {
        let on = self.credentials_state(project).await?;
        self.keep_credentials_state(project, on);
        Ok(())
    }

    /// Whether it is on; `None` where that may not be read.
    async fn credentials_state(&self, project: &str) -> Result<Option<bool>, ApiError> {
        let label = format!("IAM Credentials API of {project}");
        let state = service_usage::is_enabled(self.ask, project, "iamcredentials.googleapis.com");
        Ok(self.watch(&label, state).await?.ok().flatten())
    }

    /// Keeps what [`Self::credentials_state`] gave, under the id that the project was found to have.
    fn keep_credentials_state(&self, project: &str, on: Option<bool>) {
        let Some(on) = on else { return };
        let enabled = ["iam.googleapis.com", "iamcredentials.googleapis.com"];
        let enabled = enabled.into_iter().filter(|_| on).map(str::to_owned);
        self.known.put(|estate| {
            let id = estate.project(project).map(|p| p.project_id.clone());
            estate.put_services(id.as_deref().unwrap_or(project), enabled);
        });
    }
}

/// The constraint that has a say in what a question asks for, when there is one.
fn constraint_for(question: &Question) -> Option<&'static str> {
    let call = &question.call;
    match question.permission.as_str() {
        ACT_AS => Some(CROSS_PROJECT),
        GET_ACCESS_TOKEN if call.lifetime.is_some() => Some(LIFETIME_EXTENSION),
        _ if call.seen == Some(Seen::LifetimeTooLong) => Some(LIFETIME_EXTENSION),
        _ => None,
    }
}

/// Calls under way at the same time, where there may be thousands.
const AT_ONCE: usize = 32;

/// Waits for all, a limited number at a time; the first error ends it. Boxed before anything is
/// waited for: closures over references are not held across it, so that a survey can be spawned.
fn side_by_side<'a, T: Send + 'a, F>(
    tasks: impl IntoIterator<Item = F>,
) -> BoxFuture<'a, Result<Vec<T>, ApiError>>
where
    F: Future<Output = Result<T, ApiError>> + Send + 'a,
{
    let tasks: Vec<BoxFuture<'a, _>> = tasks.into_iter().map(FutureExt::boxed).collect();
    stream::iter(tasks)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .boxed()
}

#[cfg(test)]
mod tests;
