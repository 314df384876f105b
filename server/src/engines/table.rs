//! The engines alive at one moment, and what they do: values that can be kept and compared.
//!
//! These are two values, since engines come and go seldom while what they do changes all the time.

use std::{collections::BTreeMap, sync::Arc};

use super::{EngineId, EngineUuid};
use crate::jupyter::MsgId;

/// One ipyparallel engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The Hub's id.
    pub id: EngineId,
    /// Its name on the wire.
    pub uuid: EngineUuid,
    /// The machine it runs on, once that is known: letters, digits, `.`, `-` and `_` only.
    pub host: Option<Arc<str>>,
    /// Its process id there, once that is known.
    pub pid: Option<u32>,
}

/// The engines of a cluster, in the order of their ids: who is there, not what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineTable {
    engines: BTreeMap<EngineId, Engine>,
}

impl EngineTable {
    /// Adds an engine, or replaces the one of the same id.
    pub fn insert(&mut self, id: EngineId, uuid: EngineUuid) {
        self.engines.insert(id, Engine { id, uuid, host: None, pid: None });
    }

    /// Notes where an engine runs.
    pub fn place(&mut self, id: EngineId, host: Option<Arc<str>>, pid: Option<u32>) {
        if let Some(engine) = self.engines.get_mut(&id) {
            (engine.host, engine.pid) = (host, pid);
        }
    }

    /// Removes an engine, and returns it if it was there.
    pub fn remove(&mut self, id: EngineId) -> Option<Engine> {
        self.engines.remove(&id)
    }

    /// The engine of this id.
    pub fn get(&self, id: EngineId) -> Option<&Engine> {
        self.engines.get(&id)
    }

    /// All engines, by rising id.
    pub fn iter(&self) -> impl Iterator<Item = &Engine> {
        self.engines.values()
    }

    /// All ids, rising.
    pub fn ids(&self) -> Vec<EngineId> {
        self.engines.keys().copied().collect()
    }

    /// How many engines there are.
    pub fn len(&self) -> usize {
        self.engines.len()
    }

    /// Whether no engine has registered.
    pub fn is_empty(&self) -> bool {
        self.engines.is_empty()
    }
}

impl FromIterator<(EngineId, EngineUuid)> for EngineTable {
    fn from_iter<I: IntoIterator<Item = (EngineId, EngineUuid)>>(iter: I) -> Self {
        let mut table = Self::default();
        for (id, uuid) in iter {
            table.insert(id, uuid);
        }
        table
    }
}

/// What an engine's newest `status` message said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// No status was seen yet.
    #[default]
    Unknown,
    /// It waits for a request.
    Idle,
    /// It works on the request with this id, which may be another client's.
    Busy(MsgId),
}

/// What each engine does, according to its newest status message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activities {
    known: BTreeMap<EngineId, Activity>,
}

impl Activities {
    /// What this engine does; unknown also where there is no such engine.
    pub fn of(&self, id: EngineId) -> &Activity {
        self.known.get(&id).unwrap_or(&Activity::Unknown)
    }

    /// Notes what an engine does, and returns whether that changed anything.
    pub fn note(&mut self, id: EngineId, activity: Activity) -> bool {
        let changed = *self.of(id) != activity;
        self.known.insert(id, activity);
        changed
    }

    /// Forgets an engine, and returns whether anything was known of it.
    pub fn forget(&mut self, id: EngineId) -> bool {
        self.known.remove(&id).is_some()
    }
}
