//! Decides when outputs are sent to the editor: the first change at once, then at most every 50 ms, and only the newest
//! state, for all documents that changed. There may be many, since each cell of a notebook is a document. The end of a
//! run is sent at once.
//!
//! ```text
//! marks    |x xxxxx xxx x xxxxx|          x
//! sent     |x    x    x    x   x|         x
//! ```
//!
//! Marks of what changed come in and merge; messages with the current state go out. So a slow client costs nothing:
//! while a message waits to be written, or for its acknowledgement, marks keep merging. The publisher owns what was
//! last sent to the editor, and sends nothing twice.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    mem,
    time::Duration,
};

use lsp_types::Uri;
use pxlens_protocol::{CellId, CellOutput, OutputsParams};
use tokio::{sync::watch, time::Instant};

use crate::{
    blocking, ide,
    lsp::{from_proto, tasks, to_proto},
    session::Session,
};

/// The shortest time between two messages about a document to a client that acknowledges them.
const GAP: Duration = Duration::from_millis(50);
/// The same for a client that does not, so that it is not known how far it is behind.
const GAP_UNACKNOWLEDGED: Duration = Duration::from_millis(250);
/// Outputs of at most this many bytes together are laid out in place: a hop to another thread takes longer.
const LIGHT: usize = 16 * 1024;
/// Nothing more is sent while this many messages are unacknowledged. The messages about documents that changed together count
/// only afterwards: a client that acknowledges when it has painted would otherwise get the cells of a long notebook two by two.
const CREDIT: u32 = 2;

/// Where the publisher looks up the current outputs.
pub(in crate::lsp) trait View: Send + Sync + 'static {
    /// What to paint for px cells, restricted to `only` if given; `None` if the document is not open.
    fn outputs(
        &self,
        uri: &Uri,
        only: Option<BTreeSet<CellId>>,
    ) -> impl Future<Output = Option<CellOutputs>> + Send;
}

/// What to paint for the px cells of one version of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lsp) struct CellOutputs {
    /// The version that the ranges refer to.
    pub(in crate::lsp) version: i32,
    /// The cells that have something to show, with `block` lines.
    pub(in crate::lsp) cells: Vec<CellOutput>,
}

/// The outputs of a session's documents. `runs_local`: whether the client runs the local parts of `--local` cells.
#[derive(Debug)]
pub(in crate::lsp) struct SessionView {
    pub(in crate::lsp) session: Session,
    pub(in crate::lsp) runs_local: bool,
}

impl View for SessionView {
    async fn outputs(&self, uri: &Uri, only: Option<BTreeSet<CellId>>) -> Option<CellOutputs> {
        let snapshot = self.session.snapshot(from_proto::key(uri)).await;
        let version = snapshot.document()?.text.version();
        let only = only.map(|only| only.iter().filter_map(from_proto::cell_id).collect::<BTreeSet<_>>());
        let runs_local = self.runs_local;
        let weight = ide::weight_of_outputs(&snapshot, only.as_ref());
        let work = move || {
            let outputs = ide::outputs(&snapshot, only.as_ref(), runs_local);
            outputs.into_iter().map(to_proto::cell_output).collect()
        };
        let cells = if weight <= LIGHT { work() } else { blocking::run(work).await };
        Some(CellOutputs { version, cells })
    }
}

/// Where messages go.
pub(in crate::lsp) trait Sink: Send + Sync + 'static {
    /// Sends a message to the client; completes when the pipe has taken it.
    fn send(&self, params: OutputsParams) -> impl Future<Output = ()> + Send;
}

impl Sink for tower_lsp::Client {
    async fn send(&self, params: OutputsParams) {
        self.send_notification::<pxlens_protocol::Outputs>(params).await;
    }
}

/// What the client announced about outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::lsp) struct Announced {
    /// It acknowledges messages.
    pub(in crate::lsp) ack: bool,
    /// It paints block lines.
    pub(in crate::lsp) blocks: bool,
}

/// What changed since the publisher last looked.
#[derive(Debug, Default)]
struct Dirty {
    documents: HashMap<Uri, Touched>,
    /// The documents in the order of their first marks, so that none starves.
    order: Vec<Uri>,
    closed: BTreeSet<String>,
    acknowledged: u32,
    restart: bool,
    /// Whether something must be sent at once, such as the end of a run.
    urgent: bool,
}

/// What changed in one document: the sum of its marks.
#[derive(Debug)]
enum Touched {
    /// These px cells.
    Cells(BTreeSet<CellId>),
    /// Any px cell may have changed, come or gone.
    All,
    /// The client needs everything, and forgets what it was sent before.
    Full,
}

impl Default for Touched {
    fn default() -> Self {
        Self::Cells(BTreeSet::new())
    }
}

impl Touched {
    fn add(&mut self, mark: Mark) {
        match (&mut *self, mark) {
            (Self::Full, _) | (Self::All, Mark::Cell(_)) => {}
            (Self::Cells(cells), Mark::Cell(cell)) => {
                cells.insert(cell);
            }
            (Self::Cells(_) | Self::All, Mark::Cells) => *self = Self::All,
            (Self::Cells(_) | Self::All, Mark::Full) => *self = Self::Full,
        }
    }

    /// The cells that it is confined to.
    fn only(&self) -> Option<&BTreeSet<CellId>> {
        match self {
            Self::Cells(cells) => Some(cells),
            Self::All | Self::Full => None,
        }
    }
}

/// The sender of marks for the publisher. Marking never waits, and equal marks merge.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct Marks(watch::Sender<Dirty>);

/// What a mark is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lsp) enum Mark {
    /// One px cell changed.
    Cell(CellId),
    /// Any px cell may have changed, come or gone.
    Cells,
    /// The client needs everything, and forgets what it was sent before.
    Full,
}

impl Marks {
    /// Notes that something changed in a document.
    pub(in crate::lsp) fn mark(&self, uri: &Uri, mark: Mark) {
        self.0.send_modify(|dirty| {
            if !dirty.documents.contains_key(uri) {
                dirty.order.push(uri.clone());
            }
            dirty.documents.entry(uri.clone()).or_default().add(mark);
        });
    }

    /// Notes a change that must be sent at once: the end of a run, or its first error.
    pub(in crate::lsp) fn mark_urgent(&self, uri: &Uri, mark: Mark) {
        self.mark(uri, mark);
        self.0.send_modify(|dirty| dirty.urgent = true);
    }

    /// Notes that a document was closed.
    pub(in crate::lsp) fn close(&self, uri: &Uri) {
        self.0.send_modify(|dirty| {
            dirty.documents.remove(uri);
            dirty.order.retain(|other| other != uri);
            dirty.closed.insert(uri.0.clone());
        });
    }

    /// Notes that the client painted everything up to this message.
    pub(in crate::lsp) fn acknowledge(&self, seq: u32) {
        self.0.send_modify(|dirty| dirty.acknowledged = dirty.acknowledged.max(seq));
    }

    /// Notes that the client requested a document again: it will not acknowledge messages that it lost.
    pub(in crate::lsp) fn refresh(&self, uri: &Uri) {
        self.0.send_modify(|dirty| dirty.restart = true);
        self.mark(uri, Mark::Full);
    }
}

/// The task that sends outputs.
#[derive(Debug)]
pub(in crate::lsp) struct Publisher<V, S> {
    view: V,
    sink: S,
    announced: Announced,
    marks: Marks,
    changed: watch::Receiver<Dirty>,
    last_sent: HashMap<Uri, HashMap<CellId, CellOutput>>,
    seq: u32,
    acknowledged: u32,
    last: Option<Instant>,
}

impl<V: View, S: Sink> Publisher<V, S> {
    /// A publisher and its marks. It does nothing until [`Publisher::run`] is polled.
    pub(in crate::lsp) fn new(view: V, sink: S, announced: Announced) -> (Self, Marks) {
        let (sender, changed) = watch::channel(Dirty::default());
        let marks = Marks(sender);
        let publisher = Self {
            view,
            sink,
            announced,
            marks: marks.clone(),
            changed,
            last_sent: HashMap::new(),
            seq: 0,
            acknowledged: 0,
            last: None,
        };
        (publisher, marks)
    }

    /// Publishes for as long as it is polled.
    pub(in crate::lsp) async fn run(mut self) {
        loop {
            self.wait_for_marks_and_credit().await;
            self.wait_for_pace().await;
            for (uri, touched) in self.take() {
                let Some(message) = self.message(uri, touched).await else { continue };
                self.seq = message.seq;
                self.sink.send(message).await;
                self.last = Some(Instant::now());
            }
        }
    }

    async fn wait_for_marks_and_credit(&mut self) {
        loop {
            let closed = {
                let dirty = self.changed.borrow_and_update();
                let acknowledged = if dirty.restart { self.seq } else { dirty.acknowledged.min(self.seq) };
                self.acknowledged = self.acknowledged.max(acknowledged);
                let has_credit = !self.announced.ack || self.seq - self.acknowledged < CREDIT;
                if has_credit && !dirty.order.is_empty() {
                    break;
                }
                dirty.closed.clone()
            };
            self.forget(&closed);
            // The publisher itself holds a sender, so this never fails.
            let _ = self.changed.changed().await;
        }
    }

    /// Waits until enough time has passed since the last message, or something must be sent at once.
    async fn wait_for_pace(&mut self) {
        let Some(last) = self.last else { return };
        let due = last + if self.announced.ack { GAP } else { GAP_UNACKNOWLEDGED };
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            // The publisher itself holds a sender, so this never fails.
            _ = self.changed.wait_for(|dirty| dirty.urgent) => {}
        }
    }

    /// Takes the documents that changed, with all their marks, the one that has waited longest first.
    fn take(&mut self) -> Vec<(Uri, Touched)> {
        let mut taken = Vec::new();
        let mut closed = BTreeSet::new();
        self.marks.0.send_if_modified(|dirty| {
            (dirty.restart, dirty.urgent) = (false, false);
            closed = mem::take(&mut dirty.closed);
            let order = mem::take(&mut dirty.order);
            taken = order
                .into_iter()
                .map(|uri| {
                    let touched = dirty.documents.remove(&uri).unwrap_or_default();
                    (uri, touched)
                })
                .collect();
            false
        });
        self.forget(&closed);
        taken
    }

    fn forget(&mut self, closed: &BTreeSet<String>) {
        if !closed.is_empty() {
            self.last_sent.retain(|uri, _| !closed.contains(&uri.0));
        }
    }

    /// The message with what is new to the client; `None` if nothing is.
    async fn message(&mut self, uri: Uri, touched: Touched) -> Option<OutputsParams> {
        let only = touched.only();
        let view = tasks::guarded("publisher", self.view.outputs(&uri, only.cloned())).await?;
        let CellOutputs { version, cells } = view?;
        let last_sent = self.last_sent.entry(uri.clone()).or_default();
        let present: BTreeSet<CellId> = cells.iter().map(|cell| cell.id.clone()).collect();
        let gone = |cell: &CellId| !present.contains(cell) && only.is_none_or(|only| only.contains(cell));
        let mut removed: Vec<CellId> = last_sent.keys().filter(|cell| gone(cell)).cloned().collect();
        removed.sort();
        removed.iter().for_each(|cell| drop(last_sent.remove(cell)));
        let full = matches!(touched, Touched::Full);
        let mut changed = Vec::new();
        for mut cell in cells {
            if !self.announced.blocks {
                cell.block = None;
            }
            let known = last_sent.get(&cell.id).is_some_and(|old| differs_only_in_place(old, &cell));
            last_sent.insert(cell.id.clone(), cell.clone());
            if full || !known {
                changed.push(cell);
            }
        }
        if full {
            removed.clear();
        }
        let worth_it = full || !changed.is_empty() || !removed.is_empty();
        worth_it.then(|| OutputsParams { uri, version, seq: self.seq + 1, full, cells: changed, removed })
    }
}

/// Whether only the place differs, which editors adjust themselves as the text moves, unless the line is painted on
/// another line of the cell.
fn differs_only_in_place(old: &CellOutput, new: &CellOutput) -> bool {
    let line_in_cell = |cell: &CellOutput| i64::from(cell.line_at) - i64::from(cell.range.start.line);
    let moved = CellOutput { range: new.range, line_at: new.line_at, ..old.clone() };
    line_in_cell(old) == line_in_cell(new) && moved == *new
}

#[cfg(test)]
mod tests;
