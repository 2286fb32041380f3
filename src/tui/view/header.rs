//! The line above everything: where facts come from, whose eyes these are, by what right, and until when.

use ratatui::layout::Rect;

use super::super::keys::command::Command;
use super::super::look::text::width;
use super::super::look::theme::StyleRole;
use super::super::look::time::in_zone;
use super::super::model::{Layout, Model, Overlay, Screen, Spot};
use super::pen::Pen;
use crate::answer::signs::Glyphs;
use crate::text::visible;

/// From this width on the source of facts gives way to who looks.
const WIDE: u16 = 60;
/// What is kept of the source's name then (chosen).
const SOURCE: u16 = 12;

/// What can be said of the viewer, and how much of it is.
#[derive(Clone, Copy)]
struct HeaderParts {
    mouse: bool,
    /// 2: kind and place of the credentials, 1: their kind.
    from: u8,
    /// 2: also that they are renewed.
    until: u8,
    who: bool,
    at: bool,
}

/// From all of it to the least; what is of least use goes first.
const LESS: [HeaderParts; 8] = {
    let all = HeaderParts {
        mouse: true,
        from: 2,
        until: 2,
        who: true,
        at: true,
    };
    let kind = HeaderParts { from: 1, ..all };
    let quiet = HeaderParts {
        mouse: false,
        ..kind
    };
    let bare = HeaderParts { from: 0, ..quiet };
    let end = HeaderParts { until: 1, ..bare };
    let endless = HeaderParts { until: 0, ..end };
    let nobody = HeaderParts {
        who: false,
        ..endless
    };
    let least = HeaderParts {
        at: false,
        ..nobody
    };
    [all, kind, quiet, bare, end, endless, nobody, least]
};

/// The parts that are said, in their order.
fn parts(model: &Model, said: HeaderParts) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(viewer) = model.viewer.as_ref().filter(|_| said.who) {
        parts.push(viewer.clone());
    }
    if let Some(origin) = &model.origin {
        let kind = origin.kind.words();
        match said.from {
            0 => {}
            1 => parts.push(kind.to_owned()),
            _ => parts.push(format!("{kind}: {}", origin.place)),
        }
    }
    if let Some(until) = model.until.filter(|_| said.until > 0) {
        let time = in_zone(until, "%H:%M");
        let renewed = said.until > 1 && model.renews;
        parts.push(format!(
            "until {time}{}",
            if renewed { ", renewed" } else { "" }
        ));
    }
    if model.read_only {
        parts.push("read-only".to_owned());
    } else if let Some(pattern) = closed_by(model) {
        parts.push(format!("read-only: {pattern}"));
    }
    if let Some(at) = model.at.filter(|_| said.at) {
        parts.push(format!("at {at}"));
    }
    if !model.mouse && said.mouse {
        parts.push("mouse off".to_owned());
    }
    parts
}

/// The pattern by which the account that is asked about may not be changed.
fn closed_by(model: &Model) -> Option<String> {
    let asked = model.asked().filter(|_| model.screen == Screen::Answer)?;
    let known = asked.known();
    let target = known.map_or(&asked.question.target, |k| &k.explanation.question.target);
    let pattern = model.closed.closing(known.map(|k| &*k.estate), target)?;
    Some(visible(&pattern.glob))
}

/// All of it, for where there is no header.
pub(in crate::tui) fn whose(model: &Model) -> String {
    parts(model, LESS[0]).join(", ")
}

/// As much as there is room for.
fn fitting(model: &Model, room: u16, glyphs: Glyphs) -> String {
    let joint = if glyphs == Glyphs::Ascii {
        " - "
    } else {
        " · "
    };
    let words = LESS.iter().map(|said| parts(model, *said).join(joint));
    words
        .into_iter()
        .find(|words| width(words) <= usize::from(room))
        .unwrap_or_default()
}

/// Draws it. A click on the source opens the menu, on the viewer what was asked.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model, out: &mut Layout) {
    const NAME: &str = "bindscope";
    let name = u16::try_from(NAME.len()).unwrap_or(0) + 3;
    let source = u16::try_from(width(&model.source)).unwrap_or(u16::MAX);
    let kept = if area.width < WIDE {
        source
    } else {
        source.min(SOURCE)
    };
    // Two blanks before it, one after.
    let taken = name.saturating_add(kept).saturating_add(3);
    let words = fitting(model, area.width.saturating_sub(taken), pen.glyphs);
    let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
    let edge = if words.is_empty() {
        area.right()
    } else {
        pen.put_right(inner, area.y, StyleRole::Dim, &words)
    };
    let x = pen.put(area.x + 1, area.y, area.width - 1, StyleRole::Header, NAME);
    let room = edge.saturating_sub(x + 3);
    let end = pen.name(x + 2, area.y, room, StyleRole::Dim, &model.source);
    // Under a confirmation all but its own hints is dead.
    if matches!(model.overlays.last(), Some(Overlay::Confirm(_))) {
        return;
    }
    let left = Rect::new(area.x, area.y, end - area.x, 1);
    out.spot(left, Spot::Hint(Command::Palette));
    let right = Rect::new(edge, area.y, area.right().saturating_sub(edge), 1);
    out.spot(right, Spot::Hint(Command::Log));
}
