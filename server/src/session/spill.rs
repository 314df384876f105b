//! Text of runs that is too much for the memory goes to files: one per engine, with all that it wrote, in order of arrival.
//!
//! The run keeps both ends of it, and says where the rest is. The files live as long as the run is kept.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use tempfile::TempDir;

use super::settings::Limits;
use crate::{
    cluster::process,
    private,
    run::{Event, EventKind, OutputKind, Run, RunId, Slot, Text},
};

/// The folder of one run's files; there only once something is put in it, and gone with the last of its holders.
#[derive(Debug)]
pub(crate) struct SpillFolder {
    parent: Option<PathBuf>,
    run: RunId,
    made: OnceLock<Made>,
}

/// A folder, and the lock that keeps it from being taken for one that was left behind.
#[derive(Debug)]
struct Made {
    lock: Option<File>,
    /// There until this is dropped.
    folder: Option<TempDir>,
    path: PathBuf,
}

impl Made {
    fn new(folder: TempDir) -> Self {
        // Where the file system has no locks, the folder has none that could be taken, and is left alone.
        Self { lock: lock(folder.path()).ok(), path: folder.path().to_owned(), folder: Some(folder) }
    }
}

/// The last holder may be a task that must not wait, and there may be GBs in the folder: it goes beside that. Where the runtime
/// ends before, the next that makes a folder takes it away.
impl Drop for Made {
    fn drop(&mut self) {
        let (lock, folder) = (self.lock.take(), self.folder.take());
        let remove = move || {
            // On some systems a file that is open cannot be removed.
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
    /// For a run; in `parent`, else in the user's cache folder, else where the system keeps what is temporary.
    pub(crate) fn new(parent: Option<PathBuf>, run: RunId) -> Self {
        Self { parent, run, made: OnceLock::new() }
    }

    /// The folder, made now if it is not there yet; only its owner can look into it.
    fn path(&self) -> io::Result<&Path> {
        if self.made.get().is_none() {
            let parent = self.parent.clone().unwrap_or_else(cache);
            let made = fs::create_dir_all(&parent)
                .and_then(|()| {
                    sweep(&parent);
                    let prefix = format!("{}{}-{}-", owner(), std::process::id(), self.run);
                    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&parent)?;
                    Ok(Made::new(folder))
                })
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", parent.display())))?;
            // Where somebody else was faster, this one goes again.
            let _ = self.made.set(made);
        }
        Ok(self.made.get().expect("it was just set").path.as_path())
    }

    /// Puts a text into a file of this name that only its owner can read.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn put(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path()?.join(name);
        private::write_file(&path, |out| out.write_all(text.as_bytes()))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(path)
    }

    /// Takes the folder away, whoever still holds this.
    pub(super) fn clear(&self) {
        let Some(made) = self.made.get() else { return };
        if let Err(error) = fs::remove_dir_all(&made.path) {
            // The next that makes one takes it away.
            tracing::debug!(%error, "a folder of spilled text stays");
        }
    }
}

/// How the folders of this machine begin, since a home folder may be that of many. No host name holds an `@`.
fn owner() -> String {
    format!("{}@", process::host_name().unwrap_or_default())
}

/// The file in a folder that is locked as long as the folder is in use.
const LOCK: &str = ".lock";

/// What that file is called before it is locked, and for good where the file system has no locks.
const UNLOCKED: &str = ".unlocked";

/// A folder without a lock has nothing in it only while it is made: after so long nobody is at that any more.
const MADE_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Puts a locked file into a folder. It has its name only once it is locked, so that nobody else can be faster.
fn lock(folder: &Path) -> io::Result<File> {
    let unnamed = folder.join(UNLOCKED);
    let file = File::create(&unnamed)?;
    file.try_lock()?;
    fs::rename(unnamed, folder.join(LOCK))?;
    Ok(file)
}

/// Takes away what processes of this machine left behind that were killed: the system gave their locks up.
fn sweep(parent: &Path) {
    let owner = owner();
    // What cannot be looked at is no reason to write nothing.
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&owner));
        if is_ours
            && is_left(&entry.path())
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            // Another process may be at it as well.
            tracing::debug!(%error, "a folder that was left behind stays");
        }
    }
}

/// Whether no process is behind a folder any more.
fn is_left(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound && is_unfinished(folder).unwrap_or(false),
    }
}

/// Whether the process that made a folder was killed before it put anything into it.
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

/// Where spilled text goes unless the user says otherwise.
fn cache() -> PathBuf {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir(), |dirs| dirs.cache_dir())
        .join("pxlens")
        .join("spilled")
}

/// Bytes of text that are taken in before what is too much is moved out of memory: a run that could not be served for a while
/// finds much more waiting than it may keep.
const SLICE: usize = 1 << 20;

/// Takes a run's events in, and keeps what it holds in memory within its limits.
#[derive(Debug)]
pub(super) struct Spill {
    limits: Limits,
    folder: Arc<SpillFolder>,
    files: HashMap<Slot, Written>,
    /// Nothing is moved out of memory any more, since it could not be written.
    has_failed: bool,
}

/// The file of an engine, and how many bytes were written to it.
#[derive(Clone, Debug)]
struct Written {
    path: Arc<Path>,
    bytes: u64,
}

/// Text that is to be written.
enum Piece {
    Kept(Text),
    New(String),
}

impl Spill {
    pub(super) fn new(limits: Limits, folder: Arc<SpillFolder>) -> Self {
        Self { limits, folder, files: HashMap::new(), has_failed: false }
    }

    /// Applies events, then moves text out of memory where it is too much.
    ///
    /// # Errors
    /// Once, where text cannot be written; from then on all that comes is kept in memory.
    pub(super) async fn take_in(
        &mut self,
        run: &mut Run,
        events: impl Iterator<Item = Event>,
    ) -> Result<(), String> {
        let mut events = events.peekable();
        let mut told = Ok(());
        while events.peek().is_some() {
            // It fails once at most.
            told = told.and(self.take_slice(run, &mut events).await);
        }
        told
    }

    async fn take_slice(
        &mut self,
        run: &mut Run,
        events: &mut impl Iterator<Item = Event>,
    ) -> Result<(), String> {
        let most = self.limits.of_engine(run.request.engines.len());
        let mut pending: HashMap<Slot, Vec<Piece>> = HashMap::new();
        let mut grown = Vec::new();
        let mut bytes = 0;
        for event in events {
            let slot = event.slot;
            if let EventKind::Stream { text, .. } = &event.kind {
                if self.files.contains_key(&slot) && !self.has_failed {
                    pending.entry(slot).or_default().push(Piece::New(text.clone()));
                }
                grown.push(slot);
                bytes += text.len();
            }
            run.apply(event);
            if bytes >= SLICE {
                break;
            }
        }
        if self.has_failed {
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
        if !pending.is_empty() {
            self.write(run, pending).await.inspect_err(|_| self.has_failed = true)?;
        }
        for slot in grown {
            if let Some(file) = self.files.get(&slot) {
                run.hide(slot, most, Arc::clone(&file.path));
            }
        }
        Ok(())
    }

    async fn write(&mut self, run: &Run, pending: HashMap<Slot, Vec<Piece>>) -> Result<(), String> {
        let engine = |slot: Slot| run.part(slot).map_or(0, |part| part.engine.0);
        let names: HashMap<Slot, String> =
            pending.keys().map(|&slot| (slot, file_name(slot, engine(slot)))).collect();
        let before: HashMap<Slot, u64> =
            pending.keys().filter_map(|slot| Some((*slot, self.files.get(slot)?.bytes))).collect();
        let folder = Arc::clone(&self.folder);
        let written = tokio::task::spawn_blocking(move || {
            let folder = folder.path()?;
            pending
                .into_iter()
                .map(|(slot, pieces)| {
                    let file = folder.join(&names[&slot]);
                    let bytes = append(&file, before.get(&slot).copied(), &pieces).map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: {error}", file.display()))
                    })?;
                    Ok((slot, Written { path: file.into(), bytes }))
                })
                .collect::<io::Result<Vec<(Slot, Written)>>>()
        });
        let written = written.await.expect("writing files does not panic");
        self.files.extend(written.map_err(|error| {
            format!("the output of {} is kept in memory, since it could not be written to {error}", run.id)
        })?);
        Ok(())
    }
}

/// The name says the engine; where that is asked twice, the slot as well.
fn file_name(slot: Slot, engine: u32) -> String {
    if slot.0 == engine {
        format!("engine-{engine}.txt")
    } else {
        format!("engine-{engine}-request-{}.txt", slot.0)
    }
}

/// Adds to a file that has this many bytes, or makes it; gives how many it has then. Places in the file are places in what the
/// engine wrote: to one that somebody took away or changed nothing is added.
fn append(file: &Path, before: Option<u64>, pieces: &[Piece]) -> io::Result<u64> {
    let file = OpenOptions::new().append(true).create_new(before.is_none()).open(file)?;
    if file.metadata()?.len() != before.unwrap_or(0) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it was changed by somebody else"));
    }
    let mut file: BufWriter<File> = BufWriter::new(file);
    for piece in pieces {
        match piece {
            Piece::New(text) => file.write_all(text.as_bytes())?,
            Piece::Kept(text) => text.chunks().try_for_each(|chunk| file.write_all(chunk.as_bytes()))?,
        }
    }
    file.flush()?;
    Ok(file.get_ref().metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engines::EngineId,
        jupyter::content::StreamName,
        run::{RunRequest, Time},
    };

    fn run(engines: u32) -> Run {
        let engines = (0..engines).map(EngineId).collect();
        Run::new(RunId(7), Arc::new(RunRequest { code: "f()".into(), engines, single: false }), Time(0))
    }

    fn wrote(slot: u32, text: &str) -> Event {
        let kind = EventKind::Stream { name: StreamName::Stdout, text: text.to_owned() };
        Event { slot: Slot(slot), at: Time(0), kind }
    }

    fn spill(engine_text: usize, parent: &Path) -> Spill {
        let limits = Limits { engine_text, run_text: usize::MAX, ..Limits::NONE };
        Spill::new(limits, Arc::new(SpillFolder::new(Some(parent.to_owned()), RunId(7))))
    }

    #[tokio::test]
    async fn what_is_too_much_is_in_the_file_whole_and_both_ends_in_memory() {
        let parent = tempfile::tempdir().expect("a folder");
        let mut spill = spill(2000, parent.path());
        let mut run = run(2);
        let lines: Vec<String> = (0..1000).map(|n| format!("line {n}\n")).collect();
        for lines in lines.chunks(30) {
            let events = lines.iter().map(|line| wrote(1, line)).chain([wrote(0, "x")]);
            spill.take_in(&mut run, events).await.expect("it can be written");
        }
        let part = run.part(Slot(1)).expect("it is there");
        assert!(part.kept() <= 2000, "{}", part.kept());
        let file = part.spilled.clone().expect("it was spilled");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), lines.concat());
        let kept = part.stream(StreamName::Stdout);
        assert!(kept.starts_with("line 0\nline 1\n") && kept.ends_with("line 998\nline 999\n"));
        assert!(run.part(Slot(0)).expect("it is there").spilled.is_none());
        drop(spill);
        goes(&file).await;
    }

    /// Waits until there is no such file.
    async fn goes(file: &Path) {
        let looking = async {
            while file.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        pxlens_tests::within("the file to go with its last holder", looking).await;
    }

    #[test]
    fn who_drops_the_last_hold_of_a_folder_does_not_wait_for_its_end() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
        runtime.expect("a runtime").block_on(async {
            let parent = tempfile::tempdir().expect("a folder");
            let folder = SpillFolder::new(Some(parent.path().to_owned()), RunId(7));
            let file = folder.put("fold.txt", "text").expect("it can be written");
            // What is to be done beside the task waits.
            let (go_on, wait) = std::sync::mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || wait.recv());
            drop(folder);
            assert!(file.exists(), "it was not taken away in this task");
            go_on.send(()).expect("it waits");
            goes(&file).await;
        });
    }

    #[tokio::test]
    async fn nothing_is_added_to_a_file_that_was_taken_away_or_changed() {
        let texts: Vec<String> = (0..4).map(|n| format!("{n:0499}\n")).collect();
        for take_away in [true, false] {
            let parent = tempfile::tempdir().expect("a folder");
            let mut spill = spill(100, parent.path());
            let mut run = run(1);
            spill.take_in(&mut run, [wrote(0, &texts[0])].into_iter()).await.expect("it can be written");
            let file = run.part(Slot(0)).and_then(|part| part.spilled.clone()).expect("it was spilled");
            if take_away {
                fs::remove_file(&file).expect("it is there");
            } else {
                fs::write(&file, "other text").expect("it can be written");
            }
            let error =
                spill.take_in(&mut run, [wrote(0, &texts[1])].into_iter()).await.expect_err("it is gone");
            assert!(error.contains("kept in memory"), "{error}");
            spill.take_in(&mut run, [wrote(0, &texts[2])].into_iter()).await.expect("it is told once");
            let kept = run.part(Slot(0)).expect("it is there").stream(StreamName::Stdout);
            assert!(kept.ends_with(&texts[1..3].concat()), "what came since is in memory");
            assert_eq!(file.exists(), !take_away, "no file in its place could be read for it");
        }
    }

    #[tokio::test]
    async fn what_nobody_holds_the_lock_of_is_taken_away() {
        let parent = tempfile::tempdir().expect("a folder");
        let left = parent.path().join(format!("{}1-r1-abc", owner()));
        let others = parent.path().join(format!("elsewhere{}1-r1-abc", owner()));
        let longer = parent.path().join(format!("{}-12@1-r1-abc", owner().trim_end_matches('@')));
        let live = parent.path().join(format!("{}2-r1-abc", owner()));
        for folder in [&left, &others, &longer, &live] {
            fs::create_dir(folder).expect("it can be made");
        }
        for folder in [&left, &others, &longer] {
            drop(lock(folder).expect("it can be locked"));
        }
        let held = lock(&live).expect("it can be locked");
        let mut spill = spill(100, parent.path());
        let mut run = run(1);
        spill.take_in(&mut run, [wrote(0, &"x".repeat(500))].into_iter()).await.expect("it can be written");
        assert!(!left.exists() && others.exists() && longer.exists() && live.exists());
        drop(held);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_never_locked_nor_used_is_taken_away_after_a_day() {
        let parent = tempfile::tempdir().expect("a folder");
        let made = |name: &str, file: Option<&str>, days: u64| {
            let folder = parent.path().join(format!("{}{name}", owner()));
            fs::create_dir(&folder).expect("it can be made");
            if let Some(file) = file {
                fs::write(folder.join(file), "").expect("it can be written");
            }
            let then = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60);
            File::open(&folder).and_then(|folder| folder.set_modified(then)).expect("its time can be set");
            folder
        };
        let left = [made("1-r1-a", None, 1), made("2-r1-b", Some(UNLOCKED), 1)];
        let others = [made("3-r1-c", None, 0), made("4-r1-d", Some("engine-0.txt"), 1)];
        sweep(parent.path());
        assert!(left.iter().all(|folder| !folder.exists()), "nothing is in them");
        assert!(others.iter().all(|folder| folder.exists()), "one is new, one may be in use");
    }

    #[tokio::test]
    async fn where_nothing_can_be_written_nothing_is_lost() {
        let parent = tempfile::tempdir().expect("a folder");
        let blocked = parent.path().join("file");
        fs::write(&blocked, "").expect("it can be written");
        let mut spill = spill(100, &blocked);
        let mut run = run(1);
        let text = "x".repeat(500);
        let error =
            spill.take_in(&mut run, [wrote(0, &text)].into_iter()).await.expect_err("it is no folder");
        assert!(error.contains("kept in memory"), "{error}");
        spill.take_in(&mut run, [wrote(0, &text)].into_iter()).await.expect("it is told once");
        assert_eq!(run.part(Slot(0)).expect("it is there").stream(StreamName::Stdout), text.repeat(2));
    }
}
