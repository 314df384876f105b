//! Named results (`-o NAME`) on disk: written when a run is over, and read by `pxlens result` and `px/result` at any
//! later time.
//!
//! There is one file per name, readable by its owner alone and written atomically. It holds everything that the engines
//! sent, as the events of `--json`, so that the result can be regrouped without running; text that is no longer in
//! memory is copied from its file. The calls block, so the session makes them outside its task.

use std::{
    ffi::OsStr,
    fs,
    io::{self, BufRead, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::{RunHandle, read_back};
use crate::{
    engines::{EngineId, RankSet},
    json, private,
    render::{GroupBy, JsonEvent, outcome, replay},
    run::{Run, Time},
};

/// How many results are kept; beyond that the oldest is deleted.
const MOST: usize = 50;

/// The version of the format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// Where named results are kept.
#[derive(Clone, Debug)]
pub(crate) struct ResultStore {
    folder: PathBuf,
}

/// The metadata of a kept result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptHead {
    format: u32,
    pub name: String,
    /// The document of its cell: a path, or the URI that the editor gave it.
    pub document: String,
    /// The cell's number in the document, from 1.
    pub cell: u32,
    /// The 1-based line of the magic when it was run.
    pub line: u32,
    /// Of a raw notebook: its cell and the line in it, `cell 3, line 2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The text of that line.
    pub title: String,
    /// When the run was asked for.
    pub at: Time,
    /// The engines, in the order of the requests.
    pub engines: Vec<EngineId>,
    /// A short summary of how it ended.
    pub outcome: String,
    /// The grouping that the cell asked for.
    pub group_by: Option<String>,
    blocking: bool,
    single: bool,
}

/// A result as it was written to disk: its metadata, and what its engines answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptResult {
    #[serde(flatten)]
    pub head: KeptHead,
    events: Vec<JsonEvent>,
}

/// Why a result was not kept, or not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ResultStoreError {
    /// The name cannot be a file name.
    #[error(
        "'{0}' cannot be the name of a result; use letters, digits, '_', '-' and '.', do not begin with '-' or '.', and \
         keep to 64 characters and 200 bytes"
    )]
    BadName(String),
    /// Another result has the file of this name: some file systems ignore case.
    #[error(
        "The names '{name}' and '{other}' mean the same file in {}, and '{other}' was not replaced; choose a name that \
         differs in more than case", folder.display()
    )]
    OneFile {
        name: String,
        /// The name of the result that is in the file.
        other: String,
        folder: PathBuf,
    },
    /// The user's folders are not known.
    #[error(
        "pxlens cannot find a folder for results, since your home folder is not known; set XDG_STATE_HOME"
    )]
    NoFolder,
    /// There is no result of this name.
    #[error("No result is named '{name}'{}", near_names(near))]
    Unknown {
        name: String,
        /// The names of kept results that resemble it, to be suggested.
        near: Vec<String>,
    },
    /// The file cannot be written or read.
    #[error("Cannot access the result '{name}' in {}: {error}", path.display())]
    File { name: String, path: PathBuf, error: io::Error },
    /// The file is too large for an editor.
    #[error(
        "The result '{name}' is {megabytes} MB, too large for an editor; run `pxlens result {name}` in a shell"
    )]
    TooLarge { name: String, megabytes: u64 },
    /// The file is not a result, or of another format.
    #[error("Cannot read the result '{name}' in {}: {why}", path.display())]
    Unreadable { name: String, path: PathBuf, why: String },
}

fn near_names(near: &[String]) -> String {
    match near {
        [] => "; `pxlens result` lists the results that are kept".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

impl KeptResult {
    /// The run, rebuilt from its events.
    pub(crate) fn run(&self) -> Option<Run> {
        replay(&self.events, self.head.single, self.head.blocking)
    }

    /// Its events, in the form of `--json`.
    pub(crate) fn events(&self) -> &[JsonEvent] {
        &self.events
    }
}

impl KeptHead {
    /// The metadata of a run that is kept under this name.
    fn new(name: &str, handle: &RunHandle, run: &Run) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            document: handle.home().to_string(),
            cell: handle.number,
            line: handle.line + 1,
            place: handle.place_name.cell.map(|_| handle.place_name.to_string()),
            title: handle.magic_line.clone(),
            at: run.created,
            engines: run.request.engines.clone(),
            outcome: outcome(run),
            group_by: handle.plan.group_by.map(|by| by.to_string()),
            blocking: run.blocking,
            single: run.request.single,
        }
    }

    /// The grouping that its cell asked for.
    pub(crate) fn wanted_group_by(&self) -> Option<GroupBy> {
        self.group_by.as_deref().and_then(|by| by.parse().ok())
    }

    /// The engines that the run was sent to.
    pub(crate) fn ranks(&self) -> RankSet {
        self.engines.iter().copied().collect()
    }
}

impl ResultStore {
    /// The store in this folder, or else in the user's state folder (`$XDG_STATE_HOME/pxlens/results`).
    ///
    /// # Errors
    /// If the user's folders are not known.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self, ResultStoreError> {
        if let Some(folder) = folder {
            return Ok(Self { folder: folder.to_owned() });
        }
        let dirs = etcetera::choose_base_strategy().map_err(|_| ResultStoreError::NoFolder)?;
        // Windows has no state folder.
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
        Ok(Self { folder: state.join("pxlens").join("results") })
    }

    /// Checks that results can be kept under this name.
    ///
    /// # Errors
    /// If they cannot.
    pub(crate) fn check(name: &str) -> Result<(), ResultStoreError> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let good = !name.is_empty()
            && !name.starts_with(['.', '-'])
            && name.chars().count() <= 64
            // File names have at most 255 bytes.
            && name.len() <= 200
            && name.chars().all(fits);
        if good { Ok(()) } else { Err(ResultStoreError::BadName(name.to_owned())) }
    }

    /// Keeps the output of a run under a name. A result of the same name is replaced, and the oldest results are
    /// deleted if there are too many. Returns why some of its text is missing, if any is.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn keep(&self, name: &str, handle: &RunHandle) -> Result<Vec<String>, ResultStoreError> {
        let run = handle.now();
        let head = KeptHead::new(name, handle, &run);
        let mut missing = Vec::new();
        self.save(&head, |each| {
            missing = read_back::for_each_event(&run, head.cell, each)?;
            Ok(())
        })?;
        Ok(missing)
    }

    fn save(
        &self,
        head: &KeptHead,
        for_each: impl FnOnce(&mut dyn FnMut(&JsonEvent) -> io::Result<()>) -> io::Result<()>,
    ) -> Result<(), ResultStoreError> {
        let name = &head.name;
        Self::check(name)?;
        let path = self.path(name);
        if let Some(there) = read_head(&path)
            && self.is_of_another(name, &there)
        {
            let folder = self.folder.clone();
            return Err(ResultStoreError::OneFile { name: name.clone(), other: there.name, folder });
        }
        private::write_file(&path, |out| write(out, head, for_each))
            .map_err(|error| ResultStoreError::File { name: name.clone(), path, error })?;
        for (_, path) in self.files().into_iter().skip(MOST) {
            // Another pxlens may have deleted it already.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// Reads the result that was kept under this name.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub(crate) fn load(&self, name: &str) -> Result<KeptResult, ResultStoreError> {
        self.load_within(name, u64::MAX)
    }

    /// Like [`ResultStore::load`], but refuses files larger than this many bytes.
    ///
    /// # Errors
    /// As there, and if the file is larger.
    pub(crate) fn load_within(&self, name: &str, most: u64) -> Result<KeptResult, ResultStoreError> {
        Self::check(name)?;
        let path = self.path(name);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ResultStoreError::Unknown { near: self.near(name), name: name.to_owned() });
            }
            Err(error) => return Err(ResultStoreError::File { name: name.to_owned(), path, error }),
        };
        let unreadable =
            |why: String| ResultStoreError::Unreadable { name: name.to_owned(), path: path.clone(), why };
        // Opening a named pipe would block until another process writes to it.
        if !metadata.is_file() {
            return Err(unreadable("it is not a regular file".to_owned()));
        }
        if metadata.len() > most {
            return Err(ResultStoreError::TooLarge {
                name: name.to_owned(),
                megabytes: metadata.len() / 1_000_000,
            });
        }
        let file = fs::File::open(&path).map_err(|error| ResultStoreError::File {
            name: name.to_owned(),
            path: path.clone(),
            error,
        })?;
        let result: KeptResult = match serde_json::from_reader(io::BufReader::new(file)) {
            // The value of an engine may be as deep as serde reads, and here it is in an event.
            Err(error) if error.is_syntax() => {
                fs::read(&path).map_err(serde_json::Error::io).and_then(|text| json::read(&text))
            }
            read => read,
        }
        .map_err(|error| unreadable(error.to_string()))?;
        if result.head.format != FORMAT {
            return Err(unreadable(format!(
                "it has format {}, and this pxlens reads format {FORMAT}",
                result.head.format
            )));
        }
        if self.is_of_another(name, &result.head) {
            return Err(ResultStoreError::Unknown { name: name.to_owned(), near: vec![result.head.name] });
        }
        Ok(result)
    }

    /// The metadata of all results, the newest first; files that are not results are skipped.
    pub(crate) fn list(&self) -> Vec<KeptHead> {
        self.files()
            .into_iter()
            .filter_map(|(_, path)| read_head(&path))
            .filter(|head| head.format == FORMAT)
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    /// Whether the file of this name belongs to another result. A copy that the user made under this name does not.
    fn is_of_another(&self, name: &str, head: &KeptHead) -> bool {
        let real = |name: &str| fs::canonicalize(self.path(name)).ok();
        head.name != name && Self::check(&head.name).is_ok() && real(name) == real(&head.name)
    }

    /// The files of all results, the newest first.
    fn files(&self) -> Vec<(SystemTime, PathBuf)> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let path = entry.path();
                let named = path.extension() == Some(OsStr::new("json"))
                    && !entry.file_name().to_string_lossy().starts_with('.');
                let metadata = fs::metadata(&path).ok().filter(|metadata| named && metadata.is_file())?;
                Some((metadata.modified().ok()?, path))
            })
            .collect();
        files.sort_by(|one, other| other.cmp(one));
        files
    }

    fn near(&self, name: &str) -> Vec<String> {
        let mut near: Vec<(usize, String)> = self
            .files()
            .into_iter()
            .filter_map(|(_, path)| Some(path.file_stem()?.to_str()?.to_owned()))
            .map(|other| (strsim::damerau_levenshtein(name, &other), other))
            .filter(|(far, other)| *far <= 2 || other.starts_with(name) || name.starts_with(other.as_str()))
            .collect();
        near.sort();
        near.into_iter().map(|(_, name)| name).take(3).collect()
    }
}

/// The text between the head and the events. It cannot occur in a string of the head, where its quotes would be
/// escaped.
const EVENTS: &str = ",\"events\":[";

/// Writes what [`KeptResult`] reads, without holding all events in memory.
fn write(
    out: &mut dyn Write,
    head: &KeptHead,
    for_each: impl FnOnce(&mut dyn FnMut(&JsonEvent) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let head = serde_json::to_string(head)?;
    out.write_all(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
    out.write_all(EVENTS.as_bytes())?;
    let mut comma = "";
    for_each(&mut |event| {
        out.write_all(std::mem::replace(&mut comma, ",").as_bytes())?;
        Ok(serde_json::to_writer(&mut *out, event)?)
    })?;
    out.write_all(b"]}")
}

/// The head of a result's file. The rest is not read if the head comes first.
fn read_head(path: &Path) -> Option<KeptHead> {
    /// Enough for the ids of many engines.
    const ROOM: u64 = 1_000_000;
    let mut file = io::BufReader::new(fs::File::open(path).ok()?);
    let mut begin = Vec::new();
    while (begin.len() as u64) < ROOM && file.by_ref().take(ROOM).read_until(b'[', &mut begin).ok()? > 0 {
        if let Some(head) = begin.strip_suffix(EVENTS.as_bytes()) {
            return serde_json::from_slice(&[head, b"}"].concat()).ok();
        }
    }
    serde_json::from_reader(io::BufReader::new(fs::File::open(path).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str) -> KeptResult {
        let text = serde_json::json!({
            "format": FORMAT, "name": name, "document": "a.py", "cell": 1, "line": 2, "title": "%%px", "at": 5,
            "engines": [0], "outcome": "1 engine", "group_by": "type", "blocking": false, "single": true,
            "events": [
                {"event": "run", "code": "x", "engines": [0], "at": 5, "run": 1, "cell": 1},
                {"event": "stdout", "text": "hi\n", "late": false, "run": 1, "cell": 1, "engine": 0, "slot": 0},
            ],
        });
        serde_json::from_value(text).expect("a result")
    }

    fn save(store: &ResultStore, kept: &KeptResult) -> Result<(), ResultStoreError> {
        store.save(&kept.head, |each| kept.events.iter().try_for_each(each))
    }

    fn store() -> (tempfile::TempDir, ResultStore) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = ResultStore::new(Some(&folder.path().join("new/results"))).expect("a folder is given");
        (folder, store)
    }

    #[test]
    fn a_kept_result_is_found_by_its_name() {
        let (_folder, store) = store();
        assert!(store.list().is_empty());
        save(&store, &kept("fit")).expect("it is written");
        let found = store.load("fit").expect("it is there");
        assert_eq!(found, kept("fit"));
        let run = found.run().expect("it is a run");
        assert!(!run.blocking && run.request.single);
        assert_eq!(store.list(), [kept("fit").head]);
        assert_eq!(found.head.wanted_group_by(), Some(GroupBy::Type));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_result() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&store.path("fit")), mode(&store.folder)), (0o600, 0o700));
    }

    #[test]
    fn an_unknown_name_is_answered_with_similar_ones() {
        let (_folder, store) = store();
        assert_eq!(
            store.load("fit").expect_err("nothing is there").to_string(),
            "No result is named 'fit'; `pxlens result` lists the results that are kept"
        );
        for name in ["first", "fit2", "other"] {
            save(&store, &kept(name)).expect("it is written");
        }
        let error = store.load("fit").expect_err("not that one");
        assert_eq!(error.to_string(), "No result is named 'fit'; did you mean fit2 or first?");
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let (_folder, store) = store();
        for name in
            ["", "../x", "a/b", ".hidden", "-o", "a b", "c:x", "x\0", &"x".repeat(65), &"𝔵".repeat(64)]
        {
            assert!(matches!(store.load(name), Err(ResultStoreError::BadName(_))), "{name:?}");
            assert!(matches!(save(&store, &kept(name)), Err(ResultStoreError::BadName(_))), "{name:?}");
        }
        assert!(["ar", "größe_2", "a.b-c"].into_iter().all(|name| ResultStore::check(name).is_ok()));
    }

    /// The link stands in for a file system that ignores case.
    #[cfg(unix)]
    #[test]
    fn a_result_is_not_replaced_or_shown_by_another_name_of_its_file() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        std::os::unix::fs::symlink(store.path("fit"), store.path("Fit")).expect("it can be made");
        let error = store.load("Fit").expect_err("that is another").to_string();
        assert_eq!(error, "No result is named 'Fit'; did you mean fit?");
        let error = save(&store, &kept("Fit")).expect_err("that is another").to_string();
        assert!(error.starts_with("The names 'Fit' and 'fit' mean the same file in"), "{error}");
        assert_eq!(store.load("fit").expect("it is there"), kept("fit"));
        save(&store, &kept("fit")).expect("it replaces itself");
        // A copy that the user made is shown, and may be replaced.
        fs::copy(store.path("fit"), store.path("old")).expect("it can be copied");
        assert_eq!(store.load("old").expect("it is there"), kept("fit"));
        save(&store, &kept("old")).expect("it is written");
    }

    #[test]
    fn the_oldest_results_are_deleted_if_there_are_too_many() {
        let (_folder, store) = store();
        let old = SystemTime::now() - std::time::Duration::from_secs(3600);
        save(&store, &kept("oldest")).expect("it is written");
        let file = fs::File::options().write(true).open(store.path("oldest")).expect("it is there");
        file.set_modified(old).expect("its time can be set");
        for number in 0..MOST {
            save(&store, &kept(&format!("n{number}"))).expect("it is written");
        }
        assert_eq!(store.list().len(), MOST);
        assert!(matches!(store.load("oldest"), Err(ResultStoreError::Unknown { .. })));
    }

    #[test]
    fn a_head_is_read_alone_whatever_its_strings_hold() {
        let (_folder, store) = store();
        let mut fit = kept("fit");
        fit.head.title = "%%px ,\"events\":[ -o fit".to_owned();
        save(&store, &fit).expect("it is written");
        let path = store.path("fit");
        assert_eq!(read_head(&path), Some(fit.head.clone()));
        // The text after the head is not read, but a head that comes last is found too.
        let text = fs::read_to_string(&path).expect("it is there");
        fs::write(&path, text.replace("\"event\":\"stdout\"", "\"event\":")).expect("it is written");
        assert_eq!(read_head(&path), Some(fit.head.clone()));
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        fs::write(&path, serde_json::to_string_pretty(&value).expect("it is JSON")).expect("it is written");
        assert_eq!(read_head(&path), Some(fit.head));
    }

    #[test]
    fn a_result_too_large_for_an_editor_is_not_read() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        let error = store.load_within("fit", 10).expect_err("it is larger");
        assert!(error.to_string().ends_with("run `pxlens result fit` in a shell"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn anything_but_a_regular_file_is_skipped_and_never_waited_for() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        nix::unistd::mkfifo(&store.path("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("it is made");
        fs::create_dir(store.path("folder")).expect("it is made");
        assert_eq!(store.list(), [kept("fit").head]);
        for name in ["pipe", "folder"] {
            let error = store.load(name).expect_err("it is no file");
            assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_a_result_is_reported_and_left_alone() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        fs::write(store.path("broken"), "{").expect("it is written");
        assert!(matches!(store.load("broken"), Err(ResultStoreError::Unreadable { .. })));
        assert_eq!(store.list().len(), 1);
    }
}
