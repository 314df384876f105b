//! The card of a run, on a real cluster: every link in it works.

use std::collections::BTreeMap;

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{Written, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px
print('same')
if rank == 1:
    raise ValueError('[x](command:evil)')

# %%
%%px -t 0
import time
print('begun')
time.sleep(600)
";

/// The commands of a card's links, by their text.
fn links(card: &str) -> BTreeMap<String, Value> {
    let link = |rest: &str| {
        let (words, target) = rest.split_once("](command:pxlens.")?;
        let (id, arguments) = target.split_once(')')?.0.split_once('?')?;
        let arguments: Value = serde_json::from_str(&decoded(arguments)).ok()?;
        let command = json!({"command": format!("pxlens.{id}"), "arguments": arguments});
        Some((words.to_owned(), json!({"command": command})))
    };
    card.split('[').filter_map(link).collect()
}

/// Decodes `%5B` and the like.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two hexadecimal digits"));
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("text")
}

/// Waits until the outputs of the cell at this 0-based line fit.
fn painted(client: &mut Client, uri: &str, line: u64, fits: impl Fn(&Value, &[&str]) -> bool) {
    let is_it = |cell: &Value| {
        let block = cell["block"].as_array().cloned().unwrap_or_default();
        let lines: Vec<&str> = block.iter().filter_map(|line| line["text"].as_str()).collect();
        cell["range"]["start"]["line"] == line && fits(cell, &lines)
    };
    client.expect("px/outputs", |params| {
        params["uri"] == uri && params["cells"].as_array().is_some_and(|cells| cells.iter().any(is_it))
    });
}

#[test]
fn every_link_of_a_card_works() {
    let cluster = real::shared(4);
    let file = Written::new("card.py", SCRIPT);
    let uri = uri(file.path());
    let builder = Client::vscode(pxlens()).capabilities(|all| {
        all["experimental"] =
            json!({"pxlens": {"outputs": true, "blocks": true, "commandLinks": true, "copy": true}});
    });
    let mut client = start(builder, &file, &cluster);
    client.answer_with("px/copy", json!({"copied": true}));
    client.open(&uri, SCRIPT);
    let run = lens(&mut client, &uri, 1, "Run on 4 engines");
    click(&mut client, &run);
    painted(&mut client, &uri, 1, |cell, lines| {
        cell["state"] == "failed" && lines.iter().any(|line| line.starts_with("[0,2-3]"))
    });

    let card = hover(&mut client, &uri, 1, "ValueError");
    let offered = links(&card);
    assert!(card.len() <= 50_000 && card.contains("**fold** · [type]"), "{card}");
    assert!(card.contains("[x](command:evil)") && !offered.keys().any(|words| words == "x"), "{card}");
    assert!(!offered.contains_key("Interrupt"), "{card}");

    // Each grouping is painted, and the next card is in it.
    for by in ["engine", "type", "order"] {
        let answer = click(&mut client, &offered[by]);
        assert_eq!(answer["groupBy"], by);
        let shown = hover(&mut client, &uri, 1, &format!("**{by}**"));
        assert!(links(&shown).contains_key("fold"), "{shown}");
        if by == "engine" {
            painted(&mut client, &uri, 1, |_, lines| lines.iter().any(|line| line.starts_with("[2]")));
        }
    }
    let answer = click(&mut client, &offered["Copy"]);
    assert_eq!(answer, json!({"copied": true}));
    let copied = client.expect("px/copy", |_| true);
    assert!(copied["text"].as_str().is_some_and(|text| text.contains("[0,2-3]")), "{copied}");

    // A new run of the cell is grouped as the setting says.
    let answer = click(&mut client, &offered["Re-run"]);
    let again = answer["runs"][0]["run"].clone();
    assert!(again.is_u64(), "{answer}");
    painted(&mut client, &uri, 1, |cell, lines| {
        cell["run"] == again
            && cell["state"] == "failed"
            && lines.iter().any(|line| line.starts_with("[0,2-3]"))
    });
    let card = hover(&mut client, &uri, 1, "**fold**");

    let answer = click(&mut client, &links(&card)["Re-run failed"]);
    assert_eq!(answer["runs"][0]["engines"], json!([1]), "{answer}");

    let run = lens(&mut client, &uri, 7, "Run on engine 0");
    click(&mut client, &run);
    painted(&mut client, &uri, 7, |_, lines| lines.iter().any(|line| line.contains("begun")));
    let card = hover(&mut client, &uri, 7, "begun");
    let offered = links(&card);
    assert!(!offered.contains_key("Re-run"), "{card}");
    let answer = click(&mut client, &offered["Interrupt"]);
    assert_eq!(answer["signalled"], json!([0]), "{answer}");
    painted(&mut client, &uri, 7, |cell, _| cell["state"] == "failed");
}
