//! The server ends soon, and with the right exit code, however the client goes away.

use serde_json::{Value, json};

use super::client::{Client, on_a_silent_controller, with_a_run_that_hangs};

const URI: &str = "file:///a.py";

#[tokio::test]
async fn shutdown_and_exit_end_with_0() {
    Client::start(json!({})).await.end().await;
}

#[tokio::test]
async fn exit_without_shutdown_ends_with_1() {
    let mut client = Client::start(json!({})).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 1);
}

#[tokio::test]
async fn exit_before_initialize_ends_with_1() {
    let mut client = Client::connect();
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_it_with_1() {
    assert_eq!(Client::start(json!({})).await.hang_up().await, 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_after_shutdown_ends_it_with_0() {
    let mut client = Client::start(json!({})).await;
    client.request("shutdown", Value::Null).await;
    assert_eq!(client.hang_up().await, 0);
}

#[tokio::test]
async fn exit_ends_it_although_a_notification_handler_hangs() {
    let (sim, mut client) = with_a_run_that_hangs(URI).await;
    client.notify("window/workDoneProgress/cancel", json!({ "token": "px/run/1" })).await;
    // From now on the handler waits for an answer that does not come.
    sim.wait_for("an interrupt", |one| one.msg_type == "signal_request").await;
    client.request("shutdown", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 0);
}

#[tokio::test]
async fn exit_ends_it_although_a_run_waits_for_a_silent_controller() {
    let (_sim, mut client) = on_a_silent_controller(URI).await;
    client.send_request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    client.request("shutdown", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 0);
}

#[tokio::test]
async fn hanging_up_ends_it_although_a_run_waits_for_a_silent_controller() {
    let (_sim, mut client) = on_a_silent_controller(URI).await;
    client.send_request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    assert_eq!(client.hang_up().await, 1);
}

#[tokio::test]
async fn pending_responses_are_written_before_the_end() {
    let mut client = Client::start(json!({})).await;
    let id = client.send_request("px/engines", json!({})).await;
    let shutdown = client.send_request("shutdown", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    client.answer(id).await;
    client.answer(shutdown).await;
    assert_eq!(client.exit_code().await, 0);
}

#[tokio::test]
async fn a_broken_output_ends_it() {
    let mut client = Client::start(json!({})).await;
    client.deafen();
    client.send_request("px/engines", json!({})).await;
    assert_eq!(client.exit_code().await, 1);
}

#[tokio::test]
async fn broken_messages_are_answered_and_do_not_end_it() {
    let mut client = Client::start(json!({})).await;
    for (broken, id, code) in [
        ("{\"jsonrpc\": ", json!(null), -32700),
        ("[1]", json!(null), -32600),
        ("[{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"px/engines\"}]", json!(null), -32600),
        ("{}", json!(null), -32600),
        ("null", json!(null), -32600),
        ("{\"jsonrpc\": \"2.0\", \"id\": 1.5, \"method\": \"px/engines\"}", json!(null), -32600),
        ("{\"jsonrpc\": \"1.0\", \"id\": \"old\", \"method\": \"px/engines\"}", json!("old"), -32600),
    ] {
        client.send_raw(broken).await;
        let answer = client.read().await.unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{broken}: {answer}");
        assert!(answer.get("id").is_some());
    }
    let id = client.send_request("px/engines", json!({})).await;
    client.answer(id).await;
    client.end().await;
}
