//! `pxlens cells`: prints the px cells of a file, without any cluster.
//!
//! With `--json` it is one object:
//!
//! | field | what |
//! |---|---|
//! | `file` | the file, as it was named |
//! | `format` | of a script its format: `name` (`percent`, `light`, …) and `by`, the reason in words; else null |
//! | `cells[]` | the px cells, in the order of the document |
//! | `cells[].cell` | its number, from 1, as `pxlens run --cell` takes it |
//! | `cells[].kind` | `cell`, `line`, `result`, `config`, `autopx`, `autopx-cell` or `sync-imports` |
//! | `cells[].magic` | its magic with its suffix and without percent signs |
//! | `cells[].lines` | its first and last line in the document, from 1 |
//! | `cells[].notebook_cell` | in a raw notebook, the 0-based `index` and the `id` of the notebook's cell; else null |
//! | `cells[].targets` | the targets in force; null if they cannot be read |
//! | `cells[].block` | whether its run is waited for |
//! | `cells[].code` | exactly what is sent |
//! | `cells[].code_lines` | for each line of the code its line in the document, from 1 |
//! | `cells[].refusal` | why it cannot run, or null |
//! | `blocks[]` | the code cells of the document: `lines`, `cells` (numbers of the px cells in it), `local_lines` |
//! | `problems[]` | `lines`, `severity` (`error`, `warning`, `hint`), `code`, `message` |

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    cells::{CellKind, Cells, PxCell, magic::defaults},
    lint::{Problem, Severity},
    text::{Document, TextRange},
};

#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    format: Option<FormatReport>,
    cells: Vec<CellReport<'a>>,
    blocks: Vec<BlockReport>,
    problems: Vec<ProblemReport<'a>>,
}

#[derive(Serialize)]
struct FormatReport {
    name: &'static str,
    by: &'static str,
}

#[derive(Serialize)]
struct CellReport<'a> {
    cell: u32,
    kind: &'static str,
    magic: String,
    lines: [u32; 2],
    notebook_cell: Option<NotebookCellReport<'a>>,
    targets: Option<String>,
    block: bool,
    code: &'a str,
    code_lines: Vec<u32>,
    refusal: Option<String>,
}

#[derive(Serialize)]
struct NotebookCellReport<'a> {
    index: u32,
    id: Option<&'a str>,
}

#[derive(Serialize)]
struct BlockReport {
    lines: [u32; 2],
    cells: Vec<u32>,
    local_lines: u32,
}

#[derive(Serialize)]
struct ProblemReport<'a> {
    lines: [u32; 2],
    severity: &'static str,
    code: &'static str,
    message: &'a str,
}

/// Prints what was found in a file's text, for a person or as one JSON object.
pub fn report(
    path_label: &str,
    cells: &Cells,
    problems: &[Problem],
    text: &str,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let document = Document::new(text, 0);
    if json {
        serde_json::to_writer_pretty(&mut *out, &as_json(path_label, cells, problems, &document))?;
        return writeln!(out);
    }
    let count = cells.cells.len();
    writeln!(out, "{path_label}: {count} px cell{}", if count == 1 { "" } else { "s" })?;
    if let Some(format) = cells.format {
        writeln!(out, "format: {format}")?;
    }
    for cell in &cells.cells {
        write_cell(cell, &document, out)?;
    }
    for problem in problems {
        let [line, _] = lines_of(problem.range, &document);
        writeln!(out, "{path_label}:{line}: {}: {}", severity(problem), problem.message)?;
    }
    Ok(())
}

fn write_cell(cell: &PxCell, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let lines = match lines_of(cell.range, document) {
        [first, last] if first == last => format!("line {first}"),
        [first, last] => format!("lines {first}-{last}"),
    };
    let targets = cell.targets().map_or_else(|_| "unknown targets".to_owned(), |targets| targets.to_string());
    let waits = if sends(cell) && !is_blocking(cell) { ", not waited for" } else { "" };
    let first = cell.code.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line =
        format!("{:>4}  {lines:<12}  {} on {targets}{waits}  {first}", cell.ordinal + 1, spelled(cell));
    writeln!(out, "{}", line.trim_end())?;
    match why_not(cell) {
        Some(why) => writeln!(out, "      cannot run: {why}"),
        None => Ok(()),
    }
}

fn as_json<'a>(file: &'a str, cells: &'a Cells, problems: &'a [Problem], document: &Document) -> Report<'a> {
    let cell = |cell: &'a PxCell| CellReport {
        cell: cell.ordinal + 1,
        kind: kind(cell.kind),
        magic: format!("{}{}", cell.magic.kind, cell.magic.suffix),
        lines: lines_of(cell.range, document),
        notebook_cell: cell
            .notebook_cell
            .as_ref()
            .map(|place| NotebookCellReport { index: place.index, id: place.id.as_deref() }),
        targets: cell.targets().ok().map(|targets| targets.to_string()),
        block: is_blocking(cell),
        code: &cell.code,
        code_lines: (0u32..)
            .map_while(|line| cell.lines.document_range(line))
            .map(|range| document.line_of(range.start) + 1)
            .collect(),
        refusal: why_not(cell),
    };
    let blocks = cells.blocks.iter().map(|block| BlockReport {
        lines: lines_of(block.range, document),
        cells: block.px_cells.clone().map(|ordinal| ordinal + 1).collect(),
        local_lines: block.local_lines,
    });
    let problems = problems.iter().map(|problem| ProblemReport {
        lines: lines_of(problem.range, document),
        severity: severity(problem),
        code: problem.rule.code(),
        message: &problem.message,
    });
    let format = cells.format.map(|known| FormatReport { name: known.format.name(), by: known.reason() });
    Report {
        file,
        format,
        cells: cells.cells.iter().map(cell).collect(),
        blocks: blocks.collect(),
        problems: problems.collect(),
    }
}

/// First and last line, from 1.
fn lines_of(range: TextRange, document: &Document) -> [u32; 2] {
    [document.line_of(range.start) + 1, document.line_of(range.end) + 1]
}

fn sends(cell: &PxCell) -> bool {
    cell.kind.sends()
}

fn is_blocking(cell: &PxCell) -> bool {
    cell.effective().block.unwrap_or(defaults::BLOCK)
}

fn why_not(cell: &PxCell) -> Option<String> {
    let targets = || cell.targets().err().filter(|_| sends(cell)).map(|error| error.to_string());
    cell.refusal().map(str::to_owned).or_else(targets)
}

fn spelled(cell: &PxCell) -> String {
    let signs = match cell.kind {
        CellKind::CellMagic => "%%",
        CellKind::SyncImports => "",
        _ => "%",
    };
    format!("{signs}{}{}", cell.magic.kind, cell.magic.suffix)
}

fn kind(kind: CellKind) -> &'static str {
    match kind {
        CellKind::CellMagic => "cell",
        CellKind::LineMagic => "line",
        CellKind::Result => "result",
        CellKind::Config => "config",
        CellKind::Autopx => "autopx",
        CellKind::AutopxCell => "autopx-cell",
        CellKind::Plain => "plain",
        CellKind::SyncImports => "sync-imports",
    }
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::{cells::Dialect, lint};

    fn check(text: &str, json: bool, expected: Expect) {
        let (cells, problems) = lint::recognize(text, Dialect::Script, &Arc::default()).unwrap();
        let mut out = Vec::new();
        report("tour.py", &cells, &problems, text, json, &mut out).unwrap();
        expected.assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn cells_are_listed_for_a_person() {
        check(
            "# %%\n%%px -t ::2 --noblock\n\na = 1\nb\n# %%\nx = %px c\n%pxconfig -t 1+1\n%px d\n%%px\n",
            false,
            expect![[r#"
                tour.py: 4 px cells
                format: hydrogen (by its markers)
                   1  lines 2-5     %%px on ::2, not waited for  a = 1
                   2  line 7        %px on all  c
                   3  line 8        %pxconfig on unknown targets
                   4  line 9        %px on unknown targets  d
                      cannot run: the %pxconfig above sets targets that pxlens cannot read: '1+1' is no target expression pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
                tour.py:8: error: '1+1' is no target expression pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
                tour.py:10: error: %%px has to stand on the first line of its cell: here IPython takes it for a line magic named %px, and fails; a line # %% above it begins a cell
            "#]],
        );
        check(
            "print(1)\n",
            false,
            expect![[r#"
                tour.py: 0 px cells
                format: light (no markers: cells end at blank lines, as in jupytext's light format)
            "#]],
        );
    }

    #[test]
    fn cells_are_listed_as_one_json_object() {
        check(
            "# %%\n# %%px -t ::2\na = 1\n\n# %%\n# %px c\n",
            true,
            expect![[r#"
                {
                  "file": "tour.py",
                  "format": {
                    "name": "percent",
                    "by": "by its markers"
                  },
                  "cells": [
                    {
                      "cell": 1,
                      "kind": "cell",
                      "magic": "px",
                      "lines": [
                        2,
                        3
                      ],
                      "notebook_cell": null,
                      "targets": "::2",
                      "block": true,
                      "code": "a = 1\n",
                      "code_lines": [
                        3
                      ],
                      "refusal": null
                    },
                    {
                      "cell": 2,
                      "kind": "line",
                      "magic": "px",
                      "lines": [
                        6,
                        6
                      ],
                      "notebook_cell": null,
                      "targets": "all",
                      "block": true,
                      "code": "c",
                      "code_lines": [
                        6
                      ],
                      "refusal": null
                    }
                  ],
                  "blocks": [
                    {
                      "lines": [
                        1,
                        4
                      ],
                      "cells": [
                        1
                      ],
                      "local_lines": 0
                    },
                    {
                      "lines": [
                        5,
                        6
                      ],
                      "cells": [
                        2
                      ],
                      "local_lines": 0
                    }
                  ],
                  "problems": [
                    {
                      "lines": [
                        2,
                        2
                      ],
                      "severity": "warning",
                      "code": "comment-is-marker",
                      "message": "pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, and would run the lines below it locally"
                    }
                  ]
                }
            "#]],
        );
    }
}
