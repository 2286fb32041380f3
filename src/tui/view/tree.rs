//! The picture: where bindings are.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::keys::KeyContext;
use super::super::look::page::{Text, piece};
use super::super::look::text::width;
use super::super::look::theme::StyleRole;
use super::super::model::list::scrolled;
use super::super::model::tree::{Leaf, LeafKind, Shown, TreeRow, shown};
use super::super::model::{Asked, KnownAnswer, Layout, Model, Panel, Reading, Spot};
use super::super::words::clock;
use super::pen::{Pen, safe};
use crate::answer::states::LevelState;
use crate::evaluate::Outcome;
use crate::google::survey::ProgressState;
use crate::iam::address;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, asked: &Asked, model: &Model, out: &mut Layout) {
    let focused = asked.panel == Panel::Tree && pen.in_focus();
    let title = Rect::new(area.x, area.y, area.width, area.height.min(1));
    let body = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(1),
    );
    let Some(known) = asked.known() else {
        pen.rule(title, "reading", false);
        steps(pen, body, asked);
        return;
    };
    pen.rule(title, "where bindings are", focused);
    out.spot(area, Spot::Panel(Panel::Tree));
    let rows = &known.rows;
    let mut top = body.y;
    for text in chain(pen, known, usize::from(body.width.saturating_sub(4))) {
        if body.bottom() > top + 3 {
            pen.pieces(body.x + 3, top, body.width.saturating_sub(4), &text);
            top += 1;
        }
    }
    let body = Rect::new(body.x, top, body.width, body.bottom() - top);
    let room = usize::from(body.height);
    let lines = shown(rows, &asked.opened, asked.tree_row, room);
    out.tree_room = room;
    // The selected row is always in sight.
    let selected = lines.iter().position(|l| l.holds(asked.tree_row));
    let selected = selected.unwrap_or(0);
    let offset = scrolled(asked.tree_offset, selected, lines.len(), room);
    out.tree = Some(offset);
    let below = lines.len().saturating_sub(offset + room);
    let left_out = rows.len() - counted(&lines);
    let hidden = offset + below + left_out;
    if hidden > 0 {
        let hint = if left_out > 0 && offset + below == 0 {
            Some(pen.keys.fill(KeyContext::Answer, ": {right} unfolds"))
        } else {
            None
        };
        let words = format!(" {hidden} more{} ", hint.unwrap_or_default());
        let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        pen.put_right(inner, area.y, StyleRole::Dim, &words);
    }
    let drawn: Vec<TreeLine<'_>> = lines
        .iter()
        .filter_map(|shown| TreeLine::of(pen, rows, shown))
        .collect();
    // What is drawn does not reach under the scroll bar.
    let across = body.width - u16::from(lines.len() > room).min(body.width);
    let columns = Columns::of(&drawn, across);
    for ((line, shown), y) in drawn
        .iter()
        .zip(&lines)
        .skip(offset)
        .zip(body.y..body.bottom())
    {
        let area = Rect::new(body.x, y, across, 1);
        match &line.row.leaf {
            _ if line.folded.is_some() => draw_fold(pen, area, line),
            Some(leaf) => draw_leaf(pen, area, line, leaf, asked, model),
            None => draw_level(pen, area, line, columns, asked.applied.is_some()),
        }
        if focused && shown.holds(asked.tree_row) {
            // The one mark on the screen is where keys go.
            pen.put(body.x + 1, y, 1, StyleRole::Key, pen.glyphs.mark());
            pen.lay(area, StyleRole::Selected);
        }
        out.spot(area, Spot::TreeRow(shown.at()));
    }
    pen.mark_found(body, &asked.find);
    pen.scroll_bar(body, offset, room, lines.len());
}

/// How many lines the whole picture takes, without its rule.
pub(super) fn height(known: &KnownAnswer) -> usize {
    // A chain is drawn above it, on one line where that has room for it.
    known.rows.len() + usize::from(!known.explanation.hops.is_empty())
}

/// How many rows stand on those lines.
fn counted(lines: &[Shown]) -> usize {
    let rows = lines.iter().map(|line| match line {
        Shown::Fold { rows, .. } => rows.len(),
        _ => 1,
    });
    rows.sum()
}

/// A line that is shown: its row, what leads to it, and the words of what is folded there.
struct TreeLine<'a> {
    row: &'a TreeRow,
    lead: String,
    /// In full, and where that has no room.
    folded: Option<[String; 2]>,
}

impl<'a> TreeLine<'a> {
    fn of(pen: &Pen<'_>, rows: &'a [TreeRow], shown: &Shown) -> Option<Self> {
        let row = rows.get(shown.at())?;
        let (lead, folded) = match shown {
            Shown::Row { left_out, .. } => (row.rails(pen.glyphs, left_out), None),
            Shown::Bare(_) => (row.short_rail(pen.glyphs).to_owned(), None),
            Shown::Fold {
                rows: run,
                left_out,
            } => (
                row.rails(pen.glyphs, left_out),
                Some(fold_words(rows.get(run.clone()).unwrap_or_default())),
            ),
        };
        Some(Self { row, lead, folded })
    }
}

/// `4 folders, 1 project, nothing here`, and `5 levels, nothing here`.
fn fold_words(rows: &[TreeRow]) -> [String; 2] {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        match kinds.iter_mut().find(|(kind, _)| *kind == row.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((row.kind, 1)),
        }
    }
    let words: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| match count {
            1 => format!("1 {kind}"),
            n => format!("{n} {kind}s"),
        })
        .collect();
    [words.join(", "), crate::text::counted(rows.len(), "level")]
        .map(|what| format!("{what}, nothing here"))
}

/// Where the columns of levels stand.
#[derive(Clone, Copy)]
struct Columns {
    label: u16,
    kind: u16,
}

/// What a caller from outside of the hierarchy is cut down to before it widens the column: its whole
/// name stands above the picture.
const OUTSIDER: usize = 22;

/// Narrower than this there is room for names and signs alone.
const NARROW: u16 = 60;

impl Columns {
    /// Names are as wide as the widest, as long as the notes beside them have room.
    fn of(lines: &[TreeLine<'_>], whole: u16) -> Self {
        let levels = || {
            let levels = lines.iter();
            levels.filter(|l| l.row.leaf.is_none() && l.folded.is_none())
        };
        let narrow = whole < NARROW;
        let labels = levels().map(|line| {
            let label = width(&line.row.label);
            let outside = line.row.resource.is_none();
            width(&line.lead) + if outside { label.min(OUTSIDER) } else { label }
        });
        let widest = labels.max().unwrap_or(0);
        let kind = levels().map(|l| width(l.row.kind)).max().unwrap_or(0);
        let kind = if narrow { 0 } else { kind };
        let note = levels().map(|line| width(words_of(line.row, narrow)));
        let note = note.max().unwrap_or(0);
        // Mark, gaps and sign.
        let others = 3 + 2 + if narrow { 0 } else { kind + 2 } + 2 + note + 1;
        let least = usize::from(whole) * if narrow { 40 } else { 25 } / 100;
        let most = usize::from(whole).saturating_sub(others).max(least);
        let to_u16 = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        Self {
            label: to_u16(widest.min(most)),
            kind: to_u16(kind),
        }
    }
}

impl Columns {
    /// A name that is too long for its column has what its own line leaves.
    fn with_room_for(self, line: &TreeLine<'_>, whole: u16) -> Self {
        let narrow = whole < NARROW;
        let kind = if narrow {
            0
        } else {
            usize::from(self.kind) + 2
        };
        let others = 3 + 2 + kind + 2 + width(words_of(line.row, narrow)) + 1;
        let left = usize::from(whole).saturating_sub(others);
        let wants = width(&line.lead) + width(&safe(&line.row.label));
        let label = u16::try_from(wants.min(left)).unwrap_or(u16::MAX);
        Self {
            label: self.label.max(label.min(whole)),
            ..self
        }
    }
}

/// A note that is no longer than the words for hardly any room stands in their place.
const SHORT: usize = 14;

fn words_of(row: &TreeRow, narrow: bool) -> &str {
    match (narrow, row.state) {
        (true, LevelState::Nothing) if row.note.is_empty() => "",
        (true, LevelState::Off) if width(&row.note) <= SHORT => &row.note,
        (true, state) => state.short(),
        (false, _) => &row.note,
    }
}

/// `waits`: what grants was written, and was not seen to work yet.
fn draw_level(pen: &mut Pen<'_>, area: Rect, line: &TreeLine<'_>, columns: Columns, waits: bool) {
    let (row, y, end) = (line.row, area.y, area.right());
    let narrow = area.width < NARROW;
    let rail_role = if row.on_path {
        StyleRole::Path
    } else {
        StyleRole::Dim
    };
    let start = area.x + 3;
    let columns = columns.with_room_for(line, area.width);
    let x = pen.put(start, y, columns.label, rail_role, &line.lead);
    let name_role = match (row.on_path, row.state) {
        (true, _) => StyleRole::Path,
        (false, LevelState::Nothing) => StyleRole::Dim,
        _ => StyleRole::Text,
    };
    let used = x - start;
    pen.name(
        x,
        y,
        columns.label.saturating_sub(used),
        name_role,
        &row.label,
    );
    let mut x = start + columns.label + 2;
    if !narrow {
        pen.put(x, y, end.saturating_sub(x), StyleRole::Dim, row.kind);
        x += columns.kind + 2;
    }
    if row.state == LevelState::Nothing && row.note.is_empty() {
        return;
    }
    let (state, words) = if waits && row.state == LevelState::Grants {
        (LevelState::Waiting, LevelState::Waiting.word())
    } else {
        (row.state, words_of(row, narrow))
    };
    let role = StyleRole::of(state);
    let after = pen.put(x, y, end.saturating_sub(x), role, state.glyph(pen.glyphs));
    let x = after.max(x + 1) + 1;
    pen.put(x, y, end.saturating_sub(x), role, words);
}

/// Levels that say nothing, in one line.
fn draw_fold(pen: &mut Pen<'_>, area: Rect, line: &TreeLine<'_>) {
    let role = if line.row.on_path {
        StyleRole::Path
    } else {
        StyleRole::Dim
    };
    let x = pen.put(
        area.x + 3,
        area.y,
        area.width.saturating_sub(3),
        role,
        &line.lead,
    );
    let dots = pen.glyphs.pick("… ", ".. ");
    let room = area.right().saturating_sub(x);
    let [whole, short] = line.folded.clone().unwrap_or_default();
    let fits = width(dots) + width(&whole) <= usize::from(room);
    let words = if fits { whole } else { short };
    pen.put(x, area.y, room, StyleRole::Dim, &format!("{dots}{words}"));
}

/// A binding, a member, a rule: its sign, what it is, whom it names, what is the matter with it.
fn draw_leaf(
    pen: &mut Pen<'_>,
    area: Rect,
    line: &TreeLine<'_>,
    leaf: &Leaf,
    asked: &Asked,
    model: &Model,
) {
    let (y, end) = (area.y, area.right());
    let (state, word) = leaf_now(line.row.state, leaf, asked, model);
    let role = StyleRole::of(state);
    let x = pen.put(
        area.x + 3,
        y,
        area.width.saturating_sub(3),
        StyleRole::Dim,
        &line.lead,
    );
    let x = pen.put(x, y, end.saturating_sub(x), role, state.glyph(pen.glyphs)) + 1;
    let room = usize::from(end.saturating_sub(x + 1));
    let wide = |text: &str| match width(&safe(text)) {
        0 => 0,
        n => n + 2,
    };
    let whole = wide(&leaf.title) + wide(&leaf.name) + width(&safe(&word));
    let titled = whole <= room || !leaf.said_above || leaf.name.is_empty();
    let title = if titled { leaf.title.as_str() } else { "" };
    let mut x = x;
    if !title.is_empty() {
        let name_role = if state == LevelState::Missing {
            StyleRole::Dim
        } else {
            role
        };
        x = pen.put(x, y, end.saturating_sub(x), name_role, title) + 2;
    }
    let left = usize::from(end.saturating_sub(x + 1));
    let named = wide(&leaf.name);
    // Where there is hardly any room, either the name is whole or the word is: a short one, and where there is none for
    // that either, its sign says it. Both are whole behind Enter.
    let tight = area.width < NARROW && named + width(&safe(&word)) > left;
    let short = match word.split_once(':') {
        // Missing, or not seen.
        Some((before, _)) if state == LevelState::Missing => before.to_owned(),
        _ => state.short().to_owned(),
    };
    let word = match tight && !leaf.name.is_empty() {
        true if named + width(&short) > left && named <= left + 2 => "".into(),
        true => short.into(),
        false => word,
    };
    // What is wrong is worth more than the middle of a name, but for a name's ends.
    let for_name = left
        .saturating_sub(width(&safe(&word)) + 2)
        .max((left / 2).min(if tight { 5 } else { 24 }));
    if !leaf.name.is_empty() {
        let fits = u16::try_from(for_name).unwrap_or(u16::MAX);
        x = marked(pen, (x, y, fits), leaf, state) + 2;
    }
    pen.put(x, y, end.saturating_sub(x), role, &word);
}

/// A name with the letters that differ from the caller's marked, where it fits whole.
fn marked(pen: &mut Pen<'_>, (x, y, room): (u16, u16, u16), leaf: &Leaf, state: LevelState) -> u16 {
    let base = if state == LevelState::Nothing {
        StyleRole::Dim
    } else {
        StyleRole::Text
    };
    if leaf.marks.is_empty() || width(&safe(&leaf.name)) > usize::from(room) {
        return pen.name(x, y, room, base, &leaf.name);
    }
    let style = pen.style(StyleRole::Denied);
    let style = style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
    let (mut at, mut done) = (x, 0);
    for mark in &leaf.marks {
        let before = leaf.name.get(done..mark.start).unwrap_or_default();
        at = pen.put(at, y, room, base, before);
        let letters = leaf.name.get(mark.clone()).unwrap_or_default();
        at = pen.put_styled(at, y, room, style, letters);
        done = mark.end;
    }
    pen.put(at, y, room, base, leaf.name.get(done..).unwrap_or_default())
}

/// What a leaf is and says now: what was written waits until it is seen to work, and a grant's reach says
/// how far it goes.
pub(super) fn leaf_now<'a>(
    state: LevelState,
    leaf: &'a Leaf,
    asked: &Asked,
    model: &Model,
) -> (LevelState, std::borrow::Cow<'a, str>) {
    match (&leaf.what, &asked.reach) {
        (LeafKind::Grant(..), _) => {
            let grants = matches!(state, LevelState::Grants | LevelState::Missing);
            let Some(ticket) = asked.applied.filter(|_| grants) else {
                let words = model.keys.fill(KeyContext::Answer, &leaf.word);
                return (state, words.into());
            };
            let words = match model.elapsed(ticket) {
                Some(elapsed) => format!("written {} ago, waits until it counts", clock(elapsed)),
                None => "written, not seen to count yet".to_owned(),
            };
            (LevelState::Waiting, words.into())
        }
        (LeafKind::Reach(project), Some((of, count))) if of == project && *count > 0 => {
            let accounts = match count {
                1 => "1 account".to_owned(),
                n => format!("{n} accounts"),
            };
            let words = format!("acts as {accounts} of {project}, stops here");
            (state, words.into())
        }
        _ => (state, leaf.word.as_str().into()),
    }
}

/// A delegation chain as arrows, with the hop that breaks.
fn chain(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<Text> {
    let hops = &known.explanation.hops;
    let Some(first) = hops.first() else {
        return Vec::new();
    };
    // Without projects, where that tells them apart; the pair above has them whole.
    let whole: Vec<String> = std::iter::once(first.question.caller.short())
        .chain(
            hops.iter()
                .map(|hop| known.estate.label(&hop.question.target)),
        )
        .collect();
    let local = |name: &String| address::name(name).to_owned();
    let mut names: Vec<String> = whole.iter().map(local).collect();
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    if different.len() < names.len() {
        names = whole;
    }
    let mut names = names.into_iter();
    let mut out: Vec<Text> = Vec::new();
    let mut current = vec![piece(StyleRole::Path, names.next().unwrap_or_default())];
    let wide = |text: &Text| text.iter().map(|p| width(&safe(&p.text))).sum::<usize>();
    for (hop, to) in hops.iter().zip(names) {
        let (role, sign) = match hop.outcome {
            Outcome::WouldSucceed => (StyleRole::Granted, pen.glyphs.yes()),
            Outcome::WouldFail => (StyleRole::Denied, pen.glyphs.no()),
            Outcome::Unknown => (StyleRole::Unknown, "?"),
        };
        let line = pen.glyphs.rule();
        let arrow = format!(" {line}{sign}{} ", pen.glyphs.arrow());
        if wide(&current) + width(&arrow) + width(&safe(&to)) > room {
            out.push(std::mem::take(&mut current));
            current.push(piece(StyleRole::Dim, "  "));
        }
        current.push(piece(role, arrow));
        current.push(piece(StyleRole::Path, to));
    }
    out.push(current);
    out
}

/// What is being read, the newest steps in sight.
fn steps(pen: &mut Pen<'_>, area: Rect, asked: &Asked) {
    if let Reading::Failed(_) | Reading::Stopped = asked.reading {
        return;
    }
    let room = usize::from(area.height);
    let skip = asked.steps.len().saturating_sub(room);
    for (step, y) in asked.steps.iter().skip(skip).zip(area.y..area.bottom()) {
        let (role, sign) = match &step.state {
            ProgressState::Started => (StyleRole::Dim, pen.glyphs.pick("…", "..")),
            ProgressState::Done => (StyleRole::Text, pen.glyphs.yes()),
            ProgressState::Unreadable(_) => (StyleRole::Dim, "?"),
        };
        pen.put(area.x + 1, y, 2, role, sign);
        let x = pen.put(
            area.x + 4,
            y,
            area.width.saturating_sub(5),
            role,
            &step.label,
        );
        if let ProgressState::Unreadable(why) = &step.state {
            let room = area.right().saturating_sub(x + 3);
            pen.put(x + 2, y, room, StyleRole::Dim, why);
        }
    }
}
