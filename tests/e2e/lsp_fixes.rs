//! Quick fixes and rewrites, applied as an editor does: it requests them, edits its text, and sends the change to the server.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{lens, start},
    program::{Written, pxlens},
};

/// A document in an editor.
struct Page<'a> {
    client: &'a mut Client,
    uri: String,
    text: String,
    version: i32,
}

impl Page<'_> {
    fn diagnostics(&mut self, code: &str) -> Vec<Value> {
        self.client.expect_diagnostics(&self.uri, |list| list.iter().any(|one| one["code"] == code))
    }

    fn actions(&mut self, range: &Value, context: Value) -> Vec<Value> {
        let params = json!({ "textDocument": { "uri": self.uri }, "range": range, "context": context });
        let actions = self.client.request("textDocument/codeAction", params);
        actions.as_array().cloned().unwrap_or_default()
    }

    /// Applies the first fix of the diagnostic with this code.
    fn fix(&mut self, code: &str) {
        let shown = self.diagnostics(code);
        let problem = shown.iter().find(|one| one["code"] == code).expect("that was waited for");
        let context = json!({ "diagnostics": [problem], "only": ["quickfix"] });
        let actions = self.actions(&problem["range"], context);
        let fix = actions.iter().find(|action| action["diagnostics"][0]["code"] == code);
        let fix = fix.unwrap_or_else(|| panic!("no fix for {code}: {actions:#?}")).clone();
        assert_eq!(fix["diagnostics"], json!([problem]), "the diagnostic is returned unchanged");
        self.apply(&fix["edit"]);
    }

    /// Applies an edit to the text, from its end to its beginning, and sends the new text to the server.
    fn apply(&mut self, edit: &Value) {
        let change = &edit["documentChanges"][0];
        let edits = if change.is_null() {
            &edit["changes"][&self.uri]
        } else {
            assert_eq!(change["textDocument"], json!({ "uri": self.uri, "version": self.version }));
            &change["edits"]
        };
        let mut edits: Vec<(usize, usize, String)> = edits
            .as_array()
            .expect("edits")
            .iter()
            .map(|edit| {
                let new = edit["newText"].as_str().expect("a text").to_owned();
                (self.byte(&edit["range"]["start"]), self.byte(&edit["range"]["end"]), new)
            })
            .collect();
        edits.sort();
        for (start, end, new) in edits.into_iter().rev() {
            self.text.replace_range(start..end, &new);
        }
        self.version += 1;
        self.client.replace(&self.uri, self.version, &self.text);
    }

    /// The byte offset of a position in the text, which is ASCII up to there.
    fn byte(&self, position: &Value) -> usize {
        let (line, character) = (position["line"].as_u64(), position["character"].as_u64());
        let line = usize::try_from(line.expect("a line")).expect("small");
        let before: usize = self.text.split_inclusive('\n').take(line).map(str::len).sum();
        before + usize::try_from(character.expect("a column")).expect("small")
    }
}

#[test]
fn quick_fixes_turn_a_cell_with_errors_into_one_that_can_run() {
    let cluster = real::shared(4);
    let text = "# why\n%%px --targts \"[0, 9]\"\nprint 'hi'\n";
    for client in [Client::vscode(pxlens()), Client::neovim(pxlens())] {
        let file = Written::new("fixes.py", text);
        let mut client = start(client, &file, &cluster);
        let uri = uri(file.path());
        client.open(&uri, text);
        let mut page = Page { client: &mut client, uri: uri.clone(), text: text.to_owned(), version: 1 };
        page.fix("misplaced-cell-magic");
        page.text = page.text.replace("--targts", "--targets");
        page.version += 1;
        page.client.replace(&page.uri, page.version, &page.text);
        page.fix("targets");
        // This diagnostic comes once the cluster is connected and its engines are known.
        page.fix("dead-target");
        page.fix("old-print");
        assert_eq!(page.text, "%%px --targets [0]\n# why\nprint('hi')\n");
        page.client.expect_diagnostics(&uri, <[Value]>::is_empty);
        lens(&mut client, &uri, 0, "on engine 0");
    }
}

#[test]
fn a_fix_in_a_notebook_that_is_open_as_text_keeps_it_valid_json() {
    let text = "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\n  \"# \\\"why\\\"\\n\",\n  \"%%px\\n\",\n  \"x\"\n]}]}\n";
    let file = Written::new("fixes.ipynb", text);
    let mut client = Client::neovim(pxlens()).start();
    let uri = uri(file.path());
    let item = json!({ "uri": uri, "languageId": "json", "version": 1, "text": text });
    client.notify("textDocument/didOpen", json!({ "textDocument": item }));
    let mut page = Page { client: &mut client, uri: uri.clone(), text: text.to_owned(), version: 1 };
    page.fix("misplaced-cell-magic");
    let notebook: Value = serde_json::from_str(&page.text).expect("it is still JSON");
    let lines = notebook["cells"][0]["source"].as_array().expect("a list of lines");
    let source: String = lines.iter().filter_map(Value::as_str).collect();
    assert_eq!(source, "%%px\n# \"why\"\nx");
    client.expect_diagnostics(&uri, <[Value]>::is_empty);
}

#[test]
fn a_script_is_rewritten_for_jupytext_and_no_action_is_offered_on_save() {
    let text = "# %%\n%%px\nx = 1\n# %%\n%px x\n";
    let file = Written::new("jupytext.py", text);
    let mut client = Client::vscode(pxlens()).start();
    let uri = uri(file.path());
    client.open(&uri, text);
    let mut page = Page { client: &mut client, uri, text: text.to_owned(), version: 1 };
    let at = json!({ "line": 1, "character": 0 });
    let range = json!({ "start": at, "end": at });
    for on_save in ["source", "source.fixAll", "source.organizeImports"] {
        let actions = page.actions(&range, json!({ "diagnostics": [], "only": [on_save] }));
        assert_eq!(actions, Vec::<Value>::new(), "{on_save}");
    }
    let actions = page.actions(&range, json!({ "diagnostics": [], "only": ["refactor.rewrite"] }));
    let all = actions
        .iter()
        .find(|action| action["title"] == "Write all px magics for jupytext (# %%px)")
        .unwrap_or_else(|| panic!("{actions:#?}"))
        .clone();
    assert_eq!(all["kind"], "refactor.rewrite");
    page.apply(&all["edit"]);
    assert_eq!(page.text, "# %%\n# %%px\nx = 1\n# %%\n# %px x\n");
    let cells = page.client.request("px/cells", json!({ "uri": page.uri }));
    assert_eq!(cells["cells"].as_array().map(Vec::len), Some(2), "{cells:#}");
}
