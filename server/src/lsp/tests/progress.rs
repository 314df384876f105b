//! Progress of runs, and how often lenses are refreshed.

use std::{sync::Arc, time::Duration};

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::client::Client;
use crate::{
    engines::EngineId,
    jupyter::content::StreamName,
    run::{Event, EventKind, Run, RunId, RunRequest, Slot, Time},
    session::{DocumentKey, Limits, RunHandle, SessionEvent, SpillFolder, TextId, Whereabouts},
};

const URI: &str = "file:///a.py";

/// A run of the first px cell on four engines, which the session does not know: the test applies its events.
struct FakeRun {
    run: Run,
    view: watch::Sender<Arc<Run>>,
}

impl FakeRun {
    async fn start(client: &Client, id: u32) -> Self {
        let now = client.session.snapshot(DocumentKey::from(URI)).await;
        let cell = now.document().expect("it is open").cells[0].clone();
        let plan = cell.plan().expect("it would run").clone();
        let engines: Vec<EngineId> = (0..4).map(EngineId).collect();
        let request = RunRequest { code: plan.code.clone(), engines: engines.clone(), single: false };
        let run = Run::new(RunId(id), Arc::new(request), Time(0), true);
        let (sender, view) = watch::channel(Arc::new(run.clone()));
        client.emit(SessionEvent::Started(Arc::new(RunHandle {
            id: RunId(id),
            at: watch::channel(Whereabouts {
                text: TextId(0),
                document: DocumentKey::from(URI),
                home: DocumentKey::from(URI),
            })
            .1,
            cell: cell.id,
            number: id,
            line: cell.line,
            place_name: Default::default(),
            magic_line: "%%px".to_owned(),
            suffix: String::new(),
            fingerprint: plan.fingerprint(),
            px_cell: cell.cell,
            plan,
            engines,
            view,
            spilled: Arc::new(SpillFolder::new(Arc::default(), Limits::NONE, RunId(id))),
            regrouped: watch::channel(None).1,
        })));
        Self { run, view: sender }
    }

    fn apply(&mut self, slot: u32, kind: EventKind) {
        self.run.apply(Event { slot: Slot(slot), at: Time(0), kind });
        self.view.send_replace(Arc::new(self.run.clone()));
    }

    fn end(&mut self, slot: u32) {
        self.reply(slot, json!({ "status": "ok", "execution_count": 1 }));
    }

    fn interrupt(&mut self, slot: u32) {
        let error = json!({ "ename": "KeyboardInterrupt", "evalue": "", "traceback": [], "status": "error" });
        self.reply(slot, error);
    }

    fn reply(&mut self, slot: u32, message: Value) {
        self.apply(slot, EventKind::Busy);
        self.apply(slot, EventKind::Reply(serde_json::from_value(message).unwrap()));
        self.apply(slot, EventKind::Idle);
    }
}

async fn with_a_cell(capabilities: Value) -> Client {
    let mut client = Client::start(capabilities).await;
    client.open(URI, "%%px\n1\n").await;
    client.request("px/cells", json!({ "uri": URI })).await;
    client
}

#[tokio::test(start_paused = true)]
async fn progress_comes_after_a_second_and_ends_with_the_run() {
    let mut client = with_a_cell(json!({ "window": { "workDoneProgress": true } })).await;
    let began = tokio::time::Instant::now();
    let (mut short, mut long) = (FakeRun::start(&client, 1).await, FakeRun::start(&client, 2).await);
    (0..4).for_each(|slot| short.end(slot));
    (1..4).for_each(|slot| long.apply(slot, EventKind::Busy));
    long.end(0);
    let created = client.expect("window/workDoneProgress/create").await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    let token = created["params"]["token"].clone();
    assert_eq!(token, "px/run/2", "the short one shows nothing");
    client.send(&json!({ "jsonrpc": "2.0", "id": created["id"], "result": null })).await;
    let begun = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(
        (&begun["kind"], &begun["title"], &begun["cancellable"]),
        (&json!("begin"), &json!("px cell 2 on [0-3]"), &json!(true))
    );
    let report = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(
        (&report["message"], &report["percentage"]),
        (&json!("1 of 4 engines · waiting on [1-3]"), &json!(25))
    );
    (1..3).for_each(|slot| long.end(slot));
    long.interrupt(3);
    let ended = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(ended, json!({ "kind": "end", "message": "1 of 4 interrupted" }));
    client.end().await;
}

#[tokio::test]
async fn the_cancel_button_of_a_progress_interrupts_its_run() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().hang()).start().await;
    let mut client = Client::start_on(&sim, json!({ "window": { "workDoneProgress": true } })).await;
    client.open(URI, "%%px --progress-after 0\nwork()\n").await;
    client.engines(2).await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    let created = client.expect("window/workDoneProgress/create").await;
    client.send(&json!({ "jsonrpc": "2.0", "id": created["id"], "result": null })).await;
    assert_eq!(client.expect("$/progress").await["params"]["value"]["kind"], "begin");
    sim.wait_for_runs(2).await;
    let token = created["params"]["token"].clone();
    assert_eq!(token, "px/run/1");
    client.notify("window/workDoneProgress/cancel", json!({ "token": token })).await;
    let is_end = |params: &Value| params["value"]["kind"] == "end";
    let ended = client.expect_until("$/progress", is_end).await["value"].clone();
    assert!(ended["message"].as_str().unwrap().starts_with("2 of 2 "), "{ended}");
    let result = client.request("px/result", json!({ "run": 1 })).await;
    assert!(result["text"].as_str().unwrap().contains("KeyboardInterrupt"), "{result}");
    assert!(sim.requests().iter().any(|one| one.msg_type == "signal_request"));
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_shows_no_progress_is_sent_none() {
    let mut client = with_a_cell(json!({})).await;
    let mut run = FakeRun::start(&client, 1).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    run.end(0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    (1..4).for_each(|slot| run.end(slot));
    client.request("px/cells", json!({ "uri": URI })).await;
    // `end` checks that there are no unread messages.
    client.end().await;
}

fn refreshes() -> Value {
    json!({ "workspace": { "codeLens": { "refreshSupport": true } } })
}

#[tokio::test(start_paused = true)]
async fn lenses_are_refreshed_at_most_twice_a_second() {
    let mut client = with_a_cell(refreshes()).await;
    let began = tokio::time::Instant::now();
    let mut refreshes = 0;
    while began.elapsed().as_secs() < 10 {
        client.emit(SessionEvent::Plans);
        let asked = client.expect("workspace/codeLens/refresh").await;
        refreshes += 1;
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
    }
    assert!((2..=21).contains(&refreshes), "{refreshes} in ten seconds");
    client.end().await;
}

#[tokio::test(start_paused = true)]
async fn growing_output_does_not_refresh_lenses() {
    let mut client = with_a_cell(refreshes()).await;
    let mut run = FakeRun::start(&client, 1).await;
    run.apply(0, EventKind::Busy);
    // The start of the run causes a few refreshes.
    let mut refreshes = 0;
    while let Ok(asked) =
        tokio::time::timeout(Duration::from_secs(5), client.expect("workspace/codeLens/refresh")).await
    {
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
        refreshes += 1;
    }
    assert!((1..=3).contains(&refreshes), "{refreshes}");
    for _ in 0..100 {
        run.apply(0, EventKind::Stream { name: StreamName::Stdout, text: "more\n".to_owned() });
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // `end` checks that there are no unread messages.
    client.end().await;
}
