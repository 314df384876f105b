//! Which cells keep their results through edits, and which of these are stale.

mod names;

use expect_test::{Expect, expect};
use tokio::sync::watch;

use super::*;
use crate::{
    engines::EngineId,
    run::{Run, RunId, RunRequest, Time},
    session::{CellText, CellView, Limits, NotebookChange, Renames, Snapshot, SpillFolder, Whereabouts},
};

const TWO: &str = "# %%\n%%px\nprint(1)\n\n# %%\n%%px\nprint(2)\n";

/// Documents whose cells were all run; the result of each is the number of its run.
struct Fixture {
    documents: Documents,
    version: i32,
    runs: u32,
    /// Where the cell of each run is.
    at: Vec<watch::Sender<Whereabouts>>,
}

fn key(name: &str) -> DocumentKey {
    DocumentKey::from(name)
}

impl Fixture {
    fn new() -> Self {
        Self { documents: Documents::new(Encoding::Utf16), version: 1, runs: 0, at: Vec::new() }
    }

    fn open(name: &str, dialect: Dialect, text: &str) -> Self {
        let mut fixture = Self::new();
        fixture.documents.open(key(name), dialect, 1, text);
        fixture.run_all(name);
        fixture
    }

    fn script(text: &str) -> Self {
        Self::open("a", Dialect::Script, text)
    }

    /// Runs every cell of a document.
    fn run_all(&mut self, name: &str) {
        for cell in self.documents.view(&key(name)).unwrap().cells.clone() {
            let Ok(plan) = cell.plan() else { continue };
            self.runs += 1;
            let request = RunRequest { code: plan.code.clone(), engines: vec![EngineId(0)], single: true };
            let run = Run::new(RunId(self.runs), Arc::new(request), Time(0), true);
            let (_, view) = watch::channel(Arc::new(run));
            let (now_at, at) = watch::channel(self.documents.whereabouts(cell.id).unwrap());
            self.at.push(now_at);
            self.documents.set_run(&Arc::new(RunHandle {
                id: RunId(self.runs),
                at,
                cell: cell.id,
                number: cell.cell.ordinal + 1,
                line: cell.line,
                place_name: Default::default(),
                magic_line: String::new(),
                suffix: String::new(),
                px_cell: cell.cell.clone(),
                fingerprint: plan.fingerprint(),
                plan: plan.clone(),
                engines: vec![EngineId(0)],
                view,
                spilled: Arc::new(SpillFolder::new(Arc::default(), Limits::NONE, RunId(self.runs))),
                regrouped: watch::channel(None).1,
            }));
        }
    }

    fn text(&mut self, name: &str) -> String {
        self.documents.view(&key(name)).unwrap().text.text()
    }

    /// Replaces the only occurrence of `old`, as typing or an edit command does.
    fn edit_in(&mut self, name: &str, old: &str, new: &str) -> &mut Self {
        let text = self.text(name);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {text:?}");
        let at = text.find(old).unwrap();
        let document = Document::new(&text, 0);
        let position = |byte| document.position(byte, Encoding::Utf16);
        let range = Some((position(at), position(at + old.len())));
        self.change(name, Change { range, text: new.into() })
    }

    fn edit(&mut self, old: &str, new: &str) -> &mut Self {
        self.edit_in("a", old, new)
    }

    /// Replaces the whole text, as a formatter or a simple client does.
    fn replace(&mut self, text: &str) -> &mut Self {
        self.change("a", Change { range: None, text: text.into() })
    }

    fn change(&mut self, name: &str, change: Change) -> &mut Self {
        self.version += 1;
        self.documents.change(&key(name), self.version, &[change]);
        self
    }

    fn show(&mut self, name: &str) -> String {
        let view = self.documents.view(&key(name)).unwrap();
        let cell = |cell: &CellView| {
            let result = match (&cell.run, cell.stale) {
                (None, _) => "nothing".to_owned(),
                (Some(run), false) => format!("result {}", run.id.0),
                (Some(run), true) => format!("result {}, stale", run.id.0),
            };
            format!("{}: {result}\n", cell.cell.code.trim().replace('\n', " | "))
        };
        view.cells.iter().map(cell).collect()
    }

    fn check(&mut self, expected: Expect) {
        self.check_in("a", expected);
    }

    fn check_in(&mut self, name: &str, expected: Expect) {
        expected.assert_eq(&self.show(name));
    }
}

#[test]
fn typing_above_keeps_a_result() {
    let mut fixture = Fixture::script(TWO);
    fixture.edit("# %%\n%%px\nprint(1)", "import os\n\n# %%\n%%px\nprint(1)");
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
    // A new px cell above is a cell of its own.
    fixture.edit("import os\n", "%px new\n");
    fixture.check(expect![[r#"
        new: nothing
        print(1): result 1
        print(2): result 2
    "#]]);
}

#[test]
fn typing_in_a_body_makes_its_result_stale_and_undoing_it_makes_it_fresh() {
    let mut fixture = Fixture::script(TWO);
    fixture.edit("print(1)", "print(1, 5)");
    fixture.check(expect![[r#"
        print(1, 5): result 1, stale
        print(2): result 2
    "#]]);
    fixture.edit("print(1, 5)", "print(1)");
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
}

#[test]
fn typing_at_the_magic_keeps_a_result_and_its_options_decide_whether_it_is_stale() {
    let mut fixture = Fixture::script(TWO);
    fixture.edit("%%px\nprint(1)", "%%px --targets 0\nprint(1)");
    fixture.check(expect![[r#"
        print(1): result 1, stale
        print(2): result 2
    "#]]);
    fixture.edit("%%px --targets 0\n", "%%px\n");
    fixture.edit("%%px\nprint(1)", "%%px --group-outputs=engine\nprint(1)");
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
}

#[test]
fn a_pxconfig_above_makes_results_stale() {
    let mut fixture = Fixture::script(TWO);
    fixture.edit("# %%\n%%px\nprint(2)", "# %%\n%pxconfig --targets ::2\n\n# %%\n%%px\nprint(2)");
    fixture.check(expect![[r#"
        print(1): result 1
        : nothing
        print(2): result 2, stale
    "#]]);
    fixture.edit("# %%\n%pxconfig --targets ::2\n\n", "");
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
}

#[test]
fn what_was_cut_has_its_result_again_where_it_is_pasted_and_what_was_deleted_when_that_is_undone() {
    let first = "# %%\n%%px\nprint(1)\n\n";
    let mut fixture = Fixture::script(TWO);
    fixture.edit(first, "");
    fixture.replace(&format!("# %%\n%%px\nprint(2)\n\n{first}"));
    fixture.check(expect![[r#"
        print(2): result 2
        print(1): result 1
    "#]]);
    // A second copy is a cell of its own.
    let text = fixture.text("a");
    fixture.replace(&format!("{text}\n{first}"));
    fixture.check(expect![[r#"
        print(2): result 2
        print(1): result 1
        print(1): nothing
    "#]]);
    fixture.replace("").replace(&text);
    fixture.check(expect![[r#"
        print(2): result 2
        print(1): result 1
    "#]]);
}

#[test]
fn what_was_closed_has_its_results_again_when_it_is_opened() {
    let mut fixture = Fixture::script(TWO);
    fixture.documents.close(&key("a"));
    let changed = TWO.replace("print(2)", "print(3)");
    fixture.documents.open(key("a"), Dialect::Script, 2, &changed);
    fixture.check(expect![[r#"
        print(1): result 1
        print(3): nothing
    "#]]);
}

#[test]
fn a_file_that_grew_on_disk_keeps_its_results() {
    let mut fixture = Fixture::script(TWO);
    fixture.replace(&format!("# Added\n\n{TWO}# end\n"));
    fixture.check(expect![[r#"
        print(1): result 1
        print(2) | # end: result 2, stale
    "#]]);
}

#[test]
fn like_cells_that_were_deleted_together_come_back_in_their_order() {
    let text = "# %%\n%%px\nprint(1)\n# %%\n%%px\nprint(1)\n";
    let mut fixture = Fixture::script(text);
    fixture.replace("").replace(text);
    fixture.check(expect![[r#"
        print(1): result 1
        print(1): result 2
    "#]]);
}

#[test]
fn what_was_cleared_or_forgotten_does_not_come_back() {
    for clear in [true, false] {
        let mut fixture = Fixture::script(TWO);
        fixture.replace("");
        match clear {
            true => assert_eq!(fixture.documents.clear(&key("a")), 0),
            false => fixture.documents.forget(|run| run == RunId(1)),
        }
        fixture.replace(TWO);
        let second = if clear { "nothing" } else { "result 2" };
        assert_eq!(fixture.show("a"), format!("print(1): nothing\nprint(2): {second}\n"));
    }
}

#[test]
fn a_deleted_cell_loses_its_result_and_the_next_does_not_inherit_it() {
    for gone in ["# %%\n%%px\nprint(1)\n\n", "%%px\nprint(1)\n\n# %%\n", "x\nprint(1)\n\n# %%\n%%p"] {
        let mut fixture = Fixture::script(TWO);
        fixture.edit(gone.trim_start_matches('x'), "");
        if gone.starts_with('x') {
            // The rests of both magics form one, which could be either.
            assert_eq!(fixture.text("a").matches("print").count(), 1);
            continue;
        }
        fixture.check(expect![[r#"
            print(2): result 2
        "#]]);
    }
}

#[test]
fn a_deleted_cell_is_distinguished_from_its_neighbour_in_a_text_sent_whole() {
    let mut fixture = Fixture::script(TWO);
    fixture.replace("# %%\n%%px\nprint(2)\n");
    fixture.check(expect![[r#"
        print(2): result 2
    "#]]);
}

#[test]
fn a_duplicate_starts_empty() {
    for (old, new) in [
        // Below, and above.
        ("print(1)\n", "print(1)\n\n# %%\n%%px\nprint(1)\n"),
        ("# %%\n%%px\nprint(1)\n", "# %%\n%%px\nprint(1)\n\n# %%\n%%px\nprint(1)\n"),
    ] {
        let mut fixture = Fixture::script(TWO);
        fixture.edit(old, new);
        let shown = fixture.show("a");
        assert_eq!(shown.matches("print(1): result 1\n").count(), 1, "{shown}");
        assert_eq!(shown.matches("print(1): nothing\n").count(), 1, "{shown}");
    }
}

#[test]
fn a_formatter_that_replaces_all_keeps_results() {
    let mut fixture = Fixture::script("import os,sys\n# %%\n%%px\nprint( 1 )\n# %%\n%%px\nprint(2)\n");
    fixture.replace("import os\nimport sys\n\n# %%\n%%px\nprint(1)\n\n# %%\n%%px\nprint(2)\n\n");
    fixture.check(expect![[r#"
        print(1): result 1, stale
        print(2): result 2
    "#]]);
}

/// Each was compared with all others for each of the others.
#[test]
fn a_thousand_equal_cells_are_followed_when_a_program_replaces_the_text() {
    let text = "# %%\n%%px\nstep()\n\n".repeat(1000);
    let mut fixture = Fixture::script(&text);
    fixture.replace(&text.replace("step()", "step( )"));
    let expected: String = (1..=1000).map(|run| format!("step( ): result {run}, stale\n")).collect();
    assert!(fixture.show("a") == expected);
}

fn cell(name: &str, text: &str) -> CellText {
    CellText { key: key(name), version: 1, text: text.into() }
}

fn notebook() -> Fixture {
    let mut fixture = Fixture::new();
    let order = ["a", "b", "c"].map(key).to_vec();
    let cells = vec![cell("a", "%%px\n1"), cell("b", "%%px\n2"), cell("c", "%px 3\n%px 4")];
    fixture.documents.open_notebook(key("nb"), order, cells, Vec::new());
    ["a", "b", "c"].iter().for_each(|name| fixture.run_all(name));
    fixture
}

#[test]
fn a_moved_cell_of_a_notebook_keeps_its_result() {
    let mut fixture = notebook();
    // VS Code removes and inserts the cell without sending its text again.
    for splice in [(0, 1, vec![]), (2, 0, vec![key("a")])] {
        let change = NotebookChange { splice: Some(splice), ..NotebookChange::default() };
        fixture.documents.change_notebook(&key("nb"), change);
    }
    assert_eq!(fixture.documents.notebook_cells(&key("a")), ["b", "c", "a"].map(key));
    fixture.check_in(
        "a",
        expect![[r#"
        1: result 1
    "#]],
    );
    fixture.edit_in("a", "1", "12").check_in(
        "a",
        expect![[r#"
        12: result 1, stale
    "#]],
    );
}

#[test]
fn a_closed_cell_of_a_notebook_loses_its_result_and_a_new_one_has_none() {
    let mut fixture = notebook();
    let change = NotebookChange {
        splice: Some((0, 1, vec![key("d")])),
        opened: vec![cell("d", "%%px\n1")],
        markup: Vec::new(),
        code: Vec::new(),
        closed: vec![key("a")],
        edited: vec![],
    };
    fixture.documents.change_notebook(&key("nb"), change);
    assert!(fixture.documents.view(&key("a")).is_none());
    fixture.check_in(
        "d",
        expect![[r#"
        1: nothing
    "#]],
    );
    fixture.check_in(
        "b",
        expect![[r#"
        2: result 2
    "#]],
    );
}

#[test]
fn a_pxconfig_in_an_earlier_cell_of_the_notebook_makes_results_stale() {
    let mut fixture = notebook();
    let change = |text: &str| [Change { range: None, text: text.into() }];
    let is_plans =
        |events: Vec<SessionEvent>| events.iter().any(|event| matches!(event, SessionEvent::Plans));
    assert!(!is_plans(fixture.documents.change(&key("a"), 2, &change("%%px\n12"))), "only its own");
    assert!(is_plans(fixture.documents.change(&key("a"), 3, &change("%pxconfig --targets 0"))));
    fixture.check_in(
        "b",
        expect![[r#"
        2: result 2, stale
    "#]],
    );
    fixture.edit_in("a", "%pxconfig --targets 0", "%%px\n1");
    fixture.check_in(
        "b",
        expect![[r#"
        2: result 2
    "#]],
    );
}

#[test]
fn an_edit_of_a_notebook_reports_the_cells_that_it_changed() {
    let mut fixture = notebook();
    let mut reported = |name: &str, text: &str| {
        let change = [Change { range: None, text: text.into() }];
        let events = fixture.documents.change(&key(name), 2, &change);
        let name = |event: &SessionEvent| match event {
            SessionEvent::Cells(key) => key.to_string(),
            SessionEvent::Plans => "plans".to_owned(),
            other => format!("{other:?}"),
        };
        events.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reported("b", "%%px\n22"), "b");
    assert_eq!(reported("a", "%pxconfig -t 0"), "a b c plans");
    assert_eq!(reported("a", "# above\n%pxconfig -t 0"), "a", "it moved down and still sets the same");
    assert_eq!(
        reported("b", "%autopx"),
        "b c",
        "the region is not closed, which gives a hint where it begins"
    );
    assert_eq!(reported("c", "%autopx"), "c b", "now it is closed");
}

#[test]
fn deciding_lines_are_reported_at_their_current_places() {
    let mut fixture = Fixture::script("import os\n\n# %%\n%pxconfig -t 0\n\n# %%\n%px a\n");
    let lines = |fixture: &mut Fixture| {
        let here = fixture.documents.texts(&key("a"));
        let now = Snapshot { here, ..Snapshot::default() };
        let here = now.texts().unwrap();
        let last = here.document().cells.last().unwrap();
        here.decided(&last.cell).iter().map(|(_, decider, _)| decider.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(&mut fixture), [3]);
    fixture.edit("import os\n", "import os\nimport sys\n");
    assert_eq!(lines(&mut fixture), [4]);
    fixture.edit("%pxconfig", "# here\n%pxconfig");
    assert_eq!(lines(&mut fixture), [5]);
}

#[test]
fn places_are_in_the_client_positions_after_edits_above() {
    let mut fixture = Fixture::script("z = 1\n# %%\n'😀'; y = %px a\n# %%\n%%px\nb\n");
    fixture.edit("z = 1\n", "z = 1\r\n\r\n");
    let view = fixture.documents.view(&key("a")).unwrap();
    for cell in &view.cells {
        let at = |byte| view.text.position(byte, Encoding::Utf16);
        let (range, magic) = (cell.cell.range(), cell.cell.magic_range());
        assert_eq!(cell.places.range, [at(range.start), at(range.end)]);
        assert_eq!(cell.places.magic, [at(magic.start), at(magic.end)]);
        assert_eq!(cell.line, at(magic.start).line);
    }
    let ordinals: Vec<u32> = view.cells.iter().map(|cell| cell.cell.ordinal).collect();
    assert_eq!(ordinals, [0, 1]);
}

#[test]
fn each_px_line_of_a_cell_is_followed() {
    let mut fixture = notebook();
    fixture.edit_in("c", "%px 3\n", "");
    fixture.check_in(
        "c",
        expect![[r#"
        4: result 4
    "#]],
    );
}

fn raw(cells: &[(&str, &str)]) -> String {
    let cell = |(id, code): &(&str, &str)| serde_json::json!({ "id": id, "cell_type": "code", "metadata": {}, "outputs": [], "source": code });
    let cells: Vec<_> = cells.iter().map(cell).collect();
    let all = serde_json::json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells });
    serde_json::to_string_pretty(&all).unwrap()
}

#[test]
fn a_cell_of_a_raw_notebook_is_known_by_its_id() {
    let one = ("one", "%%px\nprint(1)");
    let two = ("two", "%%px\nprint(2)");
    let mut fixture = Fixture::open("a", Dialect::NotebookJson, &raw(&[one, two]));
    fixture.replace(&raw(&[two, ("new", "%%px\nprint(1)"), ("one", "%%px\nprint(1, 5)")]));
    fixture.check(expect![[r#"
        print(2): result 2
        print(1): nothing
        print(1, 5): result 1, stale
    "#]]);
}

#[test]
fn a_notebook_that_is_broken_for_a_moment_keeps_its_cells() {
    let mut fixture = Fixture::open(
        "a",
        Dialect::NotebookJson,
        &raw(&[("one", "%%px\nprint(1)"), ("two", "%%px\nprint(2)")]),
    );
    fixture.edit("\"nbformat\": 4,", "\"nbformat\": 4 \"");
    assert!(fixture.documents.view(&key("a")).unwrap().unreadable.is_some());
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
    fixture.edit("\"nbformat\": 4 \"", "\"nbformat\": 4,");
    assert!(fixture.documents.view(&key("a")).unwrap().unreadable.is_none());
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
    // In a document that is cut off, the places of some cells are beyond its end.
    fixture.replace("{\"cells\": [");
    fixture.check(expect![[r#"
        print(1): result 1
        print(2): result 2
    "#]]);
}

#[test]
fn clearing_forgets_results() {
    let mut fixture = Fixture::script(TWO);
    assert_eq!(fixture.documents.clear(&key("a")), 2);
    fixture.check(expect![[r#"
        print(1): nothing
        print(2): nothing
    "#]]);
}

#[test]
fn the_result_of_a_plain_cell_is_kept_and_becomes_stale() {
    let mut fixture = Fixture::new();
    let cells = vec![cell("a", "x = 1\nprint(x)"), cell("b", "%px 2")];
    fixture.documents.open_notebook(key("nb"), ["a", "b"].map(key).to_vec(), cells, Vec::new());
    assert!(fixture.documents.view(&key("a")).unwrap().cells.is_empty());
    let events = fixture.documents.send_plain(&key("a"));
    assert!(matches!(&events[..], [SessionEvent::Cells(reported)] if *reported == key("a")), "{events:?}");
    assert!(fixture.documents.send_plain(&key("a")).is_empty());
    fixture.run_all("a");
    fixture.edit_in("a", "x = 1", "x = 12").check_in(
        "a",
        expect![[r#"
        x = 12 | print(x): result 1, stale
    "#]],
    );
    fixture.edit_in("a", "x = 12", "rc = Client()");
    assert!(fixture.documents.view(&key("a")).unwrap().cells.is_empty());
}

#[test]
fn the_name_and_a_setting_say_the_format_of_a_script() {
    let name = "file:///a.ipy";
    let mut fixture = Fixture::open(name, Dialect::Script, "%autopx\n\nx = 1\n");
    let read = |fixture: &mut Fixture| {
        let view = fixture.documents.view(&key(name)).unwrap();
        (view.format.unwrap().to_string(), view.cells.len())
    };
    assert_eq!(read(&mut fixture), ("ipython (named .ipy: one cell)".to_owned(), 1));
    let events = fixture.documents.set_format(Some(Format::Light));
    assert!(
        events.iter().any(|event| matches!(event, SessionEvent::Cells(changed) if *changed == key(name)))
    );
    assert_eq!(read(&mut fixture), ("light (as set)".to_owned(), 2));
    assert!(fixture.documents.set_format(Some(Format::Light)).is_empty());
    fixture.documents.set_format(None);
    assert_eq!(read(&mut fixture).1, 1);
}
