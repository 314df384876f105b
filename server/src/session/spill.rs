//! Moves the text of runs to files when there is too much of it to keep in memory: one file per engine, with everything
//! the engine wrote, in order of arrival.
//!
//! The run keeps both ends of the text, and the path of the file. The files live as long as the run is kept, unless its
//! result is cleared, or others need the room ([`space`]).

mod displays;
mod space;

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use tempfile::TempDir;

use displays::Displays;
use space::Usage;
pub(crate) use space::{Reading, SpillSpace};

use super::settings::Limits;
use crate::{
    cluster::process,
    ownership, private,
    render::Files,
    run::{Event, EventKind, OutputKind, Run, RunId, Slot, Text},
};

/// The folder for one run's files. It is made when the first file is written, and deleted with its last holder.
#[derive(Debug)]
pub(crate) struct SpillFolder {
    space: Arc<SpillSpace>,
    limits: Limits,
    run: RunId,
    made: OnceLock<Made>,
    /// Held while files are written, so that none is deleted meanwhile.
    usage: Mutex<Usage>,
}

/// A folder that was made, and the lock that tells other processes that it is in use.
#[derive(Debug)]
struct Made {
    lock: Option<File>,
    /// `None` only while this is being dropped.
    folder: Option<TempDir>,
    path: PathBuf,
}

impl Made {
    fn new(folder: TempDir) -> Self {
        // On a file system without locks the folder has no lock file, and other processes leave it alone.
        Self { lock: lock(folder.path()).ok(), path: folder.path().to_owned(), folder: Some(folder) }
    }
}

/// The last holder may be a task that must not block, and the folder may hold gigabytes, so it is deleted on another
/// thread. If the runtime ends first, the next process that makes such a folder deletes it.
impl Drop for Made {
    fn drop(&mut self) {
        let (lock, folder) = (self.lock.take(), self.folder.take());
        let remove = move || {
            // On some systems an open file cannot be removed.
            drop(lock);
            drop(folder);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

impl SpillFolder {
    /// The folder for a run, in the folder that the limits name, or else in the user's cache folder, or else in the
    /// system's temporary folder.
    pub(crate) fn new(space: Arc<SpillSpace>, limits: Limits, run: RunId) -> Self {
        Self { space, limits, run, made: OnceLock::new(), usage: Mutex::default() }
    }

    /// The folder, which is made now if it does not exist; only its owner can open it.
    fn path(&self) -> io::Result<&Path> {
        if self.made.get().is_none() {
            let parent = self.limits.folder.clone().unwrap_or_else(cache);
            let made = match self.limits.folder {
                Some(_) => private::make_folder(&parent),
                None => private::make_own_folder(&parent),
            };
            let made = made
                .and_then(|()| {
                    sweep(&parent);
                    let prefix = format!("{}{}-{}-", owner(), std::process::id(), self.run);
                    Ok(Made::new(private::temporary_folder(&prefix, &parent)?))
                })
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", parent.display())))?;
            // If another thread was faster, the folder made here is dropped.
            let _ = self.made.set(made);
        }
        Ok(self.made.get().expect("it was just set").path.as_path())
    }

    /// Writes a text to a file of this name, which only its owner can read.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn put(self: &Arc<Self>, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path()?.join(name);
        let before = fs::metadata(&path).map_or(0, |file| file.len());
        let more = (text.len() as u64).saturating_sub(before);
        let written = if self.space.take(self, more) {
            private::write_file(&path, |out| out.write_all(text.as_bytes()))
        } else {
            Err(io::Error::other("files of runs may take no more room (see the setting pxlens.limits)"))
        };
        written.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(path)
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        space::lock(&self.usage)
    }

    /// Notes that the run has ended, and that its files may make room for those of others.
    pub(super) fn run_is_over(&self) {
        self.usage().is_over = true;
    }

    /// Keeps the files while somebody is about to read them.
    pub(super) fn reading(self: &Arc<Self>) -> Reading {
        self.usage().readers += 1;
        Reading(Arc::clone(self))
    }

    /// What the files hold of the text that is not in memory.
    pub(crate) fn files(&self) -> Files {
        self.usage().hold
    }

    /// Why text could not be read back, as a sentence without its capital letter.
    pub(super) fn why_unread(&self, error: &io::Error) -> String {
        match self.files() {
            Files::Whole => format!("text that was moved to a file cannot be read: {error}"),
            Files::Beginning => {
                "there was no room for all of the text (see the setting pxlens.limits); its middle is missing"
                    .to_owned()
            }
            Files::Gone => {
                "the files with the middle of the text were deleted, to make room or since the result was cleared".to_owned()
            }
        }
    }

    /// Deletes the files, and has no more written. Blocking.
    pub(super) fn discard(&self) {
        self.discard_locked(&mut self.usage());
    }

    /// Deletes the files of a run that has ended, unless they are being read; returns how many bytes that frees.
    fn discard_if_idle(&self) -> u64 {
        let mut usage = self.usage();
        let is_idle = usage.is_over && usage.readers == 0 && usage.bytes > 0;
        if is_idle { self.discard_locked(&mut usage) } else { 0 }
    }

    fn discard_locked(&self, usage: &mut Usage) -> u64 {
        usage.hold = Files::Gone;
        // The folder stays, with its lock: documents may still be written to it.
        let folder = self.made.get().and_then(|made| fs::read_dir(&made.path).ok());
        for entry in folder
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| ![LOCK, UNLOCKED].iter().any(|lock| entry.file_name() == *lock))
        {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::debug!(%error, "a file of spilled text could not be deleted");
            }
        }
        std::mem::take(&mut usage.bytes)
    }

    /// Deletes the folder even if others still hold this.
    pub(super) fn clear(&self) {
        let Some(made) = self.made.get() else { return };
        if let Err(error) = fs::remove_dir_all(&made.path) {
            // The next process that makes such a folder deletes it.
            tracing::debug!(%error, "a folder of spilled text could not be deleted");
        }
    }
}

/// The prefix of this machine's folders, since machines may share a home folder. No host name holds an `@`.
fn owner() -> String {
    format!("{}@", process::host_name().unwrap_or_default())
}

/// The file in a folder that is locked while the folder is in use.
const LOCK: &str = ".lock";

/// The name of that file before it is locked; it keeps this name on a file system without locks.
const UNLOCKED: &str = ".unlocked";

/// A folder is empty and without a lock only while it is being made; after this time it counts as abandoned.
const MADE_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a locked file in a folder. It gets its name only once it is locked, so that no other process can lock it
/// first.
fn lock(folder: &Path) -> io::Result<File> {
    let unnamed = folder.join(UNLOCKED);
    let file = private::create_file(&unnamed)?;
    file.try_lock()?;
    fs::rename(unnamed, folder.join(LOCK))?;
    Ok(file)
}

/// Deletes what the user's killed processes left in the folder for spilled text, or else in the default one. Blocking.
pub(super) fn sweep_left_behind(parent: Option<&Path>) {
    match parent {
        Some(parent) => sweep(parent),
        None => sweep(&cache()),
    }
}

/// Deletes the folders of this machine's processes that were killed: the system has released their locks.
fn sweep(parent: &Path) {
    let owner = owner();
    // A folder that cannot be listed must not keep the caller from writing.
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&owner));
        if is_ours
            && is_abandoned(&entry.path())
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            // Another process may be deleting it as well.
            tracing::debug!(%error, "a folder that was left behind could not be deleted");
        }
    }
}

/// Whether the process that used a folder has ended.
fn is_abandoned(folder: &Path) -> bool {
    // In a folder that many users share, others may have made it, and a named pipe in it would be waited for.
    let is_ours = |file: &Path| fs::symlink_metadata(file).map(|file| ownership::is_ours(&file));
    if !is_ours(folder).unwrap_or(false) || !is_ours(&folder.join(LOCK)).unwrap_or(true) {
        return false;
    }
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound && is_unfinished(folder).unwrap_or(false),
    }
}

/// Whether the process that made a folder was killed before it wrote anything to it.
fn is_unfinished(folder: &Path) -> io::Result<bool> {
    let made = fs::symlink_metadata(folder)?.modified()?;
    if made.elapsed().is_ok_and(|since| since > MADE_WITHIN) {
        for entry in fs::read_dir(folder)? {
            if entry?.file_name() != UNLOCKED {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(false)
}

/// The default folder for spilled text.
fn cache() -> PathBuf {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir(), |dirs| dirs.cache_dir())
        .join("pxlens")
        .join("spilled")
}

/// Bytes of text that are applied before text is moved out of memory. After a pause, much more may be waiting than the
/// run may keep.
const SLICE: usize = 1 << 20;

/// An event in parts whose text is not larger than a slice. Each is copied only when its turn comes.
fn parts(event: Event) -> impl Iterator<Item = Event> {
    let mut whole = Some(event);
    let mut taken = 0;
    std::iter::from_fn(move || {
        let Event { slot, at, kind } = whole.as_ref()?;
        if let EventKind::Stream { name, text } = kind
            && let rest = &text[taken..]
            && rest.len() > SLICE
        {
            let text = rest[..rest.floor_char_boundary(SLICE)].to_owned();
            taken += text.len();
            return Some(Event { slot: *slot, at: *at, kind: EventKind::Stream { name: *name, text } });
        }
        let mut last = whole.take()?;
        if let EventKind::Stream { text, .. } = &mut last.kind {
            text.drain(..taken);
        }
        Some(last)
    })
}

/// Applies a run's events, and keeps its text in memory within its limits.
#[derive(Debug)]
pub(super) struct Spill {
    limits: Limits,
    folder: Arc<SpillFolder>,
    files: HashMap<Slot, Written>,
    displays: Displays,
    writing: Writing,
}

/// Whether text is still written to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    /// What is too much for memory is written.
    On,
    /// Files may take no more room. What is too much for memory is dropped, except both ends.
    Full,
    /// No, since it failed. All text stays in memory.
    Failed,
}

/// The file of an engine, and the number of bytes written to it.
#[derive(Clone, Debug)]
struct Written {
    path: Arc<Path>,
    bytes: u64,
}

/// Text to write.
enum Piece {
    Kept(Text),
    New(String),
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Self::Kept(text) => text.kept(),
            Self::New(text) => text.len(),
        }
    }
}

impl Spill {
    pub(super) fn new(limits: Limits, folder: Arc<SpillFolder>) -> Self {
        Self { limits, folder, files: HashMap::new(), displays: Displays::default(), writing: Writing::On }
    }

    /// Applies events, then moves text to files where there is too much of it.
    ///
    /// # Errors
    /// Once, if text cannot be written, and from then on all output is kept in memory; or if there is no more room for it.
    pub(super) async fn apply(
        &mut self,
        run: &mut Run,
        events: impl Iterator<Item = Event>,
    ) -> Result<(), String> {
        let mut events = events.flat_map(parts).peekable();
        let mut result = Ok(());
        while events.peek().is_some() {
            // It fails once at most.
            result = result.and(self.apply_slice(run, &mut events).await);
        }
        result
    }

    async fn apply_slice(
        &mut self,
        run: &mut Run,
        events: &mut impl Iterator<Item = Event>,
    ) -> Result<(), String> {
        let most = self.limits.of_engine(run.request.engines.len());
        let mut pending: HashMap<Slot, Vec<Piece>> = HashMap::new();
        let mut grown = Vec::new();
        let mut touched = Vec::new();
        let mut bytes = 0;
        for event in events {
            let slot = event.slot;
            if let EventKind::Stream { text, .. } = &event.kind {
                if self.files.contains_key(&slot) && self.writing == Writing::On {
                    pending.entry(slot).or_default().push(Piece::New(text.clone()));
                }
                grown.push(slot);
            }
            if touched.last() != Some(&slot) {
                touched.push(slot);
            }
            bytes += event.kind.size();
            run.apply(event);
            if bytes >= SLICE {
                break;
            }
        }
        if self.writing == Writing::Failed {
            return Ok(());
        }
        grown.sort_unstable();
        grown.dedup();
        grown.retain(|slot| run.part(*slot).is_some_and(|part| part.kept() > most));
        for &slot in grown.iter().filter(|slot| !self.files.contains_key(slot)) {
            let Some(part) = run.part(slot) else { continue };
            let texts = part.outputs.iter().filter_map(|output| match &output.kind {
                OutputKind::Stream(_, text) => Some(Piece::Kept(text.clone())),
                _ => None,
            });
            pending.insert(slot, texts.collect());
        }
        let mut result = Ok(());
        if !pending.is_empty() {
            let before = self.writing;
            match self.write(run, pending).await {
                Ok(()) => {}
                Err(NotWritten::Failed(why)) => {
                    self.writing = Writing::Failed;
                    return Err(why);
                }
                Err(NotWritten::NoRoom) => {
                    self.writing = Writing::Full;
                    // The files of a run that was cleared are not missed.
                    if before == Writing::On && self.folder.files() != Files::Gone {
                        result = Err(self.no_room(run.id));
                    }
                }
            }
        }
        for slot in grown {
            if let Some(file) = self.files.get(&slot) {
                run.hide(slot, most, Arc::clone(&file.path));
            }
        }
        result.and(self.move_displays(run, touched, most).await)
    }

    fn no_room(&self, run: RunId) -> String {
        format!(
            "Run {} writes more than fits into the {} MB that the files of all runs may take (pxlens.limits, files): of \
             what follows, only the end of each engine's output is kept",
            run.0,
            self.limits.files / 1_000_000
        )
    }

    /// Writes text to files; an engine that has none yet gets one.
    async fn write(&mut self, run: &Run, pending: HashMap<Slot, Vec<Piece>>) -> Result<(), NotWritten> {
        let engine = |slot: Slot| run.part(slot).map_or(0, |part| part.engine.0);
        let names: HashMap<Slot, String> =
            pending.keys().map(|&slot| (slot, file_name(slot, engine(slot), ".txt"))).collect();
        let before: HashMap<Slot, u64> =
            pending.keys().filter_map(|slot| Some((*slot, self.files.get(slot)?.bytes))).collect();
        let folder = Arc::clone(&self.folder);
        let is_full = self.writing == Writing::Full;
        let bytes = pending.values().flatten().map(|piece| piece.bytes() as u64).sum();
        let written = tokio::task::spawn_blocking(move || {
            let path = folder.path()?;
            let has_room = !is_full && folder.space.take(&folder, bytes);
            let mut usage = folder.usage();
            if !has_room || usage.hold != Files::Whole {
                if has_room {
                    usage.bytes = usage.bytes.saturating_sub(bytes);
                }
                if usage.hold == Files::Whole {
                    usage.hold = Files::Beginning;
                }
                let unwritten =
                    |slot: &Slot| (*slot, Written { path: path.join(&names[slot]).into(), bytes: 0 });
                return Ok((pending.keys().map(unwritten).collect(), false));
            }
            let written = pending
                .into_iter()
                .map(|(slot, pieces)| {
                    let file = path.join(&names[&slot]);
                    let bytes = append(&file, before.get(&slot).copied(), &pieces).map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: {error}", file.display()))
                    })?;
                    Ok((slot, Written { path: file.into(), bytes }))
                })
                .collect::<io::Result<Vec<(Slot, Written)>>>();
            if written.is_err() {
                usage.bytes = usage.bytes.saturating_sub(bytes);
            }
            Ok((written?, true))
        });
        let written: io::Result<(Vec<(Slot, Written)>, bool)> =
            written.await.expect("writing files does not panic");
        let (written, has_room) = written.map_err(|error| {
            NotWritten::Failed(format!(
                "The output of run {} is kept in memory, since it could not be written to {error}",
                run.id.0
            ))
        })?;
        for (slot, written) in written {
            // Only the path of one that was not written counts, for an engine that has no file.
            match self.files.entry(slot) {
                Entry::Occupied(mut entry) if has_room => drop(entry.insert(written)),
                Entry::Occupied(_) => {}
                Entry::Vacant(entry) => drop(entry.insert(written)),
            }
        }
        if has_room { Ok(()) } else { Err(NotWritten::NoRoom) }
    }
}

/// Why text was not written to files.
enum NotWritten {
    /// Files of runs may take no more room.
    NoRoom,
    /// It failed; this is a sentence for the user.
    Failed(String),
}

/// A file name with the engine's id; also with the slot, if a run sends to the same engine twice.
fn file_name(slot: Slot, engine: u32, ending: &str) -> String {
    if slot.0 == engine {
        format!("engine-{engine}{ending}")
    } else {
        format!("engine-{engine}-request-{}{ending}", slot.0)
    }
}

/// Appends to a file that has this many bytes, or makes it; returns its new length. Offsets in the file must be offsets
/// in the engine's text, so nothing is appended to a file that was deleted or changed by others.
fn append(file: &Path, before: Option<u64>, pieces: &[Piece]) -> io::Result<u64> {
    let mut file = open_at_end(file, before)?;
    for piece in pieces {
        match piece {
            Piece::New(text) => file.write_all(text.as_bytes())?,
            Piece::Kept(text) => text.chunks().try_for_each(|chunk| file.write_all(chunk.as_bytes()))?,
        }
    }
    file.flush()?;
    Ok(file.get_ref().metadata()?.len())
}

/// Opens a file that has this many bytes for more, or makes it.
fn open_at_end(file: &Path, before: Option<u64>) -> io::Result<BufWriter<File>> {
    let file = private::options().append(true).create_new(before.is_none()).open(file)?;
    if file.metadata()?.len() != before.unwrap_or(0) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "another program has changed it"));
    }
    Ok(BufWriter::new(file))
}

#[cfg(test)]
mod tests;
