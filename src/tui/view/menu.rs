//! A menu that is filtered as one types.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::keys::KeyContext;
use super::super::keys::line::{FORMS, TypedLine, is_here};
use super::super::look::text::{cut_middle, width, wrap};
use super::super::look::theme::StyleRole;
use super::super::model::{Choice, ChoiceAct, Layout, Menu, Spot, Typed};
use super::page::{centered, field};
use super::pen::Pen;

/// What a line that is typed whole comes to, unless it names an entry of the menu.
fn line_words(menu: &Menu) -> Option<String> {
    if menu.typed != Typed::Command {
        return None;
    }
    match TypedLine::read(menu.list.input().value())? {
        Ok(TypedLine::Command(command)) if is_here(command, menu.below) => None,
        Ok(line) => Some(line.words(menu.below)),
        Err(why) => Some(why),
    }
}

/// What to say where nothing in the menu matches.
fn nothing(pen: &Pen<'_>, menu: &Menu) -> String {
    let words = match menu.typed {
        Typed::Nothing => "Nothing matches. {back} clears.",
        Typed::Command => {
            return match TypedLine::read(menu.list.input().value()) {
                Some(Ok(line)) => line.words(menu.below),
                Some(Err(why)) => why,
                None => format!("No such command. Also: {FORMS}."),
            };
        }
        Typed::Permission => "Not in this list: {open} asks about it as it is typed.",
        Typed::Hop => "Not in this list: {open} takes the address as it is typed.",
        Typed::Attribute => "Type NAME=VALUE, such as repository=org/repo, and {open}.",
    };
    pen.keys.fill(KeyContext::Menu, words)
}

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    menu: &Menu,
    out: &mut Layout,
) -> Option<Position> {
    let count = u16::try_from(menu.list.total()).unwrap_or(u16::MAX);
    // On the smallest screens there is more below the entries.
    let more = if area.width < NARROW { 6 } else { 4 };
    let frame = centered(area, WIDEST, count.saturating_add(more).max(6));
    let place = match menu.list.shown() {
        // What is typed whole needs no entry.
        0 if TypedLine::read(menu.list.input().value()).is_some_and(|line| line.is_ok()) => {
            String::new()
        }
        0 => format!(" 0 of {} ", menu.list.total()),
        shown if !menu.list.is_matched() => format!(" {shown} so far "),
        shown => format!(" {} of {shown} ", menu.list.row() + 1),
    };
    // Where one is stands at the right, and the title leaves it room.
    let room = usize::from(frame.width).saturating_sub(width(&place) + 7);
    let title = cut_middle(&menu.title, room, pen.glyphs.ellipsis());
    let inside = pen.window(frame, &title);
    let edge = Rect::new(frame.x, frame.y, frame.width.saturating_sub(2), 1);
    pen.put_right(edge, frame.y, StyleRole::Dim, &place);
    let line = Rect::new(inside.x, inside.y, inside.width, 1);
    let caret = field(pen, line, menu.list.input());
    let mut rows = Rect::new(
        inside.x,
        inside.y + 1,
        inside.width,
        inside.height.saturating_sub(1),
    );
    // A short menu is laid out once for all that is in it, so that nothing moves while one types or scrolls.
    let looked_at = if menu.list.total() <= LAID_OUT {
        menu.list.all()
    } else {
        let window = menu.list.window(usize::from(rows.height)).into_iter();
        window.map(|row| row.choice).collect()
    };
    let looked_at: Vec<&Choice> = looked_at.iter().map(|choice| &**choice).collect();
    let shares = Shares::of(&looked_at, rows.width);
    // On the smallest screens what is cut in its middle stands whole below, too.
    let short = menu.list.total() <= LAID_OUT;
    let told =
        |choice: &Choice| (is_sentence(choice) || (shares.narrow && short)) && shares.cuts(choice);
    let cut = looked_at.into_iter();
    let cut = cut.filter(|choice| told(choice));
    let below = cut.map(|choice| wrap(whole_words(choice), usize::from(rows.width)).len());
    let below = u16::try_from(below.max().unwrap_or(0)).unwrap_or(0);
    // What is typed whole is meant, whatever else it resembles.
    let across = usize::from(rows.width);
    let meant = line_words(menu).filter(|_| menu.list.shown() > 0);
    let meant = meant.map(|words| wrap(&words, across));
    let most = u16::try_from(meant.as_ref().map_or(0, Vec::len)).unwrap_or(0);
    let below = below.max(most).min(rows.height / 2);
    rows.height -= below;
    let room = usize::from(rows.height);
    out.room = room;
    out.top = Some(menu.list.first_shown(room));
    let selected = menu.list.row();
    let window = menu.list.window(room);
    if window.is_empty() {
        let lines = wrap(&nothing(pen, menu), usize::from(rows.width));
        for (text, y) in lines.iter().zip(rows.y..rows.bottom() + below) {
            pen.put(rows.x, y, rows.width, StyleRole::Dim, text);
        }
    }
    for (shown, y) in window.into_iter().zip(rows.y..rows.bottom()) {
        let (row, choice) = (shown.row, &*shown.choice);
        let line = Rect::new(rows.x, y, rows.width, 1);
        choice_row(pen, line, choice, &shown.places, shares);
        if row == selected {
            pen.put(rows.x, y, 1, StyleRole::Key, pen.glyphs.mark());
            pen.lay(line, StyleRole::Selected);
            // A sentence that is cut stands whole below.
            let whole = told(choice).then(|| wrap(whole_words(choice), across));
            let lines = meant.as_ref().or(whole.as_ref()).into_iter().flatten();
            for (text, y) in lines.zip(rows.bottom()..rows.bottom() + below) {
                pen.put(rows.x, y, rows.width, StyleRole::Heading, text);
            }
        }
        out.spot(line, Spot::OverlayRow(row));
    }
    let side = Rect::new(frame.x, rows.y, frame.width, rows.height);
    pen.scroll_bar(side, menu.list.first_shown(room), room, menu.list.shown());
    Some(caret)
}

/// The widest that a menu is drawn.
const WIDEST: u16 = 120;
/// A menu of no more entries than this is laid out for all of them (chosen: commands are fewer).
const LAID_OUT: usize = 200;

/// Narrower than this a line has room for a name and a short note alone.
const NARROW: u16 = 50;

/// How choice and note share a line.
#[derive(Clone, Copy)]
struct Shares {
    choice: u16,
    note: u16,
    narrow: bool,
}

impl Shares {
    fn of(choices: &[&Choice], across: u16) -> Self {
        let narrow = across < NARROW;
        let (mut widest, mut notes) = (0, 0);
        for choice in choices {
            widest = widest.max(width(shown(choice, narrow)));
            notes = notes.max(width(&choice.note));
        }
        // Keys are short and stand whole; longer notes leave the choice two thirds of the line.
        let notes = u16::try_from(notes).unwrap_or(u16::MAX).min(across / 3);
        // On the smallest screens a note that would cut the choice is left out; keys are no longer than this.
        let cuts = widest + usize::from(notes) + 5 > usize::from(across);
        let note = if cuts && narrow && notes > 9 {
            0
        } else {
            notes
        };
        let choice = u16::try_from(widest)
            .unwrap_or(u16::MAX)
            .min(across.saturating_sub(note + 5));
        Self {
            choice,
            note,
            narrow,
        }
    }

    /// Whether something of it has no room on its line.
    fn cuts(self, choice: &Choice) -> bool {
        width(&choice.text) > usize::from(self.choice)
    }
}

/// What stands on a choice's line: of a command its name alone where there is hardly room.
fn shown(choice: &Choice, narrow: bool) -> &str {
    match &choice.act {
        ChoiceAct::Run(command) if narrow => command.name(),
        _ => &choice.text,
    }
}

/// Whether what comes last of a choice can be missed: of words, but not of a pair or an address, whose ends tell.
fn is_sentence(choice: &Choice) -> bool {
    matches!(
        choice.act,
        ChoiceAct::Run(_) | ChoiceAct::Copy { .. } | ChoiceAct::Export { .. }
    )
}

/// Whether it is cut at its end: also where an address with words behind it has room itself.
fn ends_first(choice: &Choice, column: u16) -> bool {
    let address = choice.text.split("  ").next().unwrap_or_default();
    let through = matches!(choice.act, ChoiceAct::Through(_));
    is_sentence(choice) || (through && width(address) <= usize::from(column))
}

/// What a choice says, of a command without its name.
fn whole_words(choice: &Choice) -> &str {
    match &choice.act {
        ChoiceAct::Run(command) => {
            let words = choice.text.strip_prefix(command.name());
            words.unwrap_or(&choice.text).trim_start()
        }
        _ => &choice.text,
    }
}

fn choice_row(pen: &mut Pen<'_>, line: Rect, choice: &Choice, places: &[u32], shares: Shares) {
    let matched = pen
        .style(StyleRole::Match)
        .add_modifier(Modifier::UNDERLINED);
    let (column, y) = (shares.choice, line.y);
    let mut at = line.x + 2;
    let end = line.x + 2 + column;
    let long = shares.cuts(choice);
    // What has two ends that tell is cut in its middle.
    let tail = if long && !ends_first(choice, column) {
        usize::from(column) / 2
    } else {
        0
    };
    let text = shown(choice, shares.narrow);
    let long = width(text) > usize::from(column);
    let rest = text.chars().count().saturating_sub(tail);
    let head_end = end.saturating_sub(u16::try_from(tail).unwrap_or(u16::MAX));
    for (i, c) in text.chars().enumerate() {
        if long && i < rest && at + 1 >= head_end {
            if at < head_end {
                at = pen.put(at, y, 1, StyleRole::Dim, &pen.glyphs.ellipsis().to_string());
            }
            at = at.max(head_end);
            continue;
        }
        if at >= end.min(line.right()) {
            break;
        }
        let hit = u32::try_from(i).is_ok_and(|i| places.binary_search(&i).is_ok());
        let style = if hit {
            matched
        } else {
            pen.style(StyleRole::Text)
        };
        let mut text = [0_u8; 4];
        at = pen.put_styled(at, y, end - at, style, c.encode_utf8(&mut text));
    }
    let x = end + 2;
    if shares.note > 0 {
        let room = line.right().saturating_sub(x);
        // Of an address both ends tell.
        if matches!(choice.act, ChoiceAct::Copy { .. }) && !choice.note.contains(' ') {
            pen.name(x, y, room, StyleRole::Dim, &choice.note);
        } else {
            pen.put(x, y, room, StyleRole::Dim, &choice.note);
        }
    }
}
