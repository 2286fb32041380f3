//! The tables of the estate: read, made, counted, arranged and written away from the loop. Whatever is no longer wished
//! ends by itself a moment later.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::super::message::Message;
use super::super::model::{RowsTo, Ticket};
use super::effects::Effect;
use super::executor::{Executor, Slot};
use super::keep::keep_one;
use crate::answer::Source;
use crate::answer::inventory::{EstateTable, ExportFormat};
use crate::evaluate::review::ReviewOptions;
use crate::google::Client;
use crate::google::listing::Scope;
use crate::google::survey::{Progress, ProgressState};
use crate::text::counted;

/// Says that it is wished no longer once whoever waits for it has gone.
struct Wished(Arc<AtomicBool>);

impl Drop for Wished {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    /// Work on a thread of its own; it hears when it is wished no longer.
    pub(super) fn compute(&mut self, slot: Slot, work: impl FnOnce(&AtomicBool) + Send + 'static) {
        self.spawn(slot, async move {
            let over = Arc::new(AtomicBool::new(false));
            let _wished = Wished(Arc::clone(&over));
            // One that panics has no result; that is told where it happened.
            let _ = tokio::task::spawn_blocking(move || work(&over)).await;
        });
    }

    /// What is done with tables that are there.
    pub(super) fn tables(&mut self, effect: Effect, send: UnboundedSender<Message>) {
        match effect {
            Effect::ListTable { ticket, listed } => self.compute(Slot::Making, move |_| {
                let all = listed.iter().flat_map(|batch| batch.items());
                let all = all.map(|a| (a.email.clone(), a.project.clone(), a.disabled));
                let table = Arc::new(EstateTable::listed(all));
                let _ = send.send(Message::TableMade(ticket, table));
            }),
            Effect::FilterRows(filter) => self.compute(Slot::Filtering, move |over| {
                if let Some(left) = filter.left(&|| !over.load(Ordering::Relaxed)) {
                    let filtered = Message::RowsFiltered(filter.ticket, filter.query, left);
                    let _ = send.send(filtered);
                }
            }),
            Effect::MakeTable { ticket, kind, read } => self.compute(Slot::Making, move |over| {
                let mut goes_on = |done| {
                    let _ = send.send(Message::TableProgress(ticket, kind, done));
                    !over.load(Ordering::Relaxed)
                };
                if let Some(table) = EstateTable::made(kind, &read, &mut goes_on) {
                    let _ = send.send(Message::TableMade(ticket, Arc::new(table)));
                }
            }),
            Effect::CountTable { ticket, table } => self.compute(Slot::Counting, move |over| {
                let mut told = |_| {
                    let _ = send.send(Message::TableCounted(ticket));
                };
                table.count(over, &mut told);
            }),
            Effect::Arrange {
                ticket,
                table,
                wish,
                held,
            } => self.compute(Slot::Arranging(table.kind), move |over| {
                let wished = || !over.load(Ordering::Relaxed);
                if let Some(arranged) = table.arranged(&wish, held, &wished) {
                    let _ = send.send(Message::Arranged(ticket, wish, arranged));
                }
            }),
            Effect::ExportRows {
                table,
                rows,
                marked,
                format,
                to,
                folder,
            } => self.compute(Slot::Other, move |_| {
                let rows = taken_along(&rows, &marked);
                let text = table.exported(&rows, format);
                let _ = send.send(exported(&table, rows.len(), format, to, folder, text));
            }),
            _ => {}
        }
    }

    /// Reads everything in a scope.
    pub(super) fn read_estate(
        &mut self,
        client: Client,
        effect: Effect,
        send: UnboundedSender<Message>,
    ) {
        let Effect::ReadEstate {
            ticket,
            scope,
            time,
        } = effect
        else {
            return;
        };
        let assumptions = Arc::clone(&self.assumptions);
        let given = self.given.clone();
        let keys = Arc::clone(&self.keys);
        let known = Arc::clone(&self.review);
        let viewer = self.viewer.clone();
        let dir = self.history.clone();
        let near = self.near(&scope);
        let reader = client.reader();
        self.spawn(Slot::Estate, async move {
            let source = Source {
                ask: &*reader,
                endpoint: client.endpoint(),
                history: &dir,
                assumptions: &assumptions,
                given: given.as_deref(),
                viewer: viewer.as_ref(),
            };
            let answers = AtomicUsize::new(0);
            let progress = told_now_and_then(ticket, &answers, &send);
            let time = time.unwrap_or_else(Timestamp::now);
            let near = near.and_then(|estate| source.inventory_at_hand(&scope, time, &estate));
            let read = match near {
                Some(read) => Ok(read),
                None => source.inventory(&scope, time, &progress).await,
            };
            let read = read.map(|mut read| {
                read.estate.put_all_keys(&keys);
                read.estate.put_all_insights(&known.insights);
                read.options = ReviewOptions {
                    sees_all_projects: read.options.sees_all_projects
                        || (scope == Scope::Everything && known.options.sees_all_projects),
                    ..known.options.clone()
                };
                read.suppressions.clone_from(&known.suppressions);
                Arc::new(read)
            });
            let read = read.map_err(|e| e.to_string());
            let _ = send.send(Message::EstateRead(ticket, read));
        });
    }
}

/// A hundred thousand answers are not a hundred thousand frames.
fn told_now_and_then<'a>(
    ticket: Ticket,
    answers: &'a AtomicUsize,
    send: &'a UnboundedSender<Message>,
) -> impl Fn(Progress) + Send + Sync + 'a {
    move |step: Progress| {
        if step.state == ProgressState::Started {
            return;
        }
        let so_far = answers.fetch_add(1, Ordering::Relaxed) + 1;
        let every = (so_far / 50).clamp(1, 500);
        if so_far.is_multiple_of(every) {
            let _ = send.send(Message::EstateProgress(ticket, so_far));
        }
    }
}

/// What is exported: the marked rows in the order shown, else all that are shown.
fn taken_along(shown: &Arc<[u32]>, marked: &BTreeSet<u32>) -> Arc<[u32]> {
    if marked.is_empty() {
        return Arc::clone(shown);
    }
    let all = shown.iter().copied();
    let mut rows: Vec<u32> = all.filter(|row| marked.contains(row)).collect();
    // Those that a filter hides were marked all the same.
    let seen: BTreeSet<u32> = rows.iter().copied().collect();
    rows.extend(marked.difference(&seen));
    rows.into()
}

fn exported(
    table: &EstateTable,
    rows: usize,
    format: ExportFormat,
    to: RowsTo,
    folder: Option<std::path::PathBuf>,
    text: String,
) -> Message {
    let (kind, word) = (table.kind.word(), format.word());
    match to {
        RowsTo::Clipboard => Message::Exported {
            what: format!("{} of {kind} as {word}", counted(rows, "row")),
            text,
        },
        RowsTo::File => {
            let stem = format!("bindscope-{kind}");
            let written = keep_one(
                folder.as_deref(),
                &stem,
                format.extension(),
                text.as_bytes(),
            );
            Message::Saved(written.map(|name| vec![name]))
        }
    }
}
