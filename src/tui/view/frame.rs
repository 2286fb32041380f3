//! The parts of every screen: notice, footer; and what is shown when there is no room, or
//! there are no credentials.

use ratatui::layout::Rect;

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::look::text::{cut_end, width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::{Layout, Loading, Model, Overlay, Phase, SMALLEST, Spot, Weight};
use super::super::words::crumbs_line;
use super::pen::Pen;
use crate::answer::inventory::EstateTableKind;
use crate::evaluate::Outcome;
use crate::google::listing::ListWay;
use crate::text::visible;

/// Where things go.
pub(super) struct Parts {
    pub header: Rect,
    pub body: Rect,
    pub notice: Rect,
    pub footer: Rect,
}

/// A line each for header and footer, `said` lines for the notice; the body between them.
pub(super) fn parts(area: Rect, said: usize) -> Parts {
    let line = |y: u16| Rect::new(area.x, y, area.width, 1);
    let said = u16::try_from(said).unwrap_or(u16::MAX);
    let body = area.height.saturating_sub(2 + said);
    Parts {
        header: line(area.y),
        body: Rect::new(area.x, area.y + 1, area.width, body),
        notice: Rect::new(area.x, area.y + 1 + body, area.width, said),
        footer: line(area.bottom().saturating_sub(1)),
    }
}

/// How many lines stand between body and footer: one at least, for what may be said, but where every line counts and
/// nothing stands there.
pub(super) fn lines_between(area: Rect, model: &Model, said: usize) -> usize {
    let searched = model.asked().is_some_and(|asked| asked.find.is_shown());
    let room = usize::from(area.width.saturating_sub(2));
    // What is asked needs every line, and says itself where one is.
    let asks = matches!(model.overlays.last(), Some(Overlay::Confirm(_)));
    let empty = || (asks || crumbs_line(model, room).is_empty()) && !searched;
    if area.height < LOW && said == 0 && empty() {
        0
    } else {
        said.max(1)
    }
}

/// Below this height every line counts.
const LOW: u16 = 14;
/// From this height on a notice may take three lines, else two.
const HIGH: u16 = 20;

/// The notice, line by line. One that needs more lines than it may have says by which key it is read whole; an
/// error says how to be rid of it.
pub(super) fn said(area: Rect, model: &Model, ellipsis: char) -> Vec<String> {
    let Some(notice) = model.spoken() else {
        return Vec::new();
    };
    let room = usize::from(area.width.saturating_sub(2));
    let end = match notice.weight {
        Weight::Passing => "",
        Weight::Error => "  ({back})",
    };
    let end = model.with_keys(end);
    let most = if area.height < HIGH { 2 } else { 3 };
    let text = visible(&notice.text);
    let mut lines = wrap(&text, room);
    if lines.len() > most || (lines.len() == most && last_width(&lines) + end.len() > room) {
        let end = match notice.weight {
            Weight::Passing => "  (F12 all of it)",
            Weight::Error => "  (F12 all, Esc)",
        };
        let all = said_key(model);
        let end = model.with_keys(&end.replace("F12", &all).replace("Esc", "{back}"));
        let whole = lines.len() == most;
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let room = room.saturating_sub(end.len());
            *last = if whole {
                cut_end(last, room, ellipsis).into_owned()
            } else {
                format!(
                    "{}{ellipsis}",
                    cut_end(last, room - 1, ellipsis).trim_end_matches(ellipsis)
                )
            };
            last.push_str(&end);
        }
        return lines;
    }
    if last_width(&lines) + end.len() > room {
        lines.push(end.trim_start().to_owned());
    } else if let Some(last) = lines.last_mut() {
        last.push_str(&end);
    }
    lines
}

/// The key that shows what was said in full, also where letters are typed.
fn said_key(model: &Model) -> String {
    let rows = model.keys.rows(KeyContext::Everywhere);
    let keys = rows.iter().filter(|row| row.entry.command == Command::Said);
    let last = keys.filter_map(|row| row.keys.last()).next_back();
    last.map_or_else(|| ":message".to_owned(), Clone::clone)
}

fn last_width(lines: &[String]) -> usize {
    lines.last().map_or(0, |last| width(last))
}

/// Where one is, where nothing is said.
pub(super) fn crumbs(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let room = area.width.saturating_sub(2);
    let line = crumbs_line(model, usize::from(room));
    if line.is_empty() || area.height == 0 {
        return;
    }
    pen.clear(area);
    pen.put(area.x + 1, area.y, room, StyleRole::Dim, &line);
}

/// The lines above the footer.
pub(super) fn notice(pen: &mut Pen<'_>, area: Rect, model: &Model, lines: &[String]) {
    let Some(notice) = model.spoken() else { return };
    let role = match notice.weight {
        Weight::Passing => StyleRole::Heading,
        Weight::Error => StyleRole::Denied,
    };
    pen.clear(area);
    for (text, y) in lines.iter().zip(area.y..area.bottom()) {
        pen.put(area.x + 1, y, area.width.saturating_sub(2), role, text);
    }
}

/// Keys and words of what is in focus, as many as fit.
pub(super) fn footer(pen: &mut Pen<'_>, area: Rect, model: &Model, out: &mut Layout) {
    pen.clear(area);
    let context = model.context();
    let mut hints: Vec<(&str, &str, Command)> = model
        .keys
        .footer(context)
        .filter(|(_, word, _)| fits_phase(model, context, word))
        .filter(|(_, _, command)| does(model, context, *command, out.scrolls))
        .map(|(key, word, command)| (key, now(model, context, command, word), command))
        .collect();
    let gap = if area.width < NARROW { 2 } else { 3 };
    let wide = |(key, word, _): &(&str, &str, Command)| {
        u16::try_from(width(key) + 1 + width(word)).unwrap_or(u16::MAX)
    };
    // How to leave is said on every screen; what has no room beside it goes from the end.
    let leaves = leaving(&hints);
    let mut left = area.width.saturating_sub(2);
    left = left.saturating_sub(leaves.and_then(|at| hints.get(at)).map_or(0, &wide));
    let mut at = 0;
    let mut full = false;
    hints.retain(|hint| {
        let way_out = Some(at) == leaves;
        at += 1;
        let wants = wide(hint).saturating_add(gap);
        full |= !way_out && wants > left;
        if !way_out && !full {
            left -= wants;
        }
        way_out || !full
    });
    let mut x = area.x + 1;
    for hint in &hints {
        let (key, word, command) = *hint;
        let wide = wide(hint);
        out.spot(Rect::new(x, area.y, wide, 1), Spot::Hint(command));
        x = pen.put(x, area.y, area.right() - x, StyleRole::Key, key);
        x = pen.put(
            x + 1,
            area.y,
            area.right().saturating_sub(x + 1),
            StyleRole::Dim,
            word,
        );
        x += gap;
    }
}

/// Below this width hints stand closer.
const NARROW: u16 = 60;

/// Which of the hints says how to leave, or else how to go back.
fn leaving(hints: &[(&str, &str, Command)]) -> Option<usize> {
    let of = |commands: &[Command]| {
        let mut all = hints.iter();
        all.position(|(_, _, command)| commands.contains(command))
    };
    of(&[Command::Quit, Command::Interrupt]).or_else(|| of(&[Command::Back]))
}

/// What a command does now, in the word that says it best.
fn now(model: &Model, context: KeyContext, command: Command, word: &'static str) -> &'static str {
    match (context, command, model.overlays.last()) {
        (KeyContext::Estate, Command::Open, Some(Overlay::Estate(kind))) => opens(*kind),
        (KeyContext::Pick, Command::NextPanel, _) if model.pick.on_target => "caller",
        (KeyContext::Pick, Command::NextPanel, _) => "target",
        (KeyContext::Pick, Command::Interrupt, _) if model.stops_first() => "stop",
        _ => word,
    }
}

/// What opens behind a row of a table.
const fn opens(kind: EstateTableKind) -> &'static str {
    match kind {
        EstateTableKind::Accounts => "who",
        EstateTableKind::Bindings => "answer",
        EstateTableKind::Projects => "accounts",
        EstateTableKind::Findings => "finding",
    }
}

/// Whether a key does anything where there may be nothing to select or to scroll. `scrolls`: a page has more lines than
/// room.
fn does(model: &Model, context: KeyContext, command: Command, scrolls: bool) -> bool {
    use Command as C;
    match (context, model.overlays.last()) {
        (KeyContext::Read | KeyContext::Finding, Some(Overlay::Page(_))) => {
            scrolls || !matches!(command, C::Up | C::Down)
        }
        (KeyContext::List, Some(Overlay::Table(table))) if table.is_empty() => {
            matches!(command, C::Back | C::Help) || (command == C::Find && table.total() > 0)
        }
        (KeyContext::Estate, Some(Overlay::Estate(kind))) => {
            let view = model.estate.view(*kind);
            let held = view.table.as_ref().is_some_and(|table| !table.is_empty());
            !view.rows.is_empty()
                || matches!(command, C::Back | C::Help | C::NextPanel)
                || (command == C::Find && held)
        }
        _ => true,
    }
}

/// Whether a hint is true now.
fn fits_phase(model: &Model, context: KeyContext, word: &str) -> bool {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last() else {
        // What is only supposed is not written, and what works needs no fix.
        let none = model.asked().is_some_and(|asked| {
            asked.as_read.is_some() || asked.outcome() == Some(Outcome::WouldSucceed)
        });
        return !(context == KeyContext::Answer && word == "fix" && none);
    };
    match (&confirm.phase, context, word) {
        (Phase::Applying { .. }, ..) => false,
        (Phase::Verifying { done, .. } | Phase::Proven { done, .. }, _, "undo") => {
            !confirm.lasts() && done.iter().any(|d| d.history_id().is_some())
        }
        (Phase::Failed(_) | Phase::Undone(_), _, "undo") => false,
        (Phase::Asking { .. }, _, "apply") => confirm.forbidden.is_none(),
        // What is switched on has no end of its own.
        (_, _, "2 hours only") => confirm.repair().is_some(),
        _ => true,
    }
}

pub(super) fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let words = format!(
        "Too small: {}x{} of {}x{}. Enlarge the window, or Ctrl-C to leave.",
        area.width, area.height, SMALLEST.0, SMALLEST.1
    );
    for (y, text) in (area.y..area.bottom()).zip(wrap(&words, usize::from(area.width.max(1)))) {
        pen.put(area.x, y, area.width, StyleRole::Text, &text);
    }
}

pub(super) fn signed_out(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let Some(signed_out) = &model.signed_out else {
        return;
    };
    let room = usize::from(area.width.saturating_sub(4));
    let mut y = area.y + 1;
    pen.put(
        area.x + 2,
        y,
        area.width - 4,
        StyleRole::Heading,
        "Not signed in to Google Cloud",
    );
    y += 2;
    for paragraph in signed_out.words.lines() {
        let indent = paragraph.len() - paragraph.trim_start().len();
        for text in wrap(paragraph.trim(), room.saturating_sub(indent)) {
            if y >= area.bottom() {
                return;
            }
            let x = area.x + 2 + u16::try_from(indent).unwrap_or(0);
            pen.put(
                x,
                y,
                area.right().saturating_sub(x + 1),
                StyleRole::Text,
                &text,
            );
            y += 1;
        }
    }
    if let Some(offer) = &signed_out.offer
        && y + 1 < area.bottom()
    {
        let x = pen.put(area.x + 2, y + 1, 20, StyleRole::Key, "Enter");
        pen.put(
            x + 1,
            y + 1,
            area.right().saturating_sub(x + 2),
            StyleRole::Text,
            offer,
        );
    }
}

fn projects(count: usize) -> String {
    match count {
        1 => "1 project".to_owned(),
        n => format!("{n} projects"),
    }
}

/// How far the list of accounts is, in words.
pub(super) fn loading_words(loading: &Loading, count: usize) -> String {
    match loading {
        Loading::Running(progress) => match (&progress.way, progress.projects) {
            (ListWay::Search, None) => format!("{count} so far, asking Asset search"),
            (ListWay::Search, Some(n)) => {
                format!("{count} so far in {}, by Asset search", projects(n))
            }
            (_, None) => format!("{count} so far, still loading"),
            (_, Some(n)) => format!(
                "{count} so far, {} of {} asked",
                progress.asked,
                projects(n)
            ),
        },
        Loading::Done(listing) => {
            let by = match listing.way {
                ListWay::Search => ", by Asset search",
                ListWay::Part => ", a part",
                ListWay::Projects | ListWay::InsteadOfSearch(_) => "",
            };
            let projects = projects(listing.projects);
            match listing.unreadable.len() {
                0 => format!("{count} in {projects}{by}"),
                n => format!("{count} in {projects}{by}, {n} not read"),
            }
        }
        Loading::Failed(_) => format!("{count}, then it failed"),
        Loading::Stopped => format!("{count}, then stopped"),
    }
}
