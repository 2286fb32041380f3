//! Who does what the explorer asks of the world: effects become tasks, whose results come back as
//! messages.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{Timestamp, ZonedDateTime};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::super::message::{Look, Message, Written};
use super::super::model::tree;
use super::super::model::{AccountList, Change, KnownAnswer, ReviewKnown, Ticket};
use super::effects::Effect;
use super::keep::keep;
use super::listing;
use super::pairs;
use super::paths;
use crate::answer::inventory::EstateTableKind;
use crate::answer::{Answer, Source};
use crate::estate::{Assumption, Estate, KeysByAccount};
use crate::evaluate::Question;
use crate::google::listing::Scope;
use crate::google::survey::{Progress, ProgressState};
use crate::google::{Client, WaitNews};
use crate::iam::Principal;
use crate::repair::{
    ApplyError, Carried, CarryEvent, ClosedProjects, Consent, Journal, KnownRights, MayWrite,
    PlanOptions, StepError, carry_out, history, may_carry_out, standings, undo, verify,
};
use crate::wire::{Ask, Tell};

/// What can be under way once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    List,
    Survey,
    Second,
    /// The pause before the next asking of a watched answer.
    Watch,
    /// Each change that was written is watched for itself.
    Verify(Ticket),
    Paths,
    /// Everything in scope is read.
    Estate,
    Making,
    /// What is typed into a list over the screen.
    Filtering,
    Counting,
    Arranging(EstateTableKind),
    /// What is typed into a list.
    Matching(AccountList),
    Other,
}

/// So many accounts are matched before the first of them are shown; then twice as many (chosen: a few milliseconds).
const MATCHED_AT_FIRST: usize = 32_000;

/// So long it is looked whether access works, unless somebody stops it.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Does what touches the world, apart from the terminal.
pub struct Executor {
    handle: Handle,
    sender: UnboundedSender<Message>,
    client: Option<Client>,
    /// There is none when nothing may be changed.
    writer: Option<Arc<dyn Tell>>,
    pub(super) history: PathBuf,
    source: String,
    pub(super) assumptions: Arc<[Assumption]>,
    pub(super) keys: KeysByAccount,
    pub(super) review: Arc<ReviewKnown>,
    pub(super) viewer: Option<Principal>,
    /// Until something is written.
    at_hand: Option<Estate>,
    /// What was read of files, where facts come from such.
    pub(super) given: Option<Arc<Estate>>,
    tasks: HashMap<Slot, AbortHandle>,
    under_way: Arc<AtomicUsize>,
    /// What was asked for before there was anybody to ask; `None`: nobody is to come.
    held: Option<Vec<Effect>>,
}

/// Counts a task for as long as it lives, however it ends.
struct UnderWay {
    count: Arc<AtomicUsize>,
    sender: UnboundedSender<Message>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        // Nobody listens any more once the explorer is left.
        let _ = self.sender.send(Message::Settled);
    }
}

const READ_ONLY: &str = "nothing was written: this is a read-only session";

impl Executor {
    /// An executor over a client; without one it answers nothing. `read_only`: it holds nothing that
    /// could write.
    #[must_use]
    pub fn new(
        handle: Handle,
        sender: UnboundedSender<Message>,
        client: Option<Client>,
        read_only: bool,
        history: PathBuf,
        source: String,
    ) -> Self {
        let writer = client.as_ref().filter(|_| !read_only).map(Client::writer);
        if let Some(client) = &client {
            let (handle, sender) = (handle.clone(), sender.clone());
            client.tell_waits(move |news| {
                if let WaitNews::Begun(wait) = &news {
                    handle.spawn(count_down(wait.id, wait.wait, sender.clone()));
                }
                // Nobody listens any more once the explorer is left.
                let _ = sender.send(Message::Wait(news));
            });
        }
        Self {
            handle,
            sender,
            client,
            writer,
            history,
            source,
            assumptions: Arc::default(),
            keys: KeysByAccount::default(),
            review: Arc::default(),
            viewer: None,
            at_hand: None,
            given: None,
            tasks: HashMap::new(),
            under_way: Arc::default(),
            held: None,
        }
    }

    /// The same, where what is to be asked comes later: what needs it is held until [`Self::in_place_of`].
    #[must_use]
    pub fn holding(mut self, holds: bool) -> Self {
        self.held = holds.then(Vec::new);
        self
    }

    /// Goes on where another one is: with its tasks, and with what it held.
    pub fn in_place_of(&mut self, other: &mut Self) {
        self.tasks = std::mem::take(&mut other.tasks);
        self.under_way = Arc::clone(&other.under_way);
        for effect in other.held.take().unwrap_or_default() {
            self.run(effect);
        }
    }

    /// The same, with what every answer takes for granted.
    #[must_use]
    pub fn assuming(mut self, assumptions: Vec<Assumption>) -> Self {
        self.assumptions = assumptions.into();
        self
    }

    /// The same, with keys of accounts that are known beside what is asked for.
    #[must_use]
    pub fn knowing_keys(mut self, keys: KeysByAccount) -> Self {
        self.keys = keys;
        self
    }

    /// The same, with the estate that is looked at, where it need not be asked for.
    #[must_use]
    pub fn having(mut self, estate: Option<Estate>) -> Self {
        self.at_hand = estate;
        self
    }

    /// The same, with what was read of files, where facts come from such.
    #[must_use]
    pub fn of_files(mut self, given: Option<Estate>) -> Self {
        self.given = given.map(Arc::new);
        self
    }

    /// The estate that is looked at, where all of it is asked about and nothing was written since it was read.
    pub(super) fn near(&self, scope: &Scope) -> Option<Estate> {
        let estate = self.at_hand.as_ref()?;
        (*scope == Scope::Everything).then(|| estate.clone())
    }

    /// The same, with what reviews go by.
    #[must_use]
    pub fn reviewing(mut self, known: ReviewKnown) -> Self {
        self.review = Arc::new(known);
        self
    }

    /// The same, where nothing may be written in some projects.
    #[must_use]
    pub fn keeping(mut self, closed: &ClosedProjects) -> Self {
        self.writer = self.writer.map(|writer| closed.guard(writer));
        self
    }

    /// The same, where it is known who looks.
    #[must_use]
    pub fn seen_by(mut self, viewer: Option<Principal>) -> Self {
        self.viewer = viewer;
        self
    }

    /// How many tasks are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Starts a task; an older one in the same slot ends.
    pub(super) fn spawn(&mut self, slot: Slot, task: impl Future<Output = ()> + Send + 'static) {
        if slot != Slot::Other {
            self.stop(slot);
        }
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let guard = UnderWay {
            count: Arc::clone(&self.under_way),
            sender: self.sender.clone(),
        };
        let task = self.handle.spawn(async move {
            let _guard = guard;
            task.await;
        });
        self.tasks.insert(slot, task.abort_handle());
    }

    fn stop(&mut self, slot: Slot) {
        if let Some(task) = self.tasks.remove(&slot) {
            task.abort();
        }
    }

    /// Starts what an effect asks for. Effects of the terminal are not for here, and ignored.
    pub fn run(&mut self, effect: Effect) {
        let send = self.sender.clone();
        match effect {
            Effect::Cancel => {
                self.stop(Slot::List);
                self.stop(Slot::Survey);
                self.stop(Slot::Estate);
                self.stop(Slot::Making);
                if let Some(held) = &mut self.held {
                    held.clear();
                }
            }
            Effect::StopVerifying(ticket) => self.stop(Slot::Verify(ticket)),
            Effect::StopMatching(list) => self.stop(Slot::Matching(list)),
            Effect::Match(list, rest) => self.compute(Slot::Matching(list), move |over| {
                // One core is left to the loop.
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                let wished = || !over.load(Ordering::Relaxed);
                rest.run(
                    cores.saturating_sub(1),
                    MATCHED_AT_FIRST,
                    &wished,
                    &mut |some| {
                        let _ = send.send(Message::Matched(list, some));
                    },
                );
            }),
            Effect::LetGo(what) => drop(self.handle.spawn_blocking(move || drop(what))),
            Effect::StopPaths => self.stop(Slot::Paths),
            Effect::StopEstate => self.stop(Slot::Estate),
            Effect::StopMaking => self.stop(Slot::Making),
            effect @ (Effect::ListTable { .. }
            | Effect::FilterRows(_)
            | Effect::MakeTable { .. }
            | Effect::CountTable { .. }
            | Effect::Arrange { .. }
            | Effect::ExportRows { .. }) => self.tables(effect, send),
            Effect::StopWatching => self.stop(Slot::Watch),
            // Nothing is under way while nothing is done.
            Effect::WatchPause { ticket, pause } => {
                self.stop(Slot::Watch);
                let task = self.handle.spawn(async move {
                    tokio::time::sleep(pause).await;
                    let _ = send.send(Message::WatchDue(ticket));
                });
                self.tasks.insert(Slot::Watch, task.abort_handle());
            }
            Effect::Log => {
                let calls = self.client.as_ref().map(Client::log).unwrap_or_default();
                let _ = send.send(Message::Log(calls));
            }
            Effect::History => {
                let dir = self.history.clone();
                let client = self.client.clone();
                self.spawn(Slot::Other, async move {
                    let changes = changes(&dir, client.as_ref()).await;
                    let _ = send.send(Message::History(changes));
                });
            }
            Effect::Pairs => {
                let _ = send.send(Message::Pairs(pairs::read(&self.history)));
            }
            Effect::KeepPair(pair, favourite) => pairs::keep(&self.history, *pair, favourite),
            Effect::Keep(files) => self.spawn(Slot::Other, async move {
                let written = tokio::task::spawn_blocking(move || keep(&files)).await;
                let written = written.unwrap_or_else(|e| Err(e.to_string()));
                let _ = send.send(Message::Saved(written));
            }),
            Effect::Save
            | Effect::Copy { .. }
            | Effect::Bell
            | Effect::Title(_)
            | Effect::Mouse(_)
            | Effect::Repaint
            | Effect::Suspend
            | Effect::Leave(_) => {}
            other => {
                if let Some(client) = self.client.clone() {
                    self.ask(client, other);
                } else if let Some(held) = &mut self.held {
                    held.push(other);
                }
            }
        }
    }

    fn ask(&mut self, client: Client, effect: Effect) {
        let send = self.sender.clone();
        let reader = client.reader();
        match effect {
            Effect::List(scope) if self.near(&scope).is_some() => {
                if let Some(estate) = self.near(&scope) {
                    self.compute(Slot::List, move |over| {
                        let wished = || !over.load(Ordering::Relaxed);
                        listing::list_near(&estate, &wished, &send);
                    });
                }
            }
            Effect::List(scope) => {
                let is_part = Assumption::OF_PARTS
                    .iter()
                    .any(|part| self.assumptions.contains(part));
                self.spawn(Slot::List, async move {
                    let listed = listing::list(&*reader, &scope, &send).await;
                    let listed = listed.map(|listing| match is_part {
                        true => listing.of_a_part(),
                        false => listing,
                    });
                    let listed = listed.map_err(|e| e.to_string());
                    let _ = send.send(Message::Listed(listed, Timestamp::now()));
                });
            }
            Effect::Viewer => self.spawn(Slot::Other, async move {
                if let Ok(found) = client.signed_in().await {
                    let _ = send.send(Message::SignedIn(Box::new(found)));
                }
            }),
            Effect::Survey {
                ticket,
                question,
                fixed,
            } => {
                let assumptions = Arc::clone(&self.assumptions);
                let given = self.given.clone();
                let viewer = self.viewer.clone();
                let dir = self.history.clone();
                self.spawn(Slot::Survey, async move {
                    let asked = Asking {
                        ticket,
                        question,
                        fixed,
                    };
                    let source = Source {
                        ask: &*reader,
                        endpoint: client.endpoint(),
                        history: &dir,
                        assumptions: &assumptions,
                        given: given.as_deref(),
                        viewer: viewer.as_ref(),
                    };
                    let begun = Timestamp::now();
                    let result = answer(source, asked, &send).await;
                    if client.was_throttled(begun) {
                        let _ = send.send(Message::Throttled(ticket));
                    }
                    let _ = send.send(Message::Surveyed(ticket, result));
                });
            }
            Effect::Apply {
                ticket,
                question,
                way,
            } => {
                self.at_hand = None;
                let Some(writer) = self.writer.clone() else {
                    let failed = Written::Failed {
                        why: READ_ONLY.to_owned(),
                        done: Vec::new(),
                    };
                    let _ = send.send(Message::Written(ticket, failed));
                    return;
                };
                let journal = Journal {
                    dir: self.history.clone(),
                    endpoint: client.endpoint().to_owned(),
                    estate: self.source.clone(),
                    question,
                };
                // A write is never ended half way: it has no slot that something else could take.
                self.spawn(Slot::Other, async move {
                    let progress = |event: CarryEvent<'_>| {
                        if let CarryEvent::Begun(step, _) = event {
                            let _ = send.send(Message::Step(ticket, step));
                        }
                    };
                    let carried = carry_out(
                        &*reader,
                        &*writer,
                        &way,
                        &journal,
                        Consent::AsShown,
                        &progress,
                    )
                    .await;
                    let _ = send.send(Message::Written(ticket, ended(carried)));
                });
            }
            Effect::SecondOpinion {
                ticket,
                explanation,
                error_id,
            } => {
                let dir = self.history.clone();
                self.spawn(Slot::Second, async move {
                    let source = Source {
                        ask: &*reader,
                        endpoint: client.endpoint(),
                        history: &dir,
                        assumptions: &[],
                        given: None,
                        viewer: None,
                    };
                    let told = |opinion| {
                        let _ = send.send(Message::SecondOpinion(ticket, opinion));
                    };
                    let id = error_id.as_deref();
                    source.second_opinions(&explanation, id, &told).await;
                });
            }
            Effect::MayWrite { ticket, way } => self.spawn(Slot::Other, async move {
                // Where it cannot be asked, the write itself will tell.
                if let Ok(MayWrite::No { lacks }) =
                    may_carry_out(&*reader, &way, &KnownRights::new()).await
                {
                    let why = format!("you lack {}", lacks.join(" and "));
                    let _ = send.send(Message::MayWrite(ticket, Some(why)));
                }
            }),
            Effect::Undo { ticket, change } => {
                self.at_hand = None;
                let Some(writer) = self.writer.clone() else {
                    let _ = send.send(Message::Undone(ticket, Err(READ_ONLY.into())));
                    return;
                };
                let dir = self.history.clone();
                self.spawn(Slot::Other, async move {
                    let result = undo(&*reader, &*writer, &dir, &change.entry).await;
                    let result = result
                        .map(|undone| undone.how.words())
                        .map_err(|e| e.to_string());
                    let _ = send.send(Message::Undone(ticket, result));
                });
            }
            Effect::Paths {
                ticket,
                mut question,
                who,
                scope,
                fixed,
            } => {
                let assumptions = Arc::clone(&self.assumptions);
                let given = self.given.clone();
                let viewer = self.viewer.clone();
                let dir = self.history.clone();
                let near = self.near(&scope);
                self.spawn(Slot::Paths, async move {
                    if !fixed {
                        question.time = Timestamp::now();
                    }
                    let source = Source {
                        ask: &*reader,
                        endpoint: client.endpoint(),
                        history: &dir,
                        assumptions: &assumptions,
                        given: given.as_deref(),
                        viewer: viewer.as_ref(),
                    };
                    let asked = paths::asked(&question, who, &scope);
                    let answers = AtomicUsize::new(0);
                    let progress = |step: Progress| {
                        if step.state != ProgressState::Started {
                            let so_far = answers.fetch_add(1, Ordering::Relaxed) + 1;
                            let _ = send.send(Message::PathsProgress(ticket, so_far));
                        }
                    };
                    let near = near.and_then(|estate| source.paths_at_hand(&asked, &estate));
                    let answer = match near {
                        Some(answer) => Ok(answer),
                        None => source.paths(asked, &progress).await,
                    };
                    let found = answer.map_err(|e| e.to_string()).and_then(paths::rows);
                    let _ = send.send(Message::Paths(ticket, found.map(Arc::new)));
                });
            }
            effect @ Effect::ReadEstate { .. } => self.read_estate(client, effect, send),
            Effect::Verify { ticket, question } => self.spawn(Slot::Verify(ticket), async move {
                let viewer = client.viewer().await;
                look(&*reader, ticket, question, viewer.as_ref(), &send).await;
            }),
            _ => {}
        }
    }
}

/// Says each second how much is left of a wait. What comes after its end is for nobody.
async fn count_down(id: u64, wait: Duration, send: UnboundedSender<Message>) {
    let whole = wait.as_secs_f64().ceil() as u64;
    for left in (1..whole).rev() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if send.send(Message::WaitLeft(id, left)).is_err() {
            return;
        }
    }
}

/// A question that is being asked.
struct Asking {
    ticket: Ticket,
    question: Question,
    /// Its time is given, not now.
    fixed: bool,
}

/// Reads the facts, judges, plans.
async fn answer(
    source: Source<'_>,
    asking: Asking,
    send: &UnboundedSender<Message>,
) -> Result<Box<KnownAnswer>, String> {
    let Asking {
        ticket,
        mut question,
        fixed,
    } = asking;
    let begun = Instant::now();
    if !fixed {
        question.time = Timestamp::now();
    }
    let progress = |step| {
        let _ = send.send(Message::Progress(ticket, step));
    };
    // Planned on the policy as it stands: a person is to see what will be written.
    let answer = source.answer(question, PlanOptions::default(), &progress);
    let Answer {
        estate,
        explanation,
        causes,
        plan,
        not_read,
    } = answer.await.map_err(|e| e.to_string())?;
    let rows = tree::rows(tree::Picture {
        estate: &estate,
        explanation: &explanation,
        causes: &causes,
        plan: &plan,
        opened: &tree::Opened::default(),
        supposed: &[],
    });
    Ok(Box::new(KnownAnswer {
        rows,
        explanation,
        causes,
        plan,
        not_read,
        took: begun.elapsed(),
        read_at: Timestamp::now(),
        estate: Arc::new(estate),
        supposed: Vec::new(),
    }))
}

/// What carrying a way out came to.
fn ended(carried: Carried) -> Written {
    let Carried { done, error } = carried;
    match error {
        None => Written::Done(done),
        Some(StepError::Apply(ApplyError::Changed { fresh })) if done.is_empty() => {
            Written::Changed(fresh)
        }
        Some(error) => Written::Failed {
            why: error.to_string(),
            done,
        },
    }
}

/// Looks until access works, and says each second how long it has been.
async fn look(
    reader: &dyn Ask,
    ticket: Ticket,
    question: Question,
    viewer: Option<&Principal>,
    send: &UnboundedSender<Message>,
) {
    let question = Question {
        time: Timestamp::now(),
        ..question
    };
    let progress = |step: &verify::VerifyProgress| {
        let look = Look {
            result: step.result.clone().map_err(|e| e.to_string()),
            look: step.look,
            at: local_time(),
        };
        let _ = send.send(Message::Looked(ticket, look));
    };
    let looking = verify::until_through(reader, &question, viewer, PATIENCE, None, &progress);
    let begun = Instant::now();
    let clock = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = send.send(Message::Elapsed(ticket, begun.elapsed()));
        }
    };
    let why = tokio::select! {
        ended = looking => match ended {
            Ok(verify::Waited::Through { .. }) => return,
            Ok(verify::Waited::NotYet { .. }) => "an hour went by".to_owned(),
            Err(error) => error.to_string(),
        },
        () = clock => return,
    };
    let _ = send.send(Message::LookedEnough(ticket, why));
}

/// `14:03:11`, in the local time zone.
fn local_time() -> String {
    ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}

/// The history, newest first. What the journal cannot know (a write that was interrupted, others'
/// changes since) the policy is asked; changes made elsewhere cannot be asked about here.
async fn changes(dir: &std::path::Path, client: Option<&Client>) -> Result<Vec<Change>, String> {
    let listing = history::list(dir).map_err(|e| e.to_string())?;
    let mut found = match client {
        Some(client) => standings(&*client.reader(), &listing, client.endpoint()).await,
        None => std::collections::BTreeMap::new(),
    };
    let entries = listing.entries.into_iter();
    Ok(entries
        .map(|entry| Change {
            standing: found.remove(&entry.id),
            here: client.is_some_and(|c| entry.is_at(c.endpoint())),
            entry,
        })
        .collect())
}
