//! What if: bindings and what refuses are switched off or on in memory, and the question is judged anew. Nothing is
//! written, and nothing can be while anything is switched.

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::model::tree::{LeafKind, LeafPlace, TreeRow};
use super::super::model::{AsRead, Asked, KnownAnswer, Model, Panel, Reading};
use crate::answer::states::LevelState;
use crate::answer::what_if::{ClauseSpan, ConditionOf, Supposed, Supposition, SwitchedRule};
use crate::iam::Resource;

/// The answer as it was read is shown again, where another one is. `false`: it is shown already.
pub(super) fn end(model: &mut Model) -> bool {
    let ended = model.asked_mut().is_some_and(Asked::end_what_if);
    if ended {
        model.say(
            "The answer as it was read: nothing is switched any more, and nothing was written.",
        );
    }
    ended
}

/// Whether something is switched, with which a command would speak of what is not so. It says so.
pub(super) fn refuses(model: &mut Model, command: Command) -> bool {
    let what = match command {
        Command::Fix | Command::CompareFixes | Command::Undo => "no policy is changed",
        Command::Copy => "nothing is copied",
        Command::Save => "nothing is saved",
        Command::Request => "nothing is asked for",
        _ => return false,
    };
    if model.asked().is_none_or(|a| a.as_read.is_none()) {
        return false;
    }
    let key = model.keys.fill(KeyContext::Answer, "{as-read}");
    model.say(format!(
        "While something is switched, {what}: {key} takes all back first."
    ));
    true
}

/// Switches what is selected.
pub(super) fn switch(model: &mut Model) {
    let Some(asked) = model.asked_mut() else {
        return;
    };
    let Some(known) = asked.known() else {
        model.say("The answer is not there yet.");
        return;
    };
    if asked.applied.is_some() {
        model.say("A change was written and is still watched: what if, once it is seen to work.");
        return;
    }
    let row = match asked.panel {
        Panel::Tree | Panel::Policy => known.rows.get(asked.tree_row),
        // In the causes: what is missing, else what is blamed.
        Panel::Why => {
            let missing = known.rows.iter().find(|r| r.state == LevelState::Missing);
            missing.or_else(|| known.rows.iter().find(|r| r.blamed && r.leaf.is_some()))
        }
    };
    let Some(row) = row.cloned() else { return };
    match meant(known, &row) {
        Meant::Binding(at, binding, member) => {
            toggle(asked, &row, &at, binding, member.as_deref());
        }
        Meant::Condition(row, at, of, clause) => toggle_condition(asked, &row, &at, &of, clause),
        Meant::Rule(row, at, rule) => toggle_rule(asked, &row, &at, &rule),
        Meant::Missing(one) => {
            let mut all = known.supposed.clone();
            all.push(one);
            judge(asked, all, &|new| {
                let grants = |r: &&TreeRow| {
                    r.resource == row.resource && r.state == LevelState::Grants && r.leaf.is_some()
                };
                new.iter().position(|r| grants(&r))
            });
        }
        Meant::Several(at) => {
            asked.opened.levels.insert(at);
            let opened = asked.opened.clone();
            if let Reading::Known(known) = &mut asked.reading {
                known.unfold(&opened);
                if let Some(to) = known.rows.iter().position(|r| r.is_same(&row)) {
                    asked.tree_row = to;
                }
            }
            model.say(model.with_keys(
                "There are several there: they are unfolded; {what-if} switches the one that is selected.",
            ));
        }
        Meant::Nothing(why) => model.say(model.with_keys(why)),
    }
}

/// What is meant by what is selected.
enum Meant {
    /// A binding or a member of one, which was read.
    Binding(Resource, usize, Option<String>),
    /// A condition or a clause of it, with its row.
    Condition(Box<TreeRow>, Resource, ConditionOf, Option<ClauseSpan>),
    /// A rule, a boundary, an organization policy, which was read, with its row.
    Rule(Box<TreeRow>, Resource, SwitchedRule),
    /// One that a fix would add.
    Missing(Supposition),
    /// A level with several.
    Several(Resource),
    /// Nothing that can be switched; why.
    Nothing(&'static str),
}

fn meant(known: &KnownAnswer, row: &TreeRow) -> Meant {
    let none = Meant::Nothing(
        "{what-if} switches bindings, members, conditions and rules: select one; {right} unfolds a level.",
    );
    let Some(at) = row.resource.clone() else {
        return none;
    };
    match &row.leaf {
        Some(leaf) => match (&leaf.what, &leaf.place) {
            (LeafKind::Grant(role, member), None) if row.state == LevelState::Missing => {
                let steps = known.plan.remedies.iter().flat_map(|way| way.bindings());
                let mut fits =
                    steps.filter(|r| r.resource == at && r.role == *role && r.member == *member);
                fits.next()
                    .map_or(none, |repair| Meant::Missing(Supposition::there(repair)))
            }
            (_, Some(LeafPlace::Binding { binding, member })) => {
                Meant::Binding(at, *binding, member.clone())
            }
            (_, Some(LeafPlace::Condition { of, clause })) => {
                Meant::Condition(Box::new(row.clone()), at, of.clone(), *clause)
            }
            (_, Some(LeafPlace::Rule(rule))) => {
                Meant::Rule(Box::new(row.clone()), at, rule.clone())
            }
            _ => none,
        },
        None => {
            // What an unfolded level would show.
            let rows = known.unfolded(&at);
            let place = |row: &'_ TreeRow| row.leaf.as_ref().and_then(|l| l.place.clone());
            let whole: Vec<usize> = rows
                .iter()
                .filter_map(|row| match place(row)? {
                    LeafPlace::Binding {
                        binding,
                        member: None,
                    } => Some(binding),
                    _ => None,
                })
                .collect();
            // A member is a part of its binding, as its condition is, and a boundary's rule of that.
            let is_part = |place: &LeafPlace| match place {
                LeafPlace::Binding { binding, member } => {
                    member.is_some() && whole.contains(binding)
                }
                LeafPlace::Condition { .. } => true,
                LeafPlace::Rule(rule) => matches!(rule, SwitchedRule::BoundaryRule { .. }),
            };
            let mut places = rows
                .iter()
                .filter_map(|row| Some((row, place(row).filter(|p| !is_part(p))?)));
            match (places.next(), places.next()) {
                (None, _) => Meant::Nothing("Nothing was read there that could be switched."),
                (Some((_, LeafPlace::Binding { binding, member })), None) => {
                    Meant::Binding(at, binding, member)
                }
                (Some((row, LeafPlace::Rule(rule))), None) => {
                    Meant::Rule(Box::new(row.clone()), at, rule)
                }
                // A condition is a part.
                (Some((_, LeafPlace::Condition { .. })), None) => none,
                (Some(_), Some(_)) => Meant::Several(at),
            }
        }
    }
}

/// Supposes that a condition or a clause of it comes to what it does not, or takes that back. Where it is not known
/// what it comes to, it is true first, then false, then as it was read.
fn toggle_condition(
    asked: &mut Asked,
    row: &TreeRow,
    at: &Resource,
    of: &ConditionOf,
    clause: Option<ClauseSpan>,
) {
    let Some(known) = asked.known() else { return };
    let mut all = known.supposed.clone();
    let place = all
        .iter()
        .position(|one| one.of_condition(at, of, clause).is_some());
    match place.and_then(|i| all.get_mut(i).map(|one| (i, one))) {
        Some((i, one)) => match &mut one.what {
            Supposed::Condition(one) if one.as_read.is_none() && one.value => one.value = false,
            _ => {
                all.remove(i);
            }
        },
        None => {
            let as_read = match row.state {
                LevelState::Grants => Some(true),
                LevelState::ConditionNotMet => Some(false),
                _ => None,
            };
            let read = asked.read().map(|k| &k.estate);
            all.extend(read.and_then(|read| Supposition::condition(read, at, of, clause, as_read)));
        }
    }
    judge(asked, all, &|rows| {
        let here = |r: &TreeRow| r.resource.as_ref() == Some(at);
        let same = |r: &TreeRow| match r.leaf.as_ref().and_then(|l| l.place.as_ref()) {
            Some(LeafPlace::Condition {
                of: other,
                clause: part,
            }) => other == of && *part == clause,
            _ => false,
        };
        let exact = rows.iter().position(|r| here(r) && same(r));
        let again = || rows.iter().position(|r| r.is_same(row));
        let level = || rows.iter().position(|r| r.is_level(at));
        exact.or_else(again).or_else(level)
    });
}

/// Switches a rule off, or on again.
fn toggle_rule(asked: &mut Asked, row: &TreeRow, at: &Resource, rule: &SwitchedRule) {
    let Some(known) = asked.known() else { return };
    let mut all = known.supposed.clone();
    if all.iter().any(|s| s.is_rule_off(at, rule)) {
        all.retain(|s| !s.is_rule_off(at, rule));
    } else if let Some(leaf) = &row.leaf {
        all.push(Supposition {
            on: at.clone(),
            what: Supposed::RuleOff {
                rule: rule.clone(),
                title: leaf.title.as_str().into(),
                name: leaf.name.as_str().into(),
            },
        });
    }
    judge(asked, all, &|rows| {
        let here = |r: &TreeRow| r.resource.as_ref() == Some(at);
        let same = |r: &TreeRow| {
            let place = r.leaf.as_ref().and_then(|l| l.place.as_ref());
            matches!(place, Some(LeafPlace::Rule(other)) if other == rule)
        };
        let exact = rows.iter().position(|r| here(r) && same(r));
        exact.or_else(|| rows.iter().position(|r| r.is_level(at)))
    });
}

/// Switches a binding off, or what is off on again.
fn toggle(asked: &mut Asked, row: &TreeRow, at: &Resource, binding: usize, member: Option<&str>) {
    let Some(known) = asked.known() else { return };
    let mut all = known.supposed.clone();
    let is = |s: &Supposition| {
        s.is_off(at, binding, member) || (member.is_some() && s.is_off(at, binding, None))
    };
    // One that is only supposed to be there stands behind those that were read.
    let read = asked
        .read()
        .and_then(|k| k.estate.allow_policy(at).known().flatten());
    let count = read.map_or(0, |policy| policy.bindings.len());
    if all.iter().any(is) {
        all.retain(|s| !is(s));
    } else if binding >= count {
        let there = |s: &Supposition| s.on == *at && matches!(s.what, Supposed::There { .. });
        let nth = binding - count;
        let added: Vec<usize> = (0..all.len())
            .filter(|i| all.get(*i).is_some_and(there))
            .collect();
        if let Some(i) = added.get(nth) {
            all.remove(*i);
        }
    } else {
        let known = asked.read().map(|k| &k.estate);
        let off = known.and_then(|estate| Supposition::off(estate, at, binding, member));
        // The whole binding takes its members along.
        if member.is_none() {
            all.retain(|s| !matches!(&s.what, Supposed::Off { binding: other, .. } if s.on == *at && *other == binding));
        }
        all.extend(off);
    }
    judge(asked, all, &|rows| {
        let here = |r: &TreeRow| r.resource.as_ref() == Some(at);
        let placed = |r: &TreeRow| match r.leaf.as_ref().and_then(|l| l.place.as_ref()) {
            Some(LeafPlace::Binding { binding, member }) => Some((*binding, member.clone())),
            _ => None,
        };
        let whole = Some((binding, member.map(ToOwned::to_owned)));
        let same = |r: &TreeRow| placed(r) == whole;
        let of = |r: &TreeRow| placed(r).is_some_and(|(other, _)| other == binding);
        let exact = rows.iter().position(|r| here(r) && same(r));
        let about = || rows.iter().position(|r| here(r) && of(r));
        // What is there no more is missing, in the same words.
        let again = || rows.iter().position(|r| r.is_same(row));
        let level = || rows.iter().position(|r| r.is_level(at));
        exact.or_else(about).or_else(again).or_else(level)
    });
}

/// Judges anew, and selects the row that `place` finds in the new picture.
fn judge(asked: &mut Asked, all: Vec<Supposition>, place: &dyn Fn(&[TreeRow]) -> Option<usize>) {
    let Some(read) = asked.read().cloned() else {
        return;
    };
    if all.is_empty() {
        asked.end_what_if();
    } else {
        let new = read.supposing(all, &asked.opened);
        if asked.as_read.is_none() {
            asked.as_read = Some(Box::new(AsRead {
                known: read,
                proven: asked.proven.take(),
            }));
        }
        asked.reading = Reading::Known(Box::new(new));
    }
    let to = asked.known().and_then(|known| place(&known.rows));
    if let Some(to) = to {
        asked.tree_row = to;
    }
    asked.why_row = 0;
    asked.why_offset = 0;
    asked.why_scrolled = false;
}
