//! A pasted error: it opens the question that it is about, or says what it is about instead.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use super::super::model::{Model, Overlay, Screen};
use super::super::run::effects::Effect;
use super::pick::preset;
use super::{ask, uncover};
use crate::google::pasted::{self, Pasted, PastedKind};
use crate::text::visible;

/// Starts a question from a pasted error: what it names is filled in, what it does not name is asked. An error that is
/// not about acting as an account is told on a page, and the screen below it stays as it is.
pub(super) fn question_from(model: &mut Model, text: &str) -> Vec<Effect> {
    let found = pasted::read(text);
    let caller = found.principal().and_then(Result::ok);
    let target = found.account().and_then(Result::ok);
    if found.kind == PastedKind::None {
        model.say("Nothing in the pasted text is about access; it was left alone.");
        return Vec::new();
    }
    if matches!(model.overlays.last(), Some(Overlay::Page(_))) {
        model.overlays.pop();
    }
    // One that is about managing an account can be asked about all the same.
    let managed = found.asked().is_some() && target.is_some();
    if !found.is_about_acting() && !managed {
        tell(model, &found);
        return Vec::new();
    }
    model.permission = found.question();
    let told = told_by_causes(found.kind);
    let meaning = match found.kind {
        PastedKind::ImpersonationDenied => String::new(),
        _ if !told => String::new(),
        _ => format!("{} ", found.meaning().what),
    };
    let page = (!told).then(|| found.clone());
    let mut effects = Vec::new();
    if let (Some(caller), Some(target)) = (&caller, &target) {
        let (caller, target) = (caller.clone(), target.clone());
        let permission = model.permission.clone();
        model.pick.pasted = Some(found);
        effects = ask(model, caller, target, permission);
        model.say(format!(
            "{meaning}Caller, target and permission are from the pasted error."
        ));
    } else {
        model.screen = Screen::Pick;
        effects.push(uncover(model));
        let needs = match (&caller, &target) {
            (None, Some(_)) => "The pasted error names the target. Who called?",
            (Some(_), None) => "The pasted error names the caller. Which account was wanted?",
            _ => "The pasted error names neither caller nor target. Choose them.",
        };
        model.pick.pasted = Some(found);
        model.pick.on_target = caller.is_some();
        preset(model, caller, target);
        model.say(format!("{meaning}{needs}"));
    }
    if let Some(found) = page {
        tell(model, &found);
    }
    effects
}

/// Whether the answer's own causes say what an error of this kind means.
fn told_by_causes(kind: PastedKind) -> bool {
    !matches!(
        kind,
        PastedKind::TokenExchangeRefused
            | PastedKind::TokenTypeUnsupported
            | PastedKind::CredentialsMissing
            | PastedKind::OtherDenied
    )
}

/// A page of its own: what the error is, what mends it, what it names.
fn tell(model: &mut Model, found: &Pasted) {
    let meaning = found.meaning();
    let mut lines: Vec<Text> = vec![
        line(StyleRole::Text, meaning.what),
        Text::new(),
        line(StyleRole::Granted, meaning.remedy),
    ];
    let commands = meaning.commands.iter();
    lines.extend(commands.map(|command| line(StyleRole::Text, format!("  {}", visible(command)))));
    lines.push(Text::new());
    for (name, value) in found.rows() {
        if let Some(value) = value {
            lines.push(vec![
                piece(StyleRole::Dim, format!("{name:<11}")),
                piece(StyleRole::Text, visible(&value)),
            ]);
        }
    }
    let page = ScreenPage::new("The pasted error", lines);
    model.overlays.push(Overlay::Page(page));
}
