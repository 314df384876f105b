//! Where engines run.

use std::time::Duration;

use serde_json::json;

use super::script::{Controller, connect, engine_of, engines, execute, table, uuid};
use crate::{
    cluster::{
        ClusterClient,
        transport::{Channel, DownReason},
    },
    engines::EngineId,
    run::EventKind,
};

/// Long enough for whatever the client does unasked.
const LONG: Duration = Duration::from_secs(60);

fn hosts(client: &ClusterClient) -> Vec<(Option<String>, Option<u32>)> {
    let table = client.engines().borrow().clone();
    table.iter().map(|engine| (engine.host.as_deref().map(str::to_owned), engine.pid)).collect()
}

fn host(engine: u32) -> (Option<String>, Option<u32>) {
    (Some(format!("host-{engine}")), Some(engine))
}

fn asked(controller: &Controller) -> Vec<String> {
    controller.asked_hosts().iter().map(engine_of).collect()
}

#[tokio::test(start_paused = true)]
async fn engines_are_asked_once_and_their_hosts_and_processes_are_in_the_table() {
    let (controller, wires) = Controller::new(&[0, 1]);
    controller.tell_hosts();
    let client = connect(wires).await.unwrap();
    client.settled(LONG).await;
    assert_eq!(hosts(&client), [host(0), host(1)]);
    controller.register(7);
    engines(&client, &[0, 1, 7]).await;
    table(&client, |table| table.iter().all(|engine| engine.host.is_some())).await;
    assert_eq!(hosts(&client)[2], host(7));
    tokio::time::sleep(LONG).await;
    assert_eq!(asked(&controller), [0, 1, 7].map(uuid));
}

#[tokio::test(start_paused = true)]
async fn who_registers_again_is_asked_again() {
    let (controller, wires) = Controller::new(&[0]);
    controller.tell_hosts();
    let client = connect(wires).await.unwrap();
    client.settled(LONG).await;
    controller.unregister(0);
    engines(&client, &[]).await;
    controller.register(0);
    engines(&client, &[0]).await;
    client.settled(LONG).await;
    assert_eq!((asked(&controller), hosts(&client)), ([0, 0].map(uuid).to_vec(), vec![host(0)]));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_tell_has_no_host_and_holds_nothing_up() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let begun = tokio::time::Instant::now();
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(!seen.iter().any(|kind| matches!(kind, EventKind::Host(_))), "{seen:?}");
    assert!(begun.elapsed() < Duration::from_secs(1));
    client.settled(LONG).await;
    assert_eq!(begun.elapsed().as_secs(), 2, "nobody waits longer");
    assert_eq!(hosts(&client), [(None, None)]);
    tokio::time::sleep(LONG).await;
    assert_eq!(asked(&controller), [uuid(0)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_gets_the_hosts_of_its_engines_even_if_they_become_known_later() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let questions = controller.asked_hosts();
    controller.tell_host(&questions[0], &json!({}));
    table(&client, |table| table.get(EngineId(0)).is_some_and(|engine| engine.host.is_some())).await;
    let mut watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    controller.succeed(&requests[0]);
    let is_idle = |kind: &EventKind| *kind == EventKind::Idle;
    let seen = watched.until(0, is_idle).await;
    assert_eq!(seen.first(), Some(&EventKind::Host("host-0".into())), "{seen:?}");
    controller.status(&requests[1], "busy");
    watched.until(1, |kind| *kind == EventKind::Busy).await;
    // Later than anybody waits for it.
    tokio::time::sleep(LONG).await;
    controller.tell_host(&questions[1], &json!({}));
    let seen = watched.until(1, |kind| matches!(kind, EventKind::Host(_))).await;
    assert_eq!(seen, [EventKind::Busy, EventKind::Host("host-1".into())]);
    table(&client, |table| table.get(EngineId(1)).is_some_and(|engine| engine.pid == Some(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_engines_are_asked_by_and_by() {
    let ids: Vec<u32> = (0..1000).collect();
    let (controller, client) = Controller::with_client(&ids).await;
    let at_first = controller.asked_hosts();
    assert_eq!(at_first.len(), 64);
    controller.tell_host(&at_first[0], &json!({}));
    controller.tell_host(&at_first[1], &json!({}));
    table(&client, |table| table.iter().filter(|engine| engine.host.is_some()).count() == 2).await;
    assert_eq!(asked(&controller).len(), 66);
    // The rest of them say nothing, and make room all the same.
    tokio::time::sleep(LONG).await;
    let mut all = asked(&controller);
    all.sort();
    all.dedup();
    assert_eq!((all.len(), controller.asked_hosts().len()), (1000, 1000));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_name_of_a_host_is_none() {
    let (controller, client) = Controller::with_client(&[0, 1, 2, 3, 4, 5]).await;
    let questions = controller.asked_hosts();
    controller.tell_host(&questions[0], &json!({"hostname": "[click](command:evil)"}));
    controller.tell_host(&questions[1], &json!({"hostname": "www.example.org"}));
    controller.tell_host(&questions[2], &json!({"hostname": 12, "pid": "x"}));
    controller.tell_host(&questions[3], &json!({"hostname": "n".repeat(254), "pid": -1}));
    controller.tell_host(&questions[4], &json!({"hostname": "n03.cluster-1.example_org"}));
    controller.tell_host(&questions[5], &json!({"hostname": ""}));
    client.settled(LONG).await;
    let known = hosts(&client);
    assert_eq!(known[5], (None, Some(5)));
    assert_eq!(known[..2], [(None, Some(0)), (None, Some(1))]);
    assert_eq!(known[2..4], [(None, None), (None, None)]);
    assert_eq!(known[4].0.as_deref(), Some("n03.cluster-1.example_org"));
}

#[tokio::test(start_paused = true)]
async fn engines_of_a_controller_that_came_back_are_asked_anew() {
    let (controller, wires) = Controller::new(&[0]);
    controller.tell_hosts();
    let client = connect(wires).await.unwrap();
    client.settled(LONG).await;
    controller.down_all(&DownReason::Refused);
    engines(&client, &[]).await;
    controller.list(&[4]);
    Channel::ALL.iter().for_each(|channel| controller.up(*channel));
    table(&client, |table| table.iter().any(|engine| engine.host.is_some())).await;
    assert_eq!((asked(&controller), hosts(&client)), ([0, 4].map(uuid).to_vec(), vec![host(4)]));
}
