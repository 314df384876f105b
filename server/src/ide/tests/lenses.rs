//! Lenses, and what is offered for views that nobody knows, from snapshots of a session with a simulated controller.

use expect_test::{Expect, expect};
use pxlens_tests::sim::{Script, Sim};

use crate::{
    cells::Dialect,
    cluster::discovery::Selection,
    ide::{Action, RunCells, lenses, offers},
    session::{Ask, AskError, DocumentKey, Scope, Session, Settings, Snapshot, StartPolicy},
    text::{Encoding, Position},
};

/// A session with one script open.
struct Desk {
    session: Session,
    key: DocumentKey,
}

impl Desk {
    /// One that looks for no cluster by itself.
    fn open(settings: Settings, trusted: bool, text: &str) -> Self {
        let (session, _) = Session::start(settings, Encoding::Utf16, trusted, false);
        let key = DocumentKey::from("file:///a.py");
        session.open(key.clone(), Dialect::Script, 1, text.to_owned());
        Self { session, key }
    }

    /// One that is connected to this controller.
    async fn on(sim: &Sim, text: &str) -> Self {
        let cluster = Selection { connection_file: Some(sim.connection_file()), ..Selection::default() };
        let desk = Self::open(Settings { cluster, ..Settings::default() }, true, text);
        desk.session.connect(StartPolicy::Never).await.expect("the controller is there");
        desk
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
    Desk::on(&sim, text)
        .await
        .check(expect![[r#"
            1: ▶ Run on 4 engines
            3: ▶ Run on [0,2] | Runs on 2 of 4 engines: [0,2].
            3: ▶ Run cells above
            6: ▶ Run on engine 3 | Runs on 1 of 4 engines: [3].
            6: ▶ Run cells above
        "#]])
        .await;
    // Where no cluster runs.
    Desk::open(Settings::default(), true, "%px a()\n")
        .check(expect![[r#"
            0: ▶ Run (starts 4 local engines) | No cluster is running; one is started on this machine.
        "#]])
        .await;
}

#[tokio::test]
async fn several_px_lines_of_a_script_cell_share_one_lens() {
    let sim = engines(2).await;
    let desk = Desk::on(&sim, "# %%\n%px a()\n%px b()\n%px c()\n").await;
    desk.check(expect![[r#"
        1: ▶ Run 3 px lines on 2 engines
    "#]])
        .await;
    let found = lenses(&desk.snapshot().await).expect("it is open");
    let Some(Action::Run(run)) = &found[0].action else { panic!("{found:?}") };
    let line = |line| Position { line, character: 0 };
    assert_eq!(run.cells, RunCells::Between([line(1), line(4)]));
}

#[tokio::test]
async fn px_lines_of_paragraphs_have_a_lens_each() {
    let sim = engines(2).await;
    Desk::on(&sim, "%px a()\n\n%px b()\n")
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
    let desk = Desk::on(&sim, "%px work()\n").await;
    let ask = Ask {
        document: desk.key.clone(),
        scope: Scope::All,
        overrides: Default::default(),
        only: None,
        keep_going: false,
        start: StartPolicy::Never,
    };
    let run = desk.session.run(ask).await.expect("it runs").runs.remove(0);
    sim.wait_for_runs(2).await;
    desk.check(expect![[r#"
        0: ■ Interrupt
        0: ▶ Run on 2 engines
    "#]])
        .await;
    let found = lenses(&desk.snapshot().await).expect("it is open");
    assert_eq!(found[0].action, Some(Action::Interrupt { run: run.id, stragglers: false }));
    sim.open("gate");
    run.view.clone().wait_for(|run| run.is_over()).await.expect("a run's view outlives it");
    desk.check(expect![[r#"
        0: ▶ Run on 2 engines
    "#]])
        .await;
}

#[tokio::test]
async fn a_cell_that_cannot_run_yet_says_why() {
    let desk = Desk::open(Settings::default(), false, "%px a()\n");
    let found = lenses(&desk.snapshot().await).expect("it is open");
    assert_eq!(found[0].title, "▶ Run (this workspace is not trusted)");
    assert_eq!(found[0].tooltip, Some(AskError::Untrusted.to_string()));
    let sim = engines(2).await;
    let desk = Desk::on(&sim, "%%px --targets 7\na()\n").await;
    let found = lenses(&desk.snapshot().await).expect("it is open");
    assert_eq!(found[0].title, "▶ Run (no such engine)");
    assert!(found[0].tooltip.as_ref().is_some_and(|why| why.contains('7')), "{found:?}");
}

#[tokio::test]
async fn what_runs_nothing_has_no_lens() {
    let sim = engines(2).await;
    Desk::on(&sim, "%px_even a()\n%pxconfig --targets ::2\n").await.check(expect![""]).await;
}

#[tokio::test]
async fn a_tooltip_leaves_the_lines_that_decided_to_the_hint() {
    let sim = engines(2).await;
    Desk::on(&sim, "%pxconfig --targets 0\n%px a()\n")
        .await
        .check(expect![[r#"
            1: ▶ Run on engine 0 | Runs on 1 of 2 engines: [0].
        "#]])
        .await;
}

/// The actions for views at the line of each magic.
async fn views_to_write(text: &str) -> Vec<Vec<Action>> {
    let desk = Desk::open(Settings::default(), true, text);
    let snapshot = desk.snapshot().await;
    let at = |line| {
        let here = Position { line, character: 1 };
        let offered = offers(&snapshot, [here, here], true).expect("it is open").into_iter();
        let actions = offered.map(|offer| offer.action);
        actions.filter(|action| matches!(action, Action::WriteView { .. })).collect()
    };
    (0u32..).zip(text.lines()).map(|(line, _)| at(line)).collect()
}

#[tokio::test]
async fn the_view_to_write_is_what_stands_behind_the_longest_name() {
    let write = |suffix: &str, targets: &str| {
        vec![Action::WriteView { suffix: suffix.to_owned(), targets: targets.to_owned() }]
    };
    let found = views_to_write("%px_even 1\n%px0 1\n%pxconfig_a -t 0\n%px 1\n%pxconfig -t 1\n").await;
    assert_eq!(found, [write("_even", "::2"), write("0", "0"), write("_a", "all"), vec![], vec![]]);
}
