//! The whole plan: ways to turn the answer, each of one or more steps, and what no step here can do.
//!
//! A way is offered only after the question has been judged again on an estate that has all its
//! steps. Pure.

use super::candidates::candidates;
use super::elsewhere::{Elsewhere, elsewhere};
use super::guarded::guarded;
use super::repair::{JudgeFn, PlanOptions, Repair};
use super::reverts;
use super::switch::{Switch, SwitchKind};
use crate::estate::{Estate, ServiceAccount};
use crate::evaluate::explanation::AccountState;
use crate::evaluate::{Cause, Explanation, Outcome, Truth};
use crate::iam::{AllowPolicy, Resource};

/// The API that mints and signs.
const CREDENTIALS_API: &str = "iamcredentials.googleapis.com";

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum RemedyStep {
    /// One member into one binding, or in the place of another.
    Binding(Box<Repair>),
    /// An account or an API is turned on.
    Switch(Switch),
}

/// One way to turn the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// For people, one line.
    pub title: String,
    /// In the order in which they are done; never empty.
    pub steps: Vec<RemedyStep>,
    /// Whether this is the one to take; at most one of a plan is. A way that turns something on never
    /// is (chosen: somebody turned it off, perhaps for a reason).
    pub recommended: bool,
    /// Whether the caller will certainly get through ([`Repair::certain`]).
    pub certain: bool,
}

/// Everything that can be said about mending an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The ways, the recommended one first.
    pub remedies: Vec<Remedy>,
    /// Ways that would turn the answer and that an organization policy refuses: not offered;
    /// `elsewhere` says why.
    pub refused: Vec<Remedy>,
    /// What would have to change that is not offered here.
    pub elsewhere: Vec<Elsewhere>,
    /// Signs that a change will be reverted, sentences.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Whether every way is refused: what causes advise is then the very grant that would be.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.remedies.is_empty() && !self.refused.is_empty()
    }
}

impl RemedyStep {
    /// For people, one line.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Binding(repair) => repair.title.clone(),
            Self::Switch(switch) => switch.title(),
        }
    }

    /// Where it is done.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        match self {
            Self::Binding(repair) => &repair.resource,
            Self::Switch(switch) => &switch.resource,
        }
    }

    fn on(&self, estate: &mut Estate) -> Option<()> {
        match self {
            Self::Binding(repair) => {
                let policy: AllowPolicy = serde_json::from_value(repair.after.clone()).ok()?;
                estate.put_policy(repair.resource.clone(), policy);
            }
            Self::Switch(switch) => turn_on(estate, switch)?,
        }
        Some(())
    }
}

fn turn_on(estate: &mut Estate, switch: &Switch) -> Option<()> {
    match &switch.kind {
        SwitchKind::Account => {
            let mut account = ServiceAccount::clone(estate.account(switch.resource.id())?);
            account.disabled = false;
            estate.put_account(account);
        }
        SwitchKind::Api { service } => {
            let project = switch.resource.id();
            let mut services = estate.services(project).cloned().unwrap_or_default();
            services.insert(service.clone());
            estate.put_services(project, services);
        }
    }
    Some(())
}

impl Remedy {
    /// The one binding, when the way is nothing else.
    #[must_use]
    pub fn single(&self) -> Option<&Repair> {
        match self.steps.as_slice() {
            [RemedyStep::Binding(repair)] => Some(repair),
            _ => None,
        }
    }

    /// The bindings among its steps, in order.
    pub fn bindings(&self) -> impl Iterator<Item = &Repair> {
        self.steps.iter().filter_map(|step| match step {
            RemedyStep::Binding(repair) => Some(&**repair),
            RemedyStep::Switch(_) => None,
        })
    }

    /// Carries it out on an estate in memory, as far as what it is about is there.
    pub fn put_on(&self, estate: &mut Estate) {
        for step in &self.steps {
            let _ = step.on(estate);
        }
    }

    fn of(steps: Vec<RemedyStep>) -> Self {
        let titles: Vec<String> = steps.iter().map(RemedyStep::title).collect();
        Self {
            title: titles.join("; "),
            steps,
            recommended: false,
            certain: false,
        }
    }
}

impl Plan {
    /// The way to take, when there is one.
    #[must_use]
    pub fn recommended(&self) -> Option<&Remedy> {
        self.remedies.iter().find(|r| r.recommended)
    }
}

/// [`plan_with`], judged by [`crate::evaluate::explain`].
#[must_use]
pub fn plan(
    estate: &Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
) -> Vec<Repair> {
    plan_with(
        estate,
        explanation,
        causes,
        options,
        &crate::evaluate::explain,
    )
}

/// The single bindings that would turn the answer, the recommended one first: the ways of
/// [`remedies_with`] that are nothing else.
///
/// Empty when the answer is yes already, and when one binding does not help: a deny rule, a
/// boundary, a disabled or missing account, an API that is off, several hops that lack a grant.
#[must_use]
pub fn plan_with(
    estate: &Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
    judge: JudgeFn<'_>,
) -> Vec<Repair> {
    let plan = remedies_with(estate, explanation, causes, options, judge);
    let single = plan.remedies.iter().filter_map(|r| r.single().cloned());
    single.collect()
}

/// [`remedies_with`], judged by [`crate::evaluate::explain`].
#[must_use]
pub fn remedies(
    estate: &Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
) -> Plan {
    remedies_with(
        estate,
        explanation,
        causes,
        options,
        &crate::evaluate::explain,
    )
}

/// The ways to turn an answer that is not yes, and what stands beside them.
///
/// In a delegation chain every hop that lacks a grant gets its least one, all in one way.
#[must_use]
pub fn remedies_with(
    estate: &Estate,
    explanation: &Explanation,
    causes: &[Cause],
    options: &PlanOptions,
    judge: JudgeFn<'_>,
) -> Plan {
    if explanation.outcome == Outcome::WouldSucceed {
        return Plan::default();
    }
    let hops = if explanation.hops.is_empty() {
        std::slice::from_ref(explanation)
    } else {
        &explanation.hops
    };
    let switches = switches(estate, hops);
    let lacking: Vec<&Explanation> = hops.iter().filter(|h| h.allowed != Truth::Yes).collect();
    let ways: Vec<Vec<RemedyStep>> = match lacking.as_slice() {
        [] if switches.is_empty() => Vec::new(),
        [] => vec![Vec::new()],
        [one] => candidates(estate, one, causes, options)
            .into_iter()
            .map(|c| vec![RemedyStep::Binding(Box::new(c))])
            .collect(),
        many => every_hop(estate, many, causes, options, judge)
            .into_iter()
            .collect(),
    };
    let mut plan = Plan {
        elsewhere: elsewhere(estate, explanation),
        ..Plan::default()
    };
    for way in ways {
        let steps: Vec<RemedyStep> = switches
            .iter()
            .cloned()
            .map(RemedyStep::Switch)
            .chain(way)
            .collect();
        let Some(outcome) = turned(estate, explanation, &steps, judge) else {
            continue;
        };
        let certain = outcome == Outcome::WouldSucceed;
        let mut remedy = Remedy {
            certain,
            ..Remedy::of(steps)
        };
        for step in &mut remedy.steps {
            if let RemedyStep::Binding(repair) = step {
                repair.certain = certain;
            }
        }
        let known = plan.remedies.iter().chain(&plan.refused);
        if known.into_iter().any(|r| r.title == remedy.title) {
            continue;
        }
        let guarded = guarded(estate, &remedy);
        if guarded.refused.is_empty() {
            plan.remedies.push(remedy);
            plan.warnings.extend(guarded.unknown);
        } else {
            plan.refused.push(remedy);
            for why in guarded.refused {
                if !plan.elsewhere.contains(&why) {
                    plan.elsewhere.push(why);
                }
            }
        }
    }
    if switches.is_empty()
        && let Some(first) = plan.remedies.first_mut()
    {
        first.recommended = true;
        for step in &mut first.steps {
            if let RemedyStep::Binding(repair) = step {
                repair.recommended = true;
            }
        }
    }
    plan.warnings.sort();
    plan.warnings.dedup();
    plan.warnings.extend(warnings(estate, &plan.remedies));
    plan
}

/// What is off on the way: accounts that are disabled, the API on the project that is billed.
fn switches(estate: &Estate, hops: &[Explanation]) -> Vec<Switch> {
    let mut all: Vec<Switch> = Vec::new();
    for hop in hops {
        let caller = hop
            .question
            .caller
            .email()
            .filter(|_| hop.caller_state == AccountState::Disabled);
        let caller = caller.and_then(|email| {
            let account = Resource::account("-", email);
            estate.resolve(&account).exists()
        });
        let target =
            (hop.target_state == AccountState::Disabled).then(|| hop.question.target.clone());
        let api = match &hop.api {
            Some((project, Truth::No)) => {
                Some(Switch::api(Resource::project(project), CREDENTIALS_API))
            }
            _ => None,
        };
        let found = api
            .into_iter()
            .chain(caller.map(Switch::account))
            .chain(target.map(Switch::account));
        for switch in found {
            if !all.contains(&switch) {
                all.push(switch);
            }
        }
    }
    all
}

/// The least grant for each of several hops; `None` where a hop has none that helps it.
fn every_hop(
    estate: &Estate,
    hops: &[&Explanation],
    causes: &[Cause],
    options: &PlanOptions,
    judge: JudgeFn<'_>,
) -> Option<Vec<RemedyStep>> {
    hops.iter()
        .map(|hop| {
            candidates(estate, hop, causes, options)
                .into_iter()
                .map(|c| RemedyStep::Binding(Box::new(c)))
                .find(|step| {
                    let mut mended = estate.clone();
                    step.on(&mut mended).is_some()
                        && judge(&mended, &hop.question).allowed == Truth::Yes
                })
        })
        .collect()
}

/// What would come of it, when it helps.
fn turned(
    estate: &Estate,
    before: &Explanation,
    steps: &[RemedyStep],
    judge: JudgeFn<'_>,
) -> Option<Outcome> {
    let mut mended = estate.clone();
    for step in steps {
        step.on(&mut mended)?;
    }
    let after = judge(&mended, &before.question);
    match after.outcome {
        Outcome::WouldSucceed => Some(Outcome::WouldSucceed),
        Outcome::Unknown
            if granted(&after) == Truth::Yes
                && (granted(before) != Truth::Yes || before.outcome == Outcome::WouldFail) =>
        {
            Some(Outcome::Unknown)
        }
        _ => None,
    }
}

/// Whether allow policies grant every hop.
fn granted(explanation: &Explanation) -> Truth {
    if explanation.hops.is_empty() {
        return explanation.allowed;
    }
    let hops = explanation.hops.iter();
    hops.fold(Truth::Yes, |sum, hop| sum.and(hop.allowed))
}

fn warnings(estate: &Estate, remedies: &[Remedy]) -> Vec<String> {
    let mut all = Vec::new();
    for step in remedies.iter().flat_map(|r| &r.steps) {
        if let RemedyStep::Binding(repair) = step {
            for sign in reverts::signs(estate, &repair.resource) {
                if !all.contains(&sign) {
                    all.push(sign);
                }
            }
        }
    }
    all
}

#[cfg(test)]
#[path = "remedy_tests.rs"]
mod tests;
