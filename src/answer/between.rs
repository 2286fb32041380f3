//! The shortest ways from a caller to an account, over the whole scope.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Source;
use super::paths::{NotThere, PathsQuestion, Ways, target_not_there};
use crate::estate::{Assumption, Estate};
use crate::evaluate::diagnose::missing_caller;
use crate::evaluate::federation::exchange_of;
use crate::evaluate::reach::{Brings, PathRequest, ShortestPaths, StepsBy, shortest_paths};
use crate::evaluate::{Exchange, WayIn};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, Progress, at_hand, whole};
use crate::iam::{Permission, Principal, Resource};
use crate::wire::ApiError;

/// A question about the ways between two ends.
#[derive(Clone, Debug)]
pub struct BetweenQuestion {
    /// Who sets out.
    pub caller: Principal,
    /// The account.
    pub target: Resource,
    /// By which steps.
    pub by: StepsBy,
    /// What a federated caller brings beside its name.
    pub brings: Brings,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
    /// How far to look.
    pub scope: Scope,
}

/// What is known of both ends, and of what was read.
#[derive(Clone, Debug)]
pub struct BetweenFacts {
    /// What was read.
    pub estate: Estate,
    /// That the target does not exist.
    pub no_target: Option<NotThere>,
    /// That the caller does not exist.
    pub no_caller: Option<NotThere>,
    /// What came of the caller's token exchange, where it is federated.
    pub exchange: Option<Exchange>,
    /// What was not even listed (`projects/P`, `folders/N`), with why.
    pub unlisted: Vec<(String, String)>,
    /// What it takes for granted.
    pub assumptions: Vec<Assumption>,
}

/// The shortest ways, with all that is shown of them.
#[derive(Clone, Debug)]
pub struct BetweenAnswer {
    /// The ways.
    pub paths: ShortestPaths,
    /// What they were looked for in.
    pub facts: BetweenFacts,
}

impl Source<'_> {
    /// Reads what a question about ways between two ends needs. `callers`: also what limits others than the caller.
    ///
    /// # Errors
    /// When signed out, when there is no connection, or when the first search for projects is refused.
    pub async fn facts_between(
        &self,
        question: &BetweenQuestion,
        callers: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<BetweenFacts, ApiError> {
        let everything = question.everything(callers);
        let (estate, unlisted) = whole(self.ask, &everything, progress).await?;
        Ok(self.between(question, estate, unlisted))
    }

    /// The same of an estate that this process read itself, all of which whoever looks may see; `None` where an end
    /// has to be asked around for.
    #[must_use]
    pub fn facts_between_at_hand(
        &self,
        question: &BetweenQuestion,
        callers: bool,
        estate: &Estate,
    ) -> Option<BetweenFacts> {
        let (estate, unlisted) = at_hand(estate, &question.everything(callers))?;
        Some(self.between(question, estate, unlisted))
    }

    fn between(
        &self,
        question: &BetweenQuestion,
        mut estate: Estate,
        unlisted: Vec<(String, String)>,
    ) -> BetweenFacts {
        self.qualify(&mut estate);
        let caller = &question.caller;
        let (attributes, claims) = (&question.brings.attributes, &question.brings.claims);
        let no_caller =
            missing_caller(&estate, caller).map(|(words, next)| NotThere { words, next });
        BetweenFacts {
            no_target: target_not_there(&estate, &question.target),
            no_caller,
            exchange: exchange_of(&estate, caller, attributes, claims.as_deref()),
            unlisted,
            assumptions: estate.assumptions().collect(),
            estate,
        }
    }
}

impl BetweenQuestion {
    /// By one permission, or by some ways of becoming an account where there are any.
    #[must_use]
    pub fn by(permission: Permission, edges: Vec<WayIn>) -> StepsBy {
        if edges.is_empty() {
            StepsBy::Permission(permission)
        } else {
            StepsBy::Ways(edges)
        }
    }

    /// What it takes to answer it: what leads on from the caller, and what is above the target.
    fn everything(&self, callers: bool) -> Everything {
        let (permission, edges) = match &self.by {
            StepsBy::Permission(asked) => (asked.clone(), Vec::new()),
            StepsBy::Ways(ways) => (Permission::get_access_token(), ways.clone()),
        };
        let onward = PathsQuestion {
            ways: Ways::From(self.caller.clone()),
            permission,
            edges,
            brings: self.brings.clone(),
            time: self.time,
            scope: self.scope.clone(),
        };
        let mut everything = onward.facts();
        everything.accounts.push(self.target.clone());
        everything.callers = callers;
        everything
    }

    pub(super) fn request(&self) -> PathRequest<'_> {
        PathRequest {
            caller: &self.caller,
            brings: &self.brings,
            target: &self.target,
            by: &self.by,
            time: self.time,
        }
    }

    /// The shortest way, or all as short, of which `at_most` are told. Pure.
    #[must_use]
    pub fn shortest(&self, facts: BetweenFacts, all: bool, at_most: usize) -> BetweenAnswer {
        let mut paths = shortest_paths(&facts.estate, &self.request(), all, at_most);
        facts.qualify(&mut paths.complete, &mut paths.not_read);
        if !paths.complete && paths.paths.is_empty() {
            paths.verdict = crate::evaluate::Verdict::UnknownInfo;
            paths.outcome = crate::evaluate::Outcome::Unknown;
        }
        BetweenAnswer { paths, facts }
    }
}

impl BetweenFacts {
    /// Adds what was not even listed.
    pub(super) fn qualify(&self, complete: &mut bool, not_read: &mut Vec<String>) {
        let unlisted = self.unlisted.iter();
        let all: BTreeSet<String> = unlisted
            .map(|(name, _)| format!("//cloudresourcemanager.googleapis.com/{name}"))
            .chain(std::mem::take(not_read))
            .collect();
        *not_read = all.into_iter().collect();
        *complete &= self.unlisted.is_empty();
    }
}
