//! No text makes pxlens panic, neither when it is read and planned as a document nor when it is laid out as output.

use std::sync::Arc;

use proptest::prelude::*;
use pxlens::internals::{
    self as px, Cursor, Dialect, EngineId, EngineTable, ErrorContent, Event, EventKind, ExecuteReply,
    GroupBy, Limits, LostReason, MsgId, Overrides, PromptColor, PxCell, Run, RunId, RunRequest, Slot,
    StreamName, Style, Targets, Time, plan, recognize, recognize_cells,
};
use serde_json::json;

/// Scripts of px cells, some lines of which are cut or arbitrary.
fn script() -> impl Strategy<Value = String> {
    let lines = [
        "# %%\n",
        "%%px\n",
        "%%px --targets ::2 --noblock\n",
        "%%px -t 0-3,7 -o ar\n",
        "%%px --local --gr order\n",
        "%px a\n",
        "%px a = (1, \\\n",
        "x = %px 1/0\n",
        "%pxconfig --targets [0,2] --verbose\n",
        "%pxconfig --block\n",
        "%pxresult -e\n",
        "%pxresult_even\n",
        "%autopx\n",
        "%autopx_even\n",
        "%px_even x\n",
        "%%px_even --targets 1\n",
        "# %%px\n",
        "#!%px b\n",
        "even = rc[::2]\n",
        "even.activate('_even')\n",
        "rc.activate()\n",
        "dv.block = True\n",
        "with rc[:].sync_imports():\n",
        "    import numpy, os.path as p\n",
        "print('a')\n",
        "for i in range(3):\n    f(i)\n",
        "1/0\n",
        "\n",
        "'''\n",
        "(",
        "é😀",
        "%",
        "# ",
        "get_ipython().run_cell_magic('px', '-t 1', 'a\\n')\n",
    ];
    let line = prop_oneof![
        9 => prop::sample::select(lines.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (prop::sample::select(lines.to_vec()), 0..9_usize).prop_map(|(line, cut)| line.chars().take(cut).collect()),
    ];
    prop::collection::vec(line, 0..14).prop_map(|lines| lines.concat())
}

/// What an engine may print or raise.
fn text() -> impl Strategy<Value = String> {
    let parts = [
        "hi\n",
        "a",
        "\r",
        "\r\n",
        "\x1b[31mred\x1b[0m",
        "\x1b[2K\x1b[1A",
        "\x1b[",
        "\x1b]8;;http://x\x07",
        "\x08\x08",
        "\t",
        "\0",
        "```",
        "<b>",
        "[x](command:y)",
        "|",
        "3.14",
        "1e308",
        "-1e999",
        "nan",
        "[1, 2, 3]\n",
        "{'loss': 0.25}\n",
        "é",
        "😀",
        "\u{202e}",
        "\u{300}",
        "Cell In[1], line 2\n",
        "----> 2 f()\n",
        "File <ipython-input-7-c95f>:3, in f(x)\n",
        "ZeroDivisionError: division by zero",
        "\n\n\n",
    ];
    prop_oneof![
        1 => any::<String>(),
        4 => prop::collection::vec(prop::sample::select(parts.to_vec()), 0..9).prop_map(|parts| parts.concat()),
    ]
}

fn event_kind() -> impl Strategy<Value = EventKind> {
    let bundle = |text: &str| {
        let bundle = json!({"text/plain": text, "text/html": [text, 1], "image/png": text, "application/json": {"a": text}});
        Arc::new(bundle.as_object().cloned().unwrap_or_default())
    };
    let error = |text: &str| ErrorContent {
        ename: text.chars().take(20).collect(),
        evalue: text.to_owned(),
        traceback: text.lines().map(str::to_owned).collect(),
    };
    (0..14_u8, text(), any::<u32>()).prop_map(move |(kind, text, number)| match kind {
        0 => EventKind::Sent(MsgId::from(text.as_str())),
        1 => EventKind::Busy,
        2 => EventKind::Input { execution_count: number },
        3 | 4 => EventKind::Stream { name: StreamName::Stdout, text },
        5 => EventKind::Stream { name: StreamName::Stderr, text },
        6 => EventKind::Display { data: bundle(&text), display_id: Some((number % 3).to_string()) },
        7 => EventKind::UpdateDisplay { data: bundle(&text), display_id: Some((number % 3).to_string()) },
        8 => EventKind::ClearOutput { wait: number.is_multiple_of(2) },
        9 => EventKind::Result { data: bundle(&text), execution_count: number },
        10 => EventKind::Error(error(&text)),
        11 => EventKind::Idle,
        12 => EventKind::Reply(match number % 3 {
            0 => ExecuteReply::Ok { execution_count: Some(number), payload: Vec::new() },
            1 => ExecuteReply::Error { error: error(&text), execution_count: None },
            _ => ExecuteReply::Aborted {},
        }),
        _ => EventKind::Lost(LostReason::NotSent(text)),
    })
}

fn run() -> impl Strategy<Value = Run> {
    let event = (0..4_u32, 0..5_000_u64, event_kind());
    (text(), any::<bool>(), prop::collection::vec(event, 0..40)).prop_map(|(code, single, events)| {
        let engines = if single { vec![EngineId(3)] } else { [0, 0, 7, 8].map(EngineId).to_vec() };
        let slots = engines.len() as u32;
        let request = RunRequest { code: code.as_str().into(), engines, single };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        for (slot, at, kind) in events {
            run.apply(Event { slot: Slot(slot % slots), at: Time(at), kind });
        }
        run
    })
}

/// Plans a cell, and makes requests of the plan for several engine tables.
fn plan_on_some_clusters(cell: &PxCell, overrides: &Overrides) {
    let Ok(plan) = plan(cell, overrides) else { return };
    _ = plan.fingerprint();
    for ids in [&[][..], &[0, 1, 2, 3], &[5, 7]] {
        let table: EngineTable =
            ids.iter().map(|id| (EngineId(*id), format!("uuid-{id}").as_str().into())).collect();
        if let Ok(request) = plan.request(&table) {
            assert!(!request.engines.is_empty() && request.engines.iter().all(|id| ids.contains(&id.0)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_cell_of_any_text_is_planned_or_refused(texts in prop::collection::vec(script(), 1..4), targets in text()) {
        let overrides = [
            Overrides::default(),
            Overrides { targets: Targets::parse_flag(&targets).ok(), block: Some(false) },
        ];
        let pieces: Vec<&str> = texts.iter().map(String::as_str).collect();
        let whole = texts.concat();
        let mut all = recognize_cells(&pieces);
        all.extend([Dialect::Script, Dialect::NotebookCell, Dialect::NotebookJson].iter().filter_map(|dialect| recognize(&whole, *dialect).ok()));
        for cell in all.iter().flat_map(|cells| &cells.cells) {
            overrides.iter().for_each(|overrides| plan_on_some_clusters(cell, overrides));
        }
    }

    #[test]
    fn any_run_is_laid_out(run in run(), columns in 0..200_usize, bytes in 0..3_000_usize) {
        let limits = Limits { lines: columns / 4, columns, bytes, sent: bytes };
        for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
            _ = px::plain(&run, by, PromptColor::None).events();
            _ = px::plain(&run, by, PromptColor::Red);
            _ = px::terminal(&run, by, Style { color: true, width: columns, place: None });
            _ = px::markdown(&run, by, limits);
            _ = px::block(&run, by, limits);
        }
        _ = (px::inline(&run, Time(9_000)), px::inline_within(&run, Time(0), columns), px::outcome(&run));
        _ = (px::errors(&run, &run.request.code), px::fold(&run));
        for slot in 0..run.request.engines.len() as u32 {
            _ = px::part_text(&run, Slot(slot));
        }
        for event in Cursor::of_cell(1).delta(&run) {
            prop_assert!(serde_json::to_string(&event).is_ok());
        }
    }
}
