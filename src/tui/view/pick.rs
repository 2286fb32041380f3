//! Choosing a caller and a target: two lists side by side, one at a time where it is narrow.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::keys::KeyContext;
use super::super::look::text::{cut_middle, width};
use super::super::look::theme::StyleRole;
use super::super::look::time::in_zone;
use super::super::model::list::Filtered;
use super::super::model::{Account, Layout, Loading, Model, Pick, Side, Spot};
use super::super::words::permission_words;
use super::frame::loading_words;
use super::page::field;
use super::pen::Pen;
use crate::google::listing::ListWay;
use crate::iam::address::short;
use crate::text::visible;

/// From this width on both lists stand side by side.
const SIDE_BY_SIDE: u16 = 66;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    model: &Model,
    out: &mut Layout,
) -> Option<Position> {
    let lead = if area.width >= SIDE_BY_SIDE {
        "Who calls, and which account should it act as? Type, or paste an error."
    } else {
        "Who calls, and as which account?"
    };
    pen.put(area.x + 1, area.y, area.width - 2, StyleRole::Text, lead);
    let body = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(2),
    );
    summary(
        pen,
        Rect::new(area.x, area.bottom() - 1, area.width, 1),
        model,
    );
    let on_target = model.pick.on_target;
    if body.width >= SIDE_BY_SIDE {
        let half = body.width / 2;
        let left = Rect::new(body.x, body.y, half - 1, body.height);
        let right = Rect::new(body.x + half, body.y, body.width - half, body.height);
        let a = side(pen, left, model, Side::Caller, out);
        let b = side(pen, right, model, Side::Target, out);
        return if on_target { b } else { a };
    }
    let which = if on_target {
        Side::Target
    } else {
        Side::Caller
    };
    side(pen, body, model, which, out)
}

/// The pair that Enter would ask about.
fn summary(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let caller = model.pick.chosen_caller();
    let target = model.pick.chosen_target();
    let caller = caller.map_or_else(|| "nobody yet".to_owned(), |c| c.short());
    let target = target.map_or_else(|| "no account yet".to_owned(), |t| short(t.id()).to_owned());
    let arrow = pen.glyphs.pick(" → ", " -> ");
    let asks = permission_words(&model.permission);
    let room = usize::from(area.width.saturating_sub(2));
    let full = format!("{caller}{arrow}{target}   {asks}");
    if width(&full) <= room {
        let x = pen.put(
            area.x + 1,
            area.y,
            area.width - 2,
            StyleRole::Heading,
            &caller,
        );
        let x = pen.put(x, area.y, area.right() - x, StyleRole::Dim, arrow);
        let x = pen.put(x, area.y, area.right() - x, StyleRole::Heading, &target);
        pen.put(
            x + 3,
            area.y,
            area.right().saturating_sub(x + 3),
            StyleRole::Dim,
            &asks,
        );
        return;
    }
    // The longer one is cut, and the shorter where there is too little for both halves.
    let both = room.saturating_sub(width(arrow));
    let half = both / 2;
    let for_caller = half.max(both.saturating_sub(width(&target)));
    let for_target = half.max(both.saturating_sub(width(&caller)));
    let e = pen.glyphs.ellipsis();
    let text = format!(
        "{}{arrow}{}",
        cut_middle(&caller, for_caller, e),
        cut_middle(&target, for_target, e)
    );
    pen.put(
        area.x + 1,
        area.y,
        area.width - 2,
        StyleRole::Heading,
        &text,
    );
}

fn side(
    pen: &mut Pen<'_>,
    area: Rect,
    model: &Model,
    side: Side,
    out: &mut Layout,
) -> Option<Position> {
    let focused = model.pick.on_target == (side == Side::Target) && pen.in_focus();
    let title = match side {
        Side::Caller => "caller",
        Side::Target => "target",
    };
    let loading = &model.accounts;
    out.spot(area, Spot::PickList(side));
    let list = model.pick.list(side);
    pen.rule(Rect::new(area.x, area.y, area.width, 1), title, focused);
    let counts = counts(loading, list, &model.pick);
    let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
    let fits = |words: &&String| width(words) + width(title) + 4 < usize::from(area.width);
    if let Some(words) = counts.iter().find(fits) {
        pen.put_right(inner, area.y, StyleRole::Dim, words);
    }
    let line = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(1), 1);
    let caret = field(pen, line, &list.input);
    let rows_area = Rect::new(
        area.x,
        area.y + 2,
        area.width,
        area.height.saturating_sub(2),
    );
    let room = usize::from(rows_area.height);
    let rows = list.window(room);
    let first = Some(list.first_shown(room));
    match side {
        Side::Caller => out.callers = first,
        Side::Target => out.targets = first,
    }
    let selected = list.row();
    let empty = rows.is_empty();
    let (typed, total) = (!list.input.value().is_empty(), list.total());
    for ((row, account, places), y) in rows.into_iter().zip(rows_area.y..) {
        let line = Rect::new(area.x, y, area.width, 1);
        account_row(pen, line, account, &places, row == selected, focused);
        if let Some(favourite) = model.pick.kept(side, &account.email) {
            let sign = match favourite {
                true => pen.glyphs.pick("★", "*"),
                false => pen.glyphs.pick("•", "."),
            };
            pen.put(area.x + 1, y, 1, StyleRole::Key, sign);
        }
        out.spot(line, Spot::PickRow(side, row));
    }
    pen.scroll_bar(rows_area, list.first_shown(room), room, list.shown());
    if model.pick.on_target == (side == Side::Target) {
        out.room = room;
    }
    if empty {
        let words = nothing(model, side, typed, total);
        let room = usize::from(area.width.saturating_sub(3));
        for (text, y) in super::super::look::text::wrap(&words, room)
            .into_iter()
            .zip(rows_area.y..rows_area.bottom())
        {
            pen.put(area.x + 2, y, area.width - 3, StyleRole::Dim, &text);
        }
    }
    focused.then_some(caret)
}

/// How many there are and where one is, the longest way of saying it first.
fn counts(loading: &Loading, list: &Filtered<Account>, pick: &Pick) -> Vec<String> {
    let (row, shown, total) = (list.row() + 1, list.shown(), list.total());
    let all = match loading {
        Loading::Done(listing) => match (listing.unreadable.len(), &listing.way) {
            (0, ListWay::Search) => format!("{total} by Asset search"),
            (0, ListWay::Part) => format!("{total} known"),
            (0, _) => total.to_string(),
            (n, _) => format!("{total}, {n} not read"),
        },
        Loading::Running(_) => match &pick.coming {
            Some(coming) => format!("{} so far", coming.total()),
            None => format!("{total} so far"),
        },
        _ => loading_words(loading, total),
    };
    let read = pick.read_at.map(|at| in_zone(at, "%H:%M:%S"));
    let (come, age) = match (&pick.coming, read) {
        (Some(coming), Some(read)) => (coming.total(), format!(", as of {read}")),
        (None, Some(read)) if pick.is_old => (total, format!(", as of {read}")),
        _ => (total, String::new()),
    };
    if list.input.value().is_empty() {
        // Where one is, as in every list, and how many there are where.
        let placed = |words: String| {
            if row < 2 {
                return format!(" {words}{age} ");
            }
            let rest = words.strip_prefix(&total.to_string());
            match rest.filter(|_| come == total) {
                Some(rest) if rest.is_empty() || rest.starts_with(',') => {
                    format!(" {row} of {total}{rest}{age} ")
                }
                Some(rest) => format!(" {row} of {total},{rest}{age} "),
                None => format!(" {row} of {total}, {words}{age} "),
            }
        };
        return vec![
            placed(loading_words(loading, come)),
            placed(all.clone()),
            format!(" {all}{age} "),
            format!(" {row} of {total} "),
        ];
    }
    let more = if list.is_matched() { "" } else { " so far" };
    if shown == 0 {
        return vec![
            format!(" 0{more} of {all}{age} "),
            format!(" 0 of {total}{age} "),
            format!(" 0 of {total} "),
        ];
    }
    vec![
        match all.ends_with("known") {
            true => format!(" {row} of {shown}{more}, {all}{age} "),
            false => format!(" {row} of {shown}{more}, {all} in all{age} "),
        },
        format!(" {row} of {shown}{more}{age} "),
        format!(" {row} of {shown}{more} "),
    ]
}

/// Why a list is empty, and what to do.
fn nothing(model: &Model, side: Side, typed: bool, total: usize) -> String {
    let taken = match side {
        Side::Caller => model.pick.typed_caller().map(|c| c.to_string()),
        Side::Target => model.pick.typed_target().map(|t| t.id().to_owned()),
    };
    if let Some(taken) = taken {
        let enter = model.keys.fill(KeyContext::Pick, "{open}");
        return format!("{taken}: taken as typed. {enter}.");
    }
    match &model.accounts {
        Loading::Done(listing) if typed && total > 0 && !listing.is_all() => {
            model.keys.fill(KeyContext::Pick, "No account of the list matches, and the list may not be all: one that is missing can be typed as a whole address. {back} clears the filter.")
        }
        _ if typed && total > 0 => {
            model.keys.fill(KeyContext::Pick, "No account matches. {back} clears the filter; a whole address, user:… or principal://… is taken as typed.")
        }
        Loading::Running(_) => "The accounts are on their way. You can type already.".to_owned(),
        Loading::Failed(why) => {
            let again = model.keys.fill(KeyContext::Pick, "{refresh} tries again");
            format!("The accounts could not be listed: {why}. {again}; a whole address can be typed.")
        }
        Loading::Stopped => model.keys.fill(KeyContext::Pick, "Stopped. {refresh} reads the list again; a whole address can be typed."),
        Loading::Done(listing) if !listing.unreadable.is_empty() => format!(
            "No account could be listed: {}. Which there are is not known; a whole address can be typed.",
            match listing.unreadable.as_slice() {
                [(place, why)] => format!("{} could not be read ({})", visible(place), visible(why)),
                all => format!("{} projects or folders could not be read", all.len()),
            }
        ),
        Loading::Done(listing) if listing.projects == 0 => "No project is shown to you here, so no account can be listed: which there are is not known. A whole address can be typed.".to_owned(),
        Loading::Done(listing) if listing.way == ListWay::Part => "The files name no service account, and hold a part of the estate: which there are is not known. A whole address can be typed.".to_owned(),
        Loading::Done(listing) if !listing.is_all() => "Asset search finds no service account in this scope; it lags by minutes. A whole address can be typed.".to_owned(),
        Loading::Done(_) => "There are no service accounts in this scope that you may list. A whole address can be typed.".to_owned(),
    }
}

fn account_row(
    pen: &mut Pen<'_>,
    area: Rect,
    account: &Account,
    places: &[u32],
    selected: bool,
    focused: bool,
) {
    use super::super::model::list::Item as _;
    let chars: Vec<char> = account.text().chars().collect();
    let [name, project, description] = account.columns();
    let base = if account.disabled {
        StyleRole::Dim
    } else {
        StyleRole::Text
    };
    let inner = area.width.saturating_sub(3);
    // Names get the larger half; the description what is left where the screen is wide.
    let (name_room, project_room) = if inner >= 70 {
        (inner * 2 / 5, inner * 3 / 10)
    } else {
        (inner * 3 / 5, inner - inner * 3 / 5 - 1)
    };
    // What is too long for its column has the room that the other leaves.
    let cells = |range: &std::ops::Range<usize>| {
        let text: String = chars
            .get(range.clone())
            .unwrap_or_default()
            .iter()
            .collect();
        u16::try_from(width(&text)).unwrap_or(u16::MAX)
    };
    let both = name_room + project_room;
    let left = both.saturating_sub(cells(&project));
    let name_room = match cells(&name) {
        long if long > name_room => long.min(left).max(name_room),
        short => left.max(short).min(name_room),
    };
    let project_room = both - name_room;
    let mut x = area.x + 2;
    columns(pen, (x, area.y, name_room), &chars, name, places, base);
    x += name_room + 1;
    columns(
        pen,
        (x, area.y, project_room),
        &chars,
        project,
        places,
        StyleRole::Dim,
    );
    x += project_room + 1;
    let mut rest = area.right().saturating_sub(x);
    if account.disabled {
        let tag = pen.put(x, area.y, rest, StyleRole::Misplaced, "disabled");
        rest = area.right().saturating_sub(tag + 1);
        x = tag + 1;
    }
    if inner >= 70 {
        let text: String = chars.get(description).unwrap_or_default().iter().collect();
        pen.put(x, area.y, rest, StyleRole::Dim, &text);
    }
    if selected {
        let mark = pen.glyphs.mark();
        if focused {
            pen.put(area.x, area.y, 1, StyleRole::Key, mark);
            pen.lay(area, StyleRole::Selected);
        } else {
            pen.put(area.x, area.y, 1, StyleRole::Dim, mark);
            let text = Rect::new(area.x + 2, area.y, name_room, 1);
            pen.lay(text, StyleRole::SelectedElsewhere);
        }
    }
}

/// One column with its matched letters, cut in the middle where it is too long.
fn columns(
    pen: &mut Pen<'_>,
    (x, y, room): (u16, u16, u16),
    chars: &[char],
    range: std::ops::Range<usize>,
    places: &[u32],
    base: StyleRole,
) {
    let matched = pen
        .style(StyleRole::Match)
        .add_modifier(Modifier::UNDERLINED);
    let plain = pen.style(base);
    let cells: Vec<(char, bool)> = range
        .filter_map(|i| {
            let hit = u32::try_from(i).is_ok_and(|i| places.binary_search(&i).is_ok());
            Some((*chars.get(i)?, hit))
        })
        .collect();
    let room_cells = usize::from(room);
    let cells = if cells.len() > room_cells && room_cells > 2 {
        let left = room_cells / 2;
        let right = room_cells - 1 - left;
        let mut cut: Vec<(char, bool)> = cells.iter().take(left).copied().collect();
        cut.push((pen.glyphs.ellipsis(), false));
        cut.extend(cells.iter().skip(cells.len() - right).copied());
        cut
    } else {
        cells
    };
    let end = x + room;
    let mut at = x;
    for (c, hit) in cells {
        if at >= end {
            break;
        }
        let mut text = [0_u8; 4];
        let style = if hit { matched } else { plain };
        at = pen.put_styled(at, y, end - at, style, c.encode_utf8(&mut text));
    }
}
