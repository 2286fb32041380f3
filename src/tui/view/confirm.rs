//! The confirmation: what, to whom, where; the diff; what it means; the word. Then the proof.

use ratatui::layout::{Position, Rect};

use super::super::keys::KeyContext;
use super::super::look::page::{Text, line, piece};
use super::super::look::text::{cut_middle, width};
use super::super::look::theme::StyleRole;
use super::super::model::tree::title as role_title;
use super::super::model::{Act, Change, Confirm, Layout, Model, Phase};
use super::super::words::{ends, in_zone, more};
use super::page::{centered, wrapped};
use super::pen::Pen;
use crate::iam::address;
use crate::repair::diff::{DiffKind, diff};
use crate::repair::verify::{EXPECTED, MintOutcome};
use crate::repair::{Remedy, RemedyStep, Repair, StepDone};

/// The widest that it is drawn.
const WIDEST: u16 = 100;
/// Lines of policy around a change, as many as leave room for all that is said below it.
const CONTEXT: [usize; 3] = [2, 1, 0];
/// Below this height every line counts.
const LOW: u16 = 14;
/// So many lines of what scrolls are in sight at least, where what stays leaves them.
const SCROLLED: usize = 4;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    confirm: &Confirm,
    model: &Model,
    out: &mut Layout,
) -> Option<Position> {
    let inner = usize::from(area.width.min(WIDEST).saturating_sub(4));
    let low = area.height < LOW;
    let foot = foot(pen, confirm, low);
    let foot = wrapped(&foot, inner);
    let head = head_lines(confirm, model);
    let short = short_head(pen, confirm, model, inner);
    let head = wrapped(&head, inner);
    let room = usize::from(area.height).saturating_sub(head.len() + foot.len() + 2);
    let around = |context| body_lines(confirm, model, low, context);
    let fits = |context: &usize| wrapped(&around(*context), inner).len() <= room;
    let lines = around(CONTEXT.into_iter().find(fits).unwrap_or(0));
    let lines = wrapped(&lines, inner);
    let wanted = head.len() + lines.len() + foot.len() + 3;
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
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
    // On what, to whom and which role stay in sight, in short where there is little room.
    let above = usize::from(inside.height - foot_height);
    let left = |head: usize| above.saturating_sub(head);
    let scrolled = lines.len().min(SCROLLED);
    let (head, lines) = if left(head.len()) >= scrolled {
        (head, lines)
    } else if left(short.len()) >= lines.len().min(1) {
        (wrapped(&short, inner), lines)
    } else {
        (Vec::new(), [wrapped(&short, inner), lines].concat())
    };
    for (text, y) in head.iter().zip(inside.y..inside.bottom()) {
        pen.pieces(inside.x, y, inside.width, text);
    }
    let pinned = u16::try_from(head.len()).unwrap_or(u16::MAX);
    let body = Rect::new(
        inside.x,
        inside.y + pinned,
        inside.width,
        inside.height - foot_height - pinned,
    );
    let height = usize::from(body.height);
    out.room = height;
    let offset = confirm.offset.min(lines.len().saturating_sub(height));
    out.top = Some(offset);
    for (text, y) in lines.iter().skip(offset).zip(body.y..body.bottom()) {
        pen.pieces(body.x, y, body.width, text);
    }
    let hidden = lines.len().saturating_sub(offset + height);
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    if hidden > 0 && height > 1 {
        // It does not end in the middle of a sentence, as if that were all.
        let last = Rect::new(body.x, body.bottom() - 1, body.width, 1);
        pen.clear(last);
        let words = more(hidden + 1, ": Down");
        let words = format!("{} {}", pen.glyphs.pick("↓", "v"), words.trim());
        pen.put(last.x, last.y, last.width, StyleRole::Warning, &words);
    } else if hidden > 0 {
        pen.put_right(edge, frame.y, StyleRole::Warning, &more(hidden, ": Down "));
    } else if offset > 0 {
        pen.put_right(edge, frame.y, StyleRole::Dim, " the end: Up ");
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

/// A line of the head: its label, what it says, and what stands behind it.
fn row(name: &str, text: impl Into<String>, dim: impl Into<String>) -> Text {
    vec![
        piece(StyleRole::Dim, format!("{name:<8}")),
        piece(StyleRole::Path, text),
        piece(StyleRole::Dim, dim),
    ]
}

/// On what, to whom, which role; of several steps what each does. It never scrolls away.
fn head_lines(confirm: &Confirm, model: &Model) -> Vec<Text> {
    match (&confirm.act, confirm.way()) {
        (_, Some(way)) => match way.single() {
            Some(repair) => grant_head(repair, model),
            None => step_titles(way),
        },
        (Act::Undo(change), _) => undo_head(change),
        _ => Vec::new(),
    }
}

fn step_titles(way: &Remedy) -> Vec<Text> {
    let count = way.steps.len();
    let steps = way.steps.iter().enumerate();
    steps
        .map(|(i, step)| {
            let title = step.title();
            line(
                StyleRole::Path,
                if count > 1 {
                    format!("{} of {count}  {title}", i + 1)
                } else {
                    title
                },
            )
        })
        .collect()
}

/// The same in a line each.
fn short_head(pen: &Pen<'_>, confirm: &Confirm, model: &Model, room: usize) -> Vec<Text> {
    let cut =
        |text: &str| cut_middle(text, room.saturating_sub(8), pen.glyphs.ellipsis()).into_owned();
    let name = |text: &str| {
        let text = text.rsplit('/').next().unwrap_or(text);
        cut(address::short(text))
    };
    // The subject of a federated caller may hold slashes itself.
    let whom = |text: &str| {
        let text = text.strip_prefix("serviceAccount:").unwrap_or(text);
        let of_pool = text.split_once("Pools/").map_or(text, |(_, rest)| rest);
        cut(address::short(of_pool))
    };
    match (&confirm.act, confirm.way()) {
        (_, Some(way)) => match way.single() {
            Some(repair) => {
                let mut lines = vec![
                    row("on", name(repair.resource.id()), ""),
                    row("to", whom(&repair.member), ""),
                    row("role", cut(&title_of(model, &repair.role)), ""),
                ];
                lines.extend(ends(repair).map(|until| row("until", cut(&until), "")));
                lines
            }
            None => step_titles(way)
                .into_iter()
                .map(|text| {
                    let text: String = text.into_iter().map(|p| p.text).collect();
                    line(
                        StyleRole::Path,
                        cut_middle(&text, room, pen.glyphs.ellipsis()),
                    )
                })
                .collect(),
        },
        (Act::Undo(change), _) => {
            let grant = &change.entry.record.grant;
            match change.entry.record.switched() {
                Some(_) => undo_head(change),
                None => vec![
                    row("on", name(&change.entry.record.resource), ""),
                    row("from", whom(&grant.member), ""),
                    row("role", cut(&title_of(model, &grant.role)), ""),
                ],
            }
        }
        _ => Vec::new(),
    }
}

fn undo_head(change: &Change) -> Vec<Text> {
    let record = &change.entry.record;
    if let Some(switch) = record.switched() {
        return vec![row("undo", switch.title(), "")];
    }
    let on = record.resource.rsplit('/').next();
    let mut lines = vec![
        row("on", on.unwrap_or(&record.resource), ""),
        row("from", record.grant.member.as_str(), ""),
        row("role", record.grant.role.as_str(), ""),
    ];
    lines.extend(
        record
            .replaced
            .as_deref()
            .map(|old| row("back to", old, "")),
    );
    lines
}

/// What is shown below the head: it scrolls where there is no room.
fn body_lines(confirm: &Confirm, model: &Model, low: bool, context: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    if low && matches!(confirm.phase, Phase::Asking { .. }) {
        // What has no room in the foot there.
        lines.extend(
            confirm
                .weighty
                .clone()
                .map(|why| line(StyleRole::Warning, why)),
        );
        lines.push(line(StyleRole::Dim, counts(confirm)));
    }
    if let Phase::Asking { note: Some(note) } = &confirm.phase {
        lines.push(line(StyleRole::Warning, note.clone()));
        lines.push(Vec::new());
    }
    match (&confirm.act, confirm.way()) {
        (_, Some(way)) => way_lines(&mut lines, confirm, way, model, context),
        (Act::Undo(change), _) => {
            let when = in_zone(change.entry.record.time, "%Y-%m-%d %H:%M:%S %Z");
            lines.push(Vec::new());
            lines.push(row("made", when, format!("  {}", change.state_words())));
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
fn way_lines(
    lines: &mut Vec<Text>,
    confirm: &Confirm,
    way: &Remedy,
    model: &Model,
    context: usize,
) {
    let count = way.steps.len();
    if way.bindings().next().is_none() {
        lines.push(Vec::new());
    }
    for (i, step) in way.steps.iter().enumerate() {
        match step {
            RemedyStep::Binding(repair) if count == 1 => diff_lines(lines, repair, context),
            RemedyStep::Binding(repair) => {
                lines.push(line(
                    StyleRole::Heading,
                    format!("Step {} of {count}", i + 1),
                ));
                lines.extend(grant_head(repair, model));
                diff_lines(lines, repair, context);
            }
            // The head says it whole.
            RemedyStep::Switch(_) => continue,
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

fn title_of(model: &Model, role: &str) -> String {
    let known = model.asked().and_then(|a| a.known());
    known.map_or_else(|| role.to_owned(), |k| role_title(&k.estate, role))
}

fn grant_head(repair: &Repair, model: &Model) -> Vec<Text> {
    let mut lines = Vec::new();
    let title = title_of(model, &repair.role);
    let kind = format!("  ({})", repair.resource.kind().word());
    lines.push(row("on", repair.resource.id(), kind));
    lines.push(row("to", repair.member.as_str(), ""));
    let name = if title == repair.role {
        String::new()
    } else {
        format!("  {}", repair.role)
    };
    lines.push(row("role", title, name));
    if let Some(old) = &repair.replaces {
        lines.push(row("instead of", "", format!(" {old}")));
    }
    match (&repair.condition, ends(repair)) {
        (Some(_), Some(until)) => lines.push(row("until", until, "")),
        (Some(condition), None) => {
            lines.push(row("while", condition.expression.as_str(), ""));
        }
        (None, _) => {}
    }
    lines
}

fn diff_lines(lines: &mut Vec<Text>, repair: &Repair, context: usize) {
    lines.push(Vec::new());
    let changes = diff(&repair.before, &repair.after, context).lines;
    for (i, change) in changes.into_iter().enumerate() {
        let role = match change.kind {
            DiffKind::Same => StyleRole::Dim,
            DiffKind::Added => StyleRole::Added,
            DiffKind::Removed => StyleRole::Removed,
        };
        // Without what stands around it, what is left out before it goes without saying.
        if change.gap_before && (i > 0 || context > 0) {
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
fn foot(pen: &Pen<'_>, confirm: &Confirm, low: bool) -> Vec<Text> {
    let dot = pen.glyphs.pick(" · ", " - ");
    match &confirm.phase {
        Phase::Asking { .. } => asking(pen, confirm, dot, low),
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

/// Who loses what by it.
fn counts(confirm: &Confirm) -> String {
    match (&confirm.act, confirm.repair()) {
        (_, Some(repair)) => match &repair.replaces {
            Some(old) => format!("only {old} is replaced"),
            None => "nobody is removed".to_owned(),
        },
        (Act::Undo(_), None) => "nobody else is removed".to_owned(),
        (Act::Grant { .. }, None) => "no policy is changed".to_owned(),
    }
}

fn asking(pen: &Pen<'_>, confirm: &Confirm, dot: &str, low: bool) -> Vec<Text> {
    let another = pen.keys.fill(KeyContext::Confirm, "{next-fix}");
    let mut lines = Vec::new();
    let others = match &confirm.act {
        Act::Grant {
            ways,
            chosen,
            limited,
        } => {
            let count = limited.as_ref().unwrap_or(ways).len();
            if count > 1 && low {
                format!("{dot}{} of {count}: {another}", chosen + 1)
            } else if count > 1 {
                format!("{dot}fix {} of {count}, {another} for another", chosen + 1)
            } else {
                String::new()
            }
        }
        Act::Undo(_) => String::new(),
    };
    let not_yet = "NOT applied yet";
    lines.push(if low {
        vec![
            piece(StyleRole::Warning, not_yet),
            piece(StyleRole::Dim, others),
        ]
    } else {
        vec![
            piece(StyleRole::Dim, counts(confirm)),
            piece(StyleRole::Warning, format!("{dot}{not_yet}")),
            piece(StyleRole::Dim, others),
        ]
    });
    if let Some(why) = &confirm.forbidden {
        let copies = "{copy} copies a request to somebody who may.";
        let copies = pen.keys.fill(KeyContext::Confirm, copies);
        lines.push(line(
            StyleRole::Denied,
            format!("Cannot be applied from here: {why}. {copies}"),
        ));
        return lines;
    }
    if let (Some(why), false) = (&confirm.weighty, low) {
        lines.push(line(StyleRole::Warning, why.clone()));
    }
    lines.push(vec![
        piece(StyleRole::Heading, prompt(confirm)),
        piece(StyleRole::Path, confirm.input.value()),
    ]);
    lines
}
