//! What stands below a level: the bindings that the answer turns on, or, where it is unfolded, all of
//! them, with members, conditions clause by clause, deny rules and boundaries.

use std::collections::HashMap;
use std::ops::Range;

use similar::{ChangeTag, TextDiff};

use super::super::super::keys::command::Command;
use super::super::super::keys::{KeyContext, keymap};
use super::super::super::look::time::ends_with;
use super::{Leaf, LeafKind, Picture, Rail, Rank, TreeRow};
use crate::answer::levels::{binding_says, is_caller, title};
use crate::answer::states::LevelState;
use crate::evaluate::condition::{Clause, clauses};
use crate::evaluate::explanation::{
    BindingExplanation, BoundaryExplanation, ConditionExplanation, DenyRuleExplanation,
    MemberExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{CauseKind, Outcome, Suspect, Truth};
use crate::iam::address::short;
use crate::iam::{Resource, ResourceKind};
use crate::repair::{RemedyStep, Repair};
use crate::text::visible;

/// What hangs below each level: how far below it, from 0, and the row.
pub(super) type Leaves = HashMap<Resource, Vec<(usize, TreeRow)>>;

/// What hangs below the levels of a picture.
pub(super) fn leaves(picture: Picture<'_>) -> Leaves {
    let mut out = Leaves::new();
    let explanation = picture.explanation;
    for policy in explanation.allow.iter().chain(&explanation.off_path) {
        let rows = if picture.opened.levels.contains(&policy.resource) {
            unfolded(picture, policy)
        } else {
            folded(picture, policy)
        };
        out.insert(policy.resource.clone(), rows);
    }
    // What causes name beside both branches.
    for (i, cause) in picture.causes.iter().enumerate() {
        if let Some(suspect) = &cause.suspect
            && !out.contains_key(&suspect.resource)
        {
            let rows = vec![(0, suspect_row(picture, i, suspect))];
            out.insert(suspect.resource.clone(), rows);
        }
    }
    if let Some(repair) = missing(picture) {
        let rows = out.entry(repair.resource.clone()).or_default();
        rows.push((0, ghost(picture, repair)));
    }
    out
}

/// The bindings of a level that the answer turns on.
fn folded(picture: Picture<'_>, policy: &PolicyExplanation) -> Vec<(usize, TreeRow)> {
    let mut out = Vec::new();
    let explanation = picture.explanation;
    let works = explanation.outcome == Outcome::WouldSucceed;
    if policy.on_path {
        for denial in explanation
            .deny
            .iter()
            .filter(|d| d.resource == policy.resource)
        {
            for denying in denial.policies.iter().filter(|p| p.denies == Truth::Yes) {
                for rule in denying.rules.iter().filter(|r| r.denies == Truth::Yes) {
                    let mut rows = rule_rows(picture, denying.policy.id(), rule);
                    rows.truncate(1);
                    out.extend(rows);
                }
            }
        }
        if policy.resource.kind() == ResourceKind::ServiceAccount {
            out.extend(boundaries(picture, true));
            out.extend(of_the_call(picture));
        }
        for binding in policy.bindings.iter().filter(|b| b.grants == Truth::Yes) {
            let mut row = binding_row(picture, policy, binding);
            row.rank = if works { Rank::Must } else { Rank::Extra };
            out.push((0, row));
        }
    }
    for (i, cause) in picture.causes.iter().enumerate() {
        let Some(suspect) = &cause.suspect else {
            continue;
        };
        if suspect.resource != policy.resource {
            continue;
        }
        let row = suspect_row(picture, i, suspect);
        if out.iter().any(|(_, known)| known.is_same(&row)) {
            continue;
        }
        out.push((0, row));
        if let Some(condition) = binding_of(policy, suspect).and_then(|b| b.condition.as_ref()) {
            let failing = clause_rows(&policy.resource, condition);
            let mut failing: Vec<TreeRow> = failing
                .into_iter()
                .filter(|r| r.state != LevelState::Grants)
                .take(2)
                .collect();
            if let Some(first) = failing.first_mut().filter(|_| i == 0) {
                first.rank = Rank::Must;
            }
            out.extend(failing.into_iter().map(|row| (1, row)));
        }
    }
    out
}

/// Everything that is known of a level.
fn unfolded(picture: Picture<'_>, policy: &PolicyExplanation) -> Vec<(usize, TreeRow)> {
    let at = &policy.resource;
    let mut out = Vec::new();
    if let Some(why) = &policy.unreadable {
        let state = LevelState::unread(policy.decides);
        out.push((
            0,
            leaf_row(at, state, "policy", "", &format!("not readable: {why}")),
        ));
    } else if policy.bindings.is_empty() {
        out.push((0, leaf_row(at, LevelState::Nothing, "", "", "no bindings")));
    }
    let mut order: Vec<&BindingExplanation> = policy.bindings.iter().collect();
    order.sort_by_key(|b| {
        (
            b.grants == Truth::No,
            b.role_state != RoleState::Included,
            b.index,
        )
    });
    for binding in order {
        let row = binding_row(picture, policy, binding);
        let single = binding.member_count == 1;
        let several = TreeRow {
            leaf: row.leaf.clone().map(|leaf| Leaf {
                name: format!("{} members", binding.member_count),
                marks: Vec::new(),
                ..leaf
            }),
            ..row.clone()
        };
        out.push((0, if single { row } else { several }));
        if !single {
            for member in &binding.members {
                out.push((1, member_row(picture, at, binding, member)));
            }
            let rest = binding.member_count.saturating_sub(binding.members.len());
            if rest > 0 {
                let words = format!("and {rest} more, none of them this caller");
                out.push((1, leaf_row(at, LevelState::Nothing, "", "", &words)));
            }
        }
        if let Some(condition) = &binding.condition {
            out.extend(clause_rows(at, condition).into_iter().map(|row| (1, row)));
        }
    }
    if policy.on_path {
        let of_level = picture.explanation.deny.iter();
        for denial in of_level.filter(|d| d.resource == *at) {
            if let Some(why) = &denial.unreadable {
                let words = format!("not readable: {why}");
                let state = LevelState::UnreadableIdle;
                out.push((0, leaf_row(at, state, "deny policies", "", &words)));
            }
            for denying in &denial.policies {
                for rule in &denying.rules {
                    out.extend(rule_rows(picture, denying.policy.id(), rule));
                }
            }
        }
        if at.kind() == ResourceKind::ServiceAccount {
            out.extend(boundaries(picture, false));
            out.extend(of_the_call(picture));
        }
    }
    for (_, row) in &mut out {
        row.rank = Rank::Must;
    }
    out
}

fn leaf_row(at: &Resource, state: LevelState, title: &str, name: &str, word: &str) -> TreeRow {
    TreeRow {
        resource: Some(at.clone()),
        label: String::new(),
        kind: "",
        state,
        note: String::new(),
        leaf: Some(Leaf {
            title: visible(title),
            name: visible(name),
            word: visible(word),
            ..Leaf::default()
        }),
        depth: 0,
        on_path: false,
        rank: Rank::Extra,
        blamed: false,
        rails: Vec::new(),
        more: Rail::Empty,
    }
}

/// A binding with its one member, or the one by which the caller has it.
fn binding_row(
    picture: Picture<'_>,
    policy: &PolicyExplanation,
    binding: &BindingExplanation,
) -> TreeRow {
    let blamed = picture.causes.iter().enumerate().find_map(|(i, cause)| {
        let suspect = cause.suspect.as_ref()?;
        let here = suspect.resource == policy.resource && suspect.role == binding.role;
        let among = suspect.member.as_ref().is_none_or(|m| {
            binding.member_count == 1 && binding.members.iter().any(|b| b.member.text == *m)
        });
        (here && among).then(|| suspect_row(picture, i, suspect))
    });
    if let Some(row) = blamed {
        return row;
    }
    let (state, mut word) = binding_says(binding, policy.on_path);
    let member = binding.members.iter().find(|m| m.matches != Truth::No);
    let member = member.or_else(|| binding.members.first());
    let text = member.map_or("", |m| &*m.member.text);
    let ends = binding.condition.as_ref();
    let ends = ends.and_then(|c| ends_with(&c.condition));
    let until;
    if let (LevelState::Grants, Some(end)) = (state, ends) {
        until = format!("grants, until {end}");
        word = &until;
    } else if state == LevelState::Grants {
        word = if first_is(picture, CauseKind::MayBePropagating) {
            "grants, may not count everywhere yet"
        } else {
            "grants"
        };
    } else if state == LevelState::Nothing {
        word = match (binding.role_state, binding.matches) {
            (RoleState::Included, _) => "for others",
            (RoleState::NotIncluded, Truth::Yes) => "not enough",
            (RoleState::NotIncluded, _) => "not about this",
            _ => word,
        };
    }
    let mut row = leaf_row(
        &policy.resource,
        state,
        &title(picture.estate, &binding.role),
        &short_member(text),
        word,
    );
    if let Some(leaf) = &mut row.leaf {
        leaf.said_above = state == LevelState::Grants;
        if state == LevelState::Grants {
            leaf.what = LeafKind::Grant(binding.role.to_string(), text.to_owned());
        }
        if state == LevelState::Nothing && binding.member_count == 1 {
            near(picture, leaf, text);
        }
    }
    row
}

fn member_row(
    picture: Picture<'_>,
    at: &Resource,
    binding: &BindingExplanation,
    member: &MemberExplanation,
) -> TreeRow {
    let of = picture.causes.iter().enumerate().find_map(|(i, cause)| {
        let suspect = cause.suspect.as_ref()?;
        let here = suspect.resource == *at && suspect.role == binding.role;
        let same = suspect.member.as_deref() == Some(&*member.member.text);
        (here && same).then_some((i, suspect))
    });
    if let Some((i, suspect)) = of {
        let mut row = suspect_row(picture, i, suspect);
        if let Some(leaf) = &mut row.leaf {
            leaf.title.clear();
        }
        return row;
    }
    let state = match member.matches {
        Truth::Yes => LevelState::Grants,
        Truth::No => LevelState::Nothing,
        _ => LevelState::Depends,
    };
    let why = match (member.matches, member.why.as_str()) {
        (Truth::Yes, "") => "the caller",
        (_, why) => why,
    };
    let mut row = leaf_row(at, state, "", &short_member(&member.member.text), why);
    if let Some(leaf) = &mut row.leaf
        && state == LevelState::Nothing
    {
        near(picture, leaf, &member.member.text);
    }
    row
}

/// Marks what differs, where a member is the caller but for a letter or two.
fn near(picture: Picture<'_>, leaf: &mut Leaf, member: &str) {
    let caller = short_member(&picture.explanation.question.caller.to_string());
    let name = short_member(member);
    if name == caller || strsim::damerau_levenshtein(&name, &caller) > 2 {
        return;
    }
    let (marks, words) = differing(&caller, &name);
    leaf.marks = marks;
    leaf.word = if leaf.word.is_empty() {
        words
    } else {
        format!("{}: {words}", leaf.word)
    };
}

/// The letters of `written` that are not as in `meant`, as bytes, and the difference in words.
fn differing(meant: &str, written: &str) -> (Vec<Range<usize>>, String) {
    let diff = TextDiff::from_chars(meant, written);
    let (mut missing, mut added) = (String::new(), String::new());
    let mut marks: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => at += text.len(),
            ChangeTag::Insert => {
                marks.push(at..at + text.len());
                added.push_str(text);
                at += text.len();
            }
            ChangeTag::Delete => {
                // What is not there is marked at the letter before it.
                let before = written.get(..at).and_then(|w| w.chars().next_back());
                let begin = at - before.map_or(0, char::len_utf8);
                if marks.last().is_none_or(|m| m.end < at) {
                    marks.push(begin..at);
                }
                missing.push_str(text);
            }
        }
    }
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let words = match (missing.as_str(), added.as_str()) {
        ("", "") => String::new(),
        (missing, added) if sorted(missing) == sorted(added) => "letters swapped".to_owned(),
        (missing, "") => format!("'{missing}' missing"),
        ("", added) => format!("'{added}' too many"),
        (missing, added) => format!("'{added}' for '{missing}'"),
    };
    (marks, words)
}

/// What a binding does that a cause of that kind speaks of.
pub(super) fn state_of(kind: CauseKind, outcome: Outcome) -> LevelState {
    match kind {
        CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere => LevelState::OffPath,
        CauseKind::ConditionFalse => LevelState::ConditionNotMet,
        CauseKind::ConditionUndecided
        | CauseKind::ConditionUnsupportedAttribute
        | CauseKind::RoleUnknown
        | CauseKind::RoleNotReadable
        | CauseKind::GroupNotReadable => LevelState::Depends,
        CauseKind::FederatedMismatch if outcome == Outcome::Unknown => LevelState::Depends,
        _ => LevelState::Misses,
    }
}

/// The binding that a cause speaks of, and what is the matter with it.
fn suspect_row(picture: Picture<'_>, i: usize, suspect: &Suspect) -> TreeRow {
    let explanation = picture.explanation;
    let state = state_of(suspect.kind, explanation.outcome);
    let member = suspect.member.as_deref().unwrap_or("");
    let name = short_member(member);
    let caller = short_member(&explanation.question.caller.to_string());
    let (marks, differs) = match suspect.kind {
        CauseKind::MemberMisspelled => differing(&caller, &name),
        _ => (Vec::new(), String::new()),
    };
    let label = picture.estate.label(&suspect.resource);
    let word = match (suspect.kind, &suspect.resource) {
        (CauseKind::MemberMisspelled, _) => format!("misspelled: {differs}"),
        (CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere, at)
            if is_caller(explanation, at) =>
        {
            "says who may act as the caller".to_owned()
        }
        (CauseKind::GrantElsewhere, Resource::ServiceAccount { .. }) => {
            format!("acts as {label}, stops here")
        }
        (CauseKind::GrantOnCallersProject | CauseKind::GrantElsewhere, _) => {
            format!("acts as accounts of {label}, stops here")
        }
        (kind, _) => wrong(kind).to_owned(),
    };
    let mut row = leaf_row(
        &suspect.resource,
        state,
        &title(picture.estate, &suspect.role),
        &name,
        &word,
    );
    row.blamed = i == 0;
    if row.blamed {
        row.rank = Rank::Must;
    }
    if let Some(leaf) = &mut row.leaf {
        leaf.marks = marks;
        leaf.said_above = row.blamed || state == LevelState::OffPath;
        if let (LevelState::OffPath, Resource::Project(project)) = (state, &suspect.resource) {
            leaf.what = LeafKind::Reach(project.to_string());
        }
    }
    row
}

fn binding_of<'a>(
    policy: &'a PolicyExplanation,
    suspect: &Suspect,
) -> Option<&'a BindingExplanation> {
    policy.bindings.iter().find(|b| {
        let among = |m: &str| b.members.iter().any(|o| *o.member.text == *m);
        b.role == suspect.role && suspect.member.as_deref().is_none_or(among)
    })
}

/// The one binding whose lack is all that is in the way, as the first fix adds it.
fn missing(picture: Picture<'_>) -> Option<&Repair> {
    let way = picture.plan.remedies.first()?;
    let switches = way.steps.iter().any(|s| matches!(s, RemedyStep::Switch(_)));
    way.steps.iter().find_map(|step| match step {
        RemedyStep::Binding(repair) if !switches => Some(&**repair),
        _ => None,
    })
}

fn ghost(picture: Picture<'_>, repair: &Repair) -> TreeRow {
    let key = keymap::key_of(KeyContext::Answer, Command::Fix).unwrap_or("f");
    let word = match &repair.replaces {
        Some(old) => format!(
            "missing: {key} puts it in the place of {}",
            short_member(old)
        ),
        // What was not read may grant it already.
        None if picture.explanation.outcome == Outcome::Unknown => {
            format!("not seen: {key} adds it")
        }
        None => format!("missing: {key} adds it"),
    };
    let role = title(picture.estate, &repair.role);
    let name = short_member(&repair.member);
    let mut row = leaf_row(&repair.resource, LevelState::Missing, &role, &name, &word);
    row.rank = Rank::Must;
    if let Some(leaf) = &mut row.leaf {
        leaf.what = LeafKind::Grant(repair.role.clone(), repair.member.clone());
    }
    row
}

/// A condition: what came of it, and of each of its clauses where there are several.
fn clause_rows(at: &Resource, condition: &ConditionExplanation) -> Vec<TreeRow> {
    let source = condition.condition.expression.trim();
    let all: Vec<Clause> = match &condition.evaluation {
        Ok(evaluation) => clauses(evaluation, &condition.condition.expression),
        Err(_) => Vec::new(),
    };
    if all.is_empty() {
        let (state, word) = match (&condition.evaluation, condition.holds) {
            (Err(why), _) => (LevelState::Misses, why.clone()),
            (Ok(_), Truth::Yes) => (LevelState::Grants, "holds".to_owned()),
            (Ok(_), Truth::No) => (LevelState::ConditionNotMet, "false now".to_owned()),
            (Ok(_), _) => (LevelState::Depends, "not known here".to_owned()),
        };
        return vec![leaf_row(at, state, "if", source, &word)];
    }
    all.iter()
        .enumerate()
        .map(|(i, clause)| {
            let (state, word) = match clause.value {
                Some(true) => (LevelState::Grants, "true"),
                Some(false) => (LevelState::ConditionNotMet, "false now"),
                None => (LevelState::Depends, "not known here"),
            };
            let join = if i == 0 { "if" } else { "and" };
            leaf_row(at, state, join, clause.text.trim(), word)
        })
        .collect()
}

/// A deny rule, whom of those that matter it denies or excepts, and its condition.
fn rule_rows(
    picture: Picture<'_>,
    policy: &str,
    rule: &DenyRuleExplanation,
) -> Vec<(usize, TreeRow)> {
    let level = picture.explanation.deny.iter().find(|d| {
        let mut rules = d.policies.iter().flat_map(|p| p.rules.iter());
        rules.any(|r| std::ptr::eq(r, rule))
    });
    let Some(at) = level.map(|d| &d.resource) else {
        return Vec::new();
    };
    let (state, word) = match rule.denies {
        Truth::Yes => (LevelState::Denies, "denies this"),
        Truth::No => (LevelState::Nothing, "does not concern this"),
        _ => (LevelState::Depends, "may deny this"),
    };
    let title = if level.is_some_and(|d| d.policies.len() > 1) {
        format!("{policy}, deny rule {}", rule.index + 1)
    } else {
        format!("deny rule {}", rule.index + 1)
    };
    let matching = rule.denied.iter().find(|m| m.matches == Truth::Yes);
    let name = matching.map_or(String::new(), |m| short_member(&m.member.text));
    let mut row = leaf_row(at, state, &title, &name, word);
    row.blamed = first_is(picture, CauseKind::Denied) && state == LevelState::Denies;
    if state == LevelState::Denies {
        row.rank = Rank::Must;
    }
    let mut out = vec![(0, row)];
    for (members, what) in [(&rule.denied, "denied"), (&rule.exceptions, "excepted")] {
        for member in members.iter().filter(|m| m.matches != Truth::No) {
            let state = if what == "denied" {
                state
            } else {
                LevelState::Depends
            };
            let name = short_member(&member.member.text);
            out.push((1, leaf_row(at, state, what, &name, &member.why)));
        }
    }
    if let Some(condition) = &rule.condition {
        out.extend(clause_rows(at, condition).into_iter().map(|row| (1, row)));
    }
    out
}

fn first_is(picture: Picture<'_>, kind: CauseKind) -> bool {
    picture.causes.first().is_some_and(|c| c.kind == kind)
}

/// The boundaries that the caller is bound by. `counting`: those alone that shut out, or may.
fn boundaries(picture: Picture<'_>, counting: bool) -> Vec<(usize, TreeRow)> {
    let all = &picture.explanation.boundaries;
    let at = &picture.explanation.question.target;
    let mut out = Vec::new();
    for boundary in &all.boundaries {
        let binds = boundary.applies.and(boundary.reaches_permission);
        let open = all.eligible != Truth::Yes && binds != Truth::No;
        if counting && !open {
            continue;
        }
        let name = boundary_name(boundary);
        let state = match (open, all.eligible, binds) {
            (true, Truth::No, Truth::Yes) => LevelState::OutsideBoundary,
            (true, ..) => LevelState::Depends,
            _ => LevelState::Nothing,
        };
        let word = match state {
            LevelState::OutsideBoundary => "leaves the target out",
            LevelState::Depends => "may leave the target out",
            _ => boundary.why.as_str(),
        };
        let mut row = leaf_row(at, state, "boundary", &name, word);
        if open {
            row.rank = Rank::Must;
            row.blamed = first_is(picture, CauseKind::OutsideBoundary)
                || first_is(picture, CauseKind::BoundaryUndecided);
        }
        out.push((0, row));
        if let Some(condition) = boundary.condition.as_ref().filter(|_| !counting) {
            out.extend(clause_rows(at, condition).into_iter().map(|row| (1, row)));
        }
    }
    out
}

fn boundary_name(boundary: &BoundaryExplanation) -> String {
    let display = boundary
        .policy
        .as_ref()
        .and_then(|p| p.display_name.clone());
    let id = || boundary.policy_name.rsplit('/').next().unwrap_or_default();
    display
        .filter(|n| !n.is_empty())
        .unwrap_or_else(|| id().to_owned())
}

/// What the first cause says of the call itself, beside the target.
fn of_the_call(picture: Picture<'_>) -> Option<(usize, TreeRow)> {
    let kind = picture.causes.first()?.kind;
    (kind == CauseKind::LifetimeTooLong).then(|| {
        let seconds = picture.explanation.question.call.lifetime;
        let asked = seconds.map_or(String::new(), |s| format!("{s} seconds"));
        let at = &picture.explanation.question.target;
        let mut row = leaf_row(at, LevelState::Off, "token", &asked, wrong(kind));
        row.rank = Rank::Must;
        row.blamed = true;
        (0, row)
    })
}

/// What is wrong, in the fewest words that say it.
pub(super) fn wrong(kind: CauseKind) -> &'static str {
    use CauseKind as K;
    match kind {
        K::MemberMisspelled => "misspelled",
        K::MemberDeleted => "a deleted account, another identity",
        K::MemberKindMismatch => "another kind of identity",
        K::AttributeNotMapped => "no provider maps that attribute",
        K::FederatedMismatch => "the caller is none of them",
        K::GrantOnCallersProject | K::GrantElsewhere => "off the path",
        K::BasicRoleNotEnough | K::RoleLacksPermission => "not enough",
        K::SelfGrant => "given to the target itself",
        K::NotInGroup => "the caller is not in it",
        K::NoGrant => "another account of that name",
        K::RoleDisabled => "the role is disabled",
        K::RoleDeleted => "the role is deleted",
        K::RoleUnknown => "a role not known here",
        K::RoleNotReadable => "a role not readable here",
        K::ConditionFalse => "condition not met",
        K::ConditionError => "condition broken",
        K::ConditionUnsupportedAttribute => "asks for what accounts do not have",
        K::ConditionUndecided => "hangs on its condition",
        K::GroupNotReadable => "hangs on who is in it",
        K::PolicyNotReadable => "not readable",
        K::Denied => "denied here",
        K::OutsideBoundary | K::BoundaryUndecided => "boundary",
        K::BrokenHop => "the hop breaks here",
        K::ProjectShutDown => "shut down",
        K::ApiDisabled => "IAM Credentials API off",
        K::QuotaProjectDenied => "the caller may not bill it",
        K::ScopeInsufficient => "its token's scopes leave IAM out",
        K::CredentialsExpired => "its token has expired or is not valid",
        K::LifetimeTooLong => "asked for longer than it may live",
        K::PoolUnusable => "its pool gives no tokens",
        K::ProviderRefuses => "its provider refuses the token",
        K::SubjectTooLong => "its subject is too long",
        K::TargetIsNoServiceAccount => "no service account",
        K::TargetNotFound | K::CallerNotFound => "does not exist",
        K::TargetDeleted | K::CallerDeleted => "deleted",
        K::TargetDisabled | K::CallerDisabled => "disabled",
        K::MayBePropagating => "may not count everywhere yet",
    }
}

/// A member in as few letters as tell it apart: an account without its domain, a pool's identity without
/// the path of its pool. The whole stands on the level's page.
pub(super) fn short_member(text: &str) -> String {
    if let Some(email) = text.strip_prefix("serviceAccount:") {
        return short(email).to_owned();
    }
    if let Some(rest) = text.strip_prefix("deleted:") {
        let (who, uid) = rest.split_once("?uid=").unwrap_or((rest, ""));
        let uid = if uid.is_empty() {
            String::new()
        } else {
            format!(" ({uid})")
        };
        return format!("deleted:{}{uid}", short_member(who));
    }
    for pools in ["/workloadIdentityPools/", "/workforcePools/"] {
        if let Some((head, rest)) = text.split_once(pools)
            && let Some((kind, _)) = head.split_once("://")
        {
            return format!("{kind}:{rest}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_letters_are_marked_and_told() {
        let (marks, words) = differing("run-processor", "run-procesor");
        assert_eq!(words, "'s' missing");
        assert_eq!(marks.len(), 1);
        assert_eq!("run-procesor".get(marks[0].clone()), Some("s"));
        let (marks, words) = differing("run", "runn");
        assert_eq!((marks.len(), words.as_str()), (1, "'n' too many"));
        let (_, words) = differing("run-a", "run-b");
        assert_eq!(words, "'b' for 'a'");
        assert_eq!(differing("run", "rnu").1, "letters swapped");
    }

    #[test]
    fn members_are_shortened_where_nothing_is_lost() {
        for (whole, wanted) in [
            (
                "serviceAccount:run@app-prod.iam.gserviceaccount.com",
                "run@app-prod",
            ),
            ("user:ana@example.com", "user:ana@example.com"),
            (
                "deleted:serviceAccount:run@app-prod.iam.gserviceaccount.com?uid=12",
                "deleted:run@app-prod (12)",
            ),
            (
                "principalSet://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/hub/attribute.repository/org/app",
                "principalSet:hub/attribute.repository/org/app",
            ),
        ] {
            assert_eq!(short_member(whole), wanted);
        }
    }
}
