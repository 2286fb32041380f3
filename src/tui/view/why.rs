//! The causes: what stands in the way, in the order of acting, and what `f` would do.

use ratatui::layout::Rect;

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::look::page::{Text, line, piece};
use super::super::look::text::wrap;
use super::super::look::theme::StyleRole;
use super::super::model::tree as picture;
use super::super::model::{Asked, KnownAnswer, Layout, Panel, Reading, Spot, WhyRow, is_unread};
use super::super::pages::not_judged;
use super::super::words::{ends_with, more, unread_words};
use super::pen::Pen;
use crate::evaluate::Truth;
use crate::evaluate::org_policy;
use crate::evaluate::{CauseKind, Outcome};
use crate::google::survey::ProgressState;
use crate::iam::address;
use crate::repair::Repair;
use crate::text::visible;

/// A line with the cause that it belongs to.
pub(super) struct WhyLine {
    text: Text,
    indent: u16,
    cause: Option<usize>,
    /// What a click on it does.
    does: Option<Command>,
}

/// All that is said of the causes, wrapped for a panel of that width.
pub(super) fn lines(pen: &Pen<'_>, asked: &Asked, width: u16) -> Vec<WhyLine> {
    // A line ends one cell before the scroll bar.
    let room = usize::from(width.saturating_sub(7));
    match &asked.reading {
        Reading::Running => running(pen, asked),
        Reading::Failed(why) => failed(pen, why, room),
        Reading::Stopped => {
            let words = "Stopped before everything was read. {refresh} reads again.";
            hanging(StyleRole::Unknown, &keyed(pen, words), room).collect()
        }
        Reading::Known(known) => causes(pen, known, asked, room),
    }
}

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    asked: &Asked,
    rows: &[WhyLine],
    out: &mut Layout,
) {
    let focused = asked.panel == Panel::Why && asked.known().is_some() && pen.in_focus();
    let title = Rect::new(area.x, area.y, area.width, area.height.min(1));
    let body = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(1),
    );
    pen.rule(title, "why", focused);
    out.spot(area, Spot::Panel(Panel::Why));
    let height = usize::from(body.height);
    let first = rows.iter().position(|r| r.cause == Some(asked.why_row));
    let last = rows.iter().rposition(|r| r.cause == Some(asked.why_row));
    let mut offset = asked.why_offset;
    let mut natural = offset;
    if let (Some(first), Some(last)) = (first, last) {
        // The first cause comes with the headline above it.
        let top = if asked.why_row == 0 { 0 } else { first };
        if top < natural {
            natural = top;
        } else if last >= natural + height {
            natural = (last + 1 - height).min(first);
        }
        out.why_natural = (last + 1).saturating_sub(height).min(first);
    }
    if !asked.why_scrolled {
        offset = natural;
    }
    offset = offset.min(rows.len().saturating_sub(height));
    out.why = Some(offset);
    let hidden = rows.len().saturating_sub(offset + height);
    if hidden > 0 {
        let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        let hint = if focused {
            ": {page-down} "
        } else {
            ": {next-panel} "
        };
        let words = more(hidden, &keyed(pen, hint));
        pen.put_right(inner, area.y, StyleRole::Dim, &words);
    }
    pen.scroll_bar(body, offset, height, rows.len());
    let lines = rows.iter().enumerate().skip(offset);
    for ((i, row), y) in lines.zip(body.y..body.bottom()) {
        let x = body.x + 1 + row.indent;
        pen.pieces(x, y, body.right().saturating_sub(x + 1), &row.text);
        let whole = Rect::new(body.x, y, body.width, 1);
        if let Some(command) = row.does {
            out.spot(whole, Spot::Hint(command));
        }
        if let Some(cause) = row.cause {
            out.spot(whole, Spot::WhyRow(cause));
            if cause == asked.why_row && focused {
                let mark = if Some(i) == first {
                    pen.glyphs.mark()
                } else {
                    pen.glyphs.bar()
                };
                pen.put(body.x, y, 1, StyleRole::Key, mark);
            }
        }
    }
    pen.mark_found(body, &asked.find);
}

fn plain(role: StyleRole, text: impl Into<String>) -> WhyLine {
    WhyLine {
        text: line(role, text),
        indent: 0,
        cause: None,
        does: None,
    }
}

/// A sentence of ours with the keys of an answer in it.
fn keyed(pen: &Pen<'_>, words: &str) -> String {
    pen.keys.fill(KeyContext::Answer, words)
}

/// Two cells and more for a key at a line's beginning.
fn led_by(pen: &Pen<'_>, command: Command, words: impl Into<String>) -> Text {
    let key = pen.keys.key_of(KeyContext::Answer, command);
    let key = key.map_or_else(|| format!(":{}", command.name()), str::to_owned);
    vec![
        piece(StyleRole::Key, format!("{key}  ")),
        piece(StyleRole::Path, words),
    ]
}

fn running(pen: &Pen<'_>, asked: &Asked) -> Vec<WhyLine> {
    let done = asked
        .steps
        .iter()
        .filter(|s| s.state != ProgressState::Started)
        .count();
    let words = match asked.steps.len() {
        0 => "No answer is here yet.".to_owned(),
        all => format!("Answers so far: {done} of {all}."),
    };
    let stops = keyed(pen, "{interrupt} stops.");
    vec![plain(StyleRole::Dim, format!("{words} {stops}"))]
}

fn failed(pen: &Pen<'_>, why: &str, room: usize) -> Vec<WhyLine> {
    let mut rows: Vec<WhyLine> = wrap(why, room)
        .into_iter()
        .map(|text| plain(StyleRole::Denied, text))
        .collect();
    rows.push(plain(
        StyleRole::Text,
        keyed(
            pen,
            "{refresh} tries again · {log} shows the calls · {copy} copies",
        ),
    ));
    rows
}

fn causes(pen: &Pen<'_>, known: &KnownAnswer, asked: &Asked, room: usize) -> Vec<WhyLine> {
    let mut rows = Vec::new();
    let explanation = &known.explanation;
    if explanation.outcome == Outcome::WouldSucceed {
        rows.extend(granted(pen, known, asked, room));
    }
    for (index, row) in known.why_rows().into_iter().enumerate() {
        let at = match row {
            WhyRow::Cause(at) => at,
            WhyRow::Unread(which) => {
                let unread: Vec<_> = which.iter().filter_map(|i| known.causes.get(*i)).collect();
                let words = format!("{} ? {}", index + 1, unread_words(&unread));
                let words = format!("{words} {}", keyed(pen, "{open} lists them."));
                for (i, text) in wrap(&words, room).into_iter().enumerate() {
                    rows.push(WhyLine {
                        text: line(StyleRole::Unknown, text),
                        indent: if i == 0 { 0 } else { 4 },
                        cause: Some(index),
                        does: None,
                    });
                }
                continue;
            }
        };
        let Some(cause) = known.causes.get(at) else {
            continue;
        };
        let (role, sign) = sign(pen, cause.kind);
        let selected = index == asked.why_row || pen.still;
        let head = format!("{} {sign} ", index + 1);
        let indent = u16::try_from(super::super::look::text::width(&head)).unwrap_or(4);
        for (i, text) in wrap(&cause.message, room).into_iter().enumerate() {
            let mut pieces = Vec::new();
            if i == 0 {
                pieces.push(piece(role, head.clone()));
            }
            pieces.push(piece(StyleRole::Text, text));
            rows.push(WhyLine {
                text: pieces,
                indent: if i == 0 { 0 } else { indent },
                cause: Some(index),
                does: None,
            });
        }
        // What to do stands below the selected one; for the others it is one key away.
        if selected && !known.plan.is_refused() {
            for text in wrap(&cause.advice(), room) {
                rows.push(WhyLine {
                    text: line(StyleRole::Heading, text),
                    indent,
                    cause: Some(index),
                    does: None,
                });
            }
        }
    }
    // What is supposed is neither mended nor asked for.
    if known.supposed.is_empty() {
        rows.extend(fix_lines(pen, known, room));
        rows.extend(request_lines(pen, known, room));
        rows.extend(meant_lines(pen, known, room));
    }
    rows.extend(attributes_lines(pen, known, room));
    rows.extend(clear_way(pen, known, room));
    rows.extend(hops(pen, known, room));
    let because = known.causes.first().map(|cause| cause.message.as_str());
    let second = asked.second.as_ref().filter(|_| known.supposed.is_empty());
    if let Some(second) = second {
        let role = match second.agrees() {
            Some(true) => StyleRole::Dim,
            _ => StyleRole::Warning,
        };
        for words in second.words(because) {
            rows.extend(hanging(role, &words, room));
        }
    }
    for notice in org_policy::notices(&known.estate, explanation) {
        let words = format!("! {}", visible(&notice));
        rows.extend(hanging(StyleRole::Warning, &words, room));
    }
    for text in not_judged(explanation) {
        for part in text {
            for words in wrap(&part.text, room + 2) {
                rows.push(plain(StyleRole::Dim, words));
            }
        }
    }
    rows
}

fn sign(pen: &Pen<'_>, kind: CauseKind) -> (StyleRole, &'static str) {
    use CauseKind as K;
    match kind {
        K::PolicyNotReadable
        | K::GroupNotReadable
        | K::RoleNotReadable
        | K::RoleUnknown
        | K::ConditionUndecided
        | K::ConditionUnsupportedAttribute
        | K::BoundaryUndecided
        | K::MayBePropagating => (StyleRole::Unknown, "?"),
        _ => (StyleRole::Denied, pen.glyphs.no()),
    }
}

/// Why it works, and from where it is inherited.
fn granted(pen: &Pen<'_>, known: &KnownAnswer, asked: &Asked, room: usize) -> Vec<WhyLine> {
    let explanation = &known.explanation;
    let caller = explanation.question.caller.short();
    let mut rows = Vec::new();
    let granting = explanation
        .allow
        .iter()
        .filter(|policy| policy.on_path)
        .flat_map(|p| p.bindings.iter().map(move |b| (p, b)))
        .filter(|(_, b)| b.grants == Truth::Yes);
    for (policy, binding) in granting {
        let here = policy.resource == explanation.question.target;
        let at = if here {
            "on the account itself".to_owned()
        } else {
            format!(
                "on the {} {}, inherited down to the target",
                policy.resource.kind().word(),
                known.estate.label(&policy.resource)
            )
        };
        let through = binding
            .members
            .iter()
            .find(|m| m.matches == Truth::Yes)
            .filter(|m| *m.member.text != explanation.question.caller.to_string())
            .map(|m| format!(", through {}", m.member))
            .unwrap_or_default();
        let until = binding
            .condition
            .as_ref()
            .map(|c| match ends_with(&c.condition) {
                Some(end) => format!(", until {end}"),
                None => ", while its condition holds".to_owned(),
            })
            .unwrap_or_default();
        let words = format!(
            "{} {caller} has {} {at}{through}{until}.",
            pen.glyphs.yes(),
            picture::title(&known.estate, &binding.role)
        );
        rows.extend(hanging(StyleRole::Granted, &words, room));
    }
    if asked.applied.is_some() {
        let words = "? Written, and not seen to work yet: Google takes a while to enforce it. {fix} shows how far that is.";
        rows.extend(hanging(StyleRole::Unknown, &keyed(pen, words), room));
    }
    if let Some(at) = &asked.proven {
        let words = format!(
            "{} Proven: a token was minted as {caller} at {at}.",
            pen.glyphs.yes()
        );
        rows.extend(hanging(StyleRole::Granted, &words, room));
    }
    rows
}

/// What `f` would do.
fn fix_lines(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let what = match known.plan.remedies.first() {
        Some(way) => {
            let more = match known.plan.remedies.len() {
                1 => String::new(),
                2 => " (or another way)".to_owned(),
                n => format!(" (or one of {} other ways)", n - 1),
            };
            let what = way.single().map_or_else(
                || match way.steps.len() {
                    1 => way.title.clone(),
                    n => format!("{n} steps: {}", way.title),
                },
                |repair| binding_words(known, repair),
            );
            format!("{what}{more}")
        }
        None if known.plan.elsewhere.is_empty() => return Vec::new(),
        None if known.plan.is_refused() => {
            "the grant would be refused: see by which organization policy".to_owned()
        }
        None => "no binding helps here: see what would, and who could do it".to_owned(),
    };
    act_lines(pen, Command::Fix, &what, room)
}

/// A key and what it does; what goes on stands below its first word.
fn act_lines(pen: &Pen<'_>, command: Command, words: &str, room: usize) -> Vec<WhyLine> {
    let lines = wrap(words, room.saturating_sub(4)).into_iter().enumerate();
    let lines = lines.map(|(i, text)| WhyLine {
        text: if i == 0 {
            led_by(pen, command, text)
        } else {
            line(StyleRole::Path, text)
        },
        indent: if i == 0 { 3 } else { 6 },
        cause: None,
        does: Some(command),
    });
    lines.collect()
}

/// Something that may decide was not read, and an administrator can change that.
fn request_lines(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let asks = known.causes.iter().any(|cause| is_unread(cause.kind))
        && (known.not_read.iter()).any(|thing| {
            thing
                .request
                .as_ref()
                .is_some_and(|asked| asked.prints.is_none())
        });
    if !asks {
        return Vec::new();
    }
    let words = "word a request to an administrator";
    act_lines(pen, Command::Request, words, room)
}

/// A name is nobody's, and some that are alike are somebody's.
fn meant_lines(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let Some(cause) = known.causes.iter().find(|cause| !cause.meant.is_empty()) else {
        return Vec::new();
    };
    let words = match cause.meant.as_slice() {
        [one] => format!("ask again about {}", visible(address::short(one))),
        all => format!("choose which of {} accounts was meant", all.len()),
    };
    act_lines(pen, Command::Meant, &words, room)
}

/// The answer hangs on what a federated caller brings, and that can be said.
fn attributes_lines(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let explanation = &known.explanation;
    let open =
        explanation.outcome == Outcome::Unknown && explanation.question.caller.is_federated();
    if !open {
        return Vec::new();
    }
    let words = "say what the caller's token says";
    act_lines(pen, Command::Attributes, words, room)
}

fn binding_words(known: &KnownAnswer, repair: &Repair) -> String {
    let short = known.estate.label(&repair.resource);
    let name = address::name(&short);
    let role = picture::title(&known.estate, &repair.role);
    match &repair.replaces {
        Some(old) => {
            format!("put the caller in the place of {old} in the binding of {role} on {name}")
        }
        None => format!("grant {role} on {name} itself: 1 binding, 1 member"),
    }
}

/// What else could stand in the way and does not.
fn clear_way(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let explanation = &known.explanation;
    let guarded = !known.plan.refused.is_empty();
    if guarded || explanation.allow.is_empty() || !explanation.hops.is_empty() {
        return Vec::new();
    }
    let mut clear = Vec::new();
    if explanation.denied == Truth::No {
        clear.push("no deny rule");
    }
    if explanation.boundaries.eligible == Truth::Yes {
        clear.push(if explanation.boundaries.assumed {
            "no boundary known"
        } else {
            "no boundary"
        });
    }
    if matches!(&explanation.api, Some((_, Truth::Yes))) {
        clear.push("the API is on");
    }
    if clear.is_empty() {
        return Vec::new();
    }
    let words = format!(
        "{} Nothing else in the way: {}.",
        pen.glyphs.yes(),
        clear.join(", ")
    );
    hanging(StyleRole::Text, &words, room + 2).collect()
}

/// The hops of a delegation chain.
fn hops(pen: &Pen<'_>, known: &KnownAnswer, room: usize) -> Vec<WhyLine> {
    let hops = &known.explanation.hops;
    let mut rows = Vec::new();
    for (i, hop) in hops.iter().enumerate() {
        let (role, sign, may) = match hop.outcome {
            Outcome::WouldSucceed => (StyleRole::Granted, pen.glyphs.yes(), "has"),
            Outcome::WouldFail => (StyleRole::Denied, pen.glyphs.no(), "is refused"),
            Outcome::Unknown => (StyleRole::Unknown, "?", "may be refused"),
        };
        let words = format!(
            "{sign} hop {} of {}: {} {may} {} on {}",
            i + 1,
            hops.len(),
            hop.question.caller.short(),
            hop.question.permission,
            known.estate.label(&hop.question.target)
        );
        rows.extend(hanging(role, &words, room));
    }
    rows
}

/// A sentence after a sign: what goes on stands below its first word.
fn hanging(role: StyleRole, words: &str, room: usize) -> impl Iterator<Item = WhyLine> {
    let lines = wrap(words, room).into_iter().enumerate();
    lines.map(move |(i, text)| WhyLine {
        text: line(role, text),
        indent: if i == 0 { 0 } else { 2 },
        cause: None,
        does: None,
    })
}
