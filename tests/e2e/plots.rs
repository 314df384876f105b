//! Plots on a real cluster, in an editor and in a shell.

use pxlens_tests::{
    lsp::{Client, uri},
    real::RealCluster,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, lens, start},
    program::{Written, cli, pxlens, run},
};

/// A figure that differs between engines and one that is the same; then one as SVG, which matplotlib writes differently each
/// time.
const SCRIPT: &str = "\
# %%
%%px
%matplotlib inline
import matplotlib.pyplot as plt
_ = plt.plot([0, rank + 1])
plt.show()
_ = plt.plot([1, 2])
plt.show()
# %%
%%px -o drawn
from matplotlib_inline.backend_inline import set_matplotlib_formats
set_matplotlib_formats('svg')
_ = plt.plot([2, 1])
plt.show()
set_matplotlib_formats('png')
";

/// The engines, the ordinal and the type of each image.
fn images(answer: &Value) -> Vec<(&str, u64, &str)> {
    let images = answer["images"].as_array().map(Vec::as_slice).unwrap_or_default();
    images
        .iter()
        .map(|image| {
            (
                image["ranks"].as_str().unwrap_or_default(),
                image["ordinal"].as_u64().unwrap_or_default(),
                image["mime"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn plots_are_listed_by_engine_and_identical_ones_once() {
    let cluster = RealCluster::start(4);
    let file = Written::new("plots.py", SCRIPT);
    let uri = uri(file.path());
    let state = file.folder().join("state");
    let mut client = start(Client::vscode(pxlens()).env("XDG_STATE_HOME", &state), &file, &cluster);
    client.open(&uri, SCRIPT);
    let mut ran = |line| {
        let run = lens(&mut client, &uri, line, "Run on 4 engines");
        let started = click(&mut client, &run);
        let params = json!({"run": started["runs"][0]["run"], "images": true, "contactSheet": true});
        client.ask_until("px/result", &params, |answer| answer["state"] == "succeeded")
    };

    let plots = ran(1);
    let png = "image/png";
    let expected = [("[0]", 1, png), ("[1]", 1, png), ("[2]", 1, png), ("[3]", 1, png), ("[0-3]", 2, png)];
    assert_eq!(images(&plots), expected);
    assert!(plots["images"][0]["data"].as_str().is_some_and(|data| data.starts_with("iVBORw0KGgo")));
    assert!(plots["images"][0]["width"].as_u64().is_some_and(|width| width > 300), "{}", plots["images"][0]);
    let alt = plots["images"][4]["alt"].as_str().unwrap_or_default();
    assert_eq!(alt, "<Figure size 640x480 with 1 Axes>");
    let sheet = plots["contactSheet"].as_str().unwrap_or_default();
    assert_eq!(sheet.matches("data:image/png;base64,").count(), 5);
    assert!(sheet.contains("8 images of [0-3] · 5 different"), "{}", &sheet[..sheet.len().min(2000)]);
    let text = plots["text"].as_str().unwrap_or_default();
    assert!(text.contains("4 different images") && text.contains("── [0-3] ─"), "they are one group: {text}");

    let drawn = ran(9);
    assert_eq!(images(&drawn), [("[0-3]", 1, "image/svg+xml")]);
    assert!(drawn["images"][0]["data"].as_str().is_some_and(|svg| svg.contains("<svg ")));
    let text = drawn["text"].as_str().unwrap_or_default();
    assert!(text.contains("[0-3] <image/svg+xml ") && !text.contains("different"), "{text}");

    // Images are sent only on request.
    let plain = client.request("px/result", json!({"uri": uri}));
    assert!(plain.get("images").is_none() && plain.get("contactSheet").is_none());
    assert_eq!(client.shut_down(), 0);

    let folder = file.folder().join("pictures");
    let done = run(file.path(), &cluster.connection_file())
        .env("XDG_STATE_HOME", &state)
        .arg("--images")
        .arg(&folder)
        .run();
    assert_eq!(done.status, 0, "{done:?}");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder was made")
        .map(|file| file.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let expected = [
        "cell-1-1-engine-0.png",
        "cell-1-2-engine-1.png",
        "cell-1-3-engine-2.png",
        "cell-1-4-engine-3.png",
        "cell-1-5-engines-0-3.png",
        "cell-1-contact-sheet.svg",
        "cell-2-1-engines-0-3.svg",
    ];
    assert_eq!(files, expected);
    for file in expected {
        assert!(done.stderr.contains(file), "{file} is not named in {}", done.stderr);
    }
    let again = file.folder().join("again");
    let kept = cli(["result", "drawn", "--images"]).arg(&again).env("XDG_STATE_HOME", &state).run();
    assert!(kept.status == 0 && again.join("cell-2-1-engines-0-3.svg").is_file(), "{kept:?}");
}
