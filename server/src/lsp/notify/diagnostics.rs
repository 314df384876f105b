//! Diagnostics: problems of magics, and exceptions of engines on the line that raised them.
//!
//! Documents are marked; a task works through them at its own pace and sends only what has changed.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    mem,
    path::PathBuf,
    time::Duration,
};

use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Position, Range, Uri,
};
use tokio::{sync::watch, time::Instant};

use crate::{
    blocking,
    ide::{self, EngineError},
    lint::Problem,
    lsp::{from_proto, tasks, to_proto},
    render::{cut, one_line},
    session::{DocumentView, Session, Snapshot},
};

const SOURCE: &str = "pxlens";

/// The maximum size of a message in bytes, for a client that shows no related information.
const LISTED: usize = 4000;

/// How many different texts of one exception are listed as related information at most.
const TEXTS: usize = 50;
/// The maximum length, in characters, of each entry of related information.
const LINE: usize = 300;

/// How long a document must stay as it is until unchanged diagnostics are published for its newest version.
const SETTLED: Duration = Duration::from_millis(300);

/// The handle that marks documents.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct Diagnostics(watch::Sender<Marked>);

/// What must be checked again.
#[derive(Clone, Debug, Default)]
struct Marked {
    uris: HashSet<Uri>,
    /// Those of them that were closed: a client may have dropped what it was sent, also if the document is open again.
    closed: HashSet<Uri>,
    /// Whether all open documents must be.
    all: bool,
}

impl Diagnostics {
    /// A handle, and the task behind it. `related`: whether the client shows related information. `versions`: whether it compares
    /// the version for which diagnostics are published, and may then ignore those of another version.
    pub(in crate::lsp) fn new(
        session: Session,
        client: tower_lsp::Client,
        related: bool,
        versions: bool,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut changed) = watch::channel(Marked::default());
        let marks = Self(sender);
        let pending = marks.clone();
        let task = async move {
            let mut sender = Sender::new(client, versions);
            let mut open: HashSet<Uri> = HashSet::new();
            loop {
                tokio::select! {
                    // The task itself holds a sender, so this never fails.
                    _ = changed.changed() => {}
                    () = sender.settled() => {
                        sender.send_again().await;
                        continue;
                    }
                }
                let Marked { mut uris, closed, all } = pending.take();
                if all {
                    uris.extend(open.iter().cloned());
                }
                for uri in uris {
                    let Some((version, now)) =
                        tasks::guarded("diagnostics", compute(&session, &uri, related)).await
                    else {
                        continue;
                    };
                    match version {
                        Some(_) => open.insert(uri.clone()),
                        None => open.remove(&uri),
                    };
                    let is_new = closed.contains(&uri);
                    sender.send(uri, version, now, is_new).await;
                }
            }
        };
        (marks, task)
    }

    /// Notes that a document's diagnostics may have changed.
    pub(in crate::lsp) fn check(&self, uri: &Uri) {
        self.0.send_modify(|marked| {
            marked.uris.insert(uri.clone());
        });
    }

    /// Notes that a document was closed.
    pub(in crate::lsp) fn closed(&self, uri: &Uri) {
        self.0.send_modify(|marked| {
            marked.uris.insert(uri.clone());
            marked.closed.insert(uri.clone());
        });
    }

    /// Notes that the diagnostics of all documents may have changed, such as when engines come or go.
    pub(in crate::lsp) fn check_all(&self) {
        self.0.send_modify(|marked| marked.all = true);
    }

    fn take(&self) -> Marked {
        let mut taken = Marked::default();
        self.0.send_if_modified(|marked| {
            taken = mem::take(marked);
            false
        });
        taken
    }
}

/// What the client was sent, so that it is sent only what is new to it.
struct Sender {
    client: tower_lsp::Client,
    versions: bool,
    /// The diagnostics that each document has, and the version for which they were published.
    sent: HashMap<Uri, (Option<i32>, Vec<Diagnostic>)>,
    /// Documents with diagnostics of an older version, and their newest version.
    outdated: HashMap<Uri, Option<i32>>,
    /// When the newest of these versions was seen.
    edited: Option<Instant>,
}

impl Sender {
    fn new(client: tower_lsp::Client, versions: bool) -> Self {
        Self { client, versions, sent: HashMap::new(), outdated: HashMap::new(), edited: None }
    }

    /// Publishes the diagnostics of a document, unless the client has them. `is_new`: whether it may have dropped them.
    async fn send(&mut self, uri: Uri, version: Option<i32>, now: Vec<Diagnostic>, is_new: bool) {
        let (sent, before) = self.sent.get(&uri).map_or((None, &[][..]), |(version, all)| (*version, all));
        let has_them = !is_new || now.is_empty();
        if has_them && before == now {
            if self.versions && !now.is_empty() && sent != version {
                self.edited = Some(Instant::now());
                self.outdated.insert(uri, version);
            }
            return;
        }
        self.outdated.remove(&uri);
        self.client.publish_diagnostics(uri.clone(), now.clone(), version).await;
        if now.is_empty() {
            self.sent.remove(&uri);
        } else {
            self.sent.insert(uri, (version, now));
        }
    }

    /// Waits until documents with diagnostics of an older version are no longer edited; for ever if there are none.
    async fn settled(&self) {
        match self.edited.filter(|_| !self.outdated.is_empty()) {
            Some(edited) => tokio::time::sleep_until(edited + SETTLED).await,
            None => std::future::pending().await,
        }
    }

    /// Publishes the diagnostics that are the same for a newer version.
    async fn send_again(&mut self) {
        for (uri, version) in self.outdated.drain() {
            let Some((sent, all)) = self.sent.get_mut(&uri) else { continue };
            *sent = version;
            self.client.publish_diagnostics(uri, all.clone(), version).await;
        }
    }
}

/// Computing the diagnostics of a document with this in its URI panics, for tests of what that costs.
#[cfg(test)]
pub(in crate::lsp) const PANICS: &str = "panics-when-checked";

/// The current diagnostics of a document and its version; none if it is closed.
async fn compute(session: &Session, uri: &Uri, related: bool) -> (Option<i32>, Vec<Diagnostic>) {
    let snapshot = session.snapshot(from_proto::key(uri)).await;
    #[cfg(test)]
    assert!(!uri.0.contains(PANICS), "checked {}", uri.0);
    let work = move || {
        let document = snapshot.document()?;
        let mut all: Vec<Diagnostic> = document.unreadable.iter().map(|why| unreadable(why)).collect();
        all.extend(ide::problems(&snapshot).iter().map(|problem| of_problem(&snapshot, document, problem)));
        Some((document.text.version(), all, ide::errors(&snapshot)))
    };
    let Some((version, mut all, errors)) = blocking::run(work).await else { return (None, Vec::new()) };
    let files = if related { files_here(&errors).await } else { HashMap::new() };
    all.extend(errors.into_iter().map(|error| of_error(uri, error, related, &files)));
    (Some(version), all)
}

/// The diagnostic of a document that cannot be parsed at all.
fn unreadable(why: &str) -> Diagnostic {
    Diagnostic {
        severity: Some(DiagnosticSeverity::Error),
        code: Some(to_proto::UNREADABLE.to_owned().into()),
        source: Some(SOURCE.into()),
        message: why.to_owned().into(),
        ..Default::default()
    }
}

/// Converts a problem to a diagnostic.
pub(in crate::lsp) fn of_problem(
    snapshot: &Snapshot,
    document: &DocumentView,
    problem: &Problem,
) -> Diagnostic {
    Diagnostic {
        range: to_proto::range(ide::positions(document, snapshot, problem.range)),
        severity: Some(to_proto::diagnostic_severity(problem.severity)),
        code: Some(problem.rule.code().to_owned().into()),
        source: Some(SOURCE.into()),
        message: problem.message.clone().into(),
        ..Default::default()
    }
}

/// One diagnostic for all engines that raised the same exception. If its texts differ, they are listed with their
/// engines. An interrupted run is not an error.
fn of_error(uri: &Uri, error: EngineError, related: bool, files: &HashMap<String, Uri>) -> Diagnostic {
    let range = to_proto::range(error.range);
    let mut message = format!("{} {}", error.ranks, error.title);
    if error.stale {
        message.extend(["\n", ide::STALE]);
    }
    let texts = if error.variants.len() > 1 { error.variants.as_slice() } else { &[] };
    let (texts, unlisted) = texts.split_at(if related { TEXTS.min(texts.len()) } else { texts.len() });
    let variants = texts.iter().map(|variant| {
        let first = one_line(variant.value.lines().next().unwrap_or_default());
        let text = if first.is_empty() { String::new() } else { format!(": {}", cut(&first, LINE)) };
        (None, format!("{} {}{text}", variant.ranks, error.name))
    });
    let unlisted = (!unlisted.is_empty()).then(|| (None, and_more(unlisted.len())));
    let others =
        error.related.iter().map(|related| (related.file.as_ref(), cut(&one_line(&related.message), LINE)));
    let all = variants.chain(unlisted).chain(others);
    let mut information = None;
    if related {
        let listed = all.filter_map(|(file, message)| {
            let location = match file {
                None => Location { uri: uri.clone(), range },
                Some((path, line)) => {
                    let at = Position { line: *line, character: 0 };
                    Location { uri: files.get(path)?.clone(), range: Range { start: at, end: at } }
                }
            };
            Some(DiagnosticRelatedInformation { location, message })
        });
        information = Some(listed.collect::<Vec<_>>()).filter(|listed| !listed.is_empty());
    } else {
        let mut more = 0;
        for (_, line) in all.filter(|(file, _)| file.is_none()) {
            if message.len() + line.len() > LISTED {
                more += 1;
                continue;
            }
            message.extend(["\n", &line]);
        }
        if more > 0 {
            message.extend(["\n", &and_more(more)]);
        }
    }
    let severity = match (error.stale, error.interrupted) {
        (true, _) => DiagnosticSeverity::Hint,
        (false, true) => DiagnosticSeverity::Information,
        (false, false) => DiagnosticSeverity::Error,
    };
    Diagnostic {
        range,
        severity: Some(severity),
        code: Some(exception_code(&error.name).into()),
        source: Some(SOURCE.into()),
        message: message.into(),
        related_information: information,
        // This lets a client distinguish exceptions of engines from problems of magics.
        data: Some(serde_json::json!({ "run": to_proto::run_id(error.run) })),
        ..Default::default()
    }
}

/// The class of an exception, if its name is one: an engine may call it anything, and codes are for programs to compare.
fn exception_code(name: &str) -> String {
    let is_class = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if name.split('.').all(is_class) { name.to_owned() } else { "Exception".to_owned() }
}

fn and_more(n: usize) -> String {
    format!("and {n} more; hover over the line to see them")
}

/// The files of calls outside of the cell that exist on this machine; engines may be on others. pxlens does not open
/// them.
async fn files_here(errors: &[EngineError]) -> HashMap<String, Uri> {
    let named = errors.iter().flat_map(|error| &error.related).filter_map(|related| related.file.as_ref());
    paths_here(named.map(|(path, _)| path.clone()).collect()).await
}

/// The paths that are files on this machine. pxlens does not open them.
pub(in crate::lsp) async fn paths_here(named: HashSet<String>) -> HashMap<String, Uri> {
    if named.is_empty() {
        return HashMap::new();
    }
    let look = tokio::task::spawn_blocking(move || {
        named
            .into_iter()
            .filter_map(|path| Some((file_uri(&path)?, path)))
            .map(|(uri, path)| (path, uri))
            .collect()
    });
    // If the file system does not answer, only the links are lost.
    tokio::time::timeout(LOOK, look).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// How long looking for files may take.
const LOOK: Duration = Duration::from_secs(1);

/// The URI of a file that exists on this machine. IPython writes `~` for the home folder.
fn file_uri(path: &str) -> Option<Uri> {
    let whole = match path.strip_prefix("~/") {
        Some(rest) => PathBuf::from(std::env::var_os("HOME")?).join(rest),
        None => PathBuf::from(path),
    };
    if !whole.is_absolute() || !whole.is_file() {
        return None;
    }
    Some(Uri::from(url::Url::from_file_path(whole).ok()?.as_str()))
}

#[cfg(test)]
mod tests;
