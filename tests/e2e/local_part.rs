//! `--local` in the shell, which has no Python of its own to run the local part in.

use pxlens_tests::sim::Sim;

use crate::program::{Written, run};

#[test]
fn the_shell_says_once_per_cell_that_its_local_part_is_not_run() {
    let sim = Sim::builder().engines(2).start_blocking();
    let file = Written::new("local.py", "# %%\n%%px --local\nx = 1\n# %%\n%%px\ny = 2\n");
    let done = run(file.path(), &sim.connection_file()).run();
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(done.stderr.matches("local part not run").count(), 1, "{done:?}");
    assert!(done.stderr.contains("line 2: --local: local part not run"), "{done:?}");
    assert_eq!(sim.executed().len(), 4, "the engines run their part as usual");
}
