//! What becomes of a condition over time: whether it is over, can never hold, or ends.

use jiff::{Timestamp, ToSpan};

use super::super::conditions::{self, Site};
use super::super::judge::Judge;
use crate::estate::Estate;
use crate::evaluate::truth::Truth;
use crate::iam::{Condition, Permission, Principal, Resource};

/// What a binding's condition comes to, at a moment and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionLife {
    /// It held once, and never will again.
    Expired,
    /// It never held and never will.
    NeverTrue,
    /// It does not hold now.
    NotNow,
    /// It holds; until then, where the moment is told.
    Holds(Option<Timestamp>),
    /// It hangs on something that is not known, or differs from account to account.
    Depends,
}

/// Follows a condition of an allow policy's binding on `resource` from `time` on.
#[must_use]
pub fn condition_life(
    estate: &Estate,
    resource: &Resource,
    condition: &Condition,
    time: Timestamp,
) -> ConditionLife {
    let Ok(compiled) = conditions::compiled(&condition.expression) else {
        return ConditionLife::NeverTrue;
    };
    // What a condition sees below a level may differ from account to account.
    if !matches!(resource, Resource::ServiceAccount { .. }) && compiled.uses("resource") {
        return ConditionLife::Depends;
    }
    let at = |time: Timestamp| {
        let nobody = Principal::Other(String::new());
        let permission = Permission::get_access_token();
        let judge =
            Judge::new(estate, &nobody, &permission, resource, time).with_identity(&[], None);
        conditions::decide(&judge, condition, Site::Allow)
    };
    let now = at(time);
    let names: Vec<&str> = compiled.names().collect();
    // What goes round (hours, weekdays) comes again; what looks at the resource hangs on its tags.
    let only_time = names
        .iter()
        .all(|name| *name == "request.time" || *name == "request");
    let told = only_time && !condition.expression.contains(".get");
    match now {
        Truth::No if names.is_empty() => ConditionLife::NeverTrue,
        Truth::No if !told => ConditionLife::NotNow,
        Truth::No => {
            let moments = moments(condition, time);
            let mut later = moments.iter().filter(|m| **m >= time);
            if later.any(|m| at(*m) != Truth::No) {
                ConditionLife::NotNow
            } else if moments.iter().any(|m| at(*m) == Truth::Yes) {
                ConditionLife::Expired
            } else {
                ConditionLife::NeverTrue
            }
        }
        Truth::Yes if told => {
            let mut moments = named(condition);
            moments.retain(|m| *m > time);
            moments.sort();
            // It ends with the moment, or right behind it.
            let ends = |m: &&Timestamp| {
                let behind = m.checked_add(1.seconds()).unwrap_or(**m);
                at(**m) == Truth::No || at(behind) == Truth::No
            };
            ConditionLife::Holds(moments.iter().find(ends).copied())
        }
        Truth::Yes => ConditionLife::Holds(None),
        _ => ConditionLife::Depends,
    }
}

/// The moments in the text.
fn named(condition: &Condition) -> Vec<Timestamp> {
    let quoted = condition.expression.split(['"', '\'']);
    quoted.filter_map(|text| text.parse().ok()).collect()
}

/// A thing of time alone changes at the moments that it names: those are looked at, before and after.
fn moments(condition: &Condition, now: Timestamp) -> Vec<Timestamp> {
    let mut all = vec![now];
    for moment in named(condition) {
        for hours in [-1, 1] {
            all.extend(moment.checked_add(hours.hours()).ok());
        }
        all.push(moment);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Coverage;

    #[test]
    fn a_condition_is_followed_over_time() {
        let estate = Estate::new(Coverage::Whole);
        let on = Resource::account("p", "a@p.iam.gserviceaccount.com");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let life = |expression: &str| {
            let condition = Condition {
                expression: expression.to_owned(),
                ..Condition::default()
            };
            condition_life(&estate, &on, &condition, at("2026-11-24T12:00:00Z"))
        };
        use ConditionLife as L;
        let over = "request.time < timestamp(\"2026-01-01T00:00:00Z\")";
        assert_eq!(life(over), L::Expired);
        let ends = "request.time < timestamp(\"2026-12-01T00:00:00Z\")";
        assert_eq!(life(ends), L::Holds(Some(at("2026-12-01T00:00:00Z"))));
        let last = "request.time <= timestamp(\"2026-12-01T00:00:00Z\")";
        assert_eq!(life(last), L::Holds(Some(at("2026-12-01T00:00:00Z"))));
        assert_eq!(
            life("request.time > timestamp(\"2027-01-01T00:00:00Z\")"),
            L::NotNow
        );
        assert_eq!(
            life("request.time > timestamp(\"2020-01-01T00:00:00Z\")"),
            L::Holds(None)
        );
        assert_eq!(life("false"), L::NeverTrue);
        assert_eq!(life("no such thing"), L::NeverTrue);
        assert_eq!(life("request.time.getHours() < 0"), L::NotNow);
        assert_eq!(life("resource.name == \"x\""), L::Depends);
    }
}
