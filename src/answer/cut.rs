//! The fewest bindings without which a caller has no way to an account: proved on the estate without them, with who
//! else loses something, and as commands.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::between::{BetweenFacts, BetweenQuestion};
use super::what_if::{Supposition, suppose};
use crate::estate::policies::FoundRole;
use crate::estate::{Estate, Read};
use crate::evaluate::reach::{
    self, BindingUnit, Separation, ShortestPaths, StepsBy, separate, shortest_paths,
};
use crate::evaluate::role::without_hidden_condition;
use crate::evaluate::{Outcome, Question, Verdict, WayIn, explain};
use crate::iam::{Member, Resource};
use crate::repair::Grant;
use crate::repair::equivalents::Equivalents;

/// One removal.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// The binding, for one member.
    pub unit: BindingUnit,
    /// What does it; `None` where no command can say it.
    pub command: Option<String>,
    /// How many accounts in sight the binding counts for.
    pub accounts: usize,
    /// How many permissions the role holds; `None`: it was not read.
    pub permissions: Option<usize>,
    /// Whom the member stands for beside the caller, in words; `None` where it is one identity.
    pub stands_for: Option<String>,
}

/// What the estate says without the bindings.
#[derive(Clone, Debug, PartialEq)]
pub struct CutProof {
    /// Whether a way is left; `None`: the search for one was given up at its bound.
    pub way_left: Option<bool>,
    /// What `explain` says of the pair, where one permission was asked for.
    pub explained: Option<(Verdict, Outcome)>,
}

/// So many who lose something are named; the rest is counted (chosen).
const LOSSES_AT_MOST: usize = 1_000;

/// Who loses what beside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CutLosses {
    /// Who gets to the target now, and then does not; the first of them, sorted.
    pub principals: Vec<String>,
    /// How many more there are.
    pub principals_left_out: usize,
    /// Other accounts that the caller gets to now, and then does not; the first of them, sorted.
    pub accounts: Vec<String>,
    /// How many more there are.
    pub accounts_left_out: usize,
    /// Whether the accounts were not told apart: the search was given up at its bound.
    pub bounded: bool,
}

/// The answer, with all that is shown of it.
#[derive(Clone, Debug)]
pub struct CutAnswer {
    /// What separates the two.
    pub separation: Separation,
    /// The removals of its cut.
    pub removals: Vec<Removal>,
    /// That they are enough.
    pub proof: CutProof,
    /// What else goes with them.
    pub losses: CutLosses,
    /// A way by other kinds of edge that is left, where one permission was asked for.
    pub beside: Option<ShortestPaths>,
    /// Whether one of the searches was given up at its bound.
    pub bounded: bool,
    /// What it was looked for in.
    pub facts: BetweenFacts,
}

impl BetweenQuestion {
    /// What separates the two. Pure.
    #[must_use]
    pub fn cut(&self, facts: BetweenFacts) -> CutAnswer {
        let request = self.request();
        let mut separation = separate(&facts.estate, &request);
        facts.qualify(&mut separation.complete, &mut separation.not_read);
        let read = &facts.estate;
        let cut = separation.cut.as_ref();
        let units = cut.map_or(&[][..], |cut| cut.units.as_slice());
        let after = without(read, units);
        let left = shortest_paths(&after, &request, false, 1);
        let proof = CutProof {
            way_left: way_left(&left),
            explained: self.explained(&after),
        };
        let losses = if units.is_empty() {
            CutLosses::default()
        } else {
            self.losses(read, &after)
        };
        let removals = units.iter().map(|unit| self.removal(read, unit));
        let removals = removals.collect();
        let beside = cut.and_then(|_| self.beside(&after));
        let given_up = beside.as_ref().is_some_and(|beside| beside.bounded);
        let bounded = separation.bounded || proof.way_left.is_none() || losses.bounded || given_up;
        separation.complete &= proof.way_left.is_some();
        CutAnswer {
            removals,
            proof,
            losses,
            beside: beside.filter(|b| !b.paths.is_empty() && b.verdict != Verdict::UnknownInfo),
            bounded,
            separation,
            facts,
        }
    }

    fn explained(&self, estate: &Estate) -> Option<(Verdict, Outcome)> {
        let StepsBy::Permission(asked) = &self.by else {
            return None;
        };
        let question = Question {
            permission: asked.clone(),
            attributes: self.brings.attributes.clone(),
            claims: self.brings.claims.clone(),
            ..Question::new(self.caller.clone(), self.target.clone(), self.time)
        };
        let explanation = explain(estate, &question);
        Some((explanation.verdict, explanation.outcome))
    }

    /// The shortest way by any kind of edge.
    fn beside(&self, after: &Estate) -> Option<ShortestPaths> {
        let StepsBy::Permission(_) = &self.by else {
            return None;
        };
        let all = StepsBy::Ways(WayIn::ALL.to_vec());
        let request = reach::PathRequest {
            by: &all,
            ..self.request()
        };
        Some(shortest_paths(after, &request, false, 1))
    }

    fn losses(&self, before: &Estate, after: &Estate) -> CutLosses {
        let lost = |had: BTreeSet<String>, has: &BTreeSet<String>, own: &str| {
            let lost = had.into_iter();
            let mut lost: Vec<String> = lost.filter(|n| n != own && !has.contains(n)).collect();
            let left_out = lost.len().saturating_sub(LOSSES_AT_MOST);
            lost.truncate(LOSSES_AT_MOST);
            (lost, left_out)
        };
        let caller = self.caller.to_string();
        let (principals, principals_left_out) =
            lost(self.holders(before), &self.holders(after), &caller);
        let named = before.resolve(&self.target).exists();
        let named = named.as_ref().unwrap_or(&self.target).full_name();
        // Where either was given up nothing tells whether an account is lost or was not come to.
        let reached = self.reached(before);
        let reached = reached.and_then(|had| Some((had, self.reached(after)?)));
        let bounded = reached.is_none();
        let (had, has) = reached.unwrap_or_default();
        let (accounts, accounts_left_out) = lost(had, &has, &named);
        CutLosses {
            principals,
            principals_left_out,
            accounts,
            accounts_left_out,
            bounded,
        }
    }

    /// Who gets to the target.
    fn holders(&self, estate: &Estate) -> BTreeSet<String> {
        let (target, brings, time) = (&self.target, &self.brings, self.time);
        match &self.by {
            StepsBy::Permission(asked) => {
                let found = reach::who(estate, target, asked, time).results;
                found
                    .into_iter()
                    .map(|row| row.principal.to_string())
                    .collect()
            }
            StepsBy::Ways(ways) => {
                let found = reach::who_by(estate, target, ways, time, None, brings).results;
                found.into_iter().map(|row| row.name).collect()
            }
        }
    }

    /// What the caller gets to; `None` where the search was given up.
    fn reached(&self, estate: &Estate) -> Option<BTreeSet<String>> {
        let (caller, brings, time) = (&self.caller, &self.brings, self.time);
        match &self.by {
            StepsBy::Permission(asked) => {
                let found = reach::reach_bringing(estate, caller, brings, asked, time).results;
                let names = found.into_iter().map(|row| row.target.full_name());
                Some(names.collect())
            }
            StepsBy::Ways(ways) => {
                let found = reach::reach_by(estate, caller, brings, ways, time);
                let names = found.results.into_iter().map(|row| row.name);
                (!found.bounded).then(|| names.collect())
            }
        }
    }

    fn removal(&self, estate: &Estate, unit: &BindingUnit) -> Removal {
        let role = estate.role(&unit.role).known();
        Removal {
            command: command(estate, unit),
            accounts: accounts_below(estate, &unit.resource),
            permissions: role.map(|role| match role {
                FoundRole::Predefined(role) => role.size(),
                FoundRole::Given(role) => role.included_permissions.len(),
            }),
            stands_for: stands_for(estate, &unit.member),
            unit: unit.clone(),
        }
    }
}

/// Whether there is a way; `None`: none was found before the search was given up.
fn way_left(left: &ShortestPaths) -> Option<bool> {
    let found = !left.paths.is_empty();
    (found || !left.bounded).then_some(found)
}

/// The estate without some bindings.
fn without(read: &Estate, units: &[BindingUnit]) -> Estate {
    let mut all: Vec<Supposition> = Vec::new();
    for unit in units {
        let Read::Known(Some(policy)) = read.allow_policy(&unit.resource) else {
            continue;
        };
        let same = policy.bindings.iter().enumerate().filter(|(_, binding)| {
            binding.role == unit.role && binding.condition == unit.condition
        });
        all.extend(same.filter_map(|(place, _)| {
            Supposition::off(read, &unit.resource, place, Some(&unit.member))
        }));
    }
    suppose(read, &all)
}

/// `gcloud … remove-iam-policy-binding …`, for a POSIX shell. A condition of which only a sign is known (the policy was
/// read at version 1) cannot be named.
fn command(estate: &Estate, unit: &BindingUnit) -> Option<String> {
    if without_hidden_condition(&unit.role).1 {
        return None;
    }
    let grant = Grant {
        role: unit.role.to_string(),
        member: unit.member.to_string(),
        condition: unit.condition.as_deref().cloned(),
    };
    let policy = estate.allow_policy(&unit.resource).known().flatten();
    let conditional = policy.is_some_and(|p| p.bindings.iter().any(|b| b.condition.is_some()));
    // gcloud has to be told that this one has none, where another has.
    let now = if conditional {
        json!({ "bindings": [{ "condition": { "expression": "" } }] })
    } else {
        Value::Null
    };
    let words = Equivalents::new(&unit.resource, &grant, &Value::Null, &now);
    words.ok().map(|words| words.gcloud_undo())
}

/// Whom a member lets in beside one identity.
fn stands_for(estate: &Estate, member: &str) -> Option<String> {
    Some(match Member::parse_v1(member) {
        Member::One(_) | Member::Deleted { .. } | Member::Impossible(_) => return None,
        Member::Group(email) => match estate.group(&email) {
            Read::Known(group) => match group.members.len() {
                1 => "1 direct member of the group".to_owned(),
                some => format!("{some} direct members of the group"),
            },
            Read::Unreadable(_) => "everybody in the group, which could not be read".to_owned(),
        },
        Member::AllUsers => "everybody on the internet".to_owned(),
        Member::AllAuthenticatedUsers => "everybody with a Google account".to_owned(),
        Member::Domain(domain) => format!("every user of {domain}"),
        Member::ProjectRole(role, project) => {
            format!("everybody who has {} on the project {project}", role.role())
        }
        _ => "everybody whom the set stands for".to_owned(),
    })
}

fn accounts_below(estate: &Estate, on: &Resource) -> usize {
    if matches!(on, Resource::ServiceAccount { .. }) {
        return 1;
    }
    let mut above: std::collections::HashMap<String, bool> = std::collections::HashMap::new();
    let mut count = 0;
    for account in estate.accounts() {
        let project = estate.project_id_of(account).to_owned();
        let below = above.entry(project).or_insert_with_key(|project| {
            let levels = estate.ancestry(&Resource::project(project)).levels;
            levels.contains(on)
        });
        count += usize::from(*below);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That nothing was found before a search was given up is no proof that nothing is there.
    #[test]
    fn a_search_that_was_given_up_proves_no_separation() {
        let searched = |paths: usize, bounded: bool| ShortestPaths {
            target: Resource::account("p", "a@p.iam.gserviceaccount.com"),
            steps: Vec::new(),
            paths: vec![Vec::new(); paths],
            total: 0,
            verdict: Verdict::UnknownInfo,
            outcome: Outcome::Unknown,
            bounded,
            complete: !bounded,
            not_read: Vec::new(),
        };
        assert_eq!(way_left(&searched(0, true)), None);
        assert_eq!(way_left(&searched(0, false)), Some(false));
        assert_eq!(way_left(&searched(1, true)), Some(true));
    }
}
