//! Menus: commands, what to copy, permissions.

use std::sync::Arc;

use super::super::keys::command::Command;
use super::super::keys::line::{self, TypedLine};
use super::super::keys::{Key, KeyContext};
use super::super::model::list::{Filtered, Matching};
use super::super::model::{
    Account, AccountList, Act, Asked, Choice, ChoiceAct, Menu, MenuList, Model, Overlay, Screen,
    Typed,
};
use super::super::run::effects::Effect;
use super::super::words::printed;
use super::{answer, back, beside, choosing, edit, estate, insert, pick, review};
use crate::evaluate::Question;
use crate::iam::Permission;
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::repair::equivalents::Equivalents;
use crate::repair::{FixWith, Remedy, RemedyStep, Repair};

pub(super) fn open(
    model: &mut Model,
    title: &str,
    below: KeyContext,
    choices: Vec<Choice>,
    typed: Typed,
) {
    push(model, title, below, MenuList::new(choices, None), typed);
}

/// Opens one of choices and accounts.
pub(super) fn open_accounts(
    model: &mut Model,
    title: &str,
    choices: Vec<Choice>,
    accounts: Filtered<Account>,
) {
    let list = MenuList::new(choices, Some(accounts));
    push(model, title, KeyContext::Answer, list, Typed::Hop);
}

fn push(model: &mut Model, title: &str, below: KeyContext, list: MenuList, typed: Typed) {
    model.overlays.push(Overlay::Menu(Box::new(Menu {
        title: title.to_owned(),
        list,
        below,
        typed,
    })));
}

/// Every command by name, with its key and what it does.
pub(super) fn palette(model: &mut Model) {
    let below = model.context();
    let keys = Arc::clone(&model.keys);
    let rows = keys.rows(below);
    let choices = Command::ALL
        .into_iter()
        .filter(|c| *c != Command::Palette && *c != Command::Accept)
        .filter(|c| line::is_here(*c, below))
        .map(|command| {
            let row = rows.iter().find(|row| row.entry.command == command);
            let key = row.and_then(|row| keys.keys_in(below, row).first().copied());
            let help = row.map_or(command.help(), |row| row.entry.help());
            Choice {
                text: format!("{:<15} {help}", command.name()),
                note: key.unwrap_or_default().to_owned(),
                act: ChoiceAct::Run(command),
            }
        })
        .collect();
    open(model, "commands", below, choices, Typed::Command);
}

/// What can be asked about an account.
pub(super) fn permissions(model: &mut Model) {
    let below = model.context();
    let choices = [
        (GET_ACCESS_TOKEN, "mint an access token: act as it"),
        (GET_OPEN_ID_TOKEN, "mint an ID token: sign in as it"),
        (SIGN_BLOB, "sign bytes with its key"),
        (SIGN_JWT, "sign a JWT with its key"),
        (IMPLICIT_DELEGATION, "pass through it to another account"),
        (ACT_AS, "attach it: deploy a resource as it"),
    ]
    .into_iter()
    .filter_map(|(name, note)| {
        Some(Choice {
            text: name.to_owned(),
            note: note.to_owned(),
            act: ChoiceAct::Permission(Permission::parse(name).ok()?),
        })
    })
    .collect();
    let title = "ask about which permission?";
    open(model, title, below, choices, Typed::Permission);
}

/// What can be copied of an answer.
pub(super) fn copy(model: &mut Model) {
    let Some(asked) = model.asked() else { return };
    let mut choices = vec![
        text("caller", asked.question.caller.to_string()),
        text("target", target_of(asked)),
    ];
    let row = asked
        .known()
        .and_then(|k| k.rows.get(asked.tree_row)?.resource.as_ref());
    if let Some(resource) = row {
        choices.push(text(
            "selected level, full resource name",
            resource.full_name(),
        ));
    }
    if let Some(known) = asked.known() {
        choices.push(text("answer, as text", printed(asked).join("\n")));
        choices.push(text(
            "answer, as JSON (troubleshoot)",
            pretty(&crate::evaluate::troubleshoot(
                &known.estate,
                &known.explanation,
            )),
        ));
        let line = &model.line;
        choices.push(text("explain, as a command", line.explain(&asked.question)));
        let permission = asked.question.permission.to_string();
        if let Some(way) = known.plan.remedies.first() {
            let fix = line.fix(&asked.question, &FixWith::default());
            choices.push(text("fix, as a command", fix));
            choices.extend(way_choices(way, &permission));
        }
        for other in &known.plan.elsewhere {
            choices.push(text("what would help, as a command", other.command.clone()));
        }
    }
    let title = "copy what?";
    open(model, title, KeyContext::Answer, choices, Typed::Nothing);
}

/// What can be copied of a change.
pub(super) fn copy_change(model: &mut Model) {
    let line = model.line.clone();
    let Some(confirm) = model.confirm_mut() else {
        return;
    };
    let permission = confirm.question.permission.to_string();
    let choices = match (&confirm.act, confirm.way()) {
        (_, Some(way)) => {
            let mut choices: Vec<Choice> = way
                .bindings()
                .map(|repair| text("diff, unified", unified(repair)))
                .collect();
            choices.extend(way_choices(way, &permission));
            let expires = matches!(
                &confirm.act,
                Act::Grant {
                    limited: Some(_),
                    ..
                }
            );
            // The command takes the first of the ways.
            if matches!(&confirm.act, Act::Grant { chosen: 0, .. }) {
                let with = FixWith {
                    expires: expires.then_some(super::confirm::LIMITED),
                    ..FixWith::default()
                };
                choices.push(text(
                    "fix, as a command",
                    line.fix(&confirm.question, &with),
                ));
            }
            choices
        }
        (Act::Undo(change), _) => {
            let id = &change.entry.id;
            let undo = line.undo(id).map(|undo| text("undo, as a command", undo));
            std::iter::once(text("id", id.clone()))
                .chain(undo)
                .collect()
        }
        _ => Vec::new(),
    };
    let title = "copy what?";
    open(model, title, KeyContext::Confirm, choices, Typed::Nothing);
}

/// A way in other tools' words, step by step.
fn way_choices(way: &Remedy, permission: &str) -> Vec<Choice> {
    way.steps
        .iter()
        .flat_map(|step| match step {
            RemedyStep::Binding(repair) => equivalents(repair, permission),
            RemedyStep::Switch(switch) => vec![
                text("gcloud command", switch.gcloud()),
                text("gcloud command that takes it back", switch.gcloud_undo()),
            ],
        })
        .collect()
}

fn unified(repair: &Repair) -> String {
    crate::repair::diff::diff(&repair.before, &repair.after, 3).to_unified_string()
}

/// The change in other tools' words; one on a resource that no command could name has none.
fn equivalents(repair: &Repair, permission: &str) -> Vec<Choice> {
    let grant = repair.grant();
    let Ok(change) = Equivalents::new(&repair.resource, &grant, &repair.before, &repair.after)
    else {
        return Vec::new();
    };
    let change = change.replacing(repair.replaces.as_deref());
    vec![
        text("gcloud command", change.gcloud()),
        text(
            &format!("Terraform ({})", change.terraform_type()),
            change.terraform(),
        ),
        text(
            "request to an administrator",
            change.request(permission, None),
        ),
        text("curl", change.curl(None)),
        text("JSON patch", pretty(&change.json_patch())),
        text("gcloud command that takes it back", change.gcloud_undo()),
    ]
}

fn text(what: &str, text: String) -> Choice {
    Choice {
        text: what.to_owned(),
        note: crate::text::visible(text.lines().next().unwrap_or("")),
        act: ChoiceAct::Copy {
            what: what.to_owned(),
            text,
        },
    }
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn target_of(asked: &Asked) -> String {
    asked.known().map_or_else(
        || asked.question.target.id().to_owned(),
        |k| k.explanation.question.target.id().to_owned(),
    )
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let page = isize::try_from(model.room().max(2)).unwrap_or(10) - 1;
    let Some(Overlay::Menu(menu)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::Up | Command::PreviousPanel => menu.list.step(-1),
        Command::Down | Command::NextPanel => menu.list.step(1),
        Command::HalfUp | Command::PageUp => menu.list.step(-page),
        Command::HalfDown | Command::PageDown => menu.list.step(page),
        Command::Top => menu.list.select_row(0),
        Command::Bottom => menu.list.select_row(usize::MAX),
        Command::Back => {
            if menu.list.input().value().is_empty() {
                return back(model);
            }
            menu.list.input_mut().reset();
            return filter(menu);
        }
        Command::Open => return choose(model),
        _ => {}
    }
    Vec::new()
}

fn choose(model: &mut Model) -> Vec<Effect> {
    if choosing::waits(model) {
        return Vec::new();
    }
    let Some(Overlay::Menu(menu)) = model.overlays.last() else {
        return Vec::new();
    };
    let selected = menu.list.selected();
    let text = menu.list.input().value().trim();
    let (typed, below) = (menu.typed, menu.below);
    let chosen = match read(model, typed, below, text) {
        Some(Err(why)) => {
            model.say(why);
            return Vec::new();
        }
        // Whole and typed, it is meant, whatever else it resembles.
        Some(Ok(act)) if matches!(typed, Typed::Attribute | Typed::Command) => Some(act),
        other => selected.or(other.and_then(Result::ok)),
    };
    let Some(chosen) = chosen else {
        model.say("Nothing matches what is typed.");
        return Vec::new();
    };
    model.overlays.pop();
    match chosen {
        ChoiceAct::Run(command) => super::run(model, command),
        ChoiceAct::Copy { what, text } => vec![Effect::Copy { what, text }],
        ChoiceAct::Permission(permission) => ask_about(model, permission),
        ChoiceAct::Through(hop) => match beside::through(model, hop) {
            Some(Ok(question)) => answer::ask_question(model, question),
            Some(Err(why)) => {
                model.say(why);
                Vec::new()
            }
            None => Vec::new(),
        },
        ChoiceAct::Ask(question) => answer::ask_question(model, *question),
        ChoiceAct::Export { kind, format, to } => estate::export(model, kind, format, to),
        ChoiceAct::Lead(lead) => review::follow(model, lead),
        ChoiceAct::Choose(text) => pick::filtered(model, &text),
    }
}

/// What a typed text that is in no menu stands for; or what is wrong with a line that is a command.
fn read(
    model: &Model,
    typed: Typed,
    below: KeyContext,
    text: &str,
) -> Option<Result<ChoiceAct, String>> {
    match typed {
        Typed::Nothing => None,
        Typed::Command => {
            TypedLine::read(text).map(|line| line.and_then(|l| of_line(model, below, l)))
        }
        Typed::Permission => Permission::parse(text)
            .ok()
            .map(|p| Ok(ChoiceAct::Permission(p))),
        Typed::Hop => beside::hop(text).map(Ok),
        Typed::Attribute => beside::attribute(model, text).map(Ok),
    }
}

fn of_line(model: &Model, below: KeyContext, line: TypedLine) -> Result<ChoiceAct, String> {
    Ok(match line {
        TypedLine::Command(command) if !line::is_here(command, below) => {
            return Err(line::elsewhere(command, below));
        }
        TypedLine::Command(command) => ChoiceAct::Run(command),
        TypedLine::Why {
            caller,
            target,
            permission,
        } => {
            let time = model.at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            let mut question = Question::new(caller, target, time);
            question.permission = permission.unwrap_or_else(|| model.permission.clone());
            ChoiceAct::Ask(Box::new(question))
        }
        TypedLine::Accounts(text) => ChoiceAct::Choose(text),
        TypedLine::Mouse(on) if on == model.mouse => {
            return Err(format!(
                "The mouse is {} already.",
                if on { "on" } else { "off" }
            ));
        }
        TypedLine::Mouse(_) => ChoiceAct::Run(Command::Mouse),
    })
}

fn ask_about(model: &mut Model, permission: Permission) -> Vec<Effect> {
    model.permission = permission.clone();
    let asked = model.asked().map(|a| a.question.clone());
    match asked {
        Some(question) if model.screen == Screen::Answer && question.permission == permission => {
            model.say("That is what is asked about.");
            Vec::new()
        }
        Some(mut question) if model.screen == Screen::Answer => {
            question.permission = permission;
            answer::ask_question(model, question)
        }
        _ => Vec::new(),
    }
}

pub(super) fn text_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(Overlay::Menu(menu)) = model.overlays.last_mut()
        && edit(menu.list.input_mut(), key)
    {
        return filter(menu);
    }
    Vec::new()
}

pub(super) fn insert_text(model: &mut Model, pasted: &str) -> Vec<Effect> {
    let Some(Overlay::Menu(menu)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    insert(menu.list.input_mut(), pasted);
    filter(menu)
}

/// Applies what is typed; many accounts are matched elsewhere.
fn filter(menu: &mut Menu) -> Vec<Effect> {
    let under_way = !menu.list.is_matched();
    let rest = menu.list.filter();
    matching(AccountList::Menu, rest, under_way)
}

/// Has the rest of a list matched, or ends what was under way for it.
pub(super) fn matching(
    list: AccountList,
    rest: Option<Matching<Account>>,
    under_way: bool,
) -> Vec<Effect> {
    match rest {
        Some(rest) => vec![Effect::Match(list, rest)],
        None if under_way => vec![Effect::StopMatching(list)],
        None => Vec::new(),
    }
}
