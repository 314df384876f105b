//! Documents of `tests/field` whose matter is what runs on engines, and what they answer.

use pxlens_tests::{cli::Done, real};

use crate::program::run;

/// `pxlens run` of a document on four engines.
fn ran(name: &str) -> Done {
    let mut cluster = real::shared(4);
    cluster.reset_counts();
    let file = pxlens_tests::workspace().join("tests/field").join(name);
    run(&file, &cluster.connection_file()).run()
}

/// Checks what engines answered, line by line, how it ended, and a part of what was said beside it.
#[track_caller]
fn check(name: &str, answers: &[&str], status: i32, said: &str) {
    let done = ran(name);
    let found: Vec<&str> = done.stdout.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(found, answers, "{name}\n{}\n{}", done.stdout, done.stderr);
    assert_eq!(done.status, status, "{name}\n{}\n{}", done.stdout, done.stderr);
    assert!(done.stderr.contains(said), "{name}\n{}", done.stderr);
}

#[test]
fn calls_run_and_old_ones_are_left_out() {
    check(
        "02_magic_call.py",
        &["[0-3] (no output)", "[0-3] 3", "[0-2] 3", "[0-3] 4"],
        0,
        "5 local lines not run",
    );
}

#[test]
fn an_alias_sends_what_it_stands_for() {
    check("10_alias.py", &["[0] only on rank 0", "[0-3] all"], 0, "");
}

#[test]
fn what_stands_in_a_body_is_not_run_and_that_is_said() {
    check("19_loop.py", &["[0-3] top"], 0, "3 lines under `for`, `if` and `def` not run");
    check("guard.py", &["[0-3] all of us"], 0, "1 line under `if` not run");
    check("expect.py", &["[0-3] after try"], 0, "1 line under `try` not run");
}

#[test]
fn what_is_queued_behind_a_noblock_run_that_failed_is_aborted() {
    let aborted = "[0-3] ✗ aborted: not run, since the --noblock run on line 8 failed there";
    check("noblockerr.py", &["[0-3] b is 10", "[0-3] (no output)", aborted], 1, "");
}

#[test]
fn sync_imports_binds_what_ipython_binds() {
    check(
        "si2.py",
        &["[0-3] (no output)", "[0-3] (no output)"],
        0,
        "sync_imports ignores `as p` on the engines",
    );
}

#[test]
fn magics_behind_time_run() {
    check("tm.py", &["[0-3] Out: 7", "[0-3] Out: 2"], 0, "");
}

/// Where ipywidgets is installed, `tqdm.auto` shows no text but a widget.
#[test]
fn a_progress_bar_that_is_a_widget_is_shown_once_where_it_ended() {
    let shown = ran("26_widget_progress.py").stdout;
    let bars: Vec<&str> = shown.lines().filter(|line| line.contains("train")).collect();
    let [bar] = bars.as_slice() else { panic!("not one bar: {shown}") };
    assert!(bar.contains("train: 100%|██████████| 20/20 ["), "{shown}");
    assert!(bar.starts_with("[0-3] "), "{shown}");
}

#[test]
fn what_is_to_be_copied_stays_as_each_engine_says_it() {
    let shown = ran("ci.py").stdout;
    let port =
        |line: &str| line.trim().strip_prefix("\"shell_port\": ")?.strip_suffix(',')?.parse::<u16>().ok();
    assert_eq!(shown.lines().filter_map(port).count(), 4, "{shown}");
    assert!(!shown.contains('▁') && !shown.contains('█'), "{shown}");
}
