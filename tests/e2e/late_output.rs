//! What processes and threads that a cell started write after the cell was shown.

use pxlens_tests::{
    cli::Done,
    sim::{Script, Sim},
};

use crate::program::{Written, run};

/// A run whose first cell writes more once it has been shown.
fn shown(flags: &[&str]) -> Done {
    let sim = Sim::builder()
        .engines(2)
        .on("begin()", Script::new().stdout("begun\n").afterwards().wait("go").stdout("late\n"))
        .on("end()", Script::new().stdout("end\n"))
        .start_blocking();
    let file = Written::new("late.py", "# %%\n%px begin()\n# %%\n%px end()\n");
    let mut running = run(file.path(), &sim.connection_file()).args(flags).start();
    running.wait_for_stdout("begun");
    sim.open("go");
    running.wait()
}

#[test]
fn output_that_comes_after_its_cell_was_shown_is_printed_at_the_end() {
    let grouped = shown(&[]);
    let late = "── px cell 1 · line 2 · %px begin() · output after its end\n[0-1] late\n";
    assert!(grouped.stdout.ends_with(late), "{}", grouped.stdout);
    let plain = shown(&["--plain"]);
    let late = "pxlens: line 2: output after its end:\n[0-1] late\n";
    assert!(plain.stderr.ends_with(late), "{}", plain.stderr);
    assert_eq!((grouped.status, plain.status), (0, 0));
}
