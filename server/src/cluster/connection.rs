//! A controller's connection file (`ipcontroller-client.json`): read, checked, and turned into addresses.
//!
//! In comes a path, out comes a [`ConnectionInfo`] whose controller can be reached, or one sentence that says why not. The
//! key is used for signing and never shown. Format and address rules: ipyparallel 6.3 to 9.2.

mod address;
mod machine;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use self::machine::{Machine, ThisMachine};
use super::transport::{Channel, Endpoints};
use crate::{
    json,
    jupyter::{Signer, SigningError},
    ownership::{self, Foreign},
    small_file,
};

/// What a connection file says, checked. `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    path: PathBuf,
    host: IpAddr,
    ports: [(Channel, u16); Channel::ALL.len()],
    signer: Signer,
    warning: Option<String>,
}

/// Why a connection file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionFileError {
    /// It cannot be read.
    #[error("the connection file {} cannot be read: {source}; start a cluster, or name another file", path.display())]
    Unreadable {
        /// Where the file is.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is not the user's alone.
    #[error("the connection file {source}{}", consequence(source))]
    Foreign {
        /// What is wrong with it.
        source: Foreign,
    },
    /// It is not a JSON object.
    #[error(
        "{} is not a connection file: it holds no JSON object ({why}); name an ipcontroller-client.json", path.display()
    )]
    NotJson {
        /// Where the file is.
        path: PathBuf,
        /// What the parser said; never shows the text.
        why: String,
    },
    /// Required keys are missing.
    #[error(
        "the connection file {} lacks {}; name the ipcontroller-client.json that the controller wrote",
        path.display(), keys.join(", ")
    )]
    MissingKeys {
        /// Where the file is.
        path: PathBuf,
        /// The names of the keys.
        keys: Vec<&'static str>,
    },
    /// A key has a value of the wrong kind.
    #[error("the value of '{key}' in the connection file {} is {problem}", path.display())]
    BadValue {
        /// Where the file is.
        path: PathBuf,
        /// The name of the key.
        key: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// Messages in a form that pxlens does not read, such as pickle.
    #[error(
        "the controller of {} packs its messages as '{pack}', and pxlens reads JSON only; \
         start it with --Session.packer=json", path.display()
    )]
    Packer {
        /// Where the file is.
        path: PathBuf,
        /// The packer that it names.
        pack: String,
    },
    /// Messages signed in a way that pxlens does not know.
    #[error("pxlens cannot use the connection file {}: {source}", path.display())]
    Signing {
        /// Where the file is.
        path: PathBuf,
        /// What is wrong with the key or its scheme.
        source: SigningError,
    },
    /// The connection would have to be encrypted.
    #[error(
        "the controller of {} encrypts with CURVE ({asked_by}), which pxlens cannot do yet; \
         start the controller without enable_curve, and reach it on this machine", path.display()
    )]
    Curve {
        /// Where the file is.
        path: PathBuf,
        /// Where that is asked for.
        asked_by: &'static str,
    },
    /// The controller is on another machine.
    #[error(
        "the controller of {} is on another machine ({host}), and pxlens reaches only controllers on this one so far; \
         run pxlens there, for instance in a remote window of the editor", path.display()
    )]
    AcrossNetwork {
        /// Where the file is.
        path: PathBuf,
        /// That machine.
        host: String,
    },
    /// The file asks for an SSH tunnel.
    #[error(
        "the controller of {} is reached through an SSH tunnel to '{ssh}', which pxlens cannot open yet; \
         run pxlens on that machine, for instance in a remote window of the editor", path.display()
    )]
    Tunnel {
        /// Where the file is.
        path: PathBuf,
        /// `[user@]host[:port]`.
        ssh: String,
    },
    /// The controller listens on Unix sockets.
    #[error(
        "the controller of {} listens at {interface}, and pxlens speaks TCP only; start it without --transport=ipc",
        path.display()
    )]
    Interface {
        /// Where the file is.
        path: PathBuf,
        /// The interface that it names.
        interface: String,
    },
}

impl ConnectionInfo {
    /// Reads and checks a file that is the user's alone. May look up a host name, for 2 s at most: call it where blocking is
    /// allowed.
    ///
    /// # Errors
    /// See [`ConnectionFileError`]; each is one sentence.
    pub fn read(path: &Path) -> Result<Self, ConnectionFileError> {
        Self::read_if(path, ownership::check_secret)
    }

    /// As [`ConnectionInfo::read`], also if the file is somebody else's or can be read by others.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn read_shared(path: &Path) -> Result<Self, ConnectionFileError> {
        Self::read_if(path, |_, _| Ok(()))
    }

    fn read_if(
        path: &Path,
        check: impl FnOnce(&Path, &std::fs::Metadata) -> Result<(), Foreign>,
    ) -> Result<Self, ConnectionFileError> {
        let unreadable = |source| ConnectionFileError::Unreadable { path: path.to_owned(), source };
        let mut file = small_file::open(path).map_err(unreadable)?;
        // Of the file that is read, whatever lies at its path by now.
        check(path, &file.metadata().map_err(unreadable)?)
            .map_err(|source| ConnectionFileError::Foreign { source })?;
        let bytes = small_file::read_of(&mut file).map_err(unreadable)?;
        // Python's client takes the server key from here if the file has none.
        let curve = std::env::var_os("IPP_CURVE_SERVERKEY").is_some_and(|key| !key.is_empty());
        Self::parse(path, &bytes, curve, &ThisMachine)
    }

    /// Where this channel listens.
    pub fn address(&self, channel: Channel) -> SocketAddr {
        let port = self.ports.iter().find(|(of, _)| *of == channel).map(|(_, port)| *port);
        SocketAddr::new(self.host, port.expect("ports holds every channel"))
    }

    /// The file this was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What may be wrong although pxlens tries to connect, as a sentence.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Signs and verifies with the file's key.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// All channels, for a transport to open.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints::new(Channel::ALL.map(|channel| (channel, self.address(channel))))
    }

    /// Checks what a file may hold, on a machine that knows no names.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Self, ConnectionFileError> {
        Self::parse(Path::new("a-file.json"), bytes, false, &machine::Nameless)
    }

    fn parse(
        path: &Path,
        bytes: &[u8],
        curve_in_env: bool,
        machine: &impl Machine,
    ) -> Result<Self, ConnectionFileError> {
        let file = Content::new(path, bytes)?;
        file.check_packers()?;
        file.check_curve(curve_in_env)?;
        let signer = Signer::new(file.text("signature_scheme").unwrap_or("hmac-sha256"), file.key()?)
            .map_err(|source| ConnectionFileError::Signing { path: path.to_owned(), source })?;
        let route = address::route(&file, machine)?;
        let mut ports = Channel::ALL.map(|channel| (channel, 0));
        for (channel, port) in &mut ports {
            *port = file.port(channel.name())?;
        }
        Ok(Self { path: path.to_owned(), host: route.host, ports, signer, warning: route.warning })
    }
}

/// What follows from that for the user, and what to do.
fn consequence(foreign: &Foreign) -> String {
    const USE_IT: &str = "--shared-connection-file or the setting pxlens.sharedConnectionFiles";
    match foreign {
        Foreign::Owner { owner, .. } => format!(
            ", so your code would run on a cluster of {owner}; if that is what you want, use it with {USE_IT}"
        ),
        Foreign::Writable { path, .. } | Foreign::Readable { path, .. } => format!(
            ", and with its key they can run code as you on the engines; close it with `chmod 600 {}` and restart the \
             cluster, or, if they may, use it with {USE_IT}",
            path.display()
        ),
    }
}

/// The file's JSON object, and its path for the errors.
struct Content<'a> {
    path: &'a Path,
    object: Map<String, Value>,
}

impl<'a> Content<'a> {
    /// The required keys. All others are optional or not used.
    const NEEDED: [&'static str; 7] =
        ["interface", "registration", "control", "mux", "iopub", "notification", "key"];

    fn new(path: &'a Path, bytes: &[u8]) -> Result<Self, ConnectionFileError> {
        let object: Map<String, Value> = json::read(bytes).map_err(|error| {
            // The parser's own message may quote the text, and the text holds the key.
            let why = format!("line {}, column {}", error.line(), error.column());
            ConnectionFileError::NotJson { path: path.to_owned(), why }
        })?;
        let keys: Vec<_> = Self::NEEDED.into_iter().filter(|key| !object.contains_key(*key)).collect();
        if keys.is_empty() {
            Ok(Self { path, object })
        } else {
            Err(ConnectionFileError::MissingKeys { path: path.to_owned(), keys })
        }
    }

    /// A string; `None` if the key is missing or has another value.
    fn text(&self, key: &str) -> Option<&str> {
        self.object.get(key)?.as_str()
    }

    fn require(&self, key: &'static str) -> Result<&str, ConnectionFileError> {
        self.text(key).ok_or_else(|| self.bad(key, "not a string"))
    }

    /// What messages are signed with. Where a byte of it had to be replaced, nobody could.
    fn key(&self) -> Result<&str, ConnectionFileError> {
        let key = self.require("key")?;
        if key.contains(char::REPLACEMENT_CHARACTER) { Err(self.bad("key", "not UTF-8")) } else { Ok(key) }
    }

    fn port(&self, key: &'static str) -> Result<u16, ConnectionFileError> {
        let port = self.object.get(key).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        port.filter(|port| *port > 0).ok_or_else(|| {
            self.bad(
                key,
                "not a port number; the file for clients is ipcontroller-client.json, not -engine.json",
            )
        })
    }

    fn bad(&self, key: &'static str, problem: &str) -> ConnectionFileError {
        ConnectionFileError::BadValue { path: self.path.to_owned(), key, problem: problem.to_owned() }
    }

    fn check_packers(&self) -> Result<(), ConnectionFileError> {
        for key in ["pack", "unpack"] {
            // orjson writes the same bytes faster.
            let pack = self.text(key).unwrap_or("json");
            if !matches!(pack, "json" | "orjson") {
                return Err(ConnectionFileError::Packer {
                    path: self.path.to_owned(),
                    pack: pack.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn check_curve(&self, in_env: bool) -> Result<(), ConnectionFileError> {
        let in_file = self.text("curve_serverkey").is_some_and(|key| !key.is_empty());
        let asked_by = match (in_file, in_env) {
            (true, _) => "curve_serverkey",
            (false, true) => "the environment variable IPP_CURVE_SERVERKEY",
            (false, false) => return Ok(()),
        };
        Err(ConnectionFileError::Curve { path: self.path.to_owned(), asked_by })
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
