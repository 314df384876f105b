//! A run as one text or one file: a report to read, or all that engines sent as events. Blocking.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{
    RunHandle,
    content::place,
    whole::{Wrote, filled, tell},
};
use crate::{
    render::{self, About, JsonEvent, MOST_OF_DOCUMENT},
    run::Run,
};

/// A run with no more text than this is read back whole for a report; of a longer one what is in memory is in it.
const READ: usize = 100_000_000;

/// As what a run is exported.
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
    /// The text, where it was not written to a file.
    pub text: Option<String>,
    /// Files of images beside it.
    pub images: Vec<PathBuf>,
    /// What is missing in it, as sentences.
    pub missing: Vec<String>,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExportError {
    /// As one answer it would be too large.
    #[error("all that the engines sent is more than 5 MB; name a file to export it to")]
    TooLarge,
    /// The path leads nowhere by itself.
    #[error("'{0}' is no absolute path of a file; name one, such as /home/ada/run-7.md")]
    NoPath(String),
    /// The folder is not there.
    #[error("there is no folder {}; make it first", .0.display())]
    NoFolder(PathBuf),
    /// Something is there that was not to be replaced.
    #[error("{} already exists and was left alone; choose another name, or allow it to be replaced", .0.display())]
    IsThere(PathBuf),
    /// Something is there that is no file.
    #[error("{} is no file that could be replaced; choose another name", .0.display())]
    NoFile(PathBuf),
    /// It cannot be written.
    #[error("{} was not written: {error}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

/// A run as text: a report of 5 MB at most, or all its events, if they are no more than that.
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
            // What is left out of events would be left out of the run.
            let mut text = Bounded { bytes: Vec::new(), most: MOST_OF_DOCUMENT };
            let missing = tell(&run, handle.number, |event| write_line(&mut text, event));
            let missing = missing.map_err(|_| ExportError::TooLarge)?;
            let text = String::from_utf8(text.bytes).expect("JSON is written as UTF-8");
            Ok(Exported { text: Some(text), missing, ..Exported::default() })
        }
    }
}

/// Writes a run into a file, whole or not at all; beside a report the images in it.
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
                exported.missing = tell(&run, handle.number, |event| write_line(out, event))?;
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

/// The images of a run that can be shown, and a name for each that there is.
fn images(run: &Run, number: u32, stem: Option<&str>) -> (Vec<Vec<u8>>, Vec<Option<String>>) {
    // A name goes into Markdown as it is.
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
        missing.push(format!("what was moved out of memory cannot be read: {error}"));
        None
    });
    let run = whole.as_ref().unwrap_or(run);
    if missing.is_empty() && !run.parts().all(|part| Wrote::of(part).is_kept()) {
        missing.push(
            "of very long texts both ends are in the report; an export as JSON has all of them".to_owned(),
        );
    }
    let about = About { title: &handle.title, place: &place(handle), images };
    (render::report(run, about, most), missing)
}

fn write_line(out: &mut (impl Write + ?Sized), event: &JsonEvent) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    out.write_all(b"\n")
}

/// Takes no more bytes than so many, also of one event.
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

/// Whether a file may be put there.
fn may_write(path: &Path, overwrite: bool) -> Result<(), ExportError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(there) if !there.is_file() => Err(ExportError::NoFile(path.to_owned())),
        Ok(_) if !overwrite => Err(ExportError::IsThere(path.to_owned())),
        Ok(_) => Ok(()),
    }
}

/// A file that is written, and has not its name yet.
struct Ready<'a> {
    path: &'a Path,
    file: tempfile::NamedTempFile,
}

impl<'a> Ready<'a> {
    /// Writes a file under another name.
    fn written(
        path: &'a Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, ExportError> {
        let failed = |error| not_written(path, error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pxlens-").suffix(".tmp");
        // As any file that the user makes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        {
            let mut out = BufWriter::new(file.as_file_mut());
            write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
        }
        Ok(Self { path, file })
    }

    /// Gives it its own name.
    fn put(self, overwrite: bool) -> Result<(), ExportError> {
        let put =
            if overwrite { self.file.persist(self.path) } else { self.file.persist_noclobber(self.path) };
        put.map(drop).map_err(|error| not_written(self.path, error.error))
    }
}

/// Puts all files where they belong. Where one of them cannot be put, those before it go again, unless they were to replace
/// others.
fn put_all(files: Vec<Ready<'_>>, overwrite: bool) -> Result<(), ExportError> {
    let mut put: Vec<&Path> = Vec::new();
    for ready in files {
        let path = ready.path;
        if let Err(error) = ready.put(overwrite) {
            if !overwrite {
                for path in put {
                    if let Err(error) = fs::remove_file(path) {
                        tracing::warn!("{} was left: {error}", path.display());
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
        // Somebody else was faster.
        io::ErrorKind::AlreadyExists => ExportError::IsThere(path.to_owned()),
        _ => ExportError::File { path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_never_holds_more_than_it_may() {
        let mut text = Bounded { bytes: Vec::new(), most: 10 };
        text.write_all(b"0123456789").unwrap();
        let error = serde_json::to_writer(&mut text, "x").unwrap_err();
        assert_eq!((error.io_error_kind(), text.bytes.len()), (Some(io::ErrorKind::FileTooLarge), 10));
    }

    #[test]
    fn where_one_file_cannot_be_put_none_of_them_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [image, report] = ["a-1.png", "a.md"].map(|name| folder.path().join(name));
        let ready = |path| Ready::written(path, |out| out.write_all(b"x")).unwrap();
        let files = vec![ready(&image), ready(&report)];
        // Somebody else is faster.
        fs::write(&report, "theirs").unwrap();
        put_all(files, false).expect_err("the report is there");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!((left, fs::read_to_string(&report).unwrap().as_str()), (vec![report.clone()], "theirs"));
        put_all(vec![ready(&image), ready(&report)], true).unwrap();
        assert_eq!((fs::read(&image).unwrap(), fs::read(&report).unwrap()), (b"x".to_vec(), b"x".to_vec()));
    }
}
