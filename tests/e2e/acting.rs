//! Cells that are run on some of their engines only, or on one before the others, on a real cluster.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::json;

use crate::{
    lsp_run::{hover, start},
    program::{Written, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px
canary_touched = 1
if rank == 0:
    raise ValueError('the first fails')

# %%
%%px
print('touched', globals().get('canary_touched', 0))
";

#[test]
fn a_first_engine_that_fails_keeps_the_others_untouched_and_one_that_succeeds_lets_them_follow() {
    let cluster = real::shared(4);
    let file = Written::new("canary.py", SCRIPT);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, SCRIPT);
    let run = |client: &mut Client, line: u32| {
        let at = json!({"uri": uri, "position": {"line": line, "character": 0}, "canary": true});
        let answer = client.request("px/run", at);
        assert_eq!(answer["runs"][0]["engines"], json!([0, 1, 2, 3]), "one run over all: {answer:#}");
    };
    run(&mut client, 1);
    hover(&mut client, &uri, 1, "engine 0 failed, so this was not sent");
    run(&mut client, 7);
    // Of engines 1 to 3, which are sent to only after engine 0, and which the first cell did not reach.
    let seen = hover(&mut client, &uri, 7, "touched 0");
    assert!(seen.contains("touched 1"), "engine 0 had run the first cell: {seen}");
}
