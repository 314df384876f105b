//! A controller goes away, comes back, says nothing, or was never there.

use super::script::{Controller, answer, connect, engines, execute, status, try_execute, uuid, within};
use crate::{
    cluster::{
        ClientError, ClusterStatus,
        client::ConnectError,
        transport::{Channel, DownReason},
    },
    jupyter::Signer,
    run::{EventKind, LostReason},
};
use serde_json::json;

fn is_lost(status: &ClusterStatus) -> bool {
    matches!(status, ClusterStatus::Lost { .. })
}

#[tokio::test(start_paused = true)]
async fn a_closed_port_is_reported_at_once() {
    let (controller, wires) = Controller::new(&[]);
    controller.down_all(&DownReason::Refused);
    let error = connect(wires).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }));
    let text = error.to_string();
    assert!(text.starts_with("no controller is running at 127.0.0.1:1, the address in "), "{text}");
    assert!(text.contains("the file is stale"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_port_that_opens_a_little_later_is_waited_for() {
    // The relays bind theirs after the connection file is written.
    let (controller, wires) = Controller::new(&[0]);
    controller.down(Channel::Mux, DownReason::Refused);
    let connecting = tokio::spawn(connect(wires));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    controller.up(Channel::Mux);
    let client = connecting.await.unwrap().unwrap();
    engines(&client, &[0]).await;
}

#[tokio::test(start_paused = true)]
async fn a_port_that_stays_shut_is_named() {
    let (controller, wires) = Controller::new(&[0]);
    controller.down(Channel::Iopub, DownReason::Silent);
    let error = connect(wires).await.unwrap_err().to_string();
    let start = "the iopub port of the controller, 127.0.0.1:4, could not be reached within 10 s: the process \
                 that listens there does not answer; if the controller of ";
    assert!(error.starts_with(start), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_does_not_answer_is_reported_in_time() {
    let (controller, wires) = Controller::new(&[0]);
    controller.silence(true);
    let error = connect(wires).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoAnswer { .. }));
    assert!(error.to_string().contains("the key in "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn signatures_of_another_key_show_that_the_key_is_wrong() {
    let (controller, wires) = Controller::new(&[0]);
    controller.silence(true);
    let other = Signer::new("hmac-sha256", "the controller's key").unwrap();
    let content = json!({"execution_state": "idle"});
    controller.say(Channel::Iopub, answer(&other, &["t"], &uuid(0), "status", &json!({}), &content));
    assert!(matches!(connect(wires).await, Err(ConnectError::WrongKey { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_is_gone_loses_what_was_outstanding_and_refuses_more() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.down_all(&DownReason::Closed);
    status(&client, |status| matches!(status, ClusterStatus::Down { .. })).await;
    assert!(matches!(try_execute(&client, 2, &[0]).await, Err(ClientError::Away { .. })));
    controller.down_all(&DownReason::Refused);
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::ControllerLost)]);
    status(&client, is_lost).await;
    engines(&client, &[]).await;
    let Err(error) = try_execute(&client, 3, &[0]).await else { panic!("it was taken") };
    assert!(error.to_string().contains("nothing listens there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_comes_back_is_used_again_and_nothing_is_replayed() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    controller.down_all(&DownReason::Refused);
    status(&client, is_lost).await;
    controller.list(&[4]);
    Channel::ALL.iter().for_each(|channel| controller.up(*channel));
    status(&client, |status| *status == ClusterStatus::Up).await;
    engines(&client, &[4]).await;
    assert!(controller.is_idle());
    let mut watched = execute(&client, 1, &[4]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    watched.until(0, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn a_controller_restored_with_its_engines_keeps_what_was_outstanding() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.down_all(&DownReason::Closed);
    // At first it lists none.
    controller.list(&[]);
    Channel::ALL.iter().for_each(|channel| controller.up(*channel));
    engines(&client, &[]).await;
    controller.list(&[0]);
    engines(&client, &[0]).await;
    let (channel, fence) = controller.request().await;
    assert_eq!((channel, fence.header.msg_type.as_str()), (Channel::Mux, "kernel_info_request"));
    controller.succeed(&request);
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(!seen.iter().any(|kind| matches!(kind, EventKind::Lost(_))), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_broken_connection_swallowed_is_found_out() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.down(Channel::Mux, DownReason::Closed);
    controller.up(Channel::Mux);
    let (_, fence) = controller.request().await;
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::ControllerLost)]);
}

/// It was told that "ipyparallel sends none for code that awaits at its top level".
#[tokio::test(start_paused = true)]
async fn a_reply_that_a_broken_connection_took_is_told_as_that() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    controller.status(&request, "idle");
    watched.until(0, |kind| *kind == EventKind::Idle).await;
    controller.down(Channel::Mux, DownReason::Closed);
    controller.up(Channel::Mux);
    let (_, fence) = controller.request().await;
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    let seen = watched.lost(0).await;
    assert!(seen.ends_with(&[EventKind::Lost(LostReason::ControllerLost)]), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_found_lost_stays_lost_though_the_hub_lists_its_engine() {
    // Symptom: the run hung for ever if the Hub's answer came right after the reply that showed the loss.
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.silence(true);
    controller.down(Channel::Mux, DownReason::Closed);
    controller.up(Channel::Mux);
    let (_, fence) = controller.request().await;
    controller.reply(Channel::Mux, &fence, "kernel_info_reply", &json!({"status": "ok"}));
    controller.answer_late().await;
    controller.silence(false);
    let lost = tokio::time::timeout(std::time::Duration::from_secs(60), watched.lost(0)).await;
    assert_eq!(lost.expect("it ends"), [EventKind::Lost(LostReason::ControllerLost)]);
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_death() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.silence(true);
    status(&client, |status| *status == ClusterStatus::NotResponding).await;
    // Requests still go out: the relays may be well.
    let _second = execute(&client, 2, &[0]).await;
    controller.executes(1).await;
    controller.silence(false);
    status(&client, |status| *status == ClusterStatus::Up).await;
    assert_eq!(controller.rebuilt(), []);
    controller.succeed(&request);
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(!seen.iter().any(|kind| matches!(kind, EventKind::Lost(_))), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn long_silence_renews_the_connections() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.silence(true);
    status(&client, |status| *status == ClusterStatus::NotResponding).await;
    let rebuilt = async {
        while controller.rebuilt().is_empty() {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    };
    within("new connections", rebuilt).await;
    assert_eq!(controller.rebuilt(), Channel::ALL);
}

#[tokio::test(start_paused = true)]
async fn a_hub_whose_port_is_never_answered_again_ends_in_loss() {
    // Its children hold the listening socket open: TCP connects, and nobody answers.
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.down(Channel::Registration, DownReason::Closed);
    controller.down(Channel::Registration, DownReason::Silent);
    status(&client, |status| *status == ClusterStatus::NotResponding).await;
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::ControllerLost)]);
    status(&client, is_lost).await;
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_says_goodbye_is_lost_at_once() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.notify("shutdown_notification", &json!({"status": "ok"}));
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::ControllerLost)]);
    status(&client, is_lost).await;
}
