//! Against the originals: thousands of scripts and notebooks, made from a seed, are read by jupytext and IPython
//! (`tests/python/formats.py`) and by pxlens.
//!
//! The same cells of the same kinds have to come out, the same magics, and above all: of each script pxlens may send no line
//! that jupytext and IPython together would not send, and none that stands in the body of a statement. For the latter each line
//! holds a word of its own.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
};

use pxlens_tests::{Dice, real};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::cells::{divide::Kind, format::Style, index::parts, lines::is_blank};

const SCRIPTS: usize = 2_400;
const NOTEBOOKS: usize = 2_400;

/// What a script is made to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Percent,
    Light,
    Fold,
    Region,
    Sphinx,
    Plain,
    Spyder,
    Databricks,
}

const LOOKS: [Look; 12] = [
    Look::Percent,
    Look::Percent,
    Look::Percent,
    Look::Light,
    Look::Light,
    Look::Light,
    Look::Plain,
    Look::Plain,
    Look::Fold,
    Look::Region,
    Look::Sphinx,
    Look::Spyder,
];

/// Lines after which jupytext takes a string for open, or Python does.
const UNCLOSED: [&str; 5] = ["s = '''", "\"\"\"", "x = '\\\\' + '\"\"\"'", "s = 'it", "x = \"'''\""];

/// Writes scripts and notebooks; each line of code has a word of its own.
struct Writer {
    dice: Dice,
    word: usize,
}

impl Writer {
    fn script(&mut self) -> String {
        let look = if self.dice.chance(5) { Look::Databricks } else { LOOKS[self.dice.below(LOOKS.len())] };
        let mut lines = Vec::new();
        self.header(look, &mut lines);
        // Scripts with and without live magics differ in what else counts.
        let (live, hidden) = (self.dice.below(3) * 10, self.dice.below(3) * 12);
        for _ in 0..self.dice.below(26) {
            match self.dice.below(100) {
                0..=21 => self.marker(look, &mut lines),
                22..=39 => {
                    lines.extend(vec![String::new(); 1 + self.dice.below(3) / 2 + self.dice.below(4) / 3])
                }
                40..=43 => lines.push(self.dice.pick(&["    ", "\t", " "]).to_owned()),
                44..=55 => self.text(&mut lines),
                n if n < 56 + live => self.magic("", &mut lines),
                n if n < 56 + live + hidden => {
                    let sign = self.sign(look);
                    self.magic(sign, &mut lines);
                }
                _ => self.code(&mut lines),
            }
        }
        let end = self.dice.pick(&["\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\r"]);
        let odd = self.dice.chance(6);
        let mut text = String::new();
        for line in lines {
            text.push_str(&line);
            match odd && self.dice.chance(12) {
                true => text.push_str(
                    self.dice.pick(&["\x0c", "\u{2028}", "\x0b", "\u{85}", "\x0c\n", "\r", "\x1e"]),
                ),
                false => text.push_str(end),
            }
        }
        if self.dice.chance(10) {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        text
    }

    fn word(&mut self) -> String {
        self.word += 1;
        format!("w{}", self.word)
    }

    fn header(&mut self, look: Look, lines: &mut Vec<String>) {
        if look == Look::Databricks {
            return lines.push("# Databricks notebook source".to_owned());
        }
        if self.dice.chance(8) {
            lines.push("#!/usr/bin/env python".to_owned());
        }
        if self.dice.chance(8) {
            lines.push(
                self.dice
                    .pick(&[
                        "# -*- coding: utf-8 -*-",
                        "# coding: utf-8",
                        "# coding: utf-8",
                        "# coding=latin-1",
                    ])
                    .to_owned(),
            );
        }
        if look == Look::Spyder || self.dice.chance(50) {
            return;
        }
        let own = match look {
            Look::Percent => self.dice.pick(&["percent", "percent", "hydrogen"]),
            Look::Light | Look::Fold | Look::Region => "light",
            Look::Sphinx => "sphinx",
            _ => self.dice.pick(&["light", "nomarker", "percent"]),
        };
        let all = [
            "percent", "light", "hydrogen", "nomarker", "sphinx", "percent", "light", "hydrogen", "bare",
            "unknown",
        ];
        let name = if self.dice.chance(12) { self.dice.pick(&all) } else { own };
        let extension = if self.dice.chance(8) { self.dice.pick(&[".jl", ".md", ".lgt.py"]) } else { ".py" };
        let mut yaml = vec!["jupyter:".to_owned()];
        match self.dice.below(6) {
            0 => yaml.push(format!("  jupytext: {{formats: 'ipynb,py:{name}'}}")),
            1 => yaml.extend(["  jupytext:".to_owned(), format!("    formats: ipynb,scripts//py:{name}")]),
            2 => yaml.extend(["  jupytext:".to_owned(), "    formats: ipynb,py".to_owned()]),
            _ => yaml.extend([
                "  jupytext:".to_owned(),
                "    text_representation:".to_owned(),
                format!("      extension: {extension}"),
                format!("      format_name: {name}"),
                "      format_version: '1.3'".to_owned(),
            ]),
        }
        let is_block = yaml[1] == "  jupytext:";
        if is_block && self.dice.chance(25) {
            yaml.push(format!("    comment_magics: {}", self.dice.pick(&["true", "false"])));
        }
        if is_block && (matches!(look, Look::Fold | Look::Region) || self.dice.chance(5)) {
            let markers = if look == Look::Fold {
                "'{{{,}}}'"
            } else {
                self.dice.pick(&["region,endregion", "+,-", "'\"\"\"'"])
            };
            yaml.push(format!("    cell_markers: {markers}"));
        }
        if self.dice.chance(30) {
            yaml.extend(
                ["  kernelspec:", "    display_name: Python 3", "    language: python", "    name: python3"]
                    .map(str::to_owned),
            );
        } else if self.dice.chance(5) {
            yaml.extend(
                ["  kernelspec:", "    display_name: R", "    language: R", "    name: ir"]
                    .map(str::to_owned),
            );
        }
        if self.dice.chance(1) {
            yaml.push("  kernelspec: {display_name: Python 3, language: python}".to_owned());
        }
        if self.dice.chance(6) {
            let broken = self.dice.pick(&["  x: [", "  - y", "\tz: 1", "title: a", "  a: b: c"]);
            yaml.insert(self.dice.below(yaml.len() + 1), broken.to_owned());
        }
        let sign = if self.dice.chance(5) { "#" } else { "# " };
        lines.push(format!("{sign}---"));
        lines.extend(yaml.into_iter().map(|line| format!("# {line}")));
        if !self.dice.chance(4) {
            lines.push("# ---".to_owned());
        }
        if self.dice.chance(80) {
            lines.push(self.dice.pick(&["", "", "", "#"]).to_owned());
        }
    }

    fn marker(&mut self, look: Look, lines: &mut Vec<String>) {
        const PERCENT: [&str; 22] = [
            "# %%",
            "# %%",
            "# %%",
            "# %%",
            "#%%",
            "# %% A title",
            "# %% [markdown]",
            "# %% [md] {\"a\": 1}",
            "# %% [raw]",
            "# %% active=\"ipynb\"",
            "# %% tags=[\"active-py\"]",
            "# %% language=\"R\"",
            "# %% language=\"python\"",
            "# %%%% sub",
            "# <codecell>",
            "# In[3]:",
            "# In[ ]:",
            "  # %% indented",
            "# %% cell_type='markdown'",
            "# %% run_control={\"frozen\": true}",
            "# %% a=1 [markdown]",
            "#\t%%\tx",
        ];
        const LIGHT: [&str; 20] = [
            "# +",
            "# +",
            "# +",
            "# -",
            "# -",
            "# -",
            "# + [markdown]",
            "# + [markdown] tags=[\"a\"]",
            "# + [raw]",
            "# + endofcell=\"--\"",
            "# --",
            "# + tags=[\"x\"]",
            "#+ title",
            "# + active=\"ipynb\"",
            "# + active=\"py\"",
            "# + language=\"bash\"",
            "#  +",
            "# - ",
            "# + {\"cell_type\": \"markdown\"}",
            "# + a [md]",
        ];
        const OTHERS: [&str; 12] = [
            "# region",
            "# region [markdown]",
            "# region a=1",
            "# endregion",
            "# {{{",
            "# }}}",
            "# {{{ [raw]",
            "#####################",
            "# ####################  ",
            "\"\"",
            "# COMMAND ----------",
            "# regional",
        ];
        let marker = match look {
            _ if self.dice.chance(6) => {
                let pool = [&PERCENT[..], &LIGHT[..], &OTHERS[..10]][self.dice.below(3)];
                self.dice.pick(pool)
            }
            Look::Percent => self.dice.pick(&PERCENT),
            Look::Light => self.dice.pick(&LIGHT),
            Look::Fold => self.dice.pick(&OTHERS[4..7]),
            Look::Region => self.dice.pick(&OTHERS[..4]),
            Look::Sphinx => self.dice.pick(&OTHERS[7..10]),
            Look::Plain => "",
            Look::Spyder => {
                self.dice.pick(&["#%%Title", "# %%Load", "#%% x", "# %%", "#%%two words", "#%%Sub"])
            }
            Look::Databricks => "# COMMAND ----------",
        };
        if self.dice.chance(60) {
            lines.push(String::new());
        }
        lines.push(marker.to_owned());
        if look == Look::Databricks && self.dice.chance(30) {
            let word = self.word();
            let first =
                self.dice.pick(&["# MAGIC %md", "# MAGIC %sql", "# DBTITLE 1,Title", "# MAGIC %python"]);
            lines.push(first.to_owned());
            lines.push(format!("# MAGIC %px {word}"));
            if self.dice.chance(30) {
                let words = [self.word(), self.word()];
                lines.push(format!("# MAGIC if {}:", words[0]));
                lines.push(format!("# MAGIC     x = %px {}", words[1]));
            }
        }
    }

    /// What hides a magic in a comment.
    fn sign(&mut self, look: Look) -> &'static str {
        match look {
            Look::Databricks => self.dice.pick(&["# MAGIC ", "# MAGIC ", "# "]),
            _ => self.dice.pick(&["# ", "# ", "# ", "# ", "#", "# # ", "##", "#  ", "  # "]),
        }
    }

    fn magic(&mut self, sign: &str, lines: &mut Vec<String>) {
        let word = self.word();
        let mut push = |line: String| lines.push(format!("{sign}{line}"));
        match self.dice.below(23) {
            0..=4 => push(format!("%px {word} = 1")),
            5..=7 => push("%%px".to_owned()),
            8 => push(
                self.dice.pick(&["%%px --targets 0 --noblock", "%%px -t ::2", "%%px --local"]).to_owned(),
            ),
            9 => push(format!("x = %px {word}")),
            10 => {
                let next = self.word();
                push(format!("%px {word} = 1 \\"));
                lines.push(format!("{sign}  + {next}"));
            }
            11 => push(self.dice.pick(&["%pxconfig --targets 0", "%pxresult", "%pxconfig -a"]).to_owned()),
            12 => {
                lines.extend(["".to_owned(), format!("{sign}%autopx"), String::new()]);
            }
            13 => push(
                self.dice
                    .pick(&["%matplotlib inline", "%whos", "!ls", "?x", "%%time", "%%bash", "ls"])
                    .to_owned(),
            ),
            14 => push(format!("%px {word} # noescape")),
            15 => push(format!("%px {word} (is prose)")),
            16 => push(format!("%time {word}()")),
            17 => push(format!("%px {word}?")),
            18 => push(format!("%px\t{word}")),
            19 => push(
                self.dice
                    .pick(&[
                        "%autopx;",
                        "%autopx?",
                        "%autopx()",
                        "%autopx # on",
                        "%time %autopx",
                        "x = %autopx",
                    ])
                    .to_owned(),
            ),
            20 => {
                push(self.dice.pick(&["%%script false", "!touch x", "%%writefile x", "x = !ls"]).to_owned())
            }
            21 => {
                push(format!("%px {word} \\"));
                lines.push(String::new());
            }
            _ => push(format!("%%px {word} is prose")),
        }
    }

    fn text(&mut self, lines: &mut Vec<String>) {
        let word = self.word();
        match self.dice.below(12) {
            0..=4 => lines.push(format!("# {word} is prose")),
            5 => lines
                .push(format!("# `%px {word}` is prose, {}", self.dice.pick(&["as is %px", "# noescape"]))),
            6 => lines.push(format!("# %px {word} was here once")),
            7 => lines.extend([
                "# ```python".to_owned(),
                format!("# {word}"),
                self.dice.pick(&["# %% in", "# ```", "# +"]).to_owned(),
                "# ```".to_owned(),
            ]),
            8 => lines.push(self.dice.pick(&["# ~~~~", "# ```", "    # ```"]).to_owned()),
            9 => lines.push(format!("#{word}")),
            10 => lines.push(format!("# cd {word}")),
            _ => lines.push(self.dice.pick(&["#", "##", "# what?", "# !make clean", "# x = !ls"]).to_owned()),
        }
    }

    fn code(&mut self, lines: &mut Vec<String>) {
        let word = self.word();
        let mut more = |writer: &mut Self, parts: &[&str]| {
            for part in parts {
                let word = writer.word();
                lines.push(part.replace('§', &word));
            }
        };
        match self.dice.below(44) {
            0..=6 => lines.push(format!("{word} = 1")),
            7 => more(self, &["if §:", "    §()", "", "    §()"]),
            8 => more(self, &["for § in x:", "    § += 1", "else:", "\t§ = 2"]),
            9 => more(self, &["@§", "def f(§):", "    '''Says §.'''", "    return §"]),
            10 => more(self, &["class §:", "", "    § = 1", "", "", "    def §(self): pass"]),
            11 => more(self, &["§ = (1,", "  §,", ")"]),
            12 => more(self, &["§ = 1 + \\", "    §"]),
            13 => more(self, &["s = '''§", "# %% §", "", "%px §", "# +", "'''"]),
            14 => more(self, &["\"\"\"", "# %px §", "", "Words of §", "\"\"\""]),
            15 => more(self, &["\"\"\"Words of §\"\"\""]),
            16 => lines.push(self.dice.pick(&UNCLOSED).to_owned()),
            17 => more(self, &["x = [", "# %px §", "%px §", "]"]),
            18 => lines.push(format!("{word} = f(\"# %%\")  # %px {word}")),
            19 => more(self, &["try:", "    %px §", "except E: §"]),
            20 => more(self, &["def §():", "    # %px §", "    return §"]),
            21 => more(self, &["get_ipython().run_line_magic('px', '§')"]),
            22 => more(self, &["get_ipython().run_cell_magic('px', '-t 0', '§\\n')"]),
            23 => more(self, &["with § as x:", "    # §", "", "    pass"]),
            24 => more(self, &["if §:", "    %px §", "%px §"]),
            25 => more(self, &["while §:", "    x = %px §", "", "    §()"]),
            26 => more(self, &["if §:", "    %autopx", ""]),
            27 => more(self, &["for § in x:", "    # %autopx", "    §()"]),
            28 => {
                more(self, &["class §:", "    def §(self):", "        # %px §", "        %px §", "    %px §"])
            }
            29 => more(self, &["try:", "    %pxconfig -t 0", "finally:", "    #!%px §"]),
            30 => more(self, &["if §: § = 1", "else: §()", "# %px §", "%px §"]),
            34 => more(self, &["x = (§"]),
            35 => more(self, &["print '§'", "§ = 1"]),
            36 => more(self, &["@§", "%px §", "def §(): pass"]),
            37 => more(self, &["x = f\"{§}\" f'{x:>{§}} {{'"]),
            38 => more(self, &["x = f\"\"\"{", "§ }", "%px §", "\"\"\""]),
            39 => more(self, &["if §:", "# %px §"]),
            40 => more(self, &["    § = 1"]),
            41 => more(self, &["x = § + [1)", "try:", "    §"]),
            42 => more(self, &["print(get_ipython().run_line_magic('px', '§'))"]),
            43 => lines
                .push(self.dice.pick(&["else: x", "x = 1)", "@deco", "%%px", "%%bash", "%%time"]).to_owned()),
            31 => more(self, &["async with §:", "    get_ipython().run_line_magic('px', '§')"]),
            _ => lines.push(format!("print({word}); {word}()")),
        }
    }

    fn notebook(&mut self) -> Vec<Cell> {
        let kinds = ["code", "code", "code", "code", "code", "code", "markdown", "raw"];
        (0..1 + self.dice.below(5))
            .map(|_| Cell { kind: self.dice.pick(&kinds), source: self.cell() })
            .collect()
    }

    /// A notebook as its file.
    fn file(&mut self, notebook: &[Cell]) -> String {
        let mut cells = Vec::new();
        for Cell { kind, source } in notebook {
            let source = if self.dice.chance(70) { json!(lines(source)) } else { json!(source) };
            cells.push(json!({ "cell_type": kind, "metadata": {}, "source": source, "outputs": [] }));
        }
        let file = json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 });
        if self.dice.chance(50) { file.to_string() } else { format!("{file:#}") }
    }

    /// The same in the format of before.
    fn old_file(&mut self, notebook: &[Cell]) -> String {
        let cell = |Cell { kind, source }: &Cell| match *kind {
            "code" => {
                json!({ "cell_type": kind, "input": lines(source), "language": "python", "outputs": [] })
            }
            _ => json!({ "cell_type": kind, "source": lines(source) }),
        };
        let cells: Vec<_> = notebook.iter().map(cell).collect();
        json!({ "worksheets": [{ "cells": cells }], "metadata": {}, "nbformat": 3, "nbformat_minor": 0 })
            .to_string()
    }

    /// The source of a notebook's cell.
    fn cell(&mut self) -> String {
        let mut lines = Vec::new();
        for _ in 0..1 + self.dice.below(7) {
            match self.dice.below(10) {
                0 => lines.push(String::new()),
                1 => self.text(&mut lines),
                2..=5 => self.magic("", &mut lines),
                _ => self.code(&mut lines),
            }
        }
        lines.join("\n") + self.dice.pick(&["", "\n"])
    }
}

#[derive(Deserialize)]
struct Answer {
    scripts: Vec<Read>,
    notebooks: Vec<ReadNotebook>,
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

fn ask(scripts: &[String], notebooks: &[Vec<Cell>]) -> Answer {
    let script = pxlens_tests::workspace().join("tests/python/formats.py");
    let mut python = Command::new(real::python())
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let asked = json!({ "scripts": scripts, "notebooks": notebooks }).to_string();
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
fn code_of(cells: &[PxCell]) -> String {
    let sends = |cell: &&PxCell| cell.kind.sends() && cell.suite.is_none() && cell.refusal().is_none();
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
    let answer = ask(&asked, &[]);
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
    let notebooks: Vec<Vec<Cell>> = (0..NOTEBOOKS).map(|_| writer.notebook()).collect();
    let answer = ask(&[], &notebooks);
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
fn as_magic(cell: &PxCell) -> (bool, String, String) {
    (
        cell.kind == CellKind::CellMagic,
        format!("{}{}", cell.magic.kind, cell.magic.suffix),
        cell.code.to_string(),
    )
}
