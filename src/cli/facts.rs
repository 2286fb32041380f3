//! Where facts come from: live Google Cloud, an endpoint, or an emulator of our own on a loopback
//! port. Whatever it is, what comes out is a client; only this room knows the difference.

use std::path::PathBuf;
use std::time::Duration;

use crate::answer::between::{BetweenFacts, BetweenQuestion};
use crate::answer::paths::{PathsAnswer, PathsQuestion};
use crate::answer::{self, Answer, Source as Answers};
use crate::emulator::{self, Options, Running, stories};
use crate::estate::file::{self, FileError, FileProgress, Loaded};
use crate::estate::{Assumption, Estate};
use crate::evaluate::{Call, Question};
use crate::google::credentials::{CredentialKind, Origin, Secret, gcloud};
use crate::google::listing::Scope;
use crate::google::pasted;
use crate::google::{Client, Connect, CredentialsChoice, CredentialsError, WaitNews};
use crate::iam::{Permission, Principal, Resource};
use crate::repair::history::HistoryError;
use crate::repair::{ClosedProjects, KnownRights, PlanOptions, history};
use crate::tui::ReadingTeller;
use crate::wire::Ask;

use super::args::Global;
use super::failure::Failure;
use super::{out, source};

/// The variable that may hold the bearer token.
pub const TOKEN_VARIABLE: &str = "BINDSCOPE_ACCESS_TOKEN";

/// How long Google is asked whose token this is: it is for the header alone.
const SURE_ENOUGH: Duration = Duration::from_secs(3);

/// What to talk to, as asked for.
enum ChosenSource {
    Live,
    Endpoint(String),
    Demo(String),
    Estate(Vec<PathBuf>),
}

/// The pair that a built-in estate is about.
#[derive(Clone, Debug)]
pub struct StoryQuestion {
    /// Who wants access.
    pub caller: Principal,
    /// What is wanted.
    pub target: Resource,
    /// For which permission.
    pub permission: Permission,
    /// A delegation chain between the two.
    pub via: Vec<Resource>,
    /// A federated caller's attributes.
    pub attributes: Vec<(String, String)>,
    /// What the caller's error says of the call itself.
    pub call: Call,
}

/// An open source of facts.
pub struct FactSource {
    /// Speaks to it; or why there are no credentials.
    pub client: Result<Client, CredentialsError>,
    /// What it is, for people: `live`, `demo: cross-project`, `estate: FILE`, a URL.
    pub label: String,
    /// Whose eyes these are, when known.
    pub viewer: Option<Principal>,
    /// The same for people.
    pub viewer_words: Option<String>,
    /// Where the credentials come from; `None`: an emulator's own.
    pub origin: Option<Origin>,
    /// How far to look.
    pub scope: Scope,
    /// The pair that a built-in estate is about.
    pub story: Option<StoryQuestion>,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Projects in which nothing may be changed.
    pub closed: ClosedProjects,
    /// Where the history is kept.
    pub history: PathBuf,
    /// The base URL of every API, where that is not Google.
    pub endpoint: Option<String>,
    /// What every answer takes for granted: what the files given have no place for.
    pub assumptions: Vec<Assumption>,
    /// The options that lead here.
    pub source: crate::repair::SourceOptions,
    /// Whether this process serves the facts itself.
    emulator: Option<Running>,
    /// What it read itself to serve, where whoever looks sees all of it.
    at_hand: Option<Estate>,
    /// Whether that was read of files, and is no story.
    is_files: bool,
    /// What of the files does not count, a line each, where that was not told yet.
    pub notes: Vec<String>,
}

/// Where it is told how far files are read, and what of them does not count.
pub enum ReadingTold {
    /// Beside what a command prints.
    Aside,
    /// Here, with the accounts that are found; what does not count is kept.
    Here(ReadingTeller),
}

impl FactSource {
    /// The client, for a command: waits are told on stderr.
    ///
    /// # Errors
    /// When there are no credentials.
    pub fn client(&self) -> Result<&Client, Failure> {
        let client = self.client.as_ref().map_err(|e| Failure::from(e.clone()))?;
        client.tell_waits(|news| {
            if let WaitNews::Begun(wait) = news {
                out::aside(&format!("waiting: {wait}"));
            }
        });
        Ok(client)
    }

    /// Where answers come from.
    ///
    /// # Errors
    /// When there are no credentials.
    pub fn source<'a>(&'a self, reader: &'a dyn Ask) -> Result<Answers<'a>, Failure> {
        Ok(Answers {
            ask: reader,
            endpoint: self.client()?.endpoint(),
            history: &self.history,
            assumptions: &self.assumptions,
            given: self.given(),
            viewer: self.viewer.as_ref(),
        })
    }

    /// Answers a question; how far the reading is stands on one passing line.
    ///
    /// # Errors
    /// When there are no credentials, when signed out, or when there is no connection.
    pub async fn answer(
        &self,
        question: Question,
        options: PlanOptions,
    ) -> Result<Answer, Failure> {
        let reader = self.client()?.reader();
        let counting = out::Counting::default();
        let source = self.source(&*reader)?;
        let told = |step| counting.step(&step);
        Ok(source.answer(question, options, &told).await?)
    }

    /// As [`Self::answer`], for a repair that is carried out unasked.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn answer_to_mend(
        &self,
        question: Question,
        options: PlanOptions,
    ) -> Result<(Answer, KnownRights), Failure> {
        let reader = self.client()?.reader();
        let counting = out::Counting::default();
        let source = self.source(&*reader)?;
        let told = |step| counting.step(&step);
        Ok(source.answer_to_mend(question, options, &told).await?)
    }

    /// Whether somebody else serves the facts, so that a second opinion is one.
    pub fn are_of_others(&self) -> bool {
        self.emulator.is_none()
    }

    /// Finds who gets to an account, or what a caller gets to.
    ///
    /// # Errors
    /// When there are no credentials, when signed out, when there is no connection, or when the first
    /// search for projects is refused.
    pub async fn paths(&self, question: PathsQuestion) -> Result<PathsAnswer, Failure> {
        let reader = self.client()?.reader();
        let counting = out::Counting::default();
        let source = self.source(&*reader)?;
        let near = (self.whole()).and_then(|estate| source.paths_at_hand(&question, estate));
        if let Some(answer) = near {
            return Ok(answer);
        }
        let told = |step| counting.step(&step);
        Ok(source.paths(question, &told).await?)
    }

    /// The estate that a survey of everything would read back, where this process read it itself.
    #[must_use]
    pub fn whole(&self) -> Option<&Estate> {
        let everything = self.scope == Scope::Everything;
        self.at_hand.as_ref().filter(|_| everything)
    }

    /// What was read of files, where facts come from such and whoever looks sees all of them.
    #[must_use]
    pub fn given(&self) -> Option<&Estate> {
        self.at_hand.as_ref().filter(|_| self.is_files)
    }

    /// Reads what a question about the ways between two ends needs.
    ///
    /// # Errors
    /// As [`Self::paths`].
    pub async fn between(
        &self,
        question: &BetweenQuestion,
        callers: bool,
    ) -> Result<BetweenFacts, Failure> {
        let reader = self.client()?.reader();
        let counting = out::Counting::default();
        let source = self.source(&*reader)?;
        let near = self.whole();
        let near = near.and_then(|e| source.facts_between_at_hand(question, callers, e));
        if let Some(facts) = near {
            return Ok(facts);
        }
        let told = |step| counting.step(&step);
        Ok(source.facts_between(question, callers, &told).await?)
    }

    /// Adds what the files given have no place for.
    pub fn qualify(&self, estate: &mut Estate) {
        answer::qualify(estate, &self.assumptions, self.given());
    }

    /// Why what the files hold is not all there is, where it is not.
    #[must_use]
    pub fn part(&self) -> Option<Assumption> {
        Assumption::OF_PARTS
            .into_iter()
            .find(|part| self.assumptions.contains(part))
    }

    /// Ends what was begun for it.
    pub fn close(self) {
        if let Some(emulator) = self.emulator {
            emulator.leave();
        }
    }
}

/// Opens what the options ask for. Missing credentials are no failure yet: the explorer has words
/// and an offer for them.
///
/// # Errors
/// Options that do not fit together, an estate that cannot be read, no place for the history.
pub async fn open(global: &Global) -> Result<FactSource, Failure> {
    open_telling(global, ReadingTold::Aside).await
}

/// As [`open`], telling how far it is.
///
/// # Errors
/// As [`open`].
pub async fn open_telling(global: &Global, told: ReadingTold) -> Result<FactSource, Failure> {
    let source = chosen(global)?;
    let history = history_of(global)?;
    let mut facts = match source {
        ChosenSource::Live => outside(global, None, "live".to_owned(), history).await?,
        ChosenSource::Endpoint(url) => {
            let label = url.clone();
            outside(global, Some(url), label, history).await?
        }
        ChosenSource::Demo(name) => {
            let estate = built_in(&name)?;
            let mut facts = inside(global, estate, format!("demo: {name}"), history).await?;
            facts.story = story(&name);
            facts
        }
        ChosenSource::Estate(files) => {
            let label = format!("estate: {}", names(&files));
            let (estate, notes) = match told {
                ReadingTold::Aside => (read_estate(&files)?, Vec::new()),
                ReadingTold::Here(teller) => {
                    // Who looks may not see all accounts, and a part of them may be looked at.
                    let all = global.viewer.is_none();
                    let all = all && scope(global, || None) == Scope::Everything;
                    read_elsewhere(files, teller, all).await?
                }
            };
            let mut facts = inside(global, estate, label, history).await?;
            facts.is_files = true;
            facts.notes = notes;
            facts
        }
    };
    facts.read_only = global.read_only;
    facts.closed = global.preferences.closed.clone();
    Ok(facts)
}

/// Where the history is kept: that of changes in an emulator that ends with its program is no part of the one
/// that counts.
///
/// # Errors
/// When there is no place for it.
pub fn history_of(global: &Global) -> Result<PathBuf, HistoryError> {
    let kept = history::default_dir()?;
    let own = global.demo.is_some() || !global.estate.is_empty();
    Ok(if own { kept.join("emulated") } else { kept })
}

/// The estate that `emulator` is to serve, with its name.
///
/// # Errors
/// As [`open`].
pub fn estate_to_serve(global: &Global) -> Result<(Estate, String), Failure> {
    match chosen(global)? {
        ChosenSource::Estate(files) => Ok((read_estate(&files)?, names(&files))),
        ChosenSource::Demo(name) => Ok((built_in(&name)?, name)),
        ChosenSource::Endpoint(_) => Err(Failure::usage(
            "the emulator is an endpoint itself, so --endpoint says nothing to it",
            "leave --endpoint away, or give it to the command that is to use the emulator",
        )),
        ChosenSource::Live => Ok((built_in(stories::DEFAULT)?, stories::DEFAULT.to_owned())),
    }
}

/// Files that are still to be read: what is known of them before, and nobody to ask.
///
/// # Errors
/// No place for the history.
pub fn awaited(global: &Global) -> Result<FactSource, Failure> {
    let words = global.viewer.as_ref().map(Principal::to_string);
    Ok(FactSource {
        client: Err(CredentialsError::Missing(
            "it is still being read".to_owned(),
        )),
        label: format!("estate: {}", names(&global.estate)),
        viewer: global.viewer.clone(),
        viewer_words: words.or_else(|| Some("administrator".to_owned())),
        origin: None,
        endpoint: None,
        scope: scope(global, || None),
        story: None,
        read_only: global.read_only,
        closed: global.preferences.closed.clone(),
        history: history_of(global)?,
        assumptions: Vec::new(),
        source: global.source(),
        emulator: None,
        at_hand: None,
        is_files: true,
        notes: Vec::new(),
    })
}

fn chosen(global: &Global) -> Result<ChosenSource, Failure> {
    let given = [
        (global.demo.is_some(), "--demo"),
        (!global.estate.is_empty(), "--estate"),
        (global.endpoint.is_some(), "--endpoint"),
    ];
    let names: Vec<&str> = given
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, n)| *n)
        .collect();
    if names.len() > 1 {
        return Err(Failure::usage(
            format!("{} name different sources of facts", names.join(" and ")),
            "give one of them",
        ));
    }
    let own = global.demo.is_some() || !global.estate.is_empty();
    if global.viewer.is_some() && !own {
        return Err(Failure::usage(
            "--as needs an estate whose principals can be looked as",
            "add --demo or --estate; elsewhere you look with the credentials that you have",
        ));
    }
    if (global.impersonate.is_some() || global.billing_project.is_some()) && own {
        return Err(Failure::usage(
            "--demo and --estate have credentials of their own",
            "leave --impersonate and --billing-project away, or use --as to look as somebody",
        ));
    }
    if global.access_token_file.is_some() && own {
        return Err(Failure::usage(
            "--demo and --estate have a token of their own",
            "leave --access-token-file away, or use --as to look as somebody",
        ));
    }
    Ok(match (&global.demo, &global.endpoint) {
        (Some(name), _) => {
            ChosenSource::Demo(name.clone().unwrap_or_else(|| stories::DEFAULT.to_owned()))
        }
        (None, Some(url)) => ChosenSource::Endpoint(url.clone()),
        (None, None) if global.estate.is_empty() => ChosenSource::Live,
        (None, None) => ChosenSource::Estate(global.estate.clone()),
    })
}

/// Google itself, or an endpoint.
async fn outside(
    global: &Global,
    endpoint: Option<String>,
    label: String,
    history: PathBuf,
) -> Result<FactSource, Failure> {
    let (token, place) = token(global)?.unzip();
    let choice = CredentialsChoice {
        place,
        token_file: global.access_token_file.clone(),
        act_as: global.impersonate.clone(),
        billing: global.billing_project.clone(),
    };
    let connect = Connect {
        endpoint: endpoint.clone(),
        token,
        read_only: global.read_only,
    };
    let client = Client::connect_with(connect, choice).await;
    let (viewer, project) = match &client {
        Ok(client) => {
            let viewer = tokio::time::timeout(SURE_ENOUGH, client.viewer()).await;
            (viewer.ok().flatten(), client.default_project())
        }
        Err(_) => (None, None),
    };
    let words = viewer_words(client.as_ref().ok(), viewer.as_ref());
    let scope = scope(global, || project.or_else(gcloud::project));
    let origin = client.as_ref().ok().map(|c| c.origin().clone());
    Ok(FactSource {
        client,
        label,
        origin,
        viewer_words: words,
        viewer,
        endpoint,
        scope,
        story: None,
        read_only: false,
        closed: ClosedProjects::default(),
        history,
        assumptions: Vec::new(),
        source: global.source(),
        emulator: None,
        at_hand: None,
        is_files: false,
        notes: Vec::new(),
    })
}

/// Who looks, and by what right; a token that was given is told by its principal alone.
fn viewer_words(client: Option<&Client>, viewer: Option<&Principal>) -> Option<String> {
    let kind = client.map(|c| c.origin().kind);
    let kind = kind.filter(|k| *k != CredentialKind::AccessToken);
    match (viewer, kind) {
        (Some(viewer), Some(kind)) => Some(format!("{viewer} ({})", kind.words())),
        (Some(viewer), None) => Some(viewer.to_string()),
        (None, Some(kind)) => Some(kind.words().to_owned()),
        (None, None) => None,
    }
}

/// An emulator of our own.
async fn inside(
    global: &Global,
    estate: Estate,
    label: String,
    history: PathBuf,
) -> Result<FactSource, Failure> {
    let assumptions = estate.assumptions().collect();
    let at_hand = global.viewer.is_none().then(|| estate.clone());
    let options = Options {
        viewer: global.viewer.clone(),
        ..Options::default()
    };
    let running = emulator::start(estate, options).await.map_err(|e| {
        Failure::new(
            "start the emulator on a loopback port",
            e.to_string(),
            "check that this machine lets programs listen on 127.0.0.1",
        )
    })?;
    let client = Client::connect(Connect {
        endpoint: Some(running.base_url()),
        token: Some(Secret::new(running.admin_token())),
        read_only: global.read_only,
    })
    .await;
    let words = match &global.viewer {
        Some(viewer) => viewer.to_string(),
        None => "administrator".to_owned(),
    };
    Ok(FactSource {
        client,
        label,
        viewer: global.viewer.clone(),
        viewer_words: Some(words),
        origin: None,
        endpoint: Some(running.base_url()),
        scope: scope(global, || None),
        story: None,
        read_only: false,
        closed: ClosedProjects::default(),
        history,
        assumptions,
        source: global.source(),
        emulator: Some(running),
        at_hand,
        is_files: false,
        notes: Vec::new(),
    })
}

/// The bearer token that was given: the file's, then the variable's.
fn token(global: &Global) -> Result<Option<(Secret, String)>, Failure> {
    if let Some(file) = &global.access_token_file {
        let shown = file.display().to_string();
        let text = crate::cli::text_file::read(file).map_err(|e| {
            let tried = format!("read the access token from {shown}");
            Failure::new(tried, e.to_string(), "check the path and who may read it")
        })?;
        if text.trim().is_empty() {
            let tried = format!("read the access token from {shown}");
            return Err(Failure::new(
                tried,
                "the file is empty",
                "write the token into it",
            ));
        }
        return Ok(Some((Secret::new(&text), shown)));
    }
    let set = std::env::var(TOKEN_VARIABLE).ok();
    Ok(set
        .filter(|t| !t.trim().is_empty())
        .map(|t| (Secret::new(&t), TOKEN_VARIABLE.to_owned())))
}

fn scope(global: &Global, default: impl FnOnce() -> Option<String>) -> Scope {
    let number = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    match (&global.project, &global.folder, &global.organization) {
        (Some(id), _, _) => Scope::Project(number(id)),
        (_, Some(folder), _) => Scope::Folder(number(folder)),
        (_, _, Some(organization)) => Scope::Organization(number(organization)),
        _ => default().map_or(Scope::Everything, Scope::Project),
    }
}

fn built_in(name: &str) -> Result<Estate, Failure> {
    stories::load(name).map_err(|e| Failure::usage(e, "bindscope emulator --help lists them"))
}

/// What the index says of a built-in estate, in our own types.
fn story(name: &str) -> Option<StoryQuestion> {
    let story = stories::index().iter().find(|s| s.name == name)?;
    let permission = Permission::parse(&story.permission);
    let via = story.via.iter().map(|hop| Resource::parse_account(hop));
    let attributes = story.attributes.iter();
    Some(StoryQuestion {
        caller: Principal::parse(&story.caller).ok()?,
        target: Resource::parse_account(&story.target).ok()?,
        permission: permission.unwrap_or_else(|_| Permission::get_access_token()),
        via: via.collect::<Result<_, _>>().ok()?,
        attributes: attributes.map(|(n, v)| (n.clone(), v.clone())).collect(),
        call: story
            .pasted
            .as_deref()
            .map(|text| pasted::read(text).call())
            .unwrap_or_default(),
    })
}

/// How files are named for people.
pub fn names(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    names.join(", ")
}

/// Reads estate files and asset exports into one estate, and says what of them does not count. How
/// far it has come is told where that takes a while and somebody looks.
///
/// # Errors
/// A file that cannot be read, or is no estate.
pub fn read_estate(files: &[PathBuf]) -> Result<Estate, Failure> {
    let mut line = out::Passing::default();
    let loaded = loaded(files, &mut |at| line.say(|| so_far(&at)));
    drop(line);
    let loaded = loaded?;
    for note in loaded.notes() {
        out::aside(&format!("note: {note}"));
    }
    tracing::info!("the estate is read");
    Ok(loaded.estate)
}

fn loaded(
    files: &[PathBuf],
    progress: &mut dyn FnMut(FileProgress<'_>),
) -> Result<Loaded, Failure> {
    let sources = source::open(files)?;
    unless_broken(file::read(sources, progress))
}

fn unless_broken(loaded: Result<Loaded, FileError>) -> Result<Loaded, Failure> {
    loaded.map_err(|e| Failure::new("read the estate", e.to_string(), next_of(&e)))
}

fn so_far(at: &FileProgress<'_>) -> String {
    let (read, elements) = (at.bytes / 1_000_000, at.elements);
    format!("reading {}: {read} MB, {elements} elements", at.name)
}

/// Reads them on a thread of its own, for somebody who goes on meanwhile; with what of them does not count.
async fn read_elsewhere(
    files: Vec<PathBuf>,
    mut teller: ReadingTeller,
    finding: bool,
) -> Result<(Estate, Vec<String>), Failure> {
    let reading = move || {
        let read = if finding {
            file::read_finding
        } else {
            file::read
        };
        let told = &mut |at: FileProgress<'_>| teller.tell(|| so_far(&at), &at.accounts);
        let loaded = unless_broken(read(source::open(&files)?, told))?;
        let notes = loaded.notes();
        Ok((loaded.estate, notes))
    };
    let read = tokio::task::spawn_blocking(reading).await;
    read.unwrap_or_else(|e| {
        let next = "this is a defect of bindscope: please report it with the file";
        Err(Failure::new("read the estate", e.to_string(), next))
    })
}

fn next_of(error: &FileError) -> &'static str {
    match error {
        FileError::Unreadable { .. } => "check the path and who may read it",
        FileError::Broken { .. } => "mend the file at that place; nothing of it was used",
        FileError::Contradiction { .. } => {
            "take out one of the two, or give the files one at a time; nothing of them was used"
        }
    }
}
