//! Pages to be read: help, the legend, a level, a cause, the log, what a change means.

use super::super::command::Command;
use super::super::effects::Effect;
use super::super::keymap::{self, Context};
use super::super::model::{Asked, Known, Model, Overlay, Panel};
use super::super::page::{Page, Text, line, piece};
use super::super::theme::Role;
use super::super::tree;
use super::back;
use crate::answer::limits;
use crate::answer::states::LevelState;
use crate::estate::{Estate, Read};
use crate::evaluate::Truth;
use crate::evaluate::explanation::{
    BindingExplanation, ConditionExplanation, PolicyExplanation, RoleState,
};
use crate::evaluate::{Cause, CauseKind, Explanation};
use crate::google::Call;
use crate::iam::{Principal, Resource};
use crate::repair::meaning::{HeldRole, held};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let step = isize::try_from(model.room.max(2) - 1).unwrap_or(1);
    let Some(Overlay::Page(page)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    let by = match command {
        Command::Up => -1,
        Command::Down => 1,
        Command::HalfUp => -step / 2,
        Command::HalfDown => step / 2,
        Command::PageUp => -step,
        Command::PageDown => step,
        Command::Top => isize::MIN / 2,
        Command::Bottom => isize::MAX / 2,
        Command::Copy => {
            let (what, text) = page
                .copy
                .clone()
                .unwrap_or_else(|| (page.title.clone(), page.plain()));
            return vec![Effect::Copy { what, text }];
        }
        Command::Back => return back(model),
        _ => return Vec::new(),
    };
    page.offset = page.offset.saturating_add_signed(by);
    Vec::new()
}

fn show(model: &mut Model, page: Page) {
    model.overlays.push(Overlay::Page(page));
}

/// The keys of what is in focus, from the live table.
pub(super) fn help(model: &mut Model) {
    let context = model.context();
    let mut lines = vec![line(Role::Heading, format!("Keys: {}", context.title()))];
    let rows = keymap::rows(context);
    let (own, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|e| e.context == context);
    let row = |entry: &keymap::Entry| {
        vec![
            piece(Role::Key, format!("{:<16}", entry.keys.join(" "))),
            piece(Role::Text, entry.command.help()),
        ]
    };
    lines.extend(own.iter().map(|e| row(e)));
    if !rest.is_empty() {
        lines.push(Vec::new());
        lines.push(line(Role::Heading, "Everywhere"));
        lines.extend(rest.iter().map(|e| row(e)));
    }
    if context == Context::Pick {
        lines.push(Vec::new());
        lines.push(line(Role::Heading, "Typing"));
        for words in [
            "What you type filters the list in focus, fuzzily: run app finds run-processor@app-prod.",
            "A whole address, user:ana@example.com or principal://… is taken as it stands.",
            "Paste an error message: what it names is filled in, what it lacks is asked.",
        ] {
            lines.push(line(Role::Text, words));
        }
    }
    lines.push(Vec::new());
    lines.push(line(
        Role::Dim,
        "Mouse: click selects, a second click opens, the wheel scrolls. Hold Shift (Option in iTerm2) to select text, or switch the mouse off with %.",
    ));
    lines.push(line(
        Role::Dim,
        "Copying uses the terminal's clipboard (OSC 52), over ssh and inside tmux too (set -g set-clipboard on). If nothing arrives, the copied text is on the page that y shows.",
    ));
    show(model, Page::new("help", lines));
}

/// The signs and what they mean.
pub(super) fn legend(model: &mut Model) {
    let glyphs = model.glyphs;
    let mut lines: Vec<Text> = LevelState::ALL
        .iter()
        .map(|state| {
            vec![
                piece(Role::of(*state), format!("{:<3}", state.glyph(glyphs))),
                piece(Role::Text, state.word()),
            ]
        })
        .collect();
    lines.push(Vec::new());
    lines.push(vec![
        piece(Role::Path, format!("{}  ", glyphs.pick("┗", "#-"))),
        piece(
            Role::Text,
            "the path along which grants reach the target; light lines are the caller's own branch, which does not",
        ),
    ]);
    show(model, Page::new("signs", lines));
}

/// The calls made so far, the newest first.
pub(super) fn log(model: &mut Model, calls: Vec<Call>) {
    let mut lines: Vec<Text> = calls
        .iter()
        .rev()
        .map(|call| {
            let role = match call.status {
                Some(s) if s < 400 => Role::Text,
                Some(_) => Role::Misplaced,
                None => Role::Denied,
            };
            line(role, call.to_string())
        })
        .collect();
    if lines.is_empty() {
        lines.push(line(Role::Dim, "No call was made yet."));
    }
    model.calls = calls;
    show(
        model,
        Page::new("calls to Google Cloud, newest first", lines),
    );
}

/// Enter: the selected level or cause in full.
pub(super) fn open_selected(model: &mut Model) {
    let Some(asked) = model.asked() else { return };
    let Some(known) = asked.known() else {
        if let super::super::model::Reading::Failed(why) = &asked.reading {
            let page = Page::new(
                "why it could not be read",
                vec![line(Role::Text, why.clone())],
            );
            show(model, page);
        }
        return;
    };
    let page = match asked.panel {
        Panel::Tree => level_page(asked, known),
        Panel::Why => cause_page(asked, known),
    };
    show(model, page);
}

fn cause_page(asked: &Asked, known: &Known) -> Page {
    let Some(cause) = known.causes.get(asked.why_row) else {
        return answer_page(known);
    };
    let mut lines = vec![
        line(Role::Text, cause.message.clone()),
        Vec::new(),
        line(Role::Heading, "What to do"),
        line(Role::Text, cause.advice()),
        Vec::new(),
        vec![
            piece(Role::Heading, "Kind      "),
            piece(Role::Text, kind_word(cause.kind)),
        ],
        vec![
            piece(Role::Heading, "Where     "),
            piece(Role::Text, cause.place.clone()),
        ],
    ];
    if let Some(resource) = &cause.resource {
        lines.push(vec![
            piece(Role::Heading, "Console   "),
            piece(Role::Text, console_url(&known.estate, resource)),
        ]);
        if let Some(policy) = policy_at(&known.explanation, resource) {
            lines.push(Vec::new());
            lines.push(line(Role::Heading, "The policy there"));
            lines.extend(bindings(&known.estate, policy));
        }
    }
    Page::new("cause", lines).copying("the cause", cause_text(cause))
}

fn cause_text(cause: &Cause) -> String {
    let mut lines = vec![cause.message.as_str(), &cause.remedy];
    // On a line of its own, so that it can be pasted.
    lines.extend(cause.command.as_deref());
    lines.push(&cause.place);
    lines.join("\n")
}

/// The contract's word for a kind of cause.
fn kind_word(kind: CauseKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A yes in full: what grants, and what was not looked at.
fn answer_page(known: &Known) -> Page {
    let explanation = &known.explanation;
    let mut lines = Vec::new();
    for policy in &explanation.allow {
        for binding in policy.bindings.iter().filter(|b| b.grants == Truth::Yes) {
            lines.push(line(
                Role::Granted,
                format!(
                    "{} on {}",
                    tree::title(&known.estate, &binding.role),
                    known.estate.label(&policy.resource)
                ),
            ));
            lines.extend(binding_lines(&known.estate, binding));
        }
    }
    lines.push(Vec::new());
    lines.extend(not_judged(explanation));
    Page::new("why it works", lines)
}

/// What no answer here covers.
pub(in crate::tui) fn not_judged(explanation: &Explanation) -> Vec<Text> {
    let names = limits::NOT_JUDGED.map(|not| not.short).join(", ");
    let mut lines = vec![line(Role::Dim, format!("Not looked at: {names}."))];
    for assumption in &explanation.assumptions {
        let words = limits::words(*assumption);
        lines.push(line(Role::Dim, format!("{}{words}.", limits::TAKEN)));
    }
    lines
}

fn policy_at<'a>(explanation: &'a Explanation, at: &Resource) -> Option<&'a PolicyExplanation> {
    explanation
        .allow
        .iter()
        .chain(&explanation.off_path)
        .find(|p| p.resource == *at)
}

fn level_page(asked: &Asked, known: &Known) -> Page {
    let Some(row) = known.rows.get(asked.tree_row) else {
        return Page::new("level", vec![line(Role::Dim, "There is nothing here yet.")]);
    };
    let Some(resource) = &row.resource else {
        let caller = known.explanation.question.caller.to_string();
        return Page::new(
            "the caller",
            vec![
                line(Role::Text, caller.clone()),
                line(
                    Role::Dim,
                    "It stands in no project of this hierarchy, so no level above it matters here.",
                ),
            ],
        )
        .copying("the caller", caller);
    };
    let mut lines = level_lines(known, resource);
    lines.push(Vec::new());
    lines.push(vec![
        piece(Role::Heading, "Console  "),
        piece(Role::Text, console_url(&known.estate, resource)),
    ]);
    let title = format!(
        "{} {}",
        resource.kind().word(),
        known.estate.label(resource)
    );
    Page::new(title, lines).copying("the full resource name", resource.full_name())
}

/// Everything that is known of a level: its bindings, the matching ones first, deny policies.
pub(in crate::tui) fn level_lines(known: &Known, resource: &Resource) -> Vec<Text> {
    let mut lines = vec![line(Role::Dim, resource.full_name())];
    let Some(policy) = policy_at(&known.explanation, resource) else {
        lines.push(line(Role::Dim, "No policy of this level was looked at."));
        return lines;
    };
    lines.push(Vec::new());
    if let Some(why) = &policy.unreadable {
        lines.push(line(
            Role::Unknown,
            format!("Its policy could not be read: {why}"),
        ));
    }
    lines.extend(bindings(&known.estate, policy));
    for denial in known
        .explanation
        .deny
        .iter()
        .filter(|d| policy.on_path && d.resource == *resource)
    {
        lines.push(Vec::new());
        lines.push(line(Role::Heading, "Deny policies"));
        if let Some(why) = &denial.unreadable {
            lines.push(line(Role::Unknown, format!("could not be read: {why}")));
        }
        for denying in &denial.policies {
            let role = match denying.denies {
                Truth::Yes => Role::Denied,
                Truth::No => Role::Dim,
                _ => Role::Unknown,
            };
            lines.push(line(role, denying.policy.id().to_owned()));
            for rule in &denying.rules {
                let what = match rule.denies {
                    Truth::Yes => "denies this",
                    Truth::No => "does not concern this",
                    _ => "may deny this",
                };
                lines.push(line(role, format!("  rule {}: {what}", rule.index + 1)));
                for member in rule.denied.iter().filter(|m| m.matches != Truth::No) {
                    lines.push(line(role, format!("    denied     {}", member.member)));
                }
                for member in rule.exceptions.iter().filter(|m| m.matches != Truth::No) {
                    lines.push(line(
                        Role::Text,
                        format!("    excepted   {}", member.member),
                    ));
                }
                if let Some(condition) = &rule.condition {
                    lines.extend(condition_lines(condition));
                }
            }
        }
    }
    lines
}

/// The bindings of a policy, those that concern the question first.
fn bindings(estate: &Estate, policy: &PolicyExplanation) -> Vec<Text> {
    if policy.bindings.is_empty() && policy.unreadable.is_none() {
        return vec![line(Role::Dim, "No bindings.")];
    }
    let mut order: Vec<&BindingExplanation> = policy.bindings.iter().collect();
    order.sort_by_key(|b| (weight(b), b.index));
    let mut lines = Vec::new();
    for binding in order {
        lines.extend(binding_lines(estate, binding));
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

fn binding_lines(estate: &Estate, binding: &BindingExplanation) -> Vec<Text> {
    let (role, verdict) = match binding.grants {
        Truth::Yes => (Role::Granted, "grants this"),
        Truth::UnknownInfo | Truth::UnknownConditional => (Role::Unknown, "may grant this"),
        Truth::No => match (binding.role_state, binding.matches) {
            (RoleState::Included, Truth::Yes) => (Role::Misplaced, "condition not met"),
            (RoleState::Included, _) => (Role::Text, "holds the permission, not for this caller"),
            (RoleState::Disabled, _) => (Role::Misplaced, "the role is disabled"),
            (RoleState::Deleted, _) => (Role::Misplaced, "the role is deleted"),
            (RoleState::Unreadable | RoleState::Unknown, _) => (Role::Dim, "not for this caller"),
            (RoleState::NotIncluded, Truth::Yes) => (Role::Text, "does not hold the permission"),
            (RoleState::NotIncluded, _) => (Role::Dim, "not about this"),
        },
    };
    let name = &*binding.role;
    let title = tree::title(estate, name);
    let mut head = vec![piece(role, title.clone())];
    if title != name {
        head.push(piece(Role::Dim, format!("  {name}")));
    }
    head.push(piece(role, format!("  {verdict}")));
    let mut lines = vec![head];
    for member in &binding.members {
        let (mark, role) = match member.matches {
            Truth::Yes => ("  + ", Role::Granted),
            Truth::No => ("    ", Role::Dim),
            _ => ("  ? ", Role::Unknown),
        };
        let mut text = vec![piece(role, format!("{mark}{}", member.member))];
        if !member.why.is_empty() {
            text.push(piece(Role::Dim, format!("  {}", member.why)));
        }
        lines.push(text);
    }
    let hidden = binding.member_count.saturating_sub(binding.members.len());
    if hidden > 0 {
        lines.push(line(
            Role::Dim,
            format!("    and {hidden} more members, none of them this caller"),
        ));
    }
    if let Some(condition) = &binding.condition {
        lines.extend(condition_lines(condition));
    }
    lines
}

fn condition_lines(condition: &ConditionExplanation) -> Vec<Text> {
    let (role, word) = match condition.holds {
        Truth::Yes => (Role::Granted, "holds"),
        Truth::No => (Role::Misplaced, "does not hold"),
        _ => (Role::Unknown, "cannot be decided here"),
    };
    let title = condition
        .condition
        .title
        .as_deref()
        .filter(|t| !t.is_empty())
        .map_or(String::new(), |t| format!(" '{t}'"));
    let mut lines = vec![
        line(role, format!("    condition{title}: {word}")),
        line(
            Role::Text,
            format!("      {}", condition.condition.expression.trim()),
        ),
    ];
    if let Err(why) = &condition.evaluation {
        lines.push(line(Role::Misplaced, format!("      {why}")));
    }
    lines
}

/// Why no fix is offered, and what would help.
pub(super) fn no_repair(model: &mut Model) {
    let Some(known) = model.asked().and_then(Asked::known) else {
        return;
    };
    let mut lines = Vec::new();
    let mut commands = Vec::new();
    let refused = known.plan.is_refused();
    for cause in known.causes.iter().filter(|_| !refused) {
        lines.push(line(Role::Text, cause.message.clone()));
        lines.push(line(Role::Heading, cause.advice()));
        lines.push(Vec::new());
    }
    lines.push(line(
        Role::Text,
        if refused {
            "A binding would mend this, and Google would refuse it, so none is offered:"
        } else if known.plan.elsewhere.is_empty() {
            "No binding would mend this, so none is offered."
        } else {
            "No binding would mend this, so none is offered. What would:"
        },
    ));
    for other in &known.plan.elsewhere {
        lines.push(Vec::new());
        lines.push(line(Role::Path, other.what.clone()));
        lines.push(line(Role::Text, other.who.clone()));
        lines.extend(
            other
                .command
                .lines()
                .map(|l| line(Role::Dim, format!("  {l}"))),
        );
        commands.push(other.command.clone());
    }
    let text = if commands.is_empty() {
        known.causes.iter().map(cause_text).collect::<Vec<_>>()
    } else {
        commands
    };
    show(
        model,
        Page::new("no fix by a binding", lines).copying("what would help", text.join("\n\n")),
    );
}

/// What whoever acts as the target may do.
pub(super) fn meaning(model: &mut Model) {
    let Some(known) = model.asked().and_then(Asked::known) else {
        return;
    };
    let target = &known.explanation.question.target;
    let email = known
        .estate
        .account(target.id())
        .map_or_else(|| target.id().to_owned(), |a| a.email.to_lowercase());
    let held = held(&known.estate, &Principal::ServiceAccount(email));
    let name = known.estate.label(target);
    let mut lines = vec![line(
        Role::Text,
        format!(
            "Whoever acts as {name} may do what its roles allow. Seen in the policies that were read for this question:"
        ),
    )];
    lines.push(Vec::new());
    let (certain, perhaps): (Vec<&HeldRole>, Vec<&HeldRole>) =
        held.iter().partition(|h| !h.uncertain);
    lines.extend(certain.into_iter().map(|one| held_line(known, one)));
    if !perhaps.is_empty() {
        lines.push(Vec::new());
        lines.push(line(
            Role::Heading,
            "And perhaps, through groups whose members were not read",
        ));
        lines.extend(perhaps.into_iter().map(|one| held_line(known, one)));
    }
    if held.is_empty() {
        lines.push(line(
            Role::Dim,
            "None of its roles stands there; it may hold roles elsewhere.",
        ));
    }
    lines.push(Vec::new());
    lines.push(line(Role::Heading, "Who can act as it already"));
    let others = who_holds(known);
    if others.is_empty() {
        lines.push(line(
            Role::Dim,
            "Nobody, as far as the policies that were read say.",
        ));
    }
    lines.extend(others.into_iter().map(|t| line(Role::Text, t)));
    lines.push(Vec::new());
    lines.push(line(
        Role::Dim,
        "Roles on resources of other services (buckets, data sets) and in other projects are not read here.",
    ));
    show(model, Page::new(format!("what {name} may do"), lines));
}

fn held_line(known: &Known, one: &HeldRole) -> Text {
    let mut beside = format!(
        " on the {} {}",
        one.resource.kind().word(),
        known.estate.label(&one.resource)
    );
    if let Some(through) = &one.through {
        beside.push_str(&format!(", through {through}"));
    }
    if one.conditional {
        beside.push_str(", under a condition");
    }
    vec![
        piece(Role::Text, one.title.clone()),
        piece(Role::Dim, format!("{beside}: {}", one.power.word())),
    ]
}

/// Members of bindings on the path whose role holds the permission.
fn who_holds(known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for policy in &known.explanation.allow {
        let Read::Known(Some(whole)) = known.estate.allow_policy(&policy.resource) else {
            continue;
        };
        for binding in policy
            .bindings
            .iter()
            .filter(|b| b.role_state == RoleState::Included)
        {
            let Some(full) = whole.bindings.get(binding.index) else {
                continue;
            };
            for member in &full.members {
                let when = if full.condition.is_some() {
                    ", with a condition"
                } else {
                    ""
                };
                found.push(format!(
                    "{member}  {} on {}{when}",
                    tree::title(&known.estate, &full.role),
                    known.estate.label(&policy.resource)
                ));
            }
        }
    }
    found
}

/// The console's page for what is selected: shown and copied, since no program is started from here.
pub(super) fn console(model: &mut Model) -> Vec<Effect> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let Some(known) = asked.known() else {
        return Vec::new();
    };
    let selected = match asked.panel {
        Panel::Tree => known
            .rows
            .get(asked.tree_row)
            .and_then(|r| r.resource.clone()),
        Panel::Why => known
            .causes
            .get(asked.why_row)
            .and_then(|c| c.resource.clone()),
    };
    let resource = selected.unwrap_or_else(|| known.explanation.question.target.clone());
    let url = console_url(&known.estate, &resource);
    vec![Effect::Copy {
        what: format!("the console's page {url}"),
        text: url,
    }]
}

/// The console's page of permissions for a level (the addresses that the console itself uses).
#[must_use]
pub fn console_url(estate: &Estate, resource: &Resource) -> String {
    const BASE: &str = "https://console.cloud.google.com/iam-admin";
    match resource {
        Resource::Organization(n) => format!("{BASE}/iam?organizationId={n}"),
        Resource::Folder(n) => format!("{BASE}/iam?folder={n}"),
        Resource::Project(p) => format!("{BASE}/iam?project={p}"),
        Resource::ServiceAccount { project, account } => {
            let id = estate
                .account(account)
                .map(|a| a.unique_id.clone())
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| account.to_string());
            format!("{BASE}/serviceaccounts/details/{id}/permissions?project={project}")
        }
    }
}
