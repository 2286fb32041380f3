//! What must hold on every estate, whatever stands in it.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::generate::{self, ACCOUNTS};
use super::{account, at, from_value, who};
use crate::estate::{Coverage, Estate};
use crate::evaluate::{Outcome, Question, Truth, Verdict, diagnose, explain, may};

const NOW: &str = "2026-11-24T00:00:00Z";

fn questions() -> impl Iterator<Item = Question> {
    generate::callers().into_iter().flat_map(|caller| {
        ACCOUNTS.map(|(email, _)| Question::new(who(&caller), account(email), at(NOW)))
    })
}

/// Every verdict and outcome, in the order of [`questions`].
fn answers(file: &Value) -> Vec<(Verdict, Outcome)> {
    let estate = from_value(file, Coverage::Whole);
    questions()
        .map(|q| {
            let e = explain(&estate, &q);
            (e.verdict, e.outcome)
        })
        .collect()
}

fn told(before: &[(Verdict, Outcome)], after: &[(Verdict, Outcome)]) -> String {
    questions()
        .zip(before.iter().zip(after))
        .filter(|(_, (b, a))| b != a)
        .map(|(q, (b, a))| format!("{} on {}: {b:?}, then {a:?}\n", q.caller, q.target))
        .collect()
}

/// Turns every list in the file around, and the order of policies with it.
fn reversed(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.reverse();
            list.iter_mut().for_each(reversed);
        }
        Value::Object(map) => {
            let mut fields: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
            fields.reverse();
            for (_, value) in &mut fields {
                reversed(value);
            }
            map.extend(fields);
        }
        _ => {}
    }
}

/// Turns only lists whose order says nothing, by a number that stands for a permutation.
fn rotated(value: &mut Value, by: usize) {
    match value {
        Value::Array(list) => {
            if !list.is_empty() {
                let middle = by % list.len();
                list.rotate_left(middle);
            }
            list.iter_mut().for_each(|v| rotated(v, by));
        }
        Value::Object(map) => map.values_mut().for_each(|v| rotated(v, by)),
        _ => {}
    }
}

fn bindings(file: &mut Value) -> Vec<&mut Vec<Value>> {
    file["iamPolicies"]
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
        .filter_map(|policy| policy["bindings"].as_array_mut())
        .filter(|list| !list.is_empty())
        .collect()
}

/// Never from no to yes.
fn no_gain(before: &[(Verdict, Outcome)], after: &[(Verdict, Outcome)]) -> bool {
    before.iter().zip(after).all(|((b, b_out), (a, a_out))| {
        let verdict = *b == Verdict::CannotAccess && *a == Verdict::CanAccess;
        let outcome = *b_out == Outcome::WouldFail && *a_out == Outcome::WouldSucceed;
        !verdict && !outcome
    })
}

proptest! {
    #![proptest_config(generate::cases(100))]

    #[test]
    fn order_does_not_matter(file in generate::estate(), by in 1..5_usize) {
        let before = answers(&file);
        let mut other = file.clone();
        reversed(&mut other);
        let after = answers(&other);
        prop_assert!(before == after, "{}", told(&before, &after));
        let mut other = file;
        rotated(&mut other, by);
        let after = answers(&other);
        prop_assert!(before == after, "{}", told(&before, &after));
    }

    #[test]
    fn taking_a_grant_away_never_gives(file in generate::estate(), which: Index, binding: Index, member: Index, whole: bool) {
        let before = answers(&file);
        let mut less = file;
        let mut lists = bindings(&mut less);
        if !lists.is_empty() {
            let at = which.index(lists.len());
            let list = &mut lists[at];
            let at = binding.index(list.len());
            if whole {
                list.remove(at);
            } else {
                let members = list[at]["members"].as_array_mut().unwrap();
                members.remove(member.index(members.len()));
            }
        }
        let after = answers(&less);
        prop_assert!(no_gain(&before, &after), "{}", told(&before, &after));
        // Nor does it leave anything better than unknown where it was unknown with everything read.
        if less["unreadable"] == Value::Array(Vec::new()) {
            for ((b, _), (a, _)) in before.iter().zip(&after) {
                prop_assert!(*b == Verdict::CanAccess || *a != Verdict::CanAccess);
            }
        }
    }

    #[test]
    fn a_further_deny_rule_never_gives(file in generate::estate(), deny in generate::deny_policy()) {
        let before = answers(&file);
        let mut more = file;
        more["denyPolicies"].as_array_mut().unwrap().push(deny);
        let after = answers(&more);
        prop_assert!(no_gain(&before, &after), "{}", told(&before, &after));
    }

    #[test]
    fn reading_more_never_contradicts(file in generate::estate()) {
        let before = answers(&file);
        let mut open = file;
        open["unreadable"] = Value::Array(Vec::new());
        let after = answers(&open);
        for ((b, b_out), (a, a_out)) in before.iter().zip(&after) {
            if matches!(b, Verdict::CanAccess | Verdict::CannotAccess) {
                prop_assert_eq!(b, a, "{}", told(&before, &after));
            }
            if *b_out != Outcome::Unknown {
                prop_assert_eq!(b_out, a_out, "{}", told(&before, &after));
            }
        }
    }

    #[test]
    fn the_same_binding_twice_changes_nothing(file in generate::estate(), which: Index, binding: Index) {
        let before = answers(&file);
        let mut twice = file;
        let mut lists = bindings(&mut twice);
        if !lists.is_empty() {
            let at = which.index(lists.len());
            let list = &mut lists[at];
            let again = list[binding.index(list.len())].clone();
            list.push(again);
        }
        let after = answers(&twice);
        prop_assert!(before == after, "{}", told(&before, &after));
    }

    #[test]
    fn the_quick_check_and_the_explanation_agree(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for question in questions() {
            let explanation = explain(&estate, &question);
            let target = &explanation.question.target;
            let quick = may(&estate, &question.caller, question.permission.as_str(), target, question.time);
            let expected = match explanation.verdict {
                Verdict::CanAccess => Truth::Yes,
                Verdict::CannotAccess => Truth::No,
                Verdict::UnknownInfo => Truth::UnknownInfo,
                Verdict::UnknownConditional => Truth::UnknownConditional,
            };
            prop_assert_eq!(quick, expected, "{} on {}", question.caller, question.target);
        }
    }

    /// An answer that is not yes says why; a yes has no cause.
    #[test]
    fn every_answer_but_yes_has_a_cause(file in generate::estate()) {
        let estate = from_value(&file, Coverage::Whole);
        for question in questions() {
            let explanation = explain(&estate, &question);
            let causes = diagnose(&estate, &explanation);
            prop_assert_eq!(
                causes.is_empty(),
                explanation.outcome == Outcome::WouldSucceed,
                "{} on {}: {:?} {:?}", question.caller, question.target, explanation.verdict, causes
            );
        }
    }
}

/// What a partial reading says is never contradicted by the whole: the same estate, some of its
/// policies not fetched.
#[test]
fn fetching_more_never_contradicts() {
    let mut runner = proptest::test_runner::TestRunner::new(generate::cases(100));
    let keep = proptest::sample::subsequence((0..11_usize).collect::<Vec<_>>(), 0..11);
    runner
        .run(&(generate::estate(), keep), |(mut file, keep)| {
            file["unreadable"] = Value::Array(Vec::new());
            let whole = answers(&file);
            let policies = file["iamPolicies"].as_object_mut().unwrap();
            let names: Vec<String> = policies.keys().cloned().collect();
            for (i, name) in names.iter().enumerate() {
                if !keep.contains(&i) {
                    policies.remove(name);
                }
            }
            let mut estate: Estate = from_value(&file, Coverage::Partial);
            for level in generate::LEVELS {
                let level = crate::iam::Resource::parse(level).unwrap();
                estate.put_deny_read(level.clone());
                estate.put_policy_bindings_read(&level);
            }
            for (question, (verdict, _)) in questions().zip(whole) {
                let part = explain(&estate, &question).verdict;
                if matches!(part, Verdict::CanAccess | Verdict::CannotAccess) {
                    prop_assert_eq!(part, verdict, "{} on {}", question.caller, question.target);
                }
            }
            Ok(())
        })
        .unwrap();
}
