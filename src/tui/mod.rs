//! The explorer: model, update, view, effects, keymap, theme.
//!
//! It never waits: a message changes the model ([`update`](fn@update::update)), the view draws it, an
//! executor turns effects into tasks whose results come back as messages.

mod keep;
pub mod keys;
pub mod look;
pub mod message;
pub mod model;
pub mod pages;
pub mod plain;
pub mod preferences;
pub mod run;
pub mod update;
pub mod view;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::Frame;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::answer::signs::Glyphs;
use crate::estate::{Assumption, Estate, KeysByAccount};
use crate::evaluate::{Call, Question};
use crate::google::credentials::Origin;
use crate::google::listing::Scope;
use crate::google::{Client, CredentialsError};
use crate::iam::{Permission, Principal, Resource};
use crate::repair::{CommandLine, Power};
use crate::text::visible;
use keys::command::Command;
use look::theme::Theme;
use message::Message;
use model::{
    EstatePanel, Layout, Loading, Model, Pick, ReviewKnown, Screen, SignedOut, WatchOptions,
};
use preferences::Preferences;
use run::effects::Effect;
use run::executor::Executor;

pub use run::{Explorer, ReadingTeller};

/// What the explorer starts from.
pub struct Start {
    /// The connection, or why there is none.
    pub client: Result<Client, CredentialsError>,
    /// Where facts come from, for the header.
    pub source: String,
    /// Who is signed in, as far as known.
    pub viewer: Option<String>,
    /// The same as a principal, where it is known.
    pub principal: Option<Principal>,
    /// Where their credentials come from; `None`: nothing that somebody signed in with.
    pub origin: Option<Origin>,
    /// Words on it where what is looked at is still being read: then there is nobody to ask yet, and that is no fault.
    pub reading: Option<String>,
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
    /// A delegation chain between the two.
    pub via: Vec<Resource>,
    /// A federated caller's attributes: name to value.
    pub attributes: Vec<(String, String)>,
    /// The claims of a federated caller's token: a JSON object.
    pub claims: Option<Arc<serde_json::Value>>,
    /// What is known of the call itself.
    pub call: Call,
    /// Whether to ask about the pair at once.
    pub open: bool,
    /// Where the history is kept.
    pub history: PathBuf,
    /// What to offer where there are no credentials.
    pub offer: Option<String>,
    /// The moment to ask about; `None`: now.
    pub time: Option<Timestamp>,
    /// From which power of a target on its name has to be typed.
    pub two_steps_from: Power,
    /// What every answer takes for granted, because the source has no place for it.
    pub assumptions: Vec<Assumption>,
    /// Keys of accounts that a file tells of: the way over APIs does not ask for any.
    pub keys: KeysByAccount,
    /// The estate that is looked at, where this process read it itself and whoever looks may see all of it.
    pub at_hand: Option<Estate>,
    /// What was read of files, where facts come from such and whoever looks sees all of them.
    pub given: Option<Estate>,
    /// What of the files looked at does not count, a line each.
    pub notes: Vec<String>,
    /// What a review goes by.
    pub review: ReviewKnown,
    /// How the same is asked on a command line.
    pub line: CommandLine,
    /// Whether and how the answer is watched.
    pub watching: WatchOptions,
    /// What its user settled.
    pub preferences: Preferences,
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

impl Start {
    /// The question that the options make, once both sides are given. Its time is set when it is asked.
    fn question(&self) -> Option<Question> {
        let (caller, target) = (self.caller.clone()?, self.target.clone()?);
        let time = self.time.unwrap_or(Timestamp::UNIX_EPOCH);
        Some(Question {
            permission: self.permission.clone(),
            via: self.via.clone(),
            attributes: self.attributes.clone(),
            claims: self.claims.clone(),
            call: self.call.clone(),
            ..Question::new(caller, target, time)
        })
    }
}

impl Model {
    /// The explorer before its first frame.
    #[must_use]
    pub fn new(start: &Start, theme: Theme, glyphs: Glyphs) -> Self {
        let missing = start.client.as_ref().err();
        let missing = missing.filter(|_| start.reading.is_none());
        let signed_out = missing.map(|error| SignedOut {
            words: error.to_string(),
            offer: start.offer.clone(),
        });
        Self {
            source: start.source.clone(),
            viewer: start.viewer.clone(),
            origin: start.origin.clone(),
            until: None,
            renews: false,
            read_only: start.read_only,
            two_steps_from: start.two_steps_from,
            scope: start.scope.clone(),
            at: start.time,
            line: start.line.clone(),
            size: (80, 24),
            theme,
            glyphs,
            themes: start.preferences.theme.clone(),
            keys: Arc::clone(&start.preferences.keys),
            closed: start.preferences.closed.clone(),
            mouse: start.preferences.mouse,
            accounts: if signed_out.is_some() {
                Loading::Stopped
            } else {
                Loading::begun()
            },
            signed_out,
            pick: Pick::default(),
            permission: start.permission.clone(),
            given: start.question(),
            visits: Vec::new(),
            visit: 0,
            screen: Screen::Pick,
            overlays: Vec::new(),
            waiting: Vec::new(),
            notice: None,
            choosing: None,
            reading: start.reading.as_deref().map(visible),
            waits: Vec::new(),
            tickets: 0,
            watch: None,
            watching: start.watching,
            undoing: None,
            pairs: Vec::new(),
            estate: EstatePanel::default(),
            said: None,
            changed: Vec::new(),
            left_open: None,
            layout: Layout {
                room: 10,
                ..Layout::default()
            },
        }
    }
}

/// A model with the executor that serves it: the explorer without a terminal, for its loop and for
/// tests.
pub struct Session {
    /// The model.
    pub model: Model,
    executor: Executor,
    save_in: Option<PathBuf>,
    messages: UnboundedReceiver<Message>,
    handle: Handle,
    sender: UnboundedSender<Message>,
}

/// What of the files does not count.
fn note(model: &mut Model, notes: &[String]) {
    if !notes.is_empty() {
        model.say(visible(&format!("Note: {}.", notes.join("; "))));
    }
}

/// Whoever asks what it tells of.
fn executor(start: &mut Start, handle: &Handle, sender: &UnboundedSender<Message>) -> Executor {
    let nobody = Err(CredentialsError::Missing(String::new()));
    let client = std::mem::replace(&mut start.client, nobody);
    Executor::new(
        handle.clone(),
        sender.clone(),
        client.ok(),
        start.read_only,
        start.history.clone(),
        start.source.clone(),
    )
    .holding(start.reading.is_some())
    .assuming(std::mem::take(&mut start.assumptions))
    .knowing_keys(std::mem::take(&mut start.keys))
    .having(start.at_hand.take())
    .of_files(start.given.take())
    .reviewing(std::mem::take(&mut start.review))
    .keeping(&start.preferences.closed)
    .seen_by(start.principal.take())
}

impl Session {
    /// Sets everything up and asks for what the first screen needs.
    #[must_use]
    pub fn new(start: Start, theme: Theme, glyphs: Glyphs, handle: &Handle) -> Self {
        let (sender, messages) = unbounded_channel();
        let mut start = start;
        let mut model = Model::new(&start, theme, glyphs);
        let executor = executor(&mut start, handle, &sender);
        let mut first = update::start(&mut model);
        note(&mut model, &start.notes);
        if model.signed_out.is_none() {
            update::preset(&mut model, start.caller.clone(), start.target.clone());
            if let (true, Some(caller), Some(target)) = (start.open, start.caller, start.target) {
                first.extend(update::ask(&mut model, caller, target, start.permission));
                if let Some(asked) = model.asked_mut() {
                    asked.before = model::AskedFrom::Given;
                }
            }
        }
        let mut session = Self {
            save_in: start.preferences.save_in,
            model,
            executor,
            messages,
            handle: handle.clone(),
            sender,
        };
        // None of these is for the terminal.
        for effect in first {
            session.executor.run(effect);
        }
        session
    }

    /// Who tells of what is read, while it is.
    #[must_use]
    pub fn teller(&self) -> ReadingTeller {
        ReadingTeller::new(self.sender.clone())
    }

    /// What is looked at is read: it can be asked from now on, and what was asked meanwhile is.
    pub fn opened(&mut self, mut start: Start) {
        let model = &mut self.model;
        model.viewer = start.viewer.take();
        model.origin = start.origin.take();
        model.scope = start.scope.clone();
        let first = update::opened(model);
        note(model, &start.notes);
        let mut before = executor(&mut start, &self.handle, &self.sender);
        std::mem::swap(&mut before, &mut self.executor);
        self.executor.in_place_of(&mut before);
        for effect in first {
            self.executor.run(effect);
        }
    }

    /// Takes a message in; gives the effects that are for the terminal.
    pub fn take(&mut self, message: Message) -> Vec<Effect> {
        let effects = update::update(&mut self.model, message);
        self.sorted(effects)
    }

    /// Runs a command where the focus is, as its key would; gives the effects that are for the terminal.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        let effects = update::run(&mut self.model, command);
        self.sorted(effects)
    }

    fn sorted(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut for_terminal = Vec::new();
        for effect in effects {
            match effect {
                Effect::Copy { .. }
                | Effect::Bell
                | Effect::Title(_)
                | Effect::Mouse(_)
                | Effect::Repaint
                | Effect::Suspend
                | Effect::Leave(_) => for_terminal.push(effect),
                // What is written is what is shown now.
                Effect::Save => {
                    if let Some(files) = keep::kept_files(&self.model, self.save_in.clone()) {
                        self.executor.run(Effect::Keep(Box::new(files)));
                    }
                }
                // Files go where its user wants them.
                Effect::ExportRows {
                    table,
                    rows,
                    marked,
                    format,
                    to,
                    folder: _,
                } => self.executor.run(Effect::ExportRows {
                    table,
                    rows,
                    marked,
                    format,
                    to,
                    folder: self.save_in.clone(),
                }),
                other => self.executor.run(other),
            }
        }
        for_terminal
    }

    /// Draws a frame.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let layout = view::draw(frame, &self.model);
        self.model.drawn(layout);
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
