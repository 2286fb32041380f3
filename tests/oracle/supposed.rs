//! What if: the answer where something is supposed not to be there is the answer on the estate without it. The one
//! takes it away in memory, by its place; the other is read from a file that never had it.

use std::collections::{BTreeMap, BTreeSet};

use bindscope::answer::what_if::{Supposed, Supposition, SwitchedRule, what_if};
use bindscope::estate::{Estate, Existence, file};
use bindscope::evaluate::{CauseKind, Outcome, Question, Verdict, diagnose, explain};
use bindscope::iam::{Resource, deny};
use bindscope::repair::{PlanOptions, remedies};
use serde_json::{Value, json};

use super::case::Case;
use super::chance::Chance;
use super::number;

/// So many estates in `cargo test`; as many as ORACLE_QUESTIONS has tens in CI.
const ESTATES: u64 = 45;
const DOMAINS: &str = "iam.allowedPolicyMemberDomains";
const LIFETIME: &str = "iam.allowServiceAccountCredentialLifetimeExtension";

/// Something that is in a file, by its place there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Binding(String, usize),
    Member(String, usize, String),
    Deny(usize, usize),
    Boundary(usize),
    BoundaryRule(usize, usize),
    OrgPolicy(usize),
}

/// Everything that can be switched off.
fn things(world: &Value) -> Vec<Thing> {
    let mut all = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (on, policy) in world["iamPolicies"].as_object().unwrap() {
        for (i, binding) in list(&policy["bindings"]).iter().enumerate() {
            all.push(Thing::Binding(on.clone(), i));
            let members = list(&binding["members"]);
            for member in members.iter().filter(|_| members.len() > 1) {
                let member = member.as_str().unwrap().to_owned();
                all.push(Thing::Member(on.clone(), i, member));
            }
        }
    }
    for (i, policy) in list(&world["denyPolicies"]).iter().enumerate() {
        all.extend((0..list(&policy["rules"]).len()).map(|rule| Thing::Deny(i, rule)));
    }
    all.extend((0..list(&world["policyBindings"]).len()).map(Thing::Boundary));
    for (i, policy) in list(&world["principalAccessBoundaryPolicies"])
        .iter()
        .enumerate()
    {
        let rules = list(&policy["details"]["rules"]).len();
        all.extend((0..rules).map(|rule| Thing::BoundaryRule(i, rule)));
    }
    all.extend((0..list(&world["orgPolicies"]).len()).map(Thing::OrgPolicy));
    all
}

fn take(from: &mut Value, at: usize) {
    from.as_array_mut().unwrap().remove(at);
}

impl Thing {
    /// Takes it out of the file. Those behind it in a list are to be taken before.
    fn leave_out(&self, world: &mut Value) {
        match self {
            Self::Binding(on, i) => take(&mut world["iamPolicies"][on]["bindings"], *i),
            Self::Member(on, i, member) => {
                let members = &mut world["iamPolicies"][on]["bindings"][*i]["members"];
                members.as_array_mut().unwrap().retain(|m| m != member);
            }
            Self::Deny(i, rule) => take(&mut world["denyPolicies"][*i]["rules"], *rule),
            Self::Boundary(i) => take(&mut world["policyBindings"], *i),
            Self::BoundaryRule(i, rule) => {
                let policy = &mut world["principalAccessBoundaryPolicies"][*i];
                take(&mut policy["details"]["rules"], *rule);
            }
            Self::OrgPolicy(i) => take(&mut world["orgPolicies"], *i),
        }
    }

    /// The same, supposed.
    fn off(&self, read: &Estate, world: &Value, target: &Resource) -> Option<Supposition> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let canonical = |at: Resource| match read.resolve(&at) {
            Existence::Exists(at) => at,
            _ => at,
        };
        let (on, rule) = match self {
            Self::Binding(on, i) => {
                let on = canonical(Resource::parse(on).unwrap());
                return Supposition::off(read, &on, *i, None);
            }
            Self::Member(on, i, member) => {
                let on = canonical(Resource::parse(on).unwrap());
                return Supposition::off(read, &on, *i, Some(member));
            }
            Self::Deny(i, rule) => {
                let policy = text(&world["denyPolicies"][*i]["name"]);
                let on = canonical(deny::attachment_point(&policy).unwrap());
                let (policy, rule) = (policy.into(), *rule);
                (on, SwitchedRule::Deny { policy, rule })
            }
            Self::Boundary(i) => {
                let binding = text(&world["policyBindings"][*i]["name"]).into();
                (target.clone(), SwitchedRule::Boundary { binding })
            }
            Self::BoundaryRule(i, rule) => {
                let policy = text(&world["principalAccessBoundaryPolicies"][*i]["name"]);
                let (policy, rule) = (policy.into(), *rule);
                (target.clone(), SwitchedRule::BoundaryRule { policy, rule })
            }
            Self::OrgPolicy(i) => {
                let name = text(&world["orgPolicies"][*i]["name"]);
                let (on, constraint) = name.split_once("/policies/").unwrap();
                let on = canonical(Resource::parse(on).unwrap());
                let constraint = constraint.into();
                (on, SwitchedRule::OrgPolicy { constraint })
            }
        };
        let what = Supposed::RuleOff {
            rule,
            title: "rule".into(),
            name: "".into(),
        };
        Some(Supposition { on, what })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Binding(..) => "binding",
            Self::Member(..) => "member",
            Self::Deny(..) => "deny rule",
            Self::Boundary(_) => "boundary",
            Self::BoundaryRule(..) => "boundary rule",
            Self::OrgPolicy(_) => "organization policy",
        }
    }
}

/// What an answer says: of causes the kinds and where they sit, of the plan how many ways there are and how many would
/// be refused.
type Said = (
    Verdict,
    Outcome,
    Vec<(CauseKind, Option<Resource>)>,
    usize,
    usize,
);

fn said(estate: &Estate, question: &Question) -> Said {
    let explanation = explain(estate, question);
    let causes = diagnose(estate, &explanation);
    let plan = remedies(estate, &explanation, &causes, &PlanOptions::default());
    let kinds = causes.iter().map(|c| (c.kind, c.resource.clone()));
    let kinds = kinds.collect();
    (
        explanation.verdict,
        explanation.outcome,
        kinds,
        plan.remedies.len(),
        plan.refused.len(),
    )
}

/// More of what can be switched than the oracle's estates have: policies with several rules, organization policies.
fn more(chance: &mut Chance, world: &mut Value, emails: &[&str]) {
    for list in ["denyPolicies", "principalAccessBoundaryPolicies"] {
        let rules = |policy: &Value| match list {
            "denyPolicies" => policy["rules"].clone(),
            _ => policy["details"]["rules"].clone(),
        };
        let all: Vec<Value> = world[list].as_array().unwrap().iter().map(rules).collect();
        for policy in world[list].as_array_mut().unwrap() {
            if chance.one_in(2) {
                let more = chance.of(&all).as_array().unwrap().clone();
                let own = match list {
                    "denyPolicies" => &mut policy["rules"],
                    _ => &mut policy["details"]["rules"],
                };
                own.as_array_mut().unwrap().extend(more);
            }
        }
    }
    let levels = ["organizations/1", "folders/2", "projects/31", "projects/30"];
    let mut org = Vec::new();
    for level in chance.some(&levels, 0, 3) {
        let (name, values) = if chance.one_in(2) {
            (DOMAINS, vec![*chance.of(&["is:C1heron", "C9other"])])
        } else {
            (LIFETIME, chance.some(emails, 1, 3))
        };
        org.push(json!({ "name": format!("{level}/policies/{name}"),
            "spec": { "rules": [{ "values": { "allowedValues": values } }], "inheritFromParent": chance.one_in(2) } }));
    }
    world["orgPolicies"] = org.into();
}

#[test]
fn what_if_something_is_not_there_is_the_answer_without_it() {
    let estates = number("ORACLE_QUESTIONS").map_or(ESTATES, |n| n / 10);
    let (mut compared, mut turned) = (0, BTreeMap::new());
    for case in 0..estates {
        let drawn = Case::draw(31, case);
        let mut chance = Chance::new(32, case);
        let mut world = drawn.world.clone();
        let emails: Vec<&str> = super::world::ACCOUNTS.iter().map(|(e, ..)| *e).collect();
        more(&mut chance, &mut world, &emails);
        world["unreadable"] = drawn.unreadable.clone().into();
        let read = file::read_text("oracle", &world.to_string()).unwrap();
        let all = things(&world);
        for asked in &drawn.asked {
            let mut question = asked.question();
            if chance.one_in(2) {
                question.call.lifetime = Some(7200);
            }
            let before = said(&read, &question);
            // One thing of each kind, and some together.
            let kinds: BTreeSet<&str> = all.iter().map(Thing::kind).collect();
            let mut sets: Vec<Vec<Thing>> = Vec::new();
            for kind in kinds {
                let of: Vec<Thing> = all.iter().filter(|t| t.kind() == kind).cloned().collect();
                sets.push(vec![chance.of(&of).clone()]);
            }
            sets.push(chance.some(&all, 2, 4));
            for mut set in sets {
                // A binding and a member of it are one thing too many.
                let whole: Vec<Thing> = set.clone();
                set.retain(|thing| match thing {
                    Thing::Member(on, i, _) => !whole.contains(&Thing::Binding(on.clone(), *i)),
                    _ => true,
                });
                set.sort();
                let target = explain(&read, &question).question.target;
                let supposed: Vec<Supposition> = set
                    .iter()
                    .filter_map(|thing| thing.off(&read, &world, &target))
                    .collect();
                // What may not be read cannot be switched.
                if supposed.len() < set.len() {
                    continue;
                }
                let mut without = world.clone();
                // Members first: taking a binding moves the places of those behind it.
                let (members, others): (Vec<&Thing>, Vec<&Thing>) =
                    set.iter().partition(|t| matches!(t, Thing::Member(..)));
                for thing in members.into_iter().chain(others.into_iter().rev()) {
                    thing.leave_out(&mut without);
                }
                let right = file::read_text("oracle", &without.to_string()).unwrap();
                let (_, explanation, causes, plan) = what_if(&read, &question, &supposed, &[]);
                let kinds = causes.iter().map(|c| (c.kind, c.resource.clone()));
                let told: Said = (
                    explanation.verdict,
                    explanation.outcome,
                    kinds.collect(),
                    plan.remedies.len(),
                    plan.refused.len(),
                );
                let right = said(&right, &question);
                assert_eq!(
                    told, right,
                    "case {case}, {asked:?} without {set:?} in {world}"
                );
                compared += 1;
                if told != before
                    && let [one] = set.as_slice()
                {
                    *turned.entry(one.kind()).or_insert(0) += 1;
                }
            }
        }
    }
    println!("{compared} compared, of which something turned: {turned:?}");
    // Nothing is shown by what never makes a difference.
    assert_eq!(turned.len(), 6, "{turned:?}");
}
