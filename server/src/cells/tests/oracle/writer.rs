//! Scripts and notebooks made from a seed, as much alike to those of people as they are odd.

use pxlens_tests::Dice;
use serde_json::json;

use super::{Cell, lines};

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

/// Lines that Python cannot read, and some like them that it can.
const ODD: [&str; 78] = [
    "pip install -q §",
    "for § in range(3): %px §",
    "pass; %px §",
    "print(%px §)",
    "§ += %px §",
    "x = § = %px §",
    "raise E, '§'",
    "§ <> 1",
    "§ = 1L",
    "§ = 0777",
    "§ = ur'x'",
    "§ = `x`",
    "def f((§, x)): pass",
    "if §",
    "if § = 1: pass",
    "§ = = 2",
    "§ = “x”",
    "f(§=1, 2)",
    "1 = §",
    "§++",
    "f(§ x)",
    "import",
    "§ = {'a': 1, 'b'}",
    "x = b'§' ''",
    "§()?",
    "class = §",
    "lambda x: %px §",
    "while §: %px §",
    "§ = (1 if x)",
    "§ = [x for x]",
    "print(§=1)",
    "§ = (x := 1)",
    "x = § = 1",
    "§: int = 1",
    "§ = 0o777 + 1_000 + 1j",
    "print(*§, **x)",
    "§ != x",
    "§ = !ls (",
    "§??",
    "x.§?",
    "if §: x = %px §",
    "§ = \"“x”\"",
    "/§ x",
    ",§ a b",
    "d[§] = %px §",
    "await §",
    "with (§ as x, y as z): pass",
    "match = §",
    "return §",
    "yield §",
    "§ = await x",
    "if x: break",
    "for § in x: break",
    "def f(§, §): pass",
    "lambda §, x, x: §",
    "[(yield §) for x in y]",
    "nonlocal §",
    "f(§=1, §=2)",
    "*§ = 1",
    "class §: return 1",
    "x = f'{%px §}'",
    "%px? ",
    "%px?",
    "§? ",
    "§ = %px? ",
    ";import §",
    "/§ 1)",
    "%px § \\",
    "% px §",
    "%PX §",
    "%px.x §",
    "%bash",
    "x = 1; match = §",
    "x = 1;match(§)",
    "raise E('§')",
    "assert False, '§'",
    "from os import *",
    "from __future__ import annotations",
];

/// Writes scripts and notebooks; each line of code has a word of its own.
pub(super) struct Writer {
    pub(super) dice: Dice,
    pub(super) word: usize,
}

impl Writer {
    pub(super) fn script(&mut self) -> String {
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
                    .pick(&[
                        "%matplotlib inline",
                        "%whos",
                        "!ls",
                        "?x",
                        "%%time",
                        "%%bash",
                        "%%!",
                        "%%!",
                        "%% x",
                        "ls",
                    ])
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
        match self.dice.below(49) {
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
            43 => lines.push(
                self.dice
                    .pick(&["else: x", "x = 1)", "@deco", "%%px", "%%bash", "%%time", "%%!", "%% px"])
                    .to_owned(),
            ),
            44..=46 => {
                let odd = self.dice.pick(&ODD);
                more(self, &[odd]);
            }
            47 => more(self, &["x = dict(", "    # %px §", "    a=§)"]),
            48 => more(self, &["x = [§,", "    # sure?", "]"]),
            31 => more(self, &["async with §:", "    get_ipython().run_line_magic('px', '§')"]),
            _ => lines.push(format!("print({word}); {word}()")),
        }
    }

    pub(super) fn notebook(&mut self) -> Vec<Cell> {
        let kinds = ["code", "code", "code", "code", "code", "code", "markdown", "raw"];
        (0..1 + self.dice.below(5))
            .map(|_| Cell { kind: self.dice.pick(&kinds), source: self.cell() })
            .collect()
    }

    /// A notebook as its file.
    pub(super) fn file(&mut self, notebook: &[Cell]) -> String {
        let mut cells = Vec::new();
        for Cell { kind, source } in notebook {
            let source = if self.dice.chance(70) { json!(lines(source)) } else { json!(source) };
            cells.push(json!({ "cell_type": kind, "metadata": {}, "source": source, "outputs": [] }));
        }
        let file = json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 });
        if self.dice.chance(50) { file.to_string() } else { format!("{file:#}") }
    }

    /// The same in the format of before.
    pub(super) fn old_file(&mut self, notebook: &[Cell]) -> String {
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

/// Makes some of the cells such as are pasted from a session, most lines with their prompts.
pub(super) fn paste(cells: &mut [Cell], dice: &mut Dice) {
    let styles = [
        [">>> ", "... "],
        [">>> ", ">>> "],
        ["In [1]: ", "   ...: "],
        ["In [12]: ", "In [13]: "],
        ["[ins] In [1]: ", "         ...: "],
    ];
    for cell in cells {
        if !dice.chance(8) {
            continue;
        }
        let [first, others] = styles[dice.below(styles.len())];
        let margin = if dice.chance(6) { "    " } else { "" };
        let mut prompted = String::new();
        for (number, line) in lines(&cell.source).into_iter().enumerate() {
            prompted += margin;
            if dice.chance(88) {
                prompted += if number == 0 { first } else { others };
            }
            prompted += line;
        }
        cell.source = prompted;
    }
}
