//! Output of a thread on a real engine that comes after its cell has ended: an editor shows it, and marks it.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{Written, pxlens},
};

/// A cell with a thread that prints once the file `gate` exists.
fn script(gate: &str) -> String {
    format!(
        "\
# %%
%%px -t 0,1
import pathlib, threading, time
def later():
    while not pathlib.Path({gate:?}).exists():
        time.sleep(0.02)
    print('from a thread', flush=True)
threading.Thread(target=later).start()
print('begun')
"
    )
}

/// Waits until a line of the cell's block ends with `text`; returns all lines.
fn block_with(client: &mut Client, uri: &str, text: &str) -> Vec<String> {
    let lines = |params: &Value| -> Vec<String> {
        let lines = params["cells"][0]["block"].as_array().cloned().unwrap_or_default();
        lines.iter().filter_map(|line| line["text"].as_str()).map(str::to_owned).collect()
    };
    let outputs = client.expect("px/outputs", |params| {
        params["uri"] == uri
            && params["cells"][0]["state"] == "succeeded"
            && lines(params).iter().any(|line| line.ends_with(text))
    });
    lines(&outputs)
}

#[test]
fn output_of_a_thread_after_the_end_of_its_cell_is_shown_and_marked() {
    let cluster = real::shared(4);
    let file = Written::new("late.py", "");
    let gate = file.folder().join("gate");
    let script = script(gate.to_str().expect("a path in UTF-8"));
    let uri = uri(file.path());
    let builder = Client::neovim(pxlens()).capabilities(|all| {
        all["experimental"] = json!({"pxlens": {"outputs": true, "blocks": true}});
    });
    let mut client = start(builder, &file, &cluster);
    client.open(&uri, &script);
    let run = lens(&mut client, &uri, 1, "Run on [0-1]");
    click(&mut client, &run);
    let early = block_with(&mut client, &uri, "begun");
    assert_eq!(early.last().map(String::as_str), Some("[0-1] begun"), "{early:?}");

    std::fs::write(&gate, "").expect("the folder is there");
    let late = block_with(&mut client, &uri, "from a thread");
    assert_eq!(late[late.len() - 3..], ["begun", "(after it had ended)", "from a thread"], "{late:?}");
    let shown = hover(&mut client, &uri, 1, "from a thread");
    let mark = shown.find("after it had ended").expect("the hover marks it");
    assert!(shown.find("begun") < Some(mark) && Some(mark) < shown.find("from a thread"), "{shown}");
    let result = client.request("px/result", json!({"uri": uri, "position": {"line": 1, "character": 0}}));
    let text = result["text"].as_str().expect("a text");
    assert!(text.contains("begun\n(after it had ended)\nfrom a thread"), "{text}");
    assert_eq!(client.shut_down(), 0);
}
