//! Files of others that are read whole: ordinary files, and no more than such a file holds. A pipe of that name would be waited
//! for, and a file of gigabytes fill the memory.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// The most that is read, in bytes: connection files and the like hold a few thousand.
const MOST: u64 = 1 << 20;

/// The bytes of a file.
///
/// # Errors
/// The system's; and where it is no ordinary file, or holds more than a megabyte.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_of(&mut open(path)?)
}

/// Opens a file to be read, if it is an ordinary one.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    File::open(path)
}

/// The bytes of an open file.
pub(crate) fn read_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it holds more than a megabyte"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_and_a_file_of_gigabytes_are_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pipe, large, usual) =
            (folder.path().join("pipe"), folder.path().join("large"), folder.path().join("usual"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("it is made");
        File::create(&large).and_then(|file| file.set_len(3 << 30)).expect("it is made");
        fs::write(&usual, "{}").expect("it is written");
        assert_eq!(read(&pipe).expect_err("no file").to_string(), "it is no ordinary file");
        assert_eq!(read(&large).expect_err("too large").to_string(), "it holds more than a megabyte");
        assert_eq!(read(&usual).expect("it is read"), b"{}");
    }
}
