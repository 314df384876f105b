//! Results in a shell: `%pxresult`, `--noblock` runs, `-o NAME` and `pxlens result`, streamed output, and readers that stop
//! reading.

use pxlens_tests::{
    cli::{Cli, Done},
    real,
    sim::{Script, Sim},
};

use crate::{
    program::{Written, cli, pxlens, run},
    shell::{in_order, status},
};

/// `pxlens result` with these arguments, on the results that are kept in this file's folder.
fn result(file: &Written, args: &[&str]) -> Cli {
    cli(["result"]).args(args).env("XDG_STATE_HOME", file.folder())
}

#[test]
fn pxresult_shows_the_newest_run_again_in_its_own_grouping_and_names_its_cell() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().result_text("42")).start_blocking();
    let file = Written::new("again.py", "# %%\n%px work()\n# %%\n%pxresult --group-outputs=type\n");
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 0);
    in_order(
        &done.stdout,
        &[
            "px cell 1",
            "[0-1] Out: 42",
            "── px cell 2 · line 4 · result of line 2: %px work()\n",
            "Parallel execution on engine(s): [0-1]",
            "━━ results",
            "[1] Out: 42",
        ],
    );
    assert_eq!(sim.executed().len(), 2, "it ran once on each engine");
}

#[test]
fn a_noblock_run_is_one_line_until_a_pxresult_shows_it() {
    let sim = Sim::builder()
        .engines(2)
        .on("slow()", Script::new().wait("slow may end").stdout("was slow\n"))
        .on("quick()", Script::new().stdout("was quick\n"))
        .start_blocking();
    let text = "# %%\n%%px --noblock --targets 0\nslow()\n# %%\n%pxresult\n# %%\n%%px --targets 1\nquick()\n";
    let file = Written::new("two.py", text);
    let mut running = run(file.path(), &sim.connection_file()).start();
    running.wait_for_stdout("Async parallel execution on engine(s): [0]");
    sim.wait_for_runs_blocking(1);
    sim.open("slow may end");
    let done = running.wait();
    status(&done, 0);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "── px cell 1 · line 2 · %%px --noblock --targets 0 · Async parallel execution on engine(s): [0]"
    );
    // The cell below the %pxresult waited for it.
    in_order(&done.stdout, &["px cell 2 · line 5 · result of line 2", "was slow", "px cell 3", "was quick"]);
    assert_eq!(done.stdout.matches("was slow").count(), 1, "{}", done.stdout);
    assert!(!done.stdout.contains("that no %pxresult shows"), "{}", done.stdout);
}

#[test]
fn output_that_no_pxresult_shows_is_printed_at_the_end_under_a_heading() {
    let sim = Sim::builder()
        .engines(2)
        .on("quick()", Script::new().stdout("was quick\n"))
        .on("slow()", Script::new().wait("slow may end").stdout("was slow\n"))
        .start_blocking();
    let text = "# %%\n%%px --noblock --targets 0\nquick()\n# %%\n%%px --noblock --targets 1\nslow()\n# %%\n%%px --targets 0\nlast()\n";
    let file = Written::new("two.py", text);
    let mut running = run(file.path(), &sim.connection_file()).start();
    running.wait_for_stdout("output of --noblock cells that no %pxresult shows");
    sim.open("slow may end");
    let done = running.wait();
    status(&done, 0);
    in_order(
        &done.stdout,
        &[
            "px cell 1",
            "px cell 2",
            "px cell 3",
            "output of --noblock cells",
            "px cell 1",
            "was quick",
            "px cell 2",
            "was slow",
        ],
    );
}

#[test]
fn a_plain_run_prints_only_what_ipyparallel_would_and_notes_on_stderr_what_it_does_not_print() {
    let sim = Sim::builder()
        .engines(1)
        .on("quick()", Script::new().stdout("was quick\n"))
        .on("fails()", Script::new().error("E", "no"))
        .start_blocking();
    let file = Written::new("one.py", "# %%\n%%px --noblock --verbose\nquick()\n");
    let done = run(file.path(), &sim.connection_file()).arg("--plain").run();
    status(&done, 0);
    assert_eq!(done.stdout, "Async parallel execution on engine(s): all\n");
    let said = "pxlens: line 2: 1 engine; add a %pxresult below it to print its output\n";
    assert_eq!(done.stderr, said);
    let file = Written::new("one.py", "# %%\n%%px --noblock\nfails()\n");
    let done = run(file.path(), &sim.connection_file()).arg("--plain").run();
    status(&done, 1);
    assert!(done.stderr.contains("line 2: 1 of 1 failed"), "{done:?}");
}

#[test]
fn a_pxresult_of_a_failed_run_shows_output_and_error_and_stops_there() {
    let fails = Script::new().stdout("begun\n").error("ValueError", "no");
    let sim = Sim::builder().engines(1).on("fails()", fails).start_blocking();
    let text = "# %%\n%%px --noblock\nfails()\n# %%\n%pxresult\n# %%\n%px after()\n";
    let file = Written::new("fails.py", text);
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 1);
    in_order(&done.stdout, &["result of line 2", "begun", "ValueError"]);
    assert!(done.stderr.contains("1 px cell after it was not run"), "{done:?}");
    let done = run(file.path(), &sim.connection_file()).arg("--keep-going").run();
    status(&done, 1);
    in_order(&done.stdout, &["begun", "%px after()", "✓ 1 engine"]);
}

#[test]
fn with_stream_output_is_printed_as_it_comes() {
    let slow = Script::new().stdout("one\ntw").wait("rest").stdout("o\n").result_text("42");
    let sim = Sim::builder().engines(2).on("work()", slow).start_blocking();
    for (flags, grouped) in [("", false), (" --group-outputs=engine", true)] {
        let file = Written::new("live.py", format!("# %%\n%%px --stream{flags}\nwork()\n"));
        let mut running = run(file.path(), &sim.connection_file()).start();
        running.wait_until("the first lines", |stdout, _| {
            stdout.contains("[0] one\n") && stdout.contains("[1] one\n")
        });
        sim.open("rest");
        let done = running.wait();
        status(&done, 0);
        in_order(
            &done.stdout,
            &["px cell 1", "Parallel execution on engine(s): [0-1]\n[", "[0] two\n[0] Out: 42\n"],
        );
        in_order(&done.stdout, &["[1] two\n[1] Out: 42\n", "✓ 2 engines"]);
        assert_eq!(done.stdout.matches("px cell 1").count(), 1 + usize::from(grouped), "{}", done.stdout);
        // A cell that names a grouping is shown once more at the end, in that grouping.
        assert_eq!(done.stdout.contains("── [0] ──"), grouped, "{}", done.stdout);
    }
}

#[test]
fn verbose_says_first_where_a_cell_runs() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().wait("gate")).start_blocking();
    for text in ["# %%\n%%px --verbose\nwork()\n", "# %%\n%pxconfig --verbose\n# %%\n%px work()\n"] {
        let file = Written::new("verbose.py", text);
        let mut running = run(file.path(), &sim.connection_file()).start();
        running.wait_for_stderr("pxlens: Parallel execution on engine(s): [0-1]");
        sim.open("gate");
        status(&running.wait(), 0);
        let done = run(file.path(), &sim.connection_file()).args(["--plain", "--targets", "0,1"]).run();
        assert_eq!((done.status, &*done.stdout), (0, "Parallel execution on engine(s): [0, 1]\n"));
    }
}

#[test]
fn the_exit_status_tells_that_the_reader_of_the_output_has_gone() {
    let sim = Sim::builder()
        .engines(1)
        .on("flood()", Script::new().flood(20_000, 80))
        .on("fails()", Script::new().error("E", "no"))
        .start_blocking();
    let file = Written::new("flood.py", "# %%\n%px flood()\n# %%\n%px fails()\n");
    for form in ["--group-by=fold", "--plain", "--json"] {
        let line = "{ \"$0\" run \"$1\" --connection-file \"$2\" $3; echo \"status $?\" >&2; } | head -n 1";
        let done = Cli::new("/bin/sh")
            .args(["-c", line])
            .arg(pxlens())
            .arg(file.path())
            .arg(sim.connection_file())
            .arg(form)
            .run();
        assert_eq!(done.stderr, "status 141\n", "{form}");
    }
}

#[test]
fn a_named_result_is_shown_by_another_process_in_any_grouping_without_running() {
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IScHQQxwFgBBAAYZ1ETuGQAAAABJRU5ErkJggg==";
    let picture = serde_json::json!({"text/plain": "<Figure>", "image/png": png});
    let work = Script::new().stdout("hi\n").display(picture).result_text("42");
    let sim = Sim::builder().engines(2).on("work()", work).start_blocking();
    let file = Written::new("fit.py", "# %%\n%%px --noblock -o fit\nwork()\n# %%\n%px other()\n");
    let none = result(&file, &[]).run();
    assert_eq!(
        (none.status, &*none.stdout),
        (0, "No results are kept. To keep the result of a cell, name it: %%px -o NAME\n")
    );
    let state = |command: Cli| command.env("XDG_STATE_HOME", file.folder());
    status(&state(run(file.path(), &sim.connection_file())).run(), 0);
    let ran = sim.executed().len();

    let shown = result(&file, &["fit"]).run();
    status(&shown, 0);
    in_order(
        &shown.stdout,
        &[
            "── fit · ",
            "fit.py line 2 · %%px --noblock -o fit · ",
            " UTC\nAsync parallel execution on engine(s): [0-1]\n",
            "hi",
            "Out: 42",
            "✓ 2 engines",
        ],
    );
    let by_type = result(&file, &["fit", "--group-outputs", "type"]).run();
    in_order(&by_type.stdout, &["━━ stdout", "[0] hi", "[1] hi", "━━ results", "[1] Out: 42"]);
    let json = result(&file, &["fit", "--json"]).run();
    let events = crate::program::events(&json);
    assert_eq!((&events[0]["event"], &events[events.len() - 1]["event"]), (&"run".into(), &"done".into()));
    assert!(json.stdout.contains(png), "images are in it");
    let images = file.folder().join("pictures");
    status(&result(&file, &["fit", "--images"]).arg(&images).run(), 0);
    let saved = std::fs::read(images.join("cell-1-1-engines-0-1.png"));
    assert!(saved.is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
    let listed = result(&file, &[]).run();
    assert!(listed.stdout.starts_with("fit  [0-1] · 2 engines · "), "{listed:?}");
    let listed = crate::program::events(&result(&file, &["--json"]).run());
    assert_eq!((&listed[0]["name"], &listed[0]["engines"]), (&"fit".into(), &serde_json::json!([0, 1])));
    assert_eq!(sim.executed().len(), ran, "showing a result runs nothing");

    let unknown = result(&file, &["fot"]).run();
    status(&unknown, 2);
    assert_eq!(unknown.stderr, "pxlens: No result is named 'fot'; did you mean fit?\n");
    status(&result(&file, &["../fit"]).run(), 2);
}

/// All of it in one script, for real engines.
const WORK: &str = "\
# %%
%%px --noblock -o ar
print('square of', rank)
rank ** 2
# %%
%px x = rank
# %%
%pxresult
# %%
%%px --noblock --targets 1
import time; time.sleep(0.05)
print('late')
1 / 0
# %%
%pxresult --group-outputs=engine
# %%
%px print('not reached')
";

fn on_real_engines(file: &Written, args: &[&str]) -> Done {
    let cluster = real::shared(4);
    run(file.path(), &cluster.connection_file()).args(args).env("XDG_STATE_HOME", file.folder()).run()
}

#[test]
fn noblock_pxresult_and_names_on_a_real_cluster() {
    let file = Written::new("work.py", WORK);
    let done = on_real_engines(&file, &[]);
    status(&done, 1);
    in_order(
        &done.stdout,
        &[
            "px cell 1 · line 2 · %%px --noblock -o ar · Async parallel execution on engine(s): [0-3]\n",
            "px cell 2",
            // The newest run of all, not the newest `--noblock` run.
            "px cell 3 · line 8 · result of line 6: %px x = rank",
            "Async parallel execution on engine(s): [1]",
            "result of line 10: %%px --noblock --targets 1",
            "late",
            "ZeroDivisionError",
            "work.py line 13",
            "output of a --noblock cell",
            "square of ‹rank›",
        ],
    );
    assert!(!done.stdout.contains("not reached"), "{}", done.stdout);
    let shown = result(&file, &["ar", "--group-outputs=engine"]).run();
    status(&shown, 0);
    in_order(
        &shown.stdout,
        &["[0] ─", "square of 0", "Out: 0", "[3] ─", "square of 3", "Out: 9", "✓ 4 engines"],
    );
}

/// A cell is queued behind a `--noblock` run that fails.
const QUEUED: &str = "\
# %%
rc = 1
# %%
%pxconfig --noblock
# %%
%px b = 10
# %%
%px import time; time.sleep(1); b/0
# %%
%px b *= 2
# %%
%pxconfig --block
# %%
%px print('b is', b)
";

#[test]
fn what_is_queued_behind_a_noblock_run_that_fails_is_aborted_as_in_ipython() {
    // Symptom: `b is 20`, where IPython has 10.
    let file = Written::new("queued.py", QUEUED);
    let done = on_real_engines(&file, &[]);
    status(&done, 1);
    in_order(
        &done.stdout,
        &[
            "b is 10",
            "px cell 3 · line 8",
            "ZeroDivisionError",
            "px cell 4 · line 10",
            "[0-3] ✗ aborted: not run, since the --noblock run on line 8 failed there\n",
        ],
    );
    let done = on_real_engines(&file, &["--json"]);
    status(&done, 1);
    let ended: Vec<_> = crate::program::events(&done)
        .into_iter()
        .filter(|event| event["event"] == "ended" && event["cell"] == 4)
        .collect();
    assert_eq!(ended.len(), 4, "{done:?}");
    for event in ended {
        let why = "the --noblock run on line 8 failed there";
        assert_eq!((&event["state"], &event["why"]), (&"aborted".into(), &why.into()));
    }
}

#[test]
fn an_interrupt_sends_the_signal_that_the_cell_names() {
    let cluster = real::shared(4);
    let text = "\
# %%
%%px --signal-on-interrupt SIGUSR1
import signal, time
def heard(*_): raise RuntimeError('heard USR1')
signal.signal(signal.SIGUSR1, heard)
print('ready', flush=True)
while True: time.sleep(0.02)
";
    let file = Written::new("signal.py", text);
    let mut running = run(file.path(), &cluster.connection_file()).arg("--json").start();
    running.wait_until("all are ready", |stdout, _| stdout.matches("ready\\n").count() >= 4);
    running.interrupt();
    let done = running.wait();
    status(&done, 130);
    assert_eq!(done.stdout.matches("\"evalue\":\"heard USR1\"").count(), 4, "{}", done.stdout);
}
