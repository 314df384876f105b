//! Outputs as documents: what a `px-output:` address stands for, with text that left the memory read back as far as there is
//! room for it. Blocking.

use std::{io, path::PathBuf};

use super::{
    RunHandle,
    whole::{Wrote, filled},
};
use crate::{
    engines::{EngineId, RankSet},
    render::{self, Address, Ends, Extract, GroupBy, MOST_OF_DOCUMENT, Style, one_line},
    run::{EngineRun, OutputKind, Run, RunId, Slot, Text},
};

/// A run with no more text than this is read back whole before it is laid out; of a longer one what is in memory is.
const READ: usize = 4 * MOST_OF_DOCUMENT;

/// Read beyond both ends of a document, so that a key in it is not cut in two.
const MARGIN: usize = 8192;

/// Why an address stands for nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum NoContent {
    /// The run went to other engines.
    #[error("run {} did not go to {ranks}, but to {asked}", .run.0)]
    NotAsked {
        /// The run.
        run: RunId,
        /// Which engines of the address it did not go to.
        ranks: RankSet,
        /// Which it went to.
        asked: RankSet,
    },
    /// Its request in that place went to another engine, or there is none.
    #[error("engine {engine} was not asked in place {} of run {}", slot.0, .run.0)]
    NoRequest {
        /// The run.
        run: RunId,
        /// The engine.
        engine: EngineId,
        /// The place.
        slot: Slot,
    },
    /// The run that it should be compared with is not there.
    #[error("there is no run {} to compare with", .0.0)]
    NoRun(RunId),
    /// The file for it cannot be written.
    #[error("the document was not written: {0}")]
    File(#[from] io::Error),
}

/// The text of a document about a run. `other` is the run that it is compared with, where it is.
///
/// # Errors
/// See [`NoContent`].
pub(crate) fn content(
    handle: &RunHandle,
    what: &Extract,
    other: Option<&RunHandle>,
) -> Result<String, NoContent> {
    let run = handle.now();
    check(&run, what)?;
    match what {
        Extract::Compared(with) => match other {
            Some(other) => Ok(render::comparison(&other.now(), &run, &title(handle))),
            None => Err(NoContent::NoRun(*with)),
        },
        Extract::Whole(by) => Ok(laid_out(handle, &run, *by)),
        Extract::Group(ranks) => Ok(laid_out(handle, &run.only(ranks), GroupBy::Fold)),
        Extract::Raw { engine, slot } => {
            let Some(part) = slot_of(&run, *engine, *slot).and_then(|slot| run.part(slot)) else {
                return Ok(String::new());
            };
            let wrote = Wrote::of(part);
            if wrote.bytes == 0 {
                return Ok("(nothing was written to stdout or stderr)\n".to_owned());
            }
            let room = MOST_OF_DOCUMENT / 2 + MARGIN;
            let read = || -> io::Result<Ends> {
                Ok(if wrote.bytes <= 2 * room {
                    Ends { head: wrote.read(0..wrote.bytes)?, ..Ends::default() }
                } else {
                    Ends {
                        head: wrote.read(0..room)?,
                        between: wrote.bytes - 2 * room,
                        tail: wrote.read(wrote.bytes - room..wrote.bytes)?,
                    }
                })
            };
            Ok(match read() {
                Ok(ends) => render::raw(&ends, wrote.file),
                // How things are is an answer.
                Err(error) => {
                    let ends = kept_ends(part, wrote.bytes);
                    format!("{}\n{}", one_line(&unread(&error)), render::raw(&ends, wrote.file))
                }
            })
        }
    }
}

/// Whether a run can have such a document.
///
/// # Errors
/// Where it went to other engines.
pub(crate) fn check(run: &Run, what: &Extract) -> Result<(), NoContent> {
    let asked: RankSet = run.request.engines.iter().copied().collect();
    let others: RankSet = match what {
        Extract::Whole(_) | Extract::Compared(_) => RankSet::default(),
        Extract::Group(ranks) => ranks.iter().filter(|engine| !asked.contains(*engine)).collect(),
        Extract::Raw { engine, .. } if !asked.contains(*engine) => [*engine].into_iter().collect(),
        Extract::Raw { engine, slot } => match (slot_of(run, *engine, *slot), slot) {
            (None, Some(slot)) => {
                return Err(NoContent::NoRequest { run: run.id, engine: *engine, slot: *slot });
            }
            _ => RankSet::default(),
        },
    };
    if others.is_empty() { Ok(()) } else { Err(NoContent::NotAsked { run: run.id, ranks: others, asked }) }
}

fn slot_of(run: &Run, engine: EngineId, slot: Option<Slot>) -> Option<Slot> {
    let fits = |(at, asked): (Slot, &EngineId)| {
        (*asked == engine && slot.is_none_or(|slot| slot == at)).then_some(at)
    };
    (0..).map(Slot).zip(&run.request.engines).find_map(fits)
}

fn unread(error: &io::Error) -> String {
    format!("what was moved out of memory cannot be read: {error}")
}

/// What an engine wrote before the first text that is not in memory, and after the last.
fn kept_ends(part: &EngineRun, bytes: usize) -> Ends {
    let texts = || {
        part.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Stream(_, text) => Some(text),
            _ => None,
        })
    };
    let gone = |text: &&Text| text.hidden().bytes > 0;
    let first = texts().position(|text| gone(&text)).unwrap_or_default();
    let last = texts().count() - texts().collect::<Vec<_>>().iter().rev().position(gone).unwrap_or_default();
    let head: String = texts().take(first + 1).map(|text| text.head().to_string()).collect();
    let whole = texts().skip(last).flat_map(|text| [text.head().to_string(), text.tail().to_string()]);
    let tail: String = texts()
        .skip(last.saturating_sub(1))
        .take(1)
        .map(|text| text.tail().to_string())
        .chain(whole)
        .collect();
    Ends { between: bytes.saturating_sub(head.len() + tail.len()), head, tail }
}

fn laid_out(handle: &RunHandle, run: &Run, by: GroupBy) -> String {
    // Both ends are in memory all the same; what is missing between them is said there, and why not it can be here.
    let (filled, unread) = match filled(run, READ) {
        Ok(filled) => (filled, None),
        Err(error) => (None, Some(unread(&error))),
    };
    let run = filled.as_ref().unwrap_or(run);
    let raw = run.request.engines.first().map(|&engine| {
        let what = Extract::Raw { engine, slot: None };
        format!("what one engine wrote is at {}", Address { run: run.id, what })
    });
    let folder = run.parts().find_map(|part| part.spilled.as_deref()?.parent());
    let files = folder.map(|folder| format!("what left the memory is in {}", folder.display()));
    let more: Vec<String> = files.into_iter().chain(raw).collect();
    let title: Vec<String> = [title(handle)].into_iter().chain(unread).collect();
    render::document(run, by, &title.join(" · "), Style::default(), &more.join(", "))
}

/// What names a run to a reader: `run 7 · tour.py line 12 · %%px -t 0,2`.
fn title(handle: &RunHandle) -> String {
    format!("run {} · {} · {}", handle.id.0, place(handle), handle.title.trim())
}

/// Where its cell stood: `tour.py line 12`.
pub(super) fn place(handle: &RunHandle) -> String {
    let name = handle.home.0.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{name} line {}", handle.line + 1)
}

/// Puts a document into a file beside what was spilled of its run, which goes with that.
///
/// # Errors
/// See [`NoContent`].
pub(crate) fn content_file(
    handle: &RunHandle,
    what: &Extract,
    other: Option<&RunHandle>,
) -> Result<PathBuf, NoContent> {
    let text = content(handle, what, other)?;
    let name = Address { run: handle.id, what: what.clone() }.file_name();
    Ok(handle.spilled.put(&name, &text)?)
}
