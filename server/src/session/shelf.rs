//! Named results (`-o NAME`) on disk: written when a run is over, read by `pxlens result` and `px/result` at any later time.
//!
//! One file per name, readable by its owner alone, always whole. It holds all that the engines sent, as the events of
//! `--json`, so that it can be regrouped without running. Blocking calls; the session makes them beside its task.

use std::{
    ffi::OsStr,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::RunHandle;
use crate::{
    engines::{EngineId, RankSet},
    render::{Cursor, GroupBy, JsonEvent, outcome, replay},
    run::{Run, Time},
};

/// How many results are kept; beyond that the oldest goes.
const MOST: usize = 50;

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// Where named results are kept.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

/// What a kept result says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptHead {
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
pub struct KeptResult {
    /// What it is.
    #[serde(flatten)]
    pub head: KeptHead,
    events: Vec<JsonEvent>,
}

/// Why a result was not kept, or not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfError {
    /// The name cannot be one of a file.
    #[error(
        "'{0}' cannot be the name of a result; a name is made of letters, digits, '_', '-' and '.', begins with none of \
         the last two, and is at most 64 characters long"
    )]
    BadName(String),
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
    /// All there is of a run, under a name.
    pub fn new(name: &str, handle: &RunHandle) -> Self {
        let run = handle.now();
        let head = KeptHead {
            format: FORMAT,
            name: name.to_owned(),
            document: handle.home.to_string(),
            cell: handle.number,
            line: handle.line + 1,
            title: handle.title.trim().to_owned(),
            at: run.created,
            engines: run.request.engines.clone(),
            outcome: outcome(&run),
            group_by: handle.plan.group_by.map(|by| by.to_string()),
            blocking: run.blocking,
            single: run.request.single,
        };
        Self { head, events: Cursor::of_cell(handle.number).delta(&run) }
    }

    /// The run, as it was when it was over.
    pub fn run(&self) -> Option<Run> {
        let mut run = replay(&self.events, self.head.single)?;
        run.blocking = self.head.blocking;
        Some(run)
    }

    /// Its events, as `--json` told them.
    pub fn events(&self) -> &[JsonEvent] {
        &self.events
    }
}

impl KeptHead {
    /// How its cell wanted it grouped.
    pub fn wish(&self) -> Option<GroupBy> {
        self.group_by.as_deref().and_then(|by| by.parse().ok())
    }

    /// Its engines.
    pub fn ranks(&self) -> RankSet {
        self.engines.iter().copied().collect()
    }
}

impl Shelf {
    /// The shelf in this folder; without one, in the user's state folder (`$XDG_STATE_HOME/pxlens/results`).
    ///
    /// # Errors
    /// Where the system does not say where that is.
    pub fn new(folder: Option<&Path>) -> Result<Self, ShelfError> {
        if let Some(folder) = folder {
            return Ok(Self { folder: folder.to_owned() });
        }
        let dirs = etcetera::choose_base_strategy().map_err(|_| ShelfError::NoFolder)?;
        // Windows has no folder for state.
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
        Ok(Self { folder: state.join("pxlens").join("results") })
    }

    /// Whether results can be kept under this name.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn check(name: &str) -> Result<(), ShelfError> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let good = !name.is_empty()
            && !name.starts_with(['.', '-'])
            && name.chars().count() <= 64
            && name.chars().all(fits);
        if good { Ok(()) } else { Err(ShelfError::BadName(name.to_owned())) }
    }

    /// Keeps a result; one of the same name is replaced, and of too many the oldest go.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, result: &KeptResult) -> Result<(), ShelfError> {
        let name = &result.head.name;
        Self::check(name)?;
        let path = self.path(name);
        self.write(&path, result).map_err(|error| ShelfError::File { name: name.clone(), path, error })?;
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
    pub fn load(&self, name: &str) -> Result<KeptResult, ShelfError> {
        Self::check(name)?;
        let path = self.path(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ShelfError::Unknown { near: self.near(name), name: name.to_owned() });
            }
            Err(error) => return Err(ShelfError::File { name: name.to_owned(), path, error }),
        };
        let unreadable =
            |why: String| ShelfError::Unreadable { name: name.to_owned(), path: path.clone(), why };
        let result: KeptResult =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if result.head.format != FORMAT {
            return Err(unreadable(format!("it is of format {}, not {FORMAT}", result.head.format)));
        }
        Ok(result)
    }

    /// What is kept, the newest first; files that are no results are passed over.
    pub fn list(&self) -> Vec<KeptHead> {
        let head = |(_, path): (SystemTime, PathBuf)| {
            let file = io::BufReader::new(fs::File::open(path).ok()?);
            // Of the events only the ends are looked for.
            serde_json::from_reader::<_, KeptHead>(file).ok()
        };
        self.files().into_iter().filter_map(head).filter(|head| head.format == FORMAT).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn write(&self, path: &Path, result: &KeptResult) -> io::Result<()> {
        make_private(&self.folder)?;
        // Made for its owner alone; takes the old file's place as a whole.
        let mut file = tempfile::Builder::new().prefix(".result-").tempfile_in(&self.folder)?;
        {
            let mut out = io::BufWriter::new(file.as_file_mut());
            serde_json::to_writer(&mut out, result)?;
            out.flush()?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
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
                named.then_some((entry.metadata().ok()?.modified().ok()?, path))
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

/// Makes a folder that only its owner can look into.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
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

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shelf = Shelf::new(Some(&folder.path().join("new/results"))).expect("a folder is given");
        (folder, shelf)
    }

    #[test]
    fn what_is_kept_is_found_again_by_its_name() {
        let (_folder, shelf) = shelf();
        assert!(shelf.list().is_empty());
        shelf.save(&kept("fit")).expect("it is written");
        let found = shelf.load("fit").expect("it is there");
        assert_eq!(found, kept("fit"));
        let run = found.run().expect("it is a run");
        assert!(!run.blocking && run.request.single);
        assert_eq!(shelf.list(), [kept("fit").head]);
        assert_eq!(found.head.wish(), Some(GroupBy::Type));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_result() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, shelf) = shelf();
        shelf.save(&kept("fit")).expect("it is written");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&shelf.path("fit")), mode(&shelf.folder)), (0o600, 0o700));
    }

    #[test]
    fn a_name_that_is_not_there_is_answered_with_near_ones() {
        let (_folder, shelf) = shelf();
        assert_eq!(
            shelf.load("fit").expect_err("nothing is there").to_string(),
            "there is no result named 'fit'; `pxlens result` lists those that are kept"
        );
        for name in ["first", "fit2", "other"] {
            shelf.save(&kept(name)).expect("it is written");
        }
        let error = shelf.load("fit").expect_err("not that one");
        assert_eq!(error.to_string(), "there is no result named 'fit'; did you mean fit2 or first?");
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let (_folder, shelf) = shelf();
        for name in ["", "../x", "a/b", ".hidden", "-o", "a b", "c:x", "x\0", &"x".repeat(65)] {
            assert!(matches!(shelf.load(name), Err(ShelfError::BadName(_))), "{name:?}");
            assert!(matches!(shelf.save(&kept(name)), Err(ShelfError::BadName(_))), "{name:?}");
        }
        assert!(["ar", "größe_2", "a.b-c"].into_iter().all(|name| Shelf::check(name).is_ok()));
    }

    #[test]
    fn of_too_many_results_the_oldest_go() {
        let (_folder, shelf) = shelf();
        let old = SystemTime::now() - std::time::Duration::from_secs(3600);
        shelf.save(&kept("oldest")).expect("it is written");
        let file = fs::File::options().write(true).open(shelf.path("oldest")).expect("it is there");
        file.set_modified(old).expect("its time can be set");
        for number in 0..MOST {
            shelf.save(&kept(&format!("n{number}"))).expect("it is written");
        }
        assert_eq!(shelf.list().len(), MOST);
        assert!(matches!(shelf.load("oldest"), Err(ShelfError::Unknown { .. })));
    }

    #[test]
    fn a_file_that_is_no_result_is_told_and_left_alone() {
        let (_folder, shelf) = shelf();
        shelf.save(&kept("fit")).expect("it is written");
        fs::write(shelf.path("broken"), "{").expect("it is written");
        assert!(matches!(shelf.load("broken"), Err(ShelfError::Unreadable { .. })));
        assert_eq!(shelf.list().len(), 1);
    }
}
