//! `pxlens run` that is ended from outside: by a signal, by a terminal that closes, by a reader that stops reading. What came is
//! printed, what was started is interrupted, and the exit status says why.

#![cfg(unix)]

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pxlens_tests::{
    PATIENCE,
    cli::{Cli, Done},
    real,
    sim::{Script, Sim},
};

use crate::{
    program::{Written, pxlens, run, wait_for_file},
    shell::{in_order, status},
};

/// A file with one cell, which prints a line on each engine, says in a file that it has begun, and then works until it is
/// interrupted.
fn endless(magic: &str) -> Written {
    let file = Written::new("endless.py", "");
    let folder = file.folder().display().to_string();
    let code = format!(
        "# %%\n{magic}\nimport time\nprint('half done', flush=True)\nopen(f'{folder}/begun-{{rank}}', 'w').close()\n\
         try:\n    while True: time.sleep(0.05)\nfinally: print('cleaned up')\n"
    );
    std::fs::write(file.path(), code).expect("the temporary folder can be written");
    file
}

/// Waits until all engines are in the loop.
fn wait_for_engines(file: &Written, engines: u32) {
    (0..engines).for_each(|rank| wait_for_file(&file.folder().join(format!("begun-{rank}"))));
}

#[test]
fn a_signal_prints_what_came_and_interrupts_the_engines() {
    let mut cluster = real::shared(4);
    let signals = [
        (Signal::SIGTERM, "SIGTERM", 143),
        (Signal::SIGHUP, "SIGHUP", 129),
        // What `sbatch --signal=USR1@60` sends, and Ctrl-\ of a terminal.
        (Signal::SIGUSR1, "SIGUSR1", 128 + Signal::SIGUSR1 as i32),
        (Signal::SIGQUIT, "SIGQUIT", 131),
    ];
    for (signal, name, code) in signals {
        let file = endless("%%px");
        let running = run(file.path(), &cluster.connection_file()).start();
        wait_for_engines(&file, 4);
        running.signal(signal);
        let done = running.wait();
        status(&done, code);
        in_order(&done.stdout, &["half done", "cleaned up", "■ [0-3] interrupted"]);
        assert_eq!(done.stderr, format!("pxlens: ended by {name}\n"));
        // They are free: otherwise this would wait for them for ever.
        assert_eq!(cluster.python("answer = rc[:]['rank']"), serde_json::json!([0, 1, 2, 3]));
    }
}

#[test]
fn a_signal_interrupts_cells_that_nobody_waits_for_and_prints_their_output() {
    let mut cluster = real::shared(4);
    for (flags, end) in [(&[][..], "■ [0-3] interrupted"), (&["--json"], "KeyboardInterrupt")] {
        let file = endless("%%px --noblock");
        let running = run(file.path(), &cluster.connection_file()).args(flags).start();
        wait_for_engines(&file, 4);
        running.signal(Signal::SIGTERM);
        let done = running.wait();
        status(&done, 143);
        in_order(&done.stdout, &["half done", "cleaned up", end]);
        assert_eq!(cluster.python("answer = rc[:]['rank']"), serde_json::json!([0, 1, 2, 3]));
    }
}

#[test]
fn engines_that_do_not_answer_do_not_keep_back_what_came() {
    let sim = Sim::builder()
        .engines(2)
        .on("work()", Script::new().stdout("half done\n").wait("never"))
        .start_blocking();
    let file = Written::new("work.py", "# %%\n%%px --stream\nwork()\n# %%\n%px more()\n");
    let mut running = run(file.path(), &sim.connection_file()).arg("--keep-going").start();
    running.wait_until("two lines", |stdout, _| stdout.matches("half done").count() == 2);
    sim.mute(true);
    running.signal_until_it_ends(Signal::SIGTERM);
    let done = running.wait();
    status(&done, 143);
    in_order(&done.stdout, &["half done", "⏳ 0 of 2 ended, waiting on [0-1]"]);
    in_order(&done.stderr, &["ended by SIGTERM; [0-1] may still be running; 1 px cell was not run"]);
}

#[test]
fn a_signal_that_arrives_twice_at_once_is_one() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().hang()).start_blocking();
    let file = Written::new("work.py", "# %%\n%px work()\n");
    let running = run(file.path(), &sim.connection_file()).start();
    sim.wait_until_running_blocking(2);
    // `timeout` signals the program, and then its whole group.
    running.signal(Signal::SIGTERM);
    running.signal(Signal::SIGTERM);
    let done = running.wait();
    status(&done, 143);
    in_order(&done.stdout, &["✗ [0-1] KeyboardInterrupt"]);
    assert_eq!(signalled(&sim), [0, 1].into());
}

/// The engines that were signalled.
fn signalled(sim: &Sim) -> BTreeSet<u32> {
    let requests = sim.requests().into_iter();
    requests.filter(|one| one.msg_type == "signal_request").filter_map(|one| one.engine).collect()
}

#[test]
fn under_nohup_a_terminal_that_closes_changes_nothing() {
    let sim =
        Sim::builder().engines(1).on("work()", Script::new().wait("go").stdout("done\n")).start_blocking();
    let file = Written::new("work.py", "# %%\n%px work()\n");
    let running = Cli::new("/bin/sh")
        .args(["-c", "trap '' HUP; exec \"$0\" run \"$1\" --connection-file \"$2\""])
        .arg(pxlens())
        .arg(file.path())
        .arg(sim.connection_file())
        .start();
    sim.wait_for_runs_blocking(1);
    running.signal(Signal::SIGHUP);
    sim.open("go");
    let done = running.wait();
    status(&done, 0);
    in_order(&done.stdout, &["[0] done"]);
}

/// `pxlens run` whose stdout is read to the end of the first line, and closed once there is the file `go`. Its exit status
/// comes out in stderr.
fn with_one_line_read(file: &Path, cluster: &Path, flags: &str, go: &Path) -> Cli {
    let script = format!(
        "{{ \"$0\" run \"$1\" --connection-file \"$2\" {flags}; echo status $? >&2; }} | \
         {{ read -r line; while [ ! -e \"$3\" ]; do sleep 0.01; done; }}"
    );
    Cli::new("/bin/sh").args(["-c", &script]).arg(pxlens()).arg(file).arg(cluster).arg(go)
}

#[test]
fn a_reader_that_stops_reading_interrupts_the_engines() {
    let sim = Sim::builder()
        .engines(2)
        .on("first()", Script::new().stdout("one\n"))
        .on("work()", Script::new().hang())
        .start_blocking();
    let file = Written::new("work.py", "# %%\n%px first()\n# %%\n%px work()\n# %%\n%px more()\n");
    for (times, flags) in [(1, ""), (2, "--plain"), (3, "--json")] {
        let go = file.folder().join(format!("go{times}"));
        let running = with_one_line_read(file.path(), &sim.connection_file(), flags, &go).start();
        // The second cell runs, and writes nothing by which the closed pipe would show.
        sim.wait_for_runs_blocking(times * 4);
        sim.wait_until_running_blocking(2);
        std::fs::write(&go, "").expect("the temporary folder can be written");
        let done = running.wait();
        assert_eq!((&*done.stdout, &*done.stderr), ("", "status 141\n"), "{flags}");
        assert_eq!(sim.executed().len(), times * 4, "the third cell was not sent");
    }
    assert_eq!(signalled(&sim), [0, 1].into());
}

#[tokio::test]
async fn a_reader_that_reads_nothing_delays_neither_the_interrupt_nor_the_end() {
    let sim = Sim::builder()
        .engines(2)
        .on("work()", Script::new().stdout("begun\n").hang())
        .on_engine(1, "work()", Script::new().wait("flood").flood(50_000, 80))
        .start()
        .await;
    let file = Written::new("work.py", "# %%\n%%px --stream\nwork()\n");
    let go = file.folder().join("go");
    let script = "{ sh -c 'echo pid $$ >&2; exec \"$0\" run \"$1\" --connection-file \"$2\"' \"$0\" \"$1\" \"$2\"; \
                  echo status $? >&2; } | { until [ \"$line\" = '[0] begun' ]; do read -r line; done; \
                  echo \"read $line\" >&2; while [ ! -e \"$3\" ]; do sleep 0.01; done; }";
    let mut running = Cli::new("/bin/sh")
        .args(["-c", script])
        .arg(pxlens())
        .arg(file.path())
        .arg(sim.connection_file())
        .arg(&go)
        .start();
    running.wait_for_stderr("pid ");
    let pid = running.stderr().lines().find_map(|line| line.strip_prefix("pid ")?.parse().ok());
    let pid: i32 = pid.expect("a process id");
    // A request that its engine has not begun would be aborted, not interrupted.
    running.wait_for_stderr("read [0] begun");
    sim.open("flood");
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it runs");
    sim.wait_for("a signal for engine 0", |one| one.msg_type == "signal_request" && one.engine == Some(0))
        .await;
    // Whoever insists does not wait for the reader.
    let deadline = Instant::now() + PATIENCE;
    while kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok() {
        assert!(Instant::now() < deadline, "it does not end: {}", running.stderr());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.wait_for_stderr("status 143");
    std::fs::write(&go, "").expect("the temporary folder can be written");
    status(&running.wait(), 0);
}

#[test]
fn a_full_disk_under_the_output_interrupts_the_engines() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("one\n").hang()).start_blocking();
    let file = Written::new("work.py", "# %%\n%%px --stream\nwork()\n");
    let done: Done = Cli::new("/bin/sh")
        .args(["-c", "\"$0\" run \"$1\" --connection-file \"$2\" > /dev/full"])
        .arg(pxlens())
        .arg(file.path())
        .arg(sim.connection_file())
        .run();
    status(&done, 2);
    in_order(&done.stderr, &["the output could not be written: No space left on device"]);
    nothing_runs_on(&sim);
}

/// Nothing that was sent still runs: each request was answered or aborted, or its engine was signalled.
fn nothing_runs_on(sim: &Sim) {
    let asked: BTreeSet<u32> = sim.executed().into_iter().filter_map(|one| one.engine).collect();
    let stopped = sim.requests().into_iter();
    let stopped: BTreeSet<u32> = stopped
        .filter(|one| matches!(&*one.msg_type, "signal_request" | "abort_request"))
        .filter_map(|one| one.engine)
        .collect();
    assert!(!asked.is_empty() && asked == stopped, "{asked:?} {stopped:?}");
}

#[test]
fn a_terminal_that_closes_interrupts_the_engines() {
    let mut cluster = real::shared(4);
    let file = endless("%%px");
    let running = run(file.path(), &cluster.connection_file()).in_terminal(&real::python()).start();
    wait_for_engines(&file, 4);
    // The end of the terminal's other side.
    running.signal(Signal::SIGKILL);
    status(&running.wait(), 128 + 9);
    assert_eq!(cluster.python("answer = rc[:]['rank']"), serde_json::json!([0, 1, 2, 3]));
}
