//! Rewrites that change several cells of a notebook.

use serde_json::{Value, json};

use super::{
    client::Client,
    language_features::{cell_uri, notebook},
};

#[tokio::test]
async fn rewriting_a_region_of_a_notebook_changes_all_its_cells_at_once() {
    let literals = json!({ "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let capabilities = json!({
        "textDocument": { "codeAction": literals }, "workspace": { "workspaceEdit": { "documentChanges": true } },
    });
    let mut client = Client::start_with(capabilities, json!({ "trusted": false })).await;
    client.notify("notebookDocument/didOpen", notebook(&["%autopx", "a = 1", "%autopx\n"])).await;
    let at = json!({ "line": 0, "character": 0 });
    let params = json!({
        "textDocument": { "uri": cell_uri(1) }, "range": { "start": at, "end": at },
        "context": { "diagnostics": [], "only": ["refactor.rewrite"] },
    });
    let actions = client.request("textDocument/codeAction", params).await;
    assert_eq!(actions[0]["title"], "Turn this %autopx region into %%px cells", "{actions:#}");
    let edit = |start: [u32; 2], end: [u32; 2], new: &str| {
        let place = |[line, character]: [u32; 2]| json!({ "line": line, "character": character });
        json!({ "range": { "start": place(start), "end": place(end) }, "newText": new })
    };
    let change = |cell: usize, edit: Value| json!({ "textDocument": { "uri": cell_uri(cell), "version": 1 }, "edits": [edit] });
    // The cell of the request comes first.
    let changes = [
        change(1, edit([0, 0], [0, 0], "%%px\n")),
        change(0, edit([0, 0], [0, 7], "")),
        change(2, edit([0, 0], [1, 0], "")),
    ];
    assert_eq!(actions[0]["edit"]["documentChanges"], json!(changes));
    client.end().await;
}
