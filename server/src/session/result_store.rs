//! Named results (`-o NAME`) on disk: written when a run is over, read by `pxlens result` and `px/result` at any later time.
//!
//! One file per name, readable by its owner alone, always whole. It holds all that the engines sent, as the events of
//! `--json`, so that it can be regrouped without running: text that is no longer in memory is copied from its file. Blocking
//! calls; the session makes them beside its task.

use std::{
    ffi::OsStr,
    fs,
    io::{self, BufRead, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::{RunHandle, whole};
use crate::{
    engines::{EngineId, RankSet},
    private,
    render::{GroupBy, JsonEvent, outcome, replay},
    run::{Run, Time},
};

/// How many results are kept; beyond that the oldest goes.
const MOST: usize = 50;

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// Where named results are kept.
#[derive(Clone, Debug)]
pub(crate) struct ResultStore {
    folder: PathBuf,
}

/// What a kept result says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptHead {
    format: u32,
    /// Its name.
    pub name: String,
    /// The document of its cell: a path, or the address that the editor gave it.
    pub document: String,
    /// The cell's number in it, from 1.
    pub cell: u32,
    /// The magic's line when it was run, from 1.
    pub line: u32,
    /// That line.
    pub title: String,
    /// When it was asked for.
    pub at: Time,
    /// The engines, in the order of the requests.
    pub engines: Vec<EngineId>,
    /// How it ended, in a few words.
    pub outcome: String,
    /// How the cell wanted its output grouped.
    pub group_by: Option<String>,
    blocking: bool,
    single: bool,
}

/// A result that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptResult {
    /// What it is.
    #[serde(flatten)]
    pub head: KeptHead,
    events: Vec<JsonEvent>,
}

/// Why a result was not kept, or not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ResultStoreError {
    /// The name cannot be one of a file.
    #[error(
        "'{0}' cannot be the name of a result; a name is made of letters, digits, '_', '-' and '.', begins with none of \
         the last two, and is at most 64 characters and 200 bytes long"
    )]
    BadName(String),
    /// Another result is in the file of this name: to some file systems names that differ in case only are one.
    #[error(
        "'{name}' and '{other}' are one file in {}, and '{other}' was not replaced; choose a name that differs in more \
         than case", folder.display()
    )]
    OneFile {
        /// The name.
        name: String,
        /// That of the result that is there.
        other: String,
        /// Where.
        folder: PathBuf,
    },
    /// The system does not say where such files belong.
    #[error("there is no folder for results: the home folder of this user is not known")]
    NoFolder,
    /// There is none of this name.
    #[error("there is no result named '{name}'{}", near_names(near))]
    Unknown {
        /// The name.
        name: String,
        /// Names that are like it.
        near: Vec<String>,
    },
    /// The file cannot be written or read.
    #[error("the result '{name}' in {}: {error}", path.display())]
    File {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The file is more than an editor should hold.
    #[error(
        "the result '{name}' is {megabytes} MB, more than an editor shows; `pxlens result {name}` in a shell does"
    )]
    TooLarge {
        /// The name.
        name: String,
        /// Its size.
        megabytes: u64,
    },
    /// The file is not one of this version.
    #[error("the result '{name}' in {} cannot be read: {why}", path.display())]
    Unreadable {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

fn near_names(near: &[String]) -> String {
    match near {
        [] => "; `pxlens result` lists those that are kept".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

impl KeptResult {
    /// The run, as it was when it was over.
    pub(crate) fn run(&self) -> Option<Run> {
        let mut run = replay(&self.events, self.head.single)?;
        run.blocking = self.head.blocking;
        Some(run)
    }

    /// Its events, as `--json` told them.
    pub(crate) fn events(&self) -> &[JsonEvent] {
        &self.events
    }
}

impl KeptHead {
    /// What is said of a run, under a name.
    fn new(name: &str, handle: &RunHandle, run: &Run) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            document: handle.home.to_string(),
            cell: handle.number,
            line: handle.line + 1,
            title: handle.title.trim().to_owned(),
            at: run.created,
            engines: run.request.engines.clone(),
            outcome: outcome(run),
            group_by: handle.plan.group_by.map(|by| by.to_string()),
            blocking: run.blocking,
            single: run.request.single,
        }
    }

    /// How its cell wanted it grouped.
    pub(crate) fn wish(&self) -> Option<GroupBy> {
        self.group_by.as_deref().and_then(|by| by.parse().ok())
    }

    /// Its engines.
    pub(crate) fn ranks(&self) -> RankSet {
        self.engines.iter().copied().collect()
    }
}

impl ResultStore {
    /// The store in this folder; without one, in the user's state folder (`$XDG_STATE_HOME/pxlens/results`).
    ///
    /// # Errors
    /// Where the system does not say where that is.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self, ResultStoreError> {
        if let Some(folder) = folder {
            return Ok(Self { folder: folder.to_owned() });
        }
        let dirs = etcetera::choose_base_strategy().map_err(|_| ResultStoreError::NoFolder)?;
        // Windows has no folder for state.
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
        Ok(Self { folder: state.join("pxlens").join("results") })
    }

    /// Whether results can be kept under this name.
    ///
    /// # Errors
    /// Where they cannot.
    pub(crate) fn check(name: &str) -> Result<(), ResultStoreError> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let good = !name.is_empty()
            && !name.starts_with(['.', '-'])
            && name.chars().count() <= 64
            // A file's name has 255 bytes.
            && name.len() <= 200
            && name.chars().all(fits);
        if good { Ok(()) } else { Err(ResultStoreError::BadName(name.to_owned())) }
    }

    /// Keeps all there is of a run under a name; one of the same name is replaced, and of too many the oldest go. Gives the
    /// reasons why some of its text is missing, where that is so.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn keep(&self, name: &str, handle: &RunHandle) -> Result<Vec<String>, ResultStoreError> {
        let run = handle.now();
        let head = KeptHead::new(name, handle, &run);
        let mut missing = Vec::new();
        self.save(&head, |each| {
            missing = whole::tell(&run, head.cell, each)?;
            Ok(())
        })?;
        Ok(missing)
    }

    fn save(
        &self,
        head: &KeptHead,
        tell: impl FnOnce(&mut dyn FnMut(&JsonEvent) -> io::Result<()>) -> io::Result<()>,
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
        private::write_file(&path, |out| write(out, head, tell)).map_err(|error| ResultStoreError::File {
            name: name.clone(),
            path,
            error,
        })?;
        for (_, path) in self.files().into_iter().skip(MOST) {
            // Another pxlens may have taken it away already.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// The result of a name.
    ///
    /// # Errors
    /// Where there is none, or none that can be read.
    pub(crate) fn load(&self, name: &str) -> Result<KeptResult, ResultStoreError> {
        self.load_within(name, u64::MAX)
    }

    /// As [`ResultStore::load`], but nothing that is larger than so many bytes.
    ///
    /// # Errors
    /// As there, and where it is larger.
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
        // Opening a pipe would wait for somebody who writes into it.
        if !metadata.is_file() {
            return Err(unreadable("it is no file that holds something".to_owned()));
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
        let result: KeptResult = serde_json::from_reader(io::BufReader::new(file))
            .map_err(|error| unreadable(error.to_string()))?;
        if result.head.format != FORMAT {
            return Err(unreadable(format!("it is of format {}, not {FORMAT}", result.head.format)));
        }
        if self.is_of_another(name, &result.head) {
            return Err(ResultStoreError::Unknown { name: name.to_owned(), near: vec![result.head.name] });
        }
        Ok(result)
    }

    /// What is kept, the newest first; files that are no results are passed over.
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

    /// Whether a file that was opened by this name is that of another result. One that the user copied to this name is not.
    fn is_of_another(&self, name: &str, head: &KeptHead) -> bool {
        let real = |name: &str| fs::canonicalize(self.path(name)).ok();
        head.name != name && Self::check(&head.name).is_ok() && real(name) == real(&head.name)
    }

    /// The files of results, the newest first.
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

/// What stands between the head and the events. In a text in the head its quotes would be escaped.
const EVENTS: &str = ",\"events\":[";

/// As [`KeptResult`] is read, without holding the events.
fn write(
    out: &mut dyn Write,
    head: &KeptHead,
    tell: impl FnOnce(&mut dyn FnMut(&JsonEvent) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let head = serde_json::to_string(head)?;
    out.write_all(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
    out.write_all(EVENTS.as_bytes())?;
    let mut comma = "";
    tell(&mut |event| {
        out.write_all(std::mem::replace(&mut comma, ",").as_bytes())?;
        Ok(serde_json::to_writer(&mut *out, event)?)
    })?;
    out.write_all(b"]}")
}

/// The head of a file that is a result, of which the rest is not read where it stands first.
fn read_head(path: &Path) -> Option<KeptHead> {
    /// Room for the names of many engines.
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
    fn what_is_kept_is_found_again_by_its_name() {
        let (_folder, store) = store();
        assert!(store.list().is_empty());
        save(&store, &kept("fit")).expect("it is written");
        let found = store.load("fit").expect("it is there");
        assert_eq!(found, kept("fit"));
        let run = found.run().expect("it is a run");
        assert!(!run.blocking && run.request.single);
        assert_eq!(store.list(), [kept("fit").head]);
        assert_eq!(found.head.wish(), Some(GroupBy::Type));
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
    fn a_name_that_is_not_there_is_answered_with_near_ones() {
        let (_folder, store) = store();
        assert_eq!(
            store.load("fit").expect_err("nothing is there").to_string(),
            "there is no result named 'fit'; `pxlens result` lists those that are kept"
        );
        for name in ["first", "fit2", "other"] {
            save(&store, &kept(name)).expect("it is written");
        }
        let error = store.load("fit").expect_err("not that one");
        assert_eq!(error.to_string(), "there is no result named 'fit'; did you mean fit2 or first?");
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

    /// A link does here what file systems do that take no notice of case.
    #[cfg(unix)]
    #[test]
    fn a_result_is_not_replaced_or_shown_by_another_name_of_its_file() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        std::os::unix::fs::symlink(store.path("fit"), store.path("Fit")).expect("it can be made");
        let error = store.load("Fit").expect_err("that is another").to_string();
        assert_eq!(error, "there is no result named 'Fit'; did you mean fit?");
        let error = save(&store, &kept("Fit")).expect_err("that is another").to_string();
        assert!(error.starts_with("'Fit' and 'fit' are one file in"), "{error}");
        assert_eq!(store.load("fit").expect("it is there"), kept("fit"));
        save(&store, &kept("fit")).expect("it replaces itself");
        // What the user copied is shown, and may be replaced.
        fs::copy(store.path("fit"), store.path("old")).expect("it can be copied");
        assert_eq!(store.load("old").expect("it is there"), kept("fit"));
        save(&store, &kept("old")).expect("it is written");
    }

    #[test]
    fn of_too_many_results_the_oldest_go() {
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
    fn a_head_is_read_alone_whatever_its_texts_hold() {
        let (_folder, store) = store();
        let mut fit = kept("fit");
        fit.head.title = "%%px ,\"events\":[ -o fit".to_owned();
        save(&store, &fit).expect("it is written");
        let path = store.path("fit");
        assert_eq!(read_head(&path), Some(fit.head.clone()));
        // What stands behind it is not looked at; written in another order, it is found all the same.
        let text = fs::read_to_string(&path).expect("it is there");
        fs::write(&path, text.replace("\"event\":\"stdout\"", "\"event\":")).expect("it is written");
        assert_eq!(read_head(&path), Some(fit.head.clone()));
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        fs::write(&path, serde_json::to_string_pretty(&value).expect("it is JSON")).expect("it is written");
        assert_eq!(read_head(&path), Some(fit.head));
    }

    #[test]
    fn what_is_too_large_for_an_editor_is_not_read() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        let error = store.load_within("fit", 10).expect_err("it is larger");
        assert!(error.to_string().ends_with("`pxlens result fit` in a shell does"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_passed_over_and_never_waited_for() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        nix::unistd::mkfifo(&store.path("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("it is made");
        fs::create_dir(store.path("folder")).expect("it is made");
        assert_eq!(store.list(), [kept("fit").head]);
        for name in ["pipe", "folder"] {
            let error = store.load(name).expect_err("it is no file");
            assert!(error.to_string().ends_with("it is no file that holds something"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_result_is_told_and_left_alone() {
        let (_folder, store) = store();
        save(&store, &kept("fit")).expect("it is written");
        fs::write(store.path("broken"), "{").expect("it is written");
        assert!(matches!(store.load("broken"), Err(ResultStoreError::Unreadable { .. })));
        assert_eq!(store.list().len(), 1);
    }
}
