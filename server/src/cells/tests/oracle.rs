//! Against the originals: thousands of scripts and notebooks, made from a seed, are read by jupytext and IPython
//! (`tests/python/formats.py`) and by pxlens.
//!
//! The same cells of the same kinds have to come out, the same magics, and above all: of each script pxlens may send no line
//! that jupytext and IPython together would not send, and none that stands in the body of a statement. For the latter each line
//! holds a word of its own.

mod writer;

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use pxlens_tests::{Dice, real};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::cells::{divide::Kind, format::Style, index::parts, lines::is_blank};
use writer::Writer;

const SCRIPTS: usize = 2_400;
const NOTEBOOKS: usize = 2_400;

#[derive(Deserialize)]
struct Answer {
    scripts: Vec<Read>,
    notebooks: Vec<ReadNotebook>,
    readable: Vec<bool>,
}

/// A cell of a notebook.
#[derive(Debug, Serialize)]
struct Cell {
    kind: &'static str,
    source: String,
}

fn lines(source: &str) -> Vec<&str> {
    source.split_inclusive('\n').collect()
}

/// What IPython makes of a notebook whose cells are run in order.
#[derive(Deserialize)]
struct ReadNotebook {
    /// Of each code cell.
    cells: Vec<Run>,
    /// What reaches the engines.
    sent: String,
}

/// What becomes of a code cell.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Run {
    /// It is inside an `%autopx` region, or behind a cell that cannot be read.
    Whole,
    /// It holds these magics; none are known if Python cannot read it.
    Magics(Option<Vec<Magic>>),
}

/// Whether it is a cell magic, its name, its line, its body.
#[derive(Deserialize)]
struct Magic(bool, String, String, #[serde(default)] Option<String>);

impl Magic {
    /// Whether it is a cell magic, its name, and what it sends.
    fn sending(&self) -> (bool, String, String) {
        let Self(is_cell, name, line, body) = self;
        let code = body.as_ref().unwrap_or(line).clone();
        (*is_cell, name.clone(), if *is_cell || name == "px" { code } else { String::new() })
    }
}

/// What jupytext makes of a script.
#[derive(Deserialize)]
struct Read {
    error: Option<String>,
    #[serde(default)]
    format: String,
    #[serde(default)]
    cells: Vec<(usize, usize, String)>,
    /// What reaches the engines when IPython runs it.
    #[serde(default)]
    sent: String,
}

/// `PXLENS_ORACLE_SEED` makes others.
fn seed(usual: u64) -> u64 {
    std::env::var("PXLENS_ORACLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(usual)
}

/// What jupytext does not read.
#[derive(Deserialize)]
struct Deviations {
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    error: String,
    #[serde(rename = "why")]
    _why: String,
}

fn deviations() -> Deviations {
    let path = pxlens_tests::workspace().join("tests/golden/formats_deviations.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap()
}

fn ask(scripts: &[String], notebooks: &[Vec<Cell>], sources: &[String]) -> Answer {
    let script = pxlens_tests::workspace().join("tests/python/formats.py");
    let mut python = Command::new(real::python())
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let asked = json!({ "scripts": scripts, "notebooks": notebooks, "sources": sources }).to_string();
    let mut stdin = python.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A cell without the blank lines round it, and its kind; `None` for one that holds nothing else.
fn trimmed(text: &str, start: usize, end: usize, kind: &str) -> Option<(usize, usize, String)> {
    let is_blank_char = |c: char| is_blank(c.encode_utf8(&mut [0; 4]));
    let part = &text[start..end];
    let begin = start + part.len() - part.trim_start_matches(is_blank_char).len();
    let end = start + part.trim_end_matches(is_blank_char).len();
    (begin < end).then(|| (begin, end, kind.to_owned()))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Code => "code",
        Kind::Markdown => "markdown",
        Kind::Raw => "raw",
        Kind::Inactive => "inactive",
        Kind::Language => "language",
    }
}

/// The code that pxlens sends where all px cells of a script are run.
fn sent(text: &str) -> String {
    code_of(&recognize(text, Dialect::Script).unwrap().cells)
}

/// The code that px cells send that are run one after the other.
fn code_of(cells: &[Placed]) -> String {
    let sends = |cell: &&Placed| cell.kind.sends() && cell.suite.is_none() && cell.refusal().is_none();
    cells.iter().filter(sends).map(|cell| format!("{}\n", cell.code)).collect()
}

fn words(code: &str) -> BTreeSet<&str> {
    let is_word = |word: &&str| {
        word.strip_prefix('w')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    code.split(|c: char| !c.is_alphanumeric()).filter(is_word).collect()
}

/// The text with the lines marked as jupytext marks them that only Spyder takes for marks.
fn as_jupytext(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some((line, next)) = crate::cells::lines::line_at(text, at) {
        match crate::cells::format::title(line) {
            true => {
                let name = line.find(|c: char| c.is_alphanumeric()).unwrap();
                out.push_str(&line[..name]);
                out.push(' ');
                out.push_str(&line[name + 1..]);
                out.push_str(&text[at + line.len()..next]);
            }
            false => out.push_str(&text[at..next]),
        }
        at = next;
    }
    out
}

#[test]
fn scripts_are_divided_as_jupytext_divides_them_and_no_line_is_sent_that_it_would_not_send() {
    let mut writer = Writer { dice: Dice(seed(14)), word: 0 };
    let scripts: Vec<String> = (0..SCRIPTS).map(|_| writer.script()).collect();
    let asked: Vec<String> = scripts
        .iter()
        .map(|text| match recognize(text, Dialect::Script).unwrap().format.unwrap().format {
            Format::Spyder => as_jupytext(text),
            _ => text.clone(),
        })
        .collect();
    let answer = ask(&asked, &[], &[]);
    let deviations = deviations();
    let mut unlisted: BTreeSet<usize> = (0..deviations.refused.len()).collect();
    let (mut refused, mut wrong) = (0, Vec::new());
    let mut sending = 0;
    for (number, (text, read)) in scripts.iter().zip(&answer.scripts).enumerate() {
        if let Some(error) = &read.error {
            refused += 1;
            match deviations.refused.iter().position(|refused| error.starts_with(&refused.error)) {
                Some(listed) => drop(unlisted.remove(&listed)),
                None => wrong.push(format!("{number}: refused, {error}")),
            }
            continue;
        }
        let (style, found): (Style, _) = parts(text);
        let ours: Vec<_> = found
            .iter()
            .filter_map(|part| trimmed(text, part.start, part.end, kind(part.shape.kind)))
            .collect();
        let theirs: Vec<_> =
            read.cells.iter().filter_map(|(start, end, kind)| trimmed(text, *start, *end, kind)).collect();
        if ours != theirs {
            let shown = |cells: &[(usize, usize, String)]| -> String {
                cells
                    .iter()
                    .map(|(start, end, kind)| format!("    {kind} {:?}\n", &text[*start..*end]))
                    .collect()
            };
            wrong.push(format!(
                "{number}: {} by pxlens\n{}  {} by jupytext\n{}",
                style.known,
                shown(&ours),
                read.format,
                shown(&theirs)
            ));
        }
        let theirs = &read.sent;
        let ours = sent(text);
        sending += usize::from(!words(&ours).is_empty());
        let more: Vec<_> = words(&ours).difference(&words(theirs)).copied().collect();
        if !more.is_empty() {
            wrong.push(format!(
                "{number}: {} sends {more:?} beyond jupytext's {}\n{text}",
                style.known, read.format
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {SCRIPTS}:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    let is_usual = seed(14) == 14;
    let idle: Vec<&str> = unlisted.iter().map(|at| deviations.refused[*at].error.as_str()).collect();
    assert!(idle.is_empty() || !is_usual, "listed, and never seen: {idle:?}");
    assert!(refused * 12 < SCRIPTS && sending * 12 > SCRIPTS, "{refused} refused, {sending} send something");
}

/// What pxlens finds in the code cells of a notebook, each by itself: the px cells in it, with what they send.
fn found(notebook: &[Cell]) -> Vec<Cells> {
    let code: Vec<&str> =
        notebook.iter().filter(|cell| cell.kind == "code").map(|cell| &*cell.source).collect();
    recognize_cells(&code)
}

/// The px cells of a notebook's file, by the number of the cell that holds them.
fn found_in_file(file: &str) -> Vec<(u32, CellKind, String)> {
    let cells = recognize(file, Dialect::NotebookJson).unwrap();
    let of_block = |block: &Block| {
        let number = block.notebook_cell.as_ref().unwrap().index;
        let px = cells.cells.iter().filter(|cell| block.px_cells.contains(&cell.ordinal));
        px.map(move |cell| (number, cell.kind, cell.code.to_string())).collect::<Vec<_>>()
    };
    cells.blocks.iter().flat_map(of_block).collect()
}

#[test]
fn notebooks_hold_the_magics_that_ipython_finds_and_nothing_is_sent_that_it_would_not_send() {
    let mut writer = Writer { dice: Dice(seed(15)), word: 0 };
    let mut notebooks: Vec<Vec<Cell>> = (0..NOTEBOOKS).map(|_| writer.notebook()).collect();
    let mut dice = Dice(seed(16));
    notebooks.iter_mut().for_each(|notebook| writer::paste(notebook, &mut dice));
    let answer = ask(&[], &notebooks, &[]);
    let mut wrong = Vec::new();
    let mut sending = 0;
    for (number, (notebook, theirs)) in notebooks.iter().zip(&answer.notebooks).enumerate() {
        let all = found(notebook);
        let numbers =
            (0u32..).zip(notebook).filter(|(_, cell)| cell.kind == "code").map(|(number, _)| number);
        let placed: Vec<_> = numbers
            .zip(&all)
            .flat_map(|(number, cells)| cells.cells.iter().map(move |cell| (number, cell)))
            .map(|(number, cell)| (number, cell.kind, cell.code.to_string()))
            .collect();
        for file in [writer.file(notebook), writer.old_file(notebook)] {
            let in_file = found_in_file(&file);
            if in_file != placed {
                wrong.push(format!("{number}: {placed:?}\n    in the file {in_file:?}\n{file}"));
            }
        }
        for (cell, (ours, theirs)) in all.iter().zip(&theirs.cells).enumerate() {
            let Run::Magics(Some(theirs)) = theirs else { continue };
            let ours: Vec<_> = ours.cells.iter().map(as_magic).collect();
            let theirs: Vec<_> = theirs.iter().map(Magic::sending).collect();
            if ours != theirs {
                wrong.push(format!("{number}, {cell}: {ours:?}\n    {theirs:?}\n{notebook:#?}"));
            }
        }
        let theirs = &theirs.sent;
        let ours: String = all.iter().map(|cells| code_of(&cells.cells)).collect();
        sending += usize::from(!words(&ours).is_empty());
        let more: Vec<_> = words(&ours).difference(&words(theirs)).copied().collect();
        if !more.is_empty() {
            wrong.push(format!("{number}: sends {more:?} beyond IPython\n{notebook:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} in {NOTEBOOKS}:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    assert!(sending * 8 > NOTEBOOKS, "{sending} send something");
}

/// A px cell as IPython's call of its magic.
fn as_magic(cell: &Placed) -> (bool, String, String) {
    (
        cell.kind == CellKind::CellMagic,
        format!("{}{}", cell.magic.kind, cell.magic.suffix),
        cell.code.to_string(),
    )
}

/// The files of Python's own library, without those below its packages.
fn library() -> Vec<PathBuf> {
    let print = "import os, sys; sys.stdout.write(os.path.dirname(os.__file__))";
    let folder = Command::new(real::python()).args(["-c", print]).output().unwrap().stdout;
    let folders = [
        std::env::var_os("PXLENS_ORACLE_LIBRARY").map(PathBuf::from),
        Some(PathBuf::from(String::from_utf8(folder).unwrap())),
    ];
    let entries = folders.into_iter().flatten().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "py"));
    files.sort();
    files
}

#[test]
fn what_python_reads_of_its_own_library_is_no_broken_cell() {
    let texts: Vec<String> = library().iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let cells: Vec<String> = texts.iter().map(|text| format!("%px library\n{text}\n%px end\n")).collect();
    let readable = ask(&[], &[], &cells).readable;
    assert!(cells.len() > 100, "{} files", cells.len());
    for (cell, is_readable) in cells.iter().zip(readable) {
        let found = recognize_cells(&[cell]);
        // Whether Python compiles all statements shows in the last one.
        for code in ["library", "end"] {
            let refusal = found[0].cells.iter().find(|cell| &*cell.code == code).unwrap().refusal();
            assert_eq!(refusal.is_none(), is_readable, "{code}: {refusal:?}\n{cell}");
        }
    }
}
