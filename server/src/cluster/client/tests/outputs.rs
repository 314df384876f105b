//! What becomes of a request's messages.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::script::{Controller, KEY, SOMEBODY, answer, execute, info, parent, try_execute, uuid};
use crate::{
    cluster::{
        ClientError, ClientOptions, ClusterClient, Execute, InterruptReport, feed, transport::Channel,
    },
    engines::EngineId,
    jupyter::{
        Signer,
        content::{ExecuteReply, StreamName},
    },
    run::{EventKind, LostReason, RunId},
};

fn stdout(text: &str) -> EventKind {
    EventKind::Stream { name: StreamName::Stdout, text: text.into() }
}

fn ok() -> EventKind {
    EventKind::Reply(ExecuteReply::Ok { execution_count: Some(1), payload: Vec::new() })
}

#[tokio::test(start_paused = true)]
async fn a_request_carries_what_engines_of_all_versions_need() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _watched = execute(&client, 1, &[1, 0, 1]).await;
    let requests = controller.executes(3).await;
    let to: Vec<_> = requests.iter().map(|request| request.prefix.clone()).collect();
    assert_eq!(to, [[Bytes::from(uuid(1))], [Bytes::from(uuid(0))], [Bytes::from(uuid(1))]]);
    let first = &requests[0];
    assert_eq!(first.header.version, "5.3");
    assert!(!first.header.date.is_empty());
    assert_eq!(serde_json::from_slice::<Value>(&first.metadata).unwrap(), json!({"label": null}));
    let content = json!({
        "code": "1+1", "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": false,
        "stop_on_error": false,
    });
    assert_eq!(serde_json::from_slice::<Value>(&first.content).unwrap(), content);
    let ids: std::collections::BTreeSet<_> = requests.iter().map(|r| &r.header.msg_id).collect();
    assert_eq!(ids.len(), 3, "receivers drop what they have seen before");
}

#[tokio::test(start_paused = true)]
async fn reply_and_idle_end_a_request_in_either_order() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let mut watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    controller.reply_ok(&requests[0]);
    controller.status(&requests[0], "busy");
    controller.print(&requests[0], "a");
    controller.status(&requests[0], "idle");
    controller.status(&requests[1], "busy");
    controller.print(&requests[1], "b");
    controller.status(&requests[1], "idle");
    controller.reply_ok(&requests[1]);
    let replied_first = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert_eq!(replied_first, [ok(), EventKind::Busy, stdout("a"), EventKind::Idle]);
    let idle_first = watched.until(1, |kind| matches!(kind, EventKind::Reply(_))).await;
    assert_eq!(idle_first, [EventKind::Busy, stdout("b"), EventKind::Idle, ok()]);
}

#[tokio::test(start_paused = true)]
async fn output_of_other_clients_and_of_nobody_is_ignored() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    let stream = json!({"name": "stdout", "text": "not ours"});
    // The same message id from another session, another request, and no request at all.
    let mut theirs = parent(&request);
    theirs["session"] = json!(SOMEBODY);
    controller.publish_as(&uuid(0), "stream", &theirs, &stream);
    let mut another = parent(&request);
    another["msg_id"] = json!("another");
    controller.publish_as(&uuid(0), "stream", &another, &stream);
    controller.publish_as(&uuid(0), "stream", &json!({}), &stream);
    controller.succeed(&request);
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert_eq!(seen, [EventKind::Busy, ok(), EventKind::Idle]);
}

#[tokio::test(start_paused = true)]
async fn garbage_and_forgeries_are_skipped_and_the_connection_lives() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    let forger = Signer::new("hmac-sha256", &format!("not {KEY}")).unwrap();
    let stream = json!({"name": "stdout", "text": "forged"});
    let forged = answer(&forger, &["topic"], &uuid(0), "stream", &parent(&request), &stream);
    for channel in Channel::ALL {
        controller.say(channel, Vec::new());
        controller.say(channel, vec![Bytes::from_static(b"\xff\xfe"); 7]);
        controller.say(channel, vec![Bytes::from_static(b"<IDS|MSG>")]);
        controller.say(channel, forged.clone());
    }
    controller.publish(&request, "stream", &json!({"name": "stdlog", "text": 1}));
    controller.publish(&request, "unheard_of", &json!({}));
    controller.notify("registration_notification", &json!({"id": "x"}));
    controller.succeed(&request);
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(matches!(&seen[0], EventKind::Unreadable(what) if what.starts_with("stream: ")), "{seen:?}");
    assert_eq!(seen[1..], [EventKind::Busy, ok(), EventKind::Idle]);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_reply_ends_a_request_without_an_idle() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.reply(Channel::Mux, &request, "execute_reply", &json!({"status": "aborted"}));
    watched.until(0, |kind| matches!(kind, EventKind::Reply(_))).await;
    // Otherwise this would end it as lost.
    client.close().await;
    let all = watched.until_closed().await;
    assert_eq!(all[1..], [EventKind::Reply(ExecuteReply::Aborted {})]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_output_may_take_as_long_as_other_output_keeps_coming() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let mut watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    controller.reply_ok(&requests[0]);
    for _ in 0..4 {
        // Less than the limit each time, more in all.
        tokio::time::sleep(Duration::from_secs(6)).await;
        controller.print(&requests[1], "large");
        watched.until(1, |kind| *kind == stdout("large")).await;
    }
    controller.status(&requests[0], "idle");
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert_eq!(seen, [ok(), EventKind::Idle]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_whose_output_never_ends_is_given_up() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    controller.reply_ok(&request);
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Busy, ok(), EventKind::Lost(LostReason::OutputIncomplete)]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_cannot_be_read_still_ends_its_request() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.reply(Channel::Mux, &request, "execute_reply", &json!({"status": "unheard of"}));
    let seen = watched.lost(0).await;
    assert!(matches!(&seen[0], EventKind::Unreadable(_)), "{seen:?}");
    assert_eq!(seen[1..], [EventKind::Lost(LostReason::ReplyUnreadable)]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_lost_is_found_out_by_what_comes_after_it() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    controller.status(&request, "idle");
    let (channel, fence) = controller.request().await;
    assert_eq!((channel, fence.header.msg_type.as_str()), (Channel::Mux, "kernel_info_request"));
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let seen = watched.lost(0).await;
    assert_eq!(seen.last(), Some(&EventKind::Lost(LostReason::ReplyMissing)));
}

#[tokio::test(start_paused = true)]
async fn late_output_reaches_the_feed_until_the_run_is_forgotten() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    watched.until(0, |kind| *kind == EventKind::Idle).await;
    controller.print(&request, "from a thread");
    let seen = watched.until(0, |kind| matches!(kind, EventKind::Stream { .. })).await;
    assert_eq!(seen.last(), Some(&stdout("from a thread")));
    client.forget(RunId(1));
    let all = watched.until_closed().await;
    controller.print(&request, "too late");
    assert_eq!(all.last(), Some(&stdout("from a thread")));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_not_there_is_reported_and_the_others_run() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[7, 0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    let missing = watched.lost(0).await;
    assert_eq!(missing, [EventKind::Lost(LostReason::NotSent("engine 7 is gone".into()))]);
    watched.until(1, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn output_that_may_be_missing_is_noted_where_it_may_be_missing() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    watched.until(0, |kind| *kind == EventKind::Busy).await;
    controller.down(Channel::Iopub, crate::cluster::transport::DownReason::Closed);
    controller.up(Channel::Iopub);
    controller.reply_ok(&request);
    controller.status(&request, "idle");
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    let [.., note, EventKind::Idle] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(matches!(note, EventKind::Unreadable(what) if what.contains("may be missing")), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn closing_ends_what_is_outstanding() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    client.close().await;
    let all = watched.until_closed().await;
    assert_eq!(all.last(), Some(&EventKind::Lost(LostReason::ControllerLost)));
    assert!(matches!(try_execute(&client, 2, &[0]).await, Err(ClientError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_closes_the_connection() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    let another = client.clone();
    drop(client);
    assert_eq!(another.interrupt(RunId(9), None, "SIGINT").await, Ok(InterruptReport::default()));
    drop(another);
    let all = watched.until_closed().await;
    assert_eq!(all.last(), Some(&EventKind::Lost(LostReason::ControllerLost)));
}

#[tokio::test(start_paused = true)]
async fn more_code_than_may_be_in_flight_is_refused() {
    let (mut controller, wires) = Controller::new(&[0]);
    let options = ClientOptions { in_flight: 3 << 20, ..ClientOptions::default() };
    let client = ClusterClient::connect_over(wires, info(), options).await.unwrap();
    let large = |run| {
        let code = "#".repeat(2 << 20).into();
        Execute { run: RunId(run), code, engines: vec![EngineId(0)], first_slot: 0, noblock: None }
    };
    client.execute(large(1), feed().0).await.unwrap();
    let refused = client.execute(large(2), feed().0).await;
    assert_eq!(refused, Err(ClientError::TooMuchInFlight { waiting: 2 }));
    let request = controller.executes(1).await.remove(0);
    let mut watched = execute(&client, 3, &[0]).await;
    controller.succeed(&request);
    let small = controller.executes(1).await.remove(0);
    controller.succeed(&small);
    watched.until(0, |kind| *kind == EventKind::Idle).await;
    client.execute(large(4), feed().0).await.unwrap();
}
