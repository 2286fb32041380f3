//! A level in full: its bindings, those that concern the question first, its deny policies, and of the target the
//! boundaries that the caller is bound by.

use super::super::keys::{KeyContext, Keymap};
use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::tree::{self, Leaf, LeafKind, TreeRow};
use super::super::model::{Asked, KnownAnswer};
use super::super::words::{beside, in_zone};
use super::{console_url, no_policy, policy_at};
use crate::answer::levels::binding_says;
use crate::answer::rules::{
    boundary_rule_says, boundary_rule_words, deciding_org_policies, deny_rule_says,
};
use crate::answer::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::condition::{Clause, clauses};
use crate::evaluate::explanation::{
    BindingExplanation, ConditionExplanation, DenyRuleExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{CauseKind, Truth};
use crate::iam::address::is_service_account;
use crate::iam::{Resource, ResourceKind};
use crate::text::{counted, visible};

/// The selected level in full; `keys`: which keys its words name.
#[must_use]
pub fn level_page(asked: &Asked, known: &KnownAnswer, keys: &Keymap) -> ScreenPage {
    let Some(row) = known.rows.get(asked.tree_row) else {
        return ScreenPage::new(
            "level",
            vec![line(StyleRole::Dim, "There is nothing here yet.")],
        );
    };
    let Some(resource) = &row.resource else {
        let caller = known.explanation.question.caller.to_string();
        return ScreenPage::new("the caller", caller_lines(known, row))
            .copying("the caller", caller)
            .of_facts(&in_zone(known.read_at, "%H:%M:%S"));
    };
    let mut lines = Vec::new();
    if let Some(leaf) = &row.leaf {
        lines.extend(leaf_lines(row.state, leaf, keys));
        lines.push(Vec::new());
    }
    lines.extend(level_lines(known, resource));
    if let Some(url) = console_url(known, resource) {
        lines.push(Vec::new());
        lines.push(vec![
            piece(StyleRole::Heading, "Console  "),
            piece(StyleRole::Text, url),
        ]);
    }
    let label = known.estate.label(resource);
    let title = match resource {
        // The address of a person or a group.
        Resource::ServiceAccount { account, .. } if !is_service_account(account) => label,
        _ => format!("{} {label}", resource.kind().word()),
    };
    ScreenPage::new(title, lines)
        .copying("the full resource name", resource.full_name())
        .of_facts(&in_zone(known.read_at, "%H:%M:%S"))
}

/// What was selected below a level, whole.
fn leaf_lines(state: LevelState, leaf: &Leaf, keys: &Keymap) -> Vec<Text> {
    let role = StyleRole::of(state);
    let (title, name) = match &leaf.what {
        LeafKind::Grant(role, member) => (role, member),
        _ => (&leaf.title, &leaf.name),
    };
    let word = keys.fill(KeyContext::Answer, &leaf.word);
    let parts = [title, name, &word];
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.map(|part| line(role, visible(part))).collect()
}

/// A caller that is no account of this hierarchy: who it is, what it brings, and what is the matter with it.
#[must_use]
pub fn caller_lines(known: &KnownAnswer, row: &TreeRow) -> Vec<Text> {
    let question = &known.explanation.question;
    let caller = visible(&question.caller.to_string());
    let mut lines = vec![line(StyleRole::Text, caller)];
    let brings = beside(question).into_iter();
    lines.extend(brings.map(|(what, said)| {
        vec![
            piece(StyleRole::Dim, format!("{what}  ")),
            piece(StyleRole::Text, said),
        ]
    }));
    lines.push(Vec::new());
    if row.state != LevelState::Nothing {
        lines.push(line(StyleRole::of(row.state), visible(&row.note)));
    }
    let nowhere = "It stands in no project of this hierarchy, so no level above it matters here.";
    lines.push(line(StyleRole::Dim, nowhere));
    lines
}

/// Of a level beside both branches: what causes name there, and that the rest was not read.
fn seen_beside(known: &KnownAnswer, resource: &Resource) -> Vec<Text> {
    let suspects = known.causes.iter().filter_map(|c| c.suspect.as_ref());
    let here = suspects.filter(|s| s.resource == *resource);
    let mut lines: Vec<Text> = here
        .map(|suspect| {
            let role = tree::title(&known.estate, &suspect.role);
            let words = match &suspect.member {
                Some(member) => format!("{role} for {member}"),
                None => role,
            };
            line(StyleRole::Misplaced, visible(&words))
        })
        .collect();
    let rest = if lines.is_empty() {
        "Its policy was not read: it has no say in this question."
    } else {
        "Of its policy this alone was looked at: what stands there does not reach the target."
    };
    lines.push(line(StyleRole::Dim, rest));
    lines
}

/// Everything that is known of a level: its bindings, the matching ones first, deny policies, boundaries.
#[must_use]
pub fn level_lines(known: &KnownAnswer, resource: &Resource) -> Vec<Text> {
    let mut lines = vec![line(StyleRole::Dim, resource.full_name())];
    lines.extend(matter(known, resource));
    let Some(policy) = policy_at(&known.explanation, resource) else {
        lines.extend(seen_beside(known, resource));
        return lines;
    };
    lines.push(Vec::new());
    if let Some(why) = &policy.unreadable {
        lines.push(match no_policy(known, resource) {
            Some(words) => line(StyleRole::Dim, words),
            None => line(
                StyleRole::Unknown,
                format!("Its policy could not be read: {why}"),
            ),
        });
    }
    lines.extend(bindings(&known.estate, policy));
    for denial in known
        .explanation
        .deny
        .iter()
        .filter(|d| policy.on_path && d.resource == *resource)
    {
        lines.push(Vec::new());
        if let Some(why) = &denial.unreadable {
            lines.push(line(
                StyleRole::Unknown,
                format!("Its deny policies could not be read: {why}"),
            ));
        } else if denial.policies.is_empty() {
            lines.push(line(StyleRole::Dim, "No deny policies."));
        } else {
            lines.push(line(StyleRole::Heading, "Deny policies"));
        }
        for denying in &denial.policies {
            let role = match denying.denies {
                Truth::Yes => StyleRole::Denied,
                Truth::No => StyleRole::Dim,
                _ => StyleRole::Unknown,
            };
            lines.push(line(role, denying.policy.id().to_owned()));
            for rule in &denying.rules {
                lines.extend(deny_rule(rule));
            }
        }
    }
    let org = deciding_org_policies(&known.estate, &known.explanation, &known.plan);
    let here: Vec<_> = org.iter().filter(|one| one.on == *resource).collect();
    if policy.on_path && !here.is_empty() {
        lines.push(Vec::new());
        lines.push(line(StyleRole::Heading, "Organization policies"));
        for one in here {
            let words = format!("{}: {}", one.constraint, one.words);
            lines.push(line(StyleRole::of(one.state), words));
        }
    }
    if policy.on_path && resource.kind() == ResourceKind::ServiceAccount {
        lines.push(Vec::new());
        lines.extend(boundaries(known));
    }
    lines
}

/// What is the matter with a level that none of its policies says: an API that is off, an account that is gone.
pub(super) fn matter(known: &KnownAnswer, resource: &Resource) -> Vec<Text> {
    let row = known.rows.iter().find(|row| row.is_level(resource));
    let caller = row.is_some_and(|row| row.kind.contains("caller"));
    let here = known.causes.iter().filter(|cause| match cause.kind {
        kind if tree::is_callers(kind) => caller,
        CauseKind::TargetNotFound
        | CauseKind::TargetDeleted
        | CauseKind::TargetDisabled
        | CauseKind::TargetIsNoServiceAccount
        | CauseKind::ProjectShutDown
        | CauseKind::ApiDisabled
        | CauseKind::QuotaProjectDenied
        | CauseKind::LifetimeTooLong => cause.resource.as_ref() == Some(resource),
        _ => false,
    });
    here.map(|cause| line(StyleRole::Denied, visible(&cause.message)))
        .collect()
}

/// The bindings of a policy, those that concern the question first.
pub(super) fn bindings(estate: &Estate, policy: &PolicyExplanation) -> Vec<Text> {
    if policy.bindings.is_empty() && policy.unreadable.is_none() {
        return vec![line(StyleRole::Dim, "No bindings.")];
    }
    let mut order: Vec<&BindingExplanation> = policy.bindings.iter().collect();
    order.sort_by_key(|b| (weight(b), b.index));
    let mut lines = Vec::new();
    for binding in order {
        lines.extend(binding_lines(estate, binding, policy.on_path));
    }
    lines
}

fn weight(binding: &BindingExplanation) -> u8 {
    match (binding.grants, binding.role_state, binding.matches) {
        (Truth::Yes, ..) => 0,
        (Truth::UnknownInfo | Truth::UnknownConditional, ..) => 1,
        (_, RoleState::Included, _) => 2,
        (_, _, Truth::Yes) => 3,
        _ => 4,
    }
}

/// A binding: its role, what it does here, its members and its condition.
pub(super) fn binding_lines(
    estate: &Estate,
    binding: &BindingExplanation,
    on_path: bool,
) -> Vec<Text> {
    let (state, verdict) = binding_says(binding, on_path);
    let role = match (state, binding.matches, binding.role_state) {
        // What could have been for the caller stands out from the rest.
        (LevelState::Nothing, Truth::Yes, _) | (LevelState::Nothing, _, RoleState::Included) => {
            StyleRole::Text
        }
        _ => StyleRole::of(state),
    };
    let name = &*binding.role;
    let title = tree::title(estate, name);
    let mut head = vec![piece(role, title.clone())];
    if title != name {
        head.push(piece(StyleRole::Dim, format!("  {name}")));
    }
    head.push(piece(role, format!("  {verdict}")));
    let mut lines = vec![head];
    for member in &binding.members {
        let (mark, role) = match member.matches {
            Truth::Yes => ("  + ", StyleRole::Granted),
            Truth::No => ("    ", StyleRole::Dim),
            _ => ("  ? ", StyleRole::Unknown),
        };
        let mut text = vec![piece(role, format!("{mark}{}", member.member))];
        if !member.why.is_empty() {
            text.push(piece(StyleRole::Dim, format!("  {}", member.why)));
        }
        lines.push(text);
    }
    let hidden = binding.member_count.saturating_sub(binding.members.len());
    if hidden > 0 {
        lines.push(line(
            StyleRole::Dim,
            format!(
                "    and {}, not this caller",
                counted(hidden, "more member")
            ),
        ));
    }
    if let Some(condition) = &binding.condition {
        lines.extend(condition_lines(condition));
    }
    lines
}

/// A deny rule: what it does, whom of those that matter it denies and excepts, its condition.
fn deny_rule(rule: &DenyRuleExplanation) -> Vec<Text> {
    let (state, what) = deny_rule_says(rule);
    let role = StyleRole::of(state);
    let mut lines = vec![line(role, format!("  rule {}: {what}", rule.index + 1))];
    for (members, word, role) in [
        (&rule.denied, "denied  ", role),
        (&rule.exceptions, "excepted", StyleRole::Text),
    ] {
        for member in members.iter().filter(|m| m.matches != Truth::No) {
            let why = match (member.matches, member.why.as_str()) {
                (Truth::Yes, "") => String::new(),
                (_, "") => " (not known whether the caller is in it)".to_owned(),
                (_, why) => format!(" ({why})"),
            };
            let words = format!("    {word}   {}{why}", member.member);
            lines.push(line(role, visible(&words)));
        }
    }
    if let Some(condition) = &rule.condition {
        lines.extend(condition_lines(condition));
    }
    lines
}

/// The boundaries that may limit what the caller reaches, each with its condition and its rules.
fn boundaries(known: &KnownAnswer) -> Vec<Text> {
    let all = &known.explanation.boundaries;
    let mut lines = Vec::new();
    for (name, why) in &all.unreadable {
        let words = format!("{name} could not be read: {why}");
        lines.push(line(StyleRole::Unknown, visible(&words)));
    }
    if let Some((what, why)) = &all.unplaced {
        let words = format!("What is bound at {what} is not known: {why}");
        lines.push(line(StyleRole::Unknown, visible(&words)));
    }
    if all.assumed {
        lines.push(line(StyleRole::Unknown, "Boundaries are not known."));
    } else if all.boundaries.is_empty() && lines.is_empty() && known.explanation.hops.is_empty() {
        lines.push(line(
            StyleRole::Dim,
            "No boundary is bound where the caller belongs.",
        ));
    }
    if !all.boundaries.is_empty() {
        lines.push(line(StyleRole::Heading, "Boundaries of the caller"));
    }
    for boundary in &all.boundaries {
        let binds = boundary.applies.and(boundary.reaches_permission);
        let role = match (all.eligible, binds) {
            (_, Truth::No) => StyleRole::Dim,
            (Truth::Yes, _) => StyleRole::Text,
            (Truth::No, Truth::Yes) => StyleRole::Denied,
            _ => StyleRole::Unknown,
        };
        lines.push(line(role, visible(&boundary.policy_name)));
        lines.push(line(role, format!("  {}", visible(&boundary.why))));
        let bound = format!("    bound to   {}", boundary.principal_set);
        lines.push(line(StyleRole::Text, visible(&bound)));
        if let Some(condition) = &boundary.condition {
            lines.extend(condition_lines(condition));
        }
        let rules = boundary.policy.iter().flat_map(|p| &p.details.rules);
        for (i, (rule, applies)) in rules.zip(&boundary.rules).enumerate() {
            let (state, says) = boundary_rule_says(&rule.effect, *applies);
            let words = boundary_rule_words(&known.estate, rule);
            let words = format!("    rule {}: {words}: {says}", i + 1);
            lines.push(line(StyleRole::of(state), visible(&words)));
        }
    }
    lines
}

fn condition_lines(condition: &ConditionExplanation) -> Vec<Text> {
    let (role, word) = outcome_word(condition.holds);
    let title = condition
        .condition
        .title
        .as_deref()
        .filter(|t| !t.is_empty())
        .map_or(String::new(), |t| format!(" '{t}'"));
    let mut lines = vec![
        line(role, format!("    condition{title}: {word}")),
        line(
            StyleRole::Text,
            format!("      {}", condition.condition.expression.trim()),
        ),
    ];
    match &condition.evaluation {
        Err(why) => lines.push(line(StyleRole::Misplaced, format!("      {why}"))),
        Ok(_) => lines.extend(clause_lines(condition, "      ")),
    }
    lines
}

/// What came of a condition.
pub(super) fn outcome_word(holds: Truth) -> (StyleRole, &'static str) {
    match holds {
        Truth::Yes => (StyleRole::Granted, "holds"),
        Truth::No => (StyleRole::Misplaced, "does not hold"),
        _ => (StyleRole::Unknown, "cannot be decided here"),
    }
}

/// Each clause of a condition with what came of it, where there are several.
pub(super) fn clause_lines(condition: &ConditionExplanation, indent: &str) -> Vec<Text> {
    let Ok(evaluation) = &condition.evaluation else {
        return Vec::new();
    };
    let all = clauses(evaluation, &condition.condition.expression);
    if all.len() < 2 {
        return Vec::new();
    }
    let one = |clause: &Clause| {
        let (role, word) = match clause.value {
            Some(true) => (StyleRole::Granted, "true     "),
            Some(false) => (StyleRole::Misplaced, "false now"),
            None => (StyleRole::Unknown, "not known"),
        };
        let words = format!("{indent}{word}  {}", clause.text.trim());
        line(role, visible(&words))
    };
    all.iter().map(one).collect()
}
