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
//! | `cells[].block` | whether the next cell waits for its run |
//! | `cells[].code` | exactly what is sent |
//! | `cells[].code_lines` | for each line of the code its line in the document, from 1 |
//! | `cells[].suite` | the statement in whose body it is, by its `keyword` and its `line`, from 1: then it runs only by itself; else null |
//! | `cells[].refusal` | why it cannot run, or null |
//! | `blocks[]` | the code cells of the document: `lines`, `cells` (numbers of the px cells in it), `local_lines` |
//! | `wish` | what the file says about the cluster that it wants, or null: `line`, `starts` (whether the file starts it), `engines`, `launcher`, `controller`, `profile`, `cluster_id`, `file`, `waits_for` (how many engines), each null if the file does not say |
//! | `problems[]` | `lines`, `severity` (`error`, `warning`, `hint`), `code`, `message` |

use std::io::{self, Write};

use serde::Serialize;

use super::in_shell;
use crate::{
    cells::{CellKind, Cells, LineName, Placed, PxCell, magic::defaults, notebook_line},
    lint::{Problem, Severity},
    text::{Document, TextRange},
};

#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    format: Option<FormatReport>,
    cells: Vec<CellReport<'a>>,
    blocks: Vec<BlockReport>,
    wish: Option<WishReport<'a>>,
    problems: Vec<ProblemReport>,
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
    suite: Option<SuiteReport>,
    refusal: Option<String>,
}

#[derive(Serialize)]
struct SuiteReport {
    keyword: &'static str,
    line: u32,
}

#[derive(Serialize)]
struct WishReport<'a> {
    line: Option<u32>,
    starts: bool,
    engines: Option<u32>,
    launcher: Option<&'a str>,
    controller: Option<&'a str>,
    profile: Option<&'a str>,
    cluster_id: Option<&'a str>,
    file: Option<&'a str>,
    waits_for: Option<u32>,
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
struct ProblemReport {
    lines: [u32; 2],
    severity: &'static str,
    code: &'static str,
    message: String,
}

/// Prints what was found in a file's text, for a person or as one JSON object.
pub(super) fn report(
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
    for line in wish_lines(cells) {
        writeln!(out, "      {line}")?;
    }
    for cell in &cells.cells {
        write_cell(cell, cells, &document, out)?;
    }
    for problem in problems {
        let [line, _] = lines_of(problem.range, &document);
        let place = match cells.line_name(problem.range.start, line - 1) {
            LineName { cell: None, .. } => format!("{path_label}:{line}"),
            in_notebook => format!("{path_label}: {in_notebook}"),
        };
        writeln!(out, "{place}: {}: {}", severity(problem), in_shell(&problem.message))?;
    }
    Ok(())
}

fn write_cell(cell: &Placed, cells: &Cells, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let lines = |[first, last]: [u32; 2]| match first == last {
        true => format!("line {first}"),
        false => format!("lines {first}-{last}"),
    };
    let [start, end] = [cell.range().start, cell.range().end].map(|at| notebook_line(&cells.notebook, at));
    let lines = match (start, end) {
        (Some((cell, first)), Some((_, last))) => {
            format!("cell {}, {}", cell + 1, lines([first + 1, last + 1]))
        }
        _ => lines(lines_of(cell.range(), document)),
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
    let cell = |cell: &'a Placed| CellReport {
        cell: cell.ordinal + 1,
        kind: kind(cell.kind),
        magic: format!("{}{}", cell.magic.kind, cell.magic.suffix),
        lines: lines_of(cell.range(), document),
        notebook_cell: cell
            .notebook_cell
            .as_ref()
            .map(|place| NotebookCellReport { index: place.index, id: place.id.as_deref() }),
        targets: cell.targets().ok().map(|targets| targets.to_string()),
        block: is_blocking(cell),
        code: &cell.code,
        code_lines: (0u32..)
            .map_while(|line| cell.code_range(line))
            .map(|range| document.line_of(range.start) + 1)
            .collect(),
        suite: cell.suite.map(|suite| SuiteReport {
            keyword: suite.keyword,
            line: document.line_of(cell.place(suite.header).start) + 1,
        }),
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
        message: in_shell(&problem.message),
    });
    let format = cells.format.map(|known| FormatReport { name: known.format.name(), by: known.reason() });
    Report {
        file,
        format,
        cells: cells.cells.iter().map(cell).collect(),
        blocks: blocks.collect(),
        wish: wish_report(cells),
        problems: problems.collect(),
    }
}

/// What the file says about the cluster that it wants, in sentences.
fn wish_lines(cells: &Cells) -> Vec<String> {
    let line = |origin| match cells.place(origin) {
        Some(place) => cells.line_name(place.range.start, place.line).to_string(),
        None => "a line".to_owned(),
    };
    let wish = &cells.wish;
    let mut lines = Vec::new();
    if let Some(cluster) = wish.said_cluster() {
        let verb = if cluster.is_started { "starts" } else { "uses" };
        lines.push(format!("{} {verb} {cluster}", line(cluster.origin)));
    }
    if let Some(awaited) = wish.awaited {
        let engines = if awaited.count == 1 { "engine" } else { "engines" };
        lines.push(format!("{} waits for {} {engines}", line(awaited.origin), awaited.count));
    }
    lines
}

fn wish_report(cells: &Cells) -> Option<WishReport<'_>> {
    let (wish, cluster) = (&cells.wish, cells.wish.said_cluster());
    let origin = cluster.map(|cluster| cluster.origin).or(wish.awaited.map(|awaited| awaited.origin))?;
    Some(WishReport {
        line: cells.place(origin).map(|place| place.line + 1),
        starts: cluster.is_some_and(|cluster| cluster.is_started),
        engines: cluster.and_then(|cluster| cluster.engines),
        launcher: cluster.and_then(|cluster| cluster.launcher.as_deref()),
        controller: cluster.and_then(|cluster| cluster.controller.as_deref()),
        profile: cluster.and_then(|cluster| cluster.profile.as_deref()),
        cluster_id: cluster.and_then(|cluster| cluster.cluster_id.as_deref()),
        file: cluster.and_then(|cluster| cluster.file.as_deref()),
        waits_for: wish.awaited.map(|awaited| awaited.count),
    })
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
    cell.refusal().map(str::to_owned).or_else(targets).map(|why| in_shell(&why))
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
                      cannot run: the %pxconfig above sets targets that pxlens cannot read: '1+1' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
                tour.py:8: error: '1+1' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
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
    fn what_a_file_wants_is_listed_first() {
        check(
            "cluster = ipp.Cluster(engines=\"mpi\", n=2)\nrc = cluster.start_and_connect_sync()\nrc.wait_for_engines(2)\n%px x\n",
            false,
            expect![[r#"
                tour.py: 1 px cell
                format: light (no markers: cells end at blank lines, as in jupytext's light format)
                      line 1 starts 2 mpi engines
                      line 3 waits for 2 engines
                   1  line 4        %px on all  x
            "#]],
        );
    }

    #[test]
    fn the_shell_names_its_flag_and_not_the_setting_pxlens_views() {
        let (cells, problems) = lint::recognize("%px_even x\n", Dialect::Script, &Arc::default()).unwrap();
        for json in [false, true] {
            let mut out = Vec::new();
            report("a.py", &cells, &problems, "%px_even x\n", json, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains("pxlens.views") && out.contains("the flag --view, as in --view _even=::2"),
                "{out}"
            );
        }
    }

    #[test]
    fn cells_of_a_notebook_are_named_by_their_cell() {
        let text = r#"{"cells": [
 {"cell_type": "markdown", "source": "a"},
 {"cell_type": "code", "source": ["x = 1\n", "%px x"]},
 {"cell_type": "code", "source": ["%%px --nope\n", "y"]}
]}"#;
        let (cells, problems) = lint::recognize(text, Dialect::NotebookJson, &Arc::default()).unwrap();
        let mut out = Vec::new();
        report("a.ipynb", &cells, &problems, text, false, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let begins = |line: &str, with: &str| assert!(line.trim_start().starts_with(with), "{out}");
        let lines: Vec<&str> = out.lines().collect();
        begins(lines[1], "1  cell 2, line 2  %px on all");
        begins(lines[2], "2  cell 3, lines 1-2  %%px on all");
        begins(lines[4], "a.ipynb: cell 3, line 1: error: ");
    }

    #[test]
    fn cells_are_listed_as_one_json_object() {
        check(
            "# %%\n%%px -t ::2\na = 1\n\n# %%\nif local:\n    %px c\n",
            true,
            expect![[r#"
            {
              "file": "tour.py",
              "format": {
                "name": "hydrogen",
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
                  "suite": null,
                  "refusal": null
                },
                {
                  "cell": 2,
                  "kind": "line",
                  "magic": "px",
                  "lines": [
                    7,
                    7
                  ],
                  "notebook_cell": null,
                  "targets": "all",
                  "block": true,
                  "code": "c",
                  "code_lines": [
                    7
                  ],
                  "suite": {
                    "keyword": "if",
                    "line": 6
                  },
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
                    7
                  ],
                  "cells": [
                    2
                  ],
                  "local_lines": 1
                }
              ],
              "wish": null,
              "problems": [
                {
                  "lines": [
                    7,
                    7
                  ],
                  "severity": "warning",
                  "code": "conditional-magic",
                  "message": "this %px is in the body of `if local:`, and pxlens cannot tell whether Python reaches it: it runs only when you run this line itself"
                }
              ]
            }
        "#]],
        );
    }
}
