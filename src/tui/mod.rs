//! The explorer: model, update, view, effects, keymap, theme.
//!
//! It never waits: a message changes the model ([`update`](fn@update::update)), the view draws it, an
//! executor turns effects into tasks whose results come back as messages.

mod clipboard;
pub mod command;
pub mod effects;
pub mod glyph;
mod input;
pub mod keymap;
pub mod list;
pub mod message;
pub mod model;
pub mod page;
mod paths;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod tree;
pub mod update;
pub mod view;
mod words;

use std::io;
use std::path::PathBuf;

use crossterm::event::Event;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::google::listing::Scope;
use crate::google::{Client, CredentialsError};
use crate::iam::{Permission, Principal, Resource};
use effects::{Effect, Executor};
use glyph::Glyphs;
use message::Message;
use model::{Loading, Model, Pick, Screen, SignedOut};
use terminal::Terminal;
use theme::Theme;

/// What the explorer starts from.
pub struct Start {
    /// The connection, or why there is none.
    pub client: Result<Client, CredentialsError>,
    /// Where facts come from, for the header.
    pub source: String,
    /// Who is signed in, as far as known.
    pub viewer: Option<String>,
    /// How far to look.
    pub scope: Scope,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Who calls; selected, and asked about at once when a target is given too and `open` is set.
    pub caller: Option<Principal>,
    /// Which account is wanted.
    pub target: Option<Resource>,
    /// What is asked for.
    pub permission: Permission,
    /// Whether to ask about the pair at once.
    pub open: bool,
    /// Where the history is kept.
    pub history: PathBuf,
    /// What to offer where there are no credentials.
    pub offer: Option<String>,
    /// The moment to ask about; `None`: now.
    pub time: Option<Timestamp>,
}

/// How the explorer was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By its user, with lines for the normal screen.
    Quit {
        /// The lines.
        words: Vec<String>,
    },
    /// What was offered was taken up.
    Accepted,
}

impl Model {
    /// The explorer before its first frame.
    #[must_use]
    pub fn new(start: &Start, theme: Theme, glyphs: Glyphs) -> Self {
        let signed_out = start.client.as_ref().err().map(|error| SignedOut {
            words: error.to_string(),
            offer: start.offer.clone(),
        });
        Self {
            source: start.source.clone(),
            viewer: start.viewer.clone(),
            read_only: start.read_only,
            scope: start.scope.clone(),
            at: start.time,
            size: (80, 24),
            theme,
            glyphs,
            mouse: true,
            accounts: if signed_out.is_some() {
                Loading::Stopped
            } else {
                Loading::Running
            },
            signed_out,
            pick: Pick::default(),
            permission: start.permission.clone(),
            visits: Vec::new(),
            visit: 0,
            screen: Screen::Pick,
            overlays: Vec::new(),
            notice: None,
            tickets: 0,
            undoing: None,
            changed: Vec::new(),
            calls: Vec::new(),
            spots: Vec::new(),
            room: 10,
        }
    }
}

/// A model with the executor that serves it: the explorer without a terminal, for its loop and for
/// tests.
pub struct Session {
    /// The model.
    pub model: Model,
    executor: Executor,
    messages: UnboundedReceiver<Message>,
}

impl Session {
    /// Sets everything up and asks for what the first screen needs.
    #[must_use]
    pub fn new(start: Start, theme: Theme, glyphs: Glyphs, handle: &Handle) -> Self {
        let (sender, messages) = unbounded_channel();
        let mut model = Model::new(&start, theme, glyphs);
        let executor = Executor::new(
            handle.clone(),
            sender,
            start.client.ok(),
            start.read_only,
            start.history,
            start.source,
        );
        let mut first = update::start(&mut model);
        if model.signed_out.is_none() {
            update::preset(&mut model, start.caller.clone(), start.target.clone());
            if let (true, Some(caller), Some(target)) = (start.open, start.caller, start.target) {
                first.extend(update::ask(&mut model, caller, target, start.permission));
            }
        }
        let mut session = Self {
            model,
            executor,
            messages,
        };
        // None of these is for the terminal.
        for effect in first {
            session.executor.run(effect);
        }
        session
    }

    /// Takes a message in; gives the effects that are for the terminal.
    pub fn take(&mut self, message: Message) -> Vec<Effect> {
        let mut for_terminal = Vec::new();
        for effect in update::update(&mut self.model, message) {
            match effect {
                Effect::Copy { .. }
                | Effect::Mouse(_)
                | Effect::Repaint
                | Effect::Suspend
                | Effect::Leave(_) => for_terminal.push(effect),
                other => self.executor.run(other),
            }
        }
        for_terminal
    }

    /// The next message from a task.
    pub async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }

    /// A message that is there already.
    pub fn waiting(&mut self) -> Option<Message> {
        self.messages.try_recv().ok()
    }

    /// Whether nothing is under way and nothing waits to be taken in.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.executor.under_way() == 0 && self.messages.is_empty()
    }
}

/// Runs the explorer until it is left. Owns the terminal meanwhile, and gives it back on every way
/// out: leaving, errors, panics, signals, a terminal that is gone.
///
/// # Errors
/// When the terminal refuses, or is gone.
pub fn run(start: Start, runtime: &Handle) -> io::Result<Leave> {
    let theme = theme_of_environment();
    let glyphs = glyphs_of_environment();
    let mut session = Session::new(start, theme, glyphs, runtime);
    // Before the terminal is taken: a signal that nobody awaits would end the process with it taken.
    let mut signals = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let mut terminal = Terminal::take(session.model.mouse)?;
    let left = runtime.block_on(event_loop(&mut session, &mut terminal, &mut signals));
    drop(terminal);
    left
}

async fn event_loop(
    session: &mut Session,
    terminal: &mut Terminal,
    signals: &mut Signals,
) -> io::Result<Leave> {
    session.model.size = terminal.size()?;
    terminal.draw(|frame| view::draw(frame, &mut session.model))?;
    loop {
        let message = tokio::select! {
            // An error: the terminal is gone, and its user with it.
            event = input::next() => from_terminal(event?),
            message = session.next() => message,
            () = signals.next() => {
                return Ok(Leave::Quit { words: session.model.changed.clone() });
            }
        };
        let mut effects = message.map(|m| session.take(m)).unwrap_or_default();
        // What has come meanwhile is taken in before the next frame, so that a burst is one frame.
        while let Some(message) = session.waiting() {
            effects.extend(session.take(message));
        }
        for effect in effects {
            match effect {
                Effect::Leave(leave) => return Ok(leave),
                Effect::Mouse(on) => terminal.set_mouse(on)?,
                Effect::Repaint => terminal.repaint()?,
                Effect::Suspend => terminal.suspend()?,
                Effect::Copy { what, text } => {
                    let words = clipboard::copy(terminal, &what, &text)?;
                    session.take(Message::Copied(words));
                }
                _ => {}
            }
        }
        terminal.draw(|frame| view::draw(frame, &mut session.model))?;
    }
}

fn from_terminal(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => Some(Message::Key(key)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Mouse(event) => Some(Message::Mouse(event)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// What ends the explorer from outside. Ctrl-C is a key here, but a SIGINT can be sent all the same.
#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 4]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::quit())?,
        ]))
    }

    async fn next(&mut self) {
        let [a, b, c, d] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
            _ = d.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// `BINDSCOPE_THEME` names a theme; `NO_COLOR` (no-color.org) takes all hue away.
fn theme_of_environment() -> Theme {
    // crossterm obeys NO_COLOR by itself and would drop reverse and bold with the hue.
    crossterm::style::force_color_output(true);
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let named = std::env::var("BINDSCOPE_THEME")
        .ok()
        .and_then(|name| Theme::named(&name));
    match (named, no_color) {
        (Some(theme), _) => theme,
        (None, true) => Theme::Mono,
        (None, false) => Theme::Terminal,
    }
}

/// ASCII where the locale is no UTF-8 one, or `BINDSCOPE_ASCII` is set.
fn glyphs_of_environment() -> Glyphs {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if set("BINDSCOPE_ASCII").is_some() {
        return Glyphs::Ascii;
    }
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    match locale {
        // Without a locale most terminals of today still speak UTF-8.
        None => Glyphs::Rich,
        Some(locale) => {
            let locale = locale.to_lowercase();
            if locale.contains("utf-8") || locale.contains("utf8") {
                Glyphs::Rich
            } else {
                Glyphs::Ascii
            }
        }
    }
}
