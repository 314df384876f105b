//! Outputs as documents: the text behind a `px-output:` address. Text that was moved to files is read back as far as
//! there is room for it. Blocking.

use std::{io, path::PathBuf};

use super::{
    RunHandle,
    read_back::{EngineText, filled},
};
use crate::{
    engines::{EngineId, RankSet},
    render::{self, Address, Ends, Extract, GroupBy, MOST_OF_DOCUMENT, Style, one_line},
    run::{EngineRun, OutputKind, Run, RunId, Slot, Text},
};

/// A run with at most this many bytes of text is read back whole before it is laid out; of a longer one, only the text
/// in memory is laid out.
const READ: usize = 4 * MOST_OF_DOCUMENT;

/// This many bytes are read beyond both ends of a document, so that a kernel's key, which is hidden, is not cut in two.
const MARGIN: usize = 8192;

/// Why there is no document at an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ContentError {
    /// The run went to other engines.
    #[error("Run {} was not sent to {ranks}; it was sent to {asked}", .run.0)]
    NotAsked {
        run: RunId,
        /// The engines of the address that it was not sent to.
        ranks: RankSet,
        /// The engines it was sent to.
        asked: RankSet,
    },
    /// The request in that slot went to another engine, or does not exist.
    #[error("Request {} of run {} was not sent to engine {engine}", slot.0, .run.0)]
    NoRequest { run: RunId, engine: EngineId, slot: Slot },
    /// The run to compare with is no longer kept.
    #[error("Run {} is no longer kept, so there is nothing to compare with; choose another run", .0.0)]
    NoRun(RunId),
    /// The file for it cannot be written.
    #[error("Cannot write the document: {0}")]
    File(#[from] io::Error),
}

/// The text of a document about a run. `other` is the run to compare it with, if that is still kept.
///
/// # Errors
/// See [`ContentError`].
pub(crate) fn content(
    handle: &RunHandle,
    what: &Extract,
    other: Option<&RunHandle>,
) -> Result<String, ContentError> {
    let run = handle.excerpt(MOST_OF_DOCUMENT);
    check(&run, what)?;
    match what {
        Extract::Compared(with) => match other {
            Some(other) => Ok(render::comparison(&other.excerpt(MOST_OF_DOCUMENT), &run, &title(handle))),
            None => Err(ContentError::NoRun(*with)),
        },
        Extract::Whole(by) => Ok(lay_out(handle, &run, *by)),
        Extract::Group(ranks) => Ok(lay_out(handle, &run.only(ranks), GroupBy::Fold)),
        Extract::Raw { engine, slot } => {
            let Some(part) = slot_of(&run, *engine, *slot).and_then(|slot| run.part(slot)) else {
                return Ok(String::new());
            };
            let wrote = EngineText::of(part);
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
                // What is in memory is better than no document.
                Err(error) => {
                    let ends = kept_ends(part, wrote.bytes);
                    format!(
                        "{}\n{}",
                        one_line(&handle.spilled.why_unread(&error)),
                        render::raw(&ends, wrote.file)
                    )
                }
            })
        }
    }
}

/// Checks that a run can have such a document.
///
/// # Errors
/// If it was not sent to these engines.
pub(crate) fn check(run: &Run, what: &Extract) -> Result<(), ContentError> {
    let asked: RankSet = run.request.engines.iter().copied().collect();
    let others: RankSet = match what {
        Extract::Whole(_) | Extract::Compared(_) => RankSet::default(),
        Extract::Group(ranks) => ranks.iter().filter(|engine| !asked.contains(*engine)).collect(),
        Extract::Raw { engine, .. } if !asked.contains(*engine) => [*engine].into_iter().collect(),
        Extract::Raw { engine, slot } => match (slot_of(run, *engine, *slot), slot) {
            (None, Some(slot)) => {
                return Err(ContentError::NoRequest { run: run.id, engine: *engine, slot: *slot });
            }
            _ => RankSet::default(),
        },
    };
    if others.is_empty() { Ok(()) } else { Err(ContentError::NotAsked { run: run.id, ranks: others, asked }) }
}

fn slot_of(run: &Run, engine: EngineId, slot: Option<Slot>) -> Option<Slot> {
    let fits = |(at, asked): (Slot, &EngineId)| {
        (*asked == engine && slot.is_none_or(|slot| slot == at)).then_some(at)
    };
    (0..).map(Slot).zip(&run.request.engines).find_map(fits)
}

/// What an engine wrote before the first gap that is not in memory, and after the last.
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

fn lay_out(handle: &RunHandle, run: &Run, by: GroupBy) -> String {
    // If the files cannot be read, both ends are still in memory; the layout marks the gap, and the title says why.
    let (filled, unread) = match filled(run, READ) {
        Ok(filled) => (filled, None),
        Err(error) => (None, Some(handle.spilled.why_unread(&error))),
    };
    let run = filled.as_ref().unwrap_or(run);
    let raw = run.request.engines.first().map(|&engine| {
        let what = Extract::Raw { engine, slot: None };
        format!("the output of one engine is at {}", Address { run: run.id, what })
    });
    let folder = run.parts().find_map(|part| part.spilled.as_deref()?.parent());
    let files = folder.map(|folder| format!("text that is no longer in memory is in {}", folder.display()));
    let more: Vec<String> = files.into_iter().chain(raw).collect();
    let title: Vec<String> = [title(handle)].into_iter().chain(unread).collect();
    render::document(run, by, &title.join(" · "), Style::default(), &more.join(", "))
}

/// A run's title for readers: `run 7 · tour.py line 12 · %%px -t 0,2`.
fn title(handle: &RunHandle) -> String {
    format!("run {} · {} · {}", handle.id.0, place(handle), handle.magic_line)
}

/// The place of its cell when it ran: `tour.py line 12`.
pub(super) fn place(handle: &RunHandle) -> String {
    let home = handle.home();
    let name = home.0.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{name} {}", handle.place_name)
}

/// Writes a document to a file beside the spilled text of its run. The file is deleted together with that.
///
/// # Errors
/// See [`ContentError`].
pub(crate) fn content_file(
    handle: &RunHandle,
    what: &Extract,
    other: Option<&RunHandle>,
) -> Result<PathBuf, ContentError> {
    let text = content(handle, what, other)?;
    let name = Address { run: handle.id, what: what.clone() }.file_name();
    Ok(handle.spilled.put(&name, &text)?)
}
