//! Documents that go on under another name: files that are renamed, and untitled documents that are saved.

use super::*;

const OLD: &str = "file:///x/old.py";
const NEW: &str = "file:///x/new.py";

/// What an editor says of a document that gets another name.
#[derive(Clone, Copy)]
enum Said {
    Renamed,
    Closed,
    Opened,
}

impl Fixture {
    fn is_told(&mut self, said: Said, [old, new]: [&str; 2], text: &str) {
        match said {
            Said::Renamed => self.documents.rename(&names(&[[old, new]])),
            Said::Closed => self.documents.close(&key(old)),
            Said::Opened => self.documents.open(key(new), Dialect::Script, 1, text),
        };
    }

    /// Files runs under the texts and names that they go on under. Gives those of which the name is another: `old -> document in
    /// home`.
    fn moved(&mut self) -> Vec<String> {
        let mut renamed = Vec::new();
        for Moved { from, to } in self.documents.take_moved() {
            for at in self.at.iter().filter(|at| at.borrow().text == from) {
                let before = at.send_replace(to.clone()).document;
                renamed.extend(
                    (before != to.document).then(|| format!("{before} -> {} in {}", to.document, to.home)),
                );
            }
        }
        renamed.dedup();
        renamed
    }

    /// The runs that are filed under a name.
    fn runs_of(&self, name: &str) -> Vec<usize> {
        let of_it = (1..).zip(&self.at).filter(|(_, at)| at.borrow().document == key(name));
        of_it.map(|(run, _)| run).collect()
    }
}

fn names(pairs: &[[&str; 2]]) -> Renames {
    Renames::new(pairs.iter().map(|[old, new]| (key(old), key(new))).collect())
}

fn both_shown(fixture: &mut Fixture, name: &str) {
    fixture.check_in(
        name,
        expect![[r#"
            print(1): result 1
            print(2): result 2
        "#]],
    );
}

#[test]
fn a_renamed_file_keeps_its_results_in_whatever_order_the_editor_says_so() {
    use Said::{Closed, Opened, Renamed};
    let orders = [
        [Renamed, Closed, Opened],
        [Renamed, Opened, Closed],
        [Closed, Renamed, Opened],
        [Closed, Opened, Renamed],
        [Opened, Renamed, Closed],
        [Opened, Closed, Renamed],
    ];
    for (names, renamed) in [
        ([OLD, NEW], [OLD, NEW]),
        (["file:///x/a/s.py", "file:///x/b/s.py"], ["file:///x/a", "file:///x/b/"]),
    ] {
        for order in orders {
            let mut fixture = Fixture::open(names[0], Dialect::Script, TWO);
            for said in order {
                let names = if let Renamed = said { renamed } else { names };
                fixture.is_told(said, names, TWO);
            }
            both_shown(&mut fixture, names[1]);
            assert_eq!(fixture.moved(), [format!("{} -> {} in {}", names[0], names[1], names[1])]);
        }
    }
}

#[test]
fn a_rename_back_before_the_document_is_closed_changes_nothing() {
    let mut fixture = Fixture::open(OLD, Dialect::Script, TWO);
    fixture.documents.rename(&names(&[[OLD, NEW]]));
    fixture.documents.rename(&names(&[[NEW, OLD]]));
    fixture.documents.close(&key(OLD));
    fixture.documents.open(key(OLD), Dialect::Script, 1, TWO);
    both_shown(&mut fixture, OLD);
    assert_eq!(fixture.moved(), [""; 0]);
}

#[test]
fn a_buffer_without_a_name_is_no_folder() {
    let names = ["file:///a.py", "file://", "file:///"];
    for (old, renamed) in
        [("file://", [None, Some("file:///b.py"), None]), ("file:///", [None, None, Some("file:///b.py")])]
    {
        let new = key("file:///b.py");
        assert_eq!(names.map(|name| key(name).renamed(&key(old), &new)), renamed.map(|name| name.map(key)));
    }
    assert_eq!(key("file:///x/ab/s.py").renamed(&key("file:///x/a"), &key("file:///x/c")), None);
}

#[test]
fn files_that_swap_their_names_swap_their_results() {
    let mut fixture = Fixture::open(OLD, Dialect::Script, TWO);
    let other = TWO.replace("print", "show");
    fixture.documents.open(key(NEW), Dialect::Script, 1, &other);
    fixture.run_all(NEW);
    for name in [OLD, NEW] {
        fixture.documents.close(&key(name));
    }
    let steps = [[OLD, "file:///x/third.py"], [NEW, OLD], ["file:///x/third.py", NEW]];
    steps.iter().for_each(|[old, new]| drop(fixture.documents.rename(&names(&[[*old, *new]]))));
    fixture.documents.open(key(NEW), Dialect::Script, 1, TWO);
    fixture.documents.open(key(OLD), Dialect::Script, 1, &other);
    both_shown(&mut fixture, NEW);
    fixture.check_in(
        OLD,
        expect![[r#"
            show(1): result 3
            show(2): result 4
        "#]],
    );
}

/// The runs of both were filed under one of the two names, and what had not run got the results of the other.
#[test]
fn files_that_swap_their_names_at_once_swap_their_results_and_runs() {
    #[derive(Clone, Copy)]
    enum Step {
        Swap,
        Close(&'static str),
    }
    let other = TWO.replace("print", "show");
    let orders = [
        [Step::Swap, Step::Close(OLD), Step::Close(NEW)],
        [Step::Swap, Step::Close(NEW), Step::Close(OLD)],
        [Step::Close(OLD), Step::Swap, Step::Close(NEW)],
        [Step::Close(NEW), Step::Swap, Step::Close(OLD)],
        [Step::Close(OLD), Step::Close(NEW), Step::Swap],
    ];
    for (order, both_ran) in orders.iter().flat_map(|order| [(order, true), (order, false)]) {
        let mut fixture = Fixture::open(OLD, Dialect::Script, TWO);
        fixture.documents.open(key(NEW), Dialect::Script, 1, &other);
        if both_ran {
            fixture.run_all(NEW);
        }
        for step in order {
            match step {
                Step::Swap => fixture.documents.rename(&names(&[[OLD, NEW], [NEW, OLD]])),
                Step::Close(name) => fixture.documents.close(&key(name)),
            };
            fixture.moved();
        }
        fixture.documents.open(key(OLD), Dialect::Script, 1, &other);
        fixture.documents.open(key(NEW), Dialect::Script, 1, TWO);
        fixture.moved();
        both_shown(&mut fixture, NEW);
        assert_eq!(fixture.runs_of(NEW), [1, 2]);
        let (shown, runs) = match both_ran {
            true => ("show(1): result 3\nshow(2): result 4\n", vec![3, 4]),
            false => ("show(1): nothing\nshow(2): nothing\n", vec![]),
        };
        assert_eq!((fixture.show(OLD).as_str(), fixture.runs_of(OLD)), (shown, runs));
    }
}

#[test]
fn of_a_folder_and_a_file_in_it_that_are_renamed_together_the_file_gets_its_own_name() {
    let renames = names(&[["file:///x", "file:///y"], ["file:///x/a.py", "file:///z.py"]]);
    for (old, new) in [
        ("file:///x/a.py", Some("file:///z.py")),
        ("file:///x/b.py", Some("file:///y/b.py")),
        ("file:///xy/b.py", None),
    ] {
        assert_eq!(renames.new_name(&key(old)), new.map(key), "{old}");
    }
}

/// Its cells were deleted, so nothing is left of it but its runs.
#[test]
fn runs_follow_a_closed_text_for_as_long_as_there_are_any() {
    for has_runs in [true, false] {
        let mut fixture = Fixture::open(OLD, Dialect::Script, TWO);
        fixture.documents.clear(&key(OLD));
        fixture.documents.close(&key(OLD));
        let with_runs = fixture.at.iter().map(|at| at.borrow().text).filter(|_| has_runs).collect();
        fixture.documents.forget_closed(&with_runs);
        fixture.documents.rename(&names(&[[OLD, NEW]]));
        let renamed = if has_runs { vec![format!("{OLD} -> {NEW} in {NEW}")] } else { Vec::new() };
        assert_eq!(fixture.moved(), renamed);
    }
}

/// In VS Code the file is opened empty and gets its text; then the untitled document is emptied and closed.
#[test]
fn an_untitled_document_that_is_saved_keeps_its_results() {
    let untitled = "untitled:Untitled-1";
    // Saving may format it.
    for saved in [TWO.to_owned(), TWO.replace("print(1)", "print( 1 )") + "\n"] {
        for is_emptied in [true, false] {
            let mut fixture = Fixture::open(untitled, Dialect::Script, &format!("%px gone\n{TWO}"));
            fixture.edit_in(untitled, "%px gone\n", "");
            fixture.documents.open(key(NEW), Dialect::Script, 1, "");
            fixture.change(NEW, Change { range: None, text: saved.clone() });
            if is_emptied {
                fixture.change(untitled, Change { range: None, text: String::new() });
            }
            fixture.documents.close(&key(untitled));
            let expected = match saved == TWO {
                true => "print(1): result 2\nprint(2): result 3\n",
                false => "print( 1 ): result 2, stale\nprint(2): result 3\n",
            };
            assert_eq!(fixture.show(NEW), expected);
            assert_eq!(fixture.moved(), [format!("{untitled} -> {NEW} in {NEW}")]);
        }
    }
}

#[test]
fn an_untitled_document_that_is_thrown_away_leaves_nothing_to_others() {
    let untitled = "untitled:Untitled-1";
    for others in [["%px other\n", TWO], ["# %%\n%%px\nprint(1)\n", "%px other\n"]] {
        let mut fixture = Fixture::open(untitled, Dialect::Script, TWO);
        fixture.documents.open(key(OLD), Dialect::Script, 1, others[0]);
        fixture.documents.close(&key(untitled));
        fixture.documents.open(key(NEW), Dialect::Script, 1, others[1]);
        let shown = fixture.show(OLD) + &fixture.show(NEW);
        assert!(!shown.contains("result"), "{shown}");
    }
}

#[test]
fn a_document_that_was_open_before_an_untitled_one_is_not_what_that_was_saved_as() {
    let untitled = "untitled:Untitled-1";
    let mut fixture = Fixture::new();
    fixture.documents.open(key(OLD), Dialect::Script, 1, TWO);
    fixture.documents.open(key(untitled), Dialect::Script, 1, TWO);
    fixture.run_all(untitled);
    fixture.documents.close(&key(untitled));
    fixture.documents.open(key(NEW), Dialect::Script, 1, TWO);
    fixture.documents.open(key("untitled:Untitled-2"), Dialect::Script, 1, "");
    fixture.documents.close(&key("untitled:Untitled-2"));
    let shown = fixture.show(OLD) + &fixture.show(NEW);
    assert!(!shown.contains("result"), "{shown}");
}

#[test]
fn of_equal_cells_the_one_that_ran_has_the_result_when_the_file_is_opened_again() {
    let text = "%px x\n# %%\n%px x\n# %%\n%px x\n";
    let mut fixture = Fixture::script(text);
    let ids = fixture.documents.cell_ids(&key("a"));
    fixture.documents.clear_cells(&key("a"), &[ids[0], ids[2]]);
    for _ in 0..2 {
        fixture.documents.close(&key("a"));
        fixture.documents.open(key("a"), Dialect::Script, 1, text);
        fixture.check(expect![[r#"
            x: nothing
            x: result 2
            x: nothing
        "#]]);
    }
    fixture.replace("").replace(text);
    fixture.check(expect![[r#"
        x: nothing
        x: result 2
        x: nothing
    "#]]);
}

#[test]
fn a_copy_has_no_results() {
    let mut fixture = Fixture::open(OLD, Dialect::Script, TWO);
    fixture.documents.close(&key(OLD));
    fixture.documents.open(key(NEW), Dialect::Script, 1, TWO);
    fixture.documents.open(key("untitled:Untitled-1"), Dialect::Script, 1, TWO);
    for name in [NEW, "untitled:Untitled-1"] {
        fixture.check_in(
            name,
            expect![[r#"
                print(1): nothing
                print(2): nothing
            "#]],
        );
    }
    assert_eq!(fixture.moved(), [""; 0]);
}

#[test]
fn a_renamed_notebook_keeps_its_results_although_its_cells_have_other_names() {
    let again = |fixture: &mut Fixture| {
        let order = ["x", "y", "z"].map(key).to_vec();
        let cells = vec![cell("x", "%%px\n1"), cell("y", "%%px\n2"), cell("z", "%px 3\n%px 4")];
        fixture.documents.open_notebook(key("new"), order, cells, Vec::new());
    };
    for opened_first in [true, false] {
        let mut fixture = notebook();
        fixture.documents.rename(&names(&[["nb", "new"]]));
        if opened_first {
            again(&mut fixture);
        }
        fixture.documents.close_notebook(&key("nb"));
        if !opened_first {
            again(&mut fixture);
        }
        assert_eq!(
            ["x", "y", "z"].map(|name| fixture.show(name)),
            ["1: result 1\n", "2: result 2\n", "3: result 3\n4: result 4\n"]
        );
        assert_eq!(
            fixture.documents.take_moved().last().map(|moved| moved.to.home.clone()),
            Some(key("new"))
        );
    }
}

#[test]
fn a_deleted_cell_of_a_notebook_that_is_undone_has_its_result() {
    let mut fixture = notebook();
    let deleted =
        NotebookChange { splice: Some((0, 1, vec![])), closed: vec![key("a")], ..NotebookChange::default() };
    let undone = NotebookChange {
        splice: Some((0, 0, vec![key("a")])),
        opened: vec![cell("a", "%%px\n1")],
        ..NotebookChange::default()
    };
    fixture.documents.change_notebook(&key("nb"), deleted);
    fixture.documents.change_notebook(&key("nb"), undone);
    assert_eq!(fixture.show("a"), "1: result 1\n");
}

#[test]
fn a_cell_that_waits_to_run_is_the_same_one_under_its_new_name() {
    let mut fixture = Fixture::new();
    fixture.documents.open(key(OLD), Dialect::Script, 1, TWO);
    let waiting = fixture.documents.cell_ids(&key(OLD))[1];
    fixture.documents.asked_for(&key(OLD), waiting);
    fixture.documents.rename(&names(&[[OLD, NEW]]));
    fixture.documents.close(&key(OLD));
    assert_eq!(fixture.documents.whereabouts(waiting).map(|at| at.document), Some(key(NEW)));
    fixture.documents.open(key(NEW), Dialect::Script, 1, TWO);
    assert_eq!(fixture.documents.cell_ids(&key(NEW))[1], waiting);
}
