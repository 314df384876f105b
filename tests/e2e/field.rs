//! Documents of `tests/field` whose matter is what engines answer.

use pxlens_tests::real;

use crate::program::run;

/// What `pxlens run` shows of a document on four engines.
fn shown(name: &str) -> String {
    let mut cluster = real::shared(4);
    cluster.reset_counts();
    let file = pxlens_tests::workspace().join("tests/field").join(name);
    let done = run(&file, &cluster.connection_file()).run();
    assert_eq!(done.status, 0, "{}\n{}", done.stdout, done.stderr);
    done.stdout
}

/// Where ipywidgets is installed, `tqdm.auto` shows no text but a widget.
#[test]
fn a_progress_bar_that_is_a_widget_is_shown_once_where_it_ended() {
    let shown = shown("26_widget_progress.py");
    let bars: Vec<&str> = shown.lines().filter(|line| line.contains("train")).collect();
    let [bar] = bars.as_slice() else { panic!("not one bar: {shown}") };
    assert!(bar.contains("train: 100%|██████████| 20/20 ["), "{shown}");
    assert!(shown.contains("[0-3]"), "{shown}");
}

#[test]
fn what_is_to_be_copied_stays_as_each_engine_says_it() {
    let shown = shown("ci.py");
    let ports: Vec<&str> = shown.lines().filter(|line| line.contains("\"shell_port\":")).collect();
    let is_whole = |line: &&str| {
        line.trim().trim_start_matches("\"shell_port\": ").trim_end_matches(',').parse::<u16>().is_ok()
    };
    assert!(ports.len() == 4 && ports.iter().all(is_whole), "{shown}");
    assert!(!shown.contains('▁') && !shown.contains('█'), "{shown}");
}
