//! Lenses, and the actions for unknown views, from snapshots of a session with a simulated controller.

use expect_test::{Expect, expect};
use pxlens_tests::{
    sim::{Script, Sim},
    within,
};

use crate::{
    cells::Dialect,
    cluster::discovery::Selection,
    ide::{Action, RunCells, lenses, offers},
    session::{DocumentKey, RunCommand, RunError, Scope, Session, Settings, Snapshot, StartPolicy},
    text::{Encoding, Position},
};

/// A session with one script open.
struct Fixture {
    session: Session,
    key: DocumentKey,
}

impl Fixture {
    /// A session that looks for no cluster by itself.
    fn open(settings: Settings, trusted: bool, text: &str) -> Self {
        let (session, _) = Session::start(settings, Encoding::Utf16, trusted, false);
        let key = DocumentKey::from("file:///a.py");
        session.open(key.clone(), Dialect::Script, 1, text.to_owned());
        Self { session, key }
    }

    /// A session that is connected to this controller.
    async fn on(sim: &Sim, text: &str) -> Self {
        let cluster = Selection { connection_file: Some(sim.connection_file()), ..Selection::default() };
        let fixture = Self::open(Settings { cluster, ..Settings::default() }, true, text);
        fixture.session.connect(StartPolicy::Never).await.expect("the controller is there");
        fixture
    }

    async fn snapshot(&self) -> Snapshot {
        self.session.snapshot(&self.key).await
    }

    /// Its lenses: line, title and tooltip.
    async fn check(&self, expected: Expect) {
        let found = lenses(&self.snapshot().await).expect("it is open");
        let shown = found.into_iter().map(|lens| {
            let line = format!("{}: {}", lens.range[0].line, lens.title);
            lens.tooltip.into_iter().fold(line, |line, tooltip| format!("{line} | {tooltip}")) + "\n"
        });
        expected.assert_eq(&shown.collect::<String>());
    }
}

async fn engines(count: u32) -> Sim {
    Sim::builder().engines(count).start().await
}

#[tokio::test]
async fn a_lens_says_on_which_engines() {
    let text = "# %%\n%px a()\n# %%\n%%px --targets ::2\nb()\n# %%\n%%px --targets 3\nc()\n";
    let sim = engines(4).await;
    Fixture::on(&sim, text)
        .await
        .check(expect![[r#"
            1: ▶ Run on 4 engines
            3: ▶ Run on [0,2] | Runs on 2 of 4 engines: [0,2].
            3: ▶ Run cells above
            6: ▶ Run on engine 3 | Runs on 1 of 4 engines: [3].
            6: ▶ Run cells above
        "#]])
        .await;
    // Without a cluster.
    Fixture::open(Settings::default(), true, "%px a()\n")
        .check(expect![[r#"
            0: ▶ Run (starts 4 local engines) | No cluster is running; running the cell starts one on this machine.
        "#]])
        .await;
}

#[tokio::test]
async fn a_lens_says_what_the_file_asks_for() {
    Fixture::open(Settings::default(), true, "rc = ipp.Cluster(n=2).start_and_connect_sync()\n%px a()\n")
        .check(expect![[r#"
            1: ▶ Run (starts 2 local engines) | No cluster is running; running the cell starts one on this machine, with as many engines as line 1 asks for.
        "#]])
        .await;
    Fixture::open(Settings::default(), true, "c = ipp.Cluster(engines='mpi', n=2)\n%px a()\n")
        .check(expect![[r#"
            1: ▶ Run (asks for mpi engines) | line 1 asks for 2 mpi engines, and pxlens starts only ordinary engines on this machine; start them with `ipcluster start --engines=mpi -n 2`, and run this again
        "#]])
        .await;
    Fixture::open(Settings { engines: Some(3), ..Settings::default() }, true, "c = ipp.Cluster(n=2)\n%px a()\n")
        .check(expect![[r#"
            1: ▶ Run (starts 3 local engines) | No cluster is running; running the cell starts one on this machine.
        "#]])
        .await;
    let sim = engines(2).await;
    Fixture::on(&sim, "rc.wait_for_engines(4)\n%px a()\n")
        .await
        .check(expect![[r#"
            1: ▶ Run (waits for 4 engines) | line 1 waits for 4 engines, and the cluster default has 2; add 2 with `ipcluster engines -n 2 --profile=default`, or change the line
        "#]])
        .await;
}

#[tokio::test]
async fn several_px_lines_of_a_script_cell_share_one_lens() {
    let sim = engines(2).await;
    let fixture = Fixture::on(&sim, "# %%\n%px a()\n%px b()\n%px c()\n").await;
    fixture
        .check(expect![[r#"
        1: ▶ Run 3 px lines on 2 engines
    "#]])
        .await;
    let snapshot = fixture.snapshot().await;
    let found = lenses(&snapshot).expect("it is open");
    let Some(Action::Run(run)) = &found[0].action else { panic!("{found:?}") };
    let cells = &snapshot.document().expect("it is open").cells;
    assert_eq!(run.cells, RunCells::These(cells.iter().map(|cell| cell.id).collect()));
}

#[tokio::test]
async fn a_px_line_in_the_body_of_a_statement_has_a_lens_of_its_own_and_no_part_in_that_of_its_cell() {
    let sim = engines(2).await;
    let text = "# %%\n%px a()\nfor i in x:\n    %px b()\n%px c()\n# %%\nif x:\n    %pxconfig -t 0\n    %px d()\n# %%\n%px e()\n";
    let fixture = Fixture::on(&sim, text).await;
    fixture
        .check(expect![[r#"
        1: ▶ Run 2 px lines on 2 engines
        10: ▶ Run on 2 engines
        10: ▶ Run cells above
        3: ▶ Run this line on 2 engines
        8: ▶ Run this line on 2 engines
    "#]])
        .await;
    let titles = async |lines: [u32; 2]| {
        let selection = lines.map(|line| Position { line, character: 0 });
        let found = offers(&fixture.snapshot().await, selection, true).expect("it is open");
        found.into_iter().map(|offer| offer.title).collect::<Vec<_>>()
    };
    let by_itself = titles([3, 4]).await;
    assert_eq!(by_itself[0], "▶ Run this line on 2 engines");
    assert!(by_itself.contains(&"▶ Run cells above".to_owned()), "{by_itself:?}");
    assert!(!by_itself.contains(&"▶ Run this cell and those below".to_owned()), "{by_itself:?}");
    assert_eq!(titles([1, 5]).await[0], "▶ Run 2 px lines on 2 engines");
    assert!(titles([5, 8]).await.is_empty(), "a part of a body is no wish for it");
}

#[tokio::test]
async fn px_lines_of_paragraphs_have_a_lens_each() {
    let sim = engines(2).await;
    Fixture::on(&sim, "%px a()\n\n%px b()\n")
        .await
        .check(expect![[r#"
            0: ▶ Run on 2 engines
            2: ▶ Run on 2 engines
            2: ▶ Run cells above
        "#]])
        .await;
}

#[tokio::test]
async fn a_running_cell_can_be_interrupted() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().wait("gate")).start().await;
    let fixture = Fixture::on(&sim, "%px work()\n").await;
    let command = RunCommand {
        document: fixture.key.clone(),
        scope: Scope::All,
        overrides: Default::default(),
        only: None,
        canary: false,
        keep_going: false,
        start: StartPolicy::Never,
    };
    let run = fixture.session.run(command).await.expect("it runs").runs.remove(0);
    sim.wait_for_runs(2).await;
    fixture
        .check(expect![[r#"
        0: ▶ Run on 2 engines
        0: ■ Interrupt
    "#]])
        .await;
    let found = lenses(&fixture.snapshot().await).expect("it is open");
    assert_eq!(found[1].action, Some(Action::Interrupt { run: run.id, stragglers: false }));
    sim.open("gate");
    let mut view = run.view.clone();
    within("the end of the run", view.wait_for(|run| run.is_over())).await.expect("a run's view outlives it");
    fixture
        .check(expect![[r#"
        0: ▶ Run on 2 engines
    "#]])
        .await;
}

#[tokio::test]
async fn a_cell_that_cannot_run_yet_says_why() {
    let fixture = Fixture::open(Settings::default(), false, "%px a()\n");
    let found = lenses(&fixture.snapshot().await).expect("it is open");
    assert_eq!(found[0].title, "▶ Run (this workspace is not trusted)");
    assert_eq!(found[0].tooltip, Some(RunError::Untrusted.to_string()));
    let sim = engines(2).await;
    let fixture = Fixture::on(&sim, "%%px --targets 7\na()\n").await;
    let found = lenses(&fixture.snapshot().await).expect("it is open");
    assert_eq!(found[0].title, "▶ Run (no such engine)");
    assert!(found[0].tooltip.as_ref().is_some_and(|why| why.contains('7')), "{found:?}");
}

#[tokio::test]
async fn a_line_that_runs_nothing_has_no_lens() {
    let sim = engines(2).await;
    Fixture::on(&sim, "%px_even a()\n%pxconfig --targets ::2\n").await.check(expect![""]).await;
}

#[tokio::test]
async fn a_tooltip_does_not_name_the_lines_that_decided() {
    let sim = engines(2).await;
    Fixture::on(&sim, "%pxconfig --targets 0\n%px a()\n")
        .await
        .check(expect![[r#"
            1: ▶ Run on engine 0 | Runs on 1 of 2 engines: [0].
        "#]])
        .await;
}

/// The actions for views at the line of each magic.
async fn views_to_write(text: &str) -> Vec<Vec<Action>> {
    let fixture = Fixture::open(Settings::default(), true, text);
    let snapshot = fixture.snapshot().await;
    let at = |line| {
        let here = Position { line, character: 1 };
        let offered = offers(&snapshot, [here, here], true).expect("it is open").into_iter();
        let actions = offered.map(|offer| offer.action);
        actions.filter(|action| matches!(action, Action::WriteView { .. })).collect()
    };
    (0u32..).zip(text.lines()).map(|(line, _)| at(line)).collect()
}

#[tokio::test]
async fn the_view_to_write_is_the_suffix_after_the_longest_magic_name() {
    let write = |suffix: &str, targets: &str| {
        vec![Action::WriteView { suffix: suffix.to_owned(), targets: targets.to_owned() }]
    };
    let found = views_to_write("%px_even 1\n%px0 1\n%pxconfig_a -t 0\n%px 1\n%pxconfig -t 1\n").await;
    assert_eq!(found, [write("_even", "::2"), write("0", "0"), write("_a", "all"), vec![], vec![]]);
}
