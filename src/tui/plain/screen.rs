//! What there is to see, as lines: drawn on a paper that is long enough, borders and signs taken off, each row of a list
//! with its place in it.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::Session;
use super::super::keys::KeyContext;
use super::super::model::{Model, Overlay, Side, Spot};
use super::super::view::lines_of;
use super::super::words::{picture_words, verdict_words};
use crate::text::visible;

/// The paper.
const WIDE: u16 = 82;
/// Lines of what is read through, and rows of a list at a time (chosen).
const LONG: u16 = 600;
const LIST: u16 = 30;

/// What there is to see.
pub(super) struct PlainScreen {
    title: String,
    lines: Vec<PlainLine>,
    hint: String,
}

struct PlainLine {
    text: String,
    /// Its place in a list, from 1, and how many there are.
    place: Option<(usize, usize)>,
    selected: bool,
}

impl PlainLine {
    fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            place: None,
            selected: false,
        }
    }

    fn said(&self) -> String {
        match self.place {
            Some((at, of)) if self.selected => format!("{at} of {of}, selected: {}", self.text),
            Some((at, of)) => format!("{at} of {of}: {}", self.text),
            None => self.text.clone(),
        }
    }

    /// The same but for times that go by.
    fn core(&self) -> String {
        let digit = |c: &char| !c.is_ascii_digit();
        self.text.chars().filter(digit).collect()
    }
}

impl PlainScreen {
    /// What there is to see now.
    pub(super) fn of(session: &mut Session) -> Self {
        let model = &session.model;
        let (title, lines) = match (model.overlays.last(), model.context()) {
            (Some(_), _) | (_, KeyContext::SignedOut) => drawn(session),
            (None, KeyContext::Pick) => pick(session),
            (None, _) => (answer_title(model), answer(model)),
        };
        Self {
            title,
            lines,
            hint: hint(&session.model),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Vec<String> {
        let mut out = vec![self.title.clone()];
        out.extend(self.lines.iter().map(PlainLine::said));
        out.push(self.hint.clone());
        out
    }

    /// What is other than before: where the lines are the same, the one that is selected now.
    pub(super) fn news(&self, before: &Self) -> Vec<String> {
        let same = self.title == before.title
            && self.lines.len() == before.lines.len()
            && self
                .lines
                .iter()
                .zip(&before.lines)
                .all(|(a, b)| a.core() == b.core());
        if !same {
            return self.whole();
        }
        let moved = self.lines.iter().zip(&before.lines);
        moved
            .filter(|(now, before)| now.selected && !before.selected)
            .map(|(now, _)| now.said())
            .collect()
    }
}

/// Which commands there are, in one line; those of the screen's last line.
fn hint(model: &Model) -> String {
    let context = model.context();
    let colon = if context.takes_text() { ":" } else { "" };
    let mut names: Vec<String> = model
        .keys
        .footer(context)
        .map(|(_, _, command)| format!("{colon}{}", command.name()))
        .collect();
    names.retain(|name| !name.ends_with("help") && !name.ends_with("next-panel"));
    names.dedup();
    format!("Type {colon}help, a number, or: {}.", names.join(", "))
}

fn answer_title(model: &Model) -> String {
    let asked = model.asked();
    let words = asked.map(verdict_words).unwrap_or_default();
    format!("The answer: {}", visible(&words))
}

/// The pair, the picture in words, the causes.
fn answer(model: &Model) -> Vec<PlainLine> {
    let Some(asked) = model.asked() else {
        return Vec::new();
    };
    let question = &asked.question;
    let mut lines = vec![
        PlainLine::text(visible(&format!("caller {}", question.caller.short()))),
        PlainLine::text(visible(&format!("target {}", question.target.id()))),
        PlainLine::text(format!("asks for {}", question.permission)),
    ];
    if model.read_only {
        lines.push(PlainLine::text("read-only: nothing can be changed"));
    }
    let Some(known) = asked.known() else {
        return lines;
    };
    let picture = picture_words(known, asked);
    let causes = known.why_rows();
    let all = picture.len() + causes.len();
    lines.push(PlainLine::text("Where bindings are, from the top:"));
    let on_tree = asked.panel == super::super::model::Panel::Tree;
    for (i, text) in picture.into_iter().enumerate() {
        lines.push(PlainLine {
            text,
            place: Some((i + 1, all)),
            selected: on_tree && asked.tree_row == i,
        });
    }
    let first = all - causes.len();
    lines.push(PlainLine::text("Why:"));
    for (i, row) in causes.iter().enumerate() {
        let unread;
        let text = match row {
            super::super::model::WhyRow::Cause(at) => match known.causes.get(*at) {
                Some(cause) => {
                    unread = format!("{} {}", cause.message, cause.advice());
                    unread.as_str()
                }
                None => "",
            },
            super::super::model::WhyRow::Unread(which) => {
                let all: Vec<_> = which.iter().filter_map(|i| known.causes.get(*i)).collect();
                unread = super::super::words::unread_words(&all);
                unread.as_str()
            }
        };
        lines.push(PlainLine {
            text: visible(text),
            place: Some((first + i + 1, all)),
            selected: !on_tree && asked.why_row == i,
        });
    }
    if causes.is_empty() {
        lines.push(PlainLine::text("nothing stands in the way"));
    }
    if let Some(way) = known.plan.remedies.first() {
        lines.push(PlainLine::text(visible(&format!(
            "fix would: {}",
            way.title
        ))));
    }
    for text in super::super::pages::not_judged(&known.explanation) {
        let text: String = text.iter().map(|piece| piece.text.as_str()).collect();
        lines.push(PlainLine::text(visible(&text)));
    }
    lines
}

/// The list that is chosen from.
fn pick(session: &mut Session) -> (String, Vec<PlainLine>) {
    let spots = draw(session, LIST).1;
    let model = &session.model;
    let side = if model.pick.on_target {
        Side::Target
    } else {
        Side::Caller
    };
    let list = model.pick.list(side);
    let which = match side {
        Side::Caller => "Choose the caller",
        Side::Target => "Choose the target",
    };
    let typed = list.input.value();
    let filter = if typed.is_empty() {
        "Type part of a name.".to_owned()
    } else {
        format!("Those that match {}.", visible(typed))
    };
    let chosen = match side {
        Side::Caller => String::new(),
        Side::Target => {
            let caller = model.pick.chosen_caller();
            let caller = caller.map(|c| c.short()).unwrap_or_default();
            format!(" The caller is {}.", visible(&caller))
        }
    };
    let title = format!(
        "{which}.{chosen} {filter} {} of {}.",
        list.shown(),
        list.total()
    );
    let rows = spots
        .iter()
        .filter(|(_, spot)| matches!(spot, Spot::PickRow(s, _) if *s == side))
        .count();
    let lines = list
        .window(rows.max(1))
        .into_iter()
        .map(|(row, account, _)| {
            use super::super::model::list::Item as _;
            let disabled = if account.disabled { ", disabled" } else { "" };
            PlainLine {
                text: format!("{}{disabled}", account.text()),
                place: Some((row + 1, list.shown())),
                selected: row == list.row(),
            }
        })
        .collect();
    (title, lines)
}

/// Draws the model on paper; gives its lines, and where rows stand.
fn draw(session: &mut Session, high: u16) -> (Vec<String>, Vec<(ratatui::layout::Rect, Spot)>) {
    let Ok(mut paper) = Terminal::new(TestBackend::new(WIDE, high));
    let Ok(_) = paper.draw(|frame| session.draw(frame));
    let lines = lines_of(paper.backend().buffer());
    (lines, session.model.layout.spots.clone())
}

/// Whatever lies on top, from its drawing.
fn drawn(session: &mut Session) -> (String, Vec<PlainLine>) {
    let is_list = matches!(
        session.model.overlays.last(),
        Some(Overlay::Menu(_) | Overlay::Table(_) | Overlay::Estate(_))
    );
    let (lines, spots) = draw(session, if is_list { LIST } else { LONG });
    let (selected, of) = match session.model.overlays.last() {
        Some(Overlay::Menu(menu)) => (menu.list.row(), menu.list.shown()),
        Some(Overlay::Table(table)) => (table.row, table.len()),
        Some(Overlay::Estate(kind)) => {
            let view = session.model.estate.view(*kind);
            (view.row, view.rows.len())
        }
        _ => (0, 0),
    };
    let row_at = |y: usize| {
        spots.iter().find_map(|(area, spot)| match spot {
            Spot::OverlayRow(row) if usize::from(area.y) == y => Some(*row),
            _ => None,
        })
    };
    // Between the header and the notice; where a window stands, inside it.
    let inside = lines.len().saturating_sub(2);
    let mut title = String::new();
    let mut out = Vec::new();
    // What lies around a window is below it.
    let mut window: Option<(usize, usize)> = None;
    for (y, line) in lines.iter().enumerate().take(inside).skip(1) {
        let column = |border: char| line.chars().position(|c| c == border);
        if let (Some(left), Some(right)) = (column('┌'), column('┐')) {
            window = Some((left, right));
        }
        let line: String = match window {
            Some((left, right)) => line.chars().take(right + 1).skip(left).collect(),
            None if session.model.overlays.is_empty() => line.clone(),
            None => continue,
        };
        if line.starts_with('└') {
            break;
        }
        let bare = bare(&line);
        if bare.is_empty() {
            continue;
        }
        if line.contains('┌') && title.is_empty() {
            title = bare;
            continue;
        }
        let place = row_at(y).map(|row| (row + 1, of));
        out.push(PlainLine {
            text: bare,
            place,
            selected: row_at(y) == Some(selected),
        });
    }
    if title.is_empty() {
        "bindscope".clone_into(&mut title);
    }
    (title, out)
}

/// A drawn line without borders and marks; columns stand apart by a comma, signs are words.
fn bare(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\u{2500}'..='\u{257f}' | '▸' => text.push(' '),
            '→' => text.push_str("to"),
            '✓' => text.push_str("yes:"),
            '✗' => text.push_str("no:"),
            // What stands apart.
            '·' => text.push_str("  "),
            '◐' | '◔' | '◑' | '⊘' | '▣' | '↓' => text.push(' '),
            other => text.push(other),
        }
    }
    let sign = |word: &'static str, rest: &str| format!("{word} {}", rest.trim_start());
    let text = text.trim();
    // Lines of a diff.
    let text = match text.split_at_checked(2) {
        Some(("+ ", rest)) => sign("added:", rest),
        Some(("- ", rest)) if !rest.starts_with("role") => sign("-", rest),
        _ => text.to_owned(),
    };
    let mut parts = text
        .split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| format!("{all}, {part}"))
}
