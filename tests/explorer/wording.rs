//! The words of every story's screens: counts and their nouns, punctuation, units, and headlines over nothing.

use bindscope::emulator::stories::{self, Story};
use bindscope::tui::look::theme::{StyleRole, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::play::{Opening, Play};
use crate::words::wrong;

/// A colour that nothing but headlines has.
const HEADLINE: Color = Color::Indexed(201);

fn theme() -> Theme {
    Theme::default().with(StyleRole::Heading, Style::new().fg(HEADLINE))
}

/// A line of a panel: what it says, and whether all of it is a headline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    text: String,
    headline: bool,
}

/// Where the window lies that is open, without its borders; else the whole screen.
fn in_front(buffer: &Buffer) -> Rect {
    let area = buffer.area;
    let at = |symbol: &str| {
        let mut cells = area.positions().filter(|at| buffer[*at].symbol() == symbol);
        cells.next()
    };
    match (at("┌"), at("┘")) {
        (Some(from), Some(to)) => {
            Rect::new(from.x + 1, from.y + 1, to.x - from.x - 1, to.y - from.y - 1)
        }
        _ => area,
    }
}

/// The lines of one row between upright bars, each with the column where it begins.
fn row(buffer: &Buffer, area: Rect, y: u16) -> Vec<(u16, Line)> {
    let mut lines = Vec::new();
    let mut begin = area.x;
    let mut line = Line::default();
    let (mut inked, mut plain) = (false, false);
    for x in area.x..=area.right() {
        let cell = (x < area.right()).then(|| &buffer[(x, y)]);
        let symbol = cell.map_or("│", |c| c.symbol());
        if ["│", "┃", "█"].contains(&symbol) {
            line.headline = inked && !plain;
            line.text = line.text.trim().to_owned();
            lines.push((begin, std::mem::take(&mut line)));
            begin = x + 1;
            (inked, plain) = (false, false);
            continue;
        }
        line.text.push_str(symbol);
        if symbol.trim().is_empty() {
            continue;
        }
        inked = true;
        plain |= cell.is_some_and(|c| c.fg != HEADLINE);
    }
    lines
}

/// Headlines below which their panel ends, or has the next headline. What is a sentence is none, nor is the name of a
/// field.
fn empty_headlines(buffer: &Buffer) -> Vec<String> {
    let area = in_front(buffer);
    let rows: Vec<Vec<(u16, Line)>> = (area.y..area.bottom())
        .map(|y| row(buffer, area, y))
        .collect();
    let mut found = Vec::new();
    for (y, lines) in rows.iter().enumerate() {
        for (begin, line) in lines.iter().filter(|(_, l)| l.headline) {
            let panel = |row: &Vec<(u16, Line)>| {
                let line = row.iter().rev().find(|(at, _)| at <= begin);
                line.map_or_else(Line::default, |(_, line)| line.clone())
            };
            // As it would be without the line's end: what is longer is said, and no headline.
            let after = rows[y..].iter().map(panel).take_while(|l| l.headline);
            let before = rows[..y].iter().rev().map(panel).take_while(|l| l.headline);
            let said: Vec<String> = before.chain(after).map(|l| l.text).collect();
            let words = said.iter().flat_map(|text| text.split(' ')).count();
            if words > 6 || said.iter().any(|text| text.ends_with(['.', '?', ':'])) {
                continue;
            }
            let mut below = rows[y + 1..].iter().map(panel);
            let ends = ['─', '━', '└', '┘'];
            // A panel that is cut right there has more below.
            let over_nothing = match below.next() {
                Some(l) if l.text.is_empty() => below
                    .find(|l| !l.text.is_empty())
                    .is_none_or(|l| l.headline || l.text.starts_with(ends)),
                next => next.is_some_and(|l| l.headline),
            };
            if over_nothing {
                found.push(format!("a headline over nothing: {}", line.text));
            }
        }
    }
    found
}

/// What is wrong on the screens that one has come by.
#[derive(Default)]
struct Reader {
    found: BTreeSet<String>,
    /// Lines that were read, each with the one below it.
    seen: HashSet<u64>,
}

impl Reader {
    fn look(&mut self, play: &Play, at: &str) {
        let bare = play.screen().replace(['│', '┃', '█'], " ");
        let lines: Vec<&str> = bare.lines().map(str::trim).collect();
        let mut new = false;
        for (i, line) in lines.iter().enumerate() {
            let below = lines.get(i + 1).copied().unwrap_or_default();
            let two = format!("{line}\n{below}");
            let mut hash = DefaultHasher::new();
            two.hash(&mut hash);
            if self.seen.insert(hash.finish()) {
                new = true;
                let found = wrong(&two).into_iter();
                self.found
                    .extend(found.map(|words| format!("{at}: {words}")));
            }
        }
        // Where a panel is cut, what stands below is one key away.
        if new && play.picture().area.width > 80 {
            let empty = empty_headlines(&play.picture()).into_iter();
            self.found
                .extend(empty.map(|words| format!("{at}: {words}")));
        }
    }

    /// Reads the screen as it is, and on whatever opens there with these keys.
    fn open(&mut self, play: &mut Play, keys: &str) {
        play.keys(keys);
        self.look(play, keys);
        play.keys("<Esc>");
    }
}

/// The answer with all that its panels hold, every level and cause, and every page that leads on from it.
fn answer(reader: &mut Reader, play: &mut Play) {
    reader.look(play, "answer");
    for (width, height) in [(40, 12), (80, 24)] {
        play.resize(width, height);
        reader.look(play, "answer, small");
    }
    play.resize(140, 60);
    for _ in 0..2 {
        let mut before = play.keys("g").screen();
        for _ in 0..40 {
            reader.open(play, "<Enter>");
            let after = play.keys("j").screen();
            if after == before {
                break;
            }
            before = after;
        }
        play.keys("<Tab>");
    }
    for keys in [
        "w", "x", "F", "i", "R", "Y", "m", "v", "y", "!", "?", "a", "L", "H",
    ] {
        reader.open(play, keys);
    }
}

/// What `f` shows; where it is a confirmation it is applied, proven, listed and taken back.
fn fix(reader: &mut Reader, play: &mut Play) {
    play.keys("f");
    reader.look(play, "f");
    let word = regex::Regex::new(r"type (\S+) to apply:").unwrap();
    let asked = |play: &Play| word.captures(&play.screen()).map(|c| c[1].to_owned());
    if asked(play).is_none() {
        play.keys("<Esc>");
        return;
    }
    for keys in ["t", "t", "<F1>"] {
        play.keys(keys);
        reader.look(play, &format!("f{keys}"));
    }
    play.keys("<Esc><Tab>");
    reader.look(play, "f, another");
    play.keys("<Esc><Esc>f");
    let word = asked(play).expect("it is asked again");
    play.keys(&format!("{word}<Enter>"));
    reader.look(play, "applied");
    play.keys("<Esc>");
    reader.look(play, "works");
    for keys in ["H", "H<Enter>"] {
        reader.open(play, keys);
    }
    play.keys("<Esc><Esc>u");
    reader.look(play, "u");
    if let Some(word) = asked(play) {
        play.keys(&format!("{word}<Enter>"));
        reader.look(play, "taken back");
        play.keys("<Esc>");
        reader.look(play, "as before");
    }
}

fn read(story: &'static Story, reader: &mut Reader) {
    let mut play = Opening {
        size: (140, 60),
        theme: theme(),
        ..Opening::story(story)
    }
    .play();
    answer(reader, &mut play);
    fix(reader, &mut play);
}

/// So many tests share the stories, to be walked at the same time.
const PARTS: usize = 4;

/// Walks a part of the stories: by CI all of it, otherwise every third.
fn walk(part: usize) {
    let all = std::env::var_os("PROPTEST_CASES").is_some();
    let stories = stories::index().iter().filter(|s| s.name != "large");
    let mine = stories.skip(part).step_by(PARTS);
    let mut found = BTreeSet::new();
    for story in mine.step_by(if all { 1 } else { 3 }) {
        let mut reader = Reader::default();
        read(story, &mut reader);
        let lines = reader.seen.len();
        assert!(lines > 200, "{}: {lines} lines were read", story.name);
        let of_story = reader.found.into_iter();
        found.extend(of_story.map(|words| format!("{}: {words}", story.name)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn words_of_the_first_part() {
    walk(0);
}

#[test]
fn words_of_the_second_part() {
    walk(1);
}

#[test]
fn words_of_the_third_part() {
    walk(2);
}

#[test]
fn words_of_the_fourth_part() {
    walk(3);
}

/// The rules find what they are for, and leave alone what is right.
#[test]
fn what_is_wrong_is_found() {
    for text in [
        "1 seconds ago",
        "and 1 more members, none of them this caller",
        "it names 1\naccounts",
        "1 of these were not read",
        "1 account are let in",
        "2 binding, for others",
        "3 accounts is below it",
        "0 permissions",
        "(or it may not exist)..",
        "not readable;, or gone",
        "for at most 3600, as asked",
        "it lasts 3600.",
        "30 mins",
        "2 account(s)",
        "of the the account",
        "a account of it",
        "an project",
        "missing: {fix} adds it",
        "what Some(\"x\") may do",
    ] {
        assert!(!wrong(text).is_empty(), "{text:?} is taken for right");
    }
    for text in [
        "1 second ago, 2 seconds ago, 1 of these was",
        "1 member (or one of 2 other ways)",
        "rule 1 denies it; the account has 1 key. Others: 2",
        "3600 seconds, 3600s, lifetime=3600s",
        "extract() for instance … and so on, `../x`, 10.0.0.1",
        "2 accounts are below it, 1 account is",
        "a use of it, a user, an hour, an account",
        "resource.name.startsWith(\"projects/\") {\"a\": 1}",
        "no permission, nobody",
    ] {
        assert!(wrong(text).is_empty(), "{:?}", wrong(text));
    }
}

/// A headline is found wanting where nothing stands below it, and only there.
#[test]
fn a_headline_over_nothing_is_found() {
    let area = Rect::new(0, 0, 40, 6);
    let head = Style::new().fg(HEADLINE);
    let mut held = Buffer::empty(area);
    held.set_string(0, 0, "Deny policies", head);
    held.set_string(0, 1, "No tokens for data accounts", Style::new());
    held.set_string(0, 3, "Boundaries", head);
    held.set_string(0, 5, "Production only", Style::new());
    assert!(
        empty_headlines(&held).is_empty(),
        "{:?}",
        empty_headlines(&held)
    );
    for (row, words) in [(1, "Boundaries of the caller"), (5, "")] {
        let mut empty = Buffer::empty(area);
        empty.set_string(0, 0, "Deny policies", head);
        empty.set_string(0, row, words, head);
        let found = empty_headlines(&empty);
        assert!(
            found.iter().any(|f| f.ends_with("Deny policies")),
            "{found:?}"
        );
    }
}
