//! An answer: the pair, the picture, the causes; where it is wide, the selected level's policy.

use ratatui::layout::{Position, Rect};

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::look::page::{Text, piece};
use super::super::look::text::{duration, width};
use super::super::look::theme::StyleRole;
use super::super::model::{Asked, Layout, Model, Panel, Reading, Side, Spot, WatchState};
use super::super::words::{
    beside, clock, ends_with, in_zone, pause_words, permission_words, supposed, verdict_word,
    verdict_words,
};
use super::page::find_field;
use super::pen::Pen;
use super::{bindings, tree, why};
use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;
use crate::evaluate::{Outcome, Truth};
use crate::iam::address;

/// From this width on the selected level's policy stands beside the picture.
const WITH_POLICY: u16 = 120;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model, out: &mut Layout) {
    let Some(asked) = model.asked() else {
        return;
    };
    let used = pair(pen, area, asked, model);
    for (y, side) in (area.y..).zip([Side::Caller, Side::Target]) {
        out.spot(Rect::new(area.x, y, area.width, 1), Spot::Pair(side));
    }
    let body = Rect::new(
        area.x,
        area.y + used,
        area.width,
        area.height.saturating_sub(used),
    );
    if asked.zoomed && !pen.still {
        let lines = why::lines(pen, asked, body.width);
        match asked.panel {
            Panel::Tree => tree::draw(pen, body, asked, model, out),
            Panel::Policy => bindings::draw(pen, body, asked, out),
            Panel::Why => why::draw(pen, body, asked, &lines, out),
        }
        out.room = usize::from(body.height.saturating_sub(1));
        return;
    }
    let (left, right) = if body.width >= WITH_POLICY {
        // Nothing that is seen on 80 columns is cut where there are more.
        let wide = (body.width * 11 / 20).max(81);
        let left = Rect::new(body.x, body.y, wide - 1, body.height);
        let right = Rect::new(body.x + wide, body.y, body.width - wide, body.height);
        (left, Some(right))
    } else {
        (body, None)
    };
    let lines = why::lines(pen, asked, left.width);
    let rows = asked.known().map_or(asked.steps.len(), tree::height);
    let heights = split(left.height, rows, lines.len());
    let above = Rect::new(left.x, left.y, left.width, heights.0);
    let below = Rect::new(left.x, left.y + heights.0, left.width, heights.1);
    tree::draw(pen, above, asked, model, out);
    why::draw(pen, below, asked, &lines, out);
    if let Some(right) = right {
        bindings::draw(pen, right, asked, out);
    }
    out.room = usize::from(match asked.panel {
        Panel::Tree => heights.0.saturating_sub(1),
        Panel::Why => heights.1.saturating_sub(1),
        Panel::Policy => left.height.saturating_sub(1),
    });
}

/// What is looked for, and at which of its places one is; gives where the caret is while it is typed.
pub(super) fn find_line(pen: &mut Pen<'_>, area: Rect, asked: &Asked) -> Option<Position> {
    if !asked.find.is_shown() {
        return None;
    }
    let found = asked.found();
    let at = asked
        .hit
        .and_then(|hit| found.iter().position(|p| *p == hit));
    let count = match (asked.find.text().is_empty(), at) {
        (true, _) => String::new(),
        (false, Some(at)) => format!(" {} of {} ", at + 1, found.len()),
        (false, None) => " nowhere here ".to_owned(),
    };
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
    let edge = pen.put_right(inner, area.y, StyleRole::Dim, &count);
    let field = Rect::new(inner.x, inner.y, edge.saturating_sub(inner.x), 1);
    find_field(pen, field, &asked.find)
}

/// The heights of picture and causes, a rule each included: the picture whole where the causes have
/// room below it, else about half of the screen.
fn split(height: u16, rows: usize, lines: usize) -> (u16, u16) {
    let whole = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(1);
    let most = (height / 2 + 1).max(height.saturating_sub(whole(lines)));
    let above = whole(rows).clamp(3, most.max(3)).min(height);
    (above, height - above)
}

/// Two lines: who, with the verdict; which account, with what is asked. A line more for whatever else
/// the question says. Gives their number.
fn pair(pen: &mut Pen<'_>, area: Rect, asked: &Asked, model: &Model) -> u16 {
    let question = &asked.question;
    let target = asked.known().map_or_else(
        || question.target.id().to_owned(),
        |k| k.estate.label(&k.explanation.question.target),
    );
    let target = address::short(&target).to_owned();
    let (role, sign) = match (&asked.reading, asked.outcome()) {
        (Reading::Failed(_), _) => (StyleRole::Denied, pen.glyphs.no()),
        (_, Some(Outcome::WouldSucceed)) if asked.as_read.is_some() => {
            (StyleRole::Granted, pen.glyphs.yes())
        }
        _ if asked.proven.is_some() => (StyleRole::Granted, pen.glyphs.yes()),
        _ if asked.applied.is_some() => (StyleRole::Unknown, "?"),
        (_, Some(Outcome::WouldSucceed)) => (StyleRole::Granted, pen.glyphs.yes()),
        (_, Some(Outcome::WouldFail)) => (StyleRole::Denied, pen.glyphs.no()),
        (_, Some(Outcome::Unknown)) => (StyleRole::Unknown, "?"),
        (_, None) => (StyleRole::Dim, pen.glyphs.pick("·", ".")),
    };
    let name = question.caller.short();
    let whole = verdict_words(asked);
    // On a narrow screen the name is worth more than the verdict's whole words.
    let fits = width(&name) + width(&whole) + 15 < usize::from(area.width);
    let words = if fits { &whole } else { verdict_word(asked) };
    let verdict = format!("{sign} {words}");
    let took = asked.known().map_or(String::new(), |k| {
        if asked.stale.is_some() || asked.come_back_to {
            return format!("as of {}", in_zone(k.read_at, "%H:%M:%S"));
        }
        format!("verdict in {}", duration(k.took.as_secs_f64()))
    });
    let asks = permission_words(&question.permission);
    let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
    let edge = pen.put_right(inner, area.y, role, &verdict);
    line(pen, area, area.y, "caller", &name, edge);
    let right = if area.width < 60 || took.is_empty() {
        asks
    } else {
        format!("{asks} · {took}")
    };
    let right = if pen.glyphs == Glyphs::Ascii {
        right.replace('·', "-")
    } else {
        right
    };
    // On a narrow screen the name is worth more than what is asked.
    let fits = width(&right) + width(&target) + 12 < usize::from(area.width);
    let edge = if fits || area.width >= 60 {
        pen.put_right(inner, area.y + 1, StyleRole::Dim, &right)
    } else {
        area.right()
    };
    line(pen, area, area.y + 1, "target", &target, edge);
    let mut y = area.y + 2;
    for text in what_if(pen, asked, area) {
        let line = Rect::new(area.x, y, area.width, 1);
        pen.pieces(area.x + 1, y, area.width.saturating_sub(2), &text);
        pen.lay(line, StyleRole::Selected);
        y += 1;
    }
    if let Some(text) = watched(pen, model, area) {
        pen.put(area.x + 1, y, 8, StyleRole::Dim, "watched");
        pen.pieces(area.x + 9, y, area.width.saturating_sub(10), &text);
        y += 1;
    }
    if let Some(text) = band(
        pen,
        asked,
        model,
        usize::from(area.width.saturating_sub(10)),
    ) {
        pen.put(area.x + 1, y, 8, StyleRole::Dim, "now");
        pen.pieces(area.x + 9, y, area.width.saturating_sub(10), &text);
        y += 1;
    }
    for (what, said) in beside(question) {
        line(pen, area, y, what, &said, area.right());
        y += 1;
    }
    y - area.y
}

/// The last states of an answer that is watched, how often it is asked for, when it turned, and when others
/// changed something.
fn watched(pen: &Pen<'_>, model: &Model, area: Rect) -> Option<Text> {
    let watch = model.watch.as_ref()?;
    let room = usize::from(area.width.saturating_sub(10));
    // On a narrow screen the newest ones.
    let most = if area.width < 60 {
        8
    } else {
        watch.states.len()
    };
    let older = watch.states.len().saturating_sub(most);
    let mut text: Text = watch
        .states
        .iter()
        .skip(older)
        .map(|state| match state {
            WatchState::Answered(Outcome::WouldSucceed) => {
                piece(StyleRole::Granted, pen.glyphs.yes())
            }
            WatchState::Answered(Outcome::WouldFail) => piece(StyleRole::Denied, pen.glyphs.no()),
            WatchState::Answered(Outcome::Unknown) => piece(StyleRole::Unknown, "?"),
            WatchState::Failed => piece(StyleRole::Warning, "!"),
        })
        .collect();
    let mut used = text.len();
    let slower = watch.pause > model.watching.every;
    let every = pause_words(watch.pause);
    let gap = pen.glyphs.pick(" · ", " - ");
    let parts = [
        Some(if slower {
            (StyleRole::Warning, format!(" every {every}, slowed down"))
        } else {
            (StyleRole::Dim, format!(" every {every}"))
        }),
        watch
            .turned
            .as_ref()
            .map(|at| (StyleRole::Text, format!("{gap}turned {at}"))),
        watch
            .changed
            .as_ref()
            .map(|at| (StyleRole::Text, format!("{gap}changed {at}"))),
    ];
    for (role, words) in parts.into_iter().flatten() {
        if used + width(&words) <= room {
            used += width(&words);
            text.push(piece(role, words));
        }
    }
    Some(text)
}

/// From this height on what is switched is told in the band, beside that something is.
const TOLD: u16 = 16;

/// That this is no answer of what is: a band right below the pair, with what is switched, and the key that takes
/// all back.
fn what_if(pen: &Pen<'_>, asked: &Asked, area: Rect) -> Vec<Text> {
    let (Some(read), Some(known)) = (&asked.as_read, asked.known()) else {
        return Vec::new();
    };
    let room = usize::from(area.width.saturating_sub(2));
    let key = pen.keys.fill(KeyContext::Answer, "{as-read}");
    let count = known.supposed.len();
    let was = match read.known.explanation.outcome {
        Outcome::WouldSucceed => "would succeed",
        Outcome::WouldFail => "would fail",
        Outcome::Unknown => "cannot be told",
    };
    let tail = format!(" takes {} back", if count == 1 { "it" } else { "all" });
    let middles = [
        format!("  {count} switched, nothing written; as read: {was}. "),
        format!("  {count} switched, nothing written. "),
        format!("  {count} switched. "),
    ];
    let fixed = "WHAT IF".len() + key.len();
    let short = ": back".to_owned();
    let ways = middles.iter().flat_map(|m| [(m, &tail), (m, &short)]);
    let fits = ways
        .clone()
        .find(|(m, tail)| m.len() + fixed + tail.len() <= room);
    let (middle, tail) = fits
        .or(ways.last())
        .map(|(middle, tail)| (middle.clone(), tail.clone()))
        .unwrap_or_default();
    let mut lines = vec![vec![
        piece(StyleRole::Warning, "WHAT IF"),
        piece(StyleRole::Text, middle),
        piece(StyleRole::Key, key),
        piece(StyleRole::Text, tail),
    ]];
    if area.height >= TOLD {
        let words = supposed(known);
        // The newest is in sight.
        let more = words.len().saturating_sub(2);
        for (i, text) in words.iter().skip(more).enumerate() {
            let text = if i == 0 && more > 0 {
                format!("{more} more, and {text}")
            } else {
                text.clone()
            };
            lines.push(vec![piece(StyleRole::Text, format!("  {text}"))]);
        }
    }
    lines
}

/// What a change came to, in one band: what was before, what is now and since when, until when, and how it
/// is taken back.
fn band(pen: &Pen<'_>, asked: &Asked, model: &Model, room: usize) -> Option<Text> {
    let (role, now) = match (&asked.proven, asked.applied) {
        (Some(at), _) => (
            StyleRole::Granted,
            format!("{} token at {at}", pen.glyphs.yes()),
        ),
        (None, Some(ticket)) => {
            let since = model.elapsed(ticket).map(clock);
            let since = since.map_or(String::new(), |since| format!(" {since} ago"));
            (
                StyleRole::Unknown,
                format!("{} written{since}", LevelState::Waiting.glyph(pen.glyphs)),
            )
        }
        (None, None) => return None,
    };
    let before = match asked.was {
        Some(Outcome::WouldFail) => format!("{} 403 before", pen.glyphs.no()),
        _ => "? not known before".to_owned(),
    };
    let gap = pen.glyphs.pick(" · ", " - ");
    let ends = asked.known().and_then(|known| {
        let bindings = known.explanation.allow.iter().flat_map(|p| &p.bindings);
        let granting = bindings.filter(|b| b.grants == Truth::Yes);
        let mut conditions = granting.filter_map(|b| b.condition.as_ref());
        conditions.find_map(|c| ends_with(&c.condition))
    });
    let ends = ends.map(|ends| {
        vec![
            piece(StyleRole::Dim, gap),
            piece(StyleRole::Misplaced, format!("ends {ends}")),
        ]
    });
    let key = pen.keys.key_of(KeyContext::Answer, Command::Undo);
    let undo = key.filter(|_| !asked.lasts).map(|key| {
        vec![
            piece(StyleRole::Dim, gap),
            piece(StyleRole::Key, key),
            piece(StyleRole::Dim, " undoes it"),
        ]
    });
    let before = vec![
        piece(StyleRole::Dim, before),
        piece(StyleRole::Dim, format!(" {} ", pen.glyphs.arrow())),
    ];
    // What has no room is left out whole.
    let wide = |text: &Text| text.iter().map(|p| width(&p.text)).sum::<usize>();
    let now = vec![piece(role, now)];
    let mut left = room.saturating_sub(wide(&now));
    let mut fits = |text: &Text| {
        let fits = wide(text) <= left;
        left -= if fits { wide(text) } else { 0 };
        fits
    };
    let ends = ends.filter(&mut fits);
    let undo = undo.filter(&mut fits);
    let before = Some(before).filter(&mut fits);
    let parts = [before, Some(now), ends, undo];
    Some(parts.into_iter().flatten().flatten().collect())
}

fn line(pen: &mut Pen<'_>, area: Rect, y: u16, label: &str, name: &str, edge: u16) {
    pen.put(area.x + 1, y, 8, StyleRole::Dim, label);
    let x = area.x + 9;
    pen.name(x, y, edge.saturating_sub(x + 1), StyleRole::Path, name);
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_heights_always_add_up() {
        for height in 0..200 {
            for rows in [0, 1, 5, 12, 40] {
                let (above, below) = split(height, rows, rows / 2);
                assert_eq!(above + below, height);
            }
        }
        // Whole where there is room, half where there is none.
        assert_eq!(split(20, 7, 8), (8, 12));
        assert_eq!(split(20, 14, 5), (14, 6));
        assert_eq!(split(20, 14, 30), (11, 9));
        assert_eq!(split(7, 7, 9), (4, 3));
    }
}
