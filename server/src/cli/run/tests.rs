//! Which cells the flags choose, and what is decided before pxlens looks for a cluster.

use std::sync::Arc;

use clap::Parser;

use super::*;
use crate::{
    cells::Dialect,
    cli::{Args, Command, clusters},
    cluster::{ClusterStatus, Origins, discovery::ClusterState},
    run::RunId,
    session::Settings,
};

const FILE: &str = "x = 1\n%px a\n\n%%px\nb\nc\n";

async fn view(text: &str) -> Arc<DocumentView> {
    let (session, _notices) = Session::start(Settings::default(), Encoding::Utf8, true, false);
    let key = DocumentKey::from("file.py");
    session.open(key.clone(), Dialect::Script, 0, text.to_owned());
    Arc::clone(session.snapshot(key).await.document().expect("it was opened"))
}

fn args(flags: &str) -> RunArgs {
    let line = ["pxlens", "run", "file.py"].into_iter().chain(flags.split_whitespace());
    match Args::try_parse_from(line).map(|args| args.command) {
        Ok(Some(Command::Run(args))) => args,
        other => panic!("{flags}: {other:?}"),
    }
}

async fn chosen(text: &str, flags: &str) -> Result<Option<Vec<u32>>, String> {
    let view = view(text).await;
    let scope = scope_of(&view, &args(flags))?;
    let is_in = |cell: &&CellView| match scope {
        Some(Scope::Cell(id)) => cell.id == id,
        _ => true,
    };
    let numbers = view.cells.iter().filter(is_in).map(|cell| cell.cell.ordinal + 1).collect();
    Ok(scope.is_some().then_some(numbers))
}

#[tokio::test]
async fn without_a_flag_all_cells_are_chosen() {
    assert_eq!(chosen("# %%\n%px a\n# %%\n%%px\nb\n", "").await, Ok(Some(vec![1, 2])));
}

#[tokio::test]
async fn a_cell_is_chosen_by_its_number_or_by_any_of_its_lines() {
    let text = "# %%\n%px a\n# %%\n%%px\nb\nc\n";
    for (flags, number) in [("--cell 2", 2), ("--line 2", 1), ("--line 4", 2), ("--line 6", 2)] {
        assert_eq!(chosen(text, flags).await, Ok(Some(vec![number])), "{flags}");
    }
}

#[tokio::test]
async fn a_cell_that_does_not_exist_is_refused_with_the_number_of_cells() {
    for flags in ["--cell 0", "--cell 9", "--line 1", "--line 99"] {
        let why = chosen(FILE, flags).await.expect_err(flags);
        assert!(why.contains("the file has") && why.contains("pxlens cells"), "{flags}: {why}");
    }
}

#[tokio::test]
async fn a_file_without_px_cells_is_no_error_unless_one_is_asked_for() {
    assert_eq!(chosen("x = 1\n", "").await, Ok(None));
    assert!(chosen("x = 1\n", "--cell 1").await.is_err());
    assert!(chosen("x = 1\n", "--line 1").await.is_err());
}

#[tokio::test]
async fn a_cell_that_is_wrong_in_itself_is_found_before_anything_runs() {
    let line = async |text: &str| match refusal(&*view(text).await, &Overrides::default()) {
        Some(RunError::Refused { place_name, .. }) => Some(place_name.to_string()),
        _ => None,
    };
    assert_eq!(line("# %%\n%px a\n# %%\n%px_no b\n").await, Some("line 4".to_owned()));
    assert_eq!(line("%pxconfig --targets 0\n%px a\n%pxresult\n").await, None);
}

#[test]
fn flags_for_a_new_cluster_are_reported_as_ignored_if_one_was_running() {
    let cluster = |owner| ClusterView {
        owner,
        found: clusters::tests::cluster("default", "mine", ClusterState::Running),
        engines: Arc::default(),
        activities: Arc::default(),
        origins: Origins::default(),
        status: ClusterStatus::Up,
        first_run: RunId::default(),
    };
    let note = ignored_flags(&args("-n 8 --python p"), &cluster(Owner::Other)).unwrap_or_default();
    assert!(note.starts_with("-n and --python") && note.contains("default:mine"), "{note}");
    assert_eq!(ignored_flags(&args("-n 8"), &cluster(Owner::Session)), None);
    assert_eq!(ignored_flags(&args(""), &cluster(Owner::Other)), None);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for flags in [
        "--cell 1 --line 1",
        "--plain --json",
        "--connection-file f --profile p",
        "--connection-file f --cluster-id i",
        "-n 0",
        "-n 257",
        "--group-by size",
        "--cell x",
    ] {
        let line = ["pxlens", "run", "file.py"].into_iter().chain(flags.split_whitespace());
        let error = Args::try_parse_from(line).expect_err(flags);
        assert_eq!(error.exit_code(), 2, "{flags}");
    }
}

#[test]
fn without_a_flag_a_cluster_gets_four_engines() {
    assert_eq!((args("").local.n, args("-n 2").local.n), (None, Some(2)));
}

#[test]
fn flags_define_views() {
    let settings = args("--view _even=::2 --view 0=[0]").settings(".".into()).expect("they are views");
    let shown: Vec<String> =
        settings.views.0.iter().map(|(suffix, view)| format!("{suffix} {}", view.targets)).collect();
    assert_eq!(shown, ["0 [0]", "_even ::2"]);
    for (flags, why) in
        [("--view even", "should be a suffix"), ("--view _e=x+y", "is not a target expression")]
    {
        let said = args(flags).settings(".".into()).expect_err(flags);
        assert!(said.contains(why), "{flags}: {said}");
    }
}

#[tokio::test]
async fn a_file_with_a_cell_that_ipython_does_not_run_is_refused() {
    let place = async |text: &str| match refusal(&*view(text).await, &Overrides::default()) {
        Some(RunError::Refused { place_name, .. }) => place_name.to_string(),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(place("# %%\nx = 1\n%%px\nstep = 1\n%px done = True\n").await, "line 3");
    assert_eq!(place("# %%\nx = 1\n%%px\nstep = 1\n").await, "line 3");
    assert_eq!(place("# %%\n%px a\n\n# %%\n%autopx\nx = (1\n\n# %%\ny = 1\n").await, "line 5");
}
