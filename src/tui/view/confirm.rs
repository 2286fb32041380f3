//! The confirmation: what, to whom, where; the diff; what it means; the word. Then the proof.

use ratatui::layout::{Position, Rect};

use super::super::look::page::{Text, line, piece};
use super::super::look::text::width;
use super::super::look::theme::StyleRole;
use super::super::model::tree::title as role_title;
use super::super::model::{Act, Confirm, Layout, Model, Phase};
use super::super::words::{ends, more};
use super::page::{centered, wrapped};
use super::pen::Pen;
use crate::repair::diff::{DiffKind, diff};
use crate::repair::verify::{EXPECTED, MintOutcome};
use crate::repair::{Remedy, RemedyStep, Repair, StepDone};

/// The widest that it is drawn.
const WIDEST: u16 = 100;
/// Lines of policy around a change.
const CONTEXT: usize = 2;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    confirm: &Confirm,
    model: &Model,
    out: &mut Layout,
) -> Option<Position> {
    let inner = usize::from(area.width.min(WIDEST).saturating_sub(4));
    let foot = foot(pen, confirm);
    let foot = wrapped(&foot, inner);
    let lines = body_lines(confirm, model);
    let lines = wrapped(&lines, inner);
    let wanted = u16::try_from(lines.len() + foot.len() + 3).unwrap_or(u16::MAX);
    let frame = centered(area, WIDEST, wanted);
    let switches = confirm.way().is_some_and(|w| w.bindings().next().is_none());
    let title = match (&confirm.act, &confirm.phase) {
        (_, Phase::Proven { .. }) => "It works",
        (_, Phase::Failed(_)) => "Not applied",
        (_, Phase::Undone(_)) => "Taken back",
        (Act::Undo(_), _) => "Take it back?",
        (_, Phase::Asking { .. }) if switches => "Turn it on?",
        (_, Phase::Asking { .. }) => "Give access?",
        _ if switches => "Turning it on",
        _ => "Giving access",
    };
    let inside = pen.window(frame, title);
    let foot_height = u16::try_from(foot.len())
        .unwrap_or(u16::MAX)
        .min(inside.height);
    let body = Rect::new(
        inside.x,
        inside.y,
        inside.width,
        inside.height - foot_height,
    );
    let height = usize::from(body.height);
    out.room = height;
    let offset = confirm.offset.min(lines.len().saturating_sub(height));
    out.top = Some(offset);
    for (text, y) in lines.iter().skip(offset).zip(body.y..body.bottom()) {
        pen.pieces(body.x, y, body.width, text);
    }
    let hidden = lines.len().saturating_sub(offset + height);
    if hidden > 0 && frame.width > 20 {
        let edge = Rect::new(frame.x, frame.y, frame.width - 2, 1);
        pen.put_right(edge, frame.y, StyleRole::Warning, &more(hidden, ": Down "));
    }
    for (text, y) in foot.iter().zip(body.bottom()..inside.bottom()) {
        pen.pieces(inside.x, y, inside.width, text);
    }
    if !matches!(confirm.phase, Phase::Asking { .. }) || confirm.forbidden.is_some() {
        return None;
    }
    // The word is typed on the last line, after its prompt.
    let prompt = width(&prompt(confirm));
    let typed = confirm.input.visual_cursor();
    let x = inside.x + u16::try_from(prompt + typed).unwrap_or(0);
    Some(Position::new(
        x.min(inside.right().saturating_sub(1)),
        inside.bottom().saturating_sub(1),
    ))
}

fn prompt(confirm: &Confirm) -> String {
    format!("type {} to apply: ", confirm.word)
}

/// What is shown above: it scrolls where there is no room.
fn body_lines(confirm: &Confirm, model: &Model) -> Vec<Text> {
    let mut lines = Vec::new();
    if let Phase::Asking { note: Some(note) } = &confirm.phase {
        lines.push(line(StyleRole::Warning, note.clone()));
        lines.push(Vec::new());
    }
    match (&confirm.act, confirm.way()) {
        (_, Some(way)) => way_lines(&mut lines, confirm, way, model),
        (Act::Undo(change), _) => {
            let record = &change.entry.record;
            let rows = [
                (
                    "on",
                    record
                        .resource
                        .rsplit('/')
                        .next()
                        .unwrap_or(&record.resource),
                ),
                ("from", record.grant.member.as_str()),
                ("role", record.grant.role.as_str()),
            ];
            for (name, text) in rows {
                lines.push(vec![
                    piece(StyleRole::Dim, format!("{name:<8}")),
                    piece(StyleRole::Text, text),
                ]);
            }
            if let Some(old) = &record.replaced {
                lines.push(vec![
                    piece(StyleRole::Dim, format!("{:<8}", "back to")),
                    piece(StyleRole::Text, old.clone()),
                ]);
            }
            lines.push(Vec::new());
            lines.extend(
                confirm
                    .meaning
                    .iter()
                    .map(|m| line(StyleRole::Text, m.clone())),
            );
        }
        _ => {}
    }
    lines
}

/// Each step of a way, then what it means.
fn way_lines(lines: &mut Vec<Text>, confirm: &Confirm, way: &Remedy, model: &Model) {
    let count = way.steps.len();
    for (i, step) in way.steps.iter().enumerate() {
        if count > 1 {
            lines.push(line(
                StyleRole::Heading,
                format!("Step {} of {count}", i + 1),
            ));
        }
        match step {
            RemedyStep::Binding(repair) => grant_lines(lines, repair, model),
            RemedyStep::Switch(switch) => lines.push(line(StyleRole::Path, switch.title())),
        }
        lines.push(Vec::new());
    }
    lines.extend(
        confirm
            .meaning
            .iter()
            .map(|m| line(StyleRole::Text, m.clone())),
    );
    for warning in &confirm.warnings {
        lines.push(line(StyleRole::Warning, warning.clone()));
    }
}

fn grant_lines(lines: &mut Vec<Text>, repair: &Repair, model: &Model) {
    let known = model.asked().and_then(|a| a.known());
    let title = known.map_or_else(
        || repair.role.clone(),
        |k| role_title(&k.estate, &repair.role),
    );
    let row = |name: &str, text: String, dim: String| {
        vec![
            piece(StyleRole::Dim, format!("{name:<8}")),
            piece(StyleRole::Path, text),
            piece(StyleRole::Dim, dim),
        ]
    };
    let kind = format!("  ({})", repair.resource.kind().word());
    lines.push(row("on", repair.resource.id().to_owned(), kind));
    lines.push(row("to", repair.member.clone(), String::new()));
    let name = if title == repair.role {
        String::new()
    } else {
        format!("  {}", repair.role)
    };
    lines.push(row("role", title, name));
    if let Some(old) = &repair.replaces {
        lines.push(row("instead of", String::new(), format!(" {old}")));
    }
    match (&repair.condition, ends(repair)) {
        (Some(_), Some(until)) => lines.push(row("until", until, String::new())),
        (Some(condition), None) => {
            lines.push(row("while", condition.expression.clone(), String::new()));
        }
        (None, _) => {}
    }
    lines.push(Vec::new());
    for change in diff(&repair.before, &repair.after, CONTEXT).lines {
        let role = match change.kind {
            DiffKind::Same => StyleRole::Dim,
            DiffKind::Added => StyleRole::Added,
            DiffKind::Removed => StyleRole::Removed,
        };
        if change.gap_before {
            lines.push(line(StyleRole::Dim, "  …"));
        }
        let sign = format!("{} ", change.kind.sign());
        lines.push(match change.kind {
            DiffKind::Same => line(role, sign + &change.text),
            DiffKind::Added | DiffKind::Removed => {
                vec![piece(role, sign), piece(role, change.text)]
            }
        });
    }
}

/// What is shown below, always in sight.
fn foot(pen: &Pen<'_>, confirm: &Confirm) -> Vec<Text> {
    let dot = pen.glyphs.pick(" · ", " - ");
    match &confirm.phase {
        Phase::Asking { .. } => asking(confirm, dot),
        Phase::Applying { step } => {
            let count = confirm.way().map_or(1, |w| w.steps.len());
            let words = if count > 1 {
                format!("Writing, step {} of {count} …", step + 1)
            } else {
                "Writing …".to_owned()
            };
            vec![line(StyleRole::Warning, words)]
        }
        Phase::Verifying {
            done,
            elapsed,
            last,
            tries,
        } => {
            let mut lines: Vec<Text> = done.iter().map(|d| done_line(pen, d)).collect();
            let seconds = elapsed.as_secs();
            lines.push(line(
                StyleRole::Heading,
                format!(
                    "waiting until Google enforces it ({EXPECTED})  {}:{:02}{dot}look {tries}",
                    seconds / 60,
                    seconds % 60
                ),
            ));
            match last {
                Some(Ok(verified)) => {
                    let words = match &verified.minted {
                        MintOutcome::Refused(why) => format!("still refused: {why}"),
                        MintOutcome::NotPossible(why) => {
                            format!("no token can be minted to prove it: {why}")
                        }
                        MintOutcome::Yes => "a token was minted".to_owned(),
                    };
                    lines.push(line(StyleRole::Dim, words));
                }
                Some(Err(why)) => {
                    lines.push(line(StyleRole::Denied, format!("could not look: {why}")));
                }
                None => {}
            }
            lines
        }
        Phase::Proven { done, proof } => {
            let mut lines: Vec<Text> = done.iter().map(|d| done_line(pen, d)).collect();
            lines.push(line(
                StyleRole::Granted,
                format!("{} {proof}", pen.glyphs.yes()),
            ));
            lines
        }
        Phase::Failed(why) => vec![line(
            StyleRole::Denied,
            format!("{} {why}", pen.glyphs.no()),
        )],
        Phase::Undone(words) => {
            vec![line(
                StyleRole::Granted,
                format!("{} {words}", pen.glyphs.yes()),
            )]
        }
    }
}

fn done_line(pen: &Pen<'_>, done: &StepDone) -> Text {
    let arrow = pen.glyphs.pick("→", "->");
    let yes = pen.glyphs.yes();
    let short = |etag: &str| etag.chars().take(12).collect::<String>();
    let words = match done {
        _ if done.history_id().is_none() => {
            format!("{yes} it was there already; nothing was written")
        }
        StepDone::Applied(applied) => format!(
            "{yes} applied, etag {} {arrow} {}",
            short(&applied.etag_before),
            short(&applied.etag_after)
        ),
        StepDone::TurnedOn(_) => format!("{yes} turned on"),
    };
    match done.journal_warning() {
        Some(warning) => vec![
            piece(StyleRole::Granted, words),
            piece(StyleRole::Warning, format!("  {warning}")),
        ],
        None => line(StyleRole::Granted, words),
    }
}

fn asking(confirm: &Confirm, dot: &str) -> Vec<Text> {
    let mut lines = Vec::new();
    let counts = match (&confirm.act, confirm.repair()) {
        (_, Some(repair)) => match &repair.replaces {
            Some(old) => format!("only {old} is replaced"),
            None => "nobody is removed".to_owned(),
        },
        (Act::Undo(_), None) => "only what was added is taken out".to_owned(),
        (Act::Grant { .. }, None) => "no policy is changed".to_owned(),
    };
    let others = match &confirm.act {
        Act::Grant {
            ways,
            chosen,
            limited,
        } => {
            let count = limited.as_ref().unwrap_or(ways).len();
            if count > 1 {
                format!("{dot}fix {} of {count}, Tab for another", chosen + 1)
            } else {
                String::new()
            }
        }
        Act::Undo(_) => String::new(),
    };
    lines.push(vec![
        piece(StyleRole::Dim, counts),
        piece(StyleRole::Warning, format!("{dot}NOT applied yet")),
        piece(StyleRole::Dim, others),
    ]);
    if let Some(why) = &confirm.forbidden {
        lines.push(line(
            StyleRole::Denied,
            format!("Cannot be applied from here: {why}. y copies a request to somebody who may."),
        ));
        return lines;
    }
    if let Some(why) = &confirm.weighty {
        lines.push(line(StyleRole::Warning, why.clone()));
    }
    lines.push(vec![
        piece(StyleRole::Heading, prompt(confirm)),
        piece(StyleRole::Path, confirm.input.value()),
    ]);
    lines
}
