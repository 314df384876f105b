//! Exporting a run as text or to a file: as a report to read, or as all its events. Blocking.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{
    RunHandle,
    content::place,
    read_back::{EngineText, filled, for_each_event},
};
use crate::{
    render::{self, About, JsonEvent, MOST_OF_DOCUMENT},
    run::Run,
};

/// A run with at most this many bytes of text is read back whole for a report; of a longer one, the report has only the
/// text in memory.
const READ: usize = 100_000_000;

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A report.
    Markdown,
    /// Its events, one JSON object per line.
    Json,
}

/// An export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    /// The text, unless it was written to a file.
    pub text: Option<String>,
    /// The image files beside it.
    pub images: Vec<PathBuf>,
    /// What is missing from it, as sentences.
    pub missing: Vec<String>,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExportError {
    /// It is too large for one answer.
    #[error("The events of this run are more than 5 MB; name a file to export them to")]
    TooLarge,
    /// The path is not absolute.
    #[error("'{0}' is not the absolute path of a file; name one, such as /home/ada/run-7.md")]
    NoPath(String),
    /// The folder does not exist.
    #[error("The folder {} does not exist; create it first", .0.display())]
    NoFolder(PathBuf),
    /// The file exists and was not to be replaced.
    #[error("{} already exists and was left alone; choose another name, or allow it to be replaced", .0.display())]
    IsThere(PathBuf),
    /// Something other than a regular file has this name.
    #[error("{} is not a regular file and cannot be replaced; choose another name", .0.display())]
    NoFile(PathBuf),
    /// The file cannot be written.
    #[error("Cannot write {}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
}

/// Exports a run as text: a report of at most 5 MB, or all its events if they are not larger than that.
///
/// # Errors
/// See [`ExportError`].
pub(crate) fn export(handle: &RunHandle, format: Format) -> Result<Exported, ExportError> {
    let run = handle.now();
    match format {
        Format::Markdown => {
            let (text, missing) = report(handle, &run, &[], Some(MOST_OF_DOCUMENT));
            Ok(Exported { text: Some(text), missing, ..Exported::default() })
        }
        Format::Json => {
            // Events cannot be shortened: the run would be incomplete.
            let mut text = Bounded { bytes: Vec::new(), most: MOST_OF_DOCUMENT };
            let missing = for_each_event(&run, handle.number, |event| write_line(&mut text, event));
            let missing = missing.map_err(|_| ExportError::TooLarge)?;
            let text = String::from_utf8(text.bytes).expect("JSON is written as UTF-8");
            Ok(Exported { text: Some(text), missing, ..Exported::default() })
        }
    }
}

/// Exports a run to a file, written whole or not at all; a report gets its images in files beside it.
///
/// # Errors
/// See [`ExportError`].
pub(crate) fn export_to(
    handle: &RunHandle,
    format: Format,
    path: &Path,
    overwrite: bool,
) -> Result<Exported, ExportError> {
    let (Some(folder), Some(stem), true) = (path.parent(), path.file_stem(), path.is_absolute()) else {
        return Err(ExportError::NoPath(path.display().to_string()));
    };
    if !folder.is_dir() {
        return Err(ExportError::NoFolder(folder.to_owned()));
    }
    let run = handle.now();
    let mut exported = Exported::default();
    match format {
        Format::Json => {
            may_write(path, overwrite)?;
            let ready = Ready::written(path, |out| {
                exported.missing = for_each_event(&run, handle.number, |event| write_line(out, event))?;
                Ok(())
            })?;
            ready.put(overwrite)?;
        }
        Format::Markdown => {
            let (images, names) = images(&run, handle.id.0, stem.to_str());
            let files: Vec<PathBuf> = names.iter().flatten().map(|name| folder.join(name)).collect();
            for path in files.iter().map(PathBuf::as_path).chain([path]) {
                may_write(path, overwrite)?;
            }
            let (text, missing) = report(handle, &run, &names, None);
            let mut ready = Vec::new();
            for (file, bytes) in files.iter().zip(images) {
                ready.push(Ready::written(file, |out| out.write_all(&bytes))?);
            }
            ready.push(Ready::written(path, |out| out.write_all(text.as_bytes()))?);
            put_all(ready, overwrite)?;
            exported = Exported { images: files, missing, text: None };
        }
    }
    Ok(exported)
}

/// The data of a run's images that can be shown, and a file name for each image, or `None` if it cannot be shown.
fn images(run: &Run, number: u32, stem: Option<&str>) -> (Vec<Vec<u8>>, Vec<Option<String>>) {
    // The name goes into Markdown without escaping.
    let plain = |stem: &&str| stem.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let stem = stem.filter(plain).map_or_else(|| format!("run-{number}"), str::to_owned);
    let mut bytes = Vec::new();
    let name = |(at, image): (usize, render::Image<'_>)| {
        let picture = image.picture.ok()?;
        bytes.push(picture.decoded());
        Some(format!("{stem}-{}.{}", at + 1, picture.kind.extension()))
    };
    let names = render::images(run).into_iter().enumerate().map(name).collect();
    (bytes, names)
}

fn report(
    handle: &RunHandle,
    run: &Run,
    images: &[Option<String>],
    most: Option<usize>,
) -> (String, Vec<String>) {
    let mut missing = Vec::new();
    let whole = filled(run, READ).unwrap_or_else(|error| {
        missing.push(handle.spilled.why_unread(&error));
        None
    });
    let run = whole.as_ref().unwrap_or(run);
    if missing.is_empty() && !run.parts().all(|part| EngineText::of(part).is_in_memory()) {
        missing.push(
            "the report has only both ends of very long texts; an export as JSON has the whole texts"
                .to_owned(),
        );
    }
    let about = About { title: &handle.magic_line, place: &place(handle), images };
    (render::report(run, about, most), missing)
}

fn write_line(out: &mut (impl Write + ?Sized), event: &JsonEvent) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    out.write_all(b"\n")
}

/// A writer that fails beyond a number of bytes, even in the middle of an event.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks that a file may be written at this path.
fn may_write(path: &Path, overwrite: bool) -> Result<(), ExportError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(there) if !there.is_file() => Err(ExportError::NoFile(path.to_owned())),
        Ok(_) if !overwrite => Err(ExportError::IsThere(path.to_owned())),
        Ok(_) => Ok(()),
    }
}

/// A file that is written, but under a temporary name.
struct Ready<'a> {
    path: &'a Path,
    file: tempfile::NamedTempFile,
}

impl<'a> Ready<'a> {
    /// Writes a file under a temporary name.
    fn written(
        path: &'a Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, ExportError> {
        let failed = |error| not_written(path, error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pxlens-").suffix(".tmp");
        // The usual permissions of files that the user makes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        {
            let mut out = BufWriter::new(file.as_file_mut());
            write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
        }
        Ok(Self { path, file })
    }

    /// Renames it to its own name.
    fn put(self, overwrite: bool) -> Result<(), ExportError> {
        let put =
            if overwrite { self.file.persist(self.path) } else { self.file.persist_noclobber(self.path) };
        put.map(drop).map_err(|error| not_written(self.path, error.error))
    }
}

/// Gives all files their names. If one of them fails, those before it are deleted again, unless they may have replaced
/// others.
fn put_all(files: Vec<Ready<'_>>, overwrite: bool) -> Result<(), ExportError> {
    let mut put: Vec<&Path> = Vec::new();
    for ready in files {
        let path = ready.path;
        if let Err(error) = ready.put(overwrite) {
            if !overwrite {
                for path in put {
                    if let Err(error) = fs::remove_file(path) {
                        tracing::warn!("{} could not be deleted: {error}", path.display());
                    }
                }
            }
            return Err(error);
        }
        put.push(path);
    }
    Ok(())
}

fn not_written(path: &Path, error: io::Error) -> ExportError {
    match error.kind() {
        // Another program was faster.
        io::ErrorKind::AlreadyExists => ExportError::IsThere(path.to_owned()),
        _ => ExportError::File { path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_text_never_exceeds_its_limit() {
        let mut text = Bounded { bytes: Vec::new(), most: 10 };
        text.write_all(b"0123456789").unwrap();
        let error = serde_json::to_writer(&mut text, "x").unwrap_err();
        assert_eq!((error.io_error_kind(), text.bytes.len()), (Some(io::ErrorKind::FileTooLarge), 10));
    }

    #[test]
    fn if_one_file_cannot_be_written_none_of_them_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [image, report] = ["a-1.png", "a.md"].map(|name| folder.path().join(name));
        let ready = |path| Ready::written(path, |out| out.write_all(b"x")).unwrap();
        let files = vec![ready(&image), ready(&report)];
        // Another program is faster.
        fs::write(&report, "theirs").unwrap();
        put_all(files, false).expect_err("the report is there");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!((left, fs::read_to_string(&report).unwrap().as_str()), (vec![report.clone()], "theirs"));
        put_all(vec![ready(&image), ready(&report)], true).unwrap();
        assert_eq!((fs::read(&image).unwrap(), fs::read(&report).unwrap()), (b"x".to_vec(), b"x".to_vec()));
    }
}
