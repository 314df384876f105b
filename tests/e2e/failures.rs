//! Errors of engines are printed when they arrive, also while other engines of the run wait for ever, as in MPI programs.

use pxlens_tests::{
    cli::Running,
    real,
    sim::{Script, Sim},
};

use crate::{
    program::{Written, run},
    shell::{in_order, status},
};

/// A file whose cell raises on engine 2, and waits on the others until there is the file `go` beside it.
fn deadlock(magic: &str) -> Written {
    let file = Written::new("deadlock.py", "");
    let go = file.folder().join("go").display().to_string();
    let code = format!(
        "# %%\n{magic}\nimport os, time\nif rank == 2: raise ValueError('no partner')\n\
         while not os.path.exists({go:?}): time.sleep(0.02)\nprint('on we go')\n"
    );
    std::fs::write(file.path(), code).expect("the temporary folder can be written");
    file
}

/// Lets the engines that wait go on.
fn release(file: &Written) {
    std::fs::write(file.folder().join("go"), "").expect("the temporary folder can be written");
}

#[test]
fn an_error_is_printed_while_the_other_engines_still_wait() {
    let cluster = real::shared(4);
    let file = deadlock("%%px");
    let mut running = run(file.path(), &cluster.connection_file()).start();
    running.wait_for_stdout("⏳ 1 of 4 ended, waiting on [0-1,3]");
    in_order(
        running.stdout(),
        &["px cell 1 · line 2", "✗ [2] ValueError: no partner · deadlock.py line 4", "raise ValueError"],
    );
    assert!(!running.stdout().contains("[0-1,3] on we go"), "{}", running.stdout());
    release(&file);
    let done = running.wait();
    status(&done, 1);
    // Then comes the whole result, as ever.
    in_order(&done.stdout, &["⏳", "[0-1,3] on we go", "✗ [2] ValueError: no partner", "✗ 1 of 4 failed"]);
}

#[test]
fn in_the_plain_form_such_an_error_is_printed_to_stderr() {
    let cluster = real::shared(4);
    let file = deadlock("%%px");
    let mut running = run(file.path(), &cluster.connection_file()).arg("--plain").start();
    running.wait_for_stderr("⏳ 1 of 4 ended, waiting on [0-1,3]");
    in_order(running.stderr(), &["pxlens: line 2:", "✗ [2] ValueError: no partner"]);
    assert_eq!(running.stdout(), "");
    release(&file);
    status(&running.wait(), 1);
}

#[test]
fn an_error_in_a_cell_that_streams_is_printed_whole_too() {
    let cluster = real::shared(4);
    let file = deadlock("%%px --stream");
    let mut running = run(file.path(), &cluster.connection_file()).start();
    running.wait_for_stdout("⏳ 1 of 4 ended");
    in_order(running.stdout(), &["[2] ✗ ValueError: no partner", "raise ValueError('no partner')"]);
    release(&file);
    status(&running.wait(), 1);
}

/// Waits for what is printed of a cell that nobody waits for while another one still runs.
#[track_caller]
fn wait_for_noblock_error(running: &mut Running) {
    running.wait_for_stdout("✗ 1 of 1 failed");
    in_order(running.stdout(), &["px cell 1 · line 2 · %%px --noblock", "✗ [0] ValueError: nobody waits"]);
}

#[test]
fn an_error_in_a_cell_that_nobody_waits_for_is_printed_while_another_cell_runs() {
    let sim = Sim::builder()
        .engines(2)
        .on("fails()", Script::new().error("ValueError", "nobody waits"))
        .on("work()", Script::new().wait("go"))
        .start_blocking();
    let file =
        Written::new("two.py", "# %%\n%%px --noblock --targets 0\nfails()\n# %%\n%%px --targets 1\nwork()\n");
    let mut running = run(file.path(), &sim.connection_file()).arg("--keep-going").start();
    wait_for_noblock_error(&mut running);
    sim.open("go");
    status(&running.wait(), 1);
}

#[test]
fn an_engine_that_dies_is_named_while_the_others_still_wait() {
    let sim = Sim::builder()
        .engines(3)
        .on("work()", Script::new().wait("go"))
        .on_engine(1, "work()", Script::new().die())
        .start_blocking();
    let file = Written::new("work.py", "# %%\n%px work()\n");
    let mut running = run(file.path(), &sim.connection_file()).start();
    running.wait_for_stdout("waiting on [0,2]");
    in_order(running.stdout(), &["[1] ✗ lost: the engine died"]);
    sim.open("go");
    status(&running.wait(), 1);
}

#[test]
fn lines_say_how_far_a_long_run_is_where_stderr_is_no_terminal() {
    let sim = Sim::builder()
        .engines(2)
        .on("work()", Script::new().wait("go"))
        .on_engine(1, "work()", Script::new())
        .start_blocking();
    let file = Written::new("work.py", "# %%\n%%px --progress-after 0\nwork()\n");
    let mut running = run(file.path(), &sim.connection_file()).start();
    running.wait_until("two lines", |_, stderr| {
        stderr.lines().filter(|line| line.starts_with("pxlens: ⏳ 1/2 · waiting on [0] · ")).count() == 2
    });
    sim.open("go");
    status(&running.wait(), 0);

    let file = Written::new("quiet.py", "# %%\n%%px --progress-after=-1\nwork()\n");
    let quiet = run(file.path(), &sim.connection_file()).run();
    assert_eq!((quiet.status, &*quiet.stderr), (0, ""));
}
