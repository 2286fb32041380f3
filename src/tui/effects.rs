//! What the explorer asks of the world, and who does it: an executor that turns effects into tasks
//! whose results come back as messages.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{Timestamp, ZonedDateTime};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::Leave;
use super::message::{Look, Message, Ticket, Written};
use super::model::{Change, Known};
use super::tree;
use crate::estate::Read;
use crate::evaluate::{Question, diagnose, explain};
use crate::google::Client;
use crate::google::listing::{Scope, list_accounts};
use crate::google::survey::survey;
use crate::google::wire::{Ask, Tell};
use crate::iam::{Principal, Resource};
use crate::repair::{ApplyError, Journal, PlanOptions, Repair, apply, history, plan, undo, verify};

/// Something to be done.
#[derive(Debug)]
pub enum Effect {
    /// List the accounts in scope.
    List(Scope),
    /// Find out who is signed in.
    Viewer,
    /// Read the facts of a question, and judge it. Its time is set to now unless it is fixed.
    Survey {
        /// Tells it from others.
        ticket: Ticket,
        /// What is asked.
        question: Question,
        /// The moment asked about is given, not now.
        fixed: bool,
    },
    /// Write what was confirmed.
    Apply {
        /// Tells it from others.
        ticket: Ticket,
        /// The question it is for.
        question: Question,
        /// What was confirmed.
        repair: Box<Repair>,
    },
    /// Look whether access works until it does.
    Verify {
        /// Tells it from others.
        ticket: Ticket,
        /// The question.
        question: Question,
    },
    /// Take a change back.
    Undo {
        /// Tells it from others.
        ticket: Ticket,
        /// Which one.
        change: Box<Change>,
    },
    /// Find who can reach the target, or what the caller can reach.
    Paths {
        /// Tells it from others.
        ticket: Ticket,
        /// The question it starts from.
        question: Question,
        /// Who can reach the target; else what the caller can reach.
        who: bool,
        /// How far to look.
        scope: Scope,
        /// The moment asked about is given, not now.
        fixed: bool,
    },
    /// Look for ways no longer.
    StopPaths,
    /// Look no longer.
    StopVerifying,
    /// Stop reading.
    Cancel,
    /// Ask which calls were made.
    Log,
    /// Read the history.
    History,
    /// Copy a text: what it is, and the text.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Draw everything anew.
    Repaint,
    /// Back to the shell for a while.
    Suspend,
    /// Leave.
    Leave(Leave),
}

/// What can be under way once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    List,
    Survey,
    Verify,
    Paths,
    Other,
}

/// How long the first wait between two looks is, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// Does what touches the world, apart from the terminal.
pub struct Executor {
    handle: Handle,
    sender: UnboundedSender<Message>,
    client: Option<Client>,
    /// There is none when nothing may be changed.
    writer: Option<Arc<dyn Tell>>,
    history: PathBuf,
    source: String,
    tasks: HashMap<Slot, AbortHandle>,
    under_way: Arc<AtomicUsize>,
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
        Self {
            handle,
            sender,
            client,
            writer,
            history,
            source,
            tasks: HashMap::new(),
            under_way: Arc::default(),
        }
    }

    /// How many tasks are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Starts a task; an older one in the same slot ends.
    fn spawn(&mut self, slot: Slot, task: impl Future<Output = ()> + Send + 'static) {
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
            }
            Effect::StopVerifying => self.stop(Slot::Verify),
            Effect::StopPaths => self.stop(Slot::Paths),
            Effect::Log => {
                let calls = self.client.as_ref().map(Client::log).unwrap_or_default();
                let _ = send.send(Message::Log(calls));
            }
            Effect::History => {
                let dir = self.history.clone();
                self.spawn(Slot::Other, async move {
                    let _ = send.send(Message::History(changes(&dir)));
                });
            }
            Effect::Copy { .. }
            | Effect::Mouse(_)
            | Effect::Repaint
            | Effect::Suspend
            | Effect::Leave(_) => {}
            other => {
                if let Some(client) = self.client.clone() {
                    self.ask(client, other);
                }
            }
        }
    }

    fn ask(&mut self, client: Client, effect: Effect) {
        let send = self.sender.clone();
        let reader = client.reader();
        match effect {
            Effect::List(scope) => self.spawn(Slot::List, async move {
                let mut each = |page| {
                    let _ = send.send(Message::Accounts(page));
                };
                let listed = list_accounts(&*reader, &scope, &mut each).await;
                let listed = listed.map_err(|e| e.to_string());
                let _ = send.send(Message::Listed(listed));
            }),
            Effect::Viewer => self.spawn(Slot::Other, async move {
                if let Some(viewer) = client.viewer().await {
                    let _ = send.send(Message::Viewer(viewer.short()));
                }
            }),
            Effect::Survey {
                ticket,
                question,
                fixed,
            } => self.spawn(Slot::Survey, async move {
                let result = answer(&*reader, ticket, question, fixed, &send).await;
                let _ = send.send(Message::Surveyed(ticket, result));
            }),
            Effect::Apply {
                ticket,
                question,
                repair,
            } => {
                let Some(writer) = self.writer.clone() else {
                    let words = "nothing was written: this is a read-only session";
                    let _ = send.send(Message::Written(ticket, Written::Failed(words.into())));
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
                    let written = match apply(&*reader, &*writer, &repair, &journal).await {
                        Ok(applied) => Written::Applied(Box::new(applied)),
                        Err(ApplyError::Changed { fresh }) => Written::Changed(fresh),
                        Err(error) => Written::Failed(error.to_string()),
                    };
                    let _ = send.send(Message::Written(ticket, written));
                });
            }
            Effect::Undo { ticket, change } => {
                let Some(writer) = self.writer.clone() else {
                    let words = "nothing was written: this is a read-only session";
                    let _ = send.send(Message::Undone(ticket, Err(words.into())));
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
            Effect::Verify { ticket, question } => self.spawn(Slot::Verify, async move {
                let viewer = client.viewer().await;
                look(&*reader, ticket, question, viewer.as_ref(), &send).await;
            }),
            _ => {}
        }
    }
}

/// Reads the facts, judges, plans.
async fn answer(
    reader: &dyn Ask,
    ticket: Ticket,
    mut question: Question,
    fixed: bool,
    send: &UnboundedSender<Message>,
) -> Result<Box<Known>, String> {
    let begun = Instant::now();
    if !fixed {
        question.time = Timestamp::now();
    }
    let progress = |step| {
        let _ = send.send(Message::Progress(ticket, step));
    };
    let estate = survey(reader, &question, &progress)
        .await
        .map_err(|e| e.to_string())?;
    let explanation = explain(&estate, &question);
    let causes = diagnose(&estate, &explanation);
    let repairs = plan(&estate, &explanation, &causes, &PlanOptions::default());
    let rows = tree::rows(&estate, &explanation);
    Ok(Box::new(Known {
        rows,
        explanation,
        causes,
        repairs,
        took: begun.elapsed(),
        estate: Arc::new(estate),
    }))
}

/// Looks again and again, more and more seldom, until access works. Says each second how long it has
/// been.
async fn look(
    reader: &dyn Ask,
    ticket: Ticket,
    mut question: Question,
    viewer: Option<&Principal>,
    send: &UnboundedSender<Message>,
) {
    let begun = Instant::now();
    let mut wait = WAITS.0;
    for tries in 1.. {
        question.time = Timestamp::now();
        let result = verify::once(reader, &question, viewer, &explain).await;
        let through = result.as_ref().is_ok_and(verify::Verified::works);
        let look = Look {
            result: result.map_err(|e| e.to_string()),
            tries,
            at: local_time(),
        };
        if send.send(Message::Looked(ticket, look)).is_err() || through {
            return;
        }
        let next = Instant::now() + wait;
        while Instant::now() < next {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = send.send(Message::Elapsed(ticket, begun.elapsed()));
        }
        wait = (wait * 2).min(WAITS.1);
    }
}

/// `14:03:11`, in the local time zone.
fn local_time() -> String {
    ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}

fn changes(dir: &std::path::Path) -> Result<Vec<Change>, String> {
    let listing = history::list(dir).map_err(|e| e.to_string())?;
    let entries = listing.entries.into_iter();
    Ok(entries.map(|entry| Change { entry }).collect())
}

/// The roles that an account holds on what was read, for people: what whoever acts as it may do.
#[must_use]
pub fn powers(estate: &crate::estate::Estate, target: &Resource) -> Vec<(String, Resource)> {
    let email = estate
        .account(target.id())
        .map_or_else(|| target.id().to_owned(), |a| a.email.to_lowercase());
    let member = Principal::ServiceAccount(email).member();
    let mut found: Vec<(String, Resource)> = estate
        .grants_naming(&member)
        .iter()
        .filter_map(|(at, index)| {
            let Read::Known(Some(policy)) = estate.allow_policy(at) else {
                return None;
            };
            let binding = policy.bindings.get(usize::try_from(*index).ok()?)?;
            Some((tree::title(estate, &binding.role), at.clone()))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
