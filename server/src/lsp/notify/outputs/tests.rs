//! The publisher with a paused clock, a view that the tests write, and a client that they can hold back.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use lsp_types::Range;
use pxlens_protocol::{CellState, Line, LineSeverity};
use pxlens_tests::within;
use tokio::sync::{Semaphore, mpsc};

use super::*;

/// The current outputs: for each document its cells, in order.
#[derive(Clone, Default)]
struct FakeView(Arc<Mutex<HashMap<String, Vec<CellOutput>>>>, Arc<AtomicU32>);

impl FakeView {
    fn set(&self, uri: &str, cells: Vec<CellOutput>) {
        self.0.lock().unwrap().insert(uri.into(), cells);
    }

    fn looks(&self) -> u32 {
        self.1.load(Ordering::SeqCst)
    }
}

impl View for FakeView {
    async fn outputs(&self, uri: &Uri, only: Option<BTreeSet<CellId>>) -> Option<CellOutputs> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut cells = self.0.lock().unwrap().get(&uri.0)?.clone();
        cells.retain(|cell| only.as_ref().is_none_or(|only| only.contains(&cell.id)));
        Some(CellOutputs { version: 1, cells })
    }
}

/// A client whose pipe takes a message per permit.
struct Pipe {
    permits: Arc<Semaphore>,
    received: mpsc::UnboundedSender<(Duration, OutputsParams)>,
    began: Instant,
}

impl Sink for Pipe {
    async fn send(&self, params: OutputsParams) {
        self.permits.acquire().await.unwrap().forget();
        self.received.send((self.began.elapsed(), params)).unwrap();
    }
}

struct Fixture {
    view: FakeView,
    marks: Marks,
    permits: Arc<Semaphore>,
    received: mpsc::UnboundedReceiver<(Duration, OutputsParams)>,
}

impl Fixture {
    fn new(ack: bool) -> Self {
        let view = FakeView::default();
        let permits = Arc::new(Semaphore::new(1_000_000));
        let (sender, received) = mpsc::unbounded_channel();
        let pipe = Pipe { permits: permits.clone(), received: sender, began: Instant::now() };
        let (publisher, marks) = Publisher::new(view.clone(), pipe, Announced { ack, blocks: false });
        tokio::spawn(publisher.run());
        Self { view, marks, permits, received }
    }

    fn show(&self, text: &str) {
        self.view.set("a", vec![cell("c", text)]);
        self.marks.mark(&"a".into(), Mark::Cell("c".into()));
    }

    /// The same for a change that must be sent at once.
    fn show_urgent(&self, text: &str) {
        self.view.set("a", vec![cell("c", text)]);
        self.marks.mark_urgent(&"a".into(), Mark::Cell("c".into()));
    }

    /// Lets time pass until a message comes; returns the time in milliseconds and the message.
    async fn next(&mut self) -> (u128, OutputsParams) {
        let (at, params) = within("a message to the client", self.received.recv()).await.unwrap();
        (at.as_millis(), params)
    }

    async fn texts_within(&mut self, time: Duration) -> Vec<String> {
        tokio::time::sleep(time).await;
        let mut texts = Vec::new();
        while let Ok((_, params)) = self.received.try_recv() {
            texts.push(text(&params));
        }
        texts
    }
}

fn cell(id: &str, text: &str) -> CellOutput {
    CellOutput {
        id: id.into(),
        run: None,
        range: Range::default(),
        state: CellState::Running,
        stale: false,
        line: Some(Line { text: text.into(), severity: LineSeverity::Info }),
        line_at: 0,
        block: Some(vec![]),
    }
}

fn text(params: &OutputsParams) -> String {
    params
        .cells
        .iter()
        .filter_map(|cell| Some(cell.line.as_ref()?.text.clone()))
        .collect::<Vec<_>>()
        .join(",")
}

#[tokio::test(start_paused = true)]
async fn the_first_change_goes_at_once_and_later_ones_every_50_ms() {
    let mut fixture = Fixture::new(true);
    fixture.show("1");
    assert_eq!(fixture.next().await.0, 0);
    fixture.marks.acknowledge(1);
    fixture.show("2");
    fixture.show("3");
    let (at, message) = fixture.next().await;
    assert_eq!((at, text(&message), message.seq), (50, "3".into(), 2));
    fixture.marks.acknowledge(2);
    tokio::time::sleep(Duration::from_secs(1)).await;
    fixture.show("4");
    assert_eq!(fixture.next().await.0, 1050, "after a pause the next one is a first one");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_is_sent_at_once_and_later_changes_are_paced() {
    for (ack, gap) in [(true, 50), (false, 250)] {
        let mut fixture = Fixture::new(ack);
        fixture.show("1");
        assert_eq!(fixture.next().await.0, 0);
        fixture.marks.acknowledge(1);
        fixture.show("2");
        tokio::time::sleep(Duration::from_millis(10)).await;
        fixture.show_urgent("end");
        let (at, message) = fixture.next().await;
        assert_eq!((at, text(&message)), (10, "end".into()), "one message has both");
        fixture.marks.acknowledge(2);
        fixture.show("3");
        let (at, message) = fixture.next().await;
        assert_eq!((at, text(&message)), (10 + gap, "3".into()), "the urgency is over");
        fixture.marks.acknowledge(3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_also_sends_pending_changes_of_other_documents() {
    let mut fixture = Fixture::new(true);
    fixture.show("1");
    fixture.next().await;
    fixture.marks.acknowledge(1);
    fixture.view.set("b", vec![cell("c", "other")]);
    fixture.marks.mark(&"b".into(), Mark::Full);
    tokio::time::sleep(Duration::from_millis(10)).await;
    fixture.show_urgent("end");
    let both = [fixture.next().await, fixture.next().await].map(|(at, message)| (at, text(&message)));
    assert_eq!(both, [(10, "other".into()), (10, "end".into())]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_still_waits_for_credit() {
    let mut fixture = Fixture::new(true);
    for text in ["1", "2"] {
        fixture.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    fixture.show_urgent("end");
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, ["1", "2"]);
    fixture.marks.acknowledge(1);
    assert_eq!(fixture.texts_within(Duration::from_millis(1)).await, ["end"]);
}

#[tokio::test(start_paused = true)]
async fn at_most_two_messages_are_unacknowledged() {
    let mut fixture = Fixture::new(true);
    for text in ["1", "2", "3", "4"] {
        fixture.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, ["1", "2"]);
    fixture.marks.acknowledge(1);
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, ["4"], "the newest, not the queue");
    fixture.marks.acknowledge(3);
    fixture.show("5");
    fixture.marks.acknowledge(99);
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, ["5"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_refreshes_need_not_acknowledge_what_it_lost() {
    let mut fixture = Fixture::new(true);
    for text in ["1", "2", "3"] {
        fixture.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, ["1", "2"]);
    fixture.marks.refresh(&"a".into());
    let (_, message) = fixture.next().await;
    assert_eq!((text(&message), message.full), ("3".into(), true));
}

#[tokio::test(start_paused = true)]
async fn without_acknowledgements_at_most_four_messages_are_sent_per_second() {
    let mut fixture = Fixture::new(false);
    for step in 0..1000 {
        fixture.show(&step.to_string());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let texts = fixture.texts_within(Duration::from_secs(1)).await;
    assert_eq!(texts.len(), 5, "at 0, 250, 500, 750 ms, and the last state: {texts:?}");
    assert_eq!(texts.last().map(String::as_str), Some("999"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_costs_only_one_message() {
    let mut fixture = Fixture::new(false);
    fixture.permits.forget_permits(usize::MAX);
    fixture.show("0");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for step in 0..100_000 {
        fixture.show(&step.to_string());
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(fixture.view.looks(), 1, "nothing is laid out while a message waits");
    fixture.permits.add_permits(10);
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, ["0", "99999"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_twice_and_a_new_place_alone_is_not_sent() {
    let mut fixture = Fixture::new(false);
    fixture.show("1");
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, ["1"]);
    let mut moved = cell("c", "1");
    (moved.range.start.line, moved.range.end.line, moved.line_at) = (5, 9, 5);
    fixture.view.set("a", vec![moved.clone()]);
    fixture.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, [""; 0]);
    // A line that moved within the cell is sent.
    moved.line_at = 7;
    fixture.view.set("a", vec![moved]);
    fixture.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cell_is_removed_once() {
    let mut fixture = Fixture::new(false);
    fixture.view.set("a", vec![cell("c", "1"), cell("d", "2")]);
    fixture.marks.mark(&"a".into(), Mark::Full);
    assert!(fixture.next().await.1.full);
    fixture.view.set("a", vec![cell("d", "2")]);
    fixture.marks.mark(&"a".into(), Mark::Cells);
    let (_, message) = fixture.next().await;
    assert_eq!((message.removed, message.cells.len()), (vec!["c".into()], 0));
    fixture.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_document_is_sent_in_full_and_a_closed_one_not_at_all() {
    let mut fixture = Fixture::new(false);
    fixture.view.set("a", vec![]);
    fixture.marks.mark(&"a".into(), Mark::Full);
    assert!(fixture.next().await.1.full);
    fixture.marks.mark(&"b".into(), Mark::Full);
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, [""; 0]);
    fixture.marks.close(&"a".into());
    fixture.marks.mark(&"a".into(), Mark::Full);
    assert!(fixture.next().await.1.full);
}

#[tokio::test(start_paused = true)]
async fn no_document_starves_another() {
    let mut fixture = Fixture::new(false);
    for step in 0..2000 {
        fixture.show(&format!("loud {step}"));
        if step == 10 {
            fixture.view.set("b", vec![cell("c", "quiet")]);
            fixture.marks.mark(&"b".into(), Mark::Full);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let texts = fixture.texts_within(Duration::from_secs(2)).await;
    let place = texts.iter().position(|text| text == "quiet");
    assert!(place.is_some_and(|place| place <= 2), "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn all_cells_of_a_long_notebook_are_sent_without_gaps_between_them() {
    let mut fixture = Fixture::new(true);
    let cells = || (0..300).map(|n| n.to_string());
    for uri in cells() {
        fixture.view.set(&uri, vec![cell("c", &uri)]);
        fixture.marks.mark(&uri.as_str().into(), Mark::Full);
    }
    for uri in cells() {
        let (at, message) = fixture.next().await;
        assert_eq!((at, text(&message)), (0, uri));
    }
    // One acknowledgement covers all of them.
    fixture.marks.acknowledge(300);
    fixture.show("more");
    assert_eq!(text(&fixture.next().await.1), "more");
}

#[tokio::test(start_paused = true)]
async fn the_messages_about_documents_that_changed_together_count_against_the_next_ones() {
    let mut fixture = Fixture::new(true);
    for uri in ["a", "b", "c"] {
        fixture.view.set(uri, vec![cell("c", uri)]);
        fixture.marks.mark(&uri.into(), Mark::Full);
    }
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, ["a", "b", "c"]);
    fixture.show_urgent("more");
    fixture.marks.acknowledge(1);
    assert_eq!(fixture.texts_within(Duration::from_secs(60)).await, [""; 0], "two are unacknowledged");
    fixture.marks.acknowledge(2);
    assert_eq!(fixture.texts_within(Duration::from_secs(1)).await, ["more"]);
}

#[tokio::test(start_paused = true)]
async fn blocks_are_only_sent_to_a_client_that_paints_them() {
    let mut fixture = Fixture::new(false);
    fixture.show("1");
    assert_eq!(fixture.next().await.1.cells[0].block, None);
}
