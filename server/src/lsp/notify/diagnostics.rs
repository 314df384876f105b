//! Diagnostics: what is wrong in magics, and what engines raised, on the line that raised it.
//!
//! Documents are marked; a task works through them at its own pace and sends only what is new.

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
use tokio::sync::watch;

use crate::{
    blocking,
    ide::{self, EngineError},
    lint::Problem,
    lsp::{from_proto, tasks, to_proto},
    render::{cut, one_line},
    session::{DocumentView, Session, Snapshot},
};

const SOURCE: &str = "pxlens";

/// How many bytes a message may have, for a client that shows no related information.
const LISTED: usize = 4000;

/// How many texts of engines that raised alike are told as related information, and the most characters of each thing told.
const TEXTS: usize = 50;
const LINE: usize = 300;

/// The handle that marks documents.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct Diagnostics(watch::Sender<Marked>);

/// What is to be looked at again.
#[derive(Clone, Debug, Default)]
struct Marked {
    uris: HashSet<Uri>,
    /// All documents that are open.
    all: bool,
}

impl Diagnostics {
    /// A handle, and the task behind it. `related`: whether the client shows related information.
    pub(in crate::lsp) fn new(
        session: Session,
        client: tower_lsp::Client,
        related: bool,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut changed) = watch::channel(Marked::default());
        let marks = Self(sender);
        let taker = marks.clone();
        let task = async move {
            let mut told: HashMap<Uri, Vec<Diagnostic>> = HashMap::new();
            let mut open: HashSet<Uri> = HashSet::new();
            // The task holds a sender itself, so that this never fails.
            while changed.changed().await.is_ok() {
                let Marked { mut uris, all } = taker.take();
                if all {
                    uris.extend(open.iter().cloned());
                }
                for uri in uris {
                    let Some((version, now)) =
                        tasks::guarded("diagnostics", look(&session, &uri, related)).await
                    else {
                        continue;
                    };
                    match version {
                        Some(_) => open.insert(uri.clone()),
                        None => open.remove(&uri),
                    };
                    if told.get(&uri).map_or(&[][..], Vec::as_slice) == now {
                        continue;
                    }
                    client.publish_diagnostics(uri.clone(), now.clone(), version).await;
                    if now.is_empty() {
                        told.remove(&uri);
                    } else {
                        told.insert(uri, now);
                    }
                }
            }
        };
        (marks, task)
    }

    /// Notes that a document's diagnostics may be others now.
    pub(in crate::lsp) fn check(&self, uri: &Uri) {
        self.0.send_modify(|marked| {
            marked.uris.insert(uri.clone());
        });
    }

    /// Notes that the diagnostics of every document may be others now, as when engines come or go.
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

/// Looking at a document with this in its URI meets a bug, for tests of what it costs.
#[cfg(test)]
pub(in crate::lsp) const PANICS: &str = "panics-when-looked-at";

/// The diagnostics of a document as it is now; none for one that is closed.
async fn look(session: &Session, uri: &Uri, related: bool) -> (Option<i32>, Vec<Diagnostic>) {
    let snapshot = session.snapshot(from_proto::key(uri)).await;
    #[cfg(test)]
    assert!(!uri.0.contains(PANICS), "looked at {}", uri.0);
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

/// A document that cannot be read at all.
fn unreadable(why: &str) -> Diagnostic {
    Diagnostic {
        severity: Some(DiagnosticSeverity::Error),
        code: Some(to_proto::UNREADABLE.to_owned().into()),
        source: Some(SOURCE.into()),
        message: why.to_owned().into(),
        ..Default::default()
    }
}

/// A problem as LSP shows it.
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

/// One diagnostic for all engines that raised alike; where they say different things, each with its engines. What was
/// stopped is no error.
fn of_error(uri: &Uri, error: EngineError, related: bool, files: &HashMap<String, Uri>) -> Diagnostic {
    let range = to_proto::range(error.range);
    let mut message = format!("{} {}", error.ranks, error.title);
    let texts = if error.variants.len() > 1 { error.variants.as_slice() } else { &[] };
    let (texts, untold) = texts.split_at(if related { TEXTS.min(texts.len()) } else { texts.len() });
    let variants = texts.iter().map(|variant| {
        let first = one_line(variant.value.lines().next().unwrap_or_default());
        let text = if first.is_empty() { String::new() } else { format!(": {}", cut(&first, LINE)) };
        (None, format!("{} {}{text}", variant.ranks, error.name))
    });
    let untold = (!untold.is_empty()).then(|| (None, and_more(untold.len())));
    let others =
        error.related.iter().map(|related| (related.file.as_ref(), cut(&one_line(&related.message), LINE)));
    let all = variants.chain(untold).chain(others);
    let mut information = None;
    if related {
        let told = all.filter_map(|(file, message)| {
            let location = match file {
                None => Location { uri: uri.clone(), range },
                Some((path, line)) => {
                    let at = Position { line: *line, character: 0 };
                    Location { uri: files.get(path)?.clone(), range: Range { start: at, end: at } }
                }
            };
            Some(DiagnosticRelatedInformation { location, message })
        });
        information = Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty());
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
        code: Some(error.name.into()),
        source: Some(SOURCE.into()),
        message: message.into(),
        related_information: information,
        // So that a client can tell what engines raised from what is wrong in a magic.
        data: Some(serde_json::json!({ "run": to_proto::run_id(error.run) })),
        ..Default::default()
    }
}

fn and_more(n: usize) -> String {
    format!("and {n} more; hovering over the line shows them")
}

/// The files of calls outside of the cell, as far as they are here: engines may be elsewhere. pxlens opens none of them.
async fn files_here(errors: &[EngineError]) -> HashMap<String, Uri> {
    let named = errors.iter().flat_map(|error| &error.related).filter_map(|related| related.file.as_ref());
    paths_here(named.map(|(path, _)| path.clone()).collect()).await
}

/// Which of these paths are files that are here. pxlens opens none of them.
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
    // A file system that does not answer costs the links.
    tokio::time::timeout(LOOK, look).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// How long may be looked for files.
const LOOK: Duration = Duration::from_secs(1);

/// The URI of a file that is here. IPython writes `~` for the home of the user.
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
