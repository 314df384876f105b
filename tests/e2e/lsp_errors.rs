//! Errors of a real cluster as diagnostics in an editor: on which line they are, and with which related information.

use pxlens_tests::{
    lsp::{Client, uri},
    real::RealCluster,
};
use serde_json::Value;

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{Written, pxlens},
};

/// A px cell for each kind of error. The fourth imports a module from the folder of the script.
fn script(folder: &str) -> String {
    format!(
        "\
# %%
%%px
try:
    1 / 0
except Exception as error:
    raise RuntimeError('two') from error
# %%
%%px
if True:
    x = = 1
# %%
%%px
print('before')
raise ExceptionGroup('both', [ValueError(1), KeyError(2)])
# %%
%%px
import sys; sys.path.insert(0, {folder:?})
import pxlens_deep
pxlens_deep.outer(rank)
# %%
%%px
def part(n):
    if n == 0: raise KeyError('a')
    return [][n]
part(rank)
# %%
%%px
import os
if rank == 1: os._exit(1)
"
    )
}

/// Waits until there are `count` diagnostics of this exception; returns them.
fn wait(client: &mut Client, uri: &str, count: usize, name: &str) -> Vec<Value> {
    let all =
        |list: &[Value]| -> Vec<Value> { list.iter().filter(|one| one["code"] == name).cloned().collect() };
    let list = client.expect_diagnostics(uri, |list| all(list).len() == count);
    all(&list)
}

fn related(diagnostic: &Value) -> Vec<(String, String, u64)> {
    let list = diagnostic["relatedInformation"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|one| {
            let place = &one["location"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let line = place["range"]["start"]["line"].as_u64().unwrap_or_default();
            (text(&one["message"]), text(&place["uri"]), line)
        })
        .collect()
}

#[test]
fn each_kind_of_error_is_on_its_line_with_its_causes_and_frames() {
    let cluster = RealCluster::start(2);
    let file = Written::new("errors.py", "");
    let module = file.folder().join("pxlens_deep.py");
    std::fs::write(
        &module,
        "def outer(n):\n    return inner(n)\n\ndef inner(n):\n    raise OSError('no disk')\n",
    )
    .expect("the folder is ours");
    let text = script(&file.folder().display().to_string());
    let script_uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&script_uri, &text);
    let run = |client: &mut Client, magic: u64| {
        let lens = lens(client, &script_uri, magic, "Run on 2 engines");
        click(client, &lens);
    };
    let line = |one: &Value| one["range"]["start"]["line"].as_u64().unwrap_or_default();

    run(&mut client, 1);
    let chained = wait(&mut client, &script_uri, 1, "RuntimeError").remove(0);
    assert_eq!((line(&chained), &chained["severity"]), (5, &Value::from(1)), "{chained:#}");
    let cause = ("caused by ZeroDivisionError: division by zero".to_owned(), script_uri.clone(), 5);
    assert_eq!(related(&chained), [cause]);

    run(&mut client, 7);
    let syntax = wait(&mut client, &script_uri, 1, "SyntaxError").remove(0);
    assert_eq!((line(&syntax), &syntax["range"]["start"]["character"]), (9, &Value::from(8)), "{syntax:#}");

    run(&mut client, 11);
    let group = wait(&mut client, &script_uri, 1, "ExceptionGroup").remove(0);
    assert_eq!(line(&group), 13, "{group:#}");
    let card = hover(&mut client, &script_uri, 11, "before");
    assert!(card.contains("Exception Group Traceback") && card.contains("KeyError: 2"), "{card}");

    run(&mut client, 15);
    let deep = wait(&mut client, &script_uri, 1, "OSError").remove(0);
    assert_eq!(line(&deep), 18, "{deep:#}");
    let at = |function: &str, line| (format!("in {function}"), uri(&module), line);
    assert_eq!(related(&deep), [at("outer", 1), at("inner", 4)]);

    run(&mut client, 20);
    let first = wait(&mut client, &script_uri, 1, "KeyError").remove(0);
    let second = wait(&mut client, &script_uri, 1, "IndexError").remove(0);
    assert_eq!((line(&first), line(&second)), (22, 23));
    let card = hover(&mut client, &script_uri, 20, "IndexError");
    assert_eq!(card.matches("part(rank)").count(), 1, "frames that both errors share are shown once: {card}");

    run(&mut client, 26);
    // The message that it began may be lost with it.
    hover(&mut client, &script_uri, 26, "lost: the engine died");
}
