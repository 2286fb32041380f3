//! The explorer played without a terminal: keys in, screens out, against a real emulator over HTTP.

use std::time::Duration;

use bindscope::answer::signs::Glyphs;
use bindscope::emulator::stories::Story;
use bindscope::emulator::{self, Options, Running, stories};
use bindscope::estate::{Assumption, KeysByAccount};
use bindscope::google::credentials::{Origin, Secret};
use bindscope::google::listing::Scope;
use bindscope::google::{Client, Connect, CredentialsError};
use bindscope::iam::{Permission, Principal, Resource};
use bindscope::repair::{CommandLine, SourceOptions};
use bindscope::tui::keys::Key;
use bindscope::tui::look::theme::Theme;
use bindscope::tui::message::Message;
use bindscope::tui::model::{ReviewKnown, WatchOptions};
use bindscope::tui::preferences::Preferences;
use bindscope::tui::run::effects::Effect;
use bindscope::tui::{Leave, Session, Start};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Whoever waits longer than this waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session that is being played.
pub struct Play {
    session: Session,
    terminal: Terminal<TestBackend>,
    /// What was sent to the terminal beside frames.
    pub effects: Vec<Effect>,
    runtime: tokio::runtime::Runtime,
    emulator: Option<Running>,
    history: tempfile::TempDir,
}

/// How to begin.
pub struct Opening {
    pub estate: &'static str,
    /// An estate file's text in its place.
    pub facts: Option<String>,
    pub size: (u16, u16),
    pub viewer: Option<&'static str>,
    pub read_only: bool,
    /// There are no credentials.
    pub signed_out: bool,
    /// Where the credentials come from.
    pub origin: Option<Origin>,
    /// What goes wrong in the emulator.
    pub faults: Option<&'static str>,
    pub glyphs: Glyphs,
    pub theme: Theme,
    /// Asks at once.
    pub pair: Option<(&'static str, &'static str)>,
    pub propagation: Duration,
    /// The moment asked about; `None`: now.
    pub at: Option<&'static str>,
    /// What the source has no place for.
    pub assumptions: Vec<Assumption>,
    pub keys: KeysByAccount,
    /// Whether the estate need not be asked for.
    pub at_hand: bool,
    /// What a review goes by.
    pub review: ReviewKnown,
    /// A delegation chain.
    pub via: Vec<String>,
    /// A federated caller's attributes.
    pub attributes: Vec<(String, String)>,
    /// What is asked for.
    pub permission: &'static str,
    /// An error that is pasted at once.
    pub pasted: Option<&'static str>,
    pub two_steps_from: bindscope::repair::Power,
    pub preferences: Preferences,
    /// Whether and how the answer is watched.
    pub watching: WatchOptions,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            estate: "cross-project",
            facts: None,
            size: (80, 24),
            viewer: None,
            read_only: false,
            signed_out: false,
            origin: None,
            faults: None,
            glyphs: Glyphs::Rich,
            theme: Theme::default(),
            pair: None,
            propagation: Duration::ZERO,
            at: Some("2026-11-24T12:00:00Z"),
            assumptions: Vec::new(),
            keys: KeysByAccount::default(),
            at_hand: false,
            review: ReviewKnown::default(),
            via: Vec::new(),
            attributes: Vec::new(),
            permission: "iam.serviceAccounts.getAccessToken",
            pasted: None,
            two_steps_from: bindscope::repair::power::TWO_STEPS_FROM,
            watching: WatchOptions::default(),
            preferences: Preferences::default(),
        }
    }
}

/// The generated estate.
fn large(accounts: usize, projects: usize) -> bindscope::estate::Estate {
    let text = stories::large::large(accounts, projects).to_string();
    bindscope::estate::file::read_text("large", &text).unwrap()
}

impl Opening {
    /// On a built-in story, with all that its question says.
    pub fn story(story: &'static Story) -> Self {
        let attributes = story.attributes.iter();
        let pasted = story.pasted.as_deref();
        Self {
            estate: &story.name,
            pair: (pasted.is_none()).then_some((&story.caller, &story.target)),
            pasted,
            permission: &story.permission,
            via: story.via.clone(),
            attributes: attributes.map(|(n, v)| (n.clone(), v.clone())).collect(),
            ..Self::default()
        }
    }

    /// Opens the explorer on an emulator of its own, and waits until it has read everything.
    pub fn play(self) -> Play {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let options = Options {
            viewer: self.viewer.map(|v| Principal::parse(v).unwrap()),
            propagation: self.propagation,
            faults: self.faults.map(|f| f.parse().unwrap()).unwrap_or_default(),
            ..Options::default()
        };
        let estate = match &self.facts {
            Some(text) => bindscope::estate::file::read_text("facts", text).unwrap(),
            // Of its kind, and small: what only many accounts show asks for them by `facts`.
            None if self.estate == "large" => large(2_000, 50),
            None => stories::load(self.estate).unwrap(),
        };
        let at_hand = self.at_hand.then(|| estate.clone());
        let emulator = runtime.block_on(emulator::start(estate, options)).unwrap();
        let connect = Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            read_only: self.read_only,
        };
        let client = if self.signed_out {
            Err(CredentialsError::Missing(
                "no credentials were found".to_owned(),
            ))
        } else {
            runtime.block_on(Client::connect(connect))
        };
        let history = tempfile::tempdir().unwrap();
        let start = Start {
            client,
            source: format!("demo: {}", self.estate),
            viewer: Some(self.viewer.unwrap_or("administrator").to_owned()),
            origin: self.origin,
            principal: self.viewer.map(|v| Principal::parse(v).unwrap()),
            scope: Scope::Everything,
            reading: None,
            read_only: self.read_only,
            caller: self.pair.map(|(c, _)| Principal::parse(c).unwrap()),
            target: self.pair.map(|(_, t)| Resource::parse_account(t).unwrap()),
            permission: Permission::parse(self.permission).unwrap(),
            via: self
                .via
                .iter()
                .map(|hop| Resource::parse_account(hop).unwrap())
                .collect(),
            attributes: self.attributes,
            claims: None,
            call: bindscope::evaluate::Call::default(),
            open: self.pair.is_some(),
            history: history.path().to_owned(),
            offer: self
                .signed_out
                .then(|| "look around in the demo".to_owned()),
            time: self.at.map(|at| at.parse().unwrap()),
            assumptions: self.assumptions,
            keys: self.keys,
            at_hand,
            given: None,
            notes: Vec::new(),
            review: self.review,
            line: CommandLine {
                source: SourceOptions::default()
                    .flag(&format!("--demo={}", self.estate))
                    .passing(),
                at: self.at.map(|at| at.parse().unwrap()),
                claims: None,
            },
            two_steps_from: self.two_steps_from,
            watching: self.watching,
            preferences: Preferences {
                save_in: Some(history.path().to_owned()),
                ..self.preferences
            },
        };
        let mut session = Session::new(start, self.theme, self.glyphs, runtime.handle());
        session.model.size = self.size;
        let terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        let mut play = Play {
            session,
            terminal,
            effects: Vec::new(),
            runtime,
            emulator: Some(emulator),
            history,
        };
        play.settle();
        if let Some(text) = self.pasted {
            play.paste(text);
        }
        play
    }
}

impl Play {
    /// Waits until nothing is under way.
    pub fn settle(&mut self) {
        let Self {
            session,
            runtime,
            effects,
            ..
        } = self;
        runtime.block_on(async {
            let done = async {
                loop {
                    while let Some(message) = session.waiting() {
                        effects.extend(session.take(message));
                    }
                    if session.is_idle() {
                        return;
                    }
                    if let Some(message) = session.next().await {
                        effects.extend(session.take(message));
                    }
                }
            };
            tokio::time::timeout(PATIENCE, done)
                .await
                .expect("the session never came to rest");
        });
        self.draw();
    }

    /// Takes messages in until the screen says that; for what goes on and never comes to rest.
    #[track_caller]
    pub fn until(&mut self, words: &str) -> &mut Self {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !self.screen().contains(words) {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let next = async { tokio::time::timeout(left, self.session.next()).await };
            match self.runtime.block_on(next) {
                Ok(Some(message)) => self.take(message),
                _ => panic!("the screen never says {words:?}:\n{}", self.screen()),
            }
        }
        self
    }

    /// Presses keys without waiting for what they start.
    pub fn press(&mut self, notation: &str) -> &mut Self {
        for key in parse(notation) {
            self.take(Message::Key(key.event()));
        }
        self
    }

    /// Turns the wheel down, or clicks, on some words of the screen.
    pub fn mouse(&mut self, kind: crossterm::event::MouseEventKind, words: &str) -> &mut Self {
        let screen = self.screen();
        let found = screen
            .lines()
            .enumerate()
            .find_map(|(row, line)| Some((row, line[..line.find(words)?].chars().count())));
        let (row, column) = found.unwrap_or_else(|| panic!("no {words:?} on\n{screen}"));
        self.take(Message::Mouse(crossterm::event::MouseEvent {
            kind,
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(row).unwrap(),
            modifiers: crossterm::event::KeyModifiers::NONE,
        }));
        self.settle();
        self
    }

    fn draw(&mut self) {
        let session = &mut self.session;
        self.terminal.draw(|frame| session.draw(frame)).unwrap();
    }

    /// Takes one message in without waiting for what it starts.
    pub fn take(&mut self, message: Message) {
        let effects = self.session.take(message);
        self.effects.extend(effects);
        self.draw();
    }

    /// Presses keys as the help writes them: letters stand for themselves, `<Tab>`, `<Ctrl-d>`; waits
    /// after each until everything that it started is done.
    pub fn keys(&mut self, notation: &str) -> &mut Self {
        for key in parse(notation) {
            self.take(Message::Key(key.event()));
            self.settle();
        }
        self
    }

    /// Pastes a text.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.take(Message::Paste(text.to_owned()));
        self.settle();
        self
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.terminal.backend_mut().resize(width, height);
        self.take(Message::Resize(width, height));
        self
    }

    /// The screen as lines, trailing blanks taken off.
    pub fn screen(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let area = buffer.area;
        let mut lines = Vec::new();
        for y in area.top()..area.bottom() {
            let mut line = String::new();
            let mut x = area.left();
            while x < area.right() {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    /// Puts times that are the same on every day where those of this run stand.
    pub fn at_fixed_times(&mut self) {
        use bindscope::tui::model::Reading;
        for asked in &mut self.session.model.visits {
            if let Reading::Known(known) = &mut asked.reading {
                known.took = Duration::from_millis(35);
            }
            if let Some(at) = &mut asked.proven {
                "14:03:11".clone_into(at);
            }
        }
        self.draw();
    }

    /// The screen as another theme shows it.
    pub fn drawn_in(&mut self, theme: Theme) -> ratatui::buffer::Buffer {
        let before = std::mem::replace(&mut self.session.model.theme, theme);
        self.draw();
        let picture = self.picture();
        self.session.model.theme = before;
        self.draw();
        picture
    }

    /// The screen with its colours.
    pub fn picture(&self) -> ratatui::buffer::Buffer {
        self.terminal.backend().buffer().clone()
    }

    /// The screen with what differs from run to run replaced.
    pub fn steady(&self) -> String {
        steady(&self.screen())
    }

    /// Fails with the screen where it does not say something.
    #[track_caller]
    pub fn says(&mut self, words: &str) -> &mut Self {
        let screen = self.screen();
        let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = words.split_whitespace().collect::<Vec<_>>().join(" ");
        // Borders stand between the words of a wrapped line.
        let bare = flat.replace(['│', '┃'], " ");
        let bare = bare.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(&wanted) || bare.contains(&wanted),
            "the screen does not say {words:?}:\n{screen}"
        );
        self
    }

    /// Fails with the screen where it says something.
    #[track_caller]
    pub fn never_says(&mut self, words: &str) -> &mut Self {
        let screen = self.screen();
        assert!(
            !screen.contains(words),
            "the screen says {words:?}:\n{screen}"
        );
        self
    }

    /// Whether it was left, and how.
    pub fn left(&self) -> Option<&Leave> {
        self.effects.iter().find_map(|e| match e {
            Effect::Leave(leave) => Some(leave),
            _ => None,
        })
    }

    /// What was copied last.
    pub fn copied(&self) -> Option<&str> {
        self.effects.iter().rev().find_map(|e| match e {
            Effect::Copy { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    /// The allow policy of an account as the emulator has it now, read by its administrator.
    pub fn policy(&self, project: &str, email: &str) -> serde_json::Value {
        let emulator = self.emulator.as_ref().unwrap();
        let connect = Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            read_only: true,
        };
        let resource = Resource::account(project, email);
        self.runtime.block_on(async {
            let client = Client::connect(connect).await.unwrap();
            let reader = client.reader();
            bindscope::google::api::read_policy(&*reader, &resource)
                .await
                .unwrap()
        })
    }

    /// Takes the next message in, whatever it is.
    pub fn step(&mut self) {
        let next = async { tokio::time::timeout(PATIENCE, self.session.next()).await };
        match self.runtime.block_on(next) {
            Ok(Some(message)) => self.take(message),
            _ => panic!("nothing comes:\n{}", self.screen()),
        }
    }

    /// Somebody else writes the allow policy of an account.
    pub fn set_policy(&self, project: &str, email: &str, policy: &serde_json::Value) {
        let emulator = self.emulator.as_ref().unwrap();
        let connect = Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            ..Connect::default()
        };
        let resource = Resource::account(project, email);
        self.runtime.block_on(async {
            let client = Client::connect(connect).await.unwrap();
            bindscope::google::api::write_policy(&*client.writer(), &resource, policy)
                .await
                .unwrap();
        });
    }

    /// Where the history is kept.
    pub fn history(&self) -> &std::path::Path {
        self.history.path()
    }

    /// Stops the emulator, so that nothing answers any more.
    pub fn hang_up(&mut self) {
        if let Some(emulator) = self.emulator.take() {
            self.runtime.block_on(emulator.stop());
        }
    }

    /// The style of the first cell of some words on the screen.
    pub fn style_of(&self, words: &str) -> ratatui::style::Style {
        let buffer = self.terminal.backend().buffer();
        for y in 0..buffer.area.height {
            for x in 0..buffer.area.width {
                let rest: String = (x..buffer.area.width)
                    .map(|x| buffer[(x, y)].symbol())
                    .collect();
                if rest.starts_with(words) {
                    return buffer[(x, y)].style();
                }
            }
        }
        panic!("the screen does not say {words:?}:\n{}", self.screen());
    }
}

/// A screen with what differs from run to run replaced.
pub fn steady(screen: &str) -> String {
    let mut text = screen.to_owned();
    for (pattern, with) in [
        (r"verdict in [0-9.]+ (ms|s|min)", "verdict in N ms"),
        (r"at \d\d:\d\d:\d\d", "at HH:MM:SS"),
        (r"etag [A-Za-z0-9+/=]+ (→|->) [A-Za-z0-9+/=]+", "etag A → B"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    ] {
        let expression = regex::Regex::new(pattern).unwrap();
        text = expression.replace_all(&text, with).into_owned();
    }
    // What was replaced may have been longer or shorter; the place on the line is not compared.
    let gaps = regex::Regex::new(" {2,}").unwrap();
    text.lines()
        .map(|line| {
            if line.contains("verdict in N") || line.contains("HH:MM:SS") {
                gaps.replace_all(line, "  ").into_owned()
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// `run<Tab>` as keys.
pub fn parse(notation: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = notation;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            keys.push(Key::parse(name).unwrap_or_else(|| panic!("no key is called {name}")));
            rest = after;
        } else {
            let text = if c == ' ' {
                "Space".to_owned()
            } else {
                c.to_string()
            };
            keys.push(Key::parse(&text).unwrap());
            rest = &rest[c.len_utf8()..];
        }
    }
    keys
}
