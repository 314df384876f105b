//! Who sent a request, told by its message id.
//!
//! The sessions of all pxlens processes of one user begin alike: with the user's [`Identity`], a random text that is kept in the
//! user's state folder. So a later window recognizes what an earlier one left running. The identity is sent with each
//! message and is no secret: it only says whose something is.

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, OnceLock},
};

use crate::{
    jupyter::{MsgId, SessionId},
    private,
    run::RunId,
    small_file,
};

/// What the sessions of one user's pxlens processes begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Arc<str>);

/// How many characters of a session are shown.
const SHOWN: usize = 8;

/// How many characters an identity has.
const LENGTH: usize = 16;

impl Identity {
    /// One that nobody else has.
    pub fn fresh() -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self(random[..LENGTH].into())
    }

    /// The identity of this user; made at the first call. Where it cannot be kept, later processes do not know this one's
    /// requests for the user's own. Blocking.
    pub(crate) fn of_user() -> Self {
        static OF_USER: OnceLock<Identity> = OnceLock::new();
        let made = || {
            kept().unwrap_or_else(|error| {
                tracing::info!(%error, "later windows will not recognize the runs of this one");
                Self::fresh()
            })
        };
        OF_USER.get_or_init(made).clone()
    }

    /// The identity in this file, which is made if it is not there.
    fn in_file(path: &Path) -> io::Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let fresh = Self::fresh();
        match private::write_new_file(path, |out| out.write_all(fresh.0.as_bytes())) {
            // Two processes began at the same time: both use what the first one wrote.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            created => created.map(|()| fresh),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let text = String::from_utf8_lossy(&small_file::read(path)?).into_owned();
        let is_valid = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let damaged = || {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged; delete it", path.display()))
        };
        if is_valid { Ok(Self(text.into())) } else { Err(damaged()) }
    }
}

#[cfg(not(test))]
fn kept() -> io::Result<Identity> {
    use etcetera::BaseStrategy;
    let dirs = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    // Windows has no state folder.
    let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
    Identity::in_file(&state.join("pxlens").join("identity"))
}

/// Unit tests leave nothing in the home of whoever runs them.
#[cfg(test)]
fn kept() -> io::Result<Identity> {
    Ok(Identity::fresh())
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This client.
    Own,
    /// Another pxlens of this user: an earlier window, or another window or shell that is still open.
    Mine(RunName),
    /// Anybody else's client, or another program of this user.
    Other,
}

/// What a run is called by all pxlens processes of its user: the beginning of its session and its number, `3f2a91c4-7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunName(Arc<str>);

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for RunName {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Tells the requests of one client from those of others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// What the sessions of this user begin with.
    mine: Arc<str>,
    own: SessionId,
}

impl Origins {
    pub(super) fn new(identity: &Identity) -> Self {
        let mine = format!("pxlens-{}-", identity.0);
        let own = format!("{mine}{}", uuid::Uuid::new_v4().simple());
        Self { mine: mine.into(), own: own.as_str().into() }
    }

    /// The session of this client.
    pub(super) fn own(&self) -> &SessionId {
        &self.own
    }

    /// A message id of this client: of its `count`th message, which sends code of a run, or is about none.
    pub(super) fn message_id(&self, count: u64, run: Option<RunId>) -> MsgId {
        let id = format!("{}_{}_{count}", self.own.0, std::process::id());
        match run {
            Some(RunId(run)) => MsgId::from(format!("{id}_{run}").as_str()),
            None => MsgId::from(id.as_str()),
        }
    }

    /// Where the request with this id came from.
    pub(crate) fn of(&self, request: &MsgId) -> Origin {
        // One that was made without a client has sent nothing.
        let Some(session) = request.0.strip_prefix(&*self.mine).filter(|_| !self.mine.is_empty()) else {
            return Origin::Other;
        };
        if request.0.starts_with(&*self.own.0) {
            return Origin::Own;
        }
        let begin: String = session.chars().take_while(char::is_ascii_hexdigit).take(SHOWN).collect();
        let run = session.splitn(4, '_').nth(3).unwrap_or_default();
        let run = if run.bytes().all(|byte| byte.is_ascii_digit()) { run } else { "" };
        Origin::Mine(RunName(format!("{begin}-{run}").into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_user_know_each_other_and_nobody_else() {
        let user = Identity::fresh();
        let (window, earlier) = (Origins::new(&user), Origins::new(&user));
        let somebody = Origins::new(&Identity::fresh());
        let run = earlier.message_id(12, Some(RunId(7)));
        assert_eq!(earlier.of(&run), Origin::Own);
        assert_eq!(somebody.of(&run), Origin::Other);
        let Origin::Mine(name) = window.of(&run) else { panic!("{run}") };
        let begin = earlier.own().0.rsplit('-').next().expect("it has one")[..SHOWN].to_owned();
        assert_eq!(name.to_string(), format!("{begin}-7"));
        for other in ["", "1c3a-22_4711_3", "pxlens--_1_2_3"] {
            assert_eq!(window.of(&MsgId::from(other)), Origin::Other, "{other}");
            assert_eq!(Origins::default().of(&MsgId::from(other)), Origin::Other, "{other}");
        }
    }

    #[test]
    fn a_name_of_a_run_shows_nothing_but_letters_and_digits_whatever_somebody_sends() {
        let window = Origins::new(&Identity::fresh());
        let crafted = MsgId::from(format!("{}\u{1b}[31mx_1_2_\u{7}7", window.mine).as_str());
        assert_eq!(window.of(&crafted), Origin::Mine(RunName::from("-")));
    }

    #[test]
    fn an_identity_is_made_once_and_read_from_then_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pxlens/identity");
        let first = Identity::in_file(&path).expect("it is made");
        assert_eq!(Identity::in_file(&path).expect("it is there"), first);
        std::fs::write(&path, "not an identity").expect("it can be written");
        let error = Identity::in_file(&path).expect_err("it is damaged").to_string();
        assert!(error.ends_with("identity is damaged; delete it"), "{error}");
    }
}
