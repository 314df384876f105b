//! Moves the data of displays that nobody shows any more to files: a progress bar or a plot that is drawn anew a thousand times
//! would otherwise stay in memory a thousand times.
//!
//! There is one file per engine, with a line of JSON for the data of each display.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use super::{Spill, Writing, Written, file_name, open_at_end};
use crate::{
    jupyter::content::MimeBundle,
    render::{Files, unseen},
    run::{Moved, Run, Slot},
};

/// The least growth after which it is worth looking for displays again.
const STEP: usize = 4096;

/// What is known of the displays of a run.
#[derive(Debug, Default)]
pub(super) struct Displays {
    files: HashMap<Slot, Written>,
    /// How much the outputs of an engine may take until its displays are looked at again. Looking costs as much as there are
    /// outputs, so it must not happen at each of them.
    due: HashMap<Slot, usize>,
    /// Whether no more is written: it failed, or there was no room. Displays then stay in memory.
    stopped: bool,
}

/// Displays of one engine that nobody shows any more, the name of their file, and how long that is if it exists.
struct Found {
    slot: Slot,
    name: String,
    before: Option<u64>,
    displays: Vec<(usize, MimeBundle)>,
}

/// The displays of one engine that are to be written, with the length of each in the file.
struct Batch {
    slot: Slot,
    path: PathBuf,
    before: Option<u64>,
    displays: Vec<(usize, MimeBundle, usize)>,
}

impl Batch {
    fn bytes(&self) -> u64 {
        self.displays.iter().map(|(_, _, bytes)| *bytes as u64).sum()
    }

    fn write(&self) -> io::Result<()> {
        let mut file = open_at_end(&self.path, self.before)?;
        self.displays.iter().try_for_each(|(_, data, _)| write_line(&mut file, data))?;
        file.flush()
    }
}

/// What became of displays that were to be written.
enum Outcome {
    Written(Vec<Batch>),
    NoRoom,
    /// The user is done with the run, so its files are gone.
    Unwanted,
}

impl Spill {
    /// Moves displays that nobody shows any more out of memory, for those engines whose outputs besides text take more than
    /// `most` bytes.
    ///
    /// # Errors
    /// Once, if they cannot be written; from then on they stay in memory.
    pub(super) async fn move_displays(
        &mut self,
        run: &mut Run,
        mut slots: Vec<Slot>,
        most: usize,
    ) -> Result<(), String> {
        if self.displays.stopped || self.writing == Writing::Failed {
            return Ok(());
        }
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|slot| {
            let due = self.displays.due.get(slot).copied().unwrap_or(most);
            run.part(*slot).is_some_and(|part| part.others() > due)
        });
        let found: Vec<_> = slots
            .iter()
            .filter_map(|&slot| {
                let part = run.part(slot)?;
                let displays = unseen(part);
                let before = self.displays.files.get(&slot).map(|file| file.bytes);
                let name = file_name(slot, part.engine.0, "-displays.jsonl");
                (!displays.is_empty()).then_some(Found { slot, name, before, displays })
            })
            .collect();
        let result = if found.is_empty() { Ok(()) } else { self.write_displays(run, found).await };
        for slot in slots {
            let left = run.part(slot).map_or(0, |part| part.others());
            self.displays.due.insert(slot, most.max(left.saturating_add(STEP.max(most / 2))));
        }
        result
    }

    async fn write_displays(&mut self, run: &mut Run, found: Vec<Found>) -> Result<(), String> {
        let folder = Arc::clone(&self.folder);
        let writing = tokio::task::spawn_blocking(move || {
            let path = folder.path()?;
            let mut batches = Vec::new();
            for Found { slot, name, before, displays } in found {
                let with_length = |(output, data)| length(&data).map(|bytes| (output, data, bytes));
                let displays = displays.into_iter().map(with_length).collect::<io::Result<_>>()?;
                batches.push(Batch { slot, path: path.join(name), before, displays });
            }
            let bytes = batches.iter().map(Batch::bytes).sum();
            if !folder.space.take(&folder, bytes) {
                return Ok(Outcome::NoRoom);
            }
            let mut usage = folder.usage();
            let written = if usage.hold == Files::Gone {
                Ok(Outcome::Unwanted)
            } else {
                let written = batches.iter().try_for_each(|batch| {
                    batch.write().map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: {error}", batch.path.display()))
                    })
                });
                written.map(|()| Outcome::Written(batches))
            };
            if !matches!(written, Ok(Outcome::Written(_))) {
                usage.bytes = usage.bytes.saturating_sub(bytes);
            }
            written
        });
        let outcome: io::Result<Outcome> = writing.await.expect("writing files does not panic");
        match outcome {
            Ok(Outcome::Written(batches)) => {
                batches.into_iter().for_each(|batch| self.moved(run, batch));
                Ok(())
            }
            outcome => {
                self.displays.stopped = true;
                match outcome {
                    Err(error) => Err(format!(
                        "The displays of run {} are kept in memory, since they could not be written to {error}",
                        run.id.0
                    )),
                    Ok(Outcome::NoRoom) if self.folder.files() != Files::Gone => Err(format!(
                        "The displays of run {} are kept in memory, since the files of all runs may take no more than {} MB \
                         (pxlens.limits, files)",
                        run.id.0,
                        self.limits.files / 1_000_000
                    )),
                    Ok(_) => Ok(()),
                }
            }
        }
    }

    /// Drops from memory what was written.
    fn moved(&mut self, run: &mut Run, batch: Batch) {
        let path = match self.displays.files.get(&batch.slot) {
            Some(file) => Arc::clone(&file.path),
            None => batch.path.into(),
        };
        let mut end = batch.before.unwrap_or(0);
        let mut moved = Vec::with_capacity(batch.displays.len());
        for (output, _, bytes) in batch.displays {
            moved.push(Moved { output, file: Arc::clone(&path), start: end, bytes });
            end += bytes as u64;
        }
        self.displays.files.insert(batch.slot, Written { path, bytes: end });
        run.move_out(batch.slot, moved);
    }
}

fn write_line(out: &mut impl Write, data: &MimeBundle) -> io::Result<()> {
    serde_json::to_writer(&mut *out, data)?;
    out.write_all(b"\n")
}

/// How many bytes a display takes in the file.
fn length(data: &MimeBundle) -> io::Result<usize> {
    struct Count(usize);

    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    write_line(&mut count, data)?;
    Ok(count.0)
}
