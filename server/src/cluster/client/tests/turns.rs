//! Requests that engines get one after the other, and what becomes of those that wait.

use serde_json::json;

use super::script::{Controller, engines, execute, execute_noblock, status, within};
use crate::{
    cluster::{
        ClientError, ClusterStatus, InterruptReport,
        transport::{Channel, DownReason},
    },
    engines::EngineId,
    jupyter::Message,
    run::{EventKind, LostReason, RunId},
};

fn not_sent(why: &str) -> EventKind {
    EventKind::Lost(LostReason::NotSent(why.to_owned()))
}

fn ids(requests: &[Message]) -> Vec<&[u8]> {
    requests.iter().map(|request| &request.prefix[0][..]).collect()
}

/// The code of a request raises on its engine.
fn fail(controller: &Controller, request: &Message) {
    controller.status(request, "busy");
    controller.reply_error(request);
    controller.status(request, "idle");
}

#[tokio::test(start_paused = true)]
async fn an_engine_gets_the_next_request_with_its_reply_to_the_one_before() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _first = execute_noblock(&client, 1, &[0, 1]).await;
    let mut second = execute_noblock(&client, 2, &[0, 1]).await;
    let first = controller.executes(2).await;
    controller.status(&first[1], "busy");
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    assert!(controller.is_idle());
    controller.reply_ok(&first[1]);
    let next = controller.executes(1).await.remove(0);
    assert_eq!(ids(std::slice::from_ref(&next)), [b"uuid-1"]);
    controller.succeed(&next);
    second.until(1, |kind| *kind == EventKind::Idle).await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_behind_a_noblock_run_that_failed_is_aborted_on_that_engine() {
    // Symptom: `b` was 20 behind `%px b = 10`, a failure and `%px b *= 2`, where IPython leaves 10.
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _first = execute_noblock(&client, 1, &[0, 1]).await;
    let mut behind = execute_noblock(&client, 2, &[0, 1]).await;
    let mut also = execute_noblock(&client, 3, &[0]).await;
    let mut last = execute(&client, 4, &[0]).await;
    let mut after = execute_noblock(&client, 5, &[0]).await;
    let first = controller.executes(2).await;
    fail(&controller, &first[0]);
    let why = EventKind::Aborted("run 1 failed there".to_owned());
    for aborted in [&mut behind, &mut also] {
        assert_eq!(aborted.until(0, |kind| *kind == why).await, std::slice::from_ref(&why));
    }
    // The next one is not `--noblock`: it runs, and so does the one behind it, even though it fails.
    let runs = controller.executes(2).await;
    fail(&controller, &runs[0]);
    last.until(0, |kind| *kind == EventKind::Idle).await;
    controller.succeed(&runs[1]);
    after.until(0, |kind| *kind == EventKind::Idle).await;
    // On the other engine nothing fails.
    controller.succeed(&first[1]);
    let run = controller.executes(1).await.remove(0);
    controller.succeed(&run);
    behind.until(1, |kind| *kind == EventKind::Idle).await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_aborted_on_an_engine_aborts_nothing_itself() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.reply(Channel::Mux, &request, "execute_reply", &json!({"status": "aborted"}));
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    second.until(0, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_that_waits_for_its_turn_is_never_sent() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0, 0]).await;
    let mut third = execute(&client, 3, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    let expected =
        InterruptReport { aborted: [EngineId(0)].into_iter().collect(), ..InterruptReport::default() };
    for run in [2, 3] {
        // No signal is sent: it would hit the run that holds these up.
        let report = within("a report", client.interrupt(RunId(run), None, "SIGTERM")).await;
        assert_eq!(report, Ok(expected.clone()));
    }
    let interrupted = || [not_sent("interrupted before it was sent")];
    assert_eq!(second.lost(0).await, interrupted());
    assert_eq!(second.lost(1).await, interrupted());
    assert_eq!(third.lost(0).await, interrupted());
    controller.succeed(&first);
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_waits_can_be_interrupted_without_a_connection() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    controller.executes(1).await;
    controller.down(Channel::Control, DownReason::Closed);
    status(&client, |status| matches!(status, ClusterStatus::Down { .. })).await;
    assert!(within("a report", client.interrupt(RunId(2), None, "SIGINT")).await.is_ok());
    assert_eq!(second.lost(0).await, [not_sent("interrupted before it was sent")]);
    let report = within("a report", client.interrupt(RunId(1), None, "SIGINT")).await;
    assert!(matches!(report, Err(ClientError::Away { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_an_engine_that_dies_is_lost() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    controller.executes(1).await;
    controller.unregister(0);
    engines(&client, &[]).await;
    assert_eq!(first.lost(0).await, [EventKind::Lost(LostReason::EngineDied)]);
    assert_eq!(second.lost(0).await, [not_sent("engine 0 is gone")]);
    // An engine that gets the same id later is another engine.
    controller.register(0);
    engines(&client, &[0]).await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_the_controller_is_lost_is_never_sent() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    controller.executes(1).await;
    controller.down_all(&DownReason::Refused);
    let why = "the connection to the controller was lost before its turn came";
    assert_eq!(second.lost(0).await, [not_sent(why)]);
    Channel::ALL.iter().for_each(|channel| controller.up(*channel));
    status(&client, |status| *status == ClusterStatus::Up).await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_waits_over_a_broken_connection_goes_when_its_turn_comes() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    controller.down(Channel::Mux, DownReason::Closed);
    controller.up(Channel::Mux);
    // The client asks only whether the engine is past what was sent.
    let (_, fence) = controller.request().await;
    assert_eq!(fence.header.msg_type, "kernel_info_request");
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let next = controller.executes(1).await.remove(0);
    controller.succeed(&next);
    second.until(0, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn code_that_awaits_at_its_top_level_holds_up_nothing() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    controller.status(&first, "idle");
    // If the engine answers a request after that one, it is past it.
    let (channel, fence) = controller.request().await;
    assert_eq!((channel, fence.header.msg_type.as_str()), (Channel::Mux, "kernel_info_request"));
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let next = controller.executes(1).await.remove(0);
    controller.succeed(&next);
    second.until(0, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_reported_late_still_aborts_what_waits() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    controller.status(&first, "idle");
    let (_, fence) = controller.request().await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    // The relay delivers replies in order.
    controller.reply_error(&first);
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let why = EventKind::Aborted("run 1 failed there".to_owned());
    assert_eq!(second.until(0, |kind| *kind == why).await, std::slice::from_ref(&why));
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn no_time_limit_runs_for_what_waits() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    assert!(controller.is_idle());
    controller.succeed(&first);
    let next = controller.executes(1).await.remove(0);
    controller.succeed(&next);
    let seen = second.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(!seen.iter().any(|kind| matches!(kind, EventKind::Lost(_))), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn closing_ends_what_waits() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute_noblock(&client, 1, &[0]).await;
    let mut second = execute_noblock(&client, 2, &[0]).await;
    controller.executes(1).await;
    within("the client to close", client.close()).await;
    let why = "the connection to the controller was lost before its turn came";
    assert_eq!(second.until_closed().await, [not_sent(why)]);
}
