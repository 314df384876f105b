//! The engine table, from the Hub's answers, which are lists, and its notifications, which are changes.
//!
//! A notification can come before the answer that was made before it, so whatever came after the question is applied
//! again on top of the answer.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    engines::{Activities, Activity, EngineId, EngineTable, EngineUuid},
    jupyter::{
        Message, MsgId,
        content::{Status, UsageReply},
    },
};

/// The engine table and the questions to the Hub.
#[derive(Default)]
pub(super) struct Hub {
    table: EngineTable,
    activities: Activities,
    /// Engines that are busy only according to the Hub: nothing that they published was heard since.
    unheard: BTreeSet<EngineId>,
    ids: HashMap<EngineUuid, EngineId>,
    /// Without an answer yet, oldest first.
    questions: VecDeque<(MsgId, Instant)>,
    last_asked: Option<Instant>,
    /// Whether it listed its engines since the connection was made.
    known: bool,
    news: Vec<(Instant, News)>,
    /// Engines that came into the table and were not taken note of yet.
    new: Vec<EngineUuid>,
}

/// An engine that is not in the table any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) uuid: EngineUuid,
    /// Whether another engine has its id now, which happens only with another controller.
    pub(super) replaced: bool,
}

/// `registration_notification` and `unregistration_notification`.
#[derive(Clone, Debug)]
enum News {
    Came(EngineId, EngineUuid),
    Left(EngineId, EngineUuid),
}

/// A request that an engine has not ended, according to the Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfinished {
    pub(super) engine: EngineUuid,
    pub(super) request: MsgId,
}

#[derive(Deserialize)]
struct DbReply {
    status: String,
    #[serde(default)]
    records: Vec<Record>,
}

/// A record of the Hub's database, of which only this is asked for.
#[derive(Deserialize)]
struct Record {
    msg_id: MsgId,
    /// Absent for what was not assigned to an engine yet.
    #[serde(default)]
    engine_uuid: Option<EngineUuid>,
    /// An ISO date.
    #[serde(default)]
    submitted: Option<String>,
}

/// The content of the question to the Hub that [`read_unfinished`] reads the answer to.
pub(super) const ASK_UNFINISHED: &str =
    r#"{"query": {"completed": {"$eq": null}}, "keys": ["engine_uuid", "submitted"]}"#;

/// Reads a `db_reply`: what was not completed, the oldest first. A Hub without a database knows nothing.
pub(super) fn read_unfinished(message: &Message) -> Vec<Unfinished> {
    let mut records = match message.content_as::<DbReply>() {
        Ok(reply) if reply.status == "ok" => reply.records,
        Ok(reply) => {
            tracing::debug!(reply.status, "the Hub does not say what engines have not finished");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(%error, "unreadable {}", message.header.msg_type);
            Vec::new()
        }
    };
    records.sort_by(|one, other| one.submitted.cmp(&other.submitted));
    let assigned = |record: Record| Some(Unfinished { engine: record.engine_uuid?, request: record.msg_id });
    records.into_iter().filter_map(assigned).collect()
}

#[derive(Deserialize)]
struct EngineNews {
    id: EngineId,
    uuid: EngineUuid,
}

#[derive(Deserialize)]
struct ConnectionReply {
    status: String,
    #[serde(default)]
    engines: BTreeMap<String, EngineUuid>,
}

/// Requests to the control thread, and short ones to the shell. An engine that handles one of them does not count as busy.
const HOUSEKEEPING: [&str; 12] = [
    "kernel_info_request",
    "interrupt_request",
    "abort_request",
    "clear_request",
    "shutdown_request",
    "signal_request",
    "debug_request",
    "usage_request",
    "comm_info_request",
    "create_subshell_request",
    "delete_subshell_request",
    "list_subshell_request",
];

impl Hub {
    pub(super) fn table(&self) -> &EngineTable {
        &self.table
    }

    /// What the engines do.
    pub(super) fn activities(&self) -> &Activities {
        &self.activities
    }

    /// The engine that has this uuid now.
    pub(super) fn engine(&self, uuid: &EngineUuid) -> Option<EngineId> {
        self.ids.get(uuid).copied()
    }

    /// The engines that came into the table since the last call.
    pub(super) fn take_new(&mut self) -> Vec<EngineUuid> {
        std::mem::take(&mut self.new)
    }

    /// Notes where an engine runs, and returns its host if that is now known.
    pub(super) fn place(&mut self, uuid: &EngineUuid, place: &UsageReply) -> Option<Arc<str>> {
        let id = self.engine(uuid)?;
        let host = place.hostname.as_deref().filter(|host| is_host_name(host)).map(Arc::from);
        self.table.place(id, host.clone(), place.pid);
        host
    }

    /// Notes a question that was sent.
    pub(super) fn asked(&mut self, id: MsgId, now: Instant) {
        self.questions.push_back((id, now));
        self.last_asked = Some(now);
    }

    /// When the oldest question without an answer was sent.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.questions.front().map(|(_, at)| *at)
    }

    /// When the newest question was sent; `None` if there is reason to ask at once.
    pub(super) fn last_asked(&self) -> Option<Instant> {
        self.last_asked
    }

    /// Whether it listed its engines since the connection was made.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// There is reason to ask again.
    pub(super) fn ask_soon(&mut self) {
        self.last_asked = None;
    }

    /// The connection broke: what was asked is not answered any more.
    pub(super) fn disconnected(&mut self) {
        self.questions.clear();
        self.news.clear();
        self.last_asked = None;
        self.known = false;
    }

    /// Reads a `connection_reply`; `None` if it answers no question of this client. Returns the engines that are gone.
    pub(super) fn answer(&mut self, id: &MsgId, message: &Message) -> Option<Vec<Gone>> {
        let at = self.questions.iter().position(|(question, _)| question == id)?;
        let (_, asked) = self.questions[at];
        let reply = match message.content_as::<ConnectionReply>() {
            Ok(reply) if reply.status == "ok" => reply,
            Ok(reply) => {
                tracing::warn!(status = reply.status, "the Hub refused to list its engines");
                return None;
            }
            Err(error) => {
                tracing::warn!(%error, "unreadable list of engines");
                return None;
            }
        };
        self.questions.drain(..=at);
        self.known = true;
        let mut listed: BTreeMap<EngineId, EngineUuid> = reply
            .engines
            .into_iter()
            .filter_map(|(id, uuid)| Some((EngineId(id.parse().ok()?), uuid)))
            .collect();
        for (_, news) in self.news.iter().filter(|(came, _)| *came >= asked) {
            match news {
                News::Came(id, uuid) => listed.insert(*id, uuid.clone()),
                News::Left(id, _) => listed.remove(id),
            };
        }
        if self.questions.is_empty() {
            self.news.clear();
        }
        Some(self.replace(&listed))
    }

    /// Reads a notification, and returns the engine that it says is gone, if any.
    pub(super) fn notified(&mut self, message: &Message, now: Instant) -> Option<Gone> {
        let read = || match message.content_as::<EngineNews>() {
            Ok(news) => Some(news),
            Err(error) => {
                tracing::warn!(%error, "unreadable {}", message.header.msg_type);
                None
            }
        };
        let news = match message.header.msg_type.as_str() {
            "registration_notification" => read().map(|news| News::Came(news.id, news.uuid))?,
            "unregistration_notification" => read().map(|news| News::Left(news.id, news.uuid))?,
            _ => return None,
        };
        if !self.questions.is_empty() {
            self.news.push((now, news.clone()));
        }
        match news {
            News::Came(id, uuid) => {
                let before = self.table.get(id).map(|engine| engine.uuid.clone());
                if before.as_ref() == Some(&uuid) {
                    return None;
                }
                self.insert(id, uuid);
                before.map(|uuid| {
                    self.ids.remove(&uuid);
                    Gone { uuid, replaced: true }
                })
            }
            News::Left(id, uuid) => {
                self.remove(id);
                Some(Gone { uuid, replaced: false })
            }
        }
    }

    /// Follows what an engine publishes, whichever client it works for, and returns whether its activity changed.
    pub(super) fn published(&mut self, message: &Message) -> bool {
        let uuid = EngineUuid(message.header.session.0.clone());
        let (Some(id), Some(request)) = (self.engine(&uuid), message.parent.msg_id.clone()) else {
            return false;
        };
        let is_housekeeping =
            message.parent.msg_type.as_deref().is_some_and(|kind| HOUSEKEEPING.contains(&kind));
        if is_housekeeping {
            return false;
        }
        let was_unheard = self.unheard.remove(&id);
        if message.header.msg_type != "status" {
            // Its beginning was before this client listened. Of an engine that is known to be idle, it is late output.
            let is_unknown = was_unheard || *self.activities.of(id) == Activity::Unknown;
            return is_unknown && self.activities.note(id, Activity::Busy(request));
        }
        let activity = match message.content_as::<Status>() {
            Ok(Status { execution_state }) if execution_state == "busy" => Activity::Busy(request),
            Ok(Status { execution_state }) if execution_state == "idle" => {
                // The end of earlier work does not end its newest work.
                if matches!(self.activities.of(id), Activity::Busy(newest) if *newest != request) {
                    return false;
                }
                Activity::Idle
            }
            _ => return false,
        };
        self.activities.note(id, activity)
    }

    /// Output may have been missed: what engines did is not what they do.
    pub(super) fn deaf(&mut self) {
        self.activities = Activities::default();
        self.unheard.clear();
    }

    /// What the Hub says has not ended. The oldest is what an engine works on of which nothing was heard, if it may have begun
    /// `unheard`. Takes the place of what the Hub said earlier; returns whether anything changed.
    ///
    /// Code that awaits at its top level never ends for the Hub: until its engine is heard of or [`Self::passed`], it looks
    /// busy.
    pub(super) fn unfinished(&mut self, unfinished: &[Unfinished], unheard: impl Fn(&MsgId) -> bool) -> bool {
        let before = self.activities.clone();
        for id in std::mem::take(&mut self.unheard) {
            self.activities.forget(id);
        }
        let mut seen = HashSet::new();
        for Unfinished { engine, request } in unfinished.iter().filter(|one| seen.insert(&one.engine)) {
            let Some(id) = self.engine(engine) else { continue };
            if *self.activities.of(id) == Activity::Unknown && unheard(request) {
                self.activities.note(id, Activity::Busy(request.clone()));
                self.unheard.insert(id);
            }
        }
        self.activities != before
    }

    /// What an engine is busy with only according to the Hub.
    pub(super) fn unheard(&self, engine: EngineId) -> Option<&MsgId> {
        match self.activities.of(engine) {
            Activity::Busy(request) if self.unheard.contains(&engine) => Some(request),
            _ => None,
        }
    }

    /// The engine is past this request, whatever the Hub says. Returns whether its activity changed.
    pub(super) fn passed(&mut self, engine: &EngineUuid, request: &MsgId) -> bool {
        let Some(id) = self.engine(engine).filter(|id| self.unheard(*id) == Some(request)) else {
            return false;
        };
        self.unheard.remove(&id);
        self.activities.note(id, Activity::Idle)
    }

    /// The controller is gone, and its engines with it.
    pub(super) fn lost(&mut self) {
        self.table = EngineTable::default();
        self.activities = Activities::default();
        self.unheard.clear();
        self.ids.clear();
        self.new.clear();
    }

    fn replace(&mut self, listed: &BTreeMap<EngineId, EngineUuid>) -> Vec<Gone> {
        let mut gone = Vec::new();
        for engine in self.table.iter() {
            match listed.get(&engine.id) {
                Some(uuid) if *uuid == engine.uuid => {}
                other => gone.push(Gone { uuid: engine.uuid.clone(), replaced: other.is_some() }),
            }
        }
        let leaving: Vec<_> = self.table.ids().into_iter().filter(|id| !listed.contains_key(id)).collect();
        leaving.into_iter().for_each(|id| self.remove(id));
        for (&id, uuid) in listed {
            if self.table.get(id).is_none_or(|engine| engine.uuid != *uuid) {
                self.remove(id);
                self.insert(id, uuid.clone());
            }
        }
        gone
    }

    fn insert(&mut self, id: EngineId, uuid: EngineUuid) {
        self.ids.insert(uuid.clone(), id);
        self.new.push(uuid.clone());
        self.forget_activity(id);
        self.table.insert(id, uuid);
    }

    fn forget_activity(&mut self, id: EngineId) {
        self.activities.forget(id);
        self.unheard.remove(&id);
    }

    fn remove(&mut self, id: EngineId) {
        self.forget_activity(id);
        if let Some(engine) = self.table.remove(id) {
            self.ids.remove(&engine.uuid);
        }
    }
}

/// What is shown as it is must be a name: no blanks, no markup, nothing that a terminal acts on or an editor makes a link of.
fn is_host_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let bare = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 253
        && text.bytes().all(fits)
        && bare(text.bytes().next())
        && bare(text.bytes().last())
        && !text.to_ascii_lowercase().starts_with("www.")
}
