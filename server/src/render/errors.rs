//! What engines raised, grouped by where it came from, and the line of the sent code that it came from.
//!
//! Reads tracebacks of IPython 7 to 9. Line numbers are looked up only in frames of the cell itself (`Cell In[n]`,
//! `Input In [n]`, `<ipython-input-n-…>`); the innermost of them counts.

use std::sync::LazyLock;

use regex::Regex;

use super::settle;
use crate::{
    engines::{EngineId, RankSet},
    jupyter::content::ErrorContent,
    run::Run,
};

/// Engines that raised the same exception in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// Which engines.
    pub ranks: RankSet,
    /// The exception's class.
    pub ename: String,
    /// The exception's text; that of the first variant.
    pub evalue: String,
    /// 0-based line of the sent code.
    pub code_line: Option<u32>,
    /// 0-based column in characters of that line; only syntax errors have one.
    pub column: Option<u32>,
    /// The traceback of the first variant, without colours.
    pub traceback: String,
    /// Engines by what exactly they raised; the largest first. One entry, unless the texts differ (`rank 1`, `rank 2`).
    pub variants: Vec<ErrorVariant>,
}

impl ErrorGroup {
    /// `ValueError: bad`, in one line without control characters: the first line of the text, without the text where engines
    /// differ in it, and without the made-up file name that syntax errors carry.
    pub fn title(&self) -> String {
        let ename = settle(&self.ename, false);
        let evalue = settle(&self.evalue, false);
        let first = SYNTAX_PLACE.replace(evalue.lines().next().unwrap_or_default(), "");
        if first.is_empty() || self.variants.len() > 1 { ename } else { format!("{ename}: {first}") }
    }
}

/// What Python adds to the text of a syntax error.
static SYNTAX_PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r" \((?:<[^>]*>|\d+\.py), line \d+\)$"));

/// Engines of an error group whose exception had the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorVariant {
    /// Which engines.
    pub ranks: RankSet,
    /// The exception's text.
    pub evalue: String,
    /// The traceback, without colours.
    pub traceback: String,
}

/// All errors of a run, grouped by identical stack: the largest group first, then by lowest rank. None is left out.
///
/// `code` is what the engines got.
pub fn errors(run: &Run, code: &str) -> Vec<ErrorGroup> {
    let mut groups: Vec<(String, Vec<Raised>)> = Vec::new();
    for part in run.parts() {
        let Some(error) = part.error() else { continue };
        let raised = Raised::read(part.engine, error, part.execution_count);
        match groups.iter_mut().find(|(stack, all)| *stack == raised.stack && all[0].ename == raised.ename) {
            Some((_, all)) => all.push(raised),
            None => groups.push((raised.stack.clone(), vec![raised])),
        }
    }
    let mut groups: Vec<ErrorGroup> = groups.into_iter().filter_map(|(_, all)| group(all, code)).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.ranks.len()), group.ranks.first()));
    groups
}

fn group(all: Vec<Raised>, code: &str) -> Option<ErrorGroup> {
    let ranks: RankSet = all.iter().map(|raised| raised.engine).collect();
    let mut variants: Vec<(RankSet, &Raised)> = Vec::new();
    for raised in &all {
        if variants.iter().any(|(_, known)| known.evalue == raised.evalue) {
            continue;
        }
        let alike = all.iter().filter(|other| other.evalue == raised.evalue).map(|other| other.engine);
        variants.push((alike.collect(), raised));
    }
    variants.sort_by_key(|(ranks, _)| (std::cmp::Reverse(ranks.len()), ranks.first()));
    let (_, first) = variants.first()?;
    let place = first.place.as_ref().and_then(|place| place.locate(code));
    Some(ErrorGroup {
        ranks,
        ename: first.ename.clone(),
        evalue: first.evalue.clone(),
        code_line: place.map(|(line, _)| line),
        column: place.and_then(|(_, column)| column),
        traceback: first.traceback.clone(),
        variants: variants
            .iter()
            .map(|(ranks, raised)| ErrorVariant {
                ranks: ranks.clone(),
                evalue: raised.evalue.clone(),
                traceback: raised.traceback.clone(),
            })
            .collect(),
    })
}

/// The text of a traceback that tells two errors apart: no colours, and no counter of the cell, which differs between
/// engines that ran a different number of cells.
pub(super) fn stack_text(error: &ErrorContent, execution_count: Option<u32>) -> String {
    let text = settle(&error.traceback.join("\n"), false);
    let Some(own) = execution_count else { return text };
    let without_own = |found: &regex::Captures<'_>| match found[2].parse::<u32>() {
        Ok(n) if n == own => format!("{}*", &found[1]),
        _ => found[0].to_owned(),
    };
    CELL_NAME.replace_all(&text, without_own).into_owned()
}

/// How IPython names a cell; 2: its counter.
static CELL_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\bCell In ?\[|\bInput In ?\[|<ipython-input-)(\d+)"));

/// The head of a frame in a cell. 1: the cell's counter; 2: the line, where the head tells it.
static CELL_FRAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"^\s*(?:File "?)?(?:Cell In ?\[|Input In ?\[|<ipython-input-)(\d+)(?:\]|-[0-9a-f]+>"?)"#,
        r"(?:(?:, line |:|, in <cell line: )(\d+))?",
    ))
});

/// The head of a frame in some cell, as ipykernel 6 with IPython 7 names it: by a file that no counter tells. 1: line.
static FILE_FRAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:File "?)?\S*ipykernel_\d+[/\\]\d+\.py"?(?:(?:, line |:)(\d+))?"#));

/// The head of a frame in code that was made from a text: the body of `%%time`, or a string. 1: line.
static TEXT_FRAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"^\s*(?:File )?"?<(?:timed exec|unknown|string|magic-timeit)>"?(?:, line |:)(\d+)"#)
});

/// The line of a frame's excerpt that is marked by an arrow. 1: line; 2: its text.
static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-+> ?(\d+) ?(.*)$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that the tests use")
}

/// One engine's error, read.
struct Raised {
    engine: EngineId,
    ename: String,
    evalue: String,
    traceback: String,
    /// What is compared to group: the traceback without the exception's text and without the cell's counter.
    stack: String,
    place: Option<Place>,
}

impl Raised {
    fn read(engine: EngineId, error: &ErrorContent, execution_count: Option<u32>) -> Self {
        let traceback = settle(&error.traceback.join("\n"), false);
        let message = format!("{}: {}", error.ename, settle(&error.evalue, false));
        let stack = stack_text(error, execution_count).replace(&message, &error.ename);
        let place = Place::read(&traceback, execution_count);
        Self { engine, ename: error.ename.clone(), evalue: error.evalue.clone(), traceback, stack, place }
    }
}

/// Where a traceback says that the cell raised.
struct Place {
    /// 1-based, as IPython counts: without the blank lines that the code begins with.
    line: u32,
    /// The text of that line, where the traceback shows it.
    source: Option<String>,
    /// 0-based column in characters, without the line's indentation.
    caret: Option<u32>,
    /// What the line is a line of.
    of: Counted,
}

/// What a line number counts in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// The cell.
    Cell,
    /// What stands below the cell magic that the code begins with.
    BelowMagic,
    /// A cell, perhaps another: only the text of the line can tell.
    SomeCell,
}

impl Place {
    /// The innermost frame in the cell; `own` is the cell's counter, if it is known.
    fn read(traceback: &str, own: Option<u32>) -> Option<Self> {
        let lines: Vec<&str> = traceback.lines().collect();
        let mut place: Option<Self> = None;
        for (i, line) in lines.iter().enumerate() {
            let below = lines.get(i + 1..).unwrap_or_default();
            if let Some(head) = CELL_FRAME.captures(line) {
                let of_this_cell = own.is_none_or(|own| head[1].parse() == Ok(own));
                let told = head.get(2).and_then(|line| line.as_str().parse().ok());
                place = Self::in_frame(told, below).filter(|_| of_this_cell).or(place);
            } else if let Some(head) = TEXT_FRAME.captures(line) {
                let inner = Self::in_frame(head[1].parse().ok(), below);
                let inner = inner.map(|inner| Self { of: Counted::BelowMagic, source: None, ..inner });
                // Code made from a text stands for the cell only where the cell's own line is a magic that runs it.
                if place.as_ref().is_none_or(Self::runs_a_magic) {
                    place = inner.or(place);
                }
            } else if let Some(head) = FILE_FRAME.captures(line) {
                let told = head.get(1).and_then(|line| line.as_str().parse().ok());
                let inner = Self::in_frame(told, below);
                place = inner.map(|inner| Self { of: Counted::SomeCell, ..inner }).or(place);
            }
        }
        place
    }

    fn in_frame(told: Option<u32>, below: &[&str]) -> Option<Self> {
        let excerpt = || below.iter().take_while(|line| !line.trim().is_empty());
        let arrow = excerpt().find_map(|line| ARROW.captures(line));
        let line = told.or_else(|| arrow.as_ref()?[1].parse().ok())?;
        let source = arrow.map(|arrow| arrow[2].to_owned());
        // Syntax errors show the line, indented by four, and a caret below it.
        let caret = excerpt()
            .nth(1)
            .filter(|line| line.trim() == "^")
            .and_then(|line| line.chars().count().checked_sub(5));
        let source = source.or_else(|| Some((*below.first()?).trim().to_owned()));
        Some(Self {
            line,
            source,
            caret: caret.and_then(|column| u32::try_from(column).ok()),
            of: Counted::Cell,
        })
    }

    fn runs_a_magic(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.trim().starts_with("get_ipython().run_cell_magic("))
    }

    /// 0-based line of the sent code, and the column in it.
    fn locate(&self, code: &str) -> Option<(u32, Option<u32>)> {
        let lines: Vec<&str> = code.lines().collect();
        // IPython drops blank lines at the start before it counts.
        let dropped = lines.iter().take_while(|line| line.trim().is_empty()).count();
        let below_magic = self.of == Counted::BelowMagic;
        if below_magic && !lines.get(dropped).is_some_and(|line| line.starts_with("%%")) {
            return None;
        }
        let counted = usize::try_from(self.line).ok()?.checked_sub(1)? + dropped + usize::from(below_magic);
        let is_shown = |line: &&str| self.source.as_ref().is_some_and(|source| source.trim() == line.trim());
        let index = if lines.get(counted).is_some_and(is_shown) {
            counted
        } else if self.of == Counted::SomeCell {
            return None;
        } else {
            // Counted otherwise than thought, unless IPython shows its own translation of the line (magics).
            let mut alike =
                lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty() && is_shown(line));
            match (alike.next(), alike.next()) {
                (Some((only, _)), None) => only,
                _ => counted.min(lines.len().checked_sub(1)?),
            }
        };
        let indentation = lines[index].chars().take_while(|c| c.is_whitespace()).count();
        let column = self.caret.and_then(|caret| caret.checked_add(u32::try_from(indentation).ok()?));
        Some((u32::try_from(index).ok()?, column))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::sample::Sample;

    /// One engine raises with this traceback, having said that the cell is `In [n]`.
    fn check(code: &str, n: u32, traceback: &str, expected: Expect) {
        let run = Sample::asked(&[0], code, false).input(0, n).raise(0, "E", "bad", &[traceback]).run();
        let found = &errors(&run, code)[0];
        let line = found.code_line.map(|line| code.lines().nth(line as usize).unwrap_or("<beyond the end>"));
        expected.assert_eq(&match (found.code_line, line, found.column) {
            (Some(n), Some(line), Some(column)) => format!("{n}:{column} {line}"),
            (Some(n), Some(line), None) => format!("{n} {line}"),
            _ => "no line".to_owned(),
        });
    }

    #[test]
    fn the_innermost_frame_in_the_cell_counts() {
        check(
            "def f(a):\n    return a/0\nf(1)\n",
            3,
            "Cell In[3], line 3\n      1 def f(a):\n----> 3 f(1)\n\nCell In[3], line 2, in f(a)\n----> 2     return a/0\n\nE: bad",
            expect!["1     return a/0"],
        );
    }

    #[test]
    fn frames_of_other_cells_and_of_libraries_do_not_count() {
        check(
            "import json\njson.loads(f(2))\n",
            9,
            "Cell In[9], line 2\n----> 2 json.loads(f(2))\n\nFile /lib/json/__init__.py:346, in loads(s)\n--> 346     x\n\nCell In[3], line 1, in f(a)\n----> 1     return a/0\n",
            expect!["1 json.loads(f(2))"],
        );
    }

    #[test]
    fn blank_lines_at_the_start_are_not_counted_by_ipython() {
        check("\n\n1/0\n", 1, "Cell In[1], line 1\n----> 1 1/0\n\nE: bad", expect!["2 1/0"]);
    }

    #[test]
    fn a_syntax_error_has_a_column() {
        check(
            "if 1:\n    x = = 1\n",
            2,
            "  Cell In[2], line 2\n    x = = 1\n        ^\nSyntaxError: invalid syntax\n",
            expect!["1:8     x = = 1"],
        );
        check(
            "x = 'é'; y = = 2",
            2,
            "  \x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line 1\x1b[39m\n    x = 'é'; y = = 2\n                 ^\nE",
            expect!["0:13 x = 'é'; y = = 2"],
        );
    }

    #[test]
    fn the_body_of_a_cell_magic_is_counted_from_below_it() {
        check(
            "%%time\nx=1\n1/0\n",
            4,
            "Cell In[4], line 1\n----> 1 get_ipython().run_cell_magic('time', '', 'x=1\\n1/0\\n')\n\nFile <timed exec>:2\n      1 'Could not get source'\nE: bad",
            expect!["2 1/0"],
        );
    }

    #[test]
    fn a_string_that_the_cell_executes_is_not_the_cell() {
        check(
            "x = 1\nexec('1/0')",
            6,
            "Cell In[6], line 2\n----> 2 exec('1/0')\n\nFile <string>:1\n----> 1 'Could not get source'\nE: bad",
            expect!["1 exec('1/0')"],
        );
    }

    #[test]
    fn a_magic_line_is_found_by_its_number_since_its_text_is_translated() {
        check(
            "x = 1\n%timeit -n1 1/0\n",
            14,
            "Cell In[14], line 2\n----> 2 get_ipython().run_line_magic('timeit', '-n1 1/0')\n\nFile <magic-timeit>:1, in inner(_it)\n",
            expect!["1 %timeit -n1 1/0"],
        );
    }

    #[test]
    fn older_ipython_versions_are_read_too() {
        check("a\n1/0", 5, "Input In [5], in <cell line: 2>()\n----> 2 1/0\n\nE", expect!["1 1/0"]);
        check(
            "def f():\n  1/0\nf()",
            5,
            "<ipython-input-5-0a1b2c> in <module>\n      2   1/0\n----> 3 f()\n\n<ipython-input-5-0a1b2c> in f()\n----> 2   1/0\n",
            expect!["1   1/0"],
        );
        check(
            "x = 1\n1/0",
            5,
            "/tmp/ipykernel_211/2354412189.py in <module>\n      1 x = 1\n----> 2 1/0\n\nE",
            expect!["1 1/0"],
        );
        check("f(1)", 5, "/tmp/ipykernel_211/1111.py in f(a)\n----> 1   return a/0\n\nE", expect!["no line"]);
        check(
            "def (",
            1,
            "  File \"<ipython-input-1-0a1b2c>\", line 1\n    def (\n        ^\nSyntaxError: invalid syntax",
            expect!["0:4 def ("],
        );
    }

    #[test]
    fn an_error_without_a_traceback_has_no_line() {
        check("%nosuch", 1, "", expect!["no line"]);
        check("x", 1, "E: Cell In[1], line 1", expect!["no line"]);
    }

    #[test]
    fn a_title_is_one_line() {
        for (ename, evalue, title) in [
            ("ValueError", "bad", "ValueError: bad"),
            ("KeyError", "", "KeyError"),
            ("E", "two\nlines\x07", "E: two"),
            ("SyntaxError", "invalid syntax (3342919947.py, line 1)", "SyntaxError: invalid syntax"),
        ] {
            let run = Sample::new(1).raise(0, ename, evalue, &[]).run();
            assert_eq!(errors(&run, "x")[0].title(), title);
        }
    }

    #[test]
    fn the_same_stack_is_one_group_and_texts_that_differ_are_its_variants() {
        let traceback =
            |n: u32, text: &str| format!("Cell In[{n}], line 2\n----> 2 raise E(rank)\n\nE: {text}");
        let mut sample = Sample::asked(&[0, 1, 2, 3, 4, 5], "rank\nraise E(rank)", false);
        for (slot, n, text) in
            [(0, 4, "odd"), (1, 4, "even"), (2, 7, "even"), (3, 4, "even"), (4, 4, "third")]
        {
            sample = sample.input(slot, n).raise(slot, "E", text, &[&traceback(n, text)]);
        }
        let run = sample.raise(5, "UsageError", "no magic", &[]).run();
        let text: String = errors(&run, &run.request.code)
            .iter()
            .map(|group| {
                let variants: String = group
                    .variants
                    .iter()
                    .map(|variant| format!("    {} {}\n", variant.ranks, variant.evalue))
                    .collect();
                format!("{} {} line {:?}\n{variants}", group.ranks, group.ename, group.code_line)
            })
            .collect();
        expect![[r#"
            [0-4] E line Some(1)
                [1-3] even
                [0] odd
                [4] third
            [5] UsageError line None
                [5] no magic
        "#]]
        .assert_eq(&text);
    }
}
