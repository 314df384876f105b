//! `docs/outputs.md`: the text of `outputs.md` beside this file, with cases of the fold put in. `{{loss}}` is what the case
//! `loss` shows, `{{+loss}}` what the engines wrote as well, `{{-loss}}` the line beside the
//! code, `{{=loss}}` the card.

use expect_test::expect_file;

use super::{Case, folder};
use crate::render::{Card, Files, GroupBy, card};

#[test]
fn the_page_of_outputs_is_up_to_date() {
    let mut page = String::new();
    for line in include_str!("outputs.md").lines() {
        match line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}")) {
            None => page.push_str(&format!("{line}\n")),
            Some(name) => page.push_str(&example(name)),
        }
    }
    expect_file!["../../../../docs/outputs.md"].assert_eq(&page);
}

/// A case, in fences.
fn example(name: &str) -> String {
    let bare = name.trim_start_matches(['+', '-', '=']);
    let path = folder().join(format!("{bare}.txt"));
    let case = Case::read(path);
    if name.starts_with('=') {
        let none = |_| None;
        let wish = Card {
            by: GroupBy::Fold,
            named: None,
            note: None,
            files: Files::Whole,
            images: false,
            command: &none,
            bytes: 8000,
        };
        let quoted: String = card(&case.run(), wish)
            .lines()
            .map(|line| format!("> {line}").trim_end().to_owned() + "\n")
            .collect();
        return quoted;
    }
    let shown = case.shown();
    let (lines, inline) = shown.rsplit_once("inline: ").expect("a case shows a line beside the code");
    let shown = if name.starts_with('-') { inline } else { lines };
    let written = if name.starts_with('+') {
        format!("The engines wrote\n\n{}\n\nand you see\n\n", fenced(&written(&case)))
    } else {
        String::new()
    };
    format!("{written}{}\n", fenced(shown))
}

fn fenced(text: &str) -> String {
    format!("```text\n{}\n```", text.trim_end())
}

/// What the engines wrote, under their ranks.
fn written(case: &Case) -> String {
    let lines = case.input.lines().filter(|line| !line.starts_with("# ") && !line.starts_with("engines "));
    let label = |line: &str| match line.strip_prefix("--- ") {
        Some(head) => {
            let (ranks, kind) = head.split_once(' ').unwrap_or((head, ""));
            let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
            format!("[{ranks}]{kind}:")
        }
        None => format!("    {line}"),
    };
    lines.map(label).collect::<Vec<_>>().join("\n")
}
