//! The publisher with a clock that the tests move, a view that they write, and a client that they hold back.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use lsp_types::Range;
use pxlens_protocol::{CellState, Line, LineSeverity};
use pxlens_tests::within;
use tokio::sync::{Semaphore, mpsc};

use super::*;

/// How things are: for each document its cells, in order.
#[derive(Clone, Default)]
struct Picture(Arc<Mutex<HashMap<String, Vec<CellOutput>>>>, Arc<AtomicU32>);

impl Picture {
    fn set(&self, uri: &str, cells: Vec<CellOutput>) {
        self.0.lock().unwrap().insert(uri.into(), cells);
    }

    fn looks(&self) -> u32 {
        self.1.load(Ordering::SeqCst)
    }
}

impl View for Picture {
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

struct Stage {
    picture: Picture,
    marks: Marks,
    permits: Arc<Semaphore>,
    received: mpsc::UnboundedReceiver<(Duration, OutputsParams)>,
}

impl Stage {
    fn new(ack: bool) -> Self {
        let picture = Picture::default();
        let permits = Arc::new(Semaphore::new(1_000_000));
        let (sender, received) = mpsc::unbounded_channel();
        let pipe = Pipe { permits: permits.clone(), received: sender, began: Instant::now() };
        let (publisher, marks) = Publisher::new(picture.clone(), pipe, Credit { ack, blocks: false });
        tokio::spawn(publisher.run());
        Self { picture, marks, permits, received }
    }

    fn show(&self, text: &str) {
        self.picture.set("a", vec![cell("c", text)]);
        self.marks.mark(&"a".into(), Mark::Cell("c".into()));
    }

    /// The same of what nobody should wait for.
    fn show_urgent(&self, text: &str) {
        self.picture.set("a", vec![cell("c", text)]);
        self.marks.mark_urgent(&"a".into(), Mark::Cell("c".into()));
    }

    /// Lets time pass until a message comes; gives when, in milliseconds, and what it says.
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
    let mut stage = Stage::new(true);
    stage.show("1");
    assert_eq!(stage.next().await.0, 0);
    stage.marks.acknowledge(1);
    stage.show("2");
    stage.show("3");
    let (at, message) = stage.next().await;
    assert_eq!((at, text(&message), message.seq), (50, "3".into(), 2));
    stage.marks.acknowledge(2);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.show("4");
    assert_eq!(stage.next().await.0, 1050, "after a pause the next one is a first one");
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_its_end_waits_for_no_pace_and_what_follows_does() {
    for (ack, gap) in [(true, 50), (false, 250)] {
        let mut stage = Stage::new(ack);
        stage.show("1");
        assert_eq!(stage.next().await.0, 0);
        stage.marks.acknowledge(1);
        stage.show("2");
        tokio::time::sleep(Duration::from_millis(10)).await;
        stage.show_urgent("end");
        let (at, message) = stage.next().await;
        assert_eq!((at, text(&message)), (10, "end".into()), "one message has both");
        stage.marks.acknowledge(2);
        stage.show("3");
        let (at, message) = stage.next().await;
        assert_eq!((at, text(&message)), (10 + gap, "3".into()), "nothing of the end is left");
        stage.marks.acknowledge(3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_takes_along_what_waits_of_other_documents() {
    let mut stage = Stage::new(true);
    stage.show("1");
    stage.next().await;
    stage.marks.acknowledge(1);
    stage.picture.set("b", vec![cell("c", "other")]);
    stage.marks.mark(&"b".into(), Mark::Full);
    tokio::time::sleep(Duration::from_millis(10)).await;
    stage.show_urgent("end");
    let both = [stage.next().await, stage.next().await].map(|(at, message)| (at, text(&message)));
    assert_eq!(both, [(10, "other".into()), (10, "end".into())]);
}

#[tokio::test(start_paused = true)]
async fn an_end_waits_for_credit_all_the_same() {
    let mut stage = Stage::new(true);
    for text in ["1", "2"] {
        stage.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stage.show_urgent("end");
    assert_eq!(stage.texts_within(Duration::from_secs(60)).await, ["1", "2"]);
    stage.marks.acknowledge(1);
    assert_eq!(stage.texts_within(Duration::from_millis(1)).await, ["end"]);
}

#[tokio::test(start_paused = true)]
async fn at_most_two_messages_are_unacknowledged() {
    let mut stage = Stage::new(true);
    for text in ["1", "2", "3", "4"] {
        stage.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(stage.texts_within(Duration::from_secs(60)).await, ["1", "2"]);
    stage.marks.acknowledge(1);
    assert_eq!(stage.texts_within(Duration::from_secs(60)).await, ["4"], "the newest, not the queue");
    stage.marks.acknowledge(3);
    stage.show("5");
    stage.marks.acknowledge(99);
    assert_eq!(stage.texts_within(Duration::from_secs(60)).await, ["5"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_again_need_not_acknowledge_what_it_lost() {
    let mut stage = Stage::new(true);
    for text in ["1", "2", "3"] {
        stage.show(text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, ["1", "2"]);
    stage.marks.refresh(&"a".into());
    let (_, message) = stage.next().await;
    assert_eq!((text(&message), message.full), ("3".into(), true));
}

#[tokio::test(start_paused = true)]
async fn without_acknowledgement_there_are_at_most_four_a_second() {
    let mut stage = Stage::new(false);
    for step in 0..1000 {
        stage.show(&step.to_string());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let texts = stage.texts_within(Duration::from_secs(1)).await;
    assert_eq!(texts.len(), 5, "at 0, 250, 500, 750 ms, and the last state: {texts:?}");
    assert_eq!(texts.last().map(String::as_str), Some("999"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_costs_no_more_than_one_message() {
    let mut stage = Stage::new(false);
    stage.permits.forget_permits(usize::MAX);
    stage.show("0");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for step in 0..100_000 {
        stage.show(&step.to_string());
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stage.picture.looks(), 1, "nothing is laid out while a message waits");
    stage.permits.add_permits(10);
    assert_eq!(stage.texts_within(Duration::from_secs(60)).await, ["0", "99999"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_twice_and_a_new_place_alone_is_no_news() {
    let mut stage = Stage::new(false);
    stage.show("1");
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, ["1"]);
    let mut moved = cell("c", "1");
    (moved.range.start.line, moved.range.end.line, moved.line_at) = (5, 9, 5);
    stage.picture.set("a", vec![moved.clone()]);
    stage.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, [""; 0]);
    // On another line of the cell it is news.
    moved.line_at = 7;
    stage.picture.set("a", vec![moved]);
    stage.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_is_gone_is_removed_once() {
    let mut stage = Stage::new(false);
    stage.picture.set("a", vec![cell("c", "1"), cell("d", "2")]);
    stage.marks.mark(&"a".into(), Mark::Full);
    assert!(stage.next().await.1.full);
    stage.picture.set("a", vec![cell("d", "2")]);
    stage.marks.mark(&"a".into(), Mark::Cells);
    let (_, message) = stage.next().await;
    assert_eq!((message.removed, message.cells.len()), (vec!["c".into()], 0));
    stage.marks.mark(&"a".into(), Mark::Cells);
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_document_is_said_in_full_and_a_closed_one_not_at_all() {
    let mut stage = Stage::new(false);
    stage.picture.set("a", vec![]);
    stage.marks.mark(&"a".into(), Mark::Full);
    assert!(stage.next().await.1.full);
    stage.marks.mark(&"b".into(), Mark::Full);
    assert_eq!(stage.texts_within(Duration::from_secs(1)).await, [""; 0]);
    stage.marks.close(&"a".into());
    stage.marks.mark(&"a".into(), Mark::Full);
    assert!(stage.next().await.1.full);
}

#[tokio::test(start_paused = true)]
async fn no_document_starves_another() {
    let mut stage = Stage::new(false);
    for step in 0..2000 {
        stage.show(&format!("loud {step}"));
        if step == 10 {
            stage.picture.set("b", vec![cell("c", "quiet")]);
            stage.marks.mark(&"b".into(), Mark::Full);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let texts = stage.texts_within(Duration::from_secs(2)).await;
    let place = texts.iter().position(|text| text == "quiet");
    assert!(place.is_some_and(|place| place <= 2), "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_cells_of_a_long_notebook_wait_for_each_other_no_longer_than_one_gap() {
    let mut stage = Stage::new(true);
    let cells = || (0..300).map(|n| n.to_string());
    for uri in cells() {
        stage.picture.set(&uri, vec![cell("c", &uri)]);
        stage.marks.mark(&uri.as_str().into(), Mark::Full);
    }
    for uri in cells() {
        let (at, message) = stage.next().await;
        assert_eq!((at, text(&message)), (0, uri));
    }
    // One acknowledgement pays for all of them.
    stage.marks.acknowledge(300);
    stage.show("more");
    assert_eq!(text(&stage.next().await.1), "more");
}

#[tokio::test(start_paused = true)]
async fn blocks_go_only_to_a_client_that_paints_them() {
    let mut stage = Stage::new(false);
    stage.show("1");
    assert_eq!(stage.next().await.1.cells[0].block, None);
}
