//! Whose files are. On a machine of many users, what somebody else could have put there or can read is not used unasked.
//!
//! As elsewhere (OpenSSH's `StrictModes`), "somebody else" is neither the user nor root. Windows has no such modes: there,
//! everything passes. Blocking.

use std::path::{Path, PathBuf};

/// Why a file or folder is not the user's alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Neither the user's nor root's.
    #[error("{} belongs to {owner}", path.display())]
    Owner {
        /// What it is about.
        path: PathBuf,
        /// The name of its owner.
        owner: String,
    },
    /// Others may write to it, or put other files in its place.
    #[error("{} can be changed by other users (mode {mode:04o})", path.display())]
    Writable {
        /// What it is about.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others may read it.
    #[error("{} can be read by other users (mode {mode:04o})", path.display())]
    Readable {
        /// What it is about.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

pub(crate) use imp::{check_environment, check_secret, is_ours};

#[cfg(unix)]
mod imp {
    use std::{
        fs::{self, Metadata},
        os::unix::fs::MetadataExt,
    };

    use nix::unistd::{Gid, Group, Uid, User};

    use super::*;

    const GROUP_WRITES: u32 = 0o020;
    const OTHERS_WRITE: u32 = 0o002;
    /// In such a folder, only owners can rename or delete what is theirs; `/tmp` is one.
    const STICKY: u32 = 0o1000;
    const OTHERS_READ_OR_WRITE: u32 = 0o077;

    fn mode(metadata: &Metadata) -> u32 {
        metadata.mode() & 0o7777
    }

    /// Whether the user owns it.
    pub(crate) fn is_ours(metadata: &Metadata) -> bool {
        metadata.uid() == Uid::effective().as_raw()
    }

    fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), Foreign> {
        if is_ours(metadata) || metadata.uid() == 0 {
            return Ok(());
        }
        let id = Uid::from_raw(metadata.uid());
        let owner = match User::from_uid(id) {
            Ok(Some(user)) => user.name,
            _ => format!("the user {id}"),
        };
        Err(Foreign::Owner { path: path.to_owned(), owner })
    }

    /// Whether a group is the user's alone, as many systems make one for each user; there, files are often made writable for it.
    fn is_private_group(gid: u32) -> bool {
        let (Ok(Some(me)), Ok(Some(group))) =
            (User::from_uid(Uid::effective()), Group::from_gid(Gid::from_raw(gid)))
        else {
            return false;
        };
        me.gid == group.gid && group.name == me.name && group.mem.iter().all(|member| *member == me.name)
    }

    fn check_writers(path: &Path, metadata: &Metadata) -> Result<(), Foreign> {
        let mode = mode(metadata);
        let by_group = mode & GROUP_WRITES != 0 && !is_private_group(metadata.gid());
        if mode & OTHERS_WRITE != 0 || by_group {
            return Err(Foreign::Writable { path: path.to_owned(), mode });
        }
        Ok(())
    }

    /// Checks one file or folder. What a link leads to was the choice of the link's owner, so it may be anybody's; not so
    /// that others may change it.
    fn check(path: &Path) -> Result<(), Foreign> {
        // What is missing harms nobody, and is reported by whoever needs it.
        let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
        check_owner(path, &metadata)?;
        match fs::metadata(path) {
            Ok(metadata) => check_writers(path, &metadata),
            Err(_) => Ok(()),
        }
    }

    /// Checks that nobody else can have put code into a virtual environment, or another environment in its place.
    pub(crate) fn check_environment(environment: &Path, program: &Path) -> Result<(), Foreign> {
        for above in environment.ancestors().skip(1) {
            let Ok(metadata) = fs::metadata(above) else { continue };
            let mode = mode(&metadata);
            // What others could put there would be theirs; but they could do so after it was checked.
            if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
                return Err(Foreign::Writable { path: above.to_owned(), mode });
            }
        }
        check(environment)?;
        check(&environment.join("pyvenv.cfg"))?;
        program.parent().map_or(Ok(()), check)?;
        check(program)?;
        for lib in ["lib", "lib64"].map(|lib| environment.join(lib)) {
            check(&lib)?;
            for version in fs::read_dir(&lib).into_iter().flatten().flatten() {
                check(&version.path())?;
                check(&version.path().join("site-packages"))?;
            }
        }
        Ok(())
    }

    /// Checks that a file with a key can be read by the user alone.
    pub(crate) fn check_secret(path: &Path, metadata: &Metadata) -> Result<(), Foreign> {
        check_owner(path, metadata)?;
        let mode = mode(metadata);
        if mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITES != 0) {
            return Err(Foreign::Writable { path: path.to_owned(), mode });
        }
        if mode & OTHERS_READ_OR_WRITE != 0 {
            return Err(Foreign::Readable { path: path.to_owned(), mode });
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::Metadata;

    use super::*;

    pub(crate) fn is_ours(_: &Metadata) -> bool {
        true
    }

    pub(crate) fn check_environment(_: &Path, _: &Path) -> Result<(), Foreign> {
        Ok(())
    }

    pub(crate) fn check_secret(_: &Path, _: &Metadata) -> Result<(), Foreign> {
        Ok(())
    }
}
