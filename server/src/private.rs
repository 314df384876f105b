//! Folders and files that only their owner can read. The one place that makes them; blocking.

use std::{
    fs, io,
    io::{BufWriter, Write},
    path::Path,
};

/// Makes a folder that only its owner can open, and its missing parents. A folder that exists stays as it is.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only its owner can read, atomically: it is written under another name and then renamed.
///
/// # Errors
/// If it cannot be written; then the previous content stays.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    written(path, write)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Creates a file that only its owner can read, complete from the start.
///
/// # Errors
/// If it is there already ([`io::ErrorKind::AlreadyExists`]), or cannot be created.
pub(crate) fn create_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    written(path, write)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file beside `path` that does not have its name yet.
fn written(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pxlens-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    let mut file = builder.tempfile_in(folder)?;
    {
        let mut out = BufWriter::new(file.as_file_mut());
        write(&mut out)?;
        out.flush()?;
    }
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_and_folders_are_private_and_a_failed_write_leaves_the_old_content() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("new/file.txt");
        write_file(&path, |out| out.write_all(b"one")).expect("it is written");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("it has one"))), (0o600, 0o700));
        let stops = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(io::Error::other("no"))
        };
        write_file(&path, stops).expect_err("it was told");
        let exists = create_file(&path, |out| out.write_all(b"two")).expect_err("it is there");
        assert_eq!(exists.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "one");
        assert_eq!(fs::read_dir(parent.path().join("new")).expect("it is there").count(), 1);
    }
}
