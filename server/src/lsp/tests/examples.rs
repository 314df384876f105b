//! The examples of the protocol's specification are what the server answers.

use pxlens_tests::sim::Sim;
use serde_json::{Value, json};

use super::client::Client;

/// What the example of a message has as its first result.
fn result(example: &str) -> Value {
    let example: Value = serde_json::from_str(example).expect("it is JSON");
    let mut messages = example["messages"].as_array().expect("messages").iter();
    messages.find_map(|message| message.get("result")).expect("a result").clone()
}

#[tokio::test]
async fn the_example_of_px_cells_is_what_the_server_answers() {
    const URI: &str = "file:///home/ada/tour.py";
    let sim = Sim::builder().engines(4).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "%pxconfig --targets :\n\n# %%\n%%px\nprint(rank)\n").await;
    client.engines(4).await;
    for run in 1..=7 {
        client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
        client.ask_until("px/result", json!({ "run": run }), |result| result["state"] == "succeeded").await;
    }
    client.edit(URI, 3, "%pxconfig --targets ::2\n\n# %%\n%%px\nprint(rank)\n").await;
    let answer = client.request("px/cells", json!({ "uri": URI })).await;
    assert_eq!(answer, result(include_str!("../../../../tests/protocol-examples/cells.json")));
    client.end().await;
}
