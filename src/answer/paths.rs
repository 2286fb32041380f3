//! Who gets to an account, and what a caller gets to: read over the whole scope, once for all who ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Source;
use crate::estate::{Assumption, Estate, Existence};
use crate::evaluate::diagnose::{missing_caller, missing_target, nearest_accounts};
use crate::evaluate::federation::exchange_of;
use crate::evaluate::reach::{self, Brings, StepsBy, TakenAway, Trail};
use crate::evaluate::{Exchange, Outcome, Verdict, WayIn};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, Groups, Progress, at_hand, whole};
use crate::iam::address::{default_account, is_service_account};
use crate::iam::org_policy::KEY_CREATION;
use crate::iam::{Permission, Principal, Resource};
use crate::wire::ApiError;

/// Whose ways are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ways {
    /// Everyone who gets to an account.
    To {
        /// The account.
        target: Resource,
        /// Whose [`Brings`] they are, where somebody in particular is asked about too; otherwise they
        /// are every federated identity's that policies name.
        caller: Option<Principal>,
    },
    /// Every account that a caller gets to, chains included.
    From(Principal),
}

/// A question about ways.
#[derive(Clone, Debug)]
pub struct PathsQuestion {
    /// Whose.
    pub ways: Ways,
    /// For which permission; with `edges` it does not count.
    pub permission: Permission,
    /// By which ways of becoming an account, instead of one permission; empty for that.
    pub edges: Vec<WayIn>,
    /// What a federated caller brings beside its name.
    pub brings: Brings,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
    /// How far to look.
    pub scope: Scope,
}

/// One end of a way: a principal, or an account.
#[derive(Clone, Debug, PartialEq)]
pub struct PathEnd {
    /// The principal as a member identifier, or the account's full name.
    pub name: Arc<str>,
    /// Never `CannotAccess`.
    pub verdict: Verdict,
    /// What the call would come to.
    pub outcome: Outcome,
    /// From the caller to the target, with the bindings that grant; where the verdict is unknown those that may.
    pub trail: Trail,
    /// Where ways were asked for: those of the last step, the surest first.
    pub edges: Vec<WayIn>,
    /// What it hangs on that no policy says.
    pub conditions: Vec<Arc<str>>,
    /// Of a set: who of it is shut out.
    pub except: Vec<TakenAway>,
    /// The account, where that is the end.
    pub target: Option<Resource>,
}

impl PathEnd {
    /// Who and what to ask about to have it explained; nobody where a set stands for itself.
    #[must_use]
    pub fn pair(&self, ways: &Ways) -> Option<(Principal, Resource)> {
        match ways {
            Ways::To { target, .. } => {
                let caller = Principal::parse(&self.name).ok()?;
                Some((caller, target.clone()))
            }
            Ways::From(caller) => Some((caller.clone(), self.target.clone()?)),
        }
    }
}

/// Why there can be no ways: one end is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotThere {
    /// What is not there.
    pub words: String,
    /// What to look at, the nearest names among it.
    pub next: String,
}

/// The answer, with all that is shown of it.
#[derive(Clone, Debug)]
pub struct PathsAnswer {
    /// What was asked, the target in canonical form where it is known.
    pub question: PathsQuestion,
    /// By name.
    pub ends: Vec<PathEnd>,
    /// That what was asked about does not exist.
    pub not_there: Option<NotThere>,
    /// What came of the caller's token exchange, where a federated caller was asked about.
    pub exchange: Option<Exchange>,
    /// Whether everything that may hold a grant, or take one away, was read.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
    /// Whether the search was given up at its bound, so that there may be more, and surer ways.
    pub bounded: bool,
    /// What was not even listed (`projects/P`, `folders/N`), with why.
    pub unlisted: Vec<(String, String)>,
    /// What it takes for granted.
    pub assumptions: Vec<Assumption>,
    /// What was read.
    pub estate: Estate,
}

/// What [`reach`] says of either direction.
struct WaysFound {
    ends: Vec<PathEnd>,
    complete: bool,
    not_read: Vec<String>,
    bounded: bool,
}

impl Source<'_> {
    /// Finds the ways.
    ///
    /// # Errors
    /// When signed out, when there is no connection, or when the first search for projects is refused.
    pub async fn paths(
        &self,
        question: PathsQuestion,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<PathsAnswer, ApiError> {
        let (mut estate, unlisted) = whole(self.ask, &question.facts(), progress).await?;
        self.qualify(&mut estate);
        Ok(question.judged(estate, unlisted))
    }
}

impl Source<'_> {
    /// The same of an estate that this process read itself, all of which whoever looks may see.
    /// `None` where it has to be asked around for what the question names.
    #[must_use]
    pub fn paths_at_hand(&self, question: &PathsQuestion, estate: &Estate) -> Option<PathsAnswer> {
        let (mut estate, unlisted) = at_hand(estate, &question.facts())?;
        self.qualify(&mut estate);
        Some(question.clone().judged(estate, unlisted))
    }
}

impl PathsQuestion {
    /// What it takes to answer it.
    pub(super) fn facts(&self) -> Everything {
        let mut everything = self.facts_by_permission();
        if !self.edges.is_empty() {
            // Who edits a custom role may be in any group.
            everything.groups = if self.edges.contains(&WayIn::RoleEdit) {
                Groups::All
            } else {
                let names = WayIn::all_permissions(&self.edges);
                let parsed = names.iter().map(|name| Permission::parse(name));
                Groups::Holding(parsed.filter_map(Result::ok).collect())
            };
            everything.org_policy = self.edges.contains(&WayIn::Key).then_some(KEY_CREATION);
        }
        everything
    }

    /// What it takes to say what every caller gets to.
    #[must_use]
    pub fn facts_of_all(by: &StepsBy, scope: &Scope) -> Everything {
        let (permission, edges) = match by {
            StepsBy::Permission(asked) => (asked.clone(), Vec::new()),
            StepsBy::Ways(ways) => (Permission::get_access_token(), ways.clone()),
        };
        // Whoever it is: what hangs on the caller itself is taken out.
        let one = Self {
            ways: Ways::From(Principal::Other(String::new())),
            permission,
            edges,
            brings: Brings::default(),
            time: Timestamp::UNIX_EPOCH,
            scope: scope.clone(),
        };
        Everything {
            caller: None,
            callers: true,
            ..one.facts()
        }
    }

    fn facts_by_permission(&self) -> Everything {
        match &self.ways {
            Ways::To { target, caller } => Everything {
                caller: caller.clone(),
                ..Everything::to_target(target, &self.permission, &self.scope)
            },
            Ways::From(caller) => Everything::from_caller(caller, &self.permission, &self.scope),
        }
    }

    /// Who asks, where somebody does.
    fn caller(&self) -> Option<&Principal> {
        match &self.ways {
            Ways::To { caller, .. } => caller.as_ref(),
            Ways::From(caller) => Some(caller),
        }
    }

    fn judged(mut self, estate: Estate, unlisted: Vec<(String, String)>) -> PathsAnswer {
        let not_there = match &self.ways {
            Ways::To { target, .. } => target_not_there(&estate, target),
            Ways::From(caller) => {
                missing_caller(&estate, caller).map(|(words, next)| NotThere { words, next })
            }
        };
        let (attributes, claims) = (&self.brings.attributes, self.brings.claims.as_deref());
        let exchange = self
            .caller()
            .and_then(|caller| exchange_of(&estate, caller, attributes, claims));
        let found = self.found(&estate);
        let all: BTreeSet<String> = unlisted
            .iter()
            .map(|(name, _)| format!("//cloudresourcemanager.googleapis.com/{name}"))
            .chain(found.not_read)
            .collect();
        PathsAnswer {
            question: self,
            ends: found.ends,
            not_there,
            exchange,
            complete: found.complete && unlisted.is_empty(),
            bounded: found.bounded,
            not_read: all.into_iter().collect(),
            unlisted,
            assumptions: estate.assumptions().collect(),
            estate,
        }
    }

    /// By the ways that were asked for.
    fn found_by_edges(&mut self, estate: &Estate) -> WaysFound {
        let (brings, edges) = (&self.brings, &self.edges);
        let answer = match &mut self.ways {
            Ways::To { target, caller } => {
                let caller = caller.as_ref();
                let answer = reach::who_by(estate, target, edges, self.time, caller, brings);
                if let Some(canonical) = &answer.target {
                    *target = canonical.clone();
                }
                answer
            }
            Ways::From(caller) => reach::reach_by(estate, caller, brings, edges, self.time),
        };
        let ends = answer.results.into_iter().map(|end| PathEnd {
            name: end.name.into(),
            verdict: end.verdict,
            outcome: end.outcome,
            trail: end.trail,
            edges: end.ways,
            conditions: end.conditions,
            except: end.except,
            target: end.target,
        });
        WaysFound {
            ends: ends.collect(),
            complete: answer.complete,
            not_read: answer.not_read,
            bounded: answer.bounded,
        }
    }

    fn found(&mut self, estate: &Estate) -> WaysFound {
        if !self.edges.is_empty() {
            return self.found_by_edges(estate);
        }
        match &mut self.ways {
            Ways::To { target, caller } => {
                let asked = caller.as_ref();
                let (permission, brings) = (&self.permission, &self.brings);
                let answer =
                    reach::who_bringing(estate, target, permission, self.time, asked, brings);
                *target = answer.target.clone();
                let ends = answer.results.into_iter().map(|holder| PathEnd {
                    name: holder.principal,
                    verdict: holder.verdict,
                    outcome: holder.outcome,
                    trail: Trail::new(holder.path, holder.via),
                    edges: Vec::new(),
                    conditions: Vec::new(),
                    except: holder.except,
                    target: None,
                });
                WaysFound {
                    ends: ends.collect(),
                    complete: answer.complete,
                    not_read: answer.not_read,
                    bounded: false,
                }
            }
            Ways::From(caller) => {
                let (permission, brings) = (&self.permission, &self.brings);
                let answer = reach::reach_bringing(estate, caller, brings, permission, self.time);
                let name = |reached: &reach::Reached| {
                    let known = reached.trail.shared_end().cloned();
                    known.unwrap_or_else(|| reached.target.full_name().into())
                };
                let ends = answer.results.into_iter().map(|reached| PathEnd {
                    name: name(&reached),
                    verdict: reached.verdict,
                    outcome: reached.outcome,
                    trail: reached.trail,
                    edges: Vec::new(),
                    conditions: Vec::new(),
                    except: Vec::new(),
                    target: Some(reached.target),
                });
                WaysFound {
                    ends: ends.collect(),
                    complete: answer.complete,
                    not_read: answer.not_read,
                    bounded: false,
                }
            }
        }
    }
}

/// That nobody gets to an account that does not exist would be no answer.
pub(super) fn target_not_there(estate: &Estate, target: &Resource) -> Option<NotThere> {
    let somebody = target.id().contains('@') && !is_service_account(target.id());
    let (words, next) = match estate.resolve(target) {
        Existence::Exists(_) => return None,
        Existence::Unknown(_) if !somebody => return None,
        Existence::Deleted => (
            format!("the service account {} is deleted", target.id()),
            "within 30 days it can be brought back; a new one of the same address is another identity"
                .to_owned(),
        ),
        Existence::Missing | Existence::Unknown(_)
            if somebody || default_account(target.id()).is_some() =>
        {
            let (_, message, remedy) = missing_target(estate, target);
            (message, remedy)
        }
        Existence::Missing | Existence::Unknown(_) => {
            let near = nearest_accounts(estate, target.id(), 3);
            let next = if near.is_empty() {
                "check the address letter by letter".to_owned()
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            (
                format!("the service account {} does not exist", target.id()),
                next,
            )
        }
    };
    Some(NotThere { words, next })
}
