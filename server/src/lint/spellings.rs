//! Ways to write a px magic that IPython and pxlens do not take alike, or that neither takes.

use super::{Fix, Problem, Rule, Severity, conditional::CONDITIONAL};
use crate::{
    cells::{
        CellKind, MagicKind,
        found::{About, BlockText, Found, Note, Unlike, UnlikeHow},
        options, python, refusal,
    },
    text::TextRange,
};

pub(super) static MEASURED: Rule = Rule {
    code: "measured-once",
    severity: Severity::Hint,
    meaning: "`%timeit` runs its statement many times to measure it, and `%prun` runs it under a profiler. pxlens runs a px magic \
              there once and measures nothing; how long the run took is shown with its result.",
    examples: &["%timeit -n 3 %px x\n", "%prun %px x\n", "%%timeit\n%px x\n"],
};

pub(super) static UNREAD_CALL: Rule = Rule {
    code: "unread-call",
    severity: Severity::Warning,
    meaning: "The call runs a px magic, or may, but its arguments are not plain strings, its text is more than a single magic, it is \
              inside of another statement, or it is no method of the shell that pxlens reads. pxlens runs no Python of its own, so it \
              does not know what IPython would send, and leaves the call alone. A `%pxconfig` that is called so, or may be, leaves \
              the targets below it unknown. The same holds for a magic in the body of a `%%px --local`, which IPython runs here as \
              well, and in that of a cell magic that the document defines.",
    examples: &[
        "get_ipython().run_line_magic('px', code)\n",
        "get_ipython().run_cell_magic('px', '', f'x = {x}')\n",
        "get_ipython().run_cell('x = 1\\n%px x')\n",
        "print(get_ipython().run_line_magic('px', 'x'))\n",
        "get_ipython().find_line_magic('pxconfig')('--targets 0')\n",
        "get_ipython().run_cell(code)\n",
        "@register_cell_magic\ndef timed(line, cell):\n    get_ipython().run_cell(cell)\n\n# %%\n%%timed\n%px x\n",
        "%%px --local\n%pxconfig --targets 0\n",
    ],
};

pub(super) static MAGIC_CALL: Rule = Rule {
    code: "magic-call",
    severity: Severity::Error,
    meaning: "IPython 9 has no `get_ipython().magic()`. `run_line_magic` takes the magic's name and its line apart.",
    examples: &["get_ipython().magic('px x')\n", "get_ipython().magic(u\"%px x\")\n"],
};

pub(super) static GIVEN_TO_PYTHON: Rule = Rule {
    code: "magic-as-python",
    severity: Severity::Warning,
    meaning: "`%memit`, `%mprun`, `%lprun` and `%debug` hand their statement to Python as it is, where a magic is a SyntaxError. \
              Neither IPython nor pxlens runs it on the engines.",
    examples: &["%memit %px x\n", "%lprun -f f %px f()\n"],
};

pub(super) static ALIAS_OPTIONS: Rule = Rule {
    code: "alias-options",
    severity: Severity::Error,
    meaning: "An `%alias_magic` puts its parameters before the line of the magic. `%px` takes no options, so the engines would \
              get them as code, a SyntaxError. The line does not run; with two percent signs the alias takes them.",
    examples: &["%alias_magic p0 px -p \"--targets 0\"\n%p0 x\n"],
};

pub(super) static TWO_WORDS: Rule = Rule {
    code: "magic-in-two-words",
    severity: Severity::Warning,
    meaning: "`%pxconfig` and `%pxresult` are one word. With a blank in it the line sends the rest to the engines as code.",
    examples: &[
        "%px config --targets 0:2\n",
        "%px result --group-outputs=engine\n",
        "%%px config --noblock\n",
    ],
};

pub(crate) static OWN_MAGIC: Rule = Rule {
    code: "own-magic",
    severity: Severity::Warning,
    meaning: "The line defines a magic by the name of a px magic, or by a name that pxlens cannot read. IPython then runs that one, \
              and what it does is known to IPython alone. So px magics of that name below the line do not run, nor those in the \
              body of a magic such as `%%time` that is defined anew. A line that gives `get_ipython` another value replaces them all, \
              since IPython makes a call of it from each magic.",
    examples: &[
        "@register_cell_magic\ndef px(line, cell):\n    print(cell)\n",
        "get_ipython().register_magic_function(px, 'cell')\n",
        "@register_line_magic('px')\ndef dry(line):\n    print(line)\n",
        "get_ipython().register_magic_function(dry, 'line', name)\n",
        "def get_ipython():\n    return Quiet()\n\n%px x\n",
    ],
};

pub(crate) static AUTOMAGIC: Rule = Rule {
    code: "automagic",
    severity: Severity::Hint,
    meaning: "IPython's automagic takes the line for a px magic if it is all of its cell and no variable has that name. pxlens \
              runs a magic only where its percent sign is written.",
    examples: &["px print(1)\n", "pxconfig --noblock\n%px x\n", "pxresult\n"],
};

pub(super) static UNLIKE_IMPORT: Rule = Rule {
    code: "import-alias",
    severity: Severity::Warning,
    meaning: "In `sync_imports` ipyparallel ignores the `as` of an import: the engines get the name itself, and only the local \
              Python gets the alias. A module in a package is bound to no name that code can write, and from `*` the import \
              fails. pxlens does the same.",
    examples: &[
        "with rc[:].sync_imports():\n    import numpy as np\n",
        "with rc[:].sync_imports():\n    from os import path as p\n",
        "with rc[:].sync_imports():\n    import os.path\n",
    ],
};

/// What is to be said of a line that is no px cell.
pub(super) fn note(block: &BlockText<'_>, note: &Note) -> Problem {
    match &note.about {
        About::UnreadCall { method: "run_cell", .. } => UNREAD_CALL.problem(
            note.range,
            "pxlens cannot read which px magics this call runs, and does not run it: only a plain string with a single magic in \
             it is read",
            Vec::new(),
        ),
        About::UnreadCall { method, name } => {
            let message = format!(
                "pxlens cannot read what this {method} gives to {name}, and does not run it: only plain strings are read"
            );
            UNREAD_CALL.problem(note.range, message, Vec::new())
        }
        About::Automagic { name } => {
            let message = format!(
                "pxlens does not run {name} without a percent sign, as IPython's automagic may do: write %{name}"
            );
            let at = TextRange::new(note.range.start, note.range.start);
            let fix = Fix::one(format!("Write %{name}"), (at, "%".to_owned()));
            AUTOMAGIC.problem(note.range, message, vec![fix])
        }
        About::SwitchedOff => super::markers::switched_off(note.range),
        About::PxBody => super::markers::px_body(note.range),
        About::FreedElsewhere { name } => super::markers::freed_elsewhere(note.range, name),
        About::Broken(why) => super::magics::broken(note.range, why),
        About::NestedCall { name } => {
            let message = format!(
                "pxlens does not run {name} where it is called inside of another statement, or by an object that pxlens does not know; \
                 write %{name} on a line of its own"
            );
            UNREAD_CALL.problem(note.range, message, Vec::new())
        }
        About::MagicCall { name, edits } => {
            let message =
                format!("IPython 9 has no get_ipython().magic(): write get_ipython().run_line_magic('{name}', …)");
            let fix = Fix { title: "Write run_line_magic".to_owned(), edits: edits.clone() };
            let fixes = Some(fix).filter(|fix| !fix.edits.is_empty());
            MAGIC_CALL.problem(note.range, message, fixes.into_iter().collect())
        }
        About::GivenToPython { by, name } => {
            let message = format!(
                "%{by} hands its statement to Python as it is, where the magic {name} is a SyntaxError: neither IPython nor \
                 pxlens runs it"
            );
            GIVEN_TO_PYTHON.problem(note.range, message, Vec::new())
        }
        About::UncertainAlias { suite } => {
            let lines = (0..block.lines.len()).find(|line| block.filled(*line) == suite.header.in_block());
            let header = lines.map_or("", |line| block.line(line).trim());
            let message = format!(
                "this %alias_magic is in the body of `{header}`, and pxlens cannot tell whether Python reaches it: magics of that \
                 name do not run"
            );
            CONDITIONAL.problem(note.range, message, Vec::new())
        }
        About::OwnMagic { name, line, cell } => {
            let signs = match (line, cell) {
                (true, true) => &["%", "%%"][..],
                (true, false) => &["%"],
                _ => &["%%"],
            };
            let message = match name {
                Some(name) => {
                    let names: Vec<String> = signs.iter().map(|signs| format!("{signs}{name}")).collect();
                    let names = names.join(" and ");
                    format!("this line defines {names}: below it IPython runs that magic, and pxlens does not run it")
                }
                None => format!(
                    "pxlens cannot tell which magic this line defines, and it may be one of px: below it no px magic with {} runs",
                    match signs {
                        ["%"] => "one percent sign",
                        ["%%"] => "two percent signs",
                        _ => "one or two percent signs",
                    }
                ),
            };
            OWN_MAGIC.problem(note.range, message, Vec::new())
        }
        About::OwnShell => OWN_MAGIC.problem(
            note.range,
            "this line replaces get_ipython, by which IPython runs every magic: below it no px magic runs",
            Vec::new(),
        ),
        About::Inactive { name } => super::markers::inactive(note.range, name),
        About::InLocalBody { name } => {
            let message = format!(
                "IPython runs the body of %%px --local here as well, and {name} in it; pxlens only sends the body to the engines"
            );
            UNREAD_CALL.problem(note.range, message, Vec::new())
        }
        About::RunsAgain { by } => {
            let message = format!(
                "pxlens does not run again what %{by} does, and does not know what targets are in force behind it"
            );
            UNREAD_CALL.problem(note.range, message, Vec::new())
        }
        About::InOwnBody { name, by } => {
            let message = format!(
                "this document defines %%{by}, which may run its body; pxlens does not know, and does not run {name} in it"
            );
            UNREAD_CALL.problem(note.range, message, Vec::new())
        }
        About::RepeatedToggle { by } => {
            let message = format!(
                "%{} runs %autopx more than once, so nobody can tell whether a region is open: it changes nothing below",
                by.name()
            );
            Problem { severity: Severity::Warning, ..MEASURED.problem(note.range, message, Vec::new()) }
        }
    }
}

/// A `sync_imports` block that asks for what ipyparallel does not do.
pub(super) fn not_local(found: &Found) -> Option<Problem> {
    let fault = found.fault.as_deref().filter(|fault| *fault == refusal::NOT_LOCAL)?;
    Some(UNLIKE_IMPORT.problem(found.magic_range, fault, Vec::new()))
}

/// What the way a px magic is written has to say.
pub(super) fn check(found: &Found) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(fault) = found.fault.as_deref().filter(|_| found.kind != CellKind::SyncImports) {
        problems.push(if fault == refusal::FILLED_IN {
            super::options::DYNAMIC.problem(found.magic_range, fault, Vec::new())
        } else {
            ALIAS_OPTIONS.problem(found.magic_range, fault, Vec::new())
        });
    }
    let runs = found.kind.sends() || found.kind == CellKind::Result;
    if let Some(prefix) = found.prefix.filter(|prefix| prefix.measures() && runs) {
        let name = prefix.name();
        let message = match name {
            "prun" => {
                "pxlens runs this without the profiler of %prun, which sees only the local Python".to_owned()
            }
            _ => format!("pxlens runs this once; IPython runs it many times to measure it with %{name}"),
        };
        problems.push(MEASURED.problem(found.magic_range, message, Vec::new()));
    }
    problems.extend(two_words(found));
    problems
}

/// `%px config`, `%px result`, `%%px config`.
fn two_words(found: &Found) -> Option<Problem> {
    let line = match found.kind {
        CellKind::LineMagic if !found.is_call() && found.fault.is_none() => &found.code,
        CellKind::CellMagic if !found.is_call() => &found.options_text.as_ref()?.0,
        _ => return None,
    };
    let text = line.text();
    let word = text.trim_start();
    let begin = text.len() - word.len();
    let word = &word[..word.find([' ', '\t']).unwrap_or(word.len())];
    let kind = match word {
        "config" => MagicKind::PxConfig,
        "result" => MagicKind::PxResult,
        _ => return None,
    };
    let end = begin + word.len();
    let behind = text[end..].trim();
    if !(behind.is_empty() || behind.starts_with('-')) {
        return None;
    }
    let options = options::parse(&text[end..], kind, |range| TextRange::new(range.start, range.end));
    let is_cell = found.kind == CellKind::CellMagic;
    let (signs, suffix) = (if is_cell { "%%" } else { "%" }, &found.magic.suffix);
    let message = match is_cell {
        true => format!("%{kind} is one word with one percent sign"),
        false => format!("{signs}px {word} sends `{word}` to the engines as code; %{kind} is one word"),
    };
    let is_right = options.error.is_none() && (!is_cell || found.code.text().trim().is_empty());
    let whole = TextRange::new(found.magic.name_range.in_block().start, line.end_of(end));
    let fix =
        is_right.then(|| Fix::one(format!("Write %{kind}{suffix}"), (whole, format!("%{kind}{suffix}"))));
    let range = TextRange::new(found.magic.name_range.in_block().start, line.end_of(end));
    let problem = TWO_WORDS.problem(range, message, fix.into_iter().collect());
    // The value of a variable of that name may be meant.
    let severity = if behind.is_empty() && !is_cell { Severity::Hint } else { problem.severity };
    Some(Problem { severity, ..problem })
}

/// Says of problems with a px magic that is written with an alias what it stands for. Their fixes are those of what is
/// written behind the name.
pub(super) fn with_alias(found: &Found, problems: &mut [Problem]) {
    let Some(alias) = &found.alias else { return };
    for problem in problems {
        problem.message = format!("this magic stands for {alias}: {}", problem.message);
        let behind =
            |range: &TextRange| range.start >= found.magic.name_range.in_block().end && !range.is_empty();
        problem.fixes.retain(|fix| fix.edits.iter().all(|(range, _)| behind(range)));
    }
}

/// The imports of a `sync_imports` block that do not do on the engines what they do here. `all` are the magics of its block;
/// `is_of_px`: a `%px` runs on the same engines.
pub(super) fn unlike_imports(
    block: &BlockText<'_>,
    found: &Found,
    all: &[Found],
    is_of_px: bool,
) -> Vec<Problem> {
    let Some(imports) = &found.imports else { return Vec::new() };
    let is_done = |import: &str| {
        let below = all.iter().filter(|other| other.lines.start >= found.lines.end && other.suite.is_none());
        below.into_iter().any(|other| other.kind == CellKind::LineMagic && other.code.text().trim() == import)
    };
    let at = end_of_body(block, found).filter(|_| is_of_px && found.suite.is_none());
    let unlike = imports.unlike.iter().filter(|unlike| !is_done(&unlike.import));
    unlike
        .map(|unlike| {
            let Unlike { range, import, how } = unlike;
            let (message, severity) = match how {
                UnlikeHow::Alias { name, alias } => {
                    let message = format!(
                        "sync_imports ignores `as {alias}` on the engines, which get `{name}`; below the block, %px {import} \
                         gives them `{alias}`"
                    );
                    (message, Severity::Warning)
                }
                UnlikeHow::Dotted => {
                    let message = format!(
                        "sync_imports gives the engines no name for this module; below the block, %px {import} does"
                    );
                    (message, Severity::Warning)
                }
                UnlikeHow::Star => (refusal::STAR_IMPORT.to_owned(), Severity::Error),
            };
            let fix = at.filter(|_| *how != UnlikeHow::Star).map(|at| {
                let edit = block.source.edit(at..at, &format!("\n%px {import}"));
                Fix::one(format!("Add %px {import} below the block"), edit)
            });
            let problem = UNLIKE_IMPORT.problem(*range, message, fix.into_iter().collect());
            Problem { severity, ..problem }
        })
        .collect()
}

/// Where a `with` at the beginning of its line ends, in bytes of the source.
fn end_of_body(block: &BlockText<'_>, found: &Found) -> Option<usize> {
    let is_indented = |line: usize| python::indent(block.line(line)) > 0;
    if is_indented(found.lines.start) {
        return None;
    }
    let mut last = found.lines.end - 1;
    while let Some(next) = block.first_filled(last + 1).filter(|next| is_indented(*next)) {
        last = next;
    }
    Some(block.lines[last].end)
}
