//! `pxlens run` and the other commands of the shell.

use std::{path::Path, time::Instant};

use pxlens_tests::{
    PATIENCE,
    cli::{Cli, Done},
    real,
    sim::{Script, Sim},
};

use crate::program::{Written, cli, events, pxlens, run, wait_for_file};

/// Fails unless these texts are in what was shown, in this order.
#[track_caller]
pub(crate) fn in_order(shown: &str, texts: &[&str]) {
    let mut from = 0;
    for text in texts {
        let Some(at) = shown[from..].find(text) else { panic!("no {text:?} behind byte {from} of {shown}") };
        from += at + text.len();
    }
}

#[track_caller]
pub(crate) fn status(done: &Done, expected: i32) {
    assert_eq!(done.status, expected, "{done:?}");
    assert!(!done.stderr.contains("panicked"), "{done:?}");
}

/// A connection file that does not exist.
fn nowhere() -> &'static Path {
    Path::new("nowhere/client.json")
}

#[test]
fn an_error_names_the_line_of_the_file_that_raised() {
    let cluster = real::shared(4);
    let file =
        Written::new("demo.py", "# %%\nx = 1\n# %%\n%%px\n\ndef half(n):\n    return n / 0\n\nhalf(rank)\n");
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 1);
    in_order(&done.stdout, &["px cell 1 · line 4 · %%px · def half(n):", "✗ [0-3]", "· demo.py line 7 ──"]);
}

#[test]
fn an_error_of_a_line_magic_names_its_own_line() {
    let cluster = real::shared(4);
    let file = Written::new("one.py", "# %%\n%px ok = 1\n%px 1/0\n");
    let done = run(file.path(), &cluster.connection_file()).arg("--keep-going").run();
    status(&done, 1);
    in_order(&done.stdout, &["line 2 · %px ok = 1", "✓ 4 engines", "line 3 · %px 1/0", "· one.py line 3 ──"]);
}

#[test]
fn a_config_inside_a_region_sets_nothing_and_the_run_says_so() {
    let cluster = real::shared(4);
    let text = "# %%\n%autopx\n# %%\n%pxconfig -t 0\nprint(\"I\", rank)\n# %%\nprint(\"K\", rank)\n# %%\n%autopx\n# %%\n\
                %px print(\"after\", rank)\n";
    let file = Written::new("region.py", text);
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 0);
    in_order(&done.stdout, &["[0-3] K", "[0-3] after"]);
    assert!(!done.stdout.contains("I ‹rank›"), "{done:?}");
    in_order(&done.stderr, &["warning: ", "region.py: line 4: ", "sends this %pxconfig", "it sets nothing"]);
}

#[test]
fn only_a_bare_autopx_ends_a_region_and_another_one_refuses_the_file() {
    let cluster = real::shared(4);
    let text = "# %%\nrc.activate([0, 1], \"01\")\n# %%\n%autopx01\n# %%\nprint(\"in\", rank)\n# %%\n%autopx01\n# %%\n\
                print(\"still in\", rank)\n# %%\n%autopx\n# %%\nprint(\"local\", rank)\n";
    let file = Written::new("suffix.py", text);
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 2);
    assert!(done.stdout.is_empty(), "{done:?}");
    let why =
        ["suffix.py: line 8: ", "only a cell that begins with %autopx, without a suffix, ends this region"];
    in_order(&done.stderr, &why);
    let done = run(file.path(), &cluster.connection_file()).arg("--keep-going").run();
    status(&done, 0);
    in_order(&done.stdout, &["[0-1] in", "[0-1] still in"]);
    assert!(!done.stdout.contains("local"), "{done:?}");
    in_order(&done.stderr, &why);
}

#[test]
fn imports_nested_in_a_block_of_imports_are_counted_and_run_where_they_are_asked_for() {
    let cluster = real::shared(4);
    let text = "# %%\nimport ipyparallel as ipp\nrc = ipp.Client()\n# %%\nwith rc[:].sync_imports():\n    import cmd\n    if True:\n        \
                import quopri\n# %%\nwith rc[:].sync_imports():\n    try: import tabnanny\n    except ImportError: pass\n# %%\n%px cmd.__name__\n";
    let file = Written::new("imports.py", text);
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 0);
    in_order(&done.stdout, &["'cmd'"]);
    in_order(&done.stderr, &["2 lines under `if` and `try` not run"]);
    let listed = cli(["cells"]).arg(file.path()).run();
    let warned = ["imports.py:8: warning: ", "`if True:`", "imports.py:11: warning: ", "`try`"];
    in_order(&listed.stdout, &warned);
    for line in ["8", "11"] {
        let done = run(file.path(), &cluster.connection_file()).args(["--line", line]).run();
        status(&done, 0);
        in_order(&done.stdout, &[&format!("line {line} · import"), "✓ 4 engines"]);
    }
}

#[test]
fn what_fails_ends_its_cell_of_the_file_also_where_the_run_keeps_going() {
    let sim = Sim::builder().engines(2).on("1/0", Script::new().error("E", "no")).start_blocking();
    let text =
        "# %%\n%px one()\n%px 1/0\n%px after()\n# %%\n%pxresult_none\n%px behind()\n# %%\n%px next()\n";
    let file = Written::new("keep.py", text);
    let done = run(file.path(), &sim.connection_file()).arg("--keep-going").run();
    status(&done, 2);
    in_order(&done.stdout, &["line 2 · %px one()", "line 3 · %px 1/0", "line 9 · %px next()"]);
    assert!(!done.stdout.contains("after()"), "{done:?}");
    in_order(&done.stderr, &["line 6: ", "2 px cells were not run: what fails ends its cell of the file"]);
    assert!(!done.stderr.contains("--keep-going"), "{done:?}");
    let sent: Vec<String> = sim.executed().iter().map(|one| one.code().to_owned()).collect();
    assert!(!sent.iter().any(|code| ["after()", "behind()"].contains(&code.as_str())), "{sent:?}");
}

#[test]
fn automagic_is_not_run_and_the_run_says_what_to_write() {
    let file = Written::new("auto.py", "# %%\npx print(1)\n");
    let done = run(file.path(), nowhere()).run();
    status(&done, 0);
    in_order(&done.stderr, &["auto.py has no px cells", "auto.py: line 2: ", "write %px"]);
    let sim = Sim::builder().engines(1).start_blocking();
    let file = Written::new("mixed.py", "# %%\nautopx\n# %%\n%px x()\n# %%\npx y()\n");
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 0);
    in_order(&done.stderr, &["mixed.py: line 2: ", "write %autopx"]);
    let listed = cli(["cells"]).arg(file.path()).run();
    in_order(&listed.stdout, &["mixed.py:2: ", "write %autopx", "mixed.py:6: ", "write %px"]);
}

#[test]
fn a_file_without_px_cells_is_no_error() {
    let file = Written::new("plain.py", "print('local')\n");
    for flag in ["--plain", "--json", "--group-by=fold"] {
        let done = run(file.path(), nowhere()).arg(flag).run();
        status(&done, 0);
        assert!(done.stdout.is_empty() && done.stderr.contains("plain.py has no px cells"), "{done:?}");
    }
    for flags in [["--cell", "1"], ["--line", "1"]] {
        let done = run(file.path(), nowhere()).args(flags).run();
        status(&done, 2);
        assert!(done.stderr.contains("there is no px cell"), "{done:?}");
    }
}

#[test]
fn a_file_that_sends_nothing_needs_no_cluster() {
    let file = Written::new("config.py", "# %%\n%pxconfig --targets 0\n# %%\n%pxresult\n");
    let done = run(file.path(), nowhere()).run();
    status(&done, 2);
    let why = "%pxresult shows the last result of %px, and no such cell of this document has run yet";
    assert_eq!(done.stderr, format!("pxlens: line 4: {why}\n"));
    status(&run(file.path(), nowhere()).arg("--keep-going").run(), 0);
    let done = run(file.path(), nowhere()).args(["--cell", "1"]).run();
    status(&done, 0);
    assert!(done.stderr.contains("line 2: this line sets defaults"), "{done:?}");
}

#[test]
fn local_lines_that_are_not_run_are_counted_when_the_whole_file_is_run() {
    let sim = Sim::builder().engines(1).start_blocking();
    let file = Written::new("mixed.py", "# %%\na = 1\n%px work()\nb = 2\n# %%\nc = 3\n");
    let whole = run(file.path(), &sim.connection_file()).run();
    status(&whole, 0);
    assert!(whole.stderr.contains("2 local lines not run"), "{whole:?}");
    let one = run(file.path(), &sim.connection_file()).args(["--cell", "1"]).run();
    status(&one, 0);
    assert_eq!(one.stderr, "");
}

#[test]
fn what_is_in_the_body_of_a_statement_runs_only_where_it_is_asked_for_by_itself() {
    let cluster = real::shared(4);
    let text = "# %%\nfor i in range(3):\n    %px x = i\nuse = False\nif use:\n    %px import os; os.abort()\ndef f():\n\
                \x20   %px print(\"in f\")\n# %%\n%px print(\"top\")\n";
    let file = Written::new("loop.py", text);
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 0);
    in_order(&done.stdout, &["line 10", "[0-3] top"]);
    assert!(!done.stdout.contains("in f"), "{done:?}");
    in_order(&done.stderr, &["3 lines under `for`, `if` and `def` not run", "--line N"]);
    for flags in [["--cell", "3"], ["--line", "8"]] {
        let done = run(file.path(), &cluster.connection_file()).args(flags).run();
        status(&done, 0);
        in_order(&done.stdout, &["line 8", "[0-3] in f"]);
        assert_eq!(done.stderr, "");
    }
    let listed = cli(["cells"]).arg(file.path()).run();
    in_order(&listed.stdout, &["loop.py:3: warning: ", "`for i in range(3):`", "loop.py:6:", "loop.py:8:"]);
}

#[test]
fn a_config_in_the_body_of_a_statement_sets_nothing() {
    let cluster = real::shared(4);
    let guard = "# %%\nDEBUG = False\nif DEBUG:\n    %pxconfig --targets 0\n# %%\n%px print(\"all of us\")\n";
    let file = Written::new("guard.py", guard);
    let done = run(file.path(), &cluster.connection_file()).run();
    status(&done, 0);
    in_order(&done.stdout, &["[0-3] all of us"]);
    in_order(&done.stderr, &["1 line under `if` not run"]);
    let listed = cli(["cells"]).arg(file.path()).run();
    in_order(
        &listed.stdout,
        &["%px on all", "guard.py:4: warning: ", "`if DEBUG:`", "changes nothing below"],
    );
}

#[test]
fn a_magic_in_a_try_does_not_stop_the_file() {
    let sim = Sim::builder().engines(2).on("1/0", Script::new().error("E", "no")).start_blocking();
    let text = "# %%\ntry:\n    %px 1/0\nexcept Exception:\n    pass\n# %%\n%px print(\"after try\")\n";
    let file = Written::new("expect.py", text);
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 0);
    in_order(&done.stderr, &["1 line under `try` not run"]);
    assert_eq!(sim.executed().len(), 2, "{done:?}");
    // Nor does one that could not run at all.
    let file = Written::new("never.py", "if x:\n    %px_nosuch 1\n");
    let done = run(file.path(), nowhere()).run();
    status(&done, 0);
    assert!(done.stdout.is_empty() && done.stderr.contains("1 line under `if` not run"), "{done:?}");
}

#[test]
fn a_cell_that_cannot_run_is_refused_before_anything_runs() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("worked\n")).start_blocking();
    let file = Written::new("bad.py", "# %%\n%px work()\n# %%\n%%px --nosuch\nwork()\n# %%\n%px work()\n");
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 2);
    assert!(done.stderr.contains("bad.py: line 4") && done.stderr.contains("--nosuch"), "{done:?}");
    assert!(sim.executed().is_empty() && done.stdout.is_empty(), "{done:?}");

    // With --keep-going the cell is reported and skipped, and the exit status still says that something is wrong.
    for form in ["--group-by=fold", "--plain", "--json"] {
        let done = run(file.path(), &sim.connection_file()).args(["--keep-going", form]).run();
        status(&done, 2);
        assert!(done.stderr.contains("line 4:") && done.stderr.contains("--nosuch"), "{done:?}");
        assert!(done.stdout.contains("worked"), "{done:?}");
    }
    assert_eq!(sim.executed().len(), 3 * 2 * 2, "both other cells, on both engines, three times");
}

#[test]
fn a_warning_about_a_cell_that_runs_is_printed_once() {
    let sim = Sim::builder().engines(1).start_blocking();
    let file = Written::new("doubt.py", "# %%\n%px --targets 0 work()\n# %%\n%px fine()\n");
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 0);
    assert_eq!(done.stderr.lines().count(), 1, "{done:?}");
    assert!(done.stderr.contains("warning: ") && done.stderr.contains("doubt.py: line 2: "), "{done:?}");
    let other = run(file.path(), &sim.connection_file()).args(["--cell", "2"]).run();
    assert_eq!((other.status, &*other.stderr), (0, ""));
}

#[test]
fn cells_that_are_not_run_after_a_failed_one_are_counted() {
    let sim = Sim::builder().engines(2).on("fails()", Script::new().error("E", "no")).start_blocking();
    let file = Written::new("three.py", "# %%\n%px fails()\n# %%\n%px a()\n# %%\n%px b()\n");
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 1);
    assert!(done.stderr.contains("2 px cells after it were not run"), "{done:?}");
    let done = run(file.path(), &sim.connection_file()).arg("--keep-going").run();
    status(&done, 1);
    assert_eq!(done.stderr, "");
    in_order(&done.stdout, &["fails()", "a()", "b()"]);
}

#[test]
fn a_reader_of_the_output_may_stop_reading_early() {
    let sim = Sim::builder().engines(1).on("flood()", Script::new().flood(20_000, 80)).start_blocking();
    let file = Written::new("flood.py", "# %%\n%px flood()\n");
    let line = "\"$0\" run \"$1\" --connection-file \"$2\" | head -n 3";
    let done = Cli::new("/bin/sh")
        .args(["-c", line])
        .arg(pxlens())
        .arg(file.path())
        .arg(sim.connection_file())
        .run();
    status(&done, 0);
    assert_eq!((done.stdout.lines().count(), &*done.stderr), (3, ""));
}

#[test]
fn colors_follow_the_usual_environment_variables() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout("hi\n")).start_blocking();
    let file = Written::new("work.py", "# %%\n%px work()\n");
    let is_colored = |name: &str, value: &str| {
        let done = run(file.path(), &sim.connection_file()).env(name, value).run();
        status(&done, 0);
        done.stdout.contains('\x1b')
    };
    assert!(is_colored("CLICOLOR_FORCE", "1"));
    assert!(!is_colored("NO_COLOR", "1"));
    assert!(!is_colored("CLICOLOR", "1"), "stdout is no terminal");
}

/// An image of 3 x 2 pixels.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IScHQQxwFgBBAAYZ1ETuGQAAAABJRU5ErkJggg==";

#[test]
fn images_are_saved_and_their_files_are_named() {
    let sim = Sim::builder()
        .engines(3)
        .on("plot()", Script::new().display(serde_json::json!({"image/png": format!("{PNG}\n")})))
        .on("broken()", Script::new().display(serde_json::json!({"image/png": "cGljdHVyZQ=="})))
        .start_blocking();
    let file = Written::new("plot.py", "# %%\n%px plot()\n# %%\n%px broken()\n");
    let folder = file.folder().join("new/pictures");
    let done = run(file.path(), &sim.connection_file()).arg("--images").arg(&folder).run();
    status(&done, 0);
    let name = "cell-1-1-engines-0-2.png";
    in_order(
        &done.stderr,
        &["picture of [0-2]: ", name, "picture of [0-2] not saved: image/png: its first bytes"],
    );
    assert!(std::fs::read(folder.join(name)).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
    assert_eq!(
        std::fs::read_dir(&folder).map(Iterator::count).ok(),
        Some(1),
        "a single image needs no contact sheet"
    );

    let beside_events = file.folder().join("beside");
    let done =
        run(file.path(), &sim.connection_file()).args(["--json", "--images"]).arg(&beside_events).run();
    status(&done, 0);
    assert!(beside_events.join(name).is_file(), "{}", done.stderr);

    let in_the_way = run(file.path(), &sim.connection_file()).arg("--images").arg(file.path()).run();
    status(&in_the_way, 2);
    assert!(in_the_way.stderr.contains("--images:") && in_the_way.stdout.is_empty(), "{in_the_way:?}");
}

#[test]
fn json_output_is_one_object_per_line() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("hi\n")).start_blocking();
    let file = Written::new("mixed.py", "# %%\nlocal = 1\n%pxconfig --targets all\n%px work()\n%pxresult\n");
    let done = run(file.path(), &sim.connection_file()).arg("--json").run();
    status(&done, 0);
    let names: Vec<String> =
        events(&done).iter().map(|event| event["event"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        (names.first().map(String::as_str), names.last().map(String::as_str)),
        (Some("run"), Some("done"))
    );
    assert_eq!(names.iter().filter(|name| *name == "stdout").count(), 2);
}

#[cfg(unix)]
mod local {
    use nix::sys::signal::Signal;

    use super::*;

    /// `pxlens` with an IPython directory of its own.
    fn with_own_folder(args: &[&str], home: &Written) -> Cli {
        cli(args.iter().copied()).env("IPYTHONDIR", home.folder().join("ipython"))
    }

    /// Waits until no cluster is left. The watchdog of a cluster may stop it a moment after pxlens itself has ended.
    #[track_caller]
    fn no_cluster_is_left(home: &Written) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let done = with_own_folder(&["clusters", "--all"], home).run();
            if done.stdout.starts_with("No cluster is running.") {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "waited {PATIENCE:?} in vain for no cluster to be left: {done:?}"
            );
        }
    }

    #[test]
    fn without_a_cluster_a_local_one_is_started_and_stopped_with_a_note_about_it() {
        let file = Written::new("work.py", "# %%\n%px 6 * 7\n");
        let python = real::python();
        let done =
            with_own_folder(&["run", "-n", "2"], &file).arg(file.path()).arg("--python").arg(&python).run();
        status(&done, 0);
        assert!(done.stdout.contains("[0-1] Out: 42"), "{done:?}");
        let program = python.display().to_string();
        in_order(&done.stderr, &["starting", "2 engines with", &program, "2 engines are ready after"]);
        no_cluster_is_left(&file);
    }

    #[test]
    fn control_c_while_a_local_cluster_starts_stops_it() {
        let file = Written::new("work.py", "# %%\n%px 6 * 7\n");
        let mut running = with_own_folder(&["run", "-n", "2"], &file)
            .arg(file.path())
            .arg("--python")
            .arg(real::python())
            .start();
        running.wait_for_stderr("starting a controller");
        running.interrupt();
        let done = running.wait();
        status(&done, 130);
        assert!(done.stderr.contains("interrupted before anything was run"), "{done:?}");
        no_cluster_is_left(&file);
    }

    #[test]
    fn sigterm_and_sighup_while_a_local_cluster_starts_stop_it() {
        for (signal, name, code) in [(Signal::SIGTERM, "SIGTERM", 143), (Signal::SIGHUP, "SIGHUP", 129)] {
            let file = Written::new("work.py", "# %%\n%px 6 * 7\n");
            let mut running = with_own_folder(&["run", "-n", "2"], &file)
                .arg(file.path())
                .arg("--python")
                .arg(real::python())
                .start();
            running.wait_for_stderr("starting a controller");
            running.signal(signal);
            let done = running.wait();
            status(&done, code);
            assert!(done.stderr.contains(&format!("ended by {name} before anything was run")), "{done:?}");
            no_cluster_is_left(&file);
        }
    }

    #[test]
    fn sigterm_ends_a_local_cluster_whose_engines_do_not_stop_after_what_came_was_printed() {
        let file = Written::new("deaf.py", "");
        let begun = file.folder().join("begun");
        let deaf = format!(
            "# %%\n%%px\nimport time\nprint('half done', flush=True)\nopen({begun:?}, 'w').close()\n\
             while True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass\n"
        );
        std::fs::write(file.path(), deaf).expect("the temporary folder can be written");
        let running = with_own_folder(&["run", "-n", "1"], &file)
            .arg(file.path())
            .arg("--python")
            .arg(real::python())
            .start();
        wait_for_file(&begun);
        running.signal(Signal::SIGTERM);
        let done = running.wait();
        status(&done, 143);
        in_order(&done.stdout, &["[0] ⏳ half done", "waiting on [0]"]);
        in_order(&done.stderr, &["ended by SIGTERM; [0] may still be running"]);
        no_cluster_is_left(&file);
    }

    #[test]
    fn control_c_while_pxlens_start_starts_a_cluster_leaves_none() {
        let file = Written::new("work.py", "# %%\n%px 6 * 7\n");
        let mut running =
            with_own_folder(&["start", "-n", "2"], &file).arg("--python").arg(real::python()).start();
        running.wait_for_stderr("its engines are starting");
        running.interrupt();
        let done = running.wait();
        status(&done, 130);
        assert!(done.stderr.contains("nothing is left running"), "{done:?}");
        no_cluster_is_left(&file);
    }

    #[test]
    fn flags_for_a_new_cluster_are_reported_as_unused_when_one_is_running() {
        let sim = Sim::builder().engines(1).start_blocking();
        let file = Written::new("work.py", "# %%\n%px work()\n");
        let done = run(file.path(), &sim.connection_file()).args(["-n", "8"]).run();
        status(&done, 0);
        assert!(done.stderr.contains("-n ignored"), "{done:?}");
    }

    #[test]
    fn a_second_control_c_does_not_wait_for_engines_that_do_not_stop() {
        let sim = Sim::builder().engines(1).on("work()", Script::new().wait("never")).start_blocking();
        let file = Written::new("work.py", "# %%\n%%px\nwork()\n# %%\n%px more()\n");
        let mut running = run(file.path(), &sim.connection_file()).start();
        sim.wait_for_runs_blocking(1);
        // A muted controller does not answer the interrupt, so that the run does not end.
        sim.mute(true);
        running.signal_until_it_ends(Signal::SIGINT);
        let done = running.wait();
        status(&done, 130);
        assert!(done.stderr.contains("[0] may still be running; 1 px cell was not run"), "{done:?}");
    }

    #[test]
    fn a_local_cluster_ends_even_after_a_second_control_c() {
        let deaf = "# %%\n%%px\nimport time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass\n";
        let file = Written::new("deaf.py", deaf);
        let mut running = with_own_folder(&["run", "--json", "-n", "1"], &file)
            .arg(file.path())
            .arg("--python")
            .arg(real::python())
            .start();
        running.wait_for_stdout("\"started\"");
        running.signal_until_it_ends(Signal::SIGINT);
        let done = running.wait();
        status(&done, 130);
        no_cluster_is_left(&file);
    }

    #[test]
    fn the_demo_succeeds_and_leaves_no_cluster() {
        let home = Written::new("home", "");
        let done = with_own_folder(&["demo"], &home)
            .arg("--python")
            .arg(real::python())
            .env("XDG_CACHE_HOME", home.folder())
            .run();
        status(&done, 0);
        in_order(
            &done.stdout,
            &[
                "[0-3] ready to fit",
                "Out: (",
                "[0-1] good fit",
                "image/png",
                "✗ [2] ValueError",
                "demo.py line ",
            ],
        );
        assert!(home.folder().join("pxlens/demo/cell-5-1-engine-0.png").is_file(), "{done:?}");
        no_cluster_is_left(&home);
    }
}
