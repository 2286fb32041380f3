//! An answer: the pair, the picture, the causes; where it is wide, the selected level's policy.

use ratatui::layout::Rect;

use super::super::look::text::{duration, width};
use super::super::look::theme::StyleRole;
use super::super::model::{Asked, Layout, Model, Panel, Reading, Side, Spot};
use super::super::words::{beside, in_zone, permission_words, verdict_word, verdict_words};
use super::pen::Pen;
use super::{bindings, tree, why};
use crate::answer::signs::Glyphs;
use crate::evaluate::Outcome;

/// From this width on the selected level's policy stands beside the picture.
const WITH_POLICY: u16 = 120;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model, out: &mut Layout) {
    let Some(asked) = model.asked() else {
        return;
    };
    let used = pair(pen, area, asked);
    for (y, side) in (area.y..).zip([Side::Caller, Side::Target]) {
        out.spot(Rect::new(area.x, y, area.width, 1), Spot::Pair(side));
    }
    let body = Rect::new(
        area.x,
        area.y + used,
        area.width,
        area.height.saturating_sub(used),
    );
    let (left, right) = if body.width >= WITH_POLICY {
        let wide = body.width * 11 / 20;
        let left = Rect::new(body.x, body.y, wide - 1, body.height);
        let right = Rect::new(body.x + wide, body.y, body.width - wide, body.height);
        (left, Some(right))
    } else {
        (body, None)
    };
    let (rows, needed) = asked
        .known()
        .map_or((asked.steps.len(), asked.steps.len()), |k| {
            (k.rows.len(), tree::needed(&k.rows, asked.tree_row))
        });
    let heights = split(left.height, rows, needed);
    let above = Rect::new(left.x, left.y, left.width, heights.0);
    let below = Rect::new(left.x, left.y + heights.0, left.width, heights.1);
    tree::draw(pen, above, asked, out);
    why::draw(pen, below, asked, out);
    if let Some(right) = right {
        bindings::draw(pen, right, asked);
    }
    out.room = usize::from(match asked.panel {
        Panel::Tree => heights.0.saturating_sub(1),
        Panel::Why => heights.1.saturating_sub(1),
    });
}

/// Below this height every line counts.
const LOW: u16 = 12;

/// The heights of picture and causes, a rule each included: the picture whole where there is room,
/// but the causes never less than about half. On a low screen the picture has no more than it needs.
fn split(height: u16, rows: usize, needed: usize) -> (u16, u16) {
    let most = (height / 2).max(4);
    let whole = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(1);
    let wanted = if whole > most && height < LOW {
        u16::try_from(needed).unwrap_or(u16::MAX).saturating_add(1)
    } else {
        whole
    };
    let above = wanted.clamp(3, most).min(height);
    (above, height - above)
}

/// Two lines: who, with the verdict; which account, with what is asked. A line more for whatever else
/// the question says. Gives their number.
fn pair(pen: &mut Pen<'_>, area: Rect, asked: &Asked) -> u16 {
    let question = &asked.question;
    let target = asked.known().map_or_else(
        || question.target.id().to_owned(),
        |k| k.estate.label(&k.explanation.question.target),
    );
    let target = target
        .strip_suffix(".iam.gserviceaccount.com")
        .map_or(target.clone(), str::to_owned);
    let (role, sign) = match (&asked.reading, asked.outcome()) {
        (Reading::Failed(_), _) => (StyleRole::Denied, pen.glyphs.no()),
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
        if asked.stale.is_some() {
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
    for (what, said) in beside(question) {
        line(pen, area, y, what, &said, area.right());
        y += 1;
    }
    y - area.y
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
        assert_eq!(split(20, 7, 3), (8, 12));
        assert_eq!(split(7, 7, 3), (4, 3));
        assert_eq!(split(7, 7, 2), (3, 4));
    }
}
