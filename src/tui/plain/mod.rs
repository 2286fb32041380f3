//! The explorer line by line, for screen readers and terminals that can do no more: what there is to see is printed
//! below what was there, in words and without borders, and commands are typed as lines. Model, commands and
//! confirmation are those of the screen.

mod lines;
mod screen;

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::{Duration, Instant};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::keys::KeyContext;
use super::look::theme::Theme;
use super::message::Message;
use super::run::effects::Effect;
use super::run::leaving::{self, Leaving};
use super::{Leave, Session, Start, view};
use crate::answer::signs::Glyphs;
use crate::google::WaitNews;
use crate::text::{Overlong, visible, wrap};
use lines::{LineRead, is_to_leave, read};
use screen::PlainScreen;

/// A line that comes sooner after a confirmation was printed was typed before that could be read, or pasted (chosen).
const TOO_SOON: Duration = Duration::from_millis(400);
/// How wide lines are (chosen: what most readers and braille displays are set to).
const WIDTH: usize = 78;

/// Runs the explorer line by line until it is left.
///
/// # Errors
/// When there is nothing to read from or to print to any more.
pub fn run(start: Start, runtime: &Handle) -> io::Result<Leave> {
    let mut leaving = Leaving::listen(0)?;
    let mut session = Session::new(start, Theme::default(), Glyphs::Rich, runtime);
    let mut typed = typed_lines()?;
    // What is pasted is told from what is typed.
    execute!(io::stdout(), EnableBracketedPaste)?;
    let left = runtime.block_on(PlainLoop::default().turn(&mut session, &mut typed, &mut leaving));
    execute!(io::stdout(), DisableBracketedPaste)?;
    left
}

/// Lines as they are typed; ends with the input.
fn typed_lines() -> io::Result<UnboundedReceiver<String>> {
    let (sender, lines) = unbounded_channel();
    let read = move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().spawn(read)?;
    Ok(lines)
}

/// What was printed so far.
#[derive(Default)]
struct PlainLoop {
    screen: Option<PlainScreen>,
    notice: Option<String>,
    /// Who is signed in, from where and until when.
    whose: String,
    /// When the confirmation that is open was printed.
    confirming: Option<Instant>,
    /// Lines typed while something was read: each is done where the one before has led.
    held: VecDeque<String>,
    /// Whether the input is at its end.
    ended: bool,
}

impl PlainLoop {
    async fn turn(
        &mut self,
        session: &mut Session,
        typed: &mut UnboundedReceiver<String>,
        leaving: &mut Leaving,
    ) -> io::Result<Leave> {
        loop {
            while let Some(message) = session.waiting() {
                if let Some(leave) = done(self.take(session, message)?)? {
                    return Ok(leave);
                }
            }
            let watching = session.model.context() == KeyContext::Applied;
            let takes = session.is_idle() || watching;
            if takes {
                self.show(session)?;
                if let Some(line) = self.held.pop_front() {
                    if let Some(leave) = self.line(session, &line)? {
                        return Ok(leave);
                    }
                    continue;
                }
                if self.ended {
                    let words = session.model.changed_lines();
                    return Ok(Leave::Quit { words });
                }
            }
            leaving::awake();
            let changed = session.model.changed_lines();
            tokio::select! {
                message = session.next() => {
                    if let Some(message) = message
                        && let Some(leave) = done(self.take(session, message)?)?
                    {
                        return Ok(leave);
                    }
                }
                line = typed.recv(), if !self.ended => match line {
                    None => self.ended = true,
                    // Somebody who wants to leave does not wait for what is being read; a script does.
                    Some(line) if !takes && io::stdin().is_terminal() && is_to_leave(session, &line) => {
                        if let Some(leave) = self.line(session, &line)? {
                            return Ok(leave);
                        }
                    }
                    Some(line) => self.held.push_back(line),
                },
                () = leaving.asked() => return Ok(Leave::Quit { words: changed }),
            }
        }
    }

    /// Takes a message in; says at once what stands in the header and above the footer of the screen.
    fn take(&mut self, session: &mut Session, message: Message) -> io::Result<Vec<Effect>> {
        if let Message::Wait(WaitNews::Begun(wait)) = &message {
            print(&[format!("waiting: {}", visible(&wait.to_string()))])?;
        }
        let signed_in = matches!(message, Message::SignedIn(_));
        let effects = session.take(message);
        if signed_in && session.model.origin.is_some() {
            let whose = visible(&view::whose(&session.model));
            if self.whose != whose {
                print(&[format!("signed in: {whose}")])?;
                self.whose = whose;
            }
        }
        Ok(effects)
    }

    /// Does what a line says.
    fn line(&mut self, session: &mut Session, line: &str) -> io::Result<Option<Leave>> {
        let soon = self.confirming.is_some_and(|at| at.elapsed() < TOO_SOON);
        if soon && session.model.context() == KeyContext::Confirm {
            print(&["Not taken: it came before the confirmation could be read. Type it again."])?;
            return Ok(None);
        }
        match read(session, line) {
            LineRead::Took(effects) => return done(effects),
            LineRead::Again => self.screen = None,
            LineRead::Words(words) => print(&words)?,
        }
        Ok(None)
    }

    /// Prints what is new: the whole of another screen, the selected line of the same.
    fn show(&mut self, session: &mut Session) -> io::Result<()> {
        let now = PlainScreen::of(session);
        let news = match &self.screen {
            Some(before) => now.news(before),
            None => now.whole(),
        };
        let notice = session.model.notice.as_ref().map(|n| visible(&n.text));
        let mut out = Vec::new();
        if !news.is_empty() {
            out.push(String::new());
            out.extend(news);
        }
        if notice != self.notice
            && let Some(words) = &notice
        {
            out.push(format!("note: {words}"));
        }
        let confirms = session.model.context() == KeyContext::Confirm;
        if !out.is_empty() {
            print(&out)?;
        }
        if !confirms {
            self.confirming = None;
        } else if self.confirming.is_none() {
            self.confirming = Some(Instant::now());
        }
        self.notice = notice;
        self.screen = Some(now);
        Ok(())
    }
}

/// Prints lines, wrapped at words.
fn print(lines: &[impl AsRef<str>]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        let line = line.as_ref();
        if line.is_empty() {
            writeln!(out)?;
        }
        for part in wrap(line, WIDTH, Overlong::Whole) {
            writeln!(out, "{part}")?;
        }
    }
    out.flush()
}

/// What is for the terminal: here it is said.
fn done(effects: Vec<Effect>) -> io::Result<Option<Leave>> {
    for effect in effects {
        match effect {
            Effect::Leave(leave) => return Ok(Some(leave)),
            // There is no screen to select it from: it is printed, to be taken from there.
            Effect::Copy { what, text } => {
                let mut lines = vec![format!("copy of {}:", visible(&what))];
                lines.extend(text.lines().map(visible));
                let mut out = io::stdout().lock();
                for line in lines {
                    writeln!(out, "{line}")?;
                }
            }
            _ => {}
        }
    }
    Ok(None)
}
