//! The explorer on the terminal: what owns it, the loop, and what ends it.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::super::keys::command::Command;
use super::super::keys::{Key, KeyContext};
use super::super::look::theme::{Background, Theme};
use super::super::message::Message;
use super::super::preferences::Preferences;
use super::super::{Leave, ReadingTeller, Session, Start, view};
use super::background::{Answers, AskBackground, Heard, of_variable, understands};
use super::clipboard;
use super::effects::Effect;
use super::leaving::{self, Leaving};
use super::terminal::{Bell, Terminal};
use crate::answer::signs::Glyphs;
use crate::text::visible;

/// Longest time that messages are taken in without a frame (chosen: a key is answered within 16 ms).
const BETWEEN_FRAMES: Duration = Duration::from_millis(4);

/// Between two frames that nobody typed for (chosen: sixty a second). A list that fills would draw without end.
const FRAME: Duration = Duration::from_millis(16);

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
        // Until it is answered, and where nothing answers.
        let told = std::env::var("COLORFGBG").ok();
        let told = || told.as_deref().and_then(of_variable);
        let background = preferences.background.or_else(told);
        let background = background.unwrap_or(Background::Dark);
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

    /// Shows at once that something is on its way (`words`), and waits for it; `None`: its user left meanwhile.
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
            let said = visible(words);
            loop {
                let theme = self.theme;
                self.terminal
                    .draw(|frame| view::waiting(frame, theme, glyphs, source, &said))?;
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
    pub fn run(self, start: Start) -> io::Result<Leave> {
        let session = Session::new(start, self.theme, self.glyphs, &self.runtime);
        let nothing: Option<JoinHandle<Result<Start, Infallible>>> = None;
        self.play(session, nothing)
            .map(|Ok(left): Result<_, Infallible>| left)
    }

    /// The same on what is still being read: `start` is what is known of it, `read` reads it and says how far it is; what
    /// comes of that is gone on with. Accounts are listed and pairs are chosen meanwhile; what is asked is answered then.
    ///
    /// # Errors
    /// When the terminal is gone; within, when it cannot be read.
    pub fn run_reading<E: Send + 'static, F: Future<Output = Result<Start, E>> + Send + 'static>(
        self,
        start: Start,
        read: impl FnOnce(ReadingTeller) -> F,
    ) -> io::Result<Result<Leave, E>> {
        let session = Session::new(start, self.theme, self.glyphs, &self.runtime);
        let reading = self.runtime.spawn(read(session.teller()));
        self.play(session, Some(reading))
    }

    fn play<E>(
        mut self,
        mut session: Session,
        reading: Option<JoinHandle<Result<Start, E>>>,
    ) -> io::Result<Result<Leave, E>> {
        let runtime = self.runtime.clone();
        let left = runtime.block_on(self.event_loop(&mut session, reading));
        // A long list takes long to free, and whoever left waits for the terminal.
        std::mem::forget(session);
        left
    }

    /// Asks what lies behind the text, once something is drawn; nobody waits for the answer.
    fn ask_once(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.asks) {
            self.answers.awaited();
            self.terminal.send(AskBackground)?;
        }
        Ok(())
    }

    async fn event_loop<E>(
        &mut self,
        session: &mut Session,
        mut reading: Option<JoinHandle<Result<Start, E>>>,
    ) -> io::Result<Result<Leave, E>> {
        let end = |session: &Session| Leave::Quit {
            words: session.model.last_lines(),
        };
        session.model.size = self.terminal.size()?;
        let mut effects = Vec::new();
        for message in std::mem::take(&mut self.held) {
            effects.extend(session.take(message));
        }
        // Whether the last thing that came was of the terminal: that is shown at once.
        let mut typed = true;
        let mut drawn = Instant::now();
        loop {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Leave(leave) => return Ok(Ok(leave)),
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
            let is_due = typed || drawn.elapsed() >= FRAME;
            if is_due {
                self.terminal.draw(|frame| session.draw(frame))?;
                drawn = Instant::now();
            }
            self.ask_once()?;
            leaving::awake();
            // Keys first: what comes of tasks may come without end. But a key that is held keeps nothing away.
            let due = if typed { session.waiting() } else { None };
            let message = match due {
                Some(message) => {
                    typed = false;
                    Some(message)
                }
                None => tokio::select! {
                    biased;
                    () = self.leaving.asked() => return Ok(Ok(end(session))),
                    // An error: the terminal is gone, and its user with it.
                    heard = self.answers.next() => {
                        typed = true;
                        from_terminal(heard?)
                    }
                    message = session.next() => {
                        typed = false;
                        message
                    }
                    // Behind all that was told of it.
                    read = ended(&mut reading) => {
                        reading = None;
                        typed = false;
                        match read? {
                            Ok(start) => session.opened(start),
                            Err(error) => return Ok(Err(error)),
                        }
                        None
                    }
                    () = sleep_until((drawn + FRAME).into()), if !is_due => None,
                },
            };
            effects.extend(message.map(|m| session.take(m)).unwrap_or_default());
            if typed {
                continue;
            }
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

/// What came of a task; where there is none, nothing ever does.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> io::Result<T> {
    match task {
        Some(task) => task.await.map_err(io::Error::other),
        None => pending().await,
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
