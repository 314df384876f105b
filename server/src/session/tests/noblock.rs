//! `--noblock` runs, and what is queued behind them.

use pxlens_tests::sim::{Script, Sim};

use super::{at, *};
use crate::run::Ending;

fn endings(handle: &RunHandle) -> Vec<Ending> {
    handle.now().parts().map(|part| part.ending().cloned().expect("it has ended")).collect()
}

fn codes(sim: &Sim) -> Vec<String> {
    sim.executed().iter().map(|request| request.code().trim().to_owned()).collect()
}

#[tokio::test]
async fn what_is_queued_behind_a_noblock_run_that_failed_is_aborted_where_it_failed() {
    let fails = Script::new().wait("gate").error("ZeroDivisionError", "division by zero");
    let sim = Sim::builder()
        .engines(2)
        .on_engine(0, "fails()", fails)
        .on_engine(1, "fails()", Script::new().wait("gate"))
        .start()
        .await;
    let text = "# %%\n%pxconfig --noblock\n# %%\n%px fails()\n# %%\n%px behind()\n# %%\n%pxconfig --block\n\
                # %%\n%px last()\n";
    let fixture = Fixture::with(at(&sim.connection_file()), true, text);
    let response = fixture.run_document().await.expect("it runs");
    let [failed, behind, last] = response.runs.as_slice() else { panic!("{response:?}") };
    sim.wait_for_runs(2).await;
    // Neither has begun.
    assert_eq!([behind, last].map(|run| run.now().state()), [RunState::Queued; 2]);
    sim.open("gate");
    for (run, state) in [(failed, RunState::Failed), (behind, RunState::Failed), (last, RunState::Succeeded)]
    {
        assert_eq!(ends(run).await, state);
    }
    let why = "the --noblock run on line 4 failed there";
    assert_eq!(endings(behind), [Ending::Aborted(Some(why.into())), Ending::Ok]);
    let mut codes = codes(&sim);
    codes.sort();
    assert_eq!(codes, ["behind()", "fails()", "fails()", "last()", "last()"]);
}

#[tokio::test]
async fn in_a_notebook_the_failed_run_is_named_by_its_cell() {
    let fails = Script::new().wait("gate").error("ValueError", "bad");
    let sim = Sim::builder().engines(1).on("fails()", fails).start().await;
    let text = r#"{"cells": [
 {"cell_type": "markdown", "source": "a"},
 {"cell_type": "code", "source": ["%pxconfig --noblock\n", "%px fails()\n", "%px behind()"]},
 {"cell_type": "code", "source": "%%px --bogus\ny"},
 {"cell_type": "code", "source": "%px z"}]}"#;
    let fixture = Fixture::idle(at(&sim.connection_file()), Dialect::NotebookJson, text);
    let response = fixture.run_document().await.expect("it runs");
    sim.wait_for_runs(1).await;
    sim.open("gate");
    let reasons = response.reasons();
    assert!(reasons[0].1.starts_with("Cell 3, line 1 was not run: "), "{reasons:?}");
    assert_eq!(reasons[1].1, "Cell 4, line 1 was not run: cell 3, line 1 above cannot run");
    let behind = &response.runs[1];
    assert_eq!(ends(behind).await, RunState::Failed);
    let why = "the --noblock run in cell 2, line 2 failed there";
    assert_eq!(endings(behind), [Ending::Aborted(Some(why.into()))]);
}

#[tokio::test]
async fn what_waits_behind_a_run_that_is_interrupted_with_it_does_not_begin() {
    let sim = Sim::builder().engines(1).on("slow()", Script::new().hang()).start().await;
    let fixture =
        Fixture::with(at(&sim.connection_file()), true, "# %%\n%%px --noblock\nslow()\n# %%\n%px next()\n");
    let response = fixture.run_document().await.expect("it runs");
    sim.wait_for_runs(1).await;
    within("the interrupt", fixture.session.interrupt(None, InterruptScope::All, None)).await;
    assert_eq!(ends(&response.runs[0]).await, RunState::Failed);
    assert_eq!(ends(&response.runs[1]).await, RunState::Failed);
    assert!(response.runs[1].now().was_never_sent());
    assert_eq!(codes(&sim), ["slow()"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_engine_gets_runs_in_the_order_of_the_document() {
    // Symptom: `b/c` overtook the cell before it, which was then aborted because `b/c` failed.
    let sim = Sim::builder().engines(1).start().await;
    let cells: Vec<String> = (0..40).map(|number| format!("step({number})")).collect();
    let text: String = cells.iter().map(|code| format!("# %%\n%%px --noblock\n{code}\n")).collect();
    let fixture = Fixture::with(at(&sim.connection_file()), true, &text);
    let response = fixture.run_document().await.expect("it runs");
    for run in &response.runs {
        assert_eq!(ends(run).await, RunState::Succeeded);
    }
    assert_eq!(codes(&sim), cells);
}
