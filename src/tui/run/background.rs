//! What lies behind the terminal's text: asked once, after the first frame, by OSC 11 (XTerm Control Sequences,
//! "Operating System Commands"). Nothing waits for the answer, and no letter of it is taken for a key, however late it
//! comes.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::look::theme::Background;
use super::input;

/// So long an Esc is held back while an answer is awaited: it may be the first byte of one that came in two parts
/// (chosen: nobody feels it).
const ESC_OR_ANSWER: Duration = Duration::from_millis(30);
/// So long after the question (chosen: longer than any way over ssh takes).
const SOON: Duration = Duration::from_secs(5);
/// No answer is longer: `11;rgba:` and four numbers of four digits.
const LONGEST: usize = 32;

/// The question.
pub struct AskBackground;

impl crossterm::Command for AskBackground {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b]11;?\x1b\\")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a terminal of that name knows what to do with the question; these show it, or do what they like.
#[must_use]
pub fn understands(term: Option<&str>) -> bool {
    !matches!(
        term,
        None | Some("" | "dumb" | "linux" | "cons25" | "emacs")
    )
}

/// What came from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something that its user did.
    Event(Event),
    /// The answer.
    Background(Background),
}

/// Tells the answer from what is typed.
#[derive(Debug, Default)]
pub struct Answers {
    /// An answer may come, however late, and more than one where it was asked more than once.
    awaited: bool,
    /// So long its first byte may come alone.
    soon: Option<Instant>,
    /// What may be the beginning of one.
    held: Vec<Event>,
    /// Its letters.
    text: String,
    /// What was no answer after all.
    ready: VecDeque<Event>,
}

/// What an event is to an answer that is being read.
enum AnswerPart {
    /// Esc, which may go before `]` or `\`.
    Escape,
    /// `]` with Alt: both bytes in one.
    Begin,
    /// The end.
    End,
    Letter(char),
    /// AnswerPart of none.
    Other,
}

fn part(event: &Event) -> AnswerPart {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press,
        ..
    }) = event
    else {
        return AnswerPart::Other;
    };
    match (code, *modifiers) {
        (KeyCode::Esc, KeyModifiers::NONE) => AnswerPart::Escape,
        (KeyCode::Char(']'), KeyModifiers::ALT) => AnswerPart::Begin,
        (KeyCode::Char('\\'), KeyModifiers::ALT) => AnswerPart::End,
        (KeyCode::Char('g'), KeyModifiers::CONTROL) => AnswerPart::End,
        (KeyCode::Char(c), KeyModifiers::NONE | KeyModifiers::SHIFT) => AnswerPart::Letter(*c),
        _ => AnswerPart::Other,
    }
}

impl Answers {
    /// The question was sent.
    pub fn awaited(&mut self) {
        self.awaited = true;
        self.soon = Instant::now().checked_add(SOON);
    }

    /// What comes next.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub async fn next(&mut self) -> io::Result<Heard> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Heard::Event(event));
            }
            // An Esc alone is held for a blink; what has begun as an answer ends as one.
            let event = if self.held.len() == 1 && self.text.is_empty() {
                let next = tokio::time::timeout(ESC_OR_ANSWER, input::next());
                match next.await {
                    Ok(event) => event?,
                    Err(_) => {
                        self.no_answer();
                        continue;
                    }
                }
            } else {
                input::next().await?
            };
            if let Some(heard) = self.take(event) {
                return Ok(heard);
            }
        }
    }

    /// What was held is what its user did.
    fn no_answer(&mut self) {
        self.ready.extend(self.held.drain(..));
        self.text.clear();
    }

    /// Takes an event in; `None`: it is held, or part of an answer that nothing comes of.
    fn take(&mut self, event: Event) -> Option<Heard> {
        let begun = !self.text.is_empty();
        match part(&event) {
            _ if !self.awaited => return Some(Heard::Event(event)),
            AnswerPart::Begin if self.held.is_empty() => {
                self.held.push(event);
                self.text.push(']');
            }
            AnswerPart::Escape if begun || (self.held.is_empty() && self.is_soon()) => {
                self.held.push(event);
            }
            AnswerPart::Letter(']') if self.held.len() == 1 && !begun => {
                self.held.push(event);
                self.text.push(']');
            }
            AnswerPart::Letter('\\') if begun => return self.answered(),
            AnswerPart::End if begun => return self.answered(),
            AnswerPart::Letter(c) if begun && self.goes_on(c) => {
                self.held.push(event);
                self.text.push(c);
            }
            _ => {
                self.held.push(event);
                self.no_answer();
                return self.ready.pop_front().map(Heard::Event);
            }
        }
        None
    }

    fn is_soon(&self) -> bool {
        self.soon.is_some_and(|until| Instant::now() < until)
    }

    /// Whether an answer may go on so.
    fn goes_on(&self, c: char) -> bool {
        let so_far = format!("{}{c}", self.text);
        let fixed = ["]11;rgb:", "]11;rgba:"];
        let begins = |form: &str| form.starts_with(&so_far);
        let in_numbers = |form: &str| {
            let digits = so_far.strip_prefix(form);
            digits.is_some_and(|d| d.chars().all(|c| c.is_ascii_hexdigit() || c == '/'))
        };
        so_far.len() <= LONGEST
            && (fixed.iter().any(|f| begins(f)) || fixed.iter().any(|f| in_numbers(f)))
    }

    /// An answer came whole.
    fn answered(&mut self) -> Option<Heard> {
        self.soon = None;
        self.held.clear();
        let text = std::mem::take(&mut self.text);
        background(&text).map(Heard::Background)
    }
}

/// What `COLORFGBG` says, which rxvt, Konsole and others set: numbers of the sixteen colours, the background's last
/// (`15;0`, `0;default;15`). *Chosen*: 7 and the bright ones but 8 are light, as Vim has it.
pub fn of_variable(value: &str) -> Option<Background> {
    match value.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _ => None,
    }
}

/// `]11;rgb:ffff/ffff/ffff`, with one to four digits each.
fn background(text: &str) -> Option<Background> {
    let (_, numbers) = text.split_once(':')?;
    let mut parts = numbers.split('/').map(|digits| {
        let most = (1_u32 << (4 * digits.len().min(4))).checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(f64::from(value) / f64::from(most.max(1)))
    });
    let mut next = || parts.next().flatten();
    let (red, green, blue) = (next()?, next()?, next()?);
    // Brightness as the eye weighs it (ITU-R BT.709); which side of the middle is all that is asked.
    let bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(if bright > 0.5 {
        Background::Light
    } else {
        Background::Dark
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_may_say_it() {
        for (value, wanted) in [
            ("15;0", Some(Background::Dark)),
            ("0;default;15", Some(Background::Light)),
            ("0;7", Some(Background::Light)),
            ("7;8", Some(Background::Dark)),
            ("default;default", None),
            ("0;16", None),
            ("", None),
        ] {
            assert_eq!(of_variable(value), wanted, "{value}");
        }
    }

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    fn letters(text: &str) -> Vec<Event> {
        let each = text.chars().map(KeyCode::Char);
        each.map(|c| key(c, KeyModifiers::NONE)).collect()
    }

    /// What is told of these events, and what is left held.
    fn heard(events: Vec<Event>) -> (Vec<Heard>, usize) {
        let mut answers = Answers::default();
        answers.awaited();
        let mut out = Vec::new();
        for event in events {
            out.extend(answers.take(event));
            while let Some(event) = answers.ready.pop_front() {
                out.push(Heard::Event(event));
            }
        }
        (out, answers.held.len())
    }

    fn answer(text: &str) -> Vec<Event> {
        let mut all = vec![key(KeyCode::Char(']'), KeyModifiers::ALT)];
        all.extend(letters(text));
        all.push(key(KeyCode::Char('\\'), KeyModifiers::ALT));
        all
    }

    #[test]
    fn an_answer_is_told_and_no_letter_of_it_is_typed() {
        for (text, is) in [
            ("11;rgb:ffff/ffff/ffff", Background::Light),
            ("11;rgb:00/2b/36", Background::Dark),
            ("11;rgba:fdfd/f6f6/e3e3/ffff", Background::Light),
            ("11;rgb:0/0/0", Background::Dark),
        ] {
            let mut all = letters("ab");
            all.extend(answer(text));
            all.extend(letters("c"));
            let (told, held) = heard(all);
            let typed = |i: usize| letters("abc").swap_remove(i);
            assert_eq!(
                told,
                [
                    Heard::Event(typed(0)),
                    Heard::Event(typed(1)),
                    Heard::Background(is),
                    Heard::Event(typed(2)),
                ]
            );
            assert_eq!(held, 0);
        }
        // In two parts, ended by BEL, and with nothing in it that helps.
        let mut split = vec![key(KeyCode::Esc, KeyModifiers::NONE)];
        split.extend(letters("]11;rgb:ffff/ffff/ffff"));
        split.push(key(KeyCode::Char('g'), KeyModifiers::CONTROL));
        assert_eq!(heard(split).0, [Heard::Background(Background::Light)]);
        assert_eq!(heard(answer("11;rgb:")), (Vec::new(), 0));
    }

    #[test]
    fn what_is_no_answer_is_what_its_user_did() {
        let mut all = vec![key(KeyCode::Char(']'), KeyModifiers::ALT)];
        all.extend(letters("11x"));
        let (told, held) = heard(all.clone());
        let typed: Vec<Heard> = all.into_iter().map(Heard::Event).collect();
        assert_eq!((told, held), (typed, 0));
        let esc = vec![
            key(KeyCode::Esc, KeyModifiers::NONE),
            key(KeyCode::Char('q'), KeyModifiers::NONE),
        ];
        let typed: Vec<Heard> = esc.iter().cloned().map(Heard::Event).collect();
        assert_eq!(heard(esc), (typed, 0));
    }

    #[test]
    fn whoever_would_show_the_question_is_not_asked() {
        assert!(understands(Some("xterm-256color")));
        assert!(understands(Some("tmux-256color")));
        for term in [None, Some("dumb"), Some("linux")] {
            assert!(!understands(term));
        }
    }
}
