//! What can go wrong in `pxlens run`: each ends with one clear sentence and the right exit status, and without a panic.

use std::path::Path;

use pxlens_tests::{
    cli::Done,
    real::{self, RealCluster},
    sim::{Script, Sim},
};
use serde_json::json;

use crate::program::{Written, cli, run};

const CELL: &str = "# %%\n%%px\nwork()\n";

/// Checks for exactly one sentence on stderr, which has all of `words`, and for nothing that only a programmer understands.
#[track_caller]
fn check(done: &Done, status: i32, words: &[&str]) {
    let Done { stdout, stderr, .. } = done;
    assert_eq!(done.status, status, "exit status; stdout {stdout:?}, stderr {stderr:?}");
    for alien in ["panicked", "RUST_BACKTRACE", "Error {", "Err(", "Os {", "unwrap"] {
        assert!(!stderr.contains(alien) && !stdout.contains(alien), "{alien:?} in {stdout:?} {stderr:?}");
    }
    let sentences: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(sentences.len(), 1, "one sentence: {stderr:?}");
    for word in words {
        assert!(sentences[0].to_lowercase().contains(&word.to_lowercase()), "{word:?} in {sentences:?}");
    }
}

fn script() -> Written {
    Written::new("work.py", CELL)
}

#[test]
fn a_connection_file_that_is_not_there_is_named() {
    let done = run(script().path(), Path::new("nowhere/client.json")).run();
    check(&done, 3, &["nowhere/client.json"]);
}

#[test]
fn a_file_that_asks_for_mpi_engines_gets_no_others_and_is_told_how_to_start_them() {
    let text = "import ipyparallel as ipp\ncluster = ipp.Cluster(engines=\"mpi\", n=2)\n\
                rc = cluster.start_and_connect_sync()\n\n# %%\n%%px\nfrom mpi4py import MPI\n";
    let file = Written::new("mpi.py", text);
    let done = cli(["run"]).arg(file.path()).env("IPYTHONDIR", file.folder()).run();
    check(&done, 3, &["line 2 asks for 2 mpi engines", "`ipcluster start --engines=mpi -n 2`"]);
    let named = Written::new("named.py", "rc = ipp.Client(profile=\"mpi\")\n%px x\n");
    let done = cli(["run"]).arg(named.path()).env("IPYTHONDIR", named.folder()).run();
    check(&done, 3, &["line 1 asks for the cluster in profile 'mpi'", "`ipcluster start --profile=mpi`"]);
}

#[test]
fn a_cell_of_a_second_cluster_is_refused_before_anything_runs() {
    let text = "cpu = ipp.Client()\ngpu = ipp.Client(profile=\"gpu\")\ngpu[:].activate(\"_gpu\")\n%px a\n%px_gpu b\n";
    let file = Written::new("two.py", text);
    let done = cli(["run"]).arg(file.path()).env("IPYTHONDIR", file.folder()).run();
    check(&done, 2, &["two.py: line 5: ", "in profile 'gpu'", "`ipp.Client(profile=\"gpu\")`"]);
}

#[test]
fn a_line_whose_cluster_cannot_be_read_is_told_unless_a_flag_names_the_cluster() {
    const CANNOT_TELL: &str = "unread.py: line 1: pxlens cannot tell which cluster this line asks for";
    let file = Written::new("unread.py", "rc = ipp.Client(profile=name)\n%px 1\n");
    let done = cli(["run", "--python", "/no/such/python"]).arg(file.path());
    let done = done.env("IPYTHONDIR", file.folder()).run();
    assert!(done.stderr.contains(CANNOT_TELL), "{done:?}");
    assert_eq!(done.stderr.matches("cannot tell").count(), 1, "{done:?}");
    let sim = Sim::builder().engines(1).start_blocking();
    let done = run(file.path(), &sim.connection_file()).run();
    assert!(!done.stderr.contains("cannot tell"), "{done:?}");
}

#[test]
fn a_view_that_is_not_known_is_refused_with_the_flag_that_names_it() {
    let file = Written::new("view.py", "%px_even x\n");
    let done = cli(["run"]).arg(file.path()).run();
    check(&done, 2, &["view.py: line 1: no view with the suffix '_even' is known", "the flag --view"]);
    assert!(!done.stderr.contains("pxlens.views"), "{done:?}");
}

#[test]
fn a_stale_connection_file_is_named() {
    let sim = Sim::builder().engines(1).start_blocking();
    let text = std::fs::read_to_string(sim.connection_file()).expect("the connection file is there");
    let stale = Written::new("ipcontroller-client.json", text);
    sim.stop();
    let done = run(script().path(), stale.path()).run();
    check(&done, 3, &["ipcontroller-client.json"]);
}

#[test]
fn when_the_controller_is_silent_a_wrong_key_is_suspected() {
    let sim = Sim::builder().engines(1).start_blocking();
    let wrong = sim.connection_file_with(&json!({"key": "not the key"}));
    let done = run(script().path(), &wrong).run();
    check(&done, 3, &["key"]);
    assert!(sim.rejected() > 0);
    assert!(!done.stderr.contains("not the key"), "a key is never shown");
}

#[test]
fn a_connection_file_that_is_no_json_is_named() {
    let broken = Written::new("client.json", "{\"key\": ");
    check(&run(script().path(), broken.path()).run(), 3, &["client.json"]);
}

#[test]
fn a_target_that_does_not_exist_is_named() {
    let sim = Sim::builder().engines(4).start_blocking();
    let cell = Written::new("work.py", "# %%\n%%px --targets 99\nwork()\n");
    check(&run(cell.path(), &sim.connection_file()).run(), 2, &["99"]);
    let done = run(script().path(), &sim.connection_file()).args(["--targets", "7"]).run();
    check(&done, 2, &["7"]);
    assert!(sim.executed().is_empty(), "no code was sent");
}

#[test]
fn a_cell_that_does_not_exist_is_named() {
    let sim = Sim::builder().engines(1).start_blocking();
    let done = run(script().path(), &sim.connection_file()).args(["--cell", "9"]).run();
    check(&done, 2, &["9"]);
}

#[test]
fn a_cluster_without_engines_says_so() {
    let sim = Sim::builder().start_blocking();
    let done = run(script().path(), &sim.connection_file()).run();
    // Status 3 and not 2: nothing is wrong with the document.
    check(&done, 3, &["engine"]);
}

#[test]
fn a_file_that_is_missing_or_not_utf_8_is_named() {
    check(&cli(["run", "nowhere.py"]).run(), 2, &["nowhere.py"]);
    let latin = Written::new("latin.py", b"# %%\n%%px\nprint('caf\xe9')\n");
    check(&cli(["run"]).arg(latin.path()).run(), 2, &["latin.py", "UTF-8"]);
    check(&cli(["cells"]).arg(latin.path()).run(), 2, &["latin.py", "UTF-8"]);
}

#[test]
fn broken_json_in_a_notebook_is_named_with_its_place() {
    let broken = Written::new("broken.ipynb", "{\"cells\": [\n  {\"cell_type\": }\n]}");
    check(&cli(["run"]).arg(broken.path()).run(), 2, &["broken.ipynb", "line 2"]);
    check(&cli(["cells"]).arg(broken.path()).run(), 2, &["broken.ipynb", "line 2"]);
    let other = Written::new("other.ipynb", "{\"nbformat\": 4}");
    check(&cli(["run"]).arg(other.path()).run(), 2, &["other.ipynb"]);
}

#[test]
fn a_run_ends_when_an_engine_dies_and_names_it() {
    let sim = Sim::builder()
        .engines(4)
        .on("work()", Script::new().stdout("done\n"))
        .on_engine(2, "work()", Script::new().stdout("last words\n").die())
        .start_blocking();
    let done = run(script().path(), &sim.connection_file()).run();
    assert_eq!(done.status, 1, "{done:?}");
    assert!(!done.stderr.contains("panicked"), "{done:?}");
    for text in ["[2]", "last words", "died", "[0-1,3]", "done"] {
        assert!(done.stdout.contains(text), "{text:?} in {}", done.stdout);
    }
}

#[test]
fn a_run_on_a_real_cluster_ends_when_an_engine_is_killed_and_names_it() {
    let cluster = RealCluster::start(2);
    let cell = "# %%\n%%px\nprint('alive', flush=True)\nif rank == 1: __import__('os').kill(__import__('os').getpid(), 9)\n";
    let done = run(Written::new("work.py", cell).path(), &cluster.connection_file()).run();
    assert_eq!(done.status, 1, "{done:?}");
    assert!(done.stdout.contains("died") && !done.stderr.contains("panicked"), "{done:?}");
}

#[test]
fn a_run_ends_when_its_controller_goes_away() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().hang()).start_blocking();
    let file = script();
    let running = run(file.path(), &sim.connection_file()).start();
    sim.wait_for_runs_blocking(2);
    _ = sim.vanish();
    let done = running.wait();
    assert_eq!(done.status, 3, "{done:?}");
    assert!(!done.stderr.contains("panicked"), "{done:?}");
}

#[cfg(unix)]
#[test]
fn control_c_interrupts_the_engines_first() {
    let sim = Sim::builder().engines(3).on("work()", Script::new().hang()).start_blocking();
    let file = script();
    let mut running = run(file.path(), &sim.connection_file()).arg("--json").start();
    running.wait_until("3 engines started", |stdout, _| count(stdout, "event", "started") == 3);
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.status, 130, "{done:?}");
    assert!(!done.stderr.contains("panicked"), "{done:?}");
    assert_eq!(count(&done.stdout, "ename", "KeyboardInterrupt"), 3, "{}", done.stdout);
    let signalled: std::collections::BTreeSet<_> = sim
        .requests()
        .into_iter()
        .filter(|one| one.msg_type == "signal_request")
        .map(|one| one.engine)
        .collect();
    assert_eq!(signalled, [Some(0), Some(1), Some(2)].into());
}

#[cfg(unix)]
#[test]
fn control_c_ends_a_real_run() {
    let cluster = pxlens_tests::real::shared(4);
    let file = Written::new(
        "work.py",
        "# %%\n%%px\nprint('begun', flush=True)\nimport time\nwhile True: time.sleep(0.05)\n",
    );
    let mut running = run(file.path(), &cluster.connection_file()).arg("--json").start();
    running.wait_until("output of 4 engines", |stdout, _| count(stdout, "event", "stdout") == 4);
    running.interrupt();
    let done = running.wait();
    assert_eq!(done.status, 130, "{done:?}");
    assert_eq!(count(&done.stdout, "ename", "KeyboardInterrupt"), 4, "{}", done.stdout);
}

/// How many of the events that `--json` printed so far have this value in this field.
#[cfg(unix)]
fn count(stdout: &str, field: &str, value: &str) -> usize {
    let events = stdout.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    events.filter(|event| event[field] == value).count()
}

#[test]
fn code_that_awaits_ends_with_its_value_or_its_error() {
    let cluster = real::shared(4);
    let code = "# %%\n%%px\nimport asyncio\nawait asyncio.sleep(0.3)\n6 * 7\n# %%\n%%px\nawait asyncio.sleep(0.3)\nraise ValueError('told')\n";
    let file = Written::new("awaits.py", code);
    let done = run(file.path(), &cluster.connection_file()).run();
    assert_eq!(done.status, 1, "{done:?}");
    assert!(
        done.stdout.contains("[0-3] Out: 42") && done.stdout.contains("✗ [0-3] ValueError: told"),
        "{done:?}"
    );
}

#[test]
fn code_that_sets_the_execution_count_succeeds() {
    let cluster = real::shared(4);
    let file = Written::new("count.py", "# %%\n%px get_ipython().execution_count = 0; print('set')\n");
    let done = run(file.path(), &cluster.connection_file()).run();
    assert_eq!((done.status, done.stdout.contains("[0-3] set")), (0, true), "{done:?}");
}
