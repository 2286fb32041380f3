//! Conditions that are supposed to come to another value than they do, as a whole or by one of their clauses: those of
//! bindings, of deny rules and of boundaries' bindings.

use std::sync::Arc;

use super::{Supposed, Supposition};
use crate::estate::{Estate, Read};
use crate::iam::{AllowPolicy, Condition, DenyPolicy, PolicyBinding, Resource};

/// What a condition, or one of its clauses, is supposed to come to.
#[derive(Clone, Debug, PartialEq)]
pub struct SupposedCondition {
    /// Whose condition it is.
    pub of: ConditionOf,
    /// The clause; `None`: the whole condition.
    pub clause: Option<ClauseSpan>,
    /// What it is supposed to come to.
    pub value: bool,
    /// What it came to as it was read; `None`: that is not known.
    pub as_read: Option<bool>,
    /// Its text.
    pub text: Arc<str>,
    /// Whose that is, for people: a binding's role by its name, `deny rule 1`, `boundary Production only`.
    pub whose: Arc<str>,
}

/// Whose condition it is, by its place in what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionOf {
    /// A binding of the level's allow policy: its place there.
    Binding(usize),
    /// A rule of one of the level's deny policies.
    DenyRule {
        /// The policy's name.
        policy: Arc<str>,
        /// Its place there.
        rule: usize,
    },
    /// The binding of a principal access boundary: its name.
    Boundary(Arc<str>),
}

/// A clause of a condition, in characters of its expression as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClauseSpan {
    /// Its first character, from 0.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
}

impl ClauseSpan {
    const fn chars(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Supposition {
    /// That the condition of something which was read, or a clause of it, comes to something else: to what it is not,
    /// and where it is not known what it is, first to true. `None`: there is no such condition or clause.
    #[must_use]
    pub fn condition(
        read: &Estate,
        on: &Resource,
        of: &ConditionOf,
        clause: Option<ClauseSpan>,
        as_read: Option<bool>,
    ) -> Option<Self> {
        let (condition, whose) = written(read, on, of)?;
        let text: String = match clause {
            Some(span) => {
                let chars: Vec<char> = condition.expression.chars().collect();
                chars.get(span.chars())?.iter().collect()
            }
            None => condition.expression.clone(),
        };
        Some(Self {
            on: on.clone(),
            what: Supposed::Condition(SupposedCondition {
                of: of.clone(),
                clause,
                value: as_read != Some(true),
                as_read,
                text: text.trim().into(),
                whose,
            }),
        })
    }

    /// What it supposes of that condition as it was read, or of that clause of it.
    #[must_use]
    pub fn of_condition(
        &self,
        at: &Resource,
        of: &ConditionOf,
        clause: Option<ClauseSpan>,
    ) -> Option<&SupposedCondition> {
        let start = |span: Option<ClauseSpan>| span.map(|span| span.start);
        self.of_any_clause(at, of)
            .filter(|one| start(one.clause) == start(clause))
    }

    /// What it supposes of that condition as it was read, as a whole or of any clause of it.
    #[must_use]
    pub fn of_any_clause(&self, at: &Resource, of: &ConditionOf) -> Option<&SupposedCondition> {
        match &self.what {
            Supposed::Condition(one) if self.on == *at && one.of == *of => Some(one),
            _ => None,
        }
    }
}

impl SupposedCondition {
    const fn literal(&self) -> &'static str {
        if self.value { "true" } else { "false" }
    }
}

/// Where a clause of the condition that is supposed stands in the one that was read: what others are supposed to be is
/// shorter or longer than their text. `None`: it stands in the place of one.
#[must_use]
pub fn as_read(
    all: &[Supposition],
    at: &Resource,
    of: &ConditionOf,
    clause: ClauseSpan,
) -> Option<ClauseSpan> {
    let ones = all.iter().filter_map(|one| one.of_any_clause(at, of));
    let mut ones: Vec<_> = ones.filter_map(|one| Some((one.clause?, one))).collect();
    ones.sort_by_key(|(span, _)| span.start);
    // How far what follows has moved to the right.
    let mut moved = 0_i64;
    for (span, one) in ones {
        let stands = i64::from(span.start) + moved;
        if stands == i64::from(clause.start) {
            return None;
        }
        if stands < i64::from(clause.start) {
            let was = i64::from(span.end) - i64::from(span.start);
            moved += i64::try_from(one.literal().len()).unwrap_or_default() - was;
        }
    }
    let back = |place: u32| u32::try_from(i64::from(place) - moved).unwrap_or_default();
    Some(ClauseSpan {
        start: back(clause.start),
        end: back(clause.end),
    })
}

/// A condition as it is written, and whose it is.
fn written(read: &Estate, on: &Resource, of: &ConditionOf) -> Option<(Arc<Condition>, Arc<str>)> {
    match of {
        ConditionOf::Binding(place) => {
            let policy = read.allow_policy(on).known().flatten()?;
            let binding = policy.bindings.get(*place)?;
            Some((binding.condition.clone()?, Arc::clone(&binding.role)))
        }
        ConditionOf::DenyRule { policy, rule } => {
            let all = read.deny_policies(on).known()?;
            let policy = all.iter().find(|one| *one.name == **policy)?;
            let denies = policy.rules.get(*rule)?.deny_rule.as_ref()?;
            let whose = format!("deny rule {}", rule + 1);
            Some((denies.denial_condition.clone()?, whose.into()))
        }
        ConditionOf::Boundary(name) => {
            let list = bindings_beside(read, name)?;
            let binding = list.iter().find(|one| *one.name == **name)?;
            let policy = read.boundary(&binding.policy).known().flatten();
            let title = policy.and_then(|policy| policy.display_name.as_deref());
            let id = || binding.policy.rsplit('/').next().unwrap_or_default();
            let title = title.filter(|t| !t.is_empty()).unwrap_or_else(id);
            let whose = format!("boundary {title}");
            Some((binding.condition.clone()?, whose.into()))
        }
    }
}

/// The list of policy bindings in which that one stands.
fn bindings_beside(estate: &Estate, name: &str) -> Option<Vec<Arc<PolicyBinding>>> {
    let lists = estate.policy_bindings();
    let mut known = lists.filter_map(|(_, list)| list.known());
    let list = known.find(|list| list.iter().any(|one| one.name == name))?;
    Some(list.to_vec())
}

/// A condition with all that is supposed of it; `None`: without one, as what always holds has none.
fn supposed(as_read: &Condition, ones: &[&SupposedCondition]) -> Option<Arc<Condition>> {
    let with = |expression: String| {
        Some(Arc::new(Condition {
            expression,
            ..as_read.clone()
        }))
    };
    if let Some(whole) = ones.iter().find(|one| one.clause.is_none()) {
        return (!whole.value).then(|| with("false".to_owned())).flatten();
    }
    let mut chars: Vec<char> = as_read.expression.chars().collect();
    let mut parts: Vec<_> = ones
        .iter()
        .filter_map(|one| Some((one.clause?, one)))
        .collect();
    // From the last one on, so that those before it stand where they stood.
    parts.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    for (span, one) in parts {
        if chars.get(span.chars()).is_some() {
            chars.splice(span.chars(), one.literal().chars());
        }
    }
    with(chars.into_iter().collect())
}

/// Puts every condition into the estate that is supposed to come to something else.
pub(super) fn suppose(estate: &mut Estate, read: &Estate, all: &[Supposition]) {
    let mut done: Vec<(&Resource, &ConditionOf)> = Vec::new();
    for one in all {
        let Supposed::Condition(first) = &one.what else {
            continue;
        };
        let which = (&one.on, &first.of);
        if done.contains(&which) {
            continue;
        }
        done.push(which);
        let ones: Vec<_> = all
            .iter()
            .filter_map(|other| other.of_any_clause(&one.on, &first.of))
            .collect();
        if let Some((as_read, _)) = written(read, &one.on, &first.of) {
            put(estate, &one.on, &first.of, supposed(&as_read, &ones));
        }
    }
}

fn put(estate: &mut Estate, on: &Resource, of: &ConditionOf, condition: Option<Arc<Condition>>) {
    match of {
        ConditionOf::Binding(place) => {
            let Read::Known(Some(policy)) = estate.allow_policy(on) else {
                return;
            };
            let mut policy = AllowPolicy::clone(policy);
            if let Some(binding) = policy.bindings.get_mut(*place) {
                binding.condition = condition;
                estate.put_policy(on.clone(), policy);
            }
        }
        ConditionOf::DenyRule { policy, rule } => {
            let Some(list) = estate.deny_policies(on).known().map(<[_]>::to_vec) else {
                return;
            };
            // Each is put back, so that they keep their order; bindings of boundaries below, too.
            for mut one in list.into_iter().map(|p| DenyPolicy::clone(&p)) {
                let is = *one.name == **policy;
                let rule = one.rules.get_mut(*rule).filter(|_| is);
                if let Some(denies) = rule.and_then(|rule| rule.deny_rule.as_mut()) {
                    denies.denial_condition.clone_from(&condition);
                }
                estate.put_deny_policy(one);
            }
        }
        ConditionOf::Boundary(name) => {
            for mut one in bindings_beside(estate, name)
                .into_iter()
                .flatten()
                .map(|b| PolicyBinding::clone(&b))
            {
                if *one.name == **name {
                    one.condition.clone_from(&condition);
                }
                estate.put_policy_binding(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_clause(span: (u32, u32), value: bool) -> Supposition {
        Supposition {
            on: Resource::project("p"),
            what: Supposed::Condition(SupposedCondition {
                of: ConditionOf::Binding(0),
                clause: Some(ClauseSpan {
                    start: span.0,
                    end: span.1,
                }),
                value,
                as_read: Some(!value),
                text: "".into(),
                whose: "roles/viewer".into(),
            }),
        }
    }

    /// No blanks are left where a clause stood, and each clause is found again where it stood.
    #[test]
    fn clauses_move_and_are_found_again() {
        let text = "aé == 1 && b == 'long' && c";
        let all = [of_clause((11, 22), false), of_clause((0, 7), true)];
        let condition = Condition {
            expression: text.to_owned(),
            title: None,
            description: None,
            location: None,
        };
        let (on, of) = (Resource::project("p"), ConditionOf::Binding(0));
        let ones: Vec<_> = all
            .iter()
            .filter_map(|one| one.of_any_clause(&on, &of))
            .collect();
        let supposed = supposed(&condition, &ones).unwrap().expression.clone();
        assert_eq!(supposed, "true && false && c");
        let at = |start: u32, end: u32| as_read(&all, &on, &of, ClauseSpan { start, end });
        assert_eq!(at(0, 4), None);
        assert_eq!(at(8, 13), None);
        let last = ClauseSpan { start: 26, end: 27 };
        assert_eq!(at(17, 18), Some(last));
        let other = as_read(&all, &on, &ConditionOf::Binding(1), last);
        assert_eq!(other, Some(last));
    }
}
