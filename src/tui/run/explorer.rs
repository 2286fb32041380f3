//! The explorer on the terminal: what owns it, the loop, and what ends it.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use tokio::runtime::Handle;

use super::super::keys::command::Command;
use super::super::keys::{Key, KeyContext};
use super::super::look::theme::{Background, Theme};
use super::super::message::Message;
use super::super::preferences::Preferences;
use super::super::{Leave, Session, Start, view};
use super::background::{Answers, AskBackground, Heard, understands};
use super::clipboard;
use super::effects::Effect;
use super::leaving::{self, Leaving};
use super::terminal::{Bell, Terminal};
use crate::answer::signs::Glyphs;

/// Longest time that messages are taken in without a frame (chosen: a key is answered within 16 ms).
const BETWEEN_FRAMES: Duration = Duration::from_millis(4);

/// The terminal while it is the explorer's. It is given back on every way out: leaving, errors,
/// panics, signals, a terminal that is gone.
pub struct Explorer {
    terminal: Terminal,
    leaving: Leaving,
    runtime: Handle,
    theme: Theme,
    glyphs: Glyphs,
    preferences: Preferences,
    answers: Answers,
    /// Whether the terminal is still to be asked what lies behind its text.
    asks: bool,
    /// What was typed before there was anything to type into.
    held: Vec<Message>,
}

impl Explorer {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn take(runtime: &Handle, preferences: &Preferences) -> io::Result<Self> {
        // crossterm obeys NO_COLOR by itself and would drop reverse and bold with the hue.
        crossterm::style::force_color_output(true);
        let term = std::env::var("TERM").ok();
        let asks = preferences.asks() && (cfg!(windows) || understands(term.as_deref()));
        let background = preferences.background.unwrap_or(Background::Dark);
        // Before the terminal is taken: a signal that nobody awaits would end the process with it taken.
        let leaving = Leaving::listen(0)?;
        Ok(Self {
            terminal: Terminal::take(preferences.mouse)?,
            leaving,
            runtime: runtime.clone(),
            theme: preferences.theme.on(background),
            glyphs: preferences.glyphs.unwrap_or_else(Glyphs::of_environment),
            preferences: preferences.clone(),
            answers: Answers::default(),
            asks,
            held: Vec::new(),
        })
    }

    /// Shows at once that something is on its way, and waits for it; `None`: its user left meanwhile.
    /// Keys pressed until then are kept for what comes; `q` as the first of them leaves. What is waited for
    /// runs on a thread of the runtime's: it may be stuck, this one may not.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn wait<T: Send + 'static>(
        &mut self,
        source: &str,
        words: &str,
        what: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<Option<T>> {
        let runtime = self.runtime.clone();
        let mut what = runtime.spawn(what);
        runtime.block_on(async {
            let glyphs = self.glyphs;
            loop {
                let theme = self.theme;
                self.terminal
                    .draw(|frame| view::waiting(frame, theme, glyphs, source, words))?;
                self.ask_once()?;
                leaving::awake();
                let message = tokio::select! {
                    done = &mut what => return done.map(Some).map_err(io::Error::other),
                    heard = self.answers.next() => from_terminal(heard?),
                    () = self.leaving.asked() => return Ok(None),
                };
                match message {
                    Some(Message::Background(background)) => {
                        self.theme = self.preferences.theme.on(background);
                    }
                    Some(Message::Key(key)) => {
                        let keys = &self.preferences.keys;
                        let command = keys.lookup(KeyContext::Everywhere, Key::of(&key));
                        let leaves = match command {
                            Some(Command::Interrupt) => true,
                            Some(Command::Quit) => self.held.is_empty(),
                            _ => false,
                        };
                        if leaves {
                            return Ok(None);
                        }
                        self.held.push(Message::Key(key));
                    }
                    Some(Message::Resize(..)) => self.terminal.repaint()?,
                    Some(other) => self.held.push(other),
                    None => {}
                }
            }
        })
    }

    /// Runs the explorer until it is left.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn run(mut self, start: Start) -> io::Result<Leave> {
        let runtime = self.runtime.clone();
        let mut session = Session::new(start, self.theme, self.glyphs, &runtime);
        runtime.block_on(self.event_loop(&mut session))
    }

    /// Asks what lies behind the text, once something is drawn; nobody waits for the answer.
    fn ask_once(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.asks) {
            self.answers.awaited();
            self.terminal.send(AskBackground)?;
        }
        Ok(())
    }

    async fn event_loop(&mut self, session: &mut Session) -> io::Result<Leave> {
        let end = |session: &Session| Leave::Quit {
            words: session.model.last_lines(),
        };
        session.model.size = self.terminal.size()?;
        let mut effects = Vec::new();
        for message in std::mem::take(&mut self.held) {
            effects.extend(session.take(message));
        }
        loop {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Leave(leave) => return Ok(leave),
                    Effect::Mouse(on) => self.terminal.set_mouse(on)?,
                    Effect::Repaint => self.terminal.repaint()?,
                    Effect::Bell => self.terminal.send(Bell)?,
                    Effect::Title(title) => self.terminal.title(title.as_deref())?,
                    Effect::Suspend => self.terminal.suspend()?,
                    Effect::Copy { what, text } => {
                        let words = clipboard::copy(&mut self.terminal, &what, &text)?;
                        session.take(Message::Copied(words));
                    }
                    _ => {}
                }
            }
            self.terminal.draw(|frame| session.draw(frame))?;
            self.ask_once()?;
            leaving::awake();
            let message = tokio::select! {
                // Keys first: what comes of tasks may come without end.
                biased;
                () = self.leaving.asked() => return Ok(end(session)),
                // An error: the terminal is gone, and its user with it.
                heard = self.answers.next() => from_terminal(heard?),
                message = session.next() => message,
            };
            effects.extend(message.map(|m| session.take(m)).unwrap_or_default());
            // What has come meanwhile is taken in before the next frame, so that a burst is one frame, and one
            // that does not end is many.
            let begun = Instant::now();
            while begun.elapsed() < BETWEEN_FRAMES
                && let Some(message) = session.waiting()
            {
                effects.extend(session.take(message));
            }
        }
    }
}

fn from_terminal(heard: Heard) -> Option<Message> {
    let event = match heard {
        Heard::Event(event) => event,
        Heard::Background(background) => return Some(Message::Background(background)),
    };
    match event {
        Event::Key(key) => Some(Message::Key(key)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Mouse(event) => Some(Message::Mouse(event)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}
