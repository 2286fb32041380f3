//! What a command prints: a page of lines in which every text from outside is made visible, with
//! colour where a terminal reads it; or JSON, alone on stdout.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anstyle_query::{no_color, term_supports_color};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::answer::signs::Glyphs;
use crate::answer::states::LevelState;
use crate::evaluate::Truth;
use crate::google::survey::{Progress, ProgressState};
use crate::text::{JsonObject, Overlong, counted, pretty_json, visible, wrap, write_json_line};

/// What a piece of a line means; colours follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Plain.
    Plain,
    /// A heading, or the one thing to see.
    Strong,
    /// Granted, added, done.
    Good,
    /// Denied, removed, failed.
    Bad,
    /// Unknown, off the path, depends.
    Unsure,
    /// Less important.
    Faint,
}

impl Ink {
    /// That of a level.
    pub fn of(state: LevelState) -> Self {
        match state {
            LevelState::Grants => Self::Good,
            LevelState::OffPath
            | LevelState::ConditionNotMet
            | LevelState::Depends
            | LevelState::Misses
            | LevelState::Missing
            | LevelState::Waiting
            | LevelState::UnreadableDecides => Self::Unsure,
            LevelState::Nothing | LevelState::UnreadableIdle => Self::Faint,
            LevelState::Denies | LevelState::OutsideBoundary | LevelState::Off => Self::Bad,
        }
    }

    /// How it looks; bold stays where colours are not wanted (NO_COLOR speaks of hue alone).
    fn style(self, look: Styling) -> Style {
        let plain = Style::new();
        let hue = |colour: AnsiColor| plain.fg_color(Some(colour.into()));
        match (self, look) {
            (_, Styling::Plain) | (Self::Plain, _) => plain,
            (Self::Strong, _) => plain.bold(),
            (_, Styling::Bold) => plain,
            (Self::Good, Styling::Colour) => hue(AnsiColor::Green),
            (Self::Bad, Styling::Colour) => hue(AnsiColor::Red),
            (Self::Unsure, Styling::Colour) => hue(AnsiColor::Yellow),
            (Self::Faint, Styling::Colour) => plain.dimmed(),
        }
    }
}

/// The signs that whoever looks can see.
pub fn glyphs() -> Glyphs {
    static FOUND: OnceLock<Glyphs> = OnceLock::new();
    *FOUND.get_or_init(Glyphs::of_environment)
}

/// The sign for yes, no, and neither.
pub fn mark(tri: Truth) -> &'static str {
    glyphs().of_tri(tri)
}

/// Lines for people.
#[derive(Debug, Default)]
pub struct TextPage {
    lines: Vec<Vec<(Ink, String)>>,
}

impl TextPage {
    /// A line of one piece. A line end in it is shown, not obeyed: it came from outside.
    pub fn line(&mut self, ink: Ink, text: impl AsRef<str>) {
        self.lines.push(vec![(ink, visible(text.as_ref()))]);
    }

    /// Lines of our own making: a command, a letter, an error.
    pub fn block(&mut self, ink: Ink, text: impl AsRef<str>) {
        for part in text.as_ref().split('\n') {
            self.line(ink, part);
        }
    }

    /// A line of several pieces, each on one line.
    pub fn pieces(&mut self, pieces: &[(Ink, &str)]) {
        let line = pieces.iter().map(|(ink, text)| (*ink, visible(text)));
        self.lines.push(line.collect());
    }

    /// An empty line, unless there is one already.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|last| !last.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    /// A paragraph of `text`, wrapped at 80 columns: `first` stands before its first line, as many
    /// spaces before the others.
    pub fn wrapped(&mut self, ink: Ink, first: &str, text: &str) {
        let indent = unicode_width::UnicodeWidthStr::width(first);
        let mut lead = first.to_owned();
        let room = 80_usize.saturating_sub(indent);
        for line in wrap(&visible(text), room, Overlong::Whole) {
            self.pieces(&[(Ink::Plain, &lead), (ink, &line)]);
            lead = " ".repeat(indent);
        }
    }

    /// All of it as text.
    fn render(&self, look: Styling) -> String {
        let mut out = String::new();
        for line in &self.lines {
            let mut plain = String::new();
            for (ink, text) in line {
                let style = ink.style(look);
                // Without effects nothing stands around the text.
                plain.push_str(&format!("{style}{text}{style:#}"));
            }
            out.push_str(plain.trim_end_matches(' '));
            out.push('\n');
        }
        out
    }

    /// Prints to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn print(&self) -> Result<(), Failure> {
        let stdout = io::stdout();
        let text = self.render(Styling::of(&stdout));
        // On consoles of Windows that do not know the codes they become calls.
        written(AutoStream::always(stdout.lock()), &text)
    }

    /// Prints to stderr, where JSON has stdout for itself. A stderr that is gone hears nothing.
    pub fn print_aside(&self) {
        let stderr = io::stderr();
        let text = self.render(Styling::of(&stderr));
        let _ = AutoStream::always(stderr.lock()).write_all(text.as_bytes());
    }
}

/// How much of a style a stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Styling {
    Plain,
    Bold,
    Colour,
}

impl Styling {
    /// Colours for terminals, unless `NO_COLOR` is set (no-color.org) or the terminal is `dumb`;
    /// `CLICOLOR` and `CLICOLOR_FORCE` are obeyed (bixense.com/clicolors).
    fn of(stream: &impl RawStream) -> Self {
        match AutoStream::choice(stream) {
            ColorChoice::Never if no_color() && stream.is_terminal() && term_supports_color() => {
                Self::Bold
            }
            ColorChoice::Never => Self::Plain,
            ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => Self::Colour,
        }
    }
}

/// Prints pages to stdout, one after the other, each made when its turn comes: a list may be longer than what should
/// be held of it.
///
/// # Errors
/// When stdout cannot be written to.
pub fn print_pages<F: FnOnce(&mut TextPage)>(
    pages: impl IntoIterator<Item = F>,
) -> Result<(), Failure> {
    let stdout = io::stdout();
    let look = Styling::of(&stdout);
    // On consoles of Windows that do not know the codes they become calls.
    let stdout = AutoStream::always(stdout.lock());
    let rendered = pages.into_iter().map(|fill| {
        let mut page = TextPage::default();
        fill(&mut page);
        page.render(look)
    });
    all_written(stdout, rendered)
}

/// Prints a JSON object to stdout, and nothing else goes there: `rows` are the elements of its list `list`, each made
/// when its turn comes.
///
/// # Errors
/// When stdout cannot be written to.
pub fn json_with_rows<R: Serialize + Send + Sync>(
    object: &Map<String, Value>,
    list: &str,
    rows: impl Iterator<Item = R>,
) -> Result<(), Failure> {
    json_object(|out| with_rows(out, object, list, rows))
}

/// The entries of an object, of which `rows` are those of its list `list`.
///
/// # Errors
/// When it cannot be written.
pub fn with_rows<R: Serialize + Send + Sync>(
    out: &mut JsonObject<impl Write>,
    object: &Map<String, Value>,
    list: &str,
    rows: impl Iterator<Item = R>,
) -> io::Result<()> {
    let mut rows = Some(rows);
    for (key, value) in object {
        match rows.take_if(|_| key == list) {
            Some(rows) => out.list(key, rows)?,
            None => out.entry(key, value)?,
        }
    }
    Ok(())
}

/// Prints a JSON object to stdout, entry by entry, and nothing else goes there.
///
/// # Errors
/// When stdout cannot be written to.
pub fn json_object(
    fill: impl FnOnce(&mut JsonObject<&mut BufWriter<StdoutLock<'static>>>) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut stdout = BufWriter::with_capacity(AT_ONCE, io::stdout().lock());
    let written = JsonObject::begin(&mut stdout)
        .and_then(|mut object| {
            fill(&mut object)?;
            object.end()
        })
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
    taken(stdout, written)
}

/// Prints JSON to stdout, a value on each line, each made when its turn comes; nothing else goes there.
///
/// # Errors
/// When stdout cannot be written to.
pub fn json_lines(lines: impl IntoIterator<Item = Value>) -> Result<(), Failure> {
    let mut stdout = BufWriter::with_capacity(AT_ONCE, io::stdout().lock());
    let written = lines
        .into_iter()
        .try_for_each(|line| {
            write_json_line(&mut stdout, &line).and_then(|()| stdout.write_all(b"\n"))
        })
        .and_then(|()| stdout.flush());
    taken(stdout, written)
}

/// What an iterator gives, as a list.
pub struct ListOf<I>(pub I);

impl<R: Serialize, I: Iterator<Item = R> + Clone> Serialize for ListOf<I> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.0.clone())
    }
}

/// For a process that ends now: what is large is left to the system, which takes it back at once; given back piece by
/// piece, as nobody waits for it to be, a large estate takes seconds.
pub fn leave<T>(what: T) {
    std::mem::forget(what);
}

/// Prints JSON to stdout, and nothing else goes there.
///
/// # Errors
/// When stdout cannot be written to.
pub fn json(value: &Value) -> Result<(), Failure> {
    write_out(&format!("{}\n", pretty_json(value)))
}

/// Prints text as it is to stdout.
///
/// # Errors
/// When stdout cannot be written to. A reader that went away (`| head`) is no failure.
pub fn write_out(text: &str) -> Result<(), Failure> {
    written(io::stdout().lock(), text)
}

/// Prints a line to stdout. `false`: nobody reads it any more.
///
/// # Errors
/// When stdout cannot be written to.
pub fn still_read(line: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(Failure::new(
            "write to stdout",
            e.to_string(),
            "check where the output goes",
        )),
    }
}

fn written(stdout: impl Write, text: &str) -> Result<(), Failure> {
    all_written(stdout, std::iter::once(text))
}

/// So many bytes are gathered before they are written.
const AT_ONCE: usize = 1 << 16;

fn all_written<T: AsRef<str>>(
    stdout: impl Write,
    parts: impl IntoIterator<Item = T>,
) -> Result<(), Failure> {
    let mut stdout = BufWriter::with_capacity(AT_ONCE, stdout);
    let mut parts = parts.into_iter();
    let written = parts
        .try_for_each(|part| stdout.write_all(part.as_ref().as_bytes()))
        .and_then(|()| stdout.flush());
    taken(stdout, written)
}

fn taken(stdout: BufWriter<impl Write>, written: io::Result<()>) -> Result<(), Failure> {
    // What nobody takes is not tried again.
    let _ = stdout.into_parts();
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            "write to stdout",
            e.to_string(),
            "check where the output goes",
        )),
        _ => Ok(()),
    }
}

/// One line on stderr that tells how far something has come, written over and gone at the end. Only
/// where somebody looks, and not more often than eyes follow.
pub struct Passing {
    watched: bool,
    told: Instant,
    shown: bool,
}

/// Between two words on how far something has come.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Default for Passing {
    fn default() -> Self {
        Self {
            watched: io::stderr().is_terminal(),
            told: Instant::now(),
            shown: false,
        }
    }
}

impl Passing {
    /// Says it, when it is time to.
    pub fn say(&mut self, words: impl FnOnce() -> String) {
        if self.watched && self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            self.shown = true;
            let line: String = visible(&words()).chars().take(78).collect();
            let _ = write!(io::stderr(), "\r\u{1b}[K{line}");
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// The answers of a survey on a passing line, counted.
#[derive(Default)]
pub struct Counting(Mutex<(Passing, usize)>);

impl Counting {
    /// Counts a step that is through.
    pub fn step(&self, step: &Progress) {
        if step.state == ProgressState::Started {
            return;
        }
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (passing, count) = &mut *line;
        *count += 1;
        passing.say(|| format!("{}, last: {}", counted(*count, "answer"), step.label));
    }
}

/// A line to stderr.
pub fn aside(text: &str) {
    let mut page = TextPage::default();
    page.block(Ink::Plain, text);
    page.print_aside();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let mut page = TextPage::default();
        page.pieces(&[(Ink::Bad, "a\u{1b}[2Jb"), (Ink::Plain, "\r\u{202e}c")]);
        let plain = page.render(Styling::Plain);
        assert_eq!(plain, "a\\u{1b}[2Jb\\u{d}\\u{202e}c\n");
        let coloured = page.render(Styling::Colour);
        assert_eq!(coloured.matches('\u{1b}').count(), 2, "{coloured:?}");
        assert_eq!(page.render(Styling::Bold), plain);
    }

    #[test]
    fn a_paragraph_is_wrapped_and_indented() {
        let mut page = TextPage::default();
        page.wrapped(Ink::Plain, " 1 ", &"word ".repeat(30));
        let text = page.render(Styling::Plain);
        assert!(text.lines().all(|l| l.len() <= 80), "{text}");
        assert!(text.starts_with(" 1 word"));
        assert!(
            text.lines().skip(1).all(|l| l.starts_with("   word")),
            "{text}"
        );
    }
}
