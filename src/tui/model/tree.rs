//! An explanation as the lines of one picture: both branches of the hierarchy with their common
//! ancestor, the path to the target drawn heavily.

use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::Truth;
use crate::evaluate::explanation::{
    AccountState, BindingExplanation, DenyExplanation, Explanation, PolicyExplanation, RoleState,
};
use crate::iam::address::{default_account, is_service_account};
use crate::iam::{Principal, Resource, ResourceKind};

/// One level of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// The level; `None` for a caller that lives outside the hierarchy.
    pub resource: Option<Resource>,
    /// Its name for people.
    pub label: String,
    /// `folder`, `the target` …
    pub kind: &'static str,
    /// What it does for the question.
    pub state: LevelState,
    /// What to say beside the state's sign.
    pub note: String,
    /// How deep it hangs, from 0.
    pub depth: usize,
    /// Whether grants here reach the target.
    pub on_path: bool,
    /// For each depth above this one: whether a line goes on past this row, and whether it is the path's.
    rails: Vec<Rail>,
    /// Whether a sibling follows below.
    more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rail {
    Empty,
    Heavy,
}

impl TreeRow {
    /// The lines that lead to it, before its name.
    #[must_use]
    pub fn rails(&self, glyphs: Glyphs) -> String {
        let mut out = String::new();
        for rail in &self.rails {
            out.push_str(match rail {
                Rail::Empty => "  ",
                Rail::Heavy => glyphs.pick("┃ ", "# "),
            });
        }
        if self.depth > 0 {
            out.push_str(match (self.on_path, self.more) {
                (true, true) => glyphs.pick("┣ ", "#-"),
                (true, false) => glyphs.pick("┗ ", "#-"),
                // What goes on below is the path.
                (false, true) => glyphs.pick("┠ ", "#-"),
                (false, false) => glyphs.pick("└ ", "`-"),
            });
        }
        out
    }
}

impl TreeRow {
    /// What stands for the lines where not every level is shown.
    #[must_use]
    pub fn short_rail(&self, glyphs: Glyphs) -> &'static str {
        match (self.depth, self.on_path) {
            (0, _) => "",
            (_, true) => glyphs.pick("┗ ", "#-"),
            (_, false) => glyphs.pick("└ ", "`-"),
        }
    }

    /// Whether it belongs to the shortest picture: an end of the question, or a level that says
    /// something.
    #[must_use]
    pub fn matters(&self) -> bool {
        let end =
            self.resource.is_none() || self.kind.contains("caller") || self.kind.contains("target");
        end || self.state != LevelState::Nothing
    }
}

/// The picture of an answer, from the top down.
#[must_use]
pub fn rows(estate: &Estate, explanation: &Explanation) -> Vec<TreeRow> {
    let caller = account_of(&explanation.question.caller);
    // Both branches from the top down.
    let path: Vec<&PolicyExplanation> = explanation.allow.iter().rev().collect();
    let branch: Vec<&PolicyExplanation> = explanation.off_path.iter().rev().collect();
    let join = joint(estate, explanation, &path);
    let mut rows = Vec::new();
    let placed = |p: &&&PolicyExplanation| Some(p.resource.id()) == caller;
    if !path.iter().chain(&branch).any(|p| placed(&p)) {
        rows.push(outsider(explanation));
    }
    let (above, below) = path.split_at(join.min(path.len()));
    for (depth, policy) in above.iter().enumerate() {
        rows.push(level(estate, explanation, policy, depth, true));
    }
    let base = above.len();
    for (i, policy) in branch.iter().enumerate() {
        let mut row = level(estate, explanation, policy, base + i, false);
        if i == 0 && base > 0 {
            row.more = !below.is_empty();
        } else if base > 0
            && !below.is_empty()
            && let Some(rail) = row.rails.get_mut(base - 1)
        {
            *rail = Rail::Heavy;
        }
        rows.push(row);
    }
    for (i, policy) in below.iter().enumerate() {
        rows.push(level(estate, explanation, policy, base + i, true));
    }
    rows
}

/// How many levels of the path, from the top, the caller's branch hangs below.
fn joint(estate: &Estate, explanation: &Explanation, path: &[&PolicyExplanation]) -> usize {
    let Some(top) = explanation.off_path.last() else {
        return path.len();
    };
    let Some(parent) = estate.parent(&top.resource) else {
        return 0;
    };
    path.iter()
        .position(|p| p.resource == parent)
        .map_or(0, |at| at + 1)
}

fn account_of(caller: &Principal) -> Option<&str> {
    match caller {
        Principal::ServiceAccount(email) => Some(email),
        _ => None,
    }
}

/// A person, a federated identity, or an account whose project was not read.
fn outsider(explanation: &Explanation) -> TreeRow {
    let caller = &explanation.question.caller;
    let kind = match caller {
        Principal::User(_) => "caller, a person",
        Principal::ServiceAccount(_) => "the caller",
        _ => "caller, federated",
    };
    let (state, note) = match gone(explanation.caller_state, false) {
        Some(word) => (LevelState::Off, word.to_owned()),
        None => (LevelState::Nothing, "outside of this hierarchy".to_owned()),
    };
    TreeRow {
        resource: None,
        label: caller.short(),
        kind,
        state,
        note,
        depth: 0,
        on_path: false,
        rails: Vec::new(),
        more: false,
    }
}

fn level(
    estate: &Estate,
    explanation: &Explanation,
    policy: &PolicyExplanation,
    depth: usize,
    on_path: bool,
) -> TreeRow {
    let resource = &policy.resource;
    let is_target = on_path && resource.kind() == ResourceKind::ServiceAccount;
    let is_caller = resource.kind() == ResourceKind::ServiceAccount
        && Some(resource.id()) == account_of(&explanation.question.caller);
    let kind = match (is_target, is_caller) {
        (true, true) => "caller and target",
        (true, false) => "the target",
        (false, true) => "the caller",
        (false, false) => resource.kind().word(),
    };
    let denial = explanation
        .deny
        .iter()
        .find(|d| on_path && d.resource == *resource);
    let (state, note) = judged(estate, explanation, policy, denial, is_target, is_caller);
    TreeRow {
        resource: Some(resource.clone()),
        label: name(estate, resource),
        kind,
        state,
        note,
        depth,
        on_path,
        rails: vec![Rail::Empty; depth.saturating_sub(1)],
        more: false,
    }
}

/// An account without its project, which stands right above it; everything else by its own name.
fn name(estate: &Estate, resource: &Resource) -> String {
    let label = estate.label(resource);
    // A default account is called after its project.
    let own = default_account(resource.id()).is_none();
    match (resource.kind(), label.split_once('@')) {
        (ResourceKind::ServiceAccount, Some((name, domain))) if own && !domain.contains('.') => {
            name.to_owned()
        }
        _ => label,
    }
}

/// The state of a level, the weightiest first.
fn judged(
    estate: &Estate,
    explanation: &Explanation,
    policy: &PolicyExplanation,
    denial: Option<&DenyExplanation>,
    is_target: bool,
    is_caller: bool,
) -> (LevelState, String) {
    let account = match (is_target, is_caller) {
        (true, _) => Some(explanation.target_state),
        (_, true) => Some(explanation.caller_state),
        _ => None,
    };
    let target = explanation.question.target.id();
    let is_somebody = is_target && target.contains('@') && !is_service_account(target);
    if let Some(word) = account.and_then(|state| gone(state, is_somebody)) {
        return (LevelState::Off, word.to_owned());
    }
    if let Some(found) = denial.and_then(denied) {
        return found;
    }
    if is_target && explanation.boundaries.eligible == Truth::No {
        return (
            LevelState::OutsideBoundary,
            LevelState::OutsideBoundary.word().into(),
        );
    }
    // The caller's own policy says who may act as the caller: nothing for this question.
    if is_caller && !is_target {
        return own(explanation, policy);
    }
    let granting = policy.bindings.iter().find(|b| b.grants == Truth::Yes);
    if let Some(binding) = granting {
        let role = title(estate, &binding.role);
        return if policy.on_path {
            (LevelState::Grants, format!("grants: {role}"))
        } else {
            (LevelState::OffPath, format!("{role}, off the path"))
        };
    }
    if policy.unreadable.is_some() {
        let state = if policy.decides {
            LevelState::UnreadableDecides
        } else {
            LevelState::UnreadableIdle
        };
        return (state, state.word().to_owned());
    }
    if let Some(found) = policy.bindings.iter().find_map(|b| nearly(estate, b)) {
        return found;
    }
    if let Some(found) = denial.and_then(unread_denial) {
        return found;
    }
    (
        LevelState::Nothing,
        short_of(estate, policy).unwrap_or_else(|| count(policy)),
    )
}

/// A role that the caller has there and that gives it nothing: it lacks the permission, or is off.
fn short_of(estate: &Estate, policy: &PolicyExplanation) -> Option<String> {
    let why = |binding: &BindingExplanation| match binding.role_state {
        _ if binding.matches != Truth::Yes => None,
        RoleState::Disabled => Some("role is disabled"),
        RoleState::Deleted => Some("role is deleted"),
        RoleState::NotIncluded => Some("not enough"),
        _ => None,
    };
    let mut held: Vec<(&str, &BindingExplanation)> = policy
        .bindings
        .iter()
        .filter_map(|b| Some((why(b)?, b)))
        .collect();
    // What is off says more than what was never meant for this.
    held.sort_by_key(|(why, _)| *why == "not enough");
    let (why, first) = held.first()?;
    let more = match held.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(format!("{}{more}: {why}", title(estate, &first.role)))
}

/// `is_somebody`: the address is a person's or a group's.
fn gone(state: AccountState, is_somebody: bool) -> Option<&'static str> {
    match state {
        AccountState::Disabled => Some("disabled"),
        AccountState::Deleted => Some("deleted"),
        AccountState::NotFound if is_somebody => Some("no service account"),
        AccountState::NotFound => Some("does not exist"),
        AccountState::Active | AccountState::Unknown => None,
    }
}

fn denied(denial: &DenyExplanation) -> Option<(LevelState, String)> {
    let policy = denial.policies.iter().find(|p| p.denies == Truth::Yes)?;
    let name = policy
        .policy
        .display_name
        .clone()
        .filter(|n| !n.is_empty())
        .unwrap_or_else(|| policy.policy.id().to_owned());
    Some((LevelState::Denies, format!("denied here: {name}")))
}

fn unread_denial(denial: &DenyExplanation) -> Option<(LevelState, String)> {
    if denial.unreadable.is_some() {
        return Some((
            LevelState::UnreadableIdle,
            "deny policies not readable".to_owned(),
        ));
    }
    let open = !matches!(denial.denies, Truth::Yes | Truth::No);
    open.then(|| (LevelState::Depends, "a deny rule may refuse".to_owned()))
}

fn own(explanation: &Explanation, policy: &PolicyExplanation) -> (LevelState, String) {
    if policy.bindings.iter().any(|b| b.grants == Truth::Yes) {
        return (
            LevelState::OffPath,
            "grants, in the other direction".to_owned(),
        );
    }
    match &explanation.api {
        Some((project, Truth::No)) => (
            LevelState::Off,
            format!("IAM Credentials API off on {project}"),
        ),
        _ => (LevelState::Nothing, String::new()),
    }
}

/// A binding that would grant but for one thing.
fn nearly(estate: &Estate, binding: &BindingExplanation) -> Option<(LevelState, String)> {
    let role = || title(estate, &binding.role);
    match binding.role_state {
        RoleState::Included if binding.matches == Truth::Yes => {
            let held = binding.condition.as_ref().map(|c| c.holds);
            Some(match held {
                Some(Truth::No) => (
                    LevelState::ConditionNotMet,
                    format!("{}, condition not met", role()),
                ),
                _ => (LevelState::Depends, format!("{}, depends", role())),
            })
        }
        RoleState::Included if binding.grants != Truth::No => Some((
            LevelState::Depends,
            format!("{}, depends on who is in it", role()),
        )),
        RoleState::Unreadable | RoleState::Unknown if binding.grants != Truth::No => Some((
            LevelState::Depends,
            format!("{}, a role not known here", binding.role),
        )),
        _ => None,
    }
}

fn count(policy: &PolicyExplanation) -> String {
    match policy.bindings.len() {
        0 => "no bindings".to_owned(),
        1 => "1 binding, for others".to_owned(),
        n => format!("{n} bindings, all for others"),
    }
}

/// A role's title where one is known: `Token Creator` is what people call it.
#[must_use]
pub fn title(estate: &Estate, role: &str) -> String {
    let title = estate
        .role(role)
        .known()
        .and_then(|r| r.title().map(str::to_owned))
        .filter(|t| !t.is_empty());
    match title {
        Some(title) => title
            .strip_prefix("Service Account ")
            .map_or(title.clone(), str::to_owned),
        None => role.to_owned(),
    }
}
