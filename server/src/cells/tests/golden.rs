//! Target cases recorded from ipyparallel 9.2.0.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde::Deserialize;

use super::super::{magic::MagicKind, mapped::Mapped, options};
use crate::engines::{EngineId, Resolved, Targets};

/// What ipyparallel computes or guesses, and pxlens, which evaluates nothing, refuses.
const REFUSED: [&str; 10] = [
    "--targets 0-2",
    "--targets 0x1",
    "--targets 1+1",
    "--targets [0,1][1]",
    "--targets [1.0]",
    "--targets allx",
    "--targets call()",
    "--targets len(self.view.client.ids)-1",
    "--targets tall",
    "--targets ~0",
];

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    #[serde(rename = "live_%%px")]
    live: Vec<Live>,
}

#[derive(Deserialize)]
struct Case {
    ids: Vec<u32>,
    line: String,
    resolved: Option<Vec<u32>>,
    single_result: Option<bool>,
    stage: Option<String>,
    error: Option<String>,
}

/// A line that went through the real magic, on engines 0 to 3.
#[derive(Deserialize)]
struct Live {
    line: String,
    success: bool,
}

fn golden() -> Golden {
    let folder = std::env::var_os("PXLENS_GOLDEN").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden")),
        PathBuf::from,
    );
    let path = folder.join("targets.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// What pxlens makes of an option line: the engines, or why not.
fn resolve(line: &str, ids: &[u32]) -> Result<Resolved, String> {
    let text = Mapped::plain(line, 0);
    let options = options::parse(line, MagicKind::CellPx, |range| text.range(range));
    if let Some(error) = options.error {
        return Err(error.message);
    }
    if options.dynamic {
        return Err("dynamic".to_owned());
    }
    let targets =
        options.targets.map_or(Ok(Targets::All), |targets| targets.parsed).map_err(|e| e.to_string())?;
    let ids: Vec<EngineId> = ids.iter().copied().map(EngineId).collect();
    targets.resolve(&ids).map_err(|e| e.to_string())
}

#[test]
fn golden_targets_choose_the_engines_ipyparallel_chooses() {
    let mut refused = BTreeSet::new();
    let (mut compared, mut both_refuse) = (0, 0);
    for case in golden().cases {
        let ours = resolve(&case.line, &case.ids);
        let place = format!("{:?} on {:?}", case.line, case.ids);
        // An empty selection is resolved, and fails when it is used.
        let theirs = case.resolved.filter(|engines| !engines.is_empty());
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) => {
                let engines: Vec<u32> = ours.engines.iter().map(|id| id.0).collect();
                assert_eq!((engines, Some(ours.single)), (theirs, case.single_result), "{place}");
                compared += 1;
            }
            (Ok(ours), None) => panic!("{place}: ipyparallel fails, pxlens chooses {ours:?}"),
            (Err(_), Some(_)) => drop(refused.insert(case.line)),
            (Err(error), None) => {
                if case.stage.as_deref() == Some("argparse") {
                    let theirs = case.error.unwrap_or_default();
                    assert_eq!(theirs.strip_prefix("UsageError: "), Some(error.as_str()), "{place}");
                }
                both_refuse += 1;
            }
        }
    }
    for live in golden().live {
        let line = live.line.strip_prefix("%%px").unwrap().trim();
        match (resolve(line, &[0, 1, 2, 3]), live.success) {
            (Ok(_), true) => compared += 1,
            (Err(_), false) => both_refuse += 1,
            (Err(_), true) => drop(refused.insert(line.to_owned())),
            (Ok(ours), false) => panic!("{line:?}: ipyparallel fails, pxlens chooses {ours:?}"),
        }
    }
    println!(
        "targets: {compared} compared, {both_refuse} refused by both, {} refused by pxlens only",
        refused.len()
    );
    assert_eq!(refused, BTreeSet::from(REFUSED.map(str::to_owned)));
}
